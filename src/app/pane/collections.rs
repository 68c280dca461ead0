//! The tree of requests: what is unfolded, what is selected. Rows are made when the tree changes,
//! not when it is drawn.

use crate::model::id::ItemPath;
use crate::model::tree::{Folder, Node};
use crate::model::workspace::Workspace;
use std::collections::{HashMap, HashSet};

/// A visible row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeRow {
    /// Which item.
    pub path: ItemPath,
    /// 0 for collections.
    pub depth: usize,
    /// Shown name.
    pub name: String,
    /// The method of a request; `None` for folders.
    pub method: Option<String>,
    /// For folders: folded.
    pub folded: bool,
}

/// Last outcome of a request, for the right edge of its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// An answer.
    Status(u16),
    /// No answer.
    Failed,
}

/// The pane.
#[derive(Debug, Clone, Default)]
pub struct CollectionsPane {
    rows: Vec<TreeRow>,
    folded: HashSet<ItemPath>,
    /// Selected item.
    pub selected: Option<ItemPath>,
    /// First row drawn.
    pub top: usize,
    /// Last outcomes.
    pub outcomes: HashMap<ItemPath, Outcome>,
    /// Text searched for.
    pub needle: String,
}

impl CollectionsPane {
    /// The visible rows.
    pub fn rows(&self) -> &[TreeRow] {
        &self.rows
    }

    /// Makes the rows anew and keeps the selection, or the nearest thing to it.
    pub fn rebuild(&mut self, workspace: &Workspace) {
        let before = self.at();
        self.rows.clear();
        for collection in &workspace.collections {
            add(&mut self.rows, &self.folded, collection);
        }
        let known = |path: &ItemPath| workspace.item(path).is_some() || workspace.folder(path).is_some();
        if self.selected.as_ref().is_none_or(|s| !known(s)) {
            self.selected =
                self.rows.get(before.min(self.rows.len().saturating_sub(1))).map(|r| r.path.clone());
        }
    }

    /// Index of the selected row (of its nearest visible folder).
    pub fn at(&self) -> usize {
        let mut wanted = self.selected.clone();
        while let Some(path) = wanted {
            if let Some(at) = self.rows.iter().position(|r| r.path == path) {
                return at;
            }
            wanted = path.parent();
        }
        0
    }

    /// The selected row.
    pub fn row(&self) -> Option<&TreeRow> {
        self.rows.get(self.at())
    }

    /// Moves the selection.
    pub fn step(&mut self, by: isize) {
        let at = self.at().saturating_add_signed(by).min(self.rows.len().saturating_sub(1));
        self.select_row(at);
    }

    /// Selects a row by index.
    pub fn select_row(&mut self, at: usize) {
        if let Some(row) = self.rows.get(at) {
            self.selected = Some(row.path.clone());
        }
    }

    /// Selects an item and unfolds what hides it.
    pub fn reveal(&mut self, path: &ItemPath, workspace: &Workspace) {
        let mut above = path.parent();
        while let Some(folder) = above {
            self.folded.remove(&folder);
            above = folder.parent();
        }
        self.selected = Some(path.clone());
        self.rebuild(workspace);
    }

    /// Folds or unfolds a folder; `None` toggles.
    pub fn fold(&mut self, path: &ItemPath, folded: Option<bool>, workspace: &Workspace) {
        if folded.unwrap_or(!self.folded.contains(path)) {
            self.folded.insert(path.clone());
        } else {
            self.folded.remove(path);
        }
        self.rebuild(workspace);
    }

    /// Folds every folder, or none.
    pub fn fold_all(&mut self, folded: bool, workspace: &Workspace) {
        self.folded.clear();
        if folded {
            self.folded = workspace.folders().into_iter().map(|(_, f)| f.path.clone()).collect();
        }
        self.rebuild(workspace);
    }

    /// Goes to the next row (`by` 1 or -1) whose name holds the needle.
    pub fn find(&mut self, by: isize, include_here: bool) -> bool {
        let needle = self.needle.to_lowercase();
        let len = self.rows.len() as isize;
        if needle.is_empty() || len == 0 {
            return false;
        }
        let at = self.at() as isize;
        let skip = isize::from(!include_here);
        for step in skip..=len {
            let row = (at + step * by).rem_euclid(len) as usize;
            if self.rows[row].name.to_lowercase().contains(&needle) {
                self.select_row(row);
                return true;
            }
        }
        false
    }
}

fn add(rows: &mut Vec<TreeRow>, folded: &HashSet<ItemPath>, folder: &Folder) {
    let is_folded = folded.contains(&folder.path);
    rows.push(TreeRow {
        path: folder.path.clone(),
        depth: folder.path.depth(),
        name: folder.name.clone(),
        method: None,
        folded: is_folded,
    });
    if is_folded {
        return;
    }
    for child in &folder.children {
        match child {
            Node::Folder(f) => add(rows, folded, f),
            Node::Request(item) => rows.push(TreeRow {
                path: item.path.clone(),
                depth: item.path.depth(),
                name: item.request.name.clone(),
                method: Some(item.request.method.clone()),
                folded: false,
            }),
        }
    }
}
