//! The single place from which the terminal UI is opened.

use super::context::Context;
use super::kept_tokens::KeptTokens;
use super::{Outcome, demo, passphrase};
use crate::app::state::Start;
use crate::flow::Session;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::secret::Secret;
use crate::model::settings::{Settings, VaultChoice};
use crate::sandbox::Sandbox;
use crate::storage::audit::AuditLog;
use crate::storage::secrets::{Secrets, UntrustedCommand};
use crate::storage::vault::Vault;
use crate::storage::vault_place::{Found, Passphrases, VaultPlace};
use crate::storage::{self, paths, state};
use crate::tui::run::{Ended, ScreenStart, run};
use std::path::PathBuf;
use std::sync::Arc;

/// What the screen needs to know of a running demo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoFacts {
    /// The credentials file in the scratch workspace; not imported yet: that is part A.
    pub credentials_file: PathBuf,
    /// Where the sandbox listens.
    pub sandbox_url: String,
    /// Secrets for the vault in memory: environment, name, value.
    pub secrets: Vec<(&'static str, String, Secret)>,
}

/// What the screen is opened with.
pub struct ScreenOptions {
    /// The workspace to open; `None`: the user's default one, made if need be.
    pub workspace_root: Option<PathBuf>,
    /// The running sandbox and what is to be known of it; lives as long as the screen.
    pub demo: Option<(Sandbox, DemoFacts)>,
    /// The user's settings.
    pub settings: Settings,
    /// What was wrong with the settings file; shown, not fatal.
    pub problems: Vec<Problem>,
    /// No colours (`--no-color`, `NO_COLOR`).
    pub no_color: bool,
    /// Where the vault's passphrase is, if a file was given.
    pub passphrase_file: Option<PathBuf>,
}

/// Opens the screen until the user leaves it.
pub fn open(options: ScreenOptions) -> Result<Ended, Problem> {
    // First of all: without a terminal not even the default workspace is made.
    crate::tui::terminal::check_environment()?;
    let root = match options.workspace_root {
        Some(root) => root,
        None => default_workspace()?,
    };
    let mut workspace = storage::load(&root)?;
    workspace.root.clone_from(&root);
    let (secrets, vault_word) = match &options.demo {
        // The demo keeps nothing.
        Some((_, facts)) => {
            let vault = Vault::memory();
            for (environment, name, secret) in &facts.secrets {
                vault.set(&root, environment, name, secret.clone())?;
            }
            (Secrets::with_vault(vault, UntrustedCommand::Refuse), "memory")
        }
        None => secrets_of_user(options.settings.vault, options.passphrase_file.clone())?,
    };
    let secrets = Arc::new(secrets);
    let kept = KeptTokens::new(Arc::clone(&secrets), vault_word != "locked", None);
    let session = Session::new(&options.settings, Arc::clone(&secrets) as _, Some(Arc::new(kept)));
    if options.demo.is_none()
        && let Ok(log) = AuditLog::of_user()
    {
        session.set_audit(Arc::new(log));
    }
    let start = Start {
        environment: match &options.demo {
            Some(_) => Some(demo::ENVIRONMENT.to_owned()),
            None => state::active_environment(&root),
        },
        workspace,
        settings: options.settings,
        complaints: options.problems.iter().map(|p| p.to_string().replace('\n', " ")).collect(),
        vault: vault_word,
        redactor: Arc::clone(session.redactor()),
        credentials: options.demo.as_ref().map(|(_, facts)| facts.credentials_file.display().to_string()),
        history: Vec::new(),
        recovered: if options.demo.is_some() { Vec::new() } else { storage::drafts::take(&root) },
    };
    let keeps = options.demo.is_none();
    run(ScreenStart { start, session, secrets, keeps, color: !options.no_color })
}

/// The user's secrets, and the word for the store: `keyring`, `file`, `locked` (a passphrase is wanted)
/// or `memory`. Only the file's header is looked at: the first frame waits for no keyring.
fn secrets_of_user(
    setting: VaultChoice,
    passphrase_file: Option<PathBuf>,
) -> Result<(Secrets, &'static str), Problem> {
    let place = VaultPlace::of_user(setting)?;
    let given = passphrase::given(passphrase_file.as_deref())?.is_some();
    // A vault that cannot be looked at is told of when a secret of it is needed.
    let word = match place.found() {
        Ok(Found::Keyring) => "keyring",
        Ok(Found::Passphrase) if given => "file",
        Ok(Found::Passphrase) | Err(_) => "locked",
        Ok(Found::Nothing) => "memory",
    };
    let (reading, keeping) = (OnScreen(passphrase_file.clone()), OnScreen(passphrase_file));
    let to_keep = place.clone();
    let open = move || place.open(&reading);
    let keep = move || to_keep.open_to_keep(&keeping, false);
    Ok((Secrets::new(Arc::new(open), UntrustedCommand::Refuse).keeping(Arc::new(keep)), word))
}

/// A screen never asks on the plain terminal: it has a prompt of its own.
struct OnScreen(Option<PathBuf>);

impl Passphrases for OnScreen {
    fn given(&self) -> Result<Option<Secret>, Problem> {
        passphrase::given(self.0.as_deref())
    }

    fn ask(&self, _new: bool) -> Result<Secret, Problem> {
        self.given()?.ok_or_else(|| {
            Problem::new(
                ProblemKind::Unresolved,
                "the vault is locked",
                "its passphrase was not given yet",
                "press : and choose the vault command to unlock it",
            )
        })
    }
}

/// The workspace of those who have none here; made when it is first opened.
fn default_workspace() -> Result<PathBuf, Problem> {
    let dir = paths::default_workspace().ok_or_else(|| {
        Problem::new(
            ProblemKind::File,
            "there is no place for a workspace",
            "the home directory is not known",
            "make one with `hallpass init DIR` and name it with `-C DIR`",
        )
    })?;
    if !dir.join("hallpass.toml").is_file() {
        storage::init(&dir, "my requests", &[])?;
    }
    Ok(super::context::canonical(dir))
}

/// `hallpass` without a command.
pub(super) fn from_command_line(context: &Context) -> Outcome {
    let workspace_root = context.find_root()?;
    match open(options(context, workspace_root))? {
        Ended::Left(code) => Ok(code),
        Ended::Demo => demo::on_screen(context),
    }
}

/// Options with everything but a demo.
pub(super) fn options(context: &Context, workspace_root: Option<PathBuf>) -> ScreenOptions {
    let (settings, problems) = context.settings_with_problems();
    ScreenOptions {
        workspace_root,
        demo: None,
        settings,
        problems,
        no_color: context.globals.no_color || std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty()),
        passphrase_file: context.globals.passphrase_file.clone(),
    }
}
