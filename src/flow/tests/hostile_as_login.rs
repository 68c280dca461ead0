//! A login under attack: forged callbacks, a mixed-up server, an authorization server that lies.

use super::desk::{Desk, browse, log_in, login_plan, speak, state};
use super::*;

#[tokio::test]
async fn forged_and_stray_callbacks_are_answered_400_noted_and_the_login_goes_on() {
    let server = api().await;
    let session = session(&vault(&[]));
    let desk = Desk::at(&session);
    let plan = login_plan(&server.base);
    let (token, ()) = tokio::join!(log_in(&session, &plan), async {
        let roads = desk.roads().await;
        let (port, state) = (roads.port.unwrap(), state(&roads));
        for query in [
            "code=evil&state=x".to_owned(),
            "code=evil".to_owned(),
            format!("code=evil&state={state}&state={state}"),
            format!("code=evil&code=worse&state={state}"),
            "error=access_denied&state=x".to_owned(),
            "error=access_denied".to_owned(),
        ] {
            let page = browse(port, &format!("/callback?{query}")).await;
            assert!(page.starts_with("HTTP/1.1 400"), "{query}: {page}");
        }
        let origin = format!(
            "GET /callback?code=evil&state={state} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: https://evil.test\r\n\r\n"
        );
        assert!(speak(port, &origin).await.starts_with("HTTP/1.1 403"));
        browse(port, &format!("/callback?code=good&state={state}")).await;
    });
    assert!(token.is_ok());
    let codes: Vec<_> = server.arrived().iter().map(|a| a.field("code")).collect();
    assert_eq!(codes, [Some("good".to_owned())], "nothing forged was redeemed");
    assert!(desk.notes().iter().any(|n| n.contains("stray callback")), "{:?}", desk.notes());
    assert!(desk.notes().iter().all(|n| !n.contains("evil")));
}

#[tokio::test]
async fn a_state_is_used_once() {
    let server = api().await;
    let session = session(&vault(&[]));
    let desk = Desk::at(&session);
    let plan = login_plan(&server.base);
    let mut states = Vec::new();
    for _ in 0..2 {
        let (token, state) = tokio::join!(log_in(&session, &plan), async {
            let roads = desk.roads().await;
            let state = state(&roads);
            if let Some(old) = states.first() {
                let page = browse(roads.port.unwrap(), &format!("/callback?code=old&state={old}")).await;
                assert!(page.starts_with("HTTP/1.1 400"));
            }
            browse(roads.port.unwrap(), &format!("/callback?code=new&state={state}")).await;
            state
        });
        session.forget(&plan.root, &token.unwrap().key);
        states.push(state);
    }
    assert_ne!(states[0], states[1]);
    assert!(server.arrived().iter().all(|a| a.field("code").as_deref() == Some("new")));
}

/// A server that publishes itself, says that it sends `iss`, and gives what `token` says.
async fn publishing(token: impl Fn(&Arrived) -> (u16, String) + Send + Sync + 'static) -> Server {
    let base = Arc::new(Mutex::new(String::new()));
    let own = Arc::clone(&base);
    let server = Server::start(move |r| {
        let base = own.lock().unwrap().clone();
        Some(match r.path() {
            "/.well-known/openid-configuration" => (
                200,
                json!({"issuer": base, "token_endpoint": format!("{base}/token"),
                    "authorization_endpoint": format!("{base}/authorize"),
                    "pushed_authorization_request_endpoint": format!("{base}/par"),
                    "authorization_response_iss_parameter_supported": true})
                .to_string(),
            ),
            "/par" => {
                (201, r#"{"request_uri":"urn:ietf:params:oauth:request_uri:1","expires_in":60}"#.into())
            }
            _ => token(r),
        })
    })
    .await;
    server.base.clone_into(&mut base.lock().unwrap());
    server
}

fn by_issuer(base: &str) -> TokenPlan {
    let mut plan = login_plan(base);
    plan.profile.token_url = String::new();
    plan.profile.authorization_url = String::new();
    plan.profile.issuer = "{{base_url}}".into();
    plan
}

#[tokio::test]
async fn an_answer_of_another_issuer_is_stray_and_so_is_one_without_its_name() {
    let server = publishing(|_| (200, TOKEN.to_owned())).await;
    let session = session(&vault(&[]));
    let desk = Desk::at(&session);
    let plan = by_issuer(&server.base);
    let own: String = url::form_urlencoded::byte_serialize(server.base.as_bytes()).collect();
    let (token, ()) = tokio::join!(log_in(&session, &plan), async {
        let roads = desk.roads().await;
        let (port, state) = (roads.port.unwrap(), state(&roads));
        for iss in
            ["", "&iss=https%3A%2F%2Fevil.test", &format!("&iss={own}&iss={own}"), &format!("&iss={own}%2F")]
        {
            let page = browse(port, &format!("/callback?code=evil&state={state}{iss}")).await;
            assert!(page.starts_with("HTTP/1.1 400"), "{iss}: {page}");
        }
        browse(port, &format!("/callback?code=good&state={state}&iss={own}")).await;
    });
    assert!(token.is_ok());
    assert_eq!(server.count("/token"), 1);
}

#[tokio::test]
async fn pushed_parameters_are_not_in_the_address_a_browser_gets() {
    let server = publishing(|_| (200, TOKEN.to_owned())).await;
    let session = session(&vault(&[]));
    session.set_login_patience(Duration::from_millis(300));
    let desk = Desk::at(&session);
    let mut plan = by_issuer(&server.base);
    plan.profile.par = true;
    plan.profile.scope = vec!["secret-scope".into()];
    let (_, roads) = tokio::join!(log_in(&session, &plan), desk.roads());
    let url = roads.url.unwrap();
    assert!(
        url.contains("request_uri=urn") && !url.contains("secret-scope") && !url.contains("state="),
        "{url}"
    );
    let pushed = server.arrived().into_iter().find(|a| a.path() == "/par").unwrap();
    assert_eq!(pushed.field("scope").as_deref(), Some("secret-scope"));
    assert_eq!(pushed.field("code_challenge_method").as_deref(), Some("S256"));
}

#[tokio::test]
async fn a_code_that_the_server_refuses_ends_the_login_with_its_reason() {
    let server =
        Server::start(|_| Some((400, r#"{"error":"invalid_grant","error_description":"used"}"#.into())))
            .await;
    let session = session(&vault(&[]));
    let desk = Desk::at(&session);
    let plan = login_plan(&server.base);
    let (failure, port) = tokio::join!(log_in(&session, &plan), async {
        let roads = desk.roads().await;
        browse(roads.port.unwrap(), &format!("/callback?code=replayed&state={}", state(&roads))).await;
        roads.port.unwrap()
    });
    let failure = failure.unwrap_err();
    assert!(
        failure.problem.why.contains("invalid_grant: used") && failure.exchange.is_some(),
        "{}",
        failure.problem
    );
    assert_eq!((browse(port, "/callback").await.as_str(), desk.overs()), ("", 1));
    assert!(session.tokens().is_empty());
}

#[tokio::test]
async fn a_flood_of_strays_is_no_flood_of_notes() {
    let server = api().await;
    let session = session(&vault(&[]));
    let desk = Desk::at(&session);
    let plan = login_plan(&server.base);
    let (token, ()) = tokio::join!(log_in(&session, &plan), async {
        let roads = desk.roads().await;
        let port = roads.port.unwrap();
        for _ in 0..300 {
            browse(port, "/callback?code=evil&state=x").await;
        }
        browse(port, &format!("/callback?code=good&state={}", state(&roads))).await;
    });
    assert!(token.is_ok() && server.count("/token") == 1);
    assert!((1..=20).contains(&desk.notes().len()), "{}", desk.notes().len());
}

#[tokio::test]
async fn a_device_endpoint_that_lies_about_its_page_is_refused() {
    for uri in ["javascript:alert(1)", "file:///etc/passwd", "", "not a url"] {
        let body = json!({"device_code": "d-1234567", "user_code": "U", "verification_uri": uri}).to_string();
        let server = Server::start(move |_| Some((200, body.clone()))).await;
        let session = session(&vault(&[]));
        let desk = Desk::at(&session);
        let mut plan = login_plan(&server.base);
        plan.profile.grant = crate::model::profile::Grant::DeviceCode;
        plan.profile.device_authorization_url = "{{base_url}}/device".into();
        assert!(log_in(&session, &plan).await.is_err(), "{uri}");
        assert_eq!((server.count("/token"), desk.overs()), (0, 1));
    }
}
