//! One exchange in the shape of `send --json`.

use super::Masking;
use crate::model::exchange::{BodyData, Exchange, Header, Response, SentRequest, TlsFacts, header};
use crate::model::redact::Redactor;
use crate::model::secret::MASK;
use crate::model::timing::Timings;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value as Json, json};
use std::time::Duration;

/// Who looks, and how much of it is shown.
pub(super) struct View<'a> {
    pub redactor: &'a Redactor,
    pub masking: Masking,
    /// Bodies above this many bytes are left out, their size is said instead.
    pub body_limit: Option<u64>,
}

impl View<'_> {
    fn masked(&self) -> bool {
        self.masking == Masking::Masked
    }

    /// A text without known secrets.
    pub fn text(&self, text: &str) -> String {
        if self.masked() { self.redactor.mask(text) } else { text.to_owned() }
    }

    /// A value with its texts without known secrets.
    pub fn json(&self, value: &Json) -> Json {
        match value {
            Json::String(text) => Json::from(self.text(text)),
            Json::Array(list) => list.iter().map(|v| self.json(v)).collect(),
            Json::Object(map) => map.iter().map(|(k, v)| (k.clone(), self.json(v))).collect(),
            other => other.clone(),
        }
    }

    /// A URL without known secrets, without a password in its authority, and without the values of
    /// query fields that are secrets by their name.
    pub fn url(&self, url: &str) -> String {
        if !self.masked() {
            return url.to_owned();
        }
        let mut shown = self.redactor.mask(url);
        if let Some((head, tail)) = shown.split_once('?') {
            let (query, fragment) = tail.split_at(tail.find('#').unwrap_or(tail.len()));
            shown = format!("{head}?{}{fragment}", mask_fields(query));
        }
        let Some((scheme, rest)) = shown.split_once("://") else { return shown };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        match rest[..end].rsplit_once('@') {
            Some((_, host)) => format!("{scheme}://{MASK}@{host}{}", &rest[end..]),
            None => shown,
        }
    }

    fn headers(&self, headers: &[Header]) -> Json {
        let one = |header: &Header| {
            let value = if self.masked() { self.header(header) } else { header.value.clone() };
            json!({ "name": header.name, "value": value })
        };
        headers.iter().map(one).collect()
    }

    /// Cookies keep their name: whether one is there matters, what it holds is a session.
    fn header(&self, header: &Header) -> String {
        if header.name.eq_ignore_ascii_case("set-cookie") {
            let (pair, attributes) = header.value.split_once(';').unwrap_or((&header.value, ""));
            let name = pair.split('=').next().unwrap_or("").trim();
            let between = if attributes.is_empty() { "" } else { ";" };
            return format!("{name}={MASK}{between}{}", self.text(attributes));
        }
        self.redactor.header(header)
    }

    pub fn request(&self, exchange: Option<&Exchange>) -> Json {
        match exchange {
            Some(exchange) => self.sent_request(&exchange.request),
            None => json!({ "method": null, "url": null, "http_version": null, "headers": [], "body": null }),
        }
    }

    pub fn sent_request(&self, request: &SentRequest) -> Json {
        let mut out = json!({
            "method": request.method,
            "url": self.url(&request.url),
            "http_version": request.http_version,
            "headers": self.headers(&request.headers),
        });
        if request.body.is_empty() {
            out["body"] = Json::Null;
            return out;
        }
        self.put_body(&mut out, &BodyData::Memory(request.body.clone()), "");
        let media_type = header(&request.headers, "content-type").unwrap_or("").to_ascii_lowercase();
        if self.masked() && media_type.starts_with("application/x-www-form-urlencoded") {
            let shown = out["body"].as_str().map(mask_fields);
            out["body"] = Json::from(shown);
        }
        out
    }

    pub fn response(&self, exchange: Option<&Exchange>) -> Json {
        let response = exchange.and_then(|e| e.response.as_ref());
        let redirects = exchange.map(|e| e.redirects.as_slice()).unwrap_or_default().iter().map(|r| {
            json!({ "status": r.status, "from": self.url(&r.from), "to": self.url(&r.to), "dropped": r.dropped })
        });
        let redirects: Vec<Json> = redirects.collect();
        let mut out = json!({
            "status": response.map(|r| r.status),
            "reason": response.and_then(|r| r.reason.clone()),
            "http_version": response.map(|r| r.http_version.clone()).filter(|v| !v.is_empty()),
            "headers": response.map_or_else(|| json!([]), |r| self.headers(&r.headers)),
            "body": null,
            "size": {
                "wire": response.map(|r| r.wire_size),
                "decoded": response.map(|r| r.body.len()),
            },
            "incomplete": response.and_then(|r| r.incomplete.clone()),
            "redirects": redirects,
            "timings_ms": timings(&exchange.map(|e| e.timings).unwrap_or_default()),
            "tls": exchange.and_then(|e| e.tls.as_ref()).map(tls),
            "peer": exchange.and_then(|e| e.peer.clone()),
            "proxy": exchange.and_then(|e| e.proxy.clone()),
            "reused": exchange.map(|e| e.reused),
            "started": exchange.map(|e| e.started.to_string()),
            "clock_offset_ms": exchange.and_then(|e| e.clock_offset_ms),
        });
        if let Some(response) = response {
            let charset = charset(response);
            self.put_body(&mut out, &response.body, &charset);
        }
        out
    }

    /// `body` as text, or null beside `body_base64` where it is none.
    fn put_body(&self, out: &mut Json, data: &BodyData, charset: &str) {
        out["body"] = Json::Null;
        if self.body_limit.is_some_and(|limit| data.len() > limit) {
            out["body_left_out"] = Json::from(data.len());
            return;
        }
        match whole(data) {
            Ok(bytes) => match text(&bytes, charset) {
                Some(text) => out["body"] = Json::from(self.text(&text)),
                None => out["body_base64"] = Json::from(STANDARD.encode(&bytes)),
            },
            Err(e) => out["body_unreadable"] = Json::from(e.to_string()),
        }
    }
}

/// Fields of a form or query that are secrets by their name, however short: the redactor passes over texts too
/// short to be replaced everywhere.
const SECRET_FIELDS: [&str; 12] = [
    "access_token",
    "api_key",
    "client_secret",
    "id_token",
    "client_assertion",
    "assertion",
    "password",
    "code",
    "code_verifier",
    "refresh_token",
    "subject_token",
    "token",
];

fn mask_fields(form: &str) -> String {
    let fields = form.split('&').map(|field| match field.split_once('=') {
        Some((name, value)) if SECRET_FIELDS.contains(&name) && !value.is_empty() => format!("{name}={MASK}"),
        _ => field.to_owned(),
    });
    fields.collect::<Vec<_>>().join("&")
}

fn whole(data: &BodyData) -> std::io::Result<Bytes> {
    match data {
        BodyData::Spooled(file) => std::fs::read(&file.path).map(Bytes::from),
        other => Ok(other.bytes().unwrap_or_default()),
    }
}

fn charset(response: &Response) -> String {
    let value = response.header("content-type").unwrap_or("").to_ascii_lowercase();
    let stated = value.split_once("charset=").map(|(_, rest)| rest.split(';').next().unwrap_or(""));
    stated.unwrap_or("").trim().trim_matches('"').to_owned()
}

/// The text of a body: UTF-8, else the charset it states; `None` for what is no text.
fn text(bytes: &[u8], charset: &str) -> Option<String> {
    let stated = encoding_rs::Encoding::for_label(charset.as_bytes()).filter(|e| *e != encoding_rs::UTF_8);
    if let Some(encoding) = stated {
        let (text, _, broken) = encoding.decode(bytes);
        return (!broken).then(|| text.into_owned());
    }
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

fn timings(timings: &Timings) -> Json {
    let millis = |d: Option<Duration>| d.map(|d| (d.as_secs_f64() * 1_000_000.0).round() / 1000.0);
    let mut out = serde_json::Map::new();
    for (name, duration) in timings.phases() {
        out.insert(name.to_owned(), json!(millis(duration)));
    }
    out.insert("total".to_owned(), json!(millis(timings.total)));
    Json::Object(out)
}

fn tls(facts: &TlsFacts) -> Json {
    let chain = facts.chain.iter().map(|c| {
        json!({
            "subject": c.subject,
            "issuer": c.issuer,
            "names": c.names,
            "not_before": c.not_before.map(|t| t.to_string()),
            "not_after": c.not_after.map(|t| t.to_string()),
            "sha256": c.sha256,
        })
    });
    json!({
        "version": facts.version,
        "cipher": facts.cipher,
        "alpn": facts.alpn,
        "unchecked": facts.unchecked,
        "chain": chain.collect::<Vec<_>>(),
    })
}
