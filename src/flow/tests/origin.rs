//! A stored token after its profile was edited, or a variable behind it: what the old server gave never reaches the new one.

use super::desk::{Desk, browse, login_plan, state};
use super::life::{Shared, aged, process};
use super::*;
use crate::flow::manage::{introspect, revoke_token, userinfo};
use crate::model::profile::Grant;
use crate::oauth::management::Hint;

const FULL: &str = r#"{"access_token":"old-access","refresh_token":"old-refresh","session_index":"old-index","expires_in":3600}"#;

/// Where the old token comes from, and a server that takes whatever it gets.
async fn two_servers() -> (Server, Server) {
    let old = Server::start(|_| Some((200, FULL.to_owned()))).await;
    let new = Server::start(|_| Some((200, TOKEN.to_owned()))).await;
    (old, new)
}

fn saw_anything_old(server: &Server) -> bool {
    server.arrived().iter().any(|r| r.head.contains("old-") || r.body.contains("old-"))
}

#[tokio::test]
async fn after_token_url_was_edited_a_new_process_uses_neither_the_stored_token_nor_its_refresh_token() {
    let cancel = CancellationToken::new();
    for (dead, fresh) in [(false, false), (true, false), (true, true)] {
        let (old, new) = two_servers().await;
        let shared = Arc::new(Shared::default());
        obtain_token(&process(&shared), &token_plan(&old.base), false, &no_progress, &cancel).await.unwrap();
        if dead {
            aged(&shared);
        }
        let mut plan = token_plan(&new.base);
        plan.profile.grant = Grant::Password;
        plan.profile.username = "id".into();
        plan.profile.password = "pw-1234".into();
        plan.profile.extra_token.insert("enable_psyncId".into(), "true".into());
        let token = obtain_token(&process(&shared), &plan, fresh, &no_progress, &cancel).await.unwrap();
        assert_eq!((token.access_token.expose(), old.arrived().len()), ("tok-en-1", 1));
        assert!(!saw_anything_old(&new), "{:?}", new.arrived());
    }
}

#[tokio::test]
async fn another_client_does_not_get_the_refresh_token_of_the_first() {
    let (old, cancel) = (two_servers().await.0, CancellationToken::new());
    let shared = Arc::new(Shared::default());
    let mut plan = token_plan(&old.base);
    plan.profile.identity = "both".into();
    obtain_token(&process(&shared), &plan, false, &no_progress, &cancel).await.unwrap();
    aged(&shared);
    plan.profile.client_id = "another".into();
    obtain_token(&process(&shared), &plan, false, &no_progress, &cancel).await.unwrap();
    assert_eq!(old.count("/token"), 2);
    assert!(!saw_anything_old(&old));
}

#[tokio::test]
async fn a_login_is_asked_for_again_instead() {
    let (old, new) = two_servers().await;
    let shared = Arc::new(Shared::default());
    for server in [&old, &new] {
        let session = process(&shared);
        let desk = Desk::at(&session);
        let plan = login_plan(&server.base);
        let cancel = CancellationToken::new();
        let (token, _) = tokio::join!(obtain_token(&session, &plan, false, &no_progress, &cancel), async {
            let roads = desk.roads().await;
            browse(roads.port.unwrap(), &format!("/callback?code=c&state={}", state(&roads))).await
        });
        assert!(token.is_ok());
        aged(&shared);
    }
    assert!(!saw_anything_old(&new), "{:?}", new.arrived());
}

#[tokio::test]
async fn a_token_of_unknown_origin_is_used_while_it_lives_and_its_refresh_token_never() {
    let (old, new) = two_servers().await;
    let (shared, cancel) = (Arc::new(Shared::default()), CancellationToken::new());
    obtain_token(&process(&shared), &token_plan(&old.base), false, &no_progress, &cancel).await.unwrap();
    shared.tokens.lock().unwrap().values_mut().for_each(|token| token.origin = None);
    let plan = token_plan(&new.base);
    let token = obtain_token(&process(&shared), &plan, false, &no_progress, &cancel).await.unwrap();
    assert_eq!((token.access_token.expose(), new.arrived().len()), ("old-access", 0));
    aged(&shared);
    obtain_token(&process(&shared), &plan, false, &no_progress, &cancel).await.unwrap();
    assert!(new.count("/token") == 1 && !saw_anything_old(&new));
}

#[tokio::test]
async fn an_edited_profile_neither_revokes_nor_asks_about_the_token_of_another_server() {
    let (old, new) = two_servers().await;
    let session = session(&vault(&[("client_secret", "secret")]));
    let cancel = CancellationToken::new();
    let token = obtain_token(&session, &token_plan(&old.base), false, &no_progress, &cancel).await.unwrap();
    let mut plan = token_plan(&new.base);
    plan.profile.revocation_url = "{{base_url}}/revoke".into();
    plan.profile.introspection_url = "{{base_url}}/introspect".into();
    plan.profile.userinfo_url = "{{base_url}}/userinfo".into();
    let problems = [
        revoke_token(&session, &plan, &token, &cancel).await.unwrap_err().problem,
        introspect(&session, &plan, &token, Hint::Refresh, &cancel).await.unwrap_err().problem,
        userinfo(&session, &plan, &token, &cancel).await.unwrap_err().problem,
    ];
    for problem in problems {
        assert!(problem.why.contains("another server") && problem.next.contains("forget"), "{problem}");
    }
    assert!(new.arrived().is_empty() && session.tokens().len() == 1);
}
