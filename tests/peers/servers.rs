//! The servers that others wrote, each started once for all tests of this file, and workspaces for them.

use crate::browser::{Browser, Page};
use crate::support::{Home, Ran, finish};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// As the servers have it; every one of these characters has broken some client.
pub const ODD: &str = "50%25+a&b=c:d/e f?g";
/// Of the clients that sign with their secret.
pub const LONG: &str = "a secret of at least thirty-two characters";

/// One running server and what it said of itself. It ends when this process does: its input closes.
pub struct Server {
    said: Value,
    _child: Child,
}

impl Server {
    /// `issuer`, `api`, `tls`, `url` …
    pub fn at(&self, name: &str) -> &str {
        self.said[name].as_str().unwrap_or_else(|| panic!("no `{name}` in {}", self.said))
    }

    /// A file for the client's side: a key, a certificate.
    pub fn file(&self, name: &str) -> PathBuf {
        Path::new(self.at("keys")).join(name)
    }
}

fn start(what: &str, mut command: Command) -> Result<Server, String> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
    let mut child = command
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| format!("{what} does not start: {e}"))?;
    let mut said = Vec::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for line in lines.by_ref().map_while(Result::ok) {
        if let Some(json) = line.strip_prefix("listening ") {
            let said = serde_json::from_str(json).unwrap();
            // Whatever it says later must go somewhere, or it ends.
            std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
            return Ok(Server { said, _child: child });
        }
        said.push(line);
    }
    Err(format!("{what} ended before it listened: {}", said.join(" / ")))
}

fn running(
    server: &'static OnceLock<Result<Server, String>>,
    start: fn() -> Result<Server, String>,
) -> &'static Server {
    match server.get_or_init(start) {
        Ok(server) => server,
        Err(why) => panic!("no peer server: {why}"),
    }
}

/// npm `oidc-provider` and the API behind it.
pub fn oidc() -> &'static Server {
    static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
    running(&SERVER, || {
        let mut node = Command::new("node");
        node.arg("oidc-provider.mjs");
        start("`node oidc-provider.mjs` (after `npm ci` in tests/peers)", node)
    })
}

/// Authlib and the API behind it. Its Python is the one of `HALLPASS_PEER_PYTHON`, else of the virtual
/// environment `peers-venv` in the target directory, as .ci/run makes it.
pub fn authlib() -> &'static Server {
    static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
    running(&SERVER, || {
        let venv = || Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("peers-venv/bin/python");
        let python = std::env::var_os("HALLPASS_PEER_PYTHON").map_or_else(venv, PathBuf::from);
        let mut command = Command::new(python);
        command.arg("authlib_server.py");
        start("authlib_server.py (with the packages of tests/peers/requirements.txt)", command)
    })
}

/// A workspace for `oidc-provider`: `auth/peer.toml` as given, and requests on its APIs. `{{key}}` is the
/// client's key file of that name, `{{client_secret}}` is `PEER_SECRET` of the process.
pub fn oidc_home(profile: &str, key: &str) -> Home {
    let server = oidc();
    let mut variables = String::new();
    for name in ["issuer", "api", "tls"] {
        variables.push_str(&format!("{name} = \"{}\"\n", server.at(name)));
    }
    let ca = server.file("ca.pem");
    home(
        &variables,
        &format!("[network]\nca_file = \"{}\"\n", ca.display()),
        profile,
        &server.file(key),
        &[
            ("collections/orders/list.toml", &get("{{api}}/api/orders")),
            ("collections/others/behind-tls.toml", &get("{{tls}}/api/orders")),
            ("collections/others/es256.toml", &get("{{api}}/api/es256")),
            ("collections/others/short.toml", &get("{{api}}/api/short")),
            ("collections/others/write.toml", &get("{{api}}/api/orders").replace("GET", "POST")),
        ],
    )
}

/// A workspace for Authlib, in the same way; its API tells `user` and `client`.
pub fn authlib_home(profile: &str, key: &str) -> Home {
    let server = authlib();
    let variables = format!("url = \"{}\"\n", server.at("url"));
    home(
        &variables,
        "",
        profile,
        &server.file(key),
        &[("collections/orders/me.toml", &get("{{url}}/api/me"))],
    )
}

fn get(url: &str) -> String {
    format!("name = \"x\"\nmethod = \"GET\"\nurl = \"{url}\"\nauth = \"peer\"\n")
}

fn home(variables: &str, network: &str, profile: &str, key: &Path, requests: &[(&str, &str)]) -> Home {
    let environment = format!(
        "[variables]\n{variables}client_secret = {{ env = \"PEER_SECRET\" }}\nkey = {{ file = \"{}\" }}\n{network}",
        key.display()
    );
    let mut files = vec![("environments/peer.toml", environment.as_str()), ("auth/peer.toml", profile)];
    files.extend(requests);
    Home::with_files(&files)
}

/// Runs a command in the environment `peer`, with a vault, and `PEER_SECRET` set.
pub fn run(home: &Home, secret: &str, args: &[&str]) -> Ran {
    finish(command(home, secret, args), b"")
}

/// The command of [`run`].
pub fn command(home: &Home, secret: &str, args: &[&str]) -> Command {
    let args: Vec<&str> = args.iter().copied().chain(["--env", "peer"]).collect();
    let mut command = home.command(&args);
    command.env("PEER_SECRET", secret).env("HALLPASS_PASSPHRASE", "correct horse");
    command
}

/// What is written on a token.
pub fn decode(home: &Home, token: &str) -> Value {
    home.run(&["jwt", "decode", "--json", token.trim()]).exits(0).json()
}

/// How often a server did something, in its own words.
pub fn count(server: &Server, origin: &str, what: &str) -> u64 {
    let url = format!("{}/counts", server.at(origin));
    let counts: Value = serde_json::from_str(&curl(&[&url])).unwrap();
    counts[what].as_u64().unwrap_or(0)
}

/// What curl prints: for TLS, and requests with headers of their own.
pub fn curl(args: &[&str]) -> String {
    let output = Command::new("curl").args(["-sS", "--noproxy", "*", "--max-time", "20"]).args(args).output();
    let output = output.expect("curl");
    assert!(output.status.success(), "curl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Goes through the login and consent pages of `oidc-provider` until there is nothing left to say yes to.
pub fn agree(browser: &Browser, mut page: Page, name: &str, stop: &str) -> Page {
    for _ in 0..4 {
        let asks = |what: &str| page.body.contains(&format!("<title>{what}</title>"));
        page = match () {
            () if asks("login") => browser.submit(&page, &[("login", name)], stop),
            () if asks("consent") => browser.submit(&page, &[("yes", "1")], stop),
            () => return page,
        };
    }
    panic!("the pages do not end: {page:?}");
}

/// Opens a URL and logs in.
pub fn log_in(browser: &Browser, url: &str, name: &str, stop: &str) -> Page {
    agree(browser, browser.open(url, stop), name, stop)
}
