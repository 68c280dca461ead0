//! The user's settings with their defaults. One file, never rewritten by the program.

use indexmap::IndexMap;
use std::time::Duration;

/// What the settings file may say; everything has a default.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Colours.
    pub theme: Theme,
    /// Command id to chords, replacing that command's default chords.
    pub keys: IndexMap<String, Vec<String>>,
    /// Mouse reporting on.
    pub mouse: bool,
    /// Only ASCII in our own chrome.
    pub ascii: bool,
    /// Whole time of one exchange.
    pub timeout: Duration,
    /// Time to connect.
    pub connect_timeout: Duration,
    /// Redirects followed.
    pub redirects: u32,
    /// How many exchanges the history keeps.
    pub history_entries: usize,
    /// How many bytes the history keeps.
    pub history_bytes: u64,
    /// How many days the history keeps.
    pub history_days: u32,
    /// Bytes of a response body in memory; the rest goes to a private file.
    pub body_memory: u64,
    /// How the clipboard is reached.
    pub clipboard: Clipboard,
    /// Where secrets and tokens are kept.
    pub vault: VaultChoice,
    /// Whether a login opens the browser by itself.
    pub browser: Browser,
}

/// Where a vault is made when there is none; one that is there is opened whatever this says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VaultChoice {
    /// The system keyring if it answers, else a passphrase file, else memory.
    #[default]
    Auto,
    /// The system keyring.
    Keyring,
    /// The passphrase file.
    File,
    /// Nothing outlives the program, and a vault that is there is not opened.
    Memory,
}

impl VaultChoice {
    /// The words of the settings.
    pub const WORDS: [(&'static str, VaultChoice); 4] =
        [("auto", Self::Auto), ("keyring", Self::Keyring), ("file", Self::File), ("memory", Self::Memory)];
}

/// The colour sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// The terminal's own 16 colours: right on dark and light.
    #[default]
    Terminal,
    /// For light backgrounds, darker accents.
    Light,
    /// Strong contrast.
    HighContrast,
    /// No colour at all.
    Mono,
}

/// Ways to the clipboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clipboard {
    /// Inside tmux its buffer, else OSC 52.
    #[default]
    Auto,
    /// Always OSC 52.
    Osc52,
    /// Never; copying offers a file instead.
    Off,
}

/// Whether a login opens the user's browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Browser {
    /// By itself, where there is a display and the session did not come by SSH.
    #[default]
    Auto,
    /// Only when asked to.
    Ask,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::default(),
            keys: IndexMap::new(),
            mouse: true,
            ascii: false,
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            redirects: 10,
            history_entries: 500,
            history_bytes: 50 * 1024 * 1024,
            history_days: 90,
            body_memory: 128 * 1024 * 1024,
            clipboard: Clipboard::default(),
            vault: VaultChoice::default(),
            browser: Browser::default(),
        }
    }
}
