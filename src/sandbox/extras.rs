//! What the sandbox offers beyond Pega: an echo for the generic sample, bodies of any size for
//! demonstrations, the switches, the authority's certificate.

use super::answer::{self, Answer, wrong_method};
use super::call::Call;
use super::pages;
use super::state::Shared;
use base64::Engine;
use bytes::Bytes;
use serde_json::{Map, Value as Json, json};

/// Bytes made at a time.
const CHUNK: usize = 64 * 1024;
/// The largest body made: ten times the largest one promised to be fast.
const MAX_MADE: u64 = 16 * 1024 * 1024 * 1024;

/// The answer for a path after `/sandbox`.
pub(super) fn answer(shared: &Shared, call: &Call, rest: &[&str]) -> Answer {
    match (call.verb(), rest) {
        (_, ["echo"]) => echo(call),
        ("GET", ["bytes"]) => make(call),
        ("GET", ["ca.pem"]) => match shared.tls.as_ref().and_then(|t| t.authority.clone()) {
            Some(pem) => answer::text(200, "application/x-pem-file", pem),
            None => answer::text(404, "text/plain;charset=UTF-8", "no authority: no TLS switch is on\n"),
        },
        ("GET", ["log"]) => answer::json(200, &shared.lock().log.json()),
        ("GET", ["faults"]) => switches(shared),
        ("PUT", ["faults"]) => {
            let names = serde_json::from_slice::<Json>(&call.body)
                .ok()
                .and_then(|body| serde_json::from_value::<Vec<String>>(body["on"].clone()).ok());
            let Some(names) = names else {
                return answer::json(400, &json!({ "error": "the body is {\"on\": [names]}" }));
            };
            match shared.set_faults(&names) {
                Ok(()) => switches(shared),
                Err(p) => answer::json(400, &json!({ "error": p.what, "next": p.next })),
            }
        }
        (_, ["faults"]) => wrong_method("GET, PUT"),
        (_, ["bytes"] | ["ca.pem"] | ["log"]) => wrong_method("GET"),
        _ => answer::html(404, pages::plain("404 Not Found", "There is nothing at this address.")),
    }
}

/// What is on, and what there is.
fn switches(shared: &Shared) -> Answer {
    let list = |all: &[super::FaultInfo]| -> Vec<Json> {
        all.iter().map(|f| json!({ "name": f.name, "code": f.code, "text": f.text })).collect()
    };
    answer::json(
        200,
        &json!({
            "on": shared.faults().names(),
            "faults": list(super::faults()),
            "modifiers": list(super::modifiers()),
        }),
    )
}

/// The request as it came, credentials masked.
fn echo(call: &Call) -> Answer {
    let headers: Vec<Json> = call
        .headers
        .iter()
        .map(|(name, value)| {
            let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
            let shown = match name.as_str() {
                "authorization" | "proxy-authorization" => match text.split_once(' ') {
                    Some((scheme, _)) => format!("{scheme} {}", crate::model::secret::MASK),
                    None => crate::model::secret::MASK.to_owned(),
                },
                "cookie" => crate::model::secret::MASK.to_owned(),
                _ => text,
            };
            json!({ "name": name.as_str(), "value": shown })
        })
        .collect();
    let params: Vec<Json> = url::form_urlencoded::parse(call.query.as_bytes())
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    let mut body = Map::new();
    body.insert("method".to_owned(), json!(call.method.as_str()));
    body.insert("path".to_owned(), json!(call.path));
    body.insert("params".to_owned(), json!(params));
    body.insert("headers".to_owned(), json!(headers));
    match std::str::from_utf8(&call.body) {
        Ok(text) => {
            body.insert("body".to_owned(), json!(text));
            if let Ok(parsed) = serde_json::from_str::<Json>(text) {
                body.insert("json".to_owned(), parsed);
            }
        }
        Err(_) => {
            let text = base64::engine::general_purpose::STANDARD.encode(&call.body);
            body.insert("body_base64".to_owned(), json!(text));
        }
    }
    answer::json(200, &Json::Object(body))
}

fn make(call: &Call) -> Answer {
    let Some(n) =
        call.param("n").unwrap_or_else(|| "1024".to_owned()).parse().ok().filter(|n| *n <= MAX_MADE)
    else {
        return answer::json(400, &json!({ "error": "n is a number of bytes, at most 16 GiB" }));
    };
    let (kind, content_type) = match call.param("kind").as_deref().unwrap_or("json") {
        "json" => (Kind::Json, "application/json"),
        "text" => (Kind::Text, "text/plain;charset=UTF-8"),
        "binary" => (Kind::Binary, "application/octet-stream"),
        _ => return answer::json(400, &json!({ "error": "kind is json, text or binary" })),
    };
    // HEAD gets the length and no generator.
    answer::streamed(200, content_type, n, futures_util::stream::iter(Maker::new(kind, n).map(Ok)))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    Text,
    Binary,
}

/// Makes exactly the bytes asked for, a chunk at a time. Every JSON body is one valid document.
struct Maker {
    kind: Kind,
    left: u64,
    row: u64,
    begun: bool,
}

impl Maker {
    /// Room kept for the end of a JSON body: `],"pad":"…"}`.
    const TAIL: u64 = 16;
    /// No row is longer.
    const ROW: u64 = 128;

    fn new(kind: Kind, n: u64) -> Self {
        Self { kind, left: n, row: 0, begun: false }
    }

    fn chunk(&mut self) -> Vec<u8> {
        let mut out = Vec::with_capacity(CHUNK + 256);
        match self.kind {
            Kind::Binary => {
                let count = self.left.min(CHUNK as u64);
                out.extend(
                    (0..count).map(|i| (self.row.wrapping_add(i).wrapping_mul(2_654_435_761) >> 11) as u8),
                );
                self.row += count;
            }
            Kind::Text => {
                while out.len() < CHUNK {
                    self.row += 1;
                    out.extend(
                        format!("line {:>9}: the quick brown fox jumps over the lazy dog\n", self.row)
                            .bytes(),
                    );
                }
                out.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
            }
            Kind::Json if !self.begun && self.left < 64 => {
                // Too short for an object: a digit or a string of the right length.
                match self.left {
                    1 => out.push(b'0'),
                    n => {
                        out.push(b'"');
                        out.extend((2..n).map(|_| b'x'));
                        out.push(b'"');
                    }
                }
            }
            Kind::Json => self.json(&mut out),
        }
        self.begun = true;
        self.left -= out.len() as u64;
        out
    }

    fn json(&mut self, out: &mut Vec<u8>) {
        if !self.begun {
            out.extend(b"{\"rows\":[\n");
        }
        while out.len() < CHUNK {
            let left = self.left - out.len() as u64;
            if left < Self::ROW + 2 * Self::TAIL {
                let frame = b"],\"pad\":\"\"}".len() as u64;
                out.extend(b"],\"pad\":\"");
                out.extend((frame..left).map(|_| b'x'));
                out.extend(b"\"}");
                return;
            }
            let comma = if self.row == 0 { "" } else { ",\n" };
            let (row, even) = (self.row, self.row.is_multiple_of(2));
            self.row += 1;
            out.extend(
                format!("{comma}{{\"id\":{row},\"key\":\"ACME-CASES-WORK APP-{row}\",\"open\":{even},\"urgency\":{}}}", row % 100)
                    .bytes(),
            );
        }
    }
}

impl Iterator for Maker {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        (self.left > 0).then(|| Bytes::from(self.chunk()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_have_exactly_the_size_asked_for_and_json_is_json() {
        for n in [0u64, 1, 2, 63, 64, 100, 191, 192, 200, 1000, 65_536, 65_700, 200_000] {
            for kind in [Kind::Json, Kind::Text, Kind::Binary] {
                let body: Vec<u8> = Maker::new(kind, n).flatten().collect();
                assert_eq!(body.len() as u64, n);
                if kind == Kind::Json && n > 0 {
                    assert!(serde_json::from_slice::<Json>(&body).is_ok(), "{n}");
                }
            }
        }
    }
}
