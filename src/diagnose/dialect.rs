//! What real servers say when they refuse: the sayings of `assets/diagnosis/dialects/`, matched against one exchange. Pure.
//!
//! The files are data: one a product, read once. How an entry is written stands at the head of `keycloak.toml` there. A saying only
//! fires on the statuses it names, so that an article about expired tokens is no expired token.

mod read;

use super::evidence::{Evidence, Place};
use super::facts::{Answer, Facts, Purpose};
use super::finding::Likelihood;
use super::probe::Remedy;
use super::rules::token::is_one_of_several;
use crate::model::exchange::header;
use crate::oauth::challenge::Challenge;
use memchr::memmem::Finder;
use std::sync::OnceLock;

/// One file of the folder, by its name there.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../assets/diagnosis/dialects/", $name)))),*]
    };
}

/// Every file, by name.
static FILES: &[(&str, &str)] = files![
    "akamai.toml",
    "apigee.toml",
    "apim.toml",
    "auth0.toml",
    "aws.toml",
    "cloudflare.toml",
    "cognito.toml",
    "entra.toml",
    "envoy.toml",
    "f5.toml",
    "forgerock.toml",
    "github.toml",
    "google.toml",
    "iis.toml",
    "imperva.toml",
    "keycloak.toml",
    "kong.toml",
    "libraries.toml",
    "microsoft.toml",
    "mulesoft.toml",
    "nginx.toml",
    "oauth2-proxy.toml",
    "okta.toml",
    "pega.toml",
    "ping.toml",
    "proxies.toml",
    "saas.toml",
    "salesforce.toml",
    "sap.toml",
    "servicenow.toml",
    "spring.toml",
    "wso2.toml",
];

/// A text to look for: lower case, its search prepared.
pub(super) struct Needle {
    text: String,
    finder: Finder<'static>,
}

impl Needle {
    fn new(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        let finder = Finder::new(text.as_bytes()).into_owned();
        Self { text, finder }
    }

    /// True when a lower-case text holds it. A number is not found within a longer one: `AADSTS50011` is not in `AADSTS500113`.
    fn is_in(&self, lower: &str) -> bool {
        let (hay, needle) = (lower.as_bytes(), self.text.as_bytes());
        let digit = |at: Option<&u8>| at.is_some_and(u8::is_ascii_digit);
        self.finder.find_iter(hay).any(|at| {
            let before = at.checked_sub(1).and_then(|i| hay.get(i));
            let after = hay.get(at + needle.len());
            !(digit(needle.first()) && digit(before) || digit(needle.last()) && digit(after))
        })
    }
}

/// What gives a product away, whatever it says.
pub(super) enum Mark {
    /// A header of the answer, and what its value holds.
    Header(String, Option<Needle>),
    /// A cookie that is set, by the beginning of its name, lower case.
    Cookie(String),
    /// A text in the body.
    Body(Needle),
    /// A text in the URL that was asked.
    Url(Needle),
}

/// One thing a product says, and what it means.
pub(super) struct Saying {
    /// Where it is written: `keycloak.toml:31`.
    #[cfg_attr(not(test), allow(dead_code, reason = "a test that fails names the entry"))]
    pub at: String,
    /// Who says it: `Keycloak`.
    pub vendor: String,
    status: Vec<u16>,
    words: Vec<Needle>,
    body: Vec<Needle>,
    error: Vec<String>,
    challenge: Vec<Needle>,
    location: Vec<Needle>,
    header: Vec<(String, Option<Needle>)>,
    html: bool,
    /// What the exchange must be for; none named: anything.
    purposes: Vec<Purpose>,
    sent: Option<bool>,
    known: bool,
    /// The finding it leads to.
    pub code: String,
    /// How surely.
    pub likelihood: Likelihood,
    /// Row of the method's table.
    #[cfg_attr(not(test), allow(dead_code, reason = "a test holds every row to a rule or a saying"))]
    pub row: String,
    /// The sentence about it; without one the code's title and the vendor.
    pub summary: Option<String>,
    /// What is wrong, where the code's own words are too general.
    pub cause: Option<String>,
    /// How to make sure.
    pub confirm: Option<String>,
    /// What to do.
    pub fix: Option<String>,
    /// What mends it by a key.
    pub remedy: Option<Remedy>,
    /// The body of an answer that says it.
    #[cfg_attr(not(test), allow(dead_code, reason = "every entry is tested against its own example"))]
    example: String,
    /// The headers of that answer.
    #[cfg_attr(not(test), allow(dead_code, reason = "every entry is tested against its own example"))]
    example_headers: Vec<(String, String)>,
}

/// One product.
struct Dialect {
    marks: Vec<Mark>,
    sayings: Vec<Saying>,
}

/// One saying found in an exchange.
pub(super) struct Hit {
    /// The saying.
    pub saying: &'static Saying,
    /// Where it stands, and by what the product is known.
    pub evidence: Vec<Evidence>,
    /// True when something else in the answer gives the product away too.
    pub known: bool,
    /// How much of the text is the product's own: the longer, the surer.
    length: usize,
}

/// The table and what could not be read of it. The files are part of the program, and a test reads them all: there is nothing then.
fn table() -> &'static (Vec<Dialect>, Vec<String>) {
    static TABLE: OnceLock<(Vec<Dialect>, Vec<String>)> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut dialects = Vec::with_capacity(FILES.len());
        let mut problems = Vec::new();
        for (name, text) in FILES {
            match read::dialect(name, text) {
                Ok(dialect) => dialects.push(dialect),
                Err(problem) => problems.push(problem),
            }
        }
        (dialects, problems)
    })
}

/// Code and row of every saying.
#[cfg(test)]
pub(super) fn named() -> impl Iterator<Item = (&'static str, &'static str)> {
    table().0.iter().flat_map(|d| &d.sayings).map(|s| (s.code.as_str(), s.row.as_str()))
}

/// What is looked at, in lower case, made once for an exchange.
struct Heard<'a> {
    facts: &'a Facts,
    answer: Option<&'a Answer>,
    words: String,
    login: String,
    challenge: String,
    location: String,
}

/// Everything in this exchange that a product of the table is known to say; of each code the surest first.
pub(super) fn hits(facts: &Facts) -> Vec<Hit> {
    if facts.answer.is_none() && facts.login_error.is_none() {
        return Vec::new();
    }
    let heard = Heard::of(facts);
    let mut found = Vec::new();
    for dialect in &table().0 {
        let mut mark: Option<Option<Evidence>> = None;
        for saying in &dialect.sayings {
            let Some((mut evidence, length)) = heard.find(saying) else { continue };
            let mark = mark.get_or_insert_with(|| dialect.marks.iter().find_map(|m| heard.mark(m)));
            if saying.known && mark.is_none() {
                continue;
            }
            let known = mark.is_some();
            evidence.extend(mark.clone().filter(|m| !evidence.iter().any(|e| e.place == m.place)));
            found.push(Hit { saying, evidence, known, length });
        }
    }
    found.sort_by_key(|hit| (hit.saying.likelihood, !hit.known, std::cmp::Reverse(hit.length)));
    found
}

impl<'a> Heard<'a> {
    fn of(facts: &'a Facts) -> Self {
        let answer = facts.answer.as_ref();
        let mut words = String::new();
        let mut challenge = String::new();
        let mut location = String::new();
        if let Some(answer) = answer {
            words.push_str(&answer.error.messages.join("\n"));
            for said in &answer.challenges {
                words.push('\n');
                words.push_str(said.param("error_description").unwrap_or_default());
                challenge.push_str(&flat(said));
            }
            if answer.kind == super::body::BodyKind::Text {
                words.push('\n');
                words.push_str(&answer.lower);
            }
            location = answer.header("location").unwrap_or_default().to_ascii_lowercase();
        }
        let login = facts.login_error.as_ref().map(|(_, text)| text.to_ascii_lowercase()).unwrap_or_default();
        words.make_ascii_lowercase();
        challenge.make_ascii_lowercase();
        Self { facts, answer, words, login, challenge, location }
    }

    /// Where a saying stands and how long what was found is.
    fn find(&self, saying: &Saying) -> Option<(Vec<Evidence>, usize)> {
        // A login fails in the browser: what the server says comes back in the redirect, whatever the status.
        self.answer
            .filter(|answer| saying.status.contains(&answer.status) && self.is_meant(saying))
            .and_then(|answer| self.in_answer(saying, answer))
            .or_else(|| self.in_login(saying))
    }

    /// True when the request is one to which this is said.
    fn is_meant(&self, saying: &Saying) -> bool {
        (saying.purposes.is_empty() || saying.purposes.contains(&self.facts.purpose))
            && saying.sent.is_none_or(|sent| sent != self.facts.request.authorization.is_empty())
    }

    fn in_answer(&self, saying: &Saying, answer: &Answer) -> Option<(Vec<Evidence>, usize)> {
        if saying.html && !answer.is_html() {
            return None;
        }
        let mut evidence = Vec::new();
        let mut length = 0;
        if !saying.words.is_empty() {
            let needle = saying.words.iter().find(|n| self.says(saying, n))?;
            length += needle.text.len();
            evidence.push(self.spoken(answer, needle));
        }
        if !saying.body.is_empty() {
            let needle = saying.body.iter().find(|n| n.is_in(&answer.lower))?;
            length += needle.text.len();
            evidence.push(Evidence::body(self.facts, &needle.text));
        }
        if !saying.error.is_empty() {
            let code = saying.error.iter().find(|code| self.names(answer, code))?;
            length += code.len();
            if evidence.is_empty() {
                evidence.push(if answer.lower.contains(code.as_str()) {
                    Evidence::body(self.facts, code)
                } else {
                    Evidence::response_header(self.facts, "www-authenticate")
                        .unwrap_or_else(|| Evidence::status(self.facts))
                });
            }
        }
        if !saying.challenge.is_empty() {
            let needle = saying.challenge.iter().find(|n| n.is_in(&self.challenge))?;
            length += needle.text.len();
            evidence.extend(Evidence::response_header(self.facts, "www-authenticate"));
        }
        if !saying.location.is_empty() {
            let needle = saying.location.iter().find(|n| n.is_in(&self.location))?;
            length += needle.text.len();
            evidence.extend(Evidence::response_header(self.facts, "location"));
        }
        if !saying.header.is_empty() {
            let (name, needle) =
                saying.header.iter().find(|(name, text)| holds(answer, name, text.as_ref()))?;
            length += name.len() + needle.as_ref().map_or(0, |n| n.text.len());
            evidence.extend(Evidence::response_header(self.facts, name));
        }
        evidence.push(Evidence::status(self.facts));
        Some((evidence, length))
    }

    /// True when the words are there. "Expired or not yet valid" names no reason: two are none.
    fn says(&self, saying: &Saying, needle: &Needle) -> bool {
        if !needle.is_in(&self.words) {
            return false;
        }
        let one_reason = saying.code.starts_with("token.") && saying.code != "token.rejected";
        let plain = |line: &str| needle.is_in(line) && !is_one_of_several(line, &needle.text);
        !one_reason || needle.text.contains(" or ") || self.words.lines().any(plain)
    }

    /// The words a browser came back with. Only what is said in words or as an error code can stand there.
    fn in_login(&self, saying: &Saying) -> Option<(Vec<Evidence>, usize)> {
        let (code, text) = self.facts.login_error.as_ref()?;
        let elsewhere = !saying.body.is_empty()
            || !saying.challenge.is_empty()
            || !saying.location.is_empty()
            || !saying.header.is_empty()
            || saying.html;
        if elsewhere || saying.words.is_empty() && saying.error.is_empty() {
            return None;
        }
        let mut length = 0;
        if !saying.words.is_empty() {
            length += saying.words.iter().find(|n| n.is_in(&self.login))?.text.len();
        }
        if !saying.error.is_empty() {
            length += saying.error.iter().find(|e| code.eq_ignore_ascii_case(e))?.len();
        }
        let line = format!("the login came back with {code}: {text}");
        Some((vec![Evidence::at(Place::Url, super::evidence::short(&line))], length))
    }

    /// Words as they stand in the body or the challenge; escaped ones as they were meant.
    fn spoken(&self, answer: &Answer, needle: &Needle) -> Evidence {
        if needle.is_in(&answer.lower) {
            return Evidence::body(self.facts, &needle.text);
        }
        if needle.is_in(&self.challenge)
            && let Some(header) = Evidence::response_header(self.facts, "www-authenticate")
        {
            return header;
        }
        let message = answer.error.messages.iter().find(|m| needle.is_in(&m.to_ascii_lowercase()));
        let text = super::evidence::short(message.map_or(needle.text.as_str(), String::as_str));
        Evidence::at(Place::ResponseBody, format!("body: {text}"))
    }

    /// True when the answer names an error code; AWS writes a name space and `#` in front.
    fn names(&self, answer: &Answer, code: &str) -> bool {
        let same = |said: &str| {
            said.eq_ignore_ascii_case(code)
                || said.rsplit_once('#').is_some_and(|(_, name)| name.eq_ignore_ascii_case(code))
        };
        answer.error.codes.iter().any(|c| same(c))
            || answer.challenges.iter().filter_map(|c| c.param("error")).any(same)
    }

    fn mark(&self, mark: &Mark) -> Option<Evidence> {
        let answer = self.answer?;
        match mark {
            Mark::Header(name, text) if holds(answer, name, text.as_ref()) => {
                Evidence::response_header(self.facts, name)
            }
            Mark::Cookie(start) => {
                let mut cookies = answer.headers.iter().filter(|h| h.name.eq_ignore_ascii_case("set-cookie"));
                let name = cookies.find_map(|h| {
                    let name = h.value.split('=').next().unwrap_or_default().trim();
                    name.to_ascii_lowercase().starts_with(start.as_str()).then_some(name)
                })?;
                let place = Place::ResponseHeader("set-cookie".to_owned());
                Some(Evidence::at(place, format!("set-cookie: {}=…", super::evidence::short(name))))
            }
            Mark::Body(needle) if needle.is_in(&answer.lower) => {
                Some(Evidence::body(self.facts, &needle.text))
            }
            Mark::Url(needle) if needle.is_in(&self.facts.request.url.to_ascii_lowercase()) => {
                Some(Evidence::at(Place::Url, format!("the URL holds {}", needle.text)))
            }
            _ => None,
        }
    }
}

/// True when a header is there and one of its lines holds the text.
fn holds(answer: &Answer, name: &str, text: Option<&Needle>) -> bool {
    match text {
        None => header(&answer.headers, name).is_some(),
        Some(text) => answer
            .headers
            .iter()
            .filter(|h| h.name.eq_ignore_ascii_case(name))
            .any(|h| text.is_in(&h.value.to_ascii_lowercase())),
    }
}

/// A challenge on one line: `bearer realm="api", error="invalid_token"`.
fn flat(said: &Challenge) -> String {
    let mut out = format!("{} ", said.scheme);
    if let Some(token) = &said.token68 {
        out.push_str(token);
        out.push(' ');
    }
    for (name, value) in &said.params {
        out.push_str(name);
        out.push_str("=\"");
        out.push_str(value);
        out.push_str("\", ");
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests;
