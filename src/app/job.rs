//! Running work: who asked, for what, how far it is; and the news of it.

use super::effect::Target;
use crate::content::json::{JsonError, JsonIndex};
use crate::content::kind::Kind;
use crate::content::lines::Lines;
use crate::flow::login::{LoginId, LoginNews};
use crate::flow::manage::{Discovered, Told};
use crate::flow::probe::ProbeOutcome;
use crate::flow::three_part::{CreateStep, TokenStep};
use crate::flow::{Sent, TokenFailure};
use crate::jwt::Decoded;
use crate::model::edit::Change;
use crate::model::history::HistoryEntry;
use crate::model::id::JobId;
use crate::model::problem::Problem;
use crate::model::progress::Phase;
use crate::model::secret::Secret;
use crate::model::token::{Token, TokenKey};
use crate::model::workspace::Workspace;
use crate::oauth::management::Introspection;
use serde_json::{Map, Value as Json};
use std::sync::Arc;
use std::time::Instant;

/// News of a job.
#[derive(Debug, Clone)]
pub struct JobEvent {
    /// Which.
    pub id: JobId,
    /// What.
    pub news: News,
}

/// Progress may be lost; exactly one of the others ends a job.
#[derive(Debug, Clone)]
pub enum News {
    /// How far.
    Progress(Phase),
    /// A login that this job waits for; never lost, in order. Ends no job.
    Login(LoginId, LoginNews),
    /// The vault in use is now this one. Ends no job.
    Vault(&'static str),
    /// Came to its end.
    Done(Box<Output>),
    /// Did not.
    Failed(Problem),
}

/// What a job gives.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "always behind the box of `News::Done`")]
pub enum Output {
    /// A request was sent (or failed in a way that `Sent` tells), with its history entry.
    Sent(Sent, Option<HistoryEntry>),
    /// Step B, or a token got by hand.
    Token(TokenStep),
    /// No token, with the exchange.
    NoToken(TokenFailure),
    /// Step C.
    Created(CreateStep, Vec<HistoryEntry>),
    /// The verify step, with the words.
    Verified(Sent, Result<String, Problem>, Option<HistoryEntry>),
    /// A token was revoked at the server.
    Revoked(TokenKey),
    /// The server's word on a token.
    Introspected(Told<Introspection>),
    /// Whom a token speaks for.
    Userinfo(Told<Map<String, Json>>),
    /// The server did not answer as asked: title, and what failed with its exchange.
    Refused(&'static str, TokenFailure),
    /// An issuer's metadata.
    Discovered(Box<Discovered>),
    /// What a probe told, with the history entry where it sent the request.
    Probed(ProbeOutcome, Option<HistoryEntry>),
    /// What happened to tokens, newest first, as the audit log has it.
    TokenLog(Vec<Json>),
    /// A command may run.
    Trusted,
    /// A token was made, and looked at.
    Signed(Secret, Decoded),
    /// A token was looked at.
    Inspected(Decoded),
    /// Cached tokens.
    Tokens(Vec<Token>),
    /// A body is ready to be shown.
    Indexed(Content),
    /// What a filter found, as JSON text.
    Filtered(Result<String, String>),
    /// The workspace was changed (`None`: only read) and read again.
    Workspace(Option<Change>, Arc<Workspace>),
    /// A change was undone or done again.
    Restored(Arc<Workspace>),
    /// Part A.
    Imported {
        /// In words: what was written.
        words: String,
        /// Environment filled.
        environment: String,
        /// Profile filled.
        profile: String,
        /// To undo it.
        change: Change,
        /// Hints of the parser.
        warnings: Vec<String>,
        /// Read again.
        workspace: Arc<Workspace>,
    },
    /// Past exchanges.
    History(Vec<HistoryEntry>),
    /// One, with detail.
    HistoryDetail(HistoryEntry),
    /// Something was done; words for the message.
    Message(String),
    /// The vault is now this.
    Vault(&'static str),
}

/// A body made ready for the screen.
#[derive(Debug, Clone)]
pub struct Content {
    /// What it is.
    pub kind: Kind,
    /// Raw text by lines.
    pub lines: Arc<Lines>,
    /// JSON rows, for JSON.
    pub json: Option<Arc<JsonIndex>>,
    /// Why it is not JSON although it says so.
    pub json_error: Option<JsonError>,
    /// JWTs found in it.
    pub jwts: Vec<String>,
}

/// A job that runs.
#[derive(Debug, Clone)]
pub struct Job {
    /// Id.
    pub id: JobId,
    /// Whose answer it is.
    pub target: Target,
    /// When it began.
    pub started: Instant,
    /// How far.
    pub phase: Option<Phase>,
    /// True from the moment the user cancelled.
    pub cancelling: bool,
}

/// All running jobs.
#[derive(Debug, Clone, Default)]
pub struct Jobs {
    next: u64,
    running: Vec<Job>,
}

impl Jobs {
    /// Registers a job.
    pub fn start(&mut self, target: Target, now: Instant) -> JobId {
        self.next += 1;
        let id = JobId(self.next);
        self.running.push(Job { id, target, started: now, phase: None, cancelling: false });
        id
    }

    /// Takes an ended job out; `None` for one that is not known (late or doubled news).
    pub fn end(&mut self, id: JobId) -> Option<Job> {
        let at = self.running.iter().position(|j| j.id == id)?;
        Some(self.running.remove(at))
    }

    /// A running job.
    pub fn get_mut(&mut self, id: JobId) -> Option<&mut Job> {
        self.running.iter_mut().find(|j| j.id == id)
    }

    /// Those that a user sees and may cancel, newest first.
    pub fn visible(&self) -> impl Iterator<Item = &Job> {
        self.running.iter().rev().filter(|j| {
            matches!(
                j.target,
                Target::Request(_)
                    | Target::Flow(_)
                    | Target::Token
                    | Target::Jwt
                    | Target::Manage(_)
                    | Target::Discovery(_)
                    | Target::Probe(..)
            )
        })
    }

    /// The running job of a target.
    pub fn of(&self, target: &Target) -> Option<&Job> {
        self.running.iter().rev().find(|j| &j.target == target)
    }

    /// True without running work.
    pub fn is_empty(&self) -> bool {
        self.running.is_empty()
    }
}
