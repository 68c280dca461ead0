//! Issuer, audience, client, subject, scope.

use crate::diagnose::facts::{Environment, Issued, Known, KnownKind, Past, Profile};
use crate::diagnose::fixture::{Made, NOW, call, jwt};
use crate::diagnose::{Layer, Likelihood, Remedy};
use crate::model::secret::Secret;
use Likelihood::{Certain, Likely, Possible};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

const URL: &str = "https://pega-dev.acme.example/prweb/api/application/v2/cases";

fn bearer(url: &str, claims: &Json) -> Made {
    let mut all = json!({ "sub": "ann", "iat": NOW - 60, "exp": NOW + 600 });
    for (name, value) in claims.as_object().unwrap() {
        all[name] = value.clone();
    }
    call(url, &format!("Bearer {}", jwt(&all)))
}

fn invalid(made: Made) -> Made {
    made.response(401).with("WWW-Authenticate", "Bearer error=\"invalid_token\"").offset(0)
}

fn content(made: Made) -> Vec<(&'static str, Likelihood)> {
    let found = made.diagnosis().findings;
    found.iter().filter(|f| f.layer() == Layer::Token).map(|f| (f.code(), f.likelihood)).collect()
}

fn environments() -> Vec<Environment> {
    let of =
        |name: &str, active, host: &str| Environment { name: name.into(), active, hosts: vec![host.into()] };
    vec![of("dev", true, "pega-dev.acme.example"), of("prod", false, "pega-prod.acme.example:8443")]
}

#[test]
fn the_usual_arrangements_of_providers_are_not_called_foreign() {
    for (url, iss, aud, token_url) in [
        (
            "https://graph.microsoft.com/v1.0/me",
            "https://sts.windows.net/t/",
            "00000003-0000-0000-c000-000000000000",
            "https://login.microsoftonline.com/t/oauth2/v2.0/token",
        ),
        (
            "https://api.acme.example/v1",
            "https://login.microsoftonline.com/t/v2.0",
            "api://9f0b",
            "https://login.microsoftonline.com/t/oauth2/v2.0/token",
        ),
        (
            "https://api.acme.example/v1",
            "https://acme.okta.example/oauth2/default",
            "api://default",
            "https://acme.okta.example/oauth2/default/v1/token",
        ),
        (
            "https://api.acme.example/v1",
            "https://acme.eu.auth0.example/",
            "https://api.acme.example/v1",
            "https://login.acme.example/oauth/token",
        ),
        (
            "https://api.acme.example/v1",
            "https://sso.acme.example/realms/a",
            "things",
            "https://sso.acme.example/realms/a/protocol/openid-connect/token",
        ),
        (
            "https://api.acme.example/v1",
            "https://cognito-idp.eu-west-1.amazonaws.com/p",
            "c1",
            "https://acme.auth.eu-west-1.amazoncognito.com/oauth2/token",
        ),
        (
            "https://api.acme.example/v1",
            "https://accounts.google.com",
            "c1.apps",
            "https://oauth2.googleapis.com/token",
        ),
        (
            URL,
            "https://pega-dev.acme.example/prweb",
            "urn:12345678",
            "https://pega-dev.acme.example/prweb/PRRestService/oauth2/v1/token",
        ),
    ] {
        let profile = Profile { token_url: token_url.into(), client_id: "c1".into(), ..Profile::default() };
        let made = bearer(url, &json!({ "iss": iss, "aud": aud })).profile(profile);
        assert_eq!(content(invalid(made)), [], "{iss}");
    }
}

#[test]
fn an_issuer_the_profile_contradicts_is_likely_and_the_servers_word_certain() {
    let profile = Profile { issuer: "https://login.acme.example".into(), ..Profile::default() };
    let made = || bearer(URL, &json!({ "iss": "https://login.other.example" })).profile(profile.clone());
    assert_eq!(content(invalid(made())), [("token.issuer", Likely)]);
    assert_eq!(content(made().response(200)), []);
    assert_eq!(content(made().response(404)), []);
    let said = made()
        .response(401)
        .with("WWW-Authenticate", "Bearer error=\"invalid_token\", error_description=\"invalid issuer\"");
    assert_eq!(content(said), [("token.issuer", Certain)]);
    let istio = made().response(401).content("text/plain", "Jwt issuer is not configured");
    assert_eq!(content(istio), [("token.issuer", Certain)]);
    // A slash, or the other token version of a tenant, is accepted as a rule.
    for (iss, stated) in [
        ("https://login.acme.example/", "https://login.acme.example"),
        ("https://sts.windows.net/t/", "https://login.microsoftonline.com/t/v2.0"),
    ] {
        let profile = Profile { issuer: stated.into(), ..Profile::default() };
        let made = bearer(URL, &json!({ "iss": iss })).profile(profile);
        assert_eq!(content(invalid(made)), [("token.issuer", Possible)], "{iss}");
    }
}

#[test]
fn a_token_of_another_environment_is_found_by_its_host_its_origin_or_itself() {
    let prod = json!({ "iss": "https://pega-prod.acme.example/prweb" });
    let by_host = bearer(URL, &prod).context(|c| c.environments = environments());
    assert_eq!(content(invalid(by_host)), [("token.issuer", Likely)]);
    let issued = Issued { environment: "prod".into(), ..Issued::default() };
    let by_origin = call(URL, "Bearer 2YotnFZFEjr1zCsicMWpAA").context(|c| {
        c.environments = environments();
        c.issued = Some(issued);
    });
    assert_eq!(content(invalid(by_origin)), [("token.issuer", Likely)]);
    let known = |environment: &str| Known {
        kind: KnownKind::AccessToken,
        label: "profile pega".into(),
        environment: environment.into(),
        text: Secret::new("2YotnFZFEjr1zCsicMWpAA"),
    };
    let itself = |names: &[&str]| {
        let known: Vec<Known> = names.iter().map(|n| known(n)).collect();
        call(URL, "Bearer 2YotnFZFEjr1zCsicMWpAA").context(|c| {
            c.environments = environments();
            c.known = known;
        })
    };
    assert_eq!(content(invalid(itself(&["prod"]))), [("token.issuer", Likely)]);
    assert!(!content(invalid(itself(&["prod", "dev"]))).iter().any(|(code, _)| *code == "token.issuer"));
}

#[test]
fn stages_in_host_names_are_no_more_than_possible() {
    let made = || bearer(URL, &json!({ "iss": "https://pega-prod.acme.example/prweb" }));
    assert_eq!(content(invalid(made())), [("token.issuer", Possible)]);
    // Where the token was taken before, it is not the issuer.
    let past = Past {
        at: Timestamp::from_second(NOW - 60).unwrap(),
        method: "GET".into(),
        url: "https://pega-dev.acme.example/prweb/api/application/v2/casetypes".into(),
        status: 200,
        same_token: Some(true),
        same_call: false,
        retry: false,
        body: String::new(),
    };
    assert_eq!(content(invalid(made().context(|c| c.history.push(past)))), []);
}

#[test]
fn audiences_are_certain_by_the_servers_word_only() {
    let made = || bearer("https://api.acme.example/v1", &json!({ "aud": "https://billing.acme.example" }));
    assert_eq!(content(invalid(made())), [("token.audience", Possible)]);
    assert_eq!(content(made().response(401).offset(0)), []);
    assert_eq!(content(made().response(200)), []);
    let profile = Profile { audiences: vec!["https://api.acme.example".into()], ..Profile::default() };
    assert_eq!(content(invalid(made().profile(profile))), [("token.audience", Likely)]);
    for words in [
        "Audiences in Jwt are not allowed",
        "The audience 'https://billing.acme.example' is invalid",
        "jwt audience invalid",
    ] {
        let made = made().response(401).json(&json!({ "message": words }));
        assert_eq!(content(made), [("token.audience", Certain)], "{words}");
    }
    let graph = bearer("https://api.acme.example/v1", &json!({ "aud": "https://graph.microsoft.com" }));
    assert_eq!(content(invalid(graph)), [("token.audience", Likely)]);
}

#[test]
fn an_expired_token_is_not_blamed_on_its_audience_too() {
    let made = bearer(
        "https://api.acme.example/v1",
        &json!({ "aud": "https://billing.acme.example", "exp": NOW - 600 }),
    );
    assert_eq!(content(invalid(made)), [("token.expired", Certain)]);
}

#[test]
fn another_client_or_person_is_possible_where_nothing_else_explains() {
    let profile = Profile { client_id: "c1".into(), identity: "bob".into(), ..Profile::default() };
    let made = bearer(URL, &json!({ "client_id": "c2", "sub": "bob" })).profile(profile.clone());
    assert_eq!(content(invalid(made)), [("token.client", Possible)]);
    let made = bearer(URL, &json!({ "client_id": "c1", "sub": "ann" })).profile(profile.clone());
    assert_eq!(content(invalid(made)), [("token.subject", Possible)]);
    // An id and a name that fits beside it, or an id alone: not comparable, or fine.
    for claims in [
        json!({ "client_id": "c1", "sub": "6f1f0c0e-8a1b-4f0d-9c2e-0123456789ab", "preferred_username": "bob" }),
        json!({ "client_id": "c1", "sub": "6f1f0c0e-8a1b-4f0d-9c2e-0123456789ab" }),
        json!({ "client_id": "c1", "sub": "auth0|5f7c8ec7c33c6c004bbafe82" }),
    ] {
        assert_eq!(content(invalid(bearer(URL, &claims).profile(profile.clone()))), [], "{claims}");
    }
    let nobody = call(URL, &format!("Bearer {}", jwt(&json!({ "exp": NOW + 600 }))));
    assert_eq!(content(invalid(nobody)), [("token.subject", Possible)]);
}

#[test]
fn scopes_are_asked_for_where_they_are_missing_and_not_where_they_were() {
    let made = |scopes: &[&str]| {
        let profile = Profile { scopes: scopes.iter().map(|s| (*s).into()).collect(), ..Profile::default() };
        bearer(URL, &json!({ "scope": "read" }))
            .profile(profile)
            .response(403)
            .with("WWW-Authenticate", "Bearer error=\"insufficient_scope\", scope=\"read write\"")
    };
    let finding = made(&["read"]).finding("token.scope").unwrap();
    assert_eq!(finding.likelihood, Certain);
    assert_eq!(finding.summary, "the token lacks the scope `write`");
    assert_eq!(finding.remedies, [Remedy::AddScope(vec!["write".into()])]);
    assert_eq!(made(&["read", "write"]).finding("token.scope").unwrap().remedies, []);
    // GitLab names it in the body, GitHub in headers.
    let gitlab = call(URL, "Bearer glpat-x").response(403).json(&json!({ "error": "insufficient_scope", "error_description": "The request requires higher privileges", "scope": "api read_api" }));
    assert_eq!(content(gitlab), [("token.scope", Certain)]);
    let github = |has: &str| {
        call(URL, "Bearer gho_x")
            .response(403)
            .with("x-accepted-oauth-scopes", "repo, admin")
            .with("x-oauth-scopes", has)
    };
    assert_eq!(content(github("gist")), [("token.scope", Likely)]);
    assert_eq!(content(github("gist, repo")), []);
    assert_eq!(
        content(
            bearer(URL, &json!({ "scope": "read" })).response(403).json(&json!({ "message": "Forbidden" }))
        ),
        []
    );
}
