//! The operators. Types count: `"10"` is not `10`; numbers compare by value: `201` is `201.0`.

use crate::model::check::Operator;
use serde_json::{Number, Value as Json};
use std::cmp::Ordering;

/// How the operand was written.
pub(super) struct Operand {
    /// It held variables: a text then also equals the number, truth or null it spells, because a file
    /// has no other way to write one.
    pub templated: bool,
}

/// Bytes a compiled pattern may take, and its lazy automaton.
const PATTERN_LIMIT: usize = 1 << 20;

/// Does it hold? `Err` says why it cannot be told. What is not there only fulfils `exists = false`.
pub(super) fn holds(operator: &Operator, operand: &Operand, got: Option<&Json>) -> Result<bool, String> {
    if let Operator::Exists(wanted) = operator {
        return Ok(got.is_some() == *wanted);
    }
    let Some(got) = got else { return Ok(false) };
    Ok(match operator {
        Operator::Equals(wanted) => equal_to(wanted, got, operand),
        Operator::Not(wanted) => !equal_to(wanted, got, operand),
        Operator::OneOf(list) => list.iter().any(|wanted| equal(wanted, got)),
        Operator::Contains(wanted) => contains(got, wanted),
        Operator::Matches(pattern) => matches(pattern, got)?,
        Operator::Greater(bound) => order(got, bound)? == Ordering::Greater,
        Operator::Less(bound) => order(got, bound)? == Ordering::Less,
        Operator::Type(name) => has_type(name, got)?,
        Operator::Length(wanted) => length(got) == Some(*wanted),
        Operator::Exists(_) => true,
    })
}

fn equal_to(wanted: &Json, got: &Json, operand: &Operand) -> bool {
    equal(wanted, got)
        || (operand.templated
            && !got.is_string()
            && wanted
                .as_str()
                .and_then(|t| serde_json::from_str(t).ok())
                .is_some_and(|w: Json| equal(&w, got)))
}

fn equal(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => compare(a, b) == Some(Ordering::Equal),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => a == b,
    }
}

/// Whole numbers exactly, so that two large ids are not taken for one; else as floats.
fn compare(a: &Number, b: &Number) -> Option<Ordering> {
    let whole = |n: &Number| n.as_i64().map(i128::from).or_else(|| n.as_u64().map(i128::from));
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

fn contains(got: &Json, wanted: &Json) -> bool {
    match (got, wanted) {
        (Json::String(text), Json::String(part)) => text.contains(part.as_str()),
        (Json::String(text), Json::Number(part)) => text.contains(&part.to_string()),
        (Json::Array(list), wanted) => list.iter().any(|item| equal(item, wanted)),
        (Json::Object(map), Json::String(key)) => map.contains_key(key),
        _ => false,
    }
}

fn matches(pattern: &str, got: &Json) -> Result<bool, String> {
    let regex = regex::RegexBuilder::new(pattern)
        .size_limit(PATTERN_LIMIT)
        .dfa_size_limit(PATTERN_LIMIT)
        .build()
        .map_err(|e| format!("`{pattern}` is no usable pattern: {}", last_line(&e.to_string())))?;
    Ok(match got {
        Json::String(text) => regex.is_match(text),
        other => regex.is_match(&other.to_string()),
    })
}

/// The regex crate draws the pattern with a marker below; its last line says what is wrong.
fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or(text).trim_start_matches("error: ").to_owned()
}

/// A header is always a text and some servers write numbers as texts, so here a text that spells a
/// number counts as one.
fn order(got: &Json, bound: &Json) -> Result<Ordering, String> {
    let number = |value: &Json| match value {
        Json::Number(n) => Some(n.clone()),
        Json::String(text) => text.trim().parse::<Number>().ok(),
        _ => None,
    };
    let bound = number(bound).ok_or_else(|| format!("{bound} is no number to compare with"))?;
    let got = number(got).ok_or_else(|| format!("{got} is no number"))?;
    compare(&got, &bound).ok_or_else(|| "not comparable".to_owned())
}

fn has_type(name: &str, got: &Json) -> Result<bool, String> {
    Ok(match name {
        "string" => got.is_string(),
        "number" => got.is_number(),
        "boolean" => got.is_boolean(),
        "null" => got.is_null(),
        "array" => got.is_array(),
        "object" => got.is_object(),
        other => {
            return Err(format!(
                "`{other}` is no type; types are string, number, boolean, null, array, object"
            ));
        }
    })
}

fn length(got: &Json) -> Option<u64> {
    let length = match got {
        Json::String(text) => text.chars().count(),
        Json::Array(list) => list.len(),
        Json::Object(map) => map.len(),
        _ => return None,
    };
    Some(length as u64)
}
