//! Keys for the topmost layer, and what its answers do.

use super::command::{self, confirm};
use super::{flow, mouse, response, side};
use crate::app::command::{COMMANDS, Command, CommandInfo};
use crate::app::effect::{Effect, Target};
use crate::app::event::Cx;
use crate::app::key::{Key, KeyPress};
use crate::app::list::Cursor;
use crate::app::overlay::{ConfirmAction, Overlay, Pick, Prompt, Purpose, fuzzy};
use crate::app::pane::check_text::{parse_capture, parse_check};
use crate::app::pane::request::{Draft, auth_of_kind, body_of_kind, set_auth_field};
use crate::app::state::State;
use crate::app::view::Hit;
use crate::model::edit::Edit;
use crate::model::environment::Environment;
use crate::model::request::Request;
use crate::model::secret::Secret;
use crate::model::value::{SecretRef, Value};
use std::time::Duration;

/// Keys typed before a question was seen do not answer it.
const GUARD: Duration = Duration::from_millis(300);

/// Letters for jumping, the easy ones first.
pub const LABELS: &str = "asdfghjklqwertyuiopzxcvbnm";

/// The rows of the palette or the help page for a filter.
pub fn filtered_commands(filter: &str) -> Vec<&'static CommandInfo> {
    let unique: Vec<&CommandInfo> = COMMANDS
        .iter()
        .enumerate()
        .filter(|(i, c)| !COMMANDS[..*i].iter().any(|b| b.command == c.command))
        .map(|(_, c)| c)
        .collect();
    let texts = unique.iter().map(|c| format!("{} {}", c.title, c.id));
    fuzzy(filter, texts).into_iter().map(|i| unique[i]).collect()
}

/// The places that can be jumped to, in label order: panes, tabs, the URL, steps.
pub fn jump_places(hits: &[Hit]) -> Vec<Hit> {
    use crate::app::view::HitTarget as T;
    hits.iter()
        .filter(|h| !matches!(h.target, T::Row(..) | T::OverlayRow(_) | T::Command(_)))
        .take(LABELS.len())
        .copied()
        .collect()
}

/// A key for the topmost layer.
pub fn key(state: &mut State, press: KeyPress, cx: &Cx, fx: &mut Vec<Effect>) {
    if command::is_escape(press) || (press.ctrl && press.key == Key::Char('c')) {
        state.overlays.pop();
        state.chord = None;
        return;
    }
    match state.overlays.last_mut() {
        Some(Overlay::Help { filter, cursor } | Overlay::Palette { filter, cursor }) => {
            let len = filtered_commands(filter.text()).len();
            if move_cursor(cursor, press, len) {
                return;
            }
            if press.key == Key::Enter {
                let chosen = filtered_commands(filter.text()).get(cursor.at).map(|c| c.command);
                state.overlays.pop();
                if let Some(command) = chosen {
                    command::run(state, command, cx, fx);
                }
            } else if filter.key(press) {
                *cursor = Cursor::default();
            }
        }
        Some(Overlay::Picker(picker)) => {
            let matches = picker.matches();
            if move_cursor(&mut picker.cursor, press, matches.len()) {
                return;
            }
            if press.key == Key::Enter {
                let pick = matches.get(picker.cursor.at).map(|i| picker.items[*i].pick.clone());
                state.overlays.pop();
                if let Some(pick) = pick {
                    take_pick(state, pick, cx, fx);
                }
            } else if picker.filter.key(press) {
                picker.cursor = Cursor::default();
            }
        }
        Some(Overlay::Prompt(prompt)) => {
            if press.key == Key::Enter {
                let prompt = prompt.clone();
                state.overlays.pop();
                answer(state, prompt, cx, fx);
            } else {
                prompt.error = None;
                prompt.edit.key(press);
            }
        }
        Some(Overlay::Confirm(question)) => {
            let early = cx.now.saturating_duration_since(question.since) < GUARD;
            if press.text().is_some_and(|c| c == 'y' || c == 'Y') && !early {
                let action = question.action.clone();
                state.overlays.pop();
                confirmed(state, action, cx, fx);
            } else if press.text().is_some_and(|c| c == 'n' || c == 'N') && !early {
                state.overlays.pop();
            }
        }
        Some(Overlay::Text(_)) => {
            let page = usize::from(state.view.overlay_height).saturating_sub(1).max(1) as isize;
            match press.key {
                Key::Down | Key::Char('j') | Key::Enter => scroll(state, 1),
                Key::Up | Key::Char('k') => scroll(state, -1),
                Key::PageDown | Key::Char(' ') => scroll(state, page),
                Key::PageUp => scroll(state, -page),
                Key::Home => scroll(state, isize::MIN / 2),
                Key::End | Key::Char('G') => scroll(state, isize::MAX / 2),
                Key::Char('q') => drop(state.overlays.pop()),
                Key::Char('s') => {
                    let past = match state.overlays.last_mut() {
                        Some(Overlay::Text(text)) => text.resend.take(),
                        _ => None,
                    };
                    if let Some(past) = past {
                        state.overlays.pop();
                        flow::resend(state, &past, cx, fx);
                    }
                }
                _ => {}
            }
        }
        Some(Overlay::Goto { .. }) => {
            state.overlays.pop();
            let first = state.chord.take();
            match state.keymap.command(crate::app::focus::Mode::Nav, state.focus, first, press) {
                Some(command) => command::run(state, command, cx, fx),
                None => super::hint(state, format!("g{} goes nowhere", press.label()), cx),
            }
        }
        Some(Overlay::Jump) => {
            state.overlays.pop();
            let at = press.text().and_then(|c| LABELS.find(c));
            let places = jump_places(&state.view.hits);
            if let Some(place) = at.and_then(|at| places.get(at)).copied() {
                mouse::click(state, place.target, cx, fx);
            }
        }
        Some(Overlay::Welcome { cursor }) => {
            if move_cursor(cursor, press, WELCOME.len()) {
                return;
            }
            let chosen = match press.key {
                Key::Enter => Some(cursor.at),
                Key::Char('d') => Some(0),
                Key::Char('i') => Some(1),
                Key::Char('a') => Some(2),
                Key::Char('e') => Some(3),
                _ => None,
            };
            if let Some(at) = chosen {
                welcome(state, at, cx, fx);
            }
        }
        None => {}
    }
}

/// The lines of the first greeting: key, words.
pub const WELCOME: [(&str, &str); 4] = [
    ("d", "open the demo: register, get a token, create a case, all on this machine"),
    ("i", "import a Pega credentials file"),
    ("a", "add a collection, then requests; a pasted curl line becomes one"),
    ("e", "start empty"),
];

fn welcome(state: &mut State, at: usize, cx: &Cx, fx: &mut Vec<Effect>) {
    state.overlays.pop();
    match at {
        0 => fx.push(Effect::Demo),
        1 => flow::ask_credentials(state),
        2 => command::run(state, Command::AddCollection, cx, fx),
        _ => {}
    }
}

fn move_cursor(cursor: &mut Cursor, press: KeyPress, len: usize) -> bool {
    let by = match (press.key, press.ctrl) {
        (Key::Down, _) | (Key::Char('n'), true) | (Key::Tab, _) => 1,
        (Key::Up, _) | (Key::Char('p'), true) | (Key::BackTab, _) => -1,
        (Key::PageDown, _) => 10,
        (Key::PageUp, _) => -10,
        _ => return false,
    };
    cursor.step(by, len);
    true
}

/// Scrolls the topmost layer.
pub fn scroll(state: &mut State, by: isize) {
    match state.overlays.last_mut() {
        Some(Overlay::Text(text)) => {
            text.top = text.top.saturating_add_signed(by).min(state.view.text_last_top);
        }
        Some(Overlay::Help { filter, cursor } | Overlay::Palette { filter, cursor }) => {
            cursor.step(by, filtered_commands(filter.text()).len());
        }
        Some(Overlay::Picker(picker)) => {
            let len = picker.matches().len();
            picker.cursor.step(by, len);
        }
        _ => {}
    }
}

/// A click on a row of the topmost layer.
pub fn click(state: &mut State, row: usize, cx: &Cx, fx: &mut Vec<Effect>) {
    match state.overlays.last_mut() {
        Some(
            Overlay::Help { cursor, .. } | Overlay::Palette { cursor, .. } | Overlay::Welcome { cursor },
        ) => {
            cursor.at = row;
        }
        Some(Overlay::Picker(picker)) => picker.cursor.at = row,
        _ => return,
    }
    key(state, KeyPress::plain(Key::Enter), cx, fx);
}

fn change(state: &mut State, with: impl FnOnce(&mut Request)) {
    if let Some(draft) = state.request.draft_mut() {
        draft.remember();
        with(&mut draft.request);
    }
}

/// Does what choosing an entry does.
fn take_pick(state: &mut State, pick: Pick, cx: &Cx, fx: &mut Vec<Effect>) {
    match pick {
        Pick::Environment(name) => side::choose(state, &name, cx, fx),
        Pick::Method(method) => change(state, |r| r.method = method),
        Pick::BodyKind(kind) => change(state, |r| r.body = body_of_kind(kind, &r.body)),
        Pick::Auth(kind) => change(state, |r| r.auth = auth_of_kind(&kind, &r.auth)),
        Pick::Copy { what, text, secret: false } => fx.push(Effect::Copy { what, text }),
        Pick::Copy { what, text, secret: true } => {
            let question = format!("Copy the {what}? Whoever gets at the clipboard can use it");
            confirm(state, question, ConfirmAction::CopySecret(what, text), cx);
        }
        Pick::History(id) => match state.history.iter().find(|e| e.id == id && e.detail.is_some()).cloned() {
            Some(entry) => super::jobs::show_past(state, &entry, cx),
            None => {
                let job = state.jobs.start(Target::Other("history entry"), cx.now);
                fx.push(Effect::ReadHistory(job, id));
            }
        },
        Pick::Jwt(text) => {
            state.jwt.source = crate::app::pane::jwt::JwtSource::Response;
            state.jwt.text = Some(text.clone());
            state.jwt.decoded = None;
            state.jwt.top = 0;
            let clock = state.view_shown().and_then(|v| v.sent.exchange.as_ref()?.clock_offset_ms);
            state.jwt.clock_offset_ms = clock;
            let plan = state.profile_name().and_then(|p| state.token_plan(&p)).map(Box::new);
            let job = state.jobs.start(Target::Jwt, cx.now);
            state.focus_on(crate::app::focus::PaneId::Jwt);
            fx.push(Effect::Inspect { job, plan, token: text, clock_offset_ms: clock });
        }
        Pick::MoveTo(parent) => {
            if let Some(path) = state.collections.row().map(|r| r.path.clone()) {
                side::edit(state, Edit::Move { path, parent, index: usize::MAX }, cx, fx);
            }
        }
        Pick::Secret(name) => {
            if let Some(environment) = state.environments.open.clone() {
                side::ask_secret_of(state, environment, name);
            }
        }
        Pick::Token(at) => {
            state.token.at = at;
            flow::show_token(state, cx, fx);
        }
    }
}

fn confirmed(state: &mut State, action: ConfirmAction, cx: &Cx, fx: &mut Vec<Effect>) {
    match action {
        ConfirmAction::Quit => state.quit = Some(0),
        ConfirmAction::Delete(path) => {
            state.request.drafts.retain(|p, _| !path.contains(p));
            side::edit(state, Edit::Delete { path }, cx, fx);
        }
        ConfirmAction::DeleteEnvironment(name) => side::edit(state, Edit::DeleteEnvironment(name), cx, fx),
        ConfirmAction::Revert(path) => {
            if let Some(draft) = state.request.drafts.get_mut(&path) {
                *draft = Draft::new(draft.base.clone());
            }
            // The file may say something else by now: that is what shall be seen.
            let job = state.jobs.start(Target::Workspace, cx.now);
            fx.push(Effect::Reload(job));
        }
        ConfirmAction::CopySecret(what, text) => fx.push(Effect::Copy { what, text }),
    }
}

/// Takes a prompt's answer; one that cannot be taken is asked again with why.
fn answer(state: &mut State, mut prompt: Prompt, cx: &Cx, fx: &mut Vec<Effect>) {
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

fn save_as(state: &mut State, folder: crate::model::id::ItemPath, name: &str, cx: &Cx, fx: &mut Vec<Effect>) {
    let Some(mut request) = state.request.request().cloned() else { return };
    name.clone_into(&mut request.name);
    if let Some(draft) = state.request.draft_mut() {
        // The edits go into the new request; the old one stays as its file says.
        *draft = Draft::new(draft.base.clone());
    }
    if state.workspace.folder(&folder).is_none() {
        side::edit(state, Edit::CreateFolder { parent: None, name: folder.stem().to_owned() }, cx, fx);
    }
    side::edit(
        state,
        Edit::CreateRequest { parent: folder, after: None, request: Box::new(request) },
        cx,
        fx,
    );
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
