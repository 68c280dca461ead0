//! Tokens by keys alone: logins, discovery, a new profile, the end of a token.

use crate::browser::Browser;
use crate::pty::Session;
use crate::support::{SOON, answer, demo, escape, quit, scratch};

/// The demo in its generic environment, the token pane on a profile.
fn with_profile(name: &str) -> Session {
    let mut session = demo(120, 40);
    session.press("e");
    session.wait_for("━ Environment ━", SOON);
    session.send("rfc").press("enter");
    session.wait_for("● rfc", SOON);
    choose(&mut session, name);
    session
}

fn choose(session: &mut Session, name: &str) {
    session.press("4 p");
    session.wait_for("━ OAuth profile ━", SOON);
    session.send(name).press("enter");
    session.wait_for(&format!("gets one with {name}"), SOON);
}

/// What stands in the rows from one that begins so to the next empty one, as a terminal's selection gives it.
fn rows_from(session: &Session, begin: &str) -> String {
    let text = session.text();
    text.lines()
        .skip_while(|l| !l.starts_with(begin))
        .take_while(|l| !l.trim().is_empty())
        .map(str::trim)
        .collect()
}

/// Logs in as the sandbox's `alice` and says yes.
fn log_in(url: &str) -> String {
    let browser = Browser::new();
    let mut page = browser.open(url, "");
    for typed in [&[("username", "alice"), ("password", "wonderland")][..], &[("decision", "allow")][..]] {
        page = browser.submit(&page, typed, "");
    }
    page.body
}

#[test]
fn a_login_in_a_browser_ends_with_the_token_on_screen() {
    let mut session = with_profile("rfc-code");
    session.press("r");
    session.wait_for("━ Log in: rfc-code · rfc", SOON);
    session.wait_for("ssh -L ", SOON);
    let page = log_in(&rows_from(&session, "http"));
    assert!(page.contains("Back to the terminal"), "{page}");
    session.wait_until("the token of alice", SOON, |screen| {
        screen.contains("speaks for  alice")
            && screen.contains("verified  RS256")
            && !screen.contains("Log in:")
    });
    quit(&mut session);
}

#[test]
fn a_login_that_is_put_aside_waits_and_comes_back() {
    let mut session = with_profile("rfc-code");
    session.press("r");
    // What was typed ahead does not count for a page that nobody has seen yet.
    answer(&mut session, "━ Log in: rfc-code · rfc", "p");
    session.wait_for("b login waits", SOON);
    session.press("b");
    answer(&mut session, "ssh -L ", "i");
    session.wait_for("hands it in", SOON);
    session.send("http://127.0.0.1/callback?code=x&state=y").press("enter");
    session.wait_for("! its `state` is not that of this login", SOON);
    log_in(&rows_from(&session, "http"));
    session.wait_for("speaks for  alice", SOON);
    quit(&mut session);
}

#[test]
fn a_code_typed_on_another_device_ends_with_the_token_on_screen() {
    let mut session = with_profile("rfc-device");
    session.press("r");
    session.wait_for("and type", SOON);
    let text = session.text();
    let code = text.lines().skip_while(|l| !l.contains("and type")).find(|l| l.contains(" - ")).unwrap();
    let code: String = code.chars().filter(|c| c.is_ascii_uppercase() || *c == '-').collect();
    let browser = Browser::new();
    let page =
        browser.open(text.lines().find(|l| l.starts_with("http")).unwrap().split(' ').next().unwrap(), "");
    let typed = [
        ("user_code", code.as_str()),
        ("username", "alice"),
        ("password", "wonderland"),
        ("decision", "allow"),
    ];
    let page = browser.submit(&page, &typed, "");
    assert!(page.body.contains("is connected"), "{page:?}");
    session.wait_for("speaks for  alice", SOON);
    quit(&mut session);
}

#[test]
fn an_environment_never_shows_the_token_of_another_by_itself() {
    let mut session = with_profile("rfc-client-basic");
    session.press("r");
    session.wait_for("speaks for  rfc-basic", SOON);
    session.press("e");
    session.wait_for("━ Environment ━", SOON);
    session.send("sandbox").press("enter");
    session.wait_until("no token here", SOON, |screen| {
        screen.contains("● sandbox")
            && screen.contains("no token yet")
            && screen.contains("a token's claims show here")
            && !screen.contains("rfc-basic")
    });
    session.press("j");
    session.wait_until("the other one, its signature checked all the same", SOON, |screen| {
        screen.contains("rfc-client-basic · rfc") && screen.contains("verified  RS256")
    });
    quit(&mut session);
}

#[test]
fn a_token_is_revoked_after_a_question() {
    let mut session = with_profile("rfc-client-basic");
    session.press("r");
    session.wait_for("speaks for  rfc-basic", SOON);
    session.press("R");
    answer(&mut session, "Revoke the token of rfc-client-basic", "y");
    session.wait_until("no token any more", SOON, |screen| {
        screen.contains("is revoked and forgotten") && screen.contains("no token yet")
    });
    quit(&mut session);
}

#[test]
fn discovery_says_what_it_fills_before_it_writes() {
    let mut session = with_profile("rfc-client-basic");
    let file = scratch(&session).join("auth/rfc-client-basic.toml");
    let before = std::fs::read_to_string(&file).unwrap();
    session.press("D");
    session.wait_for("Discover: issuer of profile rfc-client-basic", SOON);
    session.press("enter");
    session.wait_for("━ What rfc-client-basic would say", SOON);
    session.wait_for("token_url", SOON);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before, "nothing is written unasked");
    answer(&mut session, "y writes it", "y");
    session.wait_until("it is written", SOON, |_| {
        std::fs::read_to_string(&file).unwrap().contains("/rfc/token\"")
    });
    quit(&mut session);
}

#[test]
fn a_new_profile_comes_from_a_preset() {
    let mut session = with_profile("rfc-client-basic");
    let file = scratch(&session).join("auth/keycloak.toml");
    session.press("A");
    session.wait_for("New profile: whose tokens", SOON);
    session.send("keycloak").press("enter");
    session.wait_for("Keycloak: which grant", SOON);
    session.send("client cred").press("enter");
    session.wait_for("Name of the profile", SOON);
    session.press("enter");
    for (asked, said) in [
        ("base_url (1 of", "https://id.example.test"),
        ("realm (2 of", "acme"),
        ("client_id (3 of", "shop"),
        ("client_secret (4 of", "s3cret-of-shop"),
    ] {
        session.wait_for(asked, SOON);
        session.send(said).press("enter");
    }
    session.wait_for("auth/keycloak.toml is written", SOON);
    escape(&mut session, "is written; u takes");
    session.wait_for("gets one with keycloak", SOON);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("{{realm}}") && !text.contains("s3cret"), "{text}");
    assert!(!session.text().contains("s3cret"));
    quit(&mut session);
}
