//! `hallpass jwt decode`.

use crate::support::Home;

/// RFC 7515 appendix A.1 (HS256; iss joe, exp 1300819380).
const RFC: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

#[test]
fn a_token_is_decoded_from_an_argument_and_from_a_pipe_alike() {
    let home = Home::new();
    let by_argument = home.run(&["jwt", "decode", "--json", RFC]).exits(0).json();
    assert_eq!(by_argument["kind"], "jws");
    assert_eq!(by_argument["claims"]["iss"], "joe");
    assert_eq!(by_argument["signature"]["state"], "unverified");
    let piped = format!("{RFC}\n");
    for args in [&["jwt", "decode", "--json", "-"][..], &["jwt", "decode", "--json"][..]] {
        let by_pipe = home.run_with_stdin(args, piped.as_bytes()).exits(0).json();
        assert_eq!(by_pipe["claims"], by_argument["claims"]);
    }
}

#[test]
fn in_words_it_says_that_the_signature_was_not_checked() {
    let text = Home::new().run(&["jwt", "decode", RFC]).exits(0).text();
    assert!(text.contains("unverified") && text.contains("joe"), "{text}");
}

#[test]
fn what_is_no_token_exits_2() {
    let ran = Home::new().run(&["jwt", "decode", "--json", "opaque-token"]).exits(2);
    let value = ran.json();
    assert_eq!(value["kind"], "opaque");
    assert!(value["error"]["what"].is_string());
}
