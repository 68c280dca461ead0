//! The vault's file: a header in the clear, bound to a sealed JSON text.
//!
//! `hallpass vault` · version · Argon2id memory, passes, lanes · salt · nonce | AES-256-GCM over the JSON.
//! The header is authenticated with the text, so no byte of it can be changed unnoticed. Each write has
//! a fresh nonce; the salt stays with the passphrase. Another process's writes are seen: every change
//! reads the file again under a lock first.

use super::atomic::{self, Access};
use super::load::io_words;
use super::state::lock;
use super::vault::Contents;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::secret::Secret;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const MAGIC: &[u8; 15] = b"hallpass vault\n";
const VERSION: u8 = 1;
const SALT: usize = 16;
const NONCE: usize = 12;
const HEADER: usize = MAGIC.len() + 1 + 12 + SALT + NONCE;
/// Far more than any number of secrets and tokens needs.
const MAX: u64 = 64 * 1024 * 1024;

/// What one guess of the passphrase costs (Argon2id).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// KiB of memory.
    pub memory: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Cost {
    /// Memory and passes of RFC 9106's second recommendation, in one lane: a vault is opened by one thread.
    pub const FULL: Cost = Cost { memory: 64 * 1024, passes: 3, lanes: 1 };

    /// What a header may ask of us: a forged one shall not take all memory.
    fn is_sane(self) -> bool {
        (8..=1024 * 1024).contains(&self.memory)
            && (1..=64).contains(&self.passes)
            && (1..=16).contains(&self.lanes)
            && self.memory >= 8 * self.lanes
    }
}

/// What was read and the key it was read with.
pub struct Opened {
    pub(super) contents: Contents,
    header: Header,
}

#[derive(Debug, Clone, Copy)]
struct Header {
    cost: Cost,
    salt: [u8; SALT],
    nonce: [u8; NONCE],
}

impl Header {
    fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER);
        out.extend_from_slice(MAGIC);
        out.push(VERSION);
        for n in [self.cost.memory, self.cost.passes, self.cost.lanes] {
            out.extend_from_slice(&n.to_be_bytes());
        }
        out.extend_from_slice(&self.salt);
        out.extend_from_slice(&self.nonce);
        out
    }
}

/// An open vault file. Keeps the key, not the passphrase.
pub struct VaultFile {
    path: PathBuf,
    key: Zeroizing<[u8; 32]>,
    header: Header,
    contents: Contents,
    /// Nonce of the bytes on disk that `contents` came from.
    seen: Option<[u8; NONCE]>,
}

impl VaultFile {
    /// Opens or makes the file.
    pub fn open(path: &Path, passphrase: &Secret, cost: Cost) -> Result<VaultFile, Problem> {
        if let Some(dir) = path.parent() {
            atomic::make_dirs(dir, Access::Private).map_err(|e| io_problem(path, &e))?;
            atomic::sweep_dir(dir);
        }
        let _lock = lock(&lock_path(path)).map_err(|e| io_problem(path, &e))?;
        match read(path)? {
            Some(bytes) => {
                let header = header_of(path, &bytes)?;
                let key = derive(passphrase, &header)?;
                let opened = unseal(path, &bytes, &key)?;
                let (contents, header) = (opened.contents, opened.header);
                Ok(VaultFile { path: path.to_path_buf(), key, header, contents, seen: Some(header.nonce) })
            }
            None => {
                let header = Header { cost, salt: random()?, nonce: [0; NONCE] };
                let key = derive(passphrase, &header)?;
                let contents = Contents::default();
                let mut file = VaultFile { path: path.to_path_buf(), key, header, contents, seen: None };
                file.write()?;
                Ok(file)
            }
        }
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

    fn reload(&mut self) -> Result<(), Problem> {
        let Some(bytes) = read(&self.path)? else {
            // Deleted under us: what is known is written again with the next change.
            self.seen = None;
            return Ok(());
        };
        let header = header_of(&self.path, &bytes)?;
        if self.seen == Some(header.nonce) {
            return Ok(());
        }
        if header.salt != self.header.salt || header.cost != self.header.cost {
            return Err(Problem::new(
                ProblemKind::File,
                "the vault was replaced by another one",
                "its passphrase may be another",
                "start hallpass again and give the passphrase",
            )
            .in_file(&self.path));
        }
        let opened = unseal(&self.path, &bytes, &self.key)?;
        self.contents = opened.contents;
        self.header = opened.header;
        self.seen = Some(self.header.nonce);
        Ok(())
    }

    fn write(&mut self) -> Result<(), Problem> {
        self.header.nonce = random()?;
        let head = self.header.bytes();
        let json = Zeroizing::new(serde_json::to_vec(&self.contents.to_json()).unwrap_or_default());
        let mut sealed: Vec<u8> = Vec::with_capacity(json.len() + 16);
        sealed.extend_from_slice(&json);
        cipher(&self.key)?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(self.header.nonce),
                Aad::from(&head),
                &mut sealed,
            )
            .map_err(|_| internal())?;
        let bytes = [head, sealed].concat();
        atomic::write(&self.path, &bytes, Access::Private)?;
        self.seen = Some(self.header.nonce);
        Ok(())
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

fn internal() -> Problem {
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

fn random<const N: usize>() -> Result<[u8; N], Problem> {
    let mut out = [0; N];
    aws_lc_rs::rand::fill(&mut out).map_err(|_| internal())?;
    Ok(out)
}

fn derive(passphrase: &Secret, header: &Header) -> Result<Zeroizing<[u8; 32]>, Problem> {
    let Cost { memory, passes, lanes } = header.cost;
    let params = argon2::Params::new(memory, passes, lanes, Some(32)).map_err(|_| internal())?;
    let mut key = Zeroizing::new([0_u8; 32]);
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password_into(passphrase.expose().as_bytes(), &header.salt, key.as_mut_slice())
        .map_err(|_| internal())?;
    Ok(key)
}

fn cipher(key: &Zeroizing<[u8; 32]>) -> Result<LessSafeKey, Problem> {
    UnboundKey::new(&AES_256_GCM, key.as_slice()).map(LessSafeKey::new).map_err(|_| internal())
}

/// The file's bytes; refused when others could have read or replaced it. What is asked is the open
/// file, not its name, so that nothing can be put in its place in between.
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
    let mut options = fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    let file = options.open(path).map_err(|e| io_problem(path, &e))?;
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
        if meta.uid() != rustix::process::geteuid().as_raw() {
            return refuse("it belongs to another user", "use a vault of your own".to_owned());
        }
    }
    let mut bytes = Vec::new();
    file.take(MAX + 1).read_to_end(&mut bytes).map_err(|e| io_problem(path, &e))?;
    if bytes.len() as u64 > MAX {
        return refuse("it is far too large for a vault", "restore it from a backup".to_owned());
    }
    Ok(Some(bytes))
}

fn broken(path: &Path, why: &str) -> Problem {
    Problem::new(
        ProblemKind::File,
        "the vault cannot be read",
        why,
        "restore it from a backup, or move it away to start a new one; it was not changed",
    )
    .in_file(path)
}

fn header_of(path: &Path, bytes: &[u8]) -> Result<Header, Problem> {
    let Some(rest) = bytes.strip_prefix(MAGIC) else {
        return Err(broken(path, "it does not begin as a vault does"));
    };
    match rest.first() {
        Some(&VERSION) => {}
        Some(&version) if version > VERSION => {
            return Err(Problem::new(
                ProblemKind::File,
                "the vault is not opened",
                format!("its format is {version}, this version knows up to {VERSION}"),
                "update hallpass; the file was not changed",
            )
            .in_file(path));
        }
        _ => return Err(broken(path, "its format is unknown")),
    }
    let mut rest = rest.get(1..).unwrap_or_default();
    let mut take = |n: usize| {
        let (head, tail) = rest.split_at_checked(n)?;
        rest = tail;
        Some(head)
    };
    let mut number = || Some(u32::from_be_bytes(take(4)?.try_into().ok()?));
    let cost = (|| Some(Cost { memory: number()?, passes: number()?, lanes: number()? }))();
    let salt = take(SALT).and_then(|s| s.try_into().ok());
    let nonce = take(NONCE).and_then(|s| s.try_into().ok());
    match (cost, salt, nonce) {
        (Some(cost), Some(salt), Some(nonce)) if cost.is_sane() => Ok(Header { cost, salt, nonce }),
        (Some(_), Some(_), Some(_)) => Err(broken(path, "its header asks for impossible costs")),
        _ => Err(broken(path, "it was cut off")),
    }
}

fn unseal(path: &Path, bytes: &[u8], key: &Zeroizing<[u8; 32]>) -> Result<Opened, Problem> {
    let header = header_of(path, bytes)?;
    let (head, sealed) = bytes.split_at(HEADER);
    let mut text = Zeroizing::new(sealed.to_vec());
    let opened = cipher(key)?
        .open_in_place(Nonce::assume_unique_for_key(header.nonce), Aad::from(head), text.as_mut_slice())
        .map_err(|_| {
            Problem::new(
                ProblemKind::File,
                "the vault stays closed",
                "the passphrase is wrong, or the file was damaged",
                "try the passphrase again; if it is surely right, restore the file from a backup",
            )
            .in_file(path)
        })?;
    let json: serde_json::Value =
        serde_json::from_slice(opened).map_err(|_| broken(path, "its contents are no JSON"))?;
    let contents =
        Contents::from_json(&json).ok_or_else(|| broken(path, "its contents have another shape"))?;
    Ok(Opened { contents, header })
}
