//! How far a running exchange has come.

/// What a request is doing now. Only what the engine really knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Getting a token first.
    Token,
    /// Asking DNS.
    Resolving,
    /// Opening the connection (TLS included).
    Connecting,
    /// Sent; no byte of the answer yet.
    Waiting,
    /// Reading the body.
    Receiving {
        /// Bytes so far, as on the wire.
        got: u64,
        /// Bytes announced, if they were.
        total: Option<u64>,
    },
}

impl Phase {
    /// One word for the screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Token => "getting a token",
            Self::Resolving => "resolving",
            Self::Connecting => "connecting",
            Self::Waiting => "waiting",
            Self::Receiving { .. } => "receiving",
        }
    }
}

/// Where news of progress goes. Called often; must be quick.
pub type ProgressSink<'a> = &'a (dyn Fn(Phase) + Send + Sync);

/// A sink for those who do not care.
pub fn no_progress(_: Phase) {}
