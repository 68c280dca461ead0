//! Redirects from http: to https: (row N-10).

use super::failure::host;
use crate::diagnose::evidence::{Evidence, Place, short};
use crate::diagnose::facts::Facts;
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::diagnose::probe::Remedy;
use url::Url;

/// N-10: http: was used, and the way to https: cost the request its method and body, or was not gone.
pub(super) fn scheme(facts: &Facts, found: &mut Findings) {
    followed(facts, found);
    not_followed(facts, found);
}

fn followed(facts: &Facts, found: &mut Findings) {
    let lost = facts.hops.iter().enumerate().find_map(|(at, hop)| {
        let remedy = to_https(&hop.from, &hop.to)?;
        // 303 asks for a GET on purpose.
        (hop.method_changed && hop.status != 303).then_some((at, hop, remedy))
    });
    let Some((at, hop, remedy)) = lost else { return };
    let likelihood = if facts.is_success() { Likelihood::Likely } else { Likelihood::Certain };
    let shown = |url: &str| short(url.split(['?', '#']).next().unwrap_or_default());
    let line = format!("{} {} to {}", hop.status, shown(&hop.from), shown(&hop.to));
    found.add(
        Finding::new("net.scheme_redirect", likelihood)
            .summary("the redirect from http to https turned the request into a GET without a body")
            .evidence(Evidence::at(Place::Redirect(at), line))
            .evidence(Evidence::at(
                Place::Url,
                format!("sent at last: {} {}", facts.request.method, shown(&facts.request.url)),
            ))
            .remedy(remedy),
    );
}

/// Token requests are not sent on by themselves: the secret would go along.
fn not_followed(facts: &Facts, found: &mut Findings) {
    let Some(answer) = &facts.answer else { return };
    if !matches!(answer.status, 301 | 302 | 307 | 308) {
        return;
    }
    let Some(location) = answer.header("location") else { return };
    let Some(remedy) = to_https(&facts.request.url, location) else { return };
    if facts.request.body.is_empty() && facts.request.authorization.is_empty() {
        return;
    }
    found.add(
        Finding::new("net.scheme_redirect", Likelihood::Certain)
            .summary(format!("{} takes this request over https only", host(facts)))
            .cause("The URL begins with http:. The server answers with a redirect to https:, and a request with credentials is not sent on by itself. What was sent has gone over the wire in the clear.")
            .fix("write https: into the URL; if a secret went along, make a new one")
            .evidence(Evidence::status(facts))
            .evidence(Evidence::response_header(facts, "location"))
            .remedy(remedy),
    );
}

/// The mend, where one URL is http: and the other the same host under https:.
fn to_https(from: &str, to: &str) -> Option<Remedy> {
    let (old, new) = (Url::parse(from).ok()?, Url::parse(to).ok()?);
    if old.scheme() != "http" || new.scheme() != "https" || old.host_str()? != new.host_str()? {
        return None;
    }
    Some(Remedy::UseUrl { from: old.origin().ascii_serialization(), to: new.origin().ascii_serialization() })
}
