//! The three-part flow: register, token, case. Screen and command line run the same steps.

use super::answer::json;
use super::{Sent, Session, TokenFailure, TokenPlan, inspect_token, obtain_token, send_request};
use crate::diagnose::Diagnosis;
use crate::jwt::{self, Decoded};
use crate::model::plan::{Layer, Plan};
use crate::model::problem::{Problem, ProblemKind};
use crate::model::progress::ProgressSink;
use crate::model::token::Token;
use crate::model::value::Value;
use crate::model::workspace::nearest;
use crate::oauth::error::clean;
use serde_json::Value as Json;
use tokio_util::sync::CancellationToken;

/// Which generation of the DX API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Api {
    /// `/api/v1`.
    V1,
    /// `/api/application/v2`.
    #[default]
    V2,
}

/// Step B done.
#[derive(Debug, Clone)]
pub struct TokenStep {
    /// The token.
    pub token: Token,
    /// What is written on it.
    pub decoded: Decoded,
    /// The operator, from `sub`.
    pub operator: Option<String>,
}

/// Step B: a token and what is written on it. The token is a new one, so that the step shows what
/// the server does now.
pub async fn get_token(
    session: &Session,
    plan: &TokenPlan,
    progress: ProgressSink<'_>,
    cancel: &CancellationToken,
) -> Result<TokenStep, TokenFailure> {
    let token = obtain_token(session, plan, true, progress, cancel).await?;
    let text = token.access_token.expose();
    let decoded = inspect_token(session, plan, text, token.clock_offset_ms, cancel).await;
    let operator = decoded.claims.as_ref().and_then(jwt::speaks_for);
    Ok(TokenStep { token, decoded, operator })
}

/// What a case creation answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseCreated {
    /// Business id: `APP-2005`.
    pub case_id: String,
    /// Full key: `ACME-CASES-WORK APP-2005`.
    pub case_key: String,
    /// As received, byte for byte.
    pub etag: Option<String>,
}

/// Picks the case type to create from the answer of a case-type list (v1 or v2): `wanted` if it is
/// there, else a problem that lists what is; without a wish the first creatable one.
pub fn choose_case_type(list: &Sent, wanted: Option<&str>) -> Result<String, Problem> {
    const WHAT: &str = "listing the case types failed";
    let body = json(list, WHAT)?;
    let types: Vec<&Json> = body.get("caseTypes").and_then(Json::as_array).into_iter().flatten().collect();
    let id = |t: &Json| t.get("ID").and_then(Json::as_str).map(str::to_owned);
    if types.iter().all(|t| id(t).is_none()) {
        return Err(Problem::new(
            ProblemKind::Check,
            WHAT,
            "the answer lists no case type: the application behind this URL has none, or none that this operator may see",
            "check the application alias in the URL and the operator's default access group",
        ));
    }
    if let Some(wanted) = wanted.filter(|w| !w.is_empty()) {
        let ids: Vec<String> = types.iter().filter_map(|t| id(t)).collect();
        if ids.iter().any(|id| id == wanted) {
            return Ok(wanted.to_owned());
        }
        let near = nearest(wanted, ids.iter().map(String::as_str));
        let next = match near.first() {
            Some(near) => format!("did you mean `{}`? names are case-sensitive", clean(near)),
            None => format!("choose one of: {}", clean(&ids.join(", "))),
        };
        let why = format!("case type `{wanted}` is not among those this operator may create");
        return Err(Problem::new(ProblemKind::Check, "cannot create the case", why, next));
    }
    let has_link = |t: &&&Json| t.pointer("/links/create").is_some_and(|l| !l.is_null());
    let can_create = |t: &&&Json| t.get("CanCreate").is_some_and(is_true);
    let chosen = if types.iter().any(|t| t.get("CanCreate").is_some()) {
        types.iter().find(can_create)
    } else {
        types.iter().find(has_link).or(types.first())
    };
    chosen.and_then(|t| id(t)).ok_or_else(|| {
        Problem::new(
            ProblemKind::Check,
            "cannot create a case",
            "none of the case types listed may be created by this operator",
            "give the operator's access group a role that may create cases, or choose another operator",
        )
    })
}

/// Pega writes truths as texts as often as not.
fn is_true(value: &Json) -> bool {
    value.as_bool().unwrap_or_else(|| value.as_str().is_some_and(|t| t.eq_ignore_ascii_case("true")))
}

/// Reads the case from the answer of a creation (v1 or v2).
pub fn read_created(sent: &Sent) -> Result<CaseCreated, Problem> {
    const WHAT: &str = "creating the case failed";
    let body = json(sent, WHAT)?;
    let text = |pointer: &str| body.pointer(pointer).and_then(Json::as_str).filter(|t| !t.is_empty());
    let Some(case_key) = text("/ID").or_else(|| text("/data/caseInfo/ID")) else {
        return Err(Problem::new(
            ProblemKind::Check,
            WHAT,
            "the answer is JSON without an `ID`",
            "look at the body: the URL may lead to another service than the DX API",
        ));
    };
    let case_id = text("/data/caseInfo/businessID").unwrap_or_else(|| business_id(case_key));
    let etag = sent.exchange.as_ref().and_then(|e| e.response.as_ref()?.header("etag")).map(str::to_owned);
    Ok(CaseCreated { case_id: case_id.to_owned(), case_key: case_key.to_owned(), etag })
}

/// `ACME-CASES-WORK APP-2005` → `APP-2005`.
fn business_id(key: &str) -> &str {
    key.rsplit(' ').next().unwrap_or(key)
}

/// Compares the answer of a GET with what was created: id, and that it exists. Gives one line of words.
pub fn read_verified(sent: &Sent, created: &CaseCreated) -> Result<String, Problem> {
    const WHAT: &str = "verifying the case failed";
    let body = json(sent, WHAT)?;
    let info = body.pointer("/data/caseInfo").unwrap_or(&body);
    let text = |key: &str| info.get(key).and_then(Json::as_str).filter(|t| !t.is_empty()).map(clean);
    let found = info.get("ID").or_else(|| body.get("ID")).and_then(Json::as_str).unwrap_or("");
    if found != created.case_key && business_id(found) != created.case_id {
        let found = if found.is_empty() { "no id".to_owned() } else { format!("`{}`", clean(found)) };
        return Err(Problem::new(
            ProblemKind::Check,
            WHAT,
            format!("the answer has {found} where `{}` was created", created.case_key),
            "look at the URL of the request: is the case's full key in it, with the space as %20?",
        ));
    }
    let mut words = format!("{} exists", created.case_id);
    if let Some(status) = text("status") {
        words.push_str(&format!(", status {status}"));
    }
    if let Some(operator) = text("createdBy") {
        words.push_str(&format!(", created by {operator}"));
    }
    Ok(words)
}

/// Step C: lists case types with `list`, then creates with `create`. The chosen type is put into the
/// nearest layer of `create` as `case_type`.
pub async fn create_case(
    session: &Session,
    list: &Plan,
    create: &Plan,
    wanted: Option<&str>,
    progress: ProgressSink<'_>,
    cancel: &CancellationToken,
) -> CreateStep {
    let listed = send_request(session, list, progress, cancel).await;
    let case_type = match choose_case_type(&listed, wanted) {
        Ok(case_type) => case_type,
        Err(problem) => {
            return CreateStep { list: listed, create: None, case_type: None, created: Err(problem) };
        }
    };
    let mut create = create.clone();
    let variables = [("case_type".to_owned(), Value::literal(&case_type))].into_iter().collect();
    create.layers.insert(0, Layer { origin: "chosen".to_owned(), variables });
    let sent = send_request(session, &create, progress, cancel).await;
    let created = read_created(&sent);
    CreateStep { list: listed, create: Some(sent), case_type: Some(case_type), created }
}

/// What came of step C.
#[derive(Debug, Clone)]
pub struct CreateStep {
    /// The list of case types.
    pub list: Sent,
    /// The creation, if it got that far.
    pub create: Option<Sent>,
    /// The type chosen.
    pub case_type: Option<String>,
    /// The case, or what failed.
    pub created: Result<CaseCreated, Problem>,
}

impl CreateStep {
    /// Why it failed, by the call that ended it.
    pub fn diagnosis(&self) -> &Diagnosis {
        &self.create.as_ref().unwrap_or(&self.list).diagnosis
    }
}

/// What is told of a step that failed, on one line: what failed, and the first finding where there is one.
pub fn failed_detail(problem: &Problem, diagnosis: &Diagnosis) -> String {
    match diagnosis.first() {
        Some(finding) => clean(&format!("{}: {} ({})", problem.what, finding.summary, finding.code())),
        None => problem.what.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::{Finding, Likelihood};
    use crate::flow::answer::tests::answered;

    #[test]
    fn a_step_that_failed_says_why_on_one_line_where_that_is_known() {
        let problem = Problem::new(ProblemKind::Refused, "creating the case failed", "401", "");
        assert_eq!(failed_detail(&problem, &Diagnosis::default()), "creating the case failed");
        let finding =
            Finding::new("token.expired", Likelihood::Certain).summary("the token\nexpired 3 min ago");
        let diagnosis = Diagnosis { findings: vec![finding], ..Diagnosis::default() };
        assert_eq!(
            failed_detail(&problem, &diagnosis),
            "creating the case failed: the token expired 3 min ago (token.expired)"
        );
    }

    #[test]
    fn the_first_case_type_with_a_create_link_is_chosen() {
        let list = answered(
            200,
            r#"{"caseTypes":[{"ID":"A","links":{}},{"ID":"B","links":{"create":{"href":"/cases"}}}]}"#,
        );
        assert_eq!(choose_case_type(&list, None).unwrap(), "B");
        assert_eq!(choose_case_type(&list, Some("A")).unwrap(), "A");
        let list = answered(200, r#"{"caseTypes":[{"ID":"A"},{"ID":"B"}]}"#);
        assert_eq!(choose_case_type(&list, None).unwrap(), "A");
    }

    #[test]
    fn v1_says_in_a_text_or_a_truth_what_can_be_created() {
        let list =
            answered(200, r#"{"caseTypes":[{"ID":"A","CanCreate":"false"},{"ID":"B","CanCreate":"true"}]}"#);
        assert_eq!(choose_case_type(&list, None).unwrap(), "B");
        let list = answered(200, r#"{"caseTypes":[{"ID":"A","CanCreate":true}]}"#);
        assert_eq!(choose_case_type(&list, None).unwrap(), "A");
        let list = answered(200, r#"{"caseTypes":[{"ID":"A","CanCreate":false}]}"#);
        assert!(choose_case_type(&list, None).unwrap_err().next.contains("role"));
    }

    #[test]
    fn a_case_type_that_is_not_listed_is_never_replaced_by_another() {
        let list = answered(200, r#"{"caseTypes":[{"ID":"Acme-Work-Claim"}]}"#);
        let p = choose_case_type(&list, Some("Acme-Work-Clami")).unwrap_err();
        assert!(p.kind == ProblemKind::Check && p.next.contains("did you mean `Acme-Work-Claim`"), "{p}");
        assert!(choose_case_type(&answered(200, "{}"), None).unwrap_err().why.contains("no case type"));
    }

    #[test]
    fn a_created_case_is_read_in_both_generations() {
        let v2 =
            answered(201, r#"{"ID":"ACME-WORK APP-2005","data":{"caseInfo":{"businessID":"APP-2005"}}}"#);
        let created = read_created(&v2).unwrap();
        assert_eq!((created.case_id.as_str(), created.case_key.as_str()), ("APP-2005", "ACME-WORK APP-2005"));
        assert_eq!(created.etag.as_deref(), Some("\"20261123T0 GMT\""));
        let v1 = answered(201, r#"{"ID":"ACME-WORK APP-2005","nextPageID":"Confirm"}"#);
        assert_eq!(read_created(&v1).unwrap().case_id, "APP-2005");
        assert!(read_created(&answered(200, "{}")).unwrap_err().why.contains("without an `ID`"));
    }

    #[test]
    fn a_verified_case_is_told_with_status_and_operator() {
        let created =
            CaseCreated { case_id: "APP-2005".into(), case_key: "ACME-WORK APP-2005".into(), etag: None };
        let v2 = r#"{"data":{"caseInfo":{"ID":"ACME-WORK APP-2005","status":"New","createdBy":"svc.cases@acme"}}}"#;
        assert_eq!(
            read_verified(&answered(200, v2), &created).unwrap(),
            "APP-2005 exists, status New, created by svc.cases@acme"
        );
        let v1 = r#"{"ID":"ACME-WORK APP-2005","status":"New"}"#;
        assert_eq!(read_verified(&answered(200, v1), &created).unwrap(), "APP-2005 exists, status New");
        let other = read_verified(&answered(200, r#"{"ID":"ACME-WORK APP-7"}"#), &created).unwrap_err();
        assert!(other.why.contains("`ACME-WORK APP-7` where `ACME-WORK APP-2005` was created"), "{other}");
    }
}
