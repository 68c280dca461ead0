//! Exchanges and results as the JSON of the contract (DESIGN section 2), secrets masked.
//!
//! Keys may be added, never renamed or dropped. What is unknown is null, never absent and never 0.

mod diagnosis;
mod exchange;
mod history;
mod markdown;
mod token;

pub use diagnosis::{diagnosis, found};
pub use history::{entry, entry_id};
pub use markdown::markdown;
pub use token::{decoded, token};

use crate::flow::Sent;
use crate::http::Outgoing;
use crate::model::exchange::SentRequest;
use crate::model::problem::Problem;
use crate::model::redact::Redactor;
use serde_json::{Value as Json, json};

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Masking {
    /// Secrets masked.
    Masked,
    /// `--with-secrets`.
    Clear,
}

/// A URL as it may be shown.
pub fn shown_url(url: &str, redactor: &Redactor, masking: Masking) -> String {
    exchange::View { redactor, masking, body_limit: None }.url(url)
}

/// `send --json`. A body in a file is read whole.
pub fn sent(sent: &Sent, redactor: &Redactor, masking: Masking) -> Json {
    shape(sent, &exchange::View { redactor, masking, body_limit: None })
}

fn shape(sent: &Sent, view: &exchange::View<'_>) -> Json {
    let exchange = sent.exchange.as_deref();
    let checks = sent.checks.iter().map(|c| {
        json!({ "name": view.text(&c.name), "ok": c.ok, "expected": view.json(&c.expected), "got": view.json(&c.got) })
    });
    let captures = sent.captures.iter().map(|(name, value)| (name.clone(), Json::from(view.text(value))));
    let missing = sent.missing_captures.iter().map(|(name, why)| json!({ "name": name, "reason": why }));
    let retried = sent.retried.iter().map(|(reason, refused)| {
        json!({
            "reason": reason.word(),
            "request": view.request(Some(refused)),
            "response": view.response(Some(refused)),
        })
    });
    let mut out = json!({
        "request": view.request(exchange),
        "response": view.response(exchange),
        "retried": retried.collect::<Vec<_>>(),
        "checks": checks.collect::<Vec<_>>(),
        "captures": captures.collect::<serde_json::Map<_, _>>(),
        "missing_captures": missing.collect::<Vec<_>>(),
        "findings": diagnosis::findings(&sent.diagnosis, view),
    });
    if let Some(exchange) = &sent.token_exchange {
        out["token_exchange"] =
            json!({ "request": view.request(Some(exchange)), "response": view.response(Some(exchange)) });
    }
    if let Some(failed) = &sent.problem {
        out["error"] = view.json(&problem(failed));
    }
    out
}

/// `send --dry-run --json`: the shape of [`sent`] with everything of the answer unknown.
pub fn outgoing(outgoing: &Outgoing, redactor: &Redactor, masking: Masking) -> Json {
    let view = exchange::View { redactor, masking, body_limit: None };
    let request = SentRequest {
        method: outgoing.method.clone(),
        url: outgoing.url.clone(),
        http_version: None,
        headers: outgoing.headers.clone(),
        body: outgoing.body.clone(),
    };
    let mut out = shape(&Sent::default(), &view);
    out["request"] = view.sent_request(&request);
    out
}

/// The `error` object.
pub fn problem(problem: &Problem) -> Json {
    let text = |text: &str| if text.is_empty() { Json::Null } else { Json::from(text) };
    json!({
        "kind": problem.kind.name(),
        "what": problem.what,
        "why": text(&problem.why),
        "next": text(&problem.next),
        "file": problem.file.as_ref().map(|f| f.display().to_string()),
        "line": problem.line,
        "column": problem.column,
    })
}

#[cfg(test)]
mod tests;
