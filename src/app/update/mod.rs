//! One event in, effects out. This file only says who takes what.

mod answers;
mod command;
mod complaint;
mod copy;
mod diagnosis;
mod flow;
mod grants;
mod jobs;
mod jwt;
mod keys;
mod login;
mod mouse;
mod overlays;
mod past;
mod presets;
mod profile;
mod remedy;
mod replay;
mod request;
mod response;
mod side;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_diagnosis;
mod tokens;
mod typing;

use super::effect::Effect;
use super::event::{Cx, Event};
use super::overlay::Overlay;
use super::state::State;
use super::toast::{Toast, Tone};

pub use command::{hint_word, hints, why_disabled};
pub use diagnosis::sentence as refusal_sentence;
pub use flow::{first_request, start_of_screen};
pub use login::KEYS as LOGIN_KEYS;
pub use overlays::{LABELS, WELCOME, filtered_commands, jump_places};
pub use profile::{form_fields, resource_metadata};

/// Changes the state by an event. The loop carries the effects out.
pub fn update(state: &mut State, event: Event, cx: &Cx) -> Vec<Effect> {
    let mut effects = Vec::new();
    let fx = &mut effects;
    match event {
        Event::Key(press) => {
            if state.toast.as_ref().is_some_and(|t| t.tone == Tone::Error) {
                state.toast = None;
            }
            keys::press(state, press, cx, fx);
        }
        Event::Paste(text) => keys::paste(state, &text, cx),
        Event::Mouse(mouse) => mouse::mouse(state, mouse, cx, fx),
        Event::Resize(width, height) => state.size = (width, height),
        Event::Deadline => {
            if state.toast.as_ref().and_then(|t| t.until).is_some_and(|t| t <= cx.now) {
                state.toast = None;
            }
        }
        Event::Job(event) => jobs::news(state, event, cx, fx),
        Event::Edited(path, field, text) => request::edited(state, &path, field, text, cx),
        Event::Message(Ok(text)) => state.say(text, cx),
        Event::Message(Err(problem)) => state.complain(&problem),
    }
    state.dirty = true;
    effects
}

/// What the frame told of the screen; scrolls what has left the view.
pub fn drawn(state: &mut State, view: super::view::Viewport) {
    use super::focus::PaneId;
    let workspace = std::sync::Arc::clone(&state.workspace);
    let rows = state.environments.rows(&workspace).len();
    state.environments.cursor.settle(rows, view.height(PaneId::Environments));
    let at = super::list::Cursor { at: state.collections.at(), top: state.collections.top };
    state.collections.top = at.first(state.collections.rows().len(), view.height(PaneId::Collections));
    let len = state.request.len();
    let height = view.height(PaneId::Request);
    state.request.cursor.settle(len, height);
    let tab = state.response.tab;
    let height = view.height(PaneId::Response);
    if let Some(answer) = state.view_shown_mut() {
        let len = answer.len(tab);
        answer.cursor(tab).settle(len, height);
    }
    let overlay_height = usize::from(view.overlay_height).max(1);
    match state.overlays.last_mut() {
        Some(Overlay::Help { cursor, .. } | Overlay::Palette { cursor, .. }) => {
            cursor.top = cursor.first(usize::from(u16::MAX), overlay_height);
        }
        Some(Overlay::Picker(picker)) => {
            let len = picker.matches().len();
            picker.cursor.settle(len, overlay_height);
        }
        Some(Overlay::Profile { name, cursor }) => {
            let len = profile::form_fields(&workspace, name).len();
            cursor.settle(len, overlay_height);
        }
        Some(Overlay::Text(text)) => {
            text.top = text.top.min(view.text_last_top);
        }
        _ => {}
    }
    state.view = view;
    state.dirty = false;
}

/// A message unless an error is already on screen.
fn hint(state: &mut State, text: impl Into<String>, cx: &Cx) {
    if state.toast.as_ref().is_none_or(|t| t.tone == Tone::Info) {
        state.toast = Some(Toast::info(text, cx.now));
    }
}
