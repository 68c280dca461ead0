//! Secrets are a type: they show themselves only when asked by name.

use std::fmt;
use zeroize::Zeroizing;

/// What stands for a secret wherever it would be shown.
pub const MASK: &str = "•••";

/// A secret text. Wiped when dropped, masked in `Debug`, no `Display`, not serialisable.
/// Copies made by the HTTP stack are outside its reach.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself. Every call is a place to look at in a review.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// True for the empty text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Length in bytes; safe to show.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl std::hash::Hash for Secret {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.expose().hash(state);
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// True for names whose values are nothing for a file or a screen: `client_secret`, `password`,
/// `api_key`, `access_token`, `token`. An endpoint such as `token_url` is none.
pub fn sounds_secret(name: &str) -> bool {
    const ENDS: [&str; 9] = [
        "secret",
        "password",
        "passwd",
        "passphrase",
        "api_key",
        "apikey",
        "private_key",
        "_token",
        "assertion",
    ];
    let name = name.to_ascii_lowercase();
    name == "token" || ENDS.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_told_from_names_of_endpoints() {
        for secret in ["client_secret", "ACCESS_TOKEN", "token", "db_password"] {
            assert!(sounds_secret(secret), "{secret}");
        }
        for open in ["token_url", "client_id", "password_policy"] {
            assert!(!sounds_secret(open), "{open}");
        }
    }

    #[test]
    fn debug_never_shows_the_text() {
        let shown = format!("{:?} {:?}", Secret::new("hunter2"), Some(Secret::new("hunter2")));
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains(MASK));
    }
}
