//! What Pega says about a case: its type, its fields, its eTag, its lock. None of it is authentication, and all of it looks like a refusal.

use super::place::is_pega;
use crate::diagnose::evidence::Evidence;
use crate::diagnose::facts::{Answer, Facts};
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::diagnose::rules::resource::signs::{quoted, sent};
use serde_json::Value as Json;

/// The answer, when it is Pega's to a call of the API with one of these statuses.
fn answered<'a>(facts: &'a Facts, statuses: &[u16]) -> Option<&'a Answer> {
    facts.answer.as_ref().filter(|a| statuses.contains(&a.status) && facts.is_api() && is_pega(facts))
}

/// The first of these words that the body holds.
fn told(answer: &Answer, words: &[&'static str]) -> Option<&'static str> {
    words.iter().copied().find(|word| answer.says(word))
}

fn sent_json(facts: &Facts) -> Option<Json> {
    serde_json::from_str(&facts.request.body).ok()
}

/// P-11: no case type of that name.
pub(super) fn case_type(facts: &Facts, found: &mut Findings) {
    let Some(answer) = answered(facts, &[400, 404]) else { return };
    let words = ["Pega_API_008", "Error_Case_Type_Not_Found", "case type not found", "casetype not found"];
    let Some(word) = told(answer, &words) else { return };
    let json = sent_json(facts);
    let name =
        json.as_ref().and_then(|json| json.get("caseTypeID")).and_then(Json::as_str).unwrap_or_default();
    let mut finding = Finding::new("pega.case_type", Likelihood::Certain)
        .evidence(Evidence::body(facts, word))
        .evidence((!name.is_empty()).then(|| sent(format!("caseTypeID {}", quoted(name)), name)))
        .evidence(Evidence::status(facts));
    if !name.is_empty() {
        finding = finding.summary(format!("Pega finds no case type `{}` in this application", quoted(name)));
    }
    found.add(finding);
}

/// P-12: fields that the case type does not take at creation.
pub(super) fn starting_fields(facts: &Facts, found: &mut Findings) {
    let Some(answer) = answered(facts, &[400, 403, 422]) else { return };
    let creates =
        facts.request.method == "POST" && facts.request.path().trim_end_matches('/').ends_with("/cases");
    if !creates {
        return;
    }
    let json = sent_json(facts);
    let content = json.as_ref().and_then(|json| json.get("content")).and_then(Json::as_object);
    let field = || content.and_then(|map| map.keys().find(|key| answer.says(key.trim_start_matches('.'))));
    if answer.says("AllowedStartingFields") {
        let named = field();
        let mut finding = Finding::new("pega.starting_fields", Likelihood::Certain)
            .evidence(Evidence::body(facts, "AllowedStartingFields"))
            .evidence(named.map(|name| sent(format!("content.{}", quoted(name)), name)))
            .evidence(Evidence::status(facts));
        if let Some(name) = named {
            finding = finding.summary(format!("the case type does not take `{}` at creation", quoted(name)));
        }
        found.add(finding);
        return;
    }
    // A wrong value of a field that is taken is validation, and says so.
    let words = [
        "unknown property",
        "unexpected property",
        "invalid property",
        "is not a valid property",
        "property not found",
        "field is not allowed",
        "is not allowed at creation",
        "not allowed to set",
    ];
    let (Some(word), Some(name)) = (told(answer, &words), field()) else { return };
    found.add(
        Finding::new("pega.starting_fields", Likelihood::Likely)
            .summary(format!("the case type may not take `{}` at creation", quoted(name)))
            .evidence(Evidence::body(facts, word))
            .evidence(sent(format!("content.{}", quoted(name)), name))
            .evidence(Evidence::status(facts)),
    );
}

/// P-13: If-Match missing or stale.
pub(super) fn etag(facts: &Facts, found: &mut Findings) {
    let Some(answer) = answered(facts, &[400, 403, 409, 412, 428]) else { return };
    if facts.request.is_safe() {
        return;
    }
    let sent = facts.request.header("if-match").is_some();
    let by_id = ["Pega_API_020", "Pega_API_021"].into_iter().find(|id| answer.error.has(id));
    // The header's name in the words is as good as an ID; on other statuses it would be anybody's remark.
    let about = ["if-match", "stale_etag", "stale etag", "etag"];
    let by_word = told(answer, &about).filter(|_| matches!(answer.status, 409 | 412 | 428));
    let changed = [
        "changed by",
        "modified by",
        "updated by",
        "has been changed",
        "has been modified",
        "has been updated",
        "was changed",
    ];
    let by_change = told(answer, &changed).filter(|_| answer.status == 409);
    let generic = answer.error.messages.iter().all(|m| {
        let m = m.trim_end_matches('.').to_lowercase();
        matches!(m.as_str(), "conflict" | "precondition failed" | "precondition required")
    });
    let likelihood = match (by_id.or(by_word), answer.status) {
        (Some(_), _) => Likelihood::Certain,
        // RFC 9110 section 15.5.13: a condition of the request was not met, and If-Match is the one that was sent.
        (None, 412) => Likelihood::Certain,
        (None, 428) => Likelihood::Likely,
        (None, 409) if by_change.is_some() || sent && generic => Likelihood::Likely,
        _ => return,
    };
    let missing = by_id == Some("Pega_API_020")
        || !sent
        || ["header is required", "header is missing", "missing if-match"].iter().any(|w| answer.says(w));
    let summary = match (missing, sent) {
        (true, true) => "If-Match was sent and did not reach Pega: something on the way drops it",
        (true, false) => "the change went out without If-Match",
        (false, _) => "somebody saved the case since its eTag was read",
    };
    let mut finding = Finding::new("pega.etag", likelihood)
        .summary(summary)
        .evidence(by_id.or(by_word).or(by_change).map(|word| Evidence::body(facts, word)))
        .evidence(Evidence::request_header(facts, "if-match"))
        .evidence(Evidence::status(facts));
    finding = match (missing, sent) {
        (true, true) => finding.cause("Pega says that the change carried no If-Match, and it did: a proxy or gateway in front removes conditional headers.").fix("let the gateway pass If-Match on, or call Pega's own address"),
        (true, false) => finding.cause("A change must carry the case's current eTag in If-Match.").fix("read the case or the assignment's action first and send its `etag` header, byte for byte, as If-Match"),
        _ => finding,
    };
    found.add(finding);
}

/// 423: somebody else's lock.
pub(super) fn locked(facts: &Facts, found: &mut Findings) {
    let Some(answer) = answered(facts, &[423]) else { return };
    let said = answer.error.messages.iter().find(|m| m.to_lowercase().contains("locked by"));
    let mut finding = Finding::new("pega.locked", Likelihood::Certain)
        .evidence((answer.len > 0).then(|| Evidence::body(facts, "locked")))
        .evidence(Evidence::status(facts));
    let holder = said.and_then(|m| m.split_once("locked by")).map(|(_, who)| quoted(who));
    if let Some(who) = holder.filter(|who| !who.is_empty()) {
        finding = finding.summary(format!("the case is locked by {who}"));
    }
    found.add(finding);
}
