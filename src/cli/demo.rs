//! `hallpass demo`: the sandbox and the three-part flow in a scratch workspace, on screen or, with
//! `--headless`, step by step on stdout.

use super::Outcome;
use super::args::DemoArgs;
use super::context::Context;
use super::flow::{self, Journey, Walked, Wishes};
use super::sandbox_workspace;
use super::save::{self, Access};
use super::screen::{self, DemoFacts};
use crate::flow::three_part::Api;
use crate::import::pega_credentials;
use crate::model::edit::Edit;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::secret::Secret;
use crate::model::value::SecretRef;
use crate::sandbox::{RFC_ENVIRONMENT, Sandbox, SandboxOptions};
use crate::storage;
use crate::tui::run::Ended;
use std::path::Path;

pub(super) use super::sandbox_workspace::ENVIRONMENT;

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
    let facts = lay_out(scratch.path(), &sandbox)?;
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

/// The scratch workspace: both samples, an environment for the sandbox, a profile for each grant, and
/// a credentials file that is not imported yet (that is part A, the user's first key).
fn lay_out(dir: &Path, sandbox: &Sandbox) -> Result<DemoFacts, Problem> {
    storage::init_scratch(dir, "demo", &["pega-cases".to_owned(), "generic-oauth".to_owned()])?;
    let (extras, generic) = (sandbox.demo_extras(), sandbox.rfc_extras());
    // Thrown away with the rest, so the disk is not waited for.
    for extras in [&extras, &generic] {
        sandbox_workspace::profiles(dir, extras, |path, text| {
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent).map_err(|e| scratch_problem(&e))?;
            }
            std::fs::write(path, text).map_err(|e| scratch_problem(&e))
        })?;
    }
    let environment = sandbox_workspace::environment(sandbox, &extras, |_| SecretRef::Vault);
    storage::apply(dir, &Edit::SaveEnvironment(environment))?;
    let credentials_file = dir.join("credentials.txt");
    save::bytes(&credentials_file, sandbox.register_client(CLIENT).as_bytes(), Access::Private)?;
    let of = |environment, secrets: Vec<(String, Secret)>| {
        secrets.into_iter().map(move |(name, secret)| (environment, name, secret))
    };
    let secrets = of(ENVIRONMENT, extras.secrets).chain(of(RFC_ENVIRONMENT, generic.secrets)).collect();
    Ok(DemoFacts { credentials_file, sandbox_url: sandbox.base_url(), secrets })
}

fn scratch_problem(error: &std::io::Error) -> Problem {
    Problem::new(
        ProblemKind::File,
        "cannot make the scratch workspace",
        error.to_string(),
        "make room in the temporary directory",
    )
}
