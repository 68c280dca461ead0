//! Tokens and texts a command line hands over: as an argument, in a file, through a pipe.

use super::super::context::Context;
use crate::jwt::{self, TokenKind};
use crate::model::problem::{Problem, ProblemKind};
use crate::model::secret::Secret;
use jiff::Timestamp;
use std::io::{IsTerminal, Read};
use std::path::Path;
use zeroize::Zeroizing;

/// Most that is read of a pipe or a file.
const MOST: u64 = 4 * 1024 * 1024;

/// The token of an argument, of stdin for `-` and for nothing. Around it may stand what curl or a log prints.
pub(super) fn token(context: &Context, given: Option<&str>) -> Result<Secret, Problem> {
    let text = match given {
        Some(token) if token != "-" => Secret::new(token),
        given => stdin(context, given.is_some())?,
    };
    let now = Timestamp::now();
    if jwt::decode(text.expose(), now).kind != TokenKind::Opaque {
        return Ok(text);
    }
    let mut found = jwt::find(text.expose());
    if found.len() > 1 {
        context.out.note(&format!("{} tokens are in it; this is the first", found.len()));
    }
    Ok(if found.is_empty() { text } else { Secret::new(found.remove(0)) })
}

/// Two tokens: arguments, one of them from stdin, or both from there.
pub(super) fn two_tokens(
    context: &Context,
    first: Option<&str>,
    second: Option<&str>,
) -> Result<(Secret, Secret), Problem> {
    if first == Some("-") && second == Some("-") {
        return Err(twice());
    }
    if first.is_some() {
        return Ok((token(context, first)?, token(context, second)?));
    }
    let text = stdin(context, false)?;
    let mut found = jwt::find(text.expose()).into_iter();
    match (found.next(), found.next()) {
        (Some(a), Some(b)) => Ok((Secret::new(a), Secret::new(b))),
        (a, _) => Err(Problem::new(
            ProblemKind::Usage,
            "two tokens are needed to compare them",
            if a.is_some() { "there is only one on stdin" } else { "there is none on stdin" },
            "give them as arguments: `hallpass jwt diff A B`",
        )),
    }
}

fn twice() -> Problem {
    Problem::new(
        ProblemKind::Usage,
        "stdin cannot be two things at once",
        "",
        "give one of them as an argument or in a file",
    )
}

/// True when stdin is wanted for more than one thing.
pub(super) fn only_once(uses: &[bool]) -> Result<(), Problem> {
    if uses.iter().filter(|used| **used).count() > 1 { Err(twice()) } else { Ok(()) }
}

fn no_token() -> Problem {
    Problem::new(
        ProblemKind::Usage,
        "no token was given",
        "",
        "give it as an argument, or pipe it in: `hallpass token | hallpass jwt decode`",
    )
}

fn stdin(context: &Context, asked: bool) -> Result<Secret, Problem> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() && !asked {
        return Err(no_token());
    }
    if stdin.is_terminal() {
        context.out.note("paste the token, then Ctrl-D");
    }
    let text = piped()?;
    let trimmed = text.trim();
    if trimmed.is_empty() { Err(no_token()) } else { Ok(Secret::new(trimmed)) }
}

/// All of stdin as text.
pub(super) fn piped() -> Result<Zeroizing<String>, Problem> {
    let mut text = Zeroizing::new(String::new());
    std::io::stdin().lock().take(MOST).read_to_string(&mut text).map_err(|e| {
        Problem::new(ProblemKind::Usage, "cannot read stdin", e.to_string(), "pipe it in as text")
    })?;
    Ok(text)
}

/// A file's bytes, up to the limit.
pub(super) fn file(path: &Path, what: &str) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let failed = |e: std::io::Error| {
        Problem::new(ProblemKind::File, format!("cannot read {what}"), e.to_string(), "check the path")
            .in_file(path)
    };
    let mut bytes = Zeroizing::new(Vec::new());
    std::fs::File::open(path).map_err(failed)?.take(MOST).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// A file as text.
pub(super) fn text_file(path: &Path, what: &str) -> Result<Zeroizing<String>, Problem> {
    let bytes = file(path, what)?;
    let text = std::str::from_utf8(&bytes).map_err(|e| {
        Problem::new(
            ProblemKind::File,
            format!("cannot read {what}"),
            e.to_string(),
            "it has to be UTF-8 text",
        )
        .in_file(path)
    })?;
    Ok(Zeroizing::new(text.to_owned()))
}
