//! Access tokens as RFC 9068 has them, and ID tokens (OpenID Connect Core section 2): made here,
//! and read again wherever one comes in. The faults that spoil tokens do so here too.

use super::jws::{Jws, hash, is_signed};
use super::kept::{Granted, Live, random_text};
use crate::jwt::Jwks;
use crate::sandbox::faults::Fault;
use crate::sandbox::keys::{self, KeyTrouble};
use crate::sandbox::state::Shared;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value as Json, json};

/// Seconds an access token lives.
pub(super) const LIFETIME_S: i64 = 600;
/// What `acr` says after a password, and after a password and a one-time code.
pub(super) const ACR_PASSWORD: &str = "urn:hallpass:acr:password";
pub(super) const ACR_STRONG: &str = "urn:hallpass:acr:mfa";

/// What an access token is bound to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Binding {
    /// Thumbprint of a DPoP key.
    pub(super) jkt: Option<String>,
    /// Thumbprint of a client certificate.
    pub(super) x5t: Option<String>,
}

/// A JWT signed with the server's key, or with the wrong one where a fault says so.
async fn sign(shared: &Shared, typ: &str, claims: &Json) -> Result<String, KeyTrouble> {
    let faults = shared.faults();
    let key = match faults.has(Fault::RotatedKey) {
        true => keys::retired().await?,
        false => keys::current().await?,
    };
    let header = json!({ "typ": typ, "alg": "RS256", "kid": key.kid });
    let text = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let mut signature = key.sign(&text);
    if faults.has(Fault::BadSignature)
        && let Some(byte) = signature.get_mut(20)
    {
        *byte ^= 0x55;
    }
    Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// `auth_time`, `acr` and `amr` of a log-in.
fn add_authentication(claims: &mut Json, granted: &Granted) {
    if let Some(authentication) = &granted.authentication {
        claims["auth_time"] = json!(authentication.time);
        claims["acr"] = json!(if authentication.strong { ACR_STRONG } else { ACR_PASSWORD });
        claims["amr"] = if authentication.strong { json!(["pwd", "otp", "mfa"]) } else { json!(["pwd"]) };
    }
}

/// An access token, remembered by its `jti`.
pub(super) async fn access_token(
    shared: &Shared,
    granted: &Granted,
    binding: &Binding,
    now: i64,
) -> Result<String, KeyTrouble> {
    let jti = random_text();
    let audience = match granted.resource.as_slice() {
        [one] => json!(one),
        all => json!(all),
    };
    let mut claims = json!({
        "iss": shared.rfc.issuer(),
        "sub": granted.sub,
        "aud": audience,
        "client_id": granted.client,
        "iat": now,
        "exp": now + LIFETIME_S,
        "jti": jti,
        "scope": granted.scope.join(" "),
    });
    add_authentication(&mut claims, granted);
    if let Some(act) = &granted.act {
        claims["act"] = act.clone();
    }
    if let Some(jkt) = &binding.jkt {
        claims["cnf"] = json!({ "jkt": jkt });
    }
    if let Some(x5t) = &binding.x5t {
        claims["cnf"]["x5t#S256"] = json!(x5t);
    }
    spoil(shared, &mut claims, now);
    let token = sign(shared, "at+jwt", &claims).await?;
    if !shared.faults().has(Fault::Revoked) {
        let live = Live { client: granted.client, family: granted.family.clone(), ends: now + LIFETIME_S };
        shared.rfc.lock().live.put(jti, live, now);
    }
    Ok(token)
}

/// What the token faults do to the claims.
fn spoil(shared: &Shared, claims: &mut Json, now: i64) {
    let faults = shared.faults();
    if faults.has(Fault::ExpiredToken) {
        claims["iat"] = json!(now - LIFETIME_S - 300);
        claims["exp"] = json!(now - 300);
    }
    if faults.has(Fault::NotYetValid) {
        claims["nbf"] = json!(now + 3600);
    }
    if faults.has(Fault::ForeignIssuer) {
        claims["iss"] = json!("https://id-staging.example.test/rfc");
    }
    if faults.has(Fault::WrongAudience) {
        claims["aud"] = json!("https://billing-api.example.test");
    }
    if faults.has(Fault::NeedsDpop) && claims.get("cnf").is_none() {
        claims["cnf"] = json!({ "jkt": random_text() });
    }
    if faults.has(Fault::NeedsMtls) && claims.get("cnf").is_none() {
        claims["cnf"] = json!({ "x5t#S256": random_text() });
    }
}

/// An ID token for the access token it comes with.
pub(super) async fn id_token(
    shared: &Shared,
    granted: &Granted,
    access_token: &str,
    now: i64,
) -> Result<String, KeyTrouble> {
    // The left half of the hash, OpenID Connect Core section 3.1.3.6.
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, access_token.as_bytes());
    let half = digest.as_ref().get(..16).unwrap_or_default();
    let mut claims = json!({
        "iss": shared.rfc.issuer(),
        "sub": granted.sub,
        "aud": granted.client,
        "iat": now,
        "exp": now + LIFETIME_S,
        "at_hash": URL_SAFE_NO_PAD.encode(half),
    });
    add_authentication(&mut claims, granted);
    if let Some(nonce) = &granted.nonce {
        claims["nonce"] = json!(nonce);
    }
    sign(shared, "JWT", &claims).await
}

/// Why a token is refused, for `error_description`.
pub(super) type Refusal = &'static str;

/// Signature, issuer and times of a JWT of this server.
async fn check(shared: &Shared, token: &str, typ: &str, now: i64) -> Result<Jws, Refusal> {
    let jws = Jws::read(token).ok_or("The token is not a JWT of this server")?;
    let given = jws.head("typ").unwrap_or("JWT");
    let short = given.strip_prefix("application/").unwrap_or(given);
    if !short.eq_ignore_ascii_case(typ) {
        return Err(match typ {
            "at+jwt" => "This is no access token: its typ is not at+jwt (RFC 9068)",
            _ => "This is no ID token",
        });
    }
    let key = keys::current().await.map_err(|_| "The signing key is not ready")?;
    if jws.head("kid") != Some(key.kid.as_str()) {
        return Err("The key of the token is unknown");
    }
    let Json::Object(jwk) = key.jwk() else { return Err("The signing key is not ready") };
    if !is_signed(token, &Jwks { keys: vec![jwk] }) {
        return Err("The signature of the token is not valid");
    }
    if jws.text("iss") != Some(shared.rfc.issuer().as_str()) {
        return Err("The issuer of the token is not accepted");
    }
    if jws.time("exp").is_none_or(|exp| exp <= now) {
        return Err("The token has expired");
    }
    if jws.time("nbf").is_some_and(|nbf| nbf > now) {
        return Err("The token is not valid yet");
    }
    Ok(jws)
}

/// The claims of an access token that is good (RFC 9068 section 4); its audience is the caller's to check.
pub(super) async fn check_access(shared: &Shared, token: &str, now: i64) -> Result<Jws, Refusal> {
    let jws = check(shared, token, "at+jwt", now).await?;
    let known = jws.text("jti").is_some_and(|jti| shared.rfc.lock().live.get(jti, now).is_some());
    // With a signature of ours it was live once.
    if known { Ok(jws) } else { Err("The token was revoked") }
}

/// The claims of an ID token that is good.
pub(super) async fn check_id(shared: &Shared, token: &str, now: i64) -> Result<Jws, Refusal> {
    check(shared, token, "JWT", now).await
}

/// S256 of a verifier (RFC 7636 section 4.6).
pub(super) fn challenge_of(verifier: &str) -> String {
    hash(verifier)
}
