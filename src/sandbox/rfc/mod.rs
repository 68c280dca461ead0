//! Generic OAuth 2.0 and OpenID Connect below `/rfc`: an authorization server, and an API that checks
//! its tokens. It is not Pega and does nothing of Pega's; it follows the RFCs to the letter, so that a
//! client which gets along here gets along elsewhere. Its checks (proofs, assertions, PKCE) are written
//! from the RFCs and share nothing with the code of this program that makes them, save the signature check.
//!
//! - `clients`, `client_auth`: who may ask, and how each proves who it is
//! - `authorize`, `request_object`, `pages`: log-in, consent, pushed and signed requests
//! - `token`, `grants`, `exchange`, `device`: the token endpoint and what leads to it
//! - `mint`, `dpop`, `jws`: tokens and what they are bound to
//! - `api`: the orders; `manage`: introspection, revocation, userinfo
//! - `kept`: everything that is remembered; `demo`: the workspace that tries all of it

mod api;
mod authorize;
mod client_auth;
mod clients;
mod demo;
mod device;
mod dpop;
mod exchange;
mod grants;
mod jws;
mod kept;
mod manage;
mod metadata;
mod mint;
mod pages;
mod params;
mod request_object;
mod token;

#[cfg(test)]
mod tests;

use super::answer::{self, Answer, With, wrong_method};
use super::call::Call;
use super::faults::Leg;
use super::state::Shared;
use super::{clock, dev_studio};
use crate::model::secret::Secret;
use crate::sandbox::client_key::ClientKey;
use clients::CLIENTS;
use kept::Kept;
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

pub use demo::ENVIRONMENT as RFC_ENVIRONMENT;
pub(super) use demo::extras;

/// What this mode calls itself wherever somebody may read it.
pub(super) const LABEL: &str = "generic OAuth 2.0 / OpenID Connect, not Pega";

/// The generic server beside the Pega-like one.
pub(super) struct Rfc {
    /// Origin of the plain endpoints.
    origin: String,
    /// Origin of the port that asks for a client certificate, when it is open.
    mtls: Option<String>,
    /// By client id; made anew at each start.
    secrets: HashMap<&'static str, Secret>,
    /// An opaque token of alice without an end, good for exchanges only: there is one to try with at once.
    subject: Secret,
    key: OnceLock<Option<ClientKey>>,
    kept: Mutex<Kept>,
}

impl Rfc {
    /// `origin`: where clients reach it; `mtls`: the https port, when it asks for certificates.
    pub(super) fn new(origin: &str, mtls: Option<String>) -> Rfc {
        let secrets = CLIENTS.iter().filter_map(|c| Some((c.id, c.make_secret()?))).collect();
        Rfc {
            origin: origin.to_owned(),
            mtls,
            secrets,
            subject: Secret::new(kept::random_text()),
            key: OnceLock::new(),
            kept: Mutex::new(Kept::default()),
        }
    }

    /// The issuer identifier.
    fn issuer(&self) -> String {
        format!("{}/rfc", self.origin)
    }

    /// The address of an endpoint by its path below the issuer.
    fn url(&self, path: &str) -> String {
        format!("{}/rfc/{path}", self.origin)
    }

    /// The resource identifier of the API (RFC 8707), which is also the audience of its tokens.
    fn api(&self) -> String {
        self.url("api")
    }

    /// What is remembered; never held across an await.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The registered key of `rfc-key-jwt`, made when it is first asked for.
    fn key(&self) -> Option<&ClientKey> {
        self.key.get_or_init(|| ClientKey::make("rfc-key-1")).as_ref()
    }
}

/// Seconds since 1970 by the server's clock.
fn now(shared: &Shared) -> i64 {
    clock::now(&shared.faults()).as_second()
}

/// An error of an OAuth endpoint, RFC 6749 section 5.2.
fn error(status: u16, code: &str, text: &str) -> Answer {
    answer::json(status, &json!({ "error": code, "error_description": text }))
        .set("cache-control", "no-store")
        .with("pragma", "no-cache")
}

/// Which leg's faults strike at a path below `/rfc`.
pub(super) fn leg(rest: &[&str]) -> Option<Leg> {
    match rest {
        ["token"] => Some(Leg::Token),
        ["api", ..] => Some(Leg::Resource),
        _ => None,
    }
}

/// The answer for a path after `/rfc`.
pub(super) async fn answer(shared: &Shared, call: &Call, rest: &[&str]) -> Answer {
    let page = matches!(rest, ["authorize" | "login" | "consent" | "device" | "clients"]);
    if page && let Some(refusal) = dev_studio::stranger(call) {
        // Passwords and secrets are for names of this machine only (DNS rebinding).
        return refusal;
    }
    match (call.verb(), rest) {
        ("GET", []) => answer::html(200, pages::welcome(&shared.rfc)),
        ("GET", [".well-known", "openid-configuration"]) => metadata::server(&shared.rfc),
        ("GET", ["clients"]) => registered(shared),
        ("GET", ["jwks"]) => metadata::jwks().await,
        ("GET" | "POST", ["authorize"]) => authorize::begin(shared, call),
        ("POST", ["login"]) => authorize::login(shared, call),
        ("POST", ["consent"]) => authorize::consent(shared, call),
        ("POST", ["par"]) => request_object::push(shared, call),
        ("POST", ["device_authorization"]) => device::begin(shared, call),
        ("GET", ["device"]) => device::page(call),
        ("POST", ["device"]) => device::decide(shared, call),
        ("POST", ["token"]) => token::answer(shared, call).await,
        ("POST", ["introspect"]) => manage::introspect(shared, call).await,
        ("POST", ["revoke"]) => manage::revoke(shared, call).await,
        ("GET" | "POST", ["userinfo"]) => manage::userinfo(shared, call).await,
        (_, ["api", rest @ ..]) => api::answer(shared, call, rest).await,
        (_, ["token" | "par" | "introspect" | "revoke" | "login" | "consent" | "device_authorization"]) => {
            wrong_method("POST")
        }
        (_, ["authorize" | "device" | "userinfo"]) => wrong_method("GET, POST"),
        (_, [] | ["jwks" | "clients"] | [".well-known", "openid-configuration"]) => wrong_method("GET"),
        _ => error(404, "not_found", "There is nothing at this address of the generic server."),
    }
}

/// The registrations with their secrets, as a developer's portal would show them.
fn registered(shared: &Shared) -> Answer {
    let rfc = &shared.rfc;
    let all: Vec<serde_json::Value> = CLIENTS
        .iter()
        .map(|client| {
            let mut shown = json!({
                "client_id": client.id,
                "token_endpoint_auth_method": client.method.name(),
                "description": client.text,
                "require_pushed_authorization_requests": client.pushed,
                "dpop_bound_access_tokens": client.dpop,
            });
            if let Some(secret) = rfc.secrets.get(client.id) {
                shown["client_secret"] = json!(secret.expose());
            }
            if client.method == clients::Method::KeyJwt
                && let Some(key) = rfc.key()
            {
                shown["jwks"] = json!({ "keys": [key.public] });
                shown["private_jwk"] = serde_json::from_str(key.private.expose()).unwrap_or_default();
            }
            if client.method == clients::Method::Tls {
                shown["tls_client_auth_subject_dn"] = json!(clients::TLS_SUBJECT);
                if rfc.mtls.is_some() {
                    shown["certificate_and_key"] = json!(shared.tls.as_ref().map(|files| &files.client));
                }
            }
            shown
        })
        .collect();
    let body = json!({ "note": LABEL, "clients": all, "subject_token": rfc.subject.expose() });
    answer::json(200, &body).set("cache-control", "no-store")
}

/// Metadata whose path is inserted before the issuer's (RFC 8414 section 3, RFC 9728 section 3.1):
/// what follows `/.well-known/`.
pub(super) fn well_known(rfc: &Rfc, call: &Call, rest: &[&str]) -> Answer {
    match (call.verb(), rest) {
        ("GET", ["oauth-authorization-server", ..]) => metadata::server(rfc),
        ("GET", _) => metadata::resource(rfc),
        _ => wrong_method("GET"),
    }
}
