//! `hallpass init`.

use crate::support::Home;

#[test]
fn a_workspace_is_made_with_the_samples_named() {
    let home = Home::new();
    let ran = home.run(&["init", "api", "--with", "pega-cases"]).exits(0);
    assert!(home.work().join("api/hallpass.toml").is_file());
    assert!(home.work().join("api/collections/pega-cases/create-case.toml").is_file());
    assert!(ran.text().contains("create-case.toml"), "{}", ran.text());
}

#[test]
fn a_workspace_that_is_there_is_not_touched() {
    let home = Home::with_cases();
    let file = home.work().join("hallpass.toml");
    let before = std::fs::read(&file).unwrap();
    home.run(&["init"]).exits(2);
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn a_mistyped_sample_gets_a_suggestion_and_writes_nothing() {
    let home = Home::new();
    let ran = home.run(&["init", "--with", "pega-case"]).exits(2);
    assert!(ran.stderr.contains("pega-cases"), "{}", ran.stderr);
    assert!(!home.work().join("hallpass.toml").exists());
}
