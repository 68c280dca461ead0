//! hallpass: a terminal workbench for APIs behind OAuth 2.0.
//!
//! The library is the program; `main` only calls [`cli::run`]. Imports run one way:
//! values ([`model`]) ← pure engines ([`template`], [`content`], [`checks`], [`jwt`], [`oauth`],
//! [`import`]) ← [`http`], [`diagnose`] ← [`flow`] ← [`storage`], [`report`] ← [`app`] ← [`ui`], [`worker`],
//! [`run`], [`sandbox`] ← [`tui`], [`cli`]. ARCHITECTURE.md says why; a test keeps it so.

pub mod app;
pub mod checks;
pub mod cli;
pub mod content;
pub mod diagnose;
pub mod flow;
pub mod http;
pub mod import;
pub mod jwt;
pub mod model;
pub mod oauth;
pub mod report;
pub mod run;
pub mod sandbox;
pub mod storage;
pub mod template;
pub mod tui;
pub mod ui;
pub mod worker;
