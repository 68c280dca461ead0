//! What lives as long as the program: engines with their open connections, tokens, key sets, known
//! secrets.

use super::cache::Tokens;
use super::endpoints::Published;
use super::events::{Audit, TokenEvent, TokenEventKind};
use super::keys::KeySets;
use super::login::{LoginDesk, LoginId};
use super::memory::Memory;
use super::origins::Origins;
use super::{SecretSource, TokenStore};
use crate::http::{Engine, EngineOptions};
use crate::model::exchange::{Exchange, Failure};
use crate::model::redact::Redactor;
use crate::model::settings::Settings;
use crate::model::token::{Token, TokenKey};
use jiff::Timestamp;
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

/// How long a login waits for a person.
const PATIENCE: Duration = Duration::from_secs(300);

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
    published: Published,
    origins: Origins,
    memory: Memory,
    logins: AtomicU64,
    patience: RwLock<Duration>,
    desk: RwLock<Option<Arc<dyn LoginDesk>>>,
    audit: RwLock<Option<Arc<dyn Audit>>>,
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
                published: Published::default(),
                origins: Origins::default(),
                memory: Memory::default(),
                logins: AtomicU64::new(0),
                patience: RwLock::new(PATIENCE),
                desk: RwLock::default(),
                audit: RwLock::default(),
            }),
        }
    }

    /// Sets where a person sits who can log in. Without one, a grant that needs a person fails and says so.
    pub fn set_desk(&self, desk: Arc<dyn LoginDesk>) {
        *self.inner.desk.write().unwrap_or_else(PoisonError::into_inner) = Some(desk);
    }

    /// Sets where audit lines go.
    pub fn set_audit(&self, audit: Arc<dyn Audit>) {
        *self.inner.audit.write().unwrap_or_else(PoisonError::into_inner) = Some(audit);
    }

    /// Sets how long a login waits for a person; five minutes where nothing is said.
    pub fn set_login_patience(&self, patience: Duration) {
        *self.inner.patience.write().unwrap_or_else(PoisonError::into_inner) = patience;
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

    /// Reads the stored tokens of a workspace, once the store is open. Blocks (a file is read and decrypted).
    pub fn load_tokens(&self, root: &Path) {
        let Some(store) = &self.inner.store else { return };
        if self.inner.tokens.is_loaded(root) || !store.is_open() {
            return;
        }
        if self.inner.tokens.first_load(root) {
            for token in store.load(root) {
                self.learn(&token);
                self.inner.tokens.take_stored(root, token);
            }
        }
    }

    /// Drops a cached token (and its stored copy). Blocks (files are written).
    pub fn forget(&self, root: &Path, key: &TokenKey) {
        self.inner.tokens.forget(root, key);
        if let Some(store) = &self.inner.store {
            store.forget(root, key);
        }
        if let Some(audit) = self.audit() {
            let what = TokenEventKind::Forgotten;
            audit.note(
                root,
                &TokenEvent { at: Timestamp::now(), what, key: key.clone(), detail: String::new() },
            );
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

    pub(super) fn published(&self) -> &Published {
        &self.inner.published
    }

    pub(super) fn origins(&self) -> &Origins {
        &self.inner.origins
    }

    pub(super) fn memory(&self) -> &Memory {
        &self.inner.memory
    }

    pub(super) fn desk(&self) -> Option<Arc<dyn LoginDesk>> {
        self.inner.desk.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn audit(&self) -> Option<Arc<dyn Audit>> {
        self.inner.audit.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn next_login(&self) -> LoginId {
        LoginId(self.inner.logins.fetch_add(1, Ordering::Relaxed) + 1)
    }

    pub(super) fn login_patience(&self) -> Duration {
        *self.inner.patience.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn key_sets(&self) -> &KeySets {
        &self.inner.keys
    }

    /// Every secret text of a token becomes known.
    pub(super) fn learn(&self, token: &Token) {
        let texts = [
            Some(&token.access_token),
            token.refresh_token.as_ref(),
            token.id_token.as_ref(),
            token.dpop_key.as_ref(),
        ];
        for secret in texts.into_iter().flatten() {
            self.redactor().learn(secret.expose());
        }
        self.redactor().learn(token.session_index.as_deref().unwrap_or_default());
    }

    /// What every exchange tells of its server; and a proof that went along is nothing to show.
    pub(super) fn saw(&self, exchange: &Exchange) {
        self.origins().note(exchange);
        for header in exchange.request.headers.iter().filter(|h| h.name.eq_ignore_ascii_case("dpop")) {
            self.redactor().learn(&header.value);
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
