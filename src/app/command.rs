//! The one table of commands: keys, palette, help, hint bar and README are all made from it.
//! A command is a wish without data; what it means depends on the focused pane.

use super::focus::PaneId;
use PaneId::{Collections, Environments, Jwt, Request, Response, Token};

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

const fn row(
    command: Command,
    id: &'static str,
    title: &'static str,
    hint: &'static str,
    scope: Scope,
    chords: &'static [&'static str],
) -> CommandInfo {
    CommandInfo { command, id, title, hint, scope, chords }
}

/// Every command. The order is that of the help page; pane rows stand before global ones of the same key.
pub const COMMANDS: &[CommandInfo] = &[
    // sending
    row(Command::Send, "send", "Send the request", "send", Scope::Global, &["s"]),
    row(
        Command::Send,
        "send-anywhere",
        "Send the request, while typing too",
        "send",
        Scope::Always,
        &["ctrl-r", "alt-enter", "f5", "ctrl-j"],
    ),
    row(Command::SendAgain, "send-again", "Send the last one again", "again", Scope::Global, &["."]),
    row(Command::Cancel, "cancel", "Cancel what is running", "cancel", Scope::Always, &["ctrl-c"]),
    row(
        Command::FlowNext,
        "flow-next",
        "Run the next step of the three-part flow",
        "next step",
        Scope::Global,
        &[">"],
    ),
    row(Command::Flow, "flow", "The three-part flow: register, token, case", "flow", Scope::Global, &["F"]),
    // panes
    row(
        Command::Focus(Environments),
        "pane-environments",
        "Go to Environments",
        "environments",
        Scope::Global,
        &["1"],
    ),
    row(
        Command::Focus(Collections),
        "pane-collections",
        "Go to Collections",
        "collections",
        Scope::Global,
        &["2"],
    ),
    row(Command::Focus(Request), "pane-request", "Go to Request", "request", Scope::Global, &["3"]),
    row(Command::Focus(Token), "pane-token", "Go to Token", "token", Scope::Global, &["4", "t"]),
    row(Command::Focus(Jwt), "pane-jwt", "Go to JWT", "jwt", Scope::Global, &["5"]),
    row(Command::Focus(Response), "pane-response", "Go to Response", "response", Scope::Global, &["6"]),
    row(Command::NextPane, "next-pane", "Next pane", "next", Scope::Global, &["tab", "f6"]),
    row(Command::PreviousPane, "previous-pane", "Previous pane", "previous", Scope::Global, &["backtab"]),
    row(Command::Jump, "jump", "Jump to anything on screen by a letter", "jump", Scope::Global, &[","]),
    row(Command::Zoom, "zoom", "Give the pane the whole screen, and back", "zoom", Scope::Global, &["z"]),
    row(Command::NextTab, "next-tab", "Next tab of the pane", "tabs", Scope::Global, &["]"]),
    row(Command::PreviousTab, "previous-tab", "Previous tab of the pane", "tabs", Scope::Global, &["["]),
    // moving
    row(Command::Up, "up", "Up", "move", Scope::Global, &["k", "up"]),
    row(Command::Down, "down", "Down", "move", Scope::Global, &["j", "down"]),
    row(Command::Left, "left", "Left; in a tree: fold", "fold", Scope::Global, &["h", "left"]),
    row(Command::Right, "right", "Right; in a tree: unfold", "unfold", Scope::Global, &["l", "right"]),
    row(Command::PageUp, "page-up", "A page up", "page", Scope::Global, &["pageup", "ctrl-u"]),
    row(Command::PageDown, "page-down", "A page down", "page", Scope::Global, &["pagedown", "ctrl-f"]),
    row(Command::Top, "top", "To the first line", "top", Scope::Global, &["home"]),
    row(Command::Bottom, "bottom", "To the last line", "bottom", Scope::Global, &["end", "G"]),
    row(Command::Open, "open", "Open, edit, or accept the safe thing", "open", Scope::Global, &["enter"]),
    row(Command::Toggle, "toggle", "Fold; switch a row on or off", "fold", Scope::Global, &["space"]),
    row(
        Command::FoldAll,
        "fold-all",
        "Fold all but the top",
        "fold all",
        Scope::Panes(&[Response, Collections]),
        &["-"],
    ),
    row(
        Command::UnfoldAll,
        "unfold-all",
        "Unfold everything",
        "unfold all",
        Scope::Panes(&[Response, Collections]),
        &["+"],
    ),
    row(Command::Search, "search", "Search in the pane", "search", Scope::Global, &["/"]),
    row(Command::SearchNext, "search-next", "Next match", "next", Scope::Global, &["n"]),
    row(Command::SearchPrevious, "search-previous", "Previous match", "previous", Scope::Global, &["N"]),
    row(
        Command::Filter,
        "filter",
        "Filter the body with JSONPath",
        "filter",
        Scope::Panes(&[Response]),
        &["|"],
    ),
    // the tree and rows
    row(Command::Add, "add", "Add: a request, row, environment …", "add", Scope::Global, &["a"]),
    row(Command::AddFolder, "add-folder", "Add a folder", "folder", Scope::Panes(&[Collections]), &["A"]),
    row(
        Command::AddCollection,
        "add-collection",
        "Add a collection",
        "collection",
        Scope::Panes(&[Collections]),
        &[],
    ),
    row(Command::ForgetToken, "forget-token", "Forget the token", "forget", Scope::Panes(&[Token]), &["x"]),
    row(Command::Remove, "remove", "Remove, with undo", "remove", Scope::Global, &["x", "delete"]),
    row(Command::Rename, "rename", "Rename", "rename", Scope::Panes(&[Collections]), &["r"]),
    row(Command::Duplicate, "duplicate", "Duplicate", "duplicate", Scope::Panes(&[Collections]), &["D"]),
    row(
        Command::MoveUp,
        "move-up",
        "Move up among its siblings",
        "move up",
        Scope::Panes(&[Collections, Request]),
        &["K"],
    ),
    row(
        Command::MoveDown,
        "move-down",
        "Move down among its siblings",
        "move down",
        Scope::Panes(&[Collections, Request]),
        &["J"],
    ),
    row(
        Command::MoveTo,
        "move-to",
        "Move to another folder",
        "move to",
        Scope::Panes(&[Collections]),
        &["M"],
    ),
    // the request
    row(Command::Goto, "goto", "Go to a part of the request", "go to", Scope::Global, &["g"]),
    row(Command::GotoUrl, "goto-url", "Edit the URL", "URL", Scope::Global, &["g u"]),
    row(Command::GotoParams, "goto-params", "Query parameters", "params", Scope::Global, &["g p"]),
    row(Command::GotoHeaders, "goto-headers", "Headers", "headers", Scope::Global, &["g h"]),
    row(Command::GotoAuth, "goto-auth", "Auth", "auth", Scope::Global, &["g a"]),
    row(Command::GotoBody, "goto-body", "Body", "body", Scope::Global, &["g b"]),
    row(Command::GotoChecks, "goto-checks", "Captures and checks", "checks", Scope::Global, &["g c"]),
    row(Command::GotoDocs, "goto-docs", "Docs", "docs", Scope::Global, &["g d"]),
    row(Command::Method, "method", "Change the method", "method", Scope::Global, &["g m"]),
    row(Command::BodyKind, "body-kind", "Change the kind of body", "kind", Scope::Global, &["g k"]),
    row(
        Command::AuthKind,
        "auth-kind",
        "Choose how the request identifies itself",
        "auth",
        Scope::Global,
        &[],
    ),
    row(Command::Save, "save", "Save what changed", "save", Scope::Global, &["w"]),
    row(Command::Save, "save-anywhere", "Save, while typing too", "save", Scope::Always, &["ctrl-s"]),
    row(Command::SaveAs, "save-as", "Save as a new request", "save as", Scope::Global, &["W"]),
    row(
        Command::Revert,
        "revert",
        "Give up unsaved changes of the request",
        "revert",
        Scope::Panes(&[Request]),
        &["R"],
    ),
    row(Command::Undo, "undo", "Undo", "undo", Scope::Global, &["u"]),
    row(Command::Redo, "redo", "Redo", "redo", Scope::Global, &["U"]),
    row(
        Command::JwtEdit,
        "jwt-edit",
        "Edit header and claims of the JWT, and sign them",
        "edit, sign",
        Scope::Panes(&[Jwt]),
        &["E"],
    ),
    row(Command::Editor, "editor", "Edit the body in $EDITOR", "$EDITOR", Scope::Global, &["E"]),
    // the answer
    row(Command::CopyMenu, "copy", "Copy …", "copy", Scope::Global, &["y"]),
    row(
        Command::SaveBody,
        "save-body",
        "Save the response body to a file",
        "save body",
        Scope::Panes(&[Response]),
        &["S"],
    ),
    row(Command::Pager, "pager", "Read the response body in $PAGER", "$PAGER", Scope::Global, &["P"]),
    row(
        Command::WireLog,
        "wire-log",
        "What went over the wire, secrets masked",
        "wire",
        Scope::Global,
        &["L"],
    ),
    row(Command::History, "history", "Past exchanges", "history", Scope::Global, &["H"]),
    row(
        Command::JwtMenu,
        "jwt-menu",
        "Show a JWT found in the request or its answer",
        "JWTs",
        Scope::Panes(&[Jwt, Response]),
        &["v"],
    ),
    row(
        Command::JwtVerify,
        "jwt-verify",
        "Check the JWT's signature with a key, certificate, key set or secret",
        "check",
        Scope::Panes(&[Jwt]),
        &["V"],
    ),
    row(
        Command::JwtCompare,
        "jwt-compare",
        "Compare the JWT with another one",
        "compare",
        Scope::Panes(&[Jwt]),
        &["="],
    ),
    row(
        Command::Mark,
        "mark",
        "Mark the response, to compare another with it",
        "mark",
        Scope::Global,
        &["m"],
    ),
    row(
        Command::Compare,
        "compare",
        "Compare the response with the marked one",
        "compare",
        Scope::Global,
        &["="],
    ),
    // environments and tokens
    row(Command::SwitchEnvironment, "environment", "Switch the environment", "env", Scope::Global, &["e"]),
    row(Command::RenewToken, "renew-token", "Get a new token", "renew", Scope::Panes(&[Token, Jwt]), &["r"]),
    row(
        Command::TokenExchange,
        "token-exchange",
        "The exchange that got the token",
        "exchange",
        Scope::Panes(&[Token, Jwt]),
        &["o"],
    ),
    row(Command::Login, "login", "The login that waits for you", "login", Scope::Global, &["b"]),
    row(
        Command::RevokeToken,
        "revoke-token",
        "Revoke the token at the server",
        "revoke",
        Scope::Panes(&[Token]),
        &["R"],
    ),
    row(
        Command::Introspect,
        "introspect",
        "Ask the server whether the token is active",
        "introspect",
        Scope::Panes(&[Token]),
        &["i"],
    ),
    row(
        Command::Userinfo,
        "userinfo",
        "Ask the server whom the token speaks for",
        "who",
        Scope::Panes(&[Token]),
        &["M"],
    ),
    row(Command::TokenLog, "token-log", "What happened to tokens", "log", Scope::Panes(&[Token]), &["T"]),
    row(
        Command::PickProfile,
        "profile",
        "Choose the OAuth profile to get a token with",
        "profile",
        Scope::Panes(&[Token]),
        &["p"],
    ),
    row(
        Command::EditProfile,
        "edit-profile",
        "Edit the OAuth profile",
        "edit profile",
        Scope::Panes(&[Token]),
        &["E"],
    ),
    row(
        Command::NewProfile,
        "new-profile",
        "New OAuth profile from a preset: Pega, Keycloak, Entra ID …",
        "new profile",
        Scope::Panes(&[Token]),
        &["A"],
    ),
    row(
        Command::Discover,
        "discover",
        "Discover from issuer … (fills the OAuth profile)",
        "discover",
        Scope::Panes(&[Token, Response]),
        &["D"],
    ),
    row(
        Command::ImportCredentials,
        "import-credentials",
        "Import a Pega credentials file",
        "import",
        Scope::Global,
        &["I"],
    ),
    row(
        Command::SetSecret,
        "set-secret",
        "Set a secret of the environment",
        "secret",
        Scope::Panes(&[Environments]),
        &["S"],
    ),
    row(
        Command::VaultPassphrase,
        "vault",
        "Keep secrets in an encrypted file (passphrase)",
        "vault",
        Scope::Global,
        &[],
    ),
    // the rest
    row(Command::Problems, "problems", "Files that could not be read", "problems", Scope::Global, &["!"]),
    row(Command::Reload, "reload", "Read the workspace again", "reload", Scope::Global, &[]),
    row(Command::Repaint, "repaint", "Paint the screen anew", "repaint", Scope::Always, &["ctrl-l"]),
    row(Command::Palette, "palette", "All commands", "commands", Scope::Global, &[":"]),
    row(
        Command::Palette,
        "palette-anywhere",
        "All commands, while typing too",
        "commands",
        Scope::Always,
        &["ctrl-p", "f2"],
    ),
    row(Command::Help, "help", "Help", "help", Scope::Global, &["?"]),
    row(Command::Help, "help-anywhere", "Help, while typing too", "help", Scope::Always, &["f1"]),
    row(
        Command::Grants,
        "grants",
        "Help: which grant when, and what goes wrong",
        "grants",
        Scope::Global,
        &["g o"],
    ),
    row(Command::Suspend, "suspend", "Suspend (fg brings it back)", "suspend", Scope::Always, &["ctrl-z"]),
    row(Command::Quit, "quit", "Quit", "quit", Scope::Global, &["q"]),
];

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
