//! Why a request was refused: facts in, findings out. Pure; sends nothing, reads no clock and no file.
//!
//! [`Facts`] is everything that may be looked at, gathered once per exchange by [`Facts::of`]. Each rule is one function over the
//! facts, one row of the method's table, and adds [`Finding`]s; [`diagnose`] runs them layer by layer and ranks what they found.
//! The method: work outwards in (network, front door, token endpoint, header, token, resource server), claim nothing beyond the
//! layer that failed, and call certain only what the evidence alone proves. Local reading of a token may prove it invalid, never valid.

mod body;
mod clock;
mod codes;
mod context;
mod dialect;
mod evidence;
mod facts;
mod finding;
mod gather;
mod passed;
mod probe;
mod rank;
mod recording;
mod rules;
mod secret_names;

pub use body::{BodyKind, ErrorBody};
pub use clock::Clock;
pub use codes::{CodeInfo, all_codes, code};
pub use context::{Context, Environment, Issued, Known, KnownKind, Past, Profile};
pub use evidence::{Evidence, Place};
pub use facts::{Answer, Authorization, Carried, Facts, Presented, Purpose, Request};
pub use finding::{Finding, Findings, Layer, Likelihood};
pub use passed::Passed;
pub use probe::{Probe, Remedy};
pub use recording::{Recorded, Recording};

/// What came of looking at one exchange. Texts quote servers and are untrusted; secrets are masked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Diagnosis {
    /// Status of the answer; `None` when none came.
    pub status: Option<u16>,
    /// Best first. Empty: nothing speaks of trouble.
    pub findings: Vec<Finding>,
    /// What was looked at and is fine. Empty where nothing was refused.
    pub passed: Vec<Passed>,
    /// What could not be looked at, in words: `the recording holds no request headers`.
    pub missing: Vec<String>,
}

impl Diagnosis {
    /// The first finding.
    pub fn first(&self) -> Option<&Finding> {
        self.findings.first()
    }
}

/// Runs every rule over the facts.
pub fn diagnose(facts: &Facts) -> Diagnosis {
    let mut found = Findings::default();
    for rule in rules::all() {
        (rule.look)(facts, &mut found);
    }
    let findings = rank::settle(facts, found);
    let passed = if findings.is_empty() { Vec::new() } else { passed::passed(facts, &findings) };
    Diagnosis { status: facts.status(), findings, passed, missing: facts.missing.clone() }
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
