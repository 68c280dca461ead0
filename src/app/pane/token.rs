//! Cached tokens and the exchange that failed to give one.

use crate::app::pane::diagnosis::Looked;
use crate::flow::TokenFailure;
use crate::model::token::Token;

/// The pane.
#[derive(Debug, Clone, Default)]
pub struct TokenPane {
    /// All cached tokens, those of the chosen environment first.
    pub tokens: Vec<Token>,
    /// Which is shown.
    pub at: usize,
    /// The last failure, until a token comes.
    pub failure: Option<TokenFailure>,
    /// How its diagnosis is looked at.
    pub looked: Looked,
    /// The profile it was asked with.
    pub failed_profile: Option<String>,
    /// The profile chosen to get tokens with.
    pub profile: Option<String>,
}

impl TokenPane {
    /// Notes that no token was given.
    pub fn failed(&mut self, failure: TokenFailure, profile: Option<String>) {
        self.failure = Some(failure);
        self.looked = Looked::default();
        self.failed_profile = profile;
    }

    /// The token shown.
    pub fn token(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    /// Takes a fresh list; keeps what was shown, or goes to `prefer`.
    pub fn replace(
        &mut self,
        mut tokens: Vec<Token>,
        environment: &str,
        prefer: Option<&crate::model::token::TokenKey>,
    ) {
        tokens.sort_by(|a, b| {
            let here = |t: &Token| t.key.environment != environment;
            (here(a), &a.key).cmp(&(here(b), &b.key))
        });
        let wanted = prefer.cloned().or_else(|| self.token().map(|t| t.key.clone()));
        self.at = wanted.and_then(|k| tokens.iter().position(|t| t.key == k)).unwrap_or(0);
        self.tokens = tokens;
        if prefer.is_none() {
            self.settle(environment);
        }
    }

    /// A token of another environment is shown where somebody goes to it, never by itself.
    pub fn settle(&mut self, environment: &str) {
        if self.token().is_none_or(|t| t.key.environment != environment) {
            self.at = usize::MAX;
        }
    }

    /// Goes `by` tokens further; from none to the first.
    pub fn step(&mut self, by: isize) {
        let last = self.tokens.len().saturating_sub(1);
        match self.token() {
            Some(_) => self.at = self.at.saturating_add_signed(by).min(last),
            None if by > 0 && !self.tokens.is_empty() => self.at = 0,
            None => {}
        }
    }
}
