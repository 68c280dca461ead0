//! The loopback listener a browser comes back to (RFC 8252 section 7.3): open only while a login waits, for this machine only.

use super::head::{Verdict, judge};
use super::page::{DONE, Page, REFUSED, STRAY, TOO_LARGE};
use crate::oauth::authorization::{Callback, Expected, read_callback};
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;
use url::{Host, Url};

/// A callback with a code is a tenth of this.
const LARGEST_HEAD: usize = 16 * 1024;
/// How long a connection may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a browser may take to read its page.
const READING: Duration = Duration::from_secs(1);
/// Connections at once. When there are more the oldest is dropped: one that says nothing cannot keep a browser out.
const MOST: usize = 16;

/// Where a login comes back to.
#[derive(Debug)]
pub(super) struct Return {
    /// As sent to the server.
    pub redirect_uri: String,
    /// Listens there; `None`: only a paste comes back.
    pub listener: Option<Listener>,
    /// Why nothing listens though it could, in words.
    pub note: Option<String>,
}

/// A bound listener.
#[derive(Debug)]
pub(super) struct Listener {
    socket: TcpListener,
    pub port: u16,
    hosts: Vec<String>,
    path: String,
}

/// Binds what a redirect URI asks for. Empty: a free port of 127.0.0.1. A loopback one over http: that port, or a free one where
/// it names none. Any other: nothing.
pub(super) async fn open(stated: &str) -> Return {
    let none = |note: Option<String>| Return { redirect_uri: stated.to_owned(), listener: None, note };
    let text = if stated.is_empty() { "http://127.0.0.1/callback" } else { stated };
    let Ok(mut url) = Url::parse(text) else { return none(None) };
    let address: IpAddr = match url.host() {
        Some(Host::Ipv4(ip)) if ip == Ipv4Addr::LOCALHOST => ip.into(),
        Some(Host::Ipv6(ip)) if ip == Ipv6Addr::LOCALHOST => ip.into(),
        Some(Host::Domain(name)) if name.eq_ignore_ascii_case("localhost") => Ipv4Addr::LOCALHOST.into(),
        _ => return none(None),
    };
    if url.scheme() != "http" {
        return none(Some(
            "nothing listens for an https redirect URI: paste what the browser shows".to_owned(),
        ));
    }
    let wanted = url.port();
    let bound = match TcpListener::bind((address, wanted.unwrap_or(0))).await {
        Ok(socket) => socket.local_addr().map(|at| (socket, at.port())),
        Err(e) => Err(e),
    };
    match bound {
        Ok((socket, port)) => {
            // A port of the user's stays as it was registered, byte for byte.
            let redirect_uri = if wanted.is_some() {
                stated.to_owned()
            } else {
                let _ = url.set_port(Some(port));
                url.to_string()
            };
            let own = if address.is_ipv6() { format!("[::1]:{port}") } else { format!("127.0.0.1:{port}") };
            let hosts = vec![own, format!("localhost:{port}")];
            let listener = Listener { socket, port, hosts, path: url.path().to_owned() };
            Return { redirect_uri, listener: Some(listener), note: None }
        }
        Err(e) => {
            let port = wanted.map(|p| format!(" {p}")).unwrap_or_default();
            none(Some(format!("port{port} cannot be listened on ({e}): paste what the browser shows")))
        }
    }
}

/// What a connection brought.
enum Brought {
    Ours(Callback),
    Stray(String),
    Nothing,
}

impl Listener {
    /// Serves until a callback is ours, then closes. `note` is told of those that are not.
    pub async fn wait(self, expected: &Expected, note: &(dyn Fn(String) + Send + Sync)) -> Callback {
        let shared = Arc::new((self.hosts, self.path, expected.clone()));
        // Dropped with this future: whatever still talks is cut off.
        let mut talking = JoinSet::new();
        let mut oldest: VecDeque<AbortHandle> = VecDeque::new();
        loop {
            tokio::select! {
                done = talking.join_next(), if !talking.is_empty() => match done {
                    Some(Ok(Brought::Ours(callback))) => return callback,
                    Some(Ok(Brought::Stray(why))) => note(why),
                    _ => {}
                },
                accepted = self.socket.accept() => match accepted {
                    Ok((stream, _)) => {
                        oldest.retain(|handle| !handle.is_finished());
                        if oldest.len() >= MOST && let Some(first) = oldest.pop_front() {
                            first.abort();
                        }
                        oldest.push_back(talking.spawn(talk(stream, Arc::clone(&shared))));
                    }
                    // Out of file handles, most likely: others may come free.
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                },
            }
        }
    }
}

/// One connection, one request.
async fn talk(mut stream: TcpStream, shared: Arc<(Vec<String>, String, Expected)>) -> Brought {
    let (hosts, path, expected) = &*shared;
    let head = match timeout(PATIENCE, read_head(&mut stream)).await {
        Ok(Ok(head)) => head,
        Ok(Err(Some(page))) => {
            say(&mut stream, page, true).await;
            return Brought::Nothing;
        }
        _ => return Brought::Nothing,
    };
    let (page, body, brought) = match judge(&head, hosts, path) {
        Verdict::Answer { page, body } => (page, body, Brought::Nothing),
        Verdict::Callback(query) => match read_callback(&query, expected) {
            Callback::Stray(why) => (STRAY, true, Brought::Stray(why)),
            refused @ Callback::Refused { .. } => (REFUSED, true, Brought::Ours(refused)),
            code @ Callback::Code(_) => (DONE, true, Brought::Ours(code)),
        },
    };
    say(&mut stream, page, body).await;
    brought
}

/// The head without the empty line at its end; `Err(Some)` is to be answered.
async fn read_head(stream: &mut TcpStream) -> Result<Vec<u8>, Option<Page>> {
    let mut bytes = Vec::with_capacity(2048);
    let mut chunk = [0; 2048];
    loop {
        let read = stream.read(&mut chunk).await.map_err(|_| None)?;
        if read == 0 {
            return Err(None);
        }
        let from = bytes.len().saturating_sub(3);
        bytes.extend_from_slice(&chunk[..read]);
        if let Some(at) = memchr::memmem::find(&bytes[from..], b"\r\n\r\n") {
            bytes.truncate(from + at);
            return if bytes.len() > LARGEST_HEAD { Err(Some(TOO_LARGE)) } else { Ok(bytes) };
        }
        if bytes.len() > LARGEST_HEAD {
            return Err(Some(TOO_LARGE));
        }
    }
}

/// Answers and closes. What still comes is read for a moment, so that the answer is not lost to a reset.
async fn say(stream: &mut TcpStream, page: Page, body: bool) {
    let _ = timeout(READING, async {
        stream.write_all(&page.bytes(body)).await?;
        stream.shutdown().await
    })
    .await;
    if !matches!(page.status, 200 | 400) {
        let mut rest = [0; 4096];
        let drain = async { while let Ok(1..) = stream.read(&mut rest).await {} };
        let _ = timeout(Duration::from_millis(100), drain).await;
    }
}

#[cfg(test)]
mod tests;
