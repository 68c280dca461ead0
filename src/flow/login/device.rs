//! The device code (RFC 8628): asked for, shown, and polled for until a person has agreed elsewhere.

use super::DeviceRoad;
use crate::flow::TokenFailure;
use crate::flow::acquire::{Got, exchange, token_ask};
use crate::flow::call::Call;
use crate::flow::endpoints::{Endpoints, Leg};
use crate::flow::road::read;
use crate::jwt::sign::SigningKey;
use crate::model::problem::{Problem, ProblemKind};
use crate::oauth::device::{self, DeviceCode, Poll, poll};
use crate::oauth::{Client, Grant};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout_at};

/// No code is waited for longer, whatever the server says.
const LONGEST: Duration = Duration::from_secs(3600);
/// Added by each `slow_down` (section 3.5).
const SLOWER: Duration = Duration::from_secs(5);
/// The longest pause, whatever the server or the network does.
const SLOWEST: Duration = Duration::from_secs(60);

/// Tells of what did not end the login.
pub(super) type Tell<'a> = &'a (dyn Fn(String) + Send + Sync);

/// What the device code is asked with.
pub(super) struct Device<'a> {
    pub call: &'a Call<'a>,
    pub endpoints: &'a Endpoints,
    pub client: &'a Client,
    pub key: Option<&'a Arc<SigningKey>>,
    /// Extra parameters of the request for the code.
    pub authorization: &'a [(String, String)],
    /// Extra parameters of the polls.
    pub token: &'a [(String, String)],
}

impl Device<'_> {
    /// Asks for a code, shows it, polls. Ends with a token or with what ended it.
    pub async fn run(
        &self,
        show: &(dyn Fn(DeviceRoad) + Send + Sync),
        note: Tell<'_>,
    ) -> Result<Got, TokenFailure> {
        let code = self.ask().await?;
        let life = code.expires_in.min(LONGEST);
        let end = Instant::now() + life;
        let until =
            SignedDuration::try_from(life).ok().and_then(|life| Timestamp::now().checked_add(life).ok());
        show(DeviceRoad {
            verification_uri: code.verification_uri.clone(),
            verification_uri_complete: code.verification_uri_complete.clone(),
            user_code: code.user_code.clone(),
            until: until.unwrap_or(Timestamp::MAX),
        });
        match timeout_at(end, self.polled(&code, note)).await {
            Ok(ended) => ended,
            Err(_) => Err(self.over().into()),
        }
    }

    async fn ask(&self) -> Result<DeviceCode, TokenFailure> {
        const TITLE: &str = "device code request";
        let call = self.call;
        let url = self.endpoints.get(Leg::Device);
        let made = |moment: &_, _: Option<&_>| {
            let ask = device::ask(
                url,
                self.client,
                &call.scope,
                &call.audience,
                &call.resource,
                self.authorization,
            );
            ask.build(&call.plan.profile.name, moment)
        };
        let exchange = call.road.post(TITLE, url, None, &made).await?;
        let code = read(&exchange, device::read).map_err(|e| call.road.refused(TITLE, &exchange, &e))?;
        call.session().redactor().learn(code.device_code.expose());
        Ok(code)
    }

    async fn polled(&self, code: &DeviceCode, note: Tell<'_>) -> Result<Got, TokenFailure> {
        let grant = Grant::device(&code.device_code);
        let ask = token_ask(self.call, self.endpoints, self.client.clone(), grant, self.token.to_vec());
        let mut pace = Pace { interval: code.interval.min(SLOWEST), hiccups: 0 };
        loop {
            sleep_until(Instant::now() + pace.pause()).await;
            let failure = match exchange(self.call, &ask, self.key).await {
                Ok(got) => return Ok(got),
                Err(failure) => failure,
            };
            match poll(failure.error.as_deref()) {
                Poll::Pending => pace.hiccups = 0,
                Poll::SlowDown => {
                    pace.slow_down();
                    note(format!(
                        "the server asks for patience: one poll every {} s now",
                        pace.interval.as_secs()
                    ));
                }
                Poll::Ended if is_hiccup(&failure) => {
                    pace.hiccups += 1;
                    note(format!("{}: {}; polling goes on", failure.problem.what, failure.problem.why));
                }
                Poll::Ended => return Err(self.ended(failure)),
            }
        }
    }

    fn ended(&self, failure: TokenFailure) -> TokenFailure {
        match failure.error.as_deref() {
            Some("expired_token") => TokenFailure { problem: self.over(), ..failure },
            Some("access_denied") => {
                let why = "the login was refused on the other device";
                let next = "get a token again, and agree on the page";
                let problem = Problem::new(ProblemKind::Token, self.call.around.what, why, next);
                TokenFailure { problem, ..failure }
            }
            _ => failure,
        }
    }

    fn over(&self) -> Problem {
        let why = "the device code ended before anybody used it";
        Problem::new(
            ProblemKind::Token,
            self.call.around.what,
            why,
            "get a token again, and open the page in time",
        )
    }
}

/// A failure that may pass: of the network, or of the server itself.
fn is_hiccup(failure: &TokenFailure) -> bool {
    match failure.problem.kind {
        ProblemKind::Network | ProblemKind::Timeout => true,
        ProblemKind::Token => {
            failure.exchange.as_ref().and_then(|e| e.status()).is_some_and(|s| s == 429 || s >= 500)
        }
        _ => false,
    }
}

/// The time between polls.
struct Pace {
    interval: Duration,
    hiccups: u32,
}

impl Pace {
    fn slow_down(&mut self) {
        self.interval = (self.interval + SLOWER).min(SLOWEST);
        self.hiccups = 0;
    }

    /// Doubled by every failure in a row (section 3.5).
    fn pause(&self) -> Duration {
        self.interval.saturating_mul(1 << self.hiccups.min(6)).min(SLOWEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_down_adds_five_seconds_for_good_and_hiccups_double_the_pause_until_one_poll_gets_through() {
        let mut pace = Pace { interval: Duration::from_secs(5), hiccups: 0 };
        pace.slow_down();
        assert_eq!(pace.pause(), Duration::from_secs(10));
        pace.hiccups = 2;
        assert_eq!(pace.pause(), Duration::from_secs(40));
        pace.hiccups = 9;
        assert_eq!(pace.pause(), SLOWEST);
        pace.hiccups = 0;
        (0..40).for_each(|_| pace.slow_down());
        assert_eq!(pace.pause(), SLOWEST);
    }
}
