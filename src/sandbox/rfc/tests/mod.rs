//! Over real loopback sockets. Proofs and assertions are made here by hand, so that neither the server nor
//! the client of this program is measured by its own code.

mod bound;
mod clients;
mod device;
mod exchange;
mod login;
mod refresh;
mod surface;
mod switches;
mod workspace;

use crate::sandbox::Sandbox;
use crate::sandbox::client_key::ClientKey;
use crate::sandbox::tests::{FORM, Got, sandbox, send};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value as Json, json};
use std::collections::HashMap;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const BACK: &str = "http://127.0.0.1:49152/callback";

fn form(params: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish()
}

/// A form to an endpoint below `/rfc`, with the true Host header.
async fn post(at: &Sandbox, path: &str, headers: &[(&str, &str)], params: &[(&str, &str)]) -> Got {
    let host = at.address.to_string();
    let mut all = vec![("Host", host.as_str()), ("Content-Type", FORM)];
    all.extend_from_slice(headers);
    send(at, "POST", &format!("/rfc/{path}"), &all, &form(params)).await
}

async fn get(at: &Sandbox, path: &str, headers: &[(&str, &str)]) -> Got {
    let host = at.address.to_string();
    let mut all = vec![("Host", host.as_str())];
    all.extend_from_slice(headers);
    send(at, "GET", path, &all, "").await
}

async fn token(at: &Sandbox, params: &[(&str, &str)]) -> Got {
    post(at, "token", &[], params).await
}

fn secret(at: &Sandbox, client: &str) -> String {
    at.shared.rfc.secrets[client].expose().to_owned()
}

/// As RFC 6749 section 2.3.1 has it.
fn basic(at: &Sandbox, client: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(secret(at, client).as_bytes()).collect();
    format!("Basic {}", STANDARD.encode(format!("{client}:{encoded}")))
}

/// A token request of `rfc-basic`.
async fn basic_token(at: &Sandbox, params: &[(&str, &str)]) -> Got {
    post(at, "token", &[("Authorization", &basic(at, "rfc-basic"))], params).await
}

fn ok(got: &Got) -> Json {
    assert_eq!(got.status, 200, "{}", got.text());
    got.json()
}

/// `(status, error)` of a refusal.
fn refusal(got: &Got) -> (u16, String) {
    (got.status, got.json()["error"].as_str().unwrap_or_default().to_owned())
}

fn claims(token: &str) -> Json {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn header(token: &str) -> Json {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap()).unwrap()
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// A P-256 key with its public JWK.
struct Key {
    pair: EcdsaKeyPair,
    jwk: Json,
}

impl Key {
    fn new() -> Key {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let b64 = |bytes| URL_SAFE_NO_PAD.encode(bytes);
        let jwk = json!({ "kty": "EC", "crv": "P-256", "x": b64(x), "y": b64(y) });
        Key { pair, jwk }
    }

    /// The registered key of `rfc-key-jwt`, out of the JWK its owner is given.
    fn registered(key: &ClientKey) -> Key {
        let private: Map<String, Json> = serde_json::from_str(key.private.expose()).unwrap();
        let part = |name: &str| URL_SAFE_NO_PAD.decode(private[name].as_str().unwrap()).unwrap();
        let point = [vec![4], part("x"), part("y")].concat();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, &part("d"), &point).unwrap();
        Key { pair, jwk: key.public.clone() }
    }

    fn sign(&self, header: &Json, claims: &Json) -> String {
        let text = unsigned(header, claims);
        let signature = self.pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// A DPoP proof; `change` may spoil it.
    fn proof(
        &self,
        at: &Sandbox,
        method: &str,
        path: &str,
        change: impl FnOnce(&mut Json, &mut Json),
    ) -> String {
        let mut header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk });
        let url = format!("http://{}{path}", at.address);
        let jti = uuid::Uuid::new_v4().to_string();
        let mut claims = json!({ "htm": method, "htu": url, "iat": now(), "jti": jti });
        change(&mut header, &mut claims);
        self.sign(&header, &claims)
    }
}

fn unsigned(header: &Json, claims: &Json) -> String {
    let b64 = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}", b64(header), b64(claims))
}

fn hs256(secret: &str, claims: &Json) -> String {
    let text = unsigned(&json!({ "alg": "HS256", "typ": "JWT" }), claims);
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(aws_lc_rs::hmac::sign(&key, text.as_bytes())))
}

/// The claims of a client assertion.
fn assertion(at: &Sandbox, client: &str) -> Json {
    let jti = uuid::Uuid::new_v4().to_string();
    json!({ "iss": client, "sub": client, "aud": at.shared.rfc.issuer(), "exp": now() + 60, "iat": now(), "jti": jti })
}

/// An authorization request of `rfc-public`, with `more` in place of or beside the usual parameters.
fn authorization(more: &[(&str, &str)]) -> Vec<(String, String)> {
    let usual = [
        ("response_type", "code"),
        ("client_id", "rfc-public"),
        ("redirect_uri", BACK),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", "xyz"),
        ("scope", "openid offline_access orders.read"),
        ("nonce", "n-1"),
    ];
    let kept = usual.iter().filter(|(name, _)| !more.iter().any(|(n, _)| n == name));
    kept.chain(more).filter(|(_, v)| *v != "-").map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

fn query(params: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish()
}

/// The parameters of a redirect to [`BACK`].
fn returned(got: &Got) -> HashMap<String, String> {
    assert_eq!(got.status, 303, "{}", got.text());
    let url = url::Url::parse(got.header("location")).unwrap();
    assert!(url.as_str().starts_with(BACK), "{url}");
    url.query_pairs().into_owned().collect()
}

/// The hidden field of a page.
fn ticket(got: &Got) -> String {
    let page = got.text();
    let (_, rest) = page.split_once("name=\"ticket\" value=\"").unwrap_or_else(|| panic!("{page}"));
    rest.split_once('"').unwrap().0.to_owned()
}

async fn authorize(at: &Sandbox, query: &str, headers: &[(&str, &str)]) -> Got {
    get(at, &format!("/rfc/authorize?{query}"), headers).await
}

/// Logs alice in and consents, with nothing but forms.
async fn log_in(at: &Sandbox, query: &str) -> HashMap<String, String> {
    let page = authorize(at, query, &[]).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let fields =
        [("ticket", &*ticket(&page)), ("username", "alice"), ("password", "wonderland"), ("code", "246810")];
    let page = post(at, "login", &[], &fields).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let done = post(at, "consent", &[], &[("ticket", &*ticket(&page)), ("decision", "allow")]).await;
    returned(&done)
}

/// Code and verifier for tokens, as `rfc-public`.
async fn redeem(at: &Sandbox, code: &str, headers: &[(&str, &str)]) -> Got {
    let params = [
        ("grant_type", "authorization_code"),
        ("client_id", "rfc-public"),
        ("code", code),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    post(at, "token", headers, &params).await
}

/// The token answer of a whole log-in as `rfc-public`.
async fn logged_in(at: &Sandbox, more: &[(&str, &str)]) -> Json {
    let code = log_in(at, &query(&authorization(more))).await.remove("code").unwrap();
    ok(&redeem(at, &code, &[]).await)
}

async fn call_api(at: &Sandbox, path: &str, token: &str) -> Got {
    get(at, &format!("/rfc/api/{path}"), &[("Authorization", &format!("Bearer {token}"))]).await
}

fn text<'a>(json: &'a Json, name: &str) -> &'a str {
    json[name].as_str().unwrap_or_else(|| panic!("no {name} in {json}"))
}
