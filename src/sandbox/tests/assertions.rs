//! JWT bearer with token profile and identity mapping; SAML bearer in shape.

use super::*;
use crate::jwt::sign::{SigningKey, sign};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use serde_json::json;

const JWT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const SAML: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";

pub(super) struct Issuer(KeyPair);

impl Issuer {
    pub(super) fn new() -> Issuer {
        Issuer(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap())
    }

    pub(super) fn client(&self, at: &Sandbox, mut mapping: Json) -> Registered {
        mapping["keys"] = json!(self.0.public_key_pem());
        Registered::new(at, &json!({ "grants": ["jwt-bearer", "saml2_bearer"], "mapping": mapping }))
    }

    pub(super) fn sign(&self, claims: &Json) -> String {
        let key = jsonwebtoken::EncodingKey::from_ec_pem(self.0.serialize_pem().as_bytes()).unwrap();
        jsonwebtoken::encode(&jsonwebtoken::Header::new(jsonwebtoken::Algorithm::ES256), claims, &key)
            .unwrap()
    }
}

pub(super) fn claims(at: &Sandbox) -> Json {
    let now = jiff::Timestamp::now().as_second();
    json!({
        "iss": "https://idp.example.test", "sub": PERSON, "aud": format!("{}{TOKEN}", at.base_url()),
        "iat": now, "exp": now + 300, "jti": "1",
    })
}

fn changed(mut claims: Json, name: &str, value: Json) -> Json {
    claims[name] = value;
    claims
}

async fn present(at: &Sandbox, client: &Registered, assertion: &str) -> Got {
    client.ask(at, &[("grant_type", JWT), ("assertion", assertion)]).await
}

#[tokio::test]
async fn a_signed_assertion_speaks_for_the_operator_its_claim_names() {
    let at = sandbox(&[]).await;
    let issuer = Issuer::new();
    let client = issuer.client(&at, json!({ "issuer": "https://idp.example.test" }));
    let got = present(&at, &client, &issuer.sign(&claims(&at))).await;
    assert_eq!(got.status, 200, "{}", got.text());
    let bearer = format!("Bearer {}", got.json()["access_token"].as_str().unwrap());
    assert_eq!(super::super::tokens::claims(&bearer[7..]).unwrap()["sub"], PERSON);
    assert_eq!(get(&at, &format!("{V2}/casetypes"), &bearer).await.status, 200);

    let by_sid = issuer.client(&at, json!({ "claim": "sid", "audience": "pega" }));
    let sid = changed(changed(claims(&at), "sid", json!("admin@acme")), "aud", json!(["x", "pega"]));
    let got = present(&at, &by_sid, &issuer.sign(&sid)).await;
    let token = got.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(super::super::tokens::claims(&token).unwrap()["sub"], "admin@acme");
}

#[tokio::test]
async fn each_failure_of_an_assertion_has_its_own_words() {
    let at = sandbox(&[]).await;
    let issuer = Issuer::new();
    let client = issuer.client(&at, json!({ "issuer": "https://idp.example.test" }));
    let good = claims(&at);
    let now = jiff::Timestamp::now().as_second();
    let signed = |name: &str, value: Json| issuer.sign(&changed(good.clone(), name, value));
    let none = format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#),
        URL_SAFE_NO_PAD.encode(good.to_string())
    );
    let cases = [
        (signed("exp", json!(now - 100)), 400, "expired"),
        (signed("exp", Json::Null), 400, "expired"),
        (signed("exp", json!("soon")), 400, "expired"),
        (signed("nbf", json!(now + 1000)), 400, "expired"),
        (signed("aud", json!("https://other.example.test")), 400, "audience"),
        (signed("aud", json!(format!("{}.evil.example.test{TOKEN}", at.base_url()))), 400, "audience"),
        (signed("aud", Json::Null), 400, "audience"),
        (signed("iss", json!("https://evil.example.test")), 400, "issuer"),
        (signed("sub", json!("nobody@acme")), 401, "No operator is associated with the token"),
        (signed("sub", json!(7)), 401, "No operator is associated with the token"),
        (signed("sub", json!("old.batch@acme")), 401, "disabled"),
        (Issuer::new().sign(&good), 400, "signature"),
        (none, 400, "signature"),
        ("nonsense".to_owned(), 400, "signature"),
    ];
    for (assertion, status, text) in cases {
        let got = present(&at, &client, &assertion).await;
        assert_eq!((got.status, got.json()["error"].as_str()), (status, Some("invalid_grant")), "{text}");
        assert!(got.text().contains(text), "{text}: {}", got.text());
    }
    let pinned = issuer.client(&at, json!({ "subject": "svc.cases@acme" }));
    assert!(present(&at, &pinned, &issuer.sign(&good)).await.text().contains("subject"));
    let got = client.ask(&at, &[("grant_type", JWT)]).await;
    assert_eq!((got.status, got.json()["error"].as_str()), (400, Some("invalid_request")));
    let log = get(&at, "/sandbox/log", "").await.text();
    assert!(log.contains("JWTIdentityMapper: No operator is associated with the token"));
}

fn assertion(audience: &str, signature: &str, minutes: i64) -> String {
    let until = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(minutes);
    let xml = format!(
        "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"><saml:Issuer>https://idp.example.test</saml:Issuer>{signature}\
         <saml:Subject><saml:NameID>{PERSON}</saml:NameID></saml:Subject><saml:Conditions NotOnOrAfter=\"{until}\">\
         <saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions></saml:Assertion>"
    );
    URL_SAFE_NO_PAD.encode(xml)
}

#[tokio::test]
async fn a_saml_assertion_is_judged_by_what_it_says_and_the_answer_admits_it() {
    let at = sandbox(&[]).await;
    let client = Issuer::new().client(&at, json!({ "issuer": "https://idp.example.test" }));
    let present =
        async |assertion: &str| client.ask(&at, &[("grant_type", SAML), ("assertion", assertion)]).await;
    let here = format!("{}{TOKEN}", at.base_url());
    let signature = "<ds:Signature>x</ds:Signature>";
    let got = present(&assertion(&here, signature, 5)).await;
    assert_eq!(got.status, 200, "{}", got.text());
    assert!(got.json()["sandbox_note"].as_str().unwrap().contains("not checked"));
    for (bad, text) in [
        (assertion(&here, "", 5), "not signed"),
        (assertion("https://other.example.test", signature, 5), "audience"),
        (assertion(&here, signature, -5), "expired"),
        ("%%%".to_owned(), "SAML 2.0"),
        (URL_SAFE_NO_PAD.encode("<Response/>"), "SAML 2.0"),
    ] {
        let got = present(&bad).await;
        assert_eq!(got.status, 400, "{text}");
        assert!(got.text().contains(text), "{text}: {}", got.text());
    }
    at.set_faults(&["saml-unsigned".to_owned()]).unwrap();
    assert_eq!(present(&assertion(&here, "", 5)).await.status, 200);
}

#[tokio::test]
async fn what_the_demo_is_given_gets_a_token_by_every_grant() {
    let at = sandbox(&[]).await;
    let extras = at.demo_extras();
    let variable = |name: &str| extras.variables.iter().find(|(n, _)| n == name).unwrap().1.clone();
    let secret = |name: &str| extras.secrets.iter().find(|(n, _)| n == name).unwrap().1.expose().to_owned();
    for (_, text) in &extras.files {
        assert!(extras.secrets.iter().all(|(_, s)| !text.contains(s.expose())), "{text}");
        for name in text.split("{{").skip(1).map(|piece| piece.split("}}").next().unwrap()) {
            let known = extras.variables.iter().map(|(n, _)| n).chain(extras.secrets.iter().map(|(n, _)| n));
            assert!(name == "base_url" || known.into_iter().any(|n| n == name), "{name} has no value");
        }
    }
    let person = variable("pega_operator");
    let client = |name: &str| Registered {
        id: variable(&format!("pega_{name}_client_id")),
        secret: secret(&format!("pega_{name}_client_secret")),
    };
    let key = SigningKey::read(&secret("pega_assertion_private_key").into(), "ES256").unwrap();
    let claims = claims(&at).as_object().cloned().unwrap();
    let assertion = sign(&serde_json::Map::new(), &claims, &key).unwrap();
    let word = secret("pega_operator_password");
    let password = [("grant_type", "password"), ("username", person.as_str()), ("password", &word)];
    for (name, asked, lifetime) in [
        ("grants", &password[..], 3600),
        ("grants", &[("grant_type", "custom-bearer"), ("userIdentifier", &person)], 3600),
        ("grants", &[("grant_type", JWT), ("assertion", assertion.expose())], 3600),
        ("refresh", &password, 30),
    ] {
        let got = client(name).ask(&at, asked).await;
        assert_eq!((got.status, got.json()["expires_in"].as_i64()), (200, Some(lifetime)), "{}", got.text());
        assert!(got.json()["refresh_token"].is_string());
    }
    let login = Registered { id: variable("pega_login_client_id"), secret: String::new() };
    let more = [
        ("redirect_uri", "http://127.0.0.1:4711/callback"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
    ];
    assert!(!login.code(&at, &more).await.is_empty());
}
