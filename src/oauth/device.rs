//! Device authorization (RFC 8628).

use super::error::{TokenErrorKind, clean};
use super::form::{Client, FormAsk};
use super::response::seconds;
use super::{TokenAnswer, TokenError};
use crate::model::secret::Secret;
use serde_json::Value as Json;
use std::time::Duration;
use url::Url;

/// Lifetime where the server states none, in seconds.
const LIFE: Duration = Duration::from_secs(600);

/// Pause between polls where the server states none (section 3.2).
const PAUSE: Duration = Duration::from_secs(5);

/// The longest pause and life that are believed: a person waits.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3600);

/// What a device authorization endpoint answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceCode {
    /// For the token endpoint only.
    pub device_code: Secret,
    /// For the person.
    pub user_code: String,
    /// Where the person goes; `http` or `https` only.
    pub verification_uri: String,
    /// The same with the code in it.
    pub verification_uri_complete: Option<String>,
    /// Lifetime; 0 or absent: 10 minutes.
    pub expires_in: Duration,
    /// Pause between polls; absent: 5 s (section 3.2). Never below 1 s.
    pub interval: Duration,
}

/// What a poll's error means (section 3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Poll {
    /// `authorization_pending`: ask again after the interval.
    Pending,
    /// `slow_down`: 5 s more from now on.
    SlowDown,
    /// `access_denied`, `expired_token` and every other error: the end.
    Ended,
}

/// The request of section 3.1; extra parameters replace ours of the same name.
pub fn ask<'a>(
    url: &str,
    client: &'a Client,
    scope: &[String],
    audience: &str,
    resource: &[String],
    extra: &[(String, String)],
) -> FormAsk<'a> {
    let mut fields: Vec<(String, Secret)> = Vec::new();
    let mut put = |name: &str, value: &str| fields.push((name.to_owned(), Secret::new(value)));
    // Where Basic proves the client, `client_id` stands beside it: section 3.1 wants it from public ones, and some servers from all.
    put("client_id", &client.id);
    put("scope", &scope.join(" "));
    put("audience", audience);
    resource.iter().for_each(|one| put("resource", one));
    for (name, value) in extra.iter().filter(|(_, value)| !value.is_empty()) {
        fields.retain(|(known, _)| known != name);
        fields.push((name.clone(), Secret::new(value.as_str())));
    }
    FormAsk { url: url.to_owned(), client, fields, dpop: None }
}

/// Reads the answer of the device authorization endpoint.
///
/// # Errors
/// What is no such answer, as the token endpoint's errors are.
pub fn read(answer: &TokenAnswer<'_>) -> Result<DeviceCode, TokenError> {
    let map = answer.object()?;
    let text = |key: &str| map.get(key).and_then(Json::as_str).filter(|t| !t.is_empty());
    let page = |key: &str| text(key).and_then(page);
    let lacks = |what: &'static str| answer.error(TokenErrorKind::Lacks(what));
    let life = map.get("expires_in").and_then(seconds).filter(|life| !life.is_zero());
    let pause = map.get("interval").and_then(seconds);
    Ok(DeviceCode {
        device_code: Secret::new(text("device_code").ok_or_else(|| lacks("device_code"))?),
        user_code: text("user_code").map(clean).ok_or_else(|| lacks("user_code"))?,
        // Google's name for it is older than the RFC.
        verification_uri: page("verification_uri")
            .or_else(|| page("verification_url"))
            .ok_or_else(|| lacks("verification_uri"))?,
        verification_uri_complete: page("verification_uri_complete"),
        expires_in: life.unwrap_or(LIFE).min(LONGEST_LIFE),
        interval: pause.unwrap_or(PAUSE).clamp(Duration::from_secs(1), LONGEST_PAUSE),
    })
}

/// A page for a browser, as the server spells it.
fn page(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let fit = matches!(url.scheme(), "http" | "https") && url.has_host();
    (fit && clean(text) == text).then(|| text.to_owned())
}

/// What an error code means for the polling.
pub fn poll(error: Option<&str>) -> Poll {
    match error {
        Some("authorization_pending") => Poll::Pending,
        Some("slow_down") => Poll::SlowDown,
        _ => Poll::Ended,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_json(status: u16, body: &str) -> Result<DeviceCode, TokenError> {
        read(&TokenAnswer { status, media_type: "application/json", location: None, body: body.as_bytes() })
    }

    #[test]
    fn the_answer_of_the_rfc_is_read() {
        let body = r#"{"device_code":"GmRh","user_code":"WDJB-MJHT","verification_uri":"https://example.com/device","verification_uri_complete":"https://example.com/device?user_code=WDJB-MJHT","expires_in":1800,"interval":7}"#;
        let code = read_json(200, body).unwrap();
        assert_eq!((code.device_code.expose(), code.user_code.as_str()), ("GmRh", "WDJB-MJHT"));
        assert_eq!(code.verification_uri, "https://example.com/device");
        assert_eq!(
            code.verification_uri_complete.as_deref(),
            Some("https://example.com/device?user_code=WDJB-MJHT")
        );
        assert_eq!((code.expires_in.as_secs(), code.interval.as_secs()), (1800, 7));
    }

    #[test]
    fn what_is_left_out_or_absurd_gets_a_bearable_value() {
        let with = |rest: &str| {
            let body =
                format!(r#"{{"device_code":"d","user_code":"u","verification_url":"http://h/"{rest}}}"#);
            let code = read_json(200, &body).unwrap();
            (code.expires_in.as_secs(), code.interval.as_secs())
        };
        assert_eq!(with(""), (600, 5));
        assert_eq!(with(r#","expires_in":0,"interval":0"#), (600, 1));
        assert_eq!(with(r#","expires_in":1e10,"interval":"1e10""#), (86_400, 120));
        assert_eq!(with(r#","expires_in":-1,"interval":null"#), (600, 5));
    }

    #[test]
    fn a_page_that_is_no_web_page_is_never_shown() {
        for uri in ["javascript:alert(1)", "file:///etc/passwd", "https:", "", "https://h/\\u001b[31m"] {
            let body = format!(
                r#"{{"device_code":"d","user_code":"u","verification_uri":"{uri}","verification_uri_complete":"{uri}"}}"#
            );
            let error = read_json(200, &body).unwrap_err();
            assert_eq!(error.kind, TokenErrorKind::Lacks("verification_uri"), "{uri}");
        }
        let body = r#"{"device_code":"d","user_code":"u","verification_uri":"https://h","verification_uri_complete":"data:x"}"#;
        assert_eq!(read_json(200, body).unwrap().verification_uri_complete, None);
    }

    #[test]
    fn a_refusal_is_the_servers() {
        let error = read_json(400, r#"{"error":"unauthorized_client"}"#).unwrap_err();
        assert_eq!(error.code(), Some("unauthorized_client"));
        assert_eq!(read_json(404, "").unwrap_err().kind, TokenErrorKind::Empty);
    }

    #[test]
    fn only_pending_and_slow_down_go_on() {
        assert_eq!(poll(Some("authorization_pending")), Poll::Pending);
        assert_eq!(poll(Some("slow_down")), Poll::SlowDown);
        for end in [Some("access_denied"), Some("expired_token"), Some("new"), None] {
            assert_eq!(poll(end), Poll::Ended);
        }
    }

    #[test]
    fn the_request_carries_scope_and_extras() {
        let client = Client::public("id");
        let form = ask(
            "https://h/device",
            &client,
            &["a".into(), "b".into()],
            "",
            &["https://r/".into()],
            &[("acr_values".into(), "2".into())],
        );
        let moment = super::super::Moment { now: jiff::Timestamp::UNIX_EPOCH, random: [0; 32] };
        assert_eq!(
            form.build("p", &moment).unwrap().body.as_str(),
            "client_id=id&scope=a+b&resource=https%3A%2F%2Fr%2F&acr_values=2"
        );
    }
}
