//! `hallpass token` as data, for clap.

use clap::{Args, Subcommand};

/// `token`.
#[derive(Debug, Args)]
#[command(override_usage = "hallpass token [OPTIONS] [PROFILE]\n       hallpass token [OPTIONS] <COMMAND>")]
pub struct TokenArgs {
    /// What to do with tokens; nothing prints one.
    #[command(subcommand)]
    pub action: Option<TokenAction>,
    /// Which token.
    #[command(flatten)]
    pub which: WhichToken,
    /// Print `Authorization: Bearer …`
    #[arg(long)]
    pub header: bool,
}

/// Which token.
#[derive(Debug, Clone, Default, Args)]
pub struct WhichToken {
    /// OAuth profile; may be left out when there is only one
    #[arg(value_name = "PROFILE")]
    pub profile: Option<String>,
    /// Environment
    #[arg(long, value_name = "E")]
    pub env: Option<String>,
    /// Which person or client it speaks for, where there are several
    #[arg(long, value_name = "I")]
    pub identity: Option<String>,
}

impl WhichToken {
    /// Takes over what stood before the action, where nothing was said behind it.
    fn or_else(&mut self, before: WhichToken) {
        self.profile = self.profile.take().or(before.profile);
        self.env = self.env.take().or(before.env);
        self.identity = self.identity.take().or(before.identity);
    }
}

/// `token …`.
#[derive(Debug, Clone, Subcommand)]
pub enum TokenAction {
    /// Every token in the cache
    List,
    /// What is known of a cached token, without the token
    Show(WhichToken),
    /// Get a new token whatever the cache holds
    Renew(WhichToken),
    /// Tell the server to end a token, and forget it
    Revoke(WhichToken),
    /// Ask the server whether a token is active
    Introspect {
        /// Which token.
        #[command(flatten)]
        which: WhichToken,
        /// Ask about the refresh token instead
        #[arg(long)]
        refresh: bool,
    },
    /// Ask the server who a token speaks for
    Userinfo(WhichToken),
    /// Drop a token from the cache
    Forget(WhichToken),
    /// What happened to tokens of this workspace, newest first
    Log {
        /// Only those of this OAuth profile
        #[arg(value_name = "PROFILE")]
        profile: Option<String>,
        /// Only those of this environment
        #[arg(long, value_name = "E")]
        env: Option<String>,
        /// How many
        #[arg(short = 'n', long, default_value_t = 20, value_name = "N")]
        limit: usize,
    },
    /// Read an issuer's metadata, and what it would fill in a profile
    Discover {
        /// Issuer, or the URL of its metadata
        #[arg(value_name = "ISSUER")]
        issuer: String,
        /// OAuth profile to fill; made by `--write` when there is none of that name
        #[arg(long, value_name = "P")]
        profile: Option<String>,
        /// Environment whose network settings are used
        #[arg(long, value_name = "E")]
        env: Option<String>,
        /// ISSUER is the `resource_metadata` URL of an API's refusal (RFC 9728)
        #[arg(long)]
        resource: bool,
        /// Save what it fills
        #[arg(long, requires = "profile")]
        write: bool,
    },
}

impl TokenArgs {
    /// The action, with what was said before its name: `token --env dev show pega` is `token show pega --env dev`. `Err`: the
    /// first word that means nothing to the action.
    pub fn whole_action(&self) -> Result<Option<TokenAction>, String> {
        let Some(mut action) = self.action.clone() else { return Ok(None) };
        let mut before = self.which.clone();
        match &mut action {
            TokenAction::Show(which)
            | TokenAction::Renew(which)
            | TokenAction::Revoke(which)
            | TokenAction::Introspect { which, .. }
            | TokenAction::Userinfo(which)
            | TokenAction::Forget(which) => which.or_else(std::mem::take(&mut before)),
            TokenAction::Log { profile, env, .. } => {
                *profile = profile.take().or(before.profile.take());
                *env = env.take().or(before.env.take());
            }
            TokenAction::Discover { env, .. } => *env = env.take().or(before.env.take()),
            TokenAction::List => {}
        }
        let left = [
            before.profile,
            before.env.map(|_| "--env".to_owned()),
            before.identity.map(|_| "--identity".to_owned()),
            self.header.then(|| "--header".to_owned()),
        ];
        match left.into_iter().flatten().next() {
            Some(word) => Err(word),
            None => Ok(Some(action)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::args::{Cli, Command};
    use super::*;
    use clap::Parser;

    fn token(words: &[&str]) -> TokenArgs {
        let cli = Cli::parse_from(["hallpass", "token"].iter().chain(words));
        let Some(Command::Token(args)) = cli.command else { unreachable!() };
        args
    }

    #[test]
    fn a_profile_and_an_action_are_told_apart() {
        let t = token(&["pega", "--env", "dev", "--identity", "alice"]);
        assert!(t.action.is_none());
        assert_eq!((t.which.profile.as_deref(), t.which.identity.as_deref()), (Some("pega"), Some("alice")));
        let t = token(&["renew", "pega"]);
        assert!(matches!(t.action, Some(TokenAction::Renew(w)) if w.profile.as_deref() == Some("pega")));
    }

    #[test]
    fn options_may_stand_before_the_action() {
        assert!(matches!(token(&["--json", "list"]).whole_action(), Ok(Some(TokenAction::List))));
        let Ok(Some(TokenAction::Show(which))) =
            token(&["--env", "dev", "show", "pega", "--identity", "bob"]).whole_action()
        else {
            unreachable!()
        };
        assert_eq!(which.profile.as_deref(), Some("pega"));
        assert_eq!((which.env.as_deref(), which.identity.as_deref()), (Some("dev"), Some("bob")));
        assert_eq!(token(&["--header", "list"]).whole_action().unwrap_err(), "--header");
        assert_eq!(token(&["pega", "list"]).whole_action().unwrap_err(), "pega");
        assert!(matches!(token(&["pega"]).whole_action(), Ok(None)));
    }

    #[test]
    fn what_is_discovered_is_only_written_into_a_named_profile() {
        let words = ["hallpass", "token", "discover", "https://id.example.test", "--write"];
        assert!(Cli::try_parse_from(words).is_err());
        let t = token(&["discover", "https://id.example.test", "--write", "--profile", "id"]);
        assert!(matches!(t.action, Some(TokenAction::Discover { write: true, .. })));
    }
}
