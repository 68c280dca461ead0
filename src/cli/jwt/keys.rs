//! Keys for `verify` and `sign`: from files, stdin, the environment, a URL. A secret never comes from an argument.

use super::super::context::Context;
use super::super::passphrase;
use super::input::{file, text_file};
use crate::jwt::Jwks;
use crate::jwt::sign::{SigningKey, unreadable};
use crate::model::problem::{Problem, ProblemKind};
use crate::model::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::path::Path;
use zeroize::Zeroizing;

/// A key file as text; one that is none is told what it is.
pub(super) fn key_text(path: &Path) -> Result<Secret, Problem> {
    let bytes = file(path, "the key")?;
    match std::str::from_utf8(&bytes) {
        // PKCS#12 and DER are never text: they begin with 0x30 and a length.
        Ok(text) if !text.contains('\0') => Ok(Secret::new(text)),
        _ => Err(Problem::new(
            ProblemKind::File,
            "this key cannot be read",
            unreadable(&bytes, &path.display().to_string()),
            "give the PEM file that comes of it",
        )
        .in_file(path)),
    }
}

/// Reads a private key file.
pub(super) fn signing_key(path: &Path, algorithm: &str, kid: &str) -> Result<SigningKey, Problem> {
    let text = key_text(path)?;
    SigningKey::read_one(&text, algorithm, kid).map_err(|why| {
        Problem::new(ProblemKind::Usage, "this key cannot sign", why, "give a private key as PEM or JWK")
            .in_file(path)
    })
}

/// Reads a file of public keys (PEM, certificate, JWK, key set); of a private key the public half counts.
pub(super) fn public_keys(path: &Path) -> Result<Jwks, Problem> {
    let text = key_text(path)?;
    Jwks::read(&text).map_err(|why| {
        Problem::new(
            ProblemKind::File,
            "there is no key to verify with in this file",
            why,
            "give a public key or certificate as PEM, a JWK, or a key set",
        )
        .in_file(path)
    })
}

/// The secret of `--secret`: `-` is stdin or a prompt, `@FILE` a file, `env:NAME` a variable of the process.
pub(super) fn secret(context: &Context, given: &str, base64: bool) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let text = if given == "-" {
        passphrase::secret_value(&context.out, "shared secret")?
    } else if let Some(path) = given.strip_prefix('@') {
        let text = text_file(Path::new(path), "the secret")?;
        Secret::new(text.trim_end_matches(['\n', '\r']))
    } else if let Some(name) = given.strip_prefix("env:") {
        Secret::new(std::env::var(name).map_err(|_| {
            Problem::new(
                ProblemKind::Unresolved,
                format!("the variable `{name}` holds no secret"),
                "it is not set, or no text",
                format!("set it: `export {name}=…`"),
            )
        })?)
    } else {
        return Err(Problem::new(
            ProblemKind::Usage,
            "a secret is not taken from the command line",
            "everybody on the machine can read a command line, and the shell keeps it",
            "pipe it in with `--secret -`, or give `--secret @FILE` or `--secret env:NAME`",
        ));
    };
    if text.is_empty() {
        return Err(Problem::new(ProblemKind::Usage, "the secret is empty", "", "give one"));
    }
    if !base64 {
        return Ok(Zeroizing::new(text.expose().as_bytes().to_vec()));
    }
    let plain: Zeroizing<String> = Zeroizing::new(
        text.expose()
            .chars()
            .filter(|c| !c.is_whitespace())
            .map(|c| match c {
                '-' => '+',
                '_' => '/',
                c => c,
            })
            .collect(),
    );
    let padded = Zeroizing::new(format!(
        "{:=<1$}",
        plain.trim_end_matches('='),
        plain.trim_end_matches('=').len().div_ceil(4) * 4
    ));
    STANDARD.decode(padded.as_bytes()).map(Zeroizing::new).map_err(|_| {
        Problem::new(
            ProblemKind::Usage,
            "the secret is no base64",
            "neither the standard nor the URL alphabet fits",
            "leave `--secret-base64` out to take it as it is",
        )
    })
}
