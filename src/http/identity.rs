//! The client certificate (RFC 8705): read from PEM, presented when a server asks for one.

use super::ClientIdentity;
use super::recorder::Recorder;
use super::tls::PROVIDER;
use crate::model::exchange::{Failure, FailureKind};
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::sync::Arc;

/// Tells the recorder that a certificate was asked for, and presents the one it has if its key can sign what the
/// server takes.
#[derive(Debug)]
pub(super) struct Presents(pub Option<Arc<CertifiedKey>>);

impl ResolvesClientCert for Presents {
    fn resolve(&self, _: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        if let Some(hop) = Recorder::current() {
            hop.client_certificate_asked();
        }
        self.0.clone().filter(|own| own.key.choose_scheme(schemes).is_some())
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}

/// Reads chain and key and sees that they fit. The words never hold anything of the key.
pub(super) fn read(identity: &ClientIdentity) -> Result<Arc<CertifiedKey>, Failure> {
    let chain = CertificateDer::pem_slice_iter(identity.chain.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| failure(format!("the client certificate is not PEM: {e}")))?;
    if chain.is_empty() {
        return Err(failure(
            "the client certificate's PEM holds no `BEGIN CERTIFICATE`; a PKCS#12 file is converted with `openssl pkcs12 -in FILE -out FILE.pem -nodes`"
                .to_owned(),
        ));
    }
    let text = if identity.key.is_empty() { identity.chain.as_str() } else { identity.key.expose() };
    if is_encrypted(text) {
        return Err(failure(
            "the key of the client certificate is encrypted; decrypt it with `openssl pkey -in FILE -out FILE.pem` and keep that file private"
                .to_owned(),
        ));
    }
    let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|e| {
        let why = match e {
            rustls::pki_types::pem::Error::NoItemsFound => {
                "there is no `BEGIN PRIVATE KEY` in its PEM".to_owned()
            }
            other => other.to_string(),
        };
        failure(format!("the key of the client certificate cannot be read: {why}"))
    })?;
    let own = CertifiedKey::from_der(chain, key, &PROVIDER).map_err(|e| {
        failure(match e {
            rustls::Error::InconsistentKeys(_) => {
                "the key does not fit the client certificate: it belongs to another one".to_owned()
            }
            other => format!("the client certificate and its key cannot be used: {other}"),
        })
    })?;
    Ok(Arc::new(own))
}

/// PKCS#8 or the older form of OpenSSL.
fn is_encrypted(pem: &str) -> bool {
    pem.contains("BEGIN ENCRYPTED PRIVATE KEY") || pem.contains("Proc-Type: 4,ENCRYPTED")
}

fn failure(text: String) -> Failure {
    Failure { kind: FailureKind::Local, text }
}
