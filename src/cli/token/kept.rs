//! What the cache holds: `list`, `show`, `forget`. Nothing here asks a server.

use super::{about, choose, plan, shape};
use crate::cli::args::WhichToken;
use crate::cli::context::Context;
use crate::cli::{Failed, Outcome, jwt};
use crate::model::token::Token;
use crate::report;
use serde_json::{Value as Json, json};
use std::time::Instant;

/// `token list`.
pub fn list(context: &Context) -> Outcome {
    let workspace = context.workspace()?;
    let mut tokens = context.stored_tokens(&workspace.root)?;
    tokens.sort_by(|a, b| a.key.cmp(&b.key));
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

/// `expires in 59 min`, `expired`, `no stated end`; whether it can be renewed without a login.
fn left(token: &Token, now: Instant) -> String {
    let left = match token.remaining(now).map(|d| d.as_secs()) {
        None => "no stated end".to_owned(),
        Some(s) if s <= 0 => "expired".to_owned(),
        Some(s) if s >= 120 => format!("expires in {} min", s / 60),
        Some(s) => format!("expires in {s} s"),
    };
    if token.refresh_token.is_some() { format!("{left}, with a refresh token") } else { left }
}

/// `token show`.
pub fn show(context: &Context, which: &WhichToken) -> Outcome {
    let plan = plan(context, which)?;
    let tokens = context.stored_tokens(&plan.root)?;
    let token = choose(tokens, &plan, which.identity.as_deref())
        .map_err(|problem| Failed::with_shape(problem, shape(&plan)))?;
    let out = &context.out;
    let now = Instant::now();
    if out.json {
        out.answer(&report::token(&token, false, now));
        return Ok(0);
    }
    let key = &token.key;
    let bound = token.dpop_key.as_ref().map(|_| "to a key (DPoP)".to_owned());
    for (name, value) in [
        ("profile", key.profile.clone()),
        ("environment", key.environment.clone()),
        ("identity", key.identity.clone()),
        ("type", token.token_type.clone()),
        ("bound", bound.unwrap_or_default()),
        ("scope", token.scope.clone().unwrap_or_default()),
        ("audience", key.audience.clone()),
        ("obtained", format!("{:.0} by {}", token.obtained_at, token.grant)),
        ("life", left(&token, now)),
    ] {
        if !value.is_empty() {
            out.line(&out.safe(&format!("{name:11}  {value}")));
        }
    }
    let wall = jiff::Timestamp::now();
    jwt::print(out, &crate::jwt::decode(token.access_token.expose(), wall), wall);
    Ok(0)
}

/// `token forget`.
pub fn forget(context: &Context, which: &WhichToken) -> Outcome {
    let plan = plan(context, which)?;
    let session = context.session_with_vault()?;
    session.load_tokens(&plan.root);
    let token = choose(session.tokens(), &plan, which.identity.as_deref())
        .map_err(|problem| Failed::with_shape(problem, shape(&plan)))?;
    session.forget(&plan.root, &token.key);
    let out = &context.out;
    if out.json {
        out.answer(&about(&token.key, &[("forgotten", json!(true))]));
    } else {
        let line = format!("forgot the token of `{}` in `{}`", token.key.profile, token.key.environment);
        out.line(&out.safe(&line));
    }
    Ok(0)
}
