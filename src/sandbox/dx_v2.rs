//! DX API v2 (`/prweb/api/application/v2`): case types, cases, assignments, a data view.

use super::answer::{self, Answer, With, wrong_method};
use super::call::Call;
use super::cases::{CASE_TYPES, Step, case_type, invalid_field, refused_field};
use super::clock::{self, iso};
use super::dx_v2_shapes::envelope;
use super::faults::{Fault, Leg};
use super::gate::Caller;
use super::state::Shared;
use serde_json::{Map, Value as Json, json};

/// An error in v2's shape. `details` are message key and text.
pub(super) fn error(status: u16, classification: &str, text: &str, details: &[(&str, &str)]) -> Answer {
    let details: Vec<Json> =
        details.iter().map(|(key, text)| json!({ "message": key, "localizedValue": text })).collect();
    answer::json(
        status,
        &json!({ "errorClassification": classification, "localizedValue": text, "errorDetails": details }),
    )
}

/// 403 with a reason.
pub(super) fn insufficient(why: &str) -> Answer {
    error(
        403,
        "Insufficient security",
        "You are not allowed to access or update the resource",
        &[("Error_Insufficient_Privilege", why)],
    )
}

/// 404 with a reason.
pub(super) fn not_found(what: &str) -> Answer {
    error(404, "Resource not found", "The resource cannot be found.", &[("Error_NotFound", what)])
}

fn invalid(key: &str, text: &str) -> Answer {
    error(400, "Invalid inputs", "One or more inputs are invalid", &[(key, text)])
}

/// The answer to a call whose path after `/v2` is `rest`.
pub(super) fn answer(shared: &Shared, call: &Call, rest: &[&str], caller: &Caller) -> Answer {
    match (call.verb(), rest) {
        ("GET", ["casetypes"]) => case_types(),
        ("POST", ["cases"]) => create(shared, call, caller),
        ("GET", ["cases", key]) => get(shared, call, key),
        ("DELETE", ["cases", key]) => delete(shared, key),
        ("GET", ["assignments", id]) => match shared.lock().cases.of_assignment(id) {
            Some(case) => answer::json(200, &envelope(case, false)).with("etag", &case.etag()),
            None => not_found("Assignment not found"),
        },
        ("GET", ["assignments", id, "actions", action]) => action_get(shared, id, action),
        ("PATCH", ["assignments", id, "actions", action]) => {
            action_patch(shared, call, Target::Assignment(id), action, caller)
        }
        ("PATCH", ["cases", key, "actions", action]) => {
            action_patch(shared, call, Target::Case(key), action, caller)
        }
        ("POST", ["data_views", id]) => data_view(shared, call, id),
        (_, ["casetypes"]) => wrong_method("GET"),
        (_, ["cases"]) => wrong_method("POST"),
        (_, ["cases", _]) => wrong_method("GET, DELETE"),
        (_, ["assignments", _]) => wrong_method("GET"),
        (_, ["assignments", _, "actions", _]) => wrong_method("GET, PATCH"),
        (_, ["cases", _, "actions", _]) => wrong_method("PATCH"),
        (_, ["data_views", _]) => wrong_method("POST"),
        _ => not_found("No such resource"),
    }
}

fn case_types() -> Answer {
    let types: Vec<Json> = CASE_TYPES
        .iter()
        .filter(|t| t.can_create)
        .map(|t| {
            json!({
                "ID": t.id,
                "name": t.name,
                "links": { "create": {
                    "rel": "self",
                    "href": "/cases",
                    "type": "POST",
                    "title": format!("Create {}", t.name),
                    "request_body": { "caseTypeID": t.id, "processID": "pyStartCase" },
                }},
            })
        })
        .collect();
    answer::json(200, &json!({ "applicationIsConstellationCompatible": "true", "caseTypes": types }))
}

fn object(call: &Call) -> Result<Map<String, Json>, Answer> {
    if call.body.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(&call.body)
        .map_err(|e| invalid("Error_Invalid_JSON", &format!("The request body is not a JSON object: {e}")))
}

fn content(body: &mut Map<String, Json>) -> Map<String, Json> {
    match body.remove("content") {
        Some(Json::Object(map)) => map,
        _ => Map::new(),
    }
}

/// 422 with the field, when business validation fails.
fn validation(content: &Map<String, Json>) -> Option<Answer> {
    let (field, text) = invalid_field(content)?;
    let body = json!({
        "errorClassification": "Validation fail",
        "localizedValue": "Validation failed: Errors flagged by field(s)",
        "errorDetails": [{
            "message": "Error_Validation_Fail",
            "localizedValue": text,
            "erroneousInputOutputFieldInPage": format!(".{field}"),
            "erroneousInputOutputIdentifier": format!(".{field}"),
        }],
    });
    Some(answer::json(422, &body))
}

fn create(shared: &Shared, call: &Call, caller: &Caller) -> Answer {
    let mut body = match object(call) {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let Some(id) = body.get("caseTypeID").and_then(Json::as_str).filter(|id| !id.is_empty()) else {
        return invalid("Error_Missing_Parameter", "The parameter caseTypeID is required for this request");
    };
    let on = |fault| shared.faults().at(Leg::Resource, fault);
    let Some(kind) = case_type(id).filter(|_| !on(Fault::CaseType)) else {
        let text = format!("Case type not found for the given parameter caseTypeID: {id}");
        return invalid("Error_Case_Type_Not_Found", &text);
    };
    if !kind.can_create {
        return insufficient("This case type cannot be created through the API");
    }
    if let Some(process) = body.get("processID").and_then(Json::as_str)
        && !matches!(process, "" | "pyStartCase")
    {
        return not_found("Process not found for the given parameter processID");
    }
    let refused_whole = on(Fault::StartingFields) && body.contains_key("content");
    let content = content(&mut body);
    let refused = match refused_whole {
        true => Some(content.keys().next().cloned().unwrap_or_else(|| "content".to_owned())),
        false => refused_field(kind, &content),
    };
    if let Some(field) = refused {
        let field = field.trim_start_matches('.');
        return answer::json(
            400,
            &json!({
                "errorClassification": "Invalid inputs",
                "localizedValue": "One or more inputs are invalid",
                "errorDetails": [{
                    "message": "Error_Field_Not_Allowed",
                    "localizedValue": format!("{field} is not listed in AllowedStartingFields of {}", kind.id),
                    "erroneousInputOutputFieldInPage": format!(".{field}"),
                    "erroneousInputOutputIdentifier": format!(".{field}"),
                }],
            }),
        );
    }
    if let Some(refused) = validation(&content) {
        return refused;
    }
    let now = clock::resource_now(&shared.faults());
    let case = shared.lock().cases.create(kind, content, &caller.operator, now);
    let with_ui = call.param("viewType").is_some_and(|v| v != "none");
    answer::json(201, &envelope(&case, with_ui))
        .with("location", &format!("{}/{}", call.path.trim_end_matches('/'), case.key().replace(' ', "%20")))
        .with("etag", &case.etag())
}

fn get(shared: &Shared, call: &Call, key: &str) -> Answer {
    if shared.faults().at(Leg::Resource, Fault::Hidden) {
        return not_found("Case not found");
    }
    let with_ui = call.param("viewType").is_some_and(|v| v != "none");
    match shared.lock().cases.get_mut(key) {
        Some(case) => answer::json(200, &envelope(case, with_ui)).with("etag", &case.etag()),
        None => not_found("Case not found"),
    }
}

/// Only in the create stage, as in Pega.
fn delete(shared: &Shared, key: &str) -> Answer {
    let mut state = shared.lock();
    match state.cases.get_mut(key).map(|c| c.step) {
        None => not_found("Case not found"),
        Some(Step::Triage) => {
            state.cases.remove(key);
            answer::empty(200)
        }
        Some(_) => error(
            422,
            "Validation fail",
            "Validation failed",
            &[("Error_Validation_Fail", "A case can be deleted only in its create stage")],
        ),
    }
}

fn action_get(shared: &Shared, id: &str, action: &str) -> Answer {
    let mut state = shared.lock();
    let Some(case) = state.cases.of_assignment(id) else { return not_found("Assignment not found") };
    if case.step.action().is_none_or(|(id, _)| id != action) {
        return not_found("Action not found");
    }
    answer::json(200, &envelope(case, true)).with("etag", &case.etag())
}

/// What a PATCH names.
#[derive(Clone, Copy)]
enum Target<'a> {
    Assignment(&'a str),
    Case(&'a str),
}

fn action_patch(shared: &Shared, call: &Call, target: Target<'_>, action: &str, caller: &Caller) -> Answer {
    let mut body = match object(call) {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let on = |fault| shared.faults().at(Leg::Resource, fault);
    let now = clock::resource_now(&shared.faults());
    let mut state = shared.lock();
    let (case, missing, last) = match target {
        Target::Assignment(id) => (state.cases.of_assignment(id), "Assignment not found", None),
        Target::Case(key) => (state.cases.get_mut(key), "Case not found", Some("pyUpdateCaseDetails")),
    };
    let Some(case) = case else { return not_found(missing) };
    let flow_action = last.is_none() && case.step.action().is_some_and(|(id, _)| id == action);
    if !flow_action && last != Some(action) {
        return not_found("Action not found");
    }
    if on(Fault::LockedCase) {
        return error(
            423,
            "Locked",
            "Resource is locked by Administrator",
            &[("Error_Resource_Locked", "Resource is locked by Administrator")],
        );
    }
    let Some(sent) = call.header("if-match").filter(|_| !on(Fault::EtagMissing)) else {
        return error(
            412,
            "Precondition failed",
            "The if-match header is required",
            &[("Error_Precondition_Failed", "The if-match request header is missing")],
        );
    };
    if on(Fault::EtagStale) {
        case.save(Map::new(), "admin@acme", now);
    }
    if sent != case.etag() {
        return error(
            409,
            "Conflict",
            "The resource was changed by somebody else",
            &[("Error_Stale_Etag", "The if-match value is not the current etag of the case")],
        );
    }
    let content = content(&mut body);
    if let Some(refused) = validation(&content) {
        return refused;
    }
    if flow_action {
        case.advance(content, &caller.operator, now);
    } else {
        case.save(content, &caller.operator, now);
    }
    let mut done = envelope(case, false);
    if case.step == Step::Done {
        done["confirmationNote"] = json!("Thank you! The request is completed.");
    }
    answer::json(200, &done).with("etag", &case.etag())
}

fn data_view(shared: &Shared, call: &Call, id: &str) -> Answer {
    if id != "D_RequestList" {
        return not_found("Dataview not found");
    }
    let body = match object(call) {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let Some(Json::Array(select)) = body.get("query").and_then(|q| q.get("select")) else {
        return invalid("Error_Invalid_Query", "Query does not contain select");
    };
    let fields: Vec<&str> = select.iter().filter_map(|s| s.get("field")?.as_str()).collect();
    let number = |name: &str, other: usize| {
        body.get("paging")
            .and_then(|p| p.get(name))
            .and_then(Json::as_u64)
            .and_then(|n| usize::try_from(n).ok())
            .filter(|n| *n > 0)
            .unwrap_or(other)
    };
    let (page, size) = (number("pageNumber", 1), number("pageSize", 50).min(500));
    let state = shared.lock();
    let mut cases =
        state.cases.list(usize::MAX).skip(page.saturating_sub(1).saturating_mul(size)).map(|case| {
            let mut row = Map::new();
            for field in &fields {
                let value = match *field {
                    "pyID" => json!(case.business_id),
                    "pyLabel" => json!(case.kind.name),
                    "pyStatusWork" => json!(case.step.status()),
                    "pzInsKey" => json!(case.key()),
                    "pxCreateDateTime" => json!(iso(case.created)),
                    other => case.content.get(other).cloned().unwrap_or(Json::Null),
                };
                row.insert((*field).to_owned(), value);
            }
            Json::Object(row)
        });
    let rows: Vec<Json> = cases.by_ref().take(size).collect();
    answer::json(
        200,
        &json!({
            "fetchDateTime": iso(clock::resource_now(&shared.faults())),
            "pxObjClass": "Pega-API-DataExploration-Data",
            "resultCount": rows.len(),
            "hasMoreResults": cases.next().is_some(),
            "pageSize": size,
            "pageNumber": page,
            "data": rows,
        }),
    )
}
