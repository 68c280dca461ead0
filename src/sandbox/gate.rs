//! The door of the DX API: who is calling, and is the caller let in? First what the faults say,
//! then the token. An answer given here is a 401 or 403 in the shape the fault documents.

use super::answer::{self, Answer, With};
use super::call::Call;
use super::clock;
use super::faults::{Fault, Leg};
use super::state::{ALIAS, Shared};
use super::tokens;
use super::{dx_v1, dx_v2, pages};
use serde_json::json;
use std::sync::atomic::Ordering;

/// Which generation of the DX API is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Api {
    /// `/prweb/api/v1`.
    V1,
    /// `/prweb/api/application/v2`.
    V2,
}

/// Who calls.
pub(super) struct Caller {
    /// The operator the token speaks for.
    pub(super) operator: String,
}

/// The caller, or the refusal.
pub(super) async fn admit(
    shared: &Shared,
    call: &Call,
    api: Api,
    alias: Option<&str>,
) -> Result<Caller, Answer> {
    if let Some(refusal) = refusal_by_fault(shared, call) {
        return Err(refusal);
    }
    let caller = bearer(shared, call).await?;
    if let Some(refusal) = forbidden_by_fault(shared, call, api, alias) {
        return Err(refusal);
    }
    if !shared.lock().may(&caller.operator, "PegaRULES:PegaAPI") {
        return Err(no_privilege(api));
    }
    Ok(caller)
}

/// The caller by the Authorization header (RFC 6750 section 2.1); the scheme in any case.
pub(super) async fn bearer(shared: &Shared, call: &Call) -> Result<Caller, Answer> {
    let mut values = call.headers.get_all("authorization").iter();
    let (value, second) = (values.next(), values.next());
    if second.is_some() {
        let challenge = "Bearer realm=\"prweb\", error=\"invalid_request\", error_description=\"more than one Authorization header\"";
        return Err(refused(400, "invalid_request", "More than one Authorization header")
            .with("www-authenticate", challenge));
    }
    let Some((scheme, token)) = value.and_then(|v| v.to_str().ok()).and_then(|v| v.split_once(' ')) else {
        return Err(unseen(shared));
    };
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(unseen(shared));
    }
    let now = clock::resource_now(&shared.faults());
    match tokens::check(shared, token.trim_start_matches(' '), now).await {
        Ok(record) => Ok(Caller { operator: record.operator }),
        Err(_) if shared.faults().has(Fault::OpaqueToken) => Err(answer::empty(401)),
        Err(_) if shared.faults().has(Fault::NeedsDpop) => {
            Err(refused(401, "invalid_token", "A DPoP proof is required")
                .with("www-authenticate", "DPoP algs=\"ES256 PS256\", error=\"invalid_token\""))
        }
        Err(why) => Err(invalid_token(shared, why)),
    }
}

/// 401 with `error="invalid_token"`, which is what makes Pega's own connectors refresh.
fn invalid_token(shared: &Shared, why: &str) -> Answer {
    let challenge = format!("Bearer realm=\"prweb\", error=\"invalid_token\", error_description=\"{why}\"");
    challenged(shared, refused(401, "invalid_token", why), &challenge)
}

/// 401 without an error code: RFC 6750 section 3.1, nothing was presented.
fn unseen(shared: &Shared) -> Answer {
    challenged(shared, refused(401, "unauthorized", "Authentication is required"), "Bearer realm=\"prweb\"")
}

fn challenged(shared: &Shared, answer: Answer, challenge: &str) -> Answer {
    match shared.faults().has(Fault::NoChallenge) {
        true => answer,
        false => answer.with("www-authenticate", challenge),
    }
}

/// The body both generations share for refusals at the door.
fn refused(status: u16, id: &str, message: &str) -> Answer {
    answer::json(status, &json!({ "errors": [{ "ID": id, "message": message }] }))
}

/// The 403 of an operator whose role lacks the privilege.
fn no_privilege(api: Api) -> Answer {
    match api {
        Api::V1 => dx_v1::error(403, "Pega_API_019", "Insufficient privilege to perform this operation"),
        Api::V2 => dx_v2::insufficient("You don't have the privileges to access this resource"),
    }
}

/// Faults that refuse before any token is looked at.
fn refusal_by_fault(shared: &Shared, call: &Call) -> Option<Answer> {
    let on = |fault| shared.faults().at(Leg::Resource, fault);
    if on(Fault::Bare401) {
        return Some(
            refused(401, "unauthorized", "Authentication is required")
                .with("www-authenticate", "Bearer realm=\"prweb\""),
        );
    }
    if on(Fault::TokenRejected) {
        let challenge = "Bearer realm=\"prweb\", error=\"invalid_token\", error_description=\"The access token is invalid\"";
        return Some(
            refused(401, "invalid_token", "The access token is invalid").with("www-authenticate", challenge),
        );
    }
    if on(Fault::Empty401) {
        return Some(answer::empty(401));
    }
    if on(Fault::Xml401) {
        let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<error><status>401</status><message>Unauthorized</message></error>\n";
        return Some(answer::text(401, "text/xml;charset=UTF-8", body));
    }
    if on(Fault::BasicPackage) {
        let warning = format!(
            "299 {} \"Use of TLS/SSL is strongly recommended for services using Basic Authentication\"",
            call.host()
        );
        return Some(
            refused(401, "unauthorized", "Invalid Authentication Data.")
                .with("www-authenticate", "Basic realm=\"prweb\"")
                .with("warning", &warning),
        );
    }
    if on(Fault::OtherScheme) {
        return Some(
            answer::html(401, pages::plain("401 Unauthorized", "Integrated authentication is required."))
                .with("www-authenticate", "Negotiate")
                .with("www-authenticate", "NTLM"),
        );
    }
    if on(Fault::TokenType) {
        return Some(
            refused(401, "unauthorized", "Authentication is required")
                .with("www-authenticate", "MAC realm=\"prweb\""),
        );
    }
    if on(Fault::Metadata) {
        let challenge =
            format!("Bearer resource_metadata=\"{}/.well-known/oauth-protected-resource\"", shared.public);
        return Some(
            refused(401, "unauthorized", "Authentication is required").with("www-authenticate", &challenge),
        );
    }
    if on(Fault::StepUp) {
        let challenge = "Bearer realm=\"prweb\", error=\"insufficient_user_authentication\", error_description=\"A different authentication level is required\", acr_values=\"urn:example:acr:mfa\", max_age=\"300\"";
        return Some(
            refused(401, "insufficient_user_authentication", "A different authentication level is required")
                .with("www-authenticate", challenge),
        );
    }
    if on(Fault::Intermittent) && shared.calls.fetch_add(1, Ordering::Relaxed) % 2 == 1 {
        return Some(
            invalid_token(shared, "The key of the access token is unknown").with("x-served-by", "node-2"),
        );
    }
    None
}

/// Faults that know the caller and still say no.
fn forbidden_by_fault(shared: &Shared, call: &Call, api: Api, alias: Option<&str>) -> Option<Answer> {
    let on = |fault| shared.faults().at(Leg::Resource, fault);
    if on(Fault::InsufficientScope) {
        let challenge =
            "Bearer realm=\"prweb\", error=\"insufficient_scope\", scope=\"cases.read cases.write\"";
        return Some(
            refused(403, "insufficient_scope", "The access token's scope is not sufficient")
                .with("www-authenticate", challenge),
        );
    }
    if on(Fault::Forbidden) {
        return Some(answer::json(403, &json!({ "status": 403, "message": "Forbidden" })));
    }
    if on(Fault::AliasRequired) && alias != Some(ALIAS) {
        let text = "The application of your default access group is not the one of this resource";
        return Some(match api {
            Api::V1 => dx_v1::error(403, "Pega_API_019", text),
            Api::V2 => dx_v2::insufficient(text),
        });
    }
    if on(Fault::MissingPrivilege) {
        return Some(no_privilege(api));
    }
    if on(Fault::Csrf) && !matches!(call.verb(), "GET" | "OPTIONS") {
        return Some(
            refused(403, "csrf_validation_failed", "CSRF token missing or invalid")
                .with("x-csrf-token", "Required"),
        );
    }
    None
}
