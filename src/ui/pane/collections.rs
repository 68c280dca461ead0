//! Pane 2.

use crate::app::focus::PaneId;
use crate::app::list::Cursor;
use crate::app::pane::collections::Outcome;
use crate::app::state::State;
use crate::app::view::HitTarget;
use crate::ui::canvas::Canvas;
use ratatui::layout::Rect;

/// The tree of requests.
pub fn draw(canvas: &mut Canvas<'_>, state: &State, rect: Rect) {
    let theme = canvas.theme;
    let focused = state.focus == PaneId::Collections;
    canvas.hit(rect, HitTarget::Pane(PaneId::Collections));
    let rows = state.collections.rows();
    let requests = rows.iter().filter(|r| r.method.is_some()).count();
    let problems = state.workspace.problems.len();
    let info = if problems > 0 { format!("!{problems} broken") } else { requests.to_string() };
    let inside = canvas.frame(rect, "2 Collections", &info, focused);
    if rows.is_empty() {
        let lines: [&[(&str, ratatui::style::Style)]; 4] = [
            &[("no requests yet", theme.plain)],
            &[("a", theme.key), (" adds a collection", theme.plain)],
            &[("I", theme.key), (" imports a credentials file", theme.plain)],
            &[("?", theme.key), (" shows all keys", theme.plain)],
        ];
        for (at, line) in (0..).zip(lines) {
            if at < inside.height {
                canvas.pieces(inside.x + 1, inside.y + at, inside.width, line);
            }
        }
        return;
    }
    canvas.height(PaneId::Collections, inside.height);
    let at = state.collections.at();
    let first = Cursor { at, top: state.collections.top }.first(rows.len(), usize::from(inside.height));
    for (line, row) in rows.iter().enumerate().skip(first).take(usize::from(inside.height)) {
        let y = inside.y + u16::try_from(line - first).unwrap_or(0);
        let strip = Rect::new(inside.x, y, inside.width, 1);
        canvas.hit(strip, HitTarget::Row(PaneId::Collections, line));
        let mut x = strip.x + 1 + u16::try_from(row.depth * 2).unwrap_or(0).min(strip.width);
        let room = |x: u16| strip.right().saturating_sub(x);
        match &row.method {
            None => {
                let glyph = if row.folded { theme.glyphs.closed } else { theme.glyphs.open };
                canvas.pieces(
                    x,
                    y,
                    room(x),
                    &[(glyph, theme.accent), (" ", theme.plain), (&row.name, theme.title)],
                );
            }
            Some(method) => {
                let short: String = method.chars().take(6).collect();
                canvas.text(x, y, room(x), &short, theme.method(method));
                x += 6;
                let unsaved = state.request.drafts.get(&row.path).is_some_and(|d| d.is_changed());
                let (outcome, style) = match state.collections.outcomes.get(&row.path) {
                    Some(Outcome::Status(status)) => (status.to_string(), theme.status(*status)),
                    Some(Outcome::Failed) => ("fail".to_owned(), theme.error),
                    None => (String::new(), theme.plain),
                };
                let mark = if unsaved { "*" } else { "" };
                let edge = format!("{mark}{outcome}");
                let width = u16::try_from(edge.len()).unwrap_or(0);
                canvas.text(x, y, room(x).saturating_sub(width + 2), &row.name, theme.plain);
                canvas.text_right(strip.right() - 1, y, width, &edge, style);
            }
        }
        if line == at {
            canvas.paint(strip, if focused { theme.selected } else { theme.marked });
        }
    }
}
