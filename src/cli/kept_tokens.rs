//! Tokens that outlive a command: in the vault, as far as it can be opened here.

use crate::cli::output::Output;
use crate::flow::TokenStore;
use crate::model::problem::Problem;
use crate::model::token::{Token, TokenKey};
use crate::storage::secrets::Secrets;
use crate::storage::vault::Vault;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A store behind a vault that is opened when first needed, or only looked at when it is open.
pub struct KeptTokens {
    secrets: Arc<Secrets>,
    /// May open it (which may ask for a passphrase).
    may_open: bool,
    out: Option<Output>,
    told: AtomicBool,
}

impl KeptTokens {
    /// `may_open`: false never asks for anything. `out`: where it is told that a token is not kept; not on a screen.
    pub fn new(secrets: Arc<Secrets>, may_open: bool, out: Option<Output>) -> KeptTokens {
        KeptTokens { secrets, may_open, out, told: AtomicBool::new(false) }
    }

    /// Once: a refresh token that is lost, or was replaced by one that is, ends in a login.
    fn tell(&self, problem: &Problem) {
        if let Some(out) = self.out.as_ref().filter(|_| !self.told.swap(true, Ordering::Relaxed)) {
            let mut why = format!("the token is not kept: {}: {}", problem.what, problem.why);
            if let Some(file) = &problem.file {
                why.push_str(&format!(" ({})", file.display()));
            }
            out.warn(&why);
        }
    }

    /// A vault that cannot be opened holds no tokens here; who needs a secret of it tells why.
    fn vault(&self) -> Option<Vault> {
        let open = self.secrets.open_vault();
        if open.is_some() || !self.may_open { open } else { self.secrets.vault().ok() }
    }
}

impl TokenStore for KeptTokens {
    fn is_open(&self) -> bool {
        self.vault().is_some()
    }

    fn load(&self, root: &Path) -> Vec<Token> {
        self.vault().map(|vault| vault.load(root)).unwrap_or_default()
    }

    fn save(&self, root: &Path, token: &Token) {
        // Where nothing was kept so far a vault is made now, if that asks nobody.
        let vault = match self.may_open {
            true => self.secrets.vault_to_keep(),
            false => match self.secrets.open_vault() {
                Some(vault) => Ok(vault),
                None => return,
            },
        };
        if let Err(problem) = vault.and_then(|vault| vault.keep(root, token)) {
            self.tell(&problem);
        }
    }

    fn get(&self, root: &Path, key: &TokenKey) -> Option<Token> {
        TokenStore::get(&self.vault()?, root, key)
    }

    fn lock(&self, root: &Path, key: &TokenKey) -> Option<Box<dyn Send>> {
        TokenStore::lock(&self.vault()?, root, key)
    }

    fn forget(&self, root: &Path, key: &TokenKey) {
        if let Some(vault) = self.vault() {
            TokenStore::forget(&vault, root, key);
        }
    }
}
