//! The terminal device on Unix: which descriptors it is behind, and writing to it.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags};
use std::io::{self, Write};
use std::sync::Arc;

/// Where keys are read from: standard input, or the controlling terminal when that is redirected.
#[derive(Debug, Clone)]
pub struct TtyIn {
    device: Option<Arc<OwnedFd>>,
}

impl TtyIn {
    /// Finds the terminal keys come from; fails when there is none.
    pub fn open() -> io::Result<Self> {
        if rustix::termios::isatty(rustix::stdio::stdin()) {
            return Ok(Self { device: None });
        }
        let device =
            rustix::fs::open("/dev/tty", OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOCTTY, Mode::empty())?;
        Ok(Self::from_fd(device))
    }

    /// A given terminal, for tests and for one opened elsewhere.
    pub fn from_fd(device: OwnedFd) -> Self {
        Self { device: Some(Arc::new(device)) }
    }
}

impl AsFd for TtyIn {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.device {
            Some(device) => device.as_fd(),
            None => rustix::stdio::stdin(),
        }
    }
}

/// Where the screen is written: standard output, unbuffered. Waits when the terminal cannot take
/// more, also when some other program left the descriptor non-blocking.
#[derive(Debug, Clone)]
pub struct TtyOut {
    device: Option<Arc<OwnedFd>>,
}

impl TtyOut {
    /// Standard output.
    pub fn stdout() -> Self {
        Self { device: None }
    }

    /// A given terminal, for tests.
    pub fn from_fd(device: OwnedFd) -> Self {
        Self { device: Some(Arc::new(device)) }
    }
}

impl AsFd for TtyOut {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.device {
            Some(device) => device.as_fd(),
            None => rustix::stdio::stdout(),
        }
    }
}

impl Write for TtyOut {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match rustix::io::write(&*self, bytes) {
                Ok(written) => return Ok(written),
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => {
                    let mut fds = [PollFd::new(&*self, PollFlags::OUT)];
                    match poll(&mut fds, Some(&Timespec { tv_sec: 1, tv_nsec: 0 })) {
                        Ok(_) | Err(rustix::io::Errno::INTR) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Columns and rows of a terminal; 80×24 where it does not know, as on a serial line.
pub fn size(terminal: impl AsFd) -> io::Result<(u16, u16)> {
    let size = rustix::termios::tcgetwinsize(terminal)?;
    Ok(if size.ws_col == 0 || size.ws_row == 0 { (80, 24) } else { (size.ws_col, size.ws_row) })
}

/// The modes of the terminal line before they were changed.
pub struct LineModes(rustix::termios::Termios);

impl LineModes {
    /// Every byte at once, no echo, no signals from keys. Returns what to restore.
    pub fn raw(terminal: &TtyIn) -> io::Result<Self> {
        let before = rustix::termios::tcgetattr(terminal)?;
        let mut raw = before.clone();
        raw.make_raw();
        rustix::termios::tcsetattr(terminal, rustix::termios::OptionalActions::Now, &raw)?;
        Ok(Self(before))
    }

    /// Restores exactly what was. With `drop_input` what was not read yet is thrown away, which
    /// keeps mouse reports from landing in the shell. Never waits: the terminal may be stuck.
    pub fn restore(&self, terminal: &TtyIn, drop_input: bool) -> io::Result<()> {
        if drop_input {
            let _ = rustix::termios::tcflush(terminal, rustix::termios::QueueSelector::IFlush);
        }
        rustix::termios::tcsetattr(terminal, rustix::termios::OptionalActions::Now, &self.0)?;
        Ok(())
    }
}

/// Whether the screen can be written: standard output is a terminal.
pub fn output_is_terminal() -> bool {
    rustix::termios::isatty(rustix::stdio::stdout())
}

/// Whether keys come one by one and unechoed, as a session has set it.
pub fn is_raw(terminal: &TtyIn) -> bool {
    use rustix::termios::LocalModes;
    rustix::termios::tcgetattr(terminal)
        .is_ok_and(|modes| !modes.local_modes.intersects(LocalModes::ICANON | LocalModes::ECHO))
}
