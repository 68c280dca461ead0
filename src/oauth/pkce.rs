//! Proof Key for Code Exchange (RFC 7636), S256 only.

use crate::model::secret::Secret;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A verifier and its challenge.
#[derive(Debug, Clone)]
pub struct Pkce {
    /// 43 to 128 characters of `[A-Za-z0-9-._~]`.
    pub verifier: Secret,
    /// BASE64URL(SHA256(ASCII(verifier))).
    pub challenge: String,
}

impl Pkce {
    /// From 64 random bytes (86 characters).
    pub fn new(random: &[u8; 64]) -> Pkce {
        let verifier = Secret::new(URL_SAFE_NO_PAD.encode(random));
        let challenge = challenge(verifier.expose());
        Pkce { verifier, challenge }
    }
}

/// Section 4.2.
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_appendix_b() {
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn a_verifier_has_86_characters_that_need_no_encoding() {
        for byte in [0, 0xfb, 0xff] {
            let pkce = Pkce::new(&[byte; 64]);
            let verifier = pkce.verifier.expose();
            assert_eq!(verifier.len(), 86);
            assert!(
                verifier.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b)),
                "{verifier}"
            );
            assert_eq!(pkce.challenge, challenge(verifier));
        }
    }
}
