//! The OAuth 2.0 endpoints beside the token endpoint: keys, introspection, revocation, deny list,
//! registration, userinfo.

use super::answer::{self, Answer, With, wrong_method};
use super::call::Call;
use super::clock;
use super::gate;
use super::keys;
use super::pages;
use super::state::Shared;
use super::token_route::{Form, MISSING, client, error, token};
use super::tokens;
use serde_json::{Value as Json, json};

/// The answer for a path after `…/oauth2/v1`.
pub(super) async fn answer(shared: &Shared, call: &Call, rest: &[&str]) -> Answer {
    match (call.verb(), rest) {
        ("POST", ["token"]) => token(shared, call).await,
        ("GET", ["token", "keys"]) => jwks().await,
        ("POST", ["token", "introspect"]) => introspect(shared, call).await,
        ("POST", ["revoke"]) => revoke(shared, call),
        ("GET" | "POST", ["authorize"]) => authorize(call),
        ("GET" | "POST", ["token", "denylist"]) => deny_list(shared, call).await,
        (_, ["token"] | ["revoke"] | ["token", "introspect"]) => wrong_method("POST"),
        (_, ["token", "keys"]) => wrong_method("GET"),
        (_, ["authorize"] | ["token", "denylist"]) => wrong_method("GET, POST"),
        _ => not_found(),
    }
}

/// 404 for paths that are nothing here.
pub(super) fn not_found() -> Answer {
    answer::json(404, &json!({ "errors": [{ "ID": "not_found", "message": "No such service" }] }))
}

async fn jwks() -> Answer {
    match keys::current().await {
        Ok(key) => {
            answer::json(200, &json!({ "keys": [key.jwk()] })).set("cache-control", "public, max-age=300")
        }
        Err(trouble) => answer::text(503, "text/plain;charset=UTF-8", trouble.to_string()),
    }
}

/// RFC 7662; a client sees the tokens of every client, as Pega documents no limit.
async fn introspect(shared: &Shared, call: &Call) -> Answer {
    let form = match Form::read(shared, call) {
        Ok(form) => form,
        Err(refused) => return refused,
    };
    if let Err(refused) = client(shared, call, &form) {
        return refused;
    }
    let Some(token) = form.get("token") else { return error(shared, 400, "invalid_request", MISSING) };
    let body = match tokens::check(shared, token, clock::now(&shared.faults())).await {
        Ok(record) => json!({
            "active": true,
            "token_type": "bearer",
            "client_id": record.client,
            "sub": record.operator,
            "username": record.operator,
            "iss": shared.issuer(),
            "iat": record.issued.as_second(),
            "exp": record.expires.as_second(),
        }),
        Err(_) => json!({ "active": false }),
    };
    answer::json(200, &body).set("cache-control", "no-store")
}

/// RFC 7009: 200 whether the token was known or not; only the client's own tokens.
fn revoke(shared: &Shared, call: &Call) -> Answer {
    let form = match Form::read(shared, call) {
        Ok(form) => form,
        Err(refused) => return refused,
    };
    let client = match client(shared, call, &form) {
        Ok(client) => client,
        Err(refused) => return refused,
    };
    let Some(token) = form.get("token") else { return error(shared, 400, "invalid_request", MISSING) };
    let key = tokens::record_key(token);
    let mut state = shared.lock();
    if state.issued.get(&key).is_some_and(|t| t.client == client.id) {
        state.issued.remove(&key);
    }
    answer::empty(200)
}

/// The authorization code grant is not part of this sandbox yet, and it says so.
fn authorize(call: &Call) -> Answer {
    let text = "The sandbox has no authorization code grant yet. Use client credentials.";
    // Only back to this machine: an open redirector helps nobody.
    let back = call.param("redirect_uri").and_then(|uri| url::Url::parse(&uri).ok()).filter(|uri| {
        uri.scheme() == "http" && matches!(uri.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
    });
    let Some(mut uri) = back else { return answer::html(400, pages::plain("Not available", text)) };
    uri.query_pairs_mut()
        .append_pair("error", "unsupported_response_type")
        .append_pair("error_description", text);
    if let Some(state) = call.param("state") {
        uri.query_pairs_mut().append_pair("state", &state);
    }
    answer::redirect(302, uri.as_str())
}

/// Callers need the privilege that Pega documents for client management.
async fn privileged(shared: &Shared, call: &Call) -> Result<String, Answer> {
    let caller = gate::bearer(shared, call).await?;
    if !shared.lock().may(&caller.operator, "pzCanManageOAuthClients") {
        let body = json!({ "errors": [{ "ID": "Pega_API_019", "message": "Insufficient privilege: pzCanManageOAuthClients" }] });
        return Err(answer::json(403, &body));
    }
    Ok(caller.operator)
}

async fn deny_list(shared: &Shared, call: &Call) -> Answer {
    if let Err(refused) = privileged(shared, call).await {
        return refused;
    }
    if call.verb() == "POST" {
        let body: Json = serde_json::from_slice(&call.body).unwrap_or_default();
        let key = body["jti"]
            .as_str()
            .map(str::to_owned)
            .or_else(|| body["token"].as_str().map(tokens::record_key));
        let Some(key) = key else { return error(shared, 400, "invalid_request", MISSING) };
        shared.lock().denied.insert(key);
    }
    answer::json(200, &json!({ "denylist": shared.lock().denied }))
}

/// The answer for a path after `…/oauthclients/v1`: dynamic registration and userinfo.
pub(super) async fn clients(shared: &Shared, call: &Call, rest: &[&str]) -> Answer {
    match (call.verb(), rest) {
        ("POST", ["client"]) => register(shared, call).await,
        ("GET", ["userinfo", "JSON"]) => match gate::bearer(shared, call).await {
            Ok(caller) => {
                let state = shared.lock();
                let operator = state.operators.get(caller.operator.as_str());
                answer::json(
                    200,
                    &json!({
                        "sub": caller.operator,
                        "name": operator.map(|o| o.name),
                        "access_group": operator.and_then(|o| o.access_group),
                    }),
                )
            }
            Err(refused) => refused,
        },
        (_, ["client"]) => wrong_method("POST"),
        (_, ["userinfo", "JSON"]) => wrong_method("GET"),
        _ => not_found(),
    }
}

/// RFC 7591 in the measure Pega documents.
async fn register(shared: &Shared, call: &Call) -> Answer {
    let operator = match privileged(shared, call).await {
        Ok(operator) => operator,
        Err(refused) => return refused,
    };
    let Ok(Json::Object(body)) = serde_json::from_slice::<Json>(&call.body) else {
        return error(shared, 400, "invalid_client_metadata", "The request body is not a JSON object.");
    };
    if !body.get("use_idp_session_expiry").is_some_and(Json::is_boolean) {
        return error(shared, 400, "invalid_request", "use_idp_session_expiry must be true or false.");
    }
    let name = body.get("client_name").and_then(Json::as_str).unwrap_or("Registered client");
    let client = shared.lock().register(name, &operator);
    answer::json(
        201,
        &json!({
            "client_id": client.id,
            "client_secret": client.secret.expose(),
            "client_name": client.name,
            "client_id_issued_at": clock::now(&shared.faults()).as_second(),
            "client_secret_expires_at": 0,
            "grant_types": ["client_credentials"],
            "token_endpoint_auth_method": "client_secret_basic",
        }),
    )
    .set("cache-control", "no-store")
}
