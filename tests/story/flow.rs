//! The three-part flow, key by key.

use crate::support::{SOON, assert_only_our_sequences, demo, escape, quit, scratch, secret_of, show, walk};
use std::time::Duration;

#[test]
fn four_keys_walk_the_demo_from_registration_to_the_verified_case() {
    let mut session = demo(120, 40);
    walk(&mut session);
    session.wait_until("the operator and the case", SOON, |screen| {
        screen.contains("operator  svc.cases@acme")
            && screen.contains("APP-2005 exists")
            && screen.contains("verified  RS256")
            && screen.contains("case_key = ACME-CASES-WORK APP-2005")
    });
    quit(&mut session);
    assert_only_our_sequences(&session.raw());
}

#[test]
fn the_demo_fits_a_small_terminal() {
    let mut session = demo(80, 24);
    for (word, shown) in [
        ("A ok", "is registered"),
        ("B ok", "operator  svc.cases@acme"),
        ("C 201", "APP-2005"),
        ("Verify ok", "APP-2005 exists"),
    ] {
        session.press(">");
        session.wait_until(word, SOON, |screen| screen.contains(word) && screen.contains(shown));
    }
    quit(&mut session);
}

#[test]
fn no_secret_is_ever_written_to_the_terminal() {
    let mut session = demo(120, 40);
    let credentials = std::fs::read_to_string(scratch(&session).join("credentials.txt")).unwrap();
    let secret = secret_of(&credentials);
    // A JWT begins so, whatever it says; its decoded claims do not hold it.
    let forbidden = [&secret[..10], "eyJ"];
    let clean = |session: &crate::pty::Session, place: &str| {
        let text = session.text();
        assert!(!forbidden.iter().any(|f| text.contains(f)), "in {place}:\n{text}");
    };
    walk(&mut session);
    show(&mut session, "Create case");
    // Whatever shows an exchange, a token or an environment.
    for (keys, shown) in [
        ("o", "━ The token request"),
        ("L", "━ On the wire"),
        ("y", "━ Copy"),
        ("H", "━ History"),
        ("F", "━ The three-part flow"),
    ] {
        session.press(if keys == "o" { "4" } else { "6" });
        session.press(keys);
        session.wait_for(shown, SOON);
        clean(&session, shown);
        if keys == "H" {
            session.press("enter");
            session.wait_for("environment sandbox   2", SOON);
            clean(&session, "a past exchange");
        }
        session.press("pagedown");
        session.settle(Duration::from_millis(40));
        clean(&session, shown);
        escape(&mut session, shown);
    }
    session.press("6");
    for _ in 0..9 {
        session.press("]");
        session.settle(Duration::from_millis(40));
        clean(&session, "a response tab");
    }
    session.press("g a");
    session.settle(Duration::from_millis(40));
    clean(&session, "the Auth tab");
    session.press("1 G l");
    session.settle(Duration::from_millis(40));
    clean(&session, "the environment");
    quit(&mut session);
    let raw = String::from_utf8_lossy(&session.raw()).into_owned();
    assert!(!raw.contains(secret), "the client secret was written");
    assert!(!raw.contains("eyJ"), "a token was written");
}

#[test]
fn a_window_shrunk_to_one_cell_comes_back_whole() {
    let mut session = demo(120, 40);
    session.press(">");
    session.wait_for("Register ok", SOON);
    session.press("3");
    session.wait_for("5 JWT", SOON);
    session.wait_until("the end of the message", SOON, |screen| !screen.contains("is registered"));
    let before = session.text();
    for (columns, rows) in [(1, 1), (60, 15), (2, 30), (300, 80), (120, 1), (1, 40), (19, 4)] {
        session.resize(columns, rows);
    }
    session.resize(120, 40);
    session.wait_until("the frame of before", SOON, |screen| screen == before);
    quit(&mut session);
}
