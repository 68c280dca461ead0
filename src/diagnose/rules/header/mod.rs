//! How the credentials were written into the request (rows H). All of it is seen from the request alone; the answer only says
//! whether it matters. Nothing here quotes a credential: names, lengths, positions and code points do.

mod codes;
mod kind;
mod place;
pub(in crate::diagnose) mod placeholder;
mod value;

#[cfg(test)]
mod kind_tests;
#[cfg(test)]
mod place_tests;
#[cfg(test)]
mod value_tests;

use super::Rule;
use crate::diagnose::facts::{Authorization, Facts, Purpose};
use crate::diagnose::finding::{Findings, Layer, Likelihood};
use crate::diagnose::probe::Remedy;
use crate::model::exchange::FailureKind;

pub(in crate::diagnose) use codes::CODES;
pub(in crate::diagnose::rules) use place::other_credential;

/// The rules of this layer.
pub(super) static RULES: &[Rule] = &[
    Rule { row: "H-05", look: value::unresolved },
    Rule { row: "H-01", look: place::missing },
    Rule { row: "H-02", look: value::no_scheme },
    Rule { row: "H-03", look: value::double_scheme },
    Rule { row: "H-04", look: value::wrong_scheme },
    Rule { row: "H-06", look: value::punctuation },
    Rule { row: "H-07", look: value::whitespace },
    Rule { row: "H-08", look: value::encoding },
    Rule { row: "H-14", look: value::invisible },
    Rule { row: "H-09", look: kind::truncated },
    Rule { row: "H-10", look: kind::encrypted },
    Rule { row: "H-11", look: kind::wrong_token },
    Rule { row: "H-12", look: place::duplicate },
    Rule { row: "H-13", look: place::in_query },
    Rule { row: "H-15", look: place::conflict },
    Rule { row: "H-16", look: place::bad_basic },
];

/// True for a request that presents a token: a call of an API, or of userinfo and its like.
pub(super) fn is_call(facts: &Facts) -> bool {
    matches!(facts.purpose, Purpose::Api | Purpose::Management)
}

/// True when a call was refused for its credentials: 401, 403, or a 400 that speaks of them. Also when the client itself would
/// not send the header.
pub(super) fn refused(facts: &Facts) -> bool {
    if !is_call(facts) {
        return false;
    }
    match facts.status() {
        Some(401 | 403) => true,
        Some(400) => speaks_of_credentials(facts),
        Some(_) => false,
        None => never_sent(facts),
    }
}

/// The client refused a header that HTTP does not allow.
pub(super) fn never_sent(facts: &Facts) -> bool {
    facts.answer.is_none() && facts.failure.as_ref().is_some_and(|f| f.kind == FailureKind::Header)
}

/// A challenge, an OAuth error of RFC 6750, or words about tokens and credentials.
fn speaks_of_credentials(facts: &Facts) -> bool {
    let Some(answer) = &facts.answer else { return false };
    let words = facts.words();
    !answer.challenges.is_empty()
        || facts.says_error("invalid_token")
        || facts.says_error("invalid_request") && words.contains("authorization")
        || ["authorization header", "access token", "access_token", "bearer", "jwt", "credential"]
            .iter()
            .any(|w| words.contains(w))
}

/// True when somebody in front of the API seems to have answered: then nothing about the credentials is proven by the refusal.
pub(super) fn answered_by_others(found: &Findings) -> bool {
    [Layer::Network, Layer::FrontDoor].iter().any(|l| found.has_layer(*l, Likelihood::Likely))
}

/// What a fault in the credentials amounts to: it proves the refusal where the API itself answered.
pub(super) fn at_most(found: &Findings, likelihood: Likelihood) -> Likelihood {
    if answered_by_others(found) { likelihood.max(Likelihood::Likely) } else { likelihood }
}

/// The one `Authorization` header that carries (or should carry) a token: no Basic, Digest and so on.
fn token_header(facts: &Facts) -> Option<&Authorization> {
    let auth = facts.request.authorization.first()?;
    let masked = facts.token.as_ref().is_some_and(|t| t.masked) || super::super::gather::is_mask(&auth.rest);
    (!masked && !is_other_scheme(&auth.scheme)).then_some(auth)
}

/// Schemes whose value is no token of OAuth and has a grammar of its own.
fn is_other_scheme(scheme: &str) -> bool {
    const OTHERS: [&str; 15] = [
        "basic",
        "digest",
        "negotiate",
        "ntlm",
        "hawk",
        "oauth",
        "aws4-hmac-sha256",
        "aws",
        "hoba",
        "mutual",
        "vapid",
        "sharedkey",
        "sharedkeylite",
        "signature",
        "mac",
    ];
    let scheme = scheme.to_ascii_lowercase();
    OTHERS.contains(&scheme.as_str()) || scheme.starts_with("scram-")
}

/// True for the schemes of RFC 6750 and RFC 9449, a colon behind them forgiven.
fn is_token_scheme(scheme: &str) -> bool {
    let scheme = scheme.trim_end_matches(':');
    scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("dpop")
}

/// The variable the value came from, where a known secret is exactly that: by the label it goes by, `variable api_key`.
fn variable_of(facts: &Facts, auth: &Authorization) -> Option<String> {
    let value = [auth.rest.as_str(), auth.raw.as_str()];
    let known = facts.known.iter().find(|k| {
        let text = k.text.expose();
        !text.is_empty() && value.iter().any(|v| *v == text || v.trim() == text.trim())
    })?;
    known.label.strip_prefix("variable ").map(str::to_owned)
}

/// Taking stray characters off is safe where we know what they were taken from.
fn trim(facts: &Facts, auth: &Authorization) -> Option<Remedy> {
    variable_of(facts, auth).map(|variable| Remedy::Trim { variable })
}

/// A scheme as it may be shown: the first word of a pasted secret is no scheme.
pub(in crate::diagnose) fn scheme_shown(scheme: &str) -> &str {
    let usual = scheme.len() <= 20 && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "-:".contains(c));
    if usual { scheme } else { "…" }
}

/// True for what begins as base64url of `{"` does.
pub(super) fn is_jwt_like(text: &str) -> bool {
    text.starts_with("eyJ")
}
