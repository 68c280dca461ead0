//! `hallpass history`: past exchanges, secrets masked already when they were kept.

use super::Outcome;
use super::args::{HistoryAction, HistoryArgs};
use super::context::Context;
use crate::flow::Sent;
use crate::model::history::HistoryEntry;
use crate::model::plan::Plan;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::redact::Redactor;
use crate::report;
use crate::storage::history::History;
use serde_json::{Value as Json, json};

/// `history …`.
pub fn history(context: &Context, args: &HistoryArgs) -> Outcome {
    let history = open(context)?;
    match &args.action {
        HistoryAction::List { limit } => list(context, &history, *limit),
        HistoryAction::Show { id } => show(context, &history, id),
    }
}

/// The history of this workspace.
pub(super) fn open(context: &Context) -> Result<History, Problem> {
    let root = context.workspace()?.root;
    History::of(&root, context.settings()).ok_or_else(no_place)
}

/// Keeps an exchange; that it cannot be kept is a warning and nothing else.
pub fn remember(context: &Context, plan: &Plan, sent: &Sent, redactor: &Redactor) {
    if plan.root.as_os_str().is_empty() {
        return;
    }
    let Some(history) = History::of(&plan.root, context.settings()) else { return };
    let now = jiff::Timestamp::now();
    let id = report::entry_id(now, fastrand::u16(..));
    let entry = report::entry(plan, sent, redactor, id, now);
    if let Err(problem) = history.append(&entry) {
        context.out.warn_problem(&problem);
    }
}

fn list(context: &Context, history: &History, limit: usize) -> Outcome {
    let entries = history.list(limit)?;
    let out = &context.out;
    if out.json {
        out.answer(&Json::Array(entries.iter().map(line_json).collect()));
        return Ok(0);
    }
    for e in &entries {
        let status = e.status.map_or_else(|| "---".to_owned(), |s| s.to_string());
        let time = e.duration_ms.map(|d| format!("{d} ms")).unwrap_or_default();
        let at = e.at.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S");
        let failure = e.failure.as_ref().map(|f| format!("  {f}")).unwrap_or_default();
        let rest = format!("{:6} {}  {time}{failure}", e.method, e.url);
        out.line(&format!("{}  {at}  {status}  {}", e.id, out.safe(&rest)));
    }
    if entries.is_empty() {
        out.note("nothing was sent from this workspace yet");
    }
    Ok(0)
}

fn show(context: &Context, history: &History, id: &str) -> Outcome {
    let entry = history.get(id)?;
    let out = &context.out;
    let mut value = line_json(&entry);
    if let (Some(Json::Object(detail)), Json::Object(map)) = (&entry.detail, &mut value) {
        for (name, part) in detail {
            map.insert(name.clone(), part.clone());
        }
    }
    if out.json {
        out.answer(&value);
        return Ok(0);
    }
    let text = serde_json::to_string_pretty(&value).unwrap_or_default();
    text.lines().for_each(|line| out.line(&out.safe(line)));
    Ok(0)
}

fn line_json(e: &HistoryEntry) -> Json {
    json!({
        "id": e.id,
        "at": e.at.to_string(),
        "path": e.path.as_ref().map(|p| p.as_str()),
        "environment": e.environment,
        "name": e.name,
        "method": e.method,
        "url": e.url,
        "status": e.status,
        "duration_ms": e.duration_ms,
        "size": e.size,
        "failure": e.failure,
    })
}

fn no_place() -> Problem {
    Problem::new(
        ProblemKind::File,
        "there is no place for the history",
        "the home directory is not known",
        "set `HOME`",
    )
}
