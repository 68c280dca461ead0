//! A whole workspace as read from disk.

use super::environment::Environment;
use super::id::ItemPath;
use super::problem::Problem;
use super::profile::OauthProfile;
use super::tree::{Folder, Item, Node};
use std::path::PathBuf;

/// The newest workspace format this version reads and writes.
pub const FORMAT: i64 = 1;

/// Everything in a workspace. Broken files are in `problems`; the rest is usable.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Workspace {
    /// Its directory.
    pub root: PathBuf,
    /// Shown name.
    pub name: String,
    /// Used unless the user chose another.
    pub default_environment: Option<String>,
    /// By file name.
    pub environments: Vec<Environment>,
    /// By file name.
    pub profiles: Vec<OauthProfile>,
    /// In the order of their names.
    pub collections: Vec<Folder>,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// True when the format is newer than [`FORMAT`]: nothing is ever written.
    pub read_only: bool,
}

/// What a name given by the user may mean.
#[derive(Debug, Clone, PartialEq)]
pub enum Found<'a> {
    /// One request with the folders above it, outermost first.
    Request(Vec<&'a Folder>, &'a Item),
    /// A folder or collection with the folders above it.
    Folder(Vec<&'a Folder>, &'a Folder),
    /// `.`: everything.
    All,
}

impl Workspace {
    /// The environment of a name.
    pub fn environment(&self, name: &str) -> Option<&Environment> {
        self.environments.iter().find(|e| e.name == name)
    }

    /// The profile of a name.
    pub fn profile(&self, name: &str) -> Option<&OauthProfile> {
        self.profiles.iter().find(|p| p.name == name)
    }

    /// The problem of a broken file in `dir` (`auth`, `environments`, `collections`) whose stem, or the end of whose path, this is.
    pub fn broken(&self, dir: &str, name: &str) -> Option<&Problem> {
        let wanted = std::path::Path::new(name.strip_suffix(".toml").unwrap_or(name));
        self.problems.iter().find(|p| {
            p.file.as_ref().is_some_and(|file| {
                let file = file.strip_prefix(&self.root).unwrap_or(file);
                file.starts_with(dir) && file.with_extension("").ends_with(wanted)
            })
        })
    }

    /// Every request in order with the folders above it.
    pub fn requests(&self) -> Vec<(Vec<&Folder>, &Item)> {
        let mut all = Vec::new();
        for collection in &self.collections {
            collection.walk(&mut |above, item| all.push((above.to_vec(), item)));
        }
        all
    }

    /// The request at exactly this path.
    pub fn item(&self, path: &ItemPath) -> Option<(Vec<&Folder>, &Item)> {
        let mut found = None;
        let collection = self.collections.iter().find(|c| c.path.contains(path))?;
        collection.walk(&mut |above, item| {
            if &item.path == path {
                found = Some((above.to_vec(), item));
            }
        });
        found
    }

    /// The folder at exactly this path.
    pub fn folder(&self, path: &ItemPath) -> Option<&Folder> {
        self.collections.iter().find_map(|c| c.folder(path))
    }

    /// Every folder (collections included) with those above it.
    pub fn folders(&self) -> Vec<(Vec<&Folder>, &Folder)> {
        fn go<'a>(folder: &'a Folder, above: &[&'a Folder], all: &mut Vec<(Vec<&'a Folder>, &'a Folder)>) {
            all.push((above.to_vec(), folder));
            let mut deeper = above.to_vec();
            deeper.push(folder);
            for child in &folder.children {
                if let Node::Folder(f) = child {
                    go(f, &deeper, all);
                }
            }
        }
        let mut all = Vec::new();
        for collection in &self.collections {
            go(collection, &[], &mut all);
        }
        all
    }

    /// What a user's name means: a full path, or a unique tail of one; `.` is everything.
    /// `Err` holds the candidates: several when ambiguous, the nearest spellings (maybe none) when unknown.
    pub fn find(&self, name: &str) -> Result<Found<'_>, Vec<String>> {
        if name == "." {
            return Ok(Found::All);
        }
        let wanted = ItemPath::new(name.strip_suffix(".toml").unwrap_or(name).trim_start_matches("./"));
        let wanted = ItemPath::new(wanted.as_str().strip_prefix("collections/").unwrap_or(wanted.as_str()));
        let is_tail = |path: &ItemPath| {
            path == &wanted
                || path.as_str().strip_suffix(wanted.as_str()).is_some_and(|head| head.ends_with('/'))
        };
        let mut hits: Vec<Found<'_>> = Vec::new();
        let mut names: Vec<String> = Vec::new();
        for (above, item) in self.requests() {
            if item.path == wanted {
                return Ok(Found::Request(above, item));
            }
            if is_tail(&item.path) {
                names.push(item.path.to_string());
                hits.push(Found::Request(above, item));
            }
        }
        for (above, folder) in self.folders() {
            if folder.path == wanted {
                return Ok(Found::Folder(above, folder));
            }
            if is_tail(&folder.path) {
                names.push(folder.path.to_string());
                hits.push(Found::Folder(above, folder));
            }
        }
        match (hits.pop(), hits.is_empty()) {
            (Some(one), true) => Ok(one),
            (Some(_), false) => Err(names),
            (None, _) => Err(self.nearest(wanted.as_str())),
        }
    }

    fn nearest(&self, wanted: &str) -> Vec<String> {
        let mut all: Vec<String> = self.requests().iter().map(|(_, i)| i.path.to_string()).collect();
        all.extend(self.folders().iter().map(|(_, f)| f.path.to_string()));
        nearest(wanted, all.iter().map(String::as_str))
    }
}

/// Up to three candidates spelled much like `wanted` (whole or last part), best first: did-you-mean.
pub fn nearest<'a>(wanted: &str, candidates: impl Iterator<Item = &'a str>) -> Vec<String> {
    let score = |candidate: &str| {
        let tail = candidate.rsplit('/').next().unwrap_or(candidate);
        strsim::jaro_winkler(wanted, candidate).max(strsim::jaro_winkler(wanted, tail))
    };
    let mut scored: Vec<(f64, &str)> = candidates.map(|c| (score(c), c)).filter(|(s, _)| *s > 0.8).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().take(3).map(|(_, c)| c.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::request::Request;

    fn workspace() -> Workspace {
        let item = |p: &str| {
            Node::Request(Item { path: ItemPath::new(p), request: Request::new(p, "GET", "http://h/") })
        };
        let v1 = Folder {
            path: ItemPath::new("pega/v1"),
            children: vec![item("pega/v1/create-case")],
            ..Folder::default()
        };
        let pega = Folder {
            path: ItemPath::new("pega"),
            children: vec![item("pega/create-case"), item("pega/get-case"), Node::Folder(v1)],
            ..Folder::default()
        };
        Workspace { collections: vec![pega], ..Workspace::default() }
    }

    #[test]
    fn a_unique_tail_names_a_request() {
        let w = workspace();
        assert!(matches!(w.find("get-case"), Ok(Found::Request(_, i)) if i.path.as_str() == "pega/get-case"));
        assert!(matches!(w.find("v1/create-case"), Ok(Found::Request(above, _)) if above.len() == 2));
    }

    #[test]
    fn an_ambiguous_tail_lists_what_it_could_mean() {
        assert_eq!(
            workspace().find("create-case"),
            Err(vec!["pega/create-case".into(), "pega/v1/create-case".into()])
        );
    }

    #[test]
    fn a_mistyped_name_gets_a_suggestion() {
        assert_eq!(workspace().find("get-csae"), Err(vec!["pega/get-case".to_owned()]));
    }
}
