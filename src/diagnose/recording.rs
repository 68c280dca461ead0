//! A recording as a whole: entries of one redirect chain become one exchange, and each exchange is looked at knowing the others,
//! as a session knows what it sent before. Pure; sends nothing.

mod knowledge;
mod secrets;

use super::{Context, Diagnosis, Facts, diagnose};
use crate::import::har::{HarEntry, HarLog};
use crate::jwt;
use crate::model::exchange::{Exchange, FailureKind, Redirect};
use crate::model::redact::Redactor;
use jiff::Timestamp;
use knowledge::Knowledge;
use serde_json::Value as Json;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use url::Url;

/// The longest chain of redirects that is joined.
const MAX_HOPS: usize = 50;

/// Headers that carry credentials: that one is there before a redirect and not behind it is worth saying.
const CREDENTIALS: [&str; 5] = ["authorization", "cookie", "dpop", "x-api-key", "ocp-apim-subscription-key"];

/// The exchanges of a recording, and what each tells of the others.
pub struct Recording {
    exchanges: Vec<Recorded>,
    knowledge: Knowledge,
}

/// One exchange of a recording.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The entries it was made of, in order: several where redirects were followed.
    pub entries: Vec<usize>,
    /// The exchange, redirects included.
    pub exchange: Exchange,
    /// What the recording does not tell of it.
    pub missing: Vec<String>,
    /// The member `_hallpass` of its last entry that has one.
    pub label: Option<Json>,
}

impl Recorded {
    /// The entry that holds its answer.
    pub fn entry(&self) -> usize {
        self.entries.last().copied().unwrap_or_default()
    }

    /// True when it was refused by its status, or brought no answer and nobody cancelled it.
    pub fn is_refused(&self) -> bool {
        let failed = self.exchange.failure.as_ref().is_some_and(|f| f.kind != FailureKind::Cancelled);
        failed || matches!(self.exchange.status(), Some(401 | 403 | 407 | 511))
    }
}

impl Recording {
    /// Joins what belongs together.
    pub fn new(log: HarLog) -> Recording {
        let mut exchanges = joined(log.entries);
        for recorded in &mut exchanges {
            settle_time(&mut recorded.exchange);
        }
        let knowledge = Knowledge::of(&exchanges);
        Recording { exchanges, knowledge }
    }

    /// All of them, in the order their first entries stand in the file.
    pub fn exchanges(&self) -> &[Recorded] {
        &self.exchanges
    }

    /// The exchange that an entry of the file belongs to: its place in [`Recording::exchanges`].
    pub fn of_entry(&self, index: usize) -> Option<usize> {
        self.exchanges.iter().position(|e| e.entries.contains(&index))
    }

    /// What the others tell of an exchange.
    pub fn context(&self, at: usize) -> Context {
        let redactor = Arc::new(Redactor::new());
        match self.exchanges.get(at) {
            Some(recorded) => self.knowledge.context(&self.exchanges, at, recorded, redactor),
            None => Context::default(),
        }
    }

    /// Why an exchange was refused, and what masks its secrets; nothing found when it was not.
    pub fn explain(&self, at: usize) -> (Diagnosis, Arc<Redactor>) {
        let Some(recorded) = self.exchanges.get(at) else {
            return (Diagnosis::default(), Arc::new(Redactor::new()));
        };
        let facts = Facts::of(&recorded.exchange, self.context(at));
        let redactor = Arc::clone(&facts.redactor);
        (diagnose(&facts), redactor)
    }

    /// True when an exchange was refused by its status, failed, or anything speaks of trouble.
    pub fn is_refused(&self, at: usize) -> bool {
        self.exchanges.get(at).is_some_and(Recorded::is_refused) || !self.explain(at).0.findings.is_empty()
    }

    /// The first exchange that was refused: by its status, else the first that anything speaks of trouble in.
    pub fn first_refused(&self) -> Option<usize> {
        let plain = self.exchanges.iter().position(Recorded::is_refused);
        plain.or_else(|| (0..self.exchanges.len()).find(|at| self.is_refused(*at)))
    }
}

/// Each entry with the entry that its redirect led to.
fn joined(entries: Vec<HarEntry>) -> Vec<Recorded> {
    let mut by_url: HashMap<String, BTreeSet<usize>> = HashMap::new();
    for (i, entry) in entries.iter().enumerate() {
        by_url.entry(bare(&entry.exchange.request.url)).or_default().insert(i);
    }
    let mut next: Vec<Option<(usize, String)>> = vec![None; entries.len()];
    let mut is_target = vec![false; entries.len()];
    for (i, entry) in entries.iter().enumerate() {
        let Some(to) = leads_to(&entry.exchange) else { continue };
        let Some(waiting) = by_url.get_mut(&bare(&to)) else { continue };
        let Some(found) = waiting.range(i + 1..).next().copied() else { continue };
        // A target is used once: two requests that were redirected to one place are two chains.
        waiting.remove(&found);
        is_target[found] = true;
        next[i] = Some((found, to));
    }
    let mut entries: Vec<Option<HarEntry>> = entries.into_iter().map(Some).collect();
    let mut out = Vec::new();
    for start in 0..entries.len() {
        if is_target[start] && entries[start].is_none() {
            continue;
        }
        let Some(first) = entries[start].take() else { continue };
        if is_target[start] {
            // The middle of a chain that was too long: it stands alone.
            out.push(single(first));
            continue;
        }
        let mut recorded = single(first);
        let mut at = start;
        while let Some((target, to)) = next[at].take().filter(|_| recorded.entries.len() <= MAX_HOPS) {
            let Some(entry) = entries[target].take() else { break };
            join(&mut recorded, entry, to);
            at = target;
        }
        out.push(recorded);
    }
    out
}

fn single(entry: HarEntry) -> Recorded {
    Recorded {
        entries: vec![entry.index],
        exchange: entry.exchange,
        missing: entry.missing,
        label: entry.label,
    }
}

/// The exchange goes on with the next entry of its chain.
fn join(recorded: &mut Recorded, entry: HarEntry, to: String) {
    let before = std::mem::replace(&mut recorded.exchange, entry.exchange);
    let now = &mut recorded.exchange;
    let mut redirects = before.redirects;
    redirects.push(Redirect {
        status: before.response.as_ref().map_or(0, |r| r.status),
        from: before.request.url.clone(),
        to,
        dropped: dropped(&before.request.headers, &now.request.headers),
        method_changed: !before.request.method.eq_ignore_ascii_case(&now.request.method)
            && now.request.method.eq_ignore_ascii_case("GET"),
    });
    now.redirects = redirects;
    now.timings.total = match (before.timings.total, now.timings.total) {
        (Some(a), Some(b)) => Some(a.saturating_add(b)),
        _ => None,
    };
    // The token was looked at when the last hop arrived: that hop's own clock counts, so its start stays.
    recorded.entries.push(entry.index);
    recorded.missing = entry.missing;
    recorded.label = entry.label.or_else(|| recorded.label.take());
}

/// Credentials that the one request had and the next has not; nothing where the next one's headers were not recorded.
fn dropped(
    before: &[crate::model::exchange::Header],
    after: &[crate::model::exchange::Header],
) -> Vec<String> {
    use crate::model::exchange::header;
    if after.is_empty() {
        return Vec::new();
    }
    let gone = |name: &&&str| header(before, name).is_some() && header(after, name).is_none();
    CREDENTIALS.iter().filter(gone).map(|name| (*name).to_owned()).collect()
}

/// Where a redirect leads, absolute.
fn leads_to(exchange: &Exchange) -> Option<String> {
    let response = exchange.response.as_ref()?;
    if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let to = Url::parse(&exchange.request.url).ok()?.join(response.header("location")?.trim()).ok()?;
    Some(to.to_string())
}

/// A URL to compare by: normalised, without its fragment.
fn bare(url: &str) -> String {
    match Url::parse(url) {
        Ok(mut url) => {
            url.set_fragment(None);
            url.to_string()
        }
        Err(_) => url.to_owned(),
    }
}

/// Where the recording tells no time at all, a time is taken at which the token's own times say nothing: neither early nor late.
fn settle_time(exchange: &mut Exchange) {
    if exchange.started != Timestamp::UNIX_EPOCH {
        return;
    }
    let Some(token) = knowledge::bearer(exchange) else { return };
    let claims = jwt::decode(token, exchange.started).claims;
    let seconds = |name: &str| claims.as_ref().and_then(|c| c.get(name)).and_then(Json::as_i64);
    let begins = seconds("iat").max(seconds("nbf"));
    if let Some(time) = begins.and_then(|s| Timestamp::from_second(s.checked_add(1)?).ok()) {
        exchange.started = time;
    }
}

#[cfg(test)]
mod tests;
