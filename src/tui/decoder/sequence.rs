//! What a complete CSI or SS3 sequence means: xterm, rxvt, the Linux console, kitty's CSI u and
//! xterm's modifyOtherKeys. `None` for replies and for what nobody knows.

use super::Decoded;
use crate::app::key::{Button, Key, KeyPress, MouseEvent, MouseKind};

/// Modifiers as xterm counts them: a number one above the sum of 1 shift, 2 alt, 4 ctrl.
#[derive(Clone, Copy)]
struct Modifiers {
    bits: u32,
}

impl Modifiers {
    fn of(number: Option<u32>, alt: bool) -> Self {
        // Meta (32) is what some keyboards have for Alt.
        let bits = number.unwrap_or(1).saturating_sub(1);
        let meta = alt || bits & 0x22 != 0;
        Self { bits: bits & 0b101 | u32::from(meta) << 1 }
    }

    fn press(self, key: Key) -> KeyPress {
        KeyPress::new(key, self.bits & 4 != 0, self.bits & 2 != 0, self.bits & 1 != 0)
    }
}

/// A CSI sequence without its introducer: parameter and intermediate bytes, and the last byte.
pub(super) fn csi(parameters: &[u8], last: u8, alt: bool) -> Option<Decoded> {
    if let [b'<', mouse @ ..] = parameters {
        return sgr_mouse(mouse, last).map(Decoded::Mouse);
    }
    if let [b'[', rest @ ..] = parameters {
        let n = last.checked_sub(b'A').filter(|n| *n < 5 && rest.is_empty())?;
        return Some(Decoded::Key(Modifiers::of(None, alt).press(Key::F(n + 1))));
    }
    // `?`, `>`, `=` and intermediate bytes mark replies.
    if !parameters.iter().all(|b| matches!(b, b'0'..=b'9' | b';' | b':')) {
        return None;
    }
    let fields: Vec<Vec<Option<u32>>> = parameters
        .split(|b| *b == b';')
        .map(|field| field.split(|b| *b == b':').map(number).collect())
        .collect();
    let at = |field: usize, sub: usize| fields.get(field).and_then(|f| f.get(sub).copied().flatten());
    if at(1, 1) == Some(3) {
        return None; // a key released
    }
    let first = at(0, 0);
    let modifiers = Modifiers::of(at(1, 0), alt);
    let press = match last {
        b'A'..=b'D' | b'F' | b'H' | b'P' | b'Q' | b'S' => {
            // Old xterms write the modifier alone.
            let modifiers = match (first, fields.len()) {
                (Some(m @ 2..=16), 1) => Modifiers::of(Some(m), alt),
                (None | Some(1), _) => modifiers,
                _ => return None,
            };
            modifiers.press(letter(last)?)
        }
        // With parameters this is the cursor position a terminal was asked for.
        b'R' if parameters.is_empty() => modifiers.press(Key::F(3)),
        b'Z' => Modifiers::of(at(1, 0), alt).press(Key::BackTab),
        b'a'..=b'd' if parameters.is_empty() => Modifiers::of(Some(2), alt).press(letter(last - 32)?),
        b'~' if first == Some(27) => character(at(2, 0)?, modifiers)?,
        b'~' => modifiers.press(numbered(first?)?),
        b'$' => Modifiers::of(Some(2), alt).press(numbered(first?)?),
        b'^' => Modifiers::of(Some(5), alt).press(numbered(first?)?),
        b'@' => Modifiers::of(Some(6), alt).press(numbered(first?)?),
        b'u' => {
            // `code:shifted ; modifiers:event ; text`: the text is what the layout makes of it.
            let code = first?;
            let shifted = at(2, 0).or(at(0, 1)).filter(|_| modifiers.bits & 5 == 1);
            character(shifted.unwrap_or(code), modifiers)?
        }
        _ => return None,
    };
    Some(Decoded::Key(press))
}

/// An SS3 sequence: keypad and function keys, rxvt's Ctrl-arrows.
pub(super) fn ss3(parameters: &[u8], last: u8, alt: bool) -> Option<KeyPress> {
    let modifier = parameters.split(|b| *b == b';').next_back().and_then(number);
    let modifiers = Modifiers::of(modifier, alt);
    Some(match last {
        b'A'..=b'D' | b'F' | b'H' | b'P'..=b'S' => modifiers.press(letter(last)?),
        b'a'..=b'd' => Modifiers::of(Some(5), alt).press(letter(last - 32)?),
        b'M' => modifiers.press(Key::Enter),
        b'I' => modifiers.press(Key::Tab),
        b' ' => modifiers.press(Key::Char(' ')),
        b'X' => modifiers.press(Key::Char('=')),
        b'j'..=b'y' => modifiers.press(Key::Char(char::from(last - 0x40))),
        _ => return None,
    })
}

fn number(digits: &[u8]) -> Option<u32> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn letter(last: u8) -> Option<Key> {
    Some(match last {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'F' => Key::End,
        b'H' => Key::Home,
        b'P'..=b'S' => Key::F(last - b'O'),
        _ => return None,
    })
}

fn numbered(n: u32) -> Option<Key> {
    Some(match n {
        1 | 7 => Key::Home,
        2 => Key::Insert,
        3 => Key::Delete,
        4 | 8 => Key::End,
        5 => Key::PageUp,
        6 => Key::PageDown,
        11..=15 => Key::F((n - 10) as u8),
        17..=21 => Key::F((n - 11) as u8),
        23..=26 => Key::F((n - 12) as u8),
        28 | 29 => Key::F((n - 13) as u8),
        31..=34 => Key::F((n - 14) as u8),
        _ => return None,
    })
}

/// A key named by its code point, with kitty's private-use numbers for the keypad.
fn character(code: u32, modifiers: Modifiers) -> Option<KeyPress> {
    let key = match code {
        9 => Key::Tab,
        13 | 57414 => Key::Enter,
        27 => Key::Esc,
        8 | 127 => Key::Backspace,
        57376..=57398 => Key::F((code - 57376 + 13) as u8),
        57399..=57408 => Key::Char(char::from(b'0' + (code - 57399) as u8)),
        57409..=57413 => Key::Char(char::from(b"./*-+"[(code - 57409) as usize])),
        57415 => Key::Char('='),
        57417 => Key::Left,
        57418 => Key::Right,
        57419 => Key::Up,
        57420 => Key::Down,
        57421 => Key::PageUp,
        57422 => Key::PageDown,
        57423 => Key::Home,
        57424 => Key::End,
        57425 => Key::Insert,
        57426 => Key::Delete,
        0xe000..=0xf8ff => return None,
        _ => Key::Char(char::from_u32(code).filter(|c| !c.is_control())?),
    };
    Some(modifiers.press(key))
}

fn sgr_mouse(parameters: &[u8], last: u8) -> Option<MouseEvent> {
    let mut fields = parameters.split(|b| *b == b';').map(number);
    let (code, x, y) = (fields.next()??, fields.next()??, fields.next()??);
    if fields.next().is_some() {
        return None;
    }
    let button = match code & 3 {
        0 => Some(Button::Left),
        1 => Some(Button::Middle),
        2 => Some(Button::Right),
        _ => None,
    };
    let kind = match (code & !0b1_1100, last, button) {
        (0..=3, b'M', Some(button)) => MouseKind::Down(button),
        (0..=3, b'm', Some(button)) => MouseKind::Up(button),
        (32..=34, b'M', Some(button)) => MouseKind::Drag(button),
        (35, b'M' | b'm', _) => MouseKind::Moved,
        (64, b'M', _) => MouseKind::ScrollUp,
        (65, b'M', _) => MouseKind::ScrollDown,
        _ => return None,
    };
    Some(MouseEvent {
        kind,
        column: u16::try_from(x).ok()?.saturating_sub(1),
        row: u16::try_from(y).ok()?.saturating_sub(1),
        shift: code & 4 != 0,
        alt: code & 8 != 0,
        ctrl: code & 16 != 0,
    })
}
