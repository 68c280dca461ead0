//! Authorization requests that do not come as plain parameters: pushed beforehand (RFC 9126), or signed
//! (RFC 9101).

use super::authorize::{self, Refusal};
use super::client_auth::authenticate;
use super::clients::{self, Client};
use super::dpop::{self, Trouble};
use super::jws::{Jws, is_signed};
use super::kept::{Pushed, random_text};
use super::params::Params;
use super::{error, now};
use crate::sandbox::answer::{self, Answer, With};
use crate::sandbox::call::Call;
use crate::sandbox::state::Shared;
use serde_json::json;

const URN: &str = "urn:ietf:params:oauth:request_uri:";
/// Seconds a pushed request may wait.
const PUSHED_S: i64 = 90;
const SKEW_S: i64 = 60;

/// The parameters that count: those of the request object or the pushed request where one is named.
pub(super) fn resolve(shared: &Shared, params: &Params, now: i64) -> Result<Params, Refusal> {
    let page = |code, text: &str| Refusal::Page(code, text.to_owned());
    let client = params.get("client_id").and_then(clients::find);
    if matches!(params.doubled(), Some("client_id" | "request" | "request_uri")) {
        return Err(page("invalid_request", "A parameter that says who asks is included more than once."));
    }
    match (params.get("request_uri"), params.get("request")) {
        (Some(_), Some(_)) => {
            Err(page("invalid_request", "request and request_uri exclude each other (RFC 9101 section 5)."))
        }
        (Some(uri), None) => {
            let key = uri.strip_prefix(URN).ok_or_else(|| {
                page("request_uri_not_supported", "Only request URIs of the PAR endpoint are taken.")
            })?;
            // Once: the page that follows has a ticket of its own.
            let pushed = shared.rfc.lock().pushed.take(key, now);
            let pushed = pushed.ok_or_else(|| {
                page("invalid_request_uri", "The request_uri is unknown, has expired or was used before.")
            })?;
            match client {
                Some(client) if client.id == pushed.client => Ok(pushed.params),
                _ => Err(page("invalid_request", "The request_uri was given to another client.")),
            }
        }
        (None, request) => {
            if client.is_some_and(|c| c.pushed) {
                let text = "This client must push its requests (require_pushed_authorization_requests).";
                return Err(Refusal::Back("invalid_request", text.to_owned()));
            }
            match (request, client) {
                (None, _) => Ok(params.clone()),
                (Some(request), Some(client)) => {
                    signed(shared, client, request, now).map_err(|text| page("invalid_request_object", &text))
                }
                (Some(_), None) => Err(page("invalid_request", "client_id is missing or unknown.")),
            }
        }
    }
}

/// The parameters of a request object; those beside it do not count (RFC 9101 section 6.3).
fn signed(shared: &Shared, client: &Client, request: &str, now: i64) -> Result<Params, String> {
    let jws = Jws::read(request).ok_or("The request object is not a signed JWT.")?;
    let keys = client.keys(&shared.rfc);
    if keys.keys.is_empty() {
        return Err(format!("{} has no registered key, so it cannot sign requests.", client.id));
    }
    if !is_signed(request, &keys) {
        return Err("The signature of the request object does not fit the registered key.".into());
    }
    if jws.head("typ").is_some_and(|typ| !matches!(typ, "oauth-authz-req+jwt" | "JWT" | "jwt")) {
        return Err("The typ of a request object is oauth-authz-req+jwt.".into());
    }
    if jws.text("client_id") != Some(client.id) {
        return Err("client_id of the request object is not that of the request.".into());
    }
    if jws.text("iss").is_some_and(|iss| iss != client.id) {
        return Err("iss of the request object is not the client.".into());
    }
    if jws.claims.contains_key("aud") && !jws.is_for(&[shared.rfc.issuer()]) {
        return Err("aud of the request object is not this issuer.".into());
    }
    if jws.time("exp").is_some_and(|exp| exp.saturating_add(SKEW_S) <= now) {
        return Err("The request object has expired.".into());
    }
    if jws.time("nbf").is_some_and(|nbf| nbf > now.saturating_add(SKEW_S)) {
        return Err("The request object is not valid yet.".into());
    }
    if jws.claims.contains_key("request") || jws.claims.contains_key("request_uri") {
        return Err("A request object holds neither request nor request_uri.".into());
    }
    Ok(Params::of_claims(&jws.claims))
}

/// The answer to `POST /rfc/par`.
pub(super) fn push(shared: &Shared, call: &Call) -> Answer {
    match pushed(shared, call) {
        Ok(answer) | Err(answer) => answer,
    }
}

fn pushed(shared: &Shared, call: &Call) -> Result<Answer, Answer> {
    let now = now(shared);
    let form = Params::form(call)?;
    let client = authenticate(shared, call, &form, now)?;
    if form.get("request_uri").is_some() {
        return Err(error(400, "invalid_request", "request_uri cannot be pushed (RFC 9126 section 2.1)."));
    }
    let mut params = match form.get("request") {
        Some(request) => signed(shared, client, request, now)
            .map_err(|text| error(400, "invalid_request_object", &text))?,
        None => form.without(&["client_secret", "client_assertion", "client_assertion_type"]),
    };
    // A client that said who it is in the header need not repeat it.
    if params.get("client_id").is_none() {
        params.set("client_id", client.id);
    }
    if dpop::is_there(call) {
        // RFC 9449 section 10.1: the proof binds the code.
        let nonce = |state: &Shared| state.rfc.lock().nonce(now);
        let jkt = dpop::check(shared, call, None, client.dpop, now).map_err(|t| match t {
            Trouble::Nonce => error(400, "use_dpop_nonce", "A nonce is required in the DPoP proof."),
            Trouble::Bad(text) => error(400, "invalid_dpop_proof", text),
        });
        let jkt = jkt.map_err(|answer| answer.set("dpop-nonce", &nonce(shared)))?;
        if params.get("dpop_jkt").is_some_and(|given| given != jkt) {
            return Err(error(400, "invalid_dpop_proof", "dpop_jkt is not the key of the DPoP proof."));
        }
        params.set("dpop_jkt", &jkt);
    }
    authorize::read(shared, &params).map_err(|refusal| match refusal {
        Refusal::Page(code, text) | Refusal::Back(code, text) => error(400, code, &text),
    })?;
    let key = random_text();
    let kept = Pushed { client: client.id, params, ends: now + PUSHED_S };
    shared.rfc.lock().pushed.put(key.clone(), kept, now);
    let body = json!({ "request_uri": format!("{URN}{key}"), "expires_in": PUSHED_S });
    Ok(answer::json(201, &body).set("cache-control", "no-store"))
}
