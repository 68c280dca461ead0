//! Names that identify things, so that one kind is never taken for another.

use std::fmt;

/// A request or folder by its place in the workspace: file stems joined by `/`, without suffix,
/// below `collections/`: `pega-cases/v1/create-case`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ItemPath(String);

impl ItemPath {
    /// Wraps a path; leading and trailing slashes are dropped.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(text.as_ref().trim_matches('/').to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part: the file stem or folder name.
    pub fn stem(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or("")
    }

    /// The folder it stands in; `None` for a collection.
    pub fn parent(&self) -> Option<ItemPath> {
        self.0.rsplit_once('/').map(|(head, _)| ItemPath(head.to_owned()))
    }

    /// This path with one more part.
    #[must_use]
    pub fn join(&self, stem: &str) -> ItemPath {
        if self.0.is_empty() { ItemPath(stem.to_owned()) } else { ItemPath(format!("{}/{stem}", self.0)) }
    }

    /// The collection it belongs to: the first part.
    pub fn collection(&self) -> &str {
        self.0.split('/').next().unwrap_or("")
    }

    /// How deep it stands: 0 for a collection.
    pub fn depth(&self) -> usize {
        self.0.matches('/').count()
    }

    /// True for the path itself and everything below it.
    pub fn contains(&self, other: &ItemPath) -> bool {
        other == self || other.0.strip_prefix(&self.0).is_some_and(|rest| rest.starts_with('/'))
    }
}

impl fmt::Display for ItemPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A running piece of work. Never reused within a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_contains_what_stands_below_it_and_not_its_namesakes() {
        let a = ItemPath::new("pega/v1");
        assert!(a.contains(&ItemPath::new("pega/v1/create")));
        assert!(a.contains(&a));
        assert!(!a.contains(&ItemPath::new("pega/v10/create")));
    }
}
