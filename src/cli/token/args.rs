//! `hallpass token` as data, for clap.

use clap::{Args, Subcommand};

/// `token`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
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
#[derive(Debug, Clone, Args)]
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

/// `token …`.
#[derive(Debug, Subcommand)]
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
    fn what_is_discovered_is_only_written_into_a_named_profile() {
        let words = ["hallpass", "token", "discover", "https://id.example.test", "--write"];
        assert!(Cli::try_parse_from(words).is_err());
        let t = token(&["discover", "https://id.example.test", "--write", "--profile", "id"]);
        assert!(matches!(t.action, Some(TokenAction::Discover { write: true, .. })));
    }
}
