use super::*;
use crate::import::har;
use serde_json::json;

fn entry(method: &str, url: &str, auth: &str, form: &str, status: u16, answer: &str) -> Json {
    let mut headers = vec![json!({"name": "Accept", "value": "*/*"})];
    if !auth.is_empty() {
        headers.push(json!({"name": "Authorization", "value": auth}));
    }
    let location = answer.strip_prefix("to:").unwrap_or_default();
    json!({
        "startedDateTime": "2026-03-01T12:00:00Z", "time": 100,
        "request": {"method": method, "url": url, "httpVersion": "HTTP/1.1", "headers": headers,
            "postData": {"mimeType": "application/x-www-form-urlencoded", "text": form}},
        "response": {"status": status, "statusText": "", "httpVersion": "HTTP/1.1", "redirectURL": location,
            "headers": [{"name": "Content-Type", "value": "application/json"}],
            "content": {"text": if location.is_empty() { answer } else { "" }}},
    })
}

fn recording(entries: &[Json]) -> Recording {
    let text = json!({"log": {"creator": {"name": "Firefox"}, "entries": entries}}).to_string();
    Recording::new(har::read(text.as_bytes()).unwrap())
}

#[test]
fn a_chain_of_redirects_is_one_exchange_and_says_what_was_dropped_where() {
    let r = recording(&[
        entry("POST", "https://a.example/x", "Bearer abcdefgh", "a=b", 302, "to:/y?z=1"),
        entry("GET", "https://a.example/other", "", "", 200, "{}"),
        entry("GET", "https://a.example/y?z=1", "Bearer abcdefgh", "", 307, "to:https://b.example/end#f"),
        entry("GET", "https://b.example/end", "", "", 401, "{}"),
    ]);
    assert_eq!(r.exchanges().len(), 2);
    let chain = &r.exchanges()[0];
    assert_eq!(chain.entries, [0, 2, 3]);
    assert_eq!(chain.exchange.status(), Some(401));
    assert_eq!(chain.exchange.request.url, "https://b.example/end");
    let hops: Vec<_> =
        chain.exchange.redirects.iter().map(|h| (h.status, h.method_changed, h.dropped.len())).collect();
    assert_eq!(hops, [(302, true, 0), (307, false, 1)]);
    assert_eq!(chain.exchange.redirects[1].dropped, ["authorization"]);
    assert_eq!((r.of_entry(2), r.of_entry(1), r.of_entry(9)), (Some(0), Some(1), None));
    assert_eq!(r.first_refused(), Some(0));
}

#[test]
fn a_circle_of_redirects_ends() {
    let one = entry("GET", "https://a.example/x", "", "", 302, "to:https://a.example/x");
    let all: Vec<Json> = std::iter::repeat_n(one, 300).collect();
    let r = recording(&all);
    assert_eq!(r.exchanges().iter().map(|e| e.entries.len()).sum::<usize>(), 300);
}

#[test]
fn a_token_answer_tells_how_the_token_of_a_later_call_came() {
    let answer = r#"{"access_token":"tok-12345678","token_type":"Bearer","expires_in":"300","scope":"a b","refresh_token":"ref-12345678"}"#;
    let form = "grant_type=client_credentials&client_secret=s3cr3t-word";
    let r = recording(&[
        entry("POST", "https://id.example/token", "", form, 200, answer),
        entry("GET", "https://api.example/x", "Bearer tok-12345678", "", 401, "{}"),
        entry("GET", "https://api.example/x", "Bearer tok-12345678", "", 401, "{}"),
    ]);
    let context = r.context(1);
    let issued = context.issued.unwrap();
    assert_eq!((issued.grant.as_str(), issued.scope.as_deref()), ("client credentials", Some("a b")));
    assert!(issued.fresh && issued.refreshable);
    assert_eq!(issued.ends.unwrap().to_string(), "2026-03-01T12:05:00.1Z");
    let kinds: Vec<_> = context.known.iter().map(|k| (k.kind, k.label.as_str())).collect();
    use crate::diagnose::KnownKind::{AccessToken, ClientSecret, RefreshToken};
    assert_eq!(kinds, [(ClientSecret, "entry 0"), (AccessToken, "entry 0"), (RefreshToken, "entry 0")]);
    assert!(r.context(0).issued.is_none() && r.context(0).known.is_empty());
    let past = &r.context(2).history;
    assert_eq!(past.len(), 1);
    assert!(past[0].same_call && past[0].same_token == Some(true) && past[0].status == 401);
}

#[test]
fn keys_are_taken_from_the_tokens_own_issuer_only() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
    let token = |iss: &str| {
        let body = B64.encode(json!({"iss": iss}).to_string());
        format!("Bearer {}.{body}.c2ln", B64.encode(r#"{"alg":"RS256","kid":"1"}"#))
    };
    let jwks = r#"{"keys":[{"kty":"RSA","kid":"1","n":"AQAB","e":"AQAB"}]}"#;
    let r = recording(&[
        entry("GET", "https://id.example/a/keys", "", "", 200, jwks),
        entry("GET", "https://api.example/x", &token("https://id.example/a"), "", 401, ""),
        entry("GET", "https://api.example/x", &token("https://id.example/b"), "", 401, ""),
    ]);
    assert!(r.context(1).keys.is_some());
    assert!(r.context(2).keys.is_none());
}

#[test]
fn what_a_user_cancelled_is_not_refused() {
    let mut cancelled = entry("GET", "https://api.example/x", "", "", 0, "");
    cancelled["response"]["_error"] = json!("net::ERR_ABORTED");
    let r = recording(&[cancelled, entry("GET", "https://api.example/y", "", "", 200, "{}")]);
    assert!(!r.exchanges()[0].is_refused());
}
