//! Servers and files that send escape sequences: none of them reaches the terminal.

use crate::support::{SOON, Server, Work, assert_only_our_sequences, escape, quit, show};
use std::time::Duration;

/// A title, the clipboard, a link, a question, a reset, in both spellings of the introducers, and
/// the characters that turn text around.
const ATTACK: &str = "\x1b]0;OWNED\x07\x1b]52;c;T1dORUQ=\x07\x1b]8;;http://evil.test\x1b\\link\x1b]8;;\x1b\\\
    \x1b[6n\x1bc\x1b[2J\x1bP+q544e\x1b\\\u{9b}31m\u{9d}0;OWNED\u{9c}\u{90}x\u{9c}\x08\x08\x7f\x0e\u{202e}evil\u{2066}";

fn request(name: &str, server: &Server) -> String {
    format!("name = \"{name}\"\nmethod = \"GET\"\nurl = \"{}/\"\n", server.url)
}

#[test]
fn no_sequence_of_a_server_reaches_the_terminal() {
    let escaped: String = ATTACK.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    let json = format!("{{\"plain\": \"begin {escaped} end\", \"{escaped}\": [1, \"{escaped}\"]}}");
    let servers = [
        ("Text", Server::answering("200 OK", "text/plain; charset=utf-8", format!("begin {ATTACK} end\n{ATTACK}\n"))),
        ("Json", Server::answering("200 OK", "application/json", &json)),
        ("Mangled", Server::answering("200 OK", "application/json", format!("{{\"a\": \"{ATTACK}\"}}"))),
        ("Page", Server::answering("403 Forbidden", "text/html", format!("<html><title>{ATTACK}</title><p>{ATTACK}</html>"))),
        // What may stand in a header is up to the HTTP library; what it lets through is shown safely.
        ("Header", Server::start(Some(
            "HTTP/1.1 401 Un\u{9b}31mauthorized\r\nX-Evil: begin \u{9b}31m\u{9d}0;OWNED\u{9c} end\r\nWWW-Authenticate: Bearer error=\"\u{9b}6n\"\r\nContent-Length: 0\r\n\r\n".as_bytes().to_vec(),
        ))),
        ("Raw head", Server::start(Some(
            format!("HTTP/1.1 200 {ATTACK}\r\nX-Evil: {ATTACK}\r\nContent-Length: 0\r\n\r\n").into_bytes(),
        ))),
        ("Nothing known", Server::start(Some(ATTACK.repeat(20).into_bytes()))),
        ("Redirect", Server::start(Some(
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\u{9b}31m\u{9d}\r\nContent-Length: 0\r\n\r\n".as_bytes().to_vec(),
        ))),
    ];
    let requests: Vec<(String, String)> = servers
        .iter()
        .map(|(name, server)| (name.to_lowercase().replace(' ', "-"), request(name, server)))
        .collect();
    let requests: Vec<(&str, &str)> = requests.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let work = Work::with(&requests);
    let mut session = work.open();
    for (name, server) in &servers {
        show(&mut session, name);
        session.press("s");
        session.wait_until("an answer", SOON, |screen| {
            let response = screen.split("6 Response").nth(1).unwrap_or("");
            !response.contains("sends the request")
                && !response.contains("cancels")
                && server.connections() > 0
        });
        session.settle(Duration::from_millis(60));
        session.press("6");
        for _ in 0..9 {
            session.press("]");
            session.settle(Duration::from_millis(15));
        }
        session.press("L");
        session.settle(Duration::from_millis(40));
        session.press("esc");
        session.settle(Duration::from_millis(150));
        assert_only_our_sequences(&session.raw());
    }
    quit(&mut session);
    let raw = session.raw();
    assert_only_our_sequences(&raw);
    let raw = String::from_utf8_lossy(&raw);
    for mark in ['\u{202e}', '\u{2066}'] {
        assert!(!raw.contains(mark), "a character that turns text around was written");
    }
    // What was sent is still shown, made visible.
    assert!(raw.contains("begin"));
}

#[test]
fn no_sequence_of_a_file_reaches_the_terminal() {
    // TOML lets escapes into strings by their numbers.
    let name = "\\u001b]0;OWNED\\u0007 odd \\u009b31m\\u202e name";
    let work = Work::with(&[(
        "odd",
        &format!(
            "name = \"{name}\"\nmethod = \"GET\"\nurl = \"http://127.0.0.1:9/{name}\"\ndocs = \"{name}\"\nheaders = [ {{ name = \"X-{name}\", value = \"{name}\" }} ]\n[body]\njson = \"{name}\"\n"
        ),
    )]);
    work.write("environments/odd.toml", &format!("[variables]\nodd = \"{name}\"\n"));
    let mut session = work.open();
    session.wait_for("odd", SOON);
    for keys in ["g h", "g b", "g d", "g u", "esc", "g b", "enter", "esc", "1", "end", "l", "down", "3", "s"]
    {
        if keys == "esc" {
            escape(&mut session, "EDIT");
        } else {
            session.press(keys);
            session.settle(Duration::from_millis(40));
        }
        if matches!(keys, "g u") {
            session.wait_for("EDIT", SOON);
        }
    }
    session.wait_for("is not a header name", SOON);
    quit(&mut session);
    assert_only_our_sequences(&session.raw());
}
