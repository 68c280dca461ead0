//! What is written on the selected token, or on any JWT found in a response.

use crate::jwt::Decoded;
use crate::model::secret::Secret;

/// Where the shown text came from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum JwtSource {
    /// Nothing yet.
    #[default]
    None,
    /// The selected token.
    AccessToken,
    /// Found in a response.
    Response,
}

/// The pane.
#[derive(Debug, Clone, Default)]
pub struct JwtPane {
    /// Where it came from.
    pub source: JwtSource,
    /// The text.
    pub text: Option<Secret>,
    /// What is on it.
    pub decoded: Option<Decoded>,
    /// Server clock minus local, milliseconds.
    pub clock_offset_ms: Option<i64>,
    /// First line shown.
    pub top: usize,
}
