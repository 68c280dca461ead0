//! The credentials file that Pega lets one download (part A).
//!
//! Its usual shape is a label on one line and the value on the next. People save it again in other
//! encodings, join the two lines, or turn it into JSON; all of that is read.

use crate::model::problem::{Problem, ProblemKind};
use crate::model::secret::Secret;

/// What a credentials file says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Credentials {
    /// Client ID.
    pub client_id: String,
    /// Client secret; none for a public client.
    pub client_secret: Option<Secret>,
    /// Access token endpoint.
    pub token_url: String,
    /// Authorization endpoint.
    pub authorization_url: Option<String>,
    /// Token revocation endpoint.
    pub revocation_url: Option<String>,
    /// Introspection endpoint.
    pub introspection_url: Option<String>,
    /// Userinfo endpoint.
    pub userinfo_url: Option<String>,
    /// Labels this version does not know, kept and shown.
    pub other: Vec<(String, String)>,
    /// Hints: duplicated labels, a secret that is not 32 upper-case hex, an `sso` host …
    pub warnings: Vec<String>,
}

impl Credentials {
    /// Origin plus context root: `https://h/prweb` of `https://h/prweb/PRRestService/oauth2/v1/token`
    /// and of `https://h/prweb/app/alias/api/oauth2/v1/token`. Without a known path, the origin.
    pub fn base_url(&self) -> String {
        let (origin, path) = split_origin(&self.token_url);
        let end = ["/app/", "/PRRestService", "/api/"]
            .iter()
            .filter_map(|mark| find_ignoring_case(path, mark))
            .min();
        match end {
            Some(end) => format!("{origin}{}", &path[..end]),
            None => origin.to_owned(),
        }
    }

    /// The application's URL alias, when the token endpoint names one: `/prweb/app/ALIAS/api/…`.
    pub fn app_alias(&self) -> Option<&str> {
        let (_, path) = split_origin(&self.token_url);
        let at = find_ignoring_case(path, "/app/")? + "/app/".len();
        path[at..].split('/').next().filter(|alias| !alias.is_empty())
    }

    /// True when the token endpoint looks like Pega's.
    pub fn is_pega(&self) -> bool {
        let (_, path) = split_origin(&self.token_url);
        path.contains("/prweb/") || find_ignoring_case(path, "/PRRestService/").is_some()
    }

    /// An endpoint beside the token endpoint (`revoke`, `authorize`, `token/introspect`), for what the
    /// file leaves out; `None` when the token endpoint does not end as Pega's do.
    pub fn sibling(&self, name: &str) -> Option<String> {
        let head = self.token_url.split(['?', '#']).next()?.trim_end_matches('/').strip_suffix("/token")?;
        head.ends_with("/oauth2/v1").then(|| format!("{head}/{name}"))
    }
}

fn split_origin(url: &str) -> (&str, &str) {
    let after = url.find("://").map_or(0, |i| i + 3);
    let end = url[after..].find(['/', '?', '#']).map_or(url.len(), |i| after + i);
    let path = url[end..].split(['?', '#']).next().unwrap_or("");
    (&url[..end], path)
}

fn find_ignoring_case(text: &str, needle: &str) -> Option<usize> {
    text.as_bytes().windows(needle.len()).position(|w| w.eq_ignore_ascii_case(needle.as_bytes()))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    ClientId,
    ClientSecret,
    Token,
    Authorization,
    Revocation,
    Introspection,
    Userinfo,
}

impl Label {
    const ALL: [(Label, &'static str); 7] = [
        (Label::ClientId, "client id"),
        (Label::ClientSecret, "client secret"),
        (Label::Token, "access token endpoint"),
        (Label::Authorization, "authorization endpoint"),
        (Label::Revocation, "token revocation endpoint"),
        (Label::Introspection, "introspection endpoint"),
        (Label::Userinfo, "userinfo endpoint"),
    ];

    /// The label of a text, whatever its case, spacing or separators are.
    fn of(text: &str) -> Option<Label> {
        let key: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        Some(match key.as_str() {
            "clientid" | "clientidentifier" => Self::ClientId,
            "clientsecret" => Self::ClientSecret,
            "accesstokenendpoint" | "tokenendpoint" | "accesstokenurl" | "tokenurl" | "tokenuri" => {
                Self::Token
            }
            "authorizationendpoint" | "authorizeendpoint" | "authorizationurl" | "authurl" | "authuri" => {
                Self::Authorization
            }
            "tokenrevocationendpoint" | "revocationendpoint" | "revokeendpoint" | "revocationurl" => {
                Self::Revocation
            }
            "introspectionendpoint" | "tokenintrospectionendpoint" | "introspectionurl" => {
                Self::Introspection
            }
            "userinfoendpoint" | "userinfourl" => Self::Userinfo,
            _ => return None,
        })
    }

    fn words(self) -> &'static str {
        Self::ALL.iter().find(|(l, _)| *l == self).map_or("", |(_, w)| w)
    }
}

/// Parses bytes in any of the shapes of the field: see the tests.
pub fn parse(bytes: &[u8]) -> Result<Credentials, Problem> {
    const LIMIT: usize = 1024 * 1024;
    if bytes.len() > LIMIT {
        return Err(problem(
            "it is far too long for one",
            "choose the .txt file that Dev Studio lets you download",
        ));
    }
    let text = decode(bytes)?;
    let pairs = if text.trim_start().starts_with('{') { json_pairs(&text)? } else { line_pairs(&text) };
    fill(pairs)
}

fn problem(why: impl Into<String>, next: &str) -> Problem {
    Problem::new(ProblemKind::File, "this is not a credentials file", why, next)
}

fn decode(bytes: &[u8]) -> Result<String, Problem> {
    let zeros = |from: usize| bytes.iter().skip(from).step_by(2).take(64).filter(|b| **b == 0).count();
    let wide = |little: bool, bytes: &[u8]| {
        let units = bytes.chunks_exact(2).map(|c| {
            if little { u16::from_le_bytes([c[0], c[1]]) } else { u16::from_be_bytes([c[0], c[1]]) }
        });
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>()
    };
    let text = match bytes {
        [0xFF, 0xFE, rest @ ..] => wide(true, rest),
        [0xFE, 0xFF, rest @ ..] => wide(false, rest),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ if bytes.len() >= 4 && zeros(1) > zeros(0).max(bytes.len().min(128) / 8) => wide(true, bytes),
        _ if bytes.len() >= 4 && zeros(0) > zeros(1).max(bytes.len().min(128) / 8) => wide(false, bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    };
    if text.contains('\0') {
        return Err(problem(
            "it holds binary data",
            "choose the .txt file that Dev Studio lets you download",
        ));
    }
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

fn json_pairs(text: &str) -> Result<Vec<(String, String)>, Problem> {
    let json: serde_json::Value = serde_json::from_str(text.trim()).map_err(|e| {
        problem(format!("it starts like JSON, but line {} breaks it", e.line()), "mend the line")
    })?;
    let mut out = Vec::new();
    flatten(&json, &mut out, 0);
    Ok(out)
}

fn flatten(json: &serde_json::Value, out: &mut Vec<(String, String)>, depth: u8) {
    let Some(map) = json.as_object() else { return };
    for (key, value) in map {
        match value {
            serde_json::Value::String(text) => out.push((key.clone(), text.trim().to_owned())),
            serde_json::Value::Number(number) => out.push((key.clone(), number.to_string())),
            serde_json::Value::Object(_) if depth < 4 => flatten(value, out, depth + 1),
            _ => {}
        }
    }
}

/// Label and value on alternating lines, or both on one line.
fn line_pairs(text: &str) -> Vec<(String, String)> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let odd = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}' | '\u{a0}');
    let mut lines = text.lines().map(|l| l.trim_matches(odd)).filter(|l| !l.is_empty()).peekable();
    let mut out = Vec::new();
    while let Some(line) = lines.next() {
        if let Some((label, value)) = same_line(line) {
            if !value.is_empty() || lines.peek().is_none_or(|next| is_label(next)) {
                out.push((label.to_owned(), unquote(value).to_owned()));
                continue;
            }
            let value = lines.next().unwrap_or("");
            out.push((label.to_owned(), unquote(value).to_owned()));
            continue;
        }
        // A label directly followed by another label has no value: a public client's secret.
        let value = match lines.peek() {
            Some(next) if !is_label(next) => lines.next().unwrap_or(""),
            _ => "",
        };
        out.push((line.to_owned(), unquote(value).to_owned()));
    }
    out
}

fn unquote(value: &str) -> &str {
    value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value)
}

fn is_label(line: &str) -> bool {
    Label::of(line).is_some() || same_line(line).is_some()
}

/// `Client ID: x`, `Client ID=x`, `Client ID<tab>x`, and for known labels also two or more blanks.
fn same_line(line: &str) -> Option<(&str, &str)> {
    for separator in ['\t', ':', '='] {
        if let Some((label, value)) = line.split_once(separator)
            && Label::of(label).is_some()
        {
            return Some((label.trim(), value.trim()));
        }
    }
    let (label, value) = line.split_once("  ")?;
    Label::of(label).is_some().then(|| (label.trim(), value.trim()))
}

fn fill(pairs: Vec<(String, String)>) -> Result<Credentials, Problem> {
    let mut c = Credentials::default();
    let mut found: Vec<Label> = Vec::new();
    for (text, value) in pairs {
        let Some(label) = Label::of(&text) else {
            c.other.push((text, value));
            continue;
        };
        if found.contains(&label) {
            c.warnings.push(format!("`{}` is there more than once; the first value counts", label.words()));
            continue;
        }
        found.push(label);
        let url = (!value.is_empty()).then(|| value.clone());
        match label {
            Label::ClientId => c.client_id = value,
            Label::ClientSecret => c.client_secret = (!value.is_empty()).then(|| Secret::new(value)),
            Label::Token => c.token_url = value,
            Label::Authorization => c.authorization_url = url,
            Label::Revocation => c.revocation_url = url,
            Label::Introspection => c.introspection_url = url,
            Label::Userinfo => c.userinfo_url = url,
        }
    }
    let missing: Vec<&str> =
        [(Label::ClientId, c.client_id.is_empty()), (Label::Token, c.token_url.is_empty())]
            .iter()
            .filter(|(_, empty)| *empty)
            .map(|(label, _)| label.words())
            .collect();
    if !missing.is_empty() {
        let named: Vec<&str> = found.iter().map(|l| l.words()).collect();
        let named = if named.is_empty() { "no label of such a file".to_owned() } else { named.join(", ") };
        return Err(problem(
            format!("it names no {}; found: {named}", missing.join(" and no ")),
            "download it again in Dev Studio: OAuth 2.0 client registration, `View & download`",
        ));
    }
    if !(c.token_url.starts_with("https://") || c.token_url.starts_with("http://")) {
        return Err(problem(
            "its access token endpoint is no http or https URL",
            "look at the line under `Access token endpoint`",
        ));
    }
    hints(&mut c);
    Ok(c)
}

fn hints(c: &mut Credentials) {
    let (origin, _) = split_origin(&c.token_url);
    let host = origin.split("://").nth(1).unwrap_or("").rsplit('@').next().unwrap_or("").to_lowercase();
    if host.starts_with("sso") || host.split('.').any(|part| part == "sso") {
        c.warnings.push(format!(
            "the token endpoint's host `{host}` looks like a single sign-on front; if it answers 401 or a login page, use the server's own address"
        ));
    }
    let local = host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]");
    if origin.starts_with("http://") && !local {
        c.warnings
            .push("the token endpoint is plain http: the client secret would travel unprotected".to_owned());
    }
    if !c.is_pega() {
        return;
    }
    match &c.client_secret {
        None => c
            .warnings
            .push("there is no client secret: a public client, or the secret line is missing".to_owned()),
        Some(secret) => {
            let text = secret.expose();
            let hex =
                text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b));
            if !hex {
                c.warnings.push(
                    "the client secret is not 32 characters of 0-9 and A-F as Pega makes them: copied in part?".to_owned(),
                );
            }
        }
    }
    if !(c.client_id.len() == 20 && c.client_id.bytes().all(|b| b.is_ascii_digit())) {
        c.warnings.push("the client id is not 20 digits as Pega makes them: copied in part?".to_owned());
    }
}

#[cfg(test)]
mod tests;
