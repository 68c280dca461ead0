//! DPoP at the token endpoint and on every call, nonces included.

use super::*;
use crate::jwt::{Jwks, decode, verify};
use serde_json::Value as Json;

/// The claims of a proof, whose signature is right by the key in its own header.
fn proof(r: &Arrived) -> serde_json::Map<String, Json> {
    let jwt = r.header("dpop").unwrap();
    let decoded = decode(jwt, jiff::Timestamp::now());
    let header = decoded.header.unwrap();
    assert_eq!(header["typ"], "dpop+jwt");
    let keys = Jwks::parse(&json!({"keys": [header["jwk"]]}).to_string()).unwrap();
    assert!(matches!(verify(jwt, &keys), Signature::Verified { .. }));
    decoded.claims.unwrap()
}

/// Token endpoint and API, each of which takes only proofs with its own nonce.
async fn strict() -> Server {
    Server::speaking(|r| {
        let jwt = r.header("dpop").unwrap_or("");
        let claims = decode(jwt, jiff::Timestamp::now()).claims.unwrap_or_default();
        let (wanted, token) = if r.path() == "/token" { ("n-as", true) } else { ("n-api", false) };
        let header = format!("DPoP-Nonce: {wanted}\r\n");
        let right = claims.get("nonce").and_then(Json::as_str) == Some(wanted);
        Some(match (right, token) {
            (true, true) => {
                reply(200, "", r#"{"access_token":"bound-token","token_type":"DPoP","expires_in":600}"#)
            }
            (false, true) => reply(400, &header, r#"{"error":"use_dpop_nonce"}"#),
            (true, false) => reply(200, "", "{}"),
            (false, false) => {
                reply(401, &format!("{header}WWW-Authenticate: DPoP error=\"use_dpop_nonce\"\r\n"), "{}")
            }
        })
    })
    .await
}

fn bound(base: &str) -> Plan {
    let mut plan = plan(base, get("{{base_url}}/x?q=1"));
    plan.profiles[0].dpop = true;
    plan
}

#[tokio::test]
async fn proofs_go_to_the_token_endpoint_and_to_the_api_each_with_its_nonce() {
    let server = strict().await;
    let session = session(&vault(&[("client_secret", "secret")]));
    let sent = send(&session, &bound(&server.base)).await;
    assert_eq!((sent.problem.as_ref(), sent.exchange.as_ref().unwrap().status()), (None, Some(200)));
    let arrived = server.arrived();
    let paths: Vec<&str> = arrived.iter().map(Arrived::path).collect();
    assert_eq!(paths[..2], ["/token", "/token"], "one retry with the nonce");
    let (first, second) = (proof(&arrived[0]), proof(&arrived[1]));
    assert!(first.get("nonce").is_none() && second["nonce"] == "n-as");
    assert_ne!(first["jti"], second["jti"]);
    assert_eq!(second["htu"].as_str(), Some(format!("{}/token", server.base).as_str()));
    let call = arrived.last().unwrap();
    assert_eq!(call.header("authorization"), Some("DPoP bound-token"));
    let claims = proof(call);
    assert_eq!((claims["htm"].as_str(), claims["nonce"].as_str()), (Some("GET"), Some("n-api")));
    assert_eq!(claims["htu"].as_str(), Some(format!("{}/x", server.base).as_str()));
    assert!(claims["ath"].as_str().is_some_and(|ath| ath.len() == 43));
    assert_eq!(sent.retried.len(), 1);
    assert_eq!(sent.retried[0].0, RetryReason::DpopNonce);
    // The same origin here for both, so its last nonce is what comes next; again one retry at most.
    let again = send(&session, &bound(&server.base)).await;
    assert_eq!((again.exchange.unwrap().status(), again.retried.len()), (Some(200), 0));
    assert!(again.token.unwrap().dpop_key.is_some());
}

#[tokio::test]
async fn an_api_that_never_takes_the_nonce_it_gives_is_asked_twice_only() {
    let server = Server::speaking(|r| {
        Some(match r.path() {
            "/token" => reply(200, "", r#"{"access_token":"bound-token","token_type":"DPoP"}"#),
            _ => reply(401, "DPoP-Nonce: x\r\nWWW-Authenticate: DPoP error=\"use_dpop_nonce\"\r\n", "{}"),
        })
    })
    .await;
    let sent = send(&session(&vault(&[("client_secret", "secret")])), &bound(&server.base)).await;
    assert_eq!((sent.exchange.unwrap().status(), sent.retried.len()), (Some(401), 1));
    assert_eq!(server.arrived().len(), 3);
}

#[tokio::test]
async fn a_token_that_was_not_bound_after_all_goes_as_bearer_without_a_proof() {
    let server = api().await;
    let session = session(&vault(&[("client_secret", "secret")]));
    send(&session, &bound(&server.base)).await;
    let call = server.arrived().pop().unwrap();
    assert_eq!((call.header("authorization"), call.header("dpop")), (Some("Bearer tok-en-1"), None));
}
