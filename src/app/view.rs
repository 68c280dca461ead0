//! What drawing tells the app of the screen: where things are and how many rows they have.

use super::command::Command;
use super::flow_strip::Step;
use super::focus::PaneId;
use super::pane::request::RequestTab;
use super::pane::response::ResponseTab;

/// A place that can be clicked or jumped to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HitTarget {
    /// A pane.
    Pane(PaneId),
    /// A row of a pane's list.
    Row(PaneId, usize),
    /// The URL line.
    Url,
    /// The method.
    Method,
    /// A tab.
    RequestTab(RequestTab),
    /// A tab.
    ResponseTab(ResponseTab),
    /// A step of the flow.
    Flow(Step),
    /// The name of the environment.
    Environment,
    /// A hint.
    Command(Command),
    /// A key named beside a line of the diagnosis.
    Finding(usize, Command),
    /// A row of the topmost overlay.
    OverlayRow(usize),
    /// A key that the topmost overlay names.
    OverlayKey(char),
}

/// A rectangle on screen and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Column.
    pub x: u16,
    /// Row.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
    /// What it is.
    pub target: HitTarget,
}

/// Everything the last frame told.
#[derive(Debug, Clone, Default)]
pub struct Viewport {
    /// Later ones lie above earlier ones.
    pub hits: Vec<Hit>,
    /// Rows of each pane's list, by pane number less one.
    pub heights: [u16; 6],
    /// Rows of the topmost overlay's list.
    pub overlay_height: u16,
    /// First row of the topmost text page when its end is in sight; a long line takes several rows.
    pub text_last_top: usize,
}

impl Viewport {
    /// What lies at a cell, topmost first.
    pub fn at(&self, column: u16, row: u16) -> Option<HitTarget> {
        self.hits
            .iter()
            .rev()
            .find(|h| {
                (h.x..h.x.saturating_add(h.width)).contains(&column)
                    && (h.y..h.y.saturating_add(h.height)).contains(&row)
            })
            .map(|h| h.target)
    }

    /// Rows of a pane's list.
    pub fn height(&self, pane: PaneId) -> usize {
        usize::from(self.heights[usize::from(pane.number()) - 1]).max(1)
    }
}
