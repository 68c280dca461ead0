//! Access tokens: made at the token endpoint, taken or refused by the DX API.
//! The claim set is the sandbox's own guess at Pega's; only `sub` = operator is documented.

use super::clients::Client;
use super::clock;
use super::faults::{Fault, Leg};
use super::keys::{self, KeyTrouble};
use super::state::{Issued, Shared, random, random_hex};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json, json};

/// Why a token is refused: the words for `error_description`.
pub(super) type Refusal = &'static str;

/// What an ID token says beyond whom it is about (OpenID Connect Core section 2).
#[derive(Debug, Clone)]
pub(super) struct LoginFacts {
    pub(super) nonce: Option<String>,
    pub(super) at: Timestamp,
    /// The scopes that were granted; `email` and `profile` add claims.
    pub(super) scope: String,
}

/// Makes a token for a client and remembers it. `family` is the login it comes of.
pub(super) async fn issue(
    shared: &Shared,
    client: &Client,
    operator: &str,
    family: &str,
) -> Result<String, KeyTrouble> {
    let faults = &shared.faults();
    let now = clock::now(faults);
    let (mut issued, mut expires) = (now, now + SignedDuration::from_secs(client.lifetime_s));
    if faults.has(Fault::ExpiredToken) {
        issued -= SignedDuration::from_secs(client.lifetime_s + 300);
        expires = now - SignedDuration::from_secs(300);
    }
    let record = Issued {
        client: client.id.clone(),
        operator: operator.to_owned(),
        issued,
        expires,
        family: family.to_owned(),
    };

    if faults.has(Fault::OpaqueToken) || faults.has(Fault::LegacyToken) {
        let token = URL_SAFE_NO_PAD.encode(random::<32>());
        shared.lock().remember(token.clone(), record, now);
        return Ok(token);
    }

    let jti = random_hex();
    let audience = match faults.has(Fault::WrongAudience) {
        true => "https://billing-api.example.test".to_owned(),
        false => format!("urn:{}", client.id),
    };
    let issuer = match faults.has(Fault::ForeignIssuer) {
        true => "https://pega-staging.example.test/prweb".to_owned(),
        false => shared.issuer(),
    };
    let (group, alias) = {
        let state = shared.lock();
        let group = state.operators.get(operator).and_then(|o| o.access_group);
        (group, group.and_then(|g| state.access_groups.get(g)).map(|g| g.alias))
    };
    let unit = if faults.has(Fault::Milliseconds) { 1000 } else { 1 };
    let mut claims = json!({
        "sub": operator,
        "iss": issuer,
        "aud": audience,
        "client_id": client.id,
        "iat": issued.as_second() * unit,
        "exp": expires.as_second() * unit,
        "jti": jti,
        "access_group": group,
        "app_alias": alias,
    });
    if faults.has(Fault::NotYetValid) {
        claims["nbf"] = json!((now + SignedDuration::from_hours(1)).as_second());
    }
    if faults.has(Fault::NeedsDpop) {
        claims["cnf"] = json!({ "jkt": URL_SAFE_NO_PAD.encode(random::<32>()) });
    } else if faults.has(Fault::NeedsMtls) {
        claims["cnf"] = json!({ "x5t#S256": URL_SAFE_NO_PAD.encode(random::<32>()) });
    }

    let key = match faults.has(Fault::RotatedKey) {
        true => keys::retired().await?,
        false => keys::current().await?,
    };
    let unsigned = faults.has(Fault::AlgNone);
    let header = json!({ "kid": key.kid, "alg": if unsigned { "none" } else { "RS256" } });
    let text = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let mut signature = if unsigned { Vec::new() } else { key.sign(&text) };
    if faults.has(Fault::BadSignature)
        && let Some(byte) = signature.get_mut(20)
    {
        *byte ^= 0x55;
    }
    let mut state = shared.lock();
    if faults.has(Fault::Revoked) {
        state.denied.insert(jti);
    } else {
        state.remember(jti, record, now);
    }
    Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// The ID token of a login: audience is the client itself, as OpenID Connect has it.
pub(super) async fn id_token(
    shared: &Shared,
    client: &Client,
    operator: &str,
    login: &LoginFacts,
) -> Result<String, KeyTrouble> {
    let now = clock::now(&shared.faults()).as_second();
    let mut claims = json!({
        "iss": shared.issuer(),
        "sub": operator,
        "aud": client.id,
        "iat": now,
        "exp": now + client.lifetime_s,
        "auth_time": login.at.as_second(),
    });
    if let Some(nonce) = &login.nonce {
        claims["nonce"] = json!(nonce);
    }
    let person = person(shared, operator);
    for (scope, names) in [("email", &["email"] as &[&str]), ("profile", &["name", "preferred_username"])] {
        if login.scope.split(' ').any(|s| s == scope) {
            for name in names {
                claims[*name] = person[*name].clone();
            }
        }
    }
    let key = keys::current().await?;
    let text = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(json!({ "kid": key.kid, "alg": "RS256" }).to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let signature = URL_SAFE_NO_PAD.encode(key.sign(&text));
    Ok(format!("{text}.{signature}"))
}

/// Claims about an operator, as userinfo gives them.
pub(super) fn person(shared: &Shared, id: &str) -> Json {
    let state = shared.lock();
    let operator = state.operators.get(id);
    let group = operator.and_then(|o| o.access_group);
    json!({
        "sub": id,
        "name": operator.map(|o| o.name),
        "preferred_username": id,
        "email": format!("{id}.example.test"),
        "access_group": group,
        "app_alias": group.and_then(|g| state.access_groups.get(g)).map(|g| g.alias),
    })
}

/// The claims of a JWT, nothing of it checked.
pub(super) fn claims(token: &str) -> Option<Map<String, Json>> {
    let mut parts = token.split('.');
    let (_, payload, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
        return None;
    };
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

/// Under which key the token is remembered: its `jti`, or itself.
pub(super) fn record_key(token: &str) -> String {
    claims(token).and_then(|c| c.get("jti")?.as_str().map(str::to_owned)).unwrap_or_else(|| token.to_owned())
}

/// Who the token speaks for, or why it is not taken. `now` is the checking node's clock.
pub(super) async fn check(shared: &Shared, token: &str, now: Timestamp) -> Result<Issued, Refusal> {
    const MALFORMED: Refusal = "The access token is malformed";
    let key = if token.contains('.') { check_jws(shared, token, now).await? } else { token.to_owned() };
    let state = shared.lock();
    if state.denied.contains(&key) {
        return Err("The access token was revoked");
    }
    let Some(record) = state.issued.get(&key) else {
        // A JWT came this far only with a good signature of ours, so it was live once.
        return Err(if key == token { MALFORMED } else { "The access token was revoked" });
    };
    if record.expires <= now {
        return Err("The access token expired");
    }
    if state.operator_trouble(&record.operator).is_some() {
        return Err("No operator is associated with the token");
    }
    if shared.faults().at(Leg::Resource, Fault::OpaqueToken) {
        return Err(MALFORMED);
    }
    Ok(record.clone())
}

/// Signature, issuer, audience and times; gives the `jti`.
async fn check_jws(shared: &Shared, token: &str, now: Timestamp) -> Result<String, Refusal> {
    const MALFORMED: Refusal = "The access token is malformed";
    let (text, signature) = token.rsplit_once('.').ok_or(MALFORMED)?;
    let (header, _) = text.split_once('.').ok_or(MALFORMED)?;
    let header: Json = URL_SAFE_NO_PAD
        .decode(header)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or(MALFORMED)?;
    let claims = claims(token).ok_or(MALFORMED)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| MALFORMED)?;
    let key = keys::current().await.map_err(|_| "The signing key is not ready")?;
    if header["alg"] != "RS256" {
        return Err("The algorithm of the access token is not accepted");
    }
    if header["kid"] != key.kid.as_str() {
        return Err("The key of the access token is unknown");
    }
    if !key.verifies(text, &signature) {
        return Err("The signature of the access token is not valid");
    }
    let word = |name: &str| claims.get(name).and_then(Json::as_str).unwrap_or_default();
    if word("iss") != shared.issuer() {
        return Err("The issuer of the access token is not accepted");
    }
    if word("aud") != format!("urn:{}", word("client_id")) {
        return Err("The audience of the access token is not accepted");
    }
    let time = |name: &str| claims.get(name).and_then(Json::as_i64);
    // Seconds since 1970 stay below this until the year 5138.
    if ["iat", "exp"].into_iter().any(|name| time(name).is_some_and(|at| at > 100_000_000_000)) {
        return Err("The times of the access token are not in seconds");
    }
    if time("iat").is_some_and(|iat| iat > now.as_second() + 300) {
        return Err("The access token was issued in the future");
    }
    if time("exp").is_none_or(|exp| exp <= now.as_second()) {
        return Err("The access token expired");
    }
    if time("nbf").is_some_and(|nbf| nbf > now.as_second()) {
        return Err("The access token is not valid yet");
    }
    if claims.contains_key("cnf") {
        return Err("The access token is bound to a key whose proof is missing");
    }
    Ok(word("jti").to_owned())
}
