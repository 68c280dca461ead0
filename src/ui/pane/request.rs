//! Pane 3: the request being edited.

use crate::app::command::Command;
use crate::app::focus::PaneId;
use crate::app::pane::check_text::{capture_line, check_line};
use crate::app::pane::request::{Editing, RequestTab};
use crate::app::state::State;
use crate::app::view::HitTarget;
use crate::model::auth::Auth;
use crate::model::plan::Plan;
use crate::model::request::{Body, PartContent, Request, Row};
use crate::model::secret::{MASK, Secret};
use crate::template::{self, Place};
use crate::ui::canvas::Canvas;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthStr;

/// The request shown.
pub fn draw(canvas: &mut Canvas<'_>, state: &State, rect: Rect) {
    let theme = canvas.theme;
    let focused = state.focus == PaneId::Request;
    canvas.hit(rect, HitTarget::Pane(PaneId::Request));
    let Some((draft, path)) = state.request.draft().zip(state.request.path.as_ref()) else {
        let inside = canvas.frame(rect, "3 Request", "", focused);
        let lines = [
            vec![("no request is open", theme.plain)],
            vec![
                ("2", theme.key),
                (" chooses one, ", theme.plain),
                ("a", theme.key),
                (" there adds one", theme.plain),
            ],
            vec![("a pasted curl line becomes a request", theme.plain)],
        ];
        for (y, line) in (inside.y..inside.bottom()).zip(&lines) {
            canvas.pieces(inside.x + 1, y, inside.width.saturating_sub(2), line);
        }
        return;
    };
    let request = &draft.request;
    let changed = draft.is_changed();
    let scratch = path.as_str().is_empty();
    let title = format!("3 Request · {}{}", request.name, if changed { " *" } else { "" });
    let info = match (scratch, changed) {
        (true, _) => format!("not in a file · {} saves", state.keymap.label(Command::SaveAs)),
        (_, true) => format!("edited · {} saves", state.keymap.label(Command::Save)),
        _ => path.parent().map(|p| p.to_string()).unwrap_or_default(),
    };
    let inside = canvas.frame(rect, &title, &info, focused);
    if inside.height == 0 || inside.width < 8 {
        return;
    }
    let plan = state.plan(path);
    let mut y = inside.y;
    let x = inside.x + 1;
    let width = inside.width.saturating_sub(2);
    url_line(canvas, state, request, plan.as_ref(), x, y, width, focused);
    y += 1;
    let roomy = inside.height >= 11;
    if roomy {
        if let Some(plan) = &plan {
            let url = resolved_url(request, plan);
            canvas.text(x + 6, y, width.saturating_sub(6), &url, theme.dim);
        }
        y += 2;
    }
    let effective = plan.as_ref().map_or(&request.auth, |p| &p.request.auth);
    tabs(canvas, state, request, effective, x, y, width);
    y += if roomy { 2 } else { 1 };
    let mut bottom = inside.bottom();
    let used =
        if roomy { plan.as_ref().map(|p| variables(request, p)).unwrap_or_default() } else { Vec::new() };
    let shown = u16::try_from(used.len().min(3)).unwrap_or(0);
    if shown > 0 && y + shown + 2 < bottom {
        bottom -= shown;
        for (at, (name, value, origin, style)) in (0..).zip(used.iter().take(3)) {
            let style = match style {
                Found::Value => theme.plain,
                Found::Secret => theme.warn,
                Found::Nothing => theme.error,
            };
            let pieces = [(name.as_str(), theme.accent), (" = ", theme.dim), (value.as_str(), style)];
            let used = canvas.pieces(x, bottom + at, width, &pieces);
            canvas.text_right(x + width, bottom + at, width.saturating_sub(used + 2), origin, theme.dim);
        }
        bottom -= 1;
    }
    let content = Rect::new(x, y, width, bottom.saturating_sub(y));
    canvas.height(PaneId::Request, content.height);
    tab_content(canvas, state, request, plan.as_ref(), content, focused);
}

#[allow(clippy::too_many_arguments)]
fn url_line(
    canvas: &mut Canvas<'_>,
    state: &State,
    request: &Request,
    plan: Option<&Plan>,
    x: u16,
    y: u16,
    width: u16,
    focused: bool,
) {
    let theme = canvas.theme;
    let editing = state.mode() == crate::app::focus::Mode::Edit;
    let send =
        if editing { "^R send".to_owned() } else { format!("{} send", state.keymap.label(Command::Send)) };
    let right = if width > 50 { canvas.text_right(x + width, y, 16, &send, theme.dim) + 2 } else { 0 };
    let method_width = u16::try_from(request.method.width()).unwrap_or(3).max(5) + 1;
    canvas.text(x, y, method_width, &request.method, theme.method(&request.method));
    canvas.hit(Rect::new(x, y, method_width, 1), HitTarget::Method);
    let url_x = x + method_width;
    let room = width.saturating_sub(method_width + right);
    canvas.hit(Rect::new(url_x, y, room, 1), HitTarget::Url);
    if let Some(Editing::Url(edit)) = &state.request.editing {
        canvas.line_edit(url_x, y, room, edit, false);
        return;
    }
    if request.url.is_empty() {
        canvas.text(url_x, y, room, "no URL yet: gu edits it", theme.warn);
    } else {
        with_variables(canvas, &request.url, plan, url_x, y, room);
    }
    if state.request.on_url && focused {
        canvas.paint(Rect::new(x, y, width - right, 1), theme.selected);
    }
}

/// A text with its `{{variables}}` coloured: known, or red without a value.
fn with_variables(canvas: &mut Canvas<'_>, text: &str, plan: Option<&Plan>, x: u16, y: u16, width: u16) {
    let theme = canvas.theme;
    let mut pieces: Vec<(&str, Style)> = Vec::new();
    let mut at = 0;
    for placeholder in template::placeholders(text) {
        pieces.push((&text[at..placeholder.span.start], theme.plain));
        let known = placeholder.name.starts_with('$')
            || plan.is_none_or(|p| p.layers.iter().any(|l| l.variables.contains_key(&placeholder.name)));
        pieces.push((&text[placeholder.span.clone()], if known { theme.accent } else { theme.error }));
        at = placeholder.span.end;
    }
    pieces.push((&text[at..], theme.plain));
    canvas.pieces(x, y, width, &pieces);
}

fn resolved_url(request: &Request, plan: &Plan) -> String {
    let rendered = template::render(&request.url, Place::Url, &plan.layers, &|_, _| Some(Secret::new(MASK)));
    rendered.text
}

enum Found {
    Value,
    Secret,
    Nothing,
}

/// Variables of the URL and the body with value and origin, those without a value first.
fn variables(request: &Request, plan: &Plan) -> Vec<(String, String, String, Found)> {
    let mut names: Vec<String> = Vec::new();
    let texts = [request.url.as_str(), request.body.text().unwrap_or("")];
    let rows = request.params.iter().chain(&request.headers).filter(|r| r.enabled);
    for text in texts.into_iter().chain(rows.map(|r| r.value.as_str())) {
        if text.len() > 64 * 1024 {
            continue;
        }
        for placeholder in template::placeholders(text) {
            if !placeholder.name.starts_with('$') && !names.contains(&placeholder.name) {
                names.push(placeholder.name);
            }
        }
    }
    let mut all: Vec<(String, String, String, Found)> = names
        .into_iter()
        .map(|name| match plan.layers.iter().find_map(|l| Some((l.variables.get(&name)?, &l.origin))) {
            Some((value, origin)) => {
                let found = if value.as_text().is_some() { Found::Value } else { Found::Secret };
                let text = crate::app::pane::environments::shown(value);
                let from =
                    if origin == "captured" { "captured".to_owned() } else { format!("from {origin}") };
                (name, text, from, found)
            }
            None => (
                name,
                "no value".to_owned(),
                "e switches, 1 edits the environment".to_owned(),
                Found::Nothing,
            ),
        })
        .collect();
    all.sort_by_key(|(.., found)| !matches!(found, Found::Nothing));
    all
}

fn tabs(
    canvas: &mut Canvas<'_>,
    state: &State,
    request: &Request,
    effective: &Auth,
    x: u16,
    y: u16,
    width: u16,
) {
    let theme = canvas.theme;
    let gap = if width < 90 { 2 } else { 3 };
    let mut at = x;
    for tab in RequestTab::ALL {
        let on = |rows: &[Row]| rows.iter().filter(|r| r.enabled).count();
        let count = match tab {
            RequestTab::Params => on(&request.params),
            RequestTab::Headers => on(&request.headers),
            RequestTab::Checks => request.captures.len() + request.checks.len(),
            _ => 0,
        };
        let extra = match tab {
            RequestTab::Auth => match effective {
                Auth::Inherit | Auth::None => String::new(),
                Auth::Profile(name) => format!(" {name}"),
                other => format!(" {}", other.kind()),
            },
            RequestTab::Body if request.body != Body::None => format!(" {}", request.body.kind()),
            _ if count > 0 => format!(" {count}"),
            _ => String::new(),
        };
        let title = if width < 74 && tab == RequestTab::Checks { "Checks" } else { tab.title() };
        let text = format!("{title}{extra}");
        let chosen = state.request.tab == tab;
        let shown =
            if chosen { format!("{}{text}{}", theme.glyphs.closed, theme.glyphs.closed_left) } else { text };
        let room = (x + width).saturating_sub(at);
        let used = canvas.text(at, y, room, &shown, if chosen { theme.title } else { theme.plain });
        canvas.hit(Rect::new(at, y, used, 1), HitTarget::RequestTab(tab));
        at += used + gap;
    }
}

fn tab_content(
    canvas: &mut Canvas<'_>,
    state: &State,
    request: &Request,
    plan: Option<&Plan>,
    area: Rect,
    focused: bool,
) {
    if area.height == 0 {
        return;
    }
    match state.request.tab {
        RequestTab::Params => {
            table(
                canvas,
                state,
                &request.params,
                plan,
                area,
                focused,
                "no parameters of its own: a adds one",
            );
        }
        RequestTab::Headers => {
            let hint = "no headers of its own: a adds one; Authorization comes from Auth";
            table(canvas, state, &request.headers, plan, area, focused, hint);
        }
        RequestTab::Auth => super::auth::draw(canvas, state, request, area, focused),
        RequestTab::Body => body(canvas, state, request, plan, area, focused),
        RequestTab::Checks => checks(canvas, state, request, area, focused),
        RequestTab::Docs => {
            text(canvas, state, &request.docs, None, area, focused, "no notes: Enter writes some")
        }
    }
}

fn table(
    canvas: &mut Canvas<'_>,
    state: &State,
    rows: &[Row],
    plan: Option<&Plan>,
    area: Rect,
    focused: bool,
    empty: &str,
) {
    let theme = canvas.theme;
    if rows.is_empty() {
        canvas.text(area.x, area.y, area.width, empty, theme.dim);
        return;
    }
    let name_width = rows.iter().map(|r| r.name.width()).max().unwrap_or(0).clamp(8, 28);
    let name_width = u16::try_from(name_width).unwrap_or(12).min(area.width / 3);
    let first = state.request.cursor.first(rows.len(), usize::from(area.height));
    for (at, row) in rows.iter().enumerate().skip(first).take(usize::from(area.height)) {
        let y = area.y + u16::try_from(at - first).unwrap_or(0);
        let strip = Rect::new(area.x, y, area.width, 1);
        canvas.hit(strip, HitTarget::Row(PaneId::Request, at));
        let (word, style) = if row.enabled { ("on ", theme.ok) } else { ("off", theme.dim) };
        canvas.text(area.x, y, 3, word, style);
        let name_x = area.x + 4;
        let value_x = name_x + name_width + 2;
        let value_width = area.right().saturating_sub(value_x);
        canvas.text(name_x, y, name_width, &row.name, if row.enabled { theme.accent } else { theme.dim });
        if row.enabled {
            with_variables(canvas, &row.value, plan, value_x, y, value_width);
        } else {
            canvas.text(value_x, y, value_width, &row.value, theme.dim);
        }
        if at == state.request.cursor.at && focused && !state.request.on_url {
            match &state.request.editing {
                Some(Editing::Cell { column: 0, edit, .. }) => {
                    canvas.line_edit(name_x, y, name_width.max(16).min(area.right() - name_x), edit, false);
                }
                Some(Editing::Cell { edit, .. }) => canvas.line_edit(value_x, y, value_width, edit, false),
                _ => canvas.paint(strip, theme.selected),
            }
        }
    }
}

fn body(
    canvas: &mut Canvas<'_>,
    state: &State,
    request: &Request,
    plan: Option<&Plan>,
    area: Rect,
    focused: bool,
) {
    let theme = canvas.theme;
    match &request.body {
        Body::None => {
            canvas.text(area.x, area.y, area.width, "no body: Enter chooses a kind", theme.dim);
        }
        Body::Form(rows) => table(canvas, state, rows, plan, area, focused, "no fields: a adds one"),
        Body::Multipart(parts) => {
            for (y, part) in (area.y..area.bottom()).zip(parts) {
                let value = match &part.content {
                    PartContent::Text(text) => text.clone(),
                    PartContent::File(path) => format!("file {path}"),
                };
                let word = if part.enabled { "on  " } else { "off " };
                canvas.pieces(
                    area.x,
                    y,
                    area.width,
                    &[
                        (word, theme.ok),
                        (&part.name, theme.accent),
                        ("  ", theme.plain),
                        (&value, theme.plain),
                    ],
                );
            }
        }
        other => text(
            canvas,
            state,
            other.text().unwrap_or(""),
            plan,
            area,
            focused,
            "empty: Enter types, E opens $EDITOR",
        ),
    }
}

fn text(
    canvas: &mut Canvas<'_>,
    state: &State,
    text: &str,
    plan: Option<&Plan>,
    area: Rect,
    focused: bool,
    empty: &str,
) {
    let theme = canvas.theme;
    if let Some(Editing::Body(input) | Editing::Docs(input)) = &state.request.editing {
        let numbers = 5.min(area.width);
        let inner = Rect::new(area.x + numbers, area.y, area.width - numbers, area.height);
        let (row, column) = input.cursor();
        let mut widget = input.widget().clone();
        widget.set_cursor_style(Style::new());
        Widget::render(&widget, inner, canvas.buffer());
        // The widget scrolls by itself; the terminal's own cursor shows where typing goes.
        if let Some(at) = cursor_cell(&widget, inner, row, column) {
            canvas.cursor(at.0, at.1);
        }
        canvas.text(area.x, area.y, numbers, &format!("{:>3}", row + 1), theme.dim);
        return;
    }
    if text.is_empty() {
        canvas.text(area.x, area.y, area.width, empty, theme.dim);
        return;
    }
    let lines: Vec<&str> = text.lines().collect();
    let first = state.request.cursor.first(lines.len(), usize::from(area.height));
    for (at, line) in lines.iter().enumerate().skip(first).take(usize::from(area.height)) {
        let y = area.y + u16::try_from(at - first).unwrap_or(0);
        let strip = Rect::new(area.x, y, area.width, 1);
        canvas.hit(strip, HitTarget::Row(PaneId::Request, at));
        if plan.is_some() {
            canvas.text(area.x, y, 4, &format!("{:>3}", at + 1), theme.dim);
            with_variables(canvas, line, plan, area.x + 5, y, area.width.saturating_sub(5));
        } else {
            canvas.text(area.x, y, area.width, line, theme.plain);
        }
        if at == state.request.cursor.at && focused && !state.request.on_url {
            canvas.paint(strip, theme.marked);
            let rect = Rect::new(area.x, y, 4.min(area.width), 1);
            canvas.paint(rect, theme.selected);
        }
    }
}

fn cursor_cell(
    widget: &ratatui_textarea::TextArea<'_>,
    area: Rect,
    row: usize,
    column: usize,
) -> Option<(u16, u16)> {
    let (top, left) = widget.scroll_offset();
    let line = widget.lines().get(row)?;
    let before: String = line.chars().take(column).collect();
    let x = u16::try_from(before.width()).ok()?.checked_sub(left)?;
    let y = u16::try_from(row).ok()?.checked_sub(top)?;
    (x < area.width && y < area.height).then_some((area.x + x, area.y + y))
}

fn checks(canvas: &mut Canvas<'_>, state: &State, request: &Request, area: Rect, focused: bool) {
    let theme = canvas.theme;
    let mut rows: Vec<(&str, String)> = Vec::new();
    rows.extend(request.captures.iter().map(|c| ("capture", capture_line(c))));
    rows.extend(request.checks.iter().map(|c| ("check", check_line(c))));
    if rows.is_empty() {
        canvas.text(area.x, area.y, area.width, "no captures and no checks: a adds one", theme.dim);
        return;
    }
    let first = state.request.cursor.first(rows.len(), usize::from(area.height));
    for (at, (word, line)) in rows.iter().enumerate().skip(first).take(usize::from(area.height)) {
        let y = area.y + u16::try_from(at - first).unwrap_or(0);
        let strip = Rect::new(area.x, y, area.width, 1);
        canvas.hit(strip, HitTarget::Row(PaneId::Request, at));
        canvas.text(area.x, y, 8, word, theme.dim);
        canvas.text(area.x + 9, y, area.width.saturating_sub(9), line, theme.plain);
        if at == state.request.cursor.at && focused && !state.request.on_url {
            canvas.paint(strip, theme.selected);
        }
    }
}
