//! The endpoints beside the token endpoint, and answers that are too much.

use super::desk::{Desk, browse, log_in, login_plan, parameter, state};
use super::*;
use crate::flow::manage::{discover, introspect, revoke_token, userinfo};
use crate::model::profile::Grant;
use crate::model::token::Token;
use crate::oauth::management::Hint;
use async_compression::tokio::write::GzipEncoder;

/// Redirects everywhere but at the token endpoint, to another origin.
async fn redirecting(status: u16) -> (Server, Server) {
    let thief = Server::start(|_| Some((200, TOKEN.to_owned()))).await;
    let to = format!("Location: {}/stolen\r\n", thief.base);
    let server = Server::speaking(move |r| {
        Some(match r.path() {
            "/token" => {
                reply(200, "", r#"{"access_token":"access-1","refresh_token":"refresh-1","expires_in":600}"#)
            }
            _ => reply(status, &to, "{}"),
        })
    })
    .await;
    (server, thief)
}

fn everywhere(base: &str) -> TokenPlan {
    let mut plan = token_plan(base);
    plan.profile.revocation_url = "{{base_url}}/revoke".into();
    plan.profile.introspection_url = "{{base_url}}/introspect".into();
    plan.profile.userinfo_url = "{{base_url}}/userinfo".into();
    plan
}

#[tokio::test]
async fn no_endpoint_is_followed_to_another_origin_whatever_the_redirect() {
    for status in [302, 307] {
        let (server, thief) = redirecting(status).await;
        let session = session(&vault(&[("client_secret", "the-client-secret")]));
        let _desk = Desk::at(&session);
        let (plan, cancel) = (everywhere(&server.base), CancellationToken::new());
        let token = obtain_token(&session, &plan, false, &no_progress, &cancel).await.unwrap();
        let mut pushing = login_plan(&server.base);
        pushing.profile.par = true;
        pushing.profile.par_url = "{{base_url}}/par".into();
        pushing.profile.client_auth = ClientAuth::Body;
        let mut device = login_plan(&server.base);
        device.profile.grant = Grant::DeviceCode;
        device.profile.device_authorization_url = "{{base_url}}/device".into();
        let issuer = format!("{}/as", server.base);
        let problems = [
            revoke_token(&session, &plan, &token, &cancel).await.unwrap_err().problem,
            introspect(&session, &plan, &token, Hint::Refresh, &cancel).await.unwrap_err().problem,
            userinfo(&session, &plan, &token, &cancel).await.unwrap_err().problem,
            obtain_token(&session, &pushing, true, &no_progress, &cancel).await.unwrap_err().problem,
            obtain_token(&session, &device, true, &no_progress, &cancel).await.unwrap_err().problem,
            discover(&session, &plan, &issuer, false, &cancel).await.unwrap_err().problem,
            discover(&session, &plan, &issuer, true, &cancel).await.unwrap_err().problem,
        ];
        for problem in problems {
            let told = problem.why.contains("redirect") || problem.why.contains(&status.to_string());
            assert!(told, "{status}: {problem}");
        }
        for path in ["/revoke", "/introspect", "/userinfo", "/par", "/device"] {
            assert_eq!(server.count(path), 1, "{path}");
        }
        assert!(thief.arrived().is_empty(), "{:?}", thief.arrived());
        assert_eq!(session.tokens().len(), 1, "what was not revoked is kept");
    }
}

/// What comes of these bytes as the whole answer.
async fn given(answer: Vec<u8>) -> Result<Token, TokenFailure> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(&answer).await;
        }
    });
    let session = session(&vault(&[("client_secret", "secret")]));
    let got =
        obtain_token(&session, &token_plan(&base), false, &no_progress, &CancellationToken::new()).await;
    assert!(got.is_ok() || session.tokens().is_empty());
    got
}

fn with_length(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

#[tokio::test]
async fn a_gzip_bomb_with_a_token_at_its_end_is_given_up() {
    let mut encoder = GzipEncoder::new(Vec::new());
    let blanks = vec![b' '; 1 << 20];
    for _ in 0..64 {
        encoder.write_all(&blanks).await.unwrap();
    }
    encoder.write_all(TOKEN.as_bytes()).await.unwrap();
    encoder.shutdown().await.unwrap();
    let bomb = encoder.into_inner();
    assert!(bomb.len() < 1 << 20);
    let problem = given(with_length("Content-Encoding: gzip\r\n", &bomb)).await.unwrap_err().problem;
    assert!(problem.why.contains("larger than") || problem.why.contains("grew"), "{problem}");
}

#[tokio::test]
async fn a_token_of_ten_megabytes_is_no_token() {
    let body = format!(r#"{{"access_token":"{}"}}"#, "a".repeat(10 << 20));
    let problem = given(with_length("", body.as_bytes())).await.unwrap_err().problem;
    assert!(problem.why.contains("larger than"), "{problem}");
    assert!(problem.to_string().len() < 1000);
}

#[tokio::test]
async fn an_issuer_without_tls_is_told_and_one_that_says_it_is_another_scheme_is_not_believed() {
    let said = Arc::new(Mutex::new(json!({"issuer": "https://as.test"})));
    let saying = Arc::clone(&said);
    let server = Server::start(move |_| Some((200, saying.lock().unwrap().to_string()))).await;
    let at = server.base.trim_start_matches("http://").to_owned();
    let mut plan = token_plan(&server.base);
    plan.environment.network.resolve = vec![("as.test".into(), at.clone())];
    let (session, cancel) = (session(&vault(&[])), CancellationToken::new());
    let issuer = format!("http://as.test:{}", at.rsplit(':').next().unwrap());
    let problem = discover(&session, &plan, &issuer, false, &cancel).await.unwrap_err().problem;
    assert!(problem.why.contains("https://as.test"), "{problem}");
    *said.lock().unwrap() = json!({"issuer": issuer, "token_endpoint": "https://elsewhere.test/token"});
    let found = discover(&session, &plan, &issuer, false, &cancel).await.unwrap();
    for part in ["not https", "another host than the issuer: elsewhere.test"] {
        assert!(found.notes.iter().any(|n| n.contains(part)), "{:?}", found.notes);
    }
}

#[tokio::test]
async fn the_address_a_browser_gets_holds_no_secret_and_nothing_of_it_comes_twice() {
    let server = api().await;
    let session = session(&vault(&[("client_secret", "the-client-secret")]));
    let desk = Desk::at(&session);
    let mut plan = login_plan(&server.base);
    plan.profile.client_auth = ClientAuth::Body;
    plan.profile.scope = vec!["openid".into()];
    plan.profile.dpop = true;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let cancel = CancellationToken::new();
        let (token, roads) =
            tokio::join!(obtain_token(&session, &plan, true, &no_progress, &cancel), async {
                let roads = desk.roads().await;
                let page =
                    browse(roads.port.unwrap(), &format!("/callback?code=the-code&state={}", state(&roads)))
                        .await;
                assert!(!page.contains("the-code") && !page.contains(&state(&roads)), "{page}");
                roads
            });
        assert!(token.is_ok());
        let verifier = server.arrived().pop().unwrap().field("code_verifier").unwrap();
        assert!(verifier.len() >= 43);
        let url = url::Url::parse(roads.url.as_ref().unwrap()).unwrap();
        let names: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
        assert_eq!(
            names,
            [
                "response_type",
                "client_id",
                "redirect_uri",
                "scope",
                "state",
                "code_challenge",
                "code_challenge_method",
                "dpop_jkt",
                "nonce"
            ]
        );
        assert!(!url.as_str().contains(&verifier) && !url.as_str().contains("the-client-secret"), "{url}");
        seen.extend([state(&roads), parameter(&roads, "nonce").unwrap(), verifier]);
    }
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count, "states, nonces and verifiers are of one login only");
}

#[tokio::test]
async fn the_right_callback_sent_twice_at_once_is_redeemed_once() {
    let server = api().await;
    let session = session(&vault(&[]));
    let desk = Desk::at(&session);
    let plan = login_plan(&server.base);
    let (token, _) = tokio::join!(log_in(&session, &plan), async {
        let roads = desk.roads().await;
        let target = format!("/callback?code=good&state={}", state(&roads));
        let both = (0..8).map(|_| browse(roads.port.unwrap(), &target));
        futures_util::future::join_all(both).await
    });
    assert!(token.is_ok());
    assert_eq!(server.count("/token"), 1);
}

#[tokio::test]
async fn the_address_another_login_ended_at_is_stray_here() {
    let server = api().await;
    let (mine, theirs) = (session(&vault(&[])), session(&vault(&[])));
    let (desk, other) = (Desk::at(&mine), Desk::at(&theirs));
    let mut plan = login_plan(&server.base);
    plan.profile.redirect_uri = "https://app.example.test/done".into();
    let (token, _, ()) = tokio::join!(log_in(&mine, &plan), log_in(&theirs, &plan), async {
        let (own, foreign) = (desk.roads().await, other.roads().await);
        let end = |roads: &_, code: &str| {
            format!("https://app.example.test/done?code={code}&state={}", state(roads))
        };
        desk.paste(end(&foreign, "evil"));
        desk.paste(format!("evil#{}", state(&foreign)));
        while desk.notes().len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        desk.paste(end(&own, "good"));
        other.paste(end(&foreign, "theirs"));
    });
    assert!(token.is_ok());
    assert!(server.arrived().iter().all(|a| a.field("code").as_deref() != Some("evil")));
}

#[tokio::test]
async fn a_device_code_that_nobody_uses_ends_by_itself_however_long_the_server_says_pending() {
    let server = Server::start(|r| {
        Some(match r.path() {
            "/device" => (200, r#"{"device_code":"d-1234567","user_code":"U","verification_uri":"https://h/","expires_in":2,"interval":0}"#.into()),
            _ => (400, r#"{"error":"authorization_pending"}"#.into()),
        })
    })
    .await;
    let session = session(&vault(&[]));
    let desk = Desk::at(&session);
    let mut plan = login_plan(&server.base);
    plan.profile.grant = Grant::DeviceCode;
    plan.profile.device_authorization_url = "{{base_url}}/device".into();
    let problem = log_in(&session, &plan).await.unwrap_err().problem;
    assert!(problem.why.contains("ended before"), "{problem}");
    assert!(
        server.count("/token") <= 2,
        "an interval of 0 is no licence to hurry: {}",
        server.count("/token")
    );
    assert_eq!(desk.overs(), 1);
}
