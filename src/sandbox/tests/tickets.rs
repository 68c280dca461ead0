//! The other grants of the token endpoint, and the life of what they give.

use super::*;
use serde_json::json;

fn with_password<'a>(user: &'a str, password: &'a str) -> [(&'static str, &'a str); 3] {
    [("grant_type", "password"), ("username", user), ("password", password)]
}

fn code_of(got: &Got) -> (u16, String) {
    (got.status, got.json()["error"].as_str().unwrap_or_default().to_owned())
}

fn text_of(json: &Json, name: &str) -> String {
    json[name].as_str().unwrap_or_else(|| panic!("{json} has no {name}")).to_owned()
}

#[tokio::test]
async fn the_password_grant_needs_the_right_password_a_ticked_box_and_an_identity_mapping() {
    let at = sandbox(&[]).await;
    let client = Registered::whole(&at, 0);
    let word = password(&at, PERSON);
    let got = client.ask(&at, &with_password(PERSON, &word)).await;
    assert_eq!(got.status, 200, "{}", got.text());
    let claims = super::super::tokens::claims(got.json()["access_token"].as_str().unwrap()).unwrap();
    assert_eq!(claims["sub"], PERSON);
    for (user, word) in [(PERSON, "wrong"), ("nobody@acme", word.as_str())] {
        let got = client.ask(&at, &with_password(user, word)).await;
        assert_eq!(code_of(&got), (400, "invalid_grant".into()));
    }
    let got = client.ask(&at, &with_password("old.batch@acme", &password(&at, "old.batch@acme"))).await;
    assert_eq!(code_of(&got), (401, "invalid_grant".into()), "disabled");
    let got = client.ask(&at, &[("grant_type", "password"), ("username", PERSON)]).await;
    assert_eq!(code_of(&got), (400, "invalid_request".into()));

    let unmapped = Registered::new(&at, &json!({ "grants": ["password"] }));
    let got = unmapped.ask(&at, &with_password(PERSON, &word)).await;
    assert!(got.text().contains("identity mapping"), "{}", got.text());
    let unticked = Registered::new(&at, &json!({ "mapping": {} }));
    let got = unticked.ask(&at, &with_password(PERSON, &word)).await;
    assert_eq!(code_of(&got), (400, "unauthorized_client".into()));
}

#[tokio::test]
async fn a_public_client_names_itself_and_may_do_no_more_than_that() {
    let at = sandbox(&[]).await;
    let client = Registered::new(
        &at,
        &json!({ "type": "public", "grants": ["password", "client_credentials"], "mapping": {} }),
    );
    let word = password(&at, PERSON);
    let got = client.ask(&at, &with_password(PERSON, &word)).await;
    assert_eq!(got.status, 200);
    let token = text_of(&got.json(), "access_token");
    let got = client.ask(&at, &[("grant_type", "client_credentials")]).await;
    assert_eq!(code_of(&got), (400, "unauthorized_client".into()));
    let got = client.post(&at, &format!("{TOKEN}/introspect"), &[("token", &token)]).await;
    assert_eq!(code_of(&got), (401, "invalid_client".into()));
    let guessing = Registered { id: client.id.clone(), secret: "guess".into() };
    assert_eq!(guessing.ask(&at, &with_password(PERSON, &word)).await.status, 401);
    let revoke = TOKEN.replace("/token", "/revoke");
    assert_eq!(client.post(&at, &revoke, &[("token", &token)]).await.status, 200);
    assert_eq!(get(&at, &format!("{V2}/casetypes"), &format!("Bearer {token}")).await.status, 401);
    let confidential = Registered { id: Registered::whole(&at, 0).id, secret: String::new() };
    assert_eq!(confidential.ask(&at, &with_password(PERSON, &word)).await.status, 401);
}

#[tokio::test]
async fn refresh_tokens_are_kept_or_rotated_as_the_mode_says() {
    for (mode, same) in [(1, true), (2, false), (3, false)] {
        let at = sandbox(&[]).await;
        let client = Registered::whole(&at, mode);
        let word = password(&at, PERSON);
        let first = text_of(&client.ask(&at, &with_password(PERSON, &word)).await.json(), "refresh_token");
        let renew = async |token: &str| {
            client.ask(&at, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
        };
        let renewed = renew(&first).await.json();
        let second = text_of(&renewed, "refresh_token");
        assert_eq!(first == second, same, "mode {mode}");
        let bearer = format!("Bearer {}", text_of(&renewed, "access_token"));
        let list = format!("{V2}/casetypes");
        assert_eq!(get(&at, &list, &bearer).await.status, 200);
        let again = renew(&first).await;
        if same {
            assert_eq!(again.status, 200);
        } else {
            assert_eq!(code_of(&again), (401, "invalid_grant".into()), "a replaced one is a stolen one");
            assert_eq!(renew(&second).await.status, 401, "and ends its whole family");
            assert_eq!(get(&at, &list, &bearer).await.status, 401);
        }
    }
}

#[tokio::test]
async fn of_many_renewals_at_once_with_one_rotating_token_one_succeeds() {
    let at = sandbox(&[]).await;
    let client = Registered::whole(&at, 2);
    let word = password(&at, PERSON);
    let token = text_of(&client.ask(&at, &with_password(PERSON, &word)).await.json(), "refresh_token");
    let renew = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    let renewals = (0..20).map(|_| client.ask(&at, &renew));
    let answers = futures_util::future::join_all(renewals).await;
    assert_eq!(answers.iter().filter(|a| a.status == 200).count(), 1);
}

#[tokio::test]
async fn a_refresh_token_is_its_clients_own_and_dies_with_its_time() {
    let at = sandbox(&[]).await;
    let short = json!({ "grants": ["password"], "mapping": {}, "refresh_mode": 1, "refresh_lifetime": 1 });
    let client = Registered::new(&at, &short);
    let other = Registered::whole(&at, 1);
    let word = password(&at, PERSON);
    let token = text_of(&client.ask(&at, &with_password(PERSON, &word)).await.json(), "refresh_token");
    let renew = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    assert_eq!(other.ask(&at, &renew).await.status, 401);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let got = client.ask(&at, &renew).await;
    assert!(got.status == 401 && got.text().contains("expired"), "{}", got.text());
    let unticked = Registered::new(&at, &json!({}));
    assert_eq!(code_of(&unticked.ask(&at, &renew).await), (400, "unauthorized_client".into()));
}

#[tokio::test]
async fn revoking_or_introspecting_a_refresh_token_and_regenerating_the_secret() {
    let at = sandbox(&[]).await;
    let client = Registered::whole(&at, 1);
    let word = password(&at, PERSON);
    let list = format!("{V2}/casetypes");
    let fresh = async || {
        let json = client.ask(&at, &with_password(PERSON, &word)).await.json();
        (format!("Bearer {}", text_of(&json, "access_token")), text_of(&json, "refresh_token"))
    };
    let seen = async |token: &str| {
        client.post(&at, &format!("{TOKEN}/introspect"), &[("token", token)]).await.json()
    };
    let (bearer, refresh) = fresh().await;
    let about = seen(&refresh).await;
    assert_eq!((&about["active"], &about["sub"]), (&json!(true), &json!(PERSON)));
    let revoke = TOKEN.replace("/token", "/revoke");
    let other = Registered::whole(&at, 1);
    assert_eq!(other.post(&at, &revoke, &[("token", &refresh)]).await.status, 200);
    assert_eq!(seen(&refresh).await["active"], true, "another client cannot revoke it");
    assert_eq!(client.post(&at, &revoke, &[("token", &refresh)]).await.status, 200);
    assert_eq!(seen(&refresh).await["active"], false);
    assert_eq!(get(&at, &list, &bearer).await.status, 401, "its access tokens go with it");

    let (bearer, refresh) = fresh().await;
    let again =
        post(&at, &format!("/sandbox/dev-studio/clients/{}/regenerate-secret", client.id), "", "").await;
    let (_, secret) = client_of(again.json()["credentials"].as_str().unwrap());
    assert_eq!(get(&at, &list, &bearer).await.status, 401);
    let client = Registered { id: client.id, secret };
    let renew = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    assert_eq!(client.ask(&at, &renew).await.status, 401);
}

#[tokio::test]
async fn custom_bearer_picks_the_operator_by_a_parameter_unless_the_setting_is_off() {
    let at = sandbox(&[]).await;
    let client = Registered::whole(&at, 0);
    let ask = async |user: &str| {
        client.ask(&at, &[("grant_type", "custom-bearer"), ("userIdentifier", user)]).await
    };
    let got = ask(PERSON).await.json();
    assert_eq!(super::super::tokens::claims(&text_of(&got, "access_token")).unwrap()["sub"], PERSON);
    assert!(ask("nobody@acme").await.text().contains("No operator is associated with the token"));
    assert_eq!(code_of(&ask("").await), (400, "invalid_request".into()));
    at.set_faults(&["custom-bearer-off".to_owned()]).unwrap();
    assert_eq!(code_of(&ask(PERSON).await), (400, "unsupported_grant_type".into()));
}

#[tokio::test]
async fn a_session_index_comes_back_when_it_is_known_and_is_refused_when_not() {
    let at = sandbox(&[]).await;
    let client = Registered::whole(&at, 0);
    let ask = async |index: &str| {
        let body =
            [("grant_type", "client_credentials"), ("enable_psyncId", "true"), ("session_index", index)];
        client.ask(&at, &body).await
    };
    let index = text_of(&ask("").await.json(), "session_index");
    assert_eq!(text_of(&ask(&index).await.json(), "session_index"), index);
    assert_eq!(code_of(&ask("stale").await), (400, "invalid_session_index".into()));
}

#[tokio::test]
async fn the_desk_registers_by_form_and_json_and_lists_operators_and_the_log_tells_why() {
    let at = sandbox(&[]).await;
    let form = "name=App&type=public&grants=authorization_code&redirect_uris=http%3A%2F%2F127.0.0.1%2Fcallback&refresh_mode=3";
    let made = send(&at, "POST", "/sandbox/dev-studio/clients", &[("Content-Type", FORM)], form).await;
    let json = made.json();
    assert_eq!((made.status, &json["type"], &json["refresh_mode"]), (201, &json!("public"), &json!(3)));
    assert!(!text_of(&json, "credentials").contains("Secret"), "a public client has none");
    let html = [("Content-Type", FORM), ("Accept", "text/html,*/*")];
    let page = send(&at, "POST", "/sandbox/dev-studio/clients", &html, form).await;
    assert!(page.status == 201 && page.text().contains("Download credentials"));
    let path = page.header("location").to_owned();
    assert!(get(&at, &path, "").await.text().starts_with("Client ID\n"));
    let wrong = post(&at, "/sandbox/dev-studio/clients", "", r#"{"grants":["implicit"]}"#).await;
    assert!(wrong.status == 400 && wrong.json()["error"].as_str().unwrap().contains("grants"));

    let operators = get(&at, "/sandbox/dev-studio/operators", "").await.json();
    let person = operators.as_array().unwrap().iter().find(|o| o["id"] == PERSON).unwrap();
    assert_eq!(text_of(person, "password"), password(&at, PERSON));
    let client = Registered::whole(&at, 0);
    client.ask(&at, &[("grant_type", "custom-bearer"), ("userIdentifier", "x")]).await;
    let log = get(&at, "/sandbox/log", "").await.text();
    assert!(log.contains("CustomIdentityMapper: No operator is associated with the token"), "{log}");
    assert!(!log.contains(&password(&at, PERSON)));
}
