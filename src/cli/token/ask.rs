//! What a server is asked about a kept token: `revoke`, `introspect`, `userinfo`.

use super::{about, choose, plan};
use crate::cli::args::WhichToken;
use crate::cli::context::Context;
use crate::cli::output::Output;
use crate::cli::{Failed, Outcome};
use crate::flow::{Session, TokenFailure, TokenPlan, manage};
use crate::model::token::{Token, TokenKey};
use crate::oauth::management::Hint;
use serde_json::{Map, Value as Json, json};
use std::future::Future;
use tokio_util::sync::CancellationToken;

/// A kept token, where it came from, and the session to ask with.
struct Kept {
    plan: TokenPlan,
    session: Session,
    token: Token,
}

/// Finds the token that is meant; what fails has the given keys, unknown.
fn kept(context: &Context, which: &WhichToken, keys: &[&str]) -> Result<Kept, Box<Failed>> {
    let plan = plan(context, which)?;
    let key = TokenKey {
        profile: plan.profile.name.clone(),
        environment: plan.environment.name.clone(),
        identity: which.identity.clone().unwrap_or_default(),
        ..TokenKey::default()
    };
    let fail = |problem| Failed::with_shape(problem, unknown(&key, keys));
    let session = context.session_with_vault().map_err(fail)?;
    session.load_tokens(&plan.root);
    let token = choose(session.tokens(), &plan, which.identity.as_deref()).map_err(fail)?;
    Ok(Kept { plan, session, token })
}

fn unknown(key: &TokenKey, keys: &[&str]) -> Json {
    about(key, &keys.iter().map(|k| (*k, Json::Null)).collect::<Vec<_>>())
}

/// Waits for an answer of the server.
fn ask<'k, T, F>(
    context: &Context,
    kept: &'k Kept,
    keys: &[&str],
    work: impl FnOnce(&'k Kept, CancellationToken) -> F,
) -> Result<T, Box<Failed>>
where
    F: Future<Output = Result<T, TokenFailure>> + 'k,
{
    let answer = context.block_on(|cancel| work(kept, cancel))?;
    answer.map_err(|failure| Failed::with_shape(failure.problem, unknown(&kept.token.key, keys)))
}

/// `token revoke`.
pub fn revoke(context: &Context, which: &WhichToken) -> Outcome {
    let keys = ["revoked"];
    let kept = kept(context, which, &keys)?;
    ask(context, &kept, &keys, |k, cancel| async move {
        manage::revoke_token(&k.session, &k.plan, &k.token, &cancel).await
    })?;
    let (out, key) = (&context.out, &kept.token.key);
    if out.json {
        out.answer(&about(key, &[("revoked", json!(true))]));
    } else {
        out.line(
            &out.safe(&format!("revoked and forgot the token of `{}` in `{}`", key.profile, key.environment)),
        );
    }
    Ok(0)
}

/// `token introspect`. A token that is not active is an answer too: exit 0.
pub fn introspect(context: &Context, which: &WhichToken, refresh: bool) -> Outcome {
    let keys = ["active", "members"];
    let kept = kept(context, which, &keys)?;
    let hint = if refresh { Hint::Refresh } else { Hint::Access };
    let told = ask(context, &kept, &keys, |k, cancel| async move {
        manage::introspect(&k.session, &k.plan, &k.token, hint, &cancel).await
    })?;
    let (out, answer) = (&context.out, told.answer);
    if out.json {
        let said = [("active", json!(answer.active)), ("members", Json::Object(answer.members))];
        out.answer(&about(&kept.token.key, &said));
        return Ok(0);
    }
    out.line(if answer.active { "active" } else { "not active" });
    members(out, &answer.members, &["active"]);
    Ok(0)
}

/// `token userinfo`.
pub fn userinfo(context: &Context, which: &WhichToken) -> Outcome {
    let keys = ["userinfo"];
    let kept = kept(context, which, &keys)?;
    let told = ask(context, &kept, &keys, |k, cancel| async move {
        manage::userinfo(&k.session, &k.plan, &k.token, &cancel).await
    })?;
    let out = &context.out;
    if out.json {
        out.answer(&about(&kept.token.key, &[("userinfo", Json::Object(told.answer))]));
    } else {
        members(out, &told.answer, &[]);
    }
    Ok(0)
}

/// Name and value of each member, one a line.
fn members(out: &Output, members: &Map<String, Json>, but: &[&str]) {
    let shown: Vec<_> = members.iter().filter(|(name, _)| !but.contains(&name.as_str())).collect();
    let width = shown.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).min(40);
    for (name, value) in shown {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        out.line(&out.safe(&format!("{name:width$}  {value}")));
    }
}
