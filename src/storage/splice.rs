//! The smallest splices that make a file say `new` where it said `old`: comments, unknown keys,
//! order and spelling of everything else stay as they are.

use super::fields::{Field, Shape, key_literal, render_block, render_section, render_value};
use super::source::{Source, Splice};
use crate::model::problem::Problem;
use toml_edit::{ArrayOfTables, Item, Key, Table};

/// Every key a check may have.
const CHECK_KEYS: [&str; 17] = [
    "name", "status", "header", "json", "text", "duration", "size", "equals", "not", "contains", "matches",
    "exists", "greater", "less", "one_of", "type", "length",
];

/// The new bytes of a file. With `coarse`, whole keys and sections that differ are written anew: for
/// spellings the fine way cannot edit in place.
pub fn rewrite(source: &Source, old: &[Field], new: &[Field], coarse: bool) -> Result<Vec<u8>, Problem> {
    let document = source.parse()?;
    let mut editor = Editor { text: &source.text, splices: Vec::new(), coarse };
    let place = Place { path: String::new(), dotted: String::new(), root: true };
    editor.table(document.as_table(), &place, old, new);
    let mut bytes = source.apply(editor.splices);
    // Sections taken from the end leave the blank lines that stood between them.
    if !source.text.ends_with("\n\n") {
        for end in [b"\r\n\r\n".as_slice(), b"\n\n"] {
            while bytes.ends_with(end) {
                bytes.truncate(bytes.len() - end.len() / 2);
            }
        }
    }
    Ok(bytes)
}

/// Collects splices for one text.
pub(super) struct Editor<'a> {
    pub(super) text: &'a str,
    pub(super) splices: Vec<Splice>,
    coarse: bool,
}

/// Where a table stands.
struct Place {
    /// For headers: `body.graphql`.
    path: String,
    /// For lines of a dotted table: `body.`.
    dotted: String,
    root: bool,
}

impl Place {
    fn below(&self, key: &str) -> String {
        if self.path.is_empty() { key_literal(key) } else { format!("{}.{}", self.path, key_literal(key)) }
    }
}

impl Editor<'_> {
    pub(super) fn push(&mut self, start: usize, end: usize, text: impl Into<String>) {
        self.splices.push(Splice { range: start..end, text: text.into() });
    }

    pub(super) fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |n| n + 1)
    }

    /// The start of the next line.
    pub(super) fn line_end(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |n| at + n + 1)
    }

    /// The start of the comments that stand directly above a line.
    fn above_comments(&self, mut line: usize) -> usize {
        while line > 0 {
            let above = self.line_start(line - 1);
            if !self.text[above..line].trim_start().starts_with('#') {
                break;
            }
            line = above;
        }
        line
    }

    fn table(&mut self, table: &Table, place: &Place, old: &[Field], new: &[Field]) {
        let find =
            |fields: &[Field], key: &str| fields.iter().find(|f| f.key == key).map(|f| f.shape.clone());
        for (i, field) in new.iter().enumerate() {
            let before = find(old, &field.key);
            if before.as_ref() == Some(&field.shape) {
                continue;
            }
            match table.get_key_value(&field.key) {
                None => {
                    // A key that takes another's place (`json` becomes `text`) stands where that one stood.
                    let gone = old.iter().find(|f| table.contains_key(&f.key) && find(new, &f.key).is_none());
                    let mut before: Vec<Field> = gone.into_iter().cloned().collect();
                    before.extend_from_slice(&new[..i]);
                    self.insert(table, place, &before, field);
                }
                Some((key, item)) => {
                    if !self.change(key, item, place, before.as_ref(), &field.shape) {
                        self.remove(key, item, before.as_ref(), true);
                        self.insert(table, place, &new[..i], field);
                    }
                }
            }
        }
        for field in old.iter().filter(|f| find(new, &f.key).is_none()) {
            if let Some((key, item)) = table.get_key_value(&field.key) {
                self.remove(key, item, Some(&field.shape), self.coarse);
            }
        }
    }

    /// Changes a value where it stands; false when it cannot.
    fn change(&mut self, key: &Key, item: &Item, place: &Place, old: Option<&Shape>, new: &Shape) -> bool {
        let fine = !self.coarse;
        match (item, old, new) {
            (Item::Value(value), old, new) => {
                let Some(span) = value.span() else { return false };
                match (value, old, new) {
                    (
                        toml_edit::Value::InlineTable(table),
                        Some(Shape::Inline(o) | Shape::Section(o)),
                        Shape::Inline(n) | Shape::Section(n),
                    ) if fine && self.inline(table, o, n) => {}
                    (toml_edit::Value::Array(array), Some(Shape::List(o)), Shape::List(n))
                        if fine && self.array(array, o, n) => {}
                    (toml_edit::Value::Array(array), Some(Shape::Blocks(o)), Shape::Blocks(n)) => {
                        let inline =
                            |b: &[Vec<Field>]| b.iter().cloned().map(Shape::Inline).collect::<Vec<_>>();
                        if !(fine && self.array(array, &inline(o), &inline(n))) {
                            self.push(span.start, span.end, render_value(new));
                        }
                    }
                    _ => self.push(span.start, span.end, render_value(new)),
                }
                true
            }
            (
                Item::Table(table),
                Some(Shape::Inline(o) | Shape::Section(o)),
                Shape::Inline(n) | Shape::Section(n),
            ) if fine => {
                let dotted = if table.is_dotted() {
                    format!("{}{}.", place.dotted, key_literal(key.get()))
                } else {
                    String::new()
                };
                let inner = Place { path: place.below(key.get()), dotted, root: false };
                self.table(table, &inner, o, n);
                true
            }
            (Item::ArrayOfTables(list), Some(Shape::Blocks(o)), Shape::Blocks(n)) if fine => {
                self.blocks(list, &place.below(key.get()), o, n)
            }
            (Item::ArrayOfTables(list), Some(Shape::List(o)), Shape::List(n)) if fine => {
                match (as_blocks(o), as_blocks(n)) {
                    (Some(o), Some(n)) => self.blocks(list, &place.below(key.get()), &o, &n),
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// Adds a key behind the nearest of `before` that is there.
    fn insert(&mut self, table: &Table, place: &Place, before: &[Field], field: &Field) {
        match &field.shape {
            Shape::Section(fields) => {
                let text = render_section(&place.below(&field.key), fields);
                self.insert_section(table, place, before, &text);
            }
            Shape::Blocks(blocks) => {
                let path = place.below(&field.key);
                let text: String = blocks.iter().map(|b| render_block(&path, b)).collect();
                self.insert_section(table, place, before, &format!("\n{text}"));
            }
            shape => {
                // A table that exists only through its sub-tables has no line to stand on.
                if table.is_implicit() && !table.is_dotted() && !place.root {
                    let text = render_section(&place.path, std::slice::from_ref(field));
                    match first_header(&Item::Table(table.clone())) {
                        Some(first) => {
                            let at = self.above_comments(self.line_start(first));
                            self.push(at, at, format!("{}\n", text.trim_start_matches('\n')));
                        }
                        None => self.on_new_line(self.line_end(end_of(&Item::Table(table.clone()))), &text),
                    }
                    return;
                }
                let value = render_value(shape);
                let gap = if place.root && value.starts_with("[\n") { "\n" } else { "" };
                let line = format!("{gap}{}{} = {value}\n", place.dotted, key_literal(&field.key));
                let (at, first) = self.line_for(table, place, before);
                if first {
                    self.push(at, at, line.trim_start_matches('\n'));
                } else {
                    self.on_new_line(at, &line);
                }
            }
        }
    }

    /// Where a new line of a table goes; true when it is before everything else of the file.
    fn line_for(&self, table: &Table, place: &Place, before: &[Field]) -> (usize, bool) {
        let own_line = |key: &str| {
            let item = table.get(key)?;
            let lines = matches!(item, Item::Value(_)) || item.as_table().is_some_and(Table::is_dotted);
            lines.then(|| end_of(item))
        };
        if let Some(end) = before.iter().rev().find_map(|f| own_line(&f.key)) {
            return (self.line_end(end), false);
        }
        if !place.root {
            if let Some(header) = table.span().filter(|s| !s.is_empty()) {
                return (self.line_end(header.end), false);
            }
            return (self.line_end(end_of(&Item::Table(table.clone()))), false);
        }
        let first = table.iter().filter_map(|(key, item)| {
            own_line(key)?;
            start_of(table.key(key)?, item)
        });
        if let Some(first) = first.min() {
            return (self.line_start(first), true);
        }
        // No key at all: before the first header, else at the end.
        let header = table.iter().filter_map(|(_, item)| first_header(item)).min();
        header.map_or((self.text.len(), false), |h| (self.line_start(h), true))
    }

    fn insert_section(&mut self, table: &Table, place: &Place, before: &[Field], text: &str) {
        let sections = before.iter().filter_map(|f| table.get(&f.key)).filter(|i| first_header(i).is_some());
        let end = sections.map(end_of).max().or_else(|| {
            let lines = table.iter().filter(|(_, i)| first_header(i).is_none()).map(|(_, i)| end_of(i)).max();
            lines.or_else(|| table.span().filter(|s| !s.is_empty()).map(|s| s.end))
        });
        match end {
            Some(end) => {
                let at = self.line_end(end);
                self.on_new_line(at, text);
            }
            None if place.root && table.iter().next().is_none() => self.on_new_line(self.text.len(), text),
            None => self.on_new_line(self.line_end(end_of(&Item::Table(table.clone()))), text),
        }
    }

    /// Inserts lines at a line start, also behind a last line that has no line end.
    pub(super) fn on_new_line(&mut self, at: usize, text: &str) {
        let open = at > 0 && self.text.as_bytes().get(at - 1) != Some(&b'\n');
        let text = if at == 0 { text.trim_start_matches('\n') } else { text };
        if open {
            // The file keeps ending without a line end.
            self.push(at, at, format!("\n{}", text.trim_end_matches('\n')));
        } else {
            self.push(at, at, text);
        }
    }

    /// Takes a key or section away. Unless `whole`, keys of a section we do not know keep it alive.
    fn remove(&mut self, key: &Key, item: &Item, old: Option<&Shape>, whole: bool) {
        match item {
            Item::Table(table) => {
                let known: &[Field] = match old {
                    Some(Shape::Section(f) | Shape::Inline(f)) => f,
                    _ => &[],
                };
                let foreign = table.iter().any(|(k, _)| !known.iter().any(|f| f.key == k));
                if foreign && !whole {
                    let place = Place { path: String::new(), dotted: String::new(), root: false };
                    self.table(table, &place, known, &[]);
                    return;
                }
                for (k, child) in table.iter() {
                    if (table.is_dotted() || table.is_implicit() || first_header(child).is_some())
                        && let Some(key) = table.key(k)
                    {
                        self.remove(key, child, None, true);
                    }
                }
                // An implicit table has the span of the header below it, which went with that one.
                if let Some(header) = table.span().filter(|s| !s.is_empty() && !table.is_implicit()) {
                    let own = table.iter().filter(|(_, i)| first_header(i).is_none()).map(|(_, i)| end_of(i));
                    let end = own.max().unwrap_or(header.end).max(header.end);
                    self.remove_lines(header.start, end);
                }
            }
            Item::ArrayOfTables(list) => {
                let ends: Vec<_> = list
                    .iter()
                    .filter_map(|t| Some((t.span()?.start, end_of(&Item::Table(t.clone())))))
                    .collect();
                for (start, end) in ends {
                    self.remove_lines(start, end);
                }
            }
            Item::Value(value) => {
                if let (Some(start), Some(span)) = (start_of(key, item), value.span()) {
                    if self.text[span.clone()].contains('\n') {
                        self.remove_lines(start, span.end);
                        return;
                    }
                    let (start, end) = (self.line_start(start), self.line_end(span.end));
                    self.push(start, end, "");
                }
            }
            Item::None => {}
        }
    }

    /// Removes whole lines, and the blank line before them when one would be left over.
    fn remove_lines(&mut self, start: usize, end: usize) {
        let mut start = self.line_start(start);
        let end = self.line_end(end);
        let blank_after = self.text[end..].starts_with('\n') || end == self.text.len();
        if blank_after && self.text[..start].ends_with("\n\n") {
            start -= 1;
        }
        self.push(start, end, "");
    }

    fn blocks(&mut self, list: &ArrayOfTables, path: &str, old: &[Vec<Field>], new: &[Vec<Field>]) -> bool {
        let tables: Vec<&Table> = list.iter().collect();
        if tables.len() != old.len() || tables.is_empty() || tables.iter().any(|t| t.span().is_none()) {
            return false;
        }
        let Middle { head, old: gone, new: come } = middle(old, new);
        let shared = gone.min(come);
        for i in head..head + shared {
            let place = Place { path: path.to_owned(), dotted: String::new(), root: false };
            // A check may spell the same in several ways (`status = true` with `equals = 200`): whatever of
            // its keys is there is ours to change.
            let mut known = old[i].clone();
            let keys = if path == "check" { CHECK_KEYS.as_slice() } else { &[] };
            let others = keys.iter().filter(|k| !old[i].iter().any(|f| f.key == **k));
            known.extend(others.map(|k| Field::bare(k, "")));
            self.table(tables[i], &place, &known, &new[i]);
        }
        for table in &tables[head + shared..head + gone] {
            if let Some(span) = table.span() {
                self.remove_lines(span.start, end_of(&Item::Table((*table).clone())));
            }
        }
        if come > shared {
            let added = &new[head + shared..head + come];
            match (head + shared).checked_sub(1).map(|i| tables[i]) {
                Some(last) => {
                    let start = self.line_start(last.span().map_or(0, |s| s.start));
                    let previous =
                        (head + shared).checked_sub(2).map(|i| end_of(&Item::Table(tables[i].clone())));
                    let spaced =
                        previous.is_some_and(|end| self.text[end.min(start)..start].contains("\n\n"));
                    let gap = if spaced { "\n" } else { "" };
                    let text: String =
                        added.iter().map(|b| format!("{gap}{}", render_block(path, b))).collect();
                    let at = self.line_end(end_of(&Item::Table(last.clone())));
                    self.on_new_line(at, &text);
                }
                None => {
                    let at = self.line_start(tables[0].span().map_or(0, |s| s.start));
                    let text: String = added.iter().map(|b| render_block(path, b)).collect();
                    self.push(at, at, text);
                }
            }
        }
        true
    }
}

/// What differs between two lists once equal heads and tails are set aside.
pub(super) struct Middle {
    pub(super) head: usize,
    pub(super) old: usize,
    pub(super) new: usize,
}

pub(super) fn middle<T: PartialEq>(old: &[T], new: &[T]) -> Middle {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    Middle { head, old: old.len() - head - tail, new: new.len() - head - tail }
}

fn as_blocks(list: &[Shape]) -> Option<Vec<Vec<Field>>> {
    list.iter()
        .map(|s| match s {
            Shape::Inline(fields) => Some(fields.clone()),
            _ => None,
        })
        .collect()
}

/// Where an item's text ends, sub-tables included.
fn end_of(item: &Item) -> usize {
    match item {
        Item::None => 0,
        Item::Value(value) => value.span().map_or(0, |s| s.end),
        Item::Table(table) => {
            let own = table.span().map_or(0, |s| s.end);
            table.iter().map(|(_, i)| end_of(i)).max().unwrap_or(0).max(own)
        }
        Item::ArrayOfTables(list) => list
            .iter()
            .map(|t| {
                let own = t.span().map_or(0, |s| s.end);
                t.iter().map(|(_, i)| end_of(i)).max().unwrap_or(0).max(own)
            })
            .max()
            .unwrap_or(0),
    }
}

/// Where a key's line begins its text.
fn start_of(key: &Key, item: &Item) -> Option<usize> {
    match item {
        Item::Table(table) if table.is_dotted() => {
            table.iter().filter_map(|(k, i)| start_of(table.key(k)?, i)).min()
        }
        _ => key.span().map(|s| s.start),
    }
}

/// The first header of a table or list of tables; `None` for what stands on lines of its parent.
fn first_header(item: &Item) -> Option<usize> {
    match item {
        Item::Table(table) if table.is_dotted() => None,
        Item::Table(table) => {
            let below = table.iter().filter_map(|(_, i)| first_header(i)).min();
            match table.span().filter(|s| !s.is_empty()) {
                Some(own) => Some(below.map_or(own.start, |b| b.min(own.start))),
                None => below,
            }
        }
        Item::ArrayOfTables(list) => list.iter().filter_map(|t| t.span()).map(|s| s.start).min(),
        _ => None,
    }
}
