//! `hallpass list`: what is in the workspace, in order, inheritance applied.

use super::args::ListArgs;
use super::context::Context;
use super::{Outcome, guess};
use crate::model::plan::Plan;
use crate::model::request::{Body, PartContent, Row};
use crate::model::secret::{MASK, Secret};
use crate::model::workspace::Found;
use crate::run::select;
use crate::template::{self, Place};
use serde_json::{Value as Json, json};

/// Lists it.
pub fn list(context: &Context, args: &ListArgs) -> Outcome {
    let workspace = context.workspace()?;
    let environment =
        if args.resolved { context.environment(&workspace, args.env.as_deref())? } else { None };
    let found = match args.path.as_deref() {
        None => Found::All,
        Some(path) => guess::find(&workspace, path)?,
    };
    let entries = select(&workspace, &[found]);
    let plans: Vec<Plan> = entries.iter().map(|e| e.plan(&workspace, environment, Vec::new())).collect();
    let out = &context.out;
    if out.json {
        let all = plans.iter().map(|p| row(p, args.resolved)).collect();
        out.answer(&Json::Array(all));
        return Ok(0);
    }
    let text = |plan: &Plan, text: &str| {
        if args.resolved { resolve(plan, text, Place::Url) } else { text.to_owned() }
    };
    let path_of = |p: &Plan| p.path.as_ref().map(|p| p.to_string()).unwrap_or_default();
    let width = plans.iter().map(|p| path_of(p).chars().count()).max().unwrap_or(0);
    for plan in &plans {
        let request = &plan.request;
        let auth = request.auth.profile().unwrap_or(request.auth.kind());
        let line = format!(
            "{:width$}  {:6}  {:9}  {:9}  {}",
            path_of(plan),
            request.method,
            auth,
            request.body.kind(),
            text(plan, &request.url)
        );
        out.line(out.safe(&line).trim_end());
    }
    if plans.is_empty() {
        out.note(&format!(
            "there is no request in the workspace {}; `hallpass init DIR --with pega-cases` makes one with samples",
            workspace.root.display()
        ));
    }
    Ok(0)
}

/// One request in the shape of the contract.
fn row(plan: &Plan, resolved: bool) -> Json {
    let request = &plan.request;
    let text = |s: &str| if resolved { resolve(plan, s, Place::Verbatim) } else { s.to_owned() };
    let url = if resolved { resolve(plan, &request.url, Place::Url) } else { request.url.clone() };
    let rows = |rows: &[Row]| -> Vec<Json> {
        rows.iter()
            .map(|r| json!({"name": text(&r.name), "value": text(&r.value), "enabled": r.enabled}))
            .collect()
    };
    json!({
        "path": plan.path.as_ref().map(|p| p.as_str()),
        "name": request.name,
        "method": request.method,
        "url": url,
        "headers": rows(&request.headers),
        "params": rows(&request.params),
        "auth": {"kind": request.auth.kind(), "profile": request.auth.profile()},
        "body": {"kind": request.body.kind(), "text": body_text(&request.body).map(|t| text(&t))},
        "tags": request.tags,
    })
}

/// The body as one text: forms as `name=value` joined by `&`, parts likewise with `@` for files.
fn body_text(body: &Body) -> Option<String> {
    match body {
        Body::None => None,
        Body::Form(rows) => {
            let on = rows.iter().filter(|r| r.enabled);
            Some(on.map(|r| format!("{}={}", r.name, r.value)).collect::<Vec<_>>().join("&"))
        }
        Body::Multipart(parts) => {
            let on = parts.iter().filter(|p| p.enabled);
            let one = |p: &crate::model::request::Part| match &p.content {
                PartContent::Text(text) => format!("{}={text}", p.name),
                PartContent::File(file) => format!("{}=@{file}", p.name),
            };
            Some(on.map(one).collect::<Vec<_>>().join("&"))
        }
        other => other.text().map(str::to_owned),
    }
}

/// Variables put in; secrets stay masked and are not looked up.
fn resolve(plan: &Plan, text: &str, place: Place) -> String {
    template::render(text, place, &plan.layers, &|_, _| Some(Secret::new(MASK))).text
}
