//! An OAuth profile as a form: keys, what they say, and a line about the one under the cursor.

use super::canvas::Canvas;
use super::overlay::{window, wrap};
use crate::app::list::Cursor;
use crate::app::profile_form::FieldKind;
use crate::app::state::State;
use crate::app::update::form_fields;
use crate::app::view::HitTarget;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

/// Rows below the list: the explanation.
const HELP: u16 = 2;

/// The form.
pub fn draw(canvas: &mut Canvas<'_>, state: &State, area: Rect, name: &str, cursor: Cursor) {
    let theme = canvas.theme;
    let fields = form_fields(&state.workspace, name);
    let wanted = u16::try_from(fields.len()).unwrap_or(u16::MAX).saturating_add(HELP + 3);
    let height = wanted.min(area.height.saturating_sub(2)).max(5);
    let title = format!("Profile {name} (auth/{name}.toml)");
    let inside = window(canvas, area, 96, height, &title, "Enter edits · x clears · u undoes · Esc");
    let list = Rect { height: inside.height.saturating_sub(HELP), ..inside };
    canvas.overlay_height(list.height);
    let key_width = fields.iter().map(|f| f.key.width()).max().unwrap_or(8);
    let key_width = u16::try_from(key_width).unwrap_or(24).min(inside.width / 2);
    let first = cursor.first(fields.len(), usize::from(list.height));
    for ((at, field), y) in fields.iter().enumerate().skip(first).zip(list.y..list.bottom()) {
        let strip = Rect::new(list.x, y, list.width, 1);
        canvas.hit(strip, HitTarget::OverlayRow(at));
        canvas.text(list.x + 1, y, key_width, field.key, theme.accent);
        let x = list.x + key_width + 3;
        let room = list.right().saturating_sub(x + 1);
        let (text, style) = match (field.value.as_str(), field.kind) {
            ("", _) => ("-", theme.dim),
            (value, FieldKind::Flag) => (value, if value == "no" { theme.dim } else { theme.warn }),
            (value, _) => (value, theme.plain),
        };
        canvas.text(x, y, room, text, style);
        if at == cursor.at {
            canvas.paint(strip, theme.selected);
        }
    }
    if fields.is_empty() {
        canvas.text(list.x + 1, list.y, list.width, "this profile is gone", theme.error);
    }
    if let Some(field) = fields.get(cursor.at) {
        let room = inside.width.saturating_sub(2);
        for (y, line) in (list.bottom()..inside.bottom()).zip(wrap(field.help, usize::from(room))) {
            canvas.text(inside.x + 1, y, room, &line, theme.ok);
        }
    }
}
