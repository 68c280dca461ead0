//! Checking DPoP proofs (RFC 9449 section 4.3), in the order of the RFC.

use super::jws::{Jws, hash, is_signed};
use crate::jwt::{Jwks, thumbprint};
use crate::sandbox::call::Call;
use crate::sandbox::faults::Fault;
use crate::sandbox::state::Shared;
use serde_json::Value as Json;

/// Signature algorithms of proofs: asymmetric ones only.
pub(super) const ALGORITHMS: [&str; 11] =
    ["ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512", "EdDSA", "Ed25519"];

/// Seconds a proof's `iat` may lie back, and ahead.
const OLD_S: i64 = 300;
const AHEAD_S: i64 = 60;

/// Longest `jti`.
const JTI: usize = 256;

/// Why a proof is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// `invalid_dpop_proof`, in words.
    Bad(&'static str),
    /// `use_dpop_nonce`.
    Nonce,
}

/// True when the request carries a `DPoP` header at all.
pub(super) fn is_there(call: &Call) -> bool {
    call.headers.contains_key("dpop")
}

/// The URL a request was sent to, without query (`htu`).
fn url_of(call: &Call) -> String {
    let scheme = if call.peer.tls { "https" } else { "http" };
    format!("{scheme}://{}{}", call.header("host").unwrap_or_default(), call.path)
}

/// The same address after the normalisation of RFC 3986 section 6.2.2 and 6.2.3.
fn same_url(proof: &str, here: &str) -> bool {
    let normal = |text: &str| {
        let mut url = url::Url::parse(text).ok()?;
        url.set_query(None);
        url.set_fragment(None);
        Some(url)
    };
    matches!((normal(proof), normal(here)), (Some(a), Some(b)) if a == b)
}

/// The thumbprint of the key that made the proof of a request. `token`: the access token that came
/// with it; `nonce`: whether the proof must have one.
pub(super) fn check(
    shared: &Shared,
    call: &Call,
    token: Option<&str>,
    nonce: bool,
    now: i64,
) -> Result<String, Trouble> {
    use Trouble::Bad;
    let mut headers = call.headers.get_all("dpop").iter();
    let (Some(proof), None) = (headers.next(), headers.next()) else {
        return Err(Bad("There must be exactly one DPoP header."));
    };
    let proof = proof.to_str().map_err(|_| Bad("The DPoP header is not text."))?;
    let jws = Jws::read(proof).ok_or(Bad("The DPoP proof is not a JWT."))?;
    if jws.head("typ") != Some("dpop+jwt") {
        return Err(Bad("The typ of a DPoP proof is dpop+jwt."));
    }
    if !jws.head("alg").is_some_and(|alg| ALGORITHMS.contains(&alg)) {
        return Err(Bad("The alg of a DPoP proof must be an asymmetric signature algorithm."));
    }
    let Some(Json::Object(jwk)) = jws.header.get("jwk") else {
        return Err(Bad("The DPoP proof has no public key (jwk)."));
    };
    if ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].iter().any(|name| jwk.contains_key(*name)) {
        return Err(Bad("The jwk of the DPoP proof holds a private key."));
    }
    if !is_signed(proof, &Jwks { keys: vec![jwk.clone()] }) {
        return Err(Bad("The signature of the DPoP proof does not fit its jwk."));
    }
    if shared.faults().has(Fault::DpopProof) {
        return Err(Bad("The DPoP proof is refused by the fault dpop-proof."));
    }
    if jws.text("htm") != Some(call.method.as_str()) {
        return Err(Bad("htm of the DPoP proof is not the method of this request."));
    }
    if !jws.text("htu").is_some_and(|htu| same_url(htu, &url_of(call))) {
        return Err(Bad("htu of the DPoP proof is not the URL of this request."));
    }
    let given = jws.text("nonce");
    if (nonce && given.is_none()) || given.is_some_and(|given| !shared.rfc.lock().knows_nonce(given, now)) {
        return Err(Trouble::Nonce);
    }
    let iat = jws.time("iat").ok_or(Bad("The DPoP proof has no iat."))?;
    if iat < now.saturating_sub(OLD_S) || iat > now.saturating_add(AHEAD_S) {
        return Err(Bad("iat of the DPoP proof is too far from the clock of the server."));
    }
    match (token, jws.text("ath")) {
        (Some(token), Some(ath)) if ath == hash(token) => {}
        (None, _) => {}
        _ => return Err(Bad("ath of the DPoP proof is not the hash of the access token.")),
    }
    let jti = jws.text("jti").filter(|jti| !jti.is_empty() && jti.len() <= JTI);
    let jti = jti.ok_or(Bad("The DPoP proof has no jti, or one too long."))?;
    let print = thumbprint(jwk).ok_or(Bad("The jwk of the DPoP proof is incomplete."))?;
    // Last, so that a proof refused for another reason may be sent again.
    let mark = format!("dpop {print} {jti}");
    if !shared.rfc.lock().first_time(mark, now + OLD_S + AHEAD_S, now) {
        return Err(Bad("jti of the DPoP proof was used before."));
    }
    Ok(print)
}
