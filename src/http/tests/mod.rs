//! The engine against servers on loopback that answer byte by byte as a test says.

mod answers;
mod failures;
mod identity;
mod redirects;
mod secure;

use super::{Engine, EngineOptions, Outgoing};
use crate::model::exchange::{Exchange, Header};
use crate::model::progress::no_progress;
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// A server that gives each connection's requests the bytes that `answer` makes of them, and keeps
/// what it was sent. An answer that ends in `!close` (removed) closes the connection.
struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

const CLOSE: &[u8] = b"!close";

impl Server {
    async fn start(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answer, kept) = (Arc::new(answer), seen.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answer.clone(), kept.clone()));
            }
        });
        Server { address, seen }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

/// Serves one connection.
async fn serve<S, A>(mut stream: S, answer: Arc<A>, seen: Arc<Mutex<Vec<String>>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    A: Fn(&str) -> Vec<u8>,
{
    while let Some(request) = read_request(&mut stream).await {
        seen.lock().unwrap().push(request.clone());
        let mut bytes = answer(&request);
        let close = bytes.ends_with(CLOSE);
        if close {
            bytes.truncate(bytes.len() - CLOSE.len());
        }
        if stream.write_all(&bytes).await.is_err() || close {
            let _ = stream.shutdown().await;
            return;
        }
    }
}

/// Head and body (by Content-Length) of one request; `None` at the end.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).await.ok()? == 0 {
            return None;
        }
        bytes.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .and_then(|n| n.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(head + &String::from_utf8_lossy(&body))
}

fn ok(body: impl AsRef<[u8]>) -> Vec<u8> {
    with_headers("", body)
}

fn with_headers(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes =
        format!("HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn redirect(status: u16, location: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\nlocation: {location}\r\ncontent-length: 2\r\n\r\nhi").into_bytes()
}

fn get(url: &str) -> Outgoing {
    Outgoing {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: Bytes::new(),
        body_sensitive: false,
        url_sensitive: false,
        timeout: Duration::from_secs(10),
        redirects: 10,
        http_version: None,
        body_memory: 1 << 20,
        body_limit: 0,
        per_hop: None,
    }
}

fn post(url: &str, headers: Vec<Header>, body: &'static str) -> Outgoing {
    Outgoing { method: "POST".to_owned(), headers, body: Bytes::from_static(body.as_bytes()), ..get(url) }
}

fn engine() -> Engine {
    Engine::new(EngineOptions::default()).unwrap()
}

async fn send(request: Outgoing) -> Exchange {
    send_by(&engine(), request).await
}

async fn send_by(engine: &Engine, request: Outgoing) -> Exchange {
    engine.send(request, &no_progress, &CancellationToken::new()).await
}

fn text(exchange: &Exchange) -> String {
    let bytes = exchange.response.as_ref().unwrap().body.bytes().unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}
