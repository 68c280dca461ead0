//! What is known beside an exchange: how the token was obtained, what the profile says, other secrets, earlier exchanges.

use super::facts::Purpose;
use crate::jwt::Jwks;
use crate::model::profile::{ClientAuth, Grant};
use crate::model::redact::Redactor;
use crate::model::secret::Secret;
use jiff::Timestamp;
use std::sync::Arc;

/// How the token was obtained.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Issued {
    /// Profile name.
    pub profile: String,
    /// Environment name; may be empty.
    pub environment: String,
    /// Which grant, in words.
    pub grant: String,
    /// As the server said it: `bearer`, `DPoP`, `mac`.
    pub token_type: String,
    /// Scope granted, if it was said.
    pub scope: Option<String>,
    /// When, by this machine's clock.
    pub at: Option<Timestamp>,
    /// When it ends by what the server said (`expires_in`), by this machine's clock.
    pub ends: Option<Timestamp>,
    /// True: asked for in this very call.
    pub fresh: bool,
    /// True: bound to a DPoP key that we have.
    pub dpop: bool,
    /// True: there is a refresh token.
    pub refreshable: bool,
    /// Server clock minus ours, as the token endpoint told it, in milliseconds.
    pub offset_ms: Option<i64>,
    /// What hallpass noted when it came.
    pub notes: Vec<String>,
}

/// What the OAuth profile says, variables resolved. Empty texts: not stated.
#[derive(Clone, Default)]
pub struct Profile {
    /// File stem.
    pub name: String,
    /// Grant, where known.
    pub grant: Option<Grant>,
    /// True when the request was a refresh.
    pub refresh: bool,
    /// Client authentication, where known.
    pub client_auth: Option<ClientAuth>,
    /// Client identifier.
    pub client_id: String,
    /// Issuer.
    pub issuer: String,
    /// Token URL.
    pub token_url: String,
    /// Redirect URI.
    pub redirect_uri: String,
    /// Scopes asked for.
    pub scopes: Vec<String>,
    /// `audience` and `resource`.
    pub audiences: Vec<String>,
    /// The operator or person expected (`identity` or `username`).
    pub identity: String,
    /// True: `dpop = true`.
    pub dpop: bool,
    /// True: a client certificate is configured.
    pub certificate: bool,
    /// Its SHA-256 thumbprint, base64url, where known.
    pub certificate_print: Option<String>,
    /// True: the ID token is sent on purpose.
    pub use_id_token: bool,
}

/// An environment of the workspace: whose token is it?
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// True for the one in use.
    pub active: bool,
    /// Hosts (with port, if one is written) that its variables name.
    pub hosts: Vec<String>,
}

/// What a known secret is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownKind {
    /// An access token.
    AccessToken,
    /// A refresh token.
    RefreshToken,
    /// An ID token.
    IdToken,
    /// A client secret.
    ClientSecret,
    /// A password.
    Password,
    /// A device code, an authorization code, a code verifier.
    Code,
    /// Anything else kept as a secret.
    Other,
}

impl KnownKind {
    /// In words, with its article: `a refresh token`.
    pub fn words(self) -> &'static str {
        match self {
            Self::AccessToken => "an access token",
            Self::RefreshToken => "a refresh token",
            Self::IdToken => "an ID token",
            Self::ClientSecret => "a client secret",
            Self::Password => "a password",
            Self::Code => "a code",
            Self::Other => "a secret",
        }
    }
}

/// A secret the session or the recording knows.
#[derive(Clone)]
pub struct Known {
    /// What it is.
    pub kind: KnownKind,
    /// Whose: `profile pega`, `entry 3`, `variable api_key`.
    pub label: String,
    /// Its environment; empty if it belongs to none.
    pub environment: String,
    /// The secret.
    pub text: Secret,
}

/// An earlier exchange of this session or recording with the same host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// When it was sent.
    pub at: Timestamp,
    /// Method.
    pub method: String,
    /// URL without query.
    pub url: String,
    /// Its status.
    pub status: u16,
    /// True: with the same token; `None`: not known.
    pub same_token: Option<bool>,
    /// True: the very same call (method and URL).
    pub same_call: bool,
    /// True: made in the same send, just before (a retry).
    pub retry: bool,
    /// Text of the answer's body where it is short (up to 4 KiB), else empty.
    pub body: String,
}

/// What is known beside the exchange. All of it may be left out.
#[derive(Clone, Default)]
pub struct Context {
    /// What it was for; `None`: seen from the exchange itself.
    pub purpose: Option<Purpose>,
    /// How the token was obtained.
    pub issued: Option<Issued>,
    /// The profile.
    pub profile: Option<Profile>,
    /// Environments of the workspace.
    pub environments: Vec<Environment>,
    /// Other tokens and secrets.
    pub known: Vec<Known>,
    /// Keys of the issuer, where already known.
    pub keys: Option<Arc<Jwks>>,
    /// Earlier exchanges, oldest first.
    pub history: Vec<Past>,
    /// The error a browser came back with, and its description (RFC 6749 section 4.1.2.1).
    pub login_error: Option<(String, String)>,
    /// Masks what is shown; knows more secrets than `known` tells.
    pub redactor: Option<Arc<Redactor>>,
    /// What cannot be looked at.
    pub missing: Vec<String>,
}
