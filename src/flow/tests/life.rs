//! The life of a token: renewed, rotated, replaced after a refusal, and never asked for twice, not even by two processes.

use super::desk::{Desk, browse, log_in, login_plan, state};
use super::*;
use crate::flow::events::{Audit, TokenEvent};
use crate::model::profile::Grant;
use crate::model::token::{Token, TokenKey};
use std::sync::Condvar;

/// Lines of the audit log.
#[derive(Default)]
pub(super) struct Log(pub Mutex<Vec<(String, String)>>);

impl Audit for Log {
    fn note(&self, _: &Path, event: &TokenEvent) {
        self.0.lock().unwrap().push((event.what.word().to_owned(), event.detail.clone()));
    }
}

pub(super) fn audited(session: &Session) -> Arc<Log> {
    let log = Arc::new(Log::default());
    session.set_audit(Arc::clone(&log) as Arc<dyn Audit>);
    log
}

impl Log {
    pub fn words(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|(word, _)| word.clone()).collect()
    }
}

/// A token endpoint that gives short-lived tokens with refresh tokens that work once each.
struct Rotating {
    current: Mutex<u32>,
    refused: AtomicUsize,
    life: f64,
}

impl Rotating {
    fn new(life: f64) -> Arc<Rotating> {
        Arc::new(Rotating { current: Mutex::new(0), refused: AtomicUsize::new(0), life })
    }

    fn answer(&self, r: &Arrived) -> (u16, String) {
        let mut current = self.current.lock().unwrap();
        if r.field("grant_type").as_deref() == Some("refresh_token")
            && r.field("refresh_token") != Some(format!("refresh-{current}"))
        {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return (400, r#"{"error":"invalid_grant"}"#.into());
        }
        *current += 1;
        let body = json!({"access_token": format!("access-{current}"), "expires_in": self.life as u64,
            "refresh_token": format!("refresh-{current}")});
        (200, body.to_string())
    }
}

/// A store several sessions share, as processes share a vault.
#[derive(Default)]
pub(super) struct Shared {
    pub tokens: Mutex<HashMap<TokenKey, Token>>,
    taken: Mutex<bool>,
    free: Condvar,
}

struct Guard(Arc<Shared>);

impl Drop for Guard {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap() = false;
        self.0.free.notify_one();
    }
}

struct Handle(Arc<Shared>);

impl TokenStore for Handle {
    fn load(&self, _: &Path) -> Vec<Token> {
        self.0.tokens.lock().unwrap().values().cloned().collect()
    }

    fn save(&self, _: &Path, token: &Token) {
        self.0.tokens.lock().unwrap().insert(token.key.clone(), token.clone());
    }

    fn forget(&self, _: &Path, key: &TokenKey) {
        self.0.tokens.lock().unwrap().remove(key);
    }

    fn lock(&self, _: &Path, _: &TokenKey) -> Option<Box<dyn Send>> {
        let mut taken = self.0.taken.lock().unwrap();
        while *taken {
            taken = self.0.free.wait(taken).unwrap();
        }
        *taken = true;
        Some(Box::new(Guard(Arc::clone(&self.0))))
    }
}

pub(super) fn process(shared: &Arc<Shared>) -> Session {
    let source = vault(&[("client_secret", "secret")]) as Arc<dyn SecretSource>;
    Session::new(&Settings::default(), source, Some(Arc::new(Handle(Arc::clone(shared)))))
}

pub(super) fn aged(shared: &Shared) {
    for token in shared.tokens.lock().unwrap().values_mut() {
        token.expires_in = Some(Duration::ZERO);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_processes_with_one_rotating_refresh_token_renew_it_once() {
    let endpoint = Rotating::new(3600.0);
    let answers = Arc::clone(&endpoint);
    let server = Server::start(move |r| Some(answers.answer(r))).await;
    let shared = Arc::new(Shared::default());
    let plan = token_plan(&server.base);
    let cancel = CancellationToken::new();
    obtain_token(&process(&shared), &plan, false, &no_progress, &cancel).await.unwrap();
    aged(&shared);
    for fresh in [false, true] {
        let processes: Vec<Session> = (0..50).map(|_| process(&shared)).collect();
        let before = server.count("/token");
        let asked = processes.iter().map(|p| obtain_token(p, &plan, fresh, &no_progress, &cancel));
        let tokens = futures_util::future::join_all(asked).await;
        let first = tokens[0].as_ref().unwrap().access_token.clone();
        assert!(
            tokens.iter().all(|t| t.as_ref().is_ok_and(|t| t.access_token == first)),
            "one token for all"
        );
        assert_eq!((server.count("/token") - before, endpoint.refused.load(Ordering::SeqCst)), (1, 0));
    }
}

#[tokio::test]
async fn a_token_at_its_end_is_renewed_by_its_refresh_token_and_the_new_one_rotates() {
    let endpoint = Rotating::new(0.0);
    let answers = Arc::clone(&endpoint);
    let server = Server::start(move |r| Some(answers.answer(r))).await;
    let session = session(&vault(&[("client_secret", "secret")]));
    let log = audited(&session);
    let mut plan = token_plan(&server.base);
    plan.profile.extra_refresh.insert("tenant".into(), "t1".into());
    for n in 1..=3 {
        let token =
            obtain_token(&session, &plan, false, &no_progress, &CancellationToken::new()).await.unwrap();
        assert_eq!(token.access_token.expose(), format!("access-{n}"));
    }
    let arrived = server.arrived();
    assert_eq!(arrived[2].field("refresh_token").as_deref(), Some("refresh-2"));
    assert_eq!(arrived[2].field("tenant").as_deref(), Some("t1"));
    assert!(arrived[2].header("authorization").is_some(), "the client proves itself there too");
    assert_eq!(log.words(), ["obtained", "refreshed", "refreshed"]);
    assert_eq!(endpoint.refused.load(Ordering::SeqCst), 0);
    let secrets = session.redactor().mask("access-1 access-2 refresh-1 refresh-3");
    assert_eq!(secrets, "••• ••• ••• •••");
}

#[tokio::test]
async fn what_a_refresh_leaves_out_stays_as_it_was() {
    let first = r#"{"access_token":"one","expires_in":0,"refresh_token":"keep-me","scope":"a b","session_index":"si-1"}"#;
    let server = Server::start(move |r| {
        let refresh = r.body.contains("grant_type=refresh_token");
        Some((
            200,
            if refresh { r#"{"access_token":"two","expires_in":60}"#.into() } else { first.to_owned() },
        ))
    })
    .await;
    let session = session(&vault(&[("client_secret", "secret")]));
    let plan = token_plan(&server.base);
    let cancel = CancellationToken::new();
    obtain_token(&session, &plan, false, &no_progress, &cancel).await.unwrap();
    let token = obtain_token(&session, &plan, false, &no_progress, &cancel).await.unwrap();
    assert_eq!(token.refresh_token, Some(Secret::new("keep-me")));
    assert_eq!((token.scope.as_deref(), token.session_index.as_deref()), (Some("a b"), Some("si-1")));
}

#[tokio::test]
async fn a_dead_refresh_token_falls_back_to_the_grant_in_either_dialect() {
    for (status, body) in [
        (400, r#"{"error":"invalid_grant"}"#),
        (401, r#"{"errors":[{"ID":"invalid_grant","message":"Refresh token expired"}]}"#),
        (401, ""),
    ] {
        let server = Server::start(move |r| {
            Some(if r.body.contains("grant_type=refresh_token") {
                (status, body.to_owned())
            } else {
                (200, r#"{"access_token":"by-grant","expires_in":0,"refresh_token":"dead-one"}"#.into())
            })
        })
        .await;
        let session = session(&vault(&[("client_secret", "secret")]));
        let log = audited(&session);
        let plan = token_plan(&server.base);
        for _ in 0..2 {
            obtain_token(&session, &plan, false, &no_progress, &CancellationToken::new()).await.unwrap();
        }
        assert_eq!((server.count("/token"), log.words()[1].as_str()), (3, "refresh_dead"));
        assert_eq!(log.words().len(), 3);
    }
}

#[tokio::test]
async fn a_server_that_fails_while_refreshing_does_not_cost_the_refresh_token() {
    let down = Arc::new(AtomicUsize::new(1));
    let state = Arc::clone(&down);
    let server = Server::start(move |r| {
        let refresh = r.body.contains("grant_type=refresh_token");
        Some(match (refresh, state.load(Ordering::SeqCst)) {
            (true, 1) => (503, String::new()),
            (true, _) => (200, r#"{"access_token":"renewed","expires_in":60}"#.into()),
            _ => (200, r#"{"access_token":"first","expires_in":0,"refresh_token":"good"}"#.into()),
        })
    })
    .await;
    let session = session(&vault(&[("client_secret", "secret")]));
    let log = audited(&session);
    let plan = token_plan(&server.base);
    let ask = async || obtain_token(&session, &plan, false, &no_progress, &CancellationToken::new()).await;
    ask().await.unwrap();
    assert_eq!(ask().await.unwrap_err().problem.kind, ProblemKind::Token);
    down.store(0, Ordering::SeqCst);
    assert_eq!(ask().await.unwrap().access_token.expose(), "renewed");
    assert_eq!(log.words(), ["obtained", "failed", "refreshed"]);
}

#[tokio::test]
async fn renewing_a_login_uses_its_refresh_token_and_asks_a_person_only_when_that_is_dead() {
    let alive = Arc::new(AtomicUsize::new(1));
    let state_of = Arc::clone(&alive);
    let server = Server::start(move |r| {
        let refresh = r.body.contains("grant_type=refresh_token");
        Some(match (refresh, state_of.load(Ordering::SeqCst)) {
            (true, 0) => (400, r#"{"error":"invalid_grant"}"#.into()),
            (true, _) => (200, r#"{"access_token":"renewed","expires_in":600}"#.into()),
            _ => (200, r#"{"access_token":"by-login","expires_in":600,"refresh_token":"r-1"}"#.into()),
        })
    })
    .await;
    let session = session(&vault(&[]));
    let desk = Desk::at(&session);
    let plan = login_plan(&server.base);
    let person = async || {
        let roads = desk.roads().await;
        browse(roads.port.unwrap(), &format!("/callback?code=c&state={}", state(&roads))).await
    };
    let renew = async || obtain_token(&session, &plan, true, &no_progress, &CancellationToken::new()).await;
    let (first, _) = tokio::join!(log_in(&session, &plan), person());
    assert_eq!(first.unwrap().access_token.expose(), "by-login");
    assert_eq!(renew().await.unwrap().access_token.expose(), "renewed");
    alive.store(0, Ordering::SeqCst);
    let (again, _) = tokio::join!(renew(), person());
    assert_eq!(again.unwrap().access_token.expose(), "by-login");
}

fn challenged(status: u16, challenge: &str, body: &str) -> String {
    reply(status, &format!("WWW-Authenticate: {challenge}\r\n"), body)
}

/// An API that takes only tokens whose number is above `from`; the token endpoint counts up.
async fn picky(from: usize, challenge: &'static str) -> Server {
    let count = AtomicUsize::new(0);
    Server::speaking(move |r| {
        Some(if r.path() == "/token" {
            let n = count.fetch_add(1, Ordering::SeqCst) + 1;
            reply(200, "", &format!(r#"{{"access_token":"{n}","expires_in":3600}}"#))
        } else {
            let number =
                r.header("authorization").and_then(|a| a.strip_prefix("Bearer ")?.parse::<usize>().ok());
            match number.unwrap_or(0) > from {
                true => reply(200, "", "{}"),
                false => challenged(401, challenge, "{}"),
            }
        })
    })
    .await
}

#[tokio::test]
async fn a_cached_token_refused_as_invalid_is_renewed_once_and_the_request_sent_once_more() {
    let server = picky(1, r#"Bearer realm="x", error="invalid_token""#).await;
    let session = session(&vault(&[("client_secret", "secret")]));
    let log = audited(&session);
    let mut request = get("{{base_url}}/x");
    request.method = "POST".into();
    request.body = Body::Json("{\"a\":1}".into());
    let plan = plan(&server.base, request);
    // The first token was got in this very call: its refusal stands.
    let first = send(&session, &plan).await;
    assert_eq!((first.exchange.unwrap().status(), first.retried.len()), (Some(401), 0));
    let second = send(&session, &plan).await;
    assert_eq!((second.exchange.as_ref().unwrap().status(), second.problem), (Some(200), None));
    let (reason, refused) = &second.retried[0];
    assert_eq!((*reason, refused.status(), second.retried.len()), (RetryReason::InvalidToken, Some(401), 1));
    assert_eq!(second.token.unwrap().access_token.expose(), "2");
    assert_eq!(log.words(), ["obtained", "obtained", "replaced"]);
    assert_eq!(server.arrived().last().unwrap().body, "{\"a\":1}");
}

#[tokio::test]
async fn an_api_that_always_refuses_is_asked_twice_and_never_in_a_loop() {
    let server = picky(usize::MAX, r#"Bearer error="invalid_token""#).await;
    let session = session(&vault(&[("client_secret", "secret")]));
    let plan = plan(&server.base, get("{{base_url}}/x"));
    send(&session, &plan).await;
    let sent = send(&session, &plan).await;
    assert_eq!((sent.exchange.unwrap().status(), sent.retried.len()), (Some(401), 1));
    assert_eq!((server.count("/x"), server.count("/token")), (3, 2));
}

#[tokio::test]
async fn a_refusal_that_does_not_say_invalid_token_is_the_answer() {
    for challenge in
        ["Bearer", r#"Bearer error="insufficient_scope""#, r#"Basic realm="error=invalid_token""#]
    {
        let server = picky(usize::MAX, challenge).await;
        let session = session(&vault(&[("client_secret", "secret")]));
        let plan = plan(&server.base, get("{{base_url}}/x"));
        for _ in 0..2 {
            assert!(send(&session, &plan).await.retried.is_empty());
        }
        assert_eq!((server.count("/x"), server.count("/token")), (2, 1), "{challenge}");
    }
}

#[tokio::test]
async fn many_refused_at_once_renew_once() {
    let server = picky(1, r#"Bearer error="invalid_token""#).await;
    let session = session(&vault(&[("client_secret", "secret")]));
    let plan = plan(&server.base, get("{{base_url}}/x"));
    send(&session, &plan).await;
    let sent = futures_util::future::join_all((0..8).map(|_| send(&session, &plan))).await;
    assert!(sent.iter().all(|s| s.exchange.as_ref().unwrap().status() == Some(200)));
    assert_eq!(server.count("/token"), 2);
}

#[tokio::test]
async fn nobody_is_asked_to_log_in_because_an_api_refused_a_token() {
    let server = Server::speaking(|r| {
        Some(match r.path() {
            "/token" => reply(200, "", TOKEN),
            _ => challenged(401, r#"Bearer error="invalid_token""#, "{}"),
        })
    })
    .await;
    let session = session(&vault(&[]));
    let desk = Desk::at(&session);
    let mut plan = plan(&server.base, get("{{base_url}}/x"));
    let login = login_plan(&server.base);
    plan.profiles = vec![login.profile.clone()];
    let (token, _) = tokio::join!(log_in(&session, &login), async {
        let roads = desk.roads().await;
        browse(roads.port.unwrap(), &format!("/callback?code=c&state={}", state(&roads))).await
    });
    assert!(token.is_ok());
    let sent = send(&session, &plan).await;
    assert_eq!((sent.exchange.unwrap().status(), sent.problem, sent.retried.len()), (Some(401), None, 0));
    assert_eq!((server.count("/token"), desk.overs()), (1, 1));
}

#[tokio::test]
async fn pegas_session_index_goes_along_with_the_next_request_and_a_stale_one_is_dropped() {
    let server = Server::start(|r| {
        Some(match r.field("session_index").as_deref() {
            None => (200, r#"{"access_token":"t","expires_in":0,"session_index":"si-1"}"#.into()),
            Some(_) => (400, r#"{"errors":[{"ID":"invalid_session_index","message":"gone"}]}"#.into()),
        })
    })
    .await;
    let session = session(&vault(&[("client_secret", "secret"), ("password", "pw")]));
    let mut plan = token_plan(&server.base);
    plan.profile.grant = Grant::Password;
    plan.profile.username = "ann".into();
    plan.profile.password = "pw-1234".into();
    plan.profile.extra_token.insert("enable_psyncId".into(), "true".into());
    for _ in 0..2 {
        obtain_token(&session, &plan, false, &no_progress, &CancellationToken::new()).await.unwrap();
    }
    let sent: Vec<Option<String>> = server.arrived().iter().map(|a| a.field("session_index")).collect();
    assert_eq!(sent, [None, Some("si-1".to_owned()), None]);
}

#[tokio::test]
async fn two_identities_of_one_profile_have_two_tokens() {
    let count = AtomicUsize::new(0);
    let server = Server::start(move |_| {
        Some((200, format!(r#"{{"access_token":"t-{}"}}"#, count.fetch_add(1, Ordering::SeqCst))))
    })
    .await;
    let session = session(&vault(&[("client_secret", "secret")]));
    let cancel = CancellationToken::new();
    for round in 0..2 {
        for (n, who) in ["ann", "bob"].into_iter().enumerate() {
            let mut plan = token_plan(&server.base);
            plan.profile.identity = who.into();
            let token = obtain_token(&session, &plan, false, &no_progress, &cancel).await.unwrap();
            assert_eq!(
                (token.access_token.expose(), token.key.identity.as_str()),
                (format!("t-{n}").as_str(), who)
            );
        }
        assert_eq!((server.count("/token"), round < 2), (2, true));
    }
}
