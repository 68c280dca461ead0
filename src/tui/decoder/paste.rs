//! A bracketed paste in progress: everything is text until its end is certain.
//!
//! The end is a terminator followed by a pause. Text that follows a terminator at once was part of
//! what was pasted (someone hid a terminator in it), so it is appended, never typed. A terminator
//! that does not come is not waited for: after half a second of silence the keyboard is back.

use super::Decoded;
use std::time::{Duration, Instant};

/// Silence that ends a paste whose terminator is missing.
const IDLE: Duration = Duration::from_millis(500);
/// Silence that ends a paste after its terminator, or one that has grown past [`CHUNK`].
const QUIET: Duration = Duration::from_millis(100);
/// Delivered in parts of this many bytes, so that a paste without end holds no memory.
const CHUNK: usize = 1024 * 1024;
/// A piece this short after a pause is a person typing at a program that seems frozen.
const TYPED: usize = 3;

#[derive(Debug)]
pub(super) struct Paste {
    text: Vec<u8>,
    /// The head of a start or end marker, which may still turn out to be text.
    marker: Vec<u8>,
    /// A terminator was seen.
    ended: bool,
    /// A part was delivered already.
    parted: bool,
    last: Instant,
}

impl Paste {
    pub(super) fn new(now: Instant) -> Self {
        Self { text: Vec::new(), marker: Vec::new(), ended: false, parted: false, last: now }
    }

    /// When the paste is over if nothing more comes.
    pub(super) fn deadline(&self) -> Instant {
        self.last + if self.ended || self.parted { QUIET } else { IDLE }
    }

    /// Takes bytes; `piece` is the length of the whole piece read, if this is all of it.
    pub(super) fn feed(&mut self, bytes: &[u8], now: Instant, piece: Option<usize>, out: &mut Vec<Decoded>) {
        let mut rest = bytes;
        while let Some((&byte, tail)) = rest.split_first() {
            if self.marker.is_empty() {
                let plain = memchr::memchr(0x1b, rest).unwrap_or(rest.len());
                self.text.extend_from_slice(&rest[..plain]);
                rest = &rest[plain..];
                if let Some((&escape, tail)) = rest.split_first() {
                    self.marker.push(escape);
                    rest = tail;
                }
            } else if b"[20".get(self.marker.len() - 1) == Some(&byte)
                || (self.marker.len() == 4 && matches!(byte, b'0' | b'1'))
            {
                self.marker.push(byte);
                rest = tail;
            } else if self.marker.len() == 5 && byte == b'~' {
                self.ended = self.marker[4] == b'1';
                self.marker.clear();
                rest = tail;
            } else {
                self.text.append(&mut self.marker);
            }
            if self.text.len() >= CHUNK {
                self.part(out);
            }
        }
        let typed =
            piece.is_some_and(|len| len <= TYPED) && now.saturating_duration_since(self.last) >= QUIET;
        if !typed {
            self.last = now;
        }
    }

    /// Delivers what is left. A half marker is dropped: it is an Esc key or a torn terminator.
    pub(super) fn finish(self, out: &mut Vec<Decoded>) {
        // An empty paste is a fact the screen may want to answer, unless it was the tail of another.
        if !self.parted || !self.text.is_empty() {
            out.push(Decoded::Paste(text(&self.text)));
        }
    }

    /// Delivers all but a character or line end that may be cut in two.
    fn part(&mut self, out: &mut Vec<Decoded>) {
        let mut end = self.text.len();
        let last_start = self.text.iter().rev().take(4).position(|b| b & 0xc0 != 0x80);
        if let Some(back) = last_start {
            let at = end - 1 - back;
            let need = match self.text[at] {
                0xc0..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xff => 4,
                _ => 1,
            };
            if at + need > end || self.text[at] == b'\r' {
                end = at;
            }
        }
        let rest = self.text.split_off(end);
        out.push(Decoded::Paste(text(&self.text)));
        self.text = rest;
        self.parted = true;
    }
}

/// Terminals send `\r` for a line end; editors want `\n`.
fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.into_owned() }
}
