//! DPoP proofs (RFC 9449).

use super::challenge::Challenge;
use crate::jwt::sign::{SigningKey, sign};
use crate::model::secret::Secret;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Map;
use std::sync::Arc;
use url::Url;

/// A key with the nonce last given by the origin the proof goes to.
#[derive(Debug, Clone)]
pub struct Dpop {
    /// The key.
    pub key: Arc<SigningKey>,
    /// `DPoP-Nonce` of that origin's last answer.
    pub nonce: Option<String>,
}

/// A proof for one request: header `typ: dpop+jwt` and the public `jwk`; claims `jti`, `htm`, `htu` (the URL
/// without query and fragment), `iat`, `ath` where a token goes with it, `nonce` where one is known.
///
/// # Errors
/// In words, when the key cannot sign.
pub fn proof(
    dpop: &Dpop,
    method: &str,
    url: &str,
    access_token: Option<&Secret>,
    now: Timestamp,
    random: &[u8; 32],
) -> Result<Secret, String> {
    let jwk =
        dpop.key.public_jwk().ok_or("a shared secret cannot prove possession; DPoP needs a key pair")?;
    let mut header = Map::new();
    header.insert("typ".to_owned(), "dpop+jwt".into());
    header.insert("jwk".to_owned(), jwk);
    let mut claims = Map::new();
    claims.insert("jti".to_owned(), super::Moment { now, random: *random }.jti("dpop").into());
    claims.insert("htm".to_owned(), method.into());
    claims.insert("htu".to_owned(), target(url)?.into());
    claims.insert("iat".to_owned(), now.as_second().into());
    if let Some(token) = access_token {
        claims.insert("ath".to_owned(), token_hash(token).into());
    }
    if let Some(nonce) = dpop.nonce.as_deref().filter(|n| !n.is_empty()) {
        claims.insert("nonce".to_owned(), nonce.into());
    }
    sign(&header, &claims, &dpop.key)
}

/// `htu`: the URL as the HTTP client sends it (normalised), without query, fragment and credentials.
fn target(url: &str) -> Result<String, String> {
    let mut url = Url::parse(url).map_err(|e| format!("the URL cannot be read: {e}"))?;
    url.set_query(None);
    url.set_fragment(None);
    // Fails only where a URL has no authority, and then there is nothing to remove.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Ok(url.into())
}

/// `ath`, section 4.2.
fn token_hash(token: &Secret) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, token.expose().as_bytes()))
}

/// True when an answer asks for another proof with the nonce it brought: 400 `use_dpop_nonce` of a token
/// endpoint, 401 `DPoP error="use_dpop_nonce"` of an API.
pub fn wants_nonce(status: u16, challenges: &[Challenge], body_error: Option<&str>) -> bool {
    const CODE: &str = "use_dpop_nonce";
    match status {
        // Some token endpoints answer 401 with the error in the body.
        400 | 401 if body_error == Some(CODE) => true,
        401 => challenges.iter().any(|c| c.is("DPoP") && c.param("error") == Some(CODE)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::{self, Jwks, Signature};
    use serde_json::json;

    #[test]
    fn the_token_hash_is_that_of_the_rfc() {
        let token = Secret::new("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU");
        assert_eq!(token_hash(&token), "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
    }

    #[test]
    fn the_target_has_no_query_fragment_or_credentials() {
        assert_eq!(target("HTTPS://u:p@Api.Example:443/a%20b?x=1#f").unwrap(), "https://api.example/a%20b");
        assert_eq!(target("http://127.0.0.1:8080").unwrap(), "http://127.0.0.1:8080/");
        assert!(target("no url").is_err());
    }

    #[test]
    fn a_nonce_is_wanted_only_where_the_server_says_so() {
        let dpop = |error: &str| Challenge {
            scheme: "dpop".into(),
            params: vec![("error".into(), error.into())],
            ..Challenge::default()
        };
        assert!(wants_nonce(400, &[], Some("use_dpop_nonce")));
        assert!(wants_nonce(401, &[Challenge::default(), dpop("use_dpop_nonce")], None));
        assert!(!wants_nonce(401, &[dpop("invalid_token")], None));
        assert!(!wants_nonce(200, &[dpop("use_dpop_nonce")], Some("use_dpop_nonce")));
        assert!(!wants_nonce(400, &[], Some("invalid_dpop_proof")));
    }

    #[test]
    fn a_proof_carries_its_public_key_and_verifies_with_it() {
        for algorithm in ["ES256", "EdDSA"] {
            let dpop = Dpop { key: Arc::new(SigningKey::generate(algorithm).unwrap()), nonce: None };
            let token = Secret::new("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU");
            let now = Timestamp::from_second(1000).unwrap();
            let proof = proof(&dpop, "GET", "https://h/a?b", Some(&token), now, &[1; 32]).unwrap();
            let decoded = jwt::decode(proof.expose(), now);
            let header = decoded.header.unwrap();
            assert_eq!((&header["typ"], &header["alg"]), (&json!("dpop+jwt"), &json!(algorithm)));
            let jwk = header["jwk"].as_object().unwrap();
            assert!(!jwk.contains_key("d"), "only the public half");
            assert_eq!(jwt::thumbprint(jwk), dpop.key.thumbprint());
            let keys = Jwks { keys: vec![jwk.clone()] };
            assert!(matches!(jwt::verify(proof.expose(), &keys), Signature::Verified { .. }));
            let claims = decoded.claims.unwrap();
            assert_eq!(claims["ath"], "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
            assert_eq!((&claims["htu"], claims.get("nonce")), (&json!("https://h/a"), None));
        }
    }

    #[test]
    fn the_thumbprint_of_the_rfcs_key_is_the_rfcs() {
        let jwk = json!({
            "kty": "EC", "crv": "P-256",
            "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
        });
        let print = jwt::thumbprint(jwk.as_object().unwrap());
        assert_eq!(print.as_deref(), Some("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"));
    }

    #[test]
    fn a_shared_secret_proves_nothing() {
        let secret = SigningKey::from_secret(&[1; 32], "").unwrap();
        let dpop = Dpop { key: Arc::new(secret), nonce: None };
        let now = Timestamp::UNIX_EPOCH;
        assert!(proof(&dpop, "GET", "https://h", None, now, &[1; 32]).unwrap_err().contains("key pair"));
    }
}
