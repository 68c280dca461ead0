//! What speaks for a finding: a quotation, and where in the exchange it stands, so that a screen can show it there.

use super::facts::Facts;
use serde_json::Value as Json;

/// How much of a text is quoted, in characters.
const MAX_QUOTE: usize = 160;

/// Where evidence stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The status line.
    Status,
    /// The URL that was asked.
    Url,
    /// A header of the request, by lower-case name.
    RequestHeader(String),
    /// The body of the request.
    RequestBody,
    /// A header of the answer, by lower-case name.
    ResponseHeader(String),
    /// The body of the answer.
    ResponseBody,
    /// A redirect of the chain, from 0.
    Redirect(usize),
    /// A claim of the token that was sent.
    Claim(String),
    /// A member of that token's JOSE header.
    JoseHeader(String),
    /// TLS facts.
    Tls,
    /// What the network said.
    Network,
    /// The two clocks.
    Clock,
    /// How the token was obtained, or what the profile says.
    Profile,
    /// Earlier exchanges.
    History,
}

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The whole line as shown: `www-authenticate: Bearer error="invalid_token"`. Secrets masked when the diagnosis is done.
    pub text: String,
    /// Where it stands.
    pub place: Place,
    /// The exact text at that place to highlight; empty: the whole of it.
    pub quote: String,
}

impl IntoIterator for Evidence {
    type Item = Evidence;
    type IntoIter = std::iter::Once<Evidence>;

    fn into_iter(self) -> Self::IntoIter {
        std::iter::once(self)
    }
}

impl Evidence {
    /// A line in own words about something at a place.
    pub fn at(place: Place, text: impl Into<String>) -> Self {
        Self { text: text.into(), place, quote: String::new() }
    }

    /// The status line: `401 Unauthorized`.
    pub fn status(facts: &Facts) -> Self {
        let text = match &facts.answer {
            Some(answer) => match answer.reason.as_deref().filter(|r| !r.is_empty()) {
                Some(reason) => format!("{} {}", answer.status, short(reason)),
                None => answer.status.to_string(),
            },
            None => "no answer".to_owned(),
        };
        Self { text, place: Place::Status, quote: String::new() }
    }

    /// A header of the answer as it came, its first line of that name; `None` when it is not there.
    pub fn response_header(facts: &Facts, name: &str) -> Option<Self> {
        let value = facts.answer.as_ref()?.header(name)?;
        Some(Self::header(Place::ResponseHeader(name.to_ascii_lowercase()), name, value, value))
    }

    /// A header of the request. `Authorization` and its like show their scheme and length only.
    pub fn request_header(facts: &Facts, name: &str) -> Option<Self> {
        let header = facts.request.headers.iter().find(|h| h.name.eq_ignore_ascii_case(name))?;
        let shown = if header.sensitive || facts.is_credential_header(name) {
            masked_value(&header.value)
        } else {
            header.value.clone()
        };
        Some(Self::header(Place::RequestHeader(name.to_ascii_lowercase()), name, &shown, ""))
    }

    fn header(place: Place, name: &str, value: &str, quote: &str) -> Self {
        Self {
            text: format!("{}: {}", name.to_ascii_lowercase(), short(value)),
            place,
            quote: quote.to_owned(),
        }
    }

    /// The words of the answer's body around `needle` (found without case), or the body's beginning.
    pub fn body(facts: &Facts, needle: &str) -> Self {
        let text = facts.answer.as_ref().map(|a| a.text.as_str()).unwrap_or_default();
        let (quote, shown) = around(text, needle);
        Self { text: format!("body: {shown}"), place: Place::ResponseBody, quote }
    }

    /// The body of the request around `needle`.
    pub fn request_body(facts: &Facts, needle: &str) -> Self {
        let (quote, shown) = around(&facts.request.body, needle);
        Self { text: format!("request body: {shown}"), place: Place::RequestBody, quote }
    }

    /// A claim of the token that was sent, with words: `exp 2026-11-23T13:02:01Z, 3 min ago`.
    pub fn claim(name: &str, words: impl AsRef<str>) -> Self {
        let text = format!("claim {name}: {}", short(words.as_ref()));
        Self { text, place: Place::Claim(name.to_owned()), quote: String::new() }
    }

    /// A claim as it stands in the token; `None` when it is not there.
    pub fn claim_of(facts: &Facts, name: &str) -> Option<Self> {
        let value = facts.claim(name)?;
        let words = match value {
            Json::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some(Self::claim(name, words))
    }

    /// A member of the token's JOSE header as it stands.
    pub fn jose_header(facts: &Facts, name: &str) -> Option<Self> {
        let token = facts.token.as_ref()?;
        let value = token.decoded.header.as_ref()?.get(name)?;
        let words = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let text = format!("token header {name}: {}", short(&words));
        Some(Self { text, place: Place::JoseHeader(name.to_owned()), quote: String::new() })
    }
}

/// The scheme and the length of a credential: `Bearer ••• (812 characters)`.
pub(super) fn masked_value(value: &str) -> String {
    let mask = crate::model::secret::MASK;
    match value.split_once(' ') {
        Some((scheme, rest))
            if scheme.len() <= 20 && scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') =>
        {
            format!("{scheme} {mask} ({} characters)", rest.chars().count())
        }
        _ => format!("{mask} ({} characters)", value.chars().count()),
    }
}

/// A text on one line, cut where it is long.
pub(super) fn short(text: &str) -> String {
    let flat: String =
        text.chars().map(|c| if c == '\n' || c == '\r' || c == '\t' { ' ' } else { c }).collect();
    let flat = flat.trim();
    if flat.chars().count() <= MAX_QUOTE {
        return flat.to_owned();
    }
    let cut: String = flat.chars().take(MAX_QUOTE).collect();
    format!("{cut}…")
}

/// The needle as it is written in the text, and the text around it on one line.
fn around(text: &str, needle: &str) -> (String, String) {
    let found = (!needle.is_empty()).then(|| find_ignoring_case(text, needle)).flatten();
    let Some(at) = found else { return (String::new(), short(text)) };
    let quote = text.get(at..at + needle.len()).unwrap_or_default().to_owned();
    let before: String = text[..at].chars().rev().take(60).collect::<Vec<_>>().into_iter().rev().collect();
    let cut = if before.len() < at { "…" } else { "" };
    (quote, short(&format!("{cut}{before}{}", text.get(at..).unwrap_or_default())))
}

/// Where an ASCII needle stands, without case. Byte offset on a character boundary.
pub(super) fn find_ignoring_case(text: &str, needle: &str) -> Option<usize> {
    let (hay, needle) = (text.as_bytes(), needle.as_bytes());
    if needle.is_empty() || hay.len() < needle.len() {
        return None;
    }
    (0..=hay.len() - needle.len())
        .find(|&at| hay[at..at + needle.len()].eq_ignore_ascii_case(needle) && text.is_char_boundary(at))
}
