//! What the selectors see of an exchange. The body is decoded and parsed at most once.

use crate::model::check::Selector;
use crate::model::exchange::{Exchange, Response};
use bytes::Bytes;
use serde_json::Value as Json;
use serde_json_path::JsonPath;
use std::cell::OnceCell;

/// An exchange being looked at.
pub(super) struct Answer<'a> {
    exchange: &'a Exchange,
    json: OnceCell<Result<Json, String>>,
}

/// `Ok(None)`: there is no such thing. `Err`: why it could not be looked for.
pub(super) type Selected = Result<Option<Json>, String>;

impl<'a> Answer<'a> {
    pub fn new(exchange: &'a Exchange) -> Self {
        Self { exchange, json: OnceCell::new() }
    }

    pub fn has_response(&self) -> bool {
        self.exchange.response.is_some()
    }

    pub fn select(&self, selector: &Selector) -> Selected {
        let Some(response) = &self.exchange.response else { return Ok(None) };
        match selector {
            Selector::Status => Ok(Some(Json::from(response.status))),
            Selector::Header(name) => Ok(header(response, name)),
            Selector::Json(path) => self.json_at(path, response),
            Selector::Text => text(response).map(|t| Some(Json::String(t))),
            Selector::Duration => {
                let millis = self.exchange.timings.total.map(|d| d.as_secs_f64() * 1000.0);
                Ok(millis.map(|ms| Json::from((ms * 1000.0).round() / 1000.0)))
            }
            Selector::Size => Ok(Some(Json::from(response.body.len()))),
        }
    }

    fn json_at(&self, path: &str, response: &Response) -> Selected {
        let parsed = JsonPath::parse(path).map_err(|e| format!("`{path}` is no JSONPath: {e}"))?;
        let body = self.json.get_or_init(|| parse(response));
        // Not JSON at all: nothing is there, and `exists = false` holds.
        let Ok(body) = body else {
            return match body {
                Err(why) if why.starts_with(SPOOLED) => Err(why.clone()),
                _ => Ok(None),
            };
        };
        let mut nodes = parsed.query(body).all();
        Ok(match nodes.len() {
            0 => None,
            1 => nodes.pop().cloned(),
            _ => Some(Json::Array(nodes.into_iter().cloned().collect())),
        })
    }
}

/// How the reason starts when a body is too large to look into.
const SPOOLED: &str = "the body is too large to look into";

fn in_memory(response: &Response) -> Result<Bytes, String> {
    response.body.bytes().ok_or_else(|| format!("{SPOOLED} ({} bytes, kept in a file)", response.body.len()))
}

fn parse(response: &Response) -> Result<Json, String> {
    let bytes = in_memory(response)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    serde_json::from_slice(bytes).map_err(|e| format!("the body is no JSON: {e}"))
}

/// The body by its charset; without one UTF-8, what is broken replaced.
fn text(response: &Response) -> Result<String, String> {
    let bytes = in_memory(response)?;
    let charset = response.header("content-type").and_then(|value| {
        let (_, rest) = value.split_once("charset=")?;
        encoding_rs::Encoding::for_label(
            rest.trim_matches(['"', ' ']).split(';').next()?.trim_matches('"').as_bytes(),
        )
    });
    let (text, ..) = charset.unwrap_or(encoding_rs::UTF_8).decode(&bytes);
    Ok(text.into_owned())
}

fn header(response: &Response, name: &str) -> Option<Json> {
    let values: Vec<&str> = response
        .headers
        .iter()
        .filter(|h| h.name.eq_ignore_ascii_case(name))
        .map(|h| h.value.as_str())
        .collect();
    (!values.is_empty()).then(|| Json::String(values.join(", ")))
}
