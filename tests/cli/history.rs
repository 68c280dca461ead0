//! `hallpass history`.

use crate::support::{Home, canned, http};

#[test]
fn what_was_sent_is_listed_newest_first_and_shown_whole() {
    let url = canned(http("200 OK", "content-type: text/plain\r\n", b"hello"));
    let home = Home::with_files(&[
        ("collections/c/a.toml", &format!("name = \"A\"\nmethod = \"GET\"\nurl = \"{url}/a\"\n")),
        ("collections/c/b.toml", &format!("name = \"B\"\nmethod = \"GET\"\nurl = \"{url}/b\"\n")),
    ]);
    home.run(&["send", "c/a"]).exits(0);
    home.run(&["send", "c/b"]).exits(0);
    home.run(&["send", "c/b", "--no-history"]).exits(0);
    let all = home.run(&["history", "list", "--json"]).exits(0).json();
    let paths: Vec<&str> = all.as_array().unwrap().iter().map(|e| e["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["c/b", "c/a"]);
    let id = all[1]["id"].as_str().unwrap();
    let one = home.run(&["history", "show", id, "--json"]).exits(0).json();
    assert_eq!(one["response"]["body"], "hello");
    assert_eq!(one["request"]["url"], format!("{url}/a"));
    home.run(&["history", "show", "no-such-id"]).exits(2);
}

#[test]
fn a_token_typed_into_a_url_stays_out_of_the_history_and_out_of_what_is_printed() {
    let url = canned(http("200 OK", "content-type: text/plain\r\n", b"echo TYPED-TOKEN-1"));
    let home = Home::with_files(&[]);
    let line = format!("curl '{url}/a?access_token=TYPED-TOKEN-1&view=full'");
    let ran = home.run(&["send", "--json", "-v", "--curl", &line]).exits(0);
    assert!(!ran.text().contains("TYPED-TOKEN-1") && ran.text().contains("view=full"), "{}", ran.text());
    assert!(!home.run(&["send", "--dry-run", "--curl", &line]).exits(0).text().contains("TYPED-TOKEN-1"));
    assert!(!home.holds("TYPED-TOKEN-1"));
}
