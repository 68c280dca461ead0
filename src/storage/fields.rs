//! What a file shall say, as TOML shapes in the order of the contract; and how a new file is spelt.
//! `splice` compares two lists of fields and touches only what differs between them.

use crate::model::value::{SecretRef, Value};
use serde_json::Value as Json;
use std::fmt::Write;

/// One key with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The key, not quoted.
    pub key: String,
    /// The value.
    pub shape: Shape,
}

/// How a value is spelt.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A literal as it stands in the file.
    Literal(String),
    /// `{ a = 1, b = 2 }`
    Inline(Vec<Field>),
    /// `[ … ]`, tables one on a line.
    List(Vec<Shape>),
    /// `[name]`
    Section(Vec<Field>),
    /// `[[name]]`, several.
    Blocks(Vec<Vec<Field>>),
}

impl Field {
    /// A key with a shape.
    pub fn new(key: impl Into<String>, shape: Shape) -> Field {
        Field { key: key.into(), shape }
    }

    /// A text.
    pub fn text(key: &str, text: &str) -> Field {
        Field::new(key, Shape::Literal(text_literal(text)))
    }

    /// A list of texts.
    pub fn texts(key: &str, texts: &[String]) -> Field {
        Field::new(key, Shape::List(texts.iter().map(|t| Shape::Literal(text_literal(t))).collect()))
    }

    /// A text or a secret reference.
    pub fn value(key: &str, value: &Value) -> Field {
        Field::new(key, value_shape(value))
    }

    /// A literal that needs no quoting.
    pub fn bare(key: &str, literal: impl ToString) -> Field {
        Field::new(key, Shape::Literal(literal.to_string()))
    }
}

/// A variable's value.
pub fn value_shape(value: &Value) -> Shape {
    match value {
        Value::Text(text) => Shape::Literal(text_literal(text)),
        Value::Secret(SecretRef::Vault) => Shape::Inline(vec![Field::bare("secret", "true")]),
        Value::Secret(SecretRef::Env(name)) => Shape::Inline(vec![Field::text("env", name)]),
        Value::Secret(SecretRef::File(file)) => Shape::Inline(vec![Field::text("file", file)]),
        Value::Secret(SecretRef::Command(words)) => Shape::Inline(vec![Field::texts("command", words)]),
    }
}

/// A key, quoted where TOML wants it.
pub fn key_literal(key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if bare { key.to_owned() } else { basic(key) }
}

/// A text as TOML: several lines as `'''`, one with quotes or backslashes as `'…'`, else `"…"`.
pub fn text_literal(text: &str) -> String {
    let plain = |c: char| c == '\t' || !(c.is_control() || c == '\u{7f}');
    if text.contains('\n') {
        let literal =
            text.chars().all(|c| c == '\n' || plain(c)) && !text.contains("'''") && !text.ends_with('\'');
        return if literal {
            format!("'''\n{text}'''")
        } else {
            format!("\"\"\"\n{}\"\"\"", escape(text, true))
        };
    }
    let literal = text.contains(['"', '\\']) && !text.contains('\'') && text.chars().all(plain);
    if literal { format!("'{text}'") } else { basic(text) }
}

fn basic(text: &str) -> String {
    format!("\"{}\"", escape(text, false))
}

fn escape(text: &str, lines: bool) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' if lines => out.push('\n'),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}

/// JSON as a TOML literal. TOML has no null: it is spelt `{ null = true }`.
pub fn json_literal(json: &Json) -> String {
    match json {
        Json::Null => "{ null = true }".to_owned(),
        Json::String(text) => text_literal(text),
        Json::Array(list) => {
            format!("[{}]", list.iter().map(json_literal).collect::<Vec<_>>().join(", "))
        }
        Json::Object(map) if map.is_empty() => "{}".to_owned(),
        Json::Object(map) => {
            let rows = map.iter().map(|(k, v)| format!("{} = {}", key_literal(k), json_literal(v)));
            format!("{{ {} }}", rows.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// A value on the right of `=` (sections in their inline form).
pub fn render_value(shape: &Shape) -> String {
    match shape {
        Shape::Literal(text) => text.clone(),
        Shape::Inline(fields) | Shape::Section(fields) => {
            if fields.is_empty() {
                return "{}".to_owned();
            }
            let rows = fields.iter().map(|f| format!("{} = {}", key_literal(&f.key), render_value(&f.shape)));
            format!("{{ {} }}", rows.collect::<Vec<_>>().join(", "))
        }
        Shape::List(items) => render_list(items.iter().map(render_value).collect()),
        Shape::Blocks(blocks) => {
            render_list(blocks.iter().map(|b| render_value(&Shape::Inline(b.clone()))).collect())
        }
    }
}

fn render_list(items: Vec<String>) -> String {
    let one_line = items.iter().all(|i| !i.starts_with('{') && !i.contains('\n'));
    if one_line && items.iter().map(|i| i.len() + 2).sum::<usize>() <= 80 {
        return format!("[{}]", items.join(", "));
    }
    let rows: String = items.iter().map(|i| format!("  {i},\n")).collect();
    format!("[\n{rows}]")
}

/// A whole new file.
pub fn render_file(fields: &[Field]) -> String {
    let mut out = String::new();
    render_table(&mut out, "", fields);
    out.trim_start_matches('\n').to_owned()
}

/// The lines of a section with its header.
pub fn render_section(path: &str, fields: &[Field]) -> String {
    let mut out = String::new();
    let only_tables =
        !fields.is_empty() && fields.iter().all(|f| matches!(f.shape, Shape::Section(_) | Shape::Blocks(_)));
    if !only_tables {
        let _ = writeln!(out, "\n[{path}]");
    }
    render_table(&mut out, path, fields);
    out
}

/// One `[[path]]`.
pub fn render_block(path: &str, fields: &[Field]) -> String {
    let mut out = format!("[[{path}]]\n");
    render_table(&mut out, path, fields);
    out
}

fn render_table(out: &mut String, path: &str, fields: &[Field]) {
    let below = |key: &str| {
        if path.is_empty() { key_literal(key) } else { format!("{path}.{}", key_literal(key)) }
    };
    for field in fields {
        match &field.shape {
            Shape::Section(_) | Shape::Blocks(_) => {}
            shape => {
                let value = render_value(shape);
                if path.is_empty() && matches!(shape, Shape::List(_)) && value.contains('\n') {
                    out.push('\n');
                }
                let _ = writeln!(out, "{} = {value}", key_literal(&field.key));
            }
        }
    }
    for field in fields {
        match &field.shape {
            Shape::Section(inner) => out.push_str(&render_section(&below(&field.key), inner)),
            Shape::Blocks(blocks) => {
                if !blocks.is_empty() {
                    out.push('\n');
                }
                for block in blocks {
                    out.push_str(&render_block(&below(&field.key), block));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back_as_it_was() {
        let texts = [
            "",
            "plain",
            "it's",
            "say \"hi\"",
            "both ' and \"",
            "back\\slash",
            "a\nb",
            "a\nb\n",
            "\n",
            "\n\n",
            "'''\n",
            "a\n'",
            "a\n\"\"\"\n",
            "tab\there",
            "cr\r\nlf\n",
            "nul\u{0}x",
            "del\u{7f}",
            "\u{feff}bom",
            "{\n  \"a\": \"'''\"\n}",
            "ends with quote\n\"",
            "ünï çødé\n🦀",
            "\\\n",
            "x\u{85}\n",
        ];
        for text in texts {
            let file = format!("a = {}\n", text_literal(text));
            let doc: toml_edit::DocumentMut = file.parse().unwrap_or_else(|e| panic!("{text:?} {file}: {e}"));
            assert_eq!(doc["a"].as_str(), Some(text), "{file}");
        }
    }

    #[test]
    fn a_json_body_is_spelt_in_three_single_quotes() {
        assert_eq!(text_literal("{ \"a\": 1 }\n"), "'''\n{ \"a\": 1 }\n'''");
    }
}
