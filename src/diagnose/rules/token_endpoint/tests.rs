#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it needs")]

use crate::diagnose::fixture::{Made, NOW, basic, call, jwt, jwt_with, request, token_request};
use crate::diagnose::{Environment, Issued, Known, KnownKind, Likelihood, Probe, Profile, Purpose, Remedy};
use crate::model::profile::ClientAuth;
use crate::model::secret::Secret;
use Likelihood::{Certain, Likely, Possible};
use serde_json::{Value as Json, json};

const TOKEN: &str = "https://idp.example.test/oauth2/token";
const PEGA: &str = "https://pega.example.test/prweb/PRRestService/oauth2/v1/token";
const CC: (&str, &str) = ("grant_type", "client_credentials");
const JWT_GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Client credentials with a Basic header.
fn with_basic(secret: &str) -> Made {
    token_request(TOKEN, &[CC]).header("Authorization", &basic("client-1", secret))
}

/// Client credentials in the body.
fn with_body(secret: &str) -> Made {
    token_request(TOKEN, &[CC, ("client_id", "client-1"), ("client_secret", secret)])
}

fn refused(made: Made) -> Made {
    made.response(401).error("invalid_client", "Client authentication failed")
}

fn first(made: Made) -> (&'static str, Likelihood) {
    let diagnosis = made.diagnosis();
    let first = diagnosis.first().unwrap_or_else(|| panic!("nothing found"));
    (first.code(), first.likelihood)
}

fn token_answer() -> Json {
    json!({ "access_token": jwt(&json!({ "exp": NOW + 600 })), "token_type": "bearer", "expires_in": 600 })
}

#[test]
fn a_healthy_token_answer_gives_nothing_however_it_was_asked_for() {
    let odd = " s3cr3t%41+ ";
    for made in [with_basic(odd), with_body(odd), with_basic(odd).form(&[("client_secret", odd)])] {
        assert!(made.response(200).json(&token_answer()).codes().is_empty());
    }
}

#[test]
fn invalid_client_is_certain_when_nothing_in_the_request_explains_it() {
    assert_eq!(first(refused(with_basic("s3cr3t-of-test"))), ("client.invalid", Certain));
    let found = refused(with_body("s3cr3t-of-test")).finding("client.invalid").unwrap();
    assert!(found.probes.contains(&Probe::OtherClientAuth));
    assert!(found.remedies.contains(&Remedy::SetSecret { variable: "client_secret".into() }));
}

#[test]
fn a_bare_401_of_a_token_endpoint_is_likely_the_client() {
    let made = with_basic("s3cr3t-of-test").response(401).with("WWW-Authenticate", "Basic realm=\"x\"");
    assert_eq!(first(made), ("client.invalid", Likely));
}

#[test]
fn keycloak_auth0_and_github_say_a_wrong_secret_in_their_own_ways() {
    let keycloak = with_body("s3cr3t")
        .response(401)
        .error("unauthorized_client", "Invalid client or Invalid client credentials");
    assert_eq!(first(keycloak).0, "client.invalid");
    let auth0 = with_body("s3cr3t").response(401).error("access_denied", "Unauthorized");
    assert_eq!(first(auth0).0, "client.invalid");
    let github = with_body("s3cr3t")
        .response(200)
        .error("incorrect_client_credentials", "The client_id and/or client_secret passed are incorrect.");
    assert_eq!(github.codes(), ["response.hidden_error", "client.invalid"]);
}

#[test]
fn no_finding_shows_the_secret_that_was_sent() {
    for secret in
        ["s3cr3t+of/test", "  s3cr3t-of-test", "\"s3cr3t-of-test\"", "Client Secret: s3cr3t-of-test"]
    {
        for made in [with_basic(secret), with_body(secret)] {
            let shown = format!("{:?}", refused(made).diagnosis());
            assert!(!shown.contains("s3cr3t"), "{shown}");
        }
    }
}

#[test]
fn a_secret_of_another_environment_is_named_without_being_shown() {
    let known = |environment: &str, kind| Known {
        kind,
        label: "profile pega".into(),
        environment: environment.into(),
        text: Secret::new("s3cr3t-of-test".to_owned()),
    };
    let dev = |known: Vec<Known>| {
        refused(with_basic("s3cr3t-of-test"))
            .context(|c| {
                c.environments = vec![Environment { name: "dev".into(), active: true, hosts: vec![] }];
                c.known = known;
            })
            .finding("client.invalid")
            .unwrap()
    };
    assert!(dev(vec![known("prod", KnownKind::ClientSecret)]).summary.contains("environment prod"));
    assert!(dev(vec![known("dev", KnownKind::RefreshToken)]).summary.contains("a refresh token"));
    let right = dev(vec![known("prod", KnownKind::ClientSecret), known("dev", KnownKind::ClientSecret)]);
    assert!(!right.summary.contains("prod"), "the one in use is the right one");
}

#[test]
fn the_shape_of_pegas_secrets_is_a_hint_on_pegas_paths_only() {
    let hint = |url: &str| {
        let made =
            token_request(url, &[CC]).header("Authorization", &basic("12345678901234567890", "not-hex"));
        format!("{:?}", refused(made).finding("client.invalid").unwrap().evidence)
    };
    assert!(hint(PEGA).contains("32 upper-case hexadecimal"));
    assert!(!hint(PEGA).contains("20 digits"));
    assert!(!hint(TOKEN).contains("hexadecimal"));
}

#[test]
fn stray_characters_are_named_by_code_point_and_come_before_the_refusal() {
    for (secret, words) in [
        ("s3cr3t ", "ends with a space (U+0020)"),
        ("s3cr3t\n", "ends with a line feed (U+000A)"),
        ("\u{feff}s3cr3t", "begins with a byte order mark (U+FEFF)"),
        ("s3cr\u{200b}3t", "holds a zero-width space (U+200B)"),
        ("\u{201c}s3cr3t\u{201d}", "holds a typographic quote (U+201C)"),
        ("\"s3cr3t\"", "is wrapped in a quote"),
        ("Client Secret: s3cr3t", "begins with its label"),
    ] {
        let diagnosis = refused(with_basic(secret)).diagnosis();
        let found = diagnosis.first().unwrap();
        assert_eq!((found.code(), found.likelihood), ("client.paste_error", Likely), "{secret:?}");
        assert_eq!(found.summary.split(words).next(), Some("client_secret "), "{}", found.summary);
        assert!(diagnosis.findings.iter().any(|f| f.code() == "client.invalid" && f.likelihood == Likely));
    }
    let trim = refused(with_body("s3cr3t ")).finding("client.paste_error").unwrap();
    assert!(trim.remedies.contains(&Remedy::Trim { variable: "client_secret".into() }));
}

#[test]
fn a_variable_that_was_not_replaced_is_certain() {
    assert_eq!(first(refused(with_body("{{client_secret}}"))), ("client.paste_error", Certain));
}

#[test]
fn a_masked_secret_and_a_refusal_for_another_reason_say_nothing_of_stray_characters() {
    assert!(refused(with_body(" [redacted] ")).finding("client.paste_error").is_none());
    let scope = with_body("s3cr3t ").response(400).error("invalid_scope", "");
    assert_eq!(scope.codes(), ["scope.invalid"]);
}

#[test]
fn a_secret_that_the_two_sides_may_encode_differently_comes_before_the_refusal() {
    let ours = |auth| Profile { client_auth: Some(auth), ..Profile::default() };
    let encoded = refused(with_basic("a%2Bb")).profile(ours(ClientAuth::Basic)).diagnosis();
    let found = encoded.first().unwrap();
    assert_eq!((found.code(), found.likelihood), ("client.secret_encoding", Likely));
    assert_eq!(found.remedies, [Remedy::ClientAuth(ClientAuth::BasicRaw)]);
    let raw = refused(with_basic("a+b")).profile(ours(ClientAuth::BasicRaw)).diagnosis();
    assert_eq!(raw.first().unwrap().remedies, [Remedy::ClientAuth(ClientAuth::Basic)]);
    assert_eq!(first(refused(with_body("a%2Bb"))).0, "client.secret_encoding");
}

#[test]
fn characters_that_mean_the_same_either_way_are_no_trouble_of_encoding() {
    for secret in ["plain-._secret", "with/slash=and:colon"] {
        assert_eq!(first(refused(with_basic(secret))), ("client.invalid", Certain), "{secret}");
    }
}

#[test]
fn a_reason_the_server_names_outweighs_the_encoding() {
    let made = with_basic("a%7Eb")
        .response(401)
        .error("invalid_client", "AADSTS7000222: The provided client secret keys are expired.");
    let codes: Vec<_> = made.diagnosis().findings.iter().map(|f| (f.code(), f.likelihood)).collect();
    assert_eq!(codes, [("client.invalid", Certain), ("client.secret_encoding", Possible)]);
}

#[test]
fn a_header_and_a_secret_in_the_body_are_two_methods() {
    let made = || with_body("s3cr3t-of-test").header("Authorization", &basic("client-1", "s3cr3t-of-test"));
    let sure = made()
        .response(400)
        .error("invalid_request", "The client used more than one method to authenticate.");
    assert_eq!(first(sure), ("client.two_methods", Certain));
    assert_eq!(first(made().response(401).error("invalid_client", "")), ("client.two_methods", Likely));
    let id_only = token_request(TOKEN, &[CC, ("client_id", "client-1")])
        .header("Authorization", &basic("client-1", "x"));
    assert!(refused(id_only).finding("client.two_methods").is_none(), "client_id alone is no authentication");
}

#[test]
fn basic_is_expected_only_where_it_was_not_sent() {
    let challenge = |made: Made| refused(made).with("WWW-Authenticate", "Basic realm=\"oauth2\"");
    let found = challenge(with_body("s3cr3t")).diagnosis();
    assert_eq!(
        (found.first().unwrap().code(), found.first().unwrap().likelihood),
        ("client.basic_expected", Likely)
    );
    assert!(found.first().unwrap().remedies.contains(&Remedy::ClientAuth(ClientAuth::Basic)));
    assert_eq!(first(challenge(with_basic("s3cr3t"))), ("client.invalid", Certain));
    let api = call("https://api.example.test/x", "Bearer x").response(401).with("WWW-Authenticate", "Basic");
    assert!(api.finding("client.basic_expected").is_none());
}

#[test]
fn a_body_that_is_no_form_is_certain_where_the_server_saw_no_parameters() {
    let sent = |media: &str| {
        let made = request("POST", TOKEN).body("{\"grant_type\":\"client_credentials\"}");
        if media.is_empty() { made.header("Accept", "*/*") } else { made.header("Content-Type", media) }
    };
    let pega = json!({ "errors": [
        { "ID": "invalid_request", "message": "The request is missing a required parameter." },
        { "ID": "unsupported_grant_type", "message": "The grant type is not supported." } ] });
    assert_eq!(first(sent("application/json").response(400).json(&pega)), ("request.not_form", Certain));
    assert_eq!(sent("application/json").response(400).json(&pega).codes(), ["request.not_form"]);
    let missing = sent("").response(400).error("invalid_request", "grant_type is missing.");
    assert_eq!(first(missing), ("request.not_form", Certain));
    let auth0 = sent("application/json")
        .response(403)
        .error("unauthorized_client", "Grant type not allowed for the client.");
    assert_eq!(auth0.codes(), ["grant.not_allowed"], "a server that read the JSON has another reason");
}

#[test]
fn parameters_in_the_query_or_headers_are_misplaced() {
    let made = request(
        "POST",
        "https://idp.example.test/oauth2/token?grant_type=client_credentials&client_secret=s3cr3t",
    )
    .response(400)
    .error("invalid_request", "missing parameter");
    let found = made.diagnosis();
    assert_eq!(
        (found.first().unwrap().code(), found.first().unwrap().likelihood),
        ("request.misplaced", Certain)
    );
    assert!(!format!("{found:?}").contains("s3cr3t"));
    let header = request("POST", TOKEN)
        .header("grant_type", "client_credentials")
        .response(400)
        .error("unsupported_grant_type", "");
    assert_eq!(header.codes(), ["request.misplaced"]);
}

#[test]
fn a_secret_in_the_url_is_a_warning_even_when_it_works() {
    let url = "https://idp.example.test/oauth2/token?client_secret=s3cr3t";
    let found = token_request(url, &[CC]).response(200).json(&token_answer());
    assert_eq!(found.codes(), ["request.misplaced"]);
}

#[test]
fn a_mistyped_grant_is_told_with_the_right_spelling() {
    for (sent, meant) in [
        ("client_credential", "client_credentials"),
        ("authorization-code", "authorization_code"),
        ("refreshtoken", "refresh_token"),
        ("urn:ietf:params:oauth:grant-type:jwt_bearer", JWT_GRANT),
        ("jwt-bearer", JWT_GRANT),
    ] {
        let made =
            token_request(TOKEN, &[("grant_type", sent)]).response(400).error("unsupported_grant_type", "");
        let found = made.finding("grant.unsupported").unwrap();
        assert_eq!(found.likelihood, Certain);
        assert!(found.summary.contains(&format!("`{meant}` was meant")), "{}", found.summary);
    }
    let known = token_request(TOKEN, &[CC]).response(400).error("unsupported_grant_type", "");
    let found = known.finding("grant.unsupported").unwrap();
    assert!(!found.summary.contains("meant") && found.probes.contains(&Probe::Metadata));
}

#[test]
fn codes_of_the_protocol_are_certain() {
    for (error, code) in [
        ("unauthorized_client", "grant.not_allowed"),
        ("invalid_scope", "scope.invalid"),
        ("invalid_target", "target.invalid"),
        ("use_dpop_nonce", "dpop.nonce"),
        ("invalid_dpop_proof", "dpop.proof"),
        ("interaction_required", "login.required"),
        ("unsupported_grant_type", "grant.unsupported"),
    ] {
        let made = with_basic("s3cr3t").response(400).error(error, "");
        let diagnosis = made.diagnosis();
        assert_eq!(diagnosis.findings.len(), 1, "{error}");
        assert_eq!((diagnosis.findings[0].code(), diagnosis.findings[0].likelihood), (code, Certain));
    }
}

#[test]
fn an_api_that_uses_the_same_words_is_no_token_endpoint() {
    for error in ["invalid_client", "invalid_scope", "unauthorized_client", "invalid_grant", "access_denied"]
    {
        let codes = call("https://api.example.test/x", "Bearer x").response(403).error(error, "no").codes();
        for code in codes {
            let info = crate::diagnose::code(code).unwrap();
            assert_ne!(info.layer, crate::diagnose::Layer::TokenEndpoint, "{error}: {code}");
        }
    }
}

#[test]
fn a_refused_grant_is_told_by_what_was_presented() {
    let refused = |fields: &[(&str, &str)], words: &str| {
        token_request(TOKEN, fields).response(400).error("invalid_grant", words).diagnosis()
    };
    for (fields, words, code) in [
        (vec![("grant_type", "authorization_code"), ("code", "c")], "", "grant.code"),
        (
            vec![("grant_type", "authorization_code"), ("code", "c")],
            "The code verifier does not fit the code challenge.",
            "grant.code",
        ),
        (
            vec![("grant_type", "refresh_token"), ("refresh_token", "r")],
            "The refresh token was used before.",
            "grant.refresh",
        ),
        (vec![("grant_type", "password"), ("username", "u")], "Invalid user credentials", "grant.user"),
    ] {
        let found = refused(&fields, words);
        assert_eq!(found.findings.len(), 1, "{found:?}");
        assert_eq!((found.findings[0].code(), found.findings[0].likelihood), (code, Certain));
    }
    let mapping = refused(
        &[("grant_type", "password")],
        "No identity mapping is configured for the client registration.",
    );
    assert!(mapping.findings[0].summary.contains("identity mapping"));
}

#[test]
fn an_operator_that_pega_does_not_find_is_not_the_grants_fault() {
    let fields = [("grant_type", JWT_GRANT), ("assertion", "x.y.z")];
    let made = token_request(PEGA, &fields)
        .response(401)
        .error("invalid_grant", "No operator is associated with the token");
    let codes = made.codes();
    assert!(!codes.iter().any(|c| c.starts_with("assertion.") || c.starts_with("grant.")), "{codes:?}");
}

#[test]
fn without_the_form_a_refused_grant_leaves_two_possibilities() {
    let made = request("POST", TOKEN).purpose(Purpose::Token).response(400).error("invalid_grant", "");
    let all: Vec<_> = made.diagnosis().findings.iter().map(|f| (f.code(), f.likelihood)).collect();
    assert!(all.contains(&("grant.refresh", Possible)) && all.contains(&("grant.code", Possible)), "{all:?}");
}

/// An assertion of a JWT bearer grant that is in order, with these members changed.
fn claims(changes: &Json) -> Json {
    let mut claims = json!({ "iss": "client-1", "sub": "client-1", "aud": TOKEN, "iat": NOW - 5, "exp": NOW + 300, "jti": "j" });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn assertion(changes: &Json, words: &str) -> Made {
    token_request(TOKEN, &[("grant_type", JWT_GRANT), ("assertion", &jwt(&claims(changes)))])
        .offset(0)
        .response(400)
        .error("invalid_grant", words)
}

#[test]
fn the_servers_words_about_an_assertion_choose_the_reason() {
    for (words, code) in [
        ("The audience of the assertion is not this token endpoint.", "assertion.audience"),
        ("aud of the assertion is not this server.", "assertion.audience"),
        ("The assertion has expired, or is not valid yet.", "assertion.time"),
        ("An assertion with this jti was used before.", "assertion.replay"),
        ("The assertion was used before (jti).", "assertion.replay"),
        ("The signature of the assertion fits no key registered for the client.", "assertion.key"),
        ("The subject of the assertion is not the one of the token profile.", "assertion.subject"),
        ("There is no user of that name (sub).", "assertion.subject"),
        ("The issuer of the assertion is not the one of the token profile.", "assertion.subject"),
    ] {
        assert_eq!(first(assertion(&json!({}), words)), (code, Likely), "{words}");
    }
}

#[test]
fn an_assertion_past_its_end_by_the_servers_clock_is_certain() {
    assert_eq!(first(assertion(&json!({ "exp": NOW - 600 }), "")), ("assertion.time", Certain));
    assert_eq!(
        first(assertion(&json!({ "nbf": NOW + 3600, "exp": NOW + 3700 }), "")),
        ("assertion.time", Certain)
    );
    assert_eq!(first(assertion(&json!({ "exp": NOW + 86_400 }), "")).0, "assertion.time");
}

#[test]
fn an_audience_is_compared_with_the_token_url_letter_by_letter() {
    let found = assertion(&json!({ "aud": "https://idp.example.test/oauth2/token/" }), "")
        .finding("assertion.audience")
        .unwrap();
    assert_eq!(
        (found.likelihood, found.summary.as_str()),
        (Likely, "aud of the assertion differs from the token URL by the slash at its end")
    );
    let sure = assertion(&json!({ "aud": "http://idp.example.test/oauth2/token" }), "bad audience");
    assert_eq!(first(sure), ("assertion.audience", Certain));
    // The issuer's name may be any: that it differs says nothing.
    assert!(
        assertion(&json!({ "aud": "https://idp.example.test/realms/x" }), "")
            .finding("assertion.audience")
            .is_none()
    );
    assert!(assertion(&json!({ "aud": "urn:pega:dev" }), "").finding("assertion.audience").is_none());
    assert!(assertion(&json!({}), "").finding("assertion.audience").is_none());
}

#[test]
fn a_client_assertion_whose_iss_is_not_its_sub_is_certain() {
    let made = |changes: &Json| {
        refused(token_request(
            TOKEN,
            &[CC, ("client_id", "client-1"), ("client_assertion", &jwt(&claims(changes)))],
        ))
    };
    assert_eq!(first(made(&json!({ "iss": "somebody" }))), ("assertion.subject", Certain));
    assert_eq!(first(made(&json!({ "iss": "x", "sub": "x" }))), ("assertion.subject", Certain));
    let codes: Vec<_> =
        made(&json!({})).diagnosis().findings.iter().map(|f| (f.code(), f.likelihood)).collect();
    assert!(codes.contains(&("assertion.key", Possible)), "{codes:?}");
}

#[test]
fn an_unsigned_assertion_is_certain() {
    let text = jwt_with(&json!({ "alg": "none" }), &claims(&json!({})));
    let made = token_request(TOKEN, &[("grant_type", JWT_GRANT), ("assertion", &text)]);
    assert_eq!(first(made.response(400).error("invalid_grant", "")), ("assertion.key", Certain));
}

#[test]
fn a_refused_code_with_a_good_client_assertion_is_about_the_code() {
    let text = jwt(&claims(&json!({ "exp": NOW + 86_400 })));
    let fields = [("grant_type", "authorization_code"), ("code", "c"), ("client_assertion", text.as_str())];
    let made = token_request(TOKEN, &fields).response(400).error("invalid_grant", "Code not valid");
    assert_eq!(made.codes(), ["grant.code"]);
}

#[test]
fn the_nonce_is_told_at_both_endpoints_with_the_mend_for_a_profile_without_dpop() {
    let api = call("https://api.example.test/x", "DPoP x")
        .response(401)
        .with("WWW-Authenticate", "DPoP error=\"use_dpop_nonce\"")
        .with("DPoP-Nonce", "n1");
    assert!(api.finding("dpop.nonce").is_some());
    let profile = Profile { name: "p".into(), ..Profile::default() };
    let token = with_basic("s")
        .profile(profile)
        .response(400)
        .error("use_dpop_nonce", "")
        .finding("dpop.nonce")
        .unwrap();
    assert_eq!(token.remedies, [Remedy::Dpop]);
}

#[test]
fn a_proof_is_compared_with_the_request() {
    let proof = jwt_with(
        &json!({ "alg": "ES256", "typ": "dpop+jwt", "jwk": {} }),
        &json!({ "htm": "GET", "htu": "https://other.example.test/token", "iat": NOW, "jti": "j" }),
    );
    let found = with_basic("s")
        .header("DPoP", &proof)
        .response(400)
        .error("invalid_dpop_proof", "")
        .finding("dpop.proof")
        .unwrap();
    assert_eq!(found.summary, "the DPoP proof does not fit: htm is `GET`, the method is POST");
    assert!(found.evidence.iter().any(|e| e.text.contains("htu is https://other.example.test/token")));
}

#[test]
fn device_codes_have_states() {
    let asked = |error: &str| {
        token_request(TOKEN, &[("grant_type", DEVICE_GRANT), ("device_code", "d")])
            .response(400)
            .error(error, "")
    };
    for (error, code) in [
        ("authorization_pending", "device.pending"),
        ("slow_down", "device.pending"),
        ("expired_token", "device.expired"),
        ("access_denied", "device.denied"),
    ] {
        assert_eq!(first(asked(error)), (code, Certain));
        assert_eq!(asked(error).codes().len(), 1, "{error}");
    }
}

#[test]
fn a_login_that_the_browser_brought_back_refused_is_told() {
    let back = |error: &str| {
        let error = error.to_owned();
        request("GET", "https://idp.example.test/authorize?response_type=code&client_id=x")
            .context(|c| c.login_error = Some((error, String::new())))
    };
    assert_eq!(first(back("login_required")), ("login.required", Certain));
    assert_eq!(first(back("access_denied")), ("login.required", Likely));
    assert_eq!(first(back("unsupported_response_type")), ("grant.unsupported", Certain));
}

#[test]
fn an_error_on_status_200_comes_first_and_its_own_finding_second() {
    let body = json!({ "errors": [{ "ID": "invalid_client", "message": "Client authentication failed" }] });
    assert_eq!(
        with_basic("s").response(200).json(&body).codes(),
        ["response.hidden_error", "client.invalid"]
    );
    let none = with_basic("s").response(200).json(&json!({ "ok": true }));
    assert_eq!(first(none).0, "response.hidden_error");
    let other_names = with_basic("s").response(200).json(&json!({ "token": "x", "expires_in": 300 }));
    assert!(other_names.codes().is_empty(), "a registry calls its token `token`");
}

#[test]
fn an_api_may_call_something_of_its_own_an_error() {
    let graphql = call("https://api.example.test/graphql", "Bearer x")
        .response(200)
        .json(&json!({ "data": null, "errors": [{ "message": "no such field" }] }));
    assert!(graphql.codes().is_empty());
    let log =
        call("https://api.example.test/jobs/1", "Bearer x").response(200).json(&json!({ "error": "none" }));
    assert!(log.codes().is_empty());
}

#[test]
fn a_token_url_that_leads_nowhere_is_told_with_the_flaw_of_its_path() {
    let page = |url: &str| token_request(url, &[CC]).response(404).html("404 Not Found");
    assert_eq!(first(page(PEGA)).0, "endpoint.wrong");
    let doubled = page("https://pega.example.test/prweb/prweb/PRRestService/oauth2/v1/token")
        .finding("endpoint.wrong")
        .unwrap();
    assert_eq!(
        doubled.remedies,
        [Remedy::UseUrl {
            from: "https://pega.example.test/prweb/prweb/".into(),
            to: "https://pega.example.test/prweb/".into()
        }]
    );
    let short = page("https://pega.example.test/prweb/oauth2/v1/token").finding("endpoint.wrong").unwrap();
    assert!(short.cause.contains("PRRestService"));
    let get = request("GET", "https://idp.example.test/oauth2/token?grant_type=client_credentials")
        .response(405)
        .with("Allow", "POST");
    assert_eq!(get.finding("endpoint.wrong").unwrap().likelihood, Certain);
}

#[test]
fn a_404_of_an_api_is_what_it_says_but_for_a_page_on_pegas_dx_paths() {
    let api = |url: &str| call(url, "Bearer x").response(404);
    assert!(
        api("https://api.example.test/orders/1")
            .json(&json!({ "message": "no" }))
            .finding("endpoint.wrong")
            .is_none()
    );
    assert!(api("https://api.example.test/orders/1").html("404").finding("endpoint.wrong").is_none());
    let dx = "https://pega.example.test/prweb/api/application/v2/cases/1";
    assert!(api(dx).json(&json!({ "errorDetails": [] })).finding("endpoint.wrong").is_none());
    assert!(api(dx).html("404").finding("endpoint.wrong").is_some());
}

#[test]
fn too_many_requests_are_told_whatever_was_asked_and_are_no_auth_trouble() {
    let device_like =
        with_basic("s").response(429).with("Retry-After", "30").error("slow_down", "Too many requests");
    assert_eq!(device_like.codes(), ["rate.limited"]);
    let api = || call("https://api.example.test/x", "Bearer x");
    assert_eq!(first(api().response(429)), ("rate.limited", Certain));
    let hub = api()
        .response(403)
        .with("X-RateLimit-Remaining", "0")
        .json(&json!({ "message": "API rate limit exceeded" }));
    assert!(hub.finding("rate.limited").is_some());
    let plain =
        api().response(403).with("X-RateLimit-Remaining", "59").json(&json!({ "message": "Forbidden" }));
    assert!(plain.finding("rate.limited").is_none());
}

#[test]
fn a_token_of_another_type_sent_as_bearer_is_told() {
    let used = |kind: &str| {
        let issued = Issued { token_type: kind.into(), ..Issued::default() };
        call("https://api.example.test/x", "Bearer opaque-token-of-test")
            .context(|c| c.issued = Some(issued))
            .response(401)
            .with("WWW-Authenticate", "Bearer error=\"invalid_token\"")
            .finding("token.type")
            .map(|f| f.likelihood)
    };
    assert_eq!(used("mac"), Some(Certain));
    assert_eq!(used("DPoP"), Some(Likely));
    assert_eq!((used("Bearer"), used("BearerToken"), used("")), (None, None, None));
    let mut answer = token_answer();
    answer["token_type"] = json!("mac");
    assert_eq!(with_basic("s").response(200).json(&answer).codes(), ["token.type"]);
    let exchange = [("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")];
    answer["token_type"] = json!("N_A");
    assert!(token_request(TOKEN, &exchange).response(200).json(&answer).codes().is_empty());
}

#[test]
fn a_proxys_page_at_the_token_url_says_nothing_of_the_client() {
    let made = with_basic("s ").response(407).with("Proxy-Authenticate", "Basic realm=\"p\"").html("no");
    assert_eq!(made.codes(), ["net.proxy_auth"]);
}

#[test]
fn an_invalid_request_that_nothing_explains_is_left_to_the_servers_words() {
    let made = token_request(TOKEN, &[CC, ("client_id", "x")])
        .response(400)
        .error("invalid_request", "nonce is unknown");
    assert_eq!(first(made), ("request.invalid", Likely));
}

#[test]
fn a_browsers_preflight_and_a_missing_metadata_document_are_no_trouble() {
    for status in [200, 204, 401, 404, 405] {
        assert!(
            request("OPTIONS", TOKEN).purpose(Purpose::Token).response(status).codes().is_empty(),
            "{status}"
        );
    }
    let metadata =
        request("GET", "https://idp.example.test/.well-known/openid-configuration").response(404).html("404");
    assert!(metadata.codes().is_empty());
    let left_out = with_basic("s").response(200).with("Content-Type", "application/json");
    assert!(left_out.codes().is_empty(), "a recording without bodies");
}
