//! The road to the network: an environment's options, and failures of the road in words.

use super::material::{Material, material};
use super::scope::Scope;
use crate::http::{ClientIdentity, EngineOptions};
use crate::model::environment::Environment;
use crate::model::exchange::{Failure, FailureKind};
use crate::model::problem::{Problem, ProblemKind};
use crate::model::profile::OauthProfile;
use crate::model::secret::Secret;
use crate::template::Place;
use std::path::Path;
use std::time::Duration;

/// Engine options of an environment. Token and keys requests take the same road as the request itself.
pub(super) fn options(
    environment: &Environment,
    root: &Path,
    connect_timeout: Duration,
    scope: &Scope<'_>,
) -> EngineOptions {
    let network = &environment.network;
    let proxy = network.proxy.as_ref().filter(|p| !p.is_empty());
    EngineOptions {
        proxy: proxy.map(|p| scope.text(p, Place::Verbatim, "the proxy").text),
        ca_file: network.ca_file.as_ref().filter(|f| !f.is_empty()).map(|file| root.join(file)),
        insecure: network.insecure,
        resolve: network.resolve.clone(),
        connect_timeout,
        identity: None,
    }
}

/// Certificate and key presented to servers that ask: the profile's own, else the environment's. Files are not read yet.
pub(super) fn identity(
    environment: &Environment,
    profile: Option<&OauthProfile>,
    root: &Path,
    scope: &Scope<'_>,
) -> (Material, Material) {
    if let Some(profile) = profile.filter(|p| !p.certificate.is_empty()) {
        let of = |value, name: &str| {
            material(scope, root, value, name, &format!("`{name}` of profile `{}`", profile.name))
        };
        return (of(&profile.certificate, "certificate"), of(&profile.tls_key, "tls_key"));
    }
    let network = &environment.network;
    let of = |value, name: &str| {
        material(scope, root, value, name, &format!("`{name}` of environment `{}`", environment.name))
    };
    (of(&network.client_certificate, "client_certificate"), of(&network.client_key, "client_key"))
}

/// Reads them. Whether they fit each other is seen when the engine is made.
pub(super) async fn load_identity(
    (certificate, key): &(Material, Material),
    what: &str,
) -> Result<Option<ClientIdentity>, Problem> {
    let Some(chain) = certificate.load(what).await? else { return Ok(None) };
    let key = key.load(what).await?.unwrap_or_else(Secret::default);
    Ok(Some(ClientIdentity { chain: chain.expose().to_owned(), key }))
}

/// Host (and port, if one is written) of a URL, for words; the text itself where it is no URL.
pub(super) fn host(url: &str) -> String {
    let Ok(parsed) = url::Url::parse(url) else {
        return url.split(['?', '#']).next().unwrap_or("").to_owned();
    };
    let host = parsed.host_str().unwrap_or("");
    parsed.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// A failure of the engine in words: `what` is `GET h failed`.
pub(super) fn failure_problem(what: &str, failure: &Failure, environment: &str) -> Problem {
    let in_environment = if environment.is_empty() {
        "the environment".to_owned()
    } else {
        format!("environment `{environment}`")
    };
    let (kind, next) = match failure.kind {
        FailureKind::Url => {
            (ProblemKind::Usage, "correct the URL: it needs http:// or https:// and a host".to_owned())
        }
        FailureKind::Header => (
            ProblemKind::Usage,
            "correct the header or method: no line breaks, no characters HTTP does not allow".to_owned(),
        ),
        FailureKind::Dns => (
            ProblemKind::Network,
            format!(
                "check the host's spelling, the VPN and the proxy; `resolve` in {in_environment} can name an address"
            ),
        ),
        FailureKind::Connect => (
            ProblemKind::Network,
            "check host and port, that the server runs, and the VPN or firewall between".to_owned(),
        ),
        FailureKind::Tls if failure.text.contains("does not speak TLS") => (
            ProblemKind::Network,
            "write `http:` in the URL if that is meant, or correct the port".to_owned(),
        ),
        FailureKind::Tls => (
            ProblemKind::Network,
            format!(
                "look at the certificate; for a private authority name its PEM as `ca_file` under [network] of {in_environment}"
            ),
        ),
        FailureKind::Proxy => (
            ProblemKind::Network,
            format!(
                "check `proxy` of {in_environment}, or HTTPS_PROXY and NO_PROXY, and the credentials in it"
            ),
        ),
        FailureKind::Reset => (
            ProblemKind::Network,
            "try again; if it stays, something between here and the server cuts the connection".to_owned(),
        ),
        FailureKind::Protocol => (
            ProblemKind::Network,
            "check scheme and port: https on an http port answers like this, and the other way round"
                .to_owned(),
        ),
        FailureKind::Answer => (
            ProblemKind::Network,
            "call it with another client to see the answer; if it is the same there, tell the server's owner"
                .to_owned(),
        ),
        FailureKind::Timeout => (
            ProblemKind::Timeout,
            "try again, or allow more time: --timeout, or `timeout` under [request] of the request"
                .to_owned(),
        ),
        FailureKind::Cancelled => (ProblemKind::Interrupted, "send it again when you want to".to_owned()),
        FailureKind::Local if failure.text.contains("client certificate") => (
            ProblemKind::File,
            format!(
                "correct `certificate` and `tls_key` of the profile, or `client_certificate` and `client_key` under [network] of {in_environment}"
            ),
        ),
        FailureKind::Local => {
            (ProblemKind::File, format!("check the file, and `ca_file` of {in_environment}"))
        }
        FailureKind::RedirectLoop => (
            ProblemKind::Network,
            "look at the redirects; call the last URL directly, or set `redirects` under [request]"
                .to_owned(),
        ),
    };
    Problem::new(kind, what, failure.text.clone(), next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_named_with_its_port_and_without_query() {
        assert_eq!(host("https://h.test:8443/a?secret=1"), "h.test:8443");
        assert_eq!(host("https://h.test/a"), "h.test");
        assert_eq!(host("{{x}}?secret"), "{{x}}");
    }

    #[test]
    fn each_failure_ends_with_its_exit_code_and_a_step() {
        let code = |kind| {
            let p = failure_problem("GET h failed", &Failure { kind, text: "t".into() }, "dev");
            assert!(!p.next.is_empty() && p.why == "t");
            p.kind.exit_code()
        };
        let codes = [
            FailureKind::Url,
            FailureKind::Dns,
            FailureKind::Connect,
            FailureKind::Tls,
            FailureKind::Timeout,
            FailureKind::Cancelled,
            FailureKind::Local,
        ]
        .map(code);
        assert_eq!(codes, [2, 3, 3, 3, 6, 130, 2]);
    }
}
