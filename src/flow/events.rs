//! What happened to tokens, for the audit log.

use super::Session;
use super::call::Call;
use crate::model::token::TokenKey;
use crate::oauth::error::clean;
use jiff::Timestamp;
use std::path::Path;

/// One line of the audit log. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenEvent {
    /// Local wall clock.
    pub at: Timestamp,
    /// What happened.
    pub what: TokenEventKind,
    /// Whose.
    pub key: TokenKey,
    /// How, or why not: grant, host, error code. Masked.
    pub detail: String,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenEventKind {
    /// A new token by a full grant.
    Obtained,
    /// Renewed with a refresh token.
    Refreshed,
    /// The refresh token was dead; a full grant follows.
    RefreshDead,
    /// The server gave none.
    Failed,
    /// An API refused it with `invalid_token`, and it was renewed once.
    Replaced,
    /// Revoked at the server.
    Revoked,
    /// The server was asked about it.
    Introspected,
    /// Forgotten here.
    Forgotten,
}

impl TokenEventKind {
    /// The word in the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Obtained => "obtained",
            Self::Refreshed => "refreshed",
            Self::RefreshDead => "refresh_dead",
            Self::Failed => "failed",
            Self::Replaced => "replaced",
            Self::Revoked => "revoked",
            Self::Introspected => "introspected",
            Self::Forgotten => "forgotten",
        }
    }
}

/// Where audit lines go. Implemented by `storage`; called on a blocking thread.
pub trait Audit: Send + Sync {
    /// Appends one. A line that cannot be written fails nothing.
    fn note(&self, root: &Path, event: &TokenEvent);
}

/// Writes a line about the token of a call, and waits until it is written.
pub(super) async fn note(call: &Call<'_>, what: TokenEventKind, detail: &str) {
    write(call.session(), &call.plan.root, &call.key, what, detail).await;
}

/// Writes a line, and waits until it is written.
pub(super) async fn write(
    session: &Session,
    root: &Path,
    key: &TokenKey,
    what: TokenEventKind,
    detail: &str,
) {
    let Some(audit) = session.audit() else { return };
    let detail = session.redactor().mask(&clean(detail));
    let event = TokenEvent { at: Timestamp::now(), what, key: key.clone(), detail };
    let root = root.to_owned();
    let _ = tokio::task::spawn_blocking(move || audit.note(&root, &event)).await;
}
