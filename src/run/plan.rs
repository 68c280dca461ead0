//! Which requests a run sends, and in which order.

use crate::model::environment::Environment;
use crate::model::plan::{Layer, Plan};
use crate::model::problem::Problem;
use crate::model::tree::{Folder, Item};
use crate::model::workspace::{Found, Workspace};
use std::path::Path;

/// One request of a run with the folders above it, outermost first.
#[derive(Debug, Clone)]
pub struct Entry<'w> {
    /// Folders above it.
    pub above: Vec<&'w Folder>,
    /// The request.
    pub item: &'w Item,
}

impl Entry<'_> {
    /// Ready to send. `nearest` are layers that win over the request's own variables.
    pub fn plan(
        &self,
        workspace: &Workspace,
        environment: Option<&Environment>,
        nearest: Vec<Layer>,
    ) -> Plan {
        Plan::new(workspace, &self.above, self.item, environment, nearest)
    }
}

/// The requests that were meant, in the order of the names and, within a folder, of the workspace.
/// A request named twice is sent twice.
pub fn select<'w>(workspace: &'w Workspace, found: &[Found<'w>]) -> Vec<Entry<'w>> {
    let mut entries = Vec::new();
    for one in found {
        match one {
            Found::Request(above, item) => entries.push(Entry { above: above.clone(), item }),
            Found::All => {
                let all = workspace.requests().into_iter();
                entries.extend(all.map(|(above, item)| Entry { above, item }));
            }
            Found::Folder(outer, folder) => folder.walk(&mut |above, item| {
                let above = outer.iter().copied().chain(above.iter().copied()).collect();
                entries.push(Entry { above, item });
            }),
        }
    }
    entries
}

/// The first file among what was meant, or above it, that could not be read. A run that passes over
/// it would say that all is well, or send what is below it without its auth.
pub fn unread<'w>(
    workspace: &'w Workspace,
    found: &[Found<'_>],
    entries: &[Entry<'w>],
) -> Option<&'w Problem> {
    let collections = workspace.root.join("collections");
    let meant = |file: &Path| {
        found.iter().any(|one| match one {
            Found::All => file.starts_with(&collections),
            Found::Folder(_, folder) => file.starts_with(collections.join(folder.path.as_str())),
            Found::Request(..) => false,
        })
    };
    // A folder's own file may also have problems that hinder nothing, such as an odd `order`.
    let of_folder = |file: &Path| file.ends_with("collection.toml") || file.ends_with("folder.toml");
    let above = || entries.iter().flat_map(|e| &e.above).find_map(|folder| folder.broken.as_ref());
    let mut problems = workspace.problems.iter();
    problems.find(|p| p.file.as_deref().is_some_and(|f| meant(f) && !of_folder(f))).or_else(above)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::ItemPath;
    use crate::model::request::Request;
    use crate::model::tree::Node;

    fn workspace() -> Workspace {
        let item = |p: &str| {
            Node::Request(Item { path: ItemPath::new(p), request: Request::new(p, "GET", "http://h/") })
        };
        let inner = Folder { path: ItemPath::new("c/f"), children: vec![item("c/f/b")], ..Folder::default() };
        let collection = Folder {
            path: ItemPath::new("c"),
            children: vec![item("c/z"), Node::Folder(inner), item("c/a")],
            ..Folder::default()
        };
        Workspace { collections: vec![collection], ..Workspace::default() }
    }

    fn paths(entries: &[Entry<'_>]) -> Vec<String> {
        entries.iter().map(|e| e.item.path.to_string()).collect()
    }

    #[test]
    fn a_folder_runs_in_its_own_order_and_not_the_alphabets() {
        let w = workspace();
        let found = w.find("c").unwrap();
        assert_eq!(paths(&select(&w, &[found])), ["c/z", "c/f/b", "c/a"]);
    }

    #[test]
    fn a_nested_folder_keeps_those_above_it() {
        let w = workspace();
        let entries = select(&w, &[w.find("f").unwrap()]);
        let above: Vec<&str> = entries[0].above.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(above, ["c", "c/f"]);
    }

    #[test]
    fn a_request_named_twice_is_sent_twice() {
        let w = workspace();
        let entries = select(&w, &[w.find("c/a").unwrap(), w.find("c/a").unwrap()]);
        assert_eq!(paths(&entries), ["c/a", "c/a"]);
    }
}
