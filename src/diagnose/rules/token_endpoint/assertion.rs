//! Assertions: of the client (RFC 7523 section 2.2), and as a grant (section 2.1, RFC 7522). Rows T-13 to T-17.
//!
//! What can be read of a JWT is compared with the request; what only the server knows comes from its words.

use super::sent::{Asked, asked};
use super::{any_in, error_said, file, is_oauth, says_any};
use crate::diagnose::evidence::{Evidence, Place, short};
use crate::diagnose::facts::Facts;
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::jwt;
use Likelihood::{Certain, Likely, Possible};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json};

/// Which form field it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// `client_assertion`.
    Client,
    /// `assertion`.
    Grant,
    /// `subject_token` of a token exchange.
    Subject,
}

/// An assertion that was sent.
struct Assertion {
    role: Role,
    header: Map<String, Json>,
    /// Empty for SAML and for what cannot be read.
    claims: Map<String, Json>,
}

impl Assertion {
    fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Json::as_str)
    }

    fn field(&self) -> &'static str {
        match self.role {
            Role::Client => "client_assertion",
            Role::Grant => "assertion",
            Role::Subject => "subject_token",
        }
    }

    fn is_read(&self) -> bool {
        !self.claims.is_empty()
    }

    /// Evidence about one of its claims. (Not `Evidence::claim`: that means the token presented.)
    fn claim(&self, name: &str, words: impl AsRef<str>) -> Evidence {
        Evidence::at(Place::RequestBody, format!("{} {name}: {}", self.field(), short(words.as_ref())))
    }
}

/// The assertion that was refused: the client's where the client was, else the grant's.
fn refused(facts: &Facts) -> Option<Assertion> {
    if !is_oauth(facts) {
        return None;
    }
    let grant = says_any(facts, &["invalid_grant", "invalid_request"]);
    let client = says_any(facts, &["invalid_client", "unauthorized_client", "invalid_authorization_header"]);
    let bare = facts.status() == Some(401) && facts.oauth_error().is_none();
    // Some servers say `invalid_grant` or `invalid_client` of either.
    let order: &[(bool, &str, Role)] = &[
        (client || bare, "client_assertion", Role::Client),
        (grant, "assertion", Role::Grant),
        (grant, "subject_token", Role::Subject),
        (grant && facts.words().contains("assertion"), "client_assertion", Role::Client),
        (client || bare, "assertion", Role::Grant),
    ];
    let (_, field, role) =
        order.iter().find(|(when, field, _)| *when && facts.request.field(field).is_some())?;
    let text = facts.request.field(field)?;
    let decoded = jwt::decode(text, facts.clock.server_now());
    let read = decoded.problem.is_none();
    Some(Assertion {
        role: *role,
        header: decoded.header.filter(|_| read).unwrap_or_default(),
        claims: decoded.claims.filter(|_| read).unwrap_or_default(),
    })
}

/// True when the server's words are about operators or sessions, of which Pega's rules know more.
fn is_elsewhere(words: &str) -> bool {
    any_in(words, &["operator", "access group", "session_index", "identity mapping"])
}

fn error(facts: &Facts) -> Vec<Evidence> {
    let code = facts.oauth_error().unwrap_or("invalid_client").to_owned();
    error_said(facts, &code)
}

/// T-17: iss, sub and client_id do not fit together; or the server does not know the subject or issuer.
pub(super) fn subject(facts: &Facts, found: &mut Findings) {
    let Some(assertion) = refused(facts) else { return };
    if assertion.role == Role::Client && assertion.is_read() {
        let (iss, sub) = (assertion.text("iss"), assertion.text("sub"));
        let id = facts
            .request
            .field("client_id")
            .or_else(|| facts.profile.as_ref().map(|p| p.client_id.as_str()).filter(|id| !id.is_empty()));
        let wrong = match (iss, sub) {
            (None, _) => Some("the client assertion has no iss".to_owned()),
            (_, None) => Some("the client assertion has no sub".to_owned()),
            (Some(iss), Some(sub)) if iss != sub => {
                Some("iss and sub of the client assertion differ".to_owned())
            }
            (_, Some(sub)) => id
                .filter(|id| *id != sub)
                .map(|_| "sub of the client assertion is not the client_id".to_owned()),
        };
        if let Some(summary) = wrong {
            found.add(
                Finding::new(
                    "assertion.subject",
                    if facts.says_error("invalid_client") { Certain } else { Likely },
                )
                .summary(summary)
                .cause("In a client assertion iss and sub are both the client_id (RFC 7523 section 3).")
                .fix("set iss and sub of the assertion to the client_id")
                .evidence(iss.map(|v| assertion.claim("iss", v)))
                .evidence(sub.map(|v| assertion.claim("sub", v)))
                .evidence(id.map(|v| Evidence::at(Place::RequestBody, format!("client_id: {}", short(v)))))
                .weight(12),
            );
            return;
        }
    }
    let words = facts.words();
    let said = any_in(
        &words,
        &[
            "subject",
            "(sub)",
            "issuer",
            "no user",
            "unknown user",
            "iss ",
            " iss",
            "user not found",
            "user_not_found",
        ],
    );
    if assertion.role == Role::Subject || !said || is_elsewhere(&words) {
        return;
    }
    let issuer = any_in(&words, &["issuer", "iss "]) && !any_in(&words, &["subject", "(sub)"]);
    found.add(
        Finding::new("assertion.subject", Likely)
            .summary(match issuer {
                true => "the server does not take the issuer of the assertion",
                false => "the server does not take the subject of the assertion",
            })
            .evidence(error(facts))
            .evidence(assertion.text("iss").map(|v| assertion.claim("iss", v)))
            .evidence(assertion.text("sub").map(|v| assertion.claim("sub", v)))
            .weight(10),
    );
}

/// T-14: the times of the assertion.
pub(super) fn time(facts: &Facts, found: &mut Findings) {
    let Some(assertion) = refused(facts) else { return };
    let now = facts.clock.server_now();
    let words = facts.words();
    let said = any_in(
        &words,
        &[
            "expired",
            "not valid yet",
            "not yet valid",
            "token is not active",
            "lifetime",
            "in the future",
            "aadsts700024",
            "too far",
            "an hour away",
            "time range",
        ],
    ) && !is_elsewhere(&words);
    let known = facts.clock.is_known();
    let local = local_time(&assertion, now, facts.clock.words());
    let finding = match (&local, said) {
        (Some(local), true) => Finding::new("assertion.time", Certain).summary(local.words.clone()),
        (Some(local), false) => {
            // Past its end by the server's own clock it is dead, whatever else is wrong with it.
            let sure = local.sure && known && assertion.role != Role::Subject;
            let likelihood = if sure {
                Certain
            } else if local.sure {
                Likely
            } else {
                Possible
            };
            Finding::new("assertion.time", likelihood).summary(local.words.clone())
        }
        (None, true) if assertion.role != Role::Subject || !assertion.is_read() => {
            let summary = "the server finds the times of the assertion wrong".to_owned();
            let finding = Finding::new("assertion.time", Likely).summary(summary);
            match assertion.claims.get("exp").and_then(|_| jwt::time_of(&assertion.claims, "exp")) {
                Some(exp) => {
                    finding.evidence(assertion.claim("exp", format!("{exp}, {}", jwt::relative(exp, now))))
                }
                None => finding,
            }
        }
        _ => return,
    };
    found.add(
        finding
            .evidence(local.map(|l| assertion.claim(l.name, l.shown)))
            .evidence(Evidence::response_header(facts, "date"))
            .evidence(error(facts))
            .weight(11),
    );
}

/// A time that cannot be right.
struct Local {
    name: &'static str,
    words: String,
    shown: String,
    sure: bool,
}

/// Leeway that servers commonly grant.
const LEEWAY: SignedDuration = SignedDuration::from_secs(60);
/// Longer than this an assertion is refused by many.
const LONGEST: SignedDuration = SignedDuration::from_hours(1);

fn local_time(assertion: &Assertion, now: Timestamp, clock: &str) -> Option<Local> {
    if !assertion.is_read() {
        return None;
    }
    let of = |name: &str| jwt::time_of(&assertion.claims, name);
    let what = assertion.field();
    let at = |name: &'static str, when: Timestamp, words: String, sure: bool| {
        Some(Local { name, words, shown: format!("{when}, {}", jwt::relative(when, now)), sure })
    };
    match of("exp") {
        Some(exp) if exp <= now => {
            let words = format!("the {what} expired {}, {clock}", jwt::relative(exp, now));
            return at("exp", exp, words, now.duration_since(exp) > LEEWAY);
        }
        None if assertion.role != Role::Subject && !assertion.claims.contains_key("exp") => {
            return Some(Local {
                name: "exp",
                words: format!("the {what} has no exp"),
                shown: "not there".to_owned(),
                sure: false,
            });
        }
        _ => {}
    }
    for name in ["nbf", "iat"] {
        if let Some(start) = of(name).filter(|t| t.duration_since(now) > LEEWAY) {
            let words = format!("{name} of the {what} lies {} in the future, {clock}", away(start, now));
            return at(name, start, words, name == "nbf" && start.duration_since(now) > LEEWAY * 5);
        }
    }
    let exp = of("exp").filter(|_| assertion.role != Role::Subject)?;
    let begins = of("iat").unwrap_or(now);
    if exp.duration_since(begins) > LONGEST {
        let words =
            format!("the {what} lives longer than many servers allow: it ends {}", jwt::relative(exp, now));
        return at("exp", exp, words, false);
    }
    None
}

fn away(at: Timestamp, now: Timestamp) -> String {
    jwt::relative(at, now).trim_start_matches("in ").to_owned()
}

/// T-13: the audience.
pub(super) fn audience(facts: &Facts, found: &mut Findings) {
    let Some(assertion) = refused(facts).filter(|a| a.role != Role::Subject) else { return };
    let words = facts.words();
    let said =
        any_in(&words, &["audience", "aud of", "aud claim", "(aud)", "'aud'", "`aud`", "\"aud\"", " aud "])
            && !is_elsewhere(&words);
    let listed: Vec<&str> = match assertion.claims.get("aud") {
        Some(Json::String(one)) => vec![one.as_str()],
        Some(Json::Array(list)) => list.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    };
    let url = facts.request.url.split(['?', '#']).next().unwrap_or_default();
    let issuer = facts.profile.as_ref().map(|p| p.issuer.as_str()).filter(|i| !i.is_empty());
    let fits = listed.iter().any(|aud| *aud == url || Some(*aud) == issuer);
    let near = (!fits).then(|| listed.iter().find_map(|aud| difference(aud, url, issuer))).flatten();
    let missing = assertion.is_read() && listed.is_empty();
    let host = !fits
        && !missing
        && assertion.is_read()
        && listed.iter().all(|aud| other_host(aud, facts.request.host()));
    // An address of this host that is not the token URL may be the issuer's name.
    let likelihood = match (said, near.is_some() || missing || host) {
        (true, true) => Certain,
        (true, false) => Likely,
        (false, true) if near.is_some() || missing => Likely,
        (false, true) => Possible,
        _ => return,
    };
    let shown = if listed.is_empty() { "not there".to_owned() } else { listed.join(", ") };
    let summary = match (&near, missing, listed.first()) {
        (Some(how), _, _) => format!("aud of the {} {how}", assertion.field()),
        (None, true, _) => format!("the {} has no aud", assertion.field()),
        (None, _, Some(aud)) if host => {
            format!("aud of the {} is another host's: {}", assertion.field(), cut(aud))
        }
        _ => "the server is not the audience of the assertion".to_owned(),
    };
    found.add(
        Finding::new("assertion.audience", likelihood)
            .summary(summary)
            .fix(format!(
                "set `aud` (`[assertion]` `claims`, or `assertion_audience`) in {} to what the server expects, letter by letter: its issuer or its token URL",
                file(facts)
            ))
            .evidence(assertion.is_read().then(|| assertion.claim("aud", &shown)))
            .evidence(Evidence::at(Place::Url, format!("token URL: {}", short(url))))
            .evidence(issuer.map(|i| Evidence::at(Place::Profile, format!("issuer: {}", short(i)))))
            .evidence(if said { error(facts) } else { Vec::new() })
            .weight(10),
    );
}

fn cut(text: &str) -> String {
    let text: String = text.chars().take(50).collect();
    short(&text)
}

/// How an audience that is nearly right differs, in words.
fn difference(aud: &str, url: &str, issuer: Option<&str>) -> Option<String> {
    for (right, name) in [(Some(url), "the token URL"), (issuer, "the issuer")] {
        let Some(right) = right.filter(|r| !r.is_empty()) else { continue };
        if aud.trim_end_matches('/') == right.trim_end_matches('/') {
            return Some(format!("differs from {name} by the slash at its end"));
        }
        if aud.trim() == right {
            return Some(format!("has white space around {name}"));
        }
        if aud.eq_ignore_ascii_case(right) {
            return Some(format!("differs from {name} in upper and lower case"));
        }
        let (Ok(a), Ok(b)) = (url::Url::parse(aud), url::Url::parse(right)) else { continue };
        if a.path() != b.path() || a.query() != b.query() || b.host_str().is_none() {
            continue;
        }
        if a.host_str() == b.host_str() && a.scheme() != b.scheme() {
            return Some(format!("says {}: where {name} says {}:", a.scheme(), b.scheme()));
        }
        if a.host_str() == b.host_str() && a.port_or_known_default() != b.port_or_known_default() {
            return Some(format!("names another port than {name}"));
        }
        if a.host_str() == b.host_str() {
            return Some(format!("is written otherwise than {name}"));
        }
        if a.path().len() > 1 {
            return Some(format!("is {name} of another host"));
        }
    }
    None
}

/// True for a URL of another host; other names (URNs, client ids) say nothing.
fn other_host(aud: &str, host: &str) -> bool {
    let Ok(url) = url::Url::parse(aud) else { return false };
    url.host_str().is_some_and(|other| !host.is_empty() && !related(other, host))
}

/// The same host, or two below one domain: `login.example.com` and `idp.example.com`.
fn related(a: &str, b: &str) -> bool {
    let domain = |host: &str| {
        let parts: Vec<&str> = host.rsplit('.').take(2).collect();
        parts.join(".")
    };
    a == b || domain(a) == domain(b)
}

/// T-15: the same jti twice.
pub(super) fn replay(facts: &Facts, found: &mut Findings) {
    let Some(assertion) = refused(facts).filter(|a| a.role != Role::Subject) else { return };
    let words = facts.words();
    let said =
        any_in(&words, &["jti", "replay", "used before", "already used", "already been used", "reused"]);
    if !said || any_in(&words, &["no jti", "missing jti", "lacks jti"]) {
        return;
    }
    found.add(
        Finding::new("assertion.replay", Likely)
            .summary("the server has seen this assertion (its jti) before")
            .evidence(error(facts))
            .evidence(assertion.text("jti").map(|jti| assertion.claim("jti", jti)))
            .weight(10),
    );
}

/// T-16: key, kid and algorithm.
pub(super) fn key(facts: &Facts, found: &mut Findings) {
    let Some(assertion) = refused(facts).filter(|a| a.role != Role::Subject) else { return };
    let words = facts.words();
    let said = any_in(
        &words,
        &[
            "signature",
            "kid",
            "jwks",
            "signing key",
            "public key",
            "registered key",
            "algorithm",
            "alg ",
            "certificate",
            "aadsts700027",
            "thumbprint",
            "not signed",
        ],
    ) && !is_elsewhere(&words);
    let word = |name: &str| assertion.header.get(name).and_then(Json::as_str);
    let alg = word("alg");
    let unsigned = alg.is_some_and(|a| a.eq_ignore_ascii_case("none"));
    let head = |name: &str, shown: &str| {
        Evidence::at(Place::RequestBody, format!("{} header {name}: {}", assertion.field(), short(shown)))
    };
    let others = ["assertion.audience", "assertion.time", "assertion.replay", "assertion.subject"];
    let other = others.iter().any(|code| found.has(code));
    let (likelihood, summary) = if unsigned {
        (Certain, "the assertion is not signed at all (alg none)".to_owned())
    } else if said {
        (Likely, "the server does not accept the signature or key of the assertion".to_owned())
    } else if !other
        && !is_elsewhere(&words)
        && (assertion.role == Role::Client || asked(facts) == Asked::Assertion)
        && says_any(facts, &["invalid_client", "invalid_grant"])
    {
        // Nothing else is wrong with it as far as one can see.
        (Possible, "the key of the assertion may not be the registered one".to_owned())
    } else {
        return;
    };
    found.add(
        Finding::new("assertion.key", likelihood)
            .summary(summary)
            .evidence(alg.map(|alg| head("alg", alg)))
            .evidence(assertion.is_read().then(|| head("kid", word("kid").unwrap_or("not there"))))
            .evidence(error(facts))
            .weight(9),
    );
}
