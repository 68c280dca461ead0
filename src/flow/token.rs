//! A token: from the cache, from another process, or new. One request at a time per key: those who wait get the same answer, a
//! failure included; a failure is not kept for those who come later.

use super::acquire::{Refreshed, Want, by_grant, is_login, refresh, refreshes, words};
use super::cache::{AskedBy, Slot};
use super::call::Call;
use super::events::{TokenEventKind, note};
use super::scope::cancelled;
use super::{Session, TokenFailure, TokenPlan, diagnosis};
use crate::model::problem::{Problem, ProblemKind};
use crate::model::progress::{Phase, ProgressSink};
use crate::model::token::Token;
use crate::template::Dynamics;
use jiff::Timestamp;
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// A token and whether it was there already.
pub(super) struct Obtained {
    pub token: Token,
    pub cached: bool,
}

/// A token from the cache, or a new one. `fresh` forces a new one: by the grant itself, save for a login that left a refresh
/// token, which is used first. One request at a time per key: those who wait get the same answer.
pub async fn obtain_token(
    session: &Session,
    plan: &TokenPlan,
    fresh: bool,
    progress: ProgressSink<'_>,
    cancel: &CancellationToken,
) -> Result<Token, TokenFailure> {
    let want = if fresh { Want::New } else { Want::Any };
    obtain(session, plan, &want, progress, cancel).await.map(|got| got.token)
}

/// The same, for what is wanted.
pub(super) async fn obtain(
    session: &Session,
    plan: &TokenPlan,
    want: &Want,
    progress: ProgressSink<'_>,
    cancel: &CancellationToken,
) -> Result<Obtained, TokenFailure> {
    let what = what(plan);
    let dynamics = Dynamics::new(Timestamp::now(), fastrand::u64(..));
    let call = Call::open(session, plan, &dynamics, &what, progress, cancel).await?;
    let began = Timestamp::now();
    load_stored(session, &plan.root).await;
    let tokens = session.token_cache();
    let (slot, asked) = (call.slot(), call.asked_by());
    let there = || {
        let token = tokens.known(&slot, &asked).filter(|t| want.takes(t, began))?;
        Some(Obtained { token, cached: true })
    };
    if let Some(found) = there() {
        return Ok(found);
    }
    progress(Phase::Token);
    let flight = tokens.flight(&slot);
    let before = flight.landed();
    let _turn = tokio::select! {
        turn = flight.turn.lock() => turn,
        () = cancel.cancelled() => return Err(cancelled(&what).into()),
    };
    // Someone got an answer while this one waited: it is this one's answer too.
    if let Some(answer) = flight.answer_since(before) {
        return answer.map(|token| Obtained { token, cached: false });
    }
    // Or the answer came between the first look and this one's place in the queue.
    if let Some(found) = there() {
        return Ok(found);
    }
    let answer = fly(&call, want, &slot, &asked, began).await;
    if matches!(&answer, Err(failure) if failure.problem.kind == ProblemKind::Interrupted) {
        // Who cancelled speaks for himself only; the next in line asks anew.
        return answer.map(|token| Obtained { token, cached: false });
    }
    flight.land(&answer);
    answer.map(|token| Obtained { token, cached: false })
}

/// Gets a token while nobody else in this process does, nor, where it is stored, in another one.
async fn fly(
    call: &Call<'_>,
    want: &Want,
    slot: &Slot,
    asked: &AskedBy,
    began: Timestamp,
) -> Result<Token, TokenFailure> {
    let (session, tokens) = (call.session(), call.session().token_cache());
    let guard = lock_stored(call).await?;
    let mut known = tokens.known(slot, asked);
    // What another process stored meanwhile is newer than what is here; what is here and was asked for otherwise is not used.
    // What came from another server, or for another client, is not used at all: its refresh token must not reach this one.
    let stored = stored_now(call).await;
    let stored = stored.filter(|stored| !tokens.holds(slot, stored) && stored.is_of(&asked.origin));
    if let Some(stored) = stored {
        session.learn(&stored);
        if want.takes(&stored, began) {
            tokens.put(slot, &stored, asked);
            return Ok(stored);
        }
        if known.as_ref().is_none_or(|k| k.obtained_at <= stored.obtained_at) {
            known = Some(stored);
        }
    }
    let mut result = renew(call, want, known, guard).await;
    match &mut result {
        Ok((token, kind)) => {
            session.learn(token);
            tokens.put(slot, token, asked);
            note(call, *kind, &words(token)).await;
        }
        Err(failure) if failure.problem.kind != ProblemKind::Interrupted => {
            if failure.diagnosis.findings.is_empty() {
                failure.diagnosis = diagnosis::of_failure(session, call.plan, failure);
            }
            let detail = failure.error.as_deref().unwrap_or(failure.problem.why.as_str());
            note(call, TokenEventKind::Failed, detail).await;
        }
        Err(_) => {}
    }
    result.map(|(token, _)| token)
}

/// The refresh token first, then the grant. `guard` keeps other processes waiting until the new token is stored; not while a
/// person is asked.
async fn renew(
    call: &Call<'_>,
    want: &Want,
    known: Option<Token>,
    guard: Option<Guard>,
) -> Result<(Token, TokenEventKind), TokenFailure> {
    let (mut died, mut how) = (false, None);
    if let Some(known) = known.as_ref().filter(|known| refreshes(call, want, Some(known))) {
        match refresh(call, known).await? {
            Refreshed::Token(token) => {
                save_stored(call.session(), &call.plan.root, &token).await;
                return Ok((*token, TokenEventKind::Refreshed));
            }
            Refreshed::Dead(exchange) => (died, how) = (true, exchange),
        }
    }
    if is_login(call.plan.profile.grant) {
        drop(guard);
        if let Want::Other(_) = want {
            return Err(TokenFailure { exchange: how, ..needs_login(call, died).into() });
        }
        if call.session().desk().is_none() {
            return Err(TokenFailure { exchange: how, ..needs_person(call, died).into() });
        }
        let token = by_grant(call, known.as_ref()).await?;
        save_stored(call.session(), &call.plan.root, &token).await;
        return Ok((token, TokenEventKind::Obtained));
    }
    let token = by_grant(call, known.as_ref()).await?;
    save_stored(call.session(), &call.plan.root, &token).await;
    drop(guard);
    Ok((token, TokenEventKind::Obtained))
}

fn needs_person(call: &Call<'_>, died: bool) -> Problem {
    let name = &call.plan.profile.name;
    let environment = match call.road.environment {
        "" => String::new(),
        environment => format!(" --env {environment}"),
    };
    let why = match died {
        true => "the refresh token is no longer accepted, and a login needs a person".to_owned(),
        false => format!("grant `{}` needs a person", call.plan.profile.grant.key()),
    };
    let next = format!("run `hallpass token {name}{environment}` in a terminal");
    Problem::new(ProblemKind::Token, call.around.what, why, next)
}

fn needs_login(call: &Call<'_>, died: bool) -> Problem {
    let why = match died {
        true => "the API refused the token, and the refresh token is no longer accepted",
        false => "the API refused the token, and there is no refresh token",
    };
    let next = format!("log in again: get a new token with profile `{}`", call.plan.profile.name);
    Problem::new(ProblemKind::Token, call.around.what, why, next)
}

fn what(plan: &TokenPlan) -> String {
    format!("cannot get a token with profile `{}`", plan.profile.name)
}

/// Keeps other processes waiting.
type Guard = Box<dyn Send>;

/// Waits on a blocking thread until no other process renews this token.
async fn lock_stored(call: &Call<'_>) -> Result<Option<Guard>, Problem> {
    let Some(store) = call.session().store() else { return Ok(None) };
    let (root, key) = (call.plan.root.clone(), call.key.clone());
    let waiting = tokio::task::spawn_blocking(move || store.lock(&root, &key));
    tokio::select! {
        guard = waiting => Ok(guard.unwrap_or(None)),
        () = call.around.cancel.cancelled() => Err(cancelled(call.around.what)),
    }
}

async fn stored_now(call: &Call<'_>) -> Option<Token> {
    let store = call.session().store()?;
    let (root, key) = (call.plan.root.clone(), call.key.clone());
    tokio::task::spawn_blocking(move || store.get(&root, &key)).await.ok().flatten()
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
