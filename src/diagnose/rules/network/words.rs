//! What a failure is about: by the words of this program's engine, of browsers, Node, curl, Java, Go and .NET.

use crate::model::exchange::FailureKind;

/// What a failure's words speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The name was not found.
    Dns,
    /// Nothing listens there.
    Refused,
    /// No way there.
    Unreachable,
    /// TLS was spoken to something that speaks none, or HTTP to something else.
    WrongPort,
    /// No TLS version or cipher in common.
    NoCommonTls,
    /// The handshake was refused without a reason.
    Handshake,
    /// Any other failed connection.
    Connect,
    /// Time ran out.
    Timeout,
    /// The connection broke.
    Reset,
    /// It broke within the TLS handshake.
    ResetInTls,
    /// The certificate is for another name.
    TlsName,
    /// The server said that it wants a client certificate.
    CertificateWanted,
    /// The server asked for one, or did not like the one it got.
    CertificateRefused,
    /// The certificate has ended, or has not begun.
    TlsDates,
    /// The certificate is not trusted for another reason.
    TlsTrust,
    /// 407.
    ProxyAuth,
    /// The proxy opened no tunnel.
    ProxyPolicy,
    /// The proxy itself is not there.
    ProxyConnect,
}

/// Words of engines, browsers, Node, curl, Java, Go and .NET; the first hit counts. Lower case.
const WORDS: &[(&[&str], Trouble)] = &[
    (
        &[
            "credentials (407)",
            "proxy authentication required",
            "err_proxy_auth",
            "ns_error_proxy_authentication",
            "code 407 from proxy",
            "statuscode=407",
        ],
        Trouble::ProxyAuth,
    ),
    (
        &[
            "err_proxy_connection_failed",
            "ns_error_proxy_connection_refused",
            "ns_error_unknown_proxy_host",
            "could not resolve proxy",
            "couldn't resolve proxy",
            "connect to proxy",
            "socks",
        ],
        Trouble::ProxyConnect,
    ),
    (
        &[
            "err_tunnel_connection_failed",
            "refused to open a tunnel",
            "instead of opening a tunnel",
            "ns_error_proxy_forbidden",
            "from proxy after connect",
            "tunneling socket could not be established",
            "connect tunnel failed",
        ],
        Trouble::ProxyPolicy,
    ),
    (
        &[
            "err_name_not_resolved",
            "err_name_resolution_failed",
            "err_icann_name_collision",
            "err_dns_",
            "dns_probe",
            "ns_error_unknown_host",
            "enotfound",
            "eai_again",
            "getaddrinfo",
            "could not resolve host",
            "couldn't resolve host",
            "name or service not known",
            "nodename nor servname",
            "name resolution",
            "no such host",
            "unknownhostexception",
            "name could not be resolved",
            "no address associated",
        ],
        Trouble::Dns,
    ),
    (
        &[
            "err_cert_common_name_invalid",
            "ssl_error_bad_cert_domain",
            "err_tls_cert_altname_invalid",
            "hostname/ip does not match",
            "no alternative certificate subject",
            "subject name does not match",
            "does not match target host",
            "hostname mismatch",
            "certificate is not for",
            "notvalidforname",
            "certificate is valid for",
            "no subject alternative",
            "does not know this host name",
            "unrecognized_name",
            "unrecognized name",
            "err_ssl_unrecognized_name",
        ],
        Trouble::TlsName,
    ),
    (
        &[
            "wants a client certificate",
            "certificate_required",
            "certificaterequired",
            "alert certificate required",
            "err_ssl_client_auth_cert_needed",
        ],
        Trouble::CertificateWanted,
    ),
    (
        &[
            "asked for a client certificate",
            "err_bad_ssl_client_auth_cert",
            "err_ssl_client_auth_",
            "ssl_error_bad_cert_alert",
            "alert bad certificate",
            "alert badcertificate",
            "alert certificate unknown",
            "alert certificateunknown",
            "alert unknown ca",
            "alert unknownca",
        ],
        Trouble::CertificateRefused,
    ),
    (
        &[
            "err_cert_date_invalid",
            "cert_has_expired",
            "certificate has expired",
            "expired on",
            "sec_error_expired",
            "not yet valid",
            "cert_not_yet_valid",
            "is not valid before",
            "not_yet_valid",
            "certificateexpired",
        ],
        Trouble::TlsDates,
    ),
    (
        &[
            "err_cert_",
            "sec_error_",
            "mozilla_pkix_error",
            "self signed",
            "self-signed",
            "self_signed",
            "unable_to_verify_leaf",
            "unable to verify the first",
            "unable to get local issuer",
            "unable_to_get_issuer",
            "unknown issuer",
            "unknownissuer",
            "unknown ca",
            "unknown authority",
            "certificate verify failed",
            "certificate_verify_failed",
            "pkix path",
            "untrusted",
            "not trusted",
            "trust relationship",
            "certificate chain",
            "was revoked",
            "was not accepted",
            "cannot be used",
            "ssl certificate problem",
        ],
        Trouble::TlsTrust,
    ),
    (
        &[
            "does not speak tls",
            "wrong version number",
            "err_ssl_protocol_error",
            "ssl_error_rx_record_too_long",
            "is not http",
            "err_invalid_http_response",
            "hpe_invalid",
            "received http/0.9",
        ],
        Trouble::WrongPort,
    ),
    (
        &[
            "offers no tls",
            "does not accept tls",
            "err_ssl_version_or_cipher_mismatch",
            "no_cypher_overlap",
            "unsupported protocol",
            "err_ssl_obsolete",
        ],
        Trouble::NoCommonTls,
    ),
    (&["during the tls handshake"], Trouble::ResetInTls),
    (&["alert handshakefailure", "alert handshake failure", "handshake_failure"], Trouble::Handshake),
    (
        &[
            "err_connection_refused",
            "econnrefused",
            "ns_error_connection_refused",
            "connection refused",
            "actively refused",
            "refused the connection",
        ],
        Trouble::Refused,
    ),
    (
        &[
            "err_address_unreachable",
            "ehostunreach",
            "enetunreach",
            "no route to host",
            "network is unreachable",
            "err_internet_disconnected",
            "ns_error_offline",
        ],
        Trouble::Unreachable,
    ),
    (
        &[
            "err_timed_out",
            "err_connection_timed_out",
            "etimedout",
            "esockettimedout",
            "econnaborted",
            "ns_error_net_timeout",
            "timed out",
            "timeout",
            "in time",
        ],
        Trouble::Timeout,
    ),
    (
        &[
            "err_connection_reset",
            "econnreset",
            "ns_error_net_reset",
            "ns_error_net_interrupt",
            "ns_error_net_partial_transfer",
            "connection reset",
            "reset the connection",
            "forcibly closed",
            "socket hang up",
            "err_empty_response",
            "empty reply",
            "err_connection_closed",
            "err_connection_aborted",
            "err_content_length_mismatch",
            "err_incomplete_chunked",
            "err_http2_",
            "err_quic_",
            "broken pipe",
            "epipe",
            "unexpected eof",
            "premature close",
            "closed the connection",
            "connection closed",
            "err_network_changed",
        ],
        Trouble::Reset,
    ),
    (&["err_connection_failed", "err_socket_not_connected"], Trouble::Connect),
];

/// Words of an exchange that somebody ended, or that a browser did not let out: nothing of the network.
const ENDED: &[&str] =
    &["err_aborted", "ns_binding_aborted", "err_blocked_by", "err_failed", "cancel", "cors"];

/// What a failure is about: by its words, and where they say nothing by its kind. Names in backticks are left out of the words.
pub(super) fn trouble(kind: FailureKind, text: &str) -> Option<Trouble> {
    match kind {
        FailureKind::Url
        | FailureKind::Header
        | FailureKind::Cancelled
        | FailureKind::Local
        | FailureKind::Answer
        | FailureKind::RedirectLoop => return None,
        FailureKind::Dns => return Some(Trouble::Dns),
        FailureKind::Timeout => return Some(Trouble::Timeout),
        _ => {}
    }
    let words: String = text.split('`').step_by(2).collect::<Vec<_>>().join(" ").to_lowercase();
    let said =
        WORDS.iter().find(|(any, _)| any.iter().any(|w| words.contains(w))).map(|(_, trouble)| *trouble);
    if said.is_none() && ENDED.iter().any(|w| words.contains(w)) {
        return None;
    }
    said.or(match kind {
        FailureKind::Tls => Some(Trouble::Handshake),
        FailureKind::Proxy => Some(Trouble::ProxyPolicy),
        FailureKind::Reset => Some(Trouble::Reset),
        FailureKind::Protocol => Some(Trouble::WrongPort),
        _ => Some(Trouble::Connect),
    })
}
