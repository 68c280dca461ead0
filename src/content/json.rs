//! JSON as flat rows over the body's bytes: 16 bytes a row, so that 100 MB open in a moment.
//! Fold state is apart (`Folds`), so the index is shared and immutable.
//!
//! A row is a member, an element, or the closing bracket of a container. Rows stand in the order of
//! the text, so everything inside a container lies between its row and its closing row, and the next
//! sibling is one after that.

mod folds;
mod pieces;
mod scan;
mod search;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use std::ops::Range;

pub use folds::Folds;
pub use pieces::{TokenClass, pretty};
pub(super) use scan::begins_as_json;

/// What a row holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// `{` … with at least one member.
    Object,
    /// `[` … with at least one element.
    Array,
    /// `{}` or `[]`.
    EmptyContainer,
    /// A string.
    String,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// `null`.
    Null,
    /// The `}` or `]` of a container.
    Close,
}

impl RowKind {
    const ALL: [RowKind; 8] = [
        RowKind::Object,
        RowKind::Array,
        RowKind::EmptyContainer,
        RowKind::String,
        RowKind::Number,
        RowKind::Bool,
        RowKind::Null,
        RowKind::Close,
    ];
}

/// Stands for "no row" in links.
const NONE: u32 = u32::MAX;
/// Low bits of `Row::bits` hold the kind, the next one whether a key comes first.
const KIND: u32 = 0b111;
const KEYED: u32 = 0b1000;
const SHIFT: u32 = 4;
/// Largest depth and child count a row can hold.
const MOST: u32 = u32::MAX >> SHIFT;

/// Sixteen bytes; what a field means depends on the kind:
///
/// | | scalar, `{}`, `[]` | container | closing bracket |
/// |---|---|---|---|
/// | `start` | key or value | key or value | the bracket |
/// | `parent` | container it is in | container it is in | the container it closes |
/// | `link` | place among its siblings | its closing row | the container's place among its siblings |
/// | `bits` | kind, keyed, depth | kind, keyed, depth | kind, number of children |
#[derive(Debug, Clone, Copy)]
struct Row {
    start: u32,
    parent: u32,
    link: u32,
    bits: u32,
}

impl Row {
    fn kind(self) -> RowKind {
        RowKind::ALL[(self.bits & KIND) as usize]
    }

    fn is_container(self) -> bool {
        self.bits & KIND <= 1
    }

    fn is_keyed(self) -> bool {
        self.bits & KEYED != 0
    }
}

/// Index over a JSON body. Built once, off the UI thread; shared.
#[derive(Debug, Clone)]
pub struct JsonIndex {
    bytes: Bytes,
    rows: Vec<Row>,
}

/// Why a body is not JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// Byte offset.
    pub offset: u64,
    /// Line from 1.
    pub line: u32,
    /// Column from 1.
    pub column: u32,
    /// In words.
    pub text: String,
}

impl JsonIndex {
    /// Parses and indexes. `cancelled` is looked at now and then; true ends it with an error.
    ///
    /// # Errors
    /// Where the text leaves RFC 8259 and what was expected; bodies of 4 GiB and more are refused.
    /// A byte order mark at the start is passed over, as RFC 8259 §8.1 allows.
    pub fn new(bytes: Bytes, cancelled: &dyn Fn() -> bool) -> Result<JsonIndex, JsonError> {
        let rows = scan::rows(&bytes, cancelled)?;
        Ok(JsonIndex { bytes, rows })
    }

    /// The body it stands for.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Number of rows, nothing folded. Row 0 is the root.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True without rows (never for a parsed document).
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Kind of a row.
    pub fn kind(&self, row: usize) -> RowKind {
        self.rows[row].kind()
    }

    /// True for objects and arrays with something in them.
    pub fn is_container(&self, row: usize) -> bool {
        self.rows[row].is_container()
    }

    /// Depth of a row; 0 for the root.
    pub fn depth(&self, row: usize) -> usize {
        (self.rows[self.opening(row)].bits >> SHIFT) as usize
    }

    /// For a container: the row of its closing bracket; else the row itself.
    pub fn end(&self, row: usize) -> usize {
        let r = self.rows[row];
        if r.is_container() { r.link as usize } else { row }
    }

    /// The row of the container it stands in; for a closing row that is the row of its container.
    pub fn parent(&self, row: usize) -> Option<usize> {
        let parent = self.rows[row].parent;
        (parent != NONE).then_some(parent as usize)
    }

    /// The row after a row and all it contains, if it is in the same container.
    pub fn next_sibling(&self, row: usize) -> Option<usize> {
        let next = self.end(row) + 1;
        let closed = row == self.end(row) && self.kind(row) == RowKind::Close;
        (next < self.len() && !closed && self.kind(next) != RowKind::Close).then_some(next)
    }

    /// Number of members or elements of a container; 0 for anything else.
    pub fn children(&self, row: usize) -> usize {
        let row = self.opening(row);
        if self.is_container(row) { (self.rows[self.end(row)].bits >> SHIFT) as usize } else { 0 }
    }

    /// Place of a row among its siblings, from 0.
    pub fn place(&self, row: usize) -> usize {
        self.rows[self.end(row)].link as usize
    }

    /// A closing row's container; any other row itself.
    fn opening(&self, row: usize) -> usize {
        let r = self.rows[row];
        if r.kind() == RowKind::Close { r.parent as usize } else { row }
    }

    /// Byte range of a row's key with its quotes.
    pub fn key_range(&self, row: usize) -> Option<Range<usize>> {
        let r = self.rows[row];
        r.is_keyed().then(|| {
            let start = r.start as usize;
            start..scan::string_end(&self.bytes, start)
        })
    }

    /// A row's key, unescaped; `None` for elements, the root and closing rows.
    pub fn key(&self, row: usize) -> Option<String> {
        self.key_range(row).map(|range| self.unescape(range))
    }

    /// A string as it was meant. Lone surrogates, which no text can hold, leave it as written.
    fn unescape(&self, range: Range<usize>) -> String {
        let raw = &self.bytes[range];
        serde_json::from_slice(raw).unwrap_or_else(|_| {
            String::from_utf8_lossy(raw.get(1..raw.len() - 1).unwrap_or(raw)).into_owned()
        })
    }

    /// Where the value of a row begins.
    fn value_start(&self, row: usize) -> usize {
        match self.key_range(row) {
            Some(key) => {
                let colon = scan::skip_blanks(&self.bytes, key.end);
                scan::skip_blanks(&self.bytes, colon + 1)
            }
            None => self.rows[row].start as usize,
        }
    }

    /// Byte range of a row's value in the body (a container: from bracket to bracket).
    pub fn value_range(&self, row: usize) -> Range<usize> {
        let row = self.opening(row);
        let start = self.value_start(row);
        let end = match self.kind(row) {
            RowKind::Object | RowKind::Array => self.rows[self.end(row)].start as usize + 1,
            RowKind::EmptyContainer => scan::skip_blanks(&self.bytes, start + 1) + 1,
            RowKind::String => scan::string_end(&self.bytes, start),
            _ => scan::scalar_end(&self.bytes, start),
        };
        start..end
    }

    /// A row's value for copying: strings unescaped, anything else as it stands in the body.
    pub fn value_text(&self, row: usize) -> String {
        let range = self.value_range(row);
        match self.kind(row) {
            RowKind::String => self.unescape(range),
            _ => String::from_utf8_lossy(&self.bytes[range]).into_owned(),
        }
    }

    /// JSONPath of a row: `$.data.caseInfo.businessID` (RFC 9535; `['…']` where a name needs it).
    pub fn path(&self, row: usize) -> String {
        let mut chain = Vec::new();
        let mut at = self.opening(row);
        while let Some(parent) = self.parent(at) {
            chain.push(at);
            at = parent;
        }
        let mut path = String::from("$");
        for row in chain.into_iter().rev() {
            match self.key(row) {
                Some(key) => step(&mut path, &key),
                None => path.push_str(&format!("[{}]", self.place(row))),
            }
        }
        path
    }
}

fn step(path: &mut String, key: &str) {
    let plain = !key.is_empty()
        && !key.starts_with(|c: char| c.is_ascii_digit())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain {
        path.push('.');
        path.push_str(key);
        return;
    }
    path.push_str("['");
    for c in key.chars() {
        match c {
            '\'' | '\\' => path.extend(['\\', c]),
            '\n' => path.push_str("\\n"),
            '\r' => path.push_str("\\r"),
            '\t' => path.push_str("\\t"),
            c if c < ' ' => path.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => path.push(c),
        }
    }
    path.push_str("']");
}
