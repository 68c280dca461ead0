#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test says what it needs")]

use crate::diagnose::codes;
use crate::diagnose::facts::Purpose;
use crate::diagnose::finding::Likelihood::{Certain, Likely, Possible};
use crate::diagnose::probe::Remedy;
use crate::diagnose::rules::resource::case::{Case, jwt, now};
use serde_json::{Value as Json, json};

const V1: &str = "https://pega.example.test/prweb/api/v1";
const V2: &str = "https://pega.example.test/prweb/api/application/v2";
const ALIAS: &str = "https://pega.example.test/prweb/app/acme-cases/api/application/v2";
const TOKEN: &str = "https://pega.example.test/prweb/PRRestService/oauth2/v1/token";

/// v1's error body.
fn v1(id: &str, message: &str) -> Json {
    json!({"pxObjClass": "Pega-API", "errors": [{"ID": id, "message": message, "pxObjClass": "Pega-API-Error"}]})
}

/// v2's error body.
fn v2(class: &str, text: &str, key: &str, detail: &str) -> Json {
    json!({
        "errorClassification": class,
        "localizedValue": text,
        "errorDetails": [{"message": key, "localizedValue": detail}],
    })
}

fn insufficient(detail: &str) -> Json {
    let text = "You are not allowed to access or update the resource";
    v2("Insufficient security", text, "Error_Insufficient_Privilege", detail)
}

const CONTEXT: &str = "The application of your default access group is not the one of this resource";
const ROLE: &str = "You don't have the privileges to access this resource";

fn list(base: &str, status: u16) -> Case {
    Case::call("GET", &format!("{base}/casetypes"), status)
}

#[test]
fn a_basic_challenge_or_pegas_warning_for_a_token_is_the_service_package() {
    let warning = "299 pega.example.test \"Use of TLS/SSL is strongly recommended for services using Basic Authentication\"";
    let body = json!({"errors": [{"ID": "unauthorized", "message": "Invalid Authentication Data."}]});
    let found = list(V2, 401)
        .header("www-authenticate", "Basic realm=\"prweb\"")
        .header("warning", warning)
        .json(&body)
        .found();
    assert_eq!(found, [("pega.basic_package", Likely)]);
    assert_eq!(list(V1, 401).header("warning", warning).found()[0], ("pega.basic_package", Likely));
    assert!(list(V1, 200).header("warning", warning).found().is_empty(), "a success is none");
}

#[test]
fn v1_that_refuses_silently_what_v2_accepts_is_the_service_package() {
    let found = list(V1, 401).past(10, "GET", &format!("{V2}/casetypes"), 200).found();
    assert_eq!(found[0], ("pega.basic_package", Likely));
    let alone = list(V1, 401).found();
    assert_eq!(alone[0], ("token.rejected", Likely));
    assert!(alone.contains(&("pega.basic_package", Possible)), "{alone:?}");
    assert!(list(V2, 401).found().iter().all(|(code, _)| *code != "pega.basic_package"));
}

#[test]
fn a_403_about_the_application_is_the_alias_and_the_alias_of_the_token_is_offered() {
    let token = jwt(&json!({"sub": "a@acme", "app_alias": "acme-cases", "exp": now().as_second() + 60}));
    let finding = Case::new("GET", &format!("{V2}/casetypes"), 403)
        .sends("Authorization", &format!("Bearer {token}"))
        .json(&insufficient(CONTEXT))
        .first();
    assert_eq!((finding.code(), finding.likelihood), ("pega.app_alias", Likely));
    let from = "https://pega.example.test/prweb/api".to_owned();
    let to = "https://pega.example.test/prweb/app/acme-cases/api".to_owned();
    assert_eq!(finding.remedies, [Remedy::UseUrl { from, to }]);
    let unknown = list(V2, 403).json(&insufficient(CONTEXT)).first();
    assert!(unknown.code() == "pega.app_alias" && unknown.remedies.is_empty());
    let v1 = list(V1, 403).json(&v1("Pega_API_019", CONTEXT)).found();
    assert_eq!(v1, [("pega.app_alias", Likely), ("pega.privilege", Possible)]);
}

#[test]
fn the_alias_is_also_known_from_another_request_or_the_profiles_token_url() {
    let finding =
        list(V2, 403).json(&insufficient(CONTEXT)).past(9, "GET", &format!("{ALIAS}/casetypes"), 200).first();
    assert!(
        matches!(&finding.remedies[..], [Remedy::UseUrl { to, .. }] if to.ends_with("/app/acme-cases/api"))
    );
}

#[test]
fn a_403_about_privileges_is_the_role() {
    let found = list(V2, 403).json(&insufficient(ROLE)).found();
    assert_eq!(found, [("pega.privilege", Likely), ("pega.app_alias", Possible)]);
    assert_eq!(list(ALIAS, 403).json(&insufficient(ROLE)).found(), [("pega.privilege", Likely)]);
    for id in ["Pega_API_012", "Pega_API_019"] {
        let body = v1(id, "Unauthorized access for the given parameter ID");
        assert_eq!(list(V1, 403).json(&body).found(), [("pega.privilege", Likely)], "{id}");
    }
}

#[test]
fn a_403_of_pega_without_words_is_the_alias_unless_the_same_way_in_was_accepted() {
    let unsaid = || list(V2, 403).json(&insufficient("This case type cannot be created through the API"));
    assert_eq!(unsaid().found(), [("pega.app_alias", Likely), ("pega.privilege", Possible)]);
    let accepted = unsaid().past(9, "GET", &format!("{V2}/assignments/next"), 200).found();
    assert_eq!(accepted, [("pega.privilege", Likely)]);
}

#[test]
fn a_token_made_for_another_application_than_the_url_names_is_about_the_alias() {
    let token = jwt(&json!({"sub": "a@acme", "app_alias": "billing", "exp": now().as_second() + 60}));
    let call = |detail| {
        Case::new("GET", &format!("{ALIAS}/casetypes"), 403)
            .sends("Authorization", &format!("Bearer {token}"))
            .json(&insufficient(detail))
    };
    let finding = call("Not for you").first();
    assert_eq!((finding.code(), finding.likelihood), ("pega.app_alias", Likely));
    assert!(
        finding.remedies.is_empty() && finding.evidence.iter().any(|e| e.text == "claim app_alias: billing")
    );
    assert_eq!(call(ROLE).first().code(), "pega.privilege");
}

#[test]
fn a_403_not_in_pegas_shape_stays_forbidden_with_pegas_reasons_behind() {
    let found = list(V2, 403).json(&json!({"status": 403, "message": "Forbidden"})).found();
    assert_eq!(found[0], ("access.forbidden", Likely));
    assert!(found[1..].iter().all(|(_, likelihood)| *likelihood == Possible), "{found:?}");
}

#[test]
fn a_403_about_a_csrf_token_on_pega_is_not_about_privileges() {
    let body =
        json!({"errors": [{"ID": "csrf_validation_failed", "message": "CSRF token missing or invalid"}]});
    let found = Case::call("POST", &format!("{V2}/cases"), 403)
        .header("x-csrf-token", "Required")
        .json(&body)
        .found();
    assert_eq!(found, [("resource.csrf", Certain)]);
}

#[test]
fn a_silent_401_on_pega_is_first_the_token_and_perhaps_its_operator() {
    let found = list(V2, 401).found();
    assert_eq!(found, [("token.rejected", Likely), ("pega.operator", Possible)]);
    let xml = "<?xml version=\"1.0\"?>\n<error><status>401</status><message>Unauthorized</message></error>";
    assert_eq!(list(V2, 401).body("text/xml", xml).found()[0], ("token.rejected", Likely));
    assert!(list(V2, 401).first().cause.contains("service package"));
}

#[test]
fn the_platforms_defect_needs_a_new_token_and_more_than_one_call() {
    let has = |case: Case| case.found().contains(&("pega.platform_defect", Possible));
    assert!(has(list(V2, 401).issued(3).past(2, "GET", &format!("{V2}/assignments/next"), 401)));
    assert!(!has(list(V2, 401).issued(3)));
    assert!(!has(list(V2, 401).past(2, "GET", &format!("{V2}/assignments/next"), 401)));
    let mixed = list(V2, 401).issued(3).past(2, "GET", &format!("{V2}/data_views/D_x"), 401);
    assert!(!has(mixed.past_saying(1, "GET", &format!("{V2}/assignments/next"), 200, Some(false), "")));
}

/// The token endpoint's refusal of a grant.
fn grant(grant: &str, status: u16, error: &str, text: &str) -> Case {
    Case::new("POST", TOKEN, status)
        .sends("Content-Type", "application/x-www-form-urlencoded")
        .with(&format!("grant_type={grant}&client_id=app&client_secret=s3cr%25et%2Bvalue"))
        .json(&json!({"error": error, "error_description": text}))
}

const JWT_BEARER: &str = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";

#[test]
fn words_about_the_operator_are_certain_and_the_fix_fits_them() {
    for (text, fix) in [
        ("Unable to retrieve Operator Page: no operator is associated with the token", "name an operator"),
        ("The operator ID is disabled", "enable the operator"),
        ("The operator ID is locked", "unlock the operator"),
        ("The operator has no default access group", "access group"),
        ("The operator CLAIMS.BATCH of the client registration is disabled", "enable the operator"),
        ("Operator ID batch@acme does not exist", "name an operator"),
    ] {
        let finding = grant("client_credentials", 401, "invalid_grant", text).first();
        assert_eq!((finding.code(), finding.likelihood), ("pega.operator", Certain), "{text}");
        assert!(finding.fix.contains(fix), "{text}: {}", finding.fix);
        assert!(!format!("{finding:?}").contains("s3cr"), "no secret of the form is shown");
    }
    let mapped = grant(JWT_BEARER, 401, "invalid_grant", "No operator is associated with the token").first();
    assert!(mapped.code() == "pega.operator" && mapped.fix.contains("pyUserIdentifier"));
    let legacy = Case::new("POST", TOKEN, 401)
        .with("grant_type=client_credentials")
        .json(&json!({"errors": [{"ID": "invalid_grant", "message": "The operator ID is locked"}]}));
    assert_eq!(legacy.found(), [("pega.operator", Certain)]);
}

#[test]
fn invalid_grant_for_client_credentials_can_hardly_be_anything_else() {
    assert_eq!(grant("client_credentials", 400, "invalid_grant", "").found(), [("pega.operator", Likely)]);
    assert_eq!(grant(JWT_BEARER, 400, "invalid_grant", "").found(), [("pega.operator", Possible)]);
    let assertion = grant(JWT_BEARER, 400, "invalid_grant", "The audience of the assertion is wrong");
    assert_eq!(assertion.found(), []);
    assert_eq!(
        grant("password", 400, "invalid_grant", "The user name or the password is not right.").found(),
        []
    );
    assert_eq!(
        grant("client_credentials", 401, "invalid_client", "Client authentication failed").found(),
        []
    );
    let elsewhere = Case::new("POST", "https://login.example.test/oauth2/token", 400)
        .with("grant_type=client_credentials")
        .json(&json!({"error": "invalid_grant", "error_description": "The operator ID is locked"}));
    assert_eq!(elsewhere.found(), [], "other servers have no operators");
}

fn create(base: &str, status: u16) -> Case {
    Case::call("POST", &format!("{base}/cases"), status)
        .with(r#"{"caseTypeID":"Acme-Cases-Work-request","content":{"Color":"red"}}"#)
}

#[test]
fn a_case_type_that_is_not_found_is_named() {
    let text = "Case type not found for the given parameter caseTypeID: Acme-Cases-Work-request";
    let body = v2("Invalid inputs", "One or more inputs are invalid", "Error_Case_Type_Not_Found", text);
    let finding = create(V2, 400).json(&body).first();
    assert_eq!((finding.code(), finding.likelihood), ("pega.case_type", Certain));
    assert!(finding.summary.contains("Acme-Cases-Work-request"));
    let old = v1("Pega_API_008", "Case Type not found for the given parameter caseTypeID");
    assert_eq!(create(V1, 400).json(&old).found(), [("pega.case_type", Certain)]);
}

#[test]
fn fields_that_are_not_taken_at_creation_are_named() {
    let text = "Color is not listed in AllowedStartingFields of Acme-Cases-Work-Request";
    let body = v2("Invalid inputs", "One or more inputs are invalid", "Error_Field_Not_Allowed", text);
    let finding = create(V2, 400).json(&body).first();
    assert_eq!((finding.code(), finding.likelihood), ("pega.starting_fields", Certain));
    assert!(finding.summary.contains("`Color`"));
    let mut old = v1("Pega_API_055", "Validation messages found.");
    old["errors"][0]["ValidationMessages"] =
        json!([{"ValidationMessage": "Color is not allowed by AllowedStartingFields", "Path": ".Color"}]);
    assert_eq!(create(V1, 400).json(&old).found(), [("pega.starting_fields", Certain)]);
    let value = v2(
        "Validation fail",
        "Validation failed",
        "Error_Validation_Fail",
        "red is not a valid integer value",
    );
    assert_eq!(create(V2, 422).json(&value).found(), [], "a wrong value is validation");
}

fn change(base: &str, status: u16) -> Case {
    Case::call("PATCH", &format!("{base}/cases/ACME%20C-1/actions/pyUpdate"), status)
}

#[test]
fn an_etag_that_is_missing_or_stale_is_told_apart() {
    let missing = || {
        v2(
            "Precondition failed",
            "The if-match header is required",
            "Error_Precondition_Failed",
            "The if-match request header is missing",
        )
    };
    let dropped = change(V2, 412).sends("If-Match", "20260101T000000.000 GMT").json(&missing()).first();
    assert_eq!((dropped.code(), dropped.likelihood), ("pega.etag", Certain));
    assert!(dropped.summary.contains("did not reach Pega"));
    assert!(change(V2, 412).json(&missing()).first().summary.contains("without If-Match"));
    let stale = v2(
        "Conflict",
        "The resource was changed by somebody else",
        "Error_Stale_Etag",
        "The if-match value is not the current etag of the case",
    );
    let finding = change(V2, 409).sends("If-Match", "x").json(&stale).first();
    assert!(finding.code() == "pega.etag" && finding.summary.contains("saved the case since"));
    let old = v1("Pega_API_020", "Missing If-Match request header");
    assert_eq!(change(V1, 403).json(&old).found(), [("pega.etag", Certain)]);
    let old = v1("Pega_API_021", "Unauthorized access: If-Match does not match ETag");
    assert_eq!(change(V1, 412).sends("If-Match", "x").json(&old).found(), [("pega.etag", Certain)]);
    assert_eq!(change(V2, 409).sends("If-Match", "x").found(), [("pega.etag", Likely)]);
}

#[test]
fn conflicts_of_the_business_are_no_etag() {
    let follower = || v2("Conflict", "Conflict", "Error_Conflict", "User X is already a follower");
    assert_eq!(Case::call("POST", &format!("{V2}/cases/C-1/followers"), 409).json(&follower()).found(), []);
    assert_eq!(change(V2, 409).sends("If-Match", "x").json(&follower()).found(), []);
    assert_eq!(change(V2, 409).found(), []);
    let elsewhere = Case::call("PUT", "https://api.example.test/orders/5", 412).sends("If-Match", "x");
    assert_eq!(elsewhere.found(), []);
}

#[test]
fn a_lock_names_its_holder() {
    let text = "Resource is locked by Administrator";
    let finding = change(V2, 423).json(&v2("Locked", text, "Error_Resource_Locked", text)).first();
    assert_eq!((finding.code(), finding.likelihood), ("pega.locked", Certain));
    assert_eq!(finding.summary, "the case is locked by Administrator");
    assert_eq!(change(V1, 423).json(&v1("Pega_API_423", text)).found(), [("pega.locked", Certain)]);
}

#[test]
fn a_stale_session_index_is_certain_from_the_browser_and_from_the_token_endpoint() {
    let url =
        "https://pega.example.test/prweb/PRRestService/oauth2/v1/authorize?response_type=code&client_id=a";
    let case = Case::new("GET", url, 302)
        .purpose(Purpose::Login)
        .browser("invalid_session_index", "The session index is not valid.");
    assert_eq!(case.found(), [("pega.session", Certain)]);
    let at_token =
        grant("client_credentials", 400, "invalid_session_index", "The session index is not valid.");
    assert_eq!(at_token.found(), [("pega.session", Certain)]);
    let other = Case::new("GET", url, 302).purpose(Purpose::Login).browser("login_required", "");
    assert_eq!(other.found(), [], "login_required has a code of its own");
}

#[test]
fn an_error_page_about_the_redirect_uri_is_the_registration() {
    let url = "https://pega.example.test/prweb/PRRestService/oauth2/v1/authorize?response_type=code&client_id=a&redirect_uri=http%3A%2F%2F127.0.0.1%2Fcb";
    let page = "<html><body><p>invalid_request: the redirect_uri is not in the list of redirect URIs of the client registration.</p></body></html>";
    let finding = Case::new("GET", url, 400).body("text/html", page).first();
    assert_eq!((finding.code(), finding.likelihood), ("pega.redirect_uri", Certain));
    assert!(finding.fix.contains("http://127.0.0.1/cb"));
    let missing = "<html><body><p>The parameter redirect_uri is missing.</p></body></html>";
    assert_eq!(Case::new("GET", url, 400).body("text/html", missing).found(), []);
    assert_eq!(Case::new("GET", url, 200).body("text/html", page).found(), []);
}

#[test]
fn a_503_of_pega_is_a_start_and_elsewhere_nothing_here() {
    let page = "<html><body>The Pega node is starting. Try again shortly.</body></html>";
    let finding = list(V2, 503).header("retry-after", "20").body("text/html", page).first();
    assert_eq!((finding.code(), finding.likelihood), ("pega.starting", Likely));
    assert!(finding.summary.contains("20 s"));
    assert_eq!(list(V2, 503).found(), [("pega.starting", Possible)]);
    let token = Case::new("POST", TOKEN, 503).with("grant_type=client_credentials").body("text/html", page);
    assert_eq!(token.found(), [("pega.starting", Likely)]);
    assert_eq!(Case::call("GET", "https://api.example.test/orders", 503).body("text/html", page).found(), []);
}

#[test]
fn a_path_that_is_not_quite_pegas_is_a_wrong_endpoint() {
    if codes::code("endpoint.wrong").is_none() {
        return;
    }
    let page = "<html><body>Not Found</body></html>";
    for url in [
        "https://pega.example.test/prweb/prweb/api/application/v2/casetypes",
        "https://pega.example.test/api/application/v2/casetypes",
        "https://pega.example.test/prweb/api/application/v2/casetypes",
    ] {
        assert_eq!(
            Case::call("GET", url, 404).body("text/html", page).found(),
            [("endpoint.wrong", Likely)],
            "{url}"
        );
    }
}

#[test]
fn what_pega_says_about_ordinary_mistakes_gives_nothing() {
    let missing =
        v2("Resource not found", "The resource cannot be found.", "Error_NotFound", "Case not found");
    assert_eq!(Case::call("GET", &format!("{V2}/cases/ACME%20C-9"), 404).json(&missing).found(), []);
    let bad = v2(
        "Invalid inputs",
        "One or more inputs are invalid",
        "Error_Missing_Parameter",
        "The parameter caseTypeID is required for this request",
    );
    assert_eq!(create(V2, 400).json(&bad).found(), []);
    let deleted = v2(
        "Validation fail",
        "Validation failed",
        "Error_Validation_Fail",
        "A case can be deleted only in its create stage",
    );
    assert_eq!(Case::call("DELETE", &format!("{V2}/cases/ACME%20C-1"), 422).json(&deleted).found(), []);
    for status in [200, 201, 204, 404, 424, 429, 500] {
        assert_eq!(create(V2, status).found(), [], "{status}");
    }
}

#[test]
fn a_case_that_was_created_and_is_not_found_is_hidden() {
    let created =
        r#"{"data":{"caseInfo":{"ID":"ACME-CASES-WORK APP-2005"}},"ID":"ACME-CASES-WORK APP-2005"}"#;
    let missing =
        v2("Resource not found", "The resource cannot be found.", "Error_NotFound", "Case not found");
    let finding = Case::call("GET", &format!("{V2}/cases/ACME-CASES-WORK%20APP-2005"), 404)
        .json(&missing)
        .past_saying(5, "POST", &format!("{V2}/cases"), 201, Some(true), created)
        .first();
    assert_eq!((finding.code(), finding.likelihood), ("access.hidden", Likely));
    assert!(finding.cause.contains("access policy"));
}
