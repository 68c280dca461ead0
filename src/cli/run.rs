//! `hallpass run`: requests, folders or collections in order, and how they came out.

use super::args::RunArgs;
use super::context::{Context, set_layer};
use super::login::Desk;
use super::output::{Output, Paint};
use super::{Failed, Outcome, guess};
use crate::model::problem::{Problem, ProblemKind};
use crate::model::redact::Redactor;
use crate::model::workspace::{Found, Workspace};
use crate::report::Masking;
use crate::run::summary::ItemResult;
use crate::run::{Options, Step, Summary, execute, select, unread};

/// Runs them.
pub fn run(context: &Context, args: &RunArgs) -> Outcome {
    let workspace = context.workspace()?;
    let environment = context.environment(&workspace, args.env.as_deref())?.cloned();
    let mut found = Vec::new();
    for path in &args.paths {
        found.push(guess::find(&workspace, path)?);
    }
    refuse_broken(&workspace, &found)?;
    let entries = select(&workspace, &found);
    if let Some(problem) = unread(&workspace, &found, &entries) {
        return Err(problem.clone().into());
    }
    if entries.is_empty() {
        return Err(Problem::new(
            ProblemKind::Usage,
            "nothing to run",
            "there is no request in what was named",
            "`hallpass list` shows what there is",
        )
        .into());
    }
    context.confirm_protected(environment.as_ref(), args.yes)?;
    let options = Options {
        bail: args.bail,
        timeout: context.globals.timeout,
        set: (!args.set.is_empty()).then(|| set_layer(&args.set)),
    };
    let session = context.session(environment.as_ref())?;
    Desk::sit_at_terminal(context, &session);
    let out = &context.out;
    let redactor = session.redactor().clone();
    let summary = context.block_on(|cancel| {
        let (session, workspace, entries, options) = (&session, &workspace, &entries, &options);
        let (environment, redactor) = (environment.as_ref(), &redactor);
        async move {
            let mut news = |step: Step<'_>| match step {
                Step::Starting(path) => out.detail(&format!("sending {path}")),
                Step::Done(_, result) if !out.json => print_result(out, result, redactor),
                Step::Done(..) => {}
            };
            execute(session, workspace, environment, entries, options, &mut news, &cancel).await
        }
    })?;
    finish(context, &summary, &redactor)
}

/// A request that cannot be read must not be left out in silence: the run would pass without it.
fn refuse_broken(workspace: &Workspace, found: &[Found<'_>]) -> Result<(), Problem> {
    let collections = workspace.root.join("collections");
    let broken = workspace.problems.iter().find(|problem| {
        let Some(file) = problem.file.as_ref().and_then(|f| f.strip_prefix(&collections).ok()) else {
            return false;
        };
        found.iter().any(|one| match one {
            Found::All => true,
            Found::Folder(_, folder) => file.starts_with(folder.path.as_str()),
            Found::Request(..) => false,
        })
    });
    match broken {
        Some(problem) => {
            Err(Problem { what: format!("nothing was sent: {}", problem.what), ..problem.clone() })
        }
        None => Ok(()),
    }
}

/// One line a request, and one for each thing that is wrong with it.
fn print_result(out: &Output, result: &ItemResult, redactor: &Redactor) {
    let (paint, word) = if result.ok { (Paint::Good, "ok  ") } else { (Paint::Bad, "FAIL") };
    let status = result.status.map_or_else(|| "---".to_owned(), |s| s.to_string());
    let time = result.duration.map(|d| format!("  {:.1} ms", d.as_secs_f64() * 1000.0)).unwrap_or_default();
    let path = out.safe(result.path.as_str());
    if result.ok && out.quiet {
        return;
    }
    let reason = match result.reason() {
        r if r.is_empty() => r,
        r => format!("  {}", out.safe(&r)),
    };
    out.line(&format!("{}  {status}  {path}{time}{reason}", out.paint(paint, word)));
    for check in result.checks.iter().filter(|c| !c.ok) {
        let text = format!("{}: expected {}, got {}", check.name, check.expected, check.got);
        out.line(&format!("        {}", out.safe(&redactor.mask(&text))));
    }
    if let Some(problem) = &result.problem {
        for (word, text) in [("why", &problem.why), ("next", &problem.next)] {
            if !text.is_empty() {
                out.line(&format!("        {word}: {}", out.safe(text)));
            }
        }
    }
    // A finding beside a request that is as it should be (a warning) is for `--json` and `diagnose`.
    if let Some(finding) = result.diagnosis.first().filter(|_| !result.ok) {
        let text = format!("{}: {}", finding.code(), finding.summary);
        out.line(&format!("        {}", out.safe(&redactor.mask(&text))));
    }
    for (name, why) in &result.missing_captures {
        out.line(&format!("        nothing to capture for `{name}`: {}", out.safe(why)));
    }
}

fn finish(context: &Context, summary: &Summary, redactor: &Redactor) -> Outcome {
    let out = &context.out;
    let masking = if context.globals.with_secrets { Masking::Clear } else { Masking::Masked };
    let (passed, failed) = summary.checks();
    if !out.json {
        let held = summary.results.iter().filter(|r| r.duration.is_none() && r.status.is_none());
        let held =
            held.filter(|r| r.problem.as_ref().is_some_and(|p| p.kind == ProblemKind::Unresolved)).count();
        let skipped = match summary.skipped + held {
            0 => String::new(),
            n => format!(", {n} not sent"),
        };
        out.line(&format!(
            "{} sent, {} failed{skipped}; checks: {passed} passed, {failed} failed; {:.1} ms",
            summary.results.len() - held,
            summary.failed(),
            summary.duration.as_secs_f64() * 1000.0,
        ));
    }
    let code = summary.exit_code();
    if code == 0 {
        if out.json {
            out.answer(&summary.json(redactor, masking));
        }
        return Ok(0);
    }
    let problem = if summary.interrupted {
        Problem::new(ProblemKind::Interrupted, "the run was interrupted", "", "run it again")
    } else {
        let names: Vec<&str> =
            summary.results.iter().filter(|r| !r.ok).map(|r| r.path.as_str()).take(5).collect();
        Problem::new(
            ProblemKind::Check,
            format!("{} of {} requests failed", summary.failed(), summary.results.len()),
            names.join(", "),
            "send one alone to see its answer: `hallpass send REQUEST`",
        )
    };
    let failed = Failed::with_shape(problem, summary.json(redactor, masking)).exit(code);
    // The lines above have told what failed.
    Err(if out.json || summary.interrupted { failed } else { failed.told() })
}
