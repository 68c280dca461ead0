//! How long the phases of an exchange took.

use std::time::Duration;

/// Phases of one exchange (the last hop). What was not measured, or did not happen because a
/// connection was reused, is `None`: never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timings {
    /// Name resolution.
    pub dns: Option<Duration>,
    /// TCP connect.
    pub connect: Option<Duration>,
    /// TLS handshake.
    pub tls: Option<Duration>,
    /// From sent to the first byte of the answer.
    pub wait: Option<Duration>,
    /// From the first to the last byte of the body.
    pub download: Option<Duration>,
    /// Everything, redirects included.
    pub total: Option<Duration>,
}

impl Timings {
    /// The phases in order, with their names.
    pub fn phases(&self) -> [(&'static str, Option<Duration>); 5] {
        [
            ("dns", self.dns),
            ("connect", self.connect),
            ("tls", self.tls),
            ("wait", self.wait),
            ("download", self.download),
        ]
    }
}
