//! A state for tests, and a way to press keys on it. No clock but the one that is handed in.

use super::effect::Effect;
use super::event::{Cx, Event};
use super::job::{JobEvent, News, Output};
use super::key::{Key, KeyPress};
use super::state::{Start, State};
use super::update::update;
use crate::diagnose::{Diagnosis, Evidence, Finding, Likelihood, Passed, Place, Probe, Remedy};
use crate::flow::Sent;
use crate::flow::login::{DeviceRoad, LoginId, LoginNews, Roads};
use crate::model::environment::Environment;
use crate::model::exchange::{BodyData, Exchange, Header, Response, SentRequest};
use crate::model::id::{ItemPath, JobId};
use crate::model::profile::{ClientAuth, OauthProfile};
use crate::model::request::{Body, Request, Row};
use crate::model::secret::Secret;
use crate::model::settings::Settings;
use crate::model::timing::Timings;
use crate::model::token::{Token, TokenKey};
use crate::model::tree::{Folder, Item, Node};
use crate::model::value::{SecretRef, Value};
use crate::model::workspace::Workspace;
use bytes::Bytes;
use indexmap::IndexMap;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A state with a clock of its own.
pub struct Screen {
    /// The state.
    pub state: State,
    /// The clock.
    pub cx: Cx,
    /// Effects nobody has looked at yet.
    pub effects: Vec<Effect>,
}

fn request(path: &str, name: &str, method: &str, url: &str) -> Node {
    let mut request = Request::new(name, method, url);
    request.headers = vec![Row::on("Accept", "application/json")];
    if method == "POST" {
        request.body = Body::Json("{\n  \"caseTypeID\": \"{{case_type}}\",\n  \"content\": {}\n}\n".into());
    }
    Node::Request(Item { path: ItemPath::new(path), request })
}

/// A small workspace in the shape of the Pega sample.
pub fn workspace() -> Workspace {
    let v1 = Folder {
        path: ItemPath::new("pega-cases/v1"),
        name: "v1".into(),
        children: vec![request(
            "pega-cases/v1/create-case",
            "Create case",
            "POST",
            "{{base_url}}/api/v1/cases",
        )],
        ..Folder::default()
    };
    let base = "{{base_url}}/api/application/v2";
    let pega = Folder {
        path: ItemPath::new("pega-cases"),
        name: "pega-cases".into(),
        auth: crate::model::auth::Auth::Profile("pega".into()),
        children: vec![
            request("pega-cases/list-case-types", "List case types", "GET", &format!("{base}/casetypes")),
            request("pega-cases/create-case", "Create case", "POST", &format!("{base}/cases")),
            request("pega-cases/get-case", "Get case", "GET", &format!("{base}/cases/{{{{case_key}}}}")),
            Node::Folder(v1),
        ],
        ..Folder::default()
    };
    let environment = |name: &str, protected: bool| Environment {
        name: name.into(),
        protected,
        variables: IndexMap::from([
            ("base_url".to_owned(), Value::from("http://127.0.0.1:40123/prweb")),
            ("client_secret".to_owned(), Value::Secret(SecretRef::Vault)),
        ]),
        ..Environment::default()
    };
    Workspace {
        root: "/w".into(),
        name: "pega-demo".into(),
        environments: vec![environment("acme-prod", true), environment("sandbox", false)],
        default_environment: Some("sandbox".into()),
        profiles: vec![OauthProfile {
            name: "pega".into(),
            token_url: "{{token_url}}".into(),
            client_id: "{{client_id}}".into(),
            ..OauthProfile::default()
        }],
        collections: vec![pega],
        ..Workspace::default()
    }
}

/// What a screen starts with.
pub fn start(workspace: Workspace) -> Start {
    Start {
        workspace,
        environment: None,
        settings: Settings::default(),
        complaints: Vec::new(),
        vault: "memory",
        redactor: Arc::default(),
        credentials: Some("/tmp/credentials.txt".into()),
        history: Vec::new(),
        recovered: Vec::new(),
    }
}

impl Screen {
    /// The sample workspace at a size.
    pub fn new(width: u16, height: u16) -> Screen {
        Screen::with(start(workspace()), width, height)
    }

    /// Any start.
    pub fn with(start: Start, width: u16, height: u16) -> Screen {
        let cx = Cx {
            now: Instant::now(),
            wall: "2026-11-23T14:02:11Z".parse::<Timestamp>().unwrap(),
            zone: TimeZone::UTC,
        };
        Screen { state: State::new(start, (width, height)), cx, effects: Vec::new() }
    }

    /// Presses keys written as `j j enter ctrl-s`. Time passes a little with each.
    pub fn press(&mut self, keys: &str) -> &mut Screen {
        for key in KeyPress::parse_sequence(keys).unwrap() {
            self.later(Duration::from_millis(400));
            let effects = update(&mut self.state, Event::Key(key), &self.cx);
            self.effects.extend(effects);
        }
        self
    }

    /// Types a text.
    pub fn type_text(&mut self, text: &str) -> &mut Screen {
        for c in text.chars() {
            let effects = update(&mut self.state, Event::Key(KeyPress::plain(Key::Char(c))), &self.cx);
            self.effects.extend(effects);
        }
        self
    }

    /// Pastes a text.
    pub fn paste(&mut self, text: &str) -> &mut Screen {
        let effects = update(&mut self.state, Event::Paste(text.into()), &self.cx);
        self.effects.extend(effects);
        self
    }

    /// Lets time pass.
    pub fn later(&mut self, by: Duration) -> &mut Screen {
        self.cx.now += by;
        self
    }

    /// News of a job.
    pub fn done(&mut self, id: JobId, output: Output) -> &mut Screen {
        let event = Event::Job(JobEvent { id, news: News::Done(Box::new(output)) });
        let effects = update(&mut self.state, event, &self.cx);
        self.effects.extend(effects);
        self
    }

    /// News of a login.
    pub fn login(&mut self, job: u64, login: u64, news: LoginNews) -> &mut Screen {
        let news = News::Login(LoginId(login), news);
        let effects = update(&mut self.state, Event::Job(JobEvent { id: JobId(job), news }), &self.cx);
        self.effects.extend(effects);
        self
    }

    /// Takes the effects.
    pub fn take(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// The message at the bottom.
    pub fn message(&self) -> &str {
        self.state.toast.as_ref().map_or("", |t| t.text.as_str())
    }
}

/// A token of an hour, just come.
pub fn token(cx: &Cx) -> Token {
    Token {
        key: TokenKey {
            environment: "sandbox".into(),
            profile: "pega".into(),
            identity: "24613501234567890123".into(),
            ..TokenKey::default()
        },
        origin: None,
        access_token: Secret::new("a.b.c"),
        token_type: "bearer".into(),
        refresh_token: None,
        id_token: None,
        dpop_key: None,
        use_id_token: false,
        session_index: None,
        scope: None,
        expires_in: Some(Duration::from_secs(3600)),
        obtained_at: cx.wall,
        obtained: cx.now,
        clock_offset_ms: Some(400),
        grant: "client credentials".into(),
        client_auth: "Basic".into(),
        notes: Vec::new(),
        exchange: None,
    }
}

/// A login with every road: a URL whose listener is here, and a device code.
pub fn roads() -> Roads {
    Roads {
        profile: "acme".into(),
        environment: "sandbox".into(),
        url: Some(
            "https://id.example/realms/acme/protocol/openid-connect/auth?response_type=code&client_id=hallpass\
             &redirect_uri=http%3A%2F%2F127.0.0.1%3A41234%2Fcallback&scope=openid%20orders.read\
             &state=Zk3vB0yN5cU1w&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\
             &code_challenge_method=S256"
                .into(),
        ),
        redirect_uri: Some("http://127.0.0.1:41234/callback".into()),
        port: Some(41234),
        ssh: Some("ssh -L 41234:127.0.0.1:41234 me@jump.example".into()),
        device: Some(DeviceRoad {
            verification_uri: "https://id.example/device".into(),
            verification_uri_complete: Some("https://id.example/device?user_code=WDJB-MJHT".into()),
            user_code: "WDJB-MJHT".into(),
            until: "2026-11-23T14:12:11Z".parse().unwrap(),
        }),
        until: "2026-11-23T14:07:11Z".parse().unwrap(),
    }
}

/// An answer with a status and a JSON body.
pub fn sent(status: u16, body: &str) -> Sent {
    let exchange = Exchange {
        response: Some(Response {
            status,
            reason: Some(if status == 201 { "Created" } else { "Unauthorized" }.into()),
            http_version: "HTTP/1.1".into(),
            headers: vec![
                Header::new("content-type", "application/json"),
                Header::new("etag", "\"20261123T140212.004 GMT\""),
            ],
            body: BodyData::Memory(Bytes::from(body.to_owned())),
            wire_size: body.len() as u64,
            incomplete: None,
        }),
        timings: Timings {
            dns: Some(Duration::from_millis(1)),
            connect: Some(Duration::from_millis(2)),
            tls: None,
            wait: Some(Duration::from_millis(80)),
            download: Some(Duration::from_millis(1)),
            total: Some(Duration::from_millis(84)),
        },
        peer: Some("127.0.0.1:40123".into()),
        clock_offset_ms: Some(400),
        ..Exchange::new(
            SentRequest {
                method: "POST".into(),
                url: "http://127.0.0.1:40123/prweb/api/application/v2/cases".into(),
                http_version: Some("HTTP/1.1".into()),
                headers: vec![Header::sensitive("authorization", "Bearer very-secret-token")],
                body: Bytes::from_static(b"{}"),
            },
            Timestamp::UNIX_EPOCH,
        )
    };
    Sent {
        exchange: Some(Arc::new(exchange)),
        token: None,
        token_exchange: None,
        checks: Vec::new(),
        captures: vec![("case_key".into(), "ACME-CASES-WORK APP-2005".into())],
        missing_captures: Vec::new(),
        used: Vec::new(),
        retried: Vec::new(),
        diagnosis: Default::default(),
        problem: None,
    }
}

/// Two findings about a token that the server refused, as the rules give them.
pub fn refusal() -> Diagnosis {
    let expired = Finding::new("token.expired", Likelihood::Certain)
        .summary("the token expired 3 min ago, by the server's own clock")
        .evidence(Evidence::at(Place::Claim("exp".into()), "claim exp: 2026-11-23T13:59:11Z, 3 min ago"))
        .evidence(Evidence {
            text: "www-authenticate: Bearer error=\"invalid_token\", error_description=\"expired\"".into(),
            place: Place::ResponseHeader("www-authenticate".into()),
            quote: "error=\"invalid_token\"".into(),
        })
        .evidence(Evidence {
            text: "body: {\"error\":\"invalid_token\"}".into(),
            place: Place::ResponseBody,
            quote: "invalid_token".into(),
        })
        .cause("The claim `exp` lies in the past, and the server says invalid_token.")
        .confirm("Get a new token and send the request once more.")
        .fix("Get a new token; if that one is refused too, compare the two clocks.")
        .remedy(Remedy::RenewReplay);
    let mut expired = expired;
    expired.probes = vec![Probe::RenewReplay, Probe::Introspect];
    let mut rejected = Finding::new("token.rejected", Likelihood::Possible)
        .summary("the server refuses the token for a reason of its own")
        .evidence(Evidence::at(
            Place::RequestHeader("authorization".into()),
            "authorization: Bearer ••• (24 characters)",
        ))
        .remedy(Remedy::ClientAuth(ClientAuth::Body))
        .remedy(Remedy::RenewReplay);
    rejected.probes = vec![Probe::Introspect];
    Diagnosis {
        status: Some(401),
        findings: vec![expired, rejected],
        passed: vec![
            Passed { name: "header", text: "sent once, scheme Bearer, no stray characters".into() },
            Passed { name: "front", text: "no redirect, no login page, no proxy".into() },
        ],
        missing: vec!["the key set: it was not fetched".into()],
    }
}

/// A 401 with these findings.
pub fn refused() -> Sent {
    let mut sent = sent(401, "{\"error\":\"invalid_token\",\"message\":\"The token expired\"}");
    if let Some(exchange) = sent.exchange.as_mut().map(Arc::make_mut)
        && let Some(response) = &mut exchange.response
    {
        let challenge = "Bearer error=\"invalid_token\", error_description=\"expired\"";
        response.headers.push(Header::new("www-authenticate", challenge));
    }
    sent.captures.clear();
    sent.diagnosis = refusal();
    sent
}

impl Screen {
    /// Sends the request shown and answers with this.
    pub fn answered(&mut self, answer: Sent) -> &mut Screen {
        self.press("s");
        let job = self.take().into_iter().find_map(|e| match e {
            Effect::Send(job, _) => Some(job),
            _ => None,
        });
        self.done(job.expect("a request was sent"), Output::Sent(answer, None));
        self.index()
    }

    /// Indexes the bodies that wait for it.
    pub fn index(&mut self) -> &mut Screen {
        for effect in self.take() {
            match effect {
                Effect::Index { job, media_type, body } => {
                    let content = crate::worker::index_body(&media_type, &body, &|| false).unwrap();
                    self.done(job, Output::Indexed(content));
                }
                other => self.effects.push(other),
            }
        }
        self
    }
}
