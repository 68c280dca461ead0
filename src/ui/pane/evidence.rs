//! The exchange beside the findings, with the evidence of the chosen one highlighted: by a mark in front and by style.

use crate::app::state::State;
use crate::content::visible::visible;
use crate::diagnose::{Evidence, Place};
use crate::model::exchange::{Exchange, Header};
use crate::ui::canvas::Canvas;
use crate::ui::lit::lit_rows;
use crate::ui::overlay::wrap;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// How much of a body is looked at, in bytes, and how many lines of it are shown.
const BODY: usize = 64 * 1024;
const BODY_LINES: usize = 40;
/// Rows that one long line may take.
const LONG: usize = 4;

type Line = (Option<Place>, String, Style);

/// The exchange; `chosen` is the piece under the cursor.
pub fn draw(
    canvas: &mut Canvas<'_>,
    state: &State,
    exchange: &Exchange,
    pieces: &[Evidence],
    chosen: Option<usize>,
    area: Rect,
) {
    let theme = canvas.theme;
    let width = usize::from(area.width).saturating_sub(2);
    let mut rows: Vec<(bool, Vec<(String, Style)>)> = Vec::new();
    let mut wanted = None;
    for (place, text, style) in lines(canvas, state, exchange, pieces) {
        let holds = |p: &&(usize, &Evidence)| {
            place.as_ref() == Some(&p.1.place) && (p.1.quote.is_empty() || stands(&text, p.1))
        };
        let here: Vec<(usize, &Evidence)> = pieces.iter().enumerate().collect();
        let hit = here.iter().filter(holds).max_by_key(|(at, _)| Some(*at) == chosen);
        let shown = match hit {
            Some((_, piece)) => lit_rows(&text, &visible(&piece.quote), width, style, theme.found),
            None => wrap(&text, width).into_iter().map(|row| vec![(row, style)]).collect(),
        };
        if hit.is_some_and(|(at, _)| Some(*at) == chosen || wanted.is_none() && chosen.is_none()) {
            wanted = Some(rows.len());
        }
        if shown.is_empty() {
            rows.push((false, Vec::new()));
        }
        let limit = if hit.is_some() { usize::MAX } else { LONG };
        rows.extend(shown.into_iter().take(limit).map(|row| (hit.is_some(), row)));
    }
    let height = usize::from(area.height);
    let first =
        wanted.unwrap_or(0).saturating_sub(height.saturating_sub(4)).min(rows.len().saturating_sub(height));
    for ((hit, row), y) in rows.iter().skip(first).zip(area.y..area.bottom()) {
        if *hit {
            canvas.text(area.x, y, 1, theme.glyphs.closed, theme.error);
        }
        let row: Vec<(&str, Style)> = row.iter().map(|(t, s)| (t.as_str(), *s)).collect();
        canvas.pieces(area.x + 2, y, area.width.saturating_sub(2), &row);
    }
}

/// True when the quoted text stands in this line; a quote that no line holds whole is that of the first line of its place.
fn stands(text: &str, piece: &Evidence) -> bool {
    let quote = visible(&piece.quote);
    text.contains(quote.as_ref()) || matches!(piece.place, Place::ResponseHeader(_) | Place::RequestHeader(_))
}

fn lines(canvas: &Canvas<'_>, state: &State, exchange: &Exchange, pieces: &[Evidence]) -> Vec<Line> {
    let theme = canvas.theme;
    let mask = |text: &str| visible(&state.redactor.mask(text)).into_owned();
    let header = |h: &Header| format!("{}: {}", visible(&h.name), visible(&state.redactor.header(h)));
    let mut lines: Vec<Line> = Vec::new();
    for (at, hop) in exchange.redirects.iter().enumerate() {
        lines.push((
            Some(Place::Redirect(at)),
            mask(&format!("{} {} to {}", hop.status, hop.from, hop.to)),
            theme.plain,
        ));
    }
    let request = &exchange.request;
    lines.push((Some(Place::Url), mask(&format!("{} {}", request.method, request.url)), theme.title));
    for h in &request.headers {
        lines.push((Some(Place::RequestHeader(h.name.to_ascii_lowercase())), header(h), theme.plain));
    }
    body(&mut lines, state, &request.body, Place::RequestBody, pieces, theme.plain);
    lines.push((None, String::new(), theme.plain));
    match &exchange.response {
        Some(response) => {
            let reason = response.reason.as_deref().unwrap_or("");
            let status = format!("{} {} {reason}", response.http_version, response.status);
            lines.push((Some(Place::Status), mask(status.trim_end()), theme.status(response.status)));
            for h in &response.headers {
                lines.push((
                    Some(Place::ResponseHeader(h.name.to_ascii_lowercase())),
                    header(h),
                    theme.plain,
                ));
            }
            if let Some(bytes) = response.body.bytes() {
                body(&mut lines, state, &bytes, Place::ResponseBody, pieces, theme.plain);
            }
        }
        None => {
            let why = exchange.failure.as_ref().map_or("", |f| f.text.as_str());
            lines.push((Some(Place::Network), mask(&format!("no answer: {why}")), theme.error));
        }
    }
    // What stands elsewhere has no line of its own here: its words do.
    let placed: Vec<Place> = lines.iter().filter_map(|(place, ..)| place.clone()).collect();
    let elsewhere: Vec<&Evidence> = pieces.iter().filter(|p| !placed.contains(&p.place)).collect();
    if !elsewhere.is_empty() {
        lines.push((None, String::new(), theme.plain));
        lines.extend(elsewhere.iter().map(|p| {
            let text = visible(&p.text).into_owned();
            (Some(p.place.clone()), text, theme.plain)
        }));
    }
    lines
}

/// The first lines of a body, and the one that is quoted.
fn body(lines: &mut Vec<Line>, state: &State, bytes: &[u8], place: Place, pieces: &[Evidence], style: Style) {
    if bytes.is_empty() {
        return;
    }
    let text = String::from_utf8_lossy(bytes.get(..bytes.len().min(BODY)).unwrap_or_default()).into_owned();
    let text = state.redactor.mask(&text);
    lines.push((None, String::new(), style));
    let quotes: Vec<&str> = pieces.iter().filter(|p| p.place == place).map(|p| p.quote.as_str()).collect();
    for (at, line) in text.lines().enumerate() {
        let quoted = quotes.iter().any(|q| !q.is_empty() && line.contains(q));
        if at < BODY_LINES || quoted {
            lines.push((Some(place.clone()), visible(&short(line, &quotes)).into_owned(), style));
        }
    }
}

/// A line of a body that has a thousand columns is cut around what is quoted.
fn short(line: &str, quotes: &[&str]) -> String {
    const MOST: usize = 600;
    if line.len() <= MOST {
        return line.to_owned();
    }
    let at = quotes.iter().filter(|q| !q.is_empty()).find_map(|q| line.find(q)).unwrap_or(0);
    let start = line[..at].char_indices().rev().nth(80).map_or(0, |(i, _)| i);
    let part: String = line[start..].chars().take(MOST / 2).collect();
    format!("{}{part}…", if start > 0 { "…" } else { "" })
}
