//! The tabs of pane 6 beside the body: headers, timing, TLS, redirects, checks, what was sent.

use crate::app::event::Cx;
use crate::app::focus::PaneId;
use crate::app::pane::response::{ResponseTab, ResponseView};
use crate::app::state::State;
use crate::app::view::HitTarget;
use crate::content::visible::visible;
use crate::diagnose::{Evidence, Place};
use crate::model::exchange::Exchange;
use crate::ui::canvas::Canvas;
use crate::ui::format;
use crate::ui::lit::lit;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

/// Response headers; secrets masked.
pub fn headers(
    canvas: &mut Canvas<'_>,
    state: &State,
    view: &ResponseView,
    exchange: &Exchange,
    area: Rect,
    focused: bool,
) {
    let theme = canvas.theme;
    let Some(response) = &exchange.response else { return };
    let name_width = response.headers.iter().map(|h| h.name.width()).max().unwrap_or(8).min(28);
    let cursor = view.cursors[ResponseTab::Headers as usize];
    let first = cursor.first(response.headers.len(), usize::from(area.height));
    for ((at, header), y) in response.headers.iter().enumerate().skip(first).zip(area.y..area.bottom()) {
        let strip = Rect::new(area.x, y, area.width, 1);
        canvas.hit(strip, HitTarget::Row(PaneId::Response, at));
        let name = format!("{:<name_width$}  ", header.name);
        let value = state.redactor.header(header);
        let here = |p: &&Evidence| match &p.place {
            Place::ResponseHeader(name) => header.name.eq_ignore_ascii_case(name),
            _ => false,
        };
        let value = match view.looked.lit.as_ref().filter(here) {
            Some(piece) => marked(&value, &piece.quote, theme.plain, theme.found),
            None => vec![(value, theme.plain)],
        };
        let value = value.iter().map(|(t, s)| (t.as_str(), *s));
        let pieces: Vec<(&str, Style)> = [(name.as_str(), theme.accent)].into_iter().chain(value).collect();
        canvas.pieces(area.x, y, area.width, &pieces);
        if focused && at == cursor.at {
            canvas.paint(strip, theme.selected);
        }
    }
}

/// The waterfall, and what else is known of the way.
pub fn timing(canvas: &mut Canvas<'_>, exchange: &Exchange, area: Rect) {
    let theme = canvas.theme;
    let timings = &exchange.timings;
    let phases = timings.phases();
    let measured: f64 = phases.iter().filter_map(|(_, d)| *d).map(|d| d.as_secs_f64()).sum();
    let room = f64::from(area.width.saturating_sub(24).max(4));
    let mut before = 0.0;
    for ((name, time), y) in phases.into_iter().zip(area.y..area.bottom()) {
        canvas.text(area.x, y, 9, name, theme.accent);
        match time {
            Some(time) => {
                canvas.text_right(area.x + 20, y, 10, &format::duration(time), theme.plain);
                if measured > 0.0 {
                    let (start, length) = (before / measured * room, time.as_secs_f64() / measured * room);
                    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                    let (start, length) = (start as u16, (length.round() as u16).max(1));
                    let bar = theme.glyphs.bar.repeat(usize::from(length));
                    let x = area.x + 22 + start;
                    canvas.text(x, y, area.right().saturating_sub(x), &bar, theme.accent);
                }
                before += time.as_secs_f64();
            }
            None => {
                let why = if exchange.reused && matches!(name, "dns" | "connect" | "tls") {
                    "connection reused"
                } else if name == "tls" && exchange.tls.is_none() {
                    "no TLS"
                } else {
                    "not measured"
                };
                canvas.text(area.x + 12, y, area.width.saturating_sub(12), why, theme.dim);
            }
        }
    }
    let mut facts: Vec<(&str, String)> = Vec::new();
    facts.extend(timings.total.map(|t| ("total", format::duration(t))));
    facts.extend(exchange.peer.clone().map(|p| ("peer", p)));
    facts.extend(exchange.proxy.clone().map(|p| ("proxy", p)));
    if let Some(response) = &exchange.response {
        facts.push((
            "on wire",
            format!("{}, decoded {}", format::size(response.wire_size), format::size(response.body.len())),
        ));
    }
    if let Some(offset) = exchange.clock_offset_ms {
        // The Date header has whole seconds: less than that cannot be told.
        facts.push((
            "clock",
            match offset.abs() {
                0..1500 => "the server's agrees with this machine's".to_owned(),
                _ => format!("the server's is {:+} s against this machine's", offset / 1000),
            },
        ));
    }
    let top = area.y + 6;
    for ((name, text), y) in facts.into_iter().zip(top..area.bottom()) {
        canvas.text(area.x, y, 9, name, theme.accent);
        canvas.text(area.x + 12, y, area.width.saturating_sub(12), &text, theme.plain);
    }
}

/// What TLS agreed on, and the chain.
pub fn tls_lines(canvas: &Canvas<'_>, exchange: &Exchange, cx: &Cx) -> Vec<(String, Style)> {
    let theme = canvas.theme;
    let Some(tls) = &exchange.tls else {
        let text = if exchange.request.url.starts_with("https:") {
            "TLS was not reached, or the connection was reused"
        } else {
            "no TLS: the URL is http"
        };
        return vec![(text.to_owned(), theme.plain)];
    };
    let unknown = || "not known".to_owned();
    let mut lines = vec![
        (format!("version  {}", tls.version.clone().unwrap_or_else(unknown)), theme.plain),
        (format!("cipher   {}", tls.cipher.clone().unwrap_or_else(unknown)), theme.plain),
        (format!("alpn     {}", tls.alpn.clone().unwrap_or_else(unknown)), theme.plain),
    ];
    if tls.unchecked {
        lines.push(("the chain was NOT checked: this environment says insecure".into(), theme.danger));
    }
    for (at, certificate) in tls.chain.iter().enumerate() {
        lines.push((String::new(), theme.plain));
        lines.push((format!("{} {}", at + 1, certificate.subject), theme.title));
        lines.push((format!("  issued by {}", certificate.issuer), theme.plain));
        if !certificate.names.is_empty() {
            lines.push((format!("  for {}", certificate.names.join(", ")), theme.plain));
        }
        let date = |t: Option<jiff::Timestamp>| {
            t.map_or_else(
                || "?".into(),
                |t| t.to_zoned(cx.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string(),
            )
        };
        let over = certificate.not_after.is_some_and(|t| t < cx.wall);
        lines.push((
            format!(
                "  from {} until {}{}",
                date(certificate.not_before),
                date(certificate.not_after),
                if over { "  EXPIRED" } else { "" }
            ),
            if over { theme.error } else { theme.plain },
        ));
        lines.push((format!("  sha256 {}", certificate.sha256), theme.dim));
    }
    lines
}

/// Every hop, and what was not sent on.
pub fn redirect_lines(canvas: &Canvas<'_>, exchange: &Exchange) -> Vec<(String, Style)> {
    let theme = canvas.theme;
    if exchange.redirects.is_empty() {
        return vec![("no redirect was followed".to_owned(), theme.plain)];
    }
    let mut lines = Vec::new();
    for (at, hop) in exchange.redirects.iter().enumerate() {
        lines.push((format!("{}  {}  {}", at + 1, hop.status, hop.from), theme.plain));
        lines.push((format!("   to   {}", hop.to), theme.accent));
        if hop.method_changed {
            lines.push(("   the method became GET and the body was dropped".to_owned(), theme.warn));
        }
        if !hop.dropped.is_empty() {
            lines.push((
                format!("   not sent on, the origin changed: {}", hop.dropped.join(", ")),
                theme.warn,
            ));
        }
    }
    lines
}

/// The request as it went out, masked.
pub fn sent_lines(state: &State, exchange: &Exchange) -> Vec<String> {
    let request = &exchange.request;
    let mut lines = vec![state.redactor.mask(&format!("{} {}", request.method, request.url))];
    for header in &request.headers {
        lines.push(format!("{}: {}", header.name, state.redactor.header(header)));
    }
    if !request.body.is_empty() {
        lines.push(String::new());
        let text = String::from_utf8_lossy(&request.body[..request.body.len().min(64 * 1024)]).into_owned();
        lines.extend(state.redactor.mask(&text).lines().map(str::to_owned));
    }
    lines
}

/// Lines of a tab from its cursor on.
pub fn lines(
    canvas: &mut Canvas<'_>,
    view: &ResponseView,
    area: Rect,
    tab: ResponseTab,
    all: &[(String, Style)],
) {
    let first = view.cursors[tab as usize].at.min(all.len().saturating_sub(usize::from(area.height)));
    let found = canvas.theme.found;
    let wanted = view.looked.lit.as_ref().and_then(|piece| Some((lit_line(all, piece, tab)?, piece)));
    for ((at, (text, style)), y) in all.iter().enumerate().skip(first).zip(area.y..area.bottom()) {
        match wanted.filter(|(line, _)| *line == at) {
            Some((_, piece)) => {
                let pieces = marked(text, &piece.quote, *style, found);
                let pieces: Vec<(&str, Style)> = pieces.iter().map(|(t, s)| (t.as_str(), *s)).collect();
                canvas.pieces(area.x, y, area.width, &pieces);
            }
            None => drop(canvas.text(area.x, y, area.width, text, *style)),
        }
    }
}

/// The quoted part highlighted; all of the text where it is not in it (it is masked), or nothing was quoted.
fn marked(text: &str, quote: &str, style: Style, found: Style) -> Vec<(String, Style)> {
    let quote = visible(quote);
    let style = if quote.is_empty() || !text.contains(quote.as_ref()) { found } else { style };
    lit(text, &quote, style, found)
}

/// The line of a tab that holds a piece of evidence.
fn lit_line(all: &[(String, Style)], piece: &Evidence, tab: ResponseTab) -> Option<usize> {
    let named = |start: &str| {
        all.iter().position(|(l, _)| l.get(..start.len()).is_some_and(|l| l.eq_ignore_ascii_case(start)))
    };
    match (&piece.place, tab) {
        (Place::RequestHeader(name), ResponseTab::Sent) => named(&format!("{name}:")),
        (Place::Url, ResponseTab::Sent) => all.iter().position(|(l, _)| l.contains("://")),
        (Place::RequestBody, ResponseTab::Sent) => {
            all.iter().position(|(l, _)| !piece.quote.is_empty() && l.contains(&piece.quote))
        }
        (Place::Redirect(hop), ResponseTab::Redirects) => named(&format!("{} ", hop + 1)),
        (Place::Tls, ResponseTab::Tls) => {
            all.iter().position(|(l, _)| !piece.quote.is_empty() && l.contains(&piece.quote))
        }
        _ => None,
    }
}

/// Checks, captures, and captures that found nothing.
pub fn checks(canvas: &mut Canvas<'_>, view: &ResponseView, area: Rect, focused: bool) {
    let theme = canvas.theme;
    let mut rows: Vec<(&str, Style, String)> = Vec::new();
    for check in &view.sent.checks {
        if check.ok {
            rows.push(("ok    ", theme.ok, check.name.clone()));
        } else {
            rows.push((
                "FAILED",
                theme.error,
                format!("{}   expected {}   got {}", check.name, check.expected, check.got),
            ));
        }
    }
    for (name, value) in &view.sent.captures {
        rows.push(("took  ", theme.accent, format!("{name} = {value}")));
    }
    for (name, why) in &view.sent.missing_captures {
        rows.push(("not   ", theme.warn, format!("{name}: {why}")));
    }
    if rows.is_empty() {
        canvas.text(
            area.x,
            area.y,
            area.width,
            "this request has no checks: gc goes there, a adds one",
            theme.dim,
        );
    }
    let cursor = view.cursors[ResponseTab::Checks as usize];
    let first = cursor.first(rows.len(), usize::from(area.height));
    for ((at, (word, style, text)), y) in rows.iter().enumerate().skip(first).zip(area.y..area.bottom()) {
        canvas.pieces(area.x, y, area.width, &[(word, *style), ("  ", theme.plain), (text, theme.plain)]);
        if focused && at == cursor.at {
            canvas.paint(Rect::new(area.x, y, area.width, 1), theme.selected);
        }
    }
}
