//! Requests made and changed by keys, and what that leaves in the files.

use crate::support::{SOON, Server, Work, answer, changed_lines, escape, quit, show, wait_shown};
use std::time::Duration;

const CREATE: &str = "collections/pega-cases/create-case.toml";

#[test]
fn an_edited_request_is_saved_with_only_the_changed_lines_changed() {
    let work = Work::new(&["--with", "pega-cases"]);
    let before = work.files();
    let mut session = work.open_on("Create case");
    session.press("g u");
    session.send("?view=full").press("enter");
    session.wait_for("v2/cases?view=full", SOON);
    session.press("g h a");
    session.send("X-Trace\rabc-1\r");
    session.wait_for("abc-1", SOON);
    session.press("g b enter");
    session.wait_for("EDIT", SOON);
    session.press("end");
    session.send(" ");
    escape(&mut session, "EDIT");
    assert_eq!(work.files(), before, "nothing is written before it is saved");
    session.press("w");
    work.wait_until(&session, "the save", |files| files[CREATE].contains("X-Trace"));
    session.wait_for("saved", SOON);
    quit(&mut session);
    let after = work.files();
    for (name, text) in &before {
        if name != CREATE {
            assert_eq!(&after[name], text, "{name}");
        }
    }
    assert_eq!(after.len(), before.len());
    assert_eq!(
        changed_lines(&before[CREATE], &after[CREATE]),
        [
            "-url = \"{{base_url}}/api/application/v2/cases\"",
            "-{ \"caseTypeID\": \"{{case_type}}\", \"content\": {} }",
            "+url = \"{{base_url}}/api/application/v2/cases?view=full\"",
            "+  { name = \"X-Trace\", value = \"abc-1\" },",
            "+{ \"caseTypeID\": \"{{case_type}}\", \"content\": {} } ",
        ]
    );
    assert!(after[CREATE].contains("# Values of the answer that the requests after this one use"));
}

#[test]
fn the_tree_is_changed_by_keys_and_every_change_can_be_undone() {
    let work = Work::new(&["--with", "pega-cases"]);
    let before = work.files();
    let mut session = work.open_on("Get case");
    let path = |stem: &str| format!("collections/pega-cases/{stem}.toml");

    session.press("a");
    session.wait_for("New request", SOON);
    session.send("Ping\r");
    work.wait_until(&session, "the new request", |files| files.contains_key(&path("ping")));
    wait_shown(&session, "Ping");

    session.press("2 r");
    session.wait_for("Rename", SOON);
    session.press("ctrl-u");
    session.send("Pong\r");
    work.wait_until(&session, "the new name", |files| {
        files.contains_key(&path("pong")) && !files.contains_key(&path("ping"))
    });
    wait_shown(&session, "Pong");

    let named_pong = |files: &std::collections::BTreeMap<String, String>| {
        files.keys().filter(|name| name.contains("pong")).count()
    };
    session.press("2 D");
    work.wait_until(&session, "the duplicate", |files| named_pong(files) == 2);
    session.wait_for("duplicated", SOON);
    session.press("u");
    work.wait_until(&session, "no duplicate", |files| named_pong(files) == 1);

    show(&mut session, "Pong");
    let order = |files: &std::collections::BTreeMap<String, String>| {
        let text = &files["collections/pega-cases/collection.toml"];
        text.lines().find(|line| line.starts_with("order")).unwrap_or("").to_owned()
    };
    let stood = order(&work.files());
    session.press("2 K");
    work.wait_until(&session, "the move", |files| order(files) != stood);
    session.wait_for("   moved", SOON);
    session.press("u");
    work.wait_until(&session, "the old order", |files| order(files) == stood);

    session.press("2 x");
    answer(&mut session, "Delete `Pong`", "y");
    work.wait_until(&session, "the deletion", |files| named_pong(files) == 0);
    session.wait_for("   deleted", SOON);
    session.press("u");
    work.wait_until(&session, "the return", |files| named_pong(files) == 1);

    // Back to the beginning: the name, then the request itself.
    session.press("u");
    work.wait_until(&session, "the old name", |files| files.contains_key(&path("ping")));
    session.press("u");
    work.wait_until(&session, "the files of before", |files| *files == before);
    quit(&mut session);
}

#[test]
fn a_request_moves_to_another_folder_by_a_choice() {
    let work = Work::new(&["--with", "pega-cases"]);
    let before = work.files();
    let mut session = work.open_on("Open assignment");
    session.press("2 M");
    session.wait_for("Move `", SOON);
    session.send("v1").press("enter");
    work.wait_until(&session, "the move", |files| {
        files.contains_key("collections/pega-cases/v1/open-assignment.toml")
            && !files.contains_key("collections/pega-cases/open-assignment.toml")
    });
    let moved = work.read("collections/pega-cases/v1/open-assignment.toml");
    assert_eq!(moved, before["collections/pega-cases/open-assignment.toml"]);
    session.wait_for("   moved", SOON);
    session.press("u");
    work.wait_until(&session, "the files of before", |files| *files == before);
    quit(&mut session);
}

#[test]
fn leaving_with_something_unsaved_asks_first() {
    let work = Work::new(&["--with", "pega-cases"]);
    let before = work.files();
    let mut session = work.open_on("Create case");
    session.press("g u");
    session.wait_for("EDIT", SOON);
    session.send("/x");
    session.wait_for("v2/cases/x", SOON);
    escape(&mut session, "EDIT");
    session.press("q");
    answer(&mut session, "not saved", "n");
    session.wait_until("no question", SOON, |screen| !screen.contains("not saved"));
    session.wait_for("v2/cases/x", SOON);
    assert!(session.runs());
    session.press("q");
    answer(&mut session, "not saved", "y");
    assert_eq!(session.wait_exit(SOON).exit_code(), 0);
    assert_eq!(work.files(), before);
}

#[test]
fn a_pasted_curl_line_becomes_the_request_and_sends_nothing() {
    let server = Server::answering("200 OK", "text/plain", "hello");
    let work = Work::with(&[("one", "name = \"One\"\nmethod = \"GET\"\nurl = \"http://127.0.0.1:9/\"\n")]);
    let mut session = work.open_on("One");
    let line = format!(
        "curl -X POST '{}/things' -H 'X-Kind: pasted' -H 'Content-Type: application/json' \\\n  --data '{{\"a\":1}}'\n",
        server.url
    );
    session.paste(&line);
    session.wait_until("the request", SOON, |screen| {
        screen.contains("/things")
            && screen.contains("POST")
            && screen.contains("the curl line is the request")
    });
    session.settle(Duration::from_millis(300));
    assert_eq!(server.connections(), 0, "a paste sent something");
    session.press("g h");
    session.wait_for("pasted", SOON);
    session.press("s");
    session.wait_for("200 OK", SOON);
    assert_eq!(server.connections(), 1);
    session.press("w");
    work.wait_until(&session, "the save", |files| files["collections/c/one.toml"].contains("/things"));
    session.wait_for("saved", SOON);
    quit(&mut session);
}

#[test]
fn pasted_keys_are_no_commands() {
    let server = Server::answering("200 OK", "text/plain", "hello");
    let work =
        Work::with(&[("one", &format!("name = \"One\"\nmethod = \"GET\"\nurl = \"{}\"\n", server.url))]);
    let before = work.files();
    let mut session = work.open_on("One");
    session.paste("s\rxyq\n>\r");
    session.wait_for("nothing here takes a paste", SOON);
    assert!(session.runs());
    assert_eq!((server.connections(), work.files()), (0, before));
    session.settle(Duration::from_millis(150));
    quit(&mut session);
}

#[test]
fn a_broken_file_is_named_with_its_line_and_the_rest_loads() {
    let work = Work::with(&[
        ("good", "name = \"Good one\"\nmethod = \"GET\"\nurl = \"http://127.0.0.1:9/\"\n"),
        ("broken", "name = \"Broken\"\nmethod = \"GET\"\nurl = \"http://127.0.0.1:9/\n"),
    ]);
    let mut session = work.open_on("Good one");
    session.press("!");
    session.wait_until("the place", SOON, |screen| {
        screen.contains("broken.toml:3") && screen.contains("Files that could not be read")
    });
    escape(&mut session, "Files that could not be read");
    quit(&mut session);
}
