//! What is sent and what is read.

use super::*;
use crate::model::exchange::BodyData;
use crate::model::progress::Phase;
use async_compression::tokio::write as compress;

#[tokio::test]
async fn the_headers_reported_are_exactly_those_on_the_wire() {
    let server = Server::start(|_| ok("{}")).await;
    let headers = vec![
        Header::new("X-One", "1"),
        Header::sensitive("Authorization", "Bearer t"),
        Header::new("X-One", "2"),
    ];
    for request in [
        post(&server.url("/a/../b?q=[1]|x#frag"), headers, "hello"),
        get(&server.url("/")),
        post(&server.url("/"), vec![], ""),
    ] {
        let exchange = send(request).await;
        let seen = server.seen().pop().unwrap();
        let reported: Vec<String> =
            exchange.request.headers.iter().map(|h| format!("{}: {}", h.name, h.value)).collect();
        let sent: Vec<&str> = seen.split("\r\n\r\n").next().unwrap().lines().skip(1).collect();
        assert_eq!(reported, sent);
        let path = seen.split(' ').nth(1).unwrap();
        assert_eq!(exchange.request.url, server.url(path));
        assert_eq!(exchange.request.http_version.as_deref(), Some("HTTP/1.1"));
        assert!(exchange.request.headers.iter().filter(|h| h.name == "authorization").all(|h| h.sensitive));
        assert!(seen.contains(&format!("user-agent: hallpass/{}", env!("CARGO_PKG_VERSION"))));
        assert!(!seen.to_lowercase().contains("referer"));
    }
}

#[tokio::test]
async fn what_the_user_sets_wins_over_what_the_engine_adds() {
    let server = Server::start(|_| ok("")).await;
    let headers = vec![
        Header::new("User-Agent", "mine"),
        Header::new("accept-encoding", "identity"),
        Header::new("Host", "other.example"),
    ];
    send(post(&server.url("/"), headers, "")).await;
    let seen = server.seen().pop().unwrap();
    assert!(seen.contains("user-agent: mine\r\n") && seen.contains("accept-encoding: identity\r\n"));
    assert!(seen.contains("host: other.example\r\n") && !seen.contains("host: 127"));
    assert_eq!(seen.matches("content-length: 0").count(), 1);
}

#[tokio::test]
async fn credentials_in_the_url_become_a_sensitive_header() {
    let server = Server::start(|_| ok("")).await;
    let exchange = send(get(&format!("http://bob:p%40ss@{}/", server.address))).await;
    assert!(server.seen()[0].contains("authorization: Basic Ym9iOnBAc3M="));
    let header = exchange.request.headers.iter().find(|h| h.name == "authorization").unwrap();
    assert!(header.sensitive);
    assert_eq!(exchange.request.url, server.url("/"));
}

#[tokio::test]
async fn an_answer_has_status_reason_headers_peer_and_times() {
    let server = Server::start(|_| {
        b"HTTP/1.1 201 Very Created\r\nX-A: 1\r\nx-a: 2\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 2\r\n\r\n{}".to_vec()
    })
    .await;
    let engine = engine();
    let first = send_by(&engine, get(&server.url("/"))).await;
    let response = first.response.as_ref().unwrap();
    assert_eq!((response.status, response.reason.as_deref()), (201, Some("Very Created")));
    assert_eq!(response.headers.iter().filter(|h| h.name == "x-a").count(), 2);
    assert_eq!(first.peer, Some(server.address.to_string()));
    assert!(first.clock_offset_ms.unwrap() < -1_000_000_000);
    assert!(!first.reused && first.timings.connect.is_some() && first.timings.wait.is_some());
    assert_eq!((first.timings.dns, first.timings.tls), (None, None), "an address needs no DNS and no TLS");
    assert!(first.timings.total >= first.timings.wait);

    let second = send_by(&engine, get(&server.url("/"))).await;
    assert!(second.reused);
    assert_eq!((second.timings.dns, second.timings.connect, second.timings.tls), (None, None, None));
    assert!(second.timings.wait.is_some() && second.failure.is_none());
}

#[tokio::test]
async fn a_name_is_resolved_and_timed_unless_it_is_overridden() {
    let server = Server::start(|_| ok("")).await;
    let port = server.address.port();
    let by_dns = send(get(&format!("http://localhost:{port}/"))).await;
    assert!(by_dns.timings.dns.is_some(), "{by_dns:?}");
    let options = EngineOptions {
        resolve: vec![(format!("api.invalid:{port}"), "127.0.0.1".to_owned())],
        ..EngineOptions::default()
    };
    let fixed = send_by(&Engine::new(options).unwrap(), get(&format!("http://api.invalid:{port}/"))).await;
    assert_eq!(fixed.status(), Some(200));
    assert_eq!(fixed.timings.dns, None);
    assert!(server.seen()[1].contains(&format!("host: api.invalid:{port}")));
}

#[test]
fn an_exchange_can_be_run_as_a_task() {
    fn is_send<T: Send>(_: &T) {}
    let (engine, never) = (engine(), CancellationToken::new());
    is_send(&engine.send(get("http://h/"), &no_progress, &never));
}

#[tokio::test]
async fn parallel_requests_do_not_mix_their_recordings() {
    let server = Server::start(|_| ok("x")).await;
    let engine = engine();
    let sends = (0..8).map(|_| send_by(&engine, get(&server.url("/"))));
    let exchanges = futures_util::future::join_all(sends).await;
    for exchange in exchanges {
        assert_eq!(exchange.reused, exchange.timings.connect.is_none());
        assert_eq!(text(&exchange), "x");
    }
}

async fn encode(name: &str, bytes: &[u8]) -> Vec<u8> {
    macro_rules! by {
        ($encoder:ident) => {{
            let mut encoder = compress::$encoder::new(Vec::new());
            encoder.write_all(bytes).await.unwrap();
            encoder.shutdown().await.unwrap();
            encoder.into_inner()
        }};
    }
    match name {
        "gzip" => by!(GzipEncoder),
        "br" => by!(BrotliEncoder),
        "zstd" => by!(ZstdEncoder),
        "raw" => by!(DeflateEncoder),
        _ => by!(ZlibEncoder),
    }
}

#[tokio::test]
async fn content_codings_are_undone_and_the_wire_size_is_kept() {
    let plain = "hallpass ".repeat(5_000);
    for (coding, encoder) in [
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("br", "br"),
        ("zstd", "zstd"),
        ("deflate", "deflate"),
        ("deflate", "raw"),
    ] {
        let encoded = encode(encoder, plain.as_bytes()).await;
        let size = encoded.len() as u64;
        let server =
            Server::start(move |_| with_headers(&format!("content-encoding: {coding}\r\n"), &encoded)).await;
        let exchange = send(get(&server.url("/"))).await;
        let response = exchange.response.as_ref().unwrap();
        assert_eq!(text(&exchange), plain, "{coding} {encoder}");
        assert_eq!((response.wire_size, response.incomplete.as_deref()), (size, None));
        assert_eq!(response.header("content-encoding"), Some(coding));
    }
    let twice = encode("gzip", &encode("br", plain.as_bytes()).await).await;
    let server = Server::start(move |_| with_headers("content-encoding: br, gzip\r\n", &twice)).await;
    assert_eq!(text(&send(get(&server.url("/"))).await), plain);
}

#[tokio::test]
async fn a_head_answer_with_a_coding_is_whole() {
    let server = Server::start(|_| {
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 90\r\n\r\n".to_vec()
    })
    .await;
    let exchange = send(Outgoing { method: "HEAD".to_owned(), ..get(&server.url("/")) }).await;
    assert_eq!(exchange.failure, None);
    assert_eq!(exchange.response.unwrap().incomplete, None);
}

#[tokio::test]
async fn an_unknown_coding_is_shown_as_received_and_said_so() {
    let server = Server::start(|_| with_headers("content-encoding: sdch\r\n", "abc")).await;
    let exchange = send(get(&server.url("/"))).await;
    assert_eq!(text(&exchange), "abc");
    assert_eq!(exchange.failure, None);
    assert!(exchange.response.unwrap().incomplete.unwrap().contains("sdch"));
}

#[tokio::test]
async fn a_body_larger_than_its_memory_goes_to_a_private_file() {
    let plain = vec![b'a'; 300_000];
    let encoded = encode("gzip", &plain).await;
    let server = Server::start(move |_| with_headers("content-encoding: gzip\r\n", &encoded)).await;
    let exchange = send(Outgoing { body_memory: 100_000, ..get(&server.url("/")) }).await;
    let response = exchange.response.as_ref().unwrap();
    let BodyData::Spooled(file) = &response.body else { panic!("in memory") };
    assert_eq!(std::fs::read(&file.path).unwrap(), plain);
    let path = file.path.clone();
    drop(exchange);
    assert!(!path.exists());
}

#[tokio::test]
async fn a_bomb_is_stopped_with_what_it_grew_to() {
    // 300 MB of zeros are some 10 kB of zstd.
    let encoded = encode("zstd", &vec![0; 300 << 20]).await;
    let server = Server::start(move |_| with_headers("content-encoding: zstd\r\n", &encoded)).await;
    let exchange =
        send(Outgoing { body_memory: 1 << 20, timeout: Duration::from_secs(60), ..get(&server.url("/")) })
            .await;
    let why = exchange.response.unwrap().incomplete.unwrap();
    assert!(why.contains("grew"), "{why}");
    assert!(exchange.failure.is_some());
}

#[tokio::test]
async fn progress_names_each_phase_once_and_in_order() {
    let server = Server::start(|_| ok("x")).await;
    let told = Mutex::new(Vec::new());
    let sink = |phase: Phase| told.lock().unwrap().push(phase.word());
    let url = format!("http://localhost:{}/", server.address.port());
    engine().send(get(&url), &sink, &CancellationToken::new()).await;
    let told = told.into_inner().unwrap();
    assert_eq!(told, ["resolving", "connecting", "waiting", "receiving"]);
}

#[tokio::test]
async fn a_stale_connection_is_replaced_for_what_may_be_repeated() {
    // The second request on the first connection is answered by closing it.
    let count = Arc::new(Mutex::new(0));
    let server = Server::start(move |_| {
        let mut count = count.lock().unwrap();
        *count += 1;
        if *count == 2 { CLOSE.to_vec() } else { ok("x") }
    })
    .await;
    let engine = engine();
    send_by(&engine, get(&server.url("/"))).await;
    let second = send_by(&engine, get(&server.url("/"))).await;
    assert_eq!((second.status(), second.reused), (Some(200), false));
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn http_2_by_prior_knowledge_has_no_reason_and_no_host_header() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service =
                hyper::service::service_fn(|request: hyper::Request<hyper::body::Incoming>| async move {
                    let names: Vec<&str> = request.headers().keys().map(http::HeaderName::as_str).collect();
                    let body = http_body_util::Full::new(Bytes::from(names.join(",")));
                    Ok::<_, std::convert::Infallible>(hyper::Response::new(body))
                });
            let builder = hyper::server::conn::http2::Builder::new(hyper_util::rt::TokioExecutor::new());
            tokio::spawn(builder.serve_connection(hyper_util::rt::TokioIo::new(stream), service));
        }
    });
    let engine = engine();
    let request = Outgoing { http_version: Some("2".to_owned()), ..get(&format!("http://{address}/")) };
    let exchange = send_by(&engine, request.clone()).await;
    assert_eq!(exchange.failure, None);
    let response = exchange.response.as_ref().unwrap();
    assert_eq!((response.http_version.as_str(), response.reason.as_deref()), ("HTTP/2", None));
    let reported: Vec<&str> = exchange.request.headers.iter().map(|h| h.name.as_str()).collect();
    assert_eq!(text(&exchange), reported.join(","));
    assert!(send_by(&engine, request).await.reused);
}

#[tokio::test]
async fn a_limit_counts_what_an_encoded_answer_grows_to() {
    let body = encode("gzip", &vec![b'x'; 100_000]).await;
    assert!(body.len() < 8192);
    let server = Server::start(move |_| with_headers("content-encoding: gzip\r\n", &body)).await;
    let exchange = send(Outgoing { body_limit: 8192, ..get(&server.url("/")) }).await;
    let failure = exchange.failure.unwrap();
    assert_eq!(failure.kind, crate::model::exchange::FailureKind::Answer);
    assert!(failure.text.contains("larger than the 8 KiB"), "{failure:?}");
}
