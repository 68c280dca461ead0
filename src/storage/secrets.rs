//! Resolves secret references for the flow: vault, environment variable, file, command.

use super::load::io_words;
use super::vault::{Vault, VaultKind};
use super::{state, trusted};
use crate::flow::SecretSource;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::secret::Secret;
use crate::model::value::SecretRef;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// What to do with a `{ command = […] }` that has not been trusted yet (trust is kept per user, by
/// workspace and command hash, in the state directory).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UntrustedCommand {
    /// Refuse with a problem that says how to trust it.
    Refuse,
    /// Ask on the controlling terminal (command line only).
    Ask,
}

/// How the reason of a refused command begins; a colon and the exact words follow, as [`command_words`] has them.
pub const NOT_TRUSTED: &str = "it comes from a command that may not run yet";

/// The same where it is a file that may not be read yet; its path follows, as [`file_shown`] has it.
pub const NOT_TRUSTED_FILE: &str = "it comes from a file outside the workspace that may not be read yet";

/// A path as a question shows it: quoted, controls visible.
pub fn file_shown(path: &str) -> String {
    format!("{path:?}")
}

/// What trust in a file is kept under: no command begins with an empty word.
pub fn file_words(path: &str) -> Vec<String> {
    vec![String::new(), path.to_owned()]
}

/// A command as a question shows it: each word quoted, controls visible.
pub fn command_words(words: &[String]) -> String {
    trusted::shown(words)
}

/// Opens a vault the first time a vault secret is needed.
pub type OpenVault = Arc<dyn Fn() -> Result<Vault, Problem> + Send + Sync>;

/// Opens or makes a vault the first time something is to be kept; `None`: there is no way to keep it
/// beyond this session.
pub type KeepVault = Arc<dyn Fn() -> Result<Option<Vault>, Problem> + Send + Sync>;

/// Time a command has to print its secret.
const COMMAND_LIMIT: Duration = Duration::from_secs(30);
/// A secret longer than this is surely something else.
const MAX_SECRET: u64 = 1024 * 1024;

/// The source the program uses.
pub struct Secrets {
    vault: Mutex<Option<Vault>>,
    open: OpenVault,
    keep: Option<KeepVault>,
    /// Whether `keep` was tried already: a keyring that does not answer is not waited for twice.
    kept: Mutex<bool>,
    untrusted: UntrustedCommand,
    /// Where trust is kept; the user's state directory unless a test says otherwise.
    state: Option<PathBuf>,
    limit: Duration,
}

impl Secrets {
    /// With a vault opened on first use.
    pub fn new(open: OpenVault, untrusted: UntrustedCommand) -> Secrets {
        Secrets {
            vault: Mutex::new(None),
            open,
            keep: None,
            kept: Mutex::new(false),
            untrusted,
            state: None,
            limit: COMMAND_LIMIT,
        }
    }

    /// With a way to make a vault when the first thing is to be kept.
    #[must_use]
    pub fn keeping(mut self, keep: KeepVault) -> Secrets {
        self.keep = Some(keep);
        self
    }

    /// With a vault that is open already.
    pub fn with_vault(vault: Vault, untrusted: UntrustedCommand) -> Secrets {
        let again = vault.clone();
        let secrets = Secrets::new(Arc::new(move || Ok(again.clone())), untrusted);
        secrets.replace_vault(vault);
        secrets
    }

    /// The vault, opened if need be. Two who need it at once open it once.
    pub fn vault(&self) -> Result<Vault, Problem> {
        let mut slot = self.vault.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(vault) = &*slot {
            return Ok(vault.clone());
        }
        let vault = (self.open)()?;
        *slot = Some(vault.clone());
        Ok(vault)
    }

    /// The vault to keep something in. Where nothing was kept so far one is made, if that can be done
    /// without asking, and takes over what was in memory; else memory has to do.
    pub fn vault_to_keep(&self) -> Result<Vault, Problem> {
        let vault = self.vault()?;
        let Some(keep) = self.keep.as_ref().filter(|_| vault.kind() == VaultKind::Memory) else {
            return Ok(vault);
        };
        // Held meanwhile: a second one who wants to keep something waits for what comes of it.
        let mut tried = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if *tried {
            return self.vault();
        }
        let made = keep()?;
        *tried = true;
        match made {
            Some(better) => {
                better.absorb(&vault)?;
                self.replace_vault(better.clone());
                Ok(better)
            }
            None => Ok(vault),
        }
    }

    /// The vault if it is open.
    pub fn open_vault(&self) -> Option<Vault> {
        // While it is being opened (a prompt may be on screen) the answer is no, and at once.
        self.vault.try_lock().ok().and_then(|slot| slot.clone())
    }

    /// Replaces the vault (the user gave a passphrase).
    pub fn replace_vault(&self, vault: Vault) {
        *self.vault.lock().unwrap_or_else(PoisonError::into_inner) = Some(vault);
    }

    /// Remembers that a command of a workspace may run.
    pub fn trust_command(&self, root: &Path, words: &[String]) -> Result<(), Problem> {
        state::trust(&self.state_dir()?, root, &trusted::hash(words))
    }

    fn trusts(&self, root: &Path, words: &[String]) -> bool {
        self.state_dir().is_ok_and(|dir| state::is_trusted(&dir, root, &trusted::hash(words)))
    }

    fn state_dir(&self) -> Result<PathBuf, Problem> {
        self.state.clone().map_or_else(state::state_dir, Ok)
    }

    fn file(&self, root: &Path, name: &str, file: &str) -> Result<Secret, Problem> {
        let path = root.join(file);
        let real = from_file::locate(root, name, file)?;
        let words = file_words(file);
        if from_file::is_personal(root, &real) && !self.trusts(root, &words) {
            let yes = self.untrusted == UntrustedCommand::Ask && trusted::ask_file(root, name, file);
            if !yes {
                return Err(unresolved(
                    name,
                    format!("{NOT_TRUSTED_FILE}: {}", file_shown(file)),
                    format!(
                        "look at where it would be sent; if you trust the workspace, run `hallpass -C {} token` in a terminal, \
                         which asks once; without one hand the secret over as `{{ env = \"NAME\" }}`",
                        root.display()
                    ),
                )
                .in_file(&path));
            }
            self.trust_command(root, &words)?;
        }
        from_file::read(&real, &path, name)
    }

    fn command(&self, root: &Path, name: &str, words: &[String]) -> Result<Secret, Problem> {
        if !self.trusts(root, words) {
            let yes = self.untrusted == UntrustedCommand::Ask && trusted::ask(root, name, words);
            if !yes {
                return Err(unresolved(
                    name,
                    format!("{NOT_TRUSTED}: {}", trusted::shown(words)),
                    format!(
                        "look at it; if you trust it, run `hallpass -C {} token` in a terminal, which asks once whether it may run",
                        root.display()
                    ),
                ));
            }
            self.trust_command(root, words)?;
        }
        run(root, name, words, self.limit)
    }
}

impl SecretSource for Secrets {
    fn get(
        &self,
        root: &Path,
        environment: &str,
        name: &str,
        reference: &SecretRef,
    ) -> Result<Secret, Problem> {
        match reference {
            SecretRef::Vault => {
                let vault = self.vault()?;
                vault.get(root, environment, name).ok_or_else(|| {
                    let of =
                        if environment.is_empty() { String::new() } else { format!(" --env {environment}") };
                    unresolved(
                        name,
                        format!(
                            "the vault ({}) has no such secret for this environment",
                            vault.kind().word()
                        ),
                        format!("store it: `hallpass secret set {name}{of}`"),
                    )
                })
            }
            SecretRef::Env(variable) => match std::env::var(variable) {
                Ok(text) if !text.is_empty() => Ok(Secret::new(text)),
                Ok(_) => Err(unresolved(
                    name,
                    format!("the environment variable `{variable}` is empty"),
                    format!("export {variable}=…"),
                )),
                Err(std::env::VarError::NotPresent) => Err(unresolved(
                    name,
                    format!("the environment variable `{variable}` is not set"),
                    format!("export {variable}=…"),
                )),
                Err(std::env::VarError::NotUnicode(_)) => Err(unresolved(
                    name,
                    format!("the environment variable `{variable}` is not UTF-8"),
                    format!("export {variable}=…"),
                )),
            },
            SecretRef::File(file) => self.file(root, name, file),
            SecretRef::Command(words) => self.command(root, name, words),
        }
    }
}

fn unresolved(name: &str, why: String, next: String) -> Problem {
    Problem::new(ProblemKind::Unresolved, format!("the secret `{name}` has no value"), why, next)
}

/// What a file or command gave, without the one trailing line end that editors and programs add.
fn secret_text(bytes: &[u8]) -> Result<Secret, &'static str> {
    if bytes.len() as u64 > MAX_SECRET {
        return Err("it is far too long for a secret");
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8")?;
    let text = text.strip_suffix('\n').map_or(text, |t| t.strip_suffix('\r').unwrap_or(t));
    if text.is_empty() {
        return Err("it is empty");
    }
    Ok(Secret::new(text))
}

/// Runs a command directly, without a shell, in the workspace. Its errors are not passed on: they may
/// hold the secret.
fn run(root: &Path, name: &str, words: &[String], limit: Duration) -> Result<Secret, Problem> {
    let program = words.first().map_or("", String::as_str);
    let fail = |why: String, next: &str| {
        unresolved(name, format!("the command `{}` {why}", program.escape_debug()), next.to_owned())
    };
    let mut child = Command::new(program)
        .args(words.iter().skip(1))
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| {
            fail(format!("cannot be started: {}", io_words(&e)), "install it, or correct its name")
        })?;
    let stdout = child.stdout.take();
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Zeroizing::new(Vec::new());
        let read = stdout.map(|s| s.take(MAX_SECRET + 1).read_to_end(&mut bytes));
        let _ = send.send((read, bytes));
    });
    let deadline = Instant::now() + limit;
    let late = || {
        fail(
            format!("gave no answer within {} s", limit.as_secs_f64()),
            "run it in a terminal; it may be waiting for a login",
        )
    };
    let Ok((_, bytes)) = receive.recv_timeout(limit) else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(late());
    };
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(2)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(late());
            }
        }
    };
    if bytes.len() as u64 > MAX_SECRET {
        return Err(fail(
            "printed far too much for a secret".to_owned(),
            "run it in a terminal to see what it prints",
        ));
    }
    if !status.success() {
        let code = status.code().map_or_else(|| "a signal".to_owned(), |c| format!("code {c}"));
        return Err(fail(format!("ended with {code}"), "run it in a terminal to see its own message"));
    }
    secret_text(&bytes).map_err(|why| {
        fail(format!("printed something, but {why}"), "run it in a terminal to see what it prints")
    })
}

mod from_file;
#[cfg(test)]
mod tests;
