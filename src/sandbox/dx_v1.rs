//! DX API v1 (`/prweb/api/v1`): case types, cases and assignments, with its error ids.

use super::answer::{self, Answer, With, wrong_method};
use super::call::Call;
use super::cases::{CASE_TYPES, Case, case_type, invalid_field, refused_field};
use super::clock::{self, iso};
use super::faults::{Fault, Leg};
use super::gate::Caller;
use super::state::Shared;
use serde_json::{Map, Value as Json, json};

/// One error in v1's shape.
pub(super) fn error(status: u16, id: &str, message: &str) -> Answer {
    answer::json(
        status,
        &json!({
            "pxObjClass": "Pega-API",
            "errors": [{ "ID": id, "message": message, "pxObjClass": "Pega-API-Error" }],
        }),
    )
}

/// 404 for paths that are nothing in v1.
pub(super) fn not_found() -> Answer {
    error(404, "Pega_API_404", "The requested resource is not found")
}

fn case_not_found() -> Answer {
    error(404, "Pega_API_011", "Case not found for the given parameter ID")
}

/// The answer to a call whose path after `/v1` is `rest`.
pub(super) fn answer(shared: &Shared, call: &Call, rest: &[&str], caller: &Caller) -> Answer {
    match (call.verb(), rest) {
        ("GET", ["casetypes"]) => case_types(),
        ("GET", ["cases"]) => {
            let state = shared.lock();
            let list: Vec<Json> = state.cases.list(500).map(summary).collect();
            answer::json(200, &json!({ "cases": list, "pxObjClass": "Pega-API-CaseManagement-Cases" }))
        }
        ("POST", ["cases"]) => create(shared, call, caller),
        ("GET", ["cases", key]) => get(shared, key),
        ("PUT", ["cases", key]) => update(shared, call, key, caller),
        ("GET", ["assignments"]) => {
            let state = shared.lock();
            let list: Vec<Json> =
                state.cases.list(500).filter(|c| c.step.action().is_some()).map(assignment).collect();
            answer::json(
                200,
                &json!({ "assignments": list, "pxObjClass": "Pega-API-CaseManagement-Assignments" }),
            )
        }
        ("GET", ["assignments", id]) => match shared.lock().cases.of_assignment(id) {
            Some(case) => answer::json(200, &assignment(case)),
            None => error(404, "Pega_API_010", "Assignment not found for the given parameter ID"),
        },
        ("POST", ["assignments", id]) => perform(shared, call, id, caller),
        (_, ["casetypes"]) => wrong_method("GET"),
        (_, ["cases"]) => wrong_method("GET, POST"),
        (_, ["cases", _]) => wrong_method("GET, PUT"),
        (_, ["assignments"]) => wrong_method("GET"),
        (_, ["assignments", _]) => wrong_method("GET, POST"),
        _ => not_found(),
    }
}

fn case_types() -> Answer {
    let types: Vec<Json> = CASE_TYPES
        .iter()
        .map(|t| {
            json!({
                "ID": t.id,
                "name": t.name,
                "CanCreate": t.can_create.to_string(),
                "pxObjClass": "Pega-API-CaseManagement-CaseType",
                "startingProcesses": [{
                    "ID": "pyStartCase",
                    "name": t.name,
                    "requiresFieldsToCreate": t.starting_fields.is_some().to_string(),
                    "pxObjClass": "Pega-API-CaseManagement-Process",
                }],
            })
        })
        .collect();
    answer::json(
        200,
        &json!({
            "applicationIsConstellationCompatible": "true",
            "caseTypes": types,
            "pxObjClass": "Pega-API-CaseManagement-CaseTypes",
        }),
    )
}

fn object(call: &Call) -> Result<Map<String, Json>, Answer> {
    if call.body.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(&call.body).map_err(|_| error(400, "Pega_API_001", "Invalid request data"))
}

fn content(body: &mut Map<String, Json>) -> Map<String, Json> {
    match body.remove("content") {
        Some(Json::Object(map)) => map,
        _ => Map::new(),
    }
}

/// 400 with the field.
fn validation(field: &str, text: &str) -> Answer {
    answer::json(
        400,
        &json!({
            "pxObjClass": "Pega-API",
            "errors": [{
                "ID": "Pega_API_055",
                "message": "Validation messages found.",
                "pxObjClass": "Pega-API-Error",
                "ValidationMessages": [{
                    "ValidationMessage": text,
                    "Path": format!(".{}", field.trim_start_matches('.')),
                }],
            }],
        }),
    )
}

fn create(shared: &Shared, call: &Call, caller: &Caller) -> Answer {
    let mut body = match object(call) {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let Some(id) = body.get("caseTypeID").and_then(Json::as_str).filter(|id| !id.is_empty()) else {
        return error(400, "Pega_API_004", "The parameter caseTypeID is required for this request");
    };
    let on = |fault| shared.faults().at(Leg::Resource, fault);
    let kind = case_type(id).filter(|_| !on(Fault::CaseType));
    let Some(kind) = kind else {
        return error(400, "Pega_API_008", "Case Type not found for the given parameter caseTypeID");
    };
    if !kind.can_create {
        return error(403, "Pega_API_012", "Unauthorized access for the given parameter caseTypeID");
    }
    if let Some(process) = body.get("processID").and_then(Json::as_str)
        && !matches!(process, "" | "pyStartCase")
    {
        return error(400, "Pega_API_009", "Process not found for the given parameter processID");
    }
    let refused_whole = on(Fault::StartingFields) && body.contains_key("content");
    let content = content(&mut body);
    let refused = match refused_whole {
        true => Some(content.keys().next().cloned().unwrap_or_else(|| "content".to_owned())),
        false => refused_field(kind, &content),
    };
    if let Some(field) = refused {
        return validation(&field, &format!("{field} is not allowed by AllowedStartingFields"));
    }
    if let Some((field, text)) = invalid_field(&content) {
        return validation(&field, &text);
    }
    let now = clock::resource_now(&shared.faults());
    let case = shared.lock().cases.create(kind, content, &caller.operator, now);
    answer::json(
        201,
        &json!({
            "ID": case.key(),
            "nextAssignmentID": case.assignment(),
            "nextPageID": "Confirm",
            "pxObjClass": "Pega-API-CaseManagement-Case",
        }),
    )
    .with("location", &format!("{}/{}", call.path.trim_end_matches('/'), case.key().replace(' ', "%20")))
    .with("etag", &case.etag())
}

fn get(shared: &Shared, key: &str) -> Answer {
    if shared.faults().at(Leg::Resource, Fault::Hidden) {
        return case_not_found();
    }
    match shared.lock().cases.get_mut(key) {
        Some(case) => answer::json(200, &full(case)).with("etag", &case.etag()),
        None => case_not_found(),
    }
}

fn update(shared: &Shared, call: &Call, key: &str, caller: &Caller) -> Answer {
    let mut body = match object(call) {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let on = |fault| shared.faults().at(Leg::Resource, fault);
    let now = clock::resource_now(&shared.faults());
    let mut state = shared.lock();
    let Some(case) = state.cases.get_mut(key) else { return case_not_found() };
    if on(Fault::LockedCase) {
        return error(423, "Pega_API_423", "Resource is locked by Administrator");
    }
    let Some(sent) = call.header("if-match").filter(|_| !on(Fault::EtagMissing)) else {
        return error(403, "Pega_API_020", "Missing If-Match request header");
    };
    if on(Fault::EtagStale) {
        case.save(Map::new(), "admin@acme", now);
    }
    if sent != case.etag() {
        return error(412, "Pega_API_021", "Unauthorized access: If-Match does not match ETag");
    }
    if let Some(action) = call.param("actionID").filter(|a| !a.is_empty()) {
        match case.step.action() {
            Some((id, _)) if id == action => case.advance(content(&mut body), &caller.operator, now),
            _ if action == "pyUpdateCaseDetails" => case.save(content(&mut body), &caller.operator, now),
            _ => return error(400, "Pega_API_007", "Action not found for the given parameter actionID"),
        }
    } else {
        case.save(content(&mut body), &caller.operator, now);
    }
    answer::empty(204).with("etag", &case.etag())
}

fn perform(shared: &Shared, call: &Call, id: &str, caller: &Caller) -> Answer {
    let mut body = match object(call) {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let Some(action) = call.param("actionID").filter(|a| !a.is_empty()) else {
        return error(400, "Pega_API_002", "The parameter actionID is required for this request");
    };
    let now = clock::resource_now(&shared.faults());
    let mut state = shared.lock();
    let Some(case) = state.cases.of_assignment(id) else {
        return error(404, "Pega_API_010", "Assignment not found for the given parameter ID");
    };
    if case.step.action().is_none_or(|(id, _)| id != action) {
        return error(400, "Pega_API_007", "Action not found for the given parameter actionID");
    }
    case.advance(content(&mut body), &caller.operator, now);
    let mut done = json!({ "nextPageID": "Confirm", "pxObjClass": "Pega-API-CaseManagement-Assignment" });
    if case.step.action().is_some() {
        done["nextAssignmentID"] = json!(case.assignment());
    }
    answer::json(200, &done).with("etag", &case.etag())
}

fn summary(case: &Case) -> Json {
    json!({
        "ID": case.key(),
        "caseTypeID": case.kind.id,
        "name": case.kind.name,
        "status": case.step.status(),
        "stage": if case.step.action().is_some() { "Intake" } else { "Resolution" },
        "urgency": "10",
        "createTime": iso(case.created),
        "createdBy": case.created_by,
        "lastUpdateTime": iso(case.saved),
        "lastUpdatedBy": case.saved_by,
        "owner": case.created_by,
        "pxObjClass": "Pega-API-CaseManagement-Case",
    })
}

fn full(case: &Case) -> Json {
    let mut json = summary(case);
    let mut content = Map::new();
    content.insert("pxObjClass".to_owned(), json!(case.kind.id));
    content.insert("pyID".to_owned(), json!(case.business_id));
    content.insert("pyLabel".to_owned(), json!(case.kind.name));
    content.insert("pyStatusWork".to_owned(), json!(case.step.status()));
    content.extend(case.content.clone());
    json["content"] = Json::Object(content);
    json["stages"] = json!([
        { "ID": "PRIM0", "name": "Intake", "pxObjClass": "Pega-API-CaseManagement-Stage" },
        { "ID": "PRIM1", "name": "Resolution", "pxObjClass": "Pega-API-CaseManagement-Stage" },
    ]);
    json["childCases"] = json!([]);
    json["assignments"] = match case.step.action() {
        Some(_) => json!([assignment(case)]),
        None => json!([]),
    };
    json["actions"] = json!([{ "ID": "pyUpdateCaseDetails", "name": "Edit details", "pxObjClass": "Pega-API-CaseManagement-Action" }]);
    json
}

fn assignment(case: &Case) -> Json {
    let actions: Vec<Json> = case
        .step
        .action()
        .iter()
        .map(|(id, name)| json!({ "ID": id, "name": name, "pxObjClass": "Pega-API-CaseManagement-Action" }))
        .collect();
    json!({
        "ID": case.assignment(),
        "caseID": case.key(),
        "name": case.step.action().map(|(_, name)| name),
        "type": "Worklist",
        "routedTo": case.created_by,
        "urgency": "10",
        "actions": actions,
        "pxObjClass": "Pega-API-CaseManagement-Assignment",
    })
}
