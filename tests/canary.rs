//! No secret is left anywhere. Whole sessions with the real binary, everything that went over the wire written down; then every
//! secret in it is looked for, in each form it may take, in all files below the home and in all that was printed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what it needs")]

#[allow(dead_code, reason = "shared with the peer tests")]
#[path = "support/browser.rs"]
mod browser;
#[allow(dead_code, reason = "shared with the peer tests")]
#[path = "support/login.rs"]
mod login;
#[allow(dead_code, reason = "shared with the tests of grants")]
#[path = "support/stage.rs"]
mod stage;
#[allow(dead_code, reason = "shared with the command-line tests, which use all of it")]
#[path = "cli/support.rs"]
mod support;
#[path = "support/wire.rs"]
mod wire;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use browser::Browser;
use hallpass::sandbox::Sandbox;
use login::Login;
use serde_json::json;
use stage::{Stage, alice, stage};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use support::{Home, Ran};
use wire::{Log, echo, header, proxy};

/// Secrets by what they are.
#[derive(Default)]
struct Canaries(BTreeMap<String, BTreeSet<String>>);

impl Canaries {
    fn add(&mut self, what: &str, value: &str) {
        // `alice` and her like are no secrets, and `wonderland` stands in the sandbox's own texts.
        if value.len() >= 8 && value != "wonderland" {
            self.0.entry(what.to_owned()).or_default().insert(value.to_owned());
        }
    }

    /// Everything secret that passed.
    fn harvest(&mut self, log: &Log) {
        for passed in log.lock().unwrap().iter() {
            for (name, value) in url::form_urlencoded::parse(passed.body.as_bytes()) {
                if FIELDS.contains(&&*name) {
                    let name =
                        if name == "assertion" && !value.contains('.') { "saml assertion" } else { &*name };
                    self.add(name, &value);
                }
            }
            if let Some((scheme, rest)) =
                header(&passed.head, "authorization").and_then(|a| a.split_once(' '))
            {
                self.add(&format!("{scheme} header"), rest);
                if scheme == "Basic" {
                    let pair = String::from_utf8(STANDARD.decode(rest).unwrap()).unwrap();
                    let (_, secret) = pair.split_once(':').unwrap();
                    self.add("client_secret", secret);
                }
            }
            if let Some(proof) = header(&passed.head, "dpop") {
                self.add("dpop proof", proof);
            }
            let answer = passed.answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
            if let Ok(serde_json::Value::Object(members)) = serde_json::from_str(answer) {
                for (name, value) in members.iter().filter(|(name, _)| FIELDS.contains(&name.as_str())) {
                    self.add(name, value.as_str().unwrap_or_default());
                }
            }
        }
    }

    fn has(&self, wanted: &[&str]) {
        for what in wanted {
            assert!(self.0.contains_key(*what), "the session has no {what}: {:?}", self.0.keys());
        }
    }

    /// What must not be found, with what it is.
    fn needles(&self) -> Vec<(String, Vec<u8>)> {
        let mut all = BTreeSet::new();
        for (what, values) in &self.0 {
            for value in values {
                for (form, needle) in forms(value) {
                    all.insert((format!("{what}, {form}: {value}"), needle.into_bytes()));
                }
            }
        }
        all.into_iter().collect()
    }
}

const FIELDS: [&str; 15] = [
    "access_token",
    "refresh_token",
    "id_token",
    "code",
    "code_verifier",
    "device_code",
    "password",
    "client_secret",
    "client_assertion",
    "assertion",
    "subject_token",
    "actor_token",
    "token",
    "session_index",
    "request",
];

/// The forms a secret may take. Of a JWT the signature counts too: its claims are shown on purpose.
fn forms(value: &str) -> Vec<(&'static str, String)> {
    let coded = |engine: &dyn Fn(&str) -> String| {
        // The last letters depend on what follows.
        let mut text = engine(value);
        text.truncate(text.len() - 2);
        text
    };
    let mut all = vec![
        ("raw", value.to_owned()),
        ("base64", coded(&|v| STANDARD_NO_PAD.encode(v))),
        ("base64url", coded(&|v| URL_SAFE_NO_PAD.encode(v))),
        ("percent", percent(value)),
        ("form", url::form_urlencoded::byte_serialize(value.as_bytes()).collect()),
        ("JSON", serde_json::to_string(value).unwrap().trim_matches('"').to_owned()),
    ];
    let lines: Vec<&str> = value.lines().filter(|line| line.len() == 64).collect();
    if value.contains("PRIVATE KEY") {
        all.extend(lines.iter().map(|line| ("line of a PEM", (*line).to_owned())));
    } else if let Some(signature) =
        value.rsplit('.').next().filter(|s| value.starts_with("ey") && s.len() > 20)
    {
        all.push(("signature", signature.to_owned()));
    } else if value.len() >= 32 && !value.contains(char::is_whitespace) && !value.starts_with("PD94") {
        all.push(("first half", value[..value.len() / 2].to_owned()));
        all.push(("second half", value[value.len() / 2..].to_owned()));
    }
    all
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// What was printed, by what printed it.
#[derive(Default)]
struct Printed(Vec<(String, Vec<u8>)>);

impl Printed {
    fn take(&mut self, what: &str, ran: &Ran) {
        self.0.push((format!("stdout of {what}"), ran.stdout.clone()));
        self.0.push((format!("stderr of {what}"), ran.stderr.clone().into_bytes()));
    }

    /// The same of a command that prints a token on purpose: that one is taken out.
    fn take_token(&mut self, what: &str, ran: &Ran) {
        let mut ran = Ran { code: ran.code, stdout: ran.stdout.clone(), stderr: ran.stderr.clone() };
        let token = ran.json_or_text();
        ran.stdout = ran.text().replace(&token, "").into_bytes();
        self.take(what, &ran);
    }
}

trait PrintsToken {
    fn json_or_text(&self) -> String;
}

impl PrintsToken for Ran {
    fn json_or_text(&self) -> String {
        let value = serde_json::from_slice::<serde_json::Value>(&self.stdout).ok();
        let member = value.as_ref().and_then(|v| v["access_token"].as_str()).map(str::to_owned);
        member.unwrap_or_else(|| self.text().trim().to_owned())
    }
}

fn files(dir: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() { files(&path, all) } else { all.push(path) }
    }
}

/// No secret in any file below the home, nor in what was printed.
#[track_caller]
fn nothing_of(canaries: &Canaries, home: &Home, printed: &Printed) {
    let mut paths = Vec::new();
    files(home.path(), &mut paths);
    assert!(paths.iter().any(|p| p.ends_with("audit.jsonl")) && paths.len() > 5, "{paths:?}");
    let mut places: Vec<(String, Vec<u8>)> =
        paths.iter().map(|p| (p.display().to_string(), std::fs::read(p).unwrap())).collect();
    places.extend(printed.0.iter().map(|(what, bytes)| (what.clone(), bytes.clone())));
    let mut found = Vec::new();
    for (what, needle) in canaries.needles() {
        let finder = memchr::memmem::Finder::new(&needle);
        for (place, bytes) in &places {
            if finder.find(bytes).is_some() {
                found.push(format!("{what}\n    in {place}"));
            }
        }
    }
    // A private key as a JWK, whatever its value.
    for (place, bytes) in &places {
        if memchr::memmem::find(bytes, br#""d":""#).is_some() {
            found.push(format!("a private JWK in {place}"));
        }
    }
    assert!(found.is_empty(), "{} leaks:\n{}", found.len(), found.join("\n"));
}

/// The sandbox behind a proxy that writes everything down.
fn watched(environment: &'static str, extras: fn(&Sandbox) -> hallpass::sandbox::DemoExtras) -> (Stage, Log) {
    let stage = stage(environment, &[], extras);
    let (url, log) = proxy();
    let file = stage.home.work().join(format!("environments/{environment}.toml"));
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}\n[network]\nproxy = \"{url}\"\n")).unwrap();
    (stage, log)
}

fn secrets_of(stage: &Stage) -> Canaries {
    let mut canaries = Canaries::default();
    for (name, secret) in &stage.extras.secrets {
        canaries.add(name, secret.expose());
        // A key as a JWK: its private part.
        if let Ok(jwk) = serde_json::from_str::<serde_json::Value>(secret.expose()) {
            canaries.add(name, jwk["d"].as_str().unwrap_or_default());
        }
    }
    canaries
}

/// All that looks at a token, and at what was done.
fn look_around(stage: &Stage, profile: &str, printed: &mut Printed) {
    for args in [
        &["token", "show", profile][..],
        &["token", "show", profile, "--json"],
        &["token", "introspect", profile, "--json", "-v"],
        &["token", "introspect", profile, "--refresh"],
        &["token", "userinfo", profile, "--json", "-v"],
        &["token", "userinfo", profile],
    ] {
        printed.take(&args.join(" "), &stage.run(args));
    }
}

fn look_at_the_past(stage: &Stage, printed: &mut Printed) {
    for args in [
        &["token", "list"][..],
        &["token", "list", "--json"],
        &["token", "log", "--json", "-n", "200"],
        &["token", "log"],
        &["history", "list", "--json"],
        &["history", "list"],
        &["secret", "list", "--json"],
        &["list", "--json"],
        &["env", "list", "--json"],
    ] {
        printed.take(&args.join(" "), &stage.home.run_open(args, b""));
    }
    let all = stage.home.run_open(&["history", "list", "--json"], b"").json();
    for id in all.as_array().unwrap().iter().filter_map(|entry| entry["id"].as_str()) {
        for more in [None, Some("--json")] {
            let args: Vec<&str> = ["history", "show", id].into_iter().chain(more).collect();
            printed.take(&args.join(" "), &stage.home.run_open(&args, b""));
        }
    }
}

#[test]
fn a_session_with_every_grant_and_login_leaves_no_secret_behind() {
    let (stage, log) = watched("rfc", Sandbox::rfc_extras);
    let (mut canaries, mut printed) = (secrets_of(&stage), Printed::default());
    let all = stage.run(&["list", "rfc-orders/grants", "--json"]).exits(0).json();
    for request in all.as_array().unwrap() {
        let (path, profile) =
            (request["path"].as_str().unwrap(), request["auth"]["profile"].as_str().unwrap());
        if request["tags"].as_array().unwrap().contains(&"person".into()) {
            let mut login = Login::start(stage.command(&["token", profile, "-v"]));
            let browser = Browser::new();
            if profile.contains("device") {
                let (page, code) = login.device();
                let typed = [
                    ("user_code", &*code),
                    ("username", "alice"),
                    ("password", "wonderland"),
                    ("decision", "allow"),
                ];
                browser.submit(&browser.open(&page, ""), &typed, "");
            } else {
                let url = login.url();
                if let Some(state) = url.split("state=").nth(1).and_then(|s| s.split('&').next()) {
                    canaries.add("state", state);
                }
                alice(&browser, &url);
            }
            let mut ran = login.finish().exits(0);
            // The address itself is for the person to open; it holds the state, which is worth nothing by now.
            ran.stderr =
                ran.stderr.lines().filter(|l| !l.trim().starts_with("http")).collect::<Vec<_>>().join("\n");
            printed.take_token(&format!("token {profile}"), &ran);
        }
        printed.take(&format!("send {path} --json"), &stage.run(&["send", path, "--json"]));
        printed.take(&format!("send {path} --dry-run -v"), &stage.run(&["send", path, "--dry-run", "-v"]));
        look_around(&stage, profile, &mut printed);
        // Without a refresh token it waits for a person, who does not come.
        printed.take_token("token renew", &stage.run(&["token", "renew", profile, "-v", "--timeout", "1"]));
        printed.take_token("token --json", &stage.run(&["token", profile, "--json"]));
    }
    printed.take("run", &stage.run(&["run", "rfc-orders/grants", "--json"]));
    printed.take("token revoke", &stage.run(&["token", "revoke", "rfc-password", "--json", "-v"]));
    printed.take("token forget", &stage.run(&["token", "forget", "rfc-code"]));
    look_at_the_past(&stage, &mut printed);
    canaries.harvest(&log);
    canaries.has(&[
        "access_token",
        "refresh_token",
        "id_token",
        "code",
        "code_verifier",
        "device_code",
        "client_secret",
        "state",
        "client_assertion",
        "assertion",
        "subject_token",
        "token",
        "Basic header",
        "DPoP header",
        "dpop proof",
        "rfc_key",
    ]);
    nothing_of(&canaries, &stage.home, &printed);
}

#[test]
fn a_session_at_pega_leaves_no_secret_behind() {
    let (stage, log) = watched("pega", Sandbox::demo_extras);
    let (mut canaries, mut printed) = (secrets_of(&stage), Printed::default());
    let secret =
        |name: &str| stage.extras.secrets.iter().find(|(n, _)| n == name).unwrap().1.expose().to_owned();
    let operator = stage.extras.variables.iter().find(|(n, _)| n == "pega_operator").unwrap().1.clone();
    let mut login = Login::start(stage.command(&["token", "pega-login", "-v"]));
    let browser = Browser::new();
    let page = browser.open(&login.url(), "");
    let password = secret("pega_operator_password");
    browser.submit(&page, &[("UserIdentifier", &*operator), ("Password", &*password)], "");
    let mut ran = login.finish().exits(0);
    ran.stderr = ran.stderr.lines().filter(|l| !l.trim().starts_with("http")).collect::<Vec<_>>().join("\n");
    printed.take_token("token pega-login", &ran);
    for profile in ["pega-login", "pega-password", "pega-jwt-bearer", "pega-custom", "pega-refresh"] {
        printed.take_token(profile, &stage.run(&["token", profile, "-v"]));
        look_around(&stage, profile, &mut printed);
        printed.take_token("renew", &stage.run(&["token", "renew", profile, "--json"]));
        printed.take("revoke", &stage.run(&["token", "revoke", profile, "-v"]));
    }
    look_at_the_past(&stage, &mut printed);
    canaries.harvest(&log);
    canaries.has(&[
        "access_token",
        "refresh_token",
        "code",
        "code_verifier",
        "password",
        "assertion",
        "session_index",
        "token",
    ]);
    nothing_of(&canaries, &stage.home, &printed);
}

const SAML: &str = r#"<saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" ID="_saml-canary-0815" Version="2.0"><saml2:Issuer>https://idp.test</saml2:Issuer><saml2:Subject><saml2:NameID>canary</saml2:NameID></saml2:Subject></saml2:Assertion>"#;

/// Client authentication, grant lines, by name.
const PROFILES: [(&str, &str); 9] = [
    ("basic", "grant = \"client_credentials\"\nclient_secret = \"{{own_secret}}\"\nclient_auth = \"basic\""),
    ("body", "grant = \"client_credentials\"\nclient_secret = \"{{own_secret}}\"\nclient_auth = \"body\""),
    (
        "shared",
        "grant = \"client_credentials\"\nclient_secret = \"{{own_secret}}\"\nclient_auth = \"client_secret_jwt\"",
    ),
    ("key", "grant = \"client_credentials\"\nkey = \"{{own_key}}\"\nclient_auth = \"private_key_jwt\""),
    (
        "dpop",
        "grant = \"client_credentials\"\nkey = \"{{own_key}}\"\nclient_auth = \"private_key_jwt\"\ndpop = true",
    ),
    (
        "password",
        "grant = \"password\"\nusername = \"u\"\npassword = \"{{own_password}}\"\nclient_secret = \"{{own_secret}}\"\n[extra.token]\nenable_psyncId = \"true\"",
    ),
    ("saml", "grant = \"saml2_bearer\"\nclient_auth = \"none\"\n[assertion]\ngiven = \"{{own_saml}}\""),
    ("given", "grant = \"jwt_bearer\"\nclient_auth = \"none\"\n[assertion]\ngiven = \"{{own_given}}\""),
    (
        "exchange",
        "grant = \"token_exchange\"\nclient_auth = \"none\"\n[exchange]\nsubject_token = \"{{own_subject}}\"\nactor_token = \"{{own_actor}}\"\nactor_token_type = \"urn:ietf:params:oauth:token-type:access_token\"",
    ),
];

#[test]
fn a_server_that_says_back_whatever_it_is_told_makes_nothing_show_it() {
    let tokens = json!({"access_token": "canary/access+token=4711-ABCDEFGH", "token_type": "bearer", "expires_in": 1,
        "refresh_token": "canary/refresh+token=4711-ABCDEFGH", "session_index": "canary-session-index-4711-ABCDEFGH"});
    let (base, log) = echo(tokens);
    let home = Home::with_files(&[]);
    let key = hallpass::jwt::sign::SigningKey::generate("ES256").unwrap().to_jwk();
    let given = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLW9mLWEtZ2l2ZW4tYXNzZXJ0aW9u";
    let secrets = [
        ("own_secret", "canary/client+secret=4711&ABCDEFGH"),
        ("own_password", "canary \"pass\" word/4711+ABCDEFGH"),
        ("own_key", key.expose()),
        ("own_saml", SAML),
        ("own_given", given),
        ("own_subject", "canary/subject+token=4711-ABCDEFGH"),
        ("own_actor", "canary/actor+token=4711-ABCDEFGH"),
    ];
    let write = |path: &str, text: &str| {
        let path = home.work().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let rows: String = secrets.iter().map(|(n, _)| format!("{n} = {{ secret = true }}\n")).collect();
    write("environments/e.toml", &format!("[variables]\nbase = \"{base}\"\nway = \"ok\"\n{rows}"));
    let mut canaries = Canaries::default();
    for (name, value) in secrets {
        home.run_open(&["secret", "set", name, "--env", "e"], value.as_bytes()).exits(0);
        canaries.add(name, value);
        if let Ok(jwk) = serde_json::from_str::<serde_json::Value>(value) {
            canaries.add(name, jwk["d"].as_str().unwrap_or_default());
        }
    }
    let mut printed = Printed::default();
    for way in ["ok", "refuse", "page"] {
        for (name, lines) in PROFILES {
            write(
                &format!("auth/{name}.toml"),
                &format!(
                    "token_url = \"{{{{base}}}}/{way}/token\"\nintrospection_url = \"{{{{base}}}}/{way}/introspect\"\n\
                     revocation_url = \"{{{{base}}}}/refuse/revoke\"\nuserinfo_url = \"{{{{base}}}}/{way}/userinfo\"\nclient_id = \"canary\"\n{lines}\n"
                ),
            );
            write(
                &format!("collections/c/{name}.toml"),
                &format!(
                    "name = \"{name}\"\nmethod = \"GET\"\nurl = \"{{{{base}}}}/api/x\"\nauth = \"{name}\"\n[capture]\ntold = {{ json = \"$.told\" }}\n[[check]]\njson = \"$.told\"\nequals = \"x\"\n"
                ),
            );
            let path = format!("c/{name}");
            // After `ok` the token is at its end at once: each of these begins with a refresh that is refused.
            let all = [
                &["send", &path, "--env", "e", "--json"][..],
                &["run", &path, "--env", "e", "-v"],
                &["token", "introspect", name, "--env", "e", "--json", "-v"],
                &["token", "userinfo", name, "--env", "e"],
                &["token", "revoke", name, "--env", "e", "-v"],
            ];
            // Where no token is given there is none to ask about.
            for args in &all[..if way == "ok" { 5 } else { 2 }] {
                printed.take(&format!("{way}: {}", args.join(" ")), &home.run_open(args, b""));
            }
            let args = ["token", name, "--env", "e", "--json", "-v"];
            printed.take_token(&format!("{way}: {}", args.join(" ")), &home.run_open(&args, b""));
        }
    }
    for args in
        [&["token", "list", "--json"][..], &["token", "log", "--json", "-n", "500"], &["history", "list"]]
    {
        printed.take(&args.join(" "), &home.run_open(args, b""));
    }
    canaries.harvest(&log);
    canaries.has(&[
        "access_token",
        "refresh_token",
        "session_index",
        "password",
        "client_secret",
        "client_assertion",
        "assertion",
        "saml assertion",
        "subject_token",
        "actor_token",
        "token",
        "dpop proof",
    ]);
    nothing_of(&canaries, &home, &printed);
}
