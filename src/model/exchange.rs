//! One exchange: a request as really sent, and its response. Held in memory only; whatever
//! leaves the process goes through a [`Redactor`](super::redact::Redactor) first.

use super::secret::MASK;
use super::timing::Timings;
use bytes::Bytes;
use jiff::Timestamp;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// A header as it went over the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    /// Name as sent or received.
    pub name: String,
    /// Value; bytes that are not UTF-8 are replaced.
    pub value: String,
    /// True when the value came from a secret: masked wherever it is shown, dropped across origins.
    pub sensitive: bool,
}

impl Header {
    /// A header whose value may be shown.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), sensitive: false }
    }

    /// A header whose value is a secret.
    pub fn sensitive(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), sensitive: true }
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, if self.sensitive { MASK } else { &self.value })
    }
}

/// The first value of a header, by case-insensitive name.
pub fn header<'a>(headers: &'a [Header], name: &str) -> Option<&'a str> {
    headers.iter().find(|h| h.name.eq_ignore_ascii_case(name)).map(|h| h.value.as_str())
}

/// A request as it went out, the headers that the engine adds included.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct SentRequest {
    /// Method.
    pub method: String,
    /// Absolute URL after normalisation. May hold a secret in its query.
    pub url: String,
    /// `HTTP/1.1`, `HTTP/2`; unknown before an answer.
    pub http_version: Option<String>,
    /// Headers in order.
    pub headers: Vec<Header>,
    /// Body. May hold secrets.
    pub body: Bytes,
}

impl fmt::Debug for SentRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.split('?').next().unwrap_or("");
        write!(f, "{} {url} {:?} body {} B", self.method, self.headers, self.body.len())
    }
}

/// Where the bytes of a response body are.
#[derive(Clone, Default)]
pub enum BodyData {
    /// No bytes.
    #[default]
    Empty,
    /// In memory; clones share it.
    Memory(Bytes),
    /// In a private file that goes away with the last owner.
    Spooled(Arc<SpooledFile>),
}

/// A body that was too large for memory. The file is deleted when this is dropped.
#[derive(Debug)]
pub struct SpooledFile {
    /// Where it is (0600).
    pub path: PathBuf,
    /// Its length in bytes.
    pub len: u64,
}

impl Drop for SpooledFile {
    fn drop(&mut self) {
        remove_spool(&self.path);
    }
}

/// Set once by the engine that creates spool files, so that the model itself stays without I/O.
pub static SPOOL_REMOVER: std::sync::OnceLock<fn(&std::path::Path)> = std::sync::OnceLock::new();

fn remove_spool(path: &std::path::Path) {
    if let Some(remove) = SPOOL_REMOVER.get() {
        remove(path);
    }
}

impl BodyData {
    /// Length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Memory(bytes) => bytes.len() as u64,
            Self::Spooled(file) => file.len,
        }
    }

    /// True without bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes, if they are in memory.
    pub fn bytes(&self) -> Option<Bytes> {
        match self {
            Self::Empty => Some(Bytes::new()),
            Self::Memory(bytes) => Some(bytes.clone()),
            Self::Spooled(_) => None,
        }
    }
}

impl fmt::Debug for BodyData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "body {} B", self.len())
    }
}

/// An answer.
#[derive(Debug, Clone, Default)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Reason phrase; `None` on HTTP/2.
    pub reason: Option<String>,
    /// `HTTP/1.1`, `HTTP/2`.
    pub http_version: String,
    /// Headers in order, as received (Content-Encoding included).
    pub headers: Vec<Header>,
    /// Decoded body.
    pub body: BodyData,
    /// Body bytes on the wire.
    pub wire_size: u64,
    /// Set when the body ended early or could not be decoded: why. What came is in `body`.
    pub incomplete: Option<String>,
}

impl Response {
    /// First value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The media type without parameters, lower case; empty if none was sent.
    pub fn media_type(&self) -> String {
        let value = self.header("content-type").unwrap_or("");
        value.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
    }
}

/// One redirect that was followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// Its status.
    pub status: u16,
    /// The URL that answered with it.
    pub from: String,
    /// Where it pointed, absolute.
    pub to: String,
    /// Headers that were not sent on because the origin changed, lower case.
    pub dropped: Vec<String>,
    /// True when the method became GET and the body was dropped.
    pub method_changed: bool,
}

/// What TLS agreed on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsFacts {
    /// `TLSv1.3`.
    pub version: Option<String>,
    /// Cipher suite, when the engine can tell.
    pub cipher: Option<String>,
    /// ALPN, when the engine can tell.
    pub alpn: Option<String>,
    /// Leaf first.
    pub chain: Vec<Certificate>,
    /// True when the environment says `insecure` and the chain was not checked.
    pub unchecked: bool,
}

/// One certificate, in words. All of it is the server's text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Certificate {
    /// Subject.
    pub subject: String,
    /// Issuer.
    pub issuer: String,
    /// DNS names and addresses.
    pub names: Vec<String>,
    /// Valid from.
    pub not_before: Option<Timestamp>,
    /// Valid until.
    pub not_after: Option<Timestamp>,
    /// SHA-256 of the DER, lower-case hex.
    pub sha256: String,
}

/// Why there is no complete answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// Not a URL this program can send to.
    Url,
    /// A header or method that HTTP does not allow.
    Header,
    /// Name resolution.
    Dns,
    /// TCP connect.
    Connect,
    /// TLS handshake or certificate.
    Tls,
    /// The proxy refused.
    Proxy,
    /// The connection broke.
    Reset,
    /// The answer is not HTTP.
    Protocol,
    /// The answer is HTTP that this program does not take: an endless head, a body whose encoding is
    /// broken or that grows without measure.
    Answer,
    /// Time ran out.
    Timeout,
    /// The user cancelled.
    Cancelled,
    /// A local file (CA, body, spool) could not be used.
    Local,
    /// More redirects than allowed.
    RedirectLoop,
}

/// Failure of an exchange, free of secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which family.
    pub kind: FailureKind,
    /// What happened, in words, without URL query.
    pub text: String,
}

/// A request, what came back, and how it went.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The last request sent (after redirects).
    pub request: SentRequest,
    /// The answer, or what of it came.
    pub response: Option<Response>,
    /// Redirects followed, in order.
    pub redirects: Vec<Redirect>,
    /// Durations.
    pub timings: Timings,
    /// TLS, where it was used.
    pub tls: Option<TlsFacts>,
    /// Peer address.
    pub peer: Option<String>,
    /// Proxy used, credentials removed.
    pub proxy: Option<String>,
    /// True when an open connection was used again.
    pub reused: bool,
    /// Local wall clock when the first request left.
    pub started: Timestamp,
    /// Server's `Date` minus the midpoint of sending and receiving, in milliseconds; `None` without
    /// `Date`, or when `Age` says that a cache answered. Resolution one second.
    pub clock_offset_ms: Option<i64>,
    /// Why it did not come to an end.
    pub failure: Option<Failure>,
}

impl Exchange {
    /// A request of which nothing else is known: no answer yet, nothing measured, no failure. The rest is put in by who knows more.
    pub fn new(request: SentRequest, started: Timestamp) -> Self {
        Self {
            request,
            response: None,
            redirects: Vec::new(),
            timings: Timings::default(),
            tls: None,
            peer: None,
            proxy: None,
            reused: false,
            started,
            clock_offset_ms: None,
            failure: None,
        }
    }

    /// Status of the answer.
    pub fn status(&self) -> Option<u16> {
        self.response.as_ref().map(|r| r.status)
    }
}
