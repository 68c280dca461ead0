//! The grants that need no person: what each presents at the token endpoint.

use super::call::Call;
use super::endpoints::{Endpoints, Leg};
use super::material::Material;
use super::road::random;
use super::scope::{Scope, resolve};
use crate::jwt::sign::SigningKey;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::profile::Grant as Kind;
use crate::model::secret::Secret;
use crate::oauth::form::Moment;
use crate::oauth::{Grant, assertion};
use crate::template::Place;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// What a profile's grant presents, rendered; keys not yet read.
enum Parts {
    Plain(Grant),
    /// A JWT to be built and signed.
    Claims(Claims),
    /// A SAML assertion as given.
    Saml(Secret),
}

struct Claims {
    own: Map<String, Json>,
    header: Vec<(String, String)>,
    key: Material,
    /// Of which field the key is.
    field: &'static str,
    /// Signs where there is no key (HS256 …).
    secret: Option<Secret>,
    key_id: String,
    algorithm: String,
    subject: String,
}

/// The grant of the profile, ready to be asked with, and the extra parameters of the token request.
pub(super) async fn grant(
    call: &Call<'_>,
    endpoints: &Endpoints,
) -> Result<(Grant, Vec<(String, String)>), Problem> {
    let ((parts, extra), ..) = resolve(&call.around, |scope| {
        Ok((parts(call, scope)?, call.extra(scope, &call.plan.profile.extra_token)))
    })
    .await?;
    let grant = match parts {
        Parts::Plain(grant) => grant,
        Parts::Claims(claims) => Grant::jwt_bearer(&signed(call, endpoints, claims).await?),
        Parts::Saml(given) => {
            let token_url = endpoints.get(Leg::Token);
            let now = call.session().origins().now(token_url);
            let (wire, ..) = assertion::saml(&given, token_url, now)
                .map_err(|why| unusable(call, format!("`given` under [assertion] cannot be used: {why}")))?;
            call.session().redactor().learn(wire.expose());
            Grant::saml2_bearer(&wire)
        }
    };
    Ok((grant, extra))
}

fn parts(call: &Call<'_>, scope: &Scope<'_>) -> Result<Parts, Problem> {
    let profile = &call.plan.profile;
    Ok(match profile.grant {
        Kind::ClientCredentials => Parts::Plain(Grant::client_credentials()),
        Kind::Password => {
            let username = call.field(scope, &profile.username, "username");
            let password = call.value(scope, &profile.password, "password");
            if username.is_empty() || password.is_none() {
                let lacks = if username.is_empty() { "username" } else { "password" };
                return Err(lacking(call, scope, lacks));
            }
            Parts::Plain(Grant::password(&username, &password.unwrap_or_default()))
        }
        Kind::JwtBearer => {
            let own = &profile.assertion;
            match call.value(scope, &own.given, "assertion") {
                Some(given) => Parts::Plain(Grant::jwt_bearer(&Secret::new(given.expose().trim()))),
                None => Parts::Claims(claims(call, scope)),
            }
        }
        Kind::Saml2Bearer => match call.value(scope, &profile.assertion.given, "assertion") {
            Some(given) => Parts::Saml(given),
            None => return Err(lacking(call, scope, "given")),
        },
        Kind::TokenExchange => {
            let own = &profile.exchange;
            let Some(subject) = call.value(scope, &own.subject_token, "subject_token") else {
                return Err(lacking(call, scope, "subject_token"));
            };
            let actor = call.value(scope, &own.actor_token, "actor_token");
            let kind = |text: &str, name: &str| call.field(scope, text, name);
            Parts::Plain(Grant::token_exchange(
                &subject,
                &kind(&own.subject_token_type, "subject_token_type"),
                actor.as_ref(),
                &kind(&own.actor_token_type, "actor_token_type"),
                &kind(&own.requested_token_type, "requested_token_type"),
            ))
        }
        Kind::Custom => {
            let name = call.field(scope, &profile.grant_type, "grant_type");
            if name.is_empty() {
                return Err(lacking(call, scope, "grant_type"));
            }
            Parts::Plain(Grant::custom(&name))
        }
        Kind::AuthorizationCode | Kind::DeviceCode => {
            return Err(unusable(call, format!("grant `{}` needs a person", profile.grant.key())));
        }
    })
}

fn claims(call: &Call<'_>, scope: &Scope<'_>) -> Claims {
    let (profile, own) = (&call.plan.profile, &call.plan.profile.assertion);
    let algorithm = call.field(scope, &own.algorithm, "algorithm");
    let key = call.material(scope, &own.key, "assertion_key");
    let (key, field) = match key.is_nothing() {
        true => (call.material(scope, &profile.key, "key"), "key"),
        false => (key, "assertion.key"),
    };
    let secret = if key.is_nothing() { call.client_secret(scope) } else { None };
    let subject = [&profile.username, &profile.identity]
        .map(|text| call.field(scope, text, "username"))
        .into_iter()
        .find(|text| !text.is_empty())
        .unwrap_or_else(|| call.client_id.clone());
    let header =
        own.header.iter().map(|(name, text)| (name.clone(), call.field(scope, text, name))).collect();
    let rendered = rendered(call, scope, &Json::Object(own.claims.clone()));
    Claims {
        own: if let Json::Object(map) = rendered { map } else { Map::new() },
        header,
        key,
        field,
        secret,
        key_id: call.field(scope, &own.key_id, "key_id"),
        algorithm,
        subject,
    }
}

/// Texts of the claims may hold variables; the rest is as it is.
fn rendered(call: &Call<'_>, scope: &Scope<'_>, value: &Json) -> Json {
    match value {
        Json::String(text) => {
            let place = format!("a claim of profile `{}`", call.plan.profile.name);
            Json::String(scope.text(text, Place::Verbatim, &place).text)
        }
        Json::Array(list) => list.iter().map(|one| rendered(call, scope, one)).collect(),
        Json::Object(map) => {
            map.iter().map(|(name, one)| (name.clone(), rendered(call, scope, one))).collect()
        }
        other => other.clone(),
    }
}

/// Signs the assertion: issuer is the client, audience the token endpoint, where the profile says nothing else.
async fn signed(call: &Call<'_>, endpoints: &Endpoints, claims: Claims) -> Result<Secret, Problem> {
    let token_url = endpoints.get(Leg::Token);
    let key = match call.signing_key(&claims.key, &claims.algorithm, claims.field).await? {
        Some(key) => key,
        None => {
            let secret = claims.secret.ok_or_else(|| {
                unusable(call, "there is no key to sign the assertion with: `key` under [assertion], or `client_secret` for HS256".to_owned())
            })?;
            let key = SigningKey::from_secret(secret.expose().as_bytes(), &claims.algorithm);
            Arc::new(
                key.map_err(|why| {
                    unusable(call, format!("`client_secret` cannot sign the assertion: {why}"))
                })?,
            )
        }
    };
    let moment = Moment { now: call.session().origins().now(token_url), random: random(call.around.what)? };
    let lifetime = call.plan.profile.assertion.lifetime;
    let all = assertion::claims(&claims.own, &call.client_id, &claims.subject, token_url, lifetime, &moment);
    let jwt = assertion::signed(&all, &claims.header, &key, &claims.key_id)
        .map_err(|why| unusable(call, format!("the assertion cannot be signed: {why}")))?;
    call.session().redactor().learn(jwt.expose());
    Ok(jwt)
}

/// A field without which the grant cannot be asked for; a variable without a value is the scope's own problem.
fn lacking(call: &Call<'_>, scope: &Scope<'_>, field: &str) -> Problem {
    if let Err(problem) = scope.complete(call.around.what, call.road.environment) {
        return problem;
    }
    let profile = &call.plan.profile;
    let table = match (profile.grant, field) {
        (Kind::Saml2Bearer, _) => " under [assertion]",
        (Kind::TokenExchange, _) => " under [exchange]",
        _ => "",
    };
    Problem::new(
        ProblemKind::Unresolved,
        call.around.what,
        format!("grant `{}` needs `{field}`, which is empty", profile.grant.key()),
        format!("set `{field}`{table} in auth/{}.toml", profile.name),
    )
}

fn unusable(call: &Call<'_>, why: String) -> Problem {
    let next = format!("correct auth/{}.toml", call.plan.profile.name);
    Problem::new(ProblemKind::Usage, call.around.what, why, next)
}

/// True where a profile says of itself that Pega's session index is wanted.
pub(super) fn wants_session_index(extra: &[(String, String)]) -> bool {
    let stated = extra.iter().any(|(name, _)| name == "session_index");
    let asked =
        extra.iter().any(|(name, value)| name.eq_ignore_ascii_case("enable_psyncid") && value == "true");
    asked && !stated
}
