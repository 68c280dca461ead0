//! A diagnosis in the shape of `diagnose --json`.

use super::Masking;
use super::exchange::View;
use crate::diagnose::{Diagnosis, Finding};
use crate::model::redact::Redactor;
use serde_json::{Value as Json, json};

/// `diagnose --json`.
pub fn diagnosis(diagnosis: &Diagnosis, redactor: &Redactor, masking: Masking) -> Json {
    let view = View { redactor, masking, body_limit: None };
    json!({
        "status": diagnosis.status,
        "findings": findings(diagnosis, &view),
        "passed": diagnosis.passed.iter().map(|p| format!("{}: {}", p.name, view.text(&p.text))).collect::<Vec<_>>(),
        "missing": diagnosis.missing.iter().map(|m| view.text(m)).collect::<Vec<_>>(),
    })
}

/// The list of findings alone, for commands that show it beside their own answer.
pub fn found(diagnosis: &Diagnosis, redactor: &Redactor, masking: Masking) -> Json {
    findings(diagnosis, &View { redactor, masking, body_limit: None })
}

/// The list of findings, as every command shows it.
pub(super) fn findings(diagnosis: &Diagnosis, view: &View<'_>) -> Json {
    diagnosis.findings.iter().map(|f| finding(f, view)).collect()
}

fn finding(finding: &Finding, view: &View<'_>) -> Json {
    json!({
        "code": finding.code(),
        "layer": finding.layer().word(),
        "likelihood": finding.likelihood.word(),
        "summary": view.text(&finding.summary),
        "evidence": finding.evidence.iter().map(|e| view.text(&e.text)).collect::<Vec<_>>(),
        "cause": view.text(&finding.cause),
        "confirm": view.text(&finding.confirm),
        "fix": view.text(&finding.fix),
        "reference": finding.info.reference,
        "probes": finding.probes.iter().map(|p| json!({ "id": p.id(), "text": p.text() })).collect::<Vec<_>>(),
        "fixes": finding.remedies.iter().map(|r| json!({ "id": r.id(), "text": view.text(&r.text()) })).collect::<Vec<_>>(),
    })
}
