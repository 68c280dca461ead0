//! Where secrets are kept: an encrypted file whose key is in the system keyring or comes from a
//! passphrase, or memory for this session. Never plaintext. Which one is chosen in `vault_place`.

use super::keyring::Guarded;
use super::vault_file::{self, Cost, Key, VaultFile, internal, random};
use super::vault_header::KeySource;
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
    /// The same file with its key in the system keyring.
    Keyring,
}

impl VaultKind {
    /// `memory`, `file`, `keyring`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::File => "file",
            Self::Keyring => "keyring",
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
    /// Where locks of tokens are; `None`: below the user's state directory.
    pub(super) locks: Option<PathBuf>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({})", self.kind().word())
    }
}

impl Vault {
    /// For this session only.
    pub fn memory() -> Vault {
        Vault::of(Store::Memory(Contents::default()))
    }

    /// Opens the file, or makes it when there is none. A wrong passphrase is the error. Takes a good
    /// part of a second and 64 MiB, which is what makes guessing passphrases slow.
    pub fn open(file: &Path, passphrase: &Secret) -> Result<Vault, Problem> {
        Vault::open_with(file, passphrase, Cost::FULL)
    }

    /// The same with another price for a guess; an existing file keeps its own.
    pub(super) fn open_with(file: &Path, passphrase: &Secret, cost: Cost) -> Result<Vault, Problem> {
        not_empty(passphrase)?;
        let derived = |source: &KeySource| match source {
            KeySource::Passphrase { cost, salt } => derive(passphrase, *cost, salt),
            KeySource::Keyring { .. } => Err(Problem::new(
                ProblemKind::Usage,
                "the vault stays closed",
                "its key is in the system keyring, a passphrase does not open it",
                "leave the passphrase out; `hallpass secret store file` moves it to a passphrase",
            )
            .in_file(file)),
        };
        let source = KeySource::Passphrase { cost, salt: random()? };
        Vault::open_or_create(file, derived, || Ok((source, derive_for(passphrase, &source)?)))
    }

    /// Opens the file with the key in the keyring, or makes both.
    pub(super) fn open_keyring(file: &Path, keyring: &Guarded) -> Result<Vault, Problem> {
        let from_keyring = |source: &KeySource| match source.item() {
            Some(item) => keyring.key(&item).map_err(|mut problem| {
                problem
                    .next
                    .push_str("; nothing is lost, and to begin a new vault you may move this file away");
                problem.in_file(file)
            }),
            None => Err(Problem::new(
                ProblemKind::Usage,
                "the vault stays closed",
                "it is opened with a passphrase",
                "give the passphrase; `hallpass secret store keyring` moves its key to the keyring",
            )
            .in_file(file)),
        };
        let mut made = None;
        let vault = Vault::open_or_create(file, from_keyring, || {
            let (source, key) = new_in_keyring(keyring).map_err(|mut problem| {
                problem.next.push_str("; to do without it, set `vault = \"file\"` in the settings");
                problem
            })?;
            made = source.item();
            Ok((source, key))
        });
        // Another process was first, or the file could not be written: the key is of no use.
        let used = vault.as_ref().ok().and_then(Vault::source).and_then(|s| s.item());
        if let Some(item) = made.filter(|item| used.as_ref() != Some(item)) {
            keyring.drop_key(&item);
        }
        vault
    }

    fn open_or_create(
        file: &Path,
        key: impl Fn(&KeySource) -> Result<Key, Problem>,
        new: impl FnOnce() -> Result<(KeySource, Key), Problem>,
    ) -> Result<Vault, Problem> {
        if let Some(open) = VaultFile::open(file, &key)? {
            return Ok(Vault::of(Store::File(open)));
        }
        let (source, new_key) = new()?;
        if let Some(made) = VaultFile::create(file, source, new_key)? {
            return Ok(Vault::of(Store::File(made)));
        }
        // Another process was first: its file counts.
        match VaultFile::open(file, &key)? {
            Some(open) => Ok(Vault::of(Store::File(open))),
            None => Err(vault_file::broken(file, "it comes and goes")),
        }
    }

    fn of(store: Store) -> Vault {
        Vault { inner: Arc::new(Mutex::new(store)), locks: None }
    }

    /// Where the key of the file comes from; `None` for memory.
    pub(super) fn source(&self) -> Option<KeySource> {
        match &*self.lock() {
            Store::Memory(_) => None,
            Store::File(file) => Some(file.source()),
        }
    }

    /// From now on another passphrase opens the file; a key in the keyring is taken away.
    pub fn use_passphrase(&self, passphrase: &Secret, keyring: &Guarded) -> Result<(), Problem> {
        self.use_passphrase_at(passphrase, keyring, Cost::FULL)
    }

    pub(super) fn use_passphrase_at(
        &self,
        passphrase: &Secret,
        keyring: &Guarded,
        cost: Cost,
    ) -> Result<(), Problem> {
        not_empty(passphrase)?;
        let source = KeySource::Passphrase { cost, salt: random()? };
        self.rekey(source, derive_for(passphrase, &source)?, keyring)
    }

    /// From now on the file's key is in the keyring.
    pub fn use_keyring(&self, keyring: &Guarded) -> Result<(), Problem> {
        let (source, key) = new_in_keyring(keyring)?;
        let done = self.rekey(source, key, keyring);
        if done.is_err()
            && let Some(item) = source.item()
        {
            keyring.drop_key(&item);
        }
        done
    }

    fn rekey(&self, source: KeySource, key: Key, keyring: &Guarded) -> Result<(), Problem> {
        let before = self.source();
        match &mut *self.lock() {
            Store::Memory(_) => return Err(nothing_kept()),
            Store::File(file) => file.rekey(source, key)?,
        }
        if let Some(item) = before.and_then(|s| s.item()) {
            keyring.drop_key(&item);
        }
        Ok(())
    }

    /// Takes over everything another vault holds.
    pub fn absorb(&self, other: &Vault) -> Result<(), Problem> {
        let theirs = other.look(Contents::clone);
        self.change(|mine| {
            mine.secrets.extend(theirs.secrets);
            for (workspace, tokens) in theirs.tokens {
                mine.tokens.entry(workspace).or_default().extend(tokens);
            }
        })
    }

    /// Which store.
    pub fn kind(&self) -> VaultKind {
        match &*self.lock() {
            Store::Memory(_) => VaultKind::Memory,
            Store::File(file) => match file.source() {
                KeySource::Passphrase { .. } => VaultKind::File,
                KeySource::Keyring { .. } => VaultKind::Keyring,
            },
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

fn not_empty(passphrase: &Secret) -> Result<(), Problem> {
    if !passphrase.is_empty() {
        return Ok(());
    }
    Err(Problem::new(
        ProblemKind::Usage,
        "the vault stays closed",
        "the passphrase is empty",
        "give one with `HALLPASS_PASSPHRASE`, `--passphrase-file` or at the prompt",
    ))
}

fn nothing_kept() -> Problem {
    Problem::new(
        ProblemKind::Usage,
        "there is no vault yet",
        "nothing was ever kept in one",
        "keep a secret first: `hallpass secret set NAME`",
    )
}

/// A fresh key that the keyring really keeps, and where it is.
fn new_in_keyring(keyring: &Guarded) -> Result<(KeySource, Key), Problem> {
    let source = KeySource::Keyring { id: random()? };
    let key = Key::new(random()?);
    keyring.keep(&source.item().unwrap_or_default(), &key)?;
    Ok((source, key))
}

fn derive_for(passphrase: &Secret, source: &KeySource) -> Result<Key, Problem> {
    match source {
        KeySource::Passphrase { cost, salt } => derive(passphrase, *cost, salt),
        KeySource::Keyring { .. } => Err(internal()),
    }
}

fn derive(passphrase: &Secret, cost: Cost, salt: &[u8]) -> Result<Key, Problem> {
    let Cost { memory, passes, lanes } = cost;
    let params = argon2::Params::new(memory, passes, lanes, Some(32)).map_err(|_| internal())?;
    let mut key = Key::new([0_u8; 32]);
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password_into(passphrase.expose().as_bytes(), salt, key.as_mut_slice())
        .map_err(|_| internal())?;
    Ok(key)
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
