//! From a request as asked for to one hop as it goes out: URL normalised, headers checked, those
//! that the engine adds made explicit so that they can be shown.

use super::Outgoing;
use crate::model::exchange::{Failure, FailureKind, Header, SentRequest};
use base64::Engine as _;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Version};
use url::Url;

const USER_AGENT: &str = concat!("hallpass/", env!("CARGO_PKG_VERSION"));
const ENCODINGS: &str = "gzip, deflate, br, zstd";

/// One request of a chain of redirects.
#[derive(Clone)]
pub(super) struct Hop {
    /// Method.
    pub method: Method,
    /// Without fragment and credentials.
    pub url: Url,
    /// All but `host`, which depends on the protocol version. Secret values are marked sensitive.
    pub headers: HeaderMap,
    /// Body; empty: none.
    pub body: Bytes,
}

impl Hop {
    /// Checks and completes a request.
    pub fn new(request: &Outgoing) -> Result<Self, Failure> {
        let method = Method::from_bytes(request.method.as_bytes()).map_err(|_| {
            failure(FailureKind::Header, format!("`{}` is not a method", request.method.escape_debug()))
        })?;
        let mut url = parse_url(&request.url)?;
        let mut headers = HeaderMap::with_capacity(request.headers.len() + 6);
        for row in &request.headers {
            let (name, value) = header(row)?;
            headers.append(name, value);
        }
        if let Some(value) = take_userinfo(&mut url)
            && !headers.contains_key(header::AUTHORIZATION)
        {
            headers.append(header::AUTHORIZATION, value);
        }
        let mut default = |name, value| {
            if !headers.contains_key(&name) {
                headers.append(name, HeaderValue::from_static(value));
            }
        };
        default(header::USER_AGENT, USER_AGENT);
        default(header::ACCEPT, "*/*");
        default(header::ACCEPT_ENCODING, ENCODINGS);
        let mut hop = Self { method, url, headers, body: request.body.clone() };
        hop.set_length();
        Ok(hop)
    }

    /// States the length of the body, whatever was there: a wrong length would desynchronise the
    /// connection. Methods that usually carry a body state its absence, RFC 9110 8.6.
    pub fn set_length(&mut self) {
        let expects = matches!(self.method, Method::POST | Method::PUT | Method::PATCH);
        self.headers.remove(header::CONTENT_LENGTH);
        if self.headers.contains_key(header::TRANSFER_ENCODING) {
            return;
        }
        if !self.body.is_empty() || expects {
            self.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(self.body.len()));
        }
    }

    /// Headers made for this hop in place of those of an earlier one. Secret whatever they say of themselves.
    pub fn replace(&mut self, rows: &[Header]) -> Result<(), Failure> {
        for row in rows {
            let (name, mut value) = header(row)?;
            value.set_sensitive(true);
            self.headers.insert(name, value);
        }
        Ok(())
    }

    /// The form that the client takes.
    pub fn to_request(&self) -> reqwest::Request {
        let mut request = reqwest::Request::new(self.method.clone(), self.url.clone());
        *request.headers_mut() = self.headers.clone();
        if !self.body.is_empty() {
            *request.body_mut() = Some(self.body.clone().into());
        }
        request
    }

    /// What went out. `version` is known once there is an answer; before, HTTP/1.1 is assumed for
    /// the `host` header, which HTTP/2 sends as a pseudo-header instead.
    pub fn sent(&self, version: Option<Version>) -> SentRequest {
        let mut headers: Vec<Header> = self
            .headers
            .iter()
            .map(|(name, value)| Header {
                name: name.as_str().to_owned(),
                value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
                sensitive: value.is_sensitive(),
            })
            .collect();
        if version != Some(Version::HTTP_2) && !self.headers.contains_key(header::HOST) {
            headers.push(Header::new("host", authority(&self.url)));
        }
        SentRequest {
            method: self.method.to_string(),
            url: self.url.to_string(),
            http_version: version.map(|v| version_name(v).to_owned()),
            headers,
            body: self.body.clone(),
        }
    }
}

/// `HTTP/1.1`, `HTTP/2`.
pub(super) fn version_name(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "HTTP/0.9",
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_3 => "HTTP/3",
        _ => "HTTP/1.1",
    }
}

/// Host with port where it is not the scheme's own.
pub(super) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or("");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// A URL text up to its query, credentials removed: what may stand in an error.
pub(super) fn without_query(text: &str) -> String {
    let head = text.split(['?', '#']).next().unwrap_or("");
    match head.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find('/').unwrap_or(rest.len());
            let host = rest[..end].rsplit('@').next().unwrap_or("");
            format!("{scheme}://{host}{}", &rest[end..])
        }
        None => head.to_owned(),
    }
}

fn parse_url(text: &str) -> Result<Url, Failure> {
    let shown = without_query(text);
    let mut url = Url::parse(text.trim())
        .map_err(|e| failure(FailureKind::Url, format!("`{shown}` is not a URL: {e}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        let text = format!("`{}:` is not http or https", url.scheme());
        return Err(failure(FailureKind::Url, text));
    }
    url.set_fragment(None);
    Ok(url)
}

/// Takes credentials out of a URL and gives them as a Basic header value.
pub(super) fn take_userinfo(url: &mut Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let decode = |text: &str| percent_encoding::percent_decode_str(text).collect::<Vec<u8>>();
    let mut pair = decode(url.username());
    pair.push(b':');
    pair.extend(decode(url.password().unwrap_or("")));
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let text = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn header(row: &Header) -> Result<(HeaderName, HeaderValue), Failure> {
    let name = HeaderName::from_bytes(row.name.as_bytes()).map_err(|_| {
        failure(FailureKind::Header, format!("`{}` is not a header name", row.name.escape_debug()))
    })?;
    let mut value = HeaderValue::from_bytes(row.value.as_bytes()).map_err(|_| {
        let what = if row.value.contains(['\r', '\n']) { "a line break" } else { "a control character" };
        failure(FailureKind::Header, format!("the value of header `{name}` holds {what}"))
    })?;
    let credentials = [header::AUTHORIZATION, header::PROXY_AUTHORIZATION];
    value.set_sensitive(row.sensitive || credentials.contains(&name));
    Ok((name, value))
}

fn failure(kind: FailureKind, text: String) -> Failure {
    Failure { kind, text }
}
