//! What went over the wire, for those who look for it elsewhere: a proxy that writes everything down, and a server that says
//! back whatever it was told.

use serde_json::json;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request and its answer.
#[derive(Debug, Clone, Default)]
pub struct Passed {
    pub head: String,
    pub body: String,
    pub answer: String,
}

/// All of them.
pub type Log = Arc<Mutex<Vec<Passed>>>;

/// Listens; each connection brings one request, which `answer` answers whole.
fn listen(answer: impl Fn(&Passed) -> Vec<u8> + Send + Sync + 'static) -> (String, Log) {
    let log = Log::default();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (keep, answer) = (log.clone(), Arc::new(answer));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (keep, answer) = (keep.clone(), answer.clone());
            std::thread::spawn(move || {
                let _ = serve(stream, &keep, &*answer);
            });
        }
    });
    (url, log)
}

fn serve(mut stream: TcpStream, log: &Log, answer: &dyn Fn(&Passed) -> Vec<u8>) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 8192];
    let mut passed = loop {
        let read = stream.read(&mut chunk)?;
        if read == 0 {
            return Ok(());
        }
        bytes.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = header(head, "content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
        if body.len() >= length {
            break Passed { head: head.to_owned(), body: body.to_owned(), answer: String::new() };
        }
    };
    let bytes = answer(&passed);
    passed.answer = String::from_utf8_lossy(&bytes).into_owned();
    log.lock().unwrap().push(passed);
    stream.write_all(&bytes)
}

pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (n, v) = line.split_once(':')?;
        n.eq_ignore_ascii_case(name).then(|| v.trim())
    })
}

/// A proxy for plain HTTP.
pub fn proxy() -> (String, Log) {
    listen(|passed| {
        forward(passed).unwrap_or_else(|e| crate::support::http("502 X", "", e.to_string().as_bytes()))
    })
}

fn forward(passed: &Passed) -> std::io::Result<Vec<u8>> {
    let odd = || std::io::Error::other("no absolute http URL");
    let (first, rest) = passed.head.split_once("\r\n").unwrap_or((&passed.head, ""));
    let mut words = first.split(' ');
    let (method, url) = (words.next().ok_or_else(odd)?, words.next().ok_or_else(odd)?);
    let url = url::Url::parse(url).map_err(|_| odd())?;
    let host =
        format!("{}:{}", url.host_str().ok_or_else(odd)?, url.port_or_known_default().ok_or_else(odd)?);
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let headers: String = rest
        .split("\r\n")
        .filter(|line| {
            !line.to_ascii_lowercase().starts_with("connection:")
                && !line.to_ascii_lowercase().starts_with("accept-encoding:")
        })
        .map(|line| format!("{line}\r\n"))
        .collect();
    let mut stream = TcpStream::connect(host)?;
    write!(stream, "{method} {target} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n{}", passed.body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

/// A server that says back all it was told: at `/ok/…` beside a token made of `tokens`, at `/page/…` in a page with status 200, at
/// `/api/…` with 200, elsewhere in a refusal.
pub fn echo(tokens: serde_json::Value) -> (String, Log) {
    listen(move |passed| {
        let told = format!("{}\n{}", passed.head, passed.body);
        let path = passed.head.split(' ').nth(1).unwrap_or("");
        let (status, kind, body) = match path.split('/').nth(1).unwrap_or("") {
            "ok" if !passed.body.contains("grant_type=refresh_token") => {
                let mut body = tokens.clone();
                body["note"] = told.into();
                ("200 OK", "application/json", body.to_string())
            }
            "page" => ("200 OK", "text/html", format!("<html><title>{told}</title>{told}</html>")),
            "api" => ("200 OK", "application/json", json!({ "told": told }).to_string()),
            _ => {
                let body = json!({"error": "invalid_request", "error_description": told, "error_uri": told});
                ("400 Bad Request", "application/json", body.to_string())
            }
        };
        let said = header(&passed.head, "authorization").unwrap_or("nothing").to_owned();
        let headers = format!(
            "Content-Type: {kind}\r\nX-Told: {said}\r\nWWW-Authenticate: Bearer realm=\"{said}\", error=\"invalid_token\"\r\n"
        );
        crate::support::http(status, &headers, body.as_bytes())
    })
}
