//! One line of the history: a past exchange, secrets masked.

use super::id::ItemPath;
use jiff::Timestamp;

/// What the history keeps of an exchange.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEntry {
    /// Unique; sortable by time: `20261123T140211-4f2a`.
    pub id: String,
    /// When it was sent.
    pub at: Timestamp,
    /// The saved request, if it was one.
    pub path: Option<ItemPath>,
    /// Environment name.
    pub environment: String,
    /// Shown name.
    pub name: String,
    /// Method.
    pub method: String,
    /// URL, masked.
    pub url: String,
    /// Status; `None` when no answer came.
    pub status: Option<u16>,
    /// Whole duration in milliseconds.
    pub duration_ms: Option<u64>,
    /// Decoded body size.
    pub size: Option<u64>,
    /// Why it failed, if it did.
    pub failure: Option<String>,
    /// The exchange in the shape of `send --json`, masked; `None` in listings.
    pub detail: Option<serde_json::Value>,
}
