//! Assertions as grants: RFC 7523 with a token profile and an identity mapping, RFC 7522 in shape.
//! Each failure has words of its own, so that each can be told from the others.

use super::clients::{Client, Mapping};
use super::faults::{Fault, Leg};
use super::grants::{Refusal, invalid, known, refuse};
use super::saml::{self, Assertion};
use super::state::Shared;
use super::token_route::{Form, MISSING};
use super::tokens;
use crate::jwt::{Signature, verify};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

const AUDIENCE: &str = "The audience of the assertion is not this token endpoint.";
const EXPIRED: &str = "The assertion has expired, or is not valid yet.";
const ISSUER: &str = "The issuer of the assertion is not the one of the token profile.";
const SUBJECT: &str = "The subject of the assertion is not the one of the token profile.";
const REPLAYED: &str = "An assertion with this jti was used before.";
const KEY: &str = "The signature of the assertion fits no key registered for the client.";
const NO_PROFILE: &str = "No identity mapping is configured for the client registration.";
/// Clocks may differ by this much.
const LEEWAY_S: i64 = 60;

/// What every assertion grant begins with: the text, the mapping, the switches.
fn begin<'a>(shared: &Shared, client: &'a Client, form: &'a Form) -> Result<(&'a str, &'a Mapping), Refusal> {
    let text = form.get("assertion").ok_or_else(|| refuse(400, "invalid_request", MISSING))?;
    let mapping = client.mapping.as_ref().ok_or_else(|| invalid(NO_PROFILE))?;
    let on = |fault| shared.faults().at(Leg::Token, fault);
    for (fault, text) in [
        (Fault::AssertionAudience, AUDIENCE),
        (Fault::AssertionExpired, EXPIRED),
        (Fault::AssertionReplayed, REPLAYED),
        (Fault::AssertionKey, KEY),
        (Fault::AssertionSubject, SUBJECT),
    ] {
        if on(fault) {
            return Err(invalid(text));
        }
    }
    Ok((text, mapping))
}

/// True when the assertion is meant for us: by the profile's row, else by RFC 7523 section 3 (3):
/// the token endpoint or the issuer.
fn meant_for_us<'a>(shared: &Shared, mapping: &Mapping, mut audience: impl Iterator<Item = &'a str>) -> bool {
    if !mapping.audience.is_empty() {
        return audience.any(|a| a == mapping.audience);
    }
    let issuer = shared.issuer();
    let token = |a: &str| {
        a.strip_prefix(shared.public.as_str())
            .is_some_and(|path| path.starts_with("/prweb/") && path.ends_with("/oauth2/v1/token"))
    };
    audience.any(|a| a == issuer || token(a))
}

/// The operator a signed JWT speaks for.
pub(super) fn jwt_bearer(
    shared: &Shared,
    client: &Client,
    form: &Form,
    now: Timestamp,
) -> Result<String, Refusal> {
    let (text, mapping) = begin(shared, client, form)?;
    if let Signature::Verified { .. } = verify(text, &mapping.keys) {
    } else {
        let logged = match verify(text, &mapping.keys) {
            Signature::Rejected { reason } | Signature::Unverified { reason } => format!("{KEY} ({reason})"),
            Signature::Verified { .. } => KEY.to_owned(),
        };
        return Err(Refusal { logged, ..invalid(KEY) });
    }
    let claims = tokens::claims(text).ok_or_else(|| invalid("The assertion cannot be read."))?;
    check_claims(shared, mapping, &claims, now.as_second()).map_err(invalid)?;
    let user = claims.get(&mapping.claim).and_then(Json::as_str).unwrap_or_default();
    known(shared, user, "JWTIdentityMapper")
}

/// Times, audience, issuer, subject; the signature is right already.
fn check_claims(
    shared: &Shared,
    mapping: &Mapping,
    claims: &Map<String, Json>,
    now: i64,
) -> Result<(), &'static str> {
    let word = |name: &str| claims.get(name).and_then(Json::as_str).unwrap_or_default();
    let time = |name: &str| claims.get(name).and_then(Json::as_f64).map(|t| t as i64);
    let early = |name| time(name).is_some_and(|t| t > now.saturating_add(LEEWAY_S));
    if time("exp").is_none_or(|exp| exp <= now - LEEWAY_S) || early("nbf") || early("iat") {
        return Err(EXPIRED);
    }
    let audience: Vec<&str> = match claims.get("aud") {
        Some(Json::Array(list)) => list.iter().filter_map(Json::as_str).collect(),
        one => one.and_then(Json::as_str).into_iter().collect(),
    };
    if !meant_for_us(shared, mapping, audience.into_iter()) {
        return Err(AUDIENCE);
    }
    if word("iss").is_empty() || (!mapping.issuer.is_empty() && word("iss") != mapping.issuer) {
        return Err(ISSUER);
    }
    if !mapping.subject.is_empty() && word("sub") != mapping.subject {
        return Err(SUBJECT);
    }
    Ok(())
}

/// The operator a SAML assertion speaks for. Its signature is never checked; one without any is only
/// taken when the switch `saml-unsigned` says so.
pub(super) fn saml2_bearer(
    shared: &Shared,
    client: &Client,
    form: &Form,
    now: Timestamp,
) -> Result<String, Refusal> {
    let (text, mapping) = begin(shared, client, form)?;
    let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).or_else(|_| STANDARD.decode(text));
    let xml = bytes.ok().and_then(|b| String::from_utf8(b).ok());
    let assertion = xml
        .as_deref()
        .and_then(saml::read)
        .ok_or_else(|| invalid("The assertion is no base64url of a SAML 2.0 assertion."))?;
    if !assertion.signed && !shared.faults().has(Fault::SamlUnsigned) {
        return Err(invalid("The SAML assertion is not signed."));
    }
    check_saml(shared, mapping, &assertion, now).map_err(invalid)?;
    known(shared, &assertion.name_id, "SAMLIdentityMapper")
}

fn check_saml(
    shared: &Shared,
    mapping: &Mapping,
    assertion: &Assertion,
    now: Timestamp,
) -> Result<(), &'static str> {
    let leeway = jiff::SignedDuration::from_secs(LEEWAY_S);
    if assertion.not_on_or_after.is_none_or(|end| end + leeway <= now)
        || assertion.not_before.is_some_and(|begin| begin > now + leeway)
    {
        return Err(EXPIRED);
    }
    if !meant_for_us(shared, mapping, assertion.audiences.iter().map(String::as_str)) {
        return Err(AUDIENCE);
    }
    if assertion.issuer.is_empty() || (!mapping.issuer.is_empty() && assertion.issuer != mapping.issuer) {
        return Err(ISSUER);
    }
    if !mapping.subject.is_empty() && assertion.name_id != mapping.subject {
        return Err(SUBJECT);
    }
    Ok(())
}
