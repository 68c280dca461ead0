//! Profiles that work against a running sandbox, laid into a workspace: the demo's scratch one, whose
//! secrets are in memory, or one of the user's (`hallpass sandbox --print-workspace DIR`).

use super::save::{self, Access};
use crate::import::pega_credentials::{self, Credentials};
use crate::model::edit::Edit;
use crate::model::environment::Environment;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::secret::Secret;
use crate::model::value::{SecretRef, Value};
use crate::sandbox::{DemoExtras, Sandbox};
use crate::storage;
use std::path::{Path, PathBuf};

/// The environment that stands for the sandbox.
pub(super) const ENVIRONMENT: &str = "sandbox";
/// Where `--print-workspace` keeps its secrets, each in a file of its own.
const SECRETS: &str = ".secrets";

/// The environment of a running sandbox: where it is, and what the profiles need. `secret` says where a
/// secret of that name is kept.
pub(super) fn environment(
    sandbox: &Sandbox,
    extras: &DemoExtras,
    secret: impl Fn(&str) -> SecretRef,
) -> Environment {
    let mut environment = Environment { name: ENVIRONMENT.into(), ..Environment::default() };
    let variables = &mut environment.variables;
    variables.insert("base_url".into(), format!("{}/prweb", sandbox.base_url()).into());
    for (name, value) in &extras.variables {
        variables.insert(name.clone(), Value::literal(value));
    }
    for (name, _) in &extras.secrets {
        variables.insert(name.clone(), Value::Secret(secret(name)));
    }
    environment
}

/// Writes the profiles; those that are there stay as they are.
pub(super) fn profiles(
    dir: &Path,
    extras: &DemoExtras,
    write: impl Fn(&Path, &[u8]) -> Result<(), Problem>,
) -> Result<(), Problem> {
    for (path, text) in &extras.files {
        let path = dir.join(path);
        if path.symlink_metadata().is_err() {
            write(&path, text.as_bytes())?;
        }
    }
    Ok(())
}

/// A workspace that is ready for this sandbox: the Pega sample, an environment `sandbox` that is the
/// default, a profile for each grant, secrets in files only their owner can read. Called again for
/// the same directory, it brings environment and secrets up to date and leaves the rest alone. A
/// directory that is another workspace is refused.
pub(super) fn print(dir: &Path, sandbox: &Sandbox) -> Result<(), Problem> {
    let marker = dir.join("hallpass.toml");
    if marker.symlink_metadata().is_ok() {
        if !dir.join(SECRETS).is_dir() {
            return Err(Problem::new(
                ProblemKind::Usage,
                "nothing was written",
                "this directory is a workspace already, and not one for the sandbox",
                "name a new directory",
            )
            .in_file(marker));
        }
    } else {
        let text = format!(
            "# Made by `hallpass sandbox --print-workspace`, for a sandbox that may be gone by now.\n\
             format = {}\nname = \"sandbox\"\ndefault_environment = \"{ENVIRONMENT}\"\n",
            crate::model::workspace::FORMAT
        );
        directory(dir)?;
        save::bytes(&marker, text.as_bytes(), Access::Usual)?;
    }
    storage::init(dir, "sandbox", &["pega-cases".to_owned()])?;

    let credentials = pega_credentials::parse(sandbox.credentials().as_bytes())?;
    let extras = with_first_client(sandbox.demo_extras(), &credentials);
    let secrets = dir.join(SECRETS);
    directory(&secrets)?;
    save::bytes(&secrets.join(".gitignore"), b"*\n", Access::Usual)?;
    let file = |name: &str| SecretRef::File(format!("{SECRETS}/{name}"));
    let mut generic = sandbox.rfc_extras_kept(file);
    for (name, secret) in extras.secrets.iter().chain(&generic.secrets) {
        save::bytes(&secrets.join(name), secret.expose().as_bytes(), Access::Private)?;
    }
    let write = |path: &Path, text: &[u8]| {
        path.parent().map_or(Ok(()), directory)?;
        save::bytes(path, text, Access::Usual)
    };
    profiles(dir, &extras, write)?;
    // Environment and certificates of the generic server change with each start, like the one below.
    let kept = |path: &PathBuf| path.starts_with("auth") || path.starts_with("collections");
    let (stay, renewed): (Vec<_>, Vec<_>) = generic.files.into_iter().partition(|(path, _)| kept(path));
    generic.files = stay;
    profiles(dir, &generic, write)?;
    for (path, text) in &renewed {
        write(&dir.join(path), text.as_bytes())?;
    }
    storage::apply(dir, &Edit::SaveEnvironment(environment(sandbox, &extras, file))).map(|_| ())
}

/// What the sample's own profile `pega` asks for, besides.
fn with_first_client(extras: DemoExtras, credentials: &Credentials) -> DemoExtras {
    extras.and(DemoExtras {
        files: Vec::new(),
        secrets: vec![(
            super::register::SECRET_VARIABLE.to_owned(),
            credentials.client_secret.clone().unwrap_or_else(|| Secret::new("")),
        )],
        variables: vec![
            ("token_url".to_owned(), credentials.token_url.clone()),
            ("client_id".to_owned(), credentials.client_id.clone()),
        ],
    })
}

fn directory(dir: &Path) -> Result<(), Problem> {
    std::fs::create_dir_all(dir).map_err(|e| {
        Problem::new(ProblemKind::File, "cannot make the directory", e.to_string(), "check the permissions")
            .in_file(dir)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::SandboxOptions;

    async fn sandbox() -> Sandbox {
        Sandbox::start(SandboxOptions::default()).await.unwrap()
    }

    #[tokio::test]
    async fn the_workspace_is_whole_and_no_secret_stands_in_a_file_of_it() {
        let (dir, sandbox) = (tempfile::tempdir().unwrap(), sandbox().await);
        let dir = dir.path().join("new");
        print(&dir, &sandbox).unwrap();
        let workspace = storage::load(&dir).unwrap();
        assert!(workspace.problems.is_empty(), "{:?}", workspace.problems);
        let names: Vec<&str> = workspace.profiles.iter().map(|p| p.name.as_str()).collect();
        for name in ["pega", "pega-login", "pega-password", "pega-jwt-bearer", "pega-custom", "pega-refresh"]
        {
            assert!(names.contains(&name), "{names:?}");
        }
        let environment = std::fs::read_to_string(dir.join("environments/sandbox.toml")).unwrap();
        assert!(environment.contains(".secrets/pega_operator_password"));
        let generic = std::fs::read_to_string(dir.join("environments/rfc.toml")).unwrap();
        assert!(generic.contains(&sandbox.base_url()) && generic.contains(".secrets/rfc_key"));
        assert!(dir.join(".secrets/rfc_key").is_file() && names.contains(&"rfc-code"));
        let (id, secret) = {
            let file = sandbox.credentials();
            let lines: Vec<&str> = file.lines().collect();
            (lines[1].to_owned(), lines[3].to_owned())
        };
        assert!(environment.contains(&id) && !environment.contains(&secret));
        assert_eq!(std::fs::read_to_string(dir.join(".secrets/client_secret")).unwrap(), secret);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(dir.join(".secrets/client_secret")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[tokio::test]
    async fn a_second_sandbox_brings_its_own_workspace_up_to_date_and_refuses_others() {
        let (dir, first, second) = (tempfile::tempdir().unwrap(), sandbox().await, sandbox().await);
        let mine = dir.path().join("mine");
        print(&mine, &first).unwrap();
        let profile = mine.join("auth/pega-login.toml");
        std::fs::write(&profile, "grant = \"password\"\n").unwrap();
        print(&mine, &second).unwrap();
        for file in ["sandbox", "rfc"] {
            let environment =
                std::fs::read_to_string(mine.join(format!("environments/{file}.toml"))).unwrap();
            assert!(environment.contains(&second.base_url()) && !environment.contains(&first.base_url()));
        }
        assert_eq!(std::fs::read_to_string(&profile).unwrap(), "grant = \"password\"\n");

        let other = dir.path().join("other");
        storage::init(&other, "x", &[]).unwrap();
        let refused = print(&other, &second).unwrap_err();
        assert!(refused.why.contains("workspace already"), "{refused}");
        assert!(!other.join(".secrets").exists());
    }
}
