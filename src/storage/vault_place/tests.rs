use super::fakes::{Fake, Fault};
use super::*;
use crate::flow::TokenStore;
use crate::storage::secrets::{Secrets, UntrustedCommand};
use crate::storage::vault::VaultKind;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const CANARY: &str = "canary-4711";
/// What a keyring that hangs is given in tests; the others have all the time in the world.
const SHORT: Duration = Duration::from_millis(30);
const PLENTY: Duration = Duration::from_secs(60);

/// Passphrases as they are had: given beforehand, typed, or not at all.
#[derive(Default, Clone, Copy)]
struct Words {
    given: Option<&'static str>,
    typed: Option<&'static str>,
}

impl Passphrases for Words {
    fn given(&self) -> Result<Option<Secret>, Problem> {
        Ok(self.given.map(Secret::from))
    }

    fn ask(&self, _new: bool) -> Result<Secret, Problem> {
        self.given.or(self.typed).map(Secret::from).ok_or_else(|| {
            Problem::new(ProblemKind::Usage, "the vault needs its passphrase", "nobody to ask", "set it")
        })
    }
}

const NOBODY: Words = Words { given: None, typed: None };
const TYPED: Words = Words { given: None, typed: Some("typed") };
const GIVEN: Words = Words { given: Some("given"), typed: None };

struct Machine {
    dir: tempfile::TempDir,
    fake: Arc<Fake>,
    keyring: Guarded,
}

fn machine(fault: Fault) -> Machine {
    let fake = Arc::new(Fake::with(fault));
    let hangs = matches!(fault, Fault::Hangs | Fault::HangsOnRead | Fault::HangsOnStore);
    let keyring = Guarded::new(fake.clone(), if hangs { SHORT } else { PLENTY });
    Machine { dir: tempfile::tempdir().unwrap(), fake, keyring }
}

impl Machine {
    fn file(&self) -> PathBuf {
        self.dir.path().join("data/vault")
    }

    fn place(&self, choice: VaultChoice) -> VaultPlace {
        VaultPlace::test(self.file(), choice, self.keyring.clone())
    }

    /// As another process would see it: nothing is known of questions asked before.
    fn anew(&self, deadline: Duration) -> VaultPlace {
        let keyring = Guarded::new(self.fake.clone(), deadline);
        VaultPlace::test(self.file(), VaultChoice::Auto, keyring)
    }

    fn holds_plaintext(&self) -> bool {
        fn go(dir: &Path) -> bool {
            fs::read_dir(dir).unwrap().any(|e| {
                let at = e.unwrap().path();
                if at.is_dir() { go(&at) } else { fs::read(at).unwrap().windows(6).any(|w| w == b"canary") }
            })
        }
        go(self.dir.path())
    }
}

fn put(vault: &Vault) {
    vault.set(Path::new("/w"), "dev", "s", CANARY.into()).unwrap();
}

fn has(vault: &Vault) -> bool {
    vault.get(Path::new("/w"), "dev", "s").is_some_and(|s| s.expose() == CANARY)
}

fn kind(vault: Option<Vault>) -> Option<VaultKind> {
    vault.map(|v| v.kind())
}

#[test]
fn a_keyring_that_answers_keeps_the_key_and_no_passphrase_is_wanted() {
    let m = machine(Fault::None);
    assert_eq!(m.place(VaultChoice::Auto).found().unwrap(), Found::Nothing);
    assert_eq!(m.place(VaultChoice::Auto).open(&NOBODY).unwrap().kind(), VaultKind::Memory);
    assert_eq!(m.fake.asked(), 0, "reading nothing asks nobody");
    let v = m.place(VaultChoice::Auto).open_to_keep(&NOBODY, false).unwrap().unwrap();
    assert_eq!((v.kind(), v.kind().word(), m.fake.items()), (VaultKind::Keyring, "keyring", 1));
    put(&v);
    assert!(!m.holds_plaintext());
    let again = m.anew(PLENTY);
    assert_eq!(again.found().unwrap(), Found::Keyring);
    assert!(has(&again.open(&NOBODY).unwrap()));
    let kept = again.open_to_keep(&GIVEN, true).unwrap().unwrap();
    assert!(has(&kept) && kept.kind() == VaultKind::Keyring, "a passphrase changes nothing about a file");
}

#[test]
fn a_keyring_that_fails_in_any_way_gives_way_to_the_passphrase_file_and_nothing_is_plain() {
    for fault in Fault::BAD {
        let m = machine(fault);
        let nowhere = m.place(VaultChoice::Auto).open_to_keep(&NOBODY, false).unwrap();
        assert!(nowhere.is_none(), "{fault:?}");
        assert!(!m.file().exists(), "{fault:?}: nothing is made that cannot be opened again");
        let refused = m.place(VaultChoice::Auto).open_to_keep(&NOBODY, true).unwrap_err();
        assert!(refused.why.contains("keyring") && refused.why.contains("nobody to ask"), "{refused}");
        assert!(!refused.to_string().contains('\u{1b}'), "{refused}");
        let v = m.place(VaultChoice::Auto).open_to_keep(&TYPED, true).unwrap().unwrap();
        assert_eq!(v.kind(), VaultKind::File, "{fault:?}");
        put(&v);
        assert!(!m.holds_plaintext(), "{fault:?}");
        assert!(has(&m.place(VaultChoice::Auto).open(&TYPED).unwrap()), "{fault:?}");
        m.place(VaultChoice::Keyring).open(&NOBODY).unwrap_err();
        let asked = m.fake.asked();
        assert!(has(&m.place(VaultChoice::Keyring).open(&TYPED).unwrap()), "a file decides by its header");
        assert_eq!(m.fake.asked(), asked, "a passphrase file asks no keyring");
    }
}

#[test]
fn a_keyring_that_fails_later_is_a_problem_and_never_another_store_and_loses_nothing() {
    for fault in Fault::BAD {
        let m = machine(Fault::None);
        put(&m.place(VaultChoice::Auto).open_to_keep(&NOBODY, false).unwrap().unwrap());
        let before = fs::read(m.file()).unwrap();
        m.fake.become_(fault);
        let reading_fails = !matches!(fault, Fault::HangsOnStore | Fault::RefusesStore);
        let hangs = matches!(fault, Fault::Hangs | Fault::HangsOnRead);
        let place = m.anew(if hangs { SHORT } else { PLENTY });
        for words in [NOBODY, TYPED, GIVEN] {
            for opened in [place.open(&words), place.open_to_keep(&words, true).map(Option::unwrap)] {
                if reading_fails {
                    let problem = opened.unwrap_err();
                    assert!(
                        !problem.next.is_empty() && problem.why.contains("keyring"),
                        "{fault:?} {problem}"
                    );
                    assert!(!problem.to_string().contains("the vault is locked"), "no passphrase helps here");
                } else {
                    assert!(has(&opened.unwrap()), "{fault:?}");
                }
            }
        }
        assert_eq!(fs::read(m.file()).unwrap(), before, "{fault:?}");
        m.fake.become_(Fault::None);
        assert!(has(&m.anew(PLENTY).open(&NOBODY).unwrap()), "{fault:?}: all is there when it works again");
    }
}

#[test]
fn an_open_vault_needs_the_keyring_no_more() {
    let m = machine(Fault::None);
    let v = m.place(VaultChoice::Auto).open_to_keep(&NOBODY, false).unwrap().unwrap();
    m.fake.become_(Fault::Hangs);
    put(&v);
    assert!(has(&v));
}

#[test]
fn a_lost_item_is_told_and_the_file_stays() {
    let m = machine(Fault::None);
    put(&m.place(VaultChoice::Auto).open_to_keep(&NOBODY, false).unwrap().unwrap());
    let before = fs::read(m.file()).unwrap();
    m.fake.lose_all();
    let problem = m.anew(PLENTY).open_to_keep(&TYPED, true).unwrap_err();
    assert!(problem.why.contains("no key") && problem.file.is_some(), "{problem}");
    assert_eq!(fs::read(m.file()).unwrap(), before);
}

#[test]
fn a_hanging_keyring_is_asked_once_and_not_waited_for_again() {
    let m = machine(Fault::Hangs);
    for _ in 0..50 {
        assert!(m.place(VaultChoice::Auto).open_to_keep(&NOBODY, false).unwrap().is_none());
    }
    assert_eq!(m.fake.asked(), 1, "no thread is added for each try");
}

#[test]
fn the_choice_of_the_settings_counts_where_nothing_is_yet() {
    let m = machine(Fault::None);
    assert_eq!(kind(m.place(VaultChoice::Memory).open_to_keep(&TYPED, true).unwrap()), None);
    assert_eq!(kind(m.place(VaultChoice::File).open_to_keep(&NOBODY, false).unwrap()), None);
    assert!(m.place(VaultChoice::File).open_to_keep(&NOBODY, true).is_err());
    assert_eq!((m.fake.asked(), m.file().exists()), (0, false));
    assert_eq!(kind(m.place(VaultChoice::Auto).open_to_keep(&GIVEN, false).unwrap()), Some(VaultKind::File));
    assert_eq!(m.fake.asked(), 0, "a passphrase that was given is meant to be used");
    assert_eq!(m.place(VaultChoice::Memory).open(&NOBODY).unwrap().kind(), VaultKind::Memory);
    let m = machine(Fault::None);
    let v = m.place(VaultChoice::Keyring).open_to_keep(&GIVEN, true).unwrap();
    assert_eq!(kind(v), Some(VaultKind::Keyring));
    let m = machine(Fault::Locked);
    let problem = m.place(VaultChoice::Keyring).open_to_keep(&GIVEN, true).unwrap_err();
    assert!(problem.why.contains("locked") && !m.file().exists(), "{problem}");
}

#[test]
fn processes_that_make_the_vault_at_once_share_one_and_leave_no_key_behind() {
    let m = machine(Fault::None);
    let threads: Vec<_> = (0..8)
        .map(|n| {
            let place = m.anew(PLENTY);
            std::thread::spawn(move || {
                let v = place.open_to_keep(&NOBODY, false).unwrap().unwrap();
                v.set(Path::new("/w"), "dev", &format!("n{n}"), "x".into()).unwrap();
            })
        })
        .collect();
    threads.into_iter().for_each(|t| t.join().unwrap());
    assert_eq!(m.place(VaultChoice::Auto).open(&NOBODY).unwrap().list(Path::new("/w")).len(), 8);
    assert_eq!(m.fake.items(), 1);
}

fn secrets(m: &Machine) -> Secrets {
    let (place, again) = (m.place(VaultChoice::Auto), m.place(VaultChoice::Auto));
    Secrets::new(Arc::new(move || place.open(&NOBODY)), UntrustedCommand::Refuse)
        .keeping(Arc::new(move || again.open_to_keep(&NOBODY, false)))
}

#[test]
fn what_is_in_memory_goes_along_when_the_first_thing_is_kept() {
    let m = machine(Fault::None);
    let s = secrets(&m);
    put(&s.vault().unwrap());
    assert_eq!((s.vault().unwrap().kind(), m.fake.asked()), (VaultKind::Memory, 0));
    let kept = s.vault_to_keep().unwrap();
    assert!(has(&kept) && kept.kind() == VaultKind::Keyring);
    assert_eq!(s.vault().unwrap().kind(), VaultKind::Keyring);
    assert!(has(&m.anew(PLENTY).open(&NOBODY).unwrap()));
}

#[test]
fn without_a_keyring_memory_has_to_do_and_keeps_all_for_the_session() {
    for fault in Fault::BAD {
        let m = machine(fault);
        let s = secrets(&m);
        put(&s.vault().unwrap());
        for _ in 0..3 {
            let v = s.vault_to_keep().unwrap();
            assert!(has(&v) && v.kind() == VaultKind::Memory, "{fault:?}");
        }
        let asked = m.fake.asked();
        assert!(asked <= 3, "{fault:?}: tried once, not each time ({asked})");
        assert!(!m.holds_plaintext() && !m.file().exists());
        let lock = TokenStore::lock(&s.vault().unwrap(), Path::new("/w"), &Default::default());
        assert!(lock.is_none(), "memory needs no lock against others");
    }
}
