//! Everything needed to send one request, inheritance applied: the input of the flow.

use super::auth::Auth;
use super::environment::Environment;
use super::id::ItemPath;
use super::problem::Problem;
use super::profile::OauthProfile;
use super::request::{Request, Row};
use super::tree::{Folder, Item};
use super::value::Value;
use super::workspace::Workspace;
use indexmap::IndexMap;
use std::path::PathBuf;

/// Variables of one scope with its name, as `env show` and the editor tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// `--set`, `captured`, `data row`, `request`, `environment NAME`, `folder X`, `collection X`.
    pub origin: String,
    /// Values.
    pub variables: IndexMap<String, Value>,
}

/// An environment of the workspace as far as it tells one server from another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Neighbour {
    /// Its name.
    pub name: String,
    /// Hosts (with port, if one is written) that its variables name, each once.
    pub hosts: Vec<String>,
}

impl Neighbour {
    /// What an environment's variables say. A host that is a variable of the same environment is looked up once.
    pub fn of(environment: &Environment) -> Neighbour {
        let mut hosts: Vec<String> = Vec::new();
        for text in environment.variables.values().filter_map(Value::as_text) {
            let Some((_, rest)) = text.split_once("://") else { continue };
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host).trim();
            let named = host.strip_prefix("{{").and_then(|h| h.strip_suffix("}}"));
            let host = match named {
                Some(name) => environment.variables.get(name.trim()).and_then(Value::as_text).unwrap_or(""),
                None => host,
            };
            let host = host.trim().to_ascii_lowercase();
            if !host.is_empty() && !host.contains("{{") && !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        Neighbour { name: environment.name.clone(), hosts }
    }
}

/// One request ready for the flow.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Where it is saved; `None` for an ad-hoc request.
    pub path: Option<ItemPath>,
    /// The request; `auth` has inheritance applied (never `Inherit`), `headers` include those of the
    /// folders that the request does not override.
    pub request: Request,
    /// Nearest scope first.
    pub layers: Vec<Layer>,
    /// Environment; a nameless one when none is chosen.
    pub environment: Environment,
    /// Profiles of the workspace.
    pub profiles: Vec<OauthProfile>,
    /// The workspace's directory, for relative files.
    pub root: PathBuf,
    /// The environments of the workspace, the plan's own among them.
    pub environments: Vec<Neighbour>,
    /// A folder above, or the profile's own file, could not be read: what it states for this request is unknown, so it cannot be sent.
    pub broken: Option<Problem>,
}

impl Plan {
    /// A plan for a request of the workspace (or an edited copy of one).
    /// `nearest` are layers that win over the request's own: `--set`, captures, data row.
    pub fn new(
        workspace: &Workspace,
        above: &[&Folder],
        item: &Item,
        environment: Option<&Environment>,
        nearest: Vec<Layer>,
    ) -> Plan {
        let mut request = item.request.clone();
        request.auth = inherited_auth(above, &request.auth);
        request.headers = inherited_headers(above, &request.headers);
        let mut layers = nearest;
        layers.push(Layer { origin: "request".into(), variables: request.variables.clone() });
        let environment = environment.cloned().unwrap_or_default();
        layers.push(Layer {
            origin: format!("environment {}", environment.name),
            variables: environment.variables.clone(),
        });
        for folder in above.iter().rev() {
            let word = if folder.path.depth() == 0 { "collection" } else { "folder" };
            layers.push(Layer {
                origin: format!("{word} {}", folder.path.stem()),
                variables: folder.variables.clone(),
            });
        }
        layers.retain(|l| !l.variables.is_empty());
        let profile = request.auth.profile().filter(|name| workspace.profile(name).is_none());
        let broken = above
            .iter()
            .rev()
            .find_map(|folder| folder.broken.clone())
            .or_else(|| workspace.broken("auth", profile?).cloned());
        Plan {
            path: Some(item.path.clone()),
            request,
            layers,
            environment,
            profiles: workspace.profiles.clone(),
            root: workspace.root.clone(),
            environments: workspace.environments.iter().map(Neighbour::of).collect(),
            broken,
        }
    }

    /// A plan for a request that stands in no file (`send --curl`).
    pub fn ad_hoc(
        workspace: Option<&Workspace>,
        request: Request,
        environment: Option<&Environment>,
        nearest: Vec<Layer>,
    ) -> Plan {
        let empty = Workspace::default();
        let item = Item { path: ItemPath::default(), request };
        let mut plan = Plan::new(workspace.unwrap_or(&empty), &[], &item, environment, nearest);
        plan.path = None;
        plan
    }
}

/// The auth that counts: the request's own, else the nearest folder's, else none.
pub fn inherited_auth(above: &[&Folder], own: &Auth) -> Auth {
    std::iter::once(own)
        .chain(above.iter().rev().map(|f| &f.auth))
        .find(|a| !matches!(a, Auth::Inherit))
        .cloned()
        .unwrap_or(Auth::None)
}

/// Headers of the folders (outermost first) that nothing nearer overrides, then the request's own.
pub fn inherited_headers(above: &[&Folder], own: &[Row]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for folder in above {
        for row in folder.headers.iter().filter(|r| r.enabled) {
            rows.retain(|r| !r.name.eq_ignore_ascii_case(&row.name));
            rows.push(row.clone());
        }
    }
    rows.retain(|r| !own.iter().any(|o| o.name.eq_ignore_ascii_case(&r.name)));
    rows.extend(own.iter().cloned());
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_is_told_by_the_hosts_its_variables_name() {
        let texts = [
            ("base_url", "https://{{host}}/prweb"),
            ("host", "Pega.example:8443"),
            ("token", "https://user:pw@id.example/token?x=1"),
            ("again", "http://id.example"),
            ("other", "https://{{gone}}/x"),
            ("plain", "acme"),
        ];
        let variables = texts.map(|(n, v)| (n.to_owned(), Value::from(v))).into_iter().collect();
        let environment = Environment { name: "dev".into(), variables, ..Environment::default() };
        assert_eq!(Neighbour::of(&environment).hosts, ["pega.example:8443", "id.example"]);
    }

    #[test]
    fn a_request_overrides_a_header_of_its_folder_even_when_its_own_row_is_off() {
        let folder =
            Folder { headers: vec![Row::on("Accept", "text/xml"), Row::on("X-A", "1")], ..Folder::default() };
        let own = vec![Row { name: "accept".into(), value: "application/json".into(), enabled: false }];
        let rows = inherited_headers(&[&folder], &own);
        assert_eq!(rows, vec![Row::on("X-A", "1"), own[0].clone()]);
    }

    #[test]
    fn the_nearest_stated_auth_wins_and_none_stops_the_search() {
        let collection = Folder { auth: Auth::Profile("pega".into()), ..Folder::default() };
        let folder = Folder { auth: Auth::None, ..Folder::default() };
        assert_eq!(inherited_auth(&[&collection], &Auth::Inherit), Auth::Profile("pega".into()));
        assert_eq!(inherited_auth(&[&collection, &folder], &Auth::Inherit), Auth::None);
    }
}
