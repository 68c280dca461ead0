//! The mouse: everything it does has a key.

use super::{command, diagnosis, flow, overlays, request, typing};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::event::Cx;
use crate::app::focus::PaneId;
use crate::app::key::{Button, Key, KeyPress, MouseEvent, MouseKind};
use crate::app::state::State;
use crate::app::view::HitTarget;

/// Rows a notch of the wheel moves.
const WHEEL: usize = 3;

/// A click or a turn of the wheel.
pub fn mouse(state: &mut State, event: MouseEvent, cx: &Cx, fx: &mut Vec<Effect>) {
    let target = state.view.at(event.column, event.row);
    match event.kind {
        MouseKind::Down(Button::Left) => {
            if let Some(target) = target {
                click(state, target, cx, fx);
            }
        }
        MouseKind::ScrollUp | MouseKind::ScrollDown => {
            let command = if event.kind == MouseKind::ScrollUp { Command::Up } else { Command::Down };
            if !state.overlays.is_empty() {
                for _ in 0..WHEEL {
                    overlays::scroll(state, if command == Command::Up { -1 } else { 1 });
                }
                return;
            }
            let over = match target {
                Some(HitTarget::Row(pane, _) | HitTarget::Pane(pane)) => pane,
                _ => state.focus,
            };
            if state.request.editing.is_some() {
                return;
            }
            let focus = std::mem::replace(&mut state.focus, over);
            for _ in 0..WHEEL {
                command::run(state, command, cx, fx);
            }
            state.focus = focus;
        }
        _ => {}
    }
}

/// What a click on a thing does; the jump labels use it too.
pub fn click(state: &mut State, target: HitTarget, cx: &Cx, fx: &mut Vec<Effect>) {
    if !state.overlays.is_empty() {
        if let HitTarget::OverlayRow(row) = target {
            overlays::click(state, row, cx, fx);
        }
        if let HitTarget::OverlayKey(key) = target {
            overlays::key(state, KeyPress::plain(Key::Char(key)), cx, fx);
        }
        return;
    }
    if state.request.editing.is_some() && !matches!(target, HitTarget::Command(_)) {
        typing::stop_editing(state, cx, fx);
    }
    match target {
        HitTarget::Pane(pane) => state.focus_on(pane),
        HitTarget::Row(pane, row) => {
            let again = state.focus == pane;
            state.focus_on(pane);
            select(state, pane, row, again, cx, fx);
        }
        HitTarget::Url => request::edit_url(state),
        HitTarget::Method => request::pick_method(state),
        HitTarget::RequestTab(tab) => request::go_tab(state, tab),
        HitTarget::ResponseTab(tab) => {
            state.focus_on(PaneId::Response);
            state.response.tab = tab;
            state.response.token_of = None;
        }
        HitTarget::Flow(step) => flow::run_step(state, step, cx, fx),
        HitTarget::Environment => command::run(state, Command::SwitchEnvironment, cx, fx),
        HitTarget::Command(command) => command::run(state, command, cx, fx),
        HitTarget::Finding(row, command) => diagnosis::click_key(state, row, command, cx, fx),
        HitTarget::OverlayRow(_) | HitTarget::OverlayKey(_) => {}
    }
}

fn select(state: &mut State, pane: PaneId, row: usize, again: bool, cx: &Cx, fx: &mut Vec<Effect>) {
    match pane {
        PaneId::Environments => {
            let was = std::mem::replace(&mut state.environments.cursor.at, row);
            if again && was == row {
                command::run(state, Command::Open, cx, fx);
            }
        }
        PaneId::Collections => {
            let was = state.collections.at();
            state.collections.select_row(row);
            state.show_selected();
            if again && was == row {
                command::run(state, Command::Open, cx, fx);
            }
        }
        PaneId::Request => {
            state.request.on_url = false;
            let was = std::mem::replace(&mut state.request.cursor.at, row);
            if again && was == row {
                command::run(state, Command::Open, cx, fx);
            }
        }
        PaneId::Response if state.in_diagnosis() => diagnosis::click(state, row, again, cx, fx),
        PaneId::Response => {
            let tab = state.response.tab;
            if let Some(view) = state.view_shown_mut() {
                let was = std::mem::replace(&mut view.cursor(tab).at, row);
                if again && was == row {
                    command::run(state, Command::Toggle, cx, fx);
                }
            }
        }
        PaneId::Token => {
            state.token.at = row.min(state.token.tokens.len().saturating_sub(1));
            flow::show_token(state, cx, fx);
        }
        PaneId::Jwt => {}
    }
}
