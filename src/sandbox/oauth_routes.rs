//! The OAuth 2.0 endpoints beside the token and authorization endpoints: keys, introspection,
//! revocation, deny list, registration, userinfo.

use super::answer::{self, Answer, With, wrong_method};
use super::authorize;
use super::call::Call;
use super::clients::Wish;
use super::clock;
use super::gate;
use super::keys;
use super::state::Shared;
use super::token_route::{Form, MISSING, client, error, token};
use super::tokens;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

/// The answer for a path after `…/oauth2/v1`.
pub(super) async fn answer(shared: &Shared, call: &Call, rest: &[&str]) -> Answer {
    match (call.verb(), rest) {
        ("POST", ["token"]) => token(shared, call).await,
        ("GET", ["token", "keys"]) => jwks().await,
        ("POST", ["token", "introspect"]) => introspect(shared, call).await,
        ("POST", ["revoke"]) => revoke(shared, call),
        ("GET" | "POST", ["authorize"]) => authorize::answer(shared, call),
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

/// RFC 7662, of access and refresh tokens; a client sees those of every client, as Pega documents no limit.
async fn introspect(shared: &Shared, call: &Call) -> Answer {
    let form = match Form::read(shared, call) {
        Ok(form) => form,
        Err(refused) => return refused,
    };
    match client(shared, call, &form) {
        // Anybody can name a public client: that proves nothing (RFC 7662 section 2.1).
        Ok(client) if client.public => {
            return error(shared, 401, "invalid_client", "Introspection is for confidential clients.");
        }
        Ok(_) => {}
        Err(refused) => return refused,
    }
    let Some(token) = form.get("token") else { return error(shared, 400, "invalid_request", MISSING) };
    let now = clock::now(&shared.faults());
    let refresh = shared.lock().logins.refresh(token, now).cloned();
    let about = |client: &str, operator: &str, issued: Timestamp, expires: Timestamp| {
        json!({
            "active": true,
            "client_id": client,
            "sub": operator,
            "username": operator,
            "iss": shared.issuer(),
            "iat": issued.as_second(),
            "exp": expires.as_second(),
        })
    };
    let body = match (refresh, tokens::check(shared, token, now).await) {
        (Some(r), _) => {
            let mut body = about(&r.client, &r.operator, r.issued, r.expires);
            if !r.scope.is_empty() {
                body["scope"] = json!(r.scope);
            }
            body
        }
        (None, Ok(record)) => {
            let mut body = about(&record.client, &record.operator, record.issued, record.expires);
            body["token_type"] = json!("bearer");
            body
        }
        (None, Err(_)) => json!({ "active": false }),
    };
    answer::json(200, &body).set("cache-control", "no-store")
}

/// RFC 7009: 200 whether the token was known or not; only the client's own tokens. A refresh token
/// takes the access tokens of its login with it.
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
    let now = clock::now(&shared.faults());
    let key = tokens::record_key(token);
    let mut state = shared.lock();
    if let Some(family) = state.logins.family_of(token, &client.id) {
        state.revoke_family(&family);
        state.log.add(now, "revoked", &client.id, "", "a refresh token and its access tokens");
    } else if state.issued.get(&key).is_some_and(|t| t.client == client.id) {
        state.issued.remove(&key);
        state.log.add(now, "revoked", &client.id, "", "an access token");
    }
    answer::empty(200)
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
            Ok(caller) => answer::json(200, &tokens::person(shared, &caller.operator)),
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
    let wish = json!({
        "name": body.get("client_name").and_then(Json::as_str).unwrap_or("Registered client"),
        "operator": operator,
        "type": if body.get("token_endpoint_auth_method") == Some(&json!("none")) { "public" } else { "" },
        "grants": body.get("grant_types").and_then(Json::as_array).map(|list| {
            // The refresh token is a box of its own.
            list.iter().filter(|g| **g != "refresh_token").cloned().collect::<Vec<_>>()
        }),
        "refresh_mode": i64::from(
            body.get("grant_types").and_then(Json::as_array).is_some_and(|l| l.iter().any(|g| g == "refresh_token")),
        ),
        "redirect_uris": body.get("redirect_uris").cloned().unwrap_or_else(|| json!([])),
    });
    let made = Wish::of_json(wish).and_then(|wish| shared.lock().register_as(wish));
    let client = match made {
        Ok(client) => client,
        Err(why) => return error(shared, 400, "invalid_client_metadata", &why),
    };
    let mut grants: Vec<&str> = client.grants.iter().map(|g| g.wire()).collect();
    grants.extend(client.refresh.map(|_| "refresh_token"));
    let mut answer = json!({
        "client_id": client.id,
        "client_name": client.name,
        "client_id_issued_at": clock::now(&shared.faults()).as_second(),
        "grant_types": grants,
        "redirect_uris": client.redirect_uris,
        "token_endpoint_auth_method": if client.public { "none" } else { "client_secret_basic" },
    });
    if !client.public {
        answer["client_secret"] = json!(client.secret.expose());
        answer["client_secret_expires_at"] = json!(0);
    }
    answer::json(201, &answer).set("cache-control", "no-store")
}
