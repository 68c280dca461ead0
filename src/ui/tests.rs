//! Whole screens, driven by keys. Times, ports and ids are fixed, so the pictures are stable.

mod diagnosis;
mod jwt;
mod login;
mod tokens;

use super::draw;
use super::theme::Theme;
use crate::app::effect::Effect;
use crate::app::fixture::{Screen, sent, start, token};
use crate::app::job::Output;
use crate::app::update::drawn;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::settings::Theme as Name;
use crate::model::workspace::Workspace;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use std::time::Duration;

const CASE: &str = r#"{"ID":"ACME-CASES-WORK APP-2005","data":{"caseInfo":{"businessID":"APP-2005","status":"New","stages":[{"ID":"PRIM0"},{"ID":"PRIM1"}],"urgency":"10"}},"nextAssignmentInfo":{"ID":"x"}}"#;

fn paint(screen: &mut Screen, color: bool, ascii: bool) -> Buffer {
    let (width, height) = screen.state.size;
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    let theme = Theme::new(Name::Terminal, color, ascii);
    let (view, _) = draw(&screen.state, &theme, &screen.cx, &mut buffer);
    drawn(&mut screen.state, view);
    buffer
}

fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let row: String = (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect();
        out.push_str(row.trim_end());
        out.push('\n');
    }
    out
}

fn picture(screen: &mut Screen) -> String {
    // Twice: the first frame tells the app how much room there is.
    paint(screen, true, false);
    text(&paint(screen, true, false))
}

/// After step C: an answer with its body indexed, and a token.
fn created(width: u16, height: u16) -> Screen {
    let mut screen = Screen::new(width, height);
    screen.press("s");
    let Some(Effect::Send(job, _)) = screen.take().pop() else { panic!("nothing was sent") };
    let mut answer = sent(201, CASE);
    answer.token = Some(token(&screen.cx));
    screen.done(job, Output::Sent(answer, None));
    for effect in screen.take() {
        match effect {
            Effect::Index { job, media_type, body } => {
                let content = crate::worker::index_body(&media_type, &body, &|| false).unwrap();
                screen.done(job, Output::Indexed(content));
            }
            Effect::Inspect { job, .. } => {
                let claims = serde_json::json!({
                    "sub": "svc.cases@acme", "iss": "http://127.0.0.1:40123", "aud": "urn:24613501234567890123",
                    "exp": 1_763_910_131, "iat": 1_763_906_531
                });
                let decoded = crate::jwt::Decoded {
                    kind: crate::jwt::TokenKind::Jws,
                    header: serde_json::json!({"alg": "RS256", "kid": "7c1e8a90aa"}).as_object().cloned(),
                    claims: claims.as_object().cloned(),
                    signature: crate::jwt::Signature::Verified { key: "kid 7c1e8a90aa (RS256)".into() },
                    warnings: Vec::new(),
                    problem: None,
                };
                screen.done(job, Output::Inspected(decoded));
            }
            _ => {}
        }
    }
    screen.state.toast = None;
    screen.press("6");
    screen
}

#[test]
fn the_first_frame_at_120x40() {
    insta::assert_snapshot!(picture(&mut Screen::new(120, 40)));
}

#[test]
fn the_first_frame_at_80x24() {
    insta::assert_snapshot!(picture(&mut Screen::new(80, 24)));
}

#[test]
fn after_a_case_was_created_at_120x40() {
    insta::assert_snapshot!(picture(&mut created(120, 40)));
}

#[test]
fn after_a_case_was_created_at_80x24() {
    insta::assert_snapshot!(picture(&mut created(80, 24)));
}

#[test]
fn after_a_case_was_created_at_200x60() {
    insta::assert_snapshot!(picture(&mut created(200, 60)));
}

#[test]
fn one_pane_at_a_time_at_40x10() {
    insta::assert_snapshot!(picture(&mut created(40, 10)));
}

#[test]
fn an_empty_workspace_greets() {
    let mut screen = Screen::with(start(Workspace::default()), 80, 24);
    insta::assert_snapshot!(picture(&mut screen));
}

#[test]
fn a_failed_send_says_what_why_and_the_next_step() {
    let mut screen = Screen::new(80, 24);
    screen.press("s");
    let Some(Effect::Send(job, _)) = screen.take().pop() else { panic!("nothing was sent") };
    let mut failed = sent(0, "");
    failed.exchange = None;
    failed.captures.clear();
    failed.problem = Some(Problem::new(
        ProblemKind::Network,
        "POST to dev.acme.example failed",
        "the host name is not known",
        "check the VPN and `base_url` of environment sandbox",
    ));
    screen.done(job, Output::Sent(failed, None));
    screen.state.toast = None;
    insta::assert_snapshot!(picture(&mut screen));
}

#[test]
fn help_and_palette_and_prompt_stand_over_the_panes() {
    let mut screen = Screen::new(80, 24);
    screen.press("?");
    insta::assert_snapshot!("help", picture(&mut screen));
    screen.press("esc I");
    insta::assert_snapshot!("prompt", picture(&mut screen));
    screen.press("esc e");
    insta::assert_snapshot!("picker", picture(&mut screen));
}

#[test]
fn a_running_request_shows_its_phase_and_how_to_cancel() {
    let mut screen = Screen::new(80, 24);
    screen.press("s").later(Duration::from_millis(1200));
    let shown = picture(&mut screen);
    assert!(shown.contains("sending  1.2 s   ^C cancels"), "{shown}");
}

#[test]
fn the_jwt_pane_says_verified_and_names_the_operator() {
    let shown = picture(&mut created(120, 40));
    assert!(shown.contains("verified  RS256") && shown.contains("svc.cases@acme"), "{shown}");
}

#[test]
fn every_size_can_be_drawn_in_every_state() {
    let empty = Screen::with(start(Workspace::default()), 80, 24);
    let keys =
        ["1", "4", "5", "z", "esc", "6", "?", "esc", "g", "esc", ",", "esc", "F", "esc", "3", "e", "esc"];
    for mut screen in [created(120, 40), Screen::new(120, 40), empty] {
        let mut turn = keys.iter().cycle();
        for width in (1..30).chain([39, 40, 59, 60, 61, 79, 80, 99, 100, 101, 119, 120, 159, 160, 200, 300]) {
            for height in (1..10).chain([14, 15, 16, 23, 24, 30, 40, 60]) {
                screen.state.size = (width, height);
                if let Some(key) = turn.next() {
                    screen.press(key);
                }
                paint(&mut screen, true, false);
            }
        }
    }
}

#[test]
fn ascii_chrome_has_no_byte_above_0x7e() {
    let mut screen = Screen::new(120, 40);
    let shown = text(&paint(&mut screen, true, true));
    let odd: Vec<char> = shown.chars().filter(|c| !c.is_ascii()).collect();
    assert_eq!(odd, Vec::<char>::new());
}

#[test]
fn no_color_means_no_colour_but_selection_still_shows() {
    let mut screen = created(120, 40);
    let buffer = paint(&mut screen, false, false);
    assert!(buffer.content().iter().all(|c| c.fg == Color::Reset && c.bg == Color::Reset));
    assert!(buffer.content().iter().any(|c| c.modifier.contains(Modifier::REVERSED)));
}

#[test]
fn moving_the_focus_repaints_only_titles_and_marks() {
    let mut screen = created(120, 40);
    screen.state.overlays.clear();
    screen.press("3");
    paint(&mut screen, true, false);
    let before = paint(&mut screen, true, false);
    screen.press("6");
    let after = paint(&mut screen, true, false);
    let changed = before.content().iter().zip(after.content()).filter(|(a, b)| a != b).count();
    // Two top lines, the hint bar, the marked rows; the pane heights may shift a little.
    assert!(changed < 120 * 3, "{changed} cells");
}

#[test]
fn what_a_server_sends_cannot_draw_over_the_screen() {
    let mut screen = Screen::new(120, 40);
    screen.press("s");
    let Some(Effect::Send(job, _)) = screen.take().pop() else { panic!("nothing was sent") };
    screen.done(job, Output::Sent(sent(200, "{\"a\":\"\u{1b}]52;c;aGk=\u{7}\u{202e}x\"}"), None));
    for effect in screen.take() {
        if let Effect::Index { job, media_type, body } = effect {
            let content = crate::worker::index_body(&media_type, &body, &|| false).unwrap();
            screen.done(job, Output::Indexed(content));
        }
    }
    for keys in ["6", "]", "]", "]", "]", "]", "]", "]", "L"] {
        screen.press(keys);
        let shown = text(&paint(&mut screen, true, false));
        let bad: Vec<char> =
            shown.chars().filter(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}').collect();
        assert_eq!(bad, Vec::<char>::new());
    }
}
