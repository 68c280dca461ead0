//! Values of a recording taken as they come: numbers in quotes, texts where lists belong, nothing where something belongs.

use serde_json::Value as Json;
use std::time::Duration;

/// A text; a number counts as one. Not an empty one.
pub(super) fn text(value: Option<&Json>) -> Option<String> {
    match value? {
        Json::String(text) if !text.is_empty() => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A finite number, also in quotes.
pub(super) fn number(value: Option<&Json>) -> Option<f64> {
    let number = match value? {
        Json::Number(number) => number.as_f64()?,
        Json::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// Milliseconds that were measured: a recorder writes -1 where they were not.
pub(super) fn millis(value: Option<&Json>) -> Option<Duration> {
    const DAY_MS: f64 = 86_400_000.0;
    let ms = number(value).filter(|ms| (0.0..DAY_MS).contains(ms))?;
    Duration::try_from_secs_f64(ms / 1000.0).ok()
}

/// True for `true`, and for it in quotes.
pub(super) fn truth(value: Option<&Json>) -> bool {
    match value {
        Some(Json::Bool(truth)) => *truth,
        Some(Json::String(text)) => text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

/// Name and value pairs: the list of HAR, or an object, as some scripts write it. At most 2000.
pub(super) fn pairs(value: Option<&Json>) -> Vec<(String, String)> {
    match value {
        Some(Json::Array(list)) => list
            .iter()
            .take(2000)
            .filter_map(|one| Some((text(one.get("name"))?, text(one.get("value")).unwrap_or_default())))
            .collect(),
        Some(Json::Object(map)) => map
            .iter()
            .take(2000)
            .filter_map(|(name, value)| Some((name.clone(), text(Some(value))?)))
            .collect(),
        _ => Vec::new(),
    }
}

/// A text's first `limit` bytes, cut on a character.
pub(super) fn cut(text: &str, limit: usize) -> String {
    let end = (0..=limit.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    text[..end].to_owned()
}
