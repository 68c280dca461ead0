//! `hallpass send`: one request; its body to stdout, everything else to stderr.

use super::args::SendArgs;
use super::context::{Context, set_layer};
use super::login::Desk;
use super::output::Paint;
use super::{Failed, Outcome, guess, save};
use crate::content::visible::visible;
use crate::flow::{self, Sent};
use crate::import::curl;
use crate::model::environment::Environment;
use crate::model::exchange::Exchange;
use crate::model::plan::{Layer, Plan};
use crate::model::problem::{Problem, ProblemKind};
use crate::model::progress::{Phase, no_progress};
use crate::model::redact::Redactor;
use crate::model::workspace::{Found, Workspace};
use crate::report::{self, Masking};
use std::time::Duration;

/// What a command line says of the one request to send.
pub(super) struct One<'a> {
    /// A saved request.
    pub request: Option<&'a str>,
    /// A curl line.
    pub curl: Option<&'a str>,
    /// Environment.
    pub env: Option<&'a str>,
    /// `--set`.
    pub set: &'a [(String, String)],
}

/// Sends, or shows what would be sent.
pub fn send(context: &Context, args: &SendArgs) -> Outcome {
    let one = One {
        request: args.request.as_deref(),
        curl: args.curl.as_deref(),
        env: args.env.as_deref(),
        set: &args.set,
    };
    let (plan, environment) = planned(context, &one)?;
    let session = context.session(environment.as_ref())?;
    if args.dry_run {
        return dry_run(context, &session, &plan);
    }
    context.confirm_protected(environment.as_ref(), args.yes)?;
    let sent = transmit(context, &session, &plan)?;
    remember(context, args.no_history, &plan, &sent, session.redactor());
    answer(context, args, &plan, &sent, session.redactor())
}

/// Sends it, with a person at the terminal where a login needs one.
pub(super) fn transmit(context: &Context, session: &flow::Session, plan: &Plan) -> Result<Sent, Problem> {
    Desk::sit_at_terminal(context, session);
    let out = &context.out;
    let verbose = out.verbose > 0;
    context.block_on(|cancel| {
        let (session, plan) = (session.clone(), plan.clone());
        async move {
            let progress = |phase: Phase| {
                if verbose && !matches!(phase, Phase::Receiving { .. }) {
                    out.detail(phase.word());
                }
            };
            let sink: crate::model::progress::ProgressSink<'_> =
                if verbose { &progress } else { &no_progress };
            flow::send_request(&session, &plan, sink, &cancel).await
        }
    })
}

/// The plan of a saved request or of a curl line, `--set` and `--timeout` applied.
pub(super) fn planned(context: &Context, one: &One<'_>) -> Result<(Plan, Option<Environment>), Problem> {
    let set = vec![set_layer(one.set)];
    let (mut plan, environment) = match (one.request, one.curl) {
        (_, Some(line)) => from_curl(context, line, one.env, set)?,
        (Some(name), None) => {
            let workspace = context.workspace()?;
            let environment = context.environment(&workspace, one.env)?.cloned();
            let (above, item) = match guess::find(&workspace, name)? {
                Found::Request(above, item) => (above, item),
                Found::Folder(..) | Found::All => {
                    return Err(Problem::new(
                        ProblemKind::Usage,
                        format!("`{name}` is not one request"),
                        "it is a folder",
                        format!("send all of it with `hallpass run {name}`"),
                    ));
                }
            };
            (Plan::new(&workspace, &above, item, environment.as_ref(), set), environment)
        }
        (None, None) => {
            return Err(Problem::new(
                ProblemKind::Usage,
                "nothing to send",
                "neither a request nor a curl line was named",
                "name a request of `hallpass list`",
            ));
        }
    };
    if let Some(timeout) = context.globals.timeout {
        plan.request.options.timeout_ms = Some(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX));
    }
    Ok((plan, environment))
}

/// A curl line needs no workspace; where there is one its variables may be used.
fn from_curl(
    context: &Context,
    line: &str,
    env: Option<&str>,
    set: Vec<Layer>,
) -> Result<(Plan, Option<Environment>), Problem> {
    let import = curl::parse(line)?;
    import.warnings.iter().for_each(|w| context.out.warn(w));
    let workspace: Option<Workspace> = match env {
        Some(_) => Some(context.workspace()?),
        None => context.workspace_if_any()?,
    };
    let chosen = match &workspace {
        Some(workspace) => context.environment(workspace, env)?.cloned(),
        None => None,
    };
    // The line's own network options count for this one request.
    let mut network = chosen.clone().unwrap_or_default();
    network.network.insecure |= import.insecure;
    network.network.proxy = import.proxy.or(network.network.proxy);
    if let Some(file) = import.ca_file {
        let file = std::path::absolute(&file).map_or(file, |p| p.display().to_string());
        network.network.ca_file = Some(file);
    }
    let mut request = import.request;
    if !import.follow && request.options.redirects.is_none() {
        request.options.redirects = Some(0);
    }
    Ok((Plan::ad_hoc(workspace.as_ref(), request, Some(&network), set), chosen))
}

/// The request fully resolved, secrets masked; nothing is sent.
fn dry_run(context: &Context, session: &flow::Session, plan: &Plan) -> Outcome {
    let (outgoing, used) = flow::preview(session, plan)?;
    let clear = context.globals.with_secrets;
    let redactor = session.redactor();
    let masked = |text: &str| if clear { text.to_owned() } else { redactor.mask(text) };
    let header = |h: &crate::model::exchange::Header| {
        if clear { h.value.clone() } else { redactor.header(h) }
    };
    let body = String::from_utf8_lossy(&outgoing.body);
    let out = &context.out;
    if out.json {
        let headers: Vec<_> = outgoing
            .headers
            .iter()
            .map(|h| serde_json::json!({"name": h.name, "value": header(h)}))
            .collect();
        out.answer(&serde_json::json!({
            "request": {
                "method": outgoing.method, "url": masked(&outgoing.url), "http_version": null,
                "headers": headers, "body": masked(&body),
            },
            "response": null, "checks": [], "captures": {}, "findings": [],
        }));
        return Ok(0);
    }
    out.line(&out.safe(&format!("{} {}", outgoing.method, masked(&outgoing.url))));
    for h in &outgoing.headers {
        out.line(&out.safe(&format!("{}: {}", h.name, header(h))));
    }
    if !outgoing.body.is_empty() {
        out.line("");
        for line in masked(&body).lines() {
            out.line(&out.safe(line));
        }
    }
    for u in &used {
        out.detail(&format!("{} = {} ({})", u.name, u.value, u.origin));
    }
    Ok(0)
}

/// A line in the history; that it cannot be written is only a warning.
pub(super) fn remember(context: &Context, leave_out: bool, plan: &Plan, sent: &Sent, redactor: &Redactor) {
    if leave_out || sent.exchange.is_none() {
        return;
    }
    super::history::remember(context, plan, sent, redactor);
}

/// Body to stdout (or the JSON object), the rest to stderr; the exit code.
fn answer(context: &Context, args: &SendArgs, plan: &Plan, sent: &Sent, redactor: &Redactor) -> Outcome {
    let out = &context.out;
    let body = sent.exchange.as_ref().and_then(|e| e.response.as_ref()).map(|r| &r.body);
    if let (Some(path), Some(body)) = (&args.output, body) {
        save::body(path, body)?;
        out.note(&format!("saved {} B to {}", body.len(), path.display()));
    }
    let shape = if out.json {
        let masking = if context.globals.with_secrets { Masking::Clear } else { Masking::Masked };
        report::sent(sent, redactor, masking)
    } else {
        serde_json::Value::Null
    };
    tell(context, sent, redactor);
    if !out.json
        && let Some(body) = body
    {
        out.body(body)?;
    }
    match failure(plan, sent) {
        Some(problem) => {
            let exit = sent.exit_code();
            let problem = more(problem, args, sent);
            Err(Failed::with_shape(guess::elsewhere(context, problem), shape).exit(exit))
        }
        None => {
            if out.json {
                out.answer(&shape);
            }
            Ok(0)
        }
    }
}

/// Where there is something to explain, the next step says how to see it.
fn more(mut problem: Problem, args: &SendArgs, sent: &Sent) -> Problem {
    let Some(finding) = sent.diagnosis.first() else { return problem };
    if problem.kind == ProblemKind::Check {
        problem.why = format!("{}\n  {}: {}", problem.why, finding.code(), finding.summary);
    }
    if let Some(request) = &args.request {
        let line = format!("`hallpass diagnose {request}` explains more");
        problem.next = if problem.next.is_empty() { line } else { format!("{}\n  {line}", problem.next) };
    }
    problem
}

/// Why the exit code is not 0, in words.
pub fn failure(plan: &Plan, sent: &Sent) -> Option<Problem> {
    if let Some(problem) = &sent.problem {
        return Some(problem.clone());
    }
    let failed: Vec<&str> = sent.checks.iter().filter(|c| !c.ok).map(|c| c.name.as_str()).collect();
    if !failed.is_empty() {
        let what = match failed.len() {
            1 => "1 check failed".to_owned(),
            n => format!("{n} checks failed"),
        };
        return Some(Problem::new(
            ProblemKind::Check,
            what,
            failed.join("; "),
            "compare what was expected with the answer above",
        ));
    }
    (sent.exit_code() != 0).then(|| refused(plan, sent))
}

/// A 401 or 403 that no check expected: in the words of the first finding, where there is one.
pub fn refused(plan: &Plan, sent: &Sent) -> Problem {
    let mut problem = plainly_refused(plan, sent);
    if let Some(finding) = sent.diagnosis.first() {
        problem.why.clone_from(&finding.summary);
        problem.next.clone_from(&finding.fix);
    }
    problem
}

/// The same without a finding.
fn plainly_refused(plan: &Plan, sent: &Sent) -> Problem {
    let response = sent.exchange.as_ref().and_then(|e| e.response.as_ref());
    let status = response.map_or(0, |r| r.status);
    let why = match response.and_then(|r| r.header("www-authenticate")) {
        Some(challenge) => format!("the server said `WWW-Authenticate: {challenge}`"),
        None if status == 401 => "the server did not accept who is asking".to_owned(),
        None => "the server knows who is asking and does not allow it".to_owned(),
    };
    let next = match (plan.request.auth.profile(), status) {
        (Some(profile), 401) => {
            format!(
                "look at the token with `hallpass token show {profile}`, or get a new one with `hallpass token renew {profile}`"
            )
        }
        (Some(profile), _) => {
            format!(
                "see for whom the token speaks with `hallpass token show {profile}`, and give that operator access"
            )
        }
        (None, _) if matches!(plan.request.auth, crate::model::auth::Auth::None) => {
            "the request sends no credentials: give it `auth`".to_owned()
        }
        (None, _) => "check the credentials of the request".to_owned(),
    };
    Problem::new(ProblemKind::Refused, format!("the server refused the request ({status})"), why, next)
}

/// Status line, timings, redirects, checks and captures, on stderr.
fn tell(context: &Context, sent: &Sent, redactor: &Redactor) {
    let out = &context.out;
    if out.quiet {
        return;
    }
    for (reason, _) in &sent.retried {
        out.note(match reason {
            flow::RetryReason::InvalidToken => {
                "the server refused the token as invalid: it was renewed, and the request sent once more"
            }
            flow::RetryReason::DpopNonce => {
                "the server gave a nonce for the DPoP proof: the request was sent once more"
            }
        });
    }
    if let Some(exchange) = &sent.exchange {
        for r in &exchange.redirects {
            let dropped = match r.dropped.as_slice() {
                [] => String::new(),
                names => format!(" (not sent on: {})", names.join(", ")),
            };
            out.note(&redactor.mask(&format!("{} {} -> {}{dropped}", r.status, r.from, r.to)));
        }
        if let Some(line) = status_line(exchange) {
            out.note(&line);
        }
        let timings = phases(exchange);
        if !timings.is_empty() {
            out.painted_note(&out.paint_note(Paint::Dim, &timings));
        }
        if let Some(cut) = exchange.response.as_ref().and_then(|r| r.incomplete.as_ref()) {
            out.warn(&format!("the body is not whole: {cut}"));
        }
    }
    for check in &sent.checks {
        let (paint, word) = if check.ok { (Paint::Good, "ok  ") } else { (Paint::Bad, "FAIL") };
        let got = if check.ok {
            String::new()
        } else {
            redactor.mask(&format!(": expected {}, got {}", check.expected, check.got))
        };
        out.painted_note(&format!(
            "{} {}",
            out.paint_note(paint, word),
            visible(&format!("{}{got}", check.name))
        ));
    }
    for (name, value) in &sent.captures {
        out.note(&format!("captured {name} = {}", redactor.mask(value)));
    }
    for (name, why) in &sent.missing_captures {
        out.warn(&format!("nothing to capture for `{name}`: {why}"));
    }
}

/// `HTTP/1.1 201 Created, 412 B in 18.2 ms`.
fn status_line(exchange: &Exchange) -> Option<String> {
    let response = exchange.response.as_ref()?;
    let reason = response.reason.as_ref().map(|r| format!(" {r}")).unwrap_or_default();
    let total = exchange.timings.total.map(|t| format!(" in {}", ms(t))).unwrap_or_default();
    Some(format!("{} {}{reason}, {} B{total}", response.http_version, response.status, response.body.len()))
}

/// The phases that were measured: `connect 0.2 ms, wait 3.1 ms`.
fn phases(exchange: &Exchange) -> String {
    let known = exchange.timings.phases().into_iter().filter_map(|(name, d)| Some((name, d?)));
    known.map(|(name, d)| format!("{name} {}", ms(d))).collect::<Vec<_>>().join(", ")
}

fn ms(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}
