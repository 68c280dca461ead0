//! What several rules of this layer and Pega's ask of the facts.

use crate::diagnose::evidence::{Evidence, Place, short};
use crate::diagnose::facts::{Answer, Carried, Facts, Past, Presented, Purpose};
use crate::diagnose::finding::{Findings, Layer, Likelihood};
use crate::jwt;
use url::Url;

/// How long ago an earlier call may be to tell something about this one, in seconds.
const RECENT_S: i64 = 600;

/// True for calls whose credentials are an access token: of an API, and of endpoints like userinfo.
pub(in crate::diagnose::rules) fn is_call(facts: &Facts) -> bool {
    facts.is_api() || facts.purpose == Purpose::Management && facts.token.is_some()
}

/// The token, when it went out in one well-formed header: `Bearer x` or `DPoP x`.
pub(in crate::diagnose::rules) fn bearer(facts: &Facts) -> Option<&Presented> {
    let token = facts.token.as_ref()?;
    let scheme = token.scheme.to_ascii_lowercase();
    let well = token.carried == Carried::Header
        && facts.request.authorization.len() == 1
        && (scheme == "bearer" || scheme == "dpop")
        && (token.masked
            || !token.text.expose().contains(|c: char| c.is_whitespace() || "{}<>\"".contains(c)));
    well.then_some(token)
}

/// True when a surer reason nearer to the wire is there: how the request was written, what the token says, who stands in front.
pub(in crate::diagnose::rules) fn explained(found: &Findings) -> bool {
    [Layer::Network, Layer::FrontDoor, Layer::Header, Layer::Token]
        .into_iter()
        .any(|layer| found.has_layer(layer, Likelihood::Likely))
}

/// True when there are challenges and each is one of these schemes.
pub(in crate::diagnose::rules) fn offers_only(answer: &Answer, schemes: &[&str]) -> bool {
    !answer.challenges.is_empty() && answer.challenges.iter().all(|c| schemes.iter().any(|s| c.is(s)))
}

/// The schemes offered, each once, as the server writes them.
pub(in crate::diagnose::rules) fn offered(answer: &Answer) -> String {
    let mut names: Vec<&str> = Vec::new();
    for challenge in answer.challenges.iter().take(20) {
        if !names.iter().any(|n| challenge.is(n)) {
            names.push(&challenge.scheme);
        }
    }
    names.join(", ")
}

/// Words that every refusal says: a body of nothing else gives no reason.
const EMPTY_WORDS: [&str; 50] = [
    "unauthorized",
    "unauthorised",
    "unauthenticated",
    "authenticated",
    "bad",
    "forbidden",
    "error",
    "errors",
    "status",
    "message",
    "http",
    "https",
    "authentication",
    "authorization",
    "authenticate",
    "required",
    "access",
    "accessed",
    "denied",
    "request",
    "requested",
    "resource",
    "this",
    "that",
    "the",
    "for",
    "and",
    "has",
    "are",
    "was",
    "been",
    "you",
    "your",
    "not",
    "failed",
    "failure",
    "invalid",
    "token",
    "bearer",
    "credentials",
    "code",
    "data",
    "login",
    "please",
    "could",
    "must",
    "page",
    "server",
    "true",
    "false",
];

/// True when the body gives no reason: none at all, or only what every refusal says.
pub(in crate::diagnose::rules) fn says_nothing(answer: &Answer) -> bool {
    let text = if answer.json.is_some() {
        let mut words = answer.error.messages.join(" ");
        words.push(' ');
        words.push_str(&answer.error.codes.join(" "));
        words
    } else {
        without_tags(&answer.text)
    };
    text.split(|c: char| !c.is_alphabetic())
        .filter(|word| word.chars().count() > 2)
        .all(|word| EMPTY_WORDS.iter().any(|empty| word.eq_ignore_ascii_case(empty)))
}

/// What stands between the tags of markup.
fn without_tags(text: &str) -> String {
    let mut out = String::new();
    let mut depth = 0_u32;
    for c in text.chars() {
        match c {
            '<' => depth += 1,
            '>' if depth > 0 => {
                depth -= 1;
                out.push(' ');
            }
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

/// The latest call to this host that was accepted with this very token a short while ago.
pub(in crate::diagnose::rules) fn accepted_before(facts: &Facts) -> Option<&Past> {
    facts.history.iter().rev().find(|past| {
        past.same_token == Some(true) && (200..300).contains(&past.status) && is_recent(facts, past)
    })
}

/// True for what was sent at most ten minutes before.
pub(in crate::diagnose::rules) fn is_recent(facts: &Facts, past: &Past) -> bool {
    (0..=RECENT_S).contains(&(facts.clock.local.as_second() - past.at.as_second()))
}

/// An earlier exchange in words.
pub(in crate::diagnose::rules) fn history(facts: &Facts, past: &Past) -> Evidence {
    let when = jwt::relative(past.at, facts.clock.local);
    let whose = match past.same_token {
        Some(true) => " with the same token",
        Some(false) => " with another token",
        None => "",
    };
    let text =
        format!("earlier ({when}): {} {} answered {}{whose}", past.method, short(&past.url), past.status);
    Evidence::at(Place::History, text)
}

/// True when this send has tried a new token already, or the token came in this very call.
pub(in crate::diagnose::rules) fn is_new_token(facts: &Facts) -> bool {
    facts.issued.as_ref().is_some_and(|i| i.fresh)
        || facts.history.iter().any(|p| p.retry && p.status == 401 && p.same_token != Some(true))
}

/// The request's URL without its query.
pub(in crate::diagnose::rules) fn url_alone(facts: &Facts) -> &str {
    let url = facts.request.url.as_str();
    url.split(['?', '#']).next().unwrap_or(url)
}

/// What follows the directory `parent` in `url` as one segment, decoded: `C-1` of `…/cases/C-1` under `…/cases`.
pub(in crate::diagnose::rules) fn child_of(url: &str, parent: &str) -> Option<String> {
    let rest = url.strip_prefix(parent.trim_end_matches('/'))?.strip_prefix('/')?.trim_end_matches('/');
    if rest.is_empty() || rest.contains('/') {
        return None;
    }
    let decoded = percent_encoding::percent_decode_str(rest).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

/// True when one URL is the other or lies under it, host included.
pub(in crate::diagnose::rules) fn related(one: &str, other: &str) -> bool {
    let (one, other) = (one.trim_end_matches('/'), other.trim_end_matches('/'));
    let under = |long: &str, short: &str| {
        long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    // A bare origin is above everything and tells nothing.
    let has_path = |url: &str| Url::parse(url).is_ok_and(|u| u.path().len() > 1);
    has_path(one) && has_path(other) && (under(one, other) || under(other, one))
}

/// A server's text for a sentence of ours: one line, not long, nothing that a terminal obeys.
pub(in crate::diagnose::rules) fn quoted(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
    plain.trim().to_owned()
}

/// What the body of the request holds, in our words; `quote` is where it stands. The body itself may hold secrets beside it.
pub(in crate::diagnose::rules) fn sent(words: impl AsRef<str>, quote: &str) -> Evidence {
    Evidence {
        text: format!("request body: {}", words.as_ref()),
        place: Place::RequestBody,
        quote: quote.to_owned(),
    }
}
