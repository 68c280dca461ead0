//! Exchanges for the tests of the rules, written in one line each.

#![allow(dead_code, clippy::unwrap_used, reason = "each test takes what it needs")]

use super::{Context, Diagnosis, Facts, Finding, Profile, Purpose, diagnose};
use crate::model::exchange::{
    BodyData, Exchange, Failure, FailureKind, Header, Redirect, Response, SentRequest,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

/// When every exchange of the tests is sent: 2026-11-23T13:00:00Z.
pub const NOW: i64 = 1_795_438_800;

/// An exchange in the making, and what is known beside it.
pub struct Made {
    exchange: Exchange,
    context: Context,
}

/// A request that has no answer yet.
pub fn request(method: &str, url: &str) -> Made {
    let sent = SentRequest { method: method.into(), url: url.into(), ..SentRequest::default() };
    let exchange = Exchange::new(sent, Timestamp::from_second(NOW).unwrap());
    Made { exchange, context: Context::default() }
}

/// A call of an API with this value as its `Authorization`.
pub fn call(url: &str, authorization: &str) -> Made {
    request("GET", url).header("Authorization", authorization)
}

/// A token request with these form fields.
pub fn token_request(url: &str, fields: &[(&str, &str)]) -> Made {
    request("POST", url).form(fields)
}

/// The value of a Basic header, id and secret as they are.
pub fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// A JWT with this header and these claims; its signature is a text, not a signature.
pub fn jwt_with(header: &Json, claims: &Json) -> String {
    let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}.{}", part(header), part(claims), URL_SAFE_NO_PAD.encode([7; 256]))
}

/// The same with a usual header.
pub fn jwt(claims: &Json) -> String {
    jwt_with(&json!({ "alg": "RS256", "typ": "JWT", "kid": "k1" }), claims)
}

impl Made {
    /// Adds a request header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let sensitive = name.eq_ignore_ascii_case("authorization");
        let header = Header { name: name.into(), value: value.into(), sensitive };
        self.exchange.request.headers.push(header);
        self
    }

    /// Sets a form body and its media type.
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.header("Content-Type", "application/x-www-form-urlencoded").body(&text)
    }

    /// Sets the request body as it stands.
    pub fn body(mut self, text: &str) -> Self {
        self.exchange.request.body = Bytes::copy_from_slice(text.as_bytes());
        self
    }

    /// Begins the answer.
    pub fn response(mut self, status: u16) -> Self {
        self.exchange.response =
            Some(Response { status, http_version: "HTTP/1.1".into(), ..Response::default() });
        self
    }

    fn answer(&mut self) -> &mut Response {
        self.exchange.response.get_or_insert_default()
    }

    /// Adds a header to the answer.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.answer().headers.push(Header::new(name, value));
        self
    }

    /// Gives the answer a body of a media type.
    pub fn content(self, media_type: &str, text: &str) -> Self {
        let mut made = self.with("Content-Type", media_type);
        made.answer().body = BodyData::Memory(Bytes::copy_from_slice(text.as_bytes()));
        made
    }

    /// Answers in JSON.
    pub fn json(self, body: &Json) -> Self {
        self.content("application/json", &body.to_string())
    }

    /// Answers with an OAuth error.
    pub fn error(self, code: &str, description: &str) -> Self {
        self.json(&json!({ "error": code, "error_description": description }))
    }

    /// Answers with a page.
    pub fn html(self, words: &str) -> Self {
        self.content("text/html", &format!("<!DOCTYPE html><html><body>{words}</body></html>"))
    }

    /// Ends the exchange, or its body, with a failure.
    pub fn failure(mut self, kind: FailureKind, text: &str) -> Self {
        self.exchange.failure = Some(Failure { kind, text: text.into() });
        self
    }

    /// Adds a redirect that was followed.
    pub fn hop(mut self, status: u16, from: &str, to: &str, dropped: &[&str], method_changed: bool) -> Self {
        let dropped = dropped.iter().map(|d| (*d).to_owned()).collect();
        self.exchange.redirects.push(Redirect {
            status,
            from: from.into(),
            to: to.into(),
            dropped,
            method_changed,
        });
        self
    }

    /// The server's clock minus ours, in seconds.
    pub fn offset(mut self, seconds: i64) -> Self {
        self.exchange.clock_offset_ms = Some(seconds * 1000);
        self
    }

    /// What it was for, where it cannot be seen.
    pub fn purpose(mut self, purpose: Purpose) -> Self {
        self.context.purpose = Some(purpose);
        self
    }

    /// The profile it belongs to.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.context.profile = Some(profile);
        self
    }

    /// Anything else of the context.
    pub fn context(mut self, set: impl FnOnce(&mut Context)) -> Self {
        set(&mut self.context);
        self
    }

    /// Anything else of the exchange.
    pub fn exchange(mut self, set: impl FnOnce(&mut Exchange)) -> Self {
        set(&mut self.exchange);
        self
    }

    /// The facts.
    pub fn facts(self) -> Facts {
        Facts::of(&self.exchange, self.context)
    }

    /// What is found.
    pub fn diagnosis(self) -> Diagnosis {
        diagnose(&self.facts())
    }

    /// The codes found, best first.
    pub fn codes(self) -> Vec<&'static str> {
        self.diagnosis().findings.iter().map(Finding::code).collect()
    }

    /// The finding of this code.
    pub fn finding(self, code: &str) -> Option<Finding> {
        self.diagnosis().findings.into_iter().find(|f| f.code() == code)
    }
}
