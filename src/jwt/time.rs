//! NumericDate claims (RFC 7519 §2) and times in words.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json};

/// A time claim as it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Time {
    /// Seconds, as the RFC has it.
    At(Timestamp),
    /// Thirteen digits: milliseconds, which readers take for a date in tens of thousands of years.
    Milliseconds(Timestamp),
    /// A number no calendar holds.
    OutOfRange,
    /// Text, a boolean, an object.
    NotANumber,
}

pub(super) fn read(value: &Json) -> Time {
    let Json::Number(number) = value else { return Time::NotANumber };
    let Some(seconds) = number.as_f64() else { return Time::OutOfRange };
    if (1e11..1e14).contains(&seconds.abs()) {
        return match Timestamp::from_millisecond(seconds as i64) {
            Ok(at) => Time::Milliseconds(at),
            Err(_) => Time::OutOfRange,
        };
    }
    if !seconds.is_finite() || seconds.abs() >= 1e14 {
        return Time::OutOfRange;
    }
    let whole = number.as_i64().unwrap_or(seconds.floor() as i64);
    let nanos = ((seconds - seconds.floor()) * 1e9) as i32;
    match Timestamp::new(whole, if number.is_f64() { nanos } else { 0 }) {
        Ok(at) => Time::At(at),
        Err(_) => Time::OutOfRange,
    }
}

/// A time claim (`exp`, `iat`, `nbf` …), if it is a number of seconds as RFC 7519 §2 asks.
pub fn time_of(claims: &Map<String, Json>, name: &str) -> Option<Timestamp> {
    match read(claims.get(name)?) {
        Time::At(at) => Some(at),
        _ => None,
    }
}

/// `in 59 min 12 s`, `3 min ago`, `now`; at most two units.
pub fn relative(at: Timestamp, now: Timestamp) -> String {
    let seconds = at.as_second() - now.as_second();
    match seconds {
        0 => "now".into(),
        s if s > 0 => format!("in {}", span(s.unsigned_abs())),
        s => format!("{} ago", span(s.unsigned_abs())),
    }
}

/// A length of time in at most two units: `59 min 12 s`, `365 d`.
pub(super) fn span(seconds: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    // From two years on days say nothing any more.
    if seconds >= 2 * 365 * 86_400 {
        return format!("{} years", seconds / (365 * 86_400 + 86_400 / 4));
    }
    for (i, (size, name)) in UNITS.iter().enumerate() {
        if seconds >= *size {
            let first = format!("{} {name}", seconds / size);
            let rest = seconds % size;
            return match UNITS.get(i + 1) {
                Some((next, unit)) if rest >= *next => format!("{first} {} {unit}", rest / next),
                _ => first,
            };
        }
    }
    "0 s".into()
}

/// From one time to a later one; `None` if it is not later.
pub(super) fn between(from: Timestamp, to: Timestamp) -> Option<SignedDuration> {
    let d = to.duration_since(from);
    d.is_positive().then_some(d)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn relative_times_have_at_most_two_units() {
        let now = at(1_700_000_000);
        for (offset, text) in [
            (3_552, "in 59 min 12 s"),
            (-180, "3 min ago"),
            (0, "now"),
            (1, "in 1 s"),
            (-59, "59 s ago"),
            (3_600, "in 1 h"),
            (3_661, "in 1 h 1 min"),
            (86_400 + 3_600 * 2 + 59, "in 1 d 2 h"),
            (-86_400 * 400, "400 d ago"),
            (86_400 * 365 * 30, "in 29 years"),
        ] {
            assert_eq!(relative(at(1_700_000_000 + offset), now), text);
        }
    }

    #[test]
    fn relative_survives_the_ends_of_time() {
        assert!(relative(Timestamp::MAX, Timestamp::MIN).starts_with("in "));
        assert!(relative(Timestamp::MIN, Timestamp::MAX).ends_with(" ago"));
    }

    #[test]
    fn numeric_dates_may_be_fractional_and_nothing_else_is_a_time() {
        assert_eq!(read(&json!(1300819380)), Time::At(at(1_300_819_380)));
        let Time::At(t) = read(&json!(1300819380.5)) else { panic!() };
        assert_eq!(t.as_millisecond(), 1_300_819_380_500);
        let Time::At(t) = read(&json!(-1.5)) else { panic!() };
        assert_eq!(t.as_millisecond(), -1_500);
        assert_eq!(read(&json!(1_700_000_000_000_u64)), Time::Milliseconds(at(1_700_000_000)));
        assert_eq!(read(&json!("1300819380")), Time::NotANumber);
        assert_eq!(read(&json!(1e300)), Time::OutOfRange);
        assert_eq!(read(&json!(u64::MAX)), Time::OutOfRange);
        assert_eq!(read(&json!(99_999_999_999_u64)), Time::At(at(99_999_999_999)));
    }
}
