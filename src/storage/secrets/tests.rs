use super::*;
use std::fs;

fn secrets(state: &Path) -> Secrets {
    let mut s = Secrets::with_vault(Vault::memory(), UntrustedCommand::Refuse);
    s.state = Some(state.to_path_buf());
    s.limit = Duration::from_secs(20);
    s
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|w| (*w).to_owned()).collect()
}

fn get(s: &Secrets, root: &Path, reference: &SecretRef) -> Result<String, Problem> {
    s.get(root, "dev", "name", reference).map(|s| s.expose().to_owned())
}

#[test]
fn a_vault_secret_is_found_by_environment_and_name() {
    let dir = tempfile::tempdir().unwrap();
    let s = secrets(dir.path());
    s.vault().unwrap().set(dir.path(), "dev", "name", "v".into()).unwrap();
    assert_eq!(get(&s, dir.path(), &SecretRef::Vault).unwrap(), "v");
    let p = s.get(dir.path(), "prod", "name", &SecretRef::Vault).unwrap_err();
    assert!(
        p.next.contains("hallpass secret set name --env prod") && p.kind == ProblemKind::Unresolved,
        "{p}"
    );
}

#[test]
fn the_vault_is_opened_once_and_only_when_needed() {
    let opened = Arc::new(Mutex::new(0));
    let count = opened.clone();
    let s = Secrets::new(
        Arc::new(move || {
            *count.lock().unwrap() += 1;
            Ok(Vault::memory())
        }),
        UntrustedCommand::Refuse,
    );
    assert!(s.open_vault().is_none());
    let _ = s.get(Path::new("/"), "e", "n", &SecretRef::Env("HALLPASS_NOT_SET".into()));
    assert_eq!(*opened.lock().unwrap(), 0);
    s.vault().unwrap();
    s.vault().unwrap();
    assert_eq!(*opened.lock().unwrap(), 1);
    assert!(s.open_vault().is_some());
}

#[test]
fn an_unset_environment_variable_says_which() {
    let dir = tempfile::tempdir().unwrap();
    let p = get(&secrets(dir.path()), dir.path(), &SecretRef::Env("HALLPASS_NOT_SET".into())).unwrap_err();
    assert!(p.why.contains("HALLPASS_NOT_SET") && p.next.contains("export"));
    assert!(get(&secrets(dir.path()), dir.path(), &SecretRef::Env("PATH".into())).is_ok());
}

#[test]
fn a_secret_file_loses_one_line_end_and_a_relative_one_stays_in_the_workspace() {
    let outer = tempfile::tempdir().unwrap();
    let root = outer.path().join("w");
    fs::create_dir(&root).unwrap();
    fs::write(outer.path().join("outside"), "o\n").unwrap();
    fs::write(root.join("a"), "line\r\n").unwrap();
    fs::write(root.join("b"), "two\n\n").unwrap();
    fs::write(root.join("empty"), "\n").unwrap();
    let s = secrets(outer.path());
    let file = |f: &str| get(&s, &root, &SecretRef::File(f.to_owned()));
    assert_eq!(file("a").unwrap(), "line");
    assert_eq!(file("b").unwrap(), "two\n");
    assert!(file("empty").unwrap_err().why.contains("empty"));
    assert!(file("../outside").unwrap_err().why.contains("out of the workspace"));
    assert_eq!(file(&outer.path().join("outside").to_string_lossy()).unwrap(), "o");
    assert!(file("missing").unwrap_err().file.is_some());
}

#[cfg(unix)]
#[test]
fn a_command_runs_only_once_trusted_with_exactly_these_words() {
    let dir = tempfile::tempdir().unwrap();
    let s = secrets(dir.path());
    let touch = words(&["sh", "-c", "touch ran; echo \"$0 x\"", "a b"]);
    let p = get(&s, dir.path(), &SecretRef::Command(touch.clone())).unwrap_err();
    assert!(p.why.starts_with(NOT_TRUSTED) && !dir.path().join("ran").exists());
    assert!(p.next.contains(&dir.path().display().to_string()), "it says where: {p}");
    s.trust_command(dir.path(), &touch).unwrap();
    assert_eq!(get(&s, dir.path(), &SecretRef::Command(touch.clone())).unwrap(), "a b x");
    assert!(dir.path().join("ran").exists(), "it runs in the workspace");
    let other = words(&["sh", "-c", "touch ran; echo \"$0 x\"", "a", "b"]);
    assert!(get(&s, dir.path(), &SecretRef::Command(other)).is_err());
    let elsewhere = tempfile::tempdir().unwrap();
    assert!(get(&s, elsewhere.path(), &SecretRef::Command(touch)).is_err());
}

#[cfg(unix)]
#[test]
fn a_failing_slow_or_chatty_command_is_a_problem_without_its_output() {
    let dir = tempfile::tempdir().unwrap();
    for (script, why) in [
        ("echo canary; echo canary >&2; exit 3", "code 3"),
        ("sleep 5", "no answer"),
        ("exec 1>&-; sleep 5", "no answer"),
        ("yes | head -c 2000000", "too much"),
        ("true", "empty"),
    ] {
        let mut s = secrets(dir.path());
        if why == "no answer" {
            s.limit = Duration::from_millis(50);
        }
        let command = words(&["sh", "-c", script]);
        s.trust_command(dir.path(), &command).unwrap();
        let p = get(&s, dir.path(), &SecretRef::Command(command)).unwrap_err();
        assert!(p.why.contains(why) && !p.to_string().contains("canary"), "{p}");
    }
    let s = secrets(dir.path());
    let missing = words(&["hallpass-no-such-program"]);
    s.trust_command(dir.path(), &missing).unwrap();
    assert!(get(&s, dir.path(), &SecretRef::Command(missing)).unwrap_err().why.contains("cannot be started"));
}

#[cfg(unix)]
#[test]
fn a_file_of_the_system_is_read_only_once_trusted_by_its_path_in_this_workspace() {
    let dir = tempfile::tempdir().unwrap();
    let s = secrets(dir.path());
    let file = SecretRef::File("/etc/passwd".into());
    let p = get(&s, dir.path(), &file).unwrap_err();
    assert!(p.why.starts_with(NOT_TRUSTED_FILE) && p.why.contains("/etc/passwd"), "{p}");
    s.trust_command(dir.path(), &file_words("/etc/passwd")).unwrap();
    assert!(get(&s, dir.path(), &file).unwrap().contains("root"));
    let elsewhere = tempfile::tempdir().unwrap();
    assert!(get(&s, elsewhere.path(), &file).is_err());
}
