//! `hallpass diagnose`: why a request was refused. Sends the one request that was named, or nothing at all.

mod explain;
mod history;
mod probes;
mod recording;
mod words;

use super::args::DiagnoseArgs;
use super::context::Context;
use super::send::{self, One};
use super::{Failed, Outcome, guess};
use crate::content::visible::visible;
use crate::diagnose::Diagnosis;
use crate::flow::probe::ProbeOutcome;
use crate::model::exchange::Exchange;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::redact::Redactor;
use crate::report::{self, Masking};
use serde_json::{Value as Json, json};

/// `diagnose …`.
pub fn diagnose(context: &Context, args: &DiagnoseArgs) -> Outcome {
    if let Some(code) = &args.explain {
        return explain::explain(context, code);
    }
    if let Some(file) = &args.har {
        return recording::explain(context, args, file);
    }
    if let Some(id) = &args.history {
        return history::explain(context, args, id);
    }
    send_and_explain(context, args)
}

/// The one request is sent, as `send` sends it, and what came of it explained.
fn send_and_explain(context: &Context, args: &DiagnoseArgs) -> Outcome {
    let one = One {
        request: args.request.as_deref(),
        curl: args.curl.as_deref(),
        env: args.env.as_deref(),
        set: &args.set,
    };
    let (plan, environment) = send::planned(context, &one)?;
    let session = context.session(environment.as_ref())?;
    context.confirm_protected(environment.as_ref(), args.yes)?;
    let sent = send::transmit(context, &session, &plan)?;
    send::remember(context, args.no_history, &plan, &sent, session.redactor());
    let redactor = session.redactor();
    let exchange = sent.exchange.as_deref().or(sent.token_exchange.as_deref());
    let mut case = Case { exchange, diagnosis: &sent.diagnosis, redactor, entries: None, probed: Vec::new() };
    if sent.diagnosis.findings.is_empty()
        && let Some(problem) = sent.problem.clone()
    {
        // What failed before anything could be looked at speaks for itself.
        let exit = sent.exit_code();
        return Err(
            Failed::with_shape(guess::elsewhere(context, problem), case.json(masking(context))).exit(exit)
        );
    }
    if args.probe {
        case.probed = probes::run(context, &session, &plan, &sent, args.yes)?;
    }
    case.answer(context, args.markdown)
}

fn masking(context: &Context) -> Masking {
    if context.globals.with_secrets { Masking::Clear } else { Masking::Masked }
}

/// One exchange and what was found of it.
struct Case<'a> {
    exchange: Option<&'a Exchange>,
    diagnosis: &'a Diagnosis,
    redactor: &'a Redactor,
    /// Which entries of a recording it is.
    entries: Option<&'a [usize]>,
    /// What came of `--probe`.
    probed: Vec<ProbeOutcome>,
}

impl Case<'_> {
    /// The shape of the contract.
    fn json(&self, masking: Masking) -> Json {
        let mut out = report::diagnosis(self.diagnosis, self.redactor, masking);
        let (method, url) = self.call(masking);
        out["request"] = json!({ "method": method, "url": url });
        if !self.probed.is_empty() {
            out["probed"] = probes::shape(&self.probed);
        }
        if let Some(entries) = self.entries {
            out["entry"] = json!(entries.last());
            out["entries"] = json!(entries);
        }
        out
    }

    /// Method and URL, as they may be shown.
    fn call(&self, masking: Masking) -> (Option<String>, Option<String>) {
        let request = self.exchange.map(|e| &e.request);
        let url = request.map(|r| report::shown_url(&r.url, self.redactor, masking));
        (request.map(|r| r.method.clone()), url)
    }

    /// What a person reads first: `401 Unauthorized`, or that there was no answer.
    fn status(&self) -> String {
        let response = self.exchange.and_then(|e| e.response.as_ref());
        let reason = response.and_then(|r| r.reason.as_deref()).map(|reason| self.redactor.mask(reason));
        let status = words::status(self.diagnosis.status, reason.as_deref());
        // Curl follows no redirect unless told to, and neither does a line of it here: what counts is behind it.
        let to = response.filter(|r| (300..400).contains(&r.status)).and_then(|r| r.header("location"));
        match to {
            Some(to) => {
                let to = report::shown_url(to, self.redactor, Masking::Masked);
                visible(&format!("{status} to {to}, not followed")).into_owned()
            }
            None => status,
        }
    }

    /// True when it was refused, whatever was found.
    fn is_refused(&self) -> bool {
        matches!(self.diagnosis.status, Some(401 | 403 | 407 | 511))
            || self.exchange.is_some_and(|e| e.failure.is_some())
    }

    /// Shows it; 5 when it was refused and nothing speaks of a reason.
    fn answer(&self, context: &Context, markdown: bool) -> Outcome {
        let shape = self.json(masking(context));
        let refused = self.is_refused();
        let open = refused && self.diagnosis.findings.is_empty();
        let out = &context.out;
        if markdown {
            out.write(report::markdown(self.diagnosis, self.exchange, self.redactor).as_bytes());
        } else if !out.json {
            words::print(out, &self.status(), &shape, refused);
            probes::print(out, &self.probed);
        } else if !open {
            out.quoting_answer(&shape);
        }
        if open { Err(Failed::with_shape(unexplained(), shape).exit(5)) } else { Ok(0) }
    }
}

/// Refused, and nothing in sight says why.
fn unexplained() -> Problem {
    Problem::new(
        ProblemKind::Refused,
        "the refusal could not be explained",
        "none of the known signs is in this exchange",
        "ask for the server's log of that time, or record the same call from a tool where it works and compare",
    )
}
