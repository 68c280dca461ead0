//! One request as the routes see it: body read whole, path taken apart.

use super::answer::{self, Answer};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use hyper::body::Incoming;

/// Larger request bodies are refused with 413.
pub(super) const MAX_BODY: usize = 10 * 1024 * 1024;

/// So much of a body that is too large is read all the same: a connection closed over unread bytes
/// is reset, and the answer would be lost with it.
const MAX_DISCARDED: usize = 64 * 1024 * 1024;

/// The whole body, or why not.
async fn whole(mut body: Incoming) -> Result<Bytes, Answer> {
    let mut bytes = BytesMut::new();
    let mut seen = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| answer::empty(400))?.into_data() else { continue };
        seen += data.len();
        if seen <= MAX_BODY {
            bytes.extend_from_slice(&data);
        } else if seen > MAX_DISCARDED {
            break;
        }
    }
    if seen > MAX_BODY {
        return Err(answer::text(413, "text/plain;charset=UTF-8", "the sandbox takes at most 10 MB\n"));
    }
    Ok(bytes.freeze())
}

/// What is known of the connection a request came over.
#[derive(Debug, Clone, Default)]
pub(super) struct Peer {
    /// True on the https port.
    pub(super) tls: bool,
    /// DER of the client's certificate; the handshake has checked it.
    pub(super) certificate: Option<Bytes>,
}

/// One request.
pub(super) struct Call {
    /// The connection.
    pub(super) peer: Peer,
    /// As sent; HEAD is routed like GET, hyper leaves the body out.
    pub(super) method: Method,
    /// Path as sent, still encoded.
    pub(super) path: String,
    /// Query as sent, without the question mark.
    pub(super) query: String,
    /// Path segments, each decoded after the split. Empty ones are dropped.
    pub(super) segments: Vec<String>,
    /// Header fields as sent.
    pub(super) headers: HeaderMap,
    /// The whole body.
    pub(super) body: Bytes,
}

impl Call {
    /// Reads the request; a body over the limit or cut short is the error.
    pub(super) async fn read(request: Request<Incoming>) -> Result<Call, Answer> {
        let (head, body) = request.into_parts();
        let body = whole(body).await?;
        let segments = head
            .uri
            .path()
            .split('/')
            .filter(|s| !s.is_empty())
            .map(|s| percent_encoding::percent_decode_str(s).decode_utf8_lossy().into_owned())
            .collect();
        Ok(Call {
            peer: head.extensions.get::<Peer>().cloned().unwrap_or_default(),
            method: head.method,
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            segments,
            headers: head.headers,
            body,
        })
    }

    /// The method to route by: HEAD is GET.
    pub(super) fn verb(&self) -> &str {
        if self.method == Method::HEAD { "GET" } else { self.method.as_str() }
    }

    /// A header's first value, if it is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// A query parameter, decoded.
    pub(super) fn param(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.into_owned())
    }

    /// Host header without the port; brackets of IPv6 stay.
    pub(super) fn host(&self) -> &str {
        let host = self.header("host").unwrap_or_default();
        if let Some(end) = host.find(']') {
            return &host[..=end];
        }
        host.split(':').next().unwrap_or_default()
    }

    /// True when the media type of the body is this one, parameters aside.
    pub(super) fn is_type(&self, wanted: &str) -> bool {
        self.header("content-type")
            .and_then(|t| t.split(';').next())
            .is_some_and(|t| t.trim().eq_ignore_ascii_case(wanted))
    }
}
