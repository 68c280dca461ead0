//! hallpass: a terminal workbench for APIs behind OAuth 2.0.

pub mod app;
pub mod checks;
pub mod cli;
pub mod content;
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
