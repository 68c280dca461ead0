//! 401 with a token: was it seen, was it read, is a token wanted at all?

use super::signs::{
    accepted_before, bearer, explained, is_call, is_new_token, offered, offers_only, quoted, says_nothing,
};
use crate::diagnose::body::BodyKind;
use crate::diagnose::evidence::{Evidence, Place};
use crate::diagnose::facts::{Answer, Facts};
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::diagnose::probe::{Probe, Remedy};
use crate::jwt;

/// Words of servers to which no credentials came: Envoy and Istio, Django REST framework, Spring Security, Express, Kong.
const NOT_SEEN: [&str; 12] = [
    "jwt is missing",
    "credentials were not provided",
    "full authentication is required to access this resource",
    "no authorization token was found",
    "no auth token",
    "no token provided",
    "missing token",
    "token is missing",
    "missing authorization header",
    "authorization header is missing",
    "no authorization header",
    "missing bearer token",
];

/// Words of servers that read the token and did not like it: FastAPI, GitHub, Microsoft Graph, Okta, Apigee, Salesforce, Kong, Envoy.
const INVALID: [&str; 17] = [
    "invalid token",
    "token is invalid",
    "token is not valid",
    "token not valid",
    "invalid access token",
    "invalidaccesstoken",
    "invalid_access_token",
    "invalid bearer token",
    "invalidauthenticationtoken",
    "invalid authentication credentials",
    "could not validate credentials",
    "bad credentials",
    "invalid_session_id",
    "e0000011",
    "jwt verification fails",
    "token verification failed",
    "missing or invalid",
];

/// ASP.NET Web API says this with a bare challenge, whether no token came or a bad one.
const EITHER: &str = "authorization has been denied for this request";

/// Schemes that a client has to be set up for; a Bearer token is nothing to them.
const OTHER_SCHEMES: [&str; 12] = [
    "Negotiate",
    "NTLM",
    "Kerberos",
    "Digest",
    "AWS4-HMAC-SHA256",
    "Hawk",
    "Mutual",
    "SCRAM-SHA-256",
    "SCRAM-SHA-1",
    "Basic",
    // Django REST framework and its like: the same header, another first word.
    "Token",
    "ApiToken",
];

/// True for a challenge that accepts a Bearer token, bound or not.
fn takes_tokens(answer: &Answer) -> bool {
    answer.challenge("Bearer").is_some() || answer.challenge("DPoP").is_some()
}

/// The server's words, wherever they stand: a body of plain text is words too.
fn words(facts: &Facts, answer: &Answer) -> String {
    match answer.kind {
        BodyKind::Text | BodyKind::Xml => format!("{}\n{}", facts.words(), answer.lower),
        _ => format!("{}\n{}", facts.words(), answer.error.codes.join("\n").to_lowercase()),
    }
}

/// a challenge without an error code, or words that no credentials came, though a token was sent.
pub(super) fn credentials_not_seen(facts: &Facts, found: &mut Findings) {
    let Some(answer) = facts.answer.as_ref().filter(|_| facts.is_refused() && is_call(facts)) else { return };
    if bearer(facts).is_none() || facts.says_error("invalid_token") {
        return;
    }
    let words = words(facts, answer);
    let told = NOT_SEEN.iter().find(|needle| words.contains(**needle));
    let bare = answer.status == 401
        && answer.challenge("Bearer").is_some()
        && answer.bearer("error").is_none()
        && says_nothing(answer);
    if told.is_none() && !bare {
        return;
    }
    // The metadata of RFC 9728 is a better lead; a token that was accepted a minute ago was seen then.
    let other = answer.bearer("resource_metadata").is_some()
        || accepted_before(facts).is_some()
        || words.contains(EITHER);
    let likelihood = if other || explained(found) { Likelihood::Possible } else { Likelihood::Likely };
    let summary = match told {
        Some(_) => "the API says that no credentials came, although a token was sent",
        None => "a token was sent, and the API answers as if none had come",
    };
    found.add(
        Finding::new("resource.credentials_not_seen", likelihood)
            .summary(summary)
            .evidence(Evidence::response_header(facts, "www-authenticate"))
            .evidence(told.map(|needle| Evidence::body(facts, needle)))
            .evidence(Evidence::request_header(facts, "authorization"))
            .evidence(Evidence::status(facts)),
    );
}

/// What a refusal says of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// `invalid_token`.
    Invalid,
    /// Nothing at all.
    Nothing,
    /// Something else, or it answers in a way that fits others better.
    Else,
}

/// How far an answer is one to R-02; `None` when it is not at all.
fn said(facts: &Facts, answer: &Answer) -> Option<Said> {
    let error = answer.bearer("error").map(str::to_ascii_lowercase);
    match error.as_deref() {
        Some("invalid_token") => return Some(Said::Invalid),
        // These have codes of their own.
        Some(
            "insufficient_scope"
            | "insufficient_user_authentication"
            | "insufficient_claims"
            | "invalid_request"
            | "use_dpop_nonce"
            | "invalid_dpop_proof",
        ) => return None,
        _ => {}
    }
    if facts.says_error("insufficient_user_authentication") || facts.says_error("insufficient_scope") {
        return None;
    }
    if facts.says_error("invalid_token") {
        return Some(Said::Invalid);
    }
    let words = words(facts, answer);
    let forged = words.contains("csrf") || words.contains("xsrf");
    if !forged && INVALID.iter().any(|needle| words.contains(needle)) {
        return Some(Said::Invalid);
    }
    if answer.status != 401 || offers_only(answer, &OTHER_SCHEMES) {
        return None;
    }
    if words.contains(EITHER) {
        return Some(Said::Invalid);
    }
    if error.is_some_and(|e| e.contains("token")) {
        return Some(Said::Invalid);
    }
    // A key, not a token, is what a gateway misses there.
    if ["api key", "apikey", "api_key", "subscription key"].iter().any(|w| words.contains(w)) {
        return None;
    }
    let silent = answer.challenges.is_empty() && says_nothing(answer) && !answer.is_html();
    Some(if silent { Said::Nothing } else { Said::Else })
}

/// `error="invalid_token"`, or a 401 that says nothing at all.
pub(super) fn rejected(facts: &Facts, found: &mut Findings) {
    let Some(answer) = facts.answer.as_ref().filter(|_| facts.is_refused() && is_call(facts)) else { return };
    let Some(token) = &facts.token else { return };
    let Some(said) = said(facts, answer) else { return };
    let opaque = token.decoded.claims.is_none();
    let likelihood = match said {
        Said::Invalid => Likelihood::Likely,
        // Of an opaque token nothing is known: that is a finding of its own.
        Said::Nothing if !opaque => Likelihood::Likely,
        _ => Likelihood::Possible,
    };
    let new = is_new_token(facts);
    let summary = match (said, new) {
        (_, true) => "a new token was refused too, and the server does not say why",
        (Said::Invalid, _) => "the server calls the token invalid and does not say why",
        (Said::Nothing, _) => "the server refused the token without a word",
        (Said::Else, _) => "the server may have refused the token itself",
    };
    let mut finding = Finding::new("token.rejected", likelihood)
        .summary(summary)
        .evidence(Evidence::response_header(facts, "www-authenticate"))
        .evidence((said == Said::Invalid && answer.len > 0).then(|| Evidence::body(facts, "invalid_token")))
        .evidence(age(facts))
        .evidence(Evidence::status(facts));
    if answer.challenges.is_empty() && facts.request.is_pega() {
        finding = finding.cause(
            "Pega's service package did not get from the token to an operator, and does not say why: the token is unknown there or revoked, it was issued by another environment, its client registration was replaced (after an application is imported, its client secret has to be regenerated), or the operator behind it cannot be used. The answer carries no WWW-Authenticate, so Pega's own connectors would not fetch a new token either.",
        );
    }
    if new {
        // Another new token would be the third.
        finding.probes.retain(|probe| *probe != Probe::RenewReplay);
        finding = finding
            .confirm("ask the authorization server about the token (introspection), and verify its signature against the key set the API uses")
            .fix("do not fetch another one: a new token was refused as well. Compare the token's `iss`, `aud` and client with what the API's owner expects; the API may not trust this issuer or client, or the account behind the token is locked");
    } else {
        finding = finding.remedy(Remedy::RenewReplay);
    }
    found.add(finding);
}

/// how old the token is, where that is known: a lifetime shows in it.
fn age(facts: &Facts) -> Option<Evidence> {
    let at = facts.issued.as_ref()?.at?;
    let when = match jwt::relative(at, facts.clock.local) {
        now if now == "now" => "just before".to_owned(),
        when => when,
    };
    let text = format!("the token came {when}");
    Some(Evidence::at(Place::Profile, text))
}

/// Basic is all that is offered, and a token was sent. Pega's paths have their own code.
pub(super) fn wants_basic(facts: &Facts, found: &mut Findings) {
    let Some(answer) = facts.answer.as_ref().filter(|a| a.status == 401 && is_call(facts)) else { return };
    if facts.request.is_pega() || facts.token.is_none() || !offers_only(answer, &["Basic"]) {
        return;
    }
    found.add(
        Finding::new("resource.wants_basic", Likelihood::Likely)
            .summary("the server offers Basic only, and a Bearer token was sent")
            .evidence(Evidence::response_header(facts, "www-authenticate"))
            .evidence(Evidence::request_header(facts, "authorization"))
            .evidence(Evidence::status(facts)),
    );
}

/// R-05 the other way round: Basic is offered, and was sent.
pub(super) fn basic_refused(facts: &Facts, found: &mut Findings) {
    let Some(answer) = facts.answer.as_ref().filter(|a| a.status == 401 && facts.is_api()) else { return };
    let sent = facts.request.authorization.first().is_some_and(|auth| auth.basic.is_some());
    if !sent || facts.token.is_some() || answer.is_html() && answer.challenges.is_empty() {
        return;
    }
    let offered = answer.challenge("Basic").is_some();
    if !offered && !answer.challenges.is_empty() {
        return;
    }
    let likelihood = if offered { Likelihood::Likely } else { Likelihood::Possible };
    let mut finding = Finding::new("resource.basic_refused", likelihood)
        .evidence(Evidence::response_header(facts, "www-authenticate"))
        .evidence(Evidence::request_header(facts, "authorization"))
        .evidence(Evidence::status(facts));
    if facts.request.is_pega() {
        finding = finding
            .cause("Pega takes Basic here and does not accept this operator: its ID or password is wrong, or it is disabled, locked or without an access group.")
            .fix("log in to Pega with the same operator and password; Dev Studio: Org & Security > Authentication > Operator Access lists the disabled and locked operators");
    }
    found.add(finding);
}

/// True when the server says something of a token or session it saw.
fn speaks_of_token(answer: &Answer) -> bool {
    ["expired", "invalid", "revoked", "session"].iter().any(|word| answer.says(word))
}

/// challenges, and none of them takes a Bearer token.
pub(super) fn other_scheme(facts: &Facts, found: &mut Findings) {
    let Some(answer) = facts.answer.as_ref().filter(|a| a.status == 401 && is_call(facts)) else { return };
    if facts.token.is_none() || answer.challenges.is_empty() || takes_tokens(answer) {
        return;
    }
    // Basic alone is R-05; a header for an API key is the gateway's affair.
    let key = |scheme: &str| scheme.to_ascii_lowercase().contains("key");
    if offers_only(answer, &["Basic"]) || answer.challenges.iter().any(|c| key(&c.scheme)) {
        return;
    }
    // Some call any token's scheme `Token`: then their words about it come first.
    let named = answer.challenges.iter().all(|c| c.scheme.to_ascii_lowercase().ends_with("token"));
    let known = offers_only(answer, &OTHER_SCHEMES) && !(named && speaks_of_token(answer));
    let likelihood = if known && !explained(found) { Likelihood::Likely } else { Likelihood::Possible };
    let names = quoted(&offered(answer));
    found.add(
        Finding::new("resource.other_scheme", likelihood)
            .summary(format!("the server offers {names}, and a Bearer token was sent"))
            .evidence(Evidence::response_header(facts, "www-authenticate"))
            .evidence(Evidence::request_header(facts, "authorization"))
            .evidence(Evidence::status(facts)),
    );
}

/// the log-in behind the token is too weak or too old.
pub(super) fn step_up(facts: &Facts, found: &mut Findings) {
    let Some(answer) = facts.answer.as_ref().filter(|_| facts.is_refused() && is_call(facts)) else { return };
    let challenged = |code: &str| answer.bearer("error").is_some_and(|e| e.eq_ignore_ascii_case(code));
    let (own, claims) = (challenged("insufficient_user_authentication"), challenged("insufficient_claims"));
    if !own && !claims && !facts.says_error("insufficient_user_authentication") {
        return;
    }
    // The challenge is the protocol's own word; a body alone is somebody's text.
    let likelihood = if own { Likelihood::Certain } else { Likelihood::Likely };
    let wanted: Vec<String> = ["acr_values", "max_age"]
        .iter()
        .filter_map(|name| Some(format!("{name} {}", quoted(answer.bearer(name)?))))
        .collect();
    let mut finding = Finding::new("resource.step_up", likelihood)
        .evidence(Evidence::response_header(facts, "www-authenticate"))
        .evidence(Evidence::claim_of(facts, "acr"))
        .evidence(Evidence::claim_of(facts, "amr"))
        .evidence(Evidence::claim_of(facts, "auth_time"))
        .evidence(Evidence::status(facts));
    if !wanted.is_empty() {
        finding =
            finding.summary(format!("the API wants a stronger or fresher log-in: {}", wanted.join(", ")));
    }
    if claims {
        finding = finding
            .summary("the API wants a token with further claims (a claims challenge)")
            .cause("Entra ID evaluates access again (conditional access, continuous access evaluation): the log-in behind the token no longer meets a policy, or the session was revoked.")
            .fix("log in again and hand over what `claims` of the challenge holds (base64url) as the parameter `claims` of the authorization request, in `[extra.authorization]` of the profile");
    }
    // Only the age can be met by just logging in again.
    if answer.bearer("max_age").is_some() && answer.bearer("acr_values").is_none() {
        finding = finding.remedy(Remedy::Login);
    }
    found.add(finding);
}

/// the challenge points to the resource's metadata.
pub(super) fn metadata(facts: &Facts, found: &mut Findings) {
    let Some(answer) = facts.answer.as_ref().filter(|a| a.status == 401 && is_call(facts)) else { return };
    let named = answer.challenges.iter().any(|c| c.param("resource_metadata").is_some());
    if !named {
        return;
    }
    // Servers that have metadata name it in every 401: it is the reason only when nothing else is told.
    let silent =
        answer.bearer("error").is_none() && !facts.says_error("invalid_token") && says_nothing(answer);
    let only = silent && bearer(facts).is_some() && !explained(found) && accepted_before(facts).is_none();
    let likelihood = if only { Likelihood::Likely } else { Likelihood::Possible };
    found.add(
        Finding::new("resource.metadata", likelihood)
            .summary("the API names no error, only where it is written whose tokens it takes")
            .evidence(Evidence::response_header(facts, "www-authenticate"))
            .evidence(Evidence::claim_of(facts, "iss"))
            .evidence(Evidence::claim_of(facts, "aud"))
            .evidence(Evidence::status(facts)),
    );
}
