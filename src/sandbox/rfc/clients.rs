//! The registered clients. Their ids are fixed and documented, their secrets new at each start.

use super::Rfc;
use crate::jwt::Jwks;
use crate::model::secret::Secret;
use crate::sandbox::state::random;

/// How a client proves who it is; a client may use its own method only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    None,
    Basic,
    Post,
    SecretJwt,
    KeyJwt,
    Tls,
}

impl Method {
    /// As metadata has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
            Self::SecretJwt => "client_secret_jwt",
            Self::KeyJwt => "private_key_jwt",
            Self::Tls => "tls_client_auth",
        }
    }
}

/// One registration.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Client {
    pub(super) id: &'static str,
    pub(super) method: Method,
    /// `dpop_bound_access_tokens` (RFC 9449 section 5.2), and every proof needs the server's nonce.
    pub(super) dpop: bool,
    /// `require_pushed_authorization_requests` (RFC 9126 section 6).
    pub(super) pushed: bool,
    /// May use the password grant, which RFC 9700 section 2.4 forbids everybody else.
    pub(super) password: bool,
    /// For the welcome page.
    pub(super) text: &'static str,
}

const fn client(id: &'static str, method: Method, text: &'static str) -> Client {
    Client { id, method, dpop: false, pushed: false, password: false, text }
}

/// All of them.
pub(super) static CLIENTS: [Client; 9] = [
    client("rfc-public", Method::None, "a public client: no secret, PKCE only"),
    client(
        "rfc-basic",
        Method::Basic,
        "a secret with + & % in it, form-encoded before it goes into the header",
    ),
    client("rfc-post", Method::Post, "a secret in the form"),
    client("rfc-secret-jwt", Method::SecretJwt, "an assertion signed with the secret (HS256)"),
    client("rfc-key-jwt", Method::KeyJwt, "an assertion signed with a registered key (ES256)"),
    client("rfc-tls", Method::Tls, "a client certificate, to which its tokens are bound"),
    Client {
        dpop: true,
        ..client("rfc-dpop-nonce", Method::None, "public; DPoP with a nonce on every call")
    },
    Client { pushed: true, ..client("rfc-par", Method::Basic, "must push its authorization requests") },
    Client {
        password: true,
        ..client("rfc-legacy", Method::Basic, "the only one that may use the password grant")
    },
];

/// The subject of the certificate that stands for `rfc-tls`.
pub(super) const TLS_SUBJECT: &str = "CN=hallpass sandbox client";

/// A client by its id.
pub(super) fn find(id: &str) -> Option<&'static Client> {
    CLIENTS.iter().find(|c| c.id == id)
}

impl Client {
    /// A fresh secret, for methods with one: 64 characters at least, so that it is long enough for HS512.
    pub(super) fn make_secret(&self) -> Option<Secret> {
        let hex: String = random::<32>().iter().map(|b| format!("{b:02x}")).collect();
        match self.method {
            Method::None | Method::KeyJwt | Method::Tls => None,
            Method::Basic => Some(Secret::new(format!("{hex}+&%"))),
            Method::Post | Method::SecretJwt => Some(Secret::new(hex)),
        }
    }

    /// No secret of its own, so nothing to authenticate with.
    pub(super) fn is_public(&self) -> bool {
        self.method == Method::None
    }

    /// The keys its assertions and request objects are checked with; empty for clients without.
    pub(super) fn keys(&self, rfc: &Rfc) -> Jwks {
        match self.method {
            Method::KeyJwt => {
                let key = rfc.key().and_then(|k| k.public.as_object().cloned());
                Jwks { keys: key.into_iter().collect() }
            }
            Method::SecretJwt => match rfc.secrets.get(self.id) {
                Some(secret) => Jwks::from_secret(secret.expose().as_bytes()),
                None => Jwks::default(),
            },
            _ => Jwks::default(),
        }
    }

    /// True for a redirect URI that is registered: `/callback` or `/` on a loopback address with any port
    /// (RFC 8252 section 7.3), or one address of an application elsewhere, to be pasted from.
    pub(super) fn may_return_to(uri: &str) -> bool {
        if uri == "https://app.example.test/callback" {
            return true;
        }
        let Ok(parsed) = url::Url::parse(uri) else { return false };
        let loopback = matches!(parsed.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
        let plain = parsed.query().is_none() && parsed.fragment().is_none() && parsed.username().is_empty();
        parsed.scheme() == "http" && loopback && plain && matches!(parsed.path(), "/" | "/callback")
    }
}

/// Somebody who can log in.
pub(super) struct User {
    /// Name at the log-in page, and `sub`.
    pub(super) name: &'static str,
    pub(super) password: &'static str,
    pub(super) full_name: &'static str,
}

/// Shown on the log-in page: this is a sandbox.
pub(super) static USERS: [User; 2] = [
    User { name: "alice", password: "wonderland", full_name: "Alice Liddell" },
    User { name: "bob", password: "builder", full_name: "Bob Example" },
];

/// A user by name.
pub(super) fn user(name: &str) -> Option<&'static User> {
    USERS.iter().find(|u| u.name == name)
}

/// A user by name and password.
pub(super) fn log_in(name: &str, password: &str) -> Option<&'static User> {
    user(name).filter(|u| same(u.password, password))
}

/// Compares without telling by the time it takes where the texts differ.
pub(super) fn same(right: &str, given: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(right.as_bytes(), given.as_bytes()).is_ok()
}
