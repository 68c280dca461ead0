//! How v2 writes a case down, with its quirks: booleans and numbers as strings, raw spaces in hrefs.

use super::cases::Case;
use super::clock::iso;
use serde_json::{Map, Value as Json, json};

fn link(rel: &str, href: String, method: &str, title: &str) -> Json {
    json!({ "rel": rel, "href": href, "type": method, "title": title })
}

/// The whole answer about one case: create, read, and after an action.
pub(super) fn envelope(case: &Case, with_ui: bool) -> Json {
    let mut whole = json!({
        "data": { "caseInfo": case_info(case), "referencedUsers": [] },
        "ID": case.key(),
    });
    if case.step.action().is_some() {
        let id = case.assignment();
        whole["nextAssignmentInfo"] = json!({
            "ID": id,
            "className": "Assign-Worklist",
            "context": "self",
            "links": { "open": link("self", format!("/assignments/{id}"), "GET", "Open next assignment") },
        });
    }
    if with_ui {
        whole["uiResources"] = json!({
            "resources": { "views": {}, "fields": {}, "paragraphs": {}, "datapages": {} },
            "root": { "type": "reference", "config": { "type": "view", "name": "pyCaseDetails" } },
        });
    }
    whole
}

fn case_info(case: &Case) -> Json {
    let key = case.key();
    let open = case.step.action().is_some();
    let mut content = Map::new();
    content.insert("classID".to_owned(), json!(case.kind.id));
    content.insert("pyID".to_owned(), json!(case.business_id));
    content.insert("pyLabel".to_owned(), json!(case.kind.name));
    content.insert("pyViewName".to_owned(), json!("pyDetails"));
    content.insert("pyStatusWork".to_owned(), json!(case.step.status()));
    content.insert("pxCreateOperator".to_owned(), json!(case.created_by));
    content.insert("pxCreateDateTime".to_owned(), json!(iso(case.created)));
    content.insert("pxUpdateDateTime".to_owned(), json!(iso(case.saved)));
    content.extend(case.content.clone());
    let stage = |id: &str, name: &str, status: &str, transition: &str| {
        json!({
            "ID": id,
            "name": name,
            "type": "Primary",
            "entryTime": iso(case.created),
            "visited_status": status,
            "transitionType": transition,
            "links": { "open": link("self", format!("/cases/{key}/stages/{id}"), "PUT", "Jump to this stage") },
        })
    };
    let (first, second) = if open { ("active", "future") } else { ("completed", "active") };
    json!({
        "ID": key,
        "businessID": case.business_id,
        "caseTypeID": case.kind.id,
        "caseTypeName": case.kind.name,
        "caseTypeIcon": "cmicons/pycase.svg",
        "name": case.kind.name,
        "status": case.step.status(),
        "stageID": if open { "PRIM0" } else { "PRIM1" },
        "stageLabel": if open { "Intake" } else { "Resolution" },
        "urgency": "10",
        "owner": case.created_by,
        "createdBy": case.created_by,
        "createTime": iso(case.created),
        "lastUpdatedBy": case.saved_by,
        "lastUpdateTime": iso(case.saved),
        "hasNewAttachments": "false",
        "sla": { "goal": "", "deadline": "" },
        "WidgetsToRefresh": [],
        "associations": { "follows": "false" },
        "availableActions": [{
            "ID": "pyUpdateCaseDetails",
            "name": "Edit details",
            "type": "Case",
            "links": { "open": link("self", format!("/cases/{key}/actions/pyUpdateCaseDetails"), "GET", "Get case action details") },
        }],
        "availableProcesses": [],
        "assignments": assignments(case),
        "stages": [stage("PRIM0", "Intake", first, "create"), stage("PRIM1", "Resolution", second, "resolution")],
        "content": content,
    })
}

fn assignments(case: &Case) -> Json {
    let Some((action, name)) = case.step.action() else { return json!([]) };
    let id = case.assignment();
    let here = format!("/assignments/{id}/actions/{action}");
    json!([{
        "ID": id,
        "name": name,
        "processID": "pyStartCase",
        "processName": case.kind.name,
        "instructions": "",
        "canPerform": "true",
        "isMultiStep": "false",
        "urgency": "10",
        "context": "",
        "assigneeInfo": { "ID": case.created_by, "name": case.created_by, "type": "worklist" },
        "links": { "open": link("self", format!("/assignments/{id}"), "GET", "Get assignment details") },
        "actions": [{
            "ID": action,
            "name": name,
            "type": "FlowAction",
            "links": {
                "open": link("self", here.clone(), "GET", "Get assignment action details"),
                "save": link("self", format!("{here}/save"), "PATCH", "Save assignment action"),
                "submit": link("self", here, "PATCH", "Submit assignment action"),
            },
        }],
    }])
}
