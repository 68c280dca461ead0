//! The grants that need no browser, at Authlib: password, JWT bearer, SAML bearer, token exchange, a grant of
//! the server's own; and its view of how a client authenticates.

use crate::servers::{LONG, ODD, authlib, authlib_home, count, run};
use crate::support::Home;

const NEEDS: &str = "basic-secret";

fn profile(grant: &str, client_id: &str, client_auth: &str, key: &str, more: &str) -> Home {
    let profile = format!(
        "grant = \"{grant}\"\ntoken_url = \"{{{{url}}}}/token\"\nrevocation_url = \"{{{{url}}}}/revoke\"\n\
         introspection_url = \"{{{{url}}}}/introspect\"\nclient_id = \"{client_id}\"\n\
         client_secret = \"{{{{client_secret}}}}\"\nclient_auth = \"{client_auth}\"\nscope = [\"orders.read\"]\n{more}"
    );
    authlib_home(&profile, key)
}

/// What the API says of the token it was called with.
#[track_caller]
fn me(home: &Home, secret: &str) -> serde_json::Value {
    run(home, secret, &["send", "orders/me"]).exits(0).json()
}

#[test]
#[ignore = "needs Python with tests/peers/requirements.txt"]
fn each_way_to_authenticate_is_understood_by_authlib_too() {
    for (client, auth, secret, key) in [
        ("basic", "basic", NEEDS, "rs256.pem"),
        ("odd:id/1%", "basic", ODD, "rs256.pem"),
        ("in-body", "body", ODD, "rs256.pem"),
        ("public", "none", "", "rs256.pem"),
        ("secret-jwt", "client_secret_jwt", LONG, "rs256.pem"),
        ("rs256", "private_key_jwt", "", "rs256.pem"),
        ("es256", "private_key_jwt", "", "es256.pem"),
    ] {
        let key_line = if auth == "private_key_jwt" { "key = \"{{key}}\"\n" } else { "" };
        let home = profile("client_credentials", client, auth, key, key_line);
        assert_eq!(me(&home, secret)["client"], client, "{client} by {auth}");
    }
}

#[test]
#[ignore = "needs Python with tests/peers/requirements.txt"]
fn a_name_and_a_password_of_odd_characters_get_a_token_that_is_renewed_without_them() {
    let more = "username = \"alice\"\npassword = \"{{client_secret}}\"\n";
    let home = profile("password", "short", "none", "rs256.pem", more);
    let first = run(&home, "wonder land+&é", &["token", "--json"]).exits(0).json();
    assert_eq!(first["identity"], "alice", "{first}");
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let before = count(authlib(), "url", "refresh_token ok");
    assert_eq!(me(&home, "wonder land+&é")["user"], "alice");
    assert_eq!(count(authlib(), "url", "refresh_token ok"), before + 1);
    let ran = run(&profile("password", "short", "none", "rs256.pem", more), "wrong", &["token"]).exits(4);
    assert!(ran.stderr.contains("password"), "{}", ran.stderr);
}

#[test]
#[ignore = "needs Python with tests/peers/requirements.txt"]
fn an_assertion_that_is_built_and_signed_here_speaks_for_a_person() {
    for (client, key, algorithm) in [("rs256", "rs256.pem", "RS256"), ("es256", "es256.pem", "ES256")] {
        let more = format!(
            "[assertion]\nkey = \"{{{{key}}}}\"\nalgorithm = \"{algorithm}\"\n\
             [assertion.claims]\niss = \"{client}\"\nsub = \"alice\"\nsid = \"{{{{$uuid}}}}\"\n"
        );
        let home = profile("jwt_bearer", client, "none", key, &more);
        assert_eq!(me(&home, "")["user"], "alice");
    }
    let more = "[assertion]\nkey = \"{{key}}\"\n[assertion.claims]\niss = \"es256\"\nsub = \"bob\"\n";
    let home = profile("jwt_bearer", "es256", "none", "es256.pem", more);
    let ran = run(&home, "", &["token", "--json"]).exits(4);
    assert!(ran.text().contains("permission"), "{}", ran.text());
    let more = "[assertion]\nkey = \"{{key}}\"\n[assertion.claims]\niss = \"es256\"\nsub = \"alice\"\naud = \"https://else.example.test\"\n";
    let home = profile("jwt_bearer", "es256", "none", "es256.pem", more);
    run(&home, "", &["token"]).exits(4);
}

#[test]
#[ignore = "needs Python with tests/peers/requirements.txt"]
fn a_ready_made_saml_assertion_is_presented() {
    let url = authlib().at("url");
    let xml = |recipient: &str| {
        format!(
            "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_1\" Version=\"2.0\">\n\
             <saml:Subject><saml:NameID>bob</saml:NameID>\
             <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
             <saml:SubjectConfirmationData Recipient=\"{recipient}\" NotOnOrAfter=\"2999-01-01T00:00:00Z\"/>\
             </saml:SubjectConfirmation></saml:Subject><saml:Conditions><saml:AudienceRestriction>\
             <saml:Audience>{url}</saml:Audience></saml:AudienceRestriction></saml:Conditions></saml:Assertion>"
        )
    };
    let more = "[assertion]\ngiven = \"{{client_secret}}\"\n";
    let home = profile("saml2_bearer", "public", "none", "rs256.pem", more);
    assert_eq!(me(&home, &xml(&format!("{url}/token")))["user"], "bob");
    let home = profile("saml2_bearer", "public", "none", "rs256.pem", more);
    run(&home, &xml("https://else.example.test/"), &["token"]).exits(4);
}

#[test]
#[ignore = "needs Python with tests/peers/requirements.txt"]
fn a_token_is_exchanged_for_one_that_names_both_whom_and_by_whom() {
    let more = "username = \"alice\"\npassword = \"{{client_secret}}\"\n";
    let subject =
        run(&profile("password", "public", "none", "rs256.pem", more), "wonder land+&é", &["token"]);
    let subject = subject.exits(0).text();
    let actor = run(&profile("client_credentials", "basic", "basic", "rs256.pem", ""), NEEDS, &["token"]);
    let actor = actor.exits(0).text();
    let more = format!(
        "audience = \"shop\"\nresource = [\"https://a.example.test/\", \"https://b.example.test/\"]\n\
         [exchange]\nsubject_token = \"{{{{client_secret}}}}\"\nactor_token = \"{}\"\n",
        actor.trim()
    );
    let home = profile("token_exchange", "public", "none", "rs256.pem", &more);
    let told = me(&home, subject.trim());
    assert_eq!(told["user"], "alice", "{told}");
    assert_eq!(told["act"]["sub"], "basic", "{told}");
    assert_eq!(told["audience"], serde_json::json!(["shop"]), "{told}");
    assert_eq!(told["resource"].as_array().unwrap().len(), 2, "{told}");
    let home = profile(
        "token_exchange",
        "public",
        "none",
        "rs256.pem",
        "[exchange]\nsubject_token = \"{{client_secret}}\"\n",
    );
    run(&home, "nothing", &["token"]).exits(4);
}

#[test]
#[ignore = "needs Python with tests/peers/requirements.txt"]
fn a_grant_of_the_servers_own_gets_its_parameters() {
    let more = "grant_type = \"custom-bearer\"\n[extra.token]\nticket = \"row 7, seat 12\"\n";
    let home = profile("custom", "basic", "basic", "rs256.pem", more);
    assert_eq!(me(&home, NEEDS)["user"], "bob");
}

#[test]
#[ignore = "needs Python with tests/peers/requirements.txt"]
fn authlib_tells_of_a_token_and_ends_it() {
    let home = profile("client_credentials", "basic", "basic", "rs256.pem", "");
    run(&home, NEEDS, &["token"]).exits(0);
    let told = run(&home, NEEDS, &["token", "introspect", "--json"]).exits(0).json();
    assert_eq!((&told["active"], &told["members"]["client_id"]), (&true.into(), &"basic".into()), "{told}");
    run(&home, NEEDS, &["token", "revoke"]).exits(0);
    run(&home, NEEDS, &["token", "show"]).exits(2);
}
