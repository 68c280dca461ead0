//! `token log`: the audit lines of this workspace.

use crate::cli::Outcome;
use crate::cli::context::Context;
use crate::storage::audit;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

/// Lines looked through for those that are wanted.
const LOOKED_AT: usize = 100_000;
/// What an answer has of a line, in order.
const KEYS: [&str; 8] = ["at", "what", "environment", "profile", "identity", "scope", "audience", "detail"];

/// `token log`.
pub fn log(context: &Context, profile: Option<&str>, env: Option<&str>, limit: usize) -> Outcome {
    let workspace = context.workspace()?;
    let wanted = |line: &Json, key: &str, value: Option<&str>| value.is_none_or(|v| line[key] == v);
    let lines: Vec<Json> = audit::list(Some(&workspace.root), LOOKED_AT)?
        .into_iter()
        .filter(|line| wanted(line, "profile", profile) && wanted(line, "environment", env))
        .take(limit)
        .collect();
    let out = &context.out;
    if out.json {
        out.answer(&Json::Array(lines.iter().map(shown).collect()));
        return Ok(0);
    }
    for line in &lines {
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        // Nine digits of a second help nobody who reads; `--json` has them.
        let at = text("at").parse::<Timestamp>().map_or_else(|_| text("at"), |at| format!("{at:.0}"));
        let words = ["what", "environment", "profile", "identity", "detail"].map(text);
        let words: Vec<String> = std::iter::once(at).chain(words).filter(|w| !w.is_empty()).collect();
        out.line(&out.safe(&words.join("  ")));
    }
    if lines.is_empty() {
        out.note("nothing happened to a token of this workspace so far");
    }
    Ok(0)
}

/// The keys of the contract; empty texts are unknown.
fn shown(line: &Json) -> Json {
    let value = |key: &str| match line[key].as_str() {
        Some("") | None => Json::Null,
        Some(text) => json!(text),
    };
    Json::Object(KEYS.iter().map(|key| ((*key).to_owned(), value(key))).collect())
}
