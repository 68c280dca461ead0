//! Tokens that outlive a command: in the vault, as far as it can be opened here.

use crate::flow::TokenStore;
use crate::model::token::{Token, TokenKey};
use crate::storage::secrets::Secrets;
use crate::storage::vault::Vault;
use std::path::Path;
use std::sync::Arc;

/// A store behind a vault that is opened when first needed, or only looked at when it is open.
pub struct KeptTokens {
    secrets: Arc<Secrets>,
    /// May open it (which may ask for a passphrase).
    may_open: bool,
}

impl KeptTokens {
    /// `may_open`: false never asks for anything.
    pub fn new(secrets: Arc<Secrets>, may_open: bool) -> KeptTokens {
        KeptTokens { secrets, may_open }
    }

    /// A vault that cannot be opened holds no tokens here; who needs a secret of it tells why.
    fn vault(&self) -> Option<Vault> {
        let open = self.secrets.open_vault();
        if open.is_some() || !self.may_open { open } else { self.secrets.vault().ok() }
    }
}

impl TokenStore for KeptTokens {
    fn load(&self, root: &Path) -> Vec<Token> {
        self.vault().map(|vault| vault.load(root)).unwrap_or_default()
    }

    fn save(&self, root: &Path, token: &Token) {
        let open = self.vault();
        // Where nothing was kept so far a vault is made now, if that asks nobody.
        let vault = if self.may_open { self.secrets.vault_to_keep().ok().or(open) } else { open };
        if let Some(vault) = vault {
            vault.save(root, token);
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
