//! The screen of the release binary, measured in a pseudo-terminal at 120×40: first frame, keys,
//! memory at rest, idleness. Prints figures and, where there is one, the ratio to a ratatui
//! program that paints an empty frame. A busy machine shows in both, so nothing is asserted.
//!
//! `cargo build --release && cargo bench --bench screen`; `HALLPASS_BIN` names another binary,
//! `HALLPASS_BENCH_IDLE` the seconds of idleness (10), `HALLPASS_BENCH_BODY` the bytes of a JSON body
//! to be received and walked through (none).
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[cfg(unix)]
#[path = "support/big_body.rs"]
mod big;
#[cfg(unix)]
#[path = "support/empty_frame.rs"]
mod empty_frame;
#[cfg(unix)]
#[path = "../tests/support/pty.rs"]
mod pty;

#[cfg(unix)]
fn main() {
    if std::env::args().any(|argument| argument == EMPTY) {
        empty_frame::run().expect("an empty frame");
        return;
    }
    measure::all();
}

#[cfg(not(unix))]
fn main() {
    println!("the screen benchmark needs a Unix pseudo-terminal");
}

#[cfg(unix)]
const EMPTY: &str = "--empty-frame";

#[cfg(unix)]
mod measure {
    use super::pty::{Launch, Session};
    use super::{EMPTY, big};
    use hallpass::app::key::KeyPress;
    use std::collections::HashMap;
    use std::path::{Path, PathBuf};
    use std::process::Command;
    use std::time::{Duration, Instant};

    const STARTS: usize = 21;
    const PRESSES: usize = 60;
    /// A pause in the output that ends a frame.
    const FRAME_GAP: Duration = Duration::from_millis(4);
    const ECHO: &str = "(an echo of the key)";
    const ANSWER: Duration = Duration::from_millis(150);
    /// Between presses: more than the time that two frames keep apart, as any hand does.
    const QUIET: Duration = Duration::from_millis(25);

    pub fn all() {
        let hallpass = binary();
        if !hallpass.is_file() {
            println!("no {}: run `cargo build --release` first, or set HALLPASS_BIN", hallpass.display());
            return;
        }
        let this = std::env::current_exe().expect("this program");
        let empty = || Launch::new(&this).args(&[EMPTY]).size(120, 40);
        let bare = || Launch::new(&hallpass).size(120, 40);
        let demo = || bare().args(&["demo"]);

        let work = workspace(&hallpass);
        let root = work.path().to_string_lossy().into_owned();
        let opened = || bare().args(&["-C", &root]);

        println!("{} at 120×40, medians\n", hallpass.display());
        first_frames(&[
            ("empty ratatui frame", &empty),
            ("hallpass, pega-cases", &opened),
            ("hallpass, first ever", &bare),
            ("hallpass demo", &demo),
        ]);
        println!();
        keys(&demo, &empty);
        println!();
        rest(&[
            ("empty ratatui frame", &empty, false),
            ("hallpass, pega-cases", &opened, false),
            ("hallpass demo", &demo, false),
            ("demo, token counts down", &demo, true),
        ]);
        if let Some(size) = std::env::var("HALLPASS_BENCH_BODY").ok().and_then(|s| s.parse().ok()) {
            println!();
            big::body(&hallpass, size);
        }
    }

    /// A workspace with the Pega sample, as `init` makes it.
    fn workspace(hallpass: &Path) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a directory");
        let made = Command::new(hallpass)
            .args(["init", "--with", "pega-cases"])
            .arg(dir.path())
            .env("HOME", dir.path())
            .output();
        assert!(made.is_ok_and(|made| made.status.success()), "no workspace");
        dir
    }

    /// The demo's four steps.
    fn walk(session: &mut Session) {
        for word in ["Register ok", "Token ok", "Create 201", "Verify ok"] {
            session.press(">");
            session.wait_for(word, Duration::from_secs(10));
        }
        // The last message goes.
        std::thread::sleep(Duration::from_secs(7));
    }

    fn binary() -> PathBuf {
        if let Some(path) = std::env::var_os("HALLPASS_BIN") {
            return path.into();
        }
        // This program is target/release/deps/screen-…
        let this = std::env::current_exe().unwrap_or_default();
        let release = this.ancestors().nth(2).map(PathBuf::from).unwrap_or_default();
        release.join("hallpass")
    }

    type Programs<'a> = &'a [(&'a str, &'a dyn Fn() -> Launch)];

    fn first_frames(programs: Programs<'_>) {
        let mut times = vec![Vec::new(); programs.len()];
        let mut bytes = vec![Vec::new(); programs.len()];
        // In turns, so that what else the machine does falls on all alike.
        for _ in 0..STARTS {
            for (i, (_, launch)) in programs.iter().enumerate() {
                let mut session = launch().start();
                if let Some((time, written)) = first_frame(&mut session) {
                    times[i].push(time.as_secs_f64() * 1000.0);
                    bytes[i].push(written as f64);
                }
            }
        }
        println!("{:<26}{:>14}{:>10}{:>10}{:>10}", "exec to first frame", "ms", "lowest", "bytes", "ratio");
        let base = median(&mut times[0].clone());
        for (i, (name, _)) in programs.iter().enumerate() {
            let time = median(&mut times[i]);
            println!(
                "{name:<26}{:>14}{:>10}{:>10}{:>10}",
                show(time, 2),
                show(times[i].first().copied(), 2),
                show(median(&mut bytes[i]), 0),
                show(time.zip(base).map(|(a, b)| a / b), 2),
            );
        }
    }

    /// When the last byte of the first frame arrived, and how many bytes there were.
    fn first_frame(session: &mut Session) -> Option<(Duration, usize)> {
        let until = Instant::now() + Duration::from_secs(5);
        // Nothing to see is a frame too, if something was written and then nothing more.
        while !(session.written() > 0
            && (!session.text().trim().is_empty() || session.settle(Duration::from_millis(60))))
        {
            if Instant::now() > until || !session.runs() {
                return None;
            }
            std::thread::sleep(Duration::from_micros(300));
        }
        session.settle(Duration::from_millis(20));
        let reads = session.reads();
        let visible = session.first_visible();
        let mut last: Option<(Instant, usize)> = None;
        for (at, total) in reads {
            let whole = last.is_some_and(|(before, have)| {
                at.duration_since(before) > FRAME_GAP && visible.is_none_or(|first| have >= first)
            });
            if whole {
                break;
            }
            last = Some((at, total));
        }
        last.map(|(at, total)| (at.duration_since(session.started), total))
    }

    fn keys(demo: &dyn Fn() -> Launch, echo: &dyn Fn() -> Launch) {
        println!(
            "{:<26}{:>14}{:>10}{:>10}{:>10}{:>10}{:>10}",
            "a key press", "ms to last", "lowest", "p95", "bytes", "p95", "unseen"
        );
        // In Collections the row shown in Request changes with the cursor: that is two panes.
        for (name, walked, before, presses) in [
            // What the machine takes at this moment to bring a byte there and back.
            (ECHO, false, "", ["a", "b"]),
            ("move in Environments", false, "1", ["down", "up"]),
            ("move in Collections", false, "2 home", ["down", "up"]),
            ("move in Collections, full", true, "2 home", ["down", "up"]),
            ("move in the body", true, "6 home", ["down", "up"]),
            ("scroll the body", true, "6 end", ["pageup", "pagedown"]),
            ("type into the URL", false, "g u", ["a", "b"]),
            ("type and erase", true, "g u", ["a", "backspace"]),
            ("type into the body", false, "g b enter", ["a", "b"]),
            ("focus another pane", false, "", ["2", "3"]),
        ] {
            let mut session = if name == ECHO { echo() } else { demo() }.start();
            if first_frame(&mut session).is_none() {
                println!("{name:<26}{:>14}", "no frame");
                continue;
            }
            session.settle(Duration::from_millis(150));
            if walked {
                walk(&mut session);
            }
            if !before.is_empty() {
                session.press(before);
                session.settle(Duration::from_millis(80));
            }
            let (mut times, mut bytes, mut unseen) = (Vec::new(), Vec::new(), 0);
            for i in 0..PRESSES {
                let press = KeyPress::parse(presses[i % 2]).ok().and_then(|press| press.legacy_bytes());
                let from = session.written();
                let sent = Instant::now();
                session.send(press.unwrap_or_default());
                // A busy machine may take long to begin; a press that changes nothing never does.
                while session.written() == from && sent.elapsed() < ANSWER {
                    std::thread::sleep(Duration::from_micros(200));
                }
                session.settle(QUIET);
                let written = session.written() - from;
                match session.last_arrival().filter(|_| written > 0) {
                    Some(last) => {
                        times.push(last.saturating_duration_since(sent).as_secs_f64() * 1000.0);
                        bytes.push(written as f64);
                    }
                    None => unseen += 1,
                }
            }
            println!(
                "{name:<26}{:>14}{:>10}{:>10}{:>10}{:>10}{unseen:>10}",
                show(median(&mut times), 2),
                show(times.first().copied(), 2),
                show(high(&mut times), 2),
                show(median(&mut bytes), 0),
                show(high(&mut bytes), 0),
            );
        }
    }

    fn rest(programs: &[(&str, &dyn Fn() -> Launch, bool)]) {
        let idle = std::env::var("HALLPASS_BENCH_IDLE").ok().and_then(|s| s.parse().ok()).unwrap_or(10);
        println!(
            "{:<26}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}",
            format!("{idle} s at rest"),
            "RSS MB",
            "own MB",
            "threads",
            "bytes",
            "CPU ms",
            "wakeups"
        );
        for (name, launch, walked) in programs {
            let mut session = launch().start();
            if first_frame(&mut session).is_none() {
                println!("{name:<26}{:>10}", "no frame");
                continue;
            }
            if *walked {
                walk(&mut session);
            }
            std::thread::sleep(Duration::from_secs(1));
            let pid = session.pid();
            let before = (session.written(), switches(pid));
            std::thread::sleep(Duration::from_secs(idle));
            // Of the threads there are at both times: those of finished work end meanwhile.
            let after = switches(pid);
            let (mut woken, mut cpu) = (0, 0);
            for (task, (switched, used)) in &after {
                if let Some((switched_before, used_before)) = before.1.get(task) {
                    woken += switched - switched_before;
                    cpu += used - used_before;
                }
            }
            println!(
                "{name:<26}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}",
                show(resident(pid), 1),
                show(status(pid, "RssAnon:"), 1),
                std::fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count),
                session.written() - before.0,
                show(Some(cpu as f64 / 1e6), 1),
                woken,
            );
        }
    }

    /// How often each thread gave the processor up to wait, and the nanoseconds it used.
    fn switches(pid: u32) -> HashMap<PathBuf, (u64, u64)> {
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task"));
        tasks
            .into_iter()
            .flatten()
            .filter_map(|task| {
                let path = task.ok()?.path();
                let switched = field(&path.join("status"), "voluntary_ctxt_switches:")?;
                let used = std::fs::read_to_string(path.join("schedstat")).ok()?;
                Some((path, (switched, used.split_whitespace().next()?.parse().ok()?)))
            })
            .collect()
    }

    fn resident(pid: u32) -> Option<f64> {
        status(pid, "VmRSS:")
    }

    /// A size in MiB from the process's status.
    pub(super) fn status(pid: u32, name: &str) -> Option<f64> {
        field(&PathBuf::from(format!("/proc/{pid}/status")), name).map(|kb| kb as f64 / 1024.0)
    }

    fn field(path: &std::path::Path, name: &str) -> Option<u64> {
        let text = std::fs::read_to_string(path).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    }

    /// Sorts.
    fn median(values: &mut [f64]) -> Option<f64> {
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    }

    fn high(values: &mut [f64]) -> Option<f64> {
        values.sort_by(f64::total_cmp);
        values.get(values.len() * 95 / 100).copied()
    }

    fn show(value: Option<f64>, digits: usize) -> String {
        value.map_or_else(|| "-".into(), |value| format!("{value:.digits$}"))
    }
}
