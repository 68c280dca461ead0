//! Which credentials there are, and where they stand (H-01, H-12, H-13, H-15, H-16).

use super::{answered_by_others, at_most, is_call, refused};
use crate::diagnose::evidence::{Evidence, Place};
use crate::diagnose::facts::{Facts, KnownKind, Purpose};
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::model::secret::sounds_secret;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

/// Headers that carry a credential though their name does not say so.
const CREDENTIAL_HEADERS: [&str; 14] = [
    "authentication",
    "x-authorization",
    "x-auth",
    "x-auth-key",
    "x-access-key",
    "x-session",
    "x-session-id",
    "apikey",
    "api-key",
    "x-apikey",
    "x-goog-api-key",
    "x-amz-security-token",
    "x-ms-token-aad-access-token",
    "x-forwarded-access-token",
];

/// Parameters that carry a credential though their name does not say so.
const CREDENTIAL_PARAMETERS: [&str; 11] = [
    "key",
    "api_key",
    "apikey",
    "api-key",
    "subscription-key",
    "sig",
    "signature",
    "x-amz-signature",
    "x-goog-signature",
    "code",
    "jwt",
];

/// Words in the names of tokens that tell nothing about the caller.
const NO_CREDENTIALS: [&str; 6] = ["csrf", "xsrf", "page", "next", "continuation", "sync"];

/// The first credential beside `Authorization`, by the name of its place.
pub(in crate::diagnose::rules) fn other_credential(facts: &Facts) -> Option<String> {
    let request = &facts.request;
    let named = |name: &str, list: &[&str]| {
        let name = name.to_ascii_lowercase();
        let other = NO_CREDENTIALS.iter().any(|word| name.contains(word));
        list.contains(&name.as_str()) || !other && sounds_secret(&name.replace('-', "_"))
    };
    let header = request.headers.iter().find(|h| {
        !h.name.eq_ignore_ascii_case("authorization")
            && !h.name.eq_ignore_ascii_case("proxy-authorization")
            && !h.value.trim().is_empty()
            && (named(&h.name, &CREDENTIAL_HEADERS)
                || h.name.eq_ignore_ascii_case("cookie")
                || h.name.eq_ignore_ascii_case("x-api-key")
                || h.name.eq_ignore_ascii_case("ocp-apim-subscription-key"))
    });
    if let Some(header) = header {
        return Some(header.name.to_ascii_lowercase());
    }
    let url = request.parsed.as_ref();
    if url.is_some_and(|u| u.password().is_some() || !u.username().is_empty()) {
        return Some("user and password in the URL".to_owned());
    }
    let query = url.and_then(|u| {
        u.query_pairs()
            .find(|(name, value)| !value.is_empty() && named(name, &CREDENTIAL_PARAMETERS))
            .map(|(name, _)| name.into_owned())
    });
    query
        .or_else(|| request.form.iter().find(|(name, _)| sounds_secret(name)).map(|(name, _)| name.clone()))
        .or_else(|| body_member(&request.body))
}

/// A member of a JSON body that holds a credential: a log-in is a call of its own kind.
fn body_member(body: &str) -> Option<String> {
    let lower = body.get(..body.len().min(4096)).unwrap_or_default().to_ascii_lowercase();
    ["password", "passwd", "client_secret", "api_key", "apikey", "refresh_token", "access_token"]
        .into_iter()
        .find(|name| lower.contains(&format!("\"{name}\"")))
        .map(str::to_owned)
}

/// H-01: no credentials at all.
pub(super) fn missing(facts: &Facts, found: &mut Findings) {
    let Some(answer) = facts.answer.as_ref().filter(|_| facts.purpose == Purpose::Api) else { return };
    let bearer = answer.challenge("Bearer").or_else(|| answer.challenge("DPoP"));
    let asked = match answer.status {
        401 => !answer.challenges.is_empty(),
        403 if bearer.is_some() => true,
        _ => return,
    };
    let dropped = facts.hops_that_dropped("authorization").next().is_some();
    if !facts.request.authorization.is_empty() || dropped || facts.request.headers.is_empty() {
        return;
    }
    if let Some(place) = other_credential(facts) {
        // A cookie beside a Bearer challenge: the server wants a token, and has none.
        if place != "cookie" || bearer.is_none_or(|c| c.param("error").is_some()) {
            return;
        }
        found.add(
            Finding::new("header.missing", Likelihood::Possible)
                .summary(
                    "no `Authorization` header was sent, only a cookie; the server asks for a Bearer token",
                )
                .evidence(Evidence::response_header(facts, "www-authenticate"))
                .evidence(Evidence::request_header(facts, "cookie")),
        );
        return;
    }
    // Browsers leave credentials out of what they record.
    let unsure = facts.missing.iter().any(|m| m.contains("header") || m.contains("credential"));
    let windows = !answer.challenges.is_empty()
        && answer.challenges.iter().all(|c| c.is("Negotiate") || c.is("NTLM") || c.is("Kerberos"));
    let read = bearer.is_some_and(|c| c.param("error").is_some_and(|e| e != "invalid_request"));
    let likelihood = if unsure {
        Likelihood::Possible
    } else if !asked || windows || read || answered_by_others(found) {
        Likelihood::Likely
    } else {
        Likelihood::Certain
    };
    let schemes: Vec<&str> = answer.challenges.iter().map(|c| c.scheme.as_str()).collect();
    let wants = match schemes.first() {
        Some(scheme) => format!(", and the server asks for `{scheme}`"),
        None => String::new(),
    };
    found.add(
        Finding::new("header.missing", likelihood)
            .summary(format!("no `Authorization` header was sent{wants}"))
            .evidence(Evidence::at(
                Place::RequestHeader("authorization".to_owned()),
                "the request has no `authorization` header, API key, cookie or token",
            ))
            .evidence(Evidence::response_header(facts, "www-authenticate"))
            .evidence(Evidence::status(facts)),
    );
}

/// H-12: two of them.
pub(super) fn duplicate(facts: &Facts, found: &mut Findings) {
    if !is_call(facts) || !matches!(facts.status(), Some(400 | 401 | 403)) {
        return;
    }
    let request = &facts.request;
    let headers = request.authorization.len();
    let joined = request.authorization.first().is_some_and(|a| {
        let lower = a.rest.to_ascii_lowercase();
        super::is_token_scheme(&a.scheme)
            && [", bearer ", ",bearer ", ", basic ", ",basic "].iter().any(|s| lower.contains(s))
    });
    let parameter = if request.query("access_token").is_some() {
        Some("the query")
    } else {
        request.field("access_token").map(|_| "the form")
    };
    let summary = match (headers, parameter) {
        _ if joined => "two credentials stand in one `Authorization` header, joined by a comma".to_owned(),
        (2.., _) => format!("{headers} `Authorization` headers were sent"),
        (1, Some(place)) => {
            format!("a credential stands in the `Authorization` header and `access_token` in {place}")
        }
        (0, Some(_))
            if request.query("access_token").is_some() && request.field("access_token").is_some() =>
        {
            "`access_token` stands in the query and in the form".to_owned()
        }
        _ => return,
    };
    let words = facts.words();
    let said = facts.says_error("invalid_request")
        || ["more than one", "multiple", "two auth", "duplicate"].iter().any(|w| words.contains(w));
    let likelihood = match facts.status() {
        Some(400) if !said => return,
        _ if said => Likelihood::Certain,
        _ => Likelihood::Likely,
    };
    let each = request.authorization.iter().map(|a| {
        let scheme = if a.scheme.is_empty() { "no scheme" } else { super::scheme_shown(&a.scheme) };
        let text = format!("authorization: {scheme} ({} characters)", a.raw.chars().count());
        Evidence::at(Place::RequestHeader("authorization".to_owned()), text)
    });
    let in_url = parameter.map(|place| {
        let at = if place == "the query" { Place::Url } else { Place::RequestBody };
        Evidence::at(at, format!("`access_token` in {place}"))
    });
    found.add(
        Finding::new("header.duplicate", at_most(found, likelihood))
            .summary(summary)
            .evidence(each)
            .evidence(in_url)
            .evidence(Evidence::response_header(facts, "www-authenticate"))
            .evidence(Evidence::status(facts))
            .weight(10),
    );
}

/// H-13: the token in the URL, whatever the server made of it.
pub(super) fn in_query(facts: &Facts, found: &mut Findings) {
    if !is_call(facts) || !facts.request.authorization.is_empty() || found.has("header.unresolved") {
        return;
    }
    let Some(url) = &facts.request.parsed else { return };
    let is_token = |value: &str| {
        facts.known.iter().any(|k| k.kind == KnownKind::AccessToken && k.text.expose() == value)
    };
    let pair = url.query_pairs().find(|(name, value)| {
        !value.is_empty() && (name == "access_token" || value.len() >= 16 && is_token(value))
    });
    let Some((name, value)) = pair else { return };
    let unseen = facts.status() == Some(401)
        && facts
            .answer
            .as_ref()
            .is_some_and(|a| a.challenge("Bearer").is_some_and(|c| c.param("error").is_none()));
    let (likelihood, summary) = match facts.status() {
        Some(401 | 403) if unseen => (
            Likelihood::Likely,
            format!("the token stands in the query (`{name}`), and the server did not look for it there"),
        ),
        Some(401 | 403) => (Likelihood::Possible, format!("the token is sent in the query only (`{name}`)")),
        _ if facts.is_success() => (
            Likelihood::Possible,
            format!(
                "it worked, but the token stands in the URL (`{name}`), where logs and histories keep it"
            ),
        ),
        _ => return,
    };
    found.add(
        Finding::new("header.token_in_query", likelihood)
            .summary(summary)
            .evidence(Evidence::at(
                Place::Url,
                format!(
                    "query: {name}={} ({} characters)",
                    crate::model::secret::MASK,
                    value.chars().count()
                ),
            ))
            .evidence(Evidence::response_header(facts, "www-authenticate")),
    );
}

/// H-15: user and password in the URL beside the header.
pub(super) fn conflict(facts: &Facts, found: &mut Findings) {
    let Some(url) = facts.request.parsed.as_ref().filter(|_| refused(facts)) else { return };
    let user = !url.username().is_empty() || url.password().is_some();
    if !user || facts.request.authorization.is_empty() {
        return;
    }
    found.add(
        Finding::new("header.conflict", Likelihood::Likely)
            .summary("the URL holds a user and password, and there is an `Authorization` header too")
            .evidence(Evidence::at(Place::Url, "URL: `user:password@` before the host"))
            .evidence(Evidence::request_header(facts, "authorization"))
            .evidence(Evidence::status(facts)),
    );
}

/// H-16: a Basic header that cannot be read, or holds what nobody typed.
pub(super) fn bad_basic(facts: &Facts, found: &mut Findings) {
    let token_request = facts.is_token_request() && matches!(facts.status(), Some(400 | 401));
    if !refused(facts) && !token_request {
        return;
    }
    let Some(auth) = facts.request.authorization.iter().find(|a| a.scheme.eq_ignore_ascii_case("basic"))
    else {
        return;
    };
    let rest = auth.rest.trim();
    let masked = crate::diagnose::gather::is_mask(rest);
    if masked || super::is_jwt_like(rest) && rest.contains('.') || found.has("header.unresolved") {
        return;
    }
    let (likelihood, summary) = match decoded(rest) {
        None if rest.contains(':') => {
            (Likelihood::Certain, "user and password follow `Basic` in plain text, not in base64".to_owned())
        }
        None => (Likelihood::Certain, "what follows `Basic` is no base64".to_owned()),
        Some((_, true)) => (
            Likelihood::Likely,
            "what follows `Basic` is base64url; servers expect standard base64".to_owned(),
        ),
        Some((bytes, _)) => match String::from_utf8(bytes) {
            Err(e) if e.as_bytes().contains(&b':') => (
                Likelihood::Possible,
                "the Basic credentials are not UTF-8 (Latin-1, perhaps): servers may read other characters"
                    .to_owned(),
            ),
            Err(_) => {
                (Likelihood::Certain, "what follows `Basic` decodes to bytes without a colon".to_owned())
            }
            Ok(text) if !text.contains(':') => (
                Likelihood::Certain,
                "the Basic credentials have no colon between user and password".to_owned(),
            ),
            Ok(text) if text.ends_with(['\n', '\r']) => (
                Likelihood::Likely,
                "the Basic credentials end with a line break, as `echo` without `-n` makes them".to_owned(),
            ),
            Ok(text) if text.contains(|c: char| c.is_ascii_control()) => {
                (Likelihood::Likely, "there is a control character in the Basic credentials".to_owned())
            }
            Ok(_) => return,
        },
    };
    found.add(
        Finding::new("header.bad_basic", at_most(found, likelihood))
            .summary(summary)
            .evidence(Evidence::request_header(facts, "authorization"))
            .evidence(Evidence::response_header(facts, "www-authenticate"))
            .evidence(Evidence::status(facts)),
    );
}

/// The bytes behind `Basic`; true where only the other alphabet fits.
fn decoded(rest: &str) -> Option<(Vec<u8>, bool)> {
    let standard = STANDARD.decode(rest).or_else(|_| STANDARD_NO_PAD.decode(rest)).ok();
    let other = || URL_SAFE.decode(rest).or_else(|_| URL_SAFE_NO_PAD.decode(rest)).ok();
    standard.map(|bytes| (bytes, false)).or_else(|| other().map(|bytes| (bytes, true)))
}
