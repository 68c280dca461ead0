//! Several files changed as one: gathered first, then written, put back when one of them fails.

use super::atomic::{self, Access};
use super::load::io_words;
use super::private_file::lock_dir;
use crate::model::edit::{Change, FileChange};
use crate::model::id::ItemPath;
use crate::model::problem::{Problem, ProblemKind};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// More than this is not kept in memory for undo.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// File changes gathered before the first byte is written.
#[derive(Debug, Default)]
pub struct Transaction {
    files: Vec<FileChange>,
    bytes: u64,
    /// Files as they were first read. A change is made from these bytes, so these are what the file
    /// must still hold when it is written.
    seen: RefCell<HashMap<PathBuf, Option<Vec<u8>>>>,
}

impl Transaction {
    /// An empty one.
    pub fn new() -> Transaction {
        Transaction::default()
    }

    /// What a file holds as far as this transaction goes.
    pub fn current(&self, path: &Path) -> Result<Option<Vec<u8>>, Problem> {
        match self.files.iter().find(|f| f.path == path) {
            Some(file) => Ok(file.after.clone()),
            None => self.first_read(path),
        }
    }

    fn first_read(&self, path: &Path) -> Result<Option<Vec<u8>>, Problem> {
        if let Some(bytes) = self.seen.borrow().get(path) {
            return Ok(bytes.clone());
        }
        let bytes = read(path)?;
        self.seen.borrow_mut().insert(path.to_path_buf(), bytes.clone());
        Ok(bytes)
    }

    /// Sets what a file shall hold; `None` takes it away.
    pub fn set(&mut self, path: &Path, after: Option<Vec<u8>>) -> Result<(), Problem> {
        if let Some(file) = self.files.iter_mut().find(|f| f.path == path) {
            file.after = after;
            return Ok(());
        }
        let before = self.first_read(path)?;
        self.bytes += before.as_ref().map_or(0, Vec::len) as u64;
        if self.bytes > MAX_BYTES {
            return Err(Problem::new(
                ProblemKind::File,
                "this is not done from here",
                "there is so much in these files that it could not be undone",
                "do it by hand, or with git",
            )
            .in_file(path));
        }
        self.files.push(FileChange { path: path.to_path_buf(), before, after });
        Ok(())
    }

    /// Writes everything.
    pub fn commit(mut self, root: &Path, words: String, select: Option<ItemPath>) -> Result<Change, Problem> {
        self.files.retain(|f| f.before != f.after);
        let steps = self.files.iter().map(|f| (f.path.as_path(), f.before.as_deref(), f.after.as_deref()));
        carry_out(root, steps.collect())?;
        Ok(Change { words, files: self.files, select })
    }
}

/// Why nothing was written: a file no longer held what was read.
pub const MEANWHILE: &str = "the file was changed by something else in the meantime";

/// One file's path, what it holds now, and what it shall hold.
pub type Step<'a> = (&'a Path, Option<&'a [u8]>, Option<&'a [u8]>);

/// Does the steps, writes before removals; refuses when a file does not hold what is expected.
pub fn carry_out(root: &Path, mut steps: Vec<Step<'_>>) -> Result<(), Problem> {
    let _lock = lock_dir(root).map_err(|e| {
        Problem::new(
            ProblemKind::File,
            "nothing was changed",
            io_words(&e),
            "end the other one, then try again",
        )
        .in_file(root)
    })?;
    for (path, before, _) in &steps {
        inside(root, path)?;
        if read(path)?.as_deref() != *before {
            return Err(Problem::new(
                ProblemKind::File,
                "nothing was changed",
                MEANWHILE,
                "reload the workspace, look at the file, then try again",
            )
            .in_file(*path));
        }
    }
    steps.sort_by_key(|(_, _, after)| after.is_none());
    for (i, (path, _, after)) in steps.iter().enumerate() {
        if let Err(problem) = set(path, *after) {
            // Put back what was done; what cannot be put back is in the change's bytes and in git.
            for (path, before, _) in steps[..i].iter().rev() {
                let _ = set(path, *before);
                remove_empty(root, path);
            }
            return Err(problem);
        }
    }
    for (path, _, after) in &steps {
        if after.is_none() {
            remove_empty(root, path);
        }
    }
    Ok(())
}

fn set(path: &Path, bytes: Option<&[u8]>) -> Result<(), Problem> {
    match bytes {
        Some(bytes) => atomic::write(path, bytes, Access::Shared),
        None => atomic::remove(path),
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, Problem> {
    let fail = |e: std::io::Error| {
        Problem::new(ProblemKind::File, "cannot read the file", io_words(&e), "check its permissions")
            .in_file(path)
    };
    match fs::metadata(path) {
        Ok(meta) if meta.is_file() && meta.len() <= MAX_BYTES => fs::read(path).map(Some).map_err(fail),
        Ok(meta) if meta.is_file() => Err(Problem::new(
            ProblemKind::File,
            "this is not done from here",
            format!("a file of {} bytes could not be undone", meta.len()),
            "move or delete it by hand first",
        )
        .in_file(path)),
        Ok(_) => Err(Problem::new(
            ProblemKind::File,
            "cannot read the file",
            "it is not a regular file",
            "move it away",
        )
        .in_file(path)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => match fs::symlink_metadata(path) {
            Ok(_) => Err(Problem::new(
                ProblemKind::File,
                "cannot read the file",
                "it is a link to something that is not there",
                "mend or delete the link",
            )
            .in_file(path)),
            Err(_) => Ok(None),
        },
        Err(e) => Err(fail(e)),
    }
}

/// A file's nearest existing directory must lie in the workspace, links resolved.
fn inside(root: &Path, path: &Path) -> Result<(), Problem> {
    let outside = || {
        Problem::new(
            ProblemKind::File,
            "nothing was changed",
            "this place is outside the workspace",
            "choose a place in the workspace",
        )
        .in_file(path)
    };
    let odd = path.components().any(|c| matches!(c, std::path::Component::ParentDir));
    let root = fs::canonicalize(root).map_err(|_| outside())?;
    let mut dir = path.parent();
    while let Some(at) = dir {
        if let Ok(real) = fs::canonicalize(at) {
            return if real.starts_with(&root) && !odd { Ok(()) } else { Err(outside()) };
        }
        dir = at.parent();
    }
    Err(outside())
}

/// Removes directories that became empty, up to the workspace's own.
fn remove_empty(root: &Path, file: &Path) {
    let keep: [PathBuf; 3] = [root.join("collections"), root.join("environments"), root.join("auth")];
    let mut dir = file.parent();
    while let Some(at) = dir {
        if at == root || !at.starts_with(root) || keep.iter().any(|k| k == at) || fs::remove_dir(at).is_err()
        {
            break;
        }
        dir = at.parent();
    }
}
