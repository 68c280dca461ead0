//! A refusal from its first sentence to the fix, by keys alone.

use crate::support::{SOON, Work, answer, quit, show};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An authorization server and an API that takes the first token once, refuses it from then on, and takes the second.
struct Api {
    url: String,
    posts: Arc<AtomicUsize>,
}

impl Api {
    fn start() -> Api {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (tokens, posts) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
        let counter = Arc::clone(&posts);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream, &tokens, &counter);
            }
        });
        Api { url, posts }
    }
}

fn serve(mut stream: TcpStream, tokens: &AtomicUsize, posts: &AtomicUsize) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let (status, extra, body) = if head.starts_with("POST /token") {
        let n = tokens.fetch_add(1, Ordering::SeqCst) + 1;
        let body =
            format!("{{\"access_token\":\"opaque-{n}\",\"token_type\":\"Bearer\",\"expires_in\":600}}");
        ("200 OK", "", body)
    } else {
        let before = posts.fetch_add(1, Ordering::SeqCst);
        if head.contains("Bearer opaque-1\r\n") && before > 0 {
            ("401 Unauthorized", "", "{\"error\":\"refused\"}".to_owned())
        } else {
            ("201 Created", "", "{\"order\":\"A-1\"}".to_owned())
        }
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{extra}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(answer.as_bytes());
}

fn workspace(api: &Api) -> Work {
    let request = format!(
        "name = \"Create order\"\nmethod = \"POST\"\nurl = \"{}/orders\"\nauth = \"acme\"\n",
        api.url
    );
    let work = Work::with(&[("create-order", &request)]);
    let profile = format!(
        "grant = \"client_credentials\"\ntoken_url = \"{}/token\"\nclient_id = \"hallpass\"\nclient_secret = \"s3cret\"\n",
        api.url
    );
    work.write("auth/acme.toml", &profile);
    work
}

#[test]
fn a_refusal_is_explained_confirmed_mended_and_shown_before_and_after() {
    let api = Api::start();
    let work = workspace(&api);
    let mut session = work.open();
    show(&mut session, "Create order");
    session.press("s");
    session.wait_for("201 Created", SOON);
    session.press("s");
    session.wait_until("the sentence under the status", SOON, |screen| {
        screen.contains("401 Unauthorized") && screen.contains("Why: ") && screen.contains("d findings")
    });
    session.press("d");
    session.wait_until("the findings", SOON, |screen| {
        screen.contains("1 token.revoked") && screen.contains("evidence") && screen.contains("accepted")
    });
    assert_eq!(api.posts.load(Ordering::SeqCst), 2, "reading sends nothing");
    // A probe that sends no order.
    session.press("c");
    session.wait_for("Make sure of token.revoked", SOON);
    session.send("introspect").press("enter");
    session.wait_for("unclear: ", SOON);
    assert_eq!(api.posts.load(Ordering::SeqCst), 2, "the probe sends no order");
    // The fix sends it once more, and asks before.
    session.press("f");
    session.wait_for("once more?", SOON);
    session.press("esc");
    assert_eq!(api.posts.load(Ordering::SeqCst), 2);
    session.wait_until("the question is gone", SOON, |screen| !screen.contains("once more?"));
    session.press("f");
    answer(&mut session, "once more?", "y");
    session.wait_until("before and after", SOON, |screen| {
        screen.contains("before  401 Unauthorized") && screen.contains("after   201 Created")
    });
    assert_eq!(api.posts.load(Ordering::SeqCst), 3);
    session.wait_for("A-1", SOON);
    session.press("=");
    session.wait_for("confirmed: ", SOON);
    assert!(!session.text().contains("opaque-2"), "no token is on the screen");
    quit(&mut session);
}
