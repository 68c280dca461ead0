//! The authorization request (RFC 6749 section 4.1.1) and what comes back to the redirect URI, from the
//! loopback listener or pasted by hand.

use super::error::{TokenError, TokenErrorKind, clean};
use super::form::{Client, FormAsk};
use super::response::{TokenAnswer, seconds};
use crate::model::secret::Secret;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use std::borrow::Cow;
use std::time::Duration;
use url::Url;
use url::form_urlencoded::{byte_serialize, parse};

/// Parameters that hold a login together: an extra one never replaces them.
const OURS: [&str; 7] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
];

/// What the authorization URL is made of, variables resolved.
#[derive(Debug, Clone)]
pub struct AuthorizationAsk {
    /// Authorization endpoint; its own query is kept.
    pub authorization_url: String,
    /// Client identifier.
    pub client_id: String,
    /// As registered, or the loopback one with its port.
    pub redirect_uri: String,
    /// Scopes.
    pub scope: Vec<String>,
    /// One-time value that binds the answer to this login.
    pub state: Secret,
    /// OpenID Connect `nonce`; sent only with scope `openid`.
    pub nonce: Secret,
    /// PKCE challenge.
    pub challenge: String,
    /// `audience` (Auth0).
    pub audience: String,
    /// `resource` (RFC 8707).
    pub resource: Vec<String>,
    /// RFC 9449 section 10.
    pub dpop_jkt: Option<String>,
    /// Further parameters; one of the same name replaces ours, but never `state`, `nonce`, `code_challenge`,
    /// `code_challenge_method`, `redirect_uri`, `client_id` or `response_type`.
    pub extra: Vec<(String, String)>,
}

impl AuthorizationAsk {
    /// The parameters in order, for the URL, for PAR, for a request object.
    pub fn parameters(&self) -> Vec<(String, String)> {
        let mut rows: Vec<(String, String)> = Vec::new();
        let mut put = |name: &str, value: &str| {
            if !value.is_empty() {
                rows.push((name.to_owned(), value.to_owned()));
            }
        };
        put("response_type", "code");
        put("client_id", &self.client_id);
        put("redirect_uri", &self.redirect_uri);
        put("scope", &self.scope.join(" "));
        put("state", self.state.expose());
        put("code_challenge", &self.challenge);
        put("code_challenge_method", "S256");
        put("audience", &self.audience);
        self.resource.iter().for_each(|one| put("resource", one));
        put("dpop_jkt", self.dpop_jkt.as_deref().unwrap_or_default());
        for (name, value) in self.extra.iter().filter(|(n, v)| !n.is_empty() && !v.is_empty()) {
            if !OURS.contains(&name.as_str()) {
                rows.retain(|(known, _)| known != name);
                rows.push((name.clone(), value.clone()));
            }
        }
        // After the extras: a scope given there may be what makes it OpenID Connect.
        let openid = rows.iter().any(|(n, v)| n == "scope" && v.split_whitespace().any(|s| s == "openid"));
        if openid && !self.nonce.is_empty() {
            rows.push(("nonce".to_owned(), self.nonce.expose().to_owned()));
        }
        rows
    }

    /// The URL a browser is to open.
    pub fn url(&self) -> String {
        with_query(&self.authorization_url, &self.parameters())
    }

    /// The same after PAR (RFC 9126) or with a request object (RFC 9101): only `client_id` and the given parameter
    /// (`request_uri` or `request`).
    pub fn short_url(&self, name: &str, value: &str) -> String {
        let row = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        with_query(&self.authorization_url, &[row("client_id", &self.client_id), row(name, value)])
    }

    /// The request that pushes the parameters (RFC 9126 section 2.1), or only a request object made of them.
    pub fn push<'a>(
        &self,
        par_url: &str,
        client: &'a Client,
        request_object: Option<&Secret>,
    ) -> FormAsk<'a> {
        let fields = match request_object {
            Some(object) => vec![
                ("client_id".to_owned(), Secret::new(self.client_id.as_str())),
                ("request".to_owned(), object.clone()),
            ],
            None => self.parameters().into_iter().map(|(name, value)| (name, Secret::new(value))).collect(),
        };
        FormAsk { url: par_url.to_owned(), client, fields, dpop: None }
    }
}

/// The endpoint with these parameters. Its own query stays, save what ours name: nothing may stand twice
/// (RFC 6749 section 3.1). Blanks are `%20`, which every server reads.
fn with_query(endpoint: &str, rows: &[(String, String)]) -> String {
    let endpoint = endpoint.split('#').next().unwrap_or_default();
    let (path, own) = endpoint.split_once('?').unwrap_or((endpoint, ""));
    let named = |pair: &str| {
        parse(pair.as_bytes()).next().is_some_and(|(name, _)| rows.iter().any(|(ours, _)| *ours == name))
    };
    let coded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
    let kept = own.split('&').filter(|pair| !pair.is_empty() && !named(pair)).map(str::to_owned);
    let ours = rows.iter().map(|(name, value)| format!("{}={}", coded(name), coded(value)));
    format!("{path}?{}", kept.chain(ours).collect::<Vec<_>>().join("&"))
}

/// What a PAR endpoint answers (RFC 9126 section 2.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// For [`AuthorizationAsk::short_url`].
    pub request_uri: String,
    /// How long it may be used.
    pub expires_in: Option<Duration>,
}

/// Reads the answer of a PAR endpoint.
///
/// # Errors
/// What is no such answer, as the token endpoint's errors are.
pub fn read_pushed(answer: &TokenAnswer<'_>) -> Result<Pushed, TokenError> {
    let map = answer.object()?;
    let uri = map.get("request_uri").and_then(serde_json::Value::as_str).filter(|u| !u.is_empty());
    let Some(uri) = uri else {
        return Err(answer.error(TokenErrorKind::Lacks("request_uri")));
    };
    let expires_in = map.get("expires_in").and_then(seconds);
    Ok(Pushed { request_uri: uri.to_owned(), expires_in })
}

/// What a callback must say to be ours.
#[derive(Debug, Clone)]
pub struct Expected {
    /// The state sent.
    pub state: Secret,
    /// The issuer, where known (RFC 9207): a different `iss` is refused.
    pub issuer: Option<String>,
    /// The server says it always sends `iss`: a missing one is refused.
    pub iss_required: bool,
}

/// What a callback turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Callback {
    /// Ours: the code.
    Code(Secret),
    /// Ours: the server's refusal (`error`, `error_description`), already made safe.
    Refused {
        /// `access_denied`, `login_required` …
        error: String,
        /// In the server's words.
        description: Option<String>,
    },
    /// Not ours, or not sound: why, in words. The login goes on.
    Stray(String),
}

/// Reads the query of a request that reached the listener. The state is compared first, in constant time; nothing else of a
/// callback with a wrong, missing or doubled state is looked at. Doubled `code`, `iss` or `error` is stray too.
pub fn read_callback(query: &str, expected: &Expected) -> Callback {
    let pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = parse(query.as_bytes()).collect();
    let all = |name: &str| -> Vec<&str> {
        pairs.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_ref()).collect()
    };
    match all("state")[..] {
        [] => return stray("it has no `state`"),
        [state] if is_ours(state, expected) => {}
        [_] => {
            return stray(
                "its `state` is not that of this login: it is of another one; open the address of this one",
            );
        }
        _ => return stray("it has more than one `state`"),
    }
    let one = |name: &str| match all(name)[..] {
        [] => Ok(None),
        [value] => Ok(Some(value)),
        _ => Err(format!("it has more than one `{name}`")),
    };
    let read = || -> Result<Callback, String> {
        let (code, error, iss) = (one("code")?, one("error")?, one("iss")?);
        match (iss, &expected.issuer) {
            (Some(iss), Some(issuer)) if iss != issuer => {
                return Err(format!("it comes from the issuer `{}`, not from `{issuer}`", clean(iss)));
            }
            (None, _) if expected.iss_required => {
                return Err("it has no `iss`, which this server promised to send".to_owned());
            }
            _ => {}
        }
        match (code, error) {
            (Some(_), Some(_)) => Err("it has both a code and an error".to_owned()),
            (Some(""), None) => Err("its `code` is empty".to_owned()),
            (Some(code), None) => Ok(Callback::Code(Secret::new(code))),
            (None, Some(error)) => Ok(Callback::Refused {
                error: clean(error),
                description: one("error_description")?.map(clean).filter(|text| !text.is_empty()),
            }),
            (None, None) if pairs.iter().any(|(name, _)| name == "code_challenge") => {
                Err("it is the address the login begins with; paste the one the browser ended at".to_owned())
            }
            (None, None) => Err("it has neither a code nor an error".to_owned()),
        }
    };
    read().unwrap_or_else(Callback::Stray)
}

/// In constant time: who can measure must not guess the state letter by letter.
fn is_ours(state: &str, expected: &Expected) -> bool {
    !expected.state.is_empty()
        && verify_slices_are_equal(state.as_bytes(), expected.state.expose().as_bytes()).is_ok()
}

fn stray(why: &str) -> Callback {
    Callback::Stray(why.to_owned())
}

/// Longest paste that is looked at, in bytes.
const MAX_PASTE: usize = 64 * 1024;

/// Reads what a person pasted: the whole redirect URL, its query, a fragment, or `code#state`; white space and line breaks of a
/// terminal's wrapping are dropped. The state is checked as above; a bare code without a state is stray, and the
/// words say what to paste.
pub fn read_pasted(text: &str, expected: &Expected) -> Callback {
    if text.len() > MAX_PASTE {
        return stray("it is too long to be the address of a redirect");
    }
    let text: String = text
        .chars()
        .filter(|c| {
            !c.is_whitespace() && !c.is_control() && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}')
        })
        .collect();
    let text = text.trim_matches(|c| matches!(c, '"' | '\'' | '`' | '<' | '>')).replace("&amp;", "&");
    if text.is_empty() {
        return stray("nothing was pasted");
    }
    let (before, fragment) = text.split_once('#').unwrap_or((&text, ""));
    let query = match before.split_once('?') {
        Some((_, query)) => query,
        None if Url::parse(before).is_ok_and(|url| url.has_host()) => "",
        None => before,
    };
    // A query first: a page may leave a fragment of its own behind it.
    if let Some(found) = [query, fragment].into_iter().find(|part| is_answer(part)) {
        return read_callback(found, expected);
    }
    match text.rsplit_once('#') {
        Some((code, state)) if !code.is_empty() && !state.is_empty() && !text.contains("://") => {
            if !is_ours(state, expected) {
                return stray("the part behind `#` is not the `state` of this login");
            }
            // Only an address says who answered.
            if expected.iss_required {
                return stray(
                    "it has no `iss`, which this server promised to send; paste the whole address the browser ended at",
                );
            }
            Callback::Code(Secret::new(code))
        }
        _ => stray(
            "it has no `state`, so it cannot be told from somebody else's; paste the whole address the browser ended at (it has `code=` and `state=` in it), or `code#state`",
        ),
    }
}

fn is_answer(part: &str) -> bool {
    parse(part.as_bytes()).any(|(name, _)| matches!(name.as_ref(), "code" | "state" | "error"))
}

#[cfg(test)]
#[path = "authorization_tests.rs"]
mod tests;
