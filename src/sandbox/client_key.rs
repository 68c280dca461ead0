//! Keys of the clients that the sandbox registers by itself.

use super::state::random;
use crate::model::secret::Secret;
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value as Json, json};

/// A P-256 key pair.
pub(super) struct ClientKey {
    /// The public JWK that is registered.
    pub(super) public: Json,
    /// The same with `d`, for the client.
    pub(super) private: Secret,
}

impl ClientKey {
    /// From the system's random bytes: the library's own generator takes its time when first used.
    /// `None` only if the bytes are no number below the order of the curve, once in 2^32.
    pub(super) fn make(kid: &str) -> Option<ClientKey> {
        let d = random::<32>();
        let key = PrivateKey::from_private_key(&ECDH_P256, &d).ok()?;
        let point = key.compute_public_key().ok()?;
        let (x, y) = point.as_ref().get(1..)?.split_at_checked(32)?;
        let mut jwk = Map::new();
        for (name, value) in
            [("kty", json!("EC")), ("crv", json!("P-256")), ("kid", json!(kid)), ("alg", json!("ES256"))]
        {
            jwk.insert(name.into(), value);
        }
        jwk.insert("x".into(), URL_SAFE_NO_PAD.encode(x).into());
        jwk.insert("y".into(), URL_SAFE_NO_PAD.encode(y).into());
        let public = Json::Object(jwk.clone());
        jwk.insert("d".into(), URL_SAFE_NO_PAD.encode(d).into());
        Some(ClientKey { public, private: Secret::new(Json::Object(jwk).to_string()) })
    }
}
