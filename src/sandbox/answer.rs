//! Answers of the sandbox: a response with a body that is whole, streamed or cut short.

use bytes::Bytes;
use futures_util::Stream;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use serde_json::Value as Json;

/// The body type of every answer.
pub(super) type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// An answer on its way out.
pub(super) type Answer = Response<Body>;

/// A body that is there as a whole.
pub(super) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A body made while it is sent. `length` goes into Content-Length.
pub(super) fn streamed(
    status: u16,
    content_type: &'static str,
    length: u64,
    chunks: impl Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static,
) -> Answer {
    use futures_util::StreamExt;
    let mut answer = Response::new(StreamBody::new(chunks.map(|c| c.map(Frame::data))).boxed_unsync());
    *answer.status_mut() = status_of(status);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    answer
}

/// A text body of the given type.
pub(super) fn text(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(whole(body));
    *answer.status_mut() = status_of(status);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

/// A JSON body, with the charset parameter Pega adds, never to be cached.
pub(super) fn json(status: u16, body: &Json) -> Answer {
    let mut answer = text(status, "application/json;charset=UTF-8", body.to_string());
    answer
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store, must-revalidate"));
    answer
}

/// A page.
pub(super) fn html(status: u16, page: String) -> Answer {
    text(status, "text/html;charset=UTF-8", page)
}

/// No body at all.
pub(super) fn empty(status: u16) -> Answer {
    let mut answer = Response::new(whole(Bytes::new()));
    *answer.status_mut() = status_of(status);
    answer
}

/// A redirect; `location` must be ready for a header.
pub(super) fn redirect(status: u16, location: &str) -> Answer {
    empty(status).with("location", location)
}

/// 405 with what would have been allowed.
pub(super) fn wrong_method(allow: &str) -> Answer {
    empty(405).with("allow", allow)
}

fn status_of(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Adds headers in a chain.
pub(super) trait With: Sized {
    /// Adds a header, beside others of the same name. A value that cannot be one is left out.
    fn with(self, name: &'static str, value: &str) -> Self;
    /// Sets a header, in place of others of the same name.
    fn set(self, name: &'static str, value: &str) -> Self;
}

impl With for Answer {
    fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers_mut().append(HeaderName::from_static(name), value);
        }
        self
    }

    fn set(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers_mut().insert(HeaderName::from_static(name), value);
        }
        self
    }
}

/// Announces the whole length, sends half, and breaks the connection.
pub(super) async fn truncate(answer: Answer) -> Answer {
    let (mut head, body) = answer.into_parts();
    let Ok(collected) = body.collect().await else { return Response::from_parts(head, whole(Bytes::new())) };
    let bytes = collected.to_bytes();
    // An answer without a body is given one, or there would be nothing to cut.
    let announced = bytes.len().max(2) as u64;
    head.headers.insert(CONTENT_LENGTH, HeaderValue::from(announced));
    let half = bytes.slice(..bytes.len() / 2);
    let cut = std::io::Error::other("cut short by the fault `truncated`");
    // The first half has to reach the socket before the error ends the connection.
    let chunks = futures_util::stream::unfold((0u8, Some(cut)), move |(step, mut cut)| {
        let half = half.clone();
        async move {
            match step {
                0 => Some((Ok(Frame::data(half)), (1, cut))),
                1 => {
                    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                    cut.take().map(|e| (Err(e), (2, None)))
                }
                _ => None,
            }
        }
    });
    Response::from_parts(head, StreamBody::new(chunks).boxed_unsync())
}

/// Compresses a body that is there as a whole; streamed ones (they have a Content-Length) stay.
pub(super) async fn gzip(answer: Answer) -> Answer {
    use tokio::io::AsyncReadExt;
    if answer.headers().contains_key(CONTENT_LENGTH) {
        return answer;
    }
    let (mut head, body) = answer.into_parts();
    let Ok(collected) = body.collect().await else { return Response::from_parts(head, whole(Bytes::new())) };
    let bytes = collected.to_bytes();
    if bytes.is_empty() {
        return Response::from_parts(head, whole(bytes));
    }
    let mut packed = Vec::new();
    let mut encoder = async_compression::tokio::bufread::GzipEncoder::new(&bytes[..]);
    if encoder.read_to_end(&mut packed).await.is_err() {
        return Response::from_parts(head, whole(bytes));
    }
    head.headers.insert(http::header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    head.headers.insert(http::header::VARY, HeaderValue::from_static("accept-encoding"));
    Response::from_parts(head, whole(packed))
}
