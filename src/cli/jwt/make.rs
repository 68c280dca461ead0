//! `hallpass jwt sign`: a token made from claims, or an existing one changed and signed anew.

use super::super::context::Context;
use super::super::{Failed, Outcome};
use super::args::JwtSignArgs;
use super::{input, keys, readable};
use crate::jwt::sign::{SigningKey, edit_value, lifetime, sign, weak};
use crate::model::problem::{Problem, ProblemKind};
use crate::model::secret::Secret;
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use std::io::Write;
use std::path::Path;
use zeroize::Zeroizing;

/// What is signed.
struct Draft {
    header: Map<String, Json>,
    claims: Map<String, Json>,
    /// `alg` of the token that is changed.
    old: String,
}

pub(super) fn sign_command(context: &Context, args: &JwtSignArgs) -> Outcome {
    let dash = |text: &Option<String>| text.as_deref() == Some("-");
    input::only_once(&[dash(&args.token), dash(&args.secret), dash(&args.claims)])?;
    let now = Timestamp::now();
    let mut draft = draft(context, args, now)?;
    let key = key(context, args, &draft.old)?;
    if let Some(kid) = args.kid.as_deref().or(key.kid()) {
        draft.header.insert("kid".into(), kid.into());
    }
    let token = sign(&draft.header, &draft.claims, &key).map_err(|why| {
        Problem::new(ProblemKind::Usage, "the token cannot be signed", why, "take another key")
    })?;
    let out = &context.out;
    if let Some(why) = weak(&key) {
        out.warn(&why);
    }
    if let Some(path) = &args.save_key {
        save(path, &key.to_jwk())?;
        out.note(&format!("the private key is in {}", path.display()));
    }
    let public = key.public_jwk();
    if out.json {
        let mut header = Map::from_iter([("alg".to_owned(), Json::from(key.algorithm()))]);
        header.extend(draft.header.into_iter().filter(|(name, _)| name != "alg"));
        out.answer(&json!({
            "token": token.expose(), "algorithm": key.algorithm(), "header": header, "claims": draft.claims,
            "jwk": public, "thumbprint": key.thumbprint(),
        }));
    } else {
        out.line(token.expose());
        match (&args.generate, public) {
            (Some(_), Some(public)) => out.note(&format!("public key: {public}")),
            (Some(_), None) if args.save_key.is_none() => {
                out.note("the fresh secret is lost with this command; `--save-key FILE` keeps it");
            }
            _ => {}
        }
    }
    Ok(0)
}

fn draft(context: &Context, args: &JwtSignArgs, now: Timestamp) -> Result<Draft, Box<Failed>> {
    let mut draft = Draft { header: Map::new(), claims: Map::new(), old: String::new() };
    if let Some(given) = &args.token {
        let text = input::token(context, Some(given))?;
        let decoded = readable(text.expose(), now)?;
        draft.header = decoded.header.unwrap_or_default();
        draft.old = draft.header.get("alg").and_then(Json::as_str).unwrap_or_default().to_owned();
        match decoded.claims {
            Some(claims) => draft.claims = claims,
            None if args.claims.is_some() => {}
            None => {
                return Err(Problem::new(
                    ProblemKind::Usage,
                    "the claims of this token cannot be read",
                    decoded.problem.unwrap_or_default(),
                    "give them with `--claims`",
                )
                .into());
            }
        }
    } else {
        draft.header.insert("typ".into(), "JWT".into());
    }
    if let Some(given) = &args.claims {
        draft.claims = claims(given)?;
    }
    for name in &args.drop {
        draft.claims.shift_remove(name);
    }
    if let Some(text) = &args.exp {
        let seconds = lifetime(text).map_err(|why| {
            Problem::new(
                ProblemKind::Usage,
                format!("`--exp {text}` is no length of time"),
                why,
                "write it as `5m`",
            )
        })?;
        draft.claims.insert("iat".into(), now.as_second().into());
        draft.claims.insert("exp".into(), now.as_second().saturating_add(seconds).into());
    }
    for (name, value) in &args.claim {
        draft.claims.insert(name.clone(), edit_value(name, value, now.as_second()));
    }
    for (name, value) in &args.header {
        draft.header.insert(name.clone(), edit_value(name, value, now.as_second()));
    }
    Ok(draft)
}

/// `--claims`: JSON itself, `@FILE`, `-`.
fn claims(given: &str) -> Result<Map<String, Json>, Problem> {
    let (text, path) = match given.strip_prefix('@') {
        Some(path) => (input::text_file(Path::new(path), "the claims")?, Some(path)),
        None if given == "-" => (input::piped()?, None),
        None => (Zeroizing::new(given.to_owned()), None),
    };
    crate::jwt::sign::object(&text, "claims").map_err(|problem| match path {
        Some(path) => problem.in_file(path),
        None => problem,
    })
}

fn key(context: &Context, args: &JwtSignArgs, old: &str) -> Result<SigningKey, Problem> {
    let cannot = |why: String| {
        Problem::new(ProblemKind::Usage, "this key cannot sign", why, "take another algorithm or key")
    };
    let asked = args.alg.as_deref().unwrap_or_default();
    if let Some(algorithm) = &args.generate {
        return SigningKey::generate(algorithm).map_err(cannot);
    }
    let kid = args.kid.as_deref().unwrap_or_default();
    // A token that is changed keeps its algorithm where the key can make it.
    let first = if asked.is_empty() { old } else { asked };
    if let Some(path) = &args.key {
        return match keys::signing_key(path, first, kid) {
            Err(_) if asked.is_empty() && !old.is_empty() => keys::signing_key(path, "", kid),
            found => found,
        };
    }
    if let Some(given) = &args.secret {
        let secret = keys::secret(context, given, args.secret_base64)?;
        return match SigningKey::from_secret(&secret, first) {
            Err(_) if asked.is_empty() && !old.is_empty() => {
                SigningKey::from_secret(&secret, "").map_err(cannot)
            }
            found => found.map_err(cannot),
        };
    }
    Err(Problem::new(
        ProblemKind::Usage,
        "there is no key to sign with",
        "",
        "give `--key FILE`, `--secret -`, or `--generate ES256` for a fresh one",
    ))
}

/// A new file that only its owner reads. An existing one is not overwritten: it may be a key in use.
fn save(path: &Path, key: &Secret) -> Result<(), Problem> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(key.expose().as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()
    });
    written.map_err(|e| {
        Problem::new(
            ProblemKind::File,
            "the private key was not saved",
            e.to_string(),
            "give a path that is free",
        )
        .in_file(path)
    })
}
