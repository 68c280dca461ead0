//! The API behind the generic server: orders that need a scope, transfers that need a stronger log-in.
//! Refusals are as RFC 6750 section 3, RFC 9449 section 7.1, RFC 9470 and RFC 9728 section 5.1 have them.

use super::client_auth::thumbprint;
use super::dpop::{self, ALGORITHMS, Trouble};
use super::jws::Jws;
use super::kept::Order;
use super::mint::{self, ACR_STRONG};
use crate::sandbox::answer::{self, Answer, With, wrong_method};
use crate::sandbox::call::Call;
use crate::sandbox::clock;
use crate::sandbox::faults::{Fault, Leg};
use crate::sandbox::state::Shared;
use serde_json::{Value as Json, json};

/// So many orders are kept; the oldest go.
const MOST: usize = 1000;

/// How the token was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Bearer,
    Dpop,
}

/// What a refusal says beside its scheme.
struct Refusal<'a> {
    status: u16,
    /// Empty: no token came (RFC 6750 section 3.1).
    error: &'a str,
    text: &'a str,
    /// Further parameters, ready to be quoted.
    more: &'a [(&'a str, &'a str)],
}

impl Refusal<'_> {
    /// The answer. Without a token both schemes are offered, else the one that was tried.
    fn answer(&self, shared: &Shared, scheme: Option<Scheme>) -> Answer {
        let mut params = vec![("realm", "orders".to_owned())];
        if !self.error.is_empty() {
            params.push(("error", self.error.to_owned()));
            params.push(("error_description", self.text.to_owned()));
        }
        params.extend(self.more.iter().map(|(n, v)| (*n, (*v).to_owned())));
        let metadata = format!("{}/.well-known/oauth-protected-resource/rfc/api", shared.rfc.origin);
        params.push(("resource_metadata", metadata));
        let list = |scheme: &str, params: &[(&str, String)]| {
            let params: Vec<String> = params.iter().map(|(n, v)| format!("{n}=\"{v}\"")).collect();
            format!("{scheme} {}", params.join(", "))
        };
        let code = if self.error.is_empty() { "unauthorized" } else { self.error };
        let mut answer = answer::json(self.status, &json!({ "error": code, "error_description": self.text }));
        if shared.faults().has(Fault::NoChallenge) {
            return answer;
        }
        if scheme != Some(Scheme::Dpop) {
            answer = answer.with("www-authenticate", &list("Bearer", &params));
        }
        if scheme != Some(Scheme::Bearer) {
            params.push(("algs", ALGORITHMS.join(" ")));
            answer = answer.with("www-authenticate", &list("DPoP", &params));
        }
        answer
    }
}

fn plain<'a>(status: u16, error: &'a str, text: &'a str) -> Refusal<'a> {
    Refusal { status, error, text, more: &[] }
}

/// The token of a request, with its binding proved.
pub(super) async fn token(shared: &Shared, call: &Call, now: i64) -> Result<(Jws, Scheme), Answer> {
    let mut values = call.headers.get_all("authorization").iter();
    let (value, second) = (values.next(), values.next());
    if second.is_some() {
        let refusal = plain(400, "invalid_request", "There is more than one Authorization header");
        return Err(refusal.answer(shared, Some(Scheme::Bearer)));
    }
    let missing = || plain(401, "", "An access token is required").answer(shared, None);
    let Some((scheme, token)) = value.and_then(|v| v.to_str().ok()).and_then(|v| v.split_once(' ')) else {
        return Err(missing());
    };
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Scheme::Bearer,
        "dpop" => Scheme::Dpop,
        _ => return Err(missing()),
    };
    let token = token.trim_start_matches(' ');
    let invalid = |text: &str| plain(401, "invalid_token", text).answer(shared, Some(scheme));
    let jws = mint::check_access(shared, token, now).await.map_err(invalid)?;
    let confirmed = |name: &str| {
        jws.claims.get("cnf").and_then(|cnf| cnf.get(name)).and_then(Json::as_str).map(str::to_owned)
    };
    match (scheme, confirmed("jkt")) {
        (Scheme::Bearer, None) => {}
        (Scheme::Bearer, Some(_)) => {
            let text = "The token is bound to a DPoP key; it is sent with the scheme DPoP and a proof";
            return Err(plain(401, "invalid_token", text).answer(shared, Some(Scheme::Dpop)));
        }
        (Scheme::Dpop, None) => return Err(invalid("The token is not bound to a DPoP key")),
        (Scheme::Dpop, Some(jkt)) => prove(shared, call, &jws, token, &jkt, now)?,
    }
    if let Some(bound) = confirmed("x5t#S256") {
        let shown = call.peer.certificate.as_deref().map(thumbprint);
        if shown.as_deref() != Some(bound.as_str()) {
            return Err(invalid("The token is bound to a client certificate that was not shown"));
        }
    }
    Ok((jws, scheme))
}

/// The proof of a bound token.
fn prove(shared: &Shared, call: &Call, jws: &Jws, token: &str, jkt: &str, now: i64) -> Result<(), Answer> {
    let strict = jws.text("client_id").and_then(super::clients::find).is_some_and(|c| c.dpop);
    let nonce = strict || shared.faults().at(Leg::Token, Fault::DpopNonce);
    let refuse = |error: &str, text: &str| {
        plain(401, error, text)
            .answer(shared, Some(Scheme::Dpop))
            .set("dpop-nonce", &shared.rfc.lock().nonce(now))
    };
    match dpop::check(shared, call, Some(token), nonce, now) {
        Ok(key) if key == jkt => Ok(()),
        Ok(_) => Err(refuse("invalid_token", "The proof is not by the key the token is bound to")),
        Err(Trouble::Nonce) => Err(refuse("use_dpop_nonce", "The API requires a nonce in the DPoP proof")),
        Err(Trouble::Bad(text)) => Err(refuse("invalid_dpop_proof", text)),
    }
}

/// The token of a request that is meant for this API and has the scope.
async fn admit(shared: &Shared, call: &Call, scope: &str, now: i64) -> Result<(Jws, Scheme), Answer> {
    let on = |fault| shared.faults().at(Leg::Resource, fault);
    if on(Fault::Bare401) || on(Fault::Metadata) {
        return Err(plain(401, "", "An access token is required").answer(shared, None));
    }
    let (jws, scheme) = token(shared, call, now).await?;
    if on(Fault::TokenRejected) || !jws.is_for(&[shared.rfc.api()]) {
        let text = match on(Fault::TokenRejected) {
            true => "The access token is invalid",
            false => "The token is meant for another resource (aud)",
        };
        return Err(plain(401, "invalid_token", text).answer(shared, Some(scheme)));
    }
    let has = jws.text("scope").is_some_and(|all| all.split(' ').any(|s| s == scope));
    if !has || on(Fault::InsufficientScope) {
        return Err(lacks_scope(shared, scheme, scope));
    }
    Ok((jws, scheme))
}

/// 403 that names the scope (RFC 6750 section 3.1).
pub(super) fn lacks_scope(shared: &Shared, scheme: Scheme, scope: &str) -> Answer {
    let (text, more) = ("The token lacks the scope", [("scope", scope)]);
    Refusal { status: 403, error: "insufficient_scope", text, more: &more }.answer(shared, Some(scheme))
}

/// RFC 9470 section 3: the log-in behind the token must have been a strong one.
fn strong(shared: &Shared, jws: &Jws, scheme: Scheme) -> Result<(), Answer> {
    if jws.text("acr") == Some(ACR_STRONG) && !shared.faults().at(Leg::Resource, Fault::StepUp) {
        return Ok(());
    }
    Err(Refusal {
        status: 401,
        error: "insufficient_user_authentication",
        text: "A log-in with a one-time code is required",
        more: &[("acr_values", ACR_STRONG)],
    }
    .answer(shared, Some(scheme)))
}

/// The answer for a path after `/rfc/api`.
pub(super) async fn answer(shared: &Shared, call: &Call, rest: &[&str]) -> Answer {
    let now = clock::resource_now(&shared.faults()).as_second();
    let answer = match route(shared, call, rest, now).await {
        Ok(answer) | Err(answer) => answer,
    };
    match dpop::is_there(call) {
        true => answer.set("dpop-nonce", &shared.rfc.lock().nonce(now)),
        false => answer,
    }
}

async fn route(shared: &Shared, call: &Call, rest: &[&str], now: i64) -> Result<Answer, Answer> {
    let missing = |text: &str| answer::json(404, &json!({ "error": "not_found", "error_description": text }));
    match (call.verb(), rest) {
        ("GET", ["orders"]) => {
            let (jws, scheme) = admit(shared, call, "orders.read", now).await?;
            if shared.faults().at(Leg::Resource, Fault::StepUp) {
                strong(shared, &jws, scheme)?;
            }
            let orders: Vec<Json> = shared.rfc.lock().orders.iter().map(shape).collect();
            Ok(answer::json(200, &json!({ "orders": orders })))
        }
        ("POST", ["orders"]) => {
            let (jws, _) = admit(shared, call, "orders.write", now).await?;
            Ok(create(shared, call, jws.text("sub").unwrap_or_default()))
        }
        ("GET", ["orders", id]) => {
            admit(shared, call, "orders.read", now).await?;
            let state = shared.rfc.lock();
            let found = id.parse::<u64>().ok().and_then(|id| state.orders.iter().find(|o| o.id == id));
            found.map(|o| answer::json(200, &shape(o))).ok_or_else(|| missing("There is no such order."))
        }
        ("GET" | "POST", ["transfers"]) => {
            let (jws, scheme) = admit(shared, call, "orders.read", now).await?;
            strong(shared, &jws, scheme)?;
            let body = json!({ "transfers": [], "by": jws.text("sub"), "acr": jws.text("acr") });
            Ok(answer::json(200, &body))
        }
        (_, ["orders"] | ["transfers"]) => Err(wrong_method("GET, POST")),
        (_, ["orders", _]) => Err(wrong_method("GET")),
        _ => Err(missing("There is nothing at this address of the API.")),
    }
}

fn shape(order: &Order) -> Json {
    json!({ "id": order.id, "item": order.item, "quantity": order.quantity, "by": order.by })
}

fn create(shared: &Shared, call: &Call, by: &str) -> Answer {
    let refuse = |status, text: &str| {
        answer::json(status, &json!({ "error": "invalid_order", "error_description": text }))
    };
    if !call.is_type("application/json") {
        return refuse(415, "The body must be application/json.");
    }
    let Ok(body) = serde_json::from_slice::<Json>(&call.body) else {
        return refuse(400, "The body is not JSON.");
    };
    let item = body["item"].as_str().filter(|item| (1..=200).contains(&item.len()));
    let Some(item) = item else { return refuse(422, "item must be a text of 1 to 200 bytes.") };
    let Some(quantity) = body["quantity"].as_u64().filter(|q| (1..=1000).contains(q)) else {
        return refuse(422, "quantity must be a number from 1 to 1000.");
    };
    let mut state = shared.rfc.lock();
    state.last_order += 1;
    let order = Order { id: state.last_order, item: item.to_owned(), quantity, by: by.to_owned() };
    let answer = answer::json(201, &shape(&order));
    if state.orders.len() >= MOST {
        state.orders.remove(0);
    }
    let location = format!("{}/orders/{}", shared.rfc.api(), order.id);
    state.orders.push(order);
    answer.with("location", &location)
}
