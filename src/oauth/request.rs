//! The token request (RFC 6749 section 3.2): a form, sent by POST.

use crate::model::exchange::Header;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::profile::{self, ClientAuth};
use crate::model::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

/// The client, variables resolved.
#[derive(Debug, Clone)]
pub struct Client {
    /// Client identifier.
    pub id: String,
    /// Client secret, where the method needs one.
    pub secret: Option<Secret>,
    /// How it proves who it is.
    pub auth: ClientAuth,
}

/// What a grant puts into the request: each grant is one constructor.
#[derive(Debug, Clone)]
pub struct Grant {
    /// `grant_type` on the wire.
    pub grant_type: String,
    /// Its own fields, in order; secrets among them (an assertion, a password).
    pub fields: Vec<(String, Secret)>,
}

impl Grant {
    /// RFC 6749 section 4.4.
    pub fn client_credentials() -> Grant {
        Grant { grant_type: "client_credentials".to_owned(), fields: Vec::new() }
    }

    /// The grant of a profile that needs nothing but the profile.
    ///
    /// # Errors
    /// Names a grant this version does not speak.
    pub fn of(kind: profile::Grant, profile_name: &str) -> Result<Grant, Problem> {
        match kind {
            profile::Grant::ClientCredentials => Ok(Grant::client_credentials()),
            later => Err(Problem::new(
                ProblemKind::Usage,
                format!("cannot get a token with profile `{profile_name}`"),
                format!("grant `{}` comes with a later version", later.key()),
                format!(
                    "set `grant = \"client_credentials\"` in auth/{profile_name}.toml, or paste a token as bearer auth"
                ),
            )),
        }
    }
}

/// Everything a token request is made of, variables resolved.
#[derive(Debug, Clone)]
pub struct TokenAsk {
    /// Token endpoint.
    pub token_url: String,
    /// Who asks.
    pub client: Client,
    /// With what.
    pub grant: Grant,
    /// Scopes.
    pub scope: Vec<String>,
    /// The `audience` parameter.
    pub audience: String,
    /// The `resource` parameters (RFC 8707), the only one that may repeat.
    pub resource: Vec<String>,
    /// Further parameters; one of the same name replaces ours.
    pub extra: Vec<(String, String)>,
}

/// A token request ready to be sent.
#[derive(Clone)]
pub struct TokenRequest {
    /// Token endpoint.
    pub url: String,
    /// Headers in order; `Authorization` is sensitive.
    pub headers: Vec<Header>,
    /// The form. Holds the secret when the client authenticates in the body.
    pub body: Zeroizing<String>,
}

impl TokenAsk {
    /// Builds the request. Parameters without a value are left out (RFC 6749 section 3.2), none is
    /// repeated save `resource`.
    ///
    /// # Errors
    /// No client id, no secret where the method needs one, or a method this version does not speak.
    pub fn build(&self, profile_name: &str) -> Result<TokenRequest, Problem> {
        let mut form = Form::default();
        form.put("grant_type", &self.grant.grant_type);
        let authorization = self.authenticate(profile_name, &mut form)?;
        for (name, value) in &self.grant.fields {
            form.put(name, value.expose());
        }
        form.put("scope", &self.scope.join(" "));
        form.put("audience", &self.audience);
        for resource in self.resource.iter().filter(|r| !r.is_empty()) {
            form.rows.push(("resource".to_owned(), Zeroizing::new(resource.clone())));
        }
        for (name, value) in self.extra.iter().filter(|(name, value)| !name.is_empty() && !value.is_empty()) {
            form.rows.retain(|(known, _)| known != name);
            form.put(name, value);
        }
        let mut headers = vec![
            Header::new("Accept", "application/json"),
            Header::new("Content-Type", "application/x-www-form-urlencoded"),
        ];
        headers.extend(authorization);
        Ok(TokenRequest { url: self.token_url.clone(), headers, body: form.encode() })
    }

    fn authenticate(&self, profile_name: &str, form: &mut Form) -> Result<Option<Header>, Problem> {
        let client = &self.client;
        if client.id.is_empty() {
            return Err(Problem::new(
                ProblemKind::Unresolved,
                format!("cannot get a token with profile `{profile_name}`"),
                "it has no client id",
                format!("set `client_id` in auth/{profile_name}.toml, or the variable it names"),
            ));
        }
        let secret = || {
            client.secret.as_ref().filter(|s| !s.is_empty()).ok_or_else(|| {
                Problem::new(
                    ProblemKind::Unresolved,
                    format!("cannot get a token with profile `{profile_name}`"),
                    format!("it has no client secret, and `client_auth = \"{}\"` needs one", client.auth.key()),
                    format!(
                        "give `client_secret` in auth/{profile_name}.toml a value, or set `client_auth = \"none\"` if the client is public"
                    ),
                )
            })
        };
        match client.auth {
            ClientAuth::None => {
                form.put("client_id", &client.id);
                Ok(None)
            }
            ClientAuth::Body => {
                let secret = secret()?;
                form.put("client_id", &client.id);
                form.put("client_secret", secret.expose());
                Ok(None)
            }
            ClientAuth::Basic => Ok(Some(basic(&form_encode(&client.id), &form_encode(secret()?.expose())))),
            ClientAuth::BasicRaw => Ok(Some(basic(&client.id, secret()?.expose()))),
            ClientAuth::ClientSecretJwt | ClientAuth::PrivateKeyJwt | ClientAuth::Tls => Err(Problem::new(
                ProblemKind::Usage,
                format!("cannot get a token with profile `{profile_name}`"),
                format!("client authentication `{}` comes with a later version", client.auth.key()),
                format!("set `client_auth` in auth/{profile_name}.toml to basic, body or none"),
            )),
        }
    }
}

fn form_encode(text: &str) -> Zeroizing<String> {
    Zeroizing::new(byte_serialize(text.as_bytes()).collect())
}

fn basic(id: &str, secret: &str) -> Header {
    let pair = Zeroizing::new(format!("{id}:{secret}"));
    Header::sensitive("Authorization", format!("Basic {}", STANDARD.encode(pair.as_bytes())))
}

#[derive(Default)]
struct Form {
    rows: Vec<(String, Zeroizing<String>)>,
}

impl Form {
    fn put(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.rows.push((name.to_owned(), Zeroizing::new(value.to_owned())));
        }
    }

    fn encode(&self) -> Zeroizing<String> {
        let mut out = Zeroizing::new(String::new());
        for (name, value) in &self.rows {
            if !out.is_empty() {
                out.push('&');
            }
            out.extend(byte_serialize(name.as_bytes()));
            out.push('=');
            out.extend(byte_serialize(value.as_bytes()));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::exchange::header;

    fn ask(auth: ClientAuth, id: &str, secret: &str) -> TokenAsk {
        TokenAsk {
            token_url: "https://h/token".into(),
            client: Client { id: id.into(), secret: Some(Secret::new(secret)), auth },
            grant: Grant::client_credentials(),
            scope: Vec::new(),
            audience: String::new(),
            resource: Vec::new(),
            extra: Vec::new(),
        }
    }

    fn authorization(request: &TokenRequest) -> Option<&str> {
        header(&request.headers, "authorization")
    }

    #[test]
    fn the_basic_header_is_that_of_the_rfc() {
        let r = ask(ClientAuth::Basic, "s6BhdRkqt3", "gX1fBat3bV").build("p").unwrap();
        assert_eq!(authorization(&r), Some("Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW"));
        assert_eq!(r.body.as_str(), "grant_type=client_credentials");
        assert!(r.headers.iter().any(|h| h.sensitive && h.name == "Authorization"));
        assert_eq!(header(&r.headers, "accept"), Some("application/json"));
    }

    #[test]
    fn basic_encodes_id_and_secret_as_a_form_first_and_basic_raw_does_not() {
        let encoded = ask(ClientAuth::Basic, "a:b", "c%d e").build("p").unwrap();
        let raw = ask(ClientAuth::BasicRaw, "ab", "c%d e").build("p").unwrap();
        let plain = |r: &TokenRequest| {
            let value = authorization(r).unwrap().strip_prefix("Basic ").unwrap();
            String::from_utf8(STANDARD.decode(value).unwrap()).unwrap()
        };
        assert_eq!((plain(&encoded).as_str(), plain(&raw).as_str()), ("a%3Ab:c%25d+e", "ab:c%d e"));
    }

    #[test]
    fn a_secret_in_the_body_is_nowhere_else() {
        let r = ask(ClientAuth::Body, "id", "s&=").build("p").unwrap();
        assert_eq!(r.body.as_str(), "grant_type=client_credentials&client_id=id&client_secret=s%26%3D");
        assert_eq!(authorization(&r), None);
        let r = ask(ClientAuth::None, "id", "").build("p").unwrap();
        assert_eq!(r.body.as_str(), "grant_type=client_credentials&client_id=id");
    }

    #[test]
    fn empty_parameters_are_left_out_and_only_resource_repeats() {
        let mut a = ask(ClientAuth::None, "id", "");
        a.scope = vec!["a".into(), "b c".into()];
        a.resource = vec!["https://x/".into(), String::new(), "https://y/".into()];
        a.extra = vec![
            ("scope".into(), "z".into()),
            ("empty".into(), String::new()),
            ("tenant".into(), "t".into()),
        ];
        assert_eq!(
            a.build("p").unwrap().body.as_str(),
            "grant_type=client_credentials&client_id=id&resource=https%3A%2F%2Fx%2F&resource=https%3A%2F%2Fy%2F&scope=z&tenant=t"
        );
    }

    #[test]
    fn what_is_missing_or_not_spoken_yet_is_said_with_the_profile() {
        let no_secret = ask(ClientAuth::Basic, "id", "").build("pega").err().unwrap();
        assert!(no_secret.kind == ProblemKind::Unresolved && no_secret.next.contains("auth/pega.toml"));
        assert!(ask(ClientAuth::Body, "", "x").build("pega").err().unwrap().why.contains("client id"));
        let later = ask(ClientAuth::PrivateKeyJwt, "id", "x").build("pega").err().unwrap();
        assert!(later.kind == ProblemKind::Usage && later.why.contains("private_key_jwt"));
        let grant = Grant::of(profile::Grant::DeviceCode, "pega").err().unwrap();
        assert_eq!(
            (grant.kind, grant.why.as_str()),
            (ProblemKind::Usage, "grant `device_code` comes with a later version")
        );
    }
}
