//! The rules: one function a row of the method's table, one file (or folder) a layer.
//!
//! A rule looks at the facts and adds findings; it sees what rules of outer layers found, and nothing else. Each names its row.

pub(super) mod dialects;
#[cfg(test)]
mod dialects_tests;
pub(super) mod front_door;
pub(super) mod header;
pub(super) mod network;
pub(super) mod pega;
pub(super) mod resource;
pub(super) mod token;
pub(super) mod token_endpoint;

use super::codes::CodeInfo;
use super::facts::Facts;
use super::finding::Findings;

/// One row of the table.
pub(super) struct Rule {
    /// `N-01`.
    #[cfg_attr(not(test), allow(dead_code, reason = "a test holds every row of the method to a rule"))]
    pub row: &'static str,
    /// Looks and adds.
    pub look: fn(&Facts, &mut Findings),
}

/// Every code, layer by layer.
pub(super) static CODES: &[&[CodeInfo]] = &[
    network::CODES,
    front_door::CODES,
    token_endpoint::CODES,
    header::CODES,
    token::CODES,
    resource::CODES,
    pega::CODES,
];

/// Every rule, layer by layer.
pub(super) fn all() -> impl Iterator<Item = &'static Rule> {
    let layers: [&'static [Rule]; 8] = [
        network::RULES,
        front_door::RULES,
        token_endpoint::RULES,
        header::RULES,
        token::RULES,
        dialects::RULES,
        resource::RULES,
        pega::RULES,
    ];
    layers.into_iter().flatten()
}
