//! The page of a login: news of it, its keys, what is pasted into it.

use super::command::confirm;
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::event::Cx;
use crate::app::key::{Key, KeyPress};
use crate::app::line_edit::LineEdit;
use crate::app::overlay::{ConfirmAction, Overlay};
use crate::app::state::State;
use crate::content::visible::visible;
use crate::flow::login::{LoginId, LoginNews};
use crate::model::id::JobId;
use crate::model::secret::Secret;
use crate::model::settings::Browser;
use std::time::Duration;

/// Keys typed before the page was seen are not for it.
const GUARD: Duration = Duration::from_millis(300);

/// The letters of the page, in the order of its last row: key, word.
pub const KEYS: [(char, &str); 8] = [
    ('o', "browser"),
    ('y', "copy URL"),
    ('Y', "copy ssh"),
    ('c', "copy code"),
    ('q', "QR code"),
    ('i', "paste"),
    ('p', "put aside"),
    ('x', "give up"),
];

/// Takes news.
pub fn news(
    state: &mut State,
    job: Option<JobId>,
    id: LoginId,
    news: LoginNews,
    cx: &Cx,
    fx: &mut Vec<Effect>,
) {
    match news {
        LoginNews::Waiting(roads) => {
            let before = state.logins.all.iter().find(|l| l.id == id).and_then(|l| l.roads.url.clone());
            let url = roads.url.clone();
            let fresh = state.logins.wait(id, job, roads);
            if fresh {
                open(state, cx);
            }
            let first_url = url.filter(|_| before.is_none());
            if let (Some(url), Browser::Auto) = (first_url, state.settings.browser) {
                fx.push(Effect::OpenBrowser { url, asked: false });
            }
        }
        LoginNews::Note(text) => state.logins.note(id, visible(&text).into_owned()),
        LoginNews::Over => {
            state.logins.over(id);
            let none = state.logins.all.is_empty();
            state.overlays.retain(|o| match o {
                Overlay::Login => !none,
                Overlay::Confirm(c) => c.action != ConfirmAction::GiveUpLogin(id),
                _ => true,
            });
        }
    }
}

/// Shows the page. What is being typed elsewhere is not interrupted: the page waits below it.
fn open(state: &mut State, cx: &Cx) {
    if state.overlays.iter().any(|o| matches!(o, Overlay::Login)) {
        return;
    }
    state.logins.since = Some(cx.now);
    if state.overlays.is_empty() {
        state.overlays.push(Overlay::Login);
    } else {
        state.overlays.insert(0, Overlay::Login);
        super::hint(state, "a login waits; Esc shows it", cx);
    }
}

/// `b`: shows the page again.
pub fn show(state: &mut State, cx: &Cx) {
    state.overlays.retain(|o| !matches!(o, Overlay::Login));
    state.logins.since = Some(cx.now);
    state.overlays.push(Overlay::Login);
}

/// A key on the page.
pub fn key(state: &mut State, press: KeyPress, cx: &Cx, fx: &mut Vec<Effect>) {
    let seen = state.logins.since.is_none_or(|t| cx.now.saturating_duration_since(t) >= GUARD);
    let typing = state.logins.typing;
    let Some(login) = state.logins.current_mut() else {
        state.overlays.retain(|o| !matches!(o, Overlay::Login));
        return;
    };
    let leave = press.key == Key::Esc || (press.ctrl && press.key == Key::Char('c'));
    if typing {
        match press.key {
            _ if leave => state.logins.typing = false,
            Key::Enter => hand_in(state, cx, fx),
            Key::Tab | Key::BackTab => state.logins.typing = false,
            _ => drop(login.paste.key(press)),
        }
        return;
    }
    if leave {
        give_up(state, cx);
        return;
    }
    match press.key {
        Key::Enter if !login.paste.text().is_empty() => hand_in(state, cx, fx),
        Key::Enter => state.logins.typing = true,
        Key::Down | Key::Char('j') => scroll(state, 1),
        Key::Up | Key::Char('k') => scroll(state, -1),
        Key::PageDown | Key::Char(' ') => scroll(state, 8),
        Key::PageUp => scroll(state, -8),
        Key::Tab | Key::Char(']') => turn(state, 1),
        Key::BackTab | Key::Char('[') => turn(state, -1),
        Key::Char(letter) if seen && !press.ctrl && !press.alt => self::letter(state, letter, cx, fx),
        _ => {}
    }
}

fn letter(state: &mut State, letter: char, cx: &Cx, fx: &mut Vec<Effect>) {
    let Some(login) = state.logins.current() else { return };
    let roads = &login.roads;
    let copy = |what: &str, text: Option<String>| match text {
        Some(text) => Ok(Effect::Copy { what: what.to_owned(), text: Secret::new(text) }),
        None => Err(format!("this login has no {what}")),
    };
    let page = roads.url.clone().or_else(|| {
        let device = roads.device.as_ref()?;
        Some(device.verification_uri_complete.clone().unwrap_or_else(|| device.verification_uri.clone()))
    });
    let effect = match letter {
        'o' => match page {
            Some(url) => Ok(Effect::OpenBrowser { url, asked: true }),
            None => Err("this login has no page for a browser".to_owned()),
        },
        'y' => copy("URL", page),
        'Y' => copy("ssh line", roads.ssh.clone()),
        'c' => copy("device code", roads.device.as_ref().map(|d| d.user_code.clone())),
        'q' => {
            if has_code(state) {
                state.logins.code_only = !state.logins.code_only;
                state.logins.top = 0;
                return;
            }
            Err("there is no device code to show as a QR code".to_owned())
        }
        'i' => {
            state.logins.typing = true;
            state.logins.code_only = false;
            return;
        }
        'p' => {
            state.overlays.retain(|o| !matches!(o, Overlay::Login));
            let key = state.keymap.label(Command::Login);
            state.say(format!("the login waits; {key} shows it again"), cx);
            return;
        }
        'x' => return give_up(state, cx),
        _ => return,
    };
    match effect {
        Ok(effect) => fx.push(effect),
        Err(why) => super::hint(state, why, cx),
    }
}

fn has_code(state: &State) -> bool {
    state.logins.current().is_some_and(|l| l.roads.device.is_some())
}

/// Scrolls the page.
pub fn scroll(state: &mut State, by: isize) {
    state.logins.top = state.logins.top.saturating_add_signed(by).min(state.view.text_last_top);
}

fn turn(state: &mut State, by: isize) {
    let len = state.logins.all.len() as isize;
    if len > 1 {
        let at = (state.logins.at as isize + by).rem_euclid(len);
        state.logins.show(at as usize);
    }
}

/// Enter: the pasted text goes to the login; nothing of it stays here.
fn hand_in(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    let Some(login) = state.logins.current_mut() else { return };
    let text = login.paste.text().trim().to_owned();
    login.paste = LineEdit::default();
    let id = login.id;
    state.logins.typing = false;
    if text.is_empty() {
        super::hint(state, "paste the address that the browser ended on", cx);
        return;
    }
    fx.push(Effect::LoginPaste(id, Secret::new(text)));
    super::hint(state, "handed in", cx);
}

/// Pasted anywhere on the page: it can only be for the field.
pub fn paste(state: &mut State, text: &str) {
    state.logins.typing = true;
    state.logins.code_only = false;
    if let Some(login) = state.logins.current_mut() {
        // A second paste is a better one, not a longer one.
        login.paste = LineEdit::default();
        login.paste.insert(text.trim());
    }
}

fn give_up(state: &mut State, cx: &Cx) {
    let Some(login) = state.logins.current() else { return };
    let (id, profile) = (login.id, login.roads.profile.clone());
    let text = format!("Give up the login of {profile}? What waits for its token fails (p puts it aside)");
    confirm(state, text, ConfirmAction::GiveUpLogin(id), cx);
}

/// The user gave it up: the job that waits for it is cancelled.
pub fn cancel(state: &mut State, id: LoginId, cx: &Cx, fx: &mut Vec<Effect>) {
    let Some(login) = state.logins.all.iter().find(|l| l.id == id) else { return };
    match login.job {
        Some(job) => {
            if let Some(job) = state.jobs.get_mut(job) {
                job.cancelling = true;
            }
            fx.push(Effect::CancelJob(job));
            state.say("giving up the login", cx);
        }
        None => super::command::run(state, Command::Cancel, cx, fx),
    }
}
