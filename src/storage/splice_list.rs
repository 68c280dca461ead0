//! Splices inside lists and inline tables: one row is one line's change, its neighbours keep theirs.

use super::fields::{Field, Shape, key_literal, render_value};
use super::splice::{Editor, Middle, middle};
use toml_edit::{Array, InlineTable, Value};

impl Editor<'_> {
    /// Changes an inline table; false when it is spelt in a way this cannot edit.
    pub(super) fn inline(&mut self, table: &InlineTable, old: &[Field], new: &[Field]) -> bool {
        let find = |fields: &'_ [Field], key: &str| fields.iter().find(|f| f.key == key).cloned();
        let kept = |key: &str| find(old, key).is_none() || find(new, key).is_some();
        let same_keys =
            new.iter().all(|f| table.contains_key(&f.key) || find(old, &f.key).as_ref() == Some(f))
                && table.iter().all(|(k, _)| kept(k));
        if same_keys {
            let mut changes = Vec::new();
            for field in new.iter().filter(|f| find(old, &f.key).as_ref() != Some(f)) {
                let Some(span) = table.get(&field.key).and_then(Value::span) else { return false };
                changes.push((span, render_value(&field.shape)));
            }
            for (span, text) in changes {
                self.push(span.start, span.end, text);
            }
            return true;
        }
        // Keys come or go: the table is put together anew from the texts of those that stay.
        let mut rows: Vec<(String, String)> = Vec::new();
        for (key, value) in table.iter().filter(|(k, _)| kept(k)) {
            let (Some(name), Some(span)) = (table.key(key).and_then(toml_edit::Key::span), value.span())
            else {
                return false;
            };
            let text = match find(new, key).filter(|f| find(old, key).as_ref() != Some(f)) {
                Some(field) => format!("{} = {}", key_literal(key), render_value(&field.shape)),
                None => match self.text.get(name.start..span.end) {
                    Some(text) => text.to_owned(),
                    None => return false,
                },
            };
            rows.push((key.to_owned(), text));
        }
        for (i, field) in new.iter().enumerate() {
            if rows.iter().any(|(k, _)| k == &field.key) || find(old, &field.key).as_ref() == Some(field) {
                continue;
            }
            let before = new[..i].iter().rev().find_map(|f| rows.iter().position(|(k, _)| k == &f.key));
            let text = format!("{} = {}", key_literal(&field.key), render_value(&field.shape));
            rows.insert(before.map_or(0, |b| b + 1), (field.key.clone(), text));
        }
        let Some(span) = table.span() else { return false };
        let (open, close) = if self.text[span.clone()].starts_with("{ ") || rows.is_empty() {
            ("{ ", " }")
        } else {
            ("{", "}")
        };
        let texts: Vec<String> = rows.into_iter().map(|(_, t)| t).collect();
        self.push(span.start, span.end, format!("{open}{}{close}", texts.join(", ")));
        true
    }

    /// Changes a list row by row; false when it does not hold what `old` says.
    pub(super) fn array(&mut self, array: &Array, old: &[Shape], new: &[Shape]) -> bool {
        let items: Vec<&Value> = array.iter().collect();
        if items.len() != old.len() || items.is_empty() || new.is_empty() {
            return false;
        }
        let mut spans = Vec::new();
        for item in &items {
            let Some(span) = item.span() else { return false };
            spans.push(span);
        }
        let Some(whole) = array.span() else { return false };
        let Middle { head, old: gone, new: come } = middle(old, new);
        let shared = gone.min(come);
        for i in head..head + shared {
            let done = match (items[i], &old[i], &new[i]) {
                (Value::InlineTable(table), Shape::Inline(o), Shape::Inline(n)) => self.inline(table, o, n),
                _ => false,
            };
            if !done {
                self.push(spans[i].start, spans[i].end, render_value(&new[i]));
            }
        }
        let lines = self.text[whole.start..spans[0].start].contains('\n');
        if gone > shared {
            self.remove_items(&spans, head + shared, head + gone, lines);
        }
        if come > shared {
            let added: Vec<String> = new[head + shared..head + come].iter().map(render_value).collect();
            self.insert_items(&spans, head + shared, &added, lines);
        }
        true
    }

    fn remove_items(&mut self, spans: &[std::ops::Range<usize>], from: usize, to: usize, lines: bool) {
        let own_line = |editor: &Self, i: usize| {
            let start = editor.line_start(spans[i].start);
            let alone = editor.text[start..spans[i].start].trim().is_empty();
            let (_, rest) = editor.behind(spans[i].end);
            (alone && editor.text[rest..].starts_with('\n')).then_some((start, rest + 1))
        };
        if lines {
            let ranges: Option<Vec<_>> = (from..to).map(|i| own_line(self, i)).collect();
            if let Some(ranges) = ranges {
                for (start, end) in ranges {
                    self.push(start, end, "");
                }
                return;
            }
        }
        if to < spans.len() {
            self.push(spans[from].start, spans[to].start, "");
        } else if from > 0 {
            self.push(spans[from - 1].end, spans[to - 1].end, "");
        } else {
            self.push(spans[from].start, spans[to - 1].end, "");
        }
    }

    fn insert_items(&mut self, spans: &[std::ops::Range<usize>], at: usize, added: &[String], lines: bool) {
        let Some(last) = at.checked_sub(1).map(|i| spans[i].clone()) else {
            let first = spans[0].start;
            let indent = self.indent(first);
            let gap = if lines { format!(",\n{indent}") } else { ", ".to_owned() };
            let text: String = added.iter().map(|a| format!("{a}{gap}")).collect();
            self.push(first, first, text);
            return;
        };
        if !lines {
            let text: String = added.iter().map(|a| format!(", {a}")).collect();
            self.push(last.end, last.end, text);
            return;
        }
        let indent = self.indent(last.start);
        let (comma, rest) = self.behind(last.end);
        let rows: Vec<String> = added.iter().map(|a| format!("\n{indent}{a}")).collect();
        if comma {
            self.push(rest, rest, rows.iter().map(|r| format!("{r},")).collect::<String>());
        } else {
            self.push(last.end, last.end, ",");
            self.push(rest, rest, rows.join(","));
        }
    }

    fn indent(&self, at: usize) -> String {
        let start = self.line_start(at);
        let head = &self.text[start..at];
        if head.trim().is_empty() { head.to_owned() } else { "  ".to_owned() }
    }

    /// Behind an element: whether a comma follows, and where its line ends (comment included) or the next begins.
    fn behind(&self, end: usize) -> (bool, usize) {
        let bytes = self.text.as_bytes();
        let mut at = end;
        let mut comma = false;
        let mut stop = end;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b' ' | b'\t' => at += 1,
                b',' if !comma => {
                    comma = true;
                    at += 1;
                    stop = at;
                }
                b'#' => {
                    at = self.text[at..].find('\n').map_or(bytes.len(), |n| at + n);
                    stop = at;
                }
                // A comma may stand on the next line; then the element's own line is not where it ends.
                b'\n' if !comma && self.comma_follows(at) => at += 1,
                b'\n' => return (comma, at),
                _ => return (comma, stop),
            }
        }
        (comma, stop)
    }

    fn comma_follows(&self, at: usize) -> bool {
        let mut rest = self.text[at..].trim_start();
        while rest.starts_with('#') {
            rest = rest.split_once('\n').map_or("", |(_, r)| r).trim_start();
        }
        rest.starts_with(',')
    }
}
