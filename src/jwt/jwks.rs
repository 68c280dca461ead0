//! JWK Sets (RFC 7517), keys from PEM, and thumbprints (RFC 7638).

use super::decode::parse;
use super::sign::{SigningKey, rsa_public};
use crate::model::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value as Json};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// A JWK Set as fetched. Keys it cannot use are kept with the reason.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Jwks {
    /// The `keys`, as they came.
    pub keys: Vec<Map<String, Json>>,
}

impl Jwks {
    /// Parses `{"keys":[…]}`; a single JWK is taken as a set of one.
    ///
    /// # Errors
    /// What is wrong, in words, when it is no JSON, no object, or holds no keys.
    pub fn parse(text: &str) -> Result<Jwks, String> {
        let (value, _) = parse(text.trim_start_matches('\u{feff}').as_bytes())
            .map_err(|e| format!("it is no JSON: {e}"))?;
        let Json::Object(mut map) = value else {
            return Err("it is no JSON object with `keys`".into());
        };
        match map.remove("keys") {
            Some(Json::Array(items)) => items
                .into_iter()
                .enumerate()
                .map(|(i, item)| match item {
                    Json::Object(key) => Ok(key),
                    _ => Err(format!("key {} of the set is no JSON object", i + 1)),
                })
                .collect::<Result<_, _>>()
                .map(|keys| Jwks { keys }),
            Some(_) => Err("its `keys` is no list".into()),
            None if map.contains_key("kty") => Ok(Jwks { keys: vec![map] }),
            None => Err(match map.get("jwks_uri").and_then(Json::as_str) {
                Some(_) => {
                    "it has no `keys`; it looks like a discovery document, whose `jwks_uri` names the keys"
                        .into()
                }
                None => "it has neither `keys` nor `kty`, so it is no key set".into(),
            }),
        }
    }

    /// A set of the one shared secret HS256/384/512 tokens are signed with.
    pub fn from_secret(secret: &[u8]) -> Jwks {
        let mut key = Map::new();
        key.insert("kty".into(), "oct".into());
        key.insert("k".into(), URL_SAFE_NO_PAD.encode(secret).into());
        Jwks { keys: vec![key] }
    }

    /// The public keys of a PEM text: `PUBLIC KEY` and `CERTIFICATE` blocks.
    ///
    /// # Errors
    /// What is wrong, in words; a private key is refused because verifying needs none.
    pub fn from_pem(text: &str) -> Result<Jwks, String> {
        let mut keys = Vec::new();
        for pem in x509_parser::pem::Pem::iter_from_buffer(text.as_bytes()) {
            let pem = pem.map_err(|e| format!("the PEM text is broken: {e}"))?;
            match pem.label.as_str() {
                "PUBLIC KEY" => {
                    let (_, info) = SubjectPublicKeyInfo::from_der(&pem.contents)
                        .map_err(|e| format!("the public key cannot be read: {e}"))?;
                    keys.push(jwk(&info)?);
                }
                "CERTIFICATE" => {
                    let (_, certificate) = X509Certificate::from_der(&pem.contents)
                        .map_err(|e| format!("the certificate cannot be read: {e}"))?;
                    keys.push(jwk(certificate.public_key())?);
                }
                "RSA PUBLIC KEY" => {
                    let (n, e) = rsa_public(&pem.contents).ok_or("the RSA public key cannot be read")?;
                    keys.push(rsa_jwk(n, e));
                }
                label if label.contains("PRIVATE KEY") => {
                    return Err("it is a private key; verifying needs only the public one".into());
                }
                label => return Err(format!("a `{label}` block is no public key or certificate")),
            }
        }
        if keys.is_empty() {
            return Err("there is no PEM block in it".into());
        }
        Ok(Jwks { keys })
    }

    /// The public keys of any text: PEM, certificates, a JWK, a key set. Of a private key the public half counts.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn read(text: &Secret) -> Result<Jwks, String> {
        let given = text.expose().trim_start_matches('\u{feff}').trim();
        if given.starts_with(['{', '[']) {
            return Jwks::parse(given);
        }
        if given.contains("PRIVATE KEY-----") {
            return Ok(SigningKey::read(text, "")?.verifying());
        }
        Jwks::from_pem(given)
    }

    /// The keys with this `kid`.
    pub fn with_kid<'a>(&'a self, kid: &'a str) -> impl Iterator<Item = &'a Map<String, Json>> {
        self.keys.iter().filter(move |k| k.get("kid").and_then(Json::as_str) == Some(kid))
    }
}

fn rsa_jwk(n: &[u8], e: &[u8]) -> Map<String, Json> {
    let text = |bytes: &[u8]| Json::from(URL_SAFE_NO_PAD.encode(bytes));
    Map::from_iter([("kty".into(), "RSA".into()), ("n".into(), text(n)), ("e".into(), text(e))])
}

fn jwk(info: &SubjectPublicKeyInfo<'_>) -> Result<Map<String, Json>, String> {
    let text = |bytes: &[u8]| Json::from(URL_SAFE_NO_PAD.encode(bytes));
    let mut key = Map::new();
    match info.parsed() {
        Ok(PublicKey::RSA(rsa)) => {
            return Ok(rsa_jwk(without_zeros(rsa.modulus), without_zeros(rsa.exponent)));
        }
        Ok(PublicKey::EC(point)) => {
            let data = point.data();
            let (first, coordinates) = data.split_first().ok_or("the EC key is empty")?;
            if *first != 4 {
                return Err("the EC key is compressed; write it out in full".into());
            }
            let curve = match info.algorithm.parameters.as_ref().and_then(|p| p.as_oid().ok()) {
                Some(oid) => match oid.to_id_string().as_str() {
                    "1.2.840.10045.3.1.7" => "P-256",
                    "1.3.132.0.34" => "P-384",
                    "1.3.132.0.35" => "P-521",
                    "1.3.132.0.10" => "secp256k1",
                    other => return Err(format!("the curve {other} is not used by JWS")),
                },
                None => return Err("the EC key names no curve".into()),
            };
            let (x, y) = coordinates.split_at(coordinates.len() / 2);
            key.insert("kty".into(), "EC".into());
            key.insert("crv".into(), curve.into());
            key.insert("x".into(), text(x));
            key.insert("y".into(), text(y));
            return Ok(key);
        }
        _ => {}
    }
    // An RSA key for PSS only (RFC 4055 §3.1): the same numbers under another name.
    if info.algorithm.algorithm.to_id_string() == "1.2.840.113549.1.1.10"
        && let Some((n, e)) = rsa_public(&info.subject_public_key.data)
    {
        return Ok(rsa_jwk(n, e));
    }
    if info.algorithm.algorithm.to_id_string() == "1.3.101.112" {
        key.insert("kty".into(), "OKP".into());
        key.insert("crv".into(), "Ed25519".into());
        key.insert("x".into(), text(&info.subject_public_key.data));
        return Ok(key);
    }
    Err("the key is none of RSA, EC and Ed25519".into())
}

/// Big-endian bytes without leading zeros.
pub(super) fn without_zeros(bytes: &[u8]) -> &[u8] {
    &bytes[bytes.iter().take_while(|b| **b == 0).count()..]
}

/// The SHA-256 thumbprint of a key (RFC 7638 §3; OKP: RFC 8037 §2), base64url.
/// `None` if the key lacks a member its type requires.
pub fn thumbprint(key: &Map<String, Json>) -> Option<String> {
    // Lexicographic order, as §3.3 asks.
    let members: &[&str] = match key.get("kty")?.as_str()? {
        "RSA" => &["e", "kty", "n"],
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        "oct" => &["k", "kty"],
        _ => return None,
    };
    let mut text = String::from("{");
    for (i, name) in members.iter().enumerate() {
        if i > 0 {
            text.push(',');
        }
        let value = Json::from(key.get(*name)?.as_str()?);
        text.push_str(&format!("\"{name}\":{value}"));
    }
    text.push('}');
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    Some(URL_SAFE_NO_PAD.encode(digest))
}
