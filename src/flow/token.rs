//! Tokens: the cache, and getting a new one. One request at a time per key: those who wait get the
//! same answer, a failure included; a failure is not kept for those who come later.

use super::network::{failure_problem, host, options};
use super::scope::{Scope, Surroundings, cancelled, resolve};
use super::{Session, TokenFailure, TokenPlan};
use crate::http::{EngineOptions, Outgoing};
use crate::model::exchange::{Exchange, FailureKind};
use crate::model::problem::{Problem, ProblemKind};
use crate::model::progress::{Phase, ProgressSink};
use crate::model::secret::Secret;
use crate::model::token::{Token, TokenKey};
use crate::oauth::{Asked, Client, Grant, TokenAnswer, TokenAsk};
use crate::template::{Dynamics, Place};
use bytes::Bytes;
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio_util::sync::CancellationToken;

/// A key within a workspace.
type Slot = (PathBuf, TokenKey);

/// The cache of a session.
#[derive(Default)]
pub(super) struct Tokens {
    cached: Mutex<HashMap<Slot, Cached>>,
    loaded: Mutex<HashSet<PathBuf>>,
    flights: Mutex<HashMap<Slot, Arc<Flight>>>,
}

struct Cached {
    token: Token,
    /// Token URL and client it was asked with; unknown for stored ones. A token of an endpoint that an
    /// edit has since replaced is not used.
    asked: Option<(String, String)>,
}

/// One token request under way for a key, and the answer of the last one.
#[derive(Default)]
struct Flight {
    turn: tokio::sync::Mutex<()>,
    landed: Mutex<Landed>,
}

#[derive(Default)]
struct Landed {
    count: u64,
    last: Option<Result<Token, TokenFailure>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tokens {
    pub fn all(&self) -> Vec<Token> {
        lock(&self.cached).values().map(|c| c.token.clone()).collect()
    }

    /// True the first time it is called for a workspace.
    pub fn first_load(&self, root: &Path) -> bool {
        lock(&self.loaded).insert(root.to_owned())
    }

    fn is_loaded(&self, root: &Path) -> bool {
        lock(&self.loaded).contains(root)
    }

    /// A token out of the store; one got meanwhile wins.
    pub fn take_stored(&self, root: &Path, token: Token) {
        let place = (root.to_owned(), token.key.clone());
        lock(&self.cached).entry(place).or_insert(Cached { token, asked: None });
    }

    pub fn forget(&self, root: &Path, key: &TokenKey) {
        lock(&self.cached).remove(&(root.to_owned(), key.clone()));
    }

    fn usable(&self, slot: &Slot, asked: &(String, String), now: Instant) -> Option<Token> {
        let cached = lock(&self.cached);
        let found = cached.get(slot)?;
        let same = found.asked.as_ref().is_none_or(|a| a == asked);
        (same && !found.token.wants_renewal(now)).then(|| found.token.clone())
    }

    fn flight(&self, slot: &Slot) -> Arc<Flight> {
        Arc::clone(lock(&self.flights).entry(slot.clone()).or_default())
    }
}

/// What a token is filed under and how it is reached: everything but the secret.
struct Head {
    key: TokenKey,
    token_url: String,
    client_id: String,
    options: EngineOptions,
}

/// A token from the cache, or a new one. `fresh` forces a new one. One request at a time per key:
/// those who wait get the same answer.
pub async fn obtain_token(
    session: &Session,
    plan: &TokenPlan,
    fresh: bool,
    progress: ProgressSink<'_>,
    cancel: &CancellationToken,
) -> Result<Token, TokenFailure> {
    let what = what(plan);
    let dynamics = Dynamics::new(Timestamp::now(), fastrand::u64(..));
    let around = surroundings(session, plan, &dynamics, &what, cancel);
    let (head, ..) =
        resolve(&around, |scope| Ok(head(session, plan, scope))).await.map_err(TokenFailure::from)?;
    check_head(plan, &head)?;
    load_stored(session, &plan.root).await;
    let tokens = session.token_cache();
    let slot = (plan.root.clone(), head.key.clone());
    let asked = (head.token_url.clone(), head.client_id.clone());
    if !fresh && let Some(token) = tokens.usable(&slot, &asked, Instant::now()) {
        return Ok(token);
    }
    progress(Phase::Token);
    let flight = tokens.flight(&slot);
    let before = lock(&flight.landed).count;
    let _turn = tokio::select! {
        turn = flight.turn.lock() => turn,
        () = cancel.cancelled() => return Err(cancelled(&what).into()),
    };
    {
        let landed = lock(&flight.landed);
        // Someone got an answer while this one waited: it is this one's answer too.
        if landed.count > before
            && let Some(answer) = &landed.last
        {
            return answer.clone();
        }
    }
    // Or the answer came between the first look and this one's place in the queue.
    if !fresh && let Some(token) = tokens.usable(&slot, &asked, Instant::now()) {
        return Ok(token);
    }
    let answer = request(&around, plan, &head, progress).await;
    match &answer {
        Err(failure) if failure.problem.kind == ProblemKind::Interrupted => {
            // Who cancelled speaks for himself only; the next in line asks anew.
            return answer;
        }
        Ok(token) => {
            session.learn(token);
            lock(&tokens.cached).insert(slot, Cached { token: token.clone(), asked: Some(asked) });
            save_stored(session, &plan.root, token).await;
        }
        Err(_) => {}
    }
    let mut landed = lock(&flight.landed);
    landed.count += 1;
    landed.last = Some(answer.clone());
    answer
}

fn what(plan: &TokenPlan) -> String {
    format!("cannot get a token with profile `{}`", plan.profile.name)
}

pub(super) fn surroundings<'a>(
    session: &'a Session,
    plan: &'a TokenPlan,
    dynamics: &'a Dynamics,
    what: &'a str,
    cancel: &'a CancellationToken,
) -> Surroundings<'a> {
    Surroundings {
        session,
        root: &plan.root,
        environment: &plan.environment,
        layers: &plan.layers,
        dynamics,
        what,
        cancel,
    }
}

fn field(scope: &Scope<'_>, plan: &TokenPlan, text: &str, name: &str) -> String {
    let place = format!("`{name}` of profile `{}`", plan.profile.name);
    scope.text(text, Place::Verbatim, &place).text.trim().to_owned()
}

fn list(scope: &Scope<'_>, plan: &TokenPlan, texts: &[String], name: &str) -> Vec<String> {
    texts.iter().map(|t| field(scope, plan, t, name)).filter(|t| !t.is_empty()).collect()
}

fn head(session: &Session, plan: &TokenPlan, scope: &Scope<'_>) -> Head {
    let profile = &plan.profile;
    let client_id = field(scope, plan, &profile.client_id, "client_id");
    let username = field(scope, plan, &profile.username, "username");
    let identity = field(scope, plan, &profile.identity, "identity");
    let identity =
        [identity, username].into_iter().find(|i| !i.is_empty()).unwrap_or_else(|| client_id.clone());
    let mut audience = list(scope, plan, &profile.resource, "resource");
    audience.insert(0, field(scope, plan, &profile.audience, "audience"));
    audience.retain(|a| !a.is_empty());
    let key = TokenKey {
        environment: plan.environment.name.clone(),
        profile: profile.name.clone(),
        identity,
        scope: list(scope, plan, &profile.scope, "scope").join(" "),
        audience: audience.join(" "),
    };
    let token_url = field(scope, plan, &profile.token_url, "token_url");
    let options = options(&plan.environment, &plan.root, session.settings().connect_timeout, scope);
    Head { key, token_url, client_id, options }
}

fn check_head(plan: &TokenPlan, head: &Head) -> Result<(), Problem> {
    let name = &plan.profile.name;
    if head.token_url.is_empty() {
        let why = if plan.profile.issuer.is_empty() {
            "it has no `token_url`"
        } else {
            "it has no `token_url`, and finding it from `issuer` comes with a later version"
        };
        let next = format!("set `token_url` in auth/{name}.toml");
        return Err(Problem::new(ProblemKind::Unresolved, what(plan), why, next));
    }
    let usable = url::Url::parse(&head.token_url)
        .is_ok_and(|u| matches!(u.scheme(), "http" | "https") && u.has_host());
    if !usable {
        let why = format!("`{}` is no http or https URL", host(&head.token_url));
        let next = format!("correct `token_url` in auth/{name}.toml, or the variable it names");
        return Err(Problem::new(ProblemKind::Usage, what(plan), why, next));
    }
    Ok(())
}

fn ask(plan: &TokenPlan, head: &Head, scope: &Scope<'_>) -> Result<TokenAsk, Problem> {
    let profile = &plan.profile;
    let grant = Grant::of(profile.grant, &profile.name)?;
    let place = format!("`client_secret` of profile `{}`", profile.name);
    let secret = scope.value(&profile.client_secret, "client_secret", &place).text;
    let extra =
        profile.extra_token.iter().map(|(name, value)| (name.clone(), field(scope, plan, value, name)));
    Ok(TokenAsk {
        token_url: head.token_url.clone(),
        client: Client {
            id: head.client_id.clone(),
            secret: (!secret.is_empty()).then(|| Secret::new(secret)),
            auth: profile.client_auth,
        },
        grant,
        scope: list(scope, plan, &profile.scope, "scope"),
        audience: field(scope, plan, &profile.audience, "audience"),
        resource: list(scope, plan, &profile.resource, "resource"),
        extra: extra.collect(),
    })
}

/// Sends the token request and reads its answer.
async fn request(
    around: &Surroundings<'_>,
    plan: &TokenPlan,
    head: &Head,
    progress: ProgressSink<'_>,
) -> Result<Token, TokenFailure> {
    let session = around.session;
    let profile = &plan.profile;
    let (ask, ..) = resolve(around, |scope| ask(plan, head, scope)).await?;
    let built = ask.build(&profile.name)?;
    for header in built.headers.iter().filter(|h| h.sensitive) {
        session.redactor().learn(header.value.rsplit(' ').next().unwrap_or(""));
    }
    let outgoing = Outgoing {
        method: "POST".to_owned(),
        url: built.url.clone(),
        headers: built.headers,
        body: Bytes::copy_from_slice(built.body.as_bytes()),
        body_sensitive: true,
        url_sensitive: false,
        timeout: session.settings().timeout,
        redirects: 0,
        http_version: None,
        body_memory: session.settings().body_memory,
    };
    let host = host(&built.url);
    let failed = format!("token request to {host} failed");
    let engine = session
        .engine(&head.options)
        .map_err(|failure| failure_problem(&failed, &failure, &plan.environment.name))?;
    let exchange = engine.send(outgoing, &|_| progress(Phase::Token), around.cancel).await;
    let obtained = Instant::now();
    let exchange = Arc::new(exchange);
    if let Some(failure) = &exchange.failure {
        let what = if failure.kind == FailureKind::Cancelled { around.what } else { &failed };
        let problem = failure_problem(what, failure, &plan.environment.name);
        return Err(TokenFailure { problem, exchange: Some(exchange), error: None });
    }
    let granted = read(&exchange).map_err(|error| {
        let asked = Asked {
            profile: &profile.name,
            environment: &plan.environment.name,
            host: &host,
            grant: profile.grant,
            client_auth: profile.client_auth,
        };
        let mut problem = error.problem(&asked);
        problem.why = session.redactor().mask(&problem.why);
        TokenFailure {
            problem,
            exchange: Some(Arc::clone(&exchange)),
            error: error.code().map(str::to_owned),
        }
    })?;
    Ok(Token {
        key: head.key.clone(),
        access_token: granted.access_token,
        token_type: granted.token_type,
        refresh_token: granted.refresh_token,
        id_token: granted.id_token,
        scope: granted.scope,
        expires_in: granted.expires_in,
        obtained_at: Timestamp::now(),
        obtained,
        clock_offset_ms: exchange.clock_offset_ms,
        grant: profile.grant.words(),
        client_auth: profile.client_auth.words().to_owned(),
        exchange: Some(exchange),
    })
}

fn read(exchange: &Exchange) -> Result<crate::oauth::Granted, crate::oauth::TokenError> {
    let (status, media_type, location, body) = match &exchange.response {
        Some(r) => (r.status, r.media_type(), r.header("location"), r.body.bytes().unwrap_or_default()),
        None => (0, String::new(), None, Bytes::new()),
    };
    TokenAnswer { status, media_type: &media_type, location, body: &body }.read()
}

/// Stored tokens are read on a blocking thread, once per workspace.
async fn load_stored(session: &Session, root: &Path) {
    if session.store().is_none() || session.token_cache().is_loaded(root) {
        return;
    }
    let (session, root) = (session.clone(), root.to_owned());
    let _ = tokio::task::spawn_blocking(move || session.load_tokens(&root)).await;
}

async fn save_stored(session: &Session, root: &Path, token: &Token) {
    let Some(store) = session.store() else { return };
    let (root, token) = (root.to_owned(), token.clone());
    let _ = tokio::task::spawn_blocking(move || store.save(&root, &token)).await;
}
