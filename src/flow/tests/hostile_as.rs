//! A token endpoint that means harm: none of its answers makes a token that was not granted, none takes a secret elsewhere, none
//! keeps the program.

use super::*;
use std::time::Instant;

/// What comes of an answer given to every request.
async fn facing(
    answer: impl Fn(&Arrived) -> Option<String> + Send + Sync + 'static,
) -> (Server, Result<crate::model::token::Token, TokenFailure>) {
    let server = Server::speaking(answer).await;
    let settings = Settings { timeout: Duration::from_millis(700), ..Settings::default() };
    let source = vault(&[("client_secret", "the-client-secret")]) as Arc<dyn SecretSource>;
    let session = Session::new(&settings, source, None);
    let got =
        obtain_token(&session, &token_plan(&server.base), false, &no_progress, &CancellationToken::new())
            .await;
    assert!(got.is_ok() || session.tokens().is_empty(), "what is refused is not kept");
    (server, got)
}

async fn refused(answer: impl Fn(&Arrived) -> Option<String> + Send + Sync + 'static) -> Problem {
    let (_, got) = facing(answer).await;
    got.unwrap_err().problem
}

#[tokio::test]
async fn a_redirect_of_any_kind_is_not_followed_and_no_secret_goes_along() {
    for status in [301, 302, 303, 307, 308] {
        let thief = Server::start(|_| Some((200, TOKEN.to_owned()))).await;
        let to = format!("Location: {}/token?x=1\r\n", thief.base);
        let (server, got) = facing(move |_| Some(reply(status, &to, ""))).await;
        assert!(got.unwrap_err().problem.why.contains("redirect"), "{status}");
        assert_eq!((server.arrived().len(), thief.arrived().len()), (1, 0));
    }
}

#[tokio::test]
async fn a_page_with_status_200_is_no_token() {
    let problem = refused(|_| Some(reply(200, "", "<html><form>access_token</form></html>"))).await;
    assert!(problem.why.contains("login page"), "{problem}");
}

#[tokio::test]
async fn an_error_with_status_200_is_no_token_even_with_a_token_beside_it() {
    for body in [
        r#"{"error":"invalid_client","access_token":"x"}"#,
        r#"{"errors":[{"ID":"invalid_client","message":"no"}],"access_token":"x"}"#,
    ] {
        let problem = refused(move |_| Some(reply(200, "", body))).await;
        assert!(problem.why.contains("invalid_client"), "{problem}");
    }
}

#[tokio::test]
async fn a_token_with_an_error_status_is_no_token() {
    for status in [400, 401, 403, 404, 500, 503] {
        assert_eq!(
            refused(move |_| Some(reply(status, "", TOKEN))).await.kind,
            ProblemKind::Token,
            "{status}"
        );
    }
}

#[tokio::test]
async fn what_is_no_token_is_told_and_never_taken() {
    for body in [
        "",
        "null",
        "[]",
        "{}",
        "true",
        "\"tok\"",
        "{\"access_token\":null}",
        "{\"access_token\":\"\"}",
        "{\"access_token\":{}}",
        "{\"access_token\":[\"a\"]}",
        "{\"access_token\":1}",
        "{\"access_token\":\"a\"",
        "{\"Access_Token\":\"a\"}",
        "access_token=a&token_type=bearer",
    ] {
        assert_eq!(refused(move |_| Some(reply(200, "", body))).await.kind, ProblemKind::Token, "{body}");
    }
}

#[tokio::test]
async fn a_token_that_would_break_a_header_is_refused() {
    for token in ["a\\r\\nX-Evil: 1", "a\\nb", "a\\u0000b", "ü", "a\\tb"] {
        let body = format!(r#"{{"access_token":"{token}"}}"#);
        assert!(refused(move |_| Some(reply(200, "", &body))).await.why.contains("access_token"), "{token}");
    }
}

#[tokio::test]
async fn a_token_type_that_would_break_a_header_breaks_nothing() {
    let body = r#"{"access_token":"t","token_type":"Bearer x\r\nX-Evil: 1"}"#;
    let (_, got) = facing(move |_| Some(reply(200, "", body))).await;
    assert!(got.is_err() || got.unwrap().scheme() == "Bearer");
}

#[tokio::test]
async fn a_foreign_token_type_goes_out_by_its_own_name_never_as_bearer() {
    let server = Server::speaking(|r| {
        Some(match r.path() {
            "/token" => reply(200, "", r#"{"access_token":"t","token_type":"mac"}"#),
            _ => reply(200, "", "{}"),
        })
    })
    .await;
    send(&session(&vault(&[("client_secret", "secret")])), &plan(&server.base, get("{{base_url}}/x"))).await;
    assert_eq!(server.arrived()[1].header("authorization"), Some("mac t"));
}

#[tokio::test]
async fn any_lifetime_is_survived() {
    for (life, expected) in [
        ("0", Some(0)),
        ("-1", None),
        ("\"3600\"", Some(3600)),
        ("1e99", None),
        ("1e400", None),
        ("null", None),
        ("{}", None),
        ("\"soon\"", None),
        ("3600.9", Some(3600)),
        ("18446744073709551616", None),
    ] {
        let body = format!(r#"{{"access_token":"t","expires_in":{life}}}"#);
        let (_, got) = facing(move |_| Some(reply(200, "", &body))).await;
        match got {
            Ok(token) => assert_eq!(token.expires_in.map(|d| d.as_secs()), expected, "{life}"),
            // Not even JSON to some readers.
            Err(_) => assert_eq!(life, "1e400"),
        }
    }
}

#[tokio::test]
async fn fewer_scopes_than_asked_for_are_written_down() {
    let server = Server::start(|_| Some((200, r#"{"access_token":"t","scope":"a"}"#.to_owned()))).await;
    let session = session(&vault(&[("client_secret", "secret")]));
    let log = super::life::audited(&session);
    let mut plan = token_plan(&server.base);
    plan.profile.scope = vec!["a".into(), "admin".into()];
    let token = obtain_token(&session, &plan, false, &no_progress, &CancellationToken::new()).await.unwrap();
    assert_eq!((token.scope.as_deref(), token.key.scope.as_str()), (Some("a"), "a admin"));
    assert!(log.0.lock().unwrap()[0].1.contains("without scope admin"));
}

#[tokio::test]
async fn an_answer_without_end_is_given_up() {
    let begun = Instant::now();
    let (_, got) = facing(|_| {
        let padding = " ".repeat(6 * 1024 * 1024);
        Some(reply(200, "", &format!("{padding}{TOKEN}")))
    })
    .await;
    let failure = got.unwrap_err();
    assert!(
        failure.problem.why.contains("larger than") || failure.problem.kind == ProblemKind::Timeout,
        "{}",
        failure.problem
    );
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn an_answer_that_drips_ends_with_the_time_allowed() {
    // Announces more than it sends, and keeps the connection.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let head =
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n";
                let _ = stream.write_all(head.as_bytes()).await;
                while stream.write_all(b" ").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            });
        }
    });
    let settings = Settings { timeout: Duration::from_millis(300), ..Settings::default() };
    let session =
        Session::new(&settings, vault(&[("client_secret", "secret")]) as Arc<dyn SecretSource>, None);
    let got =
        obtain_token(&session, &token_plan(&base), false, &no_progress, &CancellationToken::new()).await;
    assert_eq!(got.unwrap_err().problem.kind, ProblemKind::Timeout);
}

#[tokio::test]
async fn words_that_paint_the_terminal_or_echo_the_secret_are_made_safe() {
    let body = r#"{"error":"invalid_client","error_description":"\u001b[2J the-client-secret \u202e evil"}"#;
    let problem = refused(move |_| Some(reply(401, "", body))).await;
    assert!(
        !problem.why.contains(['\u{1b}', '\u{202e}']) && !problem.why.contains("the-client-secret"),
        "{problem}"
    );
}

#[tokio::test]
async fn a_nonce_asked_for_again_and_again_is_answered_once() {
    let server =
        Server::speaking(|_| Some(reply(400, "DPoP-Nonce: n\r\n", r#"{"error":"use_dpop_nonce"}"#))).await;
    let session = session(&vault(&[("client_secret", "secret")]));
    let mut plan = token_plan(&server.base);
    plan.profile.dpop = true;
    let got = obtain_token(&session, &plan, false, &no_progress, &CancellationToken::new()).await;
    assert_eq!((got.unwrap_err().error.as_deref(), server.arrived().len()), (Some("use_dpop_nonce"), 2));
}

#[tokio::test]
async fn metadata_of_another_issuer_gives_no_endpoint() {
    let server = Server::start(|_| Some((200, json!({"issuer": "https://as.test"}).to_string()))).await;
    let session = session(&vault(&[("client_secret", "secret")]));
    let mut plan = token_plan(&server.base);
    plan.profile.token_url = String::new();
    plan.profile.issuer = "{{base_url}}".into();
    let failure =
        obtain_token(&session, &plan, false, &no_progress, &CancellationToken::new()).await.unwrap_err();
    assert!(failure.problem.why.contains("as.test"), "{}", failure.problem);
    assert_eq!(failure.problem.kind, ProblemKind::Token);
}

#[tokio::test]
async fn a_metadata_endpoint_that_redirects_is_not_followed() {
    let thief = Server::start(|_| Some((200, "{}".to_owned()))).await;
    let to = format!("Location: {}/\r\n", thief.base);
    let server = Server::speaking(move |_| Some(reply(302, &to, ""))).await;
    let session = session(&vault(&[("client_secret", "secret")]));
    let mut plan = token_plan(&server.base);
    plan.profile.token_url = String::new();
    plan.profile.issuer = "{{base_url}}".into();
    let got = obtain_token(&session, &plan, false, &no_progress, &CancellationToken::new()).await;
    assert!(got.unwrap_err().problem.why.contains("302"));
    assert!(thief.arrived().is_empty());
}
