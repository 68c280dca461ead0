//! Pane 4.

use crate::app::effect::Target;
use crate::app::event::Cx;
use crate::app::flow_strip::Step;
use crate::app::focus::PaneId;
use crate::app::state::State;
use crate::app::view::HitTarget;
use crate::jwt;
use crate::ui::canvas::Canvas;
use crate::ui::format;
use crate::ui::overlay::wrap;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// The token shown, or why there is none, or how to get one.
pub fn draw(canvas: &mut Canvas<'_>, state: &State, cx: &Cx, rect: Rect) {
    let theme = canvas.theme;
    let focused = state.focus == PaneId::Token;
    canvas.hit(rect, HitTarget::Pane(PaneId::Token));
    let count = state.token.tokens.len();
    let info = if count > 1 { format!("{} of {count}", state.token.at + 1) } else { count.to_string() };
    let inside = canvas.frame(rect, "4 Token", &info, focused);
    canvas.height(PaneId::Token, inside.height);
    let lines = lines(canvas, state, cx, usize::from(inside.width.saturating_sub(2)));
    for (y, pieces) in (inside.y..inside.bottom()).zip(lines) {
        let pieces: Vec<(&str, Style)> = pieces.iter().map(|(t, s)| (t.as_str(), *s)).collect();
        canvas.pieces(inside.x + 1, y, inside.width.saturating_sub(2), &pieces);
    }
    let _ = theme;
}

fn lines(canvas: &Canvas<'_>, state: &State, cx: &Cx, width: usize) -> Vec<Vec<(String, Style)>> {
    let theme = canvas.theme;
    let plain = |text: String| vec![(text, theme.plain)];
    let key = |command| state.keymap.label(command);
    use crate::app::command::Command;
    if let Some(job) = state.jobs.of(&Target::Token).or_else(|| state.jobs.of(&Target::Flow(Step::Token))) {
        let waited = cx.now.saturating_duration_since(job.started);
        return vec![
            vec![
                ("getting a token".to_owned(), theme.warn),
                (format!("  {}", format::duration(waited)), theme.plain),
            ],
            vec![(key(Command::Cancel), theme.key), (" cancels".into(), theme.plain)],
        ];
    }
    let mut lines: Vec<Vec<(String, Style)>> = Vec::new();
    if let Some(failure) = &state.token.failure {
        let what = crate::content::visible::visible(&failure.problem.what).into_owned();
        lines.extend(wrap(&what, width).into_iter().map(|line| vec![(line, theme.error)]));
        for part in [&failure.problem.why, &failure.problem.next] {
            lines.extend(wrap(&crate::content::visible::visible(part), width).into_iter().map(plain));
        }
        lines.push(vec![
            (key(Command::TokenExchange), theme.key),
            (" exchange  ".into(), theme.plain),
            (key(Command::RenewToken), theme.key),
            (" tries again".into(), theme.plain),
        ]);
        return lines;
    }
    let Some(token) = state.token.token() else {
        lines.push(plain("no token yet".into()));
        lines.push(match state.profile_name() {
            Some(profile) => {
                vec![
                    (key(Command::RenewToken), theme.key),
                    (format!(" gets one with profile {profile}"), theme.plain),
                ]
            }
            None => vec![
                (key(Command::ImportCredentials), theme.key),
                (" imports a credentials file".into(), theme.plain),
            ],
        });
        lines.push(plain(format!("vault  {}", state.vault)));
        return lines;
    };
    let (left, style) = match token.remaining(cx.now) {
        Some(left) if left.as_secs() <= 0 => ("EXPIRED".to_owned(), theme.error),
        Some(left) if left.as_secs() < 60 => (format!("EXPIRING {}", format::countdown(left)), theme.warn),
        Some(left) => (format::countdown(left), theme.ok),
        None => ("no end stated".to_owned(), theme.plain),
    };
    let name = format!("{} · {}", token.key.profile, token.key.environment);
    let here = token.key.environment == state.environment_name();
    lines.push(vec![(format!("{name:<24} "), if here { theme.title } else { theme.dim }), (left, style)]);
    lines.push(plain(format!("{}, {}", token.grant, token.client_auth)));
    let claims = state
        .jwt
        .decoded
        .as_ref()
        .filter(|_| state.jwt.text.as_ref() == Some(&token.access_token))
        .and_then(|d| d.claims.as_ref());
    let who = claims.and_then(jwt::speaks_for).unwrap_or_else(|| token.key.identity.clone());
    lines.push(vec![("operator  ".into(), theme.dim), (who, theme.accent)]);
    let audience = claims
        .and_then(|c| c.get("aud"))
        .map(|a| a.as_str().map_or_else(|| a.to_string(), str::to_owned))
        .or_else(|| Some(token.key.audience.clone()).filter(|a| !a.is_empty()))
        .unwrap_or_else(|| "not stated".into());
    lines.push(vec![("aud  ".into(), theme.dim), (audience, theme.plain)]);
    let scope = token.scope.clone().unwrap_or_else(|| token.key.scope.clone());
    let scope = if scope.is_empty() { "none".to_owned() } else { scope };
    lines.push(vec![("scope  ".into(), theme.dim), (scope, theme.plain)]);
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
    lines.push(vec![
        (key(Command::RenewToken), theme.key),
        (" renew  ".into(), theme.plain),
        (key(Command::ForgetToken), theme.key),
        (" forget  ".into(), theme.plain),
        (key(Command::TokenExchange), theme.key),
        (" exchange".into(), theme.plain),
    ]);
    lines
}
