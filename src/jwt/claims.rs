//! Claims in words: RFC 7519 §4.1, OpenID Connect Core §2 and §5.1, RFC 9068, RFC 8693, and what
//! Pega, Entra ID, Keycloak, Okta, Auth0, Cognito and Google add. Meanings are our own short words.

use super::time::{Time, read, relative};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

/// Values are cut after this many characters.
const LONGEST: usize = 400;

/// One claim in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimLine {
    /// Claim name.
    pub name: String,
    /// Value in short, as JSON or text.
    pub value: String,
    /// What it means: `who the token speaks for (the operator, in Pega)`; empty if unknown.
    pub meaning: &'static str,
    /// Times: `2026-11-23 15:01:23 +01:00, in 59 min 12 s`; which key (`cnf`), which actors (`act`); else empty.
    pub note: String,
}

/// Claims a reader looks for first, in this order.
const FIRST: [&str; 15] = [
    "sub",
    "iss",
    "aud",
    "client_id",
    "azp",
    "appid",
    "cid",
    "scope",
    "scp",
    "roles",
    "exp",
    "nbf",
    "iat",
    "auth_time",
    "jti",
];

/// Claims that hold a NumericDate.
const TIMES: [&str; 7] = ["exp", "nbf", "iat", "auth_time", "updated_at", "rt_exp", "xms_tcdt"];

const MEANINGS: [(&str, &str); 95] = [
    // RFC 7519 §4.1
    ("sub", "who the token speaks for (the operator, in Pega)"),
    ("iss", "who issued it"),
    ("aud", "whom it is for: the API must find itself here"),
    ("exp", "refused from this time on"),
    ("nbf", "refused before this time"),
    ("iat", "when it was issued"),
    ("jti", "its own id, so that it can be revoked or used once"),
    // RFC 9068, RFC 8693
    ("client_id", "the client it was issued to"),
    ("scope", "what it may be used for"),
    ("roles", "roles of the user or client"),
    ("groups", "groups of the user"),
    ("entitlements", "single rights of the user"),
    ("act", "who acts for the subject"),
    ("may_act", "who may act for the subject"),
    ("cnf", "the key its sender has to prove (DPoP or client certificate)"),
    ("authorization_details", "what it may be used for, in detail (RFC 9396)"),
    // OpenID Connect Core §2
    ("auth_time", "when the user last logged in"),
    ("nonce", "ties an ID token to the login that asked for it"),
    ("acr", "how strong the login was"),
    ("amr", "how the user logged in"),
    ("azp", "the client it was issued to"),
    ("at_hash", "ties an ID token to its access token"),
    ("c_hash", "ties an ID token to its authorization code"),
    ("s_hash", "ties an ID token to the `state` of the login"),
    ("sid", "the session at the issuer"),
    ("htm", "method of the request it is for (DPoP proof)"),
    ("htu", "URL of the request it is for (DPoP proof)"),
    ("ath", "ties a DPoP proof to its access token"),
    ("events", "what a logout or security event token tells"),
    // OpenID Connect Core §5.1
    ("name", "full name"),
    ("given_name", "first name"),
    ("family_name", "last name"),
    ("middle_name", "middle name"),
    ("nickname", "nickname"),
    ("preferred_username", "name the user goes by; may change"),
    ("profile", "profile page"),
    ("picture", "picture"),
    ("website", "web site"),
    ("email", "e-mail address"),
    ("email_verified", "whether the address was checked"),
    ("gender", "gender"),
    ("birthdate", "date of birth"),
    ("zoneinfo", "time zone"),
    ("locale", "language"),
    ("phone_number", "telephone number"),
    ("phone_number_verified", "whether the number was checked"),
    ("address", "postal address"),
    ("updated_at", "when the profile last changed"),
    // common
    ("username", "login name of the user"),
    ("token_type", "kind of token"),
    ("typ", "kind of token (Keycloak)"),
    ("gty", "grant it came from (Auth0)"),
    ("permissions", "single rights (Auth0)"),
    ("org_id", "organisation of the user (Auth0)"),
    ("org_name", "organisation of the user (Auth0)"),
    // Pega; names of the sandbox, real ones are not published
    ("access_group", "the operator's access group: application and roles (Pega)"),
    ("app_alias", "alias of the application in the URL (Pega)"),
    ("operator", "the operator (Pega)"),
    // Okta
    ("cid", "the client it was issued to (Okta)"),
    ("uid", "the user's id, which does not change (Okta)"),
    // Cognito
    ("token_use", "`access` or `id` (Cognito)"),
    ("cognito:groups", "groups of the user (Cognito)"),
    ("cognito:roles", "roles in AWS of the user's groups (Cognito)"),
    ("cognito:username", "login name of the user (Cognito)"),
    ("origin_jti", "id of the login, which revokes all its tokens (Cognito)"),
    ("event_id", "id of the login event (Cognito)"),
    // Google
    ("hd", "domain of the user's organisation (Google)"),
    // Entra ID
    ("scp", "what it may be used for, on behalf of a user"),
    ("tid", "tenant of the user (Entra ID)"),
    ("oid", "the user or service in its tenant; does not change (Entra ID)"),
    ("appid", "the client it was issued to (Entra ID, version 1 tokens)"),
    ("appidacr", "how the client proved itself: 0 not, 1 secret, 2 certificate (Entra ID)"),
    ("azpacr", "how the client proved itself: 0 not, 1 secret, 2 certificate (Entra ID)"),
    ("idtyp", "`app` if no user is behind it (Entra ID)"),
    ("idp", "who logged the user in (Entra ID)"),
    ("upn", "login name of the user (Entra ID)"),
    ("unique_name", "name for display only (Entra ID, version 1 tokens)"),
    ("wids", "roles in the tenant (Entra ID)"),
    ("ver", "version of the token format (Entra ID)"),
    ("uti", "id of the token inside Entra ID"),
    ("rh", "internal to Entra ID"),
    ("aio", "internal to Entra ID"),
    ("xms_tcdt", "when the tenant was made (Entra ID)"),
    ("acrs", "authentication contexts that were met (Entra ID)"),
    ("ipaddr", "address the user logged in from (Entra ID)"),
    ("puid", "the user in older Microsoft systems (Entra ID)"),
    ("onprem_sid", "the user in the local directory (Entra ID)"),
    ("hasgroups", "more groups than fit into a token (Entra ID)"),
    ("_claim_names", "claims that have to be fetched, such as too many groups (Entra ID)"),
    // Keycloak
    ("realm_access", "roles in the realm (Keycloak)"),
    ("resource_access", "roles at each client (Keycloak)"),
    ("session_state", "the session at the issuer (Keycloak)"),
    ("allowed-origins", "origins that may call from a browser (Keycloak)"),
    ("clientHost", "address the client called from (Keycloak)"),
    ("clientAddress", "address the client called from (Keycloak)"),
];

/// Claims in a reader's order (sub, iss, aud, client, scope, times, rest) with their meaning.
/// `server_now` is what relative times are counted from; local times use `zone`.
pub fn explain(
    claims: &Map<String, Json>,
    server_now: Timestamp,
    zone: &jiff::tz::TimeZone,
) -> Vec<ClaimLine> {
    let first = FIRST.iter().filter_map(|name| claims.get_key_value(*name));
    let rest = claims.iter().filter(|(name, _)| !FIRST.contains(&name.as_str()));
    first
        .chain(rest)
        .map(|(name, value)| ClaimLine {
            name: name.clone(),
            value: in_short(value),
            meaning: MEANINGS.iter().find(|(n, _)| n == name).map_or("", |(_, m)| m),
            note: match name.as_str() {
                name if TIMES.contains(&name) => time_note(value, server_now, zone),
                "cnf" => key_note(value),
                "act" | "may_act" => actors(value),
                _ => String::new(),
            },
        })
        .collect()
}

/// Which key `cnf` names: RFC 7800 §3, RFC 8705 §3.1, RFC 9449 §6.1.
fn key_note(cnf: &Json) -> String {
    let text = |name: &str| cnf.get(name).and_then(Json::as_str).map(super::warnings::short);
    let mut notes = Vec::new();
    notes.extend(text("jkt").map(|print| format!("the DPoP key {print}")));
    notes.extend(text("x5t#S256").map(|print| format!("the client certificate {print}")));
    notes.extend(text("kid").map(|kid| format!("the key with kid {kid}")));
    if let Some(Json::Object(key)) = cnf.get("jwk") {
        let print = super::thumbprint(key).unwrap_or_else(|| "that cannot be read".into());
        notes.push(format!("the key {print}"));
    }
    if cnf.get("jwe").is_some() {
        notes.push("an encrypted key".into());
    }
    notes.join(", ")
}

/// Who acts, and for whom that one acted before (RFC 8693 §4.1): `a, before that b`.
fn actors(act: &Json) -> String {
    let mut names = Vec::new();
    let mut at = Some(act);
    while let Some(actor) = at.filter(|_| names.len() < 8) {
        let named = ["sub", "client_id", "iss"].iter().find_map(|name| actor.get(*name)?.as_str());
        names.extend(named.map(super::warnings::short));
        at = actor.get("act");
    }
    names.join(", before that ")
}

fn time_note(value: &Json, now: Timestamp, zone: &jiff::tz::TimeZone) -> String {
    let local = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string();
    match read(value) {
        Time::At(at) => format!("{}, {}", local(at), relative(at, now)),
        Time::Milliseconds(at) => {
            format!("in milliseconds, seconds are expected; meant is perhaps {}", local(at))
        }
        Time::OutOfRange => "no date: the number is out of range".into(),
        Time::NotANumber => "no date: a number of seconds is expected".into(),
    }
}

/// Text as it is, lists of texts with blanks between, anything else as JSON.
fn in_short(value: &Json) -> String {
    let text = match value {
        Json::String(s) => s.clone(),
        Json::Array(items) if !items.is_empty() && items.iter().all(Json::is_string) => {
            items.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// The operator (or user, or client) a token speaks for: `sub`, else `username`, `client_id`, `azp`.
pub fn speaks_for(claims: &Map<String, Json>) -> Option<String> {
    ["sub", "username", "client_id", "azp"].iter().find_map(|name| match claims.get(*name)? {
        Json::String(s) if !s.trim().is_empty() => Some(s.clone()),
        Json::Number(n) => Some(n.to_string()),
        _ => None,
    })
}
