//! The command line as data: every command and option of this version, for clap.
//!
//! Nothing here acts; `cli::run` matches on [`Command`] and each command has its own file.

pub use super::jwt::args::JwtArgs;
pub use super::token::args::{TokenAction, TokenArgs, WhichToken};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// A terminal workbench for APIs behind OAuth 2.0: get a token, read it, call the API, and keep the calls as tests.
#[derive(Debug, Parser)]
#[command(
    name = "hallpass",
    version,
    propagate_version = false,
    disable_help_subcommand = true,
    after_help = "Without a command the terminal UI opens. New here? `hallpass demo` shows the whole way \
                  on an embedded server."
)]
pub struct Cli {
    /// Options that every command takes.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do; nothing opens the screen.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options that every command takes.
#[derive(Debug, Clone, Default, Args)]
pub struct Globals {
    /// Use the workspace in this directory (or above it)
    #[arg(short = 'C', long, global = true, value_name = "DIR")]
    pub workspace: Option<PathBuf>,
    /// Answer with JSON on stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// Whole time allowed for one request, in seconds
    #[arg(long, global = true, value_name = "SECS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// No colours
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Only the answer and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// More about what happens, on stderr
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Do not mask secrets in what is printed
    #[arg(long, global = true)]
    pub with_secrets: bool,
    /// Read the vault's passphrase from a file
    #[arg(long, global = true, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Do not open a browser for a login
    #[arg(long, global = true)]
    pub no_browser: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the embedded server and walk the three-part flow in a scratch workspace
    Demo(DemoArgs),
    /// Run only the embedded Pega-like server, until Ctrl-C
    Sandbox(SandboxArgs),
    /// Make a new workspace
    Init(InitArgs),
    /// Register, token, case: the three-part flow without a screen
    Flow(FlowArgs),
    /// Send one request; its body goes to stdout
    Send(SendArgs),
    /// Send requests, folders or collections in order
    Run(RunArgs),
    /// Explain why a request was refused
    Diagnose(DiagnoseArgs),
    /// Print an access token, obtaining or renewing it when needed
    Token(TokenArgs),
    /// Read, check, make and compare JSON Web Tokens
    Jwt(JwtArgs),
    /// Environments and their variables
    Env(EnvArgs),
    /// Secrets in the vault
    Secret(SecretArgs),
    /// What is in the workspace
    List(ListArgs),
    /// Take over a credentials file or a curl line
    Import(ImportArgs),
    /// Past exchanges
    History(HistoryArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
}

/// `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Walk the flow, print each step, and end
    #[arg(long)]
    pub headless: bool,
}

/// `sandbox`.
#[derive(Debug, Args)]
pub struct SandboxArgs {
    /// Port to listen on; 0 takes any free one
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub port: u16,
    /// Write the credentials file of the registered client here
    #[arg(long, value_name = "FILE")]
    pub print_credentials: Option<PathBuf>,
    /// Write a workspace here with a profile for every grant, ready for this sandbox
    #[arg(long, value_name = "DIR")]
    pub print_workspace: Option<PathBuf>,
    /// Misbehave in this known way (may be given several times)
    #[arg(long = "fault", value_name = "NAME")]
    pub faults: Vec<String>,
    /// List the faults and end
    #[arg(long)]
    pub list_faults: bool,
}

/// `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Where; the current directory unless said
    #[arg(value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Put in a sample collection (may be given several times)
    #[arg(long = "with", value_name = "NAME", value_delimiter = ',')]
    pub with: Vec<String>,
}

/// Which generation of the DX API, on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ApiVersion {
    /// `/api/v1`
    V1,
    /// `/api/application/v2`
    V2,
}

/// `flow`.
#[derive(Debug, Args)]
pub struct FlowArgs {
    /// A credentials file; without it the environment and its profile are used
    #[arg(long, value_name = "FILE")]
    pub credentials: Option<PathBuf>,
    /// Environment
    #[arg(long, value_name = "E")]
    pub env: Option<String>,
    /// Case type to create; the first creatable one unless said
    #[arg(long, value_name = "ID")]
    pub case_type: Option<String>,
    /// Generation of the DX API
    #[arg(long, value_enum, default_value = "v2")]
    pub api: ApiVersion,
    /// A JSON file with the fields the case starts with
    #[arg(long, value_name = "FILE")]
    pub content: Option<PathBuf>,
    /// Send into a protected environment without asking
    #[arg(long)]
    pub yes: bool,
}

/// `send`.
#[derive(Debug, Args)]
pub struct SendArgs {
    /// A request by its path in the workspace, or a unique tail of it
    #[arg(value_name = "REQUEST", required_unless_present = "curl", conflicts_with = "curl")]
    pub request: Option<String>,
    /// A curl command line instead
    #[arg(long, value_name = "LINE", allow_hyphen_values = true)]
    pub curl: Option<String>,
    /// Environment
    #[arg(long, value_name = "E")]
    pub env: Option<String>,
    /// Set a variable, before all others (may be given several times)
    #[arg(long = "set", value_name = "K=V", value_parser = assignment)]
    pub set: Vec<(String, String)>,
    /// Show what would be sent, secrets masked, and send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Also save the body to this file
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Leave no trace in the history
    #[arg(long)]
    pub no_history: bool,
    /// Send into a protected environment without asking
    #[arg(long)]
    pub yes: bool,
}

/// `diagnose`. Exit code 0: what went wrong could be explained, or nothing did; 5: refused, and nothing speaks of a reason.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["request", "curl", "har", "history", "explain"]))]
pub struct DiagnoseArgs {
    /// A request by its path in the workspace: it is sent once, and the answer explained
    #[arg(value_name = "REQUEST")]
    pub request: Option<String>,
    /// A curl command line: it is sent once, and the answer explained
    #[arg(long, value_name = "LINE", allow_hyphen_values = true)]
    pub curl: Option<String>,
    /// A recording (HAR 1.2) of a browser, Postman, Charles, mitmproxy …; `-` is stdin. Nothing is sent
    #[arg(long, value_name = "FILE")]
    pub har: Option<String>,
    /// Which entry of the recording, from 0; the first refused one unless said
    #[arg(long, value_name = "N", requires = "har", conflicts_with = "all")]
    pub entry: Option<usize>,
    /// Every refused entry of the recording
    #[arg(long, requires = "har")]
    pub all: bool,
    /// An exchange of the history, by its id. Nothing is sent
    #[arg(long, value_name = "ID")]
    pub history: Option<String>,
    /// What a code means; without one, all codes
    #[arg(long, value_name = "CODE", num_args = 0..=1, default_missing_value = "")]
    pub explain: Option<String>,
    /// Then run what the findings offer to make sure: sends more than the one request; one that may change something only with `--yes`
    #[arg(long, conflicts_with_all = ["har", "history", "explain"])]
    pub probe: bool,
    /// Answer with a report for a ticket, in Markdown, secrets masked
    #[arg(long, conflicts_with_all = ["json", "explain"])]
    pub markdown: bool,
    /// Environment
    #[arg(long, value_name = "E", conflicts_with_all = ["har", "history", "explain"])]
    pub env: Option<String>,
    /// Set a variable, before all others (may be given several times)
    #[arg(long = "set", value_name = "K=V", value_parser = assignment)]
    pub set: Vec<(String, String)>,
    /// Leave no trace in the history
    #[arg(long)]
    pub no_history: bool,
    /// Send into a protected environment, and with `--probe` an unsafe request once more, without asking
    #[arg(long)]
    pub yes: bool,
}

/// `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Requests, folders or collections, in order; `.` is everything
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<String>,
    /// Environment
    #[arg(long, value_name = "E")]
    pub env: Option<String>,
    /// Set a variable, before all others (may be given several times)
    #[arg(long = "set", value_name = "K=V", value_parser = assignment)]
    pub set: Vec<(String, String)>,
    /// Stop at the first failure
    #[arg(long)]
    pub bail: bool,
    /// Send into a protected environment without asking
    #[arg(long)]
    pub yes: bool,
}

/// `env`.
#[derive(Debug, Args)]
pub struct EnvArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: EnvAction,
}

/// `env …`.
#[derive(Debug, Subcommand)]
pub enum EnvAction {
    /// Every environment
    List,
    /// Values, where each came from, and what it shadows
    Show {
        /// Environment
        #[arg(value_name = "E")]
        name: Option<String>,
    },
    /// Use this environment from now on (remembered for you, not in the shared files)
    Use {
        /// Environment
        #[arg(value_name = "E")]
        name: String,
    },
    /// Set a variable
    Set {
        /// Variable
        #[arg(value_name = "NAME")]
        name: String,
        /// Value
        #[arg(value_name = "VALUE", allow_hyphen_values = true)]
        value: String,
        /// Environment
        #[arg(long, value_name = "E")]
        env: Option<String>,
    },
    /// Remove a variable
    Unset {
        /// Variable
        #[arg(value_name = "NAME")]
        name: String,
        /// Environment
        #[arg(long, value_name = "E")]
        env: Option<String>,
    },
}

/// `secret`.
#[derive(Debug, Args)]
pub struct SecretArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: SecretAction,
}

/// `secret …`.
#[derive(Debug, Subcommand)]
pub enum SecretAction {
    /// Keep a secret; the value comes from stdin or a prompt, never from an argument
    Set {
        /// Variable
        #[arg(value_name = "NAME")]
        name: String,
        /// Environment
        #[arg(long, value_name = "E")]
        env: Option<String>,
    },
    /// Names of the secrets of this workspace
    List,
    /// Remove a secret
    Forget {
        /// Variable
        #[arg(value_name = "NAME")]
        name: String,
        /// Environment
        #[arg(long, value_name = "E")]
        env: Option<String>,
    },
    /// Give the vault file another passphrase; the new one comes from stdin or a prompt
    Passphrase,
    /// Move the vault's key: into the system keyring, or behind a passphrase
    Store {
        /// Where to
        #[arg(value_enum, value_name = "PLACE")]
        place: SecretPlace,
    },
}

/// What opens the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum SecretPlace {
    /// The system keyring
    Keyring,
    /// A passphrase
    File,
}

/// `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// A request, folder or collection; everything unless said
    #[arg(value_name = "PATH")]
    pub path: Option<String>,
    /// Put in the values of variables
    #[arg(long)]
    pub resolved: bool,
    /// Environment for `--resolved`
    #[arg(long, value_name = "E")]
    pub env: Option<String>,
}

/// Formats that can be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ImportFormat {
    /// The credentials file that Pega lets one download
    PegaCredentials,
    /// A curl command line
    Curl,
}

/// `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The file; `-` is stdin
    #[arg(value_name = "FILE")]
    pub file: String,
    /// What it is; guessed unless said
    #[arg(long = "as", value_enum, value_name = "FORMAT")]
    pub format: Option<ImportFormat>,
    /// Collection or folder a request goes into
    #[arg(long, value_name = "COLLECTION")]
    pub into: Option<String>,
    /// Environment to fill; made when there is none
    #[arg(long, value_name = "E")]
    pub env: Option<String>,
    /// OAuth profile to fill; made when there is none
    #[arg(long, value_name = "P")]
    pub profile: Option<String>,
}

/// `history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: HistoryAction,
}

/// `history …`.
#[derive(Debug, Subcommand)]
pub enum HistoryAction {
    /// The newest exchanges, newest first
    List {
        /// How many
        #[arg(short = 'n', long, default_value_t = 20, value_name = "N")]
        limit: usize,
    },
    /// One exchange
    Show {
        /// Its id, or a unique head or tail of it
        #[arg(value_name = "ID")]
        id: String,
    },
}

/// `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Shell
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number: f64 = text.parse().map_err(|_| "expected seconds, such as 2.5".to_owned())?;
    match Duration::try_from_secs_f64(number) {
        Ok(d) if !d.is_zero() => Ok(d),
        Ok(_) => Err("expected a time above zero".to_owned()),
        Err(_) => Err("expected a time above zero that ends some day".to_owned()),
    }
}

pub fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_timeout_of_zero_is_refused() {
        assert!(Cli::try_parse_from(["hallpass", "--timeout", "0", "list"]).is_err());
        let cli = Cli::parse_from(["hallpass", "list", "--timeout", "0.25"]);
        assert_eq!(cli.globals.timeout, Some(Duration::from_millis(250)));
    }
}
