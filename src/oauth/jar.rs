//! Request objects: authorization parameters as a signed JWT (RFC 9101).

use super::authorization::AuthorizationAsk;
use super::form::Moment;
use crate::jwt::sign::{SigningKey, sign};
use crate::model::secret::Secret;
use serde_json::{Map, Value as Json};

/// Life of a request object in seconds: the browser takes it there at once, or PAR does.
const LIFE: i64 = 300;

/// The claims: every parameter, `iss` the client id, `aud` the issuer. A repeated parameter (`resource`) becomes a list,
/// `max_age` a number, and a JSON text of `claims` or `authorization_details` the value it spells.
pub fn claims(ask: &AuthorizationAsk, issuer: &str, moment: &Moment) -> Map<String, Json> {
    let mut all = Map::new();
    let now = moment.now.as_second();
    all.insert("iss".to_owned(), ask.client_id.as_str().into());
    all.insert("aud".to_owned(), issuer.into());
    all.insert("iat".to_owned(), now.into());
    all.insert("nbf".to_owned(), now.into());
    all.insert("exp".to_owned(), now.saturating_add(LIFE).into());
    all.insert("jti".to_owned(), moment.jti("request").into());
    for (name, value) in ask.parameters() {
        // A request object holds no further one (section 4).
        if name == "request" || name == "request_uri" {
            continue;
        }
        let value = match name.as_str() {
            "max_age" => value.parse::<u64>().map_or(Json::String(value), Json::from),
            "claims" | "authorization_details" => serde_json::from_str(&value).unwrap_or(Json::String(value)),
            _ => Json::String(value),
        };
        match all.get_mut(&name) {
            Some(Json::Array(list)) if name == "resource" => list.push(value),
            Some(first) if name == "resource" => *first = Json::Array(vec![first.take(), value]),
            _ => drop(all.insert(name, value)),
        }
    }
    all
}

/// Signs them with `typ: oauth-authz-req+jwt`. `key_id` empty: the key's own.
///
/// # Errors
/// In words, when the key cannot sign.
pub fn request_object(
    ask: &AuthorizationAsk,
    issuer: &str,
    key: &SigningKey,
    key_id: &str,
    moment: &Moment,
) -> Result<Secret, String> {
    let mut header = Map::new();
    header.insert("typ".to_owned(), "oauth-authz-req+jwt".into());
    let kid = if key_id.is_empty() { key.kid().unwrap_or_default() } else { key_id };
    if !kid.is_empty() {
        header.insert("kid".to_owned(), kid.into());
    }
    sign(&header, &claims(ask, issuer, moment), key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_is_a_claim_with_issuer_and_audience() {
        let ask = AuthorizationAsk {
            authorization_url: "https://h/authorize".into(),
            client_id: "id".into(),
            redirect_uri: "http://127.0.0.1/cb".into(),
            scope: vec!["openid".into()],
            state: Secret::new("st"),
            nonce: Secret::new("no"),
            challenge: "ch".into(),
            audience: String::new(),
            resource: vec!["https://r/1".into(), "https://r/2".into(), "https://r/3".into()],
            dpop_jkt: None,
            extra: vec![
                ("max_age".into(), "60".into()),
                ("claims".into(), r#"{"userinfo":{}}"#.into()),
                ("request".into(), "x".into()),
            ],
        };
        let moment = Moment { now: jiff::Timestamp::from_second(1000).unwrap(), random: [1; 32] };
        let claims = claims(&ask, "https://h", &moment);
        let expected = serde_json::json!({
            "iss": "id", "aud": "https://h", "iat": 1000, "nbf": 1000, "exp": 1300, "jti": moment.jti("request"),
            "response_type": "code", "client_id": "id", "redirect_uri": "http://127.0.0.1/cb", "scope": "openid",
            "state": "st", "code_challenge": "ch", "code_challenge_method": "S256",
            "resource": ["https://r/1", "https://r/2", "https://r/3"],
            "max_age": 60, "claims": {"userinfo": {}}, "nonce": "no",
        });
        assert_eq!(Json::Object(claims), expected);
    }
}
