//! From an exchange and what is known beside it to [`Facts`]. Pure.

use super::body::{BodyKind, ErrorBody};
use super::clock::Clock;
use super::facts::{Answer, Authorization, Carried, Context, Facts, Presented, Purpose, Request};
use super::secret_names::is_secret;
use crate::jwt::{self, Signature, TokenKind};
use crate::model::exchange::{BodyData, Exchange, Header, Response, SentRequest};
use crate::model::redact::Redactor;
use crate::model::secret::{MASK, Secret};
use crate::oauth::challenge;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use std::sync::Arc;
use url::Url;

/// How much of a body is looked at as text, in bytes.
const TEXT_LIMIT: usize = 64 * 1024;
/// How large a body may be to be read as JSON, in bytes. Errors are small.
const JSON_LIMIT: usize = 256 * 1024;

impl Facts {
    /// Gathers them. A body that is not in memory is not looked at.
    pub fn of(exchange: &Exchange, context: Context) -> Facts {
        let request = request(&exchange.request);
        let answer = exchange.response.as_ref().map(answer);
        let clock = Clock { local: exchange.started, offset_ms: exchange.clock_offset_ms };
        let purpose = context.purpose.unwrap_or_else(|| purpose(&request, answer.as_ref()));
        let redactor = context.redactor.unwrap_or_else(|| Arc::new(Redactor::new()));
        learn(&redactor, &request);
        let token = if purpose == Purpose::Token {
            None
        } else {
            presented(&request, &clock, context.keys.as_deref())
        };
        Facts {
            purpose,
            request,
            hops: exchange.redirects.clone(),
            answer,
            failure: exchange.failure.clone(),
            tls: exchange.tls.clone(),
            proxy: exchange.proxy.clone(),
            clock,
            token,
            issued: context.issued,
            profile: context.profile,
            environments: context.environments,
            known: context.known,
            keys: context.keys,
            history: context.history,
            login_error: context.login_error,
            redactor,
            missing: context.missing,
        }
    }
}

/// A field of an OAuth request: there a `code` is one too.
fn holds_secret(name: &str) -> bool {
    name == "code" || is_secret(name)
}

/// Everything secret in a request becomes known to the redactor, so that no quotation shows it.
fn learn(redactor: &Redactor, request: &Request) {
    // A placeholder is no secret: masked, `token` or `null` would tear every sentence apart.
    let placeholder = super::rules::header::placeholder::placeholder;
    for auth in &request.authorization {
        if placeholder(&auth.rest).is_none() {
            redactor.learn(&auth.rest);
        }
        if let Some((_, password)) = &auth.basic {
            redactor.learn(password);
        }
    }
    for header in request.headers.iter().filter(|h| h.sensitive) {
        redactor.learn(&header.value);
    }
    let template = super::rules::header::placeholder::template;
    for (name, value) in &request.form {
        if holds_secret(name) && template(value).is_none() {
            redactor.learn(value);
        }
    }
    if let Some(url) = &request.parsed {
        for (name, value) in url.query_pairs() {
            if holds_secret(&name) && placeholder(&value).is_none() {
                redactor.learn(&value);
            }
        }
        if let Some(password) = url.password() {
            redactor.learn(password);
        }
    }
}

fn request(sent: &SentRequest) -> Request {
    let parsed = Url::parse(&sent.url).ok();
    let body = text_of(&sent.body);
    let media_type = media_type(&sent.headers);
    let form = if looks_like_form(&body) {
        url::form_urlencoded::parse(body.as_bytes()).map(|(n, v)| (n.into_owned(), v.into_owned())).collect()
    } else {
        Vec::new()
    };
    let named = sent.headers.iter().filter(|h| h.name.eq_ignore_ascii_case("authorization"));
    Request {
        method: sent.method.to_ascii_uppercase(),
        url: sent.url.clone(),
        parsed,
        headers: sent.headers.clone(),
        form,
        media_type,
        authorization: named.map(|h| authorization(&h.value)).collect(),
        body,
    }
}

fn media_type(headers: &[Header]) -> String {
    let value = crate::model::exchange::header(headers, "content-type").unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The first part of a body as text; cut on a character.
fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(TEXT_LIMIT)]).into_owned()
}

/// `a=b` or `a=b&c=d`, without blanks or braces in the names.
fn looks_like_form(body: &str) -> bool {
    let name = body.split(['=', '&']).next().unwrap_or_default();
    body.contains('=')
        && !name.is_empty()
        && name.len() <= 100
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.%+[]".contains(c))
}

/// One `Authorization` value taken apart.
pub(super) fn authorization(raw: &str) -> Authorization {
    let trimmed = raw.trim_matches([' ', '\t']);
    let (scheme, rest) = match trimmed.find([' ', '\t']) {
        Some(at) => (&trimmed[..at], trimmed[at..].trim_start_matches([' ', '\t'])),
        None => ("", trimmed),
    };
    let basic = if scheme.eq_ignore_ascii_case("basic") { basic(rest) } else { None };
    Authorization { raw: raw.to_owned(), scheme: scheme.to_owned(), rest: rest.to_owned(), basic }
}

fn basic(rest: &str) -> Option<(String, String)> {
    let bytes = STANDARD.decode(rest).or_else(|_| STANDARD_NO_PAD.decode(rest)).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
}

fn answer(response: &Response) -> Answer {
    let bytes = response.body.bytes();
    let start: &[u8] = bytes.as_deref().unwrap_or_default();
    let media_type = response.media_type();
    let kind = match (&response.body, start.is_empty()) {
        (BodyData::Spooled(_), _) => BodyKind::Binary,
        _ => BodyKind::of(&media_type, start),
    };
    let text = text_of(start);
    let json = match kind {
        BodyKind::Json | BodyKind::Text if start.len() <= JSON_LIMIT => serde_json::from_slice(start).ok(),
        _ => None,
    };
    let kind = if kind == BodyKind::Text && json.is_some() { BodyKind::Json } else { kind };
    let lines = |name: &'static str| {
        let of = response.headers.iter().filter(move |h| h.name.eq_ignore_ascii_case(name));
        challenge::parse(of.map(|h| h.value.as_str()))
    };
    let mut error = json.as_ref().map(|json| ErrorBody::read(json, response.status)).unwrap_or_default();
    if error.is_empty() && response.status >= 400 && looks_like_form(&text) && text.starts_with("error=") {
        // Facebook-like answers: a form where JSON was due.
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            match name.as_ref() {
                "error" => error.codes.push(value.into_owned()),
                "error_description" => error.messages.push(value.into_owned()),
                _ => {}
            }
        }
    }
    Answer {
        status: response.status,
        reason: response.reason.clone(),
        headers: response.headers.clone(),
        media_type,
        kind,
        len: response.body.len(),
        lower: text.to_ascii_lowercase(),
        text,
        json,
        error,
        challenges: lines("www-authenticate"),
        proxy_challenges: lines("proxy-authenticate"),
        incomplete: response.incomplete.clone(),
    }
}

/// What a request is for, seen from itself.
fn purpose(request: &Request, answer: Option<&Answer>) -> Purpose {
    let path = request.path().trim_end_matches('/').to_ascii_lowercase();
    let has = |name: &str| request.field(name).is_some() || request.query(name).is_some();
    let ends = |tails: &[&str]| tails.iter().any(|tail| path.ends_with(tail));
    let gives_token =
        answer.and_then(|a| a.json.as_ref()).is_some_and(|json| json.get("access_token").is_some());
    // A parameter in the wrong place, or JSON in place of a form, is still meant for a token endpoint.
    let means_token = has("grant_type")
        || request.body.contains("\"grant_type\"")
        || request.header("grant_type").is_some();
    if means_token
        || gives_token && request.method == "POST"
        || ends(&[
            "/oauth2/v1/token",
            "/oauth/token",
            "/oauth2/token",
            "/connect/token",
            "/openid-connect/token",
            "/oauth2/v2.0/token",
        ])
    {
        return Purpose::Token;
    }
    if has("response_type")
        || ends(&["/authorize", "/device_authorization", "/devicecode", "/par"])
            && (has("client_id") || has("request_uri"))
    {
        return Purpose::Login;
    }
    if ends(&[
        "/introspect",
        "/introspection",
        "/revoke",
        "/revocation",
        "/jwks",
        "/jwks.json",
        "/token/keys",
        "/userinfo",
    ]) || path.contains("/.well-known/")
    {
        return Purpose::Management;
    }
    Purpose::Api
}

/// The token a request presents: in the header, else in the query, else in a form.
fn presented(request: &Request, clock: &Clock, keys: Option<&jwt::Jwks>) -> Option<Presented> {
    let (text, scheme, carried) = in_header(request)
        .or_else(|| Some((request.query("access_token")?, String::new(), Carried::Query)))
        .or_else(|| Some((request.field("access_token")?.to_owned(), String::new(), Carried::Body)))?;
    let bare = jwt::bare(&text).to_owned();
    if bare.is_empty() {
        return None;
    }
    let masked = is_mask(&bare);
    let mut decoded = jwt::decode(&bare, clock.server_now());
    if let Some(keys) = keys.filter(|_| decoded.kind == TokenKind::Jws && decoded.problem.is_none()) {
        decoded.signature = jwt::verify(&bare, keys);
    } else if !matches!(decoded.signature, Signature::Unverified { .. }) {
        decoded.signature = Signature::Unverified { reason: "its keys are not known".to_owned() };
    }
    Some(Presented { text: Secret::new(bare), scheme, carried, decoded, masked })
}

/// Whatever stands in the first `Authorization` header and is no other scheme's credential.
fn in_header(request: &Request) -> Option<(String, String, Carried)> {
    let auth = request.authorization.first()?;
    let scheme = auth.scheme.trim_end_matches(':').to_ascii_lowercase();
    let jwt_like = auth.rest.trim_start_matches(['"', '\'']).starts_with("eyJ");
    let others = ["basic", "digest", "negotiate", "ntlm", "hawk", "oauth", "aws4-hmac-sha256"];
    if others.contains(&scheme.as_str()) && !jwt_like {
        return None;
    }
    Some((auth.rest.clone(), auth.scheme.clone(), Carried::Header))
}

/// True for what a recorder wrote in place of a secret.
pub(super) fn is_mask(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    text.contains(MASK)
        || ["redacted", "masked", "hidden", "removed", "filtered", "sanitized"]
            .iter()
            .any(|w| lower.contains(w))
            && text.len() < 40
        || text.len() >= 3 && text.chars().all(|c| matches!(c, '*' | '•' | 'x' | 'X' | '.'))
}
