//! Typing in the request pane: keys and pasted text go into the draft at once.

use super::request;
use crate::app::effect::Effect;
use crate::app::event::Cx;
use crate::app::focus::PaneId;
use crate::app::key::{Key, KeyPress};
use crate::app::pane::request::{Draft, Editing, set_body_text};
use crate::app::state::State;
use crate::import::curl;
use crate::model::id::ItemPath;
use crate::model::request::Request;

/// A key while typing.
pub fn type_key(state: &mut State, press: KeyPress, cx: &Cx, fx: &mut Vec<Effect>) {
    match (&mut state.request.editing, press.key) {
        (None, _) => {}
        (Some(_), Key::Esc) => stop_editing(state, cx, fx),
        (Some(Editing::Url(_)), Key::Enter | Key::Down | Key::Tab) => stop_editing(state, cx, fx),
        (Some(Editing::Cell { row, column, .. }), Key::Enter | Key::Tab | Key::BackTab) => {
            let (row, column) = (*row, *column);
            take(state);
            let next = match (press.key, column) {
                (Key::BackTab, 1) => Some((row, 0)),
                (Key::BackTab, _) => row.checked_sub(1).map(|r| (r, 1)),
                (_, 0) => Some((row, 1)),
                (Key::Tab, _) => Some((row + 1, 0)),
                _ => None,
            };
            match next {
                Some((row, column)) if row < state.request.rows().map_or(0, Vec::len) => {
                    request::edit_cell(state, row, column, cx, fx);
                }
                _ => stop_editing(state, cx, fx),
            }
        }
        (Some(Editing::Url(edit) | Editing::Cell { edit, .. }), _) => {
            edit.key(press);
            take(state);
        }
        (Some(Editing::Body(input) | Editing::Docs(input)), _) => {
            input.key(press);
            take(state);
        }
    }
}

/// What is typed goes into the draft at once, so that sending while typing sends it.
pub fn take(state: &mut State) {
    let Some(editing) = state.request.editing.clone() else { return };
    match editing {
        Editing::Url(edit) => {
            if let Some(draft) = state.request.draft_mut() {
                draft.request.url = edit.text().to_owned();
            }
        }
        Editing::Cell { row, column, edit } => {
            if let Some(cell) = state.request.rows_mut().and_then(|r| r.get_mut(row)) {
                let field = if column == 0 { &mut cell.name } else { &mut cell.value };
                *field = edit.text().to_owned();
            }
        }
        Editing::Body(input) => {
            if let Some(draft) = state.request.draft_mut() {
                set_body_text(&mut draft.request.body, input.text());
            }
        }
        Editing::Docs(input) => {
            if let Some(draft) = state.request.draft_mut() {
                draft.request.docs = input.text();
            }
        }
    }
}

/// Back to NAV. What was typed stays; a URL that is a curl line becomes the request; a row left
/// empty goes.
pub fn stop_editing(state: &mut State, cx: &Cx, _fx: &mut Vec<Effect>) {
    take(state);
    match state.request.editing.take() {
        Some(Editing::Url(edit)) if curl::looks_like_curl(edit.text()) => {
            let text = edit.text().to_owned();
            take_curl(state, &text, cx);
        }
        Some(Editing::Cell { row, .. }) => {
            if let Some(rows) = state.request.rows_mut()
                && rows.get(row).is_some_and(|r| r.name.is_empty() && r.value.is_empty())
            {
                rows.remove(row);
            }
        }
        Some(Editing::Body(input) | Editing::Docs(input)) => state.request.cursor.at = input.cursor().0,
        _ => {}
    }
}

/// True while a body or notes are typed: a curl line there is text.
pub fn is_typing_long_text(state: &State) -> bool {
    matches!(state.request.editing, Some(Editing::Body(_) | Editing::Docs(_)))
}

/// Pasted text into what is being typed.
pub fn paste(state: &mut State, text: &str) {
    match &mut state.request.editing {
        Some(Editing::Url(edit) | Editing::Cell { edit, .. }) => edit.insert(text),
        Some(Editing::Body(input) | Editing::Docs(input)) => input.paste(text),
        None => {}
    }
    take(state);
}

/// A curl line becomes the request shown (name, captures, checks and docs stay), else a scratch one.
pub fn take_curl(state: &mut State, text: &str, cx: &Cx) {
    let import = match curl::parse(text) {
        Ok(import) => import,
        Err(problem) => {
            state.complain(&problem);
            return;
        }
    };
    state.request.editing = None;
    state.focus_on(PaneId::Request);
    if state.request.draft().is_none() {
        let scratch = ItemPath::default();
        state.request.drafts.insert(scratch.clone(), Draft::new(Request::new("Scratch", "GET", "")));
        state.request.path = Some(scratch);
    }
    if let Some(draft) = state.request.draft_mut() {
        draft.remember();
        let old = draft.request.clone();
        let mut new = import.request;
        new.name = old.name;
        new.captures = old.captures;
        new.checks = old.checks;
        new.docs = old.docs;
        new.tags = old.tags;
        new.variables = old.variables;
        draft.request = new;
    }
    let more = match import.warnings.first() {
        Some(first) => format!(" — {first}"),
        None => String::new(),
    };
    state.request.on_url = true;
    state.say(format!("the curl line is the request now; u takes it back{more}"), cx);
}
