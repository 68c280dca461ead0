//! A program in a real pseudo-terminal: what it writes, what a terminal would show of it, and the
//! keys it gets. For the screen tests and the screen benchmark; Unix only.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "shared by suites that each use a part; a broken harness is a failed test"
)]

use hallpass::app::key::KeyPress;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What to start, and in which terminal.
pub struct Launch {
    program: PathBuf,
    arguments: Vec<String>,
    env: Vec<(String, String)>,
    columns: u16,
    rows: u16,
}

impl Launch {
    /// A program in a terminal of 80×24 with a known environment.
    pub fn new(program: impl AsRef<Path>) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            arguments: Vec::new(),
            env: Vec::new(),
            columns: 80,
            rows: 24,
        }
    }

    /// Adds arguments.
    pub fn args(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(ToString::to_string));
        self
    }

    /// Sets a variable; an empty value removes it.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// The size of the terminal in cells.
    pub fn size(mut self, columns: u16, rows: u16) -> Self {
        (self.columns, self.rows) = (columns, rows);
        self
    }

    /// Starts it. HOME and the working directory are a scratch directory that is removed with
    /// the session.
    pub fn start(self) -> Session {
        let home = tempfile::tempdir().unwrap();
        let size = PtySize { rows: self.rows, cols: self.columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(&self.program);
        command.args(&self.arguments);
        command.cwd(home.path());
        command.env_clear();
        command.env("HOME", home.path());
        command.env("HALLPASS_VAULT", "file");
        command.env("TMPDIR", home.path());
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        for (name, value) in &self.env {
            if value.is_empty() {
                command.env_remove(name);
            } else {
                command.env(name, value);
            }
        }
        let writer = Arc::new(Mutex::new(Some(pair.master.take_writer().unwrap())));
        let seen = Arc::new(Mutex::new(Seen {
            parser: parser(self.columns, self.rows),
            raw: Vec::new(),
            reads: Vec::new(),
            first_visible: None,
        }));
        let before = line_modes(&*pair.master);
        let stop = Arc::new(AtomicBool::new(false));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let started = Instant::now();
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let reading = {
            let (seen, stop, writer) = (Arc::clone(&seen), Arc::clone(&stop), Arc::clone(&writer));
            std::thread::spawn(move || {
                let mut bytes = vec![0; 64 * 1024];
                while let Ok(n @ 1..) = reader.read(&mut bytes) {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let now = Instant::now();
                    let questions = lock(&seen).take(&bytes[..n], now);
                    // The one question a terminal program may really wait for.
                    for _ in 0..questions {
                        if let Some(writer) = lock(&writer).as_mut() {
                            let _ = writer.write_all(b"\x1b[1;1R");
                        }
                    }
                }
            })
        };
        Session {
            master: Some(pair.master),
            writer,
            child,
            seen,
            stop,
            reading: Some(reading),
            started,
            before,
            home,
            status: None,
        }
    }
}

fn parser(columns: u16, rows: u16) -> vt100::Parser {
    vt100::Parser::new(rows.max(1).try_into().unwrap(), columns.max(1).try_into().unwrap(), 0)
}

fn line_modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

struct Seen {
    parser: vt100::Parser,
    raw: Vec<u8>,
    /// When each piece came, and how much there was after it.
    reads: Vec<(Instant, usize)>,
    /// How many bytes there were when the screen first showed anything.
    first_visible: Option<usize>,
}

impl Seen {
    /// Returns how often the position of the cursor was asked for.
    fn take(&mut self, bytes: &[u8], now: Instant) -> usize {
        self.parser.process(bytes);
        let from = self.raw.len().saturating_sub(3);
        self.raw.extend_from_slice(bytes);
        self.reads.push((now, self.raw.len()));
        if self.first_visible.is_none()
            && self.parser.screen().contents().contains(|c: char| !c.is_whitespace())
        {
            self.first_visible = Some(self.raw.len());
        }
        self.raw[from..].windows(4).filter(|w| w == b"\x1b[6n").count()
    }
}

/// The running program.
pub struct Session {
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Arc<Mutex<Option<Box<dyn Write + Send>>>>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<Mutex<Seen>>,
    stop: Arc<AtomicBool>,
    reading: Option<JoinHandle<()>>,
    /// When it was started.
    pub started: Instant,
    before: String,
    home: tempfile::TempDir,
    status: Option<portable_pty::ExitStatus>,
}

impl Session {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("a process id")
    }

    /// Its HOME.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Sends bytes as the keyboard.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        if let Some(writer) = lock(&self.writer).as_mut() {
            writer.write_all(bytes.as_ref()).unwrap();
            writer.flush().unwrap();
        }
        self
    }

    /// Presses keys by name, separated by spaces: `ctrl-x s`, `enter`, `down`.
    pub fn press(&mut self, chords: &str) -> &mut Self {
        for press in KeyPress::parse_sequence(chords).expect("chords") {
            let bytes = press.legacy_bytes().expect("a chord terminals can send");
            self.send(bytes);
            if press == KeyPress::parse("esc").expect("esc") {
                // Else it is Alt with the next key.
                std::thread::sleep(Duration::from_millis(70));
            }
        }
        self
    }

    /// Pastes, as a terminal brackets it. What is sent within the next 100 ms is taken for more of
    /// the same paste, so wait for its effect before pressing keys.
    pub fn paste(&mut self, text: &str) -> &mut Self {
        self.send(format!("\x1b[200~{text}\x1b[201~"))
    }

    /// The screen as text, one line a row, without blanks at the ends.
    pub fn text(&self) -> String {
        let seen = lock(&self.seen);
        let screen = seen.parser.screen();
        let (_, columns) = screen.size();
        screen.rows(0, columns.get()).map(|row| row.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }

    /// Whether the alternate screen is shown.
    pub fn on_alternate_screen(&self) -> bool {
        lock(&self.seen).parser.screen().alternate_screen()
    }

    /// Everything written so far.
    pub fn raw(&self) -> Vec<u8> {
        lock(&self.seen).raw.clone()
    }

    /// How many bytes were written so far.
    pub fn written(&self) -> usize {
        lock(&self.seen).raw.len()
    }

    /// When each piece arrived, and how many bytes there were with it.
    pub fn reads(&self) -> Vec<(Instant, usize)> {
        lock(&self.seen).reads.clone()
    }

    /// How many bytes there were when the screen first showed anything.
    pub fn first_visible(&self) -> Option<usize> {
        lock(&self.seen).first_visible
    }

    /// When the last byte arrived.
    pub fn last_arrival(&self) -> Option<Instant> {
        lock(&self.seen).reads.last().map(|read| read.0)
    }

    /// Waits until the screen holds the text; fails the test with the screen if it does not.
    pub fn wait_for(&self, text: &str, timeout: Duration) {
        self.wait_until(&format!("`{text}`"), timeout, |screen| screen.contains(text));
    }

    /// Waits until the screen satisfies a condition.
    pub fn wait_until(&self, what: &str, timeout: Duration, condition: impl Fn(&str) -> bool) {
        let until = Instant::now() + timeout;
        loop {
            let text = self.text();
            if condition(&text) {
                return;
            }
            assert!(Instant::now() < until, "no {what} within {timeout:?}; the screen:\n{text}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until nothing was written for a while, at most ten times as long. Whether it fell
    /// silent.
    pub fn settle(&self, quiet: Duration) -> bool {
        let until = Instant::now() + quiet * 10;
        let mut last = (self.written(), Instant::now());
        while Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
            let written = self.written();
            if written != last.0 {
                last = (written, Instant::now());
            } else if last.1.elapsed() >= quiet {
                return true;
            }
        }
        false
    }

    /// Changes the size of the terminal; the kernel sends SIGWINCH.
    pub fn resize(&self, columns: u16, rows: u16) {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().expect("a terminal").resize(size).unwrap();
        let (columns, rows) = (columns.max(1), rows.max(1));
        lock(&self.seen).parser.screen_mut().set_size(rows.try_into().unwrap(), columns.try_into().unwrap());
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(self.pid().cast_signed()).expect("a pid");
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Whether the line modes are what they were before the program started.
    pub fn line_restored(&self) -> bool {
        self.master.as_ref().is_some_and(|master| line_modes(&**master) == self.before)
    }

    /// Takes the terminal away, as a dropped connection does.
    pub fn hang_up(&mut self) {
        let Some(master) = self.master.take() else { return };
        let mut slave = None;
        if let Some(name) = master.tty_name() {
            let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC;
            slave = rustix::fs::open(name, flags, rustix::fs::Mode::empty()).ok();
        }
        self.stop.store(true, Ordering::SeqCst);
        if let Some(slave) = &slave {
            // The writer would say goodbye with an end-of-file key; there is none on this line.
            if let Ok(mut modes) = rustix::termios::tcgetattr(slave) {
                modes.special_codes[rustix::termios::SpecialCodeIndex::VEOF] = 0;
                let _ = rustix::termios::tcsetattr(slave, rustix::termios::OptionalActions::Now, &modes);
            }
            // Wakes the reader, which holds the terminal open.
            let _ = rustix::io::write(slave, b"\0");
        }
        drop(slave);
        if let Some(reading) = self.reading.take() {
            let _ = reading.join();
        }
        lock(&self.writer).take();
        drop(master);
    }

    /// Waits for the end of the program; fails the test if it does not come.
    pub fn wait_exit(&mut self, timeout: Duration) -> portable_pty::ExitStatus {
        let until = Instant::now() + timeout;
        loop {
            if let Some(status) = &self.status {
                return status.clone();
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                // What it wrote last may still be on its way, to the end of the terminal's own.
                let patience = Instant::now() + Duration::from_secs(2);
                while self.reading.as_ref().is_some_and(|reading| !reading.is_finished())
                    && Instant::now() < patience
                {
                    std::thread::sleep(Duration::from_millis(1));
                }
                self.status = Some(status);
                continue;
            }
            assert!(Instant::now() < until, "still running after {timeout:?}; the screen:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.status.is_none() && matches!(self.child.try_wait(), Ok(None))
    }

    /// Processor time used by all its threads so far, from the scheduler; Linux only.
    pub fn cpu(&self) -> Option<Duration> {
        cpu_of(self.pid())
    }
}

/// Processor time a process has used in all its threads; Linux only.
pub fn cpu_of(pid: u32) -> Option<Duration> {
    let mut nanoseconds = 0;
    for task in std::fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        nanoseconds += text.split_whitespace().next()?.parse::<u64>().ok()?;
    }
    Some(Duration::from_nanos(nanoseconds))
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.runs() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        self.hang_up();
    }
}
