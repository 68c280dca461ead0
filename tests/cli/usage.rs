//! Lines that cannot be taken, and options that every command has.

use crate::support::Home;

#[test]
fn a_mistyped_command_gets_a_suggestion_and_exit_2() {
    let ran = Home::new().run(&["sned", "x"]).exits(2);
    assert!(ran.stdout.is_empty());
    assert!(ran.stderr.contains("send"), "{}", ran.stderr);
}

#[test]
fn a_usage_error_with_json_still_prints_one_object() {
    let ran = Home::new().run(&["list", "--resolvd", "--json"]).exits(2);
    let error = &ran.json()["error"];
    assert_eq!(error["kind"], "usage");
    assert!(error["next"].as_str().unwrap().contains("--resolved"), "{error}");
    for key in ["kind", "what", "why", "next", "file", "line", "column"] {
        assert!(error.get(key).is_some(), "{key} is missing in {error}");
    }
}

#[test]
fn version_and_help_are_answers() {
    let home = Home::new();
    let ran = home.run(&["--version"]).exits(0);
    assert_eq!(ran.text().trim(), concat!("hallpass ", env!("CARGO_PKG_VERSION")));
    assert!(home.run(&["--help"]).exits(0).text().contains("sandbox"));
}

#[test]
fn a_command_that_needs_a_workspace_says_how_to_make_one() {
    let ran = Home::new().run(&["list", "--json"]).exits(2);
    assert!(ran.json()["error"]["next"].as_str().unwrap().contains("hallpass init"));
    let ran = Home::new().run(&["list"]).exits(2);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("hallpass init"), "{}", ran.stderr);
}

#[test]
fn a_workspace_named_with_c_is_used_from_anywhere() {
    let home = Home::with_cases();
    let work = home.work();
    let mut command = home.command(&["-C", work.to_str().unwrap(), "list", "--json"]);
    command.current_dir(home.path());
    let ran = crate::support::finish(command, b"").exits(0);
    assert!(!ran.json().as_array().unwrap().is_empty());
}

#[test]
fn completions_are_a_script_for_the_shell() {
    let ran = Home::new().run(&["completions", "bash"]).exits(0);
    assert!(ran.text().contains("hallpass"));
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_error() {
    use std::process::Stdio;
    let home = Home::new();
    let mut command = home.command(&["completions", "zsh"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let status = crate::support::wait(&mut child);
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut said).unwrap();
    assert!(status.success() && said.is_empty(), "{status} {said}");
}
