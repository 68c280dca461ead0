use super::*;
use crate::model::exchange::{BodyData, Header, Response, SentRequest, SpooledFile};
use crate::model::timing::Timings;
use bytes::Bytes;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

fn exchange(body: &str) -> Exchange {
    let response = Response {
        status: 201,
        headers: vec![
            Header::new("Content-Type", "application/json"),
            Header::new("ETag", "\"1\""),
            Header::new("X-A", "1"),
            Header::new("x-a", "2"),
        ],
        body: BodyData::Memory(Bytes::copy_from_slice(body.as_bytes())),
        ..Response::default()
    };
    Exchange {
        response: Some(response),
        timings: Timings { total: Some(Duration::from_micros(12_345)), ..Timings::default() },
        ..Exchange::new(SentRequest::default(), jiff::Timestamp::UNIX_EPOCH)
    }
}

const BODY: &str = r#"{"n":10,"f":201.0,"s":"10","list":[{"id":"a"},{"id":"b"}],"nil":null,"o":{"k":1},"big":9007199254740993}"#;

fn run(selector: Selector, operator: Operator) -> CheckResult {
    let check = Check { name: None, selector, operator };
    evaluate(&[check], &exchange(BODY), &|t| t.replace("{{ten}}", "10").replace("{{new}}", "New")).remove(0)
}

fn path(path: &str, operator: Operator) -> CheckResult {
    run(Selector::Json(path.into()), operator)
}

#[test]
fn numbers_compare_by_value_and_never_with_texts() {
    assert!(run(Selector::Status, Operator::Equals(json!(201.0))).ok);
    assert!(path("$.f", Operator::Equals(json!(201))).ok);
    assert!(!path("$.s", Operator::Equals(json!(10))).ok);
    assert!(!path("$.n", Operator::Equals(json!("10"))).ok);
    assert!(!path("$.big", Operator::Equals(json!(9007199254740992_u64))).ok);
    assert!(path("$", Operator::Not(json!({}))).ok);
}

#[test]
fn a_variable_in_an_operand_is_resolved_and_may_spell_a_number() {
    let result = path("$.n", Operator::Equals(json!("{{ten}}")));
    assert!(result.ok && result.expected == json!("10"), "{result:?}");
    assert!(path("$.s", Operator::Equals(json!("{{ten}}"))).ok);
    assert_eq!(path("$.s", Operator::OneOf(vec![json!("{{new}}")])).expected, json!(["New"]));
}

#[test]
fn several_matches_are_an_array_one_is_itself_and_none_is_nothing() {
    assert_eq!(path("$.list[*].id", Operator::Length(2)).got, json!(["a", "b"]));
    assert!(path("$.list[*].id", Operator::Contains(json!("b"))).ok);
    assert!(path("$.list[?@.id=='b'].id", Operator::Equals(json!("b"))).ok);
    let none = path("$.nothing", Operator::Equals(json!(null)));
    assert!(!none.ok && none.got.is_null());
    assert!(path("$.nothing", Operator::Exists(false)).ok);
    assert!(path("$.nil", Operator::Exists(true)).ok);
    assert!(!path("$.nothing", Operator::Not(json!("x"))).ok, "what is not there is not different");
}

#[test]
fn headers_join_in_order_whatever_their_case() {
    assert_eq!(run(Selector::Header("X-A".into()), Operator::Exists(true)).got, json!("1, 2"));
    assert!(run(Selector::Header("etag".into()), Operator::Equals(json!("\"1\""))).ok);
    assert!(
        run(Selector::Header("content-type".into()), Operator::Matches("^application/(.+\\+)?json".into()))
            .ok
    );
}

#[test]
fn bounds_types_lengths_duration_and_size() {
    assert!(path("$.s", Operator::Greater(json!(9))).ok, "a text that spells a number");
    assert!(!path("$.n", Operator::Less(json!(10))).ok);
    assert!(run(Selector::Duration, Operator::Less(json!(12.4))).ok);
    assert!(run(Selector::Size, Operator::Equals(json!(BODY.len()))).ok);
    for (at, kind) in
        [("$.s", "string"), ("$.n", "number"), ("$.nil", "null"), ("$.list", "array"), ("$.o", "object")]
    {
        assert!(path(at, Operator::Type(kind.into())).ok, "{kind}");
    }
    assert!(path("$.s", Operator::Length(2)).ok && path("$.o", Operator::Length(1)).ok);
    assert!(run(Selector::Text, Operator::Contains(json!("\"nil\":null"))).ok);
}

#[test]
fn a_broken_path_pattern_or_type_fails_and_says_why() {
    let says = |r: CheckResult, part: &str| {
        assert!(!r.ok && r.got.as_str().is_some_and(|g| g.contains(part)), "{r:?}");
    };
    says(path("$.[", Operator::Exists(false)), "no JSONPath");
    says(path("$.s", Operator::Matches("(".into())), "no usable pattern");
    says(path("$.s", Operator::Matches("(a{1000}){1000}".into())), "no usable pattern");
    says(path("$.s", Operator::Type("text".into())), "no type");
    says(path("$.o", Operator::Greater(json!(1))), "no number");
}

#[test]
fn a_body_that_is_no_json_has_nothing_in_it() {
    let check = |operator| Check { name: None, selector: Selector::Json("$.a".into()), operator };
    let checks = [check(Operator::Exists(false)), check(Operator::Equals(json!(1)))];
    let results = evaluate(&checks, &exchange("<html>"), &str::to_owned);
    assert_eq!(results.iter().map(|r| r.ok).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn a_spooled_body_fails_its_checks_instead_of_looking_empty() {
    let mut e = exchange("");
    let file = SpooledFile { path: "nowhere".into(), len: 200_000_000 };
    e.response.as_mut().unwrap().body = BodyData::Spooled(Arc::new(file));
    let check =
        Check { name: None, selector: Selector::Json("$.a".into()), operator: Operator::Exists(false) };
    let result = evaluate(&[check], &e, &str::to_owned).remove(0);
    assert!(!result.ok && result.got.as_str().unwrap().contains("too large"));
}

#[test]
fn captures_keep_texts_as_they_are_and_say_what_was_missing() {
    let capture_of = |variable: &str, selector| Capture { variable: variable.into(), selector };
    let captures = [
        capture_of("id", Selector::Json("$.list[0].id".into())),
        capture_of("o", Selector::Json("$.o".into())),
        capture_of("etag", Selector::Header("ETag".into())),
        capture_of("gone", Selector::Json("$.gone".into())),
        capture_of("loc", Selector::Header("Location".into())),
    ];
    let (taken, missing) = capture(&captures, &exchange(BODY));
    let text = |(a, b): &(String, String)| format!("{a}={b}");
    assert_eq!(taken.iter().map(text).collect::<Vec<_>>(), ["id=a", "o={\"k\":1}", "etag=\"1\""]);
    assert_eq!(
        missing.iter().map(text).collect::<Vec<_>>(),
        ["gone=nothing at `$.gone` in the body", "loc=the answer has no header `Location`"]
    );
}
