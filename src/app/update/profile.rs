//! OAuth profiles: the form, and what an issuer says of itself.

use super::command::{prompt, prompt_secret};
use super::side;
use crate::app::effect::{Effect, Target};
use crate::app::event::Cx;
use crate::app::focus::PaneId;
use crate::app::key::{Key, KeyPress};
use crate::app::list::Cursor;
use crate::app::overlay::{Offer, Overlay, Pick, PickItem, Picker, Purpose, TextView};
use crate::app::profile_form::{self, Field, FieldKind, SecretAnswer};
use crate::app::state::State;
use crate::content::visible::visible;
use crate::flow::manage::Discovered;
use crate::model::edit::Edit;
use crate::model::profile::{ClientAuth, Grant, OauthProfile};
use crate::model::secret::Secret;
use crate::model::value::{SecretRef, Value};
use crate::model::workspace::Workspace;
use crate::oauth::challenge;

/// `E`: the profile as a form.
pub fn edit_form(state: &mut State) {
    let Some(profile) = state.token_profile() else { return };
    state.overlays.push(Overlay::Profile { name: profile, cursor: Cursor::default() });
}

/// The lines of the form.
pub fn form_fields(workspace: &Workspace, name: &str) -> Vec<Field> {
    workspace.profile(name).map(profile_form::fields).unwrap_or_default()
}

/// A key on the form.
pub fn form_key(state: &mut State, press: KeyPress, cx: &Cx, fx: &mut Vec<Effect>) {
    let Some(Overlay::Profile { name, cursor }) = state.overlays.last() else { return };
    let (name, at) = (name.clone(), cursor.at);
    let fields = form_fields(&state.workspace, &name);
    let by = match press.key {
        Key::Down | Key::Char('j') | Key::Tab => 1,
        Key::Up | Key::Char('k') | Key::BackTab => -1,
        Key::PageDown => 8,
        Key::PageUp => -8,
        Key::Home => isize::MIN / 2,
        Key::End | Key::Char('G') => isize::MAX / 2,
        Key::Char('q') => {
            state.overlays.pop();
            return;
        }
        Key::Enter | Key::Char(' ' | 'i') => {
            if let Some(field) = fields.get(at) {
                edit_field(state, &name, field, cx, fx);
            }
            return;
        }
        Key::Char('x') | Key::Delete => {
            if let Some(field) = fields.get(at) {
                clear_field(state, &name, field, cx, fx);
            }
            return;
        }
        Key::Char('D') => return super::command::run(state, crate::app::command::Command::Discover, cx, fx),
        Key::Char('u') => return super::command::run(state, crate::app::command::Command::Undo, cx, fx),
        _ => return,
    };
    if let Some(Overlay::Profile { cursor, .. }) = state.overlays.last_mut() {
        cursor.step(by, fields.len());
    }
}

fn edit_field(state: &mut State, name: &str, field: &Field, cx: &Cx, fx: &mut Vec<Effect>) {
    let Some(profile) = state.workspace.profile(name).cloned() else { return };
    let title = format!("{} of {name}", field.key);
    match field.kind {
        FieldKind::Flag => {
            let mut new = profile;
            profile_form::toggle(&mut new, field.key);
            save(state, new, cx, fx);
        }
        FieldKind::Grant => {
            let items = Grant::ALL.into_iter().map(|g| word(name, "grant", g.key(), &g.words()));
            let at = Grant::ALL.into_iter().position(|g| g == profile.grant).unwrap_or(0);
            state.overlays.push(Overlay::Picker(Picker::new("Grant", items.collect(), at)));
        }
        FieldKind::ClientAuth => {
            let items = ClientAuth::ALL.into_iter().map(|a| word(name, "client_auth", a.key(), a.words()));
            let at = ClientAuth::ALL.into_iter().position(|a| a == profile.client_auth).unwrap_or(0);
            state.overlays.push(Overlay::Picker(Picker::new("Client authentication", items.collect(), at)));
        }
        FieldKind::Secret => {
            let variable = profile_form::variable(&profile, field.key);
            let environment = state.environment_name();
            let hint = format!(
                "goes into the vault ({}) as {variable} of {environment}; or @FILE, $NAME, {{{{variable}}}}",
                state.vault
            );
            prompt_secret(state, &title, &hint, Purpose::ProfileSecret(name.to_owned(), field.key));
        }
        FieldKind::Text | FieldKind::Words | FieldKind::Parameters | FieldKind::Object => {
            let hint = match field.kind {
                FieldKind::Words => format!("{}; words with blanks between", field.help),
                FieldKind::Parameters => format!("{}; name=value&name=value", field.help),
                FieldKind::Object => format!("{}; a JSON object", field.help),
                _ => format!("{}; may hold {{{{variables}}}}", field.help),
            };
            let purpose = Purpose::ProfileField(name.to_owned(), field.key);
            prompt(state, &title, &hint, &field.value, purpose);
        }
    }
}

fn word(profile: &str, key: &'static str, value: &str, words: &str) -> PickItem {
    PickItem {
        label: value.to_owned(),
        detail: words.to_owned(),
        pick: Pick::ProfileWord { profile: profile.to_owned(), key, word: value.to_owned() },
    }
}

fn clear_field(state: &mut State, name: &str, field: &Field, cx: &Cx, fx: &mut Vec<Effect>) {
    match field.kind {
        FieldKind::Flag | FieldKind::Grant | FieldKind::ClientAuth => {
            super::hint(state, "this one always says something", cx);
        }
        FieldKind::Secret => {
            let Some(mut new) = state.workspace.profile(name).cloned() else { return };
            profile_form::set_value(&mut new, field.key, Value::default());
            save(state, new, cx, fx);
        }
        _ => drop(set_field(state, name, field.key, "", cx, fx)),
    }
}

fn save(state: &mut State, new: OauthProfile, cx: &Cx, fx: &mut Vec<Effect>) {
    if state.workspace.read_only {
        super::hint(state, "this workspace has a newer format: it is open read-only", cx);
    } else if state.workspace.profile(&new.name) != Some(&new) {
        side::edit(state, Edit::SaveProfile(Box::new(new)), cx, fx);
    }
}

/// The profile as it is now; a file may go while its form is open.
fn known(state: &State, name: &str) -> Result<OauthProfile, String> {
    state.workspace.profile(name).cloned().ok_or_else(|| format!("the profile {name} is gone"))
}

/// Writes one key of a profile.
///
/// # Errors
/// Why the text cannot be taken.
pub fn set_field(
    state: &mut State,
    name: &str,
    key: &str,
    text: &str,
    cx: &Cx,
    fx: &mut Vec<Effect>,
) -> Result<(), String> {
    let mut new = known(state, name)?;
    profile_form::set(&mut new, key, text)?;
    save(state, new, cx, fx);
    Ok(())
}

/// Keeps a secret of a profile: the vault has the text, the environment a reference, the profile the
/// variable. Nothing of it is written to a file.
///
/// # Errors
/// Why it cannot be kept.
pub fn set_secret(
    state: &mut State,
    name: &str,
    key: &str,
    text: &str,
    cx: &Cx,
    fx: &mut Vec<Effect>,
) -> Result<(), String> {
    let mut new = known(state, name)?;
    let text = match profile_form::read_secret(text) {
        SecretAnswer::Says(value) => {
            profile_form::set_value(&mut new, key, value);
            save(state, new, cx, fx);
            return Ok(());
        }
        SecretAnswer::Keep(text) => text,
    };
    let Some(environment) = state.active() else {
        return Err("there is no environment to keep it for; a in 1 Environments adds one".to_owned());
    };
    let (variable, of) = (profile_form::variable(&new, key), environment.name.clone());
    let reference = Value::Secret(SecretRef::Vault);
    let mut edits = Vec::new();
    if environment.variables.get(&variable) != Some(&reference) {
        let value = Some(reference);
        edits.push(Edit::SetVariable { environment: of.clone(), name: variable.clone(), value });
    }
    let names = Value::Text(format!("{{{{{variable}}}}}"));
    if profile_form::variable(&new, key) != variable
        || profile_form::secret(&new, key).and_then(Value::as_text).is_none_or(|t| !t.contains("{{"))
    {
        profile_form::set_value(&mut new, key, names);
        edits.push(Edit::SaveProfile(Box::new(new)));
    }
    let job = state.jobs.start(Target::Other("secret"), cx.now);
    fx.push(Effect::SetSecret { job, environment: of, name: variable, secret: Secret::new(text) });
    match edits.len() {
        0 => {}
        1 => edits.into_iter().for_each(|one| side::edit(state, one, cx, fx)),
        _ => {
            let words = format!("set {key} of {name}");
            side::edit(state, Edit::Several { words, edits }, cx, fx);
        }
    }
    Ok(())
}

/// The `resource_metadata` that the shown 401 names (RFC 9728 section 5.1).
pub fn resource_metadata(state: &State) -> Option<String> {
    let exchange = state.view_shown()?.sent.exchange.as_ref()?;
    let response = exchange.response.as_ref().filter(|r| r.status == 401)?;
    let lines = response
        .headers
        .iter()
        .filter(|h| h.name.eq_ignore_ascii_case("www-authenticate"))
        .map(|h| h.value.as_str());
    challenge::parse(lines).iter().find_map(|c| c.param("resource_metadata").map(str::to_owned))
}

/// `D`: asks whose metadata to read; a 401's own word and the profile's issuer come first.
pub fn ask_issuer(state: &mut State) {
    let Some(profile) = state.token_profile() else { return };
    let of_answer = resource_metadata(state).filter(|_| state.focus == PaneId::Response);
    let issuer = state.workspace.profile(&profile).map(|p| p.issuer.clone()).unwrap_or_default();
    let (hint, text) = match &of_answer {
        Some(url) => ("the 401 names this; Enter asks it for the issuer", url.clone()),
        None => ("https://id.example.com/realms/acme, or the address of its metadata", issuer),
    };
    let title = format!("Discover: issuer of profile {profile}");
    prompt(state, &title, hint, &text, Purpose::Issuer(profile, of_answer));
}

/// Reads the metadata.
pub fn discover(
    state: &mut State,
    profile: &str,
    issuer: &str,
    of_answer: Option<&str>,
    cx: &Cx,
    fx: &mut Vec<Effect>,
) -> Result<(), String> {
    if !issuer.contains("{{") && !["https://", "http://"].iter().any(|s| issuer.starts_with(s)) {
        return Err("an issuer is a URL: https://…".to_owned());
    }
    let Some(plan) = state.token_plan(profile) else { return Err(format!("the profile {profile} is gone")) };
    let job = state.jobs.start(Target::Discovery(profile.to_owned()), cx.now);
    let from_resource = of_answer == Some(issuer);
    fx.push(Effect::Discover { job, plan: Box::new(plan), issuer: issuer.to_owned(), from_resource });
    state.say("reading the issuer's metadata; Ctrl-C cancels", cx);
    Ok(())
}

/// Shows what the metadata would fill; `y` writes it.
pub fn discovered(state: &mut State, profile: &str, found: Discovered, cx: &Cx) {
    let mut lines = vec![format!("issuer  {}", visible(&found.metadata.issuer)), String::new()];
    if let Some(resource) = &found.resource {
        lines.push(format!("resource  {}", visible(&resource.resource)));
        let servers = resource.authorization_servers.join("  ");
        lines.push(format!("its authorization servers  {}", visible(&servers)));
        lines.push(String::new());
    }
    let wide = found.filled.iter().map(|f| f.key.len()).max().unwrap_or(0);
    for filled in &found.filled {
        lines.push(format!("+ {:<wide$}  {}", filled.key, visible(&filled.value)));
        if !filled.before.is_empty() {
            lines.push(format!("- {:<wide$}  {}", "", visible(&filled.before)));
        }
    }
    if found.filled.is_empty() {
        lines.push("it fills nothing: the profile says all of it already".to_owned());
    }
    if !found.notes.is_empty() {
        lines.push(String::new());
        lines.extend(found.notes.iter().map(|note| format!("! {}", visible(note))));
    }
    state.toast = None;
    let mut view = TextView::new(format!("What {profile} would say"), lines);
    view.exchanges = found.exchanges;
    let changed = state.workspace.profile(profile) != Some(&found.profile);
    if changed && !state.workspace.read_only {
        view.offer = Some(Offer {
            words: "writes it",
            edit: Edit::SaveProfile(Box::new(found.profile)),
            since: cx.now,
        });
    }
    state.overlays.push(Overlay::Text(view));
}
