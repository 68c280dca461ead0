//! Over real loopback sockets, with a client that knows no more than HTTP/1.1.

mod assertions;
mod every_fault;
mod logins;
mod surface;
mod tickets;

use super::{Sandbox, SandboxOptions};
use serde_json::Value as Json;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const TOKEN: &str = "/prweb/PRRestService/oauth2/v1/token";
const V1: &str = "/prweb/api/v1";
const V2: &str = "/prweb/api/application/v2";
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

pub(super) async fn sandbox(faults: &[&str]) -> Sandbox {
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
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    body: Vec<u8>,
    whole: bool,
}

impl Got {
    pub(in crate::sandbox) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v)
    }

    pub(in crate::sandbox) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(in crate::sandbox) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }
}

pub(super) fn raw(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
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

pub(super) async fn send(
    at: &Sandbox,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Got {
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

/// A client registered for a test, and what it asks with.
struct Registered {
    id: String,
    secret: String,
}

impl Registered {
    /// Registers as the Dev Studio's JSON says.
    fn new(at: &Sandbox, registration: &Json) -> Registered {
        let file = at.register(registration).unwrap();
        let lines: Vec<&str> = file.lines().collect();
        let secret = if lines[2] == "Client Secret" { lines[3] } else { "" };
        Registered { id: lines[1].to_owned(), secret: secret.to_owned() }
    }

    /// One that may do everything, with refresh tokens of this mode.
    fn whole(at: &Sandbox, refresh_mode: i64) -> Registered {
        let all = super::clients::Ticked::ALL.map(super::clients::Ticked::wire);
        Self::new(
            at,
            &serde_json::json!({
                "grants": all, "redirect_uris": [CALLBACK], "refresh_mode": refresh_mode, "mapping": {},
            }),
        )
    }

    /// The token endpoint's answer to these parameters; the client's own are added.
    async fn ask(&self, at: &Sandbox, parameters: &[(&str, &str)]) -> Got {
        self.post(at, TOKEN, parameters).await
    }

    async fn post(&self, at: &Sandbox, path: &str, parameters: &[(&str, &str)]) -> Got {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("client_id", &self.id);
        if !self.secret.is_empty() {
            form.append_pair("client_secret", &self.secret);
        }
        form.extend_pairs(parameters);
        send(at, "POST", path, &[("Content-Type", FORM)], &form.finish()).await
    }

    /// The path of an authorization request with these parameters besides the usual ones.
    fn authorize(&self, more: &[(&str, &str)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let usual = [
            ("response_type", "code"),
            ("client_id", self.id.as_str()),
            ("redirect_uri", CALLBACK),
            ("state", "a&b c"),
        ];
        let named = |name: &str| more.iter().any(|(n, _)| *n == name);
        query.extend_pairs(usual.iter().filter(|(n, _)| !named(n)));
        query.extend_pairs(more.iter().filter(|(_, v)| !v.is_empty()));
        format!("{AUTHORIZE}?{}", query.finish())
    }

    /// Logs somebody in, page by page; gives the code.
    async fn code(&self, at: &Sandbox, more: &[(&str, &str)]) -> String {
        let page = get(at, &self.authorize(more), "").await;
        assert_eq!(page.status, 200, "{}", page.text());
        let back = log_in(at, &page.text(), PERSON, &password(at, PERSON), &[]).await;
        assert_eq!(back.status, 303, "{}", back.text());
        parameter(back.header("location"), "code").unwrap()
    }
}

const AUTHORIZE: &str = "/prweb/PRRestService/oauth2/v1/authorize";
const CALLBACK: &str = "https://app.example.test/cb?kept=1";
const PERSON: &str = "case.worker@acme";

fn password(at: &Sandbox, operator: &str) -> String {
    at.operator_password(operator).unwrap().expose().to_owned()
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    page.split_once(&mark).unwrap().1.split_once('"').unwrap().0.to_owned()
}

/// Sends the form of a login page.
async fn log_in(at: &Sandbox, page: &str, user: &str, password: &str, headers: &[(&str, &str)]) -> Got {
    let (login, csrf) = (hidden(page, "login"), hidden(page, "csrf"));
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("login", login.as_str()), ("csrf", &csrf)])
        .extend_pairs([("UserIdentifier", user), ("Password", password)])
        .finish();
    let headers: Vec<_> = [("Content-Type", FORM)].iter().chain(headers).copied().collect();
    send(at, "POST", AUTHORIZE, &headers, &body).await
}

/// A query parameter of an address.
fn parameter(address: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(address).unwrap_or_else(|e| panic!("{e}: {address}"));
    url.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned())
}
