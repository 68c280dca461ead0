//! What the answers of prompts do; one that cannot be taken is asked again with why.

use super::overlays::change;
use super::{flow, jwt, presets, profile, remedy, response, side};
use crate::app::command::Command;
use crate::app::effect::{Effect, JwtKey, Target};
use crate::app::event::Cx;
use crate::app::overlay::{Overlay, Prompt, Purpose};
use crate::app::pane::check_text::{parse_capture, parse_check};
use crate::app::pane::request::set_auth_field;
use crate::app::state::State;
use crate::model::edit::Edit;
use crate::model::environment::Environment;
use crate::model::id::ItemPath;
use crate::model::request::Request;
use crate::model::secret::Secret;
use crate::model::value::{SecretRef, Value};

/// Takes a prompt's answer; one that cannot be taken is asked again with why.
pub fn answer(state: &mut State, mut prompt: Prompt, cx: &Cx, fx: &mut Vec<Effect>) {
    let text = prompt.edit.text().trim().to_owned();
    let outcome: Result<(), String> = match prompt.purpose.clone() {
        Purpose::NewRequest(folder) if !text.is_empty() => {
            let request = new_request(&text);
            let after =
                state.collections.row().filter(|r| r.method.is_some()).map(|r| r.path.stem().to_owned());
            side::edit(
                state,
                Edit::CreateRequest { parent: folder, after, request: Box::new(request) },
                cx,
                fx,
            );
            Ok(())
        }
        Purpose::SaveAs(folder) if !text.is_empty() => {
            save_as(state, folder, &text, cx, fx);
            Ok(())
        }
        Purpose::NewFolder(parent) if !text.is_empty() => {
            side::edit(state, Edit::CreateFolder { parent, name: text }, cx, fx);
            Ok(())
        }
        Purpose::Rename(path) if !text.is_empty() => {
            side::edit(state, Edit::Rename { path, name: text }, cx, fx);
            Ok(())
        }
        Purpose::Credentials if !text.is_empty() => {
            flow::import(state, text, cx, fx);
            Ok(())
        }
        Purpose::SaveBody if !text.is_empty() => {
            if let Some(body) = response::body(state) {
                let job = state.jobs.start(Target::Other("save body"), cx.now);
                fx.push(Effect::SaveBody { job, file: text, body });
            }
            Ok(())
        }
        Purpose::JwtVerify if !text.is_empty() => {
            jwt::verify(state, JwtKey::Place(text), cx, fx);
            Ok(())
        }
        Purpose::JwtVerifySecret if !prompt.edit.text().is_empty() => {
            jwt::verify(state, JwtKey::Secret(Secret::new(prompt.edit.text())), cx, fx);
            Ok(())
        }
        Purpose::JwtSign if !text.is_empty() => {
            jwt::sign(state, JwtKey::Place(text), cx, fx);
            Ok(())
        }
        Purpose::JwtSignSecret if !prompt.edit.text().is_empty() => {
            jwt::sign(state, JwtKey::Secret(Secret::new(prompt.edit.text())), cx, fx);
            Ok(())
        }
        Purpose::Search => {
            search(state, prompt.edit.text(), cx);
            Ok(())
        }
        Purpose::Filter => {
            response::filter(state, &text, cx, fx);
            Ok(())
        }
        Purpose::NewEnvironment if !text.is_empty() => new_environment(state, &text, cx, fx),
        Purpose::Variable(environment, name) => {
            variable(state, &environment, name, prompt.edit.text(), cx, fx)
        }
        Purpose::Secret(environment, name) if !prompt.edit.text().is_empty() => {
            set_secret(state, environment, name, Secret::new(prompt.edit.text()), cx, fx);
            Ok(())
        }
        Purpose::Passphrase if !prompt.edit.text().is_empty() => {
            let job = state.jobs.start(Target::Other("vault"), cx.now);
            fx.push(Effect::OpenVault(job, Secret::new(prompt.edit.text())));
            Ok(())
        }
        Purpose::PassphraseAgain(first) => {
            if first.expose() == prompt.edit.text() {
                let job = state.jobs.start(Target::Other("vault"), cx.now);
                fx.push(Effect::OpenVault(job, first));
                Ok(())
            } else {
                Err("the two are not the same".to_owned())
            }
        }
        Purpose::Capture(at) if !text.is_empty() => parse_capture(&text).map(|capture| {
            change(state, |r| match at.and_then(|i| r.captures.get_mut(i)) {
                Some(old) => *old = capture,
                None => r.captures.push(capture),
            });
        }),
        Purpose::Check(at) if !text.is_empty() => {
            let old = at.and_then(|i| state.request.request()?.checks.get(i)?.name.clone());
            parse_check(&text, old).map(|check| {
                change(state, |r| match at.and_then(|i| r.checks.get_mut(i)) {
                    Some(old) => *old = check,
                    None => r.checks.push(check),
                });
            })
        }
        Purpose::NewProfileName(preset, grant) if !text.is_empty() => {
            presets::named(state, preset, grant, &text, cx, fx)
        }
        Purpose::NewProfileVariable(new) => {
            presets::answered(state, *new, prompt.edit.text(), cx, fx);
            Ok(())
        }
        Purpose::ProfileField(name, key) => profile::set_field(state, &name, key, prompt.edit.text(), cx, fx),
        Purpose::ProfileSecret(name, key) if !prompt.edit.text().trim().is_empty() => {
            profile::set_secret(state, &name, key, prompt.edit.text(), cx, fx)
        }
        Purpose::Issuer(name, of_answer) => {
            profile::discover(state, &name, &text, of_answer.as_deref(), cx, fx)
        }
        Purpose::AuthField(field) => {
            change(state, |r| set_auth_field(&mut r.auth, field, &text));
            Ok(())
        }
        Purpose::Protected(command) => {
            if Some(text.as_str()) == state.environment.as_deref() {
                protected(state, command, cx, fx);
                Ok(())
            } else {
                Err("that is not its name; Esc sends nothing".to_owned())
            }
        }
        Purpose::ProtectedErrand(errand) => {
            if Some(text.as_str()) == state.environment.as_deref() {
                remedy::run(state, errand, cx, fx);
                Ok(())
            } else {
                Err("that is not its name; Esc sends nothing".to_owned())
            }
        }
        // An empty answer where a name is needed cancels.
        _ => Ok(()),
    };
    if let Err(why) = outcome {
        prompt.error = Some(why);
        state.overlays.push(Overlay::Prompt(prompt));
    }
}

fn protected(state: &mut State, command: Command, cx: &Cx, fx: &mut Vec<Effect>) {
    match command {
        Command::FlowNext => flow::create(state, cx, fx),
        Command::SendAgain => {
            if let Some(path) = state.last_sent.clone() {
                flow::send_now(state, path, cx, fx);
            }
        }
        _ => {
            if let Some(path) = state.request.path.clone() {
                flow::send_now(state, path, cx, fx);
            }
        }
    }
}

/// A typed name may hold more: a URL, a method and a URL, or a whole curl line.
fn new_request(text: &str) -> Request {
    if crate::import::curl::looks_like_curl(text)
        && let Ok(import) = crate::import::curl::parse(text)
    {
        let mut request = import.request;
        request.name = name_of_url(&request.url);
        return request;
    }
    match text.split_once(' ') {
        Some((method, url)) if url.contains("://") && method.chars().all(|c| c.is_ascii_uppercase()) => {
            Request::new(name_of_url(url), method, url.trim())
        }
        _ if text.contains("://") => Request::new(name_of_url(text), "GET", text),
        _ => Request::new(text, "GET", "{{base_url}}/"),
    }
}

/// The last word of a URL's path, else its host: `https://h/v1/orders?x=1` is `orders`.
fn name_of_url(url: &str) -> String {
    let bare = url.split(['?', '#']).next().unwrap_or(url);
    let rest = bare.split_once("://").map_or(bare, |(_, rest)| rest);
    let name = rest.split('/').rev().find(|part| !part.is_empty() && !part.contains("{{"));
    name.unwrap_or("request").to_owned()
}

/// The edits go into the new request; only when it stands does the old one become what its file says.
fn save_as(state: &mut State, folder: ItemPath, name: &str, cx: &Cx, fx: &mut Vec<Effect>) {
    let Some((mut request, path)) = state.request.request().cloned().zip(state.request.path.clone()) else {
        return;
    };
    name.clone_into(&mut request.name);
    let create = Edit::CreateRequest { parent: folder.clone(), after: None, request: Box::new(request) };
    if state.workspace.folder(&folder).is_some() {
        let job = state.jobs.start(Target::SaveAs(path), cx.now);
        fx.push(Effect::Edit(job, Box::new(create)));
    } else {
        // One after the other: the request needs the folder.
        state.after_edit = Some((path, create));
        side::edit(state, Edit::CreateFolder { parent: None, name: folder.stem().to_owned() }, cx, fx);
    }
}

fn search(state: &mut State, needle: &str, cx: &Cx) {
    use crate::app::focus::PaneId;
    let tab = state.response.tab;
    let found = match state.focus {
        PaneId::Collections => {
            needle.clone_into(&mut state.collections.needle);
            let found = state.collections.find(1, true);
            state.show_selected();
            found
        }
        PaneId::Environments => {
            needle.clone_into(&mut state.environments.needle);
            side::find_environment(state, 1, true)
        }
        _ => state.view_shown_mut().is_some_and(|v| v.search_for(needle, tab)),
    };
    if !found && !needle.is_empty() {
        super::hint(state, format!("`{needle}` is nowhere here"), cx);
    }
}

fn new_environment(state: &mut State, name: &str, cx: &Cx, fx: &mut Vec<Effect>) -> Result<(), String> {
    let fits = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) && !name.starts_with('.');
    if !fits {
        return Err("letters, digits, dash, underscore and dot".to_owned());
    }
    if state.workspace.environment(name).is_some() {
        return Err(format!("there is an environment `{name}` already"));
    }
    let mut variables = indexmap::IndexMap::new();
    variables.insert("base_url".to_owned(), Value::from("https://"));
    let environment = Environment { name: name.to_owned(), variables, ..Environment::default() };
    state.environments.open = Some(name.to_owned());
    side::edit(state, Edit::SaveEnvironment(environment), cx, fx);
    Ok(())
}

fn variable(
    state: &mut State,
    environment: &str,
    name: Option<String>,
    text: &str,
    cx: &Cx,
    fx: &mut Vec<Effect>,
) -> Result<(), String> {
    let (name, value) = match name {
        Some(name) => (name, text.to_owned()),
        None => match text.split_once('=') {
            Some((name, value)) => (name.trim().to_owned(), value.trim().to_owned()),
            None if text.trim().is_empty() => return Ok(()),
            None => return Err("write `name = value`".to_owned()),
        },
    };
    if name.is_empty() || name.contains(|c: char| c.is_whitespace() || "{}|".contains(c)) {
        return Err("a variable's name is one word".to_owned());
    }
    let value = Some(Value::Text(value));
    side::edit(state, Edit::SetVariable { environment: environment.to_owned(), name, value }, cx, fx);
    Ok(())
}

fn set_secret(
    state: &mut State,
    environment: String,
    name: String,
    secret: Secret,
    cx: &Cx,
    fx: &mut Vec<Effect>,
) {
    let job = state.jobs.start(Target::Other("secret"), cx.now);
    fx.push(Effect::SetSecret { job, environment: environment.clone(), name: name.clone(), secret });
    let reference = Value::Secret(SecretRef::Vault);
    let Some(stands) = state.workspace.environment(&environment) else { return };
    if stands.variables.get(&name) != Some(&reference) {
        side::edit(state, Edit::SetVariable { environment, name, value: Some(reference) }, cx, fx);
    }
}
