//! Files the user asked for by name (a body, a credentials file): written whole or not at all.

use crate::model::exchange::BodyData;
use crate::model::problem::{Problem, ProblemKind};
use std::io::{self, Write};
use std::path::Path;

/// Who may read the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Whoever the user's umask lets.
    Usual,
    /// Only the user: it holds a secret.
    Private,
}

/// Writes bytes to a file; whoever looks sees the old content or all of the new.
pub fn bytes(path: &Path, content: &[u8], access: Access) -> Result<(), Problem> {
    whole(path, access, |file| file.write_all(content))
}

/// Writes a body to a file.
pub fn body(path: &Path, body: &BodyData) -> Result<(), Problem> {
    whole(path, Access::Usual, |file| match body {
        BodyData::Empty => Ok(()),
        BodyData::Memory(bytes) => file.write_all(bytes),
        BodyData::Spooled(spooled) => io::copy(&mut std::fs::File::open(&spooled.path)?, file).map(|_| ()),
    })
}

fn whole(
    path: &Path,
    access: Access,
    fill: impl FnOnce(&mut std::fs::File) -> io::Result<()>,
) -> Result<(), Problem> {
    let write = || -> io::Result<()> {
        // `/dev/null`, `/dev/stdout`, a pipe: nothing to replace.
        if path.metadata().is_ok_and(|m| !m.is_file() && !m.is_dir()) {
            return fill(&mut std::fs::OpenOptions::new().write(true).open(path)?);
        }
        let dir = match path.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".hallpass-");
        #[cfg(unix)]
        if access == Access::Usual {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        #[cfg(not(unix))]
        let _ = access;
        let mut file = builder.tempfile_in(dir)?;
        fill(file.as_file_mut())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|e| e.error)?;
        Ok(())
    };
    write().map_err(|e| {
        Problem::new(
            ProblemKind::File,
            "cannot write the file",
            e.to_string(),
            "check that its directory is there and may be written to",
        )
        .in_file(path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_written_names_itself() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("no/such/dir/x");
        let problem = bytes(&path, b"x", Access::Private).unwrap_err();
        assert_eq!(problem.file.as_deref(), Some(path.as_path()));
    }

    #[cfg(unix)]
    #[test]
    fn a_private_file_is_only_the_users_from_its_first_moment() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("credentials.txt");
        bytes(&path, b"secret", Access::Private).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read(&path).unwrap(), b"secret");
    }
}
