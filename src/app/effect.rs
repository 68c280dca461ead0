//! What the app asks of the world, as data. The worker carries it out and answers with news.

use crate::diagnose::Probe;
use crate::flow::login::LoginId;
use crate::flow::three_part::CaseCreated;
use crate::flow::{Sent, TokenPlan};
use crate::model::edit::{Change, Edit};
use crate::model::exchange::BodyData;
use crate::model::id::{ItemPath, JobId};
use crate::model::plan::Plan;
use crate::model::secret::Secret;
use crate::model::token::{Token, TokenKey};
use std::path::PathBuf;

/// A wish to the outside. Those with a job id are answered by exactly one end event.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Sends a request.
    Send(JobId, Box<Plan>),
    /// Gets a new token and looks at what is written on it.
    Token {
        /// Job.
        job: JobId,
        /// Where.
        plan: Box<TokenPlan>,
    },
    /// Step C of the flow: list case types, then create.
    CreateCase {
        /// Job.
        job: JobId,
        /// Lists.
        list: Box<Plan>,
        /// Creates.
        create: Box<Plan>,
        /// The case type, if one is set.
        wanted: Option<String>,
    },
    /// The verify step of the flow.
    VerifyCase {
        /// Job.
        job: JobId,
        /// The GET.
        get: Box<Plan>,
        /// What was created.
        created: CaseCreated,
    },
    /// Decodes and verifies a token text.
    Inspect {
        /// Job.
        job: JobId,
        /// Whose keys.
        plan: Option<Box<TokenPlan>>,
        /// The token.
        token: Secret,
        /// Server clock minus local, milliseconds.
        clock_offset_ms: Option<i64>,
    },
    /// Asks the server for something about a token.
    Manage {
        /// Job.
        job: JobId,
        /// What.
        what: Manage,
        /// Where.
        plan: Box<TokenPlan>,
        /// Which.
        token: Box<Token>,
    },
    /// Reads an issuer's metadata.
    Discover {
        /// Job.
        job: JobId,
        /// Whose profile it would fill.
        plan: Box<TokenPlan>,
        /// The issuer, its metadata, or a protected resource's metadata.
        issuer: String,
        /// The last of these.
        from_resource: bool,
    },
    /// Runs a probe of a finding.
    Probe {
        /// Job.
        job: JobId,
        /// The request.
        plan: Box<Plan>,
        /// What came of it.
        sent: Box<Sent>,
        /// What to run.
        probe: Probe,
        /// The user agreed that an unsafe method is sent once more.
        allow_unsafe: bool,
    },
    /// Runs a probe of a finding about a token that could not be had.
    ProbeToken {
        /// Job.
        job: JobId,
        /// Where it was asked for.
        plan: Box<TokenPlan>,
        /// What to run.
        probe: Probe,
    },
    /// Takes stray characters off a secret in the vault.
    TrimSecret {
        /// Job.
        job: JobId,
        /// Environment.
        environment: String,
        /// Variable.
        name: String,
    },
    /// Reads what happened to tokens.
    TokenLog(JobId),
    /// Lets a command that gives a secret run, from now on.
    TrustCommand {
        /// Job.
        job: JobId,
        /// Its exact words.
        words: Vec<String>,
    },
    /// Checks a token's signature with a key that the user named.
    VerifyJwt {
        /// Job.
        job: JobId,
        /// By whose road a key set is fetched.
        plan: Option<Box<TokenPlan>>,
        /// The token.
        token: Secret,
        /// The key.
        with: JwtKey,
        /// Server clock minus local, milliseconds.
        clock_offset_ms: Option<i64>,
    },
    /// Signs header and claims as typed.
    SignJwt {
        /// Job.
        job: JobId,
        /// JSON text.
        header: String,
        /// JSON text.
        claims: String,
        /// The key.
        with: JwtKey,
        /// The server's time, for what is told of the token.
        now: jiff::Timestamp,
    },
    /// Forgets a token.
    ForgetToken(TokenKey),
    /// Reads the list of cached tokens.
    ListTokens(JobId),
    /// Indexes a body for the screen.
    Index {
        /// Job.
        job: JobId,
        /// Media type.
        media_type: String,
        /// The body.
        body: BodyData,
    },
    /// Filters a body with JSONPath.
    Filter {
        /// Job.
        job: JobId,
        /// JSONPath.
        path: String,
        /// The body.
        body: BodyData,
    },
    /// Changes the workspace.
    Edit(JobId, Box<Edit>),
    /// Several changes that are undone as one.
    Undo(JobId, Box<Change>),
    /// Does one again.
    Redo(JobId, Box<Change>),
    /// Reads the workspace again.
    Reload(JobId),
    /// Part A: reads a credentials file into an environment and a profile.
    ImportCredentials {
        /// Job.
        job: JobId,
        /// The file as typed; `~` is expanded.
        file: String,
        /// Environment to fill.
        environment: String,
        /// Profile to fill.
        profile: String,
    },
    /// Remembers the chosen environment.
    ChooseEnvironment(String),
    /// Stores a secret.
    SetSecret {
        /// Job.
        job: JobId,
        /// Environment.
        environment: String,
        /// Variable.
        name: String,
        /// Value.
        secret: Secret,
    },
    /// Opens or makes the vault file.
    OpenVault(JobId, Secret),
    /// Lists past exchanges.
    ListHistory(JobId),
    /// Reads one.
    ReadHistory(JobId, String),
    /// Saves a body to a file.
    SaveBody {
        /// Job.
        job: JobId,
        /// The file as typed.
        file: String,
        /// The body.
        body: BodyData,
    },
    /// To the clipboard, with the words for the message.
    Copy {
        /// What it is: `the body`.
        what: String,
        /// The text.
        text: Secret,
    },
    /// Hands the screen to `$EDITOR`.
    Editor {
        /// Which request's body (or docs).
        path: ItemPath,
        /// Which text.
        field: EditorField,
        /// Its text now.
        text: String,
        /// For the file name.
        suffix: &'static str,
    },
    /// Hands the screen to `$PAGER`.
    Pager(BodyData),
    /// A text pasted for a login.
    LoginPaste(LoginId, Secret),
    /// Opens the user's browser, where there is one.
    OpenBrowser {
        /// The page.
        url: String,
        /// False: the screen wishes it by itself; where it cannot be done nothing is said.
        asked: bool,
    },
    /// Stops a job.
    CancelJob(JobId),
    /// Paints everything anew.
    Repaint,
    /// Suspends the program.
    Suspend,
    /// Leaves for the demo.
    Demo,
}

/// What a server is asked about a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manage {
    /// RFC 7009.
    Revoke,
    /// RFC 7662.
    Introspect,
    /// Whom it speaks for.
    Userinfo,
}

/// What is done again when what stopped it is out of the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Again {
    /// Sends a request.
    Send(ItemPath),
    /// Gets a token.
    Token,
    /// Runs a step of the flow.
    Step(super::flow_strip::Step),
}

/// A key as the user names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JwtKey {
    /// A file (`~` is expanded) or a URL.
    Place(String),
    /// A shared secret.
    Secret(Secret),
}

/// Which text went to the editor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditorField {
    /// The body.
    Body,
    /// The docs.
    Docs,
    /// Header and claims of the JWT shown; the path is empty.
    Jwt,
}

/// Where a job's answer belongs: an identity, never an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A request's response.
    Request(ItemPath),
    /// A request being saved.
    Save(ItemPath),
    /// The changes of a request being saved as a new one: they leave it when that is done.
    SaveAs(ItemPath),
    /// The flow's step.
    Flow(super::flow_strip::Step),
    /// A token.
    Token,
    /// The JWT pane.
    Jwt,
    /// A question about a token.
    Manage(Manage),
    /// An issuer's metadata, for a profile.
    Discovery(String),
    /// A probe of a finding, by its code.
    Probe(super::pane::diagnosis::Subject, &'static str, Probe),
    /// A change that mends something; then this is done.
    Fix(Box<super::pane::diagnosis::AfterFix>),
    /// Trust in a command; then this is done again.
    Trust(Option<Box<Again>>),
    /// A response body's index, by request and a number that grows with each answer.
    Body(ItemPath, u64),
    /// The workspace on disk.
    Workspace,
    /// An imported file.
    Import(PathBuf),
    /// Anything else, by name.
    Other(&'static str),
}
