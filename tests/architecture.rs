//! The rules of ARCHITECTURE.md that a compiler does not check, read off the source text: which module may
//! use which, what may be named where, how long a file may be. A failure says the rule, the place and the way out.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it needs")]

use std::fs;
use std::path::{Path, PathBuf};

/// A module may use those on lower floors.
const FLOORS: &[(u8, &[&str])] = &[
    (0, &["model"]),
    (1, &["template", "content", "checks", "jwt", "oauth", "import"]),
    (2, &["http", "diagnose"]),
    (3, &["flow"]),
    (4, &["storage", "report"]),
    (5, &["app"]),
    (6, &["ui", "worker", "run", "sandbox"]),
    (7, &["tui", "cli"]),
    (8, &["main", "lib"]),
];

/// Uses of a module on the same floor, each with its reason.
const NEIGHBOURS: &[(&str, &str, &str)] = &[
    ("cli", "tui", "`hallpass` without a subcommand, and `demo`, open the screen"),
    ("oauth", "jwt", "assertions and DPoP proofs are JWTs"),
];

/// Modules that compute and never touch the world; time is an argument there.
const PURE: &[&str] = &["model", "template", "content", "checks", "jwt", "oauth", "diagnose", "app"];

/// What `PURE` modules may not name.
const WORLD: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "tokio",
    "reqwest",
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "Zoned::now",
];

/// Names that belong to some places only: what, where (prefixes of paths below src), why.
const PLACES: &[(&str, &[&str], &str)] = &[
    ("reqwest", &["http/"], "the HTTP client can be replaced in one module"),
    ("hyper", &["http/", "sandbox/"], "only the engine and the sandbox speak HTTP themselves"),
    (
        "ratatui",
        &["ui/", "tui/", "app/text_input.rs"],
        "the state of the screen does not know how it is drawn",
    ),
    ("ratatui_textarea", &["ui/", "tui/", "app/text_input.rs"], "one widget keeps text under edit"),
    ("crossterm", &["tui/"], "only one module talks to the terminal"),
    ("clap", &["cli/"], "the command line is one module's business"),
    ("println!", &["cli/output.rs"], "stdout carries the answer and nothing else; `cli::output` sees to it"),
    ("print!", &["cli/output.rs"], "stdout carries the answer and nothing else; `cli::output` sees to it"),
    ("eprintln!", &["cli/output.rs"], "messages are masked and made safe in `cli::output`"),
    ("eprint!", &["cli/output.rs"], "messages are masked and made safe in `cli::output`"),
];

/// The longest a file may be, in lines, its tests not counted.
const LONGEST: usize = 500;

/// Files that may be longer, each with its reason.
const LONGER: &[(&str, &str)] = &[];

/// One file below src, or elsewhere in the repository.
struct Source {
    /// Path below the repository, `/` between its parts.
    path: String,
    text: String,
    /// Text without comments, texts in quotes and tests; as many lines as `text`.
    code: String,
}

impl Source {
    fn read(root: &Path, file: &Path) -> Source {
        let path = file.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        let text = fs::read_to_string(file).unwrap();
        let code = if is_test_file(&path) { String::new() } else { without_tests(&bare(&text)) };
        Source { path, text, code }
    }

    /// Below src: `http/error.rs`.
    fn below(&self) -> &str {
        self.path.strip_prefix("src/").unwrap_or(&self.path)
    }

    /// The module directly below the crate.
    fn module(&self) -> &str {
        let below = self.below();
        below.split_once('/').map_or_else(|| below.strip_suffix(".rs").unwrap_or(below), |(module, _)| module)
    }

    /// `(line number, line)` of the code.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().map(|(i, line)| (i + 1, line))
    }
}

/// Test modules in files of their own.
fn is_test_file(path: &str) -> bool {
    let stem = path.rsplit('/').next().unwrap_or(path);
    !path.starts_with("src/")
        || path.contains("/tests/")
        || matches!(stem, "tests.rs" | "device_tests.rs" | "fixture.rs" | "fakes.rs" | "vectors.rs")
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(of: &str) -> Vec<Source> {
    let root = root();
    let mut files = Vec::new();
    walk(&root.join(of), &mut files);
    files.sort();
    assert!(!files.is_empty(), "nothing found below {of}");
    files.iter().map(|file| Source::read(&root, file)).collect()
}

fn walk(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            if entry.file_name() != "node_modules" {
                walk(&path, files);
            }
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

/// The text with comments and everything in quotes blanked, line breaks kept.
fn bare(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        let end = match rest {
            ['/', '/', ..] => at + rest.iter().position(|c| *c == '\n').unwrap_or(rest.len()),
            ['/', '*', ..] => at + block_comment(rest),
            ['"', ..] => at + quoted(rest),
            ['r' | 'b' | 'c', ..] if !after_word(&chars, at) => at + raw_text(rest).unwrap_or(0),
            ['\'', '\\', ..] => at + 2 + rest[3..].iter().position(|c| *c == '\'').map_or(1, |p| p + 2),
            ['\'', _, '\'', ..] => at + 3,
            _ => at,
        };
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

fn after_word(chars: &[char], at: usize) -> bool {
    at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_')
}

/// Length of a `/* … */`, which nests.
fn block_comment(rest: &[char]) -> usize {
    let (mut at, mut depth) = (0, 0_u32);
    while at < rest.len() {
        match &rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] if depth == 1 => return at + 2,
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    at
}

/// Length of a `"…"`.
fn quoted(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// Length of a `r"…"`, `r#"…"#`, `br"…"`; `None` when it is none.
fn raw_text(rest: &[char]) -> Option<usize> {
    let start = rest.iter().position(|c| *c == 'r').filter(|p| *p < 2)? + 1;
    let hashes = rest[start..].iter().take_while(|c| **c == '#').count();
    if rest.get(start + hashes) != Some(&'"') {
        return None;
    }
    let open = start + hashes + 1;
    let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let body = rest[open..].windows(close.len()).position(|w| w == close.as_slice())?;
    Some(open + body + close.len())
}

/// Blanks every item under a `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    let mut out = code.to_owned();
    for mark in ["#[cfg(test)]", "#[cfg(all(test"] {
        while let Some(start) = out.find(mark) {
            let end = item_end(&out, start);
            let blank: String = out[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
            out.replace_range(start..end, &blank);
        }
    }
    out
}

/// Where the item that begins at `start` ends: at its `;`, or with its braces.
fn item_end(code: &str, start: usize) -> usize {
    let mut depth = 0_u32;
    for (i, c) in code[start..].char_indices() {
        match c {
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => {
                depth = depth.saturating_sub(1);
                if c == '}' && depth == 0 {
                    return start + i + 1;
                }
            }
            ';' if depth == 0 => return start + i + 1,
            _ => {}
        }
    }
    code.len()
}

/// True if the line names exactly this, not a longer word that holds it.
fn names(line: &str, what: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(what).any(|(at, _)| {
        let whole_before = !line[..at].chars().next_back().is_some_and(word);
        let whole_after = what.ends_with('!') || !line[at + what.len()..].chars().next().is_some_and(word);
        whole_before && whole_after
    })
}

/// Modules of the crate named in the code: `crate::x`, and each of `crate::{x::…, y}`, with the line.
fn uses(code: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let line = code[..at].matches('\n').count() + 1;
        let rest = &code[at + "crate::".len()..];
        let first =
            |s: &str| s.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        match rest.strip_prefix('{') {
            None => found.push((line, first(rest))),
            Some(group) => {
                let mut depth = 0;
                let parts = group.split(|c: char| {
                    match c {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        _ => {}
                    }
                    (c == ',' && depth == 0) || depth < 0
                });
                let end = group.find(';').unwrap_or(group.len());
                let mut used = 0;
                for part in parts {
                    if used >= end {
                        break;
                    }
                    used += part.len() + 1;
                    found.push((line, first(part)));
                }
            }
        }
    }
    found.retain(|(_, name)| !name.is_empty());
    found
}

fn floor(module: &str) -> Option<u8> {
    FLOORS.iter().find(|(_, modules)| modules.contains(&module)).map(|(floor, _)| *floor)
}

#[track_caller]
fn none(broken: &[String], rule: &str, way_out: &str) {
    assert!(broken.is_empty(), "\n{rule}\n\n  {}\n\n{way_out}\n", broken.join("\n  "));
}

#[test]
fn imports_run_one_way() {
    let mut broken = Vec::new();
    let mut neighbours_met = Vec::new();
    for source in sources("src") {
        let from = source.module();
        let Some(own) = floor(from) else {
            broken.push(format!("{}: module `{from}` is on no floor", source.path));
            continue;
        };
        for (line, to) in uses(&source.code) {
            // A name of the crate's root that is no module (a macro) has no floor.
            let Some(other) = floor(&to).filter(|_| to != from) else { continue };
            if NEIGHBOURS.iter().any(|(a, b, _)| *a == from && *b == to) {
                neighbours_met.push((from.to_owned(), to));
            } else if other >= own {
                broken.push(format!(
                    "{}:{line}: `{from}` (floor {own}) uses `{to}` (floor {other})",
                    source.path
                ));
            }
        }
    }
    for (a, b, _) in
        NEIGHBOURS.iter().filter(|(a, b, _)| !neighbours_met.contains(&((*a).to_owned(), (*b).to_owned())))
    {
        broken.push(format!("tests/architecture.rs: the exception `{a}` to `{b}` is used no more"));
    }
    none(
        &broken,
        "A module may use only modules on a lower floor (`FLOORS` in tests/architecture.rs).",
        "Move what is shared down a floor, or pass it in as an argument; an exception needs a reason in `NEIGHBOURS`.",
    );
}

#[test]
fn modules_that_compute_do_not_touch_the_world() {
    let mut broken = Vec::new();
    for source in sources("src").iter().filter(|s| PURE.contains(&s.module())) {
        for (line, text) in source.lines() {
            for what in WORLD.iter().filter(|what| names(text, what)) {
                broken.push(format!("{}:{line}: names `{what}`", source.path));
            }
        }
        // `use std::{fs, …}` would get past the names above.
        for (line, text) in source.lines().filter(|(_, text)| names(text, "use std::{")) {
            broken.push(format!(
                "{}:{line}: write one `use` per module of std: `{}`",
                source.path,
                text.trim()
            ));
        }
    }
    none(
        &broken,
        "model, template, content, checks, jwt, oauth and app do no I/O, start nothing and read no clock.",
        "Take the time or the bytes as an argument, and do the work in http, flow, storage or worker.",
    );
}

#[test]
fn what_has_one_place_is_named_there_only() {
    let mut broken = Vec::new();
    for source in sources("src") {
        for (line, text) in source.lines() {
            for (what, places, why) in PLACES {
                if names(text, what) && !places.iter().any(|place| source.below().starts_with(place)) {
                    broken.push(format!(
                        "{}:{line}: `{what}` belongs to {}: {why}",
                        source.path,
                        places.join(", ")
                    ));
                }
            }
        }
    }
    none(
        &broken,
        "Some names belong to one place (`PLACES` in tests/architecture.rs).",
        "Call what that place offers.",
    );
}

#[test]
fn files_stay_short_enough_to_read() {
    let mut broken = Vec::new();
    for source in sources("src").iter().filter(|s| !s.code.is_empty()) {
        let all = source.text.lines().count();
        let tests =
            source.text.find("#[cfg(test)]\nmod tests {").map_or(0, |at| source.text[at..].lines().count());
        let allowed = LONGER.iter().any(|(path, _)| *path == source.path);
        if all - tests > LONGEST && !allowed {
            broken.push(format!("{}: {} lines without its tests", source.path, all - tests));
        }
        if all - tests <= LONGEST && allowed {
            broken.push(format!("{}: is short again: take it off `LONGER`", source.path));
        }
    }
    none(
        &broken,
        &format!("A file has one idea and at most {LONGEST} lines, its tests not counted."),
        "Divide it by idea; if that would make it worse, add it to `LONGER` in tests/architecture.rs with the reason.",
    );
}

#[test]
fn every_module_says_what_it_is() {
    let broken: Vec<String> = ["src", "tests", "benches"]
        .into_iter()
        .flat_map(sources)
        .filter(|s| !s.text.starts_with("//!"))
        // Tests of a module are told by that module.
        .filter(|s| !s.path.starts_with("src/") || !is_test_file(&s.path))
        .map(|s| format!("{}:1: begins with `{}`", s.path, s.text.lines().next().unwrap_or_default()))
        .collect();
    none(
        &broken,
        "A file begins with `//!` and what it is for.",
        "Write the header: what, and why it stands alone.",
    );
}

#[test]
fn comments_name_no_path_of_somebodys_machine() {
    let homes = ["/ro", "/wo", "/ho", "/Us"]
        .iter()
        .zip(["ot/", "rk/", "me/", "ers/"])
        .map(|(a, b)| format!("{a}{b}"));
    let homes: Vec<String> = homes.collect();
    let mut broken = Vec::new();
    for source in ["src", "tests", "benches"].into_iter().flat_map(sources) {
        for (i, line) in source.text.lines().enumerate() {
            let Some((_, comment)) = line.split_once("//") else { continue };
            for home in homes.iter().filter(|home| {
                comment.split_whitespace().any(|w| w.trim_matches(['`', '(', '"']).starts_with(home.as_str()))
            }) {
                broken.push(format!("{}:{}: `{home}` in a comment", source.path, i + 1));
            }
        }
    }
    none(
        &broken,
        "A comment names no path of the machine it was written on.",
        "Name the place in the repository.",
    );
}

/// The reading itself, so that the rules above cannot pass by seeing nothing.
mod reading {
    use super::{bare, names, uses, without_tests};

    #[test]
    fn comments_texts_and_tests_are_not_code() {
        let code = "let a = \"tokio\"; // tokio\nlet b = r#\"to\"kio\"#; /* tokio\n tokio */ let c = '\"'; tokio::x();";
        let seen = bare(code);
        assert_eq!(seen.matches("tokio").count(), 1, "{seen}");
        assert_eq!(seen.lines().count(), 3);
        assert!(
            bare("fn f<'a>(x: &'a str) -> char { '\\'' } // y").contains("fn f<'a>(x: &'a str) -> char {")
        );
        let seen = without_tests(
            "fn a() {}\n#[cfg(test)]\nmod tests {\n  fn f() { tokio(); }\n}\nfn b() {}\n#[cfg(test)]\nmod t;\nfn c() {}",
        );
        assert!(
            !seen.contains("tokio")
                && !seen.contains("mod t")
                && seen.contains("fn b")
                && seen.contains("fn c")
        );
    }

    #[test]
    fn a_name_is_found_whole_and_every_form_of_import_is_seen() {
        assert!(names("use tokio::sync;", "tokio") && !names("use my_tokio::sync;", "tokio"));
        assert!(names("println!(\"\")", "println!") && !names("eprintln!(\"\")", "println!"));
        let seen = uses("use crate::http::X;\nuse crate::{model::{a, b}, flow};\nlet x = crate::ui::draw();");
        let seen: Vec<_> = seen.iter().map(|(line, name)| (*line, name.as_str())).collect();
        assert_eq!(seen, [(1, "http"), (2, "model"), (2, "flow"), (3, "ui")]);
    }
}
