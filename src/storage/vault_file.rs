//! The vault's file: a header in the clear (`vault_header`), bound to a sealed JSON text (AES-256-GCM).
//!
//! The header is authenticated with the text, so no byte of it can be changed unnoticed. Each write has
//! a fresh nonce; the salt stays with the passphrase. Another process's writes are seen: every change
//! reads the file again under a lock first. Reading needs no lock: the file is only ever replaced whole.

use super::atomic::{self, Access};
use super::load::io_words;
use super::private_file::{self, lock};
use super::vault::Contents;
use super::vault_header::{Header, KeySource, NONCE};
use crate::model::problem::{Problem, ProblemKind};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

pub use super::vault_header::Cost;

/// Far more than any number of secrets and tokens needs.
const MAX: u64 = 64 * 1024 * 1024;

/// What the contents are sealed with.
pub type Key = Zeroizing<[u8; 32]>;

/// An open vault file. Keeps the key, not the passphrase.
pub struct VaultFile {
    path: PathBuf,
    key: Key,
    source: KeySource,
    contents: Contents,
    /// Nonce of the bytes on disk that `contents` came from.
    seen: Option<[u8; NONCE]>,
}

/// Where the key of a file comes from; `None`: there is no file.
pub fn source_of(path: &Path) -> Result<Option<KeySource>, Problem> {
    match read(path)? {
        Some(bytes) => Ok(Some(Header::read(path, &bytes)?.0.source)),
        None => Ok(None),
    }
}

impl VaultFile {
    /// Opens a file with the key that its header asks for; `None`: there is no file.
    pub fn open(
        path: &Path,
        key: impl FnOnce(&KeySource) -> Result<Key, Problem>,
    ) -> Result<Option<VaultFile>, Problem> {
        if let Some(dir) = path.parent() {
            atomic::sweep_dir(dir);
        }
        let Some(bytes) = read(path)? else { return Ok(None) };
        let (Header { source, nonce }, _) = Header::read(path, &bytes)?;
        let key = key(&source)?;
        let contents = unseal(path, &bytes, &key, source)?;
        Ok(Some(VaultFile { path: path.to_path_buf(), key, source, contents, seen: Some(nonce) }))
    }

    /// Makes the file; `None`: another process was first.
    pub fn create(path: &Path, source: KeySource, key: Key) -> Result<Option<VaultFile>, Problem> {
        if let Some(dir) = path.parent() {
            atomic::make_dirs(dir, Access::Private).map_err(|e| io_problem(path, &e))?;
        }
        let _lock = lock(&lock_path(path)).map_err(|e| io_problem(path, &e))?;
        if read(path)?.is_some() {
            return Ok(None);
        }
        let contents = Contents::default();
        let mut file = VaultFile { path: path.to_path_buf(), key, source, contents, seen: None };
        file.write()?;
        Ok(Some(file))
    }

    /// Where its key comes from.
    pub fn source(&self) -> KeySource {
        self.source
    }

    /// What is stored now, as far as it can be read: what another process wrote is taken over.
    pub fn fresh(&mut self) -> &Contents {
        // A file that cannot be read just now leaves what was known; the next change will say so.
        let _ = self.reload();
        &self.contents
    }

    /// Reads, changes and writes under the lock.
    pub fn change<T>(&mut self, change: impl FnOnce(&mut Contents) -> T) -> Result<T, Problem> {
        let _lock = lock(&lock_path(&self.path)).map_err(|e| io_problem(&self.path, &e))?;
        self.reload()?;
        let before = self.contents.clone();
        let out = change(&mut self.contents);
        if self.contents != before
            && let Err(problem) = self.write()
        {
            self.contents = before;
            return Err(problem);
        }
        Ok(out)
    }

    /// Seals the same contents with another key. On failure the file is as it was.
    pub fn rekey(&mut self, source: KeySource, key: Key) -> Result<(), Problem> {
        let _lock = lock(&lock_path(&self.path)).map_err(|e| io_problem(&self.path, &e))?;
        self.reload()?;
        let before = (self.source, std::mem::replace(&mut self.key, key));
        self.source = source;
        let written = self.write();
        if written.is_err() {
            (self.source, self.key) = before;
        }
        written
    }

    fn reload(&mut self) -> Result<(), Problem> {
        let Some(bytes) = read(&self.path)? else {
            // Deleted under us: what is known is written again with the next change.
            self.seen = None;
            return Ok(());
        };
        let (header, _) = Header::read(&self.path, &bytes)?;
        if self.seen == Some(header.nonce) {
            return Ok(());
        }
        if header.source != self.source {
            return Err(Problem::new(
                ProblemKind::File,
                "the vault was replaced by another one",
                "its passphrase was changed, or its key is kept elsewhere now",
                "start hallpass again and give the passphrase",
            )
            .in_file(&self.path));
        }
        self.contents = unseal(&self.path, &bytes, &self.key, self.source)?;
        self.seen = Some(header.nonce);
        Ok(())
    }

    fn write(&mut self) -> Result<(), Problem> {
        let header = Header { source: self.source, nonce: random()? };
        let head = header.bytes();
        let json = Zeroizing::new(serde_json::to_vec(&self.contents.to_json()).unwrap_or_default());
        let mut sealed: Vec<u8> = Vec::with_capacity(json.len() + 16);
        sealed.extend_from_slice(&json);
        cipher(&self.key)?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(header.nonce),
                Aad::from(&head),
                &mut sealed,
            )
            .map_err(|_| internal())?;
        let bytes = [head, sealed].concat();
        atomic::write(&self.path, &bytes, Access::Private)?;
        self.seen = Some(header.nonce);
        Ok(())
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

pub(super) fn internal() -> Problem {
    Problem::new(
        ProblemKind::Internal,
        "the vault cannot be sealed",
        "the cryptographic library refused",
        "report this",
    )
}

fn io_problem(path: &Path, e: &std::io::Error) -> Problem {
    Problem::new(ProblemKind::File, "cannot open the vault", io_words(e), "check the file and its directory")
        .in_file(path)
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], Problem> {
    let mut out = [0; N];
    aws_lc_rs::rand::fill(&mut out).map_err(|_| internal())?;
    Ok(out)
}

fn cipher(key: &Key) -> Result<LessSafeKey, Problem> {
    UnboundKey::new(&AES_256_GCM, key.as_slice()).map(LessSafeKey::new).map_err(|_| internal())
}

/// The file's bytes; refused when others could have read or replaced it.
fn read(path: &Path) -> Result<Option<Vec<u8>>, Problem> {
    let refuse = |why: &str, next: String| {
        Err(Problem::new(ProblemKind::File, "the vault is not opened", why, next).in_file(path))
    };
    let special = || {
        refuse("it is a link or a special file, not a regular file", "put the file itself there".to_owned())
    };
    match fs::symlink_metadata(path) {
        Ok(meta) if !meta.is_file() => return special(),
        Ok(_) => {}
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(io_problem(path, &e)),
    }
    let file =
        private_file::open(fs::OpenOptions::new().read(true), path).map_err(|e| io_problem(path, &e))?;
    let meta = file.metadata().map_err(|e| io_problem(path, &e))?;
    if !meta.is_file() {
        return special();
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if meta.mode() & 0o077 != 0 {
            return refuse("others may read or write it", format!("chmod 600 {}", path.display()));
        }
    }
    if private_file::is_foreign(&meta) {
        return refuse("it belongs to another user", "use a vault of your own".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(MAX + 1).read_to_end(&mut bytes).map_err(|e| io_problem(path, &e))?;
    if bytes.len() as u64 > MAX {
        return refuse("it is far too large for a vault", "restore it from a backup".to_owned());
    }
    Ok(Some(bytes))
}

pub(super) fn broken(path: &Path, why: &str) -> Problem {
    Problem::new(
        ProblemKind::File,
        "the vault cannot be read",
        why,
        "restore it from a backup, or move it away to start a new one; it was not changed",
    )
    .in_file(path)
}

fn unseal(path: &Path, bytes: &[u8], key: &Key, source: KeySource) -> Result<Contents, Problem> {
    let (header, sealed) = Header::read(path, bytes)?;
    let head = bytes.get(..bytes.len() - sealed.len()).unwrap_or_default();
    let mut text = Zeroizing::new(sealed.to_vec());
    let opened = cipher(key)?
        .open_in_place(Nonce::assume_unique_for_key(header.nonce), Aad::from(head), text.as_mut_slice())
        .map_err(|_| {
            let (why, next) = match source {
                KeySource::Passphrase { .. } => (
                    "the passphrase is wrong, or the file was damaged",
                    "try the passphrase again; if it is surely right, restore the file from a backup",
                ),
                KeySource::Keyring { .. } => (
                    "the key in the system keyring is another one, or the file was damaged",
                    "restore the file, or the keyring, from a backup; nothing was changed",
                ),
            };
            Problem::new(ProblemKind::File, "the vault stays closed", why, next).in_file(path)
        })?;
    let json: serde_json::Value =
        serde_json::from_slice(opened).map_err(|_| broken(path, "its contents are no JSON"))?;
    Contents::from_json(&json).ok_or_else(|| broken(path, "its contents have another shape"))
}
