//! Exchanges for tests, a line each.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it needs")]

use crate::diagnose::facts::{Context, Facts, Issued, Past, Purpose};
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::diagnose::rank;
use crate::diagnose::rules::{Rule, pega, resource};
use crate::model::exchange::{BodyData, Exchange, Header, Response, SentRequest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

/// The time of every exchange.
pub(in crate::diagnose) fn now() -> Timestamp {
    "2026-11-23T13:00:00Z".parse().unwrap()
}

/// A JWT with these claims that nobody signed.
pub(in crate::diagnose) fn jwt(claims: &Json) -> String {
    let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    format!(
        "{}.{}.{}",
        part(&json!({"alg": "RS256", "kid": "k1"})),
        part(claims),
        URL_SAFE_NO_PAD.encode([7; 256])
    )
}

/// A JWT that is good for an hour.
pub(in crate::diagnose) fn good() -> String {
    jwt(
        &json!({"sub": "rest.client@acme", "iss": "https://pega.example.test", "exp": now().as_second() + 3600}),
    )
}

/// An exchange being put together.
pub(in crate::diagnose) struct Case {
    exchange: Exchange,
    context: Context,
}

impl Case {
    /// A request and the status of its answer; the answer has no headers and no body yet.
    pub(in crate::diagnose) fn new(method: &str, url: &str, status: u16) -> Case {
        let request = SentRequest {
            method: method.to_owned(),
            url: url.to_owned(),
            http_version: None,
            headers: Vec::new(),
            body: bytes::Bytes::new(),
        };
        let response = Response {
            status,
            reason: None,
            http_version: "HTTP/1.1".to_owned(),
            headers: Vec::new(),
            body: BodyData::Empty,
            wire_size: 0,
            incomplete: None,
        };
        let exchange =
            Exchange { response: Some(response), clock_offset_ms: Some(0), ..Exchange::new(request, now()) };
        Case { exchange, context: Context::default() }
    }

    /// The same with a good token.
    pub(in crate::diagnose) fn call(method: &str, url: &str, status: u16) -> Case {
        Case::new(method, url, status).sends("Authorization", &format!("Bearer {}", good()))
    }

    /// A request header.
    pub(in crate::diagnose) fn sends(mut self, name: &str, value: &str) -> Case {
        self.exchange.request.headers.push(Header::new(name, value));
        self
    }

    /// The body of the request.
    pub(in crate::diagnose) fn with(mut self, body: &str) -> Case {
        self.exchange.request.body = body.to_owned().into();
        self
    }

    /// A header of the answer.
    pub(in crate::diagnose) fn header(mut self, name: &str, value: &str) -> Case {
        self.exchange.response.as_mut().unwrap().headers.push(Header::new(name, value));
        self
    }

    /// The body of the answer with its media type.
    pub(in crate::diagnose) fn body(mut self, media_type: &str, body: &str) -> Case {
        self = self.header("content-type", media_type);
        self.exchange.response.as_mut().unwrap().body = BodyData::Memory(body.to_owned().into());
        self
    }

    /// A body of JSON.
    pub(in crate::diagnose) fn json(self, body: &Json) -> Case {
        self.body("application/json", &body.to_string())
    }

    /// An earlier exchange so many seconds ago.
    pub(in crate::diagnose) fn past(self, seconds: i64, method: &str, url: &str, status: u16) -> Case {
        self.past_saying(seconds, method, url, status, Some(true), "")
    }

    /// An earlier exchange with its token and its body.
    pub(in crate::diagnose) fn past_saying(
        mut self,
        seconds: i64,
        method: &str,
        url: &str,
        status: u16,
        same_token: Option<bool>,
        body: &str,
    ) -> Case {
        let here = &self.exchange.request;
        self.context.history.push(Past {
            at: now() - SignedDuration::from_secs(seconds),
            method: method.to_owned(),
            url: url.to_owned(),
            status,
            same_token,
            same_call: method == here.method && here.url.split('?').next() == Some(url),
            retry: false,
            body: body.to_owned(),
        });
        self
    }

    /// A new token was tried just before and refused.
    pub(in crate::diagnose) fn renewed(mut self) -> Case {
        let url = self.exchange.request.url.clone();
        let method = self.exchange.request.method.clone();
        self = self.past_saying(1, &method, &url, 401, Some(false), "");
        self.context.history.last_mut().unwrap().retry = true;
        self
    }

    /// The token came so many seconds ago.
    pub(in crate::diagnose) fn issued(mut self, seconds: i64) -> Case {
        let at = Some(now() - SignedDuration::from_secs(seconds));
        self.context.issued = Some(Issued { at, ..Issued::default() });
        self
    }

    /// What the exchange was for.
    pub(in crate::diagnose) fn purpose(mut self, purpose: Purpose) -> Case {
        self.context.purpose = Some(purpose);
        self
    }

    /// What the browser came back with.
    pub(in crate::diagnose) fn browser(mut self, code: &str, text: &str) -> Case {
        self.context.login_error = Some((code.to_owned(), text.to_owned()));
        self
    }

    /// The facts.
    pub(in crate::diagnose) fn facts(self) -> Facts {
        Facts::of(&self.exchange, self.context)
    }

    /// What the rules of these two layers find, in order.
    pub(in crate::diagnose) fn findings(self) -> Vec<Finding> {
        let facts = self.facts();
        let mut found = Findings::default();
        let layers: [&[Rule]; 2] = [resource::RULES, pega::RULES];
        for rule in layers.into_iter().flatten() {
            (rule.look)(&facts, &mut found);
        }
        rank::settle(&facts, found)
    }

    /// Codes with their likelihood.
    pub(in crate::diagnose) fn found(self) -> Vec<(&'static str, Likelihood)> {
        self.findings().iter().map(|f| (f.code(), f.likelihood)).collect()
    }

    /// The first finding.
    pub(in crate::diagnose) fn first(self) -> Finding {
        self.findings().into_iter().next().unwrap()
    }
}
