//! Over real loopback sockets, with a client that knows no more than HTTP/1.1.

mod every_fault;
mod surface;

use super::{Sandbox, SandboxOptions};
use serde_json::Value as Json;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const TOKEN: &str = "/prweb/PRRestService/oauth2/v1/token";
const V1: &str = "/prweb/api/v1";
const V2: &str = "/prweb/api/application/v2";
const FORM: &str = "application/x-www-form-urlencoded";

async fn sandbox(faults: &[&str]) -> Sandbox {
    let faults = faults.iter().map(|f| (*f).to_owned()).collect();
    Sandbox::start(SandboxOptions { port: 0, faults }).await.unwrap()
}

/// Client id and secret of a credentials file.
fn client_of(file: &str) -> (String, String) {
    let lines: Vec<&str> = file.lines().collect();
    assert_eq!((lines[0], lines[2]), ("Client ID", "Client Secret"));
    (lines[1].to_owned(), lines[3].to_owned())
}

/// An answer as it came. `whole` is false when fewer bytes came than were announced.
#[derive(Debug)]
struct Got {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    whole: bool,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }
}

fn raw(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut text =
        format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    if !headers.iter().any(|(n, _)| n.eq_ignore_ascii_case("host")) {
        text.push_str("Host: 127.0.0.1:1\r\n");
    }
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text + "\r\n" + body
}

/// Sends and reads to the end; `Err` when the connection fails before a whole head came.
async fn try_send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> std::io::Result<Got> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(raw(method, path, headers, body).as_bytes()).await?;
    let mut bytes = Vec::new();
    // A broken end leaves what came before it.
    let ended = stream.read_to_end(&mut bytes).await;
    let Some(split) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else {
        return Err(ended.err().unwrap_or_else(|| std::io::ErrorKind::UnexpectedEof.into()));
    };
    let head = String::from_utf8_lossy(&bytes[..split]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .map(|l| l.split_once(": ").unwrap())
        .map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned()))
        .collect();
    let body = bytes[split + 4..].to_vec();
    let announced =
        headers.iter().find(|(n, _)| n == "content-length").map(|(_, v)| v.parse::<usize>().unwrap());
    let whole = announced.is_none_or(|n| n == body.len());
    Ok(Got { status, headers, body, whole })
}

async fn send(at: &Sandbox, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Got {
    let sent = try_send(at.address, method, path, headers, body);
    tokio::time::timeout(Duration::from_secs(5), sent).await.expect("an answer in time").unwrap()
}

/// A token request with the secret in the body.
async fn ask_token(at: &Sandbox) -> Got {
    let (id, secret) = client_of(&at.credentials());
    let body = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    send(at, "POST", TOKEN, &[("Content-Type", FORM)], &body).await
}

async fn token(at: &Sandbox) -> String {
    let got = ask_token(at).await;
    assert_eq!(got.status, 200, "{}", got.text());
    format!("Bearer {}", got.json()["access_token"].as_str().unwrap())
}

async fn get(at: &Sandbox, path: &str, bearer: &str) -> Got {
    send(at, "GET", path, &[("Authorization", bearer)], "").await
}

async fn post(at: &Sandbox, path: &str, bearer: &str, body: &str) -> Got {
    send(at, "POST", path, &[("Authorization", bearer), ("Content-Type", "application/json")], body).await
}
