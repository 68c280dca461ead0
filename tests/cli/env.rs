//! `hallpass env`.

use crate::support::Home;

fn home() -> Home {
    Home::with_files(&[
        (
            "environments/dev.toml",
            "# ours\n[variables]\nbase_url = \"http://dev.test\" # here\nclient_secret = { secret = true }\n",
        ),
        ("environments/staging.toml", "protected = true\n[variables]\nbase_url = \"http://staging.test\"\n"),
        (
            "collections/c/collection.toml",
            "name = \"C\"\n[variables]\nbase_url = \"http://default.test\"\nsize = \"3\"\n",
        ),
        ("collections/c/get.toml", "name = \"Get\"\nmethod = \"GET\"\nurl = \"{{base_url}}/x\"\n"),
    ])
}

#[test]
fn the_list_masks_secrets_and_marks_the_one_in_use() {
    let home = home();
    home.run(&["env", "use", "staging"]).exits(0);
    let all = home.run(&["env", "list", "--json"]).exits(0).json();
    let names: Vec<_> = all.as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["dev", "staging"]);
    assert_eq!((&all[0]["active"], &all[1]["active"]), (&false.into(), &true.into()));
    assert_eq!(all[1]["protected"], true);
    assert_eq!(all[0]["variables"]["client_secret"], "•••");
    assert_eq!(all[0]["variables"]["base_url"], "http://dev.test");
}

#[test]
fn what_is_in_use_is_remembered_for_the_user_and_not_in_the_files() {
    let home = home();
    let before = std::fs::read(home.work().join("hallpass.toml")).unwrap();
    home.run(&["env", "use", "dev"]).exits(0);
    assert_eq!(std::fs::read(home.work().join("hallpass.toml")).unwrap(), before);
    let shown = home.run(&["env", "show", "--json"]).exits(0).json();
    assert_eq!(shown["name"], "dev");
}

#[test]
fn show_says_where_a_value_comes_from_and_what_it_shadows() {
    let shown = home().run(&["env", "show", "dev", "--json"]).exits(0).json();
    let base = &shown["sources"]["base_url"];
    assert_eq!(base["from"], "environments/dev.toml");
    assert_eq!(base["shadows"][0]["value"], "http://default.test");
    assert_eq!(shown["sources"]["size"]["from"], "collection c");
    assert_eq!(shown["sources"]["client_secret"]["from"], "vault");
}

#[test]
fn set_and_unset_change_one_line_and_keep_comments() {
    let home = home();
    home.run(&["env", "set", "base_url", "http://new.test", "--env", "dev"]).exits(0);
    let text = std::fs::read_to_string(home.work().join("environments/dev.toml")).unwrap();
    assert!(text.contains("# ours") && text.contains("base_url = \"http://new.test\" # here"), "{text}");
    home.run(&["env", "unset", "base_url", "--env", "dev"]).exits(0);
    let text = std::fs::read_to_string(home.work().join("environments/dev.toml")).unwrap();
    assert!(!text.contains("base_url") && text.contains("client_secret"), "{text}");
}

#[test]
fn a_secret_is_not_set_from_an_argument() {
    let home = home();
    let canary = "canary-4711-canary";
    for name in ["client_secret", "other_password"] {
        let ran = home.run(&["env", "set", name, canary, "--env", "dev"]).exits(2);
        assert!(ran.stderr.contains(&format!("hallpass secret set {name}")), "{}", ran.stderr);
    }
    assert!(!home.holds(canary));
}

#[test]
fn a_mistyped_environment_gets_a_suggestion() {
    let home = home();
    for args in
        [&["env", "use", "stagin"][..], &["env", "show", "stagin"], &["send", "get", "--env", "stagin"]]
    {
        let ran = home.run(args).exits(2);
        assert!(ran.stderr.contains("did you mean `staging`?"), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn a_name_that_no_placeholder_could_use_is_refused_and_nothing_is_written() {
    let home = Home::with_cases();
    let file = home.work().join("environments/dev.toml");
    let before = std::fs::read(&file).unwrap();
    for name in ["", "a}}", "a|b", "a\nb"] {
        let error = home.run(&["env", "set", name, "x", "--json"]).exits(2).json()["error"].clone();
        assert!(error["what"].as_str().unwrap().contains("cannot name a variable"), "{error}");
        home.run_open(&["secret", "set", name], b"v").exits(2);
    }
    assert_eq!(std::fs::read(&file).unwrap(), before);
}
