//! The table as a whole: that codes, rules, sayings and rows fit together. What each rule finds is tested beside it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it needs")]

use super::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The rows of the method, layer by layer: the letter and how many there are.
const METHOD: [(&str, usize); 7] =
    [("N", 10), ("F", 10), ("T", 29), ("H", 16), ("J", 18), ("R", 17), ("P", 20)];

/// Rows that no rule, saying or code stands for, and why.
const CONTEXT: [(&str, &str); 7] = [
    ("F-10", "CORS is only in browsers: a preflight is left alone, and a call of ours has no origin"),
    ("T-29", "what works elsewhere is seen by comparing two exchanges, not in one"),
    (
        "J-18",
        "a token that was accepted elsewhere takes blame off the token: `was_accepted` of the token's rules",
    ),
    ("P-14", "what has to be regenerated after an import is named in the cause of `token.rejected` on Pega"),
    ("P-16", "Pega as a client: what its connectors miss is named in the cause of `token.rejected` on Pega"),
    ("P-17", "Pega as a client: its calls do not pass here"),
    ("P-19", "PKCE is told apart within `grant.code`"),
];

/// Files of rules, without their tests.
fn rule_files() -> Vec<PathBuf> {
    fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                walk(&path, out);
            } else if !name.ends_with("tests") && name != "codes" && !path.ends_with("resource/case.rs") {
                out.push(path);
            }
        }
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join(file!());
    let mut out = Vec::new();
    walk(&here.parent().unwrap().join("rules"), &mut out);
    out
}

#[test]
fn codes_are_unique_and_speak_of_their_layer() {
    let mut names: Vec<_> = all_codes().map(|info| info.code).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
    for info in all_codes() {
        for text in [info.title, info.cause, info.signs, info.confirm, info.fix, info.reference] {
            assert!(!text.is_empty(), "{}", info.code);
        }
        assert!((1..=5).contains(&info.effort), "{}", info.code);
    }
}

#[test]
fn every_code_can_be_found_by_a_rule_or_a_saying() {
    // Where a file holds its own table of codes, what stands before `RULES` is the table.
    let source: Vec<String> = rule_files()
        .iter()
        .map(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            let table = text.find("static CODES").zip(text.find("static RULES"));
            match table {
                Some((from, to)) if from < to => format!("{}{}", &text[..from], &text[to..]),
                _ => text,
            }
        })
        .collect();
    let said: BTreeSet<&str> = dialect::named().map(|(code, _)| code).collect();
    for info in all_codes() {
        let quoted = format!("\"{}\"", info.code);
        let found = said.contains(info.code) || source.iter().any(|text| text.contains(&quoted));
        assert!(found, "nothing leads to {}", info.code);
    }
}

#[test]
fn every_saying_leads_to_a_code_and_a_row_of_the_method() {
    let rows = method();
    for (name, row) in dialect::named() {
        assert!(code(name).is_some(), "`{name}` is no code");
        assert!(rows.contains(row), "{name}: `{row}` is no row");
    }
}

fn method() -> BTreeSet<String> {
    METHOD
        .iter()
        .flat_map(|(letter, count)| (1..=*count).map(move |at| format!("{letter}-{at:02}")))
        .collect()
}

#[test]
fn every_row_of_the_method_has_a_rule_or_a_reason_to_have_none() {
    let ruled = rules::all().map(|rule| rule.row);
    let said = dialect::named().map(|(_, row)| row);
    let stood_for = all_codes().flat_map(|info| info.rows.iter().copied());
    let covered: BTreeSet<&str> = ruled.chain(said).chain(stood_for).collect();
    for row in method() {
        let context = CONTEXT.iter().any(|(name, _)| *name == row);
        assert_ne!(covered.contains(row.as_str()), context, "{row}: a rule, or a reason to have none");
    }
    for row in &covered {
        assert!(method().contains(*row), "`{row}` is no row of the method");
    }
}
