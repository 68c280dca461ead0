//! `hallpass send`.

use crate::support::{Home, canned, dead_port, http, silent};

fn curl(url: &str) -> String {
    format!("curl {url}/x")
}

fn home_with(request: &str) -> Home {
    Home::with_files(&[("collections/c/get.toml", request)])
}

#[test]
fn the_body_goes_to_stdout_byte_for_byte_and_the_rest_to_stderr() {
    let body: Vec<u8> = (0..=255u8).cycle().take(3_000_000).collect();
    let url = canned(http("200 OK", "content-type: application/octet-stream\r\n", &body));
    let ran = Home::new().run(&["send", "--curl", &curl(&url)]).exits(0);
    assert!(ran.stdout == body, "{} bytes came", ran.stdout.len());
    assert!(ran.stderr.contains("200 OK"), "{}", ran.stderr);
}

#[test]
fn a_body_larger_than_the_memory_allowed_comes_whole_from_its_file() {
    let home = Home::new();
    let config = home.path().join("settings.toml");
    std::fs::write(&config, "body_memory = 1000\n").unwrap();
    let body: Vec<u8> = (0..=255u8).cycle().take(500_000).collect();
    let url = canned(http("200 OK", "", &body));
    let mut command = home.command(&["send", "--curl", &curl(&url), "-o", "saved.bin"]);
    command.env("HALLPASS_CONFIG", &config);
    let ran = crate::support::finish(command, b"").exits(0);
    assert!(ran.stdout == body, "{} bytes came", ran.stdout.len());
    assert!(std::fs::read(home.work().join("saved.bin")).unwrap() == body);
    let left: Vec<_> = std::fs::read_dir(home.path().join("tmp")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn exit_codes_are_those_of_the_contract() {
    let home = Home::new();
    for (status, code) in [("200 OK", 0), ("404 Not Found", 0), ("500 No", 0), ("401 No", 5), ("403 No", 5)] {
        let url = canned(http(status, "", b"{}"));
        let ran = home.run(&["send", "--curl", &curl(&url)]).exits(code);
        assert_eq!(ran.text(), "{}", "{status}");
    }
    home.run(&["send", "--curl", &format!("curl http://127.0.0.1:{}/", dead_port())]).exits(3);
    home.run(&["send", "--timeout", "0.2", "--curl", &curl(&silent())]).exits(6);
    home.run(&["send", "--curl", "curl 'http://"]).exits(2);
}

#[test]
fn checks_decide_over_the_status() {
    let url = canned(http("401 Unauthorized", "", b"{\"a\":1}"));
    let request = format!("name = \"G\"\nmethod = \"GET\"\nurl = \"{url}\"\n[[check]]\nstatus = 401\n");
    home_with(&request).run(&["send", "c/get"]).exits(0);
    let request = format!("{request}[[check]]\njson = \"$.a\"\nequals = 2\n");
    let ran = home_with(&request).run(&["send", "get", "--json"]).exits(1);
    let value = ran.json();
    assert_eq!(value["checks"][0]["ok"], true);
    assert_eq!(value["checks"][1]["ok"], false);
    assert_eq!((&value["checks"][1]["expected"], &value["checks"][1]["got"]), (&2.into(), &1.into()));
    assert_eq!(value["error"]["kind"], "check");
}

#[test]
fn json_has_every_key_even_where_no_answer_came() {
    let url = format!("http://127.0.0.1:{}", dead_port());
    let value = Home::new().run(&["send", "--json", "--curl", &curl(&url)]).exits(3).json();
    for key in ["request", "response", "checks", "captures", "findings", "error"] {
        assert!(value.get(key).is_some(), "{key} is missing in {value}");
    }
    assert_eq!(value["request"]["method"], "GET");
    let url = canned(http("200 OK", "content-type: text/plain\r\n", b"hello"));
    let value = Home::new().run(&["send", "--json", "--curl", &curl(&url)]).exits(0).json();
    let response = &value["response"];
    assert_eq!((&response["status"], &response["body"]), (&200.into(), &"hello".into()));
    assert_eq!(response["size"]["decoded"], 5);
    for key in ["dns", "connect", "tls", "wait", "download", "total"] {
        assert!(response["timings_ms"].get(key).is_some(), "{key}");
    }
    assert!(
        value["request"]["headers"]
            .as_array()
            .unwrap()
            .iter()
            .any(|h| { h["name"].as_str().unwrap().eq_ignore_ascii_case("host") })
    );
}

#[test]
fn a_missing_variable_exits_2_and_is_named() {
    let home = home_with("name = \"G\"\nmethod = \"GET\"\nurl = \"http://127.0.0.1:1/{{nowhere}}\"\n");
    let ran = home.run(&["send", "get"]).exits(2);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("nowhere"), "{}", ran.stderr);
}

#[test]
fn set_wins_over_all_and_dry_run_sends_nothing() {
    let home = home_with(
        "name = \"G\"\nmethod = \"GET\"\nurl = \"http://127.0.0.1:1/{{id}}\"\n[variables]\nid = \"1\"\n",
    );
    let ran = home.run(&["send", "get", "--dry-run", "--set", "id=a b"]).exits(0);
    assert!(ran.text().starts_with("GET http://127.0.0.1:1/a%20b\n"), "{}", ran.text());
    let value = home.run(&["send", "get", "--dry-run", "--json"]).exits(0).json();
    assert_eq!(value["request"]["url"], "http://127.0.0.1:1/1");
    assert_eq!(value["response"], serde_json::Value::Null);
}

#[test]
fn a_mistyped_request_gets_a_suggestion() {
    let home = home_with("name = \"G\"\nmethod = \"GET\"\nurl = \"http://h/\"\n");
    let ran = home.run(&["send", "c/gte"]).exits(2);
    assert!(ran.stderr.contains("c/get"), "{}", ran.stderr);
}

#[test]
fn a_protected_environment_is_not_sent_to_unasked() {
    let url = canned(http("200 OK", "", b"sent"));
    let home = home_with(&format!("name = \"G\"\nmethod = \"GET\"\nurl = \"{url}\"\n"));
    std::fs::create_dir_all(home.work().join("environments")).unwrap();
    std::fs::write(home.work().join("environments/prod.toml"), "protected = true\n").unwrap();
    let ran = home.run(&["send", "get", "--env", "prod"]).exits(2);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("--yes"), "{}", ran.stderr);
    assert_eq!(home.run(&["send", "get", "--env", "prod", "--yes"]).exits(0).text(), "sent");
}

#[cfg(unix)]
#[test]
fn ctrl_c_while_waiting_exits_130() {
    let home = Home::new();
    let url = silent();
    let mut command = home.command(&["send", "-v", "--json", "--curl", &curl(&url)]);
    let mut child = command.spawn().unwrap();
    // The first word on stderr comes when the request is under way.
    let mut first = [0u8; 1];
    std::io::Read::read_exact(child.stderr.as_mut().unwrap(), &mut first).unwrap();
    std::process::Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap();
    let status = crate::support::wait(&mut child);
    assert_eq!(status.code(), Some(130), "{status}");
}
