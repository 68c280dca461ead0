#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test says what it needs")]

use super::case::{Case, jwt, now};
use crate::diagnose::finding::Likelihood::{Certain, Likely, Possible};
use crate::diagnose::probe::{Probe, Remedy};
use serde_json::json;

const ORDERS: &str = "https://api.example.test/orders";

/// 401 with this challenge.
fn challenged(challenge: &str) -> Case {
    Case::call("GET", ORDERS, 401).header("www-authenticate", challenge)
}

#[test]
fn a_bare_challenge_in_spite_of_a_token_means_that_it_was_not_seen() {
    let found = challenged("Bearer realm=\"api\"")
        .json(&json!({"errors": [{"ID": "unauthorized", "message": "Authentication is required"}]}))
        .found();
    assert_eq!(found, [("resource.credentials_not_seen", Likely), ("token.rejected", Possible)]);
    let finding = challenged("Bearer").first();
    assert!(finding.evidence.iter().any(|e| e.text.starts_with("authorization: Bearer")));
    assert!(!finding.evidence.iter().any(|e| e.text.contains("eyJ")), "the token is not shown");
}

#[test]
fn without_a_token_a_bare_challenge_is_no_finding_of_this_layer() {
    assert_eq!(Case::new("GET", ORDERS, 401).header("www-authenticate", "Bearer").found(), []);
    assert_eq!(Case::new("GET", ORDERS, 401).found(), []);
}

#[test]
fn words_that_no_credentials_came_count_like_a_bare_challenge() {
    let spring = "Full authentication is required to access this resource";
    let found = Case::call("GET", ORDERS, 401).json(&json!({"status": 401, "message": spring})).found();
    assert_eq!(found[0], ("resource.credentials_not_seen", Likely));
    let django = json!({"detail": "Authentication credentials were not provided."});
    let found = Case::call("GET", ORDERS, 403).json(&django).found();
    assert_eq!(found, [("resource.credentials_not_seen", Likely)]);
    let found = Case::call("GET", ORDERS, 401).body("text/plain", "Jwt is missing").found();
    assert_eq!(found[0], ("resource.credentials_not_seen", Likely));
}

#[test]
fn a_token_that_was_accepted_before_was_seen() {
    let found = challenged("Bearer").past(30, "GET", "https://api.example.test/me", 200).found();
    assert_eq!(found[0].1, Possible, "{found:?}");
}

#[test]
fn invalid_token_is_likely_the_tokens_rejection_and_offers_a_new_one() {
    let finding = challenged(
        "Bearer realm=\"x\", error=\"invalid_token\", error_description=\"The access token is invalid\"",
    )
    .first();
    assert_eq!((finding.code(), finding.likelihood), ("token.rejected", Likely));
    assert_eq!(finding.remedies, [Remedy::RenewReplay]);
    let in_body = Case::call("GET", ORDERS, 401).json(&json!({"error": "invalid_token"})).found();
    assert_eq!(in_body, [("token.rejected", Likely)]);
}

#[test]
fn when_a_new_token_was_refused_too_no_third_one_is_offered() {
    let finding = challenged("Bearer error=\"invalid_token\"").renewed().first();
    assert_eq!(finding.code(), "token.rejected");
    assert!(finding.remedies.is_empty() && !finding.probes.contains(&Probe::RenewReplay));
    assert!(finding.summary.contains("a new token was refused too"));
}

#[test]
fn a_401_without_a_word_is_the_rejection_of_a_token_and_less_so_of_an_opaque_one() {
    assert_eq!(Case::call("GET", ORDERS, 401).found(), [("token.rejected", Likely)]);
    let xml = "<?xml version=\"1.0\"?>\n<error><status>401</status><message>Unauthorized</message></error>\n";
    assert_eq!(Case::call("GET", ORDERS, 401).body("text/xml", xml).found(), [("token.rejected", Likely)]);
    let spring = json!({"timestamp": 1, "status": 401, "error": "Unauthorized", "path": "/orders"});
    assert_eq!(Case::call("GET", ORDERS, 401).json(&spring).found(), [("token.rejected", Likely)]);
    let opaque = Case::new("GET", ORDERS, 401).sends("Authorization", "Bearer 0123456789abcdef");
    assert_eq!(opaque.found(), [("token.rejected", Possible)]);
    let page = "<html><body><h1>401 Authorization Required</h1></body></html>";
    assert_eq!(
        Case::call("GET", ORDERS, 401).body("text/html", page).found(),
        [("token.rejected", Possible)]
    );
}

#[test]
fn words_of_servers_that_read_the_token_are_its_rejection() {
    for body in [
        json!({"message": "Bad credentials", "documentation_url": "https://docs.example.test"}),
        json!({"detail": "Could not validate credentials"}),
        json!({"error": {"code": "InvalidAuthenticationToken", "message": "Access token is empty or broken."}}),
        json!({"errorCode": "E0000011", "errorSummary": "Invalid token provided"}),
        json!({"fault": {"faultstring": "Invalid Access Token", "detail": {"errorcode": "keymanagement.service.invalid_access_token"}}}),
        json!([{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]),
        json!({"Message": "Authorization has been denied for this request."}),
    ] {
        let found = Case::call("GET", ORDERS, 401).json(&body).found();
        assert_eq!(found, [("token.rejected", Likely)], "{body}");
        let first = challenged("Bearer").json(&body).found()[0];
        assert_eq!(first, ("token.rejected", Likely), "with a bare challenge: {body}");
    }
    let found = Case::call("GET", ORDERS, 403).json(&json!({"message": "Invalid token"})).found();
    assert_eq!(found, [("token.rejected", Likely)]);
    let forged = Case::call("POST", ORDERS, 403).json(&json!({"message": "CSRF token is invalid"})).found();
    assert_eq!(forged, [("resource.csrf", Likely)]);
}

#[test]
fn a_gateway_that_misses_a_key_says_nothing_about_the_token() {
    let kong = json!({"message": "No API key found in request"});
    assert_eq!(Case::call("GET", ORDERS, 401).json(&kong).found(), []);
    let azure =
        challenged("AzureApiManagementKey realm=\"x\",name=\"Ocp-Apim-Subscription-Key\",type=\"header\"")
            .json(&json!({"statusCode": 401, "message": "Access denied due to missing subscription key."}));
    assert_eq!(azure.found(), []);
}

#[test]
fn basic_as_the_only_challenge_for_a_token_wants_basic_and_beside_bearer_does_not() {
    assert_eq!(challenged("Basic realm=\"intern\"").found(), [("resource.wants_basic", Likely)]);
    let both = challenged("Basic realm=\"x\"").header("www-authenticate", "Bearer error=\"invalid_token\"");
    assert_eq!(both.found(), [("token.rejected", Likely)]);
    assert_eq!(challenged("Bearer, Basic realm=\"x\"").found()[0].0, "resource.credentials_not_seen");
}

#[test]
fn basic_that_was_sent_and_refused_is_about_user_and_password() {
    let basic =
        |status| Case::new("GET", ORDERS, status).sends("Authorization", "Basic dXNlcjpwYXNzd29yZA==");
    assert_eq!(
        basic(401).header("www-authenticate", "Basic realm=\"x\"").found(),
        [("resource.basic_refused", Likely)]
    );
    assert_eq!(basic(401).header("www-authenticate", "Bearer").found(), []);
    assert_eq!(basic(200).found(), []);
}

#[test]
fn schemes_that_take_no_token_are_named() {
    let finding = challenged("Negotiate").header("www-authenticate", "NTLM").first();
    assert_eq!((finding.code(), finding.likelihood), ("resource.other_scheme", Likely));
    assert!(finding.summary.contains("Negotiate, NTLM"));
    for challenge in
        ["Digest realm=\"x\", nonce=\"abc\", qop=\"auth\"", "AWS4-HMAC-SHA256", "Hawk", "Negotiate, Basic"]
    {
        assert_eq!(challenged(challenge).found(), [("resource.other_scheme", Likely)], "{challenge}");
    }
    assert_eq!(challenged("MAC realm=\"x\"").found()[0].1, Possible);
    let with_bearer = challenged("Negotiate").header("www-authenticate", "Bearer realm=\"x\"");
    assert!(with_bearer.found().iter().all(|(code, _)| *code != "resource.other_scheme"));
    assert_eq!(Case::new("GET", ORDERS, 401).header("www-authenticate", "Negotiate").found(), []);
}

#[test]
fn a_step_up_challenge_is_certain_and_says_what_is_wanted() {
    let finding = challenged(
        "Bearer error=\"insufficient_user_authentication\", acr_values=\"urn:example:acr:mfa\", max_age=\"300\"",
    )
    .first();
    assert_eq!((finding.code(), finding.likelihood), ("resource.step_up", Certain));
    assert!(finding.summary.contains("acr_values urn:example:acr:mfa, max_age 300"));
    assert!(finding.remedies.is_empty(), "a mere log-in brings no other acr");
    let age = challenged("Bearer error=\"insufficient_user_authentication\", max_age=\"300\"").first();
    assert_eq!(age.remedies, [Remedy::Login]);
    let entra = challenged(
        "Bearer realm=\"\", error=\"insufficient_claims\", claims=\"eyJhY2Nlc3NfdG9rZW4iOnt9fQ==\"",
    );
    assert_eq!(entra.found(), [("resource.step_up", Likely)]);
}

#[test]
fn metadata_is_the_reason_only_where_no_error_is_named() {
    let bare = "Bearer resource_metadata=\"https://api.example.test/.well-known/oauth-protected-resource\"";
    let found = challenged(bare).found();
    assert_eq!(found[0], ("resource.metadata", Likely));
    assert!(found[1..].iter().all(|(_, likelihood)| *likelihood == Possible), "{found:?}");
    let with_error = format!("{bare}, error=\"invalid_token\"");
    let found = challenged(&with_error).found();
    assert_eq!(found, [("token.rejected", Likely), ("resource.metadata", Possible)]);
    let without_token = Case::new("GET", ORDERS, 401).header("www-authenticate", bare).found();
    assert_eq!(without_token, [("resource.metadata", Possible)]);
}

#[test]
fn a_403_that_says_nothing_is_a_refusal_of_the_caller() {
    let found = Case::call("GET", ORDERS, 403).json(&json!({"status": 403, "message": "Forbidden"})).found();
    assert_eq!(found, [("access.forbidden", Likely)]);
    let own_rule = json!({"error": "user is not allowed to delete this order"});
    let finding = Case::call("DELETE", ORDERS, 403).json(&own_rule).first();
    assert_eq!((finding.code(), finding.likelihood), ("access.forbidden", Likely));
    assert!(finding.confirm.contains("a rule of its own"));
    assert_eq!(Case::new("GET", ORDERS, 403).found(), [("access.forbidden", Possible)]);
    let page = "<html><title>403 Forbidden</title></html>";
    assert_eq!(
        Case::call("GET", ORDERS, 403).body("text/html", page).found(),
        [("access.forbidden", Possible)]
    );
}

#[test]
fn a_403_with_a_limit_used_up_or_with_an_error_in_its_challenge_is_not_called_forbidden_that_surely() {
    let github = Case::call("GET", ORDERS, 403)
        .header("x-ratelimit-remaining", "0")
        .json(&json!({"message": "API rate limit exceeded for user ID 1."}));
    assert_eq!(github.found(), [("access.forbidden", Possible)]);
    let quota = json!({"message": "Out of call volume quota. Quota will be replenished in 12:34:56."});
    assert_eq!(Case::call("GET", ORDERS, 403).json(&quota).found(), [("access.forbidden", Possible)]);
    let scope =
        Case::call("GET", ORDERS, 403).header("www-authenticate", "Bearer error=\"insufficient_scope\"");
    assert_eq!(scope.found(), []);
}

#[test]
fn a_csrf_header_is_certain_and_words_are_likely_and_only_for_calls_that_change_something() {
    let sap =
        || json!({"errors": [{"ID": "csrf_validation_failed", "message": "CSRF token missing or invalid"}]});
    let found = Case::call("POST", ORDERS, 403).header("x-csrf-token", "Required").json(&sap()).found();
    assert_eq!(found, [("resource.csrf", Certain)]);
    let spring =
        json!({"message": "Could not verify the provided CSRF token because your session was not found."});
    assert_eq!(Case::call("POST", ORDERS, 403).json(&spring).found(), [("resource.csrf", Likely)]);
    let django = "<html><h1>Forbidden</h1><p>CSRF verification failed. Request aborted.</p></html>";
    assert_eq!(Case::call("PUT", ORDERS, 403).body("text/html", django).found(), [("resource.csrf", Likely)]);
    assert_eq!(Case::call("GET", ORDERS, 403).json(&sap()).found()[0].0, "access.forbidden");
    let page = "<html><meta name=\"csrf-token\" content=\"abc\"><h1>Not allowed</h1></html>";
    assert_eq!(
        Case::call("POST", ORDERS, 403).body("text/html", page).found(),
        [("access.forbidden", Possible)]
    );
}

#[test]
fn a_post_refused_where_get_is_accepted_may_lack_a_csrf_token() {
    let found = Case::call("POST", ORDERS, 401).past(20, "GET", ORDERS, 200).found();
    assert_eq!(found[0], ("resource.csrf", Likely), "{found:?}");
    let found = Case::call("POST", ORDERS, 403).past(20, "GET", ORDERS, 200).found();
    assert_eq!(found, [("access.forbidden", Likely), ("resource.csrf", Possible)]);
    let elsewhere =
        Case::call("POST", ORDERS, 403).past(20, "GET", "https://api.example.test/me", 200).found();
    assert_eq!(elsewhere, [("access.forbidden", Likely)]);
}

#[test]
fn a_404_is_hidden_only_for_what_was_there_before() {
    let one = "https://api.example.test/orders/5";
    assert_eq!(Case::call("GET", one, 404).found(), []);
    let made = || Case::call("GET", one, 404).past_saying(9, "POST", ORDERS, 201, Some(true), "{\"id\": 5}");
    assert_eq!(made().found(), [("access.hidden", Likely)]);
    assert_eq!(made().past(3, "DELETE", one, 204).found(), [], "it was removed");
    let other_id =
        Case::call("GET", one, 404).past_saying(9, "POST", ORDERS, 201, Some(true), "{\"id\": 55}");
    assert_eq!(other_id.found(), []);
    let other_token = Case::call("GET", one, 404).past_saying(9, "GET", one, 200, Some(false), "");
    assert_eq!(other_token.found(), [("access.hidden", Likely)]);
    let before = Case::call("GET", one, 404).past(9, "GET", one, 200).found();
    assert_eq!(before, [("access.hidden", Possible)]);
    let below = Case::call("GET", &format!("{one}/notes"), 404).past_saying(
        9,
        "POST",
        ORDERS,
        201,
        Some(true),
        "{\"id\": 5}",
    );
    assert_eq!(below.found(), []);
}

#[test]
fn a_call_accepted_and_refused_by_turns_is_intermittent() {
    let refused = || challenged("Bearer error=\"invalid_token\", error_description=\"The key is unknown\"");
    let turns = refused().past(40, "GET", ORDERS, 401).past(20, "GET", ORDERS, 200).found();
    assert_eq!(turns, [("resource.intermittent", Certain)]);
    let once = refused().past(20, "GET", ORDERS, 200).found();
    assert_eq!(once, [("resource.intermittent", Likely)]);
    let long_ago = refused().past(400, "GET", ORDERS, 200).found();
    assert_eq!(long_ago, [("token.rejected", Likely), ("resource.intermittent", Possible)]);
    let other_token = refused().past_saying(20, "GET", ORDERS, 200, Some(false), "").found();
    assert_eq!(other_token, [("token.rejected", Likely)]);
    let refused_always = refused().past(20, "GET", ORDERS, 401).found();
    assert_eq!(refused_always, [("token.rejected", Likely)]);
}

#[test]
fn a_token_accepted_when_something_was_created_and_refused_when_it_is_read_is_intermittent() {
    let found = Case::call("GET", "https://api.example.test/orders/5", 401)
        .header("www-authenticate", "Bearer error=\"invalid_token\"")
        .past(2, "POST", ORDERS, 201)
        .found();
    assert_eq!(found, [("resource.intermittent", Likely)]);
    let elsewhere = Case::call("GET", "https://api.example.test/bills/5", 401)
        .header("www-authenticate", "Bearer error=\"invalid_token\"")
        .past(2, "POST", ORDERS, 201)
        .found();
    assert_eq!(elsewhere, [("token.rejected", Likely)]);
}

#[test]
fn healthy_answers_and_other_troubles_give_nothing() {
    for status in [200, 201, 204, 304, 400, 404, 409, 415, 422, 429, 500, 502, 503] {
        assert_eq!(Case::call("POST", ORDERS, status).found(), [], "{status}");
        let words = json!({"message": "order 5 is not valid", "code": "E1"});
        assert_eq!(Case::call("GET", ORDERS, status).json(&words).found(), [], "{status}");
    }
}

#[test]
fn no_finding_shows_the_token() {
    let secret = jwt(&json!({"sub": "a", "exp": now().as_second() + 60}));
    for challenge in ["Bearer", "Basic realm=\"x\"", "Negotiate", "Bearer error=\"invalid_token\""] {
        let findings = Case::new("GET", ORDERS, 401)
            .sends("Authorization", &format!("Bearer {secret}"))
            .header("www-authenticate", challenge)
            .body("text/plain", &format!("you sent {secret}"))
            .findings();
        assert!(!format!("{findings:?}").contains(&secret[..40]), "{challenge}");
    }
}
