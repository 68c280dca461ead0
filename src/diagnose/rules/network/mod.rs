//! The network: DNS, TCP, TLS, proxies, gateways (rows N).
//!
//! What failed on the way is told by the engine, or in a recording by a browser, Node or curl in their own words; what
//! answered in the server's place is told by its status and its page.

mod answer;
mod codes;
mod failure;
mod redirect;
#[cfg(test)]
mod tests;
mod words;

use super::Rule;
pub(in crate::diagnose) use codes::CODES;

/// The rules of this layer.
pub(super) static RULES: &[Rule] = &[
    Rule { row: "N-01", look: failure::failed },
    Rule { row: "N-02", look: answer::proxy_auth },
    Rule { row: "N-03", look: answer::proxy_policy },
    Rule { row: "N-04", look: answer::client_certificate },
    Rule { row: "N-06", look: answer::captive_portal },
    Rule { row: "N-07", look: answer::misdirected },
    Rule { row: "N-08", look: answer::too_large },
    Rule { row: "N-09", look: answer::unavailable },
    Rule { row: "N-09", look: failure::cut_short },
    Rule { row: "N-10", look: redirect::scheme },
];
