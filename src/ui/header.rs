//! The first row (workspace, environment, the flow, the token's countdown, the mode), the hint bar
//! and the message above it.

use super::canvas::Canvas;
use super::format;
use crate::app::command::Command;
use crate::app::event::Cx;
use crate::app::flow_strip::{Step, StepState};
use crate::app::focus::Mode;
use crate::app::state::State;
use crate::app::toast::Tone;
use crate::app::update::{hint_word, hints as hint_commands};
use crate::app::view::HitTarget;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

/// The first row.
pub fn draw(canvas: &mut Canvas<'_>, state: &State, cx: &Cx, row: Rect) {
    let theme = canvas.theme;
    let wide = row.width >= 100;
    let mode = match state.mode() {
        Mode::Nav => " NAV ",
        Mode::Edit => " EDIT ",
    };
    let mode_style = if state.mode() == Mode::Edit { theme.selected } else { theme.title };
    let mut right = row.right();
    right -= canvas.text_right(right, row.y, 8, mode, mode_style);
    if let Some((text, style)) = countdown(canvas, state, cx) {
        right -= canvas.text_right(right, row.y, 24, &format!("{text} "), style);
    }
    if row.width >= 72 {
        let words = if wide { format!("vault {}  ", state.vault) } else { format!("{} ", state.vault) };
        right -= canvas.text_right(right, row.y, 20, &words, vault_style(canvas, state));
    }
    let page = matches!(state.overlays.last(), Some(crate::app::overlay::Overlay::Login));
    if !state.logins.all.is_empty() && !page {
        let key = state.keymap.label(Command::Login);
        let used = canvas.text_right(right, row.y, 24, &format!(" {key} login waits  "), theme.warn);
        canvas.hit(Rect::new(right - used, row.y, used, 1), HitTarget::Command(Command::Login));
        right -= used;
    }
    let mut x = row.x + 1;
    let room = |x: u16| right.saturating_sub(x);
    let name = if state.workspace.name.is_empty() { "hallpass" } else { &state.workspace.name };
    x += canvas.text(x, row.y, room(x).min(if wide { 24 } else { 12 }), name, theme.title) + 2;
    let env = state.environment.as_deref().unwrap_or("none");
    let active = state.active();
    let style =
        if active.is_some_and(|e| e.protected || e.network.insecure) { theme.danger } else { theme.accent };
    let before = x;
    x += canvas.text(x, row.y, room(x), "env ", theme.plain);
    x += canvas.text(x, row.y, room(x).min(20), env, style);
    if active.is_some_and(|e| e.protected) {
        x += canvas.text(x, row.y, room(x), " PROTECTED", theme.danger);
    }
    if active.is_some_and(|e| e.network.insecure) {
        x += canvas.text(x, row.y, room(x), " INSECURE", theme.danger);
    }
    canvas.hit(Rect::new(before, row.y, x - before, 1), HitTarget::Environment);
    x += if wide { 3 } else { 2 };
    flow(canvas, state, x, row.y, room(x), wide);
}

fn vault_style(canvas: &Canvas<'_>, state: &State) -> Style {
    match state.vault {
        "keyring" | "file" => canvas.theme.plain,
        _ => canvas.theme.warn,
    }
}

fn countdown(canvas: &Canvas<'_>, state: &State, cx: &Cx) -> Option<(String, Style)> {
    let token = state.token.token().filter(|t| t.key.environment == state.environment_name())?;
    let left = token.remaining(cx.now)?;
    let style = match left.as_secs() {
        ..=0 => canvas.theme.error,
        1..=59 => canvas.theme.warn,
        _ => canvas.theme.plain,
    };
    Some((format!("token {}", format::countdown(left)), style))
}

fn flow(canvas: &mut Canvas<'_>, state: &State, mut x: u16, y: u16, room: u16, wide: bool) {
    let theme = canvas.theme;
    let end = x + room;
    let next = state.flow.next();
    let step_word = |step: Step, codes: bool| match state.flow.state(step) {
        StepState::Todo => (String::new(), theme.plain),
        StepState::Running => (" …".to_owned(), theme.warn),
        StepState::Done(word) => (format!(" {word}"), theme.ok),
        StepState::Failed(word) => {
            let bare = word.rsplit_once(' ').filter(|(_, code)| !codes && code.contains('.'));
            (format!(" {}", bare.map_or(word.as_str(), |(word, _)| word)), theme.error)
        }
    };
    // The code of what was refused stands there where no step has to go for it.
    let all: usize =
        Step::ALL.into_iter().map(|s| s.title().width() + step_word(s, true).0.width() + 3).sum();
    let codes = wide && all < usize::from(room);
    for (at, step) in Step::ALL.into_iter().enumerate() {
        let name = if wide { step.title() } else { step.short() };
        let (word, style) = step_word(step, codes);
        let mark = if next == Some(step) { format!("{} ", theme.glyphs.closed) } else { String::new() };
        let then = if at > 0 { format!(" {} ", theme.glyphs.then) } else { String::new() };
        let width =
            u16::try_from(then.width() + mark.width() + name.width() + word.width()).unwrap_or(u16::MAX);
        if x + width > end {
            return;
        }
        x += canvas.text(x, y, end - x, &then, theme.dim);
        let before = x;
        let name_style = if next == Some(step) { theme.title } else { theme.plain };
        x += canvas.pieces(x, y, end - x, &[(&mark, theme.accent), (name, name_style), (&word, style)]);
        canvas.hit(Rect::new(before, y, x - before, 1), HitTarget::Flow(step));
    }
    if next.is_some() && x + 12 < end {
        let key = state.keymap.label(crate::app::command::Command::FlowNext);
        canvas.pieces(x + 2, y, end - x - 2, &[(&key, theme.key), (" runs it", theme.dim)]);
    }
}

/// The last row: what matters now, made from the command table, so never stale.
pub fn hints(canvas: &mut Canvas<'_>, state: &State, row: Rect) {
    let theme = canvas.theme;
    if matches!(state.overlays.last(), Some(crate::app::overlay::Overlay::Login)) {
        super::login::keys(canvas, state, row);
        return;
    }
    // The panes' keys do not work while something lies over them: to name them would be a lie.
    if !state.overlays.is_empty() {
        overlay_hints(canvas, state, row);
        return;
    }
    let mut right = row.right().saturating_sub(1);
    let always: &[Command] =
        if state.mode() == Mode::Edit { &[] } else { &[Command::Quit, Command::Help, Command::Palette] };
    for command in always {
        let key = state.keymap.label(*command);
        let word = if row.width < 100 { String::new() } else { format!(" {}", command.info().hint) };
        let width = u16::try_from(key.width() + word.width()).unwrap_or(0);
        if width + 2 > right {
            break;
        }
        right -= width;
        canvas.pieces(right, row.y, width, &[(&key, theme.key), (&word, theme.plain)]);
        canvas.hit(Rect::new(right, row.y, width, 1), HitTarget::Command(*command));
        right -= 2;
    }
    let mut x = row.x + 1;
    if state.mode() == Mode::Edit {
        let send = state.keymap.label(Command::Send);
        let send = if send.len() == 1 { "^R".to_owned() } else { send };
        let pieces: &[(&str, &str)] = match &state.request.editing {
            Some(crate::app::pane::request::Editing::Cell { .. }) => {
                &[("Enter", "next"), ("Tab", "next cell"), ("Esc", "done")]
            }
            Some(crate::app::pane::request::Editing::Url(_)) => &[("Enter", "done"), ("Esc", "done")],
            _ => &[("Esc", "done"), ("^S", "save")],
        };
        for (key, word) in pieces.iter().copied().chain([(send.as_str(), "send")]) {
            if x + 12 > right {
                break;
            }
            x += canvas.pieces(
                x,
                row.y,
                right - x,
                &[(key, theme.key), (" ", theme.plain), (word, theme.plain)],
            ) + 3;
        }
        return;
    }
    for command in hint_commands(state).into_iter().take(6) {
        let key = state.keymap.label(command);
        let word = format!(" {}", hint_word(state, command));
        let width = u16::try_from(key.width() + word.width()).unwrap_or(0);
        if x + width + 1 > right {
            break;
        }
        canvas.pieces(x, row.y, width, &[(&key, theme.key), (&word, theme.plain)]);
        canvas.hit(Rect::new(x, row.y, width, 1), HitTarget::Command(command));
        x += width + 2;
    }
}

/// What the keys do in what lies over the panes.
fn overlay_hints(canvas: &mut Canvas<'_>, state: &State, row: Rect) {
    use crate::app::overlay::Overlay;
    let theme = canvas.theme;
    let mut more: Vec<(&str, &str)> = Vec::new();
    let keys: &[(&str, &str)] = match state.overlays.last() {
        Some(Overlay::Help { .. } | Overlay::Palette { .. }) => {
            &[("letters", "filter"), ("Enter", "runs"), ("Up Down", "move"), ("Esc", "closes")]
        }
        Some(Overlay::Picker(_)) => {
            &[("letters", "filter"), ("Enter", "chooses"), ("Up Down", "move"), ("Esc", "closes")]
        }
        Some(Overlay::Prompt(_)) => &[("Enter", "takes it"), ("Esc", "gives up")],
        Some(Overlay::Confirm(_)) => &[("y", "yes"), ("n", "no"), ("Esc", "no")],
        Some(Overlay::Profile { .. }) => {
            &[("Enter", "edits"), ("j k", "move"), ("x", "clears"), ("u", "undoes"), ("Esc", "closes")]
        }
        Some(Overlay::Text(view)) => {
            more.extend(view.resend.as_ref().map(|_| ("s", "sends again")));
            more.extend(view.offer.as_ref().map(|offer| ("y", offer.words)));
            more.extend((!view.exchanges.is_empty()).then_some(("o", "exchange")));
            &[("j k", "scroll"), ("Esc", "closes")]
        }
        Some(Overlay::Welcome { .. }) => &[("Enter", "chooses"), ("Esc", "closes")],
        _ => &[("Esc", "closes")],
    };
    let mut x = row.x + 1;
    for (key, word) in more.iter().chain(keys) {
        let width = u16::try_from(key.width() + word.width() + 1).unwrap_or(u16::MAX);
        if x.saturating_add(width) > row.right() {
            break;
        }
        canvas.pieces(x, row.y, width, &[(key, theme.key), (" ", theme.plain), (word, theme.plain)]);
        x += width + 2;
    }
}

/// The message, over the lowest border; long ones take more rows.
pub fn toast(canvas: &mut Canvas<'_>, state: &State, row: Rect) {
    let Some(toast) = &state.toast else { return };
    let theme = canvas.theme;
    let style = match toast.tone {
        Tone::Info => theme.ok,
        Tone::Error => theme.error,
    };
    let width = usize::from(row.width.saturating_sub(4)).max(10);
    let safe = crate::content::visible::visible(&toast.text).into_owned();
    let lines = super::overlay::wrap(&safe, width);
    let count = u16::try_from(lines.len().min(4)).unwrap_or(1);
    let top = (row.y + 1).saturating_sub(count);
    for (at, line) in lines.iter().take(4).enumerate() {
        let y = top + u16::try_from(at).unwrap_or(0);
        let rect = Rect::new(row.x, y, row.width, 1);
        canvas.clear(rect);
        let mark = if at == 0 && toast.tone == Tone::Error { " ! " } else { "   " };
        canvas.pieces(rect.x, y, rect.width, &[(mark, style), (line, style)]);
    }
}
