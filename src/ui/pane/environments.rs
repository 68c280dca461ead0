//! Pane 1.

use crate::app::focus::PaneId;
use crate::app::pane::environments::{EnvRow, shown};
use crate::app::state::State;
use crate::app::view::HitTarget;
use crate::model::value::Value;
use crate::ui::canvas::Canvas;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

/// Environments; the open one's variables below it.
pub fn draw(canvas: &mut Canvas<'_>, state: &State, rect: Rect) {
    let theme = canvas.theme;
    let focused = state.focus == PaneId::Environments;
    canvas.hit(rect, HitTarget::Pane(PaneId::Environments));
    let count = state.workspace.environments.len();
    let inside = canvas.frame(rect, "1 Environments", &count.to_string(), focused);
    let rows = state.environments.rows(&state.workspace);
    if rows.is_empty() {
        canvas.text(inside.x + 1, inside.y, inside.width, "no environment yet", theme.plain);
        canvas.pieces(
            inside.x + 1,
            inside.y + 1,
            inside.width,
            &[("a", theme.key), (" adds one", theme.plain)],
        );
        return;
    }
    canvas.height(PaneId::Environments, inside.height);
    let first = state.environments.cursor.first(rows.len(), usize::from(inside.height));
    let names = rows.iter().filter_map(|row| match row {
        EnvRow::Variable(_, name) => Some(name.width()),
        EnvRow::Environment(_) => None,
    });
    let widest = usize::from(inside.width / 2).max(12);
    let column = u16::try_from(names.filter(|n| *n <= widest).max().unwrap_or(12)).unwrap_or(12);
    for (line, row) in rows.iter().enumerate().skip(first).take(usize::from(inside.height)) {
        let y = inside.y + u16::try_from(line - first).unwrap_or(0);
        let strip = Rect::new(inside.x, y, inside.width, 1);
        canvas.hit(strip, HitTarget::Row(PaneId::Environments, line));
        match row {
            EnvRow::Environment(name) => {
                let Some(environment) = state.workspace.environment(name) else { continue };
                let on = state.environment.as_deref() == Some(name);
                let glyph = if on { theme.glyphs.on } else { theme.glyphs.off };
                let style = if environment.protected {
                    theme.danger
                } else if on {
                    theme.accent
                } else {
                    theme.plain
                };
                let used = canvas.pieces(
                    strip.x + 1,
                    y,
                    strip.width,
                    &[(glyph, theme.accent), (" ", theme.plain), (name, style)],
                );
                let info = if environment.network.insecure {
                    "insecure".to_owned()
                } else if environment.protected {
                    "protected".to_owned()
                } else {
                    plural(environment.variables.len())
                };
                let room = strip.width.saturating_sub(used + 3);
                let style = if environment.network.insecure { theme.danger } else { theme.dim };
                canvas.text_right(strip.right() - 1, y, room, &info, style);
            }
            EnvRow::Variable(environment, name) => {
                let value = state.workspace.environment(environment).and_then(|e| e.variables.get(name));
                let style = if matches!(value, Some(Value::Secret(_))) { theme.warn } else { theme.plain };
                let text = value.map(shown).unwrap_or_default();
                let used = canvas.text(strip.x + 4, y, strip.width.saturating_sub(5), name, theme.accent);
                let x = strip.x + 4 + used.max(column) + 1;
                canvas.text(x, y, strip.right().saturating_sub(x), &text, style);
            }
        }
        if line == state.environments.cursor.at {
            canvas.paint(strip, if focused { theme.selected } else { theme.marked });
        }
    }
}

fn plural(count: usize) -> String {
    if count == 1 { "1 variable".to_owned() } else { format!("{count} variables") }
}
