//! Puts findings in order and drops what a surer or more exact one explains away.
//!
//! Three steps. Who stands in front speaks first: where the network or the front door answered, what the API and Pega seem to say
//! is somebody else's word. Then a specific reason beats a general one, by the tables below. What is left is sorted: by certainty,
//! by layer from the wire inwards, by the rules' own weight, by how dear the fix is.

use super::facts::Facts;
use super::finding::{Finding, Findings, Layer, Likelihood};

/// More than these nobody reads.
const MOST: usize = 6;

/// These lie in front and do not mean that somebody else answered: the API was reached all the same.
const REACHED: [&str; 2] = ["net.scheme_redirect", "front.sso_host"];

/// Layers whose rules read the request and the token: a reason found there is why a general refusal came.
const LOCAL: [Layer; 2] = [Layer::Header, Layer::Token];

/// Findings of those layers that are no reason for a refusal: what cannot be seen, and what is only dangerous.
const NO_REASON: [&str; 3] = ["token.opaque", "header.token_in_query", "header.encrypted_token"];

/// What is said when nothing better is known. A certain local reason takes their place, a likely one goes before them.
const GENERAL: [&str; 4] =
    ["token.rejected", "resource.credentials_not_seen", "access.forbidden", "resource.basic_refused"];

/// (more exact, general): the general one says the same with less, and goes when the more exact one is at least likely.
const RESTATES: &[(&str, &str)] = &[
    ("pega.starting", "net.unavailable"),
    ("pega.basic_package", "token.rejected"),
    ("pega.basic_package", "resource.wants_basic"),
    ("pega.basic_package", "resource.other_scheme"),
    ("resource.wants_basic", "token.rejected"),
    ("resource.other_scheme", "token.rejected"),
    ("resource.step_up", "token.rejected"),
    ("resource.step_up", "access.forbidden"),
    ("resource.intermittent", "token.rejected"),
    ("resource.csrf", "access.forbidden"),
    ("resource.credentials_not_seen", "access.forbidden"),
    ("token.rejected", "access.forbidden"),
    ("resource.csrf", "token.rejected"),
    ("token.scope", "access.forbidden"),
    ("rate.limited", "access.forbidden"),
    ("pega.app_alias", "access.forbidden"),
    ("pega.privilege", "access.forbidden"),
    ("pega.etag", "access.forbidden"),
    ("pega.starting_fields", "access.forbidden"),
    ("pega.operator", "client.invalid"),
    ("pega.session", "grant.code"),
    ("pega.session", "login.required"),
    ("endpoint.wrong", "access.hidden"),
];

/// (fits better, fits worse): both would explain the exchange. The worse one goes when the better one is certain, and is only
/// possible when the better one is likely.
const EXPLAINS: &[(&str, &str)] = &[
    // The token's end is a better reason for a token that was accepted before than nodes that differ.
    ("token.expired", "resource.intermittent"),
    ("token.not_yet_valid", "resource.intermittent"),
    ("token.revoked", "resource.intermittent"),
    ("clock.skew", "resource.intermittent"),
    // What was cut off cannot be verified.
    ("header.truncated", "token.signature"),
    // An API whose clock is off says so of any token.
    ("clock.skew", "token.expired"),
    ("clock.skew", "token.not_yet_valid"),
    // A token that was accepted a moment ago has the right key, issuer and audience.
    ("resource.intermittent", "token.unknown_key"),
    ("resource.intermittent", "token.signature"),
    ("resource.intermittent", "token.issuer"),
    ("resource.intermittent", "token.audience"),
    ("resource.intermittent", "token.client"),
    ("resource.intermittent", "token.opaque"),
    ("resource.intermittent", "resource.credentials_not_seen"),
    ("resource.metadata", "resource.credentials_not_seen"),
    // Servers that have metadata name it in every 401.
    ("resource.step_up", "resource.metadata"),
    ("token.type", "resource.other_scheme"),
    ("token.needs_dpop", "resource.other_scheme"),
    // Pega's `invalid_grant` about an operator is not about the grant.
    ("pega.operator", "grant.user"),
    ("pega.operator", "grant.code"),
    ("pega.operator", "grant.refresh"),
    ("pega.operator", "assertion.subject"),
    ("pega.operator", "assertion.audience"),
    ("pega.operator", "assertion.time"),
    ("pega.operator", "assertion.key"),
    ("pega.redirect_uri", "grant.code"),
    // A person has to do something first: the code, the token or the password may be as good as any.
    ("login.required", "grant.code"),
    ("login.required", "grant.refresh"),
    ("login.required", "grant.user"),
    ("pega.redirect_uri", "client.invalid"),
];

/// "The client was refused" tells less than any of these: what is wrong with the way it proved who it is.
const BEHIND_CLIENT_INVALID: [&str; 5] = [
    "client.paste_error",
    "client.secret_encoding",
    "client.two_methods",
    "client.basic_expected",
    "header.unresolved",
];

/// The same for whole families of codes.
const BEHIND_CLIENT_INVALID_ALL: [&str; 2] = ["request.", "assertion."];

/// Its evidence is that this very token was accepted.
const ACCEPTED: &str = "resource.intermittent";

/// What is left, best first.
pub(super) fn settle(facts: &Facts, found: Findings) -> Vec<Finding> {
    let mut list = found.into_list();
    silence_what_lies_behind(&mut list);
    weigh(facts, &mut list);
    put_the_client_behind(&mut list);
    list.sort_by_key(|f| (f.likelihood, f.layer(), std::cmp::Reverse(f.weight), f.info.effort));
    list.truncate(MOST);
    mask(facts, &mut list);
    list
}

/// Where the network or the front door answered, the API was not reached: what it seems to say is somebody else's word.
fn silence_what_lies_behind(list: &mut Vec<Finding>) {
    // A Pega that is starting answers through the very gateway that says so: that is the same thing, told better.
    let starting = likely(list, "pega.starting");
    let in_front = |f: &Finding| {
        matches!(f.layer(), Layer::Network | Layer::FrontDoor)
            && f.likelihood <= Likelihood::Likely
            && !REACHED.contains(&f.code())
            && !(starting && f.code() == "net.unavailable")
    };
    if list.iter().any(in_front) {
        list.retain(|f| {
            !matches!(f.layer(), Layer::Resource | Layer::Pega)
                || f.likelihood == Likelihood::Certain
                || f.code() == "pega.starting"
        });
    }
}

fn likely(list: &[Finding], code: &str) -> bool {
    list.iter().any(|f| f.code() == code && f.likelihood <= Likelihood::Likely)
}

/// The tables, over the likelihoods as the rules gave them: what one pair does has no part in what another one sees.
fn weigh(facts: &Facts, list: &mut Vec<Finding>) {
    let given: Vec<(&str, Layer, Likelihood)> =
        list.iter().map(|f| (f.code(), f.layer(), f.likelihood)).collect();
    let sure = |code: &str| given.iter().find(|(c, ..)| *c == code).map(|(.., l)| *l);
    // A surer finding is never put behind by a weaker one.
    let beats = |code: &str, own: Likelihood| {
        sure(code).filter(|winner| *winner <= Likelihood::Likely && *winner <= own)
    };
    let local = given
        .iter()
        .filter(|(code, layer, _)| LOCAL.contains(layer) && !NO_REASON.contains(code))
        // A clock makes a token look too old or too young; it makes nobody forbidden.
        .filter(|(code, ..)| *code != "clock.skew" || facts.status() != Some(403))
        .map(|(.., likelihood)| *likelihood)
        .min();
    list.retain_mut(|finding| {
        let (code, own) = (finding.code(), finding.likelihood);
        let restated = |winner: &str| sure(winner).is_some_and(|l| l <= Likelihood::Likely);
        if RESTATES.iter().any(|(winner, loser)| *loser == code && restated(winner)) {
            return false;
        }
        let mut rivals: Vec<Likelihood> = EXPLAINS
            .iter()
            .filter(|(_, loser)| *loser == code)
            .filter_map(|(winner, _)| beats(winner, own))
            .collect();
        // That the token was accepted contradicts what a node says of its key or audience, however surely it says so.
        if EXPLAINS.contains(&(ACCEPTED, code)) && restated(ACCEPTED) && own == Likelihood::Certain {
            rivals.push(Likelihood::Likely);
        }
        if GENERAL.contains(&code) {
            rivals.extend(local.filter(|reason| *reason <= own));
        }
        // What is merely possible behind a proven reason in the request or the token is only noise.
        let noise = matches!(finding.layer(), Layer::Resource | Layer::Pega) && own == Likelihood::Possible;
        if noise && local == Some(Likelihood::Certain) {
            return false;
        }
        match rivals.into_iter().min() {
            Some(Likelihood::Certain) => return false,
            Some(Likelihood::Likely) => finding.likelihood = Likelihood::Possible,
            _ => {}
        }
        true
    });
}

/// `client.invalid` is never surer than what explains it, and stands behind it.
fn put_the_client_behind(list: &mut [Finding]) {
    let reason = |f: &Finding| {
        f.likelihood <= Likelihood::Likely
            && (BEHIND_CLIENT_INVALID.contains(&f.code())
                || BEHIND_CLIENT_INVALID_ALL.iter().any(|family| f.code().starts_with(family)))
    };
    let Some(best) = list.iter().filter(|f| reason(f)).min_by_key(|f| (f.likelihood, f.layer())) else {
        return;
    };
    // The rank sorts by layer within a likelihood: a reason in a later layer needs a step more.
    let least = match (best.likelihood, best.layer()) {
        (Likelihood::Certain, _) | (_, Layer::TokenEndpoint) => Likelihood::Likely,
        _ => Likelihood::Possible,
    };
    for finding in list.iter_mut().filter(|f| f.code() == "client.invalid") {
        finding.likelihood = finding.likelihood.max(least);
        finding.weight = i8::MIN;
    }
}

/// The second net: rules put no secret into their words, and what they quote is masked here.
fn mask(facts: &Facts, list: &mut [Finding]) {
    for finding in list {
        for text in [&mut finding.summary, &mut finding.cause, &mut finding.confirm, &mut finding.fix] {
            *text = facts.redactor.mask(text);
        }
        for piece in &mut finding.evidence {
            piece.text = facts.redactor.mask(&piece.text);
        }
    }
}

#[cfg(test)]
mod tests;
