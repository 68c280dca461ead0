//! `hallpass completions SHELL`.

use super::Outcome;
use super::args::{Cli, CompletionsArgs};
use super::context::Context;
use clap::CommandFactory;
use serde_json::json;

/// Prints the script.
pub fn completions(context: &Context, args: &CompletionsArgs) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "hallpass", &mut script);
    if context.out.json {
        let text = String::from_utf8_lossy(&script);
        context.out.answer(&json!({"shell": args.shell.to_string(), "script": text}));
    } else {
        context.out.write(&script);
    }
    Ok(0)
}
