//! OAuth profiles: every key is read, written, and changed alone.

use super::*;
use crate::model::environment::Environment;
use crate::model::profile::{Assertion, ClientAuth, Exchange, Grant, OauthProfile};
use crate::model::value::{SecretRef, Value};
use serde_json::json;

const EVERY_KEY: &str = r#"# who we are
grant = "jwt_bearer"
issuer = "https://id.example.test"
token_url = "{{token_url}}"
authorization_url = "https://id.example.test/authorize"
device_authorization_url = "https://id.example.test/device"
par_url = "https://id.example.test/par"
revocation_url = "https://id.example.test/revoke"
introspection_url = "https://id.example.test/introspect"
userinfo_url = "https://id.example.test/userinfo"
jwks_url = "https://id.example.test/jwks"
client_id = "{{client_id}}"
client_secret = { secret = true }
client_auth = "private_key_jwt"
key = { file = "client.pem" } # not in git
key_id = "k1"
algorithm = "ES256"
assertion_audience = "issuer"
certificate = "client.crt"
tls_key = { env = "TLS_KEY" }
dpop = true
par = true
jar = true
use_id_token = true
redirect_uri = "http://127.0.0.1:8123/callback"
scope = ["openid", "orders.read"]
audience = "https://api.example.test"
resource = ["https://api.example.test/orders"]
username = "ann"
password = { command = ["op", "read", "x"] }
token_in = "query"
identity = "ann"
grant_type = "custom-bearer"

[assertion]
given = "{{assertion}}"
key = "{{assertion_key}}"
key_id = "k2"
algorithm = "PS256"
lifetime = 60

# what it says
[assertion.claims]
sub = "{{user}}" # who
sid = 42
ratio = 1.5
admin = false
roles = ["a", "b"]
nothing = { null = true }
act = { sub = "svc", deep = { n = 1 } }
since = 2026-11-23

[assertion.header]
typ = "at+jwt"
x5t = "abc"

[exchange]
subject_token = "{{subject_token}}"
subject_token_type = "access_token"
actor_token = "{{actor_token}}"
actor_token_type = "urn:ietf:params:oauth:token-type:jwt"
requested_token_type = "id_token"

[extra.authorization]
prompt = "login"

[extra.token]
enable_psyncId = true

[extra.refresh]
n = 5

[later]
kept = "yes"
"#;

fn every_key() -> OauthProfile {
    let texts = |rows: &[(&str, &str)]| rows.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
    let claims = json!({
        "sub": "{{user}}", "sid": 42, "ratio": 1.5, "admin": false, "roles": ["a", "b"], "nothing": null,
        "act": { "sub": "svc", "deep": { "n": 1 } }, "since": "2026-11-23",
    });
    OauthProfile {
        name: "p".into(),
        grant: Grant::JwtBearer,
        issuer: "https://id.example.test".into(),
        token_url: "{{token_url}}".into(),
        authorization_url: "https://id.example.test/authorize".into(),
        device_authorization_url: "https://id.example.test/device".into(),
        par_url: "https://id.example.test/par".into(),
        revocation_url: "https://id.example.test/revoke".into(),
        introspection_url: "https://id.example.test/introspect".into(),
        userinfo_url: "https://id.example.test/userinfo".into(),
        jwks_url: "https://id.example.test/jwks".into(),
        client_id: "{{client_id}}".into(),
        client_secret: Value::Secret(SecretRef::Vault),
        client_auth: ClientAuth::PrivateKeyJwt,
        key: Value::Secret(SecretRef::File("client.pem".into())),
        key_id: "k1".into(),
        algorithm: "ES256".into(),
        assertion_audience: "issuer".into(),
        certificate: "client.crt".into(),
        tls_key: Value::Secret(SecretRef::Env("TLS_KEY".into())),
        dpop: true,
        par: true,
        jar: true,
        use_id_token: true,
        redirect_uri: "http://127.0.0.1:8123/callback".into(),
        scope: vec!["openid".into(), "orders.read".into()],
        audience: "https://api.example.test".into(),
        resource: vec!["https://api.example.test/orders".into()],
        identity: "ann".into(),
        username: "ann".into(),
        password: Value::Secret(SecretRef::Command(vec!["op".into(), "read".into(), "x".into()])),
        grant_type: "custom-bearer".into(),
        token_in_query: true,
        assertion: Assertion {
            given: "{{assertion}}".into(),
            claims: claims.as_object().unwrap().clone(),
            header: texts(&[("typ", "at+jwt"), ("x5t", "abc")]),
            key: "{{assertion_key}}".into(),
            key_id: "k2".into(),
            algorithm: "PS256".into(),
            lifetime: 60,
        },
        exchange: Exchange {
            subject_token: "{{subject_token}}".into(),
            subject_token_type: "access_token".into(),
            actor_token: "{{actor_token}}".into(),
            actor_token_type: "urn:ietf:params:oauth:token-type:jwt".into(),
            requested_token_type: "id_token".into(),
        },
        extra_authorization: texts(&[("prompt", "login")]),
        extra_token: texts(&[("enable_psyncId", "true")]),
        extra_refresh: texts(&[("n", "5")]),
    }
}

fn with(text: &str) -> (TempDir, PathBuf) {
    workspace(&[("auth/p.toml", text)])
}

fn text(root: &Path) -> String {
    fs::read_to_string(root.join("auth/p.toml")).unwrap()
}

fn save_profile(root: &Path, p: &OauthProfile) -> Result<Change, Problem> {
    apply(root, &Edit::SaveProfile(Box::new(p.clone())))
}

#[test]
fn every_key_of_a_profile_is_read() {
    let (_dir, root) = with(EVERY_KEY);
    assert_eq!(load_clean(&root).profiles[0], every_key());
    save_profile(&root, &every_key()).unwrap();
    assert_eq!(text(&root), EVERY_KEY, "untouched is untouched");
}

#[test]
fn a_new_file_with_every_key_reads_back_the_same() {
    let (_dir, root) = workspace(&[]);
    save_profile(&root, &every_key()).unwrap();
    assert_eq!(load_clean(&root).profiles[0], every_key());
    let written = text(&root);
    assert!(written.contains("\n[assertion.claims]\n") && !written.contains("\n[extra]\n"), "{written}");
}

type Edited = fn(&mut OauthProfile);

/// Each changes one key.
const EDITS: [(Edited, &str, &str); 24] = [
    (|p| p.par_url = "u".into(), "par_url = \"https://id.example.test/par\"", "par_url = \"u\""),
    (
        |p| p.key = Value::from("{{pk}}"),
        "key = { file = \"client.pem\" } # not in git",
        "key = \"{{pk}}\" # not in git",
    ),
    (|p| p.key_id = "k9".into(), "key_id = \"k1\"", "key_id = \"k9\""),
    (|p| p.algorithm = "PS512".into(), "algorithm = \"ES256\"", "algorithm = \"PS512\""),
    (
        |p| p.assertion_audience = "token_url".into(),
        "assertion_audience = \"issuer\"",
        "assertion_audience = \"token_url\"",
    ),
    (|p| p.certificate = "c.pem".into(), "certificate = \"client.crt\"", "certificate = \"c.pem\""),
    (|p| p.tls_key = "k.pem".into(), "tls_key = { env = \"TLS_KEY\" }", "tls_key = \"k.pem\""),
    (|p| p.dpop = false, "dpop = true", ""),
    (|p| p.par = false, "par = true", ""),
    (|p| p.jar = false, "jar = true", ""),
    (|p| p.use_id_token = false, "use_id_token = true", ""),
    (|p| p.redirect_uri = String::new(), "redirect_uri = \"http://127.0.0.1:8123/callback\"", ""),
    (|p| p.assertion.given = "{{a}}".into(), "given = \"{{assertion}}\"", "given = \"{{a}}\""),
    (|p| p.assertion.key_id = String::new(), "key_id = \"k2\"", ""),
    (|p| p.assertion.lifetime = 90, "lifetime = 60", "lifetime = 90"),
    (
        |p| drop(p.assertion.claims.insert("sub".into(), json!("bob"))),
        "sub = \"{{user}}\" # who",
        "sub = \"bob\" # who",
    ),
    (|p| p.assertion.claims["act"]["deep"]["n"] = json!([2, "x"]), "{ n = 1 } }", "{ n = [2, \"x\"] } }"),
    (|p| p.assertion.claims["nothing"] = json!(3), "nothing = { null = true }", "nothing = 3"),
    (|p| drop(p.assertion.claims.shift_remove("sid")), "sid = 42", ""),
    (|p| drop(p.assertion.header.insert("x5t".into(), "d".into())), "x5t = \"abc\"", "x5t = \"d\""),
    (
        |p| p.exchange.requested_token_type = "jwt".into(),
        "requested_token_type = \"id_token\"",
        "requested_token_type = \"jwt\"",
    ),
    (
        |p| drop(p.extra_authorization.insert("prompt".into(), "none".into())),
        "prompt = \"login\"",
        "prompt = \"none\"",
    ),
    (|p| drop(p.extra_refresh.insert("n".into(), "6".into())), "n = 5", "n = \"6\""),
    (|p| p.extra_refresh.clear(), "[extra.refresh]", ""),
];

#[test]
fn one_edited_key_of_a_profile_is_one_hunk() {
    for (edit, gone, come) in EDITS {
        let (_dir, root) = with(EVERY_KEY);
        let mut wanted = every_key();
        edit(&mut wanted);
        save_profile(&root, &wanted).unwrap();
        assert_eq!(load_clean(&root).profiles[0], wanted);
        let after = text(&root);
        let (old, new) = hunk(EVERY_KEY, &after);
        assert!(old.len() <= 3 && new.len() <= 1, "{after}");
        assert!(old.iter().any(|l| l.contains(gone)), "{old:?} {gone}");
        assert_eq!(new.is_empty(), come.is_empty(), "{new:?}");
        assert!(new.iter().all(|l| l.contains(come)), "{new:?} {come}");
    }
}

#[test]
fn a_profile_grows_from_nothing_to_every_key_and_back() {
    let (_dir, root) = with("grant = \"jwt_bearer\"\n# note\n\n[later]\nkept = 1\n");
    save_profile(&root, &every_key()).unwrap();
    assert_eq!(load_clean(&root).profiles[0], every_key());
    let bare = OauthProfile { name: "p".into(), grant: Grant::JwtBearer, ..OauthProfile::default() };
    save_profile(&root, &bare).unwrap();
    assert_eq!(load_clean(&root).profiles[0], bare);
    let left = text(&root);
    assert!(left.contains("# note") && left.contains("[later]\nkept = 1\n"), "{left}");
}

#[test]
fn claims_in_any_spelling_are_edited_where_they_stand() {
    let spellings = [
        "grant = \"jwt_bearer\"\n[assertion]\nclaims = { sub = \"a\", n = 1 }\n",
        "grant = \"jwt_bearer\"\nassertion = { claims = { sub = \"a\", n = 1 } }\n",
        "grant = \"jwt_bearer\"\n[assertion.claims]\nsub = \"a\"\nn = 1\n",
        "grant = \"jwt_bearer\"\nassertion.claims.sub = \"a\"\nassertion.claims.n = 1\n",
        "grant = \"jwt_bearer\"\n[assertion]\nclaims.sub = \"a\"\nclaims.n = 1\n",
    ];
    for spelling in spellings {
        let (_dir, root) = with(spelling);
        let mut p = load_clean(&root).profiles[0].clone();
        assert_eq!(serde_json::Value::from(p.assertion.claims.clone()), json!({"sub": "a", "n": 1}));
        p.assertion.claims.insert("n".into(), json!({"b": [true, {"c": "d"}]}));
        p.assertion.claims.insert("new".into(), json!("{{v}}"));
        p.assertion.key_id = "k".into();
        save_profile(&root, &p).unwrap();
        assert_eq!(load_clean(&root).profiles[0], p, "{spelling}\n{}", text(&root));
        p.assertion.claims.clear();
        save_profile(&root, &p).unwrap();
        assert_eq!(load_clean(&root).profiles[0], p, "{spelling}\n{}", text(&root));
    }
}

#[test]
fn a_wrong_key_of_a_profile_has_its_place_and_a_way_out() {
    let cases: [(&str, u32, u32, &str); 11] = [
        ("grant = \"jwt\"\n", 1, 9, "jwt_bearer"),
        ("client_auth = \"privat_key_jwt\"\n", 1, 15, "private_key_jwt"),
        ("dpop = \"true\"\n", 1, 8, "dpop = true"),
        ("key = 5.0\nkey_id = 5\n", 2, 10, "key_id"),
        ("assertion = \"eyJ\"\n", 1, 13, "[assertion]"),
        ("[assertion]\nclaims = [1]\n", 2, 10, "[claims]"),
        ("[assertion]\nlifetime = -1\n", 2, 12, "300"),
        ("[assertion]\nlifetime = \"60\"\n", 2, 12, "300"),
        ("[assertion.claims]\nn = inf\n", 2, 5, "finite"),
        ("[exchange]\nsubject_token = []\n", 2, 17, "secret = true"),
        ("[extra.refresh]\na = { secret = true }\n", 2, 5, "variable"),
    ];
    for (file, line, column, next) in cases {
        let (_dir, root) = with(file);
        let w = load(&root).unwrap();
        assert_eq!(w.problems.len(), 1, "{file} {:?}", w.problems);
        let p = &w.problems[0];
        assert_eq!((p.line, p.column), (Some(line), Some(column)), "{file} {p}");
        assert!(p.next.contains(next), "{file} {p}");
    }
}

#[test]
fn a_literal_secret_of_a_profile_or_environment_is_never_written() {
    const PEM: &str = "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n";
    let edits: [(Edited, &str); 12] = [
        (|p| p.client_secret = "hunter2".into(), "client_secret"),
        (|p| p.password = "hunter2".into(), "password"),
        (|p| p.key = PEM.into(), "private_key"),
        (|p| p.key = "{\"kty\":\"oct\",\"k\":\"hunter2\"}".into(), "private_key"),
        (|p| p.tls_key = PEM.into(), "tls_key"),
        (|p| p.certificate = PEM.into(), "certificate"),
        (|p| p.assertion.key = PEM.into(), "private_key"),
        (|p| p.assertion.given = "hunter2".into(), "assertion"),
        (|p| p.exchange.subject_token = "hunter2".into(), "subject_token"),
        (|p| p.exchange.actor_token = "hunter2".into(), "actor_token"),
        (|p| drop(p.extra_token.insert("client_assertion".into(), "hunter2".into())), "client_assertion"),
        (|p| drop(p.extra_refresh.insert("my_secret".into(), "hunter2".into())), "my_secret"),
    ];
    let (_dir, root) = with(EVERY_KEY);
    let before = snapshot(&root);
    for (edit, name) in edits {
        let mut p = every_key();
        edit(&mut p);
        let problem = save_profile(&root, &p).unwrap_err();
        assert!(problem.next.contains(&format!("secret set {name}`")), "{problem}");
        assert!(!problem.to_string().contains("hunter2"), "{problem}");
    }
    let mut e = Environment { name: "dev".into(), ..Environment::default() };
    e.network.client_key = PEM.into();
    apply(&root, &Edit::SaveEnvironment(e.clone())).unwrap_err();
    assert_eq!(snapshot(&root), before);
    e.network.client_key = "k.pem".into();
    e.network.client_certificate = Value::Secret(SecretRef::Env("CERT".into()));
    apply(&root, &Edit::SaveEnvironment(e.clone())).unwrap();
    assert_eq!(load_clean(&root).environment("dev"), Some(&e));
}

#[test]
fn a_literal_secret_that_stands_in_the_file_already_does_not_stop_other_edits() {
    let (_dir, root) = with("key = \"old\"\n[exchange]\nsubject_token = \"old\"\n");
    let mut p = load_clean(&root).profiles[0].clone();
    p.audience = "a".into();
    save_profile(&root, &p).unwrap();
    assert_eq!(load_clean(&root).profiles[0], p);
}

#[test]
fn a_mutated_profile_is_saved_right_or_not_at_all() {
    let (_dir, root) = with(EVERY_KEY);
    let file = root.join("auth/p.toml");
    let mut rng = fastrand::Rng::with_seed(31);
    let mut saved = 0;
    for _ in 0..400 {
        let mut lines: Vec<&str> = EVERY_KEY.lines().collect();
        for _ in 0..rng.usize(1..4) {
            let (a, b) = (rng.usize(0..lines.len()), rng.usize(0..lines.len()));
            match rng.u8(0..3) {
                0 => drop(lines.remove(a)),
                1 => lines.swap(a, b),
                _ => lines.insert(a, ["", "# note", "   ", "x.y = 1", "[z]", "[z.z]"][b % 6]),
            }
        }
        let mut text = lines.join("\n");
        if rng.bool() {
            text.push('\n');
        }
        fs::write(&file, &text).unwrap();
        let Some(mut p) = load(&root).unwrap().profiles.pop() else { continue };
        match rng.u8(0..4) {
            0 => p = OauthProfile { name: p.name, ..OauthProfile::default() },
            1 => {
                p.assertion.claims.insert("sub".into(), json!({"a": [1]}));
                p.extra_token.insert("n".into(), "v".into());
            }
            2 => {
                let other = every_key();
                p.assertion = other.assertion;
                p.exchange = Exchange::default();
            }
            _ => {
                p.assertion.claims.clear();
                p.extra_authorization.insert("n".into(), "v".into());
            }
        }
        match save_profile(&root, &p) {
            Ok(_) => {
                assert_eq!(load(&root).unwrap().profiles[0], p, "{text}");
                saved += 1;
            }
            Err(_) => assert_eq!(fs::read_to_string(&file).unwrap(), text),
        }
    }
    assert!(saved > 150, "{saved}");
}
