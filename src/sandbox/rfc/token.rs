//! The token endpoint: the client, the proof it may bring, the grant, and the answer all grants share.

use super::client_auth::{authenticate, thumbprint};
use super::clients::{Client, Method};
use super::dpop::{self, Trouble};
use super::kept::{Granted, Refresh, random_text};
use super::mint::{self, Binding, LIFETIME_S};
use super::params::Params;
use super::{device, error, exchange, grants, now};
use crate::sandbox::answer::{self, Answer, With};
use crate::sandbox::call::Call;
use crate::sandbox::faults::{Fault, Leg};
use crate::sandbox::state::Shared;
use serde_json::json;

/// Seconds a refresh token lives.
const REFRESH_S: i64 = 30 * 24 * 3600;

/// Faults that refuse one grant: which, and in what words.
const GRANT_FAULTS: &[(Fault, &str, &str)] = &[
    (Fault::CodeRefused, "authorization_code", "The code is unknown or has expired."),
    (Fault::PkceMismatch, "authorization_code", "code_verifier does not fit the code_challenge."),
    (Fault::RefreshDead, "refresh_token", "The refresh token is unknown, revoked or has expired."),
    (Fault::UserRefused, "password", "User name or password is wrong."),
    (Fault::AssertionAudience, grants::JWT_BEARER, "aud of the assertion is not this server."),
    (Fault::AssertionExpired, grants::JWT_BEARER, "The assertion has expired."),
    (Fault::AssertionReplayed, grants::JWT_BEARER, "The assertion was used before (jti)."),
    (
        Fault::AssertionKey,
        grants::JWT_BEARER,
        "The signature of the assertion does not fit the registered key.",
    ),
    (Fault::AssertionSubject, grants::JWT_BEARER, "There is no user of that name (sub)."),
];

/// What is known when a grant is looked at.
pub(super) struct Ask<'a> {
    pub(super) shared: &'a Shared,
    pub(super) form: &'a Params,
    pub(super) client: &'static Client,
    pub(super) binding: Binding,
    pub(super) now: i64,
}

/// The answer to `POST /rfc/token`.
pub(super) async fn answer(shared: &Shared, call: &Call) -> Answer {
    let now = now(shared);
    let answer = match ask(shared, call, now).await {
        Ok(answer) | Err(answer) => answer,
    };
    match dpop::is_there(call) || shared.faults().at(Leg::Token, Fault::DpopNonce) {
        true => answer.set("dpop-nonce", &shared.rfc.lock().nonce(now)),
        false => answer,
    }
}

async fn ask(shared: &Shared, call: &Call, now: i64) -> Result<Answer, Answer> {
    let on = |fault| shared.faults().at(Leg::Token, fault);
    let form = Params::form(call)?;
    let grant =
        form.get("grant_type").ok_or_else(|| error(400, "invalid_request", "grant_type is missing."))?;
    let client = match grants::assertion_issuer(&form, call) {
        Some(client) => client,
        None => authenticate(shared, call, &form, now)?,
    };
    let binding = binding(shared, call, client, now)?;
    if on(Fault::UnsupportedGrant) {
        return Err(error(400, "unsupported_grant_type", "The grant type is not supported."));
    }
    if on(Fault::GrantNotAllowed) {
        return Err(error(400, "unauthorized_client", "The client may not use this grant type."));
    }
    if on(Fault::InvalidScope) {
        return Err(error(400, "invalid_scope", "The requested scope is invalid or unknown."));
    }
    if on(Fault::InvalidTarget) {
        return Err(error(400, "invalid_target", "The requested resource is not known."));
    }
    if let Some((_, _, text)) = GRANT_FAULTS.iter().find(|(fault, of, _)| *of == grant && on(*fault)) {
        return Err(error(400, "invalid_grant", text));
    }
    let ask = Ask { shared, form: &form, client, binding, now };
    match grant {
        "client_credentials" => grants::client_credentials(&ask).await,
        "authorization_code" => grants::authorization_code(&ask).await,
        "refresh_token" => grants::refresh(&ask).await,
        "password" => grants::password(&ask).await,
        grants::JWT_BEARER => grants::jwt_bearer(&ask).await,
        device::GRANT => device::redeem(&ask).await,
        exchange::GRANT => exchange::exchange(&ask).await,
        _ => Err(error(400, "unsupported_grant_type", "The server does not know this grant type.")),
    }
}

/// What the token will be bound to: the key of a DPoP proof, the certificate of a client that uses one.
fn binding(shared: &Shared, call: &Call, client: &Client, now: i64) -> Result<Binding, Answer> {
    let nonce_wanted = client.dpop || shared.faults().at(Leg::Token, Fault::DpopNonce);
    let nonce_error =
        || error(400, "use_dpop_nonce", "The authorization server requires a nonce in the DPoP proof.");
    let jkt = if dpop::is_there(call) {
        match dpop::check(shared, call, None, nonce_wanted, now) {
            Ok(jkt) => Some(jkt),
            Err(Trouble::Nonce) => return Err(nonce_error()),
            Err(Trouble::Bad(text)) => return Err(error(400, "invalid_dpop_proof", text)),
        }
    } else if client.dpop {
        return Err(error(
            400,
            "invalid_dpop_proof",
            "This client's tokens are bound by DPoP; no proof came.",
        ));
    } else if nonce_wanted {
        return Err(nonce_error());
    } else {
        None
    };
    let x5t = match client.method {
        Method::Tls => call.peer.certificate.as_deref().map(thumbprint),
        _ => None,
    };
    Ok(Binding { jkt, x5t })
}

impl Ask<'_> {
    /// A required parameter.
    pub(super) fn need(&self, name: &str) -> Result<&str, Answer> {
        self.form.get(name).ok_or_else(|| error(400, "invalid_request", &format!("{name} is missing.")))
    }

    /// Tokens for what was granted. A refresh token comes with `offline_access` when a person is behind it.
    pub(super) async fn issue(&self, granted: &Granted) -> Result<Answer, Answer> {
        self.issue_part(granted, granted, None).await
    }

    /// The same where the access token is for a part of the `whole` only: the refresh token stays good for
    /// all of it (RFC 6749 section 6). `issued` is `issued_token_type` of an exchange, which brings no more.
    pub(super) async fn issue_part(
        &self,
        granted: &Granted,
        whole: &Granted,
        issued: Option<&str>,
    ) -> Result<Answer, Answer> {
        let (shared, now) = (self.shared, self.now);
        let failed = |e: crate::sandbox::keys::KeyTrouble| error(500, "server_error", &e.to_string());
        let token = mint::access_token(shared, granted, &self.binding, now).await.map_err(failed)?;
        let kind = match (&self.binding.jkt, shared.faults().has(Fault::TokenType)) {
            (_, true) => "mac",
            (Some(_), _) => "DPoP",
            (None, _) => "Bearer",
        };
        let mut body = json!({
            "access_token": token,
            "token_type": kind,
            "expires_in": LIFETIME_S,
            "scope": granted.scope.join(" "),
        });
        if granted.authentication.is_some() && granted.has_scope("openid") && issued.is_none() {
            body["id_token"] = json!(mint::id_token(shared, granted, &token, now).await.map_err(failed)?);
        }
        let mut fresh = None;
        if whole.authentication.is_some() && whole.has_scope("offline_access") && issued.is_none() {
            let refresh = random_text();
            let bound = self.client.is_public().then(|| self.binding.jkt.clone()).flatten();
            let kept = Refresh { granted: whole.clone(), jkt: bound, used: false, ends: now + REFRESH_S };
            fresh = Some((refresh.clone(), kept));
            body["refresh_token"] = json!(refresh);
        }
        {
            let mut state = shared.rfc.lock();
            if state.has_ended(&whole.family, now) {
                // Somebody else showed the same code or refresh token while this answer was being made.
                state.end_family(&whole.family, now);
                return Err(error(400, "invalid_grant", "Every token of this log-in was revoked."));
            }
            if let Some((refresh, kept)) = fresh {
                state.refresh.put(refresh, kept, now);
            }
        }
        if let Some(issued) = issued {
            body["issued_token_type"] = json!(issued);
        }
        Ok(answer::json(200, &body).set("cache-control", "no-store").with("pragma", "no-cache"))
    }
}
