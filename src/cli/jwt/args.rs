//! `jwt` and its subcommands.

use super::super::args::assignment;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `jwt`.
#[derive(Debug, Args)]
pub struct JwtArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: JwtAction,
}

/// `jwt …`.
#[derive(Debug, Subcommand)]
pub enum JwtAction {
    /// Show what is written on a token; its signature is not checked
    Decode {
        /// The token; `-` or nothing reads it from stdin
        #[arg(value_name = "TOKEN", allow_hyphen_values = true)]
        token: Option<String>,
    },
    /// Check signature, times and, where asked, issuer and audience; exit code 1 if one does not hold
    Verify(JwtVerifyArgs),
    /// Make a signed token, or change an existing one and sign it anew
    Sign(JwtSignArgs),
    /// What differs between two tokens
    Diff {
        /// The first token; `-` reads it from stdin, nothing takes both from there
        #[arg(value_name = "TOKEN", allow_hyphen_values = true)]
        first: Option<String>,
        /// The second token
        #[arg(value_name = "TOKEN", allow_hyphen_values = true)]
        second: Option<String>,
    },
    /// Each claim in words, warnings, and what the token means for a request
    Explain(JwtExplainArgs),
}

/// `jwt verify`.
#[derive(Debug, Args)]
pub struct JwtVerifyArgs {
    /// The token; `-` or nothing reads it from stdin
    #[arg(value_name = "TOKEN", allow_hyphen_values = true)]
    pub token: Option<String>,
    /// Key set: a URL or a file
    #[arg(long, value_name = "URL|FILE", conflicts_with_all = ["key", "secret", "issuer"])]
    pub jwks: Option<String>,
    /// Key or certificate: a PEM or JWK file; of a private key the public half is used
    #[arg(long, value_name = "FILE", conflicts_with_all = ["secret", "issuer"])]
    pub key: Option<PathBuf>,
    /// Shared secret of HS256, HS384, HS512: `-` for stdin or a prompt, `@FILE`, `env:NAME`
    #[arg(long, value_name = "-|@FILE|env:NAME", conflicts_with = "issuer", allow_hyphen_values = true)]
    pub secret: Option<String>,
    /// The secret is base64 or base64url
    #[arg(long, requires = "secret")]
    pub secret_base64: bool,
    /// Find the keys by the metadata of this issuer, which the token must name too
    #[arg(long, value_name = "URL")]
    pub issuer: Option<String>,
    /// The token must name this audience
    #[arg(long, value_name = "A")]
    pub aud: Option<String>,
    /// The token must name this issuer
    #[arg(long, value_name = "I")]
    pub iss: Option<String>,
    /// Environment whose proxy and CA are used to fetch keys
    #[arg(long, value_name = "E")]
    pub env: Option<String>,
}

/// `jwt sign`.
#[derive(Debug, Args)]
pub struct JwtSignArgs {
    /// A token to change; nothing begins an empty one
    #[arg(value_name = "TOKEN", allow_hyphen_values = true)]
    pub token: Option<String>,
    /// Private key: a PEM or JWK file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["secret", "generate"])]
    pub key: Option<PathBuf>,
    /// Shared secret: `-` for stdin or a prompt, `@FILE`, `env:NAME`
    #[arg(long, value_name = "-|@FILE|env:NAME", conflicts_with = "generate", allow_hyphen_values = true)]
    pub secret: Option<String>,
    /// The secret is base64 or base64url
    #[arg(long, requires = "secret")]
    pub secret_base64: bool,
    /// Make a fresh key for this algorithm
    #[arg(long, value_name = "ALG")]
    pub generate: Option<String>,
    /// Keep the fresh private key in this new file, as JWK
    #[arg(long, value_name = "FILE", requires = "generate")]
    pub save_key: Option<PathBuf>,
    /// All claims: JSON, `@FILE`, or `-` for stdin
    #[arg(long, value_name = "JSON|@FILE|-", allow_hyphen_values = true)]
    pub claims: Option<String>,
    /// Set a claim; the value is JSON where it reads as such; times may be `+10m` (may be given several times)
    #[arg(long = "claim", value_name = "K=V", value_parser = assignment)]
    pub claim: Vec<(String, String)>,
    /// Set a member of the header (may be given several times)
    #[arg(long = "header", value_name = "K=V", value_parser = assignment)]
    pub header: Vec<(String, String)>,
    /// Leave a claim out (may be given several times)
    #[arg(long = "drop", value_name = "NAME")]
    pub drop: Vec<String>,
    /// Algorithm; the usual one of the key unless said
    #[arg(long, value_name = "ALG", conflicts_with = "generate")]
    pub alg: Option<String>,
    /// `kid` of the header; of a set with several private keys also which one
    #[arg(long, value_name = "KID")]
    pub kid: Option<String>,
    /// Lives this long from now: `5m`, `1h`, `30d`; sets `iat` and `exp`
    #[arg(long, value_name = "TIME")]
    pub exp: Option<String>,
}

/// `jwt explain`.
#[derive(Debug, Args)]
pub struct JwtExplainArgs {
    /// The token; `-` or nothing reads it from stdin
    #[arg(value_name = "TOKEN", allow_hyphen_values = true)]
    pub token: Option<String>,
    /// The request it is going into
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Issuer that is expected
    #[arg(long, value_name = "URL")]
    pub issuer: Option<String>,
    /// Audience or resource that was asked for (may be given several times)
    #[arg(long = "audience", value_name = "A")]
    pub audiences: Vec<String>,
    /// Scopes that were asked for (may be given several times)
    #[arg(long = "scope", value_name = "S")]
    pub scopes: Vec<String>,
    /// The client that asked
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// It is sent with a DPoP proof
    #[arg(long)]
    pub dpop: bool,
    /// A client certificate is presented
    #[arg(long)]
    pub certificate: bool,
}
