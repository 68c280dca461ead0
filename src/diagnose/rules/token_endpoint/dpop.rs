//! DPoP at the token endpoint and at the API (rows T-19, R-07, T-20).

use super::error_said;
use crate::diagnose::evidence::{Evidence, Place, short};
use crate::diagnose::facts::Facts;
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::diagnose::probe::Remedy;
use crate::jwt;
use serde_json::{Map, Value as Json};

/// A profile that does not bind its tokens yet.
fn remedy(facts: &Facts) -> Option<Remedy> {
    facts.profile.as_ref().is_some_and(|p| !p.dpop).then_some(Remedy::Dpop)
}

/// T-19, R-07: the server wants its nonce in the proof.
pub(super) fn nonce(facts: &Facts, found: &mut Findings) {
    if !facts.says_error("use_dpop_nonce") {
        return;
    }
    let proof = facts.request.header("dpop");
    let mut finding = Finding::new("dpop.nonce", Likelihood::Certain)
        .evidence(error_said(facts, "use_dpop_nonce"))
        .evidence(Evidence::response_header(facts, "dpop-nonce"));
    finding = match (proof, nonce_of(proof)) {
        (None, _) => finding.summary("the server wants a DPoP proof with its nonce, and no proof was sent"),
        (Some(_), None) => {
            finding.summary("the server wants its nonce in the DPoP proof, and the proof has none")
        }
        (Some(_), Some(_)) => finding.summary("the nonce in the DPoP proof is no longer the server's"),
    };
    if let Some(remedy) = remedy(facts) {
        finding = finding.remedy(remedy);
    }
    found.add(finding);
}

fn nonce_of(proof: Option<&str>) -> Option<()> {
    claims(proof?)?.get("nonce").map(|_| ())
}

fn claims(proof: &str) -> Option<Map<String, Json>> {
    jwt::decode(proof, jiff::Timestamp::UNIX_EPOCH).claims
}

/// T-20: the proof is not accepted. What can be compared with the request is.
pub(super) fn proof(facts: &Facts, found: &mut Findings) {
    if !facts.says_error("invalid_dpop_proof") {
        return;
    }
    let finding =
        Finding::new("dpop.proof", Likelihood::Certain).evidence(error_said(facts, "invalid_dpop_proof"));
    let Some(sent) = facts.request.header("dpop") else {
        let finding = finding
            .summary("the server wants a DPoP proof, and none was sent")
            .cause("The server binds this client's tokens to a key, and the request has no `DPoP` header with a proof.")
            .fix("set `dpop = true` in the profile");
        found.add(match remedy(facts) {
            Some(remedy) => finding.remedy(remedy),
            None => finding,
        });
        return;
    };
    let flaws = flaws(facts, sent);
    let place = || Place::RequestHeader("dpop".to_owned());
    found.add(
        match flaws.first() {
            Some(first) => finding.summary(format!("the DPoP proof does not fit: {first}")),
            None => finding.summary("the server does not accept the DPoP proof"),
        }
        .evidence(flaws.iter().map(|flaw| Evidence::at(place(), format!("proof: {flaw}")))),
    );
}

/// What is wrong with a proof, as far as the request tells.
fn flaws(facts: &Facts, sent: &str) -> Vec<String> {
    let decoded = jwt::decode(sent, facts.clock.server_now());
    let (Some(header), Some(claims)) = (&decoded.header, &decoded.claims) else {
        return vec!["it is not a JWT".to_owned()];
    };
    let mut flaws = Vec::new();
    let head = |name: &str| header.get(name).and_then(Json::as_str).unwrap_or_default();
    let claim = |name: &str| claims.get(name).and_then(Json::as_str).unwrap_or_default();
    if !head("typ").eq_ignore_ascii_case("dpop+jwt") {
        flaws.push("its typ is not dpop+jwt".to_owned());
    }
    let alg = head("alg");
    if alg.is_empty() || alg.eq_ignore_ascii_case("none") || alg.starts_with("HS") {
        flaws.push(format!("its alg `{}` is not an asymmetric one", short(alg)));
    }
    if !header.get("jwk").is_some_and(Json::is_object) {
        flaws.push("it has no public key (jwk)".to_owned());
    }
    if claim("htm") != facts.request.method {
        flaws.push(format!("htm is `{}`, the method is {}", short(claim("htm")), facts.request.method));
    }
    let bare = |url: &str| {
        let mut url = url::Url::parse(url).ok()?;
        url.set_query(None);
        url.set_fragment(None);
        Some(url)
    };
    if bare(claim("htu")) != bare(&facts.request.url) {
        flaws.push(format!("htu is {}, not the URL of this request", short(claim("htu"))));
    }
    if claim("jti").is_empty() {
        flaws.push("it has no jti".to_owned());
    }
    let now = facts.clock.server_now();
    match jwt::time_of(claims, "iat") {
        None => flaws.push("it has no iat".to_owned()),
        Some(iat) if now.duration_since(iat).unsigned_abs().as_secs() > 60 => {
            flaws.push(format!("iat is {}, {}", jwt::relative(iat, now), facts.clock.words()));
        }
        Some(_) => {}
    }
    flaws
}
