use super::*;
use crate::jwt::{Decoded, Signature, TokenKind, Warning};
use crate::model::check::CheckResult;
use crate::model::exchange::{
    BodyData, Exchange, Failure, FailureKind, Header, Redirect, Response, SentRequest, SpooledFile, TlsFacts,
};
use crate::model::plan::Plan;
use crate::model::problem::ProblemKind;
use crate::model::request::Request;
use crate::model::secret::Secret;
use crate::model::timing::Timings;
use crate::model::token::{Token, TokenKey};
use bytes::Bytes;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SECRET: &str = "s3cret-value";

fn redactor() -> Redactor {
    let redactor = Redactor::new();
    redactor.learn(SECRET);
    redactor
}

fn exchange(body: BodyData) -> Exchange {
    Exchange {
        response: Some(Response {
            status: 201,
            reason: Some("Created".into()),
            http_version: "HTTP/1.1".into(),
            headers: vec![Header::new("Set-Cookie", "sid=abcdef; Path=/"), Header::new("ETag", "\"1\"")],
            body,
            wire_size: 7,
            incomplete: None,
        }),
        redirects: vec![Redirect {
            status: 302,
            from: "https://a/?code=c1&view=v#f".into(),
            to: "https://h/".into(),
            dropped: vec!["authorization".into()],
            method_changed: false,
        }],
        timings: Timings {
            wait: Some(Duration::from_micros(1500)),
            total: Some(Duration::from_millis(2)),
            ..Timings::default()
        },
        reused: true,
        ..Exchange::new(
            SentRequest {
                method: "POST".into(),
                url: format!("https://me:pw@h/x?k={SECRET}"),
                http_version: Some("HTTP/1.1".into()),
                headers: vec![Header::sensitive("Authorization", "Bearer abc"), Header::new("X", SECRET)],
                body: Bytes::from(format!("a={SECRET}")),
            },
            Timestamp::UNIX_EPOCH,
        )
    }
}

fn sent_with(body: BodyData) -> Sent {
    let check = CheckResult { name: "c".into(), ok: true, expected: json!(201), got: json!({ "a": SECRET }) };
    Sent {
        exchange: Some(Arc::new(exchange(body))),
        checks: vec![check],
        captures: vec![("token".into(), SECRET.into())],
        ..Sent::default()
    }
}

fn text_body(text: &str) -> BodyData {
    BodyData::Memory(Bytes::copy_from_slice(text.as_bytes()))
}

#[test]
fn a_send_has_the_shape_of_the_contract_with_every_key() {
    let out = sent(&sent_with(text_body("{\"a\":1}")), &redactor(), Masking::Masked);
    assert_eq!(out["request"]["method"], "POST");
    assert_eq!(out["request"]["http_version"], "HTTP/1.1");
    let response = &out["response"];
    assert_eq!((&response["status"], &response["reason"]), (&json!(201), &json!("Created")));
    assert_eq!(response["body"], "{\"a\":1}");
    assert_eq!(response["size"], json!({ "wire": 7, "decoded": 7 }));
    assert_eq!(
        response["redirects"],
        json!([{ "status": 302, "from": "https://a/?code=•••&view=v#f", "to": "https://h/", "dropped": ["authorization"] }])
    );
    assert_eq!(
        response["timings_ms"],
        json!({ "dns": null, "connect": null, "tls": null, "wait": 1.5, "download": null, "total": 2.0 })
    );
    assert!(response["tls"].is_null());
    assert_eq!(out["checks"][0]["expected"], 201);
    assert_eq!(out["findings"], json!([]));
    assert!(out.get("error").is_none());
}

#[test]
fn what_was_sent_again_is_told_with_its_reason_and_its_refusal() {
    let mut twice = sent_with(text_body("{}"));
    assert_eq!(sent(&twice, &redactor(), Masking::Masked)["retried"], json!([]));
    let refused =
        Exchange { response: twice.exchange.as_ref().unwrap().response.clone(), ..exchange(text_body("no")) };
    twice.retried = vec![(crate::flow::RetryReason::InvalidToken, Arc::new(refused))];
    let told = &sent(&twice, &redactor(), Masking::Masked)["retried"][0];
    assert_eq!((&told["reason"], &told["response"]["status"]), (&json!("invalid_token"), &json!(201)));
    assert!(!told.to_string().contains(SECRET));
}

#[test]
fn no_secret_is_left_in_a_masked_report_and_all_are_in_a_clear_one() {
    let sent_ = sent_with(text_body(&format!("{{\"t\":\"{SECRET}\"}}")));
    let out = sent(&sent_, &redactor(), Masking::Masked);
    let text = out.to_string();
    for hidden in [SECRET, "abc\"", "abcdef", "me:pw"] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
    assert_eq!(out["request"]["url"], "https://•••@h/x?k=•••");
    assert_eq!(out["request"]["headers"][0]["value"], "Bearer •••");
    assert_eq!(out["response"]["headers"][0]["value"], "sid=•••; Path=/");
    assert_eq!(out["captures"], json!({ "token": "•••" }));
    let clear = sent(&sent_, &redactor(), Masking::Clear);
    assert_eq!(clear["request"]["headers"][0]["value"], "Bearer abc");
    assert_eq!(clear["request"]["body"], format!("a={SECRET}"));
    assert_eq!(clear["captures"]["token"], SECRET);
}

#[test]
fn a_body_that_is_no_text_is_base64_and_a_stated_charset_is_decoded() {
    let out =
        sent(&sent_with(BodyData::Memory(Bytes::from_static(&[0xff, 0x00]))), &redactor(), Masking::Masked);
    assert_eq!((&out["response"]["body"], &out["response"]["body_base64"]), (&Json::Null, &json!("/wA=")));
    let mut latin = exchange(BodyData::Memory(Bytes::from_static(b"\xe9")));
    latin
        .response
        .as_mut()
        .unwrap()
        .headers
        .push(Header::new("Content-Type", "text/plain; charset=ISO-8859-1"));
    let out =
        sent(&Sent { exchange: Some(Arc::new(latin)), ..Sent::default() }, &redactor(), Masking::Masked);
    assert_eq!(out["response"]["body"], "é");
}

#[test]
fn a_body_in_a_file_is_reported_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("body");
    std::fs::write(&path, "whole").unwrap();
    let body = BodyData::Spooled(Arc::new(SpooledFile { path, len: 5 }));
    assert_eq!(sent(&sent_with(body), &redactor(), Masking::Masked)["response"]["body"], "whole");
}

#[test]
fn without_an_answer_everything_unknown_is_null_and_the_error_is_there() {
    let mut failed = exchange(BodyData::Empty);
    failed.response = None;
    failed.failure = Some(Failure { kind: FailureKind::Dns, text: "t".into() });
    failed.tls = Some(TlsFacts { version: Some("TLSv1.3".into()), ..TlsFacts::default() });
    let problem = Problem::new(ProblemKind::Network, "GET h failed", "no such host", "check it");
    let both = [
        Sent { exchange: Some(Arc::new(failed)), problem: Some(problem.clone()), ..Sent::default() },
        Sent { problem: Some(problem), ..Sent::default() },
    ];
    for one in both {
        let out = sent(&one, &redactor(), Masking::Masked);
        for key in ["status", "reason", "http_version", "body"] {
            assert!(out["response"].as_object().unwrap()[key].is_null(), "{key}");
        }
        assert_eq!(out["response"]["size"], json!({ "wire": null, "decoded": null }));
        assert_eq!(out["response"]["timings_ms"].as_object().unwrap().len(), 6);
        assert_eq!(
            out["error"],
            json!({ "kind": "network", "what": "GET h failed", "why": "no such host", "next": "check it", "file": null, "line": null, "column": null })
        );
    }
}

#[test]
fn a_dry_run_shows_the_request_and_nothing_of_an_answer() {
    let out = crate::http::Outgoing {
        method: "PUT".into(),
        url: "https://h/".into(),
        headers: vec![Header::sensitive("Authorization", "Bearer abc")],
        body: Bytes::from_static(b"x"),
        body_sensitive: false,
        url_sensitive: false,
        timeout: Duration::ZERO,
        redirects: 0,
        http_version: None,
        body_memory: 0,
        body_limit: 0,
        per_hop: None,
    };
    let nothing = crate::http::Outgoing { body: Bytes::new(), ..out.clone() };
    assert!(outgoing(&nothing, &redactor(), Masking::Masked)["request"]["body"].is_null());
    let out = outgoing(&out, &redactor(), Masking::Masked);
    assert_eq!(out["request"]["headers"], json!([{ "name": "Authorization", "value": "Bearer •••" }]));
    assert_eq!((&out["request"]["body"], &out["response"]["status"]), (&json!("x"), &Json::Null));
}

#[test]
fn a_short_secret_in_a_form_is_masked_by_its_fields_name() {
    let mut one = exchange(BodyData::Empty);
    one.request.headers.push(Header::new("content-type", "application/x-www-form-urlencoded"));
    one.request.body = Bytes::from_static(b"grant_type=password&username=me&password=x&scope=");
    let out = sent(&Sent { exchange: Some(Arc::new(one)), ..Sent::default() }, &redactor(), Masking::Masked);
    assert_eq!(out["request"]["body"], "grant_type=password&username=me&password=•••&scope=");
}

#[test]
fn a_problem_names_its_place() {
    let p = Problem::new(ProblemKind::File, "a", "b", "c").in_file("x/y.toml").at(3, 4);
    assert_eq!(super::problem(&p)["file"], "x/y.toml");
    assert_eq!((&super::problem(&p)["line"], &super::problem(&p)["column"]), (&json!(3), &json!(4)));
}

/// `{"alg":"none"}` and `{"sub":"op"}`.
const UNSIGNED: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJvcCJ9.";

fn a_token(text: &str, life: Option<u64>) -> Token {
    Token {
        key: TokenKey {
            profile: "pega".into(),
            environment: "dev".into(),
            identity: "id".into(),
            ..TokenKey::default()
        },
        origin: None,
        access_token: Secret::new(text),
        token_type: "bearer".into(),
        refresh_token: None,
        id_token: None,
        dpop_key: None,
        use_id_token: false,
        session_index: None,
        scope: None,
        expires_in: life.map(Duration::from_secs),
        obtained_at: Timestamp::from_second(1_800_000_000).unwrap(),
        obtained: Instant::now(),
        clock_offset_ms: None,
        grant: String::new(),
        client_auth: String::new(),
        notes: Vec::new(),
        exchange: None,
    }
}

#[test]
fn a_token_is_reported_with_its_text_only_when_asked() {
    let t = a_token(UNSIGNED, Some(3600));
    let out = token(&t, true, t.obtained + Duration::from_secs(600));
    assert_eq!(
        out,
        json!({
            "profile": "pega", "environment": "dev", "identity": "id", "access_token": UNSIGNED, "token_type": "bearer",
            "expires_in": 3000, "expires_at": "2027-01-15T09:00:00Z", "scope": null, "claims": { "sub": "op" }
        })
    );
    assert!(token(&t, false, t.obtained).get("access_token").is_none());
    let unknown = token(&a_token("opaque", None), false, Instant::now());
    assert!(
        unknown["expires_in"].is_null() && unknown["expires_at"].is_null() && unknown["claims"].is_null()
    );
}

#[test]
fn a_decoded_token_has_its_times_in_utc_and_its_signature_in_three_fields() {
    let claims = json!({ "iat": 1_800_000_000, "exp": 1_800_003_600.5, "nbf": "soon" });
    let one = Decoded {
        kind: TokenKind::Jws,
        header: Some(json!({ "alg": "RS256" }).as_object().unwrap().clone()),
        claims: claims.as_object().cloned(),
        signature: Signature::Verified { key: "kid 1".into() },
        warnings: vec![Warning { code: "no_exp", text: "t".into() }],
        problem: None,
    };
    let out = decoded(&one, Timestamp::from_second(1_800_000_600).unwrap());
    assert_eq!(out["kind"], "jws");
    assert_eq!(out["signature"], json!({ "state": "verified", "key": "kid 1", "reason": null }));
    assert_eq!(out["times"]["iat"], "2027-01-15T08:00:00Z");
    assert_eq!(out["times"]["exp"], "2027-01-15T09:00:00Z");
    assert!(out["times"].as_object().unwrap()["nbf"].is_null());
    assert_eq!(out["times"]["expires_in"], 3000);
    assert_eq!(out["warnings"], json!([{ "code": "no_exp", "text": "t" }]));
}

#[test]
fn a_history_entry_is_masked_and_keeps_small_bodies_only() {
    let plan = Plan::ad_hoc(None, Request::new("Create", "POST", "{{base_url}}/x"), None, Vec::new());
    let at = Timestamp::from_second(1_800_000_000).unwrap();
    let id = entry_id(at, 0x4f2a);
    assert_eq!(id, "20270115T080000-4f2a");
    let one = entry(&plan, &sent_with(text_body(&"x".repeat(300_000))), &redactor(), id, at);
    assert_eq!((one.status, one.duration_ms, one.size), (Some(201), Some(2), Some(300_000)));
    assert_eq!((one.url.as_str(), one.at), ("https://•••@h/x?k=•••", Timestamp::UNIX_EPOCH));
    let detail = one.detail.unwrap();
    assert_eq!(
        (&detail["response"]["body"], &detail["response"]["body_left_out"]),
        (&Json::Null, &json!(300_000))
    );
    assert!(!detail.to_string().contains(SECRET));
    let problem = Problem::new(ProblemKind::Unresolved, "w", format!("has {SECRET}"), "n");
    let unsent =
        entry(&plan, &Sent { problem: Some(problem), ..Sent::default() }, &redactor(), "i".into(), at);
    assert_eq!(
        (unsent.url.as_str(), unsent.at, unsent.failure.as_deref()),
        ("{{base_url}}/x", at, Some("w: has •••"))
    );
}
