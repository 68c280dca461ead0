//! Text from outside made safe for a terminal: controls become visible, direction marks are named.
//! What is hidden on purpose is the point: nothing is dropped, so a payload still looks like one.

use std::borrow::Cow;
use std::fmt::Write;

/// Columns a tab takes.
const TAB: &str = "    ";

/// Makes one line of untrusted text safe: C0 controls and DEL in caret form (`^[`), tabs as four spaces,
/// C1 controls, bidi controls, zero-width, TAG and other invisible characters as `<U+202E>`.
/// Borrowed when clean.
pub fn visible(text: &str) -> Cow<'_, str> {
    safe(text, false)
}

/// As [`visible`], but line breaks stay (`\r\n` becomes `\n`).
pub fn visible_multiline(text: &str) -> Cow<'_, str> {
    safe(text, true)
}

/// How many characters [`visible`] has to spell out; tabs and line breaks do not count.
pub fn hidden(text: &str) -> usize {
    text.chars().filter(|c| !matches!(c, '\t' | '\n' | '\r') && must_show(*c)).count()
}

fn safe(text: &str, lines: bool) -> Cow<'_, str> {
    let Some(first) = text.char_indices().find(|(_, c)| must_show(*c) && !(lines && *c == '\n')) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first.0]);
    let mut rest = text[first.0..].chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\n' if lines => out.push('\n'),
            '\r' if lines && rest.peek() == Some(&'\n') => {}
            '\t' => out.push_str(TAB),
            c if c < ' ' => {
                out.push('^');
                // `@` for NUL, then the letters.
                out.push(char::from(c as u8 + b'@'));
            }
            '\x7f' => out.push_str("^?"),
            c if must_show(c) => {
                // Writing to a String cannot fail.
                let _ = write!(out, "<U+{:04X}>", u32::from(c));
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Controls, and what Unicode lets a terminal draw as nothing or use to turn the text around
/// (Default_Ignorable_Code_Point, Bidi_Control, line separators, interlinear annotation).
fn must_show(c: char) -> bool {
    if c < '\u{ad}' {
        return c < ' ' || ('\x7f'..='\u{9f}').contains(&c);
    }
    matches!(u32::from(c),
        0xAD
        | 0x34F
        | 0x61C
        | 0x115F..=0x1160
        | 0x17B4..=0x17B5
        | 0x180B..=0x180F
        | 0x200B..=0x200F
        | 0x2028..=0x202E
        | 0x2060..=0x206F
        | 0x3164
        | 0xFE00..=0xFE0F
        | 0xFEFF
        | 0xFFA0
        | 0xFFF0..=0xFFFB
        | 0x1BCA0..=0x1BCA3
        | 0x1D173..=0x1D17A
        | 0xE0000..=0xE0FFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_text_is_borrowed() {
        for text in ["", "plain ~ text", "äöü 漢字 😀 e\u{301}", "\u{a0}"] {
            assert!(matches!(visible(text), Cow::Borrowed(t) if t == text));
        }
        assert!(matches!(visible_multiline("a\nb\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn each_of_the_65_controls_is_spelled_out() {
        let mut seen = std::collections::HashSet::new();
        let controls: Vec<char> = (0..=0x1f).chain(0x7f..=0x9f).filter_map(char::from_u32).collect();
        assert_eq!(controls.len(), 65);
        for c in controls {
            let shown = visible(&format!("a{c}b")).into_owned();
            assert!(shown.starts_with('a') && shown.ends_with('b') && shown.len() >= 4, "{shown}");
            assert!(!shown.chars().any(char::is_control));
            assert!(seen.insert(shown));
        }
        assert_eq!(visible("\0\x1b[31m\x07\r\n\x7f\u{9b}31m"), "^@^[[31m^G^M^J^?<U+009B>31m");
        assert_eq!(visible("a\tb"), "a    b");
    }

    #[test]
    fn direction_marks_zero_width_and_tags_are_named() {
        let hidden_ones = [0x061C, 0x200E, 0x200F, 0x2028, 0x2029, 0xAD, 0xFEFF, 0x180E, 0x3164, 0x34F]
            .into_iter()
            .chain(0x202A..=0x202E)
            .chain(0x2066..=0x2069)
            .chain(0x200B..=0x200D)
            .chain(0x2060..=0x2064)
            .chain(0xFE00..=0xFE0F)
            .chain(0xE0000..=0xE007F)
            .chain(0xE0100..=0xE01EF);
        for code in hidden_ones {
            let c = char::from_u32(code).unwrap();
            assert_eq!(visible(&format!("x{c}")), format!("x<U+{code:04X}>"));
            assert_eq!(hidden(&c.to_string()), 1);
        }
    }

    #[test]
    fn mixed_sequences_lose_nothing() {
        assert_eq!(
            visible("\u{1b}]52;c;aGk=\u{7}\u{202e}gpj.exe\u{2069}"),
            "^[]52;c;aGk=^G<U+202E>gpj.exe<U+2069>"
        );
        assert_eq!(visible("👨\u{200d}👩"), "👨<U+200D>👩");
        assert_eq!(hidden("a\t\r\nb\u{1b}\u{200b}"), 2);
    }

    #[test]
    fn several_lines_keep_their_breaks_only() {
        assert_eq!(visible_multiline("a\r\nb\rc\n\x1bd"), "a\nb^Mc\n^[d");
        assert_eq!(visible_multiline("a\r\n"), "a\n");
    }
}
