//! A process killed while it writes: never an empty, torn or lost file, and its litter is swept.

use super::*;
use crate::model::history::HistoryEntry;
use crate::storage::history::History;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

const WHERE: &str = "HALLPASS_TEST_KILLED_ROOT";

/// Not a test of its own: the process that gets killed. It saves, renames and moves until then.
#[test]
#[ignore = "started by the test below"]
fn writes_until_it_is_killed() {
    let Some(root) = std::env::var_os(WHERE).map(PathBuf::from) else { return };
    for n in 0_u32.. {
        let _ = save(&root, "pega-cases/get-case", |r| r.docs = format!("{n}\n").repeat(2000));
        let name = if n % 2 == 0 { "Other" } else { "Open assignment" };
        let at = if n % 2 == 0 { "pega-cases/open-assignment" } else { "pega-cases/other" };
        let _ = apply(&root, &Edit::Rename { path: path(at), name: name.into() });
        let history = History::at(root.join("history"), &Default::default()).unwrap();
        let _ = history.append(&entry(n));
    }
}

fn entry(n: u32) -> HistoryEntry {
    HistoryEntry {
        id: format!("id-{n}"),
        at: jiff::Timestamp::now(),
        path: None,
        environment: String::new(),
        name: String::new(),
        method: "GET".into(),
        url: "u".into(),
        status: None,
        duration_ms: None,
        size: None,
        failure: None,
        detail: Some(serde_json::json!("x".repeat(50_000))),
    }
}

#[test]
fn a_process_killed_at_any_moment_leaves_whole_files() {
    let (_dir, root) = samples_workspace();
    let mut rng = fastrand::Rng::new();
    let mut saved = 0;
    for _ in 0..12 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "storage::tests::killed::writes_until_it_is_killed"])
            .env(WHERE, &root)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(rng.u64(20..70)));
        child.kill().unwrap();
        child.wait().unwrap();
        let w = load_clean(&root);
        // A rename may stand between writing the new file and deleting the old one: both are whole.
        assert!(w.requests().len() >= 10, "a request was lost: {}", w.requests().len());
        let docs = request(&root, "pega-cases/get-case").docs;
        saved += u32::from(docs.lines().count() == 2000);
        let first = docs.lines().next().unwrap_or("").to_owned();
        assert!(docs.starts_with("Reads the case") || docs.lines().all(|l| l == first), "torn");
        let history = History::at(root.join("history"), &Default::default()).unwrap();
        history.append(&entry(u32::MAX)).unwrap();
        assert_eq!(history.list(1).unwrap()[0].id, format!("id-{}", u32::MAX));
        for file in snapshot(&root).keys() {
            let litter = file.file_name().unwrap().to_string_lossy().starts_with(".hallpass-");
            if litter {
                let old = SystemTime::now() - Duration::from_secs(600);
                fs::File::options().write(true).open(file).unwrap().set_modified(old).unwrap();
            }
        }
        load_clean(&root);
        let litter =
            snapshot(&root).into_keys().filter(|f| f.to_string_lossy().contains("/.hallpass-")).count();
        assert_eq!(litter, 0);
    }
    assert!(saved > 0, "the child was killed before it did anything");
}
