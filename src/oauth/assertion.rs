//! JWT assertions, built and signed (RFC 7523).

use super::form::Moment;
use crate::jwt::sign::{SigningKey, sign};
use crate::model::secret::Secret;
use serde_json::{Map, Value as Json};

pub use super::saml::{SamlFacts, saml};

/// Seconds an assertion lives where nothing else is said.
const LIFETIME: u64 = 300;

/// The claims as they will be signed: the profile's own, with `iss`, `sub`, `aud`, `iat`, `exp`, `jti` filled where they are absent
/// (a claim given as JSON `null` is left out and not filled).
pub fn claims(
    own: &Map<String, Json>,
    issuer: &str,
    subject: &str,
    audience: &str,
    lifetime: u64,
    moment: &Moment,
) -> Map<String, Json> {
    let now = moment.now.as_second();
    let lifetime = i64::try_from(if lifetime == 0 { LIFETIME } else { lifetime }).unwrap_or(i64::MAX);
    let start = own.get("iat").and_then(Json::as_i64).unwrap_or(now);
    let filled = [
        ("iss", Json::from(issuer)),
        ("sub", Json::from(subject)),
        ("aud", Json::from(audience)),
        ("iat", Json::from(now)),
        ("exp", Json::from(start.saturating_add(lifetime))),
        ("jti", Json::from(moment.jti("assertion"))),
    ];
    let mut claims: Map<String, Json> = filled
        .into_iter()
        .filter(|(name, value)| !own.contains_key(*name) && value.as_str() != Some(""))
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    claims.extend(own.iter().filter(|(_, value)| !value.is_null()).map(|(n, v)| (n.clone(), v.clone())));
    claims
}

/// Signs them with header `typ: JWT`, `kid` where known, and the profile's further members.
///
/// # Errors
/// In words.
pub fn signed(
    claims: &Map<String, Json>,
    header: &[(String, String)],
    key: &SigningKey,
    key_id: &str,
) -> Result<Secret, String> {
    let mut all = Map::new();
    all.insert("typ".to_owned(), "JWT".into());
    let kid = if key_id.is_empty() { key.kid().unwrap_or_default() } else { key_id };
    if !kid.is_empty() {
        all.insert("kid".to_owned(), kid.into());
    }
    for (name, value) in header.iter().filter(|(name, _)| name != "alg") {
        all.insert(name.clone(), value.as_str().into());
    }
    sign(&all, claims, key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::{self, Jwks, Signature};

    fn object(json: &str) -> Map<String, Json> {
        serde_json::from_str(json).unwrap()
    }

    fn moment() -> Moment {
        Moment { now: jiff::Timestamp::from_second(1000).unwrap(), random: [1; 32] }
    }

    #[test]
    fn what_the_profile_leaves_out_is_filled_and_null_leaves_out() {
        let built = claims(&Map::new(), "i", "s", "a", 60, &moment());
        let jti = moment().jti("assertion");
        let expected =
            serde_json::json!({"iss": "i", "sub": "s", "aud": "a", "iat": 1000, "exp": 1060, "jti": jti});
        assert_eq!(Json::Object(built), expected);
        let own = object(r#"{"sid":"x","iat":900,"jti":null,"aud":["p","q"],"sub":7}"#);
        let built = claims(&own, "i", "s", "a", 0, &moment());
        let expected =
            serde_json::json!({"iss": "i", "sid": "x", "iat": 900, "exp": 1200, "aud": ["p", "q"], "sub": 7});
        assert_eq!(Json::Object(built), expected);
    }

    #[test]
    fn an_endless_life_does_not_overflow() {
        assert_eq!(claims(&Map::new(), "i", "s", "a", u64::MAX, &moment())["exp"], i64::MAX);
    }

    #[test]
    fn it_is_signed_with_the_profiles_header_and_verifies() {
        let key = SigningKey::generate("ES256").unwrap();
        let header = [("x5t".to_owned(), "abc".to_owned()), ("alg".to_owned(), "none".to_owned())];
        let jwt = signed(&object(r#"{"sub":"u"}"#), &header, &key, "k1").unwrap();
        let decoded = jwt::decode(jwt.expose(), moment().now);
        let expected = serde_json::json!({"alg": "ES256", "typ": "JWT", "kid": "k1", "x5t": "abc"});
        assert_eq!(Json::Object(decoded.header.unwrap()), expected);
        let mut public = key.public_jwk().unwrap();
        public["kid"] = "k1".into();
        let keys = Jwks::parse(&public.to_string()).unwrap();
        assert!(matches!(jwt::verify(jwt.expose(), &keys), Signature::Verified { .. }));
    }
}
