//! Finds `{{name | filter}}` in a text. Never fails: what is no placeholder is literal text.
//!
//! `\{{` is a literal `{{`. Two backslashes are no escape but two backslashes, so that a JSON text may
//! hold `"C:\\{{dir}}"`.

use super::Placeholder;
use std::ops::Range;

/// A part of a text, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// Typed text, escapes removed.
    Literal(String),
    /// A placeholder.
    Variable(Variable),
}

/// A placeholder with its filters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variable {
    /// Byte range, braces included.
    pub span: Range<usize>,
    /// Name, blanks trimmed.
    pub name: String,
    /// Filters in order.
    pub filters: Vec<String>,
}

/// Splits a text.
pub(super) fn segments(text: &str) -> Vec<Segment> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut literal = String::new();
    let mut done = 0;
    let mut from = 0;
    while let Some(open) = memchr::memmem::find(&bytes[from..], b"{{").map(|at| from + at) {
        let backslashes = bytes[done..open].iter().rev().take_while(|b| **b == b'\\').count();
        if backslashes % 2 == 1 {
            literal.push_str(&text[done..open - 1]);
            literal.push_str("{{");
            done = open + 2;
            from = done;
            continue;
        }
        let Some(variable) = variable_at(text, open) else {
            // One character on, so that `{{{name}}}` still finds the inner pair.
            from = open + 1;
            continue;
        };
        literal.push_str(&text[done..open]);
        if !literal.is_empty() {
            out.push(Segment::Literal(std::mem::take(&mut literal)));
        }
        done = variable.span.end;
        from = done;
        out.push(Segment::Variable(variable));
    }
    literal.push_str(&text[done..]);
    if !literal.is_empty() {
        out.push(Segment::Literal(literal));
    }
    out
}

fn variable_at(text: &str, open: usize) -> Option<Variable> {
    let inside = &text[open + 2..];
    let close = inside.find("}}")?;
    let inside = &inside[..close];
    if inside.chars().any(|c| matches!(c, '{' | '}' | '"') || c.is_control()) {
        return None;
    }
    let mut parts = inside.split('|').map(|part| part.trim().to_owned());
    let name = parts.next().filter(|name| !name.is_empty())?;
    Some(Variable { span: open..open + 2 + close + 2, name, filters: parts.collect() })
}

/// Whether `{{name}}` would find a variable of this name.
pub(super) fn is_name(name: &str) -> bool {
    let text = format!("{{{{{name}}}}}");
    !name.starts_with('$')
        && variable_at(&text, 0)
            .is_some_and(|v| v.name == name && v.filters.is_empty() && v.span.end == text.len())
}

/// All placeholders of a text, in order.
pub(super) fn placeholders(text: &str) -> Vec<Placeholder> {
    let variables = segments(text).into_iter().filter_map(|segment| match segment {
        Segment::Variable(v) => Some(Placeholder { span: v.span, name: v.name }),
        Segment::Literal(_) => None,
    });
    variables.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_a_placeholder_can_hold() {
        for good in ["a", "base_url", "x-y.z", "größe", "two words"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", " ", " a", "a ", "a|b", "a}}", "{a", "a\"", "a\nb", "\u{1b}[31m", "$uuid"] {
            assert!(!is_name(bad), "{bad:?}");
        }
    }

    fn names(text: &str) -> Vec<String> {
        placeholders(text).into_iter().map(|p| p.name).collect()
    }

    #[test]
    fn blanks_around_names_and_filters_do_not_matter() {
        assert_eq!(names("{{a}}{{ b }} {{  c d | base64|json }}"), ["a", "b", "c d"]);
        let text = "x {{ b }} y";
        assert_eq!(&text[placeholders(text)[0].span.clone()], "{{ b }}");
    }

    #[test]
    fn an_escaped_or_unclosed_or_empty_pair_is_literal_text() {
        for text in ["{{a", "{{}}", "{{  }}", "{ {a}}", "}}", "{{\n}}", "\\{{a}}"] {
            assert_eq!(names(text), [""; 0], "{text}");
        }
        assert_eq!(segments("\\{{a}}"), [Segment::Literal("{{a}}".into())]);
    }

    #[test]
    fn doubled_backslashes_are_text_and_the_variable_still_counts() {
        assert_eq!(names(r#""C:\\{{dir}}""#), ["dir"]);
    }

    #[test]
    fn json_braces_around_a_variable_do_not_hide_it() {
        assert_eq!(names(r#"{"a":{"b":{{b}}}}"#), ["b"]);
        assert_eq!(names("{{{a}}}"), ["a"]);
        assert_eq!(names("{{ open {{a}}"), ["a"]);
    }
}
