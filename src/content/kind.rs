//! What a body is.

use super::json::begins_as_json;

/// How much of a body is looked at, in bytes.
const LOOK: usize = 8 * 1024;

/// How a body can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// JSON (by media type, or because it parses).
    Json,
    /// XML or HTML markup.
    Markup,
    /// Other text.
    Text,
    /// Bytes that are no text.
    Binary,
    /// Nothing.
    Empty,
}

/// Decides by media type, then by a look at the first bytes (8 KiB of them at most). The bytes win
/// where they cannot be what the media type says: servers label error pages as JSON.
pub fn kind(media_type: &str, start: &[u8]) -> Kind {
    if start.is_empty() {
        return Kind::Empty;
    }
    let start = &start[..start.len().min(LOOK)];
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (family, name) = essence.split_once('/').unwrap_or((essence.as_str(), ""));
    let json = name == "json" || name.ends_with("+json");
    let markup = matches!(name, "xml" | "html") || name.ends_with("+xml");
    let one_of_text = matches!(
        name,
        "javascript"
            | "ecmascript"
            | "x-www-form-urlencoded"
            | "yaml"
            | "x-yaml"
            | "toml"
            | "graphql"
            | "sql"
            | "x-ndjson"
            | "ndjson"
            | "jsonl"
            | "json-seq"
            | "jwt"
            | "jose"
            | "pem-certificate-chain"
    );
    let textual = family == "text" || json || markup || one_of_text;
    if is_binary(start, textual) {
        return Kind::Binary;
    }
    let first = first_character(start);
    if json {
        return if first == Some(b'<') { Kind::Markup } else { Kind::Json };
    }
    // Text of a named kind is that kind; anything else may be mislabelled JSON or markup.
    let vague = matches!(name, "" | "plain" | "html" | "octet-stream") || !textual;
    if vague && matches!(first, Some(b'{' | b'[')) && begins_as_json(without_mark(start)) {
        return Kind::Json;
    }
    if markup || (vague && first == Some(b'<') && looks_like_markup(start)) {
        return Kind::Markup;
    }
    Kind::Text
}

fn without_mark(start: &[u8]) -> &[u8] {
    start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start)
}

fn first_character(start: &[u8]) -> Option<u8> {
    without_mark(start).iter().copied().find(|b| !b.is_ascii_whitespace())
}

fn looks_like_markup(start: &[u8]) -> bool {
    let start = without_mark(start).trim_ascii_start();
    start.get(1).is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'!' | b'?' | b'/'))
}

/// NUL bytes, many controls, or many bytes that are no UTF-8. A byte order mark of UTF-16 means text;
/// a media type of text allows other encodings.
fn is_binary(start: &[u8], textual: bool) -> bool {
    if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
        return false;
    }
    if start.contains(&0) {
        return true;
    }
    let controls =
        start.iter().filter(|b| **b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b)).count();
    if controls * 20 > start.len() {
        return true;
    }
    if textual {
        return false;
    }
    let mut invalid = 0;
    for chunk in start.utf8_chunks() {
        invalid += chunk.invalid().len();
    }
    // A character cut at the end of the look counts as up to three.
    invalid > 3 && invalid * 10 > start.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_media_type_decides() {
        for (media, start, expected) in [
            ("application/json", "{}", Kind::Json),
            ("application/json; charset=utf-8", "nonsense", Kind::Json),
            ("application/problem+json", "{", Kind::Json),
            ("APPLICATION/HAL+JSON", "1", Kind::Json),
            ("text/json", "1", Kind::Json),
            ("application/xml", "x", Kind::Markup),
            ("application/soap+xml", "<a/>", Kind::Markup),
            ("image/svg+xml", "<svg/>", Kind::Markup),
            ("text/html", "hello", Kind::Markup),
            ("text/plain", "hello", Kind::Text),
            ("text/csv", "[1]", Kind::Text),
            ("application/x-ndjson", "{}\n{}", Kind::Text),
            ("application/json", "", Kind::Empty),
        ] {
            assert_eq!(kind(media, start.as_bytes()), expected, "{media} {start}");
        }
    }

    #[test]
    fn without_a_clear_media_type_the_bytes_decide() {
        let long = format!("{{\"a\":\"{}", "x".repeat(20_000));
        for (media, start, expected) in [
            ("", "{\"a\": [1, 2", Kind::Json),
            ("", long.as_str(), Kind::Json),
            ("text/plain", "[tru", Kind::Json),
            ("", "\u{feff} {\"a\":1}", Kind::Json),
            ("text/html", "{\"errors\":[]}", Kind::Json),
            ("application/octet-stream", "{\"a\":1}", Kind::Json),
            ("", "{abc}", Kind::Text),
            ("", "{abc", Kind::Text),
            ("", "[info] started", Kind::Text),
            ("", "{\"a\":1} {", Kind::Text),
            ("", "<!doctype html><p>", Kind::Markup),
            ("text/plain", "<?xml version='1.0'?>", Kind::Markup),
            ("", "< 5", Kind::Text),
            ("application/json", "\n<html>", Kind::Markup),
            ("nonsense", "hello", Kind::Text),
        ] {
            assert_eq!(kind(media, start.as_bytes()), expected, "{media} {start}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_binary() {
        assert_eq!(kind("application/json", b"\x00\x01\x02"), Kind::Binary);
        assert_eq!(kind("", b"\x89PNG\r\n\x1a\n\x00\x00"), Kind::Binary);
        assert_eq!(kind("", &[0xE4; 100]), Kind::Binary);
        assert_eq!(kind("", &[1; 100]), Kind::Binary);
        // Latin-1 under a text type, UTF-16 with a mark, a character cut at the end
        assert_eq!(kind("text/plain", &[0xE4; 100]), Kind::Text);
        assert_eq!(kind("", b"\xff\xfeh\x00i\x00"), Kind::Text);
        assert_eq!(kind("", b"abc\xf0\x9f\x98"), Kind::Text);
        assert_eq!(kind("", "Fähre fährt".as_bytes()), Kind::Text);
    }
}
