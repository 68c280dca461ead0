//! Pane 4, the form of a profile, and what a refusal offers.

use super::picture;
use crate::app::effect::Effect;
use crate::app::fixture::{Screen, sent, token};
use crate::app::job::Output;
use crate::flow::RetryReason;
use crate::model::exchange::Header;
use crate::model::profile::{ClientAuth, Grant};
use crate::model::secret::Secret;
use std::sync::Arc;
use std::time::Duration;

fn tokens(width: u16, height: u16) -> Screen {
    let mut screen = Screen::new(width, height);
    screen.press("4");
    let mut all = Vec::new();
    for (at, (profile, environment, life)) in
        [("pega", "sandbox", 3600), ("pega", "sandbox", 42), ("shop", "acme-prod", 0)].into_iter().enumerate()
    {
        let mut one = token(&screen.cx);
        one.key.profile = profile.into();
        one.key.environment = environment.into();
        one.key.identity = ["svc.cases@acme", "jane@acme", "shop-client"][at].into();
        one.expires_in = Some(Duration::from_secs(life));
        one.scope = Some("orders.read openid".into());
        all.push(one);
    }
    all[0].refresh_token = Some(Secret::new("r"));
    all[0].token_type = "DPoP".into();
    screen.state.token.replace(all, "sandbox", None);
    screen.state.token.at = 1;
    screen.state.toast = None;
    screen
}

#[test]
fn all_tokens_are_listed_in_the_zoomed_pane() {
    let mut screen = tokens(80, 24);
    screen.press("z");
    insta::assert_snapshot!(picture(&mut screen));
}

#[test]
fn the_token_shown_at_120x40() {
    insta::assert_snapshot!(picture(&mut tokens(120, 40)));
}

#[test]
fn the_token_shown_at_80x24() {
    insta::assert_snapshot!(picture(&mut tokens(80, 24)));
}

#[test]
fn what_the_server_did_not_give_is_told_beside_the_token() {
    let mut screen = tokens(120, 40);
    screen.state.token.tokens[1].notes =
        vec!["the server granted less than was asked for: without `orders.write`".into()];
    let text = picture(&mut screen);
    assert!(text.contains("the server granted less than was") && text.contains("`orders.write`"), "{text}");
}

#[test]
fn where_only_other_environments_have_tokens_none_of_them_is_shown() {
    let mut screen = tokens(120, 40);
    let others = screen.state.token.tokens.split_off(2);
    screen.state.token.replace(others, "sandbox", None);
    let text = picture(&mut screen);
    assert!(text.contains("no token yet") && text.contains("j shows the other token"), "{text}");
    assert!(!text.contains("shop-client"), "{text}");
}

fn form(width: u16, height: u16) -> Screen {
    let mut screen = Screen::new(width, height);
    let mut workspace = (*screen.state.workspace).clone();
    let profile = &mut workspace.profiles[0];
    profile.grant = Grant::AuthorizationCode;
    profile.client_auth = ClientAuth::PrivateKeyJwt;
    profile.key = "{{private_key}}".into();
    profile.scope = vec!["openid".into(), "orders.read".into()];
    profile.dpop = true;
    screen.state.workspace = Arc::new(workspace);
    screen.press("4 E j j");
    screen
}

#[test]
fn a_profile_is_a_form_at_80x24() {
    insta::assert_snapshot!(picture(&mut form(80, 24)));
}

#[test]
fn a_profile_is_a_form_at_120x40() {
    insta::assert_snapshot!(picture(&mut form(120, 40)));
}

#[test]
fn a_refusal_that_was_repeated_and_names_its_metadata() {
    let mut screen = Screen::new(120, 40);
    screen.press("s");
    let Some(Effect::Send(job, _)) = screen.take().pop() else { panic!("nothing was sent") };
    let mut answer = sent(401, "{}");
    let mut exchange = (*answer.exchange.clone().unwrap()).clone();
    let challenge = "Bearer error=\"insufficient_scope\", resource_metadata=\"https://api.example/.well-known/oauth-protected-resource\"";
    exchange.response.as_mut().unwrap().headers.push(Header::new("www-authenticate", challenge));
    answer.retried = vec![(RetryReason::InvalidToken, Arc::new(exchange.clone()))];
    answer.exchange = Some(Arc::new(exchange));
    answer.captures.clear();
    screen.done(job, Output::Sent(answer, None));
    screen.state.toast = None;
    screen.press("6 [");
    let shown = picture(&mut screen);
    assert!(!shown.contains("very-secret-token"), "{shown}");
    insta::assert_snapshot!(shown);
}

#[test]
fn the_auth_tab_says_profile_grant_client_and_identity() {
    let mut screen = Screen::new(120, 40);
    screen.press("g a");
    let shown = picture(&mut screen);
    for word in ["profile pega", "client credentials, Basic", "identity", "the client itself"] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
}

#[test]
fn where_secrets_are_kept_is_in_the_first_row() {
    for (width, word) in [(80, "memory"), (120, "vault memory")] {
        let mut screen = Screen::new(width, 24);
        let shown = picture(&mut screen);
        assert!(shown.lines().next().unwrap().contains(word), "{shown}");
    }
}

#[test]
fn pane_4_and_the_form_can_be_drawn_at_every_size() {
    for mut screen in [tokens(80, 24), form(80, 24)] {
        for width in (1..45).chain([59, 60, 79, 80, 99, 100, 120, 160, 300]) {
            for height in (1..20).chain([24, 40, 60]) {
                screen.state.size = (width, height);
                picture(&mut screen);
                screen.state.zoomed = !screen.state.zoomed;
            }
        }
    }
}
