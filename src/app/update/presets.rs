//! A new OAuth profile out of a preset: kind of server, grant, name, then its variables one by one.

use super::command::{prompt, prompt_secret};
use super::side;
use crate::app::effect::{Effect, Target};
use crate::app::event::Cx;
use crate::app::new_profile::NewProfile;
use crate::app::overlay::{Overlay, Pick, PickItem, Picker, Purpose, TextView};
use crate::app::state::State;
use crate::model::profile::Grant;
use crate::model::secret::Secret;
use crate::storage::presets;

/// `A` in pane 4: which kind of server.
pub fn begin(state: &mut State) {
    let items = presets::list()
        .iter()
        .map(|preset| PickItem {
            label: preset.title.clone(),
            detail: preset.grants.iter().map(|g| g.words()).collect::<Vec<_>>().join(", "),
            pick: Pick::Preset(preset.name),
        })
        .collect();
    state.overlays.push(Overlay::Picker(Picker::new("New profile: whose tokens", items, 0)));
}

/// Which grant.
pub fn pick_grant(state: &mut State, preset: &'static str) {
    let Some(found) = presets::get(preset) else { return };
    let items = found
        .grants
        .iter()
        .map(|grant| PickItem {
            label: grant.words(),
            detail: when(*grant).to_owned(),
            pick: Pick::PresetGrant(preset, *grant),
        })
        .collect();
    state.overlays.push(Overlay::Picker(Picker::new(format!("{}: which grant", found.title), items, 0)));
}

/// When a grant is the right one, in a few words.
fn when(grant: Grant) -> &'static str {
    match grant {
        Grant::ClientCredentials => "a program on its own, no person",
        Grant::AuthorizationCode => "a person logs in with a browser",
        Grant::DeviceCode => "a person logs in on another device",
        Grant::Password => "a person's password is known; last resort",
        Grant::JwtBearer => "a signed statement who it is for",
        Grant::Saml2Bearer => "a SAML assertion from an identity provider",
        Grant::TokenExchange => "one token for another",
        Grant::Custom => "a grant of the server's own",
    }
}

/// What it shall be called.
pub fn ask_name(state: &mut State, preset: &'static str, grant: Grant) {
    let taken = |name: &str| state.workspace.profile(name).is_some();
    let free = std::iter::once(preset.to_owned())
        .chain((2..).map(|n| format!("{preset}-{n}")))
        .find(|name| !taken(name))
        .unwrap_or_default();
    let hint = "letters, digits, dash and underscore; it becomes auth/NAME.toml";
    prompt(state, "Name of the profile", hint, &free, Purpose::NewProfileName(preset, grant));
}

/// The name is given: on to the variables.
///
/// # Errors
/// Why it cannot be called so.
pub fn named(
    state: &mut State,
    preset: &'static str,
    grant: Grant,
    name: &str,
    cx: &Cx,
    fx: &mut Vec<Effect>,
) -> Result<(), String> {
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) {
        return Err("letters, digits, dash and underscore".to_owned());
    }
    if state.workspace.profile(name).is_some() {
        return Err(format!("there is a profile `{name}` already"));
    }
    let new = NewProfile { preset, grant, name: name.to_owned(), answers: Vec::new() };
    ask_next(state, new, cx, fx);
    Ok(())
}

/// The next variable, or the change when all are answered.
fn ask_next(state: &mut State, new: NewProfile, cx: &Cx, fx: &mut Vec<Effect>) {
    let Some(variable) = new.next() else {
        finish(state, &new, cx, fx);
        return;
    };
    let whose = format!("{} · {}", new.name, state.environment.as_deref().unwrap_or("dev"));
    let title =
        format!("{whose}: {} ({} of {})", variable.name, new.answers.len() + 1, new.variables().len());
    let mut hint = variable.text.clone();
    if !variable.example.is_empty() {
        hint.push_str(&format!("; like {}", variable.example));
    }
    if variable.secret {
        let stands = state.active().is_some_and(|e| e.variables.contains_key(&variable.name));
        let empty = match (stands, variable.name.as_str()) {
            (true, _) => "; empty: the one that is there",
            (false, "client_secret") => "; empty: none, a public client",
            (false, _) => "",
        };
        hint.push_str(&format!("{empty}. It goes into the vault ({}); or @FILE, $NAME", state.vault));
        prompt_secret(state, &title, &hint, Purpose::NewProfileVariable(Box::new(new)));
    } else {
        let stands = NewProfile::standing(variable, state.active());
        prompt(state, &title, &hint, &stands, Purpose::NewProfileVariable(Box::new(new)));
    }
}

/// One answer.
pub fn answered(state: &mut State, mut new: NewProfile, text: &str, cx: &Cx, fx: &mut Vec<Effect>) {
    new.answers.push(Secret::new(text));
    ask_next(state, new, cx, fx);
}

fn finish(state: &mut State, new: &NewProfile, cx: &Cx, fx: &mut Vec<Effect>) {
    let Some(outcome) = new.outcome(state.active()) else { return };
    let environment = state.environment.clone().unwrap_or_else(|| "dev".to_owned());
    for (name, secret) in outcome.secrets {
        let job = state.jobs.start(Target::Other("secret"), cx.now);
        fx.push(Effect::SetSecret { job, environment: environment.clone(), name, secret });
    }
    side::edit(state, outcome.edit, cx, fx);
    state.token.profile = Some(new.name.clone());
    state.token.failure = None;
    let name = &new.name;
    let held = state.token.tokens.iter().position(|t| t.key.profile == *name);
    state.token.at = held.unwrap_or(usize::MAX);
    super::flow::show_token(state, cx, fx);
    state.focus_on(crate::app::focus::PaneId::Token);
    let notes = presets::get(new.preset).map(|p| p.notes.clone()).unwrap_or_default();
    if !notes.is_empty() {
        let mut lines = vec![format!("auth/{}.toml is written; u takes it back, r gets a token.", new.name)];
        for note in notes {
            lines.push(String::new());
            lines.push(note);
        }
        state.overlays.push(Overlay::Text(TextView::new("What to know", lines)));
    }
}
