//! The healthy server, and what it says to requests that are wrong by themselves.

use super::*;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

const REQUEST: &str = r#"{"caseTypeID":"Acme-Cases-Work-Request","content":{}}"#;
const KEY: &str = "ACME-CASES-WORK%20APP-2005";

#[tokio::test]
async fn without_faults_a_token_a_case_and_its_verification_go_through() {
    let at = sandbox(&[]).await;
    let bearer = token(&at).await;
    for base in [V2, "/prweb/app/acme-cases/api/application/v2"] {
        assert_eq!(get(&at, &format!("{base}/casetypes"), &bearer).await.status, 200);
    }
    let created = post(&at, &format!("{V2}/cases"), &bearer, REQUEST).await;
    assert_eq!(created.status, 201);
    assert_eq!(created.header("location"), format!("{V2}/cases/{KEY}"));
    let json = created.json();
    assert_eq!(json["ID"], "ACME-CASES-WORK APP-2005");
    assert_eq!(json["data"]["caseInfo"]["businessID"], "APP-2005");
    assert_eq!(json["data"]["caseInfo"]["createdBy"], "svc.cases@acme");
    assert_eq!(json["data"]["caseInfo"]["urgency"], "10", "numbers are strings in v2");
    let href = json["nextAssignmentInfo"]["links"]["open"]["href"].as_str().unwrap();
    assert!(href.contains("ACME-CASES-WORK APP-2005!"), "spaces stay raw: {href}");

    let read = get(&at, &format!("{V2}/cases/{KEY}"), &bearer).await;
    assert_eq!(read.status, 200);
    assert_eq!(read.header("etag"), created.header("etag"));
    assert!(read.header("etag").starts_with('"') && read.header("etag").ends_with(" GMT\""));
    assert_eq!(
        get(&at, &format!("{V2}/cases/APP-2005"), &bearer).await.status,
        404,
        "the full key is needed"
    );
}

#[tokio::test]
async fn the_same_story_holds_in_v1() {
    let at = sandbox(&[]).await;
    let bearer = token(&at).await;
    let types = get(&at, &format!("{V1}/casetypes"), &bearer).await.json();
    assert_eq!(types["caseTypes"][2]["CanCreate"], "false");
    let created = post(&at, &format!("{V1}/cases"), &bearer, REQUEST).await;
    assert_eq!((created.status, created.json()["ID"].as_str()), (201, Some("ACME-CASES-WORK APP-2005")));
    assert_eq!(created.header("location"), format!("{V1}/cases/{KEY}"));
    let path = format!("{V1}/cases/{KEY}");
    let etag = get(&at, &path, &bearer).await.header("etag").to_owned();
    let change = async |etag: Option<&str>| {
        let mut headers = vec![("Authorization", bearer.as_str())];
        headers.extend(etag.map(|e| ("If-Match", e)));
        send(&at, "PUT", &path, &headers, r#"{"content":{"Note":"x"}}"#).await
    };
    assert_eq!(change(None).await.json()["errors"][0]["ID"], "Pega_API_020");
    let changed = change(Some(&etag)).await;
    assert_eq!(changed.status, 204);
    assert_ne!(changed.header("etag"), etag);
    let stale = change(Some(&etag)).await;
    assert_eq!((stale.status, stale.json()["errors"][0]["ID"].as_str()), (412, Some("Pega_API_021")));
    assert_eq!(change(Some(etag.trim_matches('"'))).await.status, 412, "byte for byte, quotes too");
    assert_eq!(get(&at, &path, &bearer).await.json()["content"]["Note"], "x");
}

#[tokio::test]
async fn a_token_is_a_jws_that_the_keys_endpoint_verifies() {
    let at = sandbox(&[]).await;
    let got = ask_token(&at).await;
    let json = got.json();
    assert_eq!((json["token_type"].as_str(), json["expires_in"].as_i64()), (Some("bearer"), Some(3600)));
    assert!(json.get("session_index").is_none());
    assert_eq!(got.header("cache-control"), "no-store");
    let token = json["access_token"].as_str().unwrap();
    assert!(token.starts_with("eyJraWQiOi"), "the header begins with kid, as Pega's do");

    let keys = get(&at, &format!("{TOKEN}/keys"), "").await.json();
    let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(keys["keys"][0].clone()).unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap();
    let mut rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    let (id, _) = client_of(&at.credentials());
    rules.set_audience(&[format!("urn:{id}")]);
    rules.set_issuer(&[format!("{}/prweb", at.base_url())]);
    let decoded = jsonwebtoken::decode::<Json>(token, &key, &rules).unwrap();
    assert_eq!(decoded.claims["sub"], "svc.cases@acme");
    assert_eq!(decoded.header.kid.as_deref(), keys["keys"][0]["kid"].as_str());
}

#[tokio::test]
async fn the_client_is_taken_from_a_basic_header_encoded_or_not_or_from_the_body_but_not_from_both() {
    let at = sandbox(&[]).await;
    let (id, secret) = client_of(&at.credentials());
    let ask = async |headers: &[(&str, &str)], body: &str| send(&at, "POST", TOKEN, headers, body).await;
    let basic = |text: String| format!("Basic {}", STANDARD.encode(text));
    let encoded: String = secret.bytes().map(|b| format!("%{b:02X}")).collect();
    for pair in [format!("{id}:{secret}"), format!("{id}:{encoded}")] {
        let headers = [("Content-Type", FORM), ("Authorization", &basic(pair))];
        assert_eq!(ask(&headers, "grant_type=client_credentials&enable_psyncId=true").await.status, 200);
    }
    let right = basic(format!("{id}:{secret}"));
    let both = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let got = ask(&[("Content-Type", FORM), ("Authorization", &right)], &both).await;
    assert_eq!((got.status, got.json()["error"].as_str()), (400, Some("invalid_request")));
    let wrong = basic(format!("{id}:nonsense"));
    let got =
        ask(&[("Content-Type", FORM), ("Authorization", &wrong)], "grant_type=client_credentials").await;
    assert_eq!((got.status, got.json()["error"].as_str()), (401, Some("invalid_client")));
    assert!(got.header("www-authenticate").starts_with("Basic"));
    let got = ask(&[("Content-Type", FORM)], "grant_type=client_credentials&enable_psyncId=true").await;
    assert_eq!((got.status, got.header("www-authenticate")), (401, ""));
}

#[tokio::test]
async fn malformed_token_requests_get_their_errors_in_either_dialect() {
    let rfc = sandbox(&[]).await;
    let pega = sandbox(&["pega-legacy-errors"]).await;
    let json_body = r#"{"grant_type":"client_credentials"}"#;
    let got = send(&rfc, "POST", TOKEN, &[("Content-Type", "application/json")], json_body).await;
    assert_eq!((got.status, got.json()["error"].as_str()), (400, Some("invalid_request")));
    let got = send(&pega, "POST", TOKEN, &[("Content-Type", "application/json")], json_body).await;
    let ids: Vec<Json> = got.json()["errors"].as_array().unwrap().iter().map(|e| e["ID"].clone()).collect();
    assert_eq!((got.status, ids), (400, vec!["invalid_request".into(), "unsupported_grant_type".into()]));
    assert_eq!(send(&rfc, "GET", TOKEN, &[], "").await.header("allow"), "POST");
    let (id, secret) = client_of(&rfc.credentials());
    let body = format!("grant_type=password&client_id={id}&client_secret={secret}");
    let got = send(&rfc, "POST", TOKEN, &[("Content-Type", FORM)], &body).await;
    assert_eq!((got.status, got.json()["error"].as_str()), (400, Some("unauthorized_client")));
    let twice = "grant_type=client_credentials&grant_type=password";
    assert_eq!(send(&rfc, "POST", TOKEN, &[("Content-Type", FORM)], twice).await.status, 400);
}

#[tokio::test]
async fn the_dx_api_refuses_missing_malformed_foreign_and_revoked_tokens() {
    let at = sandbox(&[]).await;
    let other = sandbox(&[]).await;
    let path = format!("{V2}/casetypes");
    let none = send(&at, "GET", &path, &[], "").await;
    assert_eq!((none.status, none.header("www-authenticate")), (401, "Bearer realm=\"prweb\""));
    let foreign = get(&at, &path, &token(&other).await).await;
    assert!(foreign.header("www-authenticate").contains("issuer"), "{foreign:?}");
    let malformed = get(&at, &path, "Bearer x.y.z").await;
    assert!(malformed.header("www-authenticate").contains("error=\"invalid_token\""));
    let lower = token(&at).await.replace("Bearer ", "bearer ");
    assert_eq!(get(&at, &path, &lower).await.status, 200, "the scheme is case-insensitive");
    let two = send(&at, "GET", &path, &[("Authorization", &lower), ("Authorization", &lower)], "").await;
    assert_eq!(two.status, 400);

    let (id, secret) = client_of(&at.credentials());
    let body = format!("client_id={id}&client_secret={secret}&token={}", &lower[7..]);
    let introspect = format!("{TOKEN}/introspect");
    let seen = send(&at, "POST", &introspect, &[("Content-Type", FORM)], &body).await.json();
    assert_eq!((seen["active"].as_bool(), seen["sub"].as_str()), (Some(true), Some("svc.cases@acme")));
    let revoke = TOKEN.replace("/token", "/revoke");
    assert_eq!(send(&at, "POST", &revoke, &[("Content-Type", FORM)], &body).await.status, 200);
    assert!(get(&at, &path, &lower).await.header("www-authenticate").contains("revoked"));
    let seen = send(&at, "POST", &introspect, &[("Content-Type", FORM)], &body).await.json();
    assert_eq!(seen["active"], false);
}

#[tokio::test]
async fn regenerating_a_secret_in_the_dev_studio_revokes_the_tokens_and_reopens_the_download() {
    let at = sandbox(&[]).await;
    let desk = "/sandbox/dev-studio";
    let body = r#"{"name":"<Night> \"run\"","operator":"admin@acme"}"#;
    let made = post(&at, &format!("{desk}/clients"), "", body).await;
    assert_eq!(made.status, 201);
    let id = made.json()["client_id"].as_str().unwrap().to_owned();
    let file = format!("{desk}/clients/{id}/credentials");
    let first = get(&at, &file, "").await;
    assert_eq!((first.status, client_of(&first.text()).0), (200, id.clone()));
    assert_eq!(get(&at, &file, "").await.status, 410);
    let page = get(&at, desk, "").await.text();
    assert!(page.contains("&lt;Night&gt;") && !page.contains("<Night>"));

    let (_, secret) = client_of(&first.text());
    let grant = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let got = send(&at, "POST", TOKEN, &[("Content-Type", FORM)], &grant).await;
    let bearer = format!("Bearer {}", got.json()["access_token"].as_str().unwrap());
    let deny = "/prweb/api/oauth2/v1/token/denylist";
    assert_eq!(get(&at, deny, &bearer).await.status, 200, "an administrator may");
    let dcr = "/prweb/api/oauthclients/v1/client";
    assert_eq!(post(&at, dcr, &bearer, r#"{"client_name":"x"}"#).await.status, 400);
    assert_eq!(post(&at, dcr, &bearer, r#"{"use_idp_session_expiry":false}"#).await.status, 201);
    assert_eq!(get(&at, deny, &token(&at).await).await.status, 403, "a service operator may not");

    let again = post(&at, &format!("{desk}/clients/{id}/regenerate-secret"), "", "").await;
    assert_eq!(again.status, 200);
    assert!(
        get(&at, &format!("{V2}/casetypes"), &bearer).await.header("www-authenticate").contains("revoked")
    );
    assert_eq!(send(&at, "POST", TOKEN, &[("Content-Type", FORM)], &grant).await.status, 401);
    assert_eq!(get(&at, &file, "").await.status, 200);
}

#[tokio::test]
async fn the_sandboxs_own_paths_answer_only_to_this_machine() {
    let at = sandbox(&[]).await;
    for headers in
        [[("Host", "evil.example.test")], [("Origin", "https://evil.example.test")], [("Origin", "null")]]
    {
        for path in ["/sandbox/dev-studio", "/sandbox/echo"] {
            assert_eq!(send(&at, "GET", path, &headers, "").await.status, 403, "{headers:?} {path}");
        }
    }
    assert_eq!(send(&at, "GET", "/sandbox/dev-studio", &[("Host", "localhost:5")], "").await.status, 200);
}

#[tokio::test]
async fn operators_who_cannot_work_get_no_token_and_those_without_the_role_get_403() {
    let at = sandbox(&[]).await;
    for (operator, expected) in
        [("old.batch@acme", 401), ("new.joiner@acme", 401), ("x", 401), ("guest@acme", 200)]
    {
        let body = format!(r#"{{"name":"x","operator":"{operator}"}}"#);
        let made = post(&at, "/sandbox/dev-studio/clients", "", &body).await.json();
        let (id, secret) = client_of(made["credentials"].as_str().unwrap());
        let grant = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let got = send(&at, "POST", TOKEN, &[("Content-Type", FORM)], &grant).await;
        assert_eq!(got.status, expected, "{operator}");
        if got.status == 200 {
            let bearer = format!("Bearer {}", got.json()["access_token"].as_str().unwrap());
            let refused = get(&at, &format!("{V2}/casetypes"), &bearer).await;
            assert_eq!(
                (refused.status, refused.json()["errorClassification"].as_str()),
                (403, Some("Insufficient security"))
            );
        }
    }
}

#[tokio::test]
async fn bad_case_requests_get_the_errors_of_their_generation() {
    let at = sandbox(&[]).await;
    let bearer = token(&at).await;
    let fields = r#"{"caseTypeID":"Acme-Cases-Work-Inspection","content":{"Site":"A","Colour":"red"}}"#;
    for (body, v2_key, v1_id) in [
        ("{}", "Error_Missing_Parameter", "Pega_API_004"),
        (r#"{"caseTypeID":"acme-cases-work-request"}"#, "Error_Case_Type_Not_Found", "Pega_API_008"),
        (fields, "Error_Field_Not_Allowed", "Pega_API_055"),
        ("{", "Error_Invalid_JSON", "Pega_API_001"),
    ] {
        let got = post(&at, &format!("{V2}/cases"), &bearer, body).await;
        assert_eq!((got.status, got.json()["errorDetails"][0]["message"].as_str()), (400, Some(v2_key)));
        let got = post(&at, &format!("{V1}/cases"), &bearer, body).await;
        assert_eq!((got.status, got.json()["errors"][0]["ID"].as_str()), (400, Some(v1_id)));
    }
    let number = r#"{"caseTypeID":"Acme-Cases-Work-Request","content":{"Priority":"high"}}"#;
    let got = post(&at, &format!("{V2}/cases"), &bearer, number).await;
    let text = got.json()["errorDetails"][0]["localizedValue"].clone();
    assert_eq!((got.status, text.as_str()), (422, Some("high is not a valid integer value")));
    let got = post(&at, &format!("{V1}/cases"), &bearer, number).await;
    assert_eq!((got.status, got.json()["errors"][0]["ID"].as_str()), (400, Some("Pega_API_055")));
    assert_eq!(
        get(&at, &format!("{V1}/cases/NO%20X-1"), &bearer).await.json()["errors"][0]["ID"],
        "Pega_API_011"
    );
    assert_eq!(get(&at, &format!("{V2}/nothing"), &bearer).await.status, 404);
    assert_eq!(
        send(&at, "DELETE", &format!("{V2}/casetypes"), &[("Authorization", &bearer)], "").await.status,
        405
    );
}

#[tokio::test]
async fn an_assignment_is_worked_with_the_right_etag_until_the_case_is_resolved() {
    let at = sandbox(&[]).await;
    let bearer = token(&at).await;
    let created = post(&at, &format!("{V2}/cases"), &bearer, REQUEST).await;
    let id = "ASSIGN-WORKLIST%20ACME-CASES-WORK%20APP-2005!PYSTARTCASE";
    let patch = async |action: &str, etag: &str| {
        let headers = [("Authorization", bearer.as_str()), ("If-Match", etag)];
        send(
            &at,
            "PATCH",
            &format!("{V2}/assignments/{id}/actions/{action}"),
            &headers,
            r#"{"content":{"Note":"n"}}"#,
        )
        .await
    };
    assert_eq!(get(&at, &format!("{V2}/assignments/{id}/actions/Triage"), &bearer).await.status, 200);
    let first = patch("Triage", created.header("etag")).await;
    assert_eq!(first.json()["data"]["caseInfo"]["status"], "Pending-Review");
    assert_eq!(patch("Review", created.header("etag")).await.status, 409, "the etag has changed");
    let last = patch("Review", first.header("etag")).await.json();
    assert_eq!(last["data"]["caseInfo"]["status"], "Resolved-Completed");
    assert!(last["confirmationNote"].is_string() && last.get("nextAssignmentInfo").is_none());
    assert_eq!(
        get(&at, &format!("{V2}/assignments/{id}"), &bearer).await.status,
        404,
        "nothing is left to do"
    );
    let view = r#"{"query":{"select":[{"field":"pyID"},{"field":"Note"}]}}"#;
    let rows = post(&at, &format!("{V2}/data_views/D_RequestList"), &bearer, view).await.json();
    assert_eq!(rows["data"], serde_json::json!([{ "pyID": "APP-2005", "Note": "n" }]));
}

#[tokio::test]
async fn head_echo_pages_and_bodies_of_any_size_work() {
    let at = sandbox(&[]).await;
    let head = send(&at, "HEAD", "/sandbox/bytes?n=500000&kind=binary", &[], "").await;
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, "500000", 0));
    let made = get(&at, "/sandbox/bytes?n=500000", "").await;
    assert!(made.whole && made.json()["rows"].is_array());
    let echo =
        send(&at, "PATCH", "/sandbox/echo?a=b%20c", &[("Authorization", "Bearer s3cr3t")], r#"{"x":1}"#)
            .await;
    assert_eq!((echo.json()["method"].as_str(), echo.json()["json"]["x"].as_i64()), (Some("PATCH"), Some(1)));
    assert!(!echo.text().contains("s3cr3t"));
    for (path, status, word) in [
        ("/prweb/", 200, "not Pega"),
        ("/prweb/PRAuth/pega", 200, "type=\"password\""),
        ("/prweb/api/nothing", 404, "not_found"),
        ("/elsewhere", 404, "404 Not Found"),
        ("/prweb/PRRestService/oauth2/v1/authorize?client_id=1", 400, "No client registration"),
    ] {
        let got = get(&at, path, "").await;
        assert_eq!((got.status, got.text().contains(word)), (status, true), "{path}");
        assert_eq!(got.header("x-hallpass-sandbox"), "1");
    }
}

#[tokio::test]
async fn a_body_over_ten_megabytes_is_refused() {
    let at = sandbox(&[]).await;
    let mut stream = TcpStream::connect(at.address).await.unwrap();
    let head = "POST /sandbox/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10485761\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut start = [0; 12];
    let (mut reading, mut writing) = stream.into_split();
    let writer = tokio::spawn(async move { writing.write_all(&vec![b'x'; 10 * 1024 * 1024 + 1]).await });
    reading.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 413");
    let _ = writer.await;
}

#[tokio::test]
async fn it_refuses_a_taken_port_and_stops_with_open_connections() {
    let at = sandbox(&["never"]).await;
    let taken = Sandbox::start(SandboxOptions { port: at.address.port(), faults: vec![] }).await;
    assert!(taken.err().unwrap().next.contains("another port"));
    let mut open = TcpStream::connect(at.address).await.unwrap();
    let path = format!("{V2}/casetypes");
    open.write_all(raw("GET", &path, &[], "").as_bytes()).await.unwrap();
    let address = at.address;
    tokio::time::timeout(Duration::from_secs(2), at.shutdown()).await.expect("it stops in time");
    let mut rest = Vec::new();
    let _ = open.read_to_end(&mut rest).await;
    assert!(rest.is_empty(), "the connection ends without an answer");
    assert!(TcpStream::connect(address).await.is_err());

    let dropped = sandbox(&[]).await;
    let address = dropped.address;
    drop(dropped);
    for _ in 0..200 {
        if TcpStream::connect(address).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("a dropped sandbox still listens");
}

#[tokio::test]
async fn a_registered_client_gets_tokens_and_jwt_segments_are_base64url() {
    let at = sandbox(&[]).await;
    let (id, secret) = client_of(&at.register_client("another"));
    let body =
        format!("grant_type=client_credentials&client_id={id}&client_secret={secret}&enable_psyncId=true");
    let got = send(&at, "POST", TOKEN, &[("Content-Type", FORM)], &body).await.json();
    assert!(got["session_index"].is_string());
    let token = got["access_token"].as_str().unwrap();
    assert!(token.split('.').all(|part| URL_SAFE_NO_PAD.decode(part).is_ok()));
}
