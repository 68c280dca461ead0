use super::*;
use std::sync::Arc;

fn index(text: &str) -> JsonIndex {
    JsonIndex::new(Bytes::copy_from_slice(text.as_bytes()), &|| false).unwrap()
}

fn error(text: &[u8]) -> JsonError {
    JsonIndex::new(Bytes::copy_from_slice(text), &|| false).unwrap_err()
}

fn drawn(index: &JsonIndex, row: usize, folded: bool) -> String {
    index.pieces(row, folded, usize::MAX).into_iter().map(|(_, text)| text).collect()
}

fn view(folds: &Folds) -> Vec<String> {
    (0..folds.len())
        .map(|p| {
            let row = folds.row(p);
            let blanks = "  ".repeat(folds.index().depth(row));
            blanks + &drawn(folds.index(), row, folds.is_folded(row))
        })
        .collect()
}

const CASE: &str = r#"{"data":{"caseInfo":{"businessID":"APP-2005","stages":[{"n":1},{"n":2.50}],"none":[],"e":{}}},"ok":true,"x":null}"#;

#[test]
fn a_row_is_sixteen_bytes() {
    assert_eq!(size_of::<Row>(), 16);
}

#[test]
fn rows_read_like_the_document() {
    let folds = Folds::new(Arc::new(index(CASE)));
    assert_eq!(
        view(&folds),
        [
            "{",
            "  \"data\": {",
            "    \"caseInfo\": {",
            "      \"businessID\": \"APP-2005\",",
            "      \"stages\": [",
            "        {",
            "          \"n\": 1",
            "        },",
            "        {",
            "          \"n\": 2.50",
            "        }",
            "      ],",
            "      \"none\": [],",
            "      \"e\": {}",
            "    }",
            "  },",
            "  \"ok\": true,",
            "  \"x\": null",
            "}",
        ]
    );
}

#[test]
fn links_and_paths_lead_where_they_should() {
    let index = index(CASE);
    let paths: Vec<String> = (0..index.len()).map(|r| index.path(r)).collect();
    assert_eq!(paths[3], "$.data.caseInfo.businessID");
    assert_eq!(paths[9], "$.data.caseInfo.stages[1].n");
    assert_eq!(paths[10], "$.data.caseInfo.stages[1]");
    assert_eq!(paths[18], "$");
    assert_eq!(index.end(4), 11);
    assert_eq!(index.parent(11), Some(4));
    assert_eq!(index.parent(4), Some(2));
    assert_eq!(index.parent(0), None);
    assert_eq!(index.next_sibling(4), Some(12));
    assert_eq!(index.next_sibling(13), None);
    assert_eq!(index.next_sibling(11), None);
    assert_eq!((index.children(4), index.children(11), index.children(2), index.children(3)), (2, 2, 4, 0));
    assert_eq!((index.place(4), index.place(8), index.place(16), index.place(0)), (1, 1, 1, 0));
    assert_eq!(&CASE[index.value_range(4)], "[{\"n\":1},{\"n\":2.50}]");
    assert_eq!(&CASE[index.value_range(0)], CASE);
    assert_eq!(index.value_text(3), "APP-2005");
    assert_eq!(index.value_text(9), "2.50");
}

#[test]
fn paths_find_the_same_value_as_a_jsonpath_library() {
    let text = r#"{"a b":[{"it's":1,"back\\slash":2,"":3,"9x":4,"tab\t":5,"é":6,"_ok1":7,"\"":8,"-":9}]}"#;
    let index = index(text);
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    for row in 0..index.len() {
        let path = index.path(row);
        let found = serde_json_path::JsonPath::parse(&path).unwrap().query(&value).exactly_one().unwrap();
        let own: serde_json::Value = serde_json::from_str(&text[index.value_range(row)]).unwrap();
        assert_eq!(*found, own, "{path}");
    }
    assert_eq!(index.path(8), "$['a b'][0]['é']");
    assert_eq!(index.path(9), "$['a b'][0]._ok1");
}

#[test]
fn folded_containers_tell_how_much_they_hold() {
    let mut folds = Folds::new(Arc::new(index(CASE)));
    folds.fold_from_depth(2);
    assert_eq!(
        view(&folds),
        [
            "{",
            "  \"data\": {",
            "    \"caseInfo\": { 4 keys }",
            "  },",
            "  \"ok\": true,",
            "  \"x\": null",
            "}"
        ]
    );
    assert_eq!(folds.toggle(2), 2);
    assert_eq!(view(&folds)[4], "      \"stages\": [ 2 items ],");
    folds.toggle(4);
    assert_eq!(view(&folds)[5], "        { 1 key },");
    folds.fold_from_depth(0);
    assert_eq!(view(&folds), ["{ 3 keys }"]);
    folds.unfold_all();
    assert_eq!(folds.len(), folds.index().len());
}

#[test]
fn toggling_a_scalar_or_closing_row_folds_its_container() {
    let mut folds = Folds::new(Arc::new(index(CASE)));
    assert_eq!(folds.toggle(9), 8);
    assert!(folds.is_folded(8));
    assert_eq!(folds.toggle(15), 1);
    assert_eq!(folds.len(), 5);
    assert_eq!(folds.position(9), 1);
    folds.reveal(9);
    assert!(!folds.is_folded(1) && !folds.is_folded(8));
    assert_eq!(folds.row(folds.position(9)), 9);
    let mut scalar = Folds::new(Arc::new(index("5")));
    assert_eq!(scalar.toggle(0), 0);
    assert_eq!(view(&scalar), ["5"]);
}

#[test]
fn folds_agree_with_a_plain_walk_whatever_is_done() {
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..60 {
        let text = generate(&mut random, 5);
        let mut folds = Folds::new(Arc::new(index(&text)));
        let rows = folds.index().len();
        for _ in 0..30 {
            match random.u8(..8) {
                0 => folds.fold_from_depth(random.usize(..4)),
                1 => folds.unfold_all(),
                2 | 3 => folds.reveal(random.usize(..rows)),
                _ => drop(folds.toggle(random.usize(..rows))),
            }
            let mut expected = Vec::new();
            let mut row = 0;
            while row < rows {
                expected.push(row);
                row = if folds.is_folded(row) { folds.index().end(row) + 1 } else { row + 1 };
            }
            let got: Vec<usize> = (0..folds.len()).map(|p| folds.row(p)).collect();
            assert_eq!(got, expected, "{text}");
            for row in 0..rows {
                let nearest = expected.partition_point(|r| *r <= row) - 1;
                assert_eq!(folds.position(row), nearest);
            }
            assert_eq!(folds.row(usize::MAX), expected[expected.len() - 1]);
        }
    }
}

#[test]
fn long_texts_are_cut_at_a_character() {
    let index = index(r#"{"käy":"äöü","n":1234567890}"#);
    let cut = index.pieces(1, false, 4);
    let texts: Vec<&str> = cut.iter().map(|(_, t)| t.as_str()).collect();
    assert_eq!(texts, ["\"kä", "…", ": ", "\"ä", "…", ","]);
    assert_eq!(cut[1].0, TokenClass::Note);
    let texts: Vec<String> = index.pieces(2, false, 4).into_iter().map(|(_, t)| t).collect();
    assert_eq!(texts, ["\"n\"", ": ", "1234", "…"]);
}

#[test]
fn errors_say_where_and_what_was_expected() {
    for (text, line, column, part) in [
        ("", 1, 1, "expected a value, the text ends here"),
        (" \n ", 2, 2, "expected a value"),
        ("{\"a\":1,}", 1, 8, "expected a key in `\"`, found `}`"),
        ("{a:1}", 1, 2, "expected a key in `\"` or `}`, found `a`"),
        ("[1,]", 1, 4, "expected a value, found `]`"),
        ("[1 2]", 1, 4, "expected `,` or `]`, found `2`"),
        ("{\"a\" 1}", 1, 6, "expected `:`, found `1`"),
        ("{\"ä\":1\n]", 2, 1, "expected `,` or `}`, found `]`"),
        ("{\"ä\":ä}", 1, 6, "found `ä`"),
        ("1 2", 1, 3, "expected the end of the text, found `2`"),
        ("01", 1, 2, "begin with 0"),
        ("-", 1, 2, "a digit"),
        ("1.", 1, 3, "decimal point"),
        ("1e+", 1, 4, "exponent"),
        ("\"a", 1, 3, "ends inside a string that began at byte 0"),
        ("\"\\x\"", 1, 2, "no such escape"),
        ("\"\\u12g4\"", 1, 2, "four hexadecimal"),
        ("\"a\tb\"", 1, 3, "control character 0x09"),
        ("nul", 1, 1, "expected a value"),
        ("{\"a\":1", 1, 7, "expected `,` or `}`, the text ends here"),
        ("NaN", 1, 1, "expected a value, found `N`"),
        ("<html>", 1, 1, "found `<`"),
    ] {
        let e = error(text.as_bytes());
        assert_eq!((e.line, e.column), (line, column), "{text}: {e:?}");
        assert!(e.text.contains(part), "{text}: {e:?}");
    }
    let e = error(b"[\"\xff\"]");
    assert_eq!((e.offset, e.text.as_str()), (2, "the text is not UTF-8"));
}

#[test]
fn it_accepts_exactly_what_serde_json_accepts() {
    let mut random = fastrand::Rng::with_seed(5);
    let mut accepted = 0;
    for round in 0..4_000 {
        let mut text = generate(&mut random, 3).into_bytes();
        if round % 4 != 0 {
            let at = random.usize(..text.len());
            match random.u8(..4) {
                0 => text[at] = random.u8(..),
                1 => drop(text.remove(at)),
                2 => text.insert(at, random.choice(*b"{}[],:\"\\0 1-.etn\n\x01").unwrap()),
                _ => text.truncate(at),
            }
        }
        let theirs = serde_json::from_slice::<serde::de::IgnoredAny>(&text).is_ok()
            && std::str::from_utf8(&text).is_ok();
        let ours = JsonIndex::new(Bytes::from(text.clone()), &|| false).is_ok();
        assert_eq!(ours, theirs, "{}", String::from_utf8_lossy(&text));
        accepted += usize::from(ours);
    }
    assert!(accepted > 1_000);
}

#[test]
fn what_is_drawn_and_re_indented_is_the_same_value() {
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..400 {
        let text = generate(&mut random, 5);
        let index = index(&text);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let drawn: String = (0..index.len()).map(|row| drawn(&index, row, false)).collect();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&drawn).unwrap(), value, "{text}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&pretty(text.as_bytes()).unwrap()).unwrap(),
            value
        );
        for row in 0..index.len() {
            let part: serde_json::Value = serde_json::from_str(&text[index.value_range(row)]).unwrap();
            let again: serde_json::Value = serde_json::from_str(&index.indented(row)).unwrap();
            assert_eq!(part, again);
            if let Some(parent) = index.parent(row).filter(|_| index.kind(row) != RowKind::Close) {
                assert_eq!(index.depth(row), index.depth(parent) + 1);
                assert!(row > parent && row < index.end(parent));
            }
        }
    }
}

#[test]
fn pretty_keeps_numbers_and_order() {
    assert_eq!(
        pretty(br#"{"b":1.000,"a":[1e400,-0,{}],"b":[],"z":"\u00e9\/"}"#).unwrap(),
        "{\n  \"b\": 1.000,\n  \"a\": [\n    1e400,\n    -0,\n    {}\n  ],\n  \"b\": [],\n  \"z\": \"\\u00e9\\/\"\n}"
    );
    assert_eq!(pretty(b" 1 ").unwrap(), "1");
    assert!(pretty(b"{").is_err());
}

#[test]
fn search_looks_at_keys_and_scalars_only() {
    let index = index(
        r#"{"name":"Name","x":[true,12.5,null,"a\u00e9b","c\/d"],"long name":{"name":"x"},"t":"\"q\""}"#,
    );
    let find = |needle: &str| index.search(needle, 100).iter().map(|r| index.path(*r)).collect::<Vec<_>>();
    assert_eq!(find("name"), ["$.name", "$['long name']", "$['long name'].name"]);
    assert_eq!(find("Name"), ["$.name"]);
    assert_eq!(find("\"name\""), ["$.name", "$['long name'].name"]);
    assert_eq!(find("12.5"), ["$.x[1]"]);
    assert_eq!(find("TRUE"), Vec::<String>::new());
    assert_eq!(find("true"), ["$.x[0]"]);
    assert_eq!(find("aéb"), ["$.x[3]"]);
    assert_eq!(find("c/d"), ["$.x[4]"]);
    assert_eq!(find("u00e9"), ["$.x[3]"]);
    assert_eq!(find(":"), Vec::<String>::new());
    assert_eq!(find(","), Vec::<String>::new());
    assert_eq!(find("{"), Vec::<String>::new());
    assert_eq!(find(""), Vec::<String>::new());
    assert_eq!(index.search("name", 2).len(), 2);
}

#[test]
fn search_agrees_with_a_plain_look_at_each_row() {
    let mut random = fastrand::Rng::with_seed(9);
    for _ in 0..200 {
        let text = generate(&mut random, 4);
        let index = index(&text);
        for needle in ["a", "1", "é", "\\", "n", "\"", "ab", " ", "Q"] {
            let plain: Vec<usize> = (0..index.len())
                .filter(|row| {
                    let scalar = matches!(
                        index.kind(*row),
                        RowKind::String | RowKind::Number | RowKind::Bool | RowKind::Null
                    );
                    let fits = |range: Range<usize>| {
                        let any_case = |t: &str| {
                            if needle.chars().any(char::is_lowercase) {
                                t.to_ascii_lowercase()
                            } else {
                                t.to_owned()
                            }
                        };
                        let raw = &text[range.clone()];
                        any_case(raw).contains(needle)
                            || (raw.contains('\\')
                                && any_case(&serde_json::from_str::<String>(raw).unwrap()).contains(needle))
                    };
                    index.key_range(*row).is_some_and(fits) || (scalar && fits(index.value_range(*row)))
                })
                .collect();
            assert_eq!(index.search(needle, usize::MAX), plain, "{needle} in {text}");
        }
    }
}

#[test]
fn depth_costs_no_stack() {
    let deep = 100_000;
    let text = "[".repeat(deep) + &"]".repeat(deep);
    let index = Arc::new(index(&text));
    assert_eq!(index.len(), deep * 2 - 1);
    assert_eq!(index.depth(deep - 1), deep - 1);
    assert_eq!(index.kind(deep - 1), RowKind::EmptyContainer);
    assert_eq!(index.path(deep - 1).len(), 1 + 3 * (deep - 1));
    let mut folds = Folds::new(index);
    folds.fold_from_depth(2);
    assert_eq!(folds.len(), 5);
    folds.reveal(deep - 1);
    assert_eq!(folds.len(), deep * 2 - 1);
    let open = error("[{\"a\":".repeat(deep).as_bytes());
    assert!(open.text.contains("expected a value"));
}

#[test]
fn a_cancelled_reading_ends_soon() {
    let text = format!("[{}1]", "1,".repeat(200_000));
    let looks = std::cell::Cell::new(0);
    let cancelled = || {
        looks.set(looks.get() + 1);
        looks.get() == 2
    };
    let e = JsonIndex::new(Bytes::from(text), &cancelled).unwrap_err();
    assert!(e.text.contains("cancelled") && e.offset < 200_000);
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    let index = index("\u{feff} [1]");
    assert_eq!(index.value_range(0), 4..7);
}

/// Random JSON with odd spacing, escapes and numbers.
fn generate(random: &mut fastrand::Rng, depth: usize) -> String {
    let mut text = String::new();
    value(random, depth, &mut text);
    text
}

fn blank(random: &mut fastrand::Rng, out: &mut String) {
    out.push_str(random.choice(["", "", "", " ", "\n  ", "\t", "\r\n"]).unwrap());
}

fn string(random: &mut fastrand::Rng, out: &mut String) {
    out.push('"');
    for _ in 0..random.usize(..12) {
        out.push_str(
            random
                .choice([
                    "a",
                    "b",
                    "n",
                    "Q",
                    " ",
                    "é",
                    "漢",
                    "😀",
                    "\\\"",
                    "\\\\",
                    "\\n",
                    "\\/",
                    "\\u00e9",
                    "\\ud83d\\ude00",
                    "{",
                    ",",
                    ":",
                ])
                .unwrap(),
        );
    }
    out.push('"');
}

fn value(random: &mut fastrand::Rng, depth: usize, out: &mut String) {
    blank(random, out);
    match random.u8(..if depth == 0 { 4 } else { 8 }) {
        0 => string(random, out),
        1 => out.push_str(random.choice(["0", "-1", "12.5", "1e10", "-0.0", "1E-3", "123456789"]).unwrap()),
        2 => out.push_str(random.choice(["true", "false"]).unwrap()),
        3 => out.push_str("null"),
        kind => {
            let object = kind < 6;
            out.push(if object { '{' } else { '[' });
            let count = random.usize(..5);
            for i in 0..count {
                if i > 0 {
                    out.push(',');
                }
                if object {
                    blank(random, out);
                    string(random, out);
                    blank(random, out);
                    out.push(':');
                }
                value(random, depth - 1, out);
            }
            blank(random, out);
            out.push(if object { '}' } else { ']' });
        }
    }
    blank(random, out);
}
