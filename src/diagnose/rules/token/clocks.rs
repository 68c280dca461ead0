//! Clocks that differ: then a token looks expired or not begun that is neither (J-02).

use super::said::{Said, Words, quote};
use super::{explained, length, refused_and_readable, shifted};
use crate::diagnose::evidence::{Evidence, Place};
use crate::diagnose::facts::Facts;
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::diagnose::rules::header::at_most;
use crate::jwt;
use jiff::Timestamp;

/// A difference worth a word, in seconds.
const WORTH: i64 = 60;
/// What common validators forgive at most, in seconds.
const FORGIVEN: i64 = 300;

const FIX: &str = "set the clock of the server that is off (NTP); until then ask its administrator for a leeway that covers the difference";

fn clock(text: String) -> Evidence {
    Evidence::at(Place::Clock, text)
}

/// The API's clock and that of the token endpoint differ, and the token falls in between.
pub(super) fn apart(facts: &Facts, found: &mut Findings) {
    let Some(token) = refused_and_readable(facts) else { return };
    let Some(api) = facts.clock.offset_ms else { return };
    let none = serde_json::Map::new();
    let claims = token.decoded.claims.as_ref().unwrap_or(&none);
    let at = |name| jwt::time_of(claims, name);
    let now = facts.clock.server_now();
    let local = facts.clock.local;
    let words = Words::of(facts);
    let issued = facts.issued.as_ref();
    let finding = match issued.and_then(|i| i.offset_ms) {
        Some(issuer) => {
            let gap = api.saturating_sub(issuer) / 1000;
            let issuer_now = shifted(local, issuer);
            let ends = at("exp").or_else(|| Some(shifted(issued?.ends?, issuer)));
            let begins = at("nbf").max(at("iat"));
            if gap > WORTH && ends.is_some_and(|e| e <= now && e > issuer_now) {
                let sure = gap > FORGIVEN || words.says(Said::Expired).is_some();
                Some((sure, ahead(gap), "exp"))
            } else if gap < -WORTH && begins.is_some_and(|b| b > now && b <= shifted(issuer_now, 5_000)) {
                // Not every API looks at `iat`; every one looks at `nbf`.
                let told = words.says(Said::Future).or(words.says(Said::NotYet)).is_some();
                let sure = told || gap < -FORGIVEN && at("nbf").is_some_and(|nbf| nbf > now);
                Some((sure, behind(gap), "iat"))
            } else {
                None
            }
        }
        None => alone(facts, &words, (at("iat"), at("nbf"), at("exp")), now),
    };
    let Some((sure, summary, claim)) = finding else { return };
    let likelihood = if sure { Likelihood::Certain } else { Likelihood::Likely };
    let told = [Said::Expired, Said::Future, Said::NotYet].into_iter().find_map(|s| words.says(s));
    let stamp = at(claim)
        .map(|t| Evidence::claim(claim, format!("{t}, {} by the API's clock", jwt::relative(t, now))));
    let offset = issued
        .and_then(|i| i.offset_ms)
        .map(|ms| clock(format!("token endpoint's clock: {}", versus_ours(ms))));
    found.add(
        Finding::new("clock.skew", at_most(found, likelihood))
            .summary(summary)
            .evidence(Evidence::response_header(facts, "date"))
            .evidence(clock(format!("API's clock: {}", versus_ours(api))))
            .evidence(offset)
            .evidence(stamp)
            .evidence(told.and_then(|needle| quote(facts, needle)))
            .fix(FIX)
            .weight(20),
    );
}

/// Without the token endpoint's clock: a token issued after the API's "now", or asked for a moment ago and expired already.
fn alone(
    facts: &Facts,
    words: &Words,
    (iat, nbf, exp): (Option<Timestamp>, Option<Timestamp>, Option<Timestamp>),
    now: Timestamp,
) -> Option<(bool, String, &'static str)> {
    let gap = iat.map_or(0, |iat| now.as_second() - iat.as_second());
    if gap < -WORTH {
        let told = words.says(Said::Future).is_some();
        let begins_later = nbf.is_some_and(|nbf| nbf > now);
        // An API that agrees with this machine is not the one that is off: the token's own beginning is the reason.
        if begins_later && !facts.clock.differs() {
            return None;
        }
        let on_time =
            iat.zip(nbf).is_some_and(|(iat, nbf)| nbf > now && nbf.as_second() <= iat.as_second() + WORTH);
        return Some((told || on_time && gap < -FORGIVEN, behind(gap), "iat"));
    }
    let issued = facts.issued.as_ref().filter(|i| i.fresh)?;
    let valid_when_issued = exp.zip(issued.at).is_some_and(|(exp, at)| exp <= now && exp > at);
    let gap = facts.clock.offset_ms.unwrap_or(0) / 1000;
    (valid_when_issued && gap > WORTH).then(|| (false, ahead(gap), "exp"))
}

fn ahead(gap: i64) -> String {
    format!("the API's clock is {} ahead of the token endpoint's, so a new token looks expired", length(gap))
}

fn behind(gap: i64) -> String {
    format!(
        "the API's clock is {} behind the token's issuer: the token looks issued in the future",
        length(gap)
    )
}

fn versus_ours(ms: i64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0 => "the same as this machine's".to_owned(),
        s if s > 0 => format!("{} ahead of this machine's", length(s)),
        s => format!("{} behind this machine's", length(s)),
    }
}

/// This machine's clock is off: tokens look expired here that are not, and whatever is signed here is dated wrongly.
pub(super) fn ours(facts: &Facts, found: &mut Findings) {
    let Some(token) = refused_and_readable(facts).filter(|_| facts.clock.is_wrong()) else { return };
    if found.has("clock.skew") {
        return;
    }
    let offset = facts.clock.offset_ms.unwrap_or(0);
    let proof = token.scheme.eq_ignore_ascii_case("dpop");
    let exp = token.decoded.claims.as_ref().and_then(|c| jwt::time_of(c, "exp"));
    let only_here = exp.is_some_and(|e| e <= facts.clock.local && e > facts.clock.server_now());
    if explained(found) || !proof && !only_here {
        return;
    }
    // What we sign ourselves bears our time.
    let likelihood = if proof { Likelihood::Likely } else { Likelihood::Possible };
    let way = if offset > 0 { "behind" } else { "ahead of" };
    let cause = if proof {
        "A DPoP proof carries the time of this machine, and the server takes none that lies far from its own."
    } else {
        "By this machine's clock the token has expired, by the server's it has not: what is decided here by the time is decided wrongly."
    };
    found.add(
        Finding::new("clock.skew", at_most(found, likelihood))
            .summary(format!("this machine's clock is {} {way} the server's", length(offset / 1000)))
            .cause(cause)
            .fix("set this machine's clock (NTP)")
            .evidence(Evidence::response_header(facts, "date"))
            .evidence(clock(format!("server's clock: {}", versus_ours(offset))))
            .evidence(exp.map(|e| Evidence::claim("exp", e.to_string()))),
    );
}
