//! Every edit does what it says, keeps order, and can be undone to the byte.

use super::*;

/// Applies, checks that undo and redo are exact, and leaves it done.
fn done(root: &Path, edit: Edit) -> Change {
    let before = snapshot(root);
    let change = apply(root, &edit).unwrap_or_else(|p| panic!("{edit:?}: {p}"));
    let after = snapshot(root);
    undo(root, &change).unwrap();
    assert_eq!(snapshot(root), before, "undo of {edit:?}");
    redo(root, &change).unwrap();
    assert_eq!(snapshot(root), after, "redo of {edit:?}");
    assert!(load(root).unwrap().problems.is_empty(), "{:?}", load(root).unwrap().problems);
    change
}

fn new_request(parent: &str, after: Option<&str>, name: &str) -> Edit {
    let request = Box::new(Request::new(name, "GET", "http://h/"));
    Edit::CreateRequest { parent: path(parent), after: after.map(Into::into), request }
}

#[test]
fn a_new_request_gets_a_stem_from_its_name_and_its_place_in_the_order() {
    let (_dir, root) = samples_workspace();
    let change = done(&root, new_request("pega-cases", Some("create-case"), "Create case"));
    assert_eq!(change.select, Some(path("pega-cases/create-case-2")));
    assert_eq!(
        stems(&root, "pega-cases"),
        ["list-case-types", "create-case", "create-case-2", "get-case", "open-assignment", "v1"]
    );
    let text = fs::read_to_string(root.join("collections/pega-cases/collection.toml")).unwrap();
    assert!(text.contains("\"create-case\", \"create-case-2\", \"get-case\""), "{text}");
}

#[test]
fn without_order_nothing_but_the_new_file_is_touched_when_the_name_sorts_right() {
    let (_dir, root) = workspace(&[("collections/c/a.toml", "url = \"u\"\n")]);
    assert_eq!(done(&root, new_request("c", None, "b")).files.len(), 1);
    // It shall stand between the two, where its name would not put it.
    done(&root, new_request("c", Some("a"), "z"));
    assert_eq!(stems(&root, "c"), ["a", "z", "b"]);
}

#[test]
fn folders_and_collections_are_made_renamed_and_deleted_with_all_below() {
    let (_dir, root) = samples_workspace();
    done(&root, Edit::CreateFolder { parent: None, name: "My API".into() });
    done(&root, Edit::CreateFolder { parent: Some(path("my-api")), name: "CON".into() });
    done(&root, new_request("my-api/con-1", None, "Deep"));
    let change = done(&root, Edit::Rename { path: path("my-api"), name: "Their API".into() });
    assert_eq!(change.select, Some(path("their-api")));
    assert_eq!(request(&root, "their-api/con-1/deep").name, "Deep");
    assert!(!root.join("collections/my-api").exists());
    let change = done(&root, Edit::Delete { path: path("their-api") });
    assert_eq!(change.words, "deleted Their API");
    assert!(!root.join("collections/their-api").exists());
    done(&root, Edit::Delete { path: path("pega-cases/v1") });
    assert_eq!(stems(&root, "pega-cases"), ["list-case-types", "create-case", "get-case", "open-assignment"]);
}

#[test]
fn a_rename_keeps_comments_and_the_place() {
    let (_dir, root) = samples_workspace();
    let change = done(&root, Edit::Rename { path: path("pega-cases/get-case"), name: "Read it".into() });
    assert_eq!(change.select, Some(path("pega-cases/read-it")));
    assert_eq!(change.words, "renamed Get case to Read it");
    assert_eq!(
        stems(&root, "pega-cases"),
        ["list-case-types", "create-case", "read-it", "open-assignment", "v1"]
    );
    // Only the case changes: the file stays.
    let change = done(&root, Edit::Rename { path: path("pega-cases/read-it"), name: "READ IT".into() });
    assert_eq!(change.select, Some(path("pega-cases/read-it")));
}

#[test]
fn a_copy_stands_right_behind_its_original() {
    let (_dir, root) = samples_workspace();
    let change = done(&root, Edit::Duplicate { path: path("pega-cases/create-case") });
    assert_eq!(change.select, Some(path("pega-cases/create-case-copy")));
    done(&root, Edit::Duplicate { path: path("pega-cases/create-case") });
    assert_eq!(request(&root, "pega-cases/create-case-copy-2").name, "Create case copy 2");
    assert_eq!(stems(&root, "pega-cases")[1..4], ["create-case", "create-case-copy-2", "create-case-copy"]);
    let text = fs::read_to_string(root.join("collections/pega-cases/create-case-copy.toml")).unwrap();
    assert!(text.contains("# Values of the answer"), "comments are copied too");
    done(&root, Edit::Duplicate { path: path("pega-cases/v1") });
    assert_eq!(stems(&root, "pega-cases/dx-api-v1-copy"), ["create-case", "get-case"]);
    done(&root, Edit::Duplicate { path: path("generic-oauth") });
    assert_eq!(stems(&root, "generic-oauth-api-copy"), ["list", "create", "get", "userinfo"]);
}

#[test]
fn items_move_within_and_between_folders_and_never_into_themselves() {
    let (_dir, root) = samples_workspace();
    let to = |p: &str, parent: &str, index| Edit::Move { path: path(p), parent: path(parent), index };
    done(&root, to("pega-cases/create-case", "pega-cases", 0));
    assert_eq!(stems(&root, "pega-cases")[..2], ["create-case", "list-case-types"]);
    let change = done(&root, to("pega-cases/create-case", "pega-cases/v1", 1));
    assert_eq!(change.select, Some(path("pega-cases/v1/create-case-2")));
    assert_eq!(stems(&root, "pega-cases/v1"), ["create-case", "create-case-2", "get-case"]);
    done(&root, to("pega-cases/v1", "generic-oauth", 99));
    assert_eq!(stems(&root, "generic-oauth").last().map(String::as_str), Some("v1"));
    done(&root, to("pega-cases", "generic-oauth", 0));
    assert!(root.join("collections/generic-oauth/pega-cases/folder.toml").exists());
    let before = snapshot(&root);
    assert!(apply(&root, &to("generic-oauth", "generic-oauth/v1", 0)).is_err());
    assert!(apply(&root, &to("generic-oauth/v1", "generic-oauth/v1", 0)).is_err());
    assert!(apply(&root, &to("generic-oauth/list", "../../tmp", 0)).is_err());
    assert_eq!(snapshot(&root), before);
}

#[test]
fn environments_and_profiles_come_and_go() {
    let (_dir, root) = samples_workspace();
    let mut e = crate::model::environment::Environment { name: "staging".into(), ..Default::default() };
    e.variables.insert("base_url".into(), "http://h".into());
    done(&root, Edit::SaveEnvironment(e.clone()));
    assert_eq!(load(&root).unwrap().environment("staging"), Some(&e));
    done(&root, Edit::DeleteEnvironment("staging".into()));
    for name in ["../x", "a/b", "", ".hidden", "DEV", "nul", "com1.x"] {
        let e = crate::model::environment::Environment { name: name.into(), ..Default::default() };
        assert!(apply(&root, &Edit::SaveEnvironment(e)).is_err(), "{name}");
    }
}

#[test]
fn a_file_that_changed_since_it_was_read_is_not_overwritten() {
    let (_dir, root) = samples_workspace();
    let file = root.join("collections/pega-cases/get-case.toml");
    let base = request(&root, "pega-cases/get-case");
    let mut new = base.clone();
    new.url = "http://mine".into();
    let theirs = fs::read_to_string(&file).unwrap().replace("Get case", "Theirs");
    fs::write(&file, &theirs).unwrap();
    let edit =
        Edit::SaveRequest { path: path("pega-cases/get-case"), base: Box::new(base), request: Box::new(new) };
    let problem = apply(&root, &edit).unwrap_err();
    assert!(problem.why.contains("changed"), "{problem}");
    assert_eq!(fs::read_to_string(&file).unwrap(), theirs);
    fs::remove_file(&file).unwrap();
    assert!(apply(&root, &edit).unwrap_err().why.contains("deleted"));
}

#[test]
fn a_comment_added_by_someone_else_is_kept_by_a_save() {
    let (_dir, root) = samples_workspace();
    let file = root.join("collections/pega-cases/get-case.toml");
    let base = request(&root, "pega-cases/get-case");
    let mut new = base.clone();
    new.method = "HEAD".into();
    let theirs = format!("# theirs\n{}", fs::read_to_string(&file).unwrap());
    fs::write(&file, &theirs).unwrap();
    let edit =
        Edit::SaveRequest { path: path("pega-cases/get-case"), base: Box::new(base), request: Box::new(new) };
    apply(&root, &edit).unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), theirs.replace("\"GET\"", "\"HEAD\""));
}

#[test]
fn undo_refuses_when_a_file_changed_since() {
    let (_dir, root) = samples_workspace();
    let change = apply(&root, &Edit::Delete { path: path("pega-cases/v1") }).unwrap();
    fs::create_dir_all(root.join("collections/pega-cases/v1")).unwrap();
    fs::write(root.join("collections/pega-cases/v1/get-case.toml"), "url = \"other\"\n").unwrap();
    let before = snapshot(&root);
    assert!(undo(&root, &change).is_err());
    assert_eq!(snapshot(&root), before);
}

#[test]
fn a_newer_format_is_read_only() {
    let (_dir, root) = workspace(&[("collections/c/a.toml", "url = \"u\"\n")]);
    fs::write(root.join("hallpass.toml"), "format = 99\n").unwrap();
    let w = load(&root).unwrap();
    assert!(w.read_only && w.problems.len() == 1 && w.requests().len() == 1);
    let before = snapshot(&root);
    assert!(apply(&root, &new_request("c", None, "x")).is_err());
    assert_eq!(snapshot(&root), before);
}

#[test]
fn init_overwrites_nothing_and_knows_its_samples() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("auth")).unwrap();
    fs::write(dir.path().join("auth/pega.toml"), "grant = \"password\"\n").unwrap();
    let written = init(dir.path(), "N", &["pega-cases".into()]).unwrap();
    assert!(!written.iter().any(|p| p.ends_with("auth/pega.toml")));
    assert_eq!(fs::read_to_string(dir.path().join("auth/pega.toml")).unwrap(), "grant = \"password\"\n");
    assert!(init(dir.path(), "N", &[]).unwrap_err().why.contains("already"));
    assert!(init(dir.path(), "N", &["pega-case".into()]).unwrap_err().next.contains("`pega-cases`"));
    let below = dir.path().join("collections/pega-cases/v1");
    assert_eq!(find_root(&below), Some(dir.path().to_path_buf()));
    let empty = tempfile::tempdir().unwrap();
    init(empty.path(), "E", &[]).unwrap();
    assert_eq!(load_clean(empty.path()).default_environment.as_deref(), Some("dev"));
    assert_eq!(find_root(Path::new("/")), None);
}

#[cfg(unix)]
#[test]
fn links_do_not_loop_and_do_not_lead_out() {
    use std::os::unix::fs::symlink;
    let (_dir, root) = workspace(&[("collections/c/a.toml", "url = \"u\"\n")]);
    symlink(&root, root.join("collections/c/up")).unwrap();
    symlink("/usr", root.join("collections/c/out")).unwrap();
    symlink(root.join("collections/c"), root.join("collections/c/self")).unwrap();
    symlink("/dev/zero", root.join("collections/c/zero.toml")).unwrap();
    let w = load(&root).unwrap();
    assert_eq!(w.requests().len(), 1);
    assert_eq!(w.problems.len(), 4, "{:#?}", w.problems);
    let before = fs::read_dir("/usr").unwrap().count();
    assert!(apply(&root, &Edit::Delete { path: path("c/out") }).is_err());
    assert!(apply(&root, &Edit::Delete { path: path("c") }).is_err());
    assert!(apply(&root, &new_request("c/out", None, "x")).is_err());
    assert_eq!(fs::read_dir("/usr").unwrap().count(), before);
}

#[test]
fn when_one_of_several_files_cannot_be_written_none_is() {
    let (_dir, root) = samples_workspace();
    let locked = root.join("collections/pega-cases/v1/folder.toml");
    let mut mode = fs::metadata(&locked).unwrap().permissions();
    mode.set_readonly(true);
    fs::set_permissions(&locked, mode).unwrap();
    let before = snapshot(&root);
    let edit = Edit::Move { path: path("pega-cases/get-case"), parent: path("pega-cases/v1"), index: 0 };
    let problem = apply(&root, &edit).unwrap_err();
    assert!(problem.why.contains("read-only"), "{problem}");
    assert_eq!(snapshot(&root), before);
}

#[test]
fn edits_of_two_at_once_never_overwrite_each_other_silently() {
    let (_dir, root) = workspace(&[("collections/c/a.toml", "url = \"0\"\n")]);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let root = root.clone();
            std::thread::spawn(move || {
                let mut done = 0;
                for _ in 0..20 {
                    // Each adds one to what it read; a lost update would show in the sum.
                    let saved = save(&root, "c/a", |r| {
                        r.url = (r.url.parse::<u32>().unwrap() + 1).to_string();
                    });
                    done += u32::from(saved.is_ok_and(|c| !c.files.is_empty()));
                }
                done
            })
        })
        .collect();
    let done: u32 = threads.into_iter().map(|t| t.join().unwrap()).sum();
    assert_eq!(request(&root, "c/a").url, done.to_string());
}

#[test]
fn a_folder_of_empty_directories_can_be_deleted_and_renamed() {
    let (_dir, root) = workspace(&[("collections/c/a.toml", "url = \"u\"\n")]);
    fs::create_dir_all(root.join("collections/c/empty/deeper")).unwrap();
    apply(&root, &Edit::Delete { path: path("c/empty") }).unwrap();
    assert!(!root.join("collections/c/empty").exists());
    fs::create_dir_all(root.join("collections/c/old/deeper")).unwrap();
    let change = apply(&root, &Edit::Rename { path: path("c/old"), name: "New".into() }).unwrap();
    assert_eq!(
        (change.select, stems(&root, "c")),
        (Some(path("c/new")), vec!["a".to_owned(), "new".to_owned()])
    );
}

#[test]
fn variables_set_by_many_at_once_are_all_there() {
    let (_dir, root) = workspace(&[("environments/dev.toml", "# mine\n[variables]\nold = \"1\"\n")]);
    let set = |name: String| Edit::SetVariable {
        environment: "dev".into(),
        name,
        value: Some(crate::model::value::Value::from("x")),
    };
    std::thread::scope(|scope| {
        for n in 0..8 {
            let (root, edit) = (&root, set(format!("v{n}")));
            scope.spawn(move || apply(root, &edit).unwrap());
        }
    });
    let names = |root: &Path| {
        let w = load(root).unwrap();
        w.environment("dev").unwrap().variables.keys().cloned().collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(names(&root).len(), 9, "{:?}", names(&root));
    let gone = Edit::SetVariable { environment: "dev".into(), name: "old".into(), value: None };
    apply(&root, &gone).unwrap();
    let text = fs::read_to_string(root.join("environments/dev.toml")).unwrap();
    assert!(names(&root).len() == 8 && text.starts_with("# mine\n"), "{text}");
    assert!(
        apply(&root, &Edit::SetVariable { environment: "no".into(), name: "a".into(), value: None }).is_err()
    );
}
