//! Where the token comes from and whom it is for: issuer, audience, client, subject (J-04 to J-07).
//!
//! Most issuers live on another host than the API, and most audiences are names rather than addresses: a difference alone is
//! nothing. It counts where something that was stated (profile, environment) contradicts, or the server says so.

use super::said::{Said, Words, quote};
use super::stage::differ_by_stage;
use super::{explained, refused, refused_and_readable, sure, was_accepted};
use crate::diagnose::evidence::{Evidence, Place};
use crate::diagnose::facts::{Facts, KnownKind};
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::diagnose::probe::Probe;
use crate::jwt::lens::{self, SentAs, State, Topic, Verdict};
use url::Url;

/// What the lens says about the token for this request.
pub(in crate::diagnose) fn lens(facts: &Facts) -> Vec<Verdict> {
    let Some(token) = facts.token.as_ref().filter(|t| !t.masked) else { return Vec::new() };
    let profile = facts.profile.clone().unwrap_or_default();
    let stated = lens::Facts {
        url: facts.request.url.clone(),
        method: facts.request.method.clone(),
        issuer: profile.issuer,
        audiences: profile.audiences,
        scopes: profile.scopes,
        client_id: profile.client_id,
        id_token_wanted: profile.use_id_token,
        sent_as: match token.scheme.to_ascii_lowercase().as_str() {
            "dpop" => SentAs::Dpop,
            "" => SentAs::Query,
            _ => SentAs::Bearer,
        },
        dpop_key: None,
        certificate: profile.certificate,
        certificate_print: profile.certificate_print,
    };
    lens::look(&token.decoded, &stated, facts.clock.server_now())
}

/// The first verdict about a topic.
pub(in crate::diagnose) fn verdict(facts: &Facts, topic: Topic) -> Option<Verdict> {
    lens(facts).into_iter().find(|v| v.topic == topic)
}

fn host(url: &str) -> Option<String> {
    Url::parse(url).ok()?.host_str().map(str::to_owned)
}

/// Host of an entry that may have a port: `pega.example:8443`.
fn bare_host(entry: &str) -> &str {
    entry
        .rsplit_once(':')
        .filter(|(_, port)| port.chars().all(|c| c.is_ascii_digit()))
        .map_or(entry, |(h, _)| h)
}

/// J-04: a token of another environment.
pub(super) fn issuer(facts: &Facts, found: &mut Findings) {
    let Some(token) = refused(facts) else { return };
    let words = Words::of(facts);
    let said = words.says(Said::Issuer);
    let iss = facts.claim_text("iss").filter(|_| !token.masked);
    let contradiction = foreign(facts, iss, explained(found));
    let (likelihood, summary, evidence) = match (said, contradiction) {
        (Some(_), other) => {
            let from = match iss {
                Some(iss) => format!("the server does not accept the token's issuer, {}", short(iss)),
                None => "the server does not accept the token's issuer".to_owned(),
            };
            (sure(facts, found), from, other.map(|(_, _, evidence)| evidence))
        }
        (None, Some((likelihood, summary, evidence))) if !was_accepted(facts) && !says_other(&words) => {
            (likelihood, summary, Some(evidence))
        }
        _ => return,
    };
    let mut finding = Finding::new("token.issuer", likelihood)
        .summary(summary)
        .evidence(iss.map(|iss| Evidence::claim("iss", iss)))
        .evidence(evidence)
        .evidence(said.and_then(|needle| quote(facts, needle)))
        .evidence(Evidence::status(facts))
        .weight(if said.is_some() { 10 } else { 0 });
    if !facts.environments.is_empty() {
        finding = finding.probe(Probe::OtherEnvironment);
    }
    found.add(finding);
}

fn says_other(words: &Words) -> bool {
    words.says_other_than(Said::Issuer)
}

/// What speaks for another environment, the surest first.
fn foreign(facts: &Facts, iss: Option<&str>, explained: bool) -> Option<(Likelihood, String, Evidence)> {
    let active = facts.environments.iter().find(|e| e.active);
    let token = facts.token.as_ref()?;
    if let Some(active) = active {
        let same = || {
            let text = token.text.expose();
            facts.known.iter().filter(move |k| k.kind == KnownKind::AccessToken && k.text.expose() == text)
        };
        let ours = same().any(|k| k.environment == active.name || k.environment.is_empty());
        if let Some(other) = same().find(|_| !ours).filter(|_| !token.masked) {
            let name = &other.environment;
            return Some((
                Likelihood::Likely,
                format!(
                    "the token is the one of environment `{name}`, the request goes to `{}`",
                    active.name
                ),
                Evidence::at(
                    Place::Profile,
                    format!("the token equals that of {} in environment `{name}`", other.label),
                ),
            ));
        }
        let issued = facts.issued.as_ref().map(|i| i.environment.as_str()).filter(|e| !e.is_empty());
        if let Some(name) = issued.filter(|name| *name != active.name) {
            return Some((
                Likelihood::Likely,
                format!("the token was got in environment `{name}`, the request goes to `{}`", active.name),
                Evidence::at(
                    Place::Profile,
                    format!("environment of the token: `{name}`; active: `{}`", active.name),
                ),
            ));
        }
    }
    let iss = iss?;
    let iss_host = host(iss);
    if let Some(iss_host) = &iss_host {
        let names = |e: &&crate::diagnose::facts::Environment| {
            e.hosts.iter().any(|h| bare_host(h).eq_ignore_ascii_case(iss_host))
        };
        let other = facts.environments.iter().filter(|e| !e.active).find(names);
        if let Some((other, active)) = other.zip(active.filter(|e| !names(e))) {
            return Some((
                Likelihood::Likely,
                format!(
                    "the token was issued by {iss_host}, a host of environment `{}`, not of `{}`",
                    other.name, active.name
                ),
                Evidence::at(Place::Profile, format!("environment `{}` names {iss_host}", other.name)),
            ));
        }
    }
    let profile = facts.profile.as_ref();
    let stated = profile.map(|p| p.issuer.as_str()).filter(|i| !i.is_empty());
    if let Some(stated) = stated {
        return differs(iss, stated, facts, explained);
    }
    let iss_host = iss_host?;
    let token_host = profile.and_then(|p| host(&p.token_url));
    if let Some(token_host) = token_host.filter(|h| differ_by_stage(h, &iss_host)) {
        return Some((
            Likelihood::Likely,
            format!("the token was issued by {iss_host}, the profile's token URL is on {token_host}"),
            Evidence::at(Place::Profile, format!("token URL: host {token_host}")),
        ));
    }
    let asked = facts.request.host();
    (!explained && differ_by_stage(asked, &iss_host)).then(|| {
        (
            Likelihood::Possible,
            format!(
                "the token was issued by {iss_host}, the request goes to {asked}: two stages of one system?"
            ),
            Evidence::at(Place::Url, format!("host {asked}")),
        )
    })
}

/// The issuer against the one the profile states.
fn differs(
    iss: &str,
    stated: &str,
    facts: &Facts,
    explained: bool,
) -> Option<(Likelihood, String, Evidence)> {
    let verdict = verdict(facts, Topic::Issuer).filter(|v| v.state == State::Doubt)?;
    let evidence = Evidence::at(Place::Profile, format!("issuer of the profile: {}", short(stated)));
    if iss.trim_end_matches('/') == stated.trim_end_matches('/')
        || verdict.text.contains("other token version")
    {
        // APIs accept both as a rule.
        return (!explained).then_some((Likelihood::Possible, verdict.text, evidence));
    }
    let summary = format!("the token was issued by {}, the profile expects {}", short(iss), short(stated));
    Some((Likelihood::Likely, summary, evidence))
}

/// Untrusted text inside a sentence.
fn short(text: &str) -> String {
    let mut cut: String = text.chars().take(60).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

/// J-05: a token for somebody else.
pub(super) fn audience(facts: &Facts, found: &mut Findings) {
    let Some(token) = refused(facts) else { return };
    let words = Words::of(facts);
    let said = words.says(Said::Audience);
    let stated = facts.profile.as_ref().is_some_and(|p| !p.audiences.is_empty());
    let aud = if token.masked { String::new() } else { audiences(facts) };
    let read = verdict(facts, Topic::Audience).filter(|v| matches!(v.state, State::Doubt | State::Bad));
    let named = facts.answer.as_ref().and_then(|a| a.bearer("error")).is_some();
    let (likelihood, summary) = match (said, read) {
        (Some(_), _) if aud.is_empty() => {
            (sure(facts, found), "the server says that the token is not meant for it".to_owned())
        }
        (Some(_), _) => {
            (sure(facts, found), format!("the server does not accept the token's audience, {}", short(&aud)))
        }
        (None, _) if was_accepted(facts) || !words.is_empty() => return,
        (None, Some(v)) if v.state == State::Bad => (Likelihood::Likely, v.text),
        (None, Some(v)) if stated && v.text.contains("asked for was") => {
            (Likelihood::Likely, format!("the token is {}", v.text))
        }
        // An audience that looks like an address need not be the API's: only where nothing else explains the refusal.
        (None, Some(v)) if named && !explained(found) && !v.text.starts_with("made for") => {
            (Likelihood::Possible, v.text)
        }
        _ => return,
    };
    let asked = facts.profile.as_ref().filter(|p| !p.audiences.is_empty());
    found.add(
        Finding::new("token.audience", likelihood)
            .summary(summary)
            .evidence(Evidence::claim_of(facts, "aud").filter(|_| !token.masked))
            .evidence(asked.map(|p| {
                Evidence::at(Place::Profile, format!("audience of the profile: {}", p.audiences.join(", ")))
            }))
            .evidence(said.and_then(|needle| quote(facts, needle)))
            .evidence(Evidence::status(facts))
            .weight(if said.is_some() { 10 } else { 0 }),
    );
}

fn audiences(facts: &Facts) -> String {
    match facts.claim("aud") {
        Some(serde_json::Value::String(one)) => one.clone(),
        Some(serde_json::Value::Array(many)) => {
            many.iter().filter_map(serde_json::Value::as_str).collect::<Vec<_>>().join(", ")
        }
        _ => String::new(),
    }
}

/// J-06: a token of another client.
pub(super) fn client(facts: &Facts, found: &mut Findings) {
    let words = Words::of(facts);
    // A 403 says nothing of the token, and a token of another client has other rights.
    let forbidden = facts.status() == Some(403)
        && super::is_call(facts)
        && facts.token.as_ref().is_some_and(|t| !t.masked)
        && !facts.says_error("insufficient_scope");
    if refused_and_readable(facts).is_none() && !forbidden
        || was_accepted(facts)
        || explained(found)
        || !words.is_empty()
    {
        return;
    }
    let Some(v) = verdict(facts, Topic::Client).filter(|v| v.state == State::Doubt) else { return };
    let name = ["client_id", "azp", "appid", "cid"].into_iter().find(|n| facts.claim_text(n).is_some());
    found.add(
        Finding::new("token.client", Likelihood::Possible)
            .summary(format!("the token was {}", v.text))
            .evidence(name.and_then(|name| Evidence::claim_of(facts, name)))
            .evidence(Evidence::status(facts)),
    );
}

/// Claims that name a person the way people do.
const NAMES: [&str; 9] = [
    "sub",
    "preferred_username",
    "username",
    "upn",
    "email",
    "unique_name",
    "cognito:username",
    "uid",
    "operator",
];

/// J-07: no subject, or another one than expected.
pub(super) fn subject(facts: &Facts, found: &mut Findings) {
    let refused = matches!(facts.status(), Some(401 | 403)) && super::is_call(facts);
    let Some(token) = facts.token.as_ref().filter(|t| refused && !t.masked) else { return };
    let Some(claims) = &token.decoded.claims else { return };
    if was_accepted(facts) || explained(found) || !Words::of(facts).is_empty() {
        return;
    }
    let expected = facts.profile.as_ref().map(|p| p.identity.as_str()).unwrap_or_default();
    let found_names: Vec<(&str, &str)> = NAMES
        .iter()
        .filter_map(|n| Some((*n, claims.get(*n)?.as_str()?)))
        .filter(|(_, v)| !v.trim().is_empty())
        .collect();
    let (summary, evidence) = if found_names.is_empty() {
        if facts.status() != Some(401) || claims.contains_key("sub") {
            return;
        }
        ("the token names nobody it speaks for (no `sub`)".to_owned(), Evidence::claim("sub", "not there"))
    } else {
        // An id made by a machine cannot be compared with a name.
        let readable: Vec<&(&str, &str)> = found_names.iter().filter(|(_, v)| is_name(v)).collect();
        let Some((claim, who)) = readable.first() else { return };
        if expected.is_empty() || found_names.iter().any(|(_, v)| v.eq_ignore_ascii_case(expected)) {
            return;
        }
        let summary = format!("the token speaks for {}, the profile expects {}", short(who), short(expected));
        (summary, Evidence::claim(claim, who))
    };
    found.add(
        Finding::new("token.subject", Likelihood::Possible)
            .summary(summary)
            .evidence(evidence)
            .evidence(Evidence::status(facts)),
    );
}

/// True for what a person might have chosen: no UUID, no hash, no bare number.
fn is_name(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    text.chars().any(char::is_alphabetic)
        && text.len() <= 80
        && digits * 3 < text.len()
        && !text.contains('|')
}
