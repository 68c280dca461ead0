//! The shape of the token request (rows T-05, T-06), and what is left of `invalid_request`.

use super::{any_in, error_said, has_code, is_oauth, reached, says_any};
use crate::diagnose::evidence::{Evidence, Place, short};
use crate::diagnose::facts::Facts;
use crate::diagnose::finding::{Finding, Findings, Layer, Likelihood};
use Likelihood::{Certain, Likely, Possible};

const FORM: &str = "application/x-www-form-urlencoded";
/// Parameters of token requests; the first of them makes it one.
const PARAMETERS: &[&str] = &[
    "grant_type",
    "client_secret",
    "client_id",
    "refresh_token",
    "code",
    "username",
    "password",
    "assertion",
    "scope",
];

/// Codes that a server says when it saw no parameters.
fn saw_nothing(facts: &Facts) -> bool {
    says_any(facts, &["invalid_request", "unsupported_grant_type", "unsupported_media_type"])
        || facts.status() == Some(415)
}

/// The answer is a refusal that the shape of the request may explain.
fn is_refusal(facts: &Facts) -> bool {
    let mild = matches!(facts.status(), Some(400 | 401 | 415 | 405 | 411 | 422 | 500))
        && (!has_code(facts) || says_any(facts, &["invalid_client"]));
    saw_nothing(facts) || mild
}

/// T-05: the body is no form.
pub(super) fn not_form(facts: &Facts, found: &mut Findings) {
    let request = &facts.request;
    if !facts.is_token_request()
        || request.method != "POST"
        || request.body.trim().is_empty()
        || !is_refusal(facts)
    {
        return;
    }
    // A recording without request headers says nothing about the type.
    if request.headers.is_empty() || !reached(facts, found) {
        return;
    }
    let labelled = request.media_type == FORM;
    if labelled && !request.form.is_empty() {
        return;
    }
    let shape = match request.body.trim_start().chars().next() {
        Some('{') => "JSON",
        Some('<') => "XML",
        Some('-') if request.media_type.starts_with("multipart/") => "a multipart form",
        _ if !request.form.is_empty() => "a form by its look",
        _ => "no form",
    };
    let (summary, label) = match (labelled, request.media_type.as_str()) {
        (true, _) => (format!("the body is {shape}, though it is labelled as a form"), FORM.to_owned()),
        (false, "") => {
            ("the body has no Content-Type; a token request is a form".to_owned(), "none".to_owned())
        }
        (false, other) => (format!("the body was sent as {}, not as a form", short(other)), short(other)),
    };
    let words = facts.words();
    let said = any_in(
        &words,
        &[
            "grant_type",
            "missing",
            "required",
            "content-type",
            "content type",
            "media type",
            "not supported",
            "form",
        ],
    );
    // A client in a body that was not read is an unknown client: a guess, the other codes are not.
    let sure = saw_nothing(facts) && (said || facts.status() == Some(415) || both(facts));
    found.add(
        Finding::new("request.not_form", if sure { Certain } else { Likely })
            .summary(summary)
            .evidence(Evidence::at(
                Place::RequestHeader("content-type".to_owned()),
                format!("content-type: {label}"),
            ))
            .evidence(Evidence::at(Place::RequestBody, format!("the body is {shape}")))
            .evidence(error_said(facts, "unsupported_grant_type"))
            .weight(15),
    );
}

/// Pega says both at once when the body was no form.
fn both(facts: &Facts) -> bool {
    facts.says_error("invalid_request") && facts.says_error("unsupported_grant_type")
}

/// T-06: parameters in the query or in headers.
pub(super) fn misplaced(facts: &Facts, found: &mut Findings) {
    let request = &facts.request;
    if !facts.is_token_request() {
        return;
    }
    let in_body = |name: &str| request.field(name).is_some() || request.body.contains(&format!("\"{name}\""));
    let mut places: Vec<(&str, Place)> = Vec::new();
    for name in PARAMETERS.iter().copied().filter(|name| !in_body(name)) {
        if request.query(name).is_some() {
            places.push((name, Place::Url));
        } else if request.header(name).is_some() && name != "scope" {
            places.push((name, Place::RequestHeader(name.to_owned())));
        }
    }
    let exposed = ["client_secret", "password", "refresh_token", "assertion"];
    let in_url = |name: &str| places.iter().any(|(n, place)| *n == name && *place == Place::Url);
    let leaks = exposed.iter().copied().find(|name| request.query(name).is_some());
    let evidence = |places: &[(&str, Place)]| -> Vec<Evidence> {
        places
            .iter()
            .map(|(name, place)| {
                let at = if *place == Place::Url { "in the query of the URL" } else { "in a header" };
                Evidence::at(place.clone(), format!("{name} stands {at}"))
            })
            .collect()
    };
    if facts.is_success() && !has_code(facts) {
        // It worked, and the secret now stands in every log on the way.
        let Some(name) = leaks else { return };
        found.add(
            Finding::new("request.misplaced", Likely)
                .summary(format!("{name} stands in the URL, where logs on the way keep it"))
                .cause("The server took it, but a URL is written into the logs of proxies and servers: whoever reads them has the secret.")
                .fix(format!("send {name} in the body, and make a new one: the old one is in the logs"))
                .evidence(Evidence::at(Place::Url, format!("{name} stands in the query of the URL"))),
        );
        return;
    }
    if places.is_empty() || !is_refusal(facts) || !reached(facts, found) {
        return;
    }
    let whole = places.iter().any(|(name, _)| *name == "grant_type");
    // An id alone in the query may be what a gateway wants.
    if !whole
        && !in_url("client_secret")
        && !places.iter().any(|(n, p)| *n == "client_secret" && *p != Place::Url)
    {
        return;
    }
    let sure = whole && says_any(facts, &["invalid_request", "unsupported_grant_type"]);
    let names: Vec<&str> = places.iter().map(|(name, _)| *name).collect();
    let get = request.method == "GET";
    let finding = Finding::new("request.misplaced", if sure { Certain } else { Likely })
        .summary(format!(
            "{} not in the body: {}",
            if names.len() == 1 { "a parameter is" } else { "parameters are" },
            names.join(", ")
        ))
        .evidence(evidence(&places))
        .evidence(Evidence::status(facts))
        .weight(12);
    found.add(match get {
        true => finding
            .cause("The token was asked for by GET with its parameters in the URL; the token endpoint takes POST with a form only (RFC 6749 section 3.2). What stood in the URL is in the logs on the way.")
            .fix("send a POST with the parameters as a form in the body; make a new secret if one stood in the URL"),
        false => finding,
    });
}

/// What is left of `invalid_request`: the server's words are all there is.
pub(super) fn invalid(facts: &Facts, found: &mut Findings) {
    if !is_oauth(facts)
        || !facts.says_error("invalid_request")
        || found.has_layer(Layer::TokenEndpoint, Likely)
        || facts.answer.as_ref().is_some_and(|a| a.bearer("error").is_some())
    {
        return;
    }
    let words = facts.words();
    let likelihood = if any_in(&words, &["redirect"]) { Possible } else { Likely };
    let login = facts.login_error.is_some();
    let finding =
        Finding::new("request.invalid", likelihood).evidence(error_said(facts, "invalid_request")).weight(-5);
    found.add(match login {
        true => finding
            .summary("the authorization endpoint calls the login request invalid")
            .fix("compare `redirect_uri`, `scope` and `[extra.authorization]` with the client registration"),
        false => finding,
    });
}
