//! Where secrets are kept: a passphrase-encrypted file, or memory for this session. Never plaintext.

use super::vault_file::{Cost, VaultFile};
use crate::model::problem::{Problem, ProblemKind};
use crate::model::secret::Secret;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Which store is in use; always on screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VaultKind {
    /// Gone when the program ends.
    Memory,
    /// The passphrase-encrypted file.
    File,
}

impl VaultKind {
    /// `memory`, `file`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::File => "file",
        }
    }
}

/// One secret's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretName {
    /// Canonical path of the workspace.
    pub workspace: PathBuf,
    /// Environment.
    pub environment: String,
    /// Variable.
    pub name: String,
}

/// What a vault holds, decrypted.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Contents {
    /// Secrets by name.
    pub secrets: BTreeMap<SecretName, Secret>,
    /// Stored tokens of each workspace: JSON texts, made and read by `token_store`.
    pub tokens: BTreeMap<PathBuf, BTreeMap<String, Secret>>,
}

enum Store {
    Memory(Contents),
    File(VaultFile),
}

/// A vault. Cheap to clone; safe to share.
#[derive(Clone)]
pub struct Vault {
    inner: Arc<Mutex<Store>>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({})", self.kind().word())
    }
}

impl Vault {
    /// For this session only.
    pub fn memory() -> Vault {
        Vault { inner: Arc::new(Mutex::new(Store::Memory(Contents::default()))) }
    }

    /// Opens the file, or makes it when there is none. A wrong passphrase is the error. Takes a good
    /// part of a second and 64 MiB, which is what makes guessing passphrases slow.
    pub fn open(file: &Path, passphrase: &Secret) -> Result<Vault, Problem> {
        Vault::open_with(file, passphrase, Cost::FULL)
    }

    /// The same with another price for a guess; an existing file keeps its own.
    pub(super) fn open_with(file: &Path, passphrase: &Secret, cost: Cost) -> Result<Vault, Problem> {
        if passphrase.is_empty() {
            return Err(Problem::new(
                ProblemKind::Usage,
                "the vault stays closed",
                "the passphrase is empty",
                "give one with `HALLPASS_PASSPHRASE`, `--passphrase-file` or at the prompt",
            ));
        }
        let store = Store::File(VaultFile::open(file, passphrase, cost)?);
        Ok(Vault { inner: Arc::new(Mutex::new(store)) })
    }

    /// Which store.
    pub fn kind(&self) -> VaultKind {
        match &*self.lock() {
            Store::Memory(_) => VaultKind::Memory,
            Store::File(_) => VaultKind::File,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Store> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks into what is known; a file changed by another process is read again first.
    pub(super) fn look<T>(&self, look: impl FnOnce(&Contents) -> T) -> T {
        match &mut *self.lock() {
            Store::Memory(contents) => look(contents),
            Store::File(file) => look(file.fresh()),
        }
    }

    /// Changes what is stored; a file is written at once, and only when something really changed.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Contents) -> T) -> Result<T, Problem> {
        match &mut *self.lock() {
            Store::Memory(contents) => Ok(change(contents)),
            Store::File(file) => file.change(change),
        }
    }

    /// A secret.
    pub fn get(&self, workspace: &Path, environment: &str, name: &str) -> Option<Secret> {
        let name = secret_name(workspace, environment, name);
        self.look(|c| c.secrets.get(&name).cloned())
    }

    /// Stores one; the file is written at once.
    pub fn set(
        &self,
        workspace: &Path,
        environment: &str,
        name: &str,
        secret: Secret,
    ) -> Result<(), Problem> {
        let name = secret_name(workspace, environment, name);
        self.change(|c| {
            c.secrets.insert(name, secret);
        })
    }

    /// Forgets one; false when there was none.
    pub fn forget(&self, workspace: &Path, environment: &str, name: &str) -> Result<bool, Problem> {
        let name = secret_name(workspace, environment, name);
        self.change(|c| c.secrets.remove(&name).is_some())
    }

    /// Names of a workspace's secrets.
    pub fn list(&self, workspace: &Path) -> Vec<SecretName> {
        let workspace = canonical(workspace);
        self.look(|c| c.secrets.keys().filter(|n| n.workspace == workspace).cloned().collect())
    }
}

pub(super) fn canonical(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
}

fn secret_name(workspace: &Path, environment: &str, name: &str) -> SecretName {
    SecretName { workspace: canonical(workspace), environment: environment.to_owned(), name: name.to_owned() }
}

/// True when there is a vault file (so that a passphrase is worth asking for).
pub fn exists(file: &Path) -> bool {
    file.exists()
}

impl Contents {
    pub(super) fn to_json(&self) -> serde_json::Value {
        let secrets: Vec<_> = self
            .secrets
            .iter()
            .map(|(n, s)| {
                serde_json::json!({
                    "workspace": n.workspace.to_string_lossy(),
                    "environment": n.environment,
                    "name": n.name,
                    "value": s.expose(),
                })
            })
            .collect();
        let tokens: Vec<_> = self
            .tokens
            .iter()
            .flat_map(|(w, all)| {
                all.iter().map(move |(key, token)| {
                    serde_json::json!({ "workspace": w.to_string_lossy(), "key": key, "value": token.expose() })
                })
            })
            .collect();
        serde_json::json!({ "secrets": secrets, "tokens": tokens })
    }

    pub(super) fn from_json(json: &serde_json::Value) -> Option<Contents> {
        let text = |v: &serde_json::Value, key: &str| v.get(key)?.as_str().map(str::to_owned);
        let mut out = Contents::default();
        for row in json.get("secrets")?.as_array()? {
            let name = SecretName {
                workspace: PathBuf::from(text(row, "workspace")?),
                environment: text(row, "environment")?,
                name: text(row, "name")?,
            };
            out.secrets.insert(name, Secret::new(text(row, "value")?));
        }
        for row in json.get("tokens")?.as_array()? {
            let all = out.tokens.entry(PathBuf::from(text(row, "workspace")?)).or_default();
            all.insert(text(row, "key")?, Secret::new(text(row, "value")?));
        }
        Some(out)
    }
}

#[cfg(test)]
mod tests;
