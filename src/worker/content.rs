//! Bodies made ready for the screen, and filtered.

use crate::app::job::Content;
use crate::content::json::{JsonIndex, pretty};
use crate::content::kind::{Kind, kind};
use crate::content::lines::Lines;
use crate::jwt;
use crate::model::exchange::BodyData;
use crate::model::problem::{Problem, ProblemKind};
use bytes::Bytes;
use std::io::Read;
use std::sync::Arc;

/// Of a body that is in a file, this much is shown; saving it gives all.
const SHOWN_OF_FILE: u64 = 64 * 1024 * 1024;
/// JWTs are looked for in this much of a body.
const JWT_SEARCH: usize = 2 * 1024 * 1024;
/// Larger documents are not filtered: a value tree costs eight times the body.
const FILTER_LIMIT: usize = 32 * 1024 * 1024;

fn bytes(body: &BodyData) -> Result<(Bytes, bool), Problem> {
    match body {
        BodyData::Spooled(file) => {
            let mut bytes = Vec::new();
            std::fs::File::open(&file.path)
                .and_then(|f| f.take(SHOWN_OF_FILE).read_to_end(&mut bytes))
                .map_err(|error| {
                    Problem::new(
                        ProblemKind::File,
                        "cannot read the response body",
                        error.to_string(),
                        "send the request again",
                    )
                    .in_file(&file.path)
                })?;
            Ok((Bytes::from(bytes), file.len > SHOWN_OF_FILE))
        }
        other => Ok((other.bytes().unwrap_or_default(), false)),
    }
}

/// Indexes a body: lines always, JSON rows for JSON, JWTs found in it.
pub fn index(media_type: &str, body: &BodyData, cancelled: &dyn Fn() -> bool) -> Result<Content, Problem> {
    let (bytes, cut) = bytes(body)?;
    let mut kind = kind(media_type, &bytes[..bytes.len().min(8192)]);
    let mut json = None;
    let mut json_error = None;
    if kind == Kind::Json && !cut {
        match JsonIndex::new(bytes.clone(), cancelled) {
            Ok(index) => json = Some(Arc::new(index)),
            Err(error) if media_type.contains("json") => json_error = Some(error),
            Err(_) => kind = Kind::Text,
        }
    }
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(JWT_SEARCH)]);
    let jwts = if kind == Kind::Binary { Vec::new() } else { jwt::find(&start) };
    let lines = if kind == Kind::Binary { Lines::default() } else { Lines::new(bytes) };
    Ok(Content { kind, lines: Arc::new(lines), json, json_error, jwts })
}

/// What a JSONPath finds in a body, as indented JSON; the words of why not.
pub fn filter(path: &str, body: &BodyData) -> Result<String, String> {
    let bytes = body.bytes().filter(|b| b.len() <= FILTER_LIMIT).ok_or("the body is too large to filter")?;
    let value: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|error| format!("the body is no JSON: {error}"))?;
    let path = serde_json_path::JsonPath::parse(path).map_err(|error| format!("not a JSONPath: {error}"))?;
    let found: Vec<&serde_json::Value> = path.query(&value).all();
    let text = match found.as_slice() {
        [] => return Err("the filter finds nothing".to_owned()),
        [one] => serde_json::to_string(one),
        many => serde_json::to_string(many),
    };
    let text = text.map_err(|error| error.to_string())?;
    pretty(text.as_bytes()).map_err(|error| error.text)
}
