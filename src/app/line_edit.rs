//! One line of text being edited: URL, names, values, prompts.

use super::key::{Key, KeyPress};
use unicode_segmentation::UnicodeSegmentation;

/// A text with a cursor. Newlines cannot be typed; pasted ones become spaces.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct LineEdit {
    text: String,
    /// Byte offset, always at a grapheme boundary.
    cursor: usize,
}

impl std::fmt::Debug for LineEdit {
    /// Without the text: it may be a passphrase being typed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LineEdit({} bytes)", self.text.len())
    }
}

impl LineEdit {
    /// With the cursor at the end.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { cursor: text.len(), text }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text before the cursor, for drawing.
    pub fn before(&self) -> &str {
        &self.text[..self.cursor]
    }

    /// Inserts at the cursor.
    pub fn insert(&mut self, text: &str) {
        let clean: String = text
            .trim_end_matches(['\r', '\n'])
            .chars()
            .map(|c| if c == '\n' || c == '\r' || c == '\t' { ' ' } else { c })
            .filter(|c| !c.is_control())
            .collect();
        self.text.insert_str(self.cursor, &clean);
        self.cursor += clean.len();
    }

    /// Takes a key; false when it means nothing here.
    pub fn key(&mut self, press: KeyPress) -> bool {
        match (press.key, press.ctrl, press.alt) {
            (Key::Char(c), false, false) => self.insert(c.encode_utf8(&mut [0; 4])),
            (Key::Backspace, false, false) => self.delete(self.previous(), self.cursor),
            (Key::Delete, ..) | (Key::Char('d'), true, _) => self.delete(self.cursor, self.next()),
            (Key::Char('w'), true, _) | (Key::Backspace, _, true) | (Key::Backspace, true, _) => {
                self.delete(self.word_start(), self.cursor);
            }
            (Key::Char('u'), true, _) => self.delete(0, self.cursor),
            (Key::Char('k'), true, _) => self.delete(self.cursor, self.text.len()),
            (Key::Left, true, _) | (Key::Char('b'), _, true) => self.cursor = self.word_start(),
            (Key::Right, true, _) | (Key::Char('f'), _, true) => self.cursor = self.word_end(),
            (Key::Left, ..) => self.cursor = self.previous(),
            (Key::Right, ..) => self.cursor = self.next(),
            (Key::Home, ..) => self.cursor = 0,
            (Key::End, ..) | (Key::Char('e'), true, _) => self.cursor = self.text.len(),
            _ => return false,
        }
        true
    }

    fn delete(&mut self, from: usize, to: usize) {
        self.text.replace_range(from..to, "");
        self.cursor = from;
    }

    fn previous(&self) -> usize {
        self.before().grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn next(&self) -> usize {
        self.text[self.cursor..].graphemes(true).next().map_or(self.cursor, |g| self.cursor + g.len())
    }

    fn word_start(&self) -> usize {
        self.before().unicode_word_indices().next_back().map_or(0, |(at, _)| at)
    }

    fn word_end(&self) -> usize {
        let rest = &self.text[self.cursor..];
        rest.unicode_word_indices().next().map_or(self.text.len(), |(at, w)| self.cursor + at + w.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(key: Key) -> KeyPress {
        KeyPress { key, ctrl: false, alt: false, shift: false }
    }

    #[test]
    fn backspace_takes_a_whole_grapheme() {
        let mut line = LineEdit::new("ae\u{301}");
        line.key(press(Key::Backspace));
        assert_eq!(line.text(), "a");
    }

    #[test]
    fn a_pasted_newline_never_ends_the_line() {
        let mut line = LineEdit::new("");
        line.insert("a\nb\r\n");
        assert_eq!(line.text(), "a b");
    }

    #[test]
    fn ctrl_w_deletes_the_word_before() {
        let mut line = LineEdit::new("https://host/path");
        line.key(KeyPress { key: Key::Char('w'), ctrl: true, alt: false, shift: false });
        assert_eq!(line.text(), "https://host/");
    }
}
