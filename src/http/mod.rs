//! The HTTP engine: the only place that names reqwest.
//!
//! One [`Engine`] is a client with its connections. [`Engine::send`] takes a request as it shall
//! go out and always gives an [`Exchange`](crate::model::exchange::Exchange): what was really sent,
//! what came back, how long each phase took, and why it ended early if it did.
//! Redirects, decompression and their limits are ours, so that each hop is recorded, credentials
//! never cross an origin, and the size on the wire stays known.

mod body;
mod certificate;
mod course;
mod engine;
mod error;
mod identity;
mod prepare;
mod proxy;
mod recorder;
mod redirect;
mod resolve;
mod spool;
#[cfg(test)]
mod tests;
mod tls;

pub use engine::Engine;

use crate::model::exchange::Header;
use crate::model::secret::Secret;
use bytes::Bytes;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How to reach the network; one engine per distinct value (flow keeps a pool keyed by this).
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct EngineOptions {
    /// Proxy URL, variables resolved, credentials included; `None`: the process environment's
    /// (`HTTPS_PROXY`, `NO_PROXY` …).
    pub proxy: Option<String>,
    /// Further trusted roots (PEM), absolute path.
    pub ca_file: Option<PathBuf>,
    /// Do not check certificates.
    pub insecure: bool,
    /// `host:port` (or host) to `address[:port]`. A port in the address is only used where the URL
    /// names none.
    pub resolve: Vec<(String, String)>,
    /// Time to connect, DNS and TLS included; zero: only the whole time counts.
    pub connect_timeout: Duration,
    /// Presented when a server asks for a client certificate (RFC 8705).
    pub identity: Option<ClientIdentity>,
}

/// A client certificate with its key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ClientIdentity {
    /// PEM chain, leaf first.
    pub chain: String,
    /// PEM private key; may be in `chain` too.
    pub key: Secret,
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientIdentity(…)")
    }
}

/// Makes headers that depend on where a hop goes: a DPoP proof names method and URL.
pub trait HopHeaders: Send + Sync {
    /// Headers of a hop. Called for the first one and for each redirect within the same origin; never for another origin.
    fn headers(&self, method: &str, url: &str) -> Vec<Header>;
}

impl fmt::Debug for EngineOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineOptions")
            .field("proxy", &self.proxy.as_deref().map(proxy::without_credentials))
            .field("ca_file", &self.ca_file)
            .field("insecure", &self.insecure)
            .field("resolve", &self.resolve)
            .field("connect_timeout", &self.connect_timeout)
            .field("identity", &self.identity)
            .finish()
    }
}

/// One request, fully resolved.
#[derive(Clone)]
pub struct Outgoing {
    /// Method token.
    pub method: String,
    /// Absolute URL, `http` or `https`.
    pub url: String,
    /// Headers in order; `sensitive` ones are dropped when a redirect changes the origin.
    pub headers: Vec<Header>,
    /// Body. Empty: none is sent.
    pub body: Bytes,
    /// True when the body holds a secret: never sent on to another origin by 307/308.
    pub body_sensitive: bool,
    /// True when the URL's query holds a secret.
    pub url_sensitive: bool,
    /// Whole time allowed, redirects included; zero: no limit.
    pub timeout: Duration,
    /// Redirects to follow; 0: the redirect itself is the answer.
    pub redirects: u32,
    /// `Some("1.1")` or `Some("2")` to force; `None`: ALPN.
    pub http_version: Option<String>,
    /// Decoded bytes kept in memory; the rest goes to a private file.
    pub body_memory: u64,
    /// Decoded bytes after which the answer is given up; 0: no limit.
    pub body_limit: u64,
    /// Headers made anew for each hop of the first origin.
    pub per_hop: Option<Arc<dyn HopHeaders>>,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = prepare::without_query(&self.url);
        write!(f, "{} {url} {:?} body {} B", self.method, self.headers, self.body.len())
    }
}
