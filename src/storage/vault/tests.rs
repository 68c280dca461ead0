use super::*;
use std::fs;

/// Longer than any fake takes.
const PLENTY: std::time::Duration = std::time::Duration::from_secs(60);
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

/// A vault of the first format, as written by the version that had no other: passphrase `right`.
const FIRST_FORMAT: &[u8] = include_bytes!("first-format.vault");

#[test]
fn a_vault_of_the_first_format_is_read_for_ever_and_stays_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("vault");
    super::super::atomic::write(&file, FIRST_FORMAT, super::super::atomic::Access::Private).unwrap();
    let v = open(&file, "right").unwrap();
    let kept = v.get(Path::new("/tmp/w"), "dev", "client_secret").unwrap();
    assert_eq!(kept.expose(), "s3cr3t-canary");
    assert_eq!(fs::read(&file).unwrap(), FIRST_FORMAT, "reading changes nothing");
    v.set(Path::new("/w"), "dev", "x", "y".into()).unwrap();
    assert_eq!(fs::read(&file).unwrap()[..44], FIRST_FORMAT[..44]);
}

#[test]
fn a_new_passphrase_opens_the_same_secrets_and_the_old_one_nothing() {
    let (_dir, file) = filled();
    let v = open(&file, "right").unwrap();
    let salt = fs::read(&file).unwrap()[28..44].to_vec();
    let keyring = Guarded::new(Arc::new(super::super::vault_place::fakes::Fake::default()), PLENTY);
    assert!(v.use_passphrase_at(&"".into(), &keyring, CHEAP).is_err());
    v.use_passphrase_at(&"left".into(), &keyring, CHEAP).unwrap();
    assert_ne!(fs::read(&file).unwrap()[28..44], salt[..], "a new salt");
    assert!(open(&file, "right").is_err());
    assert_eq!(get(&open(&file, "left").unwrap(), "client_secret").as_deref(), Some("s3cr3t-canary"));
    v.set(Path::new("/w"), "dev", "more", "m".into()).unwrap();
    assert_eq!(get(&open(&file, "left").unwrap(), "more").as_deref(), Some("m"));
    assert!(Vault::memory().use_passphrase_at(&"p".into(), &keyring, CHEAP).is_err());
}

#[test]
fn who_has_the_vault_open_while_its_passphrase_changes_overwrites_nothing() {
    let (_dir, file) = filled();
    let (a, b) = (open(&file, "right").unwrap(), open(&file, "right").unwrap());
    let keyring = Guarded::new(Arc::new(super::super::vault_place::fakes::Fake::default()), PLENTY);
    a.use_passphrase_at(&"left".into(), &keyring, CHEAP).unwrap();
    let after = fs::read(&file).unwrap();
    assert!(b.set(Path::new("/w"), "dev", "x", "y".into()).unwrap_err().what.contains("replaced"));
    assert_eq!(fs::read(&file).unwrap(), after);
    assert_eq!(get(&b, "client_secret").as_deref(), Some("s3cr3t-canary"), "what was known stays known");
}

#[test]
fn a_vault_moves_to_the_keyring_and_back() {
    let (_dir, file) = filled();
    let fake = Arc::new(super::super::vault_place::fakes::Fake::default());
    let keyring = Guarded::new(fake.clone(), PLENTY);
    let v = open(&file, "right").unwrap();
    v.use_keyring(&keyring).unwrap();
    assert_eq!((v.kind(), fake.items()), (VaultKind::Keyring, 1));
    assert!(open(&file, "right").unwrap_err().why.contains("keyring"));
    let again = Vault::open_keyring(&file, &keyring).unwrap();
    assert_eq!(get(&again, "client_secret").as_deref(), Some("s3cr3t-canary"));
    again.use_passphrase_at(&"left".into(), &keyring, CHEAP).unwrap();
    assert_eq!((again.kind(), fake.items()), (VaultKind::File, 0), "the key is not left behind");
    assert_eq!(get(&open(&file, "left").unwrap(), "client_secret").as_deref(), Some("s3cr3t-canary"));
    assert!(Vault::open_keyring(&file, &keyring).unwrap_err().why.contains("passphrase"));
}

#[test]
fn damage_to_a_vault_in_the_keyring_is_noticed_at_every_byte() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("vault");
    let keyring = Guarded::new(Arc::new(super::super::vault_place::fakes::Fake::default()), PLENTY);
    Vault::open_keyring(&file, &keyring)
        .unwrap()
        .set(Path::new("/w"), "dev", "client_secret", "s3cr3t-canary".into())
        .unwrap();
    let good = fs::read(&file).unwrap();
    assert!(!good.windows(6).any(|w| w == b"canary"));
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        put(&file, &bad);
        assert!(Vault::open_keyring(&file, &keyring).is_err(), "byte {at}");
        assert_eq!(fs::read(&file).unwrap(), bad);
        put(&file, &good[..at]);
        assert!(Vault::open_keyring(&file, &keyring).is_err(), "cut at {at}");
    }
    put(&file, &good);
    let v = Vault::open_keyring(&file, &keyring).unwrap();
    assert_eq!(get(&v, "client_secret").as_deref(), Some("s3cr3t-canary"));
}
