//! `hallpass flow`: register, token, case, verify, without a screen. `demo --headless` walks the same
//! way on its own server.

use super::args::{ApiVersion, FlowArgs};
use super::context::Context;
use super::login::Desk;
use super::output::Paint;
use super::register::{self, SECRET_VARIABLE};
use super::{Failed, Outcome, samples, token};
use crate::flow::three_part::{self, Api, CaseCreated};
use crate::flow::{self, Session, TokenPlan};
use crate::import::pega_credentials::{self, Credentials};
use crate::model::auth::Auth;
use crate::model::environment::Environment;
use crate::model::plan::{Layer, Plan};
use crate::model::problem::{Problem, ProblemKind};
use crate::model::profile::OauthProfile;
use crate::model::progress::no_progress;
use crate::model::request::Body;
use crate::model::secret::MASK;
use crate::model::value::Value;
use crate::storage::secrets::{Secrets, UntrustedCommand};
use crate::storage::vault::Vault;
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Walks the flow against the server of a credentials file or of the environment in use.
pub fn flow(context: &Context, args: &FlowArgs) -> Outcome {
    let api = match args.api {
        ApiVersion::V1 => Api::V1,
        ApiVersion::V2 => Api::V2,
    };
    let content = args.content.as_deref().map(read_content).transpose()?;
    let wishes = Wishes { api, case_type: args.case_type.clone(), content };
    let journey = match &args.credentials {
        Some(file) => Journey::of_credentials(context, &read_credentials(context, file)?, &wishes)?,
        None => Journey::of_workspace(context, args, &wishes)?,
    };
    let walked = context.block_on(|cancel| async move {
        let mut walked = Walked::new(context);
        let failed = walked.walk(&journey, &cancel).await.err();
        (walked.shape(), failed)
    })?;
    finish(context, walked)
}

/// The answer, or the failure with the steps so far.
pub fn finish(context: &Context, (shape, failed): (Json, Option<Problem>)) -> Outcome {
    match failed {
        Some(problem) => Err(Failed::with_shape(problem, shape)),
        None => {
            if context.out.json {
                context.out.answer(&shape);
            }
            Ok(0)
        }
    }
}

fn read_credentials(context: &Context, file: &Path) -> Result<Credentials, Problem> {
    let bytes = std::fs::read(file).map_err(|e| {
        Problem::new(
            ProblemKind::File,
            "cannot read the credentials file",
            e.to_string(),
            "check the name given to `--credentials`",
        )
        .in_file(file)
    })?;
    let credentials =
        pega_credentials::parse(&bytes).map_err(|p| if p.file.is_some() { p } else { p.in_file(file) })?;
    credentials.warnings.iter().for_each(|w| context.out.warn(w));
    Ok(credentials)
}

fn read_content(file: &Path) -> Result<Json, Problem> {
    let problem = |why: String| {
        Problem::new(
            ProblemKind::File,
            "cannot use the content file",
            why,
            "give a file with one JSON object",
        )
        .in_file(file)
    };
    let text = std::fs::read_to_string(file).map_err(|e| problem(e.to_string()))?;
    let value: Json = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|e| {
        problem(e.to_string())
            .at(u32::try_from(e.line()).unwrap_or(1), u32::try_from(e.column()).unwrap_or(1))
    })?;
    if value.is_object() { Ok(value) } else { Err(problem("it is not an object".to_owned())) }
}

/// What the user asked for beyond where.
pub struct Wishes {
    /// Generation of the API.
    pub api: Api,
    /// Case type; the first creatable one unless said.
    pub case_type: Option<String>,
    /// Fields the case starts with.
    pub content: Option<Json>,
}

/// Everything the walk needs, part A done.
pub struct Journey {
    session: Session,
    register_detail: String,
    token: TokenPlan,
    list: Plan,
    create: Plan,
    get: Plan,
    case_type: Option<String>,
}

impl Journey {
    /// From a credentials file: nothing is written, the secret lives in memory.
    pub fn of_credentials(
        context: &Context,
        credentials: &Credentials,
        wishes: &Wishes,
    ) -> Result<Journey, Problem> {
        let environment = register::environment(credentials);
        let root = PathBuf::new();
        let vault = Vault::memory();
        if let Some(secret) = &credentials.client_secret {
            vault.set(&root, &environment.name, SECRET_VARIABLE, secret.clone())?;
        }
        let secrets = Arc::new(Secrets::with_vault(vault, UntrustedCommand::Refuse));
        let session = Session::new(context.settings(), secrets, None);
        let detail = registered(&credentials.client_id, &credentials.token_url);
        Journey::new(context, session, environment, register::profile(credentials), root, detail, wishes)
    }

    /// From the environment in use and its profile.
    fn of_workspace(context: &Context, args: &FlowArgs, wishes: &Wishes) -> Result<Journey, Problem> {
        let workspace = context.workspace()?;
        let environment = context.some_environment(&workspace, args.env.as_deref())?.clone();
        let pega = workspace.profile("pega").map(|p| p.name.as_str());
        let profile = token::profile(&workspace, pega)?.clone();
        context.confirm_protected(Some(&environment), args.yes)?;
        let layers = [environment_layer(&environment)];
        let shown = |text: &str| {
            let secret = |_: &str, _: &_| Some(crate::model::secret::Secret::new(MASK));
            crate::template::render(text, crate::template::Place::Verbatim, &layers, &secret).text
        };
        let client = shown(&profile.client_id);
        if client.trim().is_empty() {
            return Err(Problem::new(
                ProblemKind::Unresolved,
                "no client is registered here yet",
                format!(
                    "the client id of profile `{}` is empty in environment `{}`",
                    profile.name, environment.name
                ),
                "`hallpass import CREDENTIALS.txt` fills it, or `hallpass env set client_id ID`",
            ));
        }
        let detail = registered(&client, &shown(&profile.token_url));
        Journey::new(
            context,
            context.session(Some(&environment))?,
            environment,
            profile,
            workspace.root,
            detail,
            wishes,
        )
    }

    fn new(
        context: &Context,
        session: Session,
        environment: Environment,
        profile: OauthProfile,
        root: PathBuf,
        register_detail: String,
        wishes: &Wishes,
    ) -> Result<Journey, Problem> {
        Desk::sit_at_terminal(context, &session);
        let requests = samples::case_requests(wishes.api)?;
        let plan = |mut plan: Plan| {
            plan.request.auth = Auth::Profile(profile.name.clone());
            plan.profiles = vec![profile.clone()];
            plan.root = root.clone();
            plan.environment = environment.clone();
            // Nearest first; what the collection sets by default stays behind the environment.
            plan.layers.insert(0, environment_layer(&environment));
            if let Some(timeout) = context.globals.timeout {
                let ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
                plan.request.options.timeout_ms = Some(ms);
            }
            plan
        };
        let mut create = plan(requests.create);
        if let Some(content) = &wishes.content {
            put_content(&mut create, content)?;
        }
        let token = TokenPlan {
            layers: vec![environment_layer(&environment)],
            profile: profile.clone(),
            environment: environment.clone(),
            root: root.clone(),
        };
        Ok(Journey {
            session,
            register_detail,
            token,
            list: plan(requests.list),
            create,
            get: plan(requests.get),
            case_type: wishes.case_type.clone(),
        })
    }
}

fn environment_layer(environment: &Environment) -> Layer {
    Layer { origin: format!("environment {}", environment.name), variables: environment.variables.clone() }
}

fn registered(client: &str, token_url: &str) -> String {
    let start: String = client.chars().take(4).collect();
    let client = if client.chars().count() > 8 { format!("{start}…") } else { client.to_owned() };
    format!("client {client}, token endpoint {token_url}")
}

/// Puts the user's fields into the body of the sample request.
fn put_content(create: &mut Plan, content: &Json) -> Result<(), Problem> {
    let broken = |why: String| {
        Problem::new(ProblemKind::Internal, "the sample request cannot take content", why, "report this")
    };
    let Body::Json(text) = &create.request.body else {
        return Err(broken("it has no JSON body".to_owned()));
    };
    let mut body: Json = serde_json::from_str(text).map_err(|e| broken(e.to_string()))?;
    body["content"] = content.clone();
    create.request.body = Body::Json(body.to_string());
    Ok(())
}

/// The walk so far.
pub struct Walked<'c> {
    context: &'c Context,
    steps: Vec<Json>,
    operator: Option<String>,
    case: Option<CaseCreated>,
}

impl<'c> Walked<'c> {
    /// Nothing done yet.
    pub fn new(context: &'c Context) -> Walked<'c> {
        Walked { context, steps: Vec::new(), operator: None, case: None }
    }

    /// `flow --json`.
    pub fn shape(&self) -> Json {
        json!({
            "steps": self.steps,
            "operator": self.operator,
            "case_id": self.case.as_ref().map(|c| &c.case_id),
            "case_key": self.case.as_ref().map(|c| &c.case_key),
        })
    }

    /// Tells a step as it happens.
    fn step(&mut self, step: &str, word: &str, ok: bool, detail: &str) {
        let out = &self.context.out;
        self.steps.push(json!({"step": step, "ok": ok, "detail": detail}));
        if out.json {
            return;
        }
        let outcome = if ok { out.paint(Paint::Good, "ok    ") } else { out.paint(Paint::Bad, "failed") };
        out.line(&format!("{step:6}  {word:8}  {outcome}  {}", out.safe(detail)));
        out.flush();
    }

    /// A, B, C and the verify step; the first that fails ends it.
    pub async fn walk(&mut self, journey: &Journey, cancel: &CancellationToken) -> Result<(), Problem> {
        self.step("A", "register", true, &journey.register_detail);
        self.token(journey, cancel).await?;
        let created = self.case(journey, cancel).await?;
        self.verify(journey, created, cancel).await
    }

    async fn token(&mut self, journey: &Journey, cancel: &CancellationToken) -> Result<(), Problem> {
        let got = three_part::get_token(&journey.session, &journey.token, &no_progress, cancel).await;
        match got {
            Ok(step) => {
                let operator = step.operator.clone().unwrap_or_else(|| "not named in the token".to_owned());
                let life = step.token.expires_in.map(|d| format!(", {} s", d.as_secs())).unwrap_or_default();
                let signature = match &step.decoded.signature {
                    crate::jwt::Signature::Verified { key } => format!("signature verified by {key}"),
                    crate::jwt::Signature::Unverified { reason } => format!("signature unverified: {reason}"),
                    crate::jwt::Signature::Rejected { reason } => format!("signature rejected: {reason}"),
                };
                self.step("B", "token", true, &format!("operator {operator}{life}, {signature}"));
                self.operator = step.operator;
                Ok(())
            }
            Err(failure) => {
                let detail = three_part::failed_detail(&failure.problem, &failure.diagnosis);
                self.step("B", "token", false, &detail);
                Err(failure.problem)
            }
        }
    }

    async fn case(&mut self, journey: &Journey, cancel: &CancellationToken) -> Result<CaseCreated, Problem> {
        let wanted = journey.case_type.as_deref();
        let made = three_part::create_case(
            &journey.session,
            &journey.list,
            &journey.create,
            wanted,
            &no_progress,
            cancel,
        )
        .await;
        let diagnosis = made.diagnosis().clone();
        match made.created {
            Ok(created) => {
                let kind = made.case_type.map(|t| format!(" of {t}")).unwrap_or_default();
                self.step("C", "create", true, &format!("{} ({}){kind}", created.case_id, created.case_key));
                self.case = Some(created.clone());
                Ok(created)
            }
            Err(problem) => {
                self.step("C", "create", false, &three_part::failed_detail(&problem, &diagnosis));
                Err(problem)
            }
        }
    }

    async fn verify(
        &mut self,
        journey: &Journey,
        created: CaseCreated,
        cancel: &CancellationToken,
    ) -> Result<(), Problem> {
        let mut get = journey.get.clone();
        let mut variables = indexmap::IndexMap::new();
        variables.insert("case_key".to_owned(), Value::literal(&created.case_key));
        variables.insert("v1_case_key".to_owned(), Value::literal(&created.case_key));
        variables.insert("case_id".to_owned(), Value::literal(&created.case_id));
        get.layers.insert(0, Layer { origin: "captured".into(), variables });
        let sent = flow::send_request(&journey.session, &get, &no_progress, cancel).await;
        match three_part::read_verified(&sent, &created) {
            Ok(words) => {
                self.step("verify", "read", true, &words);
                Ok(())
            }
            Err(problem) => {
                self.step("verify", "read", false, &three_part::failed_detail(&problem, &sent.diagnosis));
                Err(problem)
            }
        }
    }
}
