//! An environment: where requests go and with which values.

use super::value::Value;
use indexmap::IndexMap;

/// One `environments/NAME.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    /// The file stem.
    pub name: String,
    /// Asks before every send.
    pub protected: bool,
    /// Variables in file order.
    pub variables: IndexMap<String, Value>,
    /// How requests reach the network from here.
    pub network: Network,
}

/// The `[network]` table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Network {
    /// Proxy URL (`http`, `https`, `socks5`); absent: the process environment's. May hold variables.
    pub proxy: Option<String>,
    /// PEM file of further trusted roots; relative to the workspace.
    pub ca_file: Option<String>,
    /// Certificates are not checked. Shown in red wherever this environment is.
    pub insecure: bool,
    /// PEM client certificate chain presented to every server that asks: the text, or the name of a file in the workspace. A
    /// profile's own comes first.
    pub client_certificate: Value,
    /// PEM key of it, likewise; empty: it is in `client_certificate`.
    pub client_key: Value,
    /// `host:port` to `address[:port]`, as curl's `--resolve`.
    pub resolve: Vec<(String, String)>,
}
