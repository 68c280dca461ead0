//! Redirects over the wire; the whole matrix is tested where the policy is.

use super::*;
use crate::model::exchange::FailureKind;

fn with_secrets(url: &str) -> Outgoing {
    let headers = vec![
        Header::new("Authorization", "Bearer SECRET"),
        Header::new("Cookie", "a=SECRET"),
        Header::sensitive("X-Key", "SECRET"),
        Header::new("X-Plain", "kept"),
    ];
    Outgoing { body_sensitive: true, url_sensitive: true, ..post(url, headers, "client_secret=SECRET") }
}

#[tokio::test]
async fn no_byte_of_a_secret_reaches_a_second_origin() {
    for status in [301, 302, 303, 307, 308] {
        for host in ["127.0.0.1", "localhost"] {
            let second = Server::start(|_| ok("there")).await;
            let target = format!("http://{host}:{}/b", second.address.port());
            let to = target.clone();
            let first = Server::start(move |_| redirect(status, &to)).await;
            let exchange = send(with_secrets(&first.url("/a?key=SECRET"))).await;
            assert_eq!(text(&exchange), "there");
            let seen = second.seen().pop().unwrap();
            assert!(!seen.contains("SECRET") && seen.contains("x-plain: kept"), "{seen}");
            let hop = &exchange.redirects[0];
            assert_eq!((hop.status, hop.to.as_str()), (status, target.as_str()));
            for name in ["authorization", "cookie", "x-key"] {
                assert!(hop.dropped.iter().any(|d| d == name));
            }
            assert_eq!(hop.dropped.iter().any(|d| d == "body"), status > 303);
            assert_eq!(exchange.request.url, target);
        }
    }
}

#[tokio::test]
async fn another_host_on_the_same_port_is_another_origin() {
    let server = Server::start(|request| {
        let port = request
            .split("127.0.0.1:")
            .nth(1)
            .and_then(|rest| rest.split('\r').next())
            .unwrap_or("0")
            .to_owned();
        if request.contains("/a") { redirect(307, &format!("http://localhost:{port}/b")) } else { ok("") }
    })
    .await;
    send(with_secrets(&server.url("/a"))).await;
    let seen = server.seen();
    assert!(seen[0].contains("SECRET"));
    assert!(!seen[1].contains("SECRET"), "{}", seen[1]);
}

#[tokio::test]
async fn the_same_origin_gets_everything_again_for_307() {
    let server =
        Server::start(|request| if request.contains("/a") { redirect(307, "/b") } else { ok("") }).await;
    let exchange = send(with_secrets(&server.url("/a"))).await;
    let seen = server.seen().pop().unwrap();
    assert!(
        seen.starts_with("POST /b")
            && seen.contains("Bearer SECRET")
            && seen.ends_with("client_secret=SECRET")
    );
    assert_eq!(exchange.redirects[0].dropped, Vec::<String>::new());
    assert!(exchange.reused, "the connection of the redirect is used again");
}

#[tokio::test]
async fn without_redirects_allowed_the_redirect_is_the_answer() {
    let server = Server::start(|_| redirect(302, "http://127.0.0.1:1/")).await;
    let exchange = send(Outgoing { redirects: 0, ..get(&server.url("/")) }).await;
    assert_eq!(
        (exchange.status(), exchange.failure.clone(), text(&exchange).as_str()),
        (Some(302), None, "hi")
    );
}

#[tokio::test]
async fn a_loop_ends_with_the_last_redirect_kept() {
    let server = Server::start(|_| redirect(302, "/again?token=SECRET")).await;
    let exchange = send(Outgoing { redirects: 3, ..get(&server.url("/")) }).await;
    assert_eq!((exchange.status(), exchange.redirects.len(), server.seen().len()), (Some(302), 3, 4));
    let failure = exchange.failure.unwrap();
    assert_eq!(failure.kind, FailureKind::RedirectLoop);
    assert!(!failure.text.contains("SECRET"));
}

#[tokio::test]
async fn a_redirect_to_something_else_than_http_is_not_followed() {
    let server = Server::start(|_| redirect(302, "ftp://files.example/x")).await;
    let exchange = send(get(&server.url("/"))).await;
    assert_eq!(exchange.status(), Some(302));
    assert_eq!(exchange.failure.unwrap().kind, FailureKind::Url);
}
