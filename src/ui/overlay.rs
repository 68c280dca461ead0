//! What lies over the panes.

use super::canvas::Canvas;
use super::lit::lit;
use crate::app::command::COMMANDS;
use crate::app::event::Cx;
use crate::app::key::KeyPress;
use crate::app::line_edit::LineEdit;
use crate::app::list::Cursor;
use crate::app::overlay::{Confirm, Overlay, Picker, Prompt, TextView};
use crate::app::state::State;
use crate::app::update::{LABELS, WELCOME, filtered_commands, jump_places, why_disabled};
use crate::app::view::HitTarget;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::time::Duration;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The topmost layer (those below it are hidden by it, or not worth the room).
pub fn draw(canvas: &mut Canvas<'_>, state: &State, cx: &Cx, area: Rect) {
    let Some(overlay) = state.overlays.last() else { return };
    canvas.no_cursor();
    match overlay {
        Overlay::Help { filter, cursor } => {
            commands(canvas, state, area, "Help: every command and its keys", filter, *cursor)
        }
        Overlay::Palette { filter, cursor } => commands(canvas, state, area, "Commands", filter, *cursor),
        Overlay::Picker(p) => picker(canvas, area, p),
        Overlay::Prompt(p) => prompt(canvas, area, p),
        Overlay::Confirm(c) => confirm(canvas, area, c),
        Overlay::Text(t) => text(canvas, area, t),
        Overlay::Goto { since } => {
            if cx.now.saturating_duration_since(*since) >= Duration::from_millis(250) {
                goto(canvas, state, area);
            }
        }
        Overlay::Jump => jump(canvas),
        Overlay::Login => super::login::draw(canvas, state, cx, area),
        Overlay::Profile { name, cursor } => super::profile::draw(canvas, state, area, name, *cursor),
        Overlay::Welcome { cursor } => welcome(canvas, area, *cursor),
    }
}

/// A box in the middle of the screen, a little above it. Gives the inside.
pub fn window(canvas: &mut Canvas<'_>, area: Rect, width: u16, height: u16, title: &str, info: &str) -> Rect {
    let width = width.min(area.width);
    let height = height.min(area.height);
    let rect =
        Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 3, width, height);
    canvas.clear(rect);
    canvas.frame(rect, title, info, true)
}

fn commands(
    canvas: &mut Canvas<'_>,
    state: &State,
    area: Rect,
    title: &str,
    filter: &LineEdit,
    cursor: Cursor,
) {
    let theme = canvas.theme;
    let inside = window(canvas, area, 84, area.height.saturating_sub(2).max(8), title, "Enter runs · Esc");
    if inside.height < 3 {
        return;
    }
    canvas.text(inside.x + 1, inside.y, 2, "/ ", theme.key);
    let rows = filtered_commands(filter.text());
    let list = Rect::new(inside.x, inside.y + 1, inside.width, inside.height - 1);
    canvas.overlay_height(list.height);
    let first = cursor.first(rows.len(), usize::from(list.height));
    for ((at, row), y) in rows.iter().enumerate().skip(first).zip(list.y..list.bottom()) {
        let keys: Vec<String> = COMMANDS
            .iter()
            .filter(|c| c.command == row.command)
            .map(|c| state.keymap.labels(c))
            .filter(|l| !l.is_empty())
            .collect();
        let strip = Rect::new(list.x, y, list.width, 1);
        canvas.hit(strip, HitTarget::OverlayRow(at));
        canvas.text(list.x + 1, y, 22, &keys.join(" "), theme.key);
        let disabled = why_disabled(state, row.command);
        let style = if disabled.is_some() { theme.dim } else { theme.plain };
        let used = canvas.text(list.x + 24, y, list.width.saturating_sub(25), row.title, style);
        if let (Some(why), true) = (disabled, at == cursor.at) {
            let x = list.x + 24 + used;
            canvas.text(x, y, list.right().saturating_sub(x), &format!(": {why}"), theme.warn);
        }
        if at == cursor.at {
            canvas.paint(strip, theme.selected);
        }
    }
    if rows.is_empty() {
        canvas.text(list.x + 1, list.y, list.width, "no command is called so", theme.dim);
    }
    canvas.line_edit(inside.x + 3, inside.y, inside.width.saturating_sub(4), filter, false);
}

fn picker(canvas: &mut Canvas<'_>, area: Rect, picker: &Picker) {
    let theme = canvas.theme;
    let label = picker.items.iter().map(|i| i.label.width()).max().unwrap_or(8).min(48);
    let detail = picker.items.iter().map(|i| i.detail.width()).max().unwrap_or(12);
    let widest = label + detail + 8;
    let width = u16::try_from(widest).unwrap_or(u16::MAX).clamp(44, area.width.saturating_sub(4).max(44));
    let height = u16::try_from(picker.items.len())
        .unwrap_or(u16::MAX)
        .saturating_add(4)
        .min(area.height.saturating_sub(2));
    let inside = window(canvas, area, width, height, &picker.title, "Enter · Esc");
    if inside.height < 2 {
        return;
    }
    let matches = picker.matches();
    let list = Rect::new(inside.x, inside.y + 1, inside.width, inside.height - 1);
    canvas.overlay_height(list.height);
    let first = picker.cursor.first(matches.len(), usize::from(list.height));
    for ((at, item), y) in matches.iter().enumerate().skip(first).zip(list.y..list.bottom()) {
        let Some(item) = picker.items.get(*item) else { continue };
        let strip = Rect::new(list.x, y, list.width, 1);
        canvas.hit(strip, HitTarget::OverlayRow(at));
        let label = u16::try_from(label).unwrap_or(20);
        canvas.text(list.x + 1, y, label, &item.label, theme.plain);
        let x = list.x + 3 + label;
        canvas.text(x, y, list.right().saturating_sub(x), &item.detail, theme.dim);
        if at == picker.cursor.at {
            canvas.paint(strip, theme.selected);
        }
    }
    if matches.is_empty() {
        canvas.text(list.x + 1, list.y, list.width, "nothing is called so", theme.dim);
    }
    canvas.text(inside.x + 1, inside.y, 2, "/ ", theme.key);
    canvas.line_edit(inside.x + 3, inside.y, inside.width.saturating_sub(4), &picker.filter, false);
}

fn prompt(canvas: &mut Canvas<'_>, area: Rect, prompt: &Prompt) {
    let theme = canvas.theme;
    let width = area.width.saturating_sub(4).min(90);
    let inside = window(canvas, area, width, 6, &prompt.title, "Enter · Esc");
    let x = inside.x + 1;
    let room = inside.width.saturating_sub(2);
    let (text, style) = match &prompt.error {
        Some(error) => (error, theme.error),
        None => (&prompt.hint, theme.dim),
    };
    for (y, line) in (inside.y + 2..inside.bottom()).zip(wrap(text, usize::from(room))) {
        canvas.text(x, y, room, &line, style);
    }
    canvas.line_edit(x, inside.y, room, &prompt.edit, prompt.secret);
}

fn confirm(canvas: &mut Canvas<'_>, area: Rect, question: &Confirm) {
    let theme = canvas.theme;
    let width = area.width.saturating_sub(4).min(70);
    let lines = wrap(&question.text, usize::from(width.saturating_sub(4)));
    let height = u16::try_from(lines.len()).unwrap_or(3) + 4;
    let inside = window(canvas, area, width, height, "Sure?", "");
    let room = inside.width.saturating_sub(2);
    for (y, line) in (inside.y..inside.bottom()).zip(&lines) {
        canvas.text(inside.x + 1, y, room, line, theme.plain);
    }
    let y = inside.bottom().saturating_sub(1);
    let pieces = [
        ("y", theme.key),
        (" yes    ", theme.plain),
        ("n", theme.key),
        (" or ", theme.plain),
        ("Esc", theme.key),
        (" no", theme.plain),
    ];
    canvas.pieces(inside.x + 1, y, room, &pieces);
}

fn text(canvas: &mut Canvas<'_>, area: Rect, view: &TextView) {
    let theme = canvas.theme;
    let width = view.lines.iter().map(|l| l.width()).max().unwrap_or(20) + 4;
    let width = u16::try_from(width).unwrap_or(u16::MAX).clamp(50, area.width.saturating_sub(2).max(50));
    let room = usize::from(width.min(area.width).saturating_sub(4));
    let limit = usize::from(area.height);
    let needed: usize = view.lines.iter().take(limit).map(|l| folded(l, room).len()).sum();
    let height =
        u16::try_from(needed).unwrap_or(u16::MAX).saturating_add(2).min(area.height.saturating_sub(2));
    let inside = window(canvas, area, width, height.max(5), &view.title, &text_keys(view));
    canvas.overlay_height(inside.height);
    let room = usize::from(inside.width.saturating_sub(2));
    // In rows, not lines: a body is often one line longer than the screen.
    let rows: Vec<(usize, String)> = view
        .lines
        .iter()
        .enumerate()
        .flat_map(|(at, line)| folded(line, room).into_iter().map(move |row| (at, row)))
        .collect();
    let last_top = rows.len().saturating_sub(usize::from(inside.height));
    canvas.text_last_top(last_top);
    let rows = rows.iter().skip(view.top.min(last_top));
    for (y, (at, row)) in (inside.y..inside.bottom()).zip(rows) {
        let pieces = match view.lit.as_ref().filter(|(line, _)| line == at) {
            Some((_, quote)) if row.contains(quote.as_str()) && !quote.is_empty() => {
                lit(row, quote, theme.plain, theme.found)
            }
            // A quote that the rows cut apart is all of them.
            Some(_) => vec![(row.clone(), theme.found)],
            None => vec![(row.clone(), theme.plain)],
        };
        let pieces: Vec<(&str, Style)> = pieces.iter().map(|(t, s)| (t.as_str(), *s)).collect();
        canvas.pieces(inside.x + 1, y, inside.width.saturating_sub(2), &pieces);
    }
}

/// What the keys do to a text, beside reading it.
fn text_keys(view: &TextView) -> String {
    let mut keys = Vec::new();
    if view.resend.is_some() {
        keys.push("s sends again".to_owned());
    }
    if let Some(offer) = &view.offer {
        keys.push(format!("y {}", offer.words));
    }
    if !view.exchanges.is_empty() {
        keys.push("o exchange".to_owned());
    }
    if keys.is_empty() {
        keys.push("j k".to_owned());
    }
    keys.push("Esc".to_owned());
    keys.join(" · ")
}

/// A line in rows of a width: nothing of a URL or a sentence may be lost; what follows keeps the indent.
fn folded(line: &str, width: usize) -> Vec<String> {
    if line.width() <= width {
        return vec![line.to_owned()];
    }
    let text = line.trim_start();
    let indent = &line[..line.len() - text.len()];
    let indent = if indent.len() < width / 2 { indent } else { "" };
    wrap(text, width - indent.len()).into_iter().map(|row| format!("{indent}{row}")).collect()
}

fn goto(canvas: &mut Canvas<'_>, state: &State, area: Rect) {
    let theme = canvas.theme;
    let Ok(first) = KeyPress::parse("g") else { return };
    let rows = state.keymap.after(first);
    let height = u16::try_from(rows.len()).unwrap_or(8) + 2;
    let rect = Rect::new(
        area.x,
        area.bottom().saturating_sub(height + 1),
        40.min(area.width),
        height.min(area.height),
    );
    canvas.clear(rect);
    let inside = canvas.frame(rect, "go to", "Esc", true);
    for (y, (key, row)) in (inside.y..inside.bottom()).zip(&rows) {
        canvas.pieces(
            inside.x + 1,
            y,
            inside.width,
            &[(key, theme.key), ("  ", theme.plain), (row.title, theme.plain)],
        );
    }
}

fn jump(canvas: &mut Canvas<'_>) {
    let style = canvas.theme.found;
    for (place, label) in jump_places(canvas.hits()).into_iter().zip(LABELS.chars()) {
        canvas.text(place.x, place.y, 1, &label.to_string(), style);
    }
}

fn welcome(canvas: &mut Canvas<'_>, area: Rect, cursor: Cursor) {
    let theme = canvas.theme;
    let inside = window(canvas, area, 84, 11, "Welcome to hallpass", "");
    let x = inside.x + 2;
    let room = inside.width.saturating_sub(4);
    canvas.text(
        x,
        inside.y,
        room,
        "A workbench for APIs behind OAuth 2.0. This workspace is empty.",
        theme.plain,
    );
    for ((at, (key, words)), y) in WELCOME.iter().enumerate().zip(inside.y + 2..inside.bottom()) {
        let strip = Rect::new(inside.x, y, inside.width, 1);
        canvas.hit(strip, HitTarget::OverlayRow(at));
        canvas.pieces(x, y, room, &[(&format!("{key:<2}"), theme.key), (words, theme.plain)]);
        if at == cursor.at {
            canvas.paint(strip, theme.selected);
        }
    }
    if inside.height > 7 {
        canvas.text(x, inside.bottom() - 1, room, "? shows every key, : every command", theme.dim);
    }
}

/// Breaks a text at blanks into lines of at most `width` columns; longer words are cut.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(4);
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        let mut used = 0;
        for word in paragraph.split_inclusive(' ') {
            let bare = word.trim_end().width();
            if used + bare > width && used > 0 {
                lines.push(line.trim_end().to_owned());
                line = String::new();
                used = 0;
            }
            for grapheme in word.graphemes(true) {
                let wide = grapheme.width();
                if used + wide > width && grapheme != " " {
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                }
                line.push_str(grapheme);
                used += wide;
            }
        }
        if !line.trim().is_empty() {
            lines.push(line.trim_end().to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_of_a_text_page_is_folded_under_its_indent() {
        assert_eq!(folded("  one two three", 9), ["  one two", "  three"]);
        assert_eq!(folded("> GET http://h/abc", 12), ["> GET", "http://h/abc"]);
        assert_eq!(folded("", 9), [""]);
    }

    #[test]
    fn long_words_are_cut_and_blanks_are_preferred() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("", 4), Vec::<String>::new());
    }
}
