//! Probes that ask the API: the request again, with another token, without any, or a smaller one.

use super::{Found, by_hand, of_request};
use crate::flow::authorized::Authorized;
use crate::flow::send::{Made, make, token_plan};
use crate::flow::{Sent, Session, obtain_token, send_request};
use crate::http::Outgoing;
use crate::model::exchange::{Exchange, Header, Response};
use crate::model::plan::Plan;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::progress::no_progress;
use crate::model::secret::sounds_secret;
use bytes::Bytes;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use url::Url;

/// How often [`repeat`] sends.
const TIMES: usize = 3;

/// A new token, and the request once more.
pub async fn renew_replay(session: &Session, plan: &Plan, sent: &Sent, cancel: &CancellationToken) -> Found {
    let Some(own) = of_request(plan) else { return by_hand() };
    if let Err(failure) = obtain_token(session, &own, true, &no_progress, cancel).await {
        return failure.into();
    }
    let again = send_request(session, plan, &no_progress, cancel).await;
    let (before, now) = (status(sent.exchange.as_deref()), status(again.exchange.as_deref()));
    let found = match (&again.problem, now) {
        (Some(problem), _) => Found::of_problem(problem),
        (None, 200..300) => {
            Found::confirms(format!("with a new token the server answers {now}: it was the old one"))
        }
        (None, now) if now == before => Found::rules_out(format!(
            "a new token is answered with {now} too: the old one was not the reason"
        )),
        (None, now) => {
            Found::unclear(format!("with a new token the server answers {now} in place of {before}"))
        }
    };
    Found { sent: Some(Box::new(again.clone())), ..found.with(again.exchange) }
}

/// The request without anything that proves who asks.
pub async fn no_credentials(
    session: &Session,
    plan: &Plan,
    sent: &Sent,
    cancel: &CancellationToken,
) -> Found {
    let made = match make(session, plan, cancel).await {
        Ok(made) => made,
        Err(problem) => return Found::of_problem(&problem),
    };
    let Made { engine, mut outgoing, .. } = made;
    outgoing.headers.retain(|h| !h.sensitive && !is_credential(&h.name));
    outgoing.url = without_secrets(&outgoing.url);
    outgoing.redirects = 0;
    let exchange = Arc::new(engine.send(outgoing, &no_progress, cancel).await);
    session.saw(&exchange);
    let found = compare(sent.exchange.as_deref(), &exchange);
    found.with(Some(exchange))
}

fn compare(before: Option<&Exchange>, now: &Exchange) -> Found {
    let Some(answer) = &now.response else { return failed(now) };
    let asked = match answer.header("www-authenticate") {
        Some(challenge) => format!(" and asks for {challenge}"),
        None => " without a challenge".to_owned(),
    };
    let words = format!("without credentials the server answers {}{asked}", answer.status);
    match before.and_then(|b| b.response.as_ref()) {
        _ if (200..300).contains(&answer.status) => {
            Found::unclear(format!("without credentials the server answers {}: it wants none", answer.status))
        }
        Some(before) if same(before, answer) => {
            Found::confirms(format!("{words}, the same as with them: it did not see them"))
        }
        Some(_) => Found::rules_out(format!("{words}, not what it says with them: it did see them")),
        None => Found::unclear(words),
    }
}

/// True for answers that say the same: status, challenges, and what the body is.
fn same(one: &Response, other: &Response) -> bool {
    let challenges = |r: &Response| -> Vec<String> {
        let of = r.headers.iter().filter(|h| h.name.eq_ignore_ascii_case("www-authenticate"));
        of.map(|h| h.value.clone()).collect()
    };
    (one.status, one.media_type(), challenges(one)) == (other.status, other.media_type(), challenges(other))
}

fn is_credential(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let known = ["authorization", "proxy-authorization", "cookie", "dpop", "x-api-key"];
    known.contains(&name.as_str()) || name.ends_with("subscription-key") || sounds_secret(&name)
}

/// A URL without the parameters that are secret by their name, and without user and password.
fn without_secrets(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else { return text.to_owned() };
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let is_secret = |name: &str| sounds_secret(name) || name.eq_ignore_ascii_case("access_token");
    if url.query_pairs().any(|(name, _)| is_secret(&name)) {
        let kept: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(name, _)| !is_secret(name))
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        url.set_query(None);
        if !kept.is_empty() {
            url.query_pairs_mut().extend_pairs(kept);
        }
    }
    url.to_string()
}

/// The request three times more, with the token it had.
pub async fn repeat(session: &Session, plan: &Plan, sent: &Sent, cancel: &CancellationToken) -> Found {
    let mut exchanges = Vec::new();
    for _ in 0..TIMES {
        match once(session, plan, sent, None, cancel).await {
            Ok(exchange) => exchanges.push(exchange),
            Err(problem) => return Found::of_problem(&problem).with(exchanges),
        }
    }
    let all: Vec<u16> = exchanges.iter().map(|e| status(Some(e))).collect();
    let words: Vec<String> =
        all.iter().map(|s| if *s == 0 { "no answer".to_owned() } else { s.to_string() }).collect();
    let before = status(sent.exchange.as_deref());
    let found = match () {
        () if all.iter().all(|s| *s == before) => Found::rules_out(format!(
            "each of {TIMES} times the server answers {before}: it is no passing thing"
        )),
        () if all.iter().all(|s| (200..300).contains(s)) => {
            Found::confirms(format!("now it is accepted {TIMES} times of {TIMES}: the refusal came and went"))
        }
        () if all.iter().any(|s| (200..300).contains(s)) => Found::confirms(format!(
            "the same call is answered with {}: not every node behind the API does the same",
            words.join(", ")
        )),
        () => Found::unclear(format!("the same call is answered with {}", words.join(", "))),
    };
    found.with(exchanges)
}

/// Pega's case types, in both generations, with the token of the request.
pub async fn case_types(session: &Session, plan: &Plan, sent: &Sent, cancel: &CancellationToken) -> Found {
    let Some(places) = lists(asked(sent)) else {
        return Found::unclear("the URL is none of Pega's API: there is no /api/ in its path");
    };
    let (mut exchanges, mut words, mut opened) = (Vec::new(), Vec::new(), false);
    for place in places {
        let generation = if place.contains("/api/v1/") { "v1" } else { "v2" };
        match once(session, plan, sent, Some(&place), cancel).await {
            Ok(exchange) => {
                let status = status(Some(&exchange));
                opened |= (200..300).contains(&status);
                words.push(format!("{generation} answers {status}"));
                exchanges.push(exchange);
            }
            Err(problem) => return Found::of_problem(&problem).with(exchanges),
        }
    }
    let words = format!("asked for the case types, {}", words.join(" and "));
    let found = if opened {
        Found::rules_out(format!("{words}: the token opens the API, so look at this one call"))
    } else {
        Found::confirms(format!("{words}: the token opens nothing here, so it is not this one call"))
    };
    found.with(exchanges)
}

/// Where the case types are listed beside a call of Pega's API: its own generation first.
fn lists(url: &str) -> Option<[String; 2]> {
    let url = Url::parse(url).ok()?;
    let (base, rest) = url.path().split_once("/api/")?;
    let base = format!("{}{base}", url.origin().ascii_serialization());
    let (v1, v2) = (format!("{base}/api/v1/casetypes"), format!("{base}/api/application/v2/casetypes"));
    Some(if rest.starts_with("v1") { [v1, v2] } else { [v2, v1] })
}

/// The request as it was, or a plain GET of another address of the same API, with the same token.
async fn once(
    session: &Session,
    plan: &Plan,
    sent: &Sent,
    place: Option<&str>,
    cancel: &CancellationToken,
) -> Result<Arc<Exchange>, Problem> {
    let Made { engine, mut outgoing, profile, .. } = make(session, plan, cancel).await?;
    // The token was sent to one server; another one must not see it because the request was edited since, or redirected.
    if origin(&outgoing.url).is_none() || origin(&outgoing.url) != origin(asked(sent)) {
        let why = "the request leads to another server by now than it did when it was refused";
        let next = "send the request again, and look at that answer";
        return Err(Problem::new(ProblemKind::Usage, "nothing was sent", why, next));
    }
    if let Some(place) = place {
        outgoing = small(outgoing, place);
    }
    match (profile, &sent.token) {
        (Some(profile), Some(token)) => {
            let own = token_plan(plan, profile);
            let progress = &no_progress;
            Authorized { session, plan: &own, engine, outgoing, progress, cancel }.once(token).await
        }
        _ => {
            let exchange = Arc::new(engine.send(outgoing, &no_progress, cancel).await);
            session.saw(&exchange);
            Ok(exchange)
        }
    }
}

/// The URL that was asked for; empty when none was.
fn asked(sent: &Sent) -> &str {
    let Some(exchange) = &sent.exchange else { return "" };
    exchange.redirects.first().map_or(&exchange.request.url, |hop| &hop.from)
}

fn origin(url: &str) -> Option<String> {
    Url::parse(url).ok().filter(Url::has_host).map(|url| url.origin().ascii_serialization())
}

/// A GET of another address with nothing but the request's credentials.
fn small(outgoing: Outgoing, place: &str) -> Outgoing {
    let mut headers = outgoing.headers;
    headers.retain(|h| is_credential(&h.name));
    headers.push(Header::new("Accept", "application/json"));
    let (url, body) = (place.to_owned(), Bytes::new());
    let method = "GET".to_owned();
    Outgoing { method, url, headers, body, body_sensitive: false, redirects: 0, ..outgoing }
}

fn status(exchange: Option<&Exchange>) -> u16 {
    exchange.and_then(Exchange::status).unwrap_or(0)
}

fn failed(exchange: &Exchange) -> Found {
    let why = exchange.failure.as_ref().map_or("no answer came", |f| f.text.as_str());
    Found::unclear(format!("it could not be asked: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_case_types_are_listed_below_the_same_application() {
        let of = |url: &str| lists(url).map(|l| l.join(" ")).unwrap_or_default();
        assert_eq!(
            of("https://h/prweb/app/acme/api/v1/cases/1?x=2"),
            "https://h/prweb/app/acme/api/v1/casetypes https://h/prweb/app/acme/api/application/v2/casetypes"
        );
        assert_eq!(
            of("https://h/prweb/api/application/v2/cases"),
            "https://h/prweb/api/application/v2/casetypes https://h/prweb/api/v1/casetypes"
        );
        assert_eq!(of("https://h/other"), "");
    }

    #[test]
    fn a_url_without_credentials_keeps_the_rest_as_it_is() {
        assert_eq!(without_secrets("https://u:p@h/a?b=1"), "https://h/a?b=1");
        assert_eq!(without_secrets("https://h/a?b=1&access_token=x"), "https://h/a?b=1");
        assert_eq!(without_secrets("https://h/a?api_key=x"), "https://h/a");
        assert_eq!(without_secrets("https://h/a?q=a%20b"), "https://h/a?q=a%20b");
    }
}
