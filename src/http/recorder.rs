//! What happened while one hop was connected: the moments of each phase and the certificates.
//!
//! A recorder is bound to the future of one hop by a task-local, so that parallel requests never
//! mix. The connector, the resolver and the TLS callbacks run inside that future's polls; a
//! connection that the pool finishes elsewhere finds no recorder and records nothing.

use crate::model::progress::Phase;
use rustls::pki_types::CertificateDer;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tower::{Layer, Service};

tokio::task_local! {
    static HOP: Arc<Recorder>;
}

/// Moments and facts of one hop.
#[derive(Debug, Default, Clone)]
pub(super) struct Marks {
    dns_start: Option<Instant>,
    dns_end: Option<Instant>,
    connector_start: Option<Instant>,
    connector_end: Option<Instant>,
    tls_start: Option<Instant>,
    /// Certificates as presented, leaf first.
    pub chain: Vec<CertificateDer<'static>>,
    /// `TLSv1.3` or `TLSv1.2`, by which signature was checked.
    pub tls_version: Option<&'static str>,
    /// The server asked for a client certificate.
    pub client_certificate_asked: bool,
}

impl Marks {
    /// Name resolution, if a name was resolved.
    pub fn dns(&self) -> Option<Duration> {
        Some(self.dns_end?.duration_since(self.dns_start?))
    }

    /// From the end of resolution (or the start) to the start of TLS (or the end).
    pub fn connect(&self) -> Option<Duration> {
        let from = self.dns_end.or(self.connector_start)?;
        let until = self.tls_start.or(self.connector_end)?;
        until.checked_duration_since(from)
    }

    /// From the client hello to the end of the handshake.
    pub fn tls(&self) -> Option<Duration> {
        self.connector_end?.checked_duration_since(self.tls_start?)
    }

    /// When a new connection was ready; `None`: an open one was used.
    pub fn connected(&self) -> Option<Instant> {
        self.connector_end
    }

    /// True when TCP was connected and the handshake had begun.
    pub fn in_tls(&self) -> bool {
        self.tls_start.is_some() && self.connector_end.is_none()
    }
}

/// Collects [`Marks`] from whatever runs inside one hop.
#[derive(Debug)]
pub(super) struct Recorder {
    /// Host and port of the URL, for address overrides that name a port.
    pub host: String,
    /// Port of the URL.
    pub port: u16,
    phase: AtomicU8,
    marks: Mutex<Marks>,
}

const IDLE: u8 = 0;
const RESOLVING: u8 = 1;
const CONNECTING: u8 = 2;
const CONNECTED: u8 = 3;

impl Recorder {
    /// A recorder for one hop to this host and port.
    pub fn new(host: &str, port: u16) -> Arc<Self> {
        Arc::new(Self { host: host.to_owned(), port, phase: AtomicU8::new(IDLE), marks: Mutex::default() })
    }

    /// What was recorded so far.
    pub fn marks(&self) -> Marks {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the hop is doing, as far as the connector tells.
    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            RESOLVING => Phase::Resolving,
            CONNECTING => Phase::Connecting,
            _ => Phase::Waiting,
        }
    }

    fn mark(&self, phase: Option<u8>, set: impl FnOnce(&mut Marks, Instant)) {
        if let Some(phase) = phase {
            self.phase.store(phase, Ordering::Relaxed);
        }
        set(&mut self.marks.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
    }

    /// Runs a future with this recorder in reach.
    pub fn scope<F: Future>(self: &Arc<Self>, future: F) -> impl Future<Output = F::Output> {
        HOP.scope(self.clone(), future)
    }

    /// The recorder of the hop that is being polled, if one is.
    pub fn current() -> Option<Arc<Recorder>> {
        HOP.try_with(Arc::clone).ok()
    }

    /// Resolution begins.
    pub fn resolving(&self) {
        self.mark(Some(RESOLVING), |m, now| m.dns_start = m.dns_start.or(Some(now)));
    }

    /// Resolution ended.
    pub fn resolved(&self) {
        self.mark(Some(CONNECTING), |m, now| m.dns_end = Some(now));
    }

    /// A client hello is being made. The first one counts: a server may ask for a second.
    pub fn tls_begins(&self) {
        self.mark(None, |m, now| m.tls_start = m.tls_start.or(Some(now)));
    }

    /// Certificates were presented. Through an HTTPS proxy this happens twice; the last one is the
    /// server's.
    pub fn presented(&self, chain: Vec<CertificateDer<'static>>) {
        self.mark(None, |m, _| m.chain = chain);
    }

    /// The handshake signature of this version was checked.
    pub fn version(&self, version: &'static str) {
        self.mark(None, |m, _| m.tls_version = Some(version));
    }

    /// The server asked for a client certificate.
    pub fn client_certificate_asked(&self) {
        self.mark(None, |m, _| m.client_certificate_asked = true);
    }
}

/// The layer around the connector that marks its start and end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timed;

impl<S> Layer<S> for Timed {
    type Service = TimedConnector<S>;

    fn layer(&self, inner: S) -> Self::Service {
        TimedConnector { inner }
    }
}

/// See [`Timed`].
#[derive(Debug, Clone)]
pub(super) struct TimedConnector<S> {
    inner: S,
}

impl<S, R> Service<R> for TimedConnector<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, target: R) -> Self::Future {
        let connecting = self.inner.call(target);
        Box::pin(async move {
            if let Some(hop) = Recorder::current() {
                hop.mark(Some(CONNECTING), |m, now| m.connector_start = Some(now));
            }
            let connection = connecting.await;
            if connection.is_ok()
                && let Some(hop) = Recorder::current()
            {
                hop.mark(Some(CONNECTED), |m, now| m.connector_end = Some(now));
            }
            connection
        })
    }
}
