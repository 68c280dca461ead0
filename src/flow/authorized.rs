//! A request with a token: sent, and at most once more for each reason an API may give: its token was refused as invalid, or its
//! DPoP proof wants the API's nonce (RFC 9449 section 9).

use super::acquire::Want;
use super::build::add_query;
use super::events::{TokenEventKind, write};
use super::origins::{Prover, nonce_of};
use super::scope::Text;
use super::token::obtain;
use super::{RetryReason, Sent, Session, TokenPlan};
use crate::http::{Engine, Outgoing};
use crate::jwt::sign::SigningKey;
use crate::model::exchange::{Exchange, Header};
use crate::model::problem::{Problem, ProblemKind};
use crate::model::profile::OauthProfile;
use crate::model::progress::ProgressSink;
use crate::model::token::Token;
use crate::oauth::challenge::{self, Challenge};
use crate::oauth::dpop::wants_nonce;
use crate::template::encode_component;
use jiff::SignedDuration;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// A request that wants a token.
pub(super) struct Authorized<'a> {
    pub session: &'a Session,
    pub plan: &'a TokenPlan,
    pub engine: Engine,
    /// Without the token.
    pub outgoing: Outgoing,
    pub progress: ProgressSink<'a>,
    pub cancel: &'a CancellationToken,
}

impl Authorized<'_> {
    /// Sends it; what happened before the answer goes into `sent`.
    pub async fn send(&self, sent: &mut Sent) -> Result<Arc<Exchange>, Problem> {
        let got = match obtain(self.session, self.plan, &Want::Any, self.progress, self.cancel).await {
            Ok(got) => got,
            Err(failure) => {
                sent.token_exchange = failure.exchange;
                sent.diagnosis = failure.diagnosis;
                return Err(failure.problem);
            }
        };
        // A token that was asked for in this very call and is refused would be refused again.
        let (mut token, mut renewable, mut nonce_left) = (got.token, got.cached, true);
        loop {
            let exchange = self.once(&token).await?;
            sent.token = Some(token.clone());
            let reason = retry_reason(&exchange);
            match reason {
                Some(RetryReason::DpopNonce) if nonce_left && token.dpop_key.is_some() => {
                    nonce_left = false;
                }
                Some(RetryReason::InvalidToken) if renewable => {
                    renewable = false;
                    let want = Want::Other(token.access_token.clone());
                    match obtain(self.session, self.plan, &want, self.progress, self.cancel).await {
                        Ok(new) => {
                            let (root, key) = (&self.plan.root, &new.token.key);
                            let detail = "the API refused the token with invalid_token";
                            write(self.session, root, key, TokenEventKind::Replaced, detail).await;
                            token = new.token;
                        }
                        Err(failure) if failure.problem.kind == ProblemKind::Interrupted => {
                            sent.exchange = Some(exchange);
                            return Err(failure.problem);
                        }
                        // The refusal stands; why there is no other token is seen in the exchange that gave none.
                        Err(failure) => {
                            sent.token_exchange = failure.exchange;
                            return Ok(exchange);
                        }
                    }
                }
                _ => return Ok(exchange),
            }
            sent.retried.extend(reason.map(|reason| (reason, exchange)));
        }
    }

    /// Sends it once with a token.
    pub async fn once(&self, token: &Token) -> Result<Arc<Exchange>, Problem> {
        let mut outgoing = self.outgoing.clone();
        let profile = &self.plan.profile;
        let id_token = profile.use_id_token && token.id_token.is_some();
        let scheme = if id_token { "Bearer" } else { token.scheme() };
        add_token(&mut outgoing, profile, scheme, token.credential().expose());
        if let Some(jwk) = token.dpop_key.as_ref().filter(|_| scheme.eq_ignore_ascii_case("dpop")) {
            let key = SigningKey::read(jwk, "").map_err(|why| {
                let what = format!("cannot prove that the token of profile `{}` is ours", profile.name);
                let next = "forget the token and get a new one";
                Problem::new(ProblemKind::Internal, what, format!("its DPoP key cannot be read: {why}"), next)
            })?;
            outgoing.per_hop = Some(Arc::new(Prover {
                key: Arc::new(key),
                nonce: self.session.origins().nonce(&outgoing.url),
                token: token.access_token.clone(),
                offset: SignedDuration::from_millis(
                    token.clock_offset_ms.filter(|ms| ms.abs() > 2000).unwrap_or(0),
                ),
            }));
        }
        let exchange = self.engine.send(outgoing, self.progress, self.cancel).await;
        self.session.saw(&exchange);
        Ok(Arc::new(exchange))
    }
}

/// Puts a token where the profile wants it.
pub(super) fn add_token(outgoing: &mut Outgoing, profile: &OauthProfile, scheme: &str, token: &str) {
    if profile.token_in_query {
        let mut url = Text { text: std::mem::take(&mut outgoing.url), secret: true };
        add_query(&mut url, "access_token", &encode_component(token));
        outgoing.url = url.text;
        outgoing.url_sensitive = true;
    } else {
        outgoing.headers.push(Header::sensitive("Authorization", format!("{scheme} {token}")));
    }
}

/// Why an answer is worth a second try. What another origin says counts for nothing: the token did not go there.
fn retry_reason(exchange: &Exchange) -> Option<RetryReason> {
    let response = exchange.response.as_ref().filter(|r| r.status == 401 && exchange.failure.is_none())?;
    if exchange.redirects.iter().any(|hop| hop.dropped.iter().any(|name| name == "authorization")) {
        return None;
    }
    let lines = response.headers.iter().filter(|h| h.name.eq_ignore_ascii_case("www-authenticate"));
    let challenges = challenge::parse(lines.map(|h| h.value.as_str()));
    if wants_nonce(401, &challenges, None) && nonce_of(response.header("dpop-nonce")).is_some() {
        return Some(RetryReason::DpopNonce);
    }
    let invalid = |c: &Challenge| {
        (c.is("Bearer") || c.is("DPoP"))
            && c.param("error").is_some_and(|e| e.eq_ignore_ascii_case("invalid_token"))
    };
    challenges.iter().any(invalid).then_some(RetryReason::InvalidToken)
}
