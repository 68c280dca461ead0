//! Every grant and client authentication of the sandbox's own workspaces, by the real binary: the generic
//! server's and Pega's. The same against servers that others wrote is in tests/peers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what it needs")]

#[allow(dead_code, reason = "shared with the peer tests")]
#[path = "support/browser.rs"]
mod browser;
#[allow(dead_code, reason = "shared with the peer tests")]
#[path = "support/login.rs"]
mod login;
#[allow(dead_code, reason = "shared with the canary tests")]
#[path = "support/stage.rs"]
mod stage;
#[allow(dead_code, reason = "shared with the command-line tests, which use all of it")]
#[path = "cli/support.rs"]
mod support;

use browser::Browser;
use hallpass::sandbox::Sandbox;
use login::Login;
use stage::{Stage, alice, stage};

/// The requests of the generic server's folder `grants` with a tag: stem and profile.
fn requests(stage: &Stage, tag: &str) -> Vec<(String, String)> {
    let all = stage.run(&["list", "rfc-orders/grants", "--json"]).exits(0).json();
    let tagged =
        all.as_array().unwrap().iter().filter(|r| r["tags"].as_array().unwrap().contains(&tag.into()));
    tagged
        .map(|r| (r["path"].as_str().unwrap().to_owned(), r["auth"]["profile"].as_str().unwrap().to_owned()))
        .collect()
}

#[test]
fn each_grant_that_needs_nobody_opens_the_generic_api() {
    // With the port for client certificates.
    let stage = stage("rfc", &["rfc-mtls"], Sandbox::rfc_extras);
    let all = requests(&stage, "machine");
    assert!(all.len() >= 9 && all.iter().any(|(_, profile)| profile == "rfc-client-tls"), "{all:?}");
    for (request, profile) in all {
        let ran = stage.run(&["send", &request, "--json"]);
        assert_eq!((ran.code, &ran.json()["response"]["status"]), (0, &200.into()), "{profile}: {ran:?}");
    }
}

#[test]
fn each_login_at_the_generic_server_opens_its_api() {
    let stage = stage("rfc", &[], Sandbox::rfc_extras);
    let all = requests(&stage, "person");
    assert!(all.len() >= 5, "{all:?}");
    for (request, profile) in all {
        let mut login = Login::start(stage.command(&["token", &profile]));
        let browser = Browser::new();
        if profile.contains("device") {
            let (page, code) = login.device();
            let typed = [
                ("user_code", &*code),
                ("username", "alice"),
                ("password", "wonderland"),
                ("decision", "allow"),
            ];
            assert_eq!(browser.submit(&browser.open(&page, ""), &typed, "").status, 200);
        } else {
            assert_eq!(alice(&browser, &login.url()).status, 200);
        }
        login.finish().exits(0);
        stage.run(&["send", &request]).exits(0);
    }
}

/// What the sandbox handed out under a name.
fn known(stage: &Stage, name: &str) -> String {
    let plain = stage.extras.variables.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    let secret = || stage.extras.secrets.iter().find(|(n, _)| n == name).map(|(_, s)| s.expose().to_owned());
    plain.or_else(secret).unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn each_pega_grant_opens_the_case_api_and_speaks_for_the_operator() {
    let stage = stage("pega", &[], Sandbox::demo_extras);
    let operator = known(&stage, "pega_operator");
    let mut profiles = Vec::new();
    for (path, _) in &stage.extras.files {
        if let Some(name) = path.to_str().and_then(|p| p.strip_prefix("auth/")?.strip_suffix(".toml")) {
            profiles.push(name.to_owned());
            let file = stage.home.work().join(format!("collections/c/{name}.toml"));
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            let url = "{{base_url}}/api/application/v2/casetypes";
            let text = format!(
                "name = \"x\"\nmethod = \"GET\"\nurl = \"{url}\"\nauth = \"{name}\"\n[[check]]\nstatus = 200\n"
            );
            std::fs::write(file, text).unwrap();
        }
    }
    assert!(profiles.len() >= 5, "{profiles:?}");
    for name in profiles {
        if name == "pega-login" {
            let mut login = Login::start(stage.command(&["token", &name]));
            let browser = Browser::new();
            let page = browser.open(&login.url(), "");
            let typed =
                [("UserIdentifier", &*operator), ("Password", &*known(&stage, "pega_operator_password"))];
            assert_eq!(browser.submit(&page, &typed, "").status, 200);
            login.finish().exits(0);
        }
        let ran = stage.run(&["send", &format!("c/{name}"), "--json"]);
        assert_eq!(ran.code, 0, "{name}: {ran:?}");
        let token = stage.run(&["token", &name, "--json"]).exits(0).json();
        assert_eq!(token["claims"]["sub"], operator.as_str(), "{name}: {token}");
    }
}

#[test]
fn a_login_is_renewed_again_and_again_by_refresh_tokens_that_work_once() {
    let stage = stage("rfc", &[], Sandbox::rfc_extras);
    let mut login = Login::start(stage.command(&["token", "rfc-code"]));
    assert_eq!(alice(&Browser::new(), &login.url()).status, 200);
    let mut seen = vec![login.finish().exits(0).text()];
    for _ in 0..3 {
        seen.push(stage.run(&["token", "renew", "rfc-code"]).exits(0).text());
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 4);
    let log = stage.home.run(&["token", "log", "rfc-code", "--json"]).exits(0).json();
    let words: Vec<&str> =
        log.as_array().unwrap().iter().map(|line| line["what"].as_str().unwrap()).collect();
    assert_eq!(words, ["refreshed", "refreshed", "refreshed", "obtained"], "{log}");
    let all = stage.home.run(&["token", "log", "nobody", "--json"]).exits(0).json();
    assert_eq!(all, serde_json::json!([]));
}
