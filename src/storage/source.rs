//! The text of one workspace file: decoding, places, and splices that keep every other byte.
//!
//! Parsing and splicing see the text with `\n` line ends and without a byte order mark; a splice is
//! carried back to the original bytes, so that a file with CRLF keeps it and nothing else moves.

use crate::model::problem::{Problem, ProblemKind};
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml_edit::Document;

/// Larger files are not read: a body that size belongs beside the request (`body.file`).
pub const MAX_FILE: u64 = 8 * 1024 * 1024;

/// A decoded file.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where it is, for problems.
    pub path: PathBuf,
    /// The text with `\n` only and without a byte order mark.
    pub text: String,
    original: String,
    /// Offsets in `text` of the line feeds that were `\r\n`.
    carriage: Vec<usize>,
    bom: bool,
}

/// One replacement, in offsets of [`Source::text`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// What goes.
    pub range: Range<usize>,
    /// What comes, with `\n` line ends.
    pub text: String,
}

impl Source {
    /// Decodes bytes. UTF-16, invalid UTF-8 and NUL are problems that say so.
    pub fn decode(path: &Path, bytes: &[u8]) -> Result<Source, Problem> {
        let fail = |why: &str, next: &str| {
            Problem::new(ProblemKind::File, "cannot read the file as text", why, next).in_file(path)
        };
        if bytes.len() as u64 > MAX_FILE {
            return Err(fail(
                &format!("it has {} bytes, more than the {MAX_FILE} a workspace file may have", bytes.len()),
                "keep large bodies in a file of their own and name it with `file` in `[body]`",
            )
            .at(1, 1));
        }
        if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) || looks_utf16(bytes) {
            return Err(fail("it is UTF-16, expected UTF-8", "save it again as UTF-8").at(1, 1));
        }
        let original = match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(e) => {
                let head = String::from_utf8_lossy(&bytes[..e.valid_up_to()]).into_owned();
                let (line, column) = place_in(&head, head.len());
                return Err(fail("a byte here is not UTF-8", "save the file again as UTF-8").at(line, column));
            }
        };
        let bom = original.starts_with('\u{feff}');
        let body = original.strip_prefix('\u{feff}').unwrap_or(&original);
        if let Some(at) = body.find('\0') {
            let (line, column) = place_in(body, at);
            return Err(
                fail("there is a NUL byte here", "delete it or restore the file from git").at(line, column)
            );
        }
        let mut text = String::with_capacity(body.len());
        let mut carriage = Vec::new();
        let mut rest = body;
        while let Some(at) = rest.find("\r\n") {
            text.push_str(&rest[..at]);
            carriage.push(text.len());
            text.push('\n');
            rest = &rest[at + 2..];
        }
        text.push_str(rest);
        Ok(Source { path: path.to_path_buf(), text, original, carriage, bom })
    }

    /// A file that is not there yet.
    pub fn empty(path: &Path) -> Source {
        Source {
            path: path.to_path_buf(),
            text: String::new(),
            original: String::new(),
            carriage: Vec::new(),
            bom: false,
        }
    }

    /// Line and column (in characters) of an offset, both from 1.
    pub fn place(&self, offset: usize) -> (u32, u32) {
        place_in(&self.text, offset)
    }

    /// A problem with a place in this file.
    pub fn problem(
        &self,
        offset: usize,
        what: impl Into<String>,
        why: impl Into<String>,
        next: impl Into<String>,
    ) -> Problem {
        let (line, column) = self.place(offset);
        Problem::new(ProblemKind::File, what, why, next).in_file(&self.path).at(line, column)
    }

    /// Parses TOML. A syntax error, or the markers of a merge conflict, are problems with their place.
    pub fn parse(&self) -> Result<Document<&str>, Problem> {
        if let Some(at) = conflict(&self.text) {
            return Err(self.problem(
                at,
                "this file has an unresolved merge conflict",
                "the markers `<<<<<<<`, `=======` and `>>>>>>>` of git are still in it",
                "choose a side, delete the markers, then `git add` the file",
            ));
        }
        Document::parse(self.text.as_str()).map_err(|e| {
            let at = e.span().map_or(self.text.len(), |s| s.start);
            self.problem(at, "this is not valid TOML", clean(e.message()), hint(e.message()))
        })
    }

    /// The file's bytes after splices, which must not overlap. Everything outside them stays byte for byte.
    pub fn apply(&self, mut splices: Vec<Splice>) -> Vec<u8> {
        splices.sort_by_key(|s| (s.range.start, s.range.end));
        let crlf = !self.carriage.is_empty() && self.first_break_is_crlf();
        let mut out = String::with_capacity(self.original.len() + 256);
        let mut at = 0;
        for splice in splices {
            let start = self.original_offset(splice.range.start);
            let end = self.original_offset(splice.range.end);
            if start < at || end > self.original.len() {
                continue;
            }
            out.push_str(&self.original[at..start]);
            if crlf {
                out.push_str(&splice.text.replace('\n', "\r\n"));
            } else {
                out.push_str(&splice.text);
            }
            at = end;
        }
        out.push_str(&self.original[at..]);
        out.into_bytes()
    }

    fn first_break_is_crlf(&self) -> bool {
        self.text.find('\n').is_some_and(|first| self.carriage.first() == Some(&first))
    }

    fn original_offset(&self, offset: usize) -> usize {
        let before = self.carriage.partition_point(|c| *c < offset);
        offset + before + if self.bom { '\u{feff}'.len_utf8() } else { 0 }
    }
}

fn place_in(text: &str, offset: usize) -> (u32, u32) {
    let mut end = offset.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let head = &text[..end];
    let line = head.matches('\n').count() + 1;
    let column = head.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

fn looks_utf16(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(64)];
    let odd = head.iter().skip(1).step_by(2).filter(|b| **b == 0).count();
    let even = head.iter().step_by(2).filter(|b| **b == 0).count();
    head.len() >= 4 && (odd * 2 > head.len() / 2 || even * 2 > head.len() / 2) && (odd == 0 || even == 0)
}

/// The offset of a conflict's first marker, when all three stand at line starts in their order.
fn conflict(text: &str) -> Option<usize> {
    let find = |from: usize, marker: &str| {
        if from == 0 && text.starts_with(marker) {
            return Some(0);
        }
        text.get(from..)?.find(&format!("\n{marker}")).map(|at| from + at + 1)
    };
    let start = find(0, "<<<<<<< ")?;
    let middle = find(start, "=======")?;
    find(middle, ">>>>>>> ")?;
    Some(start)
}

fn clean(message: &str) -> String {
    let one_line = message.lines().collect::<Vec<_>>().join(" ");
    one_line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// What to do about a message of the parser.
fn hint(message: &str) -> &'static str {
    const HINTS: [(&str, &str); 11] = [
        ("duplicate", "keep one of the two and delete the other"),
        ("must be quoted", "put the text in quotes: `key = \"value\"`"),
        ("escape", "write `\\\\` for a backslash, or put the text in single quotes"),
        ("multi-line literal", "close the text with `\'\'\'`"),
        ("multi-line basic", "close the text with `\"\"\"`"),
        ("string", "close the text with the quote it was opened with"),
        ("missing comma", "put a `,` between the two"),
        ("unclosed array", "close the list with `]`"),
        ("unclosed inline table", "close the table with `}`"),
        ("unclosed table", "close the header with `]`"),
        ("newline", "put each `key = value` on a line of its own"),
    ];
    let known = HINTS.iter().find(|(part, _)| message.contains(part));
    known.map_or(
        "expected `key = value`, with texts in quotes; compare the line with its neighbours",
        |(_, h)| h,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::decode(Path::new("a.toml"), text.as_bytes()).unwrap()
    }

    #[test]
    fn a_splice_in_a_crlf_file_with_a_bom_moves_no_other_byte() {
        let s = source("\u{feff}a = 1\r\nb = 2\r\nc = 3\n");
        let at = s.text.find('2').unwrap();
        let out = s.apply(vec![Splice { range: at..at + 1, text: "5\nd = 4".into() }]);
        assert_eq!(String::from_utf8(out).unwrap(), "\u{feff}a = 1\r\nb = 5\r\nd = 4\r\nc = 3\n");
    }

    #[test]
    fn utf16_invalid_utf8_and_nul_say_what_they_are_and_where() {
        let utf16: Vec<u8> = "name = \"x\"".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(Source::decode(Path::new("a"), &utf16).unwrap_err().why.contains("UTF-16"));
        let p = Source::decode(Path::new("a"), b"a = 1\nb\xff").unwrap_err();
        assert_eq!((p.line, p.column), (Some(2), Some(2)));
        let p = Source::decode(Path::new("a"), b"a = 1\n\0").unwrap_err();
        assert!(p.why.contains("NUL"));
    }

    #[test]
    fn merge_conflict_markers_get_their_own_message() {
        let s = source("a = 1\n<<<<<<< HEAD\nb = 1\n=======\nb = 2\n>>>>>>> other\n");
        let p = s.parse().unwrap_err();
        assert!(p.what.contains("merge conflict"));
        assert_eq!((p.line, p.column), (Some(2), Some(1)));
    }

    #[test]
    fn a_syntax_error_has_its_place_and_a_hint() {
        let p = source("name = \"x\"\nurl = \n").parse().map(|_| ()).unwrap_err();
        assert_eq!(p.line, Some(2));
        assert!(!p.next.is_empty() && !p.why.is_empty());
    }
}
