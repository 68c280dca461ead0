//! What the diagnosis gets to see of a live call.

use super::*;
use crate::diagnose::Likelihood;

fn expired_jwt() -> String {
    use base64::Engine;
    let part =
        |json: serde_json::Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json.to_string());
    // A signature as long as one of RS256 is; a shorter one would be a finding of its own.
    let signature = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode([7u8; 256]);
    format!("{}.{}.{signature}", part(json!({"alg": "RS256"})), part(json!({"exp": 1000, "sub": "svc"})))
}

#[tokio::test]
async fn a_refused_call_is_explained_and_its_own_retry_is_no_mystery() {
    let server = Server::speaking(|r| {
        let refused =
            "WWW-Authenticate: Bearer error=\"invalid_token\"\r\nDate: Mon, 23 Nov 2026 12:00:00 GMT\r\n";
        Some(match r.path() {
            "/token" => {
                let body = json!({"access_token": expired_jwt(), "token_type": "bearer"}).to_string();
                reply(200, "", &body)
            }
            _ => reply(401, refused, "{}"),
        })
    })
    .await;
    let vault = vault(&[("client_secret", "s3cret-s3cret")]);
    let session = session(&vault);
    let sent = send(&session, &plan(&server.base, get("{{base_url}}/cases"))).await;
    let first = sent.diagnosis.first().expect("a finding");
    assert_eq!((first.code(), first.likelihood), ("token.expired", Likelihood::Certain));
    assert_eq!(sent.diagnosis.status, Some(401));
    let again = send(&session, &plan(&server.base, get("{{base_url}}/cases"))).await;
    assert_eq!(again.retried.len(), 1);
    assert_eq!(again.diagnosis.first().map(|f| f.code()), Some("token.expired"));
    assert!(!format!("{:?}", again.diagnosis).contains(&expired_jwt()));
}

#[tokio::test]
async fn a_good_answer_has_nothing_to_explain() {
    let server = api().await;
    let vault = vault(&[("client_secret", "s3cret-s3cret")]);
    let sent = send(&session(&vault), &plan(&server.base, get("{{base_url}}/x"))).await;
    assert_eq!(sent.diagnosis, crate::diagnose::Diagnosis::default());
}
