//! Pages where data was due, and hosts that are login hosts by their name (rows F-02, F-03, T-24, P-01).

use super::idp;
use crate::diagnose::body::BodyKind;
use crate::diagnose::evidence::{Evidence, Place, short};
use crate::diagnose::facts::{Answer, Facts, Purpose};
use crate::diagnose::finding::{Finding, Findings, Likelihood};

/// Markup that only pages for logging in have, lower case, and what it is in words.
const MARKUP: [(&str, &str); 16] = [
    ("type=\"password\"", "a password field"),
    ("type='password'", "a password field"),
    ("type=password", "a password field"),
    ("name=\"samlrequest\"", "a SAML form"),
    ("name=\"samlresponse\"", "a SAML form"),
    ("name='samlrequest'", "a SAML form"),
    ("name='samlresponse'", "a SAML form"),
    ("kc-form-login", "the login form of Keycloak"),
    ("okta-signin", "the login of Okta"),
    ("okta-sign-in", "the login of Okta"),
    ("<title>sign in to your account</title>", "the login of Microsoft"),
    ("convergedsignin", "the login of Microsoft"),
    ("<title>sign in - google accounts</title>", "the login of Google"),
    ("name=\"useridentifier\"", "the login screen of Pega"),
    ("name='useridentifier'", "the login screen of Pega"),
    ("<title>pega platform</title>", "the login screen of Pega"),
];

/// What a page for logging in is known by: the markup as it is searched for, and the words for it.
fn login_markup(answer: &Answer) -> Option<(&'static str, &'static str)> {
    MARKUP
        .into_iter()
        .find(|(mark, _)| memchr::memmem::find(answer.lower.as_bytes(), mark.as_bytes()).is_some())
}

/// What the request says it takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wants {
    /// Data, and no page.
    Data,
    /// Anything, or nothing said.
    Anything,
    /// A page.
    Page,
}

fn wants(facts: &Facts) -> Wants {
    if matches!(facts.purpose, Purpose::Token | Purpose::Management) {
        return Wants::Data;
    }
    let accept = facts.request.header("accept").unwrap_or_default().to_ascii_lowercase();
    if accept.contains("html") {
        Wants::Page
    } else if accept.contains("json") || accept.contains("xml") {
        Wants::Data
    } else {
        Wants::Anything
    }
}

/// F-02, T-24: a page for logging in where data was due.
pub(super) fn login(facts: &Facts, found: &mut Findings) {
    let Some(answer) = facts.answer.as_ref().filter(|a| a.is_html()) else { return };
    let status = answer.status;
    let wants = wants(facts);
    // A page that was asked for is what it should be; so is the page of an authorization endpoint.
    let asked_for = wants == Wants::Page && (200..300).contains(&status);
    if asked_for || facts.purpose == Purpose::Login || !matches!(status, 200..=299 | 401 | 403) {
        return;
    }
    let Some((mark, words)) = login_markup(answer) else { return };
    let likelihood = match wants {
        Wants::Data if status != 403 => Likelihood::Certain,
        Wants::Page if facts.token.is_none() => Likelihood::Possible,
        _ => Likelihood::Likely,
    };
    let what = if facts.is_token_request() { "the token endpoint's answer" } else { "the API's answer" };
    found.add(
        Finding::new("front.login_page", likelihood)
            .summary(format!("a login page came in place of {what} ({words})"))
            .evidence(Evidence::body(facts, mark))
            .evidence(Evidence::response_header(facts, "content-type"))
            .evidence(Evidence::request_header(facts, "accept"))
            .evidence(Evidence::status(facts)),
    );
}

/// F-03, P-01: a host that is a login host by its name, and a refusal that no API wrote.
pub(super) fn sso_host(facts: &Facts, found: &mut Findings) {
    let host = facts.request.host();
    // A preflight carries no credentials: that it is refused says nothing of the host.
    if facts.purpose == Purpose::Login || facts.request.method == "OPTIONS" || !idp::is_login_host(host) {
        return;
    }
    let Some(answer) = &facts.answer else { return };
    let gated = found.has("front.sso_redirect") || found.has("front.login_page");
    // An authorization server may well be called `auth`: what speaks OAuth or JSON is one, or an API.
    let speaks = answer.json.is_some() || answer.challenges.iter().any(|c| c.is("Bearer") || c.is("DPoP"));
    let silent =
        matches!(answer.status, 401 | 403) && (!speaks || facts.request.is_pega() && answer.error.is_empty());
    if !gated && !silent {
        return;
    }
    let likelihood = if gated { Likelihood::Likely } else { Likelihood::Possible };
    let label = host.split('.').next().unwrap_or_default();
    found.add(
        Finding::new("front.sso_host", likelihood)
            .summary(format!("{} is a single sign-on host by its name", short(host)))
            .evidence(Evidence { text: format!("host: {host}"), place: Place::Url, quote: label.to_owned() })
            .evidence(Evidence::status(facts))
            .evidence(
                (answer.kind != BodyKind::Json)
                    .then(|| Evidence::at(Place::ResponseBody, format!("body: {}", answer.kind.words()))),
            ),
    );
}
