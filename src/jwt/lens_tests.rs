//! What the lens says of tokens as the usual servers make them.

use super::lens::{Facts, SentAs, State, Topic, look};
use super::*;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::json;

const NOW: i64 = 1_800_000_000;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn token(header: Json, claims: Json) -> Decoded {
    let part = |value: Json| URL_SAFE_NO_PAD.encode(value.to_string());
    decode(&format!("{}.{}.c2ln", part(header), part(claims)), now())
}

fn facts(url: &str) -> Facts {
    Facts { url: url.into(), method: "GET".into(), ..Facts::default() }
}

/// Lines of one topic: state and text.
fn lines(claims: Json, facts: &Facts, topic: Topic) -> Vec<(State, String)> {
    let found = look(&token(json!({"alg": "RS256"}), claims), facts, now());
    found.into_iter().filter(|line| line.topic == topic).map(|line| (line.state, line.text)).collect()
}

fn only(claims: Json, facts: &Facts, topic: Topic) -> (State, String) {
    let mut all = lines(claims, facts, topic);
    assert_eq!(all.len(), 1, "{all:?}");
    all.pop().unwrap()
}

#[test]
fn a_token_as_it_should_be_has_no_doubt() {
    let facts = Facts {
        issuer: "https://idp.example".into(),
        scopes: vec!["openid read".into()],
        client_id: "c-1".into(),
        ..facts("https://api.example/v1/cases")
    };
    let claims = json!({
        "iss": "https://idp.example", "aud": "https://api.example", "sub": "u", "client_id": "c-1",
        "scope": "read write", "iat": NOW - 60, "exp": NOW + 1_620
    });
    let found = look(&token(json!({"alg": "RS256", "typ": "at+jwt"}), claims), &facts, now());
    assert!(found.iter().all(|line| line.state == State::Ok), "{found:?}");
    let texts: Vec<&str> = found.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "an access token (RFC 9068)",
            "27 min left",
            "issued by https://idp.example, as expected",
            "for https://api.example, where this request goes",
            "may be used for read write",
            "issued to client c-1, as configured",
            "speaks for u",
        ]
    );
}

#[test]
fn times_are_counted_by_the_servers_clock_with_a_minute_of_leeway() {
    let at = |claims: Json| only(claims, &Facts::default(), Topic::Time);
    assert_eq!(at(json!({"exp": NOW + 1})), (State::Ok, "1 s left".into()));
    assert_eq!(at(json!({"exp": NOW - 180})), (State::Bad, "expired 3 min ago".into()));
    assert_eq!(at(json!({"exp": NOW - 20})).0, State::Doubt);
    assert_eq!(at(json!({"exp": NOW + 90, "nbf": NOW + 61})).0, State::Bad);
    assert_eq!(at(json!({"exp": NOW + 90, "nbf": NOW + 30})).0, State::Doubt);
    assert_eq!(at(json!({"exp": NOW + 90, "iat": NOW + 30})).0, State::Ok);
    assert_eq!(at(json!({"exp": NOW + 900, "iat": NOW + 300})).0, State::Doubt);
    assert_eq!(at(json!({"exp": NOW * 1000})).0, State::Doubt);
    assert_eq!(at(json!({"exp": "soon"})).0, State::Doubt);
    assert_eq!(at(json!({})).0, State::Unknown);
    assert_eq!(lines(json!({"exp": NOW - 90, "nbf": NOW + 90}), &Facts::default(), Topic::Time).len(), 2);
}

#[test]
fn an_audience_is_bad_only_where_it_is_known_to_be_another_api() {
    let to = facts("https://api.example/v1/cases");
    let aud = |aud: Json, facts: &Facts| only(json!({ "aud": aud }), facts, Topic::Audience);
    assert_eq!(aud(json!("https://api.example/v1/"), &to).0, State::Ok);
    assert_eq!(aud(json!(["urn:x", "https://api.example"]), &to).0, State::Ok);
    assert_eq!(aud(json!("https://api.example/v12"), &to).0, State::Doubt);
    assert_eq!(
        aud(json!("https://other.example"), &to),
        (State::Doubt, "audience is https://other.example, this request goes to https://api.example".into())
    );
    assert_eq!(aud(json!("http://api.example"), &to).0, State::Doubt);
    assert_eq!(aud(json!("my-api"), &to).0, State::Unknown);
    assert_eq!(aud(json!("urn:12345"), &to).0, State::Unknown);
    assert_eq!(aud(json!([]), &to).0, State::Unknown);
    assert_eq!(aud(json!(7), &to).0, State::Unknown);
    assert!(aud(json!("account"), &to).1.contains("audience mapper"));
    let graph = "00000003-0000-0000-c000-000000000000";
    assert_eq!(
        aud(json!(graph), &to),
        (State::Bad, "for Microsoft Graph only, this request goes to api.example".into())
    );
    assert_eq!(
        aud(json!("https://graph.microsoft.com/"), &facts("https://graph.microsoft.com/v1.0/me")).0,
        State::Ok
    );
    // What was asked for is right, whatever the address (Auth0, Entra ID).
    let asked = Facts { audiences: vec!["api://ABCD".into()], ..to.clone() };
    assert_eq!(aud(json!("abcd"), &asked).0, State::Ok);
    assert_eq!(aud(json!("https://other.example"), &asked).0, State::Doubt);
    // No request, no comparison.
    assert_eq!(aud(json!("https://other.example"), &Facts::default()).0, State::Unknown);
}

#[test]
fn pegas_application_alias_is_compared_with_the_url() {
    let claims = json!({"aud": "urn:x", "app_alias": "uplus"});
    let of = |url: &str| lines(claims.clone(), &facts(url), Topic::Audience).len();
    assert_eq!(of("https://p.example/prweb/app/uplus/api/application/v2/cases"), 1);
    assert_eq!(of("https://p.example/prweb/app/other/api/application/v2/cases"), 2);
    assert_eq!(of("https://p.example/prweb/api/application/v2/cases"), 1);
}

#[test]
fn an_issuer_that_differs_is_a_doubt_with_its_likely_reason() {
    let issuer = |iss: &str, expected: &str| {
        let facts = Facts { issuer: expected.into(), ..Facts::default() };
        only(json!({ "iss": iss }), &facts, Topic::Issuer)
    };
    assert_eq!(issuer("https://a.example", "https://a.example").0, State::Ok);
    assert!(issuer("https://a.example/", "https://a.example").1.contains("slash"));
    assert!(issuer("https://dev.example", "https://a.example").1.contains("another environment"));
    let both = issuer("https://sts.windows.net/t-1/", "https://login.microsoftonline.com/t-1/v2.0");
    assert!(both.0 == State::Doubt && both.1.contains("token version"));
    assert!(
        issuer("https://sts.windows.net/t-2/", "https://login.microsoftonline.com/t-1/v2.0")
            .1
            .contains("expected")
    );
    assert_eq!(issuer("x", "").0, State::Unknown);
}

#[test]
fn scopes_asked_for_are_looked_for_where_each_vendor_puts_them() {
    let scope = |claims: Json, asked: &str| {
        let facts = Facts { scopes: vec![asked.into()], ..Facts::default() };
        only(claims, &facts, Topic::Scope)
    };
    assert_eq!(scope(json!({"scp": "read"}), "api://app/read offline_access").0, State::Ok);
    assert_eq!(scope(json!({"scp": ["read", "write"]}), "read").0, State::Ok);
    assert_eq!(scope(json!({"roles": ["App.Read"]}), "api://app/.default").0, State::Ok);
    assert_eq!(scope(json!({"permissions": ["read"]}), "read").0, State::Ok);
    assert_eq!(
        scope(json!({"scope": "read"}), "read write"),
        (State::Doubt, "asked for but not granted: write; granted: read".into())
    );
    assert_eq!(scope(json!({}), "read").0, State::Doubt);
    assert_eq!(scope(json!({}), "openid").0, State::Unknown);
}

#[test]
fn a_bound_token_needs_its_key_or_certificate() {
    let jkt = json!({"cnf": {"jkt": "print"}});
    let of = |claims: &Json, facts: Facts| only(claims.clone(), &facts, Topic::Binding).0;
    let dpop = |key: Option<&str>| Facts {
        sent_as: SentAs::Dpop,
        dpop_key: key.map(str::to_owned),
        ..Facts::default()
    };
    assert_eq!(of(&jkt, Facts::default()), State::Bad);
    assert_eq!(of(&jkt, dpop(Some("print"))), State::Ok);
    assert_eq!(of(&jkt, dpop(Some("other"))), State::Bad);
    assert_eq!(of(&jkt, dpop(None)), State::Unknown);
    assert_eq!(of(&json!({}), dpop(None)), State::Doubt);
    assert_eq!(of(&json!({}), Facts { sent_as: SentAs::Query, ..Facts::default() }), State::Doubt);
    let tls = json!({"cnf": {"x5t#S256": "print"}});
    let with = |print: Option<&str>| Facts {
        certificate: true,
        certificate_print: print.map(str::to_owned),
        ..Facts::default()
    };
    assert_eq!(of(&tls, Facts::default()), State::Bad);
    assert_eq!(of(&tls, with(Some("print"))), State::Ok);
    assert_eq!(of(&tls, with(Some("other"))), State::Bad);
    assert_eq!(of(&tls, with(None)), State::Unknown);
    assert!(lines(json!({"sub": "u"}), &Facts::default(), Topic::Binding).is_empty());
}

#[test]
fn the_kind_of_token_is_told_where_something_tells_it() {
    let kind = |header: Json, claims: Json| {
        look(&token(header, claims), &Facts::default(), now())
            .into_iter()
            .find(|l| l.topic == Topic::Kind)
            .unwrap()
    };
    let rs = || json!({"alg": "RS256"});
    assert_eq!(kind(rs(), json!({"nonce": "n"})).state, State::Doubt);
    assert_eq!(kind(rs(), json!({"token_use": "id"})).state, State::Doubt);
    assert_eq!(kind(rs(), json!({"typ": "Refresh"})).state, State::Bad);
    assert_eq!(kind(rs(), json!({"typ": "Bearer"})).state, State::Ok);
    assert_eq!(kind(json!({"alg": "RS256", "typ": "application/at+jwt"}), json!({})).state, State::Ok);
    assert_eq!(kind(json!({"alg": "ES256", "typ": "dpop+jwt"}), json!({})).state, State::Bad);
    assert_eq!(kind(json!({"alg": "none"}), json!({})).state, State::Bad);
    assert_eq!(kind(rs(), json!({})).state, State::Unknown);
    for text in ["opaque", "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkExMjhHQ00ifQ.a.b.c.d"] {
        let found = look(&decode(text, now()), &Facts::default(), now());
        assert_eq!((found.len(), found[0].state), (1, State::Unknown));
    }
    let wanted = Facts { id_token_wanted: true, ..Facts::default() };
    assert_eq!(look(&token(rs(), json!({"nonce": "n"})), &wanted, now())[0].state, State::Ok);
    let mut rejected = token(rs(), json!({}));
    rejected.signature = Signature::Rejected { reason: "the signature does not fit".into() };
    assert_eq!(look(&rejected, &wanted, now())[0].state, State::Bad);
}

#[test]
fn subjects_clients_and_actors_are_named() {
    let subject = |claims: Json| only(claims, &Facts::default(), Topic::Subject);
    assert_eq!(
        subject(json!({"sub": "c", "client_id": "c"})).1,
        "speaks for the client itself, no user is behind it"
    );
    assert_eq!(
        subject(json!({"sub": "u", "act": {"sub": "svc"}})).1,
        "speaks for u; svc acts for it (`act`)"
    );
    assert_eq!(
        subject(json!({"azp": "c"})),
        (State::Doubt, "it names no subject (`sub`); c is named instead".into())
    );
    let client = Facts { client_id: "mine".into(), ..Facts::default() };
    assert_eq!(only(json!({"appid": "other"}), &client, Topic::Client).0, State::Doubt);
    assert_eq!(only(json!({"cid": "mine"}), &client, Topic::Client).0, State::Ok);
}

#[test]
fn keys_and_actors_are_explained_beside_their_claims() {
    let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let claims = json!({
        "cnf": {"jkt": "p1", "x5t#S256": "p2", "jwk": key},
        "act": {"sub": "a", "act": {"sub": "b"}}, "may_act": {"client_id": "c"}, "cid": "x", "hd": "example.org"
    });
    let all = explain(claims.as_object().unwrap(), now(), &jiff::tz::TimeZone::UTC);
    let line = |name: &str| all.iter().find(|line| line.name == name).unwrap();
    assert_eq!(
        line("cnf").note,
        "the DPoP key p1, the client certificate p2, the key kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    );
    assert_eq!(line("act").note, "a, before that b");
    assert_eq!(line("may_act").note, "c");
    assert!(line("hd").meaning.contains("Google"));
}
