//! Which vault is used. A file that is there decides by its header; where there is none the first
//! thing to be kept makes one: in the system keyring if that answers in time, else behind a passphrase.
//! What cannot be opened is a problem, never another store in silence.

use super::keyring::Guarded;
use super::paths;
use super::vault::Vault;
use super::vault_file::{Cost, source_of};
use super::vault_header::KeySource;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::secret::Secret;
use crate::model::settings::VaultChoice;
use std::path::PathBuf;

/// Overrules the setting: for one command, for tests, for a machine whose settings are shared.
pub const VARIABLE: &str = "HALLPASS_VAULT";

/// What is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing was kept yet, or nothing may be.
    Nothing,
    /// A file behind a passphrase.
    Passphrase,
    /// A file with its key in the keyring.
    Keyring,
}

/// How a passphrase is had.
pub trait Passphrases {
    /// One that was handed over beforehand, without asking anybody.
    fn given(&self) -> Result<Option<Secret>, Problem>;
    /// The given one, else one that is asked for; for a new file twice. Without a way to ask: a problem.
    fn ask(&self, new: bool) -> Result<Secret, Problem>;
}

/// Where the vault is, or would be.
#[derive(Clone)]
pub struct VaultPlace {
    file: Option<PathBuf>,
    choice: VaultChoice,
    keyring: Guarded,
    cost: Cost,
}

impl VaultPlace {
    /// The user's. An unknown word in `HALLPASS_VAULT` is a problem.
    pub fn of_user(setting: VaultChoice) -> Result<VaultPlace, Problem> {
        let choice = match std::env::var(VARIABLE) {
            Ok(word) if !word.is_empty() => {
                let known = VaultChoice::WORDS.into_iter().find(|(name, _)| *name == word);
                known.map(|(_, choice)| choice).ok_or_else(|| {
                    Problem::new(
                        ProblemKind::Usage,
                        format!("`{VARIABLE}` is not understood"),
                        format!("it is `{}`", word.escape_debug()),
                        "set it to auto, keyring, file or memory, or not at all",
                    )
                })?
            }
            _ => setting,
        };
        Ok(VaultPlace { file: paths::vault_file(), choice, keyring: Guarded::system(), cost: Cost::FULL })
    }

    #[cfg(test)]
    pub(super) fn test(file: PathBuf, choice: VaultChoice, keyring: Guarded) -> VaultPlace {
        let cost = Cost { memory: 64, passes: 1, lanes: 1 };
        VaultPlace { file: Some(file), choice, keyring, cost }
    }

    /// The keyring of this place.
    pub fn keyring(&self) -> &Guarded {
        &self.keyring
    }

    /// Looks at the file's header; asks nobody, waits for nothing.
    pub fn found(&self) -> Result<Found, Problem> {
        let Some(file) = self.file.as_ref().filter(|_| self.choice != VaultChoice::Memory) else {
            return Ok(Found::Nothing);
        };
        Ok(match source_of(file)? {
            None => Found::Nothing,
            Some(KeySource::Passphrase { .. }) => Found::Passphrase,
            Some(KeySource::Keyring { .. }) => Found::Keyring,
        })
    }

    /// The vault to read from: what is there, else an empty one in memory.
    pub fn open(&self, passphrases: &dyn Passphrases) -> Result<Vault, Problem> {
        match (self.found()?, &self.file) {
            (Found::Passphrase, Some(file)) => Vault::open(file, &passphrases.ask(false)?),
            (Found::Keyring, Some(file)) => Vault::open_keyring(file, &self.keyring),
            _ => Ok(Vault::memory()),
        }
    }

    /// The vault to keep something in, made if need be. With `may_ask` a passphrase is asked for where
    /// nothing else is left; without, `None` says that nothing can be kept.
    pub fn open_to_keep(
        &self,
        passphrases: &dyn Passphrases,
        may_ask: bool,
    ) -> Result<Option<Vault>, Problem> {
        if self.choice == VaultChoice::Memory {
            return Ok(None);
        }
        let Some(file) = &self.file else {
            return Err(Problem::new(
                ProblemKind::File,
                "there is no place for the vault",
                "the home directory is not known",
                "set `HOME`",
            ));
        };
        if self.found()? != Found::Nothing {
            return self.open(passphrases).map(Some);
        }
        let given = passphrases.given()?;
        let behind = |passphrase: &Secret| Vault::open_with(file, passphrase, self.cost).map(Some);
        let unusable = match (self.choice, given) {
            (VaultChoice::Keyring, _) => return Vault::open_keyring(file, &self.keyring).map(Some),
            (_, Some(passphrase)) => return behind(&passphrase),
            (VaultChoice::Auto, None) => match Vault::open_keyring(file, &self.keyring) {
                Ok(vault) => return Ok(Some(vault)),
                Err(problem) => Some(problem),
            },
            _ => None,
        };
        if !may_ask {
            return Ok(None);
        }
        let passphrase = passphrases.ask(true).map_err(|mut problem| {
            if let Some(keyring) = unusable {
                problem.why = format!("{}; {}", keyring.why, problem.why);
            }
            problem
        })?;
        behind(&passphrase)
    }
}

/// What refuses to keep a secret where the settings say that nothing is kept.
pub fn not_kept() -> Problem {
    Problem::new(
        ProblemKind::Usage,
        "there is nowhere to keep it",
        "the settings say `vault = \"memory\"`, which ends with the program",
        "set `vault = \"auto\"` in the settings, or use `{ env = \"NAME\" }` in the environment file",
    )
}

#[cfg(test)]
pub(super) mod fakes;
#[cfg(test)]
mod tests;
