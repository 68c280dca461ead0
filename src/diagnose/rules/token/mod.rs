//! What the token itself says (rows J). Local reading may prove it invalid, never valid.
//!
//! Certain is only what stands in the token and is contradicted by the server's own `Date` or keys, and what the server says in so
//! many words. Where the token has been taken elsewhere on the same host (J-18), nothing here is blamed on it by its looks.

mod binding;
mod clocks;
mod codes;
mod keys;
mod origin;
mod said;
mod scope;
mod stage;
mod state;
mod times;

#[cfg(test)]
mod origin_tests;
#[cfg(test)]
mod sandbox_tests;
#[cfg(test)]
mod state_tests;
#[cfg(test)]
mod times_tests;

use super::Rule;
use super::header::{at_most, is_call};
use crate::diagnose::facts::{Facts, Presented};
use crate::diagnose::finding::{Findings, Layer, Likelihood};
use jiff::{SignedDuration, Timestamp};

pub(in crate::diagnose) use codes::CODES;
pub(in crate::diagnose) use origin::verdict;
pub(in crate::diagnose) use said::is_one_of_several;
pub(in crate::diagnose) use scope::{asked, granted};

/// The rules of this layer. The clocks come first: what they explain is not the token's fault.
pub(super) static RULES: &[Rule] = &[
    Rule { row: "J-02", look: clocks::apart },
    Rule { row: "J-16", look: times::format },
    Rule { row: "J-01", look: times::expired },
    Rule { row: "J-03", look: times::not_yet_valid },
    Rule { row: "J-11", look: keys::algorithm },
    Rule { row: "J-09", look: keys::unknown },
    Rule { row: "J-10", look: keys::signature },
    Rule { row: "J-04", look: origin::issuer },
    Rule { row: "J-05", look: origin::audience },
    Rule { row: "J-08", look: scope::missing },
    Rule { row: "J-13", look: binding::dpop },
    Rule { row: "J-14", look: binding::certificate },
    Rule { row: "J-17", look: state::revoked },
    Rule { row: "J-06", look: origin::client },
    Rule { row: "J-07", look: origin::subject },
    Rule { row: "J-15", look: state::opaque },
    Rule { row: "J-02", look: clocks::ours },
];

/// The token of a call that was refused for it: 401, or 400 and 403 that speak of a token.
fn refused(facts: &Facts) -> Option<&Presented> {
    let token = facts.token.as_ref().filter(|_| is_call(facts))?;
    let blamed = match facts.status()? {
        401 => true,
        400 | 403 => {
            facts.says_error("invalid_token")
                || facts.answer.as_ref().is_some_and(|a| a.challenge("Bearer").is_some())
                || !said::Words::of(facts).is_empty()
        }
        _ => false,
    };
    blamed.then_some(token)
}

/// The same where the token's text may be looked at.
fn refused_and_readable(facts: &Facts) -> Option<&Presented> {
    refused(facts).filter(|t| !t.masked)
}

/// True when something at least likely explains the refusal already.
fn explained(found: &Findings) -> bool {
    let layers = [Layer::Network, Layer::FrontDoor, Layer::TokenEndpoint, Layer::Header, Layer::Token];
    layers.iter().any(|layer| found.has_layer(*layer, Likelihood::Likely))
}

/// True when the server took this very token before: no reason that lies in the token's looks holds (J-18).
fn was_accepted(facts: &Facts) -> bool {
    facts.history.iter().any(|p| p.same_token == Some(true) && (200..300).contains(&p.status))
}

/// True when this send got a new token already, because the one before was refused.
fn was_renewed(facts: &Facts) -> bool {
    facts.history.iter().any(|p| p.retry && p.status == 401)
}

/// True when the server asks for Basic and nothing else: a token's content is not what it looks at.
fn wants_basic_only(facts: &Facts) -> bool {
    facts.answer.as_ref().is_some_and(|a| {
        !a.challenges.is_empty() && !a.challenges.iter().any(|c| c.is("Bearer") || c.is("DPoP"))
    })
}

/// How sure a contradiction between the token and the server is.
fn sure(facts: &Facts, found: &Findings) -> Likelihood {
    let likelihood = if wants_basic_only(facts) || facts.status() == Some(403) {
        Likelihood::Likely
    } else {
        Likelihood::Certain
    };
    at_most(found, likelihood)
}

/// The time by a clock that is so far from ours.
fn shifted(at: Timestamp, offset_ms: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_millis(offset_ms)).unwrap_or(at)
}

/// A time without fractions: nobody compares tokens by the nanosecond.
fn to_the_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// `2 h 3 min`: a length of time without a direction.
fn length(seconds: i64) -> String {
    let now = Timestamp::UNIX_EPOCH;
    let then = now.checked_add(SignedDuration::from_secs(seconds.saturating_abs())).unwrap_or(now);
    crate::jwt::relative(then, now).trim_start_matches("in ").to_owned()
}
