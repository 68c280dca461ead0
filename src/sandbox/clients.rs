//! OAuth 2.0 client registrations: the boxes one ticks in the Dev Studio, and what they mean.
//! Boxes a registration does not name are as in the simplest one: confidential, client credentials
//! only, no refresh token.

use super::state::{DEFAULT_OPERATOR, LIFETIME_S};
use crate::jwt::Jwks;
use crate::model::secret::Secret;
use serde::Deserialize;
use serde_json::Value as Json;

/// Seconds a refresh token lives unless the client says otherwise.
pub(super) const REFRESH_LIFETIME_S: i64 = 86_400;
/// No lifetime is longer than ten years: times stay far from their limits.
const LONGEST_S: i64 = 315_360_000;
/// Redirect URIs and grants of one client; more is a mistake.
const MOST: usize = 50;

/// A grant that can be ticked. Refresh tokens have a box of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ticked {
    ClientCredentials,
    AuthorizationCode,
    Password,
    JwtBearer,
    Saml2Bearer,
    CustomBearer,
}

impl Ticked {
    /// All of them, as the desk lists them.
    pub(super) const ALL: [Ticked; 6] = [
        Self::ClientCredentials,
        Self::AuthorizationCode,
        Self::Password,
        Self::JwtBearer,
        Self::Saml2Bearer,
        Self::CustomBearer,
    ];

    /// `grant_type` on the wire. The last one is Pega's own.
    pub(super) fn wire(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::AuthorizationCode => "authorization_code",
            Self::Password => "password",
            Self::JwtBearer => "urn:ietf:params:oauth:grant-type:jwt-bearer",
            Self::Saml2Bearer => "urn:ietf:params:oauth:grant-type:saml2-bearer",
            Self::CustomBearer => "custom-bearer",
        }
    }

    /// The short name a registration may use: the last word of the URN.
    pub(super) fn short(self) -> &'static str {
        self.wire().rsplit(':').next().unwrap_or_default()
    }

    /// By its wire name, by the short one, or by the word hallpass profiles use (`jwt_bearer`).
    pub(super) fn named(name: &str) -> Option<Ticked> {
        let dashed = name.replace('_', "-");
        Self::ALL
            .into_iter()
            .find(|g| g.wire() == name || g.short() == name || g.short().replace('_', "-") == dashed)
    }
}

/// How refresh tokens are handed out, the numbers being those of the registration's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefreshMode {
    /// 1: issued once, the same token until it expires.
    Keep,
    /// 2: a new one with each use, which expires when the first one would have.
    Rotate,
    /// 3: a new one with each use, its time starting anew.
    RotateAndExtend,
}

impl RefreshMode {
    fn numbered(number: i64) -> Option<RefreshMode> {
        match number {
            1 => Some(Self::Keep),
            2 => Some(Self::Rotate),
            3 => Some(Self::RotateAndExtend),
            _ => None,
        }
    }

    /// Its number.
    pub(super) fn number(self) -> u8 {
        match self {
            Self::Keep => 1,
            Self::Rotate => 2,
            Self::RotateAndExtend => 3,
        }
    }
}

/// Identity mapping and token profile in one: who an assertion speaks for and what is asked of it.
/// The password grant needs one too, but nothing in it.
#[derive(Debug, Clone)]
pub(super) struct Mapping {
    /// The claim that names the operator (`sub` → `pxRequestor.pyUserIdentifier`).
    pub(super) claim: String,
    /// Validation rows; an empty one is not there.
    pub(super) issuer: String,
    pub(super) audience: String,
    pub(super) subject: String,
    /// Keys assertions may be signed with. Public ones only.
    pub(super) keys: Jwks,
}

impl Default for Mapping {
    fn default() -> Self {
        let none = String::new;
        let keys = Jwks::default();
        Self { claim: "sub".to_owned(), issuer: none(), audience: none(), subject: none(), keys }
    }
}

/// One OAuth 2.0 client registration.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) id: String,
    /// Empty for a public client, which has none.
    pub(super) secret: Secret,
    pub(super) name: String,
    pub(super) public: bool,
    pub(super) grants: Vec<Ticked>,
    /// The operator of the client credentials grant.
    pub(super) operator: String,
    pub(super) redirect_uris: Vec<String>,
    /// "Enable proof key for code exchange": without a challenge there is no code. Public clients
    /// need one whatever the box says.
    pub(super) pkce: bool,
    /// `None`: the box is not ticked.
    pub(super) refresh: Option<RefreshMode>,
    pub(super) lifetime_s: i64,
    pub(super) refresh_lifetime_s: i64,
    pub(super) mapping: Option<Mapping>,
    /// Once the credentials were fetched from the record they cannot be again.
    pub(super) saved: bool,
}

impl Client {
    /// Confidential, client credentials only.
    pub(super) fn simple(id: String, secret: Secret, name: &str, operator: &str) -> Client {
        Client {
            id,
            secret,
            name: name.to_owned(),
            public: false,
            grants: vec![Ticked::ClientCredentials],
            operator: operator.to_owned(),
            redirect_uris: Vec::new(),
            pkce: false,
            refresh: None,
            lifetime_s: LIFETIME_S,
            refresh_lifetime_s: REFRESH_LIFETIME_S,
            mapping: None,
            saved: false,
        }
    }

    /// True when the grant is ticked; client credentials need a secret besides.
    pub(super) fn may(&self, grant: Ticked) -> bool {
        self.grants.contains(&grant) && !(self.public && grant == Ticked::ClientCredentials)
    }

    /// True for a registered redirect URI: the same text, byte for byte. One registered without a
    /// port on a loopback address takes any port (RFC 8252 section 7.3). That is this sandbox's
    /// choice: whether Pega does so is not known.
    pub(super) fn takes_redirect(&self, uri: &str) -> bool {
        // What goes into a Location header as it is must be plain.
        uri.bytes().all(|b| b.is_ascii_graphic())
            && self.redirect_uris.iter().any(|known| known == uri || same_but_for_the_port(known, uri))
    }
}

fn same_but_for_the_port(known: &str, uri: &str) -> bool {
    ["http://127.0.0.1", "http://[::1]"].into_iter().any(|origin| {
        let (Some(known), Some(rest)) = (known.strip_prefix(origin), uri.strip_prefix(origin)) else {
            return false;
        };
        let Some(rest) = rest.strip_prefix(':') else { return false };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (port, path) = rest.split_at(digits);
        (known.is_empty() || known.starts_with('/')) && port.parse::<u16>().is_ok() && path == known
    })
}

/// What a registration says. Every member may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wish {
    name: Option<String>,
    operator: Option<String>,
    /// `confidential` or `public`.
    r#type: String,
    /// Wire or short names; left out: client credentials.
    grants: Option<Vec<String>>,
    redirect_uris: Vec<String>,
    pkce: bool,
    /// 0 none, else the mode.
    refresh_mode: i64,
    access_lifetime: Option<i64>,
    refresh_lifetime: Option<i64>,
    mapping: Option<MappingWish>,
}

/// The identity mapping of a registration.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct MappingWish {
    claim: String,
    issuer: String,
    audience: String,
    subject: String,
    /// A JWK, a JWK Set or PEM; as text or, but for PEM, as JSON.
    keys: Json,
}

impl Wish {
    /// From JSON. The error says which member is wrong.
    pub(super) fn of_json(body: Json) -> Result<Wish, String> {
        if !body.is_object() {
            return Err("the body is not a JSON object".to_owned());
        }
        serde_json::from_value(body).map_err(|e| e.to_string())
    }

    /// From the fields of the desk's form: lists are repeated or one a line, boxes are there or not.
    pub(super) fn of_form(body: &[u8]) -> Wish {
        let mut wish = Wish { grants: None, ..Wish::default() };
        let mut mapping = MappingWish::default();
        let mut mapped = false;
        for (field, value) in url::form_urlencoded::parse(body) {
            let value = value.trim().to_owned();
            if value.is_empty() {
                continue;
            }
            match field.as_ref() {
                "name" => wish.name = Some(value),
                "operator" => wish.operator = Some(value),
                "type" => wish.r#type = value,
                "grants" => wish.grants.get_or_insert_default().push(value),
                "redirect_uris" => wish.redirect_uris.extend(value.split_whitespace().map(str::to_owned)),
                "pkce" => wish.pkce = true,
                "refresh_mode" => wish.refresh_mode = value.parse().unwrap_or(-1),
                "access_lifetime" => wish.access_lifetime = Some(value.parse().unwrap_or(-1)),
                "refresh_lifetime" => wish.refresh_lifetime = Some(value.parse().unwrap_or(-1)),
                "mapping" => mapped = true,
                "mapping_claim" => mapping.claim = value,
                "mapping_issuer" => mapping.issuer = value,
                "mapping_audience" => mapping.audience = value,
                "mapping_subject" => mapping.subject = value,
                "mapping_keys" => mapping.keys = Json::from(value),
                _ => {}
            }
        }
        wish.mapping = mapped.then_some(mapping);
        wish
    }

    /// The registration with this id and secret. The error says in words what is wrong.
    pub(super) fn client(self, id: String, secret: Secret) -> Result<Client, String> {
        let public = match self.r#type.to_ascii_lowercase().as_str() {
            "" | "confidential" => false,
            "public" => true,
            _ => return Err("type is `confidential` or `public`".to_owned()),
        };
        let grants = match self.grants {
            None => vec![Ticked::ClientCredentials],
            Some(names) if names.len() > MOST => return Err("there are too many grants".to_owned()),
            Some(names) => names
                .iter()
                .map(|name| {
                    let known: Vec<&str> = Ticked::ALL.into_iter().map(Ticked::short).collect();
                    Ticked::named(name).ok_or_else(|| format!("grants are of: {}", known.join(", ")))
                })
                .collect::<Result<Vec<_>, String>>()?,
        };
        if self.redirect_uris.len() > MOST {
            return Err("there are too many redirect URIs".to_owned());
        }
        if let Some(bad) = self.redirect_uris.iter().find(|uri| !may_be_registered(uri)) {
            return Err(format!("`{bad}` is no redirect URI: absolute, without fragment, is what it takes"));
        }
        let refresh = match self.refresh_mode {
            0 => None,
            n => Some(RefreshMode::numbered(n).ok_or("refresh_mode is 0, 1, 2 or 3")?),
        };
        let seconds = |given: Option<i64>, usual: i64| match given {
            None => Ok(usual),
            Some(n) if (1..=LONGEST_S).contains(&n) => Ok(n),
            Some(_) => Err(format!("a lifetime is 1 to {LONGEST_S} seconds")),
        };
        let operator = self.operator.filter(|o| !o.trim().is_empty());
        let name = self.name.filter(|n| !n.trim().is_empty());
        Ok(Client {
            public,
            grants,
            redirect_uris: self.redirect_uris,
            pkce: self.pkce,
            refresh,
            lifetime_s: seconds(self.access_lifetime, LIFETIME_S)?,
            refresh_lifetime_s: seconds(self.refresh_lifetime, REFRESH_LIFETIME_S)?,
            mapping: self.mapping.map(MappingWish::mapping).transpose()?,
            ..Client::simple(
                id,
                if public { Secret::default() } else { secret },
                name.as_deref().unwrap_or("Client"),
                operator.as_deref().unwrap_or(DEFAULT_OPERATOR),
            )
        })
    }
}

impl MappingWish {
    fn mapping(self) -> Result<Mapping, String> {
        let keys = match &self.keys {
            Json::Null => Jwks::default(),
            Json::String(text) if text.trim_start().starts_with('{') => Jwks::parse(text)?,
            Json::String(text) if text.trim().is_empty() => Jwks::default(),
            Json::String(text) => Jwks::from_pem(text)?,
            json => Jwks::parse(&json.to_string())?,
        };
        // A shared secret would let a token choose between signature and MAC.
        if keys.keys.iter().any(|k| k.get("kty").and_then(Json::as_str) == Some("oct")) {
            return Err("keys are public ones: RSA, EC or Ed25519".to_owned());
        }
        if keys.keys.iter().any(|k| k.contains_key("d")) {
            return Err("that is a private key: register its public half".to_owned());
        }
        let claim = if self.claim.is_empty() { "sub".to_owned() } else { self.claim };
        Ok(Mapping { claim, issuer: self.issuer, audience: self.audience, subject: self.subject, keys })
    }
}

fn may_be_registered(uri: &str) -> bool {
    uri.bytes().all(|b| b.is_ascii_graphic())
        && !uri.contains('#')
        && url::Url::parse(uri).is_ok_and(|u| !matches!(u.scheme(), "javascript" | "data" | "file"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn made(wish: Json) -> Result<Client, String> {
        Wish::of_json(wish)?.client("1".into(), Secret::new("S"))
    }

    #[test]
    fn a_registration_that_says_nothing_is_the_simplest_one() {
        let client = made(json!({})).unwrap();
        assert!(!client.public && client.may(Ticked::ClientCredentials) && client.refresh.is_none());
        assert_eq!((client.operator.as_str(), client.lifetime_s), (DEFAULT_OPERATOR, 3600));
    }

    #[test]
    fn a_public_client_has_no_secret_and_no_client_credentials() {
        let client =
            made(json!({"type": "public", "grants": ["client_credentials", "authorization_code"]})).unwrap();
        assert!(client.secret.is_empty());
        assert!(!client.may(Ticked::ClientCredentials) && client.may(Ticked::AuthorizationCode));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_words() {
        for (wish, word) in [
            (json!({"type": "secret"}), "confidential"),
            (json!({"grants": ["implicit"]}), "grants are of"),
            (json!({"refresh_mode": 4}), "refresh_mode"),
            (json!({"access_lifetime": 0}), "lifetime"),
            (json!({"redirect_uris": ["/callback"]}), "redirect URI"),
            (json!({"redirect_uris": ["http://a.example.test/#x"]}), "redirect URI"),
            (json!({"redirect_uris": ["javascript:alert(1)"]}), "redirect URI"),
            (json!({"mapping": {"keys": {"kty": "oct", "k": "AAAA"}}}), "public ones"),
            (json!({"mapping": {"keys": {"kty": "EC", "d": "AAAA"}}}), "private key"),
            (json!({"mapping": {"keys": "no key"}}), "PEM"),
            (json!(["x"]), "object"),
        ] {
            let why = made(wish.clone()).unwrap_err();
            assert!(why.contains(word), "{wish}: {why}");
        }
    }

    #[test]
    fn a_form_says_the_same_as_json() {
        let form = b"name=x&type=public&grants=authorization_code&grants=jwt-bearer&pkce=on&refresh_mode=2\
            &redirect_uris=http%3A%2F%2F127.0.0.1%2Fa%0D%0Ahttps%3A%2F%2Fb.example.test%2F&mapping=on&mapping_claim=sid";
        let client = Wish::of_form(form).client("1".into(), Secret::new("S")).unwrap();
        assert_eq!(client.grants, [Ticked::AuthorizationCode, Ticked::JwtBearer]);
        assert_eq!(client.redirect_uris, ["http://127.0.0.1/a", "https://b.example.test/"]);
        assert_eq!((client.refresh, client.pkce), (Some(RefreshMode::Rotate), true));
        assert_eq!(client.mapping.unwrap().claim, "sid");
    }

    #[test]
    fn redirect_uris_are_compared_byte_by_byte_but_for_a_loopback_port() {
        let client =
            made(json!({"redirect_uris": ["http://127.0.0.1/callback", "https://app.example.test/cb"]}))
                .unwrap();
        for yes in
            ["http://127.0.0.1/callback", "http://127.0.0.1:49152/callback", "https://app.example.test/cb"]
        {
            assert!(client.takes_redirect(yes), "{yes}");
        }
        for no in [
            "http://127.0.0.1:49152/callback/",
            "http://127.0.0.1:49152/callback?x=1",
            "http://127.0.0.1:x@evil.example.test/callback",
            "http://127.0.0.1:80@evil.example.test/callback",
            "http://127.0.0.1:99999/callback",
            "http://127.0.0.1:/callback",
            "http://127.0.0.1.evil.example.test/callback",
            "http://localhost:1/callback",
            "https://app.example.test:443/cb",
            "https://app.example.test/cb\r\nx:y",
        ] {
            assert!(!client.takes_redirect(no), "{no}");
        }
    }
}
