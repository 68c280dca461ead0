//! When the token begins and ends (J-01, J-03, J-16; R-16 for opaque tokens).

use super::said::{Said, Words, quote};
use super::{length, refused, refused_and_readable, shifted, sure, to_the_second, was_renewed};
use crate::diagnose::evidence::{Evidence, Place};
use crate::diagnose::facts::Facts;
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::diagnose::probe::{Probe, Remedy};
use crate::jwt;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

/// Servers forgive about this much, in seconds: within it a token that is over may still have been refused for something else.
const LEEWAY: i64 = 60;

/// The server's time, and in whose words: the API's `Date`, else the token endpoint's, else ours.
fn now(facts: &Facts) -> (Timestamp, bool, &'static str) {
    match (facts.clock.offset_ms, facts.issued.as_ref().and_then(|i| i.offset_ms)) {
        (None, Some(ms)) => (shifted(facts.clock.local, ms), false, "by the token endpoint's clock"),
        _ => (facts.clock.server_now(), facts.clock.is_known(), facts.clock.words()),
    }
}

/// J-16: times that are no seconds.
pub(super) fn format(facts: &Facts, found: &mut Findings) {
    let Some(token) = refused_and_readable(facts) else { return };
    let Some(claims) = &token.decoded.claims else { return };
    let wrong = |name: &&str| {
        claims.get(*name).is_some_and(|value| match value {
            Json::Number(n) => n.as_f64().is_some_and(|n| n.abs() >= 1e11),
            Json::Null => false,
            _ => true,
        })
    };
    let names: Vec<&str> = ["exp", "nbf", "iat"].into_iter().filter(wrong).collect();
    let words = Words::of(facts);
    let said = words.says(Said::TimeFormat);
    let Some(first) = names.first().copied() else { return };
    let milliseconds = claims.get(first).is_some_and(Json::is_number);
    let what = if milliseconds { "in milliseconds" } else { "no number" };
    // The server may read them as dates in tens of thousands of years, and have refused for another reason.
    let likelihood = if said.is_some() { sure(facts, found) } else { Likelihood::Likely };
    found.add(
        Finding::new("token.time_format", likelihood)
            .summary(format!(
                "the token's times are {what} (`{}`); they are counted in seconds",
                names.join("`, `")
            ))
            .evidence(names.iter().filter_map(|name| Evidence::claim_of(facts, name)))
            .evidence(said.and_then(|needle| quote(facts, needle)))
            .evidence(Evidence::status(facts))
            .weight(if said.is_some() { 10 } else { 0 }),
    );
}

/// J-01: over by its `exp`, by the server's word, or by what was granted.
pub(super) fn expired(facts: &Facts, found: &mut Findings) {
    let Some(token) = refused(facts).filter(|_| !found.has("clock.skew")) else { return };
    if facts.says_error("insufficient_scope") {
        return;
    }
    let none = Map::new();
    let claims = token.decoded.claims.as_ref().filter(|_| !token.masked).unwrap_or(&none);
    let (now, known, by) = now(facts);
    let words = Words::of(facts);
    let said = words.says(Said::Expired);
    let exp = jwt::time_of(claims, "exp");
    let ends = facts.issued.as_ref().and_then(|i| i.ends);
    let finding = match exp {
        Some(exp) if exp <= now => {
            let over = now.as_second() - exp.as_second();
            let proven = said.is_some() || over > LEEWAY;
            let likelihood = if known && proven { sure(facts, found) } else { Likelihood::Likely };
            let when = jwt::relative(exp, now);
            let dead = dead_when_issued(facts, claims, exp);
            let summary = match &dead {
                Some(_) => format!("the token had expired already when it was issued ({when}, {by})"),
                None => format!("the token expired {when}, {by}"),
            };
            let mut finding = Finding::new("token.expired", likelihood)
                .summary(summary)
                .evidence(Evidence::claim("exp", format!("{exp}, {when}")))
                .evidence(dead.clone())
                .evidence(Evidence::response_header(facts, "date").filter(|_| known));
            if dead.is_some() {
                finding.probes.retain(|p| *p != Probe::RenewReplay);
                finding = finding
                    .closed()
                    .cause("The authorization server gave out a token whose end lies in the past: its clock, or the lifetime it is set to, is wrong. A new token will be no better.")
                    .fix("have the issuer's administrator check its clock and the lifetime of its access tokens");
            }
            finding
        }
        // The server says so and `exp` says otherwise: an idle session, or a node whose clock is off.
        Some(exp) if said.is_some() => Finding::new("token.expired", Likelihood::Likely)
            .summary(format!("the server says that the token expired, though its `exp` lies ahead ({})", jwt::relative(exp, now)))
            .cause("The server counts a session of its own (idle time-out, log-out), or the clock of the node that answered is ahead.")
            .evidence(Evidence::claim("exp", format!("{exp}, {}", jwt::relative(exp, now))))
            .evidence(Evidence::response_header(facts, "date")),
        Some(_) => return,
        None if said.is_some() => Finding::new("token.expired", sure(facts, found))
            .summary("the server says that the token has expired"),
        None => {
            // By what the token endpoint granted; both by this machine's clock, so that it does not matter whether it is right.
            let Some(ends) = ends.filter(|e| *e <= facts.clock.local && !words.says_other_than(Said::Expired)) else {
                return;
            };
            let when = jwt::relative(ends, facts.clock.local);
            let at = facts.issued.as_ref().and_then(|i| i.at);
            let life = at.map_or_else(String::new, |at| format!("its {} ", length(ends.as_second() - at.as_second())));
            let over = if life.is_empty() { "the lifetime granted".to_owned() } else { life.trim_end().to_owned() };
            Finding::new("token.expired", Likelihood::Likely)
                .summary(format!("the token's time is over: {over} ended {when}"))
                .evidence(Evidence::at(Place::Profile, format!("expires_in of the token endpoint: until {}, {when}", to_the_second(ends))))
        }
    };
    let finding = finding
        .evidence(said.and_then(|needle| quote(facts, needle)))
        .evidence(Evidence::status(facts))
        .weight(if said.is_some() { 10 } else { 0 });
    found.add(with_remedy(facts, finding));
}

/// Evidence that the token was dead on arrival: asked for in this call, or by its own times.
fn dead_when_issued(facts: &Facts, claims: &Map<String, Json>, exp: Timestamp) -> Option<Evidence> {
    if let Some(iat) = jwt::time_of(claims, "iat").filter(|iat| *iat >= exp) {
        return Some(Evidence::claim("iat", format!("{iat}, not before `exp`")));
    }
    let issued = facts.issued.as_ref()?;
    let ours = issued.at.or_else(|| issued.fresh.then_some(facts.clock.local))?;
    let offset = issued.offset_ms.or(facts.clock.offset_ms)?;
    let at = shifted(ours, offset);
    // A token that came seconds before its end is another matter.
    (exp.as_second() + 2 < at.as_second()).then(|| {
        Evidence::at(
            Place::Profile,
            format!("issued {} by the token endpoint's clock, after `exp`", to_the_second(at)),
        )
    })
}

/// A new token mends it, unless that was tried in this very call.
pub(super) fn with_remedy(facts: &Facts, mut finding: Finding) -> Finding {
    if finding.closed {
        return finding;
    }
    if !was_renewed(facts) {
        return finding.remedy(Remedy::RenewReplay);
    }
    finding.probes.retain(|p| *p != Probe::RenewReplay);
    let before =
        Evidence::at(Place::History, "a new token was got after a 401 in this call, and refused too");
    let cause = format!("{} A new token was got and refused too.", finding.cause);
    let fix = "a new token does not help: compare what the API expects (clock, issuer, audience) with what this one says, or ask the API's owner";
    finding.evidence(before).cause(cause).fix(fix).closed()
}

/// J-03: not begun.
pub(super) fn not_yet_valid(facts: &Facts, found: &mut Findings) {
    let Some(token) = refused(facts).filter(|_| !found.has("clock.skew")) else { return };
    let none = Map::new();
    let claims = token.decoded.claims.as_ref().filter(|_| !token.masked).unwrap_or(&none);
    let (now, known, by) = now(facts);
    let words = Words::of(facts);
    let said = words.says(Said::NotYet).or(words.says(Said::Future));
    let nbf = jwt::time_of(claims, "nbf");
    let (likelihood, summary) = match nbf {
        Some(nbf) if nbf > now => {
            let early = nbf.as_second() - now.as_second();
            let proven = said.is_some() || early > LEEWAY;
            let likelihood = if known && proven { sure(facts, found) } else { Likelihood::Likely };
            (likelihood, format!("the token is valid only {} (`nbf`), {by}", jwt::relative(nbf, now)))
        }
        _ if words.says(Said::Future).is_some() => {
            (Likelihood::Likely, "the server says that the token was issued in the future".to_owned())
        }
        None if said.is_some() => {
            (sure(facts, found), "the server says that the token is not valid yet".to_owned())
        }
        Some(nbf) if said.is_some() => (
            Likelihood::Likely,
            format!(
                "the server says that the token is not valid yet, though it began {}",
                jwt::relative(nbf, now)
            ),
        ),
        _ => return,
    };
    // A future `iat` without `nbf` is about clocks, not about the token.
    let code = if words.says(Said::Future).is_some() && nbf.is_none_or(|nbf| nbf <= now) {
        "clock.skew"
    } else {
        "token.not_yet_valid"
    };
    found.add(
        Finding::new(code, likelihood)
            .summary(summary)
            .evidence(nbf.map(|nbf| Evidence::claim("nbf", format!("{nbf}, {}", jwt::relative(nbf, now)))))
            .evidence(jwt::time_of(claims, "iat").map(|iat| Evidence::claim("iat", iat.to_string())))
            .evidence(Evidence::response_header(facts, "date").filter(|_| known))
            .evidence(said.and_then(|needle| quote(facts, needle)))
            .evidence(Evidence::status(facts))
            .weight(if said.is_some() { 10 } else { 0 }),
    );
}
