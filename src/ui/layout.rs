//! Where the panes stand at each size.

use crate::app::focus::PaneId;
use crate::app::state::State;
use ratatui::layout::Rect;

/// Below this nothing can be drawn.
pub const MIN_WIDTH: u16 = 20;
/// Below this nothing can be drawn.
pub const MIN_HEIGHT: u16 = 5;

/// The rectangles of one frame.
pub struct Layout {
    /// First row.
    pub header: Rect,
    /// Last row.
    pub hints: Rect,
    /// The row above the hints, where messages appear.
    pub toast: Rect,
    /// Panes side by side.
    pub panes: Vec<(PaneId, Rect)>,
    /// A pane over the left half (small screens).
    pub drawer: Option<(PaneId, Rect)>,
}

/// Places everything. The focused pane of the left column grows, the others keep their essentials.
pub fn layout(state: &State, area: Rect) -> Layout {
    let header = Rect { height: 1, ..area };
    let hints = Rect { y: area.bottom() - 1, height: 1, ..area };
    let toast = Rect { y: area.bottom().saturating_sub(2), height: 1, ..area };
    let body = Rect { y: area.y + 1, height: area.height - 2, ..area };
    let mut layout = Layout { header, hints, toast, panes: Vec::new(), drawer: None };
    if state.zoomed || area.width < 60 || area.height < 15 {
        layout.panes.push((state.focus, body));
        return layout;
    }
    if area.width < 100 {
        stack(&mut layout, body);
        if state.focus.is_side() {
            let width = (body.width / 2).max(40).min(body.width);
            layout.drawer = Some((state.focus, Rect { width, ..body }));
        }
        return layout;
    }
    if area.width < 160 {
        let left = (area.width * 3 / 10).clamp(34, 40);
        let column = Rect { width: left, ..body };
        let right = Rect { x: body.x + left, width: body.width - left, ..body };
        let panes = [PaneId::Environments, PaneId::Collections, PaneId::Token, PaneId::Jwt];
        column_of(&mut layout, state, column, &panes);
        stack(&mut layout, right);
        return layout;
    }
    let left = (area.width * 21 / 100).clamp(34, 52);
    let first = Rect { width: left, ..body };
    let second = Rect { x: body.x + left, width: left + 6, ..body };
    let taken = left * 2 + 6;
    let right = Rect { x: body.x + taken, width: body.width - taken, ..body };
    column_of(&mut layout, state, first, &[PaneId::Environments, PaneId::Collections]);
    column_of(&mut layout, state, second, &[PaneId::Token, PaneId::Jwt]);
    stack(&mut layout, right);
    layout
}

/// Request over response. The shares do not depend on the focus: moving it would repaint everything.
fn stack(layout: &mut Layout, rect: Rect) {
    let least = if rect.height < 30 { 7 } else { 10 };
    let top = (rect.height * 2 / 5).clamp(least, rect.height.saturating_sub(8).max(least));
    let top = if rect.height < 30 { least } else { top };
    layout.panes.push((PaneId::Request, Rect { height: top, ..rect }));
    let rest = rect.height.saturating_sub(top);
    layout.panes.push((PaneId::Response, Rect { y: rect.y + top, height: rest, ..rect }));
}

/// Panes one below the other by what each needs.
fn column_of(layout: &mut Layout, state: &State, rect: Rect, panes: &[PaneId]) {
    let needs: Vec<u16> = panes.iter().map(|p| need(state, *p)).collect();
    let least: Vec<u16> = panes.iter().map(|p| if *p == state.focus { 9 } else { 5 }).collect();
    let mut heights: Vec<u16> = needs.iter().zip(&least).map(|(n, l)| (*n).max(*l)).collect();
    // A token is told in so many rows, whatever the room; its claims and the tree use what is left.
    let wide = panes.len() == 2;
    if let Some(at) = panes.iter().position(|p| wide && *p == PaneId::Token) {
        let listed = Some(state.token.tokens.len()).filter(|n| *n > 1).map_or(0, |n| n.min(8) + 6);
        heights[at] += u16::try_from(listed).unwrap_or(0) + 4;
    }
    let grow =
        panes.iter().position(|p| *p == state.focus && !(wide && *p == PaneId::Token)).unwrap_or_else(|| {
            panes.iter().position(|p| matches!(p, PaneId::Collections | PaneId::Jwt)).unwrap_or(0)
        });
    // Too much: take from the tallest that is above its least (it scrolls), the focused one last.
    while heights.iter().sum::<u16>() > rect.height {
        let at = (0..heights.len())
            .filter(|i| heights[*i] > least[*i])
            .max_by_key(|i| (panes[*i] != state.focus, heights[*i]))
            .or_else(|| (0..heights.len()).max_by_key(|i| heights[*i]));
        match at {
            Some(at) if heights[at] > 1 => heights[at] -= 1,
            _ => break,
        }
    }
    let used: u16 = heights.iter().sum();
    heights[grow] += rect.height.saturating_sub(used);
    let mut y = rect.y;
    for (pane, height) in panes.iter().zip(heights) {
        layout.panes.push((*pane, Rect { y, height, ..rect }));
        y += height;
    }
}

/// Rows a pane would like, frame included.
fn need(state: &State, pane: PaneId) -> u16 {
    let rows = match pane {
        PaneId::Environments => state.environments.rows(&state.workspace).len().max(1) + 3,
        PaneId::Collections => state.collections.rows().len().max(2) + 3,
        // A refusal is read, not glanced at.
        PaneId::Token if state.token.failure.is_some() => 15,
        PaneId::Token if state.token.token().is_some() => {
            11 + 2 * state.token.token().map_or(0, |token| token.notes.len())
        }
        PaneId::Token => 8,
        PaneId::Jwt => 9,
        PaneId::Request | PaneId::Response => 10,
    };
    u16::try_from(rows).unwrap_or(u16::MAX).min(200)
}
