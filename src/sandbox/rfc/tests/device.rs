//! The device grant.

use super::*;

async fn begin(at: &Sandbox) -> Json {
    ok(&post(
        at,
        "device_authorization",
        &[],
        &[("client_id", "rfc-public"), ("scope", "openid orders.read")],
    )
    .await)
}

async fn poll(at: &Sandbox, begun: &Json) -> Got {
    let params = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", "rfc-public"),
        ("device_code", text(begun, "device_code")),
    ];
    token(at, &params).await
}

async fn decide(at: &Sandbox, code: &str, password: &str, decision: &str) -> Got {
    let fields = [("user_code", code), ("username", "alice"), ("password", password), ("decision", decision)];
    post(at, "device", &[], &fields).await
}

/// As if the interval had gone by.
fn wait(at: &Sandbox) {
    at.shared.rfc.lock().devices.values_mut().for_each(|d| d.polled_ms = 0);
}

#[tokio::test]
async fn a_device_waits_for_its_code_to_be_typed_and_gets_its_tokens_once() {
    let at = sandbox(&[]).await;
    let begun = begin(&at).await;
    let code = text(&begun, "user_code");
    assert!(code.len() == 9 && code.as_bytes()[4] == b'-', "{code}");
    assert!(text(&begun, "verification_uri_complete").ends_with(&format!("?user_code={code}")));
    let page = get(&at, &format!("/rfc/device?user_code={code}"), &[]).await;
    assert!(page.text().contains(&format!("value=\"{code}\"")));
    assert_eq!(refusal(&poll(&at, &begun).await), (400, "authorization_pending".into()));
    wait(&at);
    assert_eq!(decide(&at, code, "guess", "allow").await.status, 403);
    assert_eq!(decide(&at, "XXXX-XXXX", "wonderland", "allow").await.status, 403);
    assert_eq!(refusal(&poll(&at, &begun).await).1, "authorization_pending");
    wait(&at);
    let typed = code.to_lowercase().replace('-', " ");
    assert_eq!(decide(&at, &typed, "wonderland", "allow").await.status, 200, "as people type it");
    let answer = ok(&poll(&at, &begun).await);
    assert_eq!(claims(text(&answer, "id_token"))["sub"], "alice");
    assert_eq!(refusal(&poll(&at, &begun).await).1, "expired_token");
    assert_eq!(decide(&at, code, "wonderland", "allow").await.status, 403, "the code is used up");
}

#[tokio::test]
async fn polling_too_often_slows_the_device_down_for_good() {
    let at = sandbox(&[]).await;
    let begun = begin(&at).await;
    assert_eq!(refusal(&poll(&at, &begun).await).1, "authorization_pending");
    assert_eq!(refusal(&poll(&at, &begun).await).1, "slow_down");
    let interval = || at.shared.rfc.lock().devices.values_mut().next().unwrap().interval_s;
    assert_eq!(interval(), begun["interval"].as_i64().unwrap() + 5);
    wait(&at);
    assert_eq!(refusal(&poll(&at, &begun).await).1, "authorization_pending");
    assert_eq!(interval(), begun["interval"].as_i64().unwrap() + 5);
}

#[tokio::test]
async fn a_refusal_an_expiry_and_another_client_end_it() {
    let at = sandbox(&[]).await;
    let begun = begin(&at).await;
    decide(&at, text(&begun, "user_code"), "wonderland", "deny").await;
    assert_eq!(refusal(&poll(&at, &begun).await), (400, "access_denied".into()));
    let begun = begin(&at).await;
    let params = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", text(&begun, "device_code")),
    ];
    assert_eq!(refusal(&basic_token(&at, &params).await).1, "invalid_grant");
    at.shared.rfc.lock().devices.values_mut().for_each(|d| d.ends = now() - 1);
    assert_eq!(decide(&at, text(&begun, "user_code"), "wonderland", "allow").await.status, 403);
    assert_eq!(refusal(&poll(&at, &begun).await), (400, "expired_token".into()));
}
