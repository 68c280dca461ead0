//! What the terminal tells the main loop. The one channel between the input thread and the screen.

use crate::app::key::{KeyPress, MouseEvent};

/// One thing that happened at the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TermEvent {
    /// A key was pressed. In raw mode Ctrl-C and Ctrl-Z arrive here, not as signals.
    Key(KeyPress),
    /// Text was pasted, line ends as `\n`. A paste of more than a megabyte comes in several.
    Paste(String),
    /// The mouse was used; only when reporting is on.
    Mouse(MouseEvent),
    /// The window has a new size, in cells.
    Resize {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// After SIGCONT or a hand-over: the screen is to be set up and painted anew.
    Resumed,
    /// SIGTSTP was sent from outside: stop as the user's shell expects.
    Suspend,
    /// The terminal is gone, or SIGHUP came: save and leave; nothing can be shown any more.
    Hangup,
    /// SIGTERM, SIGINT or SIGQUIT from outside: save and leave.
    Terminate,
}
