//! What the server says about the token in its own words. Only words that name one reason count as said: "expired, revoked,
//! malformed, or invalid for other reasons" (RFC 6750) names none.

use crate::diagnose::body::BodyKind;
use crate::diagnose::evidence::Evidence;
use crate::diagnose::facts::Facts;

/// A reason that servers name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Expired,
    NotYet,
    Future,
    TimeFormat,
    Issuer,
    Audience,
    Key,
    Signature,
    Algorithm,
    Revoked,
    NotJwt,
}

/// Lower-case words for each reason: Pega and the sandbox, RFC 6750 texts of Spring, ASP.NET (`IDX…`), Keycloak, Istio, Kong,
/// Apigee, Azure, AWS, Auth0's and other JWT libraries.
static WORDS: &[(Said, &[&str])] = &[
    (
        Said::Expired,
        &[
            "token expired",
            "token has expired",
            "token is expired",
            "token was expired",
            "expired token",
            "expired access token",
            "token_expired",
            "tokenexpired",
            "expiredtoken",
            "jwt expired",
            "jwt is expired",
            "jwt has expired",
            "signature has expired",
            "token expiration",
            "\"exp\" claim timestamp",
            "expired jwt",
        ],
    ),
    (
        Said::NotYet,
        &[
            "not valid yet",
            "not yet valid",
            "not yet active",
            "not active yet",
            "jwt not active",
            "jwt used before",
            "token is not valid before",
            "\"nbf\" claim timestamp",
        ],
    ),
    (
        Said::Future,
        &[
            "issued in the future",
            "used before issued",
            "iat is in the future",
            "\"iat\" claim timestamp",
            "iat in the future",
        ],
    ),
    (
        Said::TimeFormat,
        &[
            "not in seconds",
            "exp claim must be",
            "exp must be a number",
            "is not a numericdate",
            "invalid exp value",
            "exp is not a number",
            "claim must be a number",
        ],
    ),
    (
        Said::Issuer,
        &[
            "issuer of the access token",
            "invalid issuer",
            "issuer is not",
            "issuer validation failed",
            "issuer invalid",
            "issuer did not match",
            "issuer does not match",
            "issuer mismatch",
            "unknown issuer",
            "untrusted issuer",
            "wrong issuer",
            "same issuer",
            "issuer not",
            "the issuer '",
            "iss claim",
            "\"iss\" claim",
            "'iss'",
        ],
    ),
    (Said::Audience, &["audience", "aud claim", "\"aud\" claim", "'aud'"]),
    (
        Said::Key,
        &[
            "key of the access token",
            "unknown key",
            "unknown kid",
            "kid '",
            "\"kid\"",
            "no matching key",
            "signing key",
            "signature key was not found",
            "doesn't have key",
            "to match key",
            "unable to match key",
            "no matching jwk",
        ],
    ),
    (
        Said::Signature,
        &[
            "signature of the access token",
            "invalid signature",
            "signature is invalid",
            "signature is not valid",
            "signature invalid",
            "signature verification failed",
            "signature validation failed",
            "signature verification error",
            "jwt verification fails",
            "invalid token signature",
            "bad signature",
        ],
    ),
    (
        Said::Algorithm,
        &[
            "algorithm of the access token",
            "invalid algorithm",
            "unsupported algorithm",
            "unexpected algorithm",
            "unexpected signature algorithm",
            "unexpected \"alg\"",
            "unexpected alg ",
            "algorithm is not",
            "algorithm not",
            "algorithm expected",
            "unsecured jwt",
            "unsigned jwt",
            "unsigned token",
            "unsecured token",
            "invalid alg",
        ],
    ),
    (
        Said::Revoked,
        &[
            "revoked",
            "inactive token",
            "token is inactive",
            "token inactive",
            "token_inactive",
            "inactive_token",
            "deny list",
            "denylist",
            "blacklisted",
            "blocklisted",
            "token has been invalidated",
            "token was invalidated",
            "session not active",
            "user session not found",
        ],
    ),
    (
        Said::NotJwt,
        &[
            "jwt malformed",
            "malformed jwt",
            "not enough segments",
            "number of segments",
            "there are no dots",
            "two dots and 3 sections",
            "not well formed",
            "exactly 2 period",
            "invalid jwt serialization",
            "not a valid jwt",
            "not a jwt",
            "invalid compact jws",
            "invalid compact jwt",
            "invalid jws",
        ],
    ),
];

/// Lines that speak of something else: certificates, API keys, refresh tokens.
const OTHERS: [&str; 7] =
    ["certificate", "api key", "api_key", "apikey", "subscription key", "refresh token", "refresh_token"];

/// Bodies longer than this say more than one thing, in bytes.
const SHORT_BODY: usize = 2048;

/// What was said.
#[derive(Debug, Default)]
pub(super) struct Words {
    list: Vec<(Said, &'static str)>,
}

impl Words {
    /// Reads the challenge and the body.
    pub(super) fn of(facts: &Facts) -> Words {
        let mut words = Words::default();
        let mut text = facts.words();
        if let Some(answer) = &facts.answer {
            for code in &answer.error.codes {
                text.push('\n');
                text.push_str(&code.to_ascii_lowercase());
            }
            // JSON without a message may be anything; with a 401 it is about the caller (Kong's `{"exp":"token expired"}`).
            let plain = match answer.kind {
                BodyKind::Text | BodyKind::Xml => true,
                BodyKind::Json => answer.status == 401,
                _ => false,
            };
            if plain && answer.lower.len() <= SHORT_BODY && answer.error.messages.is_empty() {
                text.push('\n');
                text.push_str(&answer.lower);
            }
        }
        text.lines().for_each(|line| words.line(line));
        words
    }

    fn line(&mut self, line: &str) {
        let line = line.get(..line.len().min(SHORT_BODY)).unwrap_or_default();
        if OTHERS.iter().any(|other| line.contains(other)) {
            return;
        }
        let hit = |needles: &'static [&'static str]| needles.iter().find(|n| line.contains(**n)).copied();
        let mut hits: Vec<(Said, &'static str)> =
            WORDS.iter().filter_map(|(said, needles)| Some((*said, hit(needles)?))).collect();
        let has = |hits: &[(Said, &str)], said| hits.iter().any(|(s, _)| *s == said);
        // "Signature validation failed. Unable to match key", "signature has expired": the second word is the reason.
        if has(&hits, Said::Key) {
            hits.retain(|(s, _)| *s != Said::Signature);
        }
        if has(&hits, Said::Future) {
            hits.retain(|(s, _)| *s != Said::NotYet);
        }
        if let [(said, needle)] = hits.as_slice()
            && (*said == Said::Key || !is_one_of_several(line, needle))
            && !has(&self.list, *said)
        {
            self.list.push((*said, needle));
        }
    }

    /// The words for a reason, when they were said.
    pub(super) fn says(&self, said: Said) -> Option<&'static str> {
        self.list.iter().find(|(s, _)| *s == said).map(|(_, needle)| *needle)
    }

    /// True when the server named no reason.
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// True when it named another reason than this one.
    pub(super) fn says_other_than(&self, said: Said) -> bool {
        self.list.iter().any(|(s, _)| *s != said)
    }
}

/// "Invalid or expired token": one reason of several, so none.
pub(in crate::diagnose) fn is_one_of_several(line: &str, needle: &str) -> bool {
    let Some(at) = line.find(needle) else { return false };
    let before: String = line.get(..at).unwrap_or_default().chars().rev().take(18).collect();
    let before: String = before.chars().rev().collect();
    let after: String = line.get(at + needle.len()..).unwrap_or_default().chars().take(18).collect();
    let around = format!("{before}{needle}{after}");
    [" or ", "/expired", "expired/", "/revoked", " may be ", " might be "].iter().any(|w| around.contains(w))
}

/// The place where the server says it.
pub(super) fn quote(facts: &Facts, needle: &str) -> Option<Evidence> {
    let answer = facts.answer.as_ref()?;
    let header = answer.header("www-authenticate").filter(|h| h.to_lowercase().contains(needle));
    if header.is_some() {
        return Evidence::response_header(facts, "www-authenticate");
    }
    answer.says(needle).then(|| Evidence::body(facts, needle))
}
