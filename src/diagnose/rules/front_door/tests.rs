//! The rules of the front door, against answers as servers give them.

#![allow(clippy::unwrap_used, reason = "a test says what it needs")]

use crate::diagnose::facts::{Context, Facts};
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::diagnose::probe::Remedy;
use crate::model::exchange::{
    BodyData, Exchange, Failure, FailureKind, Header, Redirect, Response, SentRequest,
};
use jiff::Timestamp;

const API: &str = "https://api.example.test/v1/things";
const TOKEN: &str = "https://pega.example.test/prweb/PRRestService/oauth2/v1/token";
const LOGIN: &str = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form action=\"/login\">\
                     <input name=\"user\"><input type=\"password\" name=\"pw\"></form></body></html>";

fn call(url: &str, status: u16, headers: &[(&str, &str)], body: &str) -> Exchange {
    let mut sent = vec![Header::new("Accept", "application/json")];
    sent.push(Header::sensitive("Authorization", "Bearer opaque-token-0001"));
    let token = url.ends_with("/token");
    Exchange {
        response: Some(Response {
            status,
            headers: headers.iter().map(|(n, v)| Header::new(*n, *v)).collect(),
            body: BodyData::Memory(bytes::Bytes::from(body.to_owned())),
            ..Response::default()
        }),
        clock_offset_ms: Some(0),
        ..Exchange::new(
            SentRequest {
                method: if token { "POST" } else { "GET" }.into(),
                url: url.into(),
                http_version: None,
                headers: sent,
                body: if token {
                    "grant_type=client_credentials&client_id=web".into()
                } else {
                    bytes::Bytes::new()
                },
            },
            Timestamp::from_second(1_800_000_000).unwrap(),
        )
    }
}

fn redirected(exchange: &mut Exchange, from: &str, to: &str, dropped: bool) {
    exchange.redirects.push(Redirect {
        status: 302,
        from: from.into(),
        to: to.into(),
        dropped: if dropped { vec!["authorization".into()] } else { Vec::new() },
        method_changed: false,
    });
    exchange.request.url = to.into();
    if dropped {
        exchange.request.headers.retain(|h| h.name != "Authorization");
    }
}

fn accepting(mut exchange: Exchange, accept: &str) -> Exchange {
    exchange.request.headers[0] = Header::new("Accept", accept);
    exchange
}

/// What the rules of this layer alone find.
fn look(exchange: &Exchange) -> Vec<Finding> {
    let facts = Facts::of(exchange, Context::default());
    let mut found = Findings::default();
    for rule in super::RULES {
        (rule.look)(&facts, &mut found);
    }
    found.into_list()
}

fn codes(exchange: &Exchange) -> Vec<(&'static str, Likelihood)> {
    look(exchange).iter().map(|f| (f.code(), f.likelihood)).collect()
}

#[test]
fn a_redirect_to_an_identity_provider_is_certain() {
    for target in [
        "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=1&response_type=code",
        "https://idp.example.test/idp/profile/SAML2/Redirect/SSO?SAMLRequest=fZ",
        "https://adfs.example.test/adfs/ls/?wtrealm=urn:x",
        "https://pega.example.test/prweb/PRAuth/SSO",
        "https://kc.example.test/realms/r/protocol/openid-connect/auth?client_id=x",
        "https://acme.cloudflareaccess.com/cdn-cgi/access/login/api.example.test",
        "https://accounts.google.com/o/oauth2/v2/auth",
        "/my.policy",
    ] {
        for url in [API, TOKEN] {
            let found = codes(&call(url, 302, &[("Location", target)], ""));
            assert_eq!(found, [("front.sso_redirect", Likelihood::Certain)], "{url} to {target}");
        }
    }
}

#[test]
fn a_redirect_to_a_path_called_login_is_likely() {
    let found = codes(&call(API, 302, &[("Location", "/login")], ""));
    assert_eq!(found, [("front.sso_redirect", Likelihood::Likely)]);
}

#[test]
fn other_redirects_lead_to_no_login() {
    for target in [
        "https://api.example.test/v1/things/",
        "https://files.example.test/bucket/key?X-Amz-Signature=1",
        "/v2/things",
        "https://www.example.test/v1/things",
    ] {
        assert_eq!(codes(&call(API, 302, &[("Location", target)], "")), [], "{target}");
    }
    // http to https on a host that is called auth.
    let to = "https://auth.example.test/v1/things";
    assert_eq!(codes(&call("http://auth.example.test/v1/things", 301, &[("Location", to)], "")), []);
}

#[test]
fn whoever_asks_for_a_login_gets_one_without_a_finding() {
    let idp = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=1&response_type=code";
    let own = "https://app.example.test/oauth2/authorize?client_id=1&response_type=code&scope=openid";
    assert_eq!(codes(&call("https://app.example.test/login", 302, &[("Location", idp)], "")), []);
    assert_eq!(codes(&call(own, 302, &[("Location", "/login")], "")), []);
    assert_eq!(codes(&call(own, 200, &[("Content-Type", "text/html")], LOGIN)), []);
}

#[test]
fn a_chain_that_ends_at_a_login_page_names_the_hop() {
    let mut exchange = call(API, 200, &[("Content-Type", "text/html")], LOGIN);
    let to = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=1&response_type=code";
    redirected(&mut exchange, API, to, true);
    let found = look(&exchange);
    assert_eq!(found[0].code(), "front.sso_redirect");
    assert_eq!(found[0].likelihood, Likelihood::Certain);
    assert!(found[0].evidence[0].text.contains("302 https://api.example.test/v1/things → "));
    assert!(!found[0].evidence[0].text.contains("client_id"), "the query stays out");
    assert!(found.iter().all(|f| f.remedies.is_empty()), "no credentials to a login host");
}

#[test]
fn a_chain_that_ends_in_the_apis_answer_is_fine() {
    let mut exchange = call(API, 200, &[("Content-Type", "application/json")], "{\"items\":[]}");
    redirected(&mut exchange, API, "https://idp.example.test/saml/sso?SAMLRequest=x", true);
    assert_eq!(codes(&exchange), []);
}

#[test]
fn a_login_page_where_json_was_asked_for_is_certain() {
    for (url, status) in [(API, 200), (API, 401), (TOKEN, 200), (TOKEN, 401)] {
        let found = codes(&call(url, status, &[("Content-Type", "text/html")], LOGIN));
        assert_eq!(found, [("front.login_page", Likelihood::Certain)], "{url} {status}");
    }
}

#[test]
fn the_login_screen_of_pega_is_named() {
    let page = "<html><body><form><input name='UserIdentifier'></form></body></html>";
    let found = look(&call(TOKEN, 200, &[("Content-Type", "text/html")], page));
    assert_eq!(found[0].code(), "front.login_page");
    assert!(found[0].summary.contains("Pega"), "{}", found[0].summary);
}

#[test]
fn a_page_that_was_asked_for_is_healthy() {
    let page = call("https://www.example.test/account", 200, &[("Content-Type", "text/html")], LOGIN);
    assert_eq!(codes(&accepting(page, "text/html,application/xhtml+xml,*/*;q=0.8")), []);
}

#[test]
fn where_anything_is_taken_a_login_page_is_likely() {
    let page = call(API, 200, &[("Content-Type", "text/html")], LOGIN);
    assert_eq!(codes(&accepting(page, "*/*")), [("front.login_page", Likelihood::Likely)]);
}

#[test]
fn a_plain_error_page_is_no_login_page() {
    let page = "<html>\r\n<head><title>401 Authorization Required</title></head>\r\n<body>\r\n<center>\
                <h1>401 Authorization Required</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>";
    assert_eq!(codes(&call(API, 401, &[("Content-Type", "text/html")], page)), []);
    assert_eq!(codes(&call(API, 404, &[("Content-Type", "text/html")], LOGIN)), []);
    assert_eq!(codes(&call(API, 500, &[("Content-Type", "text/html")], LOGIN)), []);
}

#[test]
fn a_login_host_that_refuses_in_no_apis_words_is_possible() {
    let url = "https://sso.example.test/prweb/PRRestService/oauth2/v1/token";
    assert_eq!(codes(&call(url, 401, &[], "")), [("front.sso_host", Likelihood::Possible)]);
    let with_page = codes(&call(url, 401, &[("Content-Type", "text/html")], LOGIN));
    assert!(with_page.contains(&("front.sso_host", Likelihood::Likely)), "{with_page:?}");
}

#[test]
fn an_authorization_server_called_auth_is_no_front_door() {
    let url = "https://auth.example.test/oauth2/token";
    assert_eq!(codes(&call(url, 401, &[], r#"{"error":"invalid_client"}"#)), []);
    let bearer = [("WWW-Authenticate", "Bearer error=\"invalid_token\"")];
    assert_eq!(codes(&call("https://auth.example.test/userinfo", 401, &bearer, "")), []);
    for host in ["authors.example.test", "stsc.example.test", "loginless.example.test", "api.example.test"] {
        assert_eq!(codes(&call(&format!("https://{host}/x"), 401, &[], "")), [], "{host}");
    }
}

#[test]
fn credentials_dropped_on_the_way_to_a_401_are_certain_and_the_direct_address_is_offered() {
    let mut exchange = call("http://api.example.test/v1/things", 401, &[], "");
    redirected(&mut exchange, "http://api.example.test/v1/things", API, true);
    let found = look(&exchange);
    assert_eq!((found[0].code(), found[0].likelihood), ("front.credentials_dropped", Likelihood::Certain));
    let remedy =
        Remedy::UseUrl { from: "http://api.example.test".into(), to: "https://api.example.test".into() };
    assert_eq!(found[0].remedies, [remedy]);
    assert!(found[0].evidence[0].text.contains("authorization not sent on"));
}

#[test]
fn a_trailing_slash_on_another_host_is_offered_as_a_whole_address() {
    let mut exchange = call(API, 401, &[], "");
    redirected(&mut exchange, API, "https://www.example.test/v1/things/", true);
    let remedy = Remedy::UseUrl { from: API.into(), to: "https://www.example.test/v1/things/".into() };
    assert_eq!(look(&exchange)[0].remedies, [remedy]);
}

#[test]
fn a_downgrade_to_http_is_never_offered() {
    let mut exchange = call(API, 401, &[], "");
    redirected(&mut exchange, API, "http://api.example.test/v1/things", true);
    assert!(look(&exchange)[0].remedies.is_empty());
}

#[test]
fn credentials_dropped_without_a_refusal_are_nothing() {
    for status in [200, 204, 404, 500] {
        let mut exchange = call(API, status, &[], "");
        redirected(&mut exchange, API, "https://files.example.test/v1/things", true);
        assert_eq!(codes(&exchange), [], "{status}");
    }
    let mut kept = call(API, 401, &[], "");
    redirected(&mut kept, API, "https://api.example.test/v1/things/", false);
    assert_eq!(codes(&kept), []);
}

#[test]
fn too_many_redirects_are_a_loop() {
    let mut exchange = call(API, 302, &[], "");
    exchange.response = None;
    exchange.failure =
        Some(Failure { kind: FailureKind::RedirectLoop, text: "more than 10 redirects".into() });
    redirected(&mut exchange, API, "https://api.example.test/session", false);
    assert!(codes(&exchange).contains(&("front.redirect_loop", Likelihood::Certain)));
}

#[test]
fn a_redirect_to_itself_with_a_cookie_is_a_loop() {
    let headers = [("Location", API), ("Set-Cookie", "SESSION=1")];
    assert_eq!(codes(&call(API, 302, &headers, "")), [("front.redirect_loop", Likelihood::Likely)]);
    assert_eq!(codes(&call(API, 302, &headers[..1], "")), [("front.redirect_loop", Likelihood::Possible)]);
}

#[test]
fn healthy_exchanges_have_no_front_door() {
    assert_eq!(codes(&call(API, 200, &[("Content-Type", "application/json")], "{}")), []);
    let token = r#"{"access_token":"opaque","token_type":"bearer"}"#;
    assert_eq!(codes(&call(TOKEN, 200, &[("Content-Type", "application/json")], token)), []);
    assert_eq!(codes(&call("https://login.example.test/oauth2/token", 200, &[], token)), []);
}
