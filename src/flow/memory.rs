//! What a session remembers for the diagnosis: whose a secret is, and what the same server answered before. Memory only.

use super::Session;
use crate::diagnose::{Known, KnownKind, Past};
use crate::model::exchange::Exchange;
use crate::model::secret::Secret;
use jiff::Timestamp;
use std::collections::hash_map::RandomState;
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Exchanges kept for each host.
const PER_HOST: usize = 50;
/// Hosts kept; more than anybody works with at once.
const HOSTS: usize = 32;
/// Secrets kept.
const SECRETS: usize = 256;
/// The longest body that is kept, in bytes.
const BODY: u64 = 4096;

/// Labelled secrets and earlier exchanges of a session.
#[derive(Default)]
pub(super) struct Memory {
    secrets: Mutex<Vec<Known>>,
    past: Mutex<HashMap<String, VecDeque<Seen>>>,
    /// Fingerprints are keyed: nobody can look a token up by one.
    keyed: RandomState,
}

/// An exchange, without what would be secret in it.
struct Seen {
    at: Timestamp,
    method: String,
    url: String,
    status: u16,
    /// Of method and whole URL.
    call: u64,
    /// Of the credentials; `None`: it had none.
    token: Option<u64>,
    body: String,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Memory {
    /// Keeps whose a secret is. The first word stands, unless it said nothing of the kind.
    pub fn knows(&self, known: &Known) {
        if known.text.len() < 4 {
            return;
        }
        let mut secrets = lock(&self.secrets);
        if let Some(own) = secrets.iter_mut().find(|own| own.text == known.text) {
            if own.kind == KnownKind::Other && known.kind != KnownKind::Other {
                *own = known.clone();
            }
            return;
        }
        if secrets.len() >= SECRETS {
            secrets.remove(0);
        }
        secrets.push(known.clone());
    }

    /// Keeps an exchange with an API.
    pub fn remember(&self, exchange: &Exchange) {
        let Some(host) = host(&exchange.request.url) else { return };
        let Some(seen) = self.seen(exchange) else { return };
        let mut past = lock(&self.past);
        if past.len() >= HOSTS && !past.contains_key(host) {
            past.clear();
        }
        if !past.contains_key(host) {
            past.insert(host.to_owned(), VecDeque::new());
        }
        let Some(own) = past.get_mut(host) else { return };
        if own.len() >= PER_HOST {
            own.pop_front();
        }
        own.push_back(seen);
    }

    /// What was exchanged with the host of this exchange before, oldest first; then its own retries.
    pub fn history<'a>(&self, exchange: &Exchange, retries: impl Iterator<Item = &'a Exchange>) -> Vec<Past> {
        let (call, token) = (self.call(exchange), self.token(exchange));
        let told = |seen: &Seen, retry| Past {
            at: seen.at,
            method: seen.method.clone(),
            url: seen.url.clone(),
            status: seen.status,
            same_token: match (seen.token, token) {
                (None, None) => None,
                (before, now) => Some(before == now),
            },
            same_call: seen.call == call,
            retry,
            body: seen.body.clone(),
        };
        let past = lock(&self.past);
        let before = host(&exchange.request.url).and_then(|host| past.get(host)).into_iter().flatten();
        let before = before.map(|seen| told(seen, false));
        let retries = retries.filter_map(|one| self.seen(one)).map(|seen| told(&seen, true));
        before.chain(retries).collect()
    }

    fn seen(&self, exchange: &Exchange) -> Option<Seen> {
        Some(Seen {
            at: exchange.started,
            method: exchange.request.method.clone(),
            url: exchange.request.url.split(['?', '#']).next().unwrap_or_default().to_owned(),
            status: exchange.status()?,
            call: self.call(exchange),
            token: self.token(exchange),
            body: body(exchange),
        })
    }

    fn call(&self, exchange: &Exchange) -> u64 {
        self.keyed.hash_one((&exchange.request.method, &exchange.request.url))
    }

    /// Of what the request authenticates with: `Authorization`, else a token in the query.
    fn token(&self, exchange: &Exchange) -> Option<u64> {
        let named = exchange.request.headers.iter().find(|h| h.name.eq_ignore_ascii_case("authorization"));
        if let Some(header) = named {
            return Some(self.keyed.hash_one(&header.value));
        }
        let (_, rest) = exchange.request.url.split_once("access_token=")?;
        Some(self.keyed.hash_one(rest.split(['&', '#']).next().unwrap_or_default()))
    }
}

/// What a call that creates something answered, where it is short and no token is in it.
fn body(exchange: &Exchange) -> String {
    let Some(response) = &exchange.response else { return String::new() };
    let creates = matches!(exchange.request.method.as_str(), "POST" | "PUT");
    if !creates || !(200..300).contains(&response.status) || response.body.len() > BODY {
        return String::new();
    }
    let bytes = response.body.bytes().unwrap_or_default();
    match std::str::from_utf8(&bytes) {
        Ok(text) if !text.contains("_token\"") => text.to_owned(),
        _ => String::new(),
    }
}

/// Host and port as written.
fn host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty())
}

/// What a secret of this name is, and whose, by the place it stands in (``the client secret of profile `x` ``).
pub(super) fn labelled(name: &str, whereabouts: &str, environment: &str, text: &str) -> Known {
    let lower = name.to_ascii_lowercase();
    let kind = match () {
        () if lower.contains("client_secret") => KnownKind::ClientSecret,
        () if lower.contains("password") || lower.ends_with("_pw") => KnownKind::Password,
        () if lower.contains("refresh_token") => KnownKind::RefreshToken,
        () if lower.contains("id_token") => KnownKind::IdToken,
        () if lower.ends_with("access_token") => KnownKind::AccessToken,
        () => KnownKind::Other,
    };
    let of_profile = whereabouts.split_once("of profile `").and_then(|(_, rest)| rest.strip_suffix('`'));
    let label = match of_profile {
        Some(profile) => format!("profile {profile}"),
        None => format!("variable {name}"),
    };
    Known { kind, label, environment: environment.to_owned(), text: Secret::new(text) }
}

impl Session {
    /// Every token and secret whose place is known.
    pub(super) fn known(&self) -> Vec<Known> {
        let mut all = Vec::new();
        for token in self.tokens() {
            let texts = [
                (KnownKind::AccessToken, Some(&token.access_token)),
                (KnownKind::RefreshToken, token.refresh_token.as_ref()),
                (KnownKind::IdToken, token.id_token.as_ref()),
            ];
            for (kind, text) in texts {
                let Some(text) = text.filter(|text| !text.is_empty()) else { continue };
                let (label, environment) =
                    (format!("profile {}", token.key.profile), token.key.environment.clone());
                all.push(Known { kind, label, environment, text: text.clone() });
            }
        }
        all.extend(lock(&self.memory().secrets).iter().cloned());
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::answer::tests::answered;
    use crate::model::exchange::Header;

    fn of(method: &str, url: &str, token: &str, status: u16, body: &str) -> Exchange {
        let sent = answered(status, body);
        let mut exchange = (*sent.exchange.unwrap()).clone();
        exchange.request.method = method.into();
        exchange.request.url = url.into();
        if !token.is_empty() {
            exchange.request.headers = vec![Header::sensitive("Authorization", format!("Bearer {token}"))];
        }
        exchange
    }

    #[test]
    fn the_past_of_a_host_tells_same_calls_and_same_tokens_and_no_query() {
        let memory = Memory::default();
        memory.remember(&of("GET", "https://h/a?key=s3cret", "one", 200, ""));
        memory.remember(&of("GET", "https://h/a", "two", 401, ""));
        memory.remember(&of("GET", "https://other/a", "one", 200, ""));
        memory.remember(&of("POST", "https://h/b", "", 201, "{\"ID\":\"A-1\"}"));
        let now = of("GET", "https://h/a", "two", 401, "");
        let retry = of("GET", "https://h/a", "one", 401, "");
        let past = memory.history(&now, std::iter::once(&retry));
        let told: Vec<_> = past
            .iter()
            .map(|p| (p.url.as_str(), p.status, p.same_call, p.same_token, p.retry, p.body.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("https://h/a", 200, false, Some(false), false, ""),
                ("https://h/a", 401, true, Some(true), false, ""),
                ("https://h/b", 201, false, Some(false), false, "{\"ID\":\"A-1\"}"),
                ("https://h/a", 401, true, Some(false), true, ""),
            ]
        );
    }

    #[test]
    fn only_the_last_fifty_are_kept_and_no_body_with_a_token() {
        let memory = Memory::default();
        for n in 0..60 {
            memory.remember(&of("GET", &format!("https://h/{n}"), "", 200, ""));
        }
        memory.remember(&of("POST", "https://h/token", "", 200, "{\"access_token\":\"x\"}"));
        let past = memory.history(&of("GET", "https://h/", "", 401, ""), std::iter::empty());
        assert_eq!((past.len(), past[0].url.as_str(), past[49].body.as_str()), (50, "https://h/11", ""));
    }

    #[test]
    fn a_secret_is_told_by_its_name_and_its_profile() {
        let known = labelled("client_secret", "`client_secret` of profile `pega`", "dev", "s3cret");
        assert_eq!((known.kind, known.label.as_str()), (KnownKind::ClientSecret, "profile pega"));
        let known = labelled("api_key", "", "dev", "s3cret");
        assert_eq!((known.kind, known.label.as_str()), (KnownKind::Other, "variable api_key"));
        let memory = Memory::default();
        memory.knows(&labelled("cs", "", "dev", "s3cret"));
        memory.knows(&labelled("client_secret", "`client_secret` of profile `pega`", "dev", "s3cret"));
        assert_eq!(lock(&memory.secrets).len(), 1);
        assert_eq!(lock(&memory.secrets)[0].kind, KnownKind::ClientSecret);
    }
}
