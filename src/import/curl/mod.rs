//! A curl command line to a request. What cannot be taken over is a warning, never a failure: only
//! a line that is not curl, an open quote and a missing URL are.

mod body;
mod options;
#[cfg(test)]
mod tests;
mod words;

use crate::model::auth::Auth;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::request::{Body, Part, Request, Row};
use crate::model::value::Value;
use base64::Engine as _;
use body::Piece;
use options::Item;

/// A parsed curl line.
#[derive(Debug, Clone, PartialEq)]
pub struct CurlImport {
    /// The request.
    pub request: Request,
    /// `-k`.
    pub insecure: bool,
    /// `-x`.
    pub proxy: Option<String>,
    /// `--cacert`.
    pub ca_file: Option<String>,
    /// `-L`: follow redirects (curl does not unless told).
    pub follow: bool,
    /// Options that were not taken over, each with why.
    pub warnings: Vec<String>,
}

/// True for a text that starts like a curl command (`curl `, `$ curl `, `curl.exe `).
pub fn looks_like_curl(text: &str) -> bool {
    let text = without_prompt(text);
    let word: String = text.chars().take_while(|c| !c.is_whitespace()).collect();
    is_curl(&word) && text.len() > word.len()
}

/// Parses a curl line: bash and cmd quoting, line continuations, `$'…'`.
pub fn parse(text: &str) -> Result<CurlImport, Problem> {
    let failed =
        |why: &str, next: &str| Problem::new(ProblemKind::Usage, "cannot read the curl line", why, next);
    let split = words::split(without_prompt(text))
        .ok_or_else(|| failed("a quote is not closed", "copy the whole command, its last line included"))?;
    let Some((first, rest)) = split.words.split_first() else {
        return Err(failed("it is empty", "paste a command that begins with `curl`"));
    };
    if !is_curl(first) {
        return Err(failed("it does not begin with `curl`", "paste a command that begins with `curl`"));
    }
    let mut line = Line::default();
    if let Some(operator) = split.rest {
        line.warnings.push(format!("what follows `{operator}` was left out"));
    }
    for item in options::read(rest) {
        if !line.take(item) {
            break;
        }
    }
    line.finish().ok_or_else(|| failed("it names no URL", "add the URL to the command"))
}

fn without_prompt(text: &str) -> &str {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    ["$ ", "% ", "> ", "# "].iter().find_map(|prompt| text.strip_prefix(prompt)).unwrap_or(text).trim_start()
}

fn is_curl(word: &str) -> bool {
    let name = word.rsplit(['/', '\\']).next().unwrap_or("").to_ascii_lowercase();
    name == "curl" || name == "curl.exe"
}

/// What was read so far.
#[derive(Default)]
struct Line {
    urls: Vec<String>,
    method: Option<String>,
    headers: Vec<Row>,
    params: Vec<Row>,
    pieces: Vec<Piece>,
    parts: Vec<Part>,
    json: bool,
    get: bool,
    head: bool,
    upload: Option<String>,
    auth: Auth,
    insecure: bool,
    proxy: Option<String>,
    ca_file: Option<String>,
    follow: bool,
    redirects: Option<u32>,
    timeout_ms: Option<u64>,
    http_version: Option<String>,
    warnings: Vec<String>,
}

impl Line {
    /// Takes one item; false at `--next`, where another request begins.
    fn take(&mut self, item: Item) -> bool {
        match item {
            Item::Url(url) => self.urls.push(url),
            Item::Flag("next") => {
                self.warn("`--next`: only the first request was taken over");
                return false;
            }
            Item::Flag(name) => self.flag(name),
            Item::Value(name, value) => self.value(name, value),
            Item::Unknown(name) => self.warn(format!("`{name}` is not known and was left out")),
            Item::Unfinished(name) => self.warn(format!("`{name}` lacks its value and was left out")),
        }
        true
    }

    fn warn(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }

    fn flag(&mut self, name: &'static str) {
        match name {
            "get" => self.get = true,
            "head" => self.head = true,
            "insecure" => self.insecure = true,
            "location" => self.follow = true,
            "location-trusted" => {
                self.follow = true;
                self.warn("`--location-trusted`: credentials are never sent on to another origin");
            }
            "http1.1" => self.http_version = Some("1.1".to_owned()),
            "http2" | "http2-prior-knowledge" => self.http_version = Some("2".to_owned()),
            "http1.0" | "http3" | "http3-only" => {
                self.warn(format!("`--{name}`: only HTTP/1.1 and HTTP/2 are spoken"))
            }
            "digest" | "ntlm" | "negotiate" | "anyauth" => {
                self.warn(format!("`--{name}` is not supported; Basic is sent instead"));
            }
            silent if options::is_silent(silent) => {}
            other => self.warn(format!("`--{other}` was not taken over")),
        }
    }

    fn value(&mut self, name: &'static str, value: String) {
        match name {
            "request" => self.method = Some(value),
            "header" => self.header(&value),
            "data" | "data-ascii" | "data-binary" => self.data(name, &value),
            "data-raw" => self.pieces.push(Piece::Raw(value)),
            "data-urlencode" => match body::urlencode(&value) {
                Ok(piece) => self.pieces.push(piece),
                Err(path) => self.warn(format!("`--data-urlencode` from `{path}`: paste the text instead")),
            },
            "json" => {
                self.json = true;
                self.data(name, &value);
            }
            "form" | "form-string" => {
                let part = body::part(&value, name == "form-string", &mut self.warnings);
                self.parts.extend(part);
            }
            "user" => self.user(&value),
            "oauth2-bearer" => self.auth = Auth::Bearer { token: Value::Text(value) },
            "user-agent" => self.headers.push(Row::on("User-Agent", value)),
            "referer" => {
                let value = value.strip_suffix(";auto").unwrap_or(&value);
                if !value.is_empty() {
                    self.headers.push(Row::on("Referer", value));
                }
            }
            "range" => self.headers.push(Row::on("Range", format!("bytes={value}"))),
            "cookie" if value.contains('=') => match self.headers.iter_mut().find(|row| row.name == "Cookie")
            {
                Some(row) => row.value = format!("{}; {value}", row.value),
                None => self.headers.push(Row::on("Cookie", value)),
            },
            "cookie" => self
                .warn(format!("`-b {value}`: cookie files are not read; paste the cookie as `name=value`")),
            "url" => self.urls.push(value),
            "url-query" => match body::rows(&[Piece::Raw(value.clone())]) {
                Some(rows) => self.params.extend(rows),
                None => self.warn(format!("`--url-query {value}` is not `name=value`")),
            },
            "proxy" => self.proxy = Some(value),
            "socks4" | "socks4a" | "socks5" => self.proxy = Some(format!("{name}://{value}")),
            "socks5-hostname" => self.proxy = Some(format!("socks5h://{value}")),
            "cacert" => self.ca_file = Some(value),
            "max-redirs" => match value.parse() {
                Ok(count) => self.redirects = Some(count),
                Err(_) => self.warn(format!("`--max-redirs {value}` is not a count")),
            },
            "max-time" => match milliseconds(&value) {
                Some(ms) => self.timeout_ms = Some(ms),
                None => self.warn(format!("`-m {value}` is not a number of seconds")),
            },
            "upload-file" => self.upload = Some(value),
            "connect-timeout" => self.warn("`--connect-timeout` belongs to the settings, not to a request"),
            "resolve" | "connect-to" => {
                self.warn(format!(
                    "`--{name}`: add `{value}` to `resolve` of the environment's network table"
                ));
            }
            "cert" | "key" | "pass" => {
                self.warn(format!("`--{name}`: client certificates belong to an OAuth profile"))
            }
            silent if options::is_silent(silent) => {}
            other => self.warn(format!("`--{other}` was not taken over")),
        }
    }

    fn data(&mut self, name: &str, value: &str) {
        match body::data(value) {
            Piece::File(path) if path == "-" => self.warn("data from standard input was left out"),
            Piece::File(path) => {
                if name == "data" || name == "data-ascii" {
                    self.warn(format!("`{path}` is sent as it is; curl's `-d` would remove its line breaks"));
                }
                self.pieces.push(Piece::File(path));
            }
            piece => self.pieces.push(piece),
        }
    }

    fn header(&mut self, text: &str) {
        if let Some(path) = text.strip_prefix('@') {
            self.warn(format!("headers of the file `{path}` were left out"));
            return;
        }
        match text.split_once(':') {
            Some((name, value)) if value.trim().is_empty() => {
                self.warn(format!(
                    "`-H '{}:'`: a header cannot be removed, only given another value",
                    name.trim()
                ));
            }
            Some((name, value)) => self.credentials_or_row(name.trim(), value.trim()),
            None => match text.trim_end().strip_suffix(';') {
                Some(name) => self.headers.push(Row::on(name, "")),
                None => self.warn("a header without a colon was left out"),
            },
        }
    }

    fn credentials_or_row(&mut self, name: &str, value: &str) {
        if name.eq_ignore_ascii_case("authorization") && self.auth == Auth::Inherit {
            let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
            let rest = rest.trim();
            if scheme.eq_ignore_ascii_case("bearer") && !rest.is_empty() {
                self.auth = Auth::Bearer { token: Value::from(rest) };
                return;
            }
            if scheme.eq_ignore_ascii_case("basic")
                && let Some((username, password)) = decode_basic(rest)
            {
                self.auth = Auth::Basic { username, password: Value::Text(password) };
                return;
            }
        }
        self.headers.push(Row::on(name, value));
    }

    fn user(&mut self, value: &str) {
        let (username, password) = value.split_once(':').unwrap_or_else(|| {
            self.warnings.push("`-u` names no password; curl would ask for it".to_owned());
            (value, "")
        });
        self.auth = Auth::Basic { username: username.to_owned(), password: Value::from(password) };
    }

    fn finish(mut self) -> Option<CurlImport> {
        let mut url = with_scheme(self.urls.first()?);
        if let Some((username, password)) = take_userinfo(&mut url)
            && self.auth == Auth::Inherit
        {
            self.auth = Auth::Basic { username, password: Value::Text(password) };
        }
        if self.urls.len() > 1 {
            self.warn(format!("{} URLs; only the first was taken over", self.urls.len()));
        }
        let sends = !self.pieces.is_empty() || !self.parts.is_empty();
        let method = match self.method.take() {
            Some(method) => method,
            None if self.head => "HEAD".to_owned(),
            None if self.upload.is_some() => "PUT".to_owned(),
            None if sends && !self.get => "POST".to_owned(),
            None => "GET".to_owned(),
        };
        let mut request = Request::new(name_of(&url), method, url);
        request.body = self.body(&mut request.url);
        request.params = self.params;
        request.headers = self.headers;
        request.auth = self.auth;
        request.options.timeout_ms = self.timeout_ms;
        request.options.redirects = self.redirects;
        request.options.http_version = self.http_version;
        Some(CurlImport {
            request,
            insecure: self.insecure,
            proxy: self.proxy,
            ca_file: self.ca_file,
            follow: self.follow,
            warnings: self.warnings,
        })
    }

    fn body(&mut self, url: &mut String) -> Body {
        if self.get {
            self.take_query(url);
            return Body::None;
        }
        if let Some(path) = self.upload.take() {
            return Body::File(path);
        }
        if !self.parts.is_empty() {
            if !self.pieces.is_empty() {
                self.warn("`-d` beside `-F` was left out");
            }
            self.headers.retain(|row| {
                !is_content_type(row) || !row.value.trim_start().starts_with("multipart/form-data")
            });
            return Body::Multipart(std::mem::take(&mut self.parts));
        }
        let pieces = std::mem::take(&mut self.pieces);
        if pieces.is_empty() {
            return Body::None;
        }
        if self.json {
            let accepts = self.headers.iter().any(|row| row.name.eq_ignore_ascii_case("accept"));
            if !accepts {
                self.headers.push(Row::on("Accept", "application/json"));
            }
        }
        if let Some(Piece::File(path)) = pieces.iter().find(|piece| matches!(piece, Piece::File(_))) {
            if pieces.len() > 1 {
                self.warn(format!("only the file `{path}` is sent; the other data was left out"));
            }
            if self.json && !self.headers.iter().any(is_content_type) {
                self.headers.push(Row::on("Content-Type", "application/json"));
            }
            return Body::File(path.clone());
        }
        self.text_body(&pieces)
    }

    fn text_body(&mut self, pieces: &[Piece]) -> Body {
        let given = self.headers.iter().find(|row| is_content_type(row)).map(|row| row.value.clone());
        let content_type = given.clone().or_else(|| self.json.then(|| "application/json".to_owned()));
        let text = body::joined(pieces, if self.json { "" } else { "&" });
        if text.is_empty() {
            return Body::None;
        }
        let (body, implied) = body::kind(pieces, text, content_type.as_deref());
        if content_type.is_none() {
            match &body {
                Body::Json(_) => {
                    self.warn("the body is JSON and is sent as that; curl would have called it a form")
                }
                Body::Text(_) => {
                    self.headers.push(Row::on("Content-Type", "application/x-www-form-urlencoded"))
                }
                _ => {}
            }
        }
        if implied {
            self.headers.retain(|row| !is_content_type(row));
        }
        body
    }

    /// `-G`: the data becomes the query.
    fn take_query(&mut self, url: &mut String) {
        let pieces = std::mem::take(&mut self.pieces);
        if pieces.is_empty() {
            return;
        }
        if let Some(rows) = body::rows(&pieces) {
            self.params.extend(rows);
            return;
        }
        if pieces.iter().any(|piece| matches!(piece, Piece::File(_))) {
            self.warn("a file in the query was left out");
        }
        let separator = if url.contains('?') { '&' } else { '?' };
        url.push(separator);
        url.push_str(&body::joined(&pieces, "&"));
    }
}

fn is_content_type(row: &Row) -> bool {
    row.name.eq_ignore_ascii_case("content-type")
}

/// curl guesses `http` where no scheme stands; a variable may hold it.
fn with_scheme(url: &str) -> String {
    if url.contains("://") || url.starts_with("{{") { url.to_owned() } else { format!("http://{url}") }
}

/// Takes `user:password@` out of a URL: a password belongs where it can be kept as a secret.
fn take_userinfo(url: &mut String) -> Option<(String, String)> {
    let start = url.find("://")? + 3;
    let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |at| start + at);
    let at = start + url[start..end].rfind('@')?;
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (user, password) = url[start..at].split_once(':').unwrap_or((&url[start..at], ""));
    let pair = (decode(user), decode(password));
    url.replace_range(start..=at, "");
    Some(pair)
}

/// The last part of the path that says something, else the host.
fn name_of(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or("");
    let path = path.split_once("://").map_or(path, |(_, rest)| rest);
    path.rsplit('/').find(|part| !part.is_empty()).unwrap_or("request").to_owned()
}

fn milliseconds(seconds: &str) -> Option<u64> {
    let seconds: f64 = seconds.trim().parse().ok()?;
    let duration = std::time::Duration::try_from_secs_f64(seconds).ok()?;
    u64::try_from(duration.as_millis()).ok()
}

fn decode_basic(text: &str) -> Option<(String, String)> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
    let pair = String::from_utf8(bytes).ok()?;
    let (user, password) = pair.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}
