//! A quoted text highlighted where it stands.

use super::overlay::wrap;
use ratatui::style::Style;

/// A text in pieces, the quoted part in its own style; as it is where the quote does not stand in it.
pub fn lit(text: &str, quote: &str, style: Style, found: Style) -> Vec<(String, Style)> {
    match (!quote.is_empty()).then(|| text.split_once(quote)).flatten() {
        Some((before, after)) => [(before, style), (quote, found), (after, style)]
            .into_iter()
            .filter(|(part, _)| !part.is_empty())
            .map(|(part, style)| (part.to_owned(), style))
            .collect(),
        None => vec![(text.to_owned(), style)],
    }
}

/// The same in rows of a width. A quote that the rows cut apart, and an empty one, is all of them.
pub fn lit_rows(
    text: &str,
    quote: &str,
    width: usize,
    style: Style,
    found: Style,
) -> Vec<Vec<(String, Style)>> {
    let rows = wrap(text, width);
    let whole = rows.iter().any(|row| !quote.is_empty() && row.contains(quote));
    // What is cut or masked cannot be found as it was quoted.
    let all = !whole && (quote.is_empty() || text.contains(quote));
    let style = if all { found } else { style };
    rows.iter().map(|row| lit(row, quote, style, found)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Modifier;

    #[test]
    fn a_quote_is_highlighted_in_its_row_or_wholly_where_it_was_cut() {
        let (plain, found) = (Style::new(), Style::new().add_modifier(Modifier::REVERSED));
        let texts = |rows: Vec<Vec<(String, Style)>>| -> Vec<String> {
            rows.iter().flatten().filter(|(_, s)| *s == found).map(|(t, _)| t.clone()).collect()
        };
        assert_eq!(texts(lit_rows("one two three", "two", 20, plain, found)), ["two"]);
        assert_eq!(texts(lit_rows("one two three", "two three", 8, plain, found)), ["one two", "three"]);
        assert_eq!(texts(lit_rows("one two", "", 20, plain, found)), ["one two"]);
        assert_eq!(texts(lit_rows("one two", "four", 20, plain, found)), Vec::<String>::new());
    }
}
