//! What can be run to make sure, and what can be done to mend it. Here they are only named: nothing is sent without a key.

use crate::model::profile::ClientAuth;

/// Something to run that tells more. Each sends at most what its text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Probe {
    /// Get a new token and send the request once more.
    RenewReplay,
    /// Ask the authorization server what it thinks of the token (RFC 7662).
    Introspect,
    /// Fetch the key set and verify the token's signature.
    Keys,
    /// Ask for the authorization server's metadata (RFC 8414).
    Metadata,
    /// Ask for the resource's metadata (RFC 9728).
    ResourceMetadata,
    /// The token request with the other client authentication.
    OtherClientAuth,
    /// The same call without credentials, to see the challenge.
    NoCredentials,
    /// Whose token it is: the issuers of the other environments.
    OtherEnvironment,
    /// The same call a few times, to see whether it is refused each time.
    Repeat,
    /// Pega: list the case types, which needs the token and nothing else.
    CaseTypes,
}

impl Probe {
    /// Every probe.
    pub const ALL: [Probe; 10] = [
        Probe::RenewReplay,
        Probe::Introspect,
        Probe::Keys,
        Probe::Metadata,
        Probe::ResourceMetadata,
        Probe::OtherClientAuth,
        Probe::NoCredentials,
        Probe::OtherEnvironment,
        Probe::Repeat,
        Probe::CaseTypes,
    ];

    /// Stable name.
    pub fn id(self) -> &'static str {
        match self {
            Self::RenewReplay => "renew_replay",
            Self::Introspect => "introspect",
            Self::Keys => "keys",
            Self::Metadata => "metadata",
            Self::ResourceMetadata => "resource_metadata",
            Self::OtherClientAuth => "other_client_auth",
            Self::NoCredentials => "no_credentials",
            Self::OtherEnvironment => "other_environment",
            Self::Repeat => "repeat",
            Self::CaseTypes => "case_types",
        }
    }

    /// What it does, for a menu.
    pub fn text(self) -> &'static str {
        match self {
            Self::RenewReplay => "get a new token and send the request once more",
            Self::Introspect => "ask the authorization server about the token (introspection)",
            Self::Keys => "fetch the key set and verify the token's signature",
            Self::Metadata => "ask for the authorization server's metadata",
            Self::ResourceMetadata => "ask for the resource's metadata",
            Self::OtherClientAuth => "ask for a token with the other client authentication",
            Self::NoCredentials => "send the same call without credentials, to see the challenge",
            Self::OtherEnvironment => "compare the token's issuer with those of the other environments",
            Self::Repeat => "send the same call three times, to see whether it is refused each time",
            Self::CaseTypes => "list Pega's case types with this token",
        }
    }

    /// True when it sends the request itself again: with an unsafe method it asks first.
    pub fn repeats_request(self) -> bool {
        matches!(self, Self::RenewReplay | Self::NoCredentials | Self::Repeat)
    }
}

/// A mend that is safe to do by a key. Files change as by hand, with undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Get a new token and send the request again.
    RenewReplay,
    /// Take the stray characters off a variable or secret.
    Trim {
        /// Its name; for a profile's own key that key: `client_secret`.
        variable: String,
    },
    /// Ask for a new value of a secret.
    SetSecret {
        /// Its name, as above.
        variable: String,
    },
    /// Use another client authentication in the profile.
    ClientAuth(ClientAuth),
    /// Begin the request's URL with another text: the canonical URL, https, the application's alias.
    UseUrl {
        /// What the URL begins with now.
        from: String,
        /// What it shall begin with.
        to: String,
    },
    /// Ask for these scopes too.
    AddScope(Vec<String>),
    /// Bind tokens by DPoP.
    Dpop,
    /// Log in again.
    Login,
}

impl Remedy {
    /// Stable name.
    pub fn id(&self) -> &'static str {
        match self {
            Self::RenewReplay => "renew_replay",
            Self::Trim { .. } => "trim",
            Self::SetSecret { .. } => "set_secret",
            Self::ClientAuth(_) => "client_auth",
            Self::UseUrl { .. } => "use_url",
            Self::AddScope(_) => "add_scope",
            Self::Dpop => "dpop",
            Self::Login => "login",
        }
    }

    /// What it does, for a menu.
    pub fn text(&self) -> String {
        match self {
            Self::RenewReplay => "get a new token and send again".to_owned(),
            Self::Trim { variable } => format!("take the stray characters off `{variable}`"),
            Self::SetSecret { variable } => format!("type `{variable}` again"),
            Self::ClientAuth(auth) => format!("set `client_auth = \"{}\"` in the profile", auth.key()),
            Self::UseUrl { to, .. } => format!("use {to}"),
            Self::AddScope(scopes) => format!("ask for the scope `{}` too", scopes.join(" ")),
            Self::Dpop => "set `dpop = true` in the profile".to_owned(),
            Self::Login => "log in again".to_owned(),
        }
    }
}
