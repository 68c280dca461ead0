//! One dialect file to its sayings. Whatever is wrong is told with file and line.

use super::{Dialect, Mark, Needle, Saying};
use crate::diagnose::facts::Purpose;
use crate::diagnose::finding::Likelihood;
use crate::diagnose::probe::Remedy;
use toml_edit::{Document, Item, Table, Value};

/// Keys of a file.
const FILE_KEYS: [&str; 4] = ["vendor", "defaults", "mark", "saying"];
/// Keys of a mark.
const MARK_KEYS: [&str; 4] = ["header", "cookie", "body", "url"];
/// Keys by which a saying is found.
const PLACE_KEYS: [&str; 6] = ["words", "body", "error", "challenge", "location", "header"];
/// The other keys of a saying.
const SAYING_KEYS: [&str; 16] = [
    "vendor",
    "status",
    "html",
    "purpose",
    "sent",
    "known",
    "code",
    "likelihood",
    "row",
    "summary",
    "cause",
    "confirm",
    "fix",
    "remedy",
    "example",
    "example_headers",
];

/// A file being read: its name and text, for places.
struct Source<'a> {
    name: &'a str,
    text: &'a str,
}

/// One table of it, and the defaults beneath.
struct Entry<'a> {
    source: &'a Source<'a>,
    table: &'a Table,
    defaults: Option<&'a Table>,
}

/// Reads a file: `keycloak.toml:31: …` when it cannot be.
pub(super) fn dialect(name: &str, text: &str) -> Result<Dialect, String> {
    let source = Source { name, text };
    let document = Document::parse(text)
        .map_err(|e| source.wrong(e.span().map_or(text.len(), |s| s.start), e.message()))?;
    let root = document.as_table();
    let file = Entry { source: &source, table: root, defaults: None };
    file.only(&FILE_KEYS, &[])?;
    let vendor = file.text("vendor")?.ok_or_else(|| source.wrong(0, "`vendor` is missing"))?;
    let defaults = root.get("defaults").and_then(Item::as_table);
    let mut marks = Vec::new();
    for table in tables(root, "mark") {
        marks.push(mark(&Entry { source: &source, table, defaults: None })?);
    }
    let mut sayings = Vec::new();
    for table in tables(root, "saying") {
        sayings.push(saying(&Entry { source: &source, table, defaults }, &vendor)?);
    }
    if sayings.is_empty() {
        return Err(source.wrong(0, "no `[[saying]]`"));
    }
    Ok(Dialect { marks, sayings })
}

fn tables<'a>(root: &'a Table, name: &str) -> impl Iterator<Item = &'a Table> {
    root.get(name).and_then(Item::as_array_of_tables).into_iter().flat_map(|list| list.iter())
}

fn mark(entry: &Entry) -> Result<Mark, String> {
    entry.only(&MARK_KEYS, &[])?;
    if let Some(header) = entry.text("header")? {
        let (name, text) = named(&header);
        return Ok(Mark::Header(name, text));
    }
    if let Some(cookie) = entry.text("cookie")? {
        return Ok(Mark::Cookie(cookie.to_ascii_lowercase()));
    }
    if let Some(body) = entry.text("body")? {
        return Ok(Mark::Body(Needle::new(&body)));
    }
    match entry.text("url")? {
        Some(url) => Ok(Mark::Url(Needle::new(&url))),
        None => Err(entry.wrong("a mark needs `header`, `cookie`, `body` or `url`")),
    }
}

fn saying(entry: &Entry, vendor: &str) -> Result<Saying, String> {
    entry.only(&SAYING_KEYS, &PLACE_KEYS)?;
    if !PLACE_KEYS.iter().any(|key| entry.item(key).is_some()) {
        return Err(entry.wrong(&format!("what it is found by is missing: one of {}", PLACE_KEYS.join(", "))));
    }
    let needles = |key| Ok::<_, String>(entry.list(key)?.iter().map(|t| Needle::new(t)).collect::<Vec<_>>());
    let status = entry.status()?;
    let example_headers = entry
        .list("example_headers")?
        .iter()
        .map(|line| {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            (name.trim().to_owned(), value.trim().to_owned())
        })
        .collect::<Vec<_>>();
    let example = entry.text("example")?;
    if example.is_none() && example_headers.is_empty() {
        return Err(entry.wrong("`example` or `example_headers` is missing: an answer that says it"));
    }
    let likelihood = match entry.need("likelihood")?.as_str() {
        "certain" => Likelihood::Certain,
        "likely" => Likelihood::Likely,
        "possible" => Likelihood::Possible,
        _ => return Err(entry.wrong("`likelihood` is certain, likely or possible")),
    };
    let code = entry.need("code")?;
    let purposes = purposes(entry, &code)?;
    let remedy = match entry.text("remedy")?.as_deref() {
        None => usual_remedy(&code),
        Some("renew") => Some(Remedy::RenewReplay),
        Some("login") => Some(Remedy::Login),
        Some("dpop") => Some(Remedy::Dpop),
        Some("secret") => Some(Remedy::SetSecret { variable: "client_secret".to_owned() }),
        Some("none") => None,
        Some(_) => return Err(entry.wrong("`remedy` is renew, login, dpop, secret or none")),
    };
    Ok(Saying {
        at: entry.place(),
        vendor: entry.text("vendor")?.unwrap_or_else(|| vendor.to_owned()),
        status,
        words: needles("words")?,
        body: needles("body")?,
        error: entry.list("error")?.iter().map(|t| t.to_ascii_lowercase()).collect(),
        challenge: needles("challenge")?,
        location: needles("location")?,
        header: entry.list("header")?.iter().map(|t| named(t)).collect(),
        html: entry.flag("html")?.unwrap_or(false),
        purposes,
        sent: entry.flag("sent")?,
        known: entry.flag("known")?.unwrap_or(false),
        code,
        likelihood,
        row: entry.need("row")?,
        summary: entry.text("summary")?,
        cause: entry.text("cause")?,
        confirm: entry.text("confirm")?,
        fix: entry.text("fix")?,
        remedy,
        example: example.unwrap_or_default(),
        example_headers,
    })
}

/// What an exchange must be for, so that a saying is heard. Not told: what its code speaks of. An API's `token is expired` is not
/// that of a token endpoint, which means the refresh token.
fn purposes(entry: &Entry, code: &str) -> Result<Vec<Purpose>, String> {
    let told = entry.list("purpose")?;
    if told.is_empty() {
        return Ok(match code.split('.').next().unwrap_or_default() {
            "client" | "grant" | "scope" | "assertion" | "target" | "device" | "login" | "request" => {
                vec![Purpose::Token, Purpose::Login, Purpose::Management]
            }
            "token" | "resource" | "access" => vec![Purpose::Api, Purpose::Management],
            _ => Vec::new(),
        });
    }
    let mut out = Vec::new();
    for word in &told {
        match word.as_str() {
            "api" => out.push(Purpose::Api),
            "token" => out.push(Purpose::Token),
            "login" => out.push(Purpose::Login),
            "management" => out.push(Purpose::Management),
            "any" => return Ok(Vec::new()),
            _ => return Err(entry.wrong("`purpose` is api, token, login, management or any")),
        }
    }
    Ok(out)
}

/// What mends a code by a key, whoever says it.
fn usual_remedy(code: &str) -> Option<Remedy> {
    match code {
        "token.expired" | "token.revoked" | "token.rejected" => Some(Remedy::RenewReplay),
        "grant.refresh" | "grant.code" | "login.required" => Some(Remedy::Login),
        _ => None,
    }
}

/// `name: text` or `name` alone.
fn named(line: &str) -> (String, Option<Needle>) {
    match line.split_once(':') {
        Some((name, text)) => (name.trim().to_ascii_lowercase(), Some(Needle::new(text.trim()))),
        None => (line.trim().to_ascii_lowercase(), None),
    }
}

impl Source<'_> {
    fn place(&self, offset: usize) -> String {
        let before = self.text.get(..offset).unwrap_or(self.text);
        format!("{}:{}", self.name, before.matches('\n').count() + 1)
    }

    fn wrong(&self, offset: usize, what: &str) -> String {
        format!("{}: {}", self.place(offset), what.trim().replace('\n', " "))
    }
}

impl Entry<'_> {
    fn offset(&self) -> usize {
        self.table.span().map_or(0, |s| s.start)
    }

    fn place(&self) -> String {
        self.source.place(self.offset())
    }

    fn wrong(&self, what: &str) -> String {
        self.source.wrong(self.offset(), what)
    }

    fn wrong_at(&self, item: &Item, what: &str) -> String {
        self.source.wrong(item.span().map_or(self.offset(), |s| s.start), what)
    }

    /// A misspelled key is told rather than passed over.
    fn only(&self, keys: &[&str], more: &[&str]) -> Result<(), String> {
        match self.table.iter().find(|(key, _)| !keys.contains(key) && !more.contains(key)) {
            Some((key, item)) => Err(self.wrong_at(item, &format!("unknown key `{key}`"))),
            None => Ok(()),
        }
    }

    fn item(&self, key: &str) -> Option<&Item> {
        self.table.get(key).or_else(|| self.defaults?.get(key))
    }

    fn text(&self, key: &str) -> Result<Option<String>, String> {
        let Some(item) = self.item(key) else { return Ok(None) };
        match item.as_str().filter(|text| !text.is_empty()) {
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(self.wrong_at(item, &format!("`{key}` is a text that is not empty"))),
        }
    }

    fn need(&self, key: &str) -> Result<String, String> {
        self.text(key)?.ok_or_else(|| self.wrong(&format!("`{key}` is missing")))
    }

    fn flag(&self, key: &str) -> Result<Option<bool>, String> {
        let Some(item) = self.item(key) else { return Ok(None) };
        item.as_bool().map(Some).ok_or_else(|| self.wrong_at(item, &format!("`{key}` is true or false")))
    }

    /// A text, or several of which one is enough.
    fn list(&self, key: &str) -> Result<Vec<String>, String> {
        let Some(item) = self.item(key) else { return Ok(Vec::new()) };
        let list: Option<Vec<String>> = match item.as_value() {
            Some(Value::String(text)) => Some(vec![text.value().clone()]),
            Some(Value::Array(list)) => list.iter().map(|v| v.as_str().map(str::to_owned)).collect(),
            _ => None,
        };
        list.filter(|list| !list.is_empty() && list.iter().all(|text| !text.is_empty()))
            .ok_or_else(|| self.wrong_at(item, &format!("`{key}` is a text or a list of texts")))
    }

    fn status(&self) -> Result<Vec<u16>, String> {
        let item =
            self.item("status").ok_or_else(|| self.wrong("`status` is missing: a list of statuses"))?;
        let list: Option<Vec<u16>> = item.as_array().and_then(|list| {
            list.iter().map(|v| v.as_integer().and_then(|n| u16::try_from(n).ok())).collect()
        });
        list.filter(|list| !list.is_empty() && list.iter().all(|s| (100..600).contains(s)))
            .ok_or_else(|| self.wrong_at(item, "`status` is a list of statuses: [401, 403]"))
    }
}
