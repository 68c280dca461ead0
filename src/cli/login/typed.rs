//! Texts typed or pasted into stdin while a login waits. A terminal does not show them and takes them in any
//! length; dropping [`Typed`] ends the reading and puts the terminal back.

use crate::model::secret::Secret;
use zeroize::Zeroize;

/// Longer than any redirect URL; what is beyond is dropped.
const LONGEST: usize = 256 * 1024;

/// Bytes on their way to becoming texts.
#[derive(Default)]
struct Lines {
    line: Vec<u8>,
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.line.zeroize();
    }
}

impl Lines {
    /// Takes bytes of a pipe: each line is one text.
    fn piped(&mut self, bytes: &[u8], mut text: impl FnMut(Secret)) {
        for &byte in bytes {
            match byte {
                b'\n' | b'\r' => self.end(&mut text),
                _ => self.push(byte),
            }
        }
    }

    /// Takes keys of a terminal that hands over each one: backspace, Ctrl-U and Ctrl-W work as on any line. The
    /// line breaks inside a paste are a terminal's wrapping; `more` says that bytes are still coming.
    fn keys(&mut self, bytes: &[u8], more: bool, mut text: impl FnMut(Secret)) {
        let end = bytes.iter().rposition(|b| matches!(b, b'\n' | b'\r'));
        for (at, &byte) in bytes.iter().enumerate() {
            match byte {
                b'\n' | b'\r' if end == Some(at) && at + 1 == bytes.len() && !more => self.end(&mut text),
                0x7f | 0x08 => {
                    self.line.pop();
                }
                0x15 | 0x17 => self.line.clear(),
                b'\n' | b'\r' | 0x04 => {}
                _ => self.push(byte),
            }
        }
    }

    /// What there is when the input ends.
    fn end(&mut self, text: &mut impl FnMut(Secret)) {
        let line = String::from_utf8_lossy(&self.line);
        if !line.trim().is_empty() {
            text(Secret::new(line.trim()));
        }
        self.line.zeroize();
        self.line.clear();
    }

    fn push(&mut self, byte: u8) {
        if self.line.len() < LONGEST {
            self.line.push(byte);
        }
    }
}

#[cfg(unix)]
mod reader {
    use super::{Lines, Secret};
    use crate::cli::passphrase;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fd::{BorrowedFd, OwnedFd};
    use rustix::termios::{LocalModes, OptionalActions, Termios};
    use std::thread::JoinHandle;

    /// Bytes of one paste come closer together than this, in nanoseconds.
    const PASTE_GAP: i64 = 30_000_000;

    /// The thread that reads.
    pub struct Typed {
        wake: Option<OwnedFd>,
        thread: Option<JoinHandle<()>>,
    }

    impl Typed {
        /// Starts reading; `None` where stdin may not be read (a job in the background).
        pub fn start(text: impl Fn(Secret) + Send + 'static) -> Option<Typed> {
            let quiet = match quiet(rustix::stdio::stdin()) {
                Input::Terminal(before) => Some(before),
                Input::Other => None,
                Input::NotOurs => return None,
            };
            let (ended, wake) = rustix::pipe::pipe().ok()?;
            let thread = std::thread::Builder::new().name("typed".into()).spawn(move || {
                read(&ended, quiet.is_some(), &text);
                if let Some(before) = quiet {
                    let _ = rustix::termios::tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &before);
                }
            });
            Some(Typed { wake: Some(wake), thread: Some(thread.ok()?) })
        }
    }

    impl Drop for Typed {
        fn drop(&mut self) {
            // Its end of the pipe hangs up: the thread looks up at once.
            self.wake.take();
            let other = self.thread.take().filter(|t| t.thread().id() != std::thread::current().id());
            if let Some(thread) = other {
                let _ = thread.join();
            }
        }
    }

    enum Input {
        /// How it was before.
        Terminal(Box<Termios>),
        Other,
        NotOurs,
    }

    /// Turns off a terminal's echo, and its line of at most 4096 bytes. Ctrl-C stays a signal.
    fn quiet(stdin: BorrowedFd<'_>) -> Input {
        let Ok(before) = rustix::termios::tcgetattr(stdin) else { return Input::Other };
        // Whoever reads or sets it from the background is stopped.
        if rustix::termios::tcgetpgrp(stdin).ok() != Some(rustix::process::getpgrp()) {
            return Input::NotOurs;
        }
        passphrase::remember_terminal();
        let mut now = before.clone();
        now.local_modes -= LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON;
        match rustix::termios::tcsetattr(stdin, OptionalActions::Now, &now) {
            Ok(()) => Input::Terminal(Box::new(before)),
            Err(_) => Input::NotOurs,
        }
    }

    /// Waits for input; false: the login is over.
    fn readable(stdin: BorrowedFd<'_>, ended: &OwnedFd, limit: Option<&Timespec>) -> Option<bool> {
        let mut fds = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(ended, PollFlags::IN)];
        loop {
            match poll(&mut fds, limit) {
                Ok(_) if !fds[1].revents().is_empty() => return None,
                Ok(_) => return Some(!fds[0].revents().is_empty()),
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return None,
            }
        }
    }

    fn read(ended: &OwnedFd, terminal: bool, text: &impl Fn(Secret)) {
        let stdin = rustix::stdio::stdin();
        let gap = Timespec { tv_sec: 0, tv_nsec: PASTE_GAP };
        let mut lines = Lines::default();
        let mut bytes = zeroize::Zeroizing::new(vec![0; 4096]);
        while readable(stdin, ended, None) == Some(true) {
            let got = match rustix::io::read(stdin, &mut bytes[..]) {
                Ok(0) => return lines.end(&mut |t| text(t)),
                Ok(got) => got,
                Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => continue,
                Err(_) => return,
            };
            if terminal {
                let Some(more) = readable(stdin, ended, Some(&gap)) else { return };
                lines.keys(&bytes[..got], more, text);
            } else {
                lines.piped(&bytes[..got], text);
            }
        }
    }
}

#[cfg(not(unix))]
mod reader {
    use super::{Lines, Secret};
    use std::io::Read;

    /// A thread that reads until the program ends: a console cannot be waited for beside something else.
    pub struct Typed;

    impl Typed {
        /// Starts reading.
        pub fn start(text: impl Fn(Secret) + Send + 'static) -> Option<Typed> {
            let thread = std::thread::Builder::new().name("typed".into()).spawn(move || {
                let mut lines = Lines::default();
                let mut bytes = zeroize::Zeroizing::new(vec![0; 4096]);
                while let Ok(got @ 1..) = std::io::stdin().lock().read(&mut bytes) {
                    lines.piped(&bytes[..got], &text);
                }
                lines.end(&mut |t| text(t));
            });
            thread.ok().map(|_| Typed)
        }
    }
}

pub use reader::Typed;

#[cfg(test)]
mod tests {
    use super::*;

    fn piped(pieces: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut all) = (Lines::default(), Vec::new());
        for piece in pieces {
            lines.piped(piece, |t| all.push(t.expose().to_owned()));
        }
        lines.end(&mut |t| all.push(t.expose().to_owned()));
        all
    }

    fn typed(pieces: &[(&[u8], bool)]) -> Vec<String> {
        let (mut lines, mut all) = (Lines::default(), Vec::new());
        for (piece, more) in pieces {
            lines.keys(piece, *more, |t| all.push(t.expose().to_owned()));
        }
        all
    }

    #[test]
    fn each_line_of_a_pipe_is_a_text_and_the_last_needs_no_end() {
        assert_eq!(piped(&[b"one\n", b"\r\ntw", b"o\nthree"]), ["one", "two", "three"]);
    }

    #[test]
    fn a_paste_that_a_terminal_wrapped_is_one_text() {
        let pasted: &[u8] = b"http://127.0.0.1:1/?co\nde=a\n&state=b\n";
        assert_eq!(typed(&[(pasted, false)]), ["http://127.0.0.1:1/?code=a&state=b"]);
        assert_eq!(typed(&[(b"http://h/?co\n", true), (b"de=a\n", false)]), ["http://h/?code=a"]);
    }

    #[test]
    fn a_typed_line_can_be_mended() {
        assert_eq!(typed(&[(b"wrong", false), (b"\x15", false), (b"abx\x7fc\r", false)]), ["abc"]);
        assert!(typed(&[(b"\n", false), (b"  \n", false)]).is_empty());
    }

    #[test]
    fn an_endless_line_is_cut() {
        let all = piped(&[&vec![b'x'; LONGEST + 10], b"\n"]);
        assert_eq!(all[0].len(), LONGEST);
    }
}
