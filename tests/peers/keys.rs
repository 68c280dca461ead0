//! Tokens read and verified with the server's own keys.

use crate::servers::{decode, oidc, oidc_home, run};
use crate::support::Home;
use hallpass::flow::{SecretSource, Session, TokenPlan, inspect_token};
use hallpass::jwt::Signature;
use hallpass::model::plan::Layer;
use hallpass::model::problem::{Problem, ProblemKind};
use hallpass::model::secret::Secret;
use hallpass::model::settings::Settings;
use hallpass::model::value::SecretRef;
use std::path::Path;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

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

/// The profile of `plain` for one API.
fn plain(api: &str) -> String {
    let resource = if api.is_empty() { String::new() } else { format!("\"https://{api}.example.test/\"") };
    format!(
        "grant = \"client_credentials\"\ntoken_url = \"{{{{issuer}}}}/token\"\njwks_url = \"{{{{issuer}}}}/jwks\"\n\
         client_id = \"plain\"\nclient_secret = \"{{{{client_secret}}}}\"\nscope = [\"orders.read\"]\n\
         resource = [{resource}]\n"
    )
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn a_token_is_got_read_and_verified_and_opens_the_api() {
    let issuer = oidc().at("issuer");
    let home = oidc_home(&plain("orders"), "rs256.pem");
    let token = run(&home, "plain-secret", &["token"]).exits(0).text();
    let decoded = decode(&home, &token);
    assert_eq!(decoded["header"]["alg"], "RS256", "{decoded}");
    assert_eq!(decoded["header"]["typ"], "at+jwt");
    assert_eq!(decoded["claims"]["iss"], issuer);
    assert_eq!(decoded["claims"]["aud"], "https://orders.example.test/");
    assert_eq!(decoded["claims"]["client_id"], "plain");
    assert_eq!(decoded["claims"]["scope"], "orders.read");
    assert_eq!(decoded["signature"]["state"], "unverified");
    assert!(matches!(verified(&home, &token), Signature::Verified { ref key } if key.contains("rsa-1")));
    let answer = run(&home, "plain-secret", &["send", "orders/list"]).exits(0).json();
    assert_eq!(answer["ok"], true);
    assert_eq!(answer["iss"], issuer);
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn a_token_signed_with_an_elliptic_curve_is_verified_and_a_changed_one_rejected() {
    let home = oidc_home(&plain("es256"), "rs256.pem");
    let token = run(&home, "plain-secret", &["token"]).exits(0).text();
    assert_eq!(decode(&home, &token)["header"]["alg"], "ES256");
    assert!(matches!(verified(&home, &token), Signature::Verified { ref key } if key.contains("ec-1")));
    run(&home, "plain-secret", &["send", "others/es256"]).exits(0);
    // The tenth character of the signature: all six of its bits count.
    let (head, signature) = token.trim().rsplit_once('.').unwrap();
    let other = if signature.as_bytes()[9] == b'A' { "B" } else { "A" };
    let changed = format!("{head}.{}{other}{}", &signature[..9], &signature[10..]);
    assert!(matches!(verified(&home, &changed), Signature::Rejected { .. }));
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn refusals_of_the_api_exit_5_wrong_audience_missing_scope_and_opaque_token_alike() {
    let home = oidc_home(&plain("orders"), "rs256.pem");
    let ran = run(&home, "plain-secret", &["send", "others/es256", "--json"]).exits(5).json();
    assert_eq!(ran["response"]["status"], 401);
    let ran = run(&home, "plain-secret", &["send", "others/write", "--json"]).exits(5).json();
    assert_eq!(ran["response"]["status"], 403);
    let opaque = oidc_home(&plain(""), "rs256.pem");
    let token = run(&opaque, "plain-secret", &["token"]).exits(0).text();
    assert_eq!(token.matches('.').count(), 0, "{token}");
    run(&opaque, "plain-secret", &["send", "orders/list"]).exits(5);
}
