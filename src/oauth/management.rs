//! Revocation (RFC 7009), introspection (RFC 7662), userinfo (OpenID Connect Core section 5.3): requests and answers.

use super::form::{Client, FormAsk};
use super::{TokenAnswer, TokenError, TokenErrorKind};
use crate::jwt;
use crate::model::secret::Secret;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

/// Which token a request is about; its word is the `token_type_hint`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// `access_token`.
    Access,
    /// `refresh_token`.
    Refresh,
}

impl Hint {
    /// On the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Access => "access_token",
            Self::Refresh => "refresh_token",
        }
    }
}

fn about<'a>(url: &str, client: &'a Client, token: &Secret, hint: Hint) -> FormAsk<'a> {
    let fields =
        vec![("token".to_owned(), token.clone()), ("token_type_hint".to_owned(), Secret::new(hint.word()))];
    FormAsk { url: url.to_owned(), client, fields, dpop: None }
}

/// A revocation request. A public client sends `client_id` in the body.
pub fn revocation<'a>(url: &str, client: &'a Client, token: &Secret, hint: Hint) -> FormAsk<'a> {
    about(url, client, token, hint)
}

/// An introspection request.
pub fn introspection<'a>(url: &str, client: &'a Client, token: &Secret, hint: Hint) -> FormAsk<'a> {
    about(url, client, token, hint)
}

/// An introspection answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Introspection {
    /// `active`.
    pub active: bool,
    /// Every member, `active` included. Of a signed answer (RFC 9701) the claims, not verified.
    pub members: Map<String, Json>,
}

/// Reads an introspection answer.
///
/// # Errors
/// As the token endpoint's.
pub fn read_introspection(answer: &TokenAnswer<'_>) -> Result<Introspection, TokenError> {
    let mut members = read_claims(answer)?;
    // RFC 9701 section 5: the answer is a claim of the JWT.
    if let Some(Json::Object(inner)) = members.remove("token_introspection") {
        members = inner;
    }
    let Some(active) = members.get("active").and_then(Json::as_bool) else {
        return Err(answer.error(TokenErrorKind::Lacks("active")));
    };
    Ok(Introspection { active, members })
}

/// Reads a revocation answer: 200 is success, known token or not.
///
/// # Errors
/// As the token endpoint's; `unsupported_token_type` among them.
pub fn read_revocation(answer: &TokenAnswer<'_>) -> Result<(), TokenError> {
    let empty = answer.body.trim_ascii().is_empty();
    let success = (200..300).contains(&answer.status);
    match answer.object() {
        Ok(_) => Ok(()),
        Err(_) if success && empty => Ok(()),
        // A word of text beside the success does no harm; a login page or an error does.
        Err(error) if success && matches!(error.kind, TokenErrorKind::NotJson(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Reads a userinfo answer: JSON, or a signed JWT whose claims are taken unverified.
///
/// # Errors
/// As the token endpoint's.
pub fn read_userinfo(answer: &TokenAnswer<'_>) -> Result<Map<String, Json>, TokenError> {
    read_claims(answer)
}

/// A JSON object, or the claims of a JWT by its media type or look.
fn read_claims(answer: &TokenAnswer<'_>) -> Result<Map<String, Json>, TokenError> {
    let success = (200..300).contains(&answer.status);
    let text = std::str::from_utf8(answer.body).map(str::trim).unwrap_or_default();
    let says_jwt = answer.media_type.ends_with("jwt") || text.starts_with("eyJ");
    if success && says_jwt {
        // Times do not matter here: nothing but the claims is taken from it.
        let claims = jwt::decode(text, Timestamp::UNIX_EPOCH).claims;
        return claims.ok_or_else(|| answer.error(TokenErrorKind::NotJson(answer.media_type.to_owned())));
    }
    answer.object()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::profile::ClientAuth;
    use crate::oauth::Moment;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    fn answer<'a>(status: u16, media_type: &'a str, body: &'a str) -> TokenAnswer<'a> {
        TokenAnswer { status, media_type, location: None, body: body.as_bytes() }
    }

    #[test]
    fn a_public_client_says_its_id_in_the_body_and_a_confidential_one_in_the_header() {
        let moment = Moment { now: Timestamp::UNIX_EPOCH, random: [0; 32] };
        let public = Client::public("id");
        let form = revocation("https://h/revoke", &public, &Secret::new("t"), Hint::Refresh);
        let sent = form.build("p", &moment).unwrap();
        assert_eq!(sent.body.as_str(), "client_id=id&token=t&token_type_hint=refresh_token");
        let secret =
            Client { secret: Some(Secret::new("s")), auth: ClientAuth::Basic, ..Client::public("id") };
        let form = introspection("https://h/introspect", &secret, &Secret::new("t"), Hint::Access);
        let sent = form.build("p", &moment).unwrap();
        assert_eq!(sent.body.as_str(), "token=t&token_type_hint=access_token");
        assert!(sent.headers.iter().any(|h| h.name == "Authorization"));
    }

    #[test]
    fn a_revocation_succeeds_with_any_200_that_is_no_page_and_no_error() {
        for body in ["", "{}", "OK", " \n"] {
            assert_eq!(read_revocation(&answer(200, "text/plain", body)), Ok(()), "{body}");
        }
        let page = read_revocation(&answer(200, "text/html", "<html>")).unwrap_err();
        assert_eq!(page.kind, TokenErrorKind::Html);
        let pega = read_revocation(&answer(200, "", r#"{"errors":[{"ID":"invalid_client"}]}"#)).unwrap_err();
        assert_eq!(pega.code(), Some("invalid_client"));
        let kind = read_revocation(&answer(400, "", r#"{"error":"unsupported_token_type"}"#)).unwrap_err();
        assert_eq!(kind.code(), Some("unsupported_token_type"));
        assert_eq!(read_revocation(&answer(503, "", "")).unwrap_err().kind, TokenErrorKind::Empty);
        assert!(matches!(
            read_revocation(&answer(302, "", "")).unwrap_err().kind,
            TokenErrorKind::Redirect(_)
        ));
    }

    #[test]
    fn introspection_is_read_plain_and_signed() {
        let plain =
            read_introspection(&answer(200, "application/json", r#"{"active":true,"sub":"u"}"#)).unwrap();
        assert!(plain.active && plain.members["sub"] == "u");
        assert!(!read_introspection(&answer(200, "", r#"{"active":false}"#)).unwrap().active);
        let claims = r#"{"iss":"i","token_introspection":{"active":true,"sub":"v"}}"#;
        let jwt =
            format!("{}.{}.x", URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#), URL_SAFE_NO_PAD.encode(claims));
        let signed = read_introspection(&answer(200, "application/token-introspection+jwt", &jwt)).unwrap();
        assert!(signed.active && signed.members["sub"] == "v" && !signed.members.contains_key("iss"));
    }

    #[test]
    fn what_does_not_say_whether_the_token_is_active_is_no_answer() {
        for body in ["{}", r#"{"active":"true"}"#, r#"{"active":1}"#] {
            let error = read_introspection(&answer(200, "", body)).unwrap_err();
            assert_eq!(error.kind, TokenErrorKind::Lacks("active"), "{body}");
        }
        assert_eq!(read_introspection(&answer(401, "", "")).unwrap_err().status, 401);
        assert!(read_introspection(&answer(200, "application/jwt", "a.b")).is_err());
    }

    #[test]
    fn userinfo_is_json_or_a_jwt() {
        assert_eq!(read_userinfo(&answer(200, "", r#"{"sub":"u"}"#)).unwrap()["sub"], "u");
        let jwt = format!(
            "{}.{}.",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#),
            URL_SAFE_NO_PAD.encode(r#"{"sub":"w"}"#)
        );
        assert_eq!(read_userinfo(&answer(200, "application/jwt", &jwt)).unwrap()["sub"], "w");
        assert_eq!(
            read_userinfo(&answer(401, "", r#"{"error":"invalid_token"}"#)).unwrap_err().code(),
            Some("invalid_token")
        );
    }
}
