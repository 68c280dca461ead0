//! Foreign files to model. An odd entry never fails the whole: it is a warning.

pub mod curl;
pub mod har;
pub mod pega_credentials;
