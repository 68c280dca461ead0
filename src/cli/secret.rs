//! `hallpass secret`: what is in the vault. Values never come from an argument and never go out.

use super::args::{SecretAction, SecretArgs};
use super::context::Context;
use super::{Outcome, passphrase};
use crate::model::problem::{Problem, ProblemKind};
use crate::model::value::{SecretRef, Value};
use serde_json::json;

/// `secret …`.
pub fn secret(context: &Context, args: &SecretArgs) -> Outcome {
    match &args.action {
        SecretAction::Set { name, env } => set(context, name, env.as_deref()),
        SecretAction::List => list(context),
        SecretAction::Forget { name, env } => forget(context, name, env.as_deref()),
    }
}

fn set(context: &Context, name: &str, env: Option<&str>) -> Outcome {
    super::env::usable_name(name)?;
    let workspace = context.workspace()?;
    let environment = context.some_environment(&workspace, env)?;
    if let Some(Value::Secret(reference)) = environment.variables.get(name)
        && *reference != SecretRef::Vault
    {
        return Err(Problem::new(
            ProblemKind::Usage,
            format!("`{name}` is not kept in the vault"),
            format!("the environment `{}` takes it from {}", environment.name, reference.describe()),
            format!("change it there, or first `hallpass env unset {name} --env {}`", environment.name),
        )
        .into());
    }
    // First a place to keep it: nobody types a secret that is then refused.
    let vault = context.vault_to_write()?;
    let value = passphrase::secret_value(&context.out, name)?;
    vault.set(&workspace.root, &environment.name, name, value)?;
    let marked = environment.variables.get(name) == Some(&Value::Secret(SecretRef::Vault));
    if !marked {
        let reference = Value::Secret(SecretRef::Vault);
        super::env::set_variable(&workspace, environment, name, Some(reference))?;
    }
    let out = &context.out;
    if out.json {
        out.answer(&json!({
            "name": name, "environment": environment.name, "vault": vault.kind().word(),
        }));
    } else {
        out.line(&format!(
            "kept `{name}` of environment `{}` in the vault ({})",
            environment.name,
            vault.kind().word()
        ));
    }
    Ok(0)
}

fn list(context: &Context) -> Outcome {
    let workspace = context.workspace()?;
    let vault = context.secrets().vault()?;
    let mut names = vault.list(&workspace.root);
    names.sort();
    let out = &context.out;
    if out.json {
        let all: Vec<_> =
            names.iter().map(|n| json!({"name": n.name, "environment": n.environment})).collect();
        out.answer(&json!(all));
        return Ok(0);
    }
    for n in &names {
        out.line(&out.safe(&format!("{}  {}", n.environment, n.name)));
    }
    if names.is_empty() {
        out.note("the vault holds nothing for this workspace; `hallpass secret set NAME` puts something in");
    }
    Ok(0)
}

fn forget(context: &Context, name: &str, env: Option<&str>) -> Outcome {
    let workspace = context.workspace()?;
    let environment = context.some_environment(&workspace, env)?.name.clone();
    let vault = context.secrets().vault()?;
    if !vault.forget(&workspace.root, &environment, name)? {
        let names = vault.list(&workspace.root);
        let known = names.iter().filter(|n| n.environment == environment).map(|n| n.name.as_str());
        let what = format!("secret in environment `{environment}` named");
        return Err(super::guess::unknown(&what, name, known, "`hallpass secret list` shows them").into());
    }
    let out = &context.out;
    if out.json {
        out.answer(&json!({"name": name, "environment": environment, "forgotten": true}));
    } else {
        out.line(&format!("forgot `{name}` of environment `{environment}`"));
    }
    Ok(0)
}
