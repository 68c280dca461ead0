//! An OAuth profile: how a token is obtained. Fields are texts with variables unless said otherwise.

use super::value::Value;
use indexmap::IndexMap;

/// The grant, as the file names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Grant {
    /// RFC 6749 section 4.4.
    #[default]
    ClientCredentials,
    /// RFC 6749 section 4.1 with PKCE.
    AuthorizationCode,
    /// RFC 8628.
    DeviceCode,
    /// RFC 6749 section 4.3.
    Password,
    /// RFC 7523.
    JwtBearer,
    /// RFC 7522.
    Saml2Bearer,
    /// RFC 8693.
    TokenExchange,
    /// A grant of the server's own; the wire name is `grant_type` of the profile.
    Custom,
}

impl Grant {
    /// All of them, in the order of the contract.
    pub const ALL: [Grant; 8] = [
        Self::ClientCredentials,
        Self::AuthorizationCode,
        Self::DeviceCode,
        Self::Password,
        Self::JwtBearer,
        Self::Saml2Bearer,
        Self::TokenExchange,
        Self::Custom,
    ];

    /// The word in the file.
    pub fn key(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::AuthorizationCode => "authorization_code",
            Self::DeviceCode => "device_code",
            Self::Password => "password",
            Self::JwtBearer => "jwt_bearer",
            Self::Saml2Bearer => "saml2_bearer",
            Self::TokenExchange => "token_exchange",
            Self::Custom => "custom",
        }
    }

    /// The grant of a word in a file.
    pub fn from_key(key: &str) -> Option<Grant> {
        Self::ALL.into_iter().find(|g| g.key() == key)
    }

    /// In words, for screens: `client credentials`.
    pub fn words(self) -> String {
        self.key().replace('_', " ")
    }
}

/// How the client proves who it is at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ClientAuth {
    /// Public client: only `client_id` in the body.
    None,
    /// `Authorization: Basic`, id and secret form-encoded first (RFC 6749 section 2.3.1).
    #[default]
    Basic,
    /// The same without the form-encoding, for servers that do not decode.
    BasicRaw,
    /// `client_id` and `client_secret` in the body.
    Body,
    /// RFC 7523 with a shared secret.
    ClientSecretJwt,
    /// RFC 7523 with a private key.
    PrivateKeyJwt,
    /// RFC 8705.
    Tls,
}

impl ClientAuth {
    /// All of them, in the order of the contract.
    pub const ALL: [ClientAuth; 7] = [
        Self::None,
        Self::Basic,
        Self::BasicRaw,
        Self::Body,
        Self::ClientSecretJwt,
        Self::PrivateKeyJwt,
        Self::Tls,
    ];

    /// The word in the file.
    pub fn key(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic => "basic",
            Self::BasicRaw => "basic_raw",
            Self::Body => "body",
            Self::ClientSecretJwt => "client_secret_jwt",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::Tls => "tls",
        }
    }

    /// The method of a word in a file.
    pub fn from_key(key: &str) -> Option<ClientAuth> {
        Self::ALL.into_iter().find(|a| a.key() == key)
    }

    /// In words, for screens.
    pub fn words(self) -> &'static str {
        match self {
            Self::None => "public client",
            Self::Basic => "Basic",
            Self::BasicRaw => "Basic, not encoded",
            Self::Body => "secret in the body",
            Self::ClientSecretJwt => "client_secret_jwt",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::Tls => "mutual TLS",
        }
    }
}

/// One `auth/NAME.toml`. Keys this version does not act on stay in the file untouched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OauthProfile {
    /// The file stem.
    pub name: String,
    /// Which grant.
    pub grant: Grant,
    /// Issuer identifier.
    pub issuer: String,
    /// Token endpoint.
    pub token_url: String,
    /// Authorization endpoint.
    pub authorization_url: String,
    /// Revocation endpoint, RFC 7009.
    pub revocation_url: String,
    /// Introspection endpoint, RFC 7662.
    pub introspection_url: String,
    /// Userinfo endpoint.
    pub userinfo_url: String,
    /// JWK Set; absent: derived from the token URL where that is known to work.
    pub jwks_url: String,
    /// Client identifier.
    pub client_id: String,
    /// Client secret.
    pub client_secret: Value,
    /// Client authentication method.
    pub client_auth: ClientAuth,
    /// Scopes asked for.
    pub scope: Vec<String>,
    /// The `audience` parameter (RFC 8693, Auth0).
    pub audience: String,
    /// The `resource` parameters, RFC 8707.
    pub resource: Vec<String>,
    /// Which person or client this token speaks for; empty: username, else client id.
    pub identity: String,
    /// Resource owner, for the password grant.
    pub username: String,
    /// Its password.
    pub password: Value,
    /// The custom grant's name on the wire.
    pub grant_type: String,
    /// True: the token goes into the query (`token_in = "query"`), which is warned about.
    pub token_in_query: bool,
    /// Further parameters of the token request (`[extra.token]`).
    pub extra_token: IndexMap<String, String>,
}
