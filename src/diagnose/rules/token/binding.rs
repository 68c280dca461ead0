//! Tokens bound to a key: whoever sends them has to prove it (J-13, J-14, R-08).

use super::{refused, refused_and_readable, sure};
use crate::diagnose::evidence::{Evidence, Place};
use crate::diagnose::facts::Facts;
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::diagnose::probe::Remedy;
use serde_json::Value as Json;

fn confirmation<'a>(facts: &'a Facts, member: &str) -> Option<&'a str> {
    facts.claim("cnf")?.get(member).and_then(Json::as_str)
}

/// J-13: bound to a DPoP key, and sent without a proof; or the server asks for DPoP.
pub(super) fn dpop(facts: &Facts, found: &mut Findings) {
    let Some(token) = refused(facts) else { return };
    let Some(answer) = &facts.answer else { return };
    let bound = !token.masked && confirmation(facts, "jkt").is_some();
    let proof = facts.request.header("dpop").is_some();
    let as_dpop = token.scheme.eq_ignore_ascii_case("dpop");
    let challenge = answer.challenge("DPoP");
    // A nonce and a proof that fails have codes of their own.
    let other = challenge
        .and_then(|c| c.param("error"))
        .is_some_and(|e| e == "use_dpop_nonce" || e == "invalid_dpop_proof");
    if other {
        return;
    }
    let (likelihood, summary) = if bound && !as_dpop {
        (
            sure(facts, found),
            "the token is bound to a DPoP key, but was sent as a Bearer token without a proof".to_owned(),
        )
    } else if as_dpop && !proof {
        (
            sure(facts, found),
            "the scheme is `DPoP`, but the request has no `DPoP` header with a proof".to_owned(),
        )
    } else if challenge.is_some() && !as_dpop && answer.challenge("Bearer").is_none() {
        (
            Likelihood::Likely,
            "the server takes tokens with a DPoP proof only; this one was sent as Bearer".to_owned(),
        )
    } else {
        return;
    };
    let mut finding = Finding::new("token.needs_dpop", likelihood)
        .summary(summary)
        .evidence(bound.then(|| Evidence::claim("cnf", "jkt: the thumbprint of a DPoP key")))
        .evidence(Evidence::request_header(facts, "authorization"))
        .evidence(Evidence::response_header(facts, "www-authenticate"))
        .evidence(Evidence::status(facts))
        .weight(if challenge.is_some() { 10 } else { 0 });
    if facts.profile.as_ref().is_some_and(|p| !p.dpop) {
        finding = finding.remedy(Remedy::Dpop);
    }
    found.add(finding);
}

/// J-14: bound to a client certificate that was not presented.
pub(super) fn certificate(facts: &Facts, found: &mut Findings) {
    if refused_and_readable(facts).is_none() {
        return;
    }
    let Some(print) = confirmation(facts, "x5t#S256") else { return };
    let profile = facts.profile.as_ref();
    let own = profile.and_then(|p| p.certificate_print.as_deref());
    let (likelihood, summary) = match (profile.map(|p| p.certificate), own) {
        (_, Some(own)) if own == print => return,
        (_, Some(_)) => {
            (sure(facts, found), "the token is bound to another client certificate than the one in use")
        }
        (Some(false), None) => {
            (sure(facts, found), "the token is bound to a client certificate, and none is presented")
        }
        // Of a recording nobody knows which certificate the client had.
        (None, None) => (Likelihood::Likely, "the token is bound to a client certificate; was it presented?"),
        (Some(true), None) => {
            (Likelihood::Possible, "the token is bound to a client certificate; is it the one in use?")
        }
    };
    found.add(
        Finding::new("token.needs_mtls", likelihood)
            .summary(summary)
            .evidence(Evidence::claim("cnf", format!("x5t#S256: {print}")))
            .evidence(own.map(|own| Evidence::at(Place::Tls, format!("certificate in use: {own}"))))
            .evidence(Evidence::response_header(facts, "www-authenticate"))
            .evidence(Evidence::status(facts)),
    );
}
