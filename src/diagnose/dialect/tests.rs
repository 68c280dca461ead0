//! The dialect table: that it can be read, that every entry finds its own example, and that nothing fires where nothing was refused.

#![allow(clippy::type_complexity, reason = "a table of examples")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test says what it needs")]

use super::*;
use crate::diagnose::facts::Context;
use crate::model::exchange::{BodyData, Exchange, Header, Response, SentRequest};
use jiff::Timestamp;

/// An exchange with a bearer token, of which only the answer matters.
fn exchange(status: u16, headers: &[(&str, &str)], body: &str) -> Exchange {
    let kind = match body.trim_start().as_bytes().first() {
        Some(b'{' | b'[') => "application/json",
        Some(b'<') => "text/html",
        _ => "text/plain",
    };
    let mut head = vec![Header::new("Content-Type", kind)];
    head.extend(headers.iter().map(|(n, v)| Header::new(*n, *v)));
    Exchange {
        response: Some(Response {
            status,
            headers: head,
            body: BodyData::Memory(bytes::Bytes::from(body.to_owned())),
            ..Response::default()
        }),
        clock_offset_ms: Some(0),
        ..Exchange::new(
            SentRequest {
                method: "GET".into(),
                url: "https://api.example.test/v1/things".into(),
                http_version: None,
                headers: vec![Header::sensitive("Authorization", "Bearer opaque-token-0001")],
                body: bytes::Bytes::new(),
            },
            Timestamp::from_second(1_800_000_000).unwrap(),
        )
    }
}

fn heard(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<Hit> {
    hits(&Facts::of(&exchange(status, headers, body), Context::default()))
}

/// The exchange an entry is an example of, at one of its statuses.
fn example(saying: &Saying, status: u16) -> Facts {
    let headers: Vec<_> = saying.example_headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let mut exchange = exchange(status, &headers, &saying.example);
    if saying.sent == Some(false) {
        exchange.request.headers.clear();
    }
    let purpose = saying.purposes.first().copied();
    if purpose == Some(Purpose::Token) {
        exchange.request.method = "POST".into();
        exchange.request.url = "https://as.example.test/oauth2/token".into();
        exchange.request.body = bytes::Bytes::from_static(b"grant_type=client_credentials&client_id=web");
    }
    Facts::of(&exchange, Context { purpose, ..Context::default() })
}

fn sayings() -> impl Iterator<Item = &'static Saying> {
    table().0.iter().flat_map(|d| d.sayings.iter())
}

#[test]
fn every_file_can_be_read() {
    assert_eq!(table().1, Vec::<String>::new());
    assert_eq!(table().0.len(), FILES.len());
}

#[test]
fn every_file_of_the_folder_is_in_the_list() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/diagnosis/dialects");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(FILES.iter().any(|(file, _)| *file == name), "{name} is not in FILES");
    }
}

#[test]
fn every_entry_finds_its_own_example_at_each_of_its_statuses() {
    let mut misses = Vec::new();
    for saying in sayings() {
        for &status in &saying.status {
            let facts = example(saying, status);
            if !hits(&facts).iter().any(|hit| hit.saying.at == saying.at) {
                misses.push(format!("{} at {status}", saying.at));
            }
        }
    }
    assert!(misses.is_empty(), "{misses:#?}");
}

#[test]
fn no_example_is_certain_of_two_things() {
    let mut clashes = Vec::new();
    for saying in sayings() {
        let found = hits(&example(saying, saying.status[0]));
        for hit in found.iter().filter(|h| h.saying.likelihood == Likelihood::Certain) {
            if saying.likelihood == Likelihood::Certain && hit.saying.code != saying.code {
                clashes.push(format!(
                    "{} ({}) and {} ({})",
                    saying.at, saying.code, hit.saying.at, hit.saying.code
                ));
            }
        }
    }
    assert!(clashes.is_empty(), "{clashes:#?}");
}

#[test]
fn the_first_hit_of_an_example_leads_to_its_code() {
    let mut wrong = Vec::new();
    for saying in sayings() {
        let found = hits(&example(saying, saying.status[0]));
        let first = &found[0].saying;
        if first.code != saying.code {
            wrong.push(format!("{} ({}) hears {} ({}) first", saying.at, saying.code, first.at, first.code));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_evidence_of_an_example_stands_in_it() {
    for saying in sayings() {
        let facts = example(saying, saying.status[0]);
        for hit in hits(&facts) {
            assert!(!hit.evidence.is_empty(), "{}", saying.at);
            for piece in hit.evidence.iter().filter(|e| e.place == Place::ResponseBody && !e.quote.is_empty())
            {
                assert!(facts.answer.as_ref().unwrap().text.contains(&piece.quote), "{}", saying.at);
            }
        }
    }
}

#[test]
fn every_product_of_the_list_has_its_sayings() {
    for vendor in [
        "Pega",
        "Spring Security",
        "Keycloak",
        "Entra ID",
        "Okta",
        "Auth0",
        "AWS API Gateway",
        "Cognito",
        "Azure API Management",
        "Google",
        "Kong",
        "Apigee",
        "nginx",
        "Envoy",
        "Cloudflare",
        "Akamai",
        "F5",
        "Imperva",
        "IIS",
        "Zscaler",
    ] {
        let own = sayings().filter(|s| s.vendor.contains(vendor)).count();
        let least = if matches!(vendor, "Zscaler") { 1 } else { 3 };
        assert!(own >= least, "{vendor}: {own}");
    }
    assert!(
        sayings()
            .filter(|s| s.at.starts_with("entra") && s.words.iter().any(|w| w.text.starts_with("aadsts")))
            .count()
            >= 40
    );
}

#[test]
fn texts_are_short_sentences_without_full_stop() {
    for saying in sayings() {
        if let Some(summary) = &saying.summary {
            assert!(!summary.ends_with('.'), "{}", saying.at);
            assert!(summary.chars().count() <= 95, "{}: {} characters", saying.at, summary.chars().count());
        }
        for text in [&saying.cause, &saying.fix, &saying.confirm].into_iter().flatten() {
            assert!(!text.contains('\n'), "{}", saying.at);
        }
        let row = saying.row.as_bytes();
        assert!(
            row.len() == 4 && b"NFTHJRP".contains(&row[0]) && row[1] == b'-',
            "{}: {}",
            saying.at,
            saying.row
        );
    }
}

#[test]
fn every_code_is_in_the_table_of_codes() {
    for saying in sayings() {
        assert!(crate::diagnose::code(&saying.code).is_some(), "{}: {}", saying.at, saying.code);
    }
}

#[test]
fn healthy_answers_and_other_failures_say_nothing() {
    let html = [("Content-Type", "text/html")];
    let quiet: &[(u16, &[(&str, &str)], &str)] = &[
        (200, &[], r#"{"items":[{"id":1,"note":"Jwt is expired"}]}"#),
        (200, &[], r#"{"access_token":"opaque","token_type":"Bearer","expires_in":3600}"#),
        (200, &[("Server", "cloudflare"), ("CF-RAY", "8f0-FRA")], r#"{"ok":true}"#),
        (200, &[("x-amzn-RequestId", "1")], r#"{"message":"Forbidden"}"#),
        (201, &[("Location", "/v1/things/7")], r#"{"id":"7"}"#),
        (200, &html, "<html><title>Attention Required! | Cloudflare</title>how to read AADSTS50126</html>"),
        (204, &[], ""),
        (304, &[], ""),
        (302, &[("Location", "https://api.example.test/v2/things")], ""),
        (400, &[], r#"{"message":"name must not be empty"}"#),
        (400, &[], r#"{"type":"about:blank","title":"Bad Request","status":400}"#),
        (400, &[], r#"{"errors":[{"ID":"Pega_API_055","message":"Validation messages found."}]}"#),
        (404, &[], r#"{"message":"Not Found","documentation_url":"https://docs.example.test"}"#),
        (404, &[("Server", "nginx")], "<html><head><title>404 Not Found</title></head></html>"),
        (
            404,
            &[],
            r#"{"errors":[{"ID":"Pega_API_011","message":"Case not found for the given parameter ID"}]}"#,
        ),
        (409, &[], r#"{"message":"Conflict"}"#),
        (422, &[], r#"{"detail":[{"loc":["body","name"],"msg":"field required"}]}"#),
        (500, &[], r#"{"error":"Internal Server Error","message":"expired subscription in row 3"}"#),
        (500, &[("Server", "cloudflare")], "Internal Server Error"),
        (401, &[], r#"{"message":"Bad credentials"}"#),
        (403, &[], r#"{"message":"You may not delete this thing"}"#),
        (403, &html, "<html><head><title>Just a moment...</title></head></html>"),
        (401, &[("WWW-Authenticate", "Bearer")], ""),
        (401, &[], ""),
        (429, &[], r#"{"message":"slow down"}"#),
        (503, &[], "maintenance"),
    ];
    for (status, headers, body) in quiet {
        let found = heard(*status, headers, body);
        let codes: Vec<_> = found.iter().map(|h| (&h.saying.at, &h.saying.code)).collect();
        assert!(codes.is_empty(), "{status} {body}: {codes:?}");
    }
}

#[test]
fn a_saying_at_another_status_is_none() {
    assert_eq!(heard(401, &[], "Jwt is expired")[0].saying.code, "token.expired");
    assert!(heard(404, &[], "Jwt is expired").is_empty());
    assert!(heard(500, &[], "Jwt is expired").is_empty());
}

#[test]
fn an_apis_words_about_tokens_are_not_those_of_a_token_endpoint() {
    let mut exchange =
        exchange(401, &[], r#"{"error":"invalid_grant","error_description":"refresh token is expired"}"#);
    exchange.request.url = "https://as.example.test/oauth2/token".into();
    assert!(hits(&Facts::of(&exchange, Context::default())).is_empty());
}

#[test]
fn what_an_api_hands_on_of_its_own_token_request_is_not_ours() {
    let body = r#"{"message":"AADSTS7000215: Invalid client secret provided."}"#;
    assert!(heard(401, &[], body).is_empty());
}

#[test]
fn a_number_is_not_found_within_a_longer_one() {
    let needle = Needle::new("AADSTS50011");
    assert!(needle.is_in("aadsts50011: the redirect uri"));
    assert!(!needle.is_in("aadsts500113: no reply address"));
    assert!(needle.is_in("aadsts500113 and aadsts50011."));
    assert!(!Needle::new("900901").is_in("1900901"));
}

#[test]
fn what_a_browser_brings_back_is_heard_too() {
    let mut context = Context::default();
    let text = "AADSTS65001: The user or administrator has not consented to use the application";
    context.login_error = Some(("invalid_grant".into(), text.into()));
    let mut exchange = exchange(200, &[], "");
    exchange.response = None;
    let found = hits(&Facts::of(&exchange, context));
    assert_eq!(found[0].saying.code, "login.required");
    assert!(found[0].evidence[0].text.contains("AADSTS65001"));
}

#[test]
fn a_product_is_recognised_by_header_and_cookie() {
    let found = heard(403, &[("Server", "cloudflare"), ("CF-RAY", "8f0-FRA")], "error code: 1020");
    assert!(found[0].known);
    assert!(
        found[0]
            .evidence
            .iter()
            .any(|e| e.text.starts_with("server: cloudflare") || e.text.starts_with("cf-ray:"))
    );
}

#[test]
fn mistakes_are_told_with_file_and_line() {
    let good = "vendor = \"X\"\n\n[[saying]]\nstatus = [401]\nwords = \"no\"\ncode = \"token.expired\"\n\
                likelihood = \"certain\"\nrow = \"J-01\"\nexample = \"no\"\n";
    assert!(read::dialect("x.toml", good).is_ok());
    let told = |from: &str, to: &str| match read::dialect("x.toml", &good.replace(from, to)) {
        Ok(_) => panic!("{to} was taken"),
        Err(problem) => problem,
    };
    assert!(told("status = [401]", "status = [401").starts_with("x.toml:"));
    assert_eq!(told("words", "wrods"), "x.toml:5: unknown key `wrods`");
    assert_eq!(told("[401]", "401"), "x.toml:4: `status` is a list of statuses: [401, 403]");
    assert_eq!(told("\"certain\"", "\"sure\""), "x.toml:3: `likelihood` is certain, likely or possible");
    assert_eq!(told("row = \"J-01\"\n", ""), "x.toml:3: `row` is missing");
    assert_eq!(told("words = \"no\"", "words = 7"), "x.toml:5: `words` is a text or a list of texts");
    assert!(told("words = \"no\"\n", "").contains("what it is found by is missing"));
    assert!(told("example = \"no\"\n", "").contains("an answer that says it"));
    assert_eq!(told("vendor = \"X\"\n", ""), "x.toml:1: `vendor` is missing");
}
