//! The decoder against a virtual clock: every sequence whole and in every pair of pieces.

use super::*;
use crate::app::key::{Button, MouseKind};
use std::collections::BTreeSet;

/// Drives a decoder as the input thread does: a tick when time ran out before the next piece.
struct Driver {
    decoder: Decoder,
    now: Instant,
    out: Vec<Decoded>,
}

impl Driver {
    fn new() -> Self {
        Self { decoder: Decoder::new(ESCAPE_WAIT_LOCAL), now: Instant::now(), out: Vec::new() }
    }

    fn wait(&mut self, ms: u64) -> &mut Self {
        let until = self.now + Duration::from_millis(ms);
        while let Some(deadline) = self.decoder.deadline().filter(|d| *d <= until) {
            self.now = deadline;
            self.decoder.tick(deadline, &mut self.out);
        }
        self.now = until;
        self
    }

    fn feed(&mut self, bytes: &[u8]) -> &mut Self {
        self.decoder.feed(bytes, self.now, &mut self.out);
        self
    }

    /// All events, once everything pending has timed out.
    fn events(&mut self) -> Vec<Decoded> {
        self.wait(60_000);
        assert_eq!(self.decoder.deadline(), None, "something stays pending for ever");
        let mut merged: Vec<Decoded> = Vec::new();
        for event in self.out.drain(..) {
            match (merged.last_mut(), event) {
                (Some(Decoded::Paste(whole)), Decoded::Paste(part)) => whole.push_str(&part),
                (_, event) => merged.push(event),
            }
        }
        merged
    }
}

fn decode(bytes: &[u8]) -> Vec<Decoded> {
    Driver::new().feed(bytes).events()
}

fn key(chord: &str) -> Decoded {
    Decoded::Key(KeyPress::parse(chord).unwrap())
}

fn keys(text: &str) -> Vec<Decoded> {
    text.split_whitespace().map(key).collect()
}

/// Bytes and the chords they stand for.
const KEYS: &[(&str, &str)] = &[
    ("a", "a"),
    ("G", "G"),
    (" ", "space"),
    ("é", "é"),
    ("€", "€"),
    ("😀", "😀"),
    ("\r", "enter"),
    ("\n", "ctrl-j"),
    ("\t", "tab"),
    ("\x7f", "backspace"),
    ("\x08", "backspace"),
    ("\0", "ctrl-space"),
    ("\x01", "ctrl-a"),
    ("\x03", "ctrl-c"),
    ("\x1a", "ctrl-z"),
    ("\x1c", "ctrl-\\"),
    ("\x1d", "ctrl-]"),
    ("\x1e", "ctrl-^"),
    ("\x1f", "ctrl-/"),
    ("\x1b", "esc"),
    ("\x1b\x1b", "esc esc"),
    ("\x1b\x1b\x1b", "esc esc esc"),
    ("\x1bj", "alt-j"),
    ("\x1b\r", "alt-enter"),
    ("\x1b\x7f", "alt-backspace"),
    ("\x1b\x05", "ctrl-alt-e"),
    ("\x1bé", "alt-é"),
    ("\x1b\x1bj", "esc alt-j"),
    ("\x1b[A", "up"),
    ("\x1b[B", "down"),
    ("\x1b[C", "right"),
    ("\x1b[D", "left"),
    ("\x1b[H", "home"),
    ("\x1b[F", "end"),
    ("\x1b[Z", "shift-tab"),
    ("\x1bOA", "up"),
    ("\x1bOH", "home"),
    ("\x1bOP", "f1"),
    ("\x1bOS", "f4"),
    ("\x1bOM", "enter"),
    ("\x1bOp", "0"),
    ("\x1b[1;2A", "shift-up"),
    ("\x1b[1;3B", "alt-down"),
    ("\x1b[1;5C", "ctrl-right"),
    ("\x1b[1;8D", "ctrl-alt-shift-left"),
    ("\x1b[5A", "ctrl-up"),
    ("\x1b[1~", "home"),
    ("\x1b[2~", "insert"),
    ("\x1b[3~", "delete"),
    ("\x1b[4~", "end"),
    ("\x1b[5~", "pageup"),
    ("\x1b[6~", "pagedown"),
    ("\x1b[7~", "home"),
    ("\x1b[8~", "end"),
    ("\x1b[3;5~", "ctrl-delete"),
    ("\x1b[11~", "f1"),
    ("\x1b[15~", "f5"),
    ("\x1b[15;2~", "shift-f5"),
    ("\x1b[17~", "f6"),
    ("\x1b[21~", "f10"),
    ("\x1b[23~", "f11"),
    ("\x1b[24~", "f12"),
    ("\x1b[34~", "f20"),
    ("\x1b[1;5P", "ctrl-f1"),
    ("\x1b[[A", "f1"),
    ("\x1b[[E", "f5"),
    ("\x1b[a", "shift-up"),
    ("\x1bOa", "ctrl-up"),
    ("\x1b[5$", "shift-pageup"),
    ("\x1b[5^", "ctrl-pageup"),
    ("\x1b[5@", "ctrl-shift-pageup"),
    ("\x1b\x1b[A", "alt-up"),
    ("\x1b[97u", "a"),
    ("\x1b[97;5u", "ctrl-a"),
    ("\x1b[97:65;2u", "A"),
    ("\x1b[49:33;2u", "!"),
    ("\x1b[13;5u", "ctrl-enter"),
    ("\x1b[13;2u", "shift-enter"),
    ("\x1b[9;2u", "shift-tab"),
    ("\x1b[9;5u", "ctrl-tab"),
    ("\x1b[27u", "esc"),
    ("\x1b[97;1:1u", "a"),
    ("\x1b[97;1:2u", "a"),
    ("\x1b[57414u", "enter"),
    ("\x1b[57420;5u", "ctrl-down"),
    ("\x1b[1;5:1A", "ctrl-up"),
    ("\x1b[27;5;13~", "ctrl-enter"),
    ("\x1b[27;2;13~", "shift-enter"),
    ("\x1b[27;6;82~", "ctrl-shift-r"),
];

/// What terminals say without a key having been pressed.
const REPLIES: &[&str] = &[
    "\x1b]11;rgb:1e1e/1e1e/2e2e\x07",
    "\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\",
    "\x1b]10;rgb:ffff/ffff/ffff\x1b\\",
    "\x1b]4;1;rgb:aa/bb/cc\x07",
    "\x1b]52;c;aGVsbG8gd29ybGQ=\x07",
    "\x1b]l window title, said: q\x1b\\",
    "\x1bP>|tmux 3.4\x1b\\",
    "\x1bP1+r544e=787465726d\x1b\\",
    "\x1bP1$r0 q\x1b\\",
    "\x1b_Gi=31;OK\x1b\\",
    "\x1b^private\x1b\\",
    "\x1bXstring\x1b\\",
    "\x1b[?62;22c",
    "\x1b[>1;4000;19c",
    "\x1b[?2026;2$y",
    "\x1b[20;2$y",
    "\x1b[12;40R",
    "\x1b[1;5R",
    "\x1b[0n",
    "\x1b[?1u",
    "\x1b[8;24;80t",
    "\x1b[I",
    "\x1b[O",
    "\x1b[97;1:3u",
    "\x1b[57441;2u",
    "\x1b[99;99;99z",
    "\x1b[=1;2;3 q",
    "\x1b[M !!",
    "\x1b[35;10;10M",
];

#[test]
fn keys_of_every_dialect_are_read() {
    for (bytes, chords) in KEYS {
        assert_eq!(decode(bytes.as_bytes()), keys(chords), "{bytes:?}");
    }
}

#[test]
fn a_key_press_written_as_bytes_is_read_as_the_same_key() {
    for (_, chords) in KEYS {
        for chord in chords.split_whitespace() {
            let press = KeyPress::parse(chord).unwrap();
            let Some(bytes) = press.legacy_bytes() else { continue };
            let Some(Decoded::Key(read)) = decode(&bytes).pop() else { panic!("{chord} gave no key") };
            assert!(crate::app::key::byte_identical(read, press), "{chord} became {read}");
        }
    }
}

#[test]
fn replies_of_the_terminal_are_never_keys() {
    for reply in REPLIES {
        assert_eq!(decode(reply.as_bytes()), [], "{reply:?}");
    }
}

#[test]
fn the_mouse_is_read_in_sgr_form_and_ignored_in_the_old_one() {
    let mouse =
        |kind, ctrl| Decoded::Mouse(MouseEvent { kind, column: 9, row: 4, ctrl, alt: false, shift: false });
    for (bytes, kind, ctrl) in [
        ("\x1b[<0;10;5M", MouseKind::Down(Button::Left), false),
        ("\x1b[<2;10;5m", MouseKind::Up(Button::Right), false),
        ("\x1b[<32;10;5M", MouseKind::Drag(Button::Left), false),
        ("\x1b[<35;10;5M", MouseKind::Moved, false),
        ("\x1b[<64;10;5M", MouseKind::ScrollUp, false),
        ("\x1b[<81;10;5M", MouseKind::ScrollDown, true),
    ] {
        assert_eq!(decode(bytes.as_bytes()), [mouse(kind, ctrl)], "{bytes:?}");
    }
    assert_eq!(decode(b"\x1b[M \xff\xffq"), [key("q")]);
    assert_eq!(decode(b"\x1b[<66;1;1M\x1b[<0;1M\x1b[<0;;1M\x1b[<128;1;1M"), []);
}

/// Feeds the pieces with a gap between them.
fn in_pieces(pieces: &[&[u8]], gap: u64) -> Vec<Decoded> {
    let mut driver = Driver::new();
    for piece in pieces {
        driver.feed(piece).wait(gap);
    }
    driver.events()
}

#[test]
fn every_sequence_in_pieces_is_the_same_as_whole() {
    let pastes = [
        "\x1b[200~hello\x1b[201~",
        "\x1b[200~two\r\nlines é€\x1b[201~",
        "\x1b[200~ls\x1b[201~id\r\x1b[201~",
        "\x1b[200~ls\x1b[201~\x1b[200~id\r\x1b[201~",
        "\x1b[200~a\x1b[20\x1b[201~1~b\x1b[201~",
        "\x1b[200~\x1b[A\x1b\x1b[201~",
        "\x1b[200~never ends",
    ];
    let mouse = ["\x1b[<0;10;5M", "\x1b[<35;100;50M"];
    let mut sequences: BTreeSet<Vec<u8>> = BTreeSet::new();
    let all = KEYS.iter().map(|k| k.0).chain(REPLIES.iter().copied()).chain(mouse).chain(pastes);
    for sequence in all {
        for (before, after) in [("", ""), ("x", ""), ("", "y"), ("\x1b[B", "\x1b[A"), ("é", "\x1b]0;t\x07")]
        {
            sequences.insert([before, sequence, after].concat().into_bytes());
        }
    }
    sequences.insert(b"\xff\xfe".to_vec());
    sequences.insert(b"caf\xe9\r".to_vec());
    let mut cases = 0;
    for bytes in &sequences {
        let whole = decode(bytes);
        for gap in [0, 1, 5, 20] {
            for first in 0..=bytes.len() {
                assert_eq!(
                    in_pieces(&[&bytes[..first], &bytes[first..]], gap),
                    whole,
                    "{bytes:?} at {first}, {gap} ms"
                );
                cases += 1;
                for second in first + 1..bytes.len() {
                    let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                    assert_eq!(in_pieces(&pieces, gap), whole, "{bytes:?} at {first} and {second}, {gap} ms");
                    cases += 1;
                }
            }
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(in_pieces(&single, gap), whole, "{bytes:?} byte by byte, {gap} ms");
        }
    }
    assert!(cases >= 10_000, "{cases} cases");
}

#[test]
fn every_pair_of_bytes_in_pieces_is_the_same_as_whole() {
    for a in 0..=255u8 {
        for b in 0..=255u8 {
            let whole = decode(&[a, b, b'z']);
            assert_eq!(in_pieces(&[&[a], &[b, b'z']], 20), whole, "{a:02x} {b:02x}");
            assert_eq!(in_pieces(&[&[a, b], b"z"], 20), whole, "{a:02x} {b:02x}");
        }
    }
}

#[test]
fn a_lone_escape_is_the_esc_key_after_its_wait_and_not_before() {
    let mut driver = Driver::new();
    driver.feed(b"\x1b").wait(49);
    assert_eq!(driver.out, []);
    driver.wait(1);
    assert_eq!(driver.out, [key("esc")]);
    driver.feed(b"j");
    assert_eq!(driver.out, keys("esc j"));
    let mut remote = Decoder::new(ESCAPE_WAIT_REMOTE);
    let now = Instant::now();
    remote.feed(b"\x1b", now, &mut Vec::new());
    assert_eq!(remote.deadline(), Some(now + Duration::from_millis(100)));
}

#[test]
fn a_late_or_torn_reply_gives_no_key_and_the_next_key_works() {
    for reply in REPLIES {
        let bytes = reply.as_bytes();
        for at in 2..bytes.len() {
            let mut driver = Driver::new();
            driver.wait(30_000).feed(&bytes[..at]).wait(400).feed(&bytes[at..]).wait(1).feed(b"k");
            assert_eq!(driver.events(), [key("k")], "{reply:?} at {at}");
        }
    }
}

#[test]
fn a_reply_without_end_gives_the_keyboard_back() {
    let mut driver = Driver::new();
    driver.feed(b"\x1b]11;rgb:").wait(500).feed(b"k");
    assert_eq!(driver.events(), [key("k")]);
    // An Esc may be half of a terminator, so it only ends the reply; Ctrl-C works at once.
    assert_eq!(
        Driver::new().feed(b"\x1bPabc").wait(60).feed(b"\x1b").wait(500).feed(b"k").events(),
        keys("k")
    );
    assert_eq!(Driver::new().feed(b"\x1bPabc").wait(60).feed(b"\x03k").events(), keys("ctrl-c k"));
    assert_eq!(decode(b"\x1b]abc\x1b[A"), [key("up")]);
    // One that never stops is swallowed as long as it flows, and no longer.
    let mut flood = Driver::new();
    flood.feed(b"\x1bP");
    for _ in 0..100 {
        flood.feed(&[b'q'; 4096]).wait(50);
    }
    assert_eq!(flood.out, []);
    flood.wait(60).feed(b"k");
    assert_eq!(flood.events(), [key("k")]);
}

#[test]
fn a_paste_is_text_and_never_a_key() {
    let paste = |text: &str| vec![Decoded::Paste(text.into())];
    assert_eq!(decode(b"\x1b[200~q\x03\x1b[A\r\x1b[201~"), paste("q\x03\x1b[A\n"));
    assert_eq!(decode(b"\x1b[200~\x1b[201~"), paste(""));
    assert_eq!(decode(b"\x1b[200~ls\x1b[201~id\r\x1b[201~"), paste("lsid\n"));
    // What was hidden behind a terminator may come a little later.
    let mut late = Driver::new();
    late.feed(b"\x1b[200~ls\x1b[201~")
        .wait(90)
        .feed(b"id\r")
        .wait(90)
        .feed(b"\x1b[201~")
        .wait(100)
        .feed(b"k");
    assert_eq!(late.events(), [Decoded::Paste("lsid\n".into()), key("k")]);
    // A stray end is nothing.
    assert_eq!(decode(b"\x1b[201~k"), [key("k")]);
}

#[test]
fn a_paste_without_end_is_delivered_after_half_a_second_and_keys_work_again() {
    let mut driver = Driver::new();
    driver.feed(b"\x1b[200~abc").wait(499);
    assert_eq!(driver.out, []);
    driver.wait(1);
    assert_eq!(driver.out, [Decoded::Paste("abc".into())]);
    driver.feed(b"q");
    assert_eq!(driver.out.last(), Some(&key("q")));
}

#[test]
fn hammering_keys_into_an_unended_paste_does_not_prolong_it() {
    let mut driver = Driver::new();
    driver.feed(b"\x1b[200~abc");
    for _ in 0..6 {
        driver.wait(110).feed(b"\x03");
    }
    assert_eq!(driver.out.last(), Some(&key("ctrl-c")));
}

#[test]
fn a_huge_paste_comes_in_parts_and_whole() {
    let text = "päste 😀 ".repeat(300_000);
    let mut driver = Driver::new();
    driver.feed(b"\x1b[200~");
    for chunk in text.as_bytes().chunks(8191) {
        driver.feed(chunk).wait(1);
    }
    assert!(driver.out.len() >= 2, "nothing was delivered before the end");
    assert_eq!(driver.events(), [Decoded::Paste(text)]);
    // Past the megabyte even a short pause gives the keyboard back.
    let mut endless = Driver::new();
    endless.feed(b"\x1b[200~").feed(&vec![b'x'; CHUNK_AND_MORE]).wait(100).feed(b"\x03");
    assert_eq!(endless.out.last(), Some(&key("ctrl-c")));
}

const CHUNK_AND_MORE: usize = 1024 * 1024 + 10;

#[test]
fn bytes_that_are_not_utf8_are_noticed_and_dropped() {
    assert_eq!(decode(b"caf\xe9!"), [key("c"), key("a"), key("f"), Decoded::Invalid, key("!")]);
    assert_eq!(decode(b"\xe9"), [Decoded::Invalid]);
    assert_eq!(decode(b"\xed\xa0\x80k"), [Decoded::Invalid, key("k")]);
    assert_eq!(decode("\u{85}k".as_bytes()), [key("k")]);
}

#[test]
fn random_bytes_neither_panic_nor_leave_anything_pending() {
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..3_000 {
        let alphabet = b"\x1b\x1b[[]OP0123;:~<$uMA\x07\\\x03\xc3\xa9\xff q";
        let bytes: Vec<u8> =
            (0..random.usize(1..40)).map(|_| alphabet[random.usize(..alphabet.len())]).collect();
        let whole = decode(&bytes);
        let at = random.usize(..bytes.len());
        assert_eq!(in_pieces(&[&bytes[..at], &bytes[at..]], 20), whole, "{bytes:?} at {at}");
    }
}
