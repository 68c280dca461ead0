//! What came back, per request: the exchange, its body made ready, folds, cursor and search.

use crate::app::job::Content;
use crate::app::list::Cursor;
use crate::app::pane::diagnosis::{Before, Looked};
use crate::content::json::Folds;
use crate::flow::{RetryReason, Sent};
use crate::model::id::ItemPath;
use indexmap::IndexMap;

/// The tabs, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResponseTab {
    /// The body, pretty.
    #[default]
    Body,
    /// Response headers.
    Headers,
    /// Waterfall.
    Timing,
    /// Certificates.
    Tls,
    /// Hops.
    Redirects,
    /// Check results and captures.
    Checks,
    /// Why it was refused.
    Diagnosis,
    /// The body as it came.
    Raw,
    /// The request as it went out.
    Sent,
}

impl ResponseTab {
    /// In order.
    pub const ALL: [ResponseTab; 9] = [
        Self::Body,
        Self::Headers,
        Self::Timing,
        Self::Tls,
        Self::Redirects,
        Self::Checks,
        Self::Diagnosis,
        Self::Raw,
        Self::Sent,
    ];

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Body => "Body",
            Self::Headers => "Headers",
            Self::Timing => "Timing",
            Self::Tls => "TLS",
            Self::Redirects => "Redirects",
            Self::Checks => "Checks",
            Self::Diagnosis => "Diagnosis",
            Self::Raw => "Raw",
            Self::Sent => "Sent",
        }
    }

    /// The tab `step` further, going round.
    #[must_use]
    pub fn step(self, step: isize) -> ResponseTab {
        Self::ALL[(self as isize + step).rem_euclid(Self::ALL.len() as isize) as usize]
    }
}

/// `401 invalid_token, token renewed, sent again: 201`.
pub fn retried(sent: &Sent) -> Option<String> {
    if sent.retried.is_empty() {
        return None;
    }
    let mut words: Vec<String> = Vec::new();
    for (reason, exchange) in &sent.retried {
        let status = exchange.status().map_or_else(|| "no answer".to_owned(), |s| s.to_string());
        words.push(match reason {
            RetryReason::InvalidToken => format!("{status} invalid_token, token renewed"),
            RetryReason::DpopNonce => format!("{status} use_dpop_nonce, nonce taken"),
        });
    }
    let status = sent.exchange.as_ref().and_then(|e| e.status());
    let end = match status {
        Some(status) => format!("sent again: {status}"),
        None => "sent again: no answer".to_owned(),
    };
    words.push(end);
    Some(words.join(", "))
}

/// A search in the body.
#[derive(Debug, Clone, Default)]
pub struct SearchHits {
    /// What for.
    pub needle: String,
    /// JSON rows, or raw lines, in order.
    pub rows: Vec<usize>,
    /// Which of them.
    pub at: usize,
}

/// An answer and how it is looked at.
#[derive(Debug, Clone)]
pub struct ResponseView {
    /// What came.
    pub sent: Sent,
    /// Grows with each answer: late indexes of older bodies are ignored.
    pub generation: u64,
    /// The body made ready.
    pub content: Option<Content>,
    /// Folding of its JSON.
    pub folds: Option<Folds>,
    /// Cursor per tab.
    pub cursors: [Cursor; 9],
    /// Columns scrolled to the right.
    pub left: usize,
    /// Search in the body.
    pub search: Option<SearchHits>,
    /// A JSONPath filter: its text and what it found.
    pub filter: Option<(String, Vec<String>)>,
    /// How its diagnosis is looked at.
    pub looked: Looked,
}

impl ResponseView {
    /// Rows of a tab.
    pub fn len(&self, tab: ResponseTab) -> usize {
        match tab {
            ResponseTab::Body => match (&self.filter, &self.folds, &self.content) {
                (Some((_, lines)), _, _) => lines.len(),
                (_, Some(folds), _) => folds.len(),
                (_, None, Some(content)) => content.lines.len(),
                _ => 0,
            },
            ResponseTab::Raw => self.content.as_ref().map_or(0, |c| c.lines.len()),
            ResponseTab::Headers => {
                self.sent.exchange.as_ref().and_then(|e| e.response.as_ref()).map_or(0, |r| r.headers.len())
            }
            ResponseTab::Checks => {
                self.sent.checks.len() + self.sent.captures.len() + self.sent.missing_captures.len()
            }
            _ => usize::from(u16::MAX),
        }
    }

    /// Cursor of a tab.
    pub fn cursor(&mut self, tab: ResponseTab) -> &mut Cursor {
        &mut self.cursors[tab as usize]
    }

    /// The JSON row under the cursor of the Body tab.
    pub fn json_row(&self) -> Option<usize> {
        let folds = self.folds.as_ref()?;
        (self.filter.is_none() && !folds.is_empty())
            .then(|| folds.row(self.cursors[0].at.min(folds.len().saturating_sub(1))))
    }

    /// Searches the body and goes to the first hit at or behind the cursor. False: no hit.
    pub fn search_for(&mut self, needle: &str, tab: ResponseTab) -> bool {
        const LIMIT: usize = 100_000;
        if needle.is_empty() {
            self.search = None;
            return false;
        }
        let rows = match (&self.folds, &self.content, tab) {
            (Some(folds), _, ResponseTab::Body) => folds.index().search(needle, LIMIT),
            (_, Some(content), _) => content.lines.search(needle, LIMIT),
            _ => Vec::new(),
        };
        let here = match (&self.folds, tab) {
            (Some(folds), ResponseTab::Body) if !folds.is_empty() => {
                folds.row(self.cursors[0].at.min(folds.len() - 1))
            }
            _ => self.cursors[tab as usize].at,
        };
        let at = rows.iter().position(|r| *r >= here).unwrap_or(0);
        let found = !rows.is_empty();
        self.search = Some(SearchHits { needle: needle.to_owned(), rows, at });
        if found {
            self.show_hit(tab);
        }
        found
    }

    /// Goes to the next hit (`by` 1 or -1).
    pub fn next_hit(&mut self, by: isize, tab: ResponseTab) {
        if let Some(search) = &mut self.search
            && !search.rows.is_empty()
        {
            search.at = (search.at as isize + by).rem_euclid(search.rows.len() as isize) as usize;
            self.show_hit(tab);
        }
    }

    fn show_hit(&mut self, tab: ResponseTab) {
        let Some(row) = self.search.as_ref().and_then(|s| s.rows.get(s.at)).copied() else { return };
        match (&mut self.folds, tab) {
            (Some(folds), ResponseTab::Body) => {
                folds.reveal(row);
                self.cursors[0].at = folds.position(row);
            }
            _ => self.cursors[tab as usize].at = row,
        }
    }
}

/// The pane.
#[derive(Debug, Clone, Default)]
pub struct ResponsePane {
    /// Chosen tab.
    pub tab: ResponseTab,
    /// Answers by request, the last ones; the empty path is the scratch request's.
    pub views: IndexMap<ItemPath, ResponseView>,
    /// While this request is shown the Diagnosis tab is that of the token request.
    pub token_of: Option<Option<ItemPath>>,
    /// What was answered before the fix that is being tried.
    pub before: Option<Before>,
    generation: u64,
}

impl ResponsePane {
    /// How many answers are kept.
    const KEEP: usize = 20;

    /// Files an answer under its request. Gives its generation.
    pub fn put(&mut self, path: ItemPath, sent: Sent) -> u64 {
        self.generation += 1;
        self.views.shift_remove(&path);
        while self.views.len() >= Self::KEEP {
            self.views.shift_remove_index(0);
        }
        let view = ResponseView {
            sent,
            generation: self.generation,
            content: None,
            folds: None,
            cursors: Default::default(),
            left: 0,
            search: None,
            filter: None,
            looked: Looked::default(),
        };
        self.views.insert(path, view);
        self.generation
    }

    /// Gives a view its content, if it is still the same answer.
    pub fn ready(&mut self, path: &ItemPath, generation: u64, content: Content) -> bool {
        let Some(view) = self.views.get_mut(path).filter(|v| v.generation == generation) else {
            return false;
        };
        view.folds = content.json.clone().map(Folds::new);
        view.content = Some(content);
        true
    }
}
