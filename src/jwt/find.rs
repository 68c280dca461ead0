//! Tokens inside other text, and where the keys of a token endpoint are.

use super::decode::{MAX_TOKEN, parse, segment};
use memchr::memchr;
use serde_json::Value as Json;

/// Most tokens given back.
const MOST: usize = 20;
/// A longer first part is no JOSE header.
const LONGEST_HEADER: usize = 16 * 1024;

/// JWTs found in a text, in order, each once, at most 20: three base64url parts whose header is JSON.
/// Encrypted tokens (five parts) are left out: nothing in them can be read. Time is linear in the text.
pub fn find(text: &str) -> Vec<String> {
    let bytes = text.as_bytes();
    let mut found: Vec<String> = Vec::new();
    let mut at = 0;
    while at < bytes.len() && found.len() < MOST {
        if !IN_TOKEN[bytes[at] as usize] {
            at += 1;
            continue;
        }
        let mut start = at;
        while at < bytes.len() && IN_TOKEN[bytes[at] as usize] {
            at += 1;
        }
        // `%22eyJ…` in a cookie or query, `\neyJ…` or `\u0022eyJ…` in JSON: the run begins inside an escape.
        let escape = match start.checked_sub(1).map(|i| bytes[i]) {
            Some(b'%') => 2,
            Some(b'\\') if bytes[start] == b'u' => 5,
            Some(b'\\') => 1,
            _ => 0,
        };
        start = (start + escape).min(at);
        in_run(&text[start..at], &mut found);
    }
    found
}

/// Looks at each part of a run of token characters as a header once.
fn in_run(run: &str, found: &mut Vec<String>) {
    let bytes = run.as_bytes();
    let mut start = 0;
    let dot = |from: usize| memchr(b'.', &bytes[from..]).map(|i| from + i);
    while let Some(first) = dot(start) {
        let header = &run[start..first];
        let mut next = first + 1;
        if let Some(kind) = header_kind(header)
            && let Some(second) = dot(first + 1)
        {
            let end = dot(second + 1).unwrap_or(run.len());
            let signed = end > second + 1;
            if kind == HeaderKind::Encrypted {
                next = end.min(run.len() - 1) + 1;
            } else if second > first + 1
                && (signed || kind == HeaderKind::Unsigned)
                && end - start <= MAX_TOKEN
            {
                let token = &run[start..end];
                if !found.iter().any(|f| f == token) {
                    found.push(token.to_owned());
                }
                if found.len() >= MOST {
                    return;
                }
                next = (end + 1).min(run.len());
            }
        }
        start = next;
    }
}

#[derive(PartialEq)]
enum HeaderKind {
    Signed,
    Unsigned,
    Encrypted,
}

fn header_kind(part: &str) -> Option<HeaderKind> {
    if part.len() > LONGEST_HEADER || !(part.starts_with("ey") || part.starts_with("ew")) {
        return None;
    }
    let (bytes, _) = segment(part)?;
    let (Json::Object(header), _) = parse(&bytes).ok()? else { return None };
    let alg = header.get("alg")?.as_str()?;
    Some(if header.contains_key("enc") {
        HeaderKind::Encrypted
    } else if alg.eq_ignore_ascii_case("none") {
        HeaderKind::Unsigned
    } else {
        HeaderKind::Signed
    })
}

const IN_TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = (b as u8).is_ascii_alphanumeric() || matches!(b as u8, b'-' | b'_' | b'.');
        b += 1;
    }
    table
};

/// The keys endpoint next to a Pega-style token URL (`…/oauth2/v1/token` → `…/oauth2/v1/token/keys`).
/// `None` where no rule is known.
pub fn keys_url_beside(token_url: &str) -> Option<String> {
    let mut url = url::Url::parse(token_url.trim()).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let path = url.path().trim_end_matches('/').to_owned();
    let before = path.strip_suffix("/oauth2/v1/token")?;
    // `PRRestService` is the service servlet, `api` its newer alias; other vendors end in `/oauth2/v1/token` too.
    if !before.ends_with("/PRRestService") && !before.ends_with("/api") {
        return None;
    }
    url.set_path(&format!("{path}/keys"));
    url.set_query(None);
    url.set_fragment(None);
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::vectors::{A1_TOKEN, A2_TOKEN, A5_TOKEN};

    #[test]
    fn tokens_are_found_in_json_headers_cookies_and_urls() {
        let (one, two, three) = (A1_TOKEN, A2_TOKEN, A5_TOKEN);
        for text in [
            format!("{{\"access_token\":\"{one}\",\"id_token\":\"{two}\",\"x\":\"{three}\"}}"),
            format!("Authorization: Bearer {one}\r\nCookie: a={two}; b={three}"),
            format!("see {one}, then <{two}> and \"{three}\""),
            format!("https://app/cb#access_token={one}&id_token={two}&t=%22{three}%22"),
            format!("\\u0022{one}\\u0022, \\\"{two}\\\" %5C%22{three}%5C%22"),
            format!("{{\\n{one}\\n{two}\\n{three}}}"),
            format!("{one}\n{one}\n{two} {one} {three}"),
        ] {
            assert_eq!(find(&text), [one, two, three], "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_token_is_left_out() {
        for text in [
            "",
            ".",
            "...",
            "www.example.com",
            "eyJ.eyJ.abc",
            "eyJhbGciOiJIUzI1NiJ9",
            "eyJhbGciOiJIUzI1NiJ9.",
            "eyJhbGciOiJIUzI1NiJ9..",
            "eyJhbGciOiJIUzI1NiJ9.e30",
            "eyJhbGciOiJIUzI1NiJ9.e30.",
            // header without `alg`
            "eyJ0eXAiOiJKV1QifQ.e30.abc",
        ] {
            assert_eq!(find(text), Vec::<String>::new(), "{text}");
        }
        // {"alg":"dir","enc":"A128GCM"} with five parts
        let jwe = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..aXY.Y3Q.dGFn";
        assert!(find(jwe).is_empty());
    }

    #[test]
    fn a_token_after_other_dotted_parts_is_found() {
        assert_eq!(find(&format!("www.example.com.{A1_TOKEN}.")), [A1_TOKEN]);
    }

    #[test]
    fn at_most_twenty_come_back() {
        let many: String = (0..50).map(|i| format!("eyJhbGciOiJIUzI1NiJ9.e30.a{i:03} ")).collect();
        assert_eq!(find(&many).len(), 20);
    }

    #[test]
    fn hostile_text_takes_linear_time() {
        // Each part looks like a header; none of them begins a token with an own signature.
        let text = "eyJhbGciOiJIUzI1NiJ9.".repeat(50_000) + &"ey".repeat(500_000) + &".".repeat(100_000);
        assert!(find(&text).len() <= 2);
    }

    #[test]
    fn the_keys_endpoint_stands_beside_pegas_token_endpoint() {
        for (from, to) in [
            (
                "https://p.example/prweb/PRRestService/oauth2/v1/token",
                "https://p.example/prweb/PRRestService/oauth2/v1/token/keys",
            ),
            (
                "https://p.example/prweb/PRRestService/oauth2/v1/token/?isolationID=x#y",
                "https://p.example/prweb/PRRestService/oauth2/v1/token/keys",
            ),
            (
                "http://127.0.0.1:8080/prweb/api/oauth2/v1/token",
                "http://127.0.0.1:8080/prweb/api/oauth2/v1/token/keys",
            ),
            (
                "https://u:p@p.example/prweb/app/cosmos/api/oauth2/v1/token",
                "https://p.example/prweb/app/cosmos/api/oauth2/v1/token/keys",
            ),
        ] {
            assert_eq!(keys_url_beside(from).as_deref(), Some(to));
        }
        for none in [
            "https://okta.example/oauth2/v1/token",
            "https://login.microsoftonline.com/t/oauth2/v2.0/token",
            "https://p.example/prweb/PRRestService/oauth2/v1/authorize",
            "ftp://p.example/prweb/PRRestService/oauth2/v1/token",
            "/prweb/PRRestService/oauth2/v1/token",
            "",
        ] {
            assert_eq!(keys_url_beside(none), None, "{none}");
        }
    }
}
