//! `diagnose --probe`: what the findings offer to make sure, run one after another. Only here anything beyond the one request is sent.

use super::words;
use crate::cli::context::Context;
use crate::cli::output::{Output, Paint};
use crate::content::visible::visible;
use crate::diagnose::Probe;
use crate::flow::probe::{self, ProbeOutcome, Verdict};
use crate::flow::{Sent, Session};
use crate::model::plan::Plan;
use crate::model::problem::Problem;
use serde_json::{Value as Json, json};

/// Runs what the findings name, in their order, each once. An unsafe request is sent again only where `consent` says so.
pub fn run(
    context: &Context,
    session: &Session,
    plan: &Plan,
    sent: &Sent,
    consent: bool,
) -> Result<Vec<ProbeOutcome>, Problem> {
    let mut chosen: Vec<Probe> = Vec::new();
    for probe in sent.diagnosis.findings.iter().flat_map(|f| &f.probes) {
        if !chosen.contains(probe) {
            chosen.push(*probe);
        }
    }
    let out = &context.out;
    context.block_on(|cancel| {
        let (session, plan) = (session.clone(), plan.clone());
        async move {
            let mut outcomes = Vec::new();
            for one in chosen {
                if cancel.is_cancelled() {
                    break;
                }
                out.detail(one.text());
                outcomes.push(probe::run(&session, &plan, sent, one, consent, &cancel).await);
            }
            outcomes
        }
    })
}

/// As `probed` in the answer.
pub fn shape(outcomes: &[ProbeOutcome]) -> Json {
    outcomes
        .iter()
        .map(|o| json!({ "id": o.probe.id(), "verdict": o.verdict.word().replace(' ', "_"), "text": o.text, "exchanges": o.exchanges.len() }))
        .collect()
}

/// In words, below the diagnosis.
pub fn print(out: &Output, outcomes: &[ProbeOutcome]) {
    if outcomes.is_empty() || out.quiet {
        return;
    }
    out.line("");
    out.line("Checked");
    for outcome in outcomes {
        let paint = match outcome.verdict {
            Verdict::Confirmed => Paint::Bad,
            Verdict::RuledOut => Paint::Good,
            Verdict::Unclear => Paint::Dim,
        };
        let word = out.paint(paint, &format!("{:<10}", outcome.verdict.word()));
        words::wrapped(
            out,
            &format!("  {word} "),
            13,
            &format!("{}: {}", outcome.probe.text(), visible(&outcome.text)),
        );
    }
}
