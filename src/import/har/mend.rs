//! Small harm that real recorders do to JSON, undone: `NaN`, halves of surrogate pairs, raw control characters; and the end of a
//! file that was cut off.

use serde_json::Value as Json;

/// The text with such harm undone; `None` when there was none, so that reading it again is in vain.
pub(super) fn mended(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    let mut changed = false;
    let mut in_string = false;
    while let Some(c) = rest.chars().next() {
        let mut taken = c.len_utf8();
        match (in_string, c) {
            (false, '"') | (true, '"') => {
                in_string = !in_string;
                out.push('"');
            }
            (true, '\\') => {
                let (piece, length, mended) = escape(rest);
                out.push_str(&piece);
                taken = length;
                changed |= mended;
            }
            (true, c) if c < ' ' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
                changed = true;
            }
            (false, c) if c.is_ascii_alphabetic() || c == '-' || c == '+' => {
                let end = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.' | '_'));
                taken = rest.find(end).unwrap_or(rest.len());
                let word = &rest[..taken];
                let known = matches!(word, "true" | "false" | "null")
                    || word.starts_with('-') && word[1..].starts_with(|c: char| c.is_ascii_digit())
                    // The exponent of a number: its digits were passed on already.
                    || matches!(word.as_bytes(), [b'e' | b'E', b'0'..=b'9' | b'+' | b'-', ..]);
                out.push_str(if known { word } else { "null" });
                changed |= !known;
            }
            (false, ',') => {
                let after = rest[1..].trim_start();
                if after.starts_with(['}', ']']) {
                    changed = true;
                } else {
                    out.push(',');
                }
            }
            (_, c) => out.push(c),
        }
        rest = &rest[taken..];
    }
    changed.then_some(out)
}

/// The escape that begins here: what to write for it, how long it was, whether it had to be mended.
fn escape(rest: &str) -> (String, usize, bool) {
    let unit = |text: &str| {
        let hex = text.strip_prefix("\\u")?.get(..4)?;
        u32::from_str_radix(hex, 16).ok()
    };
    match rest.as_bytes().get(1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => (rest[..2].to_owned(), 2, false),
        Some(b'u') => match unit(rest) {
            Some(0xd800..=0xdbff) => match rest.get(6..).and_then(unit) {
                Some(0xdc00..=0xdfff) => (rest[..12].to_owned(), 12, false),
                _ => ("\\ufffd".to_owned(), 6, true),
            },
            Some(0xdc00..=0xdfff) => ("\\ufffd".to_owned(), 6, true),
            Some(_) => (rest[..6].to_owned(), 6, false),
            None => ("\\\\".to_owned(), 1, true),
        },
        _ => ("\\\\".to_owned(), 1, true),
    }
}

/// The value that begins here and was cut off, closed where it ends; `None` when not even that can be read.
pub(super) fn closed(text: &str) -> Option<Json> {
    let mut open = Vec::new();
    let mut in_string = false;
    let mut escaped = false;
    for b in text.bytes() {
        match (in_string, b) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b'{') => open.push('}'),
            (false, b'[') => open.push(']'),
            (false, b'}' | b']') => {
                open.pop();
            }
            _ => {}
        }
    }
    // Deeper than any recording: not worth a try.
    if open.len() > 100 {
        return None;
    }
    let mut head = text.trim_end();
    if in_string {
        // Half an escape goes.
        let back = head.len().saturating_sub(6);
        let tail = (back..head.len()).find(|i| head.is_char_boundary(*i)).unwrap_or(head.len());
        if let Some(at) = head[tail..].rfind('\\')
            && (escaped || head[tail + at..].starts_with("\\u"))
        {
            head = &head[..tail + at];
        }
    }
    let tail: String = open.iter().rev().collect();
    let quote = if in_string { "\"" } else { "" };
    ["", ":null", "null"].iter().find_map(|between| {
        let whole = format!("{head}{quote}{between}{tail}");
        serde_json::from_str(&whole).ok().or_else(|| serde_json::from_str(&mended(&whole)?).ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_recorders_do_to_json_is_undone() {
        let text = "{\"a\": NaN, \"b\": -Infinity, \"c\": \"\\ud83d x \u{1} \\q\", \"d\": [1e5, -2.5E-3, true,], \"e\": \"\\ud83d\\ude00\"}";
        let json: Json = serde_json::from_str(&mended(text).unwrap()).unwrap();
        assert_eq!(json["a"], Json::Null);
        assert_eq!(json["b"], Json::Null);
        assert_eq!(json["c"], "\u{fffd} x \u{1} \\q");
        assert_eq!(json["d"], json!([1e5, -2.5e-3, true]));
        assert_eq!(json["e"], "😀");
        assert_eq!(mended("{\"a\": [1, \"NaN\"]}"), None);
    }

    #[test]
    fn a_value_that_was_cut_is_closed_wherever_it_ends() {
        let whole = "{\"a\": {\"status\": 401, \"t\": \"ab\\n\\u00e9ü\"}, \"b\": [true, {\"c\": \"x\"}]}";
        for end in (1..whole.len()).filter(|i| whole.is_char_boundary(*i)) {
            let read = closed(&whole[..end]);
            if end > 40 && !whole[..end].ends_with(['t', 'r', 'u']) {
                assert_eq!(read.unwrap_or_default()["a"]["status"], 401, "{}", &whole[..end]);
            }
        }
    }
}
