//! Puts values in the place of variables.

use super::encode::{self, UrlPart};
use super::parse::{Segment, Variable, segments};
use super::{Dynamics, Place, Rendered, SecretLookup, Used, dynamic_names};
use crate::model::plan::Layer;
use crate::model::secret::{MASK, Secret};
use crate::model::value::Value;
use crate::model::workspace::nearest;
use std::cell::Cell;

/// How deep values may hold variables that hold variables. Cycles are found by name; this bounds
/// values that double at each step.
const MAX_DEPTH: usize = 16;

/// How many values within values one text may take: a tree of them would otherwise never end.
const MAX_STEPS: usize = 20_000;

/// No value may grow a text past this: a doubling chain would eat all memory.
const MAX_LEN: usize = 256 * 1024 * 1024;

pub(super) struct Renderer<'a> {
    pub layers: &'a [Layer],
    pub secrets: SecretLookup<'a>,
    pub dynamics: Option<&'a Dynamics>,
    /// Values rendered so far, see [`MAX_STEPS`].
    pub steps: Cell<usize>,
}

impl<'a> Renderer<'a> {
    pub fn new(layers: &'a [Layer], secrets: SecretLookup<'a>, dynamics: Option<&'a Dynamics>) -> Self {
        Self { layers, secrets, dynamics, steps: Cell::new(0) }
    }
}

/// A variable's value, filters not yet applied.
struct Found {
    text: String,
    secret: bool,
    origin: String,
    /// What it is built from.
    inner: Vec<Used>,
    inner_secrets: Vec<Secret>,
}

/// Why a variable has none: the names at fault.
type Missing = Vec<String>;

impl Renderer<'_> {
    pub fn render(&self, text: &str, place: Place) -> Rendered {
        self.render_inside(text, place, &mut Vec::new())
    }

    fn render_inside(&self, text: &str, place: Place, open: &mut Vec<String>) -> Rendered {
        let mut out = Rendered::default();
        let mut after_opening = false;
        for (index, segment) in segments(text).into_iter().enumerate() {
            match segment {
                Segment::Literal(literal) if place == Place::Param => {
                    out.text.push_str(&encode::component(&literal));
                }
                Segment::Literal(literal) => {
                    after_opening = false;
                    out.text.push_str(&literal);
                }
                Segment::Variable(variable) => {
                    let opening = place == Place::Url && (index == 0 || after_opening);
                    self.put(&variable, &text[variable.span.clone()], place, opening, &mut out, open);
                    after_opening = opening;
                }
            }
        }
        out
    }

    /// Appends one variable, or leaves it as it stands.
    fn put(
        &self,
        variable: &Variable,
        typed: &str,
        place: Place,
        opening: bool,
        out: &mut Rendered,
        open: &mut Vec<String>,
    ) {
        let waits = self.dynamics.is_none() && dynamic_names().any(|n| n == variable.name);
        if waits && lookup(self.layers, &variable.name).is_none() {
            out.text.push_str(typed);
            return;
        }
        let filtered = self.value(&variable.name, open).and_then(|found| {
            let mut text = found.text.clone();
            for filter in &variable.filters {
                text = encode::filter(filter, &text).ok_or_else(|| vec![expression(variable)])?;
            }
            if out.text.len() + text.len() > MAX_LEN {
                Err(vec![variable.name.clone()])
            } else {
                Ok((found, text))
            }
        });
        let (found, text) = match filtered {
            Ok(both) => both,
            Err(missing) => {
                out.text.push_str(typed);
                for name in missing {
                    push_once(&mut out.unresolved, name);
                }
                return;
            }
        };
        let encoded_already = variable.filters.last().is_some_and(|f| f == "urlencode");
        let text = if encoded_already { text } else { encoded(text, place, opening, &out.text) };
        let shown = if found.secret { MASK.to_owned() } else { found.text.clone() };
        let used =
            Used { name: variable.name.clone(), value: shown, origin: found.origin, secret: found.secret };
        for used in std::iter::once(used).chain(found.inner) {
            if !out.used.iter().any(|u| u.name == used.name) {
                out.used.push(used);
            }
        }
        if found.secret {
            out.secret = true;
            // A form that still shows the secret itself needs no place of its own.
            let plain = found.inner_secrets.iter().any(|s| text.contains(s.expose()));
            let form = (!plain).then(|| Secret::new(text.clone()));
            for secret in found.inner_secrets.into_iter().chain(form) {
                if !out.secrets.contains(&secret) {
                    out.secrets.push(secret);
                }
            }
        }
        out.text.push_str(&text);
    }

    fn value(&self, name: &str, open: &mut Vec<String>) -> Result<Found, Missing> {
        let plain = |text: String, origin: &str| Found {
            text,
            secret: false,
            origin: origin.to_owned(),
            inner: Vec::new(),
            inner_secrets: Vec::new(),
        };
        let missing = || vec![name.to_owned()];
        let Some((layer, value)) = lookup(self.layers, name) else {
            let made = name.strip_prefix('$').and_then(|_| self.dynamics?.value(name));
            return made.map(|text| plain(text, "dynamic")).ok_or_else(missing);
        };
        match value {
            Value::Secret(reference) => {
                let secret = (self.secrets)(name, reference).ok_or_else(missing)?;
                let inner_secrets = vec![secret.clone()];
                Ok(Found { secret: true, inner_secrets, ..plain(secret.expose().to_owned(), &layer.origin) })
            }
            Value::Text(text) if !text.contains("{{") => Ok(plain(text.clone(), &layer.origin)),
            Value::Text(text) => {
                if open.iter().any(|n| n == name) || open.len() >= MAX_DEPTH {
                    return Err(missing());
                }
                if self.steps.get() >= MAX_STEPS {
                    return Err(missing());
                }
                self.steps.set(self.steps.get() + 1);
                open.push(name.to_owned());
                let inner = self.render_inside(text, Place::Verbatim, open);
                open.pop();
                if !inner.unresolved.is_empty() {
                    return Err(inner.unresolved);
                }
                Ok(Found {
                    text: inner.text,
                    secret: inner.secret,
                    origin: layer.origin.clone(),
                    inner: inner.used,
                    inner_secrets: inner.secrets,
                })
            }
        }
    }
}

fn encoded(text: String, place: Place, opening: bool, written: &str) -> String {
    match place {
        Place::Verbatim => text,
        Place::Param => encode::component(&text),
        Place::Url => match encode::url_part(written) {
            UrlPart::Origin => text,
            // `{{base_url}}{{path}}`: a whole path right behind the variable that opens the URL is no segment.
            UrlPart::Path if opening && text.starts_with('/') => text,
            UrlPart::Path => encode::segment(&text),
            UrlPart::Query => encode::component(&text),
        },
    }
}

fn expression(variable: &Variable) -> String {
    let mut text = variable.name.clone();
    for filter in &variable.filters {
        text.push_str(" | ");
        text.push_str(filter);
    }
    text
}

fn lookup<'a>(layers: &'a [Layer], name: &str) -> Option<(&'a Layer, &'a Value)> {
    layers.iter().find_map(|layer| layer.variables.get(name).map(|value| (layer, value)))
}

fn push_once(list: &mut Vec<String>, name: String) {
    if !list.contains(&name) {
        list.push(name);
    }
}

/// Why a name of [`Rendered::unresolved`] has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unresolved {
    /// No layer has it; up to three names spelled much like it.
    Unknown(Vec<String>),
    /// A filter that is none, with the names of all filters.
    Filter(String, &'static [&'static str]),
    /// Its value needs itself.
    Cycle,
    /// It is a secret that could not be had.
    Secret(String),
}

/// Finds out why a name has no value, for the words of a problem.
pub fn why_unresolved(name: &str, layers: &[Layer]) -> Unresolved {
    let mut parts = name.split('|').map(str::trim);
    let plain = parts.next().unwrap_or(name);
    if let Some(bad) = parts.find(|part| !encode::FILTERS.contains(part)) {
        return Unresolved::Filter(bad.to_owned(), &encode::FILTERS);
    }
    match lookup(layers, plain) {
        Some((_, Value::Secret(reference))) => Unresolved::Secret(reference.describe()),
        Some((_, Value::Text(_))) => Unresolved::Cycle,
        None if plain.starts_with('$') => Unresolved::Unknown(nearest(plain, dynamic_names())),
        None => {
            let mut names: Vec<&str> =
                layers.iter().flat_map(|l| l.variables.keys().map(String::as_str)).collect();
            names.sort_unstable();
            names.dedup();
            Unresolved::Unknown(nearest(plain, names.into_iter()))
        }
    }
}

#[cfg(test)]
mod tests;
