//! A browser that needs no screen: plain HTTP with cookies, forms read off the page.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::time::Duration;

/// Cookies of one person: by host and port, then name; value and path.
#[derive(Default)]
pub struct Browser {
    cookies: Mutex<BTreeMap<(String, String), (String, String)>>,
}

/// Where the browser is, and what it shows.
#[derive(Debug)]
pub struct Page {
    pub url: String,
    /// 0 where it was sent but did not go.
    pub status: u16,
    pub body: String,
}

impl Browser {
    pub fn new() -> Browser {
        Browser::default()
    }

    /// Opens a URL and follows redirects, but none to a URL that begins with `stop`: there it ends, as a
    /// browser does on another machine where nobody listens.
    pub fn open(&self, url: &str, stop: &str) -> Page {
        self.go(url.to_owned(), None, stop)
    }

    /// Sends the form of a page: its fields as they are, and what is typed.
    pub fn submit(&self, page: &Page, typed: &[(&str, &str)], stop: &str) -> Page {
        let mut fields: BTreeMap<String, String> = BTreeMap::new();
        for input in tags(&page.body, "input") {
            if let Some(name) = attribute(input, "name") {
                fields.insert(name, attribute(input, "value").unwrap_or_default());
            }
        }
        fields.extend(typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let form = *tags(&page.body, "form").first().unwrap_or_else(|| panic!("no form in {page:?}"));
        let action = attribute(form, "action").unwrap_or_default();
        let url = url::Url::parse(&page.url).unwrap().join(&action).unwrap();
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.go(url.to_string(), Some(body), stop)
    }

    fn go(&self, mut url: String, mut body: Option<String>, stop: &str) -> Page {
        for _ in 0..10 {
            if !stop.is_empty() && url.starts_with(stop) {
                return Page { url, status: 0, body: String::new() };
            }
            let (status, location, text) = self.fetch(&url, body.take());
            match location.filter(|_| (300..400).contains(&status)) {
                Some(next) => url = url::Url::parse(&url).unwrap().join(&next).unwrap().to_string(),
                None => return Page { url, status, body: text },
            }
        }
        panic!("redirects without end at {url}");
    }

    /// One request: status, `Location`, body.
    fn fetch(&self, url: &str, body: Option<String>) -> (u16, Option<String>, String) {
        let parsed = url::Url::parse(url).unwrap();
        assert_eq!(parsed.scheme(), "http", "{url}");
        let host = format!("{}:{}", parsed.host_str().unwrap(), parsed.port_or_known_default().unwrap());
        let target = parsed[url::Position::BeforePath..url::Position::AfterQuery].to_owned();
        let mut request = match &body {
            // 1.0, so that nothing is chunked and the end is the end of the connection.
            None => format!("GET {target} HTTP/1.0\r\n"),
            Some(body) => format!(
                "POST {target} HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                 Content-Length: {}\r\nOrigin: http://{host}\r\n",
                body.len()
            ),
        };
        request.push_str(&format!("Host: {host}\r\nAccept: text/html\r\n"));
        let cookies: Vec<String> = {
            let all = self.cookies.lock().unwrap();
            let mine = all
                .iter()
                .filter(|((h, _), (_, path))| *h == host && parsed.path().starts_with(path.as_str()));
            mine.map(|((_, name), (value, _))| format!("{name}={value}")).collect()
        };
        if !cookies.is_empty() {
            request.push_str(&format!("Cookie: {}\r\n", cookies.join("; ")));
        }
        request.push_str("\r\n");
        request.push_str(body.as_deref().unwrap_or(""));
        let mut stream = TcpStream::connect(&host).unwrap_or_else(|e| panic!("{url}: {e}"));
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // A reset after the answer is no matter.
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, text) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status =
            head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or_else(|| panic!("{url}: {answer}"));
        let mut location = None;
        for line in head.lines().skip(1) {
            let Some((name, value)) = line.split_once(": ") else { continue };
            match name.to_ascii_lowercase().as_str() {
                "location" => location = Some(value.to_owned()),
                "set-cookie" => self.keep(&host, value),
                _ => {}
            }
        }
        (status, location, text.to_owned())
    }

    fn keep(&self, host: &str, cookie: &str) {
        let mut parts = cookie.split(';').map(str::trim);
        let (name, value) = parts.next().and_then(|p| p.split_once('=')).unwrap_or_default();
        let mut path = "/".to_owned();
        let mut gone = value.is_empty();
        for part in parts {
            let lower = part.to_ascii_lowercase();
            if lower.starts_with("path=") {
                path = part["path=".len()..].to_owned();
            }
            gone |= lower.contains("1970") || lower == "max-age=0";
        }
        let key = (host.to_owned(), name.to_owned());
        let mut all = self.cookies.lock().unwrap();
        if gone {
            all.remove(&key);
        } else {
            all.insert(key, (value.to_owned(), path));
        }
    }
}

/// `<name …>` without its brackets, each.
fn tags<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let open = format!("<{name}");
    let whole = |rest: &'a str| rest.split_once('>').map_or(rest, |(tag, _)| tag);
    let starts = html.match_indices(&open).map(|(at, _)| &html[at + open.len()..]);
    starts.filter(|rest| rest.starts_with([' ', '>', '\n', '/'])).map(whole).collect()
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let value = rest.split('"').next()?;
    let entities = [("&quot;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    Some(entities.iter().fold(value.to_owned(), |text, (entity, c)| text.replace(entity, c)))
}
