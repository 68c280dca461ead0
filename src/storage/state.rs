//! What hallpass remembers per user and workspace, outside the shared files: one small JSON file,
//! replaced whole. One that is broken is put aside, never deleted.

use super::atomic::{self, Access};
use super::load::io_words;
use super::paths;
use super::private_file::lock;
use crate::model::problem::{Problem, ProblemKind};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    /// Environment by canonical workspace path.
    environments: BTreeMap<String, String>,
    /// Hashes of commands a workspace may run.
    trusted: BTreeMap<String, BTreeSet<String>>,
    /// What a newer version wrote.
    #[serde(flatten)]
    other: BTreeMap<String, serde_json::Value>,
}

/// The environment the user chose for a workspace with `env use` or the screen.
pub fn active_environment(root: &Path) -> Option<String> {
    active_in(&paths::state_dir()?, root)
}

/// Remembers it.
pub fn set_active_environment(root: &Path, name: &str) -> Result<(), Problem> {
    set_active_in(&state_dir()?, root, name)
}

/// True when a command (by its hash) may run for a workspace.
pub(super) fn is_trusted(dir: &Path, root: &Path, hash: &str) -> bool {
    read(&file(dir)).trusted.get(&key(root)).is_some_and(|set| set.contains(hash))
}

/// Remembers that it may.
pub(super) fn trust(dir: &Path, root: &Path, hash: &str) -> Result<(), Problem> {
    update(dir, |state| {
        state.trusted.entry(key(root)).or_default().insert(hash.to_owned());
    })
}

/// The state directory, or a problem that says there is none.
pub(super) fn state_dir() -> Result<PathBuf, Problem> {
    paths::state_dir().ok_or_else(|| {
        Problem::new(
            ProblemKind::File,
            "cannot remember this",
            "this user has no home directory",
            "set `HOME`",
        )
    })
}

pub(super) fn active_in(dir: &Path, root: &Path) -> Option<String> {
    read(&file(dir)).environments.remove(&key(root))
}

pub(super) fn set_active_in(dir: &Path, root: &Path, name: &str) -> Result<(), Problem> {
    update(dir, |state| {
        if name.is_empty() {
            state.environments.remove(&key(root));
        } else {
            state.environments.insert(key(root), name.to_owned());
        }
    })
}

fn file(dir: &Path) -> PathBuf {
    dir.join("state.json")
}

/// A workspace by its canonical path, so that a link to it is the same one.
pub(super) fn key(root: &Path) -> String {
    fs::canonicalize(root).unwrap_or_else(|_| root.to_path_buf()).to_string_lossy().into_owned()
}

fn read(file: &Path) -> State {
    fs::read(file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// Reads, changes and writes under a lock, so that two processes do not lose each other's news.
fn update(dir: &Path, change: impl FnOnce(&mut State)) -> Result<(), Problem> {
    let file = file(dir);
    let fail = |e: std::io::Error| {
        Problem::new(ProblemKind::File, "cannot remember this", io_words(&e), "check the permissions")
            .in_file(&file)
    };
    atomic::make_dirs(dir, Access::Private).map_err(fail)?;
    let _lock = lock(&dir.join("state.lock")).map_err(fail)?;
    atomic::sweep_dir(dir);
    let broken = fs::read(&file).is_ok_and(|b| serde_json::from_slice::<State>(&b).is_err());
    if broken {
        let aside = dir.join(format!("state.json.corrupt-{}", jiff::Timestamp::now().as_second()));
        fs::rename(&file, aside).map_err(fail)?;
    }
    let mut state = read(&file);
    change(&mut state);
    let mut bytes = serde_json::to_vec_pretty(&state).unwrap_or_default();
    bytes.push(b'\n');
    atomic::write(&file, &bytes, Access::Private)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chosen_environment_is_remembered_per_workspace() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        set_active_in(dir.path(), &a, "dev").unwrap();
        set_active_in(dir.path(), &b, "prod").unwrap();
        assert_eq!(active_in(dir.path(), &a).as_deref(), Some("dev"));
        set_active_in(dir.path(), &a, "").unwrap();
        assert_eq!(active_in(dir.path(), &a), None);
        assert_eq!(active_in(dir.path(), &b).as_deref(), Some("prod"));
    }

    #[test]
    fn a_broken_state_file_is_put_aside() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(file(dir.path()), "{\"environments\": tor").unwrap();
        assert_eq!(active_in(dir.path(), dir.path()), None);
        set_active_in(dir.path(), dir.path(), "dev").unwrap();
        assert_eq!(active_in(dir.path(), dir.path()).as_deref(), Some("dev"));
        let aside = fs::read_dir(dir.path())
            .unwrap()
            .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().contains("corrupt"));
        assert_eq!(aside.count(), 1);
    }
}
