//! `hallpass import`: a credentials file into an environment, a profile and the vault (part A), or a
//! curl line into a collection. Says item by item what it did.

use super::Outcome;
use super::args::{ImportArgs, ImportFormat};
use super::context::Context;
use crate::import::{curl, pega_credentials};
use crate::model::auth::Auth;
use crate::model::edit::Edit;
use crate::model::environment::Environment;
use crate::model::id::ItemPath;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::request::Request;
use crate::model::value::Value;
use crate::model::workspace::{Found, Workspace};
use crate::storage::credentials::import_credentials;
use crate::storage::vault::Vault;
use crate::storage::{self, state};
use serde_json::{Value as Json, json};
use std::io::Read;

/// Takes it over.
pub fn import(context: &Context, args: &ImportArgs) -> Outcome {
    let bytes = read(&args.file)?;
    let text = String::from_utf8_lossy(&bytes);
    let format = args.format.unwrap_or_else(|| {
        if curl::looks_like_curl(&text) { ImportFormat::Curl } else { ImportFormat::PegaCredentials }
    });
    let workspace = context.workspace()?;
    match format {
        ImportFormat::PegaCredentials => credentials(context, args, &workspace, &bytes),
        ImportFormat::Curl => curl_line(context, args, &workspace, &text),
    }
}

fn read(file: &str) -> Result<Vec<u8>, Problem> {
    // Far more than any of these formats needs; a wrong file must not fill the memory.
    const LIMIT: u64 = 16 * 1024 * 1024;
    let mut bytes = Vec::new();
    let done = if file == "-" {
        std::io::stdin().lock().take(LIMIT).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|f| f.take(LIMIT).read_to_end(&mut bytes))
    };
    done.map_err(|e| {
        Problem::new(ProblemKind::File, "cannot read the file", e.to_string(), "check its name").in_file(file)
    })?;
    Ok(bytes)
}

/// What an import did, in the shape of the contract.
#[derive(Default)]
struct Done {
    format: &'static str,
    collection: Option<String>,
    requests: usize,
    environments: usize,
    profiles: usize,
    kept: Vec<String>,
    changed: Vec<(String, String)>,
    dropped: Vec<(String, String)>,
    /// Files written, for the text answer.
    wrote: Vec<String>,
}

impl Done {
    fn tell(&self, context: &Context) {
        let out = &context.out;
        if out.json {
            let pairs = |all: &[(String, String)]| -> Vec<Json> {
                all.iter().map(|(item, reason)| json!({"item": item, "reason": reason})).collect()
            };
            out.answer(&json!({
                "format": self.format, "collection": self.collection, "requests": self.requests,
                "folders": 0, "environments": self.environments, "profiles": self.profiles,
                "kept": self.kept, "changed": pairs(&self.changed), "dropped": pairs(&self.dropped),
            }));
            return;
        }
        for line in &self.wrote {
            out.line(&out.safe(line));
        }
        for item in self.kept.iter().filter(|item| !self.changed.iter().any(|(name, _)| name == *item)) {
            out.line(&out.safe(&format!("took     {item}")));
        }
        for (word, all) in [("changed", &self.changed), ("dropped", &self.dropped)] {
            for (item, reason) in all {
                out.line(&out.safe(&format!("{word:7}  {item}: {reason}")));
            }
        }
    }
}

fn credentials(context: &Context, args: &ImportArgs, workspace: &Workspace, bytes: &[u8]) -> Outcome {
    let parsed = pega_credentials::parse(bytes).map_err(|p| named(p, &args.file))?;
    parsed.warnings.iter().for_each(|w| context.out.warn(w));
    let name = context.environment_name(workspace, args.env.as_deref()).unwrap_or_else(|| "dev".to_owned());
    let profile = args.profile.clone().unwrap_or_else(|| "pega".to_owned());
    let before = workspace.environment(&name).cloned();
    // Without a place for the secret nothing is written at all.
    let vault = match &parsed.client_secret {
        Some(_) => context.vault_to_write()?,
        None => Vault::memory(),
    };
    let imported = import_credentials(&workspace.root, &vault, &parsed, &name, &profile)?;
    let after = storage::load(&workspace.root)?.environment(&name).cloned().unwrap_or_default();
    let mut wrote: Vec<String> = imported.written.iter().map(|w| format!("wrote {w}")).collect();
    if before.is_none() && context.environment_name(workspace, None).is_none() {
        state::set_active_environment(&workspace.root, &name)?;
        wrote.push(format!("using environment `{name}` from now on"));
    }
    let (kept, changed) = compare(before.as_ref(), &after);
    let done = Done {
        format: "pega-credentials",
        environments: 1,
        profiles: 1,
        kept,
        changed,
        dropped: parsed
            .other
            .iter()
            .map(|(label, _)| (label.clone(), "this version does not know the label".to_owned()))
            .collect(),
        wrote,
        ..Done::default()
    };
    done.tell(context);
    context
        .out
        .note(&format!("next: `hallpass token {profile} --env {name}`, or `hallpass flow --env {name}`"));
    Ok(0)
}

/// What the environment says now that the file said, and what it said before where that differs.
fn compare(before: Option<&Environment>, after: &Environment) -> (Vec<String>, Vec<(String, String)>) {
    const FILLED: [&str; 8] = [
        "base_url",
        "token_url",
        "client_id",
        "client_secret",
        "authorization_url",
        "revocation_url",
        "introspection_url",
        "userinfo_url",
    ];
    let (mut kept, mut changed) = (Vec::new(), Vec::new());
    for (name, value) in after.variables.iter().filter(|(name, _)| FILLED.contains(&name.as_str())) {
        kept.push(name.clone());
        let was = before.and_then(|b| b.variables.get(name)).filter(|was| *was != value && !was.is_empty());
        match (was, value) {
            (Some(Value::Text(was)), Value::Text(_)) => changed.push((name.clone(), format!("was {was}"))),
            (Some(Value::Text(_)), Value::Secret(_)) => {
                changed.push((name.clone(), "stood in the file, is in the vault now".to_owned()));
            }
            (Some(Value::Secret(was)), _) => {
                changed.push((name.clone(), format!("was taken from {}", was.describe())));
            }
            (None, _) => {}
        }
    }
    (kept, changed)
}

fn curl_line(context: &Context, args: &ImportArgs, workspace: &Workspace, text: &str) -> Outcome {
    let parsed = curl::parse(text).map_err(|p| named(p, &args.file))?;
    let parent = match &args.into {
        Some(into) => folder(workspace, into)?,
        None => match workspace.collections.as_slice() {
            [only] => only.path.clone(),
            _ => {
                return Err(Problem::new(
                    ProblemKind::Usage,
                    "which collection shall the request go into?",
                    "",
                    "name one with `--into COLLECTION`; a new name makes a new one",
                )
                .into());
            }
        },
    };
    if workspace.folder(&parent).is_none() {
        let name = parent.as_str().to_owned();
        storage::apply(&workspace.root, &Edit::CreateFolder { parent: None, name })?;
    }
    let mut request = parsed.request;
    if !parsed.follow && request.options.redirects.is_none() {
        request.options.redirects = Some(0);
    }
    let mut dropped: Vec<(String, String)> = Vec::new();
    let mut changed: Vec<(String, String)> =
        parsed.warnings.iter().map(|w| ("option".to_owned(), w.clone())).collect();
    for (item, variable) in take_secrets(&mut request) {
        let how = format!("is {{{{{variable}}}}} now: keep it with `hallpass secret set {variable}`");
        changed.push((item, how));
    }
    let kept = vec![format!("{} {}", request.method, request.url)];
    let edit = Edit::CreateRequest { parent: parent.clone(), after: None, request: Box::new(request) };
    let change = storage::apply(&workspace.root, &edit)?;
    let network = "this belongs into `[network]` of an environment";
    for (given, option) in
        [(parsed.insecure, "-k"), (parsed.proxy.is_some(), "-x"), (parsed.ca_file.is_some(), "--cacert")]
    {
        if given {
            dropped.push((option.to_owned(), network.to_owned()));
        }
    }
    let wrote = match &change.select {
        Some(path) => vec![format!("wrote {path}")],
        None => Vec::new(),
    };
    Done {
        format: "curl",
        collection: Some(parent.collection().to_owned()),
        requests: 1,
        kept,
        changed,
        dropped,
        wrote,
        ..Done::default()
    }
    .tell(context);
    Ok(0)
}

/// Literal secrets of a pasted line, replaced by variables: a file of the workspace never holds one.
/// Gives what was taken out and the variable that stands for it.
fn take_secrets(request: &mut Request) -> Vec<(String, String)> {
    let mut taken = Vec::new();
    let literal = |text: &str| !text.is_empty() && !text.contains("{{");
    let mut value = |value: &mut Value, what: &str, variable: &str| {
        if value.as_text().is_some_and(literal) {
            *value = Value::Text(format!("{{{{{variable}}}}}"));
            taken.push((what.to_owned(), variable.to_owned()));
        }
    };
    match &mut request.auth {
        Auth::Basic { password, .. } => value(password, "password", "password"),
        Auth::Bearer { token } => value(token, "bearer token", "bearer_token"),
        Auth::ApiKey { value: key, .. } => value(key, "API key", "api_key"),
        Auth::Inherit | Auth::None | Auth::Profile(_) => {}
    }
    for row in &mut request.headers {
        let name = row.name.to_ascii_lowercase();
        let secret = ["authorization", "proxy-authorization", "cookie"].contains(&name.as_str())
            || ["key", "token", "secret"].iter().any(|end| name.ends_with(end));
        if secret && literal(&row.value) {
            let variable = name.replace('-', "_");
            row.value = format!("{{{{{variable}}}}}");
            taken.push((format!("header {}", row.name), variable));
        }
    }
    taken
}

/// An existing folder, or the path of a new collection.
fn folder(workspace: &Workspace, name: &str) -> Result<ItemPath, Problem> {
    match workspace.find(name) {
        Ok(Found::Folder(_, folder)) => Ok(folder.path.clone()),
        Err(_) if !name.contains('/') && name != "." => Ok(ItemPath::new(name)),
        _ => Err(Problem::new(
            ProblemKind::Usage,
            format!("`{name}` is no collection or folder"),
            "",
            "`hallpass list` shows what there is",
        )),
    }
}

/// The problem with the file's name, where the parser did not know it.
fn named(problem: Problem, file: &str) -> Problem {
    if problem.file.is_some() || file == "-" { problem } else { problem.in_file(file) }
}
