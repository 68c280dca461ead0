//! stdout and stderr of the commands. stdout carries the answer and nothing else; everything
//! that is said besides goes to stderr. What a server or a file said is made safe for a terminal
//! here and nowhere else, and only where there is a terminal: a pipe gets exact bytes.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the one place that writes to both")]

use super::args::Globals;
use crate::content::visible::visible;
use crate::model::exchange::BodyData;
use crate::model::problem::{Problem, ProblemKind};
use serde_json::{Map, Value as Json};
use std::io::{self, IsTerminal, Read, Write};
use std::sync::Mutex;

/// Colours of our own words on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Went well.
    Good,
    /// Went wrong.
    Bad,
    /// Worth a look.
    Warn,
    /// Beside the point.
    Dim,
}

impl Paint {
    fn code(self) -> &'static str {
        match self {
            Self::Good => "32",
            Self::Bad => "31",
            Self::Warn => "33",
            Self::Dim => "2",
        }
    }
}

/// Both streams, and how they are to be written.
#[derive(Debug)]
pub struct Output {
    /// `--json`.
    pub json: bool,
    /// `-q`.
    pub quiet: bool,
    /// `-v`, counted.
    pub verbose: u8,
    stdout_terminal: bool,
    stderr_terminal: bool,
    stdout_color: bool,
    stderr_color: bool,
    lost: Mutex<Option<io::Error>>,
}

impl Output {
    /// Looks at both streams and at `NO_COLOR`.
    pub fn new(globals: &Globals) -> Output {
        let plain = globals.no_color
            || std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty())
            // Without TERM nothing is known of a Unix terminal; on Windows it is never set.
            || std::env::var_os("TERM").map_or(cfg!(unix), |t| t.is_empty() || t == "dumb");
        let (stdout_terminal, stderr_terminal) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        Output {
            json: globals.json,
            quiet: globals.quiet,
            verbose: globals.verbose,
            stdout_terminal,
            stderr_terminal,
            stdout_color: stdout_terminal && !plain,
            stderr_color: stderr_terminal && !plain,
            lost: Mutex::new(None),
        }
    }

    /// True when stderr is a terminal: only then may something be asked.
    pub fn can_ask(&self) -> bool {
        self.stderr_terminal
    }

    /// Columns of the terminal that stdout is; 80 where it is none.
    pub fn width(&self) -> usize {
        const USUAL: usize = 80;
        #[cfg(unix)]
        if self.stdout_terminal
            && let Ok(size) = rustix::termios::tcgetwinsize(io::stdout())
            && size.ws_col > 0
        {
            return usize::from(size.ws_col);
        }
        USUAL
    }

    /// One of our own words in colour, for a line of the answer.
    pub fn paint(&self, paint: Paint, word: &str) -> String {
        painted(self.stdout_color, paint, word)
    }

    /// One of our own words in colour, for a line on stderr.
    pub fn paint_note(&self, paint: Paint, word: &str) -> String {
        painted(self.stderr_color, paint, word)
    }

    /// A line of the answer. Colours come from [`paint`](Self::paint); anything from outside must
    /// have gone through [`safe`](Self::safe).
    pub fn line(&self, text: &str) {
        self.write(text.as_bytes());
        self.write(b"\n");
    }

    /// One line of text from outside, as stdout may show it: exact in a pipe.
    pub fn safe(&self, text: &str) -> String {
        if self.stdout_terminal { visible(text).into_owned() } else { text.to_owned() }
    }

    /// The answer as JSON: one line in a pipe, indented on a terminal.
    pub fn answer(&self, value: &Json) {
        let text = if self.stdout_terminal {
            escape_unsafe(&serde_json::to_string_pretty(value).unwrap_or_default())
        } else {
            value.to_string()
        };
        self.line(&text);
    }

    /// The same without a character that a terminal might act on, in a pipe too: for answers that quote servers and recordings.
    pub fn quoting_answer(&self, value: &Json) {
        if self.stdout_terminal {
            self.answer(value);
        } else {
            self.line(&escape_unsafe(&value.to_string()));
        }
    }

    /// A body, whole: exact bytes in a pipe, made safe line by line on a terminal.
    pub fn body(&self, body: &BodyData) -> Result<(), Problem> {
        match body {
            BodyData::Empty => {}
            BodyData::Memory(bytes) if self.stdout_terminal => {
                self.safe_text(&bytes[..]);
                if !bytes.ends_with(b"\n") {
                    self.write(b"\n");
                }
            }
            BodyData::Memory(bytes) => self.write(bytes),
            BodyData::Spooled(file) => {
                let source = std::fs::File::open(&file.path).map_err(|e| spool_problem(&e))?;
                if self.stdout_terminal {
                    self.safe_text(source);
                } else {
                    self.copy(source)?;
                }
            }
        }
        self.flush();
        Ok(())
    }

    fn copy(&self, mut source: impl Read) -> Result<(), Problem> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let n = source.read(&mut buffer).map_err(|e| spool_problem(&e))?;
            if n == 0 || self.is_lost() {
                return Ok(());
            }
            self.write(&buffer[..n]);
        }
    }

    fn safe_text(&self, source: impl Read) {
        let mut reader = io::BufReader::new(source);
        let mut line = Vec::new();
        loop {
            line.clear();
            // A "line" of a binary body may be endless: it is cut, not kept.
            let read = io::BufRead::read_until(&mut (&mut reader).take(64 * 1024), b'\n', &mut line);
            if read.unwrap_or(0) == 0 || self.is_lost() {
                return;
            }
            let ended = line.ends_with(b"\n");
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end_matches(['\n', '\r']);
            self.write(visible(text).as_bytes());
            if ended {
                self.write(b"\n");
            }
        }
    }

    /// Something worth knowing, on stderr; not with `-q`. Text from outside may be in it.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.stderr_lines(text);
        }
    }

    /// The same with colours already in it: what is from outside went through `visible`.
    pub fn painted_note(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// What a person must read to go on, also with `-q`: what is from outside went through
    /// [`safe_note`](Self::safe_note).
    pub fn tell(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// True when stderr shows colours.
    pub fn notes_in_color(&self) -> bool {
        self.stderr_color
    }

    /// Only with `-v`.
    pub fn detail(&self, text: &str) {
        if self.verbose > 0 {
            self.stderr_lines(text);
        }
    }

    /// A warning, on stderr, also with `-q`.
    pub fn warn(&self, text: &str) {
        let head = self.paint_note(Paint::Warn, "warning");
        let _ = writeln!(io::stderr().lock(), "{head}: {}", self.safe_note(text));
    }

    /// A problem that does not end the command: a broken file beside the one that is used.
    pub fn warn_problem(&self, problem: &Problem) {
        self.warn(&problem.to_string());
    }

    /// A problem that ends the command: what, why, next step.
    pub fn problem(&self, problem: &Problem) {
        let head = self.paint_note(Paint::Bad, "error");
        let _ = writeln!(io::stderr().lock(), "{head}: {}", self.safe_note(&problem.to_string()));
    }

    fn stderr_lines(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{}", self.safe_note(text));
    }

    /// Several lines of text from outside as stderr may show them.
    pub fn safe_note(&self, text: &str) -> String {
        if !self.stderr_terminal {
            return text.to_owned();
        }
        text.lines().map(visible).collect::<Vec<_>>().join("\n")
    }

    /// Exact bytes to stdout. A reader that has gone away ends nothing: the rest is not written.
    pub fn write(&self, bytes: &[u8]) {
        if self.is_lost() {
            return;
        }
        if let Err(error) = io::stdout().lock().write_all(bytes) {
            self.lose(error);
        }
    }

    /// Hands everything to the system.
    pub fn flush(&self) {
        if let Err(error) = io::stdout().lock().flush() {
            self.lose(error);
        }
    }

    fn lose(&self, error: io::Error) {
        if let Ok(mut lost) = self.lost.lock() {
            lost.get_or_insert(error);
        }
    }

    fn is_lost(&self) -> bool {
        self.lost.lock().is_ok_and(|lost| lost.is_some())
    }

    /// Why the answer could not be written, if it could not; a closed pipe is no reason.
    pub fn trouble(&self) -> Option<Problem> {
        self.flush();
        let lost = self.lost.lock().ok()?;
        let error = lost.as_ref().filter(|e| e.kind() != io::ErrorKind::BrokenPipe)?;
        Some(Problem::new(
            ProblemKind::File,
            "cannot write the answer to stdout",
            error.to_string(),
            "make room where stdout goes, then try again",
        ))
    }
}

fn painted(color: bool, paint: Paint, word: &str) -> String {
    if color { format!("\x1b[{}m{word}\x1b[0m", paint.code()) } else { word.to_owned() }
}

fn spool_problem(error: &io::Error) -> Problem {
    Problem::new(
        ProblemKind::File,
        "cannot read the body back from its private file",
        error.to_string(),
        "raise `body_memory` in the settings, or make room in the temporary directory",
    )
}

/// JSON text with everything a terminal might act on as `\u` escapes: still the same JSON, since
/// such characters can only stand inside strings.
fn escape_unsafe(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        let mut one = [0; 4];
        let text: &str = c.encode_utf8(&mut one);
        if c == '\n' || matches!(c, ' '..='~') || visible(text) == text {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

/// The `error` object of a problem beside the shape of the command as far as it got.
pub fn failure(mut shape: Map<String, Json>, problem: &Problem) -> Json {
    shape.entry("error").or_insert_with(|| crate::report::problem(problem));
    Json::Object(shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_on_a_terminal_stays_the_same_json() {
        let value = serde_json::json!({"a": "tab\there \u{202e}x"});
        let text = serde_json::to_string_pretty(&value).unwrap();
        assert_eq!(serde_json::from_str::<Json>(&escape_unsafe(&text)).unwrap(), value);
    }
}
