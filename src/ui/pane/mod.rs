//! One file a pane.

pub mod auth;
pub mod collections;
mod compare;
mod diagnosis;
pub mod environments;
mod evidence;
mod facts;
pub mod jwt;
mod refusal;
pub mod request;
pub mod response;
pub mod token;
