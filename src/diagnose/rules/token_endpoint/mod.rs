//! The token endpoint (rows T): the client, the form, the grants, assertions, proofs, and what the server answered.
//!
//! Error codes are the server's own words in the protocol, so most of these are certain; where a look at the request itself tells a
//! deeper reason, that reason comes first and the code behind it.

mod address;
mod assertion;
mod client;
mod codes;
mod dpop;
mod grants;
mod hidden;
mod paste;
pub(in crate::diagnose::rules) mod rate;
mod request;
mod sent;
mod states;
#[cfg(test)]
mod tests;

use super::Rule;
use crate::diagnose::evidence::{Evidence, Place, short};
use crate::diagnose::facts::{Facts, Purpose};
use crate::diagnose::finding::{Findings, Layer, Likelihood};
pub(in crate::diagnose) use codes::CODES;

/// The rules of this layer. What is seen in the request itself comes before the codes that it explains.
pub(super) static RULES: &[Rule] = &[
    Rule { row: "T-27", look: rate::limited },
    Rule { row: "T-03", look: paste::stray },
    Rule { row: "T-04", look: client::two_methods },
    Rule { row: "T-05", look: request::not_form },
    Rule { row: "T-06", look: request::misplaced },
    Rule { row: "T-26", look: client::basic_expected },
    Rule { row: "T-02", look: client::encoding },
    Rule { row: "T-17", look: assertion::subject },
    Rule { row: "T-14", look: assertion::time },
    Rule { row: "T-13", look: assertion::audience },
    Rule { row: "T-15", look: assertion::replay },
    Rule { row: "T-16", look: assertion::key },
    Rule { row: "T-01", look: client::invalid },
    Rule { row: "T-07", look: grants::unsupported },
    Rule { row: "T-08", look: grants::not_allowed },
    Rule { row: "T-09", look: grants::scope },
    Rule { row: "T-22", look: states::login },
    Rule { row: "T-10", look: grants::code },
    Rule { row: "T-11", look: grants::refresh },
    Rule { row: "T-12", look: grants::user },
    Rule { row: "T-18", look: grants::target },
    Rule { row: "T-19", look: dpop::nonce },
    Rule { row: "T-20", look: dpop::proof },
    Rule { row: "T-21", look: states::device },
    Rule { row: "T-23", look: hidden::error },
    Rule { row: "T-25", look: address::wrong },
    Rule { row: "T-28", look: hidden::token_type },
    Rule { row: "T-05", look: request::invalid },
];

/// True for everything that is asked of an authorization server. A browser's preflight asks nothing of it.
fn is_oauth(facts: &Facts) -> bool {
    facts.purpose != Purpose::Api && !matches!(facts.request.method.as_str(), "OPTIONS" | "HEAD")
}

/// True when the authorization server itself answered, with an error of its own, or nothing stands in front of it.
fn reached(facts: &Facts, found: &Findings) -> bool {
    let outer = [Layer::Network, Layer::FrontDoor].iter().any(|l| found.has_layer(*l, Likelihood::Likely));
    has_code(facts) || !outer
}

/// True when an error code was said, in whatever dialect.
fn has_code(facts: &Facts) -> bool {
    facts.login_error.is_some() || facts.answer.as_ref().is_some_and(|a| !a.error.codes.is_empty())
}

/// True when one of these error codes was said.
fn says_any(facts: &Facts, codes: &[&str]) -> bool {
    codes.iter().any(|code| facts.says_error(code))
}

/// True when the words hold one of these texts.
fn any_in(words: &str, any: &[&str]) -> bool {
    any.iter().any(|part| words.contains(part))
}

/// The error as the server (or the browser) said it.
fn error_said(facts: &Facts, code: &str) -> Vec<Evidence> {
    let mut list = Vec::new();
    if let Some(answer) = &facts.answer {
        if answer.error.has(code) || answer.says(code) {
            list.push(Evidence::body(facts, code));
        }
        if answer.bearer("error").is_some_and(|e| e.eq_ignore_ascii_case(code)) {
            list.extend(Evidence::response_header(facts, "www-authenticate"));
        }
        list.push(Evidence::status(facts));
    }
    if let Some((error, description)) =
        facts.login_error.as_ref().filter(|(e, _)| e.eq_ignore_ascii_case(code))
    {
        let text = format!("the browser came back with {} {}", short(error), short(description));
        list.push(Evidence::at(Place::Url, text.trim_end().to_owned()));
    }
    list
}

/// Where the profile is written: `auth/pega.toml`, or the request for one.
fn file(facts: &Facts) -> String {
    match facts.profile.as_ref().filter(|p| !p.name.is_empty()) {
        Some(profile) => format!("auth/{}.toml", profile.name),
        None => "the profile".to_owned(),
    }
}
