//! Environments and folder files to model.

use super::read_request::{auth, rows};
use super::source::Source;
use super::typed::Typed;
use crate::model::auth::Auth;
use crate::model::environment::{Environment, Network};
use crate::model::problem::Problem;
use crate::model::request::Row;
use crate::model::value::Value;
use indexmap::IndexMap;
use toml_edit::{Item, TableLike};

/// Reads `environments/NAME.toml`.
pub fn environment(source: &Source, name: &str) -> Result<Environment, Problem> {
    let document = source.parse()?;
    let root: &dyn TableLike = document.as_table();
    let t = Typed { source, noun: "environment" };
    let mut network = Network::default();
    if let Some(table) = t.table(root, "network")? {
        network.proxy = t.text(table, "proxy")?;
        network.ca_file = t.text(table, "ca_file")?;
        network.client_certificate = t.value_of(table, "client_certificate")?;
        network.client_key = t.value_of(table, "client_key")?;
        network.insecure = t.flag(table, "insecure", false)?;
        network.resolve = resolve(&t, table)?;
    }
    Ok(Environment {
        name: name.to_owned(),
        protected: t.flag(root, "protected", false)?,
        variables: t.variables(root)?,
        network,
    })
}

/// `resolve`: a table `"host:port" = "address"`, or a list of `"host:port:address"` as curl has it.
fn resolve(t: &Typed<'_>, table: &dyn TableLike) -> Result<Vec<(String, String)>, Problem> {
    const HINT: &str = "write `resolve = { \"host:443\" = \"127.0.0.1\" }`";
    let Some(item) = table.get("resolve") else { return Ok(Vec::new()) };
    let mut out = Vec::new();
    if let Some(map) = item.as_table_like() {
        for (host, address) in map.iter() {
            let address =
                address.as_str().ok_or_else(|| t.wrong(address, host, "an address in quotes", HINT))?;
            out.push((host.to_owned(), address.to_owned()));
        }
        return Ok(out);
    }
    for line in t.texts(table, "resolve")? {
        let mut words = line.splitn(3, ':');
        match (words.next(), words.next(), words.next()) {
            (Some(host), Some(port), Some(address)) if !address.is_empty() => {
                out.push((format!("{host}:{port}"), address.to_owned()));
            }
            _ => {
                return Err(t.odd(item, format!("`{}` is not host:port:address", line.escape_debug()), HINT));
            }
        }
    }
    Ok(out)
}

/// What `collection.toml` or `folder.toml` says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FolderFile {
    /// Shown name.
    pub name: Option<String>,
    /// Notes.
    pub description: String,
    /// File stems and folder names in order; `None` without the key.
    pub order: Option<Vec<String>>,
    /// Credentials for all below.
    pub auth: Auth,
    /// Variables for all below.
    pub variables: IndexMap<String, Value>,
    /// Headers for all below.
    pub headers: Vec<Row>,
    /// Entries of `order` that are no plain names, with their offsets.
    pub odd_entries: Vec<(String, usize)>,
}

/// Reads `collection.toml` or `folder.toml`.
pub fn folder(source: &Source) -> Result<FolderFile, Problem> {
    let document = source.parse()?;
    let root: &dyn TableLike = document.as_table();
    let t = Typed { source, noun: "folder" };
    let stated = t.texts(root, "order")?;
    let mut odd_entries = Vec::new();
    let mut order = Vec::new();
    for (i, entry) in stated.into_iter().enumerate() {
        let stem = entry.strip_suffix(".toml").unwrap_or(&entry);
        if is_plain_name(stem) {
            order.push(stem.to_owned());
        } else {
            let at = root
                .get("order")
                .and_then(Item::as_array)
                .and_then(|a| a.get(i))
                .and_then(toml_edit::Value::span)
                .map_or(0, |s| s.start);
            odd_entries.push((entry, at));
        }
    }
    Ok(FolderFile {
        name: t.text(root, "name")?,
        description: t.text_or_empty(root, "description")?,
        order: root.contains_key("order").then_some(order),
        auth: auth(&t, root)?,
        variables: t.variables(root)?,
        headers: rows(&t, root, "headers")?,
        odd_entries,
    })
}

/// A name that stays in its directory on every platform.
pub fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name != "."
        && name != ".."
        && !name.contains(['/', '\\', ':', '\0'])
        && !name.chars().any(char::is_control)
}
