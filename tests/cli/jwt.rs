//! `hallpass jwt decode`.

use crate::support::{Home, Sandbox, canned};

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

/// A token of `sign` with a fresh key that is kept in a file.
fn signed(home: &Home, algorithm: &str, file: &str, more: &[&str]) -> String {
    let mut args = vec!["jwt", "sign", "--generate", algorithm, "--save-key", file, "-q"];
    args.extend(more);
    home.run(&args).exits(0).text().trim().to_owned()
}

#[test]
fn a_token_that_was_signed_verifies_with_its_key_and_with_no_other() {
    let home = Home::new();
    for (algorithm, file) in [("ES512", "a.jwk"), ("RS256", "b.jwk"), ("EdDSA", "c.jwk"), ("HS256", "d.jwk")]
    {
        let token = signed(&home, algorithm, file, &["--exp", "5m", "--claim", "sub=op", "--kid", "k"]);
        let shape = home.run(&["jwt", "verify", &token, "--key", file, "--json"]).exits(0).json();
        assert_eq!(shape["signature"]["state"], "verified", "{algorithm}");
        assert_eq!(shape["header"]["kid"], "k");
        assert_eq!(shape["claims"]["sub"], "op");
        assert_eq!(shape["faults"], serde_json::json!([]));
    }
    let token = signed(&home, "ES512", "e.jwk", &["--exp", "5m"]);
    let shape = home.run(&["jwt", "verify", &token, "--jwks", "a.jwk", "--json"]).exits(1).json();
    assert_eq!(shape["signature"]["state"], "rejected");
    assert_eq!(shape["error"]["kind"], "check");
    // A key in use is not overwritten.
    home.run(&["jwt", "sign", "--generate", "ES256", "--save-key", "a.jwk"]).exits(2);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(home.work().join("a.jwk")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn times_issuer_and_audience_decide_the_exit_code_too() {
    let home = Home::new();
    let token = |name: &str, more: &[&str]| signed(&home, "ES256", name, more);
    let verify = |token: &str, key: &str, more: &[&str]| {
        let mut args = vec!["jwt", "verify", token, "--key", key];
        args.extend(more);
        home.run(&args)
    };
    let old = token("1.jwk", &["--claim", "exp=-1m"]);
    assert!(verify(&old, "1.jwk", &[]).exits(1).stderr.contains("expired 1 min ago"));
    let early = token("2.jwk", &["--claim", "nbf=+1h"]);
    assert!(verify(&early, "2.jwk", &[]).exits(1).stderr.contains("valid only in"));
    let odd = token("3.jwk", &["--claim", "exp=soon"]);
    assert!(verify(&odd, "3.jwk", &[]).exits(1).stderr.contains("no date"));
    let good = token("4.jwk", &["--exp", "5m", "--claim", "iss=https://i", "--claim", r#"aud=["a","b"]"#]);
    verify(&good, "4.jwk", &["--iss", "https://i", "--aud", "b"]).exits(0);
    assert!(verify(&good, "4.jwk", &["--iss", "https://j"]).exits(1).stderr.contains("its issuer is"));
    assert!(verify(&good, "4.jwk", &["--aud", "c"]).exits(1).stderr.contains("its audience is"));
    assert!(home.run(&["jwt", "verify", &good]).exits(2).stderr.contains("--jwks URL"));
    home.run(&["jwt", "verify", "not.a.token", "--key", "4.jwk"]).exits(2);
}

#[test]
fn a_secret_comes_from_stdin_a_file_or_a_variable_and_never_from_an_argument() {
    let home = Home::new();
    std::fs::write(
        home.work().join("secret"),
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow\n",
    )
    .unwrap();
    let shape =
        home.run(&["jwt", "verify", RFC, "--secret", "@secret", "--secret-base64", "--json"]).exits(1).json();
    // Right, but of 2011.
    assert_eq!(shape["signature"]["state"], "verified");
    assert_eq!(shape["faults"].as_array().unwrap().len(), 1);
    let wrong =
        home.run_with_stdin(&["jwt", "verify", RFC, "--secret", "-", "--json"], b"wrong\n").exits(1).json();
    assert_eq!(wrong["signature"]["state"], "rejected");
    let ran = home.run(&["jwt", "verify", RFC, "--secret", "hunter2"]).exits(2);
    assert!(ran.stderr.contains("--secret -") && !ran.stderr.contains("hunter2"), "{}", ran.stderr);
    assert!(
        home.run_with_stdin(&["jwt", "verify", "-", "--secret", "-"], b"x").exits(2).stderr.contains("stdin")
    );
    // A short one signs, and is told.
    let made = home
        .run_with_stdin(&["jwt", "sign", "--secret", "-", "--claims", r#"{"a":1}"#], b"secret\n")
        .exits(0);
    assert!(made.stderr.contains("has 6 bytes"), "{}", made.stderr);
    assert!(made.text().starts_with("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhIjoxfQ."), "{}", made.text());
}

#[test]
fn a_token_is_changed_and_signed_anew() {
    let home = Home::new();
    let token =
        signed(&home, "PS384", "k.jwk", &["--claims", r#"{"sub":"a","exp":1,"x":{"y":2}}"#, "--kid", "old"]);
    let args = [
        "jwt",
        "sign",
        &token,
        "--key",
        "k.jwk",
        "--claim",
        "sub=b",
        "--claim",
        "exp=+10m",
        "--drop",
        "x",
        "--header",
        "typ=at+jwt",
        "--json",
    ];
    let shape = home.run(&args).exits(0).json();
    assert_eq!(shape["algorithm"], "PS384");
    assert_eq!(shape["header"], serde_json::json!({"alg": "PS384", "typ": "at+jwt", "kid": "old"}));
    assert_eq!(shape["claims"]["sub"], "b");
    assert!(shape["claims"].get("x").is_none() && shape["claims"]["exp"].as_i64().unwrap() > 1);
    assert!(shape["jwk"]["n"].is_string() && shape["jwk"].get("d").is_none());
    home.run(&["jwt", "verify", shape["token"].as_str().unwrap(), "--key", "k.jwk"]).exits(0);
    assert!(
        home.run(&["jwt", "sign", "--key", "k.jwk", "--claims", "{\n \"a\": tru }"])
            .exits(2)
            .stderr
            .contains("line 2")
    );
    assert!(
        home.run(&["jwt", "sign", "--key", "k.jwk", "--alg", "ES256"])
            .exits(2)
            .stderr
            .contains("the key is for PS384")
    );
    home.run(&["jwt", "sign", "--claims", "{}"]).exits(2);
}

#[test]
fn a_key_file_that_is_none_gets_the_command_that_makes_one() {
    let home = Home::new();
    std::fs::write(home.work().join("id.p12"), [0x30, 7, 2, 1, 3, 0x30, 2, 5, 0]).unwrap();
    let ran = home.run(&["jwt", "sign", "--key", "id.p12"]).exits(2);
    assert!(ran.stderr.contains("openssl pkcs12 -in id.p12 -out id.pem -nodes"), "{}", ran.stderr);
    assert!(home.run(&["jwt", "verify", RFC, "--key", "absent.pem"]).exits(2).stderr.contains("absent.pem"));
}

#[test]
fn keys_are_fetched_from_a_url() {
    let home = Home::new();
    let token = signed(&home, "ES256", "k.jwk", &["--exp", "5m", "--kid", "k1"]);
    let key = std::fs::read_to_string(home.work().join("k.jwk"))
        .unwrap()
        .replace("\"kty\"", "\"kid\":\"k1\",\"kty\"");
    let body = format!("{{\"keys\":[{}]}}", key.trim());
    let base = canned(format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    ));
    let shape =
        home.run(&["jwt", "verify", &token, "--jwks", &format!("{base}/keys"), "--json"]).exits(0).json();
    assert_eq!(shape["signature"]["key"], "kid k1 (ES256)");
    let base = canned("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    home.run(&["jwt", "verify", &token, "--jwks", &base]).exits(3);
}

#[test]
fn what_differs_between_two_tokens_is_shown() {
    let home = Home::new();
    let a = signed(&home, "ES256", "1", &["--claims", r#"{"sub":"a","aud":"x","roles":["r"]}"#]);
    let b = signed(&home, "ES384", "2", &["--claims", r#"{"sub":"a","aud":"y","exp":1800000000}"#]);
    let shape = home.run(&["jwt", "diff", &a, &b, "--json"]).exits(0).json();
    let names: Vec<&str> =
        shape["differences"].as_array().unwrap().iter().map(|d| d["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["alg", "aud", "roles", "exp"]);
    let piped = format!("old: {a}\nnew: {b}\n");
    let text = home.run_with_stdin(&["jwt", "diff"], piped.as_bytes()).exits(0).text();
    assert!(text.contains("claims.aud") && text.contains("- x") && text.contains("+ y"), "{text}");
    assert_eq!(home.run(&["jwt", "diff", &a, &a, "--json"]).exits(0).json()["same"], true);
    assert!(home.run_with_stdin(&["jwt", "diff"], a.as_bytes()).exits(2).stderr.contains("only one"));
}

#[test]
fn a_token_is_explained_for_the_request_it_goes_into() {
    let home = Home::new();
    let claims = r#"{"sub":"model_op","aud":"https://api.example","cnf":{"jkt":"p"},"scope":"read"}"#;
    let token = signed(&home, "ES256", "k", &["--claims", claims]);
    let args = ["jwt", "explain", &token, "--url", "https://other.example/x", "--scope", "read", "--json"];
    let shape = home.run(&args).exits(0).json();
    let state = |topic: &str| {
        let lines = shape["lens"].as_array().unwrap();
        lines.iter().find(|l| l["topic"] == topic).map(|l| l["state"].as_str().unwrap().to_owned())
    };
    assert_eq!(state("audience").as_deref(), Some("doubt"));
    assert_eq!(state("binding").as_deref(), Some("bad"));
    assert_eq!(state("scope").as_deref(), Some("ok"));
    assert!(
        shape["explained"]
            .as_array()
            .unwrap()
            .iter()
            .any(|l| l["name"] == "cnf" && l["note"] == "the DPoP key p")
    );
    let text = home.run(&["jwt", "explain", &token]).exits(0).text();
    assert!(text.contains("only the API knows"), "{text}");
    home.run(&["jwt", "explain", &token, "--url", "nowhere"]).exits(2);
}

#[test]
fn a_token_is_found_in_what_curl_prints() {
    let home = Home::new();
    for text in [
        format!("authorization: Bearer {RFC}"),
        format!("> GET / HTTP/1.1\n> Host: x\n> Authorization: Bearer {RFC}\n>\n< HTTP/1.1 401\n"),
        format!(r#"{{"access_token":"{RFC}","expires_in":3600}}"#),
    ] {
        let shape = home.run_with_stdin(&["jwt", "decode", "--json"], text.as_bytes()).exits(0).json();
        assert_eq!(shape["claims"]["iss"], "joe", "{text}");
    }
}

#[test]
fn an_issuer_is_enough_to_find_the_keys() {
    let home = Home::new();
    let place = home.path().join("made");
    let sandbox = Sandbox::with(&home, &["--print-workspace", place.to_str().unwrap()]);
    let issuer = format!("{}/rfc", sandbox.url);
    let made = place.to_str().unwrap();
    let token = home.run(&["-C", made, "token", "rfc-client-basic", "--env", "rfc", "-q"]).exits(0).text();
    let shape = home.run(&["jwt", "verify", token.trim(), "--issuer", &issuer, "--json"]).exits(0).json();
    assert_eq!(shape["signature"]["state"], "verified");
    let other = home.run(&["jwt", "verify", token.trim(), "--issuer", &format!("{issuer}/other")]).exits(3);
    assert!(other.stderr.contains("--jwks"), "{}", other.stderr);
}
