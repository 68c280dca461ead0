//! The line right under the status: why it was refused, and the keys that help; and the pane of a token request.

use crate::app::command::Command;
use crate::app::event::Cx;
use crate::app::focus::PaneId;
use crate::app::pane::diagnosis::Subject;
use crate::app::state::State;
use crate::app::view::HitTarget;
use crate::content::visible::visible;
use crate::diagnose::Diagnosis;
use crate::ui::canvas::Canvas;
use crate::ui::overlay::wrap;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

/// From this height on the sentence may take a second row.
const TALL: u16 = 9;

/// `Why: the token expired   d findings   f get a new token`. Gives the rows used.
pub fn draw(canvas: &mut Canvas<'_>, state: &State, diagnosis: &Diagnosis, area: Rect) -> u16 {
    let Some(finding) = diagnosis.first().filter(|_| area.height > 0) else { return 0 };
    let theme = canvas.theme;
    let why = format!("Why: {}", visible(&finding.summary));
    let remedy = finding.remedies.first().map(|r| visible(&r.text()).into_owned());
    let keys = |long: bool| {
        let mut keys = vec![(Command::Diagnosis, " findings".to_owned())];
        if let Some(remedy) = &remedy {
            keys.push((Command::Fix, if long { format!(" {remedy}") } else { " fix".to_owned() }));
        }
        keys
    };
    let width = usize::from(area.width);
    let wide = |keys: &[(Command, String)]| -> usize {
        keys.iter().map(|(c, w)| 3 + state.keymap.label(*c).width() + w.width()).sum()
    };
    let rows = wrap(&why, width);
    let last = rows.last().map_or(0, |row| row.width());
    let tall = area.height >= TALL;
    let fits =
        |keys: &[(Command, String)]| rows.len() <= if tall { 2 } else { 1 } && last + wide(keys) <= width;
    let (long, short) = (keys(true), keys(false));
    let (rows, keys) = if fits(&long) {
        (rows, long)
    } else if fits(&short) {
        (rows, short)
    } else if tall {
        // A row of their own, long where they fit.
        let keys = if wide(&long) <= width + 3 { long } else { short };
        let rows = rows.into_iter().take(2).chain([String::new()]).collect();
        (rows, keys)
    } else {
        (vec![why], short)
    };
    let one = !tall;
    let count = u16::try_from(rows.len()).unwrap_or(1).min(area.height);
    for (at, row) in rows.iter().enumerate().take(usize::from(count)) {
        let y = area.y + u16::try_from(at).unwrap_or(0);
        let is_last = at + 1 == usize::from(count);
        let room = match (is_last, one) {
            (true, true) => width.saturating_sub(wide(&keys)).max(width / 3),
            _ => width,
        };
        let mut x = area.x;
        let (label, rest) =
            if at == 0 { row.split_at("Why:".len().min(row.len())) } else { ("", row.as_str()) };
        let room = u16::try_from(room).unwrap_or(area.width);
        x += canvas.pieces(x, y, room, &[(label, theme.title), (rest, theme.warn)]);
        if !is_last {
            continue;
        }
        for (command, words) in &keys {
            let key = state.keymap.label(*command);
            if x > area.x {
                x += 3;
            }
            let left = area.right().saturating_sub(x);
            if usize::from(left) < key.width() + words.width() {
                break;
            }
            let used = canvas.pieces(x, y, left, &[(&key, theme.key), (words, theme.plain)]);
            canvas.hit(Rect::new(x, y, used, 1), HitTarget::Command(*command));
            x += used;
        }
    }
    count
}

/// The findings of a token request that was made by itself.
pub fn of_token(canvas: &mut Canvas<'_>, state: &State, cx: &Cx, area: Rect) {
    let theme = canvas.theme;
    let Some(failure) = &state.token.failure else { return };
    let response = failure.exchange.as_ref().and_then(|e| e.response.as_ref());
    let (status, style) = match response {
        Some(r) => {
            let text = format!("{} {}", r.status, r.reason.as_deref().unwrap_or(""));
            (text.trim_end().to_owned(), theme.status(r.status))
        }
        None => ("no answer".to_owned(), theme.error),
    };
    let url = failure.exchange.as_ref().map(|e| state.redactor.mask(&e.request.url)).unwrap_or_default();
    let pieces =
        [("the token request   ", theme.accent), (status.as_str(), style), ("   ", style), (&url, theme.dim)];
    canvas.pieces(area.x, area.y, area.width, &pieces);
    let mut y = area.y + 1;
    if let Some(view) = state.view_shown().filter(|_| area.height > 2) {
        super::response::tabs(canvas, state, view, area.x, y, area.width);
        y += 1;
    }
    y += u16::from(area.height >= 14);
    let rest = Rect { y, height: area.bottom().saturating_sub(y), ..area };
    canvas.height(PaneId::Response, rest.height);
    super::diagnosis::draw(canvas, state, cx, &Subject::Token, rest);
}
