//! The values everything else speaks of. No I/O, no clock, no async: time is handed in,
//! files are read and written by `storage`, requests are sent by `http`.

pub mod auth;
pub mod check;
pub mod edit;
pub mod environment;
pub mod exchange;
pub mod history;
pub mod id;
pub mod plan;
pub mod problem;
pub mod profile;
pub mod progress;
pub mod redact;
pub mod request;
pub mod secret;
pub mod settings;
pub mod timing;
pub mod token;
pub mod tree;
pub mod value;
pub mod workspace;
