//! The authorization endpoint with its log-in and consent (RFC 6749 section 4.1.1, OpenID Connect Core
//! section 3.1.2). What cannot be trusted to go back to the client is told on a page instead.

use super::clients::{self, Client};
use super::kept::{Authentication, Code, Granted, Login, Session, random_text};
use super::mint::{ACR_PASSWORD, ACR_STRONG};
use super::params::Params;
use super::{grants, now, pages, request_object};
use crate::sandbox::answer::{self, Answer, With};
use crate::sandbox::call::Call;
use crate::sandbox::faults::{Fault, Leg};
use crate::sandbox::state::Shared;

/// Seconds somebody may take to log in, and a code lives.
const LOGIN_S: i64 = 600;
const CODE_S: i64 = 60;
const SESSION_S: i64 = 3600;
/// The one-time code of the stronger log-in; it is shown on the page.
pub(super) const ONE_TIME_CODE: &str = "246810";
const COOKIE: &str = "hallpass_rfc_session";

/// An authorization request that is in order.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) client: &'static Client,
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
    pub(super) scope: Vec<String>,
    pub(super) resource: Vec<String>,
    challenge: String,
    nonce: Option<String>,
    prompt: Vec<String>,
    max_age: Option<i64>,
    /// A log-in with a one-time code is asked for (`acr_values`).
    pub(super) strong: bool,
    dpop_jkt: Option<String>,
    pub(super) login_hint: Option<String>,
}

/// Why a request cannot be answered with a code.
pub(super) enum Refusal {
    /// Nobody to send back to: a page, with what is wrong.
    Page(&'static str, String),
    /// The client is told: `error` and `error_description`.
    Back(&'static str, String),
}

/// Client and redirect URI of a request. Without both nothing goes back.
pub(super) fn addressee(params: &Params) -> Result<(&'static Client, &str), Refusal> {
    let page = |text: &str| Refusal::Page("invalid_request", text.to_owned());
    if matches!(params.doubled(), Some("client_id" | "redirect_uri" | "request_uri" | "request")) {
        return Err(page("A parameter that says who asks is included more than once."));
    }
    let client = params.get("client_id").ok_or_else(|| page("client_id is missing."))?;
    let client = clients::find(client).ok_or_else(|| page("There is no such client."))?;
    let uri = params.get("redirect_uri").ok_or_else(|| page("redirect_uri is missing."))?;
    if !Client::may_return_to(uri) {
        return Err(page(
            "The redirect_uri is not registered. Registered are http://127.0.0.1:PORT/callback (any port; also [::1], \
             localhost, and the path /) and https://app.example.test/callback.",
        ));
    }
    Ok((client, uri))
}

/// The whole request, its parameters wherever they came from.
pub(super) fn read(shared: &Shared, params: &Params) -> Result<Ask, Refusal> {
    let (client, redirect_uri) = addressee(params)?;
    let back = |code, text: &str| Err(Refusal::Back(code, text.to_owned()));
    if let Some(name) = params.doubled() {
        let what = if name == "state" { "state" } else { "A parameter" };
        return back("invalid_request", &format!("{what} is included more than once."));
    }
    match params.get("response_type") {
        Some("code") => {}
        None => return back("invalid_request", "response_type is missing."),
        Some(_) => return back("unsupported_response_type", "Only response_type=code is offered."),
    }
    if params.get("response_mode").is_some_and(|mode| mode != "query") {
        return back("invalid_request", "Only response_mode=query is offered.");
    }
    let Some(challenge) = params.get("code_challenge") else {
        return back(
            "invalid_request",
            "PKCE is required: code_challenge is missing (RFC 9700 section 2.1.1).",
        );
    };
    if params.get("code_challenge_method") != Some("S256") {
        return back("invalid_request", "code_challenge_method must be S256.");
    }
    let base64url = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if challenge.len() != 43 || !challenge.bytes().all(base64url) {
        return back("invalid_request", "code_challenge is not the base64url of a SHA-256.");
    }
    let scope = grants::scope(params, true).map_err(|text| Refusal::Back("invalid_scope", text))?;
    let resource =
        grants::resources(shared, params).map_err(|text| Refusal::Back("invalid_target", text.to_owned()))?;
    let max_age = match params.get("max_age").map(str::parse::<u32>) {
        None => None,
        Some(Ok(seconds)) => Some(i64::from(seconds)),
        Some(Err(_)) => return back("invalid_request", "max_age is not a number of seconds."),
    };
    let prompt: Vec<String> =
        params.get("prompt").unwrap_or_default().split_ascii_whitespace().map(str::to_owned).collect();
    if prompt.iter().any(|p| !matches!(p.as_str(), "none" | "login" | "consent" | "select_account"))
        || (prompt.len() > 1 && prompt.iter().any(|p| p == "none"))
    {
        return back("invalid_request", "prompt is none, or some of login, consent and select_account.");
    }
    // The first value that is known counts (acr_values is in order of preference).
    let acr = params.get("acr_values").unwrap_or_default();
    let acr = acr.split(' ').find(|acr| matches!(*acr, ACR_PASSWORD | ACR_STRONG));
    let own = |name: &str| params.get(name).map(str::to_owned);
    Ok(Ask {
        client,
        redirect_uri: redirect_uri.to_owned(),
        state: own("state"),
        scope,
        resource,
        challenge: challenge.to_owned(),
        nonce: own("nonce"),
        prompt,
        max_age,
        strong: acr == Some(ACR_STRONG),
        dpop_jkt: own("dpop_jkt"),
        login_hint: own("login_hint"),
    })
}

/// A redirect to the client with these parameters, `state` and `iss` (RFC 9207).
fn back(shared: &Shared, redirect_uri: &str, state: Option<&str>, params: &[(&str, &str)]) -> Answer {
    let Ok(mut url) = url::Url::parse(redirect_uri) else {
        return pages::refused("invalid_request", "The redirect_uri is no URL.");
    };
    let iss = match shared.faults().has(Fault::RfcForeignIss) {
        true => "https://id-staging.example.test/rfc".to_owned(),
        false => shared.rfc.issuer(),
    };
    {
        let mut query = url.query_pairs_mut();
        for (name, value) in params {
            query.append_pair(name, value);
        }
        if let Some(state) = state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", &iss);
    }
    // 303: a password that was posted must not be posted on (RFC 9700 section 4.12).
    answer::redirect(303, url.as_str()).set("cache-control", "no-store").set("referrer-policy", "no-referrer")
}

fn refuse(shared: &Shared, params: &Params, refusal: Refusal) -> Answer {
    match refusal {
        Refusal::Page(code, text) => pages::refused(code, &text),
        Refusal::Back(code, text) => match addressee(params) {
            Ok((_, uri)) => {
                let state = params.get("state").filter(|_| params.doubled() != Some("state"));
                back(shared, uri, state, &[("error", code), ("error_description", &text)])
            }
            Err(_) => pages::refused(code, &text),
        },
    }
}

/// `GET` and `POST /rfc/authorize`.
pub(super) fn begin(shared: &Shared, call: &Call) -> Answer {
    let params = match call.verb() {
        "GET" => Params::parse(call.query.as_bytes()),
        _ => Params::parse(&call.body),
    };
    let now = now(shared);
    let params = match request_object::resolve(shared, &params, now) {
        Ok(params) => params,
        Err(refusal) => return refuse(shared, &params, refusal),
    };
    let ask = match read(shared, &params) {
        Ok(ask) => ask,
        Err(refusal) => return refuse(shared, &params, refusal),
    };
    let back = |code: &str, text: &str| {
        let params = [("error", code), ("error_description", text)];
        back(shared, &ask.redirect_uri, ask.state.as_deref(), &params)
    };
    if shared.faults().at(Leg::Token, Fault::LoginRequired) {
        return back("login_required", "Nobody is logged in.");
    }
    let asks = |word: &str| ask.prompt.iter().any(|p| p == word);
    let session = session(shared, call, now).filter(|s| {
        let fresh = ask.max_age.is_none_or(|age| now - s.authentication.time <= age);
        fresh && (s.authentication.strong || !ask.strong) && !asks("login") && !asks("select_account")
    });
    let consented = session.as_ref().is_some_and(|s| s.consents.contains(&consent_key(&ask)));
    match session {
        None if asks("none") => {
            back("login_required", "Nobody is logged in, and prompt=none forbids asking.")
        }
        Some(_) if asks("none") && !consented => {
            back("consent_required", "Nobody has consented, and prompt=none forbids asking.")
        }
        Some(session) if consented && !asks("consent") => {
            finish(shared, &ask, session.user, session.authentication, now)
        }
        session => {
            let user = session.map(|s| (s.user, s.authentication));
            let (ticket, known) = (random_text(), user.as_ref().map(|(name, _)| *name));
            let page = match known {
                Some(name) => pages::consent(&shared.rfc, &ticket, &ask, name),
                None => pages::login(&ticket, &ask, None),
            };
            shared.rfc.lock().logins.put(ticket, Login { ask, user, ends: now + LOGIN_S }, now);
            page
        }
    }
}

fn consent_key(ask: &Ask) -> String {
    let mut scope: Vec<&str> = ask.scope.iter().map(String::as_str).collect();
    scope.sort_unstable();
    format!("{} {} {}", ask.client.id, scope.join(" "), ask.resource.join(" "))
}

fn session_id(call: &Call) -> Option<&str> {
    let cookies = call.header("cookie")?;
    cookies
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(n, _)| *n == COOKIE)
        .map(|(_, v)| v)
}

fn session(shared: &Shared, call: &Call, now: i64) -> Option<Session> {
    shared.rfc.lock().sessions.get(session_id(call)?, now).cloned()
}

const GONE: &str = "This log-in is over, or it never began here. Start again from the application.";

/// `POST /rfc/login`: ticket, user name and password, and a one-time code where it is asked for.
pub(super) fn login(shared: &Shared, call: &Call) -> Answer {
    let form = Params::parse(&call.body);
    let now = now(shared);
    let ticket = form.get("ticket").unwrap_or_default().to_owned();
    let Some(ask) = shared.rfc.lock().logins.get(&ticket, now).map(|l| l.ask.clone()) else {
        return pages::refused("invalid_request", GONE);
    };
    let given = |name| form.get(name).unwrap_or_default();
    let Some(user) = clients::log_in(given("username"), given("password")) else {
        return pages::login(&ticket, &ask, Some("User name or password is wrong."));
    };
    if ask.strong && given("code") != ONE_TIME_CODE {
        return pages::login(&ticket, &ask, Some("The one-time code is wrong."));
    }
    let authentication = Authentication { time: now, strong: ask.strong };
    let id = random_text();
    {
        let mut state = shared.rfc.lock();
        if let Some(login) = state.logins.change(&ticket, now) {
            login.user = Some((user.name, authentication.clone()));
        }
        let session =
            Session { user: user.name, authentication, consents: Vec::new(), ends: now + SESSION_S };
        state.sessions.put(id.clone(), session, now);
    }
    pages::consent(&shared.rfc, &ticket, &ask, user.name)
        .with("set-cookie", &format!("{COOKIE}={id}; Path=/rfc; HttpOnly; SameSite=Lax"))
}

/// `POST /rfc/consent`: ticket and `decision=allow` or anything else.
pub(super) fn consent(shared: &Shared, call: &Call) -> Answer {
    let form = Params::parse(&call.body);
    let now = now(shared);
    let ticket = form.get("ticket").unwrap_or_default();
    let login = shared.rfc.lock().logins.take(ticket, now);
    let Some(Login { ask, user: Some((user, authentication)), .. }) = login else {
        return pages::refused("invalid_request", GONE);
    };
    if form.get("decision") != Some("allow") {
        let params = [("error", "access_denied"), ("error_description", "The user did not consent.")];
        return back(shared, &ask.redirect_uri, ask.state.as_deref(), &params);
    }
    if let Some(id) = session_id(call)
        && let Some(session) = shared.rfc.lock().sessions.change(id, now)
        && session.user == user
        && session.consents.len() < 64
    {
        session.consents.push(consent_key(&ask));
    }
    finish(shared, &ask, user, authentication, now)
}

/// The code, on its way to the client.
fn finish(
    shared: &Shared,
    ask: &Ask,
    user: &'static str,
    authentication: Authentication,
    now: i64,
) -> Answer {
    let code = random_text();
    let granted = Granted {
        client: ask.client.id,
        sub: user.to_owned(),
        scope: ask.scope.clone(),
        resource: ask.resource.clone(),
        authentication: Some(authentication),
        nonce: ask.nonce.clone(),
        act: None,
        family: random_text(),
    };
    let kept = Code {
        granted,
        redirect_uri: ask.redirect_uri.clone(),
        challenge: ask.challenge.clone(),
        dpop_jkt: ask.dpop_jkt.clone(),
        used: false,
        ends: now + CODE_S,
    };
    shared.rfc.lock().codes.put(code.clone(), kept, now);
    back(shared, &ask.redirect_uri, ask.state.as_deref(), &[("code", &code)])
}
