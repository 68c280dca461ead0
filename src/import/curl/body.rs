//! What curl was told to send, as one of our bodies.

use crate::model::request::{Body, Part, PartContent, Row};

/// One `-d` and its relatives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Sent as written.
    Raw(String),
    /// `--data-urlencode name=content`; the name is sent as written, the content encoded.
    Encode(String, String),
    /// A file.
    File(String),
}

/// What stands after `-d`: `@file` or data.
pub(super) fn data(value: &str) -> Piece {
    match value.strip_prefix('@') {
        Some(path) => Piece::File(path.to_owned()),
        None => Piece::Raw(value.to_owned()),
    }
}

/// What stands after `--data-urlencode`; `Err` names a file that would have to be read.
pub(super) fn urlencode(value: &str) -> Result<Piece, String> {
    match value.find(['=', '@']) {
        Some(at) if value[at..].starts_with('=') => {
            Ok(Piece::Encode(value[..at].to_owned(), value[at + 1..].to_owned()))
        }
        Some(at) => Err(value[at + 1..].to_owned()),
        None => Ok(Piece::Encode(String::new(), value.to_owned())),
    }
}

/// The pieces as name and value rows, decoded; `None` if they are not pairs.
pub(super) fn rows(pieces: &[Piece]) -> Option<Vec<Row>> {
    let mut rows = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Encode(name, content) => rows.push(Row::on(decode(name)?, content)),
            Piece::Raw(text) => {
                for pair in text.trim_matches('&').split('&') {
                    let (name, value) = pair.split_once('=')?;
                    if name.is_empty() || name.contains(|c: char| c.is_whitespace() || "{<\"".contains(c)) {
                        return None;
                    }
                    rows.push(Row::on(decode(name)?, decode(value)?));
                }
            }
            Piece::File(_) => return None,
        }
    }
    (!rows.is_empty()).then_some(rows)
}

/// The pieces as curl joins them.
pub(super) fn joined(pieces: &[Piece], separator: &str) -> String {
    let texts: Vec<String> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Raw(text) => text.clone(),
            Piece::Encode(name, content) => {
                let content: String =
                    percent_encoding::utf8_percent_encode(content, percent_encoding::NON_ALPHANUMERIC)
                        .to_string();
                if name.is_empty() { content } else { format!("{name}={content}") }
            }
            Piece::File(_) => String::new(),
        })
        .collect();
    texts.join(separator)
}

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// Which body the joined text is, by the content type that was given. The flag says that the
/// body's kind implies that type, so that the header can go.
pub(super) fn kind(pieces: &[Piece], text: String, content_type: Option<&str>) -> (Body, bool) {
    let media = content_type.unwrap_or("").split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let looks_json = || {
        text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<serde_json::Value>(&text).is_ok()
    };
    match media.as_str() {
        "application/json" => (Body::Json(text), true),
        "application/xml" => (Body::Xml(text), true),
        "text/plain" => (Body::Text(text), true),
        m if m.ends_with("+json") || m == "text/json" => (Body::Json(text), false),
        m if m.ends_with("+xml") || m == "text/xml" => (Body::Xml(text), false),
        "" if looks_json() => (Body::Json(text), true),
        "" | "application/x-www-form-urlencoded" => match rows(pieces) {
            Some(rows) => (Body::Form(rows), true),
            None => (Body::Text(text), false),
        },
        _ => (Body::Text(text), false),
    }
}

/// One `-F`; `Err` says what was not taken over.
pub(super) fn part(value: &str, literal: bool, warnings: &mut Vec<String>) -> Option<Part> {
    let Some((name, rest)) = value.split_once('=') else {
        warnings.push(format!("`-F {value}` has no `=` and was left out"));
        return None;
    };
    let mut part = Part { name: name.to_owned(), enabled: true, ..Part::default() };
    if literal {
        part.content = PartContent::Text(rest.to_owned());
        return Some(part);
    }
    let (content, attributes) = attributes(rest);
    for (key, value) in attributes {
        match key.as_str() {
            "type" => part.content_type = Some(value),
            _ => warnings.push(format!("`{key}` of form part `{name}` was not taken over")),
        }
    }
    part.content = match content.strip_prefix('@') {
        Some(path) => PartContent::File(unquoted(path)),
        None => {
            if let Some(path) = content.strip_prefix('<') {
                warnings.push(format!("form part `{name}` is read from `{path}`; paste its text instead"));
                return None;
            }
            PartContent::Text(unquoted(&content))
        }
    };
    Some(part)
}

/// Splits `content;type=a;filename=b`; a semicolon that does not begin an attribute is content.
fn attributes(text: &str) -> (String, Vec<(String, String)>) {
    let mut content = String::new();
    let mut found: Vec<(String, String)> = Vec::new();
    for (n, piece) in text.split(';').enumerate() {
        let attribute = piece
            .split_once('=')
            .filter(|(key, _)| matches!(key.trim(), "type" | "filename" | "headers" | "encoder"));
        match attribute {
            Some((key, value)) if n > 0 => found.push((key.trim().to_owned(), unquoted(value))),
            // `type=text/plain;charset=utf-8`
            _ if n > 0 && found.last().is_some_and(|(key, _)| key == "type") => {
                if let Some((_, value)) = found.last_mut() {
                    value.push(';');
                    value.push_str(piece);
                }
            }
            _ => {
                if n > 0 {
                    content.push(';');
                }
                content.push_str(piece);
            }
        }
    }
    (content, found)
}

fn unquoted(text: &str) -> String {
    match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => text.to_owned(),
    }
}
