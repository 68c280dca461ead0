//! A change to the workspace, as data: the screen and the command line ask for the same ones.

use super::environment::Environment;
use super::id::ItemPath;
use super::profile::OauthProfile;
use super::request::Request;
use super::value::Value;
use std::path::PathBuf;

/// What to change. `storage::apply` carries it out and gives a [`Change`] that can be undone.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Writes a request; only what differs from `base` is touched. When the file on disk no longer
    /// says `base`, nothing is written and the problem says so.
    SaveRequest {
        /// Which.
        path: ItemPath,
        /// As it was read.
        base: Box<Request>,
        /// As it shall be.
        request: Box<Request>,
    },
    /// A new request at the end of a folder (or after `after`). The stem is made from the name.
    CreateRequest {
        /// The folder.
        parent: ItemPath,
        /// Stem of the sibling it follows.
        after: Option<String>,
        /// What it says.
        request: Box<Request>,
    },
    /// A new folder; without a parent a new collection.
    CreateFolder {
        /// The folder it stands in.
        parent: Option<ItemPath>,
        /// Shown name.
        name: String,
    },
    /// A new shown name; the stem follows it.
    Rename {
        /// Request or folder.
        path: ItemPath,
        /// Shown name.
        name: String,
    },
    /// A copy right behind the original.
    Duplicate {
        /// Request or folder.
        path: ItemPath,
    },
    /// To a folder, at a position among its children.
    Move {
        /// Request or folder.
        path: ItemPath,
        /// The new folder.
        parent: ItemPath,
        /// Position; past the end is the end.
        index: usize,
    },
    /// Away, with everything below.
    Delete {
        /// Request or folder.
        path: ItemPath,
    },
    /// Writes an environment; only what differs is touched. Creates it when it is new.
    SaveEnvironment(Environment),
    /// Sets one variable of an environment, or removes it (`None`), in the file as it is then: what
    /// others set meanwhile stays.
    SetVariable {
        /// The environment.
        environment: String,
        /// The variable.
        name: String,
        /// Its value.
        value: Option<Value>,
    },
    /// Away.
    DeleteEnvironment(String),
    /// Writes a profile; only what differs is touched. Creates it when it is new.
    SaveProfile(Box<OauthProfile>),
    /// A new profile in its own words; refused where there is one of that name.
    NewProfile {
        /// The file stem.
        name: String,
        /// The file.
        text: String,
    },
    /// One after another, written and undone as one.
    Several {
        /// In words, for the undo message.
        words: String,
        /// What; none of them `Several`.
        edits: Vec<Edit>,
    },
}

/// A request with changes that were not saved when the terminal went away.
#[derive(Debug, Clone, PartialEq)]
pub struct Unsaved {
    /// Where it stands; empty for one that stands in no file.
    pub path: ItemPath,
    /// As it was read. Without it a later save could not tell that the file was changed meanwhile.
    /// `None` where it could not be kept.
    pub base: Option<Request>,
    /// As it was left.
    pub request: Request,
}

/// One file before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Absolute path.
    pub path: PathBuf,
    /// Bytes before; `None`: there was none.
    pub before: Option<Vec<u8>>,
    /// Bytes after; `None`: there is none.
    pub after: Option<Vec<u8>>,
}

/// What an edit did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// In words, for the undo message: `deleted Create case`.
    pub words: String,
    /// Every file touched.
    pub files: Vec<FileChange>,
    /// What should be selected now.
    pub select: Option<ItemPath>,
}
