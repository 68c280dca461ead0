//! Keys and certificates of a profile: the text itself, or the name of a file in the workspace.

use super::scope::Scope;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::secret::{MASK, Secret};
use crate::model::value::Value;
use crate::template::Place;
use std::path::{Path, PathBuf};
use tokio::io::AsyncReadExt;

/// No key is larger; a file that is was named by mistake.
const LARGEST: u64 = 1024 * 1024;

/// Where a key or certificate is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Material {
    /// Not stated.
    #[default]
    Nothing,
    /// Here.
    Text(Secret),
    /// In a file yet to be read.
    File(PathBuf),
}

/// Renders a field that holds PEM, a JWK, or the name of a file (relative to the workspace, or from `~`). `name` is what a vault
/// files a secret under.
pub(super) fn material(scope: &Scope<'_>, root: &Path, value: &Value, name: &str, place: &str) -> Material {
    let (text, secret) = match value {
        Value::Text(text) => {
            let rendered = scope.text(text, Place::Verbatim, place);
            (rendered.text, rendered.secret)
        }
        Value::Secret(_) => (scope.value(value, name, place).text, true),
    };
    let text = text.trim();
    if text.is_empty() {
        return Material::Nothing;
    }
    if secret || is_key(text) {
        scope.saw(text);
        return Material::Text(Secret::new(unfolded(text)));
    }
    Material::File(in_workspace(root, text))
}

fn is_key(text: &str) -> bool {
    text.starts_with('{') || text.contains("-----BEGIN ") || text.contains(MASK)
}

/// PEM out of an environment variable often has `\n` for its line breaks.
fn unfolded(text: &str) -> String {
    if text.contains("-----BEGIN ") && !text.contains('\n') {
        text.replace("\\n", "\n")
    } else {
        text.to_owned()
    }
}

fn in_workspace(root: &Path, text: &str) -> PathBuf {
    match (text.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => root.join(text),
    }
}

impl Material {
    /// True when nothing was stated.
    pub fn is_nothing(&self) -> bool {
        *self == Self::Nothing
    }

    /// The text, a file read. `what` begins the problem: ``cannot get a token with profile `x` ``.
    ///
    /// # Errors
    /// The file cannot be read, or is no text: a PKCS#12 file gets the command that converts it.
    pub async fn load(&self, what: &str) -> Result<Option<Secret>, Problem> {
        let path = match self {
            Self::Nothing => return Ok(None),
            Self::Text(text) => return Ok(Some(text.clone())),
            Self::File(path) => path,
        };
        let problem =
            |why: String, next: String| Problem::new(ProblemKind::File, what, why, next).in_file(path);
        let bytes = read(path).await.map_err(|e| {
            let next =
                "correct the name of the key or certificate file: it counts from the workspace's directory";
            problem(e.to_string(), next.to_owned())
        })?;
        if bytes.len() as u64 > LARGEST {
            let next = "name the PEM file of the key or certificate".to_owned();
            return Err(problem("the file is too large to be a key or certificate".to_owned(), next));
        }
        match String::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => Ok(Some(Secret::new(text))),
            Ok(text) => Err(binary(text.as_bytes(), path, &problem)),
            Err(e) => Err(binary(e.as_bytes(), path, &problem)),
        }
    }
}

async fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    regular(path).await?;
    let mut bytes = Vec::new();
    tokio::fs::File::open(path).await?.take(LARGEST + 1).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// A pipe would be waited for without end, and a device has none.
pub(super) async fn regular(path: &Path) -> std::io::Result<()> {
    match tokio::fs::metadata(path).await? {
        meta if meta.is_dir() => Err(std::io::Error::other("it is a directory")),
        meta if !meta.is_file() => Err(std::io::Error::other("it is not a regular file")),
        _ => Ok(()),
    }
}

/// A file that is no text, with the command that makes one of it.
fn binary(bytes: &[u8], path: &Path, problem: &dyn Fn(String, String) -> Problem) -> Problem {
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
    let file = path.display();
    // PFX ::= SEQUENCE { version INTEGER 3, … }, whatever the form of its length.
    let pfx = bytes.first() == Some(&0x30)
        && bytes.iter().take(9).collect::<Vec<_>>().windows(3).any(|w| w == [&2, &1, &3]);
    if pfx || matches!(ending.as_str(), "p12" | "pfx") {
        return problem(
            "the file is PKCS#12, and PEM is expected".to_owned(),
            format!(
                "convert it: openssl pkcs12 -in {file} -out {file}.pem -nodes; then name {file}.pem and keep it private"
            ),
        );
    }
    let (kind, command) = if ending == "key" { ("key", "pkey") } else { ("certificate", "x509") };
    problem(
        "the file is no text, and PEM is expected".to_owned(),
        format!(
            "convert it: openssl {command} -inform DER -in {file} -out {file}.pem (a DER {kind}); then name {file}.pem"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Dynamics;

    fn of(text: &str) -> Material {
        let dynamics = Dynamics::new(jiff::Timestamp::UNIX_EPOCH, 1);
        let scope = Scope::new(&[], &dynamics, None);
        material(&scope, Path::new("/w"), &Value::from(text), "key", "`key`")
    }

    #[test]
    fn pem_and_jwk_are_taken_as_they_are_and_anything_else_is_a_file_of_the_workspace() {
        assert_eq!(of(" "), Material::Nothing);
        assert_eq!(of("keys/a.pem"), Material::File("/w/keys/a.pem".into()));
        assert_eq!(of("/etc/a.pem"), Material::File("/etc/a.pem".into()));
        assert_eq!(of("{\"kty\":\"EC\"}"), Material::Text(Secret::new("{\"kty\":\"EC\"}")));
        let folded = of("-----BEGIN PRIVATE KEY-----\\nAA\\n-----END PRIVATE KEY-----");
        let Material::Text(text) = folded else { panic!("no text") };
        assert_eq!(text.expose().lines().count(), 3);
    }

    #[tokio::test]
    async fn a_pkcs12_file_gets_the_exact_command_that_converts_it() {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in [("a.bin", &[0x30, 0x82, 9, 0x99, 2, 1, 3, 0x30, 0xff][..]), ("b.p12", &[0, 1])]
        {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            let problem = Material::File(path.clone()).load("w").await.unwrap_err();
            let command = format!("openssl pkcs12 -in {0} -out {0}.pem -nodes", path.display());
            assert!(problem.next.contains(&command), "{problem}");
        }
        let gone = Material::File(dir.path().join("gone")).load("w").await.unwrap_err();
        assert_eq!((gone.kind, gone.file), (ProblemKind::File, Some(dir.path().join("gone"))));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_pipe_a_device_and_a_directory_are_no_keys_and_nothing_waits_for_them() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [pipe, "/dev/zero".into(), dir.path().to_path_buf()] {
            let problem = Material::File(path).load("w").await.unwrap_err();
            assert!(problem.why.starts_with("it is "), "{problem}");
        }
    }
}
