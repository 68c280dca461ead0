//! Where the vault's passphrase and typed secrets come from: a file, the process environment, or a
//! prompt that does not echo. Never hangs: without a terminal there is no prompt.

use super::output::Output;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::secret::Secret;
use crate::storage::vault_place::Passphrases;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The variable that holds the passphrase headless.
pub const VARIABLE: &str = "HALLPASS_PASSPHRASE";

/// A passphrase from `--passphrase-file` or the environment, if there is one.
pub fn given(file: Option<&Path>) -> Result<Option<Secret>, Problem> {
    if let Some(file) = file {
        let text = std::fs::read_to_string(file).map_err(|e| {
            Problem::new(
                ProblemKind::File,
                "cannot read the passphrase file",
                e.to_string(),
                "check `--passphrase-file`",
            )
            .in_file(file)
        })?;
        let text = Secret::new(text);
        let line = text.expose().trim_end_matches(['\n', '\r']);
        return if line.is_empty() {
            Err(Problem::new(
                ProblemKind::File,
                "the passphrase file is empty",
                "",
                "put the passphrase on its first line",
            )
            .in_file(file))
        } else {
            Ok(Some(Secret::new(line)))
        };
    }
    Ok(std::env::var(VARIABLE).ok().filter(|p| !p.is_empty()).map(Secret::new))
}

/// The passphrase of a vault: given, else asked for; `new` asks twice.
pub fn for_vault(file: Option<&Path>, may_ask: bool, new: bool) -> Result<Secret, Problem> {
    if let Some(given) = given(file)? {
        return Ok(given);
    }
    if !may_ask {
        return Err(Problem::new(
            ProblemKind::Usage,
            "the vault needs its passphrase",
            format!(
                "`{VARIABLE}` is not set, no `--passphrase-file` was given, and there is no terminal to ask on"
            ),
            format!("set `{VARIABLE}`, or give `--passphrase-file FILE`"),
        ));
    }
    if !new {
        return prompt("vault passphrase: ");
    }
    asked_twice()
}

fn asked_twice() -> Result<Secret, Problem> {
    let first = prompt("new vault passphrase: ")?;
    if first.is_empty() {
        return Err(Problem::new(
            ProblemKind::Usage,
            "the vault was not made",
            "an empty passphrase protects nothing",
            "try again with a passphrase",
        ));
    }
    if prompt("the same once more: ")? != first {
        return Err(Problem::new(
            ProblemKind::Usage,
            "the vault was not made",
            "the two passphrases differ",
            "try again",
        ));
    }
    Ok(first)
}

/// The command line's way to a passphrase.
pub struct FromTerminal {
    /// `--passphrase-file`.
    pub file: Option<PathBuf>,
    /// There is somebody to ask.
    pub may_ask: bool,
}

impl Passphrases for FromTerminal {
    fn given(&self) -> Result<Option<Secret>, Problem> {
        given(self.file.as_deref())
    }

    fn ask(&self, new: bool) -> Result<Secret, Problem> {
        for_vault(self.file.as_deref(), self.may_ask, new)
    }
}

/// A new passphrase in place of the present one: asked for twice, else the first line of stdin.
pub fn new_passphrase(out: &Output) -> Result<Secret, Problem> {
    use std::io::IsTerminal;
    if std::io::stdin().is_terminal() && out.can_ask() {
        return asked_twice();
    }
    let typed = secret_value(out, "the new passphrase")?;
    Ok(Secret::new(typed.expose().lines().next().unwrap_or_default()))
}

/// A secret the user hands over: from stdin when something is piped in, else a prompt.
/// One trailing line end is dropped.
pub fn secret_value(out: &Output, name: &str) -> Result<Secret, Problem> {
    use std::io::IsTerminal;
    let value = if std::io::stdin().is_terminal() && out.can_ask() {
        prompt(&format!("{name}: "))?
    } else {
        let mut text = zeroize::Zeroizing::new(String::new());
        std::io::stdin().lock().take(1024 * 1024).read_to_string(&mut text).map_err(|e| {
            Problem::new(
                ProblemKind::Usage,
                "cannot read the secret from stdin",
                e.to_string(),
                "pipe it in as UTF-8 text",
            )
        })?;
        let line = text.strip_suffix('\n').unwrap_or(&text);
        Secret::new(line.strip_suffix('\r').unwrap_or(line))
    };
    if value.is_empty() {
        return Err(Problem::new(
            ProblemKind::Usage,
            format!("no value for `{name}`"),
            "stdin held nothing",
            format!("pipe it in: `printf %s … | hallpass secret set {name}`"),
        ));
    }
    Ok(value)
}

fn prompt(words: &str) -> Result<Secret, Problem> {
    remember_terminal();
    rpassword::prompt_password(words).map(Secret::new).map_err(|e| {
        Problem::new(
            ProblemKind::Usage,
            "cannot ask on the terminal",
            e.to_string(),
            format!("set `{VARIABLE}`, or give `--passphrase-file FILE`"),
        )
    })
}

#[cfg(unix)]
static TERMINAL: std::sync::Mutex<Option<rustix::termios::Termios>> = std::sync::Mutex::new(None);

/// Keeps how the terminal was before its echo goes off.
#[cfg(unix)]
pub fn remember_terminal() {
    let Ok(tty) = std::fs::File::open("/dev/tty") else { return };
    if let (Ok(state), Ok(mut kept)) = (rustix::termios::tcgetattr(&tty), TERMINAL.lock()) {
        kept.get_or_insert(state);
    }
}

/// Echo back on, when a prompt was still open as the program ended (Ctrl-C in the middle of it).
#[cfg(unix)]
pub fn restore_terminal() {
    let Some(state) = TERMINAL.lock().ok().and_then(|mut kept| kept.take()) else { return };
    if let Ok(tty) = std::fs::File::open("/dev/tty") {
        let _ = rustix::termios::tcsetattr(&tty, rustix::termios::OptionalActions::Now, &state);
    }
}

/// Nothing to do here.
#[cfg(not(unix))]
pub fn remember_terminal() {}

/// Nothing to do here.
#[cfg(not(unix))]
pub fn restore_terminal() {}
