//! What is saved says what was asked for, and nothing else moves.

use super::*;
use crate::model::auth::{Auth, KeyPlace};
use crate::model::check::{Capture, Check, Operator, Selector};
use crate::model::request::{Body, Part, PartContent, Row};
use crate::model::value::{SecretRef, Value};
use serde_json::json;

const RICH: &str = r#"# What this file is for
name = "Rich"   # shown
url = 'http://h/{id}'
method = "PUT"
x-unknown = [1, 2]

# Headers with notes
headers = [
  # the first
  { name = "Accept", value = "application/json" }, # why
  {name="X-Debug",value="1",enabled=false, note = "kept"},
  { name = "X-Last", value = "z" }   # no comma
]

[body]
# the body
json = '''
{ "a": 1 }
'''
other = true

[capture]
a = { json = "$.a" } # first
b = { header = "etag" }

[[check]]
status = true
equals = 200

# the second
[[check]]
name = "n"
json = "$.a"
equals = [1, "x"]

[later]
kept = "yes"
"#;

fn rich() -> (TempDir, PathBuf) {
    workspace(&[("collections/c/rich.toml", RICH)])
}

fn text(root: &Path) -> String {
    fs::read_to_string(root.join("collections/c/rich.toml")).unwrap()
}

/// Saves a change and checks that the file reads back as asked and that exactly these lines changed.
fn one_hunk(change: impl FnOnce(&mut Request), gone: &[&str], come: &[&str]) {
    let (_dir, root) = rich();
    let mut wanted = request(&root, "c/rich");
    change(&mut wanted);
    save(&root, "c/rich", |r| *r = wanted.clone()).unwrap();
    assert_eq!(request(&root, "c/rich"), wanted);
    let after = text(&root);
    assert_eq!(hunk(RICH, &after), (owned(gone), owned(come)), "{after}");
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|l| format!("{l}\n")).collect()
}

#[test]
fn the_samples_load_without_a_problem_and_in_order() {
    let (_dir, root) = samples_workspace();
    let w = load_clean(&root);
    let all: Vec<String> =
        w.requests().iter().map(|(_, i)| format!("{} {}", i.path, i.request.name)).collect();
    assert_eq!(
        all,
        [
            "generic-oauth/list List",
            "generic-oauth/create Create",
            "generic-oauth/get Get",
            "generic-oauth/userinfo Userinfo",
            "pega-cases/list-case-types List case types",
            "pega-cases/create-case Create case",
            "pega-cases/get-case Get case",
            "pega-cases/open-assignment Open assignment",
            "pega-cases/v1/create-case Create case (v1)",
            "pega-cases/v1/get-case Get case (v1)",
        ]
    );
    assert_eq!(w.default_environment.as_deref(), Some("dev"));
    assert_eq!(w.environment("dev").unwrap().variables["client_secret"], Value::Secret(SecretRef::Vault));
    let create = request(&root, "pega-cases/create-case");
    assert_eq!(create.body, Body::Json("{ \"caseTypeID\": \"{{case_type}}\", \"content\": {} }\n".into()));
    assert_eq!(create.captures.len(), 4);
    assert_eq!(create.checks[0].operator, Operator::Equals(json!(201)));
}

#[test]
fn saving_without_a_change_changes_no_byte() {
    let (_dir, root) = samples_workspace();
    let before = snapshot(&root);
    let w = load_clean(&root);
    for (_, item) in w.requests() {
        let change = save(&root, item.path.as_str(), |_| {}).unwrap();
        assert!(change.files.is_empty());
    }
    for e in &w.environments {
        apply(&root, &Edit::SaveEnvironment(e.clone())).unwrap();
    }
    for p in &w.profiles {
        apply(&root, &Edit::SaveProfile(Box::new(p.clone()))).unwrap();
    }
    assert_eq!(snapshot(&root), before);
}

#[test]
fn one_edited_field_is_one_line() {
    one_hunk(|r| r.name = "New".into(), &["name = \"Rich\"   # shown"], &["name = \"New\"   # shown"]);
    one_hunk(|r| r.url = "http://h/x".into(), &["url = 'http://h/{id}'"], &["url = \"http://h/x\""]);
    one_hunk(|r| r.docs = "d".into(), &[], &["docs = \"d\""]);
    one_hunk(|r| r.auth = Auth::Profile("pega".into()), &[], &["auth = \"pega\""]);
}

#[test]
fn one_edited_row_is_one_line_and_keeps_its_comment_and_unknown_keys() {
    one_hunk(
        |r| r.headers[0].value = "text/xml".into(),
        &["  { name = \"Accept\", value = \"application/json\" }, # why"],
        &["  { name = \"Accept\", value = \"text/xml\" }, # why"],
    );
    one_hunk(
        |r| r.headers[1].enabled = true,
        &["  {name=\"X-Debug\",value=\"1\",enabled=false, note = \"kept\"},"],
        &["  {name=\"X-Debug\", value=\"1\", note = \"kept\"},"],
    );
    one_hunk(
        |r| r.headers[0].enabled = false,
        &["  { name = \"Accept\", value = \"application/json\" }, # why"],
        &["  { name = \"Accept\", value = \"application/json\", enabled = false }, # why"],
    );
}

#[test]
fn rows_come_and_go_as_lines() {
    one_hunk(
        |r| drop(r.headers.remove(1)),
        &["  {name=\"X-Debug\",value=\"1\",enabled=false, note = \"kept\"},"],
        &[],
    );
    one_hunk(|r| r.headers.insert(1, Row::on("N", "v")), &[], &["  { name = \"N\", value = \"v\" },"]);
    one_hunk(
        |r| r.headers.push(Row::on("N", "v")),
        &["  { name = \"X-Last\", value = \"z\" }   # no comma"],
        &["  { name = \"X-Last\", value = \"z\" },   # no comma", "  { name = \"N\", value = \"v\" }"],
    );
    one_hunk(
        |r| r.params.push(Row::on("q", "1")),
        &[],
        &["", "params = [", "  { name = \"q\", value = \"1\" },", "]"],
    );
}

#[test]
fn a_body_is_edited_in_place_and_may_change_its_kind() {
    one_hunk(|r| r.body = Body::Json("{ \"a\": 2 }\n".into()), &["{ \"a\": 1 }"], &["{ \"a\": 2 }"]);
    one_hunk(
        |r| r.body = Body::Text("hi".into()),
        &["json = '''", "{ \"a\": 1 }", "'''"],
        &["text = \"hi\""],
    );
}

#[test]
fn captures_and_checks_are_edited_one_by_one() {
    one_hunk(
        |r| r.captures[0].selector = Selector::Json("$.z".into()),
        &["a = { json = \"$.a\" } # first"],
        &["a = { json = \"$.z\" } # first"],
    );
    one_hunk(
        |r| r.captures.push(Capture { variable: "c".into(), selector: Selector::Status }),
        &[],
        &["c = { status = true }"],
    );
    one_hunk(
        |r| r.checks[1].operator = Operator::Equals(json!("y")),
        &["equals = [1, \"x\"]"],
        &["equals = \"y\""],
    );
    one_hunk(
        |r| r.checks[1].operator = Operator::Exists(false),
        &["equals = [1, \"x\"]"],
        &["exists = false"],
    );
    one_hunk(
        |r| {
            r.checks.push(Check {
                name: None,
                selector: Selector::Duration,
                operator: Operator::Less(json!(500)),
            })
        },
        &[],
        &["[[check]]", "duration = true", "less = 500", ""],
    );
    one_hunk(
        |r| drop(r.checks.pop()),
        &["[[check]]", "name = \"n\"", "json = \"$.a\"", "equals = [1, \"x\"]"],
        &[],
    );
}

#[test]
fn a_check_in_its_other_spelling_is_edited_in_place() {
    one_hunk(
        |r| r.checks[0].operator = Operator::Equals(json!(404)),
        &["status = true", "equals = 200"],
        &["status = 404"],
    );
    one_hunk(|r| r.checks[0].operator = Operator::Less(json!(300)), &["equals = 200"], &["less = 300"]);
}

#[test]
fn crlf_and_a_byte_order_mark_stay() {
    let crlf = format!("\u{feff}{}", RICH.replace('\n', "\r\n"));
    let (_dir, root) = workspace(&[("collections/c/rich.toml", &crlf)]);
    assert_eq!(request(&root, "c/rich").body, Body::Json("{ \"a\": 1 }\n".into()));
    save(&root, "c/rich", |r| {
        r.body = Body::Json("{ \"a\": 1,\n  \"b\": 2 }\n".into());
    })
    .unwrap();
    let (gone, come) = hunk(&crlf, &text(&root));
    assert_eq!(
        (gone, come),
        (vec!["{ \"a\": 1 }\r\n".into()], vec!["{ \"a\": 1,\r\n".into(), "  \"b\": 2 }\r\n".into()])
    );
}

#[test]
fn other_spellings_of_toml_are_read_and_edited() {
    let odd = "url = \"u\"\nbody.json = \"1\"\ncapture.a.json = \"$.a\"\ncheck = [ { status = 200 } ]\nauth = { kind = \"basic\", username = \"u\", password = \"{{p}}\" }\n[[headers]]\nname = \"A\"\nvalue = \"1\"\n\n[[headers]]\nname = \"B\"\nvalue = \"2\"\n\n[variables]\nn = 5\nf = 1.10\nb = true\nd = 2026-11-23\n";
    let (_dir, root) = workspace(&[("collections/c/odd.toml", odd)]);
    load_clean(&root);
    let r = request(&root, "c/odd");
    assert_eq!(r.variables["f"], Value::from("1.10"));
    assert_eq!(r.variables["d"], Value::from("2026-11-23"));
    assert_eq!(r.headers.len(), 2);
    let change = |f: &dyn Fn(&mut Request)| {
        let mut wanted = request(&root, "c/odd");
        f(&mut wanted);
        save(&root, "c/odd", |r| *r = wanted.clone()).unwrap();
        assert_eq!(
            request(&root, "c/odd"),
            wanted,
            "{}",
            fs::read_to_string(root.join("collections/c/odd.toml")).unwrap()
        );
    };
    change(&|r| r.body = Body::Json("2".into()));
    change(&|r| r.body = Body::Xml("<a/>".into()));
    change(&|r| r.captures.push(Capture { variable: "z".into(), selector: Selector::Status }));
    change(&|r| r.headers[1].value = "3".into());
    change(&|r| drop(r.headers.remove(0)));
    change(&|r| r.headers.push(Row::on("C", "4")));
    change(&|r| {
        r.checks.push(Check {
            name: None,
            selector: Selector::Text,
            operator: Operator::Contains(json!("x")),
        })
    });
    change(&|r| r.auth = Auth::Basic { username: "v".into(), password: Value::from("{{p}}") });
    change(&|r| r.body = Body::None);
    change(&|r| r.captures.clear());
    change(&|r| r.headers.clear());
    change(&|r| r.variables.clear());
}

#[test]
fn every_kind_of_request_survives_being_written_and_every_change_between_them() {
    let part = |content| Part { name: "p".into(), content, content_type: None, enabled: true };
    let bodies = [
        Body::None,
        Body::Json("{\n \"q\": \"it's '''\" }".into()),
        Body::Text("a\r\nb".into()),
        Body::Xml("<a b=\"c\"/>\n".into()),
        Body::Form(vec![Row::on("a", "1"), Row { name: "b".into(), value: "".into(), enabled: false }]),
        Body::Form(vec![]),
        Body::Multipart(vec![part(PartContent::File("x.pdf".into())), part(PartContent::Text("t\n".into()))]),
        Body::File("big.bin".into()),
        Body::Graphql { query: "query {\n a }\n".into(), variables: "{\"x\": 1}".into() },
        Body::Graphql { query: "{ b }".into(), variables: String::new() },
    ];
    let auths = [
        Auth::Inherit,
        Auth::None,
        Auth::Profile("p".into()),
        Auth::Basic { username: "u".into(), password: Value::Secret(SecretRef::Env("P".into())) },
        Auth::Bearer { token: Value::from("{{t}}") },
        Auth::ApiKey { name: "k".into(), value: Value::Secret(SecretRef::Vault), place: KeyPlace::Query },
    ];
    let (_dir, root) = workspace(&[("collections/c/collection.toml", "name = \"C\"\n")]);
    let mut full = Request::new("Full", "POST", "http://h/\"x\"\\y");
    full.variables
        .insert("a b".into(), Value::Secret(SecretRef::Command(vec!["op".into(), "read \"x\"".into()])));
    full.variables.insert("c".into(), Value::Secret(SecretRef::File("f".into())));
    full.tags = vec!["x".into(), "y z".into()];
    full.docs = "line\nline '''\n".into();
    full.options.timeout_ms = Some(2500);
    full.options.redirects = Some(0);
    full.options.http_version = Some("1.1".into());
    let operators = [
        Operator::Equals(json!(null)),
        Operator::Not(json!({"a": [1, 2.5, true]})),
        Operator::Contains(json!("x")),
        Operator::Matches("^\\d+'$".into()),
        Operator::Exists(false),
        Operator::Greater(json!(1.5)),
        Operator::OneOf(vec![json!(1), json!("b")]),
        Operator::Type("array".into()),
        Operator::Length(3),
    ];
    for operator in operators {
        for selector in
            [Selector::Status, Selector::Header("x".into()), Selector::Json("$['a']".into()), Selector::Text]
        {
            full.checks.push(Check { name: None, selector, operator: operator.clone() });
        }
    }
    let change = apply(
        &root,
        &Edit::CreateRequest { parent: path("c"), after: None, request: Box::new(full.clone()) },
    )
    .unwrap();
    let at = change.select.unwrap();
    assert_eq!(request(&root, at.as_str()), full);
    for (i, body) in bodies.iter().enumerate() {
        for (j, auth) in auths.iter().enumerate() {
            let mut next = full.clone();
            next.body = body.clone();
            next.auth = auth.clone();
            if (i + j) % 2 == 0 {
                next.checks.truncate(i);
                next.docs = String::new();
                next.options = Default::default();
                next.variables.clear();
            }
            save(&root, at.as_str(), |r| *r = next.clone()).unwrap();
            assert_eq!(request(&root, at.as_str()), next, "{body:?} {auth:?}");
        }
    }
}

#[test]
fn a_literal_secret_is_never_written() {
    let (_dir, root) = rich();
    let before = snapshot(&root);
    let refused = [
        Auth::Basic { username: "u".into(), password: Value::from("hunter2") },
        Auth::Bearer { token: Value::from("eyJ") },
        Auth::ApiKey { name: "k".into(), value: Value::from("abc"), place: KeyPlace::Header },
    ];
    for auth in refused {
        let problem = save(&root, "c/rich", |r| r.auth = auth).unwrap_err();
        assert!(problem.next.contains("vault") && !problem.to_string().contains("hunter2"), "{problem}");
    }
    let profile = crate::model::profile::OauthProfile {
        name: "p".into(),
        client_secret: Value::from("hunter2"),
        ..Default::default()
    };
    apply(&root, &Edit::SaveProfile(Box::new(profile))).unwrap_err();
    assert_eq!(snapshot(&root), before);
}

#[test]
fn keys_of_a_profile_that_are_not_touched_stay_as_they_are_spelt() {
    let profile = "grant = \"jwt_bearer\"\n# key\nkey = { file = \"k.pem\" }\ncertificate = \"\"\ndpop = true\npar = false\nuse_id_token = false\nredirect_uri = \"\"\nscope = [\"a\", \"b\"]\n\n[assertion]\nclaims = { sub = \"x\" }\n\n[exchange]\nsubject_token = \"{{t}}\"\n\n[extra.authorization]\nprompt = \"login\"\n\n[extra.token]\nresource_id = 5\n\n[mine]\na = 1\n";
    let (_dir, root) = workspace(&[("auth/p.toml", profile)]);
    let w = load_clean(&root);
    let mut p = w.profiles[0].clone();
    assert_eq!(p.extra_token["resource_id"], "5");
    p.scope.push("c".into());
    p.extra_token.insert("n".into(), "v".into());
    p.audience = "aud".into();
    apply(&root, &Edit::SaveProfile(Box::new(p.clone()))).unwrap();
    assert_eq!(load_clean(&root).profiles[0], p);
    let after = fs::read_to_string(root.join("auth/p.toml")).unwrap();
    let wanted = profile
        .replace("scope = [\"a\", \"b\"]\n", "scope = [\"a\", \"b\", \"c\"]\naudience = \"aud\"\n")
        .replace("resource_id = 5\n", "resource_id = 5\nn = \"v\"\n");
    assert_eq!(after, wanted);
}

#[test]
fn an_environment_changes_only_where_its_values_do() {
    let (_dir, root) = samples_workspace();
    let file = root.join("environments/dev.toml");
    let before = fs::read_to_string(&file).unwrap();
    let mut e = load_clean(&root).environment("dev").unwrap().clone();
    e.variables["client_id"] = Value::from("123");
    apply(&root, &Edit::SaveEnvironment(e.clone())).unwrap();
    let after = fs::read_to_string(&file).unwrap();
    assert_eq!(hunk(&before, &after), (owned(&["client_id = \"\""]), owned(&["client_id = \"123\""])));
    e.network.insecure = true;
    e.network.resolve.push(("h:443".into(), "127.0.0.1".into()));
    e.protected = true;
    apply(&root, &Edit::SaveEnvironment(e.clone())).unwrap();
    assert_eq!(load_clean(&root).environment("dev"), Some(&e));
    e.network = Default::default();
    apply(&root, &Edit::SaveEnvironment(e.clone())).unwrap();
    assert_eq!(load_clean(&root).environment("dev"), Some(&e));
}
