//! Which credentials there are and where they stand.

use crate::diagnose::facts::{Known, KnownKind, Purpose};
use crate::diagnose::fixture::{Made, NOW, basic, call, jwt, request, token_request};
use crate::diagnose::{Layer, Likelihood};
use crate::model::secret::Secret;
use Likelihood::{Certain, Likely, Possible};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

const URL: &str = "https://api.example.test/v1/things";

fn hygiene(made: Made) -> Vec<(&'static str, Likelihood)> {
    let found = made.diagnosis().findings;
    found.iter().filter(|f| f.layer() == Layer::Header).map(|f| (f.code(), f.likelihood)).collect()
}

fn plain() -> Made {
    request("GET", URL).header("Accept", "application/json")
}

#[test]
fn no_credentials_and_a_challenge_are_certain() {
    let made = plain().response(401).with("WWW-Authenticate", "Bearer realm=\"api\"");
    assert_eq!(hygiene(made), [("header.missing", Certain)]);
    let made = plain().response(401).with("WWW-Authenticate", "Basic realm=\"api\"");
    assert_eq!(hygiene(made), [("header.missing", Certain)]);
    let made = plain().response(403).with("WWW-Authenticate", "Bearer");
    assert_eq!(hygiene(made), [("header.missing", Certain)]);
}

#[test]
fn without_a_challenge_or_with_windows_logins_they_are_likely() {
    assert_eq!(hygiene(plain().response(401)), [("header.missing", Likely)]);
    let made = plain().response(401).with("WWW-Authenticate", "Negotiate").with("WWW-Authenticate", "NTLM");
    assert_eq!(hygiene(made), [("header.missing", Likely)]);
}

#[test]
fn another_credential_or_another_reason_is_not_called_missing() {
    for made in [
        plain().header("X-Api-Key", "k").response(401),
        plain().header("Cookie", "sid=1").response(401),
        plain().header("X-Auth-Token", "k").response(401),
        request("GET", "https://api.example.test/v1?api_key=k").header("Accept", "*/*").response(401),
        request("GET", "https://s3.example.test/o?X-Amz-Signature=00").header("Accept", "*/*").response(401),
        request("POST", URL)
            .header("Accept", "*/*")
            .body("{\"user\":\"ann\",\"password\":\"x\"}")
            .response(401),
        plain().hop(302, "https://a.example/v1", URL, &["authorization"], false).response(401),
        plain().response(403),
        plain().response(404),
        plain().response(200),
        request("GET", URL).response(401),
        plain().purpose(Purpose::Login).response(401),
    ] {
        let facts = made.facts();
        let found = crate::diagnose::diagnose(&facts).findings;
        assert!(
            !found.iter().any(|f| f.code() == "header.missing"),
            "{:?} {}",
            facts.request.headers,
            facts.request.url
        );
    }
}

#[test]
fn a_cookie_where_a_bearer_token_is_asked_for_is_possible_only() {
    let made = plain().header("Cookie", "theme=dark").response(401).with("WWW-Authenticate", "Bearer");
    assert_eq!(hygiene(made), [("header.missing", Possible)]);
}

#[test]
fn a_recording_without_headers_leaves_it_open() {
    let made =
        plain().context(|c| c.missing.push("the recording holds no request headers that are secret".into()));
    assert_eq!(
        hygiene(made.response(401).with("WWW-Authenticate", "Bearer")),
        [("header.missing", Possible)]
    );
}

#[test]
fn two_headers_are_certain_where_the_server_says_so_and_likely_else() {
    let two = || call(URL, "Bearer abcdefgh").header("Authorization", "Basic YTpi");
    let said = two().response(400).with(
        "WWW-Authenticate",
        "Bearer error=\"invalid_request\", error_description=\"more than one Authorization header\"",
    );
    assert_eq!(hygiene(said), [("header.duplicate", Certain)]);
    assert_eq!(hygiene(two().response(401)), [("header.duplicate", Likely)]);
    assert_eq!(hygiene(two().response(200)), []);
    assert_eq!(hygiene(two().response(400).json(&json!({ "message": "name is required" }))), []);
}

#[test]
fn a_header_and_a_parameter_are_two_as_well() {
    let made = call("https://api.example.test/v1?access_token=abcdefgh", "Bearer abcdefgh").response(401);
    assert_eq!(hygiene(made), [("header.duplicate", Likely)]);
    let made = call(URL, "Bearer abcdefgh, Basic YTpi").response(401);
    assert_eq!(hygiene(made).first(), Some(&("header.duplicate", Likely)));
}

#[test]
fn a_token_in_the_url_is_a_warning_even_if_it_works() {
    let made = || {
        request("GET", "https://api.example.test/v1?access_token=abcdefgh12345678").header("Accept", "*/*")
    };
    let finding = made().response(200).finding("header.token_in_query").unwrap();
    assert_eq!(finding.likelihood, Possible);
    assert!(!format!("{finding:?}").contains("abcdefgh12345678"));
    let unseen = made().response(401).with("WWW-Authenticate", "Bearer");
    assert_eq!(hygiene(unseen), [("header.token_in_query", Likely)]);
    assert_eq!(hygiene(made().response(404)), []);
    // A page token, a search for the word: nothing.
    let page = request("GET", "https://api.example.test/v1?page_token=abc&token_type=x&q=access_token")
        .response(200);
    assert_eq!(hygiene(page), []);
}

#[test]
fn a_known_token_is_seen_in_the_url_under_any_name() {
    let known = Known {
        kind: KnownKind::AccessToken,
        label: "profile p".into(),
        environment: String::new(),
        text: Secret::new("abcdefgh12345678"),
    };
    let made =
        request("GET", "https://api.example.test/v1?t=abcdefgh12345678").context(|c| c.known.push(known));
    assert_eq!(hygiene(made.response(200)), [("header.token_in_query", Possible)]);
}

#[test]
fn user_and_password_in_the_url_compete_with_the_header() {
    let url = "https://ann:pw@api.example.test/v1";
    assert_eq!(hygiene(call(url, "Bearer abcdefgh").response(401)), [("header.conflict", Likely)]);
    assert_eq!(hygiene(call(url, "Bearer abcdefgh").response(200)), []);
    assert_eq!(hygiene(request("GET", url).header("Accept", "*/*").response(401)), []);
}

#[test]
fn basic_headers_that_cannot_be_read_are_told_apart() {
    let encoded = |bytes: &[u8]| format!("Basic {}", STANDARD.encode(bytes));
    for (value, likelihood, words) in [
        ("Basic ann:secret".to_owned(), Certain, "plain text"),
        ("Basic !!!".to_owned(), Certain, "no base64"),
        (encoded(b"annsecret"), Certain, "no colon"),
        (encoded(b"ann:secret\n"), Likely, "line break"),
        (encoded(b"ann:s\xe9cret"), Possible, "Latin-1"),
    ] {
        let made = || call(URL, &value).response(401).with("WWW-Authenticate", "Basic realm=\"x\"");
        assert_eq!(hygiene(made()), [("header.bad_basic", likelihood)], "{value}");
        assert!(made().finding("header.bad_basic").unwrap().summary.contains(words), "{value}");
    }
    assert_eq!(hygiene(call(URL, &basic("ann", "sécret")).response(401)), []);
    assert_eq!(hygiene(call(URL, "Basic •••").response(401)), []);
}

#[test]
fn a_token_request_with_a_broken_basic_header_is_found_too() {
    let made = token_request("https://l.example/oauth2/token", &[("grant_type", "client_credentials")])
        .header("Authorization", "Basic id:secret")
        .response(401)
        .error("invalid_client", "no");
    assert_eq!(hygiene(made), [("header.bad_basic", Certain)]);
}

#[test]
fn a_good_token_in_the_header_leaves_this_layer_silent() {
    let token = jwt(&json!({ "sub": "ann", "scope": "read", "exp": NOW + 600 }));
    assert_eq!(hygiene(call(URL, &format!("Bearer {token}")).response(401)), []);
}
