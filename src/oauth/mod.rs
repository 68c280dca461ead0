//! OAuth without I/O: builds token requests, parses token answers, words their refusals.
//!
//! A grant is a [`request::Grant`]: a wire name and its fields. What differs between grants ends there;
//! scope, audience and extra parameters are the same for all of them, and client authentication ([`form`])
//! is the same for every endpoint of an authorization server.

mod advice;
pub mod assertion;
pub mod authorization;
pub mod challenge;
pub mod device;
pub mod dpop;
pub mod error;
mod fill;
pub mod form;
pub mod jar;
pub mod management;
pub mod metadata;
pub mod pkce;
pub mod request;
pub mod response;
mod saml;
mod xml;

pub use error::{Asked, Leg, TokenError, TokenErrorKind, refused_login};
pub use form::{Client, FormAsk, FormRequest, Moment};
pub use request::{Grant, TokenAsk};
pub use response::{Granted, TokenAnswer};
