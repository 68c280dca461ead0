//! What each job does. Requests and tokens go through `flow`, as on the command line.

use super::{Progress, World, content, disk};
use crate::app::effect::{Effect, Manage};
use crate::app::job::Output;
use crate::flow::{self, Sent, Session, TokenPlan, manage, three_part};
use crate::model::history::HistoryEntry;
use crate::model::id::JobId;
use crate::model::plan::Plan;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::progress::Phase;
use crate::model::token::Token;
use crate::oauth::management::Hint;
use crate::report;
use jiff::Timestamp;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The job an effect belongs to; `None` for effects that are no jobs.
pub fn id(effect: &Effect) -> Option<JobId> {
    match effect {
        Effect::Send(job, _)
        | Effect::ListTokens(job)
        | Effect::Edit(job, _)
        | Effect::Undo(job, _)
        | Effect::Redo(job, _)
        | Effect::Reload(job)
        | Effect::OpenVault(job, _)
        | Effect::ListHistory(job)
        | Effect::ReadHistory(job, _)
        | Effect::TokenLog(job)
        | Effect::Manage { job, .. }
        | Effect::Discover { job, .. }
        | Effect::Probe { job, .. }
        | Effect::ProbeToken { job, .. }
        | Effect::TrimSecret { job, .. }
        | Effect::TrustCommand { job, .. }
        | Effect::Token { job, .. }
        | Effect::CreateCase { job, .. }
        | Effect::VerifyCase { job, .. }
        | Effect::Inspect { job, .. }
        | Effect::VerifyJwt { job, .. }
        | Effect::SignJwt { job, .. }
        | Effect::Index { job, .. }
        | Effect::Filter { job, .. }
        | Effect::ImportCredentials { job, .. }
        | Effect::SetSecret { job, .. }
        | Effect::SaveBody { job, .. } => Some(*job),
        _ => None,
    }
}

/// Runs a job to its end.
pub(super) async fn run(
    world: &Arc<World>,
    effect: Effect,
    progress: &Progress,
    cancel: &CancellationToken,
) -> Result<Output, Problem> {
    let session = &world.session;
    let tell = |phase: Phase| progress.tell(phase);
    match effect {
        Effect::Send(_, plan) => {
            let sent = flow::send_request(session, &plan, &tell, cancel).await;
            let entry = remember(world, &plan, &sent).await;
            Ok(Output::Sent(sent, Some(entry)))
        }
        Effect::Token { plan, .. } => {
            progress.tell(Phase::Token);
            match three_part::get_token(session, &plan, &tell, cancel).await {
                Ok(step) => Ok(Output::Token(step)),
                Err(failure) => Ok(Output::NoToken(failure)),
            }
        }
        Effect::CreateCase { list, create, wanted, .. } => {
            let step =
                three_part::create_case(session, &list, &create, wanted.as_deref(), &tell, cancel).await;
            let mut entries = vec![remember(world, &list, &step.list).await];
            if let Some(sent) = &step.create {
                entries.push(remember(world, &create, sent).await);
            }
            Ok(Output::Created(step, entries))
        }
        Effect::VerifyCase { get, created, .. } => {
            let sent = flow::send_request(session, &get, &tell, cancel).await;
            let words = three_part::read_verified(&sent, &created);
            let entry = remember(world, &get, &sent).await;
            Ok(Output::Verified(sent, words, Some(entry)))
        }
        Effect::Manage { what, plan, token, .. } => {
            progress.tell(Phase::Token);
            Ok(ask(session, what, &plan, &token, cancel).await)
        }
        Effect::Probe { plan, sent, probe, allow_unsafe, .. } => {
            progress.tell(Phase::Waiting);
            let outcome = flow::probe::run(session, &plan, &sent, probe, allow_unsafe, cancel).await;
            let entry = match &outcome.sent {
                Some(sent) => Some(remember(world, &plan, sent).await),
                None => None,
            };
            Ok(Output::Probed(outcome, entry))
        }
        Effect::ProbeToken { plan, probe, .. } => {
            let outcome = flow::probe::run_for_token(session, &plan, probe, cancel).await;
            Ok(Output::Probed(outcome, None))
        }
        Effect::Discover { plan, issuer, from_resource, .. } => {
            match manage::discover(session, &plan, &issuer, from_resource, cancel).await {
                Ok(found) => Ok(Output::Discovered(Box::new(found))),
                Err(failure) => Ok(Output::Refused("The issuer was not discovered", failure)),
            }
        }
        Effect::Inspect { plan, token, clock_offset_ms, .. } => {
            let decoded = match plan {
                Some(plan) => {
                    flow::inspect_token(session, &plan, token.expose(), clock_offset_ms, cancel).await
                }
                None => crate::jwt::decode(token.expose(), jiff::Timestamp::now()),
            };
            Ok(Output::Inspected(decoded))
        }
        Effect::VerifyJwt { plan, token, with, clock_offset_ms, .. } => {
            super::jwt::verify(session, plan.as_deref(), &token, &with, clock_offset_ms, cancel).await
        }
        Effect::SignJwt { header, claims, with, now, .. } => {
            blocking(move || super::jwt::sign(&header, &claims, &with, now)).await
        }
        Effect::ListTokens(_) => {
            let world = Arc::clone(world);
            blocking(move || {
                world.session.load_tokens(&world.root);
                Ok(Output::Tokens(world.session.tokens()))
            })
            .await
        }
        Effect::Index { media_type, body, .. } => {
            let cancel = cancel.clone();
            blocking(move || {
                content::index(&media_type, &body, &|| cancel.is_cancelled()).map(Output::Indexed)
            })
            .await
        }
        Effect::Filter { path, body, .. } => {
            blocking(move || Ok(Output::Filtered(content::filter(&path, &body)))).await
        }
        other => {
            let world = Arc::clone(world);
            blocking(move || disk::run(&world, other)).await
        }
    }
}

/// Asks the server about a token.
async fn ask(
    session: &Session,
    what: Manage,
    plan: &TokenPlan,
    token: &Token,
    cancel: &CancellationToken,
) -> Output {
    match what {
        Manage::Revoke => match manage::revoke_token(session, plan, token, cancel).await {
            Ok(_) => Output::Revoked(token.key.clone()),
            Err(failure) => Output::Refused("The token was not revoked", failure),
        },
        Manage::Introspect => match manage::introspect(session, plan, token, Hint::Access, cancel).await {
            Ok(told) => Output::Introspected(told),
            Err(failure) => Output::Refused("The server did not tell about the token", failure),
        },
        Manage::Userinfo => match manage::userinfo(session, plan, token, cancel).await {
            Ok(told) => Output::Userinfo(told),
            Err(failure) => Output::Refused("The server did not tell whom the token speaks for", failure),
        },
    }
}

/// Runs on a thread that may wait.
async fn blocking(
    work: impl FnOnce() -> Result<Output, Problem> + Send + 'static,
) -> Result<Output, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Problem::new(
            ProblemKind::Internal,
            "this job broke down",
            "a defect of hallpass; nothing else is affected",
            "try again; if it happens again, report it with what you did",
        )),
    }
}

/// Adds an exchange to the history. A history that cannot be written does not fail the request.
async fn remember(world: &Arc<World>, plan: &Plan, sent: &Sent) -> HistoryEntry {
    let now = Timestamp::now();
    let id = report::entry_id(now, fastrand::u16(..));
    let entry = report::entry(plan, sent, world.session.redactor(), id, now);
    let Some(history) = world.history.clone() else {
        // Nowhere to read it from later: the screen keeps it.
        return entry;
    };
    let shown = HistoryEntry { detail: None, ..entry.clone() };
    let _ = tokio::task::spawn_blocking(move || history.append(&entry)).await;
    shown
}
