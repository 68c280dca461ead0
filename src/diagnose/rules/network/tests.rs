#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it needs")]

use crate::diagnose::fixture::{call, jwt, request, token_request};
use crate::diagnose::{Likelihood, Profile, Remedy};
use crate::model::exchange::FailureKind;
use serde_json::json;

const API: &str = "https://api.example.test/orders";
const TOKEN: &str = "https://idp.example.test/oauth2/token";

/// The first code and its likelihood for a failure in somebody's words.
fn failed(kind: FailureKind, text: &str) -> Option<(&'static str, Likelihood)> {
    let diagnosis = request("GET", API).failure(kind, text).diagnosis();
    diagnosis.first().map(|f| (f.code(), f.likelihood))
}

#[test]
fn the_engines_own_words_are_understood() {
    use FailureKind::*;
    use Likelihood::*;
    for (kind, text, code, likelihood) in [
        (Dns, "the host `api.example.test` was not found: Name or service not known", "net.dns", Certain),
        (
            Connect,
            "`api.example.test:443` refused the connection: nothing listens there",
            "net.connect",
            Certain,
        ),
        (
            Connect,
            "no connection to `api.example.test:443`: Network is unreachable (os error 101)",
            "net.connect",
            Certain,
        ),
        (Timeout, "no connection to `api.example.test:443` within 10 s", "net.timeout", Certain),
        (Timeout, "`api.example.test:443` did not answer in time", "net.timeout", Certain),
        (Reset, "`api.example.test:443` closed the connection without an answer", "net.reset", Certain),
        (Reset, "`api.example.test:443` reset the connection before it answered", "net.reset", Certain),
        (Tls, "`api.example.test:443` closed the connection during the TLS handshake", "net.reset", Certain),
        (
            Tls,
            "the certificate of `api.example.test` is self-signed (CN=x); no trusted authority vouches for it",
            "net.tls_trust",
            Certain,
        ),
        (
            Tls,
            "the certificate of `api.example.test` was issued by `CN=Corp`, which is an unknown issuer here",
            "net.tls_trust",
            Certain,
        ),
        (
            Tls,
            "the certificate of `api.example.test` expired on 2026-01-01T00:00:00Z",
            "net.tls_trust",
            Certain,
        ),
        (Tls, "the certificate of `api.example.test` was revoked", "net.tls_trust", Certain),
        (
            Tls,
            "the certificate is not for `api.example.test` but for other.example.test",
            "net.tls_name",
            Certain,
        ),
        (
            Tls,
            "`api.example.test` does not know this host name (TLS alert unrecognized_name)",
            "net.tls_name",
            Certain,
        ),
        (Tls, "`api.example.test` wants a client certificate", "net.tls_client_cert", Certain),
        (
            Tls,
            "`api.example.test` asked for a client certificate and refused the handshake without one",
            "net.tls_client_cert",
            Likely,
        ),
        (Tls, "`api.example.test` refused the TLS handshake (alert HandshakeFailure)", "net.connect", Likely),
        (Tls, "`api.example.test` does not accept TLS 1.2 or 1.3", "net.connect", Likely),
        (Tls, "`api.example.test:80` does not speak TLS on this port; is it `http:`?", "net.connect", Likely),
        (
            Protocol,
            "the answer of `api.example.test:22` is not HTTP: it has an invalid version",
            "net.connect",
            Likely,
        ),
        (
            Proxy,
            "the proxy `http://proxy.example.test:8080` wants credentials (407)",
            "net.proxy_auth",
            Certain,
        ),
        (
            Proxy,
            "the proxy `http://proxy.example.test:8080` refused to open a tunnel (its answer to CONNECT was neither 200 nor 407)",
            "net.proxy_policy",
            Likely,
        ),
    ] {
        assert_eq!(failed(kind, text), Some((code, likelihood)), "{text}");
    }
}

#[test]
fn words_of_browsers_node_and_curl_are_understood_whatever_kind_a_recording_gave_them() {
    for (text, code) in [
        ("net::ERR_NAME_NOT_RESOLVED", "net.dns"),
        ("NS_ERROR_UNKNOWN_HOST", "net.dns"),
        ("getaddrinfo ENOTFOUND api.example.test", "net.dns"),
        ("Couldn't resolve host 'api.example.test'", "net.dns"),
        ("net::ERR_CONNECTION_REFUSED", "net.connect"),
        ("connect ECONNREFUSED 127.0.0.1:9", "net.connect"),
        ("connect ETIMEDOUT 192.0.2.1:443", "net.timeout"),
        ("net::ERR_CONNECTION_RESET", "net.reset"),
        ("Error: socket hang up", "net.reset"),
        ("net::ERR_CERT_COMMON_NAME_INVALID", "net.tls_name"),
        ("ERR_TLS_CERT_ALTNAME_INVALID", "net.tls_name"),
        ("net::ERR_CERT_AUTHORITY_INVALID", "net.tls_trust"),
        ("self signed certificate in certificate chain", "net.tls_trust"),
        ("UNABLE_TO_VERIFY_LEAF_SIGNATURE", "net.tls_trust"),
        ("CERT_HAS_EXPIRED", "net.tls_trust"),
        ("tlsv13 alert certificate required", "net.tls_client_cert"),
        ("net::ERR_BAD_SSL_CLIENT_AUTH_CERT", "net.tls_client_cert"),
        ("net::ERR_TUNNEL_CONNECTION_FAILED", "net.proxy_policy"),
        ("Received HTTP code 407 from proxy after CONNECT", "net.proxy_auth"),
        ("Received HTTP code 403 from proxy after CONNECT", "net.proxy_policy"),
        ("net::ERR_PROXY_CONNECTION_FAILED", "net.connect"),
    ] {
        assert_eq!(failed(FailureKind::Connect, text).map(|f| f.0), Some(code), "{text}");
    }
}

#[test]
fn what_the_user_ended_or_what_lies_here_is_no_trouble_of_the_network() {
    use FailureKind::*;
    for kind in [Cancelled, Local, Url, Header, Answer] {
        assert_eq!(failed(kind, "connection refused"), None, "{kind:?}");
    }
    let turned = failed(RedirectLoop, "connection refused").map(|f| f.0);
    assert_eq!(turned, Some("front.redirect_loop"), "that is the front door's");
    for text in ["net::ERR_ABORTED", "NS_BINDING_ABORTED", "net::ERR_BLOCKED_BY_CLIENT"] {
        assert_eq!(failed(Connect, text), None, "{text}");
    }
}

#[test]
fn a_host_name_in_backticks_is_not_taken_for_a_reason() {
    let found = failed(FailureKind::Connect, "no connection to `timeout.self-signed.example.test`: odd");
    assert_eq!(found, Some(("net.connect", Likelihood::Likely)));
}

#[test]
fn a_certificate_that_is_not_valid_yet_points_to_the_clock() {
    let text =
        "the certificate of `h` is not valid before 2027-01-01T00:00:00Z; is this machine's clock right?";
    let found = request("GET", API).failure(FailureKind::Tls, text).finding("net.tls_trust").unwrap();
    assert!(found.summary.contains("not valid yet") && found.cause.contains("clock"), "{found:?}");
}

#[test]
fn a_407_is_the_proxys_word_and_not_the_apis() {
    let found = call(API, "Bearer x")
        .response(407)
        .with("Proxy-Authenticate", "NTLM")
        .html("Proxy Authentication Required")
        .diagnosis();
    let first = found.first().unwrap();
    assert_eq!((first.code(), first.likelihood), ("net.proxy_auth", Likelihood::Certain));
    assert!(first.fix.contains("NTLM"));
}

#[test]
fn a_page_of_a_proxys_maker_is_the_proxys_policy() {
    let squid = call(API, "Bearer x")
        .response(403)
        .with("X-Squid-Error", "ERR_ACCESS_DENIED 0")
        .html("Access Denied");
    assert_eq!(squid.codes().first(), Some(&"net.proxy_policy"));
    let zscaler = call(API, "Bearer x")
        .response(403)
        .html("Zscaler: this site is blocked by your organization's policy");
    assert_eq!(zscaler.codes().first(), Some(&"net.proxy_policy"));
    let dns = call(API, "Bearer x")
        .response(503)
        .with("X-Squid-Error", "ERR_DNS_FAIL 0")
        .html("Unable to determine IP");
    assert_eq!(dns.codes(), ["net.dns"]);
}

#[test]
fn an_apis_own_403_and_a_firewalls_are_no_proxy() {
    let api =
        call(API, "Bearer x").response(403).json(&json!({ "message": "the policy of Zscaler blocked" }));
    assert!(api.finding("net.proxy_policy").is_none());
    let fortiweb = call(API, "Bearer x").response(403).html("Web Page Blocked! FortiGuard Attack ID: 20000");
    assert!(fortiweb.finding("net.proxy_policy").is_none());
}

#[test]
fn a_gateway_that_misses_a_client_certificate_is_told_from_a_plain_400() {
    let found = call(API, "Bearer x").response(400).html("No required SSL certificate was sent").diagnosis();
    let first = found.first().unwrap();
    assert_eq!((first.code(), first.likelihood), ("net.tls_client_cert", Likelihood::Certain));
    let plain =
        call(API, "Bearer x").response(400).json(&json!({ "message": "the field certificate is missing" }));
    assert!(plain.finding("net.tls_client_cert").is_none());
    let bound = call(API, "Bearer x").response(401).with(
        "WWW-Authenticate",
        "Bearer error=\"invalid_token\", error_description=\"no client certificate\"",
    );
    assert!(bound.finding("net.tls_client_cert").is_none());
}

#[test]
fn a_portal_of_the_network_is_known_by_511_and_by_its_page() {
    assert_eq!(
        call(API, "Bearer x").response(511).html("Log in").codes().first(),
        Some(&"net.captive_portal")
    );
    let page = call(API, "Bearer x").response(200).html("<!-- <WISPAccessGatewayParam> --> Welcome");
    assert!(page.finding("net.captive_portal").is_some());
    assert!(call(API, "Bearer x").response(200).html("Welcome").finding("net.captive_portal").is_none());
}

#[test]
fn statuses_about_the_head_and_the_host_speak_for_themselves() {
    let long = format!("Bearer {}", "x".repeat(9000));
    let found = call(API, &long).response(431).html("too large").diagnosis();
    assert_eq!(found.first().unwrap().code(), "net.header_too_large");
    assert!(found.first().unwrap().summary.contains("Authorization with 9007 bytes"), "{found:?}");
    let nginx = call(API, &long).response(400).html("400 Request Header Or Cookie Too Large");
    assert_eq!(nginx.codes().first(), Some(&"net.header_too_large"));
    assert_eq!(call(API, "Bearer x").response(421).codes(), ["net.misdirected"]);
    let other =
        call(API, "Bearer x").response(400).json(&json!({ "code": "x", "message": "request too long" }));
    assert!(other.finding("net.header_too_large").is_none());
}

#[test]
fn a_gateway_without_a_server_is_unavailable_and_a_starting_pega_node_is_pegas() {
    let bad = call("https://pega.example.test/prweb/api/v1/cases", "Bearer x")
        .response(502)
        .html("502 Bad Gateway");
    let first = bad.diagnosis().findings.remove(0);
    assert_eq!((first.code(), first.likelihood), ("net.unavailable", Likelihood::Certain));
    let busy = call(API, "Bearer x").response(503).with("Retry-After", "20").html("Service Unavailable");
    assert!(busy.finding("net.unavailable").unwrap().summary.ends_with("come back in 20 s"));
    let pega =
        call("https://pega.example.test/prweb/api/v1/cases", "Bearer x").response(503).html("starting");
    assert!(pega.finding("net.unavailable").is_none());
    let challenge =
        call(API, "Bearer x").response(503).with("cf-mitigated", "challenge").html("Just a moment...");
    assert!(challenge.finding("net.unavailable").is_none());
    assert!(call(API, "Bearer x").response(500).html("oops").finding("net.unavailable").is_none());
}

#[test]
fn a_body_that_was_cut_is_told_even_of_a_success() {
    let cut = |why: &str| {
        let why = why.to_owned();
        call(API, "Bearer x").response(200).json(&json!({})).exchange(|e| {
            e.response.as_mut().unwrap().incomplete = Some(why);
        })
    };
    let found = cut("the connection was closed before its announced end").diagnosis();
    assert_eq!((found.findings.len(), found.first().unwrap().code()), (1, "net.reset"));
    assert!(cut("cancelled while the body was received").codes().is_empty());
    assert!(cut("the body could not be decoded (gzip)").codes().is_empty());
    let both = cut("x").failure(FailureKind::Reset, "the body ended early: the connection was reset");
    assert_eq!(both.codes(), ["net.reset"]);
}

#[test]
fn a_post_that_a_redirect_to_https_made_a_get_is_found_with_its_mend() {
    let found = request("GET", API)
        .hop(301, "http://api.example.test/orders", API, &["authorization"], true)
        .response(405)
        .html("no")
        .finding("net.scheme_redirect")
        .unwrap();
    assert_eq!(found.likelihood, Likelihood::Certain);
    assert_eq!(
        found.remedies,
        [Remedy::UseUrl { from: "http://api.example.test".into(), to: "https://api.example.test".into() }]
    );
}

#[test]
fn a_redirect_that_keeps_the_method_or_the_scheme_is_not_about_the_scheme() {
    let kept = request("POST", API).hop(308, "http://api.example.test/orders", API, &[], false).response(401);
    assert!(kept.finding("net.scheme_redirect").is_none());
    let slash =
        request("GET", API).hop(301, "https://api.example.test/orders/", API, &[], true).response(405);
    assert!(slash.finding("net.scheme_redirect").is_none());
    let see_other =
        request("GET", API).hop(303, "http://api.example.test/orders", API, &[], true).response(200);
    assert!(see_other.json(&json!({})).codes().is_empty());
}

#[test]
fn a_token_request_over_http_that_is_sent_on_to_https_stops_there() {
    let plain = "http://idp.example.test/oauth2/token";
    let found =
        token_request(plain, &[("grant_type", "client_credentials"), ("client_secret", "s3cr3t-of-test")])
            .response(301)
            .with("Location", TOKEN)
            .html("Moved")
            .diagnosis();
    let first = found.first().unwrap();
    assert_eq!((first.code(), first.likelihood), ("net.scheme_redirect", Likelihood::Certain));
    assert!(!format!("{found:?}").contains("s3cr3t-of-test"));
}

#[test]
fn a_certificate_that_is_configured_and_refused_is_said_so() {
    let found = request("GET", API)
        .profile(Profile { certificate: true, ..Profile::default() })
        .failure(FailureKind::Tls, "`h` asked for a client certificate and refused the handshake without one")
        .finding("net.tls_client_cert")
        .unwrap();
    assert!(found.summary.contains("does not accept the client certificate"), "{}", found.summary);
}

#[test]
fn healthy_answers_and_plain_errors_give_nothing() {
    let token = jwt(&json!({ "sub": "x" }));
    for status in [200, 204, 304, 404, 409, 422, 500] {
        let found =
            call(API, &format!("Bearer {token}")).response(status).json(&json!({ "ok": true })).codes();
        assert!(!found.iter().any(|c| c.starts_with("net.")), "{status}: {found:?}");
    }
}
