//! `hallpass sandbox`: only the server, until Ctrl-C or SIGTERM.

use super::Outcome;
use super::args::SandboxArgs;
use super::context::Context;
use super::sandbox_workspace;
use super::save::{self, Access};
use crate::model::problem::Problem;
use crate::sandbox::{self, Sandbox, SandboxOptions};
use serde_json::json;

/// Runs it.
pub fn sandbox(context: &Context, args: &SandboxArgs) -> Outcome {
    let out = &context.out;
    if args.list_faults {
        list_faults(context);
        return Ok(0);
    }
    let options = SandboxOptions { port: args.port, faults: args.faults.clone() };
    let served: Result<(), Problem> = context.block_on(|_| async move {
        // Before anything else: a signal that comes while starting must not be lost.
        let stop = stop_signal();
        let sandbox = Sandbox::start(options).await?;
        if let Some(file) = &args.print_credentials {
            save::bytes(file, sandbox.credentials().as_bytes(), Access::Private)?;
            out.note(&format!("credentials of the registered client: {}", file.display()));
        }
        if let Some(dir) = &args.print_workspace {
            sandbox_workspace::print(dir, &sandbox)?;
            out.note(&format!("workspace for this sandbox: hallpass -C {}", dir.display()));
        }
        if out.json {
            let tls = sandbox.tls_address.map(|a| format!("https://{a}"));
            out.answer(&json!({"listening": sandbox.base_url(), "tls": tls}));
        } else {
            out.line(&format!("listening {}", sandbox.base_url()));
        }
        out.flush();
        if let Some(tls) = sandbox.tls_address {
            out.note(&format!("with TLS: https://{tls}"));
        }
        stop.await;
        sandbox.shutdown().await;
        Ok(())
    })?;
    served?;
    Ok(0)
}

fn list_faults(context: &Context) {
    let out = &context.out;
    let faults = sandbox::faults();
    if out.json {
        let all: Vec<_> =
            faults.iter().map(|f| json!({"name": f.name, "code": f.code, "text": f.text})).collect();
        out.answer(&json!(all));
        return;
    }
    let name = faults.iter().map(|f| f.name.len()).max().unwrap_or(0);
    let code = faults.iter().map(|f| f.code.len()).max().unwrap_or(0);
    for f in faults {
        out.line(&format!("{:name$}  {:code$}  {}", f.name, f.code, f.text));
    }
    out.note("\nalso taken by --fault, standing for no finding:");
    for f in sandbox::modifiers() {
        out.note(&format!("{:name$}  {}", f.name, f.text));
    }
}

/// Ready when Ctrl-C or SIGTERM came; listening from now on, not from the first poll.
fn stop_signal() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    #[cfg(unix)]
    let interrupt = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt());
    async move {
        #[cfg(unix)]
        if let (Ok(mut terminate), Ok(mut interrupt)) = (terminate, interrupt) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            return;
        }
        let _ = tokio::signal::ctrl_c().await;
    }
}
