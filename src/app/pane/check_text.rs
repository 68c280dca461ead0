//! Captures and checks as one line of text, for editing them in place:
//! `case_key = json $.ID`, `status equals 201`, `json $.name contains "a"`.

use crate::model::check::{Capture, Check, Operator, Selector};
use serde_json::Value as Json;

/// A capture as text.
pub fn capture_line(capture: &Capture) -> String {
    format!("{} = {}", capture.variable, selector_text(&capture.selector))
}

/// A check as text.
pub fn check_line(check: &Check) -> String {
    let operand = match &check.operator {
        Operator::Matches(text) | Operator::Type(text) => text.clone(),
        other => other.operand().to_string(),
    };
    format!("{} {} {operand}", selector_text(&check.selector), check.operator.key())
}

fn selector_text(selector: &Selector) -> String {
    match selector {
        Selector::Header(name) => format!("header {name}"),
        Selector::Json(path) => format!("json {path}"),
        other => other.key().to_owned(),
    }
}

/// Reads a capture.
pub fn parse_capture(text: &str) -> Result<Capture, String> {
    let (variable, rest) =
        text.split_once('=').ok_or("write `name = json $.path` or `name = header etag`")?;
    let variable = variable.trim();
    if variable.is_empty() || variable.contains(char::is_whitespace) {
        return Err("a variable's name is one word".into());
    }
    let (selector, rest) = parse_selector(rest.trim())?;
    if !rest.is_empty() {
        return Err(format!("`{rest}` stands behind the selector"));
    }
    Ok(Capture { variable: variable.to_owned(), selector })
}

/// Reads a check; `keep` is the name of the one it replaces.
pub fn parse_check(text: &str, keep: Option<String>) -> Result<Check, String> {
    let (selector, rest) = parse_selector(text.trim())?;
    let (word, operand) = rest.split_once(' ').unwrap_or((rest, ""));
    let operand = operand.trim();
    let json = || serde_json::from_str::<Json>(operand).unwrap_or_else(|_| Json::String(operand.to_owned()));
    let operator = match word {
        "" => {
            return Err(
                "an operator is missing: equals not contains matches exists greater less one_of type length"
                    .into(),
            );
        }
        "equals" => Operator::Equals(json()),
        "not" => Operator::Not(json()),
        "contains" => Operator::Contains(json()),
        "matches" => Operator::Matches(operand.to_owned()),
        "exists" => Operator::Exists(operand != "false"),
        "greater" => Operator::Greater(json()),
        "less" => Operator::Less(json()),
        "one_of" => match json() {
            Json::Array(list) => Operator::OneOf(list),
            _ => return Err("one_of wants a list: [200, 201]".into()),
        },
        "type" => Operator::Type(operand.to_owned()),
        "length" => Operator::Length(operand.parse().map_err(|_| "length wants a whole number".to_owned())?),
        other => {
            return Err(format!(
                "`{other}` is no operator: equals not contains matches exists greater less one_of type length"
            ));
        }
    };
    Ok(Check { name: keep, selector, operator })
}

/// A selector and the rest of the text.
fn parse_selector(text: &str) -> Result<(Selector, &str), String> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let rest = rest.trim_start();
    let argument = |what: &str| -> Result<(&str, &str), String> {
        if rest.is_empty() {
            return Err(format!("`{word}` wants {what}"));
        }
        Ok(split_path(rest))
    };
    Ok(match word {
        "status" => (Selector::Status, rest),
        "text" => (Selector::Text, rest),
        "duration" => (Selector::Duration, rest),
        "size" => (Selector::Size, rest),
        "header" => {
            let (name, rest) = argument("a name")?;
            (Selector::Header(name.to_owned()), rest)
        }
        "json" => {
            let (path, rest) = argument("a JSONPath: $.data.id")?;
            (Selector::Json(path.to_owned()), rest)
        }
        other => return Err(format!("`{other}` is no selector: status header json text duration size")),
    })
}

/// Splits at the first blank outside brackets and quotes.
fn split_path(text: &str) -> (&str, &str) {
    let mut depth = 0_i32;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '[' | '(') => depth += 1,
            (None, ']' | ')') => depth -= 1,
            (None, ' ') if depth <= 0 => return (&text[..at], text[at..].trim_start()),
            _ => {}
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_read_back() {
        for line in [
            "status equals 201",
            "json $.data.caseInfo.status equals \"New\"",
            "json $['a b'][?@.x == 1] exists true",
            "header etag matches ^\"",
            "status one_of [200,201]",
            "json $.list length 3",
        ] {
            assert_eq!(check_line(&parse_check(line, None).unwrap()), line);
        }
        let line = "case_key = json $.ID";
        assert_eq!(capture_line(&parse_capture(line).unwrap()), line);
    }

    #[test]
    fn a_wrong_word_names_the_right_ones() {
        assert!(parse_check("statsu equals 1", None).unwrap_err().contains("status header json"));
        assert!(parse_check("status is 1", None).unwrap_err().contains("equals not contains"));
    }
}
