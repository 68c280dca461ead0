//! What can be copied from where.

use crate::app::event::Cx;
use crate::app::focus::PaneId;
use crate::app::overlay::{Overlay, Pick, PickItem, Picker};
use crate::app::state::State;
use crate::model::secret::Secret;

/// Texts longer than this are saved to a file rather than copied.
const LONGEST: usize = 8 * 1024 * 1024;

/// `y`: a menu of what makes sense here, the likeliest first.
pub fn menu(state: &mut State, cx: &Cx) {
    let mut items: Vec<PickItem> = Vec::new();
    let mut add = |what: &str, detail: &str, text: Option<String>, secret: bool| {
        if let Some(text) = text.filter(|t| !t.is_empty() && t.len() <= LONGEST) {
            items.push(PickItem {
                label: what.to_owned(),
                detail: detail.to_owned(),
                pick: Pick::Copy { what: what.to_owned(), text: Secret::new(text), secret },
            });
        }
    };
    let view = state.view_shown();
    let response = view.and_then(|v| v.sent.exchange.as_ref()).and_then(|e| e.response.as_ref());
    if let Some((view, row)) = view.and_then(|v| Some((v, v.json_row()?)))
        && let Some(folds) = &view.folds
    {
        let index = folds.index();
        let value = response
            .and_then(|r| r.body.bytes())
            .and_then(|b| String::from_utf8(b.get(index.value_range(row))?.to_vec()).ok())
            .map(|v| serde_json::from_str::<String>(&v).unwrap_or(v));
        add("value under the cursor", "", value, false);
        add("its JSONPath", &index.path(row), Some(index.path(row)), false);
    }
    let findings = super::diagnosis::markdown(state);
    add("diagnosis", "as Markdown, secrets masked", findings, false);
    let body = response.and_then(|r| r.body.bytes()).and_then(|b| String::from_utf8(b.to_vec()).ok());
    add("response body", "", body, false);
    let headers = response.map(|r| r.headers.iter().map(|h| format!("{}: {}\n", h.name, h.value)).collect());
    add("response headers", "", headers, false);
    if let Some(request) = state.request.request() {
        add("URL", "as written", Some(request.url.clone()), false);
    }
    let sent = view.and_then(|v| v.sent.exchange.as_ref()).map(|e| state.redactor.mask(&e.request.url));
    add("URL as sent", "secrets masked", sent, false);
    let token = state.token.token().map(|t| t.access_token.expose().to_owned());
    add("access token", "asks first: whoever has it can use it", token, true);
    let token = state.token.token();
    let refresh = token.and_then(|t| t.refresh_token.as_ref()).map(|t| t.expose().to_owned());
    add("refresh token", "asks first: whoever has it gets new tokens", refresh, true);
    let id_token = token.and_then(|t| t.id_token.as_ref()).map(|t| t.expose().to_owned());
    add("ID token", "asks first: it says who logged in", id_token, true);
    let made =
        state.jwt.text.as_ref().filter(|_| state.jwt.source != crate::app::pane::jwt::JwtSource::AccessToken);
    let made = made.map(|text| text.expose().to_owned());
    add("JWT shown", "asks first: whoever has it can use it", made, true);
    let claims = state
        .jwt
        .decoded
        .as_ref()
        .and_then(|d| d.claims.as_ref())
        .and_then(|c| serde_json::to_string_pretty(c).ok());
    add("claims of the JWT", "as JSON", claims, false);
    if items.is_empty() {
        super::hint(state, "there is nothing to copy yet", cx);
        return;
    }
    let first = match state.focus {
        PaneId::Token => items.iter().position(|i| i.label == "access token"),
        PaneId::Jwt => items.iter().position(|i| i.label.starts_with("claims")),
        PaneId::Request => items.iter().position(|i| i.label == "URL"),
        _ => None,
    };
    state.overlays.push(Overlay::Picker(Picker::new("Copy", items, first.unwrap_or(0))));
}
