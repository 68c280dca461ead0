//! The check of a signature (RFC 7515 §5.2, RFC 8725). The key decides what a token may say, never
//! the token: key type, curve and the key's own `alg` must fit the header's `alg` before anything
//! is computed, so an RSA key is never taken as an HMAC secret.

use super::confusion::is_confused;
use super::decode::{bare, decode, parse, segment};
use super::jwks::without_zeros;
use super::warnings::{ecdsa_length, is_der, not_understood, short};
use super::{Jwks, Signature, TokenKind, thumbprint};
use aws_lc_rs::{hmac, signature as s};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

/// What an algorithm needs of a key and how it is computed.
enum Algorithm {
    Hmac(hmac::Algorithm),
    Rsa(&'static s::RsaParameters),
    Ecdsa(&'static s::EcdsaVerificationAlgorithm, &'static str, usize),
    Ed25519,
}

impl Algorithm {
    fn named(alg: &str) -> Option<Algorithm> {
        if let Some(algorithm) = hmac_of(alg) {
            return Some(Self::Hmac(algorithm));
        }
        Some(match alg {
            "RS256" => Self::Rsa(&s::RSA_PKCS1_2048_8192_SHA256),
            "RS384" => Self::Rsa(&s::RSA_PKCS1_2048_8192_SHA384),
            "RS512" => Self::Rsa(&s::RSA_PKCS1_2048_8192_SHA512),
            "PS256" => Self::Rsa(&s::RSA_PSS_2048_8192_SHA256),
            "PS384" => Self::Rsa(&s::RSA_PSS_2048_8192_SHA384),
            "PS512" => Self::Rsa(&s::RSA_PSS_2048_8192_SHA512),
            "ES256" => Self::Ecdsa(&s::ECDSA_P256_SHA256_FIXED, "P-256", 32),
            "ES384" => Self::Ecdsa(&s::ECDSA_P384_SHA384_FIXED, "P-384", 48),
            "ES512" => Self::Ecdsa(&s::ECDSA_P521_SHA512_FIXED, "P-521", 66),
            "ES256K" => Self::Ecdsa(&s::ECDSA_P256K1_SHA256_FIXED, "secp256k1", 32),
            "EdDSA" | "Ed25519" => Self::Ed25519,
            _ => return None,
        })
    }

    fn key_type(&self) -> &'static str {
        match self {
            Self::Hmac(_) => "oct",
            Self::Rsa(_) => "RSA",
            Self::Ecdsa(..) => "EC",
            Self::Ed25519 => "OKP",
        }
    }
}

/// The HMAC behind `HS256`, `HS384`, `HS512`.
pub(super) fn hmac_of(alg: &str) -> Option<hmac::Algorithm> {
    match alg {
        "HS256" => Some(hmac::HMAC_SHA256),
        "HS384" => Some(hmac::HMAC_SHA384),
        "HS512" => Some(hmac::HMAC_SHA512),
        _ => None,
    }
}

/// Verifies a JWS with a key set: by `kid`, else by `kty`/`alg`/`use`, each candidate tried.
/// Only the signature: `exp`, `aud` and the rest are other questions.
pub fn verify(token: &str, keys: &Jwks) -> Signature {
    let token = bare(token);
    // The time only matters for warnings, which are not used here.
    let decoded = decode(token, Timestamp::UNIX_EPOCH);
    match decoded.kind {
        TokenKind::Jws => {}
        TokenKind::Jwe | TokenKind::Opaque => return decoded.signature,
    }
    let Some(header) = decoded.header else {
        return rejected(decoded.problem.unwrap_or_else(|| "its header cannot be read".into()));
    };
    let Some(alg) = header.get("alg").and_then(Json::as_str) else {
        return rejected("its header names no algorithm (`alg`)");
    };
    if alg.eq_ignore_ascii_case("none") {
        return rejected("it is unsigned (`alg` is none)");
    }
    if let Some(name) = repeated(token) {
        return rejected(format!(
            "its header has `{}` twice; readers disagree on which one counts",
            short(&name)
        ));
    }
    if header.get("b64") == Some(&Json::Bool(false)) {
        return rejected(
            "its payload is not base64url encoded (`b64` is false), which RFC 7797 §7 forbids for a JWT",
        );
    }
    if let Some(name) = header.get("crit").map(not_understood).and_then(|names| names.into_iter().next()) {
        return rejected(format!("its `crit` asks for `{}`, which is not understood here", short(&name)));
    }
    let Some((message, signature)) = token.rsplit_once('.') else {
        return rejected("it has no signature part");
    };
    // Strict on purpose: what a server refuses must not pass here.
    if message.split('.').any(|part| URL_SAFE_NO_PAD.decode(part).is_err()) {
        return rejected("a part of it is not base64url as RFC 7515 §2 has it");
    }
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else {
        return rejected("its signature part is not base64url as RFC 7515 §2 has it");
    };
    if signature.is_empty() {
        return rejected("its signature part is empty");
    }
    let Some(algorithm) = Algorithm::named(alg) else {
        return unverified(format!("the algorithm `{}` is not supported here", short(alg)));
    };
    let total = keys.keys.len();
    if total == 0 {
        return unverified("there is no key in the key set");
    }

    let kid = header.get("kid").and_then(Json::as_str);
    let mut chosen: Vec<usize> = Vec::new();
    if let Some(kid) = kid {
        let has = |i: &usize, f: &dyn Fn(Option<&Json>) -> bool| f(keys.keys[*i].get("kid"));
        chosen = (0..total).filter(|i| has(i, &|k| k.and_then(Json::as_str) == Some(kid))).collect();
        if chosen.is_empty() {
            // A key given by hand has no `kid`.
            chosen = (0..total).filter(|i| has(i, &|k| k.is_none())).collect();
        }
        if chosen.is_empty() {
            return unverified(format!(
                "no key with kid `{}` among the {total} {}",
                short(kid),
                if total == 1 { "key" } else { "keys" }
            ));
        }
    } else {
        chosen.extend(0..total);
    }

    let by_kid = kid.is_some() && chosen.len() == 1 && keys.keys[chosen[0]].contains_key("kid");
    let mut tried = Vec::new();
    let mut unusable = None;
    for i in chosen {
        let key = &keys.keys[i];
        let name = name(key, i, total);
        if let Err(why) = fits(key, alg, &algorithm) {
            let why = format!("{name} {why}");
            if by_kid && !is_confused(alg, message.as_bytes(), &signature, std::slice::from_ref(key)) {
                return rejected(why);
            }
            unusable = Some(why);
            continue;
        }
        match check(key, &algorithm, message.as_bytes(), &signature) {
            Err(why) => unusable = Some(format!("{name} {why}")),
            Ok(true) => return Signature::Verified { key: format!("{name} ({alg})") },
            Ok(false) => tried.push(name),
        }
    }
    match (tried.as_slice(), unusable) {
        ([], _) if is_confused(alg, message.as_bytes(), &signature, &keys.keys) => rejected(
            "it was made with the public key as the secret: a forgery that counts on a server which mixes up algorithms",
        ),
        ([], Some(why)) if total == 1 || by_kid => unverified(why),
        ([], _) => unverified(format!("none of the {total} keys can check {alg}")),
        (_, _) if is_der(alg, &signature) => {
            rejected("its signature is in DER form; RFC 7518 §3.4 wants r and s side by side")
        }
        (_, _) if let Some(why) = wrong_length(alg, &signature) => rejected(why),
        ([one], _) => rejected(format!("the signature does not fit {one} ({alg})")),
        (many, _) => rejected(format!(
            "the signature fits none of the {} keys that could have made it ({alg})",
            many.len()
        )),
    }
}

/// A member that the header has twice.
fn repeated(token: &str) -> Option<String> {
    let (bytes, _) = segment(token.split('.').next()?)?;
    parse(&bytes).ok()?.1.into_iter().next()
}

/// Says so when a signature cannot be one of the algorithm for its length alone.
fn wrong_length(alg: &str, signature: &[u8]) -> Option<String> {
    let length = ecdsa_length(alg).or(match alg {
        "EdDSA" | "Ed25519" => Some(64),
        _ => hmac_of(alg).map(|hash| hash.tag_len()),
    })?;
    (signature.len() != length)
        .then(|| format!("its signature has {} bytes; {alg} makes {length}", signature.len()))
}

fn rejected(reason: impl Into<String>) -> Signature {
    Signature::Rejected { reason: reason.into() }
}

fn unverified(reason: impl Into<String>) -> Signature {
    Signature::Unverified { reason: reason.into() }
}

/// `kid 7c1e…`, or by place and thumbprint where there is none.
fn name(key: &Map<String, Json>, index: usize, total: usize) -> String {
    if let Some(kid) = key.get("kid").and_then(Json::as_str) {
        return format!("kid {}", short(kid));
    }
    match (total, thumbprint(key)) {
        // A thumbprint of a secret would be a way to guess it.
        (1, _) if key.get("kty").and_then(Json::as_str) == Some("oct") => "the secret".into(),
        (1, Some(print)) => format!("the key with thumbprint {print}"),
        _ => format!("key {} of {total}", index + 1),
    }
}

/// Whether a key may be used with an algorithm; else why not, as the end of a sentence.
fn fits(key: &Map<String, Json>, alg: &str, algorithm: &Algorithm) -> Result<(), String> {
    let text = |name: &str| key.get(name).and_then(Json::as_str);
    let kty = text("kty").unwrap_or("nothing");
    if kty != algorithm.key_type() {
        return Err(format!("is a key of type `{}`, which never makes {alg} signatures", short(kty)));
    }
    if let Some(own) = text("alg")
        && own != alg
        && !(matches!(own, "EdDSA" | "Ed25519") && matches!(alg, "EdDSA" | "Ed25519"))
    {
        return Err(format!("is for `{}`, the token says {alg}", short(own)));
    }
    if text("use").is_some_and(|u| u != "sig") {
        return Err("is not for signatures (`use`)".into());
    }
    if let Some(Json::Array(ops)) = key.get("key_ops")
        && !ops.iter().any(|o| matches!(o.as_str(), Some("verify" | "sign")))
    {
        return Err("is not for signatures (`key_ops`)".into());
    }
    match algorithm {
        Algorithm::Ecdsa(_, curve, _) if text("crv") != Some(curve) => {
            Err(format!("is on the curve `{}`; {alg} needs {curve}", short(text("crv").unwrap_or("none"))))
        }
        Algorithm::Ed25519 if text("crv") != Some("Ed25519") => Err(format!(
            "is on the curve `{}`; only Ed25519 is supported here",
            short(text("crv").unwrap_or("none"))
        )),
        _ => Ok(()),
    }
}

/// A key in one line: `kid 7c1e…, RSA 4096 bits, RS256`, and behind a colon what keeps it from use.
/// Never shows the value of a secret. Texts in it are untrusted.
pub fn describe(key: &Map<String, Json>) -> String {
    let text = |name: &str| key.get(name).and_then(Json::as_str);
    let bits = |name: &str| {
        let bytes =
            text(name).and_then(|t| URL_SAFE_NO_PAD.decode(t.trim_end_matches('=')).ok()).unwrap_or_default();
        let bytes = if name == "n" { without_zeros(&bytes) } else { &bytes };
        let unused = if name == "n" { bytes.first().map_or(0, |b| b.leading_zeros() as usize) } else { 0 };
        bytes.len() * 8 - unused
    };
    let (kind, mut fault) = match text("kty") {
        Some("RSA") => {
            let bits = bits("n");
            (format!("RSA {bits} bits"), (bits < 2048).then_some("too short (RFC 7518 asks for 2048 bits)"))
        }
        Some("oct") => (format!("oct {} bits", bits("k")), None),
        Some(kty @ ("EC" | "OKP")) => {
            let curve = text("crv").unwrap_or("without curve");
            let known = ["P-256", "P-384", "P-521", "secp256k1", "Ed25519"].contains(&curve);
            (format!("{kty} {}", short(curve)), (!known).then_some("cannot verify signatures here"))
        }
        Some(other) => (short(other), Some("cannot verify signatures here")),
        None => ("no key type".into(), Some("cannot verify signatures here")),
    };
    if text("use").is_some_and(|u| u != "sig") {
        fault = fault.or(Some("not for signatures"));
    }
    let mut line = text("kid").map_or("no kid".into(), |kid| format!("kid {}", short(kid)));
    line.push_str(&format!(", {kind}"));
    if let Some(alg) = text("alg") {
        line.push_str(&format!(", {}", short(alg)));
    }
    if let Some(fault) = fault {
        line.push_str(&format!(": {fault}"));
    }
    line
}

/// True if the signature is right; an error if the key itself is broken.
fn check(
    key: &Map<String, Json>,
    algorithm: &Algorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, String> {
    let member = |name: &str| -> Result<Vec<u8>, String> {
        let text = key.get(name).and_then(Json::as_str).ok_or_else(|| format!("lacks its `{name}`"))?;
        let text = text.trim_end_matches('=');
        URL_SAFE_NO_PAD
            .decode(text)
            .or_else(|_| STANDARD_NO_PAD.decode(text))
            .map_err(|_| format!("has a `{name}` that is no base64url"))
    };
    match algorithm {
        Algorithm::Hmac(hash) => {
            let key = hmac::Key::new(*hash, &member("k")?);
            Ok(hmac::verify(&key, message, signature).is_ok())
        }
        Algorithm::Rsa(parameters) => {
            let (n, e) = (member("n")?, member("e")?);
            let (n, e) = (without_zeros(&n), without_zeros(&e));
            let bits = n.len() * 8 - n.first().map_or(0, |b| b.leading_zeros() as usize);
            if !(2048..=8192).contains(&bits) {
                return Err(format!(
                    "has {bits} bits; RFC 7518 asks for 2048 at least, and 8192 is the most read here"
                ));
            }
            let public = s::RsaPublicKeyComponents { n, e };
            Ok(public.verify(parameters, message, signature).is_ok())
        }
        Algorithm::Ecdsa(parameters, _, size) => {
            let mut point = vec![4];
            for name in ["x", "y"] {
                let bytes = member(name)?;
                let bytes = without_zeros(&bytes);
                if bytes.len() > *size {
                    return Err(format!("has a `{name}` too long for its curve"));
                }
                // Some issuers drop leading zeros, against RFC 7518 §6.2.1.2.
                point.resize(point.len() + size - bytes.len(), 0);
                point.extend_from_slice(bytes);
            }
            let key = s::ParsedPublicKey::new(*parameters, &point)
                .map_err(|_| "is no point on its curve".to_string())?;
            Ok(key.verify_sig(message, signature).is_ok())
        }
        Algorithm::Ed25519 => {
            let x = member("x")?;
            if x.len() != 32 {
                return Err(format!("has {} bytes; Ed25519 keys have 32", x.len()));
            }
            Ok(s::UnparsedPublicKey::new(&s::ED25519, &x).verify(message, signature).is_ok())
        }
    }
}
