//! The sandbox's clock and the three ways Pega writes a time. Switches shift it.

use super::faults::{Fault, FaultSet, Leg};
use jiff::{SignedDuration, Timestamp};

/// How far the clock switches put it off.
const SHIFT: SignedDuration = SignedDuration::from_hours(2);

/// The server's clock, as far off as the switches say.
pub(super) fn now(faults: &FaultSet) -> Timestamp {
    let mut now = Timestamp::now();
    if faults.has(Fault::ServerBehind) {
        now -= SHIFT;
    }
    if faults.has(Fault::ServerAhead) {
        now += SHIFT;
    }
    now
}

/// The clock of the node that serves the DX API.
pub(super) fn resource_now(faults: &FaultSet) -> Timestamp {
    let mut now = now(faults);
    if faults.at(Leg::Resource, Fault::ClockAhead) {
        now += SHIFT;
    }
    if faults.at(Leg::Resource, Fault::ClockBehind) {
        now -= SHIFT;
    }
    now
}

/// `Mon, 23 Nov 2026 14:02:12 GMT`, RFC 9110 section 5.6.7.
pub(super) fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// `20261123T140212.004 GMT`, as keys and etags have it.
pub(super) fn pega(at: Timestamp) -> String {
    format!("{}.{:03} GMT", at.strftime("%Y%m%dT%H%M%S"), at.subsec_millisecond())
}

/// `2026-11-23T14:02:12.004Z`, as JSON bodies have it.
pub(super) fn iso(at: Timestamp) -> String {
    format!("{}.{:03}Z", at.strftime("%Y-%m-%dT%H:%M:%S"), at.subsec_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_the_three_forms() {
        let at: Timestamp = "2026-11-23T14:02:12.004Z".parse().unwrap();
        assert_eq!(http_date(at), "Mon, 23 Nov 2026 14:02:12 GMT");
        assert_eq!(pega(at), "20261123T140212.004 GMT");
        assert_eq!(iso(at), "2026-11-23T14:02:12.004Z");
    }
}
