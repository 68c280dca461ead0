//! One saved request, as its file states it: variables unresolved, inheritance not applied.

use super::auth::Auth;
use super::check::{Capture, Check};
use super::value::Value;
use indexmap::IndexMap;

/// A header, query parameter or form field. A row that is off is kept and not sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    /// The name; may hold variables.
    pub name: String,
    /// The value; may hold variables.
    pub value: String,
    /// Off rows stay in the file and are not sent.
    pub enabled: bool,
}

impl Row {
    /// A row that is on.
    pub fn on(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), enabled: true }
    }
}

/// One part of a multipart body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part {
    /// The field name.
    pub name: String,
    /// A text, or the path of the file to upload (relative to the workspace).
    pub content: PartContent,
    /// Media type; absent: `text/plain` for texts, guessed from the name for files.
    pub content_type: Option<String>,
    /// Off parts are not sent.
    pub enabled: bool,
}

/// What a multipart part holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartContent {
    /// A text with variables.
    Text(String),
    /// A file by path.
    File(String),
}

impl Default for PartContent {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

/// What a request carries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Body {
    /// Nothing.
    #[default]
    None,
    /// `application/json`.
    Json(String),
    /// `text/plain; charset=utf-8`.
    Text(String),
    /// `application/xml`.
    Xml(String),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<Row>),
    /// `multipart/form-data`.
    Multipart(Vec<Part>),
    /// A file by path, sent as it is.
    File(String),
    /// A GraphQL query with its variables (a JSON text, may be empty).
    Graphql {
        /// The query document.
        query: String,
        /// JSON object text.
        variables: String,
    },
}

impl Body {
    /// The stable word for `body.kind` and the key in the file.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Json(_) => "json",
            Self::Text(_) => "text",
            Self::Xml(_) => "xml",
            Self::Form(_) => "form",
            Self::Multipart(_) => "multipart",
            Self::File(_) => "file",
            Self::Graphql { .. } => "graphql",
        }
    }

    /// The editable text, for the kinds that are one text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Json(t) | Self::Text(t) | Self::Xml(t) | Self::File(t) => Some(t),
            Self::Graphql { query, .. } => Some(query),
            Self::None | Self::Form(_) | Self::Multipart(_) => None,
        }
    }
}

/// The `[request]` table: what differs from the settings for this request only.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequestOptions {
    /// Whole time allowed, in milliseconds (the file states seconds, fractions allowed).
    pub timeout_ms: Option<u64>,
    /// How many redirects to follow; 0 follows none.
    pub redirects: Option<u32>,
    /// `"1.1"` or `"2"`; absent: what ALPN gives.
    pub http_version: Option<String>,
}

/// One request file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Request {
    /// Shown name; the file stem is the identity.
    pub name: String,
    /// `GET`, `POST` …; any token of RFC 9110.
    pub method: String,
    /// URL with variables.
    pub url: String,
    /// Query parameters added to the URL's own.
    pub params: Vec<Row>,
    /// Headers.
    pub headers: Vec<Row>,
    /// Credentials.
    pub auth: Auth,
    /// Body.
    pub body: Body,
    /// Variables of this request only.
    pub variables: IndexMap<String, Value>,
    /// Values taken from the response into variables.
    pub captures: Vec<Capture>,
    /// Assertions on the response.
    pub checks: Vec<Check>,
    /// Notes, shown in the Docs tab.
    pub docs: String,
    /// Free labels.
    pub tags: Vec<String>,
    /// Differences from the settings.
    pub options: RequestOptions,
}

impl Request {
    /// A request with a method and URL and nothing else.
    pub fn new(name: impl Into<String>, method: impl Into<String>, url: impl Into<String>) -> Self {
        Self { name: name.into(), method: method.into(), url: url.into(), ..Self::default() }
    }
}
