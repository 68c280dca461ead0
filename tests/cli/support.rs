//! A home of one's own, the binary with a time-out, the sandbox as a child, and canned servers.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Longer than any command here may take, on a busy machine too.
const LIMIT: Duration = Duration::from_secs(30);

/// What a command gave.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Ran {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// stdout as exactly one JSON value.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|e| panic!("stdout is not one JSON value ({e}): {self:?} {}", self.text()))
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Ran {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.text(), self.stderr);
        self
    }
}

/// A home directory with a workspace in it.
pub struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    pub fn new() -> Home {
        let dir = tempfile::Builder::new().prefix("hallpass-cli-").tempdir().unwrap();
        for sub in ["work", "tmp"] {
            std::fs::create_dir(dir.path().join(sub)).unwrap();
        }
        Home { dir }
    }

    /// With an initialised workspace that holds `pega-cases`.
    pub fn with_cases() -> Home {
        let home = Home::new();
        home.run(&["init", "--with", "pega-cases"]).exits(0);
        home
    }

    /// With a workspace of one collection `c` made of the given files, and no samples.
    pub fn with_files(files: &[(&str, &str)]) -> Home {
        let home = Home::new();
        home.run(&["init"]).exits(0);
        for (name, text) in files {
            let path = home.work().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        home
    }

    /// Where commands run.
    pub fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hallpass"));
        let at = |sub: &str| self.dir.path().join(sub);
        command
            .args(args)
            .current_dir(self.work())
            .env_clear()
            .env("HOME", self.dir.path())
            .env("XDG_CONFIG_HOME", at("config"))
            .env("XDG_DATA_HOME", at("data"))
            .env("XDG_STATE_HOME", at("state"))
            .env("XDG_CACHE_HOME", at("cache"))
            .env("TMPDIR", at("tmp"))
            .env("HALLPASS_VAULT", "file")
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        finish(self.command(args), b"")
    }

    /// With a vault passphrase in the environment.
    pub fn run_open(&self, args: &[&str], stdin: &[u8]) -> Ran {
        let mut command = self.command(args);
        command.env("HALLPASS_PASSPHRASE", "correct horse").stdin(Stdio::piped());
        finish(command, stdin)
    }

    pub fn run_with_stdin(&self, args: &[&str], stdin: &[u8]) -> Ran {
        let mut command = self.command(args);
        command.stdin(Stdio::piped());
        finish(command, stdin)
    }

    /// True when any file below the home holds these bytes.
    pub fn holds(&self, needle: &str) -> bool {
        fn search(dir: &Path, needle: &[u8]) -> bool {
            std::fs::read_dir(dir).is_ok_and(|entries| {
                entries.flatten().any(|e| {
                    let path = e.path();
                    if path.is_dir() {
                        return search(&path, needle);
                    }
                    std::fs::read(&path).is_ok_and(|b| b.windows(needle.len()).any(|w| w == needle))
                })
            })
        }
        search(self.dir.path(), needle.as_bytes())
    }
}

/// Waits for a child; a hanging one fails the test.
pub fn finish(command: Command, stdin: &[u8]) -> Ran {
    finish_within(command, stdin, LIMIT)
}

/// The same with a limit of its own, for one among many.
pub fn finish_within(mut command: Command, stdin: &[u8], limit: Duration) -> Ran {
    let mut child = command.spawn().unwrap();
    if let Some(mut pipe) = child.stdin.take() {
        // A command that does not read its stdin closes it: no matter.
        let _ = pipe.write_all(stdin);
    }
    let mut out = child.stdout.take().unwrap();
    let mut err = child.stderr.take().unwrap();
    let out = std::thread::spawn(move || {
        let mut all = Vec::new();
        out.read_to_end(&mut all).map(|_| all)
    });
    let err = std::thread::spawn(move || {
        let mut all = Vec::new();
        err.read_to_end(&mut all).map(|_| all)
    });
    let status = wait_within(&mut child, limit);
    Ran {
        code: code(status),
        stdout: out.join().unwrap().unwrap(),
        stderr: String::from_utf8_lossy(&err.join().unwrap().unwrap()).into_owned(),
    }
}

pub fn wait(child: &mut Child) -> ExitStatus {
    wait_within(child, LIMIT)
}

fn wait_within(child: &mut Child, limit: Duration) -> ExitStatus {
    let end = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > end {
            let _ = child.kill();
            panic!("the command did not end within {limit:?}");
        }
        std::thread::sleep(Duration::from_millis(3));
    }
}

fn code(status: ExitStatus) -> i32 {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
    }
    #[cfg(not(unix))]
    status.code().unwrap_or(-1)
}

/// `hallpass sandbox` as a child, and its credentials file.
pub struct Sandbox {
    child: Child,
    pub url: String,
    pub credentials: PathBuf,
}

impl Sandbox {
    pub fn start(home: &Home) -> Sandbox {
        Sandbox::with(home, &[])
    }

    pub fn with(home: &Home, more: &[&str]) -> Sandbox {
        let credentials = home.path().join("credentials.txt");
        let mut args = vec!["sandbox", "--port", "0", "--print-credentials", credentials.to_str().unwrap()];
        args.extend(more);
        let mut child = home.command(&args).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let url = line
            .trim()
            .strip_prefix("listening ")
            .unwrap_or_else(|| panic!("the sandbox said `{line}`"))
            .to_owned();
        Sandbox { child, url, credentials }
    }

    pub fn file(&self) -> &str {
        self.credentials.to_str().unwrap()
    }

    /// The client secret in the credentials file.
    pub fn secret(&self) -> String {
        let text = std::fs::read_to_string(&self.credentials).unwrap();
        let mut lines = text.lines();
        lines.find(|l| l.eq_ignore_ascii_case("client secret")).expect("a label");
        lines.next().expect("a value").trim().to_owned()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn wait(mut self) -> i32 {
        code(wait(&mut self.child))
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port nobody listens on.
pub fn dead_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A server that answers every request with the same bytes, then closes. Gives its URL.
pub fn canned(answer: impl Into<Vec<u8>>) -> String {
    recording(answer).0
}

/// The same, keeping the first line of each request.
pub fn recording(answer: impl Into<Vec<u8>>) -> (String, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let keep = seen.clone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = answer.into();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (answer, keep) = (answer.clone(), keep.clone());
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream);
                let mut length = 0;
                let mut first = String::new();
                if reader.read_line(&mut first).unwrap_or(0) > 0 {
                    keep.lock().unwrap().push(first.trim_end().to_owned());
                }
                loop {
                    let mut line = String::new();
                    if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                        break;
                    }
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap_or(0);
                    }
                }
                let mut body = vec![0; length];
                let _ = reader.read_exact(&mut body);
                let mut stream = reader.into_inner();
                let _ = stream.write_all(&answer);
                let _ = stream.flush();
            });
        }
    });
    (url, seen)
}

/// A whole HTTP/1.1 answer.
pub fn http(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut all =
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n", body.len())
            .into_bytes();
    all.extend_from_slice(body);
    all
}

/// A server that takes connections and never answers.
pub fn silent() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming().flatten() {
            kept.push(stream);
        }
    });
    url
}
