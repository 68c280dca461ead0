//! The workspace that tries all of it.

use super::*;
use crate::model::value::{SecretRef, Value};
use crate::sandbox::DemoExtras;
use crate::storage;

fn laid_out(extras: &DemoExtras) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    storage::init(dir.path(), "rfc", &[]).unwrap();
    for (path, text) in &extras.files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

#[tokio::test]
async fn every_file_loads_every_secret_is_named_and_none_is_in_a_file() {
    for faults in [&[][..], &["rfc-mtls"]] {
        let at = sandbox(faults).await;
        let extras = at.rfc_extras();
        let dir = laid_out(&extras);
        let workspace = storage::load(dir.path()).unwrap();
        assert!(workspace.problems.is_empty(), "{:?}", workspace.problems);
        let environment = workspace.environment("rfc").unwrap();
        for (name, secret) in &extras.secrets {
            assert!(environment.variables.contains_key(name), "{name}");
            assert!(
                extras
                    .files
                    .iter()
                    .all(|(_, text)| !text.contains(secret.expose()) || secret.expose() == "wonderland")
            );
        }
        for (path, text) in &extras.files {
            for piece in text.split("{{").skip(1) {
                let name = piece.split("}}").next().unwrap();
                assert!(environment.variables.contains_key(name) || name == "order_id", "{path:?}: {name}");
            }
        }
        let profiles = extras.files.iter().filter(|(path, _)| path.starts_with("auth")).count();
        assert_eq!(profiles, if faults.is_empty() { 14 } else { 15 });
        assert_eq!(workspace.profiles.iter().filter(|p| p.name.starts_with("rfc-")).count(), profiles);
    }
}

#[tokio::test]
async fn each_secret_is_the_one_the_server_knows() {
    let at = sandbox(&[]).await;
    let extras = at.rfc_extras();
    let secret_of =
        |name: &str| extras.secrets.iter().find(|(n, _)| n == name).unwrap().1.expose().to_owned();
    assert_eq!(secret_of("rfc_post_secret"), secret(&at, "rfc-post"));
    let key: Json = serde_json::from_str(&secret_of("rfc_key")).unwrap();
    assert_eq!(key["x"], at.shared.rfc.key().unwrap().public["x"]);
    let kept = |name: &str| SecretRef::File(format!(".secrets/{name}"));
    let dir = laid_out(&at.rfc_extras_kept(kept));
    let workspace = storage::load(dir.path()).unwrap();
    let variable = workspace.environment("rfc").unwrap().variables["rfc_key"].clone();
    assert_eq!(variable, Value::Secret(kept("rfc_key")));
    assert_ne!(secret(&at, "rfc-post"), secret(&sandbox(&[]).await, "rfc-post"), "new at each start");
}

#[tokio::test]
async fn the_registrations_are_shown_with_their_secrets_to_this_machine_only() {
    let at = sandbox(&[]).await;
    let shown = ok(&get(&at, "/rfc/clients", &[]).await);
    let of = |id: &str| shown["clients"].as_array().unwrap().iter().find(|c| c["client_id"] == id).unwrap();
    assert_eq!(text(of("rfc-post"), "client_secret"), secret(&at, "rfc-post"));
    assert!(of("rfc-public").get("client_secret").is_none());
    assert!(
        of("rfc-key-jwt")["private_jwk"]["d"].is_string()
            && of("rfc-key-jwt")["jwks"]["keys"][0].get("d").is_none()
    );
    let strange = send(&at, "GET", "/rfc/clients", &[("Host", "evil.example.test")], "").await;
    assert_eq!(strange.status, 403);
}
