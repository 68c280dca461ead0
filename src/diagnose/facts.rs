//! Everything the rules may look at. Holds secrets, to notice the wrong one was sent: its `Debug` shows none.

use super::body::{BodyKind, ErrorBody};
use super::clock::Clock;
pub use super::context::{Context, Environment, Issued, Known, KnownKind, Past, Profile};
use crate::jwt::{Decoded, Jwks};
use crate::model::exchange::{Failure, Header, Redirect, TlsFacts};
use crate::model::redact::Redactor;
use crate::model::secret::Secret;
use crate::oauth::challenge::Challenge;
use serde_json::Value as Json;
use std::sync::Arc;
use url::Url;

/// What an exchange was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Purpose {
    /// A call of an API.
    #[default]
    Api,
    /// A request to a token endpoint.
    Token,
    /// A login: the authorization endpoint, device authorization, a pushed request, the browser's way back.
    Login,
    /// Metadata, key sets, introspection, revocation, userinfo.
    Management,
}

/// The request as it went out, after variables; after redirects the last one.
#[derive(Clone, Default)]
pub struct Request {
    /// Method, upper case.
    pub method: String,
    /// URL as sent.
    pub url: String,
    /// The URL parsed; `None` when it is none.
    pub parsed: Option<Url>,
    /// Headers in order.
    pub headers: Vec<Header>,
    /// Body as text, its first 64 KiB.
    pub body: String,
    /// Fields of a form body (`application/x-www-form-urlencoded` by its look, whatever the header says).
    pub form: Vec<(String, String)>,
    /// Media type of the body, lower case, without parameters; empty if none was sent.
    pub media_type: String,
    /// Every `Authorization` header, in order.
    pub authorization: Vec<Authorization>,
}

/// One `Authorization` header taken apart.
#[derive(Clone, PartialEq, Eq)]
pub struct Authorization {
    /// The value as sent.
    pub raw: String,
    /// The first word when something follows it, else empty: `Bearer`.
    pub scheme: String,
    /// What follows; without a scheme the whole value.
    pub rest: String,
    /// The user and password of a Basic header that can be read.
    pub basic: Option<(String, String)>,
}

/// What came back.
#[derive(Clone, Default)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Reason phrase.
    pub reason: Option<String>,
    /// Headers in order.
    pub headers: Vec<Header>,
    /// Media type, lower case, without parameters.
    pub media_type: String,
    /// What the body is, by its bytes.
    pub kind: BodyKind,
    /// Its length in bytes, decoded.
    pub len: u64,
    /// Its first 64 KiB as text, control characters kept.
    pub text: String,
    /// `text` in lower case, for searching.
    pub lower: String,
    /// The body as JSON, when it is some and not longer than 256 KiB.
    pub json: Option<Json>,
    /// An error it tells of, in any of the usual shapes, whatever the status.
    pub error: ErrorBody,
    /// `WWW-Authenticate`, scheme by scheme.
    pub challenges: Vec<Challenge>,
    /// `Proxy-Authenticate`, scheme by scheme.
    pub proxy_challenges: Vec<Challenge>,
    /// Why the body is not whole, if it is not.
    pub incomplete: Option<String>,
}

/// Where a token was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carried {
    /// In the `Authorization` header.
    Header,
    /// In the query.
    Query,
    /// In a form body.
    Body,
}

/// The token the request presented.
#[derive(Clone)]
pub struct Presented {
    /// Its text, without stray characters around it.
    pub text: Secret,
    /// How it was sent: `Bearer`, `DPoP` …; empty outside a header or without one.
    pub scheme: String,
    /// Where.
    pub carried: Carried,
    /// What is written on it, times by the server's clock; its signature checked where the keys are known.
    pub decoded: Decoded,
    /// True where a recording holds only a mask of it: nothing can be said about its content.
    pub masked: bool,
}

/// Everything the rules may look at.
#[derive(Clone)]
pub struct Facts {
    /// What the exchange was for.
    pub purpose: Purpose,
    /// The request.
    pub request: Request,
    /// Redirects that were followed, in order.
    pub hops: Vec<Redirect>,
    /// The answer.
    pub answer: Option<Answer>,
    /// Why there is none, or no whole one.
    pub failure: Option<Failure>,
    /// TLS facts.
    pub tls: Option<TlsFacts>,
    /// Proxy in use, without credentials.
    pub proxy: Option<String>,
    /// The clocks.
    pub clock: Clock,
    /// The token presented.
    pub token: Option<Presented>,
    /// How it was obtained.
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
    /// The error a browser came back with.
    pub login_error: Option<(String, String)>,
    /// Masks what is shown.
    pub redactor: Arc<Redactor>,
    /// What could not be looked at.
    pub missing: Vec<String>,
}

impl std::fmt::Debug for Facts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Facts({:?}, {:?})", self.purpose, self.status())
    }
}

impl Request {
    /// First value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        crate::model::exchange::header(&self.headers, name)
    }

    /// Path of the URL; empty when it is none.
    pub fn path(&self) -> &str {
        self.parsed.as_ref().map_or("", |url| url.path())
    }

    /// Host of the URL, lower case; empty when it has none.
    pub fn host(&self) -> &str {
        self.parsed.as_ref().and_then(Url::host_str).unwrap_or_default()
    }

    /// Host and port, if one is written.
    pub fn authority(&self) -> String {
        authority(self.parsed.as_ref())
    }

    /// A field of the form body.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.form.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// A parameter of the query, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        self.parsed.as_ref()?.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned())
    }

    /// True for methods that change nothing (RFC 9110 section 9.2.1).
    pub fn is_safe(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS" | "TRACE")
    }

    /// True on Pega's paths: `/prweb` in front, whatever is behind it.
    pub fn is_pega(&self) -> bool {
        let path = self.path();
        path == "/prweb" || path.starts_with("/prweb/") || path.contains("/PRRestService/")
    }
}

/// Host and port of a URL, if one is written.
pub(super) fn authority(url: Option<&Url>) -> String {
    let Some(url) = url else { return String::new() };
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

impl Answer {
    /// First value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        crate::model::exchange::header(&self.headers, name)
    }

    /// The first challenge of a scheme.
    pub fn challenge(&self, scheme: &str) -> Option<&Challenge> {
        self.challenges.iter().find(|c| c.is(scheme))
    }

    /// A parameter of the Bearer challenge, else of the DPoP one: `error`, `scope` …
    pub fn bearer(&self, name: &str) -> Option<&str> {
        let of = |scheme| self.challenges.iter().filter(move |c| c.is(scheme)).find_map(|c| c.param(name));
        of("Bearer").or_else(|| of("DPoP"))
    }

    /// True when the body holds this ASCII text, without case.
    pub fn says(&self, needle: &str) -> bool {
        memchr::memmem::find(self.lower.as_bytes(), needle.to_ascii_lowercase().as_bytes()).is_some()
    }

    /// True for HTML.
    pub fn is_html(&self) -> bool {
        self.kind == BodyKind::Html
    }
}

impl Facts {
    /// Status of the answer.
    pub fn status(&self) -> Option<u16> {
        self.answer.as_ref().map(|a| a.status)
    }

    /// True for 401 and 403.
    pub fn is_refused(&self) -> bool {
        matches!(self.status(), Some(401 | 403))
    }

    /// True for 2xx.
    pub fn is_success(&self) -> bool {
        self.status().is_some_and(|s| (200..300).contains(&s))
    }

    /// True when the exchange was a call of an API.
    pub fn is_api(&self) -> bool {
        self.purpose == Purpose::Api
    }

    /// True when the exchange was a token request.
    pub fn is_token_request(&self) -> bool {
        self.purpose == Purpose::Token
    }

    /// A claim of the token presented.
    pub fn claim(&self, name: &str) -> Option<&Json> {
        self.token.as_ref()?.decoded.claims.as_ref()?.get(name)
    }

    /// A claim that is a text.
    pub fn claim_text(&self, name: &str) -> Option<&str> {
        self.claim(name).and_then(Json::as_str)
    }

    /// Error code of a token endpoint's answer, of a Bearer challenge, or of the browser's way back; the first there is.
    pub fn oauth_error(&self) -> Option<&str> {
        let answer = self.answer.as_ref();
        answer
            .and_then(|a| a.error.codes.first().map(String::as_str))
            .or_else(|| answer.and_then(|a| a.bearer("error")))
            .or_else(|| self.login_error.as_ref().map(|(code, _)| code.as_str()))
    }

    /// True when the answer (or the browser) named this OAuth error code, in either dialect, without case.
    pub fn says_error(&self, code: &str) -> bool {
        let in_body = self.answer.as_ref().is_some_and(|a| a.error.has(code));
        let in_challenge = self
            .answer
            .as_ref()
            .and_then(|a| a.bearer("error"))
            .is_some_and(|e| e.eq_ignore_ascii_case(code));
        let in_browser = self.login_error.as_ref().is_some_and(|(e, _)| e.eq_ignore_ascii_case(code));
        in_body || in_challenge || in_browser
    }

    /// The server's own words about its error: body, challenge and browser, lower case, joined by a line end.
    pub fn words(&self) -> String {
        let mut words = String::new();
        if let Some(answer) = &self.answer {
            words.push_str(&answer.error.messages.join("\n"));
            words.push('\n');
            words.push_str(answer.bearer("error_description").unwrap_or_default());
        }
        if let Some((_, description)) = &self.login_error {
            words.push('\n');
            words.push_str(description);
        }
        words.to_lowercase()
    }

    /// Headers that hold credentials: shown by their length only.
    pub fn is_credential_header(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        matches!(
            name.as_str(),
            "authorization"
                | "proxy-authorization"
                | "cookie"
                | "dpop"
                | "x-api-key"
                | "ocp-apim-subscription-key"
        ) || crate::model::secret::sounds_secret(&name)
    }

    /// The redirects that left the origin and cost the request its credentials, with their place in the chain.
    pub fn hops_that_dropped(&self, header: &str) -> impl Iterator<Item = (usize, &Redirect)> {
        self.hops
            .iter()
            .enumerate()
            .filter(move |(_, hop)| hop.dropped.iter().any(|d| d.eq_ignore_ascii_case(header)))
    }
}
