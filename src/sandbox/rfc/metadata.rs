//! What the server says of itself: OpenID Connect Discovery, RFC 8414, RFC 9728, and its keys.

use super::clients::{CLIENTS, Method};
use super::dpop::ALGORITHMS;
use super::grants::{API_SCOPES, JWT_BEARER, USER_SCOPES};
use super::mint::{ACR_PASSWORD, ACR_STRONG};
use super::{LABEL, Rfc, device, exchange};
use crate::sandbox::answer::{self, Answer, With};
use crate::sandbox::keys;
use serde_json::{Value as Json, json};

/// Algorithms of client assertions and request objects.
const SIGNED_BY_CLIENTS: [&str; 4] = ["HS256", "HS384", "HS512", "ES256"];

fn cached(body: &Json) -> Answer {
    answer::json(200, body).set("cache-control", "public, max-age=300")
}

/// Both kinds of metadata are one document here; a reader passes over what it does not know.
pub(super) fn server(rfc: &Rfc) -> Answer {
    let mut methods: Vec<&str> = Vec::new();
    for client in &CLIENTS {
        if !methods.contains(&client.method.name()) && (client.method != Method::Tls || rfc.mtls.is_some()) {
            methods.push(client.method.name());
        }
    }
    let confidential: Vec<&str> = methods.iter().copied().filter(|m| *m != "none").collect();
    let scopes: Vec<&str> = USER_SCOPES.iter().chain(API_SCOPES.iter()).copied().collect();
    let mut body = json!({
        "issuer": rfc.issuer(),
        "authorization_endpoint": rfc.url("authorize"),
        "token_endpoint": rfc.url("token"),
        "jwks_uri": rfc.url("jwks"),
        "userinfo_endpoint": rfc.url("userinfo"),
        "introspection_endpoint": rfc.url("introspect"),
        "revocation_endpoint": rfc.url("revoke"),
        "device_authorization_endpoint": rfc.url("device_authorization"),
        "pushed_authorization_request_endpoint": rfc.url("par"),
        "require_pushed_authorization_requests": false,
        "scopes_supported": scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [
            "authorization_code", "client_credentials", "refresh_token", "password",
            JWT_BEARER, device::GRANT, exchange::GRANT,
        ],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": SIGNED_BY_CLIENTS,
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": SIGNED_BY_CLIENTS,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": SIGNED_BY_CLIENTS,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "at_hash", "name",
            "preferred_username", "email", "email_verified",
        ],
        "acr_values_supported": [ACR_PASSWORD, ACR_STRONG],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "request_parameter_supported": true,
        "request_uri_parameter_supported": false,
        "request_object_signing_alg_values_supported": SIGNED_BY_CLIENTS,
        "dpop_signing_alg_values_supported": ALGORITHMS,
        "protected_resources": [rfc.api()],
        "service_documentation": rfc.issuer(),
        "hallpass_sandbox": LABEL,
    });
    if let Some(origin) = &rfc.mtls {
        body["tls_client_certificate_bound_access_tokens"] = json!(true);
        let mut aliases = json!({});
        for (name, path) in [
            ("token_endpoint", "token"),
            ("revocation_endpoint", "revoke"),
            ("introspection_endpoint", "introspect"),
            ("device_authorization_endpoint", "device_authorization"),
            ("pushed_authorization_request_endpoint", "par"),
            ("userinfo_endpoint", "userinfo"),
        ] {
            aliases[name] = json!(format!("{origin}/rfc/{path}"));
        }
        body["mtls_endpoint_aliases"] = aliases;
    }
    cached(&body)
}

/// RFC 9728 for the API.
pub(super) fn resource(rfc: &Rfc) -> Answer {
    cached(&json!({
        "resource": rfc.api(),
        "authorization_servers": [rfc.issuer()],
        "scopes_supported": API_SCOPES,
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": ALGORITHMS,
        "dpop_bound_access_tokens_required": false,
        "tls_client_certificate_bound_access_tokens": rfc.mtls.is_some(),
        "resource_name": format!("Orders ({LABEL})"),
        "resource_documentation": rfc.issuer(),
    }))
}

/// The public keys (RFC 7517).
pub(super) async fn jwks() -> Answer {
    match keys::current().await {
        Ok(key) => cached(&json!({ "keys": [key.jwk()] })),
        Err(trouble) => answer::text(503, "text/plain;charset=UTF-8", trouble.to_string()),
    }
}
