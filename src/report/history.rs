//! What the history keeps of a send: always masked, bodies only up to a size.

use super::exchange::View;
use super::{Masking, shape};
use crate::flow::Sent;
use crate::model::exchange::Exchange;
use crate::model::history::HistoryEntry;
use crate::model::plan::Plan;
use crate::model::redact::Redactor;
use jiff::{Timestamp, tz::TimeZone};

/// Largest body kept, in bytes; of a larger one only the size is.
const BODY_LIMIT: u64 = 256 * 1024;

/// An id that sorts by time: `20261123T140211-4f2a` (UTC); `random` tells apart what was sent within
/// one second.
pub fn entry_id(at: Timestamp, random: u16) -> String {
    format!("{}-{random:04x}", at.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%S"))
}

/// The entry of a send. `now` stands where nothing went out (an unresolved variable, no token).
pub fn entry(plan: &Plan, sent: &Sent, redactor: &Redactor, id: String, now: Timestamp) -> HistoryEntry {
    let view = View { redactor, masking: Masking::Masked, body_limit: Some(BODY_LIMIT) };
    let exchange: Option<&Exchange> = sent.exchange.as_deref();
    let response = exchange.and_then(|e| e.response.as_ref());
    let request = &plan.request;
    // Before the first byte only the template is known; it holds no secrets.
    let (method, url) = match exchange {
        Some(e) => (e.request.method.clone(), view.url(&e.request.url)),
        None => (request.method.clone(), view.url(&request.url)),
    };
    HistoryEntry {
        id,
        at: exchange.map_or(now, |e| e.started),
        path: plan.path.clone(),
        environment: plan.environment.name.clone(),
        name: request.name.clone(),
        method,
        url,
        status: response.map(|r| r.status),
        duration_ms: exchange
            .and_then(|e| e.timings.total)
            .map(|d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX)),
        size: response.map(|r| r.body.len()),
        failure: sent.problem.as_ref().map(|p| view.text(&format!("{}: {}", p.what, p.why))),
        detail: Some(shape(sent, &view)),
    }
}
