//! What a redirect does to a request: method, body, and above all which credentials go no further.
//!
//! An origin is scheme, host and port. Across origins everything that is or came from a secret
//! stays behind, and what was once dropped is not sent again, even when a later redirect leads
//! back: a chain that left the origin is no longer under its control.

use super::prepare::{Hop, take_userinfo};
use crate::model::exchange::{Failure, FailureKind, Redirect};
use http::header::{self, HeaderName};
use http::{Method, StatusCode};
use url::Url;

/// Carries credentials whatever its value came from.
const CREDENTIALS: [&str; 11] = [
    "authorization",
    "cookie",
    "cookie2",
    "proxy-authorization",
    "dpop",
    "x-api-key",
    "api-key",
    "apikey",
    "x-auth-token",
    "x-amz-security-token",
    "ocp-apim-subscription-key",
];

const CONTENT: [HeaderName; 6] = [
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LOCATION,
    header::TRANSFER_ENCODING,
];

/// Which parts of the first request are secret.
#[derive(Debug, Clone, Default)]
pub(super) struct Secrets {
    /// The body.
    pub body: bool,
    /// Query pairs of the first URL that may not be echoed to another origin.
    pub query: Vec<(String, String)>,
}

impl Secrets {
    /// What a request keeps secret.
    pub fn new(body: bool, url: &Url, url_sensitive: bool) -> Self {
        let pairs = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
            (!value.is_empty() || !name.is_empty()).then(|| (name.into_owned(), value.into_owned()))
        };
        let query = if url_sensitive { url.query_pairs().filter_map(pairs).collect() } else { Vec::new() };
        Self { body, query }
    }
}

/// True for a status that may name another place.
pub(super) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The next hop, and the record of how it came to be.
pub(super) fn follow(
    hop: &Hop,
    status: StatusCode,
    location: &[u8],
    secrets: &Secrets,
) -> Result<(Hop, Redirect), Failure> {
    let text = String::from_utf8_lossy(location);
    let mut to =
        hop.url.join(text.trim()).map_err(|e| failure(format!("the redirect does not name a URL: {e}")))?;
    if !matches!(to.scheme(), "http" | "https") || !to.has_host() {
        return Err(failure(format!("the redirect leads to `{}:`, which is not http or https", to.scheme())));
    }
    // Credentials that a server puts into a location are not the user's.
    take_userinfo(&mut to);
    to.set_fragment(None);

    let mut next = hop.clone();
    let method_changed = becomes_get(status, &hop.method);
    if method_changed {
        next.method = Method::GET;
        drop_body(&mut next);
    }
    let mut dropped = Vec::new();
    if !same_origin(&hop.url, &to) {
        dropped = drop_credentials(&mut next);
        if secrets.body && !next.body.is_empty() {
            drop_body(&mut next);
            dropped.push("body".to_owned());
        }
        if drop_echoed(&mut to, &secrets.query) {
            dropped.push("query".to_owned());
        }
    }
    next.url = to;
    next.set_length();
    let redirect = Redirect {
        status: status.as_u16(),
        from: hop.url.to_string(),
        to: next.url.to_string(),
        dropped,
        method_changed,
    };
    Ok((next, redirect))
}

/// RFC 9110 15.4: 303 always asks for a GET; 301 and 302 turn POST into GET as all user agents do.
fn becomes_get(status: StatusCode, method: &Method) -> bool {
    match status.as_u16() {
        301 | 302 => *method == Method::POST,
        303 => *method != Method::GET && *method != Method::HEAD,
        _ => false,
    }
}

/// Same scheme, host and port; a trailing dot and default ports make no difference.
pub(super) fn same_origin(a: &Url, b: &Url) -> bool {
    let host = |url: &Url| url.host_str().unwrap_or("").trim_end_matches('.').to_ascii_lowercase();
    a.scheme() == b.scheme() && host(a) == host(b) && a.port_or_known_default() == b.port_or_known_default()
}

fn drop_body(hop: &mut Hop) {
    hop.body = bytes::Bytes::new();
    for name in CONTENT {
        hop.headers.remove(name);
    }
}

/// Removes what identifies the user and what is bound to the old host; gives the names.
fn drop_credentials(hop: &mut Hop) -> Vec<String> {
    let names: Vec<HeaderName> = hop
        .headers
        .keys()
        .filter(|name| {
            CREDENTIALS.contains(&name.as_str())
                || **name == header::HOST
                || hop.headers.get_all(*name).iter().any(|value| value.is_sensitive())
        })
        .cloned()
        .collect();
    for name in &names {
        hop.headers.remove(name);
    }
    names.iter().map(|name| name.as_str().to_owned()).collect()
}

/// A server that answers `/a?key=S` with `Location: //other/a?key=S` must not get the key carried
/// over. True when something was removed.
fn drop_echoed(to: &mut Url, secret: &[(String, String)]) -> bool {
    let Some(query) = to.query() else { return false };
    if secret.is_empty() {
        return false;
    }
    let kept: Vec<&str> = query
        .split('&')
        .filter(|piece| {
            let pair = url::form_urlencoded::parse(piece.as_bytes()).next();
            !pair.is_some_and(|(name, value)| {
                secret.iter().any(|(n, v)| {
                    // A long value counts by itself: it may come back under another name.
                    *v == value && (*n == name || v.len() >= 6)
                })
            })
        })
        .collect();
    if kept.len() == query.split('&').count() {
        return false;
    }
    let query = kept.join("&");
    to.set_query((!query.is_empty()).then_some(query.as_str()));
    true
}

fn failure(text: String) -> Failure {
    Failure { kind: FailureKind::Url, text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Outgoing;
    use crate::model::exchange::Header;
    use bytes::Bytes;
    use std::time::Duration;

    const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];
    const FROM: &str = "https://api.example.com/a?key=QSECRET&page=1";

    fn hop(method: &str) -> Hop {
        Hop::new(&Outgoing {
            method: method.to_owned(),
            url: FROM.to_owned(),
            headers: vec![
                Header::new("Authorization", "Bearer ASECRET"),
                Header::new("Cookie", "sid=CSECRET"),
                Header::new("X-Api-Key", "KSECRET"),
                Header::sensitive("X-Tenant", "TSECRET"),
                Header::new("Host", "inner.example"),
                Header::new("Content-Type", "application/json"),
                Header::new("X-Plain", "plain"),
            ],
            body: Bytes::from_static(b"client_secret=BSECRET"),
            body_sensitive: true,
            url_sensitive: true,
            timeout: Duration::ZERO,
            redirects: 5,
            http_version: None,
            body_memory: 0,
            body_limit: 0,
            per_hop: None,
        })
        .unwrap()
    }

    fn go(method: &str, status: u16, location: &str) -> Result<(Hop, Redirect), Failure> {
        let hop = hop(method);
        let secrets = Secrets::new(true, &hop.url, true);
        follow(&hop, StatusCode::from_u16(status).unwrap(), location.as_bytes(), &secrets)
    }

    fn wire(hop: &Hop) -> String {
        format!(
            "{:?} {} {:?}",
            hop.sent(None).headers.iter().map(|h| &h.value).collect::<Vec<_>>(),
            hop.url,
            hop.body
        )
    }

    #[test]
    fn no_secret_reaches_another_origin_by_any_status_and_method() {
        let elsewhere = [
            "https://api.example.com:8443/b",
            "https://evil.example/b",
            "https://www.api.example.com/b",
            "https://example.com/b",
            "http://api.example.com/b",
            "http://api.example.com:443/b",
            "//evil.example/b",
            "https://evil.example/b?key=QSECRET&x=1",
            "https://evil.example/b?renamed=QSECRET",
            "https://user:pw@evil.example/b",
            "https://api.example.com@evil.example/",
            "https://xn--pi-jia.example.com/",
            "https://api.example.com.evil.example/",
        ];
        let mut cells = 0;
        for location in elsewhere {
            for status in STATUSES {
                for method in ["GET", "POST", "PUT", "HEAD", "DELETE"] {
                    let (next, redirect) = go(method, status, location).unwrap();
                    let wire = wire(&next);
                    assert!(!wire.contains("SECRET"), "{method} {status} {location}: {wire}");
                    assert!(wire.contains("plain"));
                    for name in ["authorization", "cookie", "x-api-key", "x-tenant"] {
                        assert!(redirect.dropped.iter().any(|d| d == name), "{name} not recorded");
                    }
                    assert!(!wire.contains("Basic"), "userinfo became a header");
                    cells += 1;
                }
            }
        }
        assert!(cells >= 300, "{cells}");
    }

    #[test]
    fn the_same_origin_keeps_credentials_however_it_is_spelled() {
        let same = [
            "/b",
            "b?x",
            "https://API.example.com/b",
            "https://api.example.com:443/b",
            "https://api.example.com./b",
            "?y",
        ];
        for location in same {
            for status in STATUSES {
                let (next, redirect) = go("GET", status, location).unwrap();
                assert_eq!(redirect.dropped, Vec::<String>::new(), "{location}");
                assert_eq!(next.headers["authorization"], "Bearer ASECRET");
                assert_eq!(next.headers["x-tenant"], "TSECRET");
            }
        }
    }

    #[test]
    fn post_becomes_get_for_301_302_303_and_stays_for_307_308() {
        for status in STATUSES {
            let (next, redirect) = go("POST", status, "/b").unwrap();
            let changes = status < 304;
            assert_eq!(redirect.method_changed, changes, "{status}");
            assert_eq!(next.method, if changes { Method::GET } else { Method::POST });
            assert_eq!(next.body.is_empty(), changes);
            assert_eq!(next.headers.contains_key("content-type"), !changes);
            assert_eq!(next.headers.contains_key("content-length"), !changes);
            let (next, redirect) = go("HEAD", status, "/b").unwrap();
            assert_eq!((next.method, redirect.method_changed), (Method::HEAD, false));
        }
        assert_eq!(go("PUT", 303, "/b").unwrap().0.method, Method::GET);
        assert_eq!(go("PUT", 302, "/b").unwrap().0.method, Method::PUT);
    }

    #[test]
    fn a_secret_body_that_is_not_sent_on_is_recorded() {
        let (next, redirect) = go("POST", 307, "https://evil.example/").unwrap();
        assert!(next.body.is_empty());
        assert!(redirect.dropped.contains(&"body".to_owned()));
        assert_eq!(next.headers["content-length"], "0");
    }

    #[test]
    fn what_was_dropped_stays_dropped_on_the_way_back() {
        let first = hop("GET");
        let secrets = Secrets::new(true, &first.url, true);
        let status = StatusCode::FOUND;
        let (there, _) = follow(&first, status, b"https://evil.example/", &secrets).unwrap();
        let (back, _) = follow(&there, status, b"https://api.example.com/a", &secrets).unwrap();
        assert!(!wire(&back).contains("SECRET"));
    }

    #[test]
    fn a_location_that_is_not_http_is_a_failure() {
        for location in ["ftp://x/", "javascript:alert(1)", "file:///etc/passwd", "http://[", "data:,x"] {
            assert_eq!(
                go("GET", 302, location).map(|_| ()).unwrap_err().kind,
                FailureKind::Url,
                "{location}"
            );
        }
    }
}
