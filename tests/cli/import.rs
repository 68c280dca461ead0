//! `hallpass import`.

use crate::support::Home;

const SECRET: &str = "0123456789ABCDEF0123456789ABCDEF";

fn credentials() -> String {
    format!(
        "Client ID\n12345678901234567890\nClient Secret\n{SECRET}\nAuthorization endpoint\n\
         https://pega.example.test/prweb/PRRestService/oauth2/v1/authorize\nAccess token endpoint\n\
         https://pega.example.test/prweb/PRRestService/oauth2/v1/token\n"
    )
}

#[test]
fn a_credentials_file_fills_environment_profile_and_vault() {
    let home = Home::with_cases();
    let ran =
        home.run_open(&["import", "-", "--env", "staging", "--json"], credentials().as_bytes()).exits(0);
    let value = ran.json();
    let keys = [
        "format",
        "collection",
        "requests",
        "folders",
        "environments",
        "profiles",
        "kept",
        "changed",
        "dropped",
    ];
    for key in keys {
        assert!(value.get(key).is_some(), "{key} is missing in {value}");
    }
    assert_eq!(value["format"], "pega-credentials");
    assert!(value["kept"].to_string().contains("client_secret"));
    let text = std::fs::read_to_string(home.work().join("environments/staging.toml")).unwrap();
    assert!(text.contains("https://pega.example.test/prweb") && text.contains("secret = true"), "{text}");
    assert!(home.work().join("auth/pega.toml").is_file());
    assert!(!home.holds(SECRET) && !ran.text().contains(SECRET) && !ran.stderr.contains(SECRET));
    let names = home.run_open(&["secret", "list", "--json"], b"").exits(0).json();
    assert_eq!(names, serde_json::json!([{"name": "client_secret", "environment": "staging"}]));
}

#[test]
fn without_a_place_for_the_secret_nothing_is_written() {
    let home = Home::with_cases();
    let ran = home.run_with_stdin(&["import", "-", "--env", "staging"], credentials().as_bytes()).exits(2);
    assert!(ran.stderr.contains("HALLPASS_PASSPHRASE"), "{}", ran.stderr);
    assert!(!home.work().join("environments/staging.toml").exists());
}

#[test]
fn a_curl_line_becomes_a_request_of_a_new_collection_without_its_secret() {
    let home = Home::with_cases();
    let line =
        format!("curl -X POST https://api.test/orders -H 'Authorization: Bearer {SECRET}' -d '{{\"a\":1}}'");
    let ran = home.run_with_stdin(&["import", "-", "--into", "mine", "--json"], line.as_bytes()).exits(0);
    assert_eq!(ran.json()["format"], "curl");
    let all = home.run(&["list", "mine", "--json"]).exits(0).json();
    assert_eq!(all[0]["method"], "POST");
    assert_eq!(all[0]["url"], "https://api.test/orders");
    assert!(!home.holds(SECRET), "{all}");
}
