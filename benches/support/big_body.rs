//! A large JSON body from the sandbox on screen: how long until its first rows, what it costs, and
//! whether keys are answered all the while.

use super::measure::status;
use super::pty::Launch;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(180);

/// Receives and shows `size` bytes of JSON.
pub fn body(hallpass: &Path, size: u64) {
    let mut sandbox = Command::new(hallpass)
        .arg("sandbox")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a sandbox");
    let mut line = String::new();
    if let Some(stdout) = sandbox.stdout.take() {
        BufReader::new(stdout).read_line(&mut line).expect("its address");
    }
    let url = line.trim().trim_start_matches("listening ");
    show(hallpass, &format!("{url}/sandbox/bytes?n={size}&kind=json"), size);
    let _ = sandbox.kill();
    let _ = sandbox.wait();
}

/// The duration in a status line: `   612 ms   95 MB` or `   1.2 s`.
fn exchange_ms(line: &str) -> Option<f64> {
    let mut words = line.split_whitespace();
    let number: f64 = words.next()?.parse().ok()?;
    match words.next()? {
        "ms" => Some(number),
        "s" => Some(number * 1000.0),
        _ => None,
    }
}

fn show(hallpass: &Path, url: &str, size: u64) {
    let dir = tempfile::tempdir().expect("a directory");
    let root = dir.path();
    std::fs::create_dir_all(root.join("collections/c")).expect("a directory");
    std::fs::write(root.join("hallpass.toml"), "format = 1\nname = \"bench\"\n").expect("a file");
    std::fs::write(root.join("collections/c/collection.toml"), "name = \"Collected\"\n").expect("a file");
    let request = format!("name = \"Big\"\nmethod = \"GET\"\nurl = \"{url}\"\n");
    std::fs::write(root.join("collections/c/big.toml"), request).expect("a file");
    let root = root.to_string_lossy().into_owned();
    let mut session = Launch::new(hallpass).args(&["-C", &root]).size(120, 40).start();
    session.wait_for("3 Request · Big", LONG);
    let pid = session.pid();
    let before = status(pid, "VmRSS:").unwrap_or(0.0);
    let sent = Instant::now();
    session.press("s");
    let (mut received, mut slowest, mut presses) = (None, Duration::ZERO, 0);
    loop {
        let screen = session.text();
        if received.is_none() && screen.contains("200 OK") {
            received = Some(Instant::now());
        }
        if screen.contains("ACME-CASES-WORK APP-0") || sent.elapsed() > LONG {
            break;
        }
        let (key, title) = if presses % 2 == 0 { ("1", "━ 1 Env") } else { ("2", "━ 2 Coll") };
        let pressed = Instant::now();
        session.press(key);
        session.wait_for(title, LONG);
        slowest = slowest.max(pressed.elapsed());
        presses += 1;
        std::thread::sleep(Duration::from_millis(5));
    }
    let shown = Instant::now();
    let total = session.text().split("200 OK").nth(1).and_then(exchange_ms);
    let megabytes = size as f64 / 1_048_576.0;
    let peak = status(pid, "VmHWM:").unwrap_or(0.0) - before;
    let after = received.map_or(0.0, |at| shown.duration_since(at).as_secs_f64() * 1000.0);
    println!("a JSON body of {size} bytes");
    println!("  key to first rows        {:>8.0} ms", shown.duration_since(sent).as_secs_f64() * 1000.0);
    println!("  status line to first rows{after:>8.0} ms");
    if let Some(total) = total {
        let elapsed = shown.duration_since(sent).as_secs_f64() * 1000.0;
        println!("  last byte to first rows  {:>8.0} ms", elapsed - total);
    }
    println!("  peak memory over before  {peak:>8.1} MB = {:.2} × the body", peak / megabytes);
    println!("  slowest of {presses:>4} keys     {:>8.1} ms", slowest.as_secs_f64() * 1000.0);
}
