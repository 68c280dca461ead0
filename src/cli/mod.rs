//! The command line: what the user types, to what the layers below do, to stdout and an exit code.
//!
//! `args` says what can be typed, `output` is the only place that writes, `context` finds the
//! workspace, settings, vault and session, and each command has a file of its own. A command gives
//! an exit code, or a `Failed`: the problem and its JSON shape as far as it got.

mod args;
mod completions;
mod context;
mod demo;
mod diagnose;
mod env;
mod flow;
mod guess;
mod history;
mod import;
mod init;
mod jwt;
mod kept_tokens;
mod list;
mod login;
mod output;
mod passphrase;
mod register;
mod run;
mod samples;
mod sandbox;
mod sandbox_workspace;
mod save;
pub mod screen;
mod secret;
mod send;
mod token;

use crate::model::problem::{Problem, ProblemKind};
use args::{Cli, Command};
use clap::Parser;
use clap::error::ErrorKind;
use context::Context;
use output::{Output, failure};
use serde_json::{Map, Value as Json};
use std::ffi::OsString;

/// How a command failed.
#[derive(Debug)]
struct Failed {
    problem: Problem,
    /// The command's JSON as far as it got, without `error`.
    shape: Map<String, Json>,
    /// The exit code; that of the problem's kind unless the command knows better.
    exit: u8,
    /// True when the problem has been told on stderr already.
    told: bool,
}

impl Failed {
    /// With what there is of the answer; anything but an object is dropped.
    fn with_shape(problem: Problem, shape: Json) -> Box<Failed> {
        let shape = match shape {
            Json::Object(map) => map,
            _ => Map::new(),
        };
        Box::new(Failed { exit: problem.kind.exit_code(), problem, shape, told: false })
    }

    /// Ends with this exit code instead.
    fn exit(mut self: Box<Self>, exit: u8) -> Box<Failed> {
        self.exit = exit;
        self
    }

    /// The problem stands on stderr already: not again.
    fn told(mut self: Box<Self>) -> Box<Failed> {
        self.told = true;
        self
    }
}

impl From<Problem> for Box<Failed> {
    fn from(problem: Problem) -> Box<Failed> {
        Failed::with_shape(problem, Json::Null)
    }
}

/// What a command gives.
type Outcome = Result<u8, Box<Failed>>;

/// Runs the program on a command line (program name first) and gives its exit code.
pub fn run(words: Vec<OsString>) -> u8 {
    let cli = match Cli::try_parse_from(&words) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, &words),
    };
    let context = Context::new(cli.globals);
    let outcome = dispatch(&context, cli.command);
    let code = finish(&context.out, outcome);
    passphrase::restore_terminal();
    code
}

fn dispatch(context: &Context, command: Option<Command>) -> Outcome {
    // What is wrong with the settings is told by every command; the screen shows it itself.
    if !matches!(command, None | Some(Command::Demo(_) | Command::Completions(_))) {
        context.settings();
    }
    match command {
        None => screen::from_command_line(context),
        Some(Command::Demo(a)) => demo::demo(context, &a),
        Some(Command::Sandbox(a)) => sandbox::sandbox(context, &a),
        Some(Command::Init(a)) => init::init(context, &a),
        Some(Command::Flow(a)) => flow::flow(context, &a),
        Some(Command::Send(a)) => send::send(context, &a),
        Some(Command::Run(a)) => run::run(context, &a),
        Some(Command::Diagnose(a)) => diagnose::diagnose(context, &a),
        Some(Command::Token(a)) => token::token(context, &a),
        Some(Command::Jwt(a)) => jwt::jwt(context, &a),
        Some(Command::Env(a)) => env::env(context, &a),
        Some(Command::Secret(a)) => secret::secret(context, &a),
        Some(Command::List(a)) => list::list(context, &a),
        Some(Command::Import(a)) => import::import(context, &a),
        Some(Command::History(a)) => history::history(context, &a),
        Some(Command::Completions(a)) => completions::completions(context, &a),
    }
}

fn finish(out: &Output, outcome: Outcome) -> u8 {
    let code = match outcome {
        Ok(code) => code,
        Err(failed) => {
            if out.json {
                out.quoting_answer(&failure(failed.shape, &failed.problem));
            }
            // Secrets never get into problems; what a server said is cleaned by `Output`.
            if !failed.told {
                out.problem(&failed.problem);
            }
            failed.exit
        }
    };
    match out.trouble() {
        Some(problem) => {
            out.problem(&problem);
            if code == 0 { problem.kind.exit_code() } else { code }
        }
        None => code,
    }
}

/// What clap says of a line it cannot take; help and version are answers.
fn usage(error: &clap::Error, words: &[OsString]) -> u8 {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // A reader that has gone away is no failure.
        let _ = error.print();
        return 0;
    }
    let json = words.iter().skip(1).take_while(|w| *w != "--").any(|w| w == "--json");
    if !json {
        let _ = error.print();
        return 2;
    }
    let globals = args::Globals { json: true, ..args::Globals::default() };
    let out = Output::new(&globals);
    out.answer(&failure(Map::new(), &clap_problem(error)));
    // stderr says the same in words, with the did-you-mean.
    let _ = error.print();
    2
}

/// clap's message taken apart: what is wrong, then its tips as the next step.
fn clap_problem(error: &clap::Error) -> Problem {
    let text = error.render().to_string();
    let mut what = String::new();
    let mut tips = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("error: ") {
            what = rest.to_owned();
        } else if let Some(tip) = line.strip_prefix("tip: ") {
            tips.push(tip.to_owned());
        }
    }
    if what.is_empty() {
        what = "this command line cannot be read".to_owned();
    }
    let next = if tips.is_empty() { "see `hallpass --help`".to_owned() } else { tips.join("; ") };
    Problem::new(ProblemKind::Usage, what, "", next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_command_becomes_a_problem_with_the_nearest_one() {
        let error = Cli::try_parse_from(["hallpass", "sned", "x"]).unwrap_err();
        let problem = clap_problem(&error);
        assert_eq!(problem.kind, ProblemKind::Usage);
        assert!(problem.what.contains("sned"), "{}", problem.what);
        assert!(problem.next.contains("send"), "{}", problem.next);
    }
}
