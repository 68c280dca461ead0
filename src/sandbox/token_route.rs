//! The token endpoint: the form, the client's authentication, and the answer. Errors come as RFC 6749
//! section 5.2 says, or in Pega's older shape when asked. What each grant asks for is in `grants`.

use super::answer::{self, Answer, With};
use super::call::Call;
use super::clients::Client;
use super::clock;
use super::faults::{Fault, Leg};
use super::grants::{self, Granted};
use super::state::Shared;
use super::tokens;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value as Json, json};

/// The nonce of the `dpop-nonce` fault.
const DPOP_NONCE: &str = "eyJub25jZSI6IjIwMjYifQ";
pub(super) const NO_GRANT: &str = "The grant type is not supported by the authorization server.";
pub(super) const MISSING: &str = "The request is missing a required parameter.";

/// One or more errors in the dialect in force; the first one counts for RFC 6749.
fn errors(shared: &Shared, status: u16, list: &[(&str, &str)]) -> Answer {
    let legacy =
        shared.faults().has(Fault::PegaLegacyErrors) || shared.faults().at(Leg::Token, Fault::HiddenError);
    let body = if legacy {
        let list: Vec<Json> = list.iter().map(|(id, text)| json!({ "ID": id, "message": text })).collect();
        json!({ "errors": list })
    } else {
        let (code, text) = list.first().copied().unwrap_or(("server_error", ""));
        json!({ "error": code, "error_description": text })
    };
    let status = if shared.faults().at(Leg::Token, Fault::HiddenError) { 200 } else { status };
    answer::json(status, &body).set("cache-control", "no-store").with("pragma", "no-cache")
}

/// One error.
pub(super) fn error(shared: &Shared, status: u16, code: &str, text: &str) -> Answer {
    errors(shared, status, &[(code, text)])
}

/// The form of a request. Every parameter at most once (RFC 6749 section 3.2).
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads it; anything but a form is refused as Pega does.
    pub(super) fn read(shared: &Shared, call: &Call) -> Result<Form, Answer> {
        if !call.is_type("application/x-www-form-urlencoded") {
            let list = [("invalid_request", MISSING), ("unsupported_grant_type", NO_GRANT)];
            return Err(errors(shared, 400, &list));
        }
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(&call.body).into_owned().collect();
        let mut names: Vec<&str> =
            fields.iter().map(|(n, _)| n.as_str()).filter(|n| *n != "resource").collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        if names.len() != all {
            return Err(error(shared, 400, "invalid_request", "A parameter is included more than once."));
        }
        Ok(Form(fields))
    }

    /// A parameter; an empty one counts as left out.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str()).filter(|v| !v.is_empty())
    }
}

/// The client of a request: a Basic header (form-encoded first, or raw) or body parameters.
pub(super) fn client(shared: &Shared, call: &Call, form: &Form) -> Result<Client, Answer> {
    const REFUSED: &str = "Client authentication failed";
    let header = call.header("authorization");
    let basic = header.is_some();
    let refuse = |shared: &Shared| {
        let answer = error(shared, 401, "invalid_client", REFUSED);
        if basic { answer.with("www-authenticate", "Basic realm=\"oauth2\"") } else { answer }
    };
    let pairs: Vec<(String, String)> = if let Some(value) = header {
        if form.get("client_secret").is_some() {
            return Err(error(
                shared,
                400,
                "invalid_request",
                "The client used more than one method to authenticate.",
            ));
        }
        let decoded = value
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
            .and_then(|(_, text)| STANDARD.decode(text.trim()).ok())
            .and_then(|bytes| String::from_utf8(bytes).ok());
        let Some((id, secret)) = decoded.as_deref().and_then(|t| t.split_once(':')) else {
            let code = match shared.faults().has(Fault::PegaLegacyErrors) {
                true => "invalid_authorization_header",
                false => "invalid_client",
            };
            return Err(error(shared, 401, code, "Invalid Authentication Data.")
                .with("www-authenticate", "Basic realm=\"oauth2\""));
        };
        vec![(id.to_owned(), secret.to_owned()), (form_decoded(id), form_decoded(secret))]
    } else {
        if shared.faults().at(Leg::Token, Fault::BasicOnly) {
            return Err(error(shared, 401, "invalid_client", REFUSED)
                .with("www-authenticate", "Basic realm=\"oauth2\""));
        }
        // A public client names itself and has nothing to show; a confidential one has to.
        let secret = form.get("client_secret");
        let open = |id: &str| shared.lock().clients.get(id).is_some_and(|c| c.public);
        match form.get("client_id") {
            Some(id) if secret.is_some() || open(id) => {
                vec![(id.to_owned(), secret.unwrap_or_default().to_owned())]
            }
            _ => return Err(error(shared, 401, "invalid_client", "The client did not authenticate.")),
        }
    };
    if shared.faults().at(Leg::Token, Fault::WrongSecret) {
        return Err(refuse(shared));
    }
    let state = shared.lock();
    let found = pairs.iter().find_map(|(id, secret)| {
        let client = state.clients.get(id)?;
        let right = aws_lc_rs::constant_time::verify_slices_are_equal(
            client.secret.expose().as_bytes(),
            secret.as_bytes(),
        );
        right.is_ok().then(|| client.clone())
    });
    match found {
        Some(client) if form.get("client_id").is_none_or(|id| id == client.id) => Ok(client),
        _ => Err(refuse(shared)),
    }
}

fn form_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// The answer to `POST …/token`.
pub(super) async fn token(shared: &Shared, call: &Call) -> Answer {
    let on = |fault| shared.faults().at(Leg::Token, fault);
    let form = match Form::read(shared, call) {
        Ok(form) => form,
        Err(refused) => return refused,
    };
    let Some(grant) = form.get("grant_type") else {
        return errors(shared, 400, &[("invalid_request", MISSING), ("unsupported_grant_type", NO_GRANT)]);
    };
    if on(Fault::DpopNonce) && !has_dpop_nonce(call) {
        return error(shared, 400, "use_dpop_nonce", "Authorization server requires nonce in DPoP proof")
            .with("dpop-nonce", DPOP_NONCE);
    }
    let client = match client(shared, call, &form) {
        Ok(client) => client,
        Err(refused) => return refused,
    };
    if on(Fault::HiddenError) {
        return error(shared, 400, "invalid_request", MISSING);
    }
    if on(Fault::UnsupportedGrant) {
        return error(shared, 400, "unsupported_grant_type", NO_GRANT);
    }
    if on(Fault::InvalidScope) {
        return error(shared, 400, "invalid_scope", "The requested scope is invalid or unknown.");
    }
    if on(Fault::InvalidTarget) {
        return error(shared, 400, "invalid_target", "The requested resource is not known.");
    }
    let now = clock::now(&shared.faults());
    let granted = match grants::grant(shared, &client, grant, &form, now) {
        Ok(granted) => granted,
        Err(refusal) => {
            shared.lock().log.add(now, "refused", &client.id, "", &refusal.logged);
            return error(shared, refusal.status, refusal.code, refusal.text);
        }
    };
    if let Some(trouble) = operator_trouble(shared, &granted.operator) {
        shared.lock().log.add(now, "refused", &client.id, &granted.operator, trouble);
        return error(shared, 401, "invalid_grant", trouble);
    }
    match answer_of(shared, &client, grant, granted).await {
        Ok(body) => answer::json(200, &body).set("cache-control", "no-store").with("pragma", "no-cache"),
        Err(trouble) => error(shared, 500, "server_error", &trouble.to_string()),
    }
}

/// The token answer: the standard members, and `session_index` where it was asked for.
async fn answer_of(
    shared: &Shared,
    client: &Client,
    grant: &str,
    granted: Granted,
) -> Result<Json, super::keys::KeyTrouble> {
    let token = tokens::issue(shared, client, &granted.operator, &granted.family).await?;
    let mut body = json!({
        "access_token": token,
        "token_type": if shared.faults().has(Fault::TokenType) { "mac" } else { "bearer" },
        "expires_in": client.lifetime_s,
    });
    if let Some(login) = &granted.id_token {
        body["id_token"] = json!(tokens::id_token(shared, client, &granted.operator, login).await?);
    }
    for (name, value) in [
        ("refresh_token", granted.refresh.as_deref()),
        ("session_index", granted.session_index.as_deref()),
        ("sandbox_note", granted.note),
    ] {
        if let Some(value) = value {
            body[name] = json!(value);
        }
    }
    let now = clock::now(&shared.faults());
    shared.lock().log.add(now, "token", &client.id, &granted.operator, grant);
    Ok(body)
}

/// Why the operator cannot be worked as: by fault, else by what is known of it.
fn operator_trouble(shared: &Shared, operator: &str) -> Option<&'static str> {
    let on = |fault| shared.faults().at(Leg::Token, fault);
    let state = shared.lock();
    let like = |operator| state.operator_trouble(operator);
    if on(Fault::OperatorMissing) {
        like("nobody@acme")
    } else if on(Fault::OperatorDisabled) {
        like("old.batch@acme")
    } else if on(Fault::OperatorLocked) {
        like("night.jobs@acme")
    } else if on(Fault::NoAccessGroup) {
        like("new.joiner@acme")
    } else {
        like(operator)
    }
}

/// True when the DPoP proof (RFC 9449) carries the nonce; the proof is not checked further.
fn has_dpop_nonce(call: &Call) -> bool {
    call.header("dpop")
        .and_then(|proof| proof.split('.').nth(1))
        .and_then(|payload| URL_SAFE_NO_PAD.decode(payload).ok())
        .and_then(|bytes| serde_json::from_slice::<Json>(&bytes).ok())
        .is_some_and(|claims| claims["nonce"] == DPOP_NONCE)
}
