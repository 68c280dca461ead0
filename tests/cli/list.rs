//! `hallpass list`.

use crate::support::Home;

fn home() -> Home {
    Home::with_files(&[
        ("environments/dev.toml", "[variables]\nbase_url = \"http://dev.test\"\nkey = { secret = true }\n"),
        (
            "collections/c/collection.toml",
            "name = \"C\"\norder = [\"zeta\", \"alpha\"]\nauth = \"pega\"\n\
             headers = [{ name = \"Accept\", value = \"application/json\" }]\n",
        ),
        ("auth/pega.toml", "grant = \"client_credentials\"\ntoken_url = \"http://t.test/token\"\n"),
        (
            "collections/c/alpha.toml",
            "name = \"A\"\nmethod = \"GET\"\nurl = \"{{base_url}}/a\"\nauth = \"none\"\n",
        ),
        (
            "collections/c/zeta.toml",
            "name = \"Z\"\nmethod = \"POST\"\nurl = \"{{base_url}}/z\"\n\
             headers = [{ name = \"X-Key\", value = \"{{key}}\" }]\n[body]\njson = '{\"a\": 1}'\n",
        ),
    ])
}

#[test]
fn requests_come_in_order_with_what_they_inherit() {
    let all = home().run(&["list", "--json"]).exits(0).json();
    assert_eq!(all[0]["path"], "c/zeta");
    assert_eq!(all[1]["path"], "c/alpha");
    assert_eq!(all[0]["auth"], serde_json::json!({"kind": "oauth2", "profile": "pega"}));
    assert_eq!(all[1]["auth"], serde_json::json!({"kind": "none", "profile": null}));
    assert_eq!(all[0]["headers"][0]["name"], "Accept");
    assert_eq!(all[0]["url"], "{{base_url}}/z");
    assert_eq!(all[0]["body"], serde_json::json!({"kind": "json", "text": "{\"a\": 1}"}));
    assert_eq!(all[1]["body"], serde_json::json!({"kind": "none", "text": null}));
    assert_eq!(all[0]["tags"], serde_json::json!([]));
}

#[test]
fn resolved_puts_in_values_and_masks_secrets_without_a_vault() {
    let all = home().run(&["list", "c/zeta", "--resolved", "--env", "dev", "--json"]).exits(0).json();
    assert_eq!(all[0]["url"], "http://dev.test/z");
    let headers = all[0]["headers"].as_array().unwrap();
    assert!(headers.iter().any(|h| h["name"] == "X-Key" && h["value"] == "•••"), "{headers:?}");
}

#[test]
fn a_mistyped_path_gets_a_suggestion() {
    let ran = home().run(&["list", "c/zeat"]).exits(2);
    assert!(ran.stderr.contains("c/zeta"), "{}", ran.stderr);
}

#[test]
fn a_broken_file_is_a_warning_and_the_rest_is_listed() {
    let home = home();
    std::fs::write(home.work().join("collections/c/alpha.toml"), "name = \"A\nmethod = 3").unwrap();
    let ran = home.run(&["list", "--json"]).exits(0);
    assert_eq!(ran.json().as_array().unwrap().len(), 1);
    assert!(ran.stderr.contains("alpha.toml:1:"), "{}", ran.stderr);
    let ran = home.run(&["send", "c/alpha", "--json"]).exits(2);
    let error = &ran.json()["error"];
    assert!(error["file"].as_str().unwrap().ends_with("alpha.toml") && error["line"] == 1, "{error}");
}
