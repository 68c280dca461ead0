//! Filters, and how a value is encoded for the place it goes to.

use base64::Engine;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// RFC 3986 section 2.3: everything but the unreserved characters is encoded.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One path segment: characters that RFC 3986 section 3.3 allows and that no server takes for something
/// else stay readable (`ASSIGN-WORKLIST%20X!FLOW`); `/ ? # % + ;` never do.
const SEGMENT: &AsciiSet =
    &COMPONENT.remove(b'!').remove(b'\'').remove(b'(').remove(b')').remove(b'*').remove(b':').remove(b'@');

/// The names of all filters.
pub(super) const FILTERS: [&str; 4] = ["base64", "urlencode", "sha256", "json"];

/// Applies one filter; `None` for a name that is none.
pub(super) fn filter(name: &str, value: &str) -> Option<String> {
    Some(match name {
        "base64" => base64::engine::general_purpose::STANDARD.encode(value),
        "urlencode" => component(value),
        "sha256" => {
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, value.as_bytes());
            digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
        }
        "json" => {
            let quoted = serde_json::Value::from(value).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        }
        _ => return None,
    })
}

/// Percent-encodes all but unreserved characters (RFC 3986): for query names and values. A space is `%20`.
pub fn component(text: &str) -> String {
    utf8_percent_encode(text, COMPONENT).to_string()
}

/// Percent-encodes a value that becomes (part of) one path segment.
pub(super) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// Which part of a URL comes next, judged by what is written so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UrlPart {
    /// Before the first `/` of the path: scheme, host, port. Encoding would break `host:port`.
    Origin,
    /// In the path.
    Path,
    /// Behind `?` or `#`.
    Query,
}

/// The part that follows `written`.
pub(super) fn url_part(written: &str) -> UrlPart {
    if written.contains(['?', '#']) {
        return UrlPart::Query;
    }
    let after_scheme = written.find("://").map_or(written, |at| &written[at + 3..]);
    if after_scheme.contains('/') { UrlPart::Path } else { UrlPart::Origin }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_give_what_their_names_promise() {
        assert_eq!(filter("base64", "user:pä").as_deref(), Some("dXNlcjpww6Q="));
        assert_eq!(filter("urlencode", "a b+c/d~é").as_deref(), Some("a%20b%2Bc%2Fd~%C3%A9"));
        assert_eq!(
            filter("sha256", "abc").as_deref(),
            Some("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        );
        assert_eq!(filter("json", "say \"hi\"\n").as_deref(), Some("say \\\"hi\\\"\\n"));
        assert_eq!(filter("rot13", "x"), None);
    }

    #[test]
    fn a_case_key_in_a_path_keeps_its_bang_and_loses_its_space() {
        assert_eq!(segment("ASSIGN-WORKLIST X APP-1!FLOW/+"), "ASSIGN-WORKLIST%20X%20APP-1!FLOW%2F%2B");
    }
}
