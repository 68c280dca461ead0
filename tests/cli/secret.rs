//! `hallpass secret`.

use crate::support::Home;

const CANARY: &str = "canary-9f3c-SECRET-value";

fn home() -> Home {
    Home::with_files(&[
        ("environments/dev.toml", "[variables]\nbase_url = \"http://dev.test\"\n"),
        ("collections/c/get.toml", "name = \"Get\"\nmethod = \"GET\"\nurl = \"{{base_url}}/x\"\n"),
    ])
}

#[test]
fn a_secret_from_a_pipe_is_kept_encrypted_and_marked_in_the_environment() {
    let home = home();
    let ran = home.run_open(&["secret", "set", "api_key"], format!("{CANARY}\n").as_bytes()).exits(0);
    assert!(!ran.text().contains(CANARY) && !ran.stderr.contains(CANARY));
    let text = std::fs::read_to_string(home.work().join("environments/dev.toml")).unwrap();
    assert!(text.contains("api_key = { secret = true }"), "{text}");
    assert!(!home.holds(CANARY));
    let names = home.run_open(&["secret", "list", "--json"], b"").exits(0).json();
    assert_eq!(names, serde_json::json!([{"name": "api_key", "environment": "dev"}]));
}

#[test]
fn without_a_way_to_keep_it_nothing_is_written() {
    let home = home();
    let before = std::fs::read(home.work().join("environments/dev.toml")).unwrap();
    let ran = home.run_with_stdin(&["secret", "set", "api_key", "--json"], CANARY.as_bytes()).exits(2);
    assert!(ran.json()["error"]["next"].as_str().unwrap().contains("HALLPASS_PASSPHRASE"));
    assert_eq!(std::fs::read(home.work().join("environments/dev.toml")).unwrap(), before);
    assert!(!home.holds(CANARY));
}

#[test]
fn a_passphrase_file_opens_the_vault_and_a_wrong_one_does_not() {
    let home = home();
    let (good, bad) = (home.path().join("good"), home.path().join("bad"));
    std::fs::write(&good, "correct horse\n").unwrap();
    std::fs::write(&bad, "wrong horse\n").unwrap();
    home.run_open(&["secret", "set", "api_key"], CANARY.as_bytes()).exits(0);
    home.run(&["secret", "list", "--passphrase-file", good.to_str().unwrap()]).exits(0);
    home.run(&["secret", "list", "--passphrase-file", bad.to_str().unwrap()]).exits(2);
    home.run(&["secret", "list"]).exits(2);
}

#[test]
fn forgetting_what_is_not_there_suggests_what_is() {
    let home = home();
    home.run_open(&["secret", "set", "api_key"], CANARY.as_bytes()).exits(0);
    let ran = home.run_open(&["secret", "forget", "api_kye"], b"").exits(2);
    assert!(ran.stderr.contains("api_key"), "{}", ran.stderr);
    home.run_open(&["secret", "forget", "api_key"], b"").exits(0);
    assert_eq!(home.run_open(&["secret", "list", "--json"], b"").json(), serde_json::json!([]));
}

#[test]
fn a_secret_that_is_sent_is_shown_nowhere() {
    let home = home();
    let url =
        crate::support::canned(crate::support::http("200 OK", "", format!("you sent {CANARY}").as_bytes()));
    let request = format!(
        "name = \"Get\"\nmethod = \"GET\"\nurl = \"{url}/x\"\nheaders = [{{ name = \"X-Key\", value = \"{{{{api_key}}}}\" }}]\n\
         [capture]\necho = {{ text = true }}\n[[check]]\ntext = true\nequals = \"no\"\n"
    );
    std::fs::write(home.work().join("collections/c/get.toml"), request).unwrap();
    home.run_open(&["secret", "set", "api_key"], CANARY.as_bytes()).exits(0);
    let ran = home.run_open(&["send", "get", "--json"], b"");
    assert_eq!(ran.json()["response"]["status"], 200, "{}", ran.text());
    assert!(!ran.text().contains(CANARY) && !ran.stderr.contains(CANARY), "{}\n{}", ran.text(), ran.stderr);
    assert!(ran.json()["request"]["headers"].to_string().contains("•••"));
    let ran = home.run_open(&["run", "c"], b"").exits(1);
    assert!(!ran.text().contains(CANARY) && !ran.stderr.contains(CANARY), "{}\n{}", ran.text(), ran.stderr);
    let ran = home.run_open(&["send", "get", "--dry-run"], b"").exits(0);
    assert!(ran.text().contains("X-Key: •••") && !ran.text().contains(CANARY), "{}", ran.text());
    let ran = home.run_open(&["send", "get", "--json", "--with-secrets"], b"");
    assert!(ran.json()["request"]["headers"].to_string().contains(CANARY));
    assert!(!home.holds(CANARY));
}
