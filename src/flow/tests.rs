//! The flow against a raw server on loopback.

use super::three_part::{create_case, get_token};
use super::*;
use crate::http::Outgoing;
use crate::jwt::Signature;
use crate::model::auth::{Auth, KeyPlace};
use crate::model::check::{Capture, Check, Operator, Selector};
use crate::model::exchange::header;
use crate::model::plan::Plan;
use crate::model::problem::ProblemKind;
use crate::model::profile::ClientAuth;
use crate::model::progress::no_progress;
use crate::model::request::{Body, Part, PartContent, Request, Row};
use crate::model::settings::Settings;
use crate::model::value::Value;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

mod desk;
mod diagnosis;
mod dpop;
mod grants;
mod hostile_as;
mod hostile_as_endpoints;
mod hostile_as_list;
mod hostile_as_login;
mod keys;
mod life;
mod login;
mod manage;
mod origin;
mod preview;
mod probe;
mod remedy;
mod token;

/// A request as it arrived: head and body as text.
#[derive(Clone, Debug)]
struct Arrived {
    head: String,
    body: String,
}

impl Arrived {
    /// A field of the form.
    fn field(&self, name: &str) -> Option<String> {
        let mut pairs = url::form_urlencoded::parse(self.body.as_bytes());
        pairs.find(|(n, _)| n == name).map(|(_, v)| v.into_owned())
    }

    fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or("")
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (n, v) = line.split_once(':')?;
            n.eq_ignore_ascii_case(name).then(|| v.trim())
        })
    }
}

struct Server {
    base: String,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

impl Server {
    /// Answers each request by a function; `None` never answers.
    async fn start(answer: impl Fn(&Arrived) -> Option<(u16, String)> + Send + Sync + 'static) -> Server {
        Server::speaking(move |request| {
            answer(request).map(|(status, body)| reply(status, "ETag: \"1\"\r\n", &body))
        })
        .await
    }

    /// Answers each request with the text of a whole answer.
    async fn speaking(answer: impl Fn(&Arrived) -> Option<String> + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (Arc::clone(&arrived), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                tokio::spawn(async move {
                    let mut bytes = Vec::new();
                    let request = loop {
                        let mut chunk = [0; 4096];
                        let Ok(read @ 1..) = stream.read(&mut chunk).await else { return };
                        bytes.extend_from_slice(&chunk[..read]);
                        let text = String::from_utf8_lossy(&bytes).into_owned();
                        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                        let request = Arrived { head: head.to_owned(), body: body.to_owned() };
                        let length =
                            request.header("content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
                        if body.len() >= length {
                            break request;
                        }
                    };
                    log.lock().unwrap().push(request.clone());
                    match answer(&request) {
                        Some(text) => drop(stream.write_all(text.as_bytes()).await),
                        None => std::future::pending().await,
                    }
                });
            }
        });
        Server { base, arrived }
    }

    fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap().clone()
    }

    fn count(&self, path: &str) -> usize {
        self.arrived().iter().filter(|a| a.path() == path).count()
    }
}

/// A whole answer; each of `headers` with its line end.
fn reply(status: u16, headers: &str, body: &str) -> String {
    let kind = if body.starts_with('<') { "text/html" } else { "application/json" };
    format!(
        "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// Secrets by name; counts how often it is asked.
#[derive(Default)]
struct Vault {
    secrets: HashMap<&'static str, &'static str>,
    asked: AtomicUsize,
}

impl SecretSource for Vault {
    fn get(&self, _: &Path, _: &str, name: &str, _: &SecretRef) -> Result<Secret, Problem> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let problem = || {
            Problem::new(ProblemKind::Unresolved, format!("no secret {name}"), "the vault has none", "set it")
        };
        self.secrets.get(name).map(|s| Secret::new(*s)).ok_or_else(problem)
    }
}

fn vault(secrets: &[(&'static str, &'static str)]) -> Arc<Vault> {
    Arc::new(Vault { secrets: secrets.iter().copied().collect(), asked: AtomicUsize::new(0) })
}

fn session(vault: &Arc<Vault>) -> Session {
    let settings = Settings { timeout: Duration::from_secs(5), ..Settings::default() };
    Session::new(&settings, Arc::clone(vault) as Arc<dyn SecretSource>, None)
}

fn profile() -> OauthProfile {
    OauthProfile {
        name: "pega".into(),
        token_url: "{{base_url}}/token".into(),
        client_id: "id".into(),
        client_secret: "{{client_secret}}".into(),
        ..OauthProfile::default()
    }
}

fn environment(base: &str) -> Environment {
    let mut environment = Environment { name: "dev".into(), ..Environment::default() };
    environment.variables.insert("base_url".into(), base.into());
    environment.variables.insert("client_secret".into(), Value::Secret(SecretRef::Vault));
    environment
}

fn plan(base: &str, request: Request) -> Plan {
    let environment = environment(base);
    let mut plan = Plan::ad_hoc(None, request, Some(&environment), Vec::new());
    plan.profiles = vec![profile()];
    plan
}

fn token_plan(base: &str) -> TokenPlan {
    let plan = plan(base, Request::default());
    TokenPlan { profile: profile(), environment: plan.environment, layers: plan.layers, root: plan.root }
}

fn get(url: &str) -> Request {
    Request { auth: Auth::Profile("pega".into()), ..Request::new("Read", "GET", url) }
}

const TOKEN: &str = r#"{"access_token":"tok-en-1","token_type":"bearer","expires_in":3600}"#;

async fn api() -> Server {
    Server::start(|r| {
        Some(match r.path() {
            "/token" => (200, TOKEN.to_owned()),
            _ => (200, json!({"ID": "A-1", "echo": r.header("authorization")}).to_string()),
        })
    })
    .await
}

async fn send(session: &Session, plan: &Plan) -> Sent {
    send_request(session, plan, &no_progress, &CancellationToken::new()).await
}

#[tokio::test]
async fn a_request_gets_its_token_is_sent_captured_and_checked() {
    let (server, vault) = (api().await, vault(&[("client_secret", "s3cret-s3cret")]));
    let session = session(&vault);
    let mut request = get("{{base_url}}/cases/{{id}}");
    request.variables.insert("id".into(), "A 1".into());
    request.captures = vec![Capture { variable: "case_id".into(), selector: Selector::Json("$.ID".into()) }];
    let operator = Operator::Equals(json!("{{case_id}}"));
    request.checks = vec![Check { name: None, selector: Selector::Json("$.ID".into()), operator }];
    let plan = plan(&server.base, request);
    let sent = send(&session, &plan).await;
    assert_eq!(sent.problem, None);
    assert_eq!(sent.captures, [("case_id".to_owned(), "A-1".to_owned())]);
    assert!(sent.checks[0].ok && sent.checks[0].expected == json!("A-1"), "{:?}", sent.checks);
    assert_eq!(sent.exit_code(), 0);
    let arrived = server.arrived();
    assert_eq!(arrived[0].body, "grant_type=client_credentials");
    assert_eq!(arrived[0].header("authorization"), Some("Basic aWQ6czNjcmV0LXMzY3JldA=="));
    assert_eq!(
        (arrived[1].path(), arrived[1].header("authorization")),
        ("/cases/A%201", Some("Bearer tok-en-1"))
    );
    // Again: the same token, and the secret is not asked for.
    assert!(send(&session, &plan).await.problem.is_none());
    assert_eq!((server.count("/token"), vault.asked.load(Ordering::SeqCst)), (1, 1));
    let redactor = session.redactor();
    assert_eq!(redactor.mask("tok-en-1 s3cret-s3cret aWQ6czNjcmV0LXMzY3JldA=="), "••• ••• •••");
}

#[tokio::test]
async fn without_a_token_nothing_is_sent_and_the_token_exchange_is_kept() {
    let server = Server::start(|r| {
        Some((200, if r.path() == "/token" { "<html>Sign in</html>".into() } else { "{}".into() }))
    })
    .await;
    let sent =
        send(&session(&vault(&[("client_secret", "secret")])), &plan(&server.base, get("{{base_url}}/x")))
            .await;
    let problem = sent.problem.clone().unwrap();
    assert_eq!((problem.kind, sent.exit_code(), server.count("/x")), (ProblemKind::Token, 4, 0));
    assert!(problem.why.contains("login page") && sent.token_exchange.is_some());
}

#[tokio::test]
async fn an_unresolved_variable_stops_before_secret_and_network() {
    let (server, vault) = (api().await, vault(&[("client_secret", "secret")]));
    let mut request = get("{{base_ulr}}/x");
    request.headers = vec![Row::on("X", "{{client_secret}}")];
    let sent = send(&session(&vault), &plan(&server.base, request)).await;
    let problem = sent.problem.unwrap();
    assert_eq!(problem.kind, ProblemKind::Unresolved);
    assert!(
        problem.what.contains("`{{base_ulr}}` has no value") && problem.why.contains("`base_url`"),
        "{problem}"
    );
    assert_eq!((server.arrived().len(), vault.asked.load(Ordering::SeqCst)), (0, 0));
}

#[tokio::test]
async fn a_secret_that_cannot_be_had_is_the_problem_of_its_source() {
    let server = api().await;
    let sent = send(&session(&vault(&[])), &plan(&server.base, get("{{base_url}}/x"))).await;
    assert_eq!(sent.problem.unwrap().what, "no secret client_secret");
    assert!(server.arrived().is_empty());
}

#[tokio::test]
async fn a_refused_connection_is_a_network_problem_of_the_host() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let mut plan = plan(&base, get("{{base_url}}/x"));
    plan.request.auth = Auth::None;
    let sent = send(&session(&vault(&[])), &plan).await;
    assert_eq!(sent.exit_code(), 3);
    let problem = sent.problem.unwrap();
    assert_eq!(problem.what, format!("GET {} failed", base.trim_start_matches("http://")));
    assert!(sent.exchange.is_some_and(|e| e.failure.is_some()));
}

#[tokio::test]
async fn cancelling_ends_a_send_and_a_token_request_at_once() {
    let server = Server::start(|_| None).await;
    let session = session(&vault(&[("client_secret", "secret")]));
    let mut bare = plan(&server.base, get("{{base_url}}/x"));
    bare.request.auth = Auth::None;
    for plan in [plan(&server.base, get("{{base_url}}/x")), bare] {
        let cancel = CancellationToken::new();
        let (sent, ()) = tokio::join!(send_request(&session, &plan, &no_progress, &cancel), async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            cancel.cancel();
        });
        assert_eq!(sent.exit_code(), 130, "{:?}", sent.problem);
    }
}

#[tokio::test]
async fn a_time_out_ends_with_its_own_code() {
    let server = Server::start(|_| None).await;
    let mut plan = plan(&server.base, get("{{base_url}}/x"));
    plan.request.auth = Auth::None;
    plan.request.options.timeout_ms = Some(30);
    assert_eq!(send(&session(&vault(&[])), &plan).await.exit_code(), 6);
}

#[tokio::test]
async fn a_file_of_a_body_is_read_and_a_missing_one_is_named() {
    let server = api().await;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.json"), "{\"a\":1}").unwrap();
    let part = |name: &str, content| Part { name: name.into(), content, content_type: None, enabled: true };
    let mut request = Request::new("Upload", "POST", "{{base_url}}/up");
    request.body = Body::Multipart(vec![
        part("t", PartContent::Text("v".into())),
        part("f", PartContent::File("a.json".into())),
    ]);
    let mut plan = plan(&server.base, request);
    plan.root = dir.path().to_owned();
    let session = session(&vault(&[]));
    assert_eq!(send(&session, &plan).await.problem, None);
    let up = server.arrived().remove(0);
    let boundary = up.header("content-type").unwrap().strip_prefix("multipart/form-data; boundary=").unwrap();
    assert_eq!(
        up.body,
        format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nv\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.json\"\r\nContent-Type: application/json\r\n\r\n{{\"a\":1}}\r\n--{boundary}--\r\n"
        )
    );
    plan.request.body = Body::File("gone.bin".into());
    let problem = send(&session, &plan).await.problem.unwrap();
    assert_eq!((problem.kind, problem.file), (ProblemKind::File, Some(dir.path().join("gone.bin"))));
}

#[tokio::test]
async fn the_flow_gets_a_token_lists_creates_and_reads_the_case() {
    let server = Server::start(|r| {
        Some(match (r.path(), r.body.as_str()) {
            ("/token", _) => (200, format!(r#"{{"access_token":"{}"}}"#, keys::RS256)),
            ("/casetypes", _) => {
                (200, r#"{"caseTypes":[{"ID":"X"},{"ID":"Claim","links":{"create":{}}}]}"#.into())
            }
            ("/cases", r#"{"caseTypeID":"Claim"}"#) => (201, r#"{"ID":"W APP-2005"}"#.into()),
            _ => (400, "{}".into()),
        })
    })
    .await;
    let session = session(&vault(&[("client_secret", "secret")]));
    let cancel = CancellationToken::new();
    let step = get_token(&session, &token_plan(&server.base), &no_progress, &cancel).await.unwrap();
    assert!(step.decoded.claims.is_some());
    let list = plan(&server.base, get("{{base_url}}/casetypes"));
    let mut create = get("{{base_url}}/cases");
    create.method = "POST".into();
    create.body = Body::Json(r#"{"caseTypeID":"{{case_type}}"}"#.into());
    let create = plan(&server.base, create);
    let step = create_case(&session, &list, &create, None, &no_progress, &cancel).await;
    let created = step.created.unwrap();
    assert_eq!((created.case_id.as_str(), created.etag.as_deref()), ("APP-2005", Some("\"1\"")));
    assert_eq!((step.case_type.as_deref(), server.count("/token")), (Some("Claim"), 1));
    let other = create_case(&session, &list, &create, Some("Nope"), &no_progress, &cancel).await;
    assert!(other.created.is_err() && other.create.is_none());
}

#[tokio::test]
async fn a_token_brought_home_by_hand_is_masked_like_any_other() {
    let body = r#"{"access_token":"by-hand-1","refresh_token":"by-hand-2"}"#;
    let server = Server::start(move |_| Some((200, body.to_owned()))).await;
    let session = session(&vault(&[]));
    let mut request = Request::new("Token", "POST", "{{base_url}}/token");
    request.captures =
        vec![Capture { variable: "access_token".into(), selector: Selector::Json("$.access_token".into()) }];
    let sent = send(&session, &plan(&server.base, request)).await;
    let shown = crate::report::sent(&sent, session.redactor(), crate::report::Masking::Masked).to_string();
    assert!(!shown.contains("by-hand"), "{shown}");
}
