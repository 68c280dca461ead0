//! Collections, folders and requests as a tree in file order.

use super::auth::Auth;
use super::id::ItemPath;
use super::problem::Problem;
use super::request::{Request, Row};
use super::value::Value;
use indexmap::IndexMap;

/// A collection or folder: what it states for all below it, and what stands in it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Folder {
    /// Its place; one part for a collection.
    pub path: ItemPath,
    /// Shown name.
    pub name: String,
    /// Notes.
    pub description: String,
    /// Credentials for all below.
    pub auth: Auth,
    /// Variables for all below.
    pub variables: IndexMap<String, Value>,
    /// Headers for all below; a request's own header of the same name wins.
    pub headers: Vec<Row>,
    /// What stands in it, in order.
    pub children: Vec<Node>,
    /// Why its own file could not be read. Auth, headers and variables are unknown then, and
    /// nothing below it may be sent as if there were none.
    pub broken: Option<Problem>,
}

/// A saved request in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its place.
    pub path: ItemPath,
    /// What its file says.
    pub request: Request,
}

/// A child of a folder.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "nearly every node is a request: a box each would save nothing")]
pub enum Node {
    /// A folder.
    Folder(Folder),
    /// A request.
    Request(Item),
}

impl Node {
    /// Its place.
    pub fn path(&self) -> &ItemPath {
        match self {
            Self::Folder(f) => &f.path,
            Self::Request(r) => &r.path,
        }
    }

    /// Its shown name.
    pub fn name(&self) -> &str {
        match self {
            Self::Folder(f) => &f.name,
            Self::Request(r) => &r.request.name,
        }
    }
}

impl Folder {
    /// Every request below, in order, with the folders it stands in (outermost first).
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&[&'a Folder], &'a Item)) {
        fn go<'a>(
            folder: &'a Folder,
            above: &mut Vec<&'a Folder>,
            visit: &mut dyn FnMut(&[&'a Folder], &'a Item),
        ) {
            above.push(folder);
            for child in &folder.children {
                match child {
                    Node::Folder(f) => go(f, above, visit),
                    Node::Request(item) => visit(above, item),
                }
            }
            above.pop();
        }
        go(self, &mut Vec::new(), visit);
    }

    /// The folder at a path at or below this one.
    pub fn folder(&self, path: &ItemPath) -> Option<&Folder> {
        if &self.path == path {
            return Some(self);
        }
        self.children.iter().find_map(|c| match c {
            Node::Folder(f) if f.path.contains(path) => f.folder(path),
            _ => None,
        })
    }
}
