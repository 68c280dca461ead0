//! One errand at an authorization server: whose it is, by which road, at which endpoints, as which client.

use super::cache::{AskedBy, Slot};
use super::endpoints::{Endpoints, Leg, complete};
use super::material::{Material, material};
use super::network;
use super::road::Road;
use super::scope::{Scope, Surroundings, resolve};
use super::{Session, TokenFailure, TokenPlan};
use crate::http::EngineOptions;
use crate::jwt::sign::SigningKey;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::profile::ClientAuth;
use crate::model::progress::ProgressSink;
use crate::model::secret::Secret;
use crate::model::token::{TokenKey, TokenOrigin};
use crate::oauth::Client;
use crate::template::{Dynamics, Place};
use indexmap::IndexMap;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What everything else is rendered with; holds no network and no secret but that of a client certificate.
pub(super) struct Call<'a> {
    pub around: Surroundings<'a>,
    pub plan: &'a TokenPlan,
    pub key: TokenKey,
    pub client_id: String,
    pub scope: Vec<String>,
    pub audience: String,
    pub resource: Vec<String>,
    /// Endpoints as the profile states them.
    pub stated: Endpoints,
    pub road: Road<'a>,
}

struct Head {
    key: TokenKey,
    client_id: String,
    scope: Vec<String>,
    audience: String,
    resource: Vec<String>,
    stated: Endpoints,
    options: EngineOptions,
    identity: (Material, Material),
}

impl<'a> Call<'a> {
    /// Renders what is needed to know whose token it is and how its server is reached. Sends nothing.
    pub async fn open(
        session: &'a Session,
        plan: &'a TokenPlan,
        dynamics: &'a Dynamics,
        what: &'a str,
        progress: ProgressSink<'a>,
        cancel: &'a CancellationToken,
    ) -> Result<Call<'a>, Problem> {
        let around = Surroundings {
            session,
            root: &plan.root,
            environment: &plan.environment,
            layers: &plan.layers,
            dynamics,
            what,
            cancel,
        };
        let (mut head, ..) = resolve(&around, |scope| Ok(head(session, plan, scope))).await?;
        head.options.identity = network::load_identity(&head.identity, what).await?;
        let road = Road {
            session,
            options: head.options,
            environment: &plan.environment.name,
            profile: &plan.profile,
            what,
            progress,
            cancel,
        };
        Ok(Call {
            around,
            plan,
            key: head.key,
            client_id: head.client_id,
            scope: head.scope,
            audience: head.audience,
            resource: head.resource,
            stated: head.stated,
            road,
        })
    }

    pub fn session(&self) -> &'a Session {
        self.around.session
    }

    pub fn slot(&self) -> Slot {
        (self.plan.root.clone(), self.key.clone())
    }

    /// Whom a token comes from that is asked for here.
    pub fn origin(&self) -> TokenOrigin {
        TokenOrigin { server: self.stated.server(), client_id: self.client_id.clone() }
    }

    pub fn asked_by(&self) -> AskedBy {
        AskedBy { origin: self.origin(), grant: self.plan.profile.grant, dpop: self.plan.profile.dpop }
    }

    /// The endpoints, with those of `wanted` there or a problem that names the first that is not.
    pub async fn endpoints(&self, wanted: &[Leg], all: bool) -> Result<Endpoints, TokenFailure> {
        let token_lacks = self.stated.get(Leg::Token).is_empty() && self.stated.issuer.is_empty();
        if wanted.contains(&Leg::Token) && token_lacks {
            // No use in asking anybody.
            self.stated.need(Leg::Token, &self.plan.profile, self.around.what)?;
        }
        let found = complete(&self.road, &self.stated, wanted, all).await?;
        for leg in wanted {
            found.need(*leg, &self.plan.profile, self.around.what)?;
        }
        Ok(found)
    }

    /// The client with its secret and key.
    pub async fn client(&self, endpoints: &Endpoints) -> Result<Client, Problem> {
        let ((mut client, key), ..) =
            resolve(&self.around, |scope| Ok(self.client_parts(endpoints, scope))).await?;
        if client.auth == ClientAuth::PrivateKeyJwt {
            client.key = self.signing_key(&key, &client.algorithm, "key").await?;
        }
        Ok(client)
    }

    fn client_parts(&self, endpoints: &Endpoints, scope: &Scope<'_>) -> (Client, Material) {
        let profile = &self.plan.profile;
        let mut client = Client { auth: profile.client_auth, ..Client::public(self.client_id.clone()) };
        let mut key = Material::Nothing;
        match profile.client_auth {
            ClientAuth::None | ClientAuth::Tls => {}
            ClientAuth::PrivateKeyJwt => key = self.material(scope, &profile.key, "key"),
            _ => client.secret = self.client_secret(scope),
        }
        client.key_id = self.field(scope, &profile.key_id, "key_id");
        client.algorithm = self.field(scope, &profile.algorithm, "algorithm");
        let token_url = endpoints.get(Leg::Token).to_owned();
        client.assertion_audience =
            match self.field(scope, &profile.assertion_audience, "assertion_audience").as_str() {
                "" | "token_url" => token_url,
                "issuer" if endpoints.issuer.is_empty() => token_url,
                "issuer" => endpoints.issuer.clone(),
                text => text.to_owned(),
            };
        (client, key)
    }

    /// A field of the profile, rendered.
    pub fn field(&self, scope: &Scope<'_>, text: &str, name: &str) -> String {
        field(scope, self.plan, text, name)
    }

    pub fn client_secret(&self, scope: &Scope<'_>) -> Option<Secret> {
        self.value(scope, &self.plan.profile.client_secret, "client_secret")
    }

    /// A field that may be a secret of its own.
    pub fn value(&self, scope: &Scope<'_>, value: &crate::model::value::Value, name: &str) -> Option<Secret> {
        let place = format!("`{name}` of profile `{}`", self.plan.profile.name);
        let text = scope.value(value, name, &place).text;
        (!text.is_empty()).then(|| Secret::new(text))
    }

    /// A key or certificate, not yet read.
    pub fn material(&self, scope: &Scope<'_>, value: &crate::model::value::Value, name: &str) -> Material {
        let place = format!("`{name}` of profile `{}`", self.plan.profile.name);
        material(scope, &self.plan.root, value, name, &place)
    }

    /// Reads a key that signs.
    pub async fn signing_key(
        &self,
        key: &Material,
        algorithm: &str,
        name: &str,
    ) -> Result<Option<Arc<SigningKey>>, Problem> {
        let Some(text) = key.load(self.around.what).await? else { return Ok(None) };
        self.session().redactor().learn(text.expose().trim());
        let key = SigningKey::read(&text, algorithm).map_err(|why| {
            let next = format!(
                "correct `{name}` in auth/{}.toml: a private key as PEM or JWK",
                self.plan.profile.name
            );
            Problem::new(ProblemKind::Usage, self.around.what, format!("`{name}` cannot sign: {why}"), next)
        })?;
        Ok(Some(Arc::new(key)))
    }

    /// Extra parameters of a leg, rendered.
    pub fn extra(&self, scope: &Scope<'_>, rows: &IndexMap<String, String>) -> Vec<(String, String)> {
        rows.iter().map(|(name, value)| (name.clone(), self.field(scope, value, name))).collect()
    }
}

fn field(scope: &Scope<'_>, plan: &TokenPlan, text: &str, name: &str) -> String {
    let place = format!("`{name}` of profile `{}`", plan.profile.name);
    scope.text(text, Place::Verbatim, &place).text.trim().to_owned()
}

fn head(session: &Session, plan: &TokenPlan, scope: &Scope<'_>) -> Head {
    let profile = &plan.profile;
    let list = |texts: &[String], name: &str| -> Vec<String> {
        texts.iter().map(|t| field(scope, plan, t, name)).filter(|t| !t.is_empty()).collect()
    };
    let client_id = field(scope, plan, &profile.client_id, "client_id");
    let username = field(scope, plan, &profile.username, "username");
    let identity = field(scope, plan, &profile.identity, "identity");
    let identity =
        [identity, username].into_iter().find(|i| !i.is_empty()).unwrap_or_else(|| client_id.clone());
    let audience = field(scope, plan, &profile.audience, "audience");
    let (scopes, resource) = (list(&profile.scope, "scope"), list(&profile.resource, "resource"));
    let mut audiences = resource.clone();
    audiences.insert(0, audience.clone());
    audiences.retain(|a| !a.is_empty());
    let key = TokenKey {
        environment: plan.environment.name.clone(),
        profile: profile.name.clone(),
        identity,
        scope: scopes.join(" "),
        audience: audiences.join(" "),
    };
    Head {
        key,
        client_id,
        scope: scopes,
        audience,
        resource,
        stated: Endpoints::stated(profile, scope),
        options: network::options(&plan.environment, &plan.root, session.settings().connect_timeout, scope),
        identity: network::identity(&plan.environment, Some(profile), &plan.root, scope),
    }
}
