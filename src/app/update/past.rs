//! Undo, redo and the history.

use crate::app::effect::{Effect, Target};
use crate::app::event::Cx;
use crate::app::focus::PaneId;
use crate::app::overlay::{Overlay, Pick, PickItem, Picker};
use crate::app::state::State;

/// `u`: in the request pane the last edit, else the last change of files.
pub fn undo(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    if state.focus == PaneId::Request && state.request.draft_mut().is_some_and(|d| d.undo()) {
        return;
    }
    match state.undo.pop() {
        Some(change) => {
            let job = state.jobs.start(Target::Workspace, cx.now);
            state.say(format!("undone: {}", change.words), cx);
            state.redo.push(change.clone());
            fx.push(Effect::Undo(job, Box::new(change)));
        }
        None => super::hint(state, "nothing to undo", cx),
    }
}

/// `U`: the same forth.
pub fn redo(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    if state.focus == PaneId::Request && state.request.draft_mut().is_some_and(|d| d.redo()) {
        return;
    }
    match state.redo.pop() {
        Some(change) => {
            let job = state.jobs.start(Target::Workspace, cx.now);
            state.say(format!("done again: {}", change.words), cx);
            state.undo.push(change.clone());
            fx.push(Effect::Redo(job, Box::new(change)));
        }
        None => super::hint(state, "nothing to do again", cx),
    }
}

/// `H`: past exchanges.
pub fn history(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    if state.history.is_empty() {
        let job = state.jobs.start(Target::Other("history"), cx.now);
        fx.push(Effect::ListHistory(job));
        return;
    }
    let items = state.history.iter().map(|entry| history_item(entry, cx)).collect();
    state.overlays.push(Overlay::Picker(Picker::new("History", items, 0)));
}

fn history_item(entry: &crate::model::history::HistoryEntry, cx: &Cx) -> PickItem {
    let outcome = match (entry.status, &entry.failure) {
        (Some(status), _) => status.to_string(),
        (None, _) => "failed".to_owned(),
    };
    let at = entry.at.to_zoned(cx.zone.clone()).strftime("%m-%d %H:%M:%S").to_string();
    PickItem {
        label: format!("{outcome:<6} {:<6} {}", entry.method, entry.name),
        detail: format!("{at}  {}  {}", entry.environment, entry.url),
        pick: Pick::History(entry.id.clone()),
    }
}
