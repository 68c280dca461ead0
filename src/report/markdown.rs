//! A diagnosis for a ticket, in Markdown, secrets masked.
//!
//! Whatever a server said must stay text wherever the ticket is shown: no link, no mention, no HTML, no way out of a fence, no
//! control character. Prose is escaped, quotations stand in fences longer than any run of backticks in them.

use super::Masking;
use super::exchange::View;
use crate::content::visible::visible;
use crate::diagnose::{Diagnosis, Finding};
use crate::model::exchange::Exchange;
use crate::model::redact::Redactor;
use serde_json::Value as Json;

/// How much of a body is quoted, in characters.
const MAX_BODY: usize = 2000;
/// How much of a header's value is quoted, in characters.
const MAX_VALUE: usize = 500;
/// How many header lines are quoted.
const MAX_HEADERS: usize = 60;

/// The report.
pub fn markdown(diagnosis: &Diagnosis, exchange: Option<&Exchange>, redactor: &Redactor) -> String {
    let view = View { redactor, masking: Masking::Masked, body_limit: Some(1024 * 1024) };
    let status = diagnosis.status.map_or_else(|| "No answer".to_owned(), |s| s.to_string());
    let summary = diagnosis.first().map_or("nothing speaks of trouble", |f| f.summary.as_str());
    let mut out = format!("## {}\n\n", prose(&view.text(&format!("{status}: {summary}"))));
    if let Some(exchange) = exchange {
        let line = format!("{} {}", exchange.request.method, view.url(&exchange.request.url));
        out.push_str(&fenced(&line));
        out.push_str(&format!("\nSent {}.\n", exchange.started));
    }
    for (i, finding) in diagnosis.findings.iter().enumerate() {
        one(&mut out, i, finding, &view);
    }
    list(
        &mut out,
        "Ruled out",
        diagnosis.passed.iter().map(|p| format!("{}: {}", p.name, view.text(&p.text))),
    );
    list(&mut out, "Not to be seen", diagnosis.missing.iter().map(|m| view.text(m)));
    if let Some(exchange) = exchange {
        out.push_str("\n### Request\n\n");
        out.push_str(&fenced(&message(&view.request(Some(exchange)), &request_line(exchange, &view))));
        if let Some(response) = &exchange.response {
            out.push_str("\n### Answer\n\n");
            let reason = view.text(response.reason.as_deref().unwrap_or_default());
            let line = format!("{} {} {reason}", response.http_version, response.status);
            out.push_str(&fenced(&message(&view.response(Some(exchange)), line.trim())));
        } else if let Some(failure) = &exchange.failure {
            out.push_str("\n### No answer\n\n");
            out.push_str(&fenced(&view.text(&failure.text)));
        }
    }
    out.push_str("\nWritten by hallpass, secrets masked.\n");
    out
}

fn one(out: &mut String, place: usize, finding: &Finding, view: &View<'_>) {
    out.push_str(&format!("\n### {}. `{}` ({})\n\n", place + 1, finding.code(), finding.likelihood.word()));
    out.push_str(&format!("{}\n", prose(&view.text(&finding.summary))));
    if !finding.evidence.is_empty() {
        let lines: Vec<String> = finding.evidence.iter().map(|e| view.text(&e.text)).collect();
        out.push('\n');
        out.push_str(&fenced(&lines.join("\n")));
    }
    out.push('\n');
    let texts = [
        ("Cause", finding.cause.as_str()),
        ("Confirm", &finding.confirm),
        ("Fix", &finding.fix),
        ("Reference", finding.info.reference),
    ];
    for (label, text) in texts.iter().filter(|(_, text)| !text.is_empty()) {
        out.push_str(&format!("- **{label}:** {}\n", prose(&view.text(text))));
    }
}

fn list(out: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.map(|line| format!("- {}\n", prose(&line))).collect();
    if !lines.is_empty() {
        out.push_str(&format!("\n### {title}\n\n{}", lines.concat()));
    }
}

fn request_line(exchange: &Exchange, view: &View<'_>) -> String {
    let version = exchange.request.http_version.as_deref().unwrap_or_default();
    format!("{} {} {version}", exchange.request.method, view.url(&exchange.request.url)).trim().to_owned()
}

/// Head and the beginning of the body, from the masked JSON shape.
fn message(shape: &Json, first: &str) -> String {
    let mut out = format!("{}\n", line(first));
    let headers = shape.get("headers").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    for header in headers.iter().take(MAX_HEADERS) {
        let text = |name: &str| header.get(name).and_then(Json::as_str).unwrap_or_default();
        out.push_str(&format!("{}: {}\n", line(text("name")), cut(&line(text("value")), MAX_VALUE)));
    }
    if headers.len() > MAX_HEADERS {
        out.push_str(&format!("… {} more headers\n", headers.len() - MAX_HEADERS));
    }
    let size = shape.get("body_left_out").and_then(Json::as_u64);
    match shape.get("body").and_then(Json::as_str) {
        Some(body) if !body.is_empty() => out.push_str(&format!("\n{}\n", cut(body, MAX_BODY))),
        _ if shape.get("body_base64").is_some() => out.push_str("\n(a body that is no text)\n"),
        _ if size.is_some() => out.push_str(&format!("\n(a body of {} bytes)\n", size.unwrap_or_default())),
        _ => {}
    }
    out
}

/// On one line.
fn line(text: &str) -> String {
    text.split(['\n', '\r']).collect::<Vec<_>>().join(" ")
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// A block of text that nothing in it can end.
fn fenced(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let lines: Vec<_> = text.trim_end().split('\n').map(|l| visible(l.trim_end_matches('\r'))).collect();
    format!("{fence}text\n{}\n{fence}\n", lines.join("\n"))
}

/// Text within a line of Markdown: nothing in it means anything. What stands in backquotes stays code, which is how this
/// program writes names; inside nothing is escaped and nothing needs to be.
fn prose(text: &str) -> String {
    let text = visible(&line(text)).into_owned();
    let parts: Vec<&str> = text.split('`').collect();
    // An odd backquote is no code: then none is.
    let balanced = parts.len() % 2 == 1;
    let mut out = String::with_capacity(text.len() + 16);
    for (i, part) in parts.iter().enumerate() {
        let code = balanced && i % 2 == 1 && !part.is_empty();
        if code {
            out.push_str(&format!("`{part}`"));
        } else {
            if i > 0 && !(balanced && i % 2 == 0 && !parts[i - 1].is_empty()) {
                out.push_str("\\`");
            }
            let next = part.chars().skip(1).map(Some).chain([None]);
            part.chars().zip(next).for_each(|(c, next)| plain(&mut out, c, next));
        }
    }
    out
}

fn plain(out: &mut String, c: char, next: Option<char>) {
    match c {
        // Not even a mention or the number of a ticket.
        '@' | '#' => {
            out.push('`');
            out.push(c);
            out.push('`');
        }
        // `https://` and `www.` would become links by themselves.
        ':' if next != Some('/') => out.push(':'),
        ':' | '<' | '>' | '&' | '[' | ']' | '!' | '*' | '_' | '~' | '|' | '\\' | '$' => {
            out.push('\\');
            out.push(c);
        }
        '.' if out.ends_with("www") || out.ends_with("WWW") => out.push_str("\\."),
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::{Evidence, Likelihood, Place};
    use crate::model::exchange::{BodyData, Header, Response, SentRequest};
    use bytes::Bytes;

    fn exchange(body: &str) -> Exchange {
        Exchange {
            request: SentRequest {
                method: "GET".into(),
                url: "https://user:pw@api.example/x?access_token=tok-1234567890".into(),
                headers: vec![Header::sensitive("Authorization", "Bearer tok-1234567890")],
                ..SentRequest::default()
            },
            response: Some(Response {
                status: 401,
                headers: vec![
                    Header::new("Set-Cookie", "sid=tok-abcdef; Path=/"),
                    Header::new("X", "a\r\nInjected: 1 ``` \u{1b}[2J"),
                ],
                body: BodyData::Memory(Bytes::from(body.to_owned())),
                ..Response::default()
            }),
            ..Exchange::new(SentRequest::default(), jiff::Timestamp::UNIX_EPOCH)
        }
    }

    fn report(words: &str) -> String {
        let finding = Finding::new("token.rejected", Likelihood::Likely)
            .summary(words)
            .cause(words)
            .evidence(Evidence::at(Place::Status, words));
        let diagnosis = Diagnosis { status: Some(401), findings: vec![finding], ..Diagnosis::default() };
        let redactor = Redactor::new();
        redactor.learn("tok-1234567890");
        markdown(&diagnosis, Some(&exchange(words)), &redactor)
    }

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let text = report("it said tok-1234567890");
        for secret in ["tok-1234567890", "tok-abcdef", "pw@"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(text.contains("Authorization: Bearer •••"), "{text}");
    }

    /// Text outside of fences and code spans.
    fn outside(text: &str) -> String {
        let mut out = String::new();
        let mut fence: Option<String> = None;
        for line in text.lines() {
            let ticks: String = line.chars().take_while(|c| *c == '`').collect();
            match &fence {
                Some(open) if line == open => fence = None,
                Some(_) => {}
                None if ticks.len() >= 3 => fence = Some(ticks),
                None => {
                    let line = line.replace("\\`", "");
                    out.extend(line.split('`').step_by(2).flat_map(|part| [part, "\n"]));
                }
            }
        }
        assert!(fence.is_none(), "a fence stays open: {text}");
        out
    }

    #[test]
    fn a_servers_words_stay_text() {
        let words = "x\n````\n# head <script>alert(1)</script> [a](https://evil.example) ![i](//e) @admin #1 https://evil.example ` | *b*\u{202e}\u{1b}[31m";
        for words in [words, &words.replace('`', ""), &format!("`{words}")] {
            let text = report(words);
            let plain = outside(&text);
            for bad in ["<script", "](", "https://", " @admin", "\n# head", "![", "*b*"] {
                let plain = plain.replace("\\]", "").replace("\\<", "").replace("\\!", "").replace("\\*", "");
                assert!(!plain.contains(bad), "{bad}: {plain}");
            }
            assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
            assert!(!text.contains('\u{202e}'));
        }
    }

    #[test]
    fn a_long_body_is_cut() {
        let text = report(&"y".repeat(10_000));
        assert!(text.contains(&format!("{}…", "y".repeat(MAX_BODY))));
    }
}
