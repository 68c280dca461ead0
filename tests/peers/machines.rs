//! Client credentials, with every way a client authenticates, and tokens bound to a key or a certificate.

use crate::servers::{LONG, ODD, count, curl, decode, oidc, oidc_home, run};
use crate::support::Home;

/// A profile that finds its endpoints by discovery.
fn machine(client_id: &str, client_auth: &str, key: &str, more: &str) -> Home {
    let profile = format!(
        "grant = \"client_credentials\"\nissuer = \"{{{{issuer}}}}\"\nclient_id = \"{client_id}\"\n\
         client_secret = \"{{{{client_secret}}}}\"\nclient_auth = \"{client_auth}\"\nscope = [\"orders.read\"]\n\
         resource = [\"https://orders.example.test/\"]\n{more}"
    );
    oidc_home(&profile, key)
}

/// A token, who it was given to, and that the API takes it.
#[track_caller]
fn opens(home: &Home, secret: &str, client_id: &str, request: &str) {
    let answer = run(home, secret, &["send", request]).exits(0).json();
    assert_eq!(answer["client_id"], client_id, "{answer}");
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn an_id_and_a_secret_of_odd_characters_are_understood_in_the_header_and_in_the_body() {
    for (client, auth) in [("odd:id/1%", "basic"), ("in-body", "body")] {
        let home = machine(client, auth, "rs256.pem", "");
        opens(&home, ODD, client, "orders/list");
        run(&home, &format!("{ODD}x"), &["token", "renew"]).exits(4);
    }
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn without_form_encoding_odd_characters_are_refused_so_the_encoding_counts() {
    let home = machine("odd:id/1%", "basic_raw", "rs256.pem", "");
    run(&home, ODD, &["token"]).exits(4);
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn a_wrong_secret_exits_4_and_tells_what_the_server_said() {
    let home = machine("plain", "basic", "rs256.pem", "");
    for args in [&["token", "--json"][..], &["send", "orders/list", "--json"][..]] {
        let ran = run(&home, "not-the-secret", args).exits(4);
        let value = ran.json();
        assert_eq!(value["error"]["kind"], "token", "{value}");
        assert!(value.to_string().contains("invalid_client"), "{value}");
        assert!(!value.to_string().contains("not-the-secret") && !ran.stderr.contains("not-the-secret"));
    }
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn a_client_signs_its_own_assertion_with_its_secret() {
    let home = machine("secret-jwt", "client_secret_jwt", "rs256.pem", "");
    opens(&home, LONG, "secret-jwt", "orders/list");
    let wrong = run(&home, &LONG.replace("thirty", "twenty"), &["token", "renew", "--json"]).exits(4);
    assert!(wrong.text().contains("invalid_client"), "{}", wrong.text());
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn a_client_signs_its_own_assertion_with_each_kind_of_key() {
    let ps256 = "algorithm = \"PS256\"\n";
    let kid = "key_id = \"rs256-1\"\nassertion_audience = \"issuer\"\n";
    for (client, file, more) in [
        ("rs256", "rs256.pem", kid),
        ("ps256", "ps256.jwk", ps256),
        ("es256", "es256.pem", ""),
        ("eddsa", "eddsa.jwk", ""),
    ] {
        let home = machine(client, "private_key_jwt", file, &format!("key = \"{{{{key}}}}\"\n{more}"));
        opens(&home, "", client, "orders/list");
    }
    let other = machine("rs256", "private_key_jwt", "client.key", "key = \"{{key}}\"\n");
    let ran = run(&other, "", &["token", "--json"]).exits(4);
    assert!(ran.text().contains("invalid_client"), "{}", ran.text());
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn a_client_certificate_gets_a_token_that_only_works_with_it() {
    let certificate = |name: &str| oidc().file(name).display().to_string();
    for (client, files) in [
        (
            "tls-signed",
            format!(
                "certificate = \"{}\"\ntls_key = \"{}\"\n",
                certificate("client.pem"),
                certificate("client.key")
            ),
        ),
        ("tls-self", format!("certificate = \"{}\"\n", certificate("self-both.pem"))),
    ] {
        let home = machine(client, "tls", "client.key", &files);
        opens(&home, "", client, "others/behind-tls");
        let token = run(&home, "", &["token"]).exits(0).text();
        assert!(decode(&home, &token)["claims"]["cnf"]["x5t#S256"].is_string());
        // Without the certificate the same token is refused.
        let url = format!("{}/api/orders", oidc().at("tls"));
        let header = format!("Authorization: Bearer {}", token.trim());
        let ca = oidc().file("ca.pem");
        let answer = curl(&["--cacert", ca.to_str().unwrap(), "-H", &header, &url]);
        assert!(answer.contains("another certificate"), "{answer}");
    }
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn a_token_bound_to_a_key_comes_with_a_proof_in_every_call_and_a_nonce_where_one_is_wanted() {
    let home = machine("dpop", "basic", "rs256.pem", "dpop = true\n");
    opens(&home, "plain-secret", "dpop", "orders/list");
    let sent = run(&home, "plain-secret", &["send", "orders/list", "--json"]).exits(0).json();
    let header = |name: &str| {
        let headers = sent["request"]["headers"].as_array().unwrap();
        headers.iter().any(|h| h["name"].as_str().unwrap().eq_ignore_ascii_case(name))
    };
    assert!(header("dpop") && header("authorization"), "{sent}");
    let token = run(&home, "plain-secret", &["token", "--header"]).exits(0);
    assert!(token.text().starts_with("Authorization: DPoP ey"), "{}", token.text());
    assert!(token.stderr.contains("proof"), "{}", token.stderr);
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn a_token_that_was_withdrawn_is_renewed_once_and_the_call_sent_once_more() {
    let home = machine("plain", "basic", "rs256.pem", "");
    let first = run(&home, "plain-secret", &["token"]).exits(0).text();
    let jti = decode(&home, &first)["claims"]["jti"].as_str().unwrap().to_owned();
    curl(&[&format!("{}/denied/{jti}", oidc().at("api"))]);
    let sent = run(&home, "plain-secret", &["send", "orders/list", "--json"]).exits(0).json();
    assert_eq!(sent["response"]["status"], 200, "{sent}");
    let second = run(&home, "plain-secret", &["token"]).exits(0).text();
    assert_ne!(first, second);
    // An audience of another API is refused the same way, again and again: one retry, no loop.
    let before = count(oidc(), "api", "plain client_credentials ok");
    let sent = run(&home, "plain-secret", &["send", "others/es256", "--json"]).exits(5).json();
    assert_eq!(sent["response"]["status"], 401, "{sent}");
    assert!(count(oidc(), "api", "plain client_credentials ok") > before);
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn what_an_issuer_says_of_itself_is_shown_and_fills_a_profile() {
    let home = oidc_home("grant = \"client_credentials\"\nclient_id = \"plain\"\n", "rs256.pem");
    let issuer = oidc().at("issuer");
    let shown = run(&home, "", &["token", "discover", issuer, "--profile", "peer", "--json"]).exits(0).json();
    assert_eq!((&shown["issuer"], &shown["written"]), (&issuer.into(), &false.into()), "{shown}");
    let filled = shown["filled"].as_array().unwrap();
    let token_url = filled.iter().find(|row| row["key"] == "token_url").unwrap();
    assert_eq!(token_url["value"], format!("{issuer}/token"));
    let file = home.work().join("auth/peer.toml");
    assert!(!std::fs::read_to_string(&file).unwrap().contains("token_url"));
    run(&home, "", &["token", "discover", issuer, "--profile", "peer", "--write"]).exits(0);
    assert!(std::fs::read_to_string(&file).unwrap().contains(&format!("{issuer}/token")));
    run(&home, "", &["token", "discover", issuer, "--profile", "new", "--write"]).exits(0);
    assert!(home.work().join("auth/new.toml").is_file());
    let ran = run(&home, "", &["token", "discover", &format!("{issuer}/nobody"), "--json"]);
    assert_ne!(ran.code, 0);
    assert!(ran.json()["error"]["what"].is_string());
}
