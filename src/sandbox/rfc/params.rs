//! Parameters of a request, from a query, a form or the claims of a request object.

use super::error;
use crate::sandbox::answer::Answer;
use crate::sandbox::call::Call;
use serde_json::{Map, Value as Json};

/// Parameters that may be there more than once (RFC 8707 section 2, RFC 8693 section 2.1).
const REPEATED: [&str; 2] = ["resource", "audience"];

/// Name and value, decoded, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// From a query or a form body.
    pub(super) fn parse(text: &[u8]) -> Params {
        Params(url::form_urlencoded::parse(text).into_owned().collect())
    }

    /// From a form; another media type and a doubled parameter (RFC 6749 section 3.2) are refused.
    pub(super) fn form(call: &Call) -> Result<Params, Answer> {
        if !call.is_type("application/x-www-form-urlencoded") {
            let text = "The body must be application/x-www-form-urlencoded.";
            return Err(error(400, "invalid_request", text));
        }
        let params = Params::parse(&call.body);
        match params.doubled() {
            Some(name) => {
                // A name is echoed only where it is a plain word: it comes from outside.
                let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                let name = if plain { name } else { "A parameter" };
                Err(error(400, "invalid_request", &format!("{name} is included more than once.")))
            }
            None => Ok(params),
        }
    }

    /// From the claims of a request object (RFC 9101 section 4): texts, numbers, and lists for `resource`.
    pub(super) fn of_claims(claims: &Map<String, Json>) -> Params {
        let mut rows = Vec::new();
        for (name, value) in claims {
            let mut add = |value: &Json| match value {
                Json::String(text) => rows.push((name.clone(), text.clone())),
                Json::Number(number) => rows.push((name.clone(), number.to_string())),
                _ => {}
            };
            match value {
                Json::Array(all) => all.iter().for_each(add),
                one => add(one),
            }
        }
        Params(rows)
    }

    /// The first name that is there more than once and may not be.
    pub(super) fn doubled(&self) -> Option<&str> {
        let mut seen = std::collections::HashSet::new();
        self.0
            .iter()
            .map(|(name, _)| name.as_str())
            .find(|name| !REPEATED.contains(name) && !seen.insert(name.to_owned()))
    }

    /// A parameter; an empty one counts as left out (RFC 6749 section 3.1).
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, v)| n == name && !v.is_empty()).map(|(_, v)| v.as_str())
    }

    /// Every value of a parameter.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, v)| n == name && !v.is_empty()).map(|(_, v)| v.as_str())
    }

    /// All but these.
    pub(super) fn without(&self, names: &[&str]) -> Params {
        Params(self.0.iter().filter(|(n, _)| !names.contains(&n.as_str())).cloned().collect())
    }

    /// Puts one in place of those of that name.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.0.retain(|(n, _)| n != name);
        self.0.push((name.to_owned(), value.to_owned()));
    }
}
