//! Servers that misbehave, and requests that cannot be sent.

use super::*;
use crate::model::exchange::FailureKind;
use std::time::Instant;

#[tokio::test]
async fn a_body_cut_off_is_kept_and_labelled() {
    let server =
        Server::start(|_| b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npartial!close".to_vec()).await;
    let exchange = send(get(&server.url("/"))).await;
    assert_eq!(text(&exchange), "partial");
    let failure = exchange.failure.clone().unwrap();
    assert_eq!(failure.kind, FailureKind::Reset);
    assert!(failure.text.contains("before its announced end"), "{}", failure.text);
    assert!(exchange.response.unwrap().incomplete.is_some());
}

#[tokio::test]
async fn an_encoded_body_cut_off_keeps_what_could_be_decoded() {
    let plain: String = (0..20_000).map(|n| format!("{n} ")).collect();
    let mut encoder = async_compression::tokio::write::GzipEncoder::new(Vec::new());
    encoder.write_all(plain.as_bytes()).await.unwrap();
    encoder.shutdown().await.unwrap();
    let mut half = encoder.into_inner();
    half.truncate(half.len() / 2);
    let server = Server::start(move |_| with_headers("content-encoding: gzip\r\n", &half)).await;
    let exchange = send(get(&server.url("/"))).await;
    let got = text(&exchange);
    assert!(got.len() > 1_000 && plain.starts_with(&got));
    assert!(exchange.response.unwrap().incomplete.unwrap().contains("cut off"));
    assert_eq!(exchange.failure.unwrap().kind, FailureKind::Reset);

    let server = Server::start(|_| with_headers("content-encoding: gzip\r\n", "<html>not gzip</html>")).await;
    let exchange = send(get(&server.url("/"))).await;
    assert!(exchange.response.unwrap().incomplete.unwrap().contains("not valid `gzip`"));
}

#[tokio::test]
async fn a_silent_server_runs_into_the_time_limit() {
    let server = Server::start(|_| Vec::new()).await;
    let begun = Instant::now();
    let exchange =
        send(Outgoing { timeout: Duration::from_millis(60), ..get(&server.url("/?token=SECRET")) }).await;
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert_eq!(exchange.response.map(|r| r.status), None);
    let failure = exchange.failure.unwrap();
    assert_eq!(failure.kind, FailureKind::Timeout);
    assert!(failure.text.contains("0.06 s") && !failure.text.contains("SECRET"));
    assert!(exchange.timings.total.is_some() && exchange.timings.wait.is_none());
}

#[tokio::test]
async fn cancelling_ends_at_once_and_keeps_what_came() {
    let server = Server::start(|_| b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npartial".to_vec()).await;
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    let got = move |phase: crate::model::progress::Phase| {
        if matches!(phase, crate::model::progress::Phase::Receiving { got: 7, .. }) {
            stop.cancel();
        }
    };
    let begun = Instant::now();
    let exchange = engine().send(get(&server.url("/")), &got, &cancel).await;
    assert!(begun.elapsed() < Duration::from_millis(500));
    assert_eq!(exchange.failure.clone().unwrap().kind, FailureKind::Cancelled);
    assert_eq!(text(&exchange), "partial");
    assert!(exchange.response.unwrap().incomplete.unwrap().contains("cancelled"));
}

#[tokio::test]
async fn cancelled_before_it_begins_sends_nothing() {
    let server = Server::start(|_| ok("")).await;
    let cancel = CancellationToken::new();
    cancel.cancel();
    let exchange = engine().send(get(&server.url("/")), &no_progress, &cancel).await;
    assert_eq!(exchange.failure.unwrap().kind, FailureKind::Cancelled);
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_said_to_be_that() {
    for garbage in [
        &b"<html><body>hello</body></html>\r\n\r\n!close"[..],
        b"SSH-2.0-OpenSSH_9.2\r\n!close",
        b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\r\n!close",
    ] {
        let server = Server::start(|_| garbage.to_vec()).await;
        let failure = send(get(&server.url("/?key=SECRET"))).await.failure.unwrap();
        assert_eq!(failure.kind, FailureKind::Protocol, "{failure:?}");
        assert!(failure.text.contains("is not HTTP") && !failure.text.contains("SECRET"), "{failure:?}");
    }
}

#[tokio::test]
async fn a_connection_closed_without_an_answer_is_a_reset() {
    let server = Server::start(|_| CLOSE.to_vec()).await;
    let failure = send(get(&server.url("/"))).await.failure.unwrap();
    assert_eq!(failure.kind, FailureKind::Reset);
    assert!(failure.text.contains("without an answer"), "{failure:?}");
}

#[tokio::test]
async fn a_port_where_nothing_listens_refuses() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let exchange = send(get(&format!("http://user:SECRET@{address}/?x=SECRET"))).await;
    let failure = exchange.failure.unwrap();
    assert_eq!(failure.kind, FailureKind::Connect);
    assert!(failure.text.contains(&address.to_string()) && failure.text.contains("refused"), "{failure:?}");
    assert!(!failure.text.contains("SECRET"));
    assert_eq!(exchange.response.map(|r| r.status), None);
    assert_eq!(exchange.timings.connect, None);
}

#[tokio::test]
async fn a_host_that_does_not_exist_is_a_dns_failure() {
    let failure = send(get("http://no-such-host.invalid/?x=SECRET")).await.failure.unwrap();
    assert_eq!(failure.kind, FailureKind::Dns, "{failure:?}");
    assert!(
        failure.text.contains("`no-such-host.invalid` was not found") && !failure.text.contains("SECRET")
    );
}

#[tokio::test]
async fn what_http_does_not_allow_is_never_sent() {
    let server = Server::start(|_| ok("")).await;
    let cases = [
        (Header::sensitive("X-A", "SECRET\r\nx-evil: 1"), "GET"),
        (Header::new("X-A", "a\nb"), "GET"),
        (Header::new("x a", "1"), "GET"),
        (Header::new("x\r\ny", "1"), "GET"),
        (Header::new("x", "1"), "GET / HTTP/1.1\r\nx: "),
    ];
    for (header, method) in cases {
        let request = Outgoing { method: method.to_owned(), headers: vec![header], ..get(&server.url("/")) };
        let failure = send(request).await.failure.unwrap();
        assert_eq!(failure.kind, FailureKind::Header);
        assert!(!failure.text.contains("SECRET") && !failure.text.contains('\n'), "{failure:?}");
    }
    for url in ["ftp://x/", "not a url", "http://", "http://{{host}}/?k=SECRET", ""] {
        let failure = send(get(url)).await.failure.unwrap();
        assert_eq!(failure.kind, FailureKind::Url, "{url}: {failure:?}");
        assert!(!failure.text.contains("SECRET"));
    }
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn a_proxy_is_used_shown_without_credentials_and_its_refusal_is_named() {
    let proxy = Server::start(|request| {
        if request.starts_with("CONNECT") {
            b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n!close".to_vec()
        } else {
            ok("by proxy")
        }
    })
    .await;
    let options = EngineOptions {
        proxy: Some(format!("http://bob:SECRET@{}", proxy.address)),
        ..EngineOptions::default()
    };
    let engine = Engine::new(options.clone()).unwrap();
    let exchange = send_by(&engine, get("http://api.invalid/x")).await;
    assert_eq!(text(&exchange), "by proxy");
    assert_eq!(exchange.proxy, Some(format!("http://{}", proxy.address)));
    let seen = &proxy.seen()[0];
    assert!(
        seen.starts_with("GET http://api.invalid/x HTTP/1.1") && seen.contains("proxy-authorization: Basic"),
        "{seen}"
    );
    assert!(exchange.request.headers.iter().any(|h| h.name == "proxy-authorization" && h.sensitive));

    let failure = send_by(&engine, get("https://api.invalid/x")).await.failure.unwrap();
    assert_eq!(failure.kind, FailureKind::Proxy, "{failure:?}");
    assert!(failure.text.contains("407") && !failure.text.contains("SECRET"));
    assert!(!format!("{options:?}").contains("SECRET"));
}

#[tokio::test]
async fn a_socks_proxy_is_used_with_its_credentials() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let login = Arc::new(Mutex::new(Vec::new()));
    let kept = login.clone();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = [0; 256];
        // RFC 1928: greeting, then RFC 1929: user name and password, then the request.
        assert!(stream.read(&mut bytes).await.unwrap() > 2);
        stream.write_all(&[5, 2]).await.unwrap();
        let n = stream.read(&mut bytes).await.unwrap();
        kept.lock().unwrap().extend_from_slice(&bytes[..n]);
        stream.write_all(&[1, 0]).await.unwrap();
        assert!(stream.read(&mut bytes).await.unwrap() > 6);
        stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
        serve(stream, Arc::new(|_: &str| ok("by socks")), Arc::default()).await;
    });
    let options =
        EngineOptions { proxy: Some(format!("socks5h://bob:pw@{address}")), ..EngineOptions::default() };
    let exchange = send_by(&Engine::new(options).unwrap(), get("http://api.invalid/x")).await;
    assert_eq!(exchange.failure, None);
    assert_eq!(text(&exchange), "by socks");
    assert_eq!(exchange.proxy, Some(format!("socks5h://{address}")));
    assert_eq!(*login.lock().unwrap(), b"\x01\x03bob\x02pw");
}

#[tokio::test]
async fn a_proxy_that_forbids_the_tunnel_is_named_as_that() {
    let proxy =
        Server::start(|_| b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n!close".to_vec()).await;
    let options =
        EngineOptions { proxy: Some(format!("http://{}", proxy.address)), ..EngineOptions::default() };
    let failure =
        send_by(&Engine::new(options).unwrap(), get("https://api.invalid/x")).await.failure.unwrap();
    assert_eq!(failure.kind, FailureKind::Proxy, "{failure:?}");
    assert!(failure.text.contains("refused to open a tunnel"), "{failure:?}");
}

#[tokio::test]
async fn a_chunked_body_that_breaks_off_or_is_garbled_is_kept_as_far_as_it_came() {
    for tail in ["", "zz\r\n"] {
        let answer =
            format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n{tail}!close");
        let server = Server::start(move |_| answer.clone().into_bytes()).await;
        let exchange = send(get(&server.url("/"))).await;
        assert_eq!(text(&exchange), "hello");
        assert_eq!(exchange.failure.unwrap().kind, FailureKind::Reset);
    }
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let server = Server::start(|_| {
        let mut answer = b"HTTP/1.1 200 OK\r\n".to_vec();
        (0..5_000).for_each(|n| answer.extend(format!("x-{n}: {n}\r\n").into_bytes()));
        answer
    })
    .await;
    let failure = send(get(&server.url("/"))).await.failure.unwrap();
    assert_eq!(failure.kind, FailureKind::Answer);
    assert!(failure.text.contains("too large"), "{failure:?}");
}
