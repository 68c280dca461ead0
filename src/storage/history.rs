//! The list of past exchanges: append-only, crash-safe, bounded, secrets already masked.
//!
//! A directory of segments, each a text file. An entry is one line: a small head, a tab, the detail.
//! Listing parses heads only. A line is written by one call on a file opened for appending, so several
//! processes may write at once; one that was torn by a crash is passed over. What is beyond the limits
//! goes segment by segment, under a lock.

use super::atomic::{self, Access};
use super::load::io_words;
use super::paths;
use super::private_file::lock;
use super::state::key;
use crate::model::history::HistoryEntry;
use crate::model::id::ItemPath;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::settings::Settings;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A segment is closed at this size, or at a tenth of what the history may hold.
const SEGMENT: u64 = 1024 * 1024;
/// One entry's detail may be this large; longer bodies are cut.
const MAX_DETAIL: usize = 2 * 1024 * 1024;
/// What stays of a body that is cut.
const CUT_BODY: usize = 64 * 1024;

/// A workspace's history.
#[derive(Debug, Clone)]
pub struct History {
    dir: PathBuf,
    entries: usize,
    bytes: u64,
    days: u32,
    /// The segment this process appends to and how many lines it has, so that it is not read each time.
    current: Arc<Mutex<Option<(PathBuf, usize)>>>,
}

impl History {
    /// The history of a workspace (below the state directory, by the workspace's path). `None` when
    /// there is no such directory or the settings keep no history.
    pub fn of(root: &Path, settings: &Settings) -> Option<History> {
        let key = key(root);
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, key.as_bytes());
        let short: String = digest.as_ref().iter().take(8).map(|b| format!("{b:02x}")).collect();
        History::at(paths::state_dir()?.join("history").join(short), settings)
    }

    pub(super) fn at(dir: PathBuf, settings: &Settings) -> Option<History> {
        let Settings { history_entries: entries, history_bytes: bytes, history_days: days, .. } = *settings;
        (entries > 0 && bytes > 0 && days > 0).then(|| History {
            dir,
            entries,
            bytes,
            days,
            current: Arc::default(),
        })
    }

    /// Adds one. Two processes may append at once. Old ones beyond the limits go now and then.
    pub fn append(&self, entry: &HistoryEntry) -> Result<(), Problem> {
        let mut line = head(entry).to_string();
        line.push('\t');
        let room = MAX_DETAIL.min(usize::try_from(self.bytes / 4).unwrap_or(MAX_DETAIL));
        line.push_str(&detail_text(entry.detail.as_ref(), room));
        line.push('\n');
        atomic::make_dirs(&self.dir, Access::Private).map_err(|e| self.problem(&e))?;
        let (segment, fresh) = self.current_segment().map_err(|e| self.problem(&e))?;
        append_line(&segment, line.as_bytes()).map_err(|e| self.problem(&e))?;
        if fresh {
            self.prune(Timestamp::now())?;
        }
        Ok(())
    }

    /// The newest `limit`, newest first, without detail. A torn last line is passed over.
    pub fn list(&self, limit: usize) -> Result<Vec<HistoryEntry>, Problem> {
        let mut out: Vec<HistoryEntry> = Vec::new();
        for segment in self.segments().map_err(|e| self.problem(&e))?.into_iter().rev() {
            // Another process may have removed it just now.
            let Ok(bytes) = fs::read(&segment) else { continue };
            out.extend(lines(&bytes).filter_map(|line| parse(line, false)));
            if out.len() >= limit.min(self.entries) {
                break;
            }
        }
        let oldest = self.oldest(Timestamp::now());
        out.retain(|e| e.at >= oldest);
        out.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| b.id.cmp(&a.id)));
        out.truncate(limit.min(self.entries));
        Ok(out)
    }

    /// One, with detail; `id` may be a unique head or tail.
    pub fn get(&self, id: &str) -> Result<HistoryEntry, Problem> {
        let mut hits: Vec<HistoryEntry> = Vec::new();
        for segment in self.segments().map_err(|e| self.problem(&e))?.into_iter().rev() {
            let Ok(bytes) = fs::read(&segment) else { continue };
            for line in lines(&bytes) {
                let Some(entry) = parse(line, false) else { continue };
                let exact = entry.id == id;
                if !(exact || (!id.is_empty() && (entry.id.starts_with(id) || entry.id.ends_with(id)))) {
                    continue;
                }
                let Some(whole) = parse(line, true) else { continue };
                if exact {
                    return Ok(whole);
                }
                hits.push(whole);
            }
        }
        let problem = |why: String| {
            Problem::new(
                ProblemKind::Usage,
                format!("no history entry `{}`", id.escape_debug()),
                why,
                "`hallpass history list` shows them",
            )
        };
        match (hits.pop(), hits.len()) {
            (Some(one), 0) => Ok(one),
            (Some(_), more) => Err(problem(format!("{} entries begin or end so", more + 1))),
            (None, _) => Err(problem("none begins or ends so".to_owned())),
        }
    }

    /// Deletes the whole history of the workspace; gives how many entries there were.
    pub fn purge(&self) -> Result<usize, Problem> {
        if !self.dir.is_dir() {
            return Ok(0);
        }
        let _lock = lock(&self.dir.join("lock")).map_err(|e| self.problem(&e))?;
        let mut count = 0;
        for segment in self.segments().map_err(|e| self.problem(&e))? {
            count += fs::read(&segment)
                .map(|b| lines(&b).filter(|l| parse(l, false).is_some()).count())
                .unwrap_or(0);
            atomic::remove(&segment)?;
        }
        Ok(count)
    }

    fn problem(&self, e: &std::io::Error) -> Problem {
        Problem::new(
            ProblemKind::File,
            "the history cannot be used",
            io_words(e),
            "check the directory's permissions",
        )
        .in_file(&self.dir)
    }

    fn oldest(&self, now: Timestamp) -> Timestamp {
        let span = SignedDuration::from_hours(i64::from(self.days) * 24);
        now.checked_sub(span).unwrap_or(Timestamp::MIN)
    }

    /// Segments by age, oldest first: their names are times.
    fn segments(&self) -> std::io::Result<Vec<PathBuf>> {
        let listing = match fs::read_dir(&self.dir) {
            Ok(listing) => listing,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(e),
        };
        let mut out: Vec<PathBuf> = listing
            .flatten()
            .map(|e| e.path())
            .filter(|p| p.extension().is_some_and(|x| x == "jsonl") && p.is_file())
            .collect();
        out.sort();
        Ok(out)
    }

    /// The segment to append to, and whether it is a new one.
    fn current_segment(&self) -> std::io::Result<(PathBuf, bool)> {
        let full = SEGMENT.min(self.bytes / 10).max(1);
        let most = (self.entries / 4).max(1);
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let known = match current.take() {
            Some(known) => Some(known),
            None => self.segments()?.pop().map(|last| {
                let lines = count(&last);
                (last, lines)
            }),
        };
        if let Some((path, lines)) = &known
            && *lines < most
            && fs::metadata(path).is_ok_and(|m| m.len() < full)
        {
            *current = Some((path.clone(), lines + 1));
            return Ok((path.clone(), false));
        }
        // After the last one even within its millisecond, or when the clock went back: names are the order.
        let last = known.and_then(|(path, _)| stamp(&path)).unwrap_or(0);
        let stamp = Timestamp::now().as_millisecond().max(last.saturating_add(1));
        let id = uuid::Uuid::new_v4().simple().to_string();
        let path = self.dir.join(format!("{stamp:015}-{}.jsonl", &id[..8]));
        *current = Some((path.clone(), 1));
        Ok((path, true))
    }

    /// Drops whole segments whose every entry is beyond the limits: what stays holds at most a quarter
    /// more entries than allowed (listings are exact), and never more bytes.
    fn prune(&self, now: Timestamp) -> Result<(), Problem> {
        let _lock = lock(&self.dir.join("lock")).map_err(|e| self.problem(&e))?;
        let oldest = self.oldest(now);
        let (mut entries, mut bytes) = (0_usize, 0_u64);
        for segment in self.segments().map_err(|e| self.problem(&e))?.into_iter().rev() {
            let Ok(data) = fs::read(&segment) else { continue };
            let newest = lines(&data).filter_map(|l| parse(l, false)).map(|e| e.at).max();
            let beyond = entries >= self.entries || bytes + data.len() as u64 > self.bytes;
            // One entry larger than everything allowed is still kept until the next comes.
            let only = entries == 0 && bytes == 0;
            if !only && (beyond || newest.is_none_or(|at| at < oldest)) {
                atomic::remove(&segment)?;
                continue;
            }
            entries += lines(&data).count();
            bytes += data.len() as u64;
        }
        Ok(())
    }
}

/// The detail as JSON text of at most `room` bytes: bodies are cut before the whole is given up.
fn detail_text(detail: Option<&Json>, room: usize) -> String {
    let Some(detail) = detail else { return Json::Null.to_string() };
    let text = detail.to_string();
    if text.len() <= room {
        return text;
    }
    let mut detail = detail.clone();
    for side in ["request", "response"] {
        let Some(side) = detail.get_mut(side).and_then(Json::as_object_mut) else { continue };
        let keep = CUT_BODY.min(room / 4);
        let cut = match side.get_mut("body") {
            Some(Json::String(body)) if body.len() > keep => {
                let end = (0..=keep).rev().find(|i| body.is_char_boundary(*i)).unwrap_or(0);
                body.truncate(end);
                true
            }
            _ => false,
        };
        let base64 = side.get_mut("body_base64").filter(|b| b.as_str().is_some_and(|t| t.len() > keep));
        let dropped = base64.map(|b| *b = Json::Null).is_some();
        if cut || dropped {
            side.insert("body_cut".to_owned(), Json::Bool(true));
        }
    }
    let text = detail.to_string();
    if text.len() <= room { text } else { Json::Null.to_string() }
}

/// The time in a segment's name, in milliseconds.
fn stamp(segment: &Path) -> Option<i64> {
    segment.file_name()?.to_str()?.split_once('-')?.0.parse().ok()
}

fn count(segment: &Path) -> usize {
    fs::read(segment).map(|b| memchr::memchr_iter(b'\n', &b).count()).unwrap_or(0)
}

/// One call to write, on a file opened for appending: lines of two processes do not mix. A torn line
/// of a crash before is closed first.
fn append_line(segment: &Path, line: &[u8]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).append(true).read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(segment)?;
    let torn = ends_torn(&mut file)?;
    if torn { file.write_all(&[b"\n", line].concat()) } else { file.write_all(line) }
}

fn ends_torn(file: &mut fs::File) -> std::io::Result<bool> {
    use std::io::{Read, Seek, SeekFrom};
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last[0] != b'\n')
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    // What has no line end was torn, or is being written just now.
    let whole = memchr::memrchr(b'\n', bytes).map_or(0, |end| end + 1);
    bytes[..whole].split(|b| *b == b'\n').filter(|l| !l.is_empty())
}

fn head(e: &HistoryEntry) -> Json {
    json!({
        "id": e.id,
        "at": e.at.to_string(),
        "path": e.path.as_ref().map(ItemPath::as_str),
        "environment": e.environment,
        "name": e.name,
        "method": e.method,
        "url": e.url,
        "status": e.status,
        "duration_ms": e.duration_ms,
        "size": e.size,
        "failure": e.failure,
    })
}

fn parse(line: &[u8], detail: bool) -> Option<HistoryEntry> {
    // JSON escapes tabs, so the first one ends the head.
    let tab = memchr::memchr(b'\t', line)?;
    let head: Json = serde_json::from_slice(&line[..tab]).ok()?;
    let text = |key: &str| head.get(key)?.as_str().map(str::to_owned);
    let number = |key: &str| head.get(key).and_then(Json::as_u64);
    let detail = if detail { Some(serde_json::from_slice(&line[tab + 1..]).ok()?) } else { None };
    Some(HistoryEntry {
        id: text("id")?,
        at: text("at")?.parse().ok()?,
        path: text("path").map(ItemPath::new),
        environment: text("environment")?,
        name: text("name")?,
        method: text("method")?,
        url: text("url")?,
        status: number("status").and_then(|n| u16::try_from(n).ok()),
        duration_ms: number("duration_ms"),
        size: number("size"),
        failure: text("failure"),
        detail: detail.filter(|d: &Json| !d.is_null()),
    })
}

#[cfg(test)]
mod tests;
