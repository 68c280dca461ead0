//! The main loop: one channel in, `update`, effects out, one frame when something changed.
//!
//! A plain thread that blocks until something happens or a deadline of the state comes; nothing is
//! awaited here. Idle, it sleeps without a timer.

use super::event::TermEvent;
use super::input::Input;
use super::screen::Screen;
use super::terminal::{SessionOptions, install_panic_hook};
use crate::app::effect::Effect;
use crate::app::event::{Cx, Event};
use crate::app::job::JobEvent;
use crate::app::state::{Start, State};
use crate::app::update::{drawn, start_of_screen, update};
use crate::flow::Session;
use crate::model::exchange::BodyData;
use crate::model::problem::{Problem, ProblemKind};
use crate::storage::drafts;
use crate::storage::history::History;
use crate::storage::secrets::Secrets;
use crate::ui;
use crate::ui::theme::Theme;
use crate::worker::desktop::{self, CopyOutcome, DesktopEnv};
use crate::worker::{Worker, World};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::io::Write;
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// Events taken before a frame is drawn, so that a flood of them cannot starve the screen.
const DRAIN: usize = 64;
/// Frames do not follow each other faster than this.
const FRAME: Duration = Duration::from_millis(16);
/// The same over SSH, where each frame costs the line.
const FRAME_SSH: Duration = Duration::from_millis(40);

/// Whatever comes to the loop.
enum Incoming {
    Terminal(TermEvent),
    Job(JobEvent),
    Copied(String, CopyOutcome),
    Opened(Result<String, Problem>),
}

/// With what the screen opens.
pub struct ScreenStart {
    /// The state's beginning.
    pub start: Start,
    /// Engines, tokens, known secrets.
    pub session: Session,
    /// The vault and the other places of secrets.
    pub secrets: Arc<Secrets>,
    /// False: neither history nor choices outlive the screen (the demo).
    pub keeps: bool,
    /// Colour is wanted (no `NO_COLOR`, no `--no-color`).
    pub color: bool,
}

/// How a screen ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The user left, or the terminal did: the exit code.
    Left(u8),
    /// The user wants to see the demo.
    Demo,
}

/// Opens the screen and runs until the user leaves.
pub fn run(begin: ScreenStart) -> Result<Ended, Problem> {
    install_panic_hook();
    let settings = begin.start.settings.clone();
    let mut screen = Screen::open(SessionOptions { mouse: settings.mouse })?;
    let ascii = settings.ascii || !speaks_utf8();
    let theme = Theme::new(settings.theme, begin.color, ascii);
    let (sender, receiver) = channel();
    let root = begin.start.workspace.root.clone();
    let world = World {
        session: begin.session,
        secrets: begin.secrets,
        audit: (!begin.keeps).then(Arc::default),
        history: if begin.keeps { History::of(&root, &settings) } else { None },
        keeps: begin.keeps,
        root,
        settings,
    };
    let news = sender.clone();
    let worker = Worker::new(world, Arc::new(move |event| news.send(Incoming::Job(event)).is_ok()));
    let size = crossterm::terminal::size().unwrap_or((80, 24));
    let state = State::new(begin.start, size);
    let mut session = Loop {
        state,
        theme,
        worker,
        sender: sender.clone(),
        desktop: DesktopEnv::from_process(),
        frame: if std::env::var_os("SSH_CONNECTION").is_some() { FRAME_SSH } else { FRAME },
        // Finding the real one walks the system's whole time zone directory; no time is shown yet.
        zone: TimeZone::UTC,
        last_frame: None,
    };
    session.draw(&mut screen).map_err(gone)?;
    let input = Input::start(move |event| sender.send(Incoming::Terminal(event)).is_ok()).map_err(gone)?;
    session.zone = TimeZone::system();
    let effects = start_of_screen(&mut session.state, &cx(&session.zone));
    let mut end = session.carry_out(effects, &mut screen, &input);
    while end.is_none() {
        end = session.turn(&receiver, &mut screen, &input);
    }
    drop(input);
    // Leaving by q asked about unsaved changes; a terminal that goes away cannot be asked.
    if session.worker.world().keeps && !matches!(end, Some(End::Quit(Leave::Asked))) {
        let _ = drafts::keep(&session.worker.world().root, &session.state.unsaved());
    }
    let closed = screen.close();
    match end {
        Some(End::Quit(_)) => {
            closed.map_err(gone)?;
            Ok(Ended::Left(session.state.quit.unwrap_or(0)))
        }
        Some(End::Demo) => Ok(Ended::Demo),
        // Nobody is there to be told anything.
        _ => Ok(Ended::Left(0)),
    }
}

fn gone(error: std::io::Error) -> Problem {
    Problem::new(
        ProblemKind::Usage,
        "the terminal cannot be used",
        error.to_string(),
        "use the commands instead; `hallpass --help` lists them",
    )
}

fn cx(zone: &TimeZone) -> Cx {
    Cx { now: Instant::now(), wall: Timestamp::now(), zone: zone.clone() }
}

/// True when the locale says UTF-8 (or says nothing, as on a bare system where terminals still do).
fn speaks_utf8() -> bool {
    let named = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|n| std::env::var(n).ok().filter(|v| !v.is_empty()));
    match named {
        Some(locale) => {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        }
        None => true,
    }
}

/// Who wanted to leave.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leave {
    /// The user, by q.
    Asked,
    /// A signal.
    Told,
}

/// Why the loop ends.
enum End {
    Quit(Leave),
    Demo,
    TerminalGone,
}

struct Loop {
    state: State,
    theme: Theme,
    worker: Worker,
    sender: Sender<Incoming>,
    desktop: DesktopEnv,
    frame: Duration,
    zone: TimeZone,
    last_frame: Option<Instant>,
}

impl Loop {
    /// Waits, takes what has come, draws.
    fn turn(&mut self, receiver: &Receiver<Incoming>, screen: &mut Screen, input: &Input) -> Option<End> {
        let mut incoming = match self.wait(receiver) {
            Ok(incoming) => incoming,
            Err(()) => return Some(End::TerminalGone),
        };
        for _ in 0..DRAIN {
            let event = match incoming.take() {
                Some(incoming) => incoming,
                None => match receiver.try_recv() {
                    Ok(incoming) => incoming,
                    Err(_) => break,
                },
            };
            if let Some(end) = self.take(event, screen, input) {
                return Some(end);
            }
        }
        if self.state.quit.is_some() {
            return Some(End::Quit(Leave::Asked));
        }
        let now = Instant::now();
        if self.state.dirty
            && self.last_frame.is_none_or(|t| now.duration_since(t) >= self.frame)
            && self.draw(screen).is_err()
        {
            return Some(End::TerminalGone);
        }
        None
    }

    /// The next thing that happens; `None` when a deadline came first.
    fn wait(&mut self, receiver: &Receiver<Incoming>) -> Result<Option<Incoming>, ()> {
        let cx = cx(&self.zone);
        let frame = self.last_frame.filter(|_| self.state.dirty).map(|t| t + self.frame);
        let deadline = [self.state.next_deadline(&cx), frame].into_iter().flatten().min();
        match deadline {
            None => receiver.recv().map(Some).map_err(drop),
            Some(at) => match receiver.recv_timeout(at.saturating_duration_since(cx.now)) {
                Ok(incoming) => Ok(Some(incoming)),
                Err(RecvTimeoutError::Timeout) => {
                    let cx = self::cx(&self.zone);
                    update(&mut self.state, Event::Deadline, &cx);
                    Ok(None)
                }
                Err(RecvTimeoutError::Disconnected) => Err(()),
            },
        }
    }

    fn take(&mut self, incoming: Incoming, screen: &mut Screen, input: &Input) -> Option<End> {
        let event = match incoming {
            Incoming::Job(event) => Event::Job(event),
            Incoming::Opened(outcome) => Event::Message(outcome),
            Incoming::Copied(what, outcome) => self.copied(&what, outcome, screen),
            Incoming::Terminal(event) => match event {
                TermEvent::Key(press) => Event::Key(press),
                TermEvent::Paste(text) => Event::Paste(text),
                TermEvent::Mouse(mouse) => Event::Mouse(mouse),
                TermEvent::Resize { width, height } => {
                    // A window that shrank and grew back has its size, but not its content.
                    if screen.repaint().is_err() {
                        return Some(End::TerminalGone);
                    }
                    Event::Resize(width, height)
                }
                TermEvent::Resumed => {
                    self.state.dirty = true;
                    return screen.resumed().err().map(|_| End::TerminalGone);
                }
                TermEvent::Suspend => return self.carry_out(vec![Effect::Suspend], screen, input),
                TermEvent::Hangup => return Some(End::TerminalGone),
                TermEvent::Terminate => return Some(End::Quit(Leave::Told)),
            },
        };
        let cx = cx(&self.zone);
        let effects = update(&mut self.state, event, &cx);
        self.carry_out(effects, screen, input)
    }

    /// Effects that need the terminal are done here; the worker gets the rest.
    fn carry_out(&mut self, effects: Vec<Effect>, screen: &mut Screen, input: &Input) -> Option<End> {
        for effect in effects {
            let outcome = match effect {
                Effect::Copy { what, text } => {
                    let (sender, desktop) = (self.sender.clone(), self.desktop.clone());
                    let clipboard = self.state.settings.clipboard;
                    // tmux may take two seconds to say no.
                    std::thread::spawn(move || {
                        let outcome = desktop::copy(text.expose(), clipboard, &desktop);
                        let _ = sender.send(Incoming::Copied(what, outcome));
                    });
                    Ok(())
                }
                Effect::OpenBrowser { url, asked } => {
                    let (sender, desktop) = (self.sender.clone(), self.desktop.clone());
                    std::thread::spawn(move || {
                        if let Some(outcome) = desktop::browse(&url, asked, &desktop) {
                            let _ = sender.send(Incoming::Opened(outcome));
                        }
                    });
                    Ok(())
                }
                Effect::Editor { path, field, text, suffix } => {
                    let words = desktop::editor_command(&self.desktop);
                    let edited = screen
                        .hand_over(input, || desktop::edit_text(&text, suffix, &words, Command::status));
                    edited.map(|text| {
                        update(&mut self.state, Event::Edited(path, field, text), &cx(&self.zone));
                    })
                }
                Effect::Pager(body) => screen.hand_over(input, || page(&body)).map(|outcome| {
                    if let Err(problem) = outcome {
                        update(&mut self.state, Event::Message(Err(problem)), &cx(&self.zone));
                    }
                    self.state.dirty = true;
                }),
                Effect::Demo => return Some(End::Demo),
                Effect::Repaint => screen.repaint(),
                Effect::Suspend => screen.suspend(input).map(|stopped| {
                    self.state.dirty = true;
                    if !stopped {
                        let text = "there is no shell to come back from; q quits".to_owned();
                        update(&mut self.state, Event::Message(Ok(text)), &cx(&self.zone));
                    }
                }),
                other => {
                    self.worker.submit(other);
                    Ok(())
                }
            };
            if outcome.is_err() {
                return Some(End::TerminalGone);
            }
        }
        None
    }

    fn copied(&mut self, what: &str, outcome: CopyOutcome, screen: &mut Screen) -> Event {
        Event::Message(match outcome {
            CopyOutcome::Done(message) => Ok(format!("{what}: {message}")),
            CopyOutcome::Write { bytes, message } => match screen.write_aside(&bytes) {
                Ok(()) => Ok(format!("{what}: {message}")),
                Err(error) => Err(gone(error)),
            },
            CopyOutcome::Refused(problem) => Err(problem),
        })
    }

    fn draw(&mut self, screen: &mut Screen) -> std::io::Result<()> {
        let cx = cx(&self.zone);
        let (state, theme) = (&self.state, &self.theme);
        let mut view = None;
        screen.draw(|frame| {
            let (seen, cursor) = ui::draw(state, theme, &cx, frame.buffer_mut());
            if let Some(at) = cursor {
                frame.set_cursor_position(at);
            }
            view = Some(seen);
        })?;
        if let Some(view) = view {
            drawn(&mut self.state, view);
        }
        self.last_frame = Some(Instant::now());
        Ok(())
    }
}

/// Shows a body in `$PAGER`, from a private file. Pagers show controls as `^[` unless told otherwise.
fn page(body: &BodyData) -> Result<(), Problem> {
    let broken = |why: String| {
        Problem::new(
            ProblemKind::File,
            "the pager did not show the body",
            why,
            "set PAGER, or save the body with S",
        )
    };
    let words = std::env::var("PAGER").ok().and_then(|p| shlex::split(&p)).filter(|w| !w.is_empty());
    let words = words.unwrap_or_else(|| vec!["less".to_owned()]);
    let mut file = tempfile::NamedTempFile::new().map_err(|e| broken(e.to_string()))?;
    let path = match body {
        BodyData::Spooled(spool) => spool.path.clone(),
        other => {
            file.write_all(&other.bytes().unwrap_or_default()).map_err(|e| broken(e.to_string()))?;
            file.path().to_owned()
        }
    };
    let status = Command::new(&words[0]).args(&words[1..]).arg(path).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(broken(format!("`{}` ended with {status}", words[0]))),
        Err(error) => Err(broken(format!("`{}`: {error}", words[0]))),
    }
}
