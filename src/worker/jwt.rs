//! Keys that a user names for the JWT pane: files and addresses read, tokens checked and made with them.

use super::disk::typed_path;
use crate::app::effect::JwtKey;
use crate::app::job::Output;
use crate::flow::{self, Session, TokenPlan};
use crate::jwt::sign::{SigningKey, object, sign_text, unreadable};
use crate::jwt::{self, Jwks};
use crate::model::problem::{Problem, ProblemKind};
use crate::model::secret::Secret;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use std::io::Read;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

/// Key files are small; a larger one is none.
const MOST: u64 = 1024 * 1024;

/// A key file as text; one that is none is told what it is.
fn read(typed: &str) -> Result<Secret, Problem> {
    let path = typed_path(typed);
    let failed = |e: std::io::Error| {
        Problem::new(ProblemKind::File, "cannot read the key", e.to_string(), "check the path").in_file(&path)
    };
    let mut bytes = Zeroizing::new(Vec::new());
    std::fs::File::open(&path).map_err(failed)?.take(MOST).read_to_end(&mut bytes).map_err(failed)?;
    match std::str::from_utf8(&bytes) {
        Ok(text) if !text.contains('\0') => Ok(Secret::new(text)),
        _ => {
            let why = unreadable(&bytes, typed);
            let next = "give the PEM file that comes of it";
            Err(Problem::new(ProblemKind::File, "this key cannot be read", why, next).in_file(&path))
        }
    }
}

/// Decodes a token and checks its signature with the key that was named.
pub async fn verify(
    session: &Session,
    plan: Option<&TokenPlan>,
    token: &Secret,
    with: &JwtKey,
    clock_offset_ms: Option<i64>,
    cancel: &CancellationToken,
) -> Result<Output, Problem> {
    let keys = match with {
        JwtKey::Secret(secret) => Jwks::from_secret(secret.expose().as_bytes()),
        JwtKey::Place(place) if place.starts_with("https://") || place.starts_with("http://") => {
            let none = TokenPlan {
                profile: crate::model::profile::OauthProfile::default(),
                environment: crate::model::environment::Environment::default(),
                layers: Vec::new(),
                root: std::path::PathBuf::new(),
            };
            let set = flow::key_set(session, plan.unwrap_or(&none), place, cancel).await;
            (*set.map_err(|why| {
                Problem::new(ProblemKind::Network, "the keys could not be read", why, "check the address")
            })?)
            .clone()
        }
        JwtKey::Place(place) => {
            let place = place.clone();
            let read = tokio::task::spawn_blocking(move || {
                let text = read(&place)?;
                Jwks::read(&text).map_err(|why| {
                    let next = "give a public key or certificate as PEM, a JWK, or a key set";
                    Problem::new(ProblemKind::File, "there is no key to check with", why, next)
                        .in_file(typed_path(&place))
                })
            });
            read.await.map_err(|e| {
                Problem::new(ProblemKind::Internal, "reading the key broke down", e.to_string(), "")
            })??
        }
    };
    let offset = SignedDuration::from_millis(clock_offset_ms.unwrap_or(0));
    let local = Timestamp::now();
    let mut decoded = jwt::decode(token.expose(), local.checked_add(offset).unwrap_or(local));
    decoded.signature = jwt::verify(token.expose(), &keys);
    Ok(Output::Inspected(decoded))
}

/// Signs header and claims as typed. The header's `alg` is what is signed with, where the key can.
pub fn sign(header: &str, claims: &str, with: &JwtKey, now: Timestamp) -> Result<Output, Problem> {
    let cannot = |why: String| {
        let next = "E edits again; set `alg` to one that the key can make, or leave it out";
        Problem::new(ProblemKind::Usage, "the token was not signed", why, next)
    };
    let parsed = object(header, "header")?;
    let member = |name: &str| parsed.get(name).and_then(Json::as_str).unwrap_or("");
    let key = match with {
        JwtKey::Secret(secret) => SigningKey::from_secret(secret.expose().as_bytes(), member("alg")),
        JwtKey::Place(place) => SigningKey::read_one(&read(place)?, member("alg"), member("kid")),
    };
    let key = key.map_err(cannot)?;
    let token = sign_text(header, claims, &key)?;
    let mut decoded = jwt::decode(token.expose(), now);
    // The header may name another `kid` than the key: what counts is the key itself.
    decoded.signature = jwt::verify(token.expose(), &key.with_kid(None).verifying());
    Ok(Output::Signed(token, decoded))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::Signature;

    fn file(dir: &tempfile::TempDir, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }

    #[test]
    fn what_is_signed_is_checked_and_what_cannot_sign_says_why() {
        let dir = tempfile::tempdir().unwrap();
        let key = SigningKey::generate("ES384").unwrap().with_kid(Some("own".into()));
        let place = file(&dir, "k.jwk", key.to_jwk().expose());
        let with = |place: &str| JwtKey::Place(place.to_owned());
        let made = sign(
            "{\"alg\":\"ES384\",\"kid\":\"another\"}",
            "{\"sub\":\"b\"}",
            &with(&place),
            Timestamp::UNIX_EPOCH,
        );
        let Ok(Output::Signed(token, decoded)) = made else { panic!("{made:?}") };
        assert!(matches!(decoded.signature, Signature::Verified { .. }));
        assert_eq!(decoded.header.unwrap()["kid"], "another");
        assert!(token.expose().starts_with("eyJ"));

        let why =
            |header: &str, with: JwtKey| sign(header, "{}", &with, Timestamp::UNIX_EPOCH).unwrap_err().why;
        assert!(why("{\"alg\":\"RS256\"}", with(&place)).contains("is for ES384"));
        assert!(why("{\"alg\":\"RS256\"}", JwtKey::Secret(Secret::new("x"))).contains("needs an RSA key"));
        let p12 = file(&dir, "id.p12", [0x30, 7, 2, 1, 3, 0x30, 2, 5, 0]);
        assert!(why("{}", with(&p12)).contains("openssl pkcs12 -in"));
        assert!(!why("{}", with("/no/such/key")).is_empty());
    }

    #[test]
    fn a_named_key_checks_a_token() {
        let dir = tempfile::tempdir().unwrap();
        let key = SigningKey::generate("EdDSA").unwrap();
        let token = sign_text("{}", "{\"sub\":\"b\"}", &key).unwrap();
        let public = file(&dir, "public.jwk", key.public_jwk().unwrap().to_string());
        let other = SigningKey::generate("EdDSA").unwrap().public_jwk().unwrap().to_string();
        let other = file(&dir, "other.jwk", other);
        use crate::storage::secrets::{Secrets, UntrustedCommand};
        let open = std::sync::Arc::new(|| Ok(crate::storage::vault::Vault::memory()));
        let secrets = std::sync::Arc::new(Secrets::new(open, UntrustedCommand::Refuse));
        let session = Session::new(&crate::model::settings::Settings::default(), secrets, None);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let check = |place: &str| {
            let (with, cancel) = (JwtKey::Place(place.to_owned()), CancellationToken::new());
            let outcome = runtime.block_on(verify(&session, None, &token, &with, None, &cancel));
            outcome.map(|output| match output {
                Output::Inspected(decoded) => decoded.signature,
                other => panic!("{other:?}"),
            })
        };
        assert!(matches!(check(&public), Ok(Signature::Verified { .. })));
        assert!(matches!(check(&other), Ok(Signature::Rejected { .. })));
        assert!(check("/no/such/key").is_err());
        assert!(matches!(check("http://127.0.0.1:9/keys"), Err(p) if p.kind == ProblemKind::Network));
    }
}
