//! Authorization server metadata (RFC 8414, OpenID Connect Discovery 1.0) and protected resource metadata (RFC 9728).

use super::error::clean;
use super::response::doubled;
use serde_json::{Map, Value as Json};
use url::Url;

pub use super::fill::{Filled, fill};

/// Part of every address that metadata is at (RFC 8615).
const WELL_KNOWN: &str = "/.well-known/";

/// What an issuer says of itself. Every URL is `http` or `https`, else it is left out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metadata {
    /// `issuer`, exactly as in the document.
    pub issuer: String,
    /// Endpoints; empty where not stated.
    pub authorization_url: String,
    /// Token endpoint.
    pub token_url: String,
    /// Device authorization endpoint.
    pub device_authorization_url: String,
    /// PAR endpoint.
    pub par_url: String,
    /// Revocation endpoint.
    pub revocation_url: String,
    /// Introspection endpoint.
    pub introspection_url: String,
    /// Userinfo endpoint.
    pub userinfo_url: String,
    /// JWK Set.
    pub jwks_url: String,
    /// `mtls_endpoint_aliases` (RFC 8705 section 5), by metadata name (`token_endpoint`).
    pub mtls_aliases: Vec<(String, String)>,
    /// `grant_types_supported`; `None`: not stated.
    pub grants: Option<Vec<String>>,
    /// `token_endpoint_auth_methods_supported`.
    pub client_auth: Option<Vec<String>>,
    /// `scopes_supported`.
    pub scopes: Option<Vec<String>>,
    /// `code_challenge_methods_supported`.
    pub challenge_methods: Option<Vec<String>>,
    /// `dpop_signing_alg_values_supported`.
    pub dpop_algorithms: Option<Vec<String>>,
    /// `authorization_response_iss_parameter_supported` (RFC 9207).
    pub iss_in_response: bool,
    /// `require_pushed_authorization_requests`.
    pub par_required: bool,
    /// The whole document.
    pub document: Map<String, Json>,
}

/// Where an issuer's metadata may be, best first: OpenID Connect's appended path, RFC 8414's inserted one (both forms), and the
/// appended one that some servers took from it. An address of metadata is its own place. Empty for what is no http or https URL.
pub fn places(issuer: &str) -> Vec<String> {
    let issuer = issuer.trim();
    let Some(url) = web(issuer) else { return Vec::new() };
    if issuer.contains(WELL_KNOWN) {
        return vec![issuer.to_owned()];
    }
    let origin = url.origin().ascii_serialization();
    let path = url.path().trim_end_matches('/');
    let mut places = Vec::new();
    for place in [
        format!("{origin}{path}{WELL_KNOWN}openid-configuration"),
        format!("{origin}{WELL_KNOWN}oauth-authorization-server{path}"),
        format!("{origin}{WELL_KNOWN}openid-configuration{path}"),
        format!("{origin}{path}{WELL_KNOWN}oauth-authorization-server"),
    ] {
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

/// Where a protected resource's metadata is (RFC 9728 section 3.1).
pub fn resource_place(resource: &str) -> Option<String> {
    let url = web(resource.trim())?;
    let path = url.path().trim_end_matches('/');
    let query = url.query().map(|q| format!("?{q}")).unwrap_or_default();
    let origin = url.origin().ascii_serialization();
    Some(format!("{origin}{WELL_KNOWN}oauth-protected-resource{path}{query}"))
}

/// Reads a document. `issuer` in it must equal the one asked for, exactly (RFC 8414 section 3.3); a
/// difference of a final slash only is named as such in the error. Asked for by the address of the metadata itself, the
/// document's issuer must be one whose metadata is there.
///
/// # Errors
/// In words.
pub fn read(issuer: &str, document: &[u8]) -> Result<Metadata, String> {
    let map = object(document)?;
    let stated = map.get("issuer").and_then(Json::as_str).ok_or("the metadata names no `issuer`")?;
    check_issuer(issuer.trim(), stated)?;
    let address = |key: &str| map.get(key).and_then(address).unwrap_or_default();
    let flag = |key: &str| map.get(key).and_then(Json::as_bool).unwrap_or(false);
    let aliases = map.get("mtls_endpoint_aliases").and_then(Json::as_object);
    let aliases = aliases.into_iter().flatten().filter_map(|(n, v)| Some((n.clone(), self::address(v)?)));
    Ok(Metadata {
        issuer: stated.to_owned(),
        authorization_url: address("authorization_endpoint"),
        token_url: address("token_endpoint"),
        device_authorization_url: address("device_authorization_endpoint"),
        par_url: address("pushed_authorization_request_endpoint"),
        revocation_url: address("revocation_endpoint"),
        introspection_url: address("introspection_endpoint"),
        userinfo_url: address("userinfo_endpoint"),
        jwks_url: address("jwks_uri"),
        mtls_aliases: aliases.collect(),
        grants: map.get("grant_types_supported").and_then(words),
        client_auth: map.get("token_endpoint_auth_methods_supported").and_then(words),
        scopes: map.get("scopes_supported").and_then(words),
        challenge_methods: map.get("code_challenge_methods_supported").and_then(words),
        dpop_algorithms: map.get("dpop_signing_alg_values_supported").and_then(words),
        iss_in_response: flag("authorization_response_iss_parameter_supported"),
        par_required: flag("require_pushed_authorization_requests"),
        document: map,
    })
}

fn check_issuer(asked: &str, stated: &str) -> Result<(), String> {
    let shown = clean(stated);
    if asked.contains(WELL_KNOWN) {
        return if places(stated).iter().any(|place| place == asked) {
            Ok(())
        } else {
            Err(format!("the metadata at `{}` is of `{shown}`, which does not keep it there", clean(asked)))
        };
    }
    if asked == stated {
        return Ok(());
    }
    let asked_shown = clean(asked);
    if asked.trim_end_matches('/') == stated.trim_end_matches('/') {
        return Err(format!(
            "the issuer is `{shown}`, not `{asked_shown}`: they differ by the slash at the end; write it as the server does"
        ));
    }
    if stated.contains('{') {
        return Err(format!(
            "the metadata is a template for many issuers (`{shown}`): ask for your tenant's own"
        ));
    }
    Err(format!("the metadata is of the issuer `{shown}`, not of `{asked_shown}`: nothing was taken from it"))
}

fn object(document: &[u8]) -> Result<Map<String, Json>, String> {
    let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    let map = match serde_json::from_slice(document) {
        Ok(Json::Object(map)) => map,
        Ok(_) => return Err("the metadata is no JSON object".to_owned()),
        Err(_) if document.trim_ascii_start().starts_with(b"<") => {
            return Err("the metadata is a page (HTML or XML), no JSON".to_owned());
        }
        Err(_) => return Err("the metadata is no JSON".to_owned()),
    };
    match doubled(document) {
        Some(name) => Err(format!("the metadata states `{}` twice", clean(&name))),
        None => Ok(map),
    }
}

/// A URL that a request may go to.
fn web(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let open = url.username().is_empty() && url.password().is_none();
    (matches!(url.scheme(), "http" | "https") && url.has_host() && open).then_some(url)
}

/// As the document spells it; nothing for other schemes, credentials, controls.
fn address(value: &Json) -> Option<String> {
    let text = value.as_str()?;
    (web(text).is_some() && clean(text) == text).then(|| text.to_owned())
}

fn words(value: &Json) -> Option<Vec<String>> {
    Some(value.as_array()?.iter().filter_map(Json::as_str).map(clean).collect())
}

/// RFC 9728 section 3.2.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResourceMetadata {
    /// `resource`.
    pub resource: String,
    /// `authorization_servers`, issuers.
    pub authorization_servers: Vec<String>,
    /// `scopes_supported`.
    pub scopes: Vec<String>,
    /// `bearer_methods_supported`.
    pub bearer_methods: Vec<String>,
    /// `dpop_bound_access_tokens_required`.
    pub dpop_required: bool,
    /// `tls_client_certificate_bound_access_tokens`.
    pub mtls_bound: bool,
}

/// Reads a protected resource's document; `resource` must be the one asked for, or an ancestor of its URL.
///
/// # Errors
/// In words.
pub fn read_resource(asked: &str, document: &[u8]) -> Result<ResourceMetadata, String> {
    let map = object(document)?;
    let resource = map.get("resource").and_then(Json::as_str).ok_or("the metadata names no `resource`")?;
    if !covers(resource, asked.trim()) {
        return Err(format!(
            "the metadata is of the resource `{}`, not of `{}`: nothing was taken from it",
            clean(resource),
            clean(asked)
        ));
    }
    let list = |key: &str| map.get(key).and_then(Json::as_array).into_iter().flatten();
    let texts = |key: &str| map.get(key).and_then(words).unwrap_or_default();
    let flag = |key: &str| map.get(key).and_then(Json::as_bool).unwrap_or(false);
    Ok(ResourceMetadata {
        resource: resource.to_owned(),
        authorization_servers: list("authorization_servers").filter_map(address).collect(),
        scopes: texts("scopes_supported"),
        bearer_methods: texts("bearer_methods_supported"),
        dpop_required: flag("dpop_bound_access_tokens_required"),
        mtls_bound: flag("tls_client_certificate_bound_access_tokens"),
    })
}

/// True when the resource is the URL, or stands above it at the same origin.
fn covers(resource: &str, asked: &str) -> bool {
    let (Some(resource), Some(asked)) = (web(resource), web(asked)) else { return false };
    let above = resource.path().trim_end_matches('/');
    let below = asked.path().strip_prefix(above);
    resource.origin() == asked.origin() && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
#[path = "metadata_tests.rs"]
mod tests;
