//! Probes that ask the authorization server, or documents that anybody may read.

use super::Found;
use crate::flow::acquire::{exchange, is_login, new_key, token_ask};
use crate::flow::call::Call;
use crate::flow::endpoints::Leg;
use crate::flow::grants::grant;
use crate::flow::manage::{self, discover};
use crate::flow::{Session, TokenFailure, TokenPlan, keys as keys_of};
use crate::jwt::{self, Signature};
use crate::model::exchange::Exchange;
use crate::model::profile::{ClientAuth, OauthProfile};
use crate::model::progress::no_progress;
use crate::model::token::Token;
use crate::oauth::management::Hint;
use crate::oauth::metadata::Metadata;
use crate::template::Dynamics;
use jiff::Timestamp;
use serde_json::Value as Json;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use url::Url;

/// What a server only says of a client that it let in (RFC 6749 section 5.2, RFC 8707).
const AFTER_THE_CLIENT: [&str; 5] =
    ["invalid_grant", "invalid_scope", "invalid_target", "unauthorized_client", "unsupported_grant_type"];

/// Whether the server that gave the token still stands by it.
pub async fn introspect(
    session: &Session,
    plan: &TokenPlan,
    token: &Token,
    cancel: &CancellationToken,
) -> Found {
    let told = match manage::introspect(session, plan, token, Hint::Access, cancel).await {
        Ok(told) => told,
        Err(failure) => return failure.into(),
    };
    let found = if told.answer.active {
        let said = |name: &str| told.answer.members.get(name).map(|v| format!(", {name} {}", words(v)));
        let more: String = ["scope", "aud", "client_id", "sub"].into_iter().filter_map(said).collect();
        Found::rules_out(format!(
            "the authorization server says that the token is active{more}: whoever refuses it has another reason"
        ))
    } else {
        Found::confirms(
            "the authorization server says that the token is not active: expired, revoked, or not its own",
        )
    };
    found.with(Some(told.exchange))
}

fn words(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether the issuer's keys, fetched anew, fit the token's signature.
pub async fn keys(session: &Session, plan: &TokenPlan, token: &str, cancel: &CancellationToken) -> Found {
    if jwt::decode(token, Timestamp::now()).kind != jwt::TokenKind::Jws {
        return Found::unclear("the token is no signed JWT: only the server that gave it can tell");
    }
    match keys_of::signature(session, plan, token, true, cancel).await {
        Ok(Signature::Verified { key }) => {
            Found::rules_out(format!("the signature fits the issuer's key {key}, so the token is whole"))
        }
        Ok(Signature::Rejected { reason }) => {
            Found::confirms(format!("the signature does not hold by the issuer's keys: {reason}"))
        }
        Ok(Signature::Unverified { reason }) | Err(reason) => Found::unclear(reason),
    }
}

/// What the authorization server publishes, beside what the profile says.
pub async fn metadata(session: &Session, plan: &TokenPlan, cancel: &CancellationToken) -> Found {
    let issuer = match plan.profile.issuer.trim() {
        "" => match stated_origin(session, plan, cancel).await {
            Ok(origin) => origin,
            Err(found) => return found,
        },
        issuer => issuer.to_owned(),
    };
    let found = match discover(session, plan, &issuer, false, cancel).await {
        Ok(found) => found,
        Err(failure) => return failure.into(),
    };
    let token_url = token_url(session, plan, cancel).await.unwrap_or_default();
    let differ = differences(&plan.profile, &token_url, &found.metadata);
    let text = match differ.is_empty() {
        true => Found::rules_out("the server's metadata agrees with the profile"),
        false => Found::confirms(format!("by the server's metadata {}", differ.join("; "))),
    };
    text.with(found.exchanges)
}

/// The token URL with its variables.
async fn token_url(
    session: &Session,
    plan: &TokenPlan,
    cancel: &CancellationToken,
) -> Result<String, TokenFailure> {
    let dynamics = Dynamics::new(Timestamp::now(), fastrand::u64(..));
    let call = Call::open(session, plan, &dynamics, "cannot read the profile", &no_progress, cancel).await?;
    Ok(call.stated.get(Leg::Token).to_owned())
}

async fn stated_origin(
    session: &Session,
    plan: &TokenPlan,
    cancel: &CancellationToken,
) -> Result<String, Found> {
    let url = token_url(session, plan, cancel).await?;
    match Url::parse(&url) {
        Ok(url) if url.has_host() => Ok(url.origin().ascii_serialization()),
        _ => Err(Found::unclear("the profile names neither an issuer nor a token URL")),
    }
}

/// Where a profile says other than the metadata, in words.
fn differences(profile: &OauthProfile, token_url: &str, published: &Metadata) -> Vec<String> {
    let mut all = Vec::new();
    if !token_url.is_empty() && !published.token_url.is_empty() && token_url != published.token_url {
        all.push(format!("the token endpoint is {}", published.token_url));
    }
    let method = match profile.client_auth {
        ClientAuth::None => "none",
        ClientAuth::Basic | ClientAuth::BasicRaw => "client_secret_basic",
        ClientAuth::Body => "client_secret_post",
        ClientAuth::ClientSecretJwt => "client_secret_jwt",
        ClientAuth::PrivateKeyJwt => "private_key_jwt",
        ClientAuth::Tls => "tls_client_auth",
    };
    let by_tls = |m: &String| profile.client_auth == ClientAuth::Tls && m.contains("tls_client_auth");
    if let Some(methods) = &published.client_auth
        && !methods.iter().any(|m| m == method || by_tls(m))
    {
        all.push(format!("the client authenticates by {}, not {method}", methods.join(", ")));
    }
    let wire = profile.grant.key();
    if let Some(grants) = &published.grants
        && matches!(wire, "client_credentials" | "authorization_code" | "password")
        && !grants.iter().any(|g| g == wire)
    {
        all.push(format!("the grants are {}, not {wire}", grants.join(", ")));
    }
    if let Some(scopes) = &published.scopes {
        let asked = profile.scope.iter().flat_map(|s| s.split_whitespace()).filter(|s| !s.contains("{{"));
        let unknown: Vec<&str> = asked.filter(|s| !scopes.iter().any(|known| known == s)).collect();
        if !unknown.is_empty() {
            all.push(format!("there is no scope {}", unknown.join(", ")));
        }
    }
    all
}

/// A token request with the secret in the other place. The token is thrown away; the profile stays as it is.
pub async fn other_client_auth(session: &Session, plan: &TokenPlan, cancel: &CancellationToken) -> Found {
    let others: &[ClientAuth] = match plan.profile.client_auth {
        ClientAuth::Basic => &[ClientAuth::Body, ClientAuth::BasicRaw],
        ClientAuth::BasicRaw => &[ClientAuth::Body, ClientAuth::Basic],
        ClientAuth::Body => &[ClientAuth::Basic],
        auth => {
            let words = auth.words();
            return Found::unclear(format!("there is no other way to try beside `{words}`"));
        }
    };
    if is_login(plan.profile.grant) {
        return Found::unclear(format!(
            "grant `{}` needs a person: change `client_auth` and log in again",
            plan.profile.grant.key()
        ));
    }
    let mut exchanges = Vec::new();
    for auth in others {
        let profile = OauthProfile { client_auth: *auth, ..plan.profile.clone() };
        let other = TokenPlan { profile, ..plan.clone() };
        let words = auth.words();
        let found = match ask(session, &other, cancel).await {
            Ok(exchange) => {
                Found::confirms(format!("with `{words}` the server gives a token")).with(Some(exchange))
            }
            Err(failure) => {
                exchanges.extend(failure.exchange.clone());
                match failure.error.as_deref() {
                    Some("invalid_client") => continue,
                    Some(code) if AFTER_THE_CLIENT.contains(&code) => Found::confirms(format!(
                        "with `{words}` the client is accepted, and the server goes on to say {code}"
                    )),
                    _ => Found::of_problem(&failure.problem),
                }
            }
        };
        return found.with(exchanges);
    }
    let words: Vec<String> = others.iter().map(|a| format!("`{}`", a.words())).collect();
    Found::rules_out(format!("the client is refused with {} too", words.join(" and "))).with(exchanges)
}

async fn ask(
    session: &Session,
    plan: &TokenPlan,
    cancel: &CancellationToken,
) -> Result<Arc<Exchange>, TokenFailure> {
    let dynamics = Dynamics::new(Timestamp::now(), fastrand::u64(..));
    let what = format!("cannot get a token with profile `{}`", plan.profile.name);
    let call = Call::open(session, plan, &dynamics, &what, &no_progress, cancel).await?;
    let endpoints = call.endpoints(&[Leg::Token], false).await?;
    let client = call.client(&endpoints).await?;
    let (grant, extra) = grant(&call, &endpoints).await?;
    let ask = token_ask(&call, &endpoints, client, grant, extra);
    let key = new_key(&call)?;
    Ok(exchange(&call, &ask, key.as_ref()).await?.exchange)
}
