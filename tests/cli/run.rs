//! `hallpass run`.

use crate::support::{Home, Sandbox, canned, dead_port, http, recording};

#[test]
fn the_sample_collection_creates_a_case_and_reads_it_back() {
    let home = Home::with_cases();
    let sandbox = Sandbox::start(&home);
    home.run_open(&["import", sandbox.file(), "--env", "box"], b"").exits(0);
    let ran = home.run_open(&["run", "pega-cases", "--env", "box", "--json"], b"").exits(0);
    let value = ran.json();
    assert_eq!(value["failed"], 0);
    assert!(value["checks"]["passed"].as_u64().unwrap() >= 3, "{value}");
    let paths: Vec<&str> =
        value["results"].as_array().unwrap().iter().map(|r| r["path"].as_str().unwrap()).collect();
    let at = |p: &str| paths.iter().position(|x| *x == p).unwrap_or_else(|| panic!("{p} not in {paths:?}"));
    assert!(at("pega-cases/create-case") < at("pega-cases/get-case"));
    assert!(!ran.text().contains(&sandbox.secret()));
}

fn home(first: &str, second: &str) -> Home {
    Home::with_files(&[
        ("collections/c/collection.toml", "name = \"C\"\norder = [\"one\", \"two\"]\n"),
        (
            "collections/c/one.toml",
            &format!(
                "name = \"One\"\nmethod = \"GET\"\nurl = \"{first}/one\"\n\
                 [capture]\nid = {{ json = \"$.id\" }}\n[[check]]\nstatus = 200\n"
            ),
        ),
        (
            "collections/c/two.toml",
            &format!("name = \"Two\"\nmethod = \"GET\"\nurl = \"{second}/two/{{{{id}}}}\"\n"),
        ),
    ])
}

#[test]
fn captures_flow_on_and_the_shape_is_that_of_the_contract() {
    let url = canned(http("200 OK", "content-type: application/json\r\n", b"{\"id\": \"A 7\"}"));
    let value = home(&url, &url).run(&["run", "c", "--json"]).exits(0).json();
    for key in ["requests", "failed", "checks", "iterations", "duration_ms", "results"] {
        assert!(value.get(key).is_some(), "{key} is missing in {value}");
    }
    assert_eq!((&value["requests"], &value["failed"]), (&2.into(), &0.into()));
    for key in ["path", "iteration", "status", "ok", "checks", "findings"] {
        assert!(value["results"][1].get(key).is_some(), "{key}");
    }
}

fn write(home: &Home, file: &str, text: &str) {
    std::fs::write(home.work().join(file), text).unwrap();
}

#[test]
fn a_broken_file_among_what_is_run_is_2_and_nothing_is_sent() {
    let (url, seen) = recording(http("200 OK", "", b"{}"));
    let home = home(&url, &url);
    write(&home, "collections/c/three.toml", "url = \n");
    for path in [".", "c"] {
        let error = home.run(&["run", path, "--set", "id=1", "--json"]).exits(2).json()["error"].clone();
        assert!(error["file"].as_str().unwrap().ends_with("three.toml"), "{error}");
    }
    assert!(seen.lock().unwrap().is_empty());
    home.run(&["run", "c/two", "--set", "id=1"]).exits(0);
}

#[test]
fn a_request_below_a_broken_collection_file_is_not_sent_without_its_auth() {
    let (url, seen) = recording(http("200 OK", "", b"{}"));
    let home = home(&url, &url);
    write(&home, "collections/c/collection.toml", "auth = \"pega\"\n<<<<<<< HEAD\n");
    let error = home.run(&["send", "c/one", "--json"]).exits(2).json()["error"].clone();
    assert!(error["file"].as_str().unwrap().ends_with("collection.toml"), "{error}");
    home.run(&["run", "c", "--set", "id=1"]).exits(2);
    assert!(seen.lock().unwrap().is_empty());
}

#[test]
fn anything_that_fails_makes_it_1_and_the_rest_is_still_sent_unless_bail() {
    let dead = format!("http://127.0.0.1:{}", dead_port());
    let good = canned(http("200 OK", "", b"{}"));
    let home = home(&dead, &good);
    let value = home.run(&["run", ".", "--set", "id=1", "--json"]).exits(1).json();
    assert_eq!((&value["requests"], &value["failed"]), (&2.into(), &1.into()));
    assert_eq!(value["results"][0]["status"], serde_json::Value::Null);
    let value = home.run(&["run", ".", "--set", "id=1", "--bail", "--json"]).exits(1).json();
    assert_eq!((&value["requests"], &value["skipped"]), (&1.into(), &1.into()));
    let ran = home.run(&["run", "c", "--set", "id=1"]).exits(1);
    assert!(ran.text().contains("FAIL") && ran.text().contains("c/one"), "{}", ran.text());
}

#[test]
fn a_mistyped_path_sends_nothing() {
    let url = canned(http("200 OK", "", b"{}"));
    let ran = home(&url, &url).run(&["run", "c", "c/tow"]).exits(2);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("c/two"), "{}", ran.stderr);
}

#[test]
fn what_a_server_sends_is_never_taken_for_a_variable() {
    let secret = "canary-77-do-not-send";
    let body = b"{\"id\": \"{{password_of_mine}}\"}";
    let (url, seen) = recording(http("200 OK", "content-type: application/json\r\n", body));
    let home = home(&url, &url);
    let set = format!("password_of_mine={secret}");
    home.run(&["run", "c", "--set", &set, "--json"]);
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(!seen[1].contains(secret), "{seen:?}");
}
