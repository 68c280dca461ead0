use crate::app::effect::Effect;
use crate::app::fixture::{Screen, roads};
use crate::app::focus::PaneId;
use crate::app::key::{Button, MouseEvent, MouseKind};
use crate::app::overlay::{ConfirmAction, Overlay};
use crate::app::view::{Hit, HitTarget};
use crate::flow::login::{LoginId, LoginNews, Roads};
use crate::model::settings::Browser;
use std::time::Duration;

/// A screen whose token waits for a login, of job 1.
fn waiting() -> Screen {
    let mut screen = Screen::new(80, 24);
    screen.press("4 r");
    let job = match screen.take().as_slice() {
        [.., Effect::Token { job, .. }] => *job,
        other => panic!("no token was asked for: {other:?}"),
    };
    screen.login(job.0, 1, LoginNews::Waiting(roads()));
    screen
}

fn shown(screen: &Screen) -> bool {
    matches!(screen.state.overlays.last(), Some(Overlay::Login))
}

#[test]
fn a_login_that_waits_shows_itself_and_opens_the_browser_once() {
    let mut screen = waiting();
    assert!(shown(&screen));
    let url = roads().url.unwrap();
    match screen.take().as_slice() {
        [Effect::OpenBrowser { url: opened, asked: false }] => assert_eq!(*opened, url),
        other => panic!("{other:?}"),
    }
    screen.login(1, 1, LoginNews::Waiting(roads()));
    assert!(screen.take().is_empty(), "the same roads again open nothing");
}

#[test]
fn the_browser_stays_closed_where_the_settings_say_so() {
    let mut screen = Screen::new(80, 24);
    screen.state.settings.browser = Browser::Ask;
    screen.login(1, 1, LoginNews::Waiting(roads()));
    assert!(screen.take().is_empty());
    screen.press("o");
    assert!(matches!(screen.take().as_slice(), [Effect::OpenBrowser { asked: true, .. }]));
}

#[test]
fn a_code_that_comes_later_opens_no_second_browser_and_a_url_that_comes_later_opens_the_first() {
    let mut screen = Screen::new(80, 24);
    let device_only = Roads { url: None, port: None, ssh: None, ..roads() };
    screen.login(1, 1, LoginNews::Waiting(device_only));
    assert!(screen.take().is_empty(), "a device code is for another device");
    screen.login(1, 1, LoginNews::Waiting(roads()));
    assert!(matches!(screen.take().as_slice(), [Effect::OpenBrowser { asked: false, .. }]));
}

#[test]
fn what_is_pasted_anywhere_goes_into_the_field_and_enter_hands_it_in() {
    let mut screen = waiting();
    screen.take();
    screen.paste("http://127.0.0.1:41234/callback?code=SplxlOBe&state=Zk3v\n");
    assert!(screen.take().is_empty(), "a line end in a paste is no Enter");
    screen.press("enter");
    match screen.take().as_slice() {
        [Effect::LoginPaste(LoginId(1), text)] => {
            assert_eq!(text.expose(), "http://127.0.0.1:41234/callback?code=SplxlOBe&state=Zk3v");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(screen.state.logins.current().unwrap().paste.text(), "", "nothing of it stays");
    assert!(shown(&screen), "the login waits until it is over");
}

#[test]
fn letters_are_text_in_the_field_and_keys_outside_of_it() {
    let mut screen = waiting();
    screen.take();
    screen.press("i").type_text("oyqx");
    assert!(screen.take().is_empty());
    screen.press("enter");
    assert!(matches!(screen.take().as_slice(), [Effect::LoginPaste(_, text)] if text.expose() == "oyqx"));
    screen.press("y");
    assert!(
        matches!(screen.take().as_slice(), [Effect::Copy { text, .. }] if text.expose().starts_with("https://id.example/"))
    );
    screen.press("Y c");
    match screen.take().as_slice() {
        [Effect::Copy { text: ssh, .. }, Effect::Copy { text: code, .. }] => {
            assert_eq!(ssh.expose(), "ssh -L 41234:127.0.0.1:41234 me@jump.example");
            assert_eq!(code.expose(), "WDJB-MJHT");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_empty_field_hands_nothing_in() {
    let mut screen = waiting();
    screen.take();
    screen.press("enter enter");
    assert!(screen.take().is_empty());
    assert!(shown(&screen));
}

#[test]
fn keys_typed_before_the_page_was_seen_are_not_for_it() {
    let mut screen = waiting();
    screen.take();
    screen.type_text("oy");
    assert!(screen.take().is_empty());
    screen.later(Duration::from_millis(400)).type_text("y");
    assert_eq!(screen.take().len(), 1);
}

#[test]
fn escape_asks_and_y_cancels_the_job_that_waits() {
    let mut screen = waiting();
    screen.take();
    screen.press("esc");
    assert!(
        matches!(screen.state.overlays.last(), Some(Overlay::Confirm(c)) if c.action == ConfirmAction::GiveUpLogin(LoginId(1)))
    );
    screen.press("n");
    assert!(shown(&screen));
    screen.press("esc y");
    assert!(matches!(screen.take().as_slice(), [Effect::CancelJob(_)]));
    screen.login(1, 1, LoginNews::Over);
    assert!(screen.state.overlays.is_empty());
}

#[test]
fn escape_leaves_the_field_first() {
    let mut screen = waiting();
    screen.paste("http://127.0.0.1/x");
    screen.press("esc");
    assert!(shown(&screen) && !screen.state.logins.typing);
    assert_eq!(screen.state.logins.current().unwrap().paste.text(), "http://127.0.0.1/x", "no text is lost");
}

#[test]
fn a_login_put_aside_waits_and_comes_back_by_key() {
    let mut screen = waiting();
    screen.press("p");
    assert!(screen.state.overlays.is_empty());
    assert_eq!(screen.state.logins.all.len(), 1);
    screen.press("b");
    assert!(shown(&screen));
    screen.press("p 3 g u b");
    assert!(screen.state.overlays.is_empty(), "b is text while typing");
}

#[test]
fn when_it_is_over_the_page_and_its_question_are_gone() {
    let mut screen = waiting();
    screen.press("esc");
    screen.login(1, 1, LoginNews::Over);
    assert!(screen.state.overlays.is_empty() && screen.state.logins.all.is_empty());
    screen.press("b");
    assert!(screen.message().contains("no login waits"), "{}", screen.message());
}

#[test]
fn one_of_two_logins_can_end_and_the_other_goes_on() {
    let mut screen = waiting();
    screen.take();
    let other = Roads { profile: "other".into(), ..roads() };
    screen.login(2, 2, LoginNews::Waiting(other));
    screen.take();
    assert_eq!(screen.state.logins.current().unwrap().roads.profile, "other", "the newest first");
    screen.press("tab");
    assert_eq!(screen.state.logins.current().unwrap().id, LoginId(1));
    screen.paste("http://h/first").press("enter");
    assert!(matches!(screen.take().as_slice(), [Effect::LoginPaste(LoginId(1), _)]));
    screen.login(1, 1, LoginNews::Over);
    assert!(shown(&screen));
    assert_eq!(screen.state.logins.current().unwrap().id, LoginId(2));
}

#[test]
fn a_login_does_not_come_over_what_is_being_typed() {
    let mut screen = Screen::new(80, 24);
    screen.press("I").type_text("/tmp/a");
    screen.login(1, 1, LoginNews::Waiting(roads()));
    screen.type_text("y");
    assert!(
        matches!(screen.state.overlays.last(), Some(Overlay::Prompt(p)) if p.edit.text().ends_with("/tmp/ay"))
    );
    screen.press("esc");
    assert!(shown(&screen));
}

#[test]
fn notes_are_made_safe_and_a_note_of_an_unknown_login_is_nothing() {
    let mut screen = waiting();
    screen.login(1, 1, LoginNews::Note("stray \u{1b}[31mcallback".into()));
    screen.login(1, 9, LoginNews::Note("of nobody".into()));
    screen.login(1, 9, LoginNews::Over);
    assert_eq!(screen.state.logins.current().unwrap().notes, ["stray ^[[31mcallback"]);
}

#[test]
fn a_login_that_no_job_is_known_for_is_given_up_by_cancelling_what_runs() {
    let mut screen = Screen::new(80, 24);
    screen.press("4 r");
    screen.take();
    screen.login(0, 5, LoginNews::Waiting(roads()));
    screen.take();
    screen.press("x y");
    assert!(matches!(screen.take().as_slice(), [Effect::CancelJob(_)]));
}

#[test]
fn a_click_on_a_key_of_the_page_does_what_the_key_does() {
    let mut screen = waiting();
    screen.take();
    screen.later(Duration::from_secs(1));
    screen.state.view.hits =
        vec![Hit { x: 0, y: 23, width: 8, height: 1, target: HitTarget::OverlayKey('y') }];
    let kind = MouseKind::Down(Button::Left);
    let click = MouseEvent { kind, column: 3, row: 23, ctrl: false, alt: false, shift: false };
    let event = crate::app::event::Event::Mouse(click);
    let effects = crate::app::update::update(&mut screen.state, event, &screen.cx);
    assert!(matches!(effects.as_slice(), [Effect::Copy { .. }]));
}

#[test]
fn the_countdown_of_a_login_wakes_the_screen_each_second() {
    let mut screen = Screen::new(80, 24);
    assert_eq!(screen.state.next_deadline(&screen.cx), None);
    screen.login(1, 1, LoginNews::Waiting(roads()));
    let at = screen.state.next_deadline(&screen.cx).unwrap();
    assert!(at <= screen.cx.now + Duration::from_secs(1));
    assert_eq!(screen.state.focus, PaneId::Request);
}
