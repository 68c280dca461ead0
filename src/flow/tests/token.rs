//! The token cache: one request per key, stores, renewal, cancelling.

use super::*;
use std::sync::atomic::AtomicBool;

#[tokio::test]
async fn those_who_wait_for_a_token_get_the_same_one_from_one_request() {
    let server = api().await;
    let (session, plan) = (session(&vault(&[("client_secret", "secret")])), token_plan(&server.base));
    let cancel = CancellationToken::new();
    let asked = (0..8).map(|_| obtain_token(&session, &plan, false, &no_progress, &cancel));
    let tokens = futures_util::future::join_all(asked).await;
    assert!(tokens.iter().all(|t| t.as_ref().is_ok_and(|t| t.access_token.expose() == "tok-en-1")));
    assert_eq!(server.count("/token"), 1);
    obtain_token(&session, &plan, true, &no_progress, &cancel).await.unwrap();
    assert_eq!(server.count("/token"), 2, "a fresh one is really asked for");
    assert_eq!(session.tokens().len(), 1);
    session.forget(&plan.root, &session.tokens()[0].key);
    assert!(session.tokens().is_empty());
}

#[tokio::test]
async fn a_failure_is_shared_by_those_who_waited_and_not_kept_for_later() {
    let body = r#"{"errors":[{"ID":"invalid_client","message":"Bad secret wrong-secret"}]}"#;
    let server = Server::start(move |_| Some((401, body.to_owned()))).await;
    let (session, plan) = (session(&vault(&[("client_secret", "wrong-secret")])), token_plan(&server.base));
    let cancel = CancellationToken::new();
    let asked = (0..4).map(|_| obtain_token(&session, &plan, false, &no_progress, &cancel));
    for failure in futures_util::future::join_all(asked).await {
        let failure = failure.unwrap_err();
        assert_eq!(failure.error.as_deref(), Some("invalid_client"));
        assert_eq!(failure.problem.kind.exit_code(), 4);
        assert!(
            failure.exchange.is_some() && !failure.problem.to_string().contains("wrong-secret"),
            "{}",
            failure.problem
        );
    }
    assert_eq!(server.count("/token"), 1);
    assert!(obtain_token(&session, &plan, false, &no_progress, &cancel).await.is_err());
    assert_eq!(server.count("/token"), 2);
}

#[tokio::test]
async fn a_token_is_not_used_in_another_environment_or_at_an_edited_endpoint() {
    let (server, other) = (api().await, api().await);
    let session = session(&vault(&[("client_secret", "secret")]));
    let cancel = CancellationToken::new();
    let dev = token_plan(&server.base);
    obtain_token(&session, &dev, false, &no_progress, &cancel).await.unwrap();
    let edited = token_plan(&other.base);
    obtain_token(&session, &edited, false, &no_progress, &cancel).await.unwrap();
    let mut prod = token_plan(&server.base);
    prod.environment.name = "prod".into();
    let token = obtain_token(&session, &prod, false, &no_progress, &cancel).await.unwrap();
    assert_eq!((server.count("/token"), other.count("/token")), (2, 1));
    assert_eq!((token.key.environment.as_str(), token.key.identity.as_str()), ("prod", "id"));
}

/// Keeps what it is given; starts with one token.
struct Store {
    token: Token,
    saved: Mutex<Vec<String>>,
    forgotten: AtomicUsize,
    locked: AtomicBool,
}

impl TokenStore for Store {
    fn is_open(&self) -> bool {
        !self.locked.load(Ordering::SeqCst)
    }

    fn load(&self, _: &Path) -> Vec<Token> {
        vec![self.token.clone()]
    }

    fn save(&self, _: &Path, token: &Token) {
        self.saved.lock().unwrap().push(token.access_token.expose().to_owned());
    }

    fn forget(&self, _: &Path, _: &TokenKey) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
    }
}

fn stored(age: u64) -> Arc<Store> {
    let now = std::time::Instant::now();
    let token = Token {
        key: TokenKey {
            environment: "dev".into(),
            profile: "pega".into(),
            identity: "id".into(),
            ..TokenKey::default()
        },
        origin: None,
        access_token: Secret::new("stored-token"),
        token_type: "Bearer".into(),
        refresh_token: None,
        id_token: None,
        dpop_key: None,
        use_id_token: false,
        session_index: None,
        scope: None,
        expires_in: Some(Duration::from_secs(100)),
        obtained_at: jiff::Timestamp::now(),
        obtained: now.checked_sub(Duration::from_secs(age)).unwrap_or(now),
        clock_offset_ms: None,
        grant: String::new(),
        client_auth: String::new(),
        notes: Vec::new(),
        exchange: None,
    };
    Arc::new(Store {
        token,
        saved: Mutex::default(),
        forgotten: AtomicUsize::new(0),
        locked: AtomicBool::new(false),
    })
}

#[test]
fn tokens_behind_a_locked_vault_are_there_once_it_is_unlocked() {
    let store = stored(1);
    store.locked.store(true, Ordering::SeqCst);
    let source = vault(&[]) as Arc<dyn SecretSource>;
    let session = Session::new(&Settings::default(), source, Some(Arc::clone(&store) as Arc<dyn TokenStore>));
    let root = Path::new("/w");
    session.load_tokens(root);
    assert!(session.tokens().is_empty());
    store.locked.store(false, Ordering::SeqCst);
    session.load_tokens(root);
    session.load_tokens(root);
    assert_eq!(session.tokens().len(), 1);
}

#[tokio::test]
async fn a_stored_token_is_used_while_it_lives_and_renewed_before_its_end() {
    let server = api().await;
    let cancel = CancellationToken::new();
    let plan = token_plan(&server.base);
    let secrets = vault(&[("client_secret", "secret")]);
    for (age, expected, saved) in [(1, "stored-token", 0), (95, "tok-en-1", 1)] {
        let store = stored(age);
        let source = Arc::clone(&secrets) as Arc<dyn SecretSource>;
        let session =
            Session::new(&Settings::default(), source, Some(Arc::clone(&store) as Arc<dyn TokenStore>));
        let token = obtain_token(&session, &plan, false, &no_progress, &cancel).await.unwrap();
        assert_eq!(token.access_token.expose(), expected);
        assert_eq!((server.count("/token"), store.saved.lock().unwrap().len()), (saved, saved));
        assert_eq!(session.redactor().mask("stored-token"), "•••", "stored tokens are secrets too");
        session.forget(&plan.root, &token.key);
        assert!(session.tokens().is_empty() && store.forgotten.load(Ordering::SeqCst) == 1);
    }
}

#[tokio::test]
async fn who_cancels_does_not_cancel_for_those_who_wait() {
    let first = AtomicUsize::new(0);
    let server =
        Server::start(move |_| (first.fetch_add(1, Ordering::SeqCst) > 0).then(|| (200, TOKEN.to_owned())))
            .await;
    let (session, plan) = (session(&vault(&[("client_secret", "secret")])), token_plan(&server.base));
    let (impatient, patient) = (CancellationToken::new(), CancellationToken::new());
    let (cancelled, got, ()) = tokio::join!(
        obtain_token(&session, &plan, false, &no_progress, &impatient),
        obtain_token(&session, &plan, false, &no_progress, &patient),
        async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            impatient.cancel();
        }
    );
    assert_eq!(cancelled.unwrap_err().problem.kind, ProblemKind::Interrupted);
    assert_eq!(got.unwrap().access_token.expose(), "tok-en-1");
}

#[tokio::test]
async fn a_secret_stated_in_the_profile_itself_is_filed_under_its_fields_name() {
    let server = api().await;
    let mut plan = token_plan(&server.base);
    plan.profile.client_secret = Value::Secret(SecretRef::Vault);
    plan.profile.client_auth = ClientAuth::Body;
    let session = session(&vault(&[("client_secret", "s3&cret")]));
    obtain_token(&session, &plan, false, &no_progress, &CancellationToken::new()).await.unwrap();
    let body = server.arrived()[0].body.clone();
    assert_eq!(body, "grant_type=client_credentials&client_id=id&client_secret=s3%26cret");
    let masked = session.redactor().mask(&body);
    assert_eq!(masked, "grant_type=client_credentials&client_id=id&client_secret=•••");
}
