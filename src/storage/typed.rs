//! Typed access to a parsed file: what is not of the expected kind is a problem with its place.

use super::source::Source;
use crate::model::problem::Problem;
use crate::model::value::{SecretRef, Value};
use indexmap::IndexMap;
use serde_json::Value as Json;
use toml_edit::{Item, TableLike};

/// What every reader shares: the source for places and the noun for messages (`request`).
#[derive(Clone, Copy)]
pub struct Typed<'a> {
    /// For places.
    pub source: &'a Source,
    /// `request`, `environment` …
    pub noun: &'static str,
}

impl<'a> Typed<'a> {
    /// A problem at an item.
    pub fn wrong(&self, item: &Item, key: &str, expected: &str, next: impl Into<String>) -> Problem {
        let at = item.span().map_or(0, |s| s.start);
        let found = match item.type_name() {
            "integer" | "float" => "a number",
            "string" => "a text",
            "boolean" => "true or false",
            "array" | "array of tables" => "a list",
            "inline table" | "table" => "a table",
            other => other,
        };
        self.source.problem(
            at,
            format!("cannot read the {}", self.noun),
            format!("`{key}` is {found}, expected {expected}"),
            next,
        )
    }

    /// A problem at an item, in free words.
    pub fn odd(&self, item: &Item, why: impl Into<String>, next: impl Into<String>) -> Problem {
        let at = item.span().map_or(0, |s| s.start);
        self.source.problem(at, format!("cannot read the {}", self.noun), why, next)
    }

    /// A text; absent is `None`.
    pub fn text(&self, table: &dyn TableLike, key: &str) -> Result<Option<String>, Problem> {
        match table.get(key) {
            None => Ok(None),
            Some(item) => item
                .as_str()
                .map(|t| Some(t.to_owned()))
                .ok_or_else(|| self.wrong(item, key, "a text in quotes", format!("write `{key} = \"…\"`"))),
        }
    }

    /// A text; absent is empty.
    pub fn text_or_empty(&self, table: &dyn TableLike, key: &str) -> Result<String, Problem> {
        Ok(self.text(table, key)?.unwrap_or_default())
    }

    /// A text that must be there.
    pub fn required(&self, table: &dyn TableLike, key: &str, at: usize) -> Result<String, Problem> {
        self.text(table, key)?.ok_or_else(|| {
            self.source.problem(
                at,
                format!("cannot read the {}", self.noun),
                format!("`{key}` is missing, expected a text"),
                format!("add `{key} = \"…\"`"),
            )
        })
    }

    /// True or false.
    pub fn flag(&self, table: &dyn TableLike, key: &str, default: bool) -> Result<bool, Problem> {
        match table.get(key) {
            None => Ok(default),
            Some(item) => item.as_bool().ok_or_else(|| {
                self.wrong(item, key, "true or false", format!("write `{key} = true` without quotes"))
            }),
        }
    }

    /// A list of texts; absent is empty.
    pub fn texts(&self, table: &dyn TableLike, key: &str) -> Result<Vec<String>, Problem> {
        let Some(item) = table.get(key) else { return Ok(Vec::new()) };
        let next = || format!("write `{key} = [\"…\"]`");
        let list = item.as_array().ok_or_else(|| self.wrong(item, key, "a list of texts", next()))?;
        list.iter()
            .map(|v| {
                v.as_str()
                    .map(str::to_owned)
                    .ok_or_else(|| self.wrong(&Item::Value(v.clone()), key, "a list of texts only", next()))
            })
            .collect()
    }

    /// A table in any of TOML's forms.
    pub fn table<'t>(
        &self,
        table: &'t dyn TableLike,
        key: &str,
    ) -> Result<Option<&'t dyn TableLike>, Problem> {
        match table.get(key) {
            None => Ok(None),
            Some(item) => item
                .as_table_like()
                .map(Some)
                .ok_or_else(|| self.wrong(item, key, "a table", format!("write it as a section `[{key}]`"))),
        }
    }

    /// A list of tables, inline or as `[[key]]`: each with the item it came from.
    pub fn tables(&self, table: &dyn TableLike, key: &str) -> Result<Vec<Item>, Problem> {
        let Some(item) = table.get(key) else { return Ok(Vec::new()) };
        let next = || format!("write `{key} = [ {{ … }}, ]` or `[[{key}]]`");
        match item {
            Item::ArrayOfTables(list) => Ok(list.iter().map(|t| Item::Table(t.clone())).collect()),
            Item::Value(toml_edit::Value::Array(list)) => list
                .iter()
                .map(|v| {
                    let one = Item::Value(v.clone());
                    if one.is_inline_table() {
                        Ok(one)
                    } else {
                        Err(self.wrong(&one, key, "a list of tables `{ … }`", next()))
                    }
                })
                .collect(),
            other => Err(self.wrong(other, key, "a list of tables", next())),
        }
    }

    /// A text or a reference to a secret. Numbers and booleans are taken as their text.
    pub fn value(&self, item: &Item, key: &str) -> Result<Value, Problem> {
        if let Some(text) = item.as_str() {
            return Ok(Value::Text(text.to_owned()));
        }
        if let Some(number) = item.as_integer() {
            return Ok(Value::Text(number.to_string()));
        }
        if let Some(flag) = item.as_bool() {
            return Ok(Value::Text(flag.to_string()));
        }
        if let Some(date) = item.as_datetime() {
            return Ok(Value::Text(date.to_string()));
        }
        if let Some(number) = item.as_float() {
            // As it is spelt, so that 1.10 does not become 1.1.
            let spelt = item.span().and_then(|s| self.source.text.get(s)).map(str::to_owned);
            return Ok(Value::Text(spelt.unwrap_or_else(|| number.to_string())));
        }
        let Some(table) = item.as_table_like() else {
            return Err(self.wrong(item, key, "a text or a secret reference", VALUE_HINT));
        };
        if let Some(flag) = table.get("secret") {
            return match flag.as_bool() {
                Some(true) => Ok(Value::Secret(SecretRef::Vault)),
                _ => Err(self.wrong(flag, "secret", "true", "write `{ secret = true }`; the secret itself goes to the vault with `hallpass secret set`")),
            };
        }
        if let Some(name) = self.text(table, "env")? {
            return Ok(Value::Secret(SecretRef::Env(name)));
        }
        if let Some(file) = self.text(table, "file")? {
            return Ok(Value::Secret(SecretRef::File(file)));
        }
        if table.contains_key("command") {
            let words = self.texts(table, "command")?;
            if words.first().is_none_or(String::is_empty) {
                return Err(self.odd(
                    item,
                    format!("the command of `{key}` is empty"),
                    "write `{ command = [\"program\", \"argument\"] }`",
                ));
            }
            return Ok(Value::Secret(SecretRef::Command(words)));
        }
        Err(self.odd(item, format!("`{key}` is a table that names no secret"), VALUE_HINT))
    }

    /// A value by key; absent is empty.
    pub fn value_of(&self, table: &dyn TableLike, key: &str) -> Result<Value, Problem> {
        table.get(key).map_or_else(|| Ok(Value::default()), |item| self.value(item, key))
    }

    /// The `[variables]` table.
    pub fn variables(&self, table: &dyn TableLike) -> Result<IndexMap<String, Value>, Problem> {
        let mut out = IndexMap::new();
        if let Some(rows) = self.table(table, "variables")? {
            for (key, item) in rows.iter() {
                out.insert(key.to_owned(), self.value(item, key)?);
            }
        }
        Ok(out)
    }

    /// A TOML value as JSON. JSON has neither dates (they come as texts) nor infinite numbers (a problem).
    pub fn json(&self, item: &Item) -> Result<Json, Problem> {
        if let Some(text) = item.as_str() {
            return Ok(Json::String(text.to_owned()));
        }
        if let Some(number) = item.as_integer() {
            return Ok(Json::from(number));
        }
        if let Some(flag) = item.as_bool() {
            return Ok(Json::Bool(flag));
        }
        if let Some(date) = item.as_datetime() {
            return Ok(Json::String(date.to_string()));
        }
        if let Some(number) = item.as_float() {
            return serde_json::Number::from_f64(number)
                .map(Json::Number)
                .ok_or_else(|| self.odd(item, "JSON has no such number", "write a finite number"));
        }
        match item {
            Item::Value(toml_edit::Value::Array(list)) => {
                list.iter().map(|v| self.json(&Item::Value(v.clone()))).collect()
            }
            Item::ArrayOfTables(list) => list.iter().map(|t| self.json(&Item::Table(t.clone()))).collect(),
            other => match other.as_table_like() {
                // `{ null = true }` stands for JSON's null, which TOML has not.
                Some(table)
                    if table.len() == 1 && table.get("null").and_then(Item::as_bool) == Some(true) =>
                {
                    Ok(Json::Null)
                }
                Some(table) => self.json_map(table).map(Json::Object),
                None => Err(self.odd(
                    other,
                    "this is no value",
                    "write a text, a number, true, false, a list or a table",
                )),
            },
        }
    }

    /// The members of a table as JSON.
    pub fn json_map(&self, table: &dyn TableLike) -> Result<serde_json::Map<String, Json>, Problem> {
        table.iter().map(|(key, item)| Ok((key.to_owned(), self.json(item)?))).collect()
    }
}

const VALUE_HINT: &str = "write a text, or one of `{ secret = true }`, `{ env = \"NAME\" }`, `{ command = [\"…\"] }`, `{ file = \"…\" }`";
