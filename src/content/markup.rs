//! XML and HTML re-indented for reading, by tokens found by hand. Conservative: only blanks between
//! tags change, every other character stays, and nothing has to be well-formed. What is verbatim by
//! nature (comments, CDATA, `script`, `style`, `pre`, `textarea`) keeps its own lines.
//!
//! Pieces are ranges into the source; nothing is copied until it is drawn.

use std::ops::Range;

/// What a piece of markup is, for colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkupClass {
    /// A tag's brackets and name.
    Tag,
    /// An attribute's name.
    Attribute,
    /// `=` and the value of an attribute.
    Value,
    /// Text between tags, and verbatim content.
    Text,
    /// Comments, CDATA marks, doctype, processing instructions.
    Note,
}

/// A line to draw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MarkupLine {
    /// Levels of indentation. 0 for lines that are verbatim.
    pub indent: usize,
    /// Pieces, in order; blanks of the source between attributes are inside them.
    pub pieces: Vec<(MarkupClass, Range<usize>)>,
}

/// Indentation stops growing here: deeper markup is mostly unclosed tags.
const DEEPEST: usize = 60;

/// HTML elements that have no end.
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
];

/// HTML elements whose content is no markup, or whose blanks count.
const VERBATIM: [&str; 4] = ["script", "style", "pre", "textarea"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Open,
    /// `<a/>`, or an HTML element without end.
    Alone,
    Close,
    Text,
    /// Content that keeps its line breaks.
    Verbatim,
    /// `<!-- -->`, `<![CDATA[ ]]>`, `<!doctype>`, `<?xml?>`.
    Note,
}

/// The lines of a markup text.
pub fn lines(text: &str) -> Vec<MarkupLine> {
    let mut layout = Layout { text, lines: Vec::new(), open: Vec::new(), pending: None };
    let mut at = 0;
    let mut verbatim: Option<&str> = None;
    // XML has none of HTML's rules about void and verbatim elements.
    let html = !text.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']).starts_with("<?xml");
    while at < text.len() {
        if let Some(name) = verbatim.take() {
            let end = find_close(text, at, name);
            layout.add(Token::Verbatim, at..end);
            at = end;
            continue;
        }
        let (mut token, end) = next(text, at);
        if html && token == Token::Open {
            let name = name(&text[at..end]);
            let is = |n: &&str| n.eq_ignore_ascii_case(name);
            if VOID.iter().any(is) {
                token = Token::Alone;
            } else if VERBATIM.iter().any(is) {
                verbatim = Some(name);
            }
        }
        layout.add(token, at..end);
        at = end;
    }
    layout.lines
}

/// The text re-indented by two blanks.
pub fn indented(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for line in lines(text) {
        out.extend(std::iter::repeat_n("  ", line.indent));
        for (_, range) in line.pieces {
            out.push_str(&text[range]);
        }
        out.push('\n');
    }
    out
}

/// The token at a place and where it ends. Always ends behind where it began.
fn next(text: &str, at: usize) -> (Token, usize) {
    let rest = &text[at..];
    let until =
        |mark: &str, from: usize| rest[from..].find(mark).map_or(text.len(), |i| at + from + i + mark.len());
    if rest.starts_with("<!--") {
        return (Token::Note, until("-->", 4));
    }
    if rest.starts_with("<![CDATA[") {
        return (Token::Note, until("]]>", 9));
    }
    if rest.starts_with("<?") {
        return (Token::Note, until("?>", 2));
    }
    let tag = |from: usize| rest[from..].starts_with(|c: char| c.is_alphabetic() || c == '_' || c == ':');
    if rest.starts_with("<!") && tag(2) {
        return (Token::Note, at + tag_end(rest));
    }
    if rest.starts_with("</") && tag(2) {
        return (Token::Close, at + tag_end(rest));
    }
    if rest.starts_with('<') && tag(1) {
        let end = at + tag_end(rest);
        return (if text[..end].ends_with("/>") { Token::Alone } else { Token::Open }, end);
    }
    // Text up to what can begin a tag; a lonely `<` is text.
    let mut from = 1;
    while let Some(i) = rest.as_bytes().get(from..).and_then(|b| memchr::memchr(b'<', b)) {
        let here = from + i;
        if rest[here + 1..]
            .starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | ':' | '/' | '!' | '?'))
        {
            return (Token::Text, at + here);
        }
        from = here + 1;
    }
    (Token::Text, text.len())
}

/// Length of a tag: up to the `>` outside of quotes. Quotes only count behind `=`.
fn tag_end(tag: &str) -> usize {
    let bytes = tag.as_bytes();
    let mut quote = None;
    let mut after_equals = false;
    for (i, b) in bytes.iter().enumerate() {
        match (quote, b) {
            (Some(q), _) if *b == q => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') if after_equals => quote = Some(*b),
            (None, b'>') => return i + 1,
            _ => {}
        }
        after_equals = *b == b'=' || (after_equals && b.is_ascii_whitespace());
    }
    // Never closed: a quote that is never closed would swallow the rest.
    memchr::memchr(b'>', bytes).map_or(tag.len(), |i| i + 1)
}

fn name(tag: &str) -> &str {
    let start = tag.trim_start_matches(['<', '/']);
    let end = start.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/' | '<')).unwrap_or(start.len());
    &start[..end]
}

/// Where `</name` begins, any case; else the end.
fn find_close(text: &str, from: usize, name: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = from;
    while let Some(i) = memchr::memchr(b'<', &bytes[at..]) {
        let here = at + i;
        let end = here + 2 + name.len();
        if bytes.get(here + 1) == Some(&b'/')
            && bytes.get(here + 2..end).is_some_and(|n| n.eq_ignore_ascii_case(name.as_bytes()))
            && !bytes.get(end).is_some_and(|b| b.is_ascii_alphanumeric())
        {
            return here;
        }
        at = here + 1;
    }
    text.len()
}

struct Layout<'a> {
    text: &'a str,
    lines: Vec<MarkupLine>,
    /// Names of open elements.
    open: Vec<&'a str>,
    /// An opening tag (and perhaps one line of text) that its closing tag may still join.
    pending: Option<&'a str>,
}

impl<'a> Layout<'a> {
    fn indent(&self) -> usize {
        self.open.len().min(DEEPEST)
    }

    fn add(&mut self, token: Token, range: Range<usize>) {
        let text = self.text;
        match token {
            Token::Open => {
                let name = name(&text[range.clone()]);
                self.tag(range, false);
                self.open.push(name);
                self.pending = Some(name);
            }
            Token::Alone => {
                self.tag(range, false);
                self.pending = None;
            }
            Token::Close => {
                let name = name(&text[range.clone()]);
                // Elements in between were never closed. The look back is short, so garbage stays linear.
                let near = self.open.len().saturating_sub(64);
                if let Some(i) = self.open[near..].iter().rposition(|n| n.eq_ignore_ascii_case(name)) {
                    self.open.truncate(near + i);
                }
                let joins = self.pending.take().is_some_and(|n| n.eq_ignore_ascii_case(name));
                self.tag(range, joins);
            }
            Token::Text => {
                let kept: Vec<Range<usize>> = trimmed_lines(text, range).collect();
                match (kept.as_slice(), self.pending, self.lines.last_mut()) {
                    ([], _, _) => {}
                    ([one], Some(_), Some(last)) => last.pieces.push((MarkupClass::Text, one.clone())),
                    _ => {
                        self.pending = None;
                        for line in kept {
                            self.line(self.indent(), vec![(MarkupClass::Text, line)]);
                        }
                    }
                }
            }
            Token::Verbatim => {
                let mut parts = split_lines(text, range);
                // What follows the tag on its line stays there, and so does the closing tag.
                if let (Some(first), Some(last)) = (parts.next(), self.lines.last_mut()) {
                    last.pieces.push((MarkupClass::Text, first));
                }
                for line in parts {
                    self.line(0, vec![(MarkupClass::Text, line)]);
                }
            }
            Token::Note => {
                self.pending = None;
                for (i, line) in split_lines(text, range).enumerate() {
                    let indent = if i == 0 { self.indent() } else { 0 };
                    self.line(indent, vec![(MarkupClass::Note, line)]);
                }
            }
        }
    }

    /// Adds a tag, on the last line if it joins it. A tag of several lines in the source stays so.
    fn tag(&mut self, range: Range<usize>, joins: bool) {
        let indent = self.indent();
        let mut line = match self.lines.pop() {
            Some(last) if joins => last,
            other => {
                self.lines.extend(other);
                MarkupLine { indent, pieces: Vec::new() }
            }
        };
        for (class, piece) in tag_pieces(self.text, range) {
            for (i, part) in split_lines(self.text, piece).enumerate() {
                let mut start = part.start;
                if i > 0 {
                    self.lines.push(std::mem::replace(
                        &mut line,
                        MarkupLine { indent: indent + 2, pieces: Vec::new() },
                    ));
                    // Blanks inside a quoted value are its own.
                    if class != MarkupClass::Value {
                        start = part.end - self.text[part.clone()].trim_ascii_start().len();
                    }
                }
                if start < part.end {
                    line.pieces.push((class, start..part.end));
                }
            }
        }
        if !line.pieces.is_empty() {
            self.lines.push(line);
        }
    }

    fn line(&mut self, indent: usize, pieces: Vec<(MarkupClass, Range<usize>)>) {
        self.lines.push(MarkupLine { indent, pieces });
    }
}

/// Lines without their ends.
fn split_lines(text: &str, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut at = range.start;
    text[range].split('\n').map(move |line| {
        let start = at;
        at += line.len() + 1;
        start..start + line.strip_suffix('\r').unwrap_or(line).len()
    })
}

/// Lines without blanks around them; empty ones left out.
fn trimmed_lines(text: &str, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    split_lines(text, range).filter_map(|line| {
        let part = &text[line.clone()];
        let start = line.start + (part.len() - part.trim_ascii_start().len());
        let kept = part.trim_ascii();
        (!kept.is_empty()).then(|| start..start + kept.len())
    })
}

/// A tag in pieces: name, attributes, values, with the blanks before each.
fn tag_pieces(text: &str, range: Range<usize>) -> Vec<(MarkupClass, Range<usize>)> {
    let tag = &text[range.clone()];
    let bytes = tag.as_bytes();
    let close = if tag.ends_with("/>") { tag.len() - 2 } else { tag.len() - usize::from(tag.ends_with('>')) };
    let lead = if tag.starts_with("</") { 2 } else { 1 };
    let name_end = (lead + name(tag).len()).min(close);
    let mut pieces = vec![(MarkupClass::Tag, 0..name_end)];
    let mut at = name_end;
    while at < close {
        let start = at;
        while at < close && !matches!(bytes[at], b'=') {
            at += 1;
            // A name ends where a blank follows it and no `=` comes.
            if at < close
                && bytes[at].is_ascii_whitespace()
                && !bytes[start..at].iter().all(u8::is_ascii_whitespace)
            {
                let next = at + bytes[at..close].iter().take_while(|b| b.is_ascii_whitespace()).count();
                if bytes.get(next) != Some(&b'=') {
                    break;
                }
            }
        }
        if at > start {
            pieces.push((MarkupClass::Attribute, start..at));
        }
        if at < close && bytes[at] == b'=' {
            let start = at;
            at += 1;
            while at < close && bytes[at].is_ascii_whitespace() {
                at += 1;
            }
            match bytes.get(at).filter(|_| at < close) {
                Some(q @ (b'"' | b'\'')) => {
                    let end = memchr::memchr(*q, &bytes[at + 1..close]);
                    at = end.map_or(close, |i| at + 1 + i + 1);
                }
                _ => {
                    while at < close && !bytes[at].is_ascii_whitespace() {
                        at += 1;
                    }
                }
            }
            pieces.push((MarkupClass::Value, start..at));
        }
    }
    if close < tag.len() {
        pieces.push((MarkupClass::Tag, close..tag.len()));
    }
    for (_, piece) in &mut pieces {
        *piece = piece.start + range.start..piece.end + range.start;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_is_indented_and_short_elements_stay_on_a_line() {
        let text = r#"<?xml version="1.0"?><s:Envelope xmlns:s="http://x/y"><s:Body><Case id='1' open><ID>APP-2005</ID><Note/><Empty></Empty>
  <Long>one
  two</Long></Case></s:Body></s:Envelope>"#;
        assert_eq!(
            indented(text),
            r#"<?xml version="1.0"?>
<s:Envelope xmlns:s="http://x/y">
  <s:Body>
    <Case id='1' open>
      <ID>APP-2005</ID>
      <Note/>
      <Empty></Empty>
      <Long>
        one
        two
      </Long>
    </Case>
  </s:Body>
</s:Envelope>
"#
        );
    }

    #[test]
    fn html_knows_elements_without_end_and_verbatim_ones() {
        let text = "<!DOCTYPE html><html><head><meta charset=utf-8><title>Log in</title><script>if (a<b) {\n  x(\"</p>\");\n}</script></head><body><p>one<br>two<pre>\n  a\n b</pre><!-- c\n d --></body></html>";
        assert_eq!(
            indented(text),
            "<!DOCTYPE html>\n<html>\n  <head>\n    <meta charset=utf-8>\n    <title>Log in</title>\n    <script>if (a<b) {\n  x(\"</p>\");\n}</script>\n  </head>\n  <body>\n    <p>one\n      <br>\n      two\n      <pre>\n  a\n b</pre>\n      <!-- c\n d -->\n  </body>\n</html>\n"
        );
    }

    #[test]
    fn a_tag_of_several_lines_stays_one() {
        let text = "<r><a\n      b='1'\r\nc='2\n 3'\n>t</a\n></r>";
        assert_eq!(
            indented(text),
            "<r>\n  <a\n      b='1'\n      c='2\n       3'\n      >t</a\n      >\n</r>\n"
        );
        assert!(
            lines(text).iter().flat_map(|l| &l.pieces).all(|(_, r)| !text[r.clone()].contains(['\n', '\r']))
        );
    }

    #[test]
    fn pieces_carry_their_classes() {
        let text = r#"<a  b="x > y" c=1 d e = 'f'/>t"#;
        let lines = lines(text);
        let pieces: Vec<_> = lines[0].pieces.iter().map(|(c, r)| (*c, &text[r.clone()])).collect();
        assert_eq!(
            pieces,
            [
                (MarkupClass::Tag, "<a"),
                (MarkupClass::Attribute, "  b"),
                (MarkupClass::Value, "=\"x > y\""),
                (MarkupClass::Attribute, " c"),
                (MarkupClass::Value, "=1"),
                (MarkupClass::Attribute, " d"),
                (MarkupClass::Attribute, " e "),
                (MarkupClass::Value, "= 'f'"),
                (MarkupClass::Tag, "/>"),
            ]
        );
        assert_eq!(lines[1].pieces, [(MarkupClass::Text, text.len() - 1..text.len())]);
    }

    #[test]
    fn garbage_loses_no_character_and_never_panics() {
        let mut random = fastrand::Rng::with_seed(2);
        let bits = [
            "<",
            ">",
            "</",
            "/>",
            "a",
            "b ",
            "=",
            "\"",
            "'",
            "<a>",
            "</a>",
            "<p ",
            "<!--",
            "-->",
            "<![CDATA[",
            "]]>",
            "<?",
            "?>",
            "<!",
            "é",
            "漢",
            "\n",
            "\r\n",
            " ",
            "<script>",
            "</script>",
            "<br>",
            "&amp;",
            "\u{feff}",
            "<pre>",
        ];
        let solid = |text: &str| text.chars().filter(|c| !c.is_ascii_whitespace()).collect::<String>();
        for _ in 0..5_000 {
            let text: String = (0..random.usize(..25)).map(|_| random.choice(bits).unwrap()).collect();
            let lines = lines(&text);
            let joined: String =
                lines.iter().flat_map(|l| &l.pieces).map(|(_, r)| &text[r.clone()]).collect();
            assert_eq!(solid(&joined), solid(&text), "{text:?}");
            assert_eq!(solid(&indented(&text)), solid(&text));
            assert!(lines.iter().flat_map(|l| &l.pieces).all(|(_, r)| !text[r.clone()].contains('\n')));
        }
    }

    #[test]
    fn deep_and_unclosed_markup_stays_quick() {
        let text = "<a>".repeat(100_000) + &"</b>".repeat(100_000);
        let lines = lines(&text);
        assert_eq!(lines.len(), 200_000);
        assert!(lines.iter().all(|l| l.indent <= DEEPEST));
    }
}
