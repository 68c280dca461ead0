//! A secret out of a file. A workspace may come from anywhere and says itself where a secret is sent, so
//! a relative path stays in it, and what is personal is read only after the user was asked.

use super::{MAX_SECRET, secret_text, unresolved};
use crate::model::problem::Problem;
use crate::model::secret::Secret;
use crate::storage::load::io_words;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Where the file really is. A relative path and a link inside must stay in the workspace.
pub(super) fn locate(root: &Path, name: &str, file: &str) -> Result<PathBuf, Problem> {
    let path = root.join(file);
    let fail = |why: String, next: &str| unresolved(name, why, next.to_owned()).in_file(&path);
    let real = fs::canonicalize(&path)
        .map_err(|e| fail(io_words(&e), "write the secret into this file, or correct its path"))?;
    let real_root = fs::canonicalize(root).map_err(|e| fail(io_words(&e), "check the workspace"))?;
    let inside = !Path::new(file).is_absolute() || path.starts_with(root) || path.starts_with(&real_root);
    if inside && !real.starts_with(&real_root) {
        return Err(fail(
            "the path leads out of the workspace".to_owned(),
            "keep the file in the workspace, or write its absolute path",
        ));
    }
    if !real.is_file() {
        return Err(fail("it is not a regular file".to_owned(), "name a file"));
    }
    Ok(real)
}

/// True for what is outside the workspace and in the user's home, or is the system's own: keys, other
/// programs' tokens, passwords. What a container or a build mounts elsewhere is there to be read.
pub(super) fn is_personal(root: &Path, real: &Path) -> bool {
    let home = std::env::home_dir().and_then(|h| fs::canonicalize(h).ok());
    is_personal_of(home.as_deref(), root, real)
}

fn is_personal_of(home: Option<&Path>, root: &Path, real: &Path) -> bool {
    if fs::canonicalize(root).is_ok_and(|root| real.starts_with(root)) {
        return false;
    }
    let homes = ["/root", "/home", "/Users", "/etc", "/private/etc", "/proc", "/sys", "/dev"];
    home.filter(|h| h.parent().is_some()).is_some_and(|home| real.starts_with(home))
        || homes.iter().any(|dir| real.starts_with(dir))
}

/// Its text; `path` is what a problem names.
pub(super) fn read(real: &Path, path: &Path, name: &str) -> Result<Secret, Problem> {
    let fail = |why: String, next: &str| unresolved(name, why, next.to_owned()).in_file(path);
    let mut bytes = Zeroizing::new(Vec::new());
    fs::File::open(real)
        .and_then(|f| f.take(MAX_SECRET + 1).read_to_end(&mut bytes))
        .map_err(|e| fail(io_words(&e), "check its permissions"))?;
    secret_text(&bytes).map_err(|why| fail(why.to_owned(), "look at the file"))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn what_is_personal_is_told_from_the_workspace_and_from_what_is_mounted() {
        let dir = tempfile::tempdir().unwrap();
        let home = fs::canonicalize(dir.path()).unwrap();
        let root = home.join("work");
        fs::create_dir(&root).unwrap();
        let personal = |path: &Path| is_personal_of(Some(&home), &root, path);
        assert!(personal(&home.join(".ssh/id_rsa")) && personal(Path::new("/etc/shadow")));
        assert!(!personal(&root.join("secret")) && !personal(Path::new("/run/secrets/client")));
        assert!(!is_personal_of(Some(Path::new("/")), &root, Path::new("/run/secrets/client")));
    }

    #[test]
    fn a_link_of_the_workspace_that_leads_out_is_refused_by_its_absolute_path_too() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("work");
        fs::create_dir(&root).unwrap();
        fs::write(dir.path().join("outside"), "s").unwrap();
        std::os::unix::fs::symlink(dir.path().join("outside"), root.join("link")).unwrap();
        for file in ["link".to_owned(), root.join("link").display().to_string()] {
            let p = locate(&root, "s", &file).unwrap_err();
            assert!(p.why.contains("out of the workspace"), "{p}");
        }
        assert!(locate(&root, "s", &dir.path().join("outside").display().to_string()).is_ok());
    }
}
