//! The door of the DX API: 401 when it finds no operator, 403 when the operator may not.

use super::place::{Dx, alias_in, dx, generation, known_alias};
use crate::diagnose::evidence::{Evidence, Place};
use crate::diagnose::facts::{Facts, Past};
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::diagnose::probe::Remedy;
use crate::diagnose::rules::resource::signs::{
    accepted_before, bearer, explained, history, is_new_token, offers_only, quoted, says_nothing,
};
use url::Url;

/// How young a token is that `just came`, in seconds.
const FRESH_S: i64 = 120;

fn path_of(past: &Past) -> String {
    Url::parse(&past.url).map(|url| url.path().to_owned()).unwrap_or_default()
}

/// P-02: the service package takes Basic.
pub(super) fn basic_package(facts: &Facts, found: &mut Findings) {
    let Some(answer) = facts.answer.as_ref().filter(|a| a.status == 401) else { return };
    if !(dx(facts).is_some() || facts.is_api() && facts.request.is_pega()) || facts.token.is_none() {
        return;
    }
    let warning = answer.header("warning").is_some_and(|w| {
        w.trim_start().starts_with("299") && w.to_ascii_lowercase().contains("basic authentication")
    });
    let basic = offers_only(answer, &["Basic"]);
    if basic || warning && answer.challenges.is_empty() {
        found.add(
            Finding::new("pega.basic_package", Likelihood::Likely)
                .summary("Pega asks for Basic here, and a Bearer token was sent")
                .evidence(Evidence::response_header(facts, "www-authenticate"))
                .evidence(warning.then(|| Evidence::response_header(facts, "warning")).flatten())
                .evidence(Evidence::request_header(facts, "authorization"))
                .evidence(Evidence::status(facts)),
        );
        return;
    }
    // v1 may refuse without a word; that v2 takes the same token tells the packages apart.
    if dx(facts) != Some(Dx::V1) || !answer.challenges.is_empty() || !says_nothing(answer) || answer.is_html()
    {
        return;
    }
    let v2 = facts.history.iter().rev().find(|past| {
        past.same_token == Some(true)
            && (200..300).contains(&past.status)
            && generation(&path_of(past)) == Some(Dx::V2)
    });
    if explained(found) {
        return;
    }
    let likelihood = if v2.is_some() { Likelihood::Likely } else { Likelihood::Possible };
    let summary = match v2 {
        Some(_) => "v2 accepts this token and v1 does not: v1's service package may take Basic only",
        None => "v1's service package may take Basic only",
    };
    found.add(
        Finding::new("pega.basic_package", likelihood)
            .summary(summary)
            .evidence(v2.map(|past| history(facts, past)))
            .evidence(Evidence::status(facts)),
    );
}

/// What a 403 of the DX API is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Denied {
    /// The application: its words say so.
    Application,
    /// The privilege: its words or its error ID say so.
    Privilege,
    /// Pega's own shape, and no word for either.
    Unsaid,
    /// Not Pega's shape: perhaps not Pega's answer.
    Foreign,
}

fn denied(facts: &Facts) -> Denied {
    let words = facts.words();
    let has = |list: &[&str]| list.iter().any(|word| words.contains(word));
    if has(&[
        "access group",
        "application alias",
        "application context",
        "access to the application",
        "app alias",
    ]) {
        return Denied::Application;
    }
    let Some(answer) = &facts.answer else { return Denied::Foreign };
    let ids = ["Pega_API_012", "Pega_API_019"].iter().any(|id| answer.error.has(id));
    let attachment = answer.error.codes.iter().any(|c| c.ends_with("Access_Denied"));
    if ids || attachment || has(&["privilege", "insufficient security", "access role"]) {
        return Denied::Privilege;
    }
    if answer.error.pega { Denied::Unsaid } else { Denied::Foreign }
}

/// P-03, P-04, P-05: the operator is known, and may not: the wrong application, or no privilege.
pub(super) fn not_allowed(facts: &Facts, found: &mut Findings) {
    let Some(answer) = facts.answer.as_ref().filter(|a| a.status == 403) else { return };
    let Some(generation_here) = dx(facts) else { return };
    // Those say themselves what they are about.
    let etag = ["Pega_API_020", "Pega_API_021"].iter().any(|id| answer.error.has(id));
    if etag
        || answer.is_html()
        || answer.bearer("error").is_some()
        || facts.token.is_none()
        || answer.says("csrf")
        || answer.header("x-csrf-token").is_some()
    {
        return;
    }
    let path = facts.request.path();
    let alias = alias_in(path);
    // What was accepted on the same way into Pega proves that the application is the right one.
    let way_in = accepted_before(facts).filter(|past| {
        let past = path_of(past);
        generation(&past) == Some(generation_here) && alias_in(&past) == alias
    });
    let open = alias.is_none() && generation_here == Dx::V2 && way_in.is_none();
    // The token was made for one application and the URL names another.
    let other =
        alias.zip(facts.claim_text("app_alias")).is_some_and(|(here, made)| here != made.trim_matches('/'));
    let (of_application, of_privilege) = match (denied(facts), open) {
        (Denied::Unsaid, false) if other => (Some(Likelihood::Likely), Some(Likelihood::Possible)),
        (Denied::Application, _) => (Some(Likelihood::Likely), Some(Likelihood::Possible)),
        (Denied::Privilege, true) => (Some(Likelihood::Possible), Some(Likelihood::Likely)),
        (Denied::Unsaid, true) => (Some(Likelihood::Likely), Some(Likelihood::Possible)),
        (Denied::Privilege | Denied::Unsaid, false) => (None, Some(Likelihood::Likely)),
        (Denied::Foreign, true) => (Some(Likelihood::Possible), Some(Likelihood::Possible)),
        (Denied::Foreign, false) => (None, Some(Likelihood::Possible)),
    };
    if let Some(likelihood) = of_application {
        found.add(app_alias(facts, likelihood, alias));
    }
    if let Some(likelihood) = of_privilege {
        let mut finding = Finding::new("pega.privilege", likelihood)
            .evidence(said(facts))
            .evidence(Evidence::claim_of(facts, "sub"))
            .evidence(way_in.map(|past| history(facts, past)))
            .evidence(Evidence::status(facts));
        if answer.error.has("Pega_API_012") {
            finding = finding
                .summary("the operator's role may not touch what this call names (Pega_API_012)")
                .fix("give a role of the operator's access group read and write access (level 5) to the class of the case or assignment: Access of Role to Object; an assignment with an empty list of actions has the same cause");
        }
        found.add(finding);
    }
}

/// The server's words, or the body's beginning.
fn said(facts: &Facts) -> Option<Evidence> {
    let answer = facts.answer.as_ref().filter(|a| a.len > 0)?;
    // A message with escapes is not found in the body: then the body's beginning does. Looking for a long one would take its time.
    let word: String = answer.error.messages.last().map(|m| m.chars().take(60).collect()).unwrap_or_default();
    Some(Evidence::body(facts, &word))
}

fn app_alias(facts: &Facts, likelihood: Likelihood, alias: Option<&str>) -> Finding {
    let finding = Finding::new("pega.app_alias", likelihood)
        .evidence(said(facts))
        .evidence(Evidence::at(Place::Url, format!("path {}", facts.request.path())))
        .evidence(Evidence::claim_of(facts, "sub"))
        .evidence(alias.and_then(|_| Evidence::claim_of(facts, "app_alias")))
        .evidence(Evidence::status(facts));
    if let Some(alias) = alias {
        return finding
            .summary(format!("the operator has no access group for the application of the alias `{}`", quoted(alias)))
            .cause("The URL names an application and the operator behind the token does not belong to it.")
            .fix("add an access group of that application to the operator's record, or use the alias of an application the operator has");
    }
    let finding =
        finding.summary("the URL names no application, and the operator's default one is not the right one");
    let (Some((known, evidence)), Some(url)) = (known_alias(facts), &facts.request.parsed) else {
        return finding;
    };
    let from = format!("{}/prweb/api", url.origin().ascii_serialization());
    let to = format!("{}/prweb/app/{known}/api", url.origin().ascii_serialization());
    let finding = finding
        .evidence(evidence)
        .fix(format!("put the application's alias into the URL: {to}/…; or select an access group of that application as the default in the operator's record"));
    if facts.request.url.starts_with(&from) { finding.remedy(Remedy::UseUrl { from, to }) } else { finding }
}

/// True when nothing can be wrong with the age of the token.
fn is_fresh(facts: &Facts) -> bool {
    let young =
        |at: jiff::Timestamp| (0..=FRESH_S).contains(&(facts.clock.local.as_second() - at.as_second()));
    is_new_token(facts) || facts.issued.as_ref().and_then(|i| i.at).is_some_and(young)
}

/// True for a 401 of the DX API that gives no reason at all.
fn is_silent(facts: &Facts) -> bool {
    let silent = facts
        .answer
        .as_ref()
        .is_some_and(|a| a.status == 401 && a.challenges.is_empty() && !a.is_html() && says_nothing(a));
    silent && dx(facts).is_some() && bearer(facts).is_some()
}

/// P-07: every call is refused, even with a new token.
pub(super) fn platform_defect(facts: &Facts, found: &mut Findings) {
    if !is_silent(facts) || !is_fresh(facts) || explained(found) {
        return;
    }
    let calls = || facts.history.iter().filter(|past| generation(&path_of(past)).is_some());
    let refused = calls().rev().find(|past| past.status == 401 && !past.same_call);
    let Some(refused) = refused.filter(|_| calls().all(|past| past.status == 401)) else { return };
    found.add(
        Finding::new("pega.platform_defect", Likelihood::Possible)
            .summary("every call to the DX API is refused, even with a new token")
            .evidence(history(facts, refused))
            .evidence(Evidence::status(facts)),
    );
}

/// P-09 seen from the API: a silent 401 may mean that the token's operator cannot be used.
pub(super) fn operator_behind_a_token(facts: &Facts, found: &mut Findings) {
    if !is_silent(facts) || explained(found) || accepted_before(facts).is_some() {
        return;
    }
    found.add(
        Finding::new("pega.operator", Likelihood::Possible)
            .summary("the operator behind the token may be disabled, locked or without an access group")
            .evidence(Evidence::claim_of(facts, "sub"))
            .evidence(Evidence::status(facts)),
    );
}
