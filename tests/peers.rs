//! hallpass against a server that others wrote and certified: npm `oidc-provider`, and an API behind it
//! that verifies tokens with `jose` (tests/peers/oidc-provider.mjs).
//!
//! Needs node and its packages, so a plain `cargo test` counts these as ignored. To run them:
//! `(cd tests/peers && npm ci) && cargo test --test peers -- --include-ignored`, as .ci/run does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what it needs")]

#[allow(dead_code, reason = "shared with the command-line tests, which use all of it")]
#[path = "cli/support.rs"]
mod support;

use hallpass::flow::{SecretSource, Session, TokenPlan, inspect_token};
use hallpass::jwt::Signature;
use hallpass::model::plan::Layer;
use hallpass::model::problem::{Problem, ProblemKind};
use hallpass::model::secret::Secret;
use hallpass::model::settings::Settings;
use hallpass::model::value::SecretRef;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};
use support::{Home, Ran, finish};
use tokio_util::sync::CancellationToken;

/// As the server has it; every one of these characters has broken some client.
const ODD: &str = "50%25+a&b=c:d/e f?g";

struct Peer {
    url: String,
    /// Its input: the server ends when this process does.
    _node: Child,
}

/// The URL of the one server of this file.
fn peer() -> &'static str {
    static PEER: OnceLock<Result<Peer, String>> = OnceLock::new();
    match PEER.get_or_init(start) {
        Ok(peer) => &peer.url,
        Err(why) => panic!("no peer server: {why}"),
    }
}

fn start() -> Result<Peer, String> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
    if !dir.join("node_modules/oidc-provider").is_dir() {
        return Err("its packages are not installed: run `npm ci` in tests/peers".to_owned());
    }
    let mut node = Command::new("node")
        .arg("oidc-provider.mjs")
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| format!("`node` does not start: {e}"))?;
    let lines = BufReader::new(node.stdout.take().unwrap()).lines();
    let mut said = Vec::new();
    for line in lines.map_while(Result::ok) {
        if let Some(url) = line.strip_prefix("listening ") {
            return Ok(Peer { url: url.to_owned(), _node: node });
        }
        said.push(line);
    }
    Err(format!("`node oidc-provider.mjs` ended before it listened: {}", said.join(" / ")))
}

/// A workspace with one profile, and requests on the API `NAME` for the audience of the same name.
fn workspace(url: &str, client_id: &str, client_auth: &str, resource: &str) -> Home {
    let environment = format!(
        "[variables]\nissuer = \"{url}\"\nclient_id = \"{client_id}\"\nclient_secret = {{ env = \"PEER_SECRET\" }}\n"
    );
    let resources = if resource.is_empty() {
        String::new()
    } else {
        format!("resource = [\"https://{resource}.example.test/\"]\n")
    };
    let profile = format!(
        "grant = \"client_credentials\"\ntoken_url = \"{{{{issuer}}}}/token\"\njwks_url = \"{{{{issuer}}}}/jwks\"\n\
         client_id = \"{{{{client_id}}}}\"\nclient_secret = \"{{{{client_secret}}}}\"\n\
         client_auth = \"{client_auth}\"\nscope = [\"orders.read\"]\n{resources}"
    );
    let list = "name = \"List\"\nmethod = \"GET\"\nurl = \"{{issuer}}/api/orders\"\nauth = \"peer\"\n\
                [[check]]\nstatus = 200\n[[check]]\njson = \"$.ok\"\nequals = true\n\
                [[check]]\njson = \"$.client_id\"\nequals = \"{{client_id}}\"\n\
                [[check]]\njson = \"$.aud\"\nequals = \"https://orders.example.test/\"\n";
    let plain = |method: &str, api: &str| {
        format!("name = \"x\"\nmethod = \"{method}\"\nurl = \"{{{{issuer}}}}/api/{api}\"\nauth = \"peer\"\n")
    };
    Home::with_files(&[
        ("environments/peer.toml", environment.as_str()),
        ("auth/peer.toml", profile.as_str()),
        ("collections/orders/list.toml", list),
        ("collections/others/read.toml", &plain("GET", "orders")),
        ("collections/others/read-es256.toml", &plain("GET", "es256")),
        ("collections/others/write.toml", &plain("POST", "orders")),
    ])
}

fn run(home: &Home, secret: &str, args: &[&str]) -> Ran {
    let args: Vec<&str> = args.iter().copied().chain(["--env", "peer"]).collect();
    let mut command = home.command(&args);
    command.env("PEER_SECRET", secret);
    finish(command, b"")
}

fn decode(home: &Home, token: &str) -> Value {
    home.run(&["jwt", "decode", "--json", token.trim()]).exits(0).json()
}

struct NoSecrets;

impl SecretSource for NoSecrets {
    fn get(&self, _: &Path, _: &str, name: &str, _: &SecretRef) -> Result<Secret, Problem> {
        Err(Problem::new(ProblemKind::Unresolved, name, "reading keys needs no secret", ""))
    }
}

/// The state of the token's signature by the profile's `jwks_url`.
fn verified(home: &Home, token: &str) -> Signature {
    let workspace = hallpass::storage::load(&home.work()).unwrap();
    assert!(workspace.problems.is_empty(), "{:?}", workspace.problems);
    let environment = workspace.environments.iter().find(|e| e.name == "peer").unwrap().clone();
    let layer = Layer { origin: "environment peer".to_owned(), variables: environment.variables.clone() };
    let profile = workspace.profile("peer").unwrap().clone();
    let plan = TokenPlan { profile, environment, layers: vec![layer], root: workspace.root };
    let session = Session::new(&Settings::default(), Arc::new(NoSecrets), None);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let cancel = CancellationToken::new();
    runtime.block_on(inspect_token(&session, &plan, token.trim(), None, &cancel)).signature
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn a_token_is_got_read_and_verified_and_opens_the_api() {
    let url = peer();
    let home = workspace(url, "plain", "basic", "orders");
    let token = run(&home, "plain-secret", &["token"]).exits(0).text();
    let decoded = decode(&home, &token);
    assert_eq!(decoded["header"]["alg"], "RS256", "{decoded}");
    assert_eq!(decoded["header"]["typ"], "at+jwt");
    assert_eq!(decoded["claims"]["iss"], url);
    assert_eq!(decoded["claims"]["aud"], "https://orders.example.test/");
    assert_eq!(decoded["claims"]["client_id"], "plain");
    assert_eq!(decoded["claims"]["scope"], "orders.read");
    assert_eq!(decoded["signature"]["state"], "unverified");
    assert!(matches!(verified(&home, &token), Signature::Verified { ref key } if key.contains("rsa-1")));
    let answer = run(&home, "plain-secret", &["send", "orders/list"]).exits(0).json();
    assert_eq!(answer["ok"], true);
    assert_eq!(answer["iss"], url);
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn a_token_signed_with_an_elliptic_curve_is_verified_and_a_changed_one_rejected() {
    let url = peer();
    let home = workspace(url, "plain", "basic", "es256");
    let token = run(&home, "plain-secret", &["token"]).exits(0).text();
    assert_eq!(decode(&home, &token)["header"]["alg"], "ES256");
    assert!(matches!(verified(&home, &token), Signature::Verified { ref key } if key.contains("ec-1")));
    run(&home, "plain-secret", &["send", "others/read-es256"]).exits(0);
    // The tenth character of the signature: all six of its bits count.
    let (head, signature) = token.trim().rsplit_once('.').unwrap();
    let other = if signature.as_bytes()[9] == b'A' { "B" } else { "A" };
    let changed = format!("{head}.{}{other}{}", &signature[..9], &signature[10..]);
    assert!(matches!(verified(&home, &changed), Signature::Rejected { .. }));
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn an_id_and_a_secret_of_odd_characters_are_understood_in_the_header_and_in_the_body() {
    let url = peer();
    for (client, auth) in [("odd:id/1%", "basic"), ("in-body", "body")] {
        let home = workspace(url, client, auth, "orders");
        run(&home, ODD, &["send", "orders/list"]).exits(0);
        run(&home, &format!("{ODD}x"), &["send", "orders/list"]).exits(4);
    }
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn without_form_encoding_odd_characters_are_refused_so_the_encoding_counts() {
    let url = peer();
    let home = workspace(url, "odd:id/1%", "basic_raw", "orders");
    run(&home, ODD, &["token"]).exits(4);
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn a_wrong_secret_exits_4_and_tells_what_the_server_said() {
    let url = peer();
    let home = workspace(url, "plain", "basic", "orders");
    for args in [&["token", "--json"][..], &["send", "orders/list", "--json"][..]] {
        let ran = run(&home, "not-the-secret", args).exits(4);
        let value = ran.json();
        assert_eq!(value["error"]["kind"], "token", "{value}");
        assert!(value.to_string().contains("invalid_client"), "{value}");
        assert!(!value.to_string().contains("not-the-secret") && !ran.stderr.contains("not-the-secret"));
    }
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn a_collection_replays_and_its_checks_hold() {
    let url = peer();
    let home = workspace(url, "plain", "basic", "orders");
    let value = run(&home, "plain-secret", &["run", "orders", "--json"]).exits(0).json();
    assert_eq!(value["failed"], 0, "{value}");
    assert_eq!(value["checks"]["passed"], 4, "{value}");
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn refusals_of_the_api_exit_5_wrong_audience_missing_scope_and_opaque_token_alike() {
    let url = peer();
    let home = workspace(url, "plain", "basic", "orders");
    let ran = run(&home, "plain-secret", &["send", "others/read-es256", "--json"]).exits(5).json();
    assert_eq!(ran["response"]["status"], 401);
    let ran = run(&home, "plain-secret", &["send", "others/write", "--json"]).exits(5).json();
    assert_eq!(ran["response"]["status"], 403);
    let opaque = workspace(url, "plain", "basic", "");
    let token = run(&opaque, "plain-secret", &["token"]).exits(0).text();
    assert_eq!(token.matches('.').count(), 0, "{token}");
    run(&opaque, "plain-secret", &["send", "others/read"]).exits(5);
}
