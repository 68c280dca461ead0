//! Pane 5: the lens, other keys, editing and signing, comparing.

use crate::app::effect::{EditorField, Effect, JwtKey};
use crate::app::event::Event;
use crate::app::fixture::{Screen, sent, token};
use crate::app::focus::PaneId;
use crate::app::job::Output;
use crate::app::overlay::{Overlay, Pick};
use crate::app::pane::jwt::{JwtSource, facts};
use crate::app::update::update;
use crate::jwt::lens::SentAs;
use crate::jwt::sign::{SigningKey, sign};
use crate::model::exchange::Header;
use crate::model::id::ItemPath;
use crate::model::secret::Secret;
use serde_json::{Value as Json, json};
use std::sync::Arc;

fn jwt(claims: Json, alg: &str) -> Secret {
    let key = SigningKey::generate(alg).unwrap();
    sign(&Default::default(), claims.as_object().unwrap(), &key).unwrap()
}

/// A screen with one token shown in pane 5.
fn shown(claims: Json, alg: &str) -> Screen {
    let mut screen = Screen::new(120, 40);
    let mut one = token(&screen.cx);
    one.access_token = jwt(claims, alg);
    screen.state.token.replace(vec![one], "sandbox", None);
    look(&mut screen);
    screen
}

/// Shows the selected token in pane 5 and decodes it as the worker would.
fn look(screen: &mut Screen) {
    super::super::flow::show_token(&mut screen.state, &screen.cx, &mut screen.effects);
    decode(screen);
    screen.press("5");
}

fn decode(screen: &mut Screen) {
    for effect in screen.take() {
        if let Effect::Inspect { job, token, .. } = effect {
            let decoded = crate::jwt::decode(token.expose(), screen.cx.wall);
            screen.done(job, Output::Inspected(decoded));
        }
    }
}

fn edited(screen: &mut Screen, text: &str) {
    let event = Event::Edited(ItemPath::default(), EditorField::Jwt, Ok(Some(text.to_owned())));
    update(&mut screen.state, event, &screen.cx);
}

#[test]
fn the_lens_knows_the_request_and_the_profile_but_no_secret_and_no_gap() {
    let mut screen = shown(json!({"sub": "a"}), "ES256");
    let known = facts(&screen.state);
    assert!(known.url.starts_with("http://127.0.0.1:40123/prweb/api/"), "{}", known.url);
    assert_eq!(known.client_id, "", "a variable without value is not known");
    assert_eq!(known.sent_as, SentAs::Bearer);
    let mut workspace = (*screen.state.workspace).clone();
    let profile = &mut workspace.profiles[0];
    profile.scope = vec!["read".into(), "{{client_secret}}".into()];
    profile.audience = "https://api.example".into();
    profile.client_id = "c-1".into();
    screen.state.workspace = Arc::new(workspace);
    let known = facts(&screen.state);
    assert_eq!(
        (known.scopes, known.audiences),
        (vec!["read".to_owned()], vec!["https://api.example".to_owned()])
    );
    assert_eq!(known.client_id, "c-1");
    screen.state.token.tokens[0].token_type = "DPoP".into();
    assert_eq!(facts(&screen.state).sent_as, SentAs::Dpop);
}

#[test]
fn a_signature_is_checked_with_a_key_that_is_named() {
    let mut screen = shown(json!({"sub": "a"}), "ES256");
    screen.press("V").type_text("~/key.pem").press("enter");
    let effects = screen.take();
    assert!(
        matches!(effects.as_slice(), [Effect::VerifyJwt { with: JwtKey::Place(place), plan: Some(_), .. }] if place == "~/key.pem"),
        "{effects:?}"
    );
    // The place is offered the next time.
    screen.press("V");
    assert!(matches!(screen.state.overlays.last(), Some(Overlay::Prompt(p)) if p.edit.text() == "~/key.pem"));
    screen.press("esc");
    // A shared secret is asked for as one: shown as dots.
    let mut screen = shown(json!({"sub": "a"}), "HS256");
    screen.press("V");
    assert!(matches!(screen.state.overlays.last(), Some(Overlay::Prompt(p)) if p.secret));
    screen.type_text("hunter2").press("enter");
    let effects = screen.take();
    assert!(
        matches!(effects.as_slice(), [Effect::VerifyJwt { with: JwtKey::Secret(s), .. }] if s.expose() == "hunter2")
    );
    assert!(!format!("{effects:?}").contains("hunter2"));
}

#[test]
fn header_and_claims_are_edited_and_signed_and_a_mistake_loses_nothing() {
    let mut screen = shown(json!({"sub": "a"}), "ES256");
    screen.press("E");
    let effects = screen.take();
    let [Effect::Editor { field: EditorField::Jwt, text, .. }] = effects.as_slice() else {
        panic!("{effects:?}")
    };
    assert!(text.contains("\"alg\": \"ES256\"") && text.contains("\"sub\": \"a\""), "{text}");
    edited(&mut screen, "{\"alg\":\"ES256\"}\n{\"sub\": b}");
    assert!(screen.state.overlays.is_empty());
    assert!(screen.state.toast.as_ref().is_some_and(|t| t.text.contains("the claims are no JSON")));
    screen.press("E");
    assert!(
        matches!(screen.take().as_slice(), [Effect::Editor { text, .. }] if text.ends_with("{\"sub\": b}"))
    );
    edited(&mut screen, "{\"alg\":\"ES256\"}\n{\"sub\": \"b\"}");
    screen.type_text("k.pem").press("enter");
    let effects = screen.take();
    let [Effect::SignJwt { job, header, claims, with: JwtKey::Place(place), .. }] = effects.as_slice() else {
        panic!("{effects:?}")
    };
    assert_eq!(
        (header.as_str(), claims.trim(), place.as_str()),
        ("{\"alg\":\"ES256\"}", "{\"sub\": \"b\"}", "k.pem")
    );
    let made = jwt(json!({"sub": "b"}), "ES256");
    let decoded = crate::jwt::decode(made.expose(), screen.cx.wall);
    screen.done(*job, Output::Signed(made.clone(), decoded));
    assert_eq!(
        (screen.state.jwt.source.clone(), screen.state.jwt.text.as_ref()),
        (JwtSource::Signed, Some(&made))
    );
    assert!(screen.state.jwt.draft.is_none());
}

#[test]
fn a_renewed_token_is_compared_with_the_one_before() {
    let mut screen = shown(json!({"sub": "a", "scope": "read"}), "ES256");
    screen.press("=");
    assert!(screen.state.overlays.is_empty(), "there is only one");
    screen.state.token.tokens[0].access_token = jwt(json!({"sub": "a", "scope": "read write"}), "ES256");
    look(&mut screen);
    screen.press("=");
    let Some(Overlay::Text(text)) = screen.state.overlays.last() else { panic!("no comparison") };
    let text = text.lines.join("\n");
    assert!(text.contains("claims.scope\n  - read\n  + read write"), "{text}");
    assert!(!text.contains("claims.sub"));
    screen.press("esc");
    // The token of somebody else is no earlier one.
    screen.state.token.tokens[0].key.identity = "another".into();
    screen.state.token.tokens[0].access_token = jwt(json!({"sub": "z"}), "ES256");
    look(&mut screen);
    assert!(screen.state.jwt.previous.is_none());
}

#[test]
fn jwts_of_headers_and_cookies_are_one_key_away() {
    let mut screen = Screen::new(120, 40);
    screen.press("s");
    let Some(Effect::Send(job, _)) = screen.take().pop() else { panic!("nothing was sent") };
    let mut answer = sent(200, "{}");
    let mut exchange = (**answer.exchange.as_ref().unwrap()).clone();
    let cookie = jwt(json!({"sub": "in a cookie"}), "ES256");
    let bearer = jwt(json!({"sub": "in the request"}), "ES256");
    if let Some(response) = exchange.response.as_mut() {
        response.headers.push(Header::new("Set-Cookie", format!("session={}; HttpOnly", cookie.expose())));
    }
    exchange.request.headers.push(Header::new("Authorization", format!("Bearer {}", bearer.expose())));
    answer.exchange = Some(Arc::new(exchange));
    screen.done(job, Output::Sent(answer, None));
    screen.take();
    screen.press("6").press("v");
    let Some(Overlay::Picker(picker)) = screen.state.overlays.last() else { panic!("no list") };
    let labels: Vec<&str> = picker.items.iter().map(|i| i.label.as_str()).collect();
    assert_eq!(labels, ["header Set-Cookie of the answer", "header Authorization of the request"]);
    assert!(picker.items[0].detail.starts_with("for in a cookie, "));
    assert!(matches!(&picker.items[1].pick, Pick::Jwt(text) if *text == bearer));
    screen.press("enter");
    assert_eq!(screen.state.focus, PaneId::Jwt);
    assert_eq!(screen.state.jwt.source, JwtSource::Response);
}
