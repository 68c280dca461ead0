//! What each probe sends, to whom, and what it makes of the answer.

use super::*;
use crate::diagnose::Probe;
use crate::flow::probe::{ProbeOutcome, Verdict, run, run_for_token};
use crate::model::plan::Neighbour;

/// A session, a call that was refused with 401, and what it was sent to.
struct Case {
    session: Session,
    plan: Plan,
    sent: Sent,
    server: Server,
}

impl Case {
    async fn new(path: &str, answer: impl Fn(&Arrived) -> Option<String> + Send + Sync + 'static) -> Case {
        let server = Server::speaking(answer).await;
        let session = session(&vault(&[("client_secret", "s3cret-s3cret")]));
        let plan = plan(&server.base, get(&format!("{{{{base_url}}}}{path}")));
        let sent = send(&session, &plan).await;
        assert_eq!(sent.exchange.as_ref().and_then(|e| e.status()), Some(401));
        Case { session, plan, sent, server }
    }

    async fn run(&self, probe: Probe) -> ProbeOutcome {
        run(&self.session, &self.plan, &self.sent, probe, false, &CancellationToken::new()).await
    }
}

fn token(n: usize) -> String {
    reply(200, "", &json!({"access_token": format!("tok-en-{n}"), "token_type": "bearer"}).to_string())
}

#[tokio::test]
async fn a_new_token_that_is_taken_confirms_that_it_was_the_old_one() {
    let count = AtomicUsize::new(0);
    let case = Case::new("/a", move |r| {
        Some(match (r.path(), r.header("authorization")) {
            ("/token", _) => token(count.fetch_add(1, Ordering::SeqCst)),
            (_, Some("Bearer tok-en-0")) => reply(401, "", "{}"),
            _ => reply(200, "", "{}"),
        })
    })
    .await;
    let outcome = case.run(Probe::RenewReplay).await;
    assert_eq!(outcome.verdict, Verdict::Confirmed, "{}", outcome.text);
    assert!(outcome.sent.is_some() && outcome.text.contains("200"));
}

#[tokio::test]
async fn a_request_that_may_change_something_is_not_sent_again_unasked() {
    let case =
        Case::new("/a", |r| Some(if r.path() == "/token" { token(0) } else { reply(401, "", "{}") })).await;
    let mut plan = case.plan.clone();
    plan.request.method = "POST".into();
    let cancel = CancellationToken::new();
    for probe in Probe::ALL.into_iter().filter(|p| p.repeats_request()) {
        let outcome = run(&case.session, &plan, &case.sent, probe, false, &cancel).await;
        assert_eq!((outcome.verdict, outcome.exchanges.len()), (Verdict::Unclear, 0), "{probe:?}");
    }
    assert_eq!(case.server.count("/a"), 1);
    let outcome = run(&case.session, &plan, &case.sent, Probe::Repeat, true, &cancel).await;
    assert_eq!((outcome.verdict, case.server.count("/a")), (Verdict::RuledOut, 4));
}

#[tokio::test]
async fn a_call_without_credentials_has_none_and_tells_whether_they_were_seen() {
    let case = Case::new("/a?access_token=typed-by-hand&b=1", |r| {
        Some(match (r.path(), r.header("authorization")) {
            ("/token", _) => token(0),
            (_, Some(_)) => reply(401, "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n", "{}"),
            _ => reply(401, "WWW-Authenticate: Bearer realm=\"r\"\r\n", "{}"),
        })
    })
    .await;
    let outcome = case.run(Probe::NoCredentials).await;
    assert_eq!(outcome.verdict, Verdict::RuledOut, "{}", outcome.text);
    assert!(outcome.text.contains("realm=\"r\""), "{}", outcome.text);
    let last = case.server.arrived().pop().unwrap();
    assert_eq!((last.path(), last.header("authorization")), ("/a?b=1", None));
}

#[tokio::test]
async fn a_call_that_is_answered_now_so_and_now_so_is_told() {
    let count = AtomicUsize::new(0);
    let case = Case::new("/a", move |r| {
        let odd = || count.fetch_add(1, Ordering::SeqCst).is_multiple_of(2);
        Some(match r.path() {
            "/token" => token(0),
            _ if odd() => reply(401, "", "{}"),
            _ => reply(200, "", "{}"),
        })
    })
    .await;
    let outcome = case.run(Probe::Repeat).await;
    assert_eq!((outcome.verdict, outcome.exchanges.len()), (Verdict::Confirmed, 3));
    assert!(outcome.text.contains("200, 401, 200"), "{}", outcome.text);
}

#[tokio::test]
async fn case_types_are_asked_for_below_the_same_application_with_the_same_token() {
    let case = Case::new("/prweb/app/acme/api/application/v2/cases/1", |r| {
        Some(match r.path() {
            "/token" => token(0),
            "/prweb/app/acme/api/v1/casetypes" => reply(200, "", "{}"),
            _ => reply(401, "", "{}"),
        })
    })
    .await;
    let outcome = case.run(Probe::CaseTypes).await;
    assert_eq!(outcome.verdict, Verdict::RuledOut, "{}", outcome.text);
    assert!(outcome.text.contains("v2 answers 401 and v1 answers 200"), "{}", outcome.text);
    let asked = case.server.arrived();
    assert!(asked.iter().rev().take(2).all(|r| r.header("authorization") == Some("Bearer tok-en-0")));
}

#[tokio::test]
async fn a_token_is_not_sent_to_another_server_because_the_request_was_edited_since() {
    let case = Case::new("/api/v1/cases", |r| {
        Some(if r.path() == "/token" { token(0) } else { reply(401, "", "{}") })
    })
    .await;
    let other = api().await;
    let mut plan = case.plan.clone();
    plan.request.url = format!("{}/api/v1/cases", other.base);
    for probe in [Probe::Repeat, Probe::CaseTypes] {
        let outcome = run(&case.session, &plan, &case.sent, probe, false, &CancellationToken::new()).await;
        assert_eq!(outcome.verdict, Verdict::Unclear, "{}", outcome.text);
    }
    assert!(other.arrived().is_empty());
}

#[tokio::test]
async fn the_other_client_authentication_is_tried_and_nothing_is_kept_of_it() {
    let server = Server::start(|r| {
        Some(match r.field("client_secret") {
            Some(_) => (200, TOKEN.to_owned()),
            None => (401, "{\"error\":\"invalid_client\"}".to_owned()),
        })
    })
    .await;
    let session = session(&vault(&[("client_secret", "s3cret-s3cret")]));
    let mut plan = token_plan(&server.base);
    plan.profile.client_auth = ClientAuth::Basic;
    let cancel = CancellationToken::new();
    assert!(obtain_token(&session, &plan, false, &no_progress, &cancel).await.is_err());
    let outcome = run_for_token(&session, &plan, Probe::OtherClientAuth, &cancel).await;
    assert_eq!(outcome.verdict, Verdict::Confirmed, "{}", outcome.text);
    assert!(session.tokens().is_empty() && !outcome.text.contains("tok-en"));
}

#[tokio::test]
async fn metadata_of_the_resource_is_read_at_its_own_origin_only() {
    let elsewhere = "WWW-Authenticate: Bearer resource_metadata=\"https://evil.example/x\"\r\n";
    let case = Case::new("/a", move |r| {
        Some(if r.path() == "/token" { token(0) } else { reply(401, elsewhere, "{}") })
    })
    .await;
    let outcome = case.run(Probe::ResourceMetadata).await;
    assert_eq!((outcome.verdict, outcome.exchanges.len()), (Verdict::Unclear, 0), "{}", outcome.text);

    let case = Case::new("/a", |r| {
        let base = format!("http://{}", r.header("host").unwrap_or_default());
        let body = json!({"resource": format!("{base}/a"), "authorization_servers": ["https://as.example"]});
        Some(match r.path() {
            "/token" => token(0),
            "/.well-known/oauth-protected-resource/a" => reply(200, "", &body.to_string()),
            _ => reply(401, "", "{}"),
        })
    })
    .await;
    let outcome = case.run(Probe::ResourceMetadata).await;
    assert!(outcome.text.contains("https://as.example"), "{}", outcome.text);
    let last = case.server.arrived().pop().unwrap();
    assert_eq!(last.header("authorization"), None);
}

#[tokio::test]
async fn a_token_of_another_environment_is_told_by_its_issuer_without_asking_anybody() {
    use base64::Engine;
    let part =
        |json: serde_json::Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json.to_string());
    let claims = json!({"iss": "https://staging.example/prweb"});
    let jwt = format!("{}.{}.c2ln", part(json!({"alg": "RS256"})), part(claims));
    let body = json!({"access_token": jwt, "token_type": "bearer"}).to_string();
    let case = Case::new("/a", move |r| {
        Some(if r.path() == "/token" { reply(200, "", &body) } else { reply(401, "", "{}") })
    })
    .await;
    let mut plan = case.plan.clone();
    let hosts = vec!["staging.example:8443".to_owned()];
    plan.environments = vec![Neighbour { name: "staging".into(), hosts }];
    let (before, cancel) = (case.server.arrived().len(), CancellationToken::new());
    let outcome = run(&case.session, &plan, &case.sent, Probe::OtherEnvironment, false, &cancel).await;
    assert_eq!(outcome.verdict, Verdict::Confirmed);
    assert!(outcome.text.contains("`staging`"), "{}", outcome.text);
    assert_eq!(case.server.arrived().len(), before);
}

#[tokio::test]
async fn the_server_is_asked_whether_the_token_is_active() {
    let mut case = Case::new("/a", |r| {
        Some(match r.path() {
            "/token" => token(0),
            "/introspect" => reply(200, "", "{\"active\":false}"),
            _ => reply(401, "", "{}"),
        })
    })
    .await;
    case.plan.profiles[0].introspection_url = "{{base_url}}/introspect".into();
    let outcome = case.run(Probe::Introspect).await;
    assert_eq!(outcome.verdict, Verdict::Confirmed, "{}", outcome.text);
    assert!(outcome.text.contains("not active") && outcome.exchanges.len() == 1);
}

#[tokio::test]
async fn metadata_that_says_otherwise_than_the_profile_is_told() {
    let server = Server::start(|r| {
        let base = format!("http://{}", r.header("host").unwrap_or_default());
        let document = json!({
            "issuer": base, "token_endpoint": format!("{base}/token"), "authorization_endpoint": "",
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        });
        Some(match r.path() {
            "/.well-known/openid-configuration" => (200, document.to_string()),
            _ => (404, String::new()),
        })
    })
    .await;
    let session = session(&vault(&[("client_secret", "s3cret-s3cret")]));
    let plan = token_plan(&server.base);
    let outcome = run_for_token(&session, &plan, Probe::Metadata, &CancellationToken::new()).await;
    assert_eq!(outcome.verdict, Verdict::Confirmed, "{}", outcome.text);
    assert!(outcome.text.contains("private_key_jwt"), "{}", outcome.text);
}
