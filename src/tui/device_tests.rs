//! The input thread and the session on a real pseudo-terminal, in this process.

use super::event::TermEvent;
use super::input::Input;
use super::terminal::{SessionOptions, TerminalSession};
use super::tty::{TtyIn, TtyOut};
use crate::app::key::KeyPress;
use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(5);

struct Device {
    master: Option<Box<dyn MasterPty + Send>>,
    keyboard: Box<dyn Write + Send>,
}

impl Device {
    fn new() -> Self {
        let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
        let master = native_pty_system().openpty(size).unwrap().master;
        let keyboard = master.take_writer().unwrap();
        Self { master: Some(master), keyboard }
    }

    fn slave(&self) -> OwnedFd {
        let name = self.master.as_ref().unwrap().tty_name().unwrap();
        rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).unwrap()
    }

    fn raw(&self) -> TtyIn {
        let slave = self.slave();
        let mut modes = rustix::termios::tcgetattr(&slave).unwrap();
        modes.make_raw();
        rustix::termios::tcsetattr(&slave, rustix::termios::OptionalActions::Now, &modes).unwrap();
        TtyIn::from_fd(slave)
    }

    fn input(&self) -> (Input, Receiver<TermEvent>) {
        let (sender, events) = channel();
        let wait = Duration::from_millis(50);
        (Input::start_on(self.raw(), wait, move |event| sender.send(event).is_ok()).unwrap(), events)
    }

    fn type_bytes(&mut self, bytes: &[u8]) {
        self.keyboard.write_all(bytes).unwrap();
    }
}

fn key(chord: &str) -> TermEvent {
    TermEvent::Key(KeyPress::parse(chord).unwrap())
}

/// The next event that no other test's signal caused: signals are the process's.
fn next(events: &Receiver<TermEvent>) -> TermEvent {
    let until = Instant::now() + SOON;
    loop {
        match events.recv_timeout(until.saturating_duration_since(Instant::now())).unwrap() {
            TermEvent::Resize { .. } => {}
            event => return event,
        }
    }
}

#[test]
fn keys_come_through_the_thread_even_in_pieces() {
    let mut device = Device::new();
    let (_input, events) = device.input();
    device.type_bytes(b"a\x1b");
    assert_eq!(next(&events), key("a"));
    std::thread::sleep(Duration::from_millis(5));
    device.type_bytes(b"[A");
    assert_eq!(next(&events), key("up"));
    device.type_bytes(b"\x1b");
    assert_eq!(next(&events), key("esc"));
    device.type_bytes(b"\x1b[200~x\ry\x1b[201~");
    assert_eq!(next(&events), TermEvent::Paste("x\ny".into()));
}

#[test]
fn a_terminal_that_is_closed_is_a_hang_up_and_ends_the_thread() {
    let mut device = Device::new();
    let (input, events) = device.input();
    device.master = None;
    let keyboard = std::mem::replace(&mut device.keyboard, Box::new(std::io::sink()));
    drop(keyboard);
    let gone = Instant::now();
    let last = std::iter::from_fn(|| events.recv_timeout(SOON).ok()).last();
    assert_eq!(last, Some(TermEvent::Hangup));
    assert_eq!(events.recv_timeout(SOON), Err(RecvTimeoutError::Disconnected));
    assert!(gone.elapsed() < Duration::from_secs(1));
    // Nothing waits for a thread that is gone.
    input.pause();
    input.resume();
    drop(input);
}

#[test]
fn while_paused_the_keys_are_left_to_others() {
    let mut device = Device::new();
    let (input, events) = device.input();
    input.pause();
    device.type_bytes(b"theirs");
    let slave = device.slave();
    let mut bytes = [0; 16];
    assert_eq!(rustix::io::read(&slave, &mut bytes).unwrap(), 6);
    input.resume();
    assert_eq!(next(&events), TermEvent::Resumed);
    device.type_bytes(b"o");
    assert_eq!(next(&events), key("o"));
}

#[test]
fn dropping_the_input_stops_the_thread_at_once() {
    let device = Device::new();
    let (input, events) = device.input();
    let now = Instant::now();
    drop(input);
    assert!(now.elapsed() < Duration::from_secs(1));
    assert_eq!(events.recv_timeout(SOON), Err(RecvTimeoutError::Disconnected));
}

#[test]
fn a_new_size_is_told_once_it_settles() {
    let device = Device::new();
    let (_input, events) = device.input();
    for rows in 1..=20 {
        let size = PtySize { rows, cols: 77, pixel_width: 0, pixel_height: 0 };
        device.master.as_ref().unwrap().resize(size).unwrap();
        // Not our controlling terminal, so the kernel does not send it for us.
        signal_hook::low_level::raise(signal_hook::consts::SIGWINCH).unwrap();
    }
    let mut sizes = Vec::new();
    while sizes.last() != Some(&TermEvent::Resize { width: 77, height: 20 }) {
        sizes.push(events.recv_timeout(SOON).unwrap());
    }
    assert!(sizes.len() < 20, "{} events for 20 sizes", sizes.len());
}

#[test]
fn a_session_undoes_exactly_what_it_did_and_once() {
    let device = Device::new();
    let mut screen = device.master.as_ref().unwrap().try_clone_reader().unwrap();
    let slave = device.slave();
    let modes = |slave: &OwnedFd| {
        let m = rustix::termios::tcgetattr(slave).unwrap();
        format!("{:?}", (m.input_modes, m.output_modes, m.control_modes, m.local_modes, m.special_codes))
    };
    let before = modes(&slave);
    let enter = |mouse| {
        let (input, output) = (TtyIn::from_fd(device.slave()), TtyOut::from_fd(device.slave()));
        TerminalSession::enter_on(input, output, SessionOptions { mouse }).unwrap()
    };
    let mut session = enter(true);
    assert_ne!(modes(&slave), before);
    let inside = session.hand_over(|| modes(&slave)).unwrap();
    assert_eq!(inside, before);
    assert_ne!(modes(&slave), before);
    session.assert_modes().unwrap();
    session.leave().unwrap();
    session.leave().unwrap();
    assert_eq!(modes(&slave), before);
    drop(session);
    drop(enter(false));
    assert_eq!(modes(&slave), before);

    let mut output = TtyOut::from_fd(device.slave());
    output.write_all(b"END").unwrap();
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"END") {
        let mut piece = [0; 4096];
        let read = screen.read(&mut piece).unwrap();
        bytes.extend_from_slice(&piece[..read]);
    }
    let written = String::from_utf8(bytes).unwrap();
    let set = "\x1b[?1049h\x1b[?2004h\x1b[?1000h\x1b[?1002h\x1b[?1006h\x1b[?25l";
    let unset = "\x1b[m\x1b[?25h\x1b[?1006l\x1b[?1002l\x1b[?1000l\x1b[?2004l\x1b[?1049l";
    let plain = "\x1b[?1049h\x1b[?2004h\x1b[?25l\x1b[m\x1b[?25h\x1b[?2004l\x1b[?1049lEND";
    assert_eq!(written, [set, unset, set, unset, plain].concat());
}

/// Runs only as the child of the next test, in a terminal of its own.
#[test]
fn panics_as_a_child() {
    if std::env::var_os("PANICS_AS_A_CHILD").is_none() {
        return;
    }
    super::terminal::install_panic_hook();
    let _session = TerminalSession::enter(SessionOptions { mouse: true }).unwrap();
    let _ = std::thread::spawn(|| panic!("the worker fell")).join();
    TtyOut::stdout().write_all(b"ON SCREEN").unwrap();
    panic!("the main thread fell");
}

#[test]
fn a_panic_is_printed_on_the_restored_terminal_and_one_of_a_worker_is_not() {
    let pair = native_pty_system().openpty(PtySize::default()).unwrap();
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args(["--exact", "tui::device_tests::panics_as_a_child", "--nocapture", "--test-threads=1"]);
    command.env("PANICS_AS_A_CHILD", "1");
    let slave = rustix::fs::open(
        pair.master.tty_name().unwrap(),
        OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .unwrap();
    let local = |slave: &OwnedFd| rustix::termios::tcgetattr(slave).unwrap().local_modes;
    let before = local(&slave);
    let mut reader = pair.master.try_clone_reader().unwrap();
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let reading = std::thread::spawn(move || {
        let (mut all, mut piece) = (Vec::new(), [0; 4096]);
        while let Ok(n @ 1..) = reader.read(&mut piece) {
            all.extend_from_slice(&piece[..n]);
        }
        String::from_utf8_lossy(&all).into_owned()
    });
    child.wait().unwrap();
    let after = local(&slave);
    drop(slave);
    let written = reading.join().unwrap();
    assert_eq!(after, before);
    let at = |what: &str| written.find(what).unwrap_or_else(|| panic!("no {what:?} in {written:?}"));
    assert!(at("ON SCREEN") < at("\x1b[?1049l") && at("\x1b[?1049l") < at("the main thread fell"));
    assert!(!written.contains("the worker fell"));
    assert_eq!(written.matches("\x1b[?1049l").count(), 1);
}
