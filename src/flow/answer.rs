//! The answer of an API in a flow: its JSON, or why there is none, in the server's own words.

use super::Sent;
use crate::model::exchange::Response;
use crate::model::problem::{Problem, ProblemKind};
use crate::oauth::error::clean;
use serde_json::Value as Json;

/// The JSON of a 2xx answer; else the problem, `what` first.
pub(super) fn json(sent: &Sent, what: &str) -> Result<Json, Problem> {
    if let Some(problem) = &sent.problem {
        let why = format!("{}: {}", problem.what, problem.why);
        let mut whole = problem.clone();
        whole.what = what.to_owned();
        whole.why = why;
        return Err(whole);
    }
    let Some(response) = sent.exchange.as_ref().and_then(|e| e.response.as_ref()) else {
        return Err(Problem::new(ProblemKind::Network, what, "no answer came", "try again"));
    };
    if !(200..300).contains(&response.status) {
        return Err(refusal(response, what));
    }
    let body = response.body.bytes().unwrap_or_default();
    serde_json::from_slice(&body).map_err(|e| {
        let why = match page(response, &body) {
            Some(page) => format!("the server answered {} with {page} instead of JSON", response.status),
            None => format!("the server answered {} with something that is no JSON: {e}", response.status),
        };
        let next = "check the path of `base_url` (Pega's starts with /prweb), and that no SSO front stands before the API";
        Problem::new(ProblemKind::Check, what, why, next)
    })
}

/// Words for markup, which is never what an API meant to say.
fn page(response: &Response, body: &[u8]) -> Option<&'static str> {
    let media_type = response.media_type();
    let start = body.trim_ascii_start();
    if media_type.ends_with("xml") && !media_type.contains("html") || start.starts_with(b"<?xml") {
        return Some("XML");
    }
    (media_type.contains("html") || start.starts_with(b"<")).then_some("a page (HTML)")
}

/// The problem of an answer that is no success.
pub(super) fn refusal(response: &Response, what: &str) -> Problem {
    let body = response.body.bytes().unwrap_or_default();
    let words = serde_json::from_slice::<Json>(&body).ok().and_then(|json| server_words(&json));
    let status = response.status;
    let why = match words {
        Some(words) => format!("the server answered {status}: {words}"),
        None if body.trim_ascii().is_empty() => format!("the server answered {status} without a reason"),
        None => {
            let page = page(response, &body).unwrap_or("something else");
            format!("the server answered {status} with {page} instead of JSON")
        }
    };
    let kind = match status {
        401 | 403 => ProblemKind::Refused,
        407 | 511 => ProblemKind::Network,
        _ => ProblemKind::Check,
    };
    let next = match (status, page(response, &body)) {
        (403, Some(_)) => {
            "look at the page: a firewall or gateway before the API answers with pages; ask its owner to let this call through".to_owned()
        }
        _ => next_step(status),
    };
    Problem::new(kind, what, why, next)
}

/// What the server says of it: v1 `errors[].message`, v2 `localizedValue` and `errorDetails`, OAuth's and
/// others' usual keys.
fn server_words(json: &Json) -> Option<String> {
    let text =
        |value: &Json, key: &str| value.get(key).and_then(Json::as_str).map(clean).filter(|t| !t.is_empty());
    let mut words: Vec<String> = Vec::new();
    let mut add = |word: Option<String>| {
        if let Some(word) = word.filter(|w| !words.contains(w)) {
            words.push(word);
        }
    };
    for error in json.get("errors").and_then(Json::as_array).into_iter().flatten() {
        let (id, message) = (text(error, "ID"), text(error, "message"));
        add(match (id, message) {
            (Some(id), Some(message)) => Some(format!("{message} ({id})")),
            (id, message) => message.or(id),
        });
        for one in error.get("ValidationMessages").and_then(Json::as_array).into_iter().flatten() {
            add(text(one, "ValidationMessage"));
        }
    }
    add(text(json, "localizedValue").or_else(|| text(json, "errorClassification")));
    for detail in json.get("errorDetails").and_then(Json::as_array).into_iter().flatten() {
        let said = text(detail, "localizedValue").or_else(|| text(detail, "message"));
        add(match (said, text(detail, "erroneousInputOutputIdentifier")) {
            (Some(said), Some(field)) => Some(format!("{said} ({field})")),
            (said, _) => said,
        });
    }
    if words.is_empty() {
        let error = text(json, "error");
        let said =
            ["error_description", "message", "detail", "title"].into_iter().find_map(|key| text(json, key));
        return match (error, said) {
            (Some(error), Some(said)) => Some(format!("{error}: {said}")),
            (error, said) => error.or(said),
        };
    }
    Some(clean(&words.join("; ")))
}

fn next_step(status: u16) -> String {
    match status {
        401 => {
            "get a new token; if it stays, check that the service package accepts OAuth 2.0 (v1 is often set to Basic) and that the token's operator exists and is enabled"
        }
        403 => {
            "give the operator's access group the role PegaRULES:PegaAPI, or call the application's alias URL (/prweb/app/ALIAS/api/…)"
        }
        404 => "check the id and the URL: the case may belong to another application, or not be visible to this operator",
        400 => "check the body: the case type's full class name, and only fields the case type allows at its start",
        409 | 412 => "fetch the case again for its current etag, and send that as If-Match",
        422 => "correct the fields named above",
        423 => "wait until the other user is done, or release the lock",
        407 => "put user and password into the proxy's URL (`proxy` under [network] of the environment, or HTTPS_PROXY)",
        421 => "check `resolve` and `base_url` of the environment: the server does not serve this host here",
        431 => "send fewer or smaller headers: cookies, or a token with fewer claims",
        429 => "wait, then try again: the server counts requests",
        503 => "the server is starting or overloaded: wait, then try again",
        300..=399 => "call the URL the redirect points to, and check that no SSO front stands before the API",
        500.. => "try again; if it stays, give the server's owner the time of the request",
        _ => "look at the exchange",
    }
    .to_owned()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::model::exchange::{BodyData, Exchange, Header, SentRequest};
    use bytes::Bytes;
    use std::sync::Arc;

    pub(in crate::flow) fn answered(status: u16, body: &str) -> Sent {
        let response = Response {
            status,
            headers: vec![Header::new("etag", "\"20261123T0 GMT\"")],
            body: BodyData::Memory(Bytes::copy_from_slice(body.as_bytes())),
            ..Response::default()
        };
        let exchange = Exchange {
            response: Some(response),
            ..Exchange::new(SentRequest::default(), jiff::Timestamp::UNIX_EPOCH)
        };
        Sent { exchange: Some(Arc::new(exchange)), ..Sent::default() }
    }

    fn refused(status: u16, body: &str) -> Problem {
        json(&answered(status, body), "creating the case failed").unwrap_err()
    }

    #[test]
    fn a_refusal_is_told_in_the_servers_words_of_either_generation() {
        let v1 = refused(403, r#"{"errors":[{"ID":"Pega_API_012","message":"Unauthorized access."}]}"#);
        assert_eq!(v1.why, "the server answered 403: Unauthorized access. (Pega_API_012)");
        assert_eq!((v1.kind, v1.kind.exit_code()), (ProblemKind::Refused, 5));
        let v2 = refused(
            422,
            r#"{"errorClassification":"Validation fail","localizedValue":"Validation failed","errorDetails":[{"message":"Error_Validation_Fail","localizedValue":"is required","erroneousInputOutputIdentifier":".Name"}]}"#,
        );
        assert_eq!(v2.why, "the server answered 422: Validation failed; is required (.Name)");
        assert_eq!(v2.kind, ProblemKind::Check);
        assert!(refused(401, "").why.contains("without a reason"));
        assert!(refused(401, "").next.contains("service package"));
        assert!(refused(200, "<html>login").why.contains("HTML"));
        assert!(refused(401, "<?xml version='1.0'?><e/>").why.contains("with XML"));
        assert!(refused(403, "<html>blocked").next.contains("firewall"));
        assert_eq!(refused(407, "").kind, ProblemKind::Network);
    }

    #[test]
    fn a_problem_before_the_answer_keeps_its_kind_and_its_step() {
        let earlier =
            Problem::new(ProblemKind::Token, "token request refused by h", "401", "check the secret");
        let sent = Sent { problem: Some(earlier), ..Sent::default() };
        let p = json(&sent, "listing the case types failed").unwrap_err();
        assert_eq!((p.kind, p.next.as_str()), (ProblemKind::Token, "check the secret"));
        assert_eq!(p.why, "token request refused by h: 401");
    }
}
