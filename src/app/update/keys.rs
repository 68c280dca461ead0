//! Keys and pasted text: to the topmost layer, else to what is being typed, else to a command.

use super::{command, diagnosis, login, overlays, typing};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::event::Cx;
use crate::app::focus::{Mode, PaneId};
use crate::app::key::{Key, KeyPress};
use crate::app::overlay::Overlay;
use crate::app::state::State;
use crate::import::curl;

/// A key. Esc and a letter typed in quick succession reach us as Alt and the letter: where that means
/// nothing it is taken for what it was.
pub fn press(state: &mut State, press: KeyPress, cx: &Cx, fx: &mut Vec<Effect>) {
    if press.alt && is_escape_and_key(state, press) {
        take(state, KeyPress::plain(Key::Esc), cx, fx);
        take(state, KeyPress { alt: false, ..press }, cx, fx);
    } else {
        take(state, press, cx, fx);
    }
}

fn is_escape_and_key(state: &State, press: KeyPress) -> bool {
    // Word motion of the editing fields.
    const WORD_KEYS: &str = "bfdpnv<>";
    let typing = state.request.editing.is_some()
        || (state.logins.typing && matches!(state.overlays.last(), Some(Overlay::Login)))
        || matches!(
            state.overlays.last(),
            Some(Overlay::Prompt(_) | Overlay::Help { .. } | Overlay::Palette { .. } | Overlay::Picker(_))
        );
    let word_key = matches!(press.key, Key::Char(c) if WORD_KEYS.contains(c)) || press.key == Key::Backspace;
    let bound = state.keymap.command(state.mode(), state.focus, None, press).is_some();
    !(bound || typing && word_key) && matches!(press.key, Key::Char(_))
}

fn take(state: &mut State, press: KeyPress, cx: &Cx, fx: &mut Vec<Effect>) {
    if !state.overlays.is_empty() {
        overlays::key(state, press, cx, fx);
        return;
    }
    let mode = state.mode();
    if mode == Mode::Edit && is_typing(press) {
        typing::type_key(state, press, cx, fx);
        return;
    }
    let first = state.chord.take();
    match state.keymap.command(mode, state.focus, first, press) {
        Some(command) => command::run(state, command, cx, fx),
        None if press.key == Key::Esc => escape(state, cx, fx),
        None if mode == Mode::Edit => typing::type_key(state, press, cx, fx),
        None if first.is_some() => {}
        None => {}
    }
}

/// Plain text and editing keys go to the field even where a chord exists for NAV.
fn is_typing(press: KeyPress) -> bool {
    press.text().is_some() || matches!(press.key, Key::Enter if !press.alt && !press.ctrl)
}

/// Esc takes one layer away, or cancels what runs; it never quits and never loses text.
fn escape(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    if state.request.editing.is_some() {
        typing::stop_editing(state, cx, fx);
    } else if diagnosis::back(state) {
    } else if state.view_shown().is_some_and(|v| v.filter.is_some() || v.search.is_some()) {
        if let Some(view) = state.view_shown_mut()
            && view.filter.take().is_none()
        {
            view.search = None;
        }
    } else if state.zoomed {
        state.zoomed = false;
    } else if state.is_narrow() && state.focus.is_side() {
        let main = state.main;
        state.focus_on(main);
    } else if state.jobs.visible().next().is_some() {
        command::run(state, Command::Cancel, cx, fx);
    } else {
        super::hint(state, "nothing to leave here; q quits", cx);
    }
}

/// Pasted text goes into the open field; a curl line becomes the request; it never runs a command.
pub fn paste(state: &mut State, text: &str, cx: &Cx) {
    let may_be_request = matches!(state.focus, PaneId::Request | PaneId::Collections | PaneId::Response)
        && !typing::is_typing_long_text(state);
    match state.overlays.last_mut() {
        Some(Overlay::Prompt(prompt)) => prompt.edit.insert(text),
        Some(Overlay::Help { filter, .. } | Overlay::Palette { filter, .. }) => filter.insert(text),
        Some(Overlay::Picker(picker)) => picker.filter.insert(text),
        Some(Overlay::Login) => login::paste(state, text),
        Some(_) => {}
        None if may_be_request && curl::looks_like_curl(text) => typing::take_curl(state, text, cx),
        None if state.request.editing.is_some() => typing::paste(state, text),
        None => super::hint(state, "nothing here takes a paste; Enter edits, gu edits the URL", cx),
    }
}
