//! The help about grants: the pages of `docs/grants.md`, one for each of its headings.

use crate::app::overlay::{Overlay, Pick, PickItem, Picker, TextView};
use crate::app::state::State;
use crate::content::visible::visible;

/// The document.
const TEXT: &str = include_str!("../../../docs/grants.md");

/// Title and lines of each page; what stands before the first heading is the first one.
fn pages(text: &str) -> Vec<(String, Vec<String>)> {
    let mut pages: Vec<(String, Vec<String>)> = Vec::new();
    for line in text.lines() {
        let heading = line.strip_prefix("## ").or_else(|| line.strip_prefix("# "));
        match (heading, pages.last_mut()) {
            (Some(title), _) => pages.push((title.trim().to_owned(), Vec::new())),
            (None, Some((_, lines))) => lines.push(visible(line).into_owned()),
            (None, None) => {}
        }
    }
    for (_, lines) in &mut pages {
        let begin = lines.iter().position(|l| !l.trim().is_empty()).unwrap_or(lines.len());
        lines.drain(..begin);
        *lines = paragraphs(lines);
        let end = lines.iter().rposition(|l| !l.trim().is_empty()).map_or(0, |at| at + 1);
        lines.truncate(end);
    }
    pages.retain(|(_, lines)| !lines.is_empty());
    pages
}

/// Lines of one paragraph as one, for the screen to fold at its own width; code and tables as they stand.
fn paragraphs(lines: &[String]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let (mut code, mut open) = (false, false);
    for line in lines {
        let text = line.trim_start();
        if text.starts_with("```") {
            (code, open) = (!code, false);
            continue;
        }
        if code {
            out.push(format!("    {line}"));
            continue;
        }
        let number = text.split_once(". ").is_some_and(|(n, _)| n.parse::<u8>().is_ok());
        let own =
            text.is_empty() || number || ["|", "#", "- ", "* "].iter().any(|mark| text.starts_with(mark));
        let plain = text.replace("**", "");
        match out.last_mut() {
            Some(last) if open && !own => {
                last.push(' ');
                last.push_str(&plain);
            }
            _ => out.push(format!("{}{plain}", &line[..line.len() - text.len()])),
        }
        open = !text.is_empty() && !text.starts_with(['|', '#']);
    }
    out
}

/// `go`: which page.
pub fn menu(state: &mut State) {
    let items = pages(TEXT)
        .into_iter()
        .enumerate()
        .map(|(at, (title, lines))| PickItem {
            label: title,
            detail: lines.iter().find(|l| !l.trim().is_empty()).cloned().unwrap_or_default(),
            pick: Pick::Grant(at),
        })
        .collect();
    state.overlays.push(Overlay::Picker(Picker::new("Grants", items, 0)));
}

/// Shows a page.
pub fn show(state: &mut State, at: usize) {
    if let Some((title, lines)) = pages(TEXT).into_iter().nth(at) {
        state.overlays.push(Overlay::Text(TextView::new(title, lines)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_goes_from_its_heading_to_the_next() {
        let pages = pages("# Grants\n\nfirst\n## One\n\n### inside\ntext\n\n## Two\nmore\n## Empty\n");
        let titles: Vec<&str> = pages.iter().map(|p| p.0.as_str()).collect();
        assert_eq!(titles, ["Grants", "One", "Two"]);
        assert_eq!(pages[1].1, ["### inside", "text"]);
    }

    #[test]
    fn a_paragraph_is_one_line_and_code_stays_as_it_is() {
        let text = [
            "one",
            "**two**",
            "",
            "- item",
            "  goes on",
            "- next",
            "| a |",
            "| b |",
            "```toml",
            "x = 1",
            "y = 2",
            "```",
            "end",
        ];
        let lines: Vec<String> = text.iter().map(|l| (*l).to_owned()).collect();
        let wanted =
            ["one two", "", "- item goes on", "- next", "| a |", "| b |", "    x = 1", "    y = 2", "end"];
        assert_eq!(paragraphs(&lines), wanted);
    }

    #[test]
    fn the_document_has_pages() {
        assert!(pages(TEXT).len() > 1);
    }
}
