//! `hallpass jwt …`: tokens read, checked, made, compared, and put into words. Decoded is not verified, and it says so.

pub mod args;
mod input;
mod keys;
mod make;
mod verify;

use super::context::Context;
use super::output::{Output, Paint};
use super::{Failed, Outcome};
use crate::jwt::lens::{Facts, SentAs, State, Verdict, look};
use crate::jwt::{self, Decoded, Difference, Signature, TokenKind};
use crate::model::problem::{Problem, ProblemKind};
use crate::report;
use args::{JwtAction, JwtArgs, JwtExplainArgs};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

/// `jwt …`.
pub fn jwt(context: &Context, args: &JwtArgs) -> Outcome {
    match &args.action {
        JwtAction::Decode { token } => decode(context, token.as_deref()),
        JwtAction::Verify(args) => verify::verify(context, args),
        JwtAction::Sign(args) => make::sign_command(context, args),
        JwtAction::Diff { first, second } => diff(context, first.as_deref(), second.as_deref()),
        JwtAction::Explain(args) => explain(context, args),
    }
}

/// The token decoded, or the problem that says why it cannot be.
fn readable(text: &str, now: Timestamp) -> Result<Decoded, Box<Failed>> {
    let decoded = jwt::decode(text, now);
    if decoded.kind != TokenKind::Opaque && decoded.header.is_some() {
        return Ok(decoded);
    }
    let why = decoded.problem.clone().unwrap_or_else(|| "it is not three or five parts".to_owned());
    let problem = Problem::new(
        ProblemKind::Usage,
        "this is no JSON Web Token that can be read",
        why,
        "an opaque token can only be read by the server that issued it; a JWT starts with `eyJ`",
    );
    Err(Failed::with_shape(problem, report::decoded(&decoded, now)))
}

fn decode(context: &Context, token: Option<&str>) -> Outcome {
    let text = input::token(context, token)?;
    let now = Timestamp::now();
    let decoded = readable(text.expose(), now)?;
    if context.out.json {
        context.out.answer(&report::decoded(&decoded, now));
    } else {
        print(&context.out, &decoded, now);
    }
    Ok(0)
}

/// Header, claims with their meaning, signature and warnings.
pub fn print(out: &Output, decoded: &Decoded, now: Timestamp) {
    out.line(&format!("kind       {}", decoded.kind.word()));
    if let Some(header) = &decoded.header {
        for (name, value) in header {
            out.line(&format!("header     {}", out.safe(&format!("{name} = {}", short(value)))));
        }
    }
    if let Some(claims) = &decoded.claims {
        let zone = jiff::tz::TimeZone::system();
        for claim in jwt::explain(claims, now, &zone) {
            let note = if claim.note.is_empty() { String::new() } else { format!("  {}", claim.note) };
            let line = out.safe(&format!("{} = {}{note}", claim.name, claim.value));
            let meaning = match claim.meaning {
                "" => String::new(),
                m => out.paint(Paint::Dim, &format!("  ({m})")),
            };
            out.line(&format!("claim      {line}{meaning}"));
        }
    }
    out.line(&format!("signature  {}", signature(out, &decoded.signature)));
    remarks(out, decoded);
}

/// Warnings, and why something could not be read.
fn remarks(out: &Output, decoded: &Decoded) {
    for warning in &decoded.warnings {
        out.line(&format!("{}    {}", out.paint(Paint::Warn, "warning"), out.safe(&warning.text)));
    }
    if let Some(problem) = &decoded.problem {
        out.line(&format!("{}    {}", out.paint(Paint::Warn, "problem"), out.safe(problem)));
    }
}

/// The signature's state in words.
pub fn signature(out: &Output, signature: &Signature) -> String {
    let (paint, word, more) = match signature {
        Signature::Unverified { reason } => (Paint::Warn, "unverified", reason),
        Signature::Verified { key } => (Paint::Good, "verified", key),
        Signature::Rejected { reason } => (Paint::Bad, "rejected", reason),
    };
    format!("{}: {}", out.paint(paint, word), out.safe(more))
}

fn short(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn diff(context: &Context, first: Option<&str>, second: Option<&str>) -> Outcome {
    let (first, second) = input::two_tokens(context, first, second)?;
    let now = Timestamp::now();
    let (first, second) = (readable(first.expose(), now)?, readable(second.expose(), now)?);
    let mut found = Vec::new();
    for (part, a, b) in [("header", &first.header, &second.header), ("claims", &first.claims, &second.claims)]
    {
        let none = serde_json::Map::new();
        let differences = jwt::diff(a.as_ref().unwrap_or(&none), b.as_ref().unwrap_or(&none));
        found.extend(differences.into_iter().map(|difference| (part, difference)));
    }
    let out = &context.out;
    if out.json {
        let list: Vec<Json> = found
            .iter()
            .map(|(part, d)| json!({ "part": part, "name": d.name, "first": d.first, "second": d.second }))
            .collect();
        out.answer(&json!({ "same": found.is_empty(), "differences": list }));
        return Ok(0);
    }
    if found.is_empty() {
        out.line("header and claims are the same");
    }
    for (part, Difference { name, first, second }) in &found {
        out.line(&out.safe(&format!("{part}.{name}")));
        for (sign, value) in [("-", first), ("+", second)] {
            let shown =
                value.as_ref().map_or_else(|| "(absent)".to_owned(), |value| with_time(name, value, now));
            out.line(&format!("  {sign} {}", out.safe(&shown)));
        }
    }
    Ok(0)
}

/// A value with its time in words where it is one.
fn with_time(name: &str, value: &Json, now: Timestamp) -> String {
    let claims = serde_json::Map::from_iter([(name.to_owned(), value.clone())]);
    let line = jwt::explain(&claims, now, &jiff::tz::TimeZone::system()).pop();
    match line {
        Some(line) if !line.note.is_empty() => format!("{}  {}", line.value, line.note),
        Some(line) => line.value,
        None => short(value),
    }
}

fn explain(context: &Context, args: &JwtExplainArgs) -> Outcome {
    let text = input::token(context, args.token.as_deref())?;
    let now = Timestamp::now();
    let decoded = readable(text.expose(), now)?;
    let facts = Facts {
        url: args.url.clone().unwrap_or_default(),
        issuer: args.issuer.clone().unwrap_or_default(),
        audiences: args.audiences.clone(),
        scopes: args.scopes.clone(),
        client_id: args.client_id.clone().unwrap_or_default(),
        sent_as: if args.dpop { SentAs::Dpop } else { SentAs::Bearer },
        certificate: args.certificate,
        ..Facts::default()
    };
    if let Some(url) = args.url.as_deref().filter(|url| url::Url::parse(url).is_err()) {
        return Err(Problem::new(
            ProblemKind::Usage,
            format!("`{url}` is no URL"),
            "",
            "begin it with https://",
        )
        .into());
    }
    let lens = look(&decoded, &facts, now);
    let claims = decoded.claims.clone().unwrap_or_default();
    let lines = jwt::explain(&claims, now, &jiff::tz::TimeZone::system());
    let out = &context.out;
    if out.json {
        let mut shape = report::decoded(&decoded, now);
        shape["explained"] = lines
            .iter()
            .map(|l| json!({ "name": l.name, "value": l.value, "meaning": l.meaning, "note": l.note }))
            .collect();
        shape["lens"] = lens
            .iter()
            .map(|l| json!({ "topic": l.topic.word(), "state": l.state.word(), "text": l.text }))
            .collect();
        out.answer(&shape);
        return Ok(0);
    }
    let width = lines.iter().map(|line| line.name.chars().count()).max().unwrap_or(0).min(24);
    for line in &lines {
        out.line(&format!("{}  {}", out.safe(&format!("{:width$}", line.name)), out.safe(&line.value)));
        for more in [line.note.as_str(), line.meaning].into_iter().filter(|more| !more.is_empty()) {
            out.line(&format!("{:width$}  {}", "", out.paint(Paint::Dim, &out.safe(more))));
        }
    }
    remarks(out, &decoded);
    if args.url.is_some() {
        out.line("for this request (only the API knows whether it takes the token):");
    } else {
        out.line("as far as the token itself tells (only the API knows whether it takes it):");
    }
    for verdict in &lens {
        out.line(&verdict_line(out, verdict));
    }
    Ok(0)
}

fn verdict_line(out: &Output, verdict: &Verdict) -> String {
    let (paint, word) = match verdict.state {
        State::Ok => (Paint::Good, "ok     "),
        State::Doubt => (Paint::Warn, "doubt  "),
        State::Bad => (Paint::Bad, "bad    "),
        State::Unknown => (Paint::Dim, "unknown"),
    };
    format!("  {}  {:8}  {}", out.paint(paint, word), verdict.topic.word(), out.safe(&verdict.text))
}
