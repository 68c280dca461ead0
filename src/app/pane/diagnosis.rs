//! The Diagnosis tab: whose diagnosis, which line of it, what probes told, and what was before a fix.

use crate::app::focus::PaneId;
use crate::app::pane::response::ResponseTab;
use crate::app::state::State;
use crate::diagnose::{Diagnosis, Evidence, Finding, Probe, Remedy};
use crate::flow::Sent;
use crate::flow::probe::ProbeOutcome;
use crate::model::exchange::Exchange;
use crate::model::id::ItemPath;
use std::sync::Arc;

/// Whose diagnosis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The answer of a request.
    Answer(ItemPath),
    /// A token that was asked for by itself.
    Token,
}

impl Subject {
    /// True when a probe can be run here: without a request there is none to repeat.
    pub fn takes(&self, probe: Probe) -> bool {
        match self {
            Self::Answer(_) => true,
            Self::Token => matches!(probe, Probe::Metadata | Probe::OtherClientAuth),
        }
    }
}

/// Something to do for a finding, as data: it may wait for a `y` or for the name of a protected environment.
#[derive(Debug, Clone, PartialEq)]
pub enum Errand {
    /// Runs a probe.
    Probe {
        /// Whose.
        subject: Subject,
        /// Which finding.
        code: &'static str,
        /// What.
        probe: Probe,
    },
    /// Applies a fix.
    Fix {
        /// Whose.
        subject: Subject,
        /// Which finding.
        code: &'static str,
        /// What.
        remedy: Remedy,
    },
    /// Sends a request once more.
    Replay {
        /// Which.
        path: ItemPath,
        /// Which finding's fix it follows.
        code: &'static str,
        /// With a new token.
        renew: bool,
    },
}

/// A place of the list that the cursor stops at. Findings and their parts are counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// What a probe told; an index into the outcomes.
    Ran(usize),
    /// A finding's first line.
    Finding(usize),
    /// One piece of its evidence.
    Evidence(usize, usize),
    /// What is wrong.
    Cause(usize),
    /// What to do.
    Fix(usize),
    /// How to make sure.
    Confirm(usize),
    /// Where it is written.
    Reference(usize),
    /// Something ruled out.
    Passed(usize),
    /// Something that could not be looked at.
    Missing(usize),
}

/// A probe that was run for a finding.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The finding's code.
    pub code: &'static str,
    /// What came of it.
    pub outcome: ProbeOutcome,
}

/// One row of before and after. Equal rows have the same text on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BeforeAfter {
    /// What was there before.
    pub before: Option<String>,
    /// What is there now.
    pub after: Option<String>,
}

impl BeforeAfter {
    /// True when nothing differs.
    pub fn same(&self) -> bool {
        self.before == self.after
    }
}

/// An answer before and after.
#[derive(Debug, Clone)]
pub struct Replay {
    /// What the first column is: `before`, `with the token`.
    pub titles: [String; 2],
    /// Status, first finding, headers that differ, the body.
    pub rows: Vec<BeforeAfter>,
}

/// How a diagnosis is looked at.
#[derive(Debug, Clone, Default)]
pub struct Looked {
    /// The chosen stop.
    pub at: usize,
    /// Probes that were run, in order.
    pub ran: Vec<Ran>,
    /// Before and after, until the next send.
    pub replay: Option<Replay>,
    /// That is shown instead of the findings.
    pub comparing: bool,
    /// The first row of it.
    pub top: usize,
    /// Evidence that was gone to: highlighted where it stands.
    pub lit: Option<Evidence>,
}

impl Looked {
    /// Every place the cursor stops at, in the order they are drawn.
    pub fn stops(&self, diagnosis: &Diagnosis) -> Vec<Stop> {
        let mut stops = Vec::new();
        let of = |code: &str| diagnosis.findings.iter().position(|f| f.code() == code);
        // What was run for a finding that is gone by now stands first: it says why.
        stops.extend((0..self.ran.len()).filter(|i| of(self.ran[*i].code).is_none()).map(Stop::Ran));
        for (at, finding) in diagnosis.findings.iter().enumerate() {
            stops.push(Stop::Finding(at));
            stops.extend((0..self.ran.len()).filter(|i| of(self.ran[*i].code) == Some(at)).map(Stop::Ran));
            let all = &finding.evidence;
            // Two rules may have quoted the same line.
            let again = |i: usize| all[..i].iter().any(|e| e.text == all[i].text && e.place == all[i].place);
            stops.extend((0..all.len()).filter(|i| !again(*i)).map(|i| Stop::Evidence(at, i)));
            if !finding.cause.is_empty() {
                stops.push(Stop::Cause(at));
            }
            if !finding.fix.is_empty() || !finding.remedies.is_empty() {
                stops.push(Stop::Fix(at));
            }
            if !finding.confirm.is_empty() || !finding.probes.is_empty() {
                stops.push(Stop::Confirm(at));
            }
            if !finding.info.reference.is_empty() {
                stops.push(Stop::Reference(at));
            }
        }
        stops.extend((0..diagnosis.passed.len()).map(Stop::Passed));
        stops.extend((0..diagnosis.missing.len()).map(Stop::Missing));
        stops
    }

    /// The chosen stop.
    pub fn stop(&self, diagnosis: &Diagnosis) -> Option<Stop> {
        let stops = self.stops(diagnosis);
        stops.get(self.at.min(stops.len().saturating_sub(1))).copied()
    }

    /// The finding that the cursor is in; the first one where it is in none.
    pub fn finding(&self, diagnosis: &Diagnosis) -> usize {
        match self.stop(diagnosis) {
            Some(
                Stop::Finding(at)
                | Stop::Evidence(at, _)
                | Stop::Cause(at)
                | Stop::Fix(at)
                | Stop::Confirm(at)
                | Stop::Reference(at),
            ) => at,
            Some(Stop::Ran(ran)) => self
                .ran
                .get(ran)
                .and_then(|ran| diagnosis.findings.iter().position(|f| f.code() == ran.code))
                .unwrap_or(0),
            _ => 0,
        }
    }

    /// Notes what a probe told, in the place of what the same one told before.
    pub fn note(&mut self, ran: Ran) {
        self.ran.retain(|r| r.code != ran.code || r.outcome.probe != ran.outcome.probe);
        self.ran.push(ran);
    }
}

impl State {
    /// True when the token that was asked for by itself was refused, and it is known why.
    pub fn token_is_diagnosed(&self) -> bool {
        self.token.failure.as_ref().is_some_and(|f| !f.diagnosis.findings.is_empty())
    }

    /// Whose diagnosis the tab shows.
    pub fn diagnosis_subject(&self) -> Option<Subject> {
        if self.token_is_diagnosed() && self.response.token_of.as_ref() == Some(&self.request.path) {
            return Some(Subject::Token);
        }
        self.view_shown()?;
        self.request.path.clone().map(Subject::Answer)
    }

    /// Whose findings count now: of the pane at hand, else of whatever was refused.
    pub fn refused_subject(&self) -> Option<Subject> {
        let token = self.token_is_diagnosed();
        if token && self.focus == PaneId::Token {
            return Some(Subject::Token);
        }
        match self.diagnosis_subject() {
            Some(subject) if self.is_diagnosed(&subject) => Some(subject),
            _ => token.then_some(Subject::Token),
        }
    }

    fn is_diagnosed(&self, subject: &Subject) -> bool {
        self.diagnosis_of(subject)
            .is_some_and(|(d, looked)| !d.findings.is_empty() || looked.replay.is_some())
    }

    /// A diagnosis and how it is looked at.
    pub fn diagnosis_of(&self, subject: &Subject) -> Option<(&Diagnosis, &Looked)> {
        match subject {
            Subject::Answer(path) => {
                let view = self.response.views.get(path)?;
                Some((&view.sent.diagnosis, &view.looked))
            }
            Subject::Token => Some((&self.token.failure.as_ref()?.diagnosis, &self.token.looked)),
        }
    }

    /// The same, to move in it.
    pub fn looked_mut(&mut self, subject: &Subject) -> Option<&mut Looked> {
        match subject {
            Subject::Answer(path) => Some(&mut self.response.views.get_mut(path)?.looked),
            Subject::Token => Some(&mut self.token.looked),
        }
    }

    /// The exchange that was explained.
    pub fn explained_exchange(&self, subject: &Subject) -> Option<&Arc<Exchange>> {
        match subject {
            Subject::Answer(path) => {
                let sent = &self.response.views.get(path)?.sent;
                sent.exchange.as_ref().or(sent.token_exchange.as_ref())
            }
            Subject::Token => self.token.failure.as_ref()?.exchange.as_ref(),
        }
    }

    /// True when the Diagnosis tab is what the response pane shows.
    pub fn in_diagnosis(&self) -> bool {
        self.response.tab == ResponseTab::Diagnosis && self.diagnosis_subject().is_some()
    }

    /// The finding that the keys `c` and `f` are for: the chosen one in the tab, else the first.
    pub fn finding_at_hand(&self) -> Option<(Subject, &Finding)> {
        let subject = self.refused_subject()?;
        let (diagnosis, looked) = self.diagnosis_of(&subject)?;
        let chosen = self.in_diagnosis() && self.diagnosis_subject().as_ref() == Some(&subject);
        let at = if chosen { looked.finding(diagnosis) } else { 0 };
        Some((subject, diagnosis.findings.get(at)?))
    }

    /// True when a key mends the finding at hand.
    pub fn fix_at_hand(&self) -> bool {
        self.finding_at_hand().is_some_and(|(_, finding)| !finding.remedies.is_empty())
    }

    /// True when there is something to run that makes sure of the finding at hand.
    pub fn probe_at_hand(&self) -> bool {
        self.finding_at_hand()
            .is_some_and(|(subject, finding)| finding.probes.iter().any(|p| subject.takes(*p)))
    }

    /// True when the tab shows before and after instead of the findings.
    pub fn is_comparing(&self) -> bool {
        let subject = self.diagnosis_subject().filter(|_| self.in_diagnosis());
        subject.and_then(|s| self.diagnosis_of(&s).map(|(_, looked)| looked.comparing)).unwrap_or(false)
    }

    /// What a request that is running was answered before, to be shown beside its next answer.
    pub fn keep_before(&mut self, path: &ItemPath, code: &'static str) {
        let sent = self.response.views.get(path).map(|v| (v.sent.clone(), v.looked.ran.clone()));
        self.response.before = sent.map(|(sent, ran)| Before { path: path.clone(), code, sent, ran });
    }
}

/// What was answered before a fix.
#[derive(Debug, Clone)]
pub struct Before {
    /// Whose.
    pub path: ItemPath,
    /// The finding that was mended.
    pub code: &'static str,
    /// What came.
    pub sent: Sent,
    /// What probes told of it.
    pub ran: Vec<Ran>,
}

/// What is done when a change of files is through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AfterFix {
    /// Whose finding it was for.
    pub subject: Subject,
    /// Which.
    pub code: &'static str,
    /// A new token is needed.
    pub renew: bool,
}
