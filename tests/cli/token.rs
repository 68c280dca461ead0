//! `hallpass token`.

use crate::support::{Home, Sandbox, canned, http};

fn with_profile() -> (Home, Sandbox) {
    let home = Home::with_cases();
    let sandbox = Sandbox::start(&home);
    home.run_open(&["import", sandbox.file(), "--env", "box"], b"").exits(0);
    home.run(&["env", "use", "box"]).exits(0);
    (home, sandbox)
}

#[test]
fn the_token_and_nothing_else_is_on_stdout() {
    let (home, _sandbox) = with_profile();
    let token = home.run_open(&["token", "pega"], b"").exits(0).text();
    assert_eq!(token.lines().count(), 1);
    assert_eq!(token.trim().split('.').count(), 3, "{token}");
    let header = home.run_open(&["token", "pega", "--header"], b"").exits(0).text();
    assert!(header.starts_with("Authorization: Bearer ey"), "{header}");
    let decoded = home.run_with_stdin(&["jwt", "decode", "--json"], token.as_bytes()).exits(0).json();
    assert!(decoded["claims"]["sub"].is_string(), "{decoded}");
}

#[test]
fn as_json_it_has_every_key_of_the_contract() {
    let (home, _sandbox) = with_profile();
    let value = home.run_open(&["token", "pega", "--json"], b"").exits(0).json();
    let keys = [
        "profile",
        "environment",
        "identity",
        "access_token",
        "token_type",
        "expires_in",
        "expires_at",
        "scope",
        "claims",
    ];
    for key in keys {
        assert!(value.get(key).is_some(), "{key} is missing in {value}");
    }
    assert_eq!((&value["profile"], &value["environment"]), (&"pega".into(), &"box".into()));
    assert!(value["expires_in"].as_i64().unwrap() > 0);
}

#[test]
fn a_vault_without_its_passphrase_exits_2_and_says_so() {
    let (home, _sandbox) = with_profile();
    let ran = home.run(&["token", "pega", "--json"]).exits(2);
    let value = ran.json();
    assert!(value["error"].to_string().contains("HALLPASS_PASSPHRASE"), "{value}");
    assert_eq!(value["profile"], "pega");
}

#[test]
fn a_mistyped_profile_or_action_gets_a_suggestion() {
    let home = Home::with_cases();
    assert!(home.run(&["token", "pgea"]).exits(2).stderr.contains("`pega`"));
    assert!(home.run(&["token", "renw"]).exits(2).stderr.contains("renew"));
}

#[test]
fn the_cache_keeps_a_token_between_commands_until_it_is_forgotten() {
    let (home, _sandbox) = with_profile();
    let first = home.run_open(&["token", "pega"], b"").exits(0).text();
    let second = home.run_open(&["token", "pega"], b"").exits(0).text();
    assert_eq!(first, second);
    let listed = home.run_open(&["token", "list", "--json"], b"").exits(0);
    assert_eq!(listed.json()[0]["profile"], "pega");
    assert!(!listed.text().contains(first.trim()));
    assert!(!home.holds(first.trim()));
    let renewed = home.run_open(&["token", "renew", "pega"], b"").exits(0).text();
    assert_ne!(renewed, first);
    home.run_open(&["token", "forget", "pega"], b"").exits(0);
    assert_eq!(home.run_open(&["token", "list", "--json"], b"").exits(0).json(), serde_json::json!([]));
}

#[test]
fn what_asks_about_a_token_that_is_not_there_exits_2_with_its_shape() {
    let (home, _sandbox) = with_profile();
    for (action, key) in
        [("revoke", "revoked"), ("introspect", "active"), ("userinfo", "userinfo"), ("show", "scope")]
    {
        let value = home.run_open(&["token", action, "pega", "--json"], b"").exits(2).json();
        assert_eq!(
            (&value["profile"], &value["environment"]),
            (&"pega".into(), &"box".into()),
            "{action}: {value}"
        );
        assert!(value.as_object().unwrap().contains_key(key) && value[key].is_null(), "{action}: {value}");
        assert!(
            value["error"]["next"].as_str().unwrap().contains("hallpass token pega"),
            "{action}: {value}"
        );
    }
}

#[test]
fn a_token_of_another_identity_is_not_taken_for_the_one_that_is_meant() {
    let (home, _sandbox) = with_profile();
    home.run_open(&["token", "pega"], b"").exits(0);
    let ran = home.run_open(&["token", "show", "pega", "--identity", "nobody"], b"").exits(2);
    assert!(ran.stderr.contains("`nobody`"), "{}", ran.stderr);
    let other = home.run_open(&["token", "pega", "--identity", "batch", "--json"], b"").exits(0).json();
    assert_eq!(other["identity"], "batch");
    let ran = home.run_open(&["token", "forget", "pega"], b"").exits(2);
    assert!(ran.stderr.contains("--identity"), "{}", ran.stderr);
    let gone =
        home.run_open(&["token", "forget", "pega", "--identity", "batch", "--json"], b"").exits(0).json();
    assert_eq!((&gone["identity"], &gone["forgotten"]), (&"batch".into(), &true.into()));
    home.run_open(&["token", "show", "pega"], b"").exits(0);
}

#[test]
fn a_mistyped_token_command_gets_a_suggestion() {
    let home = Home::with_cases();
    for (typed, meant) in [("revok", "revoke"), ("introspet", "introspect"), ("discovr", "discover")] {
        let ran = home.run(&["token", typed]).exits(2);
        assert!(ran.stderr.contains(&format!("`{meant}`")), "{}", ran.stderr);
    }
}

#[test]
fn discovery_is_only_written_where_a_profile_is_named() {
    let home = Home::with_cases();
    home.run(&["token", "discover", "http://127.0.0.1:1", "--write"]).exits(2);
    let ran = home.run(&["token", "discover", "http://127.0.0.1:1", "--profile", "pgea"]).exits(2);
    assert!(ran.stderr.contains("`pega`"), "{}", ran.stderr);
}

#[test]
fn a_token_that_a_damaged_vault_cannot_take_is_printed_and_told_as_not_kept() {
    let answer = br#"{"access_token":"tok","token_type":"Bearer","expires_in":3600}"#;
    let server = canned(http("200 OK", "Content-Type: application/json\r\n", answer));
    let profile = format!(
        "grant = \"client_credentials\"\ntoken_url = \"{server}/t\"\nclient_id = \"x\"\nclient_auth = \"none\"\n"
    );
    let home = Home::with_files(&[("auth/own.toml", &profile)]);
    let first = home.run_open(&["token", "own"], b"").exits(0);
    assert!(first.text().trim() == "tok" && !first.stderr.contains("not kept"), "{}", first.stderr);
    let vault = home.path().join("data/hallpass/vault");
    std::fs::write(&vault, "damaged").unwrap();
    let ran = home.run_open(&["token", "own"], b"").exits(0);
    assert!(ran.text().trim() == "tok" && ran.stderr.contains("the token is not kept"), "{}", ran.stderr);
    assert_eq!(std::fs::read_to_string(&vault).unwrap(), "damaged");
}
