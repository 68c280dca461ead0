//! Reading compact JWS that somebody sent. The signature is checked by `crate::jwt::verify`; everything
//! else is read here.

use crate::jwt::{Jwks, Signature, verify};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value as Json};

/// Header and claims, nothing checked.
pub(super) struct Jws {
    pub(super) header: Map<String, Json>,
    pub(super) claims: Map<String, Json>,
}

impl Jws {
    /// Three parts, each base64url without padding (RFC 7515 section 7.1).
    pub(super) fn read(token: &str) -> Option<Jws> {
        let mut parts = token.split('.');
        let (header, claims, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
            return None;
        };
        let part = |text: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok();
        Some(Jws { header: part(header)?, claims: part(claims)? })
    }

    /// A text of the header.
    pub(super) fn head(&self, name: &str) -> Option<&str> {
        self.header.get(name).and_then(Json::as_str)
    }

    /// A text of the claims.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Json::as_str)
    }

    /// A time of the claims in seconds; a fraction is cut off (RFC 7519 section 2).
    pub(super) fn time(&self, name: &str) -> Option<i64> {
        let value = self.claims.get(name)?;
        // A float beyond the range of i64 saturates, which is a time that is never reached.
        #[allow(clippy::cast_possible_truncation)]
        value.as_i64().or_else(|| value.as_f64().map(|f| f as i64))
    }

    /// True when `aud` is one of these, or a list that holds one (RFC 7519 section 4.1.3).
    pub(super) fn is_for(&self, audiences: &[String]) -> bool {
        let one = |aud: &Json| aud.as_str().is_some_and(|aud| audiences.iter().any(|a| a == aud));
        match self.claims.get("aud") {
            Some(Json::Array(all)) => all.iter().any(one),
            Some(aud) => one(aud),
            None => false,
        }
    }
}

/// True when one of the keys made the signature.
pub(super) fn is_signed(token: &str, keys: &Jwks) -> bool {
    matches!(verify(token, keys), Signature::Verified { .. })
}

/// Unpadded base64url of the SHA-256 of a text.
pub(super) fn hash(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    URL_SAFE_NO_PAD.encode(digest)
}
