//! Answers that look like a success and are none, and tokens of another type (rows T-23, T-28).

use super::sent::{Asked, asked};
use super::{error_said, is_oauth};
use crate::diagnose::body::BodyKind;
use crate::diagnose::evidence::{Evidence, Place, short};
use crate::diagnose::facts::Facts;
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use Likelihood::{Certain, Likely, Possible};

/// T-23: status 200, and an error in the body, or no token.
pub(super) fn error(facts: &Facts, found: &mut Findings) {
    let Some(answer) = facts.answer.as_ref().filter(|_| facts.is_success()) else { return };
    let code = answer.error.codes.first();
    let shown = |code: &str| Evidence::body(facts, code);
    // A cut body is no dialect, and a preflight or a look at the address asks for no token.
    if code.is_none() && (answer.incomplete.is_some() || facts.request.method != "POST") {
        return;
    }
    if !facts.is_token_request() {
        // An API may well call something of its own `error`; Pega's shape and OAuth's codes mean one.
        let oauth =
            ["invalid_token", "insufficient_scope", "invalid_client", "invalid_grant", "unauthorized"];
        let known = answer.error.pega || oauth.iter().any(|c| answer.error.has(c));
        let Some(code) = code.filter(|_| known && (!is_oauth(facts) || answer.error.pega)) else { return };
        found.add(
            Finding::new("response.hidden_error", Likely)
                .summary(format!(
                    "the status is {}, and the body tells of an error: {}",
                    answer.status,
                    short(code)
                ))
                .evidence(Evidence::status(facts))
                .evidence(shown(code))
                .weight(50),
        );
        return;
    }
    // Some call the token otherwise (`token`, `id_token` alone) or put it deeper.
    let tokens = ["access_token", "accesstoken", "id_token", "\"token\"", "device_code", "issued_token_type"];
    let has_token = tokens.iter().any(|name| answer.says(name));
    let finding = match (code, answer.kind) {
        (Some(code), _) if !answer.says("\"access_token\"") => Finding::new("response.hidden_error", Certain)
            .summary(format!("the status is {}, and the body tells of an error: {}", answer.status, short(code)))
            .evidence(shown(code)),
        (None, BodyKind::Json) if !has_token => Finding::new("response.hidden_error", Certain)
            .summary(format!("the status is {}, and the body has no access_token", answer.status))
            .cause("The token endpoint answers with a success, but without a token: it is an error in a dialect of its own, or the URL is not that of a token endpoint.")
            .fix("read the body; compare the token URL with what the server's owner names")
            .evidence(Evidence::body(facts, "")),
        (None, BodyKind::Text) if answer.lower.starts_with("error=") || answer.says("&error=") => {
            Finding::new("response.hidden_error", Certain)
                .summary(format!("the status is {}, and the body tells of an error", answer.status))
                .evidence(Evidence::body(facts, "error="))
        }
        // A recording may leave bodies out; only a server that says so sent none.
        (None, BodyKind::Empty) if answer.header("content-length") == Some("0") => Finding::new("response.hidden_error", Possible)
            .summary(format!("the status is {}, and there is no body with a token", answer.status)),
        _ => return,
    };
    found.add(finding.evidence(Evidence::status(facts)).weight(50));
}

/// T-28: a token that is no bearer token. (A DPoP token sent as Bearer is `token.needs_dpop` where the token says so.)
pub(super) fn token_type(facts: &Facts, found: &mut Findings) {
    answered(facts, found);
    used(facts, found);
}

/// Types that cannot be sent as Bearer; what others call their bearer tokens (`BearerToken`, `JWT`) can.
fn is_other(kind: &str) -> bool {
    ["mac", "pop", "hotk", "n_a"].iter().any(|k| kind.eq_ignore_ascii_case(k))
}

fn answered(facts: &Facts, found: &mut Findings) {
    if !facts.is_token_request() || !facts.is_success() || asked(facts) == Asked::Exchange {
        return;
    }
    let json = facts.answer.as_ref().and_then(|a| a.json.as_ref());
    let Some(kind) = json.and_then(|j| j.get("token_type")).and_then(|t| t.as_str()) else { return };
    if !(is_other(kind) && json.is_some_and(|j| j.get("access_token").is_some())) {
        return;
    }
    found.add(
        Finding::new("token.type", Likely)
            .summary(format!("the token is of the type {}: sent as Bearer it will be refused", short(kind)))
            .evidence(Evidence::at(Place::ResponseBody, format!("token_type: {}", short(kind)))),
    );
}

fn used(facts: &Facts, found: &mut Findings) {
    let (Some(issued), Some(token)) = (&facts.issued, &facts.token) else { return };
    let kind = issued.token_type.as_str();
    // hallpass sends a type it does not know under its own name; an API that takes Bearer refuses that as well.
    let as_bearer = token.scheme.eq_ignore_ascii_case("bearer");
    let under_its_name = is_other(kind) && token.scheme.eq_ignore_ascii_case(kind);
    if !facts.is_api() || !facts.is_refused() || !(as_bearer || under_its_name) {
        return;
    }
    let dpop = kind.eq_ignore_ascii_case("dpop");
    if !is_other(kind) && !dpop {
        return;
    }
    // A 403 has many reasons; and a token's own binding says more than its type.
    let likelihood = match (facts.status(), dpop) {
        (Some(401), false) if as_bearer => Certain,
        (Some(401), false) => Likely,
        (Some(401), true) => Likely,
        _ => Possible,
    };
    found.add(
        Finding::new("token.type", likelihood)
            .summary(format!(
                "the token is of the type {} and was sent as {}",
                short(kind),
                short(&token.scheme)
            ))
            .evidence(Evidence::at(
                Place::Profile,
                format!("token_type of the token answer: {}", short(kind)),
            ))
            .evidence(Evidence::request_header(facts, "authorization"))
            .evidence(error_said(facts, "invalid_token"))
            .weight(if dpop { -5 } else { 5 }),
    );
}
