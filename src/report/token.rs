//! Tokens and what is written on them.

use crate::jwt::{self, Decoded, Signature};
use crate::model::token::Token;
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use std::time::Instant;

/// `token --json`; `text`: with the token itself (only `token` itself answers with it).
pub fn token(token: &Token, text: bool, now: Instant) -> Json {
    let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let decoded = jwt::decode(token.access_token.expose(), token.obtained_at);
    let mut out = Map::new();
    let mut put = |key: &str, value: Json| out.insert(key.to_owned(), value);
    put("profile", json!(token.key.profile));
    put("environment", json!(known(&token.key.environment)));
    put("identity", json!(known(&token.key.identity)));
    if text {
        put("access_token", json!(token.access_token.expose()));
    }
    put("token_type", json!(token.token_type));
    put("expires_in", json!(token.remaining(now).map(|left| left.as_secs().max(0))));
    put("expires_at", json!(token.expires_at().and_then(whole_seconds)));
    put("scope", json!(token.scope.as_deref().or(known(&token.key.scope).as_deref())));
    put("claims", decoded.claims.map_or(Json::Null, Json::Object));
    Json::Object(out)
}

/// `jwt decode|verify --json`.
pub fn decoded(decoded: &Decoded, now: Timestamp) -> Json {
    let (state, key, reason) = match &decoded.signature {
        Signature::Unverified { reason } => ("unverified", None, Some(reason)),
        Signature::Verified { key } => ("verified", Some(key), None),
        Signature::Rejected { reason } => ("rejected", None, Some(reason)),
    };
    let warnings = decoded.warnings.iter().map(|w| json!({ "code": w.code, "text": w.text }));
    json!({
        "kind": decoded.kind.word(),
        "header": decoded.header,
        "claims": decoded.claims,
        "signature": { "state": state, "key": key, "reason": reason },
        "times": times(decoded.claims.as_ref(), now),
        "warnings": warnings.collect::<Vec<_>>(),
        "problem": decoded.problem,
    })
}

/// The registered times as RFC 3339, and the seconds left; null where there is none or it is no time.
fn times(claims: Option<&Map<String, Json>>, now: Timestamp) -> Json {
    let seconds = |name: &str| claims.and_then(|c| c.get(name)).and_then(Json::as_f64);
    let at = |name: &str| seconds(name).and_then(timestamp).and_then(whole_seconds);
    let left = seconds("exp").and_then(timestamp).map(|exp| exp.as_second() - now.as_second());
    json!({
        "iat": at("iat"),
        "nbf": at("nbf"),
        "exp": at("exp"),
        "auth_time": at("auth_time"),
        "expires_in": left,
    })
}

/// A NumericDate (RFC 7519 section 2), which may be fractional.
fn timestamp(seconds: f64) -> Option<Timestamp> {
    let millis = (seconds * 1000.0).round();
    (millis.abs() < 1e15).then(|| Timestamp::from_millisecond(millis as i64).ok()).flatten()
}

/// RFC 3339 in UTC to the second.
fn whole_seconds(at: Timestamp) -> Option<String> {
    Timestamp::from_second(at.as_second()).ok().map(|t| t.to_string())
}
