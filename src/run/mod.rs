//! Replays requests in order, captured variables flowing on from one to the next.
//!
//! `plan` turns the user's names into a list of requests, `execute` sends them, `summary` counts
//! and tells it as the JSON of the contract. Nothing here prints.

pub mod execute;
pub mod plan;
pub mod summary;

pub use execute::{Options, Step, execute};
pub use plan::{Entry, select, unread};
pub use summary::Summary;
