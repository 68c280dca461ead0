//! Part A in small: register a client, fetch its credentials file once, regenerate its secret.
//! The paths are the sandbox's own, not Pega's.

use super::answer::{self, Answer, With, wrong_method};
use super::call::Call;
use super::clients::{Client, REFRESH_LIFETIME_S, RefreshMode, Ticked, Wish};
use super::pages::{self, escape};
use super::state::{LIFETIME_S, Shared};
use serde_json::{Value as Json, json};

/// Refuses callers that are not this machine's own: a foreign Host header is DNS rebinding, a
/// foreign Origin is a web page reaching for the sandbox.
pub(super) fn stranger(call: &Call) -> Option<Answer> {
    let local = |host: &str| matches!(host, "127.0.0.1" | "localhost" | "[::1]");
    let origin_ok = call.header("origin").is_none_or(|origin| {
        url::Url::parse(origin).ok().and_then(|u| u.host_str().map(local)).unwrap_or(false)
    });
    if local(call.host()) && origin_ok {
        return None;
    }
    let page = pages::plain("403 Forbidden", "This part of the sandbox answers only to this machine.");
    Some(answer::html(403, page))
}

/// The answer for a path after `/sandbox/dev-studio`.
pub(super) fn answer(shared: &Shared, call: &Call, rest: &[&str]) -> Answer {
    match (call.verb(), rest) {
        ("GET", []) => list(shared),
        ("GET", ["operators"]) => operators(shared),
        ("POST", ["clients"]) => register(shared, call),
        ("GET", ["clients", id, "credentials"]) => credentials(shared, id),
        ("POST", ["clients", id, "regenerate-secret"]) => regenerate(shared, id),
        (_, [] | ["operators"]) => wrong_method("GET"),
        (_, ["clients"]) => wrong_method("POST"),
        (_, ["clients", _, "credentials"]) => wrong_method("GET"),
        (_, ["clients", _, "regenerate-secret"]) => wrong_method("POST"),
        _ => answer::html(404, pages::plain("404 Not Found", "There is nothing at this address.")),
    }
}

fn problem(status: u16, text: &str) -> Answer {
    answer::json(status, &json!({ "error": text }))
}

/// From JSON or the desk's own form. What a registration may say is in `clients`.
fn register(shared: &Shared, call: &Call) -> Answer {
    let form = !call.is_type("application/json");
    let wish = match form {
        true => Ok(Wish::of_form(&call.body)),
        false => serde_json::from_slice::<Json>(&call.body)
            .map_err(|_| "the body is not a JSON object".to_owned())
            .and_then(Wish::of_json),
    };
    let made = wish.and_then(|wish| shared.lock().register_as(wish));
    let client = match made {
        Ok(client) => client,
        Err(why) => return problem(400, &why),
    };
    let file = format!("/sandbox/dev-studio/clients/{}/credentials", client.id);
    if form && call.header("accept").is_some_and(|a| a.contains("text/html")) {
        return registered(&client, &file);
    }
    answer::json(
        201,
        &json!({
            "client_id": client.id,
            "name": client.name,
            "type": if client.public { "public" } else { "confidential" },
            "operator": client.operator,
            "grants": client.grants.iter().map(|g| g.wire()).collect::<Vec<_>>(),
            "redirect_uris": client.redirect_uris,
            "pkce": client.pkce,
            "refresh_mode": client.refresh.map_or(0, RefreshMode::number),
            "access_lifetime": client.lifetime_s,
            "refresh_lifetime": client.refresh_lifetime_s,
            "mapping": client.mapping.is_some(),
            "credentials": shared.credentials(&client),
            "credentials_path": file,
            "note": "the sandbox's own interface, not Pega's",
        }),
    )
    .with("location", &file)
}

/// What a browser sees after the form.
fn registered(client: &Client, file: &str) -> Answer {
    let body = format!(
        "<p>Client ID: <code>{}</code></p>\n\
         <p><a href=\"{}\" download=\"credentials.txt\">Download credentials</a>: only once, as in Pega.</p>\n\
         <p><a href=\"/sandbox/dev-studio\">All client registrations</a></p>",
        escape(&client.id),
        escape(file)
    );
    answer::html(201, pages::page(&client.name, &body)).with("location", file)
}

/// Everybody who can log in, with passwords: so that a newcomer, or a test, can try.
fn operators(shared: &Shared) -> Answer {
    let state = shared.lock();
    let list: Vec<Json> = state
        .operators
        .iter()
        .map(|(id, o)| {
            json!({
                "id": id,
                "name": o.name,
                "password": o.password.expose(),
                "access_group": o.access_group,
                "enabled": o.enabled,
                "locked": o.locked,
            })
        })
        .collect();
    answer::json(200, &json!(list))
}

/// The file, once: fetching it saves the record, and a saved record gives it no more.
fn credentials(shared: &Shared, id: &str) -> Answer {
    let mut state = shared.lock();
    let Some(client) = state.clients.get_mut(id) else { return problem(404, "no such client registration") };
    if client.saved {
        return problem(
            410,
            "the registration is saved, so its credentials can no longer be downloaded; regenerate the secret",
        );
    }
    client.saved = true;
    let text = shared.credentials(client);
    answer::text(200, "text/plain;charset=UTF-8", text)
        .with("cache-control", "no-store")
        .with("content-disposition", "attachment; filename=\"credentials.txt\"")
}

fn regenerate(shared: &Shared, id: &str) -> Answer {
    let client = shared.lock().regenerate(id);
    match client {
        None => problem(404, "no such client registration"),
        Some(client) => answer::json(
            200,
            &json!({
                "client_id": client.id,
                "credentials": shared.credentials(&client),
                "note": "every access token of this client is revoked",
            }),
        ),
    }
}

fn list(shared: &Shared) -> Answer {
    let mut rows = String::new();
    let state = shared.lock();
    for client in state.clients.values() {
        let mut grants: Vec<&str> = client.grants.iter().map(|g| g.short()).collect();
        grants.extend(client.refresh.map(|_| "refresh_token"));
        rows.push_str(&format!(
            "<tr><td>{}</td><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            escape(&client.name),
            escape(&client.id),
            if client.public { "public" } else { "confidential" },
            escape(&grants.join(", ")),
            escape(&client.operator)
        ));
    }
    let grants: Vec<String> = Ticked::ALL
        .into_iter()
        .map(|grant| {
            let ticked = if grant == Ticked::ClientCredentials { " checked" } else { "" };
            format!(
                "<label><input type=\"checkbox\" name=\"grants\" value=\"{0}\"{ticked}> {0}</label><br>",
                grant.short()
            )
        })
        .collect();
    let operators: Vec<String> =
        state.operators.keys().map(|o| format!("<option>{}</option>", escape(o))).collect();
    let body = format!(
        "<p>The sandbox's own registration desk. It is not Pega's Dev Studio. \
         JSON with the same names can be posted to <code>/sandbox/dev-studio/clients</code>.</p>\n\
         <table><tr><th>Name</th><th>Client ID</th><th>Type</th><th>Grants</th><th>Operator</th></tr>\n{rows}</table>\n\
         <form method=\"post\" action=\"/sandbox/dev-studio/clients\">\n\
         <p><label>Name <input name=\"name\"></label>\n\
         <label>Type <select name=\"type\"><option>confidential</option><option>public</option></select></label></p>\n\
         <p>Grants<br>\n{grants}</p>\n\
         <p><label>Operator of client credentials <select name=\"operator\">{operators}</select></label></p>\n\
         <p><label>Redirect URIs, one a line<br><textarea name=\"redirect_uris\" rows=\"2\" cols=\"60\"></textarea></label><br>\n\
         Compared byte by byte. <code>http://127.0.0.1/callback</code>, without a port, takes any port: that is \
         this sandbox's choice, whether Pega does so is not known.</p>\n\
         <p><label><input type=\"checkbox\" name=\"pkce\"> Enable proof key for code exchange</label></p>\n\
         <p><label>Refresh token <select name=\"refresh_mode\"><option value=\"0\">none</option>\
         <option value=\"1\">1: issue once, keep until expiry</option>\
         <option value=\"2\">2: new token, expiry unchanged</option>\
         <option value=\"3\">3: new token, expiry reset</option></select></label></p>\n\
         <p><label>Access token lifetime (seconds) <input name=\"access_lifetime\" value=\"{LIFETIME_S}\"></label>\n\
         <label>Refresh token lifetime (seconds) <input name=\"refresh_lifetime\" value=\"{REFRESH_LIFETIME_S}\"></label></p>\n\
         <p><label><input type=\"checkbox\" name=\"mapping\"> Identity mapping</label> (password and bearer grants need one)<br>\n\
         <label>Claim that names the operator <input name=\"mapping_claim\" value=\"sub\"></label><br>\n\
         <label>Issuer <input name=\"mapping_issuer\"></label> <label>Audience <input name=\"mapping_audience\"></label> \
         <label>Subject <input name=\"mapping_subject\"></label><br>\n\
         <label>Public keys of assertions: JWK, JWK Set or PEM<br><textarea name=\"mapping_keys\" rows=\"4\" cols=\"60\"></textarea></label></p>\n\
         <p><button>Register</button></p></form>\n\
         <p>SAML assertions are taken by what they say: the sandbox checks no XML signature. \
         Operators and their passwords: <a href=\"/sandbox/dev-studio/operators\">as JSON</a>, and on the login page. \
         What the endpoints did: <a href=\"/sandbox/log\">log</a>.</p>",
        grants = grants.join("\n"),
        operators = operators.concat()
    );
    answer::html(200, pages::page("Client registrations", &body))
}
