//! Switches that stand for a finding, as they show at the generic server.

use super::*;

const MACHINE: (&str, &str) = ("grant_type", "client_credentials");

#[tokio::test]
async fn the_token_endpoint_refuses_as_its_fault_says() {
    for (fault, status, error) in [
        ("wrong-secret", 401, "invalid_client"),
        ("grant-not-allowed", 400, "unauthorized_client"),
        ("unsupported-grant", 400, "unsupported_grant_type"),
        ("invalid-scope", 400, "invalid_scope"),
        ("invalid-target", 400, "invalid_target"),
        ("dpop-nonce", 400, "use_dpop_nonce"),
    ] {
        let at = sandbox(&[fault]).await;
        assert_eq!(refusal(&basic_token(&at, &[MACHINE]).await), (status, error.into()), "{fault}");
    }
    const JWT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    for (fault, grant, words) in [
        ("code-refused", "authorization_code", "expired"),
        ("pkce-mismatch", "authorization_code", "code_challenge"),
        ("refresh-dead", "refresh_token", "expired"),
        ("user-refused", "password", "wrong"),
        ("assertion-audience", JWT, "aud"),
        ("assertion-expired", JWT, "expired"),
        ("assertion-replayed", JWT, "before"),
        ("assertion-key", JWT, "signature"),
        ("assertion-subject", JWT, "sub"),
    ] {
        let got = basic_token(&sandbox(&[fault]).await, &[("grant_type", grant)]).await;
        assert_eq!(refusal(&got), (400, "invalid_grant".into()), "{fault}");
        assert!(got.text().contains(words), "{fault}: {}", got.text());
        let healthy = basic_token(&sandbox(&[]).await, &[("grant_type", grant)]).await;
        assert_ne!(refusal(&healthy).1, "invalid_grant", "{fault}: so it is the fault that says it");
    }
    let at = sandbox(&["starting@token"]).await;
    assert_eq!(basic_token(&at, &[MACHINE]).await.status, 503, "what stands in front strikes here too");
}

#[tokio::test]
async fn the_api_refuses_as_its_fault_says() {
    for (fault, status, words) in [
        ("token-rejected", 401, "The access token is invalid"),
        ("insufficient-scope", 403, "scope=\"orders.read\""),
        ("step-up", 401, "acr_values="),
        ("metadata-challenge", 401, "resource_metadata="),
        ("expired-token", 401, "expired"),
        ("not-yet-valid", 401, "not valid yet"),
        ("foreign-issuer", 401, "issuer"),
        ("wrong-audience", 401, "aud"),
        ("rotated-key", 401, "key of the token is unknown"),
        ("bad-signature", 401, "signature"),
        ("revoked", 401, "revoked"),
        ("needs-dpop", 401, "DPoP key"),
        ("needs-mtls", 401, "client certificate"),
        ("clock-ahead", 401, "expired"),
    ] {
        let at = sandbox(&[fault]).await;
        let answer = ok(&basic_token(&at, &[MACHINE]).await);
        let got = call_api(&at, "orders", text(&answer, "access_token")).await;
        assert_eq!(got.status, status, "{fault}");
        assert!(got.header("www-authenticate").contains(words), "{fault}: {got:?}");
    }
}

#[tokio::test]
async fn proofs_devices_and_logins_fail_as_their_fault_says() {
    let at = sandbox(&["dpop-proof"]).await;
    let proof = Key::new().proof(&at, "POST", "/rfc/token", |_, _| {});
    let headers = [("Authorization", &*basic(&at, "rfc-basic")), ("DPoP", &*proof)];
    assert_eq!(refusal(&post(&at, "token", &headers, &[MACHINE]).await), (400, "invalid_dpop_proof".into()));
    assert_eq!(basic_token(&at, &[MACHINE]).await.status, 200, "without a proof there is nothing to refuse");

    for (fault, error) in [
        ("device-pending", "authorization_pending"),
        ("device-expired", "expired_token"),
        ("device-denied", "access_denied"),
    ] {
        let at = sandbox(&[fault]).await;
        let begun = ok(&post(&at, "device_authorization", &[], &[("client_id", "rfc-public")]).await);
        let fields = [
            ("user_code", text(&begun, "user_code")),
            ("username", "alice"),
            ("password", "wonderland"),
            ("decision", "allow"),
        ];
        assert_eq!(post(&at, "device", &[], &fields).await.status, 200);
        let params = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", "rfc-public"),
            ("device_code", text(&begun, "device_code")),
        ];
        assert_eq!(refusal(&token(&at, &params).await), (400, error.into()), "{fault}");
    }

    let at = sandbox(&["login-required"]).await;
    let back = returned(&authorize(&at, &query(&authorization(&[])), &[]).await);
    assert_eq!(back["error"], "login_required");
    let at = sandbox(&["rfc-foreign-iss"]).await;
    let back = log_in(&at, &query(&authorization(&[]))).await;
    assert_ne!(back["iss"], format!("{}/rfc", at.base_url()));
}
