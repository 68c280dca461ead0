//! A new workspace, with or without samples.

use super::atomic::{self, Access};
use super::fields::text_literal;
use super::load::{MARKER, io_words};
use super::samples::{Sample, samples};
use crate::model::problem::{Problem, ProblemKind};
use crate::model::workspace::{FORMAT, nearest};
use std::path::{Path, PathBuf};

/// Makes a workspace; with samples an existing one gets them added. Files that are there stay as they are.
pub fn init(dir: &Path, name: &str, with: &[String]) -> Result<Vec<PathBuf>, Problem> {
    lay_out(dir, name, with, |path, text| atomic::write(path, text, Access::Shared))
}

/// The same for a directory that is thrown away: the disk is not waited for, which for two samples
/// takes longer than all the rest of a start.
pub fn init_scratch(dir: &Path, name: &str, with: &[String]) -> Result<Vec<PathBuf>, Problem> {
    lay_out(dir, name, with, |path, text| {
        let parent = path.parent().unwrap_or(dir);
        atomic::make_dirs(parent, Access::Shared).and_then(|()| std::fs::write(path, text)).map_err(|e| {
            Problem::new(ProblemKind::File, "cannot make the file", io_words(&e), "make room, then try again")
                .in_file(path)
        })
    })
}

fn lay_out(
    dir: &Path,
    name: &str,
    with: &[String],
    write: impl Fn(&Path, &[u8]) -> Result<(), Problem>,
) -> Result<Vec<PathBuf>, Problem> {
    let mut chosen: Vec<&Sample> = Vec::new();
    for wanted in with {
        let sample = samples().iter().find(|s| s.name == wanted).ok_or_else(|| unknown(wanted))?;
        if !chosen.iter().any(|c| c.name == sample.name) {
            chosen.push(sample);
        }
    }
    let marker = dir.join(MARKER);
    if marker.exists() && chosen.is_empty() {
        return Err(Problem::new(
            ProblemKind::Usage,
            "nothing was made",
            "this directory is a workspace already",
            "open it with `hallpass`, or add samples with `--with NAME`",
        )
        .in_file(marker));
    }
    let mut files: Vec<(PathBuf, String)> = Vec::new();
    let environment = first_environment(&chosen);
    let name = if name.is_empty() { "workspace" } else { name };
    files.push((
        marker,
        format!(
            "# A hallpass workspace. Keep it in git: secrets never stand in these files.\nformat = {FORMAT}\nname = {}\n\n# Used unless another one is chosen with `hallpass env use` or on the screen.\ndefault_environment = {}\n",
            text_literal(name),
            text_literal(&environment)
        ),
    ));
    if chosen.is_empty() {
        files.push((dir.join("environments/dev.toml"), EMPTY_ENVIRONMENT.to_owned()));
    }
    for sample in &chosen {
        files.extend(sample.files.iter().map(|(path, text)| (dir.join(path), (*text).to_owned())));
    }
    let mut written = Vec::new();
    for (path, text) in files {
        if path.symlink_metadata().is_ok() {
            continue;
        }
        write(&path, text.as_bytes())?;
        written.push(path);
    }
    for sub in ["collections", "environments", "auth"] {
        let sub = dir.join(sub);
        atomic::make_dirs(&sub, Access::Shared).map_err(|e| {
            Problem::new(
                ProblemKind::File,
                "cannot make the directory",
                io_words(&e),
                "check the permissions",
            )
            .in_file(&sub)
        })?;
    }
    Ok(written)
}

fn unknown(wanted: &str) -> Problem {
    let names: Vec<&str> = samples().iter().map(|s| s.name).collect();
    let near = nearest(wanted, names.iter().copied());
    let next = match near.first() {
        Some(one) => format!("did you mean `{one}`?"),
        None => format!("there are: {}", names.join(", ")),
    };
    Problem::new(ProblemKind::Usage, format!("there is no sample `{}`", wanted.escape_debug()), "", next)
}

fn first_environment(chosen: &[&Sample]) -> String {
    let files = chosen.iter().flat_map(|s| s.files.iter());
    files
        .filter_map(|(path, _)| path.strip_prefix("environments/")?.strip_suffix(".toml"))
        .next()
        .unwrap_or("dev")
        .to_owned()
}

const EMPTY_ENVIRONMENT: &str = r#"# An environment: where requests go and as whom. Copy this file for test, staging, production.

# true asks before every send; good for production.
protected = false

# Each of these can be used as {{name}} in requests and profiles. A secret is a reference:
#   client_secret = { secret = true }        the vault: hallpass secret set client_secret
#   api_key = { env = "API_KEY" }            an environment variable
[variables]
"#;
