//! The RSA keys tokens are signed with, and their public halves as a JWK Set.
//! Making one takes a good part of a second on a slow machine, so they are made beside the
//! start-up and once per process: sandboxes of one process differ by issuer, not by key.

use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value as Json, json};
use std::sync::Arc;
use tokio::sync::OnceCell;

static CURRENT: OnceCell<Arc<SigningKey>> = OnceCell::const_new();
static RETIRED: OnceCell<Arc<SigningKey>> = OnceCell::const_new();

/// A key pair with its identifier.
pub(super) struct SigningKey {
    /// The `kid`.
    pub(super) kid: String,
    pair: RsaKeyPair,
}

/// The key in use; waits for it when it is still being made.
pub(super) async fn current() -> Result<Arc<SigningKey>, KeyTrouble> {
    CURRENT.get_or_try_init(SigningKey::make).await.cloned()
}

/// A key that is not at the keys endpoint (any more).
pub(super) async fn retired() -> Result<Arc<SigningKey>, KeyTrouble> {
    RETIRED.get_or_try_init(SigningKey::make).await.cloned()
}

/// The generator failed or was interrupted by the end of the runtime.
#[derive(Debug, thiserror::Error)]
#[error("the sandbox could not make its signing key")]
pub(super) struct KeyTrouble;

impl SigningKey {
    async fn make() -> Result<Arc<SigningKey>, KeyTrouble> {
        let made = tokio::task::spawn_blocking(|| RsaKeyPair::generate(KeySize::Rsa2048)).await;
        let pair = made.map_err(|_| KeyTrouble)?.map_err(|_| KeyTrouble)?;
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, pair.public_key().as_ref());
        let kid = digest.as_ref().iter().take(16).map(|b| format!("{b:02x}")).collect();
        Ok(Arc::new(SigningKey { kid, pair }))
    }

    /// RS256 over the text; empty if the key cannot sign, which no reader takes for a signature.
    pub(super) fn sign(&self, text: &str) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let rng = aws_lc_rs::rand::SystemRandom::new();
        match self.pair.sign(&RSA_PKCS1_SHA256, &rng, text.as_bytes(), &mut signature) {
            Ok(()) => signature,
            Err(_) => Vec::new(),
        }
    }

    /// True when the signature fits.
    pub(super) fn verifies(&self, text: &str, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.pair.public_key().as_ref())
            .verify(text.as_bytes(), signature)
            .is_ok()
    }

    /// The public half, RFC 7517 and RFC 7518 section 6.3.1.
    pub(super) fn jwk(&self) -> Json {
        let (n, e) = rsa_numbers(self.pair.public_key().as_ref()).unwrap_or_default();
        json!({
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.kid,
            "n": URL_SAFE_NO_PAD.encode(n),
            "e": URL_SAFE_NO_PAD.encode(e),
        })
    }
}

/// Modulus and exponent of an `RSAPublicKey` (RFC 8017 appendix A.1.1), without sign bytes.
fn rsa_numbers(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (sequence, _) = element(der, 0x30)?;
    let (n, rest) = element(sequence, 0x02)?;
    let (e, _) = element(rest, 0x02)?;
    let unsigned = |number: &[u8]| match number {
        [0, rest @ ..] => rest.to_vec(),
        all => all.to_vec(),
    };
    Some((unsigned(n), unsigned(e)))
}

/// The content of one DER element of the given tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    if found != tag {
        return None;
    }
    let mut length = usize::from(first);
    if first & 0x80 != 0 {
        let (digits, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
        length = digits.iter().try_fold(0usize, |n, d| n.checked_mul(256)?.checked_add(usize::from(*d)))?;
        rest = after;
    }
    rest.split_at_checked(length)
}
