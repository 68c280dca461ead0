//! What the app asks of the world, as data. The worker carries it out and answers with news.

use crate::flow::TokenPlan;
use crate::flow::three_part::CaseCreated;
use crate::model::edit::{Change, Edit};
use crate::model::exchange::BodyData;
use crate::model::id::{ItemPath, JobId};
use crate::model::plan::Plan;
use crate::model::secret::Secret;
use crate::model::token::TokenKey;
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
    /// Stops a job.
    CancelJob(JobId),
    /// Paints everything anew.
    Repaint,
    /// Suspends the program.
    Suspend,
    /// Leaves for the demo.
    Demo,
}

/// Which text went to the editor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditorField {
    /// The body.
    Body,
    /// The docs.
    Docs,
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
    /// A response body's index, by request and a number that grows with each answer.
    Body(ItemPath, u64),
    /// The workspace on disk.
    Workspace,
    /// An imported file.
    Import(PathBuf),
    /// Anything else, by name.
    Other(&'static str),
}
