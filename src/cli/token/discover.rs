//! `token discover`: what an issuer says of itself, and what that fills in a profile.

use super::plan_for;
use crate::cli::context::Context;
use crate::cli::output::Paint;
use crate::cli::{Failed, Outcome};
use crate::flow::manage::{self, Discovered};
use crate::model::edit::Edit;
use crate::model::profile::OauthProfile;
use crate::storage;
use serde_json::{Value as Json, json};

/// Where what was found goes.
pub struct Into<'a> {
    /// Profile; none: nothing is filled, only shown.
    pub profile: Option<&'a str>,
    /// Environment.
    pub env: Option<&'a str>,
    /// Save it.
    pub write: bool,
}

/// `token discover`.
pub fn discover(context: &Context, issuer: &str, from_resource: bool, into: &Into<'_>) -> Outcome {
    let workspace = context.workspace()?;
    let named = match into.profile {
        // A new one is only meant by `--write`; without it a name that is not there is a slip.
        Some(name) if into.write && workspace.profile(name).is_none() => {
            OauthProfile { name: name.to_owned(), ..OauthProfile::default() }
        }
        Some(name) => super::profile(&workspace, Some(name))?.clone(),
        None => OauthProfile::default(),
    };
    let plan = plan_for(context, &workspace, into.env, named)?;
    let session = context.session(Some(&plan.environment))?;
    let found = context.block_on(|cancel| {
        let (session, plan) = (&session, &plan);
        async move { manage::discover(session, plan, issuer, from_resource, &cancel).await }
    })?;
    let found = found.map_err(|failure| Failed::with_shape(failure.problem, shape(into, None, false)))?;
    if into.write {
        let saved = storage::apply(&workspace.root, &Edit::SaveProfile(Box::new(found.profile.clone())));
        saved.map_err(|problem| Failed::with_shape(problem, shape(into, Some(&found), false)))?;
    }
    if context.out.json {
        context.out.answer(&shape(into, Some(&found), into.write));
    } else {
        print(context, into, &found);
    }
    Ok(0)
}

/// The answer as far as it got.
fn shape(into: &Into<'_>, found: Option<&Discovered>, written: bool) -> Json {
    let filled = found.map(|f| {
        let rows = f.filled.iter().map(|row| {
            let before = (!row.before.is_empty()).then_some(&row.before);
            json!({ "key": row.key, "before": before, "value": row.value })
        });
        rows.collect::<Vec<_>>()
    });
    json!({
        "issuer": found.map(|f| &f.metadata.issuer),
        "profile": into.profile,
        "filled": filled,
        "notes": found.map(|f| &f.notes),
        "written": written,
        "metadata": found.map(|f| &f.metadata.document),
    })
}

fn print(context: &Context, into: &Into<'_>, found: &Discovered) {
    let out = &context.out;
    out.line(&out.safe(&format!("issuer  {}", found.metadata.issuer)));
    let width = found.filled.iter().map(|row| row.key.len()).max().unwrap_or(0);
    for row in &found.filled {
        let was = if row.before.is_empty() { String::new() } else { format!("   was {}", row.before) };
        out.line(&out.safe(&format!("  {:width$}  {}{was}", row.key, row.value)));
    }
    for note in &found.notes {
        out.warn(note);
    }
    match (into.profile, into.write, found.filled.is_empty()) {
        (Some(name), true, _) => {
            out.line(&out.paint(Paint::Good, &out.safe(&format!("saved auth/{name}.toml"))))
        }
        (Some(name), false, true) => out.note(&format!("`{name}` says all of this already")),
        (Some(_), false, false) => out.note("nothing was written; `--write` saves it"),
        (None, ..) => out.note("`--profile P --write` saves it into a profile"),
    }
}
