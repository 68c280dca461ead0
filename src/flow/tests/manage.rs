//! Revoking, introspecting, userinfo and discovery.

use super::life::audited;
use super::*;
use crate::flow::manage::{discover, introspect, revoke_token, userinfo};
use crate::model::profile::ClientAuth;
use crate::model::token::Token;
use crate::oauth::management::Hint;

const FULL: &str = r#"{"access_token":"access-1","refresh_token":"refresh-1","expires_in":600}"#;

/// A Pega-like server; `revoke` says what revocation answers.
async fn pega(
    revoke: impl Fn(&Arrived) -> (u16, String) + Send + Sync + 'static,
) -> (Server, Session, TokenPlan, Token) {
    let server = Server::start(move |r| {
        Some(match r.path() {
            "/prweb/PRRestService/oauth2/v1/token" => (200, FULL.into()),
            "/prweb/PRRestService/oauth2/v1/revoke" => revoke(r),
            "/prweb/PRRestService/oauth2/v1/token/introspect" => match r.header("authorization") {
                Some(_) => (200, r#"{"active":true,"sub":"operator"}"#.into()),
                None => (401, r#"{"error":"invalid_client"}"#.into()),
            },
            "/prweb/api/oauthclients/v1/userinfo/JSON" => match r.header("authorization") {
                Some("Bearer access-1") => (200, r#"{"sub":"operator"}"#.into()),
                _ => (401, String::new()),
            },
            _ => (404, String::new()),
        })
    })
    .await;
    let session = session(&vault(&[("client_secret", "secret")]));
    let mut plan = token_plan(&server.base);
    plan.profile.token_url = "{{base_url}}/prweb/PRRestService/oauth2/v1/token".into();
    let token = obtain_token(&session, &plan, false, &no_progress, &CancellationToken::new()).await.unwrap();
    (server, session, plan, token)
}

#[tokio::test]
async fn revoking_takes_the_refresh_token_first_then_the_access_token_and_forgets_both() {
    let (server, session, plan, token) = pega(|_| (200, String::new())).await;
    let log = audited(&session);
    revoke_token(&session, &plan, &token, &CancellationToken::new()).await.unwrap();
    let arrived = server.arrived();
    let revoked: Vec<_> =
        arrived[1..].iter().map(|r| (r.field("token"), r.field("token_type_hint"))).collect();
    let pair = |a: &str, b: &str| (Some(a.to_owned()), Some(b.to_owned()));
    assert_eq!(revoked, [pair("refresh-1", "refresh_token"), pair("access-1", "access_token")]);
    assert!(arrived[1].header("authorization").is_some());
    assert!(session.tokens().is_empty());
    assert_eq!(log.words(), ["revoked", "forgotten"]);
}

#[tokio::test]
async fn a_refused_revocation_keeps_the_token_and_says_so() {
    let (_server, session, plan, token) = pega(|_| (401, r#"{"error":"invalid_client"}"#.into())).await;
    let failure = revoke_token(&session, &plan, &token, &CancellationToken::new()).await.unwrap_err();
    assert!(failure.problem.what.starts_with("revocation refused"), "{}", failure.problem);
    assert!(failure.problem.why.contains("still kept here"), "{}", failure.problem);
    assert_eq!(session.tokens().len(), 1);
    let only_refresh = |r: &Arrived| match r.field("token_type_hint").as_deref() {
        Some("refresh_token") => (200, String::new()),
        _ => (400, r#"{"error":"unsupported_token_type"}"#.into()),
    };
    let (_server, session, plan, token) = pega(only_refresh).await;
    assert!(revoke_token(&session, &plan, &token, &CancellationToken::new()).await.is_ok());
    assert!(session.tokens().is_empty());
}

#[tokio::test]
async fn introspection_and_userinfo_are_asked_beside_the_token_url() {
    let (server, session, plan, token) = pega(|_| (200, String::new())).await;
    let log = audited(&session);
    let cancel = CancellationToken::new();
    let told = introspect(&session, &plan, &token, Hint::Refresh, &cancel).await.unwrap();
    assert!(told.answer.active && told.answer.members["sub"] == "operator");
    assert_eq!(server.arrived()[1].field("token").as_deref(), Some("refresh-1"));
    let told = userinfo(&session, &plan, &token, &cancel).await.unwrap();
    assert_eq!(told.answer["sub"], "operator");
    assert_eq!(log.words(), ["introspected"]);
}

#[tokio::test]
async fn a_public_client_that_may_not_introspect_is_not_told_to_check_its_id() {
    let (_server, session, mut plan, token) = pega(|_| (200, String::new())).await;
    plan.profile.client_auth = ClientAuth::None;
    let failure =
        introspect(&session, &plan, &token, Hint::Access, &CancellationToken::new()).await.unwrap_err();
    assert!(failure.problem.next.contains("`userinfo`"), "{}", failure.problem);
}

#[tokio::test]
async fn an_endpoint_nobody_knows_is_named() {
    let server = api().await;
    let session = session(&vault(&[("client_secret", "secret")]));
    let plan = token_plan(&server.base);
    let token = obtain_token(&session, &plan, false, &no_progress, &CancellationToken::new()).await.unwrap();
    let failure = revoke_token(&session, &plan, &token, &CancellationToken::new()).await.unwrap_err();
    assert!(failure.problem.why.contains("`revocation_url`"), "{}", failure.problem);
    assert_eq!(session.tokens().len(), 1);
}

/// A server that is API and issuer at once; `issuer` is what its metadata says.
async fn publishing(issuer: Option<&'static str>) -> Server {
    let base = Arc::new(Mutex::new(String::new()));
    let own = Arc::clone(&base);
    let server = Server::start(move |r| {
        let base = own.lock().unwrap().clone();
        let issuer = issuer.map_or_else(|| format!("{base}/as"), str::to_owned);
        Some(match r.path() {
            "/.well-known/oauth-protected-resource/api" => (
                200,
                json!({"resource": format!("{base}/api"), "authorization_servers": [format!("{base}/as")]})
                    .to_string(),
            ),
            "/as/.well-known/openid-configuration" => (
                200,
                json!({"issuer": issuer, "token_endpoint": format!("{base}/found"),
                    "authorization_endpoint": format!("{base}/authorize")})
                .to_string(),
            ),
            _ => (404, "{}".into()),
        })
    })
    .await;
    server.base.clone_into(&mut base.lock().unwrap());
    server
}

#[tokio::test]
async fn discovery_from_an_issuer_or_from_an_api_fills_the_profile() {
    let server = publishing(None).await;
    let mut plan = token_plan(&server.base);
    plan.profile.token_url = String::new();
    let cancel = CancellationToken::new();
    let api = format!("{}/.well-known/oauth-protected-resource/api", server.base);
    let own = format!("{}/as", server.base);
    for (from, resource, exchanges) in [(&own, false, 1), (&api, true, 2)] {
        let session = session(&vault(&[]));
        let found = discover(&session, &plan, from, resource, &cancel).await.unwrap();
        assert_eq!(found.profile.token_url, format!("{}/found", server.base));
        assert!(found.filled.iter().any(|f| f.key == "token_url"), "{:?}", found.filled);
        assert_eq!((found.exchanges.len(), found.resource.is_some()), (exchanges, resource));
    }
}

#[tokio::test]
async fn metadata_that_speaks_of_another_issuer_is_not_believed() {
    let server = publishing(Some("https://evil.test")).await;
    let session = session(&vault(&[]));
    let plan = token_plan(&server.base);
    let issuer = format!("{}/as", server.base);
    let failure = discover(&session, &plan, &issuer, false, &CancellationToken::new()).await.unwrap_err();
    assert!(failure.problem.why.contains("evil.test") && failure.exchange.is_some(), "{}", failure.problem);
}
