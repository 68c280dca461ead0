//! Rows as text: coloured pieces for the screen, re-indented JSON for copying and the command line.

use super::{JsonError, JsonIndex, RowKind, scan};
use bytes::Bytes;

/// A token of a drawn row, for colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenClass {
    /// An object key.
    Key,
    /// A string value.
    String,
    /// A number.
    Number,
    /// true false null.
    Literal,
    /// Braces, commas, colons.
    Punctuation,
    /// `3 items`, `…`: our own words.
    Note,
}

use TokenClass::{Key, Literal, Note, Number, Punctuation, String as Text};

impl JsonIndex {
    /// A row as coloured pieces without indentation: key, value (strings cut at `max` bytes), comma;
    /// a folded container as `"key": { 4 keys }`. Text is not yet made safe for the terminal.
    /// Keys and strings are as they stand in the body, with quotes and escapes.
    pub fn pieces(&self, row: usize, folded: bool, max: usize) -> Vec<(TokenClass, String)> {
        let mut pieces = Vec::with_capacity(6);
        if let Some(key) = self.key_range(row) {
            self.cut(&mut pieces, Key, key.start, key.end, max);
            pieces.push((Punctuation, ": ".to_owned()));
        }
        let kind = self.kind(row);
        let mut comma = self.has_comma(row);
        match kind {
            RowKind::Object | RowKind::Array => {
                let (open, close, one, many) = match kind {
                    RowKind::Object => ("{", "}", "key", "keys"),
                    _ => ("[", "]", "item", "items"),
                };
                if folded {
                    let count = self.children(row);
                    pieces.push((Punctuation, format!("{open} ")));
                    pieces.push((Note, format!("{count} {}", if count == 1 { one } else { many })));
                    pieces.push((Punctuation, format!(" {close}")));
                } else {
                    pieces.push((Punctuation, open.to_owned()));
                    comma = false;
                }
            }
            RowKind::Close => {
                let bracket = self.bytes[self.rows[row].start as usize];
                pieces.push((Punctuation, char::from(bracket).to_string()));
            }
            RowKind::EmptyContainer => {
                let object = self.bytes[self.value_start(row)] == b'{';
                pieces.push((Punctuation, if object { "{}" } else { "[]" }.to_owned()));
            }
            RowKind::String => {
                let start = self.value_start(row);
                // A string may be most of the body: look no further than what is drawn.
                let near = &self.bytes[..self.bytes.len().min(start.saturating_add(max).saturating_add(8))];
                self.cut(&mut pieces, Text, start, scan::string_end(near, start), max);
            }
            RowKind::Number | RowKind::Bool | RowKind::Null => {
                let range = self.value_range(row);
                let class = if kind == RowKind::Number { Number } else { Literal };
                self.cut(&mut pieces, class, range.start, range.end, max);
            }
        }
        if comma {
            pieces.push((Punctuation, ",".to_owned()));
        }
        pieces
    }

    /// True if a comma follows what ends with this row.
    fn has_comma(&self, row: usize) -> bool {
        let next = self.end(row) + 1;
        next < self.len() && self.kind(next) != RowKind::Close
    }

    /// Adds `start..end`, cut at a character to at most `max` bytes, with a mark where it was cut.
    fn cut(
        &self,
        pieces: &mut Vec<(TokenClass, String)>,
        class: TokenClass,
        start: usize,
        end: usize,
        max: usize,
    ) {
        let mut stop = end;
        if end - start > max {
            stop = start + max;
            while stop > start && self.bytes[stop] & 0xC0 == 0x80 {
                stop -= 1;
            }
        }
        pieces.push((class, String::from_utf8_lossy(&self.bytes[start..stop]).into_owned()));
        if stop < end {
            pieces.push((Note, "…".to_owned()));
        }
    }

    /// The document re-indented by two blanks, from a row to the end of its value. Numbers, strings and
    /// the order of members stay as they are.
    pub fn indented(&self, row: usize) -> String {
        let row = self.opening(row);
        let base = self.depth(row);
        let mut text = String::new();
        for at in row..=self.end(row) {
            if at > row {
                text.push('\n');
                text.extend(std::iter::repeat_n("  ", self.depth(at) - base));
            }
            if at > row
                && let Some(key) = self.key_range(at)
            {
                text.push_str(&String::from_utf8_lossy(&self.bytes[key]));
                text.push_str(": ");
            }
            match self.kind(at) {
                RowKind::Object => text.push('{'),
                RowKind::Array => text.push('['),
                RowKind::Close => text.push(char::from(self.bytes[self.rows[at].start as usize])),
                RowKind::EmptyContainer => {
                    let object = self.bytes[self.value_start(at)] == b'{';
                    text.push_str(if object { "{}" } else { "[]" });
                }
                _ => text.push_str(&String::from_utf8_lossy(&self.bytes[self.value_range(at)])),
            }
            if at > row && !self.is_container(at) && at < self.end(row) && self.has_comma(at) {
                text.push(',');
            }
        }
        text
    }
}

/// JSON re-indented by two blanks, numbers verbatim and members in their order; no line break at the end.
///
/// # Errors
/// Where and why it is no JSON.
pub fn pretty(bytes: &[u8]) -> Result<String, JsonError> {
    let index = JsonIndex::new(Bytes::copy_from_slice(bytes), &|| false)?;
    Ok(index.indented(0))
}
