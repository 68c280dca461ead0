//! Cells into bytes: one write a frame, and no byte that changes nothing.
//!
//! The style and the place of the cursor are known from what was written before, so only
//! differences go out. A frame without content is not written at all. Nothing ever asks the
//! terminal a question: the answer would arrive among the keys.

mod look;
#[cfg(test)]
mod tests;

use look::{Look, PLAIN};
use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::Modifier;
use std::io::{self, Write};
use unicode_width::UnicodeWidthStr;

/// A frame below this is written whole by every terminal, and goes without the sixteen bytes that
/// ask for it to be shown at once.
const SYNCHRONIZED_FROM: usize = 512;

/// What can be told from a blank; the rest of a look is not worth a byte there.
const SEEN_ON_BLANK: Modifier = Modifier::UNDERLINED.union(Modifier::REVERSED).union(Modifier::CROSSED_OUT);

/// A ratatui backend over any writer; the size is asked of `size`.
pub struct ScreenBackend<W> {
    writer: W,
    size: fn(&W) -> io::Result<(u16, u16)>,
    /// The frame being made.
    frame: Vec<u8>,
    /// Where the terminal's cursor is, if that is certain.
    at: Option<Position>,
    look: Look,
    cursor_shown: bool,
    /// How wide the terminal was when last asked: where a line ends.
    columns: std::cell::Cell<u16>,
    /// Frames are shown at once by terminals that can (mode 2026).
    pub synchronized: bool,
    /// No colour is written, only attributes.
    pub monochrome: bool,
}

impl<W: Write> ScreenBackend<W> {
    /// A backend whose terminal has just been entered: cleared, cursor hidden.
    pub fn new(writer: W, size: fn(&W) -> io::Result<(u16, u16)>) -> Self {
        Self {
            writer,
            size,
            frame: Vec::with_capacity(16 * 1024),
            at: None,
            look: PLAIN,
            cursor_shown: false,
            columns: std::cell::Cell::new(0),
            synchronized: true,
            monochrome: false,
        }
    }

    /// Forgets what the terminal shows, after others wrote to it.
    pub fn forget(&mut self) {
        self.frame.clear();
        self.at = None;
        self.look = PLAIN;
        self.cursor_shown = false;
    }

    /// Writes bytes that are no part of a frame and move no cursor, such as a copy by OSC 52.
    pub fn write_aside(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes)?;
        self.writer.flush()
    }

    fn put(&mut self, text: &str) {
        self.frame.extend_from_slice(text.as_bytes());
    }

    fn go(&mut self, x: u16, y: u16) {
        match self.at {
            Some(at) if at.x == x && at.y == y => return,
            Some(at) if at.y == y && at.x < x => match x - at.x {
                1 => self.put("\x1b[C"),
                n => self.put(&format!("\x1b[{n}C")),
            },
            Some(at) if at.y == y && x == 0 => self.put("\r"),
            Some(at) if y == at.y + 1 && x == 0 => self.put("\r\n"),
            _ => match (x, y) {
                (0, 0) => self.put("\x1b[H"),
                (0, y) => self.put(&format!("\x1b[{}H", y + 1)),
                (x, y) => self.put(&format!("\x1b[{};{}H", y + 1, x + 1)),
            },
        }
        self.at = Some(Position { x, y });
    }

    fn wear(&mut self, look: Look) {
        if look == self.look {
            return;
        }
        let codes = look.after(self.look);
        self.put(&format!("\x1b[{codes}m"));
        self.look = look;
    }
}

impl<W: Write> Backend for ScreenBackend<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        for (x, y, cell) in content {
            let mut look =
                Look { fg: cell.fg, bg: cell.bg, underline: cell.underline_color, modifier: cell.modifier };
            if self.monochrome {
                look = Look { modifier: look.modifier, ..PLAIN };
            }
            self.go(x, y);
            let symbol = cell.symbol();
            let blank = symbol == " "
                && look.bg == self.look.bg
                && !(look.modifier | self.look.modifier).intersects(SEEN_ON_BLANK);
            if !blank {
                self.wear(look);
            }
            self.put(symbol);
            // Terminals disagree on the width of anything but plain narrow characters, and on
            // where the cursor is after the last column.
            let narrow = symbol.is_ascii() || (symbol.chars().count() == 1 && symbol.width() == 1);
            self.at = (narrow && x + 1 < self.columns.get()).then_some(Position { x: x + 1, y });
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.cursor_shown) {
            self.put("\x1b[?25l");
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.cursor_shown, true) {
            self.put("\x1b[?25h");
        }
        Ok(())
    }

    /// What we know, never what the terminal would say.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.at.unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        self.go(position.x, position.y);
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        // The background of the moment would fill the room.
        self.wear(PLAIN);
        // A window that changes its size may move the cursor.
        self.at = None;
        self.put(match region {
            ClearType::All => "\x1b[2J",
            ClearType::AfterCursor => "\x1b[J",
            ClearType::BeforeCursor => "\x1b[1J",
            ClearType::CurrentLine => "\x1b[2K",
            ClearType::UntilNewLine => "\x1b[K",
        });
        Ok(())
    }

    fn size(&self) -> io::Result<Size> {
        let (width, height) = (self.size)(&self.writer)?;
        self.columns.set(width);
        Ok(Size { width, height })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: Backend::size(self)?, pixels: Size::ZERO })
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.frame.is_empty() {
            return Ok(());
        }
        self.wear(PLAIN);
        let mut frame = std::mem::take(&mut self.frame);
        if self.synchronized && frame.len() >= SYNCHRONIZED_FROM {
            frame.splice(..0, *b"\x1b[?2026h");
            frame.extend_from_slice(b"\x1b[?2026l");
        }
        let written = self.writer.write_all(&frame).and_then(|()| self.writer.flush());
        frame.clear();
        self.frame = frame;
        if written.is_err() {
            self.at = None;
        }
        written
    }
}
