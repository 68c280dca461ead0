//! What a command works with: the workspace it stands in, the user's settings, the chosen
//! environment, the vault and a session. Everything is found when first asked for, so that a
//! command pays only for what it needs.

use super::args::Globals;
use super::guess;
use super::kept_tokens::KeptTokens;
use super::output::Output;
use super::passphrase::{self, FromTerminal};
use crate::flow::{Session, TokenStore};
use crate::model::environment::Environment;
use crate::model::plan::Layer;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::settings::Settings;
use crate::model::value::{SecretRef, Value};
use crate::model::workspace::Workspace;
use crate::storage::audit::AuditLog;
use crate::storage::secrets::{Secrets, UntrustedCommand};
use crate::storage::vault::Vault;
use crate::storage::vault_place::{Found, VaultPlace, not_kept};
use crate::storage::{self, paths, state};
use std::cell::OnceCell;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// See the module.
pub struct Context {
    /// Options of every command.
    pub globals: Globals,
    /// Both streams.
    pub out: Output,
    settings: OnceCell<(Settings, Vec<Problem>)>,
}

impl Context {
    /// Nothing is read yet.
    pub fn new(globals: Globals) -> Context {
        let out = Output::new(&globals);
        Context { globals, out, settings: OnceCell::new() }
    }

    /// Settings with `--timeout` applied; what is wrong with the file is told once.
    pub fn settings(&self) -> &Settings {
        &self
            .settings
            .get_or_init(|| {
                let (settings, problems) = self.settings_with_problems();
                problems.iter().for_each(|p| self.out.warn_problem(p));
                (settings, problems)
            })
            .0
    }

    /// The same with what is wrong, for those who show it themselves.
    pub fn settings_with_problems(&self) -> (Settings, Vec<Problem>) {
        let (mut settings, problems) = storage::settings::load(paths::settings_file().as_deref());
        if let Some(timeout) = self.globals.timeout {
            settings.timeout = timeout;
        }
        (settings, problems)
    }

    /// The workspace: `-C`, else the one of the current directory, else the user's default one.
    /// `None`: there is none. A `-C` without a workspace is an error.
    pub fn find_root(&self) -> Result<Option<PathBuf>, Problem> {
        if let Some(dir) = &self.globals.workspace {
            let found = storage::find_root(dir);
            return match found {
                Some(root) => Ok(Some(canonical(root))),
                None => Err(Problem::new(
                    ProblemKind::Usage,
                    format!("there is no workspace in `{}`", dir.display()),
                    "no `hallpass.toml` there or above",
                    format!("make one with `hallpass init {}`", dir.display()),
                )),
            };
        }
        let here = std::env::current_dir().ok().and_then(|dir| storage::find_root(&dir));
        let found = here.or_else(|| paths::default_workspace().filter(|d| d.join("hallpass.toml").is_file()));
        Ok(found.map(canonical))
    }

    /// The workspace, which this command cannot do without.
    pub fn workspace(&self) -> Result<Workspace, Problem> {
        self.workspace_if_any()?.ok_or_else(|| {
            Problem::new(
                ProblemKind::Usage,
                "there is no workspace here",
                "no `hallpass.toml` in this directory or above",
                "make one with `hallpass init --with pega-cases`, or name one with `-C DIR`",
            )
        })
    }

    /// The workspace, if there is one. Broken files in it are warnings.
    pub fn workspace_if_any(&self) -> Result<Option<Workspace>, Problem> {
        let Some(root) = self.find_root()? else { return Ok(None) };
        let workspace = storage::load(&root)?;
        workspace.problems.iter().for_each(|p| self.out.warn_problem(p));
        Ok(Some(workspace))
    }

    /// The name of the environment in use: `--env`, what the user chose, the workspace's default,
    /// the only one there is.
    pub fn environment_name(&self, workspace: &Workspace, named: Option<&str>) -> Option<String> {
        if let Some(name) = named {
            return Some(name.to_owned());
        }
        if let Some(name) = state::active_environment(&workspace.root) {
            if workspace.environment(&name).is_some() || workspace.broken("environments", &name).is_some() {
                return Some(name);
            }
            self.out.warn(&format!("the environment `{name}` that was in use is gone"));
        }
        workspace.default_environment.clone().or_else(|| match workspace.environments.as_slice() {
            [only] => Some(only.name.clone()),
            _ => None,
        })
    }

    /// The environment in use; an unknown or broken one is an error, none at all is `None`.
    pub fn environment<'w>(
        &self,
        workspace: &'w Workspace,
        named: Option<&str>,
    ) -> Result<Option<&'w Environment>, Problem> {
        let Some(name) = self.environment_name(workspace, named) else { return Ok(None) };
        if let Some(environment) = workspace.environment(&name) {
            return Ok(Some(environment));
        }
        if let Some(problem) = workspace.broken("environments", &name).cloned() {
            return Err(problem);
        }
        let known = workspace.environments.iter().map(|e| e.name.as_str());
        Err(guess::unknown("environment", &name, known, "`hallpass env list` shows those there are"))
    }

    /// The environment in use, which this command cannot do without.
    pub fn some_environment<'w>(
        &self,
        workspace: &'w Workspace,
        named: Option<&str>,
    ) -> Result<&'w Environment, Problem> {
        self.environment(workspace, named)?.ok_or_else(|| {
            Problem::new(
                ProblemKind::Usage,
                "no environment is chosen",
                "",
                "name one with `--env E`, or choose one with `hallpass env use E`",
            )
        })
    }

    /// Where the vault is, as settings and `HALLPASS_VAULT` say.
    pub fn vault_place(&self) -> Result<VaultPlace, Problem> {
        VaultPlace::of_user(self.settings().vault)
    }

    /// How a passphrase is had here.
    pub fn passphrases(&self) -> FromTerminal {
        FromTerminal { file: self.globals.passphrase_file.clone(), may_ask: self.out.can_ask() }
    }

    /// Secrets with a vault that is opened when first needed. Reading where there is no vault file
    /// asks for nothing; what is kept then goes into one if that can be made without asking.
    pub fn secrets(&self) -> Arc<Secrets> {
        let place = self.vault_place();
        let (to_read, to_keep) = (place.clone(), place);
        let (reading, keeping) = (self.passphrases(), self.passphrases());
        let open = move || to_read.clone()?.open(&reading);
        let keep = move || to_keep.clone()?.open_to_keep(&keeping, false);
        let untrusted = if self.out.can_ask() { UntrustedCommand::Ask } else { UntrustedCommand::Refuse };
        Arc::new(Secrets::new(Arc::new(open), untrusted).keeping(Arc::new(keep)))
    }

    /// The vault, to keep something in it: made if need be. Nowhere to keep it: refused.
    pub fn vault_to_write(&self) -> Result<Vault, Problem> {
        self.vault_place()?.open_to_keep(&self.passphrases(), true)?.ok_or_else(not_kept)
    }

    /// A session for requests into an environment. Its kept tokens are used where the vault can be
    /// opened without asking, or has to be opened for the environment's secrets anyway.
    pub fn session(&self, environment: Option<&Environment>) -> Result<Session, Problem> {
        let uses_vault =
            environment.is_some_and(|e| e.variables.values().any(|v| *v == Value::Secret(SecretRef::Vault)));
        let given = passphrase::given(self.globals.passphrase_file.as_deref())?.is_some();
        // A vault that cannot even be looked at is told of when a secret of it is needed.
        let asks = !matches!(self.vault_place()?.found(), Ok(Found::Nothing | Found::Keyring));
        let secrets = self.secrets();
        Ok(self.session_of(secrets, given || !asks || (uses_vault && self.out.can_ask())))
    }

    /// A session whose kept tokens are what the command is about: a vault that cannot be opened fails it.
    pub fn session_with_vault(&self) -> Result<Session, Problem> {
        let secrets = self.secrets();
        secrets.vault()?;
        Ok(self.session_of(secrets, true))
    }

    fn session_of(&self, secrets: Arc<Secrets>, may_open: bool) -> Session {
        let kept = KeptTokens::new(secrets.clone(), may_open, Some(Output::new(&self.globals)));
        let session = Session::new(self.settings(), secrets, Some(Arc::new(kept)));
        if let Ok(log) = AuditLog::of_user() {
            session.set_audit(Arc::new(log));
        }
        session
    }

    /// Tokens of a workspace that are kept beyond this process.
    pub fn stored_tokens(&self, root: &Path) -> Result<Vec<crate::model::token::Token>, Problem> {
        Ok(self.secrets().vault()?.load(root))
    }

    /// Runs something that waits; Ctrl-C cancels the token.
    pub fn block_on<T, F: Future<Output = T>>(
        &self,
        work: impl FnOnce(CancellationToken) -> F,
    ) -> Result<T, Problem> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| {
            Problem::new(ProblemKind::Internal, "cannot start", e.to_string(), "free some file handles")
        })?;
        let cancel = CancellationToken::new();
        let result = runtime.block_on(async {
            let on_interrupt = cancel.clone();
            tokio::spawn(async move {
                if tokio::signal::ctrl_c().await.is_ok() {
                    on_interrupt.cancel();
                }
            });
            // The handler stands before the work begins: nothing that is told to have started can be
            // interrupted past it.
            tokio::task::yield_now().await;
            work(cancel.clone()).await
        });
        // A prompt or a command may still block a thread: it is not waited for.
        runtime.shutdown_background();
        Ok(result)
    }

    /// Asks before something is sent into a protected environment; without a terminal it is refused.
    pub fn confirm_protected(&self, environment: Option<&Environment>, yes: bool) -> Result<(), Problem> {
        use std::io::{BufRead, IsTerminal};
        let Some(environment) = environment.filter(|e| e.protected && !yes) else { return Ok(()) };
        let what = format!("nothing was sent: the environment `{}` is protected", environment.name);
        if !self.out.can_ask() || !std::io::stdin().is_terminal() {
            return Err(Problem::new(
                ProblemKind::Usage,
                what,
                "there is no terminal to ask on",
                "give `--yes` to send all the same",
            ));
        }
        self.out.warn(&format!("the environment `{}` is protected; send? [y/N]", environment.name));
        let mut answer = String::new();
        let _ = std::io::stdin().lock().read_line(&mut answer);
        if matches!(answer.trim(), "y" | "Y" | "yes") {
            return Ok(());
        }
        Err(Problem::new(
            ProblemKind::Interrupted,
            what,
            "you did not say yes",
            "give `--yes` not to be asked",
        ))
    }
}

/// The layer of `--set`.
pub fn set_layer(set: &[(String, String)]) -> Layer {
    Layer {
        origin: "--set".into(),
        variables: set.iter().map(|(k, v)| (k.clone(), Value::Text(v.clone()))).collect(),
    }
}

/// The path under which the vault, the state and the history know a workspace.
pub fn canonical(root: impl AsRef<Path>) -> PathBuf {
    let root = root.as_ref();
    root.canonicalize().unwrap_or_else(|_| root.to_path_buf())
}
