//! Token exchange.

use super::*;

const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
const ID: &str = "urn:ietf:params:oauth:token-type:id_token";
const GRANT: (&str, &str) = ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");

#[tokio::test]
async fn a_users_token_becomes_one_of_the_client_with_no_more_scope() {
    let at = sandbox(&[]).await;
    let login = logged_in(&at, &[]).await;
    let subject = [("subject_token", text(&login, "access_token")), ("subject_token_type", ACCESS)];
    let ask = async |more: &[(&str, &str)]| basic_token(&at, &[&[GRANT][..], &subject, more].concat()).await;
    let answer = ok(&ask(&[]).await);
    assert_eq!(text(&answer, "issued_token_type"), ACCESS);
    assert_eq!((text(&answer, "scope"), answer.get("refresh_token")), ("orders.read", None));
    let said = claims(text(&answer, "access_token"));
    assert_eq!((text(&said, "sub"), text(&said, "client_id")), ("alice", "rfc-basic"));
    assert!(said.get("act").is_none());
    let reports = ok(&ask(&[("audience", "reports")]).await);
    assert_eq!(claims(text(&reports, "access_token"))["aud"], format!("{}/rfc/reports", at.base_url()));
    for (more, error) in [
        (("scope", "orders.write"), "invalid_scope"),
        (("audience", "payroll"), "invalid_target"),
        (("resource", "https://elsewhere.example.test"), "invalid_target"),
        (("requested_token_type", "urn:ietf:params:oauth:token-type:saml2"), "invalid_request"),
        (("actor_token", "x"), "invalid_request"),
        (("actor_token_type", ACCESS), "invalid_request"),
    ] {
        assert_eq!(refusal(&ask(&[more]).await), (400, error.into()), "{more:?}");
    }
}

#[tokio::test]
async fn the_one_who_acts_is_named_and_the_one_before_within() {
    let at = sandbox(&[]).await;
    let login = logged_in(&at, &[]).await;
    let machine = ok(&basic_token(&at, &[("grant_type", "client_credentials")]).await);
    let ask = async |subject: &str, kind: &str| {
        let params = [
            GRANT,
            ("subject_token", subject),
            ("subject_token_type", kind),
            ("actor_token", text(&machine, "access_token")),
            ("actor_token_type", ACCESS),
        ];
        ok(&basic_token(&at, &params).await)
    };
    let first = ask(text(&login, "id_token"), ID).await;
    let act = claims(text(&first, "access_token"))["act"].clone();
    assert_eq!(act, json!({ "sub": "rfc-basic" }));
    let second = ask(text(&first, "access_token"), "urn:ietf:params:oauth:token-type:jwt").await;
    let act = claims(text(&second, "access_token"))["act"].clone();
    assert_eq!(act, json!({ "sub": "rfc-basic", "act": { "sub": "rfc-basic" } }));
}

#[tokio::test]
async fn what_is_no_token_of_this_server_or_of_another_type_is_refused() {
    let at = sandbox(&[]).await;
    let login = logged_in(&at, &[]).await;
    let (access, id) = (text(&login, "access_token"), text(&login, "id_token"));
    let forged = hs256("secret", &claims(access));
    for (token, kind) in [
        (id, ACCESS),
        (access, ID),
        (forged.as_str(), ACCESS),
        ("x", ACCESS),
        (access, "urn:x"),
        ("", ACCESS),
    ] {
        let got = basic_token(&at, &[GRANT, ("subject_token", token), ("subject_token_type", kind)]).await;
        assert_eq!(refusal(&got), (400, "invalid_request".into()), "{kind}");
    }
    let standing = at.shared.rfc.subject.expose().to_owned();
    let answer =
        ok(&basic_token(&at, &[GRANT, ("subject_token", &standing), ("subject_token_type", ACCESS)]).await);
    assert_eq!(claims(text(&answer, "access_token"))["sub"], "alice");
    assert_eq!(call_api(&at, "orders", &standing).await.status, 401, "it is good for exchanges only");
}
