//! 403: the caller is known and may not, or the call looks like one forged in a browser.

use super::signs::{accepted_before, history, is_call, is_recent, related, says_nothing, url_alone};
use crate::diagnose::body::BodyKind;
use crate::diagnose::evidence::Evidence;
use crate::diagnose::facts::{Answer, Facts, Past};
use crate::diagnose::finding::{Finding, Findings, Likelihood};

/// 403, and nothing that says why.
pub(super) fn forbidden(facts: &Facts, found: &mut Findings) {
    let Some(answer) = facts.answer.as_ref().filter(|a| a.status == 403 && is_call(facts)) else { return };
    // An error code in a challenge is another matter: scope, an invalid token, a step up.
    if answer.bearer("error").is_some() || facts.says_error("invalid_token") {
        return;
    }
    let known = facts.token.is_some() || facts.request.authorization.iter().any(|a| a.basic.is_some());
    let limited = ["x-ratelimit-remaining", "ratelimit-remaining"]
        .into_iter()
        .find(|name| answer.header(name).is_some_and(|v| v.trim() == "0"));
    let pause = limited.or_else(|| answer.header("retry-after").map(|_| "retry-after"));
    // A page, a limit, or no credentials at all fit other reasons as well.
    let quota =
        ["quota", "rate limit", "too many requests"].into_iter().find(|word| facts.words().contains(word));
    let counted = pause.is_some() || quota.is_some();
    let likely = known && !counted && !answer.is_html();
    let likelihood = if likely { Likelihood::Likely } else { Likelihood::Possible };
    let accepted = accepted_before(facts);
    let summary = match (accepted.is_some(), known) {
        (true, _) => "the token was accepted before; this call is not allowed with it",
        (_, true) => "the API knows the caller and does not allow this call",
        (_, false) => "the API does not allow this call, and it went out without credentials",
    };
    let mut finding = Finding::new("access.forbidden", likelihood)
        .summary(summary)
        .evidence(Evidence::status(facts))
        .evidence((answer.len > 0).then(|| Evidence::body(facts, quota.unwrap_or_default())))
        .evidence(pause.and_then(|name| Evidence::response_header(facts, name)))
        .evidence(Evidence::claim_of(facts, "sub"))
        .evidence(accepted.map(|past| history(facts, past)));
    if counted {
        finding = finding
            .cause("The answer also speaks of a limit on the number of calls: some APIs (GitHub) refuse with 403 when it is used up. If it is not, the caller may not do this.")
            .fix("wait until the limit is renewed and send again; if it is refused then too, ask the API's owner which permission the call needs");
    } else if !says_nothing(answer) {
        finding = finding.confirm("read what the API says in the body: a rule of its own refuses, and a new token changes nothing about it");
    }
    found.add(finding);
}

/// Words about forged requests. Pages carry CSRF fields of their own, so a page has to say a whole phrase.
const PHRASES: [&str; 12] = [
    "csrf verification failed",
    "csrf token missing",
    "csrf token mismatch",
    "csrf token validation failed",
    "csrf validation failed",
    "invalid csrf token",
    "provided csrf token",
    "csrf check failed",
    "xsrf check failed",
    "xsrf token missing",
    "missing csrf token",
    "no valid crumb was included",
];

/// What the answer says about forged requests, if anything.
fn phrase(answer: &Answer) -> Option<&'static str> {
    let phrase = PHRASES.into_iter().find(|phrase| answer.says(phrase));
    if phrase.is_some() || matches!(answer.kind, BodyKind::Html) {
        return phrase;
    }
    let text =
        format!("{}\n{}", answer.error.messages.join("\n"), answer.error.codes.join("\n")).to_lowercase();
    ["csrf", "xsrf"].into_iter().find(|word| text.contains(word))
}

/// a call that changes something lacks what a reading one does not need.
pub(super) fn csrf(facts: &Facts, found: &mut Findings) {
    let refused = |a: &&Answer| matches!(a.status, 400 | 401 | 403 | 419);
    let Some(answer) = facts.answer.as_ref().filter(refused).filter(|_| facts.is_api()) else { return };
    let wanted = ["x-csrf-token", "x-xsrf-token"]
        .into_iter()
        .find(|name| answer.header(name).is_some_and(|v| v.trim().eq_ignore_ascii_case("required")));
    if let Some(name) = wanted.filter(|_| !facts.request.is_safe()) {
        found.add(
            Finding::new("resource.csrf", Likelihood::Certain)
                .summary(format!("{} needs a CSRF token, says the server", facts.request.method))
                .evidence(Evidence::response_header(facts, name))
                .evidence(Evidence::status(facts)),
        );
    }
    if let Some(phrase) = phrase(answer).filter(|_| !facts.request.is_safe()) {
        found.add(
            Finding::new("resource.csrf", Likelihood::Likely)
                .summary(format!("{} was refused for want of a CSRF token", facts.request.method))
                .evidence(Evidence::body(facts, phrase))
                .evidence(Evidence::status(facts)),
        );
    }
    let bare = facts.is_refused() && answer.bearer("error").is_none() && says_nothing(answer);
    if facts.request.is_safe() || !bare || found.has("resource.csrf") {
        return;
    }
    let Some(read) = facts.history.iter().rev().find(|past| was_read(facts, past)) else { return };
    // A 401 in spite of a token that reads the same address: the token is not the trouble. A 403 may as well be a permission.
    let same = read.url.trim_end_matches('/') == url_alone(facts).trim_end_matches('/');
    let likely = answer.status == 401 && same;
    found.add(
        Finding::new("resource.csrf", if likely { Likelihood::Likely } else { Likelihood::Possible })
            .summary(format!("GET is accepted with the same token, {} is not", facts.request.method))
            .cause("The token is good for reading, so the call that changes something lacks something else: a CSRF token, a permission of its own, or a policy that treats the methods differently.")
            .evidence(history(facts, read))
            .evidence(Evidence::status(facts)),
    );
}

/// True for a reading call to the same part of the API that was accepted with this token.
fn was_read(facts: &Facts, past: &Past) -> bool {
    past.same_token == Some(true)
        && past.method == "GET"
        && (200..300).contains(&past.status)
        && is_recent(facts, past)
        && related(&past.url, url_alone(facts))
}
