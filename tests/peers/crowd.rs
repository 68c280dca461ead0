//! Many processes with one refresh token that works once.

use crate::browser::Browser;
use crate::login::Login;
use crate::servers::{command, count, log_in, oidc, oidc_home};
use crate::support::finish_within;
use std::time::Duration;

const CROWD: usize = 50;
/// Each opens the vault, which is slow on purpose, and all of them wait for one.
const LIMIT: Duration = Duration::from_secs(240);

#[test]
#[ignore = "needs node, and `npm ci` in tests/peers"]
fn fifty_processes_renew_a_rotating_refresh_token_once() {
    let profile = "grant = \"authorization_code\"\nissuer = \"{{issuer}}\"\nclient_id = \"app-crowd\"\n\
         client_secret = \"{{client_secret}}\"\nclient_auth = \"basic\"\nidentity = \"alice\"\n\
         scope = [\"openid\", \"offline_access\", \"orders.read\"]\nresource = [\"https://short.example.test/\"]\n\
         [extra.authorization]\nprompt = \"consent\"\n";
    let home = oidc_home(profile, "rs256.pem");
    let mut login = Login::start(command(&home, "app-secret", &["token"]));
    let page = log_in(&Browser::new(), &login.url(), "alice", "");
    assert_eq!(page.status, 200, "{page:?}");
    let first = login.finish().exits(0).text();
    // Its life of a second is over; the one that comes next lives long.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let counted = |what: &str| count(oidc(), "api", &format!("app-crowd refresh_token {what}"));
    let (renewed, refused) = (counted("ok"), counted("invalid_grant"));
    let tokens: Vec<String> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..CROWD)
            .map(|_| {
                scope.spawn(|| {
                    finish_within(command(&home, "app-secret", &["token"]), b"", LIMIT).exits(0).text()
                })
            })
            .collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(tokens.iter().all(|t| *t == tokens[0] && *t != first), "{tokens:?}");
    assert_eq!((counted("ok") - renewed, counted("invalid_grant") - refused), (1, 0));
}
