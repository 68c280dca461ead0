//! Evaluates checks and captures on a response. Pure.
//!
//! A check whose path or pattern is broken fails and says so in `got`; nothing is ever passed over.

mod compare;
mod select;

use crate::model::check::{Capture, Check, CheckResult, Operator, Selector};
use crate::model::exchange::Exchange;
use compare::Operand;
use select::Answer;
use serde_json::Value as Json;

/// Evaluates every check. `resolve` renders the texts in operands.
pub fn evaluate(checks: &[Check], exchange: &Exchange, resolve: &dyn Fn(&str) -> String) -> Vec<CheckResult> {
    let answer = Answer::new(exchange);
    checks.iter().map(|check| evaluate_one(check, &answer, resolve)).collect()
}

fn evaluate_one(check: &Check, answer: &Answer<'_>, resolve: &dyn Fn(&str) -> String) -> CheckResult {
    let operator = resolved(&check.operator, resolve);
    let operand = Operand { templated: is_templated(&check.operator.operand()) };
    let (ok, got) = match answer.select(&resolved_selector(&check.selector, resolve)) {
        Err(why) => (false, Json::String(why)),
        Ok(selected) => match compare::holds(&operator, &operand, selected.as_ref()) {
            Ok(ok) => (ok, selected.unwrap_or(Json::Null)),
            Err(why) => (false, Json::String(why)),
        },
    };
    CheckResult { name: check.title(), ok, expected: operator.operand(), got }
}

/// Variables with their values, or with why they have none, in order.
pub type Variables = Vec<(String, String)>;

/// Takes the captures; a capture that finds nothing is the second list, with why.
pub fn capture(captures: &[Capture], exchange: &Exchange) -> (Variables, Variables) {
    let answer = Answer::new(exchange);
    let (mut taken, mut missing) = (Vec::new(), Vec::new());
    for capture in captures {
        match answer.select(&capture.selector) {
            Ok(Some(value)) => taken.push((capture.variable.clone(), as_text(&value))),
            Ok(None) => missing.push((capture.variable.clone(), nothing_there(&capture.selector, &answer))),
            Err(why) => missing.push((capture.variable.clone(), why)),
        }
    }
    (taken, missing)
}

/// What a selector sees: `None` when there is no such thing.
pub fn select(selector: &Selector, exchange: &Exchange) -> Option<Json> {
    Answer::new(exchange).select(selector).ok().flatten()
}

/// A text as it is, anything else as compact JSON.
fn as_text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn nothing_there(selector: &Selector, answer: &Answer<'_>) -> String {
    if !answer.has_response() {
        return "no answer came".to_owned();
    }
    match selector {
        Selector::Header(name) => format!("the answer has no header `{name}`"),
        Selector::Json(path) => format!("nothing at `{path}` in the body"),
        other => format!("the answer has no {}", other.key()),
    }
}

fn is_templated(operand: &Json) -> bool {
    operand.as_str().is_some_and(|text| text.contains("{{"))
}

fn resolved_selector(selector: &Selector, resolve: &dyn Fn(&str) -> String) -> Selector {
    match selector {
        Selector::Json(path) if path.contains("{{") => Selector::Json(resolve(path)),
        Selector::Header(name) if name.contains("{{") => Selector::Header(resolve(name)),
        other => other.clone(),
    }
}

fn resolved(operator: &Operator, resolve: &dyn Fn(&str) -> String) -> Operator {
    let json = |value: &Json| resolved_json(value, resolve);
    match operator {
        Operator::Equals(v) => Operator::Equals(json(v)),
        Operator::Not(v) => Operator::Not(json(v)),
        Operator::Contains(v) => Operator::Contains(json(v)),
        Operator::Greater(v) => Operator::Greater(json(v)),
        Operator::Less(v) => Operator::Less(json(v)),
        Operator::OneOf(list) => Operator::OneOf(list.iter().map(json).collect()),
        Operator::Matches(pattern) if pattern.contains("{{") => Operator::Matches(resolve(pattern)),
        other => other.clone(),
    }
}

fn resolved_json(value: &Json, resolve: &dyn Fn(&str) -> String) -> Json {
    match value {
        Json::String(text) if text.contains("{{") || text.contains("\\{{") => Json::String(resolve(text)),
        Json::Array(list) => list.iter().map(|v| resolved_json(v, resolve)).collect(),
        Json::Object(map) => {
            Json::Object(map.iter().map(|(k, v)| (k.clone(), resolved_json(v, resolve))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;
