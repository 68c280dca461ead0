//! Draws the state. Reads it, never changes it; what the app must know of the screen is returned.

mod canvas;
mod format;
mod header;
mod layout;
mod lit;
mod login;
mod overlay;
mod pane;
mod profile;
mod qr;
#[cfg(test)]
mod tests;
pub mod theme;

use crate::app::event::Cx;
use crate::app::focus::PaneId;
use crate::app::overlay::Overlay;
use crate::app::state::State;
use crate::app::view::Viewport;
use canvas::Canvas;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use theme::Theme;

/// One frame. Gives what the app must know of it, and where the cursor stands.
pub fn draw(state: &State, theme: &Theme, cx: &Cx, buffer: &mut Buffer) -> (Viewport, Option<Position>) {
    let told = paint(state, theme, cx, buffer);
    if theme.glyphs.side.is_ascii() {
        plain_words(buffer);
    }
    told
}

/// The marks that stand within our words, for terminals that would show their bytes.
fn plain_words(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let plain = match cell.symbol() {
            "·" | "—" => "-",
            "•" => "*",
            "…" => "~",
            "→" => ">",
            _ => continue,
        };
        cell.set_symbol(plain);
    }
}

fn paint(state: &State, theme: &Theme, cx: &Cx, buffer: &mut Buffer) -> (Viewport, Option<Position>) {
    let area = buffer.area;
    let mut canvas = Canvas::new(buffer, theme);
    if area.width < layout::MIN_WIDTH || area.height < layout::MIN_HEIGHT {
        canvas.text(area.x, area.y, area.width, "too small: 20x5 is needed", theme.plain);
        return canvas.finish();
    }
    let layout = layout::layout(state, area);
    header::draw(&mut canvas, state, cx, layout.header);
    for (pane, rect) in &layout.panes {
        draw_pane(&mut canvas, state, cx, *pane, *rect);
    }
    if let Some((pane, rect)) = layout.drawer {
        canvas.clear(rect);
        draw_pane(&mut canvas, state, cx, pane, rect);
    }
    header::hints(&mut canvas, state, layout.hints);
    header::toast(&mut canvas, state, layout.toast);
    overlay::draw(&mut canvas, state, cx, area);
    if matches!(state.overlays.last(), Some(Overlay::Login)) {
        // It covers the message's row too.
        header::toast(&mut canvas, state, layout.toast);
    }
    canvas.finish()
}

fn draw_pane(canvas: &mut Canvas<'_>, state: &State, cx: &Cx, pane: PaneId, rect: Rect) {
    match pane {
        PaneId::Environments => pane::environments::draw(canvas, state, rect),
        PaneId::Collections => pane::collections::draw(canvas, state, rect),
        PaneId::Request => pane::request::draw(canvas, state, rect),
        PaneId::Token => pane::token::draw(canvas, state, cx, rect),
        PaneId::Jwt => pane::jwt::draw(canvas, state, cx, rect),
        PaneId::Response => pane::response::draw(canvas, state, cx, rect),
    }
}
