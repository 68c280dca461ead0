//! Logins: the listener, the paste, the device code, and what ends them.

use super::desk::{Desk, browse, log_in, login_plan, parameter, state};
use super::*;
use crate::jwt::sign::{SigningKey, sign};
use crate::model::profile::Grant;
use crate::model::token::Token;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

#[tokio::test]
async fn a_browser_that_comes_back_to_the_listener_brings_the_token() {
    let server = api().await;
    let session = session(&vault(&[]));
    let desk = Desk::at(&session);
    let mut plan = login_plan(&server.base);
    plan.profile.scope = vec!["cases".into()];
    plan.profile.extra_authorization.insert("authentication_service".into(), "pega".into());
    let (token, page) = tokio::join!(log_in(&session, &plan), async {
        let roads = desk.roads().await;
        let port = roads.port.unwrap();
        assert_eq!(roads.redirect_uri, Some(format!("http://127.0.0.1:{port}/callback")));
        assert!(
            roads.ssh.as_ref().unwrap().starts_with(&format!("ssh -L {port}:127.0.0.1:{port} ")),
            "{roads:?}"
        );
        assert_eq!(parameter(&roads, "code_challenge_method").as_deref(), Some("S256"));
        assert_eq!(parameter(&roads, "authentication_service").as_deref(), Some("pega"));
        assert!(state(&roads).len() >= 43, "256 bits of it");
        browse(port, &format!("/callback?code=c-secret-1&state={}", state(&roads))).await
    });
    assert_eq!(token.unwrap().access_token.expose(), "tok-en-1");
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("Connection: close"), "{page}");
    for header in [
        "Cache-Control: no-store",
        "Referrer-Policy: no-referrer",
        "Content-Security-Policy: default-src 'none'",
    ] {
        assert!(page.contains(header), "{header}");
    }
    assert!(!page.contains("c-secret-1") && !page.contains("tok-en-1"));
    let asked = server.arrived().pop().unwrap();
    assert_eq!(asked.field("code").as_deref(), Some("c-secret-1"));
    let verifier = asked.field("code_verifier").unwrap();
    assert!(verifier.len() >= 43 && asked.field("redirect_uri").is_some());
    assert_eq!((desk.overs(), desk.notes()), (1, Vec::<String>::new()));
    let masked = session.redactor().mask(&format!("c-secret-1 {verifier}"));
    assert_eq!(masked, "••• •••");
    // Once logged in, nobody is asked again.
    assert!(log_in(&session, &plan).await.is_ok());
    assert_eq!(server.count("/token"), 1);
}

#[tokio::test]
async fn the_challenge_is_of_the_verifier_that_is_sent() {
    let server = api().await;
    let session = session(&vault(&[]));
    let desk = Desk::at(&session);
    let plan = login_plan(&server.base);
    let (_, challenge) = tokio::join!(log_in(&session, &plan), async {
        let roads = desk.roads().await;
        browse(roads.port.unwrap(), &format!("/callback?code=c&state={}", state(&roads))).await;
        parameter(&roads, "code_challenge").unwrap()
    });
    let verifier = server.arrived().pop().unwrap().field("code_verifier").unwrap();
    assert_eq!(challenge, URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())));
}

#[tokio::test]
async fn a_pasted_address_logs_in_where_nothing_listens_and_a_wrong_one_is_told() {
    let server = api().await;
    let session = session(&vault(&[]));
    let desk = Desk::at(&session);
    let mut plan = login_plan(&server.base);
    plan.profile.redirect_uri = "https://app.example.test/done".into();
    let (token, ()) = tokio::join!(log_in(&session, &plan), async {
        let roads = desk.roads().await;
        assert_eq!((roads.port, roads.ssh.as_ref()), (None, None));
        desk.paste("https://app.example.test/done?code=evil&state=guessed");
        desk.paste("only-a-code");
        desk.paste(format!(" https://app.example.test/done?code=mine&state={}\n", state(&roads)));
    });
    assert!(token.is_ok());
    assert_eq!(server.arrived().pop().unwrap().field("code").as_deref(), Some("mine"));
    assert_eq!(server.count("/token"), 1, "what was forged went nowhere");
    assert_eq!(desk.notes().len(), 2, "{:?}", desk.notes());
}

#[tokio::test]
async fn a_stated_port_is_used_and_when_it_is_taken_the_paste_still_works() {
    let server = api().await;
    let session = session(&vault(&[]));
    let desk = Desk::at(&session);
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut plan = login_plan(&server.base);
    plan.profile.redirect_uri = format!("http://localhost:{port}/cb");
    let (token, ()) = tokio::join!(log_in(&session, &plan), async {
        let roads = desk.roads().await;
        assert_eq!((roads.port, roads.redirect_uri), (None, Some(format!("http://localhost:{port}/cb"))));
        let url = url::Url::parse(&roads.url.unwrap()).unwrap();
        let state = url.query_pairs().find(|(n, _)| n == "state").unwrap().1.into_owned();
        desk.paste(format!("code=c&state={state}"));
    });
    assert!(token.is_ok());
    assert!(desk.notes()[0].contains(&format!("port {port}")), "{:?}", desk.notes());
    drop(taken);
    let key = token.unwrap().key;
    session.forget(&plan.root, &key);
    let (token, page) = tokio::join!(log_in(&session, &plan), async {
        let roads = desk.roads().await;
        assert_eq!(roads.port, Some(port));
        browse(port, &format!("/cb?code=c&state={}", state(&roads))).await
    });
    assert!(token.is_ok() && page.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_login_that_nobody_makes_ends_in_time_and_its_listener_with_it() {
    let server = api().await;
    let session = session(&vault(&[]));
    session.set_login_patience(Duration::from_millis(80));
    let desk = Desk::at(&session);
    let plan = login_plan(&server.base);
    let (failure, roads) = tokio::join!(log_in(&session, &plan), desk.roads());
    let problem = failure.unwrap_err().problem;
    assert_eq!((problem.kind, problem.kind.exit_code()), (ProblemKind::Timeout, 6));
    assert_eq!((browse(roads.port.unwrap(), "/callback").await.as_str(), desk.overs()), ("", 1));
}

#[tokio::test]
async fn cancelling_a_login_closes_the_listener_at_once() {
    let server = api().await;
    let session = session(&vault(&[]));
    let desk = Desk::at(&session);
    let plan = login_plan(&server.base);
    let cancel = CancellationToken::new();
    let (failure, port) = tokio::join!(obtain_token(&session, &plan, false, &no_progress, &cancel), async {
        let port = desk.roads().await.port.unwrap();
        cancel.cancel();
        port
    });
    assert_eq!(failure.unwrap_err().problem.kind, ProblemKind::Interrupted);
    assert_eq!((browse(port, "/callback").await.as_str(), desk.overs()), ("", 1));
}

#[tokio::test]
async fn without_a_person_a_login_says_what_to_run() {
    let server = api().await;
    let problem = log_in(&session(&vault(&[])), &login_plan(&server.base)).await.unwrap_err().problem;
    assert!(problem.why.contains("needs a person"), "{problem}");
    assert!(problem.next.contains("hallpass token pega --env dev"), "{problem}");
    assert!(server.arrived().is_empty());
}

#[tokio::test]
async fn a_refusal_of_the_server_ends_the_login_with_its_words() {
    let server = api().await;
    let session = session(&vault(&[]));
    let desk = Desk::at(&session);
    let plan = login_plan(&server.base);
    let (failure, page) = tokio::join!(log_in(&session, &plan), async {
        let roads = desk.roads().await;
        let query = format!("error=access_denied&error_description=Not+today%1b[31m&state={}", state(&roads));
        browse(roads.port.unwrap(), &format!("/callback?{query}")).await
    });
    let failure = failure.unwrap_err();
    assert_eq!(failure.error.as_deref(), Some("access_denied"));
    assert!(failure.problem.why.contains("access_denied: Not today[31m"), "{}", failure.problem);
    assert!(page.contains("refused") && !page.contains("Not today"), "{page}");
}

fn device_server(answers: Vec<(u16, &'static str)>) -> impl Fn(&Arrived) -> Option<(u16, String)> {
    let left = Mutex::new(answers);
    move |r| {
        Some(match r.path() {
            "/device" => (
                200,
                json!({"device_code": "dev-code-1", "user_code": "ABCD-EFGH", "interval": 1, "expires_in": 60,
                    "verification_uri": "https://as.test/device",
                    "verification_uri_complete": "https://as.test/device?user_code=ABCD-EFGH"})
                .to_string(),
            ),
            _ => {
                let mut left = left.lock().unwrap();
                let (status, body) = if left.len() > 1 { left.remove(0) } else { left[0] };
                (status, body.to_owned())
            }
        })
    }
}

fn device_plan(base: &str) -> TokenPlan {
    let mut plan = login_plan(base);
    plan.profile.grant = Grant::DeviceCode;
    plan.profile.device_authorization_url = "{{base_url}}/device".into();
    plan
}

#[tokio::test]
async fn a_device_code_is_shown_and_polled_for_until_it_is_used() {
    let pending = (400, r#"{"error":"authorization_pending"}"#);
    let server = Server::start(device_server(vec![pending, (502, "<html>"), (200, TOKEN)])).await;
    let session = session(&vault(&[]));
    let desk = Desk::at(&session);
    let plan = device_plan(&server.base);
    let (token, roads) = tokio::join!(log_in(&session, &plan), desk.roads());
    assert_eq!(token.unwrap().access_token.expose(), "tok-en-1");
    assert_eq!((roads.url, roads.port), (None, None));
    let device = roads.device.unwrap();
    assert_eq!(device.user_code, "ABCD-EFGH");
    assert!(device.verification_uri_complete.unwrap().ends_with("ABCD-EFGH") && device.until == roads.until);
    let polls = server.arrived();
    assert_eq!(polls.len(), 4, "asked for once, polled thrice");
    assert_eq!(polls[1].field("device_code").as_deref(), Some("dev-code-1"));
    assert_eq!(session.redactor().mask("dev-code-1"), "•••");
    assert_eq!(desk.notes().len(), 1, "{:?}", desk.notes());
}

#[tokio::test]
async fn a_device_code_that_is_refused_or_ends_says_which() {
    for (code, part) in [("access_denied", "refused on the other device"), ("expired_token", "ended before")]
    {
        let body: &'static str = format!(r#"{{"error":"{code}"}}"#).leak();
        let server = Server::start(device_server(vec![(400, body)])).await;
        let session = session(&vault(&[]));
        let _desk = Desk::at(&session);
        let failure = log_in(&session, &device_plan(&server.base)).await.unwrap_err();
        assert!(failure.problem.why.contains(part), "{}", failure.problem);
        assert_eq!(failure.problem.kind.exit_code(), 4);
    }
}

#[tokio::test]
async fn the_first_road_home_wins_and_the_others_are_closed() {
    let server =
        Server::start(device_server(vec![(400, r#"{"error":"authorization_pending"}"#), (200, TOKEN)])).await;
    let session = session(&vault(&[]));
    let desk = Desk::at(&session);
    let mut plan = device_plan(&server.base);
    plan.profile.grant = Grant::AuthorizationCode;
    let (token, port) = tokio::join!(log_in(&session, &plan), async {
        let first = desk.roads().await;
        assert!(first.url.is_some() && first.device.is_none());
        let second = desk.roads().await;
        assert!(second.url == first.url && second.device.is_some());
        first.port.unwrap()
    });
    assert!(token.is_ok(), "by the device");
    assert_eq!(browse(port, "/callback").await, "");
}

/// Who signs an ID token: the key that the server publishes, another one, nobody (`alg` none).
#[derive(Clone, Copy, PartialEq)]
enum Signed {
    Rightly,
    ByAnother,
    Not,
}

/// Logs in with an ID token of these claims; `{nonce}` stands for the one sent.
async fn with_id_token(change: impl Fn(&mut serde_json::Value), by: Signed) -> Result<Token, TokenFailure> {
    let keys: Vec<SigningKey> = (0..2).map(|_| SigningKey::generate("ES256").unwrap()).collect();
    let jwks = json!({"keys": [keys[0].public_jwk().unwrap()]}).to_string();
    let signer = keys[usize::from(by == Signed::ByAnother)].clone();
    let nonce = Arc::new(Mutex::new(String::new()));
    let sent = Arc::clone(&nonce);
    let claims = Mutex::new(json!({"iss": "https://as.test", "aud": "id", "sub": "u", "nonce": "{nonce}"}));
    change(&mut claims.lock().unwrap());
    let server = Server::start(move |r| {
        let text = claims.lock().unwrap().to_string().replace("{nonce}", &sent.lock().unwrap());
        let serde_json::Value::Object(claims) = serde_json::from_str(&text).unwrap() else { return None };
        let id_token = match by {
            Signed::Not => {
                let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
                Secret::new(format!("{head}.{}.", URL_SAFE_NO_PAD.encode(&text)))
            }
            _ => sign(&serde_json::Map::new(), &claims, &signer).unwrap(),
        };
        Some(match r.path() {
            "/keys" => (200, jwks.clone()),
            _ => (200, json!({"access_token": "tok-en-1", "id_token": id_token.expose()}).to_string()),
        })
    })
    .await;
    let session = session(&vault(&[]));
    let desk = Desk::at(&session);
    let mut plan = login_plan(&server.base);
    plan.profile.scope = vec!["openid".into()];
    plan.profile.issuer = "https://as.test".into();
    plan.profile.jwks_url = "{{base_url}}/keys".into();
    plan.environment.network.resolve = vec![("as.test".into(), "127.0.0.1:1".into())];
    let (got, ()) = tokio::join!(log_in(&session, &plan), async {
        let roads = desk.roads().await;
        *nonce.lock().unwrap() = parameter(&roads, "nonce").unwrap();
        browse(roads.port.unwrap(), &format!("/callback?code=c&state={}", state(&roads))).await;
    });
    got
}

#[tokio::test]
async fn an_id_token_of_this_login_is_taken_and_any_other_refused() {
    assert!(with_id_token(|_| (), Signed::Rightly).await.is_ok());
    let forged = with_id_token(|_| (), Signed::ByAnother).await.unwrap_err();
    assert!(forged.problem.why.contains("signature"), "{}", forged.problem);
    let unsigned = with_id_token(|_| (), Signed::Not).await.unwrap_err();
    assert!(unsigned.problem.why.contains("unsigned"), "{}", unsigned.problem);
    for (member, value) in [("nonce", "replayed"), ("iss", "https://other.test"), ("aud", "another-client")] {
        let failure =
            with_id_token(|claims| claims[member] = json!(value), Signed::Rightly).await.unwrap_err();
        assert!(failure.problem.why.contains(&format!("`{member}`")), "{}", failure.problem);
        assert!(failure.exchange.is_some() && failure.problem.kind == ProblemKind::Token);
    }
}
