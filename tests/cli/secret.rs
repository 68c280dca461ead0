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

#[test]
fn the_passphrase_can_be_changed_and_the_store_in_use_is_told() {
    let home = home();
    home.run_open(&["secret", "set", "api_key"], CANARY.as_bytes()).exits(0);
    let ran = home.run_open(&["secret", "list"], b"").exits(0);
    assert!(ran.stderr.contains("vault: file"), "{}", ran.stderr);
    home.run_open(&["secret", "passphrase"], b"").exits(2);
    let ran = home.run_open(&["secret", "passphrase", "--json"], b"battery staple\n").exits(0);
    assert_eq!(ran.json(), serde_json::json!({"vault": "file"}));
    assert!(!ran.stderr.contains("battery") && !home.holds("battery"));
    home.run_open(&["secret", "list"], b"").exits(2);
    let file = home.path().join("new");
    std::fs::write(&file, "battery staple\n").unwrap();
    home.run(&["secret", "list", "--passphrase-file", file.to_str().unwrap()]).exits(0);
}

#[test]
fn without_a_keyring_a_vault_is_not_moved_and_an_unknown_store_is_refused() {
    let home = home();
    let ran = home.run_open(&["secret", "store", "keyring"], b"").exits(2);
    assert!(ran.stderr.contains("no vault yet"), "{}", ran.stderr);
    home.run_open(&["secret", "set", "api_key"], CANARY.as_bytes()).exits(0);
    let mut command = home.command(&["secret", "store", "keyring"]);
    command
        .env("HALLPASS_PASSPHRASE", "correct horse")
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus");
    #[cfg(target_os = "linux")]
    {
        let ran = crate::support::finish(command, b"").exits(2);
        assert!(ran.stderr.contains("keyring"), "{}", ran.stderr);
    }
    home.run_open(&["secret", "list"], b"").exits(0);
    let mut command = home.command(&["secret", "list"]);
    command.env("HALLPASS_VAULT", "memroy");
    let ran = crate::support::finish(command, b"").exits(2);
    assert!(ran.stderr.contains("HALLPASS_VAULT") && ran.stderr.contains("memory"), "{}", ran.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn a_keyring_that_never_answers_is_not_waited_for() {
    let home = home();
    // A bus that takes the connection and never says a word.
    let socket = home.path().join("bus");
    let _silent = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let run = |passphrase: Option<&str>| {
        let mut command = home.command(&["secret", "set", "api_key"]);
        command
            .env("HALLPASS_VAULT", "auto")
            .env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", socket.display()))
            .stdin(std::process::Stdio::piped());
        if let Some(passphrase) = passphrase {
            command.env("HALLPASS_PASSPHRASE", passphrase);
        }
        crate::support::finish(command, CANARY.as_bytes())
    };
    let ran = run(None).exits(2);
    assert!(
        ran.stderr.contains("within 2 s") && ran.stderr.contains("HALLPASS_PASSPHRASE"),
        "{}",
        ran.stderr
    );
    assert!(!home.holds(CANARY));
    let ran = run(Some("correct horse")).exits(0);
    assert!(ran.text().contains("(file)"), "{}", ran.text());
    assert!(!home.holds(CANARY));
}
