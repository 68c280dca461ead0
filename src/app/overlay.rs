//! What lies over the panes: help, palette, pickers, prompts, questions, texts. A stack; Esc takes
//! the topmost away.

use super::command::Command;
use super::line_edit::LineEdit;
use super::list::Cursor;
use super::pane::diagnosis::Errand;
use crate::model::id::ItemPath;
use std::time::Instant;

/// One layer.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// Every command with its keys; typing filters.
    Help {
        /// Filter.
        filter: LineEdit,
        /// Cursor.
        cursor: Cursor,
    },
    /// Every command by name; typing filters, Enter runs.
    Palette {
        /// Filter.
        filter: LineEdit,
        /// Cursor.
        cursor: Cursor,
    },
    /// A list to choose from; typing filters.
    Picker(Picker),
    /// A question for a text.
    Prompt(Prompt),
    /// A question for `y`.
    Confirm(Confirm),
    /// A text to read.
    Text(TextView),
    /// `g` was pressed: the second key.
    Goto {
        /// When; the menu shows itself a little later.
        since: Instant,
    },
    /// `,` was pressed: a letter per place.
    Jump,
    /// Logins that wait: `State::logins`.
    Login,
    /// An OAuth profile as a form.
    Profile {
        /// Which.
        name: String,
        /// Line.
        cursor: Cursor,
    },
    /// The first greeting.
    Welcome {
        /// Chosen line.
        cursor: Cursor,
    },
}

/// A list to choose from.
#[derive(Debug, Clone)]
pub struct Picker {
    /// Title.
    pub title: String,
    /// Entries.
    pub items: Vec<PickItem>,
    /// Filter.
    pub filter: LineEdit,
    /// Cursor among the filtered.
    pub cursor: Cursor,
}

/// An entry.
#[derive(Debug, Clone)]
pub struct PickItem {
    /// What it is called.
    pub label: String,
    /// More, dimmed.
    pub detail: String,
    /// What choosing it does.
    pub pick: Pick,
}

/// What choosing an entry does.
#[derive(Debug, Clone, PartialEq)]
pub enum Pick {
    /// Switches the environment.
    Environment(String),
    /// Sets the method.
    Method(String),
    /// Sets the body's kind.
    BodyKind(&'static str),
    /// Sets the auth: `inherit`, `none`, `basic`, `bearer`, `api_key`, or `profile NAME`.
    Auth(String),
    /// Copies a text.
    Copy {
        /// What it is.
        what: String,
        /// The text.
        text: crate::model::secret::Secret,
        /// Asks first.
        secret: bool,
    },
    /// Opens a past exchange.
    History(String),
    /// Compares the JWT shown with this one.
    CompareJwt(crate::model::secret::Secret),
    /// Shows a JWT.
    Jwt(crate::model::secret::Secret),
    /// Moves an item to a folder.
    MoveTo(ItemPath),
    /// A secret of the environment to set.
    Secret(String),
    /// Selects a token.
    Token(usize),
    /// The profile the token pane works with.
    Profile(String),
    /// A word of a profile: its grant, its client authentication.
    ProfileWord {
        /// Which profile.
        profile: String,
        /// Key.
        key: &'static str,
        /// Word.
        word: String,
    },
    /// The preset of a new profile.
    Preset(&'static str),
    /// Its grant.
    PresetGrant(&'static str, crate::model::profile::Grant),
    /// A page of the grants' help.
    Grant(usize),
    /// A probe or a fix of a finding.
    Errand(Errand),
}

impl Picker {
    /// A picker with the cursor on an entry.
    pub fn new(title: impl Into<String>, items: Vec<PickItem>, at: usize) -> Picker {
        let mut cursor = Cursor::default();
        cursor.go(at, items.len());
        Picker { title: title.into(), items, filter: LineEdit::default(), cursor }
    }

    /// Indexes of the entries that match the filter, best first.
    pub fn matches(&self) -> Vec<usize> {
        let filter = self.filter.text().trim();
        let mut found = fuzzy(filter, self.items.iter().map(|i| format!("{} {}", i.label, i.detail)));
        // `rfc-code` is meant when it is typed, not `rfc-code-dpop` that stands before it.
        found.sort_by_key(|i| !self.items[*i].label.eq_ignore_ascii_case(filter));
        found
    }
}

/// Indexes of the texts that match a fuzzy pattern; those that hold it as it stands first, then by
/// score; all in order for an empty pattern.
pub fn fuzzy(pattern: &str, texts: impl Iterator<Item = String>) -> Vec<usize> {
    use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
    use nucleo_matcher::{Config, Matcher, Utf32Str};
    let plain = pattern.trim().to_lowercase();
    if plain.is_empty() {
        return (0..texts.count()).collect();
    }
    let pattern = Pattern::parse(pattern, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    let mut scored: Vec<(bool, u32, usize)> = texts
        .enumerate()
        .filter_map(|(at, text)| {
            let score = pattern.score(Utf32Str::new(&text, &mut buffer), &mut matcher)?;
            Some((!text.to_lowercase().contains(&plain), score, at))
        })
        .collect();
    // Letters strewn over a text match nearly anything: they count only where nothing better does.
    if scored.iter().any(|(strewn, ..)| !strewn) {
        scored.retain(|(strewn, ..)| !strewn);
    }
    scored.sort_by_key(|(strewn, score, at)| (*strewn, std::cmp::Reverse(*score), *at));
    scored.into_iter().map(|(.., at)| at).collect()
}

/// A question for a text.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// What is asked.
    pub title: String,
    /// A line below: an example, a hint.
    pub hint: String,
    /// The answer so far.
    pub edit: LineEdit,
    /// Shown as dots.
    pub secret: bool,
    /// What the answer is for.
    pub purpose: Purpose,
    /// Why the last answer was not taken.
    pub error: Option<String>,
}

/// What an answer is for.
#[derive(Debug, Clone, PartialEq)]
pub enum Purpose {
    /// A new request in a folder.
    NewRequest(ItemPath),
    /// A new folder; without a parent a collection.
    NewFolder(Option<ItemPath>),
    /// A new name.
    Rename(ItemPath),
    /// A new request from the draft, in a folder.
    SaveAs(ItemPath),
    /// Checks the JWT shown with a key from a file or a URL.
    JwtVerify,
    /// Checks it with this secret.
    JwtVerifySecret,
    /// Signs the edited JWT with a key from a file.
    JwtSign,
    /// Signs it with this secret.
    JwtSignSecret,
    /// A credentials file.
    Credentials,
    /// Where to save the body.
    SaveBody,
    /// Search.
    Search,
    /// JSONPath.
    Filter,
    /// A new environment.
    NewEnvironment,
    /// A variable's value in an environment: `NAME = value` for a new one.
    Variable(String, Option<String>),
    /// A secret's value.
    Secret(String, String),
    /// The vault's passphrase, once.
    Passphrase,
    /// The vault's passphrase again, for a new file.
    PassphraseAgain(crate::model::secret::Secret),
    /// A capture row (`None`: a new one).
    Capture(Option<usize>),
    /// A check row.
    Check(Option<usize>),
    /// A key of a profile.
    ProfileField(String, &'static str),
    /// A secret of a profile.
    ProfileSecret(String, &'static str),
    /// An issuer to discover for a profile, and the address that a 401 named.
    Issuer(String, Option<String>),
    /// The name of a new profile from a preset.
    NewProfileName(&'static str, crate::model::profile::Grant),
    /// Its next variable.
    NewProfileVariable(Box<super::new_profile::NewProfile>),
    /// A field of the auth.
    AuthField(usize),
    /// Confirmation of a send to a protected environment by typing its name.
    Protected(Command),
    /// The same for a probe or a replay.
    ProtectedErrand(Errand),
}

/// A question for `y`.
#[derive(Debug, Clone)]
pub struct Confirm {
    /// The question.
    pub text: String,
    /// What `y` does.
    pub action: ConfirmAction,
    /// When it appeared: keys typed ahead do not answer it.
    pub since: Instant,
}

/// What `y` does.
#[derive(Debug, Clone, PartialEq)]
pub enum ConfirmAction {
    /// Leaves without saving.
    Quit,
    /// Deletes.
    Delete(ItemPath),
    /// Deletes an environment.
    DeleteEnvironment(String),
    /// Gives up the draft.
    Revert(ItemPath),
    /// Copies a secret.
    CopySecret(String, crate::model::secret::Secret),
    /// Gives up a login.
    GiveUpLogin(crate::flow::login::LoginId),
    /// Revokes the token shown.
    Revoke,
    /// Runs a probe or a replay, or applies a fix.
    Errand(Errand),
    /// Lets a command run, then does again what wanted it.
    Trust(Vec<String>, Option<Box<super::effect::Again>>),
}

/// A text to read.
#[derive(Debug, Clone)]
pub struct TextView {
    /// Title.
    pub title: String,
    /// Lines, already safe for the terminal.
    pub lines: Vec<String>,
    /// First row shown.
    pub top: usize,
    /// A past exchange that `s` sends again.
    pub resend: Option<Box<crate::model::history::HistoryEntry>>,
    /// Exchanges behind it, which `o` shows.
    pub exchanges: Vec<std::sync::Arc<crate::model::exchange::Exchange>>,
    /// Evidence to highlight: a line and the text in it; the whole line where that is empty.
    pub lit: Option<(usize, String)>,
    /// A change that `y` or Enter makes.
    pub offer: Option<Offer>,
}

/// A change that a text proposes.
#[derive(Debug, Clone)]
pub struct Offer {
    /// What the key does: `writes it`.
    pub words: &'static str,
    /// The change.
    pub edit: crate::model::edit::Edit,
    /// When it appeared: keys typed ahead do not take it.
    pub since: Instant,
}

impl TextView {
    /// A text from its first line.
    pub fn new(title: impl Into<String>, lines: Vec<String>) -> TextView {
        TextView {
            title: title.into(),
            lines,
            top: 0,
            resend: None,
            exchanges: Vec::new(),
            lit: None,
            offer: None,
        }
    }
}
