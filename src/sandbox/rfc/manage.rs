//! What is asked about tokens: introspection (RFC 7662), revocation (RFC 7009), userinfo (OpenID Connect
//! Core section 5.3).

use super::client_auth::authenticate;
use super::clients;
use super::jws::Jws;
use super::params::Params;
use super::{api, error, mint, now};
use crate::sandbox::answer::{self, Answer, With};
use crate::sandbox::call::Call;
use crate::sandbox::state::Shared;
use serde_json::{Value as Json, json};

/// The answer to `POST /rfc/introspect`. Any client that can authenticate stands for an API here; a
/// refresh token shows itself to its own client only.
pub(super) async fn introspect(shared: &Shared, call: &Call) -> Answer {
    match introspected(shared, call).await {
        Ok(body) => answer::json(200, &body).set("cache-control", "no-store"),
        Err(answer) => answer,
    }
}

async fn introspected(shared: &Shared, call: &Call) -> Result<Json, Answer> {
    let now = now(shared);
    let form = Params::form(call)?;
    let client = authenticate(shared, call, &form, now)?;
    if client.is_public() {
        // RFC 7662 section 2.1: the endpoint must not be open to token scanning.
        return Err(error(401, "invalid_client", "A public client may not introspect tokens."));
    }
    let token = form.get("token").ok_or_else(|| error(400, "invalid_request", "token is missing."))?;
    if let Some(kept) = shared.rfc.lock().refresh.get(token, now) {
        if kept.used || kept.granted.client != client.id {
            return Ok(json!({ "active": false }));
        }
        return Ok(json!({
            "active": true,
            "scope": kept.granted.scope.join(" "),
            "client_id": kept.granted.client,
            "sub": kept.granted.sub,
            "username": kept.granted.sub,
            "exp": kept.ends,
            "iss": shared.rfc.issuer(),
        }));
    }
    let Ok(jws) = mint::check_access(shared, token, now).await else { return Ok(json!({ "active": false })) };
    let mut body = json!({ "active": true });
    body["token_type"] = json!(match jws.claims.get("cnf").and_then(|c| c.get("jkt")) {
        Some(_) => "DPoP",
        None => "Bearer",
    });
    if let Some(user) = jws.text("sub").and_then(clients::user) {
        body["username"] = json!(user.name);
    }
    for name in [
        "scope",
        "client_id",
        "sub",
        "aud",
        "iss",
        "iat",
        "exp",
        "nbf",
        "jti",
        "cnf",
        "act",
        "acr",
        "auth_time",
    ] {
        if let Some(value) = jws.claims.get(name) {
            body[name] = value.clone();
        }
    }
    Ok(body)
}

/// The answer to `POST /rfc/revoke`: 200 for what is not known, too. A refresh token takes all that came of
/// its log-in with it.
pub(super) async fn revoke(shared: &Shared, call: &Call) -> Answer {
    match revoked(shared, call) {
        Ok(()) => answer::empty(200).set("cache-control", "no-store"),
        Err(answer) => answer,
    }
}

fn revoked(shared: &Shared, call: &Call) -> Result<(), Answer> {
    let now = now(shared);
    let form = Params::form(call)?;
    let client = authenticate(shared, call, &form, now)?;
    let token = form.get("token").ok_or_else(|| error(400, "invalid_request", "token is missing."))?;
    let foreign = || error(400, "invalid_grant", "The token was issued to another client.");
    let mut state = shared.rfc.lock();
    if let Some((owner, family)) =
        state.refresh.get(token, now).map(|r| (r.granted.client, r.granted.family.clone()))
    {
        if owner != client.id {
            return Err(foreign());
        }
        state.end_family(&family, now);
        return Ok(());
    }
    // Who knows the jti has seen the token; the signature adds nothing to a wish to end it.
    let jti = Jws::read(token).and_then(|jws| jws.text("jti").map(str::to_owned));
    let Some(jti) = jti else { return Ok(()) };
    match state.live.get(&jti, now).map(|l| l.client) {
        Some(owner) if owner != client.id => Err(foreign()),
        _ => {
            state.live.take(&jti, now);
            Ok(())
        }
    }
}

/// The answer to `GET` and `POST /rfc/userinfo`.
pub(super) async fn userinfo(shared: &Shared, call: &Call) -> Answer {
    let now = now(shared);
    let (jws, scheme) = match api::token(shared, call, now).await {
        Ok(found) => found,
        Err(answer) => return answer,
    };
    let scope: Vec<&str> = jws.text("scope").unwrap_or_default().split(' ').collect();
    let user = jws.text("sub").and_then(clients::user).filter(|_| scope.contains(&"openid"));
    let Some(user) = user else {
        return api::lacks_scope(shared, scheme, "openid");
    };
    let mut body = json!({ "sub": user.name });
    if scope.contains(&"profile") {
        body["name"] = json!(user.full_name);
        body["preferred_username"] = json!(user.name);
    }
    if scope.contains(&"email") {
        body["email"] = json!(format!("{}@example.test", user.name));
        body["email_verified"] = json!(true);
    }
    answer::json(200, &body).set("cache-control", "no-store")
}
