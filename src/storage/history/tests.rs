use super::*;

fn history(settings: &Settings) -> (tempfile::TempDir, History) {
    let dir = tempfile::tempdir().unwrap();
    let h = History::at(dir.path().join("private/h"), settings).unwrap();
    (dir, h)
}

fn entry(n: usize) -> HistoryEntry {
    HistoryEntry {
        id: format!("20261123T140211-{n:04x}"),
        at: Timestamp::now() + SignedDuration::from_millis(n as i64),
        path: Some(ItemPath::new("c/r")),
        environment: "dev".into(),
        name: "R\tname".into(),
        method: "GET".into(),
        url: "http://h/".into(),
        status: Some(200),
        duration_ms: Some(5),
        size: None,
        failure: None,
        detail: Some(json!({ "response": { "body": "a\n\tb" }, "n": n })),
    }
}

#[test]
fn what_was_appended_is_listed_newest_first_and_found_by_head_or_tail() {
    let (_dir, h) = history(&Settings::default());
    assert_eq!(h.list(10).unwrap(), vec![]);
    for n in 0..5 {
        h.append(&entry(n)).unwrap();
    }
    let list = h.list(3).unwrap();
    assert_eq!(list.iter().map(|e| &e.id[16..]).collect::<Vec<_>>(), ["0004", "0003", "0002"]);
    assert!(list[0].detail.is_none() && list[0].name == "R\tname");
    assert_eq!(h.get("0003").unwrap().detail.unwrap()["n"], 3);
    assert!(h.get("2026").unwrap_err().why.contains("5 entries"));
    assert!(h.get("nope").is_err() && h.get("").is_err());
    assert_eq!((h.purge().unwrap(), h.list(9).unwrap().len()), (5, 0));
}

#[test]
fn a_torn_or_garbled_line_is_passed_over_and_the_next_append_is_whole() {
    let (_dir, h) = history(&Settings { history_entries: 100_000, ..Settings::default() });
    h.append(&entry(1)).unwrap();
    let segment = h.segments().unwrap().remove(0);
    let whole = fs::read(&segment).unwrap();
    for cut in 0..whole.len() {
        fs::write(&segment, [&whole[..], &whole[..cut]].concat()).unwrap();
        let listed = h.list(9).unwrap().len();
        assert_eq!(listed, 1, "cut at {cut}");
        h.append(&entry(2)).unwrap();
        assert_eq!(h.list(9).unwrap()[0].id, entry(2).id, "cut at {cut}");
        assert!(h.get("-0002").is_ok());
    }
    fs::write(&segment, [b"\xff\xfe\n\t\n{}\t{}\n", &whole[..]].concat()).unwrap();
    assert_eq!(h.list(9).unwrap().len(), 1);
}

#[test]
fn appends_of_many_at_once_all_arrive_whole() {
    let (_dir, h) = history(&Settings::default());
    let threads: Vec<_> = (0..8)
        .map(|t| {
            let h = h.clone();
            std::thread::spawn(move || {
                for n in 0..25 {
                    let mut e = entry(t * 25 + n);
                    e.detail = Some(json!("x".repeat(10_000)));
                    h.append(&e).unwrap();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|t| t.join().unwrap());
    assert_eq!(h.list(1000).unwrap().len(), 200);
}

#[test]
fn it_stays_within_its_count_bytes_and_age() {
    let few = Settings { history_entries: 20, ..Settings::default() };
    let (_dir, h) = history(&few);
    for n in 0..200 {
        h.append(&entry(n)).unwrap();
    }
    let list = h.list(1000).unwrap();
    assert_eq!((list.len(), &list[0].id[16..]), (20, "00c7"));
    let stored: usize = h.segments().unwrap().iter().map(|s| count(s)).sum();
    assert!(stored <= 26, "{stored}");

    let small = Settings { history_bytes: 20_000, ..Settings::default() };
    let (_dir, h) = history(&small);
    for n in 0..200 {
        h.append(&entry(n)).unwrap();
    }
    let bytes: u64 = h.segments().unwrap().iter().map(|s| fs::metadata(s).unwrap().len()).sum();
    assert!(bytes <= 24_000, "{bytes}");
    assert_eq!(&h.list(1).unwrap()[0].id[16..], "00c7");

    let (_dir, h) = history(&Settings { history_entries: 4, history_days: 1, ..Settings::default() });
    let mut old = entry(1);
    old.at = Timestamp::now() - SignedDuration::from_hours(48);
    h.append(&old).unwrap();
    assert_eq!(h.list(9).unwrap(), vec![]);
    h.append(&entry(2)).unwrap();
    h.append(&entry(3)).unwrap();
    assert!(h.get("-0001").is_err(), "the old one is gone from the disk");
}

#[test]
fn what_comes_within_one_millisecond_keeps_its_order_on_disk() {
    let (_dir, h) = history(&Settings { history_entries: 4, ..Settings::default() });
    for n in 0..100 {
        let entry = entry(n);
        h.append(&entry).unwrap();
        let newest = fs::read_to_string(h.segments().unwrap().pop().unwrap()).unwrap();
        assert!(newest.contains(&entry.id), "{n} is not in the last file, so it would go before older ones");
    }
}

#[test]
fn a_huge_body_is_cut_and_the_rest_of_the_entry_stays() {
    let (_dir, h) = history(&Settings::default());
    let mut e = entry(1);
    e.detail = Some(json!({ "response": { "status": 200, "body": "ä".repeat(5_000_000) } }));
    h.append(&e).unwrap();
    let kept = h.get(&e.id).unwrap().detail.unwrap();
    assert_eq!(kept["response"]["status"], 200);
    assert_eq!(kept["response"]["body_cut"], true);
    assert_eq!(kept["response"]["body"].as_str().unwrap().len(), CUT_BODY);
}

#[test]
fn no_history_is_kept_when_the_settings_say_so() {
    assert!(
        History::at(PathBuf::from("/x"), &Settings { history_entries: 0, ..Settings::default() }).is_none()
    );
}

#[cfg(unix)]
#[test]
fn files_and_directory_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let (_dir, h) = history(&Settings::default());
    h.append(&entry(1)).unwrap();
    let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&h.segments().unwrap()[0]), mode(&h.dir)), (0o600, 0o700));
}
