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
    /// A folder above could not be read: what it states for this request is unknown, so it cannot be sent.
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
        Plan {
            path: Some(item.path.clone()),
            request,
            layers,
            environment,
            profiles: workspace.profiles.clone(),
            root: workspace.root.clone(),
            broken: above.iter().rev().find_map(|folder| folder.broken.clone()),
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
