//! `hallpass flow` and `hallpass demo --headless`: the three-part flow, and each way it can fail.

use crate::support::{Home, Sandbox, canned, dead_port, http, silent};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn steps(value: &Value) -> Vec<(String, bool)> {
    let all = value["steps"].as_array().unwrap().iter();
    all.map(|s| (s["step"].as_str().unwrap().to_owned(), s["ok"].as_bool().unwrap())).collect()
}

fn went(value: &Value, expected: &[(&str, bool)]) {
    let expected: Vec<(String, bool)> = expected.iter().map(|(s, ok)| ((*s).to_owned(), *ok)).collect();
    assert_eq!(steps(value), expected, "{value}");
}

/// A credentials file for a server of our own.
fn credentials_for(home: &Home, base: &str) -> PathBuf {
    let path = home.path().join("own-credentials.txt");
    let text = format!(
        "Client ID\n12345678901234567890\nClient Secret\n0123456789ABCDEF0123456789ABCDEF\n\
         Access token endpoint\n{base}/prweb/PRRestService/oauth2/v1/token\n"
    );
    std::fs::write(&path, text).unwrap();
    path
}

fn flow_json(home: &Home, file: &Path, more: &[&str]) -> crate::support::Ran {
    let mut args = vec!["flow", "--json", "--credentials", file.to_str().unwrap()];
    args.extend(more);
    home.run(&args)
}

#[test]
fn the_demo_walks_all_four_steps_and_names_operator_and_case() {
    let ran = Home::new().run(&["demo", "--headless"]).exits(0);
    let text = ran.text();
    assert!(text.contains("APP-2005") && text.contains("svc.cases@acme"), "{text}");
    let firsts: Vec<&str> = text.lines().filter_map(|l| l.split_whitespace().next()).collect();
    assert_eq!(firsts, ["A", "B", "C", "verify"]);
}

#[test]
fn the_demo_as_json_has_the_shape_of_the_contract() {
    let value = Home::new().run(&["demo", "--headless", "--json"]).exits(0).json();
    went(&value, &[("A", true), ("B", true), ("C", true), ("verify", true)]);
    assert_eq!(value["case_id"], "APP-2005");
    assert_eq!(value["case_key"], "ACME-CASES-WORK APP-2005");
    assert!(value["operator"].as_str().is_some_and(|o| !o.is_empty()));
}

#[test]
fn the_flow_does_the_same_over_the_wire_with_either_api_and_writes_nothing() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let value = flow_json(&home, &sandbox.credentials, &[]).exits(0).json();
    went(&value, &[("A", true), ("B", true), ("C", true), ("verify", true)]);
    assert_eq!(value["case_id"], "APP-2005");
    let value = flow_json(&home, &sandbox.credentials, &["--api", "v1"]).exits(0).json();
    assert_eq!(value["case_id"], "APP-2006", "{value}");
    let left: Vec<_> = std::fs::read_dir(home.work()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(!home.path().join("state").exists() && !home.path().join("data").exists());
}

#[test]
fn a_wrong_secret_exits_4_and_says_the_client_was_refused() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let wrong = "FEDCBA9876543210FEDCBA9876543210";
    let text = std::fs::read_to_string(&sandbox.credentials).unwrap().replace(&sandbox.secret(), wrong);
    std::fs::write(&sandbox.credentials, text).unwrap();
    let ran = home.run(&["flow", "--credentials", sandbox.file()]).exits(4);
    assert!(ran.stderr.contains("client") && ran.stderr.contains("refused"), "{}", ran.stderr);
    assert!(!ran.stderr.contains(wrong) && !ran.text().contains(wrong));
    let value = flow_json(&home, &sandbox.credentials, &[]).exits(4).json();
    went(&value, &[("A", true), ("B", false)]);
    assert_eq!(value["error"]["kind"], "token");
    assert_eq!(value["case_id"], Value::Null);
}

#[test]
fn a_dead_port_exits_3() {
    let home = Home::new();
    let file = credentials_for(&home, &format!("http://127.0.0.1:{}", dead_port()));
    let value = flow_json(&home, &file, &[]).exits(3).json();
    went(&value, &[("A", true), ("B", false)]);
    assert_eq!(value["error"]["kind"], "network");
}

#[test]
fn a_server_that_never_answers_exits_6_in_time() {
    let home = Home::new();
    let file = credentials_for(&home, &silent());
    let value = flow_json(&home, &file, &["--timeout", "0.2"]).exits(6).json();
    assert_eq!(value["error"]["kind"], "timeout");
}

#[test]
fn html_instead_of_a_token_exits_4_and_says_so() {
    let home = Home::new();
    let page = http("200 OK", "content-type: text/html\r\n", b"<html><title>Sign in</title></html>");
    let file = credentials_for(&home, &canned(page));
    let ran = home.run(&["flow", "--credentials", file.to_str().unwrap()]).exits(4);
    assert!(ran.stderr.to_lowercase().contains("html"), "{}", ran.stderr);
}

#[test]
fn a_credentials_file_that_is_none_exits_2_and_names_it() {
    let home = Home::new();
    let path = home.path().join("notes.txt");
    std::fs::write(&path, "milk\neggs\n").unwrap();
    let error = flow_json(&home, &path, &[]).exits(2).json();
    assert!(error["error"]["file"].as_str().unwrap().ends_with("notes.txt"), "{error}");
    flow_json(&home, &home.path().join("absent.txt"), &[]).exits(2);
}

#[test]
fn an_unknown_case_type_is_told_with_what_there_is() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let value = flow_json(&home, &sandbox.credentials, &["--case-type", "No-Such-Type"]).json();
    went(&value, &[("A", true), ("B", true), ("C", false)]);
    assert!(value["error"]["why"].as_str().unwrap().contains("No-Such-Type"), "{value}");
}

#[test]
fn the_flow_runs_with_an_imported_environment_too() {
    let home = Home::with_cases();
    let sandbox = Sandbox::start(&home);
    home.run_open(&["import", sandbox.file(), "--env", "box"], b"").exits(0);
    let value = home.run_open(&["flow", "--json", "--env", "box"], b"").exits(0).json();
    assert_eq!(value["case_id"], "APP-2005", "{value}");
}

/// Step that fails (empty: none) and exit code for each way the sandbox misbehaves.
#[test]
fn each_fault_ends_with_its_exit_code_at_its_step_and_a_next_step() {
    let home = Home::new();
    let expected = [
        ("gzip", "", 0),
        ("legacy-token", "", 0),
        ("wrong-secret", "B", 4),
        ("hidden-error", "B", 4),
        ("wrong-endpoint", "B", 4),
        ("operator-missing", "B", 4),
        ("html-401@token", "B", 4),
        ("unavailable@token", "B", 4),
        ("reset@token", "B", 3),
        ("never@token", "B", 6),
        ("reset@resource", "C", 3),
        ("never@resource", "C", 6),
        ("bare-401", "C", 5),
        ("empty-401", "C", 5),
        ("waf@resource", "C", 5),
        ("insufficient-scope", "C", 5),
        ("expired-token", "C", 5),
        ("opaque-token", "C", 5),
        ("login-page@resource", "C", 1),
        ("unavailable@resource", "C", 1),
    ];
    for (fault, step, code) in expected {
        let sandbox = Sandbox::with(&home, &["--fault", fault]);
        let ran = flow_json(&home, &sandbox.credentials, &["--timeout", "3"]);
        assert_eq!(ran.code, code, "{fault}: {} {}", ran.text(), ran.stderr);
        let value = ran.json();
        let failed = steps(&value).into_iter().find(|(_, ok)| !ok).map(|(s, _)| s).unwrap_or_default();
        assert_eq!(failed, step, "{fault}: {value}");
        if code != 0 {
            assert!(value["error"]["next"].as_str().is_some_and(|n| !n.is_empty()), "{fault}: {value}");
        }
        let secret = sandbox.secret();
        assert!(!ran.text().contains(&secret) && !ran.stderr.contains(&secret), "{fault}");
    }
}

#[test]
fn content_goes_into_the_body_and_a_broken_file_is_named_with_its_place() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let file = home.path().join("content.json");
    std::fs::write(&file, "{\"pyLabel\": \n oops}").unwrap();
    let path = file.to_str().unwrap();
    let value = flow_json(&home, &sandbox.credentials, &["--content", path]).exits(2).json();
    assert_eq!(value["error"]["line"], 2, "{value}");
    // This case type takes no unknown field at the start, and the answer says which: so it was sent.
    std::fs::write(&file, "{\"NoSuchField\": \"x\"}").unwrap();
    let more = ["--content", path, "--case-type", "Acme-Cases-Work-Inspection"];
    let value = flow_json(&home, &sandbox.credentials, &more).exits(1).json();
    assert!(value["error"].to_string().contains("NoSuchField"), "{value}");
}
