//! The state of the user's terminal: every mode that is set is recorded, and unset exactly once.
//!
//! [`TerminalSession`] enters and leaves; leaving twice, or by drop, or from the panic hook after
//! the main thread fell, comes to the same. A panic of another thread touches nothing: the screen
//! goes on, and the worker turns it into a failed job.

use super::tty::{self, LineModes, TtyIn, TtyOut};
use crate::content::visible::visible;
use crate::model::problem::{Problem, ProblemKind};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is wanted of the terminal beyond raw mode, the alternate screen and bracketed paste.
#[derive(Debug, Clone, Copy, Default)]
pub struct SessionOptions {
    /// Report the mouse.
    pub mouse: bool,
}

/// A mode with the bytes that set and unset it, in the order they are set.
const SCREEN: (&str, &str) = ("\x1b[?1049h", "\x1b[?1049l");
const PASTE: (&str, &str) = ("\x1b[?2004h", "\x1b[?2004l");
const MOUSE: (&str, &str) = ("\x1b[?1000h\x1b[?1002h\x1b[?1006h", "\x1b[?1006l\x1b[?1002l\x1b[?1000l");
const CURSOR: (&str, &str) = ("\x1b[?25l", "\x1b[?25h");

/// What undoes a session. Taken out by whoever undoes it first.
struct Undo {
    bytes: String,
    line: LineModes,
    input: TtyIn,
    output: TtyOut,
    mouse: bool,
}

impl Undo {
    fn run(mut self) -> io::Result<()> {
        let written = self.output.write_all(self.bytes.as_bytes()).and_then(|()| self.output.flush());
        // The line is mended even if the terminal takes no more bytes.
        self.line.restore(&self.input, self.mouse)?;
        written
    }
}

type Slot = Arc<Mutex<Option<Undo>>>;

/// The session the panic hook undoes.
static ACTIVE: Mutex<Option<Slot>> = Mutex::new(None);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The guard of the terminal. Drop leaves.
pub struct TerminalSession {
    options: SessionOptions,
    input: TtyIn,
    output: TtyOut,
    undo: Slot,
}

impl TerminalSession {
    /// Takes the terminal of this process over.
    pub fn enter(options: SessionOptions) -> io::Result<Self> {
        Self::enter_on(TtyIn::open()?, TtyOut::stdout(), options)
    }

    /// The same for a given terminal.
    pub fn enter_on(input: TtyIn, output: TtyOut, options: SessionOptions) -> io::Result<Self> {
        let mut session = Self { options, input, output, undo: Slot::default() };
        session.reenter()?;
        Ok(session)
    }

    /// Sets the modes again after [`TerminalSession::leave`]; nothing if they are set. What the
    /// terminal shows afterwards is unknown: repaint.
    pub fn reenter(&mut self) -> io::Result<()> {
        if lock(&self.undo).is_some() {
            return Ok(());
        }
        let line = LineModes::raw(&self.input)?;
        let mut modes = vec![SCREEN, PASTE];
        if self.options.mouse {
            modes.push(MOUSE);
        }
        modes.push(CURSOR);
        let set: String = modes.iter().map(|mode| mode.0).collect();
        let unset: String = modes.iter().rev().map(|mode| mode.1).collect();
        *lock(&self.undo) = Some(Undo {
            bytes: format!("\x1b[m{unset}"),
            line,
            input: self.input.clone(),
            output: self.output.clone(),
            mouse: self.options.mouse,
        });
        *lock(&ACTIVE) = Some(Arc::clone(&self.undo));
        self.output.write_all(set.as_bytes()).and_then(|()| self.output.flush())
    }

    /// Gives the terminal back as it was found. Nothing if that has happened.
    pub fn leave(&mut self) -> io::Result<()> {
        let undo = lock(&self.undo).take();
        undo.map_or(Ok(()), Undo::run)
    }

    /// Sets all modes again if someone has unset them: after SIGCONT, when a shell may have had the
    /// terminal while we were stopped without being asked. What is restored in the end stays what
    /// was found at first.
    pub fn assert_modes(&mut self) -> io::Result<()> {
        if lock(&self.undo).is_some() && tty::is_raw(&self.input) {
            return Ok(());
        }
        let first = lock(&self.undo).take();
        self.reenter()?;
        if let Some(first) = first {
            *lock(&self.undo) = Some(first);
        }
        Ok(())
    }

    /// Stops the job, as Ctrl-Z asks, and takes the terminal over again once the shell continues
    /// it. The input must be paused meanwhile. Fails with `Unsupported` where no shell would.
    pub fn suspend(&mut self) -> io::Result<()> {
        #[cfg(windows)]
        return Err(io::Error::new(io::ErrorKind::Unsupported, "no job control"));
        #[cfg(unix)]
        {
            super::job::someone_continues_us()?;
            self.leave()?;
            let stopped = super::job::stop_job();
            self.reenter()?;
            stopped
        }
    }

    /// Lends the terminal to `run`, an editor or pager. The input must be paused meanwhile.
    pub fn hand_over<T>(&mut self, run: impl FnOnce() -> T) -> io::Result<T> {
        self.leave()?;
        let result = run();
        self.reenter()?;
        Ok(result)
    }
}

impl Drop for TerminalSession {
    fn drop(&mut self) {
        let _ = self.leave();
        let mut active = lock(&ACTIVE);
        if active.as_ref().is_some_and(|slot| Arc::ptr_eq(slot, &self.undo)) {
            *active = None;
        }
    }
}

/// Makes a panic of the calling thread restore the terminal before its text is printed, and keeps
/// panics of other threads off the screen while a session lasts. Call once, on the main thread.
pub fn install_panic_hook() {
    let main = std::thread::current().id();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        // A lock held by the panicking thread itself must not keep it here for ever.
        let slot = ACTIVE.try_lock().ok().and_then(|active| active.clone());
        let Some(slot) = slot else { return before(panic) };
        if std::thread::current().id() != main {
            let on_screen = slot.try_lock().map_or(true, |undo| undo.is_some());
            if !on_screen {
                before(panic);
            }
            return;
        }
        let undo = match slot.try_lock() {
            Ok(mut undo) => undo.take(),
            Err(std::sync::TryLockError::Poisoned(poisoned)) => poisoned.into_inner().take(),
            Err(std::sync::TryLockError::WouldBlock) => None,
        };
        if let Some(undo) = undo {
            let _ = undo.run();
        }
        let text = panic.to_string();
        let mut stderr = io::stderr().lock();
        for line in text.lines() {
            let _ = writeln!(stderr, "{}", visible(line));
        }
        let _ = writeln!(stderr, "this is a defect of hallpass; the terminal has been restored");
    }));
}

/// Refuses where a screen cannot be: standard output is no terminal, no keys can be read, or the
/// terminal is `dumb`. Writes nothing.
pub fn check_environment() -> Result<(), Problem> {
    let term = std::env::var("TERM").ok();
    suitable(term.as_deref(), tty::output_is_terminal(), TtyIn::open().is_ok())
}

fn suitable(term: Option<&str>, output: bool, input: bool) -> Result<(), Problem> {
    let why = if !output {
        "standard output is not a terminal".to_owned()
    } else if !input {
        "there is no terminal to read keys from".to_owned()
    } else if let Some(term @ ("dumb" | "")) = term {
        format!("TERM is `{}`, which cannot move the cursor", visible(term))
    } else if term.is_none() && cfg!(unix) {
        "TERM is not set".to_owned()
    } else {
        return Ok(());
    };
    Err(Problem::new(
        ProblemKind::Usage,
        "the terminal UI cannot run here",
        why,
        "use the commands, such as `hallpass send`, `hallpass run` or `hallpass demo --headless`; `hallpass --help` lists them",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_needs_a_terminal_that_can_move_the_cursor() {
        assert_eq!(suitable(Some("xterm"), true, true), Ok(()));
        for (term, output, input, why) in [
            (Some("dumb"), true, true, "dumb"),
            (Some(""), true, true, "TERM"),
            (Some("xterm"), false, true, "standard output"),
            (Some("xterm"), true, false, "keys"),
        ] {
            let problem = suitable(term, output, input).unwrap_err();
            assert!(problem.why.contains(why), "{problem}");
            assert_eq!(problem.kind.exit_code(), 2);
            assert!(problem.next.contains("--headless"));
        }
        #[cfg(unix)]
        assert!(suitable(None, true, true).unwrap_err().why.contains("TERM is not set"));
    }
}
