//! One request headless, start-up included, beside curl on the same server: whole processes, in turn,
//! medians and their ratio. `HALLPASS_BIN` names the binary; else `target/release/hallpass`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark's output is its purpose")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a benchmark may end at once")]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const RUNS: usize = 60;

struct Sandbox(Child);

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

fn time(command: &mut Command) -> Duration {
    let start = Instant::now();
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("it starts");
    let took = start.elapsed();
    assert!(status.success(), "{command:?}: {status}");
    took
}

fn main() {
    let hallpass = std::env::var_os("HALLPASS_BIN").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/release/hallpass"),
        PathBuf::from,
    );
    let hallpass = hallpass.canonicalize().unwrap_or(hallpass);
    if !hallpass.is_file() {
        println!("no {}: cargo build --release first, or set HALLPASS_BIN", hallpass.display());
        return;
    }
    let dir = tempfile::tempdir().expect("a scratch directory");
    let mut child = Command::new(&hallpass)
        .args(["sandbox", "--port", "0", "--print-credentials"])
        .arg(dir.path().join("credentials.txt"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the sandbox starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("stdout")).read_line(&mut line).expect("it says where");
    let _sandbox = Sandbox(child);
    let url = format!("{}/sandbox/echo", line.trim().trim_start_matches("listening "));

    let curl_line = format!("curl {url}");
    let hallpass_once = || {
        let mut command = Command::new(&hallpass);
        command.args(["send", "--curl", &curl_line]).current_dir(dir.path()).env("HOME", dir.path());
        time(&mut command)
    };
    let curl_once = || time(Command::new("curl").args(["-s", &url]));
    let has_curl = Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_ok();
    hallpass_once();
    let (mut ours, mut curls) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        ours.push(hallpass_once());
        if has_curl {
            curls.push(curl_once());
        }
    }
    let ours = median(ours);
    println!("one request, start-up included, {RUNS} processes each in turn, medians");
    println!("  hallpass send   {ours:>7.2} ms");
    if has_curl {
        let curls = median(curls);
        println!("  curl            {curls:>7.2} ms");
        println!("  ratio           {:>7.2}", ours / curls);
    } else {
        println!("  curl            not found");
    }
}
