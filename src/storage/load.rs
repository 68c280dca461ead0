//! A whole workspace from disk. What is broken becomes a problem; the rest loads.

use super::read_parts::{self, FolderFile, is_plain_name};
use super::read_request;
use super::source::{MAX_FILE, Source};
use super::{atomic, read_profile, typed::Typed};
use crate::model::id::ItemPath;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::tree::{Folder, Item, Node};
use crate::model::workspace::{FORMAT, Workspace};
use std::collections::HashSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use toml_edit::TableLike;

/// The file that makes a directory a workspace.
pub const MARKER: &str = "hallpass.toml";

/// Deeper folders are not read: a path that long breaks on some platform anyway.
const MAX_DEPTH: usize = 32;

/// Reads a workspace.
pub fn workspace(root: &Path) -> Result<Workspace, Problem> {
    let root = fs::canonicalize(root).map_err(|e| {
        Problem::new(
            ProblemKind::File,
            "cannot open the workspace",
            io_words(&e),
            "name a directory that exists, or make one with `hallpass init`",
        )
        .in_file(root)
    })?;
    fs::read_dir(&root).map_err(|e| {
        Problem::new(ProblemKind::File, "cannot open the workspace", io_words(&e), "check its permissions")
            .in_file(&root)
    })?;
    let mut w = Workspace { root: root.clone(), ..Workspace::default() };
    w.name = root.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    marker(&root, &mut w);
    for (file, stem) in toml_files(&root.join("environments"), &mut w.problems) {
        match read(&file).and_then(|s| read_parts::environment(&s, &stem)) {
            Ok(environment) => w.environments.push(environment),
            Err(problem) => w.problems.push(problem),
        }
    }
    for (file, stem) in toml_files(&root.join("auth"), &mut w.problems) {
        match read(&file).and_then(|s| read_profile::profile(&s, &stem)) {
            Ok(profile) => w.profiles.push(profile),
            Err(problem) => w.problems.push(problem),
        }
    }
    collections(&root, &mut w);
    Ok(w)
}

fn marker(root: &Path, w: &mut Workspace) {
    let path = root.join(MARKER);
    if !path.exists() {
        return;
    }
    let read = read(&path).and_then(|source| {
        let document = source.parse()?;
        let table: &dyn TableLike = document.as_table();
        let t = Typed { source: &source, noun: "workspace" };
        if let Some(item) = table.get("format") {
            let format = item.as_integer().ok_or_else(|| {
                t.wrong(item, "format", "a whole number", format!("write `format = {FORMAT}`"))
            })?;
            if format > FORMAT {
                w.read_only = true;
                w.problems.push(t.odd(
                    item,
                    format!("its format is {format}, this version knows up to {FORMAT}: opened read-only"),
                    "update hallpass to change anything here",
                ));
            } else if format < 1 {
                return Err(t.odd(item, "there is no such format", format!("write `format = {FORMAT}`")));
            }
        }
        if let Some(name) = t.text(table, "name")?.filter(|n| !n.is_empty()) {
            w.name = name;
        }
        w.default_environment = t.text(table, "default_environment")?.filter(|n| !n.is_empty());
        Ok(())
    });
    if let Err(problem) = read {
        w.problems.push(problem);
    }
}

/// True when the workspace says a newer format (nothing may be written).
pub fn is_newer(root: &Path) -> bool {
    let Ok(source) = read(&root.join(MARKER)) else { return false };
    let Ok(document) = source.parse() else { return false };
    document.get("format").and_then(toml_edit::Item::as_integer).is_some_and(|f| f > FORMAT)
}

/// Reads and decodes one file; only regular files (or links to them) are opened.
pub fn read(path: &Path) -> Result<Source, Problem> {
    let bytes = read_bytes(path)?;
    Source::decode(path, &bytes)
}

/// The bytes of one regular file, bounded.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>, Problem> {
    let fail = |e: &std::io::Error| {
        Problem::new(
            ProblemKind::File,
            "cannot read the file",
            io_words(e),
            "check that it exists and may be read",
        )
        .in_file(path)
    };
    let meta = fs::metadata(path).map_err(|e| fail(&e))?;
    if !meta.is_file() {
        return Err(Problem::new(
            ProblemKind::File,
            "cannot read the file",
            "it is not a regular file",
            "put a file in its place",
        )
        .in_file(path));
    }
    // Room for all of it and the end: one read, not one for each doubling.
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len().min(MAX_FILE)).unwrap_or(0) + 1);
    fs::File::open(path).and_then(|f| f.take(MAX_FILE + 1).read_to_end(&mut bytes)).map_err(|e| fail(&e))?;
    Ok(bytes)
}

/// The system's own words, without Rust's decoration.
pub fn io_words(e: &std::io::Error) -> String {
    let text = e.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    text.chars().next().map(|c| c.to_lowercase().to_string() + &text[c.len_utf8()..]).unwrap_or_default()
}

struct Entry {
    path: PathBuf,
    name: String,
    is_dir: bool,
    is_link: bool,
}

/// What stands in a directory, by name; stale temporary files of ours are swept on the way.
fn entries(dir: &Path, problems: &mut Vec<Problem>) -> Vec<Entry> {
    let listing = match fs::read_dir(dir) {
        Ok(listing) => listing,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Err(e) => {
            problems.push(
                Problem::new(
                    ProblemKind::File,
                    "cannot read the directory",
                    io_words(&e),
                    "check its permissions",
                )
                .in_file(dir),
            );
            return Vec::new();
        }
    };
    let mut out = Vec::new();
    for entry in listing.flatten() {
        let path = entry.path();
        let Ok(name) = entry.file_name().into_string() else {
            problems.push(
                Problem::new(
                    ProblemKind::File,
                    "this name is not UTF-8",
                    "it cannot be shown or selected",
                    "rename it",
                )
                .in_file(path),
            );
            continue;
        };
        if name.starts_with('.') {
            atomic::sweep(&path, &name);
            continue;
        }
        let is_link = entry.file_type().is_ok_and(|t| t.is_symlink());
        let is_dir = fs::metadata(&path).is_ok_and(|m| m.is_dir());
        out.push(Entry { path, name, is_dir, is_link });
    }
    out.sort_by(|a, b| a.name.cmp(&b.name));
    out
}

fn toml_files(dir: &Path, problems: &mut Vec<Problem>) -> Vec<(PathBuf, String)> {
    let files = entries(dir, problems).into_iter().filter(|e| !e.is_dir);
    files.filter_map(|e| e.name.strip_suffix(".toml").map(|s| (e.path.clone(), s.to_owned()))).collect()
}

fn collections(root: &Path, w: &mut Workspace) {
    let dir = root.join("collections");
    let mut seen = HashSet::new();
    for entry in entries(&dir, &mut w.problems) {
        if entry.is_dir {
            let path = ItemPath::new(&entry.name);
            if enter(root, &entry, &mut seen, &mut w.problems) {
                let folder = folder(root, &entry.path, path, &mut seen, &mut w.problems);
                w.collections.push(folder);
            }
        } else if entry.name.ends_with(".toml") {
            w.problems.push(
                Problem::new(
                    ProblemKind::File,
                    "this request stands in no collection",
                    "directly below `collections/` only directories count",
                    "move it into a directory",
                )
                .in_file(&entry.path)
                .at(1, 1),
            );
        }
    }
    w.collections.sort_by(|a, b| a.name.to_lowercase().cmp(&b.name.to_lowercase()).then(a.path.cmp(&b.path)));
}

/// Whether a directory may be gone into: a link only when it stays in the workspace, nothing twice.
fn enter(root: &Path, entry: &Entry, seen: &mut HashSet<PathBuf>, problems: &mut Vec<Problem>) -> bool {
    let Ok(real) = fs::canonicalize(&entry.path) else { return false };
    let why = if entry.is_link && !real.starts_with(root) {
        "the link leads out of the workspace"
    } else if real == root || root.starts_with(&real) || !seen.insert(real) {
        "the link leads back to a directory that is read already"
    } else {
        return true;
    };
    problems.push(
        Problem::new(
            ProblemKind::File,
            "this directory is passed over",
            why,
            "copy the files here instead of linking them",
        )
        .in_file(&entry.path),
    );
    false
}

/// The file of a folder's own settings: `collection.toml` or `folder.toml`.
pub fn folder_file(dir: &Path, depth: usize) -> PathBuf {
    let (first, second) =
        if depth == 0 { ("collection.toml", "folder.toml") } else { ("folder.toml", "collection.toml") };
    let usual = dir.join(first);
    let other = dir.join(second);
    if !usual.exists() && other.exists() { other } else { usual }
}

/// True for the stems that name a folder's own file.
pub fn is_reserved_stem(stem: &str) -> bool {
    stem.eq_ignore_ascii_case("collection") || stem.eq_ignore_ascii_case("folder")
}

fn folder(
    root: &Path,
    dir: &Path,
    path: ItemPath,
    seen: &mut HashSet<PathBuf>,
    problems: &mut Vec<Problem>,
) -> Folder {
    let file = folder_file(dir, path.depth());
    let mut stated = FolderFile::default();
    let mut broken = None;
    // A link that leads nowhere is a broken file, not a missing one.
    if file.symlink_metadata().is_ok() {
        match read(&file).and_then(|source| read_parts::folder(&source).map(|f| (source, f))) {
            Ok((source, read)) => {
                for (entry, at) in &read.odd_entries {
                    problems.push(source.problem(
                        *at,
                        "an entry of `order` is passed over",
                        format!("`{}` is no name of a file or folder here", entry.escape_debug()),
                        "write file stems and folder names of this directory only",
                    ));
                }
                stated = read;
            }
            Err(problem) => {
                broken = Some(problem.clone());
                problems.push(problem);
            }
        }
    }
    let mut nodes = Vec::new();
    let mut names: HashSet<String> = HashSet::new();
    let listing = entries(dir, problems);
    for entry in &listing {
        if entry.is_dir {
            let below = path.join(&entry.name);
            if below.depth() > MAX_DEPTH {
                problems.push(
                    Problem::new(
                        ProblemKind::File,
                        "this folder is passed over",
                        format!("it stands more than {MAX_DEPTH} folders deep"),
                        "move it up",
                    )
                    .in_file(&entry.path),
                );
            } else if enter(root, entry, seen, problems) {
                names.insert(entry.name.clone());
                nodes.push(Node::Folder(folder(root, &entry.path, below, seen, problems)));
            }
        }
    }
    for entry in &listing {
        let Some(stem) = entry.name.strip_suffix(".toml").filter(|_| !entry.is_dir) else { continue };
        if is_reserved_stem(stem) {
            continue;
        }
        if names.contains(stem) {
            problems.push(
                Problem::new(
                    ProblemKind::File,
                    "this request is passed over",
                    format!("a folder beside it has the same name `{}`", stem.escape_debug()),
                    "rename one of the two",
                )
                .in_file(&entry.path)
                .at(1, 1),
            );
            continue;
        }
        match read(&entry.path).and_then(|s| read_request::request(&s, stem)) {
            Ok(request) => nodes.push(Node::Request(Item { path: path.join(stem), request })),
            Err(problem) => problems.push(problem),
        }
    }
    let name = stated.name.unwrap_or_else(|| path.stem().to_owned());
    Folder {
        name,
        description: stated.description,
        auth: stated.auth,
        variables: stated.variables,
        headers: stated.headers,
        children: arrange(nodes, stated.order.as_deref().unwrap_or_default()),
        path,
        broken,
    }
}

/// What `order` names first, in its order; the rest by stem.
fn arrange(mut nodes: Vec<Node>, order: &[String]) -> Vec<Node> {
    nodes.sort_by(|a, b| a.path().cmp(b.path()));
    let mut out = Vec::with_capacity(nodes.len());
    for stem in order {
        if let Some(at) = nodes.iter().position(|n| n.path().stem() == stem) {
            out.push(nodes.remove(at));
        }
    }
    out.extend(nodes);
    out
}

/// A path below `collections/`, when every part of it is a plain name.
pub fn checked(path: &ItemPath) -> Result<(), Problem> {
    if path.as_str().split('/').all(is_plain_name) {
        return Ok(());
    }
    Err(Problem::new(
        ProblemKind::Usage,
        "this is no place in the workspace",
        format!("`{}` leads out of it", path.as_str().escape_debug()),
        "name a request or folder of the workspace",
    ))
}
