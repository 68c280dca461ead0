//! TLS: which roots are trusted, and a verifier that records what it was shown.
//!
//! The system's roots are read once per process and only when a first `https` request needs them,
//! because reading them costs more than all the rest of a start. Sessions are not resumed: a
//! resumed handshake shows no certificates, and open connections are used again anyway.

use super::identity::Presents;
use super::recorder::Recorder;
use crate::model::exchange::{Failure, FailureKind};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{ActiveKeyExchange, CompletedKeyExchange, CryptoProvider, SupportedKxGroup, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, NamedGroup, RootCertStore, SignatureScheme,
};
use std::path::Path;
use std::sync::{Arc, LazyLock, OnceLock};

/// The certificates of a CA file.
pub(super) fn read_ca_file(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let local = |text: String| Failure { kind: FailureKind::Local, text };
    let shown = path.display();
    // A pipe would be waited for without end, and a device has none.
    let regular = std::fs::metadata(path).map(|m| m.is_file());
    if regular.as_ref().is_ok_and(|regular| !regular) {
        return Err(local(format!("cannot read the CA file `{shown}`: it is not a regular file")));
    }
    let bytes = std::fs::read(path).map_err(|e| local(format!("cannot read the CA file `{shown}`: {e}")))?;
    let certificates = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| local(format!("the CA file `{shown}` is not PEM: {e}")))?;
    if certificates.is_empty() {
        return Err(local(format!("the CA file `{shown}` holds no certificate (PEM is expected)")));
    }
    Ok(certificates)
}

/// The TLS configuration of a client.
pub(super) fn config(
    trust: &Arc<Trust>,
    own: Option<Arc<CertifiedKey>>,
    alpn: &[&str],
) -> Result<ClientConfig, Failure> {
    let mut config = ClientConfig::builder_with_provider(PROVIDER.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| Failure { kind: FailureKind::Local, text: format!("TLS cannot be set up: {e}") })?
        .dangerous()
        .with_custom_certificate_verifier(trust.clone())
        .with_client_cert_resolver(Arc::new(Presents(own)));
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// The provider with key exchange groups that tell the recorder when a handshake begins: making
/// the client hello is the first thing that needs a key share.
pub(super) static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
    let mut provider = aws_lc_rs::default_provider();
    for group in &mut provider.kx_groups {
        // Lives as long as the process, as the group it wraps.
        *group = Box::leak(Box::new(TimedGroup(*group)));
    }
    Arc::new(provider)
});

#[derive(Debug)]
struct TimedGroup(&'static dyn SupportedKxGroup);

impl SupportedKxGroup for TimedGroup {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, rustls::Error> {
        if let Some(hop) = Recorder::current() {
            hop.tls_begins();
        }
        self.0.start()
    }

    fn start_and_complete(&self, peer_pub_key: &[u8]) -> Result<CompletedKeyExchange, rustls::Error> {
        self.0.start_and_complete(peer_pub_key)
    }

    fn ffdhe_group(&self) -> Option<rustls::ffdhe_groups::FfdheGroup<'static>> {
        self.0.ffdhe_group()
    }

    fn name(&self) -> NamedGroup {
        self.0.name()
    }

    fn fips(&self) -> bool {
        self.0.fips()
    }

    fn usable_for_version(&self, version: rustls::ProtocolVersion) -> bool {
        self.0.usable_for_version(version)
    }
}

/// What is trusted: the system's roots, those of the CA file, or everything.
#[derive(Debug)]
pub(super) struct Trust {
    extra: Vec<CertificateDer<'static>>,
    insecure: bool,
    verifier: OnceLock<Option<Arc<WebPkiServerVerifier>>>,
}

impl Trust {
    /// Nothing is read yet.
    pub fn new(extra: Vec<CertificateDer<'static>>, insecure: bool) -> Arc<Self> {
        Arc::new(Self { extra, insecure, verifier: OnceLock::new() })
    }

    /// True when the roots are in memory or not needed.
    pub fn is_ready(&self) -> bool {
        self.insecure || self.verifier.get().is_some()
    }

    /// Reads the roots now, so that a handshake does not wait for it. Blocks for some milliseconds.
    pub fn load(&self) {
        if !self.insecure {
            self.verifier();
        }
    }

    /// `None`: no root at all could be found.
    fn verifier(&self) -> Option<&Arc<WebPkiServerVerifier>> {
        self.verifier
            .get_or_init(|| {
                let mut roots = native_roots().clone();
                roots.add_parsable_certificates(self.extra.iter().cloned());
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), PROVIDER.clone()).build().ok()
            })
            .as_ref()
    }

    /// A server certificate that stands itself in the CA file is trusted for its names and dates,
    /// though it is no authority: what users do who save a self-signed certificate.
    fn pinned(&self, leaf: &CertificateDer<'_>, name: &ServerName<'_>, now: UnixTime) -> bool {
        if !self.extra.iter().any(|known| known.as_ref() == leaf.as_ref()) {
            return false;
        }
        let named =
            ParsedCertificate::try_from(leaf).is_ok_and(|parsed| verify_server_name(&parsed, name).is_ok());
        let dated = x509_parser::parse_x509_certificate(leaf).is_ok_and(|(_, parsed)| {
            let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
            let validity = parsed.validity();
            (validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&now)
        });
        named && dated
    }
}

fn native_roots() -> &'static RootCertStore {
    static ROOTS: OnceLock<RootCertStore> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        roots
    })
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(hop) = Recorder::current() {
            let chain = std::iter::once(leaf).chain(intermediates);
            hop.presented(chain.map(|der| der.clone().into_owned()).collect());
        }
        if self.insecure {
            return Ok(ServerCertVerified::assertion());
        }
        let Some(verifier) = self.verifier() else {
            return Err(rustls::Error::General(
                "no trusted root certificates were found on this system".to_owned(),
            ));
        };
        verifier.verify_server_cert(leaf, intermediates, name, ocsp, now).or_else(|error| {
            let untrusted = matches!(
                error,
                rustls::Error::InvalidCertificate(
                    CertificateError::UnknownIssuer | CertificateError::Other(_)
                )
            );
            if untrusted && self.pinned(leaf, name, now) {
                Ok(ServerCertVerified::assertion())
            } else {
                Err(error)
            }
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if let Some(hop) = Recorder::current() {
            hop.version("TLSv1.2");
        }
        if self.insecure {
            return Ok(HandshakeSignatureValid::assertion());
        }
        rustls::crypto::verify_tls12_signature(
            message,
            cert,
            dss,
            &PROVIDER.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if let Some(hop) = Recorder::current() {
            hop.version("TLSv1.3");
        }
        if self.insecure {
            return Ok(HandshakeSignatureValid::assertion());
        }
        rustls::crypto::verify_tls13_signature(
            message,
            cert,
            dss,
            &PROVIDER.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        PROVIDER.signature_verification_algorithms.supported_schemes()
    }
}
