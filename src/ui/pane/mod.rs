//! One file a pane.

pub mod auth;
pub mod collections;
pub mod environments;
mod facts;
pub mod jwt;
pub mod request;
pub mod response;
pub mod token;
