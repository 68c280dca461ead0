use crate::app::effect::{Effect, Manage};
use crate::app::event::Event;
use crate::app::fixture::{Screen, sent, token};
use crate::app::job::{JobEvent, News, Output};
use crate::app::overlay::{ConfirmAction, Overlay};
use crate::flow::manage::Told;
use crate::flow::{RetryReason, TokenFailure};
use crate::model::problem::{Problem, ProblemKind};
use crate::model::secret::Secret;
use crate::model::value::{SecretRef, Value};
use crate::oauth::management::Introspection;
use std::sync::Arc;

/// A screen on the token pane with tokens of these profiles and environments.
fn holding(tokens: &[(&str, &str)]) -> Screen {
    let mut screen = Screen::new(120, 40);
    screen.press("4");
    screen.take();
    let mut all = Vec::new();
    for (at, (profile, environment)) in tokens.iter().enumerate() {
        let mut one = token(&screen.cx);
        one.key.profile = (*profile).into();
        one.key.environment = (*environment).into();
        one.key.identity = format!("identity-{at}");
        one.access_token = Secret::new(format!("a.b.{at}"));
        all.push(one);
    }
    screen.state.token.replace(all, "sandbox", None);
    screen
}

fn managing(screen: &mut Screen) -> (crate::model::id::JobId, Manage) {
    match screen.take().pop() {
        Some(Effect::Manage { job, what, .. }) => (job, what),
        other => panic!("the server was not asked: {other:?}"),
    }
}

fn text(screen: &Screen) -> String {
    match screen.state.overlays.last() {
        Some(Overlay::Text(text)) => format!("{}\n{}", text.title, text.lines.join("\n")),
        other => panic!("no text: {other:?}"),
    }
}

#[test]
fn revoking_asks_first_and_the_token_is_gone_when_the_server_said_yes() {
    let mut screen = holding(&[("pega", "sandbox"), ("pega", "sandbox")]);
    screen.press("R enter");
    assert!(screen.take().is_empty());
    screen.press("y");
    let (job, what) = managing(&mut screen);
    assert_eq!(what, Manage::Revoke);
    let key = screen.state.token.tokens[0].key.clone();
    screen.done(job, Output::Revoked(key.clone()));
    assert_eq!(screen.state.token.tokens.len(), 1);
    assert!(screen.state.token.token().is_some_and(|t| t.key != key));
}

#[test]
fn a_token_that_the_server_did_not_revoke_stays_and_says_why_with_the_exchange() {
    let mut screen = holding(&[("pega", "sandbox")]);
    screen.press("R y");
    let (job, _) = managing(&mut screen);
    let problem = Problem::new(ProblemKind::Token, "not revoked", "unsupported_token_type", "forget it: x");
    let failure = TokenFailure {
        problem,
        exchange: sent(400, "{}").exchange,
        error: None,
        diagnosis: Default::default(),
    };
    screen.done(job, Output::Refused("The token was not revoked", failure));
    assert_eq!(screen.state.token.tokens.len(), 1);
    let shown = text(&screen);
    assert!(shown.contains("unsupported_token_type") && shown.contains("forget it"), "{shown}");
    screen.press("o");
    let wire = text(&screen);
    assert!(wire.contains("POST http://127.0.0.1:40123") && !wire.contains("very-secret"), "{wire}");
}

#[test]
fn introspection_says_in_words_whether_the_token_is_honoured() {
    let mut screen = holding(&[("pega", "sandbox")]);
    screen.press("i");
    let (job, what) = managing(&mut screen);
    assert_eq!(what, Manage::Introspect);
    let members = serde_json::json!({"active": true, "exp": 1_763_910_131, "scope": "a\u{202e}b"});
    let answer = Introspection { active: true, members: members.as_object().cloned().unwrap() };
    screen.done(job, Output::Introspected(Told { answer, exchange: sent(200, "{}").exchange.unwrap() }));
    let shown = text(&screen);
    assert!(shown.contains("active: the server honours it"), "{shown}");
    assert!(shown.contains("2025-11-23 15:02:11") && shown.contains("<U+202E>"), "{shown}");
}

#[test]
fn userinfo_says_whom_it_speaks_for() {
    let mut screen = holding(&[("pega", "sandbox")]);
    screen.press("M");
    let (job, what) = managing(&mut screen);
    assert_eq!(what, Manage::Userinfo);
    let answer = serde_json::json!({"sub": "u-1", "name": "Jane"}).as_object().cloned().unwrap();
    screen.done(job, Output::Userinfo(Told { answer, exchange: sent(200, "{}").exchange.unwrap() }));
    assert!(text(&screen).contains("Jane"));
}

#[test]
fn a_token_of_another_environment_is_shown_to_no_server() {
    let mut screen = holding(&[("pega", "acme-prod")]);
    assert!(screen.state.token.token().is_none(), "nor to a person who did not go to it");
    screen.press("j");
    screen.take();
    for key in ["i", "M", "R"] {
        screen.press(key);
        assert!(screen.take().is_empty(), "{key}");
        assert!(screen.message().contains("acme-prod"), "{}", screen.message());
    }
}

#[test]
fn choosing_a_profile_shows_its_token_and_renews_with_it() {
    let mut screen = holding(&[("pega", "sandbox"), ("other", "acme-prod")]);
    let mut workspace = (*screen.state.workspace).clone();
    let mut other = workspace.profiles[0].clone();
    other.name = "other-one".into();
    workspace.profiles.push(other.clone());
    other.name = "other".into();
    workspace.profiles.push(other);
    screen.state.workspace = Arc::new(workspace);
    screen.press("p").type_text("other");
    match screen.state.overlays.last() {
        Some(Overlay::Picker(picker)) => assert_eq!(picker.items[picker.matches()[0]].label, "other"),
        more => panic!("{more:?}"),
    }
    screen.press("enter");
    assert!(screen.state.token.token().is_none(), "its token is of another environment");
    screen.take();
    screen.press("r");
    assert!(matches!(screen.take().as_slice(), [Effect::Token { plan, .. }] if plan.profile.name == "other"));
}

#[test]
fn every_secret_of_a_token_is_copied_only_after_a_question() {
    let mut screen = holding(&[("pega", "sandbox")]);
    screen.state.token.tokens[0].refresh_token = Some(Secret::new("refresh-me"));
    screen.state.token.tokens[0].id_token = Some(Secret::new("id-of-me"));
    for (name, value) in
        [("refresh token", "refresh-me"), ("ID token", "id-of-me"), ("access token", "a.b.0")]
    {
        screen.press("y").type_text(name).press("enter");
        assert!(screen.take().is_empty());
        assert!(matches!(screen.state.overlays.last(), Some(Overlay::Confirm(_))), "{name}");
        screen.press("y");
        assert!(matches!(screen.take().as_slice(), [Effect::Copy { text, .. }] if text.expose() == value));
    }
}

#[test]
fn the_token_log_is_newest_first_and_masked() {
    let mut screen = holding(&[("pega", "sandbox")]);
    screen.state.redactor.learn("s3cret-s3cret");
    screen.press("T");
    let Some(Effect::TokenLog(job)) = screen.take().pop() else { panic!("no log was asked for") };
    let event = |what: &str, detail: &str| {
        serde_json::json!({"at": "2026-11-23T14:02:11Z", "what": what, "profile": "pega", "environment": "sandbox",
            "identity": "me", "detail": detail})
    };
    let events = vec![event("failed", "s3cret-s3cret"), event("obtained", "client \u{1b}credentials")];
    screen.done(job, Output::TokenLog(events));
    let shown = text(&screen);
    assert!(shown.find("failed") < shown.find("obtained"), "{shown}");
    assert!(!shown.contains("s3cret") && !shown.contains('\u{1b}'), "{shown}");
    assert!(shown.contains("11-23 14:02:11"), "{shown}");
}

#[test]
fn a_send_that_was_repeated_says_so() {
    let mut screen = Screen::new(120, 40);
    screen.press("s");
    let Some(Effect::Send(job, _)) = screen.take().pop() else { panic!("nothing was sent") };
    let mut answer = sent(201, "{}");
    answer.retried = vec![(RetryReason::InvalidToken, sent(401, "{}").exchange.unwrap())];
    screen.done(job, Output::Sent(answer, None));
    assert_eq!(screen.message(), "401 invalid_token, token renewed, sent again: 201");
}

/// The refusal of a command, as `storage::secrets` words it.
fn untrusted(words: &[String]) -> Problem {
    let shown = crate::storage::secrets::command_words(words);
    let why = format!("{}: {shown}", crate::storage::secrets::NOT_TRUSTED);
    Problem::new(ProblemKind::Unresolved, "the secret `client_secret` has no value", why, "look at it")
}

#[test]
fn a_command_that_may_not_run_is_asked_about_once_and_then_the_request_goes_out() {
    let words = vec!["op".to_owned(), "read".to_owned(), "op://v/secret word".to_owned()];
    let mut screen = Screen::new(120, 40);
    let mut workspace = (*screen.state.workspace).clone();
    let secret = Value::Secret(SecretRef::Command(words.clone()));
    workspace.environments[1].variables.insert("client_secret".into(), secret);
    screen.state.workspace = Arc::new(workspace);
    screen.press("s");
    let Some(Effect::Send(job, _)) = screen.take().pop() else { panic!("nothing was sent") };
    let mut failed = sent(0, "");
    failed.exchange = None;
    failed.problem = Some(untrusted(&words));
    screen.done(job, Output::Sent(failed, None));
    match screen.state.overlays.last() {
        Some(Overlay::Confirm(question)) => {
            assert!(question.text.contains(r#""op" "read" "op://v/secret word""#), "{}", question.text);
            assert!(matches!(&question.action, ConfirmAction::Trust(w, _) if *w == words));
        }
        other => panic!("not asked: {other:?}"),
    }
    screen.press("enter");
    assert!(screen.take().is_empty(), "Enter trusts nothing");
    screen.press("y");
    let job = match screen.take().as_slice() {
        [Effect::TrustCommand { job, words: w }] if *w == words => *job,
        other => panic!("{other:?}"),
    };
    screen.done(job, Output::Trusted);
    assert!(matches!(screen.take().as_slice(), [Effect::Send(..)]));
}

#[test]
fn a_file_outside_the_workspace_is_asked_about_before_it_is_read() {
    let mut screen = Screen::new(120, 40);
    let mut workspace = (*screen.state.workspace).clone();
    let secret = Value::Secret(SecretRef::File("/home/ann/.ssh/id_rsa".into()));
    workspace.environments[1].variables.insert("client_secret".into(), secret);
    screen.state.workspace = Arc::new(workspace);
    screen.press("s");
    let Some(Effect::Send(job, _)) = screen.take().pop() else { panic!("nothing was sent") };
    let mut failed = sent(0, "");
    failed.exchange = None;
    let why = format!("{}: {:?}", crate::storage::secrets::NOT_TRUSTED_FILE, "/home/ann/.ssh/id_rsa");
    failed.problem = Some(Problem::new(ProblemKind::Unresolved, "the secret has no value", why, ""));
    screen.done(job, Output::Sent(failed, None));
    match screen.state.overlays.last() {
        Some(Overlay::Confirm(question)) => {
            assert!(question.text.contains("file outside") && question.text.contains(".ssh/id_rsa"))
        }
        other => panic!("not asked: {other:?}"),
    }
    screen.press("y");
    let words = crate::storage::secrets::file_words("/home/ann/.ssh/id_rsa");
    let trust = screen.take();
    assert!(matches!(trust.as_slice(), [Effect::TrustCommand { words: w, .. }] if *w == words), "{trust:?}");
}

#[test]
fn words_that_stand_in_no_file_of_the_workspace_are_not_asked_about() {
    let mut screen = Screen::new(120, 40);
    screen.press("4 r");
    let Some(Effect::Token { job, .. }) = screen.take().pop() else { panic!("no token was asked for") };
    let problem = untrusted(&["rm".to_owned(), "-rf".to_owned()]);
    let event = JobEvent { id: job, news: News::Failed(problem) };
    crate::app::update::update(&mut screen.state, Event::Job(event), &screen.cx);
    assert!(screen.state.overlays.is_empty());
}
