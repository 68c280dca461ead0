//! Pane 6: what came back.

use super::{diagnosis, facts, refusal};
use crate::app::command::Command;
use crate::app::effect::Target;
use crate::app::event::Cx;
use crate::app::flow_strip::Step;
use crate::app::focus::PaneId;
use crate::app::job::Job;
use crate::app::pane::diagnosis::Subject;
use crate::app::pane::response::{ResponseTab, ResponseView, retried};
use crate::app::state::State;
use crate::app::update::resource_metadata;
use crate::app::view::HitTarget;
use crate::content::visible::visible;
use crate::model::exchange::Exchange;
use crate::model::progress::Phase;
use crate::ui::canvas::Canvas;
use crate::ui::format;
use crate::ui::lit::lit;
use crate::ui::overlay::wrap;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::time::Duration;

/// The answer of the request shown.
pub fn draw(canvas: &mut Canvas<'_>, state: &State, cx: &Cx, rect: Rect) {
    let theme = canvas.theme;
    let focused = state.focus == PaneId::Response;
    canvas.hit(rect, HitTarget::Pane(PaneId::Response));
    let view = state.view_shown();
    let subject = state.diagnosis_subject().filter(|_| state.response.tab == ResponseTab::Diagnosis);
    let info = view
        .filter(|_| state.response.tab == ResponseTab::Body)
        .map(|v| match (&v.filter, v.json_row(), &v.folds) {
            (Some((path, _)), _, _) => format!("filter {path}"),
            (None, Some(row), Some(folds)) => folds.index().path(row),
            _ => String::new(),
        })
        .unwrap_or_default();
    let inside = canvas.frame(rect, "6 Response", &info, focused);
    if inside.height == 0 || inside.width < 8 {
        return;
    }
    let (x, width) = (inside.x + 1, inside.width.saturating_sub(2));
    if subject == Some(Subject::Token) {
        refusal::of_token(canvas, state, cx, Rect { x, width, ..inside });
        return;
    }
    if let Some(job) = running(state) {
        progress(canvas, state, cx, job, x, inside.y, width);
        if view.is_none() {
            return;
        }
    } else if let Some(view) = view {
        status_line(canvas, view, x, inside.y, width);
    } else {
        empty(canvas, state, Rect { x, width, ..inside });
        return;
    }
    let Some(view) = view else { return };
    let mut y = inside.y + 1;
    let roomy = inside.height >= 14;
    let refused = !view.sent.diagnosis.findings.is_empty();
    for (line, style) in notes(canvas, state, view, usize::from(width), roomy || !refused) {
        if y < inside.bottom() {
            canvas.text(x, y, width, &line, style);
            y += 1;
        }
    }
    let in_findings = subject.is_some();
    if let Some(problem) = view.sent.problem.as_ref().filter(|_| roomy || !in_findings || !refused) {
        // What a finding says better is not said twice.
        let next = if refused { "" } else { problem.next.as_str() };
        let lines =
            [(problem.what.as_str(), theme.error), (problem.why.as_str(), theme.plain), (next, theme.ok)];
        for (text, style) in lines {
            for line in wrap(&visible(text), usize::from(width)) {
                if y < inside.bottom() {
                    canvas.text(x, y, width, &line, style);
                    y += 1;
                }
            }
        }
    }
    if refused && (roomy || !in_findings) {
        let area = Rect { x, y, width, height: inside.bottom().saturating_sub(y) };
        y += refusal::draw(canvas, state, &view.sent.diagnosis, area);
    }
    if view.sent.exchange.is_none() && !refused {
        return;
    }
    y += u16::from(roomy);
    if y >= inside.bottom() {
        return;
    }
    tabs(canvas, state, view, x, y, width);
    y += 1 + u16::from(roomy);
    let area = Rect::new(x, y, width, inside.bottom().saturating_sub(y));
    if let Some(subject) = &subject {
        canvas.height(PaneId::Response, area.height);
        diagnosis::draw(canvas, state, cx, subject, area);
        return;
    }
    let area = captured(canvas, view, area, roomy);
    canvas.height(PaneId::Response, area.height);
    tab(canvas, state, cx, view, area, focused);
}

fn running(state: &State) -> Option<&Job> {
    let path = state.request.path.as_ref()?;
    let of_flow = || {
        let flow = crate::app::flow_strip::StepState::Running;
        [Step::Create, Step::Verify]
            .into_iter()
            .filter(|s| *state.flow.state(*s) == flow)
            .find_map(|s| state.jobs.of(&Target::Flow(s)))
    };
    state.jobs.of(&Target::Request(path.clone())).or_else(of_flow)
}

fn progress(canvas: &mut Canvas<'_>, state: &State, cx: &Cx, job: &Job, x: u16, y: u16, width: u16) {
    let theme = canvas.theme;
    let waited = cx.now.saturating_duration_since(job.started);
    let phase = match job.phase {
        _ if job.cancelling => "cancelling".to_owned(),
        Some(Phase::Receiving { got, total }) => match total {
            Some(total) => format!("receiving {} of {}", format::size(got), format::size(total)),
            None => format!("receiving {}", format::size(got)),
        },
        Some(phase) => phase.word().to_owned(),
        None => "sending".to_owned(),
    };
    let key = state.keymap.label(Command::Cancel);
    let waited = if waited < Duration::from_millis(150) {
        String::new()
    } else {
        format!("  {:.1} s", waited.as_secs_f64())
    };
    canvas.pieces(
        x,
        y,
        width,
        &[
            (&phase, theme.warn),
            (&waited, theme.plain),
            ("   ", theme.plain),
            (&key, theme.key),
            (" cancels", theme.plain),
        ],
    );
}

fn empty(canvas: &mut Canvas<'_>, state: &State, area: Rect) {
    let theme = canvas.theme;
    let send = state.keymap.label(Command::Send);
    let lines: [Vec<(&str, Style)>; 2] = [
        vec![(send.as_str(), theme.key), (" sends the request", theme.plain)],
        vec![(">", theme.key), (" runs the next step of the three-part flow", theme.plain)],
    ];
    for (y, line) in (area.y..area.bottom()).zip(&lines) {
        canvas.pieces(area.x, y, area.width, line);
    }
}

fn status_line(canvas: &mut Canvas<'_>, view: &ResponseView, x: u16, y: u16, width: u16) {
    let theme = canvas.theme;
    let Some(exchange) = &view.sent.exchange else {
        let token = view.sent.token_exchange.as_ref().map(|e| match e.status() {
            Some(status) => format!("   the token request was answered {status}"),
            None => "   the token request was not answered".to_owned(),
        });
        let token = token.unwrap_or_default();
        canvas.pieces(x, y, width, &[("not sent", theme.error), (&token, theme.plain)]);
        return;
    };
    let mut pieces: Vec<(String, Style)> = Vec::new();
    match &exchange.response {
        Some(response) => {
            let reason = response.reason.as_deref().unwrap_or("");
            pieces.push((
                format!("{} {reason}", response.status).trim_end().to_owned(),
                theme.status(response.status),
            ));
        }
        None => pieces.push(("no answer".to_owned(), theme.error)),
    }
    if let Some(total) = exchange.timings.total {
        pieces.push((format!("   {}", format::duration(total)), theme.plain));
    }
    if let Some(response) = &exchange.response {
        pieces.push((format!("   {}", format::size(response.body.len())), theme.plain));
        pieces.push((format!("   {}", response.http_version), theme.dim));
        if let Some(why) = &response.incomplete {
            pieces.push((format!("   INCOMPLETE: {why}"), theme.error));
        }
    }
    if exchange.tls.as_ref().is_some_and(|t| t.unchecked) {
        pieces.push(("   INSECURE".to_owned(), theme.danger));
    }
    let checks = &view.sent.checks;
    let mut right = 0;
    if !checks.is_empty() {
        let good = checks.iter().filter(|c| c.ok).count();
        let style = if good == checks.len() { theme.ok } else { theme.error };
        right =
            canvas.text_right(x + width, y, 24, &format!("{good} of {} checks ok", checks.len()), style) + 1;
    }
    let pieces: Vec<(&str, Style)> = pieces.iter().map(|(t, s)| (t.as_str(), *s)).collect();
    canvas.pieces(x, y, width.saturating_sub(right), &pieces);
}

/// What came before the answer, and what a refusal offers.
fn notes(
    canvas: &Canvas<'_>,
    state: &State,
    view: &ResponseView,
    width: usize,
    all: bool,
) -> Vec<(String, Style)> {
    let theme = canvas.theme;
    let mut notes = Vec::new();
    if let Some(words) = retried(&view.sent) {
        notes.extend(wrap(&words, width).into_iter().map(|line| (line, theme.warn)));
    }
    if let Some(url) = resource_metadata(state).filter(|_| all) {
        let key = state.keymap.label(Command::Discover);
        let words = format!("{key} asks {} who gives tokens for it", visible(&url));
        notes.extend(wrap(&words, width).into_iter().take(2).map(|line| (line, theme.accent)));
    }
    notes
}

/// The row of tabs.
pub(super) fn tabs(canvas: &mut Canvas<'_>, state: &State, view: &ResponseView, x: u16, y: u16, width: u16) {
    let theme = canvas.theme;
    let mut at = x;
    let words: Vec<(ResponseTab, String)> =
        ResponseTab::ALL.into_iter().map(|tab| (tab, tab_words(view, tab))).collect();
    let needed: usize = words.iter().map(|(_, w)| w.len() + 2).sum();
    let gap = if needed > usize::from(width) { 1 } else { 2 };
    // Where there is no room for all of them the chosen one is in view.
    let upto = words.iter().position(|(tab, _)| *tab == state.response.tab).map_or(0, |at| at + 1);
    let span = |from: usize| words[from..upto].iter().map(|(_, w)| w.len() + 1).sum::<usize>() + 1;
    let first = (0..upto).find(|from| span(*from) <= usize::from(width)).unwrap_or(upto.saturating_sub(1));
    for (tab, text) in words.into_iter().skip(first) {
        let chosen = state.response.tab == tab;
        let shown =
            if chosen { format!("{}{text}{}", theme.glyphs.closed, theme.glyphs.closed_left) } else { text };
        let failed = match tab {
            ResponseTab::Checks => view.sent.checks.iter().any(|c| !c.ok),
            ResponseTab::Diagnosis => !view.sent.diagnosis.findings.is_empty(),
            _ => false,
        };
        let style = if failed {
            theme.error
        } else if chosen {
            theme.title
        } else {
            theme.plain
        };
        let used = canvas.text(at, y, (x + width).saturating_sub(at), &shown, style);
        canvas.hit(Rect::new(at, y, used, 1), HitTarget::ResponseTab(tab));
        at += used + gap;
    }
}

/// `Headers 6`.
fn tab_words(view: &ResponseView, tab: ResponseTab) -> String {
    let exchange = view.sent.exchange.as_ref();
    let count = match tab {
        ResponseTab::Headers => exchange.and_then(|e| e.response.as_ref()).map_or(0, |r| r.headers.len()),
        ResponseTab::Redirects => exchange.map_or(0, |e| e.redirects.len()),
        ResponseTab::Checks => view.sent.checks.len(),
        ResponseTab::Diagnosis => view.sent.diagnosis.findings.len(),
        _ => 0,
    };
    if count > 0 { format!("{} {count}", tab.title()) } else { tab.title().to_owned() }
}

/// The captured values, in the last row. Gives what is left for the tab.
fn captured(canvas: &mut Canvas<'_>, view: &ResponseView, area: Rect, roomy: bool) -> Rect {
    if !roomy || view.sent.captures.is_empty() || area.height < 6 {
        return area;
    }
    let theme = canvas.theme;
    let mut pieces = vec![("captured  ".to_owned(), theme.dim)];
    for (name, value) in &view.sent.captures {
        pieces.push((name.clone(), theme.accent));
        pieces.push((format!(" = {value}   "), theme.plain));
    }
    let pieces: Vec<(&str, Style)> = pieces.iter().map(|(t, s)| (t.as_str(), *s)).collect();
    canvas.pieces(area.x, area.bottom() - 1, area.width, &pieces);
    Rect { height: area.height - 2, ..area }
}

fn tab(canvas: &mut Canvas<'_>, state: &State, cx: &Cx, view: &ResponseView, area: Rect, focused: bool) {
    let Some(exchange) = &view.sent.exchange else { return };
    match state.response.tab {
        ResponseTab::Body if area.width >= 110 && view.folds.is_some() && view.filter.is_none() => {
            let left = area.width * 3 / 5;
            body(canvas, view, Rect { width: left, ..area }, focused);
            let theme = canvas.theme;
            for y in area.y..area.bottom() {
                canvas.text(area.x + left, y, 1, theme.glyphs.side, theme.dim);
            }
            let side = Rect { x: area.x + left + 2, width: area.width - left - 2, ..area };
            raw(canvas, view, side, false, 0);
        }
        ResponseTab::Body => body(canvas, view, area, focused),
        ResponseTab::Raw => raw(canvas, view, area, focused, ResponseTab::Raw as usize),
        ResponseTab::Headers => facts::headers(canvas, state, view, exchange, area, focused),
        ResponseTab::Timing => facts::timing(canvas, exchange, area),
        ResponseTab::Tls => {
            facts::lines(canvas, view, area, ResponseTab::Tls, &facts::tls_lines(canvas, exchange, cx))
        }
        ResponseTab::Redirects => {
            facts::lines(canvas, view, area, ResponseTab::Redirects, &facts::redirect_lines(canvas, exchange))
        }
        ResponseTab::Checks => facts::checks(canvas, view, area, focused),
        ResponseTab::Diagnosis => {}
        ResponseTab::Sent => {
            let plain = canvas.theme.plain;
            let all = sent(canvas, state, view, exchange).into_iter();
            let all: Vec<(String, Style)> = all.map(|(l, s)| (l, s.unwrap_or(plain))).collect();
            facts::lines(canvas, view, area, ResponseTab::Sent, &all);
        }
    }
}

/// The request as it went out; each one, where it was sent more than once.
fn sent(
    canvas: &Canvas<'_>,
    state: &State,
    view: &ResponseView,
    exchange: &Exchange,
) -> Vec<(String, Option<Style>)> {
    let title = Some(canvas.theme.title);
    let lines = |e: &Exchange| facts::sent_lines(state, e).into_iter().map(|l| (l, None)).collect::<Vec<_>>();
    if view.sent.retried.is_empty() {
        return lines(exchange);
    }
    let tries = view.sent.retried.iter().map(|(_, e)| e.as_ref()).chain([exchange]);
    let mut all = Vec::new();
    for (at, sent) in tries.enumerate() {
        let answer = sent.status().map_or_else(|| "no answer".to_owned(), |s| s.to_string());
        if at > 0 {
            all.push((String::new(), None));
        }
        all.push((format!("{}. answered {answer}", at + 1), title));
        if let Some(response) = sent.response.as_ref().filter(|_| at < view.sent.retried.len()) {
            let headers = response.headers.iter().filter(|h| {
                ["www-authenticate", "dpop-nonce"].iter().any(|n| h.name.eq_ignore_ascii_case(n))
            });
            all.extend(headers.map(|h| (format!("< {}: {}", h.name, state.redactor.header(h)), None)));
        }
        all.extend(lines(sent));
    }
    all
}

fn body(canvas: &mut Canvas<'_>, view: &ResponseView, area: Rect, focused: bool) {
    let theme = canvas.theme;
    if let Some((path, found)) = &view.filter {
        if found.is_empty() {
            canvas.text(
                area.x,
                area.y,
                area.width,
                &format!("filtering by {path} … or nothing found; Esc shows all"),
                theme.dim,
            );
        }
        let cursor = view.cursors[0];
        let first = cursor.first(found.len(), usize::from(area.height));
        for (y, line) in (area.y..area.bottom()).zip(found.iter().skip(first)) {
            canvas.text(area.x, y, area.width, line, theme.plain);
        }
        return;
    }
    let Some(folds) = &view.folds else {
        if let Some(error) = view.content.as_ref().and_then(|c| c.json_error.as_ref()) {
            let text =
                format!("says it is JSON, but line {} column {}: {}", error.line, error.column, error.text);
            canvas.text(area.x, area.y, area.width, &text, theme.warn);
            let rest = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
            raw(canvas, view, rest, focused, 0);
            return;
        }
        if mislabelled(view) && area.height > 1 {
            let text = "says it is JSON, but it is a page: often a login or a proxy in between; Headers and Sent show whose";
            canvas.text(area.x, area.y, area.width, text, theme.warn);
            let rest = Rect { y: area.y + 1, height: area.height - 1, ..area };
            raw(canvas, view, rest, focused, 0);
            return;
        }
        raw(canvas, view, area, focused, 0);
        return;
    };
    let index = folds.index();
    let needle = view.search.as_ref().map(|s| s.needle.as_str()).unwrap_or("");
    let cursor = view.cursors[0];
    let first = cursor.first(folds.len(), usize::from(area.height));
    let max = usize::from(area.width) + view.left;
    for position in first..folds.len().min(first + usize::from(area.height)) {
        let row = folds.row(position);
        let y = area.y + u16::try_from(position - first).unwrap_or(0);
        let strip = Rect::new(area.x, y, area.width, 1);
        canvas.hit(strip, HitTarget::Row(PaneId::Response, position));
        let folded = folds.is_folded(row);
        let container = index.end(row) != row;
        let marker = match (container, folded) {
            (true, true) => theme.glyphs.closed,
            (true, false) => theme.glyphs.open,
            _ => " ",
        };
        let indent = index.depth(row) * 2;
        let mut skip = view.left;
        let mut pieces: Vec<(String, Style)> =
            vec![(" ".repeat(indent), theme.plain), (format!("{marker} "), theme.accent)];
        for (class, text) in index.pieces(row, folded, max) {
            let found = !needle.is_empty() && text.to_lowercase().contains(&needle.to_lowercase());
            pieces.push((visible(&text).into_owned(), if found { theme.found } else { theme.token(class) }));
        }
        for (text, _) in &mut pieces {
            if skip == 0 {
                break;
            }
            let count = text.chars().count().min(skip);
            *text = text.chars().skip(count).collect();
            skip -= count;
        }
        let pieces: Vec<(&str, Style)> = pieces.iter().map(|(t, s)| (t.as_str(), *s)).collect();
        let used = canvas.pieces(area.x, y, area.width, &pieces);
        if position == cursor.at {
            // As long as the text: a bar over the whole width would cost a move twice the bytes.
            let text = Rect { width: (used + 1).min(area.width), ..strip };
            canvas.paint(text, if focused { theme.selected } else { theme.marked });
        }
    }
}

/// True for markup that came as JSON.
fn mislabelled(view: &ResponseView) -> bool {
    let markup = view.content.as_ref().is_some_and(|c| c.kind == crate::content::kind::Kind::Markup);
    let response = view.sent.exchange.as_ref().and_then(|e| e.response.as_ref());
    markup && response.is_some_and(|r| r.media_type().contains("json"))
}

fn raw(canvas: &mut Canvas<'_>, view: &ResponseView, area: Rect, focused: bool, tab: usize) {
    let theme = canvas.theme;
    let Some(content) = &view.content else {
        let response = view.sent.exchange.as_ref().and_then(|e| e.response.as_ref());
        let text = match response {
            Some(r) if r.body.is_empty() => "no body",
            Some(_) => "reading the body …",
            None => "",
        };
        canvas.text(area.x, area.y, area.width, text, theme.dim);
        return;
    };
    if content.kind == crate::content::kind::Kind::Binary {
        canvas.text(area.x, area.y, area.width, "binary: S saves it to a file", theme.warn);
        return;
    }
    let cursor = view.cursors[tab];
    let first = cursor.first(content.lines.len(), usize::from(area.height));
    let max = (usize::from(area.width) + view.left) * 4;
    let needle = view.search.as_ref().map_or("", |s| s.needle.as_str());
    for (line, y) in (first..content.lines.len()).zip(area.y..area.bottom()) {
        let strip = Rect::new(area.x, y, area.width, 1);
        if focused {
            canvas.hit(strip, HitTarget::Row(PaneId::Response, line));
        }
        let text = visible(&content.lines.line(line, max)).into_owned();
        let text: String = text.chars().skip(view.left).collect();
        let pieces = lit(&text, needle, theme.plain, theme.found);
        let pieces: Vec<(&str, Style)> = pieces.iter().map(|(t, s)| (t.as_str(), *s)).collect();
        canvas.pieces(area.x, y, area.width, &pieces);
        if focused && line == cursor.at {
            canvas.paint(strip, theme.selected);
        }
    }
}
