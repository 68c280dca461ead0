//! Times and clocks.

use crate::diagnose::facts::{Issued, Past};
use crate::diagnose::fixture::{Made, NOW, call, jwt};
use crate::diagnose::{Layer, Likelihood, Probe, Remedy};
use Likelihood::{Certain, Likely, Possible};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

const URL: &str = "https://api.example.test/v1/things";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn bearer(claims: &Json) -> Made {
    call(URL, &format!("Bearer {}", jwt(claims)))
}

fn expired(ago: i64) -> Made {
    bearer(&json!({ "sub": "ann", "iat": NOW - ago - 3600, "exp": NOW - ago }))
}

fn refused(made: Made, why: &str) -> Made {
    let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{why}\"");
    made.response(401).with("WWW-Authenticate", &challenge)
}

fn content(made: Made) -> Vec<(&'static str, Likelihood)> {
    let found = made.diagnosis().findings;
    found.iter().filter(|f| f.layer() == Layer::Token).map(|f| (f.code(), f.likelihood)).collect()
}

#[test]
fn a_token_that_expired_by_the_servers_own_clock_is_certain() {
    assert_eq!(content(expired(180).response(401).offset(0)), [("token.expired", Certain)]);
    let finding = expired(180).response(401).offset(0).finding("token.expired").unwrap();
    assert_eq!(finding.summary, "the token expired 3 min ago, by the server's clock");
    assert_eq!(finding.remedies, [Remedy::RenewReplay]);
}

#[test]
fn by_this_machines_clock_alone_or_within_the_leeway_it_is_likely() {
    assert_eq!(content(expired(180).response(401)), [("token.expired", Likely)]);
    assert_eq!(content(expired(20).response(401).offset(0)), [("token.expired", Likely)]);
    assert_eq!(content(refused(expired(20), "The token expired").offset(0)), [("token.expired", Certain)]);
}

#[test]
fn a_local_clock_that_is_wrong_expires_no_token() {
    // Expired here, valid there.
    let made = || {
        expired(600).response(401).with("WWW-Authenticate", "Bearer error=\"invalid_token\"").offset(-1200)
    };
    assert_eq!(content(made()), [("clock.skew", Possible)]);
    assert!(
        made().finding("clock.skew").unwrap().summary.contains("this machine's clock is 20 min ahead of")
    );
    // Valid here, expired there.
    let made = bearer(&json!({ "iat": NOW - 3000, "exp": NOW + 600 })).response(401).offset(1200);
    assert_eq!(content(made), [("token.expired", Certain)]);
}

#[test]
fn an_expired_token_that_is_taken_or_fails_otherwise_is_no_finding() {
    for status in [200, 204, 404, 409, 422, 429, 500, 503] {
        assert_eq!(content(expired(600).response(status).offset(0)), [], "{status}");
    }
    assert_eq!(content(expired(600).response(403).offset(0)), []);
    assert_eq!(content(expired(600).response(400).offset(0)), []);
}

#[test]
fn an_expired_token_before_a_server_that_wants_basic_is_not_certain() {
    let made = expired(600).response(401).with("WWW-Authenticate", "Basic realm=\"x\"").offset(0);
    assert_eq!(content(made), [("token.expired", Likely)]);
}

#[test]
fn words_of_many_servers_say_expired() {
    for words in [
        "The access token expired",
        "Token has expired",
        "Jwt is expired",
        "jwt expired",
        "An error occurred while attempting to decode the Jwt: Jwt expired at 2026-11-23T12:00:00Z",
        "IDX10223: Lifetime validation failed. The token is expired. ValidTo (UTC): '11/23/2026 12:00:00 PM'",
        "The token expired at '11/23/2026 12:00:00'",
        "Signature has expired",
    ] {
        let made = refused(call(URL, "Bearer 2YotnFZFEjr1zCsicMWpAA"), words);
        assert_eq!(content(made), [("token.expired", Certain)], "{words}");
    }
    for body in [
        "{\"exp\":\"token expired\"}",
        "{\"message\":\"The incoming token has expired\"}",
        "{\"fault\":{\"faultstring\":\"Access Token expired\",\"detail\":{\"errorcode\":\"keymanagement.service.access_token_expired\"}}}",
    ] {
        let made = call(URL, "Bearer 2YotnFZFEjr1zCsicMWpAA").response(401).content("application/json", body);
        assert_eq!(content(made), [("token.expired", Certain)], "{body}");
    }
    let plain =
        call(URL, "Bearer 2YotnFZFEjr1zCsicMWpAA").response(401).content("text/plain", "Jwt is expired");
    assert_eq!(content(plain), [("token.expired", Certain)]);
}

#[test]
fn words_that_name_several_reasons_name_none() {
    for words in [
        "The access token provided is expired, revoked, malformed, or invalid for other reasons",
        "Invalid or expired token",
        "Access token has expired or is not yet valid.",
        "The token is expired or revoked",
        "Token invalid/expired",
        "your API key has expired token",
        "The client certificate has been revoked",
        "refresh token expired",
    ] {
        let made = refused(bearer(&json!({ "sub": "ann", "exp": NOW + 600 })), words).offset(0);
        assert_eq!(content(made), [], "{words}");
    }
}

#[test]
fn a_server_that_says_expired_against_its_own_clock_is_not_believed_wholly() {
    let made = refused(bearer(&json!({ "sub": "ann", "exp": NOW + 600 })), "Token expired").offset(0);
    assert_eq!(content(made), [("token.expired", Likely)]);
}

fn issued() -> Issued {
    Issued { at: Some(at(NOW - 3700)), ends: Some(at(NOW - 100)), ..Issued::default() }
}

#[test]
fn an_opaque_token_is_over_when_its_granted_time_is() {
    let made =
        || call(URL, "Bearer 2YotnFZFEjr1zCsicMWpAA").context(|c| c.issued = Some(issued())).response(401);
    assert_eq!(content(made()), [("token.expired", Likely)]);
    assert!(made().finding("token.expired").unwrap().summary.contains("its 1 h ended 1 min 40 s ago"));
    // Its end by our clock was reckoned by our clock: an offset changes nothing.
    assert_eq!(content(made().offset(-7200)), [("token.expired", Likely)]);
    let alive = Issued { ends: Some(at(NOW + 100)), ..issued() };
    let made = made().context(|c| c.issued = Some(alive));
    assert!(!content(made).iter().any(|(code, _)| *code == "token.expired"));
}

fn retry() -> Past {
    Past {
        at: at(NOW - 1),
        method: "GET".into(),
        url: URL.into(),
        status: 401,
        same_token: Some(false),
        same_call: true,
        retry: true,
        body: String::new(),
    }
}

#[test]
fn after_a_renewal_in_the_same_send_renewing_is_not_offered_again() {
    let finding = expired(600)
        .context(|c| c.history.push(retry()))
        .response(401)
        .offset(0)
        .finding("token.expired")
        .unwrap();
    assert_eq!(finding.remedies, []);
    assert!(!finding.probes.contains(&Probe::RenewReplay));
    assert!(finding.cause.contains("A new token was got and refused too"));
}

#[test]
fn a_token_that_begins_later_is_told_from_a_clock_that_is_behind() {
    let begins_later = bearer(&json!({ "iat": NOW, "nbf": NOW + 3600, "exp": NOW + 7200 }));
    assert_eq!(content(begins_later.response(401).offset(0)), [("token.not_yet_valid", Certain)]);
    // Issuers write the time of issue into `nbf`: then the clocks differ.
    let behind = || bearer(&json!({ "iat": NOW, "nbf": NOW, "exp": NOW + 7200 }));
    assert_eq!(content(behind().response(401).offset(-1200)), [("clock.skew", Certain)]);
    assert_eq!(content(behind().response(401).offset(-90)), [("clock.skew", Likely)]);
    assert_eq!(content(behind().response(401).offset(-20)), [("token.not_yet_valid", Likely)]);
    assert_eq!(content(behind().response(200).offset(-1200)), []);
}

#[test]
fn an_issue_time_ahead_without_words_is_no_proof() {
    let made = bearer(&json!({ "iat": NOW, "exp": NOW + 7200 })).response(401).offset(-1200);
    assert_eq!(content(made), [("clock.skew", Likely)]);
}

#[test]
fn a_new_token_that_is_over_for_the_api_only_is_a_matter_of_clocks() {
    let issued = Issued { fresh: true, at: Some(at(NOW)), ..Issued::default() };
    let made = bearer(&json!({ "iat": NOW, "exp": NOW + 3600 })).context(|c| c.issued = Some(issued));
    assert_eq!(content(made.response(401).offset(7200)), [("clock.skew", Likely)]);
}

#[test]
fn times_that_are_no_seconds_are_likely_until_the_server_says_so() {
    let ms = || bearer(&json!({ "iat": NOW * 1000, "exp": (NOW + 600) * 1000 }));
    assert_eq!(content(ms().response(401).offset(0)), [("token.time_format", Likely)]);
    let text = bearer(&json!({ "exp": "2026-11-23T14:00:00Z" }));
    assert_eq!(content(text.response(401).offset(0)), [("token.time_format", Likely)]);
    assert_eq!(content(ms().response(200).offset(0)), []);
    let seconds = bearer(&json!({ "sub": "ann", "iat": NOW as f64 - 0.5, "exp": NOW + 600 }));
    assert_eq!(content(seconds.response(401).offset(0)), []);
}

#[test]
fn a_masked_token_is_judged_by_the_servers_words_alone() {
    let made = refused(call(URL, "Bearer •••"), "The access token expired");
    assert_eq!(content(made), [("token.expired", Certain)]);
    assert_eq!(content(call(URL, "Bearer •••").response(401)), []);
}
