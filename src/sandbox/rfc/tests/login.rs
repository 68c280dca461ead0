//! The authorization code grant, from the log-in page to the tokens; pushed and signed requests.

use super::*;

#[tokio::test]
async fn a_login_by_plain_forms_brings_tokens_that_say_who_and_how() {
    let at = sandbox(&[]).await;
    let mut back = log_in(&at, &query(&authorization(&[]))).await;
    assert_eq!((back["state"].as_str(), &back["iss"]), ("xyz", &format!("{}/rfc", at.base_url())));
    let answer = ok(&redeem(&at, &back.remove("code").unwrap(), &[]).await);
    let id = claims(text(&answer, "id_token"));
    assert_eq!((text(&id, "sub"), text(&id, "nonce"), text(&id, "aud")), ("alice", "n-1", "rfc-public"));
    assert_eq!(text(&id, "acr"), "urn:hallpass:acr:password");
    let digest =
        aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text(&answer, "access_token").as_bytes());
    assert_eq!(text(&id, "at_hash"), URL_SAFE_NO_PAD.encode(&digest.as_ref()[..16]));
    assert!(answer["refresh_token"].is_string(), "offline_access was asked for");
    assert_eq!(call_api(&at, "orders", text(&answer, "access_token")).await.status, 200);
}

#[tokio::test]
async fn a_code_is_good_once_for_its_client_redirect_uri_and_verifier() {
    let at = sandbox(&[]).await;
    let url = query(&authorization(&[]));
    let code = log_in(&at, &url).await.remove("code").unwrap();
    let with = async |change: (&str, &str)| {
        let mut params = vec![
            ("grant_type", "authorization_code"),
            ("client_id", "rfc-public"),
            ("code", code.as_str()),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ];
        params.retain(|(n, _)| *n != change.0);
        params.push(change);
        token(&at, &params).await
    };
    let other = "a".repeat(43);
    for change in [
        ("code_verifier", other.as_str()),
        ("code_verifier", "short"),
        ("redirect_uri", "http://127.0.0.1:1/callback"),
        ("code", "guess"),
    ] {
        assert_eq!(refusal(&with(change).await), (400, "invalid_grant".into()), "{change:?}");
    }
    assert_eq!(refusal(&with(("code_verifier", "")).await), (400, "invalid_request".into()));
    let stolen = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    assert_eq!(refusal(&basic_token(&at, &stolen).await).1, "invalid_grant", "another client");

    let answer = ok(&redeem(&at, &code, &[]).await);
    let (access, refresh) = (text(&answer, "access_token"), text(&answer, "refresh_token"));
    assert_eq!(call_api(&at, "orders", access).await.status, 200);
    assert_eq!(refusal(&redeem(&at, &code, &[]).await), (400, "invalid_grant".into()));
    assert_eq!(call_api(&at, "orders", access).await.status, 401, "a replayed code ends what it brought");
    let renew = [("grant_type", "refresh_token"), ("client_id", "rfc-public"), ("refresh_token", refresh)];
    assert_eq!(refusal(&token(&at, &renew).await).1, "invalid_grant");
}

#[tokio::test]
async fn what_cannot_go_back_safely_is_told_on_a_page() {
    let at = sandbox(&[]).await;
    for more in [
        ("client_id", "nobody"),
        ("client_id", "-"),
        ("redirect_uri", "-"),
        ("redirect_uri", "https://evil.example.test/callback"),
        ("redirect_uri", "http://127.0.0.1:1/callback/../other"),
        ("redirect_uri", "http://127.0.0.1:1/callback?x=1"),
        ("redirect_uri", "http://127.0.0.1@evil.example.test/callback"),
        ("redirect_uri", "javascript:alert(1)"),
        ("request_uri", "https://evil.example.test/request"),
        ("request", "garbage"),
    ] {
        let got = authorize(&at, &query(&authorization(&[more])), &[]).await;
        assert_eq!((got.status, got.header("location")), (400, ""), "{more:?}");
        assert_eq!(got.header("x-frame-options"), "DENY");
    }
    let path = format!("/rfc/authorize?{}", query(&authorization(&[])));
    for strange in [("Host", "evil.example.test"), ("Origin", "https://evil.example.test")] {
        let got = send(&at, "GET", &path, &[strange], "").await;
        assert_eq!(got.status, 403, "{strange:?}");
    }
    let own = at.base_url();
    assert_eq!(send(&at, "GET", &path, &[("Origin", &own)], "").await.status, 200);
}

#[tokio::test]
async fn other_errors_go_back_with_state_and_issuer() {
    let at = sandbox(&[]).await;
    for (more, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", "-"), "invalid_request"),
        (("response_mode", "fragment"), "invalid_request"),
        (("code_challenge", "-"), "invalid_request"),
        (("code_challenge", "short"), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("scope", "orders.delete"), "invalid_scope"),
        (("resource", "https://elsewhere.example.test"), "invalid_target"),
        (("max_age", "soon"), "invalid_request"),
        (("prompt", "none login"), "invalid_request"),
        (("prompt", "none"), "login_required"),
    ] {
        let back = returned(&authorize(&at, &query(&authorization(&[more])), &[]).await);
        assert_eq!((back["error"].as_str(), back["state"].as_str()), (error, "xyz"), "{more:?}");
        assert_eq!(back["iss"], format!("{}/rfc", at.base_url()));
    }
    let twice = query(&authorization(&[])) + "&scope=openid";
    assert_eq!(returned(&authorize(&at, &twice, &[]).await)["error"], "invalid_request");
    let twice = query(&authorization(&[])) + "&state=abc";
    assert!(!returned(&authorize(&at, &twice, &[]).await).contains_key("state"), "neither state is echoed");
}

#[tokio::test]
async fn a_wrong_password_and_a_refusal_are_what_they_are() {
    let at = sandbox(&[]).await;
    let page = authorize(&at, &query(&authorization(&[("login_hint", "\"><script>")])), &[]).await;
    assert!(!page.text().contains("<script>"), "what came in is escaped");
    let ticket_of = ticket(&page);
    let wrong =
        post(&at, "login", &[], &[("ticket", &*ticket_of), ("username", "alice"), ("password", "x")]).await;
    assert!(wrong.status == 403 && wrong.text().contains("wrong"), "{wrong:?}");
    let early = post(&at, "consent", &[], &[("ticket", &*ticket_of), ("decision", "allow")]).await;
    assert_eq!((early.status, early.header("location")), (400, ""), "nobody logged in");

    let page = authorize(&at, &query(&authorization(&[])), &[]).await;
    let right = [("ticket", &*ticket(&page)), ("username", "bob"), ("password", "builder")];
    let page = post(&at, "login", &[], &right).await;
    let done = post(&at, "consent", &[], &[("ticket", &*ticket(&page)), ("decision", "deny")]).await;
    assert_eq!(returned(&done)["error"], "access_denied");
    let again = post(&at, "consent", &[], &[("ticket", &*ticket(&page)), ("decision", "allow")]).await;
    assert_eq!(again.status, 400, "a ticket is good once");
}

#[tokio::test]
async fn a_session_spares_the_second_login_unless_a_fresh_one_is_asked_for() {
    let at = sandbox(&[]).await;
    let url = query(&authorization(&[]));
    let page = authorize(&at, &url, &[]).await;
    let fields = [("ticket", &*ticket(&page)), ("username", "alice"), ("password", "wonderland")];
    let page = post(&at, "login", &[], &fields).await;
    let set = page.header("set-cookie").to_owned();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax"), "{set}");
    let cookie = [("Cookie", set.split(';').next().unwrap())];
    let silent = query(&authorization(&[("prompt", "none")]));
    assert_eq!(returned(&authorize(&at, &silent, &cookie).await)["error"], "consent_required");
    post(&at, "consent", &cookie, &[("ticket", &*ticket(&page)), ("decision", "allow")]).await;
    assert!(returned(&authorize(&at, &silent, &cookie).await).contains_key("code"));
    assert!(returned(&authorize(&at, &url, &cookie).await).contains_key("code"));
    for more in [("prompt", "login"), ("max_age", "0"), ("acr_values", "urn:hallpass:acr:mfa")] {
        if more.0 == "max_age" {
            tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        }
        let page = authorize(&at, &query(&authorization(&[more])), &cookie).await;
        assert!(page.text().contains("type=\"password\""), "{more:?}");
    }
    let page = authorize(&at, &query(&authorization(&[("prompt", "consent")])), &cookie).await;
    assert!(page.text().contains("id=\"consent\""));
}

#[tokio::test]
async fn a_pushed_request_is_used_once_by_its_client_and_some_clients_must_push() {
    let at = sandbox(&[]).await;
    let own = authorization(&[("client_id", "rfc-par")]);
    let plain = returned(&authorize(&at, &query(&own), &[]).await);
    assert_eq!(plain["error"], "invalid_request", "it must push");
    let auth = basic(&at, "rfc-par");
    let push = async |params: &[(String, String)]| {
        let rows: Vec<(&str, &str)> = params.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        post(&at, "par", &[("Authorization", &auth)], &rows).await
    };
    let got = push(&own).await;
    assert_eq!(got.status, 201, "{}", got.text());
    let answer = got.json();
    let uri = text(&answer, "request_uri");
    assert!(answer["expires_in"].as_i64().unwrap() > 0);
    let short = form(&[("client_id", "rfc-par"), ("request_uri", uri)]);
    let foreign =
        form(&[("client_id", "rfc-public"), ("request_uri", text(&push(&own).await.json(), "request_uri"))]);
    assert_eq!(authorize(&at, &foreign, &[]).await.status, 400);
    let code = log_in(&at, &short).await.remove("code").unwrap();
    assert_eq!(authorize(&at, &short, &[]).await.status, 400, "used before");
    let params = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    assert_eq!(post(&at, "token", &[("Authorization", &auth)], &params).await.status, 200);

    assert_eq!(
        refusal(&push(&authorization(&[("client_id", "rfc-par"), ("scope", "x")])).await).1,
        "invalid_scope"
    );
    let nested = authorization(&[("client_id", "rfc-par"), ("request_uri", "urn:x")]);
    assert_eq!(refusal(&push(&nested).await).1, "invalid_request");
    assert_eq!(refusal(&post(&at, "par", &[], &[("client_id", "rfc-par")]).await).1, "invalid_client");
}

#[tokio::test]
async fn a_signed_request_counts_alone_and_only_with_the_registered_key() {
    let at = sandbox(&[]).await;
    let key = Key::registered(at.shared.rfc.key().unwrap());
    let mut object: Map<String, Json> =
        authorization(&[("client_id", "rfc-key-jwt"), ("scope", "orders.read")])
            .into_iter()
            .map(|(n, v)| (n, json!(v)))
            .collect();
    object.insert("iss".into(), json!("rfc-key-jwt"));
    object.insert("aud".into(), json!(at.shared.rfc.issuer()));
    object.insert("exp".into(), json!(now() + 60));
    let head = json!({ "alg": "ES256", "typ": "oauth-authz-req+jwt" });
    let signed = key.sign(&head, &Json::Object(object.clone()));
    // The scope beside the object does not count.
    let url = form(&[("client_id", "rfc-key-jwt"), ("scope", "openid"), ("request", &signed)]);
    let page = authorize(&at, &url, &[]).await;
    let page = post(
        &at,
        "login",
        &[],
        &[("ticket", &*ticket(&page)), ("username", "alice"), ("password", "wonderland")],
    )
    .await;
    assert!(page.text().contains("orders.read") && !page.text().contains("<code>openid"), "{}", page.text());

    let mut wrong = vec![("another key", Key::new().sign(&head, &Json::Object(object.clone())))];
    for (what, name, value) in [
        ("expired", "exp", json!(now() - 120)),
        ("another audience", "aud", json!("https://elsewhere.example.test")),
        ("another client", "client_id", json!("rfc-public")),
        ("nested", "request_uri", json!("urn:x")),
    ] {
        let mut object = object.clone();
        object.insert(name.into(), value);
        wrong.push((what, key.sign(&head, &Json::Object(object))));
    }
    wrong.push(("not signed", unsigned(&json!({ "alg": "none" }), &Json::Object(object)) + "."));
    for (what, request) in wrong {
        let got = authorize(&at, &form(&[("client_id", "rfc-key-jwt"), ("request", &request)]), &[]).await;
        assert!(got.status == 400 && got.text().contains("invalid_request_object"), "{what}: {}", got.text());
    }
}
