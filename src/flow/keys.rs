//! What is written on a token, and whether its signature holds by the keys endpoint of the profile.
//! Only the configured endpoint is asked: a token's own `jku` or `x5u` is never followed.

use super::network::options;
use super::scope::resolve;
use super::token::surroundings;
use super::{Session, TokenPlan};
use crate::http::{EngineOptions, Outgoing};
use crate::jwt::{self, Decoded, Jwks, Signature, TokenKind};
use crate::model::exchange::Header;
use crate::model::progress::no_progress;
use crate::template::{Dynamics, Place};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// A keys endpoint that does not answer must not hold up the reading of a token for long.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long an unknown `kid` stays unknown before the endpoint is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// Key sets of a session by endpoint.
#[derive(Default)]
pub(super) struct KeySets {
    sets: Mutex<HashMap<(EngineOptions, String), Arc<Jwks>>>,
    /// When a `kid` that the kept set lacked was last asked for, by endpoint and `kid`.
    asked_for: Mutex<HashMap<(String, String), Instant>>,
}

/// Decodes a token and checks its signature against the profile's keys endpoint (`jwks_url`, else the
/// one beside the token URL). Without one, or when it does not answer, it stays unverified and says so.
/// Key sets are kept for the session; an unknown `kid` refetches once.
pub async fn inspect_token(
    session: &Session,
    plan: &TokenPlan,
    token: &str,
    clock_offset_ms: Option<i64>,
    cancel: &CancellationToken,
) -> Decoded {
    let offset = SignedDuration::from_millis(clock_offset_ms.unwrap_or(0));
    let local = Timestamp::now();
    let mut decoded = jwt::decode(token, local.checked_add(offset).unwrap_or(local));
    let algorithm = decoded.header.as_ref().and_then(|h| h.get("alg")).and_then(Json::as_str).unwrap_or("");
    if decoded.kind != TokenKind::Jws || algorithm.eq_ignore_ascii_case("none") {
        return decoded;
    }
    let kid = decoded.header.as_ref().and_then(|h| h.get("kid")).and_then(Json::as_str).map(str::to_owned);
    decoded.signature = match signature(session, plan, token, kid.as_deref(), cancel).await {
        Ok(signature) => signature,
        Err(reason) => Signature::Unverified { reason },
    };
    decoded
}

async fn signature(
    session: &Session,
    plan: &TokenPlan,
    token: &str,
    kid: Option<&str>,
    cancel: &CancellationToken,
) -> Result<Signature, String> {
    let dynamics = Dynamics::new(Timestamp::now(), fastrand::u64(..));
    let around = surroundings(session, plan, &dynamics, "cannot read the keys endpoint", cancel);
    let profile = &plan.profile;
    let found = resolve(&around, |scope| {
        let place = format!("`jwks_url` of profile `{}`", profile.name);
        let stated = scope.text(&profile.jwks_url, Place::Verbatim, &place).text;
        let token_url = if stated.is_empty() {
            let place = format!("`token_url` of profile `{}`", profile.name);
            scope.text(&profile.token_url, Place::Verbatim, &place).text
        } else {
            String::new()
        };
        let options = options(&plan.environment, &plan.root, session.settings().connect_timeout, scope);
        Ok((stated, token_url, options))
    });
    let ((stated, token_url, options), ..) = found.await.map_err(|p| p.what)?;
    let url = if stated.is_empty() {
        jwt::keys_url_beside(token_url.trim())
    } else {
        Some(stated.trim().to_owned())
    };
    let Some(url) = url else {
        return Err(format!("no keys endpoint is known: set `jwks_url` in auth/{}.toml", profile.name));
    };
    let (set, old) = match session.key_sets().get(&options, &url) {
        Some(set) => (set, true),
        None => (fetch(session, &options, &url, cancel).await?, false),
    };
    let keys = match kid.filter(|kid| old && !has_kid(&set, kid)) {
        Some(kid) if session.key_sets().may_ask_for(&url, kid) => {
            fetch(session, &options, &url, cancel).await.unwrap_or(set)
        }
        _ => set,
    };
    Ok(jwt::verify(token, &keys))
}

fn has_kid(keys: &Jwks, kid: &str) -> bool {
    keys.keys.iter().any(|key| key.get("kid").and_then(Json::as_str) == Some(kid))
}

impl KeySets {
    fn get(&self, options: &EngineOptions, url: &str) -> Option<Arc<Jwks>> {
        let sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        sets.get(&(options.clone(), url.to_owned())).cloned()
    }

    /// True once per endpoint and `kid` and minute: a forged `kid` must not make us hammer the server.
    fn may_ask_for(&self, url: &str, kid: &str) -> bool {
        let mut asked = self.asked_for.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        asked.retain(|_, at| now.duration_since(*at) < ASK_AGAIN);
        asked.insert((url.to_owned(), kid.to_owned()), now).is_none()
    }

    fn put(&self, options: &EngineOptions, url: &str, set: Arc<Jwks>) {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        sets.insert((options.clone(), url.to_owned()), set);
    }
}

async fn fetch(
    session: &Session,
    options: &EngineOptions,
    url: &str,
    cancel: &CancellationToken,
) -> Result<Arc<Jwks>, String> {
    let outgoing = Outgoing {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: vec![Header::new("Accept", "application/jwk-set+json, application/json")],
        body: Bytes::new(),
        body_sensitive: false,
        url_sensitive: false,
        timeout: session.settings().timeout.min(PATIENCE),
        redirects: 0,
        http_version: None,
        body_memory: session.settings().body_memory,
    };
    let engine = session.engine(options).map_err(|f| f.text)?;
    let exchange = engine.send(outgoing, &no_progress, cancel).await;
    if let Some(failure) = &exchange.failure {
        return Err(format!("the keys endpoint did not answer: {}", failure.text));
    }
    let Some(response) = exchange.response.as_ref().filter(|r| r.status == 200) else {
        let status = exchange.status().unwrap_or(0);
        return Err(format!("the keys endpoint answered {status} instead of a key set"));
    };
    let body = response.body.bytes().unwrap_or_default();
    let keys = Jwks::parse(&String::from_utf8_lossy(&body))
        .map_err(|why| format!("the keys endpoint's answer is no key set: {why}"))?;
    let set = Arc::new(keys);
    session.key_sets().put(options, url, Arc::clone(&set));
    Ok(set)
}
