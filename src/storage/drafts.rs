//! Unsaved requests when the terminal goes away: kept per user and workspace in one private file,
//! taken out again when the screen next opens. A request that holds a literal secret is not kept.

use super::atomic::{self, Access};
use super::source::Source;
use super::{paths, read_request, save};
use crate::model::edit::Unsaved;
use crate::model::id::ItemPath;
use crate::model::problem::Problem;
use crate::model::request::Request;
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Keeps drafts; what was kept before and not taken is replaced.
pub fn keep(root: &Path, drafts: &[Unsaved]) -> Result<(), Problem> {
    match paths::state_dir() {
        Some(dir) => keep_in(&dir, root, drafts),
        None => Ok(()),
    }
}

/// Takes the drafts of a workspace out. What cannot be read is left where it is.
pub fn take(root: &Path) -> Vec<Unsaved> {
    paths::state_dir().map(|dir| take_in(&dir, root)).unwrap_or_default()
}

fn file(dir: &Path, root: &Path) -> PathBuf {
    let key = super::state::key(root);
    let hash = digest(&SHA256, key.as_bytes());
    let hex: String = hash.as_ref()[..8].iter().map(|b| format!("{b:02x}")).collect();
    dir.join("drafts").join(format!("{hex}.json"))
}

fn keep_in(dir: &Path, root: &Path, drafts: &[Unsaved]) -> Result<(), Problem> {
    let file = file(dir, root);
    let mut texts: BTreeMap<&str, Json> = BTreeMap::new();
    for Unsaved { path, base, request } in drafts {
        // A literal secret is refused here as in any file.
        let text = |request: &Request| {
            let bytes = save::request(&Source::empty(&file), path.stem(), None, request).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        };
        if let Some(request) = text(request) {
            let base = base.as_ref().and_then(text);
            texts.insert(path.as_str(), json!({ "base": base, "request": request }));
        }
    }
    if texts.is_empty() {
        return Ok(());
    }
    let bytes = serde_json::to_vec_pretty(&texts).unwrap_or_default();
    atomic::write(&file, &bytes, Access::Private)
}

fn take_in(dir: &Path, root: &Path) -> Vec<Unsaved> {
    let file = file(dir, root);
    let Ok(bytes) = fs::read(&file) else { return Vec::new() };
    let Ok(texts) = serde_json::from_slice::<BTreeMap<String, Json>>(&bytes) else { return Vec::new() };
    let drafts = texts
        .into_iter()
        .filter_map(|(path, texts)| {
            let path = ItemPath::new(path);
            let read = |name: &str| {
                let source = Source::decode(&file, texts[name].as_str()?.as_bytes()).ok()?;
                read_request::request(&source, path.stem()).ok()
            };
            let (base, request) = (read("base"), read("request")?);
            Some(Unsaved { path, base, request })
        })
        .collect();
    let _ = fs::remove_file(&file);
    drafts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::auth::Auth;
    use crate::model::request::Body;

    #[test]
    fn drafts_come_back_once_and_only_in_their_workspace() {
        let state = tempfile::tempdir().unwrap();
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut request = Request::new("Create", "POST", "{{base_url}}/cases");
        request.body = Body::Json("{\n  \"a\": 1\n}\n".into());
        let base = Some(Request::new("Create", "GET", "http://h/before"));
        let drafts = vec![Unsaved { path: ItemPath::new("pega/create"), base, request }];
        keep_in(state.path(), one.path(), &drafts).unwrap();
        assert_eq!(take_in(state.path(), other.path()), []);
        assert_eq!(take_in(state.path(), one.path()), drafts);
        assert_eq!(take_in(state.path(), one.path()), []);
    }

    fn draft(request: Request) -> Unsaved {
        Unsaved { path: ItemPath::new("a/get"), base: None, request }
    }

    #[test]
    fn a_draft_with_a_literal_secret_is_never_written() {
        let state = tempfile::tempdir().unwrap();
        let root = tempfile::tempdir().unwrap();
        let mut request = Request::new("Get", "GET", "http://h/");
        request.auth = Auth::Bearer { token: "eyJhbGciOi.secret.value".into() };
        keep_in(state.path(), root.path(), &[draft(request)]).unwrap();
        assert!(!file(state.path(), root.path()).exists());
    }

    #[cfg(unix)]
    #[test]
    fn drafts_are_private() {
        use std::os::unix::fs::PermissionsExt;
        let state = tempfile::tempdir().unwrap();
        let root = tempfile::tempdir().unwrap();
        let drafts = vec![draft(Request::new("Get", "GET", "http://h/"))];
        keep_in(state.path(), root.path(), &drafts).unwrap();
        let mode = fs::metadata(file(state.path(), root.path())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
