//! The Diagnosis tab of pane 6: findings with their evidence, what was ruled out, and the exchange beside them where
//! there is room.

use super::{compare, evidence};
use crate::app::command::Command;
use crate::app::effect::Target;
use crate::app::event::Cx;
use crate::app::focus::PaneId;
use crate::app::pane::diagnosis::{Looked, Stop, Subject};
use crate::app::state::State;
use crate::app::view::HitTarget;
use crate::content::visible::visible;
use crate::diagnose::{Diagnosis, Evidence, Finding, Likelihood};
use crate::flow::probe::Verdict;
use crate::ui::canvas::Canvas;
use crate::ui::lit::lit_rows;
use crate::ui::overlay::wrap;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

/// From this width on the exchange stands beside the findings.
const WIDE: u16 = 104;
/// Where the words of a line begin.
const INDENT: usize = 13;

/// A row on screen.
struct Row {
    pieces: Vec<(String, Style)>,
    /// The stop it belongs to.
    stop: usize,
    /// The key it names, and in which column that stands.
    key: Option<(Command, usize)>,
}

/// The whole tab.
pub fn draw(canvas: &mut Canvas<'_>, state: &State, cx: &Cx, subject: &Subject, area: Rect) {
    let Some((diagnosis, looked)) = state.diagnosis_of(subject) else { return };
    if let Some(replay) = looked.replay.as_ref().filter(|_| looked.comparing) {
        compare::draw(canvas, replay, looked.top, area);
        return;
    }
    let focused = state.focus == PaneId::Response;
    let wide = area.width >= WIDE && !diagnosis.findings.is_empty();
    let left = if wide { area.width * 11 / 20 } else { area.width };
    let list = Rect { width: left, ..area };
    let room = usize::from(left) - usize::from(wide);
    let rows = rows(canvas, state, cx, subject, diagnosis, looked, room, wide);
    findings(canvas, diagnosis, looked, &rows, list, focused);
    if let (true, Some(exchange)) = (wide, state.explained_exchange(subject)) {
        let theme = canvas.theme;
        for y in area.y..area.bottom() {
            canvas.text(area.x + left, y, 1, theme.glyphs.side, theme.dim);
        }
        let side = Rect { x: area.x + left + 2, width: area.width - left - 2, ..area };
        let finding = diagnosis.findings.get(looked.finding(diagnosis));
        let chosen = match looked.stop(diagnosis) {
            Some(Stop::Evidence(_, at)) => Some(at),
            _ => None,
        };
        let pieces: &[Evidence] = finding.map_or(&[], |f| &f.evidence);
        evidence::draw(canvas, state, exchange, pieces, chosen, side);
    }
}

fn findings(
    canvas: &mut Canvas<'_>,
    diagnosis: &Diagnosis,
    looked: &Looked,
    rows: &[Row],
    area: Rect,
    focused: bool,
) {
    let theme = canvas.theme;
    let stops = looked.stops(diagnosis);
    let at = looked.at.min(stops.len().saturating_sub(1));
    let first = first_row(&stops, at, rows, usize::from(area.height));
    let mut seen = None;
    for (row, y) in rows.iter().skip(first).zip(area.y..area.bottom()) {
        let strip = Rect::new(area.x, y, area.width, 1);
        canvas.hit(strip, HitTarget::Row(PaneId::Response, row.stop));
        let pieces: Vec<(&str, Style)> = row.pieces.iter().map(|(t, s)| (t.as_str(), *s)).collect();
        canvas.pieces(area.x, y, area.width, &pieces);
        if let Some((command, column)) = row.key {
            let column = u16::try_from(column).unwrap_or(0);
            let words = Rect::new(area.x + column, y, area.width.saturating_sub(column), 1);
            canvas.hit(words, HitTarget::Finding(row.stop, command));
        }
        // Only the first row of a line, and of that the label: the words stay readable, the evidence highlighted.
        let label = row.pieces.first().map_or(0, |(text, _)| text.trim_end().width());
        if row.stop == at && label > 0 && seen != Some(at) {
            let style = if focused { theme.selected } else { theme.marked };
            canvas.paint(Rect { width: u16::try_from(label).unwrap_or(4).min(area.width), ..strip }, style);
            seen = Some(at);
        }
    }
}

/// The first row to draw: that of the group the cursor is in, further down where its line would not be in view.
fn first_row(stops: &[Stop], at: usize, rows: &[Row], height: usize) -> usize {
    let head = (0..=at)
        .rev()
        .find(|i| {
            matches!(stops.get(*i), Some(Stop::Finding(_) | Stop::Passed(0) | Stop::Missing(0))) || *i == 0
        })
        .unwrap_or(0);
    let top = rows.iter().position(|r| r.stop == head && !r.pieces.is_empty()).unwrap_or(0);
    let begin = rows.iter().position(|r| r.stop == at && !r.pieces.is_empty()).unwrap_or(0);
    let end = rows.iter().rposition(|r| r.stop == at && !r.pieces.is_empty()).unwrap_or(0) + 1;
    let top = top.max(end.saturating_sub(height)).min(begin);
    top.min(rows.len().saturating_sub(height))
}

#[allow(clippy::too_many_arguments, reason = "one list made from all of it")]
fn rows(
    canvas: &Canvas<'_>,
    state: &State,
    cx: &Cx,
    subject: &Subject,
    diagnosis: &Diagnosis,
    looked: &Looked,
    width: usize,
    wide: bool,
) -> Vec<Row> {
    let theme = canvas.theme;
    let mut rows: Vec<Row> = Vec::new();
    let chosen = looked.finding(diagnosis);
    if diagnosis.findings.is_empty() {
        let words = match diagnosis.status {
            Some(_) => "No finding: nothing in this exchange speaks of trouble with credentials or the way.",
            None => "No finding.",
        };
        rows.extend(wrap(words, width).into_iter().map(|row| plain(row, theme.plain, 0)));
        if looked.replay.is_some() {
            let key = state.keymap.label(Command::Compare);
            rows.push(Row {
                pieces: vec![(key, theme.key), (" shows before and after".into(), theme.plain)],
                stop: 0,
                key: Some((Command::Compare, 0)),
            });
        }
    }
    for (at, stop) in looked.stops(diagnosis).into_iter().enumerate() {
        match stop {
            Stop::Ran(ran) => {
                let Some(ran) = looked.ran.get(ran) else { continue };
                let style = match ran.outcome.verdict {
                    Verdict::Confirmed => theme.ok,
                    Verdict::RuledOut => theme.warn,
                    Verdict::Unclear => theme.plain,
                };
                let words = format!("{}: {}", ran.outcome.verdict.word(), visible(&ran.outcome.text));
                rows.extend(labelled(canvas, "probe", None, &words, width, at, style));
            }
            Stop::Finding(finding) => {
                let Some(finding) = diagnosis.findings.get(finding).map(|f| (finding, f)) else { continue };
                if !rows.is_empty() {
                    rows.push(Row { pieces: Vec::new(), stop: at, key: None });
                }
                rows.extend(head(canvas, finding.0, finding.1, width, at));
                rows.extend(running(canvas, state, cx, subject, finding.1, width, at));
            }
            Stop::Evidence(finding, piece) => {
                let Some(piece) = diagnosis.findings.get(finding).and_then(|f| f.evidence.get(piece)) else {
                    continue;
                };
                // Where the exchange stands beside them, that carries the highlight.
                let quote = if wide || finding != chosen { None } else { Some(piece.quote.as_str()) };
                rows.extend(quoted(canvas, piece, quote, width, at));
            }
            Stop::Cause(finding) => {
                let text = diagnosis.findings.get(finding).map_or("", |f| f.cause.as_str());
                rows.extend(labelled(canvas, "cause", None, text, width, at, theme.plain));
            }
            Stop::Fix(finding) => {
                let Some(finding) = diagnosis.findings.get(finding) else { continue };
                let named: Vec<String> = finding.remedies.iter().map(|r| r.text()).collect();
                rows.extend(keyed(canvas, state, "fix", Command::Fix, &named, &finding.fix, width, at));
            }
            Stop::Confirm(finding) => {
                let Some(finding) = diagnosis.findings.get(finding) else { continue };
                let named: Vec<String> = finding
                    .probes
                    .iter()
                    .filter(|p| subject.takes(**p))
                    .map(|p| p.text().to_owned())
                    .collect();
                let words = &finding.confirm;
                rows.extend(keyed(canvas, state, "confirm", Command::Confirm, &named, words, width, at));
            }
            Stop::Reference(finding) => {
                let text = diagnosis.findings.get(finding).map_or("", |f| f.info.reference);
                rows.extend(labelled(canvas, "see", None, text, width, at, theme.dim));
            }
            Stop::Passed(passed) => {
                let Some(passed) = diagnosis.passed.get(passed).map(|p| (passed, p)) else { continue };
                if passed.0 == 0 {
                    rows.push(Row { pieces: Vec::new(), stop: at, key: None });
                    rows.push(plain("Ruled out".into(), theme.title, at));
                }
                let name = format!("  {}", passed.1.name);
                let text = visible(&passed.1.text);
                for (line, text) in wrap(&text, width.saturating_sub(INDENT + 3)).into_iter().enumerate() {
                    let start = if line == 0 {
                        vec![("  ok ".to_owned(), theme.ok), (format!("{:<11}", &name[1..]), theme.accent)]
                    } else {
                        vec![(" ".repeat(16), theme.plain)]
                    };
                    let pieces = start.into_iter().chain([(text, theme.plain)]).collect();
                    rows.push(Row { pieces, stop: at, key: None });
                }
            }
            Stop::Missing(missing) => {
                if missing == 0 {
                    rows.push(Row { pieces: Vec::new(), stop: at, key: None });
                    rows.push(plain("Could not be looked at".into(), theme.title, at));
                }
                let text = diagnosis.missing.get(missing).map_or("", String::as_str);
                for (line, text) in wrap(&visible(text), width.saturating_sub(4)).into_iter().enumerate() {
                    let start = if line == 0 { "  - " } else { "    " };
                    rows.push(Row {
                        pieces: vec![(start.into(), theme.dim), (text, theme.plain)],
                        stop: at,
                        key: None,
                    });
                }
            }
        }
    }
    rows
}

fn plain(text: String, style: Style, stop: usize) -> Row {
    Row { pieces: vec![(text, style)], stop, key: None }
}

/// `1 token.expired  certain  the token expired 3 min ago`; the sentence below where it does not fit.
fn head(canvas: &Canvas<'_>, at: usize, finding: &Finding, width: usize, stop: usize) -> Vec<Row> {
    let theme = canvas.theme;
    let style = match finding.likelihood {
        Likelihood::Certain => theme.error,
        Likelihood::Likely => theme.warn,
        Likelihood::Possible => theme.plain,
    };
    let code = format!("{} {}", at + 1, finding.code());
    let word = format!("  {:<8}  ", finding.likelihood.word());
    let summary = visible(&finding.summary).into_owned();
    let used = code.width() + word.width();
    let mut pieces = vec![(code, theme.title), (word, style)];
    if used + summary.width() <= width {
        pieces.push((summary, theme.title));
        return vec![Row { pieces, stop, key: None }];
    }
    let mut rows = vec![Row { pieces, stop, key: None }];
    rows.extend(wrap(&summary, width.saturating_sub(2)).into_iter().map(|row| Row {
        pieces: vec![("  ".into(), theme.plain), (row, theme.title)],
        stop,
        key: None,
    }));
    rows
}

/// The probe that runs for a finding, and how to stop it.
fn running(
    canvas: &Canvas<'_>,
    state: &State,
    cx: &Cx,
    subject: &Subject,
    finding: &Finding,
    width: usize,
    stop: usize,
) -> Vec<Row> {
    let theme = canvas.theme;
    let job = state.jobs.visible().find(
        |j| matches!(&j.target, Target::Probe(of, code, _) if of == subject && *code == finding.code()),
    );
    let Some((job, Target::Probe(_, _, probe))) = job.map(|j| (j, &j.target)) else { return Vec::new() };
    let waited = cx.now.saturating_duration_since(job.started).as_secs_f64();
    let key = state.keymap.label(Command::Cancel);
    let what = if job.cancelling { "cancelling" } else { probe.text() };
    let text = format!("{what} … {waited:.1} s   {key} cancels");
    labelled(canvas, "running", None, &text, width, stop, theme.warn)
}

/// `  cause      words`, the words in rows of their own.
fn labelled(
    canvas: &Canvas<'_>,
    label: &str,
    key: Option<&str>,
    text: &str,
    width: usize,
    stop: usize,
    style: Style,
) -> Vec<Row> {
    let theme = canvas.theme;
    let text = visible(text);
    let mut rows = Vec::new();
    for (line, text) in wrap(&text, width.saturating_sub(INDENT)).into_iter().enumerate() {
        let pieces = if line == 0 {
            let key = (format!("{:<2}", key.unwrap_or_default()), theme.key);
            vec![(format!("  {label:<9}"), theme.accent), key, (text, style)]
        } else {
            vec![(" ".repeat(INDENT), theme.plain), (text, style)]
        };
        rows.push(Row { pieces, stop, key: None });
    }
    rows
}

/// What a key does, then the words of the finding.
#[allow(clippy::too_many_arguments, reason = "one line made from all of it")]
fn keyed(
    canvas: &Canvas<'_>,
    state: &State,
    label: &str,
    command: Command,
    named: &[String],
    words: &str,
    width: usize,
    stop: usize,
) -> Vec<Row> {
    let theme = canvas.theme;
    let key = state.keymap.label(command);
    let Some(first) = named.first() else {
        return labelled(canvas, label, None, words, width, stop, theme.plain);
    };
    let text = match named.len() {
        1 => first.clone(),
        n => format!("{first}; {} more: {key} asks which", n - 1),
    };
    let mut rows = labelled(canvas, label, Some(&key), &text, width, stop, theme.title);
    for row in &mut rows {
        row.key = Some((command, INDENT - 2));
    }
    // What the key says already is not said again.
    let plain = |text: &str| text.trim_end_matches('.').to_lowercase();
    let words = if plain(words) == plain(first) { "" } else { words };
    let more = wrap(&visible(words), width.saturating_sub(INDENT));
    rows.extend(more.into_iter().map(|text| Row {
        pieces: vec![(" ".repeat(INDENT), theme.plain), (text, theme.plain)],
        stop,
        key: None,
    }));
    rows
}

/// A piece of evidence; the quoted text highlighted where that is wanted here.
fn quoted(canvas: &Canvas<'_>, piece: &Evidence, quote: Option<&str>, width: usize, stop: usize) -> Vec<Row> {
    let theme = canvas.theme;
    let text = visible(&piece.text);
    let room = width.saturating_sub(INDENT);
    let lines = match quote {
        Some(quote) => lit_rows(&text, &visible(quote), room, theme.plain, theme.found),
        None => wrap(&text, room).into_iter().map(|line| vec![(line, theme.plain)]).collect(),
    };
    let mut rows = Vec::new();
    for (line, pieces) in lines.into_iter().enumerate() {
        let start = if line == 0 {
            vec![("  evidence ".to_owned(), theme.accent), ("  ".to_owned(), theme.plain)]
        } else {
            vec![(" ".repeat(INDENT), theme.plain)]
        };
        rows.push(Row { pieces: start.into_iter().chain(pieces).collect(), stop, key: None });
    }
    rows
}
