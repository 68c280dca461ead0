//! The grants of the token endpoint: what each asks for, and whom the token will speak for.
//! Assertions have a file of their own.

use super::assertion_grants::{jwt_bearer, saml2_bearer};
use super::clients::{Client, Ticked};
use super::faults::{Fault, Leg};
use super::logins::{Dead, Refresh};
use super::state::{Shared, State, random_hex};
use super::token_route::{Form, MISSING, NO_GRANT};
use super::tokens::LoginFacts;
use aws_lc_rs::{constant_time, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

/// What a grant came to.
#[derive(Debug, Default)]
pub(super) struct Granted {
    /// Whom the token speaks for.
    pub(super) operator: String,
    /// Names the login the token comes of.
    pub(super) family: String,
    pub(super) refresh: Option<String>,
    pub(super) session_index: Option<String>,
    /// Set when an ID token is due.
    pub(super) id_token: Option<LoginFacts>,
    /// Something the sandbox wants its user to know.
    pub(super) note: Option<&'static str>,
}

/// A refusal of the token endpoint.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: &'static str,
    /// For the answer.
    pub(super) text: &'static str,
    /// For the log; says more.
    pub(super) logged: String,
}

/// A refusal whose log line is its text.
pub(super) fn refuse(status: u16, code: &'static str, text: &'static str) -> Refusal {
    Refusal { status, code, text, logged: text.to_owned() }
}

/// `invalid_grant` with status 400, the commonest one.
pub(super) fn invalid(text: &'static str) -> Refusal {
    refuse(400, "invalid_grant", text)
}

fn required<'a>(form: &'a Form, name: &str) -> Result<&'a str, Refusal> {
    form.get(name).ok_or_else(|| refuse(400, "invalid_request", MISSING))
}

/// Whom the request gets a token for. The operator is not looked at yet: that is the same for all.
pub(super) fn grant(
    shared: &Shared,
    client: &Client,
    name: &str,
    form: &Form,
    now: Timestamp,
) -> Result<Granted, Refusal> {
    let on = |fault| shared.faults().at(Leg::Token, fault);
    const NOT_TICKED: &str = "The client is not authorized to request an access token using this grant type.";
    let not_ticked = || refuse(400, "unauthorized_client", NOT_TICKED);
    if name == "refresh_token" {
        if client.refresh.is_none() || on(Fault::GrantNotAllowed) {
            return Err(not_ticked());
        }
        return refresh(shared, client, form, now);
    }
    let ticked = Ticked::ALL.into_iter().find(|g| g.wire() == name);
    // `CustomAuthForPegaEmbed` = false: then the grant is not known at all.
    let ticked =
        ticked.filter(|g| *g != Ticked::CustomBearer || !shared.faults().has(Fault::CustomBearerOff));
    let Some(ticked) = ticked else { return Err(refuse(400, "unsupported_grant_type", NO_GRANT)) };
    if !client.may(ticked) || on(Fault::GrantNotAllowed) {
        return Err(not_ticked());
    }
    let mut granted = match ticked {
        Ticked::ClientCredentials => {
            Granted { operator: client.operator.clone(), family: random_hex(), ..Granted::default() }
        }
        Ticked::AuthorizationCode => return code(shared, client, form, now),
        Ticked::Password => speaking_for(password(shared, client, form)?),
        Ticked::JwtBearer => speaking_for(jwt_bearer(shared, client, form, now)?),
        Ticked::Saml2Bearer => Granted {
            note: Some("the signature of the SAML assertion was not checked"),
            ..speaking_for(saml2_bearer(shared, client, form, now)?)
        },
        Ticked::CustomBearer => speaking_for(custom_bearer(shared, form)?),
    };
    if form.get("enable_psyncId") == Some("true") {
        granted.session_index = Some(session_index(shared, form, &granted.operator)?);
    }
    // RFC 6749 section 4.4.3: client credentials get no refresh token. A token that will be refused
    // for its operator's sake must not leave one either.
    let mut state = shared.lock();
    if ticked != Ticked::ClientCredentials && state.operator_trouble(&granted.operator).is_none() {
        let scope = form.get("scope").unwrap_or_default();
        let Granted { operator, family, .. } = &granted;
        granted.refresh = state.logins.first_refresh(client, operator, family, scope, now);
    }
    Ok(granted)
}

fn speaking_for(operator: String) -> Granted {
    Granted { operator, family: random_hex(), ..Granted::default() }
}

/// The `session_index` sent, if it is one of the operator's; a fresh one if none was.
fn session_index(shared: &Shared, form: &Form, operator: &str) -> Result<String, Refusal> {
    let mut state = shared.lock();
    let Some(sent) = form.get("session_index") else { return Ok(state.logins.new_index(operator)) };
    let stale = shared.faults().at(Leg::Token, Fault::StaleSession);
    match state.logins.index_of(sent) == Some(operator) && !stale {
        true => Ok(sent.to_owned()),
        false => Err(refuse(400, "invalid_session_index", "The session index is not valid.")),
    }
}

/// RFC 6749 section 4.1.3 and RFC 7636 section 4.6.
fn code(shared: &Shared, client: &Client, form: &Form, now: Timestamp) -> Result<Granted, Refusal> {
    let on = |fault| shared.faults().at(Leg::Token, fault);
    let text = required(form, "code")?;
    let mut state = shared.lock();
    if on(Fault::CodeRefused) {
        return Err(invalid("The authorization code is invalid, expired or used already."));
    }
    let code = match state.logins.redeem(text, &client.id, now) {
        Ok(code) => code,
        Err(dead) => return Err(dead_one(&mut state, dead, 400, "The authorization code was used before.")),
    };
    let redirect = form.get("redirect_uri");
    if redirect.is_none() && code.asked.named_redirect
        || redirect.is_some_and(|uri| uri != code.asked.redirect_uri)
    {
        return Err(invalid("The redirect URI is not the one of the authorization request."));
    }
    let verified = match (&code.asked.challenge, form.get("code_verifier")) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => s256(verifier) == *challenge,
        // A verifier without a challenge: the challenge was stripped on its way (RFC 9700 section 2.1.1).
        _ => false,
    };
    if !verified || on(Fault::PkceMismatch) {
        return Err(invalid("The code verifier does not fit the code challenge."));
    }
    let scopes = || code.asked.scope.split(' ');
    let refresh = state.logins.first_refresh(client, &code.operator, &code.family, &code.asked.scope, now);
    Ok(Granted {
        id_token: scopes().any(|s| s == "openid").then(|| LoginFacts {
            nonce: code.asked.nonce.clone(),
            at: code.login_at,
            scope: code.asked.scope.clone(),
        }),
        session_index: code.asked.psync.then_some(code.session_index),
        operator: code.operator,
        family: code.family,
        refresh,
        note: None,
    })
}

/// The challenge of a verifier.
fn s256(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}

/// What a dead code or refresh token is answered with; one used twice ends its whole family.
fn dead_one(state: &mut State, dead: Dead, status: u16, reused: &'static str) -> Refusal {
    match dead {
        Dead::Gone(text) => refuse(status, "invalid_grant", text),
        Dead::Reused(family) => {
            state.revoke_family(&family);
            Refusal {
                status,
                code: "invalid_grant",
                text: reused,
                logged: format!("{reused} Every token of that login is revoked."),
            }
        }
    }
}

/// RFC 6749 section 6; dead ones get 401, as Pega's own client expects.
fn refresh(shared: &Shared, client: &Client, form: &Form, now: Timestamp) -> Result<Granted, Refusal> {
    let text = required(form, "refresh_token")?;
    let mut state = shared.lock();
    if shared.faults().at(Leg::Token, Fault::RefreshDead) {
        return Err(refuse(401, "invalid_grant", "The refresh token is expired or revoked."));
    }
    let (next, Refresh { operator, family, .. }) = match state.logins.renew(text, client, now) {
        Ok(renewed) => renewed,
        Err(dead) => return Err(dead_one(&mut state, dead, 401, "The refresh token was used before.")),
    };
    Ok(Granted { operator, family, refresh: Some(next), ..Granted::default() })
}

/// RFC 6749 section 4.3; Pega wants an identity mapping besides.
fn password(shared: &Shared, client: &Client, form: &Form) -> Result<String, Refusal> {
    let on = |fault| shared.faults().at(Leg::Token, fault);
    let (user, password) = (required(form, "username")?, required(form, "password")?);
    if client.mapping.is_none() || on(Fault::NoIdentityMapping) {
        let text = "No identity mapping is configured for the client registration.";
        let logged = "IdentityMapper: the client registration names no identity mapping";
        return Err(Refusal { logged: logged.to_owned(), ..invalid(text) });
    }
    if !shared.lock().is_password(user, password) || on(Fault::UserRefused) {
        return Err(invalid("The user name or the password is not right."));
    }
    Ok(user.to_owned())
}

/// Pega's own grant: an authentication activity picks the operator by parameters of its own.
fn custom_bearer(shared: &Shared, form: &Form) -> Result<String, Refusal> {
    let user = required(form, "userIdentifier")?;
    known(shared, user, "CustomIdentityMapper")
}

/// The operator, if there is one; else the refusal that sends people to Pega's log.
pub(super) fn known(shared: &Shared, operator: &str, mapper: &str) -> Result<String, Refusal> {
    const TEXT: &str = "No operator is associated with the token";
    let unmapped = shared.faults().at(Leg::Token, Fault::OperatorNotMapped);
    if !unmapped && shared.lock().operators.contains_key(operator) {
        return Ok(operator.to_owned());
    }
    Err(Refusal { logged: format!("{mapper}: {TEXT}"), ..refuse(401, "invalid_grant", TEXT) })
}

impl State {
    /// True when this is the operator's password; takes as long when there is no such operator.
    pub(super) fn is_password(&self, operator: &str, password: &str) -> bool {
        let known = self.operators.get(operator);
        let right = known.map_or("", |o| o.password.expose());
        let same = constant_time::verify_slices_are_equal(right.as_bytes(), password.as_bytes()).is_ok();
        same && known.is_some() && !password.is_empty()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_challenge_is_that_of_rfc_7636_appendix_b() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(super::s256(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
