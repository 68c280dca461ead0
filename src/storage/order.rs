//! The order of a folder's children: `order` of its own file, kept up to date, written only when it is
//! there already or when the place could not be kept without it.

use super::edits::Editing;
use super::load::{folder_file, is_reserved_stem};
use super::read_parts::{self, FolderFile};
use super::save;
use super::source::Source;
use crate::model::problem::Problem;
use std::path::{Path, PathBuf};

/// A folder's children by stem, as they stand and as they shall stand.
pub struct Folders {
    file: PathBuf,
    source: Source,
    exists: bool,
    stated: FolderFile,
    /// What `order` shall say, kept in step with each change.
    order: Vec<String>,
    /// Children in order.
    pub names: Vec<String>,
}

impl Folders {
    /// Reads a folder's order as the files are before the edit.
    pub fn read(editing: &Editing<'_>, dir: &Path, depth: usize) -> Result<Folders, Problem> {
        let file = folder_file(dir, depth);
        let bytes = editing.tx.current(&file)?;
        let exists = bytes.is_some();
        let source = Source::decode(&file, &bytes.unwrap_or_default())?;
        let stated = if exists { read_parts::folder(&source)? } else { FolderFile::default() };
        let order = stated.order.clone().unwrap_or_default();
        let names = arrange(stems(dir), &order);
        Ok(Folders { file, source, exists, stated, order, names })
    }

    /// A new child at a position.
    pub fn insert(&mut self, index: usize, stem: &str) {
        let index = index.min(self.names.len());
        self.names.insert(index, stem.to_owned());
        let before = index.checked_sub(1).map(|i| &self.names[i]);
        let at = before.map_or(Some(0), |b| self.order.iter().position(|o| o == b).map(|i| i + 1));
        if let Some(at) = at {
            self.order.insert(at, stem.to_owned());
        }
    }

    /// A child goes.
    pub fn remove(&mut self, stem: &str) {
        self.names.retain(|n| n != stem);
        self.order.retain(|n| n != stem);
    }

    /// A child has another stem.
    pub fn rename(&mut self, from: &str, to: &str) {
        for name in self.names.iter_mut().chain(&mut self.order).filter(|n| *n == from) {
            to.clone_into(name);
        }
    }

    /// Adds the folder file to the transaction, if it has to change.
    pub fn write(self, editing: &mut Editing<'_>) -> Result<(), Problem> {
        let place_kept = |order: &[String]| arrange(self.names.clone(), order) == self.names;
        let order = match &self.stated.order {
            None if place_kept(&[]) => return Ok(()),
            Some(_) if place_kept(&self.order) => self.order.clone(),
            _ => self.names.clone(),
        };
        let new = FolderFile { order: Some(order), odd_entries: Vec::new(), ..self.stated.clone() };
        let base = self.exists.then(|| FolderFile { odd_entries: Vec::new(), ..self.stated });
        let bytes = save::folder(&self.source, base.as_ref(), &new)?;
        editing.tx.set(&self.file, Some(bytes))
    }
}

/// What `order` names first, in its order; the rest by stem.
fn arrange(mut names: Vec<String>, order: &[String]) -> Vec<String> {
    names.sort();
    let mut out = Vec::with_capacity(names.len());
    for stem in order {
        if let Some(at) = names.iter().position(|n| n == stem) {
            out.push(names.remove(at));
        }
    }
    out.extend(names);
    out
}

/// Stems of files and names of directories in a directory, broken ones included.
pub fn stems(dir: &Path) -> Vec<String> {
    let Ok(listing) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut out = Vec::new();
    for entry in listing.flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') {
            continue;
        }
        if entry.path().is_dir() {
            out.push(name);
        } else if let Some(stem) = name.strip_suffix(".toml").filter(|s| !is_reserved_stem(s)) {
            out.push(stem.to_owned());
        }
    }
    out.sort();
    out.dedup();
    out
}
