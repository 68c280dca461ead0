//! The sandbox's own log of what its OAuth endpoints did. A client sees a short code; the reason
//! stands here, as it stands in Pega's log. Read it at `/sandbox/log`.

use super::clock;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use std::collections::VecDeque;

/// Lines kept.
const KEPT: usize = 500;

/// The last lines, oldest first. No token, code or password is ever in them.
#[derive(Debug, Default)]
pub(super) struct SecurityLog {
    lines: VecDeque<Json>,
    /// Lines ever written, those forgotten included.
    written: u64,
}

impl SecurityLog {
    /// Adds a line. `event` is a word (`token`, `refused`, `login`, `revoked` …).
    pub(super) fn add(&mut self, at: Timestamp, event: &str, client: &str, operator: &str, text: &str) {
        if self.lines.len() >= KEPT {
            self.lines.pop_front();
        }
        self.written += 1;
        self.lines.push_back(json!({
            "at": clock::iso(at),
            "event": event,
            "client_id": client,
            "operator": operator,
            "text": text,
        }));
    }

    /// As `/sandbox/log` answers it.
    pub(super) fn json(&self) -> Json {
        json!({ "written": self.written, "lines": self.lines })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_the_last_lines_and_counts_all() {
        let mut log = SecurityLog::default();
        for i in 0..KEPT + 3 {
            log.add(Timestamp::UNIX_EPOCH, "token", "1", "o", &i.to_string());
        }
        let json = log.json();
        assert_eq!(json["written"], KEPT + 3);
        assert_eq!((json["lines"].as_array().unwrap().len(), &json["lines"][0]["text"]), (KEPT, &json!("3")));
    }
}
