//! An imported credentials file into a workspace: an environment, an OAuth profile, a secret in the vault.

use super::edits::{self, Editing};
use super::load;
use super::vault::Vault;
use crate::import::pega_credentials::Credentials;
use crate::model::edit::Change;
use crate::model::environment::Environment;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::profile::{ClientAuth, OauthProfile};
use crate::model::value::{SecretRef, Value};
use std::path::Path;

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The environment it went into.
    pub environment: String,
    /// The profile.
    pub profile: String,
    /// What was written, in words: `environments/dev.toml`, `secret client_secret (vault: file)`.
    pub written: Vec<String>,
    /// The files' change, for undo. The vault is not part of it.
    pub change: Change,
}

/// Fills an environment and a profile from a credentials file. What is there already keeps everything
/// that does not differ; a profile that is there keeps its own grant and method.
pub fn import_credentials(
    root: &Path,
    vault: &Vault,
    credentials: &Credentials,
    environment_name: &str,
    profile_name: &str,
) -> Result<Imported, Problem> {
    edits::writable(root)?;
    let workspace = load::workspace(root)?;
    // A file that is there but could not be read must not be taken for a new one.
    for file in [format!("environments/{environment_name}.toml"), format!("auth/{profile_name}.toml")] {
        let path = workspace.root.join(file);
        if let Some(problem) = workspace.problems.iter().find(|p| p.file.as_ref() == Some(&path)) {
            return Err(problem.clone());
        }
    }
    let environment = filled_environment(
        workspace
            .environment(environment_name)
            .cloned()
            .unwrap_or_else(|| Environment { name: environment_name.to_owned(), ..Environment::default() }),
        credentials,
    );
    let profile = filled_profile(workspace.profile(profile_name).cloned(), profile_name, credentials);

    let mut editing = Editing::new(&workspace.root);
    editing.save_environment(&environment)?;
    editing.save_profile(&profile)?;
    let mut written = Vec::new();
    // The secret first: when it cannot be kept, no file speaks of it.
    if let Some(secret) = &credentials.client_secret {
        if secret.is_empty() {
            return Err(Problem::new(
                ProblemKind::File,
                "nothing was imported",
                "the client secret is empty",
                "download the file again",
            ));
        }
        vault.set(&workspace.root, environment_name, "client_secret", secret.clone())?;
        written.push(format!("secret client_secret (vault: {})", vault.kind().word()));
    }
    let words = format!("imported credentials into {environment_name}");
    let change = editing.tx.commit(&workspace.root, words, None)?;
    for file in &change.files {
        let shown = file.path.strip_prefix(&workspace.root).unwrap_or(&file.path);
        written.push(shown.to_string_lossy().replace('\\', "/"));
    }
    Ok(Imported {
        environment: environment_name.to_owned(),
        profile: profile_name.to_owned(),
        written,
        change,
    })
}

/// The endpoints that have a variable of their own.
fn endpoints(c: &Credentials) -> [(&'static str, Option<String>); 4] {
    let or = |given: &Option<String>, name: &str| given.clone().or_else(|| c.sibling(name));
    [
        ("authorization_url", or(&c.authorization_url, "authorize")),
        ("revocation_url", or(&c.revocation_url, "revoke")),
        ("introspection_url", or(&c.introspection_url, "token/introspect")),
        ("userinfo_url", c.userinfo_url.clone()),
    ]
}

fn filled_environment(mut environment: Environment, c: &Credentials) -> Environment {
    let variables = &mut environment.variables;
    variables.insert("base_url".to_owned(), Value::Text(c.base_url()));
    variables.insert("token_url".to_owned(), Value::Text(c.token_url.clone()));
    for (name, url) in endpoints(c) {
        if let Some(url) = url {
            variables.insert(name.to_owned(), Value::Text(url));
        }
    }
    variables.insert("client_id".to_owned(), Value::Text(c.client_id.clone()));
    if c.client_secret.is_some() {
        variables.insert("client_secret".to_owned(), Value::Secret(SecretRef::Vault));
    }
    environment
}

fn filled_profile(existing: Option<OauthProfile>, name: &str, c: &Credentials) -> OauthProfile {
    let fresh = existing.is_none();
    let mut profile =
        existing.unwrap_or_else(|| OauthProfile { name: name.to_owned(), ..OauthProfile::default() });
    "{{token_url}}".clone_into(&mut profile.token_url);
    "{{client_id}}".clone_into(&mut profile.client_id);
    for (variable, url) in endpoints(c) {
        let field = match variable {
            "authorization_url" => &mut profile.authorization_url,
            "revocation_url" => &mut profile.revocation_url,
            "introspection_url" => &mut profile.introspection_url,
            _ => &mut profile.userinfo_url,
        };
        // An endpoint of one environment must not stand in a profile that all of them share.
        if url.is_some() && field.is_empty() {
            *field = format!("{{{{{variable}}}}}");
        }
    }
    if c.client_secret.is_some() {
        profile.client_secret = Value::from("{{client_secret}}");
    } else if fresh {
        profile.client_auth = ClientAuth::None;
    }
    profile
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::pega_credentials::parse;
    use std::fs;

    const FILE: &str = "Client ID\n12345678901234567890\nClient Secret\n0123456789ABCDEF0123456789ABCDEF\nAccess token endpoint\nhttp://127.0.0.1:8080/prweb/PRRestService/oauth2/v1/token\n";

    #[test]
    fn an_import_fills_environment_profile_and_vault_and_no_file_holds_the_secret() {
        let dir = tempfile::tempdir().unwrap();
        crate::storage::init(dir.path(), "w", &["pega-cases".into()]).unwrap();
        let vault = Vault::memory();
        let credentials = parse(FILE.as_bytes()).unwrap();
        let before = fs::read_to_string(dir.path().join("environments/dev.toml")).unwrap();
        let done = import_credentials(dir.path(), &vault, &credentials, "dev", "pega").unwrap();
        assert_eq!(done.written.len(), 3, "{:?}", done.written);
        let w = crate::storage::load(dir.path()).unwrap();
        assert_eq!(w.problems, vec![]);
        let e = w.environment("dev").unwrap();
        assert_eq!(e.variables["base_url"], Value::from("http://127.0.0.1:8080/prweb"));
        assert_eq!(e.variables["client_secret"], Value::Secret(SecretRef::Vault));
        assert_eq!(
            e.variables["revocation_url"],
            Value::from("http://127.0.0.1:8080/prweb/PRRestService/oauth2/v1/revoke")
        );
        assert_eq!(w.profile("pega").unwrap().revocation_url, "{{revocation_url}}");
        let kept = vault.get(dir.path(), "dev", "client_secret").unwrap();
        assert_eq!(kept.expose(), "0123456789ABCDEF0123456789ABCDEF");
        for file in ["environments/dev.toml", "auth/pega.toml"] {
            let text = fs::read_to_string(dir.path().join(file)).unwrap();
            assert!(!text.contains("0123456789ABCDEF") && text.contains("# "), "{text}");
        }
        crate::storage::undo(dir.path(), &done.change).unwrap();
        assert_eq!(fs::read_to_string(dir.path().join("environments/dev.toml")).unwrap(), before);
        crate::storage::redo(dir.path(), &done.change).unwrap();
        let again = import_credentials(dir.path(), &vault, &credentials, "dev", "pega").unwrap();
        assert_eq!(again.change.files, vec![], "nothing differs the second time");
    }

    #[test]
    fn a_new_environment_and_profile_are_made_and_a_public_client_has_no_secret() {
        let dir = tempfile::tempdir().unwrap();
        crate::storage::init(dir.path(), "w", &[]).unwrap();
        let public = FILE.replace("Client Secret\n0123456789ABCDEF0123456789ABCDEF\n", "");
        let vault = Vault::memory();
        import_credentials(dir.path(), &vault, &parse(public.as_bytes()).unwrap(), "staging", "mine")
            .unwrap();
        let w = crate::storage::load(dir.path()).unwrap();
        assert_eq!(w.profile("mine").unwrap().client_auth, ClientAuth::None);
        assert!(!w.environment("staging").unwrap().variables.contains_key("client_secret"));
        assert_eq!(vault.list(dir.path()), vec![]);
    }

    #[test]
    fn a_broken_environment_file_is_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        crate::storage::init(dir.path(), "w", &[]).unwrap();
        let file = dir.path().join("environments/dev.toml");
        fs::write(&file, "[variables\n").unwrap();
        let vault = Vault::memory();
        let problem = import_credentials(dir.path(), &vault, &parse(FILE.as_bytes()).unwrap(), "dev", "pega")
            .unwrap_err();
        assert!(problem.line.is_some());
        assert_eq!(fs::read_to_string(&file).unwrap(), "[variables\n");
        assert_eq!(vault.list(dir.path()), vec![]);
    }
}
