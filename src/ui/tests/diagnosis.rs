//! The diagnosis on screen.

use super::{paint, picture, text};
use crate::app::effect::{Effect, Target};
use crate::app::fixture::{Screen, refused, sent, token};
use crate::app::job::Output;
use crate::diagnose::Probe;
use crate::flow::TokenFailure;
use crate::flow::probe::{ProbeOutcome, Verdict};
use crate::model::problem::{Problem, ProblemKind};
use ratatui::style::{Color, Modifier};
use std::time::Duration;

fn screen(width: u16, height: u16) -> Screen {
    let mut screen = Screen::new(width, height);
    let mut answer = refused();
    answer.token = Some(token(&screen.cx));
    screen.answered(answer);
    screen.take();
    screen.state.toast = None;
    screen.press("6");
    screen
}

#[test]
fn a_refusal_says_why_under_the_status_at_every_size() {
    insta::assert_snapshot!("refused_80x24", picture(&mut screen(80, 24)));
    insta::assert_snapshot!("refused_120x40", picture(&mut screen(120, 40)));
    for (width, height) in [(80, 24), (120, 40), (200, 60), (60, 18), (100, 20)] {
        let shown = picture(&mut screen(width, height));
        assert!(shown.contains("Why: the token expired"), "{width}x{height}\n{shown}");
        assert!(shown.contains("Diagnosis 2"), "{width}x{height}\n{shown}");
        assert!(shown.contains("error"), "the body is there: {width}x{height}\n{shown}");
    }
}

#[test]
fn the_findings_at_three_sizes() {
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        let mut screen = screen(width, height);
        screen.press("d j j");
        insta::assert_snapshot!(format!("findings_{width}x{height}"), picture(&mut screen));
    }
}

#[test]
fn every_line_of_the_findings_comes_into_view() {
    for (width, height) in [(80, 24), (60, 18)] {
        let mut screen = screen(width, height);
        screen.press("d");
        let mut seen = String::new();
        for _ in 0..30 {
            seen.push_str(&picture(&mut screen));
            screen.press("j");
        }
        for word in ["1 token.expired", "cause", "clocks.", "2 token.rejected", "scheme Bearer", "key set"] {
            assert!(seen.contains(word), "{word} at {width}x{height}\n{seen}");
        }
    }
}

#[test]
fn before_and_after_side_by_side_or_one_above_the_other() {
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        let mut screen = screen(width, height);
        screen.press("d f y");
        let job = screen.take().into_iter().find_map(|e| match e {
            Effect::Probe { job, .. } => Some(job),
            _ => None,
        });
        screen.later(Duration::from_millis(1200));
        let running = picture(&mut screen);
        assert!(running.contains("running"), "{running}");
        let outcome = ProbeOutcome {
            probe: Probe::RenewReplay,
            text: "with a new token the server answers 201".into(),
            verdict: Verdict::Confirmed,
            exchanges: Vec::new(),
            sent: Some(Box::new(sent(201, "{\"ID\":\"APP-2005\",\"status\":\"New\"}"))),
        };
        screen.done(job.unwrap(), Output::Probed(outcome, None)).index();
        screen.state.toast = None;
        insta::assert_snapshot!(format!("before_after_{width}x{height}"), picture(&mut screen));
        screen.press("=");
        let shown = picture(&mut screen);
        assert!(shown.contains("confirmed: with a new token"), "{shown}");
    }
}

#[test]
fn a_token_that_was_refused_is_explained_in_its_pane_and_in_the_strip() {
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        let mut screen = Screen::new(width, height);
        let step = crate::app::flow_strip::Step::Token;
        let job = screen.state.jobs.start(Target::Flow(step), screen.cx.now);
        let failure = TokenFailure {
            problem: Problem::new(
                ProblemKind::Token,
                "no token from 127.0.0.1",
                "401 invalid_client",
                "check it",
            ),
            exchange: refused().exchange,
            error: None,
            diagnosis: refused().diagnosis,
        };
        screen.done(job, Output::NoToken(failure));
        screen.press("4");
        insta::assert_snapshot!(format!("token_refused_{width}x{height}"), picture(&mut screen));
        screen.press("d");
        let shown = picture(&mut screen);
        assert!(shown.contains("the token request") && shown.contains("1 token.expired"), "{shown}");
    }
}

#[test]
fn no_answer_says_it_once_and_names_the_finding() {
    let mut screen = Screen::new(80, 24);
    let mut answer = refused();
    answer.diagnosis.findings.truncate(1);
    answer.diagnosis.findings[0].summary = "the name dev.acme.example is not known to DNS here".into();
    answer.exchange = answer.exchange.map(|e| {
        let mut e = e.as_ref().clone();
        e.response = None;
        std::sync::Arc::new(e)
    });
    answer.problem = Some(Problem::new(
        ProblemKind::Network,
        "POST to dev.acme.example failed",
        "the host name is not known",
        "check the VPN and `base_url` of environment sandbox",
    ));
    screen.answered(answer);
    screen.state.toast = None;
    insta::assert_snapshot!(picture(&mut screen));
}

#[test]
fn evidence_is_highlighted_without_colour_too() {
    for (width, height) in [(120, 40), (200, 60)] {
        let mut screen = screen(width, height);
        screen.press("d j j");
        paint(&mut screen, false, false);
        let buffer = paint(&mut screen, false, false);
        assert!(buffer.content().iter().all(|c| c.fg == Color::Reset && c.bg == Color::Reset));
        let mut marked = String::new();
        for y in 0..height {
            for x in 0..width {
                let cell = &buffer[(x, y)];
                if cell.modifier.contains(Modifier::REVERSED | Modifier::BOLD) {
                    marked.push_str(cell.symbol());
                }
            }
        }
        assert!(marked.contains("error=\"invalid_token\""), "{marked}\n{}", text(&buffer));
    }
}

#[test]
fn a_jump_highlights_the_quoted_text_where_it_stands() {
    let mut screen = screen(120, 40);
    for (keys, shown) in [
        ("d j j enter", "www-authenticate"),
        ("esc j enter", "invalid_token"),
        ("d l j enter", "authorization"),
    ] {
        screen.press(keys);
        paint(&mut screen, true, false);
        let buffer = paint(&mut screen, true, false);
        assert!(text(&buffer).contains(shown), "{}", text(&buffer));
        let found = buffer.content().iter().any(|c| c.modifier.contains(Modifier::REVERSED | Modifier::BOLD));
        assert!(found, "{keys}\n{}", text(&buffer));
    }
}

#[test]
fn the_bar_offers_no_key_that_does_nothing_to_the_finding() {
    let mut screen = Screen::new(80, 24);
    let mut answer = refused();
    answer.diagnosis.findings.truncate(1);
    answer.diagnosis.findings[0].remedies.clear();
    answer.diagnosis.findings[0].probes.clear();
    screen.answered(answer);
    screen.state.toast = None;
    for keys in ["6", "d"] {
        screen.press(keys);
        let shown = picture(&mut screen);
        let bar = shown.lines().last().unwrap_or_default().to_owned();
        let bar = if bar.trim().is_empty() { shown } else { bar };
        assert!(!bar.contains("f fix") && !bar.contains("c confirm"), "{bar}");
    }
}

#[test]
fn what_was_not_sent_and_has_no_finding_still_says_why_in_the_findings() {
    let mut screen = Screen::new(80, 24);
    let mut answer = refused();
    answer.diagnosis.findings.clear();
    answer.exchange = None;
    answer.problem = Some(Problem::new(
        ProblemKind::Usage,
        "cannot send `Create case`",
        "`case_type` is set nowhere",
        "set it in the environment",
    ));
    screen.answered(answer);
    screen.press("d");
    screen.state.toast = None;
    let shown = picture(&mut screen);
    assert!(shown.contains("not sent") && shown.contains("`case_type` is set nowhere"), "{shown}");
}
