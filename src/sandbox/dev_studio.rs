//! Part A in small: register a client, fetch its credentials file once, regenerate its secret.
//! The paths are the sandbox's own, not Pega's.

use super::answer::{self, Answer, With, wrong_method};
use super::call::Call;
use super::pages::{self, escape};
use super::state::{DEFAULT_OPERATOR, Shared};
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
        ("POST", ["clients"]) => register(shared, call),
        ("GET", ["clients", id, "credentials"]) => credentials(shared, id),
        ("POST", ["clients", id, "regenerate-secret"]) => regenerate(shared, id),
        (_, []) => wrong_method("GET"),
        (_, ["clients"]) => wrong_method("POST"),
        (_, ["clients", _, "credentials"]) => wrong_method("GET"),
        (_, ["clients", _, "regenerate-secret"]) => wrong_method("POST"),
        _ => answer::html(404, pages::plain("404 Not Found", "There is nothing at this address.")),
    }
}

fn problem(status: u16, text: &str) -> Answer {
    answer::json(status, &json!({ "error": text }))
}

fn register(shared: &Shared, call: &Call) -> Answer {
    let mut name = None;
    let mut operator = None;
    if call.is_type("application/json") {
        let Ok(Json::Object(body)) = serde_json::from_slice(&call.body) else {
            return problem(400, "the body is not a JSON object");
        };
        name = body.get("name").and_then(Json::as_str).map(str::to_owned);
        operator = body.get("operator").and_then(Json::as_str).map(str::to_owned);
    } else {
        for (field, value) in url::form_urlencoded::parse(&call.body) {
            match field.as_ref() {
                "name" => name = Some(value.into_owned()),
                "operator" => operator = Some(value.into_owned()),
                _ => {}
            }
        }
    }
    let name = name.filter(|n| !n.trim().is_empty()).unwrap_or_else(|| "Client".to_owned());
    let operator = operator.filter(|o| !o.trim().is_empty()).unwrap_or_else(|| DEFAULT_OPERATOR.to_owned());
    let client = shared.lock().register(&name, &operator);
    answer::json(
        201,
        &json!({
            "client_id": client.id,
            "name": client.name,
            "operator": client.operator,
            "credentials": shared.credentials(&client),
            "credentials_path": format!("/sandbox/dev-studio/clients/{}/credentials", client.id),
            "note": "the sandbox's own interface, not Pega's",
        }),
    )
    .with("location", &format!("/sandbox/dev-studio/clients/{}/credentials", client.id))
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
        rows.push_str(&format!(
            "<tr><td>{}</td><td><code>{}</code></td><td>{}</td></tr>\n",
            escape(&client.name),
            escape(&client.id),
            escape(&client.operator)
        ));
    }
    let operators: Vec<String> =
        state.operators.keys().map(|o| format!("<code>{}</code>", escape(o))).collect();
    let body = format!(
        "<p>The sandbox's own registration desk. It is not Pega's Dev Studio.</p>\n\
         <table><tr><th>Name</th><th>Client ID</th><th>Operator</th></tr>\n{rows}</table>\n\
         <form method=\"post\" action=\"/sandbox/dev-studio/clients\">\n\
         <p><label>Name <input name=\"name\"></label> <label>Operator <input name=\"operator\" value=\"{DEFAULT_OPERATOR}\"></label> \
         <button>Register</button></p></form>\n<p>Operators: {}</p>",
        operators.join(", ")
    );
    answer::html(200, pages::page("Client registrations", &body))
}
