//! The look of a cell as SGR codes: the shorter of changing what is there and starting afresh.

use ratatui::style::{Color, Modifier};

/// The look of what is written next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    pub fg: Color,
    pub bg: Color,
    pub underline: Color,
    pub modifier: Modifier,
}

pub(super) const PLAIN: Look =
    Look { fg: Color::Reset, bg: Color::Reset, underline: Color::Reset, modifier: Modifier::empty() };

impl Look {
    /// The parameters that lead here from another look; empty means a plain reset.
    pub(super) fn after(self, from: Self) -> String {
        if self == PLAIN {
            return String::new();
        }
        let mut change = Codes::default();
        change.difference(from, self);
        let mut afresh = Codes::default();
        afresh.code("0");
        afresh.difference(PLAIN, self);
        if change.0.len() <= afresh.0.len() { change.0 } else { afresh.0 }
    }
}

/// Parameters of one SGR sequence.
#[derive(Default)]
struct Codes(String);

impl Codes {
    fn code(&mut self, code: &str) {
        if !self.0.is_empty() {
            self.0.push(';');
        }
        self.0.push_str(code);
    }

    fn difference(&mut self, from: Look, to: Look) {
        let gone = from.modifier - to.modifier;
        let mut have = from.modifier;
        for (off, modifiers) in [
            ("22", Modifier::BOLD | Modifier::DIM),
            ("23", Modifier::ITALIC),
            ("24", Modifier::UNDERLINED),
            ("25", Modifier::SLOW_BLINK | Modifier::RAPID_BLINK),
            ("27", Modifier::REVERSED),
            ("28", Modifier::HIDDEN),
            ("29", Modifier::CROSSED_OUT),
        ] {
            if gone.intersects(modifiers) {
                self.code(off);
                have -= modifiers;
            }
        }
        for (on, modifier) in [
            ("1", Modifier::BOLD),
            ("2", Modifier::DIM),
            ("3", Modifier::ITALIC),
            ("4", Modifier::UNDERLINED),
            ("5", Modifier::SLOW_BLINK),
            ("6", Modifier::RAPID_BLINK),
            ("7", Modifier::REVERSED),
            ("8", Modifier::HIDDEN),
            ("9", Modifier::CROSSED_OUT),
        ] {
            if (to.modifier - have).contains(modifier) {
                self.code(on);
            }
        }
        if from.fg != to.fg {
            self.color(to.fg, 30, 38);
        }
        if from.bg != to.bg {
            self.color(to.bg, 40, 48);
        }
        if from.underline != to.underline {
            self.color(to.underline, 0, 58);
        }
    }

    /// `base` is the code of black among the eight, `extended` that of a palette or RGB colour.
    fn color(&mut self, color: Color, base: u8, extended: u8) {
        let named = match color {
            Color::Reset => return self.code(&(extended + 1).to_string()),
            Color::Rgb(r, g, b) => return self.code(&format!("{extended};2;{r};{g};{b}")),
            Color::Indexed(n) => return self.code(&format!("{extended};5;{n}")),
            Color::Black => 0,
            Color::Red => 1,
            Color::Green => 2,
            Color::Yellow => 3,
            Color::Blue => 4,
            Color::Magenta => 5,
            Color::Cyan => 6,
            Color::Gray => 7,
            Color::DarkGray => 8,
            Color::LightRed => 9,
            Color::LightGreen => 10,
            Color::LightYellow => 11,
            Color::LightBlue => 12,
            Color::LightMagenta => 13,
            Color::LightCyan => 14,
            Color::White => 15,
        };
        match (base, named) {
            // Underlines have no short names.
            (0, _) => self.code(&format!("{extended};5;{named}")),
            (_, 0..=7) => self.code(&(base + named).to_string()),
            _ => self.code(&(base + 60 + named - 8).to_string()),
        }
    }
}
