//! How long a refusal takes to be explained, and a recording to be read, each beside its limit.
//!
//! `cargo bench --bench diagnosis`

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used)]

use bytes::Bytes;
use hallpass::diagnose::{Context, Facts, Recording, diagnose};
use hallpass::import::har;
use hallpass::model::exchange::{BodyData, Exchange};
use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

const TOKEN: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJleHAiOjE3MDAwMDAwMDB9.c2lnbmF0dXJl";

/// A recording with so many refused entries, each with a body of so many bytes.
fn recording(entries: usize, body: usize) -> String {
    let mut text = String::from(
        "{\"log\":{\"version\":\"1.2\",\"creator\":{\"name\":\"Firefox\",\"version\":\"1\"},\"entries\":[",
    );
    let filler = "the quick brown fox jumps over the lazy dog \\n".repeat(body / 45 + 1);
    for i in 0..entries {
        if i > 0 {
            text.push(',');
        }
        write!(
            text,
            "{{\"startedDateTime\":\"2026-03-01T12:00:00.000Z\",\"time\":100,\
             \"request\":{{\"method\":\"GET\",\"url\":\"https://api.example/orders/{i}\",\"httpVersion\":\"h2\",\
             \"headers\":[{{\"name\":\"authorization\",\"value\":\"Bearer {TOKEN}\"}},{{\"name\":\"accept\",\"value\":\"application/json\"}}]}},\
             \"response\":{{\"status\":401,\"statusText\":\"\",\"httpVersion\":\"h2\",\
             \"headers\":[{{\"name\":\"date\",\"value\":\"Sun, 01 Mar 2026 12:00:00 GMT\"}},{{\"name\":\"content-type\",\"value\":\"application/json\"}},\
             {{\"name\":\"www-authenticate\",\"value\":\"Bearer realm=\\\"x\\\", error=\\\"invalid_token\\\"\"}}],\
             \"content\":{{\"size\":1,\"mimeType\":\"application/json\",\"text\":\"{filler}\"}}}}}}",
        )
        .unwrap();
    }
    text.push_str("]}}");
    text
}

/// Best of a few runs.
fn time<T>(runs: u32, mut run: impl FnMut() -> T) -> Duration {
    let mut best: Option<Duration> = None;
    for _ in 0..runs {
        let start = Instant::now();
        black_box(run());
        let took = start.elapsed();
        if best.is_none_or(|b| took < b) {
            best = Some(took);
        }
    }
    best.expect("at least one run")
}

fn line(what: &str, took: Duration, limit_ms: u32) {
    let limit = if limit_ms > 0 { format!("limit {limit_ms} ms") } else { String::new() };
    println!("{what:<44} {:>9.3} ms  {limit}", took.as_secs_f64() * 1e3);
}

fn explain(exchange: &Exchange) -> usize {
    diagnose(&Facts::of(exchange, Context::default())).findings.len()
}

fn main() {
    let log = har::read(recording(1, 200).as_bytes()).expect("a recording");
    let ordinary = log.entries[0].exchange.clone();
    line("an ordinary refusal", time(50, || explain(&ordinary)), 5);

    let with = |body: String, media_type: &str| {
        let mut exchange = ordinary.clone();
        let response = exchange.response.as_mut().expect("an answer");
        response.body = BodyData::Memory(Bytes::from(body));
        for header in &mut response.headers {
            if header.name == "content-type" {
                header.value = media_type.to_owned();
            }
        }
        exchange
    };
    let rows =
        "{\"ID\":\"MYORG-APP-WORK APP-1\",\"status\":\"Pending-Review\",\"open\":true},".repeat(140_000);
    let json = with(format!("{{\"data\":[{}{{}}]}}", rows), "application/json");
    line("with a JSON body of 10 MB", time(10, || explain(&json)), 50);
    let cells = "<tr><td class=\"login\">sign in</td><td>password</td></tr>\n".repeat(190_000);
    let html = with(format!("<!doctype html><html><body><table>{cells}</table></body></html>"), "text/html");
    line("with an HTML body of 10 MB", time(10, || explain(&html)), 50);

    let many = recording(2000, 9_000);
    let what = format!("reading a recording of {:.1} MB", many.len() as f64 / 1e6);
    line(&what, time(5, || har::read(many.as_bytes()).expect("a recording").entries.len()), 0);
    let start = Instant::now();
    let whole = Recording::new(har::read(many.as_bytes()).expect("a recording"));
    black_box(whole.first_refused().map(|at| whole.explain(at).0.findings.len()));
    line("… and explaining its first refusal", start.elapsed(), 0);
}
