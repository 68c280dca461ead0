//! Why it was refused: what each key asks for.

use crate::app::effect::{Effect, Target};
use crate::app::fixture::{Screen, refused, sent, token};
use crate::app::focus::PaneId;
use crate::app::job::Output;
use crate::app::overlay::Overlay;
use crate::app::pane::diagnosis::Stop;
use crate::app::pane::response::ResponseTab;
use crate::diagnose::{Diagnosis, Probe};
use crate::flow::probe::{ProbeOutcome, Verdict};
use crate::flow::{Sent, TokenFailure};
use crate::model::edit::{Change, Edit};
use crate::model::id::JobId;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::profile::ClientAuth;
use std::sync::Arc;

/// A refused POST whose token is known.
fn screen() -> Screen {
    let mut screen = Screen::new(120, 40);
    let mut answer = refused();
    answer.token = Some(token(&screen.cx));
    screen.answered(answer);
    screen.take();
    screen
}

fn probe(screen: &mut Screen) -> Option<(JobId, Probe, bool)> {
    screen.take().into_iter().find_map(|e| match e {
        Effect::Probe { job, probe, allow_unsafe, .. } => Some((job, probe, allow_unsafe)),
        _ => None,
    })
}

fn outcome(probe: Probe, verdict: Verdict, sent: Option<Sent>) -> Output {
    let outcome = ProbeOutcome {
        probe,
        text: "the server says so".into(),
        verdict,
        exchanges: Vec::new(),
        sent: sent.map(Box::new),
    };
    Output::Probed(outcome, None)
}

fn confirm_text(screen: &Screen) -> String {
    match screen.state.overlays.last() {
        Some(Overlay::Confirm(c)) => c.text.clone(),
        Some(Overlay::Prompt(p)) => p.title.clone(),
        _ => String::new(),
    }
}

#[test]
fn d_opens_the_findings_from_anywhere_and_sends_nothing() {
    let mut screen = screen();
    screen.press("2 d");
    assert_eq!((screen.state.focus, screen.state.response.tab), (PaneId::Response, ResponseTab::Diagnosis));
    screen.press("j j l h pagedown end home");
    assert!(screen.take().is_empty());
}

#[test]
fn before_anything_was_sent_the_keys_say_so() {
    let mut screen = Screen::new(120, 40);
    screen.press("d");
    assert!(screen.message().contains("nothing was sent yet"), "{}", screen.message());
    screen.press("f");
    assert!(screen.message().contains("nothing was refused"), "{}", screen.message());
    let mut screen = Screen::new(120, 40);
    screen.answered(sent(200, "{}")).press("d f");
    assert!(screen.message().contains("nothing was refused"), "{}", screen.message());
    assert!(screen.take().is_empty());
}

#[test]
fn a_fix_that_sends_a_post_once_more_asks_first() {
    let mut screen = screen();
    screen.press("f");
    assert!(screen.take().is_empty());
    let asked = confirm_text(&screen);
    assert!(
        asked.starts_with("Send POST http://127.0.0.1:40123/") && asked.contains("second case"),
        "{asked}"
    );
    screen.press("n");
    assert!(screen.take().is_empty());
    screen.press("f y");
    assert_eq!(probe(&mut screen).map(|(_, p, yes)| (p, yes)), Some((Probe::RenewReplay, true)));
}

#[test]
fn several_probes_are_a_menu_and_asking_the_server_about_the_token_needs_no_yes() {
    let mut screen = screen();
    screen.press("d c");
    assert!(matches!(screen.state.overlays.last(), Some(Overlay::Picker(p)) if p.items.len() == 2));
    assert!(screen.take().is_empty());
    screen.press("down enter");
    let (job, which, _) = probe(&mut screen).unwrap();
    assert_eq!(which, Probe::Introspect);
    screen.press("ctrl-c");
    assert!(screen.take().iter().any(|e| matches!(e, Effect::CancelJob(id) if *id == job)));
    screen.done(job, outcome(which, Verdict::Confirmed, None));
    let view = screen.state.view_shown().unwrap();
    assert_eq!(view.looked.ran.len(), 1);
    assert!(screen.message().contains("introspect: confirmed"), "{}", screen.message());
}

#[test]
fn the_keys_are_for_the_finding_that_the_cursor_is_in() {
    let mut screen = screen();
    screen.press("d l c");
    assert_eq!(probe(&mut screen).map(|(_, p, _)| p), Some(Probe::Introspect));
    let mut screen = self::screen();
    screen.press("d l f");
    let labels = match screen.state.overlays.last() {
        Some(Overlay::Picker(p)) => p.items.iter().map(|i| i.detail.clone()).collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    assert_eq!(labels, ["set `client_auth = \"body\"` in the profile", "get a new token and send again"]);
}

#[test]
fn a_fix_of_the_profile_is_written_with_undo_and_then_the_request_is_sent_with_a_new_token() {
    let mut screen = screen();
    screen.press("d l f enter");
    let effects = screen.take();
    let Some(Effect::Edit(job, edit)) = effects.first() else { panic!("{effects:?}") };
    let Edit::SaveProfile(profile) = edit.as_ref() else { panic!("{edit:?}") };
    assert_eq!(profile.client_auth, ClientAuth::Body);
    let mut workspace = screen.state.workspace.as_ref().clone();
    workspace.profiles[0] = profile.as_ref().clone();
    let file = crate::model::edit::FileChange { path: "/w/auth/pega.toml".into(), before: None, after: None };
    let change = Change { words: "changed pega".into(), files: vec![file], select: None };
    screen.done(*job, Output::Workspace(Some(change), Arc::new(workspace)));
    assert_eq!(screen.state.undo.len(), 1);
    assert!(confirm_text(&screen).contains("once more"), "{}", confirm_text(&screen));
    assert!(screen.take().is_empty());
    screen.press("y");
    assert_eq!(probe(&mut screen).map(|(_, p, _)| p), Some(Probe::RenewReplay));
}

#[test]
fn after_a_replay_before_and_after_stand_side_by_side_until_the_next_send() {
    let mut screen = screen();
    screen.press("d f y");
    let (job, which, _) = probe(&mut screen).unwrap();
    screen.done(job, outcome(which, Verdict::Confirmed, Some(sent(201, "{\"ID\":\"APP-1\"}"))));
    let view = screen.state.view_shown().unwrap();
    let replay = view.looked.replay.as_ref().unwrap();
    assert!(view.looked.comparing);
    assert_eq!(replay.rows[0].before.as_deref(), Some("401 Unauthorized"));
    assert_eq!(replay.rows[0].after.as_deref(), Some("201 Created"));
    assert!(replay.rows[1].before.as_deref().unwrap().starts_with("token.expired"));
    assert!(
        replay.rows.iter().any(|r| r.before.as_deref().is_some_and(|t| t.starts_with("www-authenticate")))
    );
    assert!(replay.rows.iter().any(|r| r.after.as_deref() == Some("  \"ID\": \"APP-1\"")));
    assert_eq!(view.looked.ran.len(), 1, "what the probe told stays");
    screen.press("=");
    assert!(!screen.state.view_shown().unwrap().looked.comparing);
    screen.press("=");
    assert!(screen.state.view_shown().unwrap().looked.comparing);
    screen.answered(refused());
    assert!(screen.state.view_shown().unwrap().looked.replay.is_none());
}

#[test]
fn a_protected_environment_wants_its_name_before_a_replay() {
    let mut screen = screen();
    screen.press("e home").type_text("acme-prod");
    screen.press("enter");
    screen.answered_protected(refused());
    screen.press("f");
    assert!(confirm_text(&screen).starts_with("acme-prod is protected"), "{}", confirm_text(&screen));
    screen.type_text("wrong").press("enter");
    assert!(probe(&mut screen).is_none());
    screen.press("ctrl-u").type_text("acme-prod").press("enter");
    assert!(screen.take().iter().any(|e| matches!(e, Effect::Probe { .. } | Effect::Send(..))));
}

impl Screen {
    fn answered_protected(&mut self, answer: Sent) {
        self.press("s").type_text("acme-prod").press("enter");
        let job = self.take().into_iter().find_map(|e| match e {
            Effect::Send(job, _) => Some(job),
            _ => None,
        });
        self.done(job.unwrap(), Output::Sent(answer, None)).index();
        self.take();
    }
}

#[test]
fn enter_goes_to_where_evidence_stands_and_esc_comes_back() {
    let mut screen = screen();
    // The second piece: a header of the answer.
    screen.press("d j j enter");
    let view = screen.state.view_shown().unwrap();
    assert_eq!(screen.state.response.tab, ResponseTab::Headers);
    assert_eq!(view.cursors[ResponseTab::Headers as usize].at, 2);
    assert_eq!(view.looked.lit.as_ref().unwrap().quote, "error=\"invalid_token\"");
    screen.press("esc");
    assert_eq!(screen.state.response.tab, ResponseTab::Diagnosis);
    assert!(screen.state.view_shown().unwrap().looked.lit.is_none());
    screen.press("j enter");
    assert_eq!(screen.state.response.tab, ResponseTab::Body);
    assert_eq!(screen.state.view_shown().unwrap().search.as_ref().unwrap().needle, "invalid_token");
    screen.press("d l j enter");
    assert_eq!(screen.state.response.tab, ResponseTab::Sent);
    // A claim stands in the JWT.
    screen.press("d home j enter");
    assert_eq!((screen.state.focus, screen.state.jwt.lit.as_deref()), (PaneId::Jwt, Some("exp")));
    screen.press("esc");
    assert_eq!((screen.state.focus, screen.state.response.tab), (PaneId::Response, ResponseTab::Diagnosis));
}

#[test]
fn y_in_the_findings_copies_them_as_markdown_without_secrets() {
    let mut screen = screen();
    screen.state.redactor.learn("very-secret-token");
    screen.press("d y");
    let effects = screen.take();
    let Some(Effect::Copy { text, .. }) = effects.first() else { panic!("{effects:?}") };
    let text = text.expose();
    assert!(text.contains("token.expired") && text.contains("3 min ago"), "{text}");
    assert!(!text.contains("very-secret-token"), "{text}");
}

fn no_token(diagnosis: Diagnosis) -> TokenFailure {
    let exchange = refused().exchange;
    let problem =
        Problem::new(ProblemKind::Token, "no token from id.example", "401 invalid_client", "check it");
    TokenFailure { problem, exchange, error: Some("invalid_client".into()), diagnosis }
}

#[test]
fn a_token_request_that_failed_has_its_findings_in_the_same_tab() {
    let mut screen = Screen::new(120, 40);
    screen.press("4 r");
    let job = screen.take().into_iter().find_map(|e| match e {
        Effect::Token { job, .. } => Some(job),
        _ => None,
    });
    screen.done(job.unwrap(), Output::NoToken(no_token(refused().diagnosis)));
    assert!(screen.message().contains("the token expired 3 min ago"), "{}", screen.message());
    assert!(screen.message().contains("d findings   f get a new token"), "{}", screen.message());
    screen.press("d");
    assert_eq!((screen.state.focus, screen.state.response.tab), (PaneId::Response, ResponseTab::Diagnosis));
    screen.press("j j enter");
    let Some(Overlay::Text(text)) = screen.state.overlays.last() else { panic!("no text") };
    let (line, quote) = text.lit.clone().unwrap();
    assert!(text.lines[line].contains(&quote) && !quote.is_empty());
    screen.press("esc f");
    assert!(screen.take().iter().any(|e| matches!(e, Effect::Token { .. })));
}

#[test]
fn the_strip_names_the_code_beside_the_status() {
    use crate::app::flow_strip::{Step, StepState};
    let mut screen = Screen::new(120, 40);
    let job = screen.state.jobs.start(Target::Flow(Step::Token), screen.cx.now);
    screen.done(job, Output::NoToken(no_token(refused().diagnosis)));
    assert_eq!(screen.state.flow.state(Step::Token), &StepState::Failed("401 token.expired".into()));
}

#[test]
fn a_click_selects_a_finding_and_a_click_on_its_key_is_the_key() {
    use crate::app::command::Command;
    use crate::app::view::HitTarget;
    let mut screen = screen();
    screen.press("d l");
    let at = screen.state.view_shown().unwrap().looked.at;
    screen.press("home");
    let fx = &mut Vec::new();
    super::mouse::click(&mut screen.state, HitTarget::Row(PaneId::Response, at), &screen.cx.clone(), fx);
    assert_eq!(screen.state.view_shown().unwrap().looked.at, at);
    screen.press("home");
    super::mouse::click(&mut screen.state, HitTarget::Finding(at, Command::Confirm), &screen.cx.clone(), fx);
    assert!(matches!(fx.as_slice(), [Effect::Probe { probe: Probe::Introspect, .. }]), "{fx:?}");
}

#[test]
fn while_a_probe_runs_a_second_one_is_not_begun() {
    let mut screen = screen();
    screen.press("d l c");
    assert!(probe(&mut screen).is_some());
    screen.press("c");
    assert!(probe(&mut screen).is_none());
    assert!(screen.message().contains("Ctrl-C cancels"), "{}", screen.message());
}

#[test]
fn the_cursor_goes_to_what_the_probe_told_and_a_line_quoted_twice_is_shown_once() {
    let mut screen = Screen::new(120, 40);
    let mut answer = refused();
    let again = answer.diagnosis.findings[0].evidence[0].clone();
    answer.diagnosis.findings[0].evidence.push(again);
    answer.token = Some(token(&screen.cx));
    screen.answered(answer).press("d l c");
    let (job, which, _) = probe(&mut screen).unwrap();
    screen.done(job, outcome(which, Verdict::Confirmed, None));
    let view = screen.state.view_shown().unwrap();
    let stops = view.looked.stops(&view.sent.diagnosis);
    assert_eq!(view.looked.stop(&view.sent.diagnosis), Some(Stop::Ran(0)));
    assert_eq!(stops.iter().filter(|s| matches!(s, Stop::Evidence(0, _))).count(), 3);
}

#[test]
fn a_probe_that_would_send_a_post_for_the_first_time_asks_too() {
    let mut screen = Screen::new(120, 40);
    let mut answer = refused();
    answer.token_exchange = answer.exchange.take();
    answer.problem = Some(no_token(Diagnosis::default()).problem);
    answer.diagnosis.findings.truncate(1);
    answer.diagnosis.findings[0].probes = vec![Probe::NoCredentials];
    screen.answered(answer).press("d c");
    assert!(probe(&mut screen).is_none());
    assert!(confirm_text(&screen).contains("without credentials?"), "{}", confirm_text(&screen));
}
