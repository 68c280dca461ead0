//! Jobs of the disk: the workspace, the vault, the history, saved bodies.

use super::World;
use crate::app::effect::Effect;
use crate::app::job::Output;
use crate::model::exchange::BodyData;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::secret::Secret;
use crate::model::workspace::Workspace;
use crate::storage::credentials::import_credentials;
use crate::storage::vault::{Vault, VaultKind};
use crate::storage::{self, paths};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many past exchanges the list shows.
const HISTORY_SHOWN: usize = 500;

/// How many events of tokens the list shows.
pub const LOG_SHOWN: usize = 500;

/// Runs a job that may wait for the disk.
pub fn run(world: &World, effect: Effect) -> Result<Output, Problem> {
    let root = &world.root;
    match effect {
        Effect::Edit(_, edit) => {
            let change = storage::apply(root, &edit)?;
            Ok(Output::Workspace(Some(change), read(root)?))
        }
        Effect::Undo(_, change) => {
            storage::undo(root, &change)?;
            Ok(Output::Restored(read(root)?))
        }
        Effect::Redo(_, change) => {
            storage::redo(root, &change)?;
            Ok(Output::Restored(read(root)?))
        }
        Effect::Reload(_) => Ok(Output::Workspace(None, read(root)?)),
        Effect::ImportCredentials { file, environment, profile, .. } => {
            import(world, &file, &environment, &profile)
        }
        Effect::SetSecret { environment, name, secret, .. } => {
            let vault = world.secrets.vault_to_keep()?;
            vault.set(root, &environment, &name, secret)?;
            let kind = vault.kind();
            Ok(Output::Message(format!("{name} of {environment} is in the vault ({})", kind.word())))
        }
        Effect::TrimSecret { environment, name, .. } => trim(world, &environment, &name),
        Effect::OpenVault(_, passphrase) => open_vault(world, &passphrase),
        Effect::ListHistory(_) => {
            let entries = match &world.history {
                Some(history) => history.list(HISTORY_SHOWN)?,
                None => Vec::new(),
            };
            Ok(Output::History(entries))
        }
        Effect::ReadHistory(_, id) => match &world.history {
            Some(history) => Ok(Output::HistoryDetail(history.get(&id)?)),
            None => Err(Problem::new(ProblemKind::File, "there is no history here", "", "")),
        },
        Effect::TokenLog(_) => match &world.audit {
            Some(kept) => Ok(Output::TokenLog(kept.newest())),
            None => Ok(Output::TokenLog(storage::audit::list(Some(root), LOG_SHOWN)?)),
        },
        Effect::TrustCommand { words, .. } => {
            world.secrets.trust_command(root, &words)?;
            Ok(Output::Trusted)
        }
        Effect::SaveBody { file, body, .. } => save_body(&file, &body),
        other => Err(Problem::new(
            ProblemKind::Internal,
            "this was sent to the wrong place",
            format!("{:?}", std::mem::discriminant(&other)),
            "report it with what you did",
        )),
    }
}

/// Takes stray characters off a secret and says which; never what is left.
fn trim(world: &World, environment: &str, name: &str) -> Result<Output, Problem> {
    let vault = world.secrets.vault_to_keep()?;
    let gone = |why: &str| {
        let next = format!("store it: `hallpass secret set {name} --env {environment}`");
        Problem::new(ProblemKind::Unresolved, format!("{name} cannot be trimmed"), why, next)
    };
    let text = vault
        .get(&world.root, environment, name)
        .ok_or_else(|| gone("the vault has no such secret for this environment"))?;
    let kept = crate::flow::remedy::trimmed(text.expose());
    let (before, after) = text.expose().split_once(kept).unwrap_or_default();
    let points: Vec<String> =
        before.chars().chain(after.chars()).map(|c| format!("U+{:04X}", u32::from(c))).collect();
    if points.is_empty() {
        return Err(gone("there are no stray characters at its ends"));
    }
    vault.set(&world.root, environment, name, Secret::new(kept))?;
    Ok(Output::Message(format!("taken off {name} of {environment}: {}", points.join(" "))))
}

fn read(root: &Path) -> Result<Arc<Workspace>, Problem> {
    storage::load(root).map(Arc::new)
}

/// `~` and `file://` as a shell or a file manager would give them.
pub fn typed_path(text: &str) -> PathBuf {
    let text = text.trim().trim_matches(['"', '\'']);
    let text = text.strip_prefix("file://").unwrap_or(text);
    match (text.strip_prefix("~/"), directories::BaseDirs::new()) {
        (Some(rest), Some(dirs)) => dirs.home_dir().join(rest),
        _ => PathBuf::from(text),
    }
}

fn import(world: &World, file: &str, environment: &str, profile: &str) -> Result<Output, Problem> {
    /// A credentials file has a few hundred bytes.
    const LIMIT: u64 = 1024 * 1024;
    let path = typed_path(file);
    let broken = |why: String| {
        Problem::new(
            ProblemKind::File,
            "cannot read the credentials file",
            why,
            "press I and type its path again",
        )
        .in_file(&path)
    };
    let size = std::fs::metadata(&path).map_err(|error| broken(error.to_string()))?.len();
    if size > LIMIT {
        return Err(broken(format!("it has {size} bytes; a credentials file has a few hundred")));
    }
    let bytes = std::fs::read(&path).map_err(|error| broken(error.to_string()))?;
    let credentials = crate::import::pega_credentials::parse(&bytes).map_err(|p| p.in_file(&path))?;
    let vault = world.secrets.vault_to_keep()?;
    let imported = import_credentials(&world.root, &vault, &credentials, environment, profile)?;
    let warnings = credentials.warnings.clone();
    let client = &credentials.client_id;
    Ok(Output::Imported {
        words: format!("client {client} is registered in environment {}", imported.environment),
        environment: imported.environment,
        profile: imported.profile,
        change: imported.change,
        warnings,
        workspace: read(&world.root)?,
    })
}

/// Opens or makes the vault file; what was in memory goes into it.
fn open_vault(world: &World, passphrase: &Secret) -> Result<Output, Problem> {
    let file = paths::vault_file().ok_or_else(|| {
        Problem::new(
            ProblemKind::File,
            "there is no place for a vault file",
            "the platform names no data directory",
            "set HOME",
        )
    })?;
    let vault = Vault::open(&file, passphrase)?;
    if let Some(old) = world.secrets.open_vault().filter(|v| v.kind() == VaultKind::Memory) {
        vault.absorb(&old)?;
    }
    let kind = vault.kind().word();
    world.secrets.replace_vault(vault);
    Ok(Output::Vault(kind))
}

fn save_body(file: &str, body: &BodyData) -> Result<Output, Problem> {
    let path = typed_path(file);
    let broken = |error: std::io::Error| {
        Problem::new(
            ProblemKind::File,
            "the body was not saved",
            error.to_string(),
            "choose another name or directory",
        )
        .in_file(&path)
    };
    let mut out = std::fs::OpenOptions::new().write(true).create_new(true).open(&path).map_err(broken)?;
    match body {
        BodyData::Spooled(spool) => {
            let mut from = std::fs::File::open(&spool.path).map_err(broken)?;
            std::io::copy(&mut from, &mut out).map_err(broken)?;
        }
        other => out.write_all(&other.bytes().unwrap_or_default()).map_err(broken)?,
    }
    Ok(Output::Message(format!("saved {} bytes to {}", body.len(), path.display())))
}
