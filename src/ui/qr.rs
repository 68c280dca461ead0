//! A QR code out of characters: two rows of it in one of half blocks, or two columns a square where
//! there is only ASCII.

use qrcode::{Color, EcLevel, QrCode};

/// Light squares around it. The norm says four; readers manage with two where there is little room.
pub const QUIET: [usize; 2] = [4, 2];

/// A code: its squares.
pub struct Code {
    side: usize,
    dark: Vec<bool>,
}

impl Code {
    /// `None` for a text too long for any.
    pub fn new(text: &str) -> Option<Code> {
        let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
        let dark = code.to_colors().into_iter().map(|c| c == Color::Dark).collect();
        Some(Code { side: code.width(), dark })
    }

    /// Columns and rows it takes.
    pub fn size(&self, quiet: usize, ascii: bool) -> (usize, usize) {
        let all = self.side + 2 * quiet;
        if ascii { (all * 2, all) } else { (all, all.div_ceil(2)) }
    }

    fn is_dark(&self, x: usize, y: usize, quiet: usize) -> bool {
        let inside = |at: usize| (quiet..quiet + self.side).contains(&at);
        inside(x) && inside(y) && self.dark[(y - quiet) * self.side + (x - quiet)]
    }

    /// Its rows, all of the same width. `ink` true: the drawn squares are the dark ones (dark on
    /// light); false: the light ones, for a terminal whose background is taken to be dark.
    pub fn rows(&self, quiet: usize, ascii: bool, ink: bool) -> Vec<String> {
        let all = self.side + 2 * quiet;
        let drawn = |x: usize, y: usize| self.is_dark(x, y, quiet) == ink;
        if ascii {
            return (0..all)
                .map(|y| (0..all).map(|x| if drawn(x, y) { "##" } else { "  " }).collect())
                .collect();
        }
        let half = |x: usize, y: usize| match (drawn(x, y), drawn(x, y + 1)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        };
        // Below the last row there is no square: light, as all around.
        (0..all).step_by(2).map(|y| (0..all).map(|x| half(x, y)).collect()).collect()
    }

    /// The rows that fit, with as much light around as there is room for.
    pub fn fitting(&self, width: usize, height: usize, ascii: bool, ink: bool) -> Option<Vec<String>> {
        let quiet = QUIET.into_iter().find(|quiet| {
            let (wide, high) = self.size(*quiet, ascii);
            wide <= width && high <= height
        })?;
        Some(self.rows(quiet, ascii, ink))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "https://id.example/device?user_code=WDJB-MJHT";

    /// The squares of drawn rows, true for dark.
    fn squares(rows: &[String], ascii: bool, ink: bool) -> Vec<Vec<bool>> {
        let mut out = Vec::new();
        for row in rows {
            let cells: Vec<char> = row.chars().collect();
            if ascii {
                out.push(cells.chunks(2).map(|c| (c[0] == '#') == ink).collect());
            } else {
                out.push(cells.iter().map(|c| matches!(c, '█' | '▀') == ink).collect());
                out.push(cells.iter().map(|c| matches!(c, '█' | '▄') == ink).collect());
            }
        }
        out
    }

    #[test]
    fn every_way_of_drawing_shows_the_same_squares() {
        let code = QrCode::with_error_correction_level(TEXT, EcLevel::L).unwrap();
        let side = code.width();
        for (ascii, ink) in [(false, true), (false, false), (true, true), (true, false)] {
            for quiet in QUIET {
                let drawn = squares(&Code::new(TEXT).unwrap().rows(quiet, ascii, ink), ascii, ink);
                // An odd last row has a light one below it.
                for (y, row) in drawn.iter().enumerate() {
                    assert_eq!(row.len(), side + 2 * quiet);
                    for (x, dark) in row.iter().enumerate() {
                        let inside = (quiet..quiet + side).contains(&x) && (quiet..quiet + side).contains(&y);
                        let wanted = inside && code[(x - quiet, y - quiet)] == Color::Dark;
                        assert_eq!(*dark, wanted, "{x} {y} ascii {ascii} ink {ink}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_code_that_does_not_fit_is_not_drawn_in_part() {
        let code = Code::new(TEXT).unwrap();
        assert!(code.fitting(80, 22, false, true).is_some());
        assert!(code.fitting(80, 22, true, true).is_none());
        assert!(code.fitting(30, 60, false, true).is_none());
        assert!(Code::new(&"x".repeat(5000)).is_none());
    }
}
