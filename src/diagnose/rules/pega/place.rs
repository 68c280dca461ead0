//! Where at Pega a request went: which generation of the DX API, with which alias; and what is no DX API at all.

use crate::diagnose::codes;
use crate::diagnose::evidence::{Evidence, Place};
use crate::diagnose::facts::Facts;
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use url::Url;

/// Which generation of the DX API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dx {
    /// `/prweb/api/v1`.
    V1,
    /// `/prweb/api/application/v2`.
    V2,
}

/// The generation a path belongs to. Another context root than `/prweb` is recognised by v2's path alone.
pub(super) fn generation(path: &str) -> Option<Dx> {
    let under = |part: &str| {
        path.find(part).is_some_and(|at| matches!(path.as_bytes().get(at + part.len()), None | Some(b'/')))
    };
    if under("/api/application/v2") {
        return Some(Dx::V2);
    }
    (path.starts_with("/prweb/") && under("/api/v1")).then_some(Dx::V1)
}

/// The generation this request belongs to.
pub(super) fn dx(facts: &Facts) -> Option<Dx> {
    if facts.is_api() { generation(facts.request.path()) } else { None }
}

/// True for Pega's own paths, and for answers that only Pega gives.
pub(super) fn is_pega(facts: &Facts) -> bool {
    facts.request.is_pega()
        || generation(facts.request.path()).is_some()
        || facts.answer.as_ref().is_some_and(|a| a.error.codes.iter().any(|c| c.starts_with("Pega_API_")))
}

/// `alias` of `/prweb/app/alias/api/…`.
pub(super) fn alias_in(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/prweb/app/")?;
    let (alias, rest) = rest.split_once('/')?;
    (!alias.is_empty() && rest.starts_with("api/")).then_some(alias)
}

/// An alias of an application that is known from somewhere: the token, the profile, other requests.
pub(super) fn known_alias(facts: &Facts) -> Option<(String, Evidence)> {
    let plain = |text: &str| {
        let text = text.trim_matches('/');
        let alias = text.rsplit('/').next().unwrap_or(text);
        let fine = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        (!alias.is_empty() && alias.len() <= 80 && alias.chars().all(fine)).then(|| alias.to_owned())
    };
    for claim in ["app_alias_url", "app_alias", "appAlias"] {
        if let Some(alias) = facts.claim_text(claim).and_then(plain) {
            return Some((alias, Evidence::claim_of(facts, claim)?));
        }
    }
    let of_url = |url: &str| Url::parse(url).ok().and_then(|u| alias_in(u.path()).and_then(plain));
    if let Some((past, alias)) = facts
        .history
        .iter()
        .rev()
        .filter(|past| (200..300).contains(&past.status))
        .find_map(|past| Some((past, of_url(&past.url)?)))
    {
        let text = format!("earlier: {} {} answered {}", past.method, past.url, past.status);
        return Some((alias, Evidence::at(Place::History, text)));
    }
    let profile = facts.profile.as_ref()?;
    let scope = profile.scopes.iter().find_map(|s| plain(s.strip_prefix("app.alias.")?));
    let alias = scope.or_else(|| of_url(&profile.token_url))?;
    let text = format!("the profile names the application alias {alias}");
    Some((alias, Evidence::at(Place::Profile, text)))
}

/// P-10: nothing is at this path, and by its look the path is not quite Pega's. The code is the token endpoint's layer's.
pub(super) fn wrong_path(facts: &Facts, found: &mut Findings) {
    let Some(answer) = facts.answer.as_ref().filter(|a| a.status == 404 && facts.is_api()) else { return };
    if codes::code("endpoint.wrong").is_none() {
        return;
    }
    let path = facts.request.path();
    let why = if path.contains("/prweb/prweb/") {
        "the path holds `/prweb` twice"
    } else if !answer.is_html() {
        // An API that answers 404 in JSON was reached.
        return;
    } else if path.starts_with("/api/application/v2") {
        "the path lacks `/prweb` in front"
    } else if generation(path).is_some() {
        "a page in place of an answer of the DX API"
    } else {
        return;
    };
    found.add(
        Finding::new("endpoint.wrong", Likelihood::Likely)
            .summary(format!("nothing of Pega's DX API is at this path: {why}"))
            .cause("The DX API is at `/prweb/api/application/v2` (v2, from Pega 8.5 on) and `/prweb/api/v1`, below the context root of the server. A path beside it falls through to the web server or to the log-in servlet, which answer with a page.")
            .confirm("call `/prweb/api/v1/casetypes` with the same token: if that is answered in JSON, only the path is wrong")
            .fix("put the base URL right: the context root once, then `/api/application/v2`, or `/app/<alias>/api/application/v2`")
            .evidence(Evidence::at(Place::Url, format!("{} {path}", facts.request.method)))
            .evidence(Evidence::response_header(facts, "content-type"))
            .evidence(Evidence::status(facts)),
    );
}

/// P-20: 503 of a node that is not up yet.
pub(super) fn starting(facts: &Facts, found: &mut Findings) {
    let Some(answer) = facts.answer.as_ref().filter(|a| a.status == 503 && is_pega(facts)) else { return };
    let words =
        ["is starting", "still starting", "starting up", "initializing", "initialising", "not yet available"];
    let word = words.into_iter().find(|word| answer.says(word));
    let likelihood = if word.is_some() { Likelihood::Likely } else { Likelihood::Possible };
    let wait =
        answer.header("retry-after").map(str::trim).filter(|v| v.len() < 6 && v.parse::<u32>().is_ok());
    let summary = match wait {
        Some(seconds) => format!("Pega is still starting; it asks to come back in {seconds} s"),
        None => "Pega is still starting".to_owned(),
    };
    found.add(
        Finding::new("pega.starting", likelihood)
            .summary(summary)
            .evidence(Evidence::status(facts))
            .evidence(Evidence::response_header(facts, "retry-after"))
            .evidence(word.map(|word| Evidence::body(facts, word))),
    );
}
