//! What a product says, beside what can be read of the request and the token.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it needs")]

use crate::diagnose::finding::Likelihood::{self, Certain, Likely, Possible};
use crate::diagnose::fixture::{Made, call, jwt, request, token_request};
use crate::diagnose::{Profile, Purpose};
use crate::model::exchange::FailureKind;
use crate::model::profile::Grant;
use serde_json::json;

const API: &str = "https://api.example.test/v1/orders";
const TOKEN: &str = "https://idp.example.test/oauth2/token";

fn found(made: Made) -> Vec<(&'static str, Likelihood)> {
    made.diagnosis().findings.iter().map(|f| (f.code(), f.likelihood)).collect()
}

fn first(made: Made) -> (&'static str, Likelihood) {
    found(made).first().copied().unwrap()
}

fn bearer(claims: &serde_json::Value) -> Made {
    call(API, &format!("Bearer {}", jwt(claims)))
}

fn challenged(made: Made, words: &str) -> Made {
    made.response(401)
        .with("WWW-Authenticate", &format!("Bearer error=\"invalid_token\", error_description=\"{words}\""))
}

#[test]
fn a_server_that_misses_a_token_where_none_was_sent_is_no_riddle() {
    let missing = |words: &str| {
        request("GET", API).response(401).header("accept", "*/*").json(&json!({ "message": words }))
    };
    for words in ["JWT not present.", "No authorization token was found", "Jwt is missing"] {
        assert_eq!(found(missing(words)), [("header.missing", Certain)], "{words}");
    }
    let keyed = missing("JWT not present.").header("X-Api-Key", "3f9c1b7e");
    assert_eq!(first(keyed), ("header.missing", Likely), "a key was sent, and the token is missing");
    let sent = call(API, "Bearer 2YotnFZFEjr1zCsicMWpAA").response(401);
    let codes = found(sent.json(&json!({ "message": "JWT not present." })));
    assert!(codes.contains(&("resource.credentials_not_seen", Likely)), "{codes:?}");
}

#[test]
fn a_general_refusal_in_a_products_words_is_never_certain() {
    let body = json!({ "message": "Bad credentials" });
    let made = call("https://api.github.com/user", "Bearer 2YotnFZFEjr1zCsicMWpAA").response(401).json(&body);
    assert!(found(made).iter().all(|(_, sure)| *sure != Certain));
}

#[test]
fn words_about_a_token_that_was_not_sent_prove_nothing_of_one() {
    let made = request("GET", "https://files.example.test/a?sig=abc").response(401);
    let made = made.json(&json!({ "message": "Token has expired" }));
    assert!(found(made).iter().all(|(_, sure)| *sure != Certain));
}

#[test]
fn expired_in_a_products_words_is_not_certain_of_a_token_that_has_not_ended() {
    let made = bearer(&json!({ "sub": "ann", "exp": 4_000_000_000_u64 })).response(401);
    let made = made.json(&json!({ "message": "Token has expired" })).offset(0);
    assert_eq!(first(made), ("token.expired", Likely));
}

#[test]
fn a_preflight_is_left_alone_whatever_is_said_to_it() {
    for url in [API, TOKEN] {
        let made = request("OPTIONS", url).response(401).json(&json!({ "message": "Unauthorized" }));
        assert_eq!(found(made), [], "{url}");
    }
}

#[test]
fn a_gateway_that_asks_for_a_key_by_its_challenge_wants_a_key() {
    let made = request("GET", API).header("apikey", "3f9c1b7e").response(401);
    let made = made.with("WWW-Authenticate", "Key realm=\"kong\"").with("Server", "kong/3.4.1");
    assert_eq!(first(made.json(&json!({ "message": "Unauthorized" }))), ("front.api_key", Likely));
}

#[test]
fn aws_that_reads_a_token_as_a_signature_names_its_key() {
    let words =
        "'2YotnFZF' not a valid key=value pair (missing equal-sign) in Authorization header: 'Bearer 2Yo'.";
    let made = call("https://abc.execute-api.eu-west-1.amazonaws.com/dev/x", "Bearer 2YotnFZFEjr1zCsicMWpAA");
    assert_eq!(first(made.response(403).json(&json!({ "message": words }))).0, "front.api_key");
}

#[test]
fn an_algorithm_an_issuer_and_a_form_that_the_server_names_are_understood() {
    let claims = json!({ "sub": "ann", "iss": "https://idp.example.test" });
    for (words, code) in [
        ("Unexpected algorithm ES256, expected RS256", "token.algorithm"),
        ("unexpected \\\"alg\\\" value", "token.algorithm"),
        ("token was not issued by the same issuer as configured", "token.issuer"),
    ] {
        assert_eq!(first(challenged(bearer(&claims), words)).0, code, "{words}");
    }
    let opaque = call(API, "Bearer 2YotnFZFEjr1zCsicMWpAA");
    assert_eq!(first(challenged(opaque, "Invalid Compact JWS")).0, "token.opaque");
}

#[test]
fn a_token_of_another_client_is_named_where_the_call_is_forbidden() {
    let profile = Profile { client_id: "orders-ui".to_owned(), ..Profile::default() };
    let made = bearer(&json!({ "sub": "ann", "azp": "reports-ui", "aud": "orders" })).profile(profile);
    let codes = found(made.response(403).json(&json!({ "message": "Forbidden" })));
    assert!(codes.contains(&("token.client", Possible)), "{codes:?}");
}

#[test]
fn who_has_to_consent_first_has_no_bad_code() {
    let words = "AADSTS65001: The user or administrator has not consented to use the application";
    for grant in ["authorization_code", "refresh_token"] {
        let fields = [("grant_type", grant), ("client_id", "web"), ("code", "c"), ("refresh_token", "r")];
        let made = token_request(TOKEN, &fields).response(400).error("invalid_grant", words);
        assert_eq!(first(made), ("login.required", Certain), "{grant}");
    }
}

#[test]
fn a_refused_password_grant_is_certain_only_where_the_words_are_about_the_user() {
    let asked = |words: &str| {
        let fields =
            [("grant_type", "password"), ("username", "ann"), ("password", "p"), ("client_id", "web")];
        let profile = Profile { grant: Some(Grant::Password), ..Profile::default() };
        first(token_request(TOKEN, &fields).profile(profile).response(400).error("invalid_grant", words))
    };
    assert_eq!(asked("Invalid operator credentials"), ("grant.user", Certain));
    assert_eq!(asked("Policy evaluation failed for this request"), ("grant.user", Likely));
}

#[test]
fn a_guest_network_that_answers_in_the_apis_place_is_a_portal() {
    let page = "<h1>Airport</h1><p>Log on to our free Wi-Fi network</p><form action=\"/go\"><input name=\"mail\"></form>";
    assert_eq!(first(call(API, "Bearer t0k3n").response(200).html(page)), ("net.captive_portal", Likely));
    let article = "<p>How to join a Wi-Fi network</p>";
    assert!(
        found(call(API, "Bearer t0k3n").response(200).html(article))
            .iter()
            .all(|f| f.0 != "net.captive_portal")
    );
}

#[test]
fn a_recording_without_answer_and_reason_may_be_a_failed_connection() {
    let made = call(API, "Bearer t0k3n").exchange(|e| e.response = None);
    assert_eq!(found(made), [("net.connect", Possible)]);
    let ended = call(API, "Bearer t0k3n").failure(FailureKind::Cancelled, "cancelled");
    assert_eq!(found(ended), []);
}

#[test]
fn the_client_is_refused_behind_what_is_wrong_with_its_assertion() {
    let words =
        "AADSTS700027: The certificate with identifier used to sign the client assertion is not registered";
    let assertion = jwt(&json!({ "iss": "web", "sub": "web", "aud": TOKEN, "jti": "1" }));
    let fields =
        [("grant_type", "client_credentials"), ("client_id", "web"), ("client_assertion", &assertion)];
    let made = token_request(TOKEN, &fields).response(401).error("invalid_client", words);
    let codes = found(made.purpose(Purpose::Token));
    let at = |code: &str| codes.iter().position(|(c, _)| *c == code);
    assert_eq!(at("assertion.key"), Some(0), "{codes:?}");
    assert!(codes.iter().all(|(c, sure)| *c != "client.invalid" || *sure != Certain), "{codes:?}");
}
