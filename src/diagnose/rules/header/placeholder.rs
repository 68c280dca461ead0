//! Texts that stand where a value should: a variable nobody filled in. No secret, so they may be shown.

/// Words that programs and manuals put where a value is missing; compared without case.
const WORDS: [&str; 21] = [
    "bearer",
    "dpop",
    "basic",
    "undefined",
    "null",
    "none",
    "nil",
    "nan",
    "[object object]",
    "[object promise]",
    "token",
    "access_token",
    "access-token",
    "accesstoken",
    "bearer_token",
    "your_token",
    "your_access_token",
    "your-access-token",
    "your_token_here",
    "your_api_key",
    "changeme",
];

/// A template's variable in any text, secrets included: `{{secret}}`, `${SECRET}`.
pub(in crate::diagnose) fn template(value: &str) -> Option<&str> {
    if value.len() > 4096 {
        return None;
    }
    [("{{", "}}"), ("${", "}"), ("#{", "}"), ("<%", "%>")].iter().find_map(|(open, close)| {
        let at = value.find(open)?;
        let rest = value.get(at + open.len()..)?;
        let end = rest.find(close)?;
        let name = rest.get(..end)?;
        let named = !name.is_empty() && name.len() <= 60 && name.chars().all(is_inside);
        if named { value.get(at..at + open.len() + end + close.len()) } else { None }
    })
}

/// The placeholder in a credential: `{{token}}`, `${TOKEN}`, `<token>`, `:token`, `undefined`. `None` for anything that may be a value.
pub(in crate::diagnose) fn placeholder(value: &str) -> Option<&str> {
    let value = value.trim();
    if value.is_empty() || value.len() > 400 {
        return None;
    }
    if let Some(found) = template(value) {
        return Some(found);
    }
    let unquoted = value.trim_matches(['"', '\'', '`']);
    if WORDS.iter().any(|w| w.eq_ignore_ascii_case(unquoted)) {
        return Some(unquoted);
    }
    let between = |open: char, close: char| {
        unquoted.strip_prefix(open).and_then(|v| v.strip_suffix(close)).filter(|v| is_name(v))
    };
    let wrapped = [('<', '>'), ('{', '}'), ('[', ']'), ('%', '%')];
    if wrapped.iter().any(|(open, close)| between(*open, *close).is_some()) {
        return Some(unquoted);
    }
    let named = unquoted.strip_prefix(':').or_else(|| unquoted.strip_prefix('$'));
    named.is_some_and(|v| is_name(v) && !v.contains(' ')).then_some(unquoted)
}

fn is_inside(c: char) -> bool {
    c.is_alphanumeric() || "_-.$ |:'\"()[]/".contains(c)
}

/// A name as people give it: letters, `_-. `, hardly a digit, beginning with a letter, and short. A token in brackets is none.
fn is_name(text: &str) -> bool {
    text.len() <= 40
        && text.chars().filter(char::is_ascii_digit).count() <= 2
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-. ".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_the_signs_of_every_template_language_and_words_for_nothing_are_placeholders() {
        for text in [
            "{{token}}",
            "{{ access_token }}",
            "{{$processEnv TOKEN}}",
            "${TOKEN}",
            "$TOKEN",
            "%TOKEN%",
            "<token>",
            "<your access token>",
            "{token}",
            "[token]",
            ":token",
            "undefined",
            "null",
            "None",
            "[object Object]",
            "\"null\"",
            "YOUR_ACCESS_TOKEN",
        ] {
            assert!(placeholder(text).is_some(), "{text}");
        }
        assert_eq!(placeholder("abc-{{token}}-x"), Some("{{token}}"));
    }

    #[test]
    fn tokens_are_no_placeholders_however_odd_they_look() {
        for text in [
            "",
            "eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
            "tok-123",
            "EwB4A8l6BAAU!*$$abc",
            "a{b}c",
            "nullable",
            "{}",
            "<>",
            "{\"access_token\":\"abc\"}",
            "12:34",
            "%2Babc",
            "<f3a9c2e17b604d58>",
        ] {
            assert_eq!(placeholder(text), None, "{text}");
        }
    }
}
