//! What the sandbox answers when a fault of the token is switched on: each ends in its code, first.

use crate::diagnose::Likelihood;
use crate::diagnose::facts::Issued;
use crate::diagnose::fixture::{Made, NOW, call, jwt, jwt_with};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

const URL: &str = "http://127.0.0.1:8080/prweb/api/application/v2/casetypes";
const ISSUER: &str = "http://127.0.0.1:8080/prweb";

fn claims() -> Json {
    json!({
        "sub": "APIUser@Acme", "iss": ISSUER, "aud": "urn:12345678", "client_id": "12345678",
        "iat": NOW - 1, "exp": NOW + 3599, "jti": "0a", "access_group": "Acme:Users", "app_alias": "acme-cases",
    })
}

fn changed(name: &str, value: Json) -> Json {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn issued(offset_ms: i64) -> Issued {
    Issued {
        profile: "pega".into(),
        token_type: "bearer".into(),
        at: Timestamp::from_second(NOW - 1).ok(),
        ends: Timestamp::from_second(NOW + 3599).ok(),
        fresh: true,
        offset_ms: Some(offset_ms),
        ..Issued::default()
    }
}

/// `invalid_token` with the sandbox's words.
fn refused(token: &str, why: &str) -> Made {
    let challenge = format!("Bearer realm=\"prweb\", error=\"invalid_token\", error_description=\"{why}\"");
    call(URL, &format!("Bearer {token}"))
        .context(|c| c.issued = Some(issued(0)))
        .response(401)
        .with("WWW-Authenticate", &challenge)
        .with("Date", "Mon, 23 Nov 2026 13:00:00 GMT")
        .offset(0)
        .json(&json!({ "errors": [{ "ID": "invalid_token", "message": why }] }))
}

fn first(made: Made) -> (&'static str, Likelihood, String) {
    let diagnosis = made.diagnosis();
    let first = diagnosis.first().expect("a finding");
    (first.code(), first.likelihood, first.summary.clone())
}

#[test]
fn each_fault_of_the_token_ends_in_its_code_first_and_certain() {
    let mut expired = claims();
    expired["iat"] = json!(NOW - 3900);
    expired["exp"] = json!(NOW - 300);
    let none = jwt_with(&json!({ "kid": "k", "alg": "none" }), &claims());
    let none = format!("{}.", none.rsplit_once('.').unwrap().0);
    let mut ms = claims();
    ms["iat"] = json!((NOW - 1) * 1000);
    ms["exp"] = json!((NOW + 3599) * 1000);
    for (code, token, why) in [
        ("token.expired", jwt(&expired), "The access token expired"),
        ("token.not_yet_valid", jwt(&changed("nbf", json!(NOW + 3600))), "The access token is not valid yet"),
        (
            "token.issuer",
            jwt(&changed("iss", json!("https://pega-staging.example.test/prweb"))),
            "The issuer of the access token is not accepted",
        ),
        (
            "token.audience",
            jwt(&changed("aud", json!("https://billing-api.example.test"))),
            "The audience of the access token is not accepted",
        ),
        ("token.unknown_key", jwt(&claims()), "The key of the access token is unknown"),
        ("token.signature", jwt(&claims()), "The signature of the access token is not valid"),
        ("token.revoked", jwt(&claims()), "The access token was revoked"),
        ("token.algorithm", none, "The algorithm of the access token is not accepted"),
        ("token.time_format", jwt(&ms), "The times of the access token are not in seconds"),
    ] {
        let (found, likelihood, summary) = first(refused(&token, why));
        assert_eq!(found, code, "{summary}");
        assert_eq!(likelihood, Likelihood::Certain, "{code}: {summary}");
        assert!(summary.chars().count() <= 110, "{summary}");
    }
}

#[test]
fn a_token_that_was_dead_on_arrival_is_told_from_one_that_grew_old() {
    let mut expired = claims();
    expired["iat"] = json!(NOW - 3900);
    expired["exp"] = json!(NOW - 300);
    let (_, _, summary) = first(refused(&jwt(&expired), "The access token expired"));
    assert!(summary.contains("already when it was issued"), "{summary}");
}

#[test]
fn bound_tokens_sent_as_bearer_are_told_apart() {
    let token = jwt(&changed("cnf", json!({ "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" })));
    let made = call(URL, &format!("Bearer {token}"))
        .context(|c| c.issued = Some(issued(0)))
        .response(401)
        .with("WWW-Authenticate", "DPoP algs=\"ES256 PS256\", error=\"invalid_token\"")
        .offset(0)
        .json(&json!({ "errors": [{ "ID": "invalid_token", "message": "A DPoP proof is required" }] }));
    let (code, likelihood, summary) = first(made);
    assert_eq!((code, likelihood), ("token.needs_dpop", Likelihood::Certain), "{summary}");

    let token = jwt(&changed("cnf", json!({ "x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" })));
    let made = refused(&token, "The access token is bound to a key whose proof is missing")
        .profile(crate::diagnose::facts::Profile::default());
    let (code, likelihood, summary) = first(made);
    assert_eq!((code, likelihood), ("token.needs_mtls", Likelihood::Certain), "{summary}");
}

#[test]
fn an_opaque_token_refused_without_a_word_is_no_more_than_likely() {
    let made = call(URL, "Bearer 3q2-7wEjr1zCsicMWpAA4JXrRvZ0aVQ9UQm1hXcY8tA")
        .context(|c| c.issued = Some(issued(0)))
        .response(401)
        .offset(0);
    let (code, likelihood, _) = first(made);
    assert_eq!((code, likelihood), ("token.opaque", Likelihood::Likely));
}

#[test]
fn an_api_whose_clock_is_two_hours_off_is_found_before_the_token_is_blamed() {
    let made = refused(&jwt(&claims()), "The access token expired").offset(7200);
    let codes = made.codes();
    assert_eq!(codes.first(), Some(&"clock.skew"));
    assert!(!codes.contains(&"token.expired"));
    let made = refused(&jwt(&claims()), "The access token was issued in the future").offset(-7200);
    let (code, likelihood, summary) = first(made);
    assert_eq!((code, likelihood), ("clock.skew", Likelihood::Certain), "{summary}");
    assert!(summary.contains("2 h behind"), "{summary}");
}

#[test]
fn a_server_whose_whole_clock_is_off_gives_no_finding_of_ours_when_it_refuses_for_another_reason() {
    let mut claims = claims();
    claims["iat"] = json!(NOW - 7201);
    claims["exp"] = json!(NOW - 3601);
    let codes = refused(&jwt(&claims), "The access token is invalid")
        .context(|c| c.issued = Some(issued(-7_200_000)))
        .offset(-7200)
        .codes();
    assert!(!codes.contains(&"token.expired"), "{codes:?}");
}

#[test]
fn a_scope_that_does_not_suffice_offers_what_is_missing() {
    let d = call(URL, &format!("Bearer {}", jwt(&claims())))
        .response(403)
        .with("WWW-Authenticate", "Bearer realm=\"prweb\", error=\"insufficient_scope\", scope=\"cases.read cases.write\"")
        .json(&json!({ "errors": [{ "ID": "insufficient_scope", "message": "The access token's scope is not sufficient" }] }))
        .finding("token.scope")
        .expect("found");
    assert_eq!(d.likelihood, Likelihood::Certain);
    assert_eq!(d.remedies.len(), 1);
    assert!(d.remedies[0].text().contains("cases.read cases.write"));
}
