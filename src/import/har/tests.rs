use super::*;
use crate::model::exchange::FailureKind;
use serde_json::json;
use std::time::Duration;

fn good() -> Json {
    json!({"log": {"version": "1.2", "creator": {"name": "WebInspector", "version": "537.36"}, "pages": [], "entries": [{
        "startedDateTime": "2026-03-01T12:00:00.000Z", "time": 250.5,
        "request": {
            "method": "POST", "url": "https://api.example.test/prweb/api/v1/cases?x=1", "httpVersion": "h2",
            "headers": [{"name": ":method", "value": "POST"}, {"name": "authorization", "value": "Bearer abcdefgh"},
                {"name": "Content-Type", "value": "application/json"}],
            "cookies": [{"name": "sid", "value": "s3cret"}],
            "postData": {"mimeType": "application/json", "text": "{\"a\":1}"}, "headersSize": -1, "bodySize": 7
        },
        "response": {
            "status": 401, "statusText": "Unauthorized", "httpVersion": "http/2.0",
            "headers": [{"name": "date", "value": "Sun, 01 Mar 2026 12:01:00 GMT"}, {"name": "content-type", "value": "application/json"}],
            "cookies": [], "content": {"size": 2, "mimeType": "application/json", "text": "e30=", "encoding": "base64"},
            "redirectURL": "", "headersSize": -1, "bodySize": 22
        },
        "cache": {}, "timings": {"blocked": 10, "dns": 20, "connect": 50, "ssl": 30, "send": 0, "wait": 40, "receive": 2},
        "serverIPAddress": "192.0.2.7", "_hallpass": {"code": "token.expired"}
    }]}})
}

fn read_json(json: &Json) -> HarLog {
    read(json.to_string().as_bytes()).unwrap()
}

fn changed(change: impl FnOnce(&mut Json)) -> HarEntry {
    let mut json = good();
    change(&mut json["log"]["entries"][0]);
    read_json(&json).entries.remove(0)
}

#[test]
fn an_ordinary_entry_becomes_an_exchange() {
    let log = read_json(&good());
    assert_eq!(log.creator, "WebInspector 537.36");
    assert!(log.notes.is_empty(), "{:?}", log.notes);
    let entry = &log.entries[0];
    assert!(entry.missing.is_empty(), "{:?}", entry.missing);
    assert_eq!(entry.label, Some(json!({"code": "token.expired"})));
    let e = &entry.exchange;
    assert_eq!((e.request.method.as_str(), e.request.http_version.as_deref()), ("POST", Some("HTTP/2")));
    let names: Vec<_> = e.request.headers.iter().map(|h| (h.name.as_str(), h.sensitive)).collect();
    assert_eq!(names, [("authorization", true), ("Content-Type", false), ("Cookie", true)]);
    assert_eq!(&e.request.body[..], b"{\"a\":1}");
    let r = e.response.as_ref().unwrap();
    assert_eq!(
        (r.status, r.reason.as_deref(), r.http_version.as_str()),
        (401, Some("Unauthorized"), "HTTP/2")
    );
    assert_eq!(&r.body.bytes().unwrap()[..], b"{}");
    assert_eq!(r.wire_size, 22);
    assert_eq!(e.timings.connect, Some(Duration::from_millis(20)));
    assert_eq!(e.timings.total, Some(Duration::from_micros(250_500)));
    assert_eq!(e.started.to_string(), "2026-03-01T12:00:00Z");
    assert_eq!(e.clock_offset_ms, Some(60_000 - 100));
    assert_eq!(e.peer.as_deref(), Some("192.0.2.7"));
}

#[test]
fn a_cache_or_an_age_gives_no_clock() {
    assert_eq!(changed(|e| e["_fromCache"] = json!("disk")).exchange.clock_offset_ms, None);
    let aged = changed(|e| {
        e["response"]["headers"].as_array_mut().unwrap().push(json!({"name": "Age", "value": "4"}))
    });
    assert_eq!(aged.exchange.clock_offset_ms, None);
}

#[test]
fn without_a_start_the_servers_date_stands_for_it_and_else_a_neighbour() {
    let entry = changed(|e| e["startedDateTime"] = json!("NaN"));
    assert_eq!(entry.exchange.started.to_string(), "2026-03-01T12:01:00Z");
    assert_eq!(entry.exchange.clock_offset_ms, Some(0));
    let mut json = good();
    let mut second = json["log"]["entries"][0].clone();
    second["startedDateTime"] = Json::Null;
    second["response"]["headers"] = json!([]);
    json["log"]["entries"].as_array_mut().unwrap().push(second);
    let log = read_json(&json);
    assert_eq!(log.entries[1].exchange.started, log.entries[0].exchange.started);
    assert!(log.entries[1].missing.iter().any(|m| m.contains("when it was sent")));
}

#[test]
fn an_answer_that_never_came_is_a_failure_of_its_family() {
    let entry = changed(|e| {
        e["response"] =
            json!({"status": 0, "statusText": "", "headers": [], "_error": "net::ERR_NAME_NOT_RESOLVED"});
    });
    assert!(entry.exchange.response.is_none());
    assert_eq!(entry.exchange.failure.unwrap().kind, FailureKind::Dns);
    let entry = changed(|e| e["response"] = json!({"status": 0, "statusText": ""}));
    assert!(entry.exchange.failure.is_none());
    assert_eq!(entry.missing, ["the recording holds no answer"]);
}

#[test]
fn parameters_stand_for_a_form_that_was_not_written_out() {
    let entry = changed(|e| {
        e["request"]["postData"] = json!({"mimeType": "application/x-www-form-urlencoded",
            "params": [{"name": "grant_type", "value": "client_credentials"}, {"name": "scope", "value": "a%20b"}, {"name": "p", "value": "100% x"}]});
    });
    assert_eq!(&entry.exchange.request.body[..], b"grant_type=client_credentials&scope=a+b&p=100%25+x");
}

#[test]
fn what_the_recording_lacks_is_said() {
    let entry = changed(|e| {
        e["request"]["headers"] = json!([]);
        e["request"]["cookies"] = Json::Null;
        e["request"]["postData"] = Json::Null;
        e["response"]["content"] = json!({"size": 1234});
    });
    assert_eq!(entry.missing[0], "the recording holds no request headers");
    assert!(entry.missing.iter().any(|m| m == "the recording holds no request body"));
    assert!(entry.missing.iter().any(|m| m == "the recording holds no body of the answer (1234 bytes)"));
}

#[test]
fn a_browsers_export_without_any_credential_may_have_left_them_out() {
    let plain = |e: &mut Json| {
        e["request"]["headers"] = json!([{"name": "Accept", "value": "*/*"}]);
        e["request"]["cookies"] = json!([]);
    };
    assert_eq!(changed(plain).missing, [SANITISED]);
    let mut json = good();
    plain(&mut json["log"]["entries"][0]);
    json["log"]["creator"]["name"] = json!("Firefox");
    assert!(read_json(&json).entries[0].missing.is_empty());
}

#[test]
fn wrong_types_everywhere_cost_only_what_they_stand_for() {
    let entry = changed(|e| {
        e["time"] = json!("12.5");
        e["timings"] = json!([1, 2]);
        e["request"]["headers"] = json!({"Accept": "x", "X-Num": 3});
        e["request"]["httpVersion"] = json!(["h2"]);
        e["response"]["status"] = json!("403");
        e["response"]["headers"] = json!([1, null, {"name": 5}, {"value": "x"}, {"name": "A", "value": [1]}]);
        e["response"]["content"] = json!("text");
        e["serverIPAddress"] = json!({});
    });
    assert_eq!(entry.exchange.status(), Some(403));
    assert_eq!(entry.exchange.request.headers.len(), 4);
    assert_eq!(entry.exchange.timings.total, Some(Duration::from_micros(12_500)));
}

#[test]
fn a_broken_entry_costs_no_other_and_is_noted_with_its_place() {
    let one = good()["log"]["entries"][0].to_string();
    let deep = format!("{{\"request\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
    let text = format!("{{\"log\": {{\"entries\": [{one},\n{deep},\n 7, {one}]}}}}");
    let log = read(text.as_bytes()).unwrap();
    assert_eq!(log.entries.iter().map(|e| e.index).collect::<Vec<_>>(), [0, 3]);
    assert_eq!(log.notes.len(), 2, "{:?}", log.notes);
    assert!(log.notes[0].contains("entry 1") && log.notes[0].contains("line 2"), "{:?}", log.notes);
}

#[test]
fn a_file_that_was_cut_keeps_what_came_before() {
    let one = good()["log"]["entries"][0].to_string();
    let text = format!("{{\"log\": {{\"entries\": [{one}, {one}");
    let cut = text.find("e30=").unwrap() + text.len() - text.rfind("e30=").unwrap();
    for end in [text.len() - 3, cut.min(text.len() - 40)] {
        let log = read(&text.as_bytes()[..end]).unwrap();
        assert!(!log.entries.is_empty());
        assert!(
            log.notes.iter().any(|n| n.contains("the file ends") && n.contains("line 1")),
            "{:?}",
            log.notes
        );
    }
    let log = read(&text.as_bytes()[..text.len() - 3]).unwrap();
    assert_eq!(log.entries.len(), 2);
    assert!(log.entries[1].missing.iter().any(|m| m.contains("ends in the middle")));
    let problem = read(&text.as_bytes()[..40]).unwrap_err();
    assert!(problem.why.contains("the file ends too early"), "{problem}");
}

#[test]
fn other_encodings_are_read() {
    let text = good().to_string();
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(read(&utf16).unwrap().entries.len(), 1);
    assert_eq!(read(&[&[0xff, 0xfe], &utf16[..]].concat()).unwrap().entries.len(), 1);
    assert_eq!(read(&[b"\xef\xbb\xbf", text.as_bytes()].concat()).unwrap().entries.len(), 1);
    let broken = [text.replace("Unauthorized", "Un\u{1}auth").as_bytes(), b"\xff\xfe"].concat();
    assert_eq!(read(&broken).unwrap().entries.len(), 1);
}

#[test]
fn entries_are_taken_without_their_log_too() {
    let one = good()["log"]["entries"][0].clone();
    assert_eq!(read_json(&json!([one, one])).entries.len(), 2);
    assert_eq!(read_json(&json!({"entries": [one]})).entries.len(), 1);
    assert_eq!(read_json(&one).entries.len(), 1);
    assert!(read_json(&json!({"log": {"entries": []}})).entries.is_empty());
}

#[test]
fn what_is_no_recording_is_told_by_what_it_seems_to_be() {
    for (bytes, words) in [
        (&b""[..], "the file is empty"),
        (b" \n", "the file is empty"),
        (b"\x1f\x8b\x08\0", "packed with gzip"),
        (b"PK\x03\x04", "zip"),
        (b"{\"info\":{},\"item\":[]}", "a Postman collection"),
        (b"{\"openapi\":\"3.0.0\"}", "OpenAPI"),
        (b"{\"request\":{},\"response\":{},\"checks\":[],\"findings\":[]}", "hallpass send --json"),
        (b"{\"log\":{}}", "no list of `entries`"),
        (b"{\"log\":5}", "it is no HAR file"),
        (b"{}", "it is no HAR file"),
        (b"[1,2]", "it is no HAR file"),
        (b"17", "it is no HAR file"),
        (b"<html>", "a web page"),
        (b"curl https://example.test", "a curl command"),
        (b"{\"log\":{\"entries\":[", "the file ends too early"),
        (b"{nonsense", "where JSON was expected"),
        (b"\0\0\0\0\0\0", "it is no HAR file"),
    ] {
        let problem = read(bytes).unwrap_err();
        assert!(problem.to_string().contains(words), "{words}: {problem}");
        assert_eq!(problem.kind, crate::model::problem::ProblemKind::File);
        assert!(!problem.next.is_empty());
    }
}

#[test]
fn two_thousand_mutations_of_a_good_recording_never_panic() {
    let text = good().to_string().into_bytes();
    let mut random = fastrand::Rng::with_seed(4);
    for _ in 0..2000 {
        let mut bytes = text.clone();
        for _ in 0..random.usize(1..6) {
            let at = random.usize(0..bytes.len());
            match random.u8(0..5) {
                0 => bytes[at] = random.u8(..),
                1 => bytes.truncate(at.max(1)),
                2 => {
                    bytes.remove(at);
                }
                3 => bytes.insert(at, *random.choice(b"{}[]\",:\\0eu-").unwrap()),
                _ => {
                    let end = (at + random.usize(0..40)).min(bytes.len());
                    let piece = bytes[at..end].to_vec();
                    let to = random.usize(0..bytes.len());
                    bytes.splice(to..to, piece);
                }
            }
            if bytes.is_empty() {
                break;
            }
        }
        let _ = read(&bytes);
    }
}

#[test]
fn what_a_browser_notes_beside_an_answer_cuts_no_body_unless_it_says_so() {
    let with = |words: &str| {
        let entry = serde_json::json!({"startedDateTime": "2026-03-01T12:00:00Z", "time": 1,
            "request": {"method": "GET", "url": "https://api.example.test/x", "headers": []},
            "response": {"status": 401, "statusText": "Unauthorized", "headers": [], "content": {"text": "{}"}, "_error": words}});
        let har =
            serde_json::json!({"log": {"version": "1.2", "creator": {"name": "x"}, "entries": [entry]}});
        read(har.to_string().as_bytes()).unwrap().entries.remove(0).exchange.response.unwrap().incomplete
    };
    assert_eq!(with("net::ERR_INVALID_AUTH_CREDENTIALS"), None);
    assert_eq!(with("net::ERR_CONTENT_LENGTH_MISMATCH").as_deref(), Some("net::ERR_CONTENT_LENGTH_MISMATCH"));
}
