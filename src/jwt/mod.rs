//! The JWT lens: decode, explain, verify. Pure; time is handed in.
//! "Decoded" is never "verified": the signature's state says which it is.
//!
//! - `decode`: parts, header and claims of any token, however damaged
//! - `warnings`: what a reader should be told about a decoded token
//! - `jwks`, `verify`: key sets and the check of a signature
//! - `claims`, `time`: claims and times in words
//! - `diff`: what two tokens do not share
//! - `find`: tokens inside other text
//! - `sign`: keys that sign, header and claims edited and signed
//! - `lens`, `audience`: what a token means for the request it is going into

mod audience;
mod claims;
mod confusion;
mod decode;
mod diff;
mod find;
mod jwks;
pub mod lens;
pub mod sign;
mod time;
mod verify;
mod warnings;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod lens_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

use serde_json::{Map, Value as Json};

pub use claims::{ClaimLine, explain, speaks_for};
pub use decode::{MAX_TOKEN, bare, decode};
pub use diff::{Difference, diff};
pub use find::{find, keys_url_beside};
pub use jwks::{Jwks, thumbprint};
pub use time::{relative, time_of};
pub use verify::{describe, verify};

/// What a token turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// Three parts, signed (or `alg: none`).
    Jws,
    /// Five parts, encrypted: only the header can be read.
    Jwe,
    /// Anything else.
    Opaque,
}

impl TokenKind {
    /// The word of the contract.
    pub fn word(self) -> &'static str {
        match self {
            Self::Jws => "jws",
            Self::Jwe => "jwe",
            Self::Opaque => "opaque",
        }
    }
}

/// What is known of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signature {
    /// Not checked: why not.
    Unverified {
        /// `no key was tried`, `the keys endpoint did not answer` …
        reason: String,
    },
    /// Checked and right.
    Verified {
        /// Which key: `kid 7c1e… (RS256)`.
        key: String,
    },
    /// Checked and wrong.
    Rejected {
        /// Why.
        reason: String,
    },
}

/// Something a reader should be warned of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Stable code: `alg_none`, `no_exp`, `long_lived` …
    pub code: &'static str,
    /// One sentence.
    pub text: String,
}

/// A decoded token. All texts in it are untrusted.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// Kind.
    pub kind: TokenKind,
    /// JOSE header.
    pub header: Option<Map<String, Json>>,
    /// Claims.
    pub claims: Option<Map<String, Json>>,
    /// Signature.
    pub signature: Signature,
    /// Warnings.
    pub warnings: Vec<Warning>,
    /// For opaque tokens and broken JWTs: why it could not be read.
    pub problem: Option<String>,
}
