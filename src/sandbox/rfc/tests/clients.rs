//! Every client authentication, right and wrong.

use super::*;
use crate::sandbox::rfc::client_auth::ASSERTION_TYPE;

async fn with_assertion(at: &Sandbox, assertion: &str) -> Got {
    let params = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", assertion),
    ];
    token(at, &params).await
}

#[tokio::test]
async fn basic_wants_the_secret_form_encoded_and_the_form_wants_it_as_it_is() {
    let at = sandbox(&[]).await;
    let grant = ("grant_type", "client_credentials");
    assert_eq!(basic_token(&at, &[grant]).await.status, 200);
    let raw = format!("Basic {}", STANDARD.encode(format!("rfc-basic:{}", secret(&at, "rfc-basic"))));
    let got = post(&at, "token", &[("Authorization", &raw)], &[grant]).await;
    assert_eq!(refusal(&got), (401, "invalid_client".into()));
    assert!(got.header("www-authenticate").starts_with("Basic "));
    let posted = secret(&at, "rfc-post");
    let right = [grant, ("client_id", "rfc-post"), ("client_secret", &*posted)];
    assert_eq!(token(&at, &right).await.status, 200);
    let wrong = [grant, ("client_id", "rfc-post"), ("client_secret", "guess")];
    let got = token(&at, &wrong).await;
    assert_eq!((refusal(&got), got.header("www-authenticate")), ((401, "invalid_client".into()), ""));
}

#[tokio::test]
async fn a_client_may_use_its_own_method_only_and_one_at_a_time() {
    let at = sandbox(&[]).await;
    let grant = ("grant_type", "client_credentials");
    let (own, posted) = (secret(&at, "rfc-basic"), secret(&at, "rfc-post"));
    let got = token(&at, &[grant, ("client_id", "rfc-basic"), ("client_secret", &own)]).await;
    assert_eq!(refusal(&got), (401, "invalid_client".into()));
    assert!(got.text().contains("client_secret_basic"), "it says what would be right");
    let header = basic(&at, "rfc-post");
    assert_eq!(
        refusal(&post(&at, "token", &[("Authorization", &header)], &[grant]).await).1,
        "invalid_client"
    );
    let both = [grant, ("client_id", "rfc-post"), ("client_secret", &*posted)];
    assert_eq!(refusal(&post(&at, "token", &[("Authorization", &header)], &both).await).1, "invalid_request");
    for id in ["rfc-basic", "rfc-key-jwt", "rfc-tls", "nobody"] {
        assert_eq!(refusal(&token(&at, &[grant, ("client_id", id)]).await).1, "invalid_client", "{id}");
    }
    let other = [grant, ("client_id", "rfc-post")];
    assert_eq!(refusal(&basic_token(&at, &other).await).1, "invalid_request", "two clients in one request");
}

#[tokio::test]
async fn assertions_are_taken_once_from_the_right_key_for_this_server_and_in_time() {
    let at = sandbox(&[]).await;
    let key = Key::registered(at.shared.rfc.key().unwrap());
    let head = json!({ "alg": "ES256", "typ": "JWT" });
    let good = key.sign(&head, &assertion(&at, "rfc-key-jwt"));
    assert_eq!(with_assertion(&at, &good).await.status, 200);
    assert_eq!(
        refusal(&with_assertion(&at, &good).await),
        (401, "invalid_client".into()),
        "the same jti again"
    );
    let own = secret(&at, "rfc-secret-jwt");
    assert_eq!(with_assertion(&at, &hs256(&own, &assertion(&at, "rfc-secret-jwt"))).await.status, 200);

    let changed = |change: &dyn Fn(&mut Json)| {
        let mut claims = assertion(&at, "rfc-key-jwt");
        change(&mut claims);
        key.sign(&head, &claims)
    };
    let token_endpoint = format!("{}/rfc/token", at.base_url());
    let by_endpoint = changed(&|c| c["aud"] = json!([token_endpoint]));
    assert_eq!(with_assertion(&at, &by_endpoint).await.status, 200);
    let mut wrong = vec![
        ("another audience", changed(&|c| c["aud"] = json!("https://elsewhere.example.test"))),
        ("expired", changed(&|c| c["exp"] = json!(now() - 120))),
        ("no exp", changed(&|c| c["exp"] = Json::Null)),
        ("far exp", changed(&|c| c["exp"] = json!(now() + 90_000))),
        ("future", changed(&|c| c["nbf"] = json!(now() + 600))),
        ("another subject", changed(&|c| c["sub"] = json!("alice"))),
        ("no jti", changed(&|c| c["jti"] = Json::Null)),
        ("another key", Key::new().sign(&head, &assertion(&at, "rfc-key-jwt"))),
        ("not signed", unsigned(&json!({ "alg": "none" }), &assertion(&at, "rfc-key-jwt")) + "."),
        ("a client without key", hs256("x", &assertion(&at, "rfc-public"))),
        ("garbage", "a.b.c".to_owned()),
    ];
    // The public key taken for an HMAC secret: the oldest trick (RFC 8725 section 2.1).
    wrong.push(("confusion", hs256(&key.jwk.to_string(), &assertion(&at, "rfc-key-jwt"))));
    for (what, assertion) in wrong {
        assert_eq!(refusal(&with_assertion(&at, &assertion).await), (401, "invalid_client".into()), "{what}");
    }
    let untyped = [("grant_type", "client_credentials"), ("client_assertion", &*by_endpoint)];
    assert_eq!(refusal(&token(&at, &untyped).await).1, "invalid_request");
}

#[tokio::test]
async fn the_password_grant_is_for_one_old_client_only() {
    let at = sandbox(&[]).await;
    let ask = async |client: &str, password: &str| {
        let params =
            [("grant_type", "password"), ("username", "alice"), ("password", password), ("scope", "openid")];
        post(&at, "token", &[("Authorization", &basic(&at, client))], &params).await
    };
    let got = ask("rfc-basic", "wonderland").await;
    assert_eq!(refusal(&got), (400, "unauthorized_client".into()));
    assert!(got.text().contains("RFC 9700"));
    assert_eq!(refusal(&ask("rfc-legacy", "guess").await), (400, "invalid_grant".into()));
    let answer = ok(&ask("rfc-legacy", "wonderland").await);
    assert_eq!(claims(text(&answer, "access_token"))["sub"], "alice");
    assert_eq!(claims(text(&answer, "id_token"))["aud"], "rfc-legacy");
}

#[tokio::test]
async fn a_bearer_assertion_speaks_for_a_user_with_or_without_client_authentication() {
    let at = sandbox(&[]).await;
    let key = Key::registered(at.shared.rfc.key().unwrap());
    let head = json!({ "alg": "ES256" });
    let bearer = |change: &dyn Fn(&mut Json)| {
        let mut claims = assertion(&at, "rfc-key-jwt");
        claims["sub"] = json!("bob");
        change(&mut claims);
        key.sign(&head, &claims)
    };
    let grant = ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let alone = bearer(&|_| {});
    let answer = ok(&token(&at, &[grant, ("assertion", &alone)]).await);
    let said = claims(text(&answer, "access_token"));
    assert_eq!((text(&said, "sub"), text(&said, "client_id")), ("bob", "rfc-key-jwt"));
    assert_eq!(refusal(&token(&at, &[grant, ("assertion", &alone)]).await).1, "invalid_grant", "used before");
    let answer = ok(&basic_token(&at, &[grant, ("assertion", &bearer(&|_| {}))]).await);
    assert_eq!(claims(text(&answer, "access_token"))["client_id"], "rfc-basic");
    for (what, assertion) in [
        ("nobody of that name", bearer(&|c| c["sub"] = json!("mallory"))),
        ("another audience", bearer(&|c| c["aud"] = json!("https://elsewhere.example.test"))),
        ("expired", bearer(&|c| c["exp"] = json!(now() - 120))),
        ("an issuer without key", bearer(&|c| c["iss"] = json!("rfc-basic"))),
        ("another key", Key::new().sign(&head, &assertion(&at, "rfc-key-jwt"))),
    ] {
        let got = basic_token(&at, &[grant, ("assertion", &assertion)]).await;
        assert_eq!(refusal(&got), (400, "invalid_grant".into()), "{what}");
    }
}
