//! Pane 5 with what a token means for the request shown.

use super::picture;
use crate::app::effect::Effect;
use crate::app::fixture::{Screen, token};
use crate::app::job::Output;
use crate::model::secret::Secret;

fn shown(width: u16, height: u16, zoomed: bool) -> Screen {
    let mut screen = Screen::new(width, height);
    let mut one = token(&screen.cx);
    let now = screen.cx.wall.as_second();
    let claims = serde_json::json!({
        "sub": "svc.cases@acme", "iss": "https://idp.example", "aud": "https://other.example", "client_id": "c-1",
        "scope": "cases.read", "iat": now - 60, "exp": now + 1620, "cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}
    });
    let part = |value: serde_json::Value| {
        base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, value.to_string())
    };
    let header = serde_json::json!({"alg": "RS256", "kid": "k-1", "typ": "at+jwt"});
    one.access_token = Secret::new(format!("{}.{}.c2ln", part(header), part(claims)));
    screen.state.token.replace(vec![one], "sandbox", None);
    screen.press("4").press("enter");
    for effect in screen.take() {
        if let Effect::Inspect { job, token, .. } = effect {
            let decoded = crate::jwt::decode(token.expose(), screen.cx.wall);
            screen.done(job, Output::Inspected(decoded));
        }
    }
    screen.press("5");
    if zoomed {
        screen.press("z");
    }
    screen.state.toast = None;
    screen
}

#[test]
fn the_lens_at_120x40() {
    insta::assert_snapshot!(picture(&mut shown(120, 40, false)));
}

#[test]
fn the_lens_zoomed_at_80x24() {
    insta::assert_snapshot!(picture(&mut shown(80, 24, true)));
}
