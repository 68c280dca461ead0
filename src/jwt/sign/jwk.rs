//! Private keys as JWK (RFC 7517; members of RFC 7518 §6 and RFC 8037 §2).

use super::{Curve, Pair, curve_named, der, pem, point};
use crate::jwt::Jwks;
use crate::jwt::jwks::without_zeros;
use crate::model::secret::Secret;
use aws_lc_rs::encoding::{AsBigEndian, AsDer, Curve25519SeedBin, EcPrivateKeyBin, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value as Json};
use std::sync::Arc;
use zeroize::Zeroizing;

/// A private key with what its JWK says of it.
pub struct Found {
    /// The key.
    pub pair: Pair,
    /// `alg`.
    pub algorithm: Option<String>,
    /// `kid`.
    pub kid: Option<String>,
}

/// A private JWK, or the private one of a set; of several the one with this `kid`.
pub fn read(text: &str, kid: &str) -> Result<Found, String> {
    let mut set = Jwks::parse(text)?.keys;
    let result = choose(&set, kid).and_then(one);
    for key in &mut set {
        wipe(key);
    }
    result
}

/// Overwrites the texts of a parsed key before they are given back to the allocator.
fn wipe(key: &mut Map<String, Json>) {
    for (_, value) in key.iter_mut() {
        if let Json::String(text) = value {
            zeroize::Zeroize::zeroize(text);
        }
    }
}

fn choose<'a>(set: &'a [Map<String, Json>], kid: &str) -> Result<&'a Map<String, Json>, String> {
    if let [only] = set {
        return Ok(only);
    }
    let private: Vec<_> = set.iter().filter(|key| key.contains_key("d") || key.contains_key("k")).collect();
    let named = |key: &&&Map<String, Json>| key.get("kid").and_then(Json::as_str) == Some(kid);
    match private.as_slice() {
        [] => {
            Err(format!("none of the {} keys of the set is private; signing needs a private one", set.len()))
        }
        [only] => Ok(only),
        many if kid.is_empty() => {
            let kids: Vec<_> = many.iter().filter_map(|key| key.get("kid")?.as_str()).take(8).collect();
            Err(format!(
                "the set has {} private keys; name one by its `kid`: {}",
                many.len(),
                kids.join(", ")
            ))
        }
        many => many.iter().find(named).copied().ok_or_else(|| {
            format!("no private key of the set has the `kid` `{}`", crate::jwt::warnings::short(kid))
        }),
    }
}

fn one(key: &Map<String, Json>) -> Result<Found, String> {
    let text = |name: &str| key.get(name).and_then(Json::as_str);
    if text("use").is_some_and(|u| u != "sig") {
        return Err("the key is not for signatures (`use`)".into());
    }
    if let Some(Json::Array(ops)) = key.get("key_ops")
        && !ops.iter().any(|op| op.as_str() == Some("sign"))
    {
        return Err("the key is not for signing (`key_ops`)".into());
    }
    let kty = text("kty").ok_or("the JWK names no key type (`kty`)")?;
    if matches!(kty, "RSA" | "EC" | "OKP") && !key.contains_key("d") {
        return Err("it is a public key (the JWK has no `d`); signing needs the private one".into());
    }
    let pair = match kty {
        "RSA" => Pair::Rsa(rsa(key)?),
        "EC" => {
            let name = text("crv").unwrap_or("none");
            let curve = curve_named(name).ok_or_else(|| {
                format!("the curve `{}` is not used by JWS", crate::jwt::warnings::short(name))
            })?;
            Pair::Ec(ec(key, curve)?, curve)
        }
        "OKP" => match text("crv") {
            Some("Ed25519") => Pair::Ed25519(ed25519(key)?),
            Some("Ed448") => return Err("it is an Ed448 key, which cannot sign here; Ed25519 can".into()),
            other => {
                return Err(format!(
                    "a key on `{}` signs nothing",
                    crate::jwt::warnings::short(other.unwrap_or("none"))
                ));
            }
        },
        "oct" => {
            let secret = member(key, "k")?;
            if secret.is_empty() {
                return Err("the secret is empty".into());
            }
            Pair::Secret(Arc::new(secret))
        }
        other => {
            return Err(format!("a key of type `{}` signs nothing here", crate::jwt::warnings::short(other)));
        }
    };
    Ok(Found { pair, algorithm: text("alg").map(str::to_owned), kid: text("kid").map(str::to_owned) })
}

fn member(key: &Map<String, Json>, name: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    let text = key.get(name).and_then(Json::as_str).ok_or_else(|| format!("the JWK lacks its `{name}`"))?;
    let text = text.trim_end_matches('=');
    URL_SAFE_NO_PAD
        .decode(text)
        .or_else(|_| STANDARD_NO_PAD.decode(text))
        .map(Zeroizing::new)
        .map_err(|_| format!("the JWK has a `{name}` that is no base64url"))
}

fn rsa(key: &Map<String, Json>) -> Result<Arc<RsaKeyPair>, String> {
    if key.contains_key("oth") {
        return Err("the RSA key has more than two primes, which cannot sign here".into());
    }
    let (n, e) = (member(key, "n")?, member(key, "e")?);
    let n = without_zeros(&n);
    pem::rsa_size(n)?;
    // RFC 7518 §6.3.2 lets them be absent; the library wants them.
    if let Some(missing) = ["p", "q", "dp", "dq", "qi"].iter().find(|name| !key.contains_key(**name)) {
        return Err(format!(
            "the JWK lacks its `{missing}`; an RSA key without its primes cannot sign here. Write it out again \
             with p, q, dp, dq and qi, or as PEM"
        ));
    }
    let (d, p, q) = (member(key, "d")?, member(key, "p")?, member(key, "q")?);
    let (dp, dq, qi) = (member(key, "dp")?, member(key, "dq")?, member(key, "qi")?);
    let components = KeyPairComponents {
        public_key: PublicKeyComponents { n, e: without_zeros(&e) },
        d: d.as_slice(),
        p: p.as_slice(),
        q: q.as_slice(),
        dP: dp.as_slice(),
        dQ: dq.as_slice(),
        qInv: qi.as_slice(),
    };
    RsaKeyPair::from_components(&components)
        .map(Arc::new)
        .map_err(|_| "the RSA key is broken: its numbers do not fit together".into())
}

fn ec(key: &Map<String, Json>, curve: &'static Curve) -> Result<Arc<EcdsaKeyPair>, String> {
    let full = |name: &str| -> Result<Zeroizing<Vec<u8>>, String> {
        let bytes = member(key, name)?;
        let bytes = without_zeros(&bytes);
        if bytes.len() > curve.size {
            return Err(format!("the JWK has a `{name}` too long for {}", curve.name));
        }
        let mut padded = Zeroizing::new(vec![0; curve.size - bytes.len()]);
        padded.extend_from_slice(bytes);
        Ok(padded)
    };
    let mut public = vec![4];
    public.extend_from_slice(&full("x")?);
    public.extend_from_slice(&full("y")?);
    EcdsaKeyPair::from_private_key_and_public_key(curve.signing, &full("d")?, &public)
        .map(Arc::new)
        .map_err(|_| "the EC key is broken: `d` does not belong to `x` and `y`".into())
}

fn ed25519(key: &Map<String, Json>) -> Result<Arc<Ed25519KeyPair>, String> {
    let (d, x) = (member(key, "d")?, member(key, "x")?);
    if d.len() != 32 {
        return Err(format!("its `d` has {} bytes; Ed25519 keys have 32", d.len()));
    }
    Ed25519KeyPair::from_seed_and_public_key(&d, &x)
        .map(Arc::new)
        .map_err(|_| "the Ed25519 key is broken: `d` does not belong to `x`".into())
}

fn text(bytes: &[u8]) -> Json {
    URL_SAFE_NO_PAD.encode(bytes).into()
}

fn map<const N: usize>(members: [(&str, Json); N]) -> Map<String, Json> {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The required public members (RFC 7638 §3.2), `None` for a shared secret.
pub fn public(pair: &Pair) -> Option<Map<String, Json>> {
    match pair {
        Pair::Secret(_) => None,
        Pair::Rsa(pair) | Pair::RsaPss(pair) => {
            let (n, e) = der::rsa_public(pair.public_key().as_ref())?;
            Some(map([("kty", "RSA".into()), ("n", text(n)), ("e", text(e))]))
        }
        Pair::Ec(pair, curve) => {
            let (x, y) = point(pair);
            Some(map([("kty", "EC".into()), ("crv", curve.name.into()), ("x", text(x)), ("y", text(y))]))
        }
        Pair::Ed25519(pair) => {
            let x = text(pair.public_key().as_ref());
            Some(map([("kty", "OKP".into()), ("crv", "Ed25519".into()), ("x", x)]))
        }
    }
}

/// The whole key as JSON text.
pub fn private(pair: &Pair, algorithm: &str, kid: Option<&str>) -> Secret {
    let mut key = public(pair).unwrap_or_default();
    match pair {
        Pair::Secret(secret) => {
            key.insert("kty".into(), "oct".into());
            key.insert("k".into(), text(secret));
        }
        Pair::Rsa(pair) | Pair::RsaPss(pair) => {
            let written: Result<Pkcs8V1Der<'static>, _> = pair.as_der();
            let numbers = written.as_ref().ok().and_then(|der| der::pkcs8(der.as_ref()));
            if let Some([_, _, rest @ ..]) = numbers.and_then(|info| der::rsa_private(info.inner)) {
                for (name, value) in ["d", "p", "q", "dp", "dq", "qi"].into_iter().zip(rest) {
                    key.insert(name.into(), text(value));
                }
            }
        }
        Pair::Ec(pair, _) => {
            let number: Result<EcPrivateKeyBin<'static>, _> = pair.private_key().as_be_bytes();
            if let Ok(number) = number {
                key.insert("d".into(), text(number.as_ref()));
            }
        }
        Pair::Ed25519(pair) => {
            let seed =
                pair.seed().and_then(|seed| -> Result<Curve25519SeedBin<'static>, _> { seed.as_be_bytes() });
            if let Ok(seed) = seed {
                key.insert("d".into(), text(seed.as_ref()));
            }
        }
    }
    if let Some(kid) = kid {
        key.insert("kid".into(), kid.into());
    }
    key.insert("alg".into(), algorithm.into());
    let written = Secret::new(serde_json::to_string(&key).unwrap_or_default());
    wipe(&mut key);
    written
}
