//! The response pane: moving, folding, searching, and what the answer says in other forms.

use super::command::prompt;
use crate::app::effect::{Effect, Target};
use crate::app::event::Cx;
use crate::app::overlay::{Overlay, Purpose, TextView};
use crate::app::pane::response::ResponseTab;
use crate::app::state::State;
use crate::content::visible::visible;
use crate::model::exchange::{BodyData, Exchange};

/// Moves in the tab.
pub fn step(state: &mut State, by: isize) {
    let tab = state.response.tab;
    if let Some(view) = state.view_shown_mut() {
        let len = view.len(tab);
        view.cursor(tab).step(by, len);
    }
}

/// Folds, or scrolls to the side.
pub fn sideways(state: &mut State, right: bool) {
    let tab = state.response.tab;
    let Some(view) = state.view_shown_mut() else { return };
    let row = view.json_row();
    match (tab, row, &mut view.folds) {
        (ResponseTab::Body, Some(row), Some(folds)) if right => {
            if folds.is_folded(row) {
                folds.toggle(row);
            } else {
                view.left = (view.left + 8).min(10_000);
            }
        }
        (ResponseTab::Body, Some(row), Some(folds)) if view.left == 0 => {
            let toggled = if folds.is_folded(row) {
                folds.index().parent(row).unwrap_or(row)
            } else {
                folds.toggle(row)
            };
            view.cursors[0].at = folds.position(toggled);
        }
        _ if right => view.left = (view.left + 8).min(10_000),
        _ => view.left = view.left.saturating_sub(8),
    }
}

/// Space: folds or unfolds.
pub fn toggle(state: &mut State) {
    if state.response.tab != ResponseTab::Body {
        return;
    }
    let Some(view) = state.view_shown_mut() else { return };
    if let (Some(row), Some(folds)) = (view.json_row(), &mut view.folds) {
        let toggled = folds.toggle(row);
        view.cursors[0].at = folds.position(toggled);
    }
}

/// `-` and `+`.
pub fn fold_all(state: &mut State, folded: bool) {
    let Some(view) = state.view_shown_mut() else { return };
    let row = view.json_row();
    if let (Some(row), Some(folds)) = (row, &mut view.folds) {
        if folded {
            folds.fold_from_depth(1)
        } else {
            folds.unfold_all()
        }
        view.cursors[0].at = folds.position(row);
    }
}

/// The body of the answer shown.
pub fn body(state: &State) -> Option<BodyData> {
    state.view_shown()?.sent.exchange.as_ref()?.response.as_ref().map(|r| r.body.clone())
}

/// `S`: where to save the body.
pub fn ask_file(state: &mut State) {
    let Some(view) = state.view_shown() else { return };
    let suffix = match view.sent.exchange.as_ref().and_then(|e| e.response.as_ref()).map(|r| r.media_type()) {
        Some(t) if t.contains("json") => "json",
        Some(t) if t.contains("html") => "html",
        Some(t) if t.contains("xml") => "xml",
        Some(t) if t.starts_with("text/") => "txt",
        _ => "bin",
    };
    let stem = state.request.path.as_ref().map_or("response", |p| p.stem()).to_owned();
    let stem = if stem.is_empty() { "response".to_owned() } else { stem };
    prompt(
        state,
        "Save the response body to",
        "a file that is there already is not overwritten",
        &format!("{stem}.{suffix}"),
        Purpose::SaveBody,
    );
}

/// `P`: the body in the pager.
pub fn pager(state: &mut State, fx: &mut Vec<Effect>) {
    if let Some(body) = body(state) {
        fx.push(Effect::Pager(body));
    }
}

/// Asks for a JSONPath's finds.
pub fn filter(state: &mut State, path: &str, cx: &Cx, fx: &mut Vec<Effect>) {
    let Some(item) = state.request.path.clone() else { return };
    let body = body(state);
    let Some(view) = state.view_shown_mut() else { return };
    let path = path.trim();
    if path.is_empty() || path == "$" {
        view.filter = None;
        return;
    }
    let generation = view.generation;
    view.filter = Some((path.to_owned(), Vec::new()));
    state.response.tab = ResponseTab::Body;
    if let Some(body) = body {
        let job = state.jobs.start(Target::Body(item, generation), cx.now);
        fx.push(Effect::Filter { job, path: path.to_owned(), body });
    }
}

/// `L`: what went over the wire for the answer shown.
pub fn wire(state: &mut State, cx: &Cx) {
    let exchange =
        state.view_shown().and_then(|v| v.sent.exchange.clone().or_else(|| v.sent.token_exchange.clone()));
    match exchange {
        Some(exchange) => {
            let lines = wire_lines(state, &exchange);
            state.overlays.push(Overlay::Text(TextView::new("On the wire, secrets masked", lines)));
        }
        None => super::hint(state, "this request was not sent yet", cx),
    }
}

/// An exchange as lines: request, redirects, response; secrets masked, controls made visible.
pub fn wire_lines(state: &State, exchange: &Exchange) -> Vec<String> {
    const BODY_LINES: usize = 400;
    let mask = |text: &str| visible(&state.redactor.mask(text)).into_owned();
    let body = |lines: &mut Vec<String>, bytes: &[u8]| {
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(64 * 1024)]).into_owned();
        lines.push(String::new());
        lines.extend(state.redactor.mask(&text).lines().take(BODY_LINES).map(|l| visible(l).into_owned()));
        if bytes.len() > 64 * 1024 {
            lines.push(format!("… {} bytes in all", bytes.len()));
        }
    };
    let mut lines = Vec::new();
    for hop in &exchange.redirects {
        let dropped = if hop.dropped.is_empty() {
            String::new()
        } else {
            format!("  not sent on: {}", hop.dropped.join(", "))
        };
        lines.push(mask(&format!("> {}  {} → {}{dropped}", hop.status, hop.from, hop.to)));
    }
    let request = &exchange.request;
    lines.push(mask(&format!("> {} {}", request.method, request.url)));
    for header in &request.headers {
        lines.push(format!("> {}: {}", visible(&header.name), visible(&state.redactor.header(header))));
    }
    if !request.body.is_empty() {
        body(&mut lines, &request.body);
    }
    lines.push(String::new());
    match &exchange.response {
        Some(response) => {
            let reason = response.reason.as_deref().unwrap_or("");
            lines.push(mask(&format!("< {} {} {reason}", response.http_version, response.status)));
            for header in &response.headers {
                lines.push(format!(
                    "< {}: {}",
                    visible(&header.name),
                    visible(&state.redactor.header(header))
                ));
            }
            match response.body.bytes() {
                Some(bytes) if !bytes.is_empty() => body(&mut lines, &bytes),
                Some(_) => {}
                None => lines.push(format!("… {} bytes in a private file", response.body.len())),
            }
        }
        None => {
            let why = exchange.failure.as_ref().map_or("", |f| f.text.as_str());
            lines.push(format!("< no answer: {}", visible(why)));
        }
    }
    lines
}

/// Lines of a response that are compared; more than this is cut.
const COMPARED_LINES: usize = 5_000;

/// The answer shown as lines: status, headers that are no clock, indented body; masked.
fn compared_lines(state: &State) -> Option<Vec<String>> {
    let view = state.view_shown()?;
    let response = view.sent.exchange.as_ref()?.response.as_ref()?;
    let mut lines = vec![format!("{} {}", response.status, response.reason.as_deref().unwrap_or(""))];
    for header in response.headers.iter().filter(|h| !h.name.eq_ignore_ascii_case("date")) {
        lines.push(format!("{}: {}", header.name, state.redactor.header(header)));
    }
    lines.push(String::new());
    let body = match (&view.folds, &view.content) {
        (Some(folds), _) if folds.index().len() <= COMPARED_LINES => folds.index().indented(0),
        (_, Some(content)) => (0..content.lines.len().min(COMPARED_LINES))
            .map(|at| content.lines.line(at, 4096))
            .collect::<Vec<_>>()
            .join("\n"),
        _ => String::new(),
    };
    lines.extend(state.redactor.mask(&body).lines().map(|l| visible(l).into_owned()));
    Some(lines)
}

/// `m`: remembers the answer shown.
pub fn mark(state: &mut State, cx: &Cx) {
    let name = state.request.request().map(|r| r.name.clone()).unwrap_or_default();
    match compared_lines(state) {
        Some(lines) => {
            state.marked = Some((name, lines));
            state.say("marked; = compares another response with it", cx);
        }
        None => super::hint(state, "there is no response to mark", cx),
    }
}

/// `=`: what differs between the marked answer and the one shown.
pub fn compare(state: &mut State, cx: &Cx) {
    let Some((name, before)) = state.marked.clone() else {
        super::hint(state, "mark a response with m first", cx);
        return;
    };
    let Some(after) = compared_lines(state) else {
        super::hint(state, "there is no response to compare", cx);
        return;
    };
    let (before, after) = (before.join("\n"), after.join("\n"));
    let diff = similar::TextDiff::configure()
        .timeout(std::time::Duration::from_millis(200))
        .diff_lines(&before, &after);
    let mut lines = vec![format!("- {name}, marked"), "+ the response shown".to_owned(), String::new()];
    for group in diff.grouped_ops(3) {
        for op in group {
            for change in diff.iter_changes(&op) {
                let sign = match change.tag() {
                    similar::ChangeTag::Delete => "- ",
                    similar::ChangeTag::Insert => "+ ",
                    similar::ChangeTag::Equal => "  ",
                };
                lines.push(format!("{sign}{}", change.value().trim_end_matches('\n')));
            }
        }
        lines.push(String::new());
    }
    if before == after {
        lines.push("  nothing differs".to_owned());
    }
    state.overlays.push(Overlay::Text(TextView::new("Compared with the marked response", lines)));
}
