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

/// What a JWT or SAML bearer grant presents: `[assertion]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Assertion {
    /// A ready-made assertion: a JWT, or SAML XML (plain or base64). Empty: one is built of `claims`.
    pub given: Value,
    /// Claims to sign. Texts may hold variables; numbers, lists and tables are taken as they are.
    /// `iss`, `sub`, `aud`, `iat`, `exp` and `jti` are filled where they are absent.
    pub claims: serde_json::Map<String, serde_json::Value>,
    /// Further members of the JOSE header (`typ`, `x5t` …), texts with variables.
    pub header: IndexMap<String, String>,
    /// PEM or JWK that signs; empty: the profile's `key`, else for HS algorithms the client secret.
    pub key: Value,
    /// `kid` of the header; empty: the JWK's own, if it has one.
    pub key_id: String,
    /// JWS algorithm (RFC 7518 section 3.1); empty: what the key is for.
    pub algorithm: String,
    /// Seconds between `iat` and `exp`; 0: 300.
    pub lifetime: u64,
}

/// What a token exchange presents (RFC 8693 section 2.1): `[exchange]`. Types may be short
/// (`access_token`) or whole URNs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exchange {
    /// The token of the one acted for.
    pub subject_token: Value,
    /// Its type; empty: `access_token`.
    pub subject_token_type: String,
    /// The token of the one acting.
    pub actor_token: Value,
    /// Its type; empty with an actor token: `access_token`.
    pub actor_token_type: String,
    /// What is asked for; empty: the server's choice.
    pub requested_token_type: String,
}

/// One `auth/NAME.toml`. Keys this version does not know stay in the file untouched.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OauthProfile {
    /// The file stem.
    pub name: String,
    /// Which grant.
    pub grant: Grant,
    /// Issuer identifier; its metadata fills what endpoints are left out (RFC 8414, OpenID Connect Discovery).
    pub issuer: String,
    /// Token endpoint.
    pub token_url: String,
    /// Authorization endpoint.
    pub authorization_url: String,
    /// Device authorization endpoint, RFC 8628.
    pub device_authorization_url: String,
    /// Pushed authorization request endpoint, RFC 9126.
    pub par_url: String,
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
    /// PEM or JWK for `private_key_jwt`.
    pub key: Value,
    /// `kid` of the client assertion's header.
    pub key_id: String,
    /// JWS algorithm of the client assertion; empty: what the key is for (`client_secret_jwt`: HS256).
    pub algorithm: String,
    /// `aud` of the client assertion: `issuer`, `token_url`, or a text; empty: `token_url`.
    pub assertion_audience: String,
    /// PEM certificate chain for `tls`: the text itself, or the name of a file in the workspace.
    pub certificate: Value,
    /// PEM private key of the certificate, likewise; empty: it is in `certificate`.
    pub tls_key: Value,
    /// True: tokens are bound by DPoP (RFC 9449), at the token endpoint and on every call.
    pub dpop: bool,
    /// True: authorization parameters are pushed first (RFC 9126).
    pub par: bool,
    /// True: authorization parameters go as a signed request object (RFC 9101), signed with `key`.
    pub jar: bool,
    /// True: the ID token is sent to the API in place of the access token.
    pub use_id_token: bool,
    /// Redirect URI; empty: loopback with a free port.
    pub redirect_uri: String,
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
    /// `[assertion]`, for the JWT and SAML bearer grants.
    pub assertion: Assertion,
    /// `[exchange]`, for the token exchange.
    pub exchange: Exchange,
    /// Further parameters of the authorization (and device authorization) request (`[extra.authorization]`).
    pub extra_authorization: IndexMap<String, String>,
    /// Further parameters of the token request (`[extra.token]`).
    pub extra_token: IndexMap<String, String>,
    /// Further parameters of a refresh (`[extra.refresh]`).
    pub extra_refresh: IndexMap<String, String>,
}
