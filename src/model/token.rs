//! A token and how long it lives.

use super::exchange::Exchange;
use super::secret::Secret;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a cached token is filed under. A token is only ever used where all of these agree, so
/// that a switch of environment cannot send yesterday's token.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct TokenKey {
    /// Environment name; empty without one.
    pub environment: String,
    /// Profile name.
    pub profile: String,
    /// Who it speaks for: `identity`, else username, else client id (resolved).
    pub identity: String,
    /// Scopes asked for, joined by a space.
    pub scope: String,
    /// `audience` and `resource` asked for, joined by a space.
    pub audience: String,
}

/// Who gave a token to whom. Its refresh token goes nowhere else, whatever the profile says by now.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenOrigin {
    /// Token URL as stated, variables resolved; where none is stated the issuer.
    pub server: String,
    /// Client identifier, resolved.
    pub client_id: String,
}

/// Without the URL: there may be credentials in it.
impl std::fmt::Debug for TokenOrigin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenOrigin({})", self.client_id)
    }
}

/// An access token with what came with it.
#[derive(Debug, Clone)]
pub struct Token {
    /// What it is filed under.
    pub key: TokenKey,
    /// Who gave it; `None`: stored by a version that did not write it down.
    pub origin: Option<TokenOrigin>,
    /// The token.
    pub access_token: Secret,
    /// As the server said it: `Bearer`, `bearer`, `DPoP` …
    pub token_type: String,
    /// Refresh token.
    pub refresh_token: Option<Secret>,
    /// ID token.
    pub id_token: Option<Secret>,
    /// Private JWK of the DPoP key it is bound to (RFC 9449); `None`: a bearer token, or bound otherwise.
    pub dpop_key: Option<Secret>,
    /// True: the ID token is what the API gets (`use_id_token` of the profile).
    pub use_id_token: bool,
    /// Pega's session index, sent back on the next login.
    pub session_index: Option<String>,
    /// Scope granted, if the server said so.
    pub scope: Option<String>,
    /// Lifetime stated by the server.
    pub expires_in: Option<Duration>,
    /// Local wall clock when it came.
    pub obtained_at: Timestamp,
    /// Monotonic clock when it came; countdowns use this one.
    pub obtained: Instant,
    /// Server clock minus local clock in milliseconds, from the answer's `Date`.
    pub clock_offset_ms: Option<i64>,
    /// Which grant got it, in words.
    pub grant: String,
    /// How the client authenticated, in words.
    pub client_auth: String,
    /// What a reader should know: less scope than asked for, a binding that was not made, an odd type.
    pub notes: Vec<String>,
    /// The exchange that got it; `None` when it came out of a stored cache.
    pub exchange: Option<Arc<Exchange>>,
}

impl Token {
    /// Time left by the monotonic clock; negative when expired; `None` if the server stated no lifetime.
    pub fn remaining(&self, now: Instant) -> Option<SignedDuration> {
        let lifetime = SignedDuration::try_from(self.expires_in?).ok()?;
        let age = SignedDuration::try_from(now.saturating_duration_since(self.obtained)).ok()?;
        Some(lifetime.saturating_sub(age))
    }

    /// True when it may be used by who asks this server as this client. One of unknown origin may; it has nothing that would go
    /// to a token endpoint.
    pub fn is_of(&self, origin: &TokenOrigin) -> bool {
        self.origin.as_ref().is_none_or(|own| own == origin)
    }

    /// When it ends by the local wall clock.
    pub fn expires_at(&self) -> Option<Timestamp> {
        let lifetime = SignedDuration::try_from(self.expires_in?).ok()?;
        self.obtained_at.checked_add(lifetime).ok()
    }

    /// True when it should be renewed before the next use: less than 30 seconds left, or, for very
    /// short lives, less than a tenth.
    pub fn wants_renewal(&self, now: Instant) -> bool {
        match (self.remaining(now), self.expires_in) {
            (Some(left), Some(life)) => {
                let margin = Duration::from_secs(30).min(life / 10);
                left <= SignedDuration::try_from(margin).unwrap_or(SignedDuration::ZERO)
            }
            _ => false,
        }
    }

    /// True past its end.
    pub fn is_expired(&self, now: Instant) -> bool {
        self.remaining(now).is_some_and(|left| left <= SignedDuration::ZERO)
    }

    /// What an API gets: the access token, or the ID token where the profile asks for that one.
    pub fn credential(&self) -> &Secret {
        self.id_token.as_ref().filter(|_| self.use_id_token).unwrap_or(&self.access_token)
    }

    /// What the one a token speaks for is called: Pega has operators.
    pub fn holder(&self) -> &'static str {
        match &self.origin {
            Some(origin) if !origin.server.contains("/PRRestService/") => "speaks for",
            _ => "operator",
        }
    }

    /// The scheme to send it with: `Bearer` for any spelling of bearer, else the server's own word.
    pub fn scheme(&self) -> &str {
        if self.token_type.is_empty() || self.token_type.eq_ignore_ascii_case("bearer") {
            "Bearer"
        } else {
            &self.token_type
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(life: u64) -> Token {
        Token {
            key: TokenKey::default(),
            origin: None,
            access_token: Secret::new("t"),
            token_type: "bearer".into(),
            refresh_token: None,
            id_token: None,
            dpop_key: None,
            use_id_token: false,
            session_index: None,
            scope: None,
            expires_in: Some(Duration::from_secs(life)),
            obtained_at: Timestamp::UNIX_EPOCH,
            obtained: Instant::now(),
            clock_offset_ms: None,
            grant: String::new(),
            client_auth: String::new(),
            notes: Vec::new(),
            exchange: None,
        }
    }

    #[test]
    fn a_token_is_renewed_half_a_minute_before_its_end() {
        let t = token(3600);
        assert!(!t.wants_renewal(t.obtained + Duration::from_secs(3569)));
        assert!(t.wants_renewal(t.obtained + Duration::from_secs(3571)));
    }

    #[test]
    fn a_short_lived_token_is_not_renewed_on_every_use() {
        let t = token(20);
        assert!(!t.wants_renewal(t.obtained + Duration::from_secs(10)));
        assert!(t.wants_renewal(t.obtained + Duration::from_secs(19)));
    }
}
