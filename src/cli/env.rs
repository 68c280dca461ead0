//! `hallpass env`: environments, their variables, and which one is in use.

use super::args::{EnvAction, EnvArgs};
use super::context::Context;
use super::output::Paint;
use super::{Outcome, guess};
use crate::model::edit::Edit;
use crate::model::environment::Environment;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::secret::MASK;
use crate::model::secret::sounds_secret;
use crate::model::value::{SecretRef, Value};
use crate::model::workspace::Workspace;
use crate::storage::{self, state};
use crate::template;
use serde_json::{Map, Value as Json, json};

/// `env …`.
pub fn env(context: &Context, args: &EnvArgs) -> Outcome {
    let workspace = context.workspace()?;
    match &args.action {
        EnvAction::List => list(context, &workspace),
        EnvAction::Show { name } => show(context, &workspace, name.as_deref()),
        EnvAction::Use { name } => use_it(context, &workspace, name),
        EnvAction::Set { name, value, env } => set(context, &workspace, name, value, env.as_deref()),
        EnvAction::Unset { name, env } => unset(context, &workspace, name, env.as_deref()),
    }
}

/// A value as it may be shown: a text, or the mask for any secret.
fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Secret(_) => MASK.to_owned(),
    }
}

fn variables(environment: &Environment) -> Json {
    let map: Map<String, Json> =
        environment.variables.iter().map(|(k, v)| (k.clone(), Json::String(shown(v)))).collect();
    Json::Object(map)
}

fn list(context: &Context, workspace: &Workspace) -> Outcome {
    let active = context.environment_name(workspace, None);
    let out = &context.out;
    if out.json {
        let all: Vec<Json> = workspace
            .environments
            .iter()
            .map(|e| {
                json!({
                    "name": e.name,
                    "active": active.as_ref() == Some(&e.name),
                    "protected": e.protected,
                    "variables": variables(e),
                })
            })
            .collect();
        out.answer(&Json::Array(all));
        return Ok(0);
    }
    let width = workspace.environments.iter().map(|e| e.name.chars().count()).max().unwrap_or(0);
    for e in &workspace.environments {
        let mark = if active.as_ref() == Some(&e.name) { "*" } else { " " };
        let mut notes = vec![format!("{} variables", e.variables.len())];
        if e.protected {
            notes.push("protected".to_owned());
        }
        if e.network.insecure {
            notes.push(out.paint(Paint::Bad, "certificates are not checked"));
        }
        out.line(&format!("{mark} {:width$}  {}", out.safe(&e.name), notes.join(", ")));
    }
    if workspace.environments.is_empty() {
        out.note("there is no environment yet; `hallpass import CREDENTIALS.txt --env dev` makes one");
    }
    Ok(0)
}

/// One variable as `env show` tells it.
struct Shown {
    name: String,
    value: String,
    from: String,
    /// What it hides: value and where that stands.
    shadows: Vec<(String, String)>,
}

/// Variables of the environment, then those only folders set; each with what it shadows.
fn sources(workspace: &Workspace, environment: &Environment) -> Vec<Shown> {
    let mut all: Vec<Shown> = environment
        .variables
        .iter()
        .map(|(name, value)| Shown {
            name: name.clone(),
            value: shown(value),
            from: match value {
                Value::Text(_) => format!("environments/{}.toml", environment.name),
                Value::Secret(reference) => reference.describe(),
            },
            shadows: Vec::new(),
        })
        .collect();
    // The nearest folder wins over those above it, the environment over them all.
    let mut folders = workspace.folders();
    folders.sort_by_key(|(above, _)| std::cmp::Reverse(above.len()));
    for (_, folder) in folders {
        let word = if folder.path.depth() == 0 { "collection" } else { "folder" };
        for (name, value) in &folder.variables {
            let (value, from) = (shown(value), format!("{word} {}", folder.path));
            match all.iter_mut().find(|s| &s.name == name) {
                Some(nearer) => nearer.shadows.push((value, from)),
                None => all.push(Shown { name: name.clone(), value, from, shadows: Vec::new() }),
            }
        }
    }
    all
}

fn show(context: &Context, workspace: &Workspace, name: Option<&str>) -> Outcome {
    let environment = context.some_environment(workspace, name)?;
    let all = sources(workspace, environment);
    let out = &context.out;
    if out.json {
        let active = context.environment_name(workspace, None);
        let mut sources = Map::new();
        for s in &all {
            let shadows: Vec<Json> =
                s.shadows.iter().map(|(value, from)| json!({"value": value, "from": from})).collect();
            sources.insert(s.name.clone(), json!({"value": s.value, "from": s.from, "shadows": shadows}));
        }
        out.answer(&json!({
            "name": environment.name,
            "active": active.as_ref() == Some(&environment.name),
            "protected": environment.protected,
            "variables": variables(environment),
            "sources": sources,
        }));
        return Ok(0);
    }
    let width = all.iter().map(|s| s.name.chars().count()).max().unwrap_or(0);
    let value_width = all.iter().map(|s| s.value.chars().count()).max().unwrap_or(0).min(60);
    for s in &all {
        let line = format!("{:width$}  {:value_width$}  ", s.name, s.value);
        out.line(&format!("{}{}", out.safe(&line), out.paint(Paint::Dim, &out.safe(&s.from))));
        for (value, from) in &s.shadows {
            let text = format!("{:width$}  shadows {value} of {from}", "");
            out.line(&out.paint(Paint::Dim, &out.safe(&text)));
        }
    }
    if all.is_empty() {
        out.note(&format!("the environment `{}` has no variables", environment.name));
    }
    Ok(0)
}

fn use_it(context: &Context, workspace: &Workspace, name: &str) -> Outcome {
    let environment = context.some_environment(workspace, Some(name))?;
    state::set_active_environment(&workspace.root, &environment.name)?;
    let out = &context.out;
    if out.json {
        out.answer(&json!({"name": environment.name, "active": true}));
    } else {
        out.line(&format!("using `{}`", environment.name));
    }
    Ok(0)
}

/// A variable of another name could never be used.
pub fn usable_name(name: &str) -> Result<(), Problem> {
    if template::is_name(name) {
        return Ok(());
    }
    Err(Problem::new(
        ProblemKind::Usage,
        format!("`{}` cannot name a variable", name.escape_debug()),
        "no `{{…}}` could use it: a name is not empty and has no braces, `|`, quotes or controls, no blank at its ends and no `$` before it",
        "choose another name, such as `base_url`",
    ))
}

fn set(context: &Context, workspace: &Workspace, name: &str, value: &str, env: Option<&str>) -> Outcome {
    usable_name(name)?;
    let environment = context.some_environment(workspace, env)?;
    let by_secret = format!("`hallpass secret set {name} --env {}`", environment.name);
    if let Some(Value::Secret(reference)) = environment.variables.get(name) {
        let next = match reference {
            SecretRef::Vault => format!("give it a new value with {by_secret}"),
            _ => format!("change it in environments/{}.toml", environment.name),
        };
        return Err(Problem::new(
            ProblemKind::Usage,
            format!("`{name}` is a secret and is not written to a file"),
            format!("the environment `{}` takes it from {}", environment.name, reference.describe()),
            next,
        )
        .into());
    }
    if sounds_secret(name) && !value.contains("{{") {
        return Err(Problem::new(
            ProblemKind::Usage,
            format!("`{name}` sounds like a secret and is not written to a file"),
            "files of a workspace are shared, and arguments stay in the shell's history",
            format!("keep it in the vault with {by_secret}"),
        )
        .into());
    }
    let before = environment.variables.get(name);
    set_variable(workspace, environment, name, Some(Value::Text(value.to_owned())))?;
    let out = &context.out;
    if out.json {
        out.answer(&json!({
            "name": name, "environment": environment.name, "value": value,
            "before": before.map(shown),
        }));
    } else {
        let line = format!("set `{name}` in environment `{}`", environment.name);
        out.line(&out.safe(&line));
    }
    Ok(0)
}

/// Changes one variable in the environment's file.
pub fn set_variable(
    workspace: &Workspace,
    environment: &Environment,
    name: &str,
    value: Option<Value>,
) -> Result<(), Problem> {
    let edit = Edit::SetVariable { environment: environment.name.clone(), name: name.to_owned(), value };
    storage::apply(&workspace.root, &edit).map(drop)
}

fn unset(context: &Context, workspace: &Workspace, name: &str, env: Option<&str>) -> Outcome {
    let environment = context.some_environment(workspace, env)?;
    if !environment.variables.contains_key(name) {
        let known = environment.variables.keys().map(String::as_str);
        let list = format!("`hallpass env show {}` shows them", environment.name);
        return Err(guess::unknown("variable", name, known, &list).into());
    }
    set_variable(workspace, environment, name, None)?;
    let out = &context.out;
    if out.json {
        out.answer(&json!({"name": name, "environment": environment.name, "removed": true}));
    } else {
        out.line(&format!("removed `{name}` from environment `{}`", environment.name));
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::ItemPath;
    use crate::model::tree::Folder;

    #[test]
    fn an_environments_value_is_said_to_shadow_the_collections() {
        let mut folder = Folder { path: ItemPath::new("c"), ..Folder::default() };
        folder.variables.insert("base_url".into(), "http://default".into());
        folder.variables.insert("only_here".into(), "1".into());
        let workspace = Workspace { collections: vec![folder], ..Workspace::default() };
        let mut environment = Environment { name: "dev".into(), ..Environment::default() };
        environment.variables.insert("base_url".into(), "http://dev".into());
        environment.variables.insert("client_secret".into(), Value::Secret(SecretRef::Vault));
        let all = sources(&workspace, &environment);
        assert_eq!(all[0].from, "environments/dev.toml");
        assert_eq!(all[0].shadows, [("http://default".to_owned(), "collection c".to_owned())]);
        assert_eq!((all[1].value.as_str(), all[1].from.as_str()), (MASK, "vault"));
        assert_eq!((all[2].name.as_str(), all[2].from.as_str()), ("only_here", "collection c"));
    }
}
