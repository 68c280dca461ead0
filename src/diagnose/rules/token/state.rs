//! What cannot be read off a token: that it was revoked, and whether the API can read it at all (J-15, J-17, J-18).

use super::said::{Said, Words, quote};
use super::times::with_remedy;
use super::{explained, refused, refused_and_readable, sure};
use crate::diagnose::evidence::{Evidence, Place};
use crate::diagnose::facts::{Facts, Known, KnownKind, Past};
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::jwt::{self, TokenKind};

/// J-17: taken back before its end.
pub(super) fn revoked(facts: &Facts, found: &mut Findings) {
    let Some(token) = refused(facts) else { return };
    let words = Words::of(facts);
    let said = words.says(Said::Revoked);
    let (likelihood, summary, evidence) = if said.is_some() {
        (sure(facts, found), "the server says that the token was revoked".to_owned(), None)
    } else if explained(found)
        || !words.is_empty()
        || facts.status() != Some(401)
        || super::wants_basic_only(facts)
    {
        return;
    } else if let Some(past) = taken_before(facts) {
        let when = jwt::relative(past.at, facts.clock.local);
        (
            Likelihood::Likely,
            format!("the same token was accepted for this call {when} and is refused now"),
            Some(Evidence::at(
                Place::History,
                format!("{} {}: {}, {when}", past.method, past.url, past.status),
            )),
        )
    } else if let Some(newer) = newer(facts).filter(|_| !token.masked) {
        (
            Likelihood::Possible,
            format!(
                "{} has another access token by now; issuing that one may have ended this one",
                newer.label
            ),
            Some(Evidence::at(
                Place::Profile,
                format!("the token sent is not the present one of {}", newer.label),
            )),
        )
    } else {
        return;
    };
    let mut finding = Finding::new("token.revoked", likelihood)
        .summary(summary)
        .evidence(said.and_then(|needle| quote(facts, needle)))
        .evidence(evidence)
        .evidence(Evidence::status(facts))
        .weight(if said.is_some() { 10 } else { 0 });
    if facts.request.is_pega() {
        finding = finding.cause(
            "Pega takes back every token of a client registration when its secret is regenerated or `Revoke` is pressed there (Dev Studio: Security, OAuth 2.0 client registration).",
        );
    }
    found.add(with_remedy(facts, finding));
}

/// The same call, taken with the same token before; and not one that comes and goes.
fn taken_before(facts: &Facts) -> Option<&Past> {
    let same: Vec<&Past> =
        facts.history.iter().filter(|p| p.same_call && p.same_token == Some(true)).collect();
    let taken = |p: &&&Past| (200..300).contains(&p.status);
    let last_taken = same.iter().rposition(|p| taken(&p))?;
    // Refused, then taken, then refused again: a node of several, not the token.
    let came_and_went = same.iter().take(last_taken).any(|p| p.status == 401);
    (!came_and_went).then(|| same.get(last_taken).copied()).flatten()
}

/// A newer access token of the same profile and environment.
fn newer(facts: &Facts) -> Option<&Known> {
    let issued = facts.issued.as_ref().filter(|i| !i.profile.is_empty() && !i.fresh)?;
    let label = format!("profile {}", issued.profile);
    let sent = facts.token.as_ref()?;
    let now = facts.clock.server_now();
    let iat = facts.claim("iat").and_then(serde_json::Value::as_f64);
    let mut same = facts.known.iter().filter(|k| {
        k.kind == KnownKind::AccessToken && k.label == label && k.environment == issued.environment
    });
    if facts.known.iter().any(|k| k.label == label && k.text.expose() == sent.text.expose()) {
        return None;
    }
    same.find(|k| {
        let other = jwt::decode(k.text.expose(), now);
        let other_iat = other.claims.as_ref().and_then(|c| c.get("iat")?.as_f64());
        iat.zip(other_iat).is_none_or(|(own, other)| other > own)
    })
}

/// J-15: nobody but its issuer can read it. Also when the server says that it takes JWTs only.
pub(super) fn opaque(facts: &Facts, found: &mut Findings) {
    let Some(token) = refused_and_readable(facts).filter(|t| t.decoded.kind == TokenKind::Opaque) else {
        return;
    };
    let words = Words::of(facts);
    let said = words.says(Said::NotJwt);
    let text = token.text.expose();
    let broken = super::super::header::is_jwt_like(text) || text.matches('.').count() == 2;
    if broken || explained(found) || facts.status() != Some(401) || super::wants_basic_only(facts) {
        return;
    }
    if said.is_none() && (!words.is_empty() || super::was_accepted(facts)) {
        return;
    }
    let silent = facts.answer.as_ref().is_some_and(|a| a.challenges.is_empty() && a.error.is_empty());
    let fresh = facts.issued.as_ref().is_some_and(|i| i.fresh);
    let (likelihood, summary) = if said.is_some() {
        (sure(facts, found), "the server takes JWTs only, and the token is opaque")
    } else if silent && fresh {
        // Asked for a moment ago and refused without a word: its age is no reason, and the server could not make anything of it.
        (
            Likelihood::Likely,
            "a new, opaque token is refused without a word: the API may not be able to read it",
        )
    } else {
        (Likelihood::Possible, "the token is opaque: only its issuer can say what is wrong with it")
    };
    found.add(
        Finding::new("token.opaque", likelihood)
            .summary(summary)
            .evidence(Evidence::request_header(facts, "authorization"))
            .evidence(Evidence::at(
                Place::RequestHeader("authorization".to_owned()),
                "the token has no parts: it is no JWT",
            ))
            .evidence(said.and_then(|needle| quote(facts, needle)))
            .evidence(Evidence::status(facts)),
    );
}
