//! Sending, tokens, and the three-part flow.

use super::command::prompt;
use crate::app::command::Command;
use crate::app::effect::{Effect, Target};
use crate::app::event::Cx;
use crate::app::flow_strip::{Step, StepState};
use crate::app::focus::PaneId;
use crate::app::overlay::{Overlay, Purpose, TextView};
use crate::app::pane::jwt::JwtSource;
use crate::app::pane::request::Draft;
use crate::app::state::State;
use crate::model::history::HistoryEntry;
use crate::model::id::ItemPath;
use crate::model::problem::Problem;
use crate::model::request::{Body, Request, Row};
use crate::model::secret::MASK;
use crate::model::tree::{Folder, Item};
use crate::model::workspace::Workspace;

/// `s`: sends what is shown.
pub fn send_shown(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    let path = match state.request.path.clone() {
        Some(path) => path,
        None => return,
    };
    if state.focus == PaneId::Collections && state.collections.row().is_some_and(|r| r.method.is_none()) {
        super::hint(state, "a folder is selected; choose a request to send it", cx);
        return;
    }
    send(state, path, Command::Send, cx, fx);
}

/// `.`: the last one again.
pub fn send_again(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    match state.last_sent.clone() {
        Some(path) if state.plan(&path).is_some() => {
            let workspace = std::sync::Arc::clone(&state.workspace);
            if !path.as_str().is_empty() {
                state.collections.reveal(&path, &workspace);
                state.show_selected();
            }
            send(state, path, Command::SendAgain, cx, fx);
        }
        _ => super::hint(state, "nothing was sent yet; s sends the request", cx),
    }
}

/// Sends a past exchange again: the saved request as it is now, else a scratch copy. A copy whose
/// secrets were masked is only shown, for the user to fill them in.
pub fn resend(state: &mut State, past: &HistoryEntry, cx: &Cx, fx: &mut Vec<Effect>) {
    if let Some(path) = past.path.clone().filter(|p| state.workspace.item(p).is_some()) {
        show(state, &path);
        state.focus_on(PaneId::Response);
        send(state, path, Command::Send, cx, fx);
        return;
    }
    let sent = past.detail.as_ref().and_then(|d| d.get("request"));
    let mut request = Request::new(past.name.clone(), past.method.clone(), past.url.clone());
    let text = |value: &serde_json::Value, key: &str| value[key].as_str().unwrap_or("").to_owned();
    for header in sent.and_then(|s| s["headers"].as_array()).into_iter().flatten() {
        let name = text(header, "name");
        // What the engine adds by itself it will add again.
        let added = ["host", "content-length", "accept-encoding", "user-agent"];
        if !added.iter().any(|a| name.eq_ignore_ascii_case(a)) {
            request.headers.push(Row::on(name, text(header, "value")));
        }
    }
    if let Some(body) = sent.and_then(|s| s["body"].as_str()).filter(|b| !b.is_empty()) {
        let json = serde_json::from_str::<serde_json::Value>(body).is_ok();
        request.body = if json { Body::Json(body.to_owned()) } else { Body::Text(body.to_owned()) };
    }
    let masked = |text: &str| text.contains(MASK);
    let incomplete = masked(&request.url)
        || request.headers.iter().any(|h| masked(&h.value))
        || request.body.text().is_some_and(masked);
    let scratch = ItemPath::default();
    state.request.drafts.insert(scratch.clone(), Draft::new(request));
    state.request.path = Some(scratch.clone());
    state.request.editing = None;
    if incomplete {
        state.focus_on(PaneId::Request);
        super::hint(state, "its secrets were masked: put them in again, then s sends it", cx);
    } else {
        state.focus_on(PaneId::Response);
        send(state, scratch, Command::Send, cx, fx);
    }
}

/// Sends a request, unless one of the same is running or the environment asks first.
pub fn send(state: &mut State, path: ItemPath, command: Command, cx: &Cx, fx: &mut Vec<Effect>) {
    if asks_first(state, command) {
        return;
    }
    send_now(state, path, cx, fx);
}

/// True when the environment is protected: its name must be typed first.
fn asks_first(state: &mut State, command: Command) -> bool {
    let Some(name) = state.active().filter(|e| e.protected).map(|e| e.name.clone()) else { return false };
    let title = format!("{name} is protected: type its name to send");
    prompt(state, &title, "Esc sends nothing", "", Purpose::Protected(command));
    true
}

/// Sends without asking.
pub fn send_now(state: &mut State, path: ItemPath, cx: &Cx, fx: &mut Vec<Effect>) {
    let target = Target::Request(path.clone());
    if state.jobs.of(&target).is_some() {
        super::hint(state, "this request is running; Ctrl-C cancels it", cx);
        return;
    }
    let Some(plan) = state.plan(&path) else { return };
    state.response.before = None;
    state.last_sent = Some(path);
    let job = state.jobs.start(target, cx.now);
    fx.push(Effect::Send(job, Box::new(plan)));
}

/// Ctrl-C: stops what runs; with nothing running it says how to quit.
pub fn cancel(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    let running: Vec<_> = state.jobs.visible().map(|j| j.id).collect();
    if running.is_empty() {
        super::hint(state, "nothing is running; q quits", cx);
        return;
    }
    for id in running {
        if let Some(job) = state.jobs.get_mut(id) {
            job.cancelling = true;
        }
        fx.push(Effect::CancelJob(id));
    }
    state.say("cancelling", cx);
}

/// `r` in the token panes: a new token.
pub fn renew(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    let Some(profile) = state.token_profile() else { return };
    get_token(state, &profile, Target::Token, cx, fx);
}

fn get_token(state: &mut State, profile: &str, target: Target, cx: &Cx, fx: &mut Vec<Effect>) -> bool {
    if state.jobs.of(&target).is_some() {
        super::hint(state, "a token is being asked for; Ctrl-C cancels", cx);
        return false;
    }
    let Some(plan) = state.token_plan(profile) else { return false };
    let job = state.jobs.start(target, cx.now);
    fx.push(Effect::Token { job, plan: Box::new(plan) });
    true
}

/// `x` in the token pane.
pub fn forget(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    state.token.failure = None;
    let at = state.token.at;
    if at >= state.token.tokens.len() {
        return;
    }
    let token = state.token.tokens.remove(at);
    state.token.at = at.min(state.token.tokens.len().saturating_sub(1));
    let environment = state.environment_name().to_owned();
    state.token.settle(&environment);
    fx.push(Effect::ForgetToken(token.key.clone()));
    state.say(
        format!("the token of {} is forgotten here; the server still honours it", token.key.profile),
        cx,
    );
    show_token(state, cx, fx);
}

/// Shows the selected token in the JWT pane.
pub fn show_token(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    let Some(token) = state.token.token().cloned() else {
        state.jwt = Default::default();
        return;
    };
    if state.jwt.text.as_ref() == Some(&token.access_token) && state.jwt.decoded.is_some() {
        return;
    }
    state.jwt.note(&token.key, &token.access_token);
    state.jwt.source = JwtSource::AccessToken;
    state.jwt.text = Some(token.access_token.clone());
    state.jwt.decoded = None;
    state.jwt.clock_offset_ms = token.clock_offset_ms;
    state.jwt.top = 0;
    // Its keys are those of its own environment, whichever is chosen now.
    let environment = state.workspace.environment(&token.key.environment);
    let plan = state.token_plan_in(&token.key.profile, environment).map(Box::new);
    let job = state.jobs.start(Target::Jwt, cx.now);
    fx.push(Effect::Inspect { job, plan, token: token.access_token, clock_offset_ms: token.clock_offset_ms });
}

/// `o`: the exchange that got the token, or failed to.
pub fn token_exchange(state: &mut State, cx: &Cx) {
    let failed = state.token.failure.as_ref().and_then(|f| f.exchange.clone());
    let exchange = failed.or_else(|| state.token.token().and_then(|t| t.exchange.clone()));
    match exchange {
        Some(exchange) => {
            let lines = super::response::wire_lines(state, &exchange);
            state.overlays.push(Overlay::Text(TextView::new("The token request", lines)));
        }
        None => super::hint(
            state,
            "this token came out of the vault; r gets a new one and shows the exchange",
            cx,
        ),
    }
}

/// The requests the flow needs, found by their file names in one collection.
pub struct FlowRequests {
    /// Lists case types.
    pub list: Option<ItemPath>,
    /// Creates.
    pub create: ItemPath,
    /// Reads back.
    pub get: ItemPath,
}

/// Finds them.
pub fn flow_requests(workspace: &Workspace) -> Option<FlowRequests> {
    workspace.collections.iter().find_map(|collection| {
        let mut all: Vec<ItemPath> = Vec::new();
        collection.walk(&mut |_: &[&Folder], item: &Item| all.push(item.path.clone()));
        let find = |stem: &str| all.iter().find(|p| p.stem() == stem).cloned();
        Some(FlowRequests {
            create: find("create-case")?,
            get: find("get-case")?,
            list: find("list-case-types"),
        })
    })
}

/// The request a screen opens with: the flow's, else the first.
pub fn first_request(workspace: &Workspace) -> Option<ItemPath> {
    let of_flow = flow_requests(workspace).map(|r| r.create);
    of_flow.or_else(|| workspace.requests().first().map(|(_, item)| item.path.clone()))
}

/// `>`: the first step that is not done.
pub fn next_step(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    match state.flow.next() {
        Some(step) => run_step(state, step, cx, fx),
        None => super::hint(state, "all four steps are done; r gets a new token, . sends again", cx),
    }
}

/// Runs one step.
pub fn run_step(state: &mut State, step: Step, cx: &Cx, fx: &mut Vec<Effect>) {
    if Step::ALL.iter().any(|s| *state.flow.state(*s) == StepState::Running) {
        super::hint(state, "a step is running; Ctrl-C cancels it", cx);
        return;
    }
    match step {
        Step::Register => match state.flow.credentials.clone() {
            Some(file) => import(state, file, cx, fx),
            None => ask_credentials(state),
        },
        Step::Token => {
            // Another profile's token would be another client's.
            if let Some(problem) = broken_profile(state) {
                state.complain(&problem);
                return;
            }
            let Some(profile) = flow_profile(state) else {
                super::hint(state, "there is no OAuth profile; I imports a credentials file", cx);
                return;
            };
            if get_token(state, &profile, Target::Flow(Step::Token), cx, fx) {
                state.flow.set(Step::Token, StepState::Running);
                state.focus_on(PaneId::Token);
            }
        }
        Step::Create => {
            if asks_first(state, Command::FlowNext) {
                return;
            }
            create(state, cx, fx);
        }
        Step::Verify => verify(state, cx, fx),
    }
}

/// Why the profile of the flow's requests cannot be used, when its file is broken.
fn broken_profile(state: &State) -> Option<Problem> {
    flow_requests(&state.workspace).and_then(|r| state.plan(&r.create))?.broken
}

/// The profile the flow's requests use.
pub fn flow_profile(state: &State) -> Option<String> {
    let requests = flow_requests(&state.workspace);
    let of_flow = requests
        .and_then(|r| state.plan(&r.create))
        .and_then(|p| p.request.auth.profile().map(str::to_owned));
    of_flow.filter(|p| state.workspace.profile(p).is_some()).or_else(|| state.profile_name())
}

/// Step C without asking.
pub fn create(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    let Some(requests) = flow_requests(&state.workspace) else {
        super::hint(
            state,
            "no collection has create-case and get-case; hallpass init --with pega-cases makes one",
            cx,
        );
        return;
    };
    let list = requests.list.as_ref().and_then(|p| state.plan(p));
    let (Some(create), Some(list)) = (state.plan(&requests.create), list) else { return };
    show(state, &requests.create);
    state.focus_on(PaneId::Response);
    let wanted = create
        .layers
        .iter()
        .find_map(|l| l.variables.get("case_type"))
        .and_then(|v| v.as_text())
        .filter(|t| !t.is_empty())
        .map(str::to_owned);
    let job = state.jobs.start(Target::Flow(Step::Create), cx.now);
    state.flow.set(Step::Create, StepState::Running);
    state.last_sent = Some(requests.create);
    fx.push(Effect::CreateCase { job, list: Box::new(list), create: Box::new(create), wanted });
}

fn verify(state: &mut State, cx: &Cx, fx: &mut Vec<Effect>) {
    let Some((requests, created)) = flow_requests(&state.workspace).zip(state.flow.created.clone()) else {
        super::hint(state, "step C has not created a case yet", cx);
        return;
    };
    let Some(get) = state.plan(&requests.get) else { return };
    show(state, &requests.get);
    state.focus_on(PaneId::Response);
    let job = state.jobs.start(Target::Flow(Step::Verify), cx.now);
    state.flow.set(Step::Verify, StepState::Running);
    state.last_sent = Some(requests.get);
    fx.push(Effect::VerifyCase { job, get: Box::new(get), created });
}

/// Selects a request in the tree and shows it.
pub fn show(state: &mut State, path: &ItemPath) {
    let workspace = std::sync::Arc::clone(&state.workspace);
    state.collections.reveal(path, &workspace);
    state.show_selected();
}

/// `I`: asks for a credentials file.
pub fn ask_credentials(state: &mut State) {
    let file = state.flow.credentials.clone().unwrap_or_default();
    prompt(
        state,
        "Import a Pega credentials file",
        "Dev Studio › OAuth 2.0 Client Registration › View & download › Download credentials",
        &file,
        Purpose::Credentials,
    );
}

/// Reads a credentials file into the chosen environment and the flow's profile.
pub fn import(state: &mut State, file: String, cx: &Cx, fx: &mut Vec<Effect>) {
    let environment = state.environment.clone().unwrap_or_else(|| "dev".to_owned());
    let profile = flow_profile(state).unwrap_or_else(|| "pega".to_owned());
    let job = state.jobs.start(Target::Flow(Step::Register), cx.now);
    state.flow.set(Step::Register, StepState::Running);
    fx.push(Effect::ImportCredentials { job, file, environment, profile });
}

/// After a switch of environment: what the strip can still claim.
pub fn environment_changed(state: &mut State) {
    state.flow.created = None;
    let has = state.has_registration();
    state.flow.set(Step::Register, if has { StepState::Done("ok".into()) } else { StepState::Todo });
    state.flow.set(Step::Token, StepState::Todo);
}

/// `F`: the flow in words, with where it stands.
pub fn explain(state: &State) -> TextView {
    let word = |step: Step| match state.flow.state(step) {
        StepState::Todo if state.flow.next() == Some(step) => "next: > runs it".to_owned(),
        StepState::Todo => "to do".to_owned(),
        StepState::Running => "running".to_owned(),
        StepState::Done(text) => format!("done: {text}"),
        StepState::Failed(text) => format!("failed: {text}; > tries again"),
    };
    let environment = state.environment.as_deref().unwrap_or("none yet");
    let lines = vec![
        format!("Environment: {environment}"),
        String::new(),
        format!("A  Register   {}", word(Step::Register)),
        "   An OAuth 2.0 client registration in Pega's Dev Studio (Records ›".into(),
        "   Security) with the client credentials grant and an operator. Its".into(),
        "   credentials file fills an environment and an OAuth profile here;".into(),
        "   the secret goes into the vault.".into(),
        String::new(),
        format!("B  Token      {}", word(Step::Token)),
        "   POST to the token endpoint. The answer is decoded in 5 JWT, its".into(),
        "   signature checked, and the operator it speaks for is named.".into(),
        String::new(),
        format!("C  Create     {}", word(Step::Create)),
        "   GET the case types, then POST /cases with the token.".into(),
        String::new(),
        format!("   Verify     {}", word(Step::Verify)),
        "   GET the case by the key that step C captured.".into(),
        String::new(),
        ">  runs the next step, from anywhere.".into(),
    ];
    TextView::new("The three-part flow", lines)
}

/// What the screen asks for when it opens: cached tokens and recent exchanges.
pub fn start_of_screen(state: &mut State, cx: &Cx) -> Vec<Effect> {
    let tokens = state.jobs.start(Target::Other("tokens"), cx.now);
    let history = state.jobs.start(Target::Other("recent"), cx.now);
    vec![Effect::ListTokens(tokens), Effect::ListHistory(history)]
}
