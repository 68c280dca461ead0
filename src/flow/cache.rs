//! The tokens of a session, and one request at a time for each.

use super::TokenFailure;
use crate::model::profile::Grant;
use crate::model::token::{Token, TokenKey, TokenOrigin};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A key within a workspace.
pub(super) type Slot = (PathBuf, TokenKey);

/// How a token was asked for: one of a profile that was edited since is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AskedBy {
    pub origin: TokenOrigin,
    pub grant: Grant,
    pub dpop: bool,
}

/// The cache of a session.
#[derive(Default)]
pub(super) struct Tokens {
    cached: Mutex<HashMap<Slot, Cached>>,
    loaded: Mutex<HashSet<PathBuf>>,
    flights: Mutex<HashMap<Slot, Arc<Flight>>>,
}

struct Cached {
    token: Token,
    /// Of stored ones only the token's own origin is known.
    asked: Option<AskedBy>,
}

/// One token request under way for a key, and the answer of the last one.
#[derive(Default)]
pub(super) struct Flight {
    pub turn: tokio::sync::Mutex<()>,
    landed: Mutex<Landed>,
}

#[derive(Default)]
struct Landed {
    count: u64,
    last: Option<Result<Token, TokenFailure>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Flight {
    /// How many answers have come.
    pub fn landed(&self) -> u64 {
        lock(&self.landed).count
    }

    /// The answer that came after `before`, if one did.
    pub fn answer_since(&self, before: u64) -> Option<Result<Token, TokenFailure>> {
        let landed = lock(&self.landed);
        landed.last.clone().filter(|_| landed.count > before)
    }

    /// Gives an answer to those who wait.
    pub fn land(&self, answer: &Result<Token, TokenFailure>) {
        let mut landed = lock(&self.landed);
        landed.count += 1;
        landed.last = Some(answer.clone());
    }
}

impl Tokens {
    pub fn all(&self) -> Vec<Token> {
        lock(&self.cached).values().map(|c| c.token.clone()).collect()
    }

    /// True the first time it is called for a workspace.
    pub fn first_load(&self, root: &Path) -> bool {
        lock(&self.loaded).insert(root.to_owned())
    }

    pub fn is_loaded(&self, root: &Path) -> bool {
        lock(&self.loaded).contains(root)
    }

    /// A token out of the store; one got meanwhile wins.
    pub fn take_stored(&self, root: &Path, token: Token) {
        let place = (root.to_owned(), token.key.clone());
        lock(&self.cached).entry(place).or_insert(Cached { token, asked: None });
    }

    pub fn put(&self, slot: &Slot, token: &Token, asked: &AskedBy) {
        let cached = Cached { token: token.clone(), asked: Some(asked.clone()) };
        lock(&self.cached).insert(slot.clone(), cached);
    }

    pub fn forget(&self, root: &Path, key: &TokenKey) {
        lock(&self.cached).remove(&(root.to_owned(), key.clone()));
    }

    /// The token of a key, expired or not, unless it was asked for otherwise.
    pub fn known(&self, slot: &Slot, asked: &AskedBy) -> Option<Token> {
        let cached = lock(&self.cached);
        let found = cached.get(slot)?;
        let right = found.asked.as_ref().is_none_or(|a| a == asked) && found.token.is_of(&asked.origin);
        right.then(|| found.token.clone())
    }

    /// True when this very token is cached, asked for in whatever way.
    pub fn holds(&self, slot: &Slot, token: &Token) -> bool {
        lock(&self.cached).get(slot).is_some_and(|c| c.token.access_token == token.access_token)
    }

    pub fn flight(&self, slot: &Slot) -> Arc<Flight> {
        Arc::clone(lock(&self.flights).entry(slot.clone()).or_default())
    }
}

/// True when a token can go out now: not at its end, and the key it is bound to is there.
pub(super) fn is_usable(token: &Token, now: Instant) -> bool {
    let bound = token.token_type.eq_ignore_ascii_case("dpop");
    !token.wants_renewal(now) && (!bound || token.dpop_key.is_some())
}
