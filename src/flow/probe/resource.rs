//! Probes about the API and the token that need no authorization server: what the API publishes, and whose token it is.

use super::Found;
use crate::flow::call::Call;
use crate::flow::endpoints::{body_of_200, document};
use crate::flow::remedy::profile_of;
use crate::flow::send::token_plan;
use crate::flow::{Sent, Session};
use crate::jwt;
use crate::model::exchange::{Exchange, header};
use crate::model::plan::Plan;
use crate::model::profile::OauthProfile;
use crate::model::progress::no_progress;
use crate::oauth::challenge;
use crate::oauth::metadata;
use crate::template::Dynamics;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use tokio_util::sync::CancellationToken;
use url::Url;

/// The token that went out.
pub fn presented(sent: &Sent) -> Option<String> {
    let exchange = sent.exchange.as_ref()?;
    let in_header = header(&exchange.request.headers, "authorization");
    let text = match in_header {
        Some(value) => value.split_once(' ').map_or(value, |(_, rest)| rest).to_owned(),
        None => sent.token.as_ref()?.credential().expose().to_owned(),
    };
    Some(jwt::bare(&text).to_owned()).filter(|t| !t.is_empty())
}

/// What the API publishes about the tokens it takes (RFC 9728). Asked without credentials, and at its own origin only.
pub async fn resource_metadata(
    session: &Session,
    plan: &Plan,
    sent: &Sent,
    cancel: &CancellationToken,
) -> Found {
    let Some(exchange) = &sent.exchange else { return Found::unclear("the request was not sent") };
    let url = &exchange.request.url;
    let named = challenged(exchange);
    let derived = metadata::resource_place(url.split(['?', '#']).next().unwrap_or_default());
    let Some(place) = named.clone().or(derived) else {
        return Found::unclear("the request's URL is no http or https URL");
    };
    if origin(&place).is_none() || origin(&place) != origin(url) {
        return Found::unclear(format!(
            "the challenge points to {place}, which is on another server than the API: it is not asked"
        ));
    }
    let profile = profile_of(plan).cloned().unwrap_or_default();
    let own = token_plan(plan, OauthProfile::default());
    let dynamics = Dynamics::new(Timestamp::now(), fastrand::u64(..));
    let what = "cannot read the resource's metadata";
    let call = match Call::open(session, &own, &dynamics, what, &no_progress, cancel).await {
        Ok(call) => call,
        Err(problem) => return Found::of_problem(&problem),
    };
    let mut exchanges = Vec::new();
    let answer = match document(&call.road, &place, &mut exchanges).await {
        Ok(answer) => answer,
        Err(failure) => return failure.into(),
    };
    let read = body_of_200(&answer).and_then(|body| metadata::read_resource(&resource(&place), &body));
    let found = match read {
        Ok(found) => said(&found, &profile, issuer_of(sent)),
        Err(why) if named.is_none() => {
            Found::unclear(format!("the API publishes no metadata of its own: {why}"))
        }
        Err(why) => Found::unclear(format!("the API's metadata cannot be used: {why}")),
    };
    found.with(exchanges)
}

fn said(found: &metadata::ResourceMetadata, profile: &OauthProfile, issuer: Option<String>) -> Found {
    let servers = &found.authorization_servers;
    let mut notes = Vec::new();
    if found.dpop_required && !profile.dpop {
        notes.push("it wants tokens bound by DPoP".to_owned());
    }
    if found.mtls_bound && profile.certificate.is_empty() {
        notes.push("it wants tokens bound to a client certificate".to_owned());
    }
    let more = if notes.is_empty() { String::new() } else { format!("; {}", notes.join("; ")) };
    if servers.is_empty() {
        return Found::unclear(format!("the API's metadata names no authorization server{more}"));
    }
    let listed = servers.join(", ");
    match issuer {
        None => Found::unclear(format!("the API takes tokens of {listed}{more}")),
        Some(own) if servers.contains(&own) && notes.is_empty() => {
            Found::rules_out(format!("the API takes tokens of {listed}, and this one is of {own}"))
        }
        Some(own) if servers.contains(&own) => {
            Found::confirms(format!("the API takes tokens of {listed}{more}"))
        }
        Some(own) => Found::confirms(format!("the API takes tokens of {listed}, not of {own}{more}")),
    }
}

fn challenged(exchange: &Exchange) -> Option<String> {
    let response = exchange.response.as_ref()?;
    let lines = response.headers.iter().filter(|h| h.name.eq_ignore_ascii_case("www-authenticate"));
    let all = challenge::parse(lines.map(|h| h.value.as_str()));
    all.iter().find_map(|c| c.param("resource_metadata").map(str::to_owned))
}

/// The resource whose metadata is at an address.
fn resource(place: &str) -> String {
    let Ok(mut url) = Url::parse(place) else { return place.to_owned() };
    let path = url.path().strip_prefix("/.well-known/oauth-protected-resource").map(str::to_owned);
    match path {
        Some(path) => {
            url.set_path(&path);
            let text = url.to_string();
            if path.is_empty() { text.trim_end_matches('/').to_owned() } else { text }
        }
        None => place.to_owned(),
    }
}

fn origin(url: &str) -> Option<String> {
    Url::parse(url).ok().filter(Url::has_host).map(|url| url.origin().ascii_serialization())
}

fn claims(sent: &Sent) -> Option<Map<String, Json>> {
    jwt::decode(&presented(sent)?, Timestamp::now()).claims
}

fn issuer_of(sent: &Sent) -> Option<String> {
    claims(sent)?.get("iss").and_then(Json::as_str).map(str::to_owned)
}

/// Whose token it is, by the hosts that the environments name. Sends nothing.
pub fn other_environment(session: &Session, plan: &Plan, sent: &Sent) -> Found {
    let (Some(exchange), Some(token)) = (&sent.exchange, presented(sent)) else {
        return Found::unclear("the request carried no token");
    };
    let here = &plan.environment.name;
    let known = session.known();
    let of = known.iter().find(|known| known.text.expose() == token && !known.environment.is_empty());
    if let Some(known) = of.filter(|known| known.environment != *here) {
        return Found::confirms(format!(
            "the token was obtained in environment `{}` and sent in `{here}`",
            known.environment
        ));
    }
    let Some(issuer) = issuer_of(sent) else {
        return Found::unclear("the token does not name its issuer");
    };
    let Some(host) = Url::parse(&issuer).ok().and_then(|u| u.host_str().map(str::to_owned)) else {
        return Found::unclear(format!("the token's issuer `{issuer}` names no host"));
    };
    let bare = |text: &str| text.split(':').next().unwrap_or_default().to_owned();
    let names = |hosts: &[String]| hosts.iter().any(|h| bare(h).eq_ignore_ascii_case(&host));
    let own = plan.environments.iter().find(|e| e.name == *here);
    let api = Url::parse(&exchange.request.url).ok().and_then(|u| u.host_str().map(str::to_owned));
    if own.is_some_and(|e| names(&e.hosts)) || api.as_deref() == Some(host.as_str()) {
        return Found::rules_out(format!("the token's issuer is {issuer}, which is of this environment"));
    }
    match plan.environments.iter().find(|e| e.name != *here && names(&e.hosts)) {
        Some(other) => Found::confirms(format!(
            "the token's issuer is {issuer}, which environment `{}` names, and the request went out in `{here}`",
            other.name
        )),
        None => Found::unclear(format!("the token's issuer is {issuer}, which no environment here names")),
    }
}
