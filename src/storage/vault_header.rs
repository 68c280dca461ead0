//! The clear part of the vault's file: what its key comes from.
//!
//! `hallpass vault` · version · source · nonce. Version 1: Argon2id memory, passes, lanes · salt.
//! Version 2: 1 (the system keyring) · id of the keyring's item. A passphrase stays version 1, so that
//! an older hallpass opens what it can.

use super::vault_file::broken;
use crate::model::problem::{Problem, ProblemKind};
use std::path::Path;

const MAGIC: &[u8; 15] = b"hallpass vault\n";
const PASSPHRASE: u8 = 1;
const OTHER: u8 = 2;
const IN_KEYRING: u8 = 1;
const SALT: usize = 16;
const ID: usize = 16;
/// Bytes of a nonce of AES-GCM.
pub const NONCE: usize = 12;

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

/// Where the key of a vault comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySource {
    /// A passphrase, stretched.
    Passphrase {
        /// Price of a guess.
        cost: Cost,
        /// Salt.
        salt: [u8; SALT],
    },
    /// An item of the system keyring.
    Keyring {
        /// Names it, so that two vaults of one user have two items.
        id: [u8; ID],
    },
}

impl KeySource {
    /// The name of the keyring's item.
    pub fn item(&self) -> Option<String> {
        match self {
            Self::Keyring { id } => Some(id.iter().map(|b| format!("{b:02x}")).collect()),
            Self::Passphrase { .. } => None,
        }
    }
}

/// The whole header.
#[derive(Debug, Clone, Copy)]
pub struct Header {
    /// Where the key comes from.
    pub source: KeySource,
    /// Of this writing.
    pub nonce: [u8; NONCE],
}

impl Header {
    /// As it stands in the file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        match &self.source {
            KeySource::Passphrase { cost, salt } => {
                out.push(PASSPHRASE);
                for n in [cost.memory, cost.passes, cost.lanes] {
                    out.extend_from_slice(&n.to_be_bytes());
                }
                out.extend_from_slice(salt);
            }
            KeySource::Keyring { id } => {
                out.extend_from_slice(&[OTHER, IN_KEYRING]);
                out.extend_from_slice(id);
            }
        }
        out.extend_from_slice(&self.nonce);
        out
    }

    /// The header of a file's bytes, and what stands behind it.
    pub fn read<'b>(path: &Path, bytes: &'b [u8]) -> Result<(Header, &'b [u8]), Problem> {
        let Some(rest) = bytes.strip_prefix(MAGIC) else {
            return Err(broken(path, "it does not begin as a vault does"));
        };
        let cut = || broken(path, "it was cut off");
        let (version, mut rest) = rest.split_first().ok_or_else(cut)?;
        let mut take = |n: usize| {
            let (head, tail) = rest.split_at_checked(n)?;
            rest = tail;
            Some(head)
        };
        let source = match *version {
            PASSPHRASE => {
                let mut number = || Some(u32::from_be_bytes(take(4)?.try_into().ok()?));
                let cost = (|| Some(Cost { memory: number()?, passes: number()?, lanes: number()? }))();
                let salt = take(SALT).and_then(|s| s.try_into().ok());
                let (cost, salt) = cost.zip(salt).ok_or_else(cut)?;
                if !cost.is_sane() {
                    return Err(broken(path, "its header asks for impossible costs"));
                }
                KeySource::Passphrase { cost, salt }
            }
            OTHER => match take(1).ok_or_else(cut)? {
                [IN_KEYRING] => {
                    let id = take(ID).and_then(|s| s.try_into().ok()).ok_or_else(cut)?;
                    KeySource::Keyring { id }
                }
                _ => return Err(newer(path, "its key comes from a place this version does not know")),
            },
            0 => return Err(broken(path, "its format is unknown")),
            version => {
                return Err(newer(
                    path,
                    &format!("its format is {version}, this version knows up to {OTHER}"),
                ));
            }
        };
        let nonce = take(NONCE).and_then(|s| s.try_into().ok()).ok_or_else(cut)?;
        Ok((Header { source, nonce }, rest))
    }
}

fn newer(path: &Path, why: &str) -> Problem {
    Problem::new(
        ProblemKind::File,
        "the vault is not opened",
        why,
        "update hallpass; the file was not changed",
    )
    .in_file(path)
}
