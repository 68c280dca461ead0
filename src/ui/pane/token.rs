//! Pane 4.

use crate::app::command::Command;
use crate::app::effect::{Manage, Target};
use crate::app::event::Cx;
use crate::app::flow_strip::Step;
use crate::app::focus::PaneId;
use crate::app::state::State;
use crate::app::view::HitTarget;
use crate::content::visible::visible;
use crate::jwt;
use crate::model::token::Token;
use crate::ui::canvas::Canvas;
use crate::ui::format;
use crate::ui::overlay::wrap;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

/// From this height on the list of all tokens stands above the one shown.
const TALL: u16 = 17;

type Line = Vec<(String, Style)>;

/// The token shown, or why there is none, or how to get one; all of them where there is room.
pub fn draw(canvas: &mut Canvas<'_>, state: &State, cx: &Cx, rect: Rect) {
    let focused = state.focus == PaneId::Token;
    canvas.hit(rect, HitTarget::Pane(PaneId::Token));
    let count = state.token.tokens.len();
    let at = state.token.at;
    let info = if count > 1 && at < count { format!("{} of {count}", at + 1) } else { count.to_string() };
    let inside = canvas.frame(rect, "4 Token", &info, focused);
    canvas.height(PaneId::Token, inside.height);
    let mut area = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    if (count > 1 || count > 0 && at >= count) && inside.height >= TALL {
        let used = list(canvas, state, cx, area, focused);
        area = Rect { y: area.y + used, height: area.height - used, ..area };
    }
    let lines = lines(canvas, state, cx, usize::from(area.width), usize::from(area.height));
    for (y, pieces) in (area.y..area.bottom()).zip(lines) {
        let pieces: Vec<(&str, Style)> = pieces.iter().map(|(t, s)| (t.as_str(), *s)).collect();
        canvas.pieces(area.x, y, area.width, &pieces);
    }
}

/// Every cached token. Gives the rows used.
fn list(canvas: &mut Canvas<'_>, state: &State, cx: &Cx, area: Rect, focused: bool) -> u16 {
    let theme = canvas.theme;
    let all = &state.token.tokens;
    let height = usize::from(area.height / 2).saturating_sub(2).max(3).min(all.len());
    let cursor = crate::app::list::Cursor { at: state.token.at.min(all.len()), top: 0 };
    let first = cursor.first(all.len(), height);
    let mut y = area.y;
    for (at, token) in all.iter().enumerate().skip(first).take(height) {
        let strip = Rect::new(area.x, y, area.width, 1);
        canvas.hit(strip, HitTarget::Row(PaneId::Token, at));
        let here = token.key.environment == state.environment_name();
        let (left, style) = time_left(canvas, token, cx);
        let used = canvas.text_right(area.right(), y, area.width, &left, style);
        let mark = if at == state.token.at { theme.glyphs.closed } else { " " };
        let name = format!("{mark} {} · {}  ", token.key.profile, token.key.environment);
        let name_style = if here { theme.plain } else { theme.dim };
        let room = area.width.saturating_sub(used + 1);
        canvas.pieces(area.x, y, room, &[(&name, name_style), (&token.key.identity, theme.accent)]);
        if at == state.token.at {
            canvas.paint(strip, if focused { theme.selected } else { theme.marked });
        }
        y += 1;
    }
    if all.len() > height {
        canvas.text_right(area.right(), y, area.width, &format!("{} in all", all.len()), theme.dim);
    }
    y + 1 - area.y
}

fn time_left(canvas: &Canvas<'_>, token: &Token, cx: &Cx) -> (String, Style) {
    let theme = canvas.theme;
    match token.remaining(cx.now) {
        Some(left) if left.as_secs() <= 0 => ("EXPIRED".to_owned(), theme.error),
        Some(left) if left.as_secs() < 60 => (format!("EXPIRING {}", format::countdown(left)), theme.warn),
        Some(left) => (format::countdown(left), theme.ok),
        None => ("no end stated".to_owned(), theme.plain),
    }
}

fn lines(canvas: &Canvas<'_>, state: &State, cx: &Cx, width: usize, height: usize) -> Vec<Line> {
    if let Some(lines) = running(canvas, state, cx) {
        return lines;
    }
    if state.token.failure.is_some() {
        return failure(canvas, state, width);
    }
    match state.token.token() {
        Some(token) => {
            // Nothing is cut where there is room for all of it.
            let whole = details(canvas, state, token, cx, width, true);
            if whole.len() <= height { whole } else { details(canvas, state, token, cx, width, false) }
        }
        None => none(canvas, state),
    }
}

/// What is being asked of a server, and how to stop it.
fn running(canvas: &Canvas<'_>, state: &State, cx: &Cx) -> Option<Vec<Line>> {
    let theme = canvas.theme;
    let asked = [
        (Target::Token, "getting a token"),
        (Target::Flow(Step::Token), "getting a token"),
        (Target::Manage(Manage::Revoke), "revoking the token"),
        (Target::Manage(Manage::Introspect), "asking about the token"),
        (Target::Manage(Manage::Userinfo), "asking whom it speaks for"),
    ];
    let (job, what) = asked.iter().find_map(|(target, what)| Some((state.jobs.of(target)?, *what)))?;
    let waited = cx.now.saturating_duration_since(job.started);
    let mut lines =
        vec![vec![(what.to_owned(), theme.warn), (format!("  {}", format::duration(waited)), theme.plain)]];
    if !state.logins.all.is_empty() {
        lines.push(vec![
            (state.keymap.label(Command::Login), theme.key),
            (" shows the login that waits".into(), theme.plain),
        ]);
    }
    lines.push(vec![(state.keymap.label(Command::Cancel), theme.key), (" cancels".into(), theme.plain)]);
    Some(lines)
}

fn failure(canvas: &Canvas<'_>, state: &State, width: usize) -> Vec<Line> {
    let theme = canvas.theme;
    let mut lines: Vec<Line> = Vec::new();
    let Some(failure) = &state.token.failure else { return lines };
    let what = visible(&failure.problem.what);
    lines.extend(wrap(&what, width).into_iter().map(|line| vec![(line, theme.error)]));
    let finding = failure.diagnosis.first();
    let next = if finding.is_some() { "" } else { failure.problem.next.as_str() };
    for part in [failure.problem.why.as_str(), next] {
        lines.extend(wrap(&visible(part), width).into_iter().map(|line| vec![(line, theme.plain)]));
    }
    if let Some(finding) = finding {
        let why = format!("Why: {}", visible(&finding.summary));
        lines.extend(wrap(&why, width).into_iter().map(|line| vec![(line, theme.warn)]));
        lines.push(vec![
            (state.keymap.label(Command::Diagnosis), theme.key),
            (" findings  ".into(), theme.plain),
        ]);
        if let Some(remedy) = finding.remedies.first() {
            let key = state.keymap.label(Command::Fix);
            let words = format!(" {}", visible(&remedy.text()));
            let mut rows = wrap(&words, width.saturating_sub(key.width())).into_iter();
            let first = rows.next().unwrap_or_default();
            lines.push(vec![(key, theme.key), (first, theme.plain)]);
            lines.extend(rows.map(|row| vec![("  ".into(), theme.plain), (row, theme.plain)]));
        }
    }
    lines.push(vec![
        (state.keymap.label(Command::TokenExchange), theme.key),
        (" exchange  ".into(), theme.plain),
        (state.keymap.label(Command::RenewToken), theme.key),
        (" tries again".into(), theme.plain),
    ]);
    lines
}

fn none(canvas: &Canvas<'_>, state: &State) -> Vec<Line> {
    let theme = canvas.theme;
    let key = |command| (state.keymap.label(command), theme.key);
    let mut lines: Vec<Line> = Vec::new();
    match state.token_profile() {
        Some(profile) => {
            lines.push(vec![("no token yet".into(), theme.plain)]);
            lines.push(vec![key(Command::RenewToken), (format!(" gets one with {profile}"), theme.plain)]);
            let described = state.workspace.profile(&profile);
            if let Some(p) = described {
                let words = format!("   {}, {}", p.grant.words(), p.client_auth.words());
                lines.push(vec![(words, theme.plain)]);
            }
            lines.push(vec![
                key(Command::PickProfile),
                (" another profile  ".into(), theme.plain),
                key(Command::EditProfile),
                (" edits it".into(), theme.plain),
            ]);
        }
        None => {
            lines.push(vec![("no token and no OAuth profile yet".into(), theme.plain)]);
            lines.push(vec![
                key(Command::ImportCredentials),
                (" imports a credentials file".into(), theme.plain),
            ]);
            lines.push(vec![key(Command::NewProfile), (" new profile from a preset".into(), theme.plain)]);
        }
    }
    let others = state.token.tokens.len();
    if others > 0 {
        let words = if others == 1 { "the other token".to_owned() } else { format!("{others} other tokens") };
        lines.push(vec![key(Command::Down), (format!(" shows {words}"), theme.plain)]);
    }
    lines.push(vec![("vault  ".into(), theme.dim), (state.vault.into(), theme.plain)]);
    lines
}

/// A name and what it says: in one row, or, `whole`, in as many as it takes.
fn fact(canvas: &Canvas<'_>, name: &str, text: &str, width: usize, whole: bool) -> Vec<Line> {
    let theme = canvas.theme;
    let text = visible(text);
    let indent = name.width();
    let rows = if whole { wrap(&text, width.saturating_sub(indent)) } else { vec![text.into_owned()] };
    let mut lines: Vec<Line> = Vec::new();
    for (at, row) in rows.into_iter().enumerate() {
        let start = if at == 0 { (name.to_owned(), theme.dim) } else { (" ".repeat(indent), theme.plain) };
        lines.push(vec![start, (row, theme.plain)]);
    }
    lines
}

/// How a token is bound to its holder, in a word.
fn bound(token: &Token, claims: Option<&serde_json::Map<String, serde_json::Value>>) -> &'static str {
    let confirmation = claims.and_then(|c| c.get("cnf"));
    let by = |name: &str| confirmation.is_some_and(|c| c.get(name).is_some());
    if token.dpop_key.is_some() || token.token_type.eq_ignore_ascii_case("dpop") || by("jkt") {
        "DPoP"
    } else if by("x5t#S256") {
        "cert"
    } else {
        "no"
    }
}

fn details(
    canvas: &Canvas<'_>,
    state: &State,
    token: &Token,
    cx: &Cx,
    width: usize,
    whole: bool,
) -> Vec<Line> {
    let theme = canvas.theme;
    let key = |command| (state.keymap.label(command), theme.key);
    let mut lines: Vec<Line> = Vec::new();
    let (left, style) = time_left(canvas, token, cx);
    let name = format!("{} · {}", token.key.profile, token.key.environment);
    let here = token.key.environment == state.environment_name();
    lines.push(vec![(format!("{name:<24} "), if here { theme.title } else { theme.dim }), (left, style)]);
    let how = format!("{}, {}", token.grant, token.client_auth);
    lines.extend(fact(canvas, "", &how, width, whole));
    let claims = state
        .jwt
        .decoded
        .as_ref()
        .filter(|_| state.jwt.text.as_ref() == Some(&token.access_token))
        .and_then(|d| d.claims.as_ref());
    let who = claims.and_then(jwt::speaks_for).unwrap_or_else(|| token.key.identity.clone());
    lines.push(vec![(format!("{}  ", token.holder()), theme.dim), (who, theme.accent)]);
    let audience = claims
        .and_then(|c| c.get("aud"))
        .map(|a| a.as_str().map_or_else(|| a.to_string(), str::to_owned))
        .or_else(|| Some(token.key.audience.clone()).filter(|a| !a.is_empty()))
        .unwrap_or_else(|| "not stated".into());
    lines.extend(fact(canvas, "aud  ", &audience, width, whole));
    let scope = token.scope.clone().unwrap_or_else(|| token.key.scope.clone());
    let scope = if scope.is_empty() { "none".to_owned() } else { scope };
    lines.extend(fact(canvas, "scope  ", &scope, width, whole));
    let has = |there: bool| if there { "yes  " } else { "no  " };
    lines.push(vec![
        ("refresh ".into(), theme.dim),
        (has(token.refresh_token.is_some()).into(), theme.plain),
        ("id ".into(), theme.dim),
        (has(token.id_token.is_some()).into(), theme.plain),
        ("bound ".into(), theme.dim),
        (bound(token, claims).into(), theme.plain),
    ]);
    let at = token.obtained_at.to_zoned(cx.zone.clone()).strftime("%H:%M:%S").to_string();
    let until = token
        .expires_at()
        .filter(|_| width >= 44)
        .map(|t| format!("  ends {}", t.to_zoned(cx.zone.clone()).strftime("%H:%M:%S")))
        .unwrap_or_default();
    lines.push(vec![
        ("got ".into(), theme.dim),
        (format!("{at}{until}"), theme.plain),
        ("  vault ".into(), theme.dim),
        (state.vault.to_owned(), theme.plain),
    ]);
    if token.use_id_token && token.id_token.is_some() {
        lines.push(vec![("the API gets the ID token".into(), theme.warn)]);
    }
    for note in &token.notes {
        lines.extend(wrap(&visible(note), width).into_iter().map(|row| vec![(row, theme.warn)]));
    }
    let keys = [
        (Command::RenewToken, " renew  "),
        (Command::RevokeToken, " revoke  "),
        (Command::Introspect, " introspect"),
    ];
    lines.push(keys.into_iter().flat_map(|(c, w)| [key(c), (w.to_owned(), theme.plain)]).collect());
    let keys = [
        (Command::ForgetToken, " forget  "),
        (Command::TokenExchange, " exchange  "),
        (Command::PickProfile, " profile"),
    ];
    lines.push(keys.into_iter().flat_map(|(c, w)| [key(c), (w.to_owned(), theme.plain)]).collect());
    let keys =
        [(Command::Userinfo, " who  "), (Command::TokenLog, " log  "), (Command::EditProfile, " edit")];
    lines.push(keys.into_iter().flat_map(|(c, w)| [key(c), (w.to_owned(), theme.plain)]).collect());
    lines
}
