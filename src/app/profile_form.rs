//! An OAuth profile as a form: the keys that matter for its grant, each with what it says now and a
//! line of explanation.

use crate::model::profile::{ClientAuth, Grant, OauthProfile};
use crate::model::value::{SecretRef, Value};
use indexmap::IndexMap;

/// How a key is edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// One text with variables.
    Text,
    /// Words with blanks between.
    Words,
    /// Yes or no.
    Flag,
    /// One of the grants.
    Grant,
    /// One of the ways a client authenticates.
    ClientAuth,
    /// A secret: the vault keeps it.
    Secret,
    /// Parameters, `name=value&name=value`.
    Parameters,
    /// A JSON object.
    Object,
}

/// A line of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The key as the file has it: `extra.token`.
    pub key: &'static str,
    /// What it says now; a literal secret only as a mask.
    pub value: String,
    /// What it is for.
    pub help: &'static str,
    /// How it is edited.
    pub kind: FieldKind,
}

/// The lines for a profile, the important ones first.
pub fn fields(p: &OauthProfile) -> Vec<Field> {
    use FieldKind as K;
    let mut all: Vec<Field> = Vec::new();
    let mut add = |wanted: bool, key: &'static str, kind: FieldKind, help: &'static str| {
        if wanted {
            all.push(Field { key, value: shown(p, key), help, kind });
        }
    };
    let by_person = matches!(p.grant, Grant::AuthorizationCode | Grant::DeviceCode);
    let secret = matches!(
        p.client_auth,
        ClientAuth::Basic | ClientAuth::BasicRaw | ClientAuth::Body | ClientAuth::ClientSecretJwt
    );
    let asserts = matches!(p.client_auth, ClientAuth::ClientSecretJwt | ClientAuth::PrivateKeyJwt);
    let bearer = matches!(p.grant, Grant::JwtBearer | Grant::Saml2Bearer);
    let exchange = p.grant == Grant::TokenExchange;
    add(true, "grant", K::Grant, "how a token is got; : grants explains them");
    add(p.grant == Grant::Custom, "grant_type", K::Text, "the grant's name on the wire");
    add(true, "issuer", K::Text, "whose metadata fills the URLs that are left out; : discover reads it");
    add(true, "token_url", K::Text, "the token endpoint");
    add(
        p.grant == Grant::AuthorizationCode,
        "authorization_url",
        K::Text,
        "where the browser goes to log in",
    );
    add(
        p.grant == Grant::DeviceCode,
        "device_authorization_url",
        K::Text,
        "where a device code is asked for",
    );
    add(true, "client_id", K::Text, "the client's identifier");
    add(true, "client_auth", K::ClientAuth, "how the client proves who it is at the token endpoint");
    add(secret, "client_secret", K::Secret, "the client's secret");
    add(
        p.client_auth == ClientAuth::PrivateKeyJwt || p.jar,
        "key",
        K::Secret,
        "PEM or JWK that signs: the client's assertion, a request object",
    );
    add(asserts, "key_id", K::Text, "kid of the client assertion's header");
    add(asserts, "algorithm", K::Text, "of the client assertion; empty: what the key is for");
    add(asserts, "assertion_audience", K::Text, "aud of the client assertion: issuer, token_url or a text");
    let tls = p.client_auth == ClientAuth::Tls;
    add(tls, "certificate", K::Text, "the client's certificate: a PEM file in the workspace");
    add(tls, "tls_key", K::Secret, "its private key; empty: it stands with the certificate");
    add(p.grant == Grant::Password, "username", K::Text, "whose password it is");
    add(p.grant == Grant::Password, "password", K::Secret, "the password");
    add(bearer, "assertion.given", K::Secret, "a ready-made assertion; empty: one is built of the claims");
    let builds = p.grant == Grant::JwtBearer;
    add(
        builds,
        "assertion.claims",
        K::Object,
        "claims to sign; iss sub aud iat exp jti are filled where absent",
    );
    add(builds, "assertion.key", K::Secret, "PEM or JWK that signs the assertion; empty: the profile's key");
    add(builds, "assertion.key_id", K::Text, "kid of the assertion's header");
    add(builds, "assertion.algorithm", K::Text, "of the assertion; empty: what the key is for");
    add(builds, "assertion.lifetime", K::Text, "seconds between iat and exp; 0: 300");
    add(exchange, "exchange.subject_token", K::Secret, "the token of the one acted for");
    add(exchange, "exchange.subject_token_type", K::Text, "access_token, id_token, jwt, saml2 … or a URN");
    add(exchange, "exchange.actor_token", K::Secret, "the token of the one acting; empty: none");
    add(exchange, "exchange.actor_token_type", K::Text, "its type");
    add(exchange, "exchange.requested_token_type", K::Text, "what is asked for; empty: the server's choice");
    add(true, "scope", K::Words, "what is asked for, with blanks between");
    add(true, "audience", K::Text, "for which API (Auth0, token exchange)");
    add(true, "resource", K::Words, "for which resources, RFC 8707");
    let code = p.grant == Grant::AuthorizationCode;
    add(code, "redirect_uri", K::Text, "empty: this machine, a free port");
    add(code, "par", K::Flag, "authorization parameters are pushed first, RFC 9126");
    add(code && p.par, "par_url", K::Text, "where they are pushed");
    add(code, "jar", K::Flag, "they go as a signed request object, RFC 9101");
    add(true, "dpop", K::Flag, "tokens are bound to a key of this program, RFC 9449");
    add(true, "use_id_token", K::Flag, "the API gets the ID token in place of the access token");
    add(true, "token_in", K::Flag, "header, or query (which others may read: logs, history)");
    add(true, "identity", K::Text, "who the token speaks for; empty: the user name, else the client");
    add(true, "revocation_url", K::Text, "where a token is revoked, RFC 7009");
    add(true, "introspection_url", K::Text, "where a token is asked about, RFC 7662");
    add(true, "userinfo_url", K::Text, "where it says whom the token speaks for");
    add(true, "jwks_url", K::Text, "keys that tokens are verified with");
    add(by_person, "extra.authorization", K::Parameters, "further parameters of the login");
    add(true, "extra.token", K::Parameters, "further parameters of the token request");
    add(true, "extra.refresh", K::Parameters, "further parameters of a refresh");
    all
}

/// What a key says, for the screen.
fn shown(p: &OauthProfile, key: &str) -> String {
    match key {
        "grant" => p.grant.key().to_owned(),
        "client_auth" => p.client_auth.key().to_owned(),
        "token_in" => if p.token_in_query { "query" } else { "header" }.to_owned(),
        "dpop" => yes(p.dpop),
        "par" => yes(p.par),
        "jar" => yes(p.jar),
        "use_id_token" => yes(p.use_id_token),
        "scope" => p.scope.join(" "),
        "resource" => p.resource.join(" "),
        "extra.authorization" => parameters(&p.extra_authorization),
        "extra.token" => parameters(&p.extra_token),
        "extra.refresh" => parameters(&p.extra_refresh),
        "assertion.claims" if p.assertion.claims.is_empty() => String::new(),
        "assertion.claims" => serde_json::Value::Object(p.assertion.claims.clone()).to_string(),
        "assertion.lifetime" if p.assertion.lifetime == 0 => String::new(),
        "assertion.lifetime" => p.assertion.lifetime.to_string(),
        // A file's name, as a rule; a chain is public anyway.
        "certificate" => p.certificate.as_text().map_or_else(|| "reference".to_owned(), str::to_owned),
        _ => {
            let mut copy = p.clone();
            match (text_of(&mut copy, key), secret(p, key)) {
                (Some(text), _) => text.clone(),
                (None, Some(Value::Secret(reference))) => format!("••• {}", reference.describe()),
                // A literal stands in the file, where it should not: it is not shown all the same.
                (None, Some(Value::Text(text))) if text.is_empty() || text.contains("{{") => text.clone(),
                (None, Some(Value::Text(_))) => "••• (in the file: Enter puts it into the vault)".to_owned(),
                (None, None) => String::new(),
            }
        }
    }
}

fn yes(flag: bool) -> String {
    if flag { "yes" } else { "no" }.to_owned()
}

/// The text behind a key of one text.
fn text_of<'p>(p: &'p mut OauthProfile, key: &str) -> Option<&'p mut String> {
    Some(match key {
        "grant_type" => &mut p.grant_type,
        "issuer" => &mut p.issuer,
        "token_url" => &mut p.token_url,
        "authorization_url" => &mut p.authorization_url,
        "device_authorization_url" => &mut p.device_authorization_url,
        "par_url" => &mut p.par_url,
        "revocation_url" => &mut p.revocation_url,
        "introspection_url" => &mut p.introspection_url,
        "userinfo_url" => &mut p.userinfo_url,
        "jwks_url" => &mut p.jwks_url,
        "client_id" => &mut p.client_id,
        "key_id" => &mut p.key_id,
        "algorithm" => &mut p.algorithm,
        "assertion_audience" => &mut p.assertion_audience,
        "username" => &mut p.username,
        "audience" => &mut p.audience,
        "redirect_uri" => &mut p.redirect_uri,
        "identity" => &mut p.identity,
        "assertion.key_id" => &mut p.assertion.key_id,
        "assertion.algorithm" => &mut p.assertion.algorithm,
        "exchange.subject_token_type" => &mut p.exchange.subject_token_type,
        "exchange.actor_token_type" => &mut p.exchange.actor_token_type,
        "exchange.requested_token_type" => &mut p.exchange.requested_token_type,
        _ => return None,
    })
}

/// The value behind a key that may hold a secret (and the certificate, which may be a text).
pub fn secret<'p>(p: &'p OauthProfile, key: &str) -> Option<&'p Value> {
    Some(match key {
        "client_secret" => &p.client_secret,
        "key" => &p.key,
        "certificate" => &p.certificate,
        "tls_key" => &p.tls_key,
        "password" => &p.password,
        "assertion.given" => &p.assertion.given,
        "assertion.key" => &p.assertion.key,
        "exchange.subject_token" => &p.exchange.subject_token,
        "exchange.actor_token" => &p.exchange.actor_token,
        _ => return None,
    })
}

/// Sets a key that may hold a secret.
pub fn set_value(p: &mut OauthProfile, key: &str, value: Value) {
    let place = match key {
        "client_secret" => &mut p.client_secret,
        "key" => &mut p.key,
        "certificate" => &mut p.certificate,
        "tls_key" => &mut p.tls_key,
        "password" => &mut p.password,
        "assertion.given" => &mut p.assertion.given,
        "assertion.key" => &mut p.assertion.key,
        "exchange.subject_token" => &mut p.exchange.subject_token,
        "exchange.actor_token" => &mut p.exchange.actor_token,
        _ => return,
    };
    *place = value;
}

/// The variable that a secret of a key is kept under: the one the profile names, else one after the key.
pub fn variable(p: &OauthProfile, key: &str) -> String {
    let named = secret(p, key).and_then(Value::as_text).and_then(|text| {
        let name = text.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim();
        let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
        plain.then(|| name.to_owned())
    });
    named.unwrap_or_else(|| match key {
        "key" => "private_key".to_owned(),
        key => key.replace("exchange.", "").replace('.', "_"),
    })
}

/// What a typed answer to a secret means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretAnswer {
    /// The profile says this: a variable, a reference, or nothing.
    Says(Value),
    /// A literal: it goes into the vault.
    Keep(String),
}

/// Reads it: `@FILE`, `$NAME`, `{{name}}`, nothing, or the secret itself. A PEM text that lost its
/// line ends on the way through one line gets them back.
pub fn read_secret(text: &str) -> SecretAnswer {
    let text = text.trim();
    if text.is_empty() || text.starts_with("{{") && text.ends_with("}}") {
        return SecretAnswer::Says(Value::from(text));
    }
    if let Some(file) = text.strip_prefix('@').filter(|f| !f.is_empty()) {
        return SecretAnswer::Says(Value::Secret(SecretRef::File(file.to_owned())));
    }
    let name = text.strip_prefix('$').filter(|n| !n.is_empty());
    if let Some(name) = name.filter(|n| n.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')) {
        return SecretAnswer::Says(Value::Secret(SecretRef::Env(name.to_owned())));
    }
    SecretAnswer::Keep(pem_lines(text))
}

fn pem_lines(text: &str) -> String {
    if !text.starts_with("-----BEGIN ") || text.contains('\n') {
        return text.to_owned();
    }
    let mut out = String::new();
    for (at, part) in text.split("-----").enumerate() {
        match at % 4 {
            1 | 3 => out.push_str(&format!("-----{part}-----\n")),
            2 => part.split_whitespace().for_each(|line| out.push_str(&format!("{line}\n"))),
            _ => {}
        }
    }
    out
}

fn parameters(map: &IndexMap<String, String>) -> String {
    map.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn read_parameters(text: &str) -> Result<IndexMap<String, String>, String> {
    let parts = text.split('&').map(str::trim).filter(|p| !p.is_empty());
    parts
        .map(|part| match part.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => {
                Ok((name.trim().to_owned(), value.trim().to_owned()))
            }
            _ => Err(format!("`{part}` is not name=value")),
        })
        .collect()
}

/// Sets a key from what was typed.
///
/// # Errors
/// Why it cannot be taken, in words.
pub fn set(p: &mut OauthProfile, key: &str, text: &str) -> Result<(), String> {
    let text = text.trim();
    let words = || text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    match key {
        "grant" => p.grant = Grant::from_key(text).ok_or("there is no such grant")?,
        "client_auth" => p.client_auth = ClientAuth::from_key(text).ok_or("there is no such method")?,
        "scope" => p.scope = words(),
        "resource" => p.resource = words(),
        "extra.authorization" => p.extra_authorization = read_parameters(text)?,
        "extra.token" => p.extra_token = read_parameters(text)?,
        "extra.refresh" => p.extra_refresh = read_parameters(text)?,
        "assertion.claims" => {
            p.assertion.claims = match text {
                "" => serde_json::Map::new(),
                text => serde_json::from_str(text)
                    .map_err(|e| format!("not a JSON object: {e}; {{\"sub\": \"{{{{user}}}}\"}}"))?,
            }
        }
        "assertion.lifetime" => {
            p.assertion.lifetime = match text {
                "" => 0,
                text => text.parse().map_err(|_| "a number of seconds")?,
            }
        }
        "certificate" => p.certificate = Value::from(text),
        key => match text_of(p, key) {
            Some(place) => text.clone_into(place),
            None => return Err("this key is edited otherwise".to_owned()),
        },
    }
    Ok(())
}

/// Turns a yes into a no; the place of the token from header to query.
pub fn toggle(p: &mut OauthProfile, key: &str) {
    let flag = match key {
        "dpop" => &mut p.dpop,
        "par" => &mut p.par,
        "jar" => &mut p.jar,
        "use_id_token" => &mut p.use_id_token,
        "token_in" => &mut p.token_in_query,
        _ => return,
    };
    *flag = !*flag;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_that_is_typed_can_be_set_and_then_says_so() {
        for grant in Grant::ALL {
            for client_auth in ClientAuth::ALL {
                let base =
                    OauthProfile { grant, client_auth, par: true, jar: true, ..OauthProfile::default() };
                for field in fields(&base) {
                    let mut p = base.clone();
                    let text = match field.kind {
                        FieldKind::Text if field.key == "assertion.lifetime" => "60",
                        FieldKind::Text => "{{x}}",
                        FieldKind::Words => "a b",
                        FieldKind::Parameters => "a=1&b=2",
                        FieldKind::Object => "{\"sub\":\"x\"}",
                        FieldKind::Flag => {
                            toggle(&mut p, field.key);
                            assert_ne!(p, base, "{}", field.key);
                            continue;
                        }
                        FieldKind::Secret => {
                            set_value(&mut p, field.key, Value::Secret(SecretRef::Env("X".into())));
                            assert_eq!(shown(&p, field.key), "••• $X", "{}", field.key);
                            continue;
                        }
                        FieldKind::Grant | FieldKind::ClientAuth => continue,
                    };
                    set(&mut p, field.key, text).unwrap();
                    assert_eq!(shown(&p, field.key), text, "{}", field.key);
                }
            }
        }
    }

    #[test]
    fn only_what_matters_for_the_grant_is_there() {
        let keys = |p: &OauthProfile| fields(p).into_iter().map(|f| f.key).collect::<Vec<_>>();
        let machine = OauthProfile::default();
        assert!(!keys(&machine).contains(&"redirect_uri") && keys(&machine).contains(&"client_secret"));
        let person = OauthProfile {
            grant: Grant::AuthorizationCode,
            client_auth: ClientAuth::None,
            ..OauthProfile::default()
        };
        assert!(keys(&person).contains(&"redirect_uri") && !keys(&person).contains(&"client_secret"));
    }

    #[test]
    fn a_literal_secret_is_not_shown() {
        let p = OauthProfile { client_secret: "hunter2hunter2".into(), ..OauthProfile::default() };
        let all = fields(&p);
        assert!(all.iter().all(|f| !f.value.contains("hunter2")));
    }

    #[test]
    fn a_secret_is_kept_or_referred_to() {
        assert_eq!(read_secret("s3cret"), SecretAnswer::Keep("s3cret".into()));
        assert_eq!(read_secret("{{pw}}"), SecretAnswer::Says("{{pw}}".into()));
        assert_eq!(
            read_secret("@key.pem"),
            SecretAnswer::Says(Value::Secret(SecretRef::File("key.pem".into())))
        );
        assert_eq!(read_secret("$PW"), SecretAnswer::Says(Value::Secret(SecretRef::Env("PW".into()))));
        assert_eq!(read_secret("$pa$$word"), SecretAnswer::Keep("$pa$$word".into()));
        assert_eq!(read_secret(" "), SecretAnswer::Says("".into()));
    }

    #[test]
    fn a_pasted_pem_gets_its_lines_back() {
        let one = "-----BEGIN PRIVATE KEY----- QUJD REVG -----END PRIVATE KEY-----";
        let SecretAnswer::Keep(text) = read_secret(one) else { panic!("not kept") };
        assert_eq!(text, "-----BEGIN PRIVATE KEY-----\nQUJD\nREVG\n-----END PRIVATE KEY-----\n");
        let two = format!("{one} {one}");
        let SecretAnswer::Keep(chain) = read_secret(&two) else { panic!("not kept") };
        assert_eq!(chain, format!("{text}{text}"));
    }

    #[test]
    fn the_vault_keeps_a_secret_under_the_variable_that_the_profile_names() {
        let mut p = OauthProfile { client_secret: "{{ acme_secret }}".into(), ..OauthProfile::default() };
        assert_eq!(variable(&p, "client_secret"), "acme_secret");
        p.client_secret = "literal".into();
        assert_eq!(variable(&p, "client_secret"), "client_secret");
        assert_eq!(variable(&p, "key"), "private_key");
        assert_eq!(variable(&p, "exchange.subject_token"), "subject_token");
    }

    #[test]
    fn what_cannot_be_read_is_told_and_changes_nothing() {
        let mut p = OauthProfile::default();
        let before = p.clone();
        for (key, text) in
            [("extra.token", "novalue"), ("assertion.claims", "[1]"), ("assertion.lifetime", "x")]
        {
            assert!(set(&mut p, key, text).is_err(), "{key}");
        }
        assert_eq!(p, before);
    }
}
