//! The page of a login at every size, and what it must not show.

use super::{paint, picture, text};
use crate::app::fixture::{Screen, roads};
use crate::flow::login::{LoginNews, Roads};
use ratatui::style::Color;

fn login(width: u16, height: u16, roads: Roads) -> Screen {
    let mut screen = Screen::new(width, height);
    screen.login(1, 1, LoginNews::Waiting(roads));
    screen
}

fn without_device() -> Roads {
    Roads { device: None, ..roads() }
}

fn without_url() -> Roads {
    Roads { url: None, redirect_uri: None, port: None, ssh: None, ..roads() }
}

#[test]
fn every_road_at_80x24() {
    insta::assert_snapshot!(picture(&mut login(80, 24, roads())));
}

#[test]
fn every_road_at_120x40() {
    insta::assert_snapshot!(picture(&mut login(120, 40, roads())));
}

#[test]
fn every_road_at_200x60() {
    insta::assert_snapshot!(picture(&mut login(200, 60, roads())));
}

#[test]
fn every_road_at_40x10() {
    insta::assert_snapshot!(picture(&mut login(40, 10, roads())));
}

#[test]
fn a_browser_only_with_notes_and_a_paste() {
    let mut screen = login(80, 24, without_device());
    screen.login(1, 1, LoginNews::Note("a callback with another state was not taken".into()));
    screen.login(1, 1, LoginNews::Note("what was pasted holds no code".into()));
    screen.paste("http://127.0.0.1:41234/callback?code=SplxlOBeZQQYbYS6WxSbIA&state=x");
    let shown = picture(&mut screen);
    assert!(!shown.contains("Splx"), "{shown}");
    insta::assert_snapshot!(shown);
}

#[test]
fn a_device_code_only_has_its_qr_code_beside_it() {
    insta::assert_snapshot!(picture(&mut login(100, 30, without_url())));
}

#[test]
fn the_qr_code_alone_at_80x24() {
    let mut screen = login(80, 24, roads());
    screen.press("q");
    insta::assert_snapshot!(picture(&mut screen));
}

#[test]
fn several_logins_are_a_list() {
    let mut screen = login(80, 24, without_device());
    let other = Roads { profile: "other".into(), port: None, ssh: None, ..without_device() };
    screen.login(2, 2, LoginNews::Waiting(other));
    insta::assert_snapshot!(picture(&mut screen));
}

#[test]
fn an_address_in_several_rows_is_the_address() {
    for (width, height) in [(40, 10), (80, 24), (120, 40), (61, 60)] {
        let mut screen = login(width, height, without_device());
        let shown = picture(&mut screen);
        let url = roads().url.unwrap();
        let first: String = url.chars().take(usize::from(width)).collect();
        let begin = shown.lines().position(|l| l == first).unwrap_or_else(|| panic!("{shown}"));
        let rows = url.chars().count().div_ceil(usize::from(width));
        if begin + rows < usize::from(height) - 3 {
            let joined: String = shown.lines().skip(begin).take(rows).collect();
            assert_eq!(joined, url);
        }
    }
}

#[test]
fn everything_can_be_scrolled_to_at_40x10() {
    let mut screen = login(40, 10, roads());
    let mut seen = String::new();
    for _ in 0..40 {
        seen.push_str(&picture(&mut screen));
        screen.press("j");
    }
    for word in ["W D J B", "https://id.example/device", "ssh -L 41234", "q shows it as a QR code"] {
        assert!(seen.contains(word), "{word}");
    }
}

#[test]
fn without_utf_8_no_byte_is_above_ascii() {
    for keys in ["", "q"] {
        let mut screen = login(130, 60, roads());
        if !keys.is_empty() {
            screen.press(keys);
        }
        paint(&mut screen, true, true);
        let shown = text(&paint(&mut screen, true, true));
        let odd: Vec<char> = shown.chars().filter(|c| !c.is_ascii()).collect();
        assert_eq!(odd, Vec::<char>::new());
        assert!(shown.contains("##############"), "the code is drawn: {shown}");
    }
}

#[test]
fn without_colour_nothing_has_one_and_the_code_is_drawn_in_light() {
    let mut screen = login(80, 24, roads());
    screen.press("q");
    paint(&mut screen, false, false);
    let buffer = paint(&mut screen, false, false);
    assert!(buffer.content().iter().all(|c| c.fg == Color::Reset && c.bg == Color::Reset));
    // The light around the code is what is drawn.
    let row = text(&buffer).lines().nth(2).unwrap().trim().to_owned();
    assert!(row.chars().all(|c| c == '█'), "{row}");
}

#[test]
fn every_size_can_be_drawn() {
    for roads in [roads(), without_url(), without_device()] {
        let mut screen = login(80, 24, roads);
        screen.login(1, 1, LoginNews::Note("a note that is long enough to be folded somewhere".into()));
        screen.paste("https://host/?code=1");
        for width in (1..45).chain([59, 60, 61, 79, 80, 100, 119, 120, 200, 300]) {
            for height in (1..12).chain([15, 23, 24, 40, 60]) {
                screen.state.size = (width, height);
                paint(&mut screen, true, false);
                screen.press("esc");
                screen.state.overlays.truncate(1);
                paint(&mut screen, true, true);
                screen.press("q");
                paint(&mut screen, true, false);
                screen.press("i");
            }
        }
    }
}

#[test]
fn a_hostile_server_cannot_draw_over_the_page() {
    let mut odd = roads();
    odd.url = Some("https://id/\u{1b}[2J\u{202e}x".into());
    if let Some(device) = &mut odd.device {
        device.user_code = "\u{1b}]0;x\u{7}".into();
        device.verification_uri = "https://\u{9b}31m/".into();
        device.verification_uri_complete = Some("x".repeat(100_000));
    }
    let mut screen = login(80, 24, odd);
    for keys in ["", "q"] {
        if !keys.is_empty() {
            screen.press(keys);
        }
        let shown = picture(&mut screen);
        let bad: Vec<char> =
            shown.chars().filter(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}').collect();
        assert_eq!(bad, Vec::<char>::new());
    }
}

#[test]
fn a_login_put_aside_is_named_in_the_first_row() {
    let mut screen = login(120, 40, roads());
    screen.press("p");
    screen.state.toast = None;
    assert!(picture(&mut screen).lines().next().unwrap().contains("b login waits"));
}
