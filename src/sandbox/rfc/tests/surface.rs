//! Metadata, keys, the API, what is asked about tokens.

use super::*;

#[tokio::test]
async fn both_kinds_of_metadata_say_the_same_and_name_endpoints_that_are_there() {
    let at = sandbox(&[]).await;
    let oidc = get(&at, "/rfc/.well-known/openid-configuration", &[]).await;
    let oauth = get(&at, "/.well-known/oauth-authorization-server/rfc", &[]).await;
    assert_eq!(oidc.header("x-hallpass-sandbox"), "rfc");
    let (oidc, oauth) = (ok(&oidc), ok(&oauth));
    assert_eq!(oidc, oauth);
    assert_eq!(oidc["issuer"], format!("{}/rfc", at.base_url()));
    for (name, url) in oidc.as_object().unwrap() {
        if !name.ends_with("_endpoint") && name != "jwks_uri" {
            continue;
        }
        let path = url.as_str().unwrap().strip_prefix(&at.base_url()).unwrap();
        let got = get(&at, path, &[]).await;
        assert_ne!(got.status, 404, "{name}");
    }
    assert!(oidc.get("mtls_endpoint_aliases").is_none(), "no port asks for certificates");
    assert_eq!(post(&at, ".well-known/openid-configuration", &[], &[]).await.status, 405);
}

#[tokio::test]
async fn the_api_names_its_metadata_and_that_names_the_issuer() {
    let at = sandbox(&[]).await;
    let got = get(&at, "/rfc/api/orders", &[]).await;
    assert_eq!(got.status, 401);
    let challenges: Vec<&str> =
        got.headers.iter().filter(|(n, _)| n == "www-authenticate").map(|(_, v)| v.as_str()).collect();
    assert!(challenges[0].starts_with("Bearer ") && challenges[1].starts_with("DPoP "), "{challenges:?}");
    assert!(!challenges[0].contains("error="), "no token came, so no error: {challenges:?}");
    let (_, url) = challenges[0].split_once("resource_metadata=\"").unwrap();
    let path = url.split_once('"').unwrap().0.strip_prefix(&at.base_url()).unwrap();
    let resource = ok(&get(&at, path, &[]).await);
    assert_eq!(resource["resource"], format!("{}/rfc/api", at.base_url()));
    assert_eq!(resource["authorization_servers"][0], format!("{}/rfc", at.base_url()));
    let pega = get(&at, "/.well-known/oauth-protected-resource", &[]).await;
    assert_eq!(pega.header("x-hallpass-sandbox"), "1", "the Pega part keeps its own");
}

#[tokio::test]
async fn an_access_token_is_as_rfc_9068_has_it_and_the_keys_endpoint_verifies_it() {
    let at = sandbox(&[]).await;
    let answer = ok(&basic_token(&at, &[("grant_type", "client_credentials")]).await);
    assert_eq!((text(&answer, "token_type"), text(&answer, "scope")), ("Bearer", "orders.read"));
    let token = text(&answer, "access_token");
    assert_eq!(header(token)["typ"], "at+jwt");
    let said = claims(token);
    let issuer = format!("{}/rfc", at.base_url());
    assert_eq!((text(&said, "iss"), text(&said, "sub")), (issuer.as_str(), "rfc-basic"));
    assert_eq!(said["aud"], format!("{issuer}/api"));
    for name in ["client_id", "exp", "iat", "jti", "scope"] {
        assert!(said.get(name).is_some(), "{name}");
    }
    let keys = crate::jwt::Jwks::parse(&get(&at, "/rfc/jwks", &[]).await.text()).unwrap();
    assert!(matches!(crate::jwt::verify(token, &keys), crate::jwt::Signature::Verified { .. }));
}

#[tokio::test]
async fn orders_are_listed_created_and_read_back_with_the_scopes_for_it() {
    let at = sandbox(&[]).await;
    let both = [("grant_type", "client_credentials"), ("scope", "orders.read orders.write")];
    let all = text(&ok(&basic_token(&at, &both).await), "access_token").to_owned();
    let bearer = format!("Bearer {all}");
    let create = async |bearer: &str, kind: &str, body: &str| {
        let headers = [("Authorization", bearer), ("Content-Type", kind)];
        send(&at, "POST", "/rfc/api/orders", &headers, body).await
    };
    let made = create(&bearer, "application/json", r#"{"item":"tea","quantity":3}"#).await;
    assert_eq!(made.status, 201);
    let path =
        made.header("location").strip_prefix(&format!("{}/rfc/api/", at.base_url())).unwrap().to_owned();
    let read = ok(&call_api(&at, &path, &all).await);
    assert_eq!((text(&read, "item"), text(&read, "by")), ("tea", "rfc-basic"));
    assert_eq!(ok(&call_api(&at, "orders", &all).await)["orders"].as_array().unwrap().len(), 1);
    assert_eq!(call_api(&at, "orders/99", &all).await.status, 404);
    for (kind, body, status) in [
        ("text/plain", "{}", 415),
        ("application/json", "{", 400),
        ("application/json", r#"{"item":"","quantity":1}"#, 422),
        ("application/json", r#"{"item":"x","quantity":0}"#, 422),
        ("application/json", "[]", 422),
    ] {
        assert_eq!(create(&bearer, kind, body).await.status, status, "{body}");
    }
    let narrow = ok(&basic_token(&at, &[("grant_type", "client_credentials")]).await);
    let got = create(&format!("Bearer {}", text(&narrow, "access_token")), "application/json", "{}").await;
    assert_eq!(got.status, 403);
    let challenge = got.header("www-authenticate");
    assert!(
        challenge.contains("insufficient_scope") && challenge.contains("scope=\"orders.write\""),
        "{challenge}"
    );
}

#[tokio::test]
async fn a_token_for_another_resource_is_not_taken_and_an_unknown_resource_is_no_target() {
    let at = sandbox(&[]).await;
    let reports = format!("{}/rfc/reports", at.base_url());
    let api = format!("{}/rfc/api", at.base_url());
    let grant = ("grant_type", "client_credentials");
    let answer = ok(&basic_token(&at, &[grant, ("resource", &reports)]).await);
    let got = call_api(&at, "orders", text(&answer, "access_token")).await;
    assert_eq!(got.status, 401);
    assert!(got.header("www-authenticate").contains("another resource"), "{got:?}");
    let answer = ok(&basic_token(&at, &[grant, ("resource", &reports), ("resource", &api)]).await);
    assert_eq!(claims(text(&answer, "access_token"))["aud"], json!([reports, api]));
    assert_eq!(call_api(&at, "orders", text(&answer, "access_token")).await.status, 200);
    let got = basic_token(&at, &[grant, ("resource", "https://elsewhere.example.test/")]).await;
    assert_eq!(refusal(&got), (400, "invalid_target".into()));
}

#[tokio::test]
async fn what_is_no_access_token_of_ours_is_refused_in_words() {
    let at = sandbox(&[]).await;
    let login = logged_in(&at, &[]).await;
    let (good, id) = (text(&login, "access_token"), text(&login, "id_token"));
    let (body, signature) = good.rsplit_once('.').unwrap();
    let none = unsigned(&json!({ "typ": "at+jwt", "alg": "none" }), &claims(good)) + ".";
    let other = format!("{}.{signature}", unsigned(&header(good), &json!({ "iss": "x" })));
    for (token, words) in [
        ("garbage", "not a JWT"),
        (id, "no access token"),
        (none.as_str(), "key of the token is unknown"),
        (other.as_str(), "signature"),
        (&format!("{body}."), "signature"),
    ] {
        let got = call_api(&at, "orders", token).await;
        assert_eq!(got.status, 401, "{token}");
        assert!(got.header("www-authenticate").contains(words), "{token}: {got:?}");
    }
    let twice = [("Authorization", "Bearer a"), ("Authorization", "Bearer b")];
    assert_eq!(get(&at, "/rfc/api/orders", &twice).await.status, 400);
    let query = get(&at, &format!("/rfc/api/orders?access_token={good}"), &[]).await;
    assert_eq!(query.status, 401, "tokens in the query are not read (RFC 9700 section 4.3.2)");
}

#[tokio::test]
async fn userinfo_says_what_the_scopes_allow() {
    let at = sandbox(&[]).await;
    let ask =
        async |token: &str| get(&at, "/rfc/userinfo", &[("Authorization", &format!("Bearer {token}"))]).await;
    let login = logged_in(&at, &[("scope", "openid email")]).await;
    let said = ok(&ask(text(&login, "access_token")).await);
    assert_eq!(said, json!({ "sub": "alice", "email": "alice@example.test", "email_verified": true }));
    let machine = ok(&basic_token(&at, &[("grant_type", "client_credentials")]).await);
    let got = ask(text(&machine, "access_token")).await;
    assert_eq!(got.status, 403);
    assert!(got.header("www-authenticate").contains("scope=\"openid\""));
}

#[tokio::test]
async fn a_revoked_token_is_inactive_and_refused_and_only_its_own_client_may_revoke_it() {
    let at = sandbox(&[]).await;
    let answer = ok(&basic_token(&at, &[("grant_type", "client_credentials")]).await);
    let token = text(&answer, "access_token");
    let header = basic(&at, "rfc-basic");
    let introspect =
        async || post(&at, "introspect", &[("Authorization", &header)], &[("token", token)]).await.json();
    let seen = introspect().await;
    assert_eq!((seen["active"].as_bool(), text(&seen, "client_id")), (Some(true), "rfc-basic"));
    let foreign = post(&at, "revoke", &[], &[("client_id", "rfc-public"), ("token", token)]).await;
    assert_eq!(refusal(&foreign), (400, "invalid_grant".into()));
    assert_eq!(introspect().await["active"], true);
    let revoke = async |token: &str| {
        post(&at, "revoke", &[("Authorization", &header)], &[("token", token)]).await.status
    };
    assert_eq!(revoke(token).await, 200);
    assert_eq!(introspect().await, json!({ "active": false }));
    let refused = call_api(&at, "orders", token).await;
    assert!(refused.header("www-authenticate").contains("revoked"), "{refused:?}");
    assert_eq!(revoke("unknown").await, 200, "RFC 7009 section 2.2");
    let public = post(&at, "introspect", &[], &[("client_id", "rfc-public"), ("token", token)]).await;
    assert_eq!(refusal(&public), (401, "invalid_client".into()));
}

#[tokio::test]
async fn malformed_token_requests_get_their_errors() {
    let at = sandbox(&[]).await;
    assert_eq!(refusal(&token(&at, &[("client_id", "rfc-public")]).await).1, "invalid_request");
    let unknown = token(&at, &[("client_id", "rfc-public"), ("grant_type", "magic")]).await;
    assert_eq!(refusal(&unknown), (400, "unsupported_grant_type".into()));
    let twice = [("client_id", "rfc-public"), ("grant_type", "password"), ("grant_type", "password")];
    assert_eq!(refusal(&token(&at, &twice).await).1, "invalid_request");
    let json = send(&at, "POST", "/rfc/token", &[("Content-Type", "application/json")], "{}").await;
    assert_eq!(refusal(&json), (400, "invalid_request".into()));
    let public = token(&at, &[("client_id", "rfc-public"), ("grant_type", "client_credentials")]).await;
    assert_eq!(refusal(&public), (400, "unauthorized_client".into()));
    for (scope, error) in [("orders.delete", "invalid_scope"), ("openid", "invalid_scope")] {
        let got = basic_token(&at, &[("grant_type", "client_credentials"), ("scope", scope)]).await;
        assert_eq!(refusal(&got), (400, error.into()), "{scope}");
    }
    assert_eq!(get(&at, "/rfc/token", &[]).await.status, 405);
    assert_eq!(get(&at, "/rfc/nothing", &[]).await.status, 404);
    assert!(get(&at, "/rfc", &[]).await.text().contains("not Pega"));
}
