//! How a request identifies itself.

use super::value::Value;

/// The `auth` of a request, folder or collection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Auth {
    /// Not stated: the nearest folder above decides, else none.
    #[default]
    Inherit,
    /// `"none"`: send no credentials.
    None,
    /// An OAuth profile by its file stem (`auth/NAME.toml`).
    Profile(String),
    /// HTTP Basic, RFC 7617.
    Basic {
        /// The user-id; must not hold a colon.
        username: String,
        /// The password.
        password: Value,
    },
    /// A ready-made bearer token, RFC 6750.
    Bearer {
        /// The token.
        token: Value,
    },
    /// A key in a header or a query parameter.
    ApiKey {
        /// Header or parameter name.
        name: String,
        /// The key.
        value: Value,
        /// Where it goes.
        place: KeyPlace,
    },
}

/// Where an API key goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyPlace {
    /// A request header.
    #[default]
    Header,
    /// A query parameter.
    Query,
}

impl Auth {
    /// The stable word for `auth.kind` in JSON output (`none basic bearer api_key oauth2`).
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Inherit | Self::None => "none",
            Self::Profile(_) => "oauth2",
            Self::Basic { .. } => "basic",
            Self::Bearer { .. } => "bearer",
            Self::ApiKey { .. } => "api_key",
        }
    }

    /// The profile's name, for OAuth.
    pub fn profile(&self) -> Option<&str> {
        match self {
            Self::Profile(name) => Some(name),
            _ => None,
        }
    }
}
