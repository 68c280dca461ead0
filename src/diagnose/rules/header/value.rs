//! The text of the `Authorization` header: scheme, separator, stray characters (H-02 to H-08, H-14).

use super::placeholder::{placeholder, template};
use super::{
    at_most, is_call, is_jwt_like, is_other_scheme, is_token_scheme, never_sent, refused, scheme_shown,
    token_header, trim,
};
use crate::diagnose::evidence::{Evidence, Place};
use crate::diagnose::facts::{Authorization, Facts, KnownKind};
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::jwt;

/// The header line as it may be shown, and the refusal.
fn line(facts: &Facts) -> impl Iterator<Item = Evidence> + use<> {
    let status = facts.answer.is_some().then(|| Evidence::status(facts));
    Evidence::request_header(facts, "authorization").into_iter().chain(status)
}

fn header(text: String) -> Evidence {
    Evidence::at(Place::RequestHeader("authorization".to_owned()), text)
}

/// H-05: a placeholder, or nothing at all, where the credential should be.
pub(super) fn unresolved(facts: &Facts, found: &mut Findings) {
    if facts.is_token_request() {
        return unresolved_in_token_request(facts, found);
    }
    if !refused(facts) {
        return;
    }
    let sure = at_most(found, Likelihood::Certain);
    if let Some(auth) = facts.request.authorization.first() {
        let empty = auth.rest.trim().is_empty() || auth.scheme.is_empty() && is_scheme_alone(&auth.rest);
        if empty {
            let what = if auth.raw.trim().is_empty() { "the `Authorization` header" } else { "the scheme" };
            let summary = match what {
                "the scheme" => {
                    format!("nothing follows `{}` in the `Authorization` header", auth.rest.trim())
                }
                _ => "the `Authorization` header is empty".to_owned(),
            };
            found.add(
                Finding::new("header.unresolved", sure)
                    .summary(summary)
                    .cause("The variable of the token is empty in this environment, so only what stands around it was sent.")
                    .evidence(header(format!("authorization: {} (no token)", auth.rest.trim())))
                    .evidence(Evidence::status(facts)),
            );
            return;
        }
        let (user, password) = auth.basic.clone().unwrap_or_default();
        let masked = crate::diagnose::gather::is_mask(&auth.rest) || is_other_scheme(&auth.scheme);
        let place = if masked { None } else { placeholder(&auth.rest) };
        if let Some(text) = place.or_else(|| template(&user)).or_else(|| template(&password)) {
            found.add(literal(facts, sure, "the `Authorization` header", text));
            return;
        }
    }
    for sent in facts.request.headers.iter().filter(|h| facts.is_credential_header(&h.name)) {
        let name = sent.name.to_ascii_lowercase();
        if let Some(text) = template(&sent.value).filter(|_| name != "authorization") {
            let place = Place::RequestHeader(name.clone());
            let finding = literal(facts, sure, &format!("the header `{name}`"), text);
            found.add(finding.evidence(Evidence::at(place, format!("{name}: {text}"))));
            return;
        }
    }
    if let Some(text) = facts.request.query("access_token").as_deref().and_then(placeholder) {
        found.add(literal(facts, sure, "`access_token` in the query", text));
    }
}

fn literal(facts: &Facts, sure: Likelihood, place: &str, text: &str) -> Finding {
    let name = text.trim_matches(|c: char| !c.is_alphanumeric());
    let (summary, cause) = match template(text) {
        Some(_) => (
            format!("{place} holds `{text}` as it stands: the variable `{name}` was not filled in"),
            format!(
                "No scope of the request has a variable `{name}`, so its name went out in place of its value."
            ),
        ),
        None => (
            format!("{place} holds the word `{text}` in place of a token"),
            "A program or a manual writes this where a value is missing: the token was never filled in."
                .to_owned(),
        ),
    };
    Finding::new("header.unresolved", sure)
        .summary(summary)
        .cause(cause)
        .evidence(header(format!("{place}: {text}")))
        .evidence(facts.answer.is_some().then(|| Evidence::status(facts)))
}

/// The same in the fields and the Basic header of a token request that failed.
fn unresolved_in_token_request(facts: &Facts, found: &mut Findings) {
    const FIELDS: [&str; 9] = [
        "client_id",
        "client_secret",
        "username",
        "password",
        "refresh_token",
        "code",
        "assertion",
        "client_assertion",
        "scope",
    ];
    if !matches!(facts.status(), Some(400 | 401 | 403)) {
        return;
    }
    let sure = at_most(found, Likelihood::Certain);
    for name in FIELDS {
        if let Some(text) = facts.request.field(name).and_then(template) {
            let finding = Finding::new("header.unresolved", sure)
                .summary(format!("`{name}` in the token request still holds the placeholder `{text}`"))
                .cause("The variable had no value, so its name went out in its place.")
                .evidence(Evidence::at(Place::RequestBody, format!("{name}={text}")))
                .evidence(Evidence::status(facts));
            found.add(finding);
            return;
        }
    }
    let basic = facts.request.authorization.first().and_then(|a| a.basic.as_ref());
    if let Some(text) = basic.and_then(|(user, password)| template(user).or_else(|| template(password))) {
        found.add(literal(facts, sure, "the Basic header", text));
    }
}

/// `Bearer` with nothing behind it.
fn is_scheme_alone(text: &str) -> bool {
    let text = text.trim();
    is_token_scheme(text) || ["basic", "token", "jwt"].iter().any(|s| s.eq_ignore_ascii_case(text))
}

/// H-02: a token without a scheme.
pub(super) fn no_scheme(facts: &Facts, found: &mut Findings) {
    let Some(auth) = token_header(facts).filter(|_| refused(facts)) else { return };
    let value = auth.rest.trim_matches(['"', '\'']);
    if found.has("header.unresolved")
        || !auth.scheme.is_empty()
        || is_scheme_alone(value)
        || placeholder(value).is_some()
    {
        return;
    }
    // Who says that it expired has read it: there are servers that take tokens without a scheme (AWS authorizers do).
    let words = facts.words();
    let aws = facts.answer.as_ref().is_some_and(|a| {
        ["x-amzn-requestid", "x-amzn-errortype", "apigw-requestid"].iter().any(|h| a.header(h).is_some())
    });
    let was_read = words.contains("expired") || facts.says_error("insufficient_scope");
    let wants_bearer = facts.answer.as_ref().is_some_and(|a| a.challenge("Bearer").is_some());
    let known = facts
        .known
        .iter()
        .any(|k| k.kind == KnownKind::AccessToken && k.text.expose() == value && value.len() >= 8);
    let token = is_jwt_like(value) || known;
    if was_read || !token && !wants_bearer {
        return;
    }
    let likelihood = match (token, wants_bearer, aws) {
        (_, _, true) => Likelihood::Possible,
        (true, true, _) => Likelihood::Certain,
        (true, false, _) => Likelihood::Likely,
        (false, ..) => Likelihood::Possible,
    };
    let found_out = if is_jwt_like(value) {
        "the `Authorization` header begins with the JWT itself; the word `Bearer` is missing"
    } else {
        "the `Authorization` header is one word; the scheme `Bearer` is missing"
    };
    found.add(
        Finding::new("header.no_scheme", at_most(found, likelihood))
            .summary(found_out)
            .evidence(line(facts))
            .evidence(Evidence::response_header(facts, "www-authenticate")),
    );
}

/// H-03: the scheme twice.
pub(super) fn double_scheme(facts: &Facts, found: &mut Findings) {
    let Some(auth) = facts.request.authorization.first().filter(|_| refused(facts)) else { return };
    let rest = auth.rest.trim_start_matches(['"', '\'', ' ']);
    let second = ["bearer", "dpop", "basic", "token", "jwt", "authorization:"].into_iter().find(|word| {
        rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
            && (word.ends_with(':')
                || rest.get(word.len()..).is_some_and(|behind| behind.starts_with([' ', '\t', ':'])))
    });
    let named = auth.scheme.eq_ignore_ascii_case("authorization:");
    let known = is_token_scheme(&auth.scheme) || auth.scheme.eq_ignore_ascii_case("basic");
    let (first, second) = match second {
        Some(word) if known || named => (auth.scheme.as_str(), rest.get(..word.len()).unwrap_or(word)),
        _ if named => (auth.scheme.as_str(), ""),
        _ => return,
    };
    let shown = format!("{first} {second}");
    found.add(
        Finding::new("header.double_scheme", at_most(found, Likelihood::Certain))
            .summary(format!("the `Authorization` header begins `{}`", shown.trim()))
            .evidence(header(format!(
                "authorization: {} … ({} characters)",
                shown.trim(),
                auth.raw.chars().count()
            )))
            .evidence(line(facts).skip(1)),
    );
}

/// H-04: another scheme or separator than the server wants.
pub(super) fn wrong_scheme(facts: &Facts, found: &mut Findings) {
    let Some(auth) = facts.request.authorization.first().filter(|_| refused(facts)) else { return };
    if auth.scheme.is_empty()
        || found.has("header.double_scheme")
        || crate::diagnose::gather::is_mask(&auth.rest)
    {
        return;
    }
    let challenges = facts.answer.as_ref().map(|a| a.challenges.as_slice()).unwrap_or_default();
    let scheme = auth.scheme.as_str();
    let offered = challenges.iter().any(|c| c.is(scheme));
    let wants_bearer = challenges.iter().any(|c| c.is("Bearer"));
    let was_read = facts.words().contains("expired") || facts.says_error("insufficient_scope");
    let jwt = is_jwt_like(&auth.rest) && auth.rest.contains('.');
    let (likelihood, summary) = if scheme.eq_ignore_ascii_case("basic") && jwt {
        (Likelihood::Certain, "a JWT is sent with the scheme `Basic`; it belongs behind `Bearer`".to_owned())
    } else if is_token_scheme(scheme) && scheme.ends_with(':') {
        (
            Likelihood::Certain,
            format!("the scheme is written `{scheme}` with a colon; servers look for `Bearer` and a blank"),
        )
    } else if is_token_scheme(scheme) {
        let separator = auth.raw.trim_start().get(scheme.len()..).unwrap_or_default();
        match (separator.starts_with('\t'), separator.starts_with("  ") || separator.starts_with(" \t")) {
            (true, _) => (Likelihood::Likely, format!("a tab stands between `{scheme}` and the token")),
            (_, true) => {
                (Likelihood::Possible, format!("more than one blank stands between `{scheme}` and the token"))
            }
            _ => return,
        }
    } else if is_other_scheme(scheme) || offered || was_read {
        return;
    } else if wants_bearer {
        let sure =
            jwt || ["token", "jwt", "accesstoken", "oauth2"].iter().any(|s| s.eq_ignore_ascii_case(scheme));
        let likelihood = if sure { Likelihood::Certain } else { Likelihood::Likely };
        (
            likelihood,
            format!(
                "the token is sent with the scheme `{}`; the server asks for `Bearer`",
                scheme_shown(scheme)
            ),
        )
    } else if jwt && challenges.is_empty() {
        (
            Likelihood::Likely,
            format!("the token is sent with the scheme `{}`, not `Bearer`", scheme_shown(scheme)),
        )
    } else {
        return;
    };
    found.add(
        Finding::new("header.wrong_scheme", at_most(found, likelihood))
            .summary(summary)
            .evidence(line(facts))
            .evidence(Evidence::response_header(facts, "www-authenticate")),
    );
}

/// The token of a header whose text the rules below look at: what follows `Bearer` or `DPoP`, or all of it.
fn pasted(facts: &Facts) -> Option<&Authorization> {
    let auth = token_header(facts)?;
    let token = auth.scheme.is_empty() || is_token_scheme(&auth.scheme);
    (token && refused(facts) && placeholder(&auth.rest).is_none()).then_some(auth)
}

/// H-06: quotes, commas, braces around the token.
pub(super) fn punctuation(facts: &Facts, found: &mut Findings) {
    let Some(auth) = pasted(facts) else { return };
    let is_stray = |c: &char| "\"'`,;{}[]()<>“”‘’«»".contains(*c);
    let text = auth.rest.trim();
    let before: String = text.chars().take_while(is_stray).collect();
    let after: Vec<char> = text.chars().rev().take_while(is_stray).collect();
    let after: String = after.into_iter().rev().collect();
    if before.is_empty() && after.is_empty() || before.len() == text.len() {
        return;
    }
    let json = text.contains("\":") || text.contains("access_token");
    let summary = if json {
        "a piece of JSON was copied along with the token".to_owned()
    } else {
        match (before.is_empty(), after.is_empty()) {
            (false, false) => format!("the token stands between `{before}` and `{after}`"),
            (false, true) => format!("the token begins with `{before}`"),
            _ => format!("the token ends with `{after}`"),
        }
    };
    let mut finding = Finding::new("header.punctuation", at_most(found, Likelihood::Certain))
        .summary(summary)
        .evidence(line(facts));
    if let Some(remedy) = trim(facts, auth).filter(|_| !json) {
        finding = finding.remedy(remedy);
    }
    found.add(finding);
}

/// H-07: blanks and line breaks inside.
pub(super) fn whitespace(facts: &Facts, found: &mut Findings) {
    let Some(auth) = pasted(facts) else { return };
    // A line break at the very end never leaves a client either; blanks there are taken off by everybody.
    let text = auth.rest.trim_matches([' ', '\t']);
    let text = if never_sent(facts) { text } else { text.trim() };
    let token = skip_scheme(text);
    let places: Vec<(usize, char)> =
        token.chars().enumerate().filter(|(_, c)| c.is_ascii_whitespace()).take(20).collect();
    let Some((first, c)) = places.first().copied() else { return };
    // Two sets of credentials in one line are another fault, and JSON is one too.
    if token.contains(", ") || token.contains("\":") {
        return;
    }
    let what = match c {
        '\n' | '\r' => "a line break",
        '\t' => "a tab",
        _ => "a blank",
    };
    let more = if places.len() > 1 { format!(", and {} more", places.len() - 1) } else { String::new() };
    let mut finding = Finding::new("header.whitespace", at_most(found, Likelihood::Certain))
        .summary(format!("{what} stands inside the token, after character {first}{more}"))
        .evidence(line(facts));
    if let Some(remedy) = trim(facts, auth) {
        finding = finding.remedy(remedy);
    }
    found.add(finding);
}

/// Behind a scheme that stands twice.
fn skip_scheme(text: &str) -> &str {
    match text.split_once([' ', '\t']) {
        Some((word, rest)) if is_token_scheme(word) || word.ends_with(':') => {
            skip_scheme(rest.trim_start_matches([' ', '\t']))
        }
        _ => text,
    }
}

/// H-08: percent-encoded, or standard base64 in a JWT.
pub(super) fn encoding(facts: &Facts, found: &mut Findings) {
    let Some(auth) = pasted(facts) else { return };
    let token = jwt::bare(&auth.rest);
    let lower = token.to_ascii_lowercase();
    let jwt = is_jwt_like(token);
    let percent: Vec<&str> = ["%2b", "%2f", "%3d", "%2e", "%20", "%0a", "%0d", "%22"]
        .into_iter()
        .filter(|p| lower.contains(p))
        .collect();
    let parts = || token.split('.').take(5);
    let (likelihood, summary) = if !percent.is_empty() {
        // Opaque tokens may hold a percent sign, though RFC 6750 knows none.
        let likelihood = if jwt { Likelihood::Certain } else { Likelihood::Likely };
        (
            likelihood,
            format!("the token is percent-encoded: it holds `{}`", percent.join("`, `").to_ascii_uppercase()),
        )
    } else if jwt && token.contains('.') && parts().any(|p| p.contains(['+', '/', '='])) {
        let signs: Vec<String> = ['+', '/', '=']
            .into_iter()
            .filter(|c| parts().any(|p| p.contains(*c)))
            .map(|c| format!("`{c}`"))
            .collect();
        (
            Likelihood::Likely,
            format!("the JWT holds {}: it is standard base64, not base64url", signs.join(" and ")),
        )
    } else {
        return;
    };
    found.add(
        Finding::new("header.encoding", at_most(found, likelihood)).summary(summary).evidence(line(facts)),
    );
}

/// H-14: characters outside ASCII in a credential.
pub(super) fn invisible(facts: &Facts, found: &mut Findings) {
    if !is_call(facts) || !refused(facts) {
        return;
    }
    let credentials = facts.request.headers.iter().filter(|h| facts.is_credential_header(&h.name));
    for sent in credentials.filter(|h| !h.name.eq_ignore_ascii_case("cookie")) {
        if crate::diagnose::gather::is_mask(sent.value.rsplit(' ').next().unwrap_or_default()) {
            continue;
        }
        let strange: Vec<(usize, char)> =
            sent.value.chars().enumerate().filter(|(_, c)| !c.is_ascii() || *c == '\u{7f}').take(5).collect();
        let Some((at, c)) = strange.first().copied() else { continue };
        let name = sent.name.to_ascii_lowercase();
        let list: Vec<String> =
            strange.iter().map(|(at, c)| format!("{} at {}", point(*c), at + 1)).collect();
        let place = Place::RequestHeader(name.clone());
        let mut finding = Finding::new("header.invisible", at_most(found, Likelihood::Certain))
            .summary(format!("the header `{name}` holds {} at character {}", point(c), at + 1))
            .evidence(Evidence::at(place, format!("{name}: {}", list.join(", "))))
            .evidence(facts.answer.is_some().then(|| Evidence::status(facts)));
        if let Some(remedy) = facts.request.authorization.first().and_then(|auth| trim(facts, auth)) {
            finding = finding.remedy(remedy);
        }
        found.add(finding);
        return;
    }
}

/// A character by its code point and, where people meet it often, its name.
fn point(c: char) -> String {
    let name = match c {
        '\u{a0}' => " (no-break space)",
        '\u{200b}' => " (zero-width space)",
        '\u{200c}' | '\u{200d}' => " (zero-width joiner)",
        '\u{200e}' | '\u{200f}' => " (direction mark)",
        '\u{2060}' => " (word joiner)",
        '\u{feff}' => " (byte order mark)",
        '\u{ad}' => " (soft hyphen)",
        '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' => " (typographic quote)",
        '\u{2010}'..='\u{2014}' => " (typographic dash)",
        '\u{2026}' => " (ellipsis)",
        '\u{fffd}' => " (bytes that are no UTF-8)",
        _ => "",
    };
    format!("U+{:04X}{name}", u32::from(c))
}
