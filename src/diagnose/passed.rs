//! What was looked at and is fine, so that a healthy part is visibly ruled out.
//!
//! Only what could be compared with something is named, and only while no finding speaks of it.

use super::facts::{Carried, Facts};
use super::finding::{Finding, Layer};
use super::gather::is_mask;
use super::rules::header::scheme_shown;
use super::rules::token;
use crate::jwt::lens::{State, Topic};
use crate::jwt::{self, Signature, TokenKind};

/// One thing ruled out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// What: `exp`, `aud`, `header`, `front`.
    pub name: &'static str,
    /// In words: `27 min left by the server's clock`.
    pub text: String,
}

/// A name and the look at it; `None`: not looked at, or not fine.
type Look = (&'static str, fn(&Facts) -> Option<String>, fn(&Finding) -> bool);

/// What is ruled out for a call, in the order a reader asks.
static CALL: &[Look] = &[
    ("header", header, |f| f.layer() == Layer::Header),
    ("scheme", scheme, |f| {
        f.layer() == Layer::Header
            || one_of(
                f,
                &[
                    "resource.wants_basic",
                    "resource.other_scheme",
                    "pega.basic_package",
                    "token.type",
                    "token.needs_dpop",
                ],
            )
    }),
    ("signature", signature, |f| {
        one_of(f, &["token.signature", "token.unknown_key", "token.algorithm", "header.truncated"])
    }),
    ("exp", exp, |f| one_of(f, &["token.expired", "token.time_format", "clock.skew"])),
    ("nbf", nbf, |f| one_of(f, &["token.not_yet_valid", "token.time_format", "clock.skew"])),
    ("iat", iat, |f| one_of(f, &["token.not_yet_valid", "token.time_format", "clock.skew"])),
    ("iss", |facts| verdict(facts, Topic::Issuer), |f| one_of(f, &["token.issuer"])),
    ("aud", |facts| verdict(facts, Topic::Audience), |f| one_of(f, &["token.audience"])),
    ("scope", scope, |f| one_of(f, &["token.scope"])),
    ("client", |facts| verdict(facts, Topic::Client), |f| one_of(f, &["token.client"])),
    ("binding", binding, |f| {
        one_of(f, &["token.needs_dpop", "token.needs_mtls", "dpop.proof", "dpop.nonce", "token.type"])
    }),
    ("clock", clock, |f| one_of(f, &["clock.skew", "assertion.time"])),
    ("front", front, is_outer),
    ("tls", tls, |f| one_of(f, &["net.tls_trust", "net.tls_name", "net.tls_client_cert"])),
];

/// What is ruled out for a token request.
static TOKEN: &[Look] = &[
    ("form", form, |f| one_of(f, &["request.not_form", "request.misplaced"])),
    ("client auth", client_auth, |f| {
        one_of(f, &["client.two_methods", "client.basic_expected", "header.bad_basic"])
    }),
    ("secret", secret, |f| {
        one_of(f, &["client.paste_error", "client.secret_encoding", "header.unresolved", "header.bad_basic"])
    }),
    ("clock", clock, |f| one_of(f, &["clock.skew", "assertion.time"])),
    ("front", front, is_outer),
    ("tls", tls, |f| one_of(f, &["net.tls_trust", "net.tls_name", "net.tls_client_cert"])),
];

/// Everything ruled out. Never claims that a token is valid: only what speaks against it can be seen here.
pub(super) fn passed(facts: &Facts, findings: &[Finding]) -> Vec<Passed> {
    let looks = if facts.is_token_request() { TOKEN } else { CALL };
    looks
        .iter()
        .filter(|(_, _, speaks)| !findings.iter().any(speaks))
        .filter_map(|(name, look, _)| Some(Passed { name, text: look(facts)? }))
        .collect()
}

fn one_of(finding: &Finding, codes: &[&str]) -> bool {
    codes.contains(&finding.code())
}

fn is_outer(finding: &Finding) -> bool {
    matches!(finding.layer(), Layer::Network | Layer::FrontDoor)
}

fn header(facts: &Facts) -> Option<String> {
    let [auth] = facts.request.authorization.as_slice() else { return None };
    if auth.scheme.is_empty() {
        return None;
    }
    let seen = if is_mask(&auth.rest) { "its value is masked" } else { "no stray characters" };
    Some(format!("sent once, scheme {}, {seen}", scheme_shown(&auth.scheme)))
}

fn scheme(facts: &Facts) -> Option<String> {
    let auth = facts.request.authorization.first()?;
    let asked = facts.answer.as_ref()?.challenge(&auth.scheme)?;
    Some(format!("{}, as the server asks", asked.scheme))
}

fn signature(facts: &Facts) -> Option<String> {
    match &facts.token.as_ref()?.decoded.signature {
        Signature::Verified { key } => Some(format!("fits the issuer's key, {key}")),
        _ => None,
    }
}

/// A time claim of a token whose text is there.
fn time(facts: &Facts, name: &str) -> Option<jiff::Timestamp> {
    let token = facts.token.as_ref().filter(|t| !t.masked)?;
    jwt::time_of(token.decoded.claims.as_ref()?, name)
}

fn exp(facts: &Facts) -> Option<String> {
    let left = |end, now| jwt::relative(end, now).strip_prefix("in ").map(|span| format!("{span} left"));
    if let Some(exp) = time(facts, "exp") {
        let now = facts.clock.server_now();
        return left(exp, now).map(|span| format!("{span} {}", facts.clock.words()));
    }
    let opaque = facts.token.as_ref()?.decoded.kind != TokenKind::Jws;
    let ends = facts.issued.as_ref()?.ends.filter(|_| opaque)?;
    left(ends, facts.clock.local).map(|span| format!("{span} of what was granted (`expires_in`)"))
}

fn nbf(facts: &Facts) -> Option<String> {
    let (nbf, now) = (time(facts, "nbf")?, facts.clock.server_now());
    (nbf <= now).then(|| format!("began {} {}", jwt::relative(nbf, now), facts.clock.words()))
}

fn iat(facts: &Facts) -> Option<String> {
    let (iat, now) = (time(facts, "iat")?, facts.clock.server_now());
    (iat <= now).then(|| format!("issued {} {}", jwt::relative(iat, now), facts.clock.words()))
}

/// What the lens found fine. It says so only of what it compared.
fn verdict(facts: &Facts, topic: Topic) -> Option<String> {
    token::verdict(facts, topic).filter(|v| v.state == State::Ok).map(|v| v.text)
}

fn scope(facts: &Facts) -> Option<String> {
    let token = facts.token.as_ref().filter(|t| !t.masked)?;
    let has = token::granted(token.decoded.claims.as_ref()?);
    let asked = token::asked(facts);
    let profile = facts.profile.as_ref().map(|p| p.scopes.as_slice()).unwrap_or_default();
    let (list, by) = if asked.is_empty() {
        (profile, "as the profile asks")
    } else {
        (asked.as_slice(), "as the server asks")
    };
    let all = !list.is_empty() && list.iter().all(|s| has.contains(s));
    all.then(|| format!("holds {}, {by}", list.join(" ")))
}

fn binding(facts: &Facts) -> Option<String> {
    let token = facts.token.as_ref().filter(|t| !t.masked && t.carried == Carried::Header)?;
    let claims = token.decoded.claims.as_ref()?;
    if claims.contains_key("cnf") {
        return verdict(facts, Topic::Binding);
    }
    token.scheme.eq_ignore_ascii_case("bearer").then(|| "bound to no key, sent as Bearer".to_owned())
}

fn clock(facts: &Facts) -> Option<String> {
    if !facts.clock.is_known() || facts.clock.differs() {
        return None;
    }
    let issuer = facts.issued.as_ref().and_then(|i| i.offset_ms);
    match issuer {
        Some(ms) if ms.abs() > 30_000 => None,
        Some(_) => Some("this machine, the API and the token endpoint agree to half a minute".to_owned()),
        None => Some("this machine and the server agree to half a minute".to_owned()),
    }
}

fn front(facts: &Facts) -> Option<String> {
    let answer = facts.answer.as_ref()?;
    let clear = facts.hops.is_empty()
        && facts.proxy.is_none()
        && !answer.is_html()
        && !(300..400).contains(&answer.status);
    clear.then(|| "no redirect, no login page, no proxy".to_owned())
}

fn tls(facts: &Facts) -> Option<String> {
    let tls = facts.tls.as_ref().filter(|t| !t.unchecked && facts.answer.is_some())?;
    // A recording may know that there was TLS and nothing of how it was checked.
    if tls.chain.is_empty() {
        return None;
    }
    Some(format!("{}, the certificate was checked", tls.version.as_deref().unwrap_or("TLS")))
}

fn form(facts: &Facts) -> Option<String> {
    let request = &facts.request;
    let clean = request.media_type == "application/x-www-form-urlencoded"
        && request.field("grant_type").is_some()
        && request.query("grant_type").is_none();
    clean.then(|| "a form in the body, `grant_type` in it".to_owned())
}

fn client_auth(facts: &Facts) -> Option<String> {
    let request = &facts.request;
    let header = request.authorization.iter().filter(|a| a.scheme.eq_ignore_ascii_case("basic")).count();
    let body = request.field("client_secret").is_some();
    let assertion = request.field("client_assertion").is_some();
    match (header, body, assertion) {
        (1, false, false) => Some("one method, the Basic header".to_owned()),
        (0, true, false) => Some("one method, `client_secret` in the form".to_owned()),
        (0, false, true) => Some("one method, a signed assertion".to_owned()),
        _ => None,
    }
}

fn secret(facts: &Facts) -> Option<String> {
    let field = facts.request.field("client_secret");
    let basic = facts
        .request
        .authorization
        .first()
        .and_then(|a| a.basic.as_ref())
        .map(|(_, password)| password.as_str());
    let secret = field.or(basic).filter(|s| !s.is_empty() && !is_mask(s))?;
    let stray = |c: char| c.is_whitespace() || c.is_control() || !c.is_ascii() || "\"'`".contains(c);
    (!secret.contains(stray)).then(|| format!("{} characters, none of them stray", secret.chars().count()))
}

#[cfg(test)]
mod tests {
    use crate::diagnose::Diagnosis;
    use crate::diagnose::facts::{Issued, Profile};
    use crate::diagnose::fixture::{NOW, call, jwt, token_request};
    use serde_json::json;

    fn text<'a>(diagnosis: &'a Diagnosis, name: &str) -> Option<&'a str> {
        diagnosis.passed.iter().find(|p| p.name == name).map(|p| p.text.as_str())
    }

    const URL: &str = "https://api.example.test/v1/things";

    #[test]
    fn what_is_fine_in_a_refused_call_is_ruled_out_in_the_order_people_ask() {
        let token = jwt(&json!({
            "iss": "https://login.example.test", "aud": "https://api.example.test", "sub": "ann",
            "iat": NOW - 60, "exp": NOW + 1620, "scope": "read", "client_id": "c1",
        }));
        let profile = Profile {
            issuer: "https://login.example.test".into(),
            scopes: vec!["read".into()],
            client_id: "c1".into(),
            ..Profile::default()
        };
        let d = call(URL, &format!("Bearer {token}"))
            .profile(profile)
            .response(401)
            .with("WWW-Authenticate", "Bearer error=\"invalid_token\"")
            .offset(0)
            .diagnosis();
        let names: Vec<_> = d.passed.iter().map(|p| p.name).collect();
        assert_eq!(
            names,
            ["header", "scheme", "exp", "iat", "iss", "aud", "scope", "client", "binding", "clock", "front"]
        );
        assert_eq!(text(&d, "exp"), Some("27 min left by the server's clock"));
        assert_eq!(text(&d, "header"), Some("sent once, scheme Bearer, no stray characters"));
        assert!(!d.passed.iter().any(|p| p.text.contains("valid") || p.text.contains(&token)));
    }

    #[test]
    fn what_a_finding_speaks_of_or_what_was_compared_with_nothing_is_not_ruled_out() {
        let token = jwt(&json!({ "iss": "https://a.example", "aud": "urn:x", "exp": NOW - 600 }));
        let d = call(URL, &format!("Bearer {token}")).response(401).offset(3600).diagnosis();
        for name in ["exp", "iss", "aud", "scope", "client", "clock", "signature", "tls", "scheme"] {
            assert_eq!(text(&d, name), None, "{name}");
        }
    }

    #[test]
    fn a_success_rules_nothing_out_because_nothing_is_in_doubt() {
        let d = call(URL, "Bearer abc").response(200).diagnosis();
        assert!(d.passed.is_empty());
    }

    #[test]
    fn an_opaque_token_has_the_time_left_that_was_granted() {
        let ends = jiff::Timestamp::from_second(NOW + 300).unwrap();
        let issued = Issued { ends: Some(ends), ..Issued::default() };
        let d = call(URL, "Bearer 2YotnFZFEjr1zCsicMWpAA")
            .context(|c| c.issued = Some(issued))
            .response(401)
            .with("WWW-Authenticate", "Bearer error=\"invalid_token\"")
            .diagnosis();
        assert_eq!(text(&d, "exp"), Some("5 min left of what was granted (`expires_in`)"));
    }

    #[test]
    fn a_token_request_that_is_well_formed_says_so() {
        let fields =
            [("grant_type", "client_credentials"), ("client_id", "c"), ("client_secret", "{{secret}}")];
        let d = token_request("https://login.example.test/oauth2/token", &fields)
            .response(401)
            .error("invalid_client", "no")
            .diagnosis();
        assert_eq!(text(&d, "form"), Some("a form in the body, `grant_type` in it"));
        assert_eq!(text(&d, "client auth"), Some("one method, `client_secret` in the form"));
        assert_eq!(text(&d, "secret"), None);
        assert_eq!(text(&d, "header"), None);
    }
}
