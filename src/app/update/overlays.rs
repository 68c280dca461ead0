//! Keys for the topmost layer, and what its answers do.

use super::command::{self, confirm};
use super::{answers, flow, grants, login, mouse, presets, profile, remedy, side, tokens};
use crate::app::command::{COMMANDS, Command, CommandInfo};
use crate::app::effect::{Effect, Manage, Target};
use crate::app::event::Cx;
use crate::app::key::{Key, KeyPress};
use crate::app::list::Cursor;
use crate::app::overlay::{ConfirmAction, Overlay, Pick, TextView, fuzzy};
use crate::app::pane::request::{Draft, auth_of_kind, body_of_kind};
use crate::app::state::State;
use crate::app::view::Hit;
use crate::model::edit::Edit;
use crate::model::request::Request;
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
        .filter(|h| {
            !matches!(
                h.target,
                T::Row(..) | T::OverlayRow(_) | T::OverlayKey(_) | T::Command(_) | T::Finding(..)
            )
        })
        .take(LABELS.len())
        .copied()
        .collect()
}

/// A key for the topmost layer.
pub fn key(state: &mut State, press: KeyPress, cx: &Cx, fx: &mut Vec<Effect>) {
    if matches!(state.overlays.last(), Some(Overlay::Login)) {
        login::key(state, press, cx, fx);
        return;
    }
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
                answers::answer(state, prompt, cx, fx);
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
        Some(Overlay::Profile { .. }) => profile::form_key(state, press, cx, fx),
        Some(Overlay::Text(text)) => {
            if offered(text, press, cx).is_some() {
                take_offer(state, cx, fx);
                return;
            }
            let page = usize::from(state.view.overlay_height).saturating_sub(1).max(1) as isize;
            match press.key {
                Key::Down | Key::Char('j') | Key::Enter => scroll(state, 1),
                Key::Up | Key::Char('k') => scroll(state, -1),
                Key::PageDown | Key::Char(' ') => scroll(state, page),
                Key::PageUp => scroll(state, -page),
                Key::Home => scroll(state, isize::MIN / 2),
                Key::End | Key::Char('G') => scroll(state, isize::MAX / 2),
                Key::Char('q') => drop(state.overlays.pop()),
                Key::Char('o') => exchanges(state),
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
        Some(Overlay::Login) | None => {}
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

/// True for a key that takes what a text proposes, once it could be read.
fn offered(text: &TextView, press: KeyPress, cx: &Cx) -> Option<()> {
    let offer = text.offer.as_ref()?;
    let seen = cx.now.saturating_duration_since(offer.since) >= GUARD;
    (seen && matches!(press.key, Key::Enter | Key::Char('y')) && !press.ctrl).then_some(())
}

fn take_offer(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    if let Some(Overlay::Text(text)) = state.overlays.pop()
        && let Some(offer) = text.offer
    {
        side::edit(state, offer.edit, cx, fx);
    }
}

/// `o`: what went over the wire for the text shown.
fn exchanges(state: &mut State) {
    let Some(Overlay::Text(text)) = state.overlays.last() else { return };
    let mut lines = Vec::new();
    for exchange in text.exchanges.clone() {
        if !lines.is_empty() {
            lines.extend([String::new(), String::new()]);
        }
        lines.extend(super::response::wire_lines(state, &exchange));
    }
    if !lines.is_empty() {
        state.overlays.push(Overlay::Text(TextView::new("On the wire, secrets masked", lines)));
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
        Some(Overlay::Login) => login::scroll(state, by),
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
        Some(Overlay::Profile { name, cursor }) => {
            let len = profile::form_fields(&state.workspace, name).len();
            cursor.step(by, len);
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
        Some(Overlay::Profile { cursor, .. }) => cursor.at = row,
        Some(Overlay::Login) => return state.logins.show(row),
        _ => return,
    }
    key(state, KeyPress::plain(Key::Enter), cx, fx);
}

/// Changes the request shown, so that it can be undone.
pub fn change(state: &mut State, with: impl FnOnce(&mut Request)) {
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
        Pick::CompareJwt(other) => super::jwt::show_difference(state, &other, cx),
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
        Pick::Profile(name) => tokens::choose_profile(state, name, cx, fx),
        Pick::ProfileWord { profile, key, word } => {
            if let Err(why) = profile::set_field(state, &profile, key, &word, cx, fx) {
                super::hint(state, why, cx);
            }
        }
        Pick::Preset(preset) => presets::pick_grant(state, preset),
        Pick::PresetGrant(preset, grant) => presets::ask_name(state, preset, grant),
        Pick::Grant(at) => grants::show(state, at),
        Pick::Errand(errand) => remedy::start(state, errand, cx, fx),
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
        ConfirmAction::Revoke => tokens::manage(state, Manage::Revoke, cx, fx),
        ConfirmAction::Trust(words, again) => {
            let job = state.jobs.start(Target::Trust(again), cx.now);
            fx.push(Effect::TrustCommand { job, words });
        }
        ConfirmAction::Errand(errand) => remedy::run(state, errand, cx, fx),
        ConfirmAction::GiveUpLogin(id) => login::cancel(state, id, cx, fx),
    }
}
