//! Errors of the client in human words. None of them holds the URL's query or credentials: the
//! texts are made here from typed causes and from what the recorder saw.

use super::certificate;
use super::prepare::authority;
use super::recorder::Marks;
use crate::model::exchange::{Certificate, Failure, FailureKind};
use rustls::{AlertDescription, CertificateError};
use std::error::Error as StdError;
use std::io;
use url::Url;

/// What is known about the hop that failed.
pub(super) struct Scene<'a> {
    /// Its URL.
    pub url: &'a Url,
    /// Proxy in use, without credentials.
    pub proxy: Option<&'a str>,
    /// What the recorder saw.
    pub marks: &'a Marks,
    /// Seconds to connect, if limited.
    pub connect_timeout: std::time::Duration,
}

/// Why no head of an answer came.
pub(super) fn send(error: &reqwest::Error, scene: &Scene<'_>) -> Failure {
    let chain = Causes::of(error);
    let target = authority(scene.url);
    let peer = scene.proxy.map_or_else(|| format!("`{target}`"), |proxy| format!("the proxy `{proxy}`"));
    if error.is_builder() {
        return failure(
            FailureKind::Url,
            format!("a request to `{target}` cannot be made: {}", chain.last()),
        );
    }
    if let Some(tls) = chain.tls() {
        return failure(FailureKind::Tls, tls_words(tls, scene));
    }
    if error.is_dns() {
        let host = scene.proxy.unwrap_or_else(|| scene.url.host_str().unwrap_or(""));
        return failure(FailureKind::Dns, format!("the host `{host}` was not found: {}", chain.dns_words()));
    }
    if error.is_connect() {
        return connect_words(error, &chain, scene, &peer);
    }
    if error.is_timeout() {
        return failure(FailureKind::Timeout, format!("{peer} did not answer in time"));
    }
    hyper_words(&chain, &peer)
}

/// Why the body of an answer broke off.
pub(super) fn body(error: &reqwest::Error) -> Failure {
    let chain = Causes::of(error);
    let why = if chain.io(|e| e.kind() == io::ErrorKind::ConnectionReset).is_some() {
        "the connection was reset".to_owned()
    } else if chain.hyper().is_some_and(hyper::Error::is_incomplete_message)
        || chain.io(|e| e.kind() == io::ErrorKind::UnexpectedEof).is_some()
    {
        "the connection was closed before its announced end".to_owned()
    } else {
        chain.last()
    };
    failure(FailureKind::Reset, format!("the body ended early: {why}"))
}

fn connect_words(error: &reqwest::Error, chain: &Causes<'_>, scene: &Scene<'_>, peer: &str) -> Failure {
    if let Some(proxy) = scene.proxy
        && let Some(words) = tunnel_words(&chain.texts())
    {
        return failure(FailureKind::Proxy, format!("the proxy `{proxy}` {words}"));
    }
    if chain.io(|e| e.kind() == io::ErrorKind::ConnectionRefused).is_some() {
        return failure(
            FailureKind::Connect,
            format!("{peer} refused the connection: nothing listens there"),
        );
    }
    if error.is_timeout() {
        let seconds = scene.connect_timeout.as_secs_f64();
        let within = if seconds > 0.0 { format!(" within {seconds} s") } else { String::new() };
        return failure(FailureKind::Timeout, format!("no connection to {peer}{within}"));
    }
    if scene.marks.in_tls() {
        let text = format!("{peer} closed the connection during the TLS handshake{}", tls_hint(scene));
        return failure(FailureKind::Tls, text);
    }
    failure(FailureKind::Connect, format!("no connection to {peer}: {}", chain.last()))
}

/// The texts of the tunnel's error type, which the client does not make public.
fn tunnel_words(texts: &[String]) -> Option<&'static str> {
    let has = |needle: &str| texts.iter().any(|text| text.contains(needle));
    if has("proxy authorization required") {
        Some("wants credentials (407)")
    } else if has("unsuccessful") {
        Some("refused to open a tunnel (its answer to CONNECT was neither 200 nor 407)")
    } else if has("unexpected end of file") {
        Some("closed the connection instead of opening a tunnel")
    } else if has("proxy headers too long") {
        Some("answered CONNECT with too many headers")
    } else if has("socks") || has("SOCKS") {
        Some("did not open the SOCKS connection")
    } else {
        None
    }
}

fn hyper_words(chain: &Causes<'_>, peer: &str) -> Failure {
    if let Some(hyper) = chain.hyper() {
        if hyper.is_parse_too_large() {
            return failure(FailureKind::Answer, format!("the head of the answer of {peer} is too large"));
        }
        if hyper.is_parse() {
            let text = format!("the answer of {peer} is not HTTP: {}", parse_words(hyper));
            return failure(FailureKind::Protocol, text);
        }
        if hyper.is_incomplete_message() {
            return failure(FailureKind::Reset, format!("{peer} closed the connection without an answer"));
        }
    }
    if chain.io(|e| matches!(e.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)).is_some()
    {
        return failure(FailureKind::Reset, format!("{peer} reset the connection before it answered"));
    }
    if chain.texts().iter().any(|text| text.contains("http2") || text.contains("HTTP/2")) {
        return failure(FailureKind::Protocol, format!("{peer} broke the rules of HTTP/2: {}", chain.last()));
    }
    failure(FailureKind::Reset, format!("the exchange with {peer} broke: {}", chain.last()))
}

fn parse_words(hyper: &hyper::Error) -> String {
    let text = hyper.to_string();
    text.strip_prefix("invalid ").map_or_else(|| text.clone(), |what| format!("it has an invalid {what}"))
}

fn tls_words(error: &rustls::Error, scene: &Scene<'_>) -> String {
    let host = scene.url.host_str().unwrap_or("");
    match error {
        rustls::Error::InvalidCertificate(why) => certificate_words(why, scene, host),
        rustls::Error::AlertReceived(alert) => alert_words(*alert, scene, host),
        rustls::Error::InvalidMessage(_) => {
            format!("`{}` does not speak TLS on this port; is it `http:`?", authority(scene.url))
        }
        rustls::Error::PeerIncompatible(why) => {
            format!("`{host}` offers no TLS this program accepts: {why:?}")
        }
        rustls::Error::General(text) => text.clone(),
        other => format!("the TLS handshake with `{host}` failed: {other}"),
    }
}

fn certificate_words(why: &CertificateError, scene: &Scene<'_>, host: &str) -> String {
    let chain = certificate::chain(&scene.marks.chain);
    let leaf = chain.first().cloned().unwrap_or_default();
    let date =
        |at: Option<jiff::Timestamp>| at.map_or_else(|| "an unknown date".to_owned(), |at| at.to_string());
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            let over = chain.iter().find(|c| c.not_after.is_some_and(|end| end < jiff::Timestamp::now()));
            let until = date(over.unwrap_or(&leaf).not_after);
            format!("the certificate of `{host}` expired on {until}")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            let from = date(leaf.not_before);
            format!("the certificate of `{host}` is not valid before {from}; is this machine's clock right?")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            let names = if leaf.names.is_empty() { "no name".to_owned() } else { leaf.names.join(", ") };
            format!("the certificate is not for `{host}` but for {names}")
        }
        CertificateError::UnknownIssuer => issuer_words(&leaf, host),
        CertificateError::Other(_) => {
            format!("the certificate of `{host}` cannot be used: {}", self_signed(&leaf))
        }
        CertificateError::Revoked => format!("the certificate of `{host}` was revoked"),
        other => format!("the certificate of `{host}` was not accepted: {other}"),
    }
}

fn issuer_words(leaf: &Certificate, host: &str) -> String {
    if leaf.subject == leaf.issuer {
        return format!(
            "the certificate of `{host}` is self-signed ({}); no trusted authority vouches for it",
            leaf.subject
        );
    }
    format!("the certificate of `{host}` was issued by `{}`, which is an unknown issuer here", leaf.issuer)
}

fn self_signed(leaf: &Certificate) -> &'static str {
    if leaf.subject == leaf.issuer {
        "it is self-signed and unknown"
    } else {
        "it is not a server certificate"
    }
}

fn alert_words(alert: AlertDescription, scene: &Scene<'_>, host: &str) -> String {
    let asked = scene.marks.client_certificate_asked;
    match alert {
        AlertDescription::CertificateRequired => format!("`{host}` wants a client certificate"),
        AlertDescription::HandshakeFailure
        | AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
            if asked =>
        {
            format!("`{host}` asked for a client certificate and refused the handshake without one")
        }
        AlertDescription::UnrecognisedName => {
            format!("`{host}` does not know this host name (TLS alert unrecognized_name)")
        }
        AlertDescription::ProtocolVersion => format!("`{host}` does not accept TLS 1.2 or 1.3"),
        AlertDescription::NoApplicationProtocol => {
            format!("`{host}` does not offer the HTTP version asked for")
        }
        other => format!("`{host}` refused the TLS handshake (alert {other:?})"),
    }
}

fn tls_hint(scene: &Scene<'_>) -> &'static str {
    if scene.marks.client_certificate_asked { "; it asked for a client certificate" } else { "" }
}

fn failure(kind: FailureKind, text: String) -> Failure {
    Failure { kind, text }
}

/// The causes of an error, outermost first, those inside I/O errors included.
struct Causes<'a>(Vec<&'a (dyn StdError + 'static)>);

impl<'a> Causes<'a> {
    fn of(error: &'a (dyn StdError + 'static)) -> Self {
        let mut found = Vec::new();
        let mut next = Some(error);
        while let Some(error) = next {
            found.push(error);
            // An I/O error's `source` skips what it wraps.
            next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
                Some(inner) => Some(inner as &(dyn StdError + 'static)),
                None => error.source(),
            };
        }
        Self(found)
    }

    fn tls(&self) -> Option<&'a rustls::Error> {
        self.0.iter().find_map(|e| e.downcast_ref())
    }

    fn hyper(&self) -> Option<&'a hyper::Error> {
        self.0.iter().find_map(|e| e.downcast_ref())
    }

    fn io(&self, wanted: impl Fn(&io::Error) -> bool) -> Option<&'a io::Error> {
        self.0.iter().filter_map(|e| e.downcast_ref::<io::Error>()).find(|e| wanted(e))
    }

    /// The texts of all but the outermost error, which prints the URL.
    fn texts(&self) -> Vec<String> {
        self.0.iter().skip(1).map(ToString::to_string).collect()
    }

    /// The innermost cause.
    fn last(&self) -> String {
        match self.0.as_slice() {
            [_, .., last] => last.to_string(),
            _ => "no cause is known".to_owned(),
        }
    }

    fn dns_words(&self) -> String {
        let text = self.last();
        text.strip_prefix("failed to lookup address information: ").map_or(text.clone(), str::to_owned)
    }
}
