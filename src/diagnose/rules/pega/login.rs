//! Pega's token endpoint and its log-in: the operator, the session, the redirect URI.

use super::place::is_pega;
use crate::diagnose::evidence::{Evidence, Place};
use crate::diagnose::facts::{Facts, Purpose};
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::diagnose::rules::resource::signs::{quoted, sent};

/// True when the server is Pega: by the request, by its answer, or by the profile's token URL.
fn at_pega(facts: &Facts) -> bool {
    let by_profile = facts
        .profile
        .as_ref()
        .is_some_and(|p| p.token_url.contains("/prweb/") || p.token_url.contains("/PRRestService/"));
    is_pega(facts) || by_profile
}

/// What is the matter with the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// The mapping ended without one.
    None,
    /// Disabled.
    Disabled,
    /// Locked.
    Locked,
    /// No access group.
    AccessGroup,
}

/// What is said of an operator behind that word, in the same sentence, and what it means. The first that is said counts.
const SAID: [(&str, Trouble); 10] = [
    ("disabled", Trouble::Disabled),
    ("inactive", Trouble::Disabled),
    ("deactivated", Trouble::Disabled),
    ("locked", Trouble::Locked),
    ("no default access group", Trouble::AccessGroup),
    ("no access group", Trouble::AccessGroup),
    ("without access group", Trouble::AccessGroup),
    ("does not exist", Trouble::None),
    ("not found", Trouble::None),
    ("is associated with the token", Trouble::None),
];

/// What the server's words say about the operator: the word, and its meaning.
fn trouble(words: &str) -> Option<(&'static str, Trouble)> {
    words.lines().find_map(|line| {
        // A wrong password is the person's affair, not the operator's record.
        let person = line.contains("password") || line.contains("credential");
        let behind = line.find("operator").and_then(|at| line.get(at..)).filter(|_| !person)?;
        if line.contains("unable to retrieve operator page") {
            return Some(("operator page", Trouble::None));
        }
        SAID.into_iter().find(|(word, _)| behind.contains(word))
    })
}

/// P-08, P-09: the operator a token is asked for cannot be used.
pub(super) fn operator(facts: &Facts, found: &mut Findings) {
    let refused = facts.status().is_some_and(|s| matches!(s, 400 | 401 | 403)) || facts.login_error.is_some();
    // At the API only a 401 says that there is no operator; a 403 knows one.
    let here = facts.purpose != Purpose::Api || facts.status() == Some(401);
    if !refused || !here || !at_pega(facts) {
        return;
    }
    let words = facts.words();
    if let Some((word, trouble)) = trouble(&words) {
        found.add(told(facts, word, trouble));
        return;
    }
    unsaid(facts, found, &words);
}

fn told(facts: &Facts, word: &str, trouble: Trouble) -> Finding {
    let in_browser = facts.login_error.as_ref().map(|(code, text)| {
        Evidence::at(Place::ResponseBody, format!("the browser came back with {code}: {text}"))
    });
    let evidence = in_browser.unwrap_or_else(|| Evidence::body(facts, word));
    let finding = Finding::new("pega.operator", Likelihood::Certain)
        .evidence(evidence)
        .evidence(grant_sent(facts))
        .evidence(Evidence::status(facts));
    match trouble {
        Trouble::None if is_assertion(facts) => finding
            .summary("Pega's identity mapping found no operator for the assertion")
            .cause("The assertion was read, and the mapping ended without an operator: the operator does not exist or is disabled; the claim is not mapped to `pxRequestor.pyUserIdentifier` (mapping it to another property alone is not enough); or an activity made the operator on another page than the mapper reads.")
            .confirm("Pega's log has a line of JWTIdentityMapper (or IdentityMapper) with the reason; Dev Studio: Records > Security > Identity Mapping, and the token profile's claims mapping")
            .fix("create the operator, or map the claim that holds its ID (`sub`) to `pxRequestor.pyUserIdentifier` in the processing token profile, and let no activity leave the operator page elsewhere"),
        Trouble::None => finding.summary("Pega finds no operator for this client").fix(
            "Dev Studio: Records > Security > OAuth 2.0 Client Registration: name an operator that exists, enabled and with a default access group, and save",
        ),
        Trouble::Disabled => finding.summary("the operator behind this client is disabled").fix(
            "Dev Studio: Org & Security > Authentication > Operator Access: enable the operator; it may have been disabled for days without a log-in, so exclude it from that",
        ),
        Trouble::Locked => finding.summary("the operator behind this client is locked").fix(
            "Dev Studio: Org & Security > Authentication > Operator Access: unlock the operator; look who tries wrong passwords for it",
        ),
        Trouble::AccessGroup => finding
            .summary("the operator behind this client has no default access group")
            .fix("Dev Studio: the operator's record, tab Profile: add an access group and select it as the default"),
    }
}

/// `invalid_grant` that says no more, where hardly anything but the operator can be meant.
fn unsaid(facts: &Facts, found: &mut Findings, words: &str) {
    if !facts.is_token_request() || !facts.says_error("invalid_grant") {
        return;
    }
    let grant = facts.request.field("grant_type").unwrap_or_default();
    // Client credentials hold no grant that could be invalid (RFC 6749 section 4.4): what remains is whom the token is for.
    let likelihood = if grant == "client_credentials" {
        Likelihood::Likely
    } else if is_assertion(facts)
        && !["assertion", "signature", "audience", "expired", "issuer", "subject", "jti"]
            .iter()
            .any(|w| words.contains(w))
    {
        Likelihood::Possible
    } else {
        return;
    };
    found.add(
        Finding::new("pega.operator", likelihood)
            .summary("the client is known, and Pega may not be able to work as its operator")
            .evidence(Evidence::body(facts, "invalid_grant"))
            .evidence(grant_sent(facts))
            .evidence(Evidence::status(facts)),
    );
}

fn is_assertion(facts: &Facts) -> bool {
    let grant = facts.request.field("grant_type").unwrap_or_default();
    grant.ends_with(":jwt-bearer") || grant.ends_with(":saml2-bearer") || grant == "custom-bearer"
}

fn grant_sent(facts: &Facts) -> Option<Evidence> {
    // Never the form itself: the client's secret may stand beside it.
    let grant = facts.request.field("grant_type")?;
    Some(sent(format!("grant_type {}", quoted(grant)), grant))
}

/// P-15: a session index that is no longer good. Only Pega has this code.
pub(super) fn session(facts: &Facts, found: &mut Findings) {
    if facts.purpose == Purpose::Api || !facts.says_error("invalid_session_index") {
        return;
    }
    let in_body = facts.answer.as_ref().is_some_and(|a| a.error.has("invalid_session_index"));
    let evidence = if in_body {
        Evidence::body(facts, "invalid_session_index")
    } else {
        Evidence::at(Place::ResponseBody, "the browser came back with invalid_session_index")
    };
    found.add(
        Finding::new("pega.session", Likelihood::Certain)
            .summary("Pega no longer knows the session of the session_index that was sent")
            .evidence(evidence)
            .evidence(
                facts.request.field("session_index").map(|_| sent("session_index was sent", "session_index")),
            ),
    );
}

/// P-18: the authorization endpoint shows an error page about the redirect URI.
pub(super) fn redirect_uri(facts: &Facts, found: &mut Findings) {
    if facts.purpose != Purpose::Login || !at_pega(facts) {
        return;
    }
    let words = facts.words();
    let page =
        facts.answer.as_ref().filter(|a| a.status >= 400).map(|a| a.lower.as_str()).unwrap_or_default();
    let said = |text: &str| words.contains(text) || page.contains(text);
    if !["redirect_uri", "redirect uri", "redirection uri"].into_iter().any(said) {
        return;
    }
    let clear =
        ["not in the list", "not registered", "does not match", "doesn't match", "mismatch", "not match"];
    let vague = [
        "invalid redirect",
        "redirect_uri is invalid",
        "redirect uri is invalid",
        "not allowed",
        "not valid",
    ];
    let likelihood = if clear.into_iter().any(said) {
        Likelihood::Certain
    } else if vague.into_iter().any(said) {
        Likelihood::Likely
    } else {
        return;
    };
    let uri = facts
        .request
        .query("redirect_uri")
        .or_else(|| facts.profile.as_ref().map(|p| p.redirect_uri.clone()))
        .filter(|uri| !uri.is_empty());
    let mut finding = Finding::new("pega.redirect_uri", likelihood)
        .evidence((!page.is_empty()).then(|| Evidence::body(facts, "redirect")))
        .evidence(uri.as_ref().map(|uri| Evidence::at(Place::Url, format!("redirect_uri {uri}"))))
        .evidence(Evidence::status(facts));
    if let Some(uri) = uri {
        finding = finding.fix(format!("Dev Studio: Records > Security > OAuth 2.0 Client Registration, List of redirect URIs: add exactly {uri} and save; or set `redirect_uri` in the profile to one that is there (`127.0.0.1` and `localhost` are two)"));
    }
    found.add(finding);
}
