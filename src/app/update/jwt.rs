//! What can be done with the JWT shown: checked with another key, edited and signed, compared; and the JWTs around it.

use super::command::{prompt, prompt_secret};
use crate::app::effect::{EditorField, Effect, JwtKey, Target};
use crate::app::event::Cx;
use crate::app::focus::PaneId;
use crate::app::overlay::{Overlay, Pick, PickItem, Picker, Purpose, TextView};
use crate::app::pane::jwt::JwtSource;
use crate::app::state::State;
use crate::content::visible::visible;
use crate::jwt::sign::{object, two_objects};
use crate::jwt::{self, Decoded};
use crate::model::id::ItemPath;
use crate::model::problem::Problem;
use crate::model::secret::Secret;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json};

/// The server's clock as the pane knows it.
fn server_now(state: &State, cx: &Cx) -> Timestamp {
    let offset = SignedDuration::from_millis(state.jwt.clock_offset_ms.unwrap_or(0));
    cx.wall.checked_add(offset).unwrap_or(cx.wall)
}

/// `v`: every JWT of the exchange shown: headers and cookies of the request and the answer, and the body.
pub fn menu(state: &mut State, cx: &Cx) {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut add = |place: String, texts: Vec<String>| {
        for text in texts {
            if !found.iter().any(|(_, known)| *known == text) {
                found.push((place.clone(), text));
            }
        }
    };
    if let Some(view) = state.view_shown() {
        if let Some(exchange) = view.sent.exchange.as_ref() {
            for header in exchange.response.iter().flat_map(|response| &response.headers) {
                add(format!("header {} of the answer", header.name), jwt::find(&header.value));
            }
            for header in &exchange.request.headers {
                add(format!("header {} of the request", header.name), jwt::find(&header.value));
            }
            add("URL of the request".to_owned(), jwt::find(&exchange.request.url));
        }
        let body = view.content.as_ref().map(|content| content.jwts.clone()).unwrap_or_default();
        add("body of the answer".to_owned(), body);
    }
    if let Some(id_token) = state.token.token().and_then(|token| token.id_token.as_ref()) {
        add("ID token of the token shown".to_owned(), jwt::find(id_token.expose()));
    }
    if found.is_empty() {
        super::hint(state, "there is no JWT in this request and its answer", cx);
        return;
    }
    let items = found
        .into_iter()
        .map(|(place, text)| {
            let claims = jwt::decode(&text, cx.wall).claims.unwrap_or_default();
            let who =
                jwt::speaks_for(&claims).map_or_else(String::new, |who| format!("for {}, ", visible(&who)));
            PickItem {
                label: visible(&place).into_owned(),
                detail: format!("{who}{} characters", text.len()),
                pick: Pick::Jwt(Secret::new(text)),
            }
        })
        .collect();
    state.overlays.push(Overlay::Picker(Picker::new("JWTs of this exchange", items, 0)));
}

/// `alg` of the JWT shown.
fn algorithm(decoded: &Decoded) -> &str {
    decoded.header.as_ref().and_then(|h| h.get("alg")).and_then(Json::as_str).unwrap_or("")
}

/// `V`: asks for the key to check the signature with.
pub fn ask_verify(state: &mut State, cx: &Cx) {
    let Some(decoded) = state.jwt.decoded.as_ref().filter(|_| state.jwt.text.is_some()) else {
        super::hint(state, "there is no JWT to check yet", cx);
        return;
    };
    if algorithm(decoded).starts_with("HS") {
        prompt_secret(state, "Shared secret to check with", "as it is, not base64", Purpose::JwtVerifySecret);
        return;
    }
    let place = state.jwt.key_place.clone();
    let hint = "a file (PEM, certificate, JWK, key set) or the URL of a key set";
    prompt(state, "Check the signature with", hint, &place, Purpose::JwtVerify);
}

/// The key was named.
pub fn verify(state: &mut State, with: JwtKey, cx: &Cx, fx: &mut Vec<Effect>) {
    let Some(token) = state.jwt.text.clone() else { return };
    if let JwtKey::Place(place) = &with {
        state.jwt.key_place = place.clone();
    }
    let plan = plan(state);
    let job = state.jobs.start(Target::Jwt, cx.now);
    fx.push(Effect::VerifyJwt { job, plan, token, with, clock_offset_ms: state.jwt.clock_offset_ms });
}

/// By whose road a key set is fetched: that of the environment, whatever profile there is.
fn plan(state: &State) -> Option<Box<crate::flow::TokenPlan>> {
    let name = state.profile_name().or_else(|| state.workspace.profiles.first().map(|p| p.name.clone()))?;
    state.token_plan(&name).map(Box::new)
}

/// `E`: header and claims in the user's editor, to be signed anew.
pub fn edit(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    let text = match (&state.jwt.draft, &state.jwt.decoded) {
        (Some(draft), _) => draft.expose().to_owned(),
        (None, Some(Decoded { header: Some(header), claims, .. })) => {
            let pretty = |map: &Map<String, Json>| serde_json::to_string_pretty(map).unwrap_or_default();
            let claims = claims.clone().unwrap_or_default();
            format!("{}\n\n{}\n", pretty(header), pretty(&claims))
        }
        _ => {
            super::hint(state, "there is no JWT to edit yet", cx);
            return;
        }
    };
    let path = ItemPath::default();
    fx.push(Effect::Editor { path, field: EditorField::Jwt, text, suffix: ".json" });
}

/// The editor is done with header and claims.
pub fn edited(state: &mut State, text: Result<Option<String>, Problem>, cx: &Cx) {
    let text = match text {
        Ok(Some(text)) => text,
        Ok(None) => {
            state.jwt.draft = None;
            state.say("nothing was changed in the editor", cx);
            return;
        }
        Err(problem) => {
            state.complain(&problem);
            return;
        }
    };
    state.jwt.draft = Some(Secret::new(text.as_str()));
    let (header, claims) = two_objects(&text);
    let checked = object(&header, "header").and_then(|header| Ok((header, object(&claims, "claims")?)));
    match checked {
        Err(problem) => {
            state.complain(&Problem { next: "E opens it again, as it was left".into(), ..problem })
        }
        Ok((header, _)) => {
            let alg = header.get("alg").and_then(Json::as_str).unwrap_or("");
            if alg.starts_with("HS") {
                let title = format!("Shared secret to sign with ({alg})");
                prompt_secret(state, &title, "as it is, not base64", Purpose::JwtSignSecret);
            } else {
                let place = state.jwt.key_place.clone();
                let hint = "a file with a private key: PEM or JWK";
                prompt(state, "Sign with", hint, &place, Purpose::JwtSign);
            }
        }
    }
}

/// The signing key was named.
pub fn sign(state: &mut State, with: JwtKey, cx: &Cx, fx: &mut Vec<Effect>) {
    let Some(draft) = state.jwt.draft.clone() else { return };
    if let JwtKey::Place(place) = &with {
        state.jwt.key_place = place.clone();
    }
    let (header, claims) = two_objects(draft.expose());
    let job = state.jobs.start(Target::Jwt, cx.now);
    let now = server_now(state, cx);
    fx.push(Effect::SignJwt { job, header, claims, with, now });
}

/// A token was made.
pub fn signed(state: &mut State, token: Secret, decoded: Decoded, cx: &Cx) {
    state.jwt.source = JwtSource::Signed;
    state.jwt.text = Some(token);
    state.jwt.decoded = Some(decoded);
    state.jwt.draft = None;
    state.jwt.top = 0;
    state.focus_on(PaneId::Jwt);
    state.say("signed; y copies the token", cx);
}

/// `=`: with which token the one shown is compared: the one its user had before, the others at hand.
pub fn compare(state: &mut State, cx: &Cx) {
    let Some(shown) = state.jwt.text.clone() else {
        super::hint(state, "there is no JWT to compare yet", cx);
        return;
    };
    let mut items: Vec<PickItem> = Vec::new();
    let mut add = |label: String, detail: String, text: &Secret| {
        let known = |item: &PickItem| matches!(&item.pick, Pick::CompareJwt(other) if other == text);
        if *text != shown && !items.iter().any(known) && !jwt::find(text.expose()).is_empty() {
            items.push(PickItem { label, detail, pick: Pick::CompareJwt(text.clone()) });
        }
    };
    if let Some(previous) = &state.jwt.previous {
        add("the token before".into(), "same profile and user".into(), previous);
    }
    for token in &state.token.tokens {
        let label = format!("token of {} in {}", token.key.profile, token.key.environment);
        add(visible(&label).into_owned(), visible(&token.key.identity).into_owned(), &token.access_token);
        if let Some(id_token) = &token.id_token {
            add(visible(&format!("ID token of {}", token.key.profile)).into_owned(), String::new(), id_token);
        }
    }
    let found =
        state.view_shown().and_then(|v| v.content.as_ref()).map(|c| c.jwts.clone()).unwrap_or_default();
    for text in found {
        add("JWT in the answer".into(), format!("{} characters", text.len()), &Secret::new(text));
    }
    match items.len() {
        0 => super::hint(state, "there is no second JWT to compare it with", cx),
        1 => {
            if let Some(Pick::CompareJwt(other)) = items.pop().map(|item| item.pick) {
                show_difference(state, &other, cx);
            }
        }
        _ => state.overlays.push(Overlay::Picker(Picker::new("Compare this JWT with", items, 0))),
    }
}

/// What differs, the other token first.
pub fn show_difference(state: &mut State, other: &Secret, cx: &Cx) {
    let now = server_now(state, cx);
    let before = jwt::decode(other.expose(), now);
    let Some(after) = state.jwt.text.as_ref().map(|text| jwt::decode(text.expose(), now)) else { return };
    let none = Map::new();
    let mut lines = vec!["- the other token".to_owned(), "+ the token shown".to_owned(), String::new()];
    let mut same = true;
    for (part, a, b) in [("header", &before.header, &after.header), ("claims", &before.claims, &after.claims)]
    {
        for difference in jwt::diff(a.as_ref().unwrap_or(&none), b.as_ref().unwrap_or(&none)) {
            same = false;
            lines.push(visible(&format!("{part}.{}", difference.name)).into_owned());
            for (sign, value) in [("-", &difference.first), ("+", &difference.second)] {
                let text = value
                    .as_ref()
                    .map_or_else(|| "(absent)".into(), |v| in_words(&difference.name, v, now, cx));
                lines.push(visible(&format!("  {sign} {text}")).into_owned());
            }
        }
    }
    if same {
        lines.push("  header and claims are the same".to_owned());
    }
    state.overlays.push(Overlay::Text(TextView::new("Compared with another JWT", lines)));
}

/// A value, with its time where it is one.
fn in_words(name: &str, value: &Json, now: Timestamp, cx: &Cx) -> String {
    let claims = Map::from_iter([(name.to_owned(), value.clone())]);
    match jwt::explain(&claims, now, &cx.zone).pop() {
        Some(line) if !line.note.is_empty() => format!("{}  {}", line.value, line.note),
        Some(line) => line.value,
        None => value.to_string(),
    }
}
