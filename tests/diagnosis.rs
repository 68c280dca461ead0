//! The labelled corpus: recorded exchanges whose reason is known, and what the diagnosis says of them.
//!
//! `cargo test --test diagnosis -- --nocapture` prints the table. How to add an exchange: `tests/diagnosis/README.md`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it needs")]
#![allow(clippy::print_stdout, reason = "the table is what the test is run for")]

#[path = "diagnosis/label.rs"]
mod label;

use hallpass::diagnose::{Diagnosis, Facts, Likelihood, Recorded, Recording, all_codes, code, diagnose};
use hallpass::import::har;
use hallpass::model::exchange::{Exchange, Header};
use label::Label;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// All of it, read and diagnosed once.
static CORPUS: LazyLock<Vec<Case>> = LazyLock::new(corpus);

/// One labelled exchange and what was found.
struct Case {
    file: String,
    entry: usize,
    label: Label,
    exchange: Exchange,
    diagnosis: Diagnosis,
}

/// How a finding agrees with its label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Hit,
    InList,
    Miss,
    WrongCertain,
    FalseAlarm,
    Quiet,
}

impl Verdict {
    fn words(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::InList => "in list",
            Self::Miss => "MISS",
            Self::WrongCertain => "WRONG CERTAIN",
            Self::FalseAlarm => "FALSE ALARM",
            Self::Quiet => "quiet",
        }
    }
}

impl Case {
    fn is_right(&self, found: &str) -> bool {
        found == self.label.expect || self.label.or.iter().any(|c| c == found)
    }

    /// A certain finding that the label does not know.
    fn wrong_certain(&self) -> Option<&'static str> {
        let certain = self.diagnosis.findings.iter().filter(|f| f.likelihood == Likelihood::Certain);
        certain.map(|f| f.code()).find(|c| !self.is_right(c) && !self.label.also.iter().any(|a| a == c))
    }

    fn verdict(&self) -> Verdict {
        let found = &self.diagnosis.findings;
        if self.label.healthy {
            return if found.is_empty() { Verdict::Quiet } else { Verdict::FalseAlarm };
        }
        if self.wrong_certain().is_some() {
            return Verdict::WrongCertain;
        }
        match found.iter().position(|f| self.is_right(f.code())) {
            Some(0) => Verdict::Hit,
            Some(_) => Verdict::InList,
            None => Verdict::Miss,
        }
    }

    fn line(&self) -> String {
        let found: Vec<String> = self
            .diagnosis
            .findings
            .iter()
            .map(|f| format!("{} ({})", f.code(), f.likelihood.word()))
            .collect();
        let expected = if self.label.healthy { "(healthy)" } else { self.label.expect.as_str() };
        format!(
            "{:<20} {:>3}  {:<28} {:<14} {}",
            self.file,
            self.entry,
            expected,
            self.verdict().words(),
            found.join(", ")
        )
    }
}

fn corpus() -> Vec<Case> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/diagnosis/corpus");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "har"));
    files.sort();
    files.iter().flat_map(|file| read(file)).collect()
}

fn read(path: &Path) -> Vec<Case> {
    let file = path.file_stem().unwrap().to_string_lossy().into_owned();
    let log = har::read(&std::fs::read(path).unwrap()).unwrap_or_else(|e| panic!("{file}: {e:?}"));
    assert_eq!(log.notes, Vec::<String>::new(), "{file}");
    let labelled = log.entries.iter().filter(|e| e.label.is_some()).count();
    let recording = Recording::new(log);
    let mut out = Vec::new();
    for (at, recorded) in recording.exchanges().iter().enumerate() {
        let Some(label) = &recorded.label else { continue };
        let label: Label = serde_json::from_value(label.clone())
            .unwrap_or_else(|e| panic!("{file}, entry {}: its label: {e}", recorded.entry()));
        out.push(case(&file, &recording, at, recorded, label));
    }
    assert_eq!(out.len(), labelled, "{file}: a label stands on the last entry of a chain of redirects");
    out
}

fn case(file: &str, recording: &Recording, at: usize, recorded: &Recorded, label: Label) -> Case {
    let mut context = recording.context(at);
    label.context.add_to(&mut context, &recorded.exchange);
    Case {
        file: file.to_owned(),
        entry: recorded.entry(),
        diagnosis: diagnose(&Facts::of(&recorded.exchange, context)),
        label,
        exchange: recorded.exchange.clone(),
    }
}

/// What the promises are measured by.
#[derive(Default)]
struct Sums {
    exchanges: usize,
    troubled: usize,
    first: usize,
    in_list: usize,
    wrong_certain: usize,
    healthy: usize,
    false_alarms: usize,
    certain: usize,
    likely: usize,
    possible: usize,
    without_exchange: Vec<&'static str>,
}

impl Sums {
    fn of(cases: &[Case]) -> Sums {
        let mut sums = Sums { exchanges: cases.len(), ..Sums::default() };
        for case in cases {
            match case.verdict() {
                Verdict::Quiet => sums.healthy += 1,
                Verdict::FalseAlarm => {
                    sums.healthy += 1;
                    sums.false_alarms += 1;
                }
                _ => {
                    let place = case.diagnosis.findings.iter().position(|f| case.is_right(f.code()));
                    sums.troubled += 1;
                    sums.first += usize::from(place == Some(0));
                    sums.in_list += usize::from(place.is_some());
                    sums.wrong_certain += usize::from(case.wrong_certain().is_some());
                }
            }
            match case.diagnosis.first().map(|f| f.likelihood) {
                Some(Likelihood::Certain) => sums.certain += 1,
                Some(Likelihood::Likely) => sums.likely += 1,
                Some(Likelihood::Possible) => sums.possible += 1,
                None => {}
            }
        }
        let expected: BTreeSet<&str> = cases.iter().map(|c| c.label.expect.as_str()).collect();
        sums.without_exchange = all_codes().map(|i| i.code).filter(|c| !expected.contains(c)).collect();
        sums
    }

    fn words(&self) -> String {
        let share = |n: usize| 100.0 * n as f64 / self.troubled.max(1) as f64;
        format!(
            "{} exchanges: {} in trouble, {} healthy\n\
             right code first   {:>4} ({:.1} %)\n\
             right code in list {:>4} ({:.1} %)\n\
             wrong certain      {:>4}\n\
             false alarms       {:>4}\n\
             first finding      {} certain, {} likely, {} possible\n\
             codes without one  {:?}\n",
            self.exchanges,
            self.troubled,
            self.healthy,
            self.first,
            share(self.first),
            self.in_list,
            share(self.in_list),
            self.wrong_certain,
            self.false_alarms,
            self.certain,
            self.likely,
            self.possible,
            self.without_exchange,
        )
    }
}

#[test]
fn the_right_code_comes_first_and_a_healthy_exchange_gives_nothing() {
    let cases = &*CORPUS;
    let sums = Sums::of(cases);
    let mut table = String::new();
    for case in cases {
        writeln!(table, "{}", case.line()).unwrap();
    }
    let table = format!("{table}\n{}", sums.words());
    println!("{table}");
    let amiss: Vec<String> = cases
        .iter()
        .filter(|c| !matches!(c.verdict(), Verdict::Hit | Verdict::Quiet))
        .map(|c| format!("{}\n    {}", c.line(), c.label.note))
        .collect();
    let told = format!("{}\n\n{}", amiss.join("\n"), sums.words());
    assert!(sums.exchanges >= 150 && sums.healthy >= 30, "{told}");
    assert_eq!(sums.wrong_certain, 0, "a certain finding that is wrong\n{told}");
    assert_eq!(sums.false_alarms, 0, "a finding on a healthy exchange\n{told}");
    assert!(sums.first * 100 >= sums.troubled * 95, "the right code is not first often enough\n{told}");
    assert!(sums.in_list * 100 >= sums.troubled * 99, "the right code is not found often enough\n{told}");
    assert!(sums.without_exchange.is_empty(), "codes without an exchange\n{told}");
}

#[test]
fn every_label_names_codes_that_exist_and_says_why() {
    for case in CORPUS.iter() {
        let label = &case.label;
        let place = format!("{}, entry {}", case.file, case.entry);
        assert!(!label.note.is_empty(), "{place}: no note");
        assert_eq!(label.healthy, label.expect.is_empty(), "{place}: healthy, or a code: one of them");
        let named = label.or.iter().chain(&label.also);
        for name in named.chain(Some(&label.expect).filter(|e| !e.is_empty())) {
            assert!(code(name).is_some(), "{place}: `{name}` is no code");
        }
    }
}

/// What of a request nobody may read in a report.
fn secrets(exchange: &Exchange) -> Vec<String> {
    let headers = &exchange.request.headers;
    let of = |name: &'static str| {
        headers.iter().filter(move |h: &&Header| h.name.eq_ignore_ascii_case(name)).map(|h| h.value.as_str())
    };
    let mut out: Vec<String> = Vec::new();
    for value in of("authorization").chain(of("proxy-authorization")) {
        out.extend(value.split([' ', '\u{a0}', '"', '\'', ',', '\n']).map(str::to_owned));
    }
    for value in
        ["x-api-key", "apikey", "x-apikey", "ocp-apim-subscription-key", "dpop"].into_iter().flat_map(of)
    {
        out.push(value.to_owned());
    }
    for cookie in of("cookie").flat_map(|c| c.split("; ")) {
        out.extend(cookie.split_once('=').map(|(_, value)| value.to_owned()));
    }
    let secret_fields = [
        "client_secret",
        "password",
        "refresh_token",
        "assertion",
        "client_assertion",
        "code",
        "code_verifier",
        "device_code",
        "access_token",
        "subject_token",
    ];
    let body = String::from_utf8_lossy(&exchange.request.body).into_owned();
    let query = exchange.request.url.split_once('?').map_or("", |(_, query)| query);
    for (name, value) in url::form_urlencoded::parse(format!("{query}&{body}").as_bytes()) {
        if secret_fields.contains(&name.as_ref()) {
            out.push(value.trim().to_owned());
        }
    }
    // A word such as `Bearer` or `null` is no secret; what is long is.
    out.retain(|s| s.len() >= 20 && !s.contains(['{', '<']));
    out
}

/// Every text of a finding that is shown somewhere.
fn texts(diagnosis: &Diagnosis) -> String {
    let mut out = String::new();
    for finding in &diagnosis.findings {
        write!(out, "{finding:?}").unwrap();
        for text in [&finding.summary, &finding.cause, &finding.confirm, &finding.fix] {
            writeln!(out, "{text}").unwrap();
        }
        for piece in &finding.evidence {
            writeln!(out, "{}", piece.text).unwrap();
        }
    }
    for passed in &diagnosis.passed {
        write!(out, "{passed:?}").unwrap();
    }
    out
}

#[test]
fn no_finding_shows_a_secret_of_the_request() {
    for case in CORPUS.iter() {
        let said = texts(&case.diagnosis);
        for secret in secrets(&case.exchange) {
            let place = format!("{}, entry {}", case.file, case.entry);
            assert!(!said.contains(&secret), "{place}: a secret of {} bytes is shown", secret.len());
        }
    }
}

#[test]
fn no_finding_holds_raw_control_characters() {
    for case in CORPUS.iter() {
        for finding in &case.diagnosis.findings {
            let texts = [&finding.summary, &finding.cause, &finding.confirm, &finding.fix];
            let pieces = finding.evidence.iter().map(|e| &e.text);
            for text in texts.into_iter().chain(pieces) {
                let bad = text.chars().find(|c| c.is_control() && *c != '\n');
                assert_eq!(bad, None, "{}, entry {}: {text:?}", case.file, case.entry);
            }
        }
    }
}
