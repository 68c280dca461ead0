//! How long a large JSON body takes from the last byte to the first screen, and what it weighs.
//! The peer in the same run is a pass of `serde_json` that validates and keeps nothing.
//!
//! `cargo bench --bench json [MB]`

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used)]

use bytes::Bytes;
use hallpass::content::json::{Folds, JsonIndex};
use hallpass::content::lines::Lines;
use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A list of cases as an API gives them: nested objects, short and long texts, numbers.
fn document(megabytes: usize) -> String {
    let mut text = String::with_capacity(megabytes * 1_000_000 + 2_000);
    text.push_str("{\"data\":[");
    let mut i = 0_u64;
    while text.len() < megabytes * 1_000_000 {
        if i > 0 {
            text.push(',');
        }
        write!(
            text,
            "{{\"ID\":\"MYORG-APP-WORK APP-{i}\",\"status\":\"Pending-Review\",\"urgency\":{},\"open\":{},\"parent\":null,\
             \"stages\":[{{\"ID\":\"PRIM0\",\"name\":\"Create\"}},{{\"ID\":\"PRIM1\",\"name\":\"Review\"}}],\
             \"content\":{{\"pyLabel\":\"Caf\u{e9} \\u00e9 \\\"{i}\\\"\",\"pxCreateDateTime\":\"2026-11-23T05:15:00.123Z\",\
             \"amount\":{}.25,\"description\":\"The quick brown fox jumps over the lazy dog and goes home to write a report\",\"tags\":[]}}}}",
            i % 100,
            i.is_multiple_of(2),
            i * 37
        )
        .unwrap();
        i += 1;
    }
    text.push_str("]}");
    text
}

/// Best of a few runs.
fn time<T>(runs: u32, mut run: impl FnMut() -> T) -> (Duration, T) {
    let mut best: Option<(Duration, T)> = None;
    for _ in 0..runs {
        let start = Instant::now();
        let value = run();
        let took = start.elapsed();
        if best.as_ref().is_none_or(|(b, _)| took < *b) {
            best = Some((took, value));
        }
    }
    best.expect("at least one run")
}

fn line(what: &str, took: Duration, more: &str) {
    println!("{what:<44} {:>9.3} ms  {more}", took.as_secs_f64() * 1e3);
}

fn main() {
    let megabytes = std::env::args().find_map(|a| a.parse().ok()).unwrap_or(100);
    let body = Bytes::from(document(megabytes));
    println!("document: {:.1} MB", body.len() as f64 / 1e6);

    let (took, ()) = time(5, || {
        serde_json::from_slice::<serde::de::IgnoredAny>(&body).expect("the document is JSON");
    });
    line("serde_json, validating only (peer)", took, "");
    let (took, index) = time(5, || JsonIndex::new(body.clone(), &|| false).expect("the document is JSON"));
    let weight = format!("{} rows, {:.1} MB beside the body", index.len(), index.len() as f64 * 16.0 / 1e6);
    line("index", took, &weight);

    let index = Arc::new(index);
    let (took, mut folds) = time(5, || {
        let mut folds = Folds::new(Arc::clone(&index));
        folds.fold_from_depth(2);
        folds
    });
    line("fold everything from depth 2", took, &format!("{} rows visible", folds.len()));
    let middle = folds.len() / 2;
    let (took, _) = time(20, || folds.toggle(folds.row(middle)));
    line("toggle one in the middle", took, "");
    let (took, _) = time(20, || {
        (middle..middle + 60)
            .map(|p| index.pieces(folds.row(p), folds.is_folded(folds.row(p)), 200).len())
            .sum::<usize>()
    });
    line("draw 60 rows", took, "");
    let last = index.len() - 8;
    let (took, _) = time(20, || black_box(index.path(last)));
    line("path of a row near the end", took, &index.path(last));
    let (took, hits) = time(3, || index.search("no such text", 1_000).len());
    line("search, nothing found", took, &format!("{hits} hits"));
    let (took, hits) = time(3, || index.search("pylabel", usize::MAX).len());
    line("search, one hit each case", took, &format!("{hits} hits"));
    let (took, size) = time(1, || index.indented(0).len());
    line("re-indent all", took, &format!("{:.1} MB", size as f64 / 1e6));
    let (took, lines) = time(3, || Lines::new(body.clone()).len());
    line("raw lines", took, &format!("{lines} lines"));
    let (took, found) = time(1, || hallpass::jwt::find(std::str::from_utf8(&body).expect("UTF-8")).len());
    line("find tokens in all of it", took, &format!("{found} tokens"));
}
