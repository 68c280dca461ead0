//! The screen as the main loop holds it: the session, the painting, and the ways to lend the
//! terminal to others and get it back.

use super::backend::ScreenBackend;
use super::input::Input;
use super::terminal::{SessionOptions, TerminalSession, check_environment};
use super::tty::{self, TtyOut};
use crate::model::problem::{Problem, ProblemKind};
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal};
use std::io;

/// An open screen. Drop restores the terminal.
pub struct Screen {
    // Dropped first: the session writes the last bytes.
    terminal: Terminal<ScreenBackend<TtyOut>>,
    session: TerminalSession,
}

impl Screen {
    /// Takes the terminal over, or says why that cannot be. Nothing is painted yet.
    pub fn open(options: SessionOptions) -> Result<Self, Problem> {
        check_environment()?;
        let broken = |error: io::Error| {
            Problem::new(
                ProblemKind::Usage,
                "the terminal UI cannot start",
                error.to_string(),
                "use the commands instead; `hallpass --help` lists them",
            )
        };
        let session = TerminalSession::enter(options).map_err(broken)?;
        let backend = ScreenBackend::new(TtyOut::stdout(), |out| tty::size(out));
        let terminal = Terminal::new(backend).map_err(broken)?;
        Ok(Self { terminal, session })
    }

    /// The painting, for switching synchronized output or colours off.
    pub fn backend_mut(&mut self) -> &mut ScreenBackend<TtyOut> {
        self.terminal.backend_mut()
    }

    /// Paints what has changed, in one write; nothing if nothing has. A new window size is
    /// noticed here. An error means that the terminal is gone.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(render).map(drop)
    }

    /// The next [`Screen::draw`] paints everything. To be called at every
    /// [`super::event::TermEvent::Resize`]: a window that shrank and grew again has the size it had,
    /// and lost what was on it. Twice before a draw costs no more than once.
    pub fn repaint(&mut self) -> io::Result<()> {
        self.terminal.backend_mut().forget();
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::new(0, 0, size.width, size.height))
    }

    /// Writes a sequence that paints nothing, such as a copy by OSC 52.
    pub fn write_aside(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.terminal.backend_mut().write_aside(bytes)
    }

    /// After [`super::event::TermEvent::Resumed`]: modes set again, all to be painted.
    pub fn resumed(&mut self) -> io::Result<()> {
        self.session.assert_modes()?;
        self.repaint()
    }

    /// Stops the job until the shell continues it. False where there is no shell to come back from.
    pub fn suspend(&mut self, input: &Input) -> io::Result<bool> {
        input.pause();
        let stopped = self.session.suspend();
        input.resume();
        let stopped = match stopped {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::Unsupported => false,
            Err(error) => return Err(error),
        };
        self.repaint()?;
        Ok(stopped)
    }

    /// Lends the terminal to `run`: an editor, a pager, a question on the plain screen.
    pub fn hand_over<T>(&mut self, input: &Input, run: impl FnOnce() -> T) -> io::Result<T> {
        input.pause();
        let result = self.session.hand_over(run);
        input.resume();
        let result = result?;
        self.repaint()?;
        Ok(result)
    }

    /// Gives the terminal back. The same as dropping, with the error if there is one.
    pub fn close(mut self) -> io::Result<()> {
        self.session.leave()
    }
}
