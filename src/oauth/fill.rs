//! What an issuer's metadata says about a profile: endpoints to fill in, and what does not fit.

use super::metadata::Metadata;
use crate::model::profile::{ClientAuth, Grant, OauthProfile};

/// One field that metadata filled or would fill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// Key of the profile: `token_url`.
    pub key: &'static str,
    /// Before; empty: nothing.
    pub before: String,
    /// From the metadata.
    pub value: String,
}

/// Fills a profile's empty URLs and tells which; with `replace` also those that differ, save where a variable stands. For mutual
/// TLS the aliases of RFC 8705 section 5 count. Other findings (the server does not offer the profile's grant, wants PAR …) come as words.
pub fn fill(profile: &mut OauthProfile, metadata: &Metadata, replace: bool) -> (Vec<Filled>, Vec<String>) {
    let mut filled = Vec::new();
    let mut notes = Vec::new();
    let alias = |name: &str, plain: &str| -> String {
        let aliases = metadata.mtls_aliases.iter().filter(|_| profile.client_auth == ClientAuth::Tls);
        let found = aliases.into_iter().find(|(known, _)| known == name).map(|(_, url)| url.as_str());
        found.unwrap_or(plain).to_owned()
    };
    let m = metadata;
    let token_url = alias("token_endpoint", &m.token_url);
    let device = alias("device_authorization_endpoint", &m.device_authorization_url);
    let par = alias("pushed_authorization_request_endpoint", &m.par_url);
    let revocation = alias("revocation_endpoint", &m.revocation_url);
    let introspection = alias("introspection_endpoint", &m.introspection_url);
    let userinfo = alias("userinfo_endpoint", &m.userinfo_url);
    let fields: [(&'static str, &mut String, String); 9] = [
        ("issuer", &mut profile.issuer, m.issuer.clone()),
        ("token_url", &mut profile.token_url, token_url),
        ("authorization_url", &mut profile.authorization_url, m.authorization_url.clone()),
        ("device_authorization_url", &mut profile.device_authorization_url, device),
        ("par_url", &mut profile.par_url, par),
        ("revocation_url", &mut profile.revocation_url, revocation),
        ("introspection_url", &mut profile.introspection_url, introspection),
        ("userinfo_url", &mut profile.userinfo_url, userinfo),
        ("jwks_url", &mut profile.jwks_url, m.jwks_url.clone()),
    ];
    for (key, field, value) in fields {
        if value.is_empty() || *field == value || !(replace || field.is_empty()) {
            continue;
        }
        if field.contains("{{") {
            notes.push(format!("`{key}` is `{field}` and stays; the issuer says `{value}`"));
            continue;
        }
        filled.push(Filled { key, before: std::mem::replace(field, value.clone()), value });
    }
    notes.extend(findings(profile, metadata));
    (filled, notes)
}

fn findings(profile: &OauthProfile, metadata: &Metadata) -> Vec<String> {
    let mut notes = Vec::new();
    let lacks = |list: &Option<Vec<String>>, any: &[&str]| {
        list.as_ref().is_some_and(|list| !any.iter().any(|one| list.iter().any(|known| known == one)))
    };
    if metadata.issuer.starts_with("http://") {
        notes.push(
            "the issuer is http, not https: whoever sits on the way can change what it says".to_owned(),
        );
    }
    if metadata.token_url.is_empty() {
        notes.push("the metadata names no usable token endpoint".to_owned());
    }
    if lacks(&metadata.grants, &[wire_name(profile)]) {
        notes.push(format!("the server does not list the grant `{}`", wire_name(profile)));
    }
    if profile.grant == Grant::DeviceCode && metadata.device_authorization_url.is_empty() {
        notes.push("the metadata names no device authorization endpoint".to_owned());
    }
    if lacks(&metadata.client_auth, registered(profile.client_auth)) {
        notes.push(format!(
            "the server does not list client authentication `{}`; it takes {}",
            profile.client_auth.key(),
            metadata.client_auth.as_ref().map(|list| list.join(", ")).unwrap_or_default()
        ));
    }
    let unknown: Vec<&str> =
        profile.scope.iter().map(String::as_str).filter(|s| lacks(&metadata.scopes, &[s])).collect();
    if !unknown.is_empty() {
        notes.push(format!(
            "the server does not list the scopes `{}` (it need not list all)",
            unknown.join("`, `")
        ));
    }
    let code = profile.grant == Grant::AuthorizationCode;
    if code && lacks(&metadata.challenge_methods, &["S256"]) {
        notes.push("the server does not list PKCE with S256; it is sent all the same".to_owned());
    }
    if code && metadata.par_required && !profile.par {
        notes.push("the server wants pushed authorization requests: set `par = true`".to_owned());
    }
    if profile.par && metadata.par_url.is_empty() && profile.par_url.is_empty() {
        notes.push("`par = true`, but the metadata names no endpoint for it".to_owned());
    }
    if profile.dpop && metadata.dpop_algorithms.is_none() {
        notes.push("the server does not say that it knows DPoP".to_owned());
    }
    notes
}

/// `grant_type` of a profile on the wire.
pub fn wire_name(profile: &OauthProfile) -> &str {
    match profile.grant {
        Grant::ClientCredentials => "client_credentials",
        Grant::AuthorizationCode => "authorization_code",
        Grant::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
        Grant::Password => "password",
        Grant::JwtBearer => super::request::JWT_GRANT,
        Grant::Saml2Bearer => super::request::SAML_GRANT,
        Grant::TokenExchange => super::request::TOKEN_EXCHANGE,
        Grant::Custom => &profile.grant_type,
    }
}

/// The names of a method in metadata.
fn registered(method: ClientAuth) -> &'static [&'static str] {
    match method {
        ClientAuth::None => &["none"],
        ClientAuth::Basic | ClientAuth::BasicRaw => &["client_secret_basic"],
        ClientAuth::Body => &["client_secret_post"],
        ClientAuth::ClientSecretJwt => &["client_secret_jwt"],
        ClientAuth::PrivateKeyJwt => &["private_key_jwt"],
        ClientAuth::Tls => &["tls_client_auth", "self_signed_tls_client_auth"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata() -> Metadata {
        Metadata {
            issuer: "https://h".into(),
            token_url: "https://h/token".into(),
            jwks_url: "https://h/jwks".into(),
            mtls_aliases: vec![("token_endpoint".into(), "https://mtls.h/token".into())],
            ..Metadata::default()
        }
    }

    fn keys(filled: &[Filled]) -> Vec<&str> {
        filled.iter().map(|f| f.key).collect()
    }

    #[test]
    fn what_is_empty_is_filled_and_what_is_set_stays() {
        let mut profile = OauthProfile { jwks_url: "https://own/".into(), ..OauthProfile::default() };
        let (filled, notes) = fill(&mut profile, &metadata(), false);
        assert_eq!(keys(&filled), ["issuer", "token_url"]);
        assert_eq!(
            (profile.token_url.as_str(), profile.jwks_url.as_str()),
            ("https://h/token", "https://own/")
        );
        assert_eq!(notes, Vec::<String>::new());
        let (filled, _) = fill(&mut profile, &metadata(), true);
        assert_eq!(
            filled,
            [Filled { key: "jwks_url", before: "https://own/".into(), value: "https://h/jwks".into() }]
        );
    }

    #[test]
    fn a_variable_is_never_replaced_but_told() {
        let mut profile = OauthProfile { token_url: "{{token_url}}".into(), ..OauthProfile::default() };
        let (filled, notes) = fill(&mut profile, &metadata(), true);
        assert_eq!(
            (keys(&filled), profile.token_url.as_str()),
            (vec!["issuer", "jwks_url"], "{{token_url}}")
        );
        assert!(notes[0].contains("https://h/token"), "{notes:?}");
    }

    #[test]
    fn mutual_tls_takes_the_aliases() {
        let mut profile = OauthProfile { client_auth: ClientAuth::Tls, ..OauthProfile::default() };
        fill(&mut profile, &metadata(), false);
        assert_eq!(profile.token_url, "https://mtls.h/token");
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let one = |word: &str| Some(vec![word.to_owned()]);
        let hostile = Metadata {
            issuer: "http://h".into(),
            grants: one("password"),
            client_auth: one("none"),
            scopes: one("x"),
            challenge_methods: one("plain"),
            par_required: true,
            ..Metadata::default()
        };
        let mut profile = OauthProfile {
            grant: Grant::AuthorizationCode,
            scope: vec!["a".into()],
            dpop: true,
            ..OauthProfile::default()
        };
        let (_, notes) = fill(&mut profile, &hostile, false);
        for part in [
            "http, not",
            "token endpoint",
            "`authorization_code`",
            "it takes none",
            "`a`",
            "S256",
            "par = true",
            "DPoP",
        ] {
            assert!(notes.iter().any(|n| n.contains(part)), "{part}: {notes:?}");
        }
        assert_eq!(notes.len(), 8);
        let mut fitting =
            OauthProfile { grant: Grant::Password, client_auth: ClientAuth::None, ..OauthProfile::default() };
        assert_eq!(fill(&mut fitting, &hostile, false).1.len(), 2);
    }
}
