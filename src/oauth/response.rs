//! What a token endpoint answers: a token (RFC 6749 section 5.1), an error in either dialect (RFC 6749
//! section 5.2, or Pega's `errors[]`, even on HTTP 200), or something that is no token answer at all.

use super::error::{TokenError, TokenErrorKind, clean};
use crate::jwt;
use crate::model::secret::Secret;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json};
use std::collections::HashSet;
use std::time::Duration;

/// The answer of a token endpoint.
#[derive(Debug, Clone, Copy)]
pub struct TokenAnswer<'a> {
    /// Status code.
    pub status: u16,
    /// Media type, lower case, without parameters; empty if none was sent.
    pub media_type: &'a str,
    /// `Location`, for redirects (a token endpoint's redirect is never followed).
    pub location: Option<&'a str>,
    /// Body.
    pub body: &'a [u8],
}

/// What was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The token.
    pub access_token: Secret,
    /// As the server said it; `Bearer` when it said nothing.
    pub token_type: String,
    /// Lifetime.
    pub expires_in: Option<Duration>,
    /// Refresh token.
    pub refresh_token: Option<Secret>,
    /// ID token.
    pub id_token: Option<Secret>,
    /// Scope granted, if it was said.
    pub scope: Option<String>,
    /// Pega's session index, sent when `enable_psyncId` was.
    pub session_index: Option<String>,
    /// What a token exchange gave (RFC 8693 section 2.2.1), as a URN.
    pub issued_token_type: Option<String>,
}

impl Granted {
    /// What a reader should know of an answer that is a token, but not quite what was asked for. `scope` as asked for;
    /// `dpop`: a binding was asked for; `now` by the server's clock.
    pub fn notes(&self, scope: &[String], dpop: bool, now: Timestamp) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(granted) = &self.scope {
            let granted: Vec<&str> = granted.split_whitespace().collect();
            let missing: Vec<&str> =
                scope.iter().flat_map(|s| s.split_whitespace()).filter(|s| !granted.contains(s)).collect();
            if !missing.is_empty() {
                notes.push(format!(
                    "the server granted less than was asked for: without `{}`",
                    missing.join("`, `")
                ));
            }
        }
        let kind = self.token_type.as_str();
        if dpop && !kind.eq_ignore_ascii_case("dpop") {
            notes.push(format!(
                "DPoP was asked for, and the server gave a token of type `{}`: it is not bound to the key",
                clean(kind)
            ));
        } else if kind.eq_ignore_ascii_case("n_a") {
            notes.push(
                "the server calls the token's type `N_A`: it is none that an API takes by itself".to_owned(),
            );
        } else if !["bearer", "dpop"].iter().any(|known| kind.eq_ignore_ascii_case(known)) {
            notes.push(format!("the token's type is `{}`: it is sent under that name", clean(kind)));
        }
        let life = self.expires_in.map(|life| life.as_secs());
        if life.is_some_and(|life| life < 10) {
            notes.push(format!("the token lives {} seconds only", life.unwrap_or_default()));
        }
        notes.extend(self.other_end(now));
        notes
    }

    /// A JWT may say another end than the answer it came in. The countdown follows the answer, an API the
    /// token, so an earlier one is told. A minute is left to clocks and rounding.
    fn other_end(&self, now: Timestamp) -> Option<String> {
        let decoded = jwt::decode(self.access_token.expose(), now);
        let ends = jwt::time_of(decoded.claims.as_ref()?, "exp")?;
        let when = jwt::relative(ends, now);
        if ends <= now {
            return Some(format!("the token itself says that it ended {when}: an API will refuse it"));
        }
        let stated = now.checked_add(SignedDuration::try_from(self.expires_in?).ok()?).ok()?;
        let sooner = stated.duration_since(ends) > SignedDuration::from_secs(60);
        sooner.then(|| format!("the token itself says that it ends {when}, sooner than the server said"))
    }
}

impl TokenAnswer<'_> {
    /// Reads it.
    ///
    /// # Errors
    /// Whatever is no token, with what can be told about it.
    pub fn read(&self) -> Result<Granted, TokenError> {
        let map = self.object()?;
        let text =
            |key: &str| map.get(key).and_then(Json::as_str).filter(|t| !t.is_empty()).map(str::to_owned);
        let Some(access_token) = text("access_token") else {
            return Err(self.without_token(&map));
        };
        if !access_token.bytes().all(|b| (0x20..0x7f).contains(&b)) {
            return Err(self.error(TokenErrorKind::Unsendable));
        }
        Ok(Granted {
            access_token: Secret::new(access_token),
            // It becomes the scheme of a header; what cannot be one is taken as unsaid.
            token_type: text("token_type").filter(|t| is_word(t)).unwrap_or_else(|| "Bearer".to_owned()),
            expires_in: map.get("expires_in").and_then(seconds),
            refresh_token: text("refresh_token").map(Secret::new),
            id_token: text("id_token").map(Secret::new),
            scope: map.get("scope").and_then(scope),
            session_index: text("session_index"),
            issued_token_type: text("issued_token_type").map(|t| clean(&t)),
        })
    }

    /// The JSON object of a success, for every endpoint that answers with one.
    ///
    /// # Errors
    /// A redirect, an error in either dialect, or what is no JSON object.
    pub(super) fn object(&self) -> Result<Map<String, Json>, TokenError> {
        if (300..400).contains(&self.status) {
            let to = self.location.map(clean).unwrap_or_default();
            return Err(self.error(TokenErrorKind::Redirect(to)));
        }
        let body = self.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(self.body).trim_ascii();
        if body.is_empty() {
            return Err(self.error(TokenErrorKind::Empty));
        }
        let Ok(Json::Object(map)) = serde_json::from_slice::<Json>(body) else {
            return Err(self.error(no_json(self.media_type, body)));
        };
        if let Some(error) = self.stated_error(&map) {
            return Err(error);
        }
        if !(200..300).contains(&self.status) {
            return Err(self.without_token(&map));
        }
        // Two readers of one answer must not see two tokens (RFC 8259 section 4).
        match doubled(body) {
            Some(name) => Err(self.error(TokenErrorKind::Doubled(clean(&name)))),
            None => Ok(map),
        }
    }

    fn without_token(&self, map: &Map<String, Json>) -> TokenError {
        let mut error = self.error(TokenErrorKind::NoToken);
        error.description = ["message", "error_description", "detail", "title"]
            .into_iter()
            .filter_map(|key| map.get(key).and_then(Json::as_str))
            .map(clean)
            .find(|text| !text.is_empty());
        error
    }

    /// An error as the server states it, whatever the status.
    fn stated_error(&self, map: &Map<String, Json>) -> Option<TokenError> {
        let text = |value: &Json, key: &str| {
            value.get(key).and_then(Json::as_str).map(clean).filter(|t| !t.is_empty())
        };
        let mut error = self.error(TokenErrorKind::Refused);
        match (map.get("errors"), map.get("error")) {
            (Some(Json::Array(list)), _) if !list.is_empty() => {
                error.codes = list.iter().filter_map(|e| text(e, "ID").or_else(|| text(e, "code"))).collect();
                let words: Vec<String> = list.iter().filter_map(|e| text(e, "message")).collect();
                error.description = (!words.is_empty()).then(|| words.join(" "));
            }
            (_, Some(Json::String(code))) if !code.is_empty() => {
                let all = Json::Object(map.clone());
                error.codes = vec![clean(code)];
                error.description = text(&all, "error_description");
                error.uri = text(&all, "error_uri");
            }
            // Some gateways wrap it: {"error":{"code":…,"message":…}}.
            (_, Some(inner @ Json::Object(_))) => {
                error.codes = text(inner, "code").or_else(|| text(inner, "status")).into_iter().collect();
                error.description = text(inner, "message");
            }
            _ => return None,
        }
        Some(error)
    }

    pub(super) fn error(&self, kind: TokenErrorKind) -> TokenError {
        TokenError { kind, status: self.status, codes: Vec::new(), description: None, uri: None }
    }
}

/// `expires_in` and its like as a number or, against the RFC but seen, a text. Negative and absurd values are none.
pub(super) fn seconds(value: &Json) -> Option<Duration> {
    let seconds = match value {
        Json::Number(n) => n.as_f64()?,
        Json::String(text) => text.trim().parse::<f64>().ok()?,
        _ => return None,
    };
    (seconds.is_finite() && (0.0..1e11).contains(&seconds)).then(|| Duration::from_secs(seconds as u64))
}

/// Scopes joined by blanks; a list, against the RFC but seen, too.
fn scope(value: &Json) -> Option<String> {
    let text = match value {
        Json::String(text) => text.clone(),
        Json::Array(list) => list.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(" "),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// A name that can stand as a scheme in a header.
fn is_word(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// A member that an object states twice, if one is.
pub(super) fn doubled(object: &[u8]) -> Option<String> {
    serde_json::from_slice::<TopLevel>(object).ok()?.doubled
}

/// The members of an object, looked at for a name that comes twice.
struct TopLevel {
    doubled: Option<String>,
}

impl<'de> serde::Deserialize<'de> for TopLevel {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(TopLevel { doubled: None })
    }
}

impl<'de> serde::de::Visitor<'de> for TopLevel {
    type Value = TopLevel;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(mut self, mut map: A) -> Result<TopLevel, A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            map.next_value::<serde::de::IgnoredAny>()?;
            if self.doubled.is_none() && !seen.insert(name.clone()) {
                self.doubled = Some(name);
            }
        }
        Ok(self)
    }
}

fn no_json(media_type: &str, body: &[u8]) -> TokenErrorKind {
    let head = String::from_utf8_lossy(&body[..body.len().min(2048)]).to_ascii_lowercase();
    let html = media_type.contains("html")
        || ["<!doctype html", "<html", "<head", "<body", "<form"].iter().any(|t| head.contains(t));
    if html {
        return TokenErrorKind::Html;
    }
    if media_type.ends_with("xml") || head.starts_with('<') {
        return TokenErrorKind::Xml;
    }
    TokenErrorKind::NotJson(clean(media_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn answer<'a>(status: u16, media_type: &'a str, body: &'a str) -> TokenAnswer<'a> {
        TokenAnswer { status, media_type, location: None, body: body.as_bytes() }
    }

    fn json(status: u16, body: &str) -> Result<Granted, TokenError> {
        answer(status, "application/json", body).read()
    }

    #[test]
    fn a_token_is_read_with_all_that_came_with_it() {
        let g = json(200, r#"{"access_token":"t","token_type":"bearer","expires_in":3600,"refresh_token":"r","id_token":"i","scope":"a b","session_index":"s"}"#).unwrap();
        assert_eq!((g.access_token.expose(), g.token_type.as_str()), ("t", "bearer"));
        assert_eq!(g.expires_in, Some(Duration::from_secs(3600)));
        assert_eq!(g.refresh_token.unwrap().expose(), "r");
        assert_eq!((g.scope.as_deref(), g.session_index.as_deref()), (Some("a b"), Some("s")));
    }

    #[test]
    fn what_the_server_left_out_stays_unknown() {
        let g = json(200, r#"{"access_token":"t"}"#).unwrap();
        assert_eq!((g.token_type.as_str(), g.expires_in, g.scope), ("Bearer", None, None));
        assert_eq!(
            json(200, r#"{"access_token":"t","expires_in":"900"}"#).unwrap().expires_in,
            Some(Duration::from_secs(900))
        );
        for odd in ["-5", "-1", "1e99", "null", "\"soon\"", "[]", "true"] {
            let body = format!(r#"{{"access_token":"t","expires_in":{odd}}}"#);
            assert_eq!(json(200, &body).unwrap().expires_in, None, "{odd}");
        }
        let zero = json(200, r#"{"access_token":"t","expires_in":0}"#).unwrap();
        assert_eq!(zero.expires_in, Some(Duration::ZERO), "expired when it comes; taken at its word");
    }

    #[test]
    fn both_error_dialects_are_understood_whatever_the_status() {
        let rfc = json(401, r#"{"error":"invalid_client","error_description":"no such\u0007 client"}"#)
            .unwrap_err();
        assert_eq!(
            (rfc.code(), rfc.description.as_deref()),
            (Some("invalid_client"), Some("no such client"))
        );
        let body = r#"{"errors":[{"ID":"unsupported_grant_type","message":"Not supported."},{"ID":"invalid_request","message":"Missing."}]}"#;
        for status in [400, 200] {
            let pega = json(status, body).unwrap_err();
            assert_eq!(pega.codes, ["unsupported_grant_type", "invalid_request"]);
            assert_eq!(pega.description.as_deref(), Some("Not supported. Missing."));
        }
        assert_eq!(
            json(200, r#"{"error":"invalid_grant","access_token":""}"#).unwrap_err().code(),
            Some("invalid_grant")
        );
    }

    #[test]
    fn what_is_no_token_answer_is_named_for_what_it_is() {
        let kind = |status, media, body| answer(status, media, body).read().unwrap_err().kind;
        assert_eq!(kind(200, "text/html", "<html><form action=login>"), TokenErrorKind::Html);
        assert_eq!(kind(401, "", "<!DOCTYPE html><title>Sign in</title>"), TokenErrorKind::Html);
        assert_eq!(kind(500, "text/xml", "<?xml version=\"1.0\"?><fault/>"), TokenErrorKind::Xml);
        assert_eq!(kind(401, "", " \n"), TokenErrorKind::Empty);
        assert_eq!(kind(200, "text/plain", "ok"), TokenErrorKind::NotJson("text/plain".into()));
        assert_eq!(kind(200, "application/json", "{\"ok\":true}"), TokenErrorKind::NoToken);
        assert_eq!(kind(500, "application/json", "{\"access_token\":\"x\"}"), TokenErrorKind::NoToken);
        for token in ["a\\r\\nX-Injected: 1", "a\\u001b[31m", "\u{e9}"] {
            let body = format!("{{\"access_token\":\"{token}\"}}");
            assert_eq!(json(200, &body).unwrap_err().kind, TokenErrorKind::Unsendable, "{token}");
        }
        assert_eq!(
            json(200, "[]").unwrap_err().kind,
            TokenErrorKind::NotJson("application/json".into()),
            "an array is JSON, and no answer"
        );
        let redirect = TokenAnswer { location: Some("https://idp/login"), ..answer(302, "", "") };
        assert_eq!(redirect.read().unwrap_err().kind, TokenErrorKind::Redirect("https://idp/login".into()));
    }

    #[test]
    fn a_token_that_says_an_earlier_end_than_the_server_is_told() {
        use base64::Engine;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD as CODED;
        let notes = |claims: &str, life: &str| {
            let token = format!("{}.{}.c2ln", CODED.encode(r#"{"alg":"RS256"}"#), CODED.encode(claims));
            let body = format!(r#"{{"access_token":"{token}","token_type":"Bearer"{life}}}"#);
            json(200, &body).unwrap().notes(&[], false, NOW)
        };
        let hour = r#","expires_in":3600"#;
        assert_eq!(
            notes(r#"{"exp":-300}"#, hour),
            ["the token itself says that it ended 5 min ago: an API will refuse it"]
        );
        assert_eq!(notes(r#"{"exp":-300}"#, "").len(), 1);
        assert_eq!(
            notes(r#"{"exp":600}"#, hour),
            ["the token itself says that it ends in 10 min, sooner than the server said"]
        );
        for same in [r#"{"exp":3600}"#, r#"{"exp":3590}"#, r#"{"exp":7200}"#, r#"{"sub":"x"}"#] {
            assert_eq!(notes(same, hour), Vec::<String>::new(), "{same}");
        }
    }

    #[test]
    fn a_type_that_no_header_can_name_is_taken_as_unsaid() {
        for odd in ["Bearer\\r\\nX-A: 1", "a b", "é", ""] {
            let body = format!(r#"{{"access_token":"t","token_type":"{odd}"}}"#);
            assert_eq!(json(200, &body).unwrap().token_type, "Bearer", "{odd}");
        }
        let exchanged = r#"{"access_token":"t","token_type":"N_A","issued_token_type":"urn:ietf:params:oauth:token-type:jwt"}"#;
        let g = json(200, exchanged).unwrap();
        assert_eq!(g.token_type, "N_A");
        assert_eq!(g.issued_token_type.as_deref(), Some("urn:ietf:params:oauth:token-type:jwt"));
        assert!(g.notes(&[], false, NOW)[0].contains("N_A"));
    }

    #[test]
    fn what_is_not_quite_what_was_asked_for_is_told() {
        let asked = ["a".to_owned(), "b c".to_owned()];
        let less = json(200, r#"{"access_token":"t","scope":["a","c"]}"#).unwrap();
        assert_eq!(
            less.notes(&asked, false, NOW),
            ["the server granted less than was asked for: without `b`"]
        );
        let unsaid = json(200, r#"{"access_token":"t"}"#).unwrap();
        assert_eq!(unsaid.notes(&asked, false, NOW), Vec::<String>::new());
        assert!(unsaid.notes(&asked, true, NOW)[0].contains("not bound"));
        let mac = json(200, r#"{"access_token":"t","token_type":"mac","expires_in":2}"#).unwrap();
        assert_eq!(mac.notes(&[], false, NOW).len(), 2);
    }

    #[test]
    fn an_answer_that_states_a_member_twice_is_no_token() {
        let body = r#"{"access_token":"a","scope":"x","access_token":"b"}"#;
        assert_eq!(json(200, body).unwrap_err().kind, TokenErrorKind::Doubled("access_token".into()));
        let deep = r#"{"access_token":"a","x":{"a":1,"a":2}}"#;
        assert!(json(200, deep).is_ok(), "what nobody reads does not matter");
    }

    #[test]
    fn huge_and_deep_answers_are_read_without_harm() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(json(200, &deep).is_err());
        let long = format!(r#"{{"error":"{}"}}"#, "x".repeat(4_000_000));
        assert!(json(400, &long).unwrap_err().codes[0].len() < 2000);
        let token = format!(r#"{{"access_token":"{}"}}"#, "x".repeat(4_000_000));
        assert_eq!(json(200, &token).unwrap().access_token.len(), 4_000_000);
    }
}
