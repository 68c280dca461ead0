//! The token request (RFC 6749 section 3.2): a grant, its fields, and what is common to all of them.

use super::dpop::Dpop;
use super::form::{Client, FormAsk, FormRequest, Moment};
use crate::model::problem::Problem;
use crate::model::secret::Secret;

/// `grant_type` of RFC 8693.
pub(super) const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// `grant_type` of RFC 7523.
pub(super) const JWT_GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// `grant_type` of RFC 7522.
pub(super) const SAML_GRANT: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";

/// What a grant puts into the request: each grant is one constructor.
#[derive(Debug, Clone)]
pub struct Grant {
    /// `grant_type` on the wire.
    pub grant_type: String,
    /// Its own fields, in order; secrets among them (an assertion, a password).
    pub fields: Vec<(String, Secret)>,
    /// True when scope and audience are asked for in this request. What a code or a refresh token may do was settled when it was
    /// given; asking again is refused by some servers.
    pub asks_scope: bool,
}

impl Grant {
    fn new(grant_type: &str, fields: &[(&str, &Secret)]) -> Grant {
        Grant {
            grant_type: grant_type.to_owned(),
            fields: fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).clone())).collect(),
            asks_scope: true,
        }
    }

    fn settled(mut self) -> Grant {
        self.asks_scope = false;
        self
    }

    /// RFC 6749 section 4.4.
    pub fn client_credentials() -> Grant {
        Grant::new("client_credentials", &[])
    }

    /// RFC 6749 section 4.1.3 with the verifier of RFC 7636 section 4.5.
    pub fn authorization_code(code: &Secret, redirect_uri: &str, verifier: &Secret) -> Grant {
        let redirect_uri = Secret::new(redirect_uri);
        Grant::new(
            "authorization_code",
            &[("code", code), ("redirect_uri", &redirect_uri), ("code_verifier", verifier)],
        )
        .settled()
    }

    /// RFC 6749 section 6. `scope` narrows what was granted; `None`: the same again.
    pub fn refresh(refresh_token: &Secret, scope: Option<&str>) -> Grant {
        let scope = Secret::new(scope.unwrap_or_default());
        Grant::new("refresh_token", &[("refresh_token", refresh_token), ("scope", &scope)]).settled()
    }

    /// RFC 8628 section 3.4.
    pub fn device(device_code: &Secret) -> Grant {
        Grant::new("urn:ietf:params:oauth:grant-type:device_code", &[("device_code", device_code)]).settled()
    }

    /// RFC 6749 section 4.3.
    pub fn password(username: &str, password: &Secret) -> Grant {
        let username = Secret::new(username);
        Grant::new("password", &[("username", &username), ("password", password)])
    }

    /// RFC 7523 section 2.1; one JWT.
    pub fn jwt_bearer(assertion: &Secret) -> Grant {
        Grant::new(JWT_GRANT, &[("assertion", assertion)])
    }

    /// RFC 7522 section 2.1; the assertion as base64url, see [`super::assertion::saml`].
    pub fn saml2_bearer(assertion: &Secret) -> Grant {
        Grant::new(SAML_GRANT, &[("assertion", assertion)])
    }

    /// RFC 8693 section 2.1. Types may be short; an empty one means `access_token`, an empty `requested_type`
    /// leaves the choice to the server. The actor's type is sent only with an actor.
    pub fn token_exchange(
        subject: &Secret,
        subject_type: &str,
        actor: Option<&Secret>,
        actor_type: &str,
        requested_type: &str,
    ) -> Grant {
        let or_access =
            |kind: &str| Secret::new(token_type(if kind.is_empty() { "access_token" } else { kind }));
        let (subject_type, actor_type) = (or_access(subject_type), or_access(actor_type));
        let requested = Secret::new(token_type(requested_type));
        let mut fields = vec![("subject_token", subject), ("subject_token_type", &subject_type)];
        if let Some(actor) = actor.filter(|a| !a.is_empty()) {
            fields.extend([("actor_token", actor), ("actor_token_type", &actor_type)]);
        }
        fields.push(("requested_token_type", &requested));
        Grant::new(TOKEN_EXCHANGE, &fields)
    }

    /// A grant of the server's own, whose fields are the profile's extra parameters.
    pub fn custom(grant_type: &str) -> Grant {
        Grant::new(grant_type, &[])
    }
}

/// The URN of a short token type name (RFC 8693 section 3); anything else stays as it is.
pub fn token_type(name: &str) -> String {
    match name {
        "access_token" | "refresh_token" | "id_token" | "saml1" | "saml2" | "jwt" => {
            format!("urn:ietf:params:oauth:token-type:{name}")
        }
        _ => name.to_owned(),
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
    /// Scopes; sent where the grant asks for them here.
    pub scope: Vec<String>,
    /// The `audience` parameter, sent as `scope` is. In a token exchange words divided by blanks are several audiences.
    pub audience: String,
    /// The `resource` parameters (RFC 8707), which may repeat.
    pub resource: Vec<String>,
    /// Further parameters; one of the same name replaces ours, but never the client's authentication.
    pub extra: Vec<(String, String)>,
    /// Binds the token to a key (RFC 9449).
    pub dpop: Option<Dpop>,
}

impl TokenAsk {
    /// Builds the request. Parameters without a value are left out (RFC 6749 section 3.2).
    ///
    /// # Errors
    /// No client id, no secret or key where the method needs one, or a key that cannot sign.
    pub fn build(&self, profile_name: &str, moment: &Moment) -> Result<FormRequest, Problem> {
        let mut fields = vec![("grant_type".to_owned(), Secret::new(self.grant.grant_type.as_str()))];
        fields.extend(self.grant.fields.iter().cloned());
        let mut put = |name: &str, value: &str| fields.push((name.to_owned(), Secret::new(value)));
        if self.grant.asks_scope {
            put("scope", &self.scope.join(" "));
            if self.grant.grant_type == TOKEN_EXCHANGE {
                self.audience.split_whitespace().for_each(|one| put("audience", one));
            } else {
                put("audience", &self.audience);
            }
        }
        self.resource.iter().for_each(|one| put("resource", one));
        for (name, value) in self.extra.iter().filter(|(_, value)| !value.is_empty()) {
            fields.retain(|(known, _)| known != name);
            fields.push((name.clone(), Secret::new(value.as_str())));
        }
        let form =
            FormAsk { url: self.token_url.clone(), client: &self.client, fields, dpop: self.dpop.as_ref() };
        form.build(profile_name, moment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::profile::ClientAuth;

    fn body(grant: Grant, change: impl FnOnce(&mut TokenAsk)) -> String {
        let mut ask = TokenAsk {
            token_url: "https://h/token".into(),
            client: Client::public("id"),
            grant,
            scope: Vec::new(),
            audience: String::new(),
            resource: Vec::new(),
            extra: Vec::new(),
            dpop: None,
        };
        change(&mut ask);
        let moment = Moment { now: jiff::Timestamp::UNIX_EPOCH, random: [7; 32] };
        ask.build("p", &moment).unwrap().body.to_string()
    }

    fn s(text: &str) -> Secret {
        Secret::new(text)
    }

    #[test]
    fn each_grant_has_its_exact_parameters() {
        let urn = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3A";
        let rows = [
            (Grant::client_credentials(), "grant_type=client_credentials&client_id=id".to_owned()),
            (
                Grant::authorization_code(&s("c+1"), "http://127.0.0.1:8/cb", &s("v")),
                "grant_type=authorization_code&client_id=id&code=c%2B1&redirect_uri=http%3A%2F%2F127.0.0.1%3A8%2Fcb&code_verifier=v".to_owned(),
            ),
            (Grant::refresh(&s("r"), None), "grant_type=refresh_token&client_id=id&refresh_token=r".to_owned()),
            (
                Grant::refresh(&s("r"), Some("a b")),
                "grant_type=refresh_token&client_id=id&refresh_token=r&scope=a+b".to_owned(),
            ),
            (Grant::device(&s("d")), format!("grant_type={urn}device_code&client_id=id&device_code=d")),
            (
                Grant::password("u@x", &s("p&")),
                "grant_type=password&client_id=id&username=u%40x&password=p%26".to_owned(),
            ),
            (Grant::jwt_bearer(&s("a.b.c")), format!("grant_type={urn}jwt-bearer&client_id=id&assertion=a.b.c")),
            (Grant::saml2_bearer(&s("PD")), format!("grant_type={urn}saml2-bearer&client_id=id&assertion=PD")),
            (Grant::custom("custom-bearer"), "grant_type=custom-bearer&client_id=id".to_owned()),
        ];
        for (grant, wire) in rows {
            assert_eq!(body(grant, |_| ()), wire);
        }
    }

    #[test]
    fn an_assertion_may_come_without_a_client_and_nothing_else_may() {
        let anonymous = |grant| {
            let ask = TokenAsk {
                token_url: "https://h/token".into(),
                client: Client::public(""),
                grant,
                scope: Vec::new(),
                audience: String::new(),
                resource: Vec::new(),
                extra: Vec::new(),
                dpop: None,
            };
            ask.build("p", &Moment { now: jiff::Timestamp::UNIX_EPOCH, random: [7; 32] })
        };
        let wire = anonymous(Grant::jwt_bearer(&s("a.b.c"))).ok().unwrap().body.to_string();
        assert!(wire.ends_with("jwt-bearer&assertion=a.b.c"), "{wire}");
        assert!(anonymous(Grant::client_credentials()).is_err());
        assert!(anonymous(Grant::authorization_code(&s("c"), "u", &s("v"))).is_err());
    }

    #[test]
    fn a_token_exchange_spells_short_types_out_and_may_name_several_audiences() {
        let grant = Grant::token_exchange(&s("t"), "", Some(&s("a")), "jwt", "urn:x:other");
        let wire = body(grant, |ask| ask.audience = "one two".into());
        let kind = "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3A";
        assert_eq!(
            wire,
            format!(
                "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&client_id=id&subject_token=t&subject_token_type={kind}access_token&actor_token=a&actor_token_type={kind}jwt&requested_token_type=urn%3Ax%3Aother&audience=one&audience=two"
            )
        );
        let alone = body(Grant::token_exchange(&s("t"), "saml2", None, "jwt", ""), |_| ());
        assert!(
            !alone.contains("actor") && !alone.contains("requested") && alone.contains("saml2"),
            "{alone}"
        );
    }

    #[test]
    fn a_code_and_a_refresh_token_do_not_ask_for_scopes_again() {
        let change = |ask: &mut TokenAsk| {
            ask.scope = vec!["a".into()];
            ask.audience = "aud".into();
            ask.resource = vec!["https://r/".into()];
        };
        for grant in [
            Grant::authorization_code(&s("c"), "u", &s("v")),
            Grant::refresh(&s("r"), None),
            Grant::device(&s("d")),
        ] {
            let wire = body(grant, change);
            assert!(!wire.contains("scope=") && !wire.contains("audience="), "{wire}");
            assert!(wire.ends_with("resource=https%3A%2F%2Fr%2F"), "{wire}");
        }
        assert!(body(Grant::password("u", &s("p")), change).contains("&scope=a&audience=aud&"));
    }

    #[test]
    fn empty_parameters_are_left_out_and_only_resource_repeats() {
        let wire = body(Grant::client_credentials(), |a| {
            a.scope = vec!["a".into(), "b c".into()];
            a.resource = vec!["https://x/".into(), String::new(), "https://y/".into()];
            a.extra = vec![
                ("scope".into(), "z".into()),
                ("empty".into(), String::new()),
                ("tenant".into(), "t".into()),
            ];
        });
        assert_eq!(
            wire,
            "grant_type=client_credentials&client_id=id&resource=https%3A%2F%2Fx%2F&resource=https%3A%2F%2Fy%2F&scope=z&tenant=t"
        );
        let one = body(Grant::client_credentials(), |a| a.audience = "one two".into());
        assert!(one.ends_with("&audience=one+two"), "{one}");
    }

    #[test]
    fn an_extra_parameter_never_replaces_the_clients_authentication() {
        let wire = body(Grant::client_credentials(), |a| {
            a.client = Client { secret: Some(s("right")), auth: ClientAuth::Body, ..Client::public("id") };
            a.extra = vec![("client_secret".into(), "wrong".into()), ("client_id".into(), "other".into())];
        });
        assert_eq!(wire, "grant_type=client_credentials&client_id=id&client_secret=right");
    }
}
