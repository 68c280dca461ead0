//! Redirects: to a login, away from the credentials, round in circles (rows F-01, F-04, F-05, F-09).

use super::idp::{self, Looks};
use crate::diagnose::evidence::{Evidence, Place, short};
use crate::diagnose::facts::{Facts, Purpose};
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::diagnose::probe::Remedy;
use crate::model::exchange::{FailureKind, Redirect};
use url::Url;

/// Where the chain began: the address that was really asked for.
fn asked(facts: &Facts) -> Option<Url> {
    match facts.hops.first() {
        Some(hop) => Url::parse(&hop.from).ok(),
        None => facts.request.parsed.clone(),
    }
}

/// A redirect that was not followed, absolute.
fn pointed(facts: &Facts) -> Option<Url> {
    let answer = facts.answer.as_ref()?;
    if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = answer.header("location")?;
    facts.request.parsed.as_ref()?.join(location.trim()).ok()
}

/// An address without its query, which may hold secrets and is long.
fn bare(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

fn hop_evidence(at: usize, hop: &Redirect) -> Evidence {
    let without = |text: &str| Url::parse(text).map_or_else(|_| text.to_owned(), |url| bare(&url));
    let dropped = if hop.dropped.is_empty() {
        String::new()
    } else {
        format!(", {} not sent on", hop.dropped.join(", "))
    };
    let line = format!("{} {} → {}{dropped}", hop.status, without(&hop.from), without(&hop.to));
    Evidence::at(Place::Redirect(at), line)
}

/// F-01: the answer, or a redirect on the way to it, sends a browser to a login.
pub(super) fn to_a_login(facts: &Facts, found: &mut Findings) {
    let Some(start) = asked(facts) else { return };
    // Whoever asks for a login is not told that one came.
    if idp::looks(&start) == Some(Looks::Login)
        || start.path().rsplit('/').any(|s| matches!(s, "login" | "logout" | "callback" | "authorization"))
        || (facts.purpose == Purpose::Login && facts.hops.is_empty())
    {
        return;
    }
    let (target, evidence) = if let Some(target) = pointed(facts) {
        (target, Evidence::response_header(facts, "location"))
    } else {
        // A chain that came back with the API's answer did no harm.
        if facts.is_success() && !facts.answer.as_ref().is_some_and(|a| a.is_html()) {
            return;
        }
        let hops = facts.hops.iter().enumerate();
        let best = hops
            .filter_map(|(at, hop)| Some((at, hop, Url::parse(&hop.to).ok()?)))
            .filter(|(_, _, url)| idp::looks(url).is_some())
            .max_by_key(|(at, _, url)| (idp::looks(url), std::cmp::Reverse(*at)));
        let Some((at, hop, url)) = best else { return };
        (url, Some(hop_evidence(at, hop)))
    };
    let likelihood = match idp::looks(&target) {
        Some(Looks::Login) => Likelihood::Certain,
        // A redirect between two hosts of the same name, http to https for one, leads to no login.
        Some(Looks::Alike) if is_new(&start, &target) => Likelihood::Likely,
        _ => return,
    };
    let host = target.host_str().unwrap_or_default();
    found.add(
        Finding::new("front.sso_redirect", likelihood)
            .summary(format!("the address sends to a login at {}", short(host)))
            .evidence(evidence)
            .evidence(Evidence::status(facts))
            .weight(1),
    );
}

/// True when the target names a login and the address that was asked did not.
fn is_new(start: &Url, target: &Url) -> bool {
    start.path().trim_end_matches('/') != target.path().trim_end_matches('/')
        && !(idp::looks(start) == Some(Looks::Alike) && start.host_str() == target.host_str())
}

/// F-04, F-05: a redirect to another origin, and a refusal at its end.
pub(super) fn dropped(facts: &Facts, found: &mut Findings) {
    let Some((at, hop)) = facts.hops_that_dropped("authorization").next() else { return };
    let Some(answer) = &facts.answer else { return };
    let bare_request = facts.request.authorization.is_empty();
    let likelihood = match answer.status {
        401 if bare_request => Likelihood::Certain,
        401 | 403 => Likelihood::Likely,
        _ if found.has("front.login_page") || found.has("front.sso_redirect") => Likelihood::Possible,
        _ => return,
    };
    let last = facts.hops.last().unwrap_or(hop);
    let (Ok(from), Ok(to)) = (Url::parse(&hop.from), Url::parse(&last.to)) else { return };
    let what = if from.host_str() == to.host_str() && from.scheme() != to.scheme() {
        format!("the redirect from {} to {} cost the request its credentials", from.scheme(), to.scheme())
    } else {
        format!(
            "the redirect to {} cost the request its credentials",
            short(to.host_str().unwrap_or_default())
        )
    };
    let mut finding = Finding::new("front.credentials_dropped", likelihood)
        .summary(what)
        .evidence(hop_evidence(at, hop))
        .evidence(
            bare_request.then(|| Evidence::at(Place::Url, "the last request was sent without Authorization")),
        )
        .evidence(Evidence::status(facts))
        .weight(2);
    if let Some(remedy) = direct(facts, &to) {
        finding = finding.remedy(remedy);
    }
    found.add(finding);
}

/// The address at the end of the chain in place of that at its beginning, where the path stayed and it is no login's.
fn direct(facts: &Facts, to: &Url) -> Option<Remedy> {
    let from = asked(facts)?;
    if idp::looks(to).is_some() || (from.scheme() == "https" && to.scheme() == "http") {
        return None;
    }
    let origin = |url: &Url| url.origin().ascii_serialization();
    if from.path() == to.path() {
        return Some(Remedy::UseUrl { from: origin(&from), to: origin(to) });
    }
    (from.path().trim_end_matches('/') == to.path().trim_end_matches('/'))
        .then(|| Remedy::UseUrl { from: bare(&from), to: bare(to) })
}

/// F-09: too many redirects, or one to the address that was asked.
pub(super) fn turning(facts: &Facts, found: &mut Findings) {
    let cookie = Evidence::response_header(facts, "set-cookie").map(|_| {
        Evidence::at(Place::ResponseHeader("set-cookie".to_owned()), "set-cookie: the answer sets a cookie")
    });
    if let Some(failure) = facts.failure.as_ref().filter(|f| f.kind == FailureKind::RedirectLoop) {
        let hops = facts.hops.iter().enumerate().take(4).map(|(at, hop)| hop_evidence(at, hop));
        found.add(
            Finding::new("front.redirect_loop", Likelihood::Certain)
                .evidence(Evidence::at(Place::Network, short(&failure.text)))
                .evidence(hops.collect::<Vec<_>>())
                .evidence(cookie),
        );
        return;
    }
    let Some(target) = pointed(facts) else { return };
    let same = facts.request.parsed.as_ref().is_some_and(|asked| {
        let plain = |url: &Url| url.as_str().split('#').next().unwrap_or_default().to_owned();
        plain(asked) == plain(&target)
    });
    let again = facts.hops.iter().filter(|hop| hop.from == target.as_str()).count();
    // After a POST a redirect to the same address is how a form is answered.
    if (same && matches!(facts.request.method.as_str(), "GET" | "HEAD")) || again > 1 {
        let likelihood =
            if cookie.is_some() || again > 1 { Likelihood::Likely } else { Likelihood::Possible };
        found.add(
            Finding::new("front.redirect_loop", likelihood)
                .summary("the server redirects to the very address that was asked")
                .evidence(Evidence::response_header(facts, "location"))
                .evidence(cookie)
                .evidence(Evidence::status(facts)),
        );
    }
}
