//! The client and its connections, made when first used.

use super::course::Course;
use super::proxy::Proxies;
use super::recorder::Timed;
use super::resolve::Resolver;
use super::tls::{self, Trust};
use super::{EngineOptions, Outgoing, identity};
use crate::model::exchange::{Exchange, Failure, FailureKind, TlsFacts};
use crate::model::progress::ProgressSink;
use rustls::sign::CertifiedKey;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio_util::sync::CancellationToken;
use url::Url;

/// A client with its connections. Cheap to clone. Belongs to one runtime: its open connections live
/// as tasks of the runtime that made them.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

/// Which protocol a client speaks; each has its own connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaks {
    /// What ALPN gives.
    Any,
    /// HTTP/1.1 only.
    Http1,
    /// HTTP/2 only, on `http:` by prior knowledge.
    Http2,
}

/// What all clones of an engine share.
pub(super) struct Shared {
    /// As given.
    pub options: EngineOptions,
    /// Trusted roots.
    pub trust: Arc<Trust>,
    /// What is presented when a server asks for a client certificate.
    own: Option<Arc<CertifiedKey>>,
    resolver: OnceLock<Result<Resolver, Failure>>,
    proxies: OnceLock<Result<Proxies, Failure>>,
    clients: [OnceLock<Result<reqwest::Client, Failure>>; 3],
    /// What TLS agreed on with an origin when its connection was made, for those who use it again.
    known: Mutex<HashMap<String, TlsFacts>>,
}

impl Engine {
    /// Builds the client. Nothing is read or resolved before the first send (TLS roots included),
    /// except a `ca_file` or a client certificate that cannot be used, which are the only errors.
    pub fn new(options: EngineOptions) -> Result<Engine, Failure> {
        let extra = match &options.ca_file {
            Some(path) => tls::read_ca_file(path)?,
            None => Vec::new(),
        };
        let own = options.identity.as_ref().map(identity::read).transpose()?;
        let trust = Trust::new(extra, options.insecure);
        let shared = Shared {
            options,
            trust,
            own,
            resolver: OnceLock::new(),
            proxies: OnceLock::new(),
            clients: Default::default(),
            known: Mutex::default(),
        };
        Ok(Engine { shared: Arc::new(shared) })
    }

    /// Sends one request and follows its redirects. Always gives an exchange: what failed is in
    /// `failure`, what came before is kept. Cancelling ends it at once at any await.
    pub async fn send(
        &self,
        request: Outgoing,
        progress: ProgressSink<'_>,
        cancel: &CancellationToken,
    ) -> Exchange {
        let timeout = request.timeout;
        let mut course = Course::new(&self.shared, request);
        let late = async {
            match timeout.is_zero() {
                true => std::future::pending().await,
                false => tokio::time::sleep(timeout).await,
            }
        };
        // One place where everything can be stopped: dropping the run drops whatever it waits for.
        let stopped = tokio::select! {
            biased;
            () = cancel.cancelled() => Some(Failure {
                kind: FailureKind::Cancelled,
                text: "cancelled".to_owned(),
            }),
            () = course.run(progress) => None,
            () = late => Some(Failure {
                kind: FailureKind::Timeout,
                text: format!("no complete answer within {} s", timeout.as_secs_f64()),
            }),
        };
        course.into_exchange(stopped)
    }
}

impl Shared {
    /// The client for a protocol choice.
    pub fn client(&self, speaks: Speaks) -> Result<&reqwest::Client, Failure> {
        self.clients[speaks as usize].get_or_init(|| self.build(speaks)).as_ref().map_err(Clone::clone)
    }

    /// The proxy rules.
    pub fn proxies(&self) -> Result<&Proxies, Failure> {
        self.proxies
            .get_or_init(|| Proxies::new(self.options.proxy.as_deref()).map_err(local))
            .as_ref()
            .map_err(Clone::clone)
    }

    /// Remembers what TLS agreed on with an origin.
    pub fn remember(&self, url: &Url, facts: &TlsFacts) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(url.origin().ascii_serialization(), facts.clone());
    }

    /// What TLS agreed on with an origin when last connected.
    pub fn recall(&self, url: &Url) -> Option<TlsFacts> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&url.origin().ascii_serialization()).cloned()
    }

    fn build(&self, speaks: Speaks) -> Result<reqwest::Client, Failure> {
        let resolver =
            self.resolver.get_or_init(|| Resolver::new(&self.options.resolve).map_err(local)).clone()?;
        let alpn: &[&str] = match speaks {
            Speaks::Any => &["h2", "http/1.1"],
            Speaks::Http1 => &["http/1.1"],
            Speaks::Http2 => &["h2"],
        };
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::config(&self.trust, self.own.clone(), alpn)?)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .dns_resolver(Arc::new(resolver))
            .connector_layer(Timed)
            .no_proxy();
        let proxies = self.proxies()?;
        if !proxies.is_empty() {
            builder = builder.proxy(proxies.rule());
        }
        if !self.options.connect_timeout.is_zero() {
            builder = builder.connect_timeout(self.options.connect_timeout);
        }
        builder = match speaks {
            Speaks::Any => builder,
            Speaks::Http1 => builder.http1_only(),
            Speaks::Http2 => builder.http2_prior_knowledge(),
        };
        builder.build().map_err(|e| local(format!("the HTTP client cannot be set up: {}", e.without_url())))
    }
}

fn local(text: String) -> Failure {
    Failure { kind: FailureKind::Local, text }
}
