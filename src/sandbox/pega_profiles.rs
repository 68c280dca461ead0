//! The demo's Pega profiles: one for each grant a person may want to try, with the clients they need.

use super::client_key::ClientKey;
use super::clients::{Client, Wish};
use super::extras_for_demo::DemoExtras;
use super::state::{DEFAULT_PERSON, Shared};
use serde_json::{Value as Json, json};
use std::path::PathBuf;

/// What the assertions of the demo are issued by.
const ISSUER: &str = "https://idp.example.test";

const LOGIN: &str = r#"# Logs a person in: authorization code with PKCE. The client is public, so there is no secret to keep.
# In Pega: a client registration of type Public, grant Authorization code, the redirect URI in its list.
grant = "authorization_code"
authorization_url = "{{base_url}}/PRRestService/oauth2/v1/authorize"
token_url = "{{base_url}}/PRRestService/oauth2/v1/token"
revocation_url = "{{base_url}}/PRRestService/oauth2/v1/revoke"
userinfo_url = "{{base_url}}/api/oauthclients/v1/userinfo/JSON"
client_id = "{{pega_login_client_id}}"
client_auth = "none"
scope = ["openid", "email", "profile"]

# What Pega's own clients send along.
[extra.authorization]
authentication_service = "pega"
enable_psyncId = "true"
"#;

const PASSWORD: &str = r#"# User name and password of an operator, sent by the client itself.
# In Pega: grant Password credentials, and an identity mapping.
grant = "password"
token_url = "{{base_url}}/PRRestService/oauth2/v1/token"
revocation_url = "{{base_url}}/PRRestService/oauth2/v1/revoke"
introspection_url = "{{base_url}}/PRRestService/oauth2/v1/token/introspect"
client_id = "{{pega_grants_client_id}}"
client_secret = "{{pega_grants_client_secret}}"
username = "{{pega_operator}}"
password = "{{pega_operator_password}}"
"#;

const JWT_BEARER: &str = r#"# A JWT that hallpass signs says which operator the token is for (RFC 7523).
# In Pega: grant JWT bearer, an identity mapping with a token profile, the public key in its keystore.
grant = "jwt_bearer"
token_url = "{{base_url}}/PRRestService/oauth2/v1/token"
revocation_url = "{{base_url}}/PRRestService/oauth2/v1/revoke"
introspection_url = "{{base_url}}/PRRestService/oauth2/v1/token/introspect"
client_id = "{{pega_grants_client_id}}"
client_secret = "{{pega_grants_client_secret}}"
identity = "{{pega_operator}}"

[assertion]
key = "{{pega_assertion_private_key}}"
algorithm = "ES256"

# iat, exp and jti are filled in.
[assertion.claims]
iss = "https://idp.example.test"
sub = "{{pega_operator}}"
aud = "{{base_url}}/PRRestService/oauth2/v1/token"
"#;

const CUSTOM: &str = r#"# Pega's own grant for embedded screens: parameters of your own, read by an authentication activity.
# In Pega: the dynamic system setting CustomAuthForPegaEmbed is true, and the grant is ticked.
grant = "custom"
grant_type = "custom-bearer"
token_url = "{{base_url}}/PRRestService/oauth2/v1/token"
revocation_url = "{{base_url}}/PRRestService/oauth2/v1/revoke"
client_id = "{{pega_grants_client_id}}"
client_secret = "{{pega_grants_client_secret}}"
identity = "{{pega_operator}}"

[extra.token]
userIdentifier = "{{pega_operator}}"
"#;

const REFRESH: &str = r#"# Access tokens of half a minute, and a refresh token that changes with each use: watch a renewal.
# In Pega: Enable refresh token, with a new refresh token for each renewal.
grant = "password"
token_url = "{{base_url}}/PRRestService/oauth2/v1/token"
revocation_url = "{{base_url}}/PRRestService/oauth2/v1/revoke"
introspection_url = "{{base_url}}/PRRestService/oauth2/v1/token/introspect"
client_id = "{{pega_refresh_client_id}}"
client_secret = "{{pega_refresh_client_secret}}"
username = "{{pega_operator}}"
password = "{{pega_operator_password}}"
"#;

/// Registers the clients and makes the key; all of it anew with each call.
pub(super) fn extras(shared: &Shared) -> DemoExtras {
    let file = |name: &str, text: &str| (PathBuf::from(format!("auth/{name}.toml")), text.to_owned());
    let mut extras = DemoExtras::default();

    let login = register(
        shared,
        json!({
            "name": "Demo: login", "type": "public", "grants": ["authorization_code"], "pkce": true,
            "redirect_uris": ["http://127.0.0.1/callback"], "refresh_mode": 2,
        }),
    );
    if let Some(client) = login {
        extras.files.push(file("pega-login", LOGIN));
        extras.variables.push(("pega_login_client_id".to_owned(), client.id));
    }

    let key = ClientKey::make("pega-assertions");
    let public = key.as_ref().map(|key| key.public.to_string()).unwrap_or_default();
    let grants = register(
        shared,
        json!({
            "name": "Demo: grants", "grants": ["password", "jwt-bearer", "saml2-bearer", "custom-bearer"],
            "refresh_mode": 3, "mapping": { "issuer": ISSUER, "keys": public },
        }),
    );
    if let Some(client) = grants {
        extras.files.push(file("pega-password", PASSWORD));
        extras.files.push(file("pega-custom", CUSTOM));
        extras.variables.push(("pega_grants_client_id".to_owned(), client.id));
        extras.secrets.push(("pega_grants_client_secret".to_owned(), client.secret));
        if let Some(key) = key {
            extras.files.push(file("pega-jwt-bearer", JWT_BEARER));
            extras.secrets.push(("pega_assertion_private_key".to_owned(), key.private));
        }
    }

    let refresh = register(
        shared,
        json!({
            "name": "Demo: refresh", "grants": ["password"], "refresh_mode": 2, "access_lifetime": 30, "mapping": {},
        }),
    );
    if let Some(client) = refresh {
        extras.files.push(file("pega-refresh", REFRESH));
        extras.variables.push(("pega_refresh_client_id".to_owned(), client.id));
        extras.secrets.push(("pega_refresh_client_secret".to_owned(), client.secret));
    }

    extras.variables.push(("pega_operator".to_owned(), DEFAULT_PERSON.to_owned()));
    let password = shared.lock().operators.get(DEFAULT_PERSON).map(|o| o.password.clone());
    extras.secrets.extend(password.map(|p| ("pega_operator_password".to_owned(), p)));
    extras
}

/// A registration of ours is always in order; were it not, its profiles would be left out.
fn register(shared: &Shared, registration: Json) -> Option<Client> {
    let wish = Wish::of_json(registration).ok()?;
    shared.lock().register_as(wish).ok()
}
