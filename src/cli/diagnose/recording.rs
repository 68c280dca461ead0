//! `diagnose --har`: a refusal recorded anywhere. Nothing is sent, no session is made, no workspace is looked for.

use super::{Case, masking, words};
use crate::cli::Outcome;
use crate::cli::args::DiagnoseArgs;
use crate::cli::context::Context;
use crate::diagnose::Recording;
use crate::import::har;
use crate::model::problem::{Problem, ProblemKind};
use crate::report;
use serde_json::{Value as Json, json};
use std::io::Read;

/// The largest recording that is read, in bytes.
const MAX_FILE: u64 = 1024 * 1024 * 1024;

/// Explains the entry that was named, else the first refused one, else all.
pub fn explain(context: &Context, args: &DiagnoseArgs, file: &str) -> Outcome {
    let log = har::read(&bytes(file)?).map_err(|problem| in_file(problem, file))?;
    for note in &log.notes {
        context.out.warn(&crate::content::visible::visible(note));
    }
    let recording = Recording::new(log);
    if args.all {
        return all(context, args, &recording);
    }
    let chosen = match args.entry {
        Some(entry) => Some(recording.of_entry(entry).ok_or_else(|| out_of_range(&recording, entry))?),
        None => recording.first_refused(),
    };
    match chosen {
        Some(at) => one(context, args, &recording, at),
        None => none_refused(context, &recording),
    }
}

fn one(context: &Context, args: &DiagnoseArgs, recording: &Recording, at: usize) -> Outcome {
    let Some(recorded) = recording.exchanges().get(at) else { return none_refused(context, recording) };
    let (diagnosis, redactor) = recording.explain(at);
    let case = Case {
        exchange: Some(&recorded.exchange),
        diagnosis: &diagnosis,
        redactor: &redactor,
        entries: Some(&recorded.entries),
        probed: Vec::new(),
    };
    case.answer(context, args.markdown)
}

/// One object a refused exchange; 5 when all were refused without a reason in sight.
fn all(context: &Context, args: &DiagnoseArgs, recording: &Recording) -> Outcome {
    let out = &context.out;
    let mut list = Vec::new();
    let mut explained = false;
    for (at, recorded) in recording.exchanges().iter().enumerate() {
        let (diagnosis, redactor) = recording.explain(at);
        if !recorded.is_refused() && diagnosis.findings.is_empty() {
            continue;
        }
        explained |= !diagnosis.findings.is_empty();
        let case = Case {
            exchange: Some(&recorded.exchange),
            diagnosis: &diagnosis,
            redactor: &redactor,
            entries: Some(&recorded.entries),
            probed: Vec::new(),
        };
        let shape = case.json(masking(context));
        let first = list.is_empty();
        if args.markdown {
            if !first {
                out.line("");
            }
            out.write(report::markdown(&diagnosis, case.exchange, &redactor).as_bytes());
        } else if !out.json {
            if !first && !out.quiet {
                out.line("");
            }
            words::print(out, &case.status(), &shape, true);
        }
        list.push(shape);
    }
    if list.is_empty() {
        return none_refused(context, recording);
    }
    if out.json {
        out.quoting_answer(&Json::Array(list));
    }
    // The list alone is the answer: a second value behind it would be no JSON.
    Ok(if explained { 0 } else { 5 })
}

fn none_refused(context: &Context, recording: &Recording) -> Outcome {
    let out = &context.out;
    let count = recording.exchanges().len();
    if out.json {
        out.quoting_answer(&json!({
            "status": null, "findings": [], "passed": [], "missing": [], "entry": null, "entries": [],
        }));
    } else {
        out.line(&match count {
            0 => "the recording holds no exchange".to_owned(),
            1 => "the one exchange of the recording was not refused".to_owned(),
            n => format!("none of the {n} exchanges of the recording was refused"),
        });
    }
    Ok(0)
}

fn bytes(file: &str) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let read = if file == "-" {
        std::io::stdin().lock().take(MAX_FILE + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|f| f.take(MAX_FILE + 1).read_to_end(&mut bytes))
    };
    let cannot =
        |why: String, next: &str| Problem::new(ProblemKind::File, "cannot read the recording", why, next);
    read.map_err(|e| in_file(cannot(e.to_string(), "name a HAR file, or `-` for stdin"), file))?;
    if bytes.len() as u64 > MAX_FILE {
        let next = "record only the refused call, or leave the bodies out";
        return Err(in_file(cannot("it is larger than 1 GiB".to_owned(), next), file));
    }
    Ok(bytes)
}

fn in_file(problem: Problem, file: &str) -> Problem {
    if file == "-" { problem } else { problem.in_file(file) }
}

fn out_of_range(recording: &Recording, entry: usize) -> Problem {
    let last = recording.exchanges().iter().flat_map(|e| &e.entries).max();
    let why = match last {
        Some(last) => format!("its entries are 0 to {last}"),
        None => "it holds none".to_owned(),
    };
    let next = "leave `--entry` out to see the first refused one, or take `--all`";
    Problem::new(ProblemKind::Usage, format!("the recording has no entry {entry}"), why, next)
}
