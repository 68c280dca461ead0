//! Files that are nobody else's: opened so that no link, pipe or stranger's file is taken for ours.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long another process may hold a lock before we say so instead of waiting on. One that merely
/// queues behind fifty others is served within it.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Opens a file by its own name, never through a link, and never waiting for the other end of a pipe.
/// What is asked about it later is the open file, so that nothing can be put in its place in between.
pub(super) fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.mode(0o600).custom_flags(flags.bits().cast_signed());
    }
    #[cfg(not(unix))]
    if fs::symlink_metadata(path).is_ok_and(|m| m.file_type().is_symlink()) {
        return Err(special());
    }
    options.open(path)
}

/// What a link and a special file are refused with.
pub(super) fn special() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it is a link or a special file, not a regular file")
}

/// True when an open file belongs to somebody else.
#[cfg(unix)]
pub(super) fn is_foreign(meta: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    meta.uid() != rustix::process::geteuid().as_raw()
}

/// Access is not by owner here.
#[cfg(not(unix))]
pub(super) fn is_foreign(_meta: &fs::Metadata) -> bool {
    false
}

/// A lock file, made if need be, not locked yet.
fn lock_file(path: &Path) -> io::Result<File> {
    if fs::symlink_metadata(path).is_ok_and(|m| !m.is_file()) {
        return Err(special());
    }
    let file = open(OpenOptions::new().create(true).truncate(false).write(true), path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(special());
    }
    if is_foreign(&meta) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user"));
    }
    Ok(file)
}

/// An exclusive lock on a file of its own (a data file is replaced by each write). Released on drop
/// and when the process dies. Where locking is not possible (some network file systems) it is done without.
pub(super) fn lock(path: &Path) -> io::Result<File> {
    let file = lock_file(path)?;
    wait_for(&file)?;
    Ok(file)
}

/// The same, where going on without a lock is worth knowing: `None` when it cannot be had in `patience`.
pub(super) fn lock_or_none(path: &Path, patience: Duration) -> Option<File> {
    let file = lock_file(path).ok()?;
    let deadline = Instant::now() + patience;
    loop {
        match file.try_lock() {
            Ok(()) => return Some(file),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => pause(),
            Err(_) => return None,
        }
    }
}

/// A lock on a directory itself, where the platform has such: nothing is left behind in it.
#[cfg(unix)]
pub(super) fn lock_dir(dir: &Path) -> io::Result<Option<File>> {
    let file = File::open(dir)?;
    wait_for(&file)?;
    Ok(Some(file))
}

/// There is none here; the comparison just before a write has to do.
#[cfg(not(unix))]
pub(super) fn lock_dir(_dir: &Path) -> io::Result<Option<File>> {
    Ok(None)
}

fn wait_for(file: &File) -> io::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while let Err(TryLockError::WouldBlock) = file.try_lock() {
        if Instant::now() >= deadline {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "another hallpass holds it and does not let go",
            ));
        }
        pause();
    }
    Ok(())
}

/// Uneven, so that those who wait do not all come back at once.
fn pause() {
    std::thread::sleep(Duration::from_micros(fastrand::u64(1_000..6_000)));
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_lock_file_is_private_and_neither_a_link_nor_a_pipe_nor_a_directory_is_taken_for_one() {
        let dir = tempfile::tempdir().unwrap();
        let own = dir.path().join("own");
        drop(lock(&own).unwrap());
        assert_eq!(fs::metadata(&own).unwrap().permissions().mode() & 0o777, 0o600);
        let (link, dangling, pipe) =
            (dir.path().join("link"), dir.path().join("dangling"), dir.path().join("pipe"));
        symlink(&own, &link).unwrap();
        symlink(dir.path().join("made"), &dangling).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        for bad in [&link, &dangling, &pipe, &dir.path().to_path_buf()] {
            assert!(lock(bad).is_err(), "{}", bad.display());
            assert!(lock_or_none(bad, Duration::ZERO).is_none());
        }
        assert!(!dir.path().join("made").exists(), "nothing is made through a link");
    }

    #[test]
    fn a_lock_that_is_held_is_waited_for_and_then_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("l");
        let held = lock(&path).unwrap();
        assert!(lock_or_none(&path, Duration::from_millis(20)).is_none());
        let waiting = std::thread::spawn({
            let path = path.clone();
            move || lock_or_none(&path, Duration::from_secs(60)).is_some()
        });
        drop(held);
        assert!(waiting.join().unwrap());
    }
}
