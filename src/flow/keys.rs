//! What is written on a token, and whether its signature holds by the keys endpoint of the profile.
//! Only the configured endpoint is asked: a token's own `jku` or `x5u` is never followed.

use super::call::Call;
use super::endpoints::{Leg, body_of_200};
use super::road::Road;
use super::{Session, TokenPlan};
use crate::http::EngineOptions;
use crate::jwt::{self, Decoded, Jwks, Signature, TokenKind};
use crate::model::exchange::Header;
use crate::model::profile::OauthProfile;
use crate::model::progress::no_progress;
use crate::template::Dynamics;
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

/// Decodes a token and checks its signature against the profile's keys endpoint (`jwks_url`, else the issuer's, else the
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
    decoded.signature = match signature(session, plan, token, false, cancel).await {
        Ok(signature) => signature,
        Err(reason) => Signature::Unverified { reason },
    };
    decoded
}

/// Checks a token's signature by the profile's keys endpoint; `fresh` asks it anew.
///
/// # Errors
/// In words: which keys could not be had.
pub(super) async fn signature(
    session: &Session,
    plan: &TokenPlan,
    token: &str,
    fresh: bool,
    cancel: &CancellationToken,
) -> Result<Signature, String> {
    let dynamics = Dynamics::new(Timestamp::now(), fastrand::u64(..));
    let what = "cannot read the keys endpoint";
    let plan = TokenPlan { profile: for_keys(&plan.profile), ..plan.clone() };
    let call = Call::open(session, &plan, &dynamics, what, &no_progress, cancel).await.map_err(|p| p.what)?;
    let asking = tokio::time::timeout(PATIENCE, call.endpoints(&[], call.stated.get(Leg::Jwks).is_empty()));
    let endpoints = match asking.await {
        Ok(found) => found.map_err(|f| f.problem.why)?,
        Err(_) => return Err("the issuer did not answer in time".to_owned()),
    };
    match endpoints.get(Leg::Jwks) {
        "" => Err(format!("no keys endpoint is known: set `jwks_url` in auth/{}.toml", plan.profile.name)),
        url => {
            if fresh {
                session.key_sets().forget(url);
            }
            by_keys(&call.road, url, token).await
        }
    }
}

/// What of a profile tells where its keys are: nothing else needs to have a value.
fn for_keys(profile: &OauthProfile) -> OauthProfile {
    let alone = OauthProfile {
        name: profile.name.clone(),
        jwks_url: profile.jwks_url.clone(),
        certificate: profile.certificate.clone(),
        tls_key: profile.tls_key.clone(),
        ..OauthProfile::default()
    };
    if !profile.jwks_url.is_empty() {
        return alone;
    }
    OauthProfile { issuer: profile.issuer.clone(), token_url: profile.token_url.clone(), ..alone }
}

/// Checks a signature by the key set of an endpoint.
pub(super) async fn by_keys(road: &Road<'_>, url: &str, token: &str) -> Result<Signature, String> {
    let sets = road.session.key_sets();
    let (set, old) = match sets.get(&road.options, url) {
        Some(set) => (set, true),
        None => (fetch(road, url).await?, false),
    };
    let header = jwt::decode(token, Timestamp::UNIX_EPOCH).header;
    let kid = header.as_ref().and_then(|h| h.get("kid")).and_then(Json::as_str);
    let keys = match kid.filter(|kid| old && !has_kid(&set, kid)) {
        Some(kid) if sets.may_ask_for(url, kid) => fetch(road, url).await.unwrap_or(set),
        _ => set,
    };
    Ok(jwt::verify(token, &keys))
}

/// The key set at a URL, by the road of the plan's environment. Its profile is not looked at.
///
/// # Errors
/// In words: no answer, or no key set.
pub async fn key_set(
    session: &Session,
    plan: &TokenPlan,
    url: &str,
    cancel: &CancellationToken,
) -> Result<Arc<Jwks>, String> {
    let dynamics = Dynamics::new(Timestamp::now(), fastrand::u64(..));
    let plan = TokenPlan { profile: OauthProfile::default(), ..plan.clone() };
    let what = "cannot read the key set";
    let call = Call::open(session, &plan, &dynamics, what, &no_progress, cancel).await.map_err(|p| p.what)?;
    fetch(&call.road, url).await
}

fn has_kid(keys: &Jwks, kid: &str) -> bool {
    keys.keys.iter().any(|key| key.get("kid").and_then(Json::as_str) == Some(kid))
}

impl KeySets {
    fn get(&self, options: &EngineOptions, url: &str) -> Option<Arc<Jwks>> {
        let sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        sets.get(&(options.clone(), url.to_owned())).cloned()
    }

    /// Forgets a URL's key set, so that it is fetched anew.
    pub fn forget(&self, url: &str) {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        sets.retain(|(_, at), _| at != url);
    }

    /// The set of a URL by a road that differs in nothing but a client certificate or a proxy.
    pub fn known(&self, options: &EngineOptions, url: &str) -> Option<Arc<Jwks>> {
        let sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        let found = sets.iter().find(|((own, at), _)| at == url && same_road(own, options));
        found.map(|(_, set)| Arc::clone(set))
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

/// True for roads that lead to the same server.
pub(super) fn same_road(one: &EngineOptions, other: &EngineOptions) -> bool {
    (one.insecure, &one.ca_file, &one.resolve) == (other.insecure, &other.ca_file, &other.resolve)
}

async fn fetch(road: &Road<'_>, url: &str) -> Result<Arc<Jwks>, String> {
    let headers = vec![Header::new("Accept", "application/jwk-set+json, application/json")];
    let asking = tokio::time::timeout(PATIENCE, road.get("keys request", url, headers));
    let exchange = match asking.await {
        Ok(got) => got.map_err(|f| format!("the keys endpoint did not answer: {}", f.problem.why))?,
        Err(_) => return Err("the keys endpoint did not answer in time".to_owned()),
    };
    let body = body_of_200(&exchange).map_err(|_| {
        format!("the keys endpoint answered {} instead of a key set", exchange.status().unwrap_or(0))
    })?;
    let keys = Jwks::parse(&String::from_utf8_lossy(&body))
        .map_err(|why| format!("the keys endpoint's answer is no key set: {why}"))?;
    let set = Arc::new(keys);
    road.session.key_sets().put(&road.options, url, Arc::clone(&set));
    Ok(set)
}
