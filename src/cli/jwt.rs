//! `hallpass jwt decode`: what is written on a token. Decoded is not verified, and it says so.

use super::args::{JwtAction, JwtArgs};
use super::context::Context;
use super::output::{Output, Paint};
use super::{Failed, Outcome};
use crate::jwt::{self, Decoded, Signature, TokenKind};
use crate::model::problem::{Problem, ProblemKind};
use crate::report;
use jiff::Timestamp;
use std::io::{IsTerminal, Read};

/// `jwt …`.
pub fn jwt(context: &Context, args: &JwtArgs) -> Outcome {
    match &args.action {
        JwtAction::Decode { token } => decode(context, token.as_deref()),
    }
}

fn decode(context: &Context, token: Option<&str>) -> Outcome {
    let text = match token {
        Some(token) if token != "-" => token.to_owned(),
        given => read_token(context, given.is_some())?,
    };
    let now = Timestamp::now();
    let decoded = jwt::decode(&text, now);
    let out = &context.out;
    let shape = report::decoded(&decoded, now);
    if decoded.kind == TokenKind::Opaque || decoded.header.is_none() {
        let why = decoded.problem.clone().unwrap_or_else(|| "it is not three or five parts".to_owned());
        let problem = Problem::new(
            ProblemKind::Usage,
            "this is no JSON Web Token that can be read",
            why,
            "an opaque token can only be read by the server that issued it; a JWT starts with `eyJ`",
        );
        return Err(Failed::with_shape(problem, shape));
    }
    if out.json {
        out.answer(&shape);
    } else {
        print(out, &decoded, now);
    }
    Ok(0)
}

fn no_token() -> Problem {
    Problem::new(
        ProblemKind::Usage,
        "no token to decode",
        "",
        "give it as an argument, or pipe it in: `hallpass token | hallpass jwt decode`",
    )
}

fn read_token(context: &Context, asked: bool) -> Result<String, Problem> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() && !asked {
        return Err(no_token());
    }
    if stdin.is_terminal() {
        context.out.note("paste the token, then Ctrl-D");
    }
    let mut text = String::new();
    stdin.lock().take(4 * 1024 * 1024).read_to_string(&mut text).map_err(|e| {
        Problem::new(ProblemKind::Usage, "cannot read the token", e.to_string(), "pipe it in as text")
    })?;
    if text.trim().is_empty() {
        return Err(no_token());
    }
    Ok(text.trim().to_owned())
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

fn short(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
