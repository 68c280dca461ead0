//! What is visible: the rows minus what folded containers hide. Only the outermost folds are listed,
//! sorted and with the hidden rows before each summed up, so a position is a binary search away.

use super::JsonIndex;
use std::sync::Arc;

/// An outermost folded container.
#[derive(Debug, Clone, Copy)]
struct Fold {
    row: u32,
    /// Rows hidden by the folds before this one.
    before: u32,
}

/// Which rows are folded, and what is visible because of it.
#[derive(Debug, Clone)]
pub struct Folds {
    index: Arc<JsonIndex>,
    /// One bit a row: folded, whether visible or not. Empty until the first fold.
    folded: Vec<u64>,
    outermost: Vec<Fold>,
    /// Rows hidden in all.
    hidden: usize,
}

impl Folds {
    /// Nothing folded.
    pub fn new(index: Arc<JsonIndex>) -> Folds {
        Folds { index, folded: Vec::new(), outermost: Vec::new(), hidden: 0 }
    }

    /// The index.
    pub fn index(&self) -> &Arc<JsonIndex> {
        &self.index
    }

    /// Number of visible rows.
    pub fn len(&self) -> usize {
        self.index.len() - self.hidden
    }

    /// True without rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row at a visible position; the last one past the end.
    pub fn row(&self, position: usize) -> usize {
        let position = position.min(self.len().saturating_sub(1));
        let after = self.outermost.partition_point(|f| (f.row - f.before) as usize <= position);
        let Some(fold) = after.checked_sub(1).map(|i| self.outermost[i]) else {
            return position;
        };
        let at = (fold.row - fold.before) as usize;
        if at == position {
            return fold.row as usize;
        }
        self.index.end(fold.row as usize) + (position - at)
    }

    /// The visible position of a row (of its nearest folded container, if hidden).
    pub fn position(&self, row: usize) -> usize {
        let after = self.outermost.partition_point(|f| f.row as usize <= row);
        let Some(fold) = after.checked_sub(1).map(|i| self.outermost[i]) else {
            return row;
        };
        let at = (fold.row - fold.before) as usize;
        at + row.saturating_sub(self.index.end(fold.row as usize))
    }

    /// True for a folded container.
    pub fn is_folded(&self, row: usize) -> bool {
        self.folded.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    fn mark(&mut self, row: usize, folded: bool) {
        if self.folded.is_empty() {
            self.folded = vec![0; self.index.len().div_ceil(64)];
        }
        let bit = 1 << (row % 64);
        if folded {
            self.folded[row / 64] |= bit;
        } else {
            self.folded[row / 64] &= !bit;
        }
    }

    /// Folds or unfolds a container; a scalar or closing row toggles the container it stands in.
    /// Gives the row that was toggled.
    pub fn toggle(&mut self, row: usize) -> usize {
        let container = if self.index.is_container(row) {
            row
        } else {
            match self.index.parent(row) {
                Some(parent) => parent,
                None => return row,
            }
        };
        let folded = !self.is_folded(container);
        self.mark(container, folded);
        self.refresh(container);
        container
    }

    /// Lists the outermost folds between a container's row and its end anew.
    fn refresh(&mut self, container: usize) {
        let end = self.index.end(container);
        let from = self.outermost.partition_point(|f| (f.row as usize) < container);
        if let Some(outer) = from.checked_sub(1).map(|i| self.outermost[i].row as usize)
            && self.index.end(outer) >= container
        {
            // Hidden by a fold further out: nothing seen changes.
            return;
        }
        let to = self.outermost.partition_point(|f| f.row as usize <= end);
        let fresh = self.outermost_between(container, end);
        self.outermost.splice(from..to, fresh);
        self.sum_from(from);
    }

    fn outermost_between(&self, from: usize, to: usize) -> Vec<Fold> {
        let mut found = Vec::new();
        let mut at = from;
        while let Some(row) = self.next_folded(at).filter(|row| *row <= to) {
            found.push(Fold { row: row as u32, before: 0 });
            at = self.index.end(row) + 1;
        }
        found
    }

    fn next_folded(&self, from: usize) -> Option<usize> {
        let first = from / 64;
        let mut word = self.folded.get(first)? & (u64::MAX << (from % 64));
        let mut i = first;
        while word == 0 {
            i += 1;
            word = *self.folded.get(i)?;
        }
        Some(i * 64 + word.trailing_zeros() as usize)
    }

    fn sum_from(&mut self, first: usize) {
        let hides = |index: &JsonIndex, row: u32| index.end(row as usize) as u32 - row;
        let mut before = match first.checked_sub(1).map(|i| self.outermost[i]) {
            Some(fold) => fold.before + hides(&self.index, fold.row),
            None => 0,
        };
        for fold in &mut self.outermost[first..] {
            fold.before = before;
            before += hides(&self.index, fold.row);
        }
        self.hidden = before as usize;
    }

    /// Folds every container at this depth or deeper; 0 folds the root. What is less deep is unfolded,
    /// so that the view shows exactly this many levels.
    pub fn fold_from_depth(&mut self, depth: usize) {
        self.folded = vec![0; self.index.len().div_ceil(64)];
        for row in 0..self.index.len() {
            if self.index.is_container(row) && self.index.depth(row) >= depth {
                self.folded[row / 64] |= 1 << (row % 64);
            }
        }
        self.outermost = self.outermost_between(0, self.index.len());
        self.sum_from(0);
    }

    /// Unfolds everything.
    pub fn unfold_all(&mut self) {
        *self = Folds::new(Arc::clone(&self.index));
    }

    /// Unfolds whatever hides a row (for search hits).
    pub fn reveal(&mut self, row: usize) {
        let mut outermost = None;
        let mut at = row;
        while let Some(parent) = self.index.parent(at) {
            if self.is_folded(parent) {
                self.mark(parent, false);
                outermost = Some(parent);
            }
            at = parent;
        }
        if let Some(container) = outermost {
            self.refresh(container);
        }
    }
}
