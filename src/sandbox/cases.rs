//! Case types and cases: what part C creates, reads back and changes.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json};
use std::collections::{HashMap, VecDeque};

/// The class group that every case key begins with.
pub(super) const CLASS_GROUP: &str = "ACME-CASES-WORK";
/// Older cases are forgotten above this many, so that a long benchmark stays small.
const CASES_KEPT: usize = 20_000;

/// What can be created.
#[derive(Debug)]
pub(super) struct CaseType {
    /// The class, which is the id.
    pub(super) id: &'static str,
    /// Shown name.
    pub(super) name: &'static str,
    /// Letters before the number in the business id.
    pub(super) prefix: &'static str,
    /// First number given.
    first: u32,
    /// False: listed, but not to be created through the API.
    pub(super) can_create: bool,
    /// Content accepted at creation; `None` accepts any field.
    pub(super) starting_fields: Option<&'static [&'static str]>,
}

/// The case types of the application.
pub(super) static CASE_TYPES: &[CaseType] = &[
    CaseType {
        id: "Acme-Cases-Work-Request",
        name: "Request",
        prefix: "APP",
        first: 2005,
        can_create: true,
        starting_fields: None,
    },
    CaseType {
        id: "Acme-Cases-Work-Inspection",
        name: "Inspection",
        prefix: "INS",
        first: 301,
        can_create: true,
        starting_fields: Some(&["Site", "RequestedDate", "Priority"]),
    },
    CaseType {
        id: "Acme-Cases-Work-Legacy",
        name: "Legacy",
        prefix: "LEG",
        first: 17,
        can_create: false,
        starting_fields: None,
    },
];

/// The case type of exactly this id; class names are case-sensitive.
pub(super) fn case_type(id: &str) -> Option<&'static CaseType> {
    CASE_TYPES.iter().find(|t| t.id == id)
}

/// The first field of a creation's content that the case type does not take.
pub(super) fn refused_field(kind: &CaseType, content: &Map<String, Json>) -> Option<String> {
    let allowed = kind.starting_fields?;
    content.keys().find(|field| !allowed.contains(&field.trim_start_matches('.'))).cloned()
}

/// What business validation says of content: the field and the words. `Priority` is an integer.
pub(super) fn invalid_field(content: &Map<String, Json>) -> Option<(String, String)> {
    let (name, value) = content.iter().find(|(name, _)| name.trim_start_matches('.') == "Priority")?;
    let shown = match value {
        Json::String(text) if text.is_empty() || text.parse::<i64>().is_ok() => return None,
        Json::Number(number) if number.is_i64() => return None,
        Json::Null => return None,
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    Some((name.trim_start_matches('.').to_owned(), format!("{shown} is not a valid integer value")))
}

/// The steps a case goes through; each has one action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Just created.
    Triage,
    /// Triage done.
    Review,
    /// Nothing left to do.
    Done,
}

impl Step {
    /// The case's status while it is here.
    pub(super) fn status(self) -> &'static str {
        match self {
            Self::Triage => "New",
            Self::Review => "Pending-Review",
            Self::Done => "Resolved-Completed",
        }
    }

    /// The action that ends it: id and shown name.
    pub(super) fn action(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Triage => Some(("Triage", "Triage")),
            Self::Review => Some(("Review", "Review and decide")),
            Self::Done => None,
        }
    }

    fn next(self) -> Self {
        match self {
            Self::Triage => Self::Review,
            Self::Review | Self::Done => Self::Done,
        }
    }
}

/// One case.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) kind: &'static CaseType,
    /// `APP-2005`.
    pub(super) business_id: String,
    pub(super) step: Step,
    pub(super) created: Timestamp,
    pub(super) created_by: String,
    /// When it was last saved; the etag.
    pub(super) saved: Timestamp,
    pub(super) saved_by: String,
    pub(super) content: Map<String, Json>,
}

impl Case {
    /// `ACME-CASES-WORK APP-2005`.
    pub(super) fn key(&self) -> String {
        format!("{CLASS_GROUP} {}", self.business_id)
    }

    /// Its only assignment.
    pub(super) fn assignment(&self) -> String {
        format!("ASSIGN-WORKLIST {}!PYSTARTCASE", self.key())
    }

    /// The save time in Pega's form, in quotes; compared byte for byte.
    pub(super) fn etag(&self) -> String {
        format!("\"{}\"", super::clock::pega(self.saved))
    }

    /// Takes new content and saves.
    pub(super) fn save(&mut self, content: Map<String, Json>, by: &str, now: Timestamp) {
        for (name, value) in content {
            self.content.insert(name.trim_start_matches('.').to_owned(), value);
        }
        by.clone_into(&mut self.saved_by);
        // Etags have milliseconds; two saves within one must still differ.
        self.saved = now.max(self.saved + SignedDuration::from_millis(1));
    }

    /// Saves and goes one step on.
    pub(super) fn advance(&mut self, content: Map<String, Json>, by: &str, now: Timestamp) {
        self.save(content, by, now);
        self.step = self.step.next();
    }
}

/// All cases, by key.
#[derive(Debug, Default)]
pub(super) struct Cases {
    by_key: HashMap<String, Case>,
    order: VecDeque<String>,
    next: HashMap<&'static str, u32>,
}

impl Cases {
    /// Creates one and gives a copy of it.
    pub(super) fn create(
        &mut self,
        kind: &'static CaseType,
        content: Map<String, Json>,
        by: &str,
        now: Timestamp,
    ) -> Case {
        let number = self.next.entry(kind.prefix).or_insert(kind.first);
        let mut case = Case {
            kind,
            business_id: format!("{}-{number}", kind.prefix),
            step: Step::Triage,
            created: now,
            created_by: by.to_owned(),
            saved: now - SignedDuration::from_millis(1),
            saved_by: by.to_owned(),
            content: Map::new(),
        };
        *number += 1;
        case.save(content, by, now);
        if self.order.len() >= CASES_KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_key.remove(&oldest);
        }
        self.order.push_back(case.key());
        self.by_key.insert(case.key(), case.clone());
        case
    }

    /// The case of a full key; the business id alone finds nothing, as in Pega.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Case> {
        self.by_key.get_mut(key)
    }

    /// The case an assignment belongs to.
    pub(super) fn of_assignment(&mut self, id: &str) -> Option<&mut Case> {
        let key = id.strip_prefix("ASSIGN-WORKLIST ")?.strip_suffix("!PYSTARTCASE")?;
        self.by_key.get_mut(key).filter(|c| c.step != Step::Done)
    }

    /// Forgets one.
    pub(super) fn remove(&mut self, key: &str) {
        self.by_key.remove(key);
        self.order.retain(|k| k != key);
    }

    /// The oldest first, at most `limit`.
    pub(super) fn list(&self, limit: usize) -> impl Iterator<Item = &Case> {
        self.order.iter().filter_map(|k| self.by_key.get(k)).take(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_saves_in_one_millisecond_have_two_etags() {
        let mut cases = Cases::default();
        let now: Timestamp = "2026-11-23T14:02:12.004Z".parse().unwrap();
        let key = cases.create(&CASE_TYPES[0], Map::new(), "x", now).key();
        let case = cases.get_mut(&key).unwrap();
        assert_eq!(case.etag(), "\"20261123T140212.004 GMT\"");
        case.save(Map::new(), "x", now);
        assert_eq!(case.etag(), "\"20261123T140212.005 GMT\"");
    }

    #[test]
    fn the_first_request_is_app_2005_and_each_type_counts_for_itself() {
        let mut cases = Cases::default();
        let ids: Vec<_> = [0, 0, 1]
            .iter()
            .map(|i| cases.create(&CASE_TYPES[*i], Map::new(), "x", Timestamp::UNIX_EPOCH).business_id)
            .collect();
        assert_eq!(ids, ["APP-2005", "APP-2006", "INS-301"]);
    }
}
