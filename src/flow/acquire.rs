//! A new token: by the refresh token where there is one, else by the profile's grant.

use super::cache::is_usable;
use super::call::Call;
use super::endpoints::{Endpoints, Leg};
use super::events::{TokenEventKind, note};
use super::grants::{grant, wants_session_index};
use super::network::host;
use super::road::{TOKEN_REQUEST, read};
use super::scope::resolve;
use super::{TokenFailure, login};
use crate::jwt::sign::SigningKey;
use crate::model::exchange::Exchange;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::profile::Grant as Kind;
use crate::model::secret::Secret;
use crate::model::token::Token;
use crate::oauth::{Client, Grant, Granted, TokenAsk, TokenError};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::Instant;

/// Which token is wanted.
#[derive(Debug, Clone)]
pub(super) enum Want {
    /// Any that lives.
    Any,
    /// One asked for now.
    New,
    /// Any but this one, which an API refused. Nobody is asked to log in for it.
    Other(Secret),
}

impl Want {
    /// True when a token that is there will do. `began`: when it was asked for.
    pub fn takes(&self, token: &Token, began: Timestamp) -> bool {
        let right = match self {
            Self::Any => true,
            Self::New => token.obtained_at >= began,
            Self::Other(refused) => token.access_token != *refused,
        };
        right && is_usable(token, Instant::now())
    }
}

/// True for a grant that needs a person.
pub(super) fn is_login(kind: Kind) -> bool {
    matches!(kind, Kind::AuthorizationCode | Kind::DeviceCode)
}

/// What a token endpoint gave, and with what it was asked.
pub(super) struct Got {
    pub granted: Granted,
    pub exchange: Arc<Exchange>,
    pub dpop_key: Option<Arc<SigningKey>>,
}

/// True when renewing begins with the refresh token: always for a login; for others not where a new token by the grant itself
/// is wanted. Never one that another server gave, or nobody knows which.
pub(super) fn refreshes(call: &Call<'_>, want: &Want, known: Option<&Token>) -> bool {
    let known = known.filter(|t| t.origin.as_ref().is_some_and(|origin| *origin == call.origin()));
    let has = known.is_some_and(|t| t.refresh_token.as_ref().is_some_and(|r| !r.is_empty()));
    has && (is_login(call.plan.profile.grant) || !matches!(want, Want::New))
}

/// What came of asking with a refresh token.
pub(super) enum Refreshed {
    /// A new token.
    Token(Box<Token>),
    /// The refresh token is dead; this is how the server said so.
    Dead(Option<Arc<Exchange>>),
}

/// Asks with a refresh token.
pub(super) async fn refresh(call: &Call<'_>, known: &Token) -> Result<Refreshed, TokenFailure> {
    let Some(refresh_token) = &known.refresh_token else { return Ok(Refreshed::Dead(None)) };
    let endpoints = call.endpoints(&[Leg::Token], false).await?;
    let client = call.client(&endpoints).await?;
    let (extra, ..) =
        resolve(&call.around, |scope| Ok(call.extra(scope, &call.plan.profile.extra_refresh))).await?;
    let key = known.dpop_key.as_ref().map(|key| bound_key(call, key)).transpose()?;
    let ask = token_ask(call, &endpoints, client, Grant::refresh(refresh_token, None), extra);
    let exchange = ask_token(call, &ask, key.as_ref()).await?;
    let granted = match read(&exchange, |answer| answer.read()) {
        Ok(granted) => granted,
        Err(error) if is_dead(&error, &endpoints) => {
            let code = error.code().unwrap_or("no code").to_owned();
            note(call, TokenEventKind::RefreshDead, &format!("{} {code}", error.status)).await;
            return Ok(Refreshed::Dead(Some(exchange)));
        }
        Err(error) => return Err(call.road.refused(TOKEN_REQUEST, &exchange, &error)),
    };
    learn(call, &granted);
    if let Some(id_token) = granted.id_token.as_ref().filter(|_| is_login(call.plan.profile.grant)) {
        let checked = login::id_token::check(call, &endpoints, id_token, None, &exchange).await;
        checked.map_err(|problem| TokenFailure {
            problem,
            exchange: Some(Arc::clone(&exchange)),
            error: None,
            diagnosis: Default::default(),
        })?;
    }
    let mut token = token(call, Got { granted, exchange, dpop_key: key });
    // What an answer leaves out stays as it was.
    token.refresh_token = token.refresh_token.or_else(|| known.refresh_token.clone());
    token.id_token = token.id_token.or_else(|| known.id_token.clone());
    token.scope = token.scope.or_else(|| known.scope.clone());
    token.session_index = token.session_index.or_else(|| known.session_index.clone());
    Ok(Refreshed::Token(Box::new(token)))
}

/// A refresh token that will never work again. Pega says so with 401; there a refused client looks the same.
fn is_dead(error: &TokenError, endpoints: &Endpoints) -> bool {
    let pega = crate::jwt::keys_url_beside(endpoints.get(Leg::Token)).is_some();
    let says = |codes: &[&str]| error.codes.iter().any(|code| codes.contains(&code.as_str()));
    match error.status {
        400 | 403 => says(&[
            "invalid_grant",
            "invalid_token",
            "token_expired",
            "expired_token",
            "unauthorized_client",
            "unsupported_grant_type",
            "invalid_session_index",
            "interaction_required",
            "login_required",
            "consent_required",
        ]),
        401 => pega || !says(&["invalid_client"]),
        // Pega's dialect on 200.
        200 => says(&["invalid_grant"]),
        _ => false,
    }
}

/// Asks with the profile's grant; a login asks a person.
pub(super) async fn by_grant(call: &Call<'_>, known: Option<&Token>) -> Result<Token, TokenFailure> {
    let session_index = known.and_then(|t| t.session_index.clone());
    if is_login(call.plan.profile.grant) {
        return Ok(token(call, login::roads::log_in(call, session_index).await?));
    }
    let endpoints = call.endpoints(&[Leg::Token], false).await?;
    let client = call.client(&endpoints).await?;
    let (grant, extra) = grant(call, &endpoints).await?;
    let mut ask = token_ask(call, &endpoints, client, grant, extra);
    let key = new_key(call)?;
    let plain = ask.extra.clone();
    let indexed = session_index.filter(|_| wants_session_index(&plain));
    if let Some(index) = &indexed {
        ask.extra.push(("session_index".to_owned(), index.clone()));
    }
    let mut got = exchange(call, &ask, key.as_ref()).await;
    let stale = matches!(&got, Err(f) if f.error.as_deref() == Some("invalid_session_index"));
    if indexed.is_some() && stale {
        ask.extra = plain;
        got = exchange(call, &ask, key.as_ref()).await;
    }
    Ok(token(call, got?))
}

/// Sends a token request and reads its answer.
pub(super) async fn exchange(
    call: &Call<'_>,
    ask: &TokenAsk,
    key: Option<&Arc<SigningKey>>,
) -> Result<Got, TokenFailure> {
    let exchange = ask_token(call, ask, key).await?;
    let granted = read(&exchange, |answer| answer.read())
        .map_err(|error| call.road.refused(TOKEN_REQUEST, &exchange, &error))?;
    learn(call, &granted);
    Ok(Got { granted, exchange, dpop_key: key.cloned() })
}

/// Sends a token request.
pub(super) async fn ask_token(
    call: &Call<'_>,
    ask: &TokenAsk,
    key: Option<&Arc<SigningKey>>,
) -> Result<Arc<Exchange>, TokenFailure> {
    let name = &call.plan.profile.name;
    call.road
        .post(TOKEN_REQUEST, &ask.token_url, key, &|moment, dpop| {
            TokenAsk { dpop: dpop.cloned(), ..ask.clone() }.build(name, moment)
        })
        .await
}

/// A token request of this profile.
pub(super) fn token_ask(
    call: &Call<'_>,
    endpoints: &Endpoints,
    client: Client,
    grant: Grant,
    extra: Vec<(String, String)>,
) -> TokenAsk {
    TokenAsk {
        token_url: endpoints.get(Leg::Token).to_owned(),
        client,
        grant,
        scope: call.scope.clone(),
        audience: call.audience.clone(),
        resource: call.resource.clone(),
        extra,
        dpop: None,
    }
}

/// A key for a token to be bound to, where the profile wants that.
pub(super) fn new_key(call: &Call<'_>) -> Result<Option<Arc<SigningKey>>, Problem> {
    if !call.plan.profile.dpop {
        return Ok(None);
    }
    let key = SigningKey::generate("ES256").map_err(|why| {
        Problem::new(
            ProblemKind::Internal,
            call.around.what,
            format!("no DPoP key could be made: {why}"),
            "try again",
        )
    })?;
    Ok(Some(Arc::new(key)))
}

/// The key a token is bound to.
fn bound_key(call: &Call<'_>, jwk: &Secret) -> Result<Arc<SigningKey>, Problem> {
    SigningKey::read(jwk, "").map(Arc::new).map_err(|why| {
        let next = "forget the token and get a new one";
        Problem::new(
            ProblemKind::Internal,
            call.around.what,
            format!("its DPoP key cannot be read: {why}"),
            next,
        )
    })
}

fn learn(call: &Call<'_>, granted: &Granted) {
    let texts = [Some(&granted.access_token), granted.refresh_token.as_ref(), granted.id_token.as_ref()];
    for secret in texts.into_iter().flatten() {
        call.session().redactor().learn(secret.expose());
    }
    call.session().redactor().learn(granted.session_index.as_deref().unwrap_or_default());
}

fn token(call: &Call<'_>, got: Got) -> Token {
    let profile = &call.plan.profile;
    let Got { granted, exchange, dpop_key } = got;
    let offset = SignedDuration::from_millis(exchange.clock_offset_ms.unwrap_or(0));
    let local = Timestamp::now();
    let server = local.checked_add(offset).unwrap_or(local);
    let notes = granted.notes(std::slice::from_ref(&call.key.scope), profile.dpop, server);
    Token {
        key: call.key.clone(),
        origin: Some(call.origin()),
        access_token: granted.access_token,
        token_type: granted.token_type,
        refresh_token: granted.refresh_token,
        id_token: granted.id_token,
        dpop_key: dpop_key.map(|key| key.to_jwk()),
        use_id_token: profile.use_id_token,
        session_index: granted.session_index,
        scope: granted.scope,
        expires_in: granted.expires_in,
        obtained_at: Timestamp::now(),
        obtained: Instant::now(),
        clock_offset_ms: exchange.clock_offset_ms,
        grant: profile.grant.words(),
        client_auth: profile.client_auth.words().to_owned(),
        notes,
        exchange: Some(exchange),
    }
}

/// What the audit log says of a new token.
pub(super) fn words(token: &Token) -> String {
    let from = token.exchange.as_ref().map(|e| host(&e.request.url)).unwrap_or_default();
    let missing = missing_scopes(token);
    let shrink = if missing.is_empty() { String::new() } else { format!(", without scope {missing}") };
    format!("{} at {from}{shrink}", token.grant)
}

fn missing_scopes(token: &Token) -> String {
    let Some(granted) = &token.scope else { return String::new() };
    let granted: Vec<&str> = granted.split_whitespace().collect();
    let missing: Vec<&str> = token.key.scope.split_whitespace().filter(|s| !granted.contains(s)).collect();
    missing.join(" ")
}
