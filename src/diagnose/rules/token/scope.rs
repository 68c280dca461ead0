//! What the token may be used for, and what the call needs (J-08, R-03).

use super::was_renewed;
use crate::diagnose::evidence::Evidence;
use crate::diagnose::facts::Facts;
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::diagnose::probe::Remedy;
use crate::diagnose::rules::header::{at_most, is_call};
use serde_json::{Map, Value as Json};

/// Words of servers that mean a scope and nothing else.
const WORDS: [&str; 9] = [
    "insufficient_scope",
    "insufficient scope",
    "insufficient authentication scopes",
    "access_token_scope_insufficient",
    "missing scope permissions on the request",
    "not have the required scope",
    "missing_scope",
    "does not contain scopes",
    "scope does not match",
];

/// Names in `scope` (RFC 9068 section 2.2.3), `scp` (text or list), `roles`, `permissions`.
pub(in crate::diagnose) fn granted(claims: &Map<String, Json>) -> Vec<String> {
    let mut names = Vec::new();
    for claim in ["scope", "scp", "roles", "permissions"] {
        match claims.get(claim) {
            Some(Json::String(text)) => names.extend(text.split_ascii_whitespace().map(str::to_owned)),
            Some(Json::Array(items)) => {
                names.extend(items.iter().filter_map(Json::as_str).map(str::to_owned))
            }
            _ => {}
        }
    }
    names
}

/// What the server asks for: in the challenge, in the body (GitLab), in a header of its own (GitHub).
pub(in crate::diagnose) fn asked(facts: &Facts) -> Vec<String> {
    let Some(answer) = &facts.answer else { return Vec::new() };
    let list = answer
        .bearer("scope")
        .or_else(|| answer.json.as_ref().and_then(|json| json.get("scope")?.as_str()))
        .unwrap_or_default();
    list.split([' ', ',']).filter(|s| !s.is_empty() && s.len() <= 200).take(30).map(str::to_owned).collect()
}

/// J-08: the scope does not suffice.
pub(super) fn missing(facts: &Facts, found: &mut Findings) {
    if !is_call(facts) || !facts.is_refused() {
        return;
    }
    let Some(answer) = &facts.answer else { return };
    let words = facts.words();
    let needle = WORDS.iter().find(|w| words.contains(**w)).copied();
    let code = facts.says_error("insufficient_scope") || facts.says_error("ACCESS_TOKEN_SCOPE_INSUFFICIENT");
    if !code && needle.is_none() {
        return github(facts, found);
    }
    let readable = facts.token.as_ref().filter(|t| !t.masked).and_then(|t| t.decoded.claims.as_ref());
    let mut has = readable.map(granted).unwrap_or_default();
    if has.is_empty() {
        let said = facts.issued.as_ref().and_then(|i| i.scope.as_deref()).unwrap_or_default();
        has = said.split_ascii_whitespace().map(str::to_owned).collect();
    }
    let asked = asked(facts);
    let lacking: Vec<String> = asked.iter().filter(|s| !has.contains(s)).cloned().collect();
    let summary = match (asked.is_empty(), lacking.is_empty()) {
        (true, _) => "the server says that the token's scope does not suffice".to_owned(),
        (_, false) => format!("the token lacks the scope `{}`", shorten(&lacking.join(" "))),
        (_, true) => "the server asks for a scope that the token has already".to_owned(),
    };
    let mut finding = Finding::new("token.scope", at_most(found, Likelihood::Certain))
        .summary(summary)
        .evidence(Evidence::response_header(facts, "www-authenticate"))
        .evidence(["scope", "scp", "roles", "permissions"].iter().filter_map(|n| {
            readable?;
            Evidence::claim_of(facts, n)
        }))
        .evidence(Evidence::status(facts))
        .weight(10);
    if answer.bearer("error").is_none() {
        finding = finding.evidence(Evidence::body(facts, needle.unwrap_or("scope")));
    }
    let wanted = facts.profile.as_ref().map(|p| p.scopes.as_slice()).unwrap_or_default();
    let new: Vec<String> = lacking.iter().filter(|s| !wanted.contains(s)).cloned().collect();
    if !new.is_empty() {
        finding = finding.remedy(Remedy::AddScope(new));
    } else if !lacking.is_empty() {
        finding = finding
            .cause("The scope was asked for and not granted: the authorization server gives it to this client or user only once it is allowed there.")
            .fix(format!("have `{}` allowed for this client at the authorization server, then get a new token", shorten(&lacking.join(" "))));
    }
    if lacking.is_empty() && was_renewed(facts) {
        finding =
            finding.fix("a new token does not help: ask the API's owner which scope or role the call needs");
    }
    found.add(finding);
}

/// GitHub names what a call accepts and what the token has, in headers of their own.
fn github(facts: &Facts, found: &mut Findings) {
    let Some(answer) = facts.answer.as_ref().filter(|a| a.status == 403) else { return };
    let (Some(accepted), Some(has)) =
        (answer.header("x-accepted-oauth-scopes"), answer.header("x-oauth-scopes"))
    else {
        return;
    };
    let split = |text: &str| {
        text.split(',').map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()).collect::<Vec<_>>()
    };
    let (accepted, has) = (split(accepted), split(has));
    // One of those accepted suffices.
    if accepted.is_empty() || accepted.iter().any(|s| has.contains(s)) {
        return;
    }
    found.add(
        Finding::new("token.scope", Likelihood::Likely)
            .summary(format!("the call needs one of the scopes `{}`", shorten(&accepted.join(" "))))
            .evidence(Evidence::response_header(facts, "x-accepted-oauth-scopes"))
            .evidence(Evidence::response_header(facts, "x-oauth-scopes"))
            .evidence(Evidence::status(facts))
            .remedy(Remedy::AddScope(accepted.into_iter().take(1).collect())),
    );
}

fn shorten(text: &str) -> String {
    let cut: String = text.chars().take(50).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}
