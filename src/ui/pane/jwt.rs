//! Pane 5: what is written on the token, in words. Decoded is not verified: the first line says which.

use crate::app::event::Cx;
use crate::app::focus::PaneId;
use crate::app::pane::jwt::{JwtSource, facts};
use crate::app::state::State;
use crate::app::view::HitTarget;
use crate::jwt::lens::{State as Verdict, Topic, look};
use crate::jwt::{self, Decoded, Signature, TokenKind};
use crate::ui::canvas::Canvas;
use crate::ui::overlay::wrap;
use jiff::{SignedDuration, Timestamp};
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

type Line = Vec<(String, Style)>;

/// The JWT shown.
pub fn draw(canvas: &mut Canvas<'_>, state: &State, cx: &Cx, rect: Rect) {
    let focused = state.focus == PaneId::Jwt;
    canvas.hit(rect, HitTarget::Pane(PaneId::Jwt));
    let info = match state.jwt.source {
        JwtSource::None => "",
        JwtSource::AccessToken => "access token",
        JwtSource::Response => "from the exchange",
        JwtSource::Signed => "made here",
    };
    let inside = canvas.frame(rect, "5 JWT", info, focused);
    canvas.height(PaneId::Jwt, inside.height);
    let width = inside.width.saturating_sub(2);
    let lines = lines(canvas, state, cx, usize::from(width), usize::from(inside.height));
    let top = state.jwt.top.min(lines.len().saturating_sub(usize::from(inside.height)));
    for (y, pieces) in (inside.y..inside.bottom()).zip(lines.iter().skip(top)) {
        let pieces: Vec<(&str, Style)> = pieces.iter().map(|(t, s)| (t.as_str(), *s)).collect();
        canvas.pieces(inside.x + 1, y, width, &pieces);
    }
}

fn lines(canvas: &Canvas<'_>, state: &State, cx: &Cx, width: usize, height: usize) -> Vec<Line> {
    let theme = canvas.theme;
    let plain = |text: String| vec![(text, theme.plain)];
    let Some(decoded) = &state.jwt.decoded else {
        let text = if state.jwt.text.is_some() { "looking at it …" } else { "a token's claims show here" };
        return vec![plain(text.into())];
    };
    let mut lines: Vec<Line> = Vec::new();
    let header = |name: &str| {
        decoded.header.as_ref().and_then(|h| h.get(name)).and_then(|v| v.as_str()).unwrap_or("").to_owned()
    };
    let (word, style, why) = match &decoded.signature {
        Signature::Verified { key } => ("verified", theme.ok, key.clone()),
        Signature::Rejected { reason } => ("REJECTED", theme.error, reason.clone()),
        Signature::Unverified { reason } => ("unverified", theme.warn, reason.clone()),
    };
    match decoded.kind {
        TokenKind::Jws => {
            let verified = matches!(decoded.signature, Signature::Verified { .. });
            let kid: String = header("kid").chars().take(if width >= 50 { 40 } else { 8 }).collect();
            let kid = if kid.is_empty() { String::new() } else { format!("  kid {kid}") };
            let lit = matches!(state.jwt.lit.as_deref(), Some("alg" | "kid" | "typ"));
            let header_style = if lit { theme.found } else { theme.plain };
            lines.push(vec![(word.into(), style), (format!("  {}{kid}", header("alg")), header_style)]);
            if !verified {
                let why = crate::content::visible::visible(&why).into_owned();
                lines.extend(wrap(&why, width).into_iter().map(|l| vec![(l, theme.dim)]));
            }
        }
        TokenKind::Jwe => lines
            .push(plain(format!("encrypted (JWE {}): only the holder of the key reads it", header("enc")))),
        TokenKind::Opaque => {
            lines.push(vec![("opaque".into(), theme.warn)]);
            let text = decoded
                .problem
                .clone()
                .unwrap_or_else(|| "not a JWT; only the server knows what it means".into());
            lines.extend(wrap(&crate::content::visible::visible(&text), width).into_iter().map(plain));
        }
    }
    let roomy = width >= 60 || (width >= 40 && height >= 24) || (state.zoomed && state.focus == PaneId::Jwt);
    let meant = lens(canvas, state, cx, decoded, width, roomy);
    let gap = roomy && !meant.is_empty() && decoded.claims.is_some();
    lines.extend(meant);
    if gap {
        lines.push(Vec::new());
    }
    if let Some(claims) = &decoded.claims {
        let offset = state.jwt.clock_offset_ms.unwrap_or(0);
        let server_now = server_now(state, cx);
        let all = jwt::explain(claims, server_now, &cx.zone);
        let name_width =
            all.iter().map(|c| c.name.chars().count()).max().unwrap_or(3).min(if roomy { 18 } else { 5 });
        for claim in all {
            let lit = state.jwt.lit.as_deref() == Some(claim.name.as_str());
            let name_style = if lit { theme.found } else { theme.accent };
            let mut line = vec![
                (format!("{:<name_width$}  ", claim.name), name_style),
                (claim.value.clone(), if claim.name == "sub" { theme.title } else { theme.plain }),
            ];
            let shown = state.token.token().filter(|_| state.jwt.source == JwtSource::AccessToken);
            let pega = shown.is_none_or(|token| token.holder() == "operator");
            let operator = if pega { "  operator" } else { "" };
            if claim.name == "sub" && claim.value.width() + name_width + 2 + operator.len() <= width {
                line.push((operator.into(), theme.dim));
            }
            if !claim.note.is_empty() {
                let note = if width >= 60 { claim.note.clone() } else { short_time(&claim.note) };
                line = vec![line.swap_remove(0), (note, theme.plain)];
            }
            let long = roomy && claim.note.is_empty() && claim.value.width() + name_width + 2 > width;
            if long {
                let rows = wrap(
                    &crate::content::visible::visible(&claim.value),
                    width.saturating_sub(name_width + 2),
                );
                for (at, row) in rows.into_iter().enumerate() {
                    let start =
                        if at == 0 { line[0].clone() } else { (" ".repeat(name_width + 2), theme.plain) };
                    lines.push(vec![start, (row, line[1].1)]);
                }
            } else {
                lines.push(line);
            }
            if roomy && !claim.meaning.is_empty() {
                let rows = wrap(claim.meaning, width.saturating_sub(name_width + 2));
                let indent = " ".repeat(name_width + 2);
                lines.extend(rows.into_iter().map(|row| vec![(format!("{indent}{row}"), theme.dim)]));
            }
        }
        if offset.abs() > 1000 {
            lines.push(vec![(format!("server clock {:+.1} s", seconds(offset)), theme.warn)]);
        }
    }
    for warning in &decoded.warnings {
        lines.extend(
            wrap(&crate::content::visible::visible(&warning.text), width)
                .into_iter()
                .map(|l| vec![(l, theme.warn)]),
        );
    }
    lines
}

fn server_now(state: &State, cx: &Cx) -> Timestamp {
    let offset = state.jwt.clock_offset_ms.unwrap_or(0);
    cx.wall.checked_add(SignedDuration::from_millis(offset)).unwrap_or(cx.wall)
}

/// What the token means for the request shown. Where room is short only what speaks against it, and nothing of the
/// times, which stand beside `exp`.
fn lens(
    canvas: &Canvas<'_>,
    state: &State,
    cx: &Cx,
    decoded: &Decoded,
    width: usize,
    all: bool,
) -> Vec<Line> {
    let theme = canvas.theme;
    let facts = facts(state);
    let mut found = look(decoded, &facts, server_now(state, cx));
    if !all {
        found.retain(|v| matches!(v.state, Verdict::Doubt | Verdict::Bad) && v.topic != Topic::Time);
    }
    let mut lines: Vec<Line> = Vec::new();
    if all && !found.is_empty() && decoded.kind == TokenKind::Jws {
        let host = url::Url::parse(&facts.url).ok().and_then(|url| url.host_str().map(str::to_owned));
        let title = host.map_or_else(
            || "what it means; only the API knows whether it takes it".to_owned(),
            |host| format!("for {} {host}; only the API knows whether it takes it", facts.method),
        );
        let title = crate::content::visible::visible(&title).into_owned();
        lines.extend(wrap(&title, width).into_iter().map(|row| vec![(row, theme.dim)]));
    }
    for verdict in found.iter().filter(|_| decoded.kind == TokenKind::Jws) {
        let (word, style) = match verdict.state {
            Verdict::Ok => ("ok", theme.ok),
            Verdict::Doubt => ("doubt", theme.warn),
            Verdict::Bad => ("bad", theme.error),
            Verdict::Unknown => ("?", theme.dim),
        };
        let (start, indent) = if all {
            (
                vec![
                    (format!("{word:<5}  "), style),
                    (format!("{:<8}  ", verdict.topic.word()), theme.accent),
                ],
                17,
            )
        } else {
            (vec![(format!("{word}  "), style)], word.len() + 2)
        };
        let text = crate::content::visible::visible(&verdict.text).into_owned();
        for (at, part) in wrap(&text, width.saturating_sub(indent).max(12)).into_iter().enumerate() {
            let mut line = if at == 0 { start.clone() } else { vec![(" ".repeat(indent), theme.plain)] };
            line.push((part, theme.plain));
            lines.push(line);
        }
    }
    lines
}

/// `2026-11-23 15:01:23 +01:00, in 59 min` without what a narrow pane has no room for: `15:01:23, in 59 min`.
fn short_time(note: &str) -> String {
    match note.split_once(", ") {
        Some((date, relative)) => {
            let time = date.split(' ').nth(1).unwrap_or(date);
            format!("{time}, {relative}")
        }
        None => note.to_owned(),
    }
}

#[allow(clippy::cast_precision_loss)]
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}
