//! Every grant and client authentication over the wire.

use super::*;
use crate::jwt::sign::SigningKey;
use crate::model::profile::{Assertion, Exchange as Exchanged, Grant};

const URN: &str = "urn:ietf:params:oauth:grant-type:";

/// What arrives at the token endpoint for a changed profile.
async fn asked(change: impl FnOnce(&mut OauthProfile)) -> Arrived {
    let server = api().await;
    let session =
        session(&vault(&[("client_secret", "client-secret-that-is-long-enough"), ("pw", "pass word")]));
    let mut plan = token_plan(&server.base);
    plan.environment.variables.insert("pw".into(), Value::Secret(SecretRef::Vault));
    plan.layers[0].variables = plan.environment.variables.clone();
    change(&mut plan.profile);
    obtain_token(&session, &plan, false, &no_progress, &CancellationToken::new()).await.unwrap();
    server.arrived().remove(0)
}

fn claims(jwt: &str) -> serde_json::Map<String, serde_json::Value> {
    crate::jwt::decode(jwt, jiff::Timestamp::now()).claims.unwrap()
}

#[tokio::test]
async fn password_custom_and_exchange_send_their_fields() {
    let r = asked(|p| {
        p.grant = Grant::Password;
        p.username = "ann".into();
        p.password = "{{pw}}".into();
        p.scope = vec!["a".into(), "b".into()];
        p.audience = "aud".into();
        p.resource = vec!["https://r/1".into(), "https://r/2".into()];
    })
    .await;
    assert_eq!(
        r.body,
        "grant_type=password&username=ann&password=pass+word&scope=a+b&audience=aud&resource=https%3A%2F%2Fr%2F1&resource=https%3A%2F%2Fr%2F2"
    );
    let r = asked(|p| {
        p.grant = Grant::Custom;
        p.grant_type = "custom-bearer".into();
        p.extra_token.insert("userIdentifier".into(), "{{pw}}".into());
    })
    .await;
    assert_eq!(r.body, "grant_type=custom-bearer&userIdentifier=pass+word");
    let r = asked(|p| {
        p.grant = Grant::TokenExchange;
        p.exchange = Exchanged { subject_token: "{{pw}}".into(), ..Exchanged::default() };
    })
    .await;
    assert_eq!(r.field("grant_type"), Some(format!("{URN}token-exchange")));
    assert_eq!(
        r.field("subject_token_type").as_deref(),
        Some("urn:ietf:params:oauth:token-type:access_token")
    );
}

#[tokio::test]
async fn a_jwt_bearer_assertion_is_signed_with_its_own_claims_or_taken_as_given() {
    let r = asked(|p| {
        p.grant = Grant::JwtBearer;
        p.username = "ann".into();
        p.assertion.claims.insert("sid".into(), json!("{{pw}}"));
        p.assertion.claims.insert("n".into(), json!([1, {"x": "{{pw}}"}]));
        p.assertion.lifetime = 60;
    })
    .await;
    assert_eq!(r.field("grant_type"), Some(format!("{URN}jwt-bearer")));
    let claims = claims(&r.field("assertion").unwrap());
    assert_eq!((claims["iss"].as_str(), claims["sub"].as_str()), (Some("id"), Some("ann")));
    assert!(claims["aud"].as_str().unwrap().ends_with("/token"));
    assert_eq!((claims["sid"].as_str(), &claims["n"]), (Some("pass word"), &json!([1, {"x": "pass word"}])));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 60);
    let r = asked(|p| {
        p.grant = Grant::JwtBearer;
        p.assertion = Assertion { given: "ready.made.jwt".into(), ..Assertion::default() };
    })
    .await;
    assert_eq!(r.field("assertion").as_deref(), Some("ready.made.jwt"));
}

#[tokio::test]
async fn a_private_key_is_taken_as_text_or_as_a_file_of_the_workspace() {
    let key = SigningKey::generate("ES256").unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("client.jwk"), key.to_jwk().expose()).unwrap();
    for stated in ["client.jwk".to_owned(), key.to_jwk().expose().replace("{{", "{ {")] {
        let server = api().await;
        let session = session(&vault(&[]));
        let mut plan = token_plan(&server.base);
        plan.root = dir.path().to_owned();
        plan.profile.client_auth = ClientAuth::PrivateKeyJwt;
        plan.profile.key = stated.as_str().into();
        plan.profile.key_id = "k1".into();
        obtain_token(&session, &plan, false, &no_progress, &CancellationToken::new()).await.unwrap();
        let r = server.arrived().remove(0);
        let jwt = r.field("client_assertion").unwrap();
        let claims = claims(&jwt);
        assert_eq!((claims["iss"].as_str(), claims["sub"].as_str()), (Some("id"), Some("id")));
        assert_eq!(claims["aud"].as_str(), Some(format!("{}/token", server.base).as_str()));
        let jwks = json!({"keys": [key.public_jwk().unwrap()]}).to_string();
        let verdict = crate::jwt::verify(&jwt, &crate::jwt::Jwks::parse(&jwks).unwrap());
        assert!(matches!(verdict, Signature::Verified { .. }), "{verdict:?}");
        assert!(session.redactor().mask(&jwt).contains("•••"));
    }
}

#[tokio::test]
async fn what_a_grant_lacks_is_named_before_anything_is_sent() {
    for (grant, field) in [
        (Grant::Password, "username"),
        (Grant::Custom, "grant_type"),
        (Grant::Saml2Bearer, "given"),
        (Grant::TokenExchange, "subject_token"),
    ] {
        let server = api().await;
        let session = session(&vault(&[("client_secret", "secret")]));
        let mut plan = token_plan(&server.base);
        plan.profile.grant = grant;
        let got = obtain_token(&session, &plan, false, &no_progress, &CancellationToken::new()).await;
        let problem = got.unwrap_err().problem;
        assert!(problem.why.contains(&format!("`{field}`")), "{problem}");
        assert_eq!((problem.kind, server.arrived().len()), (ProblemKind::Unresolved, 0));
    }
}

#[tokio::test]
async fn a_public_client_is_not_asked_for_its_secret() {
    let server = api().await;
    let vault = vault(&[]);
    let session = session(&vault);
    let mut plan = token_plan(&server.base);
    plan.profile.client_auth = ClientAuth::None;
    obtain_token(&session, &plan, false, &no_progress, &CancellationToken::new()).await.unwrap();
    assert_eq!(vault.asked.load(Ordering::SeqCst), 0);
    assert_eq!(server.arrived()[0].body, "grant_type=client_credentials&client_id=id");
}

#[tokio::test]
async fn endpoints_are_found_from_the_issuer_which_is_asked_once() {
    let server = {
        let base = Arc::new(Mutex::new(String::new()));
        let own = Arc::clone(&base);
        let server = Server::start(move |r| {
            let base = own.lock().unwrap().clone();
            Some(match r.path() {
                "/.well-known/openid-configuration" => (404, "{}".into()),
                "/.well-known/oauth-authorization-server" => {
                    (200, json!({"issuer": base, "token_endpoint": format!("{base}/found")}).to_string())
                }
                _ => (200, r#"{"access_token":"t","expires_in":0}"#.into()),
            })
        })
        .await;
        server.base.clone_into(&mut base.lock().unwrap());
        server
    };
    let session = session(&vault(&[("client_secret", "secret")]));
    let mut plan = token_plan(&server.base);
    plan.profile.token_url = String::new();
    plan.profile.issuer = "{{base_url}}".into();
    for _ in 0..2 {
        obtain_token(&session, &plan, false, &no_progress, &CancellationToken::new()).await.unwrap();
    }
    assert_eq!((server.count("/found"), server.count("/.well-known/oauth-authorization-server")), (2, 1));
}

#[tokio::test]
async fn a_client_certificate_that_cannot_be_used_is_told_before_anything_is_sent() {
    let server = api().await;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("client.p12"), [0x30, 0x82, 1, 1, 2, 1, 3, 0xff]).unwrap();
    std::fs::write(
        dir.path().join("cert.pem"),
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    let session = session(&vault(&[("client_secret", "secret")]));
    let mut plan = plan(&server.base, get("{{base_url}}/x"));
    plan.root = dir.path().to_owned();
    plan.profiles[0].client_auth = ClientAuth::Tls;
    plan.profiles[0].certificate = "client.p12".into();
    let problem = send(&session, &plan).await.problem.unwrap();
    let file = dir.path().join("client.p12");
    let command = format!("openssl pkcs12 -in {0} -out {0}.pem -nodes", file.display());
    assert!(problem.kind == ProblemKind::File && problem.next.contains(&command), "{problem}");
    plan.profiles[0].certificate = Value::default();
    plan.environment.network.client_certificate = "cert.pem".into();
    let problem = send(&session, &plan).await.problem.unwrap();
    assert!(problem.next.contains("`client_certificate`"), "{problem}");
    plan.environment.network.client_certificate = "gone.pem".into();
    assert_eq!(send(&session, &plan).await.problem.unwrap().file, Some(dir.path().join("gone.pem")));
    assert!(server.arrived().is_empty());
}
