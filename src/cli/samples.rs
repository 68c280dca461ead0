//! The requests of the embedded sample `pega-cases`, as the flow uses them.

use crate::flow::three_part::Api;
use crate::model::plan::Plan;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::workspace::{Found, Workspace};
use crate::storage;

/// List, create and get of one generation of the API, without environment.
pub struct CaseRequests {
    /// Lists case types.
    pub list: Plan,
    /// Creates a case.
    pub create: Plan,
    /// Reads it back.
    pub get: Plan,
}

/// Takes them out of the binary.
pub fn case_requests(api: Api) -> Result<CaseRequests, Problem> {
    let workspace = sample("pega-cases")?;
    let folder = match api {
        Api::V1 => "pega-cases/v1",
        Api::V2 => "pega-cases",
    };
    let plan = |stem: &str| match workspace.find(&format!("{folder}/{stem}")) {
        Ok(Found::Request(above, item)) => Ok(Plan::new(&workspace, &above, item, None, Vec::new())),
        _ => Err(Problem::new(
            ProblemKind::Internal,
            format!("the sample has no `{folder}/{stem}`"),
            "",
            "report this: the binary was built without it",
        )),
    };
    // The list of v1 differs by its URL only, and is not in the sample: v1 is there for its two steps.
    let mut list = match workspace.find("pega-cases/list-case-types") {
        Ok(Found::Request(above, item)) => Plan::new(&workspace, &above, item, None, Vec::new()),
        _ => plan("list-case-types")?,
    };
    if api == Api::V1 {
        list.request.url = list.request.url.replace("/api/application/v2/", "/api/v1/");
    }
    Ok(CaseRequests { list, create: plan("create-case")?, get: plan("get-case")? })
}

fn sample(name: &str) -> Result<Workspace, Problem> {
    let dir = tempfile::tempdir().map_err(|e| {
        Problem::new(
            ProblemKind::File,
            "cannot lay out the sample",
            e.to_string(),
            "make room in the temporary directory",
        )
    })?;
    storage::init(dir.path(), name, &[name.to_owned()])?;
    storage::load(dir.path())
}
