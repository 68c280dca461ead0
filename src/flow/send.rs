//! Sends one request of a plan: render, token, send, capture, check.

use super::authorized::{Authorized, add_token};
use super::build::{Built, build, title};
use super::network::{failure_problem, host, load_identity};
use super::scope::{Scope, Secrets, Surroundings, cancelled, resolve};
use super::{Sent, Session, TokenPlan, diagnosis};
use crate::http::{Engine, Outgoing};
use crate::model::check::CheckResult;
use crate::model::exchange::{Exchange, Header};
use crate::model::plan::{Layer, Plan};
use crate::model::problem::Problem;
use crate::model::profile::OauthProfile;
use crate::model::progress::ProgressSink;
use crate::model::secret::MASK;
use crate::model::secret::sounds_secret;
use crate::model::value::Value;
use crate::template::{Dynamics, Used};
use crate::{checks, template};
use jiff::Timestamp;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Largest answer that is searched for tokens to mask.
const LEARN_LIMIT: u64 = 256 * 1024;

/// Renders a plan without sending: the request as it would go out (secrets marked), the variables
/// used, the problems. No token is obtained: the header shows where it would be. No secret is asked
/// for: the mask stands where each would be. Files are named, not read.
pub fn preview(session: &Session, plan: &Plan) -> Result<(Outgoing, Vec<Used>), Problem> {
    readable(plan)?;
    let dynamics = Dynamics::new(Timestamp::now(), fastrand::u64(..));
    let scope = Scope::new(&plan.layers, &dynamics, None);
    let built = build(plan, session.settings(), &boundary(), &scope);
    let used = scope.finish(&what(plan), &plan.environment.name, session)?;
    let Built { mut outgoing, body, profile, .. } = built?;
    learn_query(session, &outgoing.url);
    if let Some(profile) = profile {
        add_token(&mut outgoing, &profile, if profile.dpop { "DPoP" } else { "Bearer" }, MASK);
        if profile.dpop {
            outgoing.headers.push(Header::sensitive("DPoP", MASK));
        }
    }
    outgoing.url = outgoing.url.replace(&template::encode_component(MASK), MASK);
    outgoing.body = body.preview();
    Ok((outgoing, used))
}

/// Renders, gets a token where the request wants one, sends, captures, checks.
pub async fn send_request(
    session: &Session,
    plan: &Plan,
    progress: ProgressSink<'_>,
    cancel: &CancellationToken,
) -> Sent {
    let mut sent = Sent::default();
    let began = Timestamp::now();
    if let Err(problem) = run(session, plan, progress, cancel, &mut sent).await {
        sent.problem = Some(problem);
    }
    // Without an exchange of its own, why there was no token has been said where none was given.
    if let Some(exchange) = &sent.exchange {
        sent.diagnosis = diagnosis::of_sent(session, plan, &sent, exchange, began);
        for (_, retried) in &sent.retried {
            session.memory().remember(retried);
        }
        session.memory().remember(exchange);
    }
    sent
}

fn what(plan: &Plan) -> String {
    format!("cannot send `{}`", title(plan))
}

/// Without what a folder above states, the request would go out without its auth and headers.
fn readable(plan: &Plan) -> Result<(), Problem> {
    plan.broken.clone().map_or(Ok(()), Err)
}

/// A token typed into the URL is masked like any other.
fn learn_query(session: &Session, url: &str) {
    let query = url.split_once('?').map_or("", |(_, query)| query.split('#').next().unwrap_or(""));
    session.redactor().learn_fields(query);
}

fn boundary() -> String {
    format!("hallpass-{:032x}", fastrand::u128(..))
}

/// A request that is ready but for its token.
pub(super) struct Made {
    pub engine: Engine,
    /// Without the token.
    pub outgoing: Outgoing,
    /// The profile whose token it wants.
    pub profile: Option<OauthProfile>,
    used: Vec<Used>,
    secrets: Secrets,
    dynamics: Dynamics,
}

/// Renders a plan, secrets and files included.
pub(super) async fn make(
    session: &Session,
    plan: &Plan,
    cancel: &CancellationToken,
) -> Result<Made, Problem> {
    readable(plan)?;
    let what = what(plan);
    let dynamics = Dynamics::new(Timestamp::now(), fastrand::u64(..));
    let around = Surroundings {
        session,
        root: &plan.root,
        environment: &plan.environment,
        layers: &plan.layers,
        dynamics: &dynamics,
        what: &what,
        cancel,
    };
    let boundary = boundary();
    let settings = session.settings();
    let (built, used, secrets) = resolve(&around, |scope| build(plan, settings, &boundary, scope)).await?;
    let Built { mut outgoing, body, profile, mut options, identity } = built;
    learn_query(session, &outgoing.url);
    options.identity = load_identity(&identity, &what).await?;
    outgoing.body = tokio::select! {
        body = body.load() => body?,
        () = cancel.cancelled() => return Err(cancelled(&what)),
    };
    let failed = format!("{} {} failed", outgoing.method, host(&outgoing.url));
    let engine = session
        .engine(&options)
        .map_err(|failure| failure_problem(&failed, &failure, &plan.environment.name))?;
    Ok(Made { engine, outgoing, profile, used, secrets, dynamics })
}

/// Where the token of a request is asked for.
pub(super) fn token_plan(plan: &Plan, profile: OauthProfile) -> TokenPlan {
    TokenPlan {
        profile,
        environment: plan.environment.clone(),
        layers: plan.layers.clone(),
        root: plan.root.clone(),
    }
}

async fn run(
    session: &Session,
    plan: &Plan,
    progress: ProgressSink<'_>,
    cancel: &CancellationToken,
    sent: &mut Sent,
) -> Result<(), Problem> {
    let Made { engine, outgoing, profile, used, secrets, dynamics } = make(session, plan, cancel).await?;
    sent.used = used;
    let failed = format!("{} {} failed", outgoing.method, host(&outgoing.url));
    let exchange = match profile {
        None => {
            let exchange = Arc::new(engine.send(outgoing, progress, cancel).await);
            session.saw(&exchange);
            exchange
        }
        Some(profile) => {
            let token_plan = token_plan(plan, profile);
            Authorized { session, plan: &token_plan, engine, outgoing, progress, cancel }.send(sent).await?
        }
    };
    learn_tokens(session, &exchange);
    sent.exchange = Some(Arc::clone(&exchange));
    if let Some(failure) = &exchange.failure {
        return Err(failure_problem(&failed, failure, &plan.environment.name));
    }
    (sent.captures, sent.missing_captures) = checks::capture(&plan.request.captures, &exchange);
    for (name, value) in &sent.captures {
        if sounds_secret(name) {
            session.redactor().learn(value);
        }
    }
    sent.checks = check(plan, &sent.captures, &exchange, &secrets, &dynamics);
    Ok(())
}

/// Evaluates the checks; operands may name what was just captured.
fn check(
    plan: &Plan,
    captures: &[(String, String)],
    exchange: &Exchange,
    secrets: &Secrets,
    dynamics: &Dynamics,
) -> Vec<CheckResult> {
    if plan.request.checks.is_empty() {
        return Vec::new();
    }
    let variables = captures.iter().map(|(name, value)| (name.clone(), Value::literal(value)));
    let mut layers = vec![Layer { origin: "captured".to_owned(), variables: variables.collect() }];
    layers.extend(plan.layers.iter().cloned());
    let scope = Scope::new(&layers, dynamics, Some(secrets));
    checks::evaluate(&plan.request.checks, exchange, &|text| scope.optional(text).text)
}

/// A request to a token endpoint made by hand brings a token home: it is masked like any other.
fn learn_tokens(session: &Session, exchange: &Exchange) {
    let Some(response) = &exchange.response else { return };
    if response.body.len() > LEARN_LIMIT {
        return;
    }
    let Some(bytes) = response.body.bytes() else { return };
    if memchr::memmem::find(&bytes, b"_token\"").is_none() {
        return;
    }
    let Ok(serde_json::Value::Object(map)) = serde_json::from_slice(&bytes) else { return };
    for name in ["access_token", "refresh_token", "id_token"] {
        if let Some(token) = map.get(name).and_then(serde_json::Value::as_str) {
            session.redactor().learn(token);
        }
    }
}
