//! Assertions on a response and values taken from it, as the file states them.
//! They are evaluated by `checks`.

use serde_json::Value as Json;

/// What of a response is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// The status code.
    Status,
    /// A header by name, case-insensitive; several values are joined by `, `.
    Header(String),
    /// A JSONPath (RFC 9535) into a JSON body.
    Json(String),
    /// The body as text.
    Text,
    /// Whole duration in milliseconds.
    Duration,
    /// Decoded body size in bytes.
    Size,
}

impl Selector {
    /// The key it has in the file.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Header(_) => "header",
            Self::Json(_) => "json",
            Self::Text => "text",
            Self::Duration => "duration",
            Self::Size => "size",
        }
    }
}

/// How what was selected is compared. Operands are JSON; texts in them may hold variables.
#[derive(Debug, Clone, PartialEq)]
pub enum Operator {
    /// Equal.
    Equals(Json),
    /// Different.
    Not(Json),
    /// A text holds a text; an array holds an element.
    Contains(Json),
    /// A regular expression matches somewhere.
    Matches(String),
    /// There is such a thing (or, with `false`, none).
    Exists(bool),
    /// A number is greater.
    Greater(Json),
    /// A number is less.
    Less(Json),
    /// One of several values.
    OneOf(Vec<Json>),
    /// `string number boolean null array object`.
    Type(String),
    /// Length of a text (characters), array or object.
    Length(u64),
}

impl Operator {
    /// The key it has in the file.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Equals(_) => "equals",
            Self::Not(_) => "not",
            Self::Contains(_) => "contains",
            Self::Matches(_) => "matches",
            Self::Exists(_) => "exists",
            Self::Greater(_) => "greater",
            Self::Less(_) => "less",
            Self::OneOf(_) => "one_of",
            Self::Type(_) => "type",
            Self::Length(_) => "length",
        }
    }

    /// The operand as JSON.
    pub fn operand(&self) -> Json {
        match self {
            Self::Equals(v) | Self::Not(v) | Self::Contains(v) | Self::Greater(v) | Self::Less(v) => {
                v.clone()
            }
            Self::Matches(s) | Self::Type(s) => Json::String(s.clone()),
            Self::Exists(b) => Json::Bool(*b),
            Self::OneOf(list) => Json::Array(list.clone()),
            Self::Length(n) => Json::from(*n),
        }
    }
}

/// One assertion: one selector, one operator.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Shown name; absent: made from selector and operator.
    pub name: Option<String>,
    /// What is looked at.
    pub selector: Selector,
    /// How it is compared.
    pub operator: Operator,
}

impl Check {
    /// What a report calls it: the given name, or `status equals 201`.
    pub fn title(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let what = match &self.selector {
            Selector::Header(name) => format!("header {name}"),
            Selector::Json(path) => path.clone(),
            other => other.key().to_owned(),
        };
        format!("{what} {} {}", self.operator.key().replace('_', " "), self.operator.operand())
    }
}

/// A value taken from a response into a variable of this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// The variable.
    pub variable: String,
    /// Where from.
    pub selector: Selector,
}

/// How one check came out.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckResult {
    /// Its title.
    pub name: String,
    /// Held or not.
    pub ok: bool,
    /// The operand, variables resolved.
    pub expected: Json,
    /// What the response had; null when there was nothing.
    pub got: Json,
}
