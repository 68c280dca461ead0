//! Bytes from a terminal into keys, pastes and mouse events. Pure: time is handed in.
//!
//! Three rules decide every case. A sequence may arrive in pieces, so nothing is decided before its
//! time is up. What a terminal answers (OSC, DCS, unknown CSI) is never a key, however late. And a
//! paste is text to its end: a terminator hidden inside it, or one that never comes, can neither
//! fire a command nor take the keyboard away.
//!
//! The reader polls with [`Decoder::deadline`]; when bytes came it calls [`Decoder::feed`], when
//! the time ran out with no byte, [`Decoder::tick`]. `feed` never times out by itself: bytes that
//! are there may have waited in the kernel while we did not run.

mod paste;
mod sequence;
#[cfg(test)]
mod tests;

use crate::app::key::{Key, KeyPress, MouseEvent};
use paste::Paste;
use std::time::{Duration, Instant};

/// How long a lone ESC byte may be the head of a sequence, on this machine.
pub const ESCAPE_WAIT_LOCAL: Duration = Duration::from_millis(50);
/// The same over SSH, where packets part what was sent together.
pub const ESCAPE_WAIT_REMOTE: Duration = Duration::from_millis(100);
/// Silence after which an unfinished sequence or reply is given up.
const SEQUENCE_WAIT: Duration = Duration::from_millis(500);
/// A reply longer or older than this is only swallowed while it keeps coming without a pause.
const REPLY_BYTES: usize = 64 * 1024;
const REPLY_TIME: Duration = Duration::from_secs(2);
const REPLY_PAUSE: Duration = Duration::from_millis(100);
/// Longest parameter part of a CSI sequence that is kept.
const PARAMETERS: usize = 256;

/// What the decoder yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    /// A key.
    Key(KeyPress),
    /// A paste or, past a megabyte, a part of one; line ends are `\n`.
    Paste(String),
    /// A mouse event.
    Mouse(MouseEvent),
    /// Bytes that are not UTF-8 were dropped: the terminal speaks another encoding.
    Invalid,
}

/// Where in a sequence the last byte left us.
#[derive(Debug)]
enum State {
    Ground,
    /// One ESC, or two (`doubled`): rxvt writes Alt as an ESC before the key's own sequence.
    Escape {
        doubled: bool,
    },
    Utf8 {
        bytes: [u8; 4],
        have: usize,
        need: usize,
        alt: bool,
    },
    Csi {
        parameters: Vec<u8>,
        alt: bool,
    },
    Ss3 {
        parameters: Vec<u8>,
        alt: bool,
    },
    /// The three bytes after `CSI M`, the mouse report of old.
    OldMouse {
        left: u8,
    },
    /// OSC, DCS, APC, PM or SOS, up to ST or BEL.
    Reply {
        bytes: usize,
        since: Instant,
        escape: bool,
    },
    Paste(Paste),
}

/// The decoder. One per terminal; see the module for how it is driven.
#[derive(Debug)]
pub struct Decoder {
    state: State,
    escape_wait: Duration,
    /// When the last byte came.
    last: Option<Instant>,
}

impl Decoder {
    /// A decoder that waits `escape_wait` before an ESC byte is the Esc key.
    pub fn new(escape_wait: Duration) -> Self {
        Self { state: State::Ground, escape_wait, last: None }
    }

    /// Takes bytes that were read at `now` and appends what they complete to `out`.
    pub fn feed(&mut self, bytes: &[u8], now: Instant, out: &mut Vec<Decoded>) {
        let mut rest = bytes;
        let mut first = true;
        while let Some((&byte, tail)) = rest.split_first() {
            if let State::Paste(paste) = &mut self.state {
                paste.feed(rest, now, first.then_some(bytes.len()), out);
                break;
            }
            first = false;
            rest = tail;
            self.byte(byte, now, out);
        }
        if !bytes.is_empty() {
            self.last = Some(now);
        }
    }

    /// When [`Decoder::tick`] is due if no byte comes before; `None` while nothing is pending.
    pub fn deadline(&self) -> Option<Instant> {
        let last = self.last?;
        Some(match &self.state {
            State::Ground => return None,
            State::Escape { .. } | State::Utf8 { .. } => last + self.escape_wait,
            State::Csi { .. } | State::Ss3 { .. } | State::OldMouse { .. } => last + SEQUENCE_WAIT,
            State::Reply { bytes, since, .. } => {
                let over = *bytes > REPLY_BYTES || last.saturating_duration_since(*since) > REPLY_TIME;
                last + if over { REPLY_PAUSE } else { SEQUENCE_WAIT }
            }
            State::Paste(paste) => paste.deadline(),
        })
    }

    /// Decides what is pending if its deadline has come.
    pub fn tick(&mut self, now: Instant, out: &mut Vec<Decoded>) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        match std::mem::replace(&mut self.state, State::Ground) {
            State::Escape { doubled } => {
                out.extend(std::iter::repeat_n(plain(Key::Esc), 1 + usize::from(doubled)));
            }
            State::Utf8 { .. } => out.push(Decoded::Invalid),
            State::Paste(paste) => paste.finish(out),
            State::Ground
            | State::Csi { .. }
            | State::Ss3 { .. }
            | State::OldMouse { .. }
            | State::Reply { .. } => {}
        }
    }

    /// Forgets what is pending: another program had the terminal meanwhile.
    pub fn reset(&mut self) {
        self.state = State::Ground;
        self.last = None;
    }

    fn byte(&mut self, byte: u8, now: Instant, out: &mut Vec<Decoded>) {
        match &mut self.state {
            State::Ground => self.ground(byte, false, out),
            State::Escape { doubled } => {
                let doubled = *doubled;
                self.escape(byte, doubled, now, out);
            }
            State::Utf8 { bytes, have, need, alt } => {
                if byte & 0xc0 != 0x80 {
                    out.push(Decoded::Invalid);
                    self.again(byte, now, out);
                    return;
                }
                bytes[*have] = byte;
                *have += 1;
                if have == need {
                    let (alt, bytes, have) = (*alt, *bytes, *have);
                    self.state = State::Ground;
                    match std::str::from_utf8(&bytes[..have]).ok().and_then(|s| s.chars().next()) {
                        // C1 controls written as UTF-8 are nobody's keys.
                        Some(c) if c.is_control() => {}
                        Some(c) => out.push(Decoded::Key(KeyPress::new(Key::Char(c), false, alt, false))),
                        None => out.push(Decoded::Invalid),
                    }
                }
            }
            State::Csi { parameters, .. } => match byte {
                // rxvt ends shifted keys with `$`, which elsewhere is in the middle of a reply.
                b'$' if !parameters.is_empty() && parameters.iter().all(u8::is_ascii_digit) => {
                    self.end_csi(byte, now, out);
                }
                // The Linux console's F1 to F5 are `CSI [ A` to `CSI [ E`.
                b'[' if parameters.is_empty() => parameters.push(byte),
                0x20..=0x3f => {
                    // Past the limit the sequence is nobody's; its end is still looked for.
                    if parameters.len() <= PARAMETERS {
                        parameters.push(byte);
                    }
                }
                0x40..=0x7e => self.end_csi(byte, now, out),
                0x7f => {}
                _ => self.again(byte, now, out),
            },
            State::Ss3 { parameters, alt } => match byte {
                b'0'..=b'9' | b';' if parameters.len() < 8 => parameters.push(byte),
                0x20..=0x7e => {
                    out.extend(sequence::ss3(parameters, byte, *alt).map(Decoded::Key));
                    self.state = State::Ground;
                }
                _ => self.again(byte, now, out),
            },
            State::OldMouse { left } => {
                *left -= 1;
                if *left == 0 {
                    self.state = State::Ground;
                }
            }
            State::Reply { bytes, escape, .. } => match (byte, *escape) {
                (0x1b, _) => *escape = true,
                (b'\\', true) | (0x07 | 0x18 | 0x1a, false) => self.state = State::Ground,
                (_, true) => {
                    self.state = State::Escape { doubled: false };
                    self.byte(byte, now, out);
                }
                // No terminal answers with Ctrl-C: a user who thinks the program hangs does.
                (0x03, false) => self.again(byte, now, out),
                _ => *bytes += 1,
            },
            State::Paste(_) => {}
        }
    }

    /// Drops what was pending and reads the byte as a first one.
    fn again(&mut self, byte: u8, now: Instant, out: &mut Vec<Decoded>) {
        self.state = State::Ground;
        self.byte(byte, now, out);
    }

    fn ground(&mut self, byte: u8, alt: bool, out: &mut Vec<Decoded>) {
        let need = match byte {
            0x1b => {
                self.state = State::Escape { doubled: false };
                return;
            }
            0..=0x7f => {
                self.state = State::Ground;
                out.push(Decoded::Key(ascii(byte, alt)));
                return;
            }
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => {
                self.state = State::Ground;
                out.push(Decoded::Invalid);
                return;
            }
        };
        self.state = State::Utf8 { bytes: [byte, 0, 0, 0], have: 1, need, alt };
    }

    fn escape(&mut self, byte: u8, doubled: bool, now: Instant, out: &mut Vec<Decoded>) {
        match byte {
            b'[' => self.state = State::Csi { parameters: Vec::new(), alt: doubled },
            b'O' => self.state = State::Ss3 { parameters: Vec::new(), alt: doubled },
            _ => {
                if doubled {
                    out.push(plain(Key::Esc));
                }
                match byte {
                    0x1b => self.state = State::Escape { doubled: true },
                    b']' | b'P' | b'X' | b'^' | b'_' => {
                        self.state = State::Reply { bytes: 0, since: now, escape: false };
                    }
                    _ => self.ground(byte, true, out),
                }
            }
        }
    }

    fn end_csi(&mut self, last: u8, now: Instant, out: &mut Vec<Decoded>) {
        let State::Csi { parameters, alt } = std::mem::replace(&mut self.state, State::Ground) else {
            return;
        };
        match (parameters.as_slice(), last) {
            (b"", b'M') => self.state = State::OldMouse { left: 3 },
            (b"200", b'~') => self.state = State::Paste(Paste::new(now)),
            (parameters, _) if parameters.len() > PARAMETERS => {}
            (parameters, _) => out.extend(sequence::csi(parameters, last, alt)),
        }
    }
}

fn plain(key: Key) -> Decoded {
    Decoded::Key(KeyPress::plain(key))
}

/// The key of a byte below 0x80.
fn ascii(byte: u8, alt: bool) -> KeyPress {
    let (key, ctrl) = match byte {
        b'\r' => (Key::Enter, false),
        b'\t' => (Key::Tab, false),
        0x08 | 0x7f => (Key::Backspace, false),
        0x1b => (Key::Esc, false),
        0 => (Key::Char(' '), true),
        0x1f => (Key::Char('/'), true),
        0x01..=0x1a => (Key::Char(char::from(byte | 0x60)), true),
        0x1c..=0x1e => (Key::Char(char::from(byte | 0x40)), true),
        _ => (Key::Char(char::from(byte)), false),
    };
    KeyPress::new(key, ctrl, alt, false)
}
