//! The one pipeline that screen and command line share: render, get a token, send, capture, check.
//! Async; owns no global; writes no file.

mod acquire;
mod answer;
mod authorized;
mod body;
mod build;
mod cache;
mod call;
pub mod diagnosis;
mod discover;
mod endpoints;
pub mod events;
mod grants;
mod keys;
pub mod login;
pub mod manage;
mod material;
mod memory;
mod network;
mod origins;
pub mod probe;
pub mod remedy;
mod road;
mod scope;
mod send;
mod session;
pub mod three_part;
mod token;

pub use keys::{inspect_token, key_set};
pub use send::{preview, send_request};
pub use session::Session;
pub use token::obtain_token;

use crate::diagnose::Diagnosis;
use crate::model::check::CheckResult;
use crate::model::environment::Environment;
use crate::model::exchange::Exchange;
use crate::model::plan::Layer;
use crate::model::problem::Problem;
use crate::model::profile::OauthProfile;
use crate::model::secret::Secret;
use crate::model::token::{Token, TokenKey};
use crate::model::value::SecretRef;
use std::path::Path;
use std::sync::Arc;

/// Where secrets are. Implemented by `storage`; may block (commands, prompts), so it is called on a
/// blocking thread.
pub trait SecretSource: Send + Sync {
    /// The secret behind a reference, for an environment and variable of a workspace.
    fn get(
        &self,
        root: &Path,
        environment: &str,
        name: &str,
        reference: &SecretRef,
    ) -> Result<Secret, Problem>;
}

/// A token store that outlives the process (the vault file). Memory is the session's own.
pub trait TokenStore: Send + Sync {
    /// All stored tokens of a workspace.
    fn load(&self, root: &Path) -> Vec<Token>;
    /// False while it cannot be read (a vault still locked): then nothing is loaded, and later asked again. May wait for a vault to open.
    fn is_open(&self) -> bool {
        true
    }
    /// Stores or replaces one.
    fn save(&self, root: &Path, token: &Token);
    /// Forgets one.
    fn forget(&self, root: &Path, key: &TokenKey);
    /// The stored token of a key as it is now, whatever another process did meanwhile.
    fn get(&self, root: &Path, key: &TokenKey) -> Option<Token> {
        self.load(root).into_iter().find(|t| &t.key == key)
    }
    /// Waits until no other process renews the token of this key, and keeps others waiting until the guard is dropped. `None` where
    /// it cannot be locked: then this process goes on alone.
    fn lock(&self, root: &Path, key: &TokenKey) -> Option<Box<dyn Send>> {
        let _ = (root, key);
        None
    }
}

/// Where a token is asked for.
#[derive(Debug, Clone)]
pub struct TokenPlan {
    /// The profile, variables unresolved.
    pub profile: OauthProfile,
    /// Environment (nameless when none).
    pub environment: Environment,
    /// Variable scopes, nearest first.
    pub layers: Vec<Layer>,
    /// The workspace's directory.
    pub root: std::path::PathBuf,
}

/// A failed token request.
#[derive(Debug, Clone)]
pub struct TokenFailure {
    /// In words.
    pub problem: Problem,
    /// The exchange, if one took place.
    pub exchange: Option<Arc<Exchange>>,
    /// OAuth error code as the server said it (`invalid_client`), either dialect.
    pub error: Option<String>,
    /// Why, as far as the exchange tells.
    pub diagnosis: Diagnosis,
}

impl From<Problem> for TokenFailure {
    fn from(problem: Problem) -> Self {
        Self { problem, exchange: None, error: None, diagnosis: Diagnosis::default() }
    }
}

/// Why a request was sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryReason {
    /// 401 with `error="invalid_token"`: the token was renewed.
    InvalidToken,
    /// 401 with `use_dpop_nonce` (RFC 9449 section 9).
    DpopNonce,
}

impl RetryReason {
    /// The word of the contract.
    pub fn word(self) -> &'static str {
        match self {
            Self::InvalidToken => "invalid_token",
            Self::DpopNonce => "dpop_nonce",
        }
    }
}

/// What came of one request.
#[derive(Debug, Clone, Default)]
pub struct Sent {
    /// The exchange; `None` when it never got that far (unresolved variable, no token).
    pub exchange: Option<Arc<Exchange>>,
    /// The token it was sent with.
    pub token: Option<Token>,
    /// The token endpoint's exchange, when no token was given.
    pub token_exchange: Option<Arc<Exchange>>,
    /// Check results, in order.
    pub checks: Vec<CheckResult>,
    /// Captured variables, in order.
    pub captures: Vec<(String, String)>,
    /// Captures that found nothing: variable and why.
    pub missing_captures: Vec<(String, String)>,
    /// Variables used, for the preview.
    pub used: Vec<crate::template::Used>,
    /// What happened before the exchange: the API refused the token with `invalid_token`, so it was renewed and the request
    /// sent once more; or it gave a DPoP nonce. Each with the exchange that was answered so.
    pub retried: Vec<(RetryReason, Arc<Exchange>)>,
    /// Why it was refused, by the exchange that was: the request's own, else the token endpoint's. Empty when nothing was.
    pub diagnosis: Diagnosis,
    /// Why it failed: network, time-out, no token, unresolved, cancelled. A 401 or a failed check is
    /// no problem here: look at the exchange and the checks.
    pub problem: Option<Problem>,
}

impl Sent {
    /// The exit code of the contract for this outcome alone.
    pub fn exit_code(&self) -> u8 {
        if let Some(problem) = &self.problem {
            return problem.kind.exit_code();
        }
        if self.checks.iter().any(|c| !c.ok) {
            return 1;
        }
        let refused = self.checks.is_empty()
            && self.exchange.as_ref().and_then(|e| e.status()).is_some_and(|s| s == 401 || s == 403);
        if refused { 5 } else { 0 }
    }
}

#[cfg(test)]
mod tests;
