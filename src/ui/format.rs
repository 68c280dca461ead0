//! Numbers in words: durations, sizes, countdowns.

use jiff::SignedDuration;
use std::time::Duration;

/// `84 ms`, `1.2 s`, `2 min 3 s`.
pub fn duration(d: Duration) -> String {
    let ms = d.as_secs_f64() * 1000.0;
    if ms < 10.0 {
        format!("{ms:.1} ms")
    } else if ms < 1000.0 {
        format!("{ms:.0} ms")
    } else if ms < 60_000.0 {
        format!("{:.1} s", ms / 1000.0)
    } else {
        format!("{} min {} s", d.as_secs() / 60, d.as_secs() % 60)
    }
}

/// `312 B`, `2.1 kB`, `104 MB`.
pub fn size(bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss)]
    let b = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..100_000 => format!("{:.1} kB", b / 1e3),
        100_000..1_000_000 => format!("{:.0} kB", b / 1e3),
        1_000_000..100_000_000 => format!("{:.1} MB", b / 1e6),
        _ => format!("{:.0} MB", b / 1e6),
    }
}

/// `59:12`, `1:02:03`, `expired`.
pub fn countdown(left: SignedDuration) -> String {
    let s = left.as_secs();
    if s <= 0 {
        return "expired".to_owned();
    }
    if s >= 3600 {
        format!("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
    } else {
        format!("{}:{:02}", s / 60, s % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        assert_eq!(duration(Duration::from_micros(1200)), "1.2 ms");
        assert_eq!(duration(Duration::from_millis(84)), "84 ms");
        assert_eq!(size(2_140), "2.1 kB");
        assert_eq!(countdown(SignedDuration::from_secs(3552)), "59:12");
        assert_eq!(countdown(SignedDuration::from_secs(-1)), "expired");
    }
}
