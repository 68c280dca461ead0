//! What only earlier exchanges can tell: a resource that was there, a token that was accepted.

use super::signs::{child_of, explained, history, is_call, is_recent, related, says_nothing, url_alone};
use crate::diagnose::evidence::Evidence;
use crate::diagnose::facts::{Facts, Past};
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::diagnose::probe::Probe;
use serde_json::Value as Json;

/// How long ago `a moment ago` is at most, in seconds.
const MOMENT_S: i64 = 120;

/// 404 for what was there before.
pub(super) fn hidden(facts: &Facts, found: &mut Findings) {
    if facts.status() != Some(404)
        || !facts.is_api()
        || !matches!(facts.request.method.as_str(), "GET" | "HEAD")
    {
        return;
    }
    let here = url_alone(facts).trim_end_matches('/');
    let is_here = |past: &Past| past.url.trim_end_matches('/') == here;
    let removed = |past: &Past| past.method == "DELETE" && is_here(past) && is_good(past);
    // What was there before it was removed proves nothing any more.
    let first = facts.history.iter().rposition(removed).map_or(0, |at| at + 1);
    let alive = facts.history.get(first..).unwrap_or_default();
    let seen = |past: &&Past| {
        is_good(past) && matches!(past.method.as_str(), "GET" | "HEAD" | "PUT" | "PATCH") && is_here(past)
    };
    let told = |past: &&Past, method: &str| {
        past.method == method
            && is_good(past)
            && child_of(here, &past.url).is_some_and(|id| names(&past.body, &id))
    };
    let created = alive.iter().rev().find(|past| told(past, "POST"));
    let other = alive.iter().rev().find(|past| seen(past) && past.same_token == Some(false));
    let listed = alive.iter().rev().find(|past| told(past, "GET"));
    let before = alive.iter().rev().find(|past| seen(past));
    let (past, likelihood, summary) = match (created, other, before.or(listed)) {
        (Some(past), ..) => (past, Likelihood::Likely, "404 for something that was created just before"),
        (_, Some(past), _) => (past, Likelihood::Likely, "404 for something that another token could read"),
        (_, _, Some(past)) => (past, Likelihood::Possible, "404 for something that was there before"),
        _ => return,
    };
    let mut finding = Finding::new("access.hidden", likelihood)
        .summary(summary)
        .evidence(history(facts, past))
        .evidence(Evidence::status(facts))
        .evidence(Evidence::claim_of(facts, "sub"));
    if facts.request.is_pega() {
        finding = finding
            .cause("Pega answers 404 for a case that the operator may not see: its access group has no access role for the class (`Access of Role to Object`), an access policy hides it, or the URL leads into another application. A case that was removed looks the same.")
            .fix("look at the case in Dev Studio with the operator of the token; give the operator's access group the role for the case's class, or use the URL with the application's alias (`/prweb/app/<alias>/api/…`)");
    }
    found.add(finding);
}

fn seconds_ago(facts: &Facts, past: &Past) -> i64 {
    facts.clock.local.as_second() - past.at.as_second()
}

fn is_good(past: &Past) -> bool {
    (200..300).contains(&past.status)
}

/// True when the short body of an earlier answer holds this identifier as a value.
fn names(body: &str, id: &str) -> bool {
    fn holds(json: &Json, id: &str, depth: u8) -> bool {
        match json {
            Json::String(text) => text == id,
            Json::Number(number) => number.to_string() == id,
            Json::Array(list) if depth > 0 => list.iter().any(|item| holds(item, id, depth - 1)),
            Json::Object(map) if depth > 0 => map.values().any(|item| holds(item, id, depth - 1)),
            _ => false,
        }
    }
    serde_json::from_str(body).is_ok_and(|json| holds(&json, id, 6))
}

/// the same call with the same token is sometimes accepted and sometimes not.
pub(super) fn intermittent(facts: &Facts, found: &mut Findings) {
    let Some(answer) = facts.answer.as_ref().filter(|a| a.status == 401 && is_call(facts)) else { return };
    if facts.token.is_none() {
        return;
    }
    let recent: Vec<&Past> =
        facts.history.iter().filter(|past| past.same_token == Some(true) && is_recent(facts, past)).collect();
    let same = |past: &&&Past| past.same_call;
    let Some(accepted) = recent.iter().rposition(|past| past.same_call && is_good(past)) else {
        near(facts, found, &recent);
        return;
    };
    // Refused, accepted, refused again: no end of a lifetime explains that.
    let turned = recent.iter().take(accepted).find(|past| past.same_call && past.status == 401);
    // Accepted once and refused since may be the end of a lifetime that cannot be seen, unless it was a moment ago.
    let moment = recent.get(accepted).is_some_and(|past| seconds_ago(facts, past) <= MOMENT_S);
    let likelihood = match (turned.is_some() && !explained(found), turned.is_some() || moment) {
        (true, _) => Likelihood::Certain,
        (_, true) => Likelihood::Likely,
        _ => Likelihood::Possible,
    };
    let good = recent.iter().filter(same).filter(|past| is_good(past)).count();
    let bad = recent.iter().filter(same).filter(|past| past.status == 401).count() + 1;
    let node = ["x-served-by", "via", "x-backend-server", "x-amz-cf-id"]
        .into_iter()
        .find(|name| answer.header(name).is_some());
    found.add(
        Finding::new("resource.intermittent", likelihood)
            .summary(format!("the same call with the same token: accepted {good} times, refused {bad} times"))
            .evidence(turned.map(|past| history(facts, past)))
            .evidence(recent.get(accepted).map(|past| history(facts, past)))
            .evidence(Evidence::response_header(facts, "www-authenticate"))
            .evidence(node.and_then(|name| Evidence::response_header(facts, name)))
            .evidence(Evidence::status(facts)),
    );
}

/// The same token was accepted a moment ago at the address above or below this one.
fn near(facts: &Facts, found: &mut Findings, recent: &[&Past]) {
    let Some(answer) = &facts.answer else { return };
    let fits = |past: &&&Past| {
        is_good(past) && related(&past.url, url_alone(facts)) && seconds_ago(facts, past) <= MOMENT_S
    };
    let Some(past) = recent.iter().rev().find(fits) else { return };
    // Without a word against the token the difference may be the call's, not the node's.
    let invalid = facts.says_error("invalid_token");
    if !(invalid || facts.request.is_safe() && says_nothing(answer)) {
        return;
    }
    let likelihood =
        if invalid && !explained_but_for_keys(found) { Likelihood::Likely } else { Likelihood::Possible };
    found.add(
        Finding::new("resource.intermittent", likelihood)
            .summary("this token was accepted at the same place a moment ago")
            .evidence(history(facts, past))
            .evidence(Evidence::response_header(facts, "www-authenticate"))
            .evidence(Evidence::status(facts))
            .probe(Probe::Repeat),
    );
}

/// True when the token's end or its withdrawal explains why it was accepted before and is not now.
fn explained_but_for_keys(found: &Findings) -> bool {
    ["token.expired", "token.revoked", "clock.skew"].iter().any(|code| found.has(code))
}
