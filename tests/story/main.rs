//! The screen as people use it: keys into a real pseudo-terminal, and what is then on the screen,
//! on the disk and on the wire.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/pty.rs"]
mod pty;

mod editing;
mod flow;
mod hostile;
mod support;
mod trouble;
