//! hallpass against servers that others wrote: npm `oidc-provider`, which is certified, with an API behind it
//! that verifies tokens with `jose` (tests/peers/oidc-provider.mjs), and Authlib with the API of its own
//! (tests/peers/authlib_server.py). The same profiles against hallpass's own sandbox are in `sandbox`.
//!
//! Needs node and Python with their packages, so a plain `cargo test` counts most of these as ignored. .ci/run
//! installs both; by hand `(cd tests/peers && npm ci)`, a virtual environment `peers-venv` in the target
//! directory with tests/peers/requirements.txt, then `cargo test --test peers -- --include-ignored`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what it needs")]

#[allow(dead_code, reason = "shared with the command-line tests, which use all of it")]
#[path = "../cli/support.rs"]
mod support;

#[path = "../support/browser.rs"]
mod browser;
#[path = "../support/login.rs"]
mod login;

mod authlib;
mod crowd;
mod keys;
mod logins;
mod machines;
mod servers;
