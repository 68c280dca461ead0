//! The endpoints of an authorization server: the profile's own; else those its issuer publishes; else, at Pega, those beside the
//! token endpoint.

use super::TokenFailure;
use super::keys::same_road;
use super::network::host;
use super::road::Road;
use super::scope::Scope;
use crate::http::EngineOptions;
use crate::model::exchange::{Exchange, Header};
use crate::model::problem::{Problem, ProblemKind};
use crate::model::profile::{ClientAuth, Grant, OauthProfile};
use crate::oauth::error::clean;
use crate::oauth::metadata::{self, Metadata};
use crate::template::Place;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// One endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leg {
    Token,
    Authorization,
    Device,
    Par,
    Revocation,
    Introspection,
    Userinfo,
    Jwks,
}

impl Leg {
    const ALL: [Leg; 8] = [
        Self::Token,
        Self::Authorization,
        Self::Device,
        Self::Par,
        Self::Revocation,
        Self::Introspection,
        Self::Userinfo,
        Self::Jwks,
    ];

    /// The profile's key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Token => "token_url",
            Self::Authorization => "authorization_url",
            Self::Device => "device_authorization_url",
            Self::Par => "par_url",
            Self::Revocation => "revocation_url",
            Self::Introspection => "introspection_url",
            Self::Userinfo => "userinfo_url",
            Self::Jwks => "jwks_url",
        }
    }

    fn stated(self, profile: &OauthProfile) -> &str {
        match self {
            Self::Token => &profile.token_url,
            Self::Authorization => &profile.authorization_url,
            Self::Device => &profile.device_authorization_url,
            Self::Par => &profile.par_url,
            Self::Revocation => &profile.revocation_url,
            Self::Introspection => &profile.introspection_url,
            Self::Userinfo => &profile.userinfo_url,
            Self::Jwks => &profile.jwks_url,
        }
    }

    fn published(self, metadata: &Metadata, by_tls: bool) -> &str {
        let (own, name) = match self {
            Self::Token => (&metadata.token_url, "token_endpoint"),
            Self::Authorization => (&metadata.authorization_url, "authorization_endpoint"),
            Self::Device => (&metadata.device_authorization_url, "device_authorization_endpoint"),
            Self::Par => (&metadata.par_url, "pushed_authorization_request_endpoint"),
            Self::Revocation => (&metadata.revocation_url, "revocation_endpoint"),
            Self::Introspection => (&metadata.introspection_url, "introspection_endpoint"),
            Self::Userinfo => (&metadata.userinfo_url, "userinfo_endpoint"),
            Self::Jwks => (&metadata.jwks_url, "jwks_uri"),
        };
        let alias = metadata.mtls_aliases.iter().find(|(n, url)| by_tls && n == name && !url.is_empty());
        alias.map_or(own, |(_, url)| url)
    }
}

/// Endpoints, variables resolved; empty where not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Endpoints {
    urls: [String; 8],
    /// As stated, or as published.
    pub issuer: String,
    /// True once the issuer's metadata was read.
    pub published: bool,
    /// RFC 9207: a callback without `iss` is not from here.
    pub iss_in_response: bool,
    pub par_required: bool,
    /// The device endpoint stands in the profile itself.
    pub device_stated: bool,
}

impl Endpoints {
    /// What the profile states. A variable without a value is a problem only in what the grant cannot do without; elsewhere it
    /// is one when that endpoint is asked.
    pub fn stated(profile: &OauthProfile, scope: &Scope<'_>) -> Endpoints {
        let text = |text: &str, key: &str, needed: bool| {
            let place = format!("`{key}` of profile `{}`", profile.name);
            let rendered =
                if needed { scope.text(text, Place::Verbatim, &place) } else { scope.optional(text) };
            rendered.text.trim().to_owned()
        };
        let by_browser = profile.grant == Grant::AuthorizationCode;
        let mut stated = Endpoints::default();
        for leg in Leg::ALL {
            let needed = match leg {
                Leg::Token => true,
                Leg::Authorization | Leg::Par => by_browser,
                Leg::Device => by_browser || profile.grant == Grant::DeviceCode,
                _ => false,
            };
            stated.urls[leg as usize] = text(leg.stated(profile), leg.key(), needed);
        }
        let issuer = text(&profile.issuer, "issuer", stated.get(Leg::Token).is_empty());
        stated.issuer = if issuer.contains("{{") { String::new() } else { issuer };
        stated.device_stated = !stated.get(Leg::Device).is_empty();
        stated
    }

    pub fn get(&self, leg: Leg) -> &str {
        &self.urls[leg as usize]
    }

    /// What tells this server from another one without asking it: the token URL, else the issuer.
    pub fn server(&self) -> String {
        let token = self.get(Leg::Token);
        if token.is_empty() { self.issuer.clone() } else { token.to_owned() }
    }

    /// Filled with what is known without asking anybody: metadata read before, Pega's siblings.
    pub fn with_known(mut self, published: &Published, options: &EngineOptions, by_tls: bool) -> Endpoints {
        let kept = published.read.lock().unwrap_or_else(PoisonError::into_inner);
        let of = kept.iter().find(|((own, issuer), _)| *issuer == self.issuer && same_road(own, options));
        let metadata = of.map(|(_, metadata)| Arc::clone(metadata));
        drop(kept);
        if let Some(metadata) = metadata {
            self.fill(&metadata, by_tls);
        }
        self.fill_siblings();
        self
    }

    fn fill(&mut self, metadata: &Metadata, by_tls: bool) {
        for leg in Leg::ALL {
            let url = &mut self.urls[leg as usize];
            if url.is_empty() {
                leg.published(metadata, by_tls).clone_into(url);
            }
        }
        self.issuer.clone_from(&metadata.issuer);
        self.iss_in_response = metadata.iss_in_response;
        self.par_required = metadata.par_required;
        self.published = true;
    }

    /// Pega publishes nothing; its endpoints stand beside each other.
    fn fill_siblings(&mut self) {
        let Some(keys) = crate::jwt::keys_url_beside(self.get(Leg::Token)) else { return };
        let Some(base) = keys.strip_suffix("/token/keys") else { return };
        let mut put = |leg: Leg, url: String| {
            let own = &mut self.urls[leg as usize];
            if own.is_empty() {
                *own = url;
            }
        };
        put(Leg::Authorization, format!("{base}/authorize"));
        put(Leg::Revocation, format!("{base}/revoke"));
        put(Leg::Introspection, format!("{base}/token/introspect"));
        let root = base
            .strip_suffix("/oauth2/v1")
            .map(|b| b.trim_end_matches("/PRRestService").trim_end_matches("/api"));
        if let Some(root) = root {
            put(Leg::Userinfo, format!("{root}/api/oauthclients/v1/userinfo/JSON"));
        }
        put(Leg::Jwks, keys);
    }

    /// The URL of an endpoint that must be there.
    pub fn need(&self, leg: Leg, profile: &OauthProfile, what: &str) -> Result<&str, Problem> {
        let url = self.get(leg);
        let (name, key) = (&profile.name, leg.key());
        if url.is_empty() {
            let why = match self.published {
                true => format!("it has no `{key}`, and its issuer publishes none"),
                false => format!("it has no `{key}`"),
            };
            let next =
                format!("set `{key}` in auth/{name}.toml, or `issuer` if the server publishes its endpoints");
            return Err(Problem::new(ProblemKind::Unresolved, what, why, next));
        }
        let usable =
            url::Url::parse(url).is_ok_and(|u| matches!(u.scheme(), "http" | "https") && u.has_host());
        if usable {
            return Ok(url);
        }
        let why = format!("`{}` is no http or https URL", host(url));
        let next = format!("correct `{key}` in auth/{name}.toml, or the variable it names");
        Err(Problem::new(ProblemKind::Usage, what, why, next))
    }
}

/// Metadata read in a session, by road and issuer.
#[derive(Default)]
pub(super) struct Published {
    read: Mutex<HashMap<(EngineOptions, String), Arc<Metadata>>>,
}

impl Published {
    /// Forgets what an issuer said, so that it is asked anew.
    pub fn forget(&self, options: &EngineOptions, issuer: &str) {
        let mut kept = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        kept.remove(&(options.clone(), issuer.to_owned()));
    }
}

/// The endpoints, the issuer asked where one of `wanted` is not known without. With `all` it is asked anyway, and its silence
/// forgiven when what is wanted is known.
pub(super) async fn complete(
    road: &Road<'_>,
    stated: &Endpoints,
    wanted: &[Leg],
    all: bool,
) -> Result<Endpoints, TokenFailure> {
    let mut found = stated.clone();
    let lacks = |found: &Endpoints| wanted.iter().any(|leg| found.get(*leg).is_empty());
    if !found.issuer.is_empty() && (all || lacks(&found)) {
        let by_tls = road.profile.client_auth == ClientAuth::Tls;
        match metadata_of(road, &found.issuer, &mut Vec::new()).await {
            Ok(metadata) => found.fill(&metadata, by_tls),
            Err(failure) if lacks(&found) || failure.problem.kind == ProblemKind::Interrupted => {
                return Err(failure);
            }
            Err(_) => {}
        }
    }
    found.fill_siblings();
    Ok(found)
}

/// An issuer's metadata, read once per session. Every exchange is added to `exchanges`.
pub(super) async fn metadata_of(
    road: &Road<'_>,
    issuer: &str,
    exchanges: &mut Vec<Arc<Exchange>>,
) -> Result<Arc<Metadata>, TokenFailure> {
    let slot = (road.options.clone(), issuer.to_owned());
    let kept = &road.session.published().read;
    if let Some(found) = kept.lock().unwrap_or_else(PoisonError::into_inner).get(&slot) {
        return Ok(Arc::clone(found));
    }
    let (mut whys, mut last) = (Vec::new(), None);
    for place in metadata::places(issuer) {
        let exchange = document(road, &place, exchanges).await?;
        match read(issuer, &exchange) {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.insert(slot, Arc::clone(&metadata));
                return Ok(metadata);
            }
            Err(why) => whys.push(format!("{}: {why}", path(&place))),
        }
        last = Some(exchange);
    }
    let why = if whys.is_empty() { "it is no http or https URL".to_owned() } else { whys.join("; ") };
    let what = format!("the metadata of issuer {} cannot be used", clean(issuer));
    let next = match road.profile.name.as_str() {
        "" => "check the issuer; a server without metadata needs its endpoints written into a profile"
            .to_owned(),
        name => format!("check `issuer` of auth/{name}.toml, or state the endpoints there"),
    };
    let problem = Problem::new(ProblemKind::Token, what, road.session.redactor().mask(&why), next);
    Err(TokenFailure { problem, exchange: last, error: None, diagnosis: Default::default() })
}

/// Fetches a metadata document; whatever it is, it is the answer.
pub(super) async fn document(
    road: &Road<'_>,
    place: &str,
    exchanges: &mut Vec<Arc<Exchange>>,
) -> Result<Arc<Exchange>, TokenFailure> {
    let headers = vec![Header::new("Accept", "application/json")];
    let got = road.get("metadata request", place, headers).await;
    let exchange = match &got {
        Ok(exchange) => Some(exchange),
        Err(failure) => failure.exchange.as_ref(),
    };
    exchanges.extend(exchange.cloned());
    got
}

fn read(issuer: &str, exchange: &Exchange) -> Result<Metadata, String> {
    let body = body_of_200(exchange)?;
    let metadata = metadata::read(issuer, &body)?;
    // An issuer reached by TLS that sends its clients to places without has been tampered with.
    let plain = |leg: &Leg| leg.published(&metadata, false).starts_with("http://");
    match Leg::ALL.iter().find(|leg| issuer.starts_with("https://") && plain(leg)) {
        Some(leg) => Err(format!("the issuer is https, but its {} is http", leg.key())),
        None => Ok(metadata),
    }
}

/// The body of a 200, else what came instead, in words.
pub(super) fn body_of_200(exchange: &Exchange) -> Result<bytes::Bytes, String> {
    match &exchange.response {
        Some(response) if response.status == 200 => Ok(response.body.bytes().unwrap_or_default()),
        Some(response) => Err(format!("the server answered {}", response.status)),
        None => Err("no answer came".to_owned()),
    }
}

fn path(url: &str) -> String {
    url::Url::parse(url).map_or_else(|_| clean(url), |u| u.path().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::answer::tests::answered;

    fn at(token: &str) -> Endpoints {
        let mut found = Endpoints::default();
        found.urls[Leg::Token as usize] = token.to_owned();
        found.fill_siblings();
        found
    }

    #[test]
    fn at_pega_the_other_endpoints_stand_beside_the_token_url() {
        for servlet in ["PRRestService", "api"] {
            let found = at(&format!("https://h/prweb/{servlet}/oauth2/v1/token"));
            let base = format!("https://h/prweb/{servlet}/oauth2/v1");
            assert_eq!(found.get(Leg::Authorization), format!("{base}/authorize"));
            assert_eq!(found.get(Leg::Revocation), format!("{base}/revoke"));
            assert_eq!(found.get(Leg::Introspection), format!("{base}/token/introspect"));
            assert_eq!(found.get(Leg::Jwks), format!("{base}/token/keys"));
            assert_eq!(found.get(Leg::Userinfo), "https://h/prweb/api/oauthclients/v1/userinfo/JSON");
        }
        assert_eq!(at("https://other/oauth2/v1/token").get(Leg::Revocation), "");
    }

    #[test]
    fn an_https_issuer_that_sends_its_clients_to_http_is_not_believed() {
        let said = |issuer: &str, token: &str| {
            let body = serde_json::json!({"issuer": issuer, "token_endpoint": token}).to_string();
            read(issuer, &answered(200, &body).exchange.unwrap())
        };
        let why = said("https://as.test", "http://as.test/token").unwrap_err();
        assert!(why.contains("token_url is http"), "{why}");
        assert!(said("https://as.test", "https://as.test/token").is_ok());
        assert!(said("http://as.test", "http://as.test/token").is_ok());
    }

    #[test]
    fn a_variable_without_a_value_matters_only_where_the_grant_needs_the_endpoint() {
        let profile = OauthProfile {
            token_url: "https://h/token".into(),
            revocation_url: "{{gone}}/revoke".into(),
            issuer: "{{gone}}".into(),
            ..OauthProfile::default()
        };
        let dynamics = crate::template::Dynamics::new(jiff::Timestamp::UNIX_EPOCH, 1);
        let scope = Scope::new(&[], &dynamics, None);
        let stated = Endpoints::stated(&profile, &scope);
        assert!(scope.complete("", "").is_ok() && stated.issuer.is_empty());
        assert!(
            stated.need(Leg::Revocation, &profile, "w").unwrap_err().next.contains("the variable it names")
        );
        Endpoints::stated(&OauthProfile { token_url: String::new(), ..profile }, &scope);
        assert!(scope.complete("", "").is_err());
    }

    #[test]
    fn what_a_client_with_a_certificate_uses_are_the_aliases() {
        let metadata = Metadata {
            token_url: "https://a/token".into(),
            revocation_url: "https://a/revoke".into(),
            mtls_aliases: vec![("token_endpoint".into(), "https://mtls.a/token".into())],
            ..Metadata::default()
        };
        let filled = |by_tls| {
            let mut found = Endpoints::default();
            found.fill(&metadata, by_tls);
            (found.get(Leg::Token).to_owned(), found.get(Leg::Revocation).to_owned())
        };
        assert_eq!(filled(true), ("https://mtls.a/token".to_owned(), "https://a/revoke".to_owned()));
        assert_eq!(filled(false).0, "https://a/token");
    }
}
