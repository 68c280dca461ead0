//! Whole-workspace behaviour: load, save, edit, undo.

mod broken;
mod edits;
mod killed;
mod profiles;
mod round_trip;

use super::*;
use crate::model::id::ItemPath;
use crate::model::request::Request;
use std::collections::BTreeMap;
use std::fs;
use tempfile::TempDir;

fn path(text: &str) -> ItemPath {
    ItemPath::new(text)
}

/// A workspace with both samples.
fn samples_workspace() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(dir.path()).unwrap().join("w");
    let names: Vec<String> = samples::samples().iter().map(|s| s.name.to_owned()).collect();
    init(&root, "Test", &names).unwrap();
    (dir, root)
}

/// A workspace with these files.
fn workspace(files: &[(&str, &str)]) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(dir.path()).unwrap();
    for (name, text) in [("hallpass.toml", "format = 1\nname = \"t\"\n")].iter().chain(files) {
        let file = root.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    (dir, root)
}

/// Every file with its bytes.
fn snapshot(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    fn go(dir: &Path, out: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in fs::read_dir(dir).unwrap() {
            let at = entry.unwrap().path();
            if at.is_dir() {
                go(&at, out);
            } else {
                out.insert(at.clone(), fs::read(&at).unwrap());
            }
        }
    }
    let mut out = BTreeMap::new();
    go(root, &mut out);
    out
}

fn load_clean(root: &Path) -> Workspace {
    let w = load(root).unwrap();
    assert_eq!(w.problems, vec![], "{:#?}", w.problems);
    w
}

fn request(root: &Path, at: &str) -> Request {
    load(root).unwrap().item(&path(at)).unwrap_or_else(|| panic!("no {at}")).1.request.clone()
}

/// Children of a folder as stems, in order.
fn stems(root: &Path, at: &str) -> Vec<String> {
    load(root)
        .unwrap()
        .folder(&path(at))
        .unwrap()
        .children
        .iter()
        .map(|c| c.path().stem().to_owned())
        .collect()
}

fn save(root: &Path, at: &str, change: impl FnOnce(&mut Request)) -> Result<Change, Problem> {
    let base = request(root, at);
    let mut new = base.clone();
    change(&mut new);
    apply(root, &Edit::SaveRequest { path: path(at), base: Box::new(base), request: Box::new(new) })
}

/// The lines that differ between two texts once equal heads and tails are set aside: (gone, come).
fn hunk(before: &str, after: &str) -> (Vec<String>, Vec<String>) {
    let (b, a): (Vec<&str>, Vec<&str>) =
        (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let head = b.iter().zip(&a).take_while(|(x, y)| x == y).count();
    let tail = b[head..].iter().rev().zip(a[head..].iter().rev()).take_while(|(x, y)| x == y).count();
    let cut = |l: &[&str]| l[head..l.len() - tail].iter().map(|s| (*s).to_owned()).collect();
    (cut(&b), cut(&a))
}
