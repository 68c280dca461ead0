//! Keys and mouse events as the application sees them, and chords as a user writes them.
//!
//! A [`KeyPress`] is always normalised: a shifted character is the character it types, a letter
//! with Ctrl is small, Shift-Tab is [`Key::BackTab`]. So two presses are the same key exactly when they are
//! equal. What two chords look like on the wire is another matter: terminals send Ctrl-M and
//! Enter as one byte, and [`byte_identical`] says so, for the checker of key settings.

use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// One key of the keyboard, without modifiers. The space bar is `Char(' ')`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    /// A character as typed; never a control character.
    Char(char),
    /// Return, on the main block or the keypad.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift-Tab.
    BackTab,
    /// Backspace, sent as DEL or as Ctrl-H.
    Backspace,
    /// Delete forward.
    Delete,
    /// Insert.
    Insert,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// A function key, from 1.
    F(u8),
}

/// A key with its modifiers, normalised as the module says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyPress {
    /// The key.
    pub key: Key,
    /// Control was held.
    pub ctrl: bool,
    /// Alt (Option, Meta) was held.
    pub alt: bool,
    /// Shift was held and is not already part of `key`.
    pub shift: bool,
}

/// A chord that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ChordError {
    /// Nothing was written.
    #[error("a chord is empty")]
    Empty,
    /// The part after the modifiers names no key.
    #[error("`{0}` is not a key; write one character, or a name such as `enter`, `space`, `f5`, `pageup`")]
    UnknownKey(String),
    /// The part before a dash is no modifier.
    #[error("`{0}` is not a modifier; there are `ctrl`, `alt` and `shift`")]
    UnknownModifier(String),
}

/// Names of keys: the first of a key is how it is written back, the label how it is shown.
const NAMES: &[(&str, &str, Key)] = &[
    ("space", "Space", Key::Char(' ')),
    ("enter", "Enter", Key::Enter),
    ("return", "Enter", Key::Enter),
    ("esc", "Esc", Key::Esc),
    ("escape", "Esc", Key::Esc),
    ("tab", "Tab", Key::Tab),
    ("backtab", "Shift-Tab", Key::BackTab),
    ("backspace", "Backspace", Key::Backspace),
    ("delete", "Del", Key::Delete),
    ("del", "Del", Key::Delete),
    ("insert", "Ins", Key::Insert),
    ("ins", "Ins", Key::Insert),
    ("home", "Home", Key::Home),
    ("end", "End", Key::End),
    ("pageup", "PgUp", Key::PageUp),
    ("pgup", "PgUp", Key::PageUp),
    ("pagedown", "PgDn", Key::PageDown),
    ("pgdn", "PgDn", Key::PageDown),
    ("up", "Up", Key::Up),
    ("down", "Down", Key::Down),
    ("left", "Left", Key::Left),
    ("right", "Right", Key::Right),
];

impl KeyPress {
    /// A key without modifiers.
    pub fn plain(key: Key) -> Self {
        Self::new(key, false, false, false)
    }

    /// A key with modifiers, normalised.
    pub fn new(key: Key, ctrl: bool, alt: bool, shift: bool) -> Self {
        let mut press = Self { key, ctrl, alt, shift };
        match key {
            Key::Char(c) if ctrl && c.is_alphabetic() => press.key = Key::Char(one_of(c, c.to_lowercase())),
            Key::Char(c) if shift && c.is_alphabetic() => {
                press.key = Key::Char(one_of(c, c.to_uppercase()));
                press.shift = false;
            }
            // `?` already is Shift-/ on some keyboard.
            Key::Char(_) if !ctrl => press.shift = false,
            Key::Tab if shift => {
                press.key = Key::BackTab;
                press.shift = false;
            }
            Key::BackTab => press.shift = false,
            _ => {}
        }
        press
    }

    /// The character this press would type into a field: none with Ctrl or Alt.
    pub fn text(&self) -> Option<char> {
        match self.key {
            Key::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }

    /// Reads one chord: `ctrl-r`, `alt-enter`, `f5`, `space`, `G`, `?`, `^R`. Modifiers and names
    /// in any case; `+` joins as well as `-`.
    pub fn parse(text: &str) -> Result<Self, ChordError> {
        let text = text.trim();
        let (mut ctrl, mut alt, mut shift) = (false, false, false);
        let mut rest = text;
        if let Some(after) = rest.strip_prefix('^')
            && after.chars().count() == 1
        {
            ctrl = true;
            rest = after;
        }
        // A dash that ends the text is the key itself: `ctrl--`.
        while let Some(at) = rest.find(['-', '+']).filter(|at| *at > 0 && at + 1 < rest.len()) {
            match rest[..at].to_ascii_lowercase().as_str() {
                "ctrl" | "control" | "c" => ctrl = true,
                "alt" | "meta" | "option" | "a" | "m" => alt = true,
                "shift" | "s" => shift = true,
                _ => return Err(ChordError::UnknownModifier(rest[..at].to_owned())),
            }
            rest = &rest[at + 1..];
        }
        let mut chars = rest.chars();
        let key = match (chars.next(), chars.next()) {
            (None, _) => return Err(ChordError::Empty),
            (Some(c), None) if !c.is_control() => Key::Char(c),
            _ => named(rest).ok_or_else(|| ChordError::UnknownKey(rest.to_owned()))?,
        };
        Ok(Self::new(key, ctrl, alt, shift))
    }

    /// Reads keys pressed one after another, separated by spaces: `ctrl-x s`, `g u`.
    pub fn parse_sequence(text: &str) -> Result<Vec<Self>, ChordError> {
        let presses = text.split_whitespace().map(Self::parse).collect::<Result<Vec<_>, _>>()?;
        if presses.is_empty() { Err(ChordError::Empty) } else { Ok(presses) }
    }

    /// The short form for hints: `^R`, `Alt-Enter`, `Space`, `F5`, `G`.
    pub fn label(&self) -> String {
        let mut out = String::new();
        let caret = self.ctrl && !self.alt && !self.shift && matches!(self.key, Key::Char(c) if c != ' ');
        if caret {
            out.push('^');
        } else if self.ctrl {
            out.push_str("Ctrl-");
        }
        if self.alt {
            out.push_str("Alt-");
        }
        if self.shift {
            out.push_str("Shift-");
        }
        match self.key {
            Key::Char(c) if c != ' ' && self.ctrl => out.extend(c.to_uppercase()),
            Key::Char(c) if c != ' ' => out.push(c),
            Key::F(n) => out.push_str(&format!("F{n}")),
            key => out.push_str(NAMES.iter().find(|n| n.2 == key).map_or("?", |n| n.1)),
        }
        out
    }

    /// The bytes a terminal without extended keys sends for this chord; `None` where it sends
    /// nothing of its own (Ctrl-`é`).
    pub fn legacy_bytes(&self) -> Option<Vec<u8>> {
        let mut bytes = if self.alt && !matches!(self.key, Key::Char(_)) && self.escape_form().is_some() {
            Vec::new()
        } else if self.alt {
            vec![0x1b]
        } else {
            Vec::new()
        };
        if let Some(form) = self.escape_form() {
            let m = 1 + u8::from(self.shift) + 2 * u8::from(self.alt) + 4 * u8::from(self.ctrl);
            bytes.extend_from_slice(
                match (form, m) {
                    (Form::Letter(c), 1) => format!("\x1b[{c}"),
                    (Form::Letter(c), m) => format!("\x1b[1;{m}{c}"),
                    (Form::Ss3(c), 1) => format!("\x1bO{c}"),
                    (Form::Ss3(c), m) => format!("\x1b[1;{m}{c}"),
                    (Form::Number(n), 1) => format!("\x1b[{n}~"),
                    (Form::Number(n), m) => format!("\x1b[{n};{m}~"),
                }
                .as_bytes(),
            );
            return Some(bytes);
        }
        match self.key {
            Key::Enter => bytes.push(b'\r'),
            Key::Esc => bytes.push(0x1b),
            Key::Tab => bytes.push(b'\t'),
            Key::BackTab => bytes.extend_from_slice(b"\x1b[Z"),
            Key::Backspace => bytes.push(if self.ctrl { 0x08 } else { 0x7f }),
            Key::Char(c) if self.ctrl => bytes.push(control_byte(c)?),
            Key::Char(c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            _ => return None,
        }
        Some(bytes)
    }

    /// The same bytes exactly for chords that such a terminal cannot tell apart. Terminals disagree
    /// on which of two bytes Backspace is, so both are one here.
    pub fn wire_form(&self) -> Option<Vec<u8>> {
        let bytes = self.legacy_bytes()?;
        Some(bytes.into_iter().map(|b| if b == 0x08 { 0x7f } else { b }).collect())
    }

    fn escape_form(&self) -> Option<Form> {
        Some(match self.key {
            Key::Up => Form::Letter('A'),
            Key::Down => Form::Letter('B'),
            Key::Right => Form::Letter('C'),
            Key::Left => Form::Letter('D'),
            Key::Home => Form::Letter('H'),
            Key::End => Form::Letter('F'),
            Key::Insert => Form::Number(2),
            Key::Delete => Form::Number(3),
            Key::PageUp => Form::Number(5),
            Key::PageDown => Form::Number(6),
            Key::F(1) => Form::Ss3('P'),
            Key::F(2) => Form::Ss3('Q'),
            Key::F(3) => Form::Ss3('R'),
            Key::F(4) => Form::Ss3('S'),
            Key::F(n @ 5..=20) => Form::Number(function_number(n)?),
            _ => return None,
        })
    }
}

/// The shapes of an escape sequence for a key.
enum Form {
    Letter(char),
    Ss3(char),
    Number(u8),
}

/// The VT220 numbers of the function keys, which skip two places every five or six keys.
fn function_number(n: u8) -> Option<u8> {
    const NUMBERS: [u8; 20] =
        [11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 23, 24, 25, 26, 28, 29, 31, 32, 33, 34];
    NUMBERS.get(usize::from(n).checked_sub(1)?).copied()
}

fn control_byte(c: char) -> Option<u8> {
    Some(match c {
        'a'..='z' => c as u8 & 0x1f,
        ' ' | '@' | '2' => 0,
        '[' | '3' => 0x1b,
        '\\' | '4' => 0x1c,
        ']' | '5' => 0x1d,
        '^' | '6' => 0x1e,
        '/' | '_' | '7' => 0x1f,
        '?' | '8' => 0x7f,
        // xterm and its kin send the plain character for the rest of ASCII.
        '!'..='~' => c as u8,
        _ => return None,
    })
}

fn one_of(original: char, mut changed: impl Iterator<Item = char>) -> char {
    match (changed.next(), changed.next()) {
        (Some(c), None) => c,
        _ => original,
    }
}

fn named(name: &str) -> Option<Key> {
    let name = name.to_ascii_lowercase();
    if let Some(n) = name.strip_prefix('f').and_then(|n| n.parse::<u8>().ok())
        && (1..=35).contains(&n)
    {
        return Some(Key::F(n));
    }
    NAMES.iter().find(|n| n.0 == name).map(|n| n.2)
}

/// Whether a terminal without extended keys sends the same bytes for both, so that only one of
/// them can be bound: Ctrl-M and Enter, Ctrl-I and Tab, Ctrl-`[` and Esc, Ctrl-H and Backspace.
pub fn byte_identical(a: KeyPress, b: KeyPress) -> bool {
    a == b || a.wire_form().is_some_and(|bytes| b.wire_form() == Some(bytes))
}

impl fmt::Display for KeyPress {
    /// As [`KeyPress::parse`] reads it back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, name) in [(self.ctrl, "ctrl-"), (self.alt, "alt-"), (self.shift, "shift-")] {
            if held {
                f.write_str(name)?;
            }
        }
        match self.key {
            Key::Char(c) if c != ' ' => write!(f, "{c}"),
            Key::F(n) => write!(f, "f{n}"),
            key => f.write_str(NAMES.iter().find(|n| n.2 == key).map_or("?", |n| n.0)),
        }
    }
}

impl FromStr for KeyPress {
    type Err = ChordError;

    fn from_str(text: &str) -> Result<Self, ChordError> {
        Self::parse(text)
    }
}

/// Buttons of the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Button {
    /// The main button.
    Left,
    /// The wheel pressed.
    Middle,
    /// The other button.
    Right,
}

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MouseKind {
    /// A button went down.
    Down(Button),
    /// A button came up.
    Up(Button),
    /// The pointer moved with a button down.
    Drag(Button),
    /// One notch of the wheel away from the user.
    ScrollUp,
    /// One notch of the wheel towards the user.
    ScrollDown,
    /// The pointer moved with no button down.
    Moved,
}

/// A mouse event with the cell it happened in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MouseEvent {
    /// What happened.
    pub kind: MouseKind,
    /// Column from 0.
    pub column: u16,
    /// Row from 0.
    pub row: u16,
    /// Control was held.
    pub ctrl: bool,
    /// Alt was held.
    pub alt: bool,
    /// Shift was held; most terminals keep these for their own selection.
    pub shift: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chord(text: &str) -> KeyPress {
        KeyPress::parse(text).unwrap()
    }

    #[test]
    fn chords_are_read_written_and_labelled() {
        for (written, canonical, label) in [
            ("ctrl-r", "ctrl-r", "^R"),
            ("Ctrl+R", "ctrl-r", "^R"),
            ("^R", "ctrl-r", "^R"),
            ("alt-enter", "alt-enter", "Alt-Enter"),
            ("f5", "f5", "F5"),
            ("shift-f5", "shift-f5", "Shift-F5"),
            ("space", "space", "Space"),
            ("ctrl-space", "ctrl-space", "Ctrl-Space"),
            ("G", "G", "G"),
            ("shift-g", "G", "G"),
            ("?", "?", "?"),
            ("-", "-", "-"),
            ("+", "+", "+"),
            ("^", "^", "^"),
            ("ctrl--", "ctrl--", "^-"),
            ("shift-tab", "backtab", "Shift-Tab"),
            ("PgDn", "pagedown", "PgDn"),
            ("ctrl-alt-delete", "ctrl-alt-delete", "Ctrl-Alt-Del"),
        ] {
            let press = chord(written);
            assert_eq!(press.to_string(), canonical, "{written}");
            assert_eq!(press.label(), label, "{written}");
            assert_eq!(chord(&press.to_string()), press, "{written}");
        }
    }

    #[test]
    fn a_wrong_chord_says_which_part_is_wrong() {
        assert_eq!(KeyPress::parse(""), Err(ChordError::Empty));
        assert_eq!(KeyPress::parse("ctrl-bogus"), Err(ChordError::UnknownKey("bogus".into())));
        assert_eq!(KeyPress::parse("hyper-x"), Err(ChordError::UnknownModifier("hyper".into())));
        assert!(KeyPress::parse("f99").is_err());
    }

    #[test]
    fn a_sequence_is_split_at_spaces() {
        assert_eq!(KeyPress::parse_sequence("ctrl-x s").unwrap(), [chord("^X"), chord("s")]);
        assert_eq!(KeyPress::parse_sequence("  "), Err(ChordError::Empty));
    }

    #[test]
    fn chords_that_share_bytes_are_known() {
        for (a, b) in [
            ("ctrl-m", "enter"),
            ("ctrl-i", "tab"),
            ("ctrl-[", "esc"),
            ("ctrl-h", "backspace"),
            ("ctrl-enter", "enter"),
            ("shift-enter", "enter"),
            ("ctrl-/", "ctrl-_"),
            ("ctrl-shift-r", "ctrl-r"),
            ("alt-ctrl-m", "alt-enter"),
        ] {
            assert!(byte_identical(chord(a), chord(b)), "{a} and {b}");
        }
        for (a, b) in [("ctrl-j", "enter"), ("alt-enter", "enter"), ("G", "g"), ("ctrl-up", "up")] {
            assert!(!byte_identical(chord(a), chord(b)), "{a} and {b}");
        }
    }
}
