//! `hallpass sandbox`.

use crate::support::{Home, Sandbox};

#[test]
fn one_line_says_where_it_listens_and_the_credentials_are_there_by_then() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    assert!(sandbox.url.starts_with("http://127.0.0.1:"), "{}", sandbox.url);
    let text = std::fs::read_to_string(&sandbox.credentials).unwrap();
    assert!(text.contains("Client ID") && text.contains(&sandbox.url), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&sandbox.credentials).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[cfg(unix)]
#[test]
fn it_ends_well_on_sigterm_and_on_ctrl_c() {
    for signal in ["TERM", "INT"] {
        let home = Home::new();
        let sandbox = Sandbox::start(&home);
        let status = std::process::Command::new("kill")
            .args(["-s", signal, &sandbox.pid().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
        assert_eq!(sandbox.wait(), 0, "{signal}");
    }
}

#[test]
fn faults_are_listed_with_their_codes() {
    let home = Home::new();
    let all = home.run(&["sandbox", "--list-faults", "--json"]).exits(0).json();
    let all = all.as_array().unwrap();
    assert!(!all.is_empty());
    for fault in all {
        for key in ["name", "code", "text"] {
            assert!(fault[key].as_str().is_some_and(|t| !t.is_empty()), "{fault}");
        }
    }
    let text = home.run(&["sandbox", "--list-faults"]).exits(0).text();
    assert_eq!(text.lines().count(), all.len());
}

#[test]
fn a_mistyped_fault_gets_a_suggestion() {
    let home = Home::new();
    let all = home.run(&["sandbox", "--list-faults", "--json"]).exits(0).json();
    let name = all[0]["name"].as_str().unwrap();
    let typo = format!("{name}x");
    let ran = home.run(&["sandbox", "--fault", &typo]).exits(2);
    assert!(ran.stderr.contains(name), "{}", ran.stderr);
}

#[test]
fn a_taken_port_is_said_to_be_taken() {
    let home = Home::new();
    let sandbox = Sandbox::start(&home);
    let port = sandbox.url.rsplit(':').next().unwrap().to_owned();
    let ran = home.run(&["sandbox", "--port", &port]);
    assert_ne!(ran.code, 0);
    assert!(ran.stdout.is_empty() && ran.stderr.contains(&port), "{}", ran.stderr);
}
