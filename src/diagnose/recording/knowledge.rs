//! What the exchanges of a recording tell of each other: tokens issued, secrets sent, keys published, calls made before.

use super::Recorded;
use crate::diagnose::{Context, Issued, Known, KnownKind, Past};
use crate::jwt::{self, Jwks};
use crate::model::exchange::{Exchange, header};
use crate::model::redact::Redactor;
use crate::model::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use std::collections::HashMap;
use std::sync::Arc;
use url::Url;

/// Answers larger than this are no token, no key set and no metadata.
const MAX_JSON: usize = 256 * 1024;
/// How many secrets of a recording are remembered.
const MAX_KNOWN: usize = 100;
/// How many earlier exchanges are looked at.
const MAX_PAST: usize = 30;
/// A token this young was asked for just before, in seconds.
const FRESH: i64 = 60;

/// Gathered once for the whole recording.
#[derive(Default)]
pub(super) struct Knowledge {
    /// Each with the exchange it was seen in.
    known: Vec<(usize, Known)>,
    /// Access tokens and how each was obtained.
    issued: HashMap<String, (usize, Issued)>,
    /// Key sets by URL.
    keys: Vec<(String, Arc<Jwks>)>,
    /// `jwks_uri` by issuer, from metadata.
    key_urls: HashMap<String, String>,
    /// Exchanges by host and port, in order.
    hosts: HashMap<String, Vec<usize>>,
}

impl Knowledge {
    /// Looks through all of them.
    pub fn of(all: &[Recorded]) -> Knowledge {
        let mut out = Knowledge::default();
        for (at, recorded) in all.iter().enumerate() {
            let exchange = &recorded.exchange;
            out.hosts.entry(host(exchange)).or_default().push(at);
            out.request(at, recorded);
            if let Some(json) = json(exchange) {
                out.answer(at, recorded, &json);
            }
        }
        out
    }

    fn know(&mut self, at: usize, entry: usize, kind: KnownKind, text: &str) {
        if text.len() < 4
            || self.known.len() >= MAX_KNOWN
            || self.known.iter().any(|(_, k)| k.text.expose() == text)
        {
            return;
        }
        let label = format!("entry {entry}");
        self.known.push((at, Known { kind, label, environment: String::new(), text: Secret::new(text) }));
    }

    /// Secrets that a form or a Basic header carried to a token endpoint.
    fn request(&mut self, at: usize, recorded: &Recorded) {
        let request = &recorded.exchange.request;
        let fields = fields(&request.body);
        if !fields.iter().any(|(name, _)| name == "grant_type") {
            return;
        }
        let entry = recorded.entry();
        for (name, value) in &fields {
            let kind = match name.as_str() {
                "client_secret" => KnownKind::ClientSecret,
                "password" => KnownKind::Password,
                "code" | "code_verifier" | "device_code" => KnownKind::Code,
                "refresh_token" => KnownKind::RefreshToken,
                _ => continue,
            };
            self.know(at, entry, kind, value);
        }
        let basic = header(&request.headers, "authorization").and_then(|value| {
            let packed =
                value.trim().split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))?.1;
            String::from_utf8(STANDARD.decode(packed.trim()).ok()?).ok()
        });
        if let Some((_, secret)) = basic.as_deref().and_then(|pair| pair.split_once(':')) {
            self.know(at, entry, KnownKind::ClientSecret, secret);
        }
    }

    fn answer(&mut self, at: usize, recorded: &Recorded, json: &Json) {
        let entry = recorded.entry();
        let text = |name: &str| json.get(name).and_then(Json::as_str);
        if let Some(token) = text("access_token").filter(|t| !t.is_empty()) {
            self.know(at, entry, KnownKind::AccessToken, token);
            self.issued.entry(token.to_owned()).or_insert_with(|| (at, issued(recorded, json)));
            for (name, kind) in [("refresh_token", KnownKind::RefreshToken), ("id_token", KnownKind::IdToken)]
            {
                if let Some(token) = text(name) {
                    self.know(at, entry, kind, token);
                }
            }
        }
        let url = &recorded.exchange.request.url;
        let is_set = |keys: &Vec<Json>| keys.iter().all(|k| k.get("kty").is_some());
        if json.get("keys").and_then(Json::as_array).is_some_and(is_set)
            && let Ok(keys) = Jwks::parse(&json.to_string())
        {
            self.keys.push((url.clone(), Arc::new(keys)));
        }
        if let (Some(issuer), Some(keys)) = (text("issuer"), text("jwks_uri")) {
            self.key_urls.insert(issuer.to_owned(), keys.to_owned());
        }
    }

    /// What is known beside one exchange.
    pub fn context(
        &self,
        all: &[Recorded],
        at: usize,
        recorded: &Recorded,
        redactor: Arc<Redactor>,
    ) -> Context {
        let others = self.known.iter().filter(|(from, _)| *from != at);
        let known: Vec<Known> = others.map(|(_, known)| known.clone()).collect();
        for (_, secret) in &self.known {
            redactor.learn(secret.text.expose());
        }
        super::secrets::learn(&recorded.exchange, &redactor);
        let token = bearer(&recorded.exchange);
        Context {
            issued: token.and_then(|token| self.issued_before(token, at, &recorded.exchange)),
            keys: token.and_then(|token| self.keys_for(token, recorded.exchange.started)),
            history: self.history(all, at, recorded),
            known,
            redactor: Some(redactor),
            missing: recorded.missing.clone(),
            ..Context::default()
        }
    }

    fn issued_before(&self, token: &str, at: usize, exchange: &Exchange) -> Option<Issued> {
        let (from, issued) = self.issued.get(token).filter(|(from, _)| *from < at)?;
        let _ = from;
        let age = issued.at.map(|then| exchange.started.duration_since(then).as_secs());
        Some(Issued { fresh: age.is_some_and(|s| (-1..=FRESH).contains(&s)), ..issued.clone() })
    }

    /// The key set of the token's issuer; never another's, which would prove a good token bad.
    fn keys_for(&self, token: &str, now: Timestamp) -> Option<Arc<Jwks>> {
        if self.keys.is_empty() {
            return None;
        }
        let claims = jwt::decode(token, now).claims?;
        let issuer = claims.get("iss")?.as_str()?;
        let named = self.key_urls.get(issuer);
        let below = format!("{}/", issuer.trim_end_matches('/'));
        let fits = |url: &str| match named {
            Some(named) => url == named,
            None => issuer.starts_with("http") && url.starts_with(&below),
        };
        self.keys.iter().rev().find(|(url, _)| fits(url)).map(|(_, keys)| Arc::clone(keys))
    }

    fn history(&self, all: &[Recorded], at: usize, recorded: &Recorded) -> Vec<Past> {
        let same_host = self.hosts.get(&host(&recorded.exchange)).map(Vec::as_slice).unwrap_or_default();
        let earlier = &same_host[..same_host.partition_point(|other| *other < at)];
        let recent = &earlier[earlier.len().saturating_sub(MAX_PAST)..];
        let own = (call(&recorded.exchange), header(&recorded.exchange.request.headers, "authorization"));
        let past = recent.iter().filter_map(|other| all.get(*other)).filter_map(|other| {
            let exchange = &other.exchange;
            let (method, url) = call(exchange);
            let token = header(&exchange.request.headers, "authorization");
            Some(Past {
                at: exchange.started,
                status: exchange.status()?,
                same_token: own.1.zip(token).map(|(a, b)| a == b),
                same_call: own.0 == (method.clone(), url.clone()),
                retry: false,
                body: short_body(exchange),
                method,
                url,
            })
        });
        past.collect()
    }
}

/// The token of an `Authorization` header with the scheme Bearer or DPoP.
pub(super) fn bearer(exchange: &Exchange) -> Option<&str> {
    let (scheme, token) = header(&exchange.request.headers, "authorization")?.trim().split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("dpop");
    known.then(|| jwt::bare(token))
}

fn issued(recorded: &Recorded, json: &Json) -> Issued {
    let exchange = &recorded.exchange;
    let fields = fields(&exchange.request.body);
    let grant = fields.into_iter().find(|(name, _)| name == "grant_type").map(|(_, value)| value);
    let took = exchange.timings.total.and_then(|t| SignedDuration::try_from(t).ok()).unwrap_or_default();
    let at = exchange.started.checked_add(took).unwrap_or(exchange.started);
    let lives = json.get("expires_in").and_then(|v| v.as_f64().or_else(|| v.as_str()?.trim().parse().ok()));
    let ends =
        lives.filter(|s| (0.0..1e10).contains(s)).and_then(|s| SignedDuration::try_from_secs_f64(s).ok());
    let text = |name: &str| json.get(name).and_then(Json::as_str).map(str::to_owned);
    Issued {
        grant: grant
            .unwrap_or_default()
            .trim_start_matches("urn:ietf:params:oauth:grant-type:")
            .replace('_', " "),
        token_type: text("token_type").unwrap_or_default(),
        scope: text("scope"),
        at: Some(at),
        ends: ends.and_then(|d| at.checked_add(d).ok()),
        refreshable: text("refresh_token").is_some(),
        offset_ms: exchange.clock_offset_ms,
        ..Issued::default()
    }
}

fn host(exchange: &Exchange) -> String {
    let url = Url::parse(&exchange.request.url).ok();
    url.map_or_else(String::new, |u| {
        format!("{}:{}", u.host_str().unwrap_or_default(), u.port_or_known_default().unwrap_or(0))
    })
}

/// Method and URL without its query.
fn call(exchange: &Exchange) -> (String, String) {
    let url = exchange.request.url.split(['?', '#']).next().unwrap_or_default();
    (exchange.request.method.to_ascii_uppercase(), url.to_owned())
}

/// A refusal's words, where they are short; a success may hold anything.
fn short_body(exchange: &Exchange) -> String {
    let response = exchange.response.as_ref().filter(|r| r.status >= 400 && r.body.len() <= 4096);
    let bytes = response.and_then(|r| r.body.bytes()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn fields(body: &[u8]) -> Vec<(String, String)> {
    if body.len() > 64 * 1024 || !body.contains(&b'=') {
        return Vec::new();
    }
    url::form_urlencoded::parse(body).take(100).map(|(n, v)| (n.into_owned(), v.into_owned())).collect()
}

/// A small answer that is an object.
fn json(exchange: &Exchange) -> Option<Json> {
    let bytes = exchange.response.as_ref()?.body.bytes()?;
    let small = bytes.len() <= MAX_JSON && bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{');
    serde_json::from_slice(small.then_some(&bytes[..])?).ok()
}
