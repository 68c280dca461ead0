//! A text of several lines being edited. The only file of the app that names a widget crate.

use super::key::{Key, KeyPress};
use ratatui_textarea::{CursorMove, Input, TextArea, WrapMode};

/// The body editor: undo, selection, word motion and scrolling are the widget's.
#[derive(Clone)]
pub struct TextInput(TextArea<'static>);

impl std::fmt::Debug for TextInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TextInput({} lines)", self.0.lines().len())
    }
}

impl TextInput {
    /// With the cursor at the start.
    pub fn new(text: &str) -> Self {
        let mut area = TextArea::from(text.split('\n').map(|l| l.trim_end_matches('\r')));
        area.set_tab_length(2);
        area.set_wrap_mode(WrapMode::None);
        area.set_cursor_line_style(ratatui::style::Style::default());
        Self(area)
    }

    /// The text, lines joined by `\n`.
    pub fn text(&self) -> String {
        self.0.lines().join("\n")
    }

    /// The widget, for drawing.
    pub fn widget(&self) -> &TextArea<'static> {
        &self.0
    }

    /// Cursor as row and column, from 0.
    pub fn cursor(&self) -> (usize, usize) {
        let at = self.0.cursor();
        (at.0, at.1)
    }

    /// Puts the cursor to a row and column.
    pub fn go(&mut self, row: usize, column: usize) {
        let clip = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        self.0.move_cursor(CursorMove::Jump(clip(row), clip(column)));
    }

    /// Takes a key; true when the text changed.
    pub fn key(&mut self, press: KeyPress) -> bool {
        use ratatui_textarea::Key as K;
        let key = match press.key {
            Key::Char(c) => K::Char(c),
            Key::Enter => {
                let indent: String =
                    self.0.lines()[self.0.cursor().0].chars().take_while(|c| *c == ' ').collect();
                self.0.insert_newline();
                self.0.insert_str(indent);
                return true;
            }
            Key::Tab => K::Tab,
            Key::Backspace => K::Backspace,
            Key::Delete => K::Delete,
            Key::Home => K::Home,
            Key::End => K::End,
            Key::PageUp => K::PageUp,
            Key::PageDown => K::PageDown,
            Key::Up => K::Up,
            Key::Down => K::Down,
            Key::Left => K::Left,
            Key::Right => K::Right,
            _ => return false,
        };
        self.0.input(Input { key, ctrl: press.ctrl, alt: press.alt, shift: press.shift })
    }

    /// Inserts pasted text as it is.
    pub fn paste(&mut self, text: &str) {
        self.0.insert_str(text.replace("\r\n", "\n").replace('\r', "\n"));
    }
}
