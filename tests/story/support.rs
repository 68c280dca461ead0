//! A workspace on disk for the screen to open, servers that answer as they are told, and what may
//! be written to a terminal.

use crate::pty::{Launch, Session};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_hallpass");
/// Longer than anything here takes, on a busy machine too.
pub const SOON: Duration = Duration::from_secs(30);

/// The demo on screen, its first frame painted.
pub fn demo(columns: u16, rows: u16) -> Session {
    let session = Launch::new(PROGRAM).args(&["demo"]).size(columns, rows).start();
    session.wait_for("> runs it", SOON);
    session
}

/// The demo's scratch workspace.
pub fn scratch(session: &Session) -> PathBuf {
    std::fs::read_dir(session.home())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().unwrap().to_string_lossy().starts_with("hallpass-demo-"))
        .expect("a scratch workspace")
}

/// Walks the demo's four steps, each from its key to its word on screen.
pub fn walk(session: &mut Session) {
    for word in ["Register ok", "Token ok", "Create 201", "Verify ok"] {
        session.press(">");
        session.wait_for(word, SOON);
    }
}

/// Leaves the screen, which must still answer keys.
pub fn quit(session: &mut Session) {
    session.press("q");
    assert_eq!(session.wait_exit(SOON).exit_code(), 0);
    assert!(session.line_restored() && !session.on_alternate_screen());
}

/// The secret of a credentials file: the line after its name.
pub fn secret_of(credentials: &str) -> &str {
    credentials.lines().skip_while(|line| *line != "Client Secret").nth(1).expect("a secret").trim()
}

/// Answers a question, after the time in which keys do not count for it.
pub fn answer(session: &mut Session, question: &str, key: &str) {
    session.wait_for(question, SOON);
    std::thread::sleep(Duration::from_millis(350));
    session.press(key);
}

/// A workspace in a directory of its own.
pub struct Work {
    dir: tempfile::TempDir,
}

impl Work {
    /// As `hallpass init` makes it.
    pub fn new(arguments: &[&str]) -> Work {
        let dir = tempfile::tempdir().unwrap();
        let made = Command::new(PROGRAM)
            .arg("init")
            .arg(dir.path())
            .args(arguments)
            .env("HOME", dir.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Work { dir }
    }

    /// With one collection `c` of requests, by stem and text.
    pub fn with(requests: &[(&str, &str)]) -> Work {
        let work = Work::new(&[]);
        work.write("collections/c/collection.toml", "name = \"Collected\"\n");
        for (stem, text) in requests {
            work.write(&format!("collections/c/{stem}.toml"), text);
        }
        work
    }

    pub fn root(&self) -> &Path {
        self.dir.path()
    }

    pub fn write(&self, file: &str, text: &str) {
        let path = self.root().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.root().join(file)).unwrap_or_default()
    }

    /// Every file of the workspace and its text; what the program keeps for itself is left out.
    pub fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        let mut open = vec![self.root().to_owned()];
        while let Some(dir) = open.pop() {
            // What the program removes while this looks is passed over.
            for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
                let path = entry.path();
                let name = path.strip_prefix(self.root()).unwrap().to_string_lossy().into_owned();
                if path.is_dir() && !name.starts_with('.') {
                    open.push(path);
                } else if name.ends_with(".toml")
                    && let Ok(text) = std::fs::read_to_string(path)
                {
                    files.insert(name, text);
                }
            }
        }
        files
    }

    /// Waits until the files satisfy a condition; a save has no other end that can be seen here.
    pub fn wait_until(
        &self,
        session: &Session,
        what: &str,
        condition: impl Fn(&BTreeMap<String, String>) -> bool,
    ) {
        let until = std::time::Instant::now() + SOON;
        while !condition(&self.files()) {
            let names: Vec<String> = self.files().into_keys().collect();
            assert!(
                std::time::Instant::now() < until,
                "no {what}: {names:#?}; the screen:\n{}",
                session.text()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The screen on it.
    pub fn open(&self) -> Session {
        self.open_at(120, 40)
    }

    pub fn open_at(&self, columns: u16, rows: u16) -> Session {
        let root = self.root().to_string_lossy().into_owned();
        let session = Launch::new(PROGRAM).args(&["-C", &root]).size(columns, rows).start();
        session.wait_for("q quit", SOON);
        session
    }

    /// The screen on it, with one request shown.
    pub fn open_on(&self, name: &str) -> Session {
        let mut session = self.open();
        show(&mut session, name);
        session
    }
}

/// Finds a request in the tree by its name and shows it.
pub fn show(session: &mut Session, name: &str) {
    // From the top, so that the first that holds the name is found.
    session.press("2 home /");
    session.wait_for("╭━ Search", SOON);
    session.send(name).press("enter");
    wait_shown(session, name);
}

/// Waits until a request of exactly this name is shown.
pub fn wait_shown(session: &Session, name: &str) {
    session.wait_for(&format!("3 Request · {name} ─"), SOON);
}

/// Leaves what lies on top, and waits until it is gone: keys that come too soon after Esc are Alt.
pub fn escape(session: &mut Session, gone: &str) {
    session.press("esc");
    session.wait_until(&format!("end of `{gone}`"), SOON, |screen| !screen.contains(gone));
}

/// The lines that one text has and the other has not, as `-` and `+`.
pub fn changed_lines(before: &str, after: &str) -> Vec<String> {
    let only = |a: &str, b: &str, sign: &str| {
        let mut left: Vec<&str> = b.lines().collect();
        let mut lines = Vec::new();
        for line in a.lines() {
            match left.iter().position(|l| *l == line) {
                Some(at) => drop(left.remove(at)),
                None => lines.push(format!("{sign}{line}")),
            }
        }
        lines
    };
    let mut lines = only(before, after, "-");
    lines.extend(only(after, before, "+"));
    lines
}

/// A server that answers each request with the same bytes and counts connections. Without bytes
/// it takes the request and never answers.
pub struct Server {
    pub url: String,
    connections: Arc<AtomicUsize>,
}

impl Server {
    pub fn start(response: Option<Vec<u8>>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counter.fetch_add(1, Ordering::SeqCst);
                let response = response.clone();
                std::thread::spawn(move || serve(stream, response));
            }
        });
        Server { url, connections }
    }

    /// A whole answer with status line, type and body.
    pub fn answering(status: &str, media_type: &str, body: impl AsRef<[u8]>) -> Server {
        let body = body.as_ref();
        let mut bytes = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        )
        .into_bytes();
        bytes.extend_from_slice(body);
        Server::start(Some(bytes))
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn serve(mut stream: TcpStream, response: Option<Vec<u8>>) {
    let mut head = Vec::new();
    let mut bytes = [0; 4096];
    while !head.windows(4).any(|w| w == b"\r\n\r\n") {
        match stream.read(&mut bytes) {
            Ok(n @ 1..) => head.extend_from_slice(&bytes[..n]),
            _ => return,
        }
    }
    match response {
        Some(response) => drop(stream.write_all(&response)),
        // Until the client gives up.
        None => while matches!(stream.read(&mut bytes), Ok(1..)) {},
    }
}

/// An address at which nothing listens.
pub fn dead_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// Everything written is text and the few sequences the renderer knows: no title, no clipboard, no
/// question to the terminal, no control character.
pub fn assert_only_our_sequences(raw: &[u8]) {
    const MODES: [&str; 9] = ["25", "1000", "1002", "1003", "1004", "1006", "1049", "2004", "2026"];
    let text = std::str::from_utf8(raw).expect("UTF-8");
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_control() && c != '\r' && c != '\n') {
        let near = || {
            format!(
                "{:?}",
                &rest.as_bytes()[at.saturating_sub(40)..(at + 40).min(rest.len())].escape_ascii().to_string()
            )
        };
        let tail = &rest[at..];
        let Some(sequence) = tail.strip_prefix("\x1b[") else {
            panic!("a control character that is no CSI: {}", near());
        };
        let end =
            sequence.find(|c: char| ('@'..='~').contains(&c)).unwrap_or_else(|| panic!("no end: {}", near()));
        let parameters = &sequence[..end];
        let fine = match &sequence[end..=end] {
            "H" | "C" | "J" | "K" | "m" => {
                parameters.chars().all(|c| c.is_ascii_digit() || c == ';' || c == ':')
            }
            "h" | "l" => {
                parameters.strip_prefix('?').is_some_and(|modes| modes.split(';').all(|m| MODES.contains(&m)))
            }
            _ => false,
        };
        assert!(fine, "a sequence that is not ours: {}", near());
        rest = &sequence[end + 1..];
    }
}
