//! What a token endpoint answers: a token (RFC 6749 section 5.1), an error in either dialect (RFC 6749
//! section 5.2, or Pega's `errors[]`, even on HTTP 200), or something that is no token answer at all.

use super::error::{TokenError, TokenErrorKind, clean};
use crate::model::secret::Secret;
use serde_json::{Map, Value as Json};
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
}

impl TokenAnswer<'_> {
    /// Reads it.
    ///
    /// # Errors
    /// Whatever is no token, with what can be told about it.
    pub fn read(&self) -> Result<Granted, TokenError> {
        if (300..400).contains(&self.status) {
            let to = self.location.map(clean).unwrap_or_default();
            return Err(self.error(TokenErrorKind::Redirect(to)));
        }
        let body = self.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(self.body).trim_ascii();
        if body.is_empty() {
            return Err(self.error(TokenErrorKind::Empty));
        }
        match serde_json::from_slice::<Json>(body) {
            Ok(Json::Object(map)) => self.read_object(&map),
            _ => Err(self.error(no_json(self.media_type, body))),
        }
    }

    fn read_object(&self, map: &Map<String, Json>) -> Result<Granted, TokenError> {
        if let Some(error) = self.stated_error(map) {
            return Err(error);
        }
        let text =
            |key: &str| map.get(key).and_then(Json::as_str).filter(|t| !t.is_empty()).map(str::to_owned);
        let token = text("access_token").filter(|_| (200..300).contains(&self.status));
        let Some(access_token) = token else {
            let mut error = self.error(TokenErrorKind::NoToken);
            error.description = ["message", "error_description", "detail", "title"]
                .into_iter()
                .find_map(text)
                .map(|t| clean(&t));
            return Err(error);
        };
        if !access_token.bytes().all(|b| (0x20..0x7f).contains(&b)) {
            return Err(self.error(TokenErrorKind::Unsendable));
        }
        Ok(Granted {
            access_token: Secret::new(access_token),
            token_type: text("token_type").unwrap_or_else(|| "Bearer".to_owned()),
            expires_in: map.get("expires_in").and_then(seconds),
            refresh_token: text("refresh_token").map(Secret::new),
            id_token: text("id_token").map(Secret::new),
            scope: text("scope"),
            session_index: text("session_index"),
        })
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

    fn error(&self, kind: TokenErrorKind) -> TokenError {
        TokenError { kind, status: self.status, codes: Vec::new(), description: None, uri: None }
    }
}

/// `expires_in` as a number or, against the RFC but seen, a text. Negative and absurd values are none.
fn seconds(value: &Json) -> Option<Duration> {
    let seconds = match value {
        Json::Number(n) => n.as_f64()?,
        Json::String(text) => text.trim().parse::<f64>().ok()?,
        _ => return None,
    };
    (seconds.is_finite() && (0.0..1e11).contains(&seconds)).then(|| Duration::from_secs(seconds as u64))
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
        assert_eq!(json(200, r#"{"access_token":"t","expires_in":-5}"#).unwrap().expires_in, None);
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
}
