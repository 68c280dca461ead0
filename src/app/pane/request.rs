//! The request being edited: its draft, the tab, the field under the cursor, and what is typed.

use crate::app::line_edit::LineEdit;
use crate::app::list::Cursor;
use crate::app::text_input::TextInput;
use crate::model::auth::{Auth, KeyPlace};
use crate::model::id::ItemPath;
use crate::model::request::{Body, Part, PartContent, Request, Row};
use crate::model::value::Value;
use indexmap::IndexMap;

/// The tabs, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RequestTab {
    /// Query parameters.
    #[default]
    Params,
    /// Headers.
    Headers,
    /// Credentials.
    Auth,
    /// Body.
    Body,
    /// Captures and checks.
    Checks,
    /// Notes.
    Docs,
}

impl RequestTab {
    /// In order.
    pub const ALL: [RequestTab; 6] =
        [Self::Params, Self::Headers, Self::Auth, Self::Body, Self::Checks, Self::Docs];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Params => "Params",
            Self::Headers => "Headers",
            Self::Auth => "Auth",
            Self::Body => "Body",
            Self::Checks => "Captures & Checks",
            Self::Docs => "Docs",
        }
    }

    /// The tab `step` further, going round.
    #[must_use]
    pub fn step(self, step: isize) -> RequestTab {
        Self::ALL[(self as isize + step).rem_euclid(Self::ALL.len() as isize) as usize]
    }
}

/// An edited request beside what its file says.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// As it was read.
    pub base: Request,
    /// As it is now.
    pub request: Request,
    undo: Vec<Request>,
    redo: Vec<Request>,
}

impl Draft {
    /// Nothing edited yet.
    pub fn new(request: Request) -> Draft {
        Draft { base: request.clone(), request, undo: Vec::new(), redo: Vec::new() }
    }

    /// True when there is something to save.
    pub fn is_changed(&self) -> bool {
        self.base != self.request
    }

    /// Remembers the present state before a change.
    pub fn remember(&mut self) {
        if self.undo.last() != Some(&self.request) {
            self.undo.push(self.request.clone());
            if self.undo.len() > 100 {
                self.undo.remove(0);
            }
        }
        self.redo.clear();
    }

    /// One step back; false when there is none.
    pub fn undo(&mut self) -> bool {
        while let Some(before) = self.undo.pop() {
            if before != self.request {
                self.redo.push(std::mem::replace(&mut self.request, before));
                return true;
            }
        }
        false
    }

    /// One step forth; false when there is none.
    pub fn redo(&mut self) -> bool {
        let Some(after) = self.redo.pop() else { return false };
        self.undo.push(std::mem::replace(&mut self.request, after));
        true
    }
}

/// What is being typed.
#[derive(Debug, Clone)]
pub enum Editing {
    /// The URL.
    Url(LineEdit),
    /// A cell of the tab's table: row, and 0 for the name or 1 for the value.
    Cell {
        /// Row.
        row: usize,
        /// 0 name, 1 value.
        column: usize,
        /// The text.
        edit: LineEdit,
    },
    /// The body.
    Body(TextInput),
    /// The notes.
    Docs(TextInput),
}

/// The pane.
#[derive(Debug, Clone, Default)]
pub struct RequestPane {
    /// Which request; the empty path is a scratch request that stands in no file.
    pub path: Option<ItemPath>,
    /// Drafts of every request touched.
    pub drafts: IndexMap<ItemPath, Draft>,
    /// Chosen tab.
    pub tab: RequestTab,
    /// True when the URL line has the cursor, not the tab.
    pub on_url: bool,
    /// Cursor in the tab.
    pub cursor: Cursor,
    /// What is being typed.
    pub editing: Option<Editing>,
}

impl RequestPane {
    /// The draft shown.
    pub fn draft(&self) -> Option<&Draft> {
        self.drafts.get(self.path.as_ref()?)
    }

    /// The draft shown, to change it.
    pub fn draft_mut(&mut self) -> Option<&mut Draft> {
        self.drafts.get_mut(self.path.as_ref()?)
    }

    /// The request shown.
    pub fn request(&self) -> Option<&Request> {
        self.draft().map(|d| &d.request)
    }

    /// Requests with unsaved changes.
    pub fn unsaved(&self) -> Vec<&ItemPath> {
        self.drafts.iter().filter(|(p, d)| d.is_changed() && !p.as_str().is_empty()).map(|(p, _)| p).collect()
    }

    /// Shows a request; its draft is kept if it was edited.
    pub fn show(&mut self, path: ItemPath, saved: &Request) {
        let fresh = self.drafts.get(&path).is_none_or(|d| !d.is_changed() && d.base != *saved);
        if fresh {
            self.drafts.insert(path.clone(), Draft::new(saved.clone()));
        }
        if self.path.as_ref() != Some(&path) {
            self.editing = None;
            self.cursor = Cursor::default();
            let request = &self.drafts[&path].request;
            self.tab = natural_tab(request);
        }
        self.path = Some(path);
    }

    /// Rows of the tab's table, if it has one.
    pub fn rows(&self) -> Option<&Vec<Row>> {
        let request = self.request()?;
        match self.tab {
            RequestTab::Params => Some(&request.params),
            RequestTab::Headers => Some(&request.headers),
            RequestTab::Body => match &request.body {
                Body::Form(rows) => Some(rows),
                _ => None,
            },
            _ => None,
        }
    }

    /// The same, to change them.
    pub fn rows_mut(&mut self) -> Option<&mut Vec<Row>> {
        let tab = self.tab;
        let request = &mut self.draft_mut()?.request;
        match tab {
            RequestTab::Params => Some(&mut request.params),
            RequestTab::Headers => Some(&mut request.headers),
            RequestTab::Body => match &mut request.body {
                Body::Form(rows) => Some(rows),
                _ => None,
            },
            _ => None,
        }
    }

    /// How many lines the cursor can stand on in the tab.
    #[allow(clippy::len_without_is_empty, reason = "the reach of a cursor, not a collection")]
    pub fn len(&self) -> usize {
        let Some(request) = self.request() else { return 0 };
        match self.tab {
            RequestTab::Params => request.params.len(),
            RequestTab::Headers => request.headers.len(),
            RequestTab::Auth => 1 + auth_fields(&request.auth).len(),
            RequestTab::Body => match &request.body {
                Body::Form(rows) => rows.len(),
                Body::Multipart(parts) => parts.len(),
                _ => request.body.text().map_or(0, |t| t.lines().count()),
            },
            RequestTab::Checks => request.captures.len() + request.checks.len(),
            RequestTab::Docs => request.docs.lines().count(),
        }
    }
}

/// The tab worth seeing first.
pub fn natural_tab(request: &Request) -> RequestTab {
    if request.body != Body::None {
        RequestTab::Body
    } else if !request.params.is_empty() {
        RequestTab::Params
    } else {
        RequestTab::Headers
    }
}

/// The editable fields of an auth: label, text, and whether a literal there would be a secret.
pub fn auth_fields(auth: &Auth) -> Vec<(&'static str, String, bool)> {
    let text = |v: &Value| match v {
        Value::Text(t) => t.clone(),
        Value::Secret(r) => format!("••• {}", r.describe()),
    };
    match auth {
        Auth::Inherit | Auth::None | Auth::Profile(_) => Vec::new(),
        Auth::Basic { username, password } => {
            vec![("username", username.clone(), false), ("password", text(password), true)]
        }
        Auth::Bearer { token } => vec![("token", text(token), true)],
        Auth::ApiKey { name, value, place } => vec![
            ("name", name.clone(), false),
            ("value", text(value), true),
            ("in", if *place == KeyPlace::Header { "header" } else { "query" }.to_owned(), false),
        ],
    }
}

/// Sets a field of an auth by its index in [`auth_fields`].
pub fn set_auth_field(auth: &mut Auth, field: usize, text: &str) {
    match (auth, field) {
        (Auth::Basic { username, .. }, 0) => *username = text.to_owned(),
        (Auth::Basic { password, .. }, 1) => *password = Value::from(text),
        (Auth::Bearer { token }, 0) => *token = Value::from(text),
        (Auth::ApiKey { name, .. }, 0) => *name = text.to_owned(),
        (Auth::ApiKey { value, .. }, 1) => *value = Value::from(text),
        (Auth::ApiKey { place, .. }, 2) => {
            *place = if text.eq_ignore_ascii_case("query") { KeyPlace::Query } else { KeyPlace::Header };
        }
        _ => {}
    }
}

/// An auth of a kind, with the variables a newcomer would expect; the old one if it is that kind.
pub fn auth_of_kind(kind: &str, old: &Auth) -> Auth {
    match kind {
        "inherit" => Auth::Inherit,
        "none" => Auth::None,
        "basic" if !matches!(old, Auth::Basic { .. }) => {
            Auth::Basic { username: "{{username}}".into(), password: "{{password}}".into() }
        }
        "bearer" if !matches!(old, Auth::Bearer { .. }) => Auth::Bearer { token: "{{token}}".into() },
        "api_key" if !matches!(old, Auth::ApiKey { .. }) => {
            Auth::ApiKey { name: "X-Api-Key".into(), value: "{{api_key}}".into(), place: KeyPlace::Header }
        }
        other => match other.strip_prefix("profile ") {
            Some(name) => Auth::Profile(name.to_owned()),
            None => old.clone(),
        },
    }
}

/// A body of another kind that keeps as much of the old text as makes sense.
pub fn body_of_kind(kind: &str, old: &Body) -> Body {
    let text = old.text().unwrap_or("").to_owned();
    match kind {
        "json" => Body::Json(if text.is_empty() { "{\n  \n}\n".into() } else { text }),
        "text" => Body::Text(text),
        "xml" => Body::Xml(text),
        "form" => match old {
            Body::Form(rows) => Body::Form(rows.clone()),
            _ => Body::Form(Vec::new()),
        },
        "multipart" => match old {
            Body::Multipart(parts) => Body::Multipart(parts.clone()),
            _ => Body::Multipart(vec![Part {
                name: "file".into(),
                content: PartContent::File("path/to/file".into()),
                content_type: None,
                enabled: true,
            }]),
        },
        "file" => Body::File(if text.is_empty() { "path/to/file".into() } else { text }),
        "graphql" => Body::Graphql { query: text, variables: String::new() },
        _ => Body::None,
    }
}

/// Puts a text into a body of one text.
pub fn set_body_text(body: &mut Body, text: String) {
    match body {
        Body::Json(t) | Body::Text(t) | Body::Xml(t) | Body::File(t) | Body::Graphql { query: t, .. } => {
            *t = text
        }
        Body::None => *body = Body::Text(text),
        Body::Form(_) | Body::Multipart(_) => {}
    }
}
