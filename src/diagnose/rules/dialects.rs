//! What a known product says in its own words (row R-11 and its like): the sayings of the dialect table as findings.
//!
//! It has no codes of its own. It runs before the resource server's rules, so that they can hold back where the server was plain.

use super::Rule;
use crate::diagnose::codes;
use crate::diagnose::dialect::{self, Hit};
use crate::diagnose::facts::Facts;
use crate::diagnose::finding::{Finding, Findings, Likelihood};

/// The rules of the table.
pub(super) static RULES: &[Rule] = &[Rule { row: "R-11", look: sayings }];

/// R-11: status and challenge say little, the body says it in the product's own words.
fn sayings(facts: &Facts, found: &mut Findings) {
    // A browser's preflight carries no credentials: a refusal of it says nothing of them.
    if facts.request.method == "OPTIONS" {
        return;
    }
    for hit in dialect::hits(facts) {
        let code = hit.saying.code.as_str();
        // A saying of a code that is not there yet says nothing rather than something else.
        if codes::code(code).is_none() {
            continue;
        }
        if code == NOT_SEEN && !credentials_were_sent(facts) {
            found.add(nothing_was_sent(facts, hit));
            continue;
        }
        let surest = surest(facts, found, code);
        found.add(finding(hit, surest));
    }
}

/// The server saw no credentials: that is a riddle only where some were sent.
const NOT_SEEN: &str = "resource.credentials_not_seen";

/// That the call was refused, in whoever's words: the words prove that, and not why.
const GENERAL: [&str; 3] = ["token.rejected", "access.forbidden", NOT_SEEN];

/// True when the request carried anything by which a caller is known.
fn credentials_were_sent(facts: &Facts) -> bool {
    !facts.request.authorization.is_empty()
        || facts.token.is_some()
        || facts.hops_that_dropped("authorization").next().is_some()
}

/// "No token came", and none was sent: the server tells why.
fn nothing_was_sent(facts: &Facts, hit: Hit) -> Finding {
    // Browsers leave credentials out of what they record.
    let unsure = facts.request.headers.is_empty()
        || facts.missing.iter().any(|m| m.contains("header") || m.contains("credential"));
    // A key or a cookie was sent: perhaps that is what the server does not take.
    let other = super::header::other_credential(facts).is_some();
    let likelihood = match hit.saying.likelihood {
        _ if unsure => Likelihood::Possible,
        Likelihood::Certain if other => Likelihood::Likely,
        _ if other => Likelihood::Possible,
        sure => sure,
    };
    Finding::new("header.missing", likelihood)
        .summary(format!(
            "no `Authorization` header was sent, and {} says that it misses one",
            hit.saying.vendor
        ))
        .evidence(hit.evidence)
}

/// How sure a saying may make its code, beside what was read of the request and the token.
fn surest(facts: &Facts, found: &Findings, code: &str) -> Likelihood {
    let here = found.likelihood(code);
    let general = GENERAL.contains(&code) && facts.is_api();
    // The rules read the token's own times beside the server's words: what they doubt stays in doubt.
    let read = matches!(code, "token.expired" | "token.not_yet_valid")
        && facts.token.as_ref().is_some_and(|t| !t.masked && t.decoded.claims.is_some());
    // "Token has expired" may be said of a token in a form or a link too; `invalid_token` is said of a caller's.
    let no_token = code.starts_with("token.") && facts.token.is_none() && !facts.says_error("invalid_token");
    if general || no_token || read && here != Some(Likelihood::Certain) {
        Likelihood::Likely
    } else {
        Likelihood::Certain
    }
}

fn finding(hit: Hit, surest: Likelihood) -> Finding {
    let saying = hit.saying;
    let mut finding = Finding::new(&saying.code, saying.likelihood.max(surest)).evidence(hit.evidence);
    finding.summary = match &saying.summary {
        Some(summary) => summary.clone(),
        None => format!("{}, says {}", finding.info.title, saying.vendor),
    };
    if let Some(cause) = &saying.cause {
        finding.cause.clone_from(cause);
    }
    if let Some(confirm) = &saying.confirm {
        finding.confirm.clone_from(confirm);
    }
    if let Some(fix) = &saying.fix {
        finding.fix.clone_from(fix);
    }
    match &saying.remedy {
        Some(remedy) => finding.remedy(remedy.clone()),
        None => finding,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says what it needs")]

    use crate::diagnose::facts::{Context, Facts};
    use crate::diagnose::finding::Likelihood;
    use crate::diagnose::{Diagnosis, diagnose};
    use crate::model::exchange::{BodyData, Exchange, Header, Response, SentRequest};
    use jiff::Timestamp;

    fn asked(status: u16, headers: &[(&str, &str)], body: &str) -> Diagnosis {
        let exchange = Exchange {
            response: Some(Response {
                status,
                headers: headers.iter().map(|(n, v)| Header::new(*n, *v)).collect(),
                body: BodyData::Memory(bytes::Bytes::from(body.to_owned())),
                ..Response::default()
            }),
            clock_offset_ms: Some(0),
            ..Exchange::new(
                SentRequest {
                    method: "GET".into(),
                    url: "https://api.example.test/v1/things".into(),
                    headers: vec![Header::sensitive("Authorization", "Bearer opaque-token-0001")],
                    ..SentRequest::default()
                },
                Timestamp::from_second(1_800_000_000).unwrap(),
            )
        };
        diagnose(&Facts::of(&exchange, Context::default()))
    }

    #[test]
    fn a_saying_becomes_a_finding_that_names_the_product() {
        let found = asked(401, &[("Server", "istio-envoy")], "Jwt is expired");
        let first = found.first().unwrap();
        assert_eq!((first.code(), first.likelihood), ("token.expired", Likelihood::Certain));
        assert!(first.summary.contains("expired"), "{}", first.summary);
        assert!(first.evidence.iter().any(|e| e.text == "body: Jwt is expired"));
        assert!(first.evidence.iter().any(|e| e.text == "server: istio-envoy"));
    }

    #[test]
    fn a_firewall_keeps_its_own_words_and_fix() {
        let found = asked(403, &[("Server", "cloudflare"), ("CF-RAY", "8f0-FRA")], "error code: 1010");
        let first = found.first().unwrap();
        assert_eq!((first.code(), first.likelihood), ("front.waf", Likelihood::Certain));
        assert!(first.fix.contains("User-Agent"));
    }

    #[test]
    fn a_gateway_that_wants_a_key_is_no_refused_token() {
        let body = r#"{"statusCode":401,"message":"Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API."}"#;
        let found = asked(401, &[("Content-Type", "application/json")], body);
        assert_eq!(found.first().unwrap().code(), "front.api_key");
        assert!(found.first().unwrap().fix.contains("Ocp-Apim-Subscription-Key"));
    }

    #[test]
    fn a_secret_in_the_servers_words_is_masked() {
        let found = asked(401, &[("Server", "istio-envoy")], "Jwt is expired: opaque-token-0001");
        assert!(found.findings.iter().flat_map(|f| &f.evidence).all(|e| !e.text.contains("opaque-token")));
    }
}
