//! Broken files: never a panic, always a place, and the rest still loads.

use super::*;
use std::time::{Duration, Instant};

fn problem(file: &str, text: &str) -> Problem {
    let (_dir, root) = workspace(&[("collections/c/good.toml", "url = \"u\"\n"), (file, text)]);
    let w = load(&root).unwrap();
    assert!(w.requests().iter().any(|(_, i)| i.path.as_str() == "c/good"), "the rest loads");
    assert_eq!(w.problems.len(), 1, "{text}: {:#?}", w.problems);
    w.problems.into_iter().next().unwrap()
}

#[test]
fn a_wrong_type_has_its_place_what_was_expected_and_a_hint() {
    let cases: [(&str, u32, u32, &str); 14] = [
        ("name = 5\nurl = \"u\"\n", 1, 8, "a text"),
        ("url = \"u\"\nheaders = \"x\"\n", 2, 11, "a list of tables"),
        ("url = \"u\"\nheaders = [\n  { name = \"a\" },\n  5,\n]\n", 4, 3, "a list of tables"),
        ("url = \"u\"\nheaders = [{ name = \"a\", enabled = \"no\" }]\n", 2, 36, "true or false"),
        ("name = \"no url\"\n", 1, 1, "`url` is missing"),
        ("url = \"u\"\n[request]\ntimeout = \"5\"\n", 3, 11, "a number of seconds"),
        ("url = \"u\"\n[body]\njson = \"\"\ntext = \"\"\n", 4, 8, "exactly one"),
        ("url = \"u\"\n[[check]]\nequals = 5\n", 2, 1, "no selector"),
        ("url = \"u\"\n[[check]]\nstatus = 1\njson = \"$\"\n", 2, 1, "more than one selector"),
        ("url = \"u\"\n[[check]]\nstatus = true\nequals = 1\nless = 2\n", 2, 1, "more than one operator"),
        ("url = \"u\"\n[capture]\na = \"$.x\"\n", 3, 5, "a table with one selector"),
        ("url = \"u\"\nauth = { kind = \"digest\" }\n", 2, 17, "expected basic"),
        ("url = \"u\"\n[variables]\na = { sekret = true }\n", 3, 5, "names no secret"),
        ("url = \"u\"\nmethod = \"G T\"\n", 2, 10, "a word like GET"),
    ];
    for (text, line, column, why) in cases {
        let p = problem("collections/c/bad.toml", text);
        assert_eq!((p.line, p.column), (Some(line), Some(column)), "{text} {p}");
        assert!(p.why.contains(why), "{p}");
        assert!(!p.next.is_empty() && p.file.is_some(), "{p}");
    }
}

#[test]
fn a_mistyped_grant_gets_a_suggestion() {
    let p = problem("auth/p.toml", "grant = \"client_credential\"\n");
    assert!(p.next.contains("`client_credentials`"), "{p}");
    assert_eq!((p.line, p.column), (Some(1), Some(9)));
}

#[test]
fn what_is_below_a_folder_file_that_cannot_be_read_cannot_be_sent() {
    let files: [(&str, &str); 3] = [
        ("collections/c/collection.toml", "auth = \"pega\"\n<<<<<<< HEAD\n"),
        ("collections/c/r.toml", "url = \"u\"\n"),
        ("collections/d/r.toml", "url = \"u\"\n"),
    ];
    let (_dir, root) = workspace(&files);
    let w = load(&root).unwrap();
    let broken = |path: &str| {
        let (above, item) = w.item(&ItemPath::new(path)).unwrap();
        crate::model::plan::Plan::new(&w, &above, item, None, Vec::new()).broken
    };
    assert_eq!(broken("c/r").as_ref(), w.problems.first());
    assert!(broken("c/r").is_some() && broken("d/r").is_none());
}

#[cfg(unix)]
#[test]
fn a_folder_file_that_is_a_link_to_nothing_is_told() {
    let (_dir, root) = workspace(&[("collections/c/r.toml", "url = \"u\"\n")]);
    std::os::unix::fs::symlink("nowhere.toml", root.join("collections/c/collection.toml")).unwrap();
    let w = load(&root).unwrap();
    assert_eq!(w.problems.len(), 1, "{:#?}", w.problems);
    assert!(w.collections[0].broken.is_some());
}

#[test]
fn an_order_entry_that_leads_out_is_passed_over_with_its_place() {
    let p = problem("collections/c/collection.toml", "order = [\"good\", \"../../x\"]\n");
    assert_eq!((p.line, p.column), (Some(1), Some(18)), "{p}");
    let p = problem("collections/c/collection.toml", "order = [\"/etc/passwd\", \"good\"]\n");
    assert!(p.why.contains("/etc/passwd"));
}

#[test]
fn eight_hundred_mutations_of_the_samples_never_panic_and_errors_have_their_place() {
    let (_dir, root) = samples_workspace();
    let files: Vec<(PathBuf, Vec<u8>)> = snapshot(&root).into_iter().collect();
    let mut rng = fastrand::Rng::with_seed(7);
    let (mut problems, mut placed) = (0_u32, 0_u32);
    for round in 0..800 {
        let (file, bytes) = &files[round % files.len()];
        let mut broken = bytes.clone();
        match rng.u8(0..6) {
            0 => broken.truncate(rng.usize(0..broken.len())),
            1 => {
                let at = rng.usize(0..broken.len());
                broken[at] ^= 1 << rng.u8(0..8);
            }
            2 => {
                let at = rng.usize(0..broken.len());
                broken.insert(at, *rng.choice(b"[]{}\"'=#\n,.\\\0\xff".iter()).unwrap());
            }
            3 => {
                let at = rng.usize(0..broken.len());
                broken.remove(at);
            }
            4 => {
                let (a, b) = (rng.usize(0..broken.len()), rng.usize(0..bytes.len()));
                broken.splice(a..a, bytes[b..].iter().copied());
            }
            _ => {
                let (a, b) = (rng.usize(0..broken.len()), rng.usize(0..broken.len()));
                broken.swap(a, b);
            }
        }
        fs::write(file, &broken).unwrap();
        let w = load(&root).unwrap();
        for p in &w.problems {
            problems += 1;
            placed += u32::from(p.line.is_some() && p.column.is_some() && !p.next.is_empty());
        }
        fs::write(file, bytes).unwrap();
    }
    assert!(problems > 120, "{problems}");
    assert_eq!(placed, problems);
}

#[test]
fn a_mutated_file_is_saved_right_or_not_at_all() {
    let (_dir, root) = workspace(&[]);
    let file = root.join("collections/c/a.toml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let original = include_str!("../../../collections/pega-cases/create-case.toml");
    let mut rng = fastrand::Rng::with_seed(11);
    let mut saved = 0;
    for _ in 0..500 {
        let mut lines: Vec<&str> = original.lines().collect();
        for _ in 0..rng.usize(1..4) {
            let (a, b) = (rng.usize(0..lines.len()), rng.usize(0..lines.len()));
            match rng.u8(0..3) {
                0 => drop(lines.remove(a)),
                1 => lines.swap(a, b),
                _ => lines.insert(a, ["", "# note", "   ", "x.y = 1", "[z]", "[[check]]"][b % 6]),
            }
        }
        let mut text = lines.join("\n");
        if rng.bool() {
            text.push('\n');
        }
        fs::write(&file, &text).unwrap();
        let w = load(&root).unwrap();
        let Some((_, item)) = w.item(&path("c/a")) else { continue };
        let base = item.request.clone();
        let mut new = base.clone();
        let kind = rng.u8(0..8);
        match kind {
            0 => new.headers.clear(),
            1 => new.body = crate::model::request::Body::Text("t".into()),
            2 => new.checks.truncate(rng.usize(0..3)),
            3 => new.captures.retain(|_| rng.bool()),
            4 => new.docs = "one\ntwo".into(),
            5 => new.options.redirects = Some(3),
            6 => drop(new.variables.insert("v".into(), "1".into())),
            _ => new.auth = crate::model::auth::Auth::None,
        }
        let only_added = kind >= 5 && base.auth == crate::model::auth::Auth::Inherit;
        let edit =
            Edit::SaveRequest { path: path("c/a"), base: Box::new(base), request: Box::new(new.clone()) };
        apply(&root, &edit).unwrap_or_else(|p| panic!("{p}\n{text}"));
        assert_eq!(request(&root, "c/a"), new, "{text}");
        if only_added {
            let after = fs::read_to_string(&file).unwrap();
            let mut lines = after.lines();
            assert!(text.lines().all(|l| lines.any(|a| a == l)), "{text}\n=====\n{after}");
        }
        saved += 1;
    }
    assert!(saved > 100, "{saved}");
}

#[test]
fn huge_and_deep_files_are_refused_quickly() {
    let mib = 1024 * 1024;
    let texts = [
        "[".repeat(mib),
        format!("a = {}", "[".repeat(mib)),
        format!("a = {}", "{a=".repeat(mib / 3)),
        format!("{} = 1", vec!["a"; mib / 2].join(".")),
        format!("a = [{}", "[],".repeat(mib / 3)),
        "\n".repeat(2 * mib),
        "x".repeat(9 * mib),
        format!("url = '''\n{}", "y\n".repeat(mib)),
        "\"".repeat(mib),
        "[[check]]\n".repeat(20_000),
    ];
    for text in texts {
        let start = Instant::now();
        let p = problem("collections/c/bad.toml", &text);
        assert!(p.line.is_some(), "{p}");
        assert!(start.elapsed() < Duration::from_secs(20), "{} took {:?}", &text[..20], start.elapsed());
    }
}

#[test]
fn a_conflict_in_one_file_is_named_and_the_others_load() {
    let p = problem(
        "collections/c/bad.toml",
        "url = \"u\"\n<<<<<<< HEAD\nname = \"a\"\n=======\nname = \"b\"\n>>>>>>> x\n",
    );
    assert!(p.what.contains("merge conflict") && p.line == Some(2), "{p}");
}

#[test]
fn mutated_texts_never_panic_a_reader() {
    let rounds: usize = std::env::var("HALLPASS_FUZZ").ok().and_then(|n| n.parse().ok()).unwrap_or(2000);
    let texts: Vec<&str> = samples::samples().iter().flat_map(|s| s.files.iter().map(|(_, t)| *t)).collect();
    let pieces = [
        "[", "]", "[[", "]]", "{", "}", "\"", "'''", "\"\"\"", "=", ".", ",", "\n", "\r", "#", "\\u", "1e",
        "-", "é", "a.b", "[]", "{}", "[.]", "0x", "inf",
    ];
    let mut rng = fastrand::Rng::with_seed(23);
    for round in 0..rounds {
        let mut text: Vec<char> = texts[round % texts.len()].chars().collect();
        for _ in 0..rng.usize(1..8) {
            let at = rng.usize(0..=text.len());
            match rng.u8(0..4) {
                0 if at < text.len() => drop(text.remove(at)),
                1 => {
                    let end = (at + rng.usize(0..40)).min(text.len());
                    drop(text.drain(at..end));
                }
                _ => {
                    let piece: Vec<char> = rng.choice(pieces).unwrap().chars().collect();
                    text.splice(at..at, piece);
                }
            }
        }
        let text: String = text.into_iter().collect();
        let Ok(source) = source::Source::decode(Path::new("x.toml"), text.as_bytes()) else { continue };
        let problems = [
            read_request::request(&source, "x").err(),
            read_parts::environment(&source, "x").err(),
            read_profile::profile(&source, "x").err(),
            read_parts::folder(&source).err(),
        ];
        assert!(problems.iter().flatten().all(|p| p.line.is_some() && !p.next.is_empty()));
    }
}
