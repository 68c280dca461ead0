//! Ids and secrets with something in them that does not belong there (row T-03).

use super::sent::{Piece, pieces};
use super::{client, is_oauth};
use crate::diagnose::evidence::{Evidence, Place};
use crate::diagnose::facts::Facts;
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::diagnose::probe::Remedy;

/// What is wrong with a value, in words that do not show it.
struct Stray {
    words: String,
    /// Taking it off the ends mends it.
    trim: bool,
    /// It proves by itself that the value is wrong.
    sure: bool,
}

/// T-03: stray characters, quotes, labels, variables that were not replaced.
pub(super) fn stray(facts: &Facts, found: &mut Findings) {
    if !is_oauth(facts) || !client::may_be_refused(facts) {
        return;
    }
    for piece in pieces(facts) {
        let Some(stray) = look(&piece.text) else { continue };
        let name = piece.name;
        let likelihood = if stray.sure { Likelihood::Certain } else { Likelihood::Likely };
        let mut finding = Finding::new("client.paste_error", likelihood)
            .summary(format!("{name} {}", stray.words))
            .fix(format!("take that off `{name}`, or copy it again from the client registration"))
            .evidence(evidence(facts, &piece, &stray.words))
            .evidence(facts.answer.is_some().then(|| Evidence::status(facts)))
            .weight(20);
        if stray.trim {
            finding = finding.remedy(Remedy::Trim { variable: name.to_owned() });
        }
        if name == "client_secret" {
            finding = finding.remedy(Remedy::SetSecret { variable: name.to_owned() });
        }
        found.add(finding);
    }
}

fn evidence(facts: &Facts, piece: &Piece<'_>, words: &str) -> Evidence {
    let place = match facts.request.field(piece.name) {
        Some(_) => Place::RequestBody,
        None => Place::RequestHeader("authorization".to_owned()),
    };
    let length = piece.text.chars().count();
    Evidence::at(place, format!("{} as sent ({length} characters) {words}", piece.name))
}

/// The first thing that does not belong into an id or a secret.
fn look(text: &str) -> Option<Stray> {
    if text.is_empty() {
        return None;
    }
    if let Some(name) = unresolved(text) {
        return Some(Stray {
            words: format!("is a variable that was not replaced ({name})"),
            trim: false,
            sure: true,
        });
    }
    let inner = text.trim_matches(is_stray);
    if inner.len() != text.len() {
        let front = text.chars().next().filter(|c| is_stray(*c));
        let (side, at) = match front {
            Some(c) => ("begins", c),
            None => ("ends", text.chars().next_back().unwrap_or(' ')),
        };
        return Some(Stray { words: format!("{side} with {}", point(at)), trim: true, sure: false });
    }
    if let Some(c) = text.chars().find(|c| is_stray(*c) && *c != ' ' || is_smart(*c)) {
        return Some(Stray { words: format!("holds {}", point(c)), trim: is_smart(c), sure: false });
    }
    let mut ends = (text.chars().next(), text.chars().next_back());
    if text.chars().count() < 3 {
        ends = (None, None);
    }
    if let (Some(a), Some(b)) = ends
        && (a == b && matches!(a, '"' | '\'' | '`') || (a, b) == ('<', '>'))
    {
        return Some(Stray {
            words: format!("is wrapped in {} … {}", point(a), point(b)),
            trim: true,
            sure: false,
        });
    }
    label(text).map(|label| Stray {
        words: format!("begins with its label, `{label}`"),
        trim: false,
        sure: false,
    })
}

/// The name of a variable that stands where its value should.
fn unresolved(text: &str) -> Option<&str> {
    let text = text.trim();
    let name = text
        .strip_prefix("{{")
        .and_then(|t| t.strip_suffix("}}"))
        .or_else(|| text.strip_prefix("${").and_then(|t| t.strip_suffix('}')))?;
    let plain = !name.is_empty() && name.len() <= 64;
    (plain && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.$: ".contains(c))).then_some(text)
}

/// White space, controls and characters without width.
fn is_stray(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' | '\u{00AD}' | '\u{202A}'..='\u{202E}')
}

/// Quotes that a word processor makes.
fn is_smart(c: char) -> bool {
    matches!(c, '\u{2018}'..='\u{201F}' | '\u{00AB}' | '\u{00BB}')
}

/// A character by its code point: `a line feed (U+000A)`.
fn point(c: char) -> String {
    let name = match c {
        ' ' => "a space",
        '\t' => "a tab",
        '\n' => "a line feed",
        '\r' => "a carriage return",
        '\u{A0}' => "a no-break space",
        '\u{200B}' => "a zero-width space",
        '\u{FEFF}' => "a byte order mark",
        '"' | '\'' | '`' => "a quote",
        c if is_smart(c) => "a typographic quote",
        _ => "a character",
    };
    format!("{name} (U+{:04X})", u32::from(c))
}

/// `Client Secret: …` copied along with the value.
fn label(text: &str) -> Option<&'static str> {
    const LABELS: &[&str] = &[
        "client secret",
        "client_secret",
        "clientsecret",
        "client id",
        "client_id",
        "clientid",
        "client identifier",
        "secret value",
    ];
    let lower = text.to_ascii_lowercase();
    LABELS
        .iter()
        .find(|label| {
            lower
                .strip_prefix(**label)
                .is_some_and(|rest| rest.starts_with([':', '=', ' ', '\t']) && rest.len() > 1)
        })
        .copied()
}
