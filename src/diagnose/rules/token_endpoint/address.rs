//! Token URLs that lead nowhere (rows T-25, P-10).

use super::{is_oauth, reached};
use crate::diagnose::body::BodyKind;
use crate::diagnose::evidence::{Evidence, Place, short};
use crate::diagnose::facts::{Facts, Purpose};
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::diagnose::probe::{Probe, Remedy};
use Likelihood::{Certain, Likely};

/// Pega's token endpoint.
const PEGA_TOKEN: &str = "/prweb/PRRestService/oauth2/v1/token";

/// What is wrong with a path, and the URL that would be right.
struct Flaw {
    words: String,
    remedy: Option<Remedy>,
}

/// T-25, P-10: nothing is deployed at the address.
pub(super) fn wrong(facts: &Facts, found: &mut Findings) {
    let Some(answer) = &facts.answer else { return };
    if !matches!(answer.status, 404 | 405) || !reached(facts, found) {
        return;
    }
    let oauth = is_oauth(facts);
    // A server without metadata says so by 404, and a preflight says nothing of the endpoint.
    if facts.request.path().contains("/.well-known/") || facts.request.method == "OPTIONS" {
        return;
    }
    let flaw = flaw(facts, oauth);
    // A 404 of an API is mostly what it says: no such object.
    let pega_page =
        facts.request.path().contains("/api/application/v") && answer.is_html() && answer.status == 404;
    let doubled = facts.request.path().starts_with("/prweb/prweb/");
    if !oauth && !pega_page && !doubled && (flaw.is_none() || answer.kind == BodyKind::Json) {
        return;
    }
    let protocol =
        ["invalid_client", "invalid_grant", "invalid_scope", "unauthorized_client", "invalid_target"];
    if protocol.iter().any(|code| facts.says_error(code)) {
        return;
    }
    let path = short(facts.request.path());
    let what = match facts.purpose {
        Purpose::Token => "token endpoint",
        Purpose::Login => "login endpoint",
        Purpose::Management => "endpoint of that kind",
        Purpose::Api => "API",
    };
    let wrong_method = answer.status == 405 || answer.error.has("method_not_allowed");
    let likelihood = if wrong_method && facts.is_token_request() { Certain } else { Likely };
    let mut finding = Finding::new("endpoint.wrong", likelihood)
        .summary(format!("there is no {what} at {path} ({})", answer.status))
        .evidence(Evidence::status(facts))
        .evidence(Evidence::at(Place::Url, format!("path: {path}")))
        .evidence(Evidence::response_header(facts, "allow"));
    if wrong_method {
        finding = if facts.request.method == "GET" && facts.is_token_request() {
            finding
                .summary("the token was asked for by GET; the token endpoint takes POST only")
                .cause("Token requests are POST (RFC 6749 section 3.2). A redirect on the way turns a POST into a GET too.")
                .fix("send a POST with the parameters as a form in the body, to the URL that no longer redirects")
        } else {
            finding.summary(format!(
                "{path} does not take {} (405): it is another endpoint",
                short(&facts.request.method)
            ))
        };
    } else if let Some(flaw) = flaw {
        finding = finding.cause(flaw.words.clone()).evidence(Evidence::at(Place::Url, flaw.words)).weight(5);
        if let Some(remedy) = flaw.remedy {
            finding =
                finding.fix(format!("{}, and keep that in the environment", remedy.text())).remedy(remedy);
        }
    } else if pega_page && !oauth {
        finding = finding
            .summary("a page instead of Pega's DX API: the path leads nowhere (404)")
            .cause("The container answered, not Pega: the context root is missing or another one (`/prweb` by default), or the platform is older than the DX API of this version (v2 came with 8.5).")
            .confirm("call `/prweb/api/v1/casetypes` on the same host")
            .fix("correct the context root in the environment, or use the API version this platform has");
    } else if facts.request.is_pega() && facts.is_token_request() {
        finding = finding.fix(format!("set `token_url` to the host followed by {PEGA_TOKEN}"));
    }
    found.add(match facts.is_token_request() || facts.purpose == Purpose::Login {
        true => finding.probe(Probe::Metadata),
        false => finding,
    });
}

/// What a path says of itself.
fn flaw(facts: &Facts, oauth: bool) -> Option<Flaw> {
    let path = facts.request.path();
    let origin = facts.request.parsed.as_ref()?.origin().ascii_serialization();
    let from = |path: &str| format!("{origin}{path}");
    let swap = |old: &str, new: &str| Some(Remedy::UseUrl { from: from(old), to: from(new) });
    if path.starts_with("/prweb/prweb/") {
        return Some(Flaw {
            words: "The path says /prweb twice: the base URL ends in /prweb and the path begins with it."
                .to_owned(),
            remedy: swap("/prweb/prweb/", "/prweb/"),
        });
    }
    if path.starts_with("/PRRestService/") || path.starts_with("/api/application/v") {
        return Some(Flaw {
            words: "The path lacks Pega's context root, /prweb by default.".to_owned(),
            remedy: swap("/", "/prweb/"),
        });
    }
    let lower = path.to_ascii_lowercase();
    let token = lower.ends_with("/oauth2/v1/token") || lower.ends_with("/oauth2/token");
    if oauth && path.starts_with("/prweb/") && token && !path.contains("/PRRestService/") {
        return Some(Flaw {
            words: "The path lacks PRRestService, below which Pega's token endpoint lies.".to_owned(),
            remedy: swap(path, PEGA_TOKEN),
        });
    }
    if path.contains("//") {
        return Some(Flaw { words: "The path has an empty segment (`//`).".to_owned(), remedy: None })
            .filter(|_| oauth);
    }
    (oauth && (path == "/" || path.is_empty())).then(|| Flaw {
        words: "The URL has no path: it is a host, not an endpoint.".to_owned(),
        remedy: None,
    })
}
