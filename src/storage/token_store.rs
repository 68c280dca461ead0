//! Tokens kept in the vault, so that the next start need not log in again. What has expired and cannot
//! be refreshed is dropped when it is read.

use super::atomic::{Access, make_dirs};
use super::vault::{Vault, VaultKind, canonical};
use super::{paths, private_file};
use crate::flow::TokenStore;
use crate::model::problem::Problem;
use crate::model::secret::Secret;
use crate::model::token::{Token, TokenKey, TokenOrigin};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long one process waits for another to renew a token.
const PATIENCE: Duration = Duration::from_secs(60);

impl TokenStore for Vault {
    fn load(&self, root: &Path) -> Vec<Token> {
        let stored: Vec<Secret> = self.look(|c| {
            c.tokens.get(&canonical(root)).map(|all| all.values().cloned().collect()).unwrap_or_default()
        });
        let (wall, clock) = (Timestamp::now(), Instant::now());
        stored.iter().filter_map(|text| from_json(text.expose(), wall, clock)).collect()
    }

    fn get(&self, root: &Path, key: &TokenKey) -> Option<Token> {
        let stored = self.look(|c| c.tokens.get(&canonical(root))?.get(&key_text(key)).cloned())?;
        from_json(stored.expose(), Timestamp::now(), Instant::now())
    }

    fn lock(&self, root: &Path, key: &TokenKey) -> Option<Box<dyn Send>> {
        // What is only in this process needs no lock against others.
        if self.kind() == VaultKind::Memory {
            return None;
        }
        let dir = self.locks.clone().or_else(|| Some(paths::state_dir()?.join("locks")))?;
        make_dirs(&dir, Access::Private).ok()?;
        let path = dir.join(lock_name(&canonical(root), key));
        Some(Box::new(private_file::lock_or_none(&path, PATIENCE)?))
    }

    fn save(&self, root: &Path, token: &Token) {
        // A token that cannot be kept is still good for this session; the next save tries again.
        let _ = self.keep(root, token);
    }

    fn forget(&self, root: &Path, key: &TokenKey) {
        let _ = self.change(|c| {
            let root = canonical(root);
            let empty = c.tokens.get_mut(&root).is_some_and(|all| {
                all.remove(&key_text(key));
                all.is_empty()
            });
            if empty {
                c.tokens.remove(&root);
            }
        });
    }
}

impl Vault {
    /// Saves a token, for who tells why it could not be.
    pub fn keep(&self, root: &Path, token: &Token) -> Result<(), Problem> {
        let (key, text) = (key_text(&token.key), Secret::new(to_json(token)));
        self.change(|c| {
            c.tokens.entry(canonical(root)).or_default().insert(key, text);
        })
    }
}

/// One lock file for each token. Its name tells nothing of the workspace.
fn lock_name(root: &Path, key: &TokenKey) -> String {
    let text = format!("{}\n{}", root.to_string_lossy(), key_text(key));
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    let hex: String = digest.as_ref().iter().take(16).map(|b| format!("{b:02x}")).collect();
    format!("{hex}.lock")
}

fn key_json(key: &TokenKey) -> Json {
    json!([key.environment, key.profile, key.identity, key.scope, key.audience])
}

fn key_text(key: &TokenKey) -> String {
    key_json(key).to_string()
}

fn to_json(token: &Token) -> String {
    json!({
        "key": key_json(&token.key),
        "server": token.origin.as_ref().map(|o| &o.server),
        "client_id": token.origin.as_ref().map(|o| &o.client_id),
        "access_token": token.access_token.expose(),
        "token_type": token.token_type,
        "refresh_token": token.refresh_token.as_ref().map(Secret::expose),
        "id_token": token.id_token.as_ref().map(Secret::expose),
        "dpop_key": token.dpop_key.as_ref().map(Secret::expose),
        "use_id_token": token.use_id_token,
        "session_index": token.session_index,
        "scope": token.scope,
        "expires_in_ms": token.expires_in.map(|d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX)),
        "obtained_at": token.obtained_at.to_string(),
        "clock_offset_ms": token.clock_offset_ms,
        "grant": token.grant,
        "client_auth": token.client_auth,
        "notes": token.notes,
    })
    .to_string()
}

/// A stored token as of now. Its age on the monotonic clock is rebuilt from the wall clock; a wall
/// clock that went back makes it no younger than now.
fn from_json(text: &str, wall: Timestamp, clock: Instant) -> Option<Token> {
    let json: Json = serde_json::from_str(text).ok()?;
    let word = |key: &str| json.get(key)?.as_str().map(str::to_owned);
    let key: Vec<String> = serde_json::from_value(json.get("key")?.clone()).ok()?;
    let [environment, profile, identity, scope, audience] = key.try_into().ok()?;
    let obtained_at: Timestamp = word("obtained_at")?.parse().ok()?;
    let age = Duration::try_from(wall.duration_since(obtained_at)).unwrap_or(Duration::ZERO);
    let expires_in = json.get("expires_in_ms").and_then(Json::as_u64).map(Duration::from_millis);
    let origin = word("server").zip(word("client_id"));
    let origin = origin.map(|(server, client_id)| TokenOrigin { server, client_id });
    // Of an origin that is not known: it might go to a server that never gave it.
    let to_server = |key| word(key).filter(|_| origin.is_some());
    let refresh_token = to_server("refresh_token").map(Secret::new);
    let session_index = to_server("session_index");
    let expired = expires_in.is_some_and(|life| life <= age);
    if expired && refresh_token.is_none() {
        return None;
    }
    // A monotonic clock may not reach back that far (just booted): then what is left of the life is
    // counted from now instead.
    let (obtained, obtained_at, expires_in) = match clock.checked_sub(age) {
        Some(obtained) => (obtained, obtained_at, expires_in),
        None => (clock, wall, expires_in.map(|life| life.saturating_sub(age))),
    };
    Some(Token {
        key: TokenKey { environment, profile, identity, scope, audience },
        origin,
        access_token: Secret::new(word("access_token")?),
        token_type: word("token_type")?,
        refresh_token,
        id_token: word("id_token").map(Secret::new),
        dpop_key: word("dpop_key").map(Secret::new),
        use_id_token: json.get("use_id_token").and_then(Json::as_bool).unwrap_or_default(),
        session_index,
        scope: word("scope"),
        expires_in,
        obtained_at,
        obtained,
        clock_offset_ms: json.get("clock_offset_ms").and_then(Json::as_i64),
        grant: word("grant").unwrap_or_default(),
        client_auth: word("client_auth").unwrap_or_default(),
        notes: json.get("notes").and_then(|n| serde_json::from_value(n.clone()).ok()).unwrap_or_default(),
        exchange: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::vault_file::Cost;
    use jiff::SignedDuration;

    fn token(refresh: bool) -> Token {
        Token {
            key: TokenKey { environment: "dev".into(), profile: "p".into(), ..TokenKey::default() },
            origin: Some(TokenOrigin { server: "https://as.test/token".into(), client_id: "id".into() }),
            access_token: "access".into(),
            token_type: "Bearer".into(),
            refresh_token: refresh.then(|| "refresh".into()),
            id_token: None,
            dpop_key: None,
            use_id_token: false,
            session_index: None,
            scope: Some("a b".into()),
            expires_in: Some(Duration::from_secs(3600)),
            obtained_at: Timestamp::now(),
            obtained: Instant::now(),
            clock_offset_ms: Some(-5),
            grant: "client credentials".into(),
            client_auth: "Basic".into(),
            notes: Vec::new(),
            exchange: None,
        }
    }

    #[test]
    fn a_stored_token_goes_on_ageing() {
        let t = token(false);
        let clock = Instant::now() + Duration::from_secs(100_000);
        let wall = t.obtained_at + SignedDuration::from_secs(600);
        let back = from_json(&to_json(&t), wall, clock).unwrap();
        let left = back.remaining(clock).unwrap();
        assert_eq!(left.as_secs(), 3000);
        assert_eq!(
            (back.key.clone(), back.scope.clone(), back.clock_offset_ms),
            (t.key.clone(), t.scope.clone(), Some(-5))
        );
        assert_eq!(back.expires_at(), t.expires_at());
        let before = from_json(&to_json(&t), t.obtained_at - SignedDuration::from_secs(60), clock).unwrap();
        assert_eq!(before.remaining(clock).unwrap().as_secs(), 3600);
    }

    #[test]
    fn an_expired_token_is_dropped_unless_it_can_be_refreshed() {
        let clock = Instant::now() + Duration::from_secs(100_000);
        let wall = Timestamp::now() + SignedDuration::from_secs(4000);
        assert!(from_json(&to_json(&token(false)), wall, clock).is_none());
        let kept = from_json(&to_json(&token(true)), wall, clock).unwrap();
        assert!(kept.is_expired(clock));
    }

    #[test]
    fn everything_of_a_token_is_kept() {
        let mut t = token(true);
        t.id_token = Some("id".into());
        t.dpop_key = Some("{\"kty\":\"EC\"}".into());
        t.use_id_token = true;
        t.session_index = Some("si".into());
        let back = from_json(&to_json(&t), t.obtained_at, Instant::now()).unwrap();
        assert_eq!((&back.dpop_key, &back.origin), (&t.dpop_key, &t.origin));
        assert_eq!((back.use_id_token, back.session_index.as_deref()), (true, Some("si")));
        assert_eq!(back.credential().expose(), "id");
    }

    #[test]
    fn a_token_that_an_older_version_stored_is_still_good_but_not_its_refresh_token() {
        let old = r#"{"key":["dev","p","ann","a b",""],"access_token":"access","token_type":"Bearer","refresh_token":"refresh","id_token":null,"scope":"a b","expires_in_ms":3600000,"obtained_at":"2026-11-23T10:00:00Z","clock_offset_ms":-5,"grant":"client credentials","client_auth":"Basic"}"#;
        let wall: Timestamp = "2026-11-23T10:10:00Z".parse().unwrap();
        let t = from_json(old, wall, Instant::now() + Duration::from_secs(100_000)).unwrap();
        assert_eq!((t.key.identity.as_str(), t.access_token.expose()), ("ann", "access"));
        assert_eq!((t.dpop_key, t.use_id_token, t.session_index), (None, false, None));
        assert_eq!((t.origin, t.refresh_token), (None, None), "nobody knows which server it may go to");
    }

    #[test]
    fn a_token_another_process_stored_is_seen_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let open = || file_vault(dir.path());
        let (a, b) = (open(), open());
        let root = Path::new("/a");
        assert!(TokenStore::get(&b, root, &token(true).key).is_none());
        a.save(root, &token(true));
        let seen = TokenStore::get(&b, root, &token(true).key).unwrap();
        assert_eq!(seen.refresh_token.unwrap().expose(), "refresh");
        TokenStore::forget(&a, root, &token(true).key);
        assert!(TokenStore::get(&b, root, &token(true).key).is_none());
    }

    #[test]
    fn a_lock_is_one_for_each_token_and_goes_with_its_guard() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (file_vault(dir.path()), file_vault(dir.path()));
        let (root, key) = (Path::new("/a"), token(true).key);
        let held = TokenStore::lock(&a, root, &key).unwrap();
        let other = TokenKey { identity: "bob".into(), ..key.clone() };
        assert!(TokenStore::lock(&b, root, &other).is_some(), "another token is not in the way");
        assert!(TokenStore::lock(&b, Path::new("/b"), &key).is_some(), "nor is another workspace");
        let waiting = std::thread::spawn(move || TokenStore::lock(&b, Path::new("/a"), &key).is_some());
        drop(held);
        assert!(waiting.join().unwrap());
    }

    #[test]
    fn where_no_lock_can_be_made_one_goes_on_alone() {
        let dir = tempfile::tempdir().unwrap();
        let mut vault = file_vault(dir.path());
        std::fs::write(dir.path().join("taken"), "").unwrap();
        vault.locks = Some(dir.path().join("taken/locks"));
        assert!(TokenStore::lock(&vault, Path::new("/a"), &token(true).key).is_none());
    }

    fn file_vault(dir: &Path) -> Vault {
        let cost = Cost { memory: 64, passes: 1, lanes: 1 };
        let mut vault = Vault::open_with(&dir.join("vault"), &"p".into(), cost).unwrap();
        vault.locks = Some(dir.join("locks"));
        vault
    }

    const WHERE: &str = "HALLPASS_TEST_RENEW";

    /// Not a test of its own: one of the processes of the test below. The count in the refresh token is
    /// the server; whoever finds it below one is the one to renew.
    #[test]
    #[ignore = "started by the test below"]
    fn renews_once_if_nobody_did() {
        let Some(dir) = std::env::var_os(WHERE).map(std::path::PathBuf::from) else { return };
        let vault = file_vault(&dir);
        let (root, key) = (Path::new("/a"), token(true).key);
        let _lock = TokenStore::lock(&vault, root, &key).unwrap();
        let mut stored = TokenStore::get(&vault, root, &key).unwrap();
        if stored.refresh_token.as_ref().is_some_and(|t| t.expose() == "refresh") {
            std::fs::OpenOptions::new()
                .append(true)
                .create(true)
                .open(dir.join("server"))
                .and_then(|mut f| std::io::Write::write_all(&mut f, b"renewed\n"))
                .unwrap();
            stored.refresh_token = Some("rotated".into());
            vault.save(root, &stored);
        }
    }

    #[test]
    fn fifty_processes_renew_a_token_once() {
        let dir = tempfile::tempdir().unwrap();
        file_vault(dir.path()).save(Path::new("/a"), &token(true));
        let mut children: Vec<_> = (0..50)
            .map(|_| {
                std::process::Command::new(std::env::current_exe().unwrap())
                    .args(["--ignored", "--exact", "storage::token_store::tests::renews_once_if_nobody_did"])
                    .env(WHERE, dir.path())
                    .stdout(std::process::Stdio::null())
                    .spawn()
                    .unwrap()
            })
            .collect();
        assert!(children.iter_mut().all(|c| c.wait().unwrap().success()));
        assert_eq!(std::fs::read_to_string(dir.path().join("server")).unwrap(), "renewed\n");
        let kept = TokenStore::get(&file_vault(dir.path()), Path::new("/a"), &token(true).key).unwrap();
        assert_eq!(kept.refresh_token.unwrap().expose(), "rotated");
    }

    #[test]
    fn tokens_are_kept_per_workspace_and_key() {
        let vault = Vault::memory();
        let (a, b) = (Path::new("/a"), Path::new("/b"));
        vault.save(a, &token(true));
        vault.save(a, &token(true));
        let mut other = token(true);
        other.key.environment = "prod".into();
        vault.save(a, &other);
        assert_eq!((vault.load(a).len(), vault.load(b).len()), (2, 0));
        TokenStore::forget(&vault, a, &other.key);
        assert_eq!(vault.load(a)[0].key.environment, "dev");
    }
}
