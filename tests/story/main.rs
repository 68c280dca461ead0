//! The screen as people use it: keys into a real pseudo-terminal, and what is then on the screen,
//! on the disk and on the wire.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code, reason = "shared with the peer tests")]
#[path = "../support/browser.rs"]
mod browser;
#[path = "../support/pty.rs"]
mod pty;

mod editing;
mod flow;
mod hostile;
mod refusal;
mod support;
mod tokens;
mod trouble;
