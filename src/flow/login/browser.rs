//! The authorization request (RFC 6749 section 4.1.1): with PKCE always; pushed first (RFC 9126) or signed (RFC 9101) where the
//! profile wants that.

use super::listener::{Return, open};
use crate::flow::TokenFailure;
use crate::flow::acquire::token_ask;
use crate::flow::call::Call;
use crate::flow::endpoints::{Endpoints, Leg};
use crate::flow::road::{random, read};
use crate::flow::scope::resolve;
use crate::jwt::sign::SigningKey;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::secret::Secret;
use crate::oauth::authorization::{AuthorizationAsk, Expected, read_pushed};
use crate::oauth::form::{FormAsk, Moment};
use crate::oauth::pkce::Pkce;
use crate::oauth::{Client, Grant, TokenAsk, jar};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::sync::Arc;

/// One authorization request, ready for a browser, and what its answer must say.
pub(super) struct Asked {
    pub url: String,
    pub home: Return,
    pub expected: Expected,
    /// Sent with it; `None`: it is no OpenID Connect request.
    pub nonce: Option<Secret>,
    verifier: Secret,
}

/// Makes one. Nothing of it is used twice.
pub(super) async fn prepare(
    call: &Call<'_>,
    endpoints: &Endpoints,
    client: &Client,
    key: Option<&Arc<SigningKey>>,
    redirect_uri: &str,
    extra: Vec<(String, String)>,
) -> Result<Asked, TokenFailure> {
    let profile = &call.plan.profile;
    let home = open(redirect_uri).await;
    let pkce = Pkce::new(&random(call.around.what)?);
    call.session().redactor().learn(pkce.verifier.expose());
    let once = || random::<32>(call.around.what).map(|bytes| Secret::new(URL_SAFE_NO_PAD.encode(bytes)));
    let (state, nonce) = (once()?, once()?);
    let ask = AuthorizationAsk {
        authorization_url: endpoints.get(Leg::Authorization).to_owned(),
        client_id: call.client_id.clone(),
        redirect_uri: home.redirect_uri.clone(),
        scope: call.scope.clone(),
        state: state.clone(),
        nonce: nonce.clone(),
        challenge: pkce.challenge,
        audience: call.audience.clone(),
        resource: call.resource.clone(),
        dpop_jkt: key.and_then(|key| key.thumbprint()),
        extra,
    };
    let nonce_sent = ask.parameters().iter().any(|(name, _)| name == "nonce");
    let object = if profile.jar { Some(signed(call, endpoints, &ask).await?) } else { None };
    let url = if profile.par || endpoints.par_required {
        let uri = push(call, endpoints, client, key, &ask, object.as_ref()).await?;
        ask.short_url("request_uri", &uri)
    } else {
        object.map_or_else(|| ask.url(), |object| ask.short_url("request", object.expose()))
    };
    let known = Some(endpoints.issuer.clone()).filter(|issuer| !issuer.is_empty());
    Ok(Asked {
        url,
        home,
        expected: Expected { state, issuer: known, iss_required: endpoints.iss_in_response },
        nonce: nonce_sent.then_some(nonce),
        verifier: pkce.verifier,
    })
}

impl Asked {
    /// The token request for a code.
    pub fn redeem(
        &self,
        call: &Call<'_>,
        endpoints: &Endpoints,
        client: Client,
        code: &Secret,
        extra: Vec<(String, String)>,
    ) -> TokenAsk {
        let grant = Grant::authorization_code(code, &self.home.redirect_uri, &self.verifier);
        token_ask(call, endpoints, client, grant, extra)
    }
}

/// The parameters as a signed request object.
async fn signed(call: &Call<'_>, endpoints: &Endpoints, ask: &AuthorizationAsk) -> Result<Secret, Problem> {
    let profile = &call.plan.profile;
    let ((material, key_id, algorithm), ..) = resolve(&call.around, |scope| {
        let field = |text: &str, name: &str| call.field(scope, text, name);
        Ok((
            call.material(scope, &profile.key, "key"),
            field(&profile.key_id, "key_id"),
            field(&profile.algorithm, "algorithm"),
        ))
    })
    .await?;
    let key = call.signing_key(&material, &algorithm, "key").await?.ok_or_else(|| {
        let why = "`jar` is on, and it has no `key` to sign the request with";
        let next = format!("give `key` in auth/{}.toml a PEM or JWK, or turn `jar` off", profile.name);
        Problem::new(ProblemKind::Unresolved, call.around.what, why, next)
    })?;
    let authorization = endpoints.get(Leg::Authorization);
    let audience = if endpoints.issuer.is_empty() { authorization } else { &endpoints.issuer };
    let moment =
        Moment { now: call.session().origins().now(authorization), random: random(call.around.what)? };
    jar::request_object(ask, audience, &key, &key_id, &moment).map_err(|why| {
        let next = format!("check `key` and `algorithm` in auth/{}.toml", profile.name);
        Problem::new(
            ProblemKind::Usage,
            call.around.what,
            format!("the request cannot be signed: {why}"),
            next,
        )
    })
}

/// Pushes the parameters; gives the `request_uri`.
async fn push(
    call: &Call<'_>,
    endpoints: &Endpoints,
    client: &Client,
    key: Option<&Arc<SigningKey>>,
    ask: &AuthorizationAsk,
    object: Option<&Secret>,
) -> Result<String, TokenFailure> {
    const TITLE: &str = "pushed authorization request";
    let profile = &call.plan.profile;
    let url = endpoints.need(Leg::Par, profile, call.around.what)?;
    let make = |moment: &_, dpop: Option<&_>| {
        FormAsk { dpop, ..ask.push(url, client, object) }.build(&profile.name, moment)
    };
    let exchange = call.road.post(TITLE, url, key, &make).await?;
    let pushed = read(&exchange, read_pushed).map_err(|e| call.road.refused(TITLE, &exchange, &e))?;
    Ok(pushed.request_uri)
}
