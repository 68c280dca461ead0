//! The input thread on Unix: the terminal, signals and its own wake pipe in one `poll`, and no
//! time-out but the decoder's. A terminal that is gone ends it at once; it never spins.
//!
//! While paused the thread leaves the terminal to another program, and lets SIGTSTP stop the
//! process as if nobody had caught it: the other program's Ctrl-Z is the whole job's.

use super::decoder::{Decoded, Decoder, ESCAPE_WAIT_LOCAL, ESCAPE_WAIT_REMOTE};
use super::event::TermEvent;
use super::tty::{self, TtyIn};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const SIGNALS: [i32; 7] = [SIGWINCH, SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGTSTP, SIGCONT];
/// A window being dragged sends a stream of sizes, and each costs a whole frame: one is told when
/// the stream pauses this long ...
const RESIZE_PAUSE: Duration = Duration::from_millis(40);
/// ... or has gone on this long.
const RESIZE_WAIT: Duration = Duration::from_secs(1);

/// What the owner wants of the thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Read,
    Pause,
    Stop,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<Control>,
    changed: Condvar,
    invalid: AtomicBool,
}

#[derive(Debug)]
struct Control {
    wanted: Wanted,
    /// What the thread does; `Stop` once it has ended.
    done: Wanted,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Control> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The running input thread. Dropping it stops the thread and waits for it.
#[derive(Debug)]
pub struct Input {
    shared: Arc<Shared>,
    wake: UnixStream,
    thread: Option<JoinHandle<()>>,
}

impl Input {
    /// Starts reading the terminal. `sender` is called on the thread for every event and answers
    /// false when nobody listens any more, which ends it.
    pub fn start(sender: impl Fn(TermEvent) -> bool + Send + 'static) -> io::Result<Self> {
        let remote = std::env::var_os("SSH_CONNECTION").is_some();
        Self::start_on(TtyIn::open()?, if remote { ESCAPE_WAIT_REMOTE } else { ESCAPE_WAIT_LOCAL }, sender)
    }

    /// The same for a given terminal and time a lone ESC is waited for.
    pub fn start_on(
        terminal: TtyIn,
        escape_wait: Duration,
        sender: impl Fn(TermEvent) -> bool + Send + 'static,
    ) -> io::Result<Self> {
        let (wake, woken) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        let (signal_read, signal_write) = UnixStream::pair()?;
        signal_read.set_nonblocking(true)?;
        let signals = SignalDelivery::with_pipe(signal_read, signal_write, SignalOnly, SIGNALS)?;
        let shared = Arc::new(Shared {
            state: Mutex::new(Control { wanted: Wanted::Read, done: Wanted::Read }),
            changed: Condvar::new(),
            invalid: AtomicBool::new(false),
        });
        let mut reader = Reader {
            terminal,
            signals,
            woken,
            decoder: Decoder::new(escape_wait),
            resize: None,
            shared: Arc::clone(&shared),
            sender,
        };
        let thread = std::thread::Builder::new().name("terminal-input".into()).spawn(move || {
            // The owner must never wait for a thread that is gone.
            let _ended = Ended(Arc::clone(&reader.shared));
            reader.run();
        })?;
        Ok(Self { shared, wake, thread: Some(thread) })
    }

    /// Returns once the thread no longer reads the terminal; keys typed from here on are another
    /// program's.
    pub fn pause(&self) {
        self.ask(Wanted::Pause);
    }

    /// Reads the terminal again; [`TermEvent::Resumed`] and the size follow.
    pub fn resume(&self) {
        self.ask(Wanted::Read);
    }

    /// Whether the terminal has ever sent bytes that are not UTF-8, which is worth one notice.
    pub fn saw_invalid(&self) -> bool {
        self.shared.invalid.load(Ordering::Relaxed)
    }

    fn ask(&self, wanted: Wanted) {
        let mut control = self.shared.lock();
        if control.wanted != Wanted::Stop {
            control.wanted = wanted;
        }
        // A full pipe is a thread that is being woken already.
        let _ = rustix::io::write(&self.wake, b"!");
        while control.done != wanted && control.done != Wanted::Stop {
            control = self.shared.changed.wait(control).unwrap_or_else(PoisonError::into_inner);
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

struct Ended(Arc<Shared>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.lock().done = Wanted::Stop;
        self.0.changed.notify_all();
    }
}

struct Reader<S> {
    terminal: TtyIn,
    signals: SignalDelivery<UnixStream, SignalOnly>,
    woken: UnixStream,
    decoder: Decoder,
    /// Sizes not told yet: when the first came, and when they are told.
    resize: Option<(Instant, Instant)>,
    shared: Arc<Shared>,
    sender: S,
}

/// What `poll` found.
struct Ready {
    terminal: PollFlags,
    signals: bool,
    woken: bool,
}

impl<S: Fn(TermEvent) -> bool> Reader<S> {
    fn run(&mut self) {
        let mut bytes = vec![0; 64 * 1024];
        let mut events = Vec::new();
        let mut paused = false;
        loop {
            let Ok(ready) = self.wait(paused) else {
                (self.sender)(TermEvent::Hangup);
                return;
            };
            if ready.woken {
                let mut sink = [0; 64];
                while rustix::io::read(&self.woken, &mut sink).is_ok_and(|n| n > 0) {}
                match self.follow(&mut paused) {
                    Some(true) => {}
                    Some(false) => return,
                    None => continue,
                }
            }
            if ready.signals && !self.take_signals(paused) {
                return;
            }
            if !paused && !ready.terminal.is_empty() {
                // What a vanished terminal still had to say is nobody's wish any more.
                let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
                let read = if ready.terminal.intersects(gone) {
                    0
                } else {
                    match rustix::io::read(&self.terminal, bytes.as_mut_slice()) {
                        Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => continue,
                        read => read.unwrap_or(0),
                    }
                };
                if read == 0 {
                    (self.sender)(TermEvent::Hangup);
                    return;
                }
                self.decoder.feed(&bytes[..read], Instant::now(), &mut events);
            } else {
                self.decoder.tick(Instant::now(), &mut events);
            }
            for event in events.drain(..) {
                let event = match event {
                    Decoded::Key(key) => TermEvent::Key(key),
                    Decoded::Paste(text) => TermEvent::Paste(text),
                    Decoded::Mouse(mouse) => TermEvent::Mouse(mouse),
                    Decoded::Invalid => {
                        self.shared.invalid.store(true, Ordering::Relaxed);
                        continue;
                    }
                };
                if !(self.sender)(event) {
                    return;
                }
            }
            if !paused && self.resize.is_some_and(|(_, due)| due <= Instant::now()) && !self.tell_size() {
                return;
            }
        }
    }

    fn wait(&self, paused: bool) -> io::Result<Ready> {
        let deadline = match (self.decoder.deadline(), self.resize.map(|(_, due)| due)) {
            _ if paused => None,
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let timeout = deadline.map(|deadline| {
            let left = deadline.saturating_duration_since(Instant::now());
            Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() }
        });
        let mut fds = [
            PollFd::new(self.signals.get_read(), PollFlags::IN),
            PollFd::new(&self.woken, PollFlags::IN),
            PollFd::new(&self.terminal, PollFlags::IN),
        ];
        // A hang-up is reported whatever is asked for, so a paused poll leaves the terminal out.
        let watched = if paused { &mut fds[..2] } else { &mut fds[..] };
        match poll(watched, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let terminal = if paused { PollFlags::empty() } else { fds[2].revents() };
        Ok(Ready { signals: !fds[0].revents().is_empty(), woken: !fds[1].revents().is_empty(), terminal })
    }

    /// Does what the owner asked for. False ends the thread, none starts the loop over.
    fn follow(&mut self, paused: &mut bool) -> Option<bool> {
        let wanted = self.shared.lock().wanted;
        let was = *paused;
        *paused = wanted == Wanted::Pause;
        if was && wanted == Wanted::Read {
            // Stops and continues of the pause are over; only an order to end still counts.
            let signals: Vec<i32> = self.signals.pending().collect();
            let ends = signals.into_iter().filter(|s| matches!(*s, SIGHUP | SIGTERM)).find_map(ending);
            super::job::stopped();
            self.decoder.reset();
            self.resize = None;
            if let Some(event) = ends
                && !(self.sender)(event)
            {
                return Some(false);
            }
            if !(self.sender)(TermEvent::Resumed) || !self.tell_size() {
                return Some(false);
            }
        }
        self.shared.lock().done = wanted;
        self.shared.changed.notify_all();
        match wanted {
            Wanted::Stop => Some(false),
            _ if was != *paused => None,
            _ => Some(true),
        }
    }

    fn take_signals(&mut self, paused: bool) -> bool {
        let signals: Vec<i32> = self.signals.pending().collect();
        for signal in signals {
            let event = match signal {
                SIGWINCH => {
                    let now = Instant::now();
                    let first = self.resize.map_or(now, |(first, _)| first);
                    self.resize = Some((first, (now + RESIZE_PAUSE).min(first + RESIZE_WAIT)));
                    continue;
                }
                SIGTSTP if paused => {
                    if !super::job::stopping() {
                        let _ = super::job::stop_alone();
                    }
                    continue;
                }
                // A program that has the terminal gets these too, and its end brings us back.
                SIGINT | SIGQUIT | SIGCONT if paused => continue,
                SIGTSTP => TermEvent::Suspend,
                SIGCONT => TermEvent::Resumed,
                _ => match ending(signal) {
                    Some(event) => event,
                    None => continue,
                },
            };
            if !(self.sender)(event) {
                return false;
            }
        }
        true
    }

    fn tell_size(&mut self) -> bool {
        self.resize = None;
        match tty::size(&self.terminal) {
            Ok((width, height)) => (self.sender)(TermEvent::Resize { width, height }),
            Err(_) => true,
        }
    }
}

fn ending(signal: i32) -> Option<TermEvent> {
    match signal {
        SIGHUP => Some(TermEvent::Hangup),
        SIGTERM | SIGINT | SIGQUIT => Some(TermEvent::Terminate),
        _ => None,
    }
}
