//! Carries out what a finding offers to make sure. Each sends at most what its text says: a token or secret goes only to the API
//! that was called and to the endpoints of its profile, and no redirect is followed with one.

mod api;
mod resource;
mod server;

use super::remedy::profile_of;
use super::send::token_plan;
use super::{Sent, Session, TokenPlan};
use crate::diagnose::Probe;
use crate::model::exchange::Exchange;
use crate::model::plan::Plan;
use crate::model::problem::Problem;
use crate::oauth::error::clean;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What a probe says of the trouble it was run for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is that.
    Confirmed,
    /// It is not that.
    RuledOut,
    /// It tells neither.
    Unclear,
}

impl Verdict {
    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::RuledOut => "ruled out",
            Self::Unclear => "unclear",
        }
    }
}

/// What came of a probe.
#[derive(Debug, Clone)]
pub struct ProbeOutcome {
    /// Which.
    pub probe: Probe,
    /// What it says.
    pub verdict: Verdict,
    /// What it found, in a sentence without full stop. Server words in it are cleaned, secrets masked.
    pub text: String,
    /// What was exchanged for it, in order.
    pub exchanges: Vec<Arc<Exchange>>,
    /// The request sent anew, where the probe does that.
    pub sent: Option<Box<Sent>>,
}

/// What a probe found, before its words are made safe.
struct Found {
    verdict: Verdict,
    text: String,
    exchanges: Vec<Arc<Exchange>>,
    sent: Option<Box<Sent>>,
}

impl Found {
    fn new(verdict: Verdict, text: impl Into<String>) -> Found {
        Found { verdict, text: text.into(), exchanges: Vec::new(), sent: None }
    }

    fn confirms(text: impl Into<String>) -> Found {
        Found::new(Verdict::Confirmed, text)
    }

    fn rules_out(text: impl Into<String>) -> Found {
        Found::new(Verdict::RuledOut, text)
    }

    fn unclear(text: impl Into<String>) -> Found {
        Found::new(Verdict::Unclear, text)
    }

    fn of_problem(problem: &Problem) -> Found {
        Found::unclear(format!("{}: {}", problem.what, problem.why))
    }

    fn with(mut self, exchanges: impl IntoIterator<Item = Arc<Exchange>>) -> Found {
        self.exchanges.extend(exchanges);
        self
    }

    fn outcome(self, session: &Session, probe: Probe) -> ProbeOutcome {
        let text = clean(&session.redactor().mask(&self.text));
        ProbeOutcome { probe, verdict: self.verdict, text, exchanges: self.exchanges, sent: self.sent }
    }
}

impl From<super::TokenFailure> for Found {
    fn from(failure: super::TokenFailure) -> Found {
        Found::of_problem(&failure.problem).with(failure.exchange)
    }
}

/// True when a probe would send a request again that may change something: a person must agree first.
pub fn needs_consent(probe: Probe, method: &str) -> bool {
    let safe = ["GET", "HEAD", "OPTIONS", "TRACE"].iter().any(|m| method.trim().eq_ignore_ascii_case(m));
    probe.repeats_request() && !safe
}

/// Runs a probe for a request that was sent. `consent`: a person agreed that an unsafe request is sent again. Whether a protected
/// environment may be asked at all is the caller's question.
pub async fn run(
    session: &Session,
    plan: &Plan,
    sent: &Sent,
    probe: Probe,
    consent: bool,
    cancel: &CancellationToken,
) -> ProbeOutcome {
    let method = plan.request.method.trim();
    let found = if needs_consent(probe, method) && !consent {
        Found::unclear(format!("{method} may change something, so it is not sent again unasked"))
    } else {
        match probe {
            Probe::RenewReplay => api::renew_replay(session, plan, sent, cancel).await,
            Probe::NoCredentials => api::no_credentials(session, plan, sent, cancel).await,
            Probe::Repeat => api::repeat(session, plan, sent, cancel).await,
            Probe::CaseTypes => api::case_types(session, plan, sent, cancel).await,
            Probe::ResourceMetadata => resource::resource_metadata(session, plan, sent, cancel).await,
            Probe::OtherEnvironment => resource::other_environment(session, plan, sent),
            Probe::Introspect => match (of_request(plan), &sent.token) {
                (Some(own), Some(token)) => server::introspect(session, &own, token, cancel).await,
                _ => by_hand(),
            },
            Probe::Keys => match (of_request(plan), resource::presented(sent)) {
                (Some(own), Some(token)) => server::keys(session, &own, &token, cancel).await,
                _ => by_hand(),
            },
            Probe::Metadata | Probe::OtherClientAuth => match of_request(plan) {
                Some(own) => at_server(session, &own, probe, cancel).await,
                None => by_hand(),
            },
        }
    };
    found.outcome(session, probe)
}

/// Runs a probe for a token that could not be had.
pub async fn run_for_token(
    session: &Session,
    plan: &TokenPlan,
    probe: Probe,
    cancel: &CancellationToken,
) -> ProbeOutcome {
    at_server(session, plan, probe, cancel).await.outcome(session, probe)
}

async fn at_server(session: &Session, plan: &TokenPlan, probe: Probe, cancel: &CancellationToken) -> Found {
    match probe {
        Probe::Metadata => server::metadata(session, plan, cancel).await,
        Probe::OtherClientAuth => server::other_client_auth(session, plan, cancel).await,
        _ => Found::unclear("there is no request to try this with: send one first"),
    }
}

fn of_request(plan: &Plan) -> Option<TokenPlan> {
    profile_of(plan).map(|profile| token_plan(plan, profile.clone()))
}

fn by_hand() -> Found {
    Found::unclear("the request has no OAuth profile, so it is not known who gave its token")
}
