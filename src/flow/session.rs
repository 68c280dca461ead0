//! What lives as long as the program: engines with their open connections, tokens, key sets, known
//! secrets.

use super::keys::KeySets;
use super::token::Tokens;
use super::{SecretSource, TokenStore};
use crate::http::{Engine, EngineOptions};
use crate::model::exchange::Failure;
use crate::model::redact::Redactor;
use crate::model::settings::Settings;
use crate::model::token::{Token, TokenKey};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// What lives as long as the program: engines, tokens, known secrets. Cheap to clone.
#[derive(Clone)]
pub struct Session {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    secrets: Arc<dyn SecretSource>,
    store: Option<Arc<dyn TokenStore>>,
    redactor: Arc<Redactor>,
    engines: Mutex<HashMap<EngineOptions, Engine>>,
    tokens: Tokens,
    keys: KeySets,
}

impl Session {
    /// A fresh session.
    pub fn new(
        settings: &Settings,
        secrets: Arc<dyn SecretSource>,
        store: Option<Arc<dyn TokenStore>>,
    ) -> Session {
        Session {
            inner: Arc::new(Inner {
                settings: settings.clone(),
                secrets,
                store,
                redactor: Arc::new(Redactor::new()),
                engines: Mutex::default(),
                tokens: Tokens::default(),
                keys: KeySets::default(),
            }),
        }
    }

    /// Masks every secret this session has seen.
    pub fn redactor(&self) -> &Arc<Redactor> {
        &self.inner.redactor
    }

    /// Every cached token, unordered. Those of a store are here once a token of that workspace was
    /// asked for, or after [`Session::load_tokens`].
    pub fn tokens(&self) -> Vec<Token> {
        self.inner.tokens.all()
    }

    /// Reads the stored tokens of a workspace, once. Blocks (a file is read and decrypted).
    pub fn load_tokens(&self, root: &Path) {
        let Some(store) = &self.inner.store else { return };
        if self.inner.tokens.first_load(root) {
            for token in store.load(root) {
                self.learn(&token);
                self.inner.tokens.take_stored(root, token);
            }
        }
    }

    /// Drops a cached token (and its stored copy).
    pub fn forget(&self, root: &Path, key: &TokenKey) {
        self.inner.tokens.forget(root, key);
        if let Some(store) = &self.inner.store {
            store.forget(root, key);
        }
    }

    /// The settings it was made with.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    pub(super) fn secrets(&self) -> Arc<dyn SecretSource> {
        Arc::clone(&self.inner.secrets)
    }

    pub(super) fn store(&self) -> Option<Arc<dyn TokenStore>> {
        self.inner.store.clone()
    }

    pub(super) fn token_cache(&self) -> &Tokens {
        &self.inner.tokens
    }

    pub(super) fn key_sets(&self) -> &KeySets {
        &self.inner.keys
    }

    /// Every secret text of a token becomes known.
    pub(super) fn learn(&self, token: &Token) {
        let texts = [Some(&token.access_token), token.refresh_token.as_ref(), token.id_token.as_ref()];
        for secret in texts.into_iter().flatten() {
            self.redactor().learn(secret.expose());
        }
    }

    /// The engine of these options; connections are shared by all who use the same ones.
    pub(super) fn engine(&self, options: &EngineOptions) -> Result<Engine, Failure> {
        let mut engines = self.inner.engines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = engines.get(options) {
            return Ok(engine.clone());
        }
        let engine = Engine::new(options.clone())?;
        engines.insert(options.clone(), engine.clone());
        Ok(engine)
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session")
    }
}
