//! The table of codes: what each means in general. Beside the rules, one slice a layer; the documentation is made from it.

use super::finding::Layer;
use super::probe::Probe;
use super::rules;

/// What is known of a code, whatever the exchange.
#[derive(Debug, PartialEq)]
pub struct CodeInfo {
    /// Stable: `token.expired`.
    pub code: &'static str,
    /// Its layer.
    pub layer: Layer,
    /// Rows of the method's table it stands for: `J-01`.
    pub rows: &'static [&'static str],
    /// One short sentence without full stop: `the token has expired`.
    pub title: &'static str,
    /// What is wrong, in a sentence or two.
    pub cause: &'static str,
    /// What is looked for, in words: for the documentation.
    pub signs: &'static str,
    /// How to make sure.
    pub confirm: &'static str,
    /// What to do.
    pub fix: &'static str,
    /// Where it is written: `RFC 6750 section 3.1`.
    pub reference: &'static str,
    /// How dear the fix is: 1 a key press, 2 an edit here, 3 a setting at the server, 4 somebody else's server or network, 5 wait for others.
    pub effort: u8,
    /// What can always be run for it.
    pub probes: &'static [Probe],
}

/// Every code, layer by layer.
pub fn all_codes() -> impl Iterator<Item = &'static CodeInfo> {
    rules::CODES.iter().flat_map(|layer| layer.iter())
}

/// A code by its name.
pub fn code(name: &str) -> Option<&'static CodeInfo> {
    all_codes().find(|info| info.code == name)
}

/// Stands in for a code that is not in the table.
pub(super) fn fallback() -> &'static CodeInfo {
    &rules::resource::CODES[0]
}
