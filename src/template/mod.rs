//! `{{variables}}`: parsing, scopes, filters, dynamic values. Pure.
//!
//! `{{name}}` is looked up nearest layer first; a value may hold variables itself. `{{$name}}` is made
//! when it is used, see [`Dynamics`]. `{{name | base64 | urlencode}}` pipes a value through filters.

mod dynamics;
mod encode;
mod parse;
mod render;
mod words;

pub use dynamics::{Dynamics, dynamic_names};
pub use encode::component as encode_component;
pub use render::{Unresolved, why_unresolved};

use crate::model::plan::Layer;
use crate::model::secret::Secret;
use crate::model::value::SecretRef;
use std::ops::Range;

/// Where a rendered text goes: decides how a variable's value is encoded (DESIGN section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// As it is: headers, bodies, fields of profiles.
    Verbatim,
    /// A URL: a variable that opens it is verbatim; in a path segment percent-encoded (space is %20);
    /// in the query encoded as a component. Text typed by the user stays as it is.
    Url,
    /// The name or value of a query parameter's row: typed text and variables are encoded, once.
    Param,
}

/// A `{{…}}` in a text, for highlighting and the preview line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholder {
    /// Byte range in the text, braces included.
    pub span: Range<usize>,
    /// Name without filters.
    pub name: String,
}

/// Whether `{{name}}` would find a variable of this name: no braces, filters, quotes or controls.
pub fn is_name(name: &str) -> bool {
    parse::is_name(name)
}

/// All placeholders of a text, in order. Never fails.
pub fn placeholders(text: &str) -> Vec<Placeholder> {
    parse::placeholders(text)
}

/// A variable that was used, for previews: `value` is masked when secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// Name.
    pub name: String,
    /// Shown value; the mask for secrets.
    pub value: String,
    /// The layer it came from; `dynamic` for `{{$…}}`.
    pub origin: String,
    /// Came from a secret.
    pub secret: bool,
}

/// A rendered text.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Rendered {
    /// The text, secrets in clear.
    pub text: String,
    /// True when any part came from a secret.
    pub secret: bool,
    /// What was used, each name once.
    pub used: Vec<Used>,
    /// Names without a value (left as they stand in `text`), each once; with an unknown filter the
    /// whole of it: `name | filter`.
    pub unresolved: Vec<String>,
    /// Each secret used, and each form it went into `text` in where that hides it (filters, encoding):
    /// for the redactor.
    pub secrets: Vec<Secret>,
}

/// Gives a secret's text for a variable of a layer. `None`: not available (counts as unresolved).
pub type SecretLookup<'a> = &'a dyn Fn(&str, &SecretRef) -> Option<Secret>;

/// Renders a text; nearest layer first; values may hold variables themselves (cycles are unresolved).
/// Dynamic variables are left as they stand: they get their value when the request is sent.
pub fn render(text: &str, place: Place, layers: &[Layer], secrets: SecretLookup<'_>) -> Rendered {
    render::Renderer::new(layers, secrets, None).render(text, place)
}

/// Renders a text, dynamic variables (`{{$guid}}`) included.
pub fn render_with(
    text: &str,
    place: Place,
    layers: &[Layer],
    secrets: SecretLookup<'_>,
    dynamics: &Dynamics,
) -> Rendered {
    render::Renderer::new(layers, secrets, Some(dynamics)).render(text, place)
}
