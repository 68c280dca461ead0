//! `hallpass secret`: what is in the vault. Values never come from an argument and never go out.

use super::args::{SecretAction, SecretArgs, SecretPlace};
use super::context::Context;
use super::{Outcome, passphrase};
use crate::model::problem::{Problem, ProblemKind};
use crate::model::value::{SecretRef, Value};
use crate::storage::vault::{Vault, VaultKind};
use crate::storage::vault_place::{Found, Passphrases, VaultPlace};
use serde_json::json;

/// `secret …`.
pub fn secret(context: &Context, args: &SecretArgs) -> Outcome {
    match &args.action {
        SecretAction::Set { name, env } => set(context, name, env.as_deref()),
        SecretAction::List => list(context),
        SecretAction::Forget { name, env } => forget(context, name, env.as_deref()),
        SecretAction::Passphrase => new_passphrase(context),
        SecretAction::Store { place } => store(context, *place),
    }
}

/// The vault file, which must be there, and how it is reached.
fn kept_vault(context: &Context) -> Result<(VaultPlace, Vault), Problem> {
    let place = context.vault_place()?;
    if place.found()? == Found::Nothing {
        return Err(Problem::new(
            ProblemKind::Usage,
            "there is no vault yet",
            "nothing was kept in one so far",
            "keep a secret first: `hallpass secret set NAME`",
        ));
    }
    let vault = place.open(&context.passphrases())?;
    Ok((place, vault))
}

fn new_passphrase(context: &Context) -> Outcome {
    let (place, vault) = kept_vault(context)?;
    if vault.kind() != VaultKind::File {
        return Err(Problem::new(
            ProblemKind::Usage,
            "this vault has no passphrase",
            "its key is in the system keyring",
            "`hallpass secret store file` moves it to a passphrase",
        )
        .into());
    }
    let passphrase = passphrase::new_passphrase(&context.out)?;
    vault.use_passphrase(&passphrase, place.keyring())?;
    stored(context, &vault, "the vault has a new passphrase")
}

fn store(context: &Context, to: SecretPlace) -> Outcome {
    let (place, vault) = kept_vault(context)?;
    match (to, vault.kind()) {
        (SecretPlace::Keyring, VaultKind::Keyring) | (SecretPlace::File, VaultKind::File) => {
            return stored(context, &vault, "the vault is there already");
        }
        (SecretPlace::Keyring, _) => vault.use_keyring(place.keyring())?,
        (SecretPlace::File, _) => {
            let given = context.passphrases().given()?;
            let passphrase = given.map_or_else(|| passphrase::new_passphrase(&context.out), Ok)?;
            vault.use_passphrase(&passphrase, place.keyring())?;
        }
    }
    stored(context, &vault, "moved the vault")
}

fn stored(context: &Context, vault: &Vault, words: &str) -> Outcome {
    let (out, kind) = (&context.out, vault.kind().word());
    if out.json {
        out.answer(&json!({ "vault": kind }));
    } else {
        out.line(&format!("{words} ({kind})"));
    }
    Ok(0)
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
    out.note(&format!("vault: {}", vault.kind().word()));
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
