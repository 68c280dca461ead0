//! Logins from the terminal alone: no display, no keyring, nobody but a person with a keyboard, played by a
//! pseudo-terminal. The server is the sandbox's generic one.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what it needs")]

#[allow(dead_code, reason = "shared with the peer tests")]
#[path = "support/browser.rs"]
mod browser;
#[path = "support/pty.rs"]
mod pty;

use browser::{Browser, Page};
use hallpass::sandbox::{Sandbox, SandboxOptions};
use pty::{Launch, Session};
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Longer than anything here takes, on a busy machine too.
const SOON: Duration = Duration::from_secs(30);

/// A sandbox on a thread of its own; ends with the value.
struct Server {
    url: String,
    _stop: tokio::sync::oneshot::Sender<()>,
}

fn server() -> Server {
    let (tell, told) = mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let sandbox = Sandbox::start(SandboxOptions::default()).await.unwrap();
            tell.send(sandbox.base_url()).unwrap();
            let _ = stopped.await;
        });
    });
    Server { url: told.recv().unwrap(), _stop: stop }
}

/// A workspace whose profile `id` logs in there.
fn workspace(server: &Server, grant: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("hallpass.toml", "format = 1\nname = \"login\"\n".to_owned());
    let profile = format!(
        "grant = \"{grant}\"\nissuer = \"{}/rfc\"\nclient_id = \"rfc-public\"\nclient_auth = \"none\"\n\
         scope = [\"orders.read\"]\n",
        server.url
    );
    write("auth/id.toml", profile);
    dir
}

fn launch(dir: &Path) -> Launch {
    // Wide enough that no URL is wrapped.
    Launch::new(env!("CARGO_BIN_EXE_hallpass")).args(&["-C", dir.to_str().unwrap(), "token"]).size(1000, 60)
}

fn token(dir: &Path) -> Session {
    launch(dir).start()
}

/// The line so many lines after the one with these words.
fn line_after(session: &Session, words: &str, more: usize) -> String {
    let end = Instant::now() + SOON;
    loop {
        let text = String::from_utf8_lossy(&session.raw()).into_owned();
        let mut lines = text.split_inclusive('\n').skip_while(|line| !line.contains(words)).skip(more);
        // A line that has not ended may still grow.
        if let Some(line) = lines.next().filter(|line| line.ends_with('\n')) {
            return line.trim().to_owned();
        }
        assert!(Instant::now() < end, "`{words}` was not said: {text}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Logs in as the sandbox's `alice` and says yes, up to a URL that begins with `stop`.
fn log_in(browser: &Browser, url: &str, stop: &str) -> Page {
    let mut page = browser.open(url, stop);
    for _ in 0..3 {
        let typed: &[(&str, &str)] = match () {
            () if page.status == 200 && page.body.contains("id=\"login\"") => {
                &[("username", "alice"), ("password", "wonderland")]
            }
            () if page.status == 200 && page.body.contains("id=\"consent\"") => &[("decision", "allow")],
            () => return page,
        };
        page = browser.submit(&page, typed, stop);
    }
    page
}

/// Where the browser is sent in the end, on a machine where nobody listens.
fn sent_to(url: &str) -> String {
    let parsed = url::Url::parse(url).unwrap();
    let redirect =
        parsed.query_pairs().find(|(name, _)| name == "redirect_uri").map(|(_, uri)| uri.into_owned());
    let page = log_in(&Browser::new(), url, &redirect.unwrap());
    assert!(page.url.contains("code="), "{page:?}");
    page.url
}

/// It ended well, the token is the last line, and the terminal is as it was.
fn got_a_token(session: &mut Session) -> String {
    assert_eq!(session.wait_exit(SOON).exit_code(), 0, "{}", session.text());
    assert!(session.line_restored(), "the line modes differ");
    let text = String::from_utf8_lossy(&session.raw()).into_owned();
    let token = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("").trim().to_owned();
    assert!(token.starts_with("ey") && token.matches('.').count() == 2, "{text}");
    token
}

#[test]
fn a_pasted_redirect_url_logs_in_and_is_not_shown() {
    let server = server();
    let dir = workspace(&server, "authorization_code");
    let mut session = token(dir.path());
    let url = line_after(&session, "Open in a browser:", 1);
    assert!(line_after(&session, "on another machine?", 1).starts_with("ssh -L "));
    line_after(&session, "Waiting until", 0);
    session.send("not this one\r");
    let ended = sent_to(&url);
    // More than a terminal's own line holds.
    let long = format!("{ended}&padding={}", "x".repeat(6000));
    std::thread::sleep(Duration::from_millis(100));
    for piece in long.as_bytes().chunks(1000) {
        session.send(piece);
    }
    session.send("\r");
    got_a_token(&mut session);
    let text = String::from_utf8_lossy(&session.raw()).into_owned();
    assert!(!text.contains("not this one\r") && !text.contains("xxxx"), "what was typed is shown: {text}");
}

#[test]
fn a_browser_that_comes_home_logs_in_without_a_key_pressed() {
    let server = server();
    let dir = workspace(&server, "authorization_code");
    let mut session = token(dir.path());
    let page = log_in(&Browser::new(), &line_after(&session, "Open in a browser:", 1), "");
    assert_eq!(page.status, 200, "{page:?}");
    got_a_token(&mut session);
}

#[test]
fn a_login_that_is_not_kept_says_so_and_one_that_is_asks_for_the_passphrase_only() {
    let server = server();
    let dir = workspace(&server, "authorization_code");
    let home = tempfile::tempdir().unwrap();
    let at_home = || launch(dir.path()).env("HOME", home.path().to_str().unwrap());
    let log_in = |session: &Session| {
        assert_eq!(log_in(&Browser::new(), &line_after(session, "Open in a browser:", 1), "").status, 200);
    };
    let said = |session: &Session| String::from_utf8_lossy(&session.raw()).into_owned();
    let mut session = at_home().start();
    log_in(&session);
    got_a_token(&mut session);
    assert!(said(&session).contains("is not kept"), "{}", said(&session));
    let mut session = at_home().env("HALLPASS_PASSPHRASE", "correct horse").start();
    log_in(&session);
    let token = got_a_token(&mut session);
    assert!(!said(&session).contains("is not kept"), "{}", said(&session));
    let mut session = at_home().start();
    session.wait_for("vault passphrase:", SOON);
    session.send("correct horse\r");
    assert_eq!(got_a_token(&mut session), token);
    assert!(!said(&session).contains("Open in a browser"), "{}", said(&session));
}

#[test]
fn a_code_typed_on_another_device_logs_in_and_is_drawn_for_a_phone() {
    let server = server();
    let dir = workspace(&server, "device_code");
    let mut session = token(dir.path());
    let page = line_after(&session, "n any device, go to", 1);
    let code = line_after(&session, "and enter  ", 0);
    let code = code.trim_start_matches("and enter").replace("\u{1b}[32m", "").replace("\u{1b}[0m", "");
    line_after(&session, "Waiting until", 0);
    assert!(session.text().contains('▀') && session.text().contains('▄'), "{}", session.text());
    let browser = Browser::new();
    let asked = browser.open(&page, "");
    let typed = [
        ("user_code", code.trim()),
        ("username", "alice"),
        ("password", "wonderland"),
        ("decision", "allow"),
    ];
    let done = browser.submit(&asked, &typed, "");
    assert_eq!(done.status, 200, "{done:?}");
    got_a_token(&mut session);
}

#[test]
fn a_wait_that_is_told_to_end_leaves_the_terminal_as_it_was() {
    let server = server();
    let dir = workspace(&server, "authorization_code");
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::HUP] {
        let mut session = token(dir.path());
        line_after(&session, "Waiting until", 0);
        session.signal(signal);
        assert_eq!(session.wait_exit(SOON).exit_code(), 130);
        assert!(session.line_restored(), "{signal:?}");
    }
}

#[test]
fn ctrl_c_ends_the_wait_at_once_with_the_terminal_as_it_was() {
    let server = server();
    let dir = workspace(&server, "authorization_code");
    let mut session = token(dir.path());
    line_after(&session, "Waiting until", 0);
    let pressed = Instant::now();
    session.send([0x03]);
    assert_eq!(session.wait_exit(SOON).exit_code(), 130);
    assert!(pressed.elapsed() < Duration::from_secs(3), "took {:?}", pressed.elapsed());
    assert!(session.line_restored(), "the line modes differ");
}
