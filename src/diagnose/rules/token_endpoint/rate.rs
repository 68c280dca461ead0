//! Too many requests (row T-27), whatever was asked.

use crate::diagnose::evidence::Evidence;
use crate::diagnose::facts::Facts;
use crate::diagnose::finding::{Finding, Findings, Likelihood};

/// Codes by which servers say it with a status that means something else.
const CODES: &[&str] = &[
    "rateLimitExceeded",
    "userRateLimitExceeded",
    "quotaExceeded",
    "dailyLimitExceeded",
    "RESOURCE_EXHAUSTED",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TooManyRequests",
    "too_many_requests",
    "rate_limited",
    "ratelimited",
];

/// Words by which they do.
const WORDS: &[&str] =
    &["rate limit", "too many requests", "rate exceeded", "request limit exceeded", "quota exceeded"];

/// What says that requests are counted.
fn sign(facts: &Facts) -> Option<Evidence> {
    let answer = facts.answer.as_ref()?;
    if answer.status == 429 {
        return Some(Evidence::status(facts));
    }
    if !matches!(answer.status, 400 | 401 | 403 | 503) {
        return None;
    }
    if let Some(code) = CODES.iter().find(|code| answer.error.has(code)) {
        return Some(Evidence::body(facts, code));
    }
    let words = answer.error.messages.join("\n").to_lowercase();
    if let Some(part) = WORDS.iter().find(|part| words.contains(*part)) {
        return Some(Evidence::body(facts, part));
    }
    // 403 with nothing left of the allowance.
    let left = ["x-ratelimit-remaining", "ratelimit-remaining"]
        .into_iter()
        .find(|h| answer.header(h) == Some("0"))?;
    matches!(answer.status, 403 | 503).then(|| Evidence::response_header(facts, left)).flatten()
}

/// True when the answer says that requests are counted.
pub(in crate::diagnose::rules) fn is_limited(facts: &Facts) -> bool {
    sign(facts).is_some()
}

/// T-27: 429, or its words.
pub(super) fn limited(facts: &Facts, found: &mut Findings) {
    let Some(sign) = sign(facts) else { return };
    let answer = facts.answer.as_ref();
    let likelihood = if facts.status() == Some(429) { Likelihood::Certain } else { Likelihood::Likely };
    let wait = answer
        .and_then(|a| a.header("retry-after"))
        .filter(|r| r.len() <= 8 && r.chars().all(|c| c.is_ascii_digit()));
    let finding = Finding::new("rate.limited", likelihood)
        .summary(match wait {
            Some(seconds) => format!("the server counts requests and wants a pause of {seconds} s"),
            None => "the server counts requests, and these were too many".to_owned(),
        })
        .evidence(sign)
        .evidence(Evidence::response_header(facts, "retry-after"));
    found.add(match wait {
        Some(seconds) => finding.fix(format!(
            "wait {seconds} s, then send again; keep the token instead of asking for a new one each time"
        )),
        None => finding,
    });
}
