//! The grants that need nothing but the request: client credentials, code, refresh, password, JWT bearer.
//! And the two questions all grants share: which scope, and for which API.

use super::clients::{self, Client};
use super::error;
use super::jws::Jws;
use super::kept::{Authentication, Granted, random_text};
use super::params::Params;
use super::token::Ask;
use super::{client_auth, mint};
use crate::sandbox::answer::Answer;
use crate::sandbox::call::Call;
use crate::sandbox::state::Shared;

/// RFC 7523 section 2.1.
pub(super) const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// What the API understands.
pub(super) const API_SCOPES: [&str; 2] = ["orders.read", "orders.write"];
/// What only makes sense for a person.
pub(super) const USER_SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// The scope asked for; left out it is `orders.read` (RFC 6749 section 3.3). `person`: a person is behind it.
pub(super) fn scope(params: &Params, person: bool) -> Result<Vec<String>, String> {
    let Some(asked) = params.get("scope") else { return Ok(vec!["orders.read".into()]) };
    let mut scope: Vec<String> = Vec::new();
    for word in asked.split(' ').filter(|w| !w.is_empty()) {
        if !API_SCOPES.contains(&word) && !USER_SCOPES.contains(&word) {
            return Err("A requested scope is unknown.".into());
        }
        if !person && USER_SCOPES.contains(&word) {
            return Err(format!("The scope {word} is for people; no person is behind this grant."));
        }
        if !scope.iter().any(|s| s == word) {
            scope.push(word.to_owned());
        }
    }
    Ok(scope)
}

/// The resources asked for (RFC 8707 section 2); left out it is the orders API.
pub(super) fn resources(shared: &Shared, params: &Params) -> Result<Vec<String>, &'static str> {
    let known = [shared.rfc.api(), shared.rfc.url("reports")];
    let mut all: Vec<String> = Vec::new();
    for asked in params.all("resource") {
        if !known.iter().any(|k| k == asked) {
            return Err("The requested resource is not known here.");
        }
        if !all.iter().any(|r| r == asked) {
            all.push(asked.to_owned());
        }
    }
    if all.is_empty() {
        all.push(shared.rfc.api());
    }
    Ok(all)
}

fn invalid_grant(text: &str) -> Answer {
    error(400, "invalid_grant", text)
}

impl Ask<'_> {
    fn asked_scope(&self, person: bool) -> Result<Vec<String>, Answer> {
        scope(self.form, person).map_err(|text| error(400, "invalid_scope", &text))
    }

    pub(super) fn asked_resources(&self) -> Result<Vec<String>, Answer> {
        resources(self.shared, self.form).map_err(|text| error(400, "invalid_target", text))
    }

    /// A new grant to this client.
    pub(super) fn granted(
        &self,
        sub: &str,
        scope: Vec<String>,
        resource: Vec<String>,
        authentication: Option<Authentication>,
    ) -> Granted {
        Granted {
            client: self.client.id,
            sub: sub.to_owned(),
            scope,
            resource,
            authentication,
            nonce: None,
            act: None,
            family: random_text(),
        }
    }

    /// Narrows what was granted to what this request asks for; more than was granted is refused.
    fn narrow(&self, granted: &mut Granted) -> Result<(), Answer> {
        if self.form.get("scope").is_some() {
            let wanted = self.asked_scope(true)?;
            if wanted.iter().any(|s| !granted.has_scope(s)) {
                return Err(error(400, "invalid_scope", "More scope is asked for than was granted."));
            }
            granted.scope = wanted;
        }
        if self.form.get("resource").is_some() {
            let wanted = self.asked_resources()?;
            if wanted.iter().any(|r| !granted.resource.contains(r)) {
                return Err(error(400, "invalid_target", "The resource was not part of the grant."));
            }
            granted.resource = wanted;
        }
        Ok(())
    }
}

/// RFC 6749 section 4.4: confidential clients only.
pub(super) async fn client_credentials(ask: &Ask<'_>) -> Result<Answer, Answer> {
    if ask.client.is_public() {
        let text =
            "A public client has no credentials, so no client credentials grant (RFC 6749 section 4.4).";
        return Err(error(400, "unauthorized_client", text));
    }
    let granted = ask.granted(ask.client.id, ask.asked_scope(false)?, ask.asked_resources()?, None);
    ask.issue(&granted).await
}

/// RFC 6749 section 4.1.3 with RFC 7636 section 4.6. A code that comes twice ends all that came of it.
pub(super) async fn authorization_code(ask: &Ask<'_>) -> Result<Answer, Answer> {
    let (code, now) = (ask.need("code")?, ask.now);
    let kept = ask.shared.rfc.lock().codes.get(code, now).cloned();
    let kept = kept.ok_or_else(|| invalid_grant("The code is unknown or has expired."))?;
    if kept.granted.client != ask.client.id {
        return Err(invalid_grant("The code was issued to another client."));
    }
    if kept.used {
        ask.shared.rfc.lock().end_family(&kept.granted.family, now);
        return Err(invalid_grant("The code was used before; the tokens it brought are revoked."));
    }
    if ask.form.get("redirect_uri") != Some(kept.redirect_uri.as_str()) {
        return Err(invalid_grant("redirect_uri is not the one of the authorization request."));
    }
    let verifier = ask.need("code_verifier")?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(plain) {
        return Err(invalid_grant(
            "code_verifier is 43 to 128 unreserved characters (RFC 7636 section 4.1).",
        ));
    }
    if !clients::same(&kept.challenge, &mint::challenge_of(verifier)) {
        return Err(invalid_grant("code_verifier does not fit the code_challenge."));
    }
    if kept.dpop_jkt.is_some() && kept.dpop_jkt != ask.binding.jkt {
        return Err(invalid_grant("The code is bound to another DPoP key (dpop_jkt)."));
    }
    let (mut granted, whole) = (kept.granted.clone(), kept.granted);
    ask.narrow(&mut granted)?;
    // Between the look and here nothing waited, but another request may have come in on another thread.
    match ask.shared.rfc.lock().codes.change(code, now) {
        Some(code) if !code.used => code.used = true,
        _ => return Err(invalid_grant("The code was used before.")),
    }
    ask.issue_part(&granted, &whole, None).await
}

/// RFC 6749 section 6, with a new token each time (RFC 9700 section 4.14.2): one that comes twice ends the family.
pub(super) async fn refresh(ask: &Ask<'_>) -> Result<Answer, Answer> {
    let (token, now) = (ask.need("refresh_token")?, ask.now);
    let kept = ask.shared.rfc.lock().refresh.get(token, now).cloned();
    let kept = kept.ok_or_else(|| invalid_grant("The refresh token is unknown, revoked or has expired."))?;
    if kept.granted.client != ask.client.id {
        return Err(invalid_grant("The refresh token was issued to another client."));
    }
    if kept.jkt.is_some() && kept.jkt != ask.binding.jkt {
        return Err(invalid_grant("The refresh token is bound to another DPoP key."));
    }
    let reused = |state: &mut super::kept::Kept| {
        state.end_family(&kept.granted.family, now);
        invalid_grant("The refresh token was used before; every token of this log-in is revoked.")
    };
    if kept.used {
        return Err(reused(&mut ask.shared.rfc.lock()));
    }
    let mut whole = kept.granted.clone();
    // An ID token of a refresh does not repeat the nonce of a request that is long over.
    whole.nonce = None;
    let mut granted = whole.clone();
    ask.narrow(&mut granted)?;
    {
        let mut state = ask.shared.rfc.lock();
        match state.refresh.change(token, now) {
            Some(kept) if !kept.used => kept.used = true,
            _ => return Err(reused(&mut state)),
        }
    }
    ask.issue_part(&granted, &whole, None).await
}

/// RFC 6749 section 4.3, for one old client.
pub(super) async fn password(ask: &Ask<'_>) -> Result<Answer, Answer> {
    if !ask.client.password {
        let text = "The password grant must not be used (RFC 9700 section 2.4); here only rfc-legacy may.";
        return Err(error(400, "unauthorized_client", text));
    }
    let (name, given) = (ask.need("username")?, ask.need("password")?);
    let user =
        clients::log_in(name, given).ok_or_else(|| invalid_grant("User name or password is wrong."))?;
    let authentication = Authentication { time: ask.now, strong: false };
    let granted =
        ask.granted(user.name, ask.asked_scope(true)?, ask.asked_resources()?, Some(authentication));
    ask.issue(&granted).await
}

/// The client of a JWT bearer request that brings nothing but the assertion: its issuer
/// (RFC 7521 section 4.1: client authentication is optional).
pub(super) fn assertion_issuer(form: &Params, call: &Call) -> Option<&'static Client> {
    let alone = form.get("grant_type") == Some(JWT_BEARER)
        && ["client_id", "client_secret", "client_assertion"].iter().all(|name| form.get(name).is_none())
        && !call.headers.contains_key("authorization");
    if !alone {
        return None;
    }
    clients::find(Jws::read(form.get("assertion")?)?.text("iss")?)
}

/// RFC 7523: a client with a registered key or secret speaks for one of the users.
pub(super) async fn jwt_bearer(ask: &Ask<'_>) -> Result<Answer, Answer> {
    let assertion = ask.need("assertion")?;
    let jws = Jws::read(assertion).ok_or_else(|| invalid_grant("The assertion is not a JWT."))?;
    let issuer = jws.text("iss").ok_or_else(|| invalid_grant("The assertion has no iss."))?;
    let issuer =
        clients::find(issuer).filter(|c| !c.keys(&ask.shared.rfc).keys.is_empty()).ok_or_else(|| {
            invalid_grant("The issuer is not trusted; trusted are rfc-key-jwt and rfc-secret-jwt.")
        })?;
    client_auth::check_assertion(ask.shared, issuer, assertion, &jws, ask.now)
        .map_err(|text| invalid_grant(&text))?;
    let sub = jws.text("sub").ok_or_else(|| invalid_grant("The assertion has no sub."))?;
    let user = clients::user(sub).ok_or_else(|| invalid_grant("There is no user of that name (sub)."))?;
    let (scope, resource) = (ask.asked_scope(true)?, ask.asked_resources()?);
    client_auth::once(ask.shared, issuer, &jws, ask.now).map_err(|text| invalid_grant(&text))?;
    // Nobody logged in here, so there is neither an ID token nor a refresh token.
    ask.issue(&ask.granted(user.name, scope, resource, None)).await
}
