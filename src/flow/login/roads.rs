//! A login by every road that is open: the browser's return to the listener, a paste, the device code. The first that comes home
//! wins, and the others are closed.

use super::browser::{Asked, prepare};
use super::device::Device;
use super::listener::Listener;
use super::{LoginDesk, LoginId, LoginNews, Over, Roads, id_token, ssh};
use crate::diagnose::{Known, KnownKind};
use crate::flow::TokenFailure;
use crate::flow::acquire::{Got, exchange, new_key};
use crate::flow::call::Call;
use crate::flow::diagnosis;
use crate::flow::endpoints::{Endpoints, Leg};
use crate::flow::grants::wants_session_index;
use crate::flow::network::host;
use crate::flow::scope::{cancelled, resolve};
use crate::jwt::sign::SigningKey;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::profile::Grant as Kind;
use crate::model::secret::Secret;
use crate::oauth::Client;
use crate::oauth::authorization::{Callback, Expected, read_pasted};
use crate::oauth::error::clean;
use jiff::{SignedDuration, Timestamp};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What the server said of Pega's session index that it no longer knows.
const STALE_INDEX: &str = "invalid_session_index";
/// A device code ends by itself; this is only for a server that never ends one.
const NEVER: Duration = Duration::from_secs(2 * 3600);
/// Notes that strangers may cause: so many, and so far apart.
const NOTES: u32 = 20;
const APART: Duration = Duration::from_millis(500);

/// What a login is made of.
struct Login<'a> {
    call: &'a Call<'a>,
    endpoints: Endpoints,
    client: Client,
    key: Option<Arc<SigningKey>>,
    redirect_uri: String,
    authorization: Vec<(String, String)>,
    token: Vec<(String, String)>,
    desk: Arc<dyn LoginDesk>,
    id: LoginId,
}

/// Which road came home.
enum Home {
    Callback(Callback),
    Device(Result<Got, TokenFailure>),
    Late,
    Cancelled,
}

/// Asks a person to log in. `session_index`: Pega's, of the last login.
pub(in crate::flow) async fn log_in(
    call: &Call<'_>,
    session_index: Option<String>,
) -> Result<Got, TokenFailure> {
    let (session, profile) = (call.session(), &call.plan.profile);
    let Some(desk) = session.desk() else {
        let next = format!("run `hallpass token {}` in a terminal", profile.name);
        return Err(Problem::new(ProblemKind::Token, call.around.what, "it needs a person", next).into());
    };
    let second = if profile.grant == Kind::DeviceCode { Leg::Device } else { Leg::Authorization };
    let endpoints = call.endpoints(&[Leg::Token, second], true).await?;
    let client = call.client(&endpoints).await?;
    let ((redirect_uri, authorization, token), ..) = resolve(&call.around, |scope| {
        Ok((
            call.field(scope, &profile.redirect_uri, "redirect_uri"),
            call.extra(scope, &profile.extra_authorization),
            call.extra(scope, &profile.extra_token),
        ))
    })
    .await?;
    let key = new_key(call)?;
    let id = session.next_login();
    let mut login = Login { call, endpoints, client, key, redirect_uri, authorization, token, desk, id };
    let desk = Arc::clone(&login.desk);
    let _over = Over { desk: &*desk, login: id };
    let Some(index) = session_index.filter(|_| wants_session_index(&login.authorization)) else {
        return login.once().await;
    };
    login.authorization.push(("session_index".to_owned(), index));
    match login.once().await {
        Err(failure) if failure.error.as_deref() == Some(STALE_INDEX) => {
            login.authorization.pop();
            login.once().await
        }
        ended => ended,
    }
}

impl Login<'_> {
    async fn once(&self) -> Result<Got, TokenFailure> {
        let call = self.call;
        let by_browser = call.plan.profile.grant == Kind::AuthorizationCode;
        let mut asked = match by_browser {
            true => {
                let (key, extra) = (self.key.as_ref(), self.authorization.clone());
                Some(prepare(call, &self.endpoints, &self.client, key, &self.redirect_uri, extra).await?)
            }
            false => None,
        };
        let patience = if by_browser { call.session().login_patience() } else { NEVER };
        let until =
            SignedDuration::try_from(patience).ok().and_then(|p| Timestamp::now().checked_add(p).ok());
        let listener = asked.as_mut().and_then(|asked| asked.home.listener.take());
        let port = listener.as_ref().map(|listener| listener.port);
        let roads = Mutex::new(Roads {
            profile: call.plan.profile.name.clone(),
            environment: call.plan.environment.name.clone(),
            url: asked.as_ref().map(|a| a.url.clone()),
            redirect_uri: asked.as_ref().map(|a| a.home.redirect_uri.clone()),
            port,
            ssh: port.map(ssh::line),
            device: None,
            until: until.unwrap_or(Timestamp::MAX),
        });
        let show = |change: &dyn Fn(&mut Roads)| {
            let mut roads = roads.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut roads);
            self.desk.tell(self.id, LoginNews::Waiting(roads.clone()));
        };
        if let Some(asked) = &asked {
            show(&|_| {});
            if let Some(note) = &asked.home.note {
                self.note(note);
            }
        }
        let device = async {
            if by_browser && !self.endpoints.device_stated {
                return std::future::pending().await;
            }
            let device = Device {
                call,
                endpoints: &self.endpoints,
                client: &self.client,
                key: self.key.as_ref(),
                authorization: &self.authorization,
                token: &self.token,
            };
            let shown = |road: super::DeviceRoad| {
                show(&|roads| {
                    if !by_browser {
                        roads.until = road.until;
                    }
                    roads.device = Some(road.clone());
                });
            };
            let ended = device.run(&shown, &|text| self.note(&text)).await;
            match ended {
                Err(failure) if by_browser && failure.error.as_deref() != Some("access_denied") => {
                    // One road less; the browser's is still open.
                    self.note(&format!("the device code cannot be used: {}", failure.problem.why));
                    std::future::pending().await
                }
                ended => ended,
            }
        };
        let expected = asked.as_ref().map(|asked| asked.expected.clone());
        let home = tokio::select! {
            biased;
            () = call.around.cancel.cancelled() => Home::Cancelled,
            callback = self.callback(listener, expected.as_ref()) => Home::Callback(callback),
            got = device => Home::Device(got),
            () = tokio::time::sleep(patience) => Home::Late,
        };
        // Whatever waited is closed by now: nothing listens while the code is redeemed.
        match (home, asked) {
            (Home::Cancelled, _) => Err(cancelled(call.around.what).into()),
            (Home::Late, _) => Err(self.late(patience).into()),
            (Home::Device(got), _) => self.believed(got?, None).await,
            (Home::Callback(Callback::Code(code)), Some(asked)) => self.redeem(&asked, &code).await,
            (Home::Callback(Callback::Refused { error, description }), _) => {
                Err(self.refused(&error, description.as_deref()))
            }
            (Home::Callback(_), _) => Err(cancelled(call.around.what).into()),
        }
    }

    /// The first callback that is ours, from the listener or pasted.
    async fn callback(&self, listener: Option<Listener>, expected: Option<&Expected>) -> Callback {
        let Some(expected) = expected else { return std::future::pending().await };
        let heard = async {
            let strays = Mutex::new((0, None::<Instant>));
            let stray = |why: String| {
                let mut told = strays.lock().unwrap_or_else(PoisonError::into_inner);
                // A flood at the listener must not become a flood of notes.
                if told.0 < NOTES && told.1.is_none_or(|at| at.elapsed() >= APART) {
                    *told = (told.0 + 1, Some(Instant::now()));
                    self.note(&format!("a stray callback was turned away: {why}"));
                }
            };
            match listener {
                Some(listener) => listener.wait(expected, &stray).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            callback = heard => callback,
            callback = self.pasted(expected) => callback,
        }
    }

    async fn pasted(&self, expected: &Expected) -> Callback {
        loop {
            let text = self.desk.pasted(self.id).await;
            match read_pasted(text.expose(), expected) {
                Callback::Stray(why) => self.note(&why),
                ours => return ours,
            }
            tokio::task::yield_now().await;
        }
    }

    async fn redeem(&self, asked: &Asked, code: &Secret) -> Result<Got, TokenFailure> {
        self.call.session().redactor().learn(code.expose());
        let label = format!("profile {}", self.call.plan.profile.name);
        let environment = self.call.plan.environment.name.clone();
        let known = Known { kind: KnownKind::Code, label, environment, text: code.clone() };
        self.call.session().memory().knows(&known);
        let ask = asked.redeem(self.call, &self.endpoints, self.client.clone(), code, self.token.clone());
        let got = exchange(self.call, &ask, self.key.as_ref()).await?;
        self.believed(got, asked.nonce.as_ref()).await
    }

    /// A token whose ID token, if one came, is of this login.
    async fn believed(&self, got: Got, nonce: Option<&Secret>) -> Result<Got, TokenFailure> {
        let Some(id) = &got.granted.id_token else { return Ok(got) };
        let checked = id_token::check(self.call, &self.endpoints, id, nonce, &got.exchange).await;
        match checked {
            Ok(()) => Ok(got),
            Err(problem) => Err(TokenFailure {
                problem,
                exchange: Some(got.exchange),
                error: None,
                diagnosis: Default::default(),
            }),
        }
    }

    fn note(&self, text: &str) {
        let text = self.call.session().redactor().mask(&clean(text));
        self.desk.tell(self.id, LoginNews::Note(text));
    }

    fn late(&self, patience: Duration) -> Problem {
        let minutes = patience.as_secs().div_ceil(60);
        let time = if patience.as_secs() < 60 {
            format!("{} s", patience.as_secs())
        } else {
            format!("{minutes} min")
        };
        let why = format!("nobody logged in within {time}");
        Problem::new(
            ProblemKind::Timeout,
            self.call.around.what,
            why,
            "get a token again when you can log in",
        )
    }

    fn refused(&self, error: &str, description: Option<&str>) -> TokenFailure {
        let name = &self.call.plan.profile.name;
        let host = host(self.endpoints.get(Leg::Authorization));
        let words = description.map(|d| format!(": {}", clean(d))).unwrap_or_default();
        let next = match error {
            "access_denied" => {
                "log in again and agree, or ask the owner of the server whether this user may".to_owned()
            }
            "unauthorized_client" | "unsupported_response_type" => {
                "allow the authorization code grant in the client registration (in Pega: tick it and save)"
                    .to_owned()
            }
            "invalid_scope" => format!("remove or correct `scope` in auth/{name}.toml"),
            "invalid_request" => format!(
                "check that `redirect_uri` of auth/{name}.toml is registered with the client, and its `[extra.authorization]`"
            ),
            "server_error" | "temporarily_unavailable" => {
                "the server itself failed: try again later".to_owned()
            }
            "login_required" | "interaction_required" | "consent_required" | "account_selection_required" => {
                format!(
                    "remove `prompt` from `[extra.authorization]` in auth/{name}.toml, so that the server may ask"
                )
            }
            _ => "ask the owner of the server what the code means".to_owned(),
        };
        let what = format!("login refused by {host} (profile `{name}`)");
        let session = self.call.session();
        let why = session.redactor().mask(&format!("the server said {}{words}", clean(error)));
        let said = (error.to_owned(), description.unwrap_or_default().to_owned());
        let asked = self.endpoints.get(Leg::Authorization);
        TokenFailure {
            problem: Problem::new(ProblemKind::Token, what, why, next),
            exchange: None,
            error: Some(clean(error)),
            diagnosis: diagnosis::of_login(session, self.call.plan, asked, said),
        }
    }
}
