//! What came of a run, counted, and as the JSON of the contract.

use crate::diagnose::Diagnosis;
use crate::flow::Sent;
use crate::model::check::CheckResult;
use crate::model::id::ItemPath;
use crate::model::problem::Problem;
use crate::model::redact::Redactor;
use crate::report::Masking;
use serde_json::{Value as Json, json};
use std::time::Duration;

/// What came of one request.
#[derive(Debug, Clone)]
pub struct ItemResult {
    /// Which.
    pub path: ItemPath,
    /// Status; `None` when no answer came.
    pub status: Option<u16>,
    /// Sent, answered, not refused, every check held.
    pub ok: bool,
    /// How its checks came out.
    pub checks: Vec<CheckResult>,
    /// Why it failed, if it did not get an answer.
    pub problem: Option<Problem>,
    /// Captures that found nothing: variable and why.
    pub missing_captures: Vec<(String, String)>,
    /// Whole duration of the exchange.
    pub duration: Option<Duration>,
    /// Why it was refused; empty when it was not.
    pub diagnosis: Diagnosis,
}

impl ItemResult {
    /// From what the flow gave.
    pub fn of(path: &ItemPath, sent: &Sent) -> ItemResult {
        ItemResult {
            path: path.clone(),
            status: sent.exchange.as_ref().and_then(|e| e.status()),
            ok: sent.exit_code() == 0,
            checks: sent.checks.clone(),
            problem: sent.problem.clone(),
            missing_captures: sent.missing_captures.clone(),
            duration: sent.exchange.as_ref().and_then(|e| e.timings.total),
            diagnosis: sent.diagnosis.clone(),
        }
    }

    /// One word of why it is not ok; empty when it is.
    pub fn reason(&self) -> String {
        if self.ok {
            return String::new();
        }
        if let Some(problem) = &self.problem {
            return problem.what.clone();
        }
        match self.checks.iter().filter(|c| !c.ok).count() {
            0 => "refused".to_owned(),
            1 => "1 check failed".to_owned(),
            n => format!("{n} checks failed"),
        }
    }

    fn json(&self, redactor: &Redactor, masking: Masking) -> Json {
        let masked = |value: &Json| mask(value, redactor, masking);
        let checks: Vec<Json> = self
            .checks
            .iter()
            .map(|c| {
                json!({
                    "name": c.name, "ok": c.ok,
                    "expected": masked(&c.expected), "got": masked(&c.got),
                })
            })
            .collect();
        json!({
            "path": self.path.as_str(),
            "iteration": 1,
            "status": self.status,
            "ok": self.ok,
            "checks": checks,
            "findings": crate::report::found(&self.diagnosis, redactor, masking),
            "missing_captures": self.missing_captures.iter()
                .map(|(name, why)| json!({"variable": name, "why": why})).collect::<Vec<_>>(),
            "duration_ms": self.duration.map(millis),
            "error": self.problem.as_ref().map(crate::report::problem),
        })
    }
}

/// A whole run.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// In the order they were sent.
    pub results: Vec<ItemResult>,
    /// How many were not sent any more.
    pub skipped: usize,
    /// The user ended it.
    pub interrupted: bool,
    /// From the first to the last.
    pub duration: Duration,
}

impl Summary {
    /// Takes in one more result.
    pub fn add(&mut self, result: ItemResult) {
        self.results.push(result);
    }

    /// How many requests failed.
    pub fn failed(&self) -> usize {
        self.results.iter().filter(|r| !r.ok).count()
    }

    /// Checks that held, and that did not.
    pub fn checks(&self) -> (usize, usize) {
        let all = self.results.iter().flat_map(|r| &r.checks);
        all.fold((0, 0), |(held, not), c| if c.ok { (held + 1, not) } else { (held, not + 1) })
    }

    /// 130 when interrupted, 1 when anything failed, else 0.
    pub fn exit_code(&self) -> u8 {
        match (self.interrupted, self.failed()) {
            (true, _) => 130,
            (false, 0) => 0,
            (false, _) => 1,
        }
    }

    /// `run --json`.
    pub fn json(&self, redactor: &Redactor, masking: Masking) -> Json {
        let (passed, failed) = self.checks();
        json!({
            "requests": self.results.len(),
            "failed": self.failed(),
            "skipped": self.skipped,
            "checks": {"passed": passed, "failed": failed},
            "iterations": 1,
            "duration_ms": millis(self.duration),
            "results": self.results.iter().map(|r| r.json(redactor, masking)).collect::<Vec<_>>(),
        })
    }
}

/// Milliseconds with three digits behind the point.
fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

/// Every text in a value with known secrets masked.
fn mask(value: &Json, redactor: &Redactor, masking: Masking) -> Json {
    match (masking, value) {
        (Masking::Clear, _) => value.clone(),
        (_, Json::String(text)) => Json::String(redactor.mask(text)),
        (_, Json::Array(all)) => Json::Array(all.iter().map(|v| mask(v, redactor, masking)).collect()),
        (_, Json::Object(map)) => {
            Json::Object(map.iter().map(|(k, v)| (redactor.mask(k), mask(v, redactor, masking))).collect())
        }
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::problem::ProblemKind;

    fn result(checks: &[bool], problem: Option<Problem>) -> ItemResult {
        let checks: Vec<CheckResult> = checks
            .iter()
            .map(|ok| CheckResult {
                name: "status equals 200".into(),
                ok: *ok,
                expected: json!(200),
                got: json!("hunter2-secret"),
            })
            .collect();
        ItemResult {
            path: ItemPath::new("a/b"),
            status: None,
            ok: problem.is_none() && checks.iter().all(|c| c.ok),
            checks,
            problem,
            missing_captures: Vec::new(),
            duration: None,
            diagnosis: Diagnosis::default(),
        }
    }

    #[test]
    fn anything_that_failed_makes_the_run_end_with_1() {
        let mut s = Summary::default();
        s.add(result(&[true], None));
        assert_eq!(s.exit_code(), 0);
        s.add(result(&[], Some(Problem::new(ProblemKind::Network, "x", "", ""))));
        assert_eq!(s.exit_code(), 1);
        s.interrupted = true;
        assert_eq!(s.exit_code(), 130);
    }

    #[test]
    fn checks_are_counted_over_all_requests() {
        let mut s = Summary::default();
        s.add(result(&[true, false], None));
        s.add(result(&[true], None));
        let value = s.json(&Redactor::new(), Masking::Masked);
        assert_eq!(value["checks"], json!({"passed": 2, "failed": 1}));
        assert_eq!(value["failed"], 1);
        assert_eq!(value["results"][0]["status"], Json::Null);
    }

    #[test]
    fn a_secret_that_a_check_got_is_masked() {
        let redactor = Redactor::new();
        redactor.learn("hunter2-secret");
        let mut s = Summary::default();
        s.add(result(&[false], None));
        assert!(!s.json(&redactor, Masking::Masked).to_string().contains("hunter2"));
        assert!(s.json(&redactor, Masking::Clear).to_string().contains("hunter2"));
    }
}
