//! Answers that do not come from the server: proxies, portals, gateways (rows N-02, N-03, N-04, N-06, N-07, N-08, N-09).

use super::failure::host;
use crate::diagnose::evidence::{Evidence, Place};
use crate::diagnose::facts::{Answer, Facts};
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::diagnose::rules::token_endpoint::rate;
use Likelihood::{Certain, Likely};

/// The first of these ASCII texts that the answer's body holds.
fn first_said<'a>(answer: &Answer, any: &[&'a str]) -> Option<&'a str> {
    any.iter().find(|words| answer.says(words)).copied()
}

/// N-02: 407 is the proxy's word.
pub(super) fn proxy_auth(facts: &Facts, found: &mut Findings) {
    let Some(answer) = facts.answer.as_ref().filter(|a| a.status == 407) else { return };
    // Without a challenge and without a proxy somebody made free with the number.
    let sure = !answer.proxy_challenges.is_empty() || facts.proxy.is_some();
    let schemes: Vec<&str> = answer.proxy_challenges.iter().map(|c| c.scheme.as_str()).collect();
    let finding = Finding::new("net.proxy_auth", if sure { Certain } else { Likely })
        .summary("a proxy on the way wants credentials of its own (407)")
        .evidence(Evidence::status(facts))
        .evidence(Evidence::response_header(facts, "proxy-authenticate"))
        .evidence(proxy(facts));
    found.add(match schemes.iter().all(|s| !s.eq_ignore_ascii_case("basic")) && !schemes.is_empty() {
        true => finding.fix(format!(
            "the proxy takes {} only, not Basic: except the host with NO_PROXY, or use a local proxy that logs in for you",
            schemes.join(", ")
        )),
        false => finding,
    });
}

fn proxy(facts: &Facts) -> Option<Evidence> {
    facts.proxy.as_ref().map(|proxy| Evidence::at(Place::Network, format!("proxy in use: {proxy}")))
}

/// Makers of proxies by what their pages say; lower case.
const MAKERS: &[(&str, &str)] = &[
    ("zscaler", "Zscaler"),
    ("bluecoat", "Blue Coat"),
    ("blue coat", "Blue Coat"),
    ("proxysg", "Blue Coat"),
    ("forcepoint", "Forcepoint"),
    ("websense", "Forcepoint"),
    ("mcafee web gateway", "McAfee Web Gateway"),
    ("skyhigh", "Skyhigh"),
    ("netskope", "Netskope"),
    ("fortiguard", "FortiGuard"),
    ("ironport", "Cisco IronPort"),
    ("cisco umbrella", "Cisco Umbrella"),
    ("sophos web", "Sophos"),
];

/// Words that a page which blocks says.
const BLOCKED: &[&str] =
    &["block", "denied", "policy", "not allowed", "not permitted", "restricted", "forbidden"];

/// A proxy that made this answer itself, and what it says of the reason.
fn maker(answer: &Answer) -> Option<(&'static str, Evidence)> {
    let server = answer.header("server").unwrap_or_default().to_ascii_lowercase();
    let head = |name: &str, value: &str| {
        Evidence::at(Place::ResponseHeader(name.to_owned()), format!("{name}: {value}"))
    };
    if let Some(error) = answer.header("x-squid-error") {
        return Some(("Squid", head("x-squid-error", error)));
    }
    if server.starts_with("squid") {
        return Some(("Squid", head("server", &server)));
    }
    if let Some((_, name)) = MAKERS.iter().find(|(word, _)| server.contains(word)) {
        return Some((name, head("server", &server)));
    }
    // FortiWeb says `Attack ID`: that is a firewall of the server's side.
    if !answer.is_html() || first_said(answer, BLOCKED).is_none() || answer.says("attack id") {
        return None;
    }
    let (word, name) = MAKERS.iter().find(|(word, _)| answer.says(word))?;
    Some((name, Evidence::at(Place::ResponseBody, format!("the page names {word}"))))
}

/// N-03: the page of a proxy.
pub(super) fn proxy_policy(facts: &Facts, found: &mut Findings) {
    let Some(answer) = facts.answer.as_ref().filter(|a| matches!(a.status, 403 | 502 | 503 | 504)) else {
        return;
    };
    let Some((name, evidence)) = maker(answer) else { return };
    let squid = answer.header("x-squid-error").unwrap_or_default().to_ascii_uppercase();
    let finding = if squid.starts_with("ERR_DNS_FAIL") {
        Finding::new("net.dns", Likely)
            .summary(format!("the proxy did not find the host name {}", host(facts)))
            .fix("correct the host, or except it with NO_PROXY when this machine finds it itself")
    } else if answer.status == 403 || squid.contains("ACCESS_DENIED") {
        let sure = squid.contains("ACCESS_DENIED");
        Finding::new("net.proxy_policy", if sure { Certain } else { Likely })
            .summary(format!("a proxy ({name}) does not let the request through"))
    } else {
        Finding::new("net.unavailable", Likely)
            .summary(format!("a proxy ({name}) does not reach the server"))
            .cause("A proxy on the way answered: it gets no answer from the server, because that is down or the proxy's network does not lead there.")
            .fix("wait and try again; except the host with NO_PROXY when this machine reaches it itself")
    };
    found.add(finding.evidence(Evidence::status(facts)).evidence(evidence).evidence(proxy(facts)));
}

/// N-04: a gateway that ended TLS says that no client certificate came.
pub(super) fn client_certificate(facts: &Facts, found: &mut Findings) {
    let Some(answer) = facts.answer.as_ref().filter(|a| matches!(a.status, 400 | 401 | 403 | 495 | 496))
    else {
        return;
    };
    // A token bound to a certificate is another matter, and a challenge says that TLS was good enough.
    if answer.bearer("error").is_some() || answer.error.has("invalid_token") {
        return;
    }
    let none = [
        "no required ssl certificate was sent",
        "client certificate required",
        "client certificate is required",
    ];
    let wrong = ["the ssl certificate error"];
    let about = [
        "no client certificate",
        "missing client certificate",
        "client certificate missing",
        "client certificate was not",
        "client certificate not",
        "invalid client certificate",
        "requires a client certificate",
        "requires a valid client certificate",
        "mutual tls required",
        "mtls required",
        "requires mtls",
        "requires mutual tls",
    ];
    let small = answer.len <= 16 * 1024;
    let (likelihood, words) = if answer.status == 496 {
        (Certain, "")
    } else if let Some(words) = first_said(answer, &none).filter(|_| small) {
        (Certain, words)
    } else if answer.status == 495 {
        (Likely, "")
    } else if let Some(words) =
        first_said(answer, &wrong).or_else(|| first_said(answer, &about)).filter(|_| small)
    {
        (Likely, words)
    } else {
        return;
    };
    found.add(
        Finding::new("net.tls_client_cert", likelihood)
            .summary(match answer.status == 495 || wrong.contains(&words) || words.starts_with("invalid") {
                true => format!("{} does not accept the client certificate", host(facts)),
                false => format!("{} wants a client certificate", host(facts)),
            })
            .evidence(Evidence::status(facts))
            .evidence((!words.is_empty()).then(|| Evidence::body(facts, words))),
    );
}

/// N-06: 511, or the page of a portal.
pub(super) fn captive_portal(facts: &Facts, found: &mut Findings) {
    let Some(answer) = &facts.answer else { return };
    let words = ["wispaccessgatewayparam", "captive portal", "captiveportal", "/fgtauth?", "hotspot login"];
    let page = answer.is_html() && answer.len <= 64 * 1024;
    // What hotels and airports write: a form, and words about the network itself, in the place of an API's answer.
    let guest =
        ["wifi network", "wi-fi network", "guest wifi", "guest wi-fi", "guest internet", "wlan guest"];
    let by_form = facts.is_api() && answer.says("<form");
    let said = first_said(answer, &words).or_else(|| first_said(answer, &guest).filter(|_| by_form));
    let said = said.filter(|_| page);
    let finding = match (answer.status, said) {
        (511, _) => Finding::new("net.captive_portal", Certain)
            .summary("the network on the way wants a log-in first (511)")
            .evidence(Evidence::status(facts)),
        (200 | 401 | 403, Some(words)) => Finding::new("net.captive_portal", Likely)
            .summary("a portal of the network answered in the server's place")
            .evidence(Evidence::body(facts, words)),
        _ => return,
    };
    found.add(finding);
}

/// N-07: 421.
pub(super) fn misdirected(facts: &Facts, found: &mut Findings) {
    if facts.status() != Some(421) {
        return;
    }
    let sent = facts.request.header("host").filter(|h| !h.eq_ignore_ascii_case(&facts.request.authority()));
    let finding = Finding::new("net.misdirected", Certain)
        .summary(format!("the server that was reached does not answer for {} (421)", host(facts)))
        .evidence(Evidence::status(facts));
    found.add(match sent {
        Some(_) => finding.evidence(Evidence::request_header(facts, "host")),
        None => finding,
    });
}

/// N-08: the head of the request is too large.
pub(super) fn too_large(facts: &Facts, found: &mut Findings) {
    let Some(answer) = &facts.answer else { return };
    let words = [
        "request header or cookie too large",
        "request header fields too large",
        "request header is too large",
        "size of the request headers is too long",
        "request header too large",
        "request too long",
        "request-uri too large",
        "request-uri too long",
    ];
    let said = match answer.status {
        431 | 414 | 494 => None,
        // IIS says `Bad Request - Request Too Long`; a JSON API that says it speaks of a body.
        400 if !matches!(answer.error.codes.as_slice(), [_, ..]) => match first_said(answer, &words) {
            Some(words) => Some(words),
            None => return,
        },
        _ => return,
    };
    let uri = answer.status == 414 || said.is_some_and(|w| w.contains("uri"));
    let largest = facts.request.headers.iter().max_by_key(|h| h.value.len());
    let summary = match (uri, largest) {
        (true, _) => {
            format!("the URL is too long for the server ({} characters)", facts.request.url.chars().count())
        }
        (false, Some(h)) => format!(
            "the request's headers are too large for the server; the largest is {} with {} bytes",
            crate::diagnose::evidence::short(&h.name),
            h.value.len()
        ),
        (false, None) => "the request's headers are too large for the server".to_owned(),
    };
    let sizes = {
        let mut headers: Vec<_> = facts.request.headers.iter().map(|h| (h.value.len(), &h.name)).collect();
        headers.sort_by_key(|(len, _)| std::cmp::Reverse(*len));
        let list: Vec<String> =
            headers.iter().take(3).map(|(len, name)| format!("{name} {len} bytes")).collect();
        list.join(", ")
    };
    let place = largest.map_or(Place::Url, |h| Place::RequestHeader(h.name.to_ascii_lowercase()));
    found.add(
        Finding::new("net.header_too_large", Certain)
            .summary(summary)
            .evidence(Evidence::status(facts))
            .evidence(said.map(|words| Evidence::body(facts, words)))
            .evidence(
                (!uri && !sizes.is_empty()).then(|| Evidence::at(place, format!("largest headers: {sizes}"))),
            ),
    );
}

/// N-09: a gateway without a server behind it. A starting Pega node, a firewall's riddle and a rate limit have codes of their own.
pub(super) fn unavailable(facts: &Facts, found: &mut Findings) {
    let Some(answer) = &facts.answer else { return };
    let gateway = matches!(answer.status, 502 | 504);
    let content_network = matches!(answer.status, 520..=524 | 527 | 530) && answer.header("cf-ray").is_some();
    let named = facts.says_error("temporarily_unavailable");
    if !gateway && !content_network && !named && answer.status != 503 {
        return;
    }
    let pega = answer.status == 503 && (facts.request.is_pega() || answer.says("pega"));
    let riddle = answer.header("cf-mitigated").is_some()
        || ["just a moment", "checking your browser", "attention required"].iter().any(|w| answer.says(w));
    let proxied = found.has("net.proxy_policy") || found.has("net.dns") || found.has("net.unavailable");
    if pega || riddle || proxied || rate::is_limited(facts) {
        return;
    }
    let retry = answer.header("retry-after");
    let sure = gateway || named || retry.is_some();
    let what = match answer.status {
        502 => "the gateway got no usable answer from the server behind it (502)".to_owned(),
        504 => "the server behind the gateway did not answer in time (504)".to_owned(),
        503 => "the server is overloaded or being maintained (503)".to_owned(),
        status => format!("the server is not available ({status})"),
    };
    let wait = retry.filter(|r| r.len() <= 40 && r.is_ascii());
    let finding = Finding::new("net.unavailable", if sure { Certain } else { Likely })
        .summary(match wait.filter(|r| r.chars().all(|c| c.is_ascii_digit())) {
            Some(seconds) => format!("{what}; it asks to come back in {seconds} s"),
            None => what,
        })
        .evidence(Evidence::status(facts))
        .evidence(Evidence::response_header(facts, "retry-after"))
        .evidence(Evidence::response_header(facts, "server"));
    found.add(finding);
}
