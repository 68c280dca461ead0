//! Each fault must change the answer in the way it is documented, and none may be left out.

use super::super::{faults, modifiers};
use super::*;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use std::sync::Arc;

/// Where a fault is looked for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum At {
    /// The token request.
    Token,
    /// `GET` case types with a token.
    List,
    /// `POST` a case.
    Create,
    /// `GET` the case just created.
    Read,
    /// `PATCH` its assignment with the etag it came with.
    Patch,
    /// A login page is asked for, with a `session_index` that is right.
    Login,
    /// A code is redeemed.
    Code,
    /// A refresh token is used.
    Refresh,
    /// The password grant.
    Password,
    /// The JWT bearer grant.
    Assertion,
}
use At::{Assertion, Code, Create, List, Login, Password, Patch, Read, Refresh, Token};

/// Fault, place, status, and a header (`name`) or the body (empty name) that must hold a text.
const TABLE: &[(&str, At, u16, &str, &str)] = &[
    ("proxy-407", Token, 407, "proxy-authenticate", "Basic"),
    ("captive-portal", Token, 511, "content-type", "text/html"),
    ("misdirected", List, 421, "", "Misdirected"),
    ("header-too-large", List, 431, "", "Cookie Too Large"),
    ("unavailable", Token, 502, "", "Bad Gateway"),
    ("starting", Token, 503, "retry-after", "20"),
    ("rate-limit", Token, 429, "retry-after", "30"),
    ("sso-redirect", Token, 302, "location", "://localhost:"),
    ("login-page", Token, 200, "", "type=\"password\""),
    ("html-401", List, 401, "", "type=\"password\""),
    ("cross-host-redirect", List, 307, "location", "://localhost:"),
    ("redirect-loop", List, 302, "location", "/prweb/api/application/v2/casetypes"),
    ("waf", List, 403, "cf-ray", "-FRA"),
    ("api-key", List, 401, "", "subscription key"),
    ("wrong-secret", Token, 401, "", "invalid_client"),
    ("basic-only", Token, 401, "www-authenticate", "Basic"),
    ("grant-not-allowed", Token, 400, "", "unauthorized_client"),
    ("unsupported-grant", Token, 400, "", "unsupported_grant_type"),
    ("invalid-scope", Token, 400, "", "invalid_scope"),
    ("invalid-target", Token, 400, "", "invalid_target"),
    ("hidden-error", Token, 200, "", "{\"errors\":[{\"ID\":\"invalid_request\""),
    ("wrong-endpoint", Token, 404, "content-type", "text/html"),
    ("dpop-nonce", Token, 400, "dpop-nonce", "eyJ"),
    ("operator-missing", Token, 401, "", "no operator is associated"),
    ("operator-disabled", Token, 401, "", "disabled"),
    ("operator-locked", Token, 401, "", "locked"),
    ("no-access-group", Token, 401, "", "access group"),
    ("operator-not-mapped", Assertion, 401, "", "No operator is associated with the token"),
    ("code-refused", Code, 400, "", "authorization code is invalid"),
    ("pkce-mismatch", Code, 400, "", "code verifier"),
    ("refresh-dead", Refresh, 401, "", "refresh token is expired"),
    ("user-refused", Password, 400, "", "password is not right"),
    ("no-identity-mapping", Password, 400, "", "No identity mapping"),
    ("assertion-audience", Assertion, 400, "", "audience of the assertion"),
    ("assertion-expired", Assertion, 400, "", "assertion has expired"),
    ("assertion-replayed", Assertion, 400, "", "jti was used before"),
    ("assertion-key", Assertion, 400, "", "no key registered"),
    ("assertion-subject", Assertion, 400, "", "subject of the assertion"),
    ("login-required", Login, 302, "location", "error=login_required"),
    ("stale-session", Login, 302, "location", "error=invalid_session_index"),
    ("redirect-uri", Login, 400, "", "not in the list of redirect URIs"),
    ("expired-token", List, 401, "www-authenticate", "expired"),
    ("not-yet-valid", List, 401, "www-authenticate", "not valid yet"),
    ("foreign-issuer", List, 401, "www-authenticate", "issuer"),
    ("wrong-audience", List, 401, "www-authenticate", "audience"),
    ("rotated-key", List, 401, "www-authenticate", "key of the access token is unknown"),
    ("bad-signature", List, 401, "www-authenticate", "signature"),
    ("revoked", List, 401, "www-authenticate", "revoked"),
    ("opaque-token", List, 401, "content-length", "0"),
    ("needs-dpop", List, 401, "www-authenticate", "DPoP algs="),
    ("needs-mtls", List, 401, "www-authenticate", "bound to a key"),
    ("clock-ahead", List, 401, "www-authenticate", "expired"),
    ("clock-behind", List, 401, "www-authenticate", "issued in the future"),
    ("alg-none", List, 401, "www-authenticate", "algorithm"),
    ("time-in-milliseconds", List, 401, "www-authenticate", "not in seconds"),
    ("token-type", List, 401, "www-authenticate", "MAC"),
    ("mtls-gateway", List, 400, "", "No required SSL certificate"),
    ("waf-f5", List, 403, "", "support ID"),
    ("aws-gateway", List, 403, "x-amzn-errortype", "MissingAuthenticationToken"),
    ("bare-401", List, 401, "www-authenticate", "Bearer realm"),
    ("token-rejected", List, 401, "www-authenticate", "error=\"invalid_token\""),
    ("empty-401", List, 401, "content-length", "0"),
    ("xml-401", List, 401, "content-type", "text/xml"),
    ("basic-package", List, 401, "warning", "299 127.0.0.1"),
    ("other-scheme", List, 401, "www-authenticate", "Negotiate"),
    ("insufficient-scope", List, 403, "www-authenticate", "scope=\"cases.read"),
    ("step-up", List, 401, "www-authenticate", "acr_values="),
    ("metadata-challenge", List, 401, "www-authenticate", "resource_metadata="),
    ("csrf", Create, 403, "x-csrf-token", "Required"),
    ("intermittent", Read, 401, "x-served-by", "node-2"),
    ("forbidden", List, 403, "", "Forbidden"),
    ("hidden", Read, 404, "", "Case not found"),
    ("alias-required", List, 403, "", "application of your default access group"),
    ("missing-privilege", List, 403, "", "privileges"),
    ("starting-fields", Create, 400, "", "AllowedStartingFields"),
    ("case-type", Create, 400, "", "Case type not found"),
    ("etag-stale", Patch, 409, "", "Conflict"),
    ("etag-missing", Patch, 412, "", "Precondition failed"),
    ("locked-case", Patch, 423, "", "locked by"),
];

/// These have tests of their own below, or beside the generic server.
const ELSEWHERE: &[&str] = &[
    "mtls",
    "tls-untrusted",
    "tls-name",
    "reset",
    "truncated",
    "slow",
    "never",
    "dpop-proof",
    "device-pending",
    "device-expired",
    "device-denied",
];

/// The calls of a login or of a grant other than client credentials.
async fn probe_grant(at: &Sandbox, place: At) -> Got {
    let client = Registered::whole(at, 1);
    let word = password(at, PERSON);
    let person = [("grant_type", "password"), ("username", PERSON), ("password", &word)];
    match place {
        Login => {
            let psync = [("grant_type", "client_credentials"), ("enable_psyncId", "true")];
            let index = client.ask(at, &psync).await.json()["session_index"].as_str().unwrap().to_owned();
            get(at, &client.authorize(&[("session_index", &index)]), "").await
        }
        Code => {
            let code = client.code(at, &[]).await;
            let body = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", CALLBACK)];
            client.ask(at, &body).await
        }
        Refresh => {
            let token = client.ask(at, &person).await.json()["refresh_token"].as_str().unwrap().to_owned();
            client.ask(at, &[("grant_type", "refresh_token"), ("refresh_token", &token)]).await
        }
        Assertion => {
            let issuer = super::assertions::Issuer::new();
            let assertion = issuer.sign(&super::assertions::claims(at));
            let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
            let client = issuer.client(at, serde_json::json!({}));
            client.ask(at, &[("grant_type", grant), ("assertion", &assertion)]).await
        }
        _ => client.ask(at, &person).await,
    }
}

async fn probe(at: &Sandbox, place: At) -> Got {
    if matches!(place, Login | Code | Refresh | Password | Assertion) {
        return probe_grant(at, place).await;
    }
    if place == Token {
        return ask_token(at).await;
    }
    let bearer = token(at).await;
    if place == List {
        return get(at, &format!("{V2}/casetypes"), &bearer).await;
    }
    let body = r#"{"caseTypeID":"Acme-Cases-Work-Request","content":{}}"#;
    let created = post(at, &format!("{V2}/cases"), &bearer, body).await;
    match place {
        Read => get(at, &format!("{V2}/cases/ACME-CASES-WORK%20APP-2005"), &bearer).await,
        Patch => {
            let path = format!(
                "{V2}/assignments/ASSIGN-WORKLIST%20ACME-CASES-WORK%20APP-2005!PYSTARTCASE/actions/Triage"
            );
            let headers = [("Authorization", bearer.as_str()), ("If-Match", created.header("etag"))];
            send(at, "PATCH", &path, &headers, "{}").await
        }
        _ => created,
    }
}

#[tokio::test]
async fn every_fault_changes_the_answer_as_documented() {
    for (fault, place, status, header, text) in TABLE {
        let at = sandbox(&[fault]).await;
        let got = probe(&at, *place).await;
        let found = if header.is_empty() { got.text() } else { got.header(header).to_owned() };
        assert_eq!(got.status, *status, "{fault}: {got:?}");
        assert!(found.contains(text), "{fault}: {found:?} has no {text:?}");
        // Proves that the fault is what did it.
        let healthy = probe(&sandbox(&[]).await, *place).await;
        let found = if header.is_empty() { healthy.text() } else { healthy.header(header).to_owned() };
        assert!(healthy.status < 300 && !found.contains(text), "{fault}: the healthy answer is the same");
    }
}

#[test]
fn no_fault_is_left_untested() {
    let mut tested: Vec<&str> = TABLE.iter().map(|row| row.0).chain(ELSEWHERE.iter().copied()).collect();
    let mut all: Vec<&str> = faults().iter().map(|f| f.name).collect();
    tested.sort_unstable();
    all.sort_unstable();
    assert_eq!(tested, all);
}

#[tokio::test]
async fn challenges_say_no_more_than_the_fault_wants() {
    for (fault, forbidden) in
        [("bare-401", "error="), ("metadata-challenge", "error="), ("basic-package", "Bearer")]
    {
        let got = probe(&sandbox(&[fault]).await, List).await;
        assert!(!got.header("www-authenticate").contains(forbidden), "{fault}");
    }
    for fault in ["empty-401", "xml-401", "opaque-token", "html-401"] {
        assert_eq!(probe(&sandbox(&[fault]).await, List).await.header("www-authenticate"), "", "{fault}");
    }
    let schemes = probe(&sandbox(&["other-scheme"]).await, List).await;
    assert_eq!(schemes.headers.iter().filter(|(n, _)| n == "www-authenticate").count(), 2);
}

#[tokio::test]
async fn the_tokens_of_token_faults_show_what_is_wrong_with_them() {
    let claims = async |fault: &str| {
        let bearer = token(&sandbox(&[fault]).await).await;
        super::super::tokens::claims(&bearer[7..]).unwrap()
    };
    let now = jiff::Timestamp::now().as_second();
    assert!(claims("expired-token").await["exp"].as_i64().unwrap() < now);
    assert!(claims("not-yet-valid").await["nbf"].as_i64().unwrap() > now + 3000);
    assert_eq!(claims("foreign-issuer").await["iss"], "https://pega-staging.example.test/prweb");
    assert_eq!(claims("wrong-audience").await["aud"], "https://billing-api.example.test");
    assert!(claims("needs-dpop").await["cnf"]["jkt"].is_string());
    assert!(claims("needs-mtls").await["cnf"]["x5t#S256"].is_string());
    let opaque = token(&sandbox(&["opaque-token"]).await).await;
    assert!(!opaque.contains('.'));

    let at = sandbox(&["rotated-key"]).await;
    let bearer = token(&at).await;
    let keys = get(&at, &format!("{TOKEN}/keys"), "").await.json();
    let header = jsonwebtoken::decode_header(&bearer[7..]).unwrap();
    assert_ne!(header.kid.as_deref(), keys["keys"][0]["kid"].as_str());
}

#[tokio::test]
async fn a_shifted_clock_moves_date_and_claims_together_and_tokens_still_work() {
    for (fault, hours) in [("server-behind", -2i64), ("server-ahead", 2)] {
        let at = sandbox(&[fault]).await;
        let got = ask_token(&at).await;
        let bearer = format!("Bearer {}", got.json()["access_token"].as_str().unwrap());
        let issued = super::super::tokens::claims(&bearer[7..]).unwrap()["iat"].as_i64().unwrap();
        let expected = jiff::Timestamp::now().as_second() + hours * 3600;
        assert!((issued - expected).abs() < 5, "{fault}: {issued} is not {expected}");
        let listed = get(&at, &format!("{V2}/casetypes"), &bearer).await;
        assert_eq!(listed.status, 200, "{fault}");
        for answer in [&got, &listed] {
            let date = jiff::fmt::rfc2822::parse(answer.header("date")).unwrap().timestamp().as_second();
            assert!((date - expected).abs() < 5, "{fault}: {}", answer.header("date"));
        }
    }
    // One node only: the token endpoint is right, the DX API is not.
    let at = sandbox(&["clock-ahead"]).await;
    let right = ask_token(&at).await;
    let wrong = probe(&at, List).await;
    let date = |got: &Got| jiff::fmt::rfc2822::parse(got.header("date")).unwrap().timestamp().as_second();
    assert!((date(&wrong) - date(&right) - 7200).abs() < 5);
}

#[tokio::test]
async fn connections_are_reset_cut_short_slow_or_left_waiting() {
    let path = format!("{V2}/casetypes");
    let at = sandbox(&["reset"]).await;
    let bearer = token(&at).await;
    let headers = [("Authorization", bearer.as_str())];
    let failed = try_send(at.address, "GET", &path, &headers, "").await.unwrap_err();
    assert_eq!(failed.kind(), std::io::ErrorKind::ConnectionReset, "{failed}");

    let at = sandbox(&["truncated"]).await;
    let got = get(&at, &path, &token(&at).await).await;
    assert!(got.status == 200 && !got.whole && !got.body.is_empty(), "{got:?}");

    let at = sandbox(&["slow"]).await;
    let bearer = token(&at).await;
    let begun = std::time::Instant::now();
    assert_eq!(get(&at, &path, &bearer).await.status, 200);
    assert!(begun.elapsed() >= Duration::from_millis(60));

    let at = sandbox(&["never@token"]).await;
    let asked = tokio::time::timeout(Duration::from_millis(40), ask_token(&at)).await;
    assert!(asked.is_err(), "no answer comes");
}

#[tokio::test]
async fn the_other_host_of_a_redirect_wants_the_credentials_again() {
    let at = sandbox(&["cross-host-redirect"]).await;
    let bearer = token(&at).await;
    let path = format!("{V2}/casetypes");
    let there = send(&at, "GET", &path, &[("Host", "localhost:1")], "").await;
    assert_eq!((there.status, there.header("www-authenticate")), (401, "Bearer realm=\"prweb\""));
    let kept = [("Host", "localhost:1"), ("Authorization", bearer.as_str())];
    assert_eq!(send(&at, "GET", &path, &kept, "").await.status, 200);
}

#[tokio::test]
async fn the_alias_fault_lets_the_alias_path_through_and_every_second_call_is_refused_by_turns() {
    let at = sandbox(&["alias-required"]).await;
    let bearer = token(&at).await;
    assert_eq!(get(&at, "/prweb/app/acme-cases/api/application/v2/casetypes", &bearer).await.status, 200);
    let at = sandbox(&["intermittent"]).await;
    let bearer = token(&at).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(get(&at, &format!("{V2}/casetypes"), &bearer).await.status);
    }
    assert_eq!(seen, [200, 401, 200, 401]);
    let at = sandbox(&["csrf"]).await;
    assert_eq!(probe(&at, List).await.status, 200, "reading is allowed");
}

#[tokio::test]
async fn faults_combine_and_modifiers_leave_the_server_healthy() {
    let at = sandbox(&["wrong-secret", "pega-legacy-errors"]).await;
    let got = ask_token(&at).await;
    assert_eq!((got.status, got.json()["errors"][0]["ID"].as_str()), (401, Some("invalid_client")));
    for modifier in modifiers() {
        let at = sandbox(&[modifier.name]).await;
        assert_eq!(probe(&at, List).await.status, 200, "{}", modifier.name);
    }
    let at = sandbox(&["no-challenge"]).await;
    let got = send(&at, "GET", &format!("{V2}/casetypes"), &[], "").await;
    assert_eq!((got.status, got.header("www-authenticate")), (401, ""));
    let at = sandbox(&["legacy-token"]).await;
    assert!(!token(&at).await.contains('.'));
    let at = sandbox(&["gzip"]).await;
    let got = send(&at, "GET", "/sandbox/echo", &[("Accept-Encoding", "gzip, br")], "").await;
    assert_eq!(got.header("content-encoding"), "gzip");
    assert_eq!(&got.body[..2], &[0x1f, 0x8b]);
}

#[tokio::test]
async fn switches_can_be_turned_while_it_runs_except_those_of_tls() {
    let at = sandbox(&["token-rejected"]).await;
    let bearer = token(&at).await;
    let path = format!("{V2}/casetypes");
    assert_eq!(get(&at, &path, &bearer).await.status, 401);
    let turned = send(&at, "PUT", "/sandbox/faults", &[], r#"{"on":["waf","starting@token"]}"#).await;
    assert_eq!(turned.json()["on"], serde_json::json!(["starting@token", "waf"]));
    assert_eq!(get(&at, &path, &bearer).await.status, 403);
    for wrong in [r#"{"on":["wafx"]}"#, r#"{"on":["mtls"]}"#, "[]"] {
        assert_eq!(send(&at, "PUT", "/sandbox/faults", &[], wrong).await.status, 400, "{wrong}");
    }
    at.set_faults(&[]).unwrap();
    assert_eq!(get(&at, &path, &bearer).await.status, 200);
}

/// One request over the https port, trusting `authority` and showing `identity`.
async fn https(at: &Sandbox, authority: Option<String>, identity: Option<String>) -> Result<String, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    if let Some(pem) = &authority {
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    }
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match identity {
        Some(pem) => {
            let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
            let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap();
            builder.with_client_auth_cert(vec![certificate], key).unwrap()
        }
        None => builder.with_no_client_auth(),
    };
    let stream = TcpStream::connect(at.tls_address.unwrap()).await.unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut stream = connector.connect(name, stream).await.map_err(|e| format!("{e:?}"))?;
    stream.write_all(raw("GET", "/prweb/", &[], "").as_bytes()).await.map_err(|e| format!("{e:?}"))?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.map_err(|e| format!("{e:?}"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[tokio::test]
async fn the_tls_faults_break_the_handshake_each_in_its_way_and_the_file_names_the_https_port() {
    let at = sandbox(&["tls"]).await;
    assert!(at.credentials().contains(&format!("https://{}/prweb", at.tls_address.unwrap())));
    assert_eq!(at.public_url(), format!("https://{}", at.tls_address.unwrap()));
    assert!(https(&at, at.authority_pem(), None).await.unwrap().starts_with("HTTP/1.1 200"));

    let at = sandbox(&["tls-untrusted"]).await;
    assert!(at.authority_pem().is_none());
    assert!(https(&at, None, None).await.unwrap_err().contains("UnknownIssuer"));

    let at = sandbox(&["tls-name"]).await;
    assert!(https(&at, at.authority_pem(), None).await.unwrap_err().contains("NotValidForName"));

    let at = sandbox(&["mtls"]).await;
    let refused = https(&at, at.authority_pem(), None).await.unwrap_err();
    assert!(refused.contains("CertificateRequired"), "{refused}");
    let passed = https(&at, at.authority_pem(), at.client_identity_pem()).await.unwrap();
    assert!(passed.starts_with("HTTP/1.1 200"));
    let pem = get(&at, "/sandbox/ca.pem", "").await.text();
    assert_eq!(Some(pem), at.authority_pem());
    assert!(sandbox(&[]).await.tls_address.is_none());
}
