//! Gathers what the diagnosis may look at for an exchange of this session, and has it explained. Sends nothing, asks for no secret.

use super::endpoints::{Endpoints, Leg};
use super::network::options;
use super::remedy::profile_of;
use super::scope::Scope;
use super::{Sent, Session, TokenFailure, TokenPlan};
use crate::diagnose::{Context, Diagnosis, Environment, Facts, Issued, Profile, Purpose, diagnose};
use crate::jwt::Jwks;
use crate::model::environment::Environment as Surroundings;
use crate::model::exchange::{Exchange, FailureKind, Response, SentRequest};
use crate::model::plan::{Layer, Plan};
use crate::model::profile::OauthProfile;
use crate::model::secret::MASK;
use crate::model::token::Token;
use crate::template::{Dynamics, Place};
use jiff::Timestamp;
use std::path::Path;
use std::sync::Arc;

/// How much of a good answer is searched for signs that it is none, in bytes.
const LOOK: usize = 4096;

/// Why a request was refused; empty when it was not. `began`: when the call did; a token got since then is a fresh one.
pub(super) fn of_sent(
    session: &Session,
    plan: &Plan,
    sent: &Sent,
    exchange: &Exchange,
    began: Timestamp,
) -> Diagnosis {
    if is_quiet(exchange) {
        return Diagnosis::default();
    }
    let context = of_plan(session, plan, sent, exchange, began);
    diagnose(&Facts::of(exchange, context))
}

fn of_plan(session: &Session, plan: &Plan, sent: &Sent, exchange: &Exchange, began: Timestamp) -> Context {
    let around = Around {
        session,
        environment: &plan.environment,
        layers: &plan.layers,
        root: &plan.root,
        profile: profile_of(plan),
    };
    let context = around.context();
    let token = sent.token.clone().or_else(|| typed(session, exchange));
    let environments = plan.environments.iter().map(|neighbour| Environment {
        name: neighbour.name.clone(),
        active: neighbour.name == plan.environment.name,
        hosts: neighbour.hosts.clone(),
    });
    Context {
        issued: token.map(|token| issued(&token, began)),
        environments: environments.collect(),
        history: session.memory().history(exchange, sent.retried.iter().map(|(_, one)| &**one)),
        ..context
    }
}

/// Why there was no token. Who cancelled knows.
pub(super) fn of_failure(session: &Session, plan: &TokenPlan, failure: &TokenFailure) -> Diagnosis {
    let Some(exchange) = failure.exchange.as_deref() else { return Diagnosis::default() };
    if is_cancelled(exchange) {
        return Diagnosis::default();
    }
    let body = String::from_utf8_lossy(&exchange.request.body);
    let purpose = match () {
        () if exchange.request.method == "GET" => Purpose::Management,
        () if body.contains("grant_type=") => Purpose::Token,
        () => Purpose::Login,
    };
    let mut context = of_token_plan(session, plan);
    context.purpose = Some(purpose);
    context.history = session.memory().history(exchange, std::iter::empty());
    if let Some(profile) = &mut context.profile {
        profile.refresh = body.contains("grant_type=refresh_token");
    }
    diagnose(&Facts::of(exchange, context))
}

/// Why a login was refused: what the browser came back with. `asked` is the authorization endpoint.
pub(super) fn of_login(
    session: &Session,
    plan: &TokenPlan,
    asked: &str,
    said: (String, String),
) -> Diagnosis {
    // Nothing went through this program: the browser asked and was sent back.
    let exchange = Exchange::new(
        SentRequest { method: "GET".to_owned(), url: asked.to_owned(), ..SentRequest::default() },
        Timestamp::now(),
    );
    let mut context = of_token_plan(session, plan);
    context.purpose = Some(Purpose::Login);
    context.login_error = Some(said);
    diagnose(&Facts::of(&exchange, context))
}

fn of_token_plan(session: &Session, plan: &TokenPlan) -> Context {
    let around = Around {
        session,
        environment: &plan.environment,
        layers: &plan.layers,
        root: &plan.root,
        profile: Some(&plan.profile),
    };
    around.context()
}

/// Where a request goes out.
struct Around<'a> {
    session: &'a Session,
    environment: &'a Surroundings,
    layers: &'a [Layer],
    root: &'a Path,
    profile: Option<&'a OauthProfile>,
}

impl Around<'_> {
    fn context(&self) -> Context {
        let dynamics = Dynamics::new(Timestamp::now(), 0);
        // Secrets stand as the mask: what holds one is left out.
        let scope = Scope::new(self.layers, &dynamics, None);
        let profile = self.profile.map(|profile| self.profile(profile, &scope));
        Context {
            keys: self.profile.and_then(|profile| self.keys(profile, &scope)),
            profile,
            known: self.session.known(),
            redactor: Some(Arc::clone(self.session.redactor())),
            ..Context::default()
        }
    }

    fn profile(&self, profile: &OauthProfile, scope: &Scope<'_>) -> Profile {
        let text = |text: &str| {
            let text = scope.text(text, Place::Verbatim, "").text.trim().to_owned();
            if text.contains(MASK) || text.contains("{{") { String::new() } else { text }
        };
        let list = |texts: &[String]| -> Vec<String> {
            let all: Vec<String> = texts.iter().map(|t| text(t)).collect();
            all.iter().flat_map(|t| t.split_whitespace()).map(str::to_owned).collect()
        };
        let mut audiences = list(&profile.resource);
        audiences.extend(Some(text(&profile.audience)).filter(|a| !a.is_empty()));
        let identity = [&profile.identity, &profile.username].map(|t| text(t));
        Profile {
            name: profile.name.clone(),
            grant: Some(profile.grant),
            refresh: false,
            client_auth: Some(profile.client_auth),
            client_id: text(&profile.client_id),
            issuer: text(&profile.issuer),
            token_url: text(&profile.token_url),
            redirect_uri: text(&profile.redirect_uri),
            scopes: list(&profile.scope),
            audiences,
            identity: identity.into_iter().find(|t| !t.is_empty()).unwrap_or_default(),
            dpop: profile.dpop,
            certificate: !profile.certificate.is_empty()
                || !self.environment.network.client_certificate.is_empty(),
            certificate_print: None,
            use_id_token: profile.use_id_token,
        }
    }

    /// The issuer's keys where they were fetched before.
    fn keys(&self, profile: &OauthProfile, scope: &Scope<'_>) -> Option<Arc<Jwks>> {
        let session = self.session;
        let options = options(self.environment, self.root, session.settings().connect_timeout, scope);
        let by_tls = profile.client_auth == crate::model::profile::ClientAuth::Tls;
        let known = Endpoints::stated(profile, scope).with_known(session.published(), &options, by_tls);
        session.key_sets().known(&options, known.get(Leg::Jwks))
    }
}

fn issued(token: &Token, began: Timestamp) -> Issued {
    Issued {
        profile: token.key.profile.clone(),
        environment: token.key.environment.clone(),
        grant: token.grant.clone(),
        token_type: token.token_type.clone(),
        scope: token.scope.clone(),
        at: Some(token.obtained_at),
        ends: token.expires_at(),
        fresh: token.obtained_at >= began,
        dpop: token.dpop_key.is_some(),
        refreshable: token.refresh_token.as_ref().is_some_and(|t| !t.is_empty()),
        offset_ms: token.clock_offset_ms,
        notes: token.notes.clone(),
    }
}

/// The session's token that somebody wrote into the header by hand.
fn typed(session: &Session, exchange: &Exchange) -> Option<Token> {
    let headers = &exchange.request.headers;
    let value = crate::model::exchange::header(headers, "authorization")?;
    let text = value.split_once(' ').map_or(value, |(_, rest)| rest).trim();
    session.tokens().into_iter().find(|t| t.access_token.expose() == text)
}

fn is_cancelled(exchange: &Exchange) -> bool {
    exchange.failure.as_ref().is_some_and(|f| f.kind == FailureKind::Cancelled)
}

/// True for an exchange that nothing can be wrong with, or that its user broke off. Must be cheap: runs send thousands.
fn is_quiet(exchange: &Exchange) -> bool {
    if is_cancelled(exchange) {
        return true;
    }
    let Some(response) = &exchange.response else { return false };
    let whole = exchange.failure.is_none() && response.incomplete.is_none();
    whole
        && (200..300).contains(&response.status)
        && exchange.redirects.is_empty()
        && !exchange.request.url.contains("access_token=")
        && is_plain_success(response)
}

/// True where a 2xx is what it says: no page, no error in its body.
fn is_plain_success(response: &Response) -> bool {
    let media_type = response.header("content-type").unwrap_or_default();
    if media_type.contains("html") {
        return false;
    }
    let Some(bytes) = response.body.bytes() else { return true };
    let start = &bytes[..bytes.len().min(LOOK)];
    let begins = start.trim_ascii_start().first();
    begins != Some(&b'<') && memchr::memmem::find(start, b"\"error").is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::answer::tests::answered;
    use crate::model::exchange::{Header, Redirect};

    fn of(status: u16, media_type: &str, body: &str) -> Exchange {
        let mut exchange = (*answered(status, body).exchange.unwrap()).clone();
        exchange.response.as_mut().unwrap().headers = vec![Header::new("Content-Type", media_type)];
        exchange
    }

    #[test]
    fn a_good_answer_is_not_looked_at_and_a_doubtful_one_is() {
        assert!(is_quiet(&of(200, "application/json", "{\"ID\":\"A-1\"}")));
        assert!(is_quiet(&of(204, "", "")));
        assert!(!is_quiet(&of(200, "text/html", "hello")));
        assert!(!is_quiet(&of(200, "", " <!doctype html>")));
        assert!(!is_quiet(&of(200, "application/json", "{\"errors\":[]}")));
        assert!(!is_quiet(&of(302, "", "")));
        assert!(!is_quiet(&of(401, "application/json", "{}")));
        let mut in_query = of(200, "application/json", "{}");
        in_query.request.url = "https://h/a?access_token=x".into();
        assert!(!is_quiet(&in_query));
        let mut redirected = of(200, "application/json", "{}");
        redirected.redirects = vec![Redirect {
            status: 302,
            from: String::new(),
            to: String::new(),
            dropped: Vec::new(),
            method_changed: false,
        }];
        assert!(!is_quiet(&redirected));
    }
}
