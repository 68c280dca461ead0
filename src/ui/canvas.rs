//! Writes texts into cells: clipped by width, foreign text made safe, clickable places remembered.

use super::theme::Theme;
use crate::app::focus::PaneId;
use crate::app::view::{Hit, HitTarget, Viewport};
use crate::content::visible::visible;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// A frame being drawn.
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    /// Colours and glyphs.
    pub theme: &'a Theme,
    view: Viewport,
    cursor: Option<Position>,
}

impl<'a> Canvas<'a> {
    /// Over an empty buffer.
    pub fn new(buffer: &'a mut Buffer, theme: &'a Theme) -> Self {
        Self { buffer, theme, view: Viewport::default(), cursor: None }
    }

    /// What the frame told.
    pub fn finish(self) -> (Viewport, Option<Position>) {
        (self.view, self.cursor)
    }

    /// Writes a text, at most `width` columns; what does not fit ends in `…`. Gives the columns used.
    pub fn text(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
        let area = self.buffer.area;
        if y >= area.bottom() || x >= area.right() || width == 0 {
            return 0;
        }
        let room = usize::from(width.min(area.right() - x));
        let safe = visible(text);
        let safe = safe.as_ref();
        if safe.width() <= room {
            let (end, _) = self.buffer.set_stringn(x, y, safe, room, style);
            return end - x;
        }
        let mut used = 0;
        let mut cut = 0;
        for (at, grapheme) in safe.grapheme_indices(true) {
            let wide = grapheme.width();
            if used + wide > room.saturating_sub(1) {
                break;
            }
            used += wide;
            cut = at + grapheme.len();
        }
        let (end, _) = self.buffer.set_stringn(x, y, &safe[..cut], room, style);
        let (end, _) = self.buffer.set_stringn(end, y, self.theme.glyphs.cut, 1, self.theme.dim);
        end - x
    }

    /// Writes pieces one after another. Gives the columns used.
    pub fn pieces(&mut self, x: u16, y: u16, width: u16, pieces: &[(&str, Style)]) -> u16 {
        let mut used = 0;
        for (text, style) in pieces {
            if used >= width {
                break;
            }
            used += self.text(x + used, y, width - used, text, *style);
        }
        used
    }

    /// Writes a text that ends at `right` (exclusive), if it fits in `width`. Gives the columns used.
    pub fn text_right(&mut self, right: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
        let safe = visible(text).into_owned();
        let wide = u16::try_from(safe.width()).unwrap_or(u16::MAX);
        if wide > width || wide > right {
            return 0;
        }
        self.text(right - wide, y, wide, &safe, style)
    }

    /// Styles a row of cells.
    pub fn paint(&mut self, rect: Rect, style: Style) {
        self.buffer.set_style(rect.intersection(self.buffer.area), style);
    }

    /// Empties cells.
    pub fn clear(&mut self, rect: Rect) {
        let rect = rect.intersection(self.buffer.area);
        for y in rect.top()..rect.bottom() {
            for x in rect.left()..rect.right() {
                self.buffer[(x, y)].reset();
            }
        }
    }

    /// A frame with a title on the left and an information on the right. The focused one has a heavy
    /// top line and nothing else differs, so that moving the focus repaints two lines. Gives the inside.
    pub fn frame(&mut self, rect: Rect, title: &str, info: &str, focused: bool) -> Rect {
        if rect.width < 2 || rect.height < 2 {
            return Rect::new(rect.x, rect.y, 0, 0);
        }
        let glyphs = self.theme.glyphs;
        let line = if focused { glyphs.heavy } else { glyphs.line };
        let (left, right) = (rect.left(), rect.right() - 1);
        let (top, bottom) = (rect.top(), rect.bottom() - 1);
        let style = self.theme.dim;
        let top_style = if focused { self.theme.accent } else { style };
        for x in left + 1..right {
            self.set(x, top, line, top_style);
            self.set(x, bottom, glyphs.line, style);
        }
        for y in top + 1..bottom {
            self.set(left, y, glyphs.side, style);
            self.set(right, y, glyphs.side, style);
        }
        for ((x, y), corner) in
            [(left, top), (right, top), (left, bottom), (right, bottom)].into_iter().zip(glyphs.corners)
        {
            self.set(x, y, corner, style);
        }
        let room = rect.width.saturating_sub(6);
        let title_style = if focused { self.theme.title } else { self.theme.plain };
        let used = self.text(left + 2, top, room, &format!(" {title} "), title_style);
        if !info.is_empty() {
            let room = room.saturating_sub(used + 1);
            self.text_right(right - 1, top, room, &format!(" {info} "), self.theme.plain);
        }
        Rect::new(left + 1, top + 1, rect.width - 2, rect.height - 2)
    }

    fn set(&mut self, x: u16, y: u16, symbol: &str, style: Style) {
        if let Some(cell) = self.buffer.cell_mut((x, y)) {
            cell.set_symbol(symbol).set_style(style);
        }
    }

    /// Remembers a clickable place.
    pub fn hit(&mut self, rect: Rect, target: HitTarget) {
        let (x, y, width, height) = (rect.x, rect.y, rect.width, rect.height);
        self.view.hits.push(Hit { x, y, width, height, target });
    }

    /// Remembers how many rows a pane's list has.
    pub fn height(&mut self, pane: PaneId, rows: u16) {
        self.view.heights[usize::from(pane.number()) - 1] = rows;
    }

    /// Remembers how many rows the overlay's list has.
    pub fn overlay_height(&mut self, rows: u16) {
        self.view.overlay_height = rows;
    }

    /// Remembers how far the overlay's text can scroll.
    pub fn text_last_top(&mut self, row: usize) {
        self.view.text_last_top = row;
    }

    /// Places drawn so far.
    pub fn hits(&self) -> &[Hit] {
        &self.view.hits
    }

    /// Puts the terminal's cursor.
    pub fn cursor(&mut self, x: u16, y: u16) {
        self.cursor = Some(Position::new(x, y));
    }

    /// Takes the terminal's cursor away (something lies above it).
    pub fn no_cursor(&mut self) {
        self.cursor = None;
    }

    /// The buffer, for widgets.
    pub fn buffer(&mut self) -> &mut Buffer {
        self.buffer
    }

    /// An edited line: scrolled so that the cursor is visible; the cursor is put.
    pub fn line_edit(
        &mut self,
        x: u16,
        y: u16,
        width: u16,
        edit: &crate::app::line_edit::LineEdit,
        dots: bool,
    ) {
        let dots_of = |text: &str| "•".repeat(text.graphemes(true).count());
        let (all, before) = if dots {
            (dots_of(edit.text()), dots_of(edit.before()))
        } else {
            (edit.text().to_owned(), edit.before().to_owned())
        };
        self.line_edit_as(x, y, width, &all, &before);
    }

    /// An edited line whose text is shown as something else; `before` is the part before the cursor.
    pub fn line_edit_as(&mut self, x: u16, y: u16, width: u16, all: &str, before: &str) {
        if width == 0 {
            return;
        }
        let room = usize::from(width).saturating_sub(1);
        let mut skip = 0;
        let mut hidden = 0;
        let before_width = before.width();
        for grapheme in before.graphemes(true) {
            if before_width - hidden <= room {
                break;
            }
            hidden += grapheme.width();
            skip += grapheme.len();
        }
        let style = self.theme.plain.add_modifier(ratatui::style::Modifier::UNDERLINED);
        for column in 0..width {
            self.set(x + column, y, " ", style);
        }
        let shown = &all[skip.min(all.len())..];
        let _ = self.buffer.set_stringn(x, y, visible(shown).as_ref(), usize::from(width), style);
        let at = u16::try_from(before_width - hidden).unwrap_or(0);
        self.cursor(x + at.min(width.saturating_sub(1)), y);
    }
}
