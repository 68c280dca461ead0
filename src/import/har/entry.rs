//! One entry of a recording to an exchange, and what it does not tell.

use super::{HarEntry, failure, loose};
use crate::model::exchange::{BodyData, Exchange, Failure, Header, Response, SentRequest, header};
use crate::model::secret::sounds_secret;
use crate::model::timing::Timings;
use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use serde_json::Value as Json;
use std::time::Duration;

/// Stands for a time that the recording does not tell.
pub(super) const NO_TIME: Timestamp = Timestamp::UNIX_EPOCH;

/// How much of a body is kept, in bytes.
const MAX_BODY: usize = 4 * 1024 * 1024;
/// How much of a header's value is kept.
const MAX_HEADER: usize = 64 * 1024;
/// How much of a URL is kept; `data:` URLs are whole files.
const MAX_URL: usize = 64 * 1024;

/// Takes what recorders write: with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Reads one.
///
/// # Errors
/// When there is nothing in it to speak of, in words that follow `entry 3`.
pub(super) fn read(index: usize, json: &Json) -> Result<HarEntry, String> {
    if !json.is_object() {
        return Err("is no object".to_owned());
    }
    let part = |name: &str| json.get(name).filter(|v| v.is_object()).unwrap_or(&Json::Null);
    let (asked, answered) = (part("request"), part("response"));
    if asked.is_null() && answered.is_null() {
        return Err("holds neither a request nor a response".to_owned());
    }
    let mut missing = Vec::new();
    let request = request(asked, &mut missing);
    let mut response = response(answered, &request.method, &mut missing);
    let words = failure::words(json, response.is_some());
    let failure = match (&mut response, &words) {
        (Some(response), Some(words)) => {
            // Words that only repeat the status (`net::ERR_INVALID_AUTH_CREDENTIALS`) or tell of the page's own rules break
            // no body off.
            let lower = words.to_ascii_lowercase();
            let whole = ["auth", "blocked", "response_code", "cors"].iter().any(|word| lower.contains(word));
            response.incomplete = (!whole).then(|| words.clone());
            None
        }
        (None, Some(words)) => failure::of(words),
        _ => None,
    };
    if response.is_none() && failure.is_none() {
        let said = words.map(|w| format!(", only `{w}`")).unwrap_or_default();
        missing.push(format!("the recording holds no answer{said}"));
    }
    let exchange = exchange(json, request, response, failure, &mut missing);
    Ok(HarEntry { index, exchange, missing, label: json.get("_hallpass").cloned() })
}

fn exchange(
    json: &Json,
    request: SentRequest,
    response: Option<Response>,
    failure: Option<Failure>,
    missing: &mut Vec<String>,
) -> Exchange {
    let (timings, before, after) = timings(json);
    let cached =
        ["_fromCache", "fromDiskCache", "fromCache", "_fetchedViaServiceWorker"].iter().any(|name| {
            loose::truth(json.get(name)) || json.get(name).is_some_and(|v| v == "memory" || v == "disk")
        });
    let date = response.as_ref().filter(|r| !cached && !is_aged(r)).and_then(date);
    let said = loose::text(json.get("startedDateTime")).and_then(|text| started(&text));
    let (started, clock_offset_ms) = match (said, date) {
        (Some(started), date) => (started, date.and_then(|d| offset(d, started, before, after))),
        (None, Some(date)) => {
            missing.push(
                "the recording does not tell when it was sent: the server's `Date` stands for it".to_owned(),
            );
            (date, Some(0))
        }
        (None, None) => {
            missing.push("the recording does not tell when it was sent".to_owned());
            (NO_TIME, None)
        }
    };
    // A recorder writes -1 where nothing was connected.
    let connect = loose::number(json.get("timings").and_then(|t| t.get("connect")));
    Exchange {
        request,
        redirects: Vec::new(),
        timings,
        tls: None,
        peer: loose::text(json.get("serverIPAddress")).map(|ip| loose::cut(&ip, 100)),
        proxy: None,
        reused: response.is_some() && connect.is_some_and(|ms| ms < 0.0),
        started,
        clock_offset_ms,
        failure,
        response,
    }
}

fn request(json: &Json, missing: &mut Vec<String>) -> SentRequest {
    let mut headers = headers(json.get("headers"));
    if headers.is_empty() {
        missing.push("the recording holds no request headers".to_owned());
    }
    let cookies = loose::pairs(json.get("cookies"));
    if !cookies.is_empty() && header(&headers, "cookie").is_none() {
        let pairs: Vec<String> = cookies.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        headers.push(Header::sensitive("Cookie", loose::cut(&pairs.join("; "), MAX_HEADER)));
    }
    let url = loose::text(json.get("url")).unwrap_or_default();
    if url.is_empty() {
        missing.push("the recording does not tell the URL".to_owned());
    }
    let method = loose::text(json.get("method")).map(|m| loose::cut(&m, 40)).unwrap_or_default();
    if method.is_empty() {
        missing.push("the recording does not tell the method".to_owned());
    }
    let body = request_body(json, &mut headers, missing);
    SentRequest {
        method,
        url: loose::cut(url.trim(), MAX_URL),
        http_version: version(json.get("httpVersion")),
        headers,
        body,
    }
}

fn request_body(json: &Json, headers: &mut Vec<Header>, missing: &mut Vec<String>) -> Bytes {
    let Some(post) = json.get("postData").filter(|p| p.is_object()) else {
        if loose::number(json.get("bodySize")).is_some_and(|size| size > 0.0) {
            missing.push("the recording holds no request body".to_owned());
        }
        return Bytes::new();
    };
    // The recorder took it from the header; a header that is there counts.
    if let Some(kind) = loose::text(post.get("mimeType"))
        && !headers.is_empty()
        && header(headers, "content-type").is_none()
    {
        headers.push(Header::new("Content-Type", loose::cut(&kind, 500)));
    }
    let encoded = [post.get("encoding"), post.get("_encoding")];
    let encoded =
        encoded.into_iter().flatten().any(|e| e.as_str().is_some_and(|e| e.eq_ignore_ascii_case("base64")));
    if let Some(text) = loose::text(post.get("text")) {
        return body(text, encoded, "request body", missing);
    }
    let params = loose::pairs(post.get("params"));
    let kind = loose::text(post.get("mimeType")).unwrap_or_default().to_ascii_lowercase();
    if params.is_empty() || kind.starts_with("multipart/") {
        if loose::number(json.get("bodySize")).is_some_and(|size| size > 0.0) || !params.is_empty() {
            missing.push("the recording holds no request body".to_owned());
        }
        return Bytes::new();
    }
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(params.iter().map(|(name, value)| (decoded(name), decoded(value))));
    Bytes::from(form.finish())
}

/// Chromium writes the parameters of a form still encoded, others do not: what reads as an encoding is taken as one.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let escapes = |at: usize| bytes.get(at + 1..at + 3).is_some_and(|h| h.iter().all(u8::is_ascii_hexdigit));
    let any = bytes.contains(&b'%');
    if any && memchr::memchr_iter(b'%', bytes).all(escapes) {
        return percent_encoding::percent_decode(bytes).decode_utf8_lossy().into_owned();
    }
    text.to_owned()
}

fn response(json: &Json, method: &str, missing: &mut Vec<String>) -> Option<Response> {
    let status = loose::number(json.get("status")).filter(|s| (100.0..1000.0).contains(s))?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within 100 to 999 as just seen"
    )]
    let status = status as u16;
    let mut headers = headers(json.get("headers"));
    if headers.is_empty() {
        missing.push("the recording holds no response headers".to_owned());
    }
    if header(&headers, "set-cookie").is_none() {
        for cookie in json.get("cookies").and_then(Json::as_array).into_iter().flatten().take(200) {
            headers.extend(set_cookie(cookie));
        }
    }
    let to = loose::text(json.get("redirectURL")).filter(|_| header(&headers, "location").is_none());
    if let Some(to) = to {
        headers.push(Header::new("Location", loose::cut(&to, MAX_URL)));
    }
    let content = json.get("content").unwrap_or(&Json::Null);
    let size = |value: Option<&Json>| loose::number(value).filter(|n| *n > 0.0);
    let encoded =
        content.get("encoding").and_then(Json::as_str).is_some_and(|e| e.eq_ignore_ascii_case("base64"));
    let body = match loose::text(content.get("text")) {
        Some(text) => body(text, encoded, "body of the answer", missing),
        None => {
            let expected = size(content.get("size")).or_else(|| size(json.get("bodySize")));
            if let Some(size) = expected.filter(|_| method != "HEAD" && status != 304) {
                missing.push(format!("the recording holds no body of the answer ({size} bytes)"));
            }
            Bytes::new()
        }
    };
    // Some recorders write no headers, but what kind of body it was.
    if let Some(kind) =
        loose::text(content.get("mimeType")).filter(|k| k.contains('/') && !k.contains("unknown"))
        && headers.is_empty()
    {
        headers.push(Header::new("Content-Type", loose::cut(&kind, 500)));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a size above 0; too large a one saturates"
    )]
    let wire_size = size(json.get("bodySize")).map_or(body.len() as u64, |n| n as u64);
    let http_version = version(json.get("httpVersion")).unwrap_or_default();
    let reason = loose::text(json.get("statusText")).map(|t| loose::cut(&t, 200));
    Some(Response {
        status,
        reason,
        http_version,
        headers,
        body: if body.is_empty() { BodyData::Empty } else { BodyData::Memory(body) },
        wire_size,
        incomplete: None,
    })
}

/// A body's bytes. Too long a one is cut: what is asked of it stands at its beginning.
fn body(text: String, encoded: bool, what: &str, missing: &mut Vec<String>) -> Bytes {
    if !encoded {
        if text.len() > MAX_BODY {
            missing.push(format!("only the first 4 MiB of the {what} were read"));
            return Bytes::from(loose::cut(&text, MAX_BODY));
        }
        return Bytes::from(text);
    }
    let packed: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let most = MAX_BODY / 3 * 4;
    if packed.len() > most {
        missing.push(format!("only the first 4 MiB of the {what} were read"));
    }
    match BASE64.decode(&packed[..packed.len().min(most)]) {
        Ok(bytes) => Bytes::from(bytes),
        Err(_) => {
            missing.push(format!("the {what} is marked as base64 and is none"));
            Bytes::from(loose::cut(&text, MAX_BODY))
        }
    }
}

/// Headers without the pseudo headers of HTTP/2, those that hold credentials marked.
fn headers(value: Option<&Json>) -> Vec<Header> {
    let known =
        ["authorization", "proxy-authorization", "cookie", "set-cookie", "dpop", "x-api-key", "api-key"];
    let more =
        ["x-auth-token", "x-amz-security-token", "ocp-apim-subscription-key", "x-csrf-token", "x-xsrf-token"];
    let pairs = loose::pairs(value).into_iter().filter(|(name, _)| !name.starts_with(':'));
    let pairs = pairs.map(|(name, value)| {
        let lower = name.to_ascii_lowercase();
        let sensitive = known.contains(&lower.as_str())
            || more.contains(&lower.as_str())
            || sounds_secret(&lower)
            || sounds_secret(&lower.replace('-', "_"));
        Header { name: loose::cut(&name, 200), value: loose::cut(&value, MAX_HEADER), sensitive }
    });
    pairs.collect()
}

fn set_cookie(cookie: &Json) -> Option<Header> {
    let name = loose::text(cookie.get("name"))?;
    let mut value = format!("{name}={}", loose::text(cookie.get("value")).unwrap_or_default());
    for (key, word) in [("path", "Path"), ("domain", "Domain"), ("expires", "Expires")] {
        if let Some(text) = loose::text(cookie.get(key)) {
            value.push_str(&format!("; {word}={text}"));
        }
    }
    for (key, word) in [("httpOnly", "; HttpOnly"), ("secure", "; Secure")] {
        if loose::truth(cookie.get(key)) {
            value.push_str(word);
        }
    }
    Some(Header::sensitive("Set-Cookie", loose::cut(&value, MAX_HEADER)))
}

/// `HTTP/2` for what recorders call `h2`, `http/2.0`, `HTTP/2`.
fn version(value: Option<&Json>) -> Option<String> {
    let text = loose::text(value)?.trim().to_ascii_lowercase();
    let known = match text.as_str() {
        "h2" | "h2c" | "http/2" | "http/2.0" | "http2" | "2" | "2.0" => "HTTP/2",
        "h3" | "h3-29" | "http/3" | "http/3.0" | "http3" | "3" | "quic" => "HTTP/3",
        "http/1.1" | "1.1" => "HTTP/1.1",
        "http/1.0" | "1.0" => "HTTP/1.0",
        _ => return None,
    };
    Some(known.to_owned())
}

/// When it began: RFC 3339, also without its colon in the offset or without an offset (then it is UTC).
fn started(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse::<Timestamp>()
        .ok()
        .or_else(|| Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).ok())
        .or_else(|| {
            let local: jiff::civil::DateTime = text.parse().ok()?;
            local.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
        })
        .filter(|time| *time > NO_TIME)
}

/// Phases, and from the start to when the request had been sent, and to when the answer began; both unknown where the phases are.
fn timings(json: &Json) -> (Timings, Option<Duration>, Option<Duration>) {
    let total = loose::millis(json.get("time"));
    let Some(phases) = json.get("timings").filter(|t| t.is_object()) else {
        return (Timings { total, ..Timings::default() }, None, total);
    };
    let of = |name: &str| loose::millis(phases.get(name));
    let (ssl, wait) = (of("ssl"), of("wait"));
    // In HAR `connect` holds `ssl`.
    let connect = of("connect").map(|c| c.saturating_sub(ssl.unwrap_or_default()));
    let timings = Timings { dns: of("dns"), connect, tls: ssl, wait, download: of("receive"), total };
    let zero = Duration::ZERO;
    let head: Duration = ["blocked", "dns", "connect"].iter().map(|name| of(name).unwrap_or(zero)).sum();
    let after = wait.map(|wait| head + of("send").unwrap_or(zero) + wait);
    (timings, after.map(|_| head), after.or(total))
}

/// Server's clock minus the recorder's: `Date` minus the midpoint of sending and receiving.
fn offset(
    date: Timestamp,
    started: Timestamp,
    before: Option<Duration>,
    after: Option<Duration>,
) -> Option<i64> {
    let millis = |d: Option<Duration>| i64::try_from(d.unwrap_or_default().as_millis()).ok();
    let (from, to) = (millis(before)?, millis(after)?);
    let middle = started.as_millisecond().checked_add(from)?.checked_add((to - from) / 2)?;
    date.as_millisecond().checked_sub(middle)
}

/// True when a cache answered.
fn is_aged(response: &Response) -> bool {
    response.status == 304
        || response.header("age").is_some_and(|age| age.trim().parse::<u64>().map_or(true, |age| age > 0))
}

fn date(response: &Response) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(response.header("date")?.trim()).ok()
}
