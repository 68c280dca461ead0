//! The signature: who could have made it (J-09 to J-11).

use super::said::{Said, Words, quote};
use super::{refused, refused_and_readable, sure, was_accepted};
use crate::diagnose::evidence::{Evidence, Place};
use crate::diagnose::facts::{Facts, Presented};
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::jwt::{Signature, TokenKind};
use serde_json::Value as Json;

fn header<'a>(token: &'a Presented, name: &str) -> Option<&'a str> {
    token.decoded.header.as_ref()?.get(name)?.as_str()
}

/// A signed JWT whose text was not damaged on its way here.
fn signed(facts: &Facts) -> Option<&Presented> {
    refused_and_readable(facts).filter(|t| t.decoded.kind == TokenKind::Jws && t.decoded.problem.is_none())
}

/// J-11: unsigned, or signed in a way the keys rule out.
pub(super) fn algorithm(facts: &Facts, found: &mut Findings) {
    let Some(token) = refused(facts) else { return };
    let words = Words::of(facts);
    let said = words.says(Said::Algorithm);
    let readable = signed(facts);
    let alg = readable.and_then(|t| header(t, "alg"));
    let asymmetric = facts.keys.as_ref().is_some_and(|k| {
        !k.keys.is_empty() && k.keys.iter().all(|key| key.get("kty").and_then(Json::as_str) != Some("oct"))
    });
    let forged = matches!(&token.decoded.signature, Signature::Rejected { reason } if reason.contains("public key as the secret"));
    let (likelihood, summary) = match alg {
        Some(alg) if alg.eq_ignore_ascii_case("none") => (
            sure(facts, found),
            "the token is not signed at all (`alg` is none): no API may take it".to_owned(),
        ),
        Some(alg) if forged => (
            sure(facts, found),
            format!("the token was signed with the issuer's public key as a secret ({alg}): a forgery"),
        ),
        Some(alg) if said.is_some() => {
            (sure(facts, found), format!("the server does not accept the token's algorithm, {alg}"))
        }
        None if said.is_some() => {
            (sure(facts, found), "the server does not accept the token's algorithm".to_owned())
        }
        Some(alg) if alg.starts_with("HS") && asymmetric => (
            Likelihood::Likely,
            format!("the token is signed with a shared secret ({alg}), but the issuer publishes public keys"),
        ),
        _ => return,
    };
    found.add(
        Finding::new("token.algorithm", likelihood)
            .summary(summary)
            .evidence(Evidence::jose_header(facts, "alg").filter(|_| !token.masked))
            .evidence(said.and_then(|needle| quote(facts, needle)))
            .evidence(Evidence::status(facts))
            .weight(if said.is_some() { 10 } else { 0 }),
    );
}

/// J-09: a key nobody knows.
pub(super) fn unknown(facts: &Facts, found: &mut Findings) {
    let Some(token) = refused(facts) else { return };
    let words = Words::of(facts);
    let said = words.says(Said::Key);
    let kid = signed(facts).and_then(|t| header(t, "kid"));
    let absent = facts.keys.as_ref().zip(kid).filter(|(keys, kid)| {
        // A key without a `kid` might be the one.
        !keys.keys.is_empty()
            && keys.keys.iter().all(|key| key.contains_key("kid"))
            && keys.with_kid(kid).next().is_none()
    });
    let fits = matches!(token.decoded.signature, Signature::Verified { .. });
    let (likelihood, summary) = match (said, absent) {
        // Another node knew it: then it is that node's key set, and the token is fine.
        (Some(_), _) if was_accepted(facts) => (
            Likelihood::Possible,
            "the server says that it does not know the token's key, and knew it before".to_owned(),
        ),
        (Some(_), _) if fits => (
            Likelihood::Likely,
            "the server does not know the token's key, though the issuer publishes it".to_owned(),
        ),
        (Some(_), _) => {
            (sure(facts, found), "the server does not know the key that the token is signed with".to_owned())
        }
        (None, Some((keys, _))) if !was_accepted(facts) => (
            Likelihood::Likely,
            format!("the token's key (`kid`) is not among the {} keys of the issuer", keys.keys.len()),
        ),
        _ => return,
    };
    let known = absent.map(|(keys, _)| {
        let kids: Vec<&str> = keys.keys.iter().filter_map(|k| k.get("kid")?.as_str()).take(8).collect();
        Evidence::at(Place::Profile, format!("keys of the issuer: {}", kids.join(", ")))
    });
    found.add(
        Finding::new("token.unknown_key", likelihood)
            .summary(summary)
            .evidence(Evidence::jose_header(facts, "kid").filter(|_| !token.masked))
            .evidence(known)
            .evidence(said.and_then(|needle| quote(facts, needle)))
            .evidence(Evidence::status(facts))
            .weight(if said.is_some() { 10 } else { 0 }),
    );
}

/// J-10: the key is known and the signature does not fit it.
pub(super) fn signature(facts: &Facts, found: &mut Findings) {
    let Some(token) = refused(facts) else { return };
    if found.has("token.algorithm") || found.has("header.truncated") {
        return;
    }
    let words = Words::of(facts);
    let said = words.says(Said::Signature);
    // Microsoft Graph's tokens have a `nonce` in their header and verify for nobody but Graph.
    let own = signed(facts).filter(|t| t.decoded.header.as_ref().is_some_and(|h| !h.contains_key("nonce")));
    let rejected = own.and_then(|t| match &t.decoded.signature {
        Signature::Rejected { reason } => Some(reason.as_str()),
        _ => None,
    });
    // By its `kid` there is one key that it must fit; without, the issuer may have others.
    let named = own
        .and_then(|t| header(t, "kid"))
        .zip(facts.keys.as_ref())
        .is_some_and(|(kid, keys)| keys.with_kid(kid).next().is_some());
    let (likelihood, summary) = match (rejected, said) {
        (Some(reason), _) if was_accepted(facts) && said.is_none() => {
            (Likelihood::Possible, format!("the signature does not fit here: {reason}"))
        }
        (Some(_), None) if named => {
            (sure(facts, found), "the token's signature does not fit the key it names".to_owned())
        }
        (Some(_), None) => (Likelihood::Likely, "the token's signature fits no key of the issuer".to_owned()),
        (_, Some(_)) if was_accepted(facts) => (
            Likelihood::Possible,
            "the server says that the signature is not valid, and took the token before".to_owned(),
        ),
        (_, Some(_)) => {
            (sure(facts, found), "the server says that the token's signature is not valid".to_owned())
        }
        _ => return,
    };
    let verdict = rejected
        .map(|reason| Evidence::at(Place::JoseHeader("kid".to_owned()), format!("signature: {reason}")));
    found.add(
        Finding::new("token.signature", likelihood)
            .summary(summary)
            .evidence(verdict)
            .evidence(Evidence::jose_header(facts, "kid").filter(|_| !token.masked))
            .evidence(said.and_then(|needle| quote(facts, needle)))
            .evidence(Evidence::status(facts))
            .weight(if said.is_some() { 10 } else { 0 }),
    );
}
