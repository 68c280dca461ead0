//! What happened to tokens, for a screen that keeps nothing (the demo).

use super::disk::LOG_SHOWN;
use crate::flow::events::{Audit, TokenEvent};
use serde_json::{Value as Json, json};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The newest events, in memory.
#[derive(Debug, Default)]
pub struct MemoryAudit {
    events: Mutex<VecDeque<Json>>,
}

impl MemoryAudit {
    /// Newest first, in the shape of the audit log.
    pub fn newest(&self) -> Vec<Json> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl Audit for MemoryAudit {
    fn note(&self, _root: &Path, event: &TokenEvent) {
        let line = json!({
            "at": event.at.to_string(),
            "what": event.what.word(),
            "environment": event.key.environment,
            "profile": event.key.profile,
            "identity": event.key.identity,
            "detail": event.detail,
        });
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.push_front(line);
        events.truncate(LOG_SHOWN);
    }
}
