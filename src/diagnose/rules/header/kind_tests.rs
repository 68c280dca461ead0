//! What was put into the header.

use crate::diagnose::facts::{Known, KnownKind, Profile};
use crate::diagnose::fixture::{Made, NOW, call, jwt, jwt_with};
use crate::diagnose::{Layer, Likelihood};
use crate::model::secret::Secret;
use Likelihood::{Certain, Likely, Possible};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value as Json, json};

const URL: &str = "https://api.example.test/v1/things";

fn claims() -> Json {
    json!({ "iss": "https://login.example.test", "sub": "ann", "exp": NOW + 600, "scope": "read" })
}

fn refused(token: &str) -> Made {
    call(URL, &format!("Bearer {token}"))
        .response(401)
        .with("WWW-Authenticate", "Bearer error=\"invalid_token\"")
        .offset(0)
}

fn hygiene(made: Made) -> Vec<(&'static str, Likelihood)> {
    let found = made.diagnosis().findings;
    found.iter().filter(|f| f.layer() == Layer::Header).map(|f| (f.code(), f.likelihood)).collect()
}

fn signed(alg: &str, len: usize) -> String {
    let token = jwt_with(&json!({ "alg": alg, "kid": "k1" }), &claims());
    let (text, _) = token.rsplit_once('.').unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(vec![7; len]))
}

#[test]
fn a_token_that_was_cut_anywhere_is_found() {
    let token = jwt(&claims());
    let dots: Vec<usize> = token.match_indices('.').map(|(at, _)| at).collect();
    for cut in [
        &token[..dots[0] - 4],
        &token[..dots[0]],
        &token[..dots[1] - 10],
        &token[..dots[1]],
        &token[..=dots[1]],
        &token[..dots[1] + 6],
        &token[..dots[1] + 21],
        &token[..dots[1] + 101],
    ] {
        assert_eq!(hygiene(refused(cut)).first(), Some(&("header.truncated", Certain)), "{}", cut.len());
    }
}

#[test]
fn signatures_of_a_length_their_algorithm_never_makes_are_found() {
    for (alg, len, expected) in [
        ("ES256", 60, Some(Certain)),
        ("ES256", 64, None),
        ("HS256", 31, Some(Certain)),
        ("HS256", 32, None),
        ("EdDSA", 64, None),
        ("EdDSA", 50, Some(Certain)),
        ("HS256", 64, None),
        ("HS512", 32, Some(Likely)),
        ("ES384", 120, Some(Likely)),
        ("RS256", 255, Some(Likely)),
        ("RS256", 256, None),
        ("PS512", 512, None),
        ("RS256", 100, Some(Certain)),
        ("XX999", 3, None),
    ] {
        let found = hygiene(refused(&signed(alg, len)));
        let found = found.iter().find(|(code, _)| *code == "header.truncated").map(|(_, l)| *l);
        assert_eq!(found, expected, "{alg} {len}");
    }
}

#[test]
fn whole_tokens_and_opaque_ones_are_not_called_cut() {
    for token in
        [jwt(&claims()), "2YotnFZFEjr1zCsicMWpAA".to_owned(), "a.b".to_owned(), "ey.not-a-jwt".to_owned()]
    {
        assert_eq!(hygiene(refused(&token)), [], "{token}");
    }
}

#[test]
fn an_encrypted_token_is_possible_only() {
    let head = URL_SAFE_NO_PAD.encode("{\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\"}");
    assert_eq!(
        hygiene(refused(&format!("{head}.a2V5.aXY.dGV4dA.dGFn"))),
        [("header.encrypted_token", Possible)]
    );
}

#[test]
fn a_known_secret_of_another_kind_is_named_and_never_shown() {
    for (kind, expected) in [
        (KnownKind::RefreshToken, Some(Certain)),
        (KnownKind::ClientSecret, Some(Certain)),
        (KnownKind::Password, Some(Certain)),
        (KnownKind::Code, Some(Certain)),
        (KnownKind::IdToken, Some(Likely)),
        (KnownKind::AccessToken, None),
        (KnownKind::Other, None),
    ] {
        let known = Known {
            kind,
            label: "profile pega".into(),
            environment: String::new(),
            text: Secret::new("8xLOxBtZp8-and-more"),
        };
        let made = refused("8xLOxBtZp8-and-more").context(|c| c.known.push(known));
        let finding = made.finding("header.wrong_token");
        assert_eq!(finding.as_ref().map(|f| f.likelihood), expected, "{kind:?}");
        if let Some(finding) = finding {
            assert!(finding.summary.contains(kind.words()), "{}", finding.summary);
            assert!(!format!("{finding:?}").contains("8xLOxBtZp8"));
        }
    }
}

#[test]
fn tokens_that_say_what_they_are_are_believed() {
    let with = |typ: &str| jwt_with(&json!({ "alg": "RS256", "typ": typ, "kid": "k1" }), &claims());
    let claim = |name: &str, value: Json| {
        let mut claims =
            json!({ "iss": "https://login.example.test", "sub": "ann", "exp": NOW + 600, "aud": "c1" });
        claims[name] = value;
        jwt(&claims)
    };
    for (token, likelihood) in [
        (with("dpop+jwt"), Certain),
        (with("logout+jwt"), Certain),
        (with("application/secevent+jwt"), Certain),
        (claim("typ", json!("Refresh")), Certain),
        (claim("typ", json!("ID")), Likely),
        (claim("token_use", json!("id")), Likely),
        (claim("at_hash", json!("x")), Likely),
        (claim("nonce", json!("x")), Likely),
    ] {
        assert_eq!(hygiene(refused(&token)), [("header.wrong_token", likelihood)]);
    }
}

#[test]
fn access_tokens_that_look_like_id_tokens_are_let_be() {
    for extra in [
        json!({ "nonce": "n", "typ": "Bearer" }),
        json!({ "nonce": "n", "scp": "User.Read" }),
        json!({ "auth_time": NOW, "token_use": "access" }),
        json!({ "auth_time": NOW, "aud": "c1", "client_id": "c1" }),
    ] {
        let mut claims = json!({ "iss": "https://login.example.test", "sub": "ann", "exp": NOW + 600 });
        for (name, value) in extra.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let profile = Profile { client_id: "c1".into(), ..Profile::default() };
        assert_eq!(hygiene(refused(&jwt(&claims)).profile(profile)), [], "{claims}");
    }
    let token = jwt(&json!({ "nonce": "n", "exp": NOW + 600 }));
    let profile = Profile { use_id_token: true, ..Profile::default() };
    assert_eq!(hygiene(refused(&token).profile(profile)), []);
}

#[test]
fn the_id_token_of_a_server_that_marks_none_is_known_by_its_audience() {
    let token = jwt(
        &json!({ "iss": "https://p.example/prweb", "sub": "ann", "aud": "c1", "iat": NOW, "exp": NOW + 600, "auth_time": NOW }),
    );
    let profile = Profile { client_id: "c1".into(), ..Profile::default() };
    assert_eq!(hygiene(refused(&token).profile(profile)), [("header.wrong_token", Likely)]);
}

#[test]
fn a_client_assertion_in_place_of_a_token_is_found() {
    let url = "https://login.example.test/token";
    let token = jwt(&json!({ "iss": "c1", "sub": "c1", "aud": url, "exp": NOW + 60 }));
    let profile = Profile { token_url: url.into(), ..Profile::default() };
    assert_eq!(hygiene(refused(&token).profile(profile)), [("header.wrong_token", Likely)]);
}
