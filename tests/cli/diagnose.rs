//! `hallpass diagnose`: requests, curl lines, recordings and the history, explained.

use crate::support::{Home, Ran, Sandbox, canned, dead_port, http, recording};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

const EXPIRED: &str = "expired-token-signature-part";

/// A JWT that ended at the end of 2020.
fn expired() -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    // As long as a signature of RS256 is; a shorter one would be a finding of its own.
    let signature = URL_SAFE_NO_PAD.encode(EXPIRED.repeat(256 / EXPIRED.len() + 1).get(..256).unwrap());
    format!(
        "{}.{}.{signature}",
        part(json!({"alg": "RS256", "typ": "JWT"})),
        part(json!({"exp": 1_609_459_200}))
    )
}

fn entry(status: u16, auth: &str, url: &str, body: &str) -> Value {
    let mut headers = vec![json!({"name": "Accept", "value": "*/*"})];
    if !auth.is_empty() {
        headers.push(json!({"name": "Authorization", "value": auth}));
    }
    json!({
        "startedDateTime": "2026-03-01T12:00:00.000Z", "time": 100,
        "request": {"method": "GET", "url": url, "httpVersion": "HTTP/1.1", "headers": headers, "cookies": []},
        "response": {"status": status, "statusText": "", "httpVersion": "HTTP/1.1", "redirectURL": "", "cookies": [],
            "headers": [{"name": "Date", "value": "Sun, 01 Mar 2026 12:00:00 GMT"}, {"name": "Content-Type", "value": "application/json"}],
            "content": {"size": body.len(), "mimeType": "application/json", "text": body}},
        "timings": {"send": 0, "wait": 90, "receive": 10},
    })
}

fn har(entries: &[Value]) -> String {
    json!({"log": {"version": "1.2", "creator": {"name": "Firefox", "version": "1"}, "entries": entries}})
        .to_string()
}

fn refused() -> String {
    har(&[
        entry(200, "Bearer some-other-token", "https://api.example.test/ok", "{}"),
        entry(401, &format!("Bearer {}", expired()), "https://api.example.test/orders", "{}"),
        entry(404, "Bearer some-other-token", "https://api.example.test/none", "{}"),
        entry(401, &format!("Bearer {}", expired()), "https://api.example.test/again", "{}"),
    ])
}

fn codes(value: &Value) -> Vec<&str> {
    value["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect()
}

#[track_caller]
fn no_control_bytes(ran: &Ran, what: &str) {
    for text in [ran.text(), ran.stderr.clone()] {
        let bad = text.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(bad, None, "{what}: {text:?}");
        assert!(!text.contains("panicked"), "{what}: {text}");
    }
}

#[test]
fn a_curl_line_is_sent_once_and_its_refusal_explained() {
    let (url, seen) = recording(http("401 Unauthorized", "date: Sun, 01 Mar 2026 12:00:00 GMT\r\n", b"{}"));
    let line = format!("curl {url}/x -H 'Authorization: Bearer {}'", expired());
    let home = Home::new();
    let ran = home.run(&["diagnose", "--curl", &line]).exits(0);
    let text = ran.text();
    assert!(text.starts_with("401 Unauthorized: the token expired"), "{text}");
    assert!(text.contains("1. token.expired  certain") && text.contains("RFC 7519"), "{text}");
    assert!(!text.contains(&expired()), "{text}");
    assert_eq!(seen.lock().unwrap().len(), 1);
    let value = home.run(&["diagnose", "--json", "--curl", &line]).exits(0).json();
    assert_eq!((&value["status"], codes(&value)[0]), (&json!(401), "token.expired"));
    for key in ["code", "layer", "likelihood", "evidence", "cause", "confirm", "fix", "reference"] {
        assert!(!value["findings"][0][key].is_null(), "{key}: {value}");
    }
    assert!(value["passed"].is_array() && value["missing"].is_array());
    let quiet = home.run(&["diagnose", "-q", "--curl", &line]).exits(0).text();
    assert_eq!(quiet.lines().count(), 1, "{quiet}");
}

#[test]
fn what_is_no_refusal_is_said_and_what_never_got_an_answer_ends_as_send_does() {
    let home = Home::new();
    let url = canned(http("404 Not Found", "content-type: application/json\r\n", b"{}"));
    let ran = home.run(&["diagnose", "--curl", &format!("curl {url}/x")]).exits(0);
    assert!(ran.text().contains("nothing speaks of trouble"), "{}", ran.text());
    let ran = home.run(&["diagnose", "--json", "--curl", &format!("curl http://127.0.0.1:{}/", dead_port())]);
    assert!(matches!(ran.code, 0 | 3), "{ran:?}");
    assert!(ran.json()["findings"].is_array());
    home.run(&["diagnose", "--curl", "curl 'http://"]).exits(2);
    home.run(&["diagnose", "no-such-request"]).exits(2);
    home.run(&["diagnose"]).exits(2);
}

#[test]
fn a_request_of_the_workspace_is_explained_and_the_history_remembers_it() {
    let home = Home::with_cases();
    let sandbox = Sandbox::with(&home, &["--fault", "expired-token"]);
    home.run_open(&["import", sandbox.file(), "--env", "box"], b"").exits(0);
    let request = ["pega-cases/list-case-types", "pega-cases/case-types"];
    let all = home.run(&["list", "--json"]).exits(0).json();
    let paths: Vec<&str> = all.as_array().unwrap().iter().map(|r| r["path"].as_str().unwrap()).collect();
    let name = request.iter().find(|r| paths.contains(r)).copied().or_else(|| {
        all.as_array().unwrap().iter().find(|r| r["method"] == "GET").and_then(|r| r["path"].as_str())
    });
    let name = name.unwrap();
    let ran = home.run_open(&["diagnose", name, "--env", "box", "--json"], b"").exits(0);
    let value = ran.json();
    assert_eq!(value["status"], 401, "{value}");
    assert_eq!(codes(&value)[0], "token.expired", "{value}");
    assert!(!ran.text().contains(&sandbox.secret()));
    let listed = home.run(&["history", "list", "--json"]).exits(0).json();
    let id = listed[0]["id"].as_str().unwrap().to_owned();
    let again = home.run(&["diagnose", "--history", &id, "--json"]).exits(0);
    assert_eq!(codes(&again.json())[0], "token.expired", "{}", again.stderr);
    let words = home.run(&["diagnose", "--history", &id]).exits(0).text();
    assert!(words.starts_with("401 ") && words.contains("token.expired"), "{words}");
    home.run(&["diagnose", "--history", "nothing"]).exits(2);
    // The same in `send` and `run`.
    let sent = home.run_open(&["send", name, "--env", "box", "--json"], b"");
    assert!(matches!(sent.code, 1 | 5), "{}", sent.stderr);
    assert_eq!(codes(&sent.json())[0], "token.expired");
    assert!(sent.stderr.contains("hallpass diagnose") && sent.stderr.contains("expired"), "{}", sent.stderr);
    let run = home.run_open(&["run", name, "--env", "box", "--json"], b"");
    assert_eq!(codes(&run.json()["results"][0])[0], "token.expired");
    let run = home.run_open(&["run", name, "--env", "box"], b"");
    assert!(run.text().contains("token.expired: "), "{}", run.text());
}

#[test]
fn only_a_probe_sends_more_and_never_an_unsafe_request_unasked() {
    let (url, seen) = recording(http("401 Unauthorized", "date: Sun, 01 Mar 2026 12:00:00 GMT\r\n", b"{}"));
    let home = Home::new();
    let line = format!("curl -X POST {url}/x -H 'Authorization: Bearer {}'", expired());
    let value = home.run(&["diagnose", "--probe", "--json", "--curl", &line]).exits(0).json();
    let probed = value["probed"].as_array().unwrap();
    assert!(!probed.is_empty(), "{value}");
    assert!(
        probed
            .iter()
            .all(|p| ["confirmed", "ruled_out", "unclear"].contains(&p["verdict"].as_str().unwrap()))
    );
    let posts = seen.lock().unwrap().iter().filter(|l| l.starts_with("POST")).count();
    assert_eq!(posts, 1, "{:?}", seen.lock().unwrap());
    let words = home.run(&["diagnose", "--probe", "--curl", &line]).exits(0).text();
    assert!(words.contains("\nChecked\n"), "{words}");
}

#[test]
fn a_redirect_that_a_curl_line_does_not_follow_is_named_with_its_target() {
    let head = "location: https://elsewhere.example/x?access_token=do-not-show-me\r\n";
    let (url, _) = recording(http("307 Temporary Redirect", head, b""));
    let ran = Home::new().run(&["diagnose", "--curl", &format!("curl {url}/x")]).exits(0);
    let text = ran.text();
    assert!(text.contains("https://elsewhere.example/x") && text.contains("not followed"), "{text}");
    assert!(!text.contains("do-not-show-me"), "{text}");
}

#[test]
fn a_recording_is_explained_without_a_workspace_and_the_first_refused_entry_is_meant() {
    let home = Home::new();
    std::fs::write(home.work().join("a.har"), refused()).unwrap();
    let value = home.run(&["diagnose", "--har", "a.har", "--json"]).exits(0).json();
    assert_eq!(
        (&value["entry"], &value["status"], codes(&value)[0]),
        (&json!(1), &json!(401), "token.expired")
    );
    let value = home.run(&["diagnose", "--har", "a.har", "--entry", "3", "--json"]).exits(0).json();
    assert_eq!(value["entry"], 3);
    assert_eq!(value["request"]["url"], "https://api.example.test/again");
    let all = home.run(&["diagnose", "--har", "a.har", "--all", "--json"]).exits(0).json();
    let entries: Vec<&Value> = all.as_array().unwrap().iter().map(|v| &v["entry"]).collect();
    assert_eq!(entries, [&json!(1), &json!(3)]);
    let value = home.run(&["diagnose", "--har", "a.har", "--entry", "0", "--json"]).exits(0).json();
    assert!(codes(&value).is_empty(), "{value}");
    let ran = home.run(&["diagnose", "--har", "a.har", "--entry", "4"]).exits(2);
    assert!(ran.stderr.contains("0 to 3"), "{}", ran.stderr);
    let ran = home.run_with_stdin(&["diagnose", "--har", "-", "--all"], refused().as_bytes()).exits(0);
    assert!(ran.text().contains("(entry 1)") && ran.text().contains("(entry 3)"), "{}", ran.text());
    home.run(&["diagnose", "--har", "a.har", "--entry", "0", "--all"]).exits(2);
    home.run(&["diagnose", "--har", "a.har", "--probe"]).exits(2);
    home.run(&["diagnose", "--har", "gone.har"]).exits(2);
}

#[test]
fn a_recording_of_nothing_refused_says_so() {
    let home = Home::new();
    let text = har(&[entry(200, "Bearer some-other-token", "https://api.example.test/ok", "{}")]);
    let ran = home.run_with_stdin(&["diagnose", "--har", "-"], text.as_bytes()).exits(0);
    assert!(ran.text().contains("was not refused"), "{}", ran.text());
    let ran = home.run_with_stdin(&["diagnose", "--har", "-", "--json"], text.as_bytes()).exits(0);
    assert_eq!(ran.json()["findings"], json!([]));
}

#[test]
fn one_chain_of_redirects_is_one_exchange() {
    let mut first = entry(302, &format!("Bearer {}", expired()), "https://api.example.test/a", "");
    first["response"]["redirectURL"] = json!("/b");
    let second = entry(401, &format!("Bearer {}", expired()), "https://api.example.test/b", "{}");
    let text = har(&[first, second]);
    let home = Home::new();
    for more in [&["--entry", "0"][..], &["--entry", "1"], &[]] {
        let args = [&["diagnose", "--har", "-", "--json"], more].concat();
        let value = home.run_with_stdin(&args, text.as_bytes()).exits(0).json();
        assert_eq!((&value["entries"], &value["status"]), (&json!([0, 1]), &json!(401)));
    }
}

#[test]
fn secrets_of_a_recording_are_never_shown() {
    let secret = "sUp3r-s3cret-v4lue";
    let mut refused = entry(
        401,
        &format!("Bearer {}", expired()),
        "https://u:sUp3r-s3cret-v4lue@api.example.test/x?access_token=sUp3r-s3cret-v4lue",
        "{}",
    );
    let headers = refused["request"]["headers"].as_array_mut().unwrap();
    headers.push(json!({"name": "X-Api-Key", "value": secret}));
    headers.push(json!({"name": "Cookie", "value": format!("sid={secret}")}));
    refused["response"]["headers"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "Set-Cookie", "value": format!("sid={secret}; Path=/")}));
    refused["request"]["postData"] = json!({"mimeType": "application/x-www-form-urlencoded", "text": format!("client_secret={secret}&a=b")});
    let text = har(&[refused]);
    let home = Home::new();
    for more in [&[][..], &["--json"], &["--markdown"], &["--all"], &["--all", "--markdown"]] {
        let args = [&["diagnose", "--har", "-"], more].concat();
        let ran = home.run_with_stdin(&args, text.as_bytes()).exits(0);
        for hidden in [secret, &expired(), &URL_SAFE_NO_PAD.encode(EXPIRED)] {
            assert!(!ran.text().contains(hidden) && !ran.stderr.contains(hidden), "{more:?}: {}", ran.text());
        }
    }
}

#[test]
fn secrets_of_a_recording_are_masked_by_the_names_of_their_fields_in_every_answer() {
    let hidden = ["pass-word-12345", "refresh-67890-abc", "signature-abc-123", "function-key-1234"];
    let url = format!("https://api.example.test/x?X-Amz-Signature={}", hidden[2]);
    let body = format!(r#"{{"error":"invalid_token","refresh_token":"{}"}}"#, hidden[1]);
    let mut one = entry(401, "Bearer some-opaque-token", &url, &body);
    one["request"]["method"] = json!("POST");
    one["request"]["headers"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "x-functions-key", "value": hidden[3]}));
    let sent = format!(r#"{{"password":"{}"}}"#, hidden[0]);
    one["request"]["postData"] = json!({"mimeType": "application/json", "text": sent});
    one["response"]["statusText"] = json!("No some-opaque-token");
    let text = har(&[one]);
    let home = Home::new();
    for more in [&[][..], &["--json"], &["--markdown"], &["--all"]] {
        let ran = home.run_with_stdin(&[&["diagnose", "--har", "-"], more].concat(), text.as_bytes());
        for hidden in hidden.iter().chain(&["some-opaque-token"]) {
            assert!(!ran.text().contains(hidden) && !ran.stderr.contains(hidden), "{more:?}: {}", ran.text());
        }
    }
}

#[test]
fn a_list_without_a_reason_in_sight_is_one_json_value_with_exit_code_5() {
    let mut one = entry(401, "", "https://api.example.test/x", "");
    one["request"]["headers"] = json!([]);
    let text = har(&[one]);
    let ran =
        Home::new().run_with_stdin(&["diagnose", "--har", "-", "--all", "--json"], text.as_bytes()).exits(5);
    assert_eq!(ran.json().as_array().map(Vec::len), Some(1), "{}", ran.text());
}

#[test]
fn a_report_for_a_ticket_is_markdown_that_nothing_breaks_out_of() {
    let words = "````\n</details><img src=x> @all \u{1b}[2J";
    let mut one = entry(401, &format!("Bearer {}", expired()), "https://api.example.test/x", words);
    one["response"]["statusText"] = json!(words);
    let ran = Home::new()
        .run_with_stdin(&["diagnose", "--har", "-", "--markdown"], har(&[one]).as_bytes())
        .exits(0);
    let text = ran.text();
    assert!(text.starts_with("## 401") && text.contains("### 1. `token.expired` (certain)"), "{text}");
    assert!(text.contains("`````text"), "{text}");
    no_control_bytes(&ran, "markdown");
}

#[test]
fn a_code_is_explained_and_a_typo_gets_the_nearest() {
    let home = Home::new();
    let text = home.run(&["diagnose", "--explain", "token.expired"]).exits(0).text();
    assert!(text.starts_with("token.expired: ") && text.contains("RFC 7519"), "{text}");
    let ran = home.run(&["diagnose", "--explain", "token.expird"]).exits(2);
    assert!(ran.stderr.contains("did you mean `token.expired`"), "{}", ran.stderr);
    assert_eq!(
        home.run(&["diagnose", "--explain", "token.expired", "--json"]).exits(0).json()["code"],
        "token.expired"
    );
    let all = home.run(&["diagnose", "--explain", "--json"]).exits(0).json();
    assert!(all.as_array().unwrap().len() > 1);
}

#[test]
fn a_token_that_is_refused_carries_its_findings() {
    let home = Home::with_cases();
    let sandbox = Sandbox::with(&home, &["--fault", "wrong-secret"]);
    home.run_open(&["import", sandbox.file(), "--env", "box"], b"").exits(0);
    let ran = home.run_open(&["token", "--env", "box", "--json"], b"").exits(4);
    assert!(ran.json()["findings"].is_array(), "{}", ran.text());
    assert!(!ran.text().contains(&sandbox.secret()) && !ran.stderr.contains(&sandbox.secret()));
}

#[test]
fn hostile_recordings_end_in_a_message_or_a_partial_diagnosis() {
    let good = refused();
    let odd = "\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}31m\u{202e}\0";
    let with = |change: &dyn Fn(&mut Value)| {
        let mut one = entry(401, &format!("Bearer {}", expired()), "https://api.example.test/x", "{}");
        change(&mut one);
        har(&[one]).into_bytes()
    };
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("blank", b"  \n ".to_vec()),
        ("gzip", b"\x1f\x8b\x08\x00\x00\x00".to_vec()),
        ("zip", b"PK\x03\x04xxxx".to_vec()),
        ("zeros", vec![0; 4096]),
        ("escapes alone", odd.as_bytes().to_vec()),
        ("a postman collection", b"{\"info\":{\"name\":\"\x1b[2J\"},\"item\":[]}".to_vec()),
        ("no entries", b"{\"log\":{\"version\":\"1.2\"}}".to_vec()),
        ("entries of another type", b"{\"log\":{\"entries\":{\"0\":{}}}}".to_vec()),
        ("a log of another type", b"{\"log\":\"\x1b[2J\"}".to_vec()),
        ("half", good.as_bytes()[..good.len() / 2].to_vec()),
        ("cut in the first entry", good.as_bytes()[..300].to_vec()),
        ("cut near the end", good.as_bytes()[..good.len() - 7].to_vec()),
        ("a byte order mark", [b"\xef\xbb\xbf", good.as_bytes()].concat()),
        ("utf-16", good.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        (
            "no utf-8",
            good.replace("orders", "or\u{fffd}ders")
                .replace('\u{fffd}', "X")
                .into_bytes()
                .into_iter()
                .map(|b| if b == b'X' { 0xff } else { b })
                .collect(),
        ),
        (
            "deep",
            format!("{{\"log\":{{\"entries\":[{}{}]}}}}", "[".repeat(100_000), "]".repeat(100_000))
                .into_bytes(),
        ),
        ("deep without end", "{\"log\":".repeat(100_000).into_bytes()),
        ("entries that are none", b"{\"log\":{\"entries\":[1,null,\"x\",[],{},true]}}".to_vec()),
        ("words that are none", with(&|e| e["time"] = json!("NaN"))),
        (
            "escapes in every text",
            with(&|e| {
                e["request"]["method"] = json!(odd);
                e["request"]["url"] = json!(format!("https://api.example.test/{odd}"));
                e["response"]["statusText"] = json!(odd);
                e["response"]["content"]["text"] = json!(odd);
                e["serverIPAddress"] = json!(odd);
                e["response"]["headers"].as_array_mut().unwrap().push(json!({"name": odd, "value": odd}));
                e["response"]["headers"].as_array_mut().unwrap().push(json!({"name": "WWW-Authenticate", "value": format!("Bearer error=\"invalid_token\", error_description=\"{odd}\"")}));
            }),
        ),
        (
            "an error with escapes",
            with(&|e| {
                e["response"] = json!({"status": 0, "statusText": odd, "_error": format!("net::ERR_CONNECTION_REFUSED {odd}")});
            }),
        ),
        (
            "wrong types",
            with(&|e| {
                e["request"]["headers"] = json!(5);
                e["response"]["headers"] = json!("x");
                e["response"]["content"] = json!([odd]);
                e["timings"] = json!(null);
                e["startedDateTime"] = json!({"a": 1});
            }),
        ),
        (
            "base64 that is none",
            with(&|e| {
                e["response"]["content"] = json!({"size": 5, "text": "%%%", "encoding": "base64"});
            }),
        ),
        ("a status of its own", with(&|e| e["response"]["status"] = json!(1e300))),
        (
            "a huge header",
            with(&|e| {
                e["response"]["headers"] =
                    json!([{"name": "WWW-Authenticate", "value": "Bearer ".repeat(200_000)}]);
            }),
        ),
        ("a huge body", with(&|e| e["response"]["content"]["text"] = json!("<a>".repeat(3_000_000)))),
        ("many entries", {
            let one = entry(200, "", "https://api.example.test/x", "{}").to_string();
            format!("{{\"log\":{{\"entries\":[{}]}}}}", vec![one; 2000].join(",")).into_bytes()
        }),
    ];
    let home = Home::new();
    for (what, bytes) in files {
        for more in [&[][..], &["--json"], &["--all"], &["--markdown"]] {
            if bytes.len() > 5_000_000 && !more.is_empty() {
                continue;
            }
            let args = [&["diagnose", "--har", "-"], more].concat();
            let ran = home.run_with_stdin(&args, &bytes);
            assert!(matches!(ran.code, 0 | 2 | 5), "{what} {more:?}: {} {}", ran.code, ran.stderr);
            if ran.code != 0 {
                assert!(
                    ran.stderr.starts_with("error: ")
                        || ran.stderr.contains("\nerror: ")
                        || more == ["--all"],
                    "{what}: {}",
                    ran.stderr
                );
            }
            no_control_bytes(&ran, &format!("{what} {more:?}"));
            assert!(!ran.text().contains('\u{202e}') || more == ["--json"], "{what}");
            if more == ["--json"] {
                ran.json();
            }
        }
    }
}
