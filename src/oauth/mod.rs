//! OAuth without I/O: builds token requests, parses token answers, words their refusals.
//!
//! A grant is a [`request::Grant`]: a wire name and its fields. What differs between grants ends there;
//! client authentication, scope, audience and extra parameters are the same for all of them.

pub mod error;
pub mod request;
pub mod response;

pub use error::{Asked, TokenError, TokenErrorKind};
pub use request::{Client, Grant, TokenAsk, TokenRequest};
pub use response::{Granted, TokenAnswer};
