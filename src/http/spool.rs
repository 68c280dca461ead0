//! Where a response body is collected: memory up to a limit, then a private file.

use crate::model::exchange::{BodyData, SPOOL_REMOVER, SpooledFile};
use bytes::Bytes;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempPath;

/// Collects a body. Dropping it without [`finish`](Sink::finish) leaves nothing on disk.
pub(super) struct Sink {
    memory: Vec<u8>,
    limit: u64,
    most: u64,
    file: Option<(File, TempPath)>,
    len: u64,
}

impl Sink {
    /// Keeps at most `limit` bytes in memory.
    pub fn new(limit: u64) -> Self {
        Self { memory: Vec::new(), limit, most: 0, file: None, len: 0 }
    }

    /// Is over once it holds more than `most`; 0: never.
    pub fn at_most(self, most: u64) -> Self {
        Self { most, ..self }
    }

    /// How much it may hold, once it holds more than that.
    pub fn over(&self) -> Option<u64> {
        (self.most > 0 && self.len > self.most).then_some(self.most)
    }

    /// Makes room for what the server announced. Only address space: a lie costs no memory.
    pub fn expect_len(&mut self, announced: u64) {
        let room = announced.min(self.limit);
        if let Ok(room) = usize::try_from(room) {
            // A refusal only means that the buffer grows as it is filled.
            let _ = self.memory.try_reserve_exact(room);
        }
    }

    /// Bytes so far.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Adds bytes. Writes to disk are synchronous: they happen only past the limit, in pieces of
    /// some ten kilobytes.
    pub fn push(&mut self, chunk: &[u8]) -> io::Result<()> {
        let len = self.len + chunk.len() as u64;
        if self.file.is_none() && len > self.limit {
            // Created 0600 on Unix.
            let (mut file, path) = tempfile::Builder::new().prefix("hallpass-body-").tempfile()?.into_parts();
            file.write_all(&self.memory)?;
            self.memory = Vec::new();
            self.file = Some((file, path));
        }
        match &mut self.file {
            Some((file, _)) => file.write_all(chunk)?,
            None => self.memory.extend_from_slice(chunk),
        }
        self.len = len;
        Ok(())
    }

    /// The collected body.
    pub fn finish(self) -> BodyData {
        match self.file {
            None if self.memory.is_empty() => BodyData::Empty,
            None => BodyData::Memory(Bytes::from(self.memory)),
            Some((file, path)) => {
                drop(file);
                let _ = SPOOL_REMOVER.set(remove);
                match path.keep() {
                    Ok(path) => BodyData::Spooled(Arc::new(SpooledFile { path, len: self.len })),
                    Err(_) => BodyData::Empty,
                }
            }
        }
    }
}

fn remove(path: &Path) {
    // Nobody is left to tell; the directory for temporary files is swept by the system.
    let _ = std::fs::remove_file(path);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_body_stays_in_memory() {
        let mut sink = Sink::new(8);
        sink.push(b"abc").unwrap();
        sink.push(b"defgh").unwrap();
        assert_eq!(sink.finish().bytes().unwrap(), "abcdefgh");
    }

    #[test]
    fn a_body_past_the_limit_is_in_a_private_file_that_goes_with_its_last_owner() {
        let mut sink = Sink::new(8);
        sink.push(b"abcdefgh").unwrap();
        sink.push(b"ijk").unwrap();
        let body = sink.finish();
        let copy = body.clone();
        drop(body);
        let BodyData::Spooled(file) = &copy else { panic!("not spooled") };
        let path = file.path.clone();
        assert_eq!(file.len, 11);
        assert_eq!(std::fs::read(&path).unwrap(), b"abcdefghijk");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        drop(copy);
        assert!(!path.exists());
    }

    #[test]
    fn a_sink_given_up_leaves_no_file() {
        let mut sink = Sink::new(1);
        sink.push(b"abc").unwrap();
        let path = sink.file.as_ref().map(|(_, p)| p.to_path_buf()).unwrap();
        drop(sink);
        assert!(!path.exists());
    }
}
