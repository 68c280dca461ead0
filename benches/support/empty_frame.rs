//! The least a ratatui program can do: take the terminal, paint an empty frame, echo keys.
//! What the first frame of hallpass is measured against.

use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use std::io::{self, Read, Write, stdout};

/// Runs it.
pub fn run() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen)?;
    let mut terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
    terminal.draw(|_| {})?;
    // Echoes keys: the least a key can take.
    let mut key = [0];
    while io::stdin().read(&mut key)? == 1 && key[0] != b'q' {
        stdout().write_all(&key)?;
        stdout().flush()?;
    }
    execute!(stdout(), LeaveAlternateScreen)?;
    disable_raw_mode()
}
