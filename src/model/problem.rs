//! What the user reads when something fails: what, why, and the next step, in that order.

use std::fmt;
use std::path::PathBuf;

/// Which family a failure belongs to; it decides the exit code and the colour, never the wording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// The command line or a key was used in a way that cannot work.
    Usage,
    /// A file is missing, broken, or cannot be written.
    File,
    /// A variable or secret a request needs has no value.
    Unresolved,
    /// The network did not carry the request: DNS, connect, TLS, reset, proxy.
    Network,
    /// The time allowed ran out.
    Timeout,
    /// The token endpoint answered without giving a token.
    Token,
    /// The resource server answered 401 or 403.
    Refused,
    /// A check failed.
    Check,
    /// The user cancelled.
    Interrupted,
    /// A defect of hallpass itself.
    Internal,
}

impl ProblemKind {
    /// The name used for `error.kind` in JSON output. Stable.
    pub fn name(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::File => "file",
            Self::Unresolved => "unresolved",
            Self::Network => "network",
            Self::Timeout => "timeout",
            Self::Token => "token",
            Self::Refused => "refused",
            Self::Check => "check",
            Self::Interrupted => "interrupted",
            Self::Internal => "internal",
        }
    }

    /// The process exit code this kind ends a command with.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Usage | Self::File | Self::Unresolved => 2,
            Self::Network => 3,
            Self::Token => 4,
            Self::Refused => 5,
            Self::Timeout => 6,
            Self::Check | Self::Internal => 1,
            Self::Interrupted => 130,
        }
    }
}

/// A failure in words. Never holds a secret; text from outside is cleaned when shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Decides exit code and colour.
    pub kind: ProblemKind,
    /// What failed: `token request refused`.
    pub what: String,
    /// Why: the server's or the system's own words, cleaned of secrets.
    pub why: String,
    /// The next step: `check the client secret of environment staging`.
    pub next: String,
    /// The file at fault, if one is.
    pub file: Option<PathBuf>,
    /// Line in `file`, from 1.
    pub line: Option<u32>,
    /// Column in `file`, from 1, in characters.
    pub column: Option<u32>,
}

impl Problem {
    /// A problem without a file.
    pub fn new(
        kind: ProblemKind,
        what: impl Into<String>,
        why: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            what: what.into(),
            why: why.into(),
            next: next.into(),
            file: None,
            line: None,
            column: None,
        }
    }

    /// Names the file at fault.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// Names the place in the file, both from 1.
    #[must_use]
    pub fn at(mut self, line: u32, column: u32) -> Self {
        self.line = Some(line);
        self.column = Some(column);
        self
    }

    /// `file:line:column`, as far as known.
    pub fn place(&self) -> Option<String> {
        let file = self.file.as_ref()?.display().to_string();
        Some(match (self.line, self.column) {
            (Some(l), Some(c)) => format!("{file}:{l}:{c}"),
            (Some(l), None) => format!("{file}:{l}"),
            _ => file,
        })
    }
}

impl fmt::Display for Problem {
    /// Three lines at most: `what`, `why`, `next`; the place stands before `what`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = self.place() {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.what)?;
        if !self.why.is_empty() {
            write!(f, "\n  why: {}", self.why)?;
        }
        if !self.next.is_empty() {
            write!(f, "\n  next: {}", self.next)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_what_why_next_with_its_place_first() {
        let p = Problem::new(ProblemKind::File, "cannot read the request", "expected `=`", "mend the line")
            .in_file("a/b.toml")
            .at(3, 7);
        assert_eq!(
            p.to_string(),
            "a/b.toml:3:7: cannot read the request\n  why: expected `=`\n  next: mend the line"
        );
    }

    #[test]
    fn exit_codes_are_those_of_the_contract() {
        let codes: Vec<u8> = [
            ProblemKind::Usage,
            ProblemKind::Network,
            ProblemKind::Token,
            ProblemKind::Refused,
            ProblemKind::Timeout,
            ProblemKind::Interrupted,
        ]
        .iter()
        .map(|k| k.exit_code())
        .collect();
        assert_eq!(codes, [2, 3, 4, 5, 6, 130]);
    }
}
