//! The input thread on Windows: crossterm's events, with the interface `input` has on Unix.

use super::event::TermEvent;
use crate::app::key::{Button, Key, KeyPress, MouseEvent, MouseKind};
use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind};
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// The console cannot be waited for together with anything else, so the thread looks up this often.
const LOOK_UP: Duration = Duration::from_millis(250);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Read,
    Pause,
    Stop,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<(Wanted, Wanted)>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, (Wanted, Wanted)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The running input thread. Dropping it stops the thread and waits for it.
#[derive(Debug)]
pub struct Input {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Input {
    /// Starts reading the console. `sender` is called on the thread for every event and answers
    /// false when nobody listens any more, which ends it.
    pub fn start(sender: impl Fn(TermEvent) -> bool + Send + 'static) -> io::Result<Self> {
        let shared =
            Arc::new(Shared { state: Mutex::new((Wanted::Read, Wanted::Read)), changed: Condvar::new() });
        let thread = {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new().name("terminal-input".into()).spawn(move || {
                read(&shared, &sender);
                shared.lock().1 = Wanted::Stop;
                shared.changed.notify_all();
            })?
        };
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Returns once the thread no longer reads the console.
    pub fn pause(&self) {
        self.ask(Wanted::Pause);
    }

    /// Reads the console again; [`TermEvent::Resumed`] and the size follow.
    pub fn resume(&self) {
        self.ask(Wanted::Read);
    }

    /// The console speaks UTF-16: nothing invalid comes from it.
    pub fn saw_invalid(&self) -> bool {
        false
    }

    fn ask(&self, wanted: Wanted) {
        let mut state = self.shared.lock();
        state.0 = wanted;
        self.shared.changed.notify_all();
        while state.1 != wanted && state.1 != Wanted::Stop {
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        self.ask(Wanted::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn read(shared: &Shared, sender: &impl Fn(TermEvent) -> bool) {
    loop {
        let mut state = shared.lock();
        let mut paused = false;
        state.1 = state.0;
        shared.changed.notify_all();
        while state.0 == Wanted::Pause {
            paused = true;
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.1 = state.0;
            shared.changed.notify_all();
        }
        let wanted = state.0;
        drop(state);
        if wanted == Wanted::Stop {
            return;
        }
        if paused {
            let (width, height) = crossterm::terminal::size().unwrap_or((80, 24));
            if !sender(TermEvent::Resumed) || !sender(TermEvent::Resize { width, height }) {
                return;
            }
        }
        match event::poll(LOOK_UP).and_then(|ready| if ready { event::read().map(Some) } else { Ok(None) }) {
            Ok(None) => {}
            Ok(Some(event)) => {
                if translate(event).is_some_and(|event| !sender(event)) {
                    return;
                }
            }
            Err(_) => {
                sender(TermEvent::Hangup);
                return;
            }
        }
    }
}

fn translate(event: Event) -> Option<TermEvent> {
    Some(match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => {
            let code = match key.code {
                KeyCode::Char(c) => Key::Char(c),
                KeyCode::Enter => Key::Enter,
                KeyCode::Esc => Key::Esc,
                KeyCode::Tab => Key::Tab,
                KeyCode::BackTab => Key::BackTab,
                KeyCode::Backspace => Key::Backspace,
                KeyCode::Delete => Key::Delete,
                KeyCode::Insert => Key::Insert,
                KeyCode::Home => Key::Home,
                KeyCode::End => Key::End,
                KeyCode::PageUp => Key::PageUp,
                KeyCode::PageDown => Key::PageDown,
                KeyCode::Up => Key::Up,
                KeyCode::Down => Key::Down,
                KeyCode::Left => Key::Left,
                KeyCode::Right => Key::Right,
                KeyCode::F(n) => Key::F(n),
                _ => return None,
            };
            let held = |modifier| key.modifiers.contains(modifier);
            // AltGr is reported as Ctrl and Alt together, with the character it makes.
            let alt_gr = held(KeyModifiers::CONTROL | KeyModifiers::ALT)
                && matches!(key.code, KeyCode::Char(c) if !c.is_ascii_alphanumeric());
            TermEvent::Key(KeyPress::new(
                code,
                held(KeyModifiers::CONTROL) && !alt_gr,
                held(KeyModifiers::ALT) && !alt_gr,
                held(KeyModifiers::SHIFT),
            ))
        }
        Event::Paste(text) => TermEvent::Paste(text.replace("\r\n", "\n").replace('\r', "\n")),
        Event::Resize(width, height) => TermEvent::Resize { width, height },
        Event::Mouse(mouse) => {
            let button = |button| match button {
                MouseButton::Left => Button::Left,
                MouseButton::Middle => Button::Middle,
                MouseButton::Right => Button::Right,
            };
            let kind = match mouse.kind {
                MouseEventKind::Down(b) => MouseKind::Down(button(b)),
                MouseEventKind::Up(b) => MouseKind::Up(button(b)),
                MouseEventKind::Drag(b) => MouseKind::Drag(button(b)),
                MouseEventKind::ScrollUp => MouseKind::ScrollUp,
                MouseEventKind::ScrollDown => MouseKind::ScrollDown,
                MouseEventKind::Moved => MouseKind::Moved,
                _ => return None,
            };
            TermEvent::Mouse(MouseEvent {
                kind,
                column: mouse.column,
                row: mouse.row,
                ctrl: mouse.modifiers.contains(KeyModifiers::CONTROL),
                alt: mouse.modifiers.contains(KeyModifiers::ALT),
                shift: mouse.modifiers.contains(KeyModifiers::SHIFT),
            })
        }
        _ => return None,
    })
}
