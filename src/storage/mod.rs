//! Bytes on disk to model and back; nothing else writes files. Every write goes through `atomic`.
//!
//! Reading: `source` decodes and parses, `typed`, `read_request`, `read_profile` and `read_parts` make model of it, `load`
//! walks the workspace. Writing: `model_fields` says what a file shall say, `splice` makes the smallest
//! change, `save` reads it back, `edits` gathers files, `transaction` writes them.

pub mod atomic;
pub mod audit;
pub mod credentials;
pub mod drafts;
mod edits;
mod edits_beside;
mod fields;
pub mod history;
mod init;
pub mod keyring;
mod load;
mod model_fields;
mod names;
mod order;
pub mod paths;
pub mod presets;
mod private_file;
mod profile_fields;
mod read_parts;
mod read_profile;
mod read_request;
pub mod samples;
mod save;
pub mod secrets;
pub mod settings;
mod source;
mod splice;
mod splice_list;
pub mod state;
pub mod token_store;
mod transaction;
mod trusted;
mod typed;
pub mod vault;
mod vault_file;
mod vault_header;
pub mod vault_place;

#[cfg(test)]
mod tests;

use crate::model::edit::{Change, Edit};
use crate::model::problem::Problem;
use crate::model::workspace::Workspace;
use std::path::{Path, PathBuf};

/// The workspace that holds `start`: the nearest directory upwards with a `hallpass.toml`.
pub fn find_root(start: &Path) -> Option<PathBuf> {
    let start = std::path::absolute(start).ok()?;
    start.ancestors().find(|dir| dir.join(load::MARKER).is_file()).map(Path::to_path_buf)
}

/// Reads a workspace. Broken files become `problems`; only a missing or unreadable root is an error.
pub fn load(root: &Path) -> Result<Workspace, Problem> {
    load::workspace(root)
}

/// Makes a workspace in a directory (which may exist, without a `hallpass.toml`), with samples; a
/// workspace that is there already gets the samples added. Gives the files written.
/// Existing files are never overwritten.
pub fn init(dir: &Path, name: &str, with: &[String]) -> Result<Vec<PathBuf>, Problem> {
    init::init(dir, name, with)
}

/// As [`init`], for a directory that is thrown away: the disk is not waited for.
pub fn init_scratch(dir: &Path, name: &str, with: &[String]) -> Result<Vec<PathBuf>, Problem> {
    init::init_scratch(dir, name, with)
}

/// Carries out an edit.
pub fn apply(root: &Path, edit: &Edit) -> Result<Change, Problem> {
    edits::apply(root, edit)
}

/// Puts every file back as it was before a change; refuses when one has been changed since.
pub fn undo(root: &Path, change: &Change) -> Result<(), Problem> {
    let steps = change.files.iter().map(|f| (f.path.as_path(), f.after.as_deref(), f.before.as_deref()));
    transaction::carry_out(root, steps.collect())
}

/// Does an undone change again; refuses when a file has been changed since.
pub fn redo(root: &Path, change: &Change) -> Result<(), Problem> {
    let steps = change.files.iter().map(|f| (f.path.as_path(), f.before.as_deref(), f.after.as_deref()));
    transaction::carry_out(root, steps.collect())
}
