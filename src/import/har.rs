//! HTTP Archive 1.2 files, as browsers, Postman, Charles and mitmproxy write them.
//!
//! Recordings come from anywhere and are often broken: cut off by a mail gateway, written by a script, too large. So the file
//! is walked by a scanner of our own (`scan`) that finds the entries by their brackets, and each entry is read alone: what is
//! broken in one costs no other. Types are taken as they come (`loose`), what a recording does not tell is put into words.

mod entry;
mod failure;
mod loose;
mod mend;
mod mistaken;
mod scan;

use crate::model::exchange::Exchange;
use crate::model::problem::{Problem, ProblemKind};
use scan::{Scan, Stop};
use serde_json::Value as Json;
use std::borrow::Cow;

/// How many remarks are kept; the rest is counted.
const MAX_NOTES: usize = 20;

/// A recording.
#[derive(Debug, Clone, Default)]
pub struct HarLog {
    /// What wrote it, if it says.
    pub creator: String,
    /// Its exchanges in the order of the file.
    pub entries: Vec<HarEntry>,
    /// What of the file could not be read, in words: `the file ends in the middle of entry 7`.
    pub notes: Vec<String>,
}

/// One exchange of a recording.
#[derive(Debug, Clone)]
pub struct HarEntry {
    /// Its place in the file, from 0.
    pub index: usize,
    /// The exchange; the recorder's clock stands for ours.
    pub exchange: Exchange,
    /// What the recording does not tell of it: `the recording holds no request headers`.
    pub missing: Vec<String>,
    /// The member `_hallpass`, where somebody wrote one.
    pub label: Option<Json>,
}

/// What stands in [`HarEntry::missing`] where the recorder may have left the credentials out of the file.
pub const SANITISED: &str = "the recorder may have left out the headers with credentials: no entry holds `Authorization` or `Cookie`, \
                             as in an export without sensitive data";

/// Reads a recording. What is broken in an entry is passed over and noted.
///
/// # Errors
/// When it is no HAR at all, with the place.
pub fn read(bytes: &[u8]) -> Result<HarLog, Problem> {
    let text = text(bytes)?;
    let mut reader = Reader { text: &text, log: HarLog::default(), next: 0, more_notes: 0 };
    let seen = reader.file();
    if reader.next == 0
        && let Some(problem) = seen.problem(&text, reader.log.notes.first())
    {
        return Err(problem);
    }
    let mut log = reader.finish();
    settle_times(&mut log);
    note_sanitised(&mut log);
    Ok(log)
}

/// A problem with a recording as a whole.
fn broken(why: impl Into<String>, next: &str) -> Problem {
    Problem::new(ProblemKind::File, "cannot read the recording", why, next)
}

/// The file as text: the usual encodings, and plain words where it is packed.
fn text(bytes: &[u8]) -> Result<Cow<'_, str>, Problem> {
    if let Some(problem) = mistaken::by_first_bytes(bytes) {
        return Err(problem);
    }
    let utf16 = match bytes {
        [0xff, 0xfe, ..] | [_, 0, _, 0, ..] => Some(encoding_rs::UTF_16LE),
        [0xfe, 0xff, ..] | [0, _, 0, _, ..] => Some(encoding_rs::UTF_16BE),
        _ => None,
    };
    Ok(match utf16 {
        Some(encoding) => encoding.decode(bytes).0,
        None => String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)),
    })
}

/// Walks the file and collects what it holds.
struct Reader<'a> {
    text: &'a str,
    log: HarLog,
    /// Index of the next entry.
    next: usize,
    more_notes: usize,
}

impl Reader<'_> {
    /// The whole file; what its outermost value looked like, for the case that it is no recording.
    fn file(&mut self) -> mistaken::Seen {
        let mut scan = Scan::new(self.text);
        let mut seen = mistaken::Seen::default();
        let stop = match scan.peek() {
            Some(b'{') => self.object(&mut scan, &mut seen, true).err(),
            // A bare list of entries, as some scripts write it.
            Some(b'[') => {
                seen.list = true;
                self.entries(&mut scan, &mut seen).err()
            }
            _ => None,
        };
        if let Some(stop) = stop {
            self.stopped(&stop);
            seen.stopped = true;
        }
        seen
    }

    /// The outermost object, or `log` in it.
    fn object(
        &mut self,
        scan: &mut Scan<'_>,
        seen: &mut mistaken::Seen,
        outermost: bool,
    ) -> Result<(), Stop> {
        let start = scan.at();
        scan.open();
        while let Some(key) = scan.member()? {
            if outermost {
                seen.key(&key);
            }
            match (key.as_str(), scan.peek()) {
                ("log", Some(b'{')) if outermost => {
                    seen.log = true;
                    self.object(scan, seen, false)?;
                }
                ("entries", Some(b'[')) => {
                    seen.entries = true;
                    self.entries(scan, seen)?;
                }
                ("creator", Some(b'{')) => {
                    let slice = scan.value()?;
                    self.creator(slice);
                }
                _ => {
                    scan.value()?;
                }
            }
        }
        if outermost && self.next == 0 && seen.is_one_entry() {
            let text = &self.text[start..scan.at()];
            self.entry(text, start);
        }
        Ok(())
    }

    fn creator(&mut self, text: &str) {
        let Ok(json) = serde_json::from_str::<Json>(text) else { return };
        let words = [loose::text(json.get("name")), loose::text(json.get("version"))];
        let words: Vec<String> = words.into_iter().flatten().map(|w| loose::cut(&w, 60)).collect();
        self.log.creator = words.join(" ").trim().to_owned();
    }

    fn entries(&mut self, scan: &mut Scan<'_>, seen: &mut mistaken::Seen) -> Result<(), Stop> {
        scan.open();
        while scan.element()? {
            let start = scan.at();
            match scan.value() {
                Ok(text) if seen.list && !(text.contains("\"request\"") && text.contains("\"response\"")) => {
                    // A list of something else is no recording.
                    seen.first_in_list(text);
                    if self.next == 0 {
                        return Ok(());
                    }
                    self.next += 1;
                }
                Ok(text) => self.entry(text, start),
                Err(stop) => {
                    self.cut_entry(start);
                    return Err(stop);
                }
            }
        }
        Ok(())
    }

    fn entry(&mut self, text: &str, start: usize) {
        let index = self.next;
        self.next += 1;
        let parsed = serde_json::from_str::<Json>(text)
            .or_else(|first| mend::mended(text).and_then(|t| serde_json::from_str(&t).ok()).ok_or(first));
        match parsed {
            Ok(json) => match entry::read(index, &json) {
                Ok(entry) => self.log.entries.push(entry),
                Err(why) => self.note(format!("entry {index} {why}")),
            },
            Err(error) => {
                let (line, column) = scan::place(self.text, start);
                let column =
                    if error.line() > 1 { error.column() } else { column + error.column().saturating_sub(1) };
                let words = error.to_string();
                let words = words.split(" at line ").next().unwrap_or_default();
                self.note(format!(
                    "entry {index} cannot be read: {words} (line {}, column {column})",
                    line + error.line().saturating_sub(1)
                ));
            }
        }
    }

    /// The file ends within an entry: what came of it is kept when its status is there.
    fn cut_entry(&mut self, start: usize) {
        let index = self.next;
        let kept = mend::closed(&self.text[start..]).and_then(|json| entry::read(index, &json).ok());
        if let Some(mut entry) = kept.filter(|e| e.exchange.status().is_some()) {
            entry.missing.push("the recording ends in the middle of this entry".to_owned());
            self.log.entries.push(entry);
            self.next += 1;
        }
    }

    fn stopped(&mut self, stop: &Stop) {
        let (line, column) = scan::place(self.text, stop.at);
        let what = match (stop.ended, self.next) {
            (true, 0) => "the file ends too early".to_owned(),
            (true, n) => format!("the file ends after {n} entries or within one of them"),
            (false, 0) => format!("there is {} where JSON was expected to go on", stop.found(self.text)),
            (false, n) => {
                format!(
                    "after {n} entries there is {} where JSON was expected to go on",
                    stop.found(self.text)
                )
            }
        };
        self.note(format!("{what} (line {line}, column {column})"));
    }

    fn note(&mut self, text: String) {
        if self.log.notes.len() < MAX_NOTES {
            self.log.notes.push(text);
        } else {
            self.more_notes += 1;
        }
    }

    fn finish(mut self) -> HarLog {
        if self.more_notes > 0 {
            self.log.notes.push(format!("{} more entries could not be read", self.more_notes));
        }
        self.log
    }
}

/// An entry that does not say when it was sent takes the time of the one before it, else of the one after.
fn settle_times(log: &mut HarLog) {
    let known = |entry: &HarEntry| Some(entry.exchange.started).filter(|t| *t != entry::NO_TIME);
    let mut last = log.entries.iter().find_map(known);
    for entry in &mut log.entries {
        match known(entry) {
            Some(time) => last = Some(time),
            None => entry.exchange.started = last.unwrap_or(entry::NO_TIME),
        }
    }
}

/// Browsers built on Chromium leave credentials out of a file unless told otherwise, and do not say so in it.
fn note_sanitised(log: &mut HarLog) {
    if !log.creator.to_ascii_lowercase().contains("webinspector") {
        return;
    }
    let holds = |headers: &[crate::model::exchange::Header], names: &[&str]| {
        headers.iter().any(|h| names.iter().any(|n| h.name.eq_ignore_ascii_case(n)))
    };
    let shown = log.entries.iter().any(|e| {
        holds(&e.exchange.request.headers, &["authorization", "cookie"])
            || e.exchange.response.as_ref().is_some_and(|r| holds(&r.headers, &["set-cookie"]))
    });
    if shown {
        return;
    }
    for entry in log.entries.iter_mut().filter(|e| !e.exchange.request.headers.is_empty()) {
        entry.missing.push(SANITISED.to_owned());
    }
}

#[cfg(test)]
mod tests;
