//! The parser: strict RFC 8259, one pass, no recursion. Open containers are found by the parent links
//! of the rows themselves, so depth costs nothing but rows.

use super::{JsonError, KEYED, MOST, NONE, Row, RowKind, SHIFT};

/// Bytes between two looks at the cancel flag.
const LOOK: usize = 64 * 1024;

/// Where and what; line and column are only counted when an error is shown.
struct Fault {
    at: usize,
    text: String,
    /// True if more text could have made it right.
    cut_off: bool,
}

impl Fault {
    fn new(at: usize, text: impl Into<String>) -> Fault {
        Fault { at, text: text.into(), cut_off: false }
    }
}

pub(super) fn rows(bytes: &[u8], cancelled: &dyn Fn() -> bool) -> Result<Vec<Row>, JsonError> {
    if u32::try_from(bytes.len()).is_err() {
        return Err(JsonError {
            offset: 0,
            line: 1,
            column: 1,
            text: "the body is 4 GiB or larger; it is shown as text".into(),
        });
    }
    if let Err(e) = std::str::from_utf8(bytes) {
        return Err(located(bytes, Fault::new(e.valid_up_to(), "the text is not UTF-8")));
    }
    Scan { bytes, pos: 0, rows: Vec::with_capacity(bytes.len() / 32 + 1), open: NONE, look: LOOK }
        .run(cancelled)
        .map_err(|fault| located(bytes, fault))
}

fn located(bytes: &[u8], fault: Fault) -> JsonError {
    let before = &bytes[..fault.at.min(bytes.len())];
    let line_start = memchr::memrchr(b'\n', before).map_or(0, |i| i + 1);
    let characters = before[line_start..].iter().filter(|b| **b & 0xC0 != 0x80).count();
    let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    JsonError {
        offset: fault.at as u64,
        line: narrow(memchr::memchr_iter(b'\n', before).count() + 1),
        column: narrow(characters + 1),
        text: fault.text,
    }
}

struct Scan<'a> {
    bytes: &'a [u8],
    pos: usize,
    rows: Vec<Row>,
    /// The innermost open container. While it is open its `link` counts the children.
    open: u32,
    /// Position of the next look at the cancel flag.
    look: usize,
}

impl Scan<'_> {
    fn run(mut self, cancelled: &dyn Fn() -> bool) -> Result<Vec<Row>, Fault> {
        if self.bytes.starts_with(b"\xef\xbb\xbf") {
            self.pos = 3;
        }
        self.blanks();
        let mut start = self.pos;
        let mut flags = 0;
        let mut depth = 0;
        loop {
            if self.pos >= self.look {
                self.look = self.pos + LOOK;
                if cancelled() {
                    return Err(Fault::new(self.pos, "reading was cancelled"));
                }
            }
            // A value begins here; `start` is its key, or itself.
            let Some(first) = self.peek() else {
                return Err(self.expected("a value"));
            };
            let kind = match first {
                b'"' => {
                    self.string()?;
                    RowKind::String
                }
                b'-' | b'0'..=b'9' => {
                    self.number()?;
                    RowKind::Number
                }
                b'{' | b'[' => {
                    let object = first == b'{';
                    self.pos += 1;
                    self.blanks();
                    if self.peek() == Some(first + 2) {
                        self.pos += 1;
                        RowKind::EmptyContainer
                    } else {
                        let row = self.push(
                            start,
                            if object { RowKind::Object } else { RowKind::Array },
                            flags,
                            depth,
                        );
                        self.rows[row as usize].link = 0;
                        self.open = row;
                        depth += 1;
                        if depth > MOST {
                            return Err(Fault::new(self.pos, "it is nested too deep to be shown"));
                        }
                        start = self.pos;
                        flags = 0;
                        if object {
                            self.key("a key in `\"` or `}`")?;
                            flags = KEYED;
                        }
                        continue;
                    }
                }
                b't' => self.word(b"true", RowKind::Bool)?,
                b'f' => self.word(b"false", RowKind::Bool)?,
                b'n' => self.word(b"null", RowKind::Null)?,
                _ => return Err(self.expected("a value")),
            };
            self.push(start, kind, flags, depth);

            // A value ended; close what closes here.
            loop {
                self.blanks();
                if self.open == NONE {
                    return match self.peek() {
                        None => {
                            self.rows.shrink_to_fit();
                            Ok(self.rows)
                        }
                        Some(_) => Err(self.expected("the end of the text")),
                    };
                }
                let object = self.rows[self.open as usize].kind() == RowKind::Object;
                match self.peek() {
                    Some(b',') => {
                        self.pos += 1;
                        self.blanks();
                        start = self.pos;
                        flags = 0;
                        if object {
                            self.key("a key in `\"`")?;
                            flags = KEYED;
                        }
                        break;
                    }
                    Some(b'}') if object => self.close(),
                    Some(b']') if !object => self.close(),
                    _ => return Err(self.expected(if object { "`,` or `}`" } else { "`,` or `]`" })),
                }
                depth -= 1;
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.pos).copied()
    }

    #[inline]
    fn blanks(&mut self) {
        // Most documents are compact or have one blank.
        if self.peek().is_some_and(|b| b <= b' ') {
            self.pos = skip_blanks(self.bytes, self.pos);
        }
    }

    #[inline]
    fn push(&mut self, start: usize, kind: RowKind, flags: u32, depth: u32) -> u32 {
        let row = self.rows.len() as u32;
        let place = match self.rows.get_mut(self.open as usize) {
            Some(parent) => {
                parent.link += 1;
                parent.link - 1
            }
            None => 0,
        };
        // The place of a container moves to its closing row, which is where `link` is free.
        let link = place;
        self.rows.push(Row {
            start: start as u32,
            parent: self.open,
            link,
            bits: kind as u32 | flags | depth << SHIFT,
        });
        row
    }

    fn close(&mut self) {
        let row = self.rows.len() as u32;
        let opening = self.open as usize;
        let Row { parent, link: children, .. } = self.rows[opening];
        let place = self.rows.get(parent as usize).map_or(0, |p| p.link - 1);
        self.rows[opening].link = row;
        self.rows.push(Row {
            start: self.pos as u32,
            parent: opening as u32,
            link: place,
            bits: RowKind::Close as u32 | children.min(MOST) << SHIFT,
        });
        self.open = parent;
        self.pos += 1;
    }

    /// A key and its colon, up to the value.
    #[inline]
    fn key(&mut self, what: &str) -> Result<(), Fault> {
        if self.peek() != Some(b'"') {
            return Err(self.expected(what));
        }
        self.string()?;
        self.blanks();
        if self.peek() != Some(b':') {
            return Err(self.expected("`:`"));
        }
        self.pos += 1;
        self.blanks();
        Ok(())
    }

    /// A string from quote to quote.
    #[inline]
    fn string(&mut self) -> Result<(), Fault> {
        let opening = self.pos;
        self.pos += 1;
        loop {
            self.pos = special(self.bytes, self.pos);
            match self.peek() {
                Some(b'"') => {
                    self.pos += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(b) => {
                    return Err(Fault::new(
                        self.pos,
                        format!("a string must not hold the control character {b:#04x} unescaped"),
                    ));
                }
                None => {
                    let at = self.bytes.len();
                    let text = format!("the text ends inside a string that began at byte {opening}");
                    return Err(Fault { at, text, cut_off: true });
                }
            }
        }
    }

    fn escape(&mut self) -> Result<(), Fault> {
        match self.bytes.get(self.pos + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.pos += 2,
            Some(b'u') => {
                let digits = self.bytes.get(self.pos + 2..self.pos + 6);
                if !digits.is_some_and(|d| d.iter().all(u8::is_ascii_hexdigit)) {
                    let cut_off = self.bytes.len() < self.pos + 6;
                    let text = "`\\u` needs four hexadecimal digits".into();
                    return Err(Fault { at: self.pos, text, cut_off });
                }
                self.pos += 6;
            }
            other => {
                let text = "no such escape in a JSON string".into();
                return Err(Fault { at: self.pos, text, cut_off: other.is_none() });
            }
        }
        Ok(())
    }

    fn digits(&mut self, what: &str) -> Result<(), Fault> {
        let from = self.pos;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.pos += 1;
        }
        if self.pos == from { Err(self.expected(what)) } else { Ok(()) }
    }

    #[inline]
    fn number(&mut self) -> Result<(), Fault> {
        if self.peek() == Some(b'-') {
            self.pos += 1;
        }
        if self.peek() == Some(b'0') {
            self.pos += 1;
            if self.peek().is_some_and(|b| b.is_ascii_digit()) {
                return Err(Fault::new(self.pos, "a number must not begin with 0"));
            }
        } else {
            self.digits("a digit")?;
        }
        if self.peek() == Some(b'.') {
            self.pos += 1;
            self.digits("a digit after the decimal point")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.pos += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.pos += 1;
            }
            self.digits("a digit of the exponent")?;
        }
        Ok(())
    }

    #[inline]
    fn word(&mut self, word: &[u8], kind: RowKind) -> Result<RowKind, Fault> {
        if self.bytes[self.pos..].starts_with(word) {
            self.pos += word.len();
            Ok(kind)
        } else {
            Err(self.expected("a value"))
        }
    }

    #[cold]
    fn expected(&self, what: &str) -> Fault {
        let found = match std::str::from_utf8(&self.bytes[self.pos..]).ok().and_then(|t| t.chars().next()) {
            None => "the text ends here".to_owned(),
            Some(c) => format!("found `{c}`"),
        };
        let rest = self.bytes.get(self.pos..).unwrap_or_default();
        let cut_off = ["true", "false", "null"].iter().any(|word| word.as_bytes().starts_with(rest));
        Fault { at: self.pos, text: format!("expected {what}, {found}"), cut_off }
    }
}

/// First position at or after `from` that is no blank.
pub(super) fn skip_blanks(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|b| matches!(b, b' ' | b'\n' | b'\r' | b'\t')).count()
}

/// First position at or after `from` of a quote, a backslash or a control character; else the end.
/// Eight bytes at a time: the top bit of each byte of `hits` marks a find. Borrows can mark bytes
/// behind the first find wrongly, never before it.
#[inline]
fn special(bytes: &[u8], from: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    let mut at = from;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let quote = word ^ (ONES * b'"' as u64);
        let slash = word ^ (ONES * b'\\' as u64);
        let hits = (quote.wrapping_sub(ONES) & !quote
            | slash.wrapping_sub(ONES) & !slash
            | word.wrapping_sub(ONES * 0x20) & !word)
            & TOPS;
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(b) = bytes.get(at) {
        if *b == b'"' || *b == b'\\' || *b < 0x20 {
            break;
        }
        at += 1;
    }
    at
}

/// Past the closing quote of a string already known to be right; `start` is its opening quote.
pub(super) fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    loop {
        at = special(bytes, at);
        match bytes.get(at) {
            Some(b'\\') => at += 2,
            Some(b'"') => return at + 1,
            Some(_) => at += 1,
            None => return bytes.len(),
        }
    }
}

/// Past a number or word already known to be right.
pub(super) fn scalar_end(bytes: &[u8], start: usize) -> usize {
    let inside = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    start + bytes[start..].iter().take_while(inside).count()
}

/// Whether a text that may be cut off is JSON as far as it goes.
pub(in crate::content) fn begins_as_json(start: &[u8]) -> bool {
    let fine = match std::str::from_utf8(start) {
        Ok(text) => text.len(),
        // The last character may be cut in two.
        Err(e) if e.error_len().is_none() => e.valid_up_to(),
        Err(_) => return false,
    };
    let scan = Scan { bytes: &start[..fine], pos: 0, rows: Vec::new(), open: NONE, look: LOOK };
    scan.run(&|| false).map_or_else(|fault| fault.cut_off, |_| true)
}
