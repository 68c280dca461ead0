//! Raw text by lines without copying it, and search in it.

use super::find::Needle;
use bytes::Bytes;
use memchr::memchr_iter;
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Line index over a body. Lines longer than the view are cut when drawn, never copied whole.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    bytes: Bytes,
    starts: Vec<u64>,
}

impl Lines {
    /// Indexes a body (`\n`, `\r\n`). Runs off the UI thread for large bodies.
    pub fn new(bytes: Bytes) -> Lines {
        let mut starts = Vec::new();
        if !bytes.is_empty() {
            starts.push(0);
            starts.extend(memchr_iter(b'\n', &bytes).map(|at| at as u64 + 1));
            // A final line break ends the last line; it does not begin another.
            if bytes.last() == Some(&b'\n') {
                starts.pop();
            }
        }
        Lines { bytes, starts }
    }

    /// Number of lines; an empty body has none.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// True without lines.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// Byte range of a line without its end; empty past the last line.
    pub fn range(&self, index: usize) -> Range<usize> {
        let Some(start) = self.starts.get(index).map(|s| *s as usize) else { return 0..0 };
        let end = self.starts.get(index + 1).map_or(self.bytes.len(), |s| *s as usize);
        let line = &self.bytes[start..end];
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        start..start + line.len()
    }

    /// One line, without its end, at most `max` bytes of it (cut at a character), invalid UTF-8 replaced.
    pub fn line(&self, index: usize, max: usize) -> String {
        let range = self.range(index);
        String::from_utf8_lossy(cut(&self.bytes[range], max)).into_owned()
    }

    /// The line a byte of the body is in.
    pub fn at(&self, offset: u64) -> usize {
        self.starts.partition_point(|s| *s <= offset).saturating_sub(1)
    }

    /// Line numbers that hold `needle` (case-insensitive for ASCII when `needle` is all lower case), in order, at most `limit`.
    pub fn search(&self, needle: &str, limit: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let Some(needle) = Needle::new(needle) else { return found };
        let mut from = 0;
        while found.len() < limit
            && let Some(hit) = needle.find(&self.bytes, from)
        {
            let line = self.at(hit as u64);
            let range = self.range(line);
            if hit + needle.len() <= range.end {
                found.push(line);
                from = self.starts.get(line + 1).map_or(self.bytes.len(), |s| *s as usize);
            } else {
                from = hit + 1;
            }
        }
        found
    }
}

/// At most `max` bytes, not cut inside a character.
fn cut(line: &[u8], max: usize) -> &[u8] {
    if line.len() <= max {
        return line;
    }
    // Four bytes are the longest character; further back it is no UTF-8 anyway.
    let boundary = (max.saturating_sub(3)..=max).rev().find(|at| line[*at] & 0xC0 != 0x80);
    &line[..boundary.unwrap_or(max)]
}

/// Where a line breaks to fit `width` columns: after a blank where one is near, else anywhere between
/// graphemes. Ranges cover the whole text; blanks at a break stay at the end of their piece.
pub fn wrap(text: &str, width: usize) -> Vec<Range<usize>> {
    let width = width.max(1);
    let mut pieces = Vec::new();
    let (mut start, mut columns) = (0, 0);
    // Where the piece could break after a blank, and the columns up to there.
    let mut gap: Option<(usize, usize)> = None;
    for (at, grapheme) in text.grapheme_indices(true) {
        let blank = grapheme.chars().all(char::is_whitespace);
        let wide = grapheme.width();
        if columns + wide > width && at > start && !blank {
            let (end, used) = gap.take().unwrap_or((at, columns));
            pieces.push(start..end);
            start = end;
            columns -= used;
        }
        columns += wide;
        if blank {
            gap = Some((at + grapheme.len(), columns));
        }
    }
    if start < text.len() || pieces.is_empty() {
        pieces.push(start..text.len());
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &'static str) -> Vec<String> {
        let lines = Lines::new(Bytes::from_static(text.as_bytes()));
        (0..lines.len()).map(|i| lines.line(i, usize::MAX)).collect()
    }

    #[test]
    fn lines_end_at_line_feeds() {
        assert_eq!(lines(""), Vec::<String>::new());
        assert_eq!(lines("\n"), [""]);
        assert_eq!(lines("a"), ["a"]);
        assert_eq!(lines("a\n"), ["a"]);
        assert_eq!(lines("a\r\nb\n\nc\r"), ["a", "b", "", "c"]);
        assert_eq!(lines("a\rb"), ["a\rb"]);
        assert_eq!(Lines::new(Bytes::from_static(b"a")).line(5, 10), "");
    }

    #[test]
    fn long_lines_are_cut_at_a_character() {
        let lines = Lines::new(Bytes::from_static("aä漢😀".as_bytes()));
        for (max, expected) in [
            (0, ""),
            (1, "a"),
            (2, "a"),
            (3, "aä"),
            (5, "aä"),
            (6, "aä漢"),
            (9, "aä漢"),
            (10, "aä漢😀"),
            (99, "aä漢😀"),
        ] {
            assert_eq!(lines.line(0, max), expected, "{max}");
        }
        assert_eq!(Lines::new(Bytes::from_static(&[0x80; 9])).line(0, 5), "\u{fffd}".repeat(5));
    }

    #[test]
    fn search_gives_each_line_once() {
        let lines = Lines::new(Bytes::from_static(b"Error error\nfine\nERROR\r\nerr\nor"));
        assert_eq!(lines.search("error", 10), [0, 2]);
        assert_eq!(lines.search("Error", 10), [0]);
        assert_eq!(lines.search("err", 2), [0, 2]);
        assert_eq!(lines.search("", 10), Vec::<usize>::new());
        assert_eq!(lines.search("\r", 10), Vec::<usize>::new());
        assert_eq!(lines.search("x", 10), Vec::<usize>::new());
        assert_eq!(lines.at(0), 0);
        assert_eq!(lines.at(12), 1);
    }

    #[test]
    fn wrapped_lines_fit_and_lose_nothing() {
        let text = "the quick brown fox jumps, 漢字漢字漢字 e\u{301}e\u{301}e\u{301} averyveryverylongword";
        for width in 1..40 {
            let pieces = wrap(text, width);
            let joined: String = pieces.iter().map(|r| &text[r.clone()]).collect();
            assert_eq!(joined, text);
            for piece in &pieces {
                let shown = text[piece.clone()].trim_end();
                assert!(shown.width() <= width.max(2), "{width} {shown:?}");
            }
        }
        let cut: Vec<_> = wrap("aa bb cccccc", 5).into_iter().map(|r| &"aa bb cccccc"[r]).collect();
        assert_eq!(cut, ["aa bb ", "ccccc", "c"]);
        assert_eq!(wrap("", 5), vec![0..0]);
    }
}
