//! Files replaced whole or not at all: temporary file beside the target, sync, rename, sync directory.

use super::load::io_words;
use crate::model::problem::{Problem, ProblemKind};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Temporary files of ours begin so; what is left of a killed process is swept when it is old enough.
const PREFIX: &str = ".hallpass-";
const SUFFIX: &str = ".tmp";
const STALE: Duration = Duration::from_secs(60);

/// Who may read a file that is made new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// What the user's umask gives. An existing file keeps its mode.
    Shared,
    /// Only the user: 0600, from the first byte.
    Private,
}

/// Replaces a file by these bytes. On any failure the old file is as it was. Missing directories are made.
pub fn write(path: &Path, bytes: &[u8], access: Access) -> Result<(), Problem> {
    replace(path, bytes, access).map_err(|e| {
        Problem::new(
            ProblemKind::File,
            "cannot save the file",
            io_words(&e),
            "nothing was changed; make room or check the permissions of its directory, then save again",
        )
        .in_file(path)
    })
}

fn replace(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    // A link (as dotfile managers make) stays a link: its target is replaced.
    let target = match fs::symlink_metadata(path) {
        Ok(meta) if meta.file_type().is_symlink() => fs::canonicalize(path)?,
        _ => path.to_path_buf(),
    };
    let dir = target.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_dirs(dir, access)?;
    let (temp, mut file) = create_temp(dir, access)?;
    let guard = Remove(&temp);
    if access == Access::Shared
        && let Ok(meta) = fs::metadata(&target)
    {
        if meta.permissions().readonly() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"));
        }
        file.set_permissions(meta.permissions())?;
    }
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&temp, &target)?;
    std::mem::forget(guard);
    sync_dir(dir);
    Ok(())
}

/// Takes a file away; one that is not there is fine.
pub fn remove(path: &Path) -> Result<(), Problem> {
    match fs::remove_file(path) {
        Ok(()) => {
            if let Some(dir) = path.parent() {
                sync_dir(dir);
            }
            Ok(())
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(Problem::new(
            ProblemKind::File,
            "cannot delete the file",
            io_words(&e),
            "check the permissions of its directory",
        )
        .in_file(path)),
    }
}

struct Remove<'a>(&'a PathBuf);

impl Drop for Remove<'_> {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.0);
    }
}

/// Makes directories; private ones are 0700 from the start.
pub fn make_dirs(dir: &Path, access: Access) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    if access == Access::Private {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    #[cfg(not(unix))]
    let _ = access;
    builder.create(dir)
}

fn create_temp(dir: &Path, access: Access) -> io::Result<(PathBuf, File)> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if access == Access::Private {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = access;
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for _ in 0..16 {
        let temp = dir.join(format!("{PREFIX}{}{SUFFIX}", uuid::Uuid::new_v4().simple()));
        match options.open(&temp) {
            Ok(file) => return Ok((temp, file)),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => last = e,
            Err(e) => return Err(e),
        }
    }
    Err(last)
}

/// Best effort: some platforms and file systems cannot sync a directory.
fn sync_dir(dir: &Path) {
    if let Ok(dir) = File::open(dir) {
        let _ = dir.sync_all();
    }
}

/// Deletes the temporary files of ours that killed processes left in a directory.
pub fn sweep_dir(dir: &Path) {
    let Ok(listing) = fs::read_dir(dir) else { return };
    for entry in listing.flatten() {
        if let Ok(name) = entry.file_name().into_string() {
            sweep(&entry.path(), &name);
        }
    }
}

/// Deletes a temporary file of ours that a killed process left behind.
pub fn sweep(path: &Path, name: &str) {
    if !(name.starts_with(PREFIX) && name.ends_with(SUFFIX)) {
        return;
    }
    let Ok(meta) = fs::symlink_metadata(path) else { return };
    let age = meta.modified().ok().and_then(|at| SystemTime::now().duration_since(at).ok());
    if meta.is_file() && age.is_some_and(|age| age >= STALE) {
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_mode_of_an_old_file_is_kept_and_a_private_one_is_0600() {
        let dir = tempfile::tempdir().unwrap();
        let a = dir.path().join("a");
        fs::write(&a, "old").unwrap();
        fs::set_permissions(&a, fs::Permissions::from_mode(0o664)).unwrap();
        write(&a, b"new", Access::Shared).unwrap();
        assert_eq!((mode(&a), fs::read(&a).unwrap()), (0o664, b"new".to_vec()));
        let b = dir.path().join("deep/b");
        write(&b, b"x", Access::Private).unwrap();
        assert_eq!((mode(&b), mode(b.parent().unwrap())), (0o600, 0o700));
    }

    #[test]
    fn a_link_stays_a_link_and_its_target_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        fs::write(&real, "old").unwrap();
        symlink(&real, &link).unwrap();
        write(&link, b"new", Access::Shared).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().file_type().is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"new");
    }

    #[test]
    fn a_failed_save_leaves_the_old_file_and_no_litter() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("taken");
        fs::create_dir(&target).unwrap();
        fs::write(target.join("x"), "x").unwrap();
        assert!(write(&target, b"new", Access::Shared).is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn only_our_own_old_temporary_files_are_swept() {
        let dir = tempfile::tempdir().unwrap();
        let old = dir.path().join(".hallpass-1.tmp");
        let fresh = dir.path().join(".hallpass-2.tmp");
        let other = dir.path().join(".other.tmp");
        for f in [&old, &fresh, &other] {
            let file = File::create(f).unwrap();
            if f != &fresh {
                file.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
            }
        }
        for f in [&old, &fresh, &other] {
            sweep(f, &f.file_name().unwrap().to_string_lossy());
        }
        assert_eq!((old.exists(), fresh.exists(), other.exists()), (false, true, true));
    }
}
