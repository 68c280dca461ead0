//! Why an entry has no answer, from what its recorder wrote in its own words.

use super::loose;
use crate::model::exchange::{Failure, FailureKind};
use serde_json::Value as Json;

/// What recorders write, in lower case, and which family it is of. The first that is found counts.
const WORDS: &[(&str, FailureKind)] = &[
    ("too_many_redirects", FailureKind::RedirectLoop),
    ("too many redirects", FailureKind::RedirectLoop),
    ("exceeded maxredirects", FailureKind::RedirectLoop),
    ("redirect_loop", FailureKind::RedirectLoop),
    ("err_proxy", FailureKind::Proxy),
    ("tunnel_connection_failed", FailureKind::Proxy),
    ("tunneling socket", FailureKind::Proxy),
    ("mandatory_proxy", FailureKind::Proxy),
    ("ns_error_proxy", FailureKind::Proxy),
    ("err_socks", FailureKind::Proxy),
    ("name_not_resolved", FailureKind::Dns),
    ("name_resolution_failed", FailureKind::Dns),
    ("err_dns", FailureKind::Dns),
    ("unknown_host", FailureKind::Dns),
    ("unknownhost", FailureKind::Dns),
    ("enotfound", FailureKind::Dns),
    ("eai_again", FailureKind::Dns),
    ("getaddrinfo", FailureKind::Dns),
    ("could not resolve", FailureKind::Dns),
    ("couldn't resolve", FailureKind::Dns),
    ("name or service not known", FailureKind::Dns),
    ("nodename nor servname", FailureKind::Dns),
    ("err_cert", FailureKind::Tls),
    ("err_ssl", FailureKind::Tls),
    ("err_bad_ssl", FailureKind::Tls),
    ("bad_ssl_client_auth", FailureKind::Tls),
    ("sec_error", FailureKind::Tls),
    ("ssl_error", FailureKind::Tls),
    ("self_signed", FailureKind::Tls),
    ("self-signed", FailureKind::Tls),
    ("self signed", FailureKind::Tls),
    ("unable_to_verify_leaf", FailureKind::Tls),
    ("unable_to_get_issuer", FailureKind::Tls),
    ("unable to verify", FailureKind::Tls),
    ("unable to get local issuer", FailureKind::Tls),
    ("altname", FailureKind::Tls),
    ("certificate", FailureKind::Tls),
    ("handshake", FailureKind::Tls),
    ("eproto", FailureKind::Tls),
    ("tls", FailureKind::Tls),
    ("timed_out", FailureKind::Timeout),
    ("timed out", FailureKind::Timeout),
    ("timedout", FailureKind::Timeout),
    ("timeout", FailureKind::Timeout),
    ("connection_refused", FailureKind::Connect),
    ("connection refused", FailureKind::Connect),
    ("econnrefused", FailureKind::Connect),
    ("connection_failed", FailureKind::Connect),
    ("address_unreachable", FailureKind::Connect),
    ("internet_disconnected", FailureKind::Connect),
    ("network_changed", FailureKind::Connect),
    ("ehostunreach", FailureKind::Connect),
    ("enetunreach", FailureKind::Connect),
    ("could not connect", FailureKind::Connect),
    ("failed to connect", FailureKind::Connect),
    ("connection_reset", FailureKind::Reset),
    ("connection_closed", FailureKind::Reset),
    ("connection_aborted", FailureKind::Reset),
    ("empty_response", FailureKind::Reset),
    ("net_reset", FailureKind::Reset),
    ("net_interrupt", FailureKind::Reset),
    ("econnreset", FailureKind::Reset),
    ("epipe", FailureKind::Reset),
    ("socket hang up", FailureKind::Reset),
    ("connection reset", FailureKind::Reset),
    ("connection closed", FailureKind::Reset),
    ("server disconnected", FailureKind::Reset),
    ("invalid_http_response", FailureKind::Protocol),
    ("err_http2", FailureKind::Protocol),
    ("err_quic", FailureKind::Protocol),
    ("response_headers", FailureKind::Protocol),
    ("parse error", FailureKind::Protocol),
    ("content_decoding_failed", FailureKind::Answer),
    ("invalid_chunked", FailureKind::Answer),
    ("content_length_mismatch", FailureKind::Answer),
    ("incomplete_chunked", FailureKind::Answer),
    ("unsafe_port", FailureKind::Url),
    ("invalid_url", FailureKind::Url),
    ("unknown_url_scheme", FailureKind::Url),
    ("malformed_uri", FailureKind::Url),
    ("err_aborted", FailureKind::Cancelled),
    ("binding_aborted", FailureKind::Cancelled),
    ("err_blocked", FailureKind::Cancelled),
    ("cancel", FailureKind::Cancelled),
    ("abort", FailureKind::Cancelled),
];

/// What the recorder says went wrong; `None` when it says nothing.
pub(super) fn words(entry: &Json, answered: bool) -> Option<String> {
    let response = entry.get("response").unwrap_or(&Json::Null);
    let error = |of: &Json, name: &str| match of.get(name) {
        Some(Json::Object(map)) => loose::text(map.get("message").or_else(|| map.get("msg"))),
        other => loose::text(other),
    };
    let said = ["_error", "_errorText", "error"]
        .iter()
        .find_map(|name| error(entry, name).or_else(|| error(response, name)));
    let said = said.or_else(|| {
        // A comment beside an answer is anything; without one it is the reason.
        if answered {
            return None;
        }
        error(response, "comment")
            .or_else(|| error(response.get("content").unwrap_or(&Json::Null), "comment"))
            .or_else(|| error(entry, "comment"))
            .or_else(|| error(response, "statusText"))
    })?;
    Some(clean(&said))
}

/// The failure those words tell of. Words that tell nothing are no failure of a kind that could be named.
pub(super) fn of(words: &str) -> Option<Failure> {
    let lower = words.to_lowercase();
    let kind = WORDS.iter().find(|(word, _)| lower.contains(word)).map(|(_, kind)| *kind)?;
    Some(Failure { kind, text: words.to_owned() })
}

/// Short, on one line, URLs without their query.
fn clean(text: &str) -> String {
    let words = text.split_whitespace().take(60).map(|word| match word.split_once('?') {
        Some((head, _)) if head.contains("://") => format!("{head}?…"),
        _ => word.to_owned(),
    });
    loose::cut(&words.collect::<Vec<_>>().join(" "), 300)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_browsers_and_of_node_are_known() {
        for (text, kind) in [
            ("net::ERR_NAME_NOT_RESOLVED", FailureKind::Dns),
            ("net::ERR_CONNECTION_REFUSED", FailureKind::Connect),
            ("net::ERR_CERT_AUTHORITY_INVALID", FailureKind::Tls),
            ("net::ERR_CERT_COMMON_NAME_INVALID", FailureKind::Tls),
            ("net::ERR_TIMED_OUT", FailureKind::Timeout),
            ("net::ERR_CONNECTION_TIMED_OUT", FailureKind::Timeout),
            ("net::ERR_CONNECTION_RESET", FailureKind::Reset),
            ("net::ERR_PROXY_CONNECTION_FAILED", FailureKind::Proxy),
            ("net::ERR_TUNNEL_CONNECTION_FAILED", FailureKind::Proxy),
            ("net::ERR_TOO_MANY_REDIRECTS", FailureKind::RedirectLoop),
            ("net::ERR_ABORTED", FailureKind::Cancelled),
            ("NS_ERROR_UNKNOWN_HOST", FailureKind::Dns),
            ("SEC_ERROR_UNKNOWN_ISSUER", FailureKind::Tls),
            ("getaddrinfo ENOTFOUND api.example.test", FailureKind::Dns),
            ("connect ECONNREFUSED 127.0.0.1:1", FailureKind::Connect),
            ("Error: socket hang up", FailureKind::Reset),
        ] {
            assert_eq!(of(text).map(|f| f.kind), Some(kind), "{text}");
        }
        assert_eq!(of("it rained"), None);
    }

    #[test]
    fn a_query_does_not_get_into_the_words() {
        let entry = serde_json::json!({"_error": "GET https://h.example/x?token=abc failed:\n ECONNRESET"});
        assert_eq!(words(&entry, false).unwrap(), "GET https://h.example/x?… failed: ECONNRESET");
    }
}
