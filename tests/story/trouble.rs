//! What goes wrong, and what the screen says then: what failed, and the next step; and it lives on.

use crate::support::{SOON, Server, Work, dead_address, demo, escape, quit, scratch, secret_of, show};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn get(name: &str, url: &str) -> String {
    format!("name = \"{name}\"\nmethod = \"GET\"\nurl = \"{url}\"\n")
}

/// Keys still do what they do.
fn assert_alive(session: &mut crate::pty::Session) {
    session.press("?");
    session.wait_for("Help: every", SOON);
    escape(session, "Help: every");
    quit(session);
}

#[test]
fn a_wrong_secret_fails_step_b_with_the_reason_and_can_be_put_right() {
    let mut session = demo(120, 40);
    let file = scratch(&session).join("credentials.txt");
    let right = std::fs::read_to_string(&file).unwrap();
    let secret = secret_of(&right);
    std::fs::write(&file, right.replace(secret, &"0".repeat(secret.len()))).unwrap();
    session.press(">");
    session.wait_for("Register ok", SOON);
    session.press(">");
    session.wait_until("the refusal", SOON, |screen| {
        screen.contains("invalid_client") && screen.contains("401") && screen.contains("secret")
    });
    std::fs::write(&file, &right).unwrap();
    session.press("I");
    session.wait_for("credentials.txt", SOON);
    session.press("enter");
    session.wait_for("is registered", SOON);
    session.press(">");
    session.wait_for("Token ok", SOON);
    assert_alive(&mut session);
}

#[test]
fn a_dead_host_is_named_with_the_next_step() {
    let address = dead_address();
    let work = Work::with(&[("dead", &get("Dead", &format!("{address}/x")))]);
    let mut session = work.open_on("Dead");
    session.press("s");
    session.wait_until("the refusal", SOON, |screen| {
        screen.contains("refused") && screen.contains(address.trim_start_matches("http://"))
    });
    assert_alive(&mut session);
}

#[test]
fn a_host_that_does_not_exist_is_named() {
    let work = Work::with(&[("lost", &get("Lost", "http://no-such-host.invalid/x"))]);
    let mut session = work.open_on("Lost");
    session.press("s");
    session.wait_until("the name", SOON, |screen| {
        let response = screen.split("6 Response").nth(1).unwrap_or("");
        response.contains("no-such-host.invalid")
    });
    assert_alive(&mut session);
}

#[test]
fn a_server_that_never_answers_is_cancelled_within_a_second() {
    let server = Server::start(None);
    let work = Work::with(&[("silent", &get("Silent", &server.url))]);
    let mut session = work.open_on("Silent");
    // A busy machine may spoil one of three, a program that waits spoils all.
    let took = (1..=3).map(|time| {
        session.press("s");
        session.wait_for("^C cancels", SOON);
        session.wait_until("the wait", SOON, |_| server.connections() == time);
        let pressed = Instant::now();
        session.press("ctrl-c");
        session.wait_until("its end", SOON, |screen| {
            screen.contains("cancelled") && !screen.contains("^C cancels")
        });
        pressed.elapsed()
    });
    let least = took.min().unwrap();
    assert!(least < Duration::from_secs(1), "took {least:?}");
    assert_alive(&mut session);
}

#[test]
fn html_where_json_was_expected_is_shown_and_called_so() {
    let page =
        "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form>Password</form></body></html>";
    let server = Server::answering("200 OK", "text/html; charset=utf-8", page);
    let liar = Server::answering("200 OK", "application/json", page);
    let work = Work::with(&[("page", &get("Page", &server.url)), ("liar", &get("Liar", &liar.url))]);
    let mut session = work.open_on("Page");
    session.press("s");
    session.wait_until("the page", SOON, |screen| screen.contains("200 OK") && screen.contains("Sign in"));
    show(&mut session, "Liar");
    session.press("s");
    session.wait_until("the page", SOON, |screen| {
        screen.contains("says it is JSON, but it is a page") && screen.contains("Sign in")
    });
    assert_alive(&mut session);
}

#[test]
fn a_variable_without_value_stops_the_request_and_says_which() {
    let server = Server::answering("200 OK", "text/plain", "hello");
    let work = Work::with(&[("var", &get("Var", &format!("{}/{{{{nowhere}}}}", server.url)))]);
    let mut session = work.open_on("Var");
    session.wait_for("nowhere = no value", SOON);
    session.press("s");
    session.wait_until("the name", SOON, |screen| {
        let response = screen.split("6 Response").nth(1).unwrap_or("");
        response.contains("not sent") && response.contains("nowhere")
    });
    assert_eq!(server.connections(), 0);
    assert_alive(&mut session);
}

#[test]
fn a_binary_body_is_not_shown_as_text() {
    let bytes: Vec<u8> = (0..=255).cycle().take(4096).collect();
    let server = Server::answering("200 OK", "application/octet-stream", bytes);
    let work = Work::with(&[("bin", &get("Binary", &server.url))]);
    let mut session = work.open_on("Binary");
    session.press("s");
    session.wait_for("S saves it to a file", SOON);
    let file = work.root().join("saved.bin");
    session.press("6 S");
    session.wait_for("Save the", SOON);
    session.press("ctrl-u");
    session.send(format!("{}\r", file.display()));
    let until = Instant::now() + SOON;
    while std::fs::metadata(&file).map(|m| m.len()).unwrap_or(0) != 4096 {
        assert!(Instant::now() < until, "not saved:\n{}", session.text());
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_alive(&mut session);
}

/// The sandbox as a program of its own.
struct Sandbox(Child, String);

impl Sandbox {
    fn start() -> Self {
        let mut child = Command::new(crate::support::PROGRAM)
            .arg("sandbox")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self(child, line.trim().trim_start_matches("listening ").to_owned())
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn twenty_megabytes_of_json_are_shown_and_walked_through() {
    let sandbox = Sandbox::start();
    let url = format!("{}/sandbox/bytes?n=20000000&kind=json", sandbox.1);
    let work = Work::with(&[("big", &get("Big", &url))]);
    let mut session = work.open_on("Big");
    session.press("s");
    session.wait_until("the first rows", Duration::from_secs(120), |screen| {
        screen.contains("200 OK") && screen.contains("ACME-CASES-WORK APP-0")
    });
    session.press("6 G");
    session.wait_for("\"pad\"", SOON);
    session.press("home down");
    session.wait_for("\"rows\"", SOON);
    assert_alive(&mut session);
}
