//! The way to an authorization server: the environment's proxy, authorities and client certificate, no redirect followed, answers
//! of some size only, everything secret in them known to the redactor.

use super::network::{failure_problem, host};
use super::origins::nonce_of;
use super::{Session, TokenFailure};
use crate::http::{EngineOptions, Outgoing};
use crate::jwt::sign::SigningKey;
use crate::model::exchange::{Exchange, FailureKind, Header, Response};
use crate::model::problem::{Problem, ProblemKind};
use crate::model::profile::OauthProfile;
use crate::model::progress::{Phase, ProgressSink};
use crate::oauth::dpop::{Dpop, wants_nonce};
use crate::oauth::form::{FormRequest, Moment};
use crate::oauth::{Asked, TokenAnswer, TokenError, challenge};
use bytes::Bytes;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// An authorization server has nothing to say that is longer.
const LARGEST: u64 = 4 * 1024 * 1024;

/// The way to the authorization server of a profile in an environment.
pub(super) struct Road<'a> {
    pub session: &'a Session,
    pub options: EngineOptions,
    pub environment: &'a str,
    pub profile: &'a OauthProfile,
    /// Begins the problem of who cancels: ``cannot get a token with profile `x` ``.
    pub what: &'a str,
    pub progress: ProgressSink<'a>,
    pub cancel: &'a CancellationToken,
}

/// Makes a form for a moment, with a proof where a key is given.
pub(super) type Make<'a> = &'a (dyn Fn(&Moment, Option<&Dpop>) -> Result<FormRequest, Problem> + Send + Sync);

impl Road<'_> {
    /// Sends a form. With a DPoP key, once more when the server gives a nonce for it. `title` is `token request`.
    pub async fn post(
        &self,
        title: &str,
        url: &str,
        key: Option<&Arc<SigningKey>>,
        make: Make<'_>,
    ) -> Result<Arc<Exchange>, TokenFailure> {
        let origins = self.session.origins();
        let mut nonce = origins.nonce(url);
        let mut again = true;
        loop {
            let dpop = key.map(|key| Dpop { key: Arc::clone(key), nonce: nonce.clone() });
            let built = make(&Moment { now: origins.now(url), random: random(self.what)? }, dpop.as_ref())?;
            for secret in &built.made {
                self.session.redactor().learn(secret.expose());
            }
            let exchange = self.send(title, form(self.session, built)).await?;
            let given = exchange.response.as_ref().and_then(|r| nonce_of(r.header("dpop-nonce")));
            if !(again && dpop.is_some() && given.is_some() && wants_another_proof(&exchange)) {
                return Ok(exchange);
            }
            (again, nonce) = (false, given);
        }
    }

    /// Asks for a document.
    pub async fn get(
        &self,
        title: &str,
        url: &str,
        headers: Vec<Header>,
    ) -> Result<Arc<Exchange>, TokenFailure> {
        self.send(title, self.getting(url, headers)).await
    }

    /// A GET that is not sent yet.
    pub fn getting(&self, url: &str, headers: Vec<Header>) -> Outgoing {
        Outgoing { method: "GET".to_owned(), headers, body_sensitive: false, ..plain(self.session, url) }
    }

    /// Sends one request; a failure of the network is the failure.
    pub async fn send(&self, title: &str, outgoing: Outgoing) -> Result<Arc<Exchange>, TokenFailure> {
        let failed = format!("{title} to {} failed", host(&outgoing.url));
        let engine = self
            .session
            .engine(&self.options)
            .map_err(|failure| failure_problem(&failed, &failure, self.environment))?;
        let exchange = engine.send(outgoing, &|_| (self.progress)(Phase::Token), self.cancel).await;
        self.session.saw(&exchange);
        let exchange = Arc::new(exchange);
        if let Some(failure) = &exchange.failure {
            let what = if failure.kind == FailureKind::Cancelled { self.what } else { &failed };
            let problem = failure_problem(what, failure, self.environment);
            return Err(TokenFailure {
                problem,
                exchange: Some(exchange),
                error: None,
                diagnosis: Default::default(),
            });
        }
        Ok(exchange)
    }

    /// The failure of an answer that is none, in words.
    pub fn refused(&self, title: &str, exchange: &Arc<Exchange>, error: &TokenError) -> TokenFailure {
        let host = host(&exchange.request.url);
        let asked = Asked {
            profile: &self.profile.name,
            environment: self.environment,
            host: &host,
            grant: self.profile.grant,
            client_auth: self.profile.client_auth,
        };
        let mut problem = error.problem(&asked);
        if title != TOKEN_REQUEST && problem.kind == ProblemKind::Token {
            problem.what = format!("{title} refused by {host} (profile `{}`)", self.profile.name);
            problem.why = problem.why.replace("the token URL answered", "the server answered");
        }
        problem.why = self.session.redactor().mask(&problem.why);
        TokenFailure {
            problem,
            exchange: Some(Arc::clone(exchange)),
            error: error.code().map(str::to_owned),
            diagnosis: Default::default(),
        }
    }
}

/// What problems call a request to the token endpoint.
pub(super) const TOKEN_REQUEST: &str = "token request";

/// An answer as the readers of `oauth` take it.
pub(super) fn read<T>(
    exchange: &Exchange,
    reader: impl FnOnce(&TokenAnswer<'_>) -> Result<T, TokenError>,
) -> Result<T, TokenError> {
    let none = Response::default();
    let response = exchange.response.as_ref().unwrap_or(&none);
    let (media_type, body) = (response.media_type(), response.body.bytes().unwrap_or_default());
    reader(&TokenAnswer {
        status: response.status,
        media_type: &media_type,
        location: response.header("location"),
        body: &body,
    })
}

/// Fresh random bytes of the system.
pub(super) fn random<const N: usize>(what: &str) -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| {
        let why = format!("the system gives no random bytes: {e}");
        Problem::new(ProblemKind::Internal, what, why, "try again")
    })?;
    Ok(bytes)
}

/// True when an answer asks for another proof with the nonce it brought.
pub(super) fn wants_another_proof(exchange: &Exchange) -> bool {
    let Some(response) = exchange.response.as_ref().filter(|r| matches!(r.status, 400 | 401)) else {
        return false;
    };
    let lines = response.headers.iter().filter(|h| h.name.eq_ignore_ascii_case("www-authenticate"));
    let challenges = challenge::parse(lines.map(|h| h.value.as_str()));
    let error = read(exchange, |answer| answer.read()).err();
    wants_nonce(response.status, &challenges, error.as_ref().and_then(TokenError::code))
}

fn form(session: &Session, built: FormRequest) -> Outgoing {
    Outgoing {
        headers: built.headers,
        body: Bytes::copy_from_slice(built.body.as_bytes()),
        ..plain(session, &built.url)
    }
}

fn plain(session: &Session, url: &str) -> Outgoing {
    Outgoing {
        method: "POST".to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: Bytes::new(),
        body_sensitive: true,
        url_sensitive: false,
        timeout: session.settings().timeout,
        redirects: 0,
        http_version: None,
        body_memory: LARGEST,
        body_limit: LARGEST,
        per_hop: None,
    }
}
