#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it needs")]

use super::*;
use crate::diagnose::codes::{CodeInfo, code};
use crate::diagnose::rules::resource::case::Case;
use Likelihood::{Certain, Likely, Possible};

/// A finding of a code, whether its layer is written yet or not.
fn finding(name: &'static str, layer: Layer, likelihood: Likelihood) -> Finding {
    let info = code(name).unwrap_or_else(|| {
        Box::leak(Box::new(CodeInfo {
            code: name,
            layer,
            rows: &[],
            title: "a title",
            cause: "a cause",
            signs: "signs",
            confirm: "a way",
            fix: "a fix",
            reference: "a place",
            effort: 2,
            probes: &[],
        }))
    });
    Finding {
        info,
        likelihood,
        summary: info.title.to_owned(),
        evidence: Vec::new(),
        cause: String::new(),
        confirm: String::new(),
        fix: String::new(),
        probes: Vec::new(),
        remedies: Vec::new(),
        weight: 0,
        closed: false,
    }
}

fn settled_at(status: u16, findings: Vec<Finding>) -> Vec<(&'static str, Likelihood)> {
    let facts = Case::call("GET", "https://api.example.test/orders", status).facts();
    let mut found = Findings::default();
    for finding in findings {
        found.add(finding);
    }
    settle(&facts, found).iter().map(|f| (f.code(), f.likelihood)).collect()
}

fn settled(findings: Vec<Finding>) -> Vec<(&'static str, Likelihood)> {
    settled_at(401, findings)
}

use Layer::{FrontDoor, Header, Network, Pega, Resource, Token, TokenEndpoint};

#[test]
fn the_surest_comes_first_then_the_layer_nearest_to_the_wire_then_weight_then_the_cheaper_fix() {
    let order = settled(vec![
        finding("resource.csrf", Resource, Possible),
        finding("pega.case_type", Pega, Certain),
        finding("token.issuer", Token, Likely),
        finding("header.wrong_token", Header, Likely),
    ]);
    let codes: Vec<&str> = order.iter().map(|f| f.0).collect();
    assert_eq!(codes, ["pega.case_type", "header.wrong_token", "token.issuer", "resource.csrf"]);
    let heavy = finding("token.audience", Token, Likely).weight(3);
    let order = settled(vec![finding("token.issuer", Token, Likely), heavy]);
    assert_eq!(order[0].0, "token.audience");
}

#[test]
fn who_stands_in_front_silences_the_api_unless_that_is_certain() {
    let list = vec![
        finding("front.login_page", FrontDoor, Likely),
        finding("token.rejected", Resource, Likely),
        finding("pega.operator", Pega, Possible),
        finding("pega.etag", Pega, Certain),
    ];
    assert_eq!(settled(list), [("pega.etag", Certain), ("front.login_page", Likely)]);
    let possible =
        vec![finding("front.waf", FrontDoor, Possible), finding("access.forbidden", Resource, Likely)];
    assert_eq!(settled_at(403, possible).len(), 2, "a mere possibility silences nobody");
    let redirected =
        vec![finding("net.scheme_redirect", Network, Certain), finding("token.rejected", Resource, Likely)];
    assert_eq!(settled(redirected).len(), 2, "the API was reached all the same");
}

#[test]
fn a_pega_that_is_starting_says_more_than_a_gateway_that_is_unavailable() {
    for sure in [Certain, Likely] {
        let list = vec![finding("net.unavailable", Network, sure), finding("pega.starting", Pega, Likely)];
        assert_eq!(settled_at(503, list), [("pega.starting", Likely)]);
    }
    let maybe = vec![finding("net.unavailable", Network, Likely), finding("pega.starting", Pega, Possible)];
    assert_eq!(settled_at(503, maybe), [("net.unavailable", Likely), ("pega.starting", Possible)]);
}

#[test]
fn a_certain_reason_in_the_request_or_token_takes_the_general_ones_away_and_a_likely_one_goes_before_them() {
    let with = |sure| {
        settled(vec![
            finding("token.expired", Token, sure),
            finding("token.rejected", Resource, Likely),
            finding("resource.metadata", Resource, Possible),
        ])
    };
    assert_eq!(with(Certain), [("token.expired", Certain)]);
    let likely = with(Likely);
    assert_eq!(likely[..2], [("token.expired", Likely), ("token.rejected", Possible)]);
    assert_eq!(with(Possible)[0], ("token.rejected", Likely));
}

#[test]
fn what_is_no_reason_does_not_take_the_general_ones_away() {
    let list = vec![finding("token.opaque", Token, Likely), finding("token.rejected", Resource, Likely)];
    assert_eq!(settled(list), [("token.opaque", Likely), ("token.rejected", Likely)]);
    let clock = vec![finding("clock.skew", Token, Certain), finding("access.forbidden", Resource, Likely)];
    assert_eq!(settled_at(403, clock).len(), 2);
}

#[test]
fn nodes_that_differ_explain_a_key_that_is_unknown_but_not_a_token_that_expired() {
    let list =
        vec![finding("token.unknown_key", Token, Likely), finding("resource.intermittent", Resource, Likely)];
    assert_eq!(settled(list), [("resource.intermittent", Likely), ("token.unknown_key", Possible)]);
    let list =
        vec![finding("token.expired", Token, Certain), finding("resource.intermittent", Resource, Likely)];
    assert_eq!(settled(list), [("token.expired", Certain)]);
    let said = vec![
        finding("token.unknown_key", Token, Certain),
        finding("resource.intermittent", Resource, Likely),
    ];
    assert_eq!(settled(said), [("resource.intermittent", Likely), ("token.unknown_key", Possible)]);
}

#[test]
fn the_operator_of_pega_goes_before_what_the_token_endpoint_seems_to_say() {
    let list = vec![finding("grant.user", TokenEndpoint, Likely), finding("pega.operator", Pega, Likely)];
    assert_eq!(settled_at(400, list), [("pega.operator", Likely), ("grant.user", Possible)]);
    let list =
        vec![finding("client.invalid", TokenEndpoint, Likely), finding("pega.operator", Pega, Possible)];
    assert_eq!(settled_at(401, list)[0], ("client.invalid", Likely));
}

#[test]
fn no_more_than_six_are_left() {
    let names = [
        "token.issuer",
        "token.audience",
        "token.client",
        "token.subject",
        "token.scope",
        "token.signature",
        "token.algorithm",
    ];
    assert_eq!(settled(names.map(|name| finding(name, Token, Possible)).into()).len(), MOST);
}
