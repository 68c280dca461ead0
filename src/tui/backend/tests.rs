//! Bytes of frames, one by one and as a terminal shows them.

use super::*;
use ratatui::Terminal;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};
use std::sync::{Arc, Mutex};

/// Every write of the backend, one by one.
#[derive(Clone, Default)]
struct Writes(Arc<Mutex<Vec<Vec<u8>>>>);

impl Write for Writes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Writes {
    fn take(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn terminal() -> (Terminal<ScreenBackend<Writes>>, Writes) {
    let writes = Writes::default();
    (Terminal::new(ScreenBackend::new(writes.clone(), |_| Ok((40, 10)))).unwrap(), writes)
}

fn draw(terminal: &mut Terminal<ScreenBackend<Writes>>, line: Line<'_>) {
    terminal.draw(|frame| frame.render_widget(line, Rect::new(0, 0, 40, 1))).unwrap();
}

#[test]
fn a_frame_is_one_write_and_an_unchanged_one_is_none() {
    let (mut terminal, writes) = terminal();
    draw(&mut terminal, Line::from("hello".red()));
    let first = writes.take();
    assert_eq!(first.len(), 1);
    assert_eq!(first[0], b"\x1b[H\x1b[31mhello\x1b[m");
    draw(&mut terminal, Line::from("hello".red()));
    assert_eq!(writes.take(), Vec::<Vec<u8>>::new());
}

#[test]
fn one_changed_cell_costs_a_dozen_bytes() {
    let (mut terminal, writes) = terminal();
    draw(&mut terminal, Line::from("count 1"));
    writes.take();
    draw(&mut terminal, Line::from("count 2"));
    let bytes = writes.take().concat();
    assert!(bytes.len() <= 12, "{:?}", String::from_utf8_lossy(&bytes));
}

#[test]
fn a_large_frame_is_shown_at_once_if_the_terminal_can() {
    let (mut terminal, writes) = terminal();
    let fill = |terminal: &mut Terminal<ScreenBackend<Writes>>, text: &str| {
        let text = vec![Line::from(text.repeat(40)); 10];
        terminal.draw(|frame| frame.render_widget(ratatui::text::Text::from(text), frame.area())).unwrap();
    };
    fill(&mut terminal, "│");
    let frame = writes.take().concat();
    assert!(frame.starts_with(b"\x1b[?2026h") && frame.ends_with(b"\x1b[?2026l"));
    terminal.backend_mut().synchronized = false;
    fill(&mut terminal, "y");
    assert!(!writes.take().concat().windows(8).any(|w| w == b"\x1b[?2026h"));
}

/// What a terminal shows after random frames is what ratatui meant, colours included.
#[test]
fn a_terminal_shows_what_was_drawn() {
    random_frames(&["a", "plain text", "│─╮", "é", "x", "    "], true);
    // ratatui leaves the look of half a wide character that was overwritten to the terminal.
    random_frames(&["a", "text", "漢字", "é漢", "    "], false);
}

fn random_frames(texts: &[&str], looks: bool) {
    let mut random = fastrand::Rng::with_seed(3);
    let (mut terminal, writes) = terminal();
    let mut parser = vt100::Parser::new(10.try_into().unwrap(), 40.try_into().unwrap(), 0);
    let colors = [Color::Reset, Color::Red, Color::LightBlue, Color::Indexed(200), Color::Rgb(1, 2, 3)];
    for round in 0..300 {
        if round % 50 == 49 {
            terminal.backend_mut().forget();
            terminal.resize(Rect::new(0, 0, 40, 10)).unwrap();
        }
        let lines: Vec<Line> = (0..10)
            .map(|_| {
                (0..random.usize(0..6))
                    .map(|_| {
                        let mut style =
                            Style::new().fg(colors[random.usize(..5)]).bg(colors[random.usize(..5)]);
                        for modifier in
                            [Modifier::BOLD, Modifier::ITALIC, Modifier::REVERSED, Modifier::UNDERLINED]
                        {
                            if random.bool() {
                                style = style.add_modifier(modifier);
                            }
                        }
                        Span::styled(texts[random.usize(..texts.len())], style)
                    })
                    .collect()
            })
            .collect();
        let cursor = random.bool().then(|| (random.u16(..40), random.u16(..10)));
        let mut shown = None;
        terminal
            .draw(|frame| {
                frame.render_widget(ratatui::text::Text::from(lines), frame.area());
                if let Some(cursor) = cursor {
                    frame.set_cursor_position(cursor);
                }
                shown = Some(frame.buffer_mut().clone());
            })
            .unwrap();
        parser.process(&writes.take().concat());
        let (screen, meant) = (parser.screen(), shown.unwrap());
        for y in 0..10 {
            for x in 0..40 {
                let (is, want) = (screen.cell(y, x).unwrap(), &meant[(x, y)]);
                if is.is_wide_continuation() {
                    continue;
                }
                let text = if is.contents().is_empty() { " " } else { is.contents() };
                assert_eq!(text, want.symbol(), "round {round} at {x},{y}");
                if !looks {
                    continue;
                }
                assert_eq!(is.bgcolor(), color(want.bg), "round {round} at {x},{y}");
                assert_eq!(is.inverse(), want.modifier.contains(Modifier::REVERSED));
                assert_eq!(is.underline(), want.modifier.contains(Modifier::UNDERLINED));
                if text != " " {
                    assert_eq!(is.fgcolor(), color(want.fg), "round {round} at {x},{y}");
                    assert_eq!(is.bold(), want.modifier.contains(Modifier::BOLD));
                    assert_eq!(is.italic(), want.modifier.contains(Modifier::ITALIC));
                }
            }
        }
        if let Some((x, y)) = cursor {
            assert_eq!(screen.cursor_position(), (y, x));
        }
    }
}

fn color(color: Color) -> vt100::Color {
    match color {
        Color::Red => vt100::Color::Idx(1),
        Color::LightBlue => vt100::Color::Idx(12),
        Color::Indexed(n) => vt100::Color::Idx(n),
        Color::Rgb(r, g, b) => vt100::Color::Rgb(r, g, b),
        _ => vt100::Color::Default,
    }
}

#[test]
fn monochrome_writes_attributes_and_no_colour() {
    let (mut terminal, writes) = terminal();
    terminal.backend_mut().monochrome = true;
    draw(&mut terminal, Line::from("hello".red().on_blue().bold()));
    assert_eq!(writes.take().concat(), b"\x1b[H\x1b[1mhello\x1b[m");
}
