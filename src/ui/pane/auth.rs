//! The Auth tab of pane 3.

use crate::app::focus::PaneId;
use crate::app::pane::request::auth_fields;
use crate::app::state::State;
use crate::app::view::HitTarget;
use crate::model::auth::Auth;
use crate::model::plan::inherited_auth;
use crate::model::request::Request;
use crate::ui::canvas::Canvas;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// What the request identifies itself with, and for a profile: grant, client, identity.
pub fn draw(canvas: &mut Canvas<'_>, state: &State, request: &Request, area: Rect, focused: bool) {
    let theme = canvas.theme;
    let path = state.request.path.as_ref();
    let above = path.and_then(|p| state.workspace.item(p)).map(|(above, _)| above).unwrap_or_default();
    let effective = inherited_auth(&above, &request.auth);
    let choice = match &request.auth {
        Auth::Inherit => match effective.profile() {
            Some(name) => format!("inherit: profile {name}"),
            None => format!("inherit: {}", effective.kind()),
        },
        Auth::Profile(name) => format!("OAuth profile {name}"),
        other => other.kind().to_owned(),
    };
    let mut rows: Vec<(String, String, Style)> = vec![("auth".into(), choice, theme.title)];
    for (label, value, secret) in auth_fields(&request.auth) {
        rows.push((label.into(), value, if secret { theme.warn } else { theme.plain }));
    }
    let own = rows.len();
    if let Some(profile) = effective.profile() {
        match state.workspace.profile(profile) {
            Some(p) => {
                rows.push((
                    "grant".into(),
                    format!("{}, {}", p.grant.words(), p.client_auth.words()),
                    theme.plain,
                ));
                match p.token_url.is_empty() && !p.issuer.is_empty() {
                    true => rows.push(("issuer".into(), p.issuer.clone(), theme.plain)),
                    false => rows.push(("token URL".into(), p.token_url.clone(), theme.plain)),
                }
                rows.push(("client".into(), p.client_id.clone(), theme.plain));
                let who = [&p.identity, &p.username].into_iter().find(|t| !t.is_empty());
                let held = state
                    .token
                    .tokens
                    .iter()
                    .find(|t| t.key.profile == p.name && t.key.environment == state.environment_name());
                let who = match (held, who) {
                    (Some(token), _) => token.key.identity.clone(),
                    (None, Some(who)) => who.clone(),
                    (None, None) => "the client itself".to_owned(),
                };
                rows.push(("identity".into(), who, theme.plain));
                if !p.scope.is_empty() {
                    rows.push(("scope".into(), p.scope.join(" "), theme.plain));
                }
                rows.push(("file".into(), format!("auth/{profile}.toml"), theme.dim));
            }
            None => rows.push(("".into(), format!("there is no profile `{profile}` in auth/"), theme.error)),
        }
    }
    for (at, (label, value, style)) in rows.iter().enumerate().take(usize::from(area.height)) {
        let y = area.y + u16::try_from(at).unwrap_or(0);
        let strip = Rect::new(area.x, y, area.width, 1);
        canvas.text(area.x, y, 10, label, theme.accent);
        canvas.text(area.x + 11, y, area.width.saturating_sub(11), value, *style);
        if at < own {
            canvas.hit(strip, HitTarget::Row(PaneId::Request, at));
            if at == state.request.cursor.at && focused && !state.request.on_url {
                canvas.paint(strip, theme.selected);
            }
        }
    }
}
