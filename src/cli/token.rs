//! `hallpass token`: an access token on stdout, and what the cache holds.

use super::args::{TokenAction, TokenArgs, WhichToken};
use super::context::Context;
use super::{Failed, Outcome, guess};
use crate::flow::{self, TokenPlan, TokenStore};
use crate::model::plan::Layer;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::profile::OauthProfile;
use crate::model::progress::no_progress;
use crate::model::token::Token;
use crate::model::workspace::Workspace;
use crate::report;
use serde_json::{Value as Json, json};
use std::time::Instant;

/// `token …`.
pub fn token(context: &Context, args: &TokenArgs) -> Outcome {
    match &args.action {
        None => obtain(context, &args.which, false, args.header),
        Some(TokenAction::List) => list(context),
        Some(TokenAction::Show(which)) => show(context, which),
        Some(TokenAction::Renew(which)) => obtain(context, which, true, false),
        Some(TokenAction::Forget(which)) => forget(context, which),
    }
}

/// The profile that was named, or the only one.
pub fn profile<'w>(workspace: &'w Workspace, named: Option<&str>) -> Result<&'w OauthProfile, Problem> {
    let known = || workspace.profiles.iter().map(|p| p.name.as_str());
    match (named, workspace.profiles.as_slice()) {
        (Some(name), _) => workspace.profile(name).ok_or_else(|| {
            guess::broken(workspace, "auth", name).unwrap_or_else(|| {
                let words = ["list", "show", "renew", "forget"];
                let list = "the files in `auth/` of the workspace are the profiles";
                guess::unknown("OAuth profile", name, known().chain(words), list)
            })
        }),
        (None, [only]) => Ok(only),
        (None, []) => {
            let auth = workspace.root.join("auth");
            let broken =
                workspace.problems.iter().find(|p| p.file.as_ref().is_some_and(|f| f.starts_with(&auth)));
            Err(broken.cloned().unwrap_or_else(|| {
                Problem::new(
                    ProblemKind::Usage,
                    "there is no OAuth profile",
                    "`auth/` of the workspace holds none",
                    "`hallpass import CREDENTIALS.txt` makes one",
                )
            }))
        }
        (None, _) => Err(Problem::new(
            ProblemKind::Usage,
            "there are several OAuth profiles",
            known().collect::<Vec<_>>().join(", "),
            "name one: `hallpass token PROFILE`",
        )),
    }
}

/// Where and with which variables the token of a profile is asked for.
fn plan(context: &Context, which: &WhichToken) -> Result<TokenPlan, Problem> {
    let workspace = context.workspace()?;
    let environment = context.environment(&workspace, which.env.as_deref())?.cloned().unwrap_or_default();
    let profile = profile(&workspace, which.profile.as_deref())?.clone();
    let layer = Layer {
        origin: format!("environment {}", environment.name),
        variables: environment.variables.clone(),
    };
    Ok(TokenPlan { profile, environment, layers: vec![layer], root: workspace.root })
}

/// All keys of the answer, nothing known yet.
fn shape(plan: &TokenPlan) -> Json {
    json!({
        "profile": plan.profile.name, "environment": plan.environment.name, "identity": null,
        "access_token": null, "token_type": null, "expires_in": null, "expires_at": null,
        "scope": null, "claims": null,
    })
}

fn obtain(context: &Context, which: &WhichToken, fresh: bool, header: bool) -> Outcome {
    let plan = plan(context, which)?;
    let session = context.session(Some(&plan.environment))?;
    let got = context.block_on(|cancel| {
        let (session, plan) = (&session, &plan);
        async move { flow::obtain_token(session, plan, fresh, &no_progress, &cancel).await }
    })?;
    let token = got.map_err(|failure| Failed::with_shape(failure.problem, shape(&plan)))?;
    let out = &context.out;
    if out.json {
        out.answer(&report::token(&token, true, Instant::now()));
    } else if header {
        out.line(&format!("Authorization: {} {}", token.scheme(), token.access_token.expose()));
    } else {
        out.line(token.access_token.expose());
    }
    Ok(0)
}

/// Tokens of this workspace that are kept beyond this process.
fn cached(context: &Context) -> Result<(Workspace, Vec<Token>), Problem> {
    let workspace = context.workspace()?;
    let mut tokens = context.stored_tokens(&workspace.root)?;
    tokens.sort_by(|a, b| a.key.cmp(&b.key));
    Ok((workspace, tokens))
}

fn list(context: &Context) -> Outcome {
    let (_, tokens) = cached(context)?;
    let out = &context.out;
    let now = Instant::now();
    if out.json {
        out.answer(&Json::Array(tokens.iter().map(|t| report::token(t, false, now)).collect()));
        return Ok(0);
    }
    for t in &tokens {
        let line = format!("{}  {}  {}  {}", t.key.environment, t.key.profile, t.key.identity, left(t, now));
        out.line(&out.safe(&line));
    }
    if tokens.is_empty() {
        out.note("no token is kept; `hallpass token` gets one");
    }
    Ok(0)
}

/// `expires in 59 min`, `expired`, `no stated end`.
fn left(token: &Token, now: Instant) -> String {
    match token.remaining(now).map(|d| d.as_secs()) {
        None => "no stated end".to_owned(),
        Some(s) if s <= 0 => "expired".to_owned(),
        Some(s) if s >= 120 => format!("expires in {} min", s / 60),
        Some(s) => format!("expires in {s} s"),
    }
}

/// The kept token of a profile in an environment.
fn find(context: &Context, which: &WhichToken) -> Result<(TokenPlan, Token), Box<Failed>> {
    let plan = plan(context, which)?;
    let (_, tokens) = cached(context)?;
    let found = tokens
        .into_iter()
        .find(|t| t.key.profile == plan.profile.name && t.key.environment == plan.environment.name);
    match found {
        Some(token) => Ok((plan, token)),
        None => {
            let problem = Problem::new(
                ProblemKind::Usage,
                format!("no token of `{}` is kept", plan.profile.name),
                format!("nothing in the cache for environment `{}`", plan.environment.name),
                format!("get one with `hallpass token {}`", plan.profile.name),
            );
            Err(Failed::with_shape(problem, shape(&plan)))
        }
    }
}

fn show(context: &Context, which: &WhichToken) -> Outcome {
    let (_, token) = find(context, which)?;
    let out = &context.out;
    let now = Instant::now();
    if out.json {
        out.answer(&report::token(&token, false, now));
        return Ok(0);
    }
    let key = &token.key;
    for (name, value) in [
        ("profile", key.profile.clone()),
        ("environment", key.environment.clone()),
        ("identity", key.identity.clone()),
        ("type", token.token_type.clone()),
        ("scope", token.scope.clone().unwrap_or_default()),
        ("audience", key.audience.clone()),
        ("obtained", format!("{} by {}", token.obtained_at, token.grant)),
        ("life", left(&token, now)),
    ] {
        if !value.is_empty() {
            out.line(&out.safe(&format!("{name:11}  {value}")));
        }
    }
    let wall = jiff::Timestamp::now();
    super::jwt::print(out, &crate::jwt::decode(token.access_token.expose(), wall), wall);
    Ok(0)
}

fn forget(context: &Context, which: &WhichToken) -> Outcome {
    let (plan, token) = find(context, which)?;
    TokenStore::forget(&context.secrets().vault()?, &plan.root, &token.key);
    let out = &context.out;
    if out.json {
        out.answer(&json!({
            "profile": token.key.profile, "environment": token.key.environment,
            "identity": token.key.identity, "forgotten": true,
        }));
    } else {
        out.line(&format!("forgot the token of `{}` in `{}`", token.key.profile, token.key.environment));
    }
    Ok(0)
}
