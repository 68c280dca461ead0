//! The secrets that an exchange of a recording holds by the names of its fields. A session knows what it sent; of a recording
//! only the names tell, in queries, fragments, forms, JSON (also cut JSON), XML, multipart bodies and headers.

use crate::diagnose::secret_names::{is_secret, plain};
use crate::model::exchange::Exchange;
use crate::model::redact::Redactor;

/// How much of a body is looked through, in bytes: more than a report quotes.
const MAX_BODY: usize = 64 * 1024;
/// How many secrets of one text are learnt.
const MAX_SECRETS: usize = 50;
/// What an answer calls a token is one from this length; `"token": "expired"` is a word.
const MIN_TOLD: usize = 12;
/// What a request calls a password may be shorter.
const MIN_SENT: usize = 4;

/// Names that hold a secret in a query only, where they are long.
const QUERY_NAMES: [&str; 3] = ["code", "key", "state"];

/// Makes all of them known.
pub(super) fn learn(exchange: &Exchange, redactor: &Redactor) {
    query(&exchange.request.url, redactor);
    for redirect in &exchange.redirects {
        query(&redirect.from, redactor);
        query(&redirect.to, redactor);
    }
    for header in exchange.request.headers.iter().filter(|h| !h.sensitive && credential(&h.name)) {
        let value = header.value.trim();
        let bare = value.rsplit(' ').next().unwrap_or(value);
        if bare.len() >= MIN_TOLD {
            redactor.learn(bare);
        }
    }
    for cookie in exchange.request.headers.iter().filter(|h| h.name.eq_ignore_ascii_case("cookie")) {
        for (_, value) in cookie.value.split(';').filter_map(|pair| pair.split_once('=')).take(MAX_SECRETS) {
            if value.trim().len() >= MIN_TOLD {
                redactor.learn(value.trim());
            }
        }
    }
    text(&beginning(&exchange.request.body), MIN_SENT, redactor);
    let Some(response) = &exchange.response else { return };
    for header in &response.headers {
        if header.name.eq_ignore_ascii_case("location") || header.name.eq_ignore_ascii_case("refresh") {
            query(&header.value, redactor);
        }
    }
    text(&beginning(&response.body.bytes().unwrap_or_default()), MIN_TOLD, redactor);
}

fn beginning(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..MAX_BODY).unwrap_or(bytes)).into_owned()
}

/// A header of another name that carries a credential all the same.
fn credential(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with("authorization")
        || name.ends_with("-key")
        || name.ends_with("token")
        || name.ends_with("secret")
}

/// Query and fragment of a URL.
fn query(url: &str, redactor: &Redactor) {
    for part in url.split(['?', '#']).skip(1) {
        for (name, value) in url::form_urlencoded::parse(part.as_bytes()).take(MAX_SECRETS) {
            let long = value.len() >= MIN_TOLD && QUERY_NAMES.contains(&plain(&name).as_str());
            if long || (value.len() >= MIN_SENT && is_secret(&name)) {
                redactor.learn(&value);
            }
        }
    }
}

/// Every `"name": "value"`, `<name>value<` and part of a multipart body.
fn text(text: &str, least: usize, redactor: &Redactor) {
    let told = |value: &str| {
        let value = value.trim();
        value.len() >= least && (least < MIN_TOLD || !value.contains(char::is_whitespace))
    };
    let mut left = MAX_SECRETS;
    let mut rest = text;
    while let Some(at) = rest.find(['"', '<']).filter(|_| left > 0) {
        let (json, after) = (rest[at..].starts_with('"'), &rest[at + 1..]);
        rest = after;
        let Some(end) = after.find(if json { '"' } else { '>' }) else { break };
        let name = &after[..end];
        // A name stands in quotes or tags that hold nothing else; what is no name is walked through.
        let local = name.rsplit(':').next().unwrap_or(name).split(' ').next().unwrap_or(name);
        if name.len() > 200 || !is_secret(local) {
            continue;
        }
        let after = &after[end + 1..];
        let value =
            if json { json_value(after).or_else(|| part_value(after)) } else { after.split('<').next() };
        if let Some(value) = value.filter(|v| told(v)) {
            left -= 1;
            redactor.learn(value.trim());
            if let Ok(clear) = serde_json::from_str::<String>(&format!("\"{value}\"")) {
                redactor.learn(&clear);
            }
        }
    }
}

/// The text behind a name of JSON, as it stands there; to the end where it is cut.
fn json_value(after: &str) -> Option<&str> {
    let value = after.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let mut escaped = false;
    let end = value.find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    Some(&value[..end.unwrap_or(value.len())])
}

/// The line behind the head of a part of a multipart body.
fn part_value(after: &str) -> Option<&str> {
    let after = after.strip_prefix("\r\n").or_else(|| after.strip_prefix('\n'))?;
    let body =
        after.split_once("\r\n").filter(|(head, _)| head.is_empty() || head.starts_with("Content-"))?.1;
    body.trim_start().lines().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(body: &str, least: usize) -> String {
        let redactor = Redactor::new();
        text(body, least, &redactor);
        redactor.mask(body)
    }

    #[test]
    fn a_secret_in_a_body_is_known_by_its_name_in_every_format_even_where_the_body_is_cut() {
        for body in [
            r#"{"user":"joe","password":"s3cr-et-value"}"#,
            r#"{"a":{"clientSecret" : "s3cr-et-value"}}"#,
            r#"{"refresh_token":"s3cr-et-value"#,
            "<x:Password type=\"a\">s3cr-et-value</x:Password>",
            "--X\r\nContent-Disposition: form-data; name=\"client_secret\"\r\n\r\ns3cr-et-value\r\n--X--",
        ] {
            assert!(!masked(body, MIN_TOLD).contains("s3cr-et"), "{body}");
        }
    }

    #[test]
    fn a_word_that_an_answer_calls_a_token_stays() {
        for body in
            [r#"{"token":"expired"}"#, r#"{"password":"This field is required."}"#, r#"{"error":"password"}"#]
        {
            assert_eq!(masked(body, MIN_TOLD), body);
        }
    }

    #[test]
    fn signatures_and_codes_in_a_url_are_known_and_other_fields_are_not() {
        let redactor = Redactor::new();
        let url = "https://a.example/x?view=everything-there-is&X-Amz-Signature=abcdef0123456&code=0123456789abc#access_token=fragment-1";
        query(url, &redactor);
        let shown = redactor.mask(url);
        assert!(
            shown.contains("everything-there-is") && !shown.contains("abc") && !shown.contains("fragment-1"),
            "{shown}"
        );
    }
}
