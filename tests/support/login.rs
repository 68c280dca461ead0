//! `hallpass` while it waits for a person.

use crate::support::Ran;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(30);

/// A running command, its stdin open.
pub struct Login {
    child: Child,
    stdin: Option<ChildStdin>,
    said: Arc<Mutex<Vec<String>>>,
    stdout: JoinHandle<Vec<u8>>,
    stderr: JoinHandle<()>,
}

impl Login {
    pub fn start(mut command: Command) -> Login {
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let said = Arc::new(Mutex::new(Vec::new()));
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let keep = said.clone();
        let stderr = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                keep.lock().unwrap().push(line);
            }
        });
        let mut out = child.stdout.take().unwrap();
        let stdout = std::thread::spawn(move || {
            let mut all = Vec::new();
            let _ = out.read_to_end(&mut all);
            all
        });
        Login { stdin: child.stdin.take(), child, said, stdout, stderr }
    }

    /// What it said so far.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().join("\n")
    }

    /// Waits until it has said something, and gives the line.
    #[track_caller]
    pub fn line(&mut self, with: &str) -> String {
        self.after(with, 0)
    }

    /// The line so many lines after the one with these words.
    #[track_caller]
    fn after(&mut self, with: &str, more: usize) -> String {
        let end = Instant::now() + SOON;
        loop {
            let found = {
                let said = self.said.lock().unwrap();
                let at = said.iter().position(|line| line.contains(with));
                at.and_then(|at| said.get(at + more).cloned())
            };
            if let Some(line) = found {
                return line;
            }
            let over = !matches!(self.child.try_wait(), Ok(None)) && self.stderr.is_finished();
            assert!(!over && Instant::now() < end, "`{with}` was not said: {}", self.said());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The URL to open.
    #[track_caller]
    pub fn url(&mut self) -> String {
        self.after("Open in a browser:", 1).trim().to_owned()
    }

    /// Page and code for a second device.
    #[track_caller]
    pub fn device(&mut self) -> (String, String) {
        let page = self.after("n any device, go to", 1).trim().to_owned();
        let code = self.line("and enter  ");
        (page, code.trim_start_matches("and enter").trim().to_owned())
    }

    /// Types a line.
    pub fn paste(&mut self, text: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        writeln!(stdin, "{text}").unwrap();
        stdin.flush().unwrap();
    }

    #[cfg(unix)]
    pub fn interrupt(&self) {
        let pid = rustix::process::Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    }

    /// Waits for its end; stdin stays open until then.
    pub fn finish(mut self) -> Ran {
        let status = crate::support::wait(&mut self.child);
        drop(self.stdin.take());
        self.stderr.join().unwrap();
        let stderr = self.said.lock().unwrap().join("\n");
        Ran { code: status.code().unwrap_or(-1), stdout: self.stdout.join().unwrap(), stderr }
    }
}
