//! The text of the header.

use crate::diagnose::facts::{Known, KnownKind, Profile};
use crate::diagnose::fixture::{Made, NOW, call, jwt, request, token_request};
use crate::diagnose::{Layer, Likelihood, Remedy};
use crate::model::exchange::FailureKind;
use crate::model::secret::Secret;
use serde_json::json;

const URL: &str = "https://api.example.test/v1/things";

fn good() -> String {
    jwt(&json!({ "iss": "https://login.example.test", "sub": "ann", "exp": NOW + 600, "scope": "read" }))
}

/// Refused with a bare challenge.
fn refused(authorization: &str) -> Made {
    call(URL, authorization).response(401).with("WWW-Authenticate", "Bearer realm=\"api\"").offset(0)
}

/// What this layer says: the codes with how sure.
fn hygiene(made: Made) -> Vec<(&'static str, Likelihood)> {
    let found = made.diagnosis().findings;
    found.iter().filter(|f| f.layer() == Layer::Header).map(|f| (f.code(), f.likelihood)).collect()
}

use Likelihood::{Certain, Likely, Possible};

#[test]
fn each_way_to_write_the_header_wrongly_has_its_code() {
    let token = good();
    let (head, rest) = token.split_at(40);
    for (value, code, likelihood) in [
        ("Bearer {{token}}".to_owned(), "header.unresolved", Certain),
        ("Bearer ${TOKEN}".to_owned(), "header.unresolved", Certain),
        ("Bearer <token>".to_owned(), "header.unresolved", Certain),
        ("Bearer :token".to_owned(), "header.unresolved", Certain),
        ("Bearer undefined".to_owned(), "header.unresolved", Certain),
        ("Bearer null".to_owned(), "header.unresolved", Certain),
        ("Bearer None".to_owned(), "header.unresolved", Certain),
        ("Bearer [object Object]".to_owned(), "header.unresolved", Certain),
        ("Bearer ".to_owned(), "header.unresolved", Certain),
        ("Bearer".to_owned(), "header.unresolved", Certain),
        (String::new(), "header.unresolved", Certain),
        (token.clone(), "header.no_scheme", Certain),
        (format!("Bearer Bearer {token}"), "header.double_scheme", Certain),
        (format!("Bearer bearer {token}"), "header.double_scheme", Certain),
        (format!("Authorization: Bearer {token}"), "header.double_scheme", Certain),
        (format!("Bearer: {token}"), "header.wrong_scheme", Certain),
        (format!("Token {token}"), "header.wrong_scheme", Certain),
        (format!("JWT {token}"), "header.wrong_scheme", Certain),
        (format!("Basic {token}"), "header.wrong_scheme", Certain),
        (format!("Bearer\t{token}"), "header.wrong_scheme", Likely),
        (format!("Bearer  {token}"), "header.wrong_scheme", Possible),
        (format!("Bearer \"{token}\""), "header.punctuation", Certain),
        (format!("Bearer {token},"), "header.punctuation", Certain),
        (format!("Bearer {{\"access_token\":\"{token}\"}}"), "header.punctuation", Certain),
        (format!("Bearer {head} {rest}"), "header.whitespace", Certain),
        (format!("Bearer {head}\r\n{rest}"), "header.whitespace", Certain),
        (format!("Bearer {}", token.replace('.', "%2E")), "header.encoding", Certain),
        (format!("Bearer {token}=="), "header.encoding", Likely),
        (format!("Bearer \u{200b}{token}"), "header.invisible", Certain),
    ] {
        let found = hygiene(refused(&value));
        assert_eq!(found.first(), Some(&(code, likelihood)), "{value} {found:?}");
        assert_eq!(found.len(), 1, "{value} {found:?}");
        // The same with a success is nobody's business.
        assert_eq!(hygiene(call(URL, &value).response(200)), [], "{value}");
        assert_eq!(hygiene(call(URL, &value).response(404)), [], "{value}");
    }
}

#[test]
fn no_text_of_a_finding_holds_the_token() {
    let token = good();
    for value in
        [token.clone(), format!("Bearer \"{token}\""), format!("Token {token}"), format!("Bearer a {token}")]
    {
        for finding in refused(&value).diagnosis().findings {
            let all = format!(
                "{} {} {} {} {:?}",
                finding.summary, finding.cause, finding.confirm, finding.fix, finding.evidence
            );
            assert!(!all.contains(&token) && !all.contains(&token[..30]), "{all}");
        }
    }
}

#[test]
fn a_placeholder_is_named_and_not_masked() {
    let finding = refused("Bearer {{access_token}}").finding("header.unresolved").unwrap();
    assert!(finding.summary.contains("`{{access_token}}`"), "{}", finding.summary);
    let finding = refused("Bearer null").finding("header.unresolved").unwrap();
    assert!(finding.summary.contains("`null`"), "{}", finding.summary);
}

#[test]
fn a_header_that_is_right_is_not_blamed_for_a_refusal() {
    let token = good();
    for value in [
        format!("Bearer {token}"),
        format!("bearer {token}"),
        format!("DPoP {token}"),
        "Bearer 2YotnFZFEjr1zCsicMWpAA".to_owned(),
        "Bearer ab+c/d==".to_owned(),
        "Bearer •••".to_owned(),
        "Bearer [REDACTED]".to_owned(),
        "Bearer xxxxxxxx".to_owned(),
        "Basic YW5uOnNlY3JldA==".to_owned(),
        "Digest username=\"ann\", realm=\"x\", nonce=\"y\"".to_owned(),
        "AWS4-HMAC-SHA256 Credential=AK/2026/eu/s3/aws4_request, SignedHeaders=host, Signature=00".to_owned(),
        "Negotiate YIIJvwYGKwYBBQUCoIIJ".to_owned(),
    ] {
        assert_eq!(hygiene(refused(&value)), [], "{value}");
    }
}

#[test]
fn a_scheme_the_server_offers_or_a_token_it_read_is_not_blamed() {
    let token = good();
    let jwt_scheme =
        call(URL, &format!("JWT {token}")).response(401).with("WWW-Authenticate", "JWT realm=\"api\"");
    assert_eq!(hygiene(jwt_scheme), []);
    let okta = call(URL, "SSWS 00abcdef")
        .response(401)
        .json(&json!({ "errorCode": "E0000011", "errorSummary": "Invalid token provided" }));
    assert_eq!(hygiene(okta), []);
    // An AWS authorizer takes the token without a scheme, and read it.
    let aws = call(URL, &token)
        .response(401)
        .with("x-amzn-requestid", "1")
        .json(&json!({ "message": "The incoming token has expired" }));
    assert_eq!(hygiene(aws), []);
    let aws = call(URL, &token)
        .response(401)
        .with("x-amzn-requestid", "1")
        .json(&json!({ "message": "Unauthorized" }));
    assert_eq!(hygiene(aws), [("header.no_scheme", Possible)]);
    // An API key of its own kind, as it is.
    let key = call(URL, "lin_api_0123456789").response(401).json(&json!({ "error": "nope" }));
    assert_eq!(hygiene(key), []);
}

#[test]
fn other_errors_are_no_matter_of_the_header() {
    for status in [400, 404, 409, 422, 429, 500, 503] {
        let made = call(URL, "Bearer \"abc\"")
            .response(status)
            .json(&json!({ "message": "the case was not found" }));
        assert_eq!(hygiene(made), [], "{status}");
    }
    let hinted = call(URL, "Bearer \"abc\"")
        .response(400)
        .json(&json!({ "message": "Malformed Authorization header" }));
    assert_eq!(hygiene(hinted), [("header.punctuation", Certain)]);
}

#[test]
fn a_header_that_could_not_be_sent_at_all_is_explained() {
    let made = call(URL, "Bearer abc\ndef").failure(FailureKind::Header, "the header holds a line break");
    assert_eq!(hygiene(made), [("header.whitespace", Certain)]);
    let made = call(URL, "Bearer abc").failure(FailureKind::Dns, "no such host");
    assert_eq!(hygiene(made), []);
}

#[test]
fn a_variable_that_is_known_can_be_trimmed_by_a_key() {
    let value = "\"abcdefgh\"";
    let known = Known {
        kind: KnownKind::Other,
        label: "variable token".into(),
        environment: "dev".into(),
        text: Secret::new(value),
    };
    let finding = refused(&format!("Bearer {value}"))
        .context(|c| c.known.push(known))
        .finding("header.punctuation")
        .unwrap();
    assert_eq!(finding.remedies, [Remedy::Trim { variable: "token".into() }]);
}

#[test]
fn other_credential_headers_are_looked_at_too() {
    let made = request("GET", URL).header("X-Api-Key", "{{api_key}}").response(403);
    assert_eq!(hygiene(made), [("header.unresolved", Certain)]);
    let made = request("GET", URL).header("X-Api-Key", "k\u{a0}ey").response(401);
    assert_eq!(hygiene(made), [("header.invisible", Certain)]);
}

#[test]
fn a_token_request_with_a_variable_nobody_filled_in_is_found() {
    let fields = [("grant_type", "client_credentials"), ("client_id", "c"), ("client_secret", "{{secret}}")];
    let made =
        || token_request("https://login.example.test/oauth2/token", &fields).profile(Profile::default());
    let found = made().response(401).error("invalid_client", "bad client");
    assert_eq!(hygiene(found), [("header.unresolved", Certain)]);
    assert_eq!(hygiene(made().response(503)), []);
}

#[test]
fn what_this_layer_found_itself_makes_nothing_less_certain() {
    let mut found = crate::diagnose::finding::Findings::default();
    assert_eq!(super::at_most(&found, Certain), Certain);
    found.add(crate::diagnose::Finding::new("header.missing", Likely));
    assert_eq!(super::at_most(&found, Certain), Certain);
}

#[test]
fn every_row_and_code_of_the_layer_has_its_rule_and_its_words() {
    let rows: Vec<&str> = super::RULES.iter().map(|r| r.row).collect();
    for row in [
        "H-01", "H-02", "H-03", "H-04", "H-05", "H-06", "H-07", "H-08", "H-09", "H-10", "H-11", "H-12",
        "H-13", "H-14", "H-15", "H-16",
    ] {
        assert!(rows.contains(&row), "{row}");
    }
    assert_eq!(super::CODES.len(), 16);
}

#[test]
fn damaged_headers_of_every_kind_are_looked_at_without_harm() {
    let token = good();
    let mut values: Vec<String> =
        (0..token.len()).step_by(7).map(|n| format!("Bearer {}", &token[..n])).collect();
    for odd in [
        "é",
        "\u{1f600}",
        "Bearer é",
        "é é",
        "éééééééééééé Bearer x",
        "Basic é",
        "Bearer \u{feff}",
        "{{",
        "Bearer {{}}",
        "${",
        "Bearer ...",
        "Bearer eyJ",
        "Bearer eyJ....",
        ":",
        "Bearer \0",
        ",",
        "Bearer ,",
        "Bearer , Basic ",
    ] {
        values.push(odd.to_owned());
    }
    values.push(format!("Bearer {}", "a".repeat(200_000)));
    values.push(format!("Bearer {}", ".".repeat(20_000)));
    values.push(format!("Bearer {}", "{{".repeat(20_000)));
    for value in values {
        for status in [400, 401, 403] {
            let d = call(URL, &value)
                .response(status)
                .with("WWW-Authenticate", "Bearer error=\"invalid_token\"")
                .diagnosis();
            for finding in &d.findings {
                assert!(!finding.summary.is_empty() && finding.summary.chars().count() < 200);
            }
        }
    }
}
