//! A form sent to an authorization server by POST, with the client's authentication: what the token, PAR,
//! device authorization, revocation and introspection endpoints have in common.

use super::assertion;
use super::dpop::{self, Dpop};
use super::request::{JWT_GRANT, SAML_GRANT, TOKEN_EXCHANGE};
use crate::jwt::sign::SigningKey;
use crate::model::exchange::Header;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::profile::ClientAuth;
use crate::model::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::Map;
use std::sync::Arc;
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

/// `client_assertion_type` of RFC 7523 section 2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Life of a client assertion in seconds: it is used at once.
const ASSERTION_LIFE: u64 = 300;

/// The client, variables resolved.
#[derive(Debug, Clone)]
pub struct Client {
    /// Client identifier.
    pub id: String,
    /// Client secret, where the method needs one.
    pub secret: Option<Secret>,
    /// How it proves who it is.
    pub auth: ClientAuth,
    /// Key of `private_key_jwt`.
    pub key: Option<Arc<SigningKey>>,
    /// `kid` of the client assertion; empty: the key's own.
    pub key_id: String,
    /// Algorithm of `client_secret_jwt`; empty: HS256.
    pub algorithm: String,
    /// `aud` of the client assertion, resolved (a URL); empty: the endpoint asked.
    pub assertion_audience: String,
}

impl Client {
    /// A public client: nothing but its id.
    pub fn public(id: impl Into<String>) -> Client {
        Client {
            id: id.into(),
            secret: None,
            auth: ClientAuth::None,
            key: None,
            key_id: String::new(),
            algorithm: String::new(),
            assertion_audience: String::new(),
        }
    }
}

/// What a pure builder cannot know.
#[derive(Debug, Clone)]
pub struct Moment {
    /// Now, by the server's clock where its offset is known.
    pub now: Timestamp,
    /// Fresh random bytes: `jti` of whatever is signed.
    pub random: [u8; 32],
}

impl Moment {
    /// A `jti` (128 bit, base64url). Another one for each use, so that two JWTs of one request never share it.
    pub fn jti(&self, used_for: &str) -> String {
        let mut seed = used_for.as_bytes().to_vec();
        seed.extend_from_slice(&self.random);
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &seed);
        URL_SAFE_NO_PAD.encode(&digest.as_ref()[..16])
    }
}

/// A form for an endpoint.
#[derive(Debug, Clone)]
pub struct FormAsk<'a> {
    /// Endpoint.
    pub url: String,
    /// Who asks.
    pub client: &'a Client,
    /// Parameters in order, secrets among them; those without a value are left out (RFC 6749 section 3.2).
    pub fields: Vec<(String, Secret)>,
    /// Adds a `DPoP` header.
    pub dpop: Option<&'a Dpop>,
}

/// A form ready to be sent by POST.
#[derive(Clone)]
pub struct FormRequest {
    /// Endpoint.
    pub url: String,
    /// Headers in order; `Authorization` is sensitive.
    pub headers: Vec<Header>,
    /// The form. Holds the secret when the client authenticates in the body.
    pub body: Zeroizing<String>,
    /// Every secret text that is in it and was made here (assertions, the Basic pair), for the redactor.
    pub made: Vec<Secret>,
}

impl FormAsk<'_> {
    /// Builds it. Never two client authentications: a field named as one is dropped, save with `none`, where it is the only one,
    /// and `client_id` beside Basic, where it is no authentication. No parameter is repeated (the last one counts) save `resource`
    /// and, in a token exchange, `audience`.
    ///
    /// # Errors
    /// Names the profile's field that is missing (client id, secret, key) and the file to set it in.
    pub fn build(&self, profile_name: &str, moment: &Moment) -> Result<FormRequest, Problem> {
        let mut made = Vec::new();
        let proof = self.authenticate(profile_name, moment, &mut made)?;
        let exchange = self.fields.iter().any(|(n, v)| n == "grant_type" && v.expose() == TOKEN_EXCHANGE);
        let mut rows: Vec<(&str, &str)> = Vec::new();
        for (name, value) in &self.fields {
            let (name, value) = (name.as_str(), value.expose());
            if name.is_empty() || value.is_empty() || !self.may_carry(name, &proof) {
                continue;
            }
            let repeats = name == "resource" || name == "audience" && exchange;
            match rows.iter_mut().find(|(known, _)| *known == name) {
                Some(row) if !repeats => row.1 = value,
                _ => rows.push((name, value)),
            }
        }
        // `grant_type` stays in front, where a reader looks for it.
        let at = usize::from(rows.first().is_some_and(|(name, _)| *name == "grant_type"));
        let own = proof.rows.iter().map(|(name, value)| (*name, value.expose()));
        rows.splice(at..at, own);
        let mut headers = vec![
            Header::new("Accept", "application/json"),
            Header::new("Content-Type", "application/x-www-form-urlencoded"),
        ];
        headers.extend(proof.header);
        if let Some(key) = self.dpop {
            let proof = dpop::proof(key, "POST", &self.url, None, moment.now, &moment.random)
                .map_err(|why| cannot_sign(profile_name, "the DPoP proof", &why))?;
            headers.push(Header::new("DPoP", proof.expose()));
        }
        Ok(FormRequest { url: self.url.clone(), headers, body: encode(&rows), made })
    }

    /// True where an assertion or token is the whole request: RFC 7521 section 4.1 and RFC 8693 section 2.1 leave the client optional.
    fn speaks_for_itself(&self) -> bool {
        let grants = [JWT_GRANT, SAML_GRANT, TOKEN_EXCHANGE];
        self.fields.iter().any(|(name, value)| name == "grant_type" && grants.contains(&value.expose()))
    }

    /// False for what would be a second client authentication.
    fn may_carry(&self, name: &str, proof: &Proof) -> bool {
        match name {
            "client_id" => proof.header.is_some(),
            "client_secret" | "client_assertion" | "client_assertion_type" => {
                self.client.auth == ClientAuth::None
            }
            _ => true,
        }
    }

    fn authenticate(
        &self,
        profile_name: &str,
        moment: &Moment,
        made: &mut Vec<Secret>,
    ) -> Result<Proof, Problem> {
        let client = self.client;
        if client.id.is_empty() && client.auth == ClientAuth::None && self.speaks_for_itself() {
            return Ok(Proof::default());
        }
        if client.id.is_empty() {
            return Err(missing(
                profile_name,
                "it has no client id",
                format!("set `client_id` in auth/{profile_name}.toml, or the variable it names"),
            ));
        }
        let secret = || {
            client.secret.as_ref().filter(|s| !s.is_empty()).ok_or_else(|| {
                missing(
                    profile_name,
                    format!("it has no client secret, and `client_auth = \"{}\"` needs one", client.auth.key()),
                    format!(
                        "give `client_secret` in auth/{profile_name}.toml a value, or set `client_auth = \"none\"` if the client is public"
                    ),
                )
            })
        };
        let mut proof = Proof::default();
        let id = Secret::new(client.id.as_str());
        match client.auth {
            ClientAuth::None | ClientAuth::Tls => proof.rows.push(("client_id", id)),
            ClientAuth::Body => {
                let secret = secret()?.clone();
                proof.rows.extend([("client_id", id), ("client_secret", secret)]);
            }
            ClientAuth::Basic => {
                proof.header = Some(basic(&form_encode(&client.id), &form_encode(secret()?.expose()), made));
            }
            ClientAuth::BasicRaw => proof.header = Some(basic(&client.id, secret()?.expose(), made)),
            ClientAuth::ClientSecretJwt => {
                let key = SigningKey::from_secret(secret()?.expose().as_bytes(), &client.algorithm)
                    .map_err(|why| cannot_sign(profile_name, "the client assertion", &why))?;
                self.assert(profile_name, &key, moment, made, &mut proof)?;
            }
            ClientAuth::PrivateKeyJwt => {
                let key = client.key.as_ref().ok_or_else(|| {
                    missing(
                        profile_name,
                        "it has no private key, and `client_auth = \"private_key_jwt\"` needs one",
                        format!(
                            "set `key` in auth/{profile_name}.toml to the name of a PEM or JWK file, or to a variable that holds one"
                        ),
                    )
                })?;
                self.assert(profile_name, key, moment, made, &mut proof)?;
            }
        }
        Ok(proof)
    }

    /// RFC 7523 section 2.2: `iss` and `sub` are the client id.
    fn assert(
        &self,
        profile_name: &str,
        key: &SigningKey,
        moment: &Moment,
        made: &mut Vec<Secret>,
        proof: &mut Proof,
    ) -> Result<(), Problem> {
        let id = &self.client.id;
        let audience = match self.client.assertion_audience.as_str() {
            "" => &self.url,
            stated => stated,
        };
        let mut own = Map::new();
        own.insert("jti".to_owned(), moment.jti("client").into());
        let claims = assertion::claims(&own, id, id, audience, ASSERTION_LIFE, moment);
        let jwt = assertion::signed(&claims, &[], key, &self.client.key_id)
            .map_err(|why| cannot_sign(profile_name, "the client assertion", &why))?;
        made.push(jwt.clone());
        proof.rows.extend([
            ("client_id", Secret::new(id.as_str())),
            ("client_assertion_type", Secret::new(JWT_BEARER)),
            ("client_assertion", jwt),
        ]);
        Ok(())
    }
}

/// How a client proves itself: in a header or in rows of the form.
#[derive(Default)]
struct Proof {
    header: Option<Header>,
    rows: Vec<(&'static str, Secret)>,
}

fn missing(profile_name: &str, why: impl Into<String>, next: String) -> Problem {
    let what = format!("cannot get a token with profile `{profile_name}`");
    Problem::new(ProblemKind::Unresolved, what, why, next)
}

fn cannot_sign(profile_name: &str, what: &str, why: &str) -> Problem {
    Problem::new(
        ProblemKind::Usage,
        format!("cannot sign {what} of profile `{profile_name}`"),
        why,
        format!("check `key`, `algorithm` and `client_secret` in auth/{profile_name}.toml"),
    )
}

/// The encoding of Basic credentials (RFC 6749 section 2.3.1). A blank is `%20`, which every decoder reads: some (Authlib)
/// undo percent-encoding alone and leave a `+` as it is.
fn form_encode(text: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(text.len() * 3));
    for piece in byte_serialize(text.as_bytes()) {
        out.push_str(if piece == "+" { "%20" } else { piece });
    }
    out
}

fn basic(id: &str, secret: &str, made: &mut Vec<Secret>) -> Header {
    let pair = Zeroizing::new(format!("{id}:{secret}"));
    let coded = STANDARD.encode(pair.as_bytes());
    made.push(Secret::new(coded.as_str()));
    Header::sensitive("Authorization", format!("Basic {coded}"))
}

fn encode(rows: &[(&str, &str)]) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::new());
    for (name, value) in rows {
        if !out.is_empty() {
            out.push('&');
        }
        out.extend(byte_serialize(name.as_bytes()));
        out.push('=');
        out.extend(byte_serialize(value.as_bytes()));
    }
    out
}

#[cfg(test)]
#[path = "form_tests.rs"]
mod tests;
