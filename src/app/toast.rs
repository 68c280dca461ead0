//! Short messages at the bottom; errors stay until a key is pressed.

use std::time::{Duration, Instant};

/// How a message is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something was done.
    Info,
    /// Something failed; stays until the next key.
    Error,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// One line.
    pub text: String,
    /// How it is meant.
    pub tone: Tone,
    /// When it goes by itself.
    pub until: Option<Instant>,
}

impl Toast {
    /// How long an information stays.
    pub const STAY: Duration = Duration::from_secs(4);

    /// Something was done.
    pub fn info(text: impl Into<String>, now: Instant) -> Toast {
        Toast { text: text.into(), tone: Tone::Info, until: Some(now + Self::STAY) }
    }

    /// Something failed.
    pub fn error(text: impl Into<String>) -> Toast {
        Toast { text: text.into(), tone: Tone::Error, until: None }
    }
}
