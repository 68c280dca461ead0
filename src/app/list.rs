//! A cursor in a list and the part of it that is on screen.

/// Cursor and scroll of a list. The list's length and the height it is drawn at are handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor {
    /// The chosen row.
    pub at: usize,
    /// The first row drawn.
    pub top: usize,
}

impl Cursor {
    /// Moves by `by` rows within `len`.
    pub fn step(&mut self, by: isize, len: usize) {
        self.at = self.at.saturating_add_signed(by).min(len.saturating_sub(1));
    }

    /// Goes to a row.
    pub fn go(&mut self, row: usize, len: usize) {
        self.at = row.min(len.saturating_sub(1));
    }

    /// The first row to draw so that the cursor is visible in `height` rows.
    #[must_use]
    pub fn first(&self, len: usize, height: usize) -> usize {
        let height = height.max(1);
        let mut top = self.top.min(len.saturating_sub(height));
        if self.at < top {
            top = self.at;
        } else if self.at >= top + height {
            top = self.at + 1 - height;
        }
        top
    }

    /// Keeps cursor and scroll inside after the list or the screen changed.
    pub fn settle(&mut self, len: usize, height: usize) {
        self.at = self.at.min(len.saturating_sub(1));
        self.top = self.first(len, height);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_stays_inside_and_visible() {
        let mut c = Cursor::default();
        c.step(-3, 5);
        assert_eq!(c.at, 0);
        c.step(9, 5);
        assert_eq!((c.at, c.first(5, 2)), (4, 3));
        c.settle(2, 2);
        assert_eq!(c, Cursor { at: 1, top: 0 });
        c.settle(0, 0);
        assert_eq!(c, Cursor::default());
    }
}
