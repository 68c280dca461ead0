//! What happened outside. One channel brings all of it to the loop.

use super::effect::EditorField;
use super::job::JobEvent;
use super::key::{KeyPress, MouseEvent};
use crate::model::id::ItemPath;
use crate::model::problem::Problem;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::time::Instant;

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A key.
    Key(KeyPress),
    /// Pasted text.
    Paste(String),
    /// The mouse.
    Mouse(MouseEvent),
    /// A new size, columns and rows.
    Resize(u16, u16),
    /// A moment the state asked for has come.
    Deadline,
    /// News of a job.
    Job(JobEvent),
    /// The external editor is done: the new text, `None` when nothing changed.
    Edited(ItemPath, EditorField, Result<Option<String>, Problem>),
    /// A message for the user (copied, pager failed).
    Message(Result<String, Problem>),
}

/// The clocks, handed in: the app reads none itself.
#[derive(Debug, Clone)]
pub struct Cx {
    /// Monotonic.
    pub now: Instant,
    /// Wall clock.
    pub wall: Timestamp,
    /// Local zone.
    pub zone: TimeZone,
}
