//! What only Pega does (rows P).
//!
//! P-01 is `front.sso_host`, P-06 `token.revoked`, P-10 `endpoint.wrong`; P-14, P-16, P-17 are hints in the words of others.

mod access;
mod cases;
mod codes;
mod login;
mod place;
#[cfg(test)]
mod tests;

use super::Rule;

pub(in crate::diagnose) use codes::CODES;

/// The rules of this layer.
pub(in crate::diagnose) static RULES: &[Rule] = &[
    Rule { row: "P-02", look: access::basic_package },
    Rule { row: "P-03", look: access::not_allowed },
    Rule { row: "P-07", look: access::platform_defect },
    Rule { row: "P-08", look: login::operator },
    Rule { row: "P-09", look: access::operator_behind_a_token },
    Rule { row: "P-10", look: place::wrong_path },
    Rule { row: "P-11", look: cases::case_type },
    Rule { row: "P-12", look: cases::starting_fields },
    Rule { row: "P-13", look: cases::etag },
    Rule { row: "P-13", look: cases::locked },
    Rule { row: "P-15", look: login::session },
    Rule { row: "P-18", look: login::redirect_uri },
    Rule { row: "P-20", look: place::starting },
];
