//! Logins at `oidc-provider`: the code by the loopback listener and by a paste, the device code, and what
//! lives on after it: refresh, revocation, introspection, userinfo.

use crate::browser::Browser;
use crate::login::Login;
use crate::servers::{self, agree, command, count, curl, decode, oidc, oidc_home, run};
use crate::support::Home;
use std::path::Path;
use std::process::Command;

const LOOPBACK: &str = "http://127.0.0.1";

/// A profile for a person; `resource` may be empty, then the token is opaque.
fn app(grant: &str, client_id: &str, client_auth: &str, resource: &str, more: &str) -> Home {
    let resource =
        if resource.is_empty() { String::new() } else { format!("\"https://{resource}.example.test/\"") };
    let profile = format!(
        "grant = \"{grant}\"\nissuer = \"{{{{issuer}}}}\"\nclient_id = \"{client_id}\"\n\
         client_secret = \"{{{{client_secret}}}}\"\nclient_auth = \"{client_auth}\"\n\
         scope = [\"openid\", \"offline_access\", \"orders.read\"]\nresource = [{resource}]\nidentity = \"alice\"\n\
         {more}\n[extra.authorization]\nprompt = \"consent\"\n"
    );
    oidc_home(&profile, "app-signed.pem")
}

fn code(client_id: &str, resource: &str, more: &str) -> Home {
    app("authorization_code", client_id, "none", resource, more)
}

fn start(home: &Home, args: &[&str]) -> Login {
    Login::start(command(home, "app-secret", args))
}

/// Logs in as alice by the listener, and gives the token.
#[track_caller]
fn log_in(home: &Home) -> String {
    let mut login = start(home, &["token"]);
    let url = login.url();
    let page = servers::log_in(&Browser::new(), &url, "alice", "");
    assert_eq!(page.status, 200, "{page:?}");
    login.finish().exits(0).text()
}

/// Where the browser is sent in the end; it does not go there.
fn sent_to(url: &str, who: &Browser) -> String {
    // Only the redirect URI: the issuer is on this machine too.
    let redirect = url::Url::parse(url).unwrap();
    let redirect =
        redirect.query_pairs().find(|(name, _)| name == "redirect_uri").map(|(_, uri)| uri.into_owned());
    servers::log_in(who, url, "alice", &redirect.unwrap()).url
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn a_login_comes_home_by_the_listener_and_the_token_is_alices() {
    let home = code("app", "orders", "");
    let token = log_in(&home);
    let claims = &decode(&home, &token)["claims"];
    assert_eq!((&claims["sub"], &claims["client_id"]), (&"alice".into(), &"app".into()), "{claims}");
    // Kept: neither asks again. stdin is closed here, nobody could log in.
    assert_eq!(run(&home, "", &["token"]).exits(0).text(), token);
    let answer = run(&home, "", &["send", "orders/list"]).exits(0).json();
    assert_eq!(answer["sub"], "alice");
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn a_login_comes_home_by_a_paste_and_strays_do_not_end_it() {
    let home = app("authorization_code", "app-secret", "basic", "orders", "");
    let mut login = start(&home, &["token"]);
    let url = login.url();
    assert!(login.said().contains("ssh -L "), "{}", login.said());
    let ended = sent_to(&url, &Browser::new());
    assert!(ended.starts_with(LOOPBACK) && ended.contains("code="), "{ended}");
    let forged = ended.replace("state=", "state=x");
    login.paste("what is this?");
    login.paste(&forged);
    let _ = curl(&[&forged]);
    login.paste(&ended);
    let ran = login.finish().exits(0);
    assert_eq!(ran.text().trim().split('.').count(), 3, "{}", ran.text());
    let code = ended.split("code=").nth(1).unwrap().split('&').next().unwrap();
    assert!(!ran.stderr.contains(code) && !home.holds(code), "the code is told or kept");
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn the_listener_is_gone_after_the_login() {
    let home = code("app", "orders", "");
    let mut login = start(&home, &["token"]);
    let ended = sent_to(&login.url(), &Browser::new());
    login.paste(&ended);
    login.finish().exits(0);
    let port = url::Url::parse(&ended).unwrap().port().unwrap();
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn a_person_who_says_no_ends_it_with_4() {
    let home = code("app", "orders", "");
    let mut login = start(&home, &["token", "--json"]);
    let browser = Browser::new();
    let page = browser.open(&login.url(), "");
    browser.submit(&page, &[("deny", "1")], "");
    let ran = login.finish().exits(4);
    assert!(ran.json()["error"].to_string().contains("access_denied"), "{}", ran.text());
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn ctrl_c_ends_it_at_once_and_a_limit_in_its_time() {
    let home = code("app", "orders", "");
    let mut login = start(&home, &["token"]);
    login.url();
    let asked = std::time::Instant::now();
    login.interrupt();
    login.finish().exits(130);
    assert!(asked.elapsed() < std::time::Duration::from_secs(3), "took {:?}", asked.elapsed());
    let login = start(&home, &["token", "--timeout", "1", "--json"]);
    let ran = login.finish().exits(6);
    assert_eq!(ran.json()["error"]["kind"], "timeout", "{}", ran.text());
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn without_anybody_to_log_in_a_request_says_so_and_waits_for_nobody() {
    let home = code("app", "orders", "");
    let ran = run(&home, "", &["send", "orders/list", "--json"]);
    assert!([2, 4].contains(&ran.code), "{ran:?}");
    assert!(ran.json()["error"].to_string().contains("hallpass token"), "{}", ran.text());
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn a_device_code_is_approved_elsewhere() {
    let home = app("device_code", "app", "none", "orders", "");
    let mut login = start(&home, &["token"]);
    let (page, user_code) = login.device();
    approve(&page, &user_code);
    let token = login.finish().exits(0).text();
    assert_eq!(decode(&home, &token)["claims"]["sub"], "alice");
}

/// Types the code at the page, confirms it, and logs in as alice.
fn approve(page: &str, user_code: &str) {
    let browser = Browser::new();
    let asked = browser.open(page, "");
    let confirm = browser.submit(&asked, &[("user_code", user_code)], "");
    let next = browser.submit(&confirm, &[("confirm", "yes"), ("user_code", user_code)], "");
    let done = agree(&browser, next, "alice", "");
    assert_eq!(done.status, 200, "{done:?}");
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn url_and_device_code_are_offered_at_once_and_the_first_wins() {
    let home = code("app", "orders", "device_authorization_url = \"{{issuer}}/device/auth\"\n");
    let mut login = start(&home, &["token"]);
    login.url();
    let (page, user_code) = login.device();
    approve(&page, &user_code);
    let token = login.finish().exits(0).text();
    assert_eq!(decode(&home, &token)["claims"]["sub"], "alice");
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn pushed_signed_and_bound_authorization_requests_are_taken() {
    for (client, auth, more) in [
        ("app-pushed", "none", "par = true\n"),
        ("app-signed", "private_key_jwt", "jar = true\nkey = \"{{key}}\"\n"),
        ("app-signed", "private_key_jwt", "jar = true\npar = true\nkey = \"{{key}}\"\n"),
        ("app-dpop", "none", "dpop = true\n"),
        ("app-dpop", "none", "dpop = true\npar = true\n"),
    ] {
        let home = app("authorization_code", client, auth, "orders", more);
        let token = log_in(&home);
        assert_eq!(decode(&home, &token)["claims"]["client_id"], client);
        let answer = run(&home, "", &["send", "orders/list"]).exits(0).json();
        assert_eq!(answer["sub"], "alice", "{client} {more}");
        // With the same key, or the token it gives would not fit the proofs.
        run(&home, "", &["token", "renew"]).exits(0);
        run(&home, "", &["send", "orders/list"]).exits(0);
    }
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn a_token_that_ends_is_renewed_without_a_login_and_a_dead_refresh_token_leads_to_one() {
    let home = code("app", "short", "");
    let first = log_in(&home);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let before = count(oidc(), "api", "app refresh_token ok");
    let second = run(&home, "", &["token"]).exits(0).text();
    assert_ne!(first, second);
    assert!(count(oidc(), "api", "app refresh_token ok") > before);
    run(&home, "", &["send", "others/short"]).exits(0);
    // A second rotation works too: the new refresh token was kept.
    let data = home.path().join("data");
    let copy = |from: &Path, to: &Path| {
        let _ = std::fs::remove_dir_all(to);
        assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
    };
    copy(&data, &home.path().join("before"));
    run(&home, "", &["token", "renew"]).exits(0);
    // A refresh token that was used already, as out of a backup: the server ends them all.
    copy(&home.path().join("before"), &data);
    let refused = count(oidc(), "api", "app refresh_token invalid_grant");
    let mut login = start(&home, &["token", "renew"]);
    servers::log_in(&Browser::new(), &login.url(), "alice", "");
    login.finish().exits(0);
    assert!(count(oidc(), "api", "app refresh_token invalid_grant") > refused);
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn the_server_tells_of_a_token_who_it_is_for_and_ends_it() {
    let home = code("app", "", "");
    let token = log_in(&home);
    let told = run(&home, "", &["token", "introspect", "--json"]).exits(0).json();
    assert_eq!((&told["active"], &told["identity"]), (&true.into(), &"alice".into()), "{told}");
    assert_eq!(told["members"]["client_id"], "app", "{told}");
    let told = run(&home, "", &["token", "introspect", "--refresh", "--json"]).exits(0).json();
    assert_eq!(told["active"], true, "{told}");
    let told = run(&home, "", &["token", "userinfo", "--json"]).exits(0).json();
    assert_eq!(told["userinfo"]["sub"], "alice", "{told}");
    let told = run(&home, "", &["token", "revoke", "--json"]).exits(0).json();
    assert_eq!(told["revoked"], true, "{told}");
    assert_eq!(home.run_open(&["token", "list", "--json"], b"").exits(0).json(), serde_json::json!([]));
    let me = format!("{}/me", oidc().at("issuer"));
    let header = format!("Authorization: Bearer {}", token.trim());
    assert!(curl(&["-H", &header, &me]).contains("invalid_token"));
    run(&home, "", &["token", "introspect"]).exits(2);
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn a_revocation_that_the_server_refuses_is_told_and_the_token_kept() {
    // Its tokens for an API are JWTs, which it will not revoke.
    let profile = "grant = \"client_credentials\"\nissuer = \"{{issuer}}\"\nclient_id = \"plain\"\n\
         client_secret = \"{{client_secret}}\"\nscope = [\"orders.read\"]\nresource = [\"https://orders.example.test/\"]\n";
    let home = oidc_home(profile, "rs256.pem");
    run(&home, "plain-secret", &["token"]).exits(0);
    let ran = run(&home, "plain-secret", &["token", "revoke", "--json"]).exits(4);
    let value = ran.json();
    assert!(
        value["revoked"].is_null() && value["error"].to_string().contains("unsupported_token_type"),
        "{value}"
    );
    let listed = home.run_open(&["token", "list", "--json"], b"").exits(0).json();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
}

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn several_people_have_a_token_each() {
    let home = code("app", "orders", "");
    let alice = log_in(&home);
    let mut login = start(&home, &["token", "--identity", "bob"]);
    servers::log_in(&Browser::new(), &login.url(), "bob", "");
    let bob = login.finish().exits(0).text();
    assert_eq!(decode(&home, &bob)["claims"]["sub"], "bob");
    assert_eq!(run(&home, "", &["token"]).exits(0).text(), alice);
    assert_eq!(run(&home, "", &["token", "--identity", "bob"]).exits(0).text(), bob);
    // Without a name it is the one that `token` would print.
    let shown = run(&home, "", &["token", "show", "--json"]).exits(0).json();
    assert_eq!(shown["claims"]["sub"], "alice", "{shown}");
    run(&home, "", &["token", "forget", "--identity", "bob"]).exits(0);
    run(&home, "", &["token", "show"]).exits(0);
}
