//! `diagnose --history`: an exchange that was sent before. What was found then is shown; where nothing was kept, the masked
//! exchange is looked at again, as far as a masked one tells. Nothing is sent.

use super::{Case, words};
use crate::cli::Outcome;
use crate::cli::args::DiagnoseArgs;
use crate::cli::context::Context;
use crate::diagnose::{self, Facts};
use crate::model::exchange::{
    BodyData, Exchange, Failure, FailureKind, Header, Redirect, Response, SentRequest,
};
use crate::model::history::HistoryEntry;
use crate::model::redact::Redactor;
use crate::model::timing::Timings;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value as Json, json};

/// Explains one.
pub fn explain(context: &Context, args: &DiagnoseArgs, id: &str) -> Outcome {
    let entry = super::super::history::open(context)?.get(id)?;
    let kept = entry.detail.as_ref().and_then(|d| d.get("findings")).and_then(Json::as_array);
    let out = &context.out;
    if let Some(findings) = kept.filter(|f| !f.is_empty())
        && !args.markdown
    {
        out.note(&format!("what was found on {}, when it was sent", day(&entry)));
        let shape = json!({
            "status": entry.status, "findings": findings, "passed": [], "missing": [],
            "request": { "method": entry.method, "url": entry.url },
        });
        if out.json {
            out.quoting_answer(&shape);
        } else {
            words::print(out, &words::status(entry.status, reason(&entry)), &shape, true);
        }
        return Ok(0);
    }
    out.note("looked at anew from what the history keeps: secrets are masked in it, so nothing can be said about the token");
    let exchange = exchange(&entry);
    let redactor = Redactor::new();
    let missing = vec!["the history keeps no secrets: the token's content is not known".to_owned()];
    let facts = Facts::of(&exchange, diagnose::Context { missing, ..diagnose::Context::default() });
    let diagnosis = diagnose::diagnose(&facts);
    let case = Case {
        exchange: Some(&exchange),
        diagnosis: &diagnosis,
        redactor: &redactor,
        entries: None,
        probed: Vec::new(),
    };
    case.answer(context, args.markdown)
}

fn day(entry: &HistoryEntry) -> String {
    entry.at.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d at %H:%M:%S").to_string()
}

fn reason(entry: &HistoryEntry) -> Option<&str> {
    entry.detail.as_ref()?.get("response")?.get("reason")?.as_str()
}

/// The exchange as far as the history keeps it.
fn exchange(entry: &HistoryEntry) -> Exchange {
    let none = Json::Null;
    let part = |name: &str| entry.detail.as_ref().and_then(|d| d.get(name)).unwrap_or(&none);
    let (asked, answered) = (part("request"), part("response"));
    let text = |of: &Json, name: &str| of.get(name).and_then(Json::as_str).map(str::to_owned);
    let response = entry.status.map(|status| Response {
        status,
        reason: text(answered, "reason"),
        http_version: text(answered, "http_version").unwrap_or_default(),
        headers: headers(answered),
        body: BodyData::Memory(body(answered)),
        wire_size: entry.size.unwrap_or_default(),
        incomplete: text(answered, "incomplete"),
    });
    let hops = answered.get("redirects").and_then(Json::as_array).into_iter().flatten();
    let failure = entry.failure.clone().filter(|_| response.is_none());
    Exchange {
        request: SentRequest {
            method: entry.method.clone(),
            url: entry.url.clone(),
            http_version: text(asked, "http_version"),
            headers: headers(asked),
            body: body(asked),
        },
        redirects: hops.filter_map(redirect).collect(),
        timings: Timings::default(),
        tls: None,
        peer: text(answered, "peer"),
        proxy: text(answered, "proxy"),
        reused: answered.get("reused").and_then(Json::as_bool).unwrap_or(false),
        started: entry.at,
        clock_offset_ms: answered.get("clock_offset_ms").and_then(Json::as_i64),
        failure: failure.and_then(|text| Some(Failure { kind: kind(&text)?, text })),
        response,
    }
}

/// The family of a failure, by the words this program uses for it.
fn kind(text: &str) -> Option<FailureKind> {
    const WORDS: [(&str, FailureKind); 8] = [
        ("resolve", FailureKind::Dns),
        ("refused", FailureKind::Connect),
        ("certificate", FailureKind::Tls),
        ("TLS", FailureKind::Tls),
        ("proxy", FailureKind::Proxy),
        ("redirect", FailureKind::RedirectLoop),
        ("timed out", FailureKind::Timeout),
        ("reset", FailureKind::Reset),
    ];
    WORDS.iter().find(|(word, _)| text.contains(word)).map(|(_, kind)| *kind)
}

fn headers(part: &Json) -> Vec<Header> {
    let list = part.get("headers").and_then(Json::as_array).into_iter().flatten();
    let pair = |h: &Json| Some((h.get("name")?.as_str()?.to_owned(), h.get("value")?.as_str()?.to_owned()));
    list.filter_map(pair).map(|(name, value)| Header::new(name, value)).collect()
}

fn body(part: &Json) -> Bytes {
    let text = |name: &str| part.get(name).and_then(Json::as_str);
    match (text("body"), text("body_base64")) {
        (Some(text), _) => Bytes::from(text.to_owned()),
        (None, Some(packed)) => STANDARD.decode(packed).map(Bytes::from).unwrap_or_default(),
        (None, None) => Bytes::new(),
    }
}

fn redirect(hop: &Json) -> Option<Redirect> {
    let text = |name: &str| hop.get(name).and_then(Json::as_str).map(str::to_owned);
    let dropped = hop.get("dropped").and_then(Json::as_array).into_iter().flatten();
    Some(Redirect {
        status: hop.get("status").and_then(Json::as_u64).and_then(|s| u16::try_from(s).ok())?,
        from: text("from")?,
        to: text("to")?,
        dropped: dropped.filter_map(Json::as_str).map(str::to_owned).collect(),
        method_changed: false,
    })
}
