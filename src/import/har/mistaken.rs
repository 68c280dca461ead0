//! What a file seems to be that is no recording, and what to do with it instead.

use super::broken;
use crate::model::problem::Problem;

/// What the outermost value looked like.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Names of its members, the first of them.
    keys: Vec<String>,
    /// `log` is there.
    pub log: bool,
    /// `entries` is there and a list.
    pub entries: bool,
    /// It is a list.
    pub list: bool,
    /// The scan did not reach the end.
    pub stopped: bool,
    element: String,
}

const EXPORT: &str = "export it as HAR 1.2: in a browser's network tools `Save all as HAR with content`";

impl Seen {
    /// Takes note of a member.
    pub fn key(&mut self, name: &str) {
        if self.keys.len() < 50 {
            self.keys.push(name.to_owned());
        }
    }

    /// Takes note of a list's first element.
    pub fn first_in_list(&mut self, text: &str) {
        if self.element.is_empty() {
            self.element = super::loose::cut(text, 2000);
        }
    }

    fn has(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.keys.iter().any(|k| k == name))
    }

    /// True for one entry without its log, and not for what `hallpass send --json` prints.
    pub fn is_one_entry(&self) -> bool {
        self.has(&["request", "response"]) && !self.log && !self.has(&["findings"]) && !self.has(&["checks"])
    }

    /// The problem, when this was no recording.
    pub fn problem(&self, text: &str, note: Option<&String>) -> Option<Problem> {
        if self.entries && !self.stopped {
            // A recording of nothing.
            return None;
        }
        if self.stopped && (self.log || self.keys.is_empty()) {
            let why = note.cloned().unwrap_or_else(|| "the file ends too early".to_owned());
            return Some(at_end(broken(why, EXPORT), text));
        }
        let (what, next) = self.kind(text);
        let why = if what.is_empty() {
            match note {
                Some(note) => note.clone(),
                None if self.log => "its `log` has no list of `entries`".to_owned(),
                None => "it is no HAR file: there is no `log` with `entries` in it".to_owned(),
            }
        } else {
            format!("it seems to be {what}, no HAR file")
        };
        Some(broken(why, if next.is_empty() { EXPORT } else { next }).at(1, 1))
    }

    fn kind(&self, text: &str) -> (&'static str, &'static str) {
        let start = text.trim_start();
        let any = |names: &[&str]| names.iter().any(|name| self.has(&[name]));
        if self.has(&["info", "item"]) || self.has(&["requests", "folders"]) {
            return (
                "a Postman collection",
                "send one of its requests with `hallpass diagnose --curl 'curl …'` (Postman: Code, cURL), or record the call as HAR",
            );
        }
        if any(&["_postman_variable_scope", "_postman_exported_at"]) {
            return ("a Postman environment", "record the refused call as HAR");
        }
        if any(&["__export_format"]) {
            return ("an Insomnia export", "record the refused call as HAR");
        }
        if any(&["openapi", "swagger"]) {
            return ("an OpenAPI description", "record the refused call as HAR");
        }
        if self.has(&["request", "response"]) {
            return (
                "what `hallpass send --json` prints",
                "its findings are in it; `hallpass diagnose --history ID` explains an earlier exchange",
            );
        }
        if any(&["access_token", "id_token"]) {
            return ("a token endpoint's answer", "look at the token with `hallpass jwt decode`");
        }
        if any(&["keys"]) {
            return ("a key set (JWKS)", "give it to `hallpass jwt verify --jwks FILE`");
        }
        if any(&["events", "constants"]) {
            return ("a browser's net log", EXPORT);
        }
        if self.list && self.element.contains("\"scheme\"") && self.element.contains("\"host\"") {
            return (
                "a Charles session",
                "in Charles choose File, Export Session, and HTTP Archive as the format",
            );
        }
        if start.starts_with('<') {
            return ("XML or a web page", EXPORT);
        }
        if start.starts_with("curl ") {
            return ("a curl command", "give it to `hallpass diagnose --curl 'curl …'`");
        }
        if start.starts_with("eyJ") {
            return ("a token", "look at it with `hallpass jwt decode`");
        }
        if start.starts_with("HTTP/") || start.starts_with("GET ") || start.starts_with("POST ") {
            return (
                "an HTTP message as text",
                "send it with `hallpass diagnose --curl 'curl …'`, or record the call as HAR",
            );
        }
        if start.starts_with(|c: char| c.is_ascii_digit()) && start.contains(":7:request") {
            return ("a mitmproxy flow file", "write a HAR with `mitmdump -nr FLOWS --set hardump=FILE.har`");
        }
        ("", "")
    }
}

fn at_end(problem: Problem, text: &str) -> Problem {
    let (line, column) = super::scan::place(text, text.len());
    let fit = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    problem.at(fit(line), fit(column))
}

/// What the first bytes give away, packed files above all.
pub(super) fn by_first_bytes(bytes: &[u8]) -> Option<Problem> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Some(broken(
            "the file is empty",
            "save the recording again, with at least one request in it",
        ));
    }
    let (what, next) = match bytes {
        [0x1f, 0x8b, ..] => ("it is packed with gzip", "unpack it first: `gunzip`"),
        [b'P', b'K', 3 | 5 | 7, ..] => (
            "it is a zip archive, as Fiddler writes them (.saz)",
            "in Fiddler choose File, Export Sessions, HTTPArchive; or unpack it first",
        ),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => ("it is packed with zstd", "unpack it first: `unzstd`"),
        [b'B', b'Z', b'h', ..] => ("it is packed with bzip2", "unpack it first: `bunzip2`"),
        [0xd4, 0xc3, 0xb2, 0xa1, ..] | [0xa1, 0xb2, 0xc3, 0xd4, ..] | [0x0a, 0x0d, 0x0d, 0x0a, ..] => {
            ("it is a packet capture", "record the call as HAR: in a capture the requests are encrypted")
        }
        _ => return None,
    };
    Some(broken(what, next))
}
