//! Signatures and the keys endpoint.

use super::*;

/// RFC 7515 appendix A.2.
pub(super) const RS256: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
const MODULUS: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";

async fn keys_server() -> Server {
    Server::start(|r| {
        Some(match r.path() {
            "/keys" => (200, json!({"keys":[{"kty":"RSA","kid":"k","n":MODULUS,"e":"AQAB"}]}).to_string()),
            _ => (404, String::new()),
        })
    })
    .await
}

#[tokio::test]
async fn a_signature_is_checked_by_the_keys_endpoint_which_is_asked_once() {
    let server = keys_server().await;
    let session = session(&vault(&[]));
    let mut plan = token_plan(&server.base);
    plan.profile.jwks_url = "{{base_url}}/keys".into();
    let cancel = CancellationToken::new();
    for _ in 0..2 {
        let decoded = inspect_token(&session, &plan, RS256, None, &cancel).await;
        assert!(matches!(decoded.signature, Signature::Verified { .. }), "{:?}", decoded.signature);
    }
    assert_eq!(server.count("/keys"), 1);
    plan.profile.jwks_url = "{{base_url}}/nothing".into();
    let decoded = inspect_token(&session, &plan, RS256, None, &cancel).await;
    assert!(matches!(&decoded.signature, Signature::Unverified { reason } if reason.contains("404")));
    plan.profile.jwks_url = String::new();
    let decoded = inspect_token(&session, &plan, RS256, None, &cancel).await;
    assert!(
        matches!(&decoded.signature, Signature::Unverified { reason } if reason.contains("jwks_url")),
        "{:?}",
        decoded.signature
    );
}

#[tokio::test]
async fn an_unknown_kid_asks_the_keys_endpoint_once_more_and_no_oftener() {
    let server = keys_server().await;
    let session = session(&vault(&[]));
    let mut plan = token_plan(&server.base);
    plan.profile.jwks_url = "{{base_url}}/keys".into();
    let cancel = CancellationToken::new();
    inspect_token(&session, &plan, RS256, None, &cancel).await;
    // {"alg":"RS256","kid":"new"}
    let token = RS256.replace("eyJhbGciOiJSUzI1NiJ9", "eyJhbGciOiJSUzI1NiIsImtpZCI6Im5ldyJ9");
    for _ in 0..3 {
        let decoded = inspect_token(&session, &plan, &token, None, &cancel).await;
        assert!(matches!(decoded.signature, Signature::Unverified { .. }), "{:?}", decoded.signature);
    }
    assert_eq!(server.count("/keys"), 2);
}
