//! The audit log: one JSON line for each thing that happened to a token. Holds no secret.

use super::atomic::{Access, make_dirs};
use super::load::io_words;
use super::private_file::{self, lock};
use super::state::{key, state_dir};
use crate::flow::events::{Audit, TokenEvent};
use crate::model::problem::{Problem, ProblemKind};
use serde_json::{Value as Json, json};
use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A file that has grown so large becomes the old one; the one before that goes.
const LIMIT: u64 = 1024 * 1024;

/// The log of this user.
#[derive(Debug, Clone)]
pub struct AuditLog {
    dir: PathBuf,
    limit: u64,
}

impl AuditLog {
    /// In the user's state directory.
    pub fn of_user() -> Result<AuditLog, Problem> {
        Ok(AuditLog::at(state_dir()?))
    }

    /// In any directory.
    pub fn at(dir: PathBuf) -> AuditLog {
        AuditLog { dir, limit: LIMIT }
    }

    fn file(&self) -> PathBuf {
        self.dir.join("audit.jsonl")
    }

    fn old(&self) -> PathBuf {
        self.dir.join("audit.old.jsonl")
    }

    fn append(&self, line: &str) -> io::Result<()> {
        make_dirs(&self.dir, Access::Private)?;
        let _lock = lock(&self.dir.join("audit.lock"))?;
        let path = self.file();
        if fs::symlink_metadata(&path).is_ok_and(|m| m.len() >= self.limit) {
            fs::rename(&path, self.old())?;
        }
        let mut file =
            private_file::open(fs::OpenOptions::new().create(true).append(true).read(true), &path)?;
        let end = file.metadata()?.len();
        // A line that a killed process left half written ends here.
        let mut last = [b'\n'];
        if end > 0 {
            file.seek(SeekFrom::Start(end - 1))?;
            file.read_exact(&mut last)?;
        }
        let gap = if last == [b'\n'] { "" } else { "\n" };
        file.write_all(format!("{gap}{line}\n").as_bytes())
    }

    /// The newest events, newest first; of one workspace, or of all. Lines that cannot be read are passed over.
    pub fn recent(&self, root: Option<&Path>, n: usize) -> Result<Vec<Json>, Problem> {
        let wanted = root.map(key);
        let mut out = Vec::new();
        for path in [self.file(), self.old()] {
            let text = match read(&path, self.limit) {
                Ok(text) => text,
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                Err(e) => {
                    let next = "check its permissions";
                    return Err(Problem::new(
                        ProblemKind::File,
                        "cannot read the audit log",
                        io_words(&e),
                        next,
                    )
                    .in_file(path));
                }
            };
            let lines = text.lines().rev().filter_map(|line| serde_json::from_str::<Json>(line).ok());
            let of_root =
                lines.filter(|line| wanted.as_deref().is_none_or(|w| line["workspace"].as_str() == Some(w)));
            out.extend(of_root.take(n - out.len()));
            if out.len() >= n {
                break;
            }
        }
        Ok(out)
    }
}

impl Audit for AuditLog {
    fn note(&self, root: &Path, event: &TokenEvent) {
        let line = json!({
            "at": event.at.to_string(),
            "what": event.what.word(),
            "environment": event.key.environment,
            "profile": event.key.profile,
            "identity": event.key.identity,
            "scope": event.key.scope,
            "audience": event.key.audience,
            "detail": event.detail,
            "workspace": key(root),
        });
        // A log that cannot be written stops no request.
        let _ = self.append(&line.to_string());
    }
}

/// The end of a file, a little more than it may hold.
fn read(path: &Path, limit: u64) -> io::Result<String> {
    let mut file = private_file::open(fs::OpenOptions::new().read(true), path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(private_file::special());
    }
    let most = limit.saturating_mul(2);
    file.seek(SeekFrom::Start(meta.len().saturating_sub(most)))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The newest events of a workspace, or of all, newest first.
pub fn list(root: Option<&Path>, n: usize) -> Result<Vec<Json>, Problem> {
    AuditLog::of_user()?.recent(root, n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::events::TokenEventKind;
    use crate::model::token::TokenKey;

    fn event(n: usize) -> TokenEvent {
        TokenEvent {
            at: jiff::Timestamp::UNIX_EPOCH,
            what: TokenEventKind::Refreshed,
            key: TokenKey { environment: "dev".into(), profile: format!("p{n}"), ..TokenKey::default() },
            detail: "line\nbreak \"quoted\"".into(),
        }
    }

    fn profiles(events: &[Json]) -> Vec<&str> {
        events.iter().filter_map(|e| e["profile"].as_str()).collect()
    }

    #[test]
    fn events_are_lines_and_come_back_newest_first_for_their_workspace() {
        let dir = tempfile::tempdir().unwrap();
        let log = AuditLog::at(dir.path().join("state"));
        assert_eq!(log.recent(None, 5).unwrap(), Vec::<Json>::new());
        for n in 0..4 {
            log.note(Path::new(if n == 2 { "/other" } else { "/w" }), &event(n));
        }
        assert_eq!(profiles(&log.recent(Some(Path::new("/w")), 2).unwrap()), ["p3", "p1"]);
        assert_eq!(log.recent(None, 9).unwrap().len(), 4);
        let last = &log.recent(None, 1).unwrap()[0];
        let keys: Vec<&str> = last.as_object().unwrap().keys().map(String::as_str).collect();
        let all =
            ["at", "what", "environment", "profile", "identity", "scope", "audience", "detail", "workspace"];
        assert_eq!(keys, all);
        assert_eq!(
            (last["what"].as_str(), last["detail"].as_str()),
            (Some("refreshed"), Some("line\nbreak \"quoted\""))
        );
    }

    #[test]
    fn the_log_is_bounded_and_a_torn_line_costs_only_itself() {
        let dir = tempfile::tempdir().unwrap();
        let log = AuditLog { dir: dir.path().to_path_buf(), limit: 2000 };
        for n in 0..100 {
            log.note(Path::new("/w"), &event(n));
        }
        let size: u64 = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().metadata().unwrap().len()).sum();
        assert!(size < 5000, "{size}");
        fs::write(log.file(), "{\"profile\":\"to").unwrap();
        log.note(Path::new("/w"), &event(100));
        let events = log.recent(None, 3).unwrap();
        assert_eq!(profiles(&events)[0], "p100");
        assert_eq!(events.len(), 3, "the older file is read on");
    }

    #[cfg(unix)]
    #[test]
    fn it_is_private_and_is_not_written_through_a_link() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let dir = tempfile::tempdir().unwrap();
        let log = AuditLog::at(dir.path().join("state"));
        log.note(Path::new("/w"), &event(0));
        assert_eq!(fs::metadata(log.file()).unwrap().permissions().mode() & 0o777, 0o600);
        fs::remove_file(log.file()).unwrap();
        let other = dir.path().join("other");
        fs::write(&other, "mine").unwrap();
        symlink(&other, log.file()).unwrap();
        log.note(Path::new("/w"), &event(1));
        assert_eq!(fs::read_to_string(other).unwrap(), "mine");
    }

    #[test]
    fn lines_of_many_writers_are_whole() {
        let dir = tempfile::tempdir().unwrap();
        let log = AuditLog::at(dir.path().to_path_buf());
        let threads: Vec<_> = (0..8)
            .map(|n| {
                let log = log.clone();
                std::thread::spawn(move || (0..20).for_each(|_| log.note(Path::new("/w"), &event(n))))
            })
            .collect();
        threads.into_iter().for_each(|t| t.join().unwrap());
        assert_eq!(log.recent(None, 1000).unwrap().len(), 160);
    }
}
