//! `hallpass init`: a new workspace, with sample collections if named.

use super::args::InitArgs;
use super::context::{Context, canonical};
use super::{Outcome, guess};
use crate::storage::{self, samples};
use serde_json::json;
use std::path::PathBuf;

/// Makes it.
pub fn init(context: &Context, args: &InitArgs) -> Outcome {
    for name in &args.with {
        if !samples::samples().iter().any(|s| s.name == name) {
            let known: Vec<&str> = samples::samples().iter().map(|s| s.name).collect();
            let list = format!("there are: {}", known.join(", "));
            return Err(guess::unknown("sample collection", name, known.into_iter(), &list).into());
        }
    }
    let dir =
        args.dir.clone().or_else(|| context.globals.workspace.clone()).unwrap_or_else(|| PathBuf::from("."));
    let name = canonical(std::path::absolute(&dir).unwrap_or_else(|_| dir.clone()))
        .file_name()
        .map_or_else(|| "workspace".to_owned(), |n| n.to_string_lossy().into_owned());
    let files = storage::init(&dir, &name, &args.with)?;
    let out = &context.out;
    let root = canonical(&dir);
    if out.json {
        let files: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
        out.answer(&json!({"workspace": root.display().to_string(), "name": name, "files": files}));
        return Ok(0);
    }
    for file in &files {
        out.line(&format!("wrote {}", out.safe(&file.display().to_string())));
    }
    let dir = dir.display();
    out.note(&if args.with.is_empty() {
        format!(
            "next: `hallpass -C {dir}` opens it; `hallpass init --with pega-cases` elsewhere shows a sample"
        )
    } else if args.with.iter().all(|sample| sample == "generic-oauth") {
        format!("next: `hallpass -C {dir} env show` names what to fill in, then `hallpass -C {dir} token`")
    } else {
        format!("next: `hallpass -C {dir} import CREDENTIALS.txt`, then `hallpass -C {dir} list`")
    });
    Ok(0)
}
