//! What the documents say of the program is true: the key table is the program's own, commands and options
//! shown exist, links lead somewhere.
//!
//! The key table stands in README.md between `<!-- keys:begin -->` and `<!-- keys:end -->`. When the table of
//! commands changes: `UPDATE_DOCS=1 cargo test --test docs` writes it anew. So it does with docs/diagnosis.md, which is made of the
//! table of codes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it needs")]

use hallpass::app::command::{COMMANDS, CommandInfo, Scope};
use hallpass::app::focus::PaneId;
use hallpass::app::keymap::Keymap;
use hallpass::diagnose::{CodeInfo, Layer, all_codes};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const BEGIN: &str = "<!-- keys:begin -->";
const END: &str = "<!-- keys:end -->";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// README.md and the documents beside and below it that a user or contributor reads.
fn documents() -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = [root().to_owned(), root().join("docs"), root().join("collections")]
        .iter()
        .flat_map(|dir| fs::read_dir(dir).into_iter().flatten().flatten())
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .collect();
    all.sort();
    all
}

fn name(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

/// The table of commands as Markdown, in the order of the help page.
fn key_table() -> String {
    let (keymap, complaints) = Keymap::new(&indexmap::IndexMap::new());
    assert!(complaints.is_empty(), "{complaints:?}");
    let mut text = String::from("| Keys | Does | Where | Name in the settings |\n|---|---|---|---|\n");
    for row in COMMANDS {
        text.push_str(&table_row(row, &keymap));
    }
    text
}

fn table_row(row: &CommandInfo, keymap: &Keymap) -> String {
    let keys: Vec<String> = keymap.labels(row).split(' ').filter(|k| !k.is_empty()).map(code).collect();
    let keys = if keys.is_empty() { "palette".to_owned() } else { keys.join(" ") };
    let place = match row.scope {
        Scope::Global => "everywhere".to_owned(),
        Scope::Always => "everywhere, while typing too".to_owned(),
        Scope::Panes(panes) => panes.iter().map(|p: &PaneId| p.title()).collect::<Vec<_>>().join(", "),
    };
    format!("| {keys} | {} | {place} | `{}` |\n", row.title, row.id)
}

/// A key as code inside a table's cell.
fn code(key: &str) -> String {
    format!("`{}`", key.replace('|', "\\|"))
}

#[test]
fn the_key_table_of_the_readme_is_the_programs_own() {
    let path = root().join("README.md");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("README.md cannot be read: {e}"));
    let found = text.find(BEGIN).zip(text.find(END)).filter(|(begin, end)| begin < end);
    let Some((begin, end)) = found else {
        panic!("README.md has no `{BEGIN}` and `{END}` for the key table to stand between");
    };
    let wanted = format!("{}\n{}{}", &text[..begin + BEGIN.len()], key_table(), &text[end..]);
    if text == wanted {
        return;
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, wanted).unwrap();
        return;
    }
    panic!(
        "the key table of README.md is not that of src/app/command/table.rs: run `UPDATE_DOCS=1 cargo test --test docs`"
    );
}

const DIAGNOSIS_HEAD: &str = "\
# The diagnosis: every code

<!-- Made from the table of codes: `UPDATE_DOCS=1 cargo test --test docs` writes this file anew. -->

When a call is refused, `hallpass diagnose` says why. It looks at the request as it was sent, every redirect, the answer, the token and
both clocks, layer by layer from the wire inwards, and claims nothing beyond the layer that failed. Reading a token can prove it invalid,
never valid: whether it was revoked, or its operator disabled, only the server knows.

```sh
hallpass diagnose pega-cases/create-case      # sends this one request and explains the answer
hallpass diagnose --har refused.har           # explains a recording of any browser or tool; sends nothing
hallpass diagnose --har refused.har --all --json
hallpass diagnose --history 4f2a              # explains what was sent before
hallpass diagnose --explain token.expired     # one entry of this page
```

## How to read a finding

The first line is the answer. Below it stands each finding with its evidence, quoted from the exchange with secrets masked, then its
cause, how to confirm it, what to do, and where it is written. How sure a finding is:

| Word | Means |
|---|---|
| certain | the evidence alone proves it |
| likely | the evidence fits this better than anything else |
| possible | it would explain the evidence, and so would something else |

Findings come in the order of certainty, then of the layer, then of how cheap the fix is. `Ruled out` lists what was looked at and is
fine; `Not to be seen` what a recording or the history does not hold. A code never changes its meaning.

Exit codes: 0 when it could be explained, or nothing was refused; 5 when it was refused and nothing says why; 2 for a file that cannot be
read or an entry that is not there; without an answer to look at, those of `hallpass send`.
";

/// Layers in the order they are looked at, with what they are.
const LAYERS: [(Layer, &str); 7] = [
    (Layer::Network, "Network: names, connections, TLS, proxies, gateways that are down"),
    (Layer::FrontDoor, "Front door: single sign-on, firewalls, redirects, gateways with keys of their own"),
    (Layer::TokenEndpoint, "Token endpoint: client, grant, scope, login"),
    (Layer::Header, "Header: how the credentials were written into the request"),
    (Layer::Token, "Token: what is written on it"),
    (Layer::Resource, "Resource server: what the API answered"),
    (Layer::Pega, "Pega: what only Pega does"),
];

fn diagnosis_page() -> String {
    let mut text = DIAGNOSIS_HEAD.to_owned();
    for (layer, title) in LAYERS {
        let of_layer: Vec<&CodeInfo> = all_codes().filter(|info| info.layer == layer).collect();
        if of_layer.is_empty() {
            continue;
        }
        text.push_str(&format!("\n## {title}\n\n| Code | In short |\n|---|---|\n"));
        for info in &of_layer {
            let anchor = info.code.replace('.', "");
            text.push_str(&format!("| [`{}`](#{anchor}) | {} |\n", info.code, cell(info.title)));
        }
        of_layer.iter().for_each(|info| text.push_str(&code_section(info)));
    }
    text
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "\\<")
}

fn code_section(info: &CodeInfo) -> String {
    let mut text = format!("\n### {}\n\n", info.code);
    let title = cell(info.title);
    let first = title.chars().next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    text.push_str(&format!("{first}{}. {}\n\n", title.chars().skip(1).collect::<String>(), cell(info.cause)));
    for (label, words) in
        [("Signs", info.signs), ("Confirm", info.confirm), ("Fix", info.fix), ("Reference", info.reference)]
    {
        if !words.is_empty() {
            text.push_str(&format!("- **{label}:** {}\n", cell(words)));
        }
    }
    if !info.probes.is_empty() {
        let probes: Vec<&str> = info.probes.iter().map(|p| p.text()).collect();
        text.push_str(&format!("- **To check:** {}\n", probes.join("; ")));
    }
    if !info.rows.is_empty() {
        text.push_str(&format!("- **Signals:** {}\n", info.rows.join(", ")));
    }
    text
}

#[test]
fn the_page_of_codes_is_the_programs_own() {
    let path = root().join("docs/diagnosis.md");
    let wanted = diagnosis_page();
    if fs::read_to_string(&path).is_ok_and(|text| text == wanted) {
        return;
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, wanted).unwrap();
        return;
    }
    panic!(
        "docs/diagnosis.md is not what the table of codes says: run `UPDATE_DOCS=1 cargo test --test docs`"
    );
}

#[test]
fn every_command_and_option_shown_in_a_code_block_exists() {
    let mut helps = HashMap::new();
    let mut wrong = Vec::new();
    for path in documents() {
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in code_lines(&text) {
            for call in calls(line) {
                let (words, options) = call_parts(&call);
                let help = helps.entry(words.clone()).or_insert_with(|| help_of(&words));
                let at = format!("{}:{number}", name(&path));
                match help {
                    Err(why) => wrong.push(format!("{at}: `hallpass {}`: {why}", words.join(" "))),
                    Ok(help) => wrong.extend(
                        options
                            .iter()
                            .filter(|option| !help.contains(option.as_str()))
                            .map(|option| format!("{at}: `hallpass {}` has no {option}", words.join(" "))),
                    ),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "documents show what the program does not have:\n  {}", wrong.join("\n  "));
}

/// Lines between fences, with their numbers; none of a block in another language.
fn code_lines(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut language = None;
    for (i, line) in text.lines().enumerate() {
        match (line.trim_start().strip_prefix("```"), language) {
            (Some(name), None) => language = Some(name.trim()),
            (Some(_), Some(_)) => language = None,
            (None, Some("" | "sh" | "bash" | "console" | "text" | "shell")) => found.push((i + 1, line)),
            _ => {}
        }
    }
    found
}

/// The words of each call of the program in a shell line.
fn calls(line: &str) -> Vec<Vec<String>> {
    let line = line.trim_start().trim_start_matches("$ ");
    let line = line.split(" #").next().unwrap_or_default();
    let mut found = Vec::new();
    for part in line.split(['|', ';', '&']) {
        let part = part.trim();
        let rest = [
            "hallpass",
            "./target/release/hallpass",
            "target/release/hallpass",
            "cargo run --release --",
            "cargo run --",
        ]
        .iter()
        .find_map(|start| part.strip_prefix(start).filter(|rest| rest.is_empty() || rest.starts_with(' ')));
        if let Some(rest) = rest {
            found.push(rest.split_whitespace().map(str::to_owned).collect());
        }
    }
    found
}

/// The subcommand (at most two words, the second may be a name) and the long options.
fn call_parts(call: &[String]) -> (Vec<String>, Vec<String>) {
    let mut at = 0;
    while let Some(word) = call.get(at).filter(|w| w.starts_with('-')) {
        at += if matches!(word.as_str(), "-C" | "--workspace" | "--timeout" | "--passphrase-file") {
            2
        } else {
            1
        };
    }
    let plain = |w: &&String| w.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !w.starts_with('-');
    let words: Vec<String> = call.iter().skip(at).take_while(plain).take(2).cloned().collect();
    let option = |w: &String| {
        let word = w.trim_matches(['[', ']', '(', ')']).split('=').next().unwrap_or_default().to_owned();
        (word.len() > 2 && word.starts_with("--")).then_some(word)
    };
    (words, call.iter().filter_map(option).collect())
}

fn help_of(words: &[String]) -> Result<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_hallpass")).args(words).arg("--help").output().unwrap();
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or_default().to_owned())
    }
}

#[test]
fn links_within_the_repository_lead_somewhere() {
    let mut broken = Vec::new();
    for path in documents() {
        let text = fs::read_to_string(&path).unwrap();
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split([')', ' ', '\n']).next().unwrap_or_default();
            let file = target.split('#').next().unwrap_or_default();
            if !file.is_empty() && !target.contains("://") && !path.parent().unwrap().join(file).exists() {
                let line = text[..at].matches('\n').count() + 1;
                broken.push(format!("{}:{line}: {target}", name(&path)));
            }
        }
    }
    assert!(broken.is_empty(), "links to files that are not there:\n  {}", broken.join("\n  "));
}
