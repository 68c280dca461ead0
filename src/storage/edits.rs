//! Edits carried out: each is computed on the files as they are now, then written as one.

use super::load::{self, checked, folder_file};
use super::names;
use super::order::Folders;
use super::read_parts;
use super::read_request;
use super::save;
use super::source::Source;
use super::transaction::{MEANWHILE, Transaction};
use crate::model::edit::{Change, Edit};
use crate::model::id::ItemPath;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::request::Request;
use std::path::{Path, PathBuf};

/// How often the change of one variable gives way to others before it gives up.
const SET_TRIES: u32 = 50;

/// Carries out an edit.
pub fn apply(root: &Path, edit: &Edit) -> Result<Change, Problem> {
    writable(root)?;
    // One variable is set whatever else became of the file: whoever came first is taken in.
    let mut tries = if matches!(edit, Edit::SetVariable { .. }) { SET_TRIES } else { 1 };
    loop {
        tries -= 1;
        match once(root, edit) {
            Err(problem) if tries > 0 && problem.why == MEANWHILE => {}
            outcome => return outcome,
        }
    }
}

fn once(root: &Path, edit: &Edit) -> Result<Change, Problem> {
    let mut editing = Editing::new(root);
    let (words, select) = editing.carry_out(edit)?;
    let change = editing.tx.commit(root, words, select)?;
    for dir in &editing.gone {
        remove_empty_below(dir);
    }
    Ok(change)
}

/// Removes a directory that holds nothing but empty ones; `git` does not know them, so undo need not.
fn remove_empty_below(dir: &Path) {
    let Ok(listing) = std::fs::read_dir(dir) else { return };
    for entry in listing.flatten() {
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            remove_empty_below(&entry.path());
        }
    }
    let _ = std::fs::remove_dir(dir);
}

/// Refuses a workspace of a newer format.
pub fn writable(root: &Path) -> Result<(), Problem> {
    if !load::is_newer(root) {
        return Ok(());
    }
    Err(Problem::new(
        ProblemKind::File,
        "nothing was changed",
        "the workspace has a newer format and is read-only here",
        "update hallpass",
    )
    .in_file(root.join(load::MARKER)))
}

/// What an edit did in words, and what should be selected.
pub type Outcome = Result<(String, Option<ItemPath>), Problem>;

/// An edit under way.
pub struct Editing<'a> {
    /// The workspace.
    pub root: &'a Path,
    /// What will be written.
    pub tx: Transaction,
    /// Directories whose files all go away.
    gone: Vec<PathBuf>,
}

enum Place {
    Request(PathBuf),
    Folder(PathBuf),
}

/// A refusal that is the user's to mend.
pub fn refusal(why: impl Into<String>, next: &str) -> Problem {
    Problem::new(ProblemKind::Usage, "nothing was changed", why, next)
}

impl<'a> Editing<'a> {
    /// Nothing gathered yet.
    pub fn new(root: &'a Path) -> Editing<'a> {
        Editing { root, tx: Transaction::new(), gone: Vec::new() }
    }
}

impl Editing<'_> {
    /// Gathers what an edit changes, on top of what was gathered before.
    fn carry_out(&mut self, edit: &Edit) -> Outcome {
        match edit {
            Edit::SaveRequest { path, base, request } => self.save_request(path, base, request),
            Edit::CreateRequest { parent, after, request } => {
                self.create_request(parent, after.as_deref(), request)
            }
            Edit::CreateFolder { parent, name } => self.create_folder(parent.as_ref(), name),
            Edit::Rename { path, name } => self.rename(path, name),
            Edit::Duplicate { path } => self.duplicate(path),
            Edit::Move { path, parent, index } => self.relocate(path, parent, *index),
            Edit::Delete { path } => self.delete(path),
            Edit::SaveEnvironment(environment) => self.save_environment(environment),
            Edit::SetVariable { environment, name, value } => {
                self.set_variable(environment, name, value.as_ref())
            }
            Edit::DeleteEnvironment(name) => self.delete_environment(name),
            Edit::SaveProfile(profile) => self.save_profile(profile),
            Edit::NewProfile { name, text } => self.new_profile(name, text),
            Edit::Several { words, edits } => {
                let mut select = None;
                for edit in edits {
                    select = self.carry_out(edit)?.1.or(select);
                }
                Ok((words.clone(), select))
            }
        }
    }

    /// The directory of a folder.
    pub fn dir(&self, path: &ItemPath) -> PathBuf {
        self.root.join("collections").join(path.as_str())
    }

    fn file(&self, path: &ItemPath) -> PathBuf {
        self.root.join("collections").join(format!("{path}.toml"))
    }

    fn place(&self, path: &ItemPath) -> Result<Place, Problem> {
        checked(path)?;
        let dir = self.dir(path);
        if dir.is_dir() {
            if dir.symlink_metadata().is_ok_and(|m| m.file_type().is_symlink()) {
                return Err(refusal("this folder is a link", "change what it points to instead"));
            }
            return Ok(Place::Folder(dir));
        }
        let file = self.file(path);
        if path.depth() > 0 && file.is_file() {
            return Ok(Place::Request(file));
        }
        Err(Problem::new(
            ProblemKind::File,
            "nothing was changed",
            format!("`{path}` is not there any more"),
            "reload the workspace",
        )
        .in_file(file))
    }

    fn folder_place(&self, path: &ItemPath) -> Result<PathBuf, Problem> {
        checked(path)?;
        let dir = self.dir(path);
        if dir.is_dir() {
            return Ok(dir);
        }
        Err(Problem::new(
            ProblemKind::File,
            "nothing was changed",
            format!("the folder `{path}` is not there"),
            "reload the workspace",
        )
        .in_file(dir))
    }

    /// A file as far as this edit has come; one that is not there reads as empty.
    pub fn source(&self, path: &Path) -> Result<Source, Problem> {
        match self.tx.current(path)? {
            Some(bytes) => Source::decode(path, &bytes),
            None => Ok(Source::empty(path)),
        }
    }

    fn save_request(&mut self, path: &ItemPath, base: &Request, new: &Request) -> Outcome {
        checked(path)?;
        let file = self.file(path);
        let Some(bytes) = self.tx.current(&file)? else {
            return Err(conflict(
                &file,
                "the file was deleted or renamed since it was read",
                "save it as a new request",
            ));
        };
        let source = Source::decode(&file, &bytes)?;
        let now = read_request::request(&source, path.stem())?;
        if now != *new {
            if now != *base {
                return Err(conflict(
                    &file,
                    "the file was changed since it was read",
                    "save as a new request to keep yours, or give up your changes to see the other version; nothing was overwritten",
                ));
            }
            let bytes = save::request(&source, path.stem(), Some(base), new)?;
            self.tx.set(&file, Some(bytes))?;
        }
        Ok((format!("saved {}", new.name), Some(path.clone())))
    }

    fn create_request(&mut self, parent: &ItemPath, after: Option<&str>, request: &Request) -> Outcome {
        let dir = self.folder_place(parent)?;
        let mut folders = Folders::read(self, &dir, parent.depth())?;
        let stem = names::unique(&names::stem(&request.name), &folders.names);
        let path = parent.join(&stem);
        let file = self.file(&path);
        let bytes = save::request(&Source::empty(&file), &stem, None, request)?;
        self.tx.set(&file, Some(bytes))?;
        let at = after
            .and_then(|a| folders.names.iter().position(|n| n == a))
            .map_or(folders.names.len(), |i| i + 1);
        folders.insert(at, &stem);
        folders.write(self)?;
        Ok((format!("created {}", request.name), Some(path)))
    }

    fn create_folder(&mut self, parent: Option<&ItemPath>, name: &str) -> Outcome {
        let root = ItemPath::default();
        let parent = parent.unwrap_or(&root);
        let top = parent.as_str().is_empty();
        let path;
        if top {
            let taken = super::order::stems(&self.root.join("collections"));
            path = ItemPath::new(names::unique(&names::stem(name), &taken));
        } else {
            let dir = self.folder_place(parent)?;
            let mut folders = Folders::read(self, &dir, parent.depth())?;
            let stem = names::unique(&names::stem(name), &folders.names);
            path = parent.join(&stem);
            folders.insert(folders.names.len(), &stem);
            folders.write(self)?;
        }
        let file = self.dir(&path).join(if top { "collection.toml" } else { "folder.toml" });
        let stated = read_parts::FolderFile { name: Some(name.to_owned()), ..Default::default() };
        let bytes = save::folder(&Source::empty(&file), None, &stated)?;
        self.tx.set(&file, Some(bytes))?;
        Ok((format!("created {name}"), Some(path)))
    }

    /// The bytes of a request or folder file with another name in it.
    fn named(&self, source: &Source, stem: &str, folder: bool, name: &str) -> Result<Vec<u8>, Problem> {
        if folder {
            let base = read_parts::folder(source)?;
            let new = read_parts::FolderFile { name: Some(name.to_owned()), ..base.clone() };
            save::folder(source, Some(&base), &new)
        } else {
            let base = read_request::request(source, stem)?;
            let new = Request { name: name.to_owned(), ..base.clone() };
            save::request(source, stem, Some(&base), &new)
        }
    }

    fn shown_name(&self, path: &ItemPath, place: &Place) -> String {
        let read = match place {
            Place::Request(file) => {
                self.source(file).and_then(|s| read_request::request(&s, path.stem())).map(|r| r.name)
            }
            Place::Folder(dir) => self
                .source(&folder_file(dir, path.depth()))
                .and_then(|s| read_parts::folder(&s))
                .map(|f| f.name.unwrap_or_default()),
        };
        read.ok().filter(|n| !n.is_empty()).unwrap_or_else(|| path.stem().to_owned())
    }

    fn rename(&mut self, path: &ItemPath, name: &str) -> Outcome {
        if name.trim().is_empty() {
            return Err(refusal("the new name is empty", "type a name"));
        }
        let place = self.place(path)?;
        let old_name = self.shown_name(path, &place);
        let (file, is_folder) = match &place {
            Place::Request(file) => (file.clone(), false),
            Place::Folder(dir) => (folder_file(dir, path.depth()), true),
        };
        let bytes = self.named(&self.source(&file)?, path.stem(), is_folder, name)?;
        let parent = path.parent().unwrap_or_default();
        let parent_dir = self.dir(&parent);
        let mut taken = super::order::stems(&parent_dir);
        taken.retain(|t| t != path.stem());
        let stem = names::unique(&names::stem(name), &taken);
        // Where only the case would change the file stays: not every file system tells the two apart.
        if stem.to_lowercase() == path.stem().to_lowercase() {
            self.tx.set(&file, Some(bytes))?;
            return Ok((format!("renamed {old_name} to {name}"), Some(path.clone())));
        }
        let to = parent.join(&stem);
        self.carry(path, &to, &place, true)?;
        let file = match file.file_name().filter(|_| is_folder) {
            Some(own) => self.dir(&to).join(own),
            None => self.file(&to),
        };
        self.tx.set(&file, Some(bytes))?;
        if path.depth() > 0 {
            let mut folders = Folders::read(self, &parent_dir, parent.depth())?;
            folders.rename(path.stem(), &stem);
            folders.write(self)?;
        }
        Ok((format!("renamed {old_name} to {name}"), Some(to)))
    }

    /// Carries the files of an item to another place; without `away` they are copied.
    fn carry(&mut self, from: &ItemPath, to: &ItemPath, place: &Place, away: bool) -> Result<(), Problem> {
        let mut pairs = Vec::new();
        match place {
            Place::Request(file) => pairs.push((file.clone(), self.file(to))),
            Place::Folder(dir) => {
                let target = self.dir(to);
                if away {
                    self.gone.push(dir.clone());
                }
                for file in files_below(dir)? {
                    let Ok(rest) = file.strip_prefix(dir) else { continue };
                    pairs.push((file.clone(), target.join(rest)));
                }
                // A folder's own file is named by where it stands.
                let own = folder_file(dir, from.depth());
                let name = if to.depth() == 0 { "collection.toml" } else { "folder.toml" };
                if from.depth().min(1) != to.depth().min(1) {
                    for (old, new) in &mut pairs {
                        if *old == own {
                            *new = target.join(name);
                        }
                    }
                }
            }
        }
        for (old, new) in pairs {
            let bytes = self.tx.current(&old)?;
            self.tx.set(&new, bytes)?;
            if away {
                self.tx.set(&old, None)?;
            }
        }
        Ok(())
    }

    fn duplicate(&mut self, path: &ItemPath) -> Outcome {
        let place = self.place(path)?;
        let old_name = self.shown_name(path, &place);
        let parent = path.parent().unwrap_or_default();
        let parent_dir = self.dir(&parent);
        let taken = super::order::stems(&parent_dir);
        let base = format!("{old_name} copy");
        let free = |n: &String| !taken.iter().any(|t| *t == names::stem(n));
        let name = if free(&base) {
            base
        } else {
            (2_u32..).map(|n| format!("{base} {n}")).find(free).unwrap_or(base)
        };
        let stem = names::unique(&names::stem(&name), &taken);
        let to = parent.join(&stem);
        self.carry(path, &to, &place, false)?;
        let (file, is_folder) = match &place {
            Place::Request(_) => (self.file(&to), false),
            Place::Folder(_) => {
                let own = if to.depth() == 0 { "collection.toml" } else { "folder.toml" };
                (self.dir(&to).join(own), true)
            }
        };
        let bytes = self.named(&self.source(&file)?, &stem, is_folder, &name)?;
        self.tx.set(&file, Some(bytes))?;
        if path.depth() > 0 {
            let mut folders = Folders::read(self, &parent_dir, parent.depth())?;
            let at =
                folders.names.iter().position(|n| n == path.stem()).map_or(folders.names.len(), |i| i + 1);
            folders.insert(at, &stem);
            folders.write(self)?;
        }
        Ok((format!("duplicated {old_name}"), Some(to)))
    }

    fn relocate(&mut self, path: &ItemPath, parent: &ItemPath, index: usize) -> Outcome {
        let place = self.place(path)?;
        let name = self.shown_name(path, &place);
        let words = format!("moved {name}");
        let top = parent.as_str().is_empty();
        if path.contains(parent) {
            return Err(refusal("a folder cannot stand in itself", "choose another folder"));
        }
        let from_parent = path.parent().unwrap_or_default();
        if *parent == from_parent {
            if !top {
                let dir = self.dir(parent);
                let mut folders = Folders::read(self, &dir, parent.depth())?;
                folders.remove(path.stem());
                folders.insert(index, path.stem());
                folders.write(self)?;
            }
            return Ok((words, Some(path.clone())));
        }
        if top && matches!(place, Place::Request(_)) {
            return Err(refusal(
                "a request cannot stand outside a collection",
                "choose a collection or folder",
            ));
        }
        let target = if top { self.root.join("collections") } else { self.folder_place(parent)? };
        let stem = names::unique(path.stem(), &super::order::stems(&target));
        let to = parent.join(&stem);
        self.carry(path, &to, &place, true)?;
        if path.depth() > 0 {
            let dir = self.dir(&from_parent);
            let mut folders = Folders::read(self, &dir, from_parent.depth())?;
            folders.remove(path.stem());
            folders.write(self)?;
        }
        if !top {
            let mut folders = Folders::read(self, &target, parent.depth())?;
            folders.insert(index, &stem);
            folders.write(self)?;
        }
        Ok((words, Some(to)))
    }

    fn delete(&mut self, path: &ItemPath) -> Outcome {
        let place = self.place(path)?;
        let name = self.shown_name(path, &place);
        let parent = path.parent();
        let mut select = parent.clone();
        match &place {
            Place::Request(file) => self.tx.set(file, None)?,
            Place::Folder(dir) => {
                for file in files_below(dir)? {
                    self.tx.set(&file, None)?;
                }
                self.gone.push(dir.clone());
            }
        }
        if let Some(parent) = parent {
            let dir = self.dir(&parent);
            let mut folders = Folders::read(self, &dir, parent.depth())?;
            let at = folders.names.iter().position(|n| n == path.stem());
            folders.remove(path.stem());
            if let Some(next) = at.and_then(|i| folders.names.get(i).or_else(|| folders.names.last())) {
                select = Some(parent.join(next));
            }
            folders.write(self)?;
        }
        Ok((format!("deleted {name}"), select))
    }
}

fn conflict(file: &Path, why: &str, next: &str) -> Problem {
    Problem::new(ProblemKind::File, "not saved", why, next).in_file(file)
}

/// Every file below a directory. Links are not followed; one stops the whole.
fn files_below(dir: &Path) -> Result<Vec<PathBuf>, Problem> {
    fn go(dir: &Path, out: &mut Vec<PathBuf>) -> std::io::Result<()> {
        for entry in std::fs::read_dir(dir)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                go(&entry.path(), out)?;
            } else if kind.is_file() {
                out.push(entry.path());
            } else {
                return Err(std::io::Error::other(format!(
                    "`{}` is a link or a special file",
                    entry.file_name().to_string_lossy().escape_debug()
                )));
            }
        }
        Ok(())
    }
    let mut out = Vec::new();
    go(dir, &mut out).map_err(|e| {
        Problem::new(ProblemKind::File, "nothing was changed", load::io_words(&e), "do this by hand")
            .in_file(dir)
    })?;
    out.sort();
    Ok(out)
}
