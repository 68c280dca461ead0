//! The authorization endpoint (RFC 6749 section 4.1, RFC 7636) and its login page. Errors go back to
//! the client only when its redirect URI is registered; all others are shown on a page. `iss`
//! (RFC 9207) is not sent, as Pega is not known to send it.
//!
//! To log in without a browser: GET the page, take the hidden fields `login` and `csrf` from it, and
//! POST them with `UserIdentifier` and `Password` to the same path. The answer is 303 with the code in
//! its Location. No cookie is needed.

use super::answer::{self, Answer, With};
use super::call::Call;
use super::clients::{Client, Ticked};
use super::clock;
use super::faults::{Fault, Leg};
use super::logins::{Asked, Session};
use super::pages::{self, escape};
use super::state::{ALIAS, Shared};
use jiff::Timestamp;

/// Keeps the browser logged in.
const COOKIE: &str = "SANDBOXSESSION";
/// The one authentication service there is; Pega's default alias.
const SERVICE: &str = "pega";

/// Parameters of a request, from the query or a form.
struct Params(Vec<(String, String)>);

impl Params {
    fn read(call: &Call) -> Params {
        let text = if call.verb() == "POST" { &call.body[..] } else { call.query.as_bytes() };
        Params(url::form_urlencoded::parse(text).into_owned().collect())
    }

    /// An empty parameter counts as left out (RFC 6749 section 3.1).
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str()).filter(|v| !v.is_empty())
    }

    fn owned(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// A name that is there twice.
    fn repeated(&self) -> bool {
        let mut names: Vec<&str> =
            self.0.iter().map(|(n, _)| n.as_str()).filter(|n| *n != "resource").collect();
        names.sort_unstable();
        names.windows(2).any(|pair| pair[0] == pair[1])
    }
}

/// The answer to `…/authorize`.
pub(super) fn answer(shared: &Shared, call: &Call) -> Answer {
    if let Some(refusal) = stranger(shared, call) {
        return refusal;
    }
    let params = Params::read(call);
    let now = clock::now(&shared.faults());
    if call.verb() == "POST" && params.get("login").is_some() {
        return log_in(shared, call, &params, now);
    }
    ask(shared, call, &params, now)
}

/// A foreign Host is DNS rebinding; a form that is sent from any other origin is a forgery.
fn stranger(shared: &Shared, call: &Call) -> Option<Answer> {
    if let Some(refusal) = super::dev_studio::stranger(call) {
        return Some(refusal);
    }
    let origin = call.header("origin")?;
    let port = shared.address.port();
    let own = [shared.public.clone(), format!("http://localhost:{port}"), format!("http://127.0.0.1:{port}")];
    (call.verb() == "POST" && !own.iter().any(|o| o == origin))
        .then(|| error_page(403, "This form was sent from another site."))
}

fn error_page(status: u16, text: &str) -> Answer {
    guarded(answer::html(status, pages::plain("The login cannot go on", text)))
}

/// No framing, no caching, nothing loaded from anywhere.
fn guarded(answer: Answer) -> Answer {
    answer.set("cache-control", "no-store").with("x-frame-options", "DENY").with(
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    )
}

/// Back to the client, which registered this address.
fn back(asked: &Asked, status: u16, more: &[(&str, &str)]) -> Answer {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in more {
        query.append_pair(name, value);
    }
    if let Some(state) = &asked.state {
        query.append_pair("state", state);
    }
    let mark = if asked.redirect_uri.contains('?') { '&' } else { '?' };
    let location = format!("{}{mark}{}", asked.redirect_uri, query.finish());
    answer::redirect(status, &location)
        .set("cache-control", "no-store")
        .with("referrer-policy", "no-referrer")
}

fn refused(asked: &Asked, code: &str, text: &str) -> Answer {
    back(asked, 302, &[("error", code), ("error_description", text)])
}

/// A new authorization request: back with an error, back with a code, or the login page.
fn ask(shared: &Shared, call: &Call, params: &Params, now: Timestamp) -> Answer {
    let on = |fault| shared.faults().at(Leg::Token, fault);
    let (client, asked) = match whom(shared, params) {
        Ok(known) => known,
        Err(page) => return page,
    };
    let log = |event: &str, operator: &str, text: &str| {
        shared.lock().log.add(now, event, &client.id, operator, text);
    };
    if let Err((code, text)) = in_order(&client, params) {
        log("refused", "", text);
        return refused(&asked, code, text);
    }
    let index = params.get("session_index");
    let stale = |operator: Option<&str>| {
        index.is_some_and(|i| {
            on(Fault::StaleSession) || {
                let state = shared.lock();
                let of = state.logins.index_of(i);
                of.is_none() || operator.is_some_and(|o| of != Some(o))
            }
        })
    };
    let session = cookie(call).and_then(|c| shared.lock().logins.session(c, now).cloned());
    let session = session.filter(|s| shared.lock().operator_trouble(&s.operator).is_none());
    if stale(session.as_ref().map(|s| s.operator.as_str())) {
        log("refused", "", "invalid_session_index");
        return refused(&asked, "invalid_session_index", "The session index is not valid.");
    }
    let prompt = |word: &str| params.get("prompt").is_some_and(|p| p.split(' ').any(|w| w == word));
    if on(Fault::LoginRequired) {
        return refused(&asked, "login_required", "The user has to log in.");
    }
    if let Some(session) = session.filter(|_| !prompt("login")) {
        return with_code(shared, asked, &session, 302, now);
    }
    if prompt("none") {
        return refused(&asked, "login_required", "The user has to log in.");
    }
    let (user, password) = (params.get("UserIdentifier"), params.get("Password"));
    if let (Some(user), Some(password)) = (user, password) {
        // Pega's own client can send them along; so can a test.
        return match enter(shared, &asked, user, password, now) {
            Ok(answer) => answer,
            Err(trouble) => page(shared, call, asked, Some(user), Some(trouble), now),
        };
    }
    page(shared, call, asked, user.or(params.get("login_hint")), None, now)
}

/// The client and where to answer it. As long as these are not certain, nothing is redirected.
fn whom(shared: &Shared, params: &Params) -> Result<(Client, Asked), Answer> {
    if params.repeated() {
        return Err(error_page(400, "A parameter is included more than once."));
    }
    let id = params.get("client_id").ok_or_else(|| error_page(400, "The parameter client_id is missing."))?;
    let client = shared.lock().clients.get(id).cloned();
    let client = client.ok_or_else(|| error_page(400, "No client registration has this client_id."))?;
    let sent = params.get("redirect_uri");
    let uri = match (sent, &client.redirect_uris[..]) {
        (Some(sent), _) => sent.to_owned(),
        (None, [only]) => only.clone(),
        (None, _) => return Err(error_page(400, "The parameter redirect_uri is missing.")),
    };
    if !client.takes_redirect(&uri) || shared.faults().at(Leg::Token, Fault::RedirectUri) {
        let text = "invalid_request: the redirect_uri is not in the list of redirect URIs of the client registration.";
        return Err(error_page(400, text));
    }
    let asked = Asked {
        client: client.id.clone(),
        redirect_uri: uri,
        named_redirect: sent.is_some(),
        state: params.owned("state"),
        scope: params.owned("scope").unwrap_or_default(),
        challenge: params.owned("code_challenge"),
        nonce: params.owned("nonce"),
        psync: params.get("enable_psyncId") == Some("true"),
        no_cookie: params.get("cookies") == Some("none"),
    };
    Ok((client, asked))
}

/// What else can be wrong with a request, as error code and words.
fn in_order(client: &Client, params: &Params) -> Result<(), (&'static str, &'static str)> {
    let wrong = |text| Err(("invalid_request", text));
    match params.get("response_type") {
        Some("code") => {}
        Some(_) => return Err(("unsupported_response_type", "Only the response type code is supported.")),
        None => return wrong("The parameter response_type is missing."),
    }
    if !client.may(Ticked::AuthorizationCode) {
        let text = "The client registration allows no authorization code grant.";
        return Err(("unauthorized_client", text));
    }
    match (params.get("code_challenge"), params.get("code_challenge_method")) {
        (Some(_), method) if method != Some("S256") => {
            return wrong("The code challenge method must be S256.");
        }
        // A SHA-256 digest in base64url.
        (Some(c), _)
            if c.len() != 43 || !c.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)) =>
        {
            return wrong("The code challenge is not a SHA-256 digest in base64url.");
        }
        (None, _) if client.pkce || client.public => return wrong("A code challenge is required (PKCE)."),
        _ => {}
    }
    if params.get("request").is_some() || params.get("request_uri").is_some() {
        return Err(("request_not_supported", "Request objects are not supported."));
    }
    if params.get("authentication_service").is_some_and(|s| s != SERVICE) {
        return wrong("No authentication service has this alias; there is only pega.");
    }
    let aliases =
        || params.get("scope").unwrap_or_default().split(' ').filter_map(|s| s.strip_prefix("app.alias."));
    if aliases().any(|a| a != ALIAS) {
        return Err(("invalid_scope", "No application has this alias."));
    }
    Ok(())
}

fn cookie(call: &Call) -> Option<&str> {
    let pairs =
        call.headers.get_all("cookie").iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(';'));
    pairs.filter_map(|pair| pair.trim().split_once('=')).find(|(name, _)| *name == COOKIE).map(|(_, v)| v)
}

fn with_code(shared: &Shared, asked: Asked, session: &Session, status: u16, now: Timestamp) -> Answer {
    let code = {
        let mut state = shared.lock();
        state.log.add(now, "code", &asked.client, &session.operator, "an authorization code was issued");
        state.logins.code(asked.clone(), session, now)
    };
    back(&asked, status, &[("code", &code)])
}

/// Logs somebody in, or says why not.
fn enter(
    shared: &Shared,
    asked: &Asked,
    user: &str,
    password: &str,
    now: Timestamp,
) -> Result<Answer, &'static str> {
    let (cookie, session) = {
        let mut state = shared.lock();
        let right = state.is_password(user, password);
        let trouble = state.operator_trouble(user).filter(|_| right);
        if !right || trouble.is_some() {
            let text = trouble.unwrap_or("The operator or the password is not right.");
            state.log.add(now, "login failed", &asked.client, user, text);
            return Err(text);
        }
        state.log.add(now, "login", &asked.client, user, "logged in");
        state.logins.log_in(user, now)
    };
    // 303: a form must not be sent on to the client (RFC 9700 section 4.12).
    let answer = with_code(shared, asked.clone(), &session, 303, now);
    Ok(match asked.no_cookie {
        true => answer,
        false => {
            answer.with("set-cookie", &format!("{COOKIE}={cookie}; Path=/prweb; HttpOnly; SameSite=Lax"))
        }
    })
}

/// The form of the login page came back.
fn log_in(shared: &Shared, call: &Call, params: &Params, now: Timestamp) -> Answer {
    let text = |name| params.get(name).unwrap_or_default();
    let id = text("login");
    let pending = shared.lock().logins.pending(id, text("csrf"), now).cloned();
    let Some(pending) = pending else {
        return error_page(
            400,
            "This login page is not valid any more. Begin again in the program that opened it.",
        );
    };
    shared.lock().logins.settle(id);
    if params.get("cancel").is_some() {
        return back(
            &pending.asked,
            303,
            &[("error", "access_denied"), ("error_description", "The user cancelled the login.")],
        );
    }
    let user = text("UserIdentifier");
    match enter(shared, &pending.asked, user, text("Password"), now) {
        Ok(answer) => answer,
        Err(trouble) => page(shared, call, pending.asked, Some(user), Some(trouble), now),
    }
}

/// The page, with everybody who could log in: this is a sandbox.
fn page(
    shared: &Shared,
    call: &Call,
    asked: Asked,
    user: Option<&str>,
    trouble: Option<&str>,
    now: Timestamp,
) -> Answer {
    let mut state = shared.lock();
    let client = state.clients.get(&asked.client).map_or(String::new(), |c| c.name.clone());
    let (id, csrf) = state.logins.wait(asked, now);
    let mut rows = String::new();
    for (id, operator) in &state.operators {
        let trouble = state.operator_trouble(id).unwrap_or_default();
        rows.push_str(&format!(
            "<tr><td><code>{}</code></td><td><code>{}</code></td><td>{}</td><td>{}</td></tr>\n",
            escape(id),
            escape(operator.password.expose()),
            escape(operator.access_group.unwrap_or_default()),
            escape(trouble),
        ));
    }
    let body = format!(
        "<p>The client <b>{client}</b> asks you to log in.</p>\n{trouble}\
         <form method=\"post\" action=\"{action}\">\n\
         <input type=\"hidden\" name=\"login\" value=\"{id}\">\n\
         <input type=\"hidden\" name=\"csrf\" value=\"{csrf}\">\n\
         <p><label>Operator <input name=\"UserIdentifier\" value=\"{user}\" autocomplete=\"username\"></label></p>\n\
         <p><label>Password <input type=\"password\" name=\"Password\" autocomplete=\"current-password\"></label></p>\n\
         <p><button>Log in</button> <button name=\"cancel\" value=\"1\">Cancel</button></p>\n</form>\n\
         <p>This is the hallpass sandbox, not Pega. Its operators, made anew with each start:</p>\n\
         <table><tr><th>Operator</th><th>Password</th><th>Access group</th><th></th></tr>\n{rows}</table>",
        client = escape(&client),
        trouble = trouble.map_or(String::new(), |t| format!("<p role=\"alert\"><b>{}</b></p>\n", escape(t))),
        // Not the path as sent: with two slashes in front it would name a host.
        action = escape(&format!("/{}", call.segments.join("/"))),
        user = escape(user.unwrap_or_default()),
    );
    guarded(answer::html(200, pages::page("Log in", &body)))
}
