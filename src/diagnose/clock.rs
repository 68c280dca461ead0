//! Two clocks: this machine's and the server's.
//!
//! The offset is the server's `Date` minus the midpoint of sending and receiving; it resolves to a second and says nothing when a
//! cache answered (`Age`). Validators forgive up to five minutes, so half a minute is worth a word and five minutes are an error.

use jiff::{SignedDuration, Timestamp};

/// What is known of the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// This machine's wall clock when the request left; of a recording the recorder's.
    pub local: Timestamp,
    /// Server's clock minus ours in milliseconds; `None` when the answer does not tell.
    pub offset_ms: Option<i64>,
}

/// From here on an offset is worth a word.
const WARN_MS: i64 = 30_000;
/// From here on common validators refuse.
const ERROR_MS: i64 = 300_000;

impl Clock {
    /// The time by the server's clock, as far as known, else by ours.
    pub fn server_now(&self) -> Timestamp {
        let offset = SignedDuration::from_millis(self.offset_ms.unwrap_or(0));
        self.local.checked_add(offset).unwrap_or(self.local)
    }

    /// True when the answer told the server's time.
    pub fn is_known(&self) -> bool {
        self.offset_ms.is_some()
    }

    /// True when the clocks differ by more than half a minute.
    pub fn differs(&self) -> bool {
        self.offset_ms.is_some_and(|ms| ms.abs() > WARN_MS)
    }

    /// True when the clocks differ by more than common validators forgive.
    pub fn is_wrong(&self) -> bool {
        self.offset_ms.is_some_and(|ms| ms.abs() > ERROR_MS)
    }

    /// `by the server's clock` or `by this machine's clock`: which of them [`Clock::server_now`] is.
    pub fn words(&self) -> &'static str {
        if self.is_known() { "by the server's clock" } else { "by this machine's clock" }
    }
}
