//! A sandbox with faults, a workspace for it, and a session that calls it; all in this process.

use crate::browser::Browser;
use hallpass::diagnose::Diagnosis;
use hallpass::flow::login::{LoginDesk, LoginId, LoginNews};
use hallpass::flow::{
    SecretSource, Sent, Session, TokenFailure, TokenPlan, TokenStore, obtain_token, send_request,
};
use hallpass::model::auth::Auth;
use hallpass::model::environment::Environment;
use hallpass::model::plan::Plan;
use hallpass::model::problem::{Problem, ProblemKind};
use hallpass::model::profile::OauthProfile;
use hallpass::model::progress::no_progress;
use hallpass::model::request::{Body, Request, Row};
use hallpass::model::secret::Secret;
use hallpass::model::settings::Settings;
use hallpass::model::token::{Token, TokenKey};
use hallpass::model::value::{SecretRef, Value};
use hallpass::model::workspace::Workspace;
use hallpass::sandbox::{Sandbox, SandboxOptions};
use std::collections::HashMap;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

pub const V2: &str = "{{base_url}}/api/application/v2";
pub const LIST: &str = "{{base_url}}/api/application/v2/casetypes";
const PERSON: &str = "case.worker@acme";

const PEGA: &str = "grant = \"client_credentials\"\n\
    token_url = \"{{base_url}}/PRRestService/oauth2/v1/token\"\n\
    client_id = \"{{client_id}}\"\nclient_secret = \"{{client_secret}}\"\n";

/// Secrets by name, whatever the environment.
struct Known(HashMap<String, Secret>);

impl SecretSource for Known {
    fn get(&self, _: &Path, _: &str, name: &str, _: &SecretRef) -> Result<Secret, Problem> {
        let none = || Problem::new(ProblemKind::Unresolved, format!("there is no {name}"), "", "");
        self.0.get(name).cloned().ok_or_else(none)
    }
}

/// Tokens that outlive a session.
#[derive(Default)]
struct Kept(Mutex<Vec<Token>>);

impl TokenStore for Kept {
    fn load(&self, _: &Path) -> Vec<Token> {
        self.0.lock().unwrap().clone()
    }

    fn save(&self, _: &Path, token: &Token) {
        self.forget(Path::new(""), &token.key);
        self.0.lock().unwrap().push(token.clone());
    }

    fn forget(&self, _: &Path, key: &TokenKey) {
        self.0.lock().unwrap().retain(|t| &t.key != key);
    }
}

/// A person with a browser, who logs in wherever they are sent.
struct Person {
    password: String,
}

impl LoginDesk for Person {
    fn tell(&self, _: LoginId, news: LoginNews) {
        let LoginNews::Waiting(roads) = news else { return };
        let Some(url) = roads.url else { return };
        let password = self.password.clone();
        std::thread::spawn(move || {
            let browser = Browser::new();
            let page = browser.open(&url, "");
            if page.body.contains("UserIdentifier") {
                browser.submit(&page, &[("UserIdentifier", PERSON), ("Password", &password)], "");
            }
        });
    }

    fn pasted(&self, _: LoginId) -> Pin<Box<dyn Future<Output = Secret> + Send + '_>> {
        Box::pin(std::future::pending())
    }
}

pub struct Rig {
    at: Sandbox,
    dir: tempfile::TempDir,
    workspace: Workspace,
    environment: Environment,
    secrets: Arc<Known>,
    store: Arc<Kept>,
    session: Session,
}

impl Rig {
    pub async fn start(faults: &[&str]) -> Rig {
        let faults = faults.iter().map(|f| (*f).to_owned()).collect();
        let at = Sandbox::start(SandboxOptions { port: 0, faults }).await.unwrap();
        let extras = at.demo_extras().and(at.rfc_extras());
        let credentials = at.credentials();
        let lines: Vec<&str> = credentials.lines().collect();
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &Path, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(Path::new("hallpass.toml"), "format = 1\nname = \"faults\"\n");
        write(Path::new("auth/pega.toml"), PEGA);
        extras.files.iter().for_each(|(path, text)| write(path, text));
        let workspace = hallpass::storage::load(dir.path()).unwrap();
        assert!(workspace.problems.is_empty(), "{:?}", workspace.problems);

        let mut environment = Environment { name: "dev".into(), ..Environment::default() };
        // What the generic server's own environment says, too.
        if let Some(generic) = workspace.environments.first() {
            environment.variables.clone_from(&generic.variables);
        }
        let mut set = |name: &str, value: Value| environment.variables.insert(name.to_owned(), value);
        set("base_url", format!("{}/prweb", at.public_url()).into());
        set("client_id", lines[1].into());
        set("client_secret", Value::Secret(SecretRef::Vault));
        for (name, value) in &extras.variables {
            set(name, value.as_str().into());
        }
        let mut secrets: HashMap<String, Secret> = extras.secrets.into_iter().collect();
        secrets.keys().for_each(|name| drop(set(name, Value::Secret(SecretRef::Vault))));
        secrets.insert("client_secret".into(), Secret::new(lines[3]));

        let (secrets, store) = (Arc::new(Known(secrets)), Arc::new(Kept::default()));
        let session = session(&secrets, &store);
        let password = at.operator_password(PERSON).unwrap().expose().to_owned();
        session.set_desk(Arc::new(Person { password }));
        Rig { at, dir, workspace, environment, secrets, store, session }
    }

    /// A profile, to be changed.
    pub fn profile(&mut self, name: &str) -> &mut OauthProfile {
        self.workspace.profiles.iter_mut().find(|p| p.name == name).unwrap()
    }

    /// Trusts the authority of the https port.
    pub fn trust(&mut self) {
        let Some(pem) = self.at.authority_pem() else { return };
        let file = self.dir.path().join("authority.pem");
        std::fs::write(&file, pem).unwrap();
        self.environment.network.ca_file = Some(file.to_str().unwrap().to_owned());
    }

    fn plan(&self, request: Request) -> Plan {
        Plan::ad_hoc(Some(&self.workspace), request, Some(&self.environment), Vec::new())
    }

    async fn sent(&self, request: Request) -> Sent {
        send_request(&self.session, &self.plan(request), &no_progress, &CancellationToken::new()).await
    }

    /// With a token of the profile `pega`.
    pub async fn send(&self, request: Request) -> Sent {
        self.sent(Request { auth: Auth::Profile("pega".into()), ..request }).await
    }

    /// With a token that somebody typed.
    pub async fn send_by_hand(&self, request: Request, token: &Secret) -> Sent {
        self.sent(Request { auth: Auth::Bearer { token: Value::literal(token.expose()) }, ..request }).await
    }

    pub async fn create(&self) -> Sent {
        let body = Body::Json(r#"{"caseTypeID":"Acme-Cases-Work-Request","content":{}}"#.into());
        self.send(Request { body, ..Request::new("Create", "POST", format!("{V2}/cases")) }).await
    }

    /// Sends the assignment of the created case on.
    pub async fn patch(&self, etag: &str) -> Sent {
        let assignment = "ASSIGN-WORKLIST%20ACME-CASES-WORK%20APP-2005!PYSTARTCASE";
        let url = format!("{V2}/assignments/{assignment}/actions/Triage");
        let headers = vec![Row::on("If-Match", etag)];
        let request =
            Request { headers, body: Body::Json("{}".into()), ..Request::new("Go on", "PATCH", url) };
        self.send(request).await
    }

    fn token_plan(&self, profile: &str) -> TokenPlan {
        let plan = self.plan(Request::default());
        let profile =
            self.workspace.profile(profile).unwrap_or_else(|| panic!("no profile {profile}")).clone();
        TokenPlan { profile, environment: plan.environment, layers: plan.layers, root: plan.root }
    }

    pub async fn token(&self, profile: &str) -> Result<Token, TokenFailure> {
        let (plan, cancel) = (self.token_plan(profile), CancellationToken::new());
        obtain_token(&self.session, &plan, true, &no_progress, &cancel).await
    }

    /// The diagnosis of a token that could not be had.
    pub async fn failure(&self, profile: &str) -> Diagnosis {
        self.token(profile).await.expect_err("no token").diagnosis
    }

    /// A login; the diagnosis is empty where it went well.
    pub async fn login(&self, profile: &str) -> Diagnosis {
        self.token(profile).await.err().map(|failure| failure.diagnosis).unwrap_or_default()
    }

    /// A new token by another process, in which nobody can log in.
    pub async fn refresh_elsewhere(&self, profile: &str) -> Diagnosis {
        let (plan, cancel) = (self.token_plan(profile), CancellationToken::new());
        let other = session(&self.secrets, &self.store);
        let failure = obtain_token(&other, &plan, true, &no_progress, &cancel).await;
        failure.expect_err("no token").diagnosis
    }

    pub async fn authorize_by_hand(&self, profile: &str) -> Sent {
        let url = "{{base_url}}/PRRestService/oauth2/v1/authorize";
        let client = self.workspace.profile(profile).unwrap().client_id.clone();
        let params = [
            ("response_type", "code"),
            ("client_id", client.as_str()),
            ("redirect_uri", "http://127.0.0.1/callback"),
            ("state", "of-a-test"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
        ];
        let params = params.iter().map(|(name, value)| Row::on(*name, *value)).collect();
        self.sent(Request { params, ..Request::new("Authorize", "GET", url) }).await
    }

    /// Asks for a device code and for its token, once, by requests of the user's own.
    pub async fn poll_by_hand(&self) -> Sent {
        let base = format!("{}/rfc", self.at.public_url());
        let form = |rows: &[(&str, &str)]| {
            Body::Form(rows.iter().map(|(name, value)| Row::on(*name, *value)).collect())
        };
        let body = form(&[("client_id", "rfc-public"), ("scope", "orders.read")]);
        let url = format!("{base}/device_authorization");
        let begun = self.sent(Request { body, ..Request::new("Begin", "POST", url) }).await;
        assert!(begun.diagnosis.findings.is_empty(), "{:?}", begun.diagnosis);
        let answer = begun.exchange.unwrap().response.as_ref().unwrap().body.bytes().unwrap();
        let json: serde_json::Value = serde_json::from_slice(&answer).unwrap();
        let body = form(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", json["device_code"].as_str().unwrap()),
            ("client_id", "rfc-public"),
        ]);
        self.sent(Request { body, ..Request::new("Poll", "POST", format!("{base}/token")) }).await
    }
}

fn session(secrets: &Arc<Known>, store: &Arc<Kept>) -> Session {
    let settings = Settings { timeout: Duration::from_secs(30), ..Settings::default() };
    let (secrets, store) = (Arc::clone(secrets) as Arc<dyn SecretSource>, Arc::clone(store));
    Session::new(&settings, secrets, Some(store))
}
