//! What kind of body an answer has, and the error it tells of, in whatever shape a server says it.

use serde_json::{Map, Value as Json};

/// What a body is, by its bytes rather than its label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BodyKind {
    /// No bytes.
    #[default]
    Empty,
    /// JSON.
    Json,
    /// An HTML page.
    Html,
    /// Other markup.
    Xml,
    /// Other text.
    Text,
    /// No text.
    Binary,
}

impl BodyKind {
    /// Looks at the media type and the first bytes; the bytes win.
    pub fn of(media_type: &str, start: &[u8]) -> BodyKind {
        use crate::content::kind::{Kind, kind};
        match kind(media_type, start) {
            Kind::Empty => BodyKind::Empty,
            Kind::Json => BodyKind::Json,
            Kind::Text => BodyKind::Text,
            Kind::Binary => BodyKind::Binary,
            Kind::Markup => {
                let start = &start[..start.len().min(2048)];
                let look = String::from_utf8_lossy(start).to_ascii_lowercase();
                let html = look.contains("<!doctype html")
                    || look.contains("<html")
                    || look.contains("<head")
                    || look.contains("<body")
                    || (media_type.contains("html") && !look.trim_start().starts_with("<?xml"));
                if html { BodyKind::Html } else { BodyKind::Xml }
            }
        }
    }

    /// In words: `HTML`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Empty => "no body",
            Self::Json => "JSON",
            Self::Html => "HTML",
            Self::Xml => "XML",
            Self::Text => "text",
            Self::Binary => "bytes that are no text",
        }
    }
}

/// An error as an answer tells it: RFC 6749 (`error`, `error_description`), Pega (`errors[]` with `ID` and `message`; `errorDetails[]`),
/// RFC 9457 (`type`, `title`, `detail`), Google (`error.code`, `error.status`), AWS (`message`, `__type`), and whatever calls a member
/// `code`, `errorCode`, `message`. All texts are the server's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ErrorBody {
    /// Codes: `invalid_client`, `Pega_API_012`, `UNAUTHENTICATED`. In order, no doubles.
    pub codes: Vec<String>,
    /// Words of the server.
    pub messages: Vec<String>,
    /// True in Pega's shape: `errors[]` whose members have `ID`, or `errorDetails`.
    pub pega: bool,
}

impl ErrorBody {
    /// True when it names this code, without case.
    pub fn has(&self, code: &str) -> bool {
        self.codes.iter().any(|c| c.eq_ignore_ascii_case(code))
    }

    /// True when it tells of no error.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty() && self.messages.is_empty()
    }

    /// Reads one. A success is no error: of a status below 400 only what cannot be anything else is taken (`error`, `errors[].ID`).
    pub fn read(json: &Json, status: u16) -> ErrorBody {
        let mut out = ErrorBody::default();
        match json {
            Json::Object(map) => out.object(map, status),
            Json::Array(list) => {
                if let Some(Json::Object(map)) = list.first() {
                    out.object(map, status);
                }
            }
            _ => {}
        }
        out
    }

    fn code(&mut self, value: Option<&Json>) {
        let text = match value {
            Some(Json::String(text)) => text.clone(),
            Some(Json::Number(number)) => number.to_string(),
            _ => return,
        };
        if !text.is_empty() && !self.has(&text) {
            self.codes.push(text);
        }
    }

    fn message(&mut self, value: Option<&Json>) {
        if let Some(text) = value.and_then(Json::as_str).filter(|t| !t.is_empty())
            && !self.messages.iter().any(|m| m == text)
        {
            self.messages.push(text.to_owned());
        }
    }

    fn object(&mut self, map: &Map<String, Json>, status: u16) {
        match map.get("error") {
            Some(Json::Object(inner)) => {
                self.code(inner.get("status").filter(|s| s.is_string()));
                for name in ["code", "type", "reason"] {
                    self.code(inner.get(name));
                }
                self.message(inner.get("message"));
                self.list(inner.get("details"));
                self.list(inner.get("errors"));
            }
            Some(Json::String(error)) => {
                // A sentence is a message, a word is a code.
                if error.contains(' ') { self.message(map.get("error")) } else { self.code(map.get("error")) }
            }
            _ => {}
        }
        self.message(map.get("error_description"));
        self.pega_errors(map);
        if status < 400 {
            return;
        }
        for name in ["code", "errorCode", "error_code", "__type", "fault_code"] {
            self.code(map.get(name));
        }
        for name in [
            "message",
            "Message",
            "errorMessage",
            "error_message",
            "errorSummary",
            "detail",
            "title",
            "description",
            "localizedValue",
            "reason",
            "msg",
        ] {
            self.message(map.get(name));
        }
        if let Some(Json::Object(fault)) = map.get("fault") {
            self.message(fault.get("faultstring"));
            if let Some(Json::Object(detail)) = fault.get("detail") {
                self.code(detail.get("errorcode"));
            }
        }
        self.list(map.get("errors"));
        self.list(map.get("errorCauses"));
    }

    fn pega_errors(&mut self, map: &Map<String, Json>) {
        if let Some(Json::Array(errors)) = map.get("errors") {
            for error in errors.iter().take(20).filter_map(Json::as_object) {
                if error.get("ID").is_some_and(Json::is_string) {
                    self.pega = true;
                    self.code(error.get("ID"));
                    self.message(error.get("message"));
                }
            }
        }
        if let Some(Json::Array(details)) = map.get("errorDetails") {
            self.pega = true;
            self.code(map.get("errorClassification"));
            self.message(map.get("localizedValue"));
            for detail in details.iter().take(20).filter_map(Json::as_object) {
                let text = detail.get("message").and_then(Json::as_str).unwrap_or_default();
                if text.starts_with("Error_") {
                    self.code(detail.get("message"))
                } else {
                    self.message(detail.get("message"))
                }
                self.code(detail.get("errorCode"));
                self.message(detail.get("localizedValue"));
            }
        }
    }

    fn list(&mut self, value: Option<&Json>) {
        let Some(Json::Array(list)) = value else { return };
        for item in list.iter().take(20) {
            match item {
                Json::String(_) => self.message(Some(item)),
                Json::Object(map) => {
                    for name in ["code", "reason", "errorCode"] {
                        self.code(map.get(name));
                    }
                    for name in ["message", "detail", "title", "errorSummary"] {
                        self.message(map.get(name));
                    }
                }
                _ => {}
            }
        }
    }
}
