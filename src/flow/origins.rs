//! What is remembered of each origin: its last DPoP nonce (RFC 9449 section 8) and its clock.

use crate::http::HopHeaders;
use crate::jwt::sign::SigningKey;
use crate::model::exchange::{Exchange, Header};
use crate::model::secret::Secret;
use crate::oauth::dpop::{self, Dpop};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use url::Url;

/// A longer nonce is no nonce.
const LONGEST: usize = 1024;
/// More origins than anybody talks to.
const MOST: usize = 512;
/// Clocks that differ less are taken as equal: `Date` has no fractions.
const SAME: i64 = 2000;

/// Nonces and clocks of a session, by origin.
#[derive(Default)]
pub(super) struct Origins {
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Default)]
struct Known {
    nonce: Option<String>,
    offset_ms: i64,
}

impl Origins {
    /// Learns from an answer.
    pub fn note(&self, exchange: &Exchange) {
        let Some(response) = &exchange.response else { return };
        let Some(origin) = origin(&exchange.request.url) else { return };
        let mut known = self.lock();
        if known.len() >= MOST && !known.contains_key(&origin) {
            known.clear();
        }
        let entry = known.entry(origin).or_default();
        if let Some(nonce) = nonce_of(response.header("dpop-nonce")) {
            entry.nonce = Some(nonce);
        }
        if let Some(offset) = exchange.clock_offset_ms {
            entry.offset_ms = offset;
        }
    }

    /// The nonce last given by the origin of a URL.
    pub fn nonce(&self, url: &str) -> Option<String> {
        self.lock().get(&origin(url)?)?.nonce.clone()
    }

    /// Now, by the clock of the origin of a URL where it is known.
    pub fn now(&self, url: &str) -> Timestamp {
        let offset = origin(url).and_then(|o| self.lock().get(&o).map(|k| k.offset_ms)).unwrap_or(0);
        let offset = if offset.abs() < SAME { 0 } else { offset };
        let now = Timestamp::now();
        now.checked_add(SignedDuration::from_millis(offset)).unwrap_or(now)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A nonce fit to be sent back (RFC 9449 section 8.1: visible ASCII without quote and backslash).
pub(super) fn nonce_of(header: Option<&str>) -> Option<String> {
    let text = header?.trim();
    let fit = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
    (!text.is_empty() && text.len() <= LONGEST && text.bytes().all(fit)).then(|| text.to_owned())
}

fn origin(url: &str) -> Option<String> {
    Some(Url::parse(url).ok()?.origin().ascii_serialization())
}

/// Makes a proof for each hop of a call.
pub(super) struct Prover {
    pub key: Arc<SigningKey>,
    pub nonce: Option<String>,
    pub token: Secret,
    /// Server clock minus local clock.
    pub offset: SignedDuration,
}

impl HopHeaders for Prover {
    fn headers(&self, method: &str, url: &str) -> Vec<Header> {
        let dpop = Dpop { key: Arc::clone(&self.key), nonce: self.nonce.clone() };
        let now = Timestamp::now();
        let now = now.checked_add(self.offset).unwrap_or(now);
        let mut random = [0; 32];
        let proof = getrandom::fill(&mut random)
            .map_err(|e| e.to_string())
            .and_then(|()| dpop::proof(&dpop, method, url, Some(&self.token), now, &random));
        // Without a proof the server refuses the token, and says so.
        proof.map(|proof| vec![Header::sensitive("DPoP", proof.expose())]).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_that_could_not_be_sent_back_is_none() {
        assert_eq!(nonce_of(Some(" abc.~ ")), Some("abc.~".to_owned()));
        for bad in [None, Some(""), Some("a b"), Some("a\"b"), Some("ü")] {
            assert_eq!(nonce_of(bad), None);
        }
        assert_eq!(nonce_of(Some(&"x".repeat(LONGEST + 1))), None);
    }
}
