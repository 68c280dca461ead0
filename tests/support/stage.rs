//! A sandbox and a workspace with all of its grants.

use crate::browser::{Browser, Page};
use crate::support::{Home, Ran, finish};
use hallpass::sandbox::{DemoExtras, Sandbox, SandboxOptions};
use std::process::Command;
use std::sync::mpsc;

/// A sandbox on a thread of its own, with a workspace for it.
pub struct Stage {
    pub home: Home,
    pub environment: &'static str,
    pub extras: DemoExtras,
    _stop: tokio::sync::oneshot::Sender<()>,
}

/// Lays out what the sandbox hands out, its secrets in the vault.
pub fn stage(environment: &'static str, faults: &[&str], extras: fn(&Sandbox) -> DemoExtras) -> Stage {
    let faults: Vec<String> = faults.iter().map(|f| (*f).to_owned()).collect();
    let (tell, told) = mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let sandbox =
                Sandbox::start(SandboxOptions { faults, ..SandboxOptions::default() }).await.unwrap();
            tell.send((sandbox.base_url(), extras(&sandbox))).unwrap();
            let _ = stopped.await;
        });
    });
    let (url, extras) = told.recv().unwrap();
    let home = Home::with_files(&[]);
    for (path, text) in &extras.files {
        let path = home.work().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let file = home.work().join(format!("environments/{environment}.toml"));
    if !file.is_file() {
        let rows: String = extras.variables.iter().map(|(n, v)| format!("{n} = {}\n", toml(v))).collect();
        let refs: String =
            extras.secrets.iter().map(|(n, _)| format!("{n} = {{ secret = true }}\n")).collect();
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, format!("[variables]\nbase_url = \"{url}/prweb\"\n{rows}{refs}")).unwrap();
    }
    for (name, secret) in &extras.secrets {
        let args = ["secret", "set", name, "--env", environment];
        home.run_open(&args, secret.expose().as_bytes()).exits(0);
    }
    Stage { home, environment, extras, _stop: stop }
}

fn toml(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

impl Stage {
    pub fn command(&self, args: &[&str]) -> Command {
        let args: Vec<&str> = args.iter().copied().chain(["--env", self.environment]).collect();
        let mut command = self.home.command(&args);
        command.env("HALLPASS_PASSPHRASE", "correct horse");
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        finish(self.command(args), b"")
    }
}

/// Logs in as alice at the generic server, a one-time code where one is asked for.
pub fn alice(browser: &Browser, url: &str) -> Page {
    let mut page = browser.open(url, "");
    for _ in 0..3 {
        let has = |id: &str| page.body.contains(&format!("id=\"{id}\""));
        let typed: Vec<(&str, &str)> = match () {
            () if has("login") => {
                let code = page
                    .body
                    .split("(<code>")
                    .nth(1)
                    .and_then(|rest| rest.split('<').next())
                    .map(str::to_owned);
                let code: &str = code.map_or("", |code| code.leak());
                vec![("username", "alice"), ("password", "wonderland"), ("code", code)]
            }
            () if has("consent") => vec![("decision", "allow")],
            () => return page,
        };
        page = browser.submit(&page, &typed, "");
    }
    page
}
