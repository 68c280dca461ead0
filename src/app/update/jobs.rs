//! News of jobs. Each answer is filed under its target, whatever is shown by then.

use super::complaint::{complain, complain_beside, with_code};
use super::{flow, remedy, tokens};
use crate::app::effect::{Again, Effect, Target};
use crate::app::event::Cx;
use crate::app::flow_strip::{Step, StepState};
use crate::app::job::{Job, JobEvent, News, Output};
use crate::app::overlay::{Overlay, TextView};
use crate::app::pane::collections::Outcome;
use crate::app::pane::jwt::JwtSource;
use crate::app::pane::request::Draft;
use crate::app::state::State;
use crate::content::visible::visible;
use crate::flow::three_part::TokenStep;
use crate::flow::{Sent, TokenFailure};
use crate::model::edit::Change;
use crate::model::exchange::BodyData;
use crate::model::history::HistoryEntry;
use crate::model::id::ItemPath;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::workspace::Workspace;
use std::sync::Arc;

/// Of so many past exchanges the detail is kept here, where there is no history on disk.
const DETAILS_KEPT: usize = 50;

/// How many changes can be undone.
const UNDO_DEPTH: usize = 100;

/// Takes news. Late or doubled news of an unknown job is nothing.
pub fn news(state: &mut State, event: JobEvent, cx: &Cx, fx: &mut Vec<Effect>) {
    match event.news {
        News::Progress(phase) => {
            if let Some(job) = state.jobs.get_mut(event.id) {
                job.phase = Some(phase);
            }
        }
        News::Login(id, news) => {
            let job = state.jobs.get_mut(event.id).map(|j| j.id);
            super::login::news(state, job, id, news, cx, fx);
        }
        News::Vault(kind) => state.vault = kind,
        News::Done(output) => {
            if let Some(job) = state.jobs.end(event.id) {
                done(state, job, *output, cx, fx);
            }
        }
        News::Failed(problem) => {
            if let Some(job) = state.jobs.end(event.id) {
                failed(state, &job, &problem, cx);
            }
        }
    }
}

fn failed(state: &mut State, job: &Job, problem: &Problem, cx: &Cx) {
    state.leaving = false;
    state.after_edit = None;
    if let Target::Flow(step) = job.target {
        state.flow.set(step, StepState::Failed(short(problem)));
    }
    state.complain(problem);
    tokens::ask_trust(state, problem, None, cx);
}

/// Asks for the passphrase, or whether a command may run, when that is what failed.
pub fn ask_for_what_is_locked(
    state: &mut State,
    problem: &Problem,
    again: Option<Again>,
    cx: &Cx,
    fx: &mut Vec<Effect>,
) {
    if is_locked(problem) {
        super::command::run(state, crate::app::command::Command::VaultPassphrase, cx, fx);
    } else {
        tokens::ask_trust(state, problem, again, cx);
    }
}

fn is_locked(problem: &Problem) -> bool {
    [&problem.what, &problem.why].iter().any(|text| text.contains("the vault is locked"))
}

/// A problem in a word, for the strip.
fn short(problem: &Problem) -> String {
    if is_locked(problem) {
        return "locked".to_owned();
    }
    match problem.kind {
        ProblemKind::Network => "network",
        ProblemKind::Timeout => "timed out",
        ProblemKind::Token => "refused",
        ProblemKind::Refused => "refused",
        ProblemKind::Interrupted => "cancelled",
        ProblemKind::Unresolved => "variable",
        ProblemKind::File | ProblemKind::Usage => "file",
        ProblemKind::Check | ProblemKind::Internal => "failed",
    }
    .to_owned()
}

fn done(state: &mut State, job: Job, output: Output, cx: &Cx, fx: &mut Vec<Effect>) {
    match (output, job.target) {
        (Output::Sent(sent, entry), Target::Request(path)) => {
            remember(state, entry);
            file_answer(state, path, sent, cx, fx);
        }
        (Output::Created(step, entries), Target::Flow(_)) => {
            for entry in entries {
                remember(state, Some(entry));
            }
            created(state, step, cx, fx);
        }
        (Output::Verified(sent, words, entry), Target::Flow(_)) => {
            remember(state, entry);
            let status = sent.exchange.as_ref().and_then(|e| e.status());
            let diagnosis = sent.diagnosis.clone();
            if let Some(requests) = flow::flow_requests(&state.workspace) {
                file_answer(state, requests.get, sent, cx, fx);
            }
            match words {
                Ok(words) => {
                    state.flow.set(Step::Verify, StepState::Done("ok".into()));
                    state.say(words, cx);
                }
                Err(problem) => {
                    let word = status.map_or_else(|| short(&problem), |s| s.to_string());
                    state.flow.set(Step::Verify, StepState::Failed(with_code(word, &diagnosis)));
                    complain_beside(state, &problem, &diagnosis);
                }
            }
        }
        (Output::Token(step), target) => token(state, step, &target, cx),
        (Output::NoToken(failure), target) => {
            let again = match &target {
                Target::Flow(step) => Again::Step(*step),
                _ => Again::Token,
            };
            ask_for_what_is_locked(state, &failure.problem, Some(again), cx, fx);
            no_token(state, failure, &target, cx);
        }
        (Output::Probed(outcome, entry), target) => {
            remedy::probed(state, target, outcome, entry, cx, fx);
        }
        (Output::Revoked(key), _) => tokens::revoked(state, &key, cx, fx),
        (Output::Introspected(told), _) => tokens::introspected(state, &told, cx),
        (Output::Userinfo(told), _) => tokens::userinfo(state, &told, cx),
        (Output::Refused(title, failure), _) => tokens::refused(state, title, failure, cx, fx),
        (Output::Discovered(found), Target::Discovery(profile)) => {
            super::profile::discovered(state, &profile, *found, cx);
        }
        (Output::TokenLog(events), _) => tokens::log(state, &events, cx),
        (Output::Trusted, Target::Trust(again)) => match again {
            Some(again) => tokens::again(state, *again, cx, fx),
            None => state.say("the command may run from now on", cx),
        },
        (Output::Inspected(decoded), _) => state.jwt.decoded = Some(decoded),
        (Output::Signed(token, decoded), _) => super::jwt::signed(state, token, decoded, cx),
        (Output::Tokens(tokens), _) => {
            let environment = state.environment_name().to_owned();
            state.token.replace(tokens, &environment, None);
            flow::show_token(state, cx, fx);
        }
        (Output::Indexed(content), Target::Body(path, generation)) => {
            state.response.ready(&path, generation, content);
        }
        (Output::Filtered(found), Target::Body(path, generation)) => {
            filtered(state, &path, generation, found, cx)
        }
        (Output::Workspace(change, workspace), target) => {
            workspace_read(state, change, workspace, &target, cx);
            if let Target::Fix(after) = target {
                remedy::then(state, *after, cx, fx);
            }
            if let Some((path, edit)) = state.after_edit.take() {
                let job = state.jobs.start(Target::SaveAs(path), cx.now);
                fx.push(Effect::Edit(job, Box::new(edit)));
            }
            if std::mem::take(&mut state.leaving) {
                super::command::run(state, crate::app::command::Command::Quit, cx, fx);
            }
        }
        (Output::Restored(workspace), _) => {
            state.workspace = workspace;
            state.workspace_changed();
        }
        (Output::Imported { words, environment, profile, change, warnings, workspace }, _) => {
            state.workspace = workspace;
            push_undo(state, change);
            state.environment = Some(environment.clone());
            fx.push(Effect::ChooseEnvironment(environment));
            state.workspace_changed();
            state.flow.set(Step::Register, StepState::Done("ok".into()));
            state.flow.set(Step::Token, StepState::Todo);
            let more = warnings.first().map(|w| format!(" — {}", visible(w))).unwrap_or_default();
            state.say(format!("{words} (profile {profile}){more}"), cx);
        }
        (Output::History(entries), target) => {
            state.history = entries;
            if target == Target::Other("history") {
                if state.history.is_empty() {
                    super::hint(state, "nothing was sent yet", cx);
                } else {
                    super::command::run(state, crate::app::command::Command::History, cx, fx);
                }
            }
        }
        (Output::HistoryDetail(entry), _) => show_past(state, &entry, cx),
        (Output::Message(text), target) => {
            state.say(text, cx);
            if let Target::Fix(after) = target {
                remedy::then(state, *after, cx, fx);
            }
        }
        (Output::Vault(kind), _) => {
            let words = match (state.vault, kind) {
                ("locked", "file") => "the vault is unlocked".to_owned(),
                _ => format!("secrets are now kept in the vault: {kind}"),
            };
            state.vault = kind;
            state.say(words, cx);
            // What was kept behind the passphrase may be shown now.
            fx.push(Effect::ListTokens(state.jobs.start(Target::Other("tokens"), cx.now)));
        }
        // An answer whose target is of another kind cannot be filed; nothing waits for it.
        _ => {}
    }
}

pub fn remember(state: &mut State, entry: Option<HistoryEntry>) {
    if let Some(entry) = entry {
        state.history.insert(0, entry);
        if let Some(old) = state.history.get_mut(DETAILS_KEPT) {
            old.detail = None;
        }
        state.history.truncate(state.settings.history_entries);
    }
}

/// Files an answer: response pane, captures, tokens, the row's outcome; indexes its body.
pub fn file_answer(state: &mut State, path: ItemPath, sent: Sent, cx: &Cx, fx: &mut Vec<Effect>) {
    let status = sent.exchange.as_ref().and_then(|e| e.status());
    let again = match state.flow.running() {
        Some(step) => Again::Step(step),
        None => Again::Send(path.clone()),
    };
    let outcome = status.map_or(Outcome::Failed, Outcome::Status);
    state.collections.outcomes.insert(path.clone(), outcome);
    let environment = state.environment_name().to_owned();
    let values = state.captured.entry(environment.clone()).or_default();
    for (name, value) in &sent.captures {
        values.insert(name.clone(), value.clone());
    }
    if let Some(token) = sent.token.clone() {
        let key = token.key.clone();
        let mut tokens = std::mem::take(&mut state.token.tokens);
        tokens.retain(|t| t.key != key);
        tokens.push(token);
        state.token.failure = None;
        state.token.replace(tokens, &environment, Some(&key));
        flow::show_token(state, cx, fx);
        if !matches!(state.flow.state(Step::Token), StepState::Done(_)) && state.has_registration() {
            state.flow.set(Step::Register, StepState::Done("ok".into()));
            state.flow.set(Step::Token, StepState::Done("ok".into()));
        }
    }
    if let (Some(problem), Some(exchange)) = (&sent.problem, &sent.token_exchange) {
        let profile = state.plan(&path).and_then(|p| p.request.auth.profile().map(str::to_owned));
        let failure = TokenFailure {
            problem: problem.clone(),
            exchange: Some(Arc::clone(exchange)),
            error: None,
            diagnosis: sent.diagnosis.clone(),
        };
        state.token.failed(failure, profile);
    }
    if let Some(problem) = &sent.problem {
        ask_for_what_is_locked(state, problem, Some(again), cx, fx);
        if problem.kind != ProblemKind::Interrupted {
            complain(state, problem, &sent.diagnosis);
        } else {
            state.say("cancelled", cx);
        }
    }
    if sent.problem.is_none()
        && let Some(words) = crate::app::pane::response::retried(&sent)
    {
        state.say(words, cx);
    }
    let response = sent.exchange.as_ref().and_then(|e| e.response.as_ref());
    let body = response.map(|r| (r.media_type(), r.body.clone()));
    let generation = state.response.put(path.clone(), sent);
    super::replay::answered(state, &path);
    if state.request.path.as_ref() == Some(&path) {
        state.response.token_of = None;
    }
    if let Some((media_type, body)) = body
        && !matches!(body, BodyData::Empty)
    {
        let job = state.jobs.start(Target::Body(path, generation), cx.now);
        fx.push(Effect::Index { job, media_type, body });
    }
}

fn created(state: &mut State, step: crate::flow::three_part::CreateStep, cx: &Cx, fx: &mut Vec<Effect>) {
    let requests = flow::flow_requests(&state.workspace);
    let diagnosis = step.diagnosis().clone();
    let status = step.create.as_ref().unwrap_or(&step.list).exchange.as_ref().and_then(|e| e.status());
    let (list_path, create_path) = match requests {
        Some(r) => (r.list, r.create),
        None => return,
    };
    let failed_at_list = step.create.is_none();
    if let Some(path) = list_path {
        if failed_at_list {
            flow::show(state, &path);
        }
        file_answer(state, path, step.list, cx, fx);
    }
    if let Some(create) = step.create {
        file_answer(state, create_path, create, cx, fx);
    }
    match step.created {
        Ok(case) => {
            let environment = state.environment_name().to_owned();
            let values = state.captured.entry(environment).or_default();
            if let Some(case_type) = step.case_type {
                values.insert("case_type".into(), case_type);
            }
            values.insert("case_key".into(), case.case_key.clone());
            values.insert("case_id".into(), case.case_id.clone());
            let words = format!("case {} is created; > verifies it", case.case_id);
            state
                .flow
                .set(Step::Create, StepState::Done(status.map_or_else(|| "ok".into(), |s| s.to_string())));
            state.flow.created = Some(case);
            state.say(words, cx);
        }
        Err(problem) => {
            let word = status.filter(|s| *s >= 400).map_or_else(|| short(&problem), |s| s.to_string());
            state.flow.set(Step::Create, StepState::Failed(with_code(word, &diagnosis)));
            complain_beside(state, &problem, &diagnosis);
        }
    }
}

fn token(state: &mut State, step: TokenStep, target: &Target, cx: &Cx) {
    let environment = state.environment_name().to_owned();
    let key = step.token.key.clone();
    let mut tokens = std::mem::take(&mut state.token.tokens);
    tokens.retain(|t| t.key != key);
    tokens.push(step.token.clone());
    state.token.failure = None;
    state.token.replace(tokens, &environment, Some(&key));
    state.jwt.note(&step.token.key, &step.token.access_token);
    state.jwt.source = JwtSource::AccessToken;
    state.jwt.text = Some(step.token.access_token.clone());
    state.jwt.clock_offset_ms = step.token.clock_offset_ms;
    state.jwt.decoded = Some(step.decoded);
    state.jwt.top = 0;
    if *target == Target::Flow(Step::Token) || state.flow.next() == Some(Step::Token) {
        state.flow.set(Step::Token, StepState::Done("ok".into()));
    }
    let who = step.operator.map(|o| format!(" for {}", visible(&o))).unwrap_or_default();
    state.say(format!("a token{who}, from {}", key.profile), cx);
}

fn no_token(state: &mut State, failure: TokenFailure, target: &Target, cx: &Cx) {
    if let Target::Flow(step) = target {
        let status = failure.exchange.as_ref().and_then(|e| e.status());
        let word = status.filter(|s| *s >= 400).map_or_else(|| short(&failure.problem), |s| s.to_string());
        let word = with_code(word, &failure.diagnosis);
        state.flow.set(*step, StepState::Failed(word));
    }
    if failure.problem.kind == ProblemKind::Interrupted {
        state.say("cancelled", cx);
        return;
    }
    complain(state, &failure.problem, &failure.diagnosis);
    let profile = match target {
        Target::Flow(_) => flow::flow_profile(state),
        _ => state.token_profile(),
    };
    state.token.failed(failure, profile);
}

fn filtered(state: &mut State, path: &ItemPath, generation: u64, found: Result<String, String>, cx: &Cx) {
    match found {
        Ok(text) => {
            if let Some(view) = state.response.views.get_mut(path).filter(|v| v.generation == generation) {
                let lines: Vec<String> = text.lines().map(|l| visible(l).into_owned()).collect();
                let name = view.filter.take().map(|(name, _)| name).unwrap_or_default();
                view.filter = Some((name, lines));
                view.cursors[0] = Default::default();
            }
        }
        Err(why) => {
            if let Some(view) = state.response.views.get_mut(path) {
                view.filter = None;
            }
            super::hint(state, why, cx);
        }
    }
}

fn push_undo(state: &mut State, change: Change) {
    state.redo.clear();
    state.undo.push(change);
    if state.undo.len() > UNDO_DEPTH {
        state.undo.remove(0);
    }
}

fn workspace_read(
    state: &mut State,
    change: Option<Change>,
    workspace: Arc<Workspace>,
    target: &Target,
    cx: &Cx,
) {
    let before = std::mem::replace(&mut state.workspace, workspace);
    let workspace = Arc::clone(&state.workspace);
    if let Target::Save(path) = target {
        // Saved: the draft's base is what the file says now; what was typed meanwhile stays.
        if let Some((_, item)) = workspace.item(path)
            && let Some(draft) = state.request.drafts.get_mut(path)
        {
            let now = draft.request.clone();
            *draft = Draft::new(item.request.clone());
            draft.request = now;
        }
    }
    if let Target::SaveAs(path) = target {
        if path.as_str().is_empty() {
            state.scratch_done();
        } else if let Some(draft) = state.request.drafts.get_mut(path) {
            *draft = Draft::new(draft.base.clone());
        }
    }
    if let Some(change) = change {
        if let Some(path) = change.select.clone() {
            state.collections.reveal(&path, &workspace);
        }
        let words = change.words.clone();
        if !change.files.is_empty() {
            push_undo(state, change);
        }
        state.say(words, cx);
    }
    state.workspace_changed();
    // Told once, when it breaks: a file that was broken before is no news about this change.
    if let Some(new) = workspace.problems.iter().find(|p| !before.problems.contains(p)) {
        state.complain(new);
    }
}

/// Shows a past exchange.
pub fn show_past(state: &mut State, entry: &HistoryEntry, cx: &Cx) {
    state.overlays.push(Overlay::Text(history_text(entry, cx)));
}

fn history_text(entry: &HistoryEntry, cx: &Cx) -> TextView {
    let at = entry.at.to_zoned(cx.zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let detail = entry.detail.as_ref().and_then(|d| serde_json::to_string_pretty(d).ok()).unwrap_or_default();
    let mut lines = vec![
        format!("{} {}", entry.method, visible(&entry.url)),
        format!(
            "{at}   environment {}   {}",
            entry.environment,
            entry.status.map_or("no answer".into(), |s| s.to_string())
        ),
        String::new(),
    ];
    lines.extend(detail.lines().map(|l| visible(l).into_owned()));
    let mut view = TextView::new(format!("History {}", entry.id), lines);
    view.resend = Some(Box::new(entry.clone()));
    view
}
