//! Algorithm confusion (RFC 8725 §2.1): a forger signs with HS256 and the public key as the secret. It is refused anyway,
//! because the key decides; here it is found out and named.

use super::verify::hmac_of;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value as Json};

/// Most keys that are tried.
const MOST: usize = 8;

/// True when the tag was made with one of the public keys, in any of the forms a faulty server may hold it.
pub(super) fn is_confused(alg: &str, message: &[u8], tag: &[u8], keys: &[Map<String, Json>]) -> bool {
    let Some(hash) = hmac_of(alg) else { return false };
    let made_with = |secret: &[u8]| hmac::verify(&hmac::Key::new(hash, secret), message, tag).is_ok();
    let public = keys.iter().filter(|key| key.get("kty").and_then(Json::as_str) != Some("oct")).take(MOST);
    public.flat_map(forms).any(|form| made_with(&form))
}

/// The texts and bytes of a public key: PEM with and without its last line break, DER, JWK, the bare numbers.
fn forms(key: &Map<String, Json>) -> Vec<Vec<u8>> {
    let bytes = |name: &str| {
        let text = key.get(name).and_then(Json::as_str)?;
        URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
    };
    let mut all = vec![serde_json::to_vec(key).unwrap_or_default()];
    all.extend(["n", "x"].iter().filter_map(|name| bytes(name)));
    if let Some(der) = spki(key, &bytes) {
        let body = STANDARD.encode(&der);
        let lines: Vec<&str> =
            body.as_bytes().chunks(64).filter_map(|c| std::str::from_utf8(c).ok()).collect();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", lines.join("\n"));
        all.push(format!("{pem}\r\n").into_bytes());
        all.push(format!("{pem}\n").into_bytes());
        all.push(pem.into_bytes());
        all.push(der);
    }
    all
}

/// `SubjectPublicKeyInfo` (RFC 5280 §4.1).
fn spki(key: &Map<String, Json>, bytes: &dyn Fn(&str) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
    let text = |name: &str| key.get(name).and_then(Json::as_str);
    if text("kty") == Some("RSA") {
        let parts = aws_lc_rs::signature::RsaPublicKeyComponents { n: bytes("n")?, e: bytes("e")? };
        let der: PublicKeyX509Der<'static> = parts.as_der().ok()?;
        return Some(der.as_ref().to_vec());
    }
    // The same for every key of a curve, up to the point itself (RFC 5480 §2, RFC 8410 §4).
    let start: &[u8] = match text("crv")? {
        "P-256" => b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04",
        "P-384" => b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00\x04",
        "P-521" => b"\x30\x81\x9b\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23\x03\x81\x86\x00\x04",
        "secp256k1" => b"\x30\x56\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x0a\x03\x42\x00\x04",
        "Ed25519" => b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00",
        _ => return None,
    };
    let mut der = start.to_vec();
    der.extend(bytes("x")?);
    der.extend(bytes("y").unwrap_or_default());
    Some(der)
}
