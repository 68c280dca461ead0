//! What a browser sent to the listener, judged by its head alone. Strict: only what a browser sends that follows a redirect gets
//! as far as the state being compared.

use super::page::{BAD_HOST, BAD_REQUEST, FORBIDDEN, NOT_FOUND, NOT_GET, Page};

/// What a request turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A GET of the redirect URI's path: its query.
    Callback(String),
    /// Anything else; `body` false for HEAD.
    Answer { page: Page, body: bool },
}

/// Judges a head (without the empty line at its end). `hosts` are the only values `Host` may have.
pub(super) fn judge(head: &[u8], hosts: &[String], path: &str) -> Verdict {
    let answer = |page| Verdict::Answer { page, body: true };
    let Ok(text) = std::str::from_utf8(head) else { return answer(BAD_REQUEST) };
    let mut lines = text.split("\r\n");
    let words: Vec<&str> = lines.next().unwrap_or("").split(' ').collect();
    let [method, target, "HTTP/1.1" | "HTTP/1.0"] = words[..] else { return answer(BAD_REQUEST) };
    let mut host = Vec::new();
    let mut origin = false;
    for line in lines {
        let Some((name, value)) = line.split_once(':') else { return answer(BAD_REQUEST) };
        if name.is_empty() || !name.bytes().all(is_token) {
            return answer(BAD_REQUEST);
        }
        match name.to_ascii_lowercase().as_str() {
            "host" => host.push(value.trim()),
            "origin" => origin = true,
            _ => {}
        }
    }
    // A name that was made to point here by someone else's DNS is not this listener's.
    let [host] = host[..] else { return answer(BAD_REQUEST) };
    if !hosts.iter().any(|own| own.eq_ignore_ascii_case(host)) {
        return answer(BAD_HOST);
    }
    if origin {
        return answer(FORBIDDEN);
    }
    let (at, query) = target.split_once('?').unwrap_or((target, ""));
    if method != "GET" {
        return Verdict::Answer { page: NOT_GET, body: method != "HEAD" };
    }
    if at != path {
        return answer(NOT_FOUND);
    }
    Verdict::Callback(query.to_owned())
}

/// RFC 9110 section 5.6.2.
fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(head: &str) -> u16 {
        match judge(head.as_bytes(), &["127.0.0.1:9".to_owned(), "localhost:9".to_owned()], "/callback") {
            Verdict::Callback(_) => 0,
            Verdict::Answer { page, .. } => page.status,
        }
    }

    #[test]
    fn only_a_get_of_the_exact_path_by_the_literal_host_is_a_callback() {
        let get = |target: &str, host: &str| format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nAccept: */*");
        assert_eq!(status(&get("/callback?code=c&state=s", "127.0.0.1:9")), 0);
        assert_eq!(status(&get("/callback", "LOCALHOST:9")), 0);
        for host in ["evil.example", "evil.example:9", "127.0.0.1", "127.0.0.1:10", "localhost:9.evil", ""] {
            assert_eq!(status(&get("/callback?state=s", host)), 421, "{host}");
        }
        for target in [
            "/",
            "/callback/",
            "/callback/x?state=s",
            "/favicon.ico",
            "//callback",
            "/CALLBACK",
            "http://127.0.0.1:9/callback",
        ] {
            assert_eq!(status(&get(target, "127.0.0.1:9")), 404, "{target}");
        }
    }

    #[test]
    fn other_methods_origins_and_broken_heads_have_their_own_answers() {
        let with = |first: &str, more: &str| format!("{first}\r\nHost: 127.0.0.1:9{more}");
        for method in ["POST", "HEAD", "PUT", "OPTIONS", "get"] {
            assert_eq!(status(&with(&format!("{method} /callback?state=s HTTP/1.1"), "")), 405, "{method}");
        }
        let head = judge(b"HEAD /callback HTTP/1.1\r\nHost: h", &["h".to_owned()], "/callback");
        assert!(matches!(head, Verdict::Answer { body: false, .. }));
        assert_eq!(status(&with("GET /callback?state=s HTTP/1.1", "\r\nOrigin: null")), 403);
        assert_eq!(status(&with("GET /callback HTTP/1.1", "\r\nHost: 127.0.0.1:9")), 400);
        for broken in [
            "",
            "GET",
            "GET /callback",
            "GET /callback HTTP/2",
            "GET  /callback HTTP/1.1",
            "GET /callback HTTP/1.1",
        ] {
            assert_eq!(status(broken), 400, "{broken}");
        }
        assert_eq!(status(&with("GET /callback HTTP/1.1", "\r\n folded: x")), 400);
    }
}
