//! Keys that sign, and compact JWS made with them.
//!
//! - `pem`, `der`: key files as openssl and Java write them
//! - `jwk`: private keys as JSON (RFC 7517, RFC 7518 §6, RFC 8037)
//! - `edit`: header and claims as a user types them

mod der;
mod edit;
mod jwk;
mod pem;

#[cfg(test)]
mod tests;

use super::thumbprint;
use super::verify::hmac_of;
use crate::model::secret::Secret;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self as s, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use aws_lc_rs::{hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value as Json};
use std::sync::Arc;
use zeroize::Zeroizing;

pub(super) use der::rsa_public;
pub use edit::{compact, edit_value, lifetime, object, sign_text, two_objects};
pub use pem::unreadable;

/// Every algorithm that can sign here, as shown where one has to be chosen.
pub const ALGORITHMS: [&str; 15] = [
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384",
    "ES512", "ES256K", "EdDSA", "Ed25519",
];

/// A curve of RFC 7518 §3.4 or RFC 8812 with what goes with it.
struct Curve {
    name: &'static str,
    algorithm: &'static str,
    /// Bytes of a coordinate.
    size: usize,
    signing: &'static s::EcdsaSigningAlgorithm,
}

static CURVES: [Curve; 4] = [
    Curve { name: "P-256", algorithm: "ES256", size: 32, signing: &s::ECDSA_P256_SHA256_FIXED_SIGNING },
    Curve { name: "P-384", algorithm: "ES384", size: 48, signing: &s::ECDSA_P384_SHA384_FIXED_SIGNING },
    Curve { name: "P-521", algorithm: "ES512", size: 66, signing: &s::ECDSA_P521_SHA512_FIXED_SIGNING },
    Curve {
        name: "secp256k1",
        algorithm: "ES256K",
        size: 32,
        signing: &s::ECDSA_P256K1_SHA256_FIXED_SIGNING,
    },
];

fn curve_named(name: &str) -> Option<&'static Curve> {
    CURVES.iter().find(|curve| curve.name == name)
}

/// The private half. Shared, so that a copy of the key copies no key material.
#[derive(Clone)]
enum Pair {
    Secret(Arc<Zeroizing<Vec<u8>>>),
    Rsa(Arc<RsaKeyPair>),
    /// An RSA key whose file says that it is for PSS only.
    RsaPss(Arc<RsaKeyPair>),
    Ec(Arc<EcdsaKeyPair>, &'static Curve),
    Ed25519(Arc<Ed25519KeyPair>),
}

impl Pair {
    fn usual(&self) -> &'static str {
        match self {
            Self::Secret(_) => "HS256",
            Self::Rsa(_) => "RS256",
            Self::RsaPss(_) => "PS256",
            Self::Ec(_, curve) => curve.algorithm,
            Self::Ed25519(_) => "EdDSA",
        }
    }

    /// `an RSA key`, `an EC key on P-256` …
    fn words(&self) -> String {
        match self {
            Self::Secret(_) => "a shared secret".into(),
            Self::Rsa(_) => "an RSA key".into(),
            Self::RsaPss(_) => "an RSA key for PSS only".into(),
            Self::Ec(_, curve) => format!("an EC key on {}", curve.name),
            Self::Ed25519(_) => "an Ed25519 key".into(),
        }
    }

    fn makes(&self, algorithm: &str) -> bool {
        match self {
            Self::Secret(_) => hmac_of(algorithm).is_some(),
            Self::Rsa(_) => padding(algorithm).is_some(),
            Self::RsaPss(_) => algorithm.starts_with("PS") && padding(algorithm).is_some(),
            Self::Ec(_, curve) => algorithm == curve.algorithm,
            Self::Ed25519(_) => matches!(algorithm, "EdDSA" | "Ed25519"),
        }
    }
}

fn padding(algorithm: &str) -> Option<&'static dyn s::RsaEncoding> {
    Some(match algorithm {
        "RS256" => &s::RSA_PKCS1_SHA256,
        "RS384" => &s::RSA_PKCS1_SHA384,
        "RS512" => &s::RSA_PKCS1_SHA512,
        "PS256" => &s::RSA_PSS_SHA256,
        "PS384" => &s::RSA_PSS_SHA384,
        "PS512" => &s::RSA_PSS_SHA512,
        _ => return None,
    })
}

/// What kind of key an algorithm needs, for a sentence.
fn needs(algorithm: &str) -> Option<String> {
    Some(match algorithm {
        "EdDSA" | "Ed25519" => "an Ed25519 key".into(),
        a if hmac_of(a).is_some() => "a shared secret".into(),
        a if padding(a).is_some() => "an RSA key".into(),
        a => format!("an EC key on {}", CURVES.iter().find(|c| c.algorithm == a)?.name),
    })
}

/// An algorithm in the spelling of the RFCs; letters of any case are taken.
///
/// # Errors
/// In words, when nothing here signs with it.
pub fn algorithm_named(text: &str) -> Result<&'static str, String> {
    let text = text.trim();
    if let Some(known) = ALGORITHMS.iter().find(|known| known.eq_ignore_ascii_case(text)) {
        return Ok(known);
    }
    if text.eq_ignore_ascii_case("none") {
        return Err("`none` is no signature; a token without one is for nobody".into());
    }
    Err(format!(
        "the algorithm `{}` cannot sign here; these can: {}",
        super::warnings::short(text),
        ALGORITHMS.join(", ")
    ))
}

/// A key that signs. Wiped when dropped; shows nothing of itself in `Debug` but its algorithm.
#[derive(Clone)]
pub struct SigningKey {
    algorithm: &'static str,
    kid: Option<String>,
    pair: Pair,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.algorithm)
    }
}

impl SigningKey {
    /// Reads a private key: PEM (PKCS#8, PKCS#1, SEC1), a private JWK, or a JWK Set with one.
    /// `algorithm` empty: the JWK's `alg`, else the usual one of the key (RS256, ES256 …, EdDSA).
    ///
    /// # Errors
    /// In words: what is wrong with the key (public only, encrypted, unknown curve, does not fit the algorithm).
    pub fn read(text: &Secret, algorithm: &str) -> Result<SigningKey, String> {
        Self::read_one(text, algorithm, "")
    }

    /// As [`SigningKey::read`]; of a set with several private keys the one with this `kid`.
    ///
    /// # Errors
    /// As there.
    pub fn read_one(text: &Secret, algorithm: &str, kid: &str) -> Result<SigningKey, String> {
        let given = text.expose().trim_start_matches('\u{feff}').trim();
        if given.is_empty() {
            return Err("it is empty".into());
        }
        if given.starts_with('{') {
            let found = jwk::read(given, kid)?;
            return Self::made(found.pair, algorithm, found.algorithm.as_deref(), found.kid);
        }
        Self::made(pem::read(given)?, algorithm, None, None)
    }

    /// A shared secret for HS256, HS384 or HS512 (RFC 7518 section 3.2); empty algorithm: HS256.
    ///
    /// # Errors
    /// In words, for an empty secret or another algorithm. A short one signs: servers that take it exist.
    pub fn from_secret(secret: &[u8], algorithm: &str) -> Result<SigningKey, String> {
        if secret.is_empty() {
            return Err("the secret is empty".into());
        }
        Self::made(Pair::Secret(Arc::new(Zeroizing::new(secret.to_vec()))), algorithm, None, None)
    }

    /// A fresh key for any of [`ALGORITHMS`]; RSA with 2048 bits, a secret as long as its hash.
    ///
    /// # Errors
    /// In words, for an unknown algorithm.
    pub fn generate(algorithm: &str) -> Result<SigningKey, String> {
        let algorithm = algorithm_named(algorithm)?;
        let failed = |_| "the system gave no random key".to_string();
        let pair = if let Some(hash) = hmac_of(algorithm) {
            let mut secret = Zeroizing::new(vec![0; hash.tag_len()]);
            rand::fill(&mut secret).map_err(failed)?;
            Pair::Secret(Arc::new(secret))
        } else if padding(algorithm).is_some() {
            Pair::Rsa(Arc::new(RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?))
        } else if let Some(curve) = CURVES.iter().find(|c| c.algorithm == algorithm) {
            Pair::Ec(Arc::new(EcdsaKeyPair::generate(curve.signing).map_err(failed)?), curve)
        } else {
            Pair::Ed25519(Arc::new(Ed25519KeyPair::generate().map_err(failed)?))
        };
        Self::made(pair, algorithm, None, None)
    }

    fn made(pair: Pair, asked: &str, own: Option<&str>, kid: Option<String>) -> Result<SigningKey, String> {
        let algorithm = match (asked.trim(), own) {
            ("", None) => pair.usual(),
            ("", Some(own)) => {
                algorithm_named(own).map_err(|why| format!("its `alg` does not fit: {why}"))?
            }
            (asked, own) => {
                let asked = algorithm_named(asked)?;
                let same = |own: &str| own == asked || (is_ed25519(own) && is_ed25519(asked));
                if let Some(own) = own.filter(|own| !same(own)) {
                    return Err(format!(
                        "the key is for {} (`alg`), not for {asked}",
                        super::warnings::short(own)
                    ));
                }
                asked
            }
        };
        if !pair.makes(algorithm) {
            let needs = needs(algorithm).unwrap_or_default();
            return Err(format!("{algorithm} needs {needs}; this is {}", pair.words()));
        }
        Ok(SigningKey { algorithm, kid, pair })
    }

    /// The JWS algorithm it signs with.
    pub fn algorithm(&self) -> &str {
        self.algorithm
    }

    /// `kid` that came with it.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Names the key from now on.
    #[must_use]
    pub fn with_kid(mut self, kid: Option<String>) -> SigningKey {
        self.kid = kid;
        self
    }

    /// The public half, with the required members only (RFC 7638); `None` for a shared secret.
    pub fn public_jwk(&self) -> Option<Json> {
        jwk::public(&self.pair).map(Json::Object)
    }

    /// RFC 7638 SHA-256 thumbprint of the public half, base64url.
    pub fn thumbprint(&self) -> Option<String> {
        thumbprint(&jwk::public(&self.pair)?)
    }

    /// What checks its signatures: the public half, or the shared secret itself.
    pub fn verifying(&self) -> super::Jwks {
        let mut key = match &self.pair {
            Pair::Secret(secret) => return super::Jwks::from_secret(secret),
            pair => jwk::public(pair).unwrap_or_default(),
        };
        if let Some(kid) = &self.kid {
            key.insert("kid".into(), kid.as_str().into());
        }
        super::Jwks { keys: vec![key] }
    }

    /// The private key as a JWK text, to be kept in the vault and read again with [`SigningKey::read`].
    pub fn to_jwk(&self) -> Secret {
        jwk::private(&self.pair, self.algorithm, self.kid.as_deref())
    }

    /// The signature over some bytes, in the form of RFC 7518.
    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        let failed = |_| format!("the key could not sign with {}", self.algorithm);
        let random = SystemRandom::new();
        Ok(match &self.pair {
            Pair::Secret(secret) => {
                let hash = hmac_of(self.algorithm).ok_or_else(|| failed(aws_lc_rs::error::Unspecified))?;
                hmac::sign(&hmac::Key::new(hash, secret), message).as_ref().to_vec()
            }
            Pair::Rsa(pair) | Pair::RsaPss(pair) => {
                let padding = padding(self.algorithm).ok_or_else(|| failed(aws_lc_rs::error::Unspecified))?;
                let mut made = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut made).map_err(failed)?;
                made
            }
            Pair::Ec(pair, _) => pair.sign(&random, message).map_err(failed)?.as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.try_sign(message).map_err(failed)?.as_ref().to_vec(),
        })
    }
}

fn is_ed25519(algorithm: &str) -> bool {
    matches!(algorithm, "EdDSA" | "Ed25519")
}

/// A compact JWS (RFC 7515 section 7.1). `alg` stands first and is the key's; the other members follow as given.
///
/// # Errors
/// In words, when the key cannot sign.
pub fn sign(
    header: &Map<String, Json>,
    claims: &Map<String, Json>,
    key: &SigningKey,
) -> Result<Secret, String> {
    let claims = serde_json::to_vec(claims).map_err(|e| e.to_string())?;
    sign_payload(header, &claims, key)
}

/// As [`sign`], over these very bytes.
///
/// # Errors
/// As there.
pub fn sign_payload(header: &Map<String, Json>, payload: &[u8], key: &SigningKey) -> Result<Secret, String> {
    let mut whole = Map::new();
    whole.insert("alg".into(), key.algorithm.into());
    for (name, value) in header.iter().filter(|(name, _)| *name != "alg") {
        whole.insert(name.clone(), value.clone());
    }
    let header = serde_json::to_vec(&whole).map_err(|e| e.to_string())?;
    let mut token = URL_SAFE_NO_PAD.encode(header);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(payload, &mut token);
    let signature = key.signature(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(Secret::new(token))
}

/// What is to be said of a shared secret shorter than its hash, which RFC 7518 §3.2 forbids.
pub fn weak(key: &SigningKey) -> Option<String> {
    let Pair::Secret(secret) = &key.pair else { return None };
    let wanted = hmac_of(key.algorithm)?.tag_len();
    (secret.len() < wanted).then(|| {
        format!(
            "the secret has {} bytes; RFC 7518 §3.2 wants {wanted} for {}, and many servers refuse less",
            secret.len(),
            key.algorithm
        )
    })
}

/// The public point of an EC key as x and y.
fn point(pair: &EcdsaKeyPair) -> (&[u8], &[u8]) {
    let bytes = pair.public_key().as_ref();
    let coordinates = bytes.get(1..).unwrap_or_default();
    coordinates.split_at(coordinates.len() / 2)
}
