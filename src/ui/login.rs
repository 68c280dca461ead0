//! The page of a login that waits: every road there is, at once. No frame at the sides, so that the
//! terminal's own selection takes an address without it.

use super::canvas::Canvas;
use super::format;
use super::overlay::wrap;
use super::qr::{self, Code};
use crate::app::event::Cx;
use crate::app::login::{Login, masked};
use crate::app::state::State;
use crate::app::update::LOGIN_KEYS;
use crate::app::view::HitTarget;
use crate::content::visible::visible;
use crate::flow::login::DeviceRoad;
use jiff::Timestamp;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns that words need beside a QR code.
const BESIDE: usize = 40;

/// A row of the page.
#[derive(Default)]
struct Row {
    pieces: Vec<(String, Style)>,
    /// A row of the QR code and its column.
    code: Option<(u16, String)>,
    hit: Option<HitTarget>,
}

impl Row {
    fn of(pieces: Vec<(String, Style)>) -> Row {
        Row { pieces, ..Row::default() }
    }
}

/// The page, between the first row and the hints.
pub fn draw(canvas: &mut Canvas<'_>, state: &State, cx: &Cx, area: Rect) {
    let Some(login) = state.logins.current() else { return };
    let page = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area };
    canvas.clear(page);
    title(canvas, login, cx, page);
    let field = Rect { y: page.bottom().saturating_sub(1), height: 1, ..page };
    let inside = Rect { y: page.y + 1, height: page.height.saturating_sub(2), ..page };
    if state.logins.code_only {
        canvas.text_last_top(0);
        code_only(canvas, login, Rect { height: inside.height + 1, ..inside });
        return;
    }
    let rows = rows(canvas, state, login, cx, inside);
    let last_top = rows.len().saturating_sub(usize::from(inside.height));
    canvas.text_last_top(last_top);
    canvas.overlay_height(inside.height);
    let top = state.logins.top.min(last_top);
    for (y, row) in (inside.y..inside.bottom()).zip(rows.iter().skip(top)) {
        let pieces: Vec<(&str, Style)> = row.pieces.iter().map(|(t, s)| (t.as_str(), *s)).collect();
        canvas.pieces(inside.x, y, inside.width, &pieces);
        if let Some((x, code)) = &row.code {
            let style = ink(canvas).1;
            canvas.text(inside.x + x, y, inside.width.saturating_sub(*x), code, style);
        }
        if let Some(hit) = row.hit {
            canvas.hit(Rect::new(inside.x, y, inside.width, 1), hit);
        }
    }
    if top < last_top && inside.height > 0 {
        let y = inside.bottom() - 1;
        canvas.text_right(inside.right(), y, 12, " j: more ", canvas.theme.key);
    }
    paste_field(canvas, state, login, field);
}

fn title(canvas: &mut Canvas<'_>, login: &Login, cx: &Cx, page: Rect) {
    let theme = canvas.theme;
    canvas.text(
        page.x,
        page.y,
        page.width,
        &theme.glyphs.heavy.repeat(usize::from(page.width)),
        theme.accent,
    );
    let left = left(login.roads.until, cx);
    let used = canvas.text_right(
        page.right().saturating_sub(1),
        page.y,
        page.width,
        &format!(" {left} "),
        theme.plain,
    );
    let room = page.width.saturating_sub(used + 3);
    canvas.text(page.x + 1, page.y, room, &format!(" Log in: {} ", who(login)), theme.title);
}

fn who(login: &Login) -> String {
    match login.roads.environment.as_str() {
        "" => login.roads.profile.clone(),
        environment => format!("{} · {environment}", login.roads.profile),
    }
}

fn left(until: Timestamp, cx: &Cx) -> String {
    format::countdown(until.duration_since(cx.wall))
}

/// Dark on light where there is colour; without any the drawn squares are the light ones.
fn ink(canvas: &Canvas<'_>) -> (bool, Style) {
    let color = canvas.theme.ok != Style::new();
    let style = if color { Style::new().fg(Color::Black).bg(Color::White) } else { Style::new() };
    (color, style)
}

fn page_of(device: &DeviceRoad) -> &str {
    device.verification_uri_complete.as_deref().unwrap_or(&device.verification_uri)
}

/// The rows of a code that fits.
fn fitting(canvas: &Canvas<'_>, code: Option<&Code>, width: usize, height: usize) -> Option<Vec<String>> {
    let ascii = canvas.theme.glyphs.side.is_ascii();
    code?.fitting(width, height, ascii, ink(canvas).0)
}

fn code_only(canvas: &mut Canvas<'_>, login: &Login, area: Rect) {
    let Some(device) = &login.roads.device else { return };
    let theme = canvas.theme;
    let code = Code::new(page_of(device));
    match fitting(canvas, code.as_ref(), usize::from(area.width), usize::from(area.height)) {
        Some(rows) => {
            let style = ink(canvas).1;
            let wide = rows.first().map_or(0, |r| r.width());
            let x = area.x + area.width.saturating_sub(u16::try_from(wide).unwrap_or(0)) / 2;
            for (y, row) in (area.y..area.bottom()).zip(&rows) {
                canvas.text(x, y, area.width, row, style);
            }
        }
        None => {
            let words = match code.map(|c| c.size(qr::QUIET[1], theme.glyphs.side.is_ascii())) {
                // Besides it: the first row, the title, the hints.
                Some((wide, high)) => {
                    format!("the QR code needs a window of {wide}x{}; q goes back", high + 3)
                }
                None => "the address is too long for a QR code; q goes back".to_owned(),
            };
            canvas.text(area.x, area.y, area.width, &words, theme.warn);
            canvas.text(area.x, area.y + 1, area.width, page_of(device), theme.plain);
            canvas.text(area.x, area.y + 2, area.width, &device.user_code, theme.title);
        }
    }
}

/// An address in rows of exactly the width: what is selected over several is the address.
fn chunks(text: &str, width: usize) -> Vec<String> {
    let mut rows = vec![String::new()];
    let mut used = 0;
    for grapheme in visible(text).graphemes(true) {
        let wide = grapheme.width();
        if used + wide > width.max(4) {
            rows.push(String::new());
            used = 0;
        }
        if let Some(row) = rows.last_mut() {
            row.push_str(grapheme);
        }
        used += wide;
    }
    rows
}

fn rows(canvas: &Canvas<'_>, state: &State, login: &Login, cx: &Cx, area: Rect) -> Vec<Row> {
    let theme = canvas.theme;
    let width = usize::from(area.width);
    let mut rows = Vec::new();
    if state.logins.all.len() > 1 {
        for (at, other) in state.logins.all.iter().enumerate() {
            let chosen = at == state.logins.at;
            let mark = if chosen { theme.glyphs.closed } else { " " };
            let style = if chosen { theme.title } else { theme.plain };
            let text = format!("{mark} {}  {}", who(other), left(other.roads.until, cx));
            let tab = if chosen { "   Tab" } else { "" };
            rows.push(Row {
                hit: Some(HitTarget::OverlayRow(at)),
                ..Row::of(vec![(text, style), (tab.to_owned(), theme.key)])
            });
        }
        rows.push(Row::default());
    }
    // First, where they are seen on the smallest screen: something was handed in, and did not do.
    for note in &login.notes {
        for (at, line) in wrap(note, width.saturating_sub(2)).into_iter().enumerate() {
            let mark = if at == 0 { "! " } else { "  " };
            rows.push(Row::of(vec![(mark.to_owned(), theme.warn), (line, theme.plain)]));
        }
    }
    if !login.notes.is_empty() {
        rows.push(Row::default());
    }
    let words = |rows: &mut Vec<Row>, text: &str, style: Style| {
        rows.extend(wrap(text, width).into_iter().map(|line| Row::of(vec![(line, style)])));
    };
    if let Some(url) = &login.roads.url {
        words(&mut rows, "In a browser, on this or any other machine:", theme.title);
        rows.extend(chunks(url, width).into_iter().map(|line| Row::of(vec![(line, theme.accent)])));
        let airy = area.height >= 18;
        let air = |rows: &mut Vec<Row>| {
            if airy {
                rows.push(Row::default());
            }
        };
        air(&mut rows);
        let home = login.roads.redirect_uri.as_deref().unwrap_or("its registered address");
        match login.roads.port {
            Some(_) => {
                words(
                    &mut rows,
                    &format!("It comes back to {home}, where this program listens."),
                    theme.plain,
                );
                if let Some(ssh) = &login.roads.ssh {
                    air(&mut rows);
                    words(&mut rows, "With the browser on another machine, run there first:", theme.title);
                    rows.extend(chunks(ssh, width).into_iter().map(|l| Row::of(vec![(l, theme.accent)])));
                }
            }
            None => {
                let text =
                    format!("It comes back to {home}, where nothing listens: paste that address below.");
                words(&mut rows, &text, theme.plain);
            }
        }
    }
    if let Some(device) = &login.roads.device {
        if login.roads.url.is_some() {
            rows.push(Row::default());
        }
        let room = usize::from(area.height).saturating_sub(rows.len());
        rows.extend(device_rows(canvas, device, cx, width, room, login.roads.url.is_some()));
    }
    rows
}

fn device_rows(
    canvas: &Canvas<'_>,
    device: &DeviceRoad,
    cx: &Cx,
    width: usize,
    room: usize,
    either: bool,
) -> Vec<Row> {
    let theme = canvas.theme;
    // The smallest code there is needs so much: less is not worth trying.
    let code = if room >= 12 { Code::new(page_of(device)) } else { None };
    let beside = fitting(canvas, code.as_ref(), width.saturating_sub(BESIDE), room);
    let text = if beside.is_some() { BESIDE - 2 } else { width };
    let begin = if either { "Or on a phone or any other device, open" } else { "On any device, open" };
    let mut rows: Vec<Row> =
        wrap(begin, text).into_iter().map(|line| Row::of(vec![(line, theme.title)])).collect();
    let uri = chunks(&device.verification_uri, text);
    rows.extend(uri.into_iter().map(|line| Row::of(vec![(line, theme.accent)])));
    let spaced: Vec<&str> = device.user_code.graphemes(true).collect();
    let large = format!("  {}  ", spaced.join(" "));
    let large = if large.width() <= text { large } else { format!(" {} ", device.user_code) };
    rows.push(Row::of(vec![("and type".to_owned(), theme.plain)]));
    rows.push(Row::default());
    rows.push(Row::of(vec![("  ".into(), theme.plain), (large, theme.found)]));
    rows.push(Row::default());
    rows.push(Row::of(vec![(format!("the code ends in {}", left(device.until, cx)), theme.plain)]));
    match beside {
        Some(code) => {
            let wide = code.first().map_or(0, |r| r.width());
            let x = u16::try_from(width.saturating_sub(wide).min(BESIDE + 20)).unwrap_or(0);
            while rows.len() < code.len() {
                rows.push(Row::default());
            }
            for (row, code) in rows.iter_mut().zip(code) {
                row.code = Some((x, code));
            }
        }
        None => match fitting(canvas, code.as_ref(), width, room.saturating_sub(rows.len())) {
            Some(code) => {
                rows.extend(code.into_iter().map(|code| Row { code: Some((0, code)), ..Row::default() }));
            }
            None => rows.push(Row::of(vec![
                ("q".to_owned(), theme.key),
                (" shows it as a QR code".to_owned(), theme.plain),
            ])),
        },
    }
    rows
}

fn paste_field(canvas: &mut Canvas<'_>, state: &State, login: &Login, row: Rect) {
    let theme = canvas.theme;
    let empty = login.paste.text().is_empty();
    if login.roads.url.is_none() && empty && !state.logins.typing {
        return;
    }
    let label = if row.width < 60 { "paste " } else { "the address it ended on: " };
    let used = canvas.text(row.x, row.y, row.width, label, theme.title);
    let (x, room) = (row.x + used, row.width.saturating_sub(used));
    canvas.hit(row, HitTarget::OverlayKey('i'));
    if state.logins.typing {
        let shown = masked(login.paste.text());
        // Dots are not worth scrolling to: scheme and host stay in sight.
        let before = masked_before(login.paste.text(), login.paste.before(), usize::from(room));
        canvas.line_edit_as(x, row.y, room, &shown, &before);
    } else if empty {
        canvas.text(x, row.y, room, "paste it anywhere here", theme.dim);
    } else {
        canvas.text(x, row.y, room, &masked(login.paste.text()), theme.plain);
    }
}

/// The part of the masked text before the cursor: as many graphemes of it as of the text.
fn masked_before(text: &str, before: &str, room: usize) -> String {
    let count = before.graphemes(true).count().min(room.saturating_sub(1));
    masked(text).graphemes(true).take(count).collect()
}

/// The last row: what the keys do here, only those that do something.
pub fn keys(canvas: &mut Canvas<'_>, state: &State, row: Rect) {
    let theme = canvas.theme;
    let Some(login) = state.logins.current() else { return };
    let roads = &login.roads;
    if state.logins.typing {
        let pieces = [
            ("Enter", theme.key),
            (" hands it in   ", theme.plain),
            ("Esc", theme.key),
            (" leaves the field", theme.plain),
        ];
        canvas.pieces(row.x + 1, row.y, row.width.saturating_sub(1), &pieces);
        return;
    }
    let mut x = row.x + 1;
    let end = row.right().saturating_sub(12);
    for (key, word) in LOGIN_KEYS {
        let means = match key {
            'o' | 'y' | 'Y' | 'i' | 'c' if state.logins.code_only => false,
            'o' | 'y' => roads.url.is_some() || roads.device.is_some(),
            'Y' => roads.ssh.is_some(),
            'i' => roads.url.is_some(),
            'c' | 'q' => roads.device.is_some(),
            'x' => false,
            _ => !state.logins.code_only,
        };
        if !means {
            continue;
        }
        let word = if state.logins.code_only { "back" } else { word };
        let width = u16::try_from(word.width()).unwrap_or(0) + 2;
        if x + width > end {
            break;
        }
        canvas.pieces(
            x,
            row.y,
            width,
            &[(key.encode_utf8(&mut [0; 4]), theme.key), (" ", theme.plain), (word, theme.plain)],
        );
        canvas.hit(Rect::new(x, row.y, width, 1), HitTarget::OverlayKey(key));
        x += width + 2;
    }
    let x = row.right().saturating_sub(12).max(x);
    canvas.pieces(x, row.y, 12, &[("Esc", theme.key), (" give up", theme.plain)]);
    canvas.hit(Rect::new(x, row.y, 11, 1), HitTarget::OverlayKey('x'));
}
