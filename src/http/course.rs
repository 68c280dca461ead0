//! The course of one exchange: hop after hop until an answer stands, with everything that happened
//! kept where a stop at any await leaves it.

use super::Outgoing;
use super::body::{self, Broken, Wire};
use super::certificate;
use super::engine::{Shared, Speaks};
use super::error::{self, Scene};
use super::prepare::{Hop, version_name};
use super::proxy::Proxies;
use super::recorder::{Marks, Recorder};
use super::redirect::{self, Secrets};
use super::spool::Sink;
use crate::model::exchange::{
    Exchange, Failure, FailureKind, Header, Redirect, Response, SentRequest, TlsFacts, header,
};
use crate::model::progress::ProgressSink;
use crate::model::timing::Timings;
use http::{Method, Version};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A redirect's own body is read up to this many bytes so that its connection can be used again …
const DRAIN_BYTES: usize = 64 * 1024;
/// … and no longer than this.
const DRAIN_TIME: Duration = Duration::from_millis(200);

/// Everything known about an exchange so far.
pub(super) struct Course<'a> {
    shared: &'a Shared,
    request: Outgoing,
    started: Timestamp,
    begun: Instant,
    hop: Option<Hop>,
    version: Option<Version>,
    recorder: Option<Arc<Recorder>>,
    hop_begun: Instant,
    hop_left: Timestamp,
    head_at: Option<Instant>,
    finished: Option<Instant>,
    redirects: Vec<Redirect>,
    response: Option<Response>,
    sink: Sink,
    wire: Arc<Wire>,
    peer: Option<String>,
    proxy: Option<String>,
    clock_offset_ms: Option<i64>,
    failure: Option<Failure>,
    /// A redirect led to another origin: headers made for each hop are not made any more, not even on the way back.
    left: bool,
}

impl<'a> Course<'a> {
    /// Nothing is sent yet.
    pub fn new(shared: &'a Shared, request: Outgoing) -> Self {
        let begun = Instant::now();
        let started = Timestamp::now();
        Self {
            shared,
            started,
            begun,
            hop: None,
            version: None,
            recorder: None,
            hop_begun: begun,
            hop_left: started,
            head_at: None,
            finished: None,
            redirects: Vec::new(),
            response: None,
            sink: Sink::new(request.body_memory).at_most(request.body_limit),
            left: false,
            wire: Arc::default(),
            peer: None,
            proxy: None,
            clock_offset_ms: None,
            failure: None,
            request,
        }
    }

    /// Sends, follows and reads. What goes wrong is kept in the course.
    pub async fn run(&mut self, progress: ProgressSink<'_>) {
        if let Err(failure) = self.walk(progress).await {
            self.failure = Some(failure);
        }
        self.finished = Some(Instant::now());
    }

    async fn walk(&mut self, progress: ProgressSink<'_>) -> Result<(), Failure> {
        let mut hop = Hop::new(&self.request)?;
        let first = hop.url.clone();
        let secrets = Secrets::new(self.request.body_sensitive, &hop.url, self.request.url_sensitive);
        let speaks = match self.request.http_version.as_deref() {
            Some("1.1" | "1" | "HTTP/1.1") => Speaks::Http1,
            Some("2" | "HTTP/2") => Speaks::Http2,
            _ => Speaks::Any,
        };
        let client = self.shared.client(speaks)?.clone();
        let proxies = self.shared.proxies()?.clone();
        loop {
            let response = self.exchange(&client, &proxies, hop, progress).await?;
            let status = response.status();
            let location = response.headers().get(http::header::LOCATION).cloned();
            let Some(location) =
                location.filter(|_| redirect::is_redirect(status) && self.request.redirects > 0)
            else {
                return self.receive(response, progress).await;
            };
            let next = match (&self.hop, self.redirects.len() >= self.request.redirects as usize) {
                (_, true) => Err(Failure {
                    kind: FailureKind::RedirectLoop,
                    text: format!("more than {} redirects", self.request.redirects),
                }),
                (Some(at), false) => redirect::follow(at, status, location.as_bytes(), &secrets),
                (None, false) => return Ok(()),
            };
            match next {
                Ok((next, redirect)) => {
                    self.left |= !redirect::same_origin(&first, &next.url);
                    drain(response).await;
                    self.redirects.push(redirect);
                    self.forget_answer();
                    hop = next;
                }
                Err(failure) => {
                    // The redirect is the answer then, and why it was not followed the failure.
                    self.receive(response, progress).await?;
                    return Err(failure);
                }
            }
        }
    }

    /// One hop up to the head of its answer.
    async fn exchange(
        &mut self,
        client: &reqwest::Client,
        proxies: &Proxies,
        mut hop: Hop,
        progress: ProgressSink<'_>,
    ) -> Result<reqwest::Response, Failure> {
        if hop.url.scheme() == "https" && !self.shared.trust.is_ready() {
            let trust = self.shared.trust.clone();
            // Reading some hundred files is not counted as TLS, nor done between two polls.
            let _ = tokio::task::spawn_blocking(move || trust.load()).await;
        }
        self.proxy = proxies.shown(&hop.url);
        match proxies.authorization(&hop.url) {
            Some(value) if !hop.headers.contains_key(http::header::PROXY_AUTHORIZATION) => {
                hop.headers.insert(http::header::PROXY_AUTHORIZATION, value);
            }
            _ => {}
        }
        let may_repeat = repeatable(&hop.method);
        self.hop = Some(hop);
        let mut repeated = false;
        loop {
            let Some(hop) = &mut self.hop else { return Err(defect()) };
            if let Some(maker) = self.request.per_hop.as_ref().filter(|_| !self.left) {
                hop.replace(&maker.headers(hop.method.as_str(), hop.url.as_str()))?;
            }
            let recorder =
                Recorder::new(hop.url.host_str().unwrap_or(""), hop.url.port_or_known_default().unwrap_or(0));
            self.recorder = Some(recorder.clone());
            self.hop_begun = Instant::now();
            self.hop_left = Timestamp::now();
            let sending = recorder.scope(client.execute(hop.to_request()));
            match watched(sending, &recorder, progress).await {
                Ok(response) => {
                    self.head_at = Some(Instant::now());
                    self.note_head(&response);
                    return Ok(response);
                }
                Err(error) => {
                    let marks = recorder.marks();
                    let scene = Scene {
                        url: &hop.url,
                        proxy: self.proxy.as_deref(),
                        marks: &marks,
                        connect_timeout: self.shared.options.connect_timeout,
                    };
                    let failure = error::send(&error, &scene);
                    // An open connection that the server had already given up: RFC 9110 9.2.2 lets
                    // what changes nothing twice be sent once more.
                    let stale = failure.kind == FailureKind::Reset
                        && !error.is_connect()
                        && marks.connected().is_none();
                    if !stale || repeated || !may_repeat {
                        return Err(failure);
                    }
                    repeated = true;
                }
            }
        }
    }

    fn note_head(&mut self, response: &reqwest::Response) {
        let now = Timestamp::now();
        self.version = Some(response.version());
        self.peer = response.remote_addr().map(|address| address.to_string());
        let headers: Vec<Header> = response
            .headers()
            .iter()
            .map(|(name, value)| Header::new(name.as_str(), String::from_utf8_lossy(value.as_bytes())))
            .collect();
        self.clock_offset_ms = clock_offset(&headers, self.hop_left, now);
        self.response = Some(Response {
            status: response.status().as_u16(),
            reason: reason(response),
            http_version: version_name(response.version()).to_owned(),
            headers,
            ..Response::default()
        });
        if let (Some(hop), Some(facts)) = (&self.hop, self.fresh_tls()) {
            self.shared.remember(&hop.url, &facts);
        }
    }

    async fn receive(
        &mut self,
        response: reqwest::Response,
        progress: ProgressSink<'_>,
    ) -> Result<(), Failure> {
        let codings = body::codings(response.headers());
        let outcome = body::read(response, &codings, &mut self.sink, &self.wire, progress).await;
        let Err(Broken { why, failure }) = outcome else { return Ok(()) };
        if let Some(response) = &mut self.response {
            response.incomplete = Some(why);
        }
        failure.map_or(Ok(()), Err)
    }

    /// What belongs to the answer of a redirect and not to the next hop.
    fn forget_answer(&mut self) {
        self.response = None;
        self.version = None;
        self.head_at = None;
        self.peer = None;
        self.clock_offset_ms = None;
        if let Some(hop) = &mut self.hop {
            hop.headers.remove(http::header::PROXY_AUTHORIZATION);
        }
    }

    fn marks(&self) -> Marks {
        self.recorder.as_ref().map(|recorder| recorder.marks()).unwrap_or_default()
    }

    /// What TLS agreed on in this very hop.
    fn fresh_tls(&self) -> Option<TlsFacts> {
        let secure = self.hop.as_ref().is_some_and(|hop| hop.url.scheme() == "https");
        if !secure {
            return None;
        }
        let marks = self.marks();
        if marks.chain.is_empty() {
            return None;
        }
        Some(TlsFacts {
            version: marks.tls_version.map(str::to_owned),
            cipher: None,
            // HTTP/2 over TLS is only spoken when ALPN says so; with HTTP/1.1 it may have been silent.
            alpn: (self.version == Some(Version::HTTP_2)).then(|| "h2".to_owned()),
            chain: certificate::chain(&marks.chain),
            unchecked: self.shared.options.insecure,
        })
    }

    fn tls(&self) -> Option<TlsFacts> {
        let hop = self.hop.as_ref().filter(|hop| hop.url.scheme() == "https")?;
        self.fresh_tls().or_else(|| self.head_at.and_then(|_| self.shared.recall(&hop.url)))
    }

    /// The exchange as it stands, ended by `stopped` if something ended it from outside.
    pub fn into_exchange(mut self, stopped: Option<Failure>) -> Exchange {
        let end = self.finished.unwrap_or_else(Instant::now);
        let marks = self.marks();
        let tls = self.tls();
        let reused = self.head_at.is_some() && marks.connected().is_none();
        let timings = self.timings(&marks, end, reused);
        if let Some(response) = &mut self.response {
            response.wire_size = self.wire.got();
            response.body = self.sink.finish();
            if let Some(stopped) = &stopped {
                response.incomplete = Some(match stopped.kind {
                    FailureKind::Cancelled => "cancelled while the body was received".to_owned(),
                    _ => "time ran out while the body was received".to_owned(),
                });
            }
        }
        let request = match &self.hop {
            Some(hop) => hop.sent(self.version),
            None => unsent(&self.request),
        };
        Exchange {
            request,
            response: self.response,
            redirects: self.redirects,
            timings,
            tls,
            peer: self.peer,
            proxy: self.proxy,
            reused,
            started: self.started,
            clock_offset_ms: self.clock_offset_ms,
            failure: stopped.or(self.failure),
        }
    }

    fn timings(&self, marks: &Marks, end: Instant, reused: bool) -> Timings {
        let total = Some(end.duration_since(self.begun));
        if reused {
            let wait = self.head_at.map(|at| at.duration_since(self.hop_begun));
            return Timings { wait, download: self.download(end), total, ..Timings::default() };
        }
        // Through an HTTPS proxy two handshakes and a CONNECT lie between; they are not told apart.
        let nested = self.proxy.as_deref().is_some_and(|proxy| proxy.starts_with("https:"));
        let connect =
            if nested { marks.connect().zip(marks.tls()).map(|(a, b)| a + b) } else { marks.connect() };
        Timings {
            dns: marks.dns(),
            connect,
            tls: if nested { None } else { marks.tls() },
            wait: self
                .head_at
                .zip(marks.connected())
                .and_then(|(head, from)| head.checked_duration_since(from)),
            download: self.download(end),
            total,
        }
    }

    fn download(&self, end: Instant) -> Option<Duration> {
        self.head_at.and_then(|at| end.checked_duration_since(at))
    }
}

/// Polls a request and tells of each phase as the recorder sees it begin.
async fn watched<T>(sending: impl Future<Output = T>, recorder: &Recorder, progress: ProgressSink<'_>) -> T {
    let mut sending = pin!(sending);
    let mut told = None;
    poll_fn(|cx| {
        let state = sending.as_mut().poll(cx);
        let phase = recorder.phase();
        if state.is_pending() && told != Some(phase) {
            told = Some(phase);
            progress(phase);
        }
        state
    })
    .await
}

async fn drain(mut response: reqwest::Response) {
    let mut left = DRAIN_BYTES;
    let _ = tokio::time::timeout(DRAIN_TIME, async {
        while let Ok(Some(chunk)) = response.chunk().await {
            left = left.saturating_sub(chunk.len());
            if left == 0 {
                break;
            }
        }
    })
    .await;
}

/// Methods that are idempotent by RFC 9110 9.2.2.
fn repeatable(method: &Method) -> bool {
    matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE | Method::TRACE
    )
}

fn reason(response: &reqwest::Response) -> Option<String> {
    if response.version() == Version::HTTP_2 {
        return None;
    }
    if let Some(phrase) = response.extensions().get::<hyper::ext::ReasonPhrase>() {
        return Some(String::from_utf8_lossy(phrase.as_bytes()).into_owned());
    }
    response.status().canonical_reason().map(str::to_owned)
}

/// The server's `Date` minus the midpoint of sending and receiving, in milliseconds.
fn clock_offset(headers: &[Header], sent: Timestamp, received: Timestamp) -> Option<i64> {
    let aged =
        header(headers, "age").is_some_and(|age| age.trim().parse::<u64>().map_or(true, |age| age > 0));
    if aged {
        return None;
    }
    let date = DateTimeParser::new().parse_timestamp(header(headers, "date")?.trim()).ok()?;
    let (sent, received) = (sent.as_millisecond(), received.as_millisecond());
    Some(date.as_millisecond() - (sent + (received - sent) / 2))
}

/// A request that could not even be prepared: shown as it was asked for.
fn unsent(request: &Outgoing) -> SentRequest {
    SentRequest {
        method: request.method.clone(),
        url: request.url.clone(),
        http_version: None,
        headers: request.headers.clone(),
        body: request.body.clone(),
    }
}

fn defect() -> Failure {
    Failure { kind: FailureKind::Local, text: "a hop was lost; this is a defect of hallpass".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offset(headers: &[(&str, &str)], sent: i64, received: i64) -> Option<i64> {
        let headers: Vec<Header> = headers.iter().map(|(n, v)| Header::new(*n, *v)).collect();
        let at = |ms| Timestamp::from_millisecond(ms).unwrap();
        clock_offset(&headers, at(sent), at(received))
    }

    #[test]
    fn the_clock_offset_is_the_date_minus_the_midpoint() {
        // 784111777 s
        let date = ("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(offset(&[date], 784_111_776_000, 784_111_777_000), Some(500));
        assert_eq!(offset(&[date], 784_111_877_000, 784_111_879_000), Some(-101_000));
        assert_eq!(offset(&[date, ("Age", "0")], 784_111_777_000, 784_111_777_000), Some(0));
    }

    #[test]
    fn an_answer_from_a_cache_or_without_date_gives_no_clock_offset() {
        let date = ("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(offset(&[date, ("Age", "3")], 0, 0), None);
        assert_eq!(offset(&[], 0, 0), None);
        assert_eq!(offset(&[("Date", "yesterday")], 0, 0), None);
    }
}
