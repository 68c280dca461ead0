//! A diagnosis as a person reads it: the answer first, then each finding with its evidence, then what is ruled out.
//!
//! It is made from the JSON shape, so that what the history kept long ago reads the same. All of it may be a server's words:
//! control characters are made visible in a pipe too, since the text is no body that somebody wants byte by byte.

use crate::cli::output::{Output, Paint};
use crate::content::visible::visible;
use serde_json::Value as Json;
use unicode_width::UnicodeWidthStr;

/// Narrower than this nothing is wrapped.
const MIN_WIDTH: usize = 40;
/// Longer lines are hard to read.
const MAX_WIDTH: usize = 100;
/// Width of the column of labels.
const LABEL: usize = 10;

/// `401 Unauthorized`.
pub fn status(status: Option<u16>, reason: Option<&str>) -> String {
    let Some(status) = status else { return "no answer".to_owned() };
    let known = http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason());
    match reason.filter(|r| !r.trim().is_empty()).or(known) {
        Some(reason) => format!("{status} {}", visible(reason)),
        None => status.to_string(),
    }
}

/// The whole of it on stdout; with `-q` the first sentence only.
pub fn print(out: &Output, status: &str, shape: &Json, refused: bool) {
    let findings = list(shape, "findings");
    let Some(first) = findings.first() else {
        let words = if refused { "nothing in this exchange says why" } else { "nothing speaks of trouble" };
        out.line(&visible(&format!("{status}: {words}")));
        if !out.quiet {
            request_line(out, shape);
            missing(out, shape);
        }
        return;
    };
    out.line(&out.paint(Paint::Bad, &visible(&format!("{status}: {}", text(first, "summary")))));
    if out.quiet {
        return;
    }
    request_line(out, shape);
    for (i, one) in findings.iter().enumerate() {
        finding(out, i, one);
    }
    let passed = list(shape, "passed");
    if !passed.is_empty() {
        out.line("");
        out.line("Ruled out");
        for line in passed.iter().filter_map(Json::as_str) {
            let (name, rest) = line.split_once(": ").unwrap_or((line, ""));
            wrapped(out, &format!("  {} {:<12}", out.paint(Paint::Good, "ok"), visible(name)), 17, rest);
        }
    }
    missing(out, shape);
}

fn request_line(out: &Output, shape: &Json) {
    let request = shape.get("request").unwrap_or(&Json::Null);
    let mut line = format!("{} {}", text(request, "method"), text(request, "url"));
    if let Some([first, rest @ ..]) = shape.get("entries").and_then(Json::as_array).map(Vec::as_slice) {
        line.push_str(&match rest.last() {
            Some(last) => format!("  (entries {first} to {last}, one chain of redirects)"),
            None => format!("  (entry {first})"),
        });
    }
    if !line.trim().is_empty() {
        out.line(&out.paint(Paint::Dim, &visible(line.trim())));
    }
}

fn finding(out: &Output, place: usize, finding: &Json) {
    out.line("");
    let likelihood = text(finding, "likelihood");
    let paint = match likelihood {
        "certain" => Paint::Bad,
        "likely" => Paint::Warn,
        _ => Paint::Dim,
    };
    let head = format!("{}. {}", place + 1, text(finding, "code"));
    out.line(&format!("{}  {}", visible(&head), out.paint(paint, &visible(likelihood))));
    // The first one's sentence stands at the top.
    if place > 0 {
        wrapped(out, "   ", 3, text(finding, "summary"));
    }
    let evidence = list(finding, "evidence");
    for (i, line) in evidence.iter().filter_map(Json::as_str).enumerate() {
        labelled(out, if i == 0 { "evidence" } else { "" }, line);
    }
    for (label, name) in [("cause", "cause"), ("confirm", "confirm"), ("fix", "fix"), ("see", "reference")] {
        let words = text(finding, name);
        if !words.is_empty() {
            labelled(out, label, words);
        }
    }
    for (label, name) in [("to check", "probes"), ("to mend", "fixes")] {
        for (i, one) in list(finding, name).iter().enumerate() {
            labelled(out, if i == 0 { label } else { "" }, text(one, "text"));
        }
    }
}

fn missing(out: &Output, shape: &Json) {
    let missing = list(shape, "missing");
    if missing.is_empty() {
        return;
    }
    out.line("");
    out.line("Not to be seen");
    for line in missing.iter().filter_map(Json::as_str) {
        wrapped(out, "  - ", 4, line);
    }
}

/// A label and what belongs to it, in two columns.
pub fn labelled(out: &Output, label: &str, words: &str) {
    let label = out.paint(Paint::Dim, &format!("{label:<LABEL$}"));
    wrapped(out, &format!("   {label}"), 3 + LABEL, words);
}

/// A text behind `head` (which takes `indent` columns), wrapped to the terminal and indented.
pub fn wrapped(out: &Output, head: &str, indent: usize, words: &str) {
    let width = out.width().min(MAX_WIDTH);
    let room = if width < MIN_WIDTH { usize::MAX } else { width.saturating_sub(indent) };
    let words = words.split(['\n', '\r']).collect::<Vec<_>>().join(" ");
    for (i, line) in wrap(&visible(&words), room).iter().enumerate() {
        if i == 0 {
            out.line(&format!("{head}{line}"));
        } else {
            out.line(&format!("{:indent$}{line}", ""));
        }
    }
}

/// Lines of at most `room` columns, broken at blanks; a word that is too long keeps a line of its own.
fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let width = word.width();
        let Some(last) = lines.last_mut() else { break };
        if used > 0 && used + 1 + width > room {
            lines.push(word.to_owned());
            used = width;
            continue;
        }
        if used > 0 {
            last.push(' ');
            used += 1;
        }
        last.push_str(word);
        used += width;
    }
    lines
}

fn text<'a>(value: &'a Json, name: &str) -> &'a str {
    value.get(name).and_then(Json::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Json, name: &str) -> &'a [Json] {
    value.get(name).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_wrapped_by_their_columns_and_long_ones_are_not_torn() {
        assert_eq!(wrap("ab cd ef", 5), ["ab cd", "ef"]);
        assert_eq!(wrap("a verylongword b", 6), ["a", "verylongword", "b"]);
        assert_eq!(wrap("漢字 漢字", 5), ["漢字", "漢字"]);
        assert_eq!(wrap("", 5), [""]);
    }

    #[test]
    fn a_status_without_its_phrase_gets_the_usual_one() {
        assert_eq!(status(Some(401), None), "401 Unauthorized");
        assert_eq!(status(Some(403), Some("No\u{1b}[2J")), "403 No^[[2J");
        assert_eq!(status(Some(799), Some(" ")), "799");
        assert_eq!(status(None, None), "no answer");
    }
}
