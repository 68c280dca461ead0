//! The console on Windows, with the interface `tty` has on Unix.

use std::io::{self, Write};

/// Where keys are read from: the console.
#[derive(Debug, Clone)]
pub struct TtyIn;

impl TtyIn {
    /// Finds the console; fails when standard input is redirected.
    pub fn open() -> io::Result<Self> {
        use std::io::IsTerminal;
        if io::stdin().is_terminal() { Ok(Self) } else { Err(io::ErrorKind::NotFound.into()) }
    }
}

/// Where the screen is written: standard output.
#[derive(Debug, Clone)]
pub struct TtyOut;

impl TtyOut {
    /// Standard output.
    pub fn stdout() -> Self {
        Self
    }
}

impl Write for TtyOut {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stdout().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

/// Columns and rows of the console.
pub fn size(_: &TtyOut) -> io::Result<(u16, u16)> {
    crossterm::terminal::size()
}

/// The console's modes; crossterm remembers them.
pub struct LineModes;

impl LineModes {
    /// Every key at once, and escape sequences understood.
    pub fn raw(_: &TtyIn) -> io::Result<Self> {
        if !crossterm::ansi_support::supports_ansi() {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "the console knows no escape sequences"));
        }
        crossterm::terminal::enable_raw_mode()?;
        Ok(Self)
    }

    /// Restores what was.
    pub fn restore(&self, _: &TtyIn, _: bool) -> io::Result<()> {
        crossterm::terminal::disable_raw_mode()
    }
}

/// Whether the screen can be written: standard output is a console.
pub fn output_is_terminal() -> bool {
    use std::io::IsTerminal;
    io::stdout().is_terminal()
}

/// Nothing takes the console away on Windows.
pub fn is_raw(_: &TtyIn) -> bool {
    true
}
