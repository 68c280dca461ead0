//! The built binary as a user meets it: exit codes, what goes to stdout and what to stderr, JSON
//! shapes, files left behind. Every test has a home of its own and every command a time-out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what it needs")]

mod diagnose;
mod env;
mod flow;
mod history;
mod import;
mod init;
mod jwt;
mod list;
mod run;
mod sandbox;
mod secret;
mod send;
mod support;
mod token;
mod usage;
