//! Keys, bindings, revocation, opaque tokens.

use crate::diagnose::facts::{Issued, Known, KnownKind, Past, Profile};
use crate::diagnose::fixture::{Made, NOW, call, jwt, jwt_with};
use crate::diagnose::{Layer, Likelihood, Remedy};
use crate::jwt::Jwks;
use crate::model::secret::Secret;
use Likelihood::{Certain, Likely, Possible};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use std::sync::Arc;

const URL: &str = "https://api.example.test/v1/things";
const OPAQUE: &str = "2YotnFZFEjr1zCsicMWpAA";

fn claims() -> Json {
    json!({ "sub": "ann", "iat": NOW - 60, "exp": NOW + 600 })
}

fn bearer(token: &str) -> Made {
    call(URL, &format!("Bearer {token}")).offset(0)
}

fn content(made: Made) -> Vec<(&'static str, Likelihood)> {
    let found = made.diagnosis().findings;
    found.iter().filter(|f| f.layer() == Layer::Token).map(|f| (f.code(), f.likelihood)).collect()
}

fn keys(kid: &str) -> Arc<Jwks> {
    // A modulus of 2048 bits that belongs to nobody.
    let n = format!("{}{}", "_".repeat(341), "w");
    let text = json!({ "keys": [{ "kty": "RSA", "kid": kid, "n": n, "e": "AQAB" }] }).to_string();
    Arc::new(Jwks::parse(&text).unwrap())
}

fn past(status: u16, ago: i64, same_call: bool) -> Past {
    Past {
        at: Timestamp::from_second(NOW - ago).unwrap(),
        method: "GET".into(),
        url: URL.into(),
        status,
        same_token: Some(true),
        same_call,
        retry: false,
        body: String::new(),
    }
}

#[test]
fn a_signature_that_does_not_fit_the_key_it_names_is_certain() {
    let made = || bearer(&jwt(&claims())).context(|c| c.keys = Some(keys("k1")));
    assert_eq!(content(made().response(401)), [("token.signature", Certain)]);
    assert_eq!(content(made().response(200)), []);
    assert_eq!(content(made().response(403)), []);
}

#[test]
fn a_key_that_is_not_among_the_issuers_is_likely_and_by_the_servers_word_certain() {
    let made = || bearer(&jwt(&claims())).context(|c| c.keys = Some(keys("other")));
    assert_eq!(content(made().response(401)), [("token.unknown_key", Likely)]);
    for words in [
        "The signature key was not found",
        "Jwks doesn't have key to match kid or alg from Jwt",
        "IDX10501: Signature validation failed. Unable to match key: kid: 'k1'",
    ] {
        let made = bearer(&jwt(&claims())).response(401).json(&json!({ "message": words }));
        assert_eq!(content(made), [("token.unknown_key", Certain)], "{words}");
    }
    // A node that does not know what another knew.
    let made = bearer(&jwt(&claims())).context(|c| c.history.push(past(200, 30, true)));
    let made = made.response(401).json(&json!({ "message": "The key of the access token is unknown" }));
    assert_eq!(content(made), [("token.unknown_key", Possible)]);
}

#[test]
fn graph_tokens_and_api_keys_are_not_taken_for_bad_signatures() {
    let graph = jwt_with(&json!({ "alg": "RS256", "kid": "k1", "nonce": "x" }), &claims());
    assert_eq!(content(bearer(&graph).context(|c| c.keys = Some(keys("k1"))).response(401)), []);
    let key = bearer(&jwt(&claims())).response(401).json(&json!({ "message": "API key: no matching key" }));
    assert_eq!(content(key), []);
}

#[test]
fn unsigned_tokens_are_certain_and_shared_secrets_before_public_keys_likely() {
    let none = jwt_with(&json!({ "alg": "none" }), &claims());
    let none = format!("{}.", none.rsplit_once('.').unwrap().0);
    assert_eq!(content(bearer(&none).response(401)), [("token.algorithm", Certain)]);
    assert_eq!(content(bearer(&none).response(200)), []);
    let token = jwt_with(&json!({ "alg": "HS256", "kid": "z" }), &claims());
    let (text, _) = token.rsplit_once('.').unwrap();
    let hs = format!("{text}.{}", "A".repeat(43));
    let made = bearer(&hs).context(|c| c.keys = Some(keys("z")));
    assert_eq!(content(made.response(401)).first(), Some(&("token.algorithm", Likely)));
}

#[test]
fn bound_tokens_need_their_proof_and_nothing_else_is_said_of_others() {
    let mut bound = claims();
    bound["cnf"] = json!({ "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" });
    let made = bearer(&jwt(&bound)).profile(Profile::default()).response(401);
    let finding = made.finding("token.needs_dpop").unwrap();
    assert_eq!((finding.likelihood, finding.remedies), (Certain, vec![Remedy::Dpop]));
    let proof = |name: &str| {
        call(URL, &format!("DPoP {}", jwt(&bound)))
            .header(name, "eyJ0eXAiOiJkcG9wK2p3dCJ9.e30.c2ln")
            .offset(0)
    };
    assert_eq!(content(proof("DPoP").response(401).with("WWW-Authenticate", "DPoP algs=\"ES256\"")), []);
    assert_eq!(content(proof("X-Other").response(401)), [("token.needs_dpop", Certain)]);
    assert_eq!(
        content(proof("DPoP").response(401).with("WWW-Authenticate", "DPoP error=\"use_dpop_nonce\"")),
        []
    );
    // The challenge alone; and a server that takes both.
    let plain = || bearer(&jwt(&claims()));
    assert_eq!(
        content(plain().response(401).with("WWW-Authenticate", "DPoP algs=\"ES256\"")),
        [("token.needs_dpop", Likely)]
    );
    assert_eq!(content(plain().response(401).with("WWW-Authenticate", "Bearer, DPoP algs=\"ES256\"")), []);
}

#[test]
fn a_certificate_that_is_the_right_one_is_no_finding() {
    let mut bound = claims();
    bound["cnf"] = json!({ "x5t#S256": "print-a" });
    let with = |certificate, print: Option<&str>| {
        let profile =
            Profile { certificate, certificate_print: print.map(str::to_owned), ..Profile::default() };
        bearer(&jwt(&bound)).profile(profile).response(401)
    };
    assert_eq!(content(with(false, None)), [("token.needs_mtls", Certain)]);
    assert_eq!(content(with(true, Some("print-b"))), [("token.needs_mtls", Certain)]);
    assert_eq!(content(with(true, None)), [("token.needs_mtls", Possible)]);
    assert_eq!(content(with(true, Some("print-a"))), []);
    assert_eq!(content(bearer(&jwt(&bound)).response(401)), [("token.needs_mtls", Likely)]);
}

#[test]
fn a_call_that_was_taken_before_with_the_same_token_speaks_of_revocation() {
    let made = |history: &[Past]| {
        let history = history.to_vec();
        bearer(OPAQUE).context(|c| c.history = history).response(401)
    };
    assert_eq!(content(made(&[past(200, 60, true)])), [("token.revoked", Likely)]);
    // Another call: then it is that call, not the token.
    assert_eq!(content(made(&[past(200, 60, false)])), []);
    // It comes and goes: a node of several.
    assert_eq!(content(made(&[past(401, 90, true), past(200, 60, true)])), []);
    // It has expired meanwhile.
    let issued = Issued { ends: Timestamp::from_second(NOW - 10).ok(), ..Issued::default() };
    let made = made(&[past(200, 60, true)]).context(|c| c.issued = Some(issued));
    assert_eq!(content(made), [("token.expired", Likely)]);
}

#[test]
fn the_servers_word_for_revoked_is_certain_and_pega_hears_of_its_places() {
    let made = call("https://p.example/prweb/api/v1/cases", &format!("Bearer {OPAQUE}")).response(401).with(
        "WWW-Authenticate",
        "Bearer error=\"invalid_token\", error_description=\"The access token was revoked\"",
    );
    let finding = made.finding("token.revoked").unwrap();
    assert_eq!(finding.likelihood, Certain);
    assert!(finding.cause.contains("Dev Studio"));
}

#[test]
fn a_newer_token_of_the_same_profile_is_a_possibility() {
    let known = |iat: i64| Known {
        kind: KnownKind::AccessToken,
        label: "profile pega".into(),
        environment: "dev".into(),
        text: Secret::new(jwt(&json!({ "sub": "ann", "iat": iat }))),
    };
    let made = |iat: i64| {
        let issued = Issued { profile: "pega".into(), environment: "dev".into(), ..Issued::default() };
        bearer(&jwt(&claims())).context(|c| {
            c.issued = Some(issued);
            c.known.push(known(iat));
        })
    };
    assert_eq!(content(made(NOW - 10).response(401)), [("token.revoked", Possible)]);
    assert_eq!(content(made(NOW - 500).response(401)), []);
    assert_eq!(content(made(NOW - 10).response(200)), []);
}

#[test]
fn an_opaque_token_is_possible_where_nothing_else_explains() {
    let invalid = |made: Made| made.response(401).with("WWW-Authenticate", "Bearer error=\"invalid_token\"");
    assert_eq!(content(invalid(bearer(OPAQUE))), [("token.opaque", Possible)]);
    assert_eq!(content(bearer(OPAQUE).response(200)), []);
    assert_eq!(content(bearer(OPAQUE).response(403)), []);
    assert_eq!(content(invalid(bearer(&jwt(&claims())))), []);
    let wants_jwt = bearer(OPAQUE).response(401).json(&json!({ "message": "jwt malformed" }));
    assert_eq!(content(wants_jwt), [("token.opaque", Certain)]);
    let basic = bearer(OPAQUE).response(401).with("WWW-Authenticate", "Basic realm=\"x\"");
    assert_eq!(content(basic), []);
}
