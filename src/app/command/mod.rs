//! The one table of commands: keys, palette, help, hint bar and README are all made from it.
//! A command is a wish without data; what it means depends on the focused pane.

mod table;

pub use table::COMMANDS;

use super::focus::PaneId;

/// Everything a user can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // each one's line in `COMMANDS` says what it does
pub enum Command {
    Send,
    SendAgain,
    Cancel,
    Focus(PaneId),
    NextPane,
    PreviousPane,
    Jump,
    Zoom,
    NextTab,
    PreviousTab,
    Search,
    SearchNext,
    SearchPrevious,
    Filter,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Top,
    Bottom,
    Open,
    Toggle,
    FoldAll,
    UnfoldAll,
    Add,
    AddFolder,
    AddCollection,
    Remove,
    Rename,
    Duplicate,
    MoveUp,
    MoveDown,
    MoveTo,
    Save,
    SaveAs,
    Revert,
    Undo,
    Redo,
    CopyMenu,
    SaveBody,
    Editor,
    Pager,
    SwitchEnvironment,
    RenewToken,
    Login,
    RevokeToken,
    Introspect,
    Userinfo,
    TokenLog,
    PickProfile,
    NewProfile,
    EditProfile,
    Discover,
    ForgetToken,
    TokenExchange,
    Flow,
    FlowNext,
    History,
    WireLog,
    Goto,
    GotoUrl,
    GotoParams,
    GotoHeaders,
    GotoAuth,
    GotoBody,
    GotoChecks,
    GotoDocs,
    Method,
    BodyKind,
    AuthKind,
    ImportCredentials,
    SetSecret,
    VaultPassphrase,
    JwtMenu,
    JwtVerify,
    JwtEdit,
    JwtCompare,
    Mark,
    Compare,
    Diagnosis,
    Confirm,
    Fix,
    Problems,
    Reload,
    Repaint,
    Palette,
    Help,
    Grants,
    Suspend,
    Quit,
}

/// Where a command's keys count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everywhere in NAV mode.
    Global,
    /// Everywhere, while typing too.
    Always,
    /// In these panes.
    Panes(&'static [PaneId]),
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct CommandInfo {
    /// What it is.
    pub command: Command,
    /// Stable name, for the settings file.
    pub id: &'static str,
    /// In the palette.
    pub title: &'static str,
    /// One or two words in the hint bar.
    pub hint: &'static str,
    /// Where its keys count.
    pub scope: Scope,
    /// Default chords, the one that is shown first.
    pub chords: &'static [&'static str],
}

impl Command {
    /// Its first row in the table.
    pub fn info(self) -> &'static CommandInfo {
        COMMANDS.iter().find(|c| c.command == self).unwrap_or(&COMMANDS[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_unique_and_every_row_says_what_it_does() {
        for (i, a) in COMMANDS.iter().enumerate() {
            assert!(!a.title.is_empty() && !a.hint.is_empty(), "{}", a.id);
            assert!(COMMANDS[i + 1..].iter().all(|b| b.id != a.id), "{} twice", a.id);
        }
    }
}
