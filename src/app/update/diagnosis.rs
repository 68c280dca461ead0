//! `d`: why it was refused. Moving in the findings, going to where the evidence stands, copying them.

use super::{flow, response};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::event::Cx;
use crate::app::focus::PaneId;
use crate::app::overlay::{Overlay, TextView};
use crate::app::pane::diagnosis::{Looked, Stop, Subject};
use crate::app::pane::response::ResponseTab;
use crate::app::state::State;
use crate::content::visible::visible;
use crate::diagnose::{Diagnosis, Evidence, Place};
use crate::model::secret::Secret;

/// `d`: all findings. In them: the other diagnosis, where there are two.
pub fn open(state: &mut State, cx: &Cx) {
    let here = state.in_diagnosis() && state.focus == PaneId::Response;
    let shown = state.diagnosis_subject();
    let answered = state.view_shown().is_some();
    let subject = match (here, shown) {
        (true, Some(Subject::Token)) if answered => Subject::Answer(path_shown(state)),
        (true, Some(Subject::Answer(_))) if state.token_is_diagnosed() && !is_same(state) => Subject::Token,
        (true, Some(subject)) => subject,
        _ => match state.refused_subject() {
            Some(subject) => subject,
            None if answered => Subject::Answer(path_shown(state)),
            None => {
                super::hint(state, "nothing was sent yet; s sends the request", cx);
                return;
            }
        },
    };
    state.response.token_of = (subject == Subject::Token).then(|| state.request.path.clone());
    state.response.tab = ResponseTab::Diagnosis;
    state.jwt.lit = None;
    if let Some(looked) = state.looked_mut(&subject) {
        looked.lit = None;
    }
    state.focus_on(PaneId::Response);
}

fn path_shown(state: &State) -> crate::model::id::ItemPath {
    state.request.path.clone().unwrap_or_default()
}

/// True when answer and token failed by the same exchange.
fn is_same(state: &State) -> bool {
    let of_answer = state.view_shown().map(|v| &v.sent.diagnosis);
    of_answer == state.token.failure.as_ref().map(|f| &f.diagnosis)
}

/// The subject, diagnosis and look of the tab.
fn shown(state: &State) -> Option<(Subject, &Diagnosis, &Looked)> {
    let subject = state.diagnosis_subject()?;
    let (diagnosis, looked) = state.diagnosis_of(&subject)?;
    Some((subject, diagnosis, looked))
}

/// j, k and their like: by lines; a page is a finding.
pub fn step(state: &mut State, by: isize) {
    let Some((subject, diagnosis, looked)) = shown(state) else { return };
    let stops = looked.stops(diagnosis);
    if looked.comparing {
        let last = looked.replay.as_ref().map_or(0, |r| r.rows.len().saturating_sub(1));
        let top = looked.top.saturating_add_signed(by).min(last);
        if let Some(looked) = state.looked_mut(&subject) {
            looked.top = top;
        }
        return;
    }
    let at = looked.at.min(stops.len().saturating_sub(1));
    let to = if by.unsigned_abs() > 1 && by.unsigned_abs() < 1_000_000 {
        by_finding(&stops, at, by > 0)
    } else {
        at.saturating_add_signed(by).min(stops.len().saturating_sub(1))
    };
    if let Some(looked) = state.looked_mut(&subject) {
        looked.at = to;
    }
}

/// h and l: the finding before and the next; behind the last one what was ruled out.
pub fn sideways(state: &mut State, right: bool) {
    let Some((subject, diagnosis, looked)) = shown(state) else { return };
    let stops = looked.stops(diagnosis);
    let to = by_finding(&stops, looked.at.min(stops.len().saturating_sub(1)), right);
    if let Some(looked) = state.looked_mut(&subject).filter(|l| !l.comparing) {
        looked.at = to;
    }
}

/// Where a group of lines begins.
fn is_head(stops: &[Stop], at: usize) -> bool {
    match stops.get(at) {
        Some(Stop::Finding(_) | Stop::Passed(0) | Stop::Missing(0)) => true,
        _ => at == 0,
    }
}

fn by_finding(stops: &[Stop], at: usize, down: bool) -> usize {
    let heads = (0..stops.len()).filter(|i| is_head(stops, *i));
    if down {
        heads.into_iter().find(|i| *i > at).unwrap_or(stops.len().saturating_sub(1))
    } else {
        heads.into_iter().take_while(|i| *i < at).last().unwrap_or(0)
    }
}

/// A click on a line: selects it, and opens it where it was selected already.
pub fn click(state: &mut State, row: usize, again: bool, cx: &Cx, fx: &mut Vec<Effect>) {
    let Some((subject, ..)) = shown(state) else { return };
    let Some(looked) = state.looked_mut(&subject) else { return };
    let was = std::mem::replace(&mut looked.at, row);
    if again && was == row {
        enter(state, cx, fx);
    }
}

/// A click on a key that stands beside a line.
pub fn click_key(state: &mut State, row: usize, command: Command, cx: &Cx, fx: &mut Vec<Effect>) {
    state.focus_on(PaneId::Response);
    click(state, row, false, cx, fx);
    super::command::run(state, command, cx, fx);
}

/// Enter: to where the evidence stands; the key of a fix or a probe; what a probe sent.
pub fn enter(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    let Some((subject, diagnosis, looked)) = shown(state) else { return };
    if looked.comparing {
        return;
    }
    match looked.stop(diagnosis) {
        Some(Stop::Evidence(finding, at)) => {
            let piece = diagnosis.findings.get(finding).and_then(|f| f.evidence.get(at)).cloned();
            if let Some(piece) = piece {
                go(state, &subject, piece, cx, fx);
            }
        }
        Some(Stop::Finding(at)) => {
            let piece = diagnosis.findings.get(at).and_then(|f| f.evidence.first()).cloned();
            match piece {
                Some(piece) => go(state, &subject, piece, cx, fx),
                None => super::hint(state, "this finding quotes nothing; c makes sure of it", cx),
            }
        }
        Some(Stop::Ran(at)) => {
            let exchanges = looked.ran.get(at).map(|r| r.outcome.exchanges.clone()).unwrap_or_default();
            if exchanges.is_empty() {
                super::hint(state, "nothing was sent for it", cx);
                return;
            }
            let mut lines = Vec::new();
            for exchange in &exchanges {
                if !lines.is_empty() {
                    lines.push(String::new());
                }
                lines.extend(response::wire_lines(state, exchange));
            }
            state.overlays.push(Overlay::Text(TextView::new("What the probe sent, secrets masked", lines)));
        }
        _ => super::hint(state, "Enter on a line of evidence goes to where it stands", cx),
    }
}

/// Goes to where evidence stands and highlights it there.
fn go(state: &mut State, subject: &Subject, piece: Evidence, cx: &Cx, fx: &mut Vec<Effect>) {
    match &piece.place {
        Place::Claim(name) | Place::JoseHeader(name) => return go_to_token(state, subject, name, cx, fx),
        Place::Profile => {
            state.focus_on(PaneId::Token);
            super::hint(state, "E edits the profile", cx);
            return;
        }
        Place::History => return super::past::history(state, cx, fx),
        _ => {}
    }
    let own = match subject {
        Subject::Answer(path) => state.response.views.get(path).is_some_and(|v| v.sent.exchange.is_some()),
        Subject::Token => false,
    };
    if !own {
        return go_on_the_wire(state, subject, &piece);
    }
    let tab = match &piece.place {
        Place::Url | Place::RequestHeader(_) | Place::RequestBody => ResponseTab::Sent,
        Place::Status | Place::ResponseHeader(_) => ResponseTab::Headers,
        Place::ResponseBody => ResponseTab::Body,
        Place::Redirect(_) => ResponseTab::Redirects,
        Place::Tls => ResponseTab::Tls,
        _ => ResponseTab::Timing,
    };
    let tab = in_answer(state, &piece, tab);
    state.response.tab = tab;
    if let Some(looked) = state.looked_mut(subject) {
        looked.lit = Some(piece);
    }
    super::hint(state, "Esc goes back to the findings", cx);
}

/// Moves the cursor of the tab to the evidence. Gives the tab where it could be found.
fn in_answer(state: &mut State, piece: &Evidence, tab: ResponseTab) -> ResponseTab {
    let sent_lines = state
        .view_shown()
        .and_then(|v| v.sent.exchange.clone())
        .filter(|_| tab == ResponseTab::Sent)
        .map(|exchange| sent_row(state, &exchange, piece));
    let Some(view) = state.view_shown_mut() else { return tab };
    match (&piece.place, tab) {
        (Place::ResponseHeader(name), _) => {
            let headers = view.sent.exchange.as_ref().and_then(|e| e.response.as_ref()).map(|r| &r.headers);
            let at = headers.and_then(|h| {
                let named = |at: &usize| h[*at].name.eq_ignore_ascii_case(name);
                let holds = |at: &usize| piece.quote.is_empty() || h[*at].value.contains(&piece.quote);
                let all: Vec<usize> = (0..h.len()).filter(named).collect();
                all.iter().copied().find(holds).or_else(|| all.first().copied())
            });
            view.cursor(ResponseTab::Headers).at = at.unwrap_or(0);
            tab
        }
        (Place::ResponseBody, _) => {
            view.filter = None;
            if piece.quote.is_empty() || view.search_for(&piece.quote, ResponseTab::Body) {
                return ResponseTab::Body;
            }
            // What spans several rows of a tree stands in one line of the text.
            view.search_for(&piece.quote, ResponseTab::Raw);
            ResponseTab::Raw
        }
        (Place::Redirect(hop), _) => {
            view.cursor(ResponseTab::Redirects).at = hop.saturating_mul(2);
            tab
        }
        _ => {
            view.cursor(tab).at = sent_lines.unwrap_or(0).saturating_sub(2);
            tab
        }
    }
}

/// The line of the Sent tab that holds a piece of evidence.
fn sent_row(state: &State, exchange: &crate::model::exchange::Exchange, piece: &Evidence) -> usize {
    let lines = response::wire_lines(state, exchange);
    let hops = exchange.redirects.len();
    wire_row(&lines, piece).map_or(0, |at| at.saturating_sub(hops))
}

/// The line of an exchange as it went over the wire that holds a piece of evidence.
fn wire_row(lines: &[String], piece: &Evidence) -> Option<usize> {
    let header = |sign: &str, name: &str| {
        let start = format!("{sign} {name}:");
        let all: Vec<usize> = (0..lines.len())
            .filter(|i| lines[*i].get(..start.len()).is_some_and(|l| l.eq_ignore_ascii_case(&start)))
            .collect();
        let quoted =
            all.iter().copied().find(|i| !piece.quote.is_empty() && lines[*i].contains(&piece.quote));
        quoted.or_else(|| all.first().copied())
    };
    let status = lines.iter().position(|l| l.starts_with("< "));
    match &piece.place {
        Place::RequestHeader(name) => header(">", name),
        Place::ResponseHeader(name) => header("<", name),
        Place::Url => lines.iter().rposition(|l| l.starts_with("> ") && l.contains("://")),
        Place::Redirect(hop) => Some(*hop),
        Place::RequestBody => lines.iter().position(|l| !l.starts_with("> ")).map(|at| at + 1),
        Place::ResponseBody => {
            let from = status.unwrap_or(0);
            let shown = visible(&piece.quote).into_owned();
            let quoted = lines.iter().skip(from).position(|l| !shown.is_empty() && l.contains(&shown));
            quoted.map(|at| at + from).or(status)
        }
        _ => status,
    }
}

/// The token's exchange has no tabs: it is shown as it went over the wire.
fn go_on_the_wire(state: &mut State, subject: &Subject, piece: &Evidence) {
    let Some(exchange) = state.explained_exchange(subject).cloned() else { return };
    let lines = response::wire_lines(state, &exchange);
    let row = wire_row(&lines, piece);
    let mut text = TextView::new("On the wire, secrets masked", lines);
    text.lit = row.map(|row| (row, visible(&piece.quote).into_owned()));
    text.top = row.unwrap_or(0).saturating_sub(3);
    state.overlays.push(Overlay::Text(text));
}

fn go_to_token(state: &mut State, subject: &Subject, name: &str, cx: &Cx, fx: &mut Vec<Effect>) {
    let sent = match subject {
        Subject::Answer(path) => state.response.views.get(path).and_then(|v| v.sent.token.as_ref()),
        Subject::Token => None,
    };
    let key = sent.map(|t| t.key.clone());
    if let Some(at) = key.and_then(|key| state.token.tokens.iter().position(|t| t.key == key)) {
        state.token.at = at;
        flow::show_token(state, cx, fx);
    }
    state.jwt.lit = Some(name.to_owned());
    state.jwt.top = 0;
    state.focus_on(PaneId::Jwt);
    super::hint(state, "Esc goes back to the findings", cx);
}

/// Esc where evidence is highlighted: back to the findings. False: there was none.
pub fn back(state: &mut State) -> bool {
    if state.jwt.lit.take().is_some() && state.focus == PaneId::Jwt {
        state.response.tab = ResponseTab::Diagnosis;
        state.focus_on(PaneId::Response);
        return true;
    }
    let Some(subject) = state.diagnosis_subject() else { return false };
    let lit = state.looked_mut(&subject).and_then(|l| l.lit.take()).is_some();
    if lit && state.focus == PaneId::Response {
        if let Some(view) = state.view_shown_mut() {
            view.search = None;
        }
        state.response.tab = ResponseTab::Diagnosis;
        return true;
    }
    let here = state.response.tab == ResponseTab::Diagnosis && state.focus == PaneId::Response;
    match state.looked_mut(&subject).filter(|l| l.comparing && here) {
        Some(looked) => {
            looked.comparing = false;
            true
        }
        None => false,
    }
}

/// `=` in the tab: before and after, or the findings. False: there is nothing to compare.
pub fn toggle_compare(state: &mut State) -> bool {
    if !state.in_diagnosis() || state.focus != PaneId::Response {
        return false;
    }
    let Some(subject) = state.diagnosis_subject() else { return false };
    match state.looked_mut(&subject).filter(|l| l.replay.is_some()) {
        Some(looked) => {
            looked.comparing = !looked.comparing;
            looked.top = 0;
            true
        }
        None => false,
    }
}

/// The findings as Markdown, for a ticket; secrets masked. `None`: there are none.
pub fn markdown(state: &State) -> Option<String> {
    let subject = state.diagnosis_subject()?;
    let (diagnosis, _) = state.diagnosis_of(&subject)?;
    if diagnosis.findings.is_empty() {
        return None;
    }
    let exchange = state.explained_exchange(&subject).map(|e| e.as_ref());
    Some(crate::report::markdown(diagnosis, exchange, &state.redactor))
}

/// `y` in the tab. False: there is nothing of it to copy.
pub fn copy(state: &State, fx: &mut Vec<Effect>) -> bool {
    if !state.in_diagnosis() || state.focus != PaneId::Response {
        return false;
    }
    let Some(text) = markdown(state) else { return false };
    fx.push(Effect::Copy {
        what: "diagnosis as Markdown, secrets masked".to_owned(),
        text: Secret::new(text),
    });
    true
}

/// A refusal in one line with the keys that help, for the message row.
pub fn sentence(state: &State, diagnosis: &Diagnosis) -> Option<String> {
    let finding = diagnosis.first()?;
    Some(format!("{}   {}", visible(&finding.summary), keys(state, diagnosis)?))
}

/// The commands that matter in the tab: only what does something to the finding at hand.
pub fn hints(state: &State, hints: &mut Vec<Command>) {
    let subject = state.diagnosis_subject();
    let looked = subject.as_ref().and_then(|s| state.diagnosis_of(s)).map(|(_, looked)| looked);
    let found = state.finding_at_hand().is_some();
    let comparing = state.is_comparing();
    if state.fix_at_hand() && !comparing {
        hints.push(Command::Fix);
    }
    if state.probe_at_hand() && !comparing {
        hints.push(Command::Confirm);
    }
    if found {
        hints.push(Command::CopyMenu);
    }
    if looked.is_some_and(|l| l.replay.is_some()) {
        hints.push(Command::Compare);
    }
    if found && !comparing {
        hints.push(Command::Open);
    }
    hints.extend([Command::Send, Command::NextTab]);
}

/// `d findings   f get a new token`: the keys that help with a refusal.
pub fn keys(state: &State, diagnosis: &Diagnosis) -> Option<String> {
    let fix = diagnosis.first()?.remedies.first();
    let fix = fix.map(|r| format!("   {} {}", state.keymap.label(Command::Fix), visible(&r.text())));
    let key = state.keymap.label(Command::Diagnosis);
    Some(format!("{key} findings{}", fix.unwrap_or_default()))
}
