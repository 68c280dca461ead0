//! What can be done with a token that is there.

use super::acquire::is_login;
use super::call::Call;
use super::endpoints::{Endpoints, Leg};
use super::events::{TokenEventKind, write};
use super::network::host;
use super::road::{Road, read};
use super::{Session, TokenFailure, TokenPlan};
use crate::http::Outgoing;
use crate::jwt::sign::SigningKey;
use crate::model::exchange::{Exchange, Header};
use crate::model::problem::{Problem, ProblemKind};
use crate::model::profile::ClientAuth;
use crate::model::progress::no_progress;
use crate::model::redact::Redactor;
use crate::model::secret::Secret;
use crate::model::token::Token;
use crate::oauth::Client;
use crate::oauth::form::FormAsk;
use crate::oauth::management::{
    Hint, Introspection, introspection, read_introspection, read_revocation, read_userinfo, revocation,
};
use crate::template::Dynamics;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

pub use super::discover::{Discovered, discover};

/// An answer with the exchange that brought it.
#[derive(Debug, Clone)]
pub struct Told<T> {
    /// The answer.
    pub answer: T,
    /// The exchange.
    pub exchange: Arc<Exchange>,
}

/// Revokes at the server (RFC 7009), refresh token first where there is one, then forgets it here. When the server refuses, it is
/// not forgotten, and the failure says so.
pub async fn revoke_token(
    session: &Session,
    plan: &TokenPlan,
    token: &Token,
    cancel: &CancellationToken,
) -> Result<Told<()>, TokenFailure> {
    const TITLE: &str = "revocation";
    let what = format!("cannot revoke the token of profile `{}`", plan.profile.name);
    let dynamics = Dynamics::new(Timestamp::now(), fastrand::u64(..));
    session.learn(token);
    let call = Call::open(session, plan, &dynamics, &what, &no_progress, cancel).await?;
    let (endpoints, client) = reach(&call, token, Leg::Revocation).await?;
    let url = endpoints.get(Leg::Revocation);
    let post = async |secret: &Secret, hint| -> Result<Arc<Exchange>, TokenFailure> {
        let exchange = form(&call.road, TITLE, url, &|| revocation(url, &client, secret, hint)).await?;
        read(&exchange, read_revocation).map_err(|error| {
            let mut failure = call.road.refused(TITLE, &exchange, &error);
            failure.problem.why.push_str("; the token is still kept here");
            failure
        })?;
        Ok(exchange)
    };
    let refresh = token.refresh_token.as_ref().filter(|r| !r.is_empty());
    let first = match refresh {
        Some(refresh) => Some(post(refresh, Hint::Refresh).await?),
        None => None,
    };
    let exchange = match (post(&token.access_token, Hint::Access).await, first) {
        (Ok(exchange), _) => exchange,
        // Some servers only know how to revoke refresh tokens; the access token goes with it or ends soon.
        (Err(failure), Some(first)) if failure.error.as_deref() == Some("unsupported_token_type") => first,
        (Err(failure), _) => return Err(failure),
    };
    write(session, &plan.root, &token.key, TokenEventKind::Revoked, &format!("at {}", host(url))).await;
    let (forgetting, root, key) = (session.clone(), plan.root.clone(), token.key.clone());
    let _ = tokio::task::spawn_blocking(move || forgetting.forget(&root, &key)).await;
    Ok(Told { answer: (), exchange })
}

/// Asks the server whether a token is active (RFC 7662).
pub async fn introspect(
    session: &Session,
    plan: &TokenPlan,
    token: &Token,
    hint: Hint,
    cancel: &CancellationToken,
) -> Result<Told<Introspection>, TokenFailure> {
    const TITLE: &str = "introspection";
    let what = format!("cannot introspect the token of profile `{}`", plan.profile.name);
    let dynamics = Dynamics::new(Timestamp::now(), fastrand::u64(..));
    session.learn(token);
    let secret = match hint {
        Hint::Access => Some(&token.access_token),
        Hint::Refresh => token.refresh_token.as_ref().filter(|r| !r.is_empty()),
    };
    let Some(secret) = secret else {
        let next = "introspect the access token";
        return Err(Problem::new(ProblemKind::Usage, what, "there is no refresh token", next).into());
    };
    let call = Call::open(session, plan, &dynamics, &what, &no_progress, cancel).await?;
    let (endpoints, client) = reach(&call, token, Leg::Introspection).await?;
    let url = endpoints.get(Leg::Introspection);
    let exchange = form(&call.road, TITLE, url, &|| introspection(url, &client, secret, hint)).await?;
    let mut answer = read(&exchange, read_introspection).map_err(|error| {
        let mut failure = call.road.refused(TITLE, &exchange, &error);
        // A public client has nothing to check: servers refuse it here however right its id is (RFC 7662 section 2.1).
        if plan.profile.client_auth == ClientAuth::None && failure.error.as_deref() == Some("invalid_client") {
            failure.problem.next =
                "the server lets only a client with a secret or key introspect; ask `userinfo`, or read the claims where the token is a JWT".into();
        }
        failure
    })?;
    mask(session, &mut answer.members);
    let detail = format!("at {}: {}", host(url), if answer.active { "active" } else { "not active" });
    write(session, &plan.root, &token.key, TokenEventKind::Introspected, &detail).await;
    Ok(Told { answer, exchange })
}

/// Who the token speaks for, by the userinfo endpoint.
pub async fn userinfo(
    session: &Session,
    plan: &TokenPlan,
    token: &Token,
    cancel: &CancellationToken,
) -> Result<Told<Map<String, Json>>, TokenFailure> {
    const TITLE: &str = "userinfo request";
    let what = format!("cannot ask who the token of profile `{}` speaks for", plan.profile.name);
    let dynamics = Dynamics::new(Timestamp::now(), fastrand::u64(..));
    session.learn(token);
    let call = Call::open(session, plan, &dynamics, &what, &no_progress, cancel).await?;
    same_origin(&call, token)?;
    let endpoints = call.endpoints(&[Leg::Userinfo], false).await?;
    let url = endpoints.get(Leg::Userinfo);
    let mut again = true;
    let exchange = loop {
        let exchange = call.road.send(TITLE, asked_by(&call, token, url)?).await?;
        if !(again && token.dpop_key.is_some() && super::road::wants_another_proof(&exchange)) {
            break exchange;
        }
        again = false;
    };
    let mut answer = read(&exchange, read_userinfo).map_err(|error| {
        let mut failure = call.road.refused(TITLE, &exchange, &error);
        if matches!(error.status, 401 | 403) {
            failure.problem.kind = ProblemKind::Refused;
            let openid = if is_login(plan.profile.grant) { "add `openid` to `scope`, and " } else { "" };
            failure.problem.next = format!("{openid}get a new token");
        }
        failure
    })?;
    mask(session, &mut answer);
    Ok(Told { answer, exchange })
}

/// A server may say back what it was told.
fn mask(session: &Session, members: &mut Map<String, Json>) {
    fn value(redactor: &Redactor, json: &mut Json) {
        match json {
            Json::String(text) => *text = redactor.mask(text),
            Json::Array(list) => list.iter_mut().for_each(|one| value(redactor, one)),
            Json::Object(members) => members.values_mut().for_each(|one| value(redactor, one)),
            _ => {}
        }
    }
    members.values_mut().for_each(|one| value(session.redactor(), one));
}

/// A GET with the token in its header.
fn asked_by(call: &Call<'_>, token: &Token, url: &str) -> Result<Outgoing, Problem> {
    let scheme = token.scheme();
    let mut outgoing = call.road.getting(url, vec![Header::new("Accept", "application/json")]);
    outgoing
        .headers
        .push(Header::sensitive("Authorization", format!("{scheme} {}", token.access_token.expose())));
    if let Some(jwk) = token.dpop_key.as_ref().filter(|_| scheme.eq_ignore_ascii_case("dpop")) {
        let key = SigningKey::read(jwk, "").map_err(|why| {
            let next = "forget the token and get a new one";
            Problem::new(
                ProblemKind::Internal,
                call.around.what,
                format!("its DPoP key cannot be read: {why}"),
                next,
            )
        })?;
        outgoing.per_hop = Some(Arc::new(super::origins::Prover {
            key: Arc::new(key),
            nonce: call.session().origins().nonce(url),
            token: token.access_token.clone(),
            offset: call.session().origins().now(url).duration_since(Timestamp::now()),
        }));
    }
    Ok(outgoing)
}

/// An endpoint that must be there, and the client that asks.
async fn reach(call: &Call<'_>, token: &Token, leg: Leg) -> Result<(Endpoints, Client), TokenFailure> {
    same_origin(call, token)?;
    let endpoints = call.endpoints(&[leg], false).await?;
    let client = call.client(&endpoints).await?;
    Ok((endpoints, client))
}

/// A token is shown to nobody but the server that gave it.
fn same_origin(call: &Call<'_>, token: &Token) -> Result<(), Problem> {
    if token.is_of(&call.origin()) {
        return Ok(());
    }
    let name = &call.plan.profile.name;
    let why = "the token came from another server or for another client than the profile names now";
    let next = format!(
        "undo the change of `token_url`, `issuer` or `client_id`, or forget the token: hallpass token forget {name}"
    );
    Err(Problem::new(ProblemKind::Usage, call.around.what, why, next))
}

async fn form<'a>(
    road: &Road<'_>,
    title: &str,
    url: &str,
    ask: &(dyn Fn() -> FormAsk<'a> + Send + Sync),
) -> Result<Arc<Exchange>, TokenFailure> {
    road.post(title, url, None, &|moment, _| ask().build(&road.profile.name, moment)).await
}
