//! Everything the generic server remembers. Each map is bounded: what has ended goes first.

use crate::sandbox::state::random;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value as Json;
use std::collections::HashMap;

/// So many entries of a kind are kept.
const MOST: usize = 4096;
/// Seconds a nonce is handed out; it is taken for as long again.
const NONCE_S: i64 = 300;

/// Seconds an ended family is remembered: longer than any request takes.
const ENDED_S: i64 = 600;

/// When an entry may be forgotten.
pub(super) trait Ends {
    fn ends(&self) -> i64;
}

macro_rules! ends {
    ($($kind:ty),*) => { $(impl Ends for $kind { fn ends(&self) -> i64 { self.ends } })* };
}

/// Who logged in, when and how well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Authentication {
    pub(super) time: i64,
    /// True with a one-time code beside the password.
    pub(super) strong: bool,
}

/// What was granted to whom; codes, refresh tokens and access tokens are forms of it.
#[derive(Debug, Clone)]
pub(super) struct Granted {
    pub(super) client: &'static str,
    /// The user, or the client itself.
    pub(super) sub: String,
    pub(super) scope: Vec<String>,
    /// Resource identifiers; never empty.
    pub(super) resource: Vec<String>,
    pub(super) authentication: Option<Authentication>,
    pub(super) nonce: Option<String>,
    /// `act` of RFC 8693 section 4.1.
    pub(super) act: Option<Json>,
    /// Ties together what came of one consent, so that it can be ended as one.
    pub(super) family: String,
}

impl Granted {
    pub(super) fn has_scope(&self, scope: &str) -> bool {
        self.scope.iter().any(|s| s == scope)
    }
}

/// An authorization request that is being answered by a person.
#[derive(Debug, Clone)]
pub(super) struct Login {
    pub(super) ask: super::authorize::Ask,
    /// Set once somebody logged in.
    pub(super) user: Option<(&'static str, Authentication)>,
    pub(super) ends: i64,
}

/// An authorization code.
#[derive(Debug, Clone)]
pub(super) struct Code {
    pub(super) granted: Granted,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    /// RFC 9449 section 10.
    pub(super) dpop_jkt: Option<String>,
    pub(super) used: bool,
    pub(super) ends: i64,
}

/// A pushed authorization request.
#[derive(Debug, Clone)]
pub(super) struct Pushed {
    pub(super) client: &'static str,
    pub(super) params: super::params::Params,
    pub(super) ends: i64,
}

/// What the person in front of the page said to a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    Waiting,
    Denied,
    Allowed(&'static str, Authentication),
}

/// A device that waits.
#[derive(Debug, Clone)]
pub(super) struct Device {
    pub(super) client: &'static str,
    pub(super) user_code: String,
    pub(super) scope: Vec<String>,
    pub(super) resource: Vec<String>,
    pub(super) decision: Decision,
    /// Milliseconds, so that a poll just short of the interval is seen as such.
    pub(super) polled_ms: i64,
    pub(super) interval_s: i64,
    pub(super) ends: i64,
}

/// A refresh token.
#[derive(Debug, Clone)]
pub(super) struct Refresh {
    pub(super) granted: Granted,
    /// Of public clients: the key it is bound to (RFC 9449 section 5).
    pub(super) jkt: Option<String>,
    pub(super) used: bool,
    pub(super) ends: i64,
}

/// An access token by its `jti`.
#[derive(Debug, Clone)]
pub(super) struct Live {
    pub(super) client: &'static str,
    pub(super) family: String,
    pub(super) ends: i64,
}

/// A browser that logged in.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) user: &'static str,
    pub(super) authentication: Authentication,
    /// `client scope scope …`, each as it was consented to.
    pub(super) consents: Vec<String>,
    pub(super) ends: i64,
}

/// A `jti` that was used.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    ends: i64,
}

ends!(Login, Code, Pushed, Device, Refresh, Live, Session, Seen);

/// A map that stays small.
#[derive(Debug)]
pub(super) struct Shelf<V>(HashMap<String, V>);

impl<V> Default for Shelf<V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<V: Ends> Shelf<V> {
    pub(super) fn put(&mut self, key: String, value: V, now: i64) {
        if self.0.len() >= MOST {
            self.0.retain(|_, v| v.ends() > now);
        }
        if self.0.len() >= MOST
            && let Some(first) = self.0.iter().min_by_key(|(_, v)| v.ends()).map(|(k, _)| k.clone())
        {
            self.0.remove(&first);
        }
        self.0.insert(key, value);
    }

    /// An entry that has not ended.
    pub(super) fn get(&self, key: &str, now: i64) -> Option<&V> {
        self.0.get(key).filter(|v| v.ends() > now)
    }

    /// The same, to be changed.
    pub(super) fn change(&mut self, key: &str, now: i64) -> Option<&mut V> {
        self.0.get_mut(key).filter(|v| v.ends() > now)
    }

    /// Takes it out; ended or not there is nothing.
    pub(super) fn take(&mut self, key: &str, now: i64) -> Option<V> {
        self.0.remove(key).filter(|v| v.ends() > now)
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.values_mut()
    }

    fn keep(&mut self, wanted: impl Fn(&V) -> bool) {
        self.0.retain(|_, v| wanted(v));
    }
}

/// The DPoP nonce (RFC 9449 section 8): one for all endpoints, as they share their origin.
#[derive(Debug, Default)]
struct Nonce {
    current: String,
    before: String,
    since: i64,
}

/// One order of the API.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) id: u64,
    pub(super) item: String,
    pub(super) quantity: u64,
    pub(super) by: String,
}

/// Everything that changes.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) logins: Shelf<Login>,
    pub(super) codes: Shelf<Code>,
    pub(super) pushed: Shelf<Pushed>,
    pub(super) devices: Shelf<Device>,
    pub(super) refresh: Shelf<Refresh>,
    pub(super) live: Shelf<Live>,
    pub(super) sessions: Shelf<Session>,
    seen: Shelf<Seen>,
    /// Families that were ended: what is being made for one of them at that moment must not outlive it.
    ended: Shelf<Seen>,
    nonce: Nonce,
    pub(super) orders: Vec<Order>,
    pub(super) last_order: u64,
}

impl Kept {
    /// True the first time: a `jti` is taken once, until `ends`.
    pub(super) fn first_time(&mut self, jti: String, ends: i64, now: i64) -> bool {
        let fresh = self.seen.get(&jti, now).is_none();
        self.seen.put(jti, Seen { ends }, now);
        fresh
    }

    /// Ends everything that came of one consent.
    pub(super) fn end_family(&mut self, family: &str, now: i64) {
        self.ended.put(family.to_owned(), Seen { ends: now + ENDED_S }, now);
        self.live.keep(|v| v.family != family);
        self.refresh.keep(|v| v.granted.family != family);
    }

    /// True when [`Kept::end_family`] was called for it.
    pub(super) fn has_ended(&self, family: &str, now: i64) -> bool {
        self.ended.get(family, now).is_some()
    }

    /// The nonce to hand out now.
    pub(super) fn nonce(&mut self, now: i64) -> String {
        let nonce = &mut self.nonce;
        if nonce.current.is_empty() || now - nonce.since >= NONCE_S || now < nonce.since {
            nonce.before = std::mem::replace(&mut nonce.current, random_text());
            nonce.since = now;
        }
        nonce.current.clone()
    }

    /// True for the nonce of now and the one before.
    pub(super) fn knows_nonce(&mut self, given: &str, now: i64) -> bool {
        let current = self.nonce(now);
        given == current || (!self.nonce.before.is_empty() && given == self.nonce.before)
    }
}

/// 256 random bits as text.
pub(super) fn random_text() -> String {
    URL_SAFE_NO_PAD.encode(random::<32>())
}
