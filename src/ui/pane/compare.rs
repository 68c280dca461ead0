//! Before and after a fix: side by side where there is room, else one above the other.

use crate::app::pane::diagnosis::{BeforeAfter, Replay};
use crate::content::visible::visible;
use crate::ui::canvas::Canvas;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// From this width on they stand side by side.
const WIDE: u16 = 90;

/// The rows from `top` on.
pub fn draw(canvas: &mut Canvas<'_>, replay: &Replay, top: usize, area: Rect) {
    if area.width >= WIDE { beside(canvas, replay, top, area) } else { below(canvas, replay, top, area) }
}

/// The style of a side of a row: the first row is the status, its colour says how it went.
fn style(canvas: &Canvas<'_>, row: &BeforeAfter, text: &str, at: usize, changed: Style) -> Style {
    let theme = canvas.theme;
    let status = text.split(' ').next().and_then(|word| word.parse::<u16>().ok());
    match (at, status) {
        (0, Some(status)) => theme.status(status),
        (0, None) => theme.error,
        _ if row.same() => theme.plain,
        _ => changed,
    }
}

fn beside(canvas: &mut Canvas<'_>, replay: &Replay, top: usize, area: Rect) {
    let theme = canvas.theme;
    let half = area.width / 2;
    let right = area.x + half + 2;
    canvas.text(area.x + 2, area.y, half, &replay.titles[0], theme.title);
    canvas.text(right + 2, area.y, half, &replay.titles[1], theme.title);
    for y in area.y..area.bottom() {
        canvas.text(area.x + half, y, 1, theme.glyphs.side, theme.dim);
    }
    for ((at, row), y) in replay.rows.iter().enumerate().skip(top).zip(area.y + 1..area.bottom()) {
        let sides = [
            (&row.before, "- ", area.x, half.saturating_sub(1), theme.error),
            (&row.after, "+ ", right, area.right().saturating_sub(right), theme.ok),
        ];
        for (text, mark, x, width, changed) in sides {
            let Some(text) = text else { continue };
            let mark = if row.same() { "  " } else { mark };
            let style = style(canvas, row, text, at, changed);
            canvas.pieces(x, y, width, &[(mark, style), (&visible(text), style)]);
        }
    }
}

fn below(canvas: &mut Canvas<'_>, replay: &Replay, top: usize, area: Rect) {
    let theme = canvas.theme;
    let mut lines: Vec<(String, Style)> = Vec::new();
    // Status and finding first, each side as one block; then what differs, in its order.
    for (side, title) in replay.titles.iter().enumerate() {
        for (at, row) in replay.rows.iter().enumerate().take(2) {
            let text = if side == 0 { &row.before } else { &row.after };
            let Some(text) = text else { continue };
            let style = if at == 0 { style(canvas, row, text, 0, theme.plain) } else { theme.plain };
            let title = if at == 0 { title.as_str() } else { "" };
            lines.push((format!("{title:<8}{text}"), style));
        }
    }
    let mut rest = replay.rows.iter().skip(2).peekable();
    while let Some(row) = rest.next() {
        if row.same() {
            lines.push((format!("  {}", row.before.as_deref().unwrap_or_default()), theme.plain));
            continue;
        }
        let mut changed = vec![row];
        while let Some(next) = rest.next_if(|row| !row.same()) {
            changed.push(next);
        }
        let old = changed.iter().filter_map(|r| r.before.as_ref()).map(|t| (format!("- {t}"), theme.error));
        let new = changed.iter().filter_map(|r| r.after.as_ref()).map(|t| (format!("+ {t}"), theme.ok));
        lines.extend(old.chain(new));
    }
    let top = top.min(lines.len().saturating_sub(usize::from(area.height)));
    for ((text, style), y) in lines.iter().skip(top).zip(area.y..area.bottom()) {
        canvas.text(area.x, y, area.width, &visible(text), *style);
    }
}
