//! What the resource server answered (rows R).
//!
//! R-03 is `token.scope`, R-04 `header.duplicate`, R-07 and R-08 belong to DPoP; are evidence for others.

#[cfg(test)]
pub(in crate::diagnose) mod case;
mod codes;
mod denied;
mod refused;
mod seen_before;
pub(super) mod signs;
#[cfg(test)]
mod tests;

use super::Rule;

pub(in crate::diagnose) use codes::CODES;

/// The rules of this layer.
pub(in crate::diagnose) static RULES: &[Rule] = &[
    Rule { row: "R-01", look: refused::credentials_not_seen },
    Rule { row: "R-02", look: refused::rejected },
    Rule { row: "R-05", look: refused::wants_basic },
    Rule { row: "R-05", look: refused::basic_refused },
    Rule { row: "R-06", look: refused::other_scheme },
    Rule { row: "R-09", look: refused::step_up },
    Rule { row: "R-10", look: refused::metadata },
    Rule { row: "R-12", look: denied::forbidden },
    Rule { row: "R-13", look: seen_before::hidden },
    Rule { row: "R-14", look: denied::csrf },
    Rule { row: "R-15", look: seen_before::intermittent },
];
