//! Colours by meaning. The default uses the terminal's own 16 colours, so it is right on dark and
//! light; nothing is told by colour alone.

use crate::content::json::TokenClass;
use crate::model::settings::Theme as Name;
use ratatui::style::{Color, Modifier, Style};

/// Glyphs of our own chrome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyphs {
    /// Corners: top left, top right, bottom left, bottom right.
    pub corners: [&'static str; 4],
    /// Thin horizontal line.
    pub line: &'static str,
    /// Heavy horizontal line: the focused pane.
    pub heavy: &'static str,
    /// Vertical line.
    pub side: &'static str,
    /// Unfolded.
    pub open: &'static str,
    /// Folded; also marks the current step and tab.
    pub closed: &'static str,
    /// Closes the mark around a tab.
    pub closed_left: &'static str,
    /// Between steps.
    pub then: &'static str,
    /// A chosen entry.
    pub on: &'static str,
    /// One that is not chosen.
    pub off: &'static str,
    /// A bar of the waterfall.
    pub bar: &'static str,
    /// Something was cut.
    pub cut: &'static str,
}

const UNICODE: Glyphs = Glyphs {
    corners: ["╭", "╮", "╰", "╯"],
    line: "─",
    heavy: "━",
    side: "│",
    open: "▾",
    closed: "▸",
    closed_left: "◂",
    then: "›",
    on: "●",
    off: "○",
    bar: "█",
    cut: "…",
};

const ASCII: Glyphs = Glyphs {
    corners: ["+", "+", "+", "+"],
    line: "-",
    heavy: "=",
    side: "|",
    open: "v",
    closed: ">",
    closed_left: "<",
    then: ">",
    on: "*",
    off: "o",
    bar: "#",
    cut: "~",
};

/// Styles by meaning.
#[derive(Debug, Clone, Copy)]
pub struct Theme {
    /// Ordinary text.
    pub plain: Style,
    /// Less important text. Never needed to understand the screen.
    pub dim: Style,
    /// Titles, the focused pane's name.
    pub title: Style,
    /// Keys in hints.
    pub key: Style,
    /// The row under the cursor of the focused pane.
    pub selected: Style,
    /// The row under the cursor of another pane.
    pub marked: Style,
    /// Good.
    pub ok: Style,
    /// Take care.
    pub warn: Style,
    /// Bad.
    pub error: Style,
    /// Names, variables, links.
    pub accent: Style,
    /// A match of a search.
    pub found: Style,
    /// A protected environment, an insecure connection.
    pub danger: Style,
    string: Style,
    number: Style,
    literal: Style,
    json_key: Style,
    /// Glyphs of our own chrome.
    pub glyphs: Glyphs,
}

impl Theme {
    /// A theme. `color` false (NO_COLOR): no colour whatever the name says. `ascii`: only ASCII chrome.
    pub fn new(name: Name, color: bool, ascii: bool) -> Theme {
        let name = if color { name } else { Name::Mono };
        let fg = |dark: Color, light: Color| match name {
            Name::Mono => Style::new(),
            Name::Light => Style::new().fg(light),
            Name::Terminal | Name::HighContrast => Style::new().fg(dark),
        };
        let bold = |style: Style| style.add_modifier(Modifier::BOLD);
        let dim = match name {
            Name::Mono | Name::HighContrast => Style::new(),
            Name::Light | Name::Terminal => Style::new().fg(Color::DarkGray),
        };
        Theme {
            plain: Style::new(),
            dim,
            title: bold(Style::new()),
            key: bold(fg(Color::Cyan, Color::Magenta)),
            selected: Style::new().add_modifier(Modifier::REVERSED),
            marked: bold(Style::new()),
            ok: fg(Color::Green, Color::Green),
            warn: fg(Color::Yellow, Color::Magenta),
            error: bold(fg(Color::Red, Color::Red)),
            accent: fg(Color::Cyan, Color::Blue),
            found: Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD),
            danger: bold(fg(Color::Red, Color::Red)).add_modifier(Modifier::REVERSED),
            string: fg(Color::Green, Color::Green),
            number: fg(Color::Yellow, Color::Magenta),
            literal: fg(Color::Magenta, Color::Red),
            json_key: fg(Color::Cyan, Color::Blue),
            glyphs: if ascii { ASCII } else { UNICODE },
        }
    }

    /// The style of a JSON token.
    pub fn token(&self, class: TokenClass) -> Style {
        match class {
            TokenClass::Key => self.json_key,
            TokenClass::String => self.string,
            TokenClass::Number => self.number,
            TokenClass::Literal => self.literal,
            TokenClass::Punctuation => self.plain,
            TokenClass::Note => self.dim,
        }
    }

    /// The style of a status code.
    pub fn status(&self, status: u16) -> Style {
        match status {
            200..=299 => self.ok.add_modifier(Modifier::BOLD),
            300..=399 => self.warn.add_modifier(Modifier::BOLD),
            400.. => self.error,
            _ => self.plain,
        }
    }

    /// The style of a method.
    pub fn method(&self, method: &str) -> Style {
        match method {
            "GET" | "HEAD" | "OPTIONS" => self.ok,
            "DELETE" => self.error,
            _ => self.warn,
        }
    }
}
