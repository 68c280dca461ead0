//! Before and after a fix: what differs between two answers of a request.

use crate::app::pane::diagnosis::{Before, BeforeAfter, Replay, Subject};
use crate::app::pane::response::ResponseTab;
use crate::app::state::State;
use crate::content::visible::visible;
use crate::flow::Sent;
use crate::model::id::ItemPath;

/// An answer came whose before was kept: both are shown side by side.
pub fn answered(state: &mut State, path: &ItemPath) {
    let Some(Before { path: of, sent: before, ran, .. }) = state.response.before.take() else { return };
    if of != *path {
        return;
    }
    let Some(after) = state.response.views.get(path).map(|v| v.sent.clone()) else { return };
    let rows = differences(state, &before, &after);
    if let Some(looked) = state.looked_mut(&Subject::Answer(path.clone())) {
        looked.ran = ran;
        looked.replay = Some(Replay { titles: ["before".into(), "after".into()], rows });
        looked.comparing = true;
        looked.top = 0;
    }
    if state.request.path.as_ref() == Some(path) {
        state.response.tab = ResponseTab::Diagnosis;
        state.response.token_of = None;
    }
}

/// Status, first finding, headers that differ, the bodies' difference. Masked.
pub fn differences(state: &State, before: &Sent, after: &Sent) -> Vec<BeforeAfter> {
    let both = |before: String, after: String| BeforeAfter { before: Some(before), after: Some(after) };
    let mut rows = vec![both(status(before), status(after)), both(first_words(before), first_words(after))];
    let (old, new) = (headers(state, before), headers(state, after));
    let mut differing = Vec::new();
    for (name, value) in &old {
        match new.iter().find(|(n, _)| n == name) {
            Some((_, other)) if other == value => {}
            other => differing.push(BeforeAfter {
                before: Some(format!("{name}: {value}")),
                after: other.map(|(n, v)| format!("{n}: {v}")),
            }),
        }
    }
    differing.extend(
        new.iter()
            .filter(|(n, _)| !old.iter().any(|(o, _)| o == n))
            .map(|(n, v)| BeforeAfter { before: None, after: Some(format!("{n}: {v}")) }),
    );
    let gap = || both(String::new(), String::new());
    if !differing.is_empty() {
        rows.push(gap());
        rows.append(&mut differing);
    }
    rows.push(gap());
    rows.extend(body_rows(&body(state, before), &body(state, after)));
    rows
}

fn status(sent: &Sent) -> String {
    let response = sent.exchange.as_ref().and_then(|e| e.response.as_ref());
    match response {
        Some(r) => {
            format!("{} {}", r.status, visible(r.reason.as_deref().unwrap_or(""))).trim_end().to_owned()
        }
        None => match &sent.problem {
            Some(problem) => visible(&problem.what).into_owned(),
            None => "no answer".to_owned(),
        },
    }
}

fn first_words(sent: &Sent) -> String {
    match sent.diagnosis.first() {
        Some(finding) => format!("{}: {}", finding.code(), visible(&finding.summary)),
        None => "no finding".to_owned(),
    }
}

fn headers(state: &State, sent: &Sent) -> Vec<(String, String)> {
    let response = sent.exchange.as_ref().and_then(|e| e.response.as_ref());
    let headers = response.map(|r| r.headers.as_slice()).unwrap_or_default();
    headers
        .iter()
        .filter(|h| !h.name.eq_ignore_ascii_case("date"))
        .map(|h| (h.name.to_ascii_lowercase(), visible(&state.redactor.header(h)).into_owned()))
        .collect()
}

/// The beginning of a body as lines, JSON indented.
fn body(state: &State, sent: &Sent) -> String {
    const LIMIT: usize = 64 * 1024;
    const LINES: usize = 400;
    let response = sent.exchange.as_ref().and_then(|e| e.response.as_ref());
    let Some(bytes) = response.and_then(|r| r.body.bytes()) else { return String::new() };
    let json =
        (bytes.len() <= LIMIT).then(|| serde_json::from_slice::<serde_json::Value>(&bytes).ok()).flatten();
    let text = json.and_then(|json| serde_json::to_string_pretty(&json).ok());
    let text = text.unwrap_or_else(|| String::from_utf8_lossy(&bytes[..bytes.len().min(LIMIT)]).into_owned());
    let masked = state.redactor.mask(&text);
    masked.lines().take(LINES).map(|l| visible(l).into_owned()).collect::<Vec<_>>().join("\n")
}

fn body_rows(before: &str, after: &str) -> Vec<BeforeAfter> {
    let diff = similar::TextDiff::configure()
        .timeout(std::time::Duration::from_millis(200))
        .diff_lines(before, after);
    let mut rows = Vec::new();
    let mut old: Vec<String> = Vec::new();
    let mut new: Vec<String> = Vec::new();
    let flush = |rows: &mut Vec<BeforeAfter>, old: &mut Vec<String>, new: &mut Vec<String>| {
        let (mut left, mut right) = (old.drain(..), new.drain(..));
        loop {
            match (left.next(), right.next()) {
                (None, None) => break,
                (before, after) => rows.push(BeforeAfter { before, after }),
            }
        }
    };
    for (at, group) in diff.grouped_ops(3).iter().enumerate() {
        if at > 0 {
            rows.push(BeforeAfter { before: Some("…".into()), after: Some("…".into()) });
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let line = change.value().trim_end_matches('\n').to_owned();
            match change.tag() {
                similar::ChangeTag::Delete => old.push(line),
                similar::ChangeTag::Insert => new.push(line),
                similar::ChangeTag::Equal => {
                    flush(&mut rows, &mut old, &mut new);
                    rows.push(BeforeAfter { before: Some(line.clone()), after: Some(line) });
                }
            }
        }
        flush(&mut rows, &mut old, &mut new);
    }
    if before == after {
        let words = if before.is_empty() { "no body" } else { "the bodies are the same" };
        rows.push(BeforeAfter { before: Some(words.into()), after: Some(words.into()) });
    }
    rows
}
