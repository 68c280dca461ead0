//! Exchanges without a whole answer (rows N-01, N-02, N-03, N-04, N-05).

use super::words::{Trouble, trouble};
use crate::diagnose::evidence::{Evidence, Place, short};
use crate::diagnose::facts::Facts;
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::model::exchange::FailureKind;
use Likelihood::{Certain, Likely, Possible};

/// N-01 to N-05: no answer came, or none that is whole.
pub(super) fn failed(facts: &Facts, found: &mut Findings) {
    let Some(failure) = &facts.failure else {
        unexplained(facts, found);
        return;
    };
    let Some(trouble) = trouble(failure.kind, &failure.text) else { return };
    let host = host(facts);
    let proxy = facts.proxy.as_deref();
    // What failed was the way to the proxy where one is in use.
    let peer = proxy.map_or_else(|| host.clone(), |p| format!("the proxy {p}"));
    let finding = match trouble {
        Trouble::Dns => dns(facts, &host),
        Trouble::Refused => Finding::new("net.connect", Certain)
            .summary(format!("{peer} refused the connection"))
            .cause("Nothing listens on that port: the server is not running there, or the port or host is not the right one."),
        Trouble::Unreachable => Finding::new("net.connect", Certain)
            .summary(format!("there is no way to {peer} from this network"))
            .cause("The network has no route to that address: the VPN is off, this machine is offline, or a firewall says so.")
            .fix("switch the VPN on, or check this machine's network"),
        Trouble::WrongPort => Finding::new("net.connect", Likely)
            .summary(format!("what answers at {host} does not speak the protocol asked for"))
            .cause("The connection stands, but the other side speaks something else: https: was used on a plain port, http: on a TLS port, or another service listens there.")
            .fix("compare scheme and port of the URL with what the server's owner names; TLS is mostly on 443 or 8443"),
        Trouble::NoCommonTls => Finding::new("net.connect", Likely)
            .summary(format!("{host} and this program have no TLS version in common"))
            .cause("The server offers only TLS versions or ciphers that are no longer accepted (1.0, 1.1), or something between them does.")
            .fix("have TLS 1.2 or 1.3 switched on at the server or the gateway")
            .confirm("look at what the server offers with `openssl s_client -connect HOST:PORT`"),
        Trouble::Connect => Finding::new("net.connect", Likely).summary(format!("no connection to {peer}")),
        Trouble::ProxyConnect => Finding::new("net.connect", Likely)
            .summary("no connection to the proxy")
            .cause("The proxy that the settings name was not found or takes no connection; the server was not asked.")
            .confirm("look at HTTPS_PROXY, HTTP_PROXY and NO_PROXY, and at `proxy` under [network] of the environment")
            .fix("correct the proxy's address, or except the host with NO_PROXY"),
        Trouble::Timeout => {
            let finding = Finding::new("net.timeout", Certain).summary(format!("{host} did not answer in time"));
            if failure.text.starts_with("no connection") {
                finding
                    .summary(format!("no connection to {peer} in time"))
                    .cause("Nobody answered, not even with a refusal: a firewall drops the packets, the VPN is off, or the address is wrong.")
            } else {
                finding
            }
        }
        Trouble::Reset => Finding::new("net.reset", Certain).summary(format!("{host} broke the connection")),
        Trouble::ResetInTls => Finding::new("net.reset", Certain)
            .summary(format!("{host} closed the connection during the TLS handshake"))
            .cause("The other side hung up while TLS was agreed on: a firewall that does not let this host name through, a port without TLS, or a server that wants a client certificate."),
        Trouble::Handshake => {
            found.add(Finding::new("net.tls_client_cert", Possible).evidence(said(facts)));
            Finding::new("net.connect", Likely)
                .summary(format!("{host} refused the TLS handshake"))
                .cause("The server ended the handshake without saying why: no TLS version or cipher in common, no certificate for this host name, or a client certificate that did not come.")
                .fix("ask the server's owner what it wants: TLS version, host name, client certificate")
        }
        Trouble::TlsName => Finding::new("net.tls_name", Certain)
            .summary(format!("the certificate that came is not for {host}"))
            .evidence(names(facts)),
        Trouble::CertificateWanted => Finding::new("net.tls_client_cert", Certain).summary(wants(facts, &host)),
        Trouble::CertificateRefused => Finding::new("net.tls_client_cert", Likely).summary(wants(facts, &host)),
        Trouble::TlsDates => dates(&failure.text.to_lowercase(), &host).evidence(issuer(facts)),
        Trouble::TlsTrust => Finding::new("net.tls_trust", Certain)
            .summary(format!("the certificate of {host} is not trusted here"))
            .evidence(issuer(facts)),
        Trouble::ProxyAuth => Finding::new("net.proxy_auth", Certain)
            .summary(proxy.map_or("the proxy wants credentials of its own".to_owned(), |p| {
                format!("the proxy {p} wants credentials of its own")
            })),
        Trouble::ProxyPolicy => Finding::new("net.proxy_policy", Likely)
            .summary(format!("the proxy opened no tunnel to {host}"))
            .cause("The proxy refused CONNECT: its policy does not let this host or port through, or it does not reach the host itself."),
    };
    found.add(finding.evidence(said(facts)));
}

/// A recording without an answer that does not say why: Firefox keeps the reason to itself.
fn unexplained(facts: &Facts, found: &mut Findings) {
    if facts.answer.is_some() || facts.login_error.is_some() || facts.request.host().is_empty() {
        return;
    }
    found.add(
        Finding::new("net.connect", Possible)
            .summary(format!("no answer of {} was recorded, and no reason why", host(facts)))
            .cause("The recording holds no answer and no error. The connection may have failed (name, network, certificate), or the browser blocked or ended the request itself (CORS, a page that was left).")
            .confirm("send the request from here: then the reason is named")
            .evidence(Evidence::at(Place::Network, "no answer, and no error beside it")),
    );
}

fn dns(facts: &Facts, host: &str) -> Finding {
    let finding = Finding::new("net.dns", Certain).summary(format!("the host name {host} was not found"));
    match &facts.proxy {
        Some(proxy) => finding
            .summary(format!("the proxy's name was not found ({proxy})"))
            .cause("The name of the proxy could not be resolved; the server's own name was not asked for.")
            .fix("correct `proxy` or HTTPS_PROXY, or leave the proxy out with NO_PROXY"),
        None if host.ends_with(".local") || host.ends_with(".internal") || !host.contains('.') => finding
            .cause("The name could not be resolved. It looks like one of an internal network, which only that network's resolver (VPN) knows."),
        None => finding,
    }
}

fn dates(words: &str, host: &str) -> Finding {
    let early = words.contains("not yet") || words.contains("not_yet") || words.contains("not valid before");
    let finding = Finding::new("net.tls_trust", Certain);
    if early {
        finding
            .summary(format!("the certificate of {host} is not valid yet"))
            .cause("The certificate's time has not begun. Either it was made for later, or this machine's clock is slow.")
            .confirm("compare this machine's clock with another one")
            .fix("set this machine's clock; if it is right, the server needs a certificate that is valid now")
    } else if words.contains("err_cert_date_invalid") {
        finding
            .summary(format!("the certificate of {host} has expired or is not valid yet"))
            .cause("Now lies outside the certificate's time: it was not renewed, or this machine's clock is wrong.")
            .confirm("compare this machine's clock with another one, and look at the certificate's dates")
            .fix("have the server's certificate renewed; set this machine's clock if that is wrong")
    } else {
        finding
            .summary(format!("the certificate of {host} has expired"))
            .cause("The certificate's time is over: it was not renewed. A clock that is fast would look the same.")
            .confirm("look at the certificate's dates, and compare this machine's clock with another one")
            .fix("have the server's certificate renewed; do not switch the check off")
    }
}

fn wants(facts: &Facts, host: &str) -> String {
    match facts.profile.as_ref().is_some_and(|p| p.certificate) {
        true => format!("{host} does not accept the client certificate that is configured"),
        false => format!("{host} wants a client certificate"),
    }
}

/// The failure's own words.
fn said(facts: &Facts) -> Option<Evidence> {
    facts.failure.as_ref().map(|f| Evidence::at(Place::Network, short(&f.text)))
}

fn issuer(facts: &Facts) -> Option<Evidence> {
    let leaf = facts.tls.as_ref()?.chain.first()?;
    Some(Evidence::at(Place::Tls, format!("issuer of the certificate: {}", short(&leaf.issuer))))
}

fn names(facts: &Facts) -> Option<Evidence> {
    let leaf = facts.tls.as_ref()?.chain.first().filter(|leaf| !leaf.names.is_empty())?;
    Some(Evidence::at(Place::Tls, format!("names in the certificate: {}", short(&leaf.names.join(", ")))))
}

/// The host for a sentence.
pub(super) fn host(facts: &Facts) -> String {
    match facts.request.host() {
        "" => "the host".to_owned(),
        host => host.to_owned(),
    }
}

/// N-09: the body ended early, whatever the status says. A user who cancelled knows.
pub(super) fn cut_short(facts: &Facts, found: &mut Findings) {
    let Some(why) = facts.answer.as_ref().and_then(|a| a.incomplete.as_deref()) else { return };
    let other = facts.failure.as_ref().is_some_and(|f| {
        !matches!(f.kind, FailureKind::Reset | FailureKind::Protocol | FailureKind::Connect)
    });
    let words = why.to_lowercase();
    // What this program cut or could not unpack did not break on the way.
    let ours = ["cancel", "decod", "decompress", "encoding", "limit", "too large", "larger than", "recorded"];
    if other || ours.iter().any(|w| words.contains(w)) {
        return;
    }
    found.add(
        Finding::new("net.reset", Certain)
            .summary("the body ended before it was whole")
            .cause("The answer's body ended before its announced end: the server, a load balancer or a firewall between closed the connection. What came of it is not the whole answer, whatever the status says.")
            .evidence(Evidence::at(Place::Network, short(why)))
            .evidence(Evidence::response_header(facts, "content-length")),
    );
}
