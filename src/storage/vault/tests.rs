use super::*;
use std::fs;

const CHEAP: Cost = Cost { memory: 64, passes: 1, lanes: 1 };

fn open(file: &Path, passphrase: &str) -> Result<Vault, Problem> {
    Vault::open_with(file, &Secret::new(passphrase), CHEAP)
}

fn filled() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("private/vault");
    let v = open(&file, "right").unwrap();
    v.set(Path::new("/w"), "dev", "client_secret", "s3cr3t-canary".into()).unwrap();
    (dir, file)
}

fn get(v: &Vault, name: &str) -> Option<String> {
    v.get(Path::new("/w"), "dev", name).map(|s| s.expose().to_owned())
}

#[test]
fn a_secret_survives_and_is_nowhere_in_the_file() {
    let (_dir, file) = filled();
    let bytes = fs::read(&file).unwrap();
    assert!(!bytes.windows(6).any(|w| w == b"canary" || w == b"client"));
    let v = open(&file, "right").unwrap();
    assert_eq!(get(&v, "client_secret").as_deref(), Some("s3cr3t-canary"));
    assert_eq!(v.get(Path::new("/w"), "prod", "client_secret"), None);
    assert_eq!(v.list(Path::new("/w")).len(), 1);
    assert!(v.forget(Path::new("/w"), "dev", "client_secret").unwrap());
    assert!(!v.forget(Path::new("/w"), "dev", "client_secret").unwrap());
    assert_eq!(get(&open(&file, "right").unwrap(), "client_secret"), None);
    assert_eq!(format!("{v:?} {:?}", Vault::memory()), "Vault(file) Vault(memory)");
}

#[test]
fn the_real_cost_is_what_the_contract_says() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("v");
    Vault::open(&file, &"p".into()).unwrap();
    let head = &fs::read(&file).unwrap()[16..28];
    assert_eq!(head, [0, 1, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1]);
}

#[test]
fn a_wrong_or_empty_passphrase_opens_nothing_and_changes_nothing() {
    let (_dir, file) = filled();
    let before = fs::read(&file).unwrap();
    assert!(open(&file, "wrong").unwrap_err().why.contains("passphrase is wrong"));
    assert!(open(&file, "").unwrap_err().why.contains("empty"));
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn any_damaged_byte_and_any_cut_is_noticed_and_the_file_stays() {
    let (_dir, file) = filled();
    let good = fs::read(&file).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        put(&file, &bad);
        // The costs stay small here: the header's bounds are checked in the next test.
        if !(16..28).contains(&at) {
            assert!(open(&file, "right").is_err(), "byte {at}");
            assert_eq!(fs::read(&file).unwrap(), bad);
        }
        put(&file, &good[..at]);
        assert!(open(&file, "right").is_err(), "cut at {at}");
        assert_eq!(fs::read(&file).unwrap().len(), at);
    }
}

#[test]
fn a_newer_format_and_impossible_costs_are_refused_in_words() {
    let (_dir, file) = filled();
    let good = fs::read(&file).unwrap();
    let mut newer = good.clone();
    newer[15] = 9;
    put(&file, &newer);
    assert!(open(&file, "right").unwrap_err().next.contains("update"));
    let mut greedy = good;
    greedy[16..20].copy_from_slice(&u32::MAX.to_be_bytes());
    put(&file, &greedy);
    assert!(open(&file, "right").unwrap_err().why.contains("impossible"));
}

/// Overwrites in place, mode kept.
fn put(file: &Path, bytes: &[u8]) {
    fs::write(file, bytes).unwrap();
}

#[test]
fn each_write_has_a_fresh_nonce() {
    let (_dir, file) = filled();
    let v = open(&file, "right").unwrap();
    let nonce = || fs::read(&file).unwrap()[44..56].to_vec();
    let mut seen = vec![nonce()];
    for i in 0..10 {
        v.set(Path::new("/w"), "dev", "x", format!("{i}").into()).unwrap();
        assert!(!seen.contains(&nonce()));
        seen.push(nonce());
    }
    v.set(Path::new("/w"), "dev", "x", "9".into()).unwrap();
    assert_eq!(seen.last(), Some(&nonce()), "an equal value is not written again");
}

#[test]
fn two_open_vaults_do_not_lose_each_others_secrets() {
    let (_dir, file) = filled();
    let threads: Vec<_> = (0..4)
        .map(|t| {
            let v = open(&file, "right").unwrap();
            std::thread::spawn(move || {
                for i in 0..10 {
                    v.set(Path::new("/w"), "dev", &format!("n{t}-{i}"), "x".into()).unwrap();
                }
            })
        })
        .collect();
    let watcher = open(&file, "right").unwrap();
    threads.into_iter().for_each(|t| t.join().unwrap());
    assert_eq!(watcher.list(Path::new("/w")).len(), 41, "an open vault sees what others wrote");
}

#[cfg(unix)]
#[test]
fn the_file_is_private_from_the_start_and_refused_when_it_is_not() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (dir, file) = filled();
    let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(open(&file, "right").unwrap_err().next.contains("chmod 600"));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let link = dir.path().join("link");
    symlink(&file, &link).unwrap();
    assert!(open(&link, "right").unwrap_err().why.contains("link"));
}
