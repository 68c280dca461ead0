//! Tokens kept in the vault, so that the next start need not log in again. What has expired and cannot
//! be refreshed is dropped when it is read.

use super::vault::{Vault, canonical};
use crate::flow::TokenStore;
use crate::model::secret::Secret;
use crate::model::token::{Token, TokenKey};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use std::path::Path;
use std::time::{Duration, Instant};

impl TokenStore for Vault {
    fn load(&self, root: &Path) -> Vec<Token> {
        let stored: Vec<Secret> = self.look(|c| {
            c.tokens.get(&canonical(root)).map(|all| all.values().cloned().collect()).unwrap_or_default()
        });
        let (wall, clock) = (Timestamp::now(), Instant::now());
        stored.iter().filter_map(|text| from_json(text.expose(), wall, clock)).collect()
    }

    fn save(&self, root: &Path, token: &Token) {
        let (key, text) = (key_text(&token.key), Secret::new(to_json(token)));
        // A token that cannot be kept is still good for this session; the next save tries again.
        let _ = self.change(|c| {
            c.tokens.entry(canonical(root)).or_default().insert(key, text);
        });
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

fn key_json(key: &TokenKey) -> Json {
    json!([key.environment, key.profile, key.identity, key.scope, key.audience])
}

fn key_text(key: &TokenKey) -> String {
    key_json(key).to_string()
}

fn to_json(token: &Token) -> String {
    json!({
        "key": key_json(&token.key),
        "access_token": token.access_token.expose(),
        "token_type": token.token_type,
        "refresh_token": token.refresh_token.as_ref().map(Secret::expose),
        "id_token": token.id_token.as_ref().map(Secret::expose),
        "scope": token.scope,
        "expires_in_ms": token.expires_in.map(|d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX)),
        "obtained_at": token.obtained_at.to_string(),
        "clock_offset_ms": token.clock_offset_ms,
        "grant": token.grant,
        "client_auth": token.client_auth,
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
    let refresh_token = word("refresh_token").map(Secret::new);
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
        access_token: Secret::new(word("access_token")?),
        token_type: word("token_type")?,
        refresh_token,
        id_token: word("id_token").map(Secret::new),
        scope: word("scope"),
        expires_in,
        obtained_at,
        obtained,
        clock_offset_ms: json.get("clock_offset_ms").and_then(Json::as_i64),
        grant: word("grant").unwrap_or_default(),
        client_auth: word("client_auth").unwrap_or_default(),
        exchange: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    fn token(refresh: bool) -> Token {
        Token {
            key: TokenKey { environment: "dev".into(), profile: "p".into(), ..TokenKey::default() },
            access_token: "access".into(),
            token_type: "Bearer".into(),
            refresh_token: refresh.then(|| "refresh".into()),
            id_token: None,
            scope: Some("a b".into()),
            expires_in: Some(Duration::from_secs(3600)),
            obtained_at: Timestamp::now(),
            obtained: Instant::now(),
            clock_offset_ms: Some(-5),
            grant: "client credentials".into(),
            client_auth: "Basic".into(),
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
