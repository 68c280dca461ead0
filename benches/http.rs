//! One request after another through the engine, beside a bare reqwest loop on the same in-process
//! server, and beside `wrk -c1 -t1` where that is installed. Prints ratios of rates: above 1 is faster.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use bytes::Bytes;
use hallpass::http::{Engine, EngineOptions, Outgoing};
use hallpass::model::exchange::Header;
use hallpass::model::progress::no_progress;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

const ROUNDS: usize = 7;
const WARM_UP: usize = 500;
const REQUESTS: usize = 4_000;
const BODY: &[u8] = br#"{"ID":"ACME-CASES-WORK APP-2005","data":{"caseInfo":{"status":"New"}}}"#;

fn server() -> SocketAddr {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let service = service_fn(|_| async {
                    let response = hyper::Response::builder()
                        .header("content-type", "application/json")
                        .body(Full::new(Bytes::from_static(BODY)));
                    Ok::<_, Infallible>(response.unwrap())
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
    });
    told.recv().unwrap()
}

fn outgoing(url: &str) -> Outgoing {
    Outgoing {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: vec![
            Header::sensitive("Authorization", "Bearer abc"),
            Header::new("Accept", "application/json"),
        ],
        body: Bytes::new(),
        body_sensitive: false,
        url_sensitive: false,
        timeout: Duration::from_secs(30),
        redirects: 10,
        http_version: None,
        body_memory: 16 << 20,
        body_limit: 0,
        per_hop: None,
    }
}

async fn engine(engine: &Engine, url: &str, count: usize) -> f64 {
    let (request, never) = (outgoing(url), CancellationToken::new());
    let begun = Instant::now();
    for _ in 0..count {
        let exchange = engine.send(request.clone(), &no_progress, &never).await;
        assert_eq!(exchange.status(), Some(200));
    }
    count as f64 / begun.elapsed().as_secs_f64()
}

async fn bare(client: &reqwest::Client, url: &str, count: usize) -> f64 {
    let begun = Instant::now();
    for _ in 0..count {
        let request =
            client.get(url).header("authorization", "Bearer abc").header("accept", "application/json");
        let body = request.send().await.unwrap().bytes().await.unwrap();
        assert_eq!(body.len(), BODY.len());
    }
    count as f64 / begun.elapsed().as_secs_f64()
}

fn wrk(url: &str) -> Option<f64> {
    let output = Command::new("wrk").args(["-c1", "-t1", "-d3s", url]).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().find_map(|line| line.strip_prefix("Requests/sec:"))?.trim().parse().ok()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let url = format!("http://{}/", server());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ours = Engine::new(EngineOptions::default()).unwrap();
    let theirs = reqwest::Client::builder().no_proxy().build().unwrap();
    let (mut a, mut b, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    runtime.block_on(async {
        engine(&ours, &url, WARM_UP).await;
        bare(&theirs, &url, WARM_UP).await;
        for round in 0..ROUNDS {
            // Turn and turn about, so that a drifting machine favours neither.
            let (x, y) = if round % 2 == 0 {
                let x = engine(&ours, &url, REQUESTS).await;
                (x, bare(&theirs, &url, REQUESTS).await)
            } else {
                let y = bare(&theirs, &url, REQUESTS).await;
                (engine(&ours, &url, REQUESTS).await, y)
            };
            a.push(x);
            b.push(y);
            ratios.push(x / y);
        }
    });
    let (ours, theirs) = (median(a), median(b));
    println!(
        "engine {ours:.0}/s, bare reqwest {theirs:.0}/s; engine / bare {:.2} (goal 0.85)",
        median(ratios)
    );
    match wrk(&url) {
        Some(rate) => println!("wrk -c1 -t1 {rate:.0}/s; engine / wrk {:.2} (goal 0.75)", ours / rate),
        None => println!("wrk was not found; its ratio was not measured"),
    }
}
