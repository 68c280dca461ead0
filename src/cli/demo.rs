//! `hallpass demo`: the sandbox and the three-part flow in a scratch workspace, on screen or, with
//! `--headless`, step by step on stdout.

use super::Outcome;
use super::args::DemoArgs;
use super::context::Context;
use super::flow::{self, Journey, Walked, Wishes};
use super::save::{self, Access};
use super::screen::{self, DemoFacts};
use crate::flow::three_part::Api;
use crate::import::pega_credentials;
use crate::model::edit::Edit;
use crate::model::environment::Environment;
use crate::model::problem::{Problem, ProblemKind};
use crate::sandbox::{Sandbox, SandboxOptions};
use crate::storage;
use crate::tui::run::Ended;
use std::path::Path;

/// The environment that stands for the sandbox.
pub(super) const ENVIRONMENT: &str = "sandbox";
/// What the registered client is called in the sandbox's Dev Studio.
const CLIENT: &str = "hallpass demo";

/// Runs it.
pub fn demo(context: &Context, args: &DemoArgs) -> Outcome {
    if args.headless { headless(context) } else { on_screen(context) }
}

fn headless(context: &Context) -> Outcome {
    let wishes = Wishes { api: Api::V2, case_type: None, content: None };
    let walked = context.block_on(|cancel| async move {
        let sandbox = Sandbox::start(SandboxOptions::default()).await?;
        context.out.note(&format!("sandbox on {}", sandbox.base_url()));
        let credentials = pega_credentials::parse(sandbox.register_client(CLIENT).as_bytes())?;
        let journey = Journey::of_credentials(context, &credentials, &wishes)?;
        let mut walked = Walked::new(context);
        let failed = walked.walk(&journey, &cancel).await.err();
        sandbox.shutdown().await;
        Ok::<_, Problem>((walked.shape(), failed))
    })?;
    flow::finish(context, walked?)
}

/// The screen on a scratch workspace.
pub(super) fn on_screen(context: &Context) -> Outcome {
    let scratch =
        tempfile::Builder::new().prefix("hallpass-demo-").tempdir().map_err(|e| scratch_problem(&e))?;
    // The server lives on its own thread: the screen has the main one.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|e| scratch_problem(&e))?;
    let sandbox = runtime.block_on(Sandbox::start(SandboxOptions::default()))?;
    let credentials_file = lay_out(scratch.path(), &sandbox)?;
    let facts = DemoFacts { credentials_file, sandbox_url: sandbox.base_url() };
    let mut options = screen::options(context, Some(super::context::canonical(scratch.path())));
    options.demo = Some((sandbox, facts));
    let ended = screen::open(options);
    runtime.shutdown_background();
    match ended? {
        Ended::Left(code) => Ok(code),
        // It is the demo already.
        Ended::Demo => Ok(0),
    }
}

/// The scratch workspace: both samples, an environment for the sandbox, and a credentials file that
/// is not imported yet (that is part A, the user's first key). Gives that file.
fn lay_out(dir: &Path, sandbox: &Sandbox) -> Result<std::path::PathBuf, Problem> {
    storage::init_scratch(dir, "demo", &["pega-cases".to_owned(), "generic-oauth".to_owned()])?;
    let mut environment = Environment { name: ENVIRONMENT.into(), ..Environment::default() };
    environment.variables.insert("base_url".into(), format!("{}/prweb", sandbox.base_url()).into());
    storage::apply(dir, &Edit::SaveEnvironment(environment))?;
    let file = dir.join("credentials.txt");
    save::bytes(&file, sandbox.register_client(CLIENT).as_bytes(), Access::Private)?;
    Ok(file)
}

fn scratch_problem(error: &std::io::Error) -> Problem {
    Problem::new(
        ProblemKind::File,
        "cannot make the scratch workspace",
        error.to_string(),
        "make room in the temporary directory",
    )
}
