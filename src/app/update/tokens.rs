//! What can be done with the token shown: asked about, revoked, looked up; and which profile gets one.

use super::command::confirm;
use super::flow;
use crate::app::effect::{Again, Effect, Manage, Target};
use crate::app::event::Cx;
use crate::app::flow_strip::{Step, StepState};
use crate::app::overlay::{ConfirmAction, Overlay, Pick, PickItem, Picker, TextView};
use crate::app::state::State;
use crate::content::visible::visible;
use crate::flow::manage::Told;
use crate::flow::{TokenFailure, TokenPlan};
use crate::model::problem::Problem;
use crate::model::token::{Token, TokenKey};
use crate::model::value::{SecretRef, Value};
use crate::oauth::management::Introspection;
use crate::storage::secrets::{NOT_TRUSTED, NOT_TRUSTED_FILE, command_words, file_shown, file_words};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

/// The token shown and where it is from; a hint when it cannot be asked about.
fn shown(state: &mut State, cx: &Cx) -> Option<(Token, TokenPlan)> {
    let Some(token) = state.token.token().cloned() else {
        super::hint(state, "there is no token yet; r gets one", cx);
        return None;
    };
    // Asked by the road of another environment, the token would leave its own.
    if token.key.environment != state.environment_name() {
        let text = format!("this token is of environment {}; e switches to it", token.key.environment);
        super::hint(state, text, cx);
        return None;
    }
    let Some(plan) = state.token_plan(&token.key.profile) else {
        let text = format!("its profile {} is gone", token.key.profile);
        super::hint(state, text, cx);
        return None;
    };
    Some((token, plan))
}

/// Asks the server for something about the token shown.
pub fn manage(state: &mut State, what: Manage, cx: &Cx, fx: &mut Vec<Effect>) {
    let Some((token, plan)) = shown(state, cx) else { return };
    let target = Target::Manage(what);
    if state.jobs.of(&target).is_some() {
        super::hint(state, "the server is being asked; Ctrl-C cancels", cx);
        return;
    }
    let job = state.jobs.start(target, cx.now);
    fx.push(Effect::Manage { job, what, plan: Box::new(plan), token: Box::new(token) });
}

/// `R`: asks before it revokes.
pub fn ask_revoke(state: &mut State, cx: &Cx) {
    let Some((token, _)) = shown(state, cx) else { return };
    let with = if token.refresh_token.is_some() { " and its refresh token" } else { "" };
    let text = format!(
        "Revoke the token of {}{with} at the server? Whoever else uses it loses it too",
        token.key.profile
    );
    confirm(state, text, ConfirmAction::Revoke, cx);
}

/// It is revoked and forgotten.
pub fn revoked(state: &mut State, key: &TokenKey, cx: &Cx, fx: &mut Vec<Effect>) {
    if let Some(at) = state.token.tokens.iter().position(|t| &t.key == key) {
        state.token.tokens.remove(at);
        if at < state.token.at || state.token.at >= state.token.tokens.len() {
            state.token.at = state.token.at.saturating_sub(1);
        }
        let environment = state.environment_name().to_owned();
        state.token.settle(&environment);
    }
    state.say(format!("the token of {} is revoked and forgotten", visible(&key.profile)), cx);
    flow::show_token(state, cx, fx);
}

/// The server's word on the token.
pub fn introspected(state: &mut State, told: &Told<Introspection>, cx: &Cx) {
    let first = match told.answer.active {
        true => "active: the server honours it",
        false => {
            "not active: the server does not honour it (expired, revoked, or not its own), or does not tell this client"
        }
    };
    let mut lines = vec![first.to_owned(), String::new()];
    lines.extend(members(state, &told.answer.members, cx));
    let mut view = TextView::new("Introspection (RFC 7662)", lines);
    view.exchanges = vec![told.exchange.clone()];
    state.overlays.push(Overlay::Text(view));
}

/// Whom it speaks for.
pub fn userinfo(state: &mut State, told: &Told<Map<String, Json>>, cx: &Cx) {
    let lines = members(state, &told.answer, cx);
    let mut view = TextView::new("Whom the token speaks for (userinfo)", lines);
    view.exchanges = vec![told.exchange.clone()];
    state.overlays.push(Overlay::Text(view));
}

/// Members of a server's answer, one a line; times in words, secrets masked.
fn members(state: &State, members: &Map<String, Json>, cx: &Cx) -> Vec<String> {
    let wide = members.keys().map(|k| k.chars().count()).max().unwrap_or(0).min(24);
    let mut lines = Vec::new();
    for (name, value) in members {
        let text = match value {
            Json::String(text) => text.clone(),
            other => other.to_string(),
        };
        let time = ["exp", "iat", "nbf", "auth_time", "updated_at"]
            .contains(&name.as_str())
            .then(|| value.as_i64().and_then(|s| Timestamp::from_second(s).ok()))
            .flatten()
            .map(|t| t.to_zoned(cx.zone.clone()).strftime("  %Y-%m-%d %H:%M:%S").to_string());
        let text = state.redactor.mask(&text);
        lines.push(format!("{:<wide$}  {}{}", visible(name), visible(&text), time.unwrap_or_default()));
    }
    if lines.is_empty() {
        lines.push("the answer is empty".to_owned());
    }
    lines
}

/// What failed, why, the next step; the exchange is one key away.
pub fn refused(state: &mut State, title: &'static str, failure: TokenFailure, cx: &Cx, fx: &mut Vec<Effect>) {
    use crate::model::problem::ProblemKind;
    if failure.problem.kind == ProblemKind::Interrupted {
        state.say("cancelled", cx);
        return;
    }
    let Problem { what, why, next, .. } = &failure.problem;
    let lines = [what, why, next].into_iter().filter(|t| !t.is_empty());
    let mut view = TextView::new(title, lines.map(|t| visible(t).into_owned()).collect());
    view.exchanges = failure.exchange.clone().into_iter().collect();
    state.overlays.push(Overlay::Text(view));
    super::jobs::ask_for_what_is_locked(state, &failure.problem, None, cx, fx);
}

/// `T`: what happened to tokens, newest first.
pub fn log(state: &mut State, events: &[Json], cx: &Cx) {
    let mut lines: Vec<String> = events
        .iter()
        .map(|event| {
            let text = |name: &str| event[name].as_str().unwrap_or("");
            let at = text("at").parse::<Timestamp>().ok().map_or_else(
                || text("at").to_owned(),
                |t| t.to_zoned(cx.zone.clone()).strftime("%m-%d %H:%M:%S").to_string(),
            );
            let (what, profile, environment) = (text("what"), text("profile"), text("environment"));
            let (identity, detail) = (text("identity"), text("detail"));
            let line = format!("{at}  {what:<12}  {profile} · {environment}  {identity}  {detail}");
            visible(&state.redactor.mask(&line)).into_owned()
        })
        .collect();
    if lines.is_empty() {
        lines.push("nothing happened to tokens yet".to_owned());
    }
    state.overlays.push(Overlay::Text(TextView::new("What happened to tokens, newest first", lines)));
}

/// `p`: which profile a token is got with.
pub fn pick_profile(state: &mut State) {
    let now = state.token_profile();
    let environment = state.environment_name();
    let items: Vec<PickItem> = state
        .workspace
        .profiles
        .iter()
        .map(|p| {
            let held = state
                .token
                .tokens
                .iter()
                .filter(|t| t.key.profile == p.name && t.key.environment == environment)
                .count();
            let held = match held {
                0 => String::new(),
                1 => ", a token".to_owned(),
                n => format!(", {n} tokens"),
            };
            PickItem {
                label: p.name.clone(),
                detail: format!("{}, {}{held}", p.grant.words(), p.client_auth.words()),
                pick: Pick::Profile(p.name.clone()),
            }
        })
        .collect();
    let at = items.iter().position(|i| Some(&i.label) == now.as_ref()).unwrap_or(0);
    state.overlays.push(Overlay::Picker(Picker::new("OAuth profile", items, at)));
}

/// The pane works with this profile from now on: its token is shown, if there is one.
pub fn choose_profile(state: &mut State, name: String, cx: &Cx, fx: &mut Vec<Effect>) {
    let environment = state.environment_name().to_owned();
    let held =
        state.token.tokens.iter().position(|t| t.key.profile == name && t.key.environment == environment);
    state.token.at = held.unwrap_or(usize::MAX);
    state.token.failure = None;
    state.token.profile = Some(name);
    flow::show_token(state, cx, fx);
}

/// The command or file behind a refusal to use it: asks once, with the exact words.
pub fn ask_trust(state: &mut State, problem: &Problem, again: Option<Again>, cx: &Cx) -> bool {
    let Some(words) = untrusted(state, problem) else { return false };
    let text = match words.as_slice() {
        [first, file] if first.is_empty() => format!(
            "A secret of this workspace is in a file outside it:  {}  Read it, and send it where the workspace says, now and from now on?",
            file_shown(file)
        ),
        words => format!(
            "A secret of this workspace comes from a command:  {}  Run it, now and from now on?",
            command_words(words)
        ),
    };
    confirm(state, text, ConfirmAction::Trust(words, again.map(Box::new)), cx);
    true
}

/// What the trust is kept under that a problem lacks: a command or file among the workspace's that it names exactly.
fn untrusted(state: &State, problem: &Problem) -> Option<Vec<String>> {
    let named = |what| problem.why.strip_prefix(what)?.strip_prefix(':').map(str::trim);
    let (command, file) = (named(NOT_TRUSTED), named(NOT_TRUSTED_FILE));
    let of_environments = state.workspace.environments.iter().flat_map(|e| e.variables.values());
    let keys = [
        "client_secret",
        "key",
        "certificate",
        "tls_key",
        "password",
        "assertion.given",
        "assertion.key",
        "exchange.subject_token",
        "exchange.actor_token",
    ];
    let of_profiles = state
        .workspace
        .profiles
        .iter()
        .flat_map(|p| keys.into_iter().filter_map(|k| crate::app::profile_form::secret(p, k)));
    of_environments.chain(of_profiles).find_map(|value| match value {
        Value::Secret(SecretRef::Command(words)) => {
            command.filter(|named| command_words(words) == *named).map(|_| words.clone())
        }
        Value::Secret(SecretRef::File(path)) => {
            file.filter(|named| file_shown(path) == *named).map(|_| file_words(path))
        }
        _ => None,
    })
}

/// Does again what a missing trust had stopped.
pub fn again(state: &mut State, again: Again, cx: &Cx, fx: &mut Vec<Effect>) {
    match again {
        Again::Send(path) => flow::send_now(state, path, cx, fx),
        Again::Token => flow::renew(state, cx, fx),
        Again::Step(step) => {
            state.flow.set(step, StepState::Todo);
            match step {
                // Its environment's name was typed already.
                Step::Create => flow::create(state, cx, fx),
                step => flow::run_step(state, step, cx, fx),
            }
        }
    }
}
