//! Which commands of a workspace may run: a workspace may come from anywhere, so each of its commands
//! is asked for once. Trust is bound to the workspace's path and the exact words.

use std::path::Path;

/// The hash trust is kept under. Lengths keep `["a b"]` and `["a", "b"]` apart.
pub(super) fn hash(words: &[String]) -> String {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for word in words {
        context.update(&(word.len() as u64).to_be_bytes());
        context.update(word.as_bytes());
    }
    context.finish().as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

/// The words as a screen may show them: quoted, control characters visible.
pub(super) fn shown(words: &[String]) -> String {
    words.iter().map(|w| format!("{w:?}")).collect::<Vec<_>>().join(" ")
}

/// Asks whether a command may run.
pub(super) fn ask(root: &Path, name: &str, words: &[String]) -> bool {
    question(&format!(
        "The secret `{}` of {} comes from this command:\n  {}\nRun it, now and from now on? [y/N] ",
        name.escape_debug(),
        root.display().to_string().escape_debug(),
        shown(words)
    ))
}

/// Asks whether a file outside the workspace may be read.
pub(super) fn ask_file(root: &Path, name: &str, file: &str) -> bool {
    question(&format!(
        "The secret `{}` of {} is in this file outside it:\n  {file:?}\nRead it, and send it where the workspace says, now and from now on? [y/N] ",
        name.escape_debug(),
        root.display().to_string().escape_debug(),
    ))
}

/// Asks on the controlling terminal; without one the answer is no.
#[cfg(unix)]
fn question(question: &str) -> bool {
    use std::io::{BufRead, BufReader, Write};
    let Ok(mut tty) = std::fs::OpenOptions::new().read(true).write(true).open("/dev/tty") else {
        return false;
    };
    if tty.write_all(question.as_bytes()).and_then(|()| tty.flush()).is_err() {
        return false;
    }
    let mut answer = String::new();
    BufReader::new(tty).read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}

/// Asks on the console; only where standard input is one.
#[cfg(not(unix))]
fn question(question: &str) -> bool {
    use std::io::{IsTerminal, Write};
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return false;
    }
    if std::io::stderr().write_all(question.as_bytes()).is_err() {
        return false;
    }
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}
