//! The authorization endpoint: page, session, code, and what goes wrong on the way.

use super::*;
use serde_json::json;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const PKCE: [(&str, &str); 2] = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];

fn public(at: &Sandbox) -> Registered {
    let registration = json!({
        "name": "<b>app</b>",
        "type": "public",
        "grants": ["authorization_code"],
        "redirect_uris": ["http://127.0.0.1/callback", CALLBACK],
        "refresh_mode": 2,
    });
    Registered::new(at, &registration)
}

fn redeem(code: &str) -> Vec<(&'static str, &str)> {
    vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)]
}

#[tokio::test]
async fn a_public_client_logs_a_person_in_with_pkce_and_gets_all_three_tokens() {
    let at = sandbox(&[]).await;
    let client = public(&at);
    assert!(client.secret.is_empty());
    let mut asked = PKCE.to_vec();
    asked.extend([
        ("scope", "openid email app.alias.acme-cases"),
        ("nonce", "n-1"),
        ("enable_psyncId", "true"),
    ]);
    let page = get(&at, &client.authorize(&asked), "").await;
    assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));
    let text = page.text();
    assert!(text.contains("&lt;b&gt;app&lt;/b&gt;") && !text.contains("<b>app</b>"));
    assert!(text.contains(&password(&at, PERSON)), "a newcomer can try");

    let back = log_in(&at, &text, PERSON, &password(&at, PERSON), &[]).await;
    let location = back.header("location");
    assert!(location.starts_with("https://app.example.test/cb?kept=1&code="), "{location}");
    assert_eq!(parameter(location, "state").as_deref(), Some("a&b c"));
    assert_eq!(parameter(location, "iss"), None, "Pega is not known to send it");

    let code = parameter(location, "code").unwrap();
    let mut body = redeem(&code);
    body.push(("code_verifier", VERIFIER));
    let got = client.ask(&at, &body).await;
    assert_eq!(got.status, 200, "{}", got.text());
    let json = got.json();
    let bearer = format!("Bearer {}", json["access_token"].as_str().unwrap());
    assert_eq!(get(&at, &format!("{V2}/casetypes"), &bearer).await.status, 200);
    let who = get(&at, "/prweb/api/oauthclients/v1/userinfo/JSON", &bearer).await.json();
    assert_eq!((&who["sub"], &who["app_alias"]), (&json!(PERSON), &json!("acme-cases")));

    let id = super::super::tokens::claims(json["id_token"].as_str().unwrap()).unwrap();
    assert_eq!((&id["sub"], &id["aud"], &id["nonce"]), (&json!(PERSON), &json!(client.id), &json!("n-1")));
    assert!(id.contains_key("email") && !id.contains_key("name"), "profile was not asked for");
    assert!(json["session_index"].is_string() && json["refresh_token"].is_string());
}

#[tokio::test]
async fn a_code_works_once_and_using_it_again_revokes_what_it_gave() {
    let at = sandbox(&[]).await;
    let client = Registered::whole(&at, 1);
    let code = client.code(&at, &[]).await;
    let first = client.ask(&at, &redeem(&code)).await.json();
    let bearer = format!("Bearer {}", first["access_token"].as_str().unwrap());
    let list = format!("{V2}/casetypes");
    assert_eq!(get(&at, &list, &bearer).await.status, 200);
    let again = client.ask(&at, &redeem(&code)).await;
    assert_eq!((again.status, again.json()["error"].as_str()), (400, Some("invalid_grant")));
    assert_eq!(get(&at, &list, &bearer).await.status, 401);
    let refresh =
        [("grant_type", "refresh_token"), ("refresh_token", first["refresh_token"].as_str().unwrap())];
    assert_eq!(client.ask(&at, &refresh).await.status, 401);
}

#[tokio::test]
async fn a_code_is_bound_to_client_redirect_uri_and_verifier() {
    let at = sandbox(&[]).await;
    let client = Registered::whole(&at, 0);
    let other = Registered::whole(&at, 0);
    let refused = async |who: &Registered, body: &[(&str, &str)]| {
        let got = who.ask(&at, body).await;
        assert_eq!((got.status, got.json()["error"].as_str()), (400, Some("invalid_grant")), "{body:?}");
    };
    let code = client.code(&at, &PKCE).await;
    refused(&other, &redeem(&code)).await;
    refused(&client, &redeem(&code)).await;
    let code = client.code(&at, &PKCE).await;
    let wrong = [redeem(&code), vec![("code_verifier", "wrong")]].concat();
    refused(&client, &wrong).await;
    let right = [redeem(&code), vec![("code_verifier", VERIFIER)]].concat();
    refused(&client, &right).await; // The first attempt used it up.
    let code = client.code(&at, &[]).await;
    refused(&client, &[redeem(&code), vec![("code_verifier", VERIFIER)]].concat()).await;
    let code = client.code(&at, &[]).await;
    refused(&client, &redeem(&code)[..2]).await;
    let code = client.code(&at, &[("redirect_uri", "")]).await;
    assert_eq!(client.ask(&at, &redeem(&code)[..2]).await.status, 200, "it was not named, so it need not be");
    refused(&client, &redeem("no-code")).await;
}

#[tokio::test]
async fn errors_are_sent_only_to_registered_addresses() {
    let at = sandbox(&[]).await;
    let client = public(&at);
    let evil = "https://evil.example.test/";
    for (more, text) in [
        (vec![("redirect_uri", evil)], "redirect_uri"),
        (vec![("redirect_uri", "http://127.0.0.1:8000/other")], "redirect_uri"),
        (vec![("redirect_uri", "")], "redirect_uri is missing"),
        (vec![("client_id", "1"), ("redirect_uri", evil)], "client_id"),
        (vec![("state", "1"), ("state", "2")], "more than once"),
    ] {
        let page = get(&at, &client.authorize(&more), "").await;
        assert_eq!((page.status, page.header("location")), (400, ""), "{more:?}");
        assert!(page.text().contains(text), "{more:?}: {}", page.text());
    }
    let confidential = Registered::new(&at, &json!({ "redirect_uris": [CALLBACK] }));
    let plain = [("code_challenge", CHALLENGE), ("code_challenge_method", "plain")];
    for (who, more, error) in [
        (&client, vec![("response_type", "token")], "unsupported_response_type"),
        (&client, vec![("response_type", "")], "invalid_request"),
        (&client, vec![], "invalid_request"),
        (&client, plain.to_vec(), "invalid_request"),
        (&client, vec![("code_challenge", "short"), PKCE[1]], "invalid_request"),
        (&client, [&PKCE[..], &[("request", "eyJ")]].concat(), "request_not_supported"),
        (&client, [&PKCE[..], &[("scope", "app.alias.other")]].concat(), "invalid_scope"),
        (&client, [&PKCE[..], &[("authentication_service", "sso")]].concat(), "invalid_request"),
        (&client, [&PKCE[..], &[("prompt", "none")]].concat(), "login_required"),
        (&client, [&PKCE[..], &[("session_index", "stale")]].concat(), "invalid_session_index"),
        (&confidential, vec![], "unauthorized_client"),
    ] {
        let back = get(&at, &who.authorize(&more), "").await;
        let location = back.header("location");
        assert_eq!(back.status, 302, "{more:?}");
        assert!(location.starts_with(CALLBACK), "{location}");
        assert_eq!(parameter(location, "error").as_deref(), Some(error), "{more:?}");
        assert_eq!(parameter(location, "state").as_deref(), Some("a&b c"));
    }
    let boxed = json!({ "grants": ["authorization_code"], "redirect_uris": [CALLBACK], "pkce": true });
    let back = get(&at, &Registered::new(&at, &boxed).authorize(&[]), "").await;
    assert_eq!(parameter(back.header("location"), "error").as_deref(), Some("invalid_request"));
}

#[tokio::test]
async fn the_form_needs_its_own_token_its_own_origin_and_the_right_password() {
    let at = sandbox(&[]).await;
    let client = Registered::whole(&at, 0);
    let page = get(&at, &client.authorize(&[]), "").await.text();
    let right = password(&at, PERSON);
    let foreign = log_in(&at, &page, PERSON, &right, &[("Origin", "http://127.0.0.1:1")]).await;
    assert_eq!((foreign.status, foreign.header("location")), (403, ""), "another port is another site");
    let forged = page.replace(&hidden(&page, "csrf"), "forged");
    assert_eq!(log_in(&at, &forged, PERSON, &right, &[]).await.status, 400);
    let doubled = get(&at, &format!("/{}", client.authorize(&[])), "").await.text();
    assert!(doubled.contains("action=\"/prweb/"), "a form never leads to another host");
    let rebound = send(&at, "GET", &client.authorize(&[]), &[("Host", "evil.example.test")], "").await;
    assert_eq!(rebound.status, 403);

    let mut page = page;
    for (user, word, text) in [
        (PERSON, "wrong", "not right"),
        ("nobody@acme", right.as_str(), "not right"),
        ("", "", "not right"),
        ("old.batch@acme", &password(&at, "old.batch@acme"), "disabled"),
        ("night.jobs@acme", &password(&at, "night.jobs@acme"), "locked"),
    ] {
        let got = log_in(&at, &page, user, word, &[]).await;
        assert_eq!((got.status, got.header("location")), (200, ""), "{user}");
        let shown = got.text();
        let alert = shown.split_once("role=\"alert\"").unwrap().1.split_once("</p>").unwrap().0.to_owned();
        assert!(alert.contains(text), "{user}: {alert}");
        page = shown;
    }
    let own = format!("http://127.0.0.1:{}", at.address.port());
    let back = log_in(&at, &page, PERSON, &right, &[("Origin", &own)]).await;
    assert_eq!(back.status, 303);
    assert_eq!(log_in(&at, &page, PERSON, &right, &[]).await.status, 400, "a page is good for one login");
}

#[tokio::test]
async fn cancelling_goes_back_with_access_denied() {
    let at = sandbox(&[]).await;
    let page = get(&at, &Registered::whole(&at, 0).authorize(&[]), "").await.text();
    let body = format!("login={}&csrf={}&cancel=1", hidden(&page, "login"), hidden(&page, "csrf"));
    let back = send(&at, "POST", AUTHORIZE, &[("Content-Type", FORM)], &body).await;
    assert_eq!(parameter(back.header("location"), "error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn a_session_answers_without_a_page_until_a_login_is_asked_for() {
    let at = sandbox(&[]).await;
    let client = Registered::whole(&at, 0);
    let page = get(&at, &client.authorize(&[]), "").await.text();
    let back = log_in(&at, &page, PERSON, &password(&at, PERSON), &[]).await;
    let cookie = back.header("set-cookie").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let again = async |more: &[(&str, &str)]| {
        send(&at, "GET", &client.authorize(more), &[("Cookie", cookie)], "").await
    };
    for prompt in ["", "none"] {
        let silent = again(&[("prompt", prompt)]).await;
        assert_eq!(silent.status, 302, "{prompt}");
        assert!(parameter(silent.header("location"), "code").is_some());
    }
    assert_eq!(again(&[("prompt", "login")]).await.status, 200);

    // The index of the session can be sent along, that of another operator cannot.
    let code = parameter(again(&[("enable_psyncId", "true")]).await.header("location"), "code").unwrap();
    let index = client.ask(&at, &redeem(&code)).await.json()["session_index"].as_str().unwrap().to_owned();
    assert!(parameter(again(&[("session_index", &index)]).await.header("location"), "code").is_some());
    let other = [("grant_type", "client_credentials"), ("enable_psyncId", "true")];
    let other = client.ask(&at, &other).await.json()["session_index"].as_str().unwrap().to_owned();
    let refused = again(&[("session_index", &other)]).await;
    assert_eq!(parameter(refused.header("location"), "error").as_deref(), Some("invalid_session_index"));

    let page = get(&at, &client.authorize(&[("cookies", "none")]), "").await.text();
    let back = log_in(&at, &page, PERSON, &password(&at, PERSON), &[]).await;
    assert_eq!((back.status, back.header("set-cookie")), (303, ""));
}

#[tokio::test]
async fn a_user_name_fills_the_field_and_with_its_password_logs_in_as_pegas_own_client_does() {
    let at = sandbox(&[]).await;
    let client = Registered::whole(&at, 0);
    let page = get(&at, &client.authorize(&[("UserIdentifier", "\"><x")]), "").await.text();
    assert!(page.contains("value=\"&quot;&gt;&lt;x\"") && !page.contains("<x"));
    let word = password(&at, PERSON);
    let back = get(&at, &client.authorize(&[("UserIdentifier", PERSON), ("Password", &word)]), "").await;
    assert!(back.status == 303 && parameter(back.header("location"), "code").is_some());
    let wrong = get(&at, &client.authorize(&[("UserIdentifier", PERSON), ("Password", "x")]), "").await;
    assert_eq!((wrong.status, wrong.header("location")), (200, ""));
}

#[tokio::test]
async fn a_loopback_address_registered_without_a_port_takes_the_port_of_the_moment() {
    let at = sandbox(&[]).await;
    let client = public(&at);
    let here = "http://127.0.0.1:50123/callback";
    let code = client.code(&at, &[&PKCE[..], &[("redirect_uri", here)]].concat()).await;
    let ask = async |uri: &str| {
        let body = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", uri),
            ("code_verifier", VERIFIER),
        ];
        client.ask(&at, &body).await.status
    };
    assert_eq!(ask(here).await, 200);
    let code = client.code(&at, &[&PKCE[..], &[("redirect_uri", here)]].concat()).await;
    let body = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", "http://127.0.0.1:50124/callback"),
        ("code_verifier", VERIFIER),
    ];
    assert_eq!(client.ask(&at, &body).await.status, 400, "the port is part of what is compared later");
}
